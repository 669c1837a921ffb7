"""The base year of the 41 cities computed from the raw facts: every number once, in the order of the cities.

Facts: `sim.datasets.facts`; rules: `sim.datasets.impute`, `sim.datasets.travel_rules`; the numbers of the rules:
``parameters.csv`` and the other tables kept by hand. Money 100 million yuan, people 10,000 persons, minutes, km2.
C cities, S sectors, P provinces; data by place and sector are [region, sector].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.datasets import impute, travel_rules
from sim.datasets.facts import Facts
from sim.datasets.parameters import Parameters
from sim.datasets.schema import FACTOR_ROWS, REST_OF_COUNTRY, REST_OF_WORLD

FloatArray = NDArray[np.float64]

BASE_YEAR = 2019  # unit: calendar year
FIRST_YEAR, LAST_REPORTED_INVESTMENT = 2010, 2016  # unit: calendar year
"""Cities reported comparable fixed-asset investment in these years."""
CENSUS = 2020  # unit: calendar year
GROUPS = ("primary", "secondary", "tertiary")
OUTSIDE = (REST_OF_COUNTRY, REST_OF_WORLD)


def numeric(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Text cells of a hand-kept table as numbers."""
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in columns})


@dataclass(frozen=True)
class CityAccounts:
    """Facts and hand-kept tables, and every number computed from them on first use."""

    facts: Facts
    hand: dict[str, pd.DataFrame]

    @cached_property
    def parameters(self) -> Parameters:
        frame = numeric(self.hand["parameters"], "value", "low", "high")
        return Parameters(frame, tuple(self.sectors.index), (*self.provinces, *OUTSIDE))

    @cached_property
    def sectors(self) -> pd.DataFrame:
        return self.hand["sectors"].set_index("sector")

    @cached_property
    def provinces(self) -> tuple[str, ...]:
        return tuple(self.hand["provinces"]["province"])

    @cached_property
    def province_of(self) -> NDArray[np.int64]:
        return np.array([self.provinces.index(p) for p in self.facts.cities["province"]])

    def members(self, group: str) -> NDArray[np.bool_]:
        """Which sectors [S] belong to an official group."""
        return np.asarray(self.sectors["group"] == group, dtype=np.bool_)

    def by_city(self, key: str) -> FloatArray:
        """A provincial parameter [C]."""
        return self.parameters.by_province(key)[self.province_of]

    def base(self, variable: str) -> FloatArray:
        """An observed base-year figure [C]."""
        return self.facts.series(variable, BASE_YEAR).to_numpy()

    # --- value added ------------------------------------------------------------------------------------------

    @cached_property
    def gdp(self) -> FloatArray:
        return self.base("gdp_revised")

    @cached_property
    def groups(self) -> FloatArray:
        """Value added of the three official groups [C, 3]."""
        shares = np.column_stack([self.base(f"share_{group}") for group in GROUPS])
        return np.asarray(self.gdp[:, None] * impute.normalise(shares))

    @cached_property
    def national_value_added(self) -> FloatArray:
        """National value added [S]: the official groups of the base year by the input-output table's structure."""
        table = self.facts.io_sectors.loc[self.sectors.index, "value_added_trn_cny"].to_numpy(dtype=float)
        result = np.zeros(len(table))
        for group in GROUPS:
            own = self.members(group)
            result[own] = self.facts.nation(f"va_{group}", BASE_YEAR) * impute.normalise(table[own])
        return result

    @cached_property
    def value_added(self) -> FloatArray:
        """Value added [C, S]; the three official groups of every city are kept."""
        result = np.zeros((len(self.gdp), len(self.sectors)))
        ids = list(self.sectors.index)
        result[:, ids.index("AGR")] = self.groups[:, 0]
        building, industry = impute.construction(self.gdp, self.by_city("construction_share"), self.groups[:, 1])
        result[:, ids.index("CON")] = building
        making = self.members("secondary") & (np.array(ids) != "CON")
        for totals, own in ((industry, making), (self.groups[:, 2], self.members("tertiary"))):
            result[:, own] = self._split(totals, own)
        return result

    def _split(self, totals: FloatArray, own: NDArray[np.bool_]) -> FloatArray:
        p = self.parameters
        bounds = (p.value("location_quotient_low"), p.value("location_quotient_high"))
        national = self.national_value_added[own]
        province = self._quotients("location_quotients", "province", list(self.provinces))[:, own]
        city = self._quotients("city_quotients", "region", list(self.facts.cities.index))[:, own]
        return impute.sector_split(totals, national, province, city, self.province_of, bounds)

    def _quotients(self, table: str, place: str, places: list[str]) -> FloatArray:
        """Quotients [place, S]; a pair left out is one."""
        wide = numeric(self.hand[table], "value").pivot(index=place, columns="sector", values="value")
        return wide.reindex(index=places, columns=self.sectors.index).fillna(1.0).to_numpy(dtype=np.float64)

    @cached_property
    def country_value_added(self) -> FloatArray:
        return impute.rest_of_country(self.national_value_added, self.value_added)

    # --- employment and capital -------------------------------------------------------------------------------

    @cached_property
    def national_employment(self) -> FloatArray:
        return np.asarray(self.facts.io_sectors.loc[self.sectors.index, "employment_10k_2018"], dtype=np.float64)

    @cached_property
    def employment(self) -> FloatArray:
        """Employment [C, S]."""
        able = self.facts.series("census_age_15_59", CENSUS).to_numpy()
        totals = impute.employment_totals(
            self.base("resident_population"), able, self.parameters.value("employment_rate")
        )
        return impute.employment_split(totals, self.value_added, self.national_employment / self.national_value_added)

    @cached_property
    def country_employment(self) -> FloatArray:
        return impute.rest_of_country(self.national_employment, self.employment)

    @cached_property
    def wage_correlation(self) -> float:
        """Correlation over cities of value added per worker with the published mean wage."""
        return float(np.corrcoef(self.gdp / self.employment.sum(axis=1), self.base("avg_wage"))[0, 1])

    @cached_property
    def capital(self) -> FloatArray:
        """Capital [C, S] at the start of the base year, base-year prices."""
        p = self.parameters
        stock = impute.perpetual_inventory(self._investment(), self._growth(), p.value("depreciation_rate"))
        ratios = p.by_province("capital_output_ratio")[: len(self.provinces)]
        totals = impute.scale_capital(stock, self.gdp, self.province_of, ratios, p.value("capital_output_ratio"))
        return impute.capital_split(totals, self.value_added, self.capital_income_share)

    def _investment(self) -> FloatArray:
        """Investment [T, C] from the first year to the year before the base year, base-year prices."""
        p = self.parameters
        bounds = (p.value("fixed_investment_rate_low"), p.value("fixed_investment_rate_high"))
        reported = impute.investment_rates(
            self.facts.years("fixed_asset_investment", FIRST_YEAR, LAST_REPORTED_INVESTMENT),
            self.facts.years("gdp_revised", FIRST_YEAR, LAST_REPORTED_INVESTMENT),
            p.value("fixed_investment_factor"),
            bounds,
        )
        later = np.tile(self.by_city("investment_rate"), (BASE_YEAR - 1 - LAST_REPORTED_INVESTMENT, 1))
        growth = self.facts.years("gdp_growth_real", FIRST_YEAR + 1, BASE_YEAR)
        volumes = impute.backcast(self.gdp, growth)[:-1]
        return np.asarray(np.vstack([reported, later]) * volumes)

    def _growth(self) -> FloatArray:
        """Mean real growth [C] up to the base year, for the first stock."""
        growth = self.facts.years("gdp_growth_real", FIRST_YEAR + 1, BASE_YEAR)
        return np.asarray(growth.mean(axis=0).to_numpy() / 100.0)

    @cached_property
    def capital_income_share(self) -> FloatArray:
        """Capital income over value added [S]."""
        table = self.facts.io.loc[list(FACTOR_ROWS), list(self.sectors.index)].to_numpy(dtype=float)
        labour, tax = impute.normalise_factors(table)[:2]
        cap = self.parameters.value("labour_share_cap_agriculture")
        return impute.capital_income_share(labour, tax, self.members("primary"), cap)

    @cached_property
    def country_capital(self) -> FloatArray:
        ratio = self.parameters.row("capital_output_ratio", place=REST_OF_COUNTRY).value
        total = ratio * self.country_value_added.sum()
        split = impute.capital_split([total], self.country_value_added[None, :], self.capital_income_share)
        return np.asarray(split[0])

    # --- budgets, land, travel --------------------------------------------------------------------------------

    def country_budget(self, variable: str, national: str, factor: str) -> float:
        """Local revenue or spending of the rest of the country: the nation less the four provinces."""
        return self.parameters.value(national) - float((self.base(variable) * self.by_city(factor)).sum())

    @cached_property
    def land_price(self) -> FloatArray:
        """Industrial land price [C]; Jiangsu's anchor are its cities of the central area."""
        core = self.facts.cities["core27"].to_numpy() == 1
        anchor = core | (self.facts.cities["province"] != "JS").to_numpy()
        prices = self.parameters.by_province("industrial_land_price")[: len(self.provinces)]
        return impute.land_prices(self.base("house_price_listed"), self.province_of, prices, anchor)

    @cached_property
    def terrain(self) -> pd.Series:
        return self.hand["terrain"].set_index("region")["terrain"].loc[self.facts.cities.index]

    @cached_property
    def buildable_land(self) -> FloatArray:
        shares = self.terrain.map(lambda terrain: self.parameters.value(f"buildable_share_{terrain}"))
        return np.asarray(self.facts.cities["area_km2"] * shares, dtype=np.float64)

    @cached_property
    def travel_times(self) -> tuple[FloatArray, FloatArray]:
        """Freight and passenger minutes [C+2, C+2]."""
        p = self.parameters
        truck = travel_rules.Road(p.value("truck_speed"), p.value("truck_handling_time"), p.value("road_detour"))
        car = travel_rules.Road(p.value("car_speed"), p.value("car_access_time"), p.value("road_detour"))
        distance = self._road_distance()
        freight = truck.minutes(distance)
        rail = self.facts.rail.loc[self.facts.cities.index, self.facts.cities.index].to_numpy()
        persons = travel_rules.door_to_door(car.minutes(distance), rail, p.value("rail_access_time"))
        return self._close(freight, "sea_port"), self._close(persons, "airport")

    def _road_distance(self) -> FloatArray:
        water = numeric(self.hand["water_lines"], "lon", "lat")
        lines = [line[["lon", "lat"]].to_numpy() for _, line in water.groupby("line", sort=False)]
        bridges = water.loc[water["bridge"] != "", ["lon", "lat"]].to_numpy()
        return travel_rules.road_distance(self.facts.cities[["lon", "lat"]].to_numpy(), lines, bridges)

    def _close(self, times: FloatArray, gateway: str) -> FloatArray:
        """Add the outside and the own times to times between cities (whose diagonal is the fixed time of a trip)."""
        p = self.parameters
        border, gate = (times[:, self._gateways(role)].min(axis=1) for role in ("border", gateway))
        inside = times.copy()
        local = travel_rules.Road(p.value("own_time_speed"), 0.0, p.value("road_detour"))
        area = self.facts.cities["area_km2"].to_numpy()
        own = travel_rules.own_minutes(area, p.value("own_time_fixed"), p.value("own_time_radius"), local)
        np.fill_diagonal(inside, own)
        country, world = p.value("country_access_time"), p.value("world_access_time")
        own_times = p.value("country_own_time"), p.value("world_own_time")
        return travel_rules.with_outside(inside, border + country, gate + world, *own_times, country + world)

    def _gateways(self, role: str) -> list[int]:
        rows = self.hand["gateways"]
        cities = self.facts.cities.index.tolist()
        return [cities.index(region) for region in rows.loc[rows["role"] == role, "region"]]
