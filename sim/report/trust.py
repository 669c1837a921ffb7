"""Figures that say how far to trust a run: what its sign hangs on, how well it was solved, how well the data are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.report.formats import number, percent, scientific, signed
from sim.report.look import COLOURS, LOOK, Spec, digits, layout
from sim.report.view import View

if TYPE_CHECKING:
    from sim.experiments.switches import SwitchStudy

def switches(view: View, study: SwitchStudy) -> Spec:
    """The region's net gain, real income and real GDP, case by case; the band of the draws at the first."""
    cases = study.cases
    names = [view.words(f"switch.{case}") for case in cases.index]
    data = []
    for measure, colour in (("real_income", COLOURS["run"]), ("real_gdp", COLOURS["real_gdp"])):
        label = view.words(f"column.{measure}")
        bar: dict[str, Any] = {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": names,
            "x": digits(cases[measure].to_numpy()),
            "marker": {"color": colour},
            "text": [percent(value) for value in cases[f"{measure}_pct"]],
            "textposition": "outside",
            "cliponaxis": False,
            "customdata": [signed(value) for value in cases[measure]],
            "hovertemplate": f"%{{y}}<br>{label} %{{customdata}} {view.words('unit.real')} (%{{text}})<extra></extra>",
        }
        band = study.band(measure)
        if band is not None:
            here = float(cases[measure].iloc[0])
            rest = [0.0] * (len(cases) - 1)
            reach = {"array": [max(band[1] - here, 0.0), *rest], "arrayminus": [max(here - band[0], 0.0), *rest]}
            bar["error_x"] = {"type": "data", "symmetric": False, "color": COLOURS["ink"], **reach}
        data.append(bar)
    layout = layout("switches")
    layout["xaxis"]["title"] |= {"text": view.words("switches.axis", unit=view.words("unit.real"), year=view.last)}
    reach = [0.0, *(float(x) for bar in data for x in _span(bar))]
    layout["xaxis"]["range"] = [ROOM * min(reach), ROOM * max(reach)]
    return {"data": data, "layout": layout}


def _span(bar: dict[str, Any]) -> list[float]:
    """Ends of a trace's bars and of their bands."""
    band = bar.get("error_x", {"array": [0.0], "arrayminus": [0.0]})
    return [*bar["x"], bar["x"][0] + band["array"][0], bar["x"][0] - band["arrayminus"][0]]


def solver(view: View) -> Spec:
    """Sweeps and worst residual of every year."""
    rows = view.info("convergence", "years") or []
    years, sweeps = [row["year"] for row in rows], [row["sweeps"] for row in rows]
    residual = [row["residual"] for row in rows]
    words = view.words
    bars = {
        "type": "bar",
        "x": years,
        "y": sweeps,
        "name": words("solver.sweeps"),
        "marker": {"color": COLOURS["real_gdp"]},
        "hovertemplate": f"%{{x}}: %{{y}} {words('solver.sweeps')}<extra></extra>",
    }
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": years,
        "y": residual,
        "yaxis": "y2",
        "name": words("solver.residual"),
        "marker": {"color": COLOURS["run"], "size": 7},  # unit: px
        "customdata": [scientific(value) for value in residual],
        "hovertemplate": f"%{{x}}: %{{customdata}}<extra>{words('solver.residual')}</extra>",
    }
    return {"data": [bars, dots], "layout": layout("solver")}


def coverage(view: View) -> Spec | None:
    """Share of the data cells of every table by how they are known; None without the data set."""
    if view.world is None:
        return None
    table = view.world.coverage
    wide = table.pivot(index="table", columns="status", values="cells").reindex(table["table"].drop_duplicates())
    share = 100 * wide.div(wide.sum(axis=1), axis=0).fillna(0.0)
    names = [view.words.get(f"table.{name}", str(name)) for name in wide.index]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": digits(share[status].to_numpy()),
            "name": view.words(f"status.{status}"),
            "marker": {"color": COLOURS[status]},
            "customdata": [number(cells, 0) for cells in wide[status]],
            "hovertemplate": "%{y}: %{x:.1f}% (%{customdata})<extra>" + view.words(f"status.{status}") + "</extra>",
        }
        for status in table["status"].drop_duplicates()
    ]
    return {"data": data, "layout": layout("coverage")}


