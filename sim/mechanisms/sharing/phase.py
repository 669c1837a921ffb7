"""The share phase: who owes what under which contract on this year's tax."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from sim.core.agreements import BY_OTHERS, value_at
from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import ARBITRATION, EVENT, EVENTS, EVERY_SECTOR, PAYMENT, REASONS, State
from sim.core.streams import stream
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.sharing.ledger import contract_payments, owe
from sim.mechanisms.sharing.rules import BASES, Case, divided, sizes

PAYER, PAYEE, SECTOR, CONTRACT, AGE, BASE, RATE, AMOUNT = range(len(PAYMENT))


def bounded(rows: FloatArray, base: FloatArray, floor: FloatArray, cap: FloatArray) -> FloatArray:
    """Payments whose sum over a payer's payees is at least ``floor``, at most ``cap``, never above ``base [payer]``."""
    owed, payer = by_payer(rows, base.size), rows[:, PAYER].astype(np.int64)
    allowed = np.minimum(np.clip(owed, floor, cap), base)
    found = rows.copy()
    found[:, AMOUNT] = rows[:, AMOUNT] / owed[payer] * allowed[payer]
    found[:, RATE] = found[:, AMOUNT] / rows[:, BASE]
    return found


def by_payer(rows: FloatArray, n: int) -> FloatArray:
    """Payments summed by payer ``[region]``."""
    return np.bincount(rows[:, PAYER].astype(np.int64), rows[:, AMOUNT], n).astype(np.float64)


def scaled(rows: FloatArray, factor: FloatArray | float) -> FloatArray:
    """Payments of other sizes on the same bases."""
    found = rows.copy()
    found[:, RATE] *= factor
    found[:, AMOUNT] *= factor
    return found


