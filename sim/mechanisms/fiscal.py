"""The fiscal phase: debts, and what contracts oblige hosts to pay on this year's tax (MODEL.md 5).

A cohort of moved capital is credited with ``K_cohort / K_ds`` of the local tax that the host city keeps of (d, s).
Under a relocation contract the host owes the origin ``sigma(age)`` times that until the term ends or, if capped, the
sum of what the origin collected on this capital in the three years before the move has been paid. What is owed on the
tax of year t is settled in t + 1, as at a year-end settlement; what some pay the others receive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sim.core.agreements import Contract
from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import PAYMENT, State
from sim.mechanisms.base_year import BaseYear


def contract_payments(
    cohorts: FloatArray, tax: FloatArray, capital: FloatArray, contracts: Sequence[Contract], year: int
) -> FloatArray:
    """What each cohort's host owes its origin on this year's tax; rows as :data:`sim.core.state.PAYMENT`.

    Args:
        cohorts: the ledger, rows as :data:`sim.core.state.COHORT`; ``paid`` is advanced in place.
        tax: local tax kept by the city ``[region, sector]``.
        capital: capital at the start of the year ``[region, sector]``.
        contracts: by index.
        year: calendar year; capital moved in t has age 0 in t + 1.
    """
    if not cohorts.size:
        return np.empty((0, len(PAYMENT)))
    origin, host, sector, kind = (cohorts[:, k].astype(np.int64) for k in range(4))
    age = year - cohorts[:, 4] - 1.0
    base = cohorts[:, 5] / capital[host, sector] * tax[host, sector]
    pairs, index = np.unique(np.column_stack([kind, age]), axis=0, return_inverse=True)
    shares = np.array([contracts[int(c)].share(year=year, age=int(a)) for c, a in pairs])
    rate = shares[index.reshape(-1)]
    capped = np.array([contract.capped for contract in contracts])[kind]
    left = np.where(capped, np.maximum(cohorts[:, 7] - cohorts[:, 6], 0.0), np.inf)
    amount = np.minimum(rate * base, left)
    cohorts[:, 6] += amount
    rows = np.column_stack([host, origin, sector, kind, age, base, rate, amount])
    return rows[amount > 0.0]


class Fiscal:
    """Advances debts and computes the contract payments that fall due next year."""

    name: ClassVar[str] = "fiscal"
    reads: ClassVar[tuple[str, ...]] = (
        *("value_added", "capital", "cohorts", "debt", "new_debt", "province_debt", "province_new_debt", "tax_memory"),
    )
    writes: ClassVar[tuple[str, ...]] = ("debt", "province_debt", "payable", "payments", "cohorts", "tax_memory")

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self._kept = (1.0 - base.budgets.cut)[:, None] * base.taxes.local

    def update(self, state: State, levers: Levers) -> None:
        """Next year's debts and payables."""
        state.debt += state.new_debt
        state.province_debt += state.province_new_debt
        state.tax_memory[1:] = state.tax_memory[:-1]
        tax = state.tax_memory[0]
        np.multiply(state.value_added, self._kept, out=tax)
        state.payments = contract_payments(state.cohorts, tax, state.capital, levers.contracts, state.year)
        state.payable[:] = 0.0
        rows = state.payments
        np.add.at(state.payable, (rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)), rows[:, 7])
