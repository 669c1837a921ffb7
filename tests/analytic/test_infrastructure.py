"""The network: rides, changes, openings and what they do to travel times, by hand and against slow twins."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from sim.calibration import calibrate
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.datasets import World, rail_rules
from sim.datasets.world import first_year
from sim.experiments.rail_check import rail_check
from sim.mechanisms.infrastructure import Infrastructure, Link, Network, with_changes
from sim.policies.rail_lines import RailLines
from tests.worlds import NETWORK, POLICIES, small_base, small_model, small_reference, small_world, strait_world

PRT, MIL, VAL, ROC, ROW = range(5)
OLD, INLAND, EAST, DIRECT, SOMEDAY, BRIDGE, RIVER = range(7)


def open_lines(*lines: int, service: float = 1.0) -> np.ndarray:
    found = np.zeros(7)
    found[list(lines)] = service
    return found


@pytest.fixture(scope="module")
def net() -> Network:
    return Network.of(small_base().world)


# --- railways -----------------------------------------------------------------------------------------------------


def test_the_base_year_is_its_timetable_and_its_lines(net: Network) -> None:
    """Port-Milltown as in the timetable, not the line's 40 minutes; the valley by the line, as its train is slow."""
    rides = net.rides(open_lines())
    assert rides[PRT, MIL] == 35.0
    assert rides[MIL, VAL] == 90.0
    assert rides[PRT, VAL] == 40.0 + 90.0  # through, along the route
    assert net.rail(open_lines())[PRT, VAL] == 130.0


def test_a_change_costs_half_an_hour_where_no_train_runs_through() -> None:
    net = Network.of(small_world(routes=[("none", 1, "port"), ("none", 2, "mill")]))
    assert net.rides(open_lines())[PRT, VAL] == np.inf
    assert net.rail(open_lines())[PRT, VAL] == 35.0 + 30.0 + 90.0


def test_a_line_brings_rides_and_a_station_out_of_town_costs_the_way_there(net: Network) -> None:
    rides = net.rides(open_lines(EAST))
    assert rides[PRT, VAL] == 25.0 + 50.0
    assert rides[MIL, VAL] == min(90.0, 20.0 + 50.0)
    assert rides[PRT, MIL] == 35.0  # 25 and 20 to the town are slower


def test_a_stated_train_runs_once_its_line_is_open_and_a_check_never(net: Network) -> None:
    assert net.rides(open_lines(DIRECT))[PRT, VAL] == 58.0  # stated; by its length 60
    assert net.rides(open_lines(EAST))[PRT, VAL] == 75.0  # 80 is kept to check


def test_fewer_trains_mean_longer_waits_once_a_ride(net: Network) -> None:
    half = net.rides(open_lines(EAST, service=0.5))
    assert half[PRT, VAL] == 75.0 + 20.0 * (1 / 0.5 - 1)
    np.testing.assert_array_equal(net.rides(open_lines(EAST, service=0.0)), net.base_rides)


def test_openings_never_make_a_way_longer(net: Network) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        less = rng.integers(0, 2, 7).astype(float)
        more = np.maximum(less, rng.integers(0, 2, 7))
        for now, later in zip(net.times(less), net.times(more), strict=True):
            assert (later <= now).all()


def test_shortest_ways_are_those_of_all_orders() -> None:
    """Against every sequence of at most four places."""
    rng = np.random.default_rng(2)
    n, change = 6, 30.0
    rides = np.where(rng.random((n, n)) < 0.5, rng.uniform(10, 200, (n, n)), np.inf)
    rides = np.minimum(rides, rides.T)
    np.fill_diagonal(rides, np.inf)
    found = with_changes(rides, change)
    for i in range(n):
        for j in range(n):
            others = [k for k in range(n) if k not in (i, j)]
            ways = [(i, *middle, j) for size in range(n - 1) for middle in permutations(others, size)]
            best = min(
                sum(rides[a, b] for a, b in zip(way, way[1:], strict=False)) + change * (len(way) - 2) for way in ways
            )
            assert found[i, j] == (0.0 if i == j else pytest.approx(best))


# --- doors, roads, gateways ---------------------------------------------------------------------------------------


