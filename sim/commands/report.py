"""``sim report``: write the page of a run again, here or in the other language."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import common
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.experiments.ensemble.study import Study


def parser() -> common.Parser:
    made = common.parser("report", "write the report of a run again")
    made.add_argument("run", metavar="RUN", help=common.RUN_HELP)
    made.add_argument("--out", type=Path, metavar="FILE", help="default: report.html in the run's folder")
    made.add_argument("--language", metavar="en|zh", help="default: the run's own")
    made.add_argument(
        "--draws", type=common.count, metavar="N", help="show the band over N draws of the imputed sector detail"
    )
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.experiments.ensemble.study import Study
    from sim.experiments.open import load
    from sim.experiments.store import unwritable
    from sim.report.html import write_report

    found = load(arguments.run)
    if isinstance(found, Study):
        return _study(arguments, found)
    run = found
    language = common.choose(arguments.language or run.config.report.language, ("en", "zh"), "language")
    path = arguments.out or Path(run.folder or "") / "report.html"
    switches = None
    if arguments.draws:
        from sim.experiments.switches import switch_study

        switches = switch_study(run, draws=arguments.draws)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_report(run, path, language=language, switches=switches)
    except OSError as error:
        raise unwritable(error, path) from error
    common.emit(arguments, {"report": str(path)}, f"report: {path}")
    return 0


def _study(arguments: argparse.Namespace, study: Study) -> int:
    from sim.experiments.store import unwritable
    from sim.report.study import write_study_report

    if arguments.draws:
        raise InputError("is for the report of a run, not of a study", key="--draws")
    language = common.choose(arguments.language or "en", ("en", "zh"), "language")
    path = arguments.out or study.folder / "report.html"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_study_report(study, path, language=language)
    except OSError as error:
        raise unwritable(error, path) from error
    common.emit(arguments, {"report": str(path)}, f"report: {path}")
    return 0
