"""Every payment to, from and between governments, one row each: who paid whom, under which rule, on what base.

Taxes are split by tax and by level, contracts by name and age, so that the sums by payee or payer are the columns of
the cities table: taxes and levies to a city its own revenue, from the centre its general transfer, and so on. A payment
that goes against its usual direction (a city that remits upwards, a production tax that is a net subsidy) changes payer
and payee, so amounts are never negative. What was contested in former years is settled under the rule arbitration: the
base is what was kept back, the rate what the payer has to pay of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sim.core.agreements import BASES, SETTLED, Base, Contract
from sim.core.arrays import FloatArray, IntArray
from sim.core.state import ARBITRATION, PAYMENT
from sim.experiments.tables import CENTRE, POOL, assemble, ids

if TYPE_CHECKING:
    from sim.year import Simulation


class _Ledger:
    """Rows gathered array by array; places, contracts, rules and taxes are kept as positions in their word lists."""

    def __init__(self, model: Simulation) -> None:
        world, record = model.world, model.record
        self.record, self.world, self.base = record, world, model.base
        done = record.years[: record.n_done]
        self.years = np.fromiter(done, dtype=np.int64, count=len(done))
        provinces = [f"province:{province}" for province in world.province_ids]
        self.places = [*world.region_ids, *provinces, CENTRE, POOL]
        self.centre, self.pool = self.places.index(CENTRE), self.places.index(POOL)
        self.domestic = np.arange(world.row)
        self.province = world.n_regions + np.minimum(model.base.province[: world.row], world.n_provinces - 1)
        self.provinces = world.n_regions + np.arange(world.n_provinces)
        self.words: dict[str, list[str]] = {"contract": [""], "rule": [], "tax": [""]}
        self.rows: list[tuple[IntArray | FloatArray, ...]] = []

    def code(self, column: str, word: str) -> int:
        known = self.words[column]
        if word not in known:
            known.append(word)
        return known.index(word)

    def year_by_place(
        self,
        rule: str,
        payer: IntArray | int,
        payee: IntArray | int,
        base: FloatArray,
        amount: FloatArray,
        *,
        tax: str = "",
    ) -> None:
        """Payments ``[year, place]`` between places that do not change from year to year."""
        flat = np.broadcast_to
        shape = amount.shape
        year = flat(self.years[:, None], shape).ravel()
        words = (self.code("contract", ""), self.code("rule", rule), self.code("tax", tax))
        self.add(year, flat(payer, shape).ravel(), flat(payee, shape).ravel(), words, flat(base, shape), amount)

    def add(
        self,
        year: IntArray,
        payer: IntArray,
        payee: IntArray,
        words: tuple[IntArray | int, IntArray | int, IntArray | int],
        base: FloatArray,
        amount: FloatArray,
        age: IntArray | int = 0,
    ) -> None:
        """Rows as flat arrays; zero ones are dropped, negative ones turned round."""
        base, amount = np.ravel(base), np.ravel(amount)
        payer, payee = np.where(amount < 0.0, payee, payer), np.where(amount < 0.0, payer, payee)
        labels = [np.broadcast_to(word, amount.shape) for word in (*words, age)]
        size = np.abs(amount)
        rate = np.divide(size, base, out=np.zeros_like(size), where=base != 0.0)
        kept = size > 0.0
        self.rows.append(tuple(column[kept] for column in (year, payer, payee, *labels, base, rate, size)))

    def table(self) -> pa.Table:
        """The Arrow table, by year."""
        columns = [np.concatenate(column) for column in zip(*self.rows, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        year, payer, payee, contract, rule, tax, age, base, rate, amount = (column[order] for column in columns)
        return assemble(
            "transfers",
            {
                "year": year,
                "payer": ids(payer, self.places),
                "payee": ids(payee, self.places),
                "contract": ids(contract, self.words["contract"]),
                "rule": ids(rule, self.words["rule"]),
                "tax": ids(tax, self.words["tax"]),
                "age": age.astype(np.int64),
                "base": base,
                "rate": rate,
                "amount": amount,
            },
        )


def transfers(model: Simulation) -> pa.Table:
    """The whole ledger of a run."""
    ledger = _Ledger(model)
    _taxes(ledger)
    _levies(ledger)
    _from_above(ledger)
    _contracts(ledger, model.levers.contracts)
    _interest(ledger)
    _to_firms_and_households(ledger)
    return ledger.table()


def _taxes(ledger: _Ledger) -> None:
    """Each tax, to the centre, to the province and to the city."""
    t, world = ledger.base.taxes, ledger.world
    value_added = ledger.record["value_added"][:, : world.row]
    bases = {
        "vat": (t.vat != 0.0).astype(np.float64),
        "consumption": (t.consumption_tax != 0.0).astype(np.float64),
        "corporate": world.surplus_share_va,
        "personal": t.labour_share * (t.personal_tax != 0.0),
        "surcharge": t.vat,
        "other_production": np.ones_like(t.vat),
    }
    rates = {
        "vat": t.vat,
        "consumption": t.consumption_tax,
        "corporate": t.corporate_tax,
        "personal": t.personal_tax,
        "surcharge": t.surcharge,
        "other_production": t.other_production_tax,
    }
    shared = {tax: world.parameters.value(f"central_share_{tax}") for tax in tuple(rates)[:4]}
    central = {**shared, "surcharge": 0.0, "other_production": 1.0}
    cut = ledger.base.budgets.cut[: world.row]
    for tax, rate in rates.items():
        base, total = value_added @ bases[tax], value_added @ rate
        local = (1.0 - central[tax]) * total
        for payee, amount in (
            (ledger.centre, central[tax] * total),
            (ledger.domestic, (1.0 - cut) * local),
            (ledger.province, cut * local),
        ):
            ledger.year_by_place("tax", ledger.domestic, payee, base, amount, tax=tax)


def _levies(ledger: _Ledger) -> None:
    """What uniform tax rates do not explain of revenue, and land sales."""
    record, row = ledger.record, ledger.world.row
    gdp, place = record["gdp"][:, :row], ledger.domestic
    levies = record["other_levies"][:, :row]
    ledger.year_by_place("levy", place, place, gdp, np.maximum(levies, 0.0))
    ledger.year_by_place("rebate", place, place, gdp, np.maximum(-levies, 0.0))  # revenue below uniform rates
    ledger.year_by_place("levy", place, ledger.province, gdp, record["province_levy"][:, :row])
    ledger.year_by_place("land", place, place, record["own_revenue"][:, :row], record["land_revenue"][:, :row])


def _from_above(ledger: _Ledger) -> None:
    """General transfers of the centre; the base is national value added."""
    record, row = ledger.record, ledger.world.row
    nation = record["gdp"][:, :row].sum(axis=1, keepdims=True)
    centre = ledger.centre
    ledger.year_by_place("general_transfer", centre, ledger.domestic, nation, record["general_transfer"][:, :row])
    to_provinces = record["province_transfer"][:, : ledger.world.n_provinces]
    ledger.year_by_place("general_transfer", centre, ledger.provinces, nation, to_provinces)


def _contracts(ledger: _Ledger, contracts: Sequence[Contract]) -> None:
    """Settlements of what contracts oblige payers to pay on last year's tax, sectors together."""
    words = np.array([_words(ledger, contract.name, BASES[contract.base]) for contract in contracts])
    settled = ledger.code("rule", SETTLED)
    for year, rows in zip(ledger.years, ledger.record.payments, strict=False):
        if not rows.size:
            continue
        chosen = [PAYMENT.index(name) for name in ("payer", "payee", "contract", "age")]
        late = rows[:, PAYMENT.index("sector")] == ARBITRATION
        keys, index = np.unique(np.column_stack([rows[:, chosen], late]).astype(np.int64), axis=0, return_inverse=True)
        base, amount = (
            np.bincount(index.reshape(-1), rows[:, PAYMENT.index(name)], len(keys)).astype(np.float64)
            for name in ("base", "amount")
        )
        payer, payee, contract, age, is_late = keys.T
        name, rule, tax = words[contract].T
        rule = np.where(is_late, settled, rule)
        ledger.add(np.full(len(keys), year), payer, payee, (name, rule, tax), base, amount, age)


