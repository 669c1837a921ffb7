"""Figures of cities and years: the map, winners and losers, paths.

Plain Plotly specifications: data computed here, looks from look.json, behaviour from page.js. Nothing but scatter and
bar traces (and Sankey diagrams in `sim.report.links`): none of them asks the network for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.report.formats import number, percent, signed
from sim.report.labels import place as place_labels
from sim.report.look import COLOURS, LOOK, Spec, digits, layout, panel_title
from sim.report.view import GATEWAY_SEEN, HEADLINES, REGION, View, growth

BARS = ("real_income", "real_gdp", "own_revenue")
PEOPLE = ("resident_population", "real_wage", "service_quality")
PATHS = ("gdp", "real_income", "own_revenue")
EDGE = 0.06  # unit: of the region's width, room around the map
SCALE = 100  # unit: km, length of the map's bar


# --- the map ------------------------------------------------------------------------------------------------------


def map_(view: View) -> Spec:
    """The cities in km; area = GDP of the last year, colour = what the run changes."""
    plane, gdp, look = view.kilometres(), view.latest("gdp"), LOOK["map"]
    size = np.array([gdp[city] for city in view.cities])
    radius = np.maximum(look["bubble"]["largest"] * np.sqrt(size / size.max()), look["bubble"]["smallest"])
    order = np.argsort(-radius, kind="stable")  # large ones first, so that small ones lie on top
    cities = [view.cities[i] for i in order]
    at, radius = plane[order], radius[order]
    texts, positions = place_labels([view.short(city) for city in cities], at[:, 0], at[:, 1], radius)
    measures = {column: _measure(view, column, order) for column in HEADLINES}
    trace = {
        "type": "scatter",
        "mode": "markers+text",
        "x": digits(at[:, 0]),
        "y": digits(at[:, 1]),
        "text": texts,
        "textposition": positions,
        "textfont": look["label"],
        "cliponaxis": False,
        "customdata": [[view.name(city), view.name(view.province(city)), number(gdp[city])] for city in cities],
        "hovertemplate": measures[HEADLINES[0]]["hover"],
        "marker": _marker(view, measures[HEADLINES[0]], radius),
    }
    made = layout("map", shapes=[_scale_bar(plane)], annotations=[_scale_text(view, plane)])
    for axis, values in (("xaxis", at[:, 0]), ("yaxis", at[:, 1])):
        room = EDGE * np.ptp(values)
        made[axis]["range"] = digits([values.min() - room, values.max() + room])
    return {"data": [trace], "layout": made, "control": {"years": view.years, "measures": measures}}


def _marker(view: View, measure: dict[str, Any], radius: NDArray[np.float64]) -> dict[str, Any]:
    """The bubbles: size in pixels, colours of the last year, centred at zero."""
    look = LOOK["map"]
    text = view.words("map.colour" if view.before is not None else "map.colour_alone")
    return {
        **look["marker"],
        "size": digits(2 * radius),
        "color": measure["values"][-1],
        "colorscale": LOOK["diverging"],
        "cmin": -measure["limit"],
        "cmax": measure["limit"],
        "colorbar": {**look["colorbar"], "title": {**look["colorbar"]["title"], "text": text}, "ticksuffix": "%"},
    }


def _measure(view: View, column: str, order: NDArray[np.int64]) -> dict[str, Any]:
    """Colours of the map by year: the change from the reference; without one, growth less the region's."""
    values = view.effect(column).to_numpy()[:, order]
    if view.before is None:
        values = values - growth(view.path(column, REGION).to_numpy()[:, None])
    values = np.nan_to_num(values)
    seen = values if view.before is not None else values[-1:]  # growth over a year or two swings widely
    name = view.words(f"column.{column}")
    hover = f"<b>%{{customdata[0]}}</b> · %{{customdata[1]}}<br>{view.words('map.gdp')} %{{customdata[2]}}"
    return {
        "title": name,
        "limit": float(f"{max(float(np.abs(seen).max()), 1e-6):.2g}"),
        "values": [digits(row) for row in values],
        "hover": f"{hover}<br>{name} %{{marker.color:+.3~f}}%<extra></extra>",
    }


