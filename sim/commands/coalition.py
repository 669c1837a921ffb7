"""``sim coalition``: what is an agreement worth to every coalition, how could it be shared, who would walk away?"""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import common
from sim.commands.sweep import SOME_FAILED, add_engine, engine_of, progress
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.experiments.coalition.question import Question
    from sim.experiments.coalition.study import CoalitionStudy

PAGE = "coalition.html"
YES = {True: "yes", False: "no", None: "not known"}
EPILOG = """\
players (--parties): cities by name or code; a province (SH, JS, ZJ, AH) stands for those of its cities that are parties
of the scenario's policies; all stands for every party. The value of a coalition is what its members gain together when
the policies are in force among them alone. Up to 12 players all coalitions are run, beyond that those of orders drawn.

examples:
  sim coalition market_integration --parties SH,JS,ZJ,AH --workers 2
  sim coalition industry_transfer --parties Shanghai,Suzhou,Fuyang --others in --measure own_revenue
  sim coalition market_integration --parties all --permutations 200 --workers 2
  sim bargain outputs/.../coalitions.csv --kind value      the values again, under any weights
"""


def parser() -> common.Parser:
    made = common.parser("coalition", "what is an agreement worth to every coalition, and who would walk away?")
    made.epilog, made.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    made.add_argument("scenario", metavar="SCENARIO", help="sim list scenarios shows them")
    made.add_argument("overrides", nargs="*", default=[], metavar="key=value", help="what to change in every run")
    made.add_argument("--parties", default="", metavar="A,B,C", help="the players, see below")
    made.add_argument("--others", metavar="out|in", help="parties that are no player's stay out (default) or take part")
    made.add_argument("--measure", metavar="NAME", help="real_income (default), own_revenue or real_gdp")
    made.add_argument("--year", type=int, metavar="YEAR", help="count this year's gain only; default all years")
    made.add_argument("--discount", type=float, metavar="RATE", help="a year, of later years; default 0.04")
    made.add_argument("--beyond", type=int, metavar="YEARS", help="for which the last year's gain goes on; default 0")
    made.add_argument(
        "--disagreement", metavar="NAME", help="of the rule nash: none (default, zero gain), alone or outside"
    )
    made.add_argument("--permutations", type=common.count, metavar="N", help="draw N orders, run no other coalitions")
    made.add_argument("--seed", type=int, metavar="N", help="of the orders drawn; default 1")
    add_engine(made)
    made.add_argument("--out", type=Path, metavar="DIR", help="write here; default ./outputs/coalition/SCENARIO/TIME")
    made.add_argument("--scenario-dir", metavar="DIR", help="a folder of your own scenarios")
    return made


OPTIONS = ("parties", "others", "measure", "year", "discount", "beyond", "disagreement", "permutations", "seed")


def execute(arguments: argparse.Namespace) -> int:
    from sim.compose import add_folder
    from sim.config import judged
    from sim.experiments.coalition.question import Question
    from sim.experiments.coalition.study import coalition
    from sim.report.coalition import render_coalition

    if arguments.scenario_dir:
        add_folder(arguments.scenario_dir)
    scenario, overrides = common.sort_words(arguments.scenario, arguments.overrides)
    given = {name: value for name in OPTIONS if (value := getattr(arguments, name)) is not None}
    question = judged(Question, {"scenario": scenario, "overrides": overrides, **given})
    out = arguments.out or default_folder(question)
    check_target(out)
    with progress(arguments) as tell:
        study = coalition(question, engine=engine_of(arguments), tell=tell)
    study.save(out, {PAGE: render_coalition(study)})
    where = f"results: {out}\npage:    {out / PAGE}"
    common.emit(arguments, {**study.plain(), "folder": str(out), "page": str(out / PAGE)}, f"{text(study)}\n\n{where}")
    return SOME_FAILED if study.failed else 0


def default_folder(question: Question) -> Path:
    """``outputs/coalition/<scenario>/<date>-<time>-<6 hex of the question>``."""
    import hashlib

    from sim.experiments.store import OUTPUTS

    digest = hashlib.sha256(question.model_dump_json().encode()).hexdigest()
    return OUTPUTS / "coalition" / question.scenario / f"{datetime.now():%Y%m%d-%H%M%S}-{digest[:6]}"


def check_target(out: Path) -> None:
    """Refuse a folder that is taken, before anything is computed."""
    if out.is_dir() and any(out.iterdir()):
        raise InputError("holds other files: a coalition study needs a folder of its own", file=str(out))
    if out.exists() and not out.is_dir():
        raise InputError("is a file: a coalition study needs a folder", file=str(out))


def text(study: CoalitionStudy) -> str:
    """Sentences first; then shares, side payments and verdicts by rule."""
    from sim.experiments.coalition.sentences import group, listed, shown

    title = f"{study.setup.question.scenario}: gain in {study.measure}, {study.unit}; {len(study.worth):,} runs"
    parts = [title, "\n".join(study.sentences())]
    if not study.splits:
        return "\n\n".join(parts)
    rules = {shown(rule): split for rule, split in study.splits.items()}
    alone, outside = study.alone, study.outside

    def number(value: float) -> float:
        """Without digits nobody asks for."""
        return float(f"{value:.5g}") if abs(value) > study.noise else 0.0

    intervals = {f"{rule}, 95 %": split.interval for rule, split in rules.items() if split.interval}
    shares: list[common.Row] = [
        {
            "share": player,
            "alone": number(alone[player]),
            "staying out": number(outside[player]),
            **{rule: number(split.shares[player]) for rule, split in rules.items()},
            **{name: " to ".join(f"{number(end):g}" for end in found[player]) for name, found in intervals.items()},
        }
        for player in study.players
    ]
    payments: list[common.Row] = [
        {"side payment": player} | {rule: number(split.payments[player]) for rule, split in list(rules.items())[1:]}
        for player in study.players
    ]
    verdicts: list[common.Row] = [
        {
            "rule": rule,
            "in the core": YES[split.in_core],
            "individually rational": YES[split.individually_rational],
            "walk away first": group(study, split.objections[0][0]) if split.objections else "",
            "and have more": number(split.objections[0][1]) if split.objections else None,
            "better off outside": listed(list(split.leavers)),
        }
        for rule, split in rules.items()
    ]
    tables = [shares, payments, verdicts]
    return "\n\n".join([*parts, *map(common.table, tables)])
