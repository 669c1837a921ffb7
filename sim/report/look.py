"""How charts look: the specifications of look.json, and the small parts every chart is put together from."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Spec = dict[str, Any]
"""A Plotly figure as plain data: data, layout, and control, which page.js reads."""

LOOK: dict[str, Any] = json.loads((files("sim.report") / "look.json").read_text(encoding="utf-8"))
COLOURS: dict[str, Any] = LOOK["colours"]
NOT_LAYOUT = ("bubble", "colorbar", "label", "marker", "scale")
"""What look.json says of a figure beside its layout."""


def layout(name: str, **more: Any) -> dict[str, Any]:
    """The base layout with what look.json says of a figure; every axis gets the style of axes."""
    own = {key: value for key, value in LOOK[name].items() if key not in NOT_LAYOUT}
    made: dict[str, Any] = deepcopy({**LOOK["base"], **own}) | more
    axes = {"xaxis", "yaxis", *(key for key in made if key.startswith(("xaxis", "yaxis")))}
    for axis in axes if name != "sankey" else ():
        made[axis] = {**deepcopy(LOOK["axis"]), "fixedrange": True, **made.get(axis, {})}
    return made


def panel_title(text: str, x: float, y: float, *, up: float = 0.0) -> dict[str, Any]:
    """A title at the left end of a panel, ``up`` pixels above it."""
    style = LOOK["panel_title"]
    return {**style, "text": text, "x": x, "y": y, "yshift": style["yshift"] + up}


def digits(values: ArrayLike, kept: int = LOOK["digits"]) -> list[float | None]:
    """Numbers with few digits: the page stays small; what is not a number is left out."""
    return [
        float(f"{value:.{kept}g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=np.float64)
    ]


def faint(colour: str) -> str:
    """The colour as a ribbon, see-through."""
    return f"{colour}{LOOK['ribbon']}"
