"""Figures as plain Plotly specifications: data computed here, looks from look.json, behaviour from page.js.

Nothing but scatter, bar and Sankey traces: none of them asks the network for anything. `sim.report.figures` wraps them
for notebooks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.report.formats import number, percent, scientific, signed
from sim.report.labels import place as place_labels
from sim.report.view import HEADLINES, REGION, View

if TYPE_CHECKING:
    from sim.experiments.switches import SwitchStudy

Spec = dict[str, Any]
"""data, layout, and control: what page.js changes."""

LOOK: dict[str, Any] = json.loads((files("sim.report") / "look.json").read_text(encoding="utf-8"))
COLOURS: dict[str, Any] = LOOK["colours"]

BARS = ("real_income", "real_gdp", "own_revenue")
PATHS = ("gdp", "real_income", "own_revenue")
BUBBLE = 30.0  # unit: px, radius of the largest city
SMALLEST = 4.0  # unit: px, radius a bubble has at least
LINKS = 60  # unit: links a Sankey diagram shows, the largest
ROOM = 1.15  # unit: 1, how far an axis reaches beyond the largest value


# --- the map ------------------------------------------------------------------------------------------------------


def map_(view: View) -> Spec:
    """The cities in km; area = GDP of the last year, colour = what the run changes."""
    plane = view.kilometres()
    gdp = view.wide("gdp").loc[view.last]
    radius = np.maximum(BUBBLE * np.sqrt((gdp / gdp.max()).to_numpy()), SMALLEST)
    order = np.argsort(-radius, kind="stable")
    cities = [view.cities[i] for i in order]
    x, y, radius = plane["x"].to_numpy()[order], plane["y"].to_numpy()[order], radius[order]
    texts, positions = place_labels([view.short(city) for city in cities], x, y, radius)
    measures = {column: _measure(view, column, cities) for column in HEADLINES}
    first = measures[HEADLINES[0]]
    look = LOOK["map"]
    bar = {**look["colorbar"], "title": {**look["colorbar"]["title"], "text": view.words("map.colour")}, "ticksuffix": "%"}
    trace = {
        "type": "scatter",
        "mode": "markers+text",
        "x": _digits(x),
        "y": _digits(y),
        "text": texts,
        "textposition": positions,
        "textfont": look["label"],
        "cliponaxis": False,
        "customdata": [[view.name(c), view.name(view.province(c)), number(gdp[c])] for c in cities],
        "hovertemplate": first["hover"],
        "marker": {
            **look["marker"],
            "size": _digits(2 * radius),
            "sizemode": "diameter",
            "color": first["values"][-1],
            "colorscale": LOOK["diverging"],
            "cmin": -first["limit"],
            "cmax": first["limit"],
            "colorbar": bar,
        },
    }
    layout = _layout("map", shapes=_scale_bar(plane), annotations=[_scale_text(view, plane)])
    for axis, values in (("xaxis", x), ("yaxis", y)):
        edge = (ROOM - 1) / 2 * np.ptp(values)
        layout[axis]["range"] = _digits(np.array([values.min() - edge, values.max() + edge]))
    return {"data": [trace], "layout": layout, "control": {"years": view.years, "measures": measures}}


def _measure(view: View, column: str, cities: Sequence[str]) -> dict[str, Any]:
    """Colours of the map by year: the change from the reference; without one, growth less the region's."""
    values = view.effect(column)[list(cities)]
    if view.before is None:
        whole = view.path(column, REGION).to_frame()
        pace = 100 * (np.exp(np.log(whole / whole.iloc[0]).div(np.arange(len(whole)), axis=0)) - 1)
        values = values.sub(pace.iloc[:, 0], axis=0)
    filled = values.fillna(0.0)
    name = view.words(f"column.{column}")
    hover = f"<b>%{{customdata[0]}}</b> · %{{customdata[1]}}<br>{view.words('map.gdp')} %{{customdata[2]}}"
    return {
        "title": name,
        "limit": float(f"{max(filled.abs().to_numpy().max(), 1e-6):.2g}"),
        "values": [_digits(row) for row in filled.to_numpy()],
        "hover": f"{hover}<br>{name} %{{marker.color:+.3~f}}%<extra></extra>",
    }


SCALE = 100  # unit: km, length of the bar


def _scale_at(plane: pd.DataFrame) -> tuple[float, float]:
    return float(plane["x"].max() - SCALE), float(plane["y"].min())


