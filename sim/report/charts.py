"""Figures as plain Plotly specifications: data computed here, looks from look.json, behaviour from page.js.

Nothing but scatter, bar and Sankey traces: none of them asks the network for anything. `sim.report.figures` wraps them
for notebooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.report.formats import number, percent
from sim.report.labels import place as place_labels
from sim.report.look import COLOURS, LOOK, Spec, digits, faint, layout, panel_title
from sim.report.view import HEADLINES, REGION, View, growth

BARS = ("real_income", "real_gdp", "own_revenue")
SIDES = ("origin", "destination")
PATHS = ("gdp", "real_income", "own_revenue")
BUBBLE = 30.0  # unit: px, radius of the largest city
SMALLEST = 4.0  # unit: px, radius a bubble has at least
LINKS = 60  # unit: links a Sankey diagram shows, the largest
ROOM = 1.12  # unit: 1, how far an axis reaches beyond the largest value


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
    bar = {
        **look["colorbar"],
        "title": {
            **look["colorbar"]["title"],
            "text": view.words("map.colour" if view.before is not None else "map.colour_alone"),
        },
        "ticksuffix": "%",
    }
    trace = {
        "type": "scatter",
        "mode": "markers+text",
        "x": digits(x),
        "y": digits(y),
        "text": texts,
        "textposition": positions,
        "textfont": look["label"],
        "cliponaxis": False,
        "customdata": [[view.name(c), view.name(view.province(c)), number(gdp[c])] for c in cities],
        "hovertemplate": first["hover"],
        "marker": {
            **look["marker"],
            "size": digits(2 * radius),
            "sizemode": "diameter",
            "color": first["values"][-1],
            "colorscale": LOOK["diverging"],
            "cmin": -first["limit"],
            "cmax": first["limit"],
            "colorbar": bar,
        },
    }
    layout = layout("map", shapes=_scale_bar(plane), annotations=[_scale_text(view, plane)])
    for axis, values in (("xaxis", x), ("yaxis", y)):
        edge = (ROOM - 1) / 2 * np.ptp(values)
        layout[axis]["range"] = digits(np.array([values.min() - edge, values.max() + edge]))
    return {"data": [trace], "layout": layout, "control": {"years": view.years, "measures": measures}}


def _measure(view: View, column: str, cities: Sequence[str]) -> dict[str, Any]:
    """Colours of the map by year: the change from the reference; without one, growth less the region's."""
    values = view.effect(column)[list(cities)]
    if view.before is None:
        whole = view.path(column, REGION).to_frame()
        pace = 100 * (np.exp(np.log(whole / whole.iloc[0]).div(np.arange(len(whole)), axis=0)) - 1)
        values = values.sub(pace.iloc[:, 0], axis=0)
    filled = values.fillna(0.0)
    seen = filled if view.before is not None else filled.loc[[view.last]]  # growth over a year or two swings widely
    name = view.words(f"column.{column}")
    hover = f"<b>%{{customdata[0]}}</b> · %{{customdata[1]}}<br>{view.words('map.gdp')} %{{customdata[2]}}"
    return {
        "title": name,
        "limit": float(f"{max(seen.abs().to_numpy().max(), 1e-6):.2g}"),
        "values": [digits(row) for row in filled.to_numpy()],
        "hover": f"{hover}<br>{name} %{{marker.color:+.3~f}}%<extra></extra>",
    }


SCALE = 100  # unit: km, length of the bar


def _scale_at(plane: pd.DataFrame) -> tuple[float, float]:
    return float(plane["x"].min()), float(plane["y"].max())


def _scale_bar(plane: pd.DataFrame) -> list[dict[str, Any]]:
    x, y = _scale_at(plane)
    line = {"color": COLOURS["soft"], "width": 2}
    return [{"type": "line", "x0": x, "x1": x + SCALE, "y0": y, "y1": y, "line": line}]


def _scale_text(view: View, plane: pd.DataFrame) -> dict[str, Any]:
    x, y = _scale_at(plane)
    text = view.words("map.scale", km=SCALE)
    return {
        "x": x + SCALE / 2,
        "y": y,
        "text": text,
        "showarrow": False,
        "yanchor": "bottom",
        "font": {"size": 11},
    }  # unit: px


# --- cities and years ---------------------------------------------------------------------------------------------


