"""Town and country, land, the floor of services, schooling and life expectancy against cases worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.datasets import three_cities
from sim.datasets.world import World
from sim.experiments.run import run
from sim.indicators.base import View
from sim.indicators.outcomes import life_expectancy_of, urban_rural_ratio, urbanisation_rate
from sim.mechanisms.fiscal import shortfall
from sim.mechanisms.learn import Learn
from sim.mechanisms.market.phase import Market
from sim.mechanisms.people import reallocated_labour
from sim.mechanisms.people.rural import Rural, freed, next_urban_share
from sim.policies import LandQuotaTrade, RuralRevitalisation, ServiceFloor
from sim.policies.joint_projects import index
from tests.worlds import LAND, POLICIES, small_base, small_model, small_reference

WORLD = three_cities()
PRT, MIL, VAL = (WORLD.index(code) for code in ("PRT", "MIL", "VAL"))
MU = 1.0 / 1500.0


def levers_of(policy: Any, year: int) -> Levers:
    levers = Levers.neutral(small_base().admin_barrier, WORLD.n_sectors)
    policy.set_levers(levers, year, WORLD)
    return levers


def run_of(name: str, **values: Any) -> Any:
    model = small_model({name: POLICIES[name] | values}, growth=small_reference().growth, check_identities=True)
    model.run()
    return model


class TestTowns:
    def test_rural_people_follow_farm_work_and_leave_as_others_do(self):
        # 40 of 100 live in the country, a tenth of all leave, nobody comes: 36 of 90.
        share = next_urban_share(np.array([0.6]), np.ones(1), np.array([0.1]), np.array([-0.1]), 0.5)
        np.testing.assert_allclose(share, 0.6)
        # 20 come besides, to towns: 36 of 110. Farm work falls to .81 of its share, elasticity a half: .9 of 36.
        share = next_urban_share(np.array([0.6]), np.array([0.81]), np.array([0.1]), np.array([0.1]), 0.5)
        np.testing.assert_allclose(share, 1.0 - 0.9 * 36.0 / 110.0)

    def test_the_share_stays_between_zero_and_one(self):
        share = next_urban_share(np.array([0.01, 0.9]), np.array([9.0, 0.0]), np.zeros(2), np.zeros(2), 1.0)
        assert (share > 0.0).all()
        assert (share < 1.0).all()

    def test_base_years_are_the_data(self):
        found = World.load("yangtze_delta")
        city = found.index("310000")
        rates = found.observed.query("region_id == '310000' and variable == 'urbanisation_rate'")
        expected = np.interp(2019, rates["year"], rates["value"]) / 100.0
        assert found.urban_share[city] == pytest.approx(expected)
        work = WORLD.labour[VAL]  # the small world gives no rate: work outside farming
        assert WORLD.urban_share[VAL] == pytest.approx(work[1:].sum() / work.sum())
        assert (WORLD.urban_share[WORLD.n_cities :] == 0.0).all()

    def test_the_rate_is_the_mean_over_residents(self):
        view = View(small_reference().record, small_base())
        people, share = view["resident_population"][:, :3], view["urban_share"][:, :3]
        expected = 100.0 * (people * share).sum(axis=1) / people.sum(axis=1)
        np.testing.assert_allclose(urbanisation_rate(view, np.arange(3)), expected)


class TestIncomes:
    rural = Rural(WORLD, small_base().state.value_added, small_base().state.labour)
    base = small_base().state

    def test_base_year_has_the_published_incomes(self):
        urban, country = self.rural.incomes(self.base.value_added, self.base.labour, 2019)
        np.testing.assert_allclose(urban * 1e4, [51056.0, 51056.0, 37540.0])
        np.testing.assert_allclose(country * 1e4, [22675.0, 22675.0, 15416.0])

    def test_wages_outside_farming_move_both_farm_wages_their_share_of_the_country(self):
        q = self.rural.params
        wages = self.base.value_added.copy()
        wages[:, 0] *= 1.5
        wages[:, 1:] *= 1.2
        urban, country = self.rural.incomes(wages, self.base.labour, 2019)
        np.testing.assert_allclose(urban, 1.2 * q.urban_income)
        np.testing.assert_allclose(country, (1.5 * q.farm_share + 1.2 * (1.0 - q.farm_share)) * q.rural_income)

    def test_who_leaves_the_farm_and_stays_earns_what_others_earn(self):
        q, labour = self.rural.params, self.base.labour.copy()
        farmers, work = labour[VAL, 0], labour[VAL].sum()
        labour[VAL, 0] *= 0.5
        labour[VAL, 1] += farmers - labour[VAL, 0]
        wages = self.base.value_added.copy()  # wages per worker as before
        wages[VAL] *= labour[VAL] / self.base.labour[VAL]
        outside = wages[VAL, 1:].sum() / labour[VAL, 1:].sum()
        before = self.base.value_added[VAL, 1:].sum() / (work - farmers)
        m, s = 0.5 ** (1.0 - q.elasticity), q.farm_share[VAL]
        farm = self.base.value_added[VAL, 0] / farmers
        expected = s * m + (1.0 - s) * outside / before + s * (1.0 - m) * outside / farm
        _, country = self.rural.incomes(wages, labour, 2019)
        assert country[VAL] == pytest.approx(expected * q.rural_income[VAL])

    def test_the_trend_grows_with_the_years(self):
        q = self.rural.params
        _, country = self.rural.incomes(self.base.value_added, self.base.labour, 2029)
        np.testing.assert_allclose(country, q.rural_income * np.exp(10.0 * q.trend))

    def test_the_ratio_weighs_by_those_who_live_there(self):
        view = View(small_reference().record, small_base())
        people, towns = view["resident_population"][0], view["urban_share"][0]
        two = np.array([PRT, VAL])
        urban = np.average([5.1056, 3.7540], weights=(people * towns)[two])
        country = np.average([2.2675, 1.5416], weights=(people * (1.0 - towns))[two])
        assert urban_rural_ratio(view, two)[0] == pytest.approx(urban / country, rel=1e-6)


class TestLeavingFarms:
    labour = np.array([[40.0, 60.0]])
    wedge = np.array([[0.5, 4.0 / 3.0]])
    speed = np.array([0.05, 0.15])
    farming = np.array([True, False])

    def test_nothing_changes_without_the_lever(self):
        wedge, speed = freed(self.wedge, self.speed, np.zeros(1), self.farming)
        assert np.array_equal(wedge, self.wedge)
        assert np.array_equal(speed, self.speed[None])

    def test_a_half(self):
        wedge, speed = freed(self.wedge, self.speed, np.array([0.5]), self.farming)
        np.testing.assert_allclose(wedge, [[np.sqrt(0.5), 4.0 / 3.0]])
        np.testing.assert_allclose(speed, [[0.1, 0.15]])

    def test_without_any_hold_farm_work_is_left_for_what_pays_more(self):
        wedge, speed = freed(self.wedge, self.speed, np.ones(1), self.farming)
        wages = self.labour * self.wedge * 3.0  # those of the base year
        # 6 leave farms, 9 the rest; farms draw 40 x .5 = 20, the rest 60: a quarter of 15 goes to farms.
        np.testing.assert_allclose(reallocated_labour(self.labour, wages, wedge, speed), [[37.75, 62.25]])


class TestLand:
    def test_more_land_lowers_the_price_of_land_and_of_housing(self):
        model, before = run_of("land_quota_trade", idle={}), small_reference()
        elasticity = WORLD.parameters.value("land_price_elasticity")
        supply = WORLD.parameters.by_province("housing_supply_elasticity")[WORLD.province_of[PRT]]
        land = 1.0 + 6000.0 * MU / WORLD.buildable_land_km2[PRT]  # of the first year, 2020
        price = model.record["land_price"][1, PRT] / before.record["land_price"][1, PRT]
        housing = model.record["housing_cost"][1, PRT] / before.record["housing_cost"][1, PRT]
        assert price == pytest.approx(land**-elasticity, rel=1e-6)
        assert housing == pytest.approx(land ** (-1.0 / supply), rel=1e-6)

    def test_land_is_conserved_in_trade_whoever_takes_part(self):
        two = LAND | {"sellers": {"VAL": 0.6, "MIL": 0.4}, "buyers": {"PRT": 6000}, "idle": {}}
        for members in (None, ["PRT", "VAL"], ["PRT", "MIL"], ["PRT"], ["MIL", "VAL"]):
            levers = levers_of(LandQuotaTrade(**two | {"members": members}), 2023)
            moved = levers.land_supply * WORLD.buildable_land_km2
            assert moved.sum() == pytest.approx(0.0, abs=1e-9)
            active = members is None or {"PRT"} < set(members)
            assert moved[PRT] == pytest.approx(4 * 6000.0 * MU if active else 0.0)

    def test_quotas_stay_after_the_end_and_idle_land_adds_to_them(self):
        moved = levers_of(LandQuotaTrade(**LAND), 2030).land_supply * WORLD.buildable_land_km2
        np.testing.assert_allclose(moved[:3], np.array([6000.0, 3500.0, -9000.0]) * 5 * MU)
        assert not levers_of(LandQuotaTrade(**LAND), 2019).land_supply.any()

    def test_buyers_pay_sellers_the_price_of_their_province_in_the_next_year(self):
        model = run_of("land_quota_trade")
        shared = model.record["shared_revenue"]
        for year in range(2021, 2026):
            np.testing.assert_allclose(shared[year - 2019, :3], [-30.0, -15.0, 45.0], rtol=1e-12)
        assert not shared[[0, 1, 7, 8]].any()
        # reclaiming 9,000 mu at 100,000 yuan
        np.testing.assert_allclose(model.record["project_investment"][2, :3], [0.0, 0.0, 9.0])

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"price": {"IN": 1.0}}, "no price for CO"),
            ({"buyers": {"PRT": 3e6}}, "sells more land than it has"),
            ({"buyers": {"NIL": 1.0}}, "NIL"),
        ],
    )
    def test_what_cannot_be_is_said(self, values: dict[str, Any], message: str):
        with pytest.raises(InputError, match=message):
            levers_of(LandQuotaTrade(**LAND | values), 2024)

    def test_nobody_buys_from_itself(self):
        with pytest.raises(ValueError, match="PRT both buys and sells"):
            LandQuotaTrade(**LAND | {"sellers": {"PRT": 1.0}})


class TestFloor:
    def test_shortfall(self):
        found = shortfall(np.array([1.5, 1.5, 0.0]), np.full(3, 10.0), np.array([12.0, 20.0, 5.0]))
        np.testing.assert_allclose(found, [3.0, 0.0, 0.0])

    def test_spending_of_the_next_year_is_higher_by_what_was_missing(self):
        model, before = run_of("service_floor"), small_reference()
        grant = model.record["floor_grant"]
        floor = 1.6 * index("gdp", 2020, WORLD)
        people, spent = before.record["resident_population"][1], before.record["public_spending"][1]
        missing = np.maximum(floor * people - spent, 0.0)[:3]
        assert missing[VAL] > 0.0
        np.testing.assert_allclose(grant[1, :3], missing, rtol=1e-6)
        change = {name: model.record[name][2, VAL] - before.record[name][2, VAL]
                  for name in ("public_spending", "general_transfer", "own_revenue", "province_service")}  # fmt: skip
        assert change["general_transfer"] == pytest.approx(missing[VAL], rel=1e-6)
        added = change["general_transfer"] + change["own_revenue"] + change["province_service"]
        assert change["public_spending"] == pytest.approx(added, rel=0.01)  # the province's other spending

    def test_a_floor_that_nobody_is_below_does_nothing(self):
        levers = levers_of(ServiceFloor(start=2020, end=2030, floor=0.01), 2025)
        assert levers.service_floor[VAL] > 0.0
        assert not run_of("service_floor", floor=0.01).record["floor_grant"].any()


class TestRevitalisation:
    policy = RuralRevitalisation(**POLICIES["rural_revitalisation"])

    def test_levers_grow_in_equal_steps_and_stay(self):
        for year, done in ((2019, 0.0), (2020, 0.2), (2024, 1.0), (2030, 1.0)):
            levers = levers_of(self.policy, year)
            np.testing.assert_allclose(levers.productivity_gain[:3, 0], 0.1 * done)
            assert not levers.productivity_gain[:, 1:].any()
            np.testing.assert_allclose(levers.farm_exit[:3], 0.3 * done)

    def test_spending_is_per_rural_resident_and_half_of_it_central(self):
        levers = levers_of(self.policy, 2020)
        rural = (1.0 - WORLD.urban_share[:3]) * WORLD.resident_population[:3]
        np.testing.assert_allclose(levers.works[:3], 0.03 * rural * index("gdp", 2020, WORLD))
        np.testing.assert_allclose(levers.grant[:3], levers.works[:3] / 2.0)
        assert not levers_of(self.policy, 2025).works.any()

    def test_the_gap_narrows(self):
        model, before = run_of("rural_revitalisation"), small_reference()
        ratio = [m.record["urban_income"][-1, :3] / m.record["rural_income"][-1, :3] for m in (model, before)]
        assert (ratio[0] < ratio[1]).all()

    def test_more_than_all_of_the_hold_cannot_go(self):
        with pytest.raises(ValueError, match="more than all"):
            RuralRevitalisation(**POLICIES["rural_revitalisation"] | {"exit": 0.6, "strength": 2.0})


class TestOutcomes:
    def test_schooling_follows_income_and_services_as_cohorts_replace_each_other(self):
        """By hand from the record: a part of the gap every year, nothing in the base year."""
        record, p = run_of("service_floor").record, WORLD.parameters
        row = WORLD.row
        income, people = record["real_income"][:-1, :row], record["resident_population"][1:, :row]  # of the year's end
        nation = income.sum(axis=1) / people.sum(axis=1)
        relative = np.log(income / people / nation[:, None])
        lead, speed = np.zeros(row), p.value("schooling_turnover")
        for t in range(len(relative)):
            quality = np.log(record["service_quality"][t + 1, :row])
            target = 2.29 * (relative[t] - relative[0]) + p.value("schooling_services") * quality
            lead = lead + speed * (target - lead)
            np.testing.assert_allclose(record["schooling_lead"][t + 1, :row], lead, rtol=1e-9, atol=1e-12)
        assert not record["schooling_lead"][0].any()
        assert lead[VAL] > 0.0

    def test_a_year_of_schooling_makes_labour_better_by_its_return(self):
        base = small_base()
        plain, taught = (base.state.copy() for _ in range(2))
        market, found, levers = Market(base), [], Levers.neutral(base.admin_barrier, base.world.n_sectors)
        for state in (plain, taught):
            market.update(state, levers)
            taught.schooling_lead[VAL] = 1.0
            Learn(base, growth={2020: 0.0}).update(state, levers)
            found.append(np.log(state.effective_productivity))
        better = WORLD.parameters.value("schooling_return") * (1.0 - base.capital_share)
        kept = 1.0 - WORLD.parameters.value("schooling_turnover")
        np.testing.assert_allclose(found[1][VAL] - found[0][VAL], kept * better, rtol=1e-9)
        np.testing.assert_allclose(found[1][:VAL], found[0][:VAL], rtol=1e-12)

    def test_the_trend_goes_through_the_census(self):
        view = View(small_reference().record, small_base())
        income = view["real_income"][:, : WORLD.row] / view["resident_population"][:, : WORLD.row]
        nation = view["real_income"][:, : WORLD.row].sum(axis=1)
        nation = nation / view["resident_population"][:, : WORLD.row].sum(axis=1)
        change = np.log(income[1, VAL] / income[0, VAL] / (nation[1] / nation[0]))
        quality = np.log(view["service_quality"][1, VAL])
        expected = 77.96 + 5.93 * change + 0.5 * quality
        assert life_expectancy_of(view)[1, VAL] == pytest.approx(expected, rel=1e-9)

    def test_dirty_air_shortens_life_by_98_days_per_microgram(self):
        view = View(small_reference().record, small_base())
        lost = life_expectancy_of(view) - life_expectancy_of(view, 10.0)
        np.testing.assert_allclose(lost, 0.98)

    @pytest.mark.parametrize(
        ("outcome", "key", "r2", "error"),
        [("schooling_2020", "schooling_income", 0.53, 0.69), ("life_2020", "life_expectancy_income", 0.70, 1.25)],
    )
    def test_slopes_and_fit_are_those_of_the_sample(self, outcome: str, key: str, r2: float, error: float):
        world = World.load("yangtze_delta")
        sample = pd.read_csv(f"{world.folder}/by_hand/provinces_2010_2020.csv")
        x, y = np.log(sample["income_2020"]), sample[outcome]
        slope, level = np.polyfit(x, y, 1)
        left = y - level - slope * x
        assert len(sample) == 31
        assert slope == pytest.approx(world.parameters.value(key), abs=0.005)
        assert 1.0 - left.var() / y.var() == pytest.approx(r2, abs=0.005)
        assert np.sqrt((left**2).sum() / 29) == pytest.approx(error, abs=0.006)

    def test_the_provinces_have_their_own_levels_and_trends(self):
        world = World.load("yangtze_delta")
        sample = pd.read_csv(f"{world.folder}/by_hand/provinces_2010_2020.csv", index_col="province")
        ours = sample.loc[[{"SH": "Shanghai", "JS": "Jiangsu", "ZJ": "Zhejiang", "AH": "Anhui"}[q]
                           for q in world.province_ids]]  # fmt: skip
        for key, column in (("schooling", "schooling"), ("life_expectancy", "life")):
            levels, trend = (world.parameters.by_province(f"{key}{end}")[:4] for end in ("", "_trend"))
            np.testing.assert_allclose(levels, ours[f"{column}_2020"])
            np.testing.assert_allclose(trend, (ours[f"{column}_2020"] - ours[f"{column}_2010"]) / 10.0, atol=6e-4)


def test_the_baseline_is_near_what_was_published() -> None:
    """Gap and towns of 2023, neither in the base year; the trend of rural incomes is fitted to 2018-2023."""
    done = run("baseline", overrides=["horizon=2023"])
    table = done.indicators.query("year == 2023").set_index(["indicator", "place"])["value"]
    assert table["urbanisation_rate", "region"] == pytest.approx(72.85, abs=1.0)
    for place, published in {"SH": 2.08, "JS": 2.07, "ZJ": 1.86, "AH": 2.24}.items():
        assert table["urban_rural_ratio", place] == pytest.approx(published, abs=0.05)
    core = done.indicators.query("indicator == 'urban_rural_ratio' and place == 'core27'")
    assert (core["target"] == 2.2).all()
    np.testing.assert_allclose(core["gap"], core["value"] - 2.2)
