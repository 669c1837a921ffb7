"""Data sets: what loads, what a world holds, and one clear line for everything that can be wrong with a folder."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.errors import InputError
from sim.datasets import World, check_folder, names, three_cities, write_template
from sim.datasets.check import check_report
from sim.datasets.coverage import coverage
from sim.datasets.reader import MANIFEST
from sim.datasets.schema import STATUSES, TABLES
from sim.datasets.template import comments, sign


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set that passes the check; its tables start with comment lines."""
    write_template(tmp_path / "mine")
    return tmp_path / "mine"


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def header_line(path: Path) -> int:
    """Index of the header, after the comments."""
    return next(i for i, line in enumerate(lines(path)) if not line.startswith("#"))


def find(path: Path, *cells: str) -> int:
    """Line number (from 1) of the row that starts with the given cells."""
    start = ",".join(cells) + ","
    return 1 + next(i for i, line in enumerate(lines(path)) if line.startswith(start))


def change(path: Path, row: int, column: str, cell: str) -> None:
    """Replace one cell."""
    text = lines(path)
    columns = next(csv.reader([text[header_line(path)]]))
    cells = next(csv.reader([text[row - 1]]))
    cells[columns.index(column)] = cell
    text[row - 1] = ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)
    path.write_text("\n".join(text) + "\n", encoding="utf-8")


def drop(path: Path, *cells: str) -> None:
    """Delete every row that starts with the given cells."""
    start = ",".join(cells) + ","
    kept = [line for line in lines(path) if not line.startswith(start)]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def append(path: Path, *rows: str) -> int:
    """Add rows at the end; the line number of the last."""
    text = [*lines(path), *rows]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return len(text)


def moves(folder: Path, *rows: str) -> None:
    """Give the data set observed moves."""
    text = "\n".join(["origin,destination,people,source,status", *rows, ""])
    (folder / "migration.csv").write_text(text, encoding="utf-8")


def only(errors: list[InputError]) -> InputError:
    assert len(errors) == 1, [str(error) for error in errors]
    return errors[0]


# --- data sets that are right -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_shipped_data_sets_pass_the_check(name: str) -> None:
    report = check_report(name)
    assert [str(error) for error in report.errors] == []
    assert [str(warning) for warning in report.warnings] == []


@pytest.mark.parametrize("name", names())
def test_world_arrays_have_the_promised_shape_and_kind(name: str) -> None:
    world = World.load(name)
    n, s = world.n_regions, world.n_sectors
    by_region_and_sector = (world.value_added, world.labour, world.capital)
    by_pair = (world.travel_time_freight, world.travel_time_passenger)
    by_region = (
        world.resident_population,
        world.registered_population,
        world.own_revenue,
        world.public_spending,
        world.debt,
        world.land_price,
        world.area_km2,
        world.buildable_land_km2,
    )
    by_sector = (world.value_added_share, world.labour_share_va, world.consumption_mix)
    shapes = [(by_region_and_sector, (n, s)), (by_pair, (n, n)), (by_region, (n,)), (by_sector, (s,))]
    for arrays, shape in [*shapes, ((world.input_share,), (s, s))]:
        for array in arrays:
            assert array.shape == shape
            assert array.dtype == np.float64
            assert array.flags.c_contiguous
            assert not array.flags.writeable
            assert np.isfinite(array).all()
    assert world.region_ids[-2:] == ("ROC", "ROW")
    assert (world.roc, world.row) == (n - 2, n - 1)
    assert world.value_added[world.row].sum() == 0.0


@pytest.mark.parametrize("name", names())
def test_shares_close(name: str) -> None:
    world = World.load(name)
    np.testing.assert_allclose(world.input_share.sum(axis=0) + world.value_added_share, 1.0, rtol=0, atol=1e-15)
    factors = (
        world.labour_share_va + world.production_tax_share_va + world.depreciation_share_va + world.surplus_share_va
    )
    np.testing.assert_allclose(factors, 1.0, rtol=0, atol=1e-14)
    for mix in (world.consumption_mix, world.government_mix, world.investment_mix):
        assert mix.sum() == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("name", names())
def test_travel_times_are_symmetric_and_positive(name: str) -> None:
    world = World.load(name)
    for times in (world.travel_time_freight, world.travel_time_passenger):
        assert (times > 0).all()
        np.testing.assert_array_equal(times, times.T)


