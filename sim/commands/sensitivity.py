"""``sim sensitivity``: which factors move the outcomes of a scenario, and which judgement decides which conclusion."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands import common, sweep
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.experiments.sensitivity import Sensitivity
    from sim.experiments.sensitivity.design import Design

MEANING = """\
methods:
  morris   trajectories; mu_star = mean size of the change of the outcome when a factor crosses its range. Few runs.
  sobol    ST = share of the outcome's variance that a factor takes part in, S1 = that it explains alone. Many runs.
  delta    how far knowing a factor shifts the whole distribution of the outcome; takes the runs of any study.
every index with its 95 % confidence interval; every factor also moved alone (tornado).

examples:
  sim sensitivity industry_transfer                              every judgement that the model reads, a minute
  sim sensitivity industry_transfer --uncertain relocation_hazard,profit_ownership --method sobol --samples 256
  sim sensitivity industry_transfer 'horizon=2030' economy=standard,no_land_cost --uncertain judgement
  sim sensitivity industry_transfer --places city --conclusions 'gain>0.1'
  sim sensitivity outputs/studies/NAME/TIME --method delta       a finished study of sim sweep
"""

FACTORS = 8  # unit: factors shown of an outcome


def parser() -> common.Parser:
    made = common.parser("sensitivity", "which factors decide the outcomes and the conclusions of a scenario")
    made.epilog, made.formatter_class = MEANING, argparse.RawDescriptionHelpFormatter
    made.add_argument("scenario", metavar="SCENARIO|STUDY", help="a scenario, a study, or the folder of a finished one")
    made.add_argument(
        "overrides", nargs="*", default=[], metavar="key=values", help="as in sim sweep; lists are levels"
    )
    made.add_argument("--method", metavar="NAME", help="morris (default), sobol, delta")
    made.add_argument("--samples", type=common.count, metavar="N",
                      help="trajectories (default 10), base points (64), runs of delta (256)")  # fmt: skip
    made.add_argument("--second-order", action="store_true", help="sobol: indices of pairs too; twice the runs")
    made.add_argument(
        "--uncertain", metavar="KEYS", help="parameters over their ranges; default 'judgement' = all guesses"
    )
    made.add_argument("--group", action="append", default=[], metavar="NAME=KEYS", help="factors judged together")
    made.add_argument("--outcomes", metavar="NAMES", help="indicators; default gains, losers, inequality")
    made.add_argument("--years", metavar="YEARS", help="default the last and one in the middle")
    made.add_argument("--places", metavar="SCOPES", help="besides the region: province, group, city")
    made.add_argument(
        "--conclusions", metavar="LIST", help="statements like 'gain>0,losers<10'; default who gains and loses"
    )
    made.add_argument("--no-tornado", action="store_true", help="do not move factors alone; no conclusions then")
    made.add_argument("--seed", type=int, metavar="N", help="of the design and of every random stream")
    sweep.add_engine(made)
    sweep.add_report(made)
    made.add_argument("--out", type=Path, metavar="DIR", help="write here; default ./outputs/studies/NAME/TIME-CODE")
    made.add_argument("--resume", action="store_true", help="the same command again finishes the study in DIR")
    made.add_argument("--force", action="store_true", help="replace the study in DIR")
    made.add_argument("--scenario-dir", metavar="DIR", help="a folder of your own scenarios (and studies/ in it)")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.compose import add_folder
    from sim.experiments.ensemble import parts
    from sim.experiments.ensemble.study import Study
    from sim.experiments.sensitivity import analyse

    if arguments.scenario_dir:
        add_folder(arguments.scenario_dir)
    engine, options = sweep.engine_of(arguments), _options(arguments)
    folder = Path(arguments.scenario)
    if parts.holds_study(folder):
        _refuse_design(arguments)
    else:
        folder = _run(arguments, options)
        options = {}
    with sweep.progress(arguments) as tell:
        found = analyse(Study(folder), engine=engine, tell=tell, **options)
    _show(arguments, found, sweep.write_report(arguments, found.study))
    return 0 if set(found.study.manifest["status"]) <= {"ok"} else sweep.SOME_FAILED


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of the question that the command names."""
    given: dict[str, Any] = {"method": arguments.method, "samples": arguments.samples}
    for name in ("outcomes", "places", "conclusions"):
        value = getattr(arguments, name)
        given[name] = None if value is None else sweep.listed(value)
    given["years"] = None if arguments.years is None else [_year(word) for word in sweep.listed(arguments.years)]
    given["second_order"] = arguments.second_order or None
    given["tornado"] = False if arguments.no_tornado else None
    given["groups"] = dict(map(_group, arguments.group)) or None
    return {name: value for name, value in given.items() if value is not None}


