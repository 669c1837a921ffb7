"""The fiscal phase: the year's local tax by city and sector, and the debts that budgets leave behind (MODEL.md 5)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear


class Fiscal:
    """Keeps three years of local tax and advances debts."""

    name: ClassVar[str] = "fiscal"
    reads: ClassVar[tuple[str, ...]] = (
        *("value_added", "debt", "new_debt", "province_debt", "province_new_debt", "tax_memory"),
    )
    writes: ClassVar[tuple[str, ...]] = ("debt", "province_debt", "tax_memory")

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self._kept = (1.0 - base.budgets.cut)[:, None] * base.taxes.local

    def update(self, state: State, levers: Levers) -> None:
        """Next year's debts."""
        state.debt += state.new_debt
        state.province_debt += state.province_new_debt
        state.tax_memory[1:] = state.tax_memory[:-1]
        np.multiply(state.value_added, self._kept, out=state.tax_memory[0])
