"""Migration: the discrete choice beside a loop twin, its elasticities, the inverted base year, registers, services."""

from __future__ import annotations

import copy
import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.calibration import calibrate
from sim.calibration.people import observed_net_migration, settle
from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.core.state import State
from sim.datasets import three_cities
from sim.datasets.world import World
from sim.experiments.run import Run
from sim.experiments.run import run as run_scenario
from sim.indicators.identities import ALLOWED, identities
from sim.mechanisms.people import People
from sim.mechanisms.people.migration import Costs, MigrationParams, Moves, moves, size_friction, way_costs
from sim.year import Simulation
from tests.worlds import small_base, small_model

CONSIDERING = 0.1
STEP = 1e-5


def random_people(seed: int, n: int, spread: float = 1.0) -> tuple[FloatArray, Costs, FloatArray, FloatArray]:
    """Attraction, costs, people at home and away from it; sizes over orders of magnitude, some registers empty."""
    rng = np.random.default_rng(seed)
    local = np.exp(rng.normal(3.0, spread, n)) * (rng.random(n) > 0.1)
    away = np.exp(rng.normal(1.0, spread, (n, n))) * (rng.random((n, n)) > 0.3)
    np.fill_diagonal(away, 0.0)
    costs = Costs(rng.normal(3.0, 1.0, n), rng.uniform(0.0, 6.0, (n, n)), rng.uniform(0.0, 2.0, n))
    return rng.normal(0.0, spread, n), costs, local, away


def twin(value: FloatArray, costs: Costs, local: FloatArray, away: FloatArray) -> Moves:
    """The choice written out for everybody registered at h who lives at i and may go to j."""
    n = value.size
    closed = np.broadcast_to(costs.registration, (n, n))
    after, from_home, onward, home = away.copy(), *(np.zeros((n, n)) for _ in range(3))
    for h in range(n):
        for i in range(n):
            people = local[h] if i == h else away[h, i]
            weights = {}
            for j in range(n):
                barrier = 0.0 if j == h else closed[i, j]
                weights[j] = np.exp(value[j] - value[i] - costs.leaving[i] - costs.way[i, j] - barrier)
            weights[i] = 1.0
            for j in set(range(n)) - {i}:
                flow = CONSIDERING * people * weights[j] / sum(weights.values())
                (from_home if i == h else home if j == h else onward)[i, j] += flow
                if i != h:
                    after[h, i] -= flow
                if j != h:
                    after[h, j] += flow
    return Moves(after, from_home, onward, home)


