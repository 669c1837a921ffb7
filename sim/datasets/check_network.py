"""Check the tables of a network together: dates, courses, and whether one can get from anywhere to anywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sim.datasets.schema import GATEWAYS

if TYPE_CHECKING:
    from sim.datasets.check import CheckReport

NETWORK = ("nodes", "lines", "links", "routes", "trains", "gateways")
ISO = "a day as 2024-12-26"


def check_network(tables: dict[str, pd.DataFrame], base_year: int | None, report: CheckReport) -> None:
    """Every problem of the optional tables of a network; nothing to do for a data set without any."""
    given = [name for name in (*NETWORK, "crossings") if name in tables]
    if not given:
        return
    missing = [name for name in NETWORK if name not in tables]
    for name in missing:
        report.error(f"{name}.csv", f"is missing: a network has all of {', '.join(NETWORK)}")
    if missing:
        return
    _check_dates(tables["lines"], report)
    _check_courses(tables["links"], report)
    _check_routes(tables, report)
    _check_trains(tables, report)
    _check_gateways(tables, report)
    _check_connected(tables, base_year, report)
    if "crossings" in tables:
        _check_crossings(tables["crossings"], _of_mode(tables, "road"), report)


def date_of(cell: str) -> dt.date | None:
    """The day a cell holds; None for an empty one.

    Raises:
        ValueError: it is no day.
    """
    return dt.date.fromisoformat(cell) if cell else None


def _check_dates(lines: pd.DataFrame, report: CheckReport) -> None:
    file = "lines.csv"
    for row, line in zip(lines.index.tolist(), lines.to_dict("records"), strict=True):
        days = {}
        for column in ("begins", "opens"):
            try:
                days[column] = date_of(line[column])
            except ValueError:
                report.error(file, f"'{line[column]}' is no day", row, column, ISO)
        is_open, opens, begins = line["date_status"] == "open", days.get("opens"), days.get("begins")
        if is_open and not line["opens"]:
            report.error(file, f"{line['line']} is open, but there is no day of opening", row, "opens", ISO)
        if not is_open and line["opens"]:
            message = f"{line['line']} is {line['date_status']}, but has a day of opening"
            report.error(file, message, row, "date_status", "open, or no day")
        if opens and begins and opens <= begins:
            message = f"{line['line']} opens on {opens}, before it exists: building begins on {begins}"
            report.error(file, message, row, "opens", f"after {begins}")
        if begins and line["planned"] < begins.year:
            message = f"{line['line']} is to open in {line['planned']:g}, before it exists: building begins on {begins}"
            report.error(file, message, row, "planned", f"{begins.year} or later")


def _check_courses(links: pd.DataFrame, report: CheckReport) -> None:
    """The links of a line are numbered from 1 and each begins where the last one ends."""
    for line, part in links.groupby("line", sort=False):
        part = part.sort_values("position", kind="stable")
        if part["position"].tolist() != list(range(1, len(part) + 1)):
            message = f"the links of {line} are not numbered 1, 2, 3 ..."
            report.error("links.csv", message, int(part.index[0]), "position", f"1 to {len(part)}")
        ends, starts = part["destination"].tolist(), part["origin"].tolist()
        for row, end, start in zip(part.index[1:].tolist(), ends, starts[1:], strict=False):
            if end != start:
                message = f"{line} does not go on where its last link ends"
                report.error("links.csv", message, row, "origin", str(end))
    for row, link in links.iterrows():
        if link["origin"] == link["destination"]:
            report.error("links.csv", f"goes from {link['origin']} to itself", int(str(row)), "destination")


def _check_routes(tables: dict[str, pd.DataFrame], report: CheckReport) -> None:
    """Between two nodes of a route there is a railway."""
    rail = set(_of_mode(tables, "rail"))
    known = {frozenset(ends) for ends in zip(*_ends(tables["links"][tables["links"]["line"].isin(rail)]), strict=True)}
    for route, part in tables["routes"].groupby("route", sort=False):
        part = part.sort_values("position", kind="stable")
        nodes = part["node"].tolist()
        for row, one, other in zip(part.index[1:].tolist(), nodes, nodes[1:], strict=False):
            if frozenset((one, other)) not in known:
                report.error("routes.csv", f"{route}: no railway from {one} to {other}", row, "node")


def _check_trains(tables: dict[str, pd.DataFrame], report: CheckReport) -> None:
    trains = tables["trains"]
    seen: dict[tuple[str, frozenset[str]], int] = {}
    for row, line, one, other in zip(
        trains.index.tolist(), *(trains[name] for name in ("line", "origin", "destination")), strict=True
    ):
        pair = line, frozenset((one, other))
        if one == other:
            report.error("trains.csv", f"goes from {one} to itself", row, "destination")
        elif pair in seen and "" not in (line, one, other):
            report.error("trains.csv", f"{one} and {other} are already in row {seen[pair]}", row, "origin")
        seen.setdefault(pair, row)


def _check_gateways(tables: dict[str, pd.DataFrame], report: CheckReport) -> None:
    for role in GATEWAYS:
        if role not in set(tables["gateways"]["role"]):
            report.error("gateways.csv", f"there is no {role}: nobody reaches the outside", column="role")
    for kind, rows in tables["gateways"].groupby("role"):
        role = str(kind).replace("_", " ")
        unknown, none = rows["traffic"].isna(), rows["traffic"] == 0.0
        if unknown.any() and not unknown.all():
            row = int(rows.index[unknown][0])
            message = f"the traffic of this {role} is missing, others have theirs"
            report.error("gateways.csv", message, row, "traffic", f"the traffic of every {role}, or of none")
        if none.any():
            row = int(rows.index[none][0])
            report.error("gateways.csv", f"nothing goes through this {role}", row, "traffic", "above 0")
        if rows["unit"].nunique() > 1:
            row = int(rows.index[rows["unit"] != rows["unit"].iloc[0]][0])
            allowed = str(rows["unit"].iloc[0])
            report.error("gateways.csv", f"another unit than the {role} before it", row, "unit", allowed)


def _check_crossings(points: pd.DataFrame, roads: list[str], report: CheckReport) -> None:
    """Waters have a course and a bridge of the base year; what opens with a line opens with a road."""
    file = "crossings.csv"
    for row, bridge, line in zip(points.index.tolist(), points["bridge"], points["line"], strict=True):
        if line and line not in roads:
            report.error(file, f"{line} is no road", row, "line", "a road of lines.csv, or empty")
        if line and not bridge:
            report.error(file, f"{line} crosses at a point without a bridge", row, "bridge", "what crosses here")
    for water, part in points.groupby("water", sort=False):
        first = int(part.index[0])
        if sorted(part["position"]) != list(range(1, len(part) + 1)) or len(part) == 1:
            report.error(file, f"the points of {water} are not numbered 1, 2, 3 ...", first, "position", "two or more")
        if not ((part["bridge"] != "") & (part["line"] == "")).any():
            report.error(
                file, f"no bridge of the base year crosses {water}", first, "bridge", "one that opens with no line"
            )


def _check_connected(tables: dict[str, pd.DataFrame], base_year: int | None, report: CheckReport) -> None:
    """By rail one gets from every place that has one to every other: today, and when all lines are open."""
    lines, links, nodes, trains = (tables[name] for name in ("lines", "links", "nodes", "trains"))
    rail = set(_of_mode(tables, "rail"))
    year = lines["opens"].str[:4]
    today = rail & set(lines.loc[(year != "") & (year <= str(base_year)), "line"])
    region_of = {node: region for node, region in zip(nodes["node"], nodes["region"], strict=True) if region}
    run = trains[trains["kind"].isin(["fast", "slow"])]
    for words, there in (("in the base year", today), ("with all lines", rail)):
        own = links[links["line"].isin(there)]
        ends = [*zip(*_ends(own), strict=True), *zip(*_ends(run), strict=True)]
        ends += [(node, region_of[node]) for end in _ends(own) for node in end if node in region_of]
        parts = components(ends)
        if len(parts) > 1:
            small = min(parts, key=len)
            message = f"disconnected network {words}: by rail nobody gets from {_few(small)} to the other places"
            report.error("links.csv", message, column="origin", allowed="one network")
            return


def components(ends: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The places of each connected part of a graph given by its edges."""
    pairs = list(ends)
    places = sorted({place for pair in pairs for place in pair})
    number = {place: k for k, place in enumerate(places)}
    one, other = ([number[pair[side]] for pair in pairs] for side in (0, 1))
    graph = coo_array((np.ones(len(pairs)), (one, other)), shape=(len(places), len(places)))
    n, label = connected_components(graph, directed=False)
    return [[place for place, k in zip(places, label, strict=True) if k == part] for part in range(n)]


def _of_mode(tables: dict[str, pd.DataFrame], mode: str) -> list[str]:
    return [str(line) for line in tables["lines"].loc[tables["lines"]["mode"] == mode, "line"]]


def _ends(links: pd.DataFrame) -> tuple[list[str], list[str]]:
    return links["origin"].tolist(), links["destination"].tolist()


def _few(places: list[str]) -> str:
    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
    return ", ".join(places[:2]) + more
