"""Where people live: bars, flows, tables and the first sentence say what the tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.experiments.run import Run, run
from sim.report import charts, figures, links
from sim.report.answer import answer
from sim.report.formats import people, percent
from sim.report.html import render
from sim.report.view import View

SMALL = ["world=three_cities", "horizon=2026"]


@pytest.fixture(scope="module")
def opened() -> Run:
    """One city of three opens, so that it gains and the others lose."""
    return run("hukou_reform", overrides=[*SMALL, 'policies.hukou_reform.cities=["PRT"]'])


def last(run: Run, column: str) -> pd.Series:
    table = run.cities
    return table.loc[table["year"] == table["year"].max()].set_index("region")[column].loc[run.city_ids]


def test_the_first_sentence_is_about_people(opened: Run) -> None:
    assert opened.reference is not None
    gained = last(opened, "resident_population") - last(opened.reference, "resident_population")
    wage = 100 * (last(opened, "real_wage") / last(opened.reference, "real_wage") - 1)
    services = 100 * (last(opened, "service_quality") / last(opened.reference, "service_quality") - 1)
    text = answer(opened)[0]
    assert gained.idxmax() == "PRT"
    assert text.startswith(f"By 2026 {people(gained['PRT'], 'en')} more people live in Port City than otherwise")
    assert f"wages there change by {percent(wage['PRT'])}, services per head by {percent(services['PRT'])}" in text
    assert f"In 2026 {people(gained.min(), 'en')} fewer live in" in text
    assert f"wages there change by {percent(wage[gained.idxmin()])}" in text
    chinese = answer(opened, "zh")[0]
    assert people(gained["PRT"], "zh") in chinese
    assert percent(wage["PRT"]) in chinese


def test_bars_are_differences_of_residents_and_changes_of_pay(opened: Run) -> None:
    assert opened.reference is not None
    view = View(opened)
    spec = charts.people(view)
    assert spec is not None
    residents, wages, _ = spec["data"]
    gained = last(opened, "resident_population") - last(opened.reference, "resident_population")
    order = gained.sort_values().index
    assert residents["y"] == wages["y"] == [view.short(str(city)) for city in order]
    np.testing.assert_allclose(residents["x"], gained[order], rtol=1e-4)
    change = 100 * (last(opened, "real_wage") / last(opened.reference, "real_wage") - 1)
    np.testing.assert_allclose(wages["x"], change[order], rtol=1e-4)


def test_flows_are_net_of_the_way_back(opened: Run) -> None:
    """What leaves is what arrives, one way only, and arrivals less departures are the change of net migration."""
    assert opened.reference is not None
    rows = View(opened).extra_migrants
    pairs = set(zip(rows["origin"], rows["destination"], strict=True))
    assert not pairs & {(destination, origin) for origin, destination in pairs}
    net = rows.groupby("destination")["amount"].sum().sub(rows.groupby("origin")["amount"].sum(), fill_value=0.0)
    for city in opened.city_ids:
        more, less = (
            table.cities.loc[table.cities["region"] == city, "net_migration"].sum()
            for table in (opened, opened.reference)
        )
        assert net[city] == pytest.approx(more - less, rel=1e-9)
    assert links.migrants(View(opened)) is not None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_the_section_where_people_move(opened: Run, still: Run, language: str) -> None:
    assert '<section id="people">' in render(opened, language=language)
    assert '<section id="people">' not in render(still, language=language)


def test_a_run_that_moves_nobody_has_no_story(still: Run) -> None:
    assert not View(still).moves_people
    assert charts.people(View(still)) is None
    assert "people live" not in answer(still)[0]


def test_figures_of_a_notebook(opened: Run) -> None:
    assert len(figures.people(opened).data) == 3
    assert figures.migrants(opened).data[0].type == "sankey"


def test_indicators_of_people(opened: Run) -> None:
    """Of the region, from the cities table."""
    table, rows = opened.cities, opened.indicators
    cities = table[table["region"].isin(opened.city_ids)].groupby("year")[
        ["net_migration", "newcomers", "labour", "resident_population"]
    ]
    sums = cities.sum()
    region = rows[(rows["scope"] == "region")].pivot(index="year", columns="indicator", values="value")
    np.testing.assert_allclose(region["net_migration"], sums["net_migration"], rtol=1e-12, atol=1e-12)
    share = 100 * sums["newcomers"] / sums["resident_population"]
    np.testing.assert_allclose(region["newcomers_share"], share, rtol=1e-12)
    work = 100 * sums["labour"] / sums["resident_population"]
    np.testing.assert_allclose(region["working_share"], work, rtol=1e-12)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [(259.23, "2.59 million", "259万"), (-18.0813, "181,000", "18.1万"), (0.5, "5,000", "0.500万")],
)
def test_people_in_words(value: float, english: str, chinese: str) -> None:
    assert people(value, "en") == english
    assert people(value, "zh") == chinese
