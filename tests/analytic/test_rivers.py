"""Rivers: a river by hand, nothing lost on the way, what contracts on water pay, and what a bad one says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from sim.calibration import calibrate
from sim.core.agreements import POLLUTANTS, Contract, Water
from sim.core.errors import InputError
from sim.core.state import EVENTS
from sim.datasets import World, three_cities
from sim.indicators import REGISTRY
from sim.indicators.base import View
from sim.indicators.identities import check_identities
from sim.indicators.targets import targets
from sim.mechanisms.environment.rivers import RiverGraph, used_sections, xinan_index
from sim.policies.xinan_compensation import XinanCompensation
from sim.year import Simulation
from tests.worlds import POLICIES, small_base, small_model, small_reference

PRT, MIL, VAL = range(3)
UPPER, MIDDLE, LOWER = range(3)


def test_three_sections_by_hand() -> None:
    """100 and 20 enter a river that keeps 1/2 and 4/5 down to the third section, 10 there, of which 1/4 is lost."""
    graph = RiverGraph(np.array([1, 2, -1]), np.array([[0.5], [0.8], [0.75]]))
    flow = graph.flow(np.array([[100.0], [20.0], [10.0]]))
    np.testing.assert_allclose(flow.ravel(), [100.0, 70.0, 66.0], rtol=1e-14)
    np.testing.assert_allclose(graph.decayed(flow).ravel(), [50.0, 14.0, 16.5], rtol=1e-14)
    np.testing.assert_allclose(graph.to_sea(flow).ravel(), [0.0, 0.0, 49.5], rtol=1e-14)


def test_a_river_that_meets_another() -> None:
    """Two sources flow into the third section, whatever the order in which the table has them."""
    graph = RiverGraph(np.array([-1, 0, 0]), np.array([[1.0], [0.5], [0.25]]))
    np.testing.assert_allclose(graph.flow(np.array([[1.0], [8.0], [4.0]])).ravel(), [6.0, 8.0, 4.0])


@pytest.mark.parametrize("data", ["three_cities", "yangtze_delta"])
def test_nothing_is_lost_on_the_way(data: str) -> None:
    """What enters is what decays and what arrives at the sea, pollutant by pollutant."""
    graph, rng = RiverGraph.of(world := World.load(data)), np.random.default_rng(1)
    load = rng.uniform(0.0, 1e5, (world.n_sections, len(POLLUTANTS)))
    flow = graph.flow(load)
    np.testing.assert_allclose((graph.decayed(flow) + graph.to_sea(flow)).sum(axis=0), load.sum(axis=0), rtol=1e-9)
    assert (graph.to_sea(flow).sum(axis=0) > 0.0).all()


def test_the_record_balances_and_base_year_water_is_the_data() -> None:
    model = small_reference()
    rivers = model.phases[4].rivers  # type: ignore[attr-defined]
    flow, load = model.record["river_flow"], model.record["river_load"]
    for year in range(len(flow)):
        left = rivers.graph.decayed(flow[year]) + rivers.graph.to_sea(flow[year])
        np.testing.assert_allclose(left.sum(axis=0), (load[year] + rivers.outside).sum(axis=0), rtol=1e-9)
    share = rivers.outside[UPPER] / flow[0, UPPER]
    np.testing.assert_allclose(share, 0.1, rtol=1e-12)  # as the table says
    worst = model.world.river_concentration / model.world.river_standard
    np.testing.assert_allclose(model.record["section_index"][0], np.nanmax(worst, axis=1), rtol=1e-12)
    people, rate = model.world.resident_population[VAL], model.world.parameters.value("river_residents_ammonia")
    farm = model.world.value_added[VAL, 0] * model.world.parameters.value("river_farm_ammonia")
    industry = model.world.value_added[VAL, 1] * model.world.parameters.value("river_industry_ammonia")
    assert load[0, UPPER, 1] == pytest.approx(0.8 * (people * rate + farm + industry), rel=1e-12)


def test_parts_of_a_city_send_their_load_where_it_does() -> None:
    whole, carved = three_cities(), three_cities().carved([three_cities().parts["part"].iloc[0]])
    loads = [Simulation(small_model().config, base=calibrate(world)) for world in (whole, carved)]
    for model in loads:
        model.step()
    one, other = (model.record["river_load"][0] for model in loads)
    np.testing.assert_allclose(one, other, rtol=1e-9)


def water(**terms: Any) -> Water:
    return Water(**({"section": "upper", "upstream": "VAL", "downstream": "PRT", "amount": 4.0, "extra": 2.0} | terms))


@pytest.mark.parametrize(
    ("rule", "index", "paid"),
    [
        ("two_way", 0.95, 6.0), ("two_way", 0.96, 4.0), ("two_way", 1.0, 4.0), ("two_way", 1.01, -4.0),
        ("reward", 0.9, 6.0), ("reward", 1.2, 0.0), ("damages", 0.9, 0.0), ("damages", 1.5, -2.0),
    ],
)  # fmt: skip
def test_what_is_paid_at_which_index(rule: str, index: float, paid: float) -> None:
    assert water(rule=rule).paid(index) == pytest.approx(paid)


def test_xinan_index_by_hand() -> None:
    """.9 (.22 x .5 + .22 x 1 + .28 x 1.5 + .28 x 2) = .9 x 1.31."""
    weights = dict(zip(POLLUTANTS, (0.22, 0.22, 0.28, 0.28), strict=True))
    contract = Contract(base="water", key="equal", water=water(stability=0.9, pollutants=weights))
    assert xinan_index(np.array([0.5, 1.0, 1.5, 2.0]), contract) == pytest.approx(0.9 * 1.31, rel=1e-14)


def run_with(name: str, **changes: Any) -> Simulation:
    model = small_model({name: POLICIES[name] | changes}, growth=small_reference().growth, check_identities=True)
    model.run()
    return model


def payments(model: Simulation, payer: int, payee: int) -> list[float]:
    """Amounts by the year in which they are settled."""
    rows = model.record.payments
    return [float(year[(year[:, 0] == payer) & (year[:, 1] == payee), 7].sum()) if year.size else 0.0 for year in rows]


def test_downstream_pays_the_year_after_and_the_books_balance() -> None:
    model = run_with("xinan_compensation")
    check_identities(model)
    paid = payments(model, PRT, VAL)
    assert paid[:2] == [0.0, 0.0]  # the policy begins in 2020, which is settled in 2021
    assert set(paid[2:]) <= {2.0, 3.0}
    assert paid[-1] == 3.0
    np.testing.assert_allclose(model.record["shared_revenue"][:, VAL], paid, atol=1e-9)
    np.testing.assert_allclose(model.record["shared_revenue"][:, PRT], np.negative(paid), atol=1e-9)
    clean, usual = model.record["river_index"], small_reference().record["river_index"]
    assert (clean[1:, VAL] < usual[1:, VAL]).all()
    assert (clean[1:, PRT] < usual[1:, PRT]).all()  # cleaner water arrives downstream


def test_dirty_water_makes_upstream_pay() -> None:
    terms = {"round": {"start": 2018, "end": 2030, "water": water(amount=4.0, stability=5.0).model_dump()}}
    model = run_with("xinan_compensation", contracts=terms)
    assert payments(model, VAL, PRT)[2:] == [4.0] * (len(model.years) - 2)
    assert not any(payments(model, PRT, VAL))


def test_amounts_grow_with_both_sides_gdp() -> None:
    terms = {"round": {"start": 2021, "end": 2030, "water": water(stability=0.5, indexed="parties").model_dump()}}
    model = run_with("xinan_compensation", contracts=terms)
    gdp = model.record["gdp"][:, [VAL, PRT]].sum(axis=1)
    np.testing.assert_allclose(payments(model, PRT, VAL)[3:], 6.0 * gdp[2:-1] / gdp[2], rtol=1e-12)


def test_effort_costs_what_it_builds_and_has_a_limit() -> None:
    model = run_with("xinan_compensation")
    world, p = model.world, model.world.parameters
    growth = np.prod([1.0 + world.national_value(path, 2020) / 100.0 for path in ("deflator", "real_growth")])
    effort = p.value("river_effort_response") * 5.0 / (world.own_revenue[VAL] * growth)
    cost = effort * p.value("river_effort_cost") * world.value_added[VAL].sum() * growth
    assert model.record["project_investment"][2, VAL] == pytest.approx(cost, rel=1e-12)
    assert model.levers.river_effort[VAL] < effort  # the amount is the same in every year, revenue grows
    model = run_with("xinan_compensation", scale=10.0)
    assert model.levers.river_effort[VAL] == p.value("river_effort_limit")


def test_nothing_is_agreed_by_one_side() -> None:
    model = run_with("xinan_compensation", members=["VAL"])
    for name, values in small_reference().record.arrays.items():
        assert np.array_equal(model.record[name], values[: model.record.n_done]), name


def tables(change: Callable[[pd.DataFrame, pd.DataFrame], None]) -> dict[str, pd.DataFrame]:
    found = {name: table.copy() for name, table in three_cities().tables.items()}
    change(found["rivers"], found["river_quality"])
    return found


def put(table: pd.DataFrame, row: int, column: str, value: object) -> None:
    table.loc[table.index[row], column] = value


BAD_RIVERS: list[tuple[Callable[[pd.DataFrame, pd.DataFrame], None], str]] = [
    (lambda r, q: put(r, 2, "downstream", "upper"), "flows in a circle: upper -> middle -> lower -> upper"),
    (lambda r, q: put(r, 1, "city", ""), "the cell is empty"),
    (lambda r, q: put(r, 1, "city", "ROC"), "section middle is of ROC, which is no city"),
    (lambda r, q: put(r, 1, "city", "MIX"), "unknown region 'MIX'"),
    (lambda r, q: put(r, 0, "load_share", -0.1), "negative share of the city's load that enters here: -0.1"),
    (lambda r, q: put(r, 1, "city", "VAL"), "VAL sends 1.6 of its load to its sections"),
    (lambda r, q: put(q, 0, "pollutant", "cadmium"), "cadmium"),
    (lambda r, q: put(q, 0, "concentration", 0.0), "zero"),
    (lambda r, q: put(q, 3, "section", "elsewhere"), "unknown section 'elsewhere'"),
]


@pytest.mark.parametrize(("change", "message"), BAD_RIVERS)
def test_bad_rivers(change: Callable[[pd.DataFrame, pd.DataFrame], None], message: str) -> None:
    with pytest.raises(InputError) as error:
        World.from_tables(base_year=2019, **tables(change))
    assert message in str(error.value)


def test_a_section_that_was_not_measured() -> None:
    found = tables(lambda r, q: None)
    found["river_quality"] = found["river_quality"].iloc[1:]
    with pytest.raises(InputError, match="no row for section upper, permanganate"):
        World.from_tables(base_year=2019, **found)


def test_negative_loads_are_refused() -> None:
    with pytest.raises(InputError, match="river_farm_ammonia"):
        three_cities().with_parameters({"river_farm_ammonia": -1.0})


def test_unknown_pollutant_in_a_contract() -> None:
    with pytest.raises(ValidationError, match="unknown pollutant 'amonia'; did you mean ammonia"):
        water(pollutants={"amonia": 1.0})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"section": "uper"}, "unknown river section 'uper'; did you mean upper?"),
        ({"section": "middle"}, "section middle is of MIL"),
        ({"section": "lower", "upstream": "PRT", "downstream": "VAL"}, "no water of section lower comes to VAL"),
    ],
)
def test_bad_contracts(changes: dict[str, str], message: str) -> None:
    terms = {"round": {"start": 2020, "end": 2030, "water": water(**changes).model_dump()}}
    policy = XinanCompensation(start=2020, end=2030, contracts=terms)
    with pytest.raises(InputError) as error:
        policy.set_levers(small_model().levers, 2020, small_base().world)
    assert message in str(error.value)
    assert error.value.key is not None
    assert error.value.key.startswith("policies.xinan_compensation.contracts.round")


def test_target_of_the_plan_with_gap_and_year() -> None:
    """Two of three sections meet their standard in 2019 and 2020, all of them from 2021 on."""
    goals = targets(World.load("yangtze_delta"))
    goal = next(goal for goal in goals if goal.indicator == "river_compliance" and goal.place == "region")
    assert (goal.target, goal.value, goal.year, goal.direction) == ("T12", 80.0, 2025, ">=")
    model = small_reference()
    view = View(model.record, model.base)
    share = REGISTRY["river_compliance"].compute(view, view.cities)
    np.testing.assert_allclose(share[:4], [200 / 3, 200 / 3, 100, 100])
    np.testing.assert_allclose(goal.gap(share)[:3], [80 - 200 / 3, 80 - 200 / 3, -20])
    assert goal.attained(list(model.years), share) == 2021


def test_order_of_the_real_rivers() -> None:
    """The Yangtze by its cities, the Xin'an to the sea, Tai lake to Shanghai, the Huai to the Yangtze."""
    world = World.load("yangtze_delta")
    below, city = world.rivers["downstream"], world.rivers["city"]

    def way(section: str) -> list[str]:
        found = []
        while section:
            found.append(world.region_labels[city[section]])
            section = below[section]
        return found

    main = ["Anqing", "Chizhou", "Tongling", "Wuhu", "Ma'anshan", "Nanjing", "Zhenjiang", "Yangzhou", "Taizhou(JS)"]
    assert way("yangtze_anqing") == [*main, "Changzhou", "Wuxi", "Nantong", "Suzhou", "Shanghai"]
    assert way("xinan_jiekou") == ["Huangshan", "Hangzhou", "Hangzhou", "Hangzhou"]
    assert way("tiaoxi_huzhou") == ["Huzhou", "Suzhou", "Jiaxing", "Shanghai", "Shanghai", "Shanghai"]
    assert way("huai_fuyang")[:6] == ["Fuyang", "Huainan", "Bengbu", "Chuzhou", "Huai'an", "Yangzhou"]
    assert way("canal_changzhou")[:5] == ["Changzhou", "Wuxi", "Suzhou", "Jiaxing", "Shanghai"]
    assert way("chao_hefei")[:3] == ["Hefei", "Wuhu", "Ma'anshan"]