def test_every_data_set_has_the_same_parameters() -> None:
    """The small data set says which parameters exist: a new one is a row in parameters.csv of both."""
    keys = {name: set(World.load(name).parameters.keys) for name in names()}
    for name, found in keys.items():
        assert found ^ keys["three_cities"] == set(), f"in one of {name} and three_cities only"


def test_a_folder_and_a_name_give_the_same_world(folder: Path) -> None:
    world = World.load(folder)
    assert world.content_hash == three_cities().content_hash
    assert world.region_names == ("Port City", "Milltown", "Valley City", "Rest of the country", "Rest of the world")
    assert world.index("VAL") == world.index("Valley City") == 2
    assert world.province_of.tolist() == [0, 0, 1, 2, 3]
    assert world.sector_is_mobile.tolist() == [False, True, False]
    assert world.value_added[0].tolist() == [24.0, 456.0, 720.0]
    assert world.travel_time_freight[2, 0] == 512.0
    assert world.last_year == 2035
    assert world.national_value("real_growth", 2020) == 4.0


def test_a_world_from_tables_equals_the_world_from_files() -> None:
    world = three_cities()
    again = World.from_tables(**world.tables)
    assert again.base_year == world.base_year
    assert again.content_hash == world.content_hash
    bare = {name: table.drop(columns=["source", "status"], errors="ignore") for name, table in world.tables.items()}
    np.testing.assert_array_equal(World.from_tables(**bare).value_added, world.value_added)


def test_from_tables_reports_like_a_file() -> None:
    frames = dict(three_cities().tables)
    frames["value_added"] = frames["value_added"].assign(value=-1.0)
    with pytest.raises(InputError, match=r"value_added.csv, row 2, column value: negative value added: -1"):
        World.from_tables(**frames)
    with pytest.raises(InputError, match="unknown table 'valueadded'; did you mean value_added"):
        World.from_tables(**{**three_cities().tables, "valueadded": frames["value_added"]})


def test_rows_of_cities_may_stand_anywhere(folder: Path) -> None:
    path = folder / "regions.csv"
    text = lines(path)
    start = header_line(path) + 1
    path.write_text("\n".join(text[:start] + text[start:][::-1]), encoding="utf-8")
    assert World.load(folder).region_ids == ("VAL", "MIL", "PRT", "ROC", "ROW")


def test_a_byte_order_mark_empty_lines_and_windows_line_ends_are_accepted(folder: Path) -> None:
    path = folder / "capital.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    assert World.load(folder).content_hash == three_cities().content_hash


def test_both_directions_may_differ_when_the_manifest_says_so(folder: Path) -> None:
    path = folder / "travel_times.csv"
    pairs = [line.split(",") for line in lines(path)[header_line(path) + 1 :]]
    back = [",".join([b, a, str(float(t) + 1), *rest]) for a, b, t, *rest in pairs if a != b]
    append(path, *back)
    replace_in_manifest(folder, "symmetric_travel_times: true", "symmetric_travel_times: false")
    times = World.load(folder).travel_time_freight
    assert times[0, 1] == 195.0
    assert times[1, 0] == 196.0


def replace_in_manifest(folder: Path, old: str, new: str) -> None:
    path = folder / MANIFEST
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_flows_are_optional(folder: Path) -> None:
    assert World.load(folder).flows is None
    ids, sectors = three_cities().region_ids, three_cities().sector_ids
    rows = [f"{s},{o},{d},{k}" for k, s in enumerate(sectors, 1) for o in ids for d in ids]
    (folder / "flows.csv").write_text("\n".join(["sector,origin,destination,value", *rows]), encoding="utf-8")
    flows = World.load(folder).flows
    assert flows is not None
    assert flows.shape == (3, 5, 5)
    assert flows[1, 0, 4] == 2.0


def test_a_small_miss_of_a_share_sum_is_renormalised_and_noted(folder: Path) -> None:
    path = folder / "input_output.csv"
    row = find(path, "intermediate", "AGR", "MAN")
    change(path, row, "value", "0.05005")
    assert check_folder(folder) == []
    world = World.load(folder)
    assert world.input_share[:, 1].sum() + world.value_added_share[1] == pytest.approx(1.0, abs=1e-15)
    assert any("sector MAN: the shares miss 1 by 5e-05 and are renormalised" in note for note in world.notes)