def _words(ledger: _Ledger, name: str, base: Base) -> tuple[int, int, int]:
    return ledger.code("contract", name), ledger.code("rule", base.rule), ledger.code("tax", base.tax)


def _interest(ledger: _Ledger) -> None:
    """Governments to the pool of savers, the pool to residents."""
    record, row, n_provinces = ledger.record, ledger.world.row, ledger.world.n_provinces
    ledger.year_by_place(
        "interest", ledger.domestic, ledger.pool, record["debt"][:, :row], record["interest_paid"][:, :row]
    )
    owed, paid = record["province_debt"][:, :n_provinces], record["province_interest"][:, :n_provinces]
    ledger.year_by_place("interest", ledger.provinces, ledger.pool, owed, paid)
    received = record["interest_received"][:, :row]
    ledger.year_by_place("interest", ledger.pool, ledger.domestic, received.sum(axis=1, keepdims=True), received)


def _to_firms_and_households(ledger: _Ledger) -> None:
    """Subsidies settled on last year's arriving capital; cash from city and province."""
    record, row, place = ledger.record, ledger.world.row, ledger.domestic
    arriving = (record["relocated_capital"].sum(axis=(1, 2)) * record["investment_price"])[:, :row]
    last = np.vstack([np.zeros((1, row)), arriving[:-1]])
    ledger.year_by_place("subsidy", place, place, last, record["subsidy"][:, :row])
    share = ledger.base.budgets.cash_share or 1.0
    of_city = record["city_cash"][:, :row]
    of_province = record["cash_transfer"][:, :row] - of_city
    of_province[np.abs(of_province) <= np.finfo(np.float64).eps * of_city] = 0.0  # no province above: rounding
    ledger.year_by_place("cash_transfer", place, place, of_city / share, of_city)
    ledger.year_by_place("cash_transfer", ledger.province, place, of_province / share, of_province)
