"""The fiscal phase: local tax by city and sector, debts, and what next year's budgets receive from above (MODEL.md 5).

Transfers keep their base-year shares of national GDP, moved by ``lambda`` times what has changed in a city's gap:
standard spending (the base year's, by the city's share of the nation's residents) less capacity (own revenue), both as
shares of national GDP; what this adds in sum is taken from all by residents, so the centre pays no more. lambda = 0
leaves the shares as they are. A city borrows its base-year share as long as its debt stays below a multiple of its
resources (own revenue, transfers, land revenue), and what is left below that limit otherwise. Where a floor is set the
centre adds to next year's transfers what this year's spending, without what it added to it, lacked of it.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear


def equalised(base: FloatArray, gap: FloatArray, people: FloatArray, coefficient: float) -> FloatArray:
    """Transfers ``[place]`` as shares of national GDP.

    Args:
        base: of the base year ``[place]``; their sum is kept.
        gap: change of standard spending less capacity since the base year, shares of national GDP ``[place]``.
        people: residents ``[place]``.
        coefficient: share of the change that is made good.
    """
    return np.asarray(base + coefficient * (gap - people / people.sum() * gap.sum()))


def borrowing(base: FloatArray, debt: FloatArray, resources: FloatArray, limit: float) -> FloatArray:
    """New debt ``[city]``: the base-year amount, or what is left below ``limit`` times resources."""
    return np.minimum(base, np.maximum(limit * resources - debt, 0.0))


def shortfall(floor: FloatArray, people: FloatArray, spending: FloatArray) -> FloatArray:
    """What spending ``[place]`` (100 million yuan) lacks of ``floor`` (10,000 yuan) per head of ``people`` (10,000)."""
    return np.maximum(floor * people - spending, 0.0)


class Fiscal:
    """Keeps three years of local tax, advances debts, sets transfers and borrowing of the next year."""

    name: ClassVar[str] = "fiscal"
    reads: ClassVar[tuple[str, ...]] = (
        *("value_added", "debt", "new_debt", "province_debt", "province_new_debt", "tax_memory", "own_revenue"),
        *("general_transfer", "land_revenue", "resident_population", "national", "public_spending", "floor_grant"),
    )
    writes: ClassVar[tuple[str, ...]] = (
        *("debt", "province_debt", "tax_memory", "transfer_share", "debt_share", "floor_grant"),
    )

    def __init__(self, base: BaseYear) -> None:
        world, rules = base.world, base.budgets
        self.base = base
        self._kept = (1.0 - rules.cut)[:, None] * base.taxes.local
        self._coefficient = world.parameters.value("equalisation_coefficient")
        self._limit = world.parameters.value("debt_limit")
        row = world.row
        nation, people = world.value_added[:row].sum(), world.resident_population[:row]
        self._capacity = world.own_revenue[:row] / nation
        self._need = self._capacity + (rules.transfer + rules.debt + rules.fund)[:row]
        self._people = people / people.sum()

    def update(self, state: State, levers: Levers) -> None:
        """Debts, transfers and borrowing of the next year."""
        n, row, rules = self.base.world.n_cities, self.base.world.row, self.base.budgets
        nation, people = state.national[0], state.resident_population[:row]
        state.debt += state.new_debt
        state.province_debt += state.province_new_debt
        state.tax_memory[1:] = state.tax_memory[:-1]
        np.multiply(state.value_added, self._kept, out=state.tax_memory[0])
        need = self._need * (people / people.sum() / self._people)
        gap = (need - self._need) - (state.own_revenue[:row] / nation - self._capacity)
        state.transfer_share[:row] = equalised(rules.transfer[:row], gap, people, self._coefficient)
        state.transfer_share[row:] = 0.0  # the world
        without = (state.public_spending - state.floor_grant)[:row]
        state.floor_grant[:row] = shortfall(levers.service_floor[:row], people, without)
        resources = (state.own_revenue + state.general_transfer + state.land_revenue)[:n] / nation
        state.debt_share[:n] = borrowing(rules.debt[:n], state.debt[:n] / nation, resources, self._limit)
        state.debt_share[n:] = rules.debt[n:]
