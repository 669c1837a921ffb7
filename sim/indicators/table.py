"""All indicators of a run as the columns of the result table, the plan's targets beside those that have one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.indicators import REGISTRY
from sim.indicators.base import GROUP, REGION, View
from sim.indicators.targets import targets

if TYPE_CHECKING:
    from sim.core.results import Record
    from sim.mechanisms.base_year import BaseYear


def rows(record: Record, base: BaseYear) -> tuple[dict[str, Any], dict[str, tuple[list[int], list[str]]]]:
    """The number columns year, value, target, gap; and of indicator, scope and place the positions in a word list.

    Rows run through the years first, so every position stands for as many rows as there are years.
    """
    view = View(record, base)
    goals = {(target.indicator, target.place): target for target in targets(base.world) if target.indicator}
    nothing = np.full(view.years.shape, np.nan)
    names: list[tuple[str, str, str]] = []
    values, wanted, gaps = [], [], []
    for indicator in REGISTRY.values():
        for scope in indicator.scopes:
            for place, members in view.places[scope].items():
                value = np.asarray(indicator.compute(view, members), dtype=np.float64)
                goal = goals.get((indicator.name, place)) if scope in (REGION, GROUP) else None
                names.append((indicator.name, scope, place))
                values.append(value)
                aim = None if goal is None else goal.value
                wanted.append(nothing if aim is None else np.full(value.shape, aim))
                gaps.append(nothing if goal is None else goal.gap(value))
    numbers = {
        "year": np.tile(view.years, len(names)),
        "value": np.concatenate(values),
        "target": np.concatenate(wanted),
        "gap": np.concatenate(gaps),
    }
    columns = zip(("indicator", "scope", "place"), zip(*names, strict=True), strict=True)
    return numbers, {column: _coded(words) for column, words in columns}


def _coded(words: Sequence[str]) -> tuple[list[int], list[str]]:
    known = {word: position for position, word in enumerate(dict.fromkeys(words))}
    return [known[word] for word in words], list(known)
