"""``sim run``: compose a scenario, run it beside its reference, save tables and report, say what was found."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import common
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.experiments.run import Run

REPORT = "report.html"

GRAMMAR = """\
overrides (key=value, in any order with the options; quote brackets):
  horizon=2030                                  a value; sim schema lists every key
  policies.industry_transfer.origin_share=0.4   a policy's value, a number or a schedule {2021: 0.5, 2026: 0.4}
  '+policies=[market_integration]'              one more policy; policies=[...] instead, ~policies.NAME without
  parameters.trade_elasticity.AGR=6             a number of the data set, for a sector, a province or everywhere
  economy=no_congestion  world=three_cities     another choice of a group in configs/
  world.dataset=FOLDER                          your own data set
"""


def parser() -> common.Parser:
    made = common.parser("run", "run a scenario beside its reference; write results and report")
    made.epilog, made.formatter_class = GRAMMAR, argparse.RawDescriptionHelpFormatter
    made.add_argument("scenario", metavar="SCENARIO", help="sim list scenarios shows them")
    made.add_argument("overrides", nargs="*", default=[], metavar="key=value", help="what to change, see below")
    made.add_argument("--out", type=Path, metavar="DIR", help="write here; default ./outputs/SCENARIO/TIME-CODE")
    made.add_argument("--force", action="store_true", help="replace the run in DIR")
    made.add_argument("--no-report", action="store_true", help="tables only")
    made.add_argument("--show-config", action="store_true", help="print the resolved configuration, run nothing")
    made.add_argument("--multirun", "-m", action="store_true", help="several values per key: the same as sim sweep")
    made.add_argument("--scenario-dir", metavar="DIR", help="a folder of your own scenarios")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.compose import add_folder, compose

    if arguments.scenario_dir:
        add_folder(arguments.scenario_dir)  # the reference is looked up there too
    if arguments.multirun:
        return _multirun(arguments)
    scenario, overrides = common.sort_words(arguments.scenario, arguments.overrides)
    config = compose(scenario, overrides)
    if arguments.show_config:
        common.emit(arguments, config.plain(), config.to_yaml().rstrip())
        return 0
    from sim.experiments.run import run_scenario
    from sim.experiments.store import default_folder

    out = arguments.out or default_folder(config)
    with common.progress(arguments) as tell:
        add = None if arguments.no_report else partial(_report, tell)
        run = run_scenario(config, out=out, force=arguments.force, progress=tell, add=add, overrides=overrides)
    _tell(arguments, run, None if arguments.no_report else out / REPORT)
    return 0


def _multirun(arguments: argparse.Namespace) -> int:
    """``sim run -m``: Hydra's spelling of ``sim sweep``."""
    from sim.commands import sweep

    if arguments.show_config:
        raise InputError("is not for many runs (sim sweep --show-plan)", key="--show-config")
    asked = {name: value for name, value in vars(arguments).items() if value}
    return sweep.execute(argparse.Namespace(**{**vars(sweep.parser().parse_args([])), **asked}))


def _report(tell: common.Tell, run: Run, folder: Path) -> None:
    """Written before the folder gets its name: a run is whole or not there."""
    from sim.report.html import write_report

    tell("writing the report")
    write_report(run, folder / REPORT, language=run.config.report.language)


def _tell(arguments: argparse.Namespace, run: Run, report: Path | None) -> None:
    from sim.report.answer import answer

    sentences = answer(run, language=run.config.report.language)
    data = {"run": str(run.folder), "report": None if report is None else str(report), "answer": sentences}
    places = [f"results: {run.folder}"] + ([] if report is None else [f"report:  {report}"])
    common.emit(arguments, data, "\n".join([*sentences, "", *places]))