def winners(view: View) -> Spec:
    """Bars of all cities, ordered by real income: real income, real GDP, own revenue."""
    effects = pd.DataFrame({column: view.effect(column).loc[view.last] for column in BARS})
    effects = effects.sort_values("real_income")
    names = [view.short(city) for city in effects.index]
    data, notes = [], []
    layout = layout("winners")
    for position, column in enumerate(BARS):
        axis = "" if position == 0 else str(position + 1)
        values = effects[column].to_numpy()
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": names,
                "x": digits(values),
                "xaxis": f"x{axis}",
                "marker": {"color": [COLOURS["gain"] if value >= 0 else COLOURS["loss"] for value in values]},
                "customdata": [percent(value) for value in values],
                "hovertemplate": f"<b>%{{y}}</b><br>{view.words(f'column.{column}')} %{{customdata}}<extra></extra>",
            }
        )
        layout[f"xaxis{axis}"]["ticksuffix"] = "%"
        notes.append(panel_title(view.words(f"column.{column}"), layout[f"xaxis{axis}"]["domain"][0], 1, up=24))
    return {"data": data, "layout": {**layout, "annotations": notes}}


def paths(view: View, place: str = REGION) -> Spec:
    """Levels of the run and its reference, and the difference below, of one place; the reader can choose another."""
    series = {other: _series(view, other) for other in view.places()}
    first = series[place]
    labels = [view.words("paths.run"), view.words("paths.reference")]
    below = view.words("paths.below" if view.before is not None else "paths.below_alone")
    data: list[dict[str, Any]] = []
    notes = []
    layout = layout("paths")
    for position, column in enumerate(PATHS):
        upper, lower = ("" if position == 0 else str(position + 1)), str(position + 4)
        unit = view.words("unit.real" if column == "real_income" else "unit.money")
        title = f"<b>{view.words(f'column.{column}')}</b><br>{unit}"
        notes.append(panel_title(title, layout[f"xaxis{upper}"]["domain"][0], 1))
        notes.append(panel_title(below, layout[f"xaxis{upper}"]["domain"][0], layout[f"yaxis{lower}"]["domain"][1]))
        hover = "%{x}: %{y:,.4~r}"
        data.append(_line(view.years, first[len(data)], upper, labels[0], COLOURS["run"], hover, legend=position == 0))
        if view.before is not None:
            line = _line(
                view.years, first[len(data)], upper, labels[1], COLOURS["reference"], hover, legend=position == 0
            )
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
        lines.append(digits(after.to_numpy(), 6))
        if view.before is not None:
            before = view.path(column, place, before=True)
            lines.append(digits(before.to_numpy(), 6))
            lines.append(digits((100 * (after / before - 1)).to_numpy()))
        else:
            lines.append(digits((100 * after.pct_change()).to_numpy()))
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
    return (
        None if rows.empty else _sankey(view, rows.set_axis(["origin", "destination", "amount"], axis=1), "unit.money")
    )


def moves(view: View) -> Spec | None:
    """Capital that moves because of the run (all that moves, where there is no reference); None where none does.

    Between cities where the largest links tell most of the story, between provinces where it is scattered.
    """
    rows = _between(view.extra_moves)
    if rows.empty:
        return None
    scattered = rows.nlargest(LINKS, "amount")["amount"].sum() < rows["amount"].sum() / 2
    if scattered:
        rows = _between(view.extra_moves.assign(**{side: view.extra_moves[side].map(view.province) for side in SIDES}))
    return {**_sankey(view, rows, "unit.real"), "control": {"by": "province" if scattered else "city"}}


def _between(rows: pd.DataFrame) -> pd.DataFrame:
    """What goes from place to place, all sectors, where it is more than nothing."""
    total = rows.groupby([*SIDES], as_index=False, observed=True)["amount"].sum()
    return total[total["amount"] > 0]


def _sankey(view: View, rows: pd.DataFrame, unit: str) -> Spec:
    """Origins on the left, destinations on the right, the largest links; colour = province of the origin."""
    rows = rows.nlargest(LINKS, "amount")
    nodes = [(place, side) for side in SIDES for place in rows[side].drop_duplicates()]
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
            "value": digits(rows["amount"].to_numpy()),
            "color": [faint(colours[position]) for position in source],
            "hovertemplate": hover,
        },
    }
    return {"data": [trace], "layout": layout("sankey")}


def _province_colour(view: View, place: str) -> str:
    province = place if place in view.provinces else view.province(place)
    palette = COLOURS["provinces"]
    return str(palette[view.provinces.index(province) % len(palette)])


def faint(colour: str) -> str:
    """The colour as a ribbon: see-through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))  # unit: hexadecimal, two digits each
    return f"rgba({red},{green},{blue},.3)"
