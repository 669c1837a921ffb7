"""The assess phase: what the officials' assessment counts, along the ledger of moved capital (MODEL.md 5 and 6).

Attribution moves GDP in the assessment only, never in real GDP: a contract may credit a share of a moved plant's value
added to the place it came from.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numba import njit

from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear


@njit(cache=True, nogil=True, error_model="numpy")
def attribute(
    cohorts: FloatArray, credit: FloatArray, capital: FloatArray, value_added: FloatArray, gdp: FloatArray
) -> None:
    """Move ``credit [contract]`` of what moved plants add from host to origin, in ``gdp [region]``."""
    for c in range(cohorts.shape[0]):
        origin, host, sector, kind = int(cohorts[c, 0]), int(cohorts[c, 1]), int(cohorts[c, 2]), int(cohorts[c, 3])
        if not (0 <= origin < gdp.size and 0 <= host < gdp.size and 0 <= sector < capital.shape[1]):
            raise IndexError("a cohort that is nowhere, or under no contract")
        if not 0 <= kind < credit.size:
            raise IndexError("a cohort that is nowhere, or under no contract")
        amount = credit[kind] * cohorts[c, 5] / capital[host, sector] * value_added[host, sector]
        gdp[origin] += amount
        gdp[host] -= amount


class Assess:
    """Writes GDP as attributed; sums to GDP."""

    name: ClassVar[str] = "assess"
    reads: ClassVar[tuple[str, ...]] = ("gdp", "value_added", "capital", "cohorts")
    writes: ClassVar[tuple[str, ...]] = ("attributed_gdp",)

    def __init__(self, base: BaseYear) -> None:
        self.base = base

    def update(self, state: State, levers: Levers) -> None:
        """Move the credited share of moved plants' value added from host to origin."""
        state.attributed_gdp[:] = state.gdp
        rows = state.cohorts
        if not rows.size:
            return
        credit = np.array([contract.gdp_attribution * (contract.term > 0) for contract in levers.contracts])
        attribute(rows, credit, state.capital, state.value_added, state.attributed_gdp)
