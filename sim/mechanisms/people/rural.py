"""Town and country: how many live in towns, what a resident of each earns, how workers leave farms (MODEL.md 8, 11).

Rural residents ``R(t+1) = R (1 - out/N) (a(t+1) / a)^eta (1 + n)``: they leave as everybody does (arrivals come to
towns) and follow the share a of farm work in employment. The urban share is what is left of all residents, kept between
0 and 1.

Income per head starts at the published level of the province. In towns it grows with the wage per worker outside
farming, ``y_U / y_U0 = w_N / w_N0``. In the country a share s of it is farm income, the rest follows wages outside:
``y_R / y_R0 = (s m w_A / w_A0 + (1 - s) w_N / w_N0 + s (1 - m) w_N / w_A0) exp(g (t - t_0))``, m = (a / a_0)^(1 - eta)
farm workers per rural resident against the base year: who leaves the farm and stays in the village earns what others
earn. The trend g is what has narrowed the gap besides, such as pensions and transfers, as published 2018 to 2023.

Exit from farming: a share x of what keeps workers there is gone where a policy removes it. The base year's wage wedge
counts as ``wedge^(1 - x)``, and the yearly speed closes a share x of its gap to that of the fastest sector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.arrays import BoolArray, FloatArray

if TYPE_CHECKING:
    from sim.datasets.world import World

YUAN = 1e4  # unit: yuan in 10,000 yuan
EDGE = 1e-6  # a share of towns stays between this and one less this


@dataclass(frozen=True, eq=False)
class RuralParams:
    """Parameters of town and country, from parameters.csv (keys in brackets); arrays over cities unless noted."""

    is_farming: BoolArray  # [sector] primary sectors
    urban_income: FloatArray  # 10,000 yuan a head, base year [urban_income]
    rural_income: FloatArray  # 10,000 yuan a head, base year [rural_income]
    farm_share: FloatArray  # s [farm_income_share]
    elasticity: float  # eta [rural_employment_elasticity]
    trend: FloatArray  # 1/year, g [rural_income_trend]

    @classmethod
    def read(cls, world: World) -> RuralParams:
        """Take the parameters of this data set."""
        p, province = world.parameters, world.province_of[: world.n_cities]
        return cls(
            is_farming=np.array([group == "primary" for group in world.sector_group]),
            urban_income=p.by_province("urban_income")[province] / YUAN,
            rural_income=p.by_province("rural_income")[province] / YUAN,
            farm_share=p.by_province("farm_income_share")[province],
            elasticity=p.value("rural_employment_elasticity"),
            trend=p.by_province("rural_income_trend")[province],
        )


def freed(
    wedge: FloatArray, speed: FloatArray, exit_share: FloatArray, is_farming: BoolArray
) -> tuple[FloatArray, ...]:
    """Wage wedges ``[region, sector]`` and speeds ``[region, sector]`` where a share of the hold of farming is gone."""
    x = exit_share[:, None] * is_farming
    open_ = speed + x * (speed.max() - speed)
    return np.where((wedge > 0.0) & (x > 0.0), wedge ** (1.0 - x), wedge), np.ascontiguousarray(open_)


def next_urban_share(
    share: FloatArray, farm_ratio: FloatArray, leaving: FloatArray, net: FloatArray, elasticity: float
) -> FloatArray:
    """Urban share of the next year ``[city]``; births and deaths are alike in town and country.

    Args:
        share: of this year.
        farm_ratio: share of farm work in employment, next year over this year.
        leaving: people who leave over residents.
        net: arrivals less departures over residents.
        elasticity: of rural residents to that share.
    """
    rural = (1.0 - share) * (1.0 - leaving) * farm_ratio**elasticity
    return np.clip(1.0 - rural / (1.0 + net), EDGE, 1.0 - EDGE)


class Rural:
    """What the base year says about town and country, and the relations applied to a year; arrays over cities."""

    def __init__(self, world: World, wages: FloatArray, labour: FloatArray) -> None:
        self.params = RuralParams.read(world)
        self._n, self._year = world.n_cities, world.base_year
        self._farm_wage, self._wage = self._per_worker(wages, labour)
        self._farm_share = self.farm_share(labour)

    def farm_share(self, labour: FloatArray) -> FloatArray:
        """Share of farm work in employment."""
        work = labour[: self._n]
        return np.asarray(work[:, self.params.is_farming].sum(axis=1) / work.sum(axis=1))

    def incomes(self, wages: FloatArray, labour: FloatArray, year: int) -> tuple[FloatArray, FloatArray]:
        """Income per resident of towns and of the country, 10,000 yuan; without farms it follows wages outside."""
        q = self.params
        farm_wage, wage = self._per_worker(wages, labour)
        outside = wage / self._wage
        has_farms = self._farm_share > 0.0
        farmers = np.divide(self.farm_share(labour), self._farm_share, out=np.ones_like(wage), where=has_farms)
        m = farmers ** (1.0 - q.elasticity)
        s = np.where(has_farms, q.farm_share, 0.0)
        before = np.where(has_farms, self._farm_wage, 1.0)
        rural = s * m * farm_wage / before + (1.0 - s) * outside + s * (1.0 - m) * wage / before
        return q.urban_income * outside, q.rural_income * rural * np.exp(q.trend * (year - self._year))

    def _per_worker(self, wages: FloatArray, labour: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Wage per worker in farming (0 where there is none) and outside."""
        paid, work, farming = wages[: self._n], labour[: self._n], self.params.is_farming
        farmers = work[:, farming].sum(axis=1)
        farm = np.divide(paid[:, farming].sum(axis=1), farmers, out=np.zeros(self._n), where=farmers > 0.0)
        return farm, np.asarray(paid[:, ~farming].sum(axis=1) / work[:, ~farming].sum(axis=1))
