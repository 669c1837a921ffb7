"""Joint projects: what a line does to trade, what a plant does to its sector, who pays, and who builds without whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.calibration import calibrate
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.datasets import three_cities
from sim.experiments.transfers import transfers
from sim.mechanisms.market.trade_cost import log_trade, time_effect
from sim.policies import JointProjects
from sim.policies.joint_projects import Project, index
from tests.worlds import LINE, PLANT, PROJECTS, small_base, small_model, small_reference

WORLD = three_cities()
PRT, MIL, VAL = (WORLD.index(code) for code in ("PRT", "MIL", "VAL"))
BILL = 20.0 / 2  # half of the line, in the prices of 2020


def policy(line: dict[str, Any] | None = None, plant: dict[str, Any] | None = None, **values: Any) -> JointProjects:
    projects = {"line": LINE | (line or {}), "plant": PLANT | (plant or {})}
    return JointProjects(**(PROJECTS | {"projects": projects} | values))


def levers(year: int, *args: Any, **values: Any) -> Levers:
    result = Levers.neutral(small_base().admin_barrier, WORLD.n_sectors)
    policy(*args, **values).set_levers(result, year, WORLD)
    return result


def change(model: Any, name: str) -> np.ndarray:
    """Against the run without policies, cities by year."""
    return (model.record[name] - small_reference().record[name])[:, : WORLD.n_cities]


def run(**projects: Any):
    model = small_model(
        {"joint_projects": PROJECTS | {"projects": projects}},
        growth=small_reference().growth,
        check_identities=True,
    )
    model.run()
    return model


class TestTravelTime:
    def test_levers_are_as_good_as_other_data(self):
        """What levers add to log trade is what calibrated trade costs would be with these times in the data set."""
        n = WORLD.n_regions
        draw = np.random.default_rng(3).uniform(0.5, 1.5, (2, n, n))
        passenger, freight = np.sqrt(draw * draw.transpose(0, 2, 1))
        other = SimpleNamespace(
            travel_time_passenger=passenger * WORLD.travel_time_passenger,
            travel_time_freight=freight * WORLD.travel_time_freight,
            **{name: getattr(WORLD, name) for name in ("parameters", "n_regions", "n_cities", "row", "home")},
        )
        effect = time_effect(WORLD, passenger, freight)
        np.testing.assert_allclose(log_trade(WORLD) + effect, log_trade(other), rtol=0, atol=1e-12)  # type: ignore[arg-type]
        assert np.abs(effect).max() > 0.1

    def test_neutral_levers_add_exactly_nothing(self):
        one = np.ones((WORLD.n_regions, WORLD.n_regions))
        assert (time_effect(WORLD, one, one) == 0.0).all()

    def test_trade_costs_are_computed_anew_only_when_times_change(self):
        model = small_model({"joint_projects": PROJECTS | {"projects": {"line": LINE}}}, base=calibrate(WORLD))
        model.run()  # without gateways, where waits change every year
        kappa = model.record._kappa
        built = [
            year
            for year, (old, new) in zip(model.years[1:], zip(kappa, kappa[1:], strict=False), strict=False)
            if old is not new
        ]
        assert built == [2022]

    def test_only_the_pair_and_only_services_gain_when_people_travel_faster(self):
        people = {"freight_minutes": {}}
        effect = time_effect(WORLD, levers(2022, people).passenger_time, np.ones((5, 5)))
        sector, destination, origin = np.nonzero(effect)
        assert set(zip(destination, origin, strict=True)) == {(PRT, VAL), (VAL, PRT)}
        assert set(sector) == {WORLD.sector_index("SRV")}
        assert (effect >= 0).all()

    def test_door_to_door_minutes_over_those_of_today(self):
        opened = levers(2022)
        assert opened.passenger_time[PRT, VAL] == opened.passenger_time[VAL, PRT] == pytest.approx((70 + 65) / 210)
        assert opened.freight_time[PRT, VAL] == pytest.approx(450 / 500)
        assert (levers(2021).passenger_time == 1.0).all()

    def test_before_is_what_other_lines_leave(self):
        opened = levers(2022, {"minutes": {"PRT-VAL": [120, 70]}})
        assert opened.passenger_time[VAL, PRT] == pytest.approx((70 + 65) / (120 + 65))

    def test_a_slower_line_is_not_used(self):
        assert (levers(2022, {"minutes": {"PRT-VAL": 400}}).passenger_time == 1.0).all()

    def test_two_lines_between_two_cities_the_faster_counts(self):
        both = {"line": LINE, "other": LINE | {"minutes": {"VAL-PRT": 100}}}
        assert levers(2022, projects=both).passenger_time[PRT, VAL] == pytest.approx((70 + 65) / 210)


class TestPlant:
    def test_saving_over_value_added_of_the_year(self):
        # 1,000 MW x 600 yuan per kW = 6 (100 million yuan), half for each city; acts in the year after the lever
        gain = levers(2022).productivity_gain
        man = WORLD.sector_index("MAN")
        prices, gdp = index("cpi", 2023, WORLD), index("gdp", 2023, WORLD)
        assert gain[PRT, man] == pytest.approx(3.0 * prices / (WORLD.value_added[PRT, man] * gdp))
        assert gain[MIL, man] == pytest.approx(3.0 * prices / (WORLD.value_added[MIL, man] * gdp))
        assert np.count_nonzero(gain) == 2
        assert not levers(2021).productivity_gain.any()

    def test_real_gdp_rises_by_the_saving_in_the_opening_year(self):
        model = run(plant=PLANT | {"cost": 0.0})
        gained = change(model, "real_gdp")[model.years.index(2023)]
        real = index("cpi", 2023, WORLD) / (index("gdp", 2023, WORLD) / growth_of_the_cities(model, 2023))
        assert gained[VAL] == pytest.approx(0.0, abs=1e-9)
        assert gained.sum() == pytest.approx(6.0 * real, rel=0.02)

    def test_capacity_of_those_who_are_not_in_stays_unused(self):
        gain = levers(2022, members=["PRT"]).productivity_gain
        assert not gain[MIL].any()
        np.testing.assert_array_equal(gain[PRT], levers(2022).productivity_gain[PRT])


def growth_of_the_cities(model: Any, year: int) -> float:
    """Volume of the two cities' sector over the base year's, without the policy."""
    real = small_reference().record["real_gdp"]
    return float(real[model.years.index(year), [PRT, MIL]].sum() / real[0, [PRT, MIL]].sum())


class TestCost:
    def test_built_where_the_works_stand_and_the_centre_pays_its_part(self):
        now = levers(2021, projects={"line": LINE})
        bill = BILL * index("cpi", 2021, WORLD) / index("cpi", 2020, WORLD)
        np.testing.assert_allclose(now.works[[PRT, MIL, VAL]], [0.25 * bill, 0.0, 0.75 * bill])
        np.testing.assert_allclose(now.grant, 0.2 * now.works)
        assert not levers(2022, projects={"line": LINE}).works.any()

    def test_prices(self):
        price = {kind: Project(**(LINE | {"indexed": kind})).amount(2021, WORLD) for kind in ("none", "cpi", "gdp")}
        inflation, growth = (1 + WORLD.national_value(name, 2021) / 100 for name in ("deflator", "real_growth"))
        assert price["none"] == BILL
        assert price["cpi"] == pytest.approx(BILL * inflation)
        assert price["gdp"] == pytest.approx(BILL * inflation * growth)

    @pytest.mark.parametrize(
        ("split", "share"),
        [
            ("equal", 0.5),
            ("length", 0.4),
            ("population", 0.5),  # 90 of 180
            ("gdp", 1200 / 1600),
            ({"PRT": 0.3, "VAL": 0.7}, 0.3),
        ],
    )
    def test_rules(self, split: Any, share: float):
        shares = policy({"split": split}).cost_shares("line", WORLD)
        assert shares == pytest.approx({"PRT": share, "VAL": 1.0 - share})

    def test_renegotiation_takes_a_tenth_off(self):
        shares = policy({"split": "equal"}).given_to(["VAL"]).cost_shares("line", WORLD)
        assert shares == pytest.approx({"PRT": 1.0 / 1.9, "VAL": 0.9 / 1.9})

    def test_without_effects_and_cost_nothing_happens(self):
        nothing = {"cost": 0.0, "minutes": {}, "freight_minutes": {}}
        model, reference = run(line=LINE | nothing), small_reference()
        for field, values in reference.record.arrays.items():
            assert np.array_equal(model.record.arrays[field], values), field

    def test_bills_are_paid_a_year_later_where_the_works_stand(self):
        model = run(line=LINE)
        second = BILL * index("cpi", 2021, WORLD) / index("cpi", 2020, WORLD)
        expected = np.zeros((len(model.years), WORLD.n_regions))
        for year, bill in ((2021, BILL), (2022, second)):
            expected[model.years.index(year), [PRT, VAL]] = 0.25 * bill, 0.75 * bill
        np.testing.assert_allclose(model.record["project_investment"], expected, rtol=1e-12)
        np.testing.assert_allclose(change(model, "general_transfer")[2], 0.2 * expected[2, : WORLD.n_cities], atol=1e-9)

    def test_transfers_name_payer_payee_and_project(self):
        paid = transfers(run(line=LINE, plant=PLANT)).to_pandas().query("rule == 'cost_sharing' and year == 2021")
        line = 0.8 * BILL
        amounts = {
            ("line", "PRT", "VAL"): 0.75 * 0.75 * line,
            ("line", "VAL", "PRT"): 0.25 * 0.25 * line,
            ("plant", "PRT", "VAL"): 0.7 * 4.0 * index("cpi", 2020, WORLD),
            ("plant", "MIL", "VAL"): 0.3 * 4.0 * index("cpi", 2020, WORLD),
        }
        found = paid.set_index(["contract", "payer", "payee"])["amount"].to_dict()
        assert found == pytest.approx(amounts)

    def test_works_are_no_public_capital(self):
        model = run(line=LINE | {"minutes": {}, "freight_minutes": {}})
        assert model.record["project_investment"][:, VAL].sum() > 15.0
        assert change(model, "public_capital")[:, VAL].max() < 0.01

    def test_a_project_that_brings_nothing_costs_each_city_its_share(self):
        model = run(line=LINE | {"minutes": {}, "freight_minutes": {}, "central_share": 0.0})
        lost = -change(model, "real_income")
        for year in (2021, 2022):
            row = model.years.index(year)
            bill = model.record["project_investment"][row].sum() / model.record["cpi"][row]
            assert lost[row, PRT] == pytest.approx(0.75 * bill[PRT], rel=0.06)
            assert lost[row, VAL] == pytest.approx(0.25 * bill[VAL], rel=0.06)
        assert np.abs(lost[-1]).max() < 0.1 * lost.max()

    def test_twice_the_size_is_twice_the_effect_of_small_projects(self):
        once, twice = (change(_run_at(scale), "real_income")[3:].sum(axis=0) for scale in (0.001, 0.002))
        np.testing.assert_allclose(twice, 2 * once, rtol=1e-2)


def _run_at(scale: float):
    model = small_model(
        {"joint_projects": PROJECTS | {"scale": scale}}, growth=small_reference().growth, tolerance=1e-11
    )
    model.run()
    return model


class TestMembers:
    def test_members_carry_the_whole_cost_in_proportion(self):
        split = {"PRT": 0.5, "MIL": 0.3, "VAL": 0.2}
        shares = policy({"split": split}, members=["PRT", "VAL"]).cost_shares("line", WORLD)
        assert shares == pytest.approx({"PRT": 0.5 / 0.7, "VAL": 0.2 / 0.7})
        now, all_of_them = (levers(2020, {"split": split}, members=m) for m in (["PRT", "VAL"], None))
        np.testing.assert_allclose(now.works, all_of_them.works)

    @pytest.mark.parametrize(
        ("members", "minimum", "built"),
        [(None, 2, True), (["PRT"], 1, True), (["PRT"], 2, False), (["MIL"], 1, False), ([], 1, False)],
    )
    def test_a_project_needs_its_minimum(self, members: list[str] | None, minimum: int, built: bool):
        only = {"line": LINE | {"minimum": minimum}}
        for year in (2020, 2023):
            now = levers(year, projects=only, members=members)
            assert now.works.any() == (built and year == 2020)
            assert (now.passenger_time != 1.0).any() == (built and year == 2023)
        assert policy(members=members, projects=only).is_viable(WORLD) == built

    def test_projects_that_begin_outside_the_programme_are_not_built(self):
        assert not levers(2020, start=2021).works.any()

    def test_parties_of_all_projects_or_of_those_that_are_built(self):
        assert policy().parties(WORLD) == ["PRT", "VAL", "MIL"]
        assert policy(only=["plant"]).parties(WORLD) == ["PRT", "MIL"]
        assert not levers(2023, only=["plant"]).works[PRT]
        assert (levers(2023, only=["plant"]).passenger_time == 1.0).all()


class TestDelay:
    def test_late_when_the_draw_says_so(self):
        late = {"delay": 2, "delay_probability": 0.5}
        opened = [Project(**(LINE | late)).opens("line", draw) for draw in range(200)]
        assert set(opened) == {2022, 2024}
        assert opened.count(2024) == pytest.approx(100, abs=25)
        assert opened == [Project(**(LINE | late)).opens("line", draw) for draw in range(200)]

    def test_certain(self):
        late = {"delay": 2, "delay_probability": 1.0}
        assert (levers(2023, late).passenger_time == 1.0).all()
        assert (levers(2024, late).passenger_time != 1.0).any()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"split": {"PRT": 0.5, "VAL": 0.4}}, "the shares sum to 0.9, not to 1"),
        ({"works": {"PRT": 0.5, "VAL": 0.5 + 2e-9}}, "the shares sum to"),
        ({"split": {"PRT": -0.5, "VAL": 1.5}}, "is below 0"),
        ({"split": "fair"}, "'equal', 'gdp', 'population' or 'length'"),
        ({"split": {"PRT": 1.0}, "parties": ["PRT", "VAL"]}, "VAL is in only one of parties and split"),
        ({"split": "length", "parties": ["PRT", "MIL"]}, "no length for MIL"),
        ({"minimum": 3}, "a minimum of 3 members, but 2 parties"),
        ({"opening": 2020}, "not in this order"),
        ({"works": {"XXX": 1.0}, "parties": ["PRT"]}, "unknown region 'XXX'"),
        ({"minutes": {"PRT": 30}}, "'PRT' is not a pair of cities"),
        ({"minutes": {"PRT-ROC": 30}}, "ROC is not a city"),
        ({"price_year": 2010}, "prices of 2010 are not known"),
    ],
)
def test_bad_projects_are_one_clear_message(line: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message):
        small_model({"joint_projects": PROJECTS | {"projects": {"line": LINE | line}}}).run()


def test_unknown_projects_are_named():
    with pytest.raises(InputError, match="unknown project 'lines'; did you mean line"):
        small_model({"joint_projects": PROJECTS | {"only": ["lines"]}})
