"""Carve-outs: a part of a city becomes a place of its own, and the city keeps the rest.

Every figure of the city that is an amount is divided by the shares of part_shares.csv, so that parts and rest add up to
it; rates and prices are the city's. Times between a part and other places are its city's, within the city its own. With
one share w_p for everything that is the exact split of a region (factors ``w_p F``, productivity of value added
``w_p^(1 / (theta b))``: trade shares, sums and prices stay); with other shares calibration finds what the part is like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.datasets.schema import AMOUNTS, PART_SHARES, SECTOR_GROUPS, STATUSES

Tables = Mapping[str, pd.DataFrame]
Share = Callable[[str, Mapping[str, object]], tuple[float, str, str]]
"""Share, source and status of a part in a row of its city."""

LAND, PEOPLE, OUTPUT = "buildable_land_km2", "resident_population", "value_added"
STOCKS = ("employment", "capital")
NAMED = ("name_en", "name_zh", "lon", "lat")


def carve(tables: Tables, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """The tables with parts as cities.

    Args:
        tables: of a checked data set with parts.csv and part_shares.csv.
        names: parts by id or English name.

    Raises:
        InputError: there is no such part, it lacks a share, or parts take all of a city's figure or more.
    """
    parts = _chosen(tables, names)
    if "flows" in tables:
        raise InputError("observed trade cannot be divided among parts", file="flows.csv", key="world.carve")
    if "migration" in tables:
        raise InputError("observed moves cannot be divided among parts", file="migration.csv", key="world.carve")
    split = _Split(tables, parts)
    carved = dict(tables)
    carved["regions"] = split.regions()
    for table in (OUTPUT, *STOCKS):
        carved[table] = split.divided(table, split.by_sector(table))
    carved["region_values"] = split.divided("region_values", split.by_variable)
    carved["travel_times"] = split.travel_times()
    return carved


def _chosen(tables: Tables, names: Sequence[str]) -> pd.DataFrame:
    """Rows of parts.csv by part, in the order of the names."""
    if "parts" not in tables:
        raise InputError("the data set has no parts.csv", key="world.carve", allowed="parts that it describes")
    known = tables["parts"].set_index("part")
    of = {str(word).lower(): part for part, name in known["name_en"].items() for word in (name, part)}
    chosen = []
    for name in map(str, names):
        if name.lower() not in of:
            message = f"unknown part '{name}'{did_you_mean(name, [*known.index, *known['name_en']])}"
            raise InputError(message, key="world.carve", allowed=", ".join(known.index))
        if of[name.lower()] in chosen or of[name.lower()] in set(tables["regions"]["region"]):
            raise InputError(f"{name} is carved out twice", key="world.carve", allowed="all parts at once, each once")
        chosen.append(of[name.lower()])
    return known.loc[chosen]


class _Split:
    """What the parts take, table by table."""

    def __init__(self, tables: Tables, parts: pd.DataFrame) -> None:
        self.tables = tables
        self.parts = parts
        self.about: dict[str, dict[str, Any]] = {str(row["part"]): row for row in records(parts.reset_index())}
        self.names = dict(tables["regions"][["region", "name_en"]].itertuples(index=False, name=None))
        shares = tables[PART_SHARES.name] if PART_SHARES.name in tables else pd.DataFrame(columns=["part"])
        self.given: dict[str, dict[str, tuple[float, str, str]]] = {
            part: {
                row["variable"]: (float(row["value"]), str(row["source"]), str(row["status"]))
                for row in records(shares[shares["part"] == part])
            }
            for part in parts.index
        }
        self.group = dict(tables["sectors"][["sector", "group"]].itertuples(index=False, name=None))
        self.taken: dict[str, list[str]] = {}
        for part, row in self.about.items():
            self.taken.setdefault(row["parent"], []).append(part)
            self._complete(part)

    def _complete(self, part: str) -> None:
        """Needed shares are there; the share of all value added follows where only those of the groups are given."""
        given, groups = self.given[part], [f"{OUTPUT}_{group}" for group in SECTOR_GROUPS]
        missing = [] if PEOPLE in given else [PEOPLE]
        if OUTPUT not in given and not all(group in given for group in groups):
            missing.append(OUTPUT)
        if missing:
            message = f"{self.about[part]['name_en']} has no share of {missing[0]}"
            raise InputError(message, file=PART_SHARES.file, column="variable")
        rows = self._rows(OUTPUT, self.about[part]["parent"])
        shares = [self._output(part, sector) for sector in rows["sector"]]
        total = float(sum(w[0] * v for w, v in zip(shares, rows["value"], strict=True)) / rows["value"].sum())
        given[OUTPUT] = (total, shares[0][1], _weakest(*(share[2] for share in shares)))

    def _output(self, part: str, sector: str) -> tuple[float, str, str]:
        """Share of a sector's value added."""
        given = self.given[part]
        return given.get(f"{OUTPUT}_{self.group[sector]}") or given[OUTPUT]

    def _rows(self, table: str, region: str) -> pd.DataFrame:
        frame = self.tables[table]
        return frame[frame["region"] == region]

    def by_sector(self, table: str) -> Share:
        """Shares of a table by sector: of value added; of a stock its own share, among sectors as value added."""
        factor = {part: self._factor(part, table) for part in self.parts.index if table in self.given[part]}

        def share(part: str, row: Mapping[str, object]) -> tuple[float, str, str]:
            value, source, status = self._output(part, str(row["sector"]))
            if table == OUTPUT or part not in factor:
                return value, source, status
            return value * factor[part], self.given[part][table][1], _weakest(status, self.given[part][table][2])

        return share

    def _factor(self, part: str, table: str) -> float:
        """What makes shares by value added take the part's own share of a stock."""
        rows = self._rows(table, self.about[part]["parent"])
        taken = sum(self._output(part, s)[0] * v for s, v in zip(rows["sector"], rows["value"], strict=True))
        return float(self.given[part][table][0] * rows["value"].sum() / taken) if taken else 0.0

    def by_variable(self, part: str, row: Mapping[str, object]) -> tuple[float, str, str]:
        """Share of a figure of region_values.csv: its own, else people by residents, money by value added."""
        given = self.given[part]
        default = PEOPLE if row["unit"] == AMOUNTS[1] else OUTPUT
        return given.get(str(row["variable"])) or given[default]

    def divided(self, table: str, share: Share) -> pd.DataFrame:
        """A long table with rows for the parts; their city's rows keep what the parts leave."""
        frame = self.tables[table].copy()
        added: list[dict[str, object]] = []
        for parent, names in self.taken.items():
            here = frame[frame["region"] == parent]
            for line, row in zip(here.index, records(here), strict=True):
                divides = "unit" not in row or row["unit"] in AMOUNTS
                taken = 0.0
                for part in names:
                    w, source, status = share(part, row) if divides else (1.0, f"as {parent}", "judgement")
                    taken += w
                    added.append({**row, "region": part, "value": w * row["value"], "source": source, "status": status})
                if divides:
                    what = str(row.get("variable", table))
                    self._check(parent, names, what, taken if row["value"] else 0.0)
                    frame.loc[line, "value"] = (1.0 - taken) * row["value"]
                    frame.loc[line, "source"] = f"{row['source']}; less {', '.join(names)}"
        return _numbered([frame, pd.DataFrame(added, columns=frame.columns)])

    def _check(self, parent: str, names: list[str], what: str, taken: float) -> None:
        if taken >= 1.0:
            who = " and ".join(self.about[part]["name_en"] for part in names)
            message = f"{who} would take {taken:.4g} of the {what} of {self.names[parent]}"
            raise InputError(message, file=PART_SHARES.file, column="value", allowed="parts that leave some of it")

    def regions(self) -> pd.DataFrame:
        """regions.csv with the parts behind the last city; area and land that may be built on are divided."""
        frame = self.tables["regions"].copy()
        added = []
        for parent, names in self.taken.items():
            at = frame.index[frame["region"] == parent][0]
            row = records(frame.loc[[at]])[0]
            area = np.array([self.about[part]["area_km2"] for part in names]) / row["area_km2"]
            land = [self.given[part].get(LAND, (w,))[0] for part, w in zip(names, area, strict=True)]
            for what, taken in (("area_km2", float(area.sum())), (LAND, sum(land))):
                self._check(parent, names, what, taken)
                frame.loc[at, what] = (1.0 - taken) * row[what]
            for part, w, built in zip(names, area, land, strict=True):
                own = {name: self.about[part][name] for name in (*NAMED, "source", "status")}
                added.append({**row, **own, "region": part, "area_km2": w * row["area_km2"], LAND: built * row[LAND]})
        added.sort(key=lambda row: list(self.about).index(str(row["region"])))
        is_city = frame["kind"] == "city"
        return _numbered([frame[is_city], pd.DataFrame(added, columns=frame.columns), frame[~is_city]])

    def travel_times(self) -> pd.DataFrame:
        """travel_times.csv with rows from and to parts: their city's, or those of part_travel_times.csv."""
        frame = self.tables["travel_times"]
        for part, parent in ((part, row["parent"]) for part, row in self.about.items()):
            away, back = frame["origin"] == parent, frame["destination"] == parent
            own = frame[away & back]
            rows = [
                frame[away & ~back].assign(origin=part), frame[back & ~away].assign(destination=part),
                own.assign(origin=part, destination=part), own.assign(origin=part), own.assign(destination=part),
            ]  # fmt: skip
            frame = pd.concat([frame, *(r.assign(source=f"as {parent}", status="judgement") for r in rows)])
        if "part_travel_times" in self.tables:
            better = self.tables["part_travel_times"]
            places = {*self.names, *self.about}
            better = better[better["origin"].isin(places) & better["destination"].isin(places)]
            back = better.assign(origin=better["destination"], destination=better["origin"])
            frame = pd.concat([frame, back, better]).drop_duplicates(["origin", "destination"], keep="last")
        return _numbered([frame])


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain mappings."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _weakest(*statuses: str) -> str:
    return max(statuses, key=STATUSES.index)


def _numbered(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of frames, numbered as the lines of a file with a header."""
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True).set_axis(pd.RangeIndex(2, sum(map(len, kept)) + 2))
