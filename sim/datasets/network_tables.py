"""The network of the 41 cities as tables: nodes, lines, links, through routes, trains, from the raw facts.

Courses, stations and through routes are kept by hand (``by_hand/``); opening dates, lengths and design speeds of the
lines since 2019 are facts. Running times: of the lines before 2019 fitted to the timetable's direct trains, of others
length over mean speed (`sim.datasets.rail_rules`), of roads and waterways the rules of `sim.datasets.travel_rules`.
Times stated after an opening are trains of their own; those kept to check the rule are never used.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.core.errors import InputError
from sim.datasets import rail_rules, travel_rules
from sim.datasets.city_accounts import BASE_YEAR, CityAccounts, numeric
from sim.datasets.facts import city_codes, status_of
from sim.datasets.schema import TIMETABLE

FloatArray = NDArray[np.float64]
Row = dict[Hashable, Any]

ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
DIGITS = 1  # unit: decimals of km and minutes; a linear programme may have several solutions that differ by less
BY_RULE = "length over mean speed by class of line, and one stop (parameters rail_speed, rail_stop_time)"
FITTED = "fitted to the fastest direct trains of 2016 and 2020 along its lines and routes"
OTHER_MODES = {
    "road": "great circle times detour over the speed of cars",
    "water": "great circle times detour over the speed of barges",
}


@dataclass(frozen=True)
class NetworkTables:
    """The tables of the network, each computed on first use."""

    build: CityAccounts

    @cached_property
    def seats(self) -> dict[str, str]:
        """City by node of its seat; the node is its name in the rail files, ``Suzhou_JS`` as ``suzhou_js``."""
        codes = city_codes(self.build.facts.cities)
        spelt = pd.unique(self.build.facts.trains[["city_i", "city_j"]].to_numpy().ravel())
        return {name.lower(): codes[name] for name in sorted(spelt)}

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """nodes.csv: the seats of the cities, then stations elsewhere."""
        cities = self.build.facts.cities.loc[list(self.seats.values())]
        seats = cities.reset_index(names="region").assign(node=list(self.seats))
        seats = seats.assign(source="coordinates of the city's seat (city yearbooks)", status="sourced")
        table = pd.concat([seats, numeric(self.build.hand["stations"], "lon", "lat")], ignore_index=True)
        return table.assign(access_minutes=self._access(table))

    def _access(self, nodes: pd.DataFrame) -> FloatArray:
        """Way from the seat to the station beyond the reach of a usual one, at the speed of trips inside a city."""
        p, seats = self.build.parameters, self.build.facts.cities[["lon", "lat"]]
        local = travel_rules.Road(p.value("own_time_speed"), 0.0, p.value("road_detour"))
        from_seat = travel_rules.great_circle(seats, nodes[["lon", "lat"]])
        position = seats.index.get_indexer(pd.Index(nodes["region"]))
        distance = np.where(position >= 0, from_seat[position, np.arange(len(nodes))], 0.0)
        return local.minutes(np.maximum(distance - p.value("station_reach"), 0.0)).round(DIGITS)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """lines.csv: what is kept by hand, completed by the facts of its name; ``course`` holds its nodes."""
        hand, facts = self.build.hand["lines"], self.build.facts
        rail = {str(row["line_en"]): row for row in facts.rail_openings.to_dict("records")}
        named = set(hand["fact"])
        for name in (*rail, *facts.road_openings["name_en"]):
            if name not in named and name not in NO_LINE:
                raise InputError(f"no line is called {name}", file="by_hand/lines.csv", column="fact")
        rows = [self._line(row, rail) for row in hand.to_dict("records")]
        return numeric(pd.DataFrame(rows), "km", "design_kmh", "planned", "cost").set_index("line", drop=False)

    def _line(self, row: Row, rail: Mapping[str, Row]) -> Row:
        line: Row = {**row, "course": row["nodes"].split("-")}
        if row["fact"] not in rail:
            return line
        known = rail[row["fact"]]
        shared = (self.build.hand["lines"]["fact"] == row["fact"]).sum() > 1
        speed = re.search(r"\d+", str(known["design_kmh"]))
        note = "" if known["confidence"] == "high" else f"; {known['confidence']} confidence"
        found: Row = {
            "km": np.nan if shared else known["km"],
            "design_kmh": speed.group() if speed else np.nan,
            "opens": known["open_date"] if ISO.fullmatch(known["open_date"]) else "",
            "source": f"{known['source']}{note}; {row['source']}",
            "status": "recalled" if known["confidence"] == "low" else status_of(known["source"]),
        }
        return {**line, **found}

    @cached_property
    def links(self) -> pd.DataFrame:
        """links.csv: every line pair by pair of its nodes, as far as both lie in the region."""
        table = pd.DataFrame(
            [
                {"line": line, "mode": mode, "origin": one, "destination": other}
                for line, mode, course in self.lines[["line", "mode", "course"]].itertuples(index=False)
                for one, other in zip(course, course[1:], strict=False)
            ]
        )
        place = self.nodes.set_index("node")
        ends = [place.loc[table[end], ["lon", "lat"]] for end in ("origin", "destination")]
        straight = np.diag(travel_rules.great_circle(*ends))
        detour = {mode: self.build.parameters.value(f"{mode}_detour") for mode in ("rail", "road", "water")}
        way = pd.Series(straight) * table["mode"].map(detour)
        whole = table["line"].map(self.lines["km"])
        table["km"] = way.where(whole.isna(), whole * way / way.groupby(table["line"]).transform("sum"))
        table["minutes"], table["source"], table["status"] = self._minutes(table, straight)
        inside = set(place.index[place["region"] != ""])
        table = table[table["origin"].isin(inside) & table["destination"].isin(inside)]
        table = table.round({"km": DIGITS, "minutes": DIGITS})
        return table.assign(position=table.groupby("line").cumcount() + 1)

    def _minutes(self, table: pd.DataFrame, straight: FloatArray) -> tuple[FloatArray, list[str], list[str]]:
        """Running times with their source and status."""
        p = self.build.parameters
        speed = {mode: travel_rules.Road(p.value(f"{vehicle}_speed"), 0.0, p.value(f"{mode}_detour"))
                 for mode, vehicle in (("road", "car"), ("water", "water"))}  # fmt: skip
        minutes = np.zeros(len(table))
        for mode, road in speed.items():
            own = (table["mode"] == mode).to_numpy()
            minutes[own] = road.minutes(straight[own])
        design = self.lines["design_kmh"].to_dict()
        for line, part in table[table["mode"] == "rail"].groupby("line"):
            minutes[part.index] = rail_rules.rule_minutes(part["km"], part["km"].sum(), design[line], p)
        opens = table["line"].map(self.lines["opens"])
        old = ((table["mode"] == "rail") & (opens != "") & (opens < str(BASE_YEAR))).to_numpy()
        links = list(zip(table.loc[old, "origin"], table.loc[old, "destination"], strict=True))
        courses = [*self.lines["course"], *(nodes.split("-") for nodes in self.build.hand["routes"]["nodes"])]
        seats = {node: k for k, node in enumerate(self.seats)}
        paths, times = rail_rules.observed_paths(links, courses, seats, self.fast)
        minutes[old] = rail_rules.fit_minutes(paths, times, minutes[old], p.value("rail_rule_weight"))
        words = np.where(old, FITTED, table["mode"].map(lambda mode: OTHER_MODES.get(mode, BY_RULE)))
        return minutes, words.tolist(), np.where(old, "derived", "judgement").tolist()

    @cached_property
    def observed(self) -> pd.DataFrame:
        """Direct trains of the base year: origin, destination, minutes, kind; the faster of two timetables."""
        seen = self.build.facts.trains
        codes = city_codes(self.build.facts.cities)
        fast = seen[["emu_direct_min_2016", "emu_direct_min_2020"]].min(axis=1)
        table = pd.DataFrame(
            {
                "line": TIMETABLE,
                "origin": seen["city_i"].map(codes),
                "destination": seen["city_j"].map(codes),
                "minutes": fast.fillna(seen["conv_direct_min_2020"]),
                "kind": np.where(fast.notna(), "fast", "slow"),
            }
        )
        source = "public copies of the timetable of China Railway, March 2016 and May 2020: fastest direct train"
        return table[table["minutes"].notna()].assign(source=source, status="sourced")

    @property
    def fast(self) -> FloatArray:
        """Minutes of the fastest direct multiple unit between seats ``[seat, seat]``, NaN without one."""
        place = {code: k for k, code in enumerate(self.seats.values())}
        found = np.full((len(place), len(place)), np.nan)
        fast = self.observed[self.observed["kind"] == "fast"]
        for one, other, minutes in fast[["origin", "destination", "minutes"]].itertuples(index=False):
            found[place[one], place[other]] = found[place[other], place[one]] = minutes
        return found

    @cached_property
    def trains(self) -> pd.DataFrame:
        """trains.csv: those of the base year, then those stated for new lines."""
        stated = self.build.hand["stated_times"]
        stated = numeric(stated, "minutes").assign(kind=stated["use"].map({"1": "stated", "0": "check"}))
        return pd.concat([self.observed, stated], ignore_index=True)

    @cached_property
    def routes(self) -> pd.DataFrame:
        """routes.csv: one row per node."""
        return pd.DataFrame(
            [
                {"route": row["route"], "position": k, "node": node, "source": row["source"], "status": row["status"]}
                for row in self.build.hand["routes"].to_dict("records")
                for k, node in enumerate(row["nodes"].split("-"), start=1)
            ]
        )


NO_LINE = {
    "Nanjing-Maanshan, Hefei-Nanjing, Beijing-Shanghai expressway widening",
    "Provincial-border toll gates removed nationwide",
    "Inter-provincial dead-end roads (断头路) rolling programme",
}
"""Entries of the facts that are no line: wider roads, fewer gates; by the rules they shorten no time by a minute."""
