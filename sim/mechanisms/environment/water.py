"""Use of water by place, under caps on it.

``W_is(t) = W_is(0) (Y_is / Y_is(0)) (1 - d)^t`` with Y the volume of value added: use per unit of value added is the
nation's by sector, all of a province scaled to what it withdraws; households' is spread by residents. Rights to use
water (:mod:`sim.mechanisms.environment.markets`) bind sectors, not households.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.core.levers import RIGHTS, Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear, factor_bundle
from sim.mechanisms.environment.markets import Markets, ratio

WATER = RIGHTS.index("water")


class Water:
    """Computes what places withdraw in a year, 10,000 m3, and what of it is saved under caps."""

    reads: ClassVar[tuple[str, ...]] = (*Markets.reads, "volume_memory")
    writes: ClassVar[tuple[str, ...]] = (*Markets.writes, "water_use")

    def __init__(self, base: BaseYear, markets: Markets) -> None:
        world, state, p = base.world, base.state, base.world.parameters
        self.base, self.markets = base, markets
        self._slope, self._decline = p.by_sector("water_saving_slope"), p.value("water_decline")
        nation, people = state.value_added[: world.row].sum(axis=0), state.resident_population
        use = state.value_added * ratio(p.by_sector("sector_water"), nation)
        household = people * (p.value("household_water") / people[: world.row].sum())
        total = np.bincount(world.province_of, use.sum(axis=1) + household).astype(np.float64)
        scale = ratio(world.by_region("water_withdrawal"), total[world.province_of])
        self._use = use * scale[:, None]
        self._per_resident = ratio(household * scale, people)
        bundle = factor_bundle(state, base)
        self._volume = np.log(np.where(bundle > 0.0, bundle, 1.0)) + np.log(state.effective_productivity)

    def update(self, state: State, levers: Levers) -> None:
        """The year's withdrawals; what rights to water cost and who owes whom."""
        pace = (1.0 - self._decline) ** (state.year - self.base.world.base_year)
        use = self._use * (np.exp(state.volume_memory - self._volume) * pace)
        use *= self.markets.kept(WATER, use, self._use, self._slope, state, levers)
        state.water_use[:] = use.sum(axis=1) + self._per_resident * state.resident_population
