"""``sim optimise``: which setting of some keys keeps a condition and brings about most of what is wanted?"""

from __future__ import annotations

import argparse
import io
import json
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import common
from sim.commands.sweep import SOME_FAILED, add_engine, engine_of
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.experiments.optimise import Answer, Question

GRAMMAR = """\
keys (--find; a key alone is searched over its own range, `sim schema` or `sim list parameters` show it):
  policies.industry_transfer.origin_share                    one key, from 0 to 1
  policies.industry_transfer.pace,policies.industry_transfer.incentive    several
  'policies.industry_transfer.pace=interval(0,0.1)'          a range of your own
  policies.industry_transfer.term=3,5,10                     some values

conditions (--such-that; several are joined by `and`):
  'min(gain) >= 0'               no city is worse off
  'losers <= 5 and gain > 0'     an indicator alone is that of the whole region
  'any(revenue_gain) < -2'       min max mean sum any all, over the cities; >= <= > < ==

examples:
  sim optimise industry_transfer --find policies.industry_transfer.origin_share --such-that 'min(gain) >= 0' \\
      --minimise theil
  sim optimise industry_transfer --find policies.industry_transfer.pace,policies.industry_transfer.origin_share \\
      --maximise gain --minimise theil --trials 400 --workers 2
"""


def parser() -> common.Parser:
    made = common.parser("optimise", "which setting keeps a condition and brings about most of what is wanted?")
    made.epilog, made.formatter_class = GRAMMAR, argparse.RawDescriptionHelpFormatter
    made.add_argument("scenario", metavar="SCENARIO", help="sim list scenarios shows them")
    made.add_argument("overrides", nargs="*", default=[], metavar="key=value", help="what to change in every run")
    made.add_argument("--find", action="append", default=[], metavar="KEY[,KEY]", help="what may vary, see below")
    for option, what in (("minimise", "small"), ("maximise", "large")):
        made.add_argument(
            f"--{option}", action="append", default=[], metavar="INDICATOR",
            help=f"what should be {what}, max(INDICATOR) over the cities; repeat it for a front",
        )  # fmt: skip
    made.add_argument("--such-that", action="append", default=[], metavar="CONDITION", help="what has to hold")
    made.add_argument("--year", type=int, metavar="YEAR", help="of the outcomes; default the last")
    made.add_argument("--trials", type=common.count, metavar="N", help="runs of the search; for one key: first points")
    made.add_argument("--seed", type=int, default=1, metavar="N", help="of the search and of every run; default 1")
    add_engine(made)
    made.add_argument(
        "--out", type=Path, metavar="DIR", help="write here; default ./outputs/optimise/SCENARIO/TIME-CODE"
    )
    made.add_argument("--force", action="store_true", help="replace the search in DIR")
    made.add_argument("--scenario-dir", metavar="DIR", help="a folder of your own scenarios")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.compose import add_folder
    from sim.config import judged
    from sim.experiments.optimise import Question, optimise

    if arguments.scenario_dir:
        add_folder(arguments.scenario_dir)
    scenario, overrides = common.sort_words(arguments.scenario, arguments.overrides)
    given = {name: getattr(arguments, name) for name in ("find", "minimise", "maximise", "year", "trials", "seed")}
    condition = " and ".join(arguments.such_that)
    question = judged(Question, {"scenario": scenario, "overrides": overrides, "such_that": condition, **given})
    out = arguments.out or default_folder(question)
    check_target(out, force=arguments.force)
    with common.progress(arguments) as tell:
        answer = optimise(question, engine=engine_of(arguments), tell=lambda n: tell(f"{n:,} trials"))
    write(answer, out)
    front = answer.problem.front() if len(answer.problem.objectives) > 1 else []
    shown = [f"({SHOWN} of the {len(front)} trials of the front; all: {ANSWER})"] if len(front) > SHOWN else []
    text = "\n".join(
        [*answer.sentences(), "", common.table(rows(answer)), *shown, "", f"results: {out}", f"page:    {out / PAGE}"]
    )
    common.emit(arguments, {**answer.plain(), "folder": str(out), "page": str(out / PAGE)}, text)
    return SOME_FAILED if answer.n_failed else 0


PAGE, ANSWER = "front.html", "answer.json"
SHOWN = 8  # unit: rows


def default_folder(question: Question) -> Path:
    """``outputs/optimise/<scenario>/<date>-<time>-<6 hex of the question>``."""
    import hashlib

    from sim.experiments.store import OUTPUTS

    digest = hashlib.sha256(question.model_dump_json().encode()).hexdigest()
    return OUTPUTS / "optimise" / question.scenario / f"{datetime.now():%Y%m%d-%H%M%S}-{digest[:6]}"


def check_target(out: Path, *, force: bool) -> None:
    """Refuse a folder that a search may not be written to, before anything is computed."""
    from sim.experiments import store

    if (out / ANSWER).is_file():
        if not force:
            raise InputError("already holds a search (--force replaces it)", file=str(out))
    elif store.holds_run(out):
        raise InputError("holds a run: a search needs a folder of its own", file=str(out))
    else:
        store.check_target(out)


def write(answer: Answer, out: Path) -> None:
    """trials.parquet, the answer and the page.

    The folder gets its name when all are there; in the folder of an earlier search each replaces its old one, and
    nothing else there is touched.
    """
    from sim.experiments.ensemble.parts import write_whole
    from sim.experiments.store import new_folder, unwritable
    from sim.report.search import render_search

    table = io.BytesIO()
    answer.trials.to_parquet(table, index=False)
    told = json.dumps(answer.plain(), ensure_ascii=False, indent=1, allow_nan=False, default=str)
    files = {"trials.parquet": table.getvalue(), PAGE: render_search(answer).encode(), ANSWER: told.encode()}
    try:
        with nullcontext(out) if (out / ANSWER).is_file() else new_folder(out) as folder:
            for name, data in files.items():
                write_whole(folder / name, data)
    except OSError as error:
        raise unwritable(error, out) from error


def rows(answer: Answer) -> list[common.Row]:
    """A few trials: the front, or the edges of the intervals and the best, or what comes nearest; and today's."""
    problem = answer.problem
    if len(problem.objectives) > 1:
        front = problem.front()
        last, n_shown = len(front) - 1, min(len(front), SHOWN)
        chosen = [("front", front[i * last // max(1, n_shown - 1)]) for i in range(n_shown)]  # with both its ends
    else:
        edges = [(name, getattr(found, name).trial) for found in answer.intervals or [] for name in ("low", "high")]
        one = [("best", answer.best), ("nearest", answer.nearest)]
        chosen = [*edges, *((name, trial) for name, trial in one if trial is not None)]
    chosen += [("today", answer.today)] if answer.today is not None else []
    kept = [*answer.short, *(o.name for o in problem.objectives), *(["slack"] if problem.condition is not None else [])]
    found: list[common.Row] = []
    for name, trial in chosen:
        row = problem.row(trial)
        told = {answer.short.get(column, column): row[column] for column in kept}
        found.append({"": name, **told, **({"city": answer.city(trial)} if problem.condition is not None else {})})
    return found