def _year(word: str) -> int:
    if not word.isdecimal():
        raise InputError(f"'{word}' is no year", key="--years", allowed="years with commas between them")
    return int(word)


def _group(text: str) -> tuple[str, list[str]]:
    name, equal, keys = text.partition("=")
    if not (name and equal and sweep.listed(keys)):
        raise InputError(f"'{text}' is no group", key="--group", allowed="NAME=KEY,KEY")
    return name, sweep.listed(keys)


def _refuse_design(arguments: argparse.Namespace) -> None:
    """A finished study is analysed as it is."""
    given = {
        f"--{name}": getattr(arguments, name) for name in ("samples", "uncertain", "group", "seed", "out", "resume")
    }
    named = next((name for name, value in {**given, "key=values": arguments.overrides}.items() if value), None)
    if named is not None:
        raise InputError("the runs of a study are there already: this would need others", key=named)


def _run(arguments: argparse.Namespace, options: Mapping[str, Any]) -> Path:
    """Design the study, say how large it is, run it; its folder."""
    from sim.experiments.ensemble.sweep import default_folder
    from sim.experiments.sensitivity.analysis import asked, run_design
    from sim.experiments.sensitivity.design import Question, design

    spec, name = sweep.spec_of(arguments)
    planned = design(spec, asked(Question(), options))
    out: Path = arguments.out or default_folder(planned.plan, name)
    if not (arguments.quiet or arguments.json):
        print(_size(planned), file=sys.stderr, flush=True)
    engine, many = sweep.engine_of(arguments), {"resume": arguments.resume, "force": arguments.force}
    with sweep.progress(arguments) as tell:
        run_design(planned, out, engine=engine, tell=tell, **many)
    return out


def _size(planned: Design) -> str:
    from sim.experiments.sensitivity.methods import BLOCKS

    question, factors = planned.question, len(planned.plan.factors)
    alone = f", {len(planned.tornado):,} of them with one factor at a time" if question.tornado else ""
    return f"{len(planned):,} runs: {factors} factors, {question.size:,} {BLOCKS[question.method]}{alone}"


def _show(arguments: argparse.Namespace, found: Sensitivity, report: Path | None) -> None:
    sentences = found.sentences()
    tables = {name: _records(getattr(found, name)) for name in ("indices", "tornado", "conclusions")}
    folder = found.study.folder
    data = {"study": str(folder), "method": found.question.method, "runs": len(found.study), "sentences": sentences}
    text = [*_tables(found), *sentences, "", f"results: {folder}  (in Python: Sensitivity.load('{folder}'))"]
    text += [] if report is None else [f"report:  {report}"]
    common.emit(arguments, {**data, **tables}, "\n".join(text))


def _tables(found: Sensitivity) -> list[str]:
    """The leading factors of every outcome of the region in the last year."""
    from sim.experiments.sensitivity.design import short
    from sim.experiments.sensitivity.methods import DUMMY
    from sim.indicators.base import REGION

    meaning = {factor.name: factor.meaning for factor in found.study.factors}
    lines = []
    for outcome in found.indices.loc[found.indices["scope"] == REGION, "outcome"].unique():
        ranked = found.ranked(outcome)
        rows = ranked[(ranked.index < FACTORS) | (ranked["factor"] == DUMMY)]
        shown = [
            {
                "factor": short(row["factor"]), row["index"]: _figures(row["value"]), "+-": _figures(row["confidence"]),
                "to low": _change(row, "low"), "to high": _change(row, "high"),
                "meaning": meaning.get(row["factor"], ""),
            }
            for row in common.records(rows)
        ]  # fmt: skip
        centre = ranked["centre"].dropna()
        alone = f": {centre.iloc[0]:.6g}, and what each factor alone adds to that" if len(centre) else ""
        lines += [f"{outcome} of the region in {found.year}{alone}", common.table(shown), ""]
    return lines


def _change(row: Mapping[str, Any], end: str) -> float | None:
    """The change from the centre: three figures of the outcome itself would hide a small one."""
    return 0.0 if math.isclose(row[end], row["centre"]) else _figures(row[end] - row["centre"])


def _figures(value: float) -> float | None:
    """Three figures are enough to compare by."""
    return None if value != value else float(f"{value:.3g}")


def _records(frame: Any) -> list[dict[str, Any]]:
    return [{key: None if value != value else value for key, value in row.items()} for row in common.records(frame)]
