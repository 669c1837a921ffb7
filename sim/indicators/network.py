"""How near places are to each other, and how dense the network is."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.indicators.base import PER_CENT, REGION, SCOPES, View, indicator
from sim.indicators.targets import targets

AREA_OF_RAIL, AREA_OF_ROAD = 1e4, 1e2  # unit: km2; densities are published per so many


def _minutes(view: View, members: IntArray) -> FloatArray:
    """Door-to-door minutes of people from the members to every city ``[year, member, city]``."""
    n = view.world.n_cities
    today = view.world.travel_time_passenger[members, :n]
    return np.asarray(view["passenger_time"][:, members, :n] * today)


def _by_residents(view: View, members: IntArray, value: FloatArray) -> FloatArray:
    """Mean over the members by residents ``[year]`` of ``value [year, member]``."""
    people = view["resident_population"][:, members]
    return np.asarray((value * people).sum(axis=1) / people.sum(axis=1))


def _within(view: View, members: IntArray, limit: float) -> FloatArray:
    """Share of the region's residents within so many minutes, one's own city among them."""
    near = _minutes(view, members) <= limit
    near[:, np.arange(len(members)), members] = True
    people = view["resident_population"][:, : view.world.n_cities]
    share = (near * people[:, None, :]).sum(axis=2) / people.sum(axis=1, keepdims=True)
    return PER_CENT * _by_residents(view, members, share)


@indicator("%", *SCOPES)
def people_within_60_minutes(view: View, members: IntArray) -> FloatArray:
    """Share of the region's residents within an hour from door to door; mean by residents."""
    return _within(view, members, 60.0)  # unit: minutes


@indicator("%", *SCOPES)
def people_within_120_minutes(view: View, members: IntArray) -> FloatArray:
    """Share of the region's residents within two hours from door to door; mean by residents."""
    return _within(view, members, 120.0)  # unit: minutes


@indicator("minutes", *SCOPES)
def mean_travel_time(view: View, members: IntArray) -> FloatArray:
    """Travel time to the region's residents from door to door, own city included; mean by residents."""
    people = view["resident_population"][:, : view.world.n_cities]
    minutes = (_minutes(view, members) * people[:, None, :]).sum(axis=2) / people.sum(axis=1, keepdims=True)
    return _by_residents(view, members, minutes)


def _density(view: View, members: IntArray, target: str, opened: str, area: float) -> FloatArray:
    """The last density published up to the base year (0 where none is), and what has opened since."""
    world = view.world
    found = [goal.published for goal in targets(world) if goal.target == target and goal.place == REGION]
    years = [year for published in found for year in published if year <= world.base_year]
    start = found[0][max(years)] if years else 0.0
    return np.asarray(start + area * view.total(opened, members) / world.area_km2[members].sum())


@indicator("km per 10,000 km2", REGION)
def railway_density(view: View, members: IntArray) -> FloatArray:
    """Railway over area: the published density up to the base year, and the lines opened since."""
    return _density(view, members, "T07", "railway", AREA_OF_RAIL)


@indicator("km per 100 km2", REGION)
def expressway_density(view: View, members: IntArray) -> FloatArray:
    """Expressway over area: the published density up to the base year, and the roads of lines.csv opened since."""
    return _density(view, members, "T08", "expressway", AREA_OF_ROAD)
