"""Figures of the report for notebooks: ``run.plot.map()``, or ``figures.map(run)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.report import charts, links, trust
from sim.report.look import Spec
from sim.report.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from plotly.graph_objects import Figure

    from sim.experiments.run import Run
    from sim.experiments.switches import SwitchStudy


def map(run: Run, *, language: str = "en") -> Figure:
    """The cities in km: area = GDP, colour = what the run does to real income in its last year."""
    return _figure(run, charts.map_, language)


def winners(run: Run, *, language: str = "en") -> Figure:
    """Bars of all cities: real income, real GDP, own revenue."""
    return _figure(run, charts.winners, language)


def paths(run: Run, place: str = "region", *, language: str = "en") -> Figure:
    """GDP, real income and own revenue by year, of the region, a province or a city (by id)."""
    view = View(run, language)
    known = view.places()
    if place not in known:
        raise InputError(f"unknown place '{place}'", allowed=", ".join(known))
    return _made(charts.paths(view, place))


def payments(run: Run, *, language: str = "en") -> Figure:
    """Who paid whom under contracts, all years together."""
    return _figure(run, links.payments, language)


def moves(run: Run, *, language: str = "en") -> Figure:
    """Capital that moves because of the run, all years together."""
    return _figure(run, links.moves, language)


def people(run: Run, *, language: str = "en") -> Figure:
    """What the run does to residents, real wages and services per head of every city in its last year."""
    return _figure(run, charts.people, language)


def migrants(run: Run, *, language: str = "en") -> Figure:
    """Who moves because of the run, net by pair of places, all years together."""
    return _figure(run, links.migrants, language)


def switches(run: Run, study: SwitchStudy | None = None, *, language: str = "en") -> Figure:
    """What the sign of the region's gain hangs on; the cases are run where no study is given."""
    if study is None:
        from sim.experiments.switches import switch_study

        study = switch_study(run)
    return _made(trust.switches(View(run, language), study))


def solver(run: Run, *, language: str = "en") -> Figure:
    """Sweeps and residual of every year."""
    return _figure(run, trust.solver, language)


def coverage(run: Run, *, language: str = "en") -> Figure:
    """Share of the data cells by how they are known."""
    return _figure(run, trust.coverage, language)


def _figure(run: Run, chart: Callable[[View], Spec | None], language: str) -> Figure:
    return _made(chart(View(run, language)))


def _made(spec: Spec | None) -> Figure:
    """The specification as a Plotly figure, every key checked."""
    import plotly.graph_objects as go

    if spec is None:
        raise InputError("the run has nothing to show here")
    parts: dict[str, Any] = {key: spec[key] for key in ("data", "layout")}
    return go.Figure(**parts)
