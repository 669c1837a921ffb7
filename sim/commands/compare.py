"""``sim compare``: what differs between two runs, in what they were told and in what came out."""

from __future__ import annotations

import argparse
from functools import partial
from textwrap import shorten
from typing import TYPE_CHECKING

from sim.commands import common
from sim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments.compare import Comparison

SHOWN = ("real_income", "real_gdp", "own_revenue")
"""Columns of the cities table that a comparison prints; ``--json`` and Python give all."""

WORDS = ("title", "question")
"""Keys that say nothing the scenario's name does not; ``--json`` has them."""

WIDTH = 60
"""Letters of one value, longer lists are cut."""


def parser() -> common.Parser:
    made = common.parser("compare", "what changes between two runs, B against A")
    made.add_argument("a", metavar="A", help=common.RUN_HELP)
    made.add_argument("b", metavar="B", help="the run compared with A")
    made.add_argument("--year", type=int, help="default: the last year both have")
    made.add_argument("--top", type=common.count, default=5, metavar="N", help="winners and losers shown")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.experiments.compare import compare
    from sim.experiments.run import load

    a, b = load(arguments.a), load(arguments.b)
    comparison = compare(a, b)
    years = sorted(set(a.cities["year"]) & set(b.cities["year"]))
    if not years:
        raise InputError("the runs have no year in common", file=f"{a.folder} and {b.folder}")
    year = years[-1] if arguments.year is None else common.choose_year(arguments.year, years)
    cities = comparison.cities.loc[comparison.cities["year"] == year]
    data = {
        "year": year,
        "config": comparison.config.to_dict("records"),
        "indicators": _year(comparison.indicators, year).to_dict("records"),
        "cities": cities.to_dict("records"),
    }
    common.emit(arguments, data, "\n\n".join(_text(comparison, year, arguments.top)))
    return 0


def _year(frame: pd.DataFrame, year: int) -> pd.DataFrame:
    return frame.loc[frame["year"] == year]


def _text(comparison: Comparison, year: int, top: int) -> list[str]:
    told = comparison.config.loc[~comparison.config["key"].str.startswith(WORDS)]
    cut = partial(shorten, width=WIDTH, placeholder=" ...")
    rows = [{name: cut(cell) for name, cell in row.items()} for row in common.records(told)]
    parts = [f"What the runs were told differently\n{common.table(rows)}"]
    for quantity in SHOWN:
        ranked = comparison.city(quantity, year)
        ends = ranked if len(ranked) <= 2 * top else ranked.iloc[[*range(top), *range(-top, 0)]]
        parts.append(f"{quantity} in {year}: first and last\n{common.table(common.records(ends), COLUMNS)}")
    return parts


COLUMNS = ("region", "name", "a", "b", "change", "change_pct")
