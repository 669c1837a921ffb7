"""Every figure is a figure to Plotly, shows what the tables hold, and needs no map service."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from sim.core.errors import InputError
from sim.experiments.run import Run
from sim.experiments.switches import switch_study
from sim.report import charts, links, trust
from sim.report.labels import place
from sim.report.view import REGION, View

FIGURES = {
    "map": charts.map_,
    "winners": charts.winners,
    "paths": charts.paths,
    "payments": links.payments,
    "moves": links.moves,
    "people": charts.people,
    "migrants": links.migrants,
    "solver": trust.solver,
    "coverage": trust.coverage,
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", FIGURES)
def test_plotly_accepts_every_figure(any_run: Run, name: str, language: str) -> None:
    spec = FIGURES[name](View(any_run, language))
    if spec is None:
        assert name in ("payments", "moves", "people", "migrants")
        return
    figure = go.Figure(data=spec["data"], layout=spec["layout"])
    assert {trace.type for trace in figure.data} <= {"scatter", "bar", "sankey"}


def test_the_map_shows_the_change_of_every_city(transfer: Run) -> None:
    view = View(transfer)
    spec = charts.map_(view)
    trace, change = spec["data"][0], view.change("real_income").loc[view.last]
    names = {label["name_en"]: city for city, label in transfer.labels["regions"].items()}
    cities = [names[row[0]] for row in trace["customdata"]]
    assert sorted(cities) == sorted(transfer.city_ids)
    assert np.allclose(trace["marker"]["color"], change[cities], rtol=1e-4, atol=1e-12)
    assert trace["marker"]["cmin"] == -trace["marker"]["cmax"]
    assert np.all(np.diff(trace["marker"]["size"]) <= 0)
    assert set(spec["control"]["measures"]) == {"real_income", "real_gdp", "gdp", "own_revenue"}
    assert all(len(measure["values"]) == len(view.years) for measure in spec["control"]["measures"].values())


def test_kilometres_are_those_of_the_earth(transfer: Run) -> None:
    view = View(transfer)
    at = dict(zip(view.cities, view.kilometres(), strict=True))
    assert np.hypot(*(at["310000"] - at["320100"])) == pytest.approx(270, abs=8)  # Shanghai, Nanjing: great circle


def test_winners_stand_in_the_order_of_real_income(transfer: Run) -> None:
    view = View(transfer)
    bars = charts.winners(view)["data"]
    assert len(bars[0]["y"]) == 41
    assert bars[0]["x"] == sorted(bars[0]["x"])
    assert bars[0]["y"] == bars[1]["y"] == bars[2]["y"]


def test_paths_hold_every_place(transfer: Run) -> None:
    view = View(transfer)
    spec = charts.paths(view)
    series = spec["control"]["series"]
    assert list(series)[0] == REGION
    assert set(transfer.city_ids) <= set(series)
    assert np.allclose(series["JS"][0], view.path("gdp", "JS"), rtol=1e-5)
    assert np.allclose(
        series[REGION][0], transfer.cities.query("region not in ['ROC', 'ROW']").groupby("year")["gdp"].sum(), rtol=1e-5
    )
    assert all(len(lines) == len(spec["data"]) for lines in series.values())
    assert [trace["y"] for trace in spec["data"]] == series[REGION]


def test_payments_are_those_of_the_contracts(transfer: Run) -> None:
    spec = links.payments(View(transfer))
    assert spec is not None
    paid = transfer.transfers.query("rule == 'relocation'").groupby(["payer", "payee"])["amount"].sum()
    shown = sorted(spec["data"][0]["link"]["value"], reverse=True)
    assert np.allclose(shown, sorted(paid, reverse=True)[: len(shown)], rtol=1e-4)
    assert len(spec["data"][0]["node"]["label"]) == 5 + 13


def test_scattered_moves_are_shown_by_province(transfer: Run, baseline: Run) -> None:
    by_city, by_province = links.moves(View(transfer)), links.moves(View(baseline))
    assert by_city is not None
    assert by_province is not None
    assert by_city["control"] == {"by": "city"}
    assert by_province["control"] == {"by": "province"}
    total = baseline.flows.query("kind == 'relocated_capital'")["amount"].sum()
    assert sum(by_province["data"][0]["link"]["value"]) == pytest.approx(total, rel=1e-4)


def test_coverage_adds_up(transfer: Run) -> None:
    spec = trust.coverage(View(transfer))
    assert spec is not None
    assert np.allclose(np.sum([bar["x"] for bar in spec["data"]], axis=0), 100, atol=0.01)


def test_the_band_of_the_draws_is_drawn(small: Run) -> None:
    spec = trust.switches(View(small), switch_study(small, draws=2))
    go.Figure(data=spec["data"], layout=spec["layout"])
    assert "error_x" in spec["data"][0]


@pytest.mark.parametrize("name", ["map", "winners", "paths", "payments", "moves", "switches", "solver", "coverage"])
def test_notebooks_get_plotly_figures(small: Run, name: str) -> None:
    assert isinstance(getattr(small.plot, name)(), go.Figure)


def test_figures_of_unknown_places_and_of_nothing(small: Run, baseline: Run) -> None:
    with pytest.raises(InputError, match="unknown place 'Atlantis'"):
        small.plot.paths("Atlantis")
    with pytest.raises(InputError, match="nothing to show"):
        baseline.plot.payments()


def test_names_on_the_map_do_not_hide_each_other() -> None:
    grid = np.array([[x, y] for x in range(0, 300, 100) for y in range(0, 300, 100)], dtype=np.float64)
    names = [f"City {i}" for i in range(len(grid))]
    texts, _ = place(names, grid[:, 0], grid[:, 1], np.full(len(grid), 6.0))
    assert texts == names
    crowd, _ = place(names, grid[:, 0] / 50, grid[:, 1] / 50, np.full(len(grid), 6.0))
    assert 0 < len([text for text in crowd if text]) < len(names)
