"""The baseline is calm and near what happened: MODEL.md's bounds on how far a city may stray from the nation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.datasets.world import World
from sim.experiments.backtest import Backtest, backtest, observed_growth
from sim.experiments.run import Run, run
from sim.indicators.targets import attainment

FARTHEST, LARGEST_CHANGE = 5.0, 3.0  # points of growth, between adjacent years
REGION, MEDIAN = 3.0, 6.0  # per cent of real GDP 2022


@pytest.fixture(scope="module")
def baseline() -> Run:
    return run("baseline")


@pytest.fixture(scope="module")
def growth(baseline: Run) -> pd.DataFrame:
    """Real growth of every city less the nation's, points, [year, city]."""
    level = baseline.cities.pivot(index="year", columns="region", values="real_gdp")
    nation = level[[*baseline.city_ids, "ROC"]].sum(axis=1)
    return 100.0 * (level[baseline.city_ids].pct_change().sub(nation.pct_change(), axis=0)).dropna()


def test_every_city_stays_near_the_nation(growth):
    assert growth.abs().max().max() <= FARTHEST


def test_no_city_jumps(growth):
    assert growth.diff().abs().max().max() <= LARGEST_CHANGE


def test_the_nation_grows_along_its_path(baseline):
    world = baseline.model.world
    level = baseline.cities.pivot(index="year", columns="region", values="real_gdp")
    nation = level[[*baseline.city_ids, "ROC"]].sum(axis=1)
    path = [world.national_value("real_growth", year) for year in nation.index[1:]]
    np.testing.assert_allclose(100.0 * nation.pct_change().dropna(), path, atol=0.15)  # regions chain by themselves


def test_the_market_clears_every_year(baseline):
    assert baseline.info["convergence"]["worst_residual"] <= baseline.config.tolerance


@pytest.fixture(scope="module")
def result(baseline: Run) -> Backtest:
    return backtest(baseline, baseline.model.world)


@pytest.fixture(scope="module")
def region(baseline: Run) -> pd.Series:
    """Indicators of the region in the base year."""
    table = baseline.indicators[(baseline.indicators["scope"] == "region") & (baseline.indicators["year"] == 2019)]
    return table.set_index("indicator")["value"]


class TestBacktest:
    def test_the_region_is_within_three_per_cent(self, result):
        assert (result.summary.loc[2020:2022, "region_error"].abs() <= REGION).all()

    def test_half_of_the_cities_are_within_six_per_cent(self, result):
        assert result.summary.loc[2022, "median_error"] <= MEDIAN

    def test_all_cities_and_years_with_observations_are_in_it(self, result):
        assert result.table.groupby("year").size().to_dict() == {2020: 41, 2021: 41, 2022: 41}

    def test_observed_levels_are_chained_growth(self, result, baseline):
        growth = observed_growth(baseline.model.world).loc["310000"]
        base = baseline.cities.set_index(["year", "region"]).loc[(2019, "310000"), "real_gdp"]
        rows = result.table[result.table["region"] == "310000"].set_index("year")
        assert rows.loc[2021, "observed"] == pytest.approx(base * (1 + growth[2020] / 100) * (1 + growth[2021] / 100))
        nation = baseline.cities[baseline.cities["region"].isin([*baseline.city_ids, "ROC"])]
        total = nation.groupby("year")["real_gdp"].sum()
        assert rows.loc[2022, "naive"] == pytest.approx(base * total[2022] / total[2019])


class TestShares:
    """What the calibration was fitted to, and plain facts of 2019."""

    @pytest.mark.parametrize(
        ("indicator", "value", "within"),
        [
            ("purchases_local_share", 31.0, 1.5),
            ("purchases_region_share", 33.0, 1.5),
            ("purchases_country_share", 27.0, 1.5),
            ("purchases_abroad_share", 9.0, 1.5),
            ("exports_abroad", 27.0, 1.5),
            ("share_of_national_gdp", 24.0, 0.5),
            ("core_to_whole", 1.157, 0.01),  # published for 2020
            ("public_spending_per_head", 1.63, 0.02),
        ],
    )
    def test_base_year(self, region, indicator, value, within):
        assert region[indicator] == pytest.approx(value, abs=within)

    def test_theil_of_the_data(self, region):
        world = World.load("yangtze_delta")
        people = world.resident_population[: world.n_cities]
        gdp = world.value_added[: world.n_cities].sum(axis=1)
        total = (gdp / gdp.sum() * np.log(gdp / gdp.sum() / (people / people.sum()))).sum()
        assert region["theil_between_provinces"] + region["theil_within_provinces"] == pytest.approx(total, rel=1e-6)


def test_attainment_is_the_year_from_which_a_target_is_kept():
    years = [2020, 2021, 2022, 2023]
    assert attainment(years, np.array([1.0, -1.0, 0.5, -0.1])) == 2023
    assert attainment(years, np.array([1.0, 0.0, -1.0, -0.1])) == 2021
    assert attainment(years, np.array([-1.0, -1.0, -1.0, -1.0])) == 2020
    assert attainment(years, np.array([-1.0, -1.0, -1.0, 1.0])) is None
    assert attainment(years, np.full(4, np.nan)) is None
