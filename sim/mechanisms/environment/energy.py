"""Energy use, carbon and power by place, under caps on them.

``E_is(t) = E_is(0) (Y_is / Y_is(0)) (1 - d)^t`` with Y the volume of value added: intensities by sector are the
nation's, scaled to what every province uses; households' is spread by residents and follows real GDP. Carbon is fossil
energy times a factor. Power is used in proportion to energy and made where the power sector is; what comes from
elsewhere leaves its carbon where it is made: ``carbon_i = fossil_i factor - imports_i grid factor``, and imports sum to
zero over the nation.

Abatement under rights (:mod:`sim.mechanisms.environment.markets`) lowers energy and carbon of the year itself.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.core.levers import RIGHTS, Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear, factor_bundle
from sim.mechanisms.environment.markets import Markets, ratio

ENERGY, CARBON = (RIGHTS.index(name) for name in ("energy", "carbon"))
GRID = 10.0  # unit: 10,000 t per 100 million kWh at 1 kg per kWh


class Energy:
    """Computes the year's energy, carbon and power, and what of them is abated under caps."""

    reads: ClassVar[tuple[str, ...]] = (*Markets.reads, "volume_memory", "real_gdp")
    writes: ClassVar[tuple[str, ...]] = (
        *Markets.writes,
        *("energy", "household_energy", "fossil_energy", "carbon", "power_use", "power_import"),
    )

    def __init__(self, base: BaseYear, markets: Markets) -> None:
        world, state = base.world, base.state
        p, home = world.parameters, world.province_of
        self.base, self.markets = base, markets
        self._slope = p.by_sector("abatement_slope")
        self._decline, self._factor, self._grid = map(p.value, ("energy_decline", "carbon_factor", "power_carbon"))
        self._clean, self._rise, self._by_saving = map(p.value, ("clean_share", "clean_share_rise", "carbon_by_saving"))
        nation = state.value_added[: world.row].sum(axis=0)
        energy = state.value_added * ratio(p.by_sector("sector_energy"), nation)
        people = state.resident_population
        household = people * (p.value("household_energy") / people[: world.row].sum())
        total = np.bincount(home, energy.sum(axis=1) + household).astype(np.float64)
        scale = ratio(world.by_region("energy_use"), total[home])
        self._energy = energy * scale[:, None]
        self._household = ratio(household * scale, state.real_gdp)
        self._power_per_energy = ratio(world.by_region("power_use"), world.by_region("energy_use"))
        maker = state.value_added * p.by_sector("makes_power")
        made = np.bincount(home, maker.sum(axis=1)).astype(np.float64)
        self._power_made = maker * ratio(world.by_region("power_output"), made[home])[:, None]
        bundle = factor_bundle(state, base)
        self._volume = np.log(np.where(bundle > 0.0, bundle, 1.0)) + np.log(state.effective_productivity)

    def update(self, state: State, levers: Levers) -> None:
        """The year's energy and carbon; what rights cost and who owes whom."""
        elapsed = state.year - self.base.world.base_year
        fossil = 1.0 - min(self._clean + self._rise * elapsed, 1.0)
        carbon = self._factor * fossil
        pace = (1.0 - self._decline) ** elapsed
        growth = np.exp(state.volume_memory - self._volume)
        np.multiply(self._energy, growth * pace, out=state.energy)
        np.multiply(self._household, state.real_gdp * pace, out=state.household_energy)
        state.energy *= self.markets.kept(ENERGY, state.energy, self._energy, self._slope * carbon, state, levers)
        first = self._energy * (self._factor * (1.0 - self._clean))
        left = self.markets.kept(CARBON, state.energy * carbon, first, self._slope, state, levers)
        state.fossil_energy[:] = ((state.energy * left).sum(axis=1) + state.household_energy) * fossil
        state.energy *= 1.0 - self._by_saving * (1.0 - left)
        state.power_use[:] = self._power_per_energy * (state.energy.sum(axis=1) + state.household_energy)
        made = (self._power_made * growth).sum(axis=1)
        state.power_import[:] = state.power_use - made * (state.power_use.sum() / made.sum())
        grid = self._grid * GRID * fossil / (1.0 - self._clean)
        state.carbon[:] = self._factor * state.fossil_energy - state.power_import * grid