def _scale_bar(plane: NDArray[np.float64]) -> dict[str, Any]:
    x, y = float(plane[:, 0].min()), float(plane[:, 1].max())
    return {"type": "line", "x0": x, "x1": x + SCALE, "y0": y, "y1": y, "line": LOOK["map"]["scale"]}


def _scale_text(view: View, plane: NDArray[np.float64]) -> dict[str, Any]:
    at = {"x": float(plane[:, 0].min()) + SCALE / 2, "y": float(plane[:, 1].max())}
    text = view.words("map.scale", km=SCALE)
    return {**at, "text": text, "showarrow": False, "yanchor": "bottom", "font": LOOK["map"]["label"]}


# --- winners and losers -------------------------------------------------------------------------------------------


def _bars(
    view: View, axis: str, name: str, effects: Mapping[str, float], shown: Callable[[float], str]
) -> dict[str, Any]:
    """One panel of bars, a city each."""
    return {
        "type": "bar",
        "orientation": "h",
        "y": [view.short(city) for city in effects],
        "x": digits(list(effects.values())),
        "xaxis": axis,
        "marker": {"color": [COLOURS["gain"] if value >= 0 else COLOURS["loss"] for value in effects.values()]},
        "customdata": [shown(value) for value in effects.values()],
        "hovertemplate": f"<b>%{{y}}</b><br>{name} %{{customdata}}<extra></extra>",
    }


def winners(view: View) -> Spec:
    """Bars of all cities, ordered by real income: real income, real GDP, own revenue."""
    order = view.effects(BARS[0])
    cities = sorted(order, key=lambda city: order[city])
    made = layout("winners")
    data, titles = [], []
    for position, column in enumerate(BARS):
        axis = f"x{position + 1}" if position else "x"
        name, effects = view.words(f"column.{column}"), view.effects(column)
        data.append(_bars(view, axis, name, {city: effects[city] for city in cities}, percent))
        own = made[axis.replace("x", "xaxis")]
        own["ticksuffix"] = "%"
        titles.append(panel_title(name, own["domain"][0], 1, up=LOOK["axis_title_gap"]))
    return {"data": data, "layout": {**made, "annotations": titles}}


# --- people -------------------------------------------------------------------------------------------------------


def people(view: View) -> Spec | None:
    """Bars of all cities, ordered by whom they gain: residents, real wage, services per head; or None."""
    if not view.moves_people:
        return None
    gained = (view.wide("resident_population") - view.wide("resident_population", before=True)).iloc[-1]
    cities = [str(city) for city in gained.sort_values().index]
    panels = [({str(city): float(value) for city, value in gained.items()}, "")]
    panels += [(view.effects(column), "%") for column in PEOPLE[1:]]
    made = layout("winners")
    data, titles = [], []
    for position, (column, (effects, suffix)) in enumerate(zip(PEOPLE, panels, strict=True)):
        axis = f"x{position + 1}" if position else "x"
        name = view.words(f"column.{column}")
        unit = "" if suffix else f" ({view.words('unit.people')})"
        shown = percent if suffix else signed
        data.append(_bars(view, axis, name, {city: effects[city] for city in cities}, shown))
        own = made[axis.replace("x", "xaxis")]
        own["ticksuffix"] = suffix
        titles.append(panel_title(f"{name}{unit}", own["domain"][0], 1, up=LOOK["axis_title_gap"]))
    return {"data": data, "layout": {**made, "annotations": titles}}


# --- with and without ---------------------------------------------------------------------------------------------

SEEN = 1e-3  # unit: of the index, a change that a line shows


def rivers(view: View) -> Spec | None:
    """Index of the sections whose water contracts change most, by year, with them and without; or None."""
    if view.before is None or not view.is_about("river_effort"):
        return None
    after, before = (
        run.sections.groupby(["year", "section"])["index"].max().unstack() for run in (view.run, view.before)
    )
    change = (after - before).abs().max()
    names = {str(key): view.section(str(key)) for key in change[change > SEEN].nlargest(len(COLOURS["palette"])).index}
    return _compared(view, after, before, names)