class Share:
    """Computes the contract payments that fall due next year.

    Args:
        base: the calibrated base year.
        seeds: root seed and replicate, for disputes; None: their expected loss, in every year and without delay.
        trade: gives ``kappa [sector, destination, origin]`` of the year, for keys that follow sales; default:
            the base year's.
    """

    name: ClassVar[str] = "share"
    reads: ClassVar[tuple[str, ...]] = (
        *("capital", "cohorts", "tax_memory", "contract_key", "first_tax", "withheld", "value_added"),
        *("output", "seller_weight", "buyer_weight", "own_revenue", "city_service", "resident_population"),
        *("registered_population", "cpi", "consumption", "national", "passenger_time", "freight_time", "digital_lead"),
        *("knowledge_stock", "fund_stock", "fund_paid"),
    )
    writes: ClassVar[tuple[str, ...]] = (
        *("payable", "payments", "cohorts", "contract_key", "first_tax", "withheld"),
        *("works_due", "project_due", "grant_due"),
    )

    def __init__(
        self,
        base: BaseYear,
        seeds: tuple[int, int] | None = None,
        trade: Callable[[State, Levers], FloatArray] | None = None,
    ) -> None:
        self.base = base
        self._seeds = seeds
        self._trade = trade or (lambda state, levers: base.kappa)

    def update(self, state: State, levers: Levers) -> None:
        """Next year's payables, and what the next budgets must build."""
        contracts = levers.contracts
        state.project_due[:], state.works_due[:], state.grant_due[:] = levers.works, levers.works, levers.grant
        if len(contracts) > len(state.contract_key):
            n = self.base.world.n_regions
            new = len(contracts) - len(state.contract_key)
            state.contract_key = np.concatenate([state.contract_key.reshape(-1, n), np.ones((new, n))])
            state.first_tax = np.concatenate([state.first_tax.reshape(-1, n), np.zeros((new, n))])
        owed = contract_payments(
            state.cohorts, state.tax_memory[0], state.capital, contracts, state.year, levers.sharing
        )
        if state.withheld.size or not all(contract.is_plain for contract in contracts):
            of = [self._of(k, owed[owed[:, CONTRACT] == k], state, levers) for k in range(len(contracts))]
            owed = np.concatenate([*of, self._settled(state)])
        state.payments = owed
        state.payable[:] = 0.0
        owe(owed, state.payable)

    def _of(self, number: int, moved: FloatArray, state: State, levers: Levers) -> FloatArray:
        """Payments under one contract; ``moved`` is what is owed on capital that moved under it."""
        contract = levers.contracts[number]
        if contract.is_plain or contract.base in BY_OTHERS:
            return moved
        case = Case(contract, number, state, levers, self.base, self._trade)
        if case.age < 0:
            return moved
        if case.age == 0 and contract.base == "tax_increment":
            state.first_tax[number] = case.of_sectors(state.tax_memory[0]) / case.index
        if contract.key != "origin" and case.age % contract.revised_every == 0 and case.counted.any():
            state.contract_key[number] = sizes(case)
        if not case.sharing.any():
            return moved
        base = BASES[contract.base](case)
        state.works_due += value_at(contract.plough_back, year=state.year, age=case.age) * case.sharing * base
        rows = moved if contract.key == "origin" else self._divided(case, base, moved)
        if contract.floor > 0.0 or contract.cap is not None:
            limit = np.full(base.size, np.inf) if contract.base == "cost" else base
            most = np.inf if contract.cap is None else contract.cap
            scale = case.index * np.where(case.sharing > 0.0, case.sharing, 1.0)
            rows = bounded(rows, limit, contract.floor * scale, most * scale)
        return rows if contract.dispute is None or not rows.size else self._contested(case, rows)

    def _divided(self, case: Case, base: FloatArray, moved: FloatArray) -> FloatArray:
        """Payments by the contract's key: ``schedule x base_i x key_ij`` for every other payee j."""
        contract, year = case.contract, case.state.year
        if contract.base == "moved_tax":
            claim = by_payer(moved, base.size)
        else:
            claim = contract.share(year=year, age=case.age) * base
            claim *= 1.0 if contract.base == "cost" else case.sharing  # a place is paid, member or not
        owed = claim[:, None] * divided(case, case.state.contract_key[case.number])
        np.fill_diagonal(owed, 0.0)
        one, other = np.nonzero(owed)
        rows = np.empty((one.size, len(PAYMENT)))
        payer, payee = (other, one) if contract.base == "cost" else (one, other)
        rows[:, PAYER], rows[:, PAYEE], rows[:, SECTOR], rows[:, CONTRACT] = payer, payee, EVERY_SECTOR, case.number
        rows[:, AGE], rows[:, BASE], rows[:, AMOUNT] = case.age, base[one], owed[one, other]
        rows[:, RATE] = rows[:, AMOUNT] / rows[:, BASE]
        return rows

    def _contested(self, case: Case, rows: FloatArray) -> FloatArray:
        """What is paid of a year's payments; in a year with a dispute a part is kept back until it is settled."""
        dispute, state = case.contract.dispute, case.state
        assert dispute is not None
        if self._seeds is None:
            return scaled(rows, 1.0 - dispute.probability * dispute.withheld * (1.0 - dispute.upheld))
        draw = stream(*self._seeds, "dispute", state.year, case.contract.name).random()
        if draw >= dispute.probability:
            return rows
        kept = scaled(rows, dispute.withheld)
        due = np.full((len(rows), 1), state.year + dispute.delay)
        upheld = scaled(kept, dispute.upheld)
        upheld[:, BASE], upheld[:, RATE], upheld[:, SECTOR] = kept[:, AMOUNT], dispute.upheld, ARBITRATION
        state.withheld = np.concatenate([state.withheld, np.hstack([upheld, due])])
        _tell(state, rows, "dispute", "the payment is contested")
        return scaled(rows, 1.0 - dispute.withheld)

    def _settled(self, state: State) -> FloatArray:
        """What was kept back in former years and is settled now."""
        due = state.withheld[:, -1] == state.year
        rows = state.withheld[due, : len(PAYMENT)]
        if rows.size:
            state.withheld = state.withheld[~due]
            _tell(state, rows, "settled", "arbitration")
        return rows


def _tell(state: State, rows: FloatArray, event: str, reason: str) -> None:
    """Enter what happened to payments in the year's events, a row for each payer; contracts count down from -1."""
    found = np.unique(rows[:, [CONTRACT, PAYER]], axis=0)
    told = np.full((len(found), len(EVENT)), np.nan)
    told[:, EVENT.index("agreement")] = -1.0 - found[:, 0]
    told[:, EVENT.index("party")] = found[:, 1]
    told[:, EVENT.index("event")], told[:, EVENT.index("reason")] = EVENTS.index(event), REASONS.index(reason)
    state.events = np.concatenate([state.events, told])