def _scale_bar(plane: pd.DataFrame) -> list[dict[str, Any]]:
    x, y = _scale_at(plane)
    line = {"color": COLOURS["soft"], "width": 2}
    return [{"type": "line", "x0": x, "x1": x + SCALE, "y0": y, "y1": y, "line": line}]


def _scale_text(view: View, plane: pd.DataFrame) -> dict[str, Any]:
    x, y = _scale_at(plane)
    text = view.words("map.scale", km=SCALE)
    return {"x": x + SCALE / 2, "y": y, "text": text, "showarrow": False, "yanchor": "bottom", "font": {"size": 11}}  # unit: px


# --- cities and years ---------------------------------------------------------------------------------------------


def winners(view: View) -> Spec:
    """Bars of all cities, ordered by real income: real income, real GDP, own revenue."""
    effects = pd.DataFrame({column: view.effect(column).loc[view.last] for column in BARS})
    effects = effects.sort_values("real_income")
    names = [view.short(city) for city in effects.index]
    data, notes = [], []
    layout = _layout("winners")
    for position, column in enumerate(BARS):
        axis = "" if position == 0 else str(position + 1)
        values = effects[column].to_numpy()
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": names,
                "x": _digits(values),
                "xaxis": f"x{axis}",
                "marker": {"color": [COLOURS["gain"] if value >= 0 else COLOURS["loss"] for value in values]},
                "customdata": [percent(value) for value in values],
                "hovertemplate": f"<b>%{{y}}</b><br>{view.words(f'column.{column}')} %{{customdata}}<extra></extra>",
            }
        )
        layout[f"xaxis{axis}"] |= {"ticksuffix": "%", "title": {"text": ""}}
        notes.append(_panel_title(view.words(f"column.{column}"), layout[f"xaxis{axis}"]["domain"][0], 1, up=24))
    return {"data": data, "layout": {**layout, "annotations": notes}}


def paths(view: View, place: str = REGION) -> Spec:
    """Levels of the run and its reference, and the difference below, of one place; the reader can choose another."""
    series = {other: _series(view, other) for other in view.places()}
    first = series[place]
    labels = [view.words("paths.run"), view.words("paths.reference")]
    below = view.words("paths.below" if view.before is not None else "paths.below_alone")
    data: list[dict[str, Any]] = []
    notes = []
    layout = _layout("paths")
    for position, column in enumerate(PATHS):
        upper, lower = ("" if position == 0 else str(position + 1)), str(position + 4)
        unit = view.words("unit.real" if column == "real_income" else "unit.money")
        title = f"<b>{view.words(f'column.{column}')}</b>, {unit}"
        notes.append(_panel_title(title, layout[f"xaxis{upper}"]["domain"][0], 1))
        notes.append(_panel_title(below, layout[f"xaxis{upper}"]["domain"][0], layout[f"yaxis{lower}"]["domain"][1]))
        hover = "%{x}: %{y:,.4~r}"
        data.append(_line(view.years, first[len(data)], upper, labels[0], COLOURS["run"], hover, legend=position == 0))
        if view.before is not None:
            line = _line(view.years, first[len(data)], upper, labels[1], COLOURS["reference"], hover, legend=position == 0)
            data.append({**line, "line": {**line["line"], "dash": "dash"}})
        change = _line(view.years, first[len(data)], lower, "", COLOURS["run"], "%{x}: %{y:+.3~f}%", legend=False)
        data.append({**change, "fill": "tozeroy", "fillcolor": "rgba(42,111,176,.15)"})
    control = {"series": series}
    return {"data": data, "layout": {**layout, "annotations": notes}, "control": control}


def _series(view: View, place: str) -> list[list[float | None]]:
    """What the traces of the paths hold for a place, in their order."""
    lines: list[list[float | None]] = []
    for column in PATHS:
        after = view.path(column, place)
        lines.append(_digits(after.to_numpy(), 6))
        if view.before is not None:
            before = view.path(column, place, before=True)
            lines.append(_digits(before.to_numpy(), 6))
            lines.append(_digits((100 * (after / before - 1)).to_numpy()))
        else:
            lines.append(_digits((100 * after.pct_change()).to_numpy()))
    return lines


def _line(
    years: Sequence[int], values: Sequence[float | None], axis: str, name: str, colour: str, hover: str, *, legend: bool
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(years),
        "y": list(values),
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "name": name,
        "legendgroup": name,
        "showlegend": legend,
        "line": {"color": colour, "width": 2},
        "hovertemplate": f"{hover}<extra>{name}</extra>",
    }


