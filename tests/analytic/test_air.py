"""Air by hand: two cities, who harms whom, plants that bring their emissions along, and what is refused."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.calibration import calibrate
from sim.config import RunConfig
from sim.core.errors import InputError, ModelWarning
from sim.core.levers import Levers
from sim.datasets import World, three_cities
from sim.indicators.air import good_days
from sim.mechanisms.environment.air import Air, Airshed, abatement_within, calibrated, cost_share, kernel
from sim.mechanisms.environment.markets import Markets
from sim.policies import BlueSky, EntryStandards
from tests.worlds import TRANSFER, small_base, small_model, small_reference

SAMPLE = Path(sim.__file__).parent / "datasets" / "yangtze_delta" / "by_hand" / "good_air_days.csv"
STILL = {f"{what}_{fall}": 0.0 for what in ("emission", "background") for fall in ("decline", "drop")}
COORDINATIONS = ("joint", "alone", "equal")
SKY = {"start": 2020, "end": 2022, "cut": 0.3}


def test_two_cities_by_hand():
    """B lies 120 km south-east of A; the wind comes from the north-west, so that A harms B more than B harms A."""
    distance = np.array([[0.0, 120.0], [120.0, 0.0]])
    radius = 30.0
    seen = np.array([[0.0, 135.0], [-45.0, 0.0]])  # B lies to the south-east of A, A to the north-west of B
    reach = kernel(distance, np.full(2, math.pi * radius**2), seen, range_km=120.0, tilt=0.2, wind=315.0)
    home = math.exp(-20.0 / 120.0)  # two thirds of the radius
    np.testing.assert_allclose(reach, [[home, 0.8 * math.exp(-1)], [1.2 * math.exp(-1), home]], rtol=1e-12)
    emission, observed = np.array([100.0, 50.0]), np.array([40.0, 30.0])
    matrix, background = calibrated(reach, emission, observed, 0.4)
    np.testing.assert_allclose(background, [16.0, 12.0], rtol=1e-12)
    load = 100 * home + 50 * 0.8 * math.exp(-1)
    assert matrix[0, 1] == pytest.approx(24.0 / load * 0.8 * math.exp(-1))
    np.testing.assert_allclose(background + matrix @ emission, observed, rtol=1e-12)
    half = background + matrix @ (emission * [0.5, 1.0])  # A emits half
    assert observed[0] - half[0] == pytest.approx(24.0 * 50 * home / load)


def test_joint_control_does_most_for_the_same_money():
    """A harms B as much as itself, B nobody else: together A does more, alone both do the same."""
    matrix = np.array([[1.0, 0.0], [1.0, 1.0]])
    people, cost = np.ones(2), np.ones((2, 1))
    harm, own = people @ matrix, people * matrix.diagonal()
    joint, alone = (abatement_within(0.1, cost, pull[:, None], 0.9)[:, 0] for pull in (harm, own))
    np.testing.assert_allclose(joint, np.sqrt([0.08, 0.02]), rtol=1e-12)  # 2 to 1, squares sum to the budget
    np.testing.assert_allclose(alone, np.sqrt([0.05, 0.05]), rtol=1e-12)
    assert harm @ joint == pytest.approx(math.sqrt(0.5))
    assert harm @ joint > harm @ alone
    full = abatement_within(0.5, cost, harm[:, None], 0.6)[:, 0]
    np.testing.assert_allclose(full, [0.6, math.sqrt(0.14)], rtol=1e-12)  # A is at the most, B takes the rest
    np.testing.assert_array_equal(abatement_within(9.0, cost, harm[:, None], 0.6)[:, 0], [0.6, 0.6])


def test_every_coordination_costs_the_same_and_joint_cleans_most():
    shed, members = Airshed.of(small_base().world), np.arange(3)
    shares = {name: BlueSky(**SKY, coordination=name).shares(0.3, shed, members) for name in COORDINATIONS}
    costs = [float((cost_share(shed.cost, shed.intensity, a) * shed.emission / shed.intensity).sum())
             for a in shares.values()]  # fmt: skip
    np.testing.assert_allclose(costs, costs[0], rtol=1e-12)
    np.testing.assert_allclose(shares["equal"], 0.3)
    cleaned = {name: float(shed.harm @ (a * shed.emission).sum(axis=1)) for name, a in shares.items()}
    assert cleaned["joint"] > max(cleaned["alone"], cleaned["equal"])


def test_base_year_holds_means_and_share_from_outside():
    world = World.load("yangtze_delta")
    shed, observed = Airshed.of(world), world.pm25[: world.n_cities]
    assert observed.mean() == pytest.approx(41.0, abs=0.01)
    np.testing.assert_allclose(shed.background, 0.4 * observed, rtol=1e-12)
    np.testing.assert_allclose(shed.background + shed.matrix @ shed.emission.sum(axis=1), observed, rtol=1e-12)
    assert 3e5 < shed.emission.sum() < 1e6  # order of the inventory


def test_published_course_of_the_region():
    """41, 35, 31, 31, 32 were published for 2019 to 2023; the targets of 2025 are kept."""
    run = sim.run("baseline", overrides=["horizon=2025", "check_identities=true"])
    table = run.indicators[run.indicators["scope"] == "region"]
    path = table[table["indicator"].isin(["pm25", "good_air_days"])]
    wide = path.pivot(index="year", columns="indicator", values="value")
    np.testing.assert_allclose(wide["pm25"].loc[2019:2023], [41, 35, 31, 31, 32], atol=2.5)
    goals = path.set_index(["indicator", "year"])[["target", "gap"]]
    assert goals.loc[("pm25", 2019), "target"] == 35
    assert goals.loc[("good_air_days", 2019), "target"] == 80
    assert goals.loc[("pm25", 2019), "gap"] > 0 > goals.loc[("pm25", 2025), "gap"]
    assert goals.loc[("good_air_days", 2019), "gap"] > 0 > goals.loc[("good_air_days", 2025), "gap"]


def test_good_air_days_are_the_fit_of_the_sample():
    rows = list(csv.DictReader(SAMPLE.open(encoding="utf-8")))
    pm, days = (np.array([float(row[name]) for row in rows]) for name in ("pm25", "good_days"))
    slope, intercept = np.polyfit(pm, np.log(days / (100 - days)), 1)
    p = World.load("yangtze_delta").parameters
    assert p.value("good_air_slope") == pytest.approx(slope, abs=1e-4)
    assert p.value("good_air_intercept") == pytest.approx(intercept, abs=1e-3)
    error = 100 * good_days(pm, intercept, slope) - days
    assert math.sqrt((error**2).mean()) == pytest.approx(1.6, abs=0.05)


def moved(enforcement: float, standard: float) -> tuple[Air, object]:
    """Half of VAL's manufacturing has just come from PRT; no intensity falls by itself."""
    base = calibrate(three_cities().with_parameters(STILL))
    air, state = Air(base, Markets(base)), base.state.copy()
    levers = Levers.neutral(base.admin_barrier, base.world.n_sectors)
    state.volume_memory[:] = -1.0
    air.update(state, levers)
    s, o, d = (base.world.sector_index("MAN"), base.world.index("PRT"), base.world.index("VAL"))
    state.relocated_capital[s, o, d] = 0.5 * state.capital[d, s]
    levers.entry_enforcement[d], levers.entry_standard[d] = enforcement, standard
    state.year += 1
    air.update(state, levers)
    return air, (state.emission_intensity[d, s], state.entry_cost[d, s], *air.shed.intensity[[o, d], s])


