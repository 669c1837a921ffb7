"""The result tables are what they are declared to be, and docs/results.md and docs/data.md say so."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.core.state import FIELDS
from sim.experiments.docs import pages
from sim.experiments.run import Run, run
from sim.experiments.tables import KEYS, PUBLISHED, TABLES, VALUES, columns
from sim.indicators import REGISTRY

DOCS = Path(__file__).parents[2] / "docs"

ARCHITECTURE = {
    "cities": "year region gdp gni real_gdp real_income real_value_added consumption investment public_spending "
    "expenditure transfer_net price_index market_access resident_population registered_population capital labour "
    "own_revenue shared_revenue general_transfer debt subsidy_rate attributed_gdp",
    "sectors": "year region sector value_added output expenditure price_index factor_price capital labour productivity",
    "flows": "year kind sector origin destination amount",
    "transfers": "year payer payee contract rule tax base rate amount",
    "agreements": "year agreement party event expected_gain reserve reason",
    "sections": "year section pollutant river city downstream load flow concentration standard index",
    "indicators": "year indicator scope place value target gap",
}
"""Columns that other programs may count on."""

TEXT = {"kind", "sector", "region", "origin", "destination", "payer", "payee", "contract", "rule", "tax"}
TEXT |= {"section", "pollutant", "river", "city", "downstream"}
TEXT |= {"agreement", "party", "event", "reason", "indicator", "scope", "place"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("schema") / "run"
    return run("market_integration", overrides=["world=three_cities", "horizon=2022"], out=out)


@pytest.mark.parametrize("table", TABLES)
def test_columns_that_programs_count_on_are_there(table):
    names = [column.name for column in columns(table)]
    assert set(ARCHITECTURE[table].split()) <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("table", TABLES)
def test_files_hold_the_declared_columns_with_unit_and_meaning(small, table):
    for folder in (small.folder, small.folder / "reference"):
        schema = pq.read_schema(folder / f"{table}.parquet")
        assert schema.names == [column.name for column in columns(table)]
        for column in columns(table):
            field = schema.field(column.name)
            assert field.metadata[b"unit"].decode() == column.unit
            assert field.metadata[b"meaning"].decode() == column.meaning


@pytest.mark.parametrize("table", TABLES)
def test_ids_are_text_years_integers_and_the_rest_floating_point(small, table):
    for field in small.arrow[table].schema:
        if field.name in TEXT:
            assert pa.types.is_string(field.type.value_type)
        elif field.name in ("year", "age"):
            assert field.type == pa.int64()
        else:
            assert field.type == pa.float64()


@pytest.mark.parametrize("table", TABLES)
def test_keys_name_a_row(small, table):
    assert not small.frame(table).duplicated([column.name for column in KEYS[table]]).any()


def test_every_column_has_a_meaning():
    for table in TABLES:
        for column in columns(table):
            assert column.meaning, (table, column)
        for column in VALUES[table]:
            assert column.unit or column.name == "reason", (table, column)


def test_every_field_of_the_state_for_a_table_is_in_it():
    for field in FIELDS:
        if field.table in ("cities", "sectors"):
            assert PUBLISHED.get(field.name, field.name) in {column.name for column in columns(field.table)}


def test_every_indicator_is_in_the_table(small):
    assert set(small.indicators["indicator"]) == set(REGISTRY)
    for name, indicator in REGISTRY.items():
        scopes = set(small.indicators.loc[small.indicators["indicator"] == name, "scope"])
        assert scopes == set(indicator.scopes), name
        assert indicator.meaning, name
        assert indicator.unit, name


def test_no_number_is_missing_where_there_is_one(small):
    for table in ("cities", "sectors", "flows", "transfers"):
        assert small.frame(table).notna().all(axis=None), table
    known = small.indicators[~small.indicators["indicator"].isin(["real_gdp_growth", "technology_contribution"])]
    assert known["value"].notna().all()


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return pages()


@pytest.mark.parametrize("page", ["results.md", "data.md"])
def test_docs_are_what_the_code_generates(generated, page):
    assert (DOCS / page).read_text(encoding="utf-8") == generated[page], "python -m sim.experiments.docs"