def test_people_take_the_faster_and_gateways_lead_out(net: Network) -> None:
    world = small_base().world
    people, goods = net.times(open_lines())
    km = (world.travel_time_freight[MIL, VAL] - 60.0) * 68.0 / 60.0
    assert people[MIL, VAL] == min(km / 85.0 * 60.0 + 25.0, 90.0 + 65.0)
    assert people[PRT, ROC] == people[PRT, VAL] + 600.0  # the pass in the valley
    assert people[MIL, ROW] == people[MIL, PRT] + 1500.0  # the field at the port
    assert people[PRT, ROW] == 25.0 + 1500.0
    assert goods[PRT, VAL] == pytest.approx(world.travel_time_freight[PRT, VAL])
    assert people[ROC, ROW] == 600.0 + 1500.0
    for times in (people, goods):
        np.testing.assert_array_equal(times, times.T)


def test_a_road_shortens_the_way_for_cars_and_trucks(net: Network) -> None:
    km = net.road(open_lines(BRIDGE))
    assert km[PRT, MIL] == pytest.approx(70.0 / 60.0 * 85.0)
    assert km[PRT, VAL] == pytest.approx(min(net.road_km[PRT, VAL], km[PRT, MIL] + net.road_km[MIL, VAL]))
    people, goods = net.factors(open_lines(BRIDGE))
    assert goods[PRT, MIL] < 1.0
    assert people[PRT, MIL] == pytest.approx((70.0 + 25.0) / (35.0 + 65.0))  # the car overtakes the train