def test_moved_plants_bring_their_emissions():
    _, (mixed, cost, origin, host) = moved(0.0, 1.0)
    assert mixed == pytest.approx((origin + host) / 2)
    assert cost == 0.0
    air, (mixed, cost, origin, host) = moved(1.0, 0.4)
    assert mixed == pytest.approx((0.4 * host + host) / 2)
    share = 1 - 0.4 * host / origin
    g = air.shed.cost[small_base().world.sector_index("MAN")]
    assert cost == pytest.approx(0.5 * g * share**2 / 2 * origin * 1e-4)
    _, (mixed, cost, origin, host) = moved(1.0, 1.0)  # the origin is cleaner than the host: nothing to do
    assert mixed == pytest.approx((origin + host) / 2)
    assert cost == 0.0


def test_transfer_moves_emissions_and_standards_keep_them_out():
    standards = {"start": 2020, "end": 2030, "enforcement": 1.0, "standard": 0.3}
    plain = small_model({"industry_transfer": TRANSFER}, growth=small_reference().growth)
    green = small_model({"industry_transfer": TRANSFER, "entry_standards": standards}, growth=small_reference().growth)
    plain.run()
    green.run()
    before = small_reference().record["emission"][-1].sum(axis=1)
    moved, clean = (model.record["emission"][-1].sum(axis=1) for model in (plain, green))
    port, valley = (plain.world.index(place) for place in ("PRT", "VAL"))
    assert moved[port] < before[port]
    assert moved[valley] > before[valley]
    assert clean[valley] < moved[valley]
    assert not plain.record["cleaning_loss"].any()
    assert green.record["cleaning_loss"][-1, valley].any()


