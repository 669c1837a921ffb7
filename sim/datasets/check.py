"""Check a data set as a whole: keys, references between tables, complete panels, shares, ranges.

`check_folder` returns every problem, `World.load` raises the first of the same list, so both say the same. Single
cells (text where a number belongs, empty, out of range) are judged while reading, see `sim.datasets.reader.convert`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.datasets import reader
from sim.datasets.check_network import check_network
from sim.datasets.check_rivers import check_rivers
from sim.datasets.reader import MANIFEST, DataFolder
from sim.datasets.schema import (
    AMOUNTS,
    BASE_YEAR_VARIABLES,
    EVERYWHERE,
    FACTOR_ROWS,
    FINAL_USE,
    FINAL_USES,
    GROWTH_LIMIT,
    INTERMEDIATE,
    NATIONAL_PATHS,
    REST_OF_COUNTRY,
    REST_OF_WORLD,
    ROUNDING,
    SECTOR_GROUPS,
    SHARE_TOLERANCE,
    TABLES,
    VALUE_ADDED,
    Column,
    Table,
    range_in_words,
)

REFERENCE = "three_cities"
"""The data set that says which parameters exist: the small one that every new data set starts from."""

MOST_NAMES = 8  # unit: names listed in one message
OPTIONAL_FOR_ROC = ("registered_population",)
"""Base-year variables the rest of the country may leave out."""

Tables = dict[str, pd.DataFrame]


@dataclass
class CheckReport:
    """What was found: errors make the data set unusable, warnings are worth knowing."""

    errors: list[InputError] = field(default_factory=list)
    warnings: list[InputError] = field(default_factory=list)

    def error(
        self, file: str, message: str, row: int | None = None, column: str | None = None, allowed: str | None = None
    ) -> None:
        self.errors.append(InputError(message, file, row, column, allowed=allowed))

    def warning(self, file: str, message: str, row: int | None = None, column: str | None = None) -> None:
        self.warnings.append(InputError(message, file, row, column))


def check_folder(folder_or_name: str | Path) -> list[InputError]:
    """Every problem of a data set folder; an empty list means that it loads."""
    return check_report(folder_or_name).errors


def check_report(folder_or_name: str | Path) -> CheckReport:
    """Errors and warnings of a data set folder."""
    try:
        folder = reader.find(folder_or_name)
    except InputError as error:
        return CheckReport([error])
    return check_tables(reader.read_folder(folder))


def check_tables(data: DataFolder) -> CheckReport:
    """Errors and warnings of tables that were read; starts with what reading itself found."""
    report = CheckReport(list(data.errors))
    tables, base_year = data.tables, _base_year(data)
    _check_manifest(data, report)
    for name, frame in tables.items():
        _check_keys(TABLES[name], frame, report)
        for column in TABLES[name].columns:
            _check_references(TABLES[name], column, frame, tables, report)
    _check_ranges("location_quotients", tables, report)
    _check_ranges("parameters", tables, report)
    if not {"regions", "provinces", "sectors"} <= set(tables):
        return report
    _check_regions(tables, report)
    _check_ids(tables, report)
    _check_input_output(tables, report)
    for name in ("value_added", "employment", "capital"):
        _check_panel(name, tables, report)
    _check_factors(tables, report)
    if base_year is not None:
        _check_base_year(tables, base_year, report)
        _check_national(tables, base_year, report)
        _check_migration(tables, base_year, report)
    _check_travel_times(tables, data.manifest.get("symmetric_travel_times", True) is not False, report)
    _check_flows(tables, report)
    check_network(tables, base_year, report)
    check_rivers(tables, report)
    _check_parts(tables, report)
    _check_parameters(tables, report)
    return report


def infer_base_year(tables: Tables) -> int | None:
    """The last year for which region_values.csv has every variable that a base year needs."""
    values = tables.get("region_values")
    if values is None:
        return None
    needed = values[values["variable"].isin(BASE_YEAR_VARIABLES)]
    years = needed.groupby("year")["variable"].nunique()
    complete = years.index[years == len(BASE_YEAR_VARIABLES)]
    return int(complete.max()) if len(complete) else None


# --- the manifest -------------------------------------------------------------------------------------------------


def _base_year(data: DataFolder) -> int | None:
    year = data.manifest.get("base_year")
    return year if isinstance(year, int) and not isinstance(year, bool) else None


def _check_manifest(data: DataFolder, report: CheckReport) -> None:
    manifest = data.manifest
    if not manifest:
        return
    if not isinstance(manifest.get("name"), str):
        report.error(MANIFEST, "the name of the data set is missing", column="name")
    if _base_year(data) is None:
        report.error(MANIFEST, f"'{manifest.get('base_year')}' is not a year", column="base_year", allowed="a year")
    if not isinstance(manifest.get("symmetric_travel_times", True), bool):
        report.error(MANIFEST, "is neither true nor false", column="symmetric_travel_times", allowed="true, false")
    listed = manifest.get("tables", {})
    if not isinstance(listed, dict):
        report.error(MANIFEST, "must list the files of the data set", column="tables")
        return
    for file, about in listed.items():
        expected = about.get("sha256") if isinstance(about, dict) else None
        if file in data.hashes and expected is not None and expected != data.hashes[file]:
            report.warning(str(file), f"the file was changed: its sha256 is not the one in {MANIFEST}")
    for file in data.hashes:
        if listed and file != MANIFEST and file not in listed:
            report.warning(file, f"the file is not described in {MANIFEST}")


# --- keys, references, ranges -------------------------------------------------------------------------------------


def _check_keys(table: Table, frame: pd.DataFrame, report: CheckReport) -> None:
    keys = list(zip(*_lists(frame, *table.key), strict=True))
    if len(set(keys)) == len(keys):
        return
    first: dict[tuple[object, ...], int] = {}
    for row, key in zip(frame.index.tolist(), keys, strict=True):
        if any(map(_is_empty, key)):
            continue
        if key in first:
            label = ", ".join(f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in key)
            message = f"duplicate {', '.join(table.key)}: {label} is already in row {first[key]}"
            report.error(table.file, message, row, table.key[0])
        first.setdefault(key, row)


def _check_references(table: Table, column: Column, frame: pd.DataFrame, tables: Tables, report: CheckReport) -> None:
    """Ids that another table must list."""
    known: list[str] = []
    for target in column.refers_to:
        name = target.removesuffix(".csv")
        if target.endswith(".csv") and name not in tables:
            if TABLES[name].required:
                return
            continue
        known += tables[name][TABLES[name].key[0]].tolist() if target.endswith(".csv") else [target]
    if not column.refers_to or set(frame[column.name]) <= {"", *known}:
        return
    allowed, what = {"", *known}, TABLES[column.refers_to[0].removesuffix(".csv")].key[0]
    for row, word in _rows(frame, column.name):
        if word not in allowed:
            message = f"unknown {what} '{word}'{did_you_mean(word, known)}"
            report.error(table.file, message, row, column.name, _shorten(known))


def _check_ranges(name: str, tables: Tables, report: CheckReport) -> None:
    """low <= value <= high; an empty end is open."""
    if name not in tables:
        return
    file = TABLES[name].file
    for row, value, low, high in _rows(tables[name], "value", "low", "high"):
        if low > high:
            report.error(file, f"low {low:g} is above high {high:g}", row, "low")
        elif value < low or value > high:
            report.error(file, f"{value:g} is out of range", row, "value", range_in_words(low, high))


def _check_regions(tables: Tables, report: CheckReport) -> None:
    frame = tables["regions"]
    for kind, name in (("rest_of_country", REST_OF_COUNTRY), ("rest_of_world", REST_OF_WORLD)):
        rows = frame[frame["kind"] == kind]
        if rows["region"].tolist() != [name]:
            row = int(rows.index[-1]) if len(rows) else None
            report.error("regions.csv", f"there must be one region of kind {kind} with id {name}", row, "kind", name)
    cities = frame[frame["kind"] == "city"]
    if cities.empty:
        report.error("regions.csv", "there is no city", column="kind", allowed="at least one row of kind city")
    for column in ("province", "lon", "lat", "area_km2", "buildable_land_km2"):
        for row, city, cell in _rows(cities, "region", column):
            if _is_empty(cell):
                report.error("regions.csv", f"the cell is empty for city {city}", row, column)
    for column in ("area_km2", "buildable_land_km2"):
        for row, city, cell in _rows(cities, "region", column):
            if cell == 0.0:
                report.error("regions.csv", f"zero for city {city}", row, column, "more than 0")


def _check_ids(tables: Tables, report: CheckReport) -> None:
    """Sectors and places share one name space: `key.NAME` of a parameter must mean one thing."""
    reserved = {EVERYWHERE, *FACTOR_ROWS, *FINAL_USES, REST_OF_COUNTRY, REST_OF_WORLD}
    provinces = set(tables["provinces"]["province"])
    if tables["sectors"].empty:
        report.error("sectors.csv", "there is no sector", column="sector")
    for row, name in _rows(tables["sectors"], "sector"):
        if name in reserved | provinces:
            report.error("sectors.csv", f"'{name}' is a reserved word or the id of a province", row, "sector")
    for row, name in _rows(tables["provinces"], "province"):
        if name in reserved:
            report.error("provinces.csv", f"'{name}' is a reserved word", row, "province")


# --- shares -------------------------------------------------------------------------------------------------------


def _check_input_output(tables: Tables, report: CheckReport) -> None:
    if "input_output" not in tables:
        return
    file, frame, sectors = "input_output.csv", tables["input_output"], tables["sectors"]["sector"].tolist()
    allowed: dict[str, tuple[Collection[str], Collection[str]]] = {
        INTERMEDIATE: (sectors, sectors),
        VALUE_ADDED: (FACTOR_ROWS, sectors),
        FINAL_USE: (sectors, FINAL_USES),
    }
    words = {*sectors, *FACTOR_ROWS, *FINAL_USES}
    for row, block, *labels, value in _rows(frame, "block", "row", "column", "value"):
        for name, label, known in zip(("row", "column"), labels, allowed.get(block, (words, words)), strict=True):
            if label in words and label not in known:
                message = f"'{label}' does not belong into a {name} of block {block}"
                report.error(file, message, row, name, _shorten(list(known)))
        if value < 0 and not (block == VALUE_ADDED and labels[0] == "TAX"):
            message = f"negative share {value:g}; only the net production tax (TAX) may be negative"
            report.error(file, message, row, "value", "0 to 1")
    technology = frame[frame["block"].isin([INTERMEDIATE, VALUE_ADDED])]
    _check_sums(technology, sectors, "inputs and value added of sector", report)
    _check_sums(frame[frame["block"] == FINAL_USE], FINAL_USES, "final use", report)
    factors = _sum_by(frame[frame["block"] == VALUE_ADDED], "column")
    for sector in sectors:
        if not factors.get(sector, 0.0) > 0.0:
            report.error(file, f"sector {sector} has no value added", column="value", allowed="more than 0")


def _check_sums(frame: pd.DataFrame, columns: Iterable[str], what: str, report: CheckReport) -> None:
    """Each column of shares sums to one: a small miss is renormalised by the world, a larger one refused."""
    sums = _sum_by(frame, "column")
    first = {column: row for row, column in reversed(list(_rows(frame, "column")))}
    for column in columns:
        total = sums.get(column, 0.0)
        if abs(total - 1.0) >= SHARE_TOLERANCE:
            message = f"{what} {column}: the shares sum to {total:.6g}"
            allowed = f"1, a miss below {SHARE_TOLERANCE:g} is renormalised"
            report.error("input_output.csv", message, first.get(column), "value", allowed)
        elif abs(total - 1.0) > ROUNDING:
            message = f"{what} {column}: the shares miss 1 by {total - 1.0:.2g} and are renormalised"
            report.warning("input_output.csv", message, first.get(column), "value")


# --- complete panels ----------------------------------------------------------------------------------------------


def _check_panel(name: str, tables: Tables, report: CheckReport) -> None:
    """Every city and the rest of the country by every sector; nothing for the rest of the world."""
    if name not in tables:
        return
    file, frame = TABLES[name].file, tables[name]
    for row, region in _rows(frame, "region"):
        if region == REST_OF_WORLD:
            message = f"{REST_OF_WORLD} has no row here: calibration finds its output"
            report.error(file, message, row, "region", "cities and ROC")
    present = set(zip(*_lists(frame, "region", "sector"), strict=True))
    regions = {region for region, _ in present}
    for region in _inside(tables):
        if region not in regions:
            report.error(file, f"region {_label(region, tables)} is missing", column="region")
    for region, sector in product(_inside(tables), tables["sectors"]["sector"].tolist()):
        if region in regions and (region, sector) not in present:
            report.error(file, f"no row for region {_label(region, tables)}, sector {sector}", column="sector")


def _check_factors(tables: Tables, report: CheckReport) -> None:
    """Where there is value added there are workers and capital, and every region produces something."""
    if not {"value_added", "employment", "capital"} <= set(tables):
        return
    columns = ("region", "sector", "value")
    produced = {(region, sector) for _, region, sector, value in _rows(tables["value_added"], *columns) if value > 0}
    for name in ("employment", "capital"):
        for row, region, sector, value in _rows(tables[name], *columns):
            if value == 0.0 and (region, sector) in produced:
                message = f"region {_label(region, tables)}, sector {sector} has value added but no {name}"
                report.error(TABLES[name].file, message, row, "value", "more than 0")
    for region, total in _sum_by(tables["value_added"], "region").items():
        if total == 0.0:
            message = f"region {_label(region, tables)} has no value added in any sector"
            report.error("value_added.csv", message, column="value", allowed="more than 0")


def _check_base_year(tables: Tables, base_year: int, report: CheckReport) -> None:
    if "region_values" not in tables:
        return
    file = "region_values.csv"
    frame = tables["region_values"]
    now = frame[(frame["year"] == base_year) & frame["variable"].isin(BASE_YEAR_VARIABLES)]
    if now.empty:
        years = sorted({int(year) for year in frame["year"].dropna()})
        allowed = f"{years[0]} to {years[-1]}" if years else None
        report.error(file, f"nothing for the base year {base_year} of {MANIFEST}", None, "year", allowed)
        return
    present = set(zip(*_lists(now, "region", "variable"), strict=True))
    for variable, region in product(BASE_YEAR_VARIABLES, _inside(tables)):
        optional = region == REST_OF_COUNTRY and variable in OPTIONAL_FOR_ROC
        if (region, variable) not in present and not optional:
            message = f"region {_label(region, tables)} has no {variable} in the base year {base_year}"
            report.error(file, message, column="variable")
    for row, variable, value, unit in _rows(now, "variable", "value", "unit"):
        if unit != BASE_YEAR_VARIABLES[variable]:
            report.error(file, f"{variable} has unit '{unit}'", row, "unit", BASE_YEAR_VARIABLES[variable])
        if value < 0:
            report.error(file, f"negative {variable}: {value:g}", row, "value", "at least 0")


def _check_national(tables: Tables, base_year: int, report: CheckReport) -> None:
    if "national" not in tables:
        return
    file, frame = "national.csv", tables["national"]
    frame = frame[frame["variable"].isin(NATIONAL_PATHS) & frame["year"].notna()]
    present = {(variable, int(year)) for _, variable, year in _rows(frame, "variable", "year")}
    last = max((year for _, year in present), default=base_year)
    if last <= base_year:
        report.error(file, f"there is no year after the base year {base_year}", column="year")
    for variable, year in product(NATIONAL_PATHS, range(base_year + 1, last + 1)):
        if (variable, year) not in present:
            report.error(file, f"no {variable} for {year}", None, "year", f"every year {base_year + 1} to {last}")
    for row, variable, value, unit in _rows(frame, "variable", "value", "unit"):
        if unit != NATIONAL_PATHS[variable]:
            report.error(file, f"{variable} has unit '{unit}'", row, "unit", NATIONAL_PATHS[variable])
        if abs(value) > GROWTH_LIMIT:
            report.error(
                file,
                f"{variable} of {value:g} % a year is out of range",
                row,
                "value",
                range_in_words(-GROWTH_LIMIT, GROWTH_LIMIT),
            )


# --- travel times -------------------------------------------------------------------------------------------------


def _check_travel_times(tables: Tables, symmetric: bool, report: CheckReport) -> None:
    if "travel_times" not in tables:
        return
    ids = pd.Index(list(dict.fromkeys(tables["regions"]["region"])))
    frame = tables["travel_times"]
    origin, destination = (ids.get_indexer(pd.Index(frame[name])) for name in ("origin", "destination"))
    known = (origin >= 0) & (destination >= 0)
    rows = np.zeros((len(ids), len(ids)), dtype=np.int64)
    rows[origin[known], destination[known]] = frame.index[known]
    _check_pairs(rows, symmetric, tables, report)
    for column in ("freight_minutes", "passenger_minutes") if symmetric else ():
        minutes = np.full(rows.shape, np.nan)
        minutes[origin[known], destination[known]] = frame[column].to_numpy(np.float64)[known]
        given = np.isfinite(minutes) & np.isfinite(minutes.T) & (rows > rows.T)
        for i, j in np.argwhere(given & (minutes != minutes.T)):
            message = (
                f"{ids[i]} to {ids[j]} takes {minutes[i, j]:g}, the way back {minutes[j, i]:g} in row {rows[j, i]}; "
                f"if that is meant, write symmetric_travel_times: false in {MANIFEST}"
            )
            report.error("travel_times.csv", message, int(rows[i, j]), column, f"{minutes[j, i]:g}")


def _check_pairs(rows: NDArray[np.int64], symmetric: bool, tables: Tables, report: CheckReport) -> None:
    """Every pair has a time, in one direction at least when times are symmetric; rows [origin, destination]."""
    ids = list(dict.fromkeys(tables["regions"]["region"]))
    given = rows > 0
    absent = np.flatnonzero((given | given.T).sum(axis=1) == 0)
    for i in absent:
        report.error("travel_times.csv", f"region {_label(ids[i], tables)} is missing", column="origin")
    given[absent] = given[:, absent] = True
    for i, j in np.argwhere(np.triu(~(given | given.T)) if symmetric else ~given):
        message = f"no travel time from {_label(ids[i], tables)} to {_label(ids[j], tables)}"
        report.error("travel_times.csv", message, column="destination")


def _check_flows(tables: Tables, report: CheckReport) -> None:
    """Optional observed trade: every region buys and sells, every sector is traded; a pair left out is zero."""
    if "flows" not in tables:
        return
    trade = tables["flows"][tables["flows"]["value"] > 0]
    regions, sectors = tables["regions"]["region"].tolist(), tables["sectors"]["sector"].tolist()
    for column, names in (("sector", sectors), ("origin", regions), ("destination", regions)):
        present = set(trade[column])
        for name in (name for name in names if name not in present):
            label = name if column == "sector" else _label(name, tables)
            report.error("flows.csv", f"{label} has no flow", column=column, allowed="at least one value above 0")


def _check_migration(tables: Tables, base_year: int, report: CheckReport) -> None:
    """Optional observed moves: between two places of the country, and no place loses more people than it has."""
    if "migration" not in tables or "region_values" not in tables:
        return
    frame, values = tables["migration"], tables["region_values"]
    inside = _inside(tables)
    for row, origin, destination in _rows(frame, "origin", "destination"):
        if origin == destination:
            report.error("migration.csv", f"{_label(origin, tables)} to itself is no move", row, "destination")
        elif REST_OF_WORLD in (origin, destination):
            column = "origin" if origin == REST_OF_WORLD else "destination"
            report.error("migration.csv", f"nobody moves to or from {REST_OF_WORLD}", row, column, ", ".join(inside))
    now = values[(values["year"] == base_year) & (values["variable"] == "resident_population")]
    residents = dict(zip(now["region"], now["value"], strict=True))
    for origin, leavers in _sum_by(frame.assign(value=frame["people"]), "origin").items():
        if leavers > residents.get(origin, math.inf):
            message = f"{leavers:g} leave {_label(origin, tables)}, which has {residents[origin]:g} residents"
            report.error("migration.csv", message, column="people", allowed="fewer leavers than residents")


def _check_parts(tables: Tables, report: CheckReport) -> None:
    """Optional parts of cities: ids of their own, a city as parent, shares of figures that the data set has."""
    if "parts" not in tables:
        return
    regions = dict(zip(*_lists(tables["regions"], "region", "kind"), strict=True))
    for row, part, parent, area in _rows(tables["parts"], "part", "parent", "area_km2"):
        if part in regions:
            report.error("parts.csv", f"'{part}' is the id of a region", row, "part", "an id of its own")
        if regions.get(parent, "city") != "city":
            report.error("parts.csv", f"{parent} is not a city", row, "parent", "a city")
        if area == 0.0:
            report.error("parts.csv", f"zero for part {part}", row, "area_km2", "more than 0")
    if "part_shares" not in tables:
        report.error("part_shares.csv", "the file is missing: parts.csv needs it")
        return
    values = tables.get("region_values")
    amounts = () if values is None else values.loc[values["unit"].isin(AMOUNTS), "variable"].unique()
    groups = (f"value_added_{group}" for group in SECTOR_GROUPS)
    known = sorted({"value_added", *groups, "employment", "capital", "buildable_land_km2", *amounts})
    for row, variable in _rows(tables["part_shares"], "variable"):
        if variable not in known:
            message = f"unknown variable '{variable}'{did_you_mean(variable, known)}"
            report.error("part_shares.csv", message, row, "variable", ", ".join(known))


# --- parameters ---------------------------------------------------------------------------------------------------


def _check_parameters(tables: Tables, report: CheckReport) -> None:
    """Every parameter the model knows is there, for every sector or place it varies by."""
    if "parameters" not in tables:
        return
    rows: dict[str, list[tuple[str, str]]] = {}
    for _, key, *place in _rows(tables["parameters"], "key", "sector", "place"):
        rows.setdefault(key, []).append((place[0], place[1]))
    for key, needs in reference_parameters().items():
        problem = _missing_rows(needs, rows[key]) if key in rows else "missing" + did_you_mean(key, list(rows))
        if problem:
            report.error("parameters.csv", f"parameter {key} {'is ' * (key not in rows)}{problem}", column="key")
    known = {"sector": tables["sectors"]["sector"].tolist(), "place": tables["provinces"]["province"].tolist()}
    for key, cells in rows.items():
        for (column, names), given in zip(known.items(), map(set, zip(*cells, strict=True)), strict=True):
            for name in names if given & set(names) and EVERYWHERE not in given else ():
                if name not in given:
                    message = f"parameter {key} has no row for {column} {name} and none for {EVERYWHERE}"
                    report.error("parameters.csv", message, column=column)


@dataclass(frozen=True, slots=True)
class Needs:
    """Which rows of a parameter the model reads."""

    by_sector: bool
    by_place: bool
    rest_of_country: bool


def _missing_rows(needs: Needs, given: list[tuple[str, str]]) -> str:
    places = {place for _, place in given}
    if needs.rest_of_country and not places & {EVERYWHERE, REST_OF_COUNTRY}:
        return f"has no row for place {REST_OF_COUNTRY}"
    if not needs.by_sector and not needs.by_place and (EVERYWHERE, EVERYWHERE) not in given:
        return f"has no row for sector {EVERYWHERE}, place {EVERYWHERE}"
    return ""


@cache
def reference_parameters() -> dict[str, Needs]:
    """The parameters every data set needs, with the way they vary, from the small data set of the package."""
    errors: list[InputError] = []
    file = TABLES["parameters"].file
    raw = reader.parse_csv(reader.find(REFERENCE).joinpath(file).read_bytes(), file, errors)
    if raw is None or errors:
        raise RuntimeError(f"the data set {REFERENCE} of the package is damaged: {errors}")
    rows: dict[str, list[tuple[object, object]]] = {}
    for key, sector, place in zip(*(raw.columns[name] for name in ("key", "sector", "place")), strict=True):
        rows.setdefault(str(key), []).append((sector, place))
    needs = {}
    for key, given in rows.items():
        sectors, places = map(set, zip(*given, strict=True))
        needs[key] = Needs(EVERYWHERE not in sectors, EVERYWHERE not in places, REST_OF_COUNTRY in places)
    return needs


# --- small helpers ------------------------------------------------------------------------------------------------


def _lists(frame: pd.DataFrame, *columns: str) -> list[list[Any]]:
    return [frame[column].tolist() for column in columns]


def _rows(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Line number in the file and the cells of some columns, row by row."""
    return zip(frame.index.tolist(), *_lists(frame, *columns), strict=True)


def _sum_by(frame: pd.DataFrame, column: str) -> dict[str, float]:
    totals: dict[str, float] = {}
    for _, label, value in _rows(frame, column, "value"):
        totals[label] = totals.get(label, 0.0) + value
    return totals


def _inside(tables: Tables) -> list[str]:
    """Cities and the rest of the country: the regions that have data of their own."""
    frame = tables["regions"]
    return [region for _, region, kind in _rows(frame, "region", "kind") if kind != "rest_of_world"]


def _label(region: str, tables: Tables) -> str:
    regions = tables["regions"]
    names = regions.loc[regions["region"] == region, "name_en"].tolist()
    return f"{region} ({names[0]})" if names else region


def _shorten(words: list[str]) -> str:
    more = f", ... ({len(words)} in all)" if len(words) > MOST_NAMES else ""
    return ", ".join(words[:MOST_NAMES]) + more


def _is_empty(cell: object) -> bool:
    return cell == "" or (isinstance(cell, float) and math.isnan(cell))
