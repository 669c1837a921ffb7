"""What one number of a run is made of: inputs, formula, parameters with their sources, rows of the data set.

A figure is a function that computes the number again from the result tables (`sim.experiments.figures`). What it asks
for is written down while it computes, so what is shown is what was used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.tables import VALUES

if TYPE_CHECKING:
    import pandas as pd

    from sim.datasets.world import World
    from sim.experiments.run import Run

TOLERANCE = 1e-6
"""How far a recomputed number may be from the table, relative: the solver's tolerance shows in prices."""


@dataclass(frozen=True)
class Input:
    """One number that a formula used."""

    name: str
    value: float
    unit: str
    meaning: str
    where: str


@dataclass(frozen=True)
class Source:
    """One parameter or one cell of the data set."""

    table: str
    name: str
    value: float
    unit: str
    status: str
    source: str
    low: float | None = None
    high: float | None = None
    meaning: str = ""


@dataclass(frozen=True)
class Explanation:
    """A number of a run with what stands behind it.

    ``recomputed`` is what the formula makes of the inputs; it is the printed value, up to the solver's tolerance.
    """

    figure: str
    city: str
    name: str
    year: int
    sector: str | None
    value: float
    unit: str
    meaning: str
    formula: str
    recomputed: float
    inputs: list[Input] = field(default_factory=list)
    parameters: list[Source] = field(default_factory=list)
    data: list[Source] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        sector = f", sector {self.sector}" if self.sector else ""
        head = f"{self.figure} of {self.name}{sector} in {self.year} = {self.value:,.6g} {self.unit}"
        parts = [f"{head}\n{self.meaning}", f"formula: {self.formula}\n  = {self.recomputed:,.6g}"]
        if self.inputs:
            lines = [f"  {i.name:<24} {i.value:>16,.6g} {i.unit}  ({i.where}) {i.meaning}" for i in self.inputs]
            parts.append("\n".join(["inputs:", *lines]))
        for title, rows in (("parameters:", self.parameters), ("data:", self.data)):
            if rows:
                lines = [f"  {s.name:<32} {s.value:>12,.6g} {s.unit}  [{s.status}] {s.source}" for s in rows]
                parts.append("\n".join([title, *lines]))
        return "\n\n".join(parts)


class Lookup:
    """Where a figure's function gets its numbers from; remembers what was asked."""

    def __init__(self, run: Run, world: World, city: str, year: int, sector: str | None) -> None:
        self.run, self.world, self.city, self.year, self.sector = run, world, city, year, sector
        self.index = world.index(city)
        self.inputs: list[Input] = []
        self.parameters: list[Source] = []

    @property
    def base_year(self) -> int:
        return self.world.base_year

    @property
    def is_base_year(self) -> bool:
        return self.year == self.base_year

    @cached_property
    def chosen(self) -> list[int]:
        """Positions of the sectors asked for: one, or all."""
        world = self.world
        return [world.sector_index(self.sector)] if self.sector else list(range(world.n_sectors))

    def note(self, name: str, value: float, unit: str, meaning: str, where: str) -> float:
        """Remember an input and hand it back."""
        item = Input(name, float(value), unit, meaning, where)
        if item not in self.inputs:
            self.inputs.append(item)
        return float(value)

    def of_city(self, column: str, *, year: int | None = None) -> float:
        """A cell of the cities table."""
        when = self.year if year is None else year
        about = next(c for c in VALUES["cities"] if c.name == column)
        value = cell(self.run.cities, column, region=self.city, year=when)
        return self.note(column, value, about.unit, about.meaning, f"cities, {when}")

    def of_sectors(self, column: str, *, year: int | None = None) -> FloatArray:
        """A column of the sectors table for the sectors asked for ``[sector]``."""
        when = self.year if year is None else year
        about = next(c for c in VALUES["sectors"] if c.name == column)
        table = self.run.sectors
        rows = table[(table["region"] == self.city) & (table["year"] == when)].set_index("sector")[column]
        ids = [self.world.sector_ids[s] for s in self.chosen]
        where = f"sectors, {when}"
        return np.array([self.note(f"{column} {s}", rows[s], about.unit, about.meaning, where) for s in ids])

    def paid(self, what: str, *, year: int | None = None, **where: str | Sequence[str]) -> float:
        """Sum of the rows of the transfers table with these payers, payees, rules or taxes."""
        return self._summed(self.run.transfers, "transfers", what, year, where)

    def flow(self, what: str, *, year: int | None = None, **where: str | Sequence[str]) -> float:
        """Sum of the rows of the flows table of a kind, between places."""
        return self._summed(self.run.flows, "flows", what, year, where)

    def _summed(
        self, table: pd.DataFrame, name: str, what: str, year: int | None, where: dict[str, str | Sequence[str]]
    ) -> float:
        when = self.year if year is None else year
        chosen = table["year"] == when
        for column, wanted in where.items():
            chosen &= table[column] == wanted if isinstance(wanted, str) else table[column].isin(list(wanted))
        value = float(table.loc[chosen, "amount"].sum())
        about = VALUES[name][-1]
        return self.note(what, value, about.unit.partition(";")[0], about.meaning, f"{name}, {when}")

    def parameter(self, key: str) -> float:
        """A parameter that is one number."""
        self._cite(key, "all", "all")
        return self.world.parameters.value(key)

    def parameter_by_sector(self, key: str) -> FloatArray:
        """A parameter by sector, for the sectors asked for."""
        for s in self.chosen:
            self._cite(key, self.world.sector_ids[s], "all")
        return self.world.parameters.by_sector(key)[self.chosen]

    def parameter_of_place(self, key: str) -> float:
        """A parameter of the city's province."""
        self._cite(key, "all", self.place)
        return float(self.world.parameters.by_province(key)[self.world.province_of[self.index]])

    def cite_all(self, key: str) -> None:
        """Cite every row of a parameter that concerns the city, and the sector if one was asked for."""
        frame, sectors = self.world.parameters.frame, ("all", self.sector)
        rows = frame[(frame["key"] == key) & frame["place"].isin(["all", self.place])]
        for sector, place in zip(rows["sector"], rows["place"], strict=True):
            if self.sector is None or sector in sectors:
                self._cite(key, str(sector), str(place))

    @property
    def place(self) -> str:
        """The place whose row of a parameter the city takes: its province, ROC or ROW."""
        places = (*self.world.province_ids, "ROC", "ROW")
        return str(places[int(self.world.province_of[self.index])])

    def _cite(self, key: str, sector: str, place: str) -> None:
        found = cited(self.world, key, sector, place)
        if found not in self.parameters:
            self.parameters.append(found)