def test_abatement_costs_production_in_the_year_after():
    world = three_cities().with_parameters({"pollution_weight": 0.0})
    base = calibrate(world)
    reference = small_model(base=base)
    reference.run()
    model = small_model({"blue_sky": SKY}, base=base, growth=reference.growth, check_identities=True)
    model.run()
    change = model.record["real_gdp"] / reference.record["real_gdp"] - 1.0
    n = world.n_cities
    assert not change[:2].any()
    assert (change[2:5, :n] < 0).all()
    loss = (model.record["cleaning_loss"] * model.record["value_added"]).sum(axis=2) / model.record["gdp"]
    np.testing.assert_allclose(change[2, :n], -loss[1, :n], rtol=0.2)


def test_cleaner_air_draws_people():
    world = three_cities()
    cities = {}
    for weight in (0.0, 0.3):
        base = calibrate(world.with_parameters({"pollution_weight": weight}))
        model = small_model({"blue_sky": SKY | {"cities": ["PRT"]}}, base=base, growth=small_reference().growth)
        model.run()
        cities[weight] = model.record["resident_population"][-1, 0]
    assert cities[0.3] > cities[0.0]


def test_a_cap_holds_and_one_above_the_base_year_warns():
    model = small_model({"blue_sky": SKY | {"cut": 0.0, "caps": {"VAL": 0.5}}})
    model.run()
    valley = model.world.index("VAL")
    path = model.record["emission"][:, valley].sum(axis=1)
    np.testing.assert_allclose(path[1:], 0.5 * path[0], rtol=1e-9)
    with pytest.warns(ModelWarning, match=r"caps\.VAL: a cap of 1\.5 is above the base year"):
        small_model({"blue_sky": SKY | {"caps": {"VAL": 1.5}}}).step()


@pytest.mark.parametrize(("field", "value"), [("pollutant", "ozone"), ("caps", {"VAL": -1.0}), ("cut", -0.1)])
def test_bad_values_are_one_message(field: str, value: object):
    with pytest.raises(InputError) as caught:
        RunConfig.judge({"scenario": "test", "horizon": 2027, "policies": {"blue_sky": SKY | {field: value}}})
    assert field in str(caught.value)
    assert "\n" not in str(caught.value)


def test_negative_emissions_are_refused():
    frame = three_cities().tables["parameters"].copy()
    rows = frame["key"] == "emission_intensity"
    frame.loc[rows, ["value", "low"]] = -1.0
    world = World.from_tables(**{**three_cities().tables, "parameters": frame})
    with pytest.raises(InputError, match="emission_intensity: emissions cannot be negative"):
        Airshed.of(world)


def test_a_data_set_without_pm25_has_no_air():
    values = three_cities().tables["region_values"]
    world = World.from_tables(**{**three_cities().tables, "region_values": values[values["variable"] != "pm25"]})
    model = small_model(base=calibrate(world))
    model.run()
    assert not model.record["pm25"].any()
    with pytest.raises(InputError, match="no pm25 in the base year"):
        small_model({"blue_sky": SKY}, base=calibrate(world)).run()
    assert EntryStandards(start=2020, end=2021, enforcement=1.0, standard=0.5).parties(world) == ["PRT", "MIL", "VAL"]
