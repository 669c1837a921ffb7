"""Figures that say how far to trust a run: what its sign hangs on, how it was solved, how well the data are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.report.formats import number, percent, scientific, signed
from sim.report.look import COLOURS, LOOK, Spec, digits, layout
from sim.report.view import View

if TYPE_CHECKING:
    from sim.experiments.switches import SwitchStudy

ROOM = 1.12  # unit: 1, how far an axis reaches beyond the largest value


def switches(view: View, study: SwitchStudy) -> Spec:
    """The region's net gain, real income and real GDP, case by case; the band of the draws at the first."""
    data = [_gains(view, study, measure) for measure in ("real_income", "real_gdp")]
    made = layout("switches")
    made["xaxis"]["title"]["text"] = view.words("switches.axis", unit=view.words("unit.real"), year=view.last)
    ends = [0.0, *(end for bar in data for end in _ends(bar))]
    made["xaxis"]["range"] = [ROOM * min(ends), ROOM * max(ends)]
    return {"data": data, "layout": made}


def _gains(view: View, study: SwitchStudy, measure: str) -> dict[str, Any]:
    """Bars of one measure, the per cents beside them."""
    gains, shares = study.column(measure), study.column(f"{measure}_pct")
    label, values = view.words(f"column.{measure}"), list(gains.values())
    bar: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "name": label,
        "y": [view.words(f"switch.{case}") for case in gains],
        "x": digits(values),
        "marker": {"color": COLOURS["run" if measure == "real_income" else "real_gdp"]},
        "text": [percent(value) for value in shares.values()],
        "textposition": "outside",
        "cliponaxis": False,
        "customdata": [signed(value) for value in values],
        "hovertemplate": f"%{{y}}<br>{label} %{{customdata}} {view.words('unit.real')} (%{{text}})<extra></extra>",
    }
    band = study.band(measure)
    if band is not None:
        up, down = max(band[1] - values[0], 0.0), max(values[0] - band[0], 0.0)
        others = [0.0] * (len(values) - 1)
        reach = {"array": digits([up, *others]), "arrayminus": digits([down, *others])}
        bar["error_x"] = {"type": "data", "symmetric": False, "color": COLOURS["ink"], **reach}
    return bar


def _ends(bar: dict[str, Any]) -> list[float]:
    """Ends of a trace's bars and of their bands."""
    band = bar.get("error_x", {"array": [0.0], "arrayminus": [0.0]})
    return [*bar["x"], bar["x"][0] + band["array"][0], bar["x"][0] - band["arrayminus"][0]]


def solver(view: View) -> Spec:
    """Sweeps and worst residual of every year."""
    rows = view.info("convergence", "years") or []
    years, residual = [row["year"] for row in rows], [row["residual"] for row in rows]
    words = view.words
    bars = {
        "type": "bar",
        "x": years,
        "y": [row["sweeps"] for row in rows],
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
        "marker": {"color": COLOURS["run"], "size": LOOK["dot"]},
        "customdata": [scientific(value) for value in residual],
        "hovertemplate": f"%{{x}}: %{{customdata}}<extra>{words('solver.residual')}</extra>",
    }
    return {"data": [bars, dots], "layout": layout("solver")}


def coverage(view: View) -> Spec | None:
    """Share of the data cells of every table by how they are known; None without the data set."""
    if view.world is None:
        return None
    rows = view.world.coverage
    tables = [str(name) for name in rows["table"].drop_duplicates()]
    data = []
    for status in rows["status"].drop_duplicates().tolist():
        mine = rows.loc[rows["status"] == status].set_index("table").loc[tables]
        name = view.words(f"status.{status}")
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": [view.words.get(f"table.{table}", table) for table in tables],
                "x": digits(100 * mine["share"].to_numpy()),
                "name": name,
                "marker": {"color": COLOURS[status]},
                "customdata": [number(cells, 0) for cells in mine["cells"].tolist()],
                "hovertemplate": f"%{{y}}: %{{x:.1f}}% (%{{customdata}})<extra>{name}</extra>",
            }
        )
    return {"data": data, "layout": layout("coverage")}