# --- between places -----------------------------------------------------------------------------------------------


def payments(view: View) -> Spec | None:
    """Who paid whom under contracts, all years together; None where nobody did."""
    rows = view.payments.groupby(["payer", "payee"], as_index=False)["amount"].sum()
    return None if rows.empty else _sankey(view, rows.set_axis(["origin", "destination", "amount"], axis=1), "unit.money")


def moves(view: View) -> Spec | None:
    """Capital that moves because of the run (all that moves, where there is no reference); None where none does."""
    rows = view.extra_moves.groupby(["origin", "destination"], as_index=False, observed=True)["amount"].sum()
    rows = rows[rows["amount"] > 0]
    return None if rows.empty else _sankey(view, rows, "unit.real")


def _sankey(view: View, rows: pd.DataFrame, unit: str) -> Spec:
    """Origins on the left, destinations on the right, the largest links; colour = province of the origin."""
    rows = rows.nlargest(LINKS, "amount")
    sides = [(rows[side].drop_duplicates().tolist(), side) for side in ("origin", "destination")]
    nodes = [(place, side) for places, side in sides for place in places]
    index = {node: position for position, node in enumerate(nodes)}
    colours = [_province_colour(view, place) for place, _ in nodes]
    source = [index[place, "origin"] for place in rows["origin"]]
    hover = f"%{{source.label}} → %{{target.label}}<br>%{{value:,.4~r}} {view.words(unit)}<extra></extra>"
    trace = {
        "type": "sankey",
        "arrangement": "fixed",
        "node": {
            **LOOK["node"],
            "label": [view.short(place) for place, _ in nodes],
            "color": colours,
            "hovertemplate": f"%{{label}}<br>%{{value:,.4~r}} {view.words(unit)}<extra></extra>",
        },
        "link": {
            "source": source,
            "target": [index[place, "destination"] for place in rows["destination"]],
            "value": _digits(rows["amount"].to_numpy()),
            "color": [_faint(colours[position]) for position in source],
            "hovertemplate": hover,
        },
    }
    return {"data": [trace], "layout": _layout("sankey")}


def _province_colour(view: View, place: str) -> str:
    known = view.run.labels["regions"].get(place, {}).get("province")
    palette = COLOURS["provinces"]
    return str(palette[view.provinces.index(known) % len(palette)]) if known in view.provinces else str(COLOURS["soft"])


def _faint(colour: str) -> str:
    """The colour as a ribbon: see-through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))  # unit: hexadecimal, two digits each
    return f"rgba({red},{green},{blue},.3)"


# --- how far to trust it ------------------------------------------------------------------------------------------


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
            "x": _digits(cases[measure].to_numpy()),
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
    layout = _layout("switches")
    layout["xaxis"]["title"] = {"text": view.words("switches.axis", unit=view.words("unit.real"), year=view.last)}
    return {"data": data, "layout": layout}


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
    return {"data": [bars, dots], "layout": _layout("solver")}


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
            "x": _digits(share[status].to_numpy()),
            "name": view.words(f"status.{status}"),
            "marker": {"color": COLOURS[status]},
            "customdata": [number(cells) for cells in wide[status]],
            "hovertemplate": "%{y}: %{x:.1f}% (%{customdata})<extra>" + view.words(f"status.{status}") + "</extra>",
        }
        for status in table["status"].drop_duplicates()
    ]
    return {"data": data, "layout": _layout("coverage")}


# --- parts --------------------------------------------------------------------------------------------------------


def _layout(name: str, **more: Any) -> dict[str, Any]:
    """The base layout with what look.json says of a figure; every axis gets the axis style."""
    own = {key: value for key, value in LOOK[name].items() if key not in ("colorbar", "marker", "label")}
    layout: dict[str, Any] = {**json.loads(json.dumps(LOOK["base"])), **json.loads(json.dumps(own)), **more}
    axes = {"xaxis", "yaxis", *(key for key in layout if key.startswith(("xaxis", "yaxis")))}
    for axis in axes if name != "sankey" else ():
        layout[axis] = {**LOOK["axis"], "fixedrange": True, **layout.get(axis, {})}
    return layout


def _panel_title(text: str, x: float, y: float, *, up: int = 4) -> dict[str, Any]:
    return {**LOOK["panel_title"], "text": text, "x": x, "y": y, "yshift": up}


def _digits(values: Any, digits: int = 5) -> list[float | None]:
    """Numbers with few digits: the page stays small; what is not a number is left out."""
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=np.float64)]