def test_an_edited_file_is_a_warning_not_an_error(folder: Path) -> None:
    change(folder / "capital.csv", find(folder / "capital.csv", "PRT", "SRV"), "value", "2000")
    report = check_report(folder)
    assert report.errors == []
    assert "capital.csv: the file was changed" in str(only(report.warnings))
    assert World.load(folder).content_hash != three_cities().content_hash
    manifest = (folder / MANIFEST).read_text(encoding="utf-8")
    assert sign(folder) == ["capital.csv"]
    assert check_report(folder).warnings == []
    changed = set(manifest.splitlines()) ^ set((folder / MANIFEST).read_text(encoding="utf-8").splitlines())
    assert len(changed) == 2


# --- parameters ---------------------------------------------------------------------------------------------------


def test_parameters_by_sector_and_place() -> None:
    parameters = three_cities().parameters
    assert parameters.value("trade_elasticity") == 5.0
    assert parameters.by_sector("trade_elasticity").tolist() == [5.0, 5.0, 5.0]
    assert parameters.by_sector("personal_tax_rate").tolist() == [0.0, 0.0236, 0.0236]
    assert parameters.by_province("debt_revenue_ratio").tolist() == [1.7, 2.4, 2.1, 0.0]
    assert three_cities().by_region("debt_revenue_ratio").tolist() == [1.7, 1.7, 2.4, 2.1, 0.0]
    row = parameters.row("vat_rate", "MAN")
    assert (row.value, row.unit, row.status) == (0.08, "1", "judgement")
    assert parameters.row("trade_elasticity", "MAN").sector == "all"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trade_elastcity": 4}, "parameters.csv, trade_elastcity: unknown parameter; did you mean trade_elasticity?"),
        ({"trade_elasticity": 99}, r"trade_elasticity: 99 is out of range .*\(allowed: 1.5 to 8\)"),
        ({"trade_elasticity": float("nan")}, "nan is out of range"),
        ({"vat_rate.MEN": 0.1}, "unknown sector or place 'MEN'; did you mean MAN?"),
        ({"vat_rate": 0.1}, "has no row for all .*vat_rate.AGR, vat_rate.MAN"),
    ],
)
def test_wrong_parameter_values_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        three_cities().with_parameters(values)


def test_parameters_remember_what_was_read() -> None:
    """Every copy starts with nothing read, and what one copy reads no other knows."""
    world = three_cities().with_parameters({})
    copy = world.with_parameters({"trade_elasticity": 4.0})
    other = copy.with_parameters({})
    copy.parameters.value("trade_elasticity")
    copy.parameters.by_sector("vat_rate")
    copy.parameters.by_province("birth_rate")
    assert copy.parameters.read == {"trade_elasticity", "vat_rate", "birth_rate"}
    assert not other.parameters.read | world.parameters.read


def test_copies_of_copies_keep_their_own_numbers() -> None:
    world = three_cities()
    first = world.with_parameters({"trade_elasticity.MAN": 4.0})
    second = first.with_parameters({"trade_elasticity.MAN": 3.0, "vat_rate.MAN": 0.09})
    values = [each.parameters.by_sector("trade_elasticity")[1] for each in (world, first, second)]
    assert values == [5.0, 4.0, 3.0]
    frame = second.tables["parameters"].set_index(["key", "sector", "place"])
    assert frame.loc[("trade_elasticity", "MAN", "all"), "source"] == "set for this run, replacing 4"
    assert frame["value"].tolist() == [second.parameters.row(*key).value for key in frame.index]
    assert len(world.tables["parameters"]) + 1 == len(first.tables["parameters"]) == len(frame)
    assert second.parameters.names("trade_elasticity") == ["trade_elasticity", "trade_elasticity.MAN"]


def test_with_parameters_changes_only_what_depends_on_them() -> None:
    world = three_cities()
    before = world.content_hash
    other = world.with_parameters({"debt_revenue_ratio.CO": 2.0, "vat_rate.MAN": 0.09})
    assert other.content_hash != before
    assert world.content_hash == before
    assert other.debt[0] == 2.0 * world.own_revenue[0]
    assert world.debt[0] == 1.7 * world.own_revenue[0]
    assert other.parameters.row("vat_rate", "MAN").source == "set for this run, replacing 0.08"
    assert other.with_parameters({"debt_revenue_ratio.CO": 1.7, "vat_rate.MAN": 0.08}).debt[0] == world.debt[0]


