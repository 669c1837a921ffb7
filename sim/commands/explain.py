"""``sim explain``: what one number of a run is made of, back to the parameters and data rows it rests on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sim.commands import common

if TYPE_CHECKING:
    from sim.experiments.run import Run


def parser() -> common.Parser:
    made = common.parser("explain", "inputs, parameters, sources and formula behind one number of a run")
    made.add_argument("figure", metavar="FIGURE", help="a column of the run's cities table, such as gdp")
    made.add_argument("--city", required=True, metavar="X", help="id or name; sim list cities shows them")
    made.add_argument("--year", required=True, type=int, metavar="Y")
    made.add_argument("--sector", metavar="S", help="for a column of the sectors table")
    made.add_argument("--run", metavar="RUN", help=f"{common.RUN_HELP}; default: the latest of all")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.experiments.explain import explain
    from sim.experiments.run import load

    run = load(arguments.run or common.latest_run())
    city = common.choose_city(arguments.city, _names(run))
    explained = explain(arguments.figure, city, arguments.year, run, sector=arguments.sector)
    common.emit(arguments, {"run": str(run.folder), **explained.as_dict()}, f"{explained}\n\nrun: {run.folder}")
    return 0


def _names(run: Run) -> dict[str, tuple[str, str]]:
    """The names of every region in both languages."""
    return {region: (label["name_en"], label["name_zh"]) for region, label in run.labels["regions"].items()}
