"""Check the tables of rivers together: cities, courses without a circle, shares of loads, complete measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sim.core.agreements import POLLUTANTS
from sim.datasets.schema import ROUNDING

if TYPE_CHECKING:
    from sim.datasets.check import CheckReport

NAMES = ("rivers", "river_quality")


def check_rivers(tables: dict[str, pd.DataFrame], report: CheckReport) -> None:
    """Every problem of the optional tables of rivers; nothing to do for a data set without any."""
    given = [name for name in NAMES if name in tables]
    if not given:
        return
    if len(given) < len(NAMES):
        missing = next(name for name in NAMES if name not in tables)
        report.error(f"{missing}.csv", f"is missing: rivers are described by {' and '.join(NAMES)}")
        return
    rivers = tables["rivers"]
    regions = tables["regions"]
    cities = set(regions.loc[regions["kind"] == "city", "region"])
    for row, section, city in zip(rivers.index.tolist(), rivers["section"], rivers["city"], strict=True):
        if city not in cities and city in set(regions["region"]):
            report.error("rivers.csv", f"section {section} is of {city}, which is no city", row, "city", "a city")
    for city, share in rivers.groupby("city")["load_share"].sum().items():
        if share > 1.0 + ROUNDING:
            report.error("rivers.csv", f"{city} sends {share:g} of its load to its sections", column="load_share",
                         allowed="at most 1 in sum")  # fmt: skip
    _check_courses(rivers, report)
    _check_quality(rivers, tables["river_quality"], report)


def downstream_order(below: dict[str, str]) -> list[str]:
    """Sections from the sources down: every one after all that flow into it; those on a circle are left out."""
    waiting = dict.fromkeys(below, 0)
    for target in below.values():
        if target in waiting:
            waiting[target] += 1
    ready = [section for section, inflows in waiting.items() if inflows == 0]
    for section in ready:  # grows while it is read
        target = below[section]
        if target in waiting:
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return ready


def _check_courses(rivers: pd.DataFrame, report: CheckReport) -> None:
    """Water flows down: no section is below itself."""
    below = dict(zip(rivers["section"], rivers["downstream"], strict=True))
    circle = [section for section in below if section not in set(downstream_order(below))]
    if circle:
        row = int(rivers.index[rivers["section"] == circle[0]][0])
        message = f"the river flows in a circle: {' -> '.join([*_circle(below, circle[0])])}"
        report.error("rivers.csv", message, row, "downstream", "sections further down, empty at the sea")


def _circle(below: dict[str, str], start: str) -> list[str]:
    """The circle that a section runs into, its first section at both ends."""
    seen: list[str] = []
    while start not in seen:
        seen.append(start)
        start = below[start]
    return [*seen[seen.index(start) :], start]


def _check_quality(rivers: pd.DataFrame, quality: pd.DataFrame, report: CheckReport) -> None:
    """Every section by every pollutant, and something that it is judged by."""
    present = set(zip(quality["section"], quality["pollutant"], strict=True))
    judged = set(quality.loc[quality["standard"].notna(), "section"])
    for section in rivers["section"]:
        for pollutant in POLLUTANTS:
            if (section, pollutant) not in present:
                report.error("river_quality.csv", f"no row for section {section}, {pollutant}", column="pollutant")
        if section not in judged:
            report.error("river_quality.csv", f"section {section} is judged by nothing", column="standard")
    for row, standard, level in zip(quality.index.tolist(), quality["standard"], quality["concentration"], strict=True):
        for column, value in (("standard", standard), ("concentration", level)):
            if value == 0.0:
                report.error("river_quality.csv", "zero", row, column, "more than 0")