def test_a_value_for_one_sector_that_the_model_would_ignore_is_an_error() -> None:
    parameters = three_cities().with_parameters({"trade_elasticity.MAN": 4.0}).parameters
    assert parameters.by_sector("trade_elasticity").tolist() == [5.0, 4.0, 5.0]
    with pytest.raises(InputError, match="a value for MAN alone would have no effect"):
        parameters.value("trade_elasticity")


def test_other_stocks_make_another_world() -> None:
    world = three_cities()
    other = world.with_value_added(world.value_added * 1.1, "a draw")
    np.testing.assert_allclose(other.value_added, world.value_added * 1.1)
    assert other.content_hash != world.content_hash
    assert set(other.tables["value_added"]["status"]) == {"imputed"}
    np.testing.assert_array_equal(world.with_labour(world.labour, "the same").labour, world.labour)
    with pytest.raises(InputError, match="finite and not negative"):
        world.with_capital(-world.capital, "wrong")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda world: world.index("Milltwn"), "unknown region 'Milltwn'; did you mean Milltown?"),
        (lambda world: world.sector_index("MANN"), "unknown sector 'MANN'; did you mean MAN?"),
        (lambda world: world.national_value("real_growth", 2050), r"no real_growth for 2050 \(allowed: 2020 to 2035"),
        (lambda world: world.national_value("real_grwth", 2020), "did you mean real_growth?"),
        (lambda world: world.base_value("rd_intensity"), "no 'rd_intensity' in 2019"),
    ],
)
def test_asking_a_world_for_what_it_lacks(ask: Callable[[World], object], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        ask(three_cities())


def test_an_unknown_data_set_is_one_line() -> None:
    with pytest.raises(InputError, match=r"yangtze_dleta: there is no such data set or folder; did you mean yangtze"):
        World.load("yangtze_dleta")


# --- data sets that are wrong -------------------------------------------------------------------------------------


BROKEN_CELLS = {
    "negative value added": (
        "value_added.csv",
        ("MIL", "MAN"),
        "value",
        "-5",
        "negative value added: -5 (allowed: at least 0)",
    ),
    "negative capital": ("capital.csv", ("MIL", "MAN"), "value", "-5", "negative capital: -5 (allowed: at least 0)"),
    "negative employment": ("employment.csv", ("VAL", "SRV"), "value", "-0.1", "negative employment: -0.1"),
    "zero capital": ("capital.csv", ("MIL", "MAN"), "value", "0", "region MIL (Milltown), sector MAN has value added"),
    "text for a number": (
        "employment.csv",
        ("PRT", "AGR"),
        "value",
        "n.a. yet",
        "'n.a. yet' is text where a number belongs",
    ),
    "nan": ("employment.csv", ("PRT", "AGR"), "value", "NaN", "'NaN' is not a finite number"),
    "infinite": ("employment.csv", ("PRT", "AGR"), "value", "inf", "'inf' is not a finite number"),
    "empty number": ("capital.csv", ("PRT", "AGR"), "value", "", "the cell is empty (allowed: at least 0)"),
    "empty word": ("sectors.csv", ("MAN",), "name_en", "", "the cell is empty"),
    "empty for a city": ("regions.csv", ("PRT",), "lat", "", "the cell is empty for city PRT"),
    "zero land": ("regions.csv", ("PRT",), "buildable_land_km2", "0", "zero for city PRT (allowed: more than 0)"),
    "bad status": (
        "value_added.csv",
        ("PRT", "AGR"),
        "status",
        "guess",
        "unknown word 'guess' (allowed: sourced, derived, recalled, imputed, judgement)",
    ),
    "bad group": ("sectors.csv", ("MAN",), "group", "second", "unknown word 'second' (allowed: primary, secondary"),
    "bad flag": ("sectors.csv", ("MAN",), "is_mobile", "2", "is_mobile 2 is out of range (allowed: 0 or 1)"),
    "unknown sector": ("capital.csv", ("ROC", "SRV"), "sector", "SVR", "unknown sector 'SVR'; did you mean SRV?"),
    "unknown region": (
        "travel_times.csv",
        ("ROC", "ROC"),
        "origin",
        "MILL",
        "unknown region 'MILL'; did you mean MIL?",
    ),
    "unknown province": ("regions.csv", ("VAL",), "province", "INN", "unknown province 'INN'; did you mean IN?"),
    "year not whole": ("national.csv", ("2021", "deflator"), "year", "2021.5", "2021.5 is not a whole number"),
    "year out of range": (
        "national.csv",
        ("2021", "deflator"),
        "year",
        "20211",
        "year 20211 is out of range (allowed: 1949 to 2100)",
    ),
    "growth out of range": ("national.csv", ("2021", "deflator"), "value", "200", "deflator of 200 % a year is out of"),
    "wrong unit": ("region_values.csv", ("PRT", "2019", "own_revenue"), "unit", "yuan", "(allowed: 100m_yuan)"),
    "negative revenue": (
        "region_values.csv",
        ("PRT", "2019", "own_revenue"),
        "value",
        "-1",
        "negative own_revenue: -1",
    ),
    "value above high": (
        "parameters.csv",
        ("trade_elasticity",),
        "value",
        "9",
        "9 is out of range (allowed: 1.5 to 8)",
    ),
    "value below low": ("parameters.csv", ("trade_elasticity",), "value", "1", "1 is out of range (allowed: 1.5 to 8)"),
    "low above high": ("parameters.csv", ("trade_elasticity",), "low", "10", "low 10 is above high 8"),
    "tilt out of range": ("location_quotients.csv", ("CO", "MAN"), "value", "2", "2 is out of range (allowed: 0.9 to"),
    "share sum off": (
        "input_output.csv",
        ("intermediate", "AGR", "AGR"),
        "value",
        "0.2",
        "inputs and value added of sector AGR: the shares sum to 1.073 (allowed: 1, a miss below 0.0001 is",
    ),
    "mix sum off": (
        "input_output.csv",
        ("final_use", "AGR", "consumption"),
        "value",
        "0.1",
        "final use consumption: the shares sum to 1.07",
    ),
    "negative time": ("travel_times.csv", ("PRT", "MIL"), "freight_minutes", "-3", "(allowed: 1 to 100000)"),
}


@pytest.mark.parametrize("case", BROKEN_CELLS)
def test_one_wrong_cell_is_one_line_naming_file_row_and_column(folder: Path, case: str) -> None:
    file, start, column, cell, message = BROKEN_CELLS[case]
    path = folder / file
    row = find(path, *start)
    change(path, row, column, cell)
    errors = check_folder(folder)
    first = errors[0]
    assert (first.file, first.row, first.column) == (file, row, column)
    assert message in str(first)
    assert "\n" not in str(first)
    with pytest.raises(InputError) as raised:
        World.load(folder)
    assert raised.value == first
    assert raised.value.exit_code == 2


def _without(file: str, *start: str) -> Callable[[Path], None]:
    return lambda folder: drop(folder / file, *start)


def _with(file: str, row: str) -> Callable[[Path], None]:
    return lambda folder: append(folder / file, row) and None


def _drop_column(folder: Path) -> None:
    path = folder / "capital.csv"
    text = lines(path)
    kept = [line if line.startswith("#") else line.split(",", 2)[0] + "," + line.split(",", 2)[2] for line in text]
    path.write_text("\n".join(kept), encoding="utf-8")


def _rename_column(folder: Path) -> None:
    path = folder / "capital.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("sector,value,", "sector,vaule,"), encoding="utf-8")


def _semicolons(folder: Path) -> None:
    path = folder / "capital.csv"
    path.write_text("\n".join(lines(path)[header_line(path) :]).replace(",", ";"), encoding="utf-8")


def _recode(folder: Path) -> None:
    path = folder / "regions.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))


def _extra_cell(folder: Path) -> None:
    path = folder / "capital.csv"
    text = lines(path)
    text[-1] += ",extra"
    path.write_text("\n".join(text), encoding="utf-8")


def _open_quote(folder: Path) -> None:
    append(folder / "capital.csv", 'ROC,"SRV,1,x,judgement')


def _asymmetric(folder: Path) -> None:
    append(folder / "travel_times.csv", "MIL,PRT,200,90,x,judgement")


def _one_way(folder: Path) -> None:
    replace_in_manifest(folder, "symmetric_travel_times: true", "symmetric_travel_times: false")


# Row numbers are checked above and below; here they are written as #.
BROKEN_FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing file": (lambda folder: (folder / "capital.csv").unlink(), "capital.csv: the file is missing"),
    "missing manifest": (lambda folder: (folder / MANIFEST).unlink(), "manifest.yaml: the file is missing"),
    "empty file": (lambda folder: (folder / "capital.csv").write_text(""), "capital.csv: is empty: a header line"),
    "missing column": (_drop_column, "capital.csv, column sector: the column is missing"),
    "mistyped column": (_rename_column, "capital.csv, column vaule: unknown column; did you mean value?"),
    "semicolons": (_semicolons, "capital.csv, row #: the columns must be separated by commas"),
    "wrong encoding": (_recode, "regions.csv, row #: is not UTF-8 text: save the file with encoding UTF-8"),
    "too many cells": (_extra_cell, "capital.csv, row #: the row has 6 cells, the header 5"),
    "open quote": (_open_quote, "capital.csv, row #: is not valid CSV"),
    "missing city": (_without("employment.csv", "MIL"), "employment.csv, column region: region MIL (Milltown) is miss"),
    "missing cell": (
        _without("employment.csv", "MIL", "SRV"),
        "employment.csv, column sector: no row for region MIL (Milltown), sector SRV",
    ),
    "city without budget": (
        _without("region_values.csv", "VAL", "2019", "own_revenue"),
        "region_values.csv, column variable: region VAL (Valley City) has no own_revenue in the base year 2019",
    ),
    "city without times": (
        _without("travel_times.csv", "PRT"),
        "travel_times.csv, column origin: region PRT (Port City) is missing",
    ),
    "time missing": (
        _without("travel_times.csv", "MIL", "VAL"),
        "travel_times.csv, column destination: no travel time from MIL (Milltown) to VAL (Valley City)",
    ),
    "time one way only": (_one_way, "column destination: no travel time from MIL (Milltown) to PRT (Port City)"),
    "asymmetric": (
        _asymmetric,
        "travel_times.csv, row #, column freight_minutes: MIL to PRT takes 200, the way back 195 in row #",
    ),
    "duplicate region": (
        _with("regions.csv", "PRT,a,b,city,CO,1,1,1,1,0,,x,judgement"),
        "regions.csv, row #, column region: duplicate region: PRT is already in row #",
    ),
    "duplicate parameter": (
        _with("parameters.csv", "interest_rate,all,all,.03,,,1,x,x,judgement"),
        "column key: duplicate key, sector, place: interest_rate, all, all is already in row",
    ),
    "duplicate observation": (
        _with("region_values.csv", "PRT,2019,own_revenue,1,100m_yuan,x,judgement"),
        "duplicate region, year, variable: PRT, 2019, own_revenue is already in row",
    ),
    "row for the world": (
        _with("capital.csv", "ROW,MAN,5,x,judgement"),
        "capital.csv, row #, column region: ROW has no row here: calibration finds its output",
    ),
    "no rest of the world": (_without("regions.csv", "ROW"), "there must be one region of kind rest_of_world"),
    "two rests of the country": (
        _with("regions.csv", "RC2,a,b,rest_of_country,,,,,,,,x,judgement"),
        "regions.csv, row #, column kind: there must be one region of kind rest_of_country with id ROC (allowed: ROC)",
    ),
    "year missing": (
        _without("national.csv", "2024", "real_growth"),
        "national.csv, column year: no real_growth for 2024 (allowed: every year 2020 to 2035)",
    ),
    "base year outside the data": (
        lambda folder: replace_in_manifest(folder, "base_year: 2019", "base_year: 2018"),
        "region_values.csv, column year: nothing for the base year 2018 of manifest.yaml (allowed: 2019 to 2019)",
    ),
    "base year no year": (
        lambda folder: replace_in_manifest(folder, "base_year: 2019", "base_year: soon"),
        "manifest.yaml, column base_year: 'soon' is not a year",
    ),
    "manifest no YAML": (
        lambda folder: (folder / MANIFEST).write_text("name: [a\nbase_year: 2019\n"),
        "manifest.yaml, row #: is not valid YAML",
    ),
    "parameter missing": (
        _without("parameters.csv", "interest_rate"),
        "parameters.csv, column key: parameter interest_rate is missing",
    ),
    "parameter mistyped": (
        lambda folder: change(
            folder / "parameters.csv", find(folder / "parameters.csv", "interest_rate"), "key", "intrest_rate"
        ),
        "parameter interest_rate is missing; did you mean intrest_rate?",
    ),
    "parameter without a sector": (
        _without("parameters.csv", "vat_rate", "SRV"),
        "parameters.csv, column sector: parameter vat_rate has no row for sector SRV and none for all",
    ),
    "parameter without a province": (
        _without("parameters.csv", "birth_rate", "all", "IN"),
        "parameters.csv, column place: parameter birth_rate has no row for place IN and none for all",
    ),
    "parameter without ROC": (
        _without("parameters.csv", "birth_rate", "all", "ROC"),
        "parameters.csv, column key: parameter birth_rate has no row for place ROC",
    ),
    "value added of a sector missing": (
        _without("input_output.csv", "value_added"),
        "input_output.csv, row #, column value: inputs and value added of sector AGR: the shares sum to 0.387",
    ),
    "reserved id": (
        lambda folder: [
            path.write_text(path.read_text(encoding="utf-8").replace("SRV", "CO"), encoding="utf-8")
            for path in folder.glob("*.csv")
        ],
        "sectors.csv, row #, column sector: 'CO' is a reserved word or the id of a province",
    ),
    "flows without a city": (
        lambda folder: (folder / "flows.csv").write_text("sector,origin,destination,value\nMAN,PRT,MIL,3\n"),
        "flows.csv, column sector: AGR has no flow",
    ),
    "moves of an unknown city": (
        lambda folder: moves(folder, "PRT,MLI,3,x,sourced"),
        "migration.csv, row #, column destination: unknown region 'MLI'; did you mean MIL?",
    ),
    "moves below zero": (
        lambda folder: moves(folder, "PRT,MIL,-3,x,sourced"),
        "migration.csv, row #, column people: negative people who move in a year: -3",
    ),
    "moves to itself": (
        lambda folder: moves(folder, "PRT,PRT,3,x,sourced"),
        "migration.csv, row #, column destination: PRT (Port City) to itself is no move",
    ),
    "moves abroad": (
        lambda folder: moves(folder, "PRT,ROW,3,x,sourced"),
        "migration.csv, row #, column destination: nobody moves to or from ROW (allowed: PRT, MIL, VAL, ROC)",
    ),
    "more leavers than residents": (
        lambda folder: moves(folder, "PRT,MIL,60,x,sourced", "PRT,ROC,40,x,sourced"),
        "migration.csv, column people: 100 leave PRT (Port City), which has 90 residents (allowed: fewer leavers",
    ),
}


