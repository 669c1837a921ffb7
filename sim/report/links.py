"""Figures of what goes from place to place: payments under contracts, capital that moves."""

from __future__ import annotations

import pandas as pd

from sim.report.look import COLOURS, LOOK, Spec, digits, faint, layout
from sim.report.view import View

SIDES = ("origin", "destination")
LINKS = 60  # unit: links a diagram shows, the largest


def payments(view: View) -> Spec | None:
    """Who paid whom under contracts, all years together; None where nobody did."""
    rows = view.payments.rename(columns={"payer": "origin", "payee": "destination"})
    return None if rows.empty else _sankey(view, _between(rows), "unit.money")


def moves(view: View) -> Spec | None:
    """Capital that moves because of the run (all that moves, where there is no reference); None where none does.

    Between cities where the largest links tell most of the story, between provinces where it is scattered.
    """
    rows = _between(view.extra_moves)
    if rows.empty:
        return None
    scattered = rows["amount"].nlargest(LINKS).sum() < rows["amount"].sum() / 2
    if scattered:
        rows = _between(view.extra_moves.assign(**{side: view.extra_moves[side].map(view.province) for side in SIDES}))
    return {**_sankey(view, rows, "unit.real"), "control": {"by": "province" if scattered else "city"}}


def migrants(view: View) -> Spec | None:
    """People who move because of the run, net by pair of places; None where it hardly moves anybody."""
    rows = view.extra_migrants if view.moves_people else view.extra_migrants.head(0)
    return None if rows.empty else _sankey(view, rows, "unit.people")


def _between(rows: pd.DataFrame) -> pd.DataFrame:
    """What goes from place to place, years and sectors together, where it is more than nothing."""
    total = rows.groupby([*SIDES], as_index=False, observed=True)[["amount"]].sum()
    return total.loc[total["amount"] > 0]


def _sankey(view: View, rows: pd.DataFrame, unit: str) -> Spec:
    """Origins on the left, destinations on the right, the largest links; colour = province of the origin."""
    largest = rows.loc[rows["amount"].nlargest(LINKS).index]
    nodes = [(str(place), side) for side in SIDES for place in largest[side].drop_duplicates()]
    index = {node: position for position, node in enumerate(nodes)}
    colours = [_province_colour(view, place) for place, _ in nodes]
    source, target = ([index[str(place), side] for place in largest[side]] for side in SIDES)
    value = f"<br>%{{value:,.4~r}} {view.words(unit)}<extra></extra>"
    trace = {
        "type": "sankey",
        "arrangement": "fixed",
        "node": {
            **LOOK["node"],
            "label": [view.short(place) for place, _ in nodes],
            "color": colours,
            "hovertemplate": f"%{{label}}{value}",
        },
        "link": {
            "source": source,
            "target": target,
            "value": digits(largest["amount"].to_numpy()),
            "color": [faint(colours[position]) for position in source],
            "hovertemplate": f"%{{source.label}} → %{{target.label}}{value}",
        },
    }
    return {"data": [trace], "layout": layout("sankey")}


def _province_colour(view: View, place: str) -> str:
    if place not in view.provinces and place not in view.cities:
        return str(COLOURS["reference"])
    province = place if place in view.provinces else view.province(place)
    palette = COLOURS["provinces"]
    return str(palette[view.provinces.index(province) % len(palette)])
