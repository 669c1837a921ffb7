"""Where people want to live: a discrete choice of place every year, with and without registration (MODEL.md 8).

``value_j = nu (ln w_j + omega ln Q_j - psi ln PM_j - (beta / eps + chi) ln N_j) + amenity_j``, all relative to the
base year: w the real wage after tax, Q the quality of services, PM the air's PM2.5, N residents (housing cost by its
share beta over the elasticity eps of supply, and congestion chi; N is per land, where policies add some). A share mu
considers moving. Of those at i the weight of j is ``exp(value_j - value_i - c0_i - c1 ln(1 + T_ij) - c2 [other
province] (1 - portable_ij) - c3 (1 - access_j))`` against one for staying: T minutes of travel, access how far a
newcomer gets what locals get. Going home, where one is registered, needs no access. Registered people are followed by
place of registration and place of living, so that nobody gets lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.core.arrays import FloatArray

if TYPE_CHECKING:
    from sim.datasets.world import World

SIZE_CLASSES = {"super": 1000.0, "very_large": 500.0, "large": 300.0}  # source: State Council, city sizes, 2014
"""Cities by urban residents, 10,000 persons."""


@dataclass(frozen=True, eq=False)
class MigrationParams:
    """Parameters of migration, from parameters.csv (keys in brackets)."""

    considering: float  # 1/year, mu [migration_considering_share]
    elasticity: float  # nu [migration_elasticity]
    distance: float  # c1, log points of people per log minute [migration_distance]
    border: float  # c2, log points [migration_border]
    registration: float  # c3, log points [registration_barrier]
    service_weight: float  # omega [service_weight]
    pollution_weight: float  # psi [pollution_weight]
    crowding: FloatArray  # [region] beta / eps + chi [housing_share, housing_supply_elasticity, congestion_elasticity]
    rent: FloatArray  # [region] 1 / eps, log points of the price of housing per log point of people on a place's land
    access: FloatArray  # [region] today's access of newcomers, by size of the city [registration_friction_<size>]

    @classmethod
    def read(cls, world: World) -> MigrationParams:
        """Take the parameters of this data set."""
        p = world.parameters
        supply = p.by_province("housing_supply_elasticity")[world.province_of]
        supply = np.where(supply > 0.0, supply, np.inf)
        return cls(
            considering=p.value("migration_considering_share"),
            elasticity=p.value("migration_elasticity"),
            distance=p.value("migration_distance"),
            border=p.value("migration_border"),
            registration=p.value("registration_barrier"),
            service_weight=p.value("service_weight"),
            pollution_weight=p.value("pollution_weight"),
            rent=1.0 / supply,
            crowding=p.value("housing_share") / supply + p.value("congestion_elasticity"),
            access=1.0 - size_friction(world),
        )


def size_friction(world: World) -> FloatArray:
    """How far a city's size class keeps newcomers from registering ``[region]``, 1 = closed; 0 outside the cities.

    The classes count residents of urban districts, a share of those of all towns [urban_district_share].
    """
    p = world.parameters
    urban = world.urban_population * p.value("urban_district_share")
    urban = np.bincount(world.home, urban).astype(np.float64)[world.home]  # a part of a city has the rules of the city
    friction = np.full(world.n_regions, p.value("registration_friction_other"))
    for name, threshold in reversed(SIZE_CLASSES.items()):
        friction[urban >= threshold] = p.value(f"registration_friction_{name}")
    friction[world.n_cities :] = 0.0
    return friction


class Costs(NamedTuple):
    """What moving costs in log points of people, over the regions of the country."""

    leaving: FloatArray  # [place] c0
    way: FloatArray  # [from, to] distance and province
    registration: FloatArray  # [to] or [from, to] what a newcomer meets there


def way_costs(world: World, params: MigrationParams, time: FloatArray, portable: FloatArray) -> FloatArray:
    """``c1 ln(1 + T) + c2 [other province] (1 - portable)`` ``[from, to]``, over the regions of the country."""
    row, province = world.row, world.province_of[: world.row]
    other = (province[:, None] != province[None, :]).astype(np.float64)
    return np.asarray(
        params.distance * np.log1p(time[:row, :row]) + params.border * other * (1.0 - portable[:row, :row])
    )


class Moves(NamedTuple):
    """What a year of migration does to those who live at home and those who live elsewhere."""

    away: FloatArray  # [registered, living] next year's
    from_home: FloatArray  # [from, to] people who leave the place of their registration
    onward: FloatArray  # [from, to] newcomers who move on to a third place
    home: FloatArray  # [from, to] newcomers who go back to where they are registered


def moves(value: FloatArray, costs: Costs, considering: float, local: FloatArray, away: FloatArray) -> Moves:
    """A year of migration among n places.

    Args:
        value: log attraction ``[place]``.
        costs: of moving.
        considering: share of people who consider moving.
        local: people who live where they are registered ``[place]``.
        away: people by where they are registered and where they live ``[registered, living]``, zero diagonal.
    """
    n = value.size
    places = np.arange(n)
    pull = np.exp(value[None, :] - value[:, None] - costs.leaving[:, None] - costs.way - costs.registration)
    pull[places, places] = 0.0
    total = 1.0 + pull.sum(axis=1)
    from_home = (considering * local / total)[:, None] * pull
    back = (pull * np.exp(costs.registration)).T  # [home, living]: what draws home needs no access
    moving = considering * away / (total[None, :] - pull.T + back)
    home = moving * back
    onward = moving.sum(axis=0)[:, None] * pull - moving.T * pull
    arriving = moving @ pull
    arriving[places, places] = 0.0
    leaving = moving * (total[None, :] - 1.0 - pull.T) + home
    return Moves(away + from_home + arriving - leaving, from_home, onward, np.ascontiguousarray(home.T))
