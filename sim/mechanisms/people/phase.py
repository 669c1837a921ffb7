"""The people phase: workers between sectors, people between places, births and deaths (MODEL.md 7 and 8).

Target share of a sector ``~ L_is w_is / (omega_is mean w_i)`` with the base year's wage wedges omega; each year a
share of the gap closes, slower in agriculture. The labour force of a province grows at its given rate, residents by
births less deaths. Where people move is in :mod:`sim.mechanisms.people.migration`; movers work as much as those they
leave, in the sectors of those they join. Service quality follows public services per head served, relative to the
nation: newcomers use a part of what locals use, all of it where access is open. Where access is open a share of the
newcomers registers every year. Town and country are in :mod:`sim.mechanisms.people.rural`. Housing costs
``(N / N_0 / land)^(1/eps)``, land against the base year's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numba import njit

from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.people.migration import Costs, MigrationParams, moves, way_costs
from sim.mechanisms.people.rural import Rural, freed, next_urban_share

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
    newcomer_share: float  # [newcomer_service_share]
    service_lag: float  # 1/year [service_lag]
    registration_rate: float  # 1/year [registration_rate]

    @classmethod
    def read(cls, world: World) -> PeopleParams:
        """Take the parameters of this data set."""
        p = world.parameters
        births, deaths = p.by_province("birth_rate"), p.by_province("death_rate")
        return cls(
            speed=p.by_sector("labour_reallocation_speed"),
            labour_growth=p.by_province("labour_force_growth")[world.province_of],
            natural_growth=((births - deaths) / PER_THOUSAND)[world.province_of],
            newcomer_share=p.value("newcomer_service_share"),
            service_lag=p.value("service_lag"),
            registration_rate=p.value("registration_rate"),
        )


@njit(cache=True, nogil=True, error_model="numpy")
def reallocated_labour(labour: FloatArray, wage_bill: FloatArray, wedge: FloatArray, speed: FloatArray) -> FloatArray:
    """Workers by sector next year, same total by region; all ``[region, sector]``.

    ``L (1 - speed) + total * target``, the target taking what the slow sectors release in proportion to
    ``L w / omega``, so that at base-year relative wages nobody moves.
    """
    result = np.empty(labour.shape)
    pull = np.empty(labour.shape[1])
    for i in range(labour.shape[0]):
        drawn = released = 0.0
        for s in range(labour.shape[1]):
            pull[s] = wage_bill[i, s] / wedge[i, s] * speed[i, s] if wedge[i, s] > 0.0 else 0.0
            drawn += pull[s]
            released += labour[i, s] * speed[i, s]
        for s in range(labour.shape[1]):
            arriving = released * pull[s] / drawn if drawn > 0.0 else 0.0
            result[i, s] = labour[i, s] - labour[i, s] * speed[i, s] + arriving
    return result


class People:
    """Moves workers between sectors and people between places; births, deaths, registration, services."""

    name: ClassVar[str] = "people"
    reads: ClassVar[tuple[str, ...]] = (
        *("labour", "value_added", "resident_population", "registered_population", "newcomers", "away", "cpi"),
        *("service_quality", "city_service", "province_service", "central_service", "passenger_time", "urban_share"),
        "pm25",
    )
    writes: ClassVar[tuple[str, ...]] = (
        *("labour", "resident_population", "registered_population", "newcomers", "away", "service_quality"),
        *("migrants", "net_migration", "real_wage", "urban_share", "urban_income", "rural_income"),
        *("buildable_land", "housing_cost"),
    )

    def __init__(self, base: BaseYear) -> None:
        world = base.world
        self.base = base
        self.params = PeopleParams.read(world)
        self.migration = MigrationParams.read(world)
        row = world.row
        self._take_home = base.taxes.labour_share - base.taxes.personal_tax
        n = world.n_regions
        self._links = np.ones((n, n)), np.zeros((n, n))  # factor on travel time, portable services
        self._way = way_costs(world, self.migration, world.travel_time_passenger, self._links[1])
        self._way += base.settlement.pair
        self._wage = self._real_wage(base.state)
        self._served = self._served_people(base.state, self.migration.access, np.zeros((row, row)))
        self._has_air = bool((world.pm25[:row] > 0.0).all())
        self._people = base.state.resident_population[:row].copy()
        self._rural = Rural(world, base.state.value_added * base.taxes.labour_share, base.state.labour)

    def update(self, state: State, levers: Levers) -> None:
        """Next year's employment, residents and register."""
        q, row = self.params, self.base.world.row
        access = self.migration.access + (1.0 - self.migration.access) * levers.service_access
        wages = state.value_added * self.base.taxes.labour_share
        wages[row] = 0.0
        state.real_wage[:row], state.real_wage[row:] = self._real_wage(state), 0.0
        self._town_and_country(state, levers, wages)
        mutual = levers.mutual_access[:row, :row]
        flows = self._migrate(state, levers, access, mutual)
        before = self._rural.farm_share(state.labour)
        wedge, speed = freed(self.base.wage_wedge, q.speed, levers.farm_exit, self._rural.params.is_farming)
        state.labour[:] = reallocated_labour(state.labour, wages, wedge, speed)
        state.labour *= (1.0 + q.labour_growth)[:, None]
        self._move_workers(state, flows)
        self._urbanise(state, before, flows)
        self._age(state, access[:row] + (1.0 - access[:row]) * mutual)

    def _real_wage(self, state: State) -> FloatArray:
        """After tax, over the price index ``[place]``; the base year's index is 1."""
        row = self.base.world.row
        price = state.cpi[:row] if state.cpi.any() else 1.0
        return np.asarray((state.value_added[:row] @ self._take_home) / state.labour[:row].sum(axis=1) / price)

    def _served_people(self, state: State, access: FloatArray, mutual: FloatArray) -> FloatArray:
        """Residents in units of a local's use of services ``[place]``; people of partner cities use more of them."""
        row, share = self.base.world.row, self.params.newcomer_share
        use = share + (1.0 - share) * access[:row]
        partners = (mutual * state.away[:row, :row]).sum(axis=0)
        return np.asarray(state.resident_population[:row] - (1.0 - use) * (state.newcomers[:row] - partners))

    def _migrate(self, state: State, levers: Levers, access: FloatArray, mutual: FloatArray) -> FloatArray:
        """Move people between places; flows ``[from, to]``."""
        m, row = self.migration, self.base.world.row
        self._follow_services(state, access, mutual)
        state.migrants[:] = 0.0
        state.net_migration[:] = 0.0
        if m.considering == 0.0:
            return np.zeros((row, row))
        self._set_way(state.passenger_time * levers.passenger_time, levers.portable)
        settlement = self.base.settlement
        attraction = np.log(state.real_wage[:row] / self._wage)
        attraction += m.service_weight * np.log(state.service_quality[:row])
        if self._has_air:
            attraction -= m.pollution_weight * np.log(state.pm25[:row] / self.base.world.pm25[:row])
        crowd = np.log(state.resident_population[:row] / self._people) - np.log1p(levers.land_supply[:row])
        attraction -= m.crowding[:row] * crowd
        closed = m.registration * (1.0 - (access[:row] + (1.0 - access[:row]) * mutual))
        costs = Costs(settlement.leaving, self._way, closed)
        local = state.resident_population[:row] - state.newcomers[:row]
        year = moves(
            settlement.amenity + m.elasticity * attraction, costs, m.considering, local, state.away[:row, :row]
        )
        flows = year.from_home + year.onward + year.home
        state.away[:row, :row] = year.away
        state.migrants[:row, :row] = flows
        state.net_migration[:row] = flows.sum(axis=0) - flows.sum(axis=1)
        return np.asarray(flows)

    def _set_way(self, factor: FloatArray, portable: FloatArray) -> None:
        """Costs of the way, computed again only in a year in which links or agreements change."""
        before, carried = self._links
        if not (np.array_equal(before, factor) and np.array_equal(carried, portable)):
            self._links = factor, portable.copy()
            time = self.base.world.travel_time_passenger * factor
            self._way = way_costs(self.base.world, self.migration, time, portable)
            self._way += self.base.settlement.pair

    def _town_and_country(self, state: State, levers: Levers, wages: FloatArray) -> None:
        """Incomes of town and country, land and the cost of housing on it."""
        world = self.base.world
        n, row, people, land = world.n_cities, world.row, state.resident_population, 1.0 + levers.land_supply
        state.urban_income[:], state.rural_income[:], state.housing_cost[:] = 0.0, 0.0, 0.0
        state.urban_income[:n], state.rural_income[:n] = self._rural.incomes(wages, state.labour, state.year)
        state.buildable_land[:] = world.buildable_land_km2 * land
        state.housing_cost[:row] = (people[:row] / self._people / land[:row]) ** self.migration.rent[:row]

    def _urbanise(self, state: State, before: FloatArray, flows: FloatArray) -> None:
        """Urban share of next year; ``before`` is the share of farm work, ``flows [from, to]`` who moves."""
        q, n = self._rural.params, self.base.world.n_cities
        after = self._rural.farm_share(state.labour)
        ratio = np.divide(after, before, out=np.ones(n), where=before > 0.0)
        people = state.resident_population[:n]
        leaving, net = flows.sum(axis=1)[:n] / people, state.net_migration[:n] / people
        state.urban_share[:n] = next_urban_share(state.urban_share[:n], ratio, leaving, net, q.elasticity)

    def _follow_services(self, state: State, access: FloatArray, mutual: FloatArray) -> None:
        """Quality closes a part of its gap to spending per head served, relative to the nation and the base year."""
        row = self.base.world.row
        spent = (state.city_service + state.province_service + state.central_service)[:row] / state.cpi[:row]
        served = self._served_people(state, access, mutual)
        ratio = spent / served / (self.base.services[:row] / self._served)
        nation = spent.sum() / served.sum() / (self.base.services[:row].sum() / self._served.sum())
        quality = state.service_quality[:row]
        quality += self.params.service_lag * (ratio / nation - quality)

    def _move_workers(self, state: State, flows: FloatArray) -> None:
        """Movers work as much as those they leave, in the sectors of those they join."""
        row = self.base.world.row
        labour, people = state.labour[:row], state.resident_population[:row]
        total = labour.sum(axis=1)
        leaving = flows * (total / people)[:, None]
        labour *= ((total - leaving.sum(axis=1) + leaving.sum(axis=0)) / total)[:, None]

    def _age(self, state: State, access: FloatArray) -> None:
        """Births less deaths where people live, and registration of newcomers by access ``[register, place]``."""
        q, row = self.params, self.base.world.row
        state.resident_population += state.net_migration
        state.resident_population *= 1.0 + q.natural_growth
        away = state.away[:row, :row]
        away *= (1.0 + q.natural_growth[:row])[None, :] * (1.0 - q.registration_rate * access)
        state.newcomers[:row] = away.sum(axis=0)
        state.registered_population[:row] = state.resident_population[:row] - state.newcomers[:row] + away.sum(axis=1)