def gateways(view: View) -> Spec | None:
    """Use of the ports and airports that change most, by year, with the policies and without; or None."""
    change = view.gateway_change()
    if change.empty:
        return None
    busy = change[change > GATEWAY_SEEN].nlargest(len(COLOURS["palette"])).index
    after, before = view.gateways("use"), view.gateways("use", before=True)
    return _compared(view, after, before, {key: view.gateway(key) for key in busy})


def _compared(view: View, after: pd.DataFrame, before: pd.DataFrame, names: dict[str, str]) -> Spec | None:
    """Columns of two tables by year, a colour each: drawn through with the policies, dotted without."""
    data = []
    for colour, (column, name) in zip(COLOURS["palette"], names.items(), strict=False):
        for table, key, dash in ((after, "paths.run", "solid"), (before, "paths.reference", "dot")):
            label = f"{name}, {view.words(key)}"
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": view.years,
                    "y": digits(table[column]),
                    "name": label,
                    "line": {"color": colour, "dash": dash, "width": 2},
                    "hovertemplate": f"%{{x}}: %{{y:.3f}}<extra>{label}</extra>",
                }
            )
    return {"data": data, "layout": layout("compared")} if data else None


# --- paths --------------------------------------------------------------------------------------------------------


def paths(view: View, place: str = REGION) -> Spec:
    """Levels of the run and its reference, and the difference below, of one place; the reader can choose another."""
    series = {other: _series(view, other) for other in view.places()}
    made, below = layout("paths"), view.words("paths.below" if view.before is not None else "paths.below_alone")
    styles = _styles(view)
    data, titles = [], []
    for trace, values in enumerate(series[place]):
        panel, style = divmod(trace, len(styles))
        data.append(_line(view, values, styles[style], panel))
    for position, column in enumerate(PATHS):
        upper, lower = _axes(position)
        unit = view.words("unit.real" if column == "real_income" else "unit.money")
        left = made[f"xaxis{upper}"]["domain"][0]
        titles.append(panel_title(f"<b>{view.words(f'column.{column}')}</b><br>{unit}", left, 1))
        titles.append(panel_title(below, left, made[f"yaxis{lower}"]["domain"][1]))
    return {"data": data, "layout": {**made, "annotations": titles}, "control": {"series": series}}


def _styles(view: View) -> list[tuple[str, str]]:
    """Name in the legend and style (in look.json) of the lines of a column, in their order."""
    lines = [(view.words("paths.run"), "run"), (view.words("paths.reference"), "reference"), ("", "change")]
    return lines if view.before is not None else [lines[0], lines[2]]


def _axes(position: int) -> tuple[str, str]:
    """Numbers of the axes of the upper and the lower panel of a column, as Plotly counts: x, x2, x3, ..."""
    return str(position + 1) if position else "", str(position + 1 + len(PATHS))


def _series(view: View, place: str) -> list[list[float | None]]:
    """What the traces of the paths hold for a place, in their order."""
    lines: list[list[float | None]] = []
    for column in PATHS:
        after = view.path(column, place).to_numpy()
        lines.append(digits(after, 6))
        if view.before is not None:
            before = view.path(column, place, before=True).to_numpy()
            lines += [digits(before, 6), digits(100 * (after / before - 1))]
        else:
            lines.append(digits([np.nan, *(100 * (after[1:] / after[:-1] - 1))]))
    return lines


def _line(view: View, values: list[float | None], style: tuple[str, str], column: int) -> dict[str, Any]:
    """One trace: an upper line shown in the legend once, or the change below."""
    name, key = style
    upper, lower = _axes(column)
    is_change = key == "change"
    axis = lower if is_change else upper
    hover = "%{x}: %{y:+.3~f}%" if is_change else "%{x}: %{y:,.4~r}"
    return {
        **LOOK["lines"][key],
        "type": "scatter",
        "mode": "lines",
        "x": view.years,
        "y": values,
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "name": name,
        "legendgroup": name,
        "showlegend": column == 0 and not is_change,
        "hovertemplate": f"{hover}<extra>{name}</extra>",
    }