def cited(world: World, key: str, sector: str, place: str) -> Source:
    """The row of a parameter that holds for a sector and a place."""
    row = world.parameters.row(key, sector, place)
    name = ".".join([key, *(part for part in (row.sector, row.place) if part != "all")])
    low, high = (None if end != end else end for end in (row.low, row.high))
    return Source(
        "parameters", name, row.value, row.unit, row.status, row.source, low=low, high=high, meaning=row.meaning
    )


def cell(table: pd.DataFrame, column: str, **where: object) -> float:
    """The one cell of a table where the key columns have these values."""
    chosen = np.ones(len(table), dtype=bool)
    for key, value in where.items():
        chosen &= (table[key] == value).to_numpy()
    return float(table.loc[chosen, column].iloc[0])


Formula = Callable[[Lookup], float]


@dataclass(frozen=True)
class Figure:
    """How a number is computed again, and what else stands behind it."""

    name: str
    formula: str
    compute: Formula
    by_sector: bool
    parameters: tuple[str, ...]
    data: tuple[str, ...]


def explain(figure: str, city: str, year: int, run: Run, *, sector: str | None = None) -> Explanation:
    """Inputs, parameters with sources, data and formula behind one number.

    Args:
        figure: a column of the cities table, or with ``sector`` of the sectors table.
        city: id or English name of a region.
        year: a year of the run.
        run: the run.
        sector: id or English name, for the number of one sector.

    Raises:
        InputError: no such figure, city, year or sector; or the data set has changed since the run.
    """
    from sim.experiments.figures import FIGURES

    world = data_of(run)
    region = world.region_ids[world.index(city)]
    chosen = None if sector is None else world.sector_ids[world.sector_index(sector)]
    first, last = int(run.cities["year"].min()), int(run.cities["year"].max())
    if not first <= year <= last:
        raise InputError(f"the run has no year {year}", allowed=f"{first} to {last}")
    known = {name: item for name, item in FIGURES.items() if chosen is None or item.by_sector}
    if figure not in known:
        raise InputError(f"cannot explain '{figure}'{did_you_mean(figure, known)}", allowed=", ".join(known))
    item = known[figure]
    lookup = Lookup(run, world, region, year, chosen)
    recomputed = float(item.compute(lookup))
    return _explanation(item, lookup, recomputed)


def _explanation(item: Figure, lookup: Lookup, recomputed: float) -> Explanation:
    run, world = lookup.run, lookup.world
    table = "cities" if lookup.sector is None and item.name in run.cities else "sectors"
    about = next(c for c in VALUES[table] if c.name == item.name)
    for key in item.parameters:
        lookup.cite_all(key)
    where: dict[str, object] = {"region": lookup.city, "year": lookup.year}
    if table == "sectors" and lookup.sector:
        where["sector"] = lookup.sector
    printed = recomputed if table == "sectors" and not lookup.sector else cell(run.frame(table), item.name, **where)
    return Explanation(
        figure=item.name,
        city=lookup.city,
        name=world.region_names[lookup.index],
        year=lookup.year,
        sector=lookup.sector,
        value=printed,
        unit=about.unit,
        meaning=about.meaning,
        formula=item.formula,
        recomputed=recomputed,
        inputs=lookup.inputs,
        parameters=lookup.parameters,
        data=[source for name in item.data for source in data_rows(world, name, lookup)],
    )


def data_rows(world: World, table: str, lookup: Lookup) -> list[Source]:
    """Rows of a table of the data set about the city in the base year."""
    rows = world.tables[table]
    rows = rows[rows["region"] == lookup.city]
    if "year" in rows:
        rows = rows[rows["year"] == world.base_year]
    label = "sector" if "sector" in rows else "variable"
    if label == "sector" and lookup.sector:
        rows = rows[rows["sector"] == lookup.sector]
    units = {"value_added": "100m_yuan", "capital": "100m_yuan", "employment": "10k_persons"}
    return [
        Source(
            table,
            f"{table} {row[label]} {world.base_year}",
            float(row["value"]),
            str(row.get("unit") or units.get(table, "")),
            str(row["status"]),
            str(row["source"]),
        )
        for row in rows.to_dict("records")
    ]


def data_of(run: Run) -> World:
    """The data set of a run, as it was.

    Raises:
        InputError: it has changed since.
    """
    from sim.config import world_of

    if run.model is not None:
        return run.model.world
    world = world_of(run.config)
    if world.content_hash != run.info["data"]["hash"]:
        raise InputError(f"the data set {world.name} has changed since the run; run it again", file=str(run.folder))
    return world
