"""`sim explain`: the formulas shown are those of the model, and every parameter and table named exists."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from sim.commands import explain
from sim.compose import compose
from sim.config import world_of
from sim.experiments import tables
from sim.model import RegionalEconomy


@pytest.fixture(scope="module")
def run():
    """A small run with tables laid out as results are."""
    overrides = ["world=three_cities", "horizon=2022", "+policies=[market_integration]"]
    model = RegionalEconomy.from_config(compose("baseline", overrides))
    model.run()
    cities, sectors = tables.cities(model).to_pandas(), tables.sectors(model).to_pandas()
    return SimpleNamespace(cities=cities, sectors=sectors, config=model.config, world=world_of(model.config))


@pytest.mark.parametrize("name", explain.figures())
def test_the_terms_add_up_to_the_figure(run, name):
    figure = explain.figures()[name]
    explained = explain.explain(run, run.world, name, "MIL", 2021)
    total, divisor = 0.0, 1.0
    for row in explained["inputs"]:
        if row["sign"] == "/":
            divisor = row["value"]
        else:
            total += row["value"] if row["sign"] == "+" else -row["value"]
    if figure.plus or figure.minus or figure.sectors:
        assert math.isclose(total / divisor, explained["value"], rel_tol=1e-9, abs_tol=1e-9)
    assert len({row["key"] for row in explained["parameters"]}) == len(figure.parameters)
    assert {row["table"] for row in explained["data"]} == set(figure.data)
    assert all(row["source"] and row["status"] for row in explained["parameters"] + explained["data"])
    assert explained["unit"]
    assert explained["formula"] in explain._text("here", explained)


def test_every_column_about_money_and_people_of_cities_has_a_formula(run):
    known = {"gdp", "gni", "real_gdp", "real_income", "real_value_added", "consumption", "investment", "own_revenue"}
    known |= {"shared_revenue", "general_transfer", "debt", "resident_population", "capital", "labour", "market_access"}
    assert known <= set(explain.figures()) <= set(run.cities.columns)


def test_a_figure_without_a_formula_names_the_phases_that_write_it(run):
    assert "market" in explain.explain(run, run.world, "cash_transfer", "PRT", 2020)["formula"]