def test_governments_foresee_what_water_will_pay() -> None:
    """A side that only receives for what it does not have to do agrees; the one that only pays does not."""
    contracts = {"round": {"start": 2020, "end": 2030, "water": water(stability=0.5).model_dump()}}
    model = run_with("xinan_compensation", contracts=contracts, agreement={"minimum": 2})
    words = {(int(row[1]), EVENTS[int(row[2])]) for year in model.record.events for row in year}
    assert (PRT, "refused") in words
    assert (VAL, "refused") not in words


def test_people_live_by_their_own_sections_and_by_what_flows_to_them() -> None:
    """The rivers of the three cities in the table's order: whose section each is, and where it flows to."""
    world = World.load("three_cities")
    used, rivers = used_sections(world), world.rivers
    for region in range(world.n_regions):
        name = world.region_ids[region]
        own = rivers["city"] == name
        above = rivers["downstream"].isin(rivers["section"][own]) & ~own
        expected = (own | above).to_numpy(np.float64)
        np.testing.assert_allclose(used[region], expected / max(expected.sum(), 1.0))
    assert used[[VAL, MIL]].any(axis=1).all()
    assert not used[world.roc].any()


def test_damage_of_water_is_people_times_index_times_the_price_of_it() -> None:
    view = View((model := small_reference()).record, model.base)
    price = model.world.parameters.value("water_damage")
    people, index = view["resident_population"][3, MIL], view["water_index"][3, MIL]
    damage = REGISTRY["water_damage"].compute(view, np.array([MIL]))
    assert damage[3] == pytest.approx(price * people * index / 1e4)


def test_cleaner_water_from_above_is_worth_something_below() -> None:
    policy = POLICIES["river_contract"]
    model, without = small_model(policies={"river_contract": policy}), small_reference().record
    model.run()
    assert (model.record["water_index"][-1, [MIL, VAL]] < without["water_index"][-1, [MIL, VAL]]).all()
