"""Build the data set of the 41 cities from the raw facts: ``python -m sim.datasets.build_yangtze_delta FACTS [OUT]``.

Facts come from a folder of compiled official statistics, rules from `sim.datasets.city_accounts`, `impute` and
`travel_rules`, every number of a rule from ``parameters.csv``. Tables kept by hand (parameters, location
quotients, targets, provinces, sectors and ``by_hand/``) are read from the packaged data set and copied. The same facts
give the same bytes. OUT is the packaged data set unless given.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from sim.core.errors import InputError
from sim.datasets import impute
from sim.datasets.city_accounts import BASE_YEAR, OUTSIDE, CityAccounts, numeric
from sim.datasets.facts import read_facts
from sim.datasets.network_tables import NetworkTables
from sim.datasets.schema import FACTOR_ROWS, REST_OF_COUNTRY, SHARE_TOLERANCE, TABLES, Table

FloatArray = NDArray[np.float64]
Source = Callable[[str, str], tuple[str, str]]
"""Source and status of the cell of a region and a sector."""

HOME = Path(__file__).with_name("yangtze_delta")
BY_HAND = "by_hand"
KEPT_BY_HAND = (
    *("provinces", "sectors", "location_quotients", "parameters", "targets", "gateways", "crossings"),
    *("parts", "part_shares", "part_travel_times", "groups"),
    *("rivers", "river_quality"),
)


# --- tables -------------------------------------------------------------------------------------------------------

GDP_SOURCE = "GDP 2019 revised after the economic census of 2018, times the published shares of the three sectors"
IO_SOURCE = "National Bureau of Statistics, input-output table 2018, 153 sectors summed to 14, producer prices"


def regions(build: CityAccounts) -> pd.DataFrame:
    """regions.csv"""
    cities, p = build.facts.cities, build.parameters
    source = "coordinates of the seat and area are sourced (city yearbooks); land that may be built on: area times "
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
            "status": "judgement",
        }
    )
    outside = pd.DataFrame(
        {
            "region": OUTSIDE,
            "name_en": ("Rest of China", "Rest of the world"),
            "name_zh": ("国内其他地区", "世界其他地区"),
            "kind": ("rest_of_country", "rest_of_world"),
            "area_km2": (p.value("country_area") - cities["area_km2"].sum(), np.nan),
            "buildable_land_km2": (p.row("buildable_land", place=REST_OF_COUNTRY).value, np.nan),
            "source": ("official area of the nation less the cities; parameter buildable_land", "no land is needed"),
            "status": ("derived", "judgement"),
        }
    )
    return pd.concat([table, outside], ignore_index=True)


def input_output(build: CityAccounts) -> pd.DataFrame:
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


def _final_use(build: CityAccounts) -> pd.DataFrame:
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
    public = [io.loc[ids, f"fdshare_{kind}"].to_numpy(dtype=float) for kind in ("G_gov", "I_gfcf")]
    columns = np.column_stack([consumption / sum(totals.values()), *public])
    named = impute.renormalise_columns(columns, SHARE_TOLERANCE)
    return pd.DataFrame(named, index=ids, columns=["consumption", "government", "investment"])


def _long(table: pd.DataFrame, block: str) -> pd.DataFrame:
    """Rows (block, row, column, value) of the cells that are not zero."""
    stacked = table.rename_axis("row").reset_index().melt(id_vars="row", var_name="column", value_name="value")
    return stacked[stacked["value"] != 0].assign(block=block)[["block", "row", "column", "value"]]


def stock(build: CityAccounts, cities: FloatArray, country: FloatArray, source: Source) -> pd.DataFrame:
    """A table (region, sector, value, source, status) of cities [C, S] and the rest of the country [S]."""
    places, ids = [*build.facts.cities.index, REST_OF_COUNTRY], list(build.sectors.index)
    frame = pd.DataFrame(np.vstack([cities, country]), index=pd.Index(places, name="region"), columns=ids)
    table = frame.reset_index().melt(id_vars="region", var_name="sector", value_name="value")
    order = table["region"].map(places.index) * len(ids) + table["sector"].map(ids.index)
    table = table.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    words = [source(region, sector) for region, sector in zip(table["region"], table["sector"], strict=True)]
    return table.assign(source=[word[0] for word in words], status=[word[1] for word in words])


def _imputed(cities: str, country: str) -> Source:
    return lambda region, _: (country if region == REST_OF_COUNTRY else cities, "imputed")


def _value_added_source(region: str, sector: str) -> tuple[str, str]:
    if region == REST_OF_COUNTRY:
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


def value_added(build: CityAccounts) -> pd.DataFrame:
    """value_added.csv"""
    return stock(build, build.value_added, build.country_value_added, _value_added_source)


def employment(build: CityAccounts) -> pd.DataFrame:
    """employment.csv"""
    cities = "residents of working age (census 2020) times one rate, by value added and national workers per unit of it"
    country = "national employment 2018 (Wang, Jia & Wang 2021, Statistical Research 38(12)) less the 41 cities"
    return stock(build, build.employment, build.country_employment, _imputed(cities, country))


def capital(build: CityAccounts) -> pd.DataFrame:
    """capital.csv"""
    cities = "perpetual inventory of investment 2010-2018, scaled to capital over GDP, by capital income of the sector"
    country = "capital over GDP of the nation times value added, by capital income of the sector"
    return stock(build, build.capital, build.country_capital, _imputed(cities, country))


def region_values(build: CityAccounts) -> pd.DataFrame:
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
    table = pd.concat([panel, land, pm25(build), _country_values(build)], ignore_index=True)
    order = {region: i for i, region in enumerate([*build.facts.cities.index, *OUTSIDE])}
    table["order"] = table["region"].map(order)
    return table.sort_values(["order", "variable", "year"], kind="stable").drop(columns="order")


def pm25(build: CityAccounts) -> pd.DataFrame:
    """PM2.5 of the base year where no annual mean is published.

    The mean of January to June times the ratio of annual to half-year means of the cities that have both, then one
    factor so that the mean over all cities is the published one [pm25_mean].
    """
    panel = build.facts.panel[build.facts.panel["year"] == BASE_YEAR]
    values = panel.pivot(index="city_id", columns="variable", values="value").reindex(build.facts.cities.index)
    annual, half = values["pm25"], values["pm25_january_to_june"]
    first = half[annual.isna()] * (annual / half).mean()
    total = build.parameters.value("pm25_mean") * len(values)
    found = first * ((total - annual.sum()) / first.sum())
    rule = "mean of January to June times annual over half-year means of six cities, scaled to the mean of 41 cities"
    return pd.DataFrame(
        {"region": found.index, "year": BASE_YEAR, "variable": "pm25", "value": found.round(2).to_numpy(),
         "unit": "ug_m3", "source": rule, "status": "derived"}
    )  # fmt: skip


def _country_values(build: CityAccounts) -> pd.DataFrame:
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
    air = build.parameters.row("pm25_mean", place=REST_OF_COUNTRY)
    rows.append(("pm25", air.value, "ug_m3", air.source, air.status))
    price = build.parameters.row("industrial_land_price", place=REST_OF_COUNTRY)
    rows.append(("land_price", price.value, price.unit.replace(" ", "_"), price.source, price.status))
    frame = pd.DataFrame(rows, columns=["variable", "value", "unit", "source", "status"])
    return frame.assign(region=REST_OF_COUNTRY, year=BASE_YEAR)


def travel_times(build: CityAccounts) -> pd.DataFrame:
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
    words = [_travel_source(i, j, n - 2, rail) for i, j in zip(origin.tolist(), destination.tolist(), strict=True)]
    return table.assign(source=[word[0] for word in words], status=[word[1] for word in words])


def _travel_source(i: int, j: int, n_cities: int, rail: NDArray[np.bool_]) -> tuple[str, str]:
    if max(i, j) >= n_cities:
        return "time to the nearest border junction, sea port or airport, plus a judgement for the rest", "judgement"
    if i == j:
        return "mean trip inside a circle of the city's area", "judgement"
    road = "road rules on the great circle, water crossed at bridges"
    timetable = "; persons: the faster of car and rail, timetables 2016 and 2020 with the lines opened in 2019"
    return road + (timetable if rail[i, j] else "; no railway"), "derived"


def national(build: CityAccounts) -> pd.DataFrame:
    """national.csv: observed path, base-year totals, and the path after."""
    facts = build.facts.national.drop(columns="confidence")
    facts = facts.assign(variable=facts["variable"].replace("gdp_growth_real", "real_growth"))
    path = numeric(build.hand["national_path"], "value", "year")
    return pd.concat([facts, path], ignore_index=True).sort_values(["variable", "year"], kind="stable")


COMPUTED: dict[str, Callable[[CityAccounts], pd.DataFrame]] = {
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
    """CSV with ten significant digits, the same bytes everywhere; shares that must sum to one keep all digits."""
    digits = "%.16g" if path.stem == "input_output" else "%.10g"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame[columns].to_csv(path, index=False, lineterminator="\n", float_format=digits, encoding="utf-8")


def write(build: CityAccounts, out: Path) -> None:
    """All tables and the manifest."""
    network = NetworkTables(build)
    computed = {name: table(build) for name, table in COMPUTED.items()}
    computed |= {name: getattr(network, name) for name in ("nodes", "lines", "links", "routes", "trains")}
    for name, table in computed.items():
        write_table(table, out / f"{name}.csv", [column.name for column in TABLES[name].columns])
    for name, frame in build.hand.items():
        folder = out if name in KEPT_BY_HAND else out / BY_HAND
        write_table(frame, folder / f"{name}.csv", list(frame.columns))
    (out / "manifest.yaml").write_text(manifest(build, out), encoding="utf-8")


def manifest(build: CityAccounts, out: Path) -> str:
    """Description of the data set with the hash of every file."""
    about = yaml.safe_load((HOME / BY_HAND / "about.yaml").read_text(encoding="utf-8"))
    sources = about.pop("sources")
    tables = {}
    for table in TABLES.values():
        path = out / table.file
        if path.is_file():
            tables[table.file] = {
                "meaning": table.meaning,
                "unit": _units(table),
                "source": sources[table.name],
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
    about["notes"] = [note.format(correlation=build.wage_correlation) for note in about["notes"]]
    width = 120  # unit: characters
    return yaml.safe_dump({**about, "tables": tables}, sort_keys=False, allow_unicode=True, width=width)


def _units(table: Table) -> str | dict[str, str]:
    """Unit of every column that has one, or where to find it."""
    if any(column.name == "unit" for column in table.columns):
        return "see the column unit"
    return {column.name: column.unit for column in table.columns if column.unit}


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sim.datasets.build_yangtze_delta", description=__doc__)
    parser.add_argument("facts", type=Path, help="folder of the raw facts")
    parser.add_argument("out", type=Path, nargs="?", default=HOME, help="folder to write, default the packaged one")
    given = parser.parse_args(arguments)
    try:
        build = CityAccounts(read_facts(given.facts), read_hand(HOME))
        write(build, given.out)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(summary(build))
    return 0


def summary(build: CityAccounts) -> str:
    """What was built in a few lines."""
    gdp, nation = build.gdp.sum(), build.national_value_added.sum()
    lines = [
        f"GDP of the cities {gdp:,.0f}, {gdp / nation:.1%} of the nation",
        f"employment {build.employment.sum():,.0f}, {build.employment.sum() / build.national_employment.sum():.1%}",
    ]
    ratio = np.bincount(build.province_of, build.capital.sum(axis=1)) / np.bincount(build.province_of, build.gdp)
    lines.append("capital over GDP " + ", ".join(f"{p} {r:.2f}" for p, r in zip(build.provinces, ratio, strict=True)))
    rest = build.country_value_added / build.national_value_added
    workers = build.country_employment / build.national_employment
    lines.append(f"rest of the country, smallest share: value added {rest.min():.2f}, employment {workers.min():.2f}")
    for name, own in (("industry", build.members("secondary")), ("services", build.members("tertiary"))):
        tilt = impute.effective_quotient(build.value_added[:, own], build.national_value_added[own])
        lines.append(f"location quotients of {name}: {tilt.min():.2f} to {tilt.max():.2f}")
    lines.append(f"correlation of value added per worker with the mean wage {build.wage_correlation:.2f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
