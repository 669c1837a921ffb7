"""Indicators against cases worked out by hand, and against the tables they summarise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.datasets.world import World
from sim.indicators import REGISTRY
from sim.indicators.inequality import theil
from sim.indicators.targets import COMPUTED, targets
from tests.worlds import small_reference


class TestTheil:
    people = np.array([[1.0, 1.0, 2.0]])
    province = np.array([0, 0, 1])

    def test_equal_incomes_have_none(self):
        between, within = theil(3.0 * self.people, self.people, self.province)
        np.testing.assert_allclose([between, within], 0.0, atol=1e-15)

    def test_all_between(self):
        between, within = theil(np.array([[3.0, 3.0, 2.0]]), self.people, self.province)
        # shares of income 3/4 and 1/4, of people 1/2 and 1/2
        np.testing.assert_allclose(between, 0.75 * np.log(1.5) + 0.25 * np.log(0.5))
        np.testing.assert_allclose(within, 0.0, atol=1e-15)

    def test_all_within(self):
        between, within = theil(np.array([[1.5, 0.5, 2.0]]), self.people, self.province)
        np.testing.assert_allclose(between, 0.0, atol=1e-15)
        # half of all income, shared 3 to 1 between equals
        np.testing.assert_allclose(within, 0.5 * (0.75 * np.log(1.5) + 0.25 * np.log(0.5)))


@pytest.fixture
def values(any_run) -> pd.Series:
    return any_run.indicators.set_index(["indicator", "scope", "place", "year"])["value"].sort_index()


@pytest.fixture
def cities(any_run) -> pd.DataFrame:
    return any_run.cities[any_run.cities["region"].isin(any_run.city_ids)]


def of_region(values: pd.Series, name: str) -> np.ndarray:
    return values.xs((name, "region", "region")).to_numpy()


@pytest.mark.parametrize("name", ["gdp", "real_gdp", "real_income", "gni", "own_revenue", "resident_population"])
def test_totals_are_sums_of_cities(values, cities, name):
    np.testing.assert_allclose(of_region(values, name), cities.groupby("year")[name].sum(), rtol=1e-12)
    provinces = values.xs((name, "province"), level=("indicator", "scope")).groupby("year").sum()
    np.testing.assert_allclose(of_region(values, name), provinces, rtol=1e-12)


def test_per_head_and_growth(values, cities):
    sums = cities.groupby("year")[["gdp", "real_gdp", "public_spending", "resident_population"]].sum()
    np.testing.assert_allclose(of_region(values, "gdp_per_head"), sums["gdp"] / sums["resident_population"])
    np.testing.assert_allclose(of_region(values, "public_spending_per_head"),
                               sums["public_spending"] / sums["resident_population"])  # fmt: skip
    np.testing.assert_allclose(of_region(values, "real_gdp_growth")[1:], 100.0 * sums["real_gdp"].pct_change()[1:])


def test_shares_of_purchases_sum_to_hundred(values):
    names = ("local", "region", "country", "abroad")
    total = sum(values.xs(f"purchases_{name}_share") for name in names)
    np.testing.assert_allclose(total, 100.0, rtol=1e-12)


def test_purchases_are_those_of_the_flows(any_run, values):
    city, year = any_run.city_ids[0], 2025
    trade = any_run.flows.query("kind == 'trade' and destination == @city and year == @year")
    by_origin = trade.groupby("origin")["amount"].sum()
    share = 100.0 * by_origin / by_origin.sum()
    assert values["purchases_local_share", "city", city, year] == pytest.approx(share[city])
    assert values["purchases_country_share", "city", city, year] == pytest.approx(share["ROC"])
    assert values["purchases_abroad_share", "city", city, year] == pytest.approx(share["ROW"])


def test_trade_inside_the_region(any_run, values):
    trade = any_run.flows.query("kind == 'trade' and year == 2025 and origin != destination")
    cities = set(any_run.city_ids)
    from_us, to_us = trade["origin"].isin(cities), trade["destination"].isin(cities)
    among = trade.loc[from_us & to_us, "amount"].sum()
    ours = trade.loc[from_us, "amount"].sum() + trade.loc[to_us, "amount"].sum()
    assert values["intraregional_trade_share", "region", "region", 2025] == pytest.approx(100.0 * 2.0 * among / ours)


def test_specialisation_is_the_distance_from_the_regions_mix(any_run, values):
    made = any_run.sectors.query("year == 2025").pivot(index="region", columns="sector", values="value_added")
    made = made.loc[any_run.city_ids]
    mix = made.div(made.sum(axis=1), axis=0)
    distance = mix.sub(made.sum() / made.sum().sum(), axis=1).abs().sum(axis=1)
    city = any_run.city_ids[1]
    assert values["specialisation", "city", city, 2025] == pytest.approx(distance[city])
    mean = (distance * made.sum(axis=1)).sum() / made.sum().sum()
    assert values["specialisation", "region", "region", 2025] == pytest.approx(mean)


def test_moved_capital_and_shared_tax(any_run, values):
    moved = any_run.flows.query("kind == 'relocated_capital'").groupby("year")["amount"].sum()
    np.testing.assert_allclose(of_region(values, "capital_moved_out"), moved, rtol=1e-12)
    np.testing.assert_allclose(of_region(values, "capital_moved_in"), moved, rtol=1e-12)
    shared = any_run.transfers.query("rule == 'relocation'").groupby("year")["amount"].sum()
    years = values.xs(("tax_shared", "region", "region")).index
    np.testing.assert_allclose(of_region(values, "tax_shared"), shared.reindex(years, fill_value=0.0), rtol=1e-9)


def test_contracts_move_revenue_and_with_it_the_spread(values):
    before, after = (of_region(values, f"fiscal_disparity_{when}_sharing") for when in ("before", "after"))
    np.testing.assert_array_equal(before[:3], after[:3])
    assert (before[5:] != after[5:]).all()


def test_relative_market_access_starts_at_one(values):
    access = values.xs(("relative_market_access", 2019), level=("indicator", "year"))
    np.testing.assert_allclose(access, 1.0, rtol=1e-6)


class TestTargets:
    def test_the_plans_targets_that_the_model_computes(self):
        found = {target.target: target for target in targets(World.load("yangtze_delta"))}
        assert COMPUTED.keys() <= found.keys()
        assert set(COMPUTED.values()) <= REGISTRY.keys()
        spending = found["T14"]
        assert (spending.value, spending.year, spending.direction) == (2.1, 2025, ">=")
        assert spending.published == {2018: 1.48, 2023: 1.93}
        np.testing.assert_allclose(spending.gap(np.array([2.0, 2.4])), [0.1, -0.3])
        np.testing.assert_allclose(found["T02"].gap(np.array([1.25])), [0.05])
        assert np.isnan(found["T17"].gap(np.array([24.0]))).all()

    def test_gaps_in_the_table_are_to_the_plans_values(self, transfer):
        table = transfer.indicators[transfer.indicators["indicator"] == "public_spending_per_head"]
        region = table[table["scope"] == "region"]
        assert (region["target"] == 2.1).all()
        np.testing.assert_allclose(region["gap"], 2.1 - region["value"])
        assert table.loc[table["scope"] != "region", ["target", "gap"]].isna().all(axis=None)

    def test_attainment_of_a_run(self, transfer):
        spending = next(t for t in targets(World.load("yangtze_delta")) if t.target == "T14")
        rows = transfer.indicators.query("indicator == 'public_spending_per_head' and scope == 'region'")
        year = spending.attained(rows["year"].to_list(), rows["value"].to_numpy())
        assert year == rows.loc[rows["value"] >= 2.1, "year"].min()


def test_trade_of_all_sectors_is_the_sum_over_sectors():
    record = small_reference().record
    np.testing.assert_allclose(record.trade_of_all_sectors, record["trade"].sum(axis=1), rtol=1e-14)
