"""Who lives where under which registration, and what must draw people so that they move as observed (MODEL.md 4, 8).

Without local registration are residents above the register, and a share of the others; registered people who are
missing live elsewhere, by gravity between those missing and those too many, the rest of the country closing the
balance. Attractions are inverted (Berry 1994) so that the model's net migration of every city in the base year is the
observed one: the change between two censuses less natural increase. Leaving costs are such that the usual share of the
cities' residents leaves, and of those the usual share for the rest of the country. Where a data set has observed moves
between pairs (migration.csv), what the ways cost is inverted from them instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.core.errors import InputError
from sim.datasets.impute import fit_margins
from sim.mechanisms.base_year import Settlement
from sim.mechanisms.people.migration import Costs, MigrationParams, moves, way_costs

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.datasets.world import World

MAX_STEPS = 60  # unit: steps of Newton's method; five to ten are usual
PRECISION = 1e-12  # unit: of all residents


def away_from_home(world: World, way: FloatArray) -> FloatArray:
    """People by where they are registered and where they live ``[registered, living]``, zero diagonal; imputed."""
    p, n, row = world.parameters, world.n_cities, world.row
    residents, register = world.resident_population[:n], world.registered_population[:n]
    floor = p.by_province("unregistered_floor")[world.province_of[:n]]
    newcomers = np.maximum(residents - register, 0.0) + floor * np.minimum(residents, register)
    absent = register - (residents - newcomers)
    outside = np.clip(p.value("absent_outside_share"), _least_outside(absent, newcomers), 1.0) * absent.sum()
    weight = np.exp(-way)
    np.fill_diagonal(weight, 0.0)
    from_outside = max(newcomers.sum() - (absent.sum() - outside), 0.0)
    found = np.zeros((row, row))
    found[:, :] = fit_margins(weight, np.append(absent, from_outside), np.append(newcomers, outside))
    return found


def _least_outside(absent: FloatArray, newcomers: FloatArray) -> float:
    """Smallest share of the absent that must live outside, as the cities' newcomers cannot be all of them.

    No city holds its own absent, so a table with these sums exists if none of them has more absent and newcomers than
    all newcomers and those outside; a tenth of what is left keeps the fit off that edge.
    """
    if not absent.sum():
        return 0.0
    needed = max(absent.sum() - newcomers.sum(), (absent + newcomers).max() - newcomers.sum(), 0.0)
    least = needed / absent.sum()
    return float(least + 0.1 * (1.0 - least) * (least > 0.0))  # unit: 1


def observed_net_migration(world: World) -> FloatArray:
    """Net migration a year ``[city]``: change between the two censuses less natural increase, 0 without censuses."""
    wide = world.census
    if wide.empty:
        return np.zeros(world.n_cities)
    first, last = int(wide.columns.min()), int(wide.columns.max())
    p = world.parameters
    natural = (p.by_province("birth_rate") - p.by_province("death_rate"))[world.province_of[: world.n_cities]]
    start, end = wide[first].to_numpy(np.float64), wide[last].to_numpy(np.float64)
    increase = natural / 1000.0 * (start + end) / 2.0  # unit: births and deaths are per 1,000 residents
    return np.asarray((end - start) / (last - first) - increase)


def settle(world: World, net: FloatArray | None = None) -> Settlement:
    """The settlement of the base year.

    Args:
        world: the data set.
        net: net migration a year ``[city]`` that attractions are to give; None = as observed.

    Raises:
        InputError: the observed migration cannot be matched.
    """
    params = MigrationParams.read(world)
    row = world.row
    way = way_costs(world, params, world.travel_time_passenger, np.zeros((row, row)))
    away = away_from_home(world, way)
    none, pair = np.zeros(row), np.zeros((row, row))
    if params.considering == 0.0:
        return Settlement(away, none, none, pair)
    local = world.resident_population[:row] - away.sum(axis=0)
    registration = params.registration * (1.0 - params.access[:row])
    if world.migration is not None and net is None:
        return Settlement(away, none, none, _inverted_ways(world, params, local, away, Costs(none, way, registration)))
    costs = Costs(none, way, registration)
    amenity, leaving = _inverted(
        world, params, local, away, costs, observed_net_migration(world) if net is None else net
    )
    return Settlement(away, amenity, leaving, pair)


def _inverted_ways(
    world: World, params: MigrationParams, local: FloatArray, away: FloatArray, costs: Costs
) -> FloatArray:
    """What ways cost besides ``[from, to]``, so that moves are the observed ones; infinite where nobody moves.

    Odds of moving over staying are corrected by observed over found: exact at once if all live at home.
    """
    wanted, people = world.migration, local + away.sum(axis=0)
    assert wanted is not None
    staying = params.considering * people - wanted.sum(axis=1)
    if (staying <= 0.0).any():
        i = int(staying.argmin())
        raise InputError(
            f"{wanted[i].sum():g} leave {world.region_names[i]}, but only {params.considering * people[i]:g} consider "
            "moving (migration_considering_share)",
            file="migration.csv",
            column="people",
            allowed="fewer leavers, or a larger share",
        )
    move = wanted > 0.0
    odds = np.where(move, wanted / staying[:, None], 0.0)
    for _ in range(MAX_STEPS):
        with np.errstate(divide="ignore"):
            pair = -np.log(odds) - costs.way - costs.registration[None, :]
        year = moves(np.zeros_like(people), costs._replace(way=costs.way + pair), params.considering, local, away)
        found = year.from_home + year.onward + year.home
        if np.abs(wanted - found).max() <= PRECISION * people.sum():
            np.fill_diagonal(pair, 0.0)
            return pair
        stay = params.considering * people - found.sum(axis=1)
        odds *= np.divide(wanted, found, out=np.zeros_like(found), where=move) * (stay / staying)[:, None]
    raise InputError(
        f"observed moves cannot be matched: {np.abs(wanted - found).max():.3g} people short", file="migration.csv"
    )


def _inverted(
    world: World,
    params: MigrationParams,
    local: FloatArray,
    away: FloatArray,
    costs: Costs,
    net: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Amenities and leaving costs by Newton's method; the Jacobian takes all people as living at home."""
    n, row, p = world.n_cities, world.row, world.parameters
    people = local + away.sum(axis=0)
    leavers = p.value("leaving_rate") * people[:n].sum()
    outside = p.value("leaving_outside_share") if n > 1 else 1.0  # where there is no other city all leave the region
    wanted = np.append(net, [leavers, outside * leavers])
    value, leaving = np.zeros(row), np.zeros(row)
    groups = np.zeros((row, 2))
    groups[:n, 0] = groups[n:, 1] = 1.0
    for _ in range(MAX_STEPS):
        year = moves(value, costs._replace(leaving=leaving), params.considering, local, away)
        flows = year.from_home + year.onward + year.home
        out = flows.sum(axis=1)
        found = np.append((flows.sum(axis=0) - out)[:n], [out[:n].sum(), flows[:n, n:].sum()])
        gap = wanted - found
        if np.abs(gap).max() <= PRECISION * people.sum():
            return value, leaving
        jacobian = _jacobian(flows, people, params.considering, groups, n)
        step = np.linalg.solve(jacobian, gap) if n > 1 else np.linalg.lstsq(jacobian, gap)[0]
        step *= min(1.0, 1.0 / np.abs(step).max())  # unit: log points, the longest step
        value[:n] += step[:n]
        leaving += groups @ step[n:]
    raise InputError(
        f"net migration cannot be matched: {np.abs(gap).max():.3g} people short",
        file="region_values.csv",
        key="pop_census",
        allowed="leaving_rate and leaving_outside_share that shrinking and growing cities can have",
    )


def _jacobian(flows: FloatArray, people: FloatArray, considering: float, groups: FloatArray, n: int) -> FloatArray:
    """How net migration of cities and the numbers leaving change with amenities and leaving costs."""
    out = flows.sum(axis=1)
    share = flows / (considering * people)[:, None]  # of those who consider moving
    stay = 1.0 - share.sum(axis=1)
    leaving = flows * stay[:, None]  # [from, of value]: what draws them elsewhere
    arriving = np.diag(flows.sum(axis=0)) - flows.T @ share - flows.T * stay[None, :]
    np.fill_diagonal(leaving, -out * stay)
    staying = flows * stay[:, None]
    by_cost = (out * stay)[:, None] * groups - staying.T @ groups
    outside = flows[:n, n:].sum(axis=1)  # of every city, to the rest of the country
    to_country = -(outside @ share[:n, :n]) - outside * stay[:n]
    top = np.hstack([(arriving - leaving)[:n, :n], by_cost[:n]])
    rows = [
        np.append(leaving[:n, :n].sum(axis=0), [-(out * stay)[:n].sum(), 0.0]),
        np.append(to_country, [-(outside * stay[:n]).sum(), 0.0]),
    ]
    return np.vstack([top, *rows])
