"""The infrastructure phase: which lines are open this year, and what that does to travel times.

The railway of the base year is what the timetable shows: the fastest direct train between two cities, taken as it is;
where none is known, the running times along a line or a through route. A change of trains costs half an hour. A line
that opens adds what can be travelled on it, along the line and along through routes that use it; where its time was
stated, that train. People take the faster of car and railway with its access, goods the faster of road and water with
handling; a road that opens a crossing of water shortens the ways that went round to other bridges; the outside is
reached through border junctions, airports and sea ports. The times of the data are kept as the base: a year's times are
theirs times the network's of the year over the network's of the base year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import csgraph_from_dense, shortest_path

from sim.core.arrays import BoolArray, FloatArray, IntArray
from sim.core.levers import Levers
from sim.core.state import State
from sim.datasets.travel_rules import MINUTES_PER_HOUR, Road, road_distance, with_outside
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.gateways import gateways_of

if TYPE_CHECKING:
    from sim.datasets.world import World


@dataclass(frozen=True)
class Link:
    """A stretch of one line between two nodes."""

    line: int
    nodes: tuple[int, int]
    minutes: float
    km: float


@dataclass(frozen=True)
class Train:
    """A direct train between two cities from the opening of a line on."""

    line: int
    cities: tuple[int, int]
    minutes: float


@dataclass(frozen=True, eq=False)
class Waters:
    """Waters that roads cross at bridges only, and the bridges of the base year and of lines."""

    seats: FloatArray  # [city, 2] longitude and latitude
    courses: tuple[FloatArray, ...]  # polylines [point, 2]
    bridges: FloatArray  # [bridge, 2], points of courses
    line: IntArray  # [bridge] line that it opens with, -1 in the base year

    @classmethod
    def of(cls, world: World) -> Waters:
        """The waters of a data set, none without crossings.csv."""
        seats = world.regions[["lon", "lat"]].to_numpy(np.float64)[: world.n_cities]
        if "crossings" not in world.tables:
            return cls(seats, (), np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
        points = world.tables["crossings"].sort_values(["water", "position"], kind="stable")
        number = {name: k for k, name in enumerate(world.line_ids)}
        bridges = points[points["bridge"] != ""]
        return cls(
            seats=seats,
            courses=tuple(part[["lon", "lat"]].to_numpy(np.float64) for _, part in points.groupby("water", sort=False)),
            bridges=bridges[["lon", "lat"]].to_numpy(np.float64),
            line=np.array([number.get(name, -1) for name in bridges["line"]], dtype=np.int64),
        )

    def ways(self, is_open: BoolArray) -> FloatArray:
        """Shortest ways over land and open bridges ``[city, city]``, km of great circles; lines ``[line]``."""
        there = (self.line < 0) | is_open[self.line]
        return road_distance(self.seats, list(self.courses), self.bridges[there])

    def shortening(self, is_base: BoolArray, is_open: BoolArray) -> FloatArray:
        """Ways with the open lines over those of the base year ``[city, city]``, one where nothing changes."""
        before, after = self.ways(is_base), self.ways(is_open)
        known = np.isfinite(before) & (before > 0.0)
        return np.divide(after, before, out=np.ones_like(before), where=known)


@dataclass(frozen=True)
class Rules:
    """Numbers of the travel rules, from parameters.csv (keys in brackets); minutes and km."""

    change: float  # [rail_change_time]
    wait: float  # [rail_wait_time]
    access: float  # [rail_access_time]
    ports: float  # [port_handling_time]
    car: Road  # [car_speed, car_access_time]
    truck: Road  # [truck_speed, truck_handling_time]
    country: float  # [country_access_time]
    world: float  # [world_access_time]

    @classmethod
    def read(cls, world: World) -> Rules:
        """Take the parameters of this data set; roads are given in km of road, so the detour is one."""
        p = world.parameters
        return cls(
            change=p.value("rail_change_time"),
            wait=p.value("rail_wait_time"),
            access=p.value("rail_access_time"),
            ports=p.value("port_handling_time"),
            car=Road(p.value("car_speed"), p.value("car_access_time"), 1.0),
            truck=Road(p.value("truck_speed"), p.value("truck_handling_time"), 1.0),
            country=p.value("country_access_time"),
            world=p.value("world_access_time"),
        )


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes, lines and trains as arrays; C cities, L lines.

    ``service`` ``[line]`` is the part of a line's trains that run: 0 closed, 1 all of them. Lines of the base year are
    always in full service.
    """

    rules: Rules
    is_base: BoolArray  # [line] open in the base year
    railways: tuple[Link, ...]
    waterways: tuple[Link, ...]
    roads: tuple[Link, ...]
    courses: tuple[tuple[int, ...], ...]  # nodes along which trains run through: lines and routes
    city_of: IntArray  # [node] -1 outside
    station_access: FloatArray  # [node] minutes more than a usual way to a station
    fast: FloatArray  # [city, city] fastest direct multiple unit of the base year, NaN without one
    slow: FloatArray  # [city, city] fastest other direct train of the base year, infinite without one
    stated: tuple[Train, ...]
    road_km: FloatArray  # [city, city] of the base year
    gateways: dict[str, IntArray]  # cities that have them, by role
    waters: Waters

    @classmethod
    def of(cls, world: World) -> Network:
        """The network of a data set that has one."""
        t, line = world.tables, {name: k for k, name in enumerate(world.line_ids)}
        city = {region: k for k, region in enumerate(world.region_ids[: world.n_cities])}
        node = {name: k for k, name in enumerate(t["nodes"]["node"])}
        mode = dict(zip(t["lines"]["line"], t["lines"]["mode"], strict=True))
        links = t["links"].sort_values(["line", "position"], kind="stable")
        rows = links[["line", "origin", "destination", "minutes", "km"]].itertuples(index=False, name=None)
        by_mode: dict[str, list[Link]] = {"rail": [], "road": [], "water": []}
        for name, one, other, minutes, km in rows:
            by_mode[mode[name]].append(Link(line[name], (node[one], node[other]), float(minutes), float(km)))
        courses = [_course(part["origin"], part["destination"]) for _, part in links.groupby("line", sort=False)
                   if mode[part["line"].iloc[0]] == "rail"]  # fmt: skip
        routes = t["routes"].sort_values(["route", "position"], kind="stable")
        courses += [part["node"].tolist() for _, part in routes.groupby("route", sort=False)]
        fast, slow, stated = _trains(t["trains"], line, city)
        rules = Rules.read(world)
        n = world.n_cities
        driving = np.maximum(world.travel_time_freight[:n, :n] - rules.truck.fixed_minutes, 0.0)
        road_km = driving * rules.truck.speed / MINUTES_PER_HOUR
        np.fill_diagonal(road_km, 0.0)
        gateways = t["gateways"]
        return cls(
            rules=rules,
            is_base=world.line_opening <= world.base_year,
            railways=tuple(by_mode["rail"]),
            waterways=tuple(by_mode["water"]),
            roads=tuple(by_mode["road"]),
            courses=tuple(tuple(node[name] for name in course) for course in courses),
            city_of=np.array([city.get(region, -1) for region in t["nodes"]["region"]], dtype=np.int64),
            station_access=t["nodes"]["access_minutes"].to_numpy(np.float64),
            fast=fast,
            slow=slow,
            stated=tuple(stated),
            road_km=road_km,
            gateways={
                str(role): np.array(sorted({city[region] for region in part["region"]}), dtype=np.int64)
                for role, part in gateways.groupby("role")
            },
            waters=Waters.of(world),
        )

    def effective(self, service: FloatArray) -> FloatArray:
        """Service ``[line]`` with the lines of the base year."""
        return np.where(self.is_base, 1.0, service)

    # --- railways ---------------------------------------------------------------------------------------------

    def rides(self, service: FloatArray) -> FloatArray:
        """Minutes of the fastest way without a change ``[city, city]``, infinite without one."""
        rides = self.base_rides.copy()
        for one, other, minutes in self.along(self.effective(service), new=True):
            rides[one, other] = min(rides[one, other], minutes)
        for train in self.stated:
            if service[train.line] > 0.0:
                minutes = train.minutes + self._wait(service[train.line])
                rides[train.cities] = min(rides[train.cities], minutes)
        return np.minimum(rides, rides.T)

    @cached_property
    def base_rides(self) -> FloatArray:
        """The same of the base year: the timetable, and running times where it shows no multiple unit."""
        rides = self.slow.copy()
        for one, other, minutes in self.along(self.is_base.astype(np.float64), new=False):
            rides[one, other] = min(rides[one, other], minutes)
        rides = np.minimum(rides, rides.T)
        return np.where(np.isnan(self.fast), rides, self.fast)

    def along(self, service: FloatArray, *, new: bool) -> Iterator[tuple[int, int, float]]:
        """Minutes between cities along every course, as far as its links are in service.

        With ``new`` only stretches that use a line opened after the base year. A line with part of its trains makes
        travellers wait longer, once for a ride.
        """
        links = self._usable(service)
        for course in self.courses:
            for first, start in enumerate(course):
                if self.city_of[start] < 0:
                    continue
                minutes, wait, is_new = self.station_access[start], 0.0, False
                for pair in zip(course[first:], course[first + 1 :], strict=False):
                    link = links.get(pair)
                    if link is None:
                        break
                    minutes += link.minutes
                    wait = max(wait, self._wait(service[link.line]))
                    is_new |= not self.is_base[link.line]
                    city = self.city_of[pair[1]]
                    if city >= 0 and city != self.city_of[start] and (is_new or not new):
                        yield int(self.city_of[start]), int(city), minutes + wait + self.station_access[pair[1]]

    def _usable(self, service: FloatArray) -> dict[tuple[int, int], Link]:
        """The fastest link in service between two nodes, both ways round."""
        best: dict[tuple[int, int], Link] = {}
        for link in self.railways:
            if service[link.line] > 0.0:
                for pair in (link.nodes, link.nodes[::-1]):
                    known = best.get(pair)
                    if known is None or self._cost(link, service) < self._cost(known, service):
                        best[pair] = link
        return best

    def _cost(self, link: Link, service: FloatArray) -> float:
        return link.minutes + self._wait(service[link.line])

    def _wait(self, service: float) -> float:
        """How much longer travellers wait when only part of the trains run."""
        return self.rules.wait * (1.0 / float(service) - 1.0)

    def rail(self, service: FloatArray) -> FloatArray:
        """Minutes in trains and between them ``[city, city]``, infinite where no railway goes."""
        return with_changes(self.rides(service), self.rules.change)

    # --- roads and water --------------------------------------------------------------------------------------

    def road(self, service: FloatArray) -> FloatArray:
        """Km of road ``[city, city]``: the base year's, shortened by roads opened since.

        A road with a crossing (crossings.csv) shortens ways by what they save over land and bridges, in proportion;
        any other is a way of its own length between its ends.
        """
        km, opened = self.road_km, (service > 0.0) & ~self.is_base
        crossing = np.isin(np.arange(opened.size), self.waters.line)
        if (opened & crossing).any():
            km = km * self.waters.shortening(self.is_base, self.is_base | opened)
        for link in self.roads:
            one, other = self.city_of[list(link.nodes)]
            if opened[link.line] and not crossing[link.line]:
                length = link.minutes * self.rules.car.speed / MINUTES_PER_HOUR
                there = km[:, one, None] + length + km[None, other, :]
                km = np.minimum(km, np.minimum(there, there.T))
        return km

    def water(self, service: FloatArray) -> FloatArray:
        """Minutes by water without the ports' handling ``[city, city]``, infinite where no waterway goes."""
        ways = np.full_like(self.road_km, np.inf)
        for link in self.waterways:
            if self.effective(service)[link.line] > 0.0:
                one, other = self.city_of[list(link.nodes)]
                ways[one, other] = ways[other, one] = min(ways[one, other], link.minutes)
        return with_changes(ways, 0.0)

    # --- door to door -----------------------------------------------------------------------------------------

    def times(self, service: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Door-to-door minutes of people and of goods ``[region, region]``; own times are left at one."""
        rules, km = self.rules, self.road(service)
        people = np.minimum(rules.car.minutes(km), self.rail(service) + rules.access)
        goods = np.minimum(rules.truck.minutes(km), self.water(service) + rules.ports)
        return self._closed(people, "airport"), self._closed(goods, "sea_port")

    def _closed(self, inside: FloatArray, gateway: str) -> FloatArray:
        border, gate = (inside[:, self.gateways[role]].min(axis=1) for role in ("border", gateway))
        inside = inside.copy()
        np.fill_diagonal(inside, 1.0)
        country, world = self.rules.country, self.rules.world
        return with_outside(inside, border + country, gate + world, 1.0, 1.0, country + world)

    def factors(self, service: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Times of people and goods over the base year's ``[region, region]``."""
        people, goods = self.times(service)
        people_then, goods_then = self.base_times
        return people / people_then, goods / goods_then

    @cached_property
    def base_times(self) -> tuple[FloatArray, FloatArray]:
        """`times` of the base year."""
        return self.times(np.zeros(len(self.is_base)))

    def opened_km(self, links: tuple[Link, ...], service: FloatArray, n_regions: int) -> FloatArray:
        """Km of these links opened since the base year ``[region]``; a link lies half in either end's region."""
        km = np.zeros(n_regions)
        for link in links:
            if service[link.line] > 0.0 and not self.is_base[link.line]:
                for node in link.nodes:
                    km[self.city_of[node]] += 0.5 * link.km
        return km


def with_changes(rides: FloatArray, change: float) -> FloatArray:
    """Shortest times ``[place, place]`` over rides without a change, with ``change`` minutes between two of them."""
    graph = csgraph_from_dense(rides + change, null_value=np.inf)
    times = np.asarray(shortest_path(graph, directed=False)) - change
    np.fill_diagonal(times, 0.0)
    return times


def _course(origins: pd.Series, destinations: pd.Series) -> list[str]:
    return [*origins.tolist(), destinations.iloc[-1]]


def _trains(
    trains: pd.DataFrame, line: dict[str, int], city: dict[str, int]
) -> tuple[FloatArray, FloatArray, list[Train]]:
    """Fast and slow trains of the base year ``[city, city]``, and those stated for new lines."""
    fast, slow = np.full((len(city), len(city)), np.nan), np.full((len(city), len(city)), np.inf)
    stated = []
    rows = trains[["line", "origin", "destination", "minutes", "kind"]].itertuples(index=False, name=None)
    for name, one, other, minutes, kind in rows:
        ends = city[one], city[other]
        if kind == "fast":
            fast[ends] = fast[ends[::-1]] = minutes
        elif kind == "slow":
            slow[ends] = slow[ends[::-1]] = minutes
        elif kind == "stated":
            stated.append(Train(line[name], ends, float(minutes)))
    return fast, slow, stated


@lru_cache(maxsize=4)  # unit: worlds; runs of a study share one, and few are at hand at a time
def _network(world: World) -> Network:
    return Network.of(world)


@lru_cache(maxsize=64)  # unit: sets of open lines; the years of one scenario, again in every run of a study
def _factors(network: Network, service: bytes) -> tuple[FloatArray, FloatArray]:
    return network.factors(np.frombuffer(service))


class Infrastructure:
    """Opens lines; travel times are computed anew only in years when the service of a line changes, and only once for
    the same lines of a data set.

    Args:
        base: the calibrated base year.
        as_opened: open lines on the dates of the data, whatever policies do.
    """

    name: ClassVar[str] = "infrastructure"
    reads: ClassVar[tuple[str, ...]] = ("world_trade", "gdp", "sea_port_wait", "airport_wait")
    writes: ClassVar[tuple[str, ...]] = (
        *("passenger_time", "freight_time", "railway", "expressway"),
        *("sea_port_use", "airport_use", "sea_port_wait", "airport_wait", "gateway_cost"),
    )

    def __init__(self, base: BaseYear, *, as_opened: bool = False) -> None:
        self.base = base
        self._as_opened = as_opened
        n = base.world.n_regions
        self._service = np.zeros(base.world.n_lines)
        self._passenger, self._freight = np.ones((n, n)), np.ones((n, n))
        self._railway, self._expressway = np.zeros(n), np.zeros(n)
        self.computed = 0  # how often times changed

    @cached_property
    def network(self) -> Network:
        """Read when the first line opens: a run without openings does not depend on it."""
        return _network(self.base.world)

    def update(self, state: State, levers: Levers) -> None:
        """Travel times of the year over the base year's, and waits at ports and airports."""
        service = levers.line_service
        if self._as_opened:
            world = self.base.world
            is_open = (world.line_opening > world.base_year) & (world.line_opening <= state.year)
            service = np.maximum(service, is_open)
        if not np.array_equal(service, self._service):
            network, n = self.network, self.base.world.n_regions
            self._service = service.copy()
            self._passenger, self._freight = _factors(network, self._service.tobytes())
            self._railway = network.opened_km(network.railways, service, n)
            self._expressway = network.opened_km(network.roads, service, n)
            self.computed += 1
        state.passenger_time[:], state.freight_time[:] = self._passenger, self._freight
        state.railway[:], state.expressway[:] = self._railway, self._expressway
        for written in (state.sea_port_use, state.airport_use, state.gateway_cost):
            written[:] = 0.0
        for gateways in gateways_of(self.base):
            state.gateway_cost[: self.base.world.n_cities] += gateways.update(state, levers)
