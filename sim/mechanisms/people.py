"""The people phase: workers between sectors, residents and the labour force by exogenous paths (MODEL.md 7 and 8).

Target share of a sector ``~ L_is w_is / (omega_is mean w_i)`` with the base year's wage wedges omega; each year a share
of the gap closes, slower in agriculture. The labour force of a province grows at its given rate, residents by births
less deaths; nobody moves between places in this version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numba import njit

from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import State

if TYPE_CHECKING:
    from sim.datasets.world import World
    from sim.mechanisms.base_year import BaseYear

PER_THOUSAND = 1000.0  # unit: births and deaths are per 1,000 residents


@dataclass(frozen=True, eq=False)
class PeopleParams:
    """Parameters of labour and population, from parameters.csv (keys in brackets)."""

    speed: FloatArray  # [sector] 1/year [labour_reallocation_speed]
    labour_growth: FloatArray  # [region] 1/year [labour_force_growth]
    natural_growth: FloatArray  # [region] 1/year [birth_rate - death_rate]

    @classmethod
    def read(cls, world: World) -> PeopleParams:
        """Take the parameters of this data set."""
        p = world.parameters
        births, deaths = p.by_province("birth_rate"), p.by_province("death_rate")
        return cls(
            speed=p.by_sector("labour_reallocation_speed"),
            labour_growth=p.by_province("labour_force_growth")[world.province_of],
            natural_growth=((births - deaths) / PER_THOUSAND)[world.province_of],
        )


@njit(cache=True, nogil=True, error_model="numpy")
def reallocated_labour(labour: FloatArray, wage_bill: FloatArray, wedge: FloatArray, speed: FloatArray) -> FloatArray:
    """Workers by sector next year, same total by region; ``[region, sector]``, ``speed [sector]``.

    ``L (1 - speed) + total * target``, the target taking what the slow sectors release in proportion to
    ``L w / omega``, so that at base-year relative wages nobody moves.
    """
    result = np.empty(labour.shape)
    pull = np.empty(labour.shape[1])
    for i in range(labour.shape[0]):
        drawn = released = 0.0
        for s in range(labour.shape[1]):
            pull[s] = wage_bill[i, s] / wedge[i, s] * speed[s] if wedge[i, s] > 0.0 else 0.0
            drawn += pull[s]
            released += labour[i, s] * speed[s]
        for s in range(labour.shape[1]):
            arriving = released * pull[s] / drawn if drawn > 0.0 else 0.0
            result[i, s] = labour[i, s] - labour[i, s] * speed[s] + arriving
    return result


class People:
    """Moves workers between sectors and ages the population."""

    name: ClassVar[str] = "people"
    reads: ClassVar[tuple[str, ...]] = ("labour", "value_added", "resident_population", "registered_population")
    writes: ClassVar[tuple[str, ...]] = ("labour", "resident_population", "registered_population")

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self.params = PeopleParams.read(base.world)

    def update(self, state: State, levers: Levers) -> None:
        """Next year's employment and residents."""
        q = self.params
        wages = state.value_added * self.base.taxes.labour_share
        wages[self.base.world.row] = 0.0
        state.labour[:] = reallocated_labour(state.labour, wages, self.base.wage_wedge, q.speed)
        state.labour *= (1.0 + q.labour_growth)[:, None]
        state.resident_population *= 1.0 + q.natural_growth
        state.registered_population *= 1.0 + q.natural_growth