@pytest.mark.parametrize("by_pair", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_moves_are_the_choices_of_everybody(n: int, by_pair: bool) -> None:
    value, costs, local, away = random_people(n, n)
    if by_pair:
        costs = costs._replace(registration=np.random.default_rng(n).uniform(0.0, 2.0, (n, n)))
    for found, expected in zip(
        moves(value, costs, CONSIDERING, local, away), twin(value, costs, local, away), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@settings(derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sampled_from([0.1, 1.0, 3.0]), st.floats(0.0, 1.0))
def test_nobody_is_lost_or_made(seed: int, n: int, spread: float, considering: float) -> None:
    """By place of registration, whoever they are: those at home and away are as many after a year as before it."""
    value, costs, local, away = random_people(seed, n, spread)
    year = moves(value, costs, considering, local, away)
    at_home = local - year.from_home.sum(axis=1) + year.home.sum(axis=0)
    before = local + away.sum(axis=1)
    np.testing.assert_allclose(at_home + year.away.sum(axis=1), before, rtol=1e-12, atol=1e-12 * before.sum())
    assert year.away.min() >= -1e-12 * before.max()
    assert not np.diag(year.away).any()


def flow_to(city: int, value: FloatArray, costs: Costs, local: FloatArray) -> FloatArray:
    """Who leaves home for a city, by origin."""
    return moves(value, costs, CONSIDERING, local, np.zeros((local.size, local.size))).from_home[:, city]


def test_wages_draw_with_the_elasticity_of_a_logit() -> None:
    """``d ln flow_ij / d ln w_j = nu (1 - P_ij)``."""
    nu = MigrationParams.read(three_cities()).elasticity
    value, costs, local, _ = random_people(3, 5)
    others = (np.arange(5) != 2) & (local > 0.0)
    before = flow_to(2, value, costs, local)
    richer = value + nu * np.log1p(STEP) * (np.arange(5) == 2)
    response = np.log(flow_to(2, richer, costs, local)[others] / before[others]) / np.log1p(STEP)
    share = before[others] / (CONSIDERING * local[others])
    np.testing.assert_allclose(response, nu * (1.0 - share), rtol=1e-4)


def test_access_draws_newcomers_and_nobody_home() -> None:
    """``d ln flow_ij / d access_j = c3 (1 - P_ij)`` for newcomers; odds of going home over staying do not change."""
    c3 = MigrationParams.read(three_cities()).registration
    value, costs, local, away = random_people(4, 5)
    others = (np.arange(5) != 1) & (local > 0.0)
    before = flow_to(1, value, costs, local)
    opener = costs._replace(registration=costs.registration - c3 * STEP * (np.arange(5) == 1))
    response = np.log(flow_to(1, value, opener, local)[others] / before[others]) / STEP
    share = before[others] / (CONSIDERING * local[others])
    np.testing.assert_allclose(response, c3 * (1.0 - share), rtol=1e-4)

    only = np.zeros_like(away)
    only[1, 3] = 7.0

    def odds(barrier: float) -> float:
        closed = costs._replace(registration=np.full(5, barrier))
        year = moves(value, closed, CONSIDERING, np.zeros(5), only)
        staying = CONSIDERING * 7.0 - year.onward.sum() - year.home.sum()
        return float(year.home[3, 1] / staying)

    expected = np.exp(value[1] - value[3] - costs.leaving[3] - costs.way[3, 1])
    assert odds(0.0) == pytest.approx(expected, rel=1e-10)
    assert odds(3.0) == pytest.approx(expected, rel=1e-10)


# --- the calibrated base year -------------------------------------------------------------------------------------


@cache
def delta() -> World:
    return World.load("yangtze_delta")


def test_base_year_migration_is_the_observed_one() -> None:
    """All cities, from the censuses by hand, to 1e-9 of their residents; leavers and those who go outside as given."""
    world = delta()
    n, row, p = world.n_cities, world.row, world.parameters
    counted = world.observed[world.observed["variable"] == "pop_census"].set_index(["region_id", "year"])["value"]
    rate = (p.by_province("birth_rate") - p.by_province("death_rate"))[world.province_of] / 1000.0
    expected = []
    for i, city in enumerate(world.region_ids[:n]):
        first, last = counted[city, 2010], counted[city, 2020]
        expected.append((last - first) / 10.0 - rate[i] * (first + last) / 2.0)
    np.testing.assert_allclose(observed_net_migration(world), expected, rtol=1e-12)

    params, found = MigrationParams.read(world), settle(world)
    way = way_costs(world, params, world.travel_time_passenger, np.zeros((row, row)))
    local = world.resident_population[:row] - found.away.sum(axis=0)
    costs = Costs(found.leaving, way, params.registration * (1.0 - params.access[:row]))
    year = moves(found.amenity, costs, params.considering, local, found.away)
    flows = year.from_home + year.onward + year.home
    net = flows.sum(axis=0) - flows.sum(axis=1)
    residents = world.resident_population[:n]
    assert (np.abs(net[:n] - expected) <= 1e-9 * residents).all()
    out = flows[:n].sum()
    assert out / residents.sum() == pytest.approx(p.value("leaving_rate"), rel=1e-9)
    assert flows[:n, n:].sum() / out == pytest.approx(p.value("leaving_outside_share"), rel=1e-9)


def with_moves(observed: FloatArray, world: World | None = None) -> World:
    """The three-city world with observed moves between its cities and the rest of the country."""
    world = world or three_cities()
    places = list(world.region_ids[: world.row])
    index = pd.MultiIndex.from_product([places, places], names=["origin", "destination"])
    table = pd.DataFrame({"people": observed.ravel()}, index=index).reset_index()
    frames = {name: frame.copy() for name, frame in world.tables.items()}
    return World.from_tables(**frames, migration=table[table["people"] > 0.0])


def random_moves(seed: int) -> FloatArray:
    """Up to 2 % of residents go to every other place, some pairs without anybody."""
    rng, residents = np.random.default_rng(seed), three_cities().resident_population[:4]
    observed = rng.uniform(0.001, 0.02, (4, 4)) * residents[:, None] * (rng.random((4, 4)) > 0.2)
    observed[3] *= residents[0] / residents[3]
    np.fill_diagonal(observed, 0.0)
    return np.asarray(observed)


@pytest.mark.parametrize("seed", range(5))
def test_observed_moves_are_the_base_years_moves(seed: int) -> None:
    """With migration.csv the first year's moves of every pair, the rest of the country among them, are the table's."""
    observed = random_moves(seed)
    model = small_model(base=calibrate(with_moves(observed), keep=False), check_identities=True)
    model.step()
    found = model.record["migrants"][0, :4, :4]
    np.testing.assert_allclose(found, observed, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(model.record["net_migration"][0, :4], observed.sum(0) - observed.sum(1), atol=1e-6)
    model.step()  # a pair with nobody stays empty, the others follow what pays
    found = model.record["migrants"][1, :4, :4]
    assert ((found > 0.0) == (observed > 0.0)).all()


def test_more_leavers_than_consider_moving_are_refused() -> None:
    observed = random_moves(0)
    observed[0, 1] = 9.0  # of 90 residents one in ten considers moving
    with pytest.raises(InputError, match=r"migration.csv.* leave Port City, but only 9 consider moving"):
        settle(with_moves(observed))


def test_size_classes() -> None:
    """Super cities are closed to newcomers by size, smaller ones by the friction of their class."""
    world, p = delta(), delta().parameters
    urban = world.urban_population * p.value("urban_district_share")
    friction = size_friction(world)
    names = [(1000.0, "super"), (500.0, "very_large"), (300.0, "large"), (0.0, "other")]
    for i in range(world.n_cities):
        name = next(name for threshold, name in names if urban[i] >= threshold)
        assert friction[i] == p.value(f"registration_friction_{name}"), world.region_names[i]
    found = {name for name, value in zip(world.region_names, friction, strict=True) if value > 0.0}
    assert friction[world.index("Shanghai")] == p.value("registration_friction_super")
    assert "Nanjing" in found
    assert "Huangshan" not in found
    assert not friction[world.n_cities :].any()


# --- the phase ----------------------------------------------------------------------------------------------------


@cache
def before_people() -> tuple[Simulation, State]:
    """The three-city world in its second year, about to move people."""
    model = small_model()
    model.step()
    model.levers.reset(model.baseline_levers)
    for phase in model.phases[: [phase.name for phase in model.phases].index("people")]:
        phase.update(model.state, model.levers)
    return model, model.state.copy()


def moved(access: float = 0.0, city: int | None = None, *, anybody: bool = True) -> State:
    """The state after the people phase, with access of all cities, or of one, opened by so much."""
    model, state = before_people()
    levers, state = copy.deepcopy(model.levers), state.copy()
    levers.service_access[slice(model.world.n_cities) if city is None else city] = access
    people = People(model.base)
    if not anybody:
        people.migration = dataclasses.replace(people.migration, considering=0.0)
    people.update(state, levers)
    return state


def test_newcomers_register_where_they_may() -> None:
    """With nobody moving, newcomers fall by the registration rate times access, births aside."""
    model, before = before_people()
    world, n = model.world, model.world.n_cities
    natural = 1.0 + People(model.base).params.natural_growth
    rate, today = world.parameters.value("registration_rate"), MigrationParams.read(world).access[:n]
    for opening in (0.0, 0.4, 1.0):
        after = moved(opening, anybody=False)
        kept = natural[:n] * (1.0 - rate * (1.0 - (1.0 - today) * (1.0 - opening)))
        np.testing.assert_allclose(after.newcomers[:n], before.newcomers[:n] * kept, rtol=1e-12)
        np.testing.assert_allclose(after.resident_population, before.resident_population * natural, rtol=1e-12)
        np.testing.assert_allclose(after.away.sum(axis=0), after.newcomers, rtol=1e-12)
    assert moved(1.0, anybody=False).registered_population[0] > moved(0.0, anybody=False).registered_population[0]


def test_open_services_are_spread_over_more_people() -> None:
    """A city that serves newcomers like locals has less per head served, and only it falls behind the nation."""
    closed, opened = moved(), moved(1.0, city=0)
    model, before = before_people()
    q, access = People(model.base).params, MigrationParams.read(model.world).access[0]
    residents, newcomers = before.resident_population[0], before.newcomers[0]
    use = q.newcomer_share + (1.0 - q.newcomer_share) * access
    more = residents / (residents - (1.0 - use) * newcomers)
    assert more > 1.0
    # the city is .1 % of the nation, whose mean hardly moves
    gap = closed.service_quality[0] - before.service_quality[0] * (1.0 - q.service_lag)
    expected = before.service_quality[0] * (1.0 - q.service_lag) + gap / more
    assert opened.service_quality[0] == pytest.approx(expected, rel=1e-3)
    assert opened.service_quality[0] < closed.service_quality[0] - 1e-3
    np.testing.assert_allclose(opened.service_quality[1:4], closed.service_quality[1:4], rtol=1e-2)


def test_partner_cities_open_to_each_others_people_only() -> None:
    """More move between partners, they use services like locals there and may register; nobody else may."""
    model, before = before_people()
    world, closed = model.world, moved()
    q, m = People(model.base).params, MigrationParams.read(world)
    levers, opened = copy.deepcopy(model.levers), before.copy()
    levers.mutual_access[np.ix_([0, 1], [0, 1])] = 1.0
    People(model.base).update(opened, levers)
    ratio = opened.migrants[:4, :4] / np.where(closed.migrants[:4, :4] > 0.0, closed.migrants[:4, :4], np.nan)
    assert ratio[0, 1] > 1.2
    assert ratio[1, 0] > 1.2
    assert np.nanmax(ratio[2:]) < 1.01  # services spread over more people, which keeps the others away
    # as many as from partners are served in full: residents less what other newcomers do not use
    local_use = (1.0 - q.newcomer_share) * (1.0 - m.access[0])
    residents, newcomers = before.resident_population[0], before.newcomers[0]
    served = residents - local_use * newcomers + local_use * before.away[1, 0]
    quality = before.service_quality[0] * (1.0 - q.service_lag)
    expected = quality + (closed.service_quality[0] - quality) * (residents - local_use * newcomers) / served
    assert opened.service_quality[0] == pytest.approx(expected, rel=1e-3)
    assert opened.service_quality[0] < closed.service_quality[0]
    # registration: the partner's at the full rate, others' at today's access
    levers.mutual_access[:] = 0.0
    levers.mutual_access[1, 0] = 1.0
    people, still = People(model.base), before.copy()
    people.migration = dataclasses.replace(people.migration, considering=0.0)
    people.update(still, levers)
    natural = 1.0 + q.natural_growth[0]
    kept = still.away[1:4, 0] / (before.away[1:4, 0] * natural)
    rate = q.registration_rate * np.array([1.0, m.access[0], m.access[0]])
    np.testing.assert_allclose(kept, 1.0 - rate, rtol=1e-12)


def test_workers_move_with_people() -> None:
    """A city gains the workers of its net arrivals, each as likely at work as those where he comes from."""
    still, after = moved(anybody=False), moved()
    row = small_base().world.row
    _, before = before_people()
    working = still.labour[:row].sum(axis=1) / before.resident_population[:row]
    flows = after.migrants[:row, :row]
    gained = flows.T @ working - flows.sum(axis=1) * working
    assert np.abs(gained).max() > 1e-3
    # two worlds are as alike as their markets, to the solver's tolerance
    np.testing.assert_allclose((after.labour - still.labour)[:row].sum(axis=1), gained, rtol=1e-4)
    assert after.labour.sum() == pytest.approx(still.labour.sum(), rel=1e-9)


def test_open_cities_gain_people() -> None:
    closed, opened = moved(), moved(0.5, city=0)
    assert opened.net_migration[0] > closed.net_migration[0]
    assert opened.net_migration.sum() == pytest.approx(0.0, abs=1e-9)


@settings(derandomize=True, max_examples=25)
@given(
    st.sampled_from([0.0, 0.05, 0.2]), st.floats(1.2, 2.5), st.floats(0.0, 0.8), st.floats(0.0, 1.0),
    st.floats(0.01, 0.03), st.integers(2020, 2025),
)  # fmt: skip
def test_people_of_random_worlds_are_conserved(
    considering: float, elasticity: float, friction: float, opening: float, leaving: float, end: int
) -> None:
    """Births and deaths aside nobody appears or vanishes, and everybody is registered once; to 1e-9."""
    values: dict[str, float] = {
        "migration_considering_share": considering,
        "migration_elasticity": elasticity,
        "registration_friction_other": friction,
        "leaving_rate": leaving,
    }
    base = calibrate(three_cities().with_parameters(values), keep=False)
    policies: dict[str, Any] = {"hukou_reform": {"start": 2020, "end": end, "opening": opening}}
    model = small_model(policies, base=base, horizon=2023)
    residents = [model.state.resident_population.copy()]
    for _ in model.years:
        model.step()
        residents.append(model.state.resident_population.copy())
    natural = 1.0 + People(base).params.natural_growth
    for year, (before, after) in enumerate(zip(residents, residents[1:], strict=False)):
        net = model.record["net_migration"][year]
        np.testing.assert_allclose(after, (before + net) * natural, rtol=1e-12)
        assert abs(net.sum()) <= 1e-9 * before[: base.world.n_cities].sum()
    errors = identities(model.record, base)
    assert errors["people"] <= ALLOWED
    assert errors["register"] <= ALLOWED
    assert min(people.min() for people in residents) >= 0.0


# --- what an open registration does -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened() -> Run:
    return run_scenario("hukou_reform", overrides=["horizon=2030"])


def test_the_first_year_of_a_run_moves_people_as_observed(opened: Run) -> None:
    """To 1e-9 of all residents, as far as the solver's tolerance lets the first year be the base year."""
    first = opened.cities[opened.cities["year"] == 2019].set_index("region")
    cities = list(delta().region_ids[: delta().n_cities])
    gap = first.loc[cities, "net_migration"].to_numpy() - observed_net_migration(delta())
    assert np.abs(gap).max() <= 1e-9 * first.loc[cities, "resident_population"].sum()


def test_an_open_shanghai_gains_people_and_loses_wages(opened: Run) -> None:
    assert opened.reference is not None
    year = opened.cities["year"].max()
    new, old = (run.cities[run.cities["year"] == year].set_index("region") for run in (opened, opened.reference))
    assert new.loc["310000", "resident_population"] > 1.02 * old.loc["310000", "resident_population"]
    assert new.loc["310000", "real_wage"] < 0.99 * old.loc["310000", "real_wage"]
    assert new.loc["310000", "service_quality"] < old.loc["310000", "service_quality"]
    assert new["resident_population"].sum() == pytest.approx(old["resident_population"].sum(), rel=1e-3)


def test_those_who_move_because_of_it_earn_more(opened: Run) -> None:
    """Real wage at the destination over that at the origin, by additional moves of all years, in the open world."""
    assert opened.reference is not None
    new, old = (
        run.flows[run.flows["kind"] == "migrants"].set_index(["year", "origin", "destination"])["amount"]
        for run in (opened, opened.reference)
    )
    more = new.sub(old, fill_value=0.0).clip(lower=0.0).rename("more").reset_index()
    wages = opened.cities.set_index(["year", "region"])["real_wage"]
    gain = (
        wages.loc[list(zip(more["year"], more["destination"], strict=True))].to_numpy()
        / wages.loc[list(zip(more["year"], more["origin"], strict=True))].to_numpy()
    )
    assert more["more"].sum() > 100.0  # unit: 10,000 persons
    assert np.average(gain, weights=more["more"]) > 1.1
