"""The share phase: what contracts oblige their parties to pay on this year's tax (MODEL.md 5).

A cohort of moved capital is credited with ``K_cohort / K_ds`` of the local tax that the host city keeps of (d, s).
Under a relocation contract the host owes the origin ``sigma(age)`` times that until the term ends or, if capped, the
sum of what the origin collected on this capital in the three years before the move has been paid. What is owed on the
tax of year t is settled in t + 1, as at a year-end settlement; what some pay the others receive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numba import njit

from sim.core.agreements import Contract
from sim.core.arrays import BoolArray, FloatArray
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
    longest = max(contract.term for contract in contracts)
    rate = np.array([[contract.share(year=year, age=age) for age in range(longest)] for contract in contracts])
    capped = np.array([contract.capped for contract in contracts])
    rows = np.empty((cohorts.shape[0], len(PAYMENT)))
    return rows[: fall_due(cohorts, tax, capital, rate, capped, year, rows)]


@njit(cache=True, nogil=True, error_model="numpy")
def fall_due(
    cohorts: FloatArray,
    tax: FloatArray,
    capital: FloatArray,
    rate: FloatArray,
    capped: BoolArray,
    year: int,
    rows: FloatArray,
) -> int:
    """Write the payments of :func:`contract_payments` into the first of ``rows`` and return how many there are.

    ``rate [contract, age]`` is the origin's share; capital older than its last column pays nothing.
    """
    k = 0
    for c in range(cohorts.shape[0]):
        origin, host, sector, kind = int(cohorts[c, 0]), int(cohorts[c, 1]), int(cohorts[c, 2]), int(cohorts[c, 3])
        if not (0 <= origin < tax.shape[0] and 0 <= host < tax.shape[0] and 0 <= sector < tax.shape[1]):
            raise IndexError("a cohort that is nowhere, or under no contract")
        if not 0 <= kind < rate.shape[0]:
            raise IndexError("a cohort that is nowhere, or under no contract")
        age = int(year - cohorts[c, 4] - 1.0)
        base = cohorts[c, 5] / capital[host, sector] * tax[host, sector]
        share = rate[kind, age] if 0 <= age < rate.shape[1] else 0.0
        amount = share * base
        if capped[kind]:
            amount = min(amount, max(cohorts[c, 7] - cohorts[c, 6], 0.0))
        cohorts[c, 6] += amount
        if amount > 0.0:
            rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3] = host, origin, sector, kind
            rows[k, 4], rows[k, 5], rows[k, 6], rows[k, 7] = age, base, share, amount
            k += 1
    return k


@njit(cache=True, nogil=True, error_model="numpy")
def owe(payments: FloatArray, payable: FloatArray) -> None:
    """Add payments, rows as :data:`sim.core.state.PAYMENT`, to ``payable [payer, payee]``."""
    for row in payments:
        payable[int(row[0]), int(row[1])] += row[7]


class Share:
    """Computes the contract payments that fall due next year."""

    name: ClassVar[str] = "share"
    reads: ClassVar[tuple[str, ...]] = ("capital", "cohorts", "tax_memory")
    writes: ClassVar[tuple[str, ...]] = ("payable", "payments", "cohorts")

    def __init__(self, base: BaseYear) -> None:
        self.base = base

    def update(self, state: State, levers: Levers) -> None:
        """Next year's payables."""
        tax = state.tax_memory[0]
        state.payments = contract_payments(state.cohorts, tax, state.capital, levers.contracts, state.year)
        state.payable[:] = 0.0
        owe(state.payments, state.payable)