@pytest.mark.parametrize("case", BROKEN_FOLDERS)
def test_what_is_wrong_with_a_folder_is_said_in_one_line(folder: Path, case: str) -> None:
    damage, message = BROKEN_FOLDERS[case]
    damage(folder)
    errors = check_folder(folder)
    said = [re.sub(r"row \d+", "row #", str(error)) for error in errors]
    assert any(message in line for line in said), said
    assert all("\n" not in line for line in said)
    with pytest.raises(InputError) as raised:
        World.load(folder)
    assert raised.value == errors[0]


def test_a_repeated_key_names_both_rows(folder: Path) -> None:
    path = folder / "travel_times.csv"
    row = append(path, "MIL,VAL,382,170,x,judgement")
    error = only(check_folder(folder))
    assert (error.file, error.row) == ("travel_times.csv", row)
    assert f"MIL, VAL is already in row {find(path, 'MIL', 'VAL')}" in error.message


def test_an_asymmetric_time_names_both_rows(folder: Path) -> None:
    path = folder / "travel_times.csv"
    row = append(path, "MIL,PRT,195,95,x,judgement")
    error = only(check_folder(folder))
    assert (error.file, error.row, error.column) == ("travel_times.csv", row, "passenger_minutes")
    there = find(path, "PRT", "MIL")
    assert f"MIL to PRT takes 95, the way back 90 in row {there}; if that is meant, write symmetric" in error.message


