"""``sim data``: check a data set, show how well it is sourced, start a new one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands import common
from sim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

ACTIONS = ("check", "coverage", "new")


def parser() -> common.Parser:
    made = common.parser("data", "check a data set, show how well it is sourced, start a new one")
    made.add_argument("action", metavar="ACTION", help="check | coverage | new")
    made.add_argument("folder", nargs="?", metavar="FOLDER", help="a folder, or the name of a data set in the package")
    return made


def execute(arguments: argparse.Namespace) -> int:
    action = common.choose(arguments.action, ACTIONS, "action of sim data")
    if action == "new":
        return _new(arguments)
    folder = arguments.folder or "yangtze_delta"
    return _check(arguments, folder) if action == "check" else _coverage(arguments, folder)


def _check(arguments: argparse.Namespace, folder: str) -> int:
    """Every problem with file, row and column; exit code 2 when there is an error."""
    from sim.datasets.check import check_report

    report = check_report(folder)
    verdict = "is sound" if not report.errors else f"has {_several(len(report.errors), 'error')}"
    lines = [f"error: {error}" for error in report.errors] + [f"warning: {warning}" for warning in report.warnings]
    data = {
        "folder": folder,
        "errors": [error.as_dict() for error in report.errors],
        "warnings": [str(warning) for warning in report.warnings],
    }
    lines.append(f"{folder} {verdict}, {_several(len(report.warnings), 'warning')}")
    common.emit(arguments, data, "\n".join(lines))
    if arguments.quiet and not arguments.json:
        print(*lines[: len(report.errors)], sep="\n", end="\n" * bool(report.errors), file=sys.stderr)
    return 2 if report.errors else 0


def _several(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _coverage(arguments: argparse.Namespace, folder: str) -> int:
    """By table, the share of data cells sourced, derived, recalled, imputed, judged."""
    from sim.datasets.world import World

    frame = World.load(folder).coverage
    rows = [_shares(str(name), part) for name, part in frame.groupby("table", sort=False)]
    common.emit(arguments, frame.to_dict("records"), common.table(rows))
    return 0


def _shares(name: str, part: pd.DataFrame) -> dict[str, Any]:
    shares = zip(part["status"].tolist(), part["share"].tolist(), strict=True)
    return {"table": name, "cells": int(part["cells"].sum()), **{status: f"{share:.1%}" for status, share in shares}}


def _new(arguments: argparse.Namespace) -> int:
    """A commented three-city data set to fill with one's own numbers."""
    from sim.datasets import write_template

    if arguments.folder is None:
        raise InputError("sim data new needs a folder to write")
    folder = Path(arguments.folder)
    write_template(folder)
    common.emit(
        arguments,
        {"folder": str(folder)},
        f"wrote {folder}: edit its tables, then\n  sim data check {folder}\n  sim run baseline world.dataset={folder}",
    )
    return 0
