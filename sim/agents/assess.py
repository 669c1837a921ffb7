"""The assess phase: what the officials' assessment counts, along the ledger of moved capital (MODEL.md 5 and 6).

Attribution moves GDP in the assessment only, never in real GDP: a contract may credit a share of a moved plant's value
added to the place it came from.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear


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
        origin, host, sector, kind = (rows[:, k].astype(np.int64) for k in range(4))
        credit = np.array([contract.gdp_attribution * (contract.term > 0) for contract in levers.contracts])[kind]
        amount = credit * rows[:, 5] / state.capital[host, sector] * state.value_added[host, sector]
        np.add.at(state.attributed_gdp, origin, amount)
        np.add.at(state.attributed_gdp, host, -amount)
