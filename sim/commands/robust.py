"""``sim robust``: which setting of the levers of a study does well whatever the world is like?"""

from __future__ import annotations

import argparse

from sim.commands import common
from sim.commands.discover import STUDY_HELP, WHERE_HELP, add_outcome, rows

EXAMPLES = """\
examples:
  sim robust outputs/studies/mine --outcome gain
  sim robust outputs/studies/mine --outcome losers --minimise --satisfy 'gain > 0 and losers <= 10'
"""


def parser() -> common.Parser:
    made = common.parser("robust", "robust choice among the settings of the levers: worst case, regret, satisficing")
    made.epilog, made.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    made.add_argument("study", metavar="STUDY", help=STUDY_HELP)
    made.add_argument("--outcome", required=True, metavar="NAME", help="indicator to judge by (sim list indicators)")
    goal = made.add_mutually_exclusive_group()
    goal.add_argument("--maximise", dest="maximise", action="store_true", default=True, help="more is better (default)")
    goal.add_argument("--minimise", dest="maximise", action="store_false", help="less is better")
    made.add_argument("--satisfy", metavar="CONDITION", help=f"count the worlds with this; {WHERE_HELP}")
    made.add_argument("--optimism", type=float, metavar="SHARE", help="Hurwicz's weight of the best world, 0 to 1")
    add_outcome(made)
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.experiments.ensemble.study import Study
    from sim.experiments.robust import CANDIDATE, robust

    found = robust(
        Study(arguments.study),
        arguments.outcome,
        maximise=arguments.maximise,
        satisfy=arguments.satisfy,
        year=arguments.year,
        place=arguments.place,
        optimism=arguments.optimism,
    )
    table = rows(found.table)
    data = {
        **{name: getattr(found, name) for name in FIELDS},
        "worlds": found.regret.shape[1],
        "table": table,
        "winners": found.winners,
        "sentences": found.sentences(),
    }
    shown = common.table(table, [CANDIDATE, *found.measures])
    common.emit(arguments, data, "\n".join([*found.sentences(), "", shown]))
    return 0


FIELDS = ("outcome", "maximise", "year", "place", "left_out", "satisfy")
