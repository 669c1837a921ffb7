"""``sim discover``: in which of the worlds of a study does something happen?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from sim.commands import common

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = """\
examples:
  sim discover outputs/studies/mine --where 'gain < 0'
  sim discover outputs/studies/mine --where 'gain > 0 and losers <= 10' --year 2030 --method cart
"""

STUDY_HELP = "the folder of a finished sim sweep"
WHERE_HELP = "condition on a run's indicators: 'gain < 0', 'gain > 0 and losers <= 10'"


def parser() -> common.Parser:
    made = common.parser("discover", "scenario discovery: in which worlds does a condition hold?")
    made.epilog, made.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    made.add_argument("study", metavar="STUDY", help=STUDY_HELP)
    made.add_argument("--where", required=True, metavar="CONDITION", help=WHERE_HELP)
    made.add_argument(
        "--method", default="prim", metavar="NAME", help="prim (default): few boxes; cart: a tree's leaves"
    )
    made.add_argument("--threshold", type=float, default=0.8, metavar="SHARE", help=SHARE_HELP)  # unit: share of runs
    add_outcome(made)
    return made


SHARE_HELP = "of a box's runs in which the condition has to hold; default 0.8"


def add_outcome(made: common.Parser) -> None:
    """Options of when and where."""
    made.add_argument("--year", type=int, metavar="YEAR", help="default: the last")
    made.add_argument("--place", default="region", metavar="ID", help="default: the whole region; others if kept")


def execute(arguments: argparse.Namespace) -> int:
    from sim.experiments.discovery import boxes
    from sim.experiments.ensemble.study import Study

    found = boxes(
        Study(arguments.study),
        arguments.where,
        method=arguments.method,
        year=arguments.year,
        place=arguments.place,
        threshold=arguments.threshold,
    )
    told = {name: getattr(found, name) for name in FIELDS}
    tables = {"boxes": rows(found.boxes), "limits": rows(found.limits), "trajectory": rows(found.trajectory)}
    parts = ["\n".join(found.sentences())]
    if tables["boxes"]:
        parts += [common.table(tables["boxes"]), _limits(tables["limits"])]
    common.emit(arguments, {**told, **tables, "sentences": found.sentences()}, "\n\n".join(parts))
    return 0


FIELDS = ("condition", "method", "threshold", "year", "place", "runs", "cases", "unfinished", "coverage")


def _limits(limits: list[dict[str, Any]]) -> str:
    """The limits of the boxes, without columns that none has."""
    used = [name for name in limits[0] if any(row[name] is not None for row in limits)]
    return common.table([{**row, "among": " or ".join(row["among"] or ())} for row in limits], used)


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table; what is not there is None."""
    return common.records(frame.astype(object).where(frame.notna(), None))
