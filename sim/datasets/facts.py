"""Read the raw facts a data set is built from: city codes, names, the panel's sources and their status.

Used by the builder only; a data set runs without these files. The panel is long (city, year, variable, value, unit,
source tag, confidence); the rail files name cities their own way.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sim.core.errors import InputError

PROVINCES = {"Shanghai": "SH", "Jiangsu": "JS", "Zhejiang": "ZJ", "Anhui": "AH"}
"""Provinces as the facts spell them and their ids, in the order used everywhere."""

PANEL_NAMES = {
    "gdp_revised": "gdp_revised",
    "gdp_growth_real": "gdp_growth_real",
    "share_primary": "share_primary",
    "share_secondary": "share_secondary",
    "share_tertiary": "share_tertiary",
    "resident_pop": "resident_population",
    "hukou_pop": "registered_population",
    "fiscal_revenue": "own_revenue",
    "fiscal_expenditure": "public_spending",
    "pop_census": "pop_census",
    "census_age_0_14": "census_age_0_14",
    "census_age_15_59": "census_age_15_59",
    "census_age_60": "census_age_60",
    "census_age_65": "census_age_65",
    "fixed_asset_investment": "fixed_asset_investment",
    "avg_wage": "avg_wage",
    "house_price_listed": "house_price_listed",
    "urbanisation_rate": "urbanisation_rate",
    "pm25_annual": "pm25",
    "pm25_jan_jun_mean": "pm25_january_to_june",
}
"""Variables of the panel that are kept, with the name they get."""

LAST_CITY_YEAR = 2022  # unit: calendar year
"""No figure of a city after this year is taken: later ones judge forecasts."""


@dataclass(frozen=True)
class Facts:
    """The raw tables, cities indexed by code."""

    cities: pd.DataFrame
    panel: pd.DataFrame
    """city_id, year, variable, value, unit, source, status: kept variables, resolved sources"""
    io: pd.DataFrame
    """input-output coefficients, index sector or component, columns sectors and final-demand compositions"""
    io_sectors: pd.DataFrame
    national: pd.DataFrame
    rail: pd.DataFrame
    """minutes by rail, index and columns city codes, NaN where unknown, diagonal NaN"""
    trains: pd.DataFrame
    """direct trains between cities in two timetables"""
    rail_openings: pd.DataFrame
    road_openings: pd.DataFrame

    def series(self, variable: str, year: int) -> pd.Series:
        """Values of one variable and year by city code, in the order of the cities."""
        rows = self.panel[(self.panel["variable"] == variable) & (self.panel["year"] == year)]
        return _complete(rows.set_index("city_id")["value"], self.cities.index, f"{variable} {year}")

    def years(self, variable: str, first: int, last: int) -> pd.DataFrame:
        """Values [year, city] of one variable."""
        return pd.DataFrame({year: self.series(variable, year) for year in range(first, last + 1)}).T

    def nation(self, variable: str, year: int) -> float:
        rows = self.national[(self.national["variable"] == variable) & (self.national["year"] == year)]
        if len(rows) != 1:
            raise InputError(f"{variable} {year} is not there once", file="national.csv")
        return float(rows["value"].iloc[0])


def _complete(values: pd.Series, cities: pd.Index, what: str) -> pd.Series:
    missing = [str(city) for city in cities if city not in values.index]
    if missing:
        raise InputError(f"{what} is missing for {', '.join(missing)}", file="city_panel.csv")
    return values.loc[cities].astype(float)


def read_facts(folder: Path) -> Facts:
    """All raw tables of a folder."""
    cities = _table(folder, "cities.csv", {"city_id": str}).set_index("city_id")
    cities["province"] = cities["province_en"].map(PROVINCES)
    tags = _table(folder, "city_panel_sources.csv").set_index("tag")["source"]
    panel = _panel(_table(folder, "city_panel.csv", {"city_id": str}), tags)
    return Facts(
        cities=cities,
        panel=panel,
        io=_table(folder, "io_china.csv").set_index("sector"),
        io_sectors=_table(folder, "io_china_sectors.csv").set_index("sector"),
        national=_table(folder, "national.csv"),
        rail=rail_minutes(_table(folder, "rail_matrix_est.csv"), city_codes(cities)),
        trains=_table(folder, "rail_times_observed.csv"),
        rail_openings=_table(folder, "rail_openings.csv"),
        road_openings=_table(folder, "road_openings.csv"),
    )


def _table(folder: Path, file: str, types: dict[str, type] | None = None) -> pd.DataFrame:
    path = folder / file
    if not path.is_file():
        raise InputError("the file is missing", file=str(path))
    return pd.read_csv(path, dtype=types, encoding="utf-8")


def _panel(raw: pd.DataFrame, tags: pd.Series) -> pd.DataFrame:
    panel = raw[raw["variable"].isin(PANEL_NAMES) & (raw["year"] <= LAST_CITY_YEAR)].copy()
    text = panel["source"].map(tags)
    panel["status"] = text.map(status_of)
    panel["source"] = text.map(publication) + panel["confidence"].map(_confidence_note)
    panel["variable"] = panel["variable"].map(PANEL_NAMES)
    panel["unit"] = panel["unit"].str.replace("_nominal", "")
    return panel.drop(columns="confidence")


def _confidence_note(confidence: str) -> str:
    return "" if confidence == "high" else f"; {confidence} confidence"


def status_of(source: str) -> str:
    """Status word of a panel source: recalled, derived or sourced."""
    first = source.split(":", 1)[0].split()[0]
    return first if first in ("recalled", "derived") else "sourced"


_REPOSITORY = re.compile(
    r"github:(?P<repo>[\w.-]+/[\w.-]+)@[0-9a-f]+:(?:[^\s(),\[]*/)?(?P<file>[^\s/(),\[]+(?: \.xlsx)?)"
)
_PAGES = {
    "official communique text (aqdsw.cn) 6.6; G had 7.7": "statistical communique of the city: 6.6",
    "page: Zhejiang Statistical Yearbook 2016 table 17-2 (zjjcmspublic... tjj/Reports1/2016)": "Zhejiang Statistical "
    "Yearbook 2016, table 17-2",
    "page: daily.cnnb.com.cn 2021-01-27 / Ningbo 2020 statistical communique": "Ningbo statistical communique 2020",
    "page: tjj.chuzhou.gov.cn 2019 communique": "Chuzhou statistical communique 2019",
    "page: web.xiaze.org Chizhou 2016 communique": "Chizhou statistical communique 2016",
    "page: willowgroveairshows.com/baike/2734182 (copy of Changzhou 2020 communique text)": "Changzhou statistical "
    "communique 2020",
    "page: Anhui Daily 2022-05 on 2021 Anhui population report": "Anhui Daily 2022-05, population report of Anhui 2021",
}


def publication(source: str) -> str:
    """A source as a reader can look it up: repositories by name and file, pages by their publication."""
    if source in _PAGES:
        return _PAGES[source]
    text = _REPOSITORY.sub(r"public compilation github.com/\g<repo> (\g<file>)", source)
    text = re.sub(r" \(used instead of G=([\d.]+), which looks like nominal growth or a slip\)", r"; not \1", text)
    text = re.sub(r"^derived: (derived: )?", "", text.replace("page: ", ""))
    return text.replace("derived from ", "computed from ").strip()


def city_codes(cities: pd.DataFrame) -> dict[str, str]:
    """Every spelling of a city in the rail files and its code.

    The rail files drop apostrophes and write ``Suzhou_JS`` where cities.csv has ``Suzhou`` or ``Suzhou(AH)``; a bare
    name is accepted only when one city has it.
    """
    bare = {code: re.sub(r"\(\w+\)$", "", name).replace("'", "") for code, name in cities["name_en"].items()}
    count = Counter(bare.values())
    codes = {name: str(code) for code, name in bare.items() if count[name] == 1}
    codes |= {
        f"{name}_{province}": str(code) for (code, name), province in zip(bare.items(), cities["province"], strict=True)
    }
    return codes


def rail_minutes(rail: pd.DataFrame, codes: dict[str, str], column: str = "rail_min_2019") -> pd.DataFrame:
    """Symmetric minutes by rail between city codes."""
    unknown = sorted(set(rail["city_i"]).union(rail["city_j"]) - set(codes))
    if unknown:
        raise InputError(f"unknown cities: {', '.join(unknown)}", file="rail_matrix_est.csv")
    pairs = rail.assign(i=rail["city_i"].map(codes), j=rail["city_j"].map(codes))
    one_way = pairs.pivot(index="i", columns="j", values=column)
    order = sorted(set(codes.values()))
    one_way = one_way.reindex(index=order, columns=order)
    return one_way.combine_first(one_way.T)
