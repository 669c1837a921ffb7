"""The plan's numeric targets: their value, the gap to it, and the year from which a run meets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.indicators.base import CORE, REGION

if TYPE_CHECKING:
    from sim.datasets.world import World

COMPUTED = {
    "T01": "urban_rural_ratio",
    "T02": "core_to_whole",
    "T04": "rd_intensity",
    "T05": "technology_contribution",
    "T06": "high_tech_share",
    "T09": "coverage_5g",
    "T07": "railway_density",
    "T08": "expressway_density",
    "T03": "urbanisation_rate",
    "T12": "river_compliance",
    "T13": "energy_intensity_change",
    "T10": "pm25",
    "T11": "good_air_days",
    "T14": "public_spending_per_head",
    "T15": "schooling_years",
    "T16": "life_expectancy",
    "T17": "share_of_national_gdp",
    "T27a": "richest_to_poorest_province",
}
"""Target of the plan -> the indicator that measures it; the others wait for the mechanisms that move them."""

AT_LEAST, AT_MOST = ">=", "<="


@dataclass(frozen=True)
class Target:
    """One target, with the values the statistics have published."""

    target: str
    place: str
    name_en: str
    name_zh: str
    unit: str
    direction: str  # >=, <= or context: watched without a target value
    value: float | None
    year: int | None
    published: dict[int, float]  # baseline among them
    source: str

    @property
    def indicator(self) -> str | None:
        """The indicator that measures it, None where the model does not compute it yet."""
        return COMPUTED.get(self.target) if self.place in (REGION, CORE) else None

    def gap(self, values: FloatArray) -> FloatArray:
        """How far values are on the wrong side of the target, negative = surpassed; NaN without a target value."""
        if self.value is None or self.direction not in (AT_LEAST, AT_MOST):
            return np.full(np.shape(values), np.nan)
        short = self.value - np.asarray(values)
        return short if self.direction == AT_LEAST else -short

    def attained(self, years: Sequence[int] | IntArray, values: FloatArray) -> int | None:
        """First year from which the target is met to the end of the run, None if never."""
        return attainment(years, self.gap(values))


def attainment(years: Sequence[int] | IntArray, gaps: FloatArray) -> int | None:
    """First year from which no gap is left (gap <= 0) until the last year."""
    missed = np.flatnonzero(~(np.asarray(gaps) <= 0.0))
    first = 0 if not missed.size else int(missed[-1]) + 1
    return int(years[first]) if first < len(years) else None


def targets(world: World) -> list[Target]:
    """Every target of the data set, one for each place it is set for."""
    rows = world.target_rows
    found = []
    for key in dict.fromkeys((row["target"], row["place"]) for row in rows):
        mine = [row for row in rows if (row["target"], row["place"]) == key]
        goals = [row for row in mine if row["kind"] == "target"]
        shown = goals[0] if goals else mine[0]
        found.append(
            Target(
                target=str(key[0]),
                place=str(key[1]),
                name_en=str(shown.get("name_en", key[0])),
                name_zh=str(shown.get("name_zh", key[0])),
                unit=str(shown["unit"]),
                direction=str(shown["direction"]),
                value=float(goals[0]["value"]) if goals else None,
                year=int(goals[0]["year"]) if goals else None,
                published={int(row["year"]): float(row["value"]) for row in mine if row["kind"] != "target"},
                source=str(shown["source"]),
            )
        )
    return found
