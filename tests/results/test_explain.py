"""An explanation computes the number it explains, from tables, parameters and data that it shows."""

from __future__ import annotations

import json

import pytest

from sim.core.errors import InputError
from sim.experiments.explain import TOLERANCE, explain
from sim.experiments.figures import FIGURES
from sim.experiments.run import load, run


@pytest.mark.parametrize("city", ["310000", "341200", "ROC"])
@pytest.mark.parametrize("year", [2019, 2020, 2028])
def test_every_figure_is_what_its_formula_makes_of_its_inputs(transfer, city, year):
    for name, figure in FIGURES.items():
        for sector in (None, "CHM") if figure.by_sector else (None,):
            found = explain(name, city, year, transfer, sector=sector)
            assert found.recomputed == pytest.approx(found.value, rel=TOLERANCE, abs=1e-9), (name, sector)
            assert found.inputs or found.parameters, name
            assert all((found.formula, found.unit, found.meaning)), name


def test_figures_of_a_stored_run(stored):
    found = explain("real_income", "Fuyang", 2028, stored)
    assert (found.city, found.name) == ("341200", "Fuyang")
    assert found.value == pytest.approx(found.recomputed, rel=1e-12)


def test_the_figures_people_ask_about_are_there():
    asked = {"gdp", "real_gdp", "real_income", "own_revenue", "net_return", "transfer_net", "price_index", "output"}
    assert asked <= FIGURES.keys()


def test_inputs_say_where_they_come_from(transfer):
    found = explain("real_income", "Hefei", 2025, transfer)
    inputs = {item.name: item for item in found.inputs}
    assert inputs["own_revenue"].where == "cities, 2025"
    assert inputs["own_revenue"].unit == "100 million yuan"
    total = sum(inputs[name].value for name in ("disposable_income", "own_revenue", "land_revenue", "transfer_net"))
    total -= sum(inputs[name].value for name in ("city_cash", "subsidy", "interest_paid"))
    assert total / inputs["price_index"].value == pytest.approx(found.value, rel=1e-12)


def test_parameters_come_with_range_status_and_source(transfer):
    found = explain("net_return", "Suzhou", 2028, transfer, sector="CHM")
    cited = {item.name: item for item in found.parameters}
    land = cited["land_cost_share.CHM"] if "land_cost_share.CHM" in cited else cited["land_cost_share"]
    assert land.status == "judgement"
    assert land.source
    assert land.low is not None
    assert land.low <= land.value


def test_data_cells_come_with_their_rows(transfer):
    found = explain("value_added", "310000", 2019, transfer, sector="CHM")
    (row,) = found.data
    assert row.value == pytest.approx(found.value, rel=1e-6)
    assert row.status == "imputed"
    assert "location quotients" in row.source
    assert len(explain("gdp", "310000", 2019, transfer).data) == transfer.model.world.n_sectors


def test_a_changed_parameter_shows_in_the_explanation():
    done = run("baseline", overrides=["world=three_cities", "horizon=2021", "parameters.infrastructure_share=0.1"])
    found = explain("public_investment", "Milltown", 2021, done)
    cited = next(item for item in found.parameters if item.name == "infrastructure_share")
    assert cited.value == 0.1
    assert "replacing" in cited.source


def test_text_and_plain_data(small):
    found = explain("own_revenue", "VAL", 2027, small)
    text = str(found)
    assert text.startswith("own_revenue of Valley City in 2027 = ")
    assert "formula: " in text
    assert json.loads(json.dumps(found.as_dict()))["figure"] == "own_revenue"


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (("gpd", "VAL", 2020), "cannot explain 'gpd'; did you mean gdp"),
        (("gdp", "Vally City", 2020), "Valley City"),
        (("gdp", "VAL", 2050), "no year 2050 .*2019 to 2027"),
    ],
)
def test_wrong_questions_are_one_line(small, question, message):
    with pytest.raises(InputError, match=message):
        explain(*question, small)


def test_a_figure_without_sectors_is_refused_for_one(small):
    with pytest.raises(InputError, match="cannot explain 'gni'"):
        explain("gni", "VAL", 2020, small, sector="MAN")


def test_data_that_have_changed_since_are_noticed(small):
    done = load(small.folder)
    done.info["data"] = {**done.info["data"], "hash": "0" * 64}
    with pytest.raises(InputError, match="has changed since the run"):
        explain("gdp", "VAL", 2020, done)
