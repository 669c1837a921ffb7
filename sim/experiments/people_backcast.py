"""How well migration foresees: residents of the last census from what was known at the one before.

Stocks, register and size classes are those of the first census. What attracts people beside wages is inverted on these
stocks alone, by one of two assumptions:

* ``rest``: nobody gained or lost people by migration then, so that only changes of relative pay move anybody;
* ``stock``: who had drawn newcomers went on drawing them. Residents above (below) the register are those gained (lost)
  by migration, and a year adds the share by which newcomers of the whole country grew, 4.5 %.

Then pay follows observed GDP per head (``gdp_per_head``), observed wages (``avg_wage``), or stays (``none``); services
stay as they were; births, deaths and travel times are the base year's. Naive forecasts stand beside it. Run it:

    python -m sim.experiments.people_backcast yangtze_delta
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.calibration.people import settle
from sim.core.errors import InputError
from sim.datasets.world import World
from sim.mechanisms.people import PeopleParams
from sim.mechanisms.people.migration import Costs, MigrationParams, moves, way_costs

if TYPE_CHECKING:
    import pandas as pd

    from sim.core.arrays import FloatArray

Assumption = Literal["rest", "stock"]
Pay = Literal["gdp_per_head", "avg_wage", "none"]

NEWCOMERS = (121.0, 221.0)  # unit: million; source: censuses of 2000 and 2010, people away from their registration
YEARS_BETWEEN = 10.0  # unit: years between these censuses
STOCK_GROWTH = (NEWCOMERS[1] - NEWCOMERS[0]) / YEARS_BETWEEN / NEWCOMERS[1]
"""Newcomers that a year adds, of those there are."""

BOUNDARY_JUMP = 0.1  # unit: log points a year; source: all other changes of the register are below .05

PER_CENT = 100.0  # unit: errors are shown in per cent


@dataclass(frozen=True, eq=False)
class Backcast:
    """Residents by city: ``first`` and ``last`` census, every forecast; 10,000 persons."""

    table: pd.DataFrame
    known: pd.DataFrame
    """What a city was at the first census, in logs ``[city, quantity]``."""

    @property
    def summary(self) -> pd.DataFrame:
        """By forecast: correlation of its change of log residents with the actual one and its errors in per cent."""
        import pandas as pd

        first, last = self.table["first"], self.table["last"]
        actual = (last / first).apply(np.log)
        rows = {}
        for name in self.table.columns.drop(["name", "first", "last"]):
            forecast = self.table[name]
            known = forecast.notna()
            error = (PER_CENT * (forecast / last - 1.0))[known].abs()
            change = (forecast / first)[known].apply(np.log)
            rows[name] = {
                "correlation": _correlation(change.to_numpy(), actual[known].to_numpy()),
                "median_error": error.median(),
                "mean_error": error.mean(),
                "largest_error": error.max(),
                "cities": int(known.sum()),
            }
        for name in self.known.columns:
            rows[name] = {
                "correlation": _correlation(self.known[name].to_numpy(), actual.to_numpy()),
                "cities": len(first),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("forecast")


def backcast(world: World) -> Backcast:
    """Forecast the last census from the first, by the model and naively.

    Raises:
        InputError: the data set has no two censuses, or no GDP, wages or register at the first.
    """
    import pandas as pd

    if world.census.shape[1] < 2:  # unit: censuses
        raise InputError("two censuses are needed", file="region_values.csv", key="pop_census")
    years = int(world.census.columns.min()), int(world.census.columns.max())
    past, n = as_of(world, years[0]), world.n_cities
    table = pd.DataFrame({"name": world.region_names[:n]}, index=list(world.region_ids[:n]))
    table["first"], table["last"] = world.census[years[0]], world.census[years[1]]
    for assumption in ("rest", "stock"):
        for pay in ("gdp_per_head", "avg_wage", "none"):
            table[f"model: {assumption}, {pay}"] = forecast(past, years[1], assumption, pay)[:n]
    growth = 1.0 + PeopleParams.read(world).natural_growth[:n]
    nation = world.national_value("population", years[1]) / world.national_value("population", years[0])
    table["no change"] = table["first"]
    table["same share of the nation"] = table["first"] * nation
    table["births and deaths only"] = table["first"] * growth ** (years[1] - years[0])
    middle = (years[0] + years[1]) // 2
    half = _panel(world, "resident_population", [middle], whole=False)[middle] / table["first"]
    table[f"trend of shares {years[0]}-{middle}"] = table["first"] * half**2  # unit: twice half of the time
    known = {
        "log GDP per head": _panel(world, "gdp_revised", years[:1])[years[0]] / table["first"],
        "log residents per registered": table["first"] / register_of_today(world, years[0]),
    }
    return Backcast(table, pd.DataFrame(known).apply(np.log))


def as_of(world: World, year: int) -> World:
    """The data set with an earlier base year: residents and register of then, the rest of the country the remainder."""
    import pandas as pd

    values, country = world.tables["region_values"], world.region_ids[world.roc]
    nation = world.national_value("population", year)
    people = {
        "resident_population": _panel(world, "resident_population", [year])[year],
        "registered_population": register_of_today(world, year),
    }
    rows = [values[~((values["year"] == year) & values["variable"].isin(list(people)))]]
    for variable, cities in people.items():
        everybody = pd.concat([cities, pd.Series({country: nation - cities.sum()})])
        known = {"variable": variable, "region": everybody.index, "value": everybody.to_numpy(), "year": year}
        rows.append(pd.DataFrame(known))
    frame = pd.concat(rows, ignore_index=True)
    return World(world.name, world.folder, year, {**world.tables, "region_values": frame}, world.notes)


def register_of_today(world: World, year: int) -> pd.Series:
    """Registered people of a year within the base year's boundaries ``[city]``.

    Censuses and GDP are published on today's boundaries, the register is not. It moves by a few per cent a year; a jump
    is a county that changed cities, and holds for the years before as well.
    """
    panel = _panel(world, "registered_population", range(year, world.base_year + 1))
    change = panel.apply(np.log).diff(axis=1)
    jumps = change.where(change.abs() > BOUNDARY_JUMP, 0.0).sum(axis=1)
    return panel[year] * jumps.apply(np.exp)


def forecast(past: World, last: int, assumption: Assumption, pay: Pay) -> FloatArray:
    """Residents of ``last`` by place ``[city, then the rest of the country]``, from the base year of ``past`` on."""
    m, q, row, n = MigrationParams.read(past), PeopleParams.read(past), past.row, past.n_cities
    residents = past.resident_population[:row].copy()
    stock = (past.resident_population - past.registered_population)[:n]
    settlement = settle(past, np.zeros(n) if assumption == "rest" else STOCK_GROWTH * stock)
    way = way_costs(past, m, past.travel_time_passenger, np.zeros((row, row)))
    costs = Costs(settlement.leaving, way, m.registration * (1.0 - m.access[:row]))
    away, start = settlement.away.copy(), residents.copy()
    natural, access = 1.0 + q.natural_growth[:row], m.access[:row]
    paid = relative_pay(past, last, pay)
    for year in range(past.base_year, last):
        attraction = paid[year - past.base_year] - m.crowding[:row] * np.log(residents / start)
        value = settlement.amenity + m.elasticity * attraction
        done = moves(value, costs, m.considering, residents - away.sum(axis=0), away)
        flows = done.from_home + done.onward + done.home
        residents = (residents + flows.sum(axis=0) - flows.sum(axis=1)) * natural
        away = done.away * natural[None, :] * (1.0 - q.registration_rate * access)[None, :]
    return residents


def relative_pay(past: World, last: int, pay: Pay) -> FloatArray:
    """Log pay against the first year ``[year, place]``, the rest of the country's too.

    Between the censuses residents are interpolated. Wages of the rest of the country follow GDP per head there.
    """
    first, n, row = past.base_year, past.n_cities, past.row
    years = range(first, last)
    paid = np.zeros((len(years), row))
    if pay == "none":
        return paid
    census = past.census
    t = (np.array(years, dtype=np.float64) - first) / (last - first)
    people = np.exp(np.outer(1.0 - t, np.log(census[first])) + np.outer(t, np.log(census[last])))
    gdp = _panel(past, "gdp_revised", years).to_numpy(np.float64).T
    nation = np.array([[past.national_value(name, year) for year in years] for name in ("gdp_nominal", "population")])
    paid[:, n] = np.log((nation[0] - gdp.sum(axis=1)) / (nation[1] - people.sum(axis=1)))
    if pay == "gdp_per_head":
        paid[:, :n] = np.log(gdp / people)
    else:
        paid[:, :n] = np.log(_panel(past, "avg_wage", years).to_numpy(np.float64).T)
    return np.asarray(paid - paid[0])


def _panel(world: World, variable: str, years: Sequence[int], *, whole: bool = True) -> pd.DataFrame:
    """A variable of region_values.csv ``[city, year]``.

    Raises:
        InputError: a city has no value in a year, where all are needed.
    """
    rows = world.tables["region_values"]
    wide = rows[rows["variable"] == variable].pivot(index="region", columns="year", values="value")
    wide = wide.reindex(index=list(world.region_ids[: world.n_cities]), columns=list(years))
    if whole and wide.isna().to_numpy().any():
        city, year = wide.isna().stack().idxmax()  # type: ignore[misc]
        raise InputError(f"no {variable} of {city} for {year}", file="region_values.csv", column="value")
    return wide


def _correlation(one: FloatArray, other: FloatArray) -> float:
    return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0.0 else np.nan


if __name__ == "__main__":
    found = backcast(World.load(*sys.argv[1:2] or ["yangtze_delta"]))
    print(found.table.round(0).to_string())
    print(found.summary.round(3).to_string())
