"""Build the data set of the 41 cities from the raw facts: ``python -m sim.datasets.build_yangtze_delta FACTS [OUT]``.

Facts come from a folder of compiled official statistics, rules from `sim.datasets.impute` and
`sim.datasets.travel_rules`, every number of a rule from ``parameters.csv``. Tables kept by hand (parameters, location
quotients, targets, provinces, sectors and ``by_hand/``) are read from the packaged data set and copied. The same facts
give the same bytes. OUT is the packaged data set unless given.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from sim.core.errors import InputError
from sim.datasets import impute, travel_rules
from sim.datasets.facts import Facts, read_facts
from sim.datasets.parameters import Parameters
from sim.datasets.schema import FACTOR_ROWS, SHARE_TOLERANCE, TABLES

FloatArray = NDArray[np.float64]

HOME = Path(__file__).with_name("yangtze_delta")
BY_HAND = "by_hand"
BASE_YEAR = 2019
FIRST_YEAR, LAST_REPORTED_INVESTMENT = 2010, 2016
GROUPS = ("primary", "secondary", "tertiary")
KEPT_BY_HAND = ("provinces", "sectors", "location_quotients", "parameters", "targets")
OUTSIDE = ("ROC", "ROW")
CENSUS = 2020


@dataclass(frozen=True)
class Build:
    """Facts and hand-kept tables, and every number computed from them once (lazily). C cities, S sectors."""

    facts: Facts
    hand: dict[str, pd.DataFrame]

    @cached_property
    def parameters(self) -> Parameters:
        frame = self.hand["parameters"].copy()
        for name in ("value", "low", "high"):
            frame[name] = pd.to_numeric(frame[name])
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
        return (self.sectors["group"] == group).to_numpy()

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
        rows = self.hand[table].assign(value=lambda frame: pd.to_numeric(frame["value"]))
        wide = rows.pivot(index=place, columns="sector", values="value")
        return wide.reindex(index=places, columns=self.sectors.index).fillna(1.0).to_numpy()

    @cached_property
    def country_value_added(self) -> FloatArray:
        return impute.rest_of_country(self.national_value_added, self.value_added)

    # --- employment and capital -------------------------------------------------------------------------------

    @cached_property
    def national_employment(self) -> FloatArray:
        return self.facts.io_sectors.loc[self.sectors.index, "employment_10k_2018"].to_numpy(dtype=float)

    @cached_property
    def employment(self) -> FloatArray:
        """Employment [C, S]."""
        able = self.facts.series("census_age_15_59", CENSUS).to_numpy()
        totals = impute.employment_totals(
            self.base("resident_population"), able, self.parameters.value("employment_rate")
        )
        return impute.employment_split(totals, self.value_added, self.national_employment / self.national_value_added)

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
        ratio = self.parameters.row("capital_output_ratio", place="ROC").value
        total = ratio * self.country_value_added.sum()
        return impute.capital_split([total], self.country_value_added[None, :], self.capital_income_share)[0]

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
        water = self.hand["water_lines"].assign(
            lon=lambda frame: pd.to_numeric(frame["lon"]), lat=lambda frame: pd.to_numeric(frame["lat"])
        )
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
        return [self.facts.cities.index.get_loc(region) for region in rows.loc[rows["role"] == role, "region"]]


# --- tables -------------------------------------------------------------------------------------------------------

GDP_SOURCE = "GDP 2019 revised after the economic census of 2018, times the published shares of the three sectors"
IO_SOURCE = "National Bureau of Statistics, input-output table 2018, 153 sectors summed to 14, producer prices"


def regions(build: Build) -> pd.DataFrame:
    """regions.csv"""
    cities, p = build.facts.cities, build.parameters
    source = "coordinates of the seat and area: GB/T 2260 and city yearbooks; land that may be built on: area times "
    table = pd.DataFrame(
        {
            "region": cities.index,
            "name_en": cities["name_en"],
            "name_zh": cities["name_zh"],
            "kind": "city",
            "province": cities["province"],
            "lon": cities["lon"],
            "lat": cities["lat"],
            "area_km2": cities["area_km2"],
            "buildable_land_km2": build.buildable_land,
            "core27": cities["core27"],
            "metro_area": cities["metro_area"].replace("none", ""),
            "source": [f"{source}the parameter buildable_share_{terrain}, a judgement" for terrain in build.terrain],
            "status": "sourced",
        }
    )
    outside = pd.DataFrame(
        {
            "region": OUTSIDE,
            "name_en": ("Rest of China", "Rest of the world"),
            "name_zh": ("国内其他地区", "世界其他地区"),
            "kind": ("rest_of_country", "rest_of_world"),
            "area_km2": (p.value("country_area") - cities["area_km2"].sum(), np.nan),
            "buildable_land_km2": (p.row("buildable_land", place="ROC").value, np.nan),
            "source": ("official area of the nation less the cities; parameter buildable_land", "no land is needed"),
            "status": ("derived", "judgement"),
        }
    )
    return pd.concat([table, outside], ignore_index=True)


def input_output(build: Build) -> pd.DataFrame:
    """input_output.csv: coefficients, income components and final uses, every column summing to one."""
    io, ids = build.facts.io, list(build.sectors.index)
    columns = impute.renormalise_columns(io.loc[[*ids, *FACTOR_ROWS], ids].to_numpy(dtype=float), SHARE_TOLERANCE)
    coefficients = pd.DataFrame(columns, index=[*ids, *FACTOR_ROWS], columns=ids)
    blocks = [
        _long(coefficients.loc[ids], "intermediate"),
        _long(coefficients.loc[list(FACTOR_ROWS)], "value_added"),
        _long(_final_use(build), "final_use"),
    ]
    table = pd.concat(blocks, ignore_index=True)
    table["source"] = IO_SOURCE
    final = table["block"] == "final_use"
    table.loc[final, "source"] += "; household use of town and country by budget; changes in stocks left out"
    table["status"] = np.where(final & (table["column"] == "consumption"), "derived", "sourced")
    return table


def _final_use(build: Build) -> pd.DataFrame:
    """Composition of consumption, government and investment by sector."""
    io, sectors = build.facts.io, build.facts.io_sectors
    ids = list(build.sectors.index)
    share = {kind: io.loc[ids, f"fdshare_{kind}"].to_numpy(dtype=float) for kind in ("C_rural", "C_urban")}
    use = {kind: sectors.loc[ids, f"use_{kind}"].to_numpy(dtype=float) for kind in share}
    imports = sectors.loc[ids, "import_share_domestic_use"].to_numpy(dtype=float)
    exports = sectors.loc[ids, "export_share_output"].to_numpy(dtype=float)
    output = sectors.loc[ids, "gross_output_trn_cny"].to_numpy(dtype=float)
    supply = output * (1.0 - exports) / (1.0 - imports) + output * exports
    totals = {kind: float(supply @ use[kind]) for kind in share}
    consumption = sum(impute.normalise(share[kind]) * totals[kind] for kind in share)
    columns = np.column_stack([consumption / sum(totals.values()), *(io.loc[ids, f"fdshare_{kind}"].to_numpy(dtype=float) for kind in ("G_gov", "I_gfcf"))])
    named = impute.renormalise_columns(columns, SHARE_TOLERANCE)
    return pd.DataFrame(named, index=ids, columns=["consumption", "government", "investment"])


def _long(table: pd.DataFrame, block: str) -> pd.DataFrame:
    """Rows (block, row, column, value) of the cells that are not zero."""
    stacked = table.rename_axis("row").reset_index().melt(id_vars="row", var_name="column", value_name="value")
    return stacked[stacked["value"] != 0].assign(block=block)[["block", "row", "column", "value"]]


def stock(build: Build, cities: FloatArray, country: FloatArray, source: Callable[[str, str], tuple[str, str]]) -> pd.DataFrame:
    """A table (region, sector, value, source, status) of cities [C, S] and the rest of the country [S]."""
    places, ids = [*build.facts.cities.index, "ROC"], list(build.sectors.index)
    frame = pd.DataFrame(np.vstack([cities, country]), index=pd.Index(places, name="region"), columns=ids)
    table = frame.reset_index().melt(id_vars="region", var_name="sector", value_name="value")
    order = table["region"].map(places.index) * len(ids) + table["sector"].map(ids.index)
    table = table.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    words = [source(region, sector) for region, sector in zip(table["region"], table["sector"], strict=True)]
    return table.assign(source=[word[0] for word in words], status=[word[1] for word in words])


def _value_added_source(region: str, sector: str) -> tuple[str, str]:
    if region == "ROC":
        official = "national value added 2019 of the official sector"
        return (
            (f"{official} less the 41 cities", "derived")
            if sector == "AGR"
            else (f"{official} by the structure of the input-output table 2018, less the 41 cities", "imputed")
        )
    if sector == "AGR":
        return GDP_SOURCE, "derived"
    if sector == "CON":
        return f"{GDP_SOURCE}; construction by provincial share of GDP", "imputed"
    return f"{GDP_SOURCE}; split by national structure and location quotients, sums kept", "imputed"


def value_added(build: Build) -> pd.DataFrame:
    """value_added.csv"""
    return stock(build, build.value_added, build.country_value_added, _value_added_source)


def employment(build: Build) -> pd.DataFrame:
    """employment.csv"""
    cities = "residents of working age (census 2020) times one rate, by value added and national workers per value added"
    country = "national employment 2018 by sector (Wang, Jia & Wang 2021, Statistical Research 38(12)) less the 41 cities"
    rest = impute.rest_of_country(build.national_employment, build.employment)
    return stock(build, build.employment, rest, lambda region, _: (country if region == "ROC" else cities, "imputed"))


def capital(build: Build) -> pd.DataFrame:
    """capital.csv"""
    cities = "perpetual inventory of fixed investment 2010-2018, scaled to capital over GDP, by capital income of the sector"
    country = "capital over GDP of the nation times value added, by capital income of the sector"
    return stock(
        build, build.capital, build.country_capital, lambda region, _: (country if region == "ROC" else cities, "imputed")
    )


def region_values(build: Build) -> pd.DataFrame:
    """region_values.csv: the observed panel, base-year land prices, and the rest of the country."""
    panel = build.facts.panel.rename(columns={"city_id": "region"})
    land = pd.DataFrame(
        {
            "region": build.facts.cities.index,
            "year": BASE_YEAR,
            "variable": "land_price",
            "value": build.land_price,
            "unit": "yuan_per_m2",
            "source": "listed house price 2019 of the city scaled to the province's price of industrial land",
            "status": "imputed",
        }
    )
    table = pd.concat([panel, land, _country_values(build)], ignore_index=True)
    order = {region: i for i, region in enumerate([*build.facts.cities.index, *OUTSIDE])}
    table["order"] = table["region"].map(order)
    return table.sort_values(["order", "variable", "year"], kind="stable").drop(columns="order")


def _country_values(build: Build) -> pd.DataFrame:
    people = build.facts.nation("population", BASE_YEAR)
    rows = []
    for variable in ("resident_population", "registered_population"):
        rest = people - float(build.base(variable).sum())
        rows.append((variable, rest, "10k_persons", "population of the nation 2019 less the 41 cities", "derived"))
    money = "local budgets of the nation 2019 less the four provinces"
    for variable, national, factor in (
        ("own_revenue", "national_local_revenue", "provincial_revenue_factor"),
        ("public_spending", "national_local_spending", "provincial_spending_factor"),
    ):
        rows.append((variable, build.country_budget(variable, national, factor), "100m_yuan", money, "derived"))
    price = build.parameters.row("industrial_land_price", place="ROC")
    rows.append(("land_price", price.value, price.unit.replace(" ", "_"), price.source, price.status))
    frame = pd.DataFrame(rows, columns=["variable", "value", "unit", "source", "status"])
    return frame.assign(region="ROC", year=BASE_YEAR)


def travel_times(build: Build) -> pd.DataFrame:
    """travel_times.csv: all ordered pairs."""
    freight, persons = build.travel_times
    places = [*build.facts.cities.index, *OUTSIDE]
    n = len(places)
    rail = build.facts.rail.loc[places[:-2], places[:-2]].notna().to_numpy()
    origin, destination = (index.ravel() for index in np.indices((n, n)))
    table = pd.DataFrame(
        {
            "origin": [places[i] for i in origin],
            "destination": [places[j] for j in destination],
            "freight_minutes": freight.ravel(),
            "passenger_minutes": persons.ravel(),
        }
    )
    words = [_travel_source(i, j, n - 2, rail) for i, j in zip(origin, destination, strict=True)]
    return table.assign(source=[word[0] for word in words], status=[word[1] for word in words])


def _travel_source(i: int, j: int, n_cities: int, rail: NDArray[np.bool_]) -> tuple[str, str]:
    if max(i, j) >= n_cities:
        return "time to the nearest border junction, sea port or airport, plus a judgement for the rest", "judgement"
    if i == j:
        return "mean trip inside a circle of the city's area", "judgement"
    road = "road rules on the great circle, water crossed at bridges"
    timetable = "; persons: the faster of car and rail, timetables 2016 and 2020 with the lines opened in 2019"
    return road + (timetable if rail[i, j] else "; no railway"), "derived"


def national(build: Build) -> pd.DataFrame:
    """national.csv: observed path, base-year totals, and the path after."""
    facts = build.facts.national.drop(columns="confidence")
    facts = facts.assign(variable=facts["variable"].replace("gdp_growth_real", "real_growth"))
    path = build.hand["national_path"].assign(
        value=lambda frame: pd.to_numeric(frame["value"]), year=lambda frame: pd.to_numeric(frame["year"])
    )
    return pd.concat([facts, path], ignore_index=True).sort_values(["variable", "year"], kind="stable")


COMPUTED: dict[str, Callable[[Build], pd.DataFrame]] = {
    "regions": regions,
    "input_output": input_output,
    "value_added": value_added,
    "employment": employment,
    "capital": capital,
    "region_values": region_values,
    "travel_times": travel_times,
    "national": national,
}
"""Tables computed from the facts, by name."""


# --- writing ------------------------------------------------------------------------------------------------------


def read_hand(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables kept by hand as text, by name."""
    files = [folder / f"{name}.csv" for name in KEPT_BY_HAND] + sorted((folder / BY_HAND).glob("*.csv"))
    return {file.stem: pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8") for file in files}


def write_table(frame: pd.DataFrame, path: Path, columns: list[str]) -> None:
    """CSV with ten significant digits, the same bytes everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame[columns].to_csv(path, index=False, lineterminator="\n", float_format="%.10g", encoding="utf-8")


def write(build: Build, out: Path) -> None:
    """All tables and the manifest."""
    for name, table in COMPUTED.items():
        write_table(table(build), out / f"{name}.csv", [column.name for column in TABLES[name].columns])
    for name, frame in build.hand.items():
        folder = out if name in KEPT_BY_HAND else out / BY_HAND
        write_table(frame, folder / f"{name}.csv", list(frame.columns))
    (out / "manifest.yaml").write_text(manifest(build, out), encoding="utf-8")


def manifest(build: Build, out: Path) -> str:
    """Description of the data set with the hash of every file."""
    about = yaml.safe_load((HOME / BY_HAND / "about.yaml").read_text(encoding="utf-8"))
    sources = about.pop("sources")
    tables = {}
    for table in TABLES.values():
        path = out / table.file
        if path.is_file():
            units = {column.name: column.unit for column in table.columns if column.unit}
            tables[table.file] = {
                "meaning": table.meaning,
                "unit": units or "see the column unit" if any(c.name == "unit" for c in table.columns) else units,
                "source": sources[table.name],
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
    about["notes"] = [note.format(correlation=build.wage_correlation) for note in about["notes"]]
    return yaml.safe_dump({**about, "tables": tables}, sort_keys=False, allow_unicode=True, width=120)


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sim.datasets.build_yangtze_delta", description=__doc__)
    parser.add_argument("facts", type=Path, help="folder of the raw facts")
    parser.add_argument("out", type=Path, nargs="?", default=HOME, help="folder to write; default: the packaged data set")
    given = parser.parse_args(arguments)
    try:
        build = Build(read_facts(given.facts), read_hand(HOME))
        write(build, given.out)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(summary(build))
    return 0


def summary(build: Build) -> str:
    """What was built in a few lines."""
    gdp, nation = build.gdp.sum(), build.national_value_added.sum()
    lines = [
        f"GDP of the cities {gdp:,.0f}, {gdp / nation:.1%} of the nation",
        f"employment {build.employment.sum():,.0f}, {build.employment.sum() / build.national_employment.sum():.1%}",
    ]
    ratio = np.bincount(build.province_of, build.capital.sum(axis=1)) / np.bincount(build.province_of, build.gdp)
    lines.append("capital over GDP " + ", ".join(f"{p} {r:.2f}" for p, r in zip(build.provinces, ratio, strict=True)))
    rest = build.country_value_added / build.national_value_added
    workers = impute.rest_of_country(build.national_employment, build.employment) / build.national_employment
    lines.append(f"rest of the country, smallest share: value added {rest.min():.2f}, employment {workers.min():.2f}")
    for name, own in (("industry", build.members("secondary")), ("services", build.members("tertiary"))):
        tilt = impute.effective_quotient(build.value_added[:, own], build.national_value_added[own])
        lines.append(f"location quotients of {name}: {tilt.min():.2f} to {tilt.max():.2f}")
    lines.append(f"correlation of value added per worker with the mean wage {build.wage_correlation:.2f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