def test_every_problem_is_reported_at_once(folder: Path) -> None:
    (folder / "capital.csv").unlink()
    drop(folder / "employment.csv", "MIL")
    for start in (("PRT", "AGR"), ("PRT", "MAN"), ("VAL", "SRV")):
        change(folder / "value_added.csv", find(folder / "value_added.csv", *start), "value", "-1")
    errors = check_folder(folder)
    assert sorted(str(error.file) for error in errors) == [
        "capital.csv", "employment.csv", "value_added.csv", "value_added.csv", "value_added.csv",
    ]  # fmt: skip


@pytest.mark.parametrize("table", [name for name, table in TABLES.items() if table.required])
def test_the_check_survives_any_missing_file_or_column(folder: Path, table: str) -> None:
    path = folder / TABLES[table].file
    whole = path.read_text(encoding="utf-8")
    rows = list(csv.reader(whole.splitlines()[header_line(path) :]))
    for position, column in enumerate(rows[0]):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([[*row[:position], *row[position + 1 :]] for row in rows])
        required = TABLES[table].column(column).required
        missing = [error for error in check_folder(folder) if error.message == "the column is missing"]
        assert [(error.file, error.column) for error in missing] == [(path.name, column)] * required
    path.write_text(",".join(rows[0]), encoding="utf-8")
    assert table in ("location_quotients", "targets") or check_folder(folder)
    path.unlink()
    assert only([error for error in check_folder(folder) if error.file == path.name]).message == "the file is missing"


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_makes_the_check_fail_itself(folder: Path, data: st.DataObject) -> None:
    """Whatever a file holds: either the world loads, or there is a list of problems and the first is raised."""
    path = folder / data.draw(st.sampled_from(sorted(path.name for path in folder.iterdir())), label="file")
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)), label="start")
    length = data.draw(st.integers(0, 40), label="length")
    junk = data.draw(
        st.sampled_from([b"", b",", b'"', b"\n", b"-", b"nan", b"\x00", b"\xff", b"1e999", b"all"]), label="junk"
    )
    path.write_bytes(whole[:start] + junk + whole[start + length :])
    try:
        errors = check_folder(folder)
        if errors:
            with pytest.raises(InputError) as raised:
                World.load(folder)
            assert raised.value == errors[0]
        else:
            assert World.load(folder).value_added.sum() > 0
    finally:
        path.write_bytes(whole)


