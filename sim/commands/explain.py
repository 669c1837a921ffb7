"""``sim explain``: what one number of a run is made of, back to the parameters and data rows it rests on."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from sim.commands import common

if TYPE_CHECKING:
    import pandas as pd

    from sim.datasets.world import World
    from sim.experiments.run import Run

Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """How a column of the cities table comes about (figures.yaml)."""

    formula: str = ""
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    divide: str = ""
    sectors: str = ""
    rest: str = ""
    parameters: tuple[str, ...] = ()
    data: tuple[str, ...] = field(default=())


def figures() -> dict[str, Figure]:
    """Every figure that figures.yaml describes."""
    text = resources.files("sim.commands").joinpath("figures.yaml").read_text(encoding="utf-8")
    return {name: Figure(**entry) for name, entry in yaml.safe_load(text).items()}


def parser() -> common.Parser:
    made = common.parser("explain", "inputs, parameters, sources and formula behind one number of a run")
    made.add_argument("figure", metavar="FIGURE", help="a column of the run's cities table, such as gdp")
    made.add_argument("--city", required=True, metavar="X", help="id or name; sim list cities shows them")
    made.add_argument("--year", required=True, type=int, metavar="Y")
    made.add_argument("--run", metavar="RUN", help=f"{common.RUN_HELP}; default: the latest of all")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.config import world_of
    from sim.experiments.run import load

    run = load(arguments.run or common.latest_run())
    folder = str(run.folder)
    world = world_of(run.config)
    columns = [name for name in run.cities.columns if name not in ("year", "region")]
    name = common.choose(arguments.figure, columns, "figure")
    names = zip(world.region_ids, world.region_names, world.region_names_zh, strict=True)
    city = common.choose_city(arguments.city, {region: (en, zh) for region, en, zh in names})
    year = common.choose_year(arguments.year, sorted(set(run.cities["year"])))
    explained = explain(run, world, name, city, year)
    common.emit(arguments, {"run": folder, **explained}, _text(folder, explained))
    return 0


def explain(run: Run, world: World, name: str, city: str, year: int) -> dict[str, Any]:
    """Value, formula, inputs, parameters and data behind a figure of a city in a year."""
    figure = figures().get(name, Figure())
    value = float(_cell(run.cities, name, city, year))
    inputs = _inputs(run, figure, value, city, year)
    described = _described(name)
    return {
        "figure": name,
        "city": city,
        "name": world.region_names[world.index(city)],
        "year": year,
        "value": value,
        "unit": described["unit"],
        "meaning": described["doc"],
        "formula": figure.formula or f"written by the phases {described['phases']}",
        "inputs": inputs,
        "parameters": [row for key in figure.parameters for row in _parameter(world, key, city)],
        "data": [row for table in figure.data for row in _data(world, table, city)],
    }


def _cell(frame: pd.DataFrame, column: str, city: str, year: int) -> float:
    rows = frame.loc[(frame["region"] == city) & (frame["year"] == year), column]
    return float(rows.iloc[0])


def _inputs(run: Run, figure: Figure, value: float, city: str, year: int) -> list[Row]:
    """The terms of the formula with their values; what has no column of its own is the rest."""
    if figure.sectors:
        table = run.sectors
        here = table.loc[(table["region"] == city) & (table["year"] == year)]
        pairs = zip(here["sector"], here[figure.sectors], strict=True)
        return [{"sign": "+", "input": f"{figure.sectors}, {sector}", "value": float(part)} for sector, part in pairs]
    terms = [("+", name) for name in figure.plus] + [("-", name) for name in figure.minus]
    rows: list[Row] = [
        {"sign": sign, "input": name, "value": _cell(run.cities, name, city, year)} for sign, name in terms
    ]
    total = sum(row["value"] if row["sign"] == "+" else -row["value"] for row in rows)
    if figure.rest:
        rows.append({"sign": "+", "input": figure.rest, "value": value - total})
    if figure.divide:
        rows.append({"sign": "/", "input": figure.divide, "value": _cell(run.cities, figure.divide, city, year)})
    return rows


def _described(name: str) -> dict[str, str]:
    """Unit and meaning of a column, and the phases of the year that write its array."""
    from sim.experiments.tables import PUBLISHED, columns
    from sim.model import YEAR

    column = next(column for column in columns("cities") if column.name == name)
    field = next((field for field, published in PUBLISHED.items() if published == name), name)
    phases = ", ".join(phase.name for phase in YEAR if field in phase.writes)
    return {"unit": column.unit, "doc": column.meaning, "phases": phases}


def _parameter(world: World, key: str, city: str) -> list[Row]:
    """Rows of a parameter that apply to the city: everywhere, by sector, or for its province."""
    frame = world.parameters.frame
    province = (*world.province_ids, "ROC", "ROW")[int(world.province_of[world.index(city)])]
    rows = frame.loc[(frame["key"] == key) & frame["place"].isin(["all", province])]
    columns = ["key", "sector", "place", "value", "low", "high", "unit", "status", "source"]
    return common.records(rows[columns])


def _data(world: World, table: str, city: str) -> list[Row]:
    """Rows of a table of the data set about the city in the base year, with source and status."""
    frame = world.tables[table]
    place = next((column for column in ("region", "origin") if column in frame), None)
    if place is None:
        sources = frame[["source", "status"]].drop_duplicates().head(3)
        return [{"table": table, "row": "whole table", **row} for row in common.records(sources)]
    here = frame.loc[frame[place] == city]
    here = here.loc[here["year"] == world.base_year] if "year" in here else here
    if place == "origin":
        here = here.loc[here["destination"] == city]
    label = next(column for column in ("sector", "variable", "destination", "region") if column in here)
    value = next(column for column in ("value", "freight_minutes") if column in here)
    return [
        {"table": table, "row": row[label], "value": row[value], "status": row["status"], "source": row["source"]}
        for row in common.records(here)
    ]


def _text(folder: str, explained: dict[str, Any]) -> str:
    head = (
        f"{explained['figure']} of {explained['name']} in {explained['year']}: "
        f"{explained['value']:,.6g} {explained['unit']}\n{explained['meaning']}\nrun: {folder}"
    )
    parts = [head, f"Formula\n{explained['formula']}"]
    for title in ("inputs", "parameters", "data"):
        if explained[title]:
            parts.append(f"{title.capitalize()}\n{common.table(explained[title])}")
    return "\n\n".join(parts)
