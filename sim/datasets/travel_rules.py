"""Travel times between cities where no timetable is known: pure functions on arrays.

Rules of thumb for China about 2019: trucks and cars follow the great circle times a detour at a mean speed; two water
lines (the mouths of the Yangtze and the Qiantang) are crossed at bridges only. A person takes the faster of car and
rail, door to door. Times in minutes, distances in km, places [n, 2] as longitude and latitude in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import shortest_path

FloatArray = NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0088  # source: mean radius, International Union of Geodesy and Geophysics
MINUTES_PER_HOUR = 60.0  # unit: minutes
_TOUCH = 1e-3  # unit: share of a segment
"""Share of a segment left out at both ends: a trip that ends on a bridge does not cross the water there."""


@dataclass(frozen=True)
class Road:
    """Speed and fixed time of a kind of vehicle; unit of speed km per hour."""

    speed: float
    fixed_minutes: float
    detour: float

    def minutes(self, great_circle_km: ArrayLike) -> FloatArray:
        """Time of a trip over a great-circle distance."""
        hours = np.asarray(great_circle_km, dtype=np.float64) * self.detour / self.speed
        return np.asarray(MINUTES_PER_HOUR * hours + self.fixed_minutes, dtype=np.float64)


def great_circle(origins: ArrayLike, destinations: ArrayLike) -> FloatArray:
    """Distance [origin, destination] on the sphere (haversine formula)."""
    a, b = (np.radians(np.asarray(places, dtype=np.float64)) for places in (origins, destinations))
    half = np.sin((a[:, None, :] - b[None, :, :]) / 2.0) ** 2
    chord = half[..., 1] + np.cos(a[:, None, 1]) * np.cos(b[None, :, 1]) * half[..., 0]
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))), dtype=np.float64)


def road_distance(places: ArrayLike, water_lines: list[FloatArray], bridges: ArrayLike) -> FloatArray:
    """Great-circle distance [origin, destination] of the shortest way that crosses water at bridges only.

    ``water_lines`` are polylines [point, 2]; bridges [m, 2] are points of them. Places that water alone separates
    have infinite distance.
    """
    cities = np.asarray(places, dtype=np.float64)
    nodes = np.vstack([cities, np.asarray(bridges, dtype=np.float64).reshape(-1, 2)])
    direct = great_circle(nodes, nodes)
    for line in water_lines:
        for start, end in zip(line[:-1], line[1:], strict=True):
            direct[crosses(nodes, start, end)] = np.inf
    np.fill_diagonal(direct, 0.0)
    graph = np.where(np.isfinite(direct) & (direct > 0), direct, 0.0)
    paths = shortest_path(graph, directed=False)
    return np.asarray(paths[: len(cities), : len(cities)], dtype=np.float64)


def crosses(nodes: FloatArray, start: FloatArray, end: FloatArray) -> NDArray[np.bool_]:
    """Whether the straight line between two nodes crosses the segment start-end, [node, node].

    Plane geometry in degrees: at this scale and for this purpose the curvature does not matter.
    """
    step = nodes[None, :, :] - nodes[:, None, :]
    water = end - start
    offset = start - nodes[:, None, :]
    turn = step[..., 0] * water[1] - step[..., 1] * water[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (offset[..., 0] * water[1] - offset[..., 1] * water[0]) / turn
        across = (offset[..., 0] * step[..., 1] - offset[..., 1] * step[..., 0]) / turn
    inside = (along > _TOUCH) & (along < 1.0 - _TOUCH) & (across >= 0.0) & (across <= 1.0)
    return np.asarray((turn != 0) & inside, dtype=np.bool_)


def own_minutes(area_km2: ArrayLike, fixed: float, radius_share: float, road: Road) -> FloatArray:
    """Time of a mean trip inside a city: a share of the radius of a circle of its area, by road, plus a fixed part."""
    radius = radius_share * np.sqrt(np.asarray(area_km2, dtype=np.float64) / np.pi)
    return np.asarray(fixed + MINUTES_PER_HOUR * radius * road.detour / road.speed, dtype=np.float64)


def door_to_door(car: ArrayLike, rail: ArrayLike, rail_access: float) -> FloatArray:
    """The faster of car and rail with access to the stations; an unknown rail time (NaN) leaves the car."""
    return np.asarray(np.fmin(np.asarray(car), np.asarray(rail) + rail_access), dtype=np.float64)


def with_outside(
    inside: ArrayLike, to_country: ArrayLike, to_world: ArrayLike, country: float, world: float, between: float
) -> FloatArray:
    """Append the rest of the country and of the world to times between cities, [C+2, C+2], symmetric.

    to_country, to_world [C]; country, world: own times; between: from one to the other.
    """
    n = len(np.asarray(inside))
    times = np.empty((n + 2, n + 2))
    times[:n, :n] = inside
    times[n, :n] = times[:n, n] = to_country
    times[n + 1, :n] = times[:n, n + 1] = to_world
    times[n, n], times[n + 1, n + 1] = country, world
    times[n, n + 1] = times[n + 1, n] = between
    return times