# --- template and coverage ----------------------------------------------------------------------------------------


def test_the_template_explains_every_column(folder: Path) -> None:
    for table in TABLES.values():
        if not (folder / table.file).is_file():
            assert not table.required
            continue
        text = (folder / table.file).read_text(encoding="utf-8")
        assert text.startswith(comments(table))
        for column in table.columns:
            assert f"#   {column.name}" in text
    manifest = yaml.safe_load((folder / MANIFEST).read_text(encoding="utf-8"))
    assert set(manifest["tables"]) == {path.name for path in folder.glob("*.csv")}


def test_the_template_is_refused_where_it_would_overwrite(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder is not empty"):
        write_template(folder)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="there is a file of this name"):
        write_template(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    write_template(tmp_path / "empty")
    assert check_folder(tmp_path / "empty") == []


def test_the_template_leaves_nothing_behind_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_template(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_parent_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.mkdir", refuse)
    with pytest.raises(InputError, match="mine: cannot be written: Permission denied"):
        write_template(tmp_path / "mine")


def test_coverage_counts_every_measured_cell_once() -> None:
    world = three_cities()
    table = coverage(world)
    cells = table.pivot(index="table", columns="status", values="cells")
    assert set(cells.columns) == set(STATUSES)
    assert cells.loc["value_added"].to_dict() == dict.fromkeys(STATUSES, 0) | {"judgement": 12}
    assert cells.loc["travel_times", "judgement"] == 30
    assert cells.drop("all").sum().to_dict() == cells.loc["all"].to_dict()
    shares = table.groupby("table")["share"].sum()
    np.testing.assert_allclose(shares, 1.0)
    pd.testing.assert_frame_equal(world.coverage, table)


def test_a_data_set_in_another_place_needs_no_package(folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "data"
    shutil.copytree(folder, moved)
    assert World.load(str(moved)).name == "three_cities"


def test_the_package_is_imported_lazily() -> None:
    code = "import sys, sim.datasets; assert not {'pandas', 'numpy', 'numba'} & set(sys.modules), 'heavy import'"
    subprocess.run([sys.executable, "-c", code], check=True)
