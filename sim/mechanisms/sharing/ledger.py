"""What moved capital owes under contracts, cohort by cohort, and who owes whom in the end.

A cohort is credited with ``K_cohort / K_ds`` of the local tax that the host city keeps of (d, s). Its host owes
``sigma(age)`` times that until the term ends or, if capped, the sum of what the origin collected on this capital in the
three years before the move has been paid (rule of 2015).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from sim.core.agreements import Contract
from sim.core.arrays import BoolArray, FloatArray
from sim.core.state import PAYMENT


def contract_payments(
    cohorts: FloatArray,
    tax: FloatArray,
    capital: FloatArray,
    contracts: Sequence[Contract],
    year: int,
    sharing: FloatArray | None = None,
) -> FloatArray:
    """What each cohort's host owes on this year's tax, all of it to the origin; rows as :data:`sim.core.state.PAYMENT`.

    Args:
        cohorts: the ledger, rows as :data:`sim.core.state.COHORT`; ``paid`` is advanced in place.
        tax: local tax kept by the city ``[region, sector]``.
        capital: capital at the start of the year ``[region, sector]``.
        contracts: by index.
        year: calendar year; capital moved in t has age 0 in t + 1.
        sharing: part of what it owes that a member pays, 0 = not a member ``[contract, region]``; default: all, all.
    """
    if not cohorts.size:
        return np.empty((0, len(PAYMENT)))
    oldest = year - int(cohorts[:, 4].min())  # ages run to one less
    longest = max(min(contract.term, oldest) for contract in contracts)
    rate = np.array([[contract.share(year=year, age=age) for age in range(longest)] for contract in contracts])
    capped = np.array([contract.capped for contract in contracts])
    part = np.ones((len(contracts), tax.shape[0])) if sharing is None else sharing
    rows = np.empty((cohorts.shape[0], len(PAYMENT)))
    return rows[: fall_due(cohorts, tax, capital, rate, capped, part, year, rows)]


@njit(cache=True, nogil=True, error_model="numpy")
def fall_due(
    cohorts: FloatArray,
    tax: FloatArray,
    capital: FloatArray,
    rate: FloatArray,
    capped: BoolArray,
    part: FloatArray,
    year: int,
    rows: FloatArray,
) -> int:
    """Write the payments of :func:`contract_payments` into the first of ``rows`` and return how many there are.

    ``rate [contract, age]`` is the share that is owed; capital older than its last column pays nothing.
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
        share = rate[kind, age] if 0 <= age < rate.shape[1] and part[kind, origin] > 0.0 else 0.0
        share *= part[kind, host]
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
