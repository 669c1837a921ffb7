"""Where the names on the map go: beside their bubble where there is room, left out where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PIXELS_PER_KM = 0.77  # unit: px/km, of the map at its usual width
LETTER, HANZI, LINE, GAP = 6.6, 11.5, 12.0, 3.0  # unit: px, size of a label of 11 px


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """Area that two rectangles share, px2."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(width, 0.0) * max(height, 0.0)


def place(
    names: Sequence[str], x: NDArray[np.float64], y: NDArray[np.float64], radius: NDArray[np.float64]
) -> tuple[list[str], list[str]]:
    """Text and Plotly's text position of every point; a name without room is empty. Large bubbles choose first.

    Args:
        names: one name per point.
        x, y: km.
        radius: of the bubbles, px.
    """
    centre = np.column_stack([x, y]) * PIXELS_PER_KM
    reach = radius[:, None]
    bubbles = [Box(*low, *high) for low, high in zip(centre - reach, centre + reach, strict=True)]
    taken: list[Box] = []
    texts, positions = [""] * len(names), ["top center"] * len(names)
    for i in np.argsort(-radius, kind="stable"):
        choices = dict(_around(names[i], centre[i], radius[i]))
        cost = {name: _cost(box, taken, bubbles, i) for name, box in choices.items()}
        best = min(cost, key=lambda name: cost[name])
        if cost[best] <= LINE**2:
            texts[i], positions[i] = names[i], best
            taken.append(choices[best])
    return texts, positions


def _cost(box: Box, names: Sequence[Box], bubbles: Sequence[Box], own: int) -> float:
    """What a label would cover; one that touches another city's bubble would seem to be that city's."""
    wide = Box(box.left - GAP, box.bottom - GAP, box.right + GAP, box.top + GAP)
    beside = [k for k in range(len(bubbles)) if k != own and not bubbles[k].overlap(bubbles[own])]
    over = [k for k in range(len(bubbles)) if k != own and k not in beside]
    covered = sum(box.overlap(other) for other in [*names, *(bubbles[k] for k in over)])
    return covered + sum(wide.overlap(bubbles[k]) for k in beside)


def _around(name: str, centre: NDArray[np.float64], radius: float) -> list[tuple[str, Box]]:
    """Places for a label, best first."""
    width = sum(HANZI if ord(letter) > ord("ÿ") else LETTER for letter in name)
    x, y = float(centre[0]), float(centre[1])
    half, reach = width / 2, radius + GAP
    return [
        ("middle right", Box(x + reach, y - LINE / 2, x + reach + width, y + LINE / 2)),
        ("middle left", Box(x - reach - width, y - LINE / 2, x - reach, y + LINE / 2)),
        ("top center", Box(x - half, y + reach, x + half, y + reach + LINE)),
        ("bottom center", Box(x - half, y - reach - LINE, x + half, y - reach)),
    ]
