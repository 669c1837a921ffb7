"""The back-cast of residents: stocks of the first census only, by hand where it can be, and what it finds."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from sim.core.errors import InputError
from sim.datasets import three_cities
from sim.datasets.world import World
from sim.experiments.people_backcast import (
    STOCK_GROWTH,
    Backcast,
    as_of,
    backcast,
    forecast,
    register_of_today,
    relative_pay,
)
from sim.mechanisms.people import PeopleParams


@cache
def delta() -> World:
    return World.load("yangtze_delta")


@cache
def found() -> Backcast:
    return backcast(delta())


def test_stocks_of_the_first_census() -> None:
    """Residents of 2010, one nation, and nobody registered twice."""
    past = as_of(delta(), 2010)
    n = past.n_cities
    np.testing.assert_array_equal(past.resident_population[:n], past.census[2010])
    nation = past.national_value("population", 2010)
    assert past.resident_population.sum() == pytest.approx(nation, rel=1e-12)
    assert past.registered_population.sum() == pytest.approx(nation, rel=1e-12)
    assert past.census.equals(delta().census)


def test_counties_that_changed_cities() -> None:
    """Tongling got Zongyang in 2016, Hefei a part of Chaohu in 2011; Shanghai's register stays what it was."""
    panel = delta().observed
    panel = panel[panel["variable"] == "registered_population"].set_index(["region_id", "year"])["value"]
    register = register_of_today(delta(), 2010)
    assert register["310000"] == panel["310000", 2010]
    assert register["340700"] == pytest.approx(panel["340700", 2010] * panel["340700", 2016] / panel["340700", 2015])
    assert register["340100"] == pytest.approx(panel["340100", 2011])
    changed = register / panel.xs(2010, level="year").reindex(register.index)
    assert set(changed.index[(changed - 1.0).abs() > 1e-9]) == {
        *("340100", "340200", "340400", "340500", "340700", "340800", "341500"),
    }


def test_the_first_year_is_what_the_assumption_says() -> None:
    past, n = as_of(delta(), 2010), delta().n_cities
    natural = 1.0 + PeopleParams.read(past).natural_growth[:n]
    residents = past.resident_population[:n]
    drawn = STOCK_GROWTH * (residents - past.registered_population[:n])
    np.testing.assert_allclose(forecast(past, 2011, "rest", "none")[:n], residents * natural, rtol=1e-9)
    np.testing.assert_allclose(forecast(past, 2011, "stock", "none")[:n], (residents + drawn) * natural, rtol=1e-8)


def test_nothing_of_the_last_census_reaches_a_forecast_without_pay() -> None:
    values = delta().tables["region_values"].copy()
    values.loc[(values["variable"] == "pop_census") & (values["year"] == 2020), "value"] *= 1.5
    other = World("other", "", 2019, {**delta().tables, "region_values": values})
    for assumption in ("rest", "stock"):
        one, two = (forecast(as_of(world, 2010), 2020, assumption, "none") for world in (delta(), other))  # type: ignore[arg-type]
        np.testing.assert_array_equal(one, two)


def test_pay_of_a_place_against_the_first_year() -> None:
    past = as_of(delta(), 2010)
    paid = relative_pay(past, 2020, "gdp_per_head")
    assert paid.shape == (10, past.row)
    assert not paid[0].any()
    values = past.tables["region_values"]
    gdp = values[values["variable"] == "gdp_revised"].pivot(index="region", columns="year", values="value")
    city, people = past.region_ids[0], past.census.iloc[0]
    halfway = np.sqrt(people[2010] * people[2020])  # unit: 2015 stands between the censuses
    expected = np.log(gdp.loc[city, 2015] / halfway) - np.log(gdp.loc[city, 2010] / people[2010])
    assert paid[5, 0] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(relative_pay(past, 2020, "none"), np.zeros((10, past.row)))


def test_what_it_finds() -> None:
    """The table of docs/verification.md: what attracts is known from the stock, wages add a little, GDP misleads."""
    summary = found().summary
    correlation, error = summary["correlation"], summary["median_error"]
    assert correlation["log GDP per head"] == pytest.approx(0.553, abs=1e-3)
    assert correlation["model: stock, avg_wage"] == pytest.approx(0.66, abs=0.01)
    assert correlation["model: stock, avg_wage"] > correlation["log residents per registered"]
    assert correlation["model: rest, gdp_per_head"] < 0.0
    assert error["model: stock, avg_wage"] < error["no change"]
    assert error["model: stock, avg_wage"] < error["births and deaths only"]
    assert np.isnan(correlation["no change"])


def test_errors_by_hand() -> None:
    table = pd.DataFrame({"name": ["A", "B", "C"], "first": [10.0, 10.0, 10.0], "last": [10.0, 20.0, 40.0]})
    table["half"] = np.sqrt(table["first"] * table["last"])
    table["gap"] = [10.0, 10.0, np.nan]
    summary = Backcast(table, pd.DataFrame({"size": [1.0, 2.0, 3.0]})).summary
    assert summary.loc["half", "correlation"] == pytest.approx(1.0)
    assert summary.loc["half", "median_error"] == pytest.approx(100.0 * (1.0 - np.sqrt(0.5)))
    assert summary.loc["size", "correlation"] == pytest.approx(1.0)
    assert summary.loc["gap", "cities"] == 2
    assert summary.loc["gap", "largest_error"] == pytest.approx(50.0)


def test_no_censuses_no_back_cast() -> None:
    with pytest.raises(InputError, match="two censuses are needed"):
        backcast(three_cities())


def test_a_missing_wage_is_named() -> None:
    values = delta().tables["region_values"]
    gone = values[~((values["variable"] == "avg_wage") & (values["region"] == "330100") & (values["year"] == 2014))]
    world = World("other", "", 2019, {**delta().tables, "region_values": gone})
    with pytest.raises(InputError, match="no avg_wage of 330100 for 2014"):
        backcast(world)