def sphere(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great circle in km by the spherical law of cosines."""
    (a, b), (c, d) = np.radians(one), np.radians(other)
    return 6371.0088 * float(np.arccos(np.sin(b) * np.sin(d) + np.cos(b) * np.cos(d) * np.cos(a - c)))


def test_a_crossing_shortens_the_ways_that_went_round() -> None:
    """Port to Milltown: by the new bridge instead of the old one, in proportion of the data's 153 km; by hand."""
    net = Network.of(strait_world())
    port, mill, vale, new, old = (121.5, 31.2), (120.3, 31.5), (117.3, 31.9), (121.0, 31.3), (121.0, 32.5)
    by_mill = (sphere(port, new) + sphere(new, mill)) / (sphere(port, old) + sphere(old, mill))
    by_vale = (sphere(port, new) + sphere(new, vale)) / (sphere(port, old) + sphere(old, vale))
    assert by_mill < 0.5
    km = net.road(open_lines(BRIDGE))
    assert km[PRT, MIL] == km[MIL, PRT] == pytest.approx(153.0 * by_mill)
    assert km[PRT, VAL] == pytest.approx(net.road_km[PRT, VAL] * by_vale)
    assert km[MIL, VAL] == net.road_km[MIL, VAL]  # no water between them
    people, goods = net.factors(open_lines(BRIDGE))
    assert goods[PRT, MIL] == pytest.approx((60.0 + 60.0 * 153.0 * by_mill / 68.0) / 195.0)
    assert people[PRT, MIL] == pytest.approx(min(25.0 + 60.0 * 153.0 * by_mill / 85.0, 100.0) / 100.0)  # train: 35 + 65


def test_a_closed_crossing_changes_nothing() -> None:
    net = Network.of(strait_world())
    assert net.road(open_lines(EAST)) is net.road_km
    for factors in net.factors(open_lines()):
        np.testing.assert_array_equal(factors, 1.0)


def test_a_crossing_opens_in_its_year_and_the_base_year_is_the_same() -> None:
    base = calibrate(strait_world())
    np.testing.assert_array_equal(base.world.travel_time_freight, small_base().world.travel_time_freight)
    run = small_model(base=base, links={"openings": "as_opened"}, check_identities=True, horizon=2023)
    run.run()
    freight = run.record["freight_time"][:, PRT, MIL]
    assert (freight[:2] == 1.0).all()  # 2019 and 2020
    assert (freight[2:] == Network.of(base.world).factors(open_lines(BRIDGE))[1][PRT, MIL]).all()  # from 2021 on
    closed = small_model(base=base, horizon=2023)
    closed.run()
    np.testing.assert_array_equal(closed.record["freight_time"], 1.0)


def test_a_policy_opens_a_road_by_name_and_cannot_pay_for_it() -> None:
    base = calibrate(strait_world())
    policy = POLICIES["rail_lines"] | {"lines": ["bridge"]}
    run = small_model({"rail_lines": policy}, base=base, horizon=2022)
    run.run()
    same = small_model(base=base, links={"openings": "as_opened"}, horizon=2022)
    same.run()
    np.testing.assert_array_equal(run.record["freight_time"], same.record["freight_time"])
    assert RailLines(**POLICIES["rail_lines"]).openings(base.world).keys() == {"east", "direct"}  # all railways
    with pytest.raises(InputError, match=r"lines.csv, column cost: the cost of the road bridge is not known"):
        small_model({"rail_lines": policy | {"financing": {}}}, base=base, horizon=2022).run()


def test_bridges_of_the_yangtze_bring_its_banks_nearer() -> None:
    """What docs/model.md says: by the road decks opened since 2020 trucks save 13 minutes between Nantong and Wuxi."""
    world = World.load("yangtze_delta")
    net = Network.of(world)
    opened = (world.line_opening > world.base_year) & (world.line_opening <= 2026)
    roads = opened & (world.tables["lines"]["mode"] == "road").to_numpy()
    people, goods = net.factors(roads.astype(np.float64))
    saved = net.base_times[1] - net.base_times[1] * goods
    nantong, wuxi, hefei, xuzhou = (world.index(name) for name in ("Nantong", "Wuxi", "Hefei", "Xuzhou"))
    assert saved[nantong, wuxi] == pytest.approx(13.3, abs=0.1) == saved[: world.n_cities, : world.n_cities].max()
    assert goods[hefei, xuzhou] == people[hefei, xuzhou] == 1.0  # on one bank
    assert (goods <= 1.0 + 1e-12).all()


def test_water_is_taken_only_where_it_is_faster(net: Network) -> None:
    assert net.water(open_lines())[PRT, MIL] == 700.0
    _, goods = net.times(open_lines())
    assert goods[PRT, MIL] == pytest.approx(195.0)
    quick = replace(net, waterways=(Link(RIVER, (0, 1), 1.0, 150.0),), rules=replace(net.rules, ports=10.0))
    assert quick.times(open_lines())[1][PRT, MIL] == 11.0


def test_own_times_and_the_way_between_the_outsides_never_change(net: Network) -> None:
    for factor in net.factors(np.ones(7)):
        np.testing.assert_array_equal(np.diag(factor), 1.0)
        assert factor[ROC, ROW] == 1.0


# --- the phase ----------------------------------------------------------------------------------------------------


def test_a_day_of_opening_counts_from_the_first_year_open_for_half_of_it() -> None:
    days = {"2020-07-01": 2020, "2020-07-02": 2021, "2020-12-30": 2021, "2020-01-01": 2020, "2019-12-16": 2019}
    assert {day: first_year(day, 2019) for day in days} == days
    assert first_year("", 2019) == np.inf


def test_paths_are_computed_only_when_a_line_opens() -> None:
    model = small_model({"rail_lines": POLICIES["rail_lines"]}, growth=small_reference().growth)
    model.run()
    phase = model.phases[0]
    assert isinstance(phase, Infrastructure)
    assert phase.computed == 2  # east in 2020, direct in 2024; nothing in 2019, 2021, ...
    times = model.record["passenger_time"][:, PRT, VAL]
    assert len(set(times)) == 3
    assert (np.diff(times) <= 0.0).all()
    np.testing.assert_array_equal(model.record["railway"][:, :3].sum(axis=1), [0, *[440] * 4, *[840] * 4])


def test_nothing_is_computed_without_openings_and_without_a_network() -> None:
    reference = small_reference()
    assert reference.phases[0].computed == 0  # type: ignore[attr-defined]
    np.testing.assert_array_equal(reference.record["passenger_time"], 1.0)
    bare = Infrastructure(calibrate(World.load("three_cities")), as_opened=True)
    state, levers = reference.state.copy(), Levers.neutral(reference.base.admin_barrier, 3)
    bare.update(state, levers)
    np.testing.assert_array_equal(state.passenger_time, 1.0)


def test_lines_open_as_they_did_in_a_run_and_its_reference() -> None:
    """The choice for both runs gives what the policy gives for one."""
    model = small_model(links={"openings": "as_opened"}, growth=small_reference().growth)
    model.run()
    policy = {"rail_lines": POLICIES["rail_lines"] | {"lines": "opened"}}
    same = small_model(policy, growth=small_reference().growth)
    same.run()
    rail = model.record["passenger_time"][-1, PRT, VAL]
    assert rail == same.record["passenger_time"][-1, PRT, VAL] < 1.0
    assert model.record["freight_time"][-1, PRT, MIL] < 1.0  # the bridge is no railway
    assert same.record["freight_time"][-1, PRT, MIL] == 1.0


def test_a_thousand_cities() -> None:
    """Seven hundred lines of ten stations: built and solved in seconds."""
    rng = np.random.default_rng(3)
    n, lines, size = 1000, 700, 10
    links, courses = [], []
    for line in range(lines):
        course = rng.choice(n, size, replace=False)
        courses.append(tuple(course.tolist()))
        links += [
            Link(line, (a, b), float(rng.uniform(10, 40)), 50.0) for a, b in zip(course, course[1:], strict=False)
        ]
    net = replace(
        Network.of(small_base().world),
        is_base=np.arange(lines) < lines // 2, railways=tuple(links), waterways=(), roads=(), courses=tuple(courses),
        city_of=np.arange(n), station_access=np.zeros(n), fast=np.full((n, n), np.nan), slow=np.full((n, n), np.inf),
        stated=(), road_km=rng.uniform(50, 900, (n, n)), gateways={role: np.array([0, 1]) for role in
                                                                   ("border", "airport", "sea_port")},
    )  # fmt: skip
    start = time.perf_counter()
    people, goods = net.factors(np.ones(lines))
    assert time.perf_counter() - start < 30.0
    assert people.shape == goods.shape == (n + 2, n + 2)
    assert (people <= 1.0).all()
    assert people.mean() < 0.99


# --- running times ------------------------------------------------------------------------------------------------


def test_a_fit_finds_the_times_behind_most_trains() -> None:
    """Sums of the true times on half of the stretches of a line, a fifth of them late: the late ones do not matter."""
    rng = np.random.default_rng(4)
    truth = rng.uniform(10, 40, 8)
    paths = [np.arange(a, b) for a in range(8) for b in range(a + 1, 9)]
    times = np.array([truth[path].sum() for path in paths])
    late = rng.random(len(paths)) < 0.2
    found = rail_rules.fit_minutes(paths, times * np.where(late, 1.5, 1.0), truth * rng.uniform(0.7, 1.4, 8), 1e-3)
    np.testing.assert_allclose(found, truth, rtol=1e-6)


def test_a_link_no_train_tells_about_has_its_guess() -> None:
    found = rail_rules.fit_minutes([np.array([0])], [20.0], [10.0, 33.0], 0.05)
    np.testing.assert_allclose(found, [20.0, 33.0])


def test_paths_follow_courses_that_have_all_their_links() -> None:
    fast = np.full((3, 3), np.nan)
    fast[0, 2] = fast[2, 0] = 50.0
    seats = {"a": 0, "b": 1, "c": 2}
    paths, minutes = rail_rules.observed_paths(
        [("a", "x"), ("c", "x")], [["a", "x", "c"], ["a", "b", "c"]], seats, fast
    )
    assert [path.tolist() for path in paths] == [[0, 1]]
    assert minutes.tolist() == [50.0]


def test_a_new_line_runs_at_the_speed_of_its_class_and_stops_once() -> None:
    p = World.load("yangtze_delta").parameters
    for design, speed in ((350, 230), (300, 230), (250, 160), (200, 120), (160, 120), (np.nan, 160)):
        halves = rail_rules.rule_minutes([82.0, 82.0], 164.0, float(design), p)
        assert halves.sum() == pytest.approx(164.0 / speed * 60.0 + 5.0)


# --- the real network ---------------------------------------------------------------------------------------------


def test_the_real_network_tells_the_times_of_trains_left_out() -> None:
    """The goals of the check, over all direct trains that are the fastest way; the errors of verification.md."""
    check = rail_check(World.load("yangtze_delta"))
    n, median, tail = check.errors()
    assert n > 200
    assert median < 0.10
    assert tail < 0.25
    stated = check.stated.set_index(["one", "other"])
    assert len(stated) == 11
    huzhou = stated.loc[("Shanghai", "Huzhou")]
    assert (huzhou["before"], huzhou["stated"]) == (96.0, 55.0)
    assert 45.0 < huzhou["after"] < 55.0
    sourced = stated[stated["status"] == "sourced"]["error"].abs()
    assert len(sourced) == 6
    assert sourced.median() < 0.16
    assert sourced.max() < 0.32


def test_stated_times_that_check_the_rule_are_no_inputs() -> None:
    world = World.load("yangtze_delta")
    trains = world.tables["trains"]
    assert (trains["kind"] == "check").sum() == 11
    other = trains.assign(minutes=trains["minutes"].where(trains["kind"] != "check", 1.0))
    changed = World(world.name, world.folder, world.base_year, {**world.tables, "trains": other})
    service = np.ones(world.n_lines)
    for one, two in zip(Network.of(world).times(service), Network.of(changed).times(service), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_base_year_of_the_real_network_is_that_of_the_data() -> None:
    """Nine pairs in ten to half a per cent; the others lie on the lines of December 2019, timed by the rule here."""
    world = World.load("yangtze_delta")
    n = world.n_cities
    apart = ~np.eye(n, dtype=bool)
    people, goods = Network.of(world).base_times
    ratio = (people / world.travel_time_passenger)[:n, :n][apart]
    assert (np.abs(ratio - 1.0) < 0.005).mean() > 0.9
    assert np.abs(ratio - 1.0).max() < 0.1
    np.testing.assert_allclose((goods / world.travel_time_freight)[:n, :n][apart], 1.0, rtol=1e-9)


# --- the policy ---------------------------------------------------------------------------------------------------


def lines(**values: Any) -> RailLines:
    return RailLines(**(POLICIES["rail_lines"] | values))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"lines": "opened"}, {"east": 2020}),
        ({"lines": "planned"}, {"direct": 2024}),
        ({"lines": "all"}, {"east": 2020, "direct": 2024}),
        ({"lines": "all", "without": ["east"]}, {"direct": 2024}),
        ({"lines": ["someday"], "opening": {"someday": 2030}}, {"someday": 2030}),
        ({"lines": "planned", "delay": 3, "delay_probability": 1.0}, {"direct": 2027}),
        ({"lines": "opened", "delay": 3, "delay_probability": 1.0}, {"east": 2020}),
        ({"lines": "all", "opening": {"direct": 2026}}, {"east": 2020, "direct": 2026}),
    ],
)
def test_which_lines_open_when(values: dict[str, Any], expected: dict[str, int]) -> None:
    assert lines(**values).openings(small_base().world) == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lines": ["eest"]}, r"policies.rail_lines.lines: unknown line 'eest'; did you mean east\?"),
        ({"lines": ["someday"]}, r"someday has no year of opening \(allowed: a year for every line"),
        ({"opening": {"direct": 2022}}, r"direct opens in 2022, before it exists \(allowed: 2024 or later\)"),
        ({"lines": ["old"]}, "unknown line 'old'"),
    ],
)
def test_lines_that_cannot_open_are_one_message(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        lines(**values).openings(small_base().world)


def test_a_data_set_without_lines_is_one_message() -> None:
    with pytest.raises(InputError, match="three_cities has no railway lines that open"):
        lines().openings(World.load("three_cities"))


def test_delays_are_drawn_by_line_and_draw() -> None:
    drawn = [lines(delay=2, delay_probability=0.5, draw=k).openings(small_base().world)["direct"] for k in range(200)]
    assert set(drawn) == {2024, 2026}
    assert 0.35 < np.mean(np.array(drawn) == 2026) < 0.65


def test_cities_pay_for_their_line_while_it_is_built() -> None:
    """Half from the centre, the rest by length; the bill of a year is paid in the next."""
    terms = {"central_share": 0.5, "split": "length", "building_years": 2}
    policy = {"rail_lines": POLICIES["rail_lines"] | {"lines": "planned", "financing": terms}}
    paid = small_model(policy, growth=small_reference().growth, check_identities=True)
    paid.run()
    free = small_model({"rail_lines": POLICIES["rail_lines"] | {"lines": "planned"}}, growth=small_reference().growth)
    free.run()
    built = paid.record["project_investment"].sum(axis=1)
    assert (np.flatnonzero(built) + 2019).tolist() == [2023, 2024]  # built in 2022 and 2023
    cost = small_base().world.rail_cost("direct")[0]
    assert cost == 2.0 * 400.0
    assert built.sum() == pytest.approx(cost, rel=0.1)  # at the prices of the year
    np.testing.assert_array_equal(paid.record["passenger_time"], free.record["passenger_time"])
    lost = (free.record["real_income"] - paid.record["real_income"])[2023 - 2019, :3]
    assert lost[PRT] > 0.4 * cost / 4 < lost[VAL]


def test_a_line_whose_cities_do_not_take_part_is_not_built() -> None:
    world = small_base().world
    policy = lines(lines="planned", financing={}, members=["MIL"])
    assert policy.parties(world) == ["PRT", "VAL"]
    levers = Levers.neutral(small_base().admin_barrier, world.n_sectors, world.n_lines)
    policy.set_levers(levers, 2026, world)
    assert not levers.line_service.any()
    lines(lines="planned", financing={}, members=["PRT"]).set_levers(levers, 2026, world)
    assert levers.line_service[DIRECT] == 1.0


def test_lines_are_numbered_as_here() -> None:
    assert [row[0] for row in NETWORK["lines"]] == ["old", "inland", "east", "direct", "someday", "bridge", "river"]
