"""``sim export``: the tables of a run for other programs; units and meanings go along."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.commands import common
from sim.core.errors import InputError


def parser() -> common.Parser:
    made = common.parser("export", "the tables of a run as CSV, Excel or netCDF")
    made.add_argument("run", metavar="RUN", help=common.RUN_HELP)
    made.add_argument("--format", default="csv", metavar="csv|xlsx|nc", help="default csv; xlsx needs openpyxl")
    made.add_argument("--out", type=Path, metavar="PATH", help="a folder for csv, otherwise a file")
    made.add_argument("--force", action="store_true", help="replace what is there")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.experiments.export import export
    from sim.experiments.run import load

    _keep_other_folders(arguments.out)
    target = export(load(arguments.run), arguments.format, arguments.out, force=arguments.force)
    common.emit(arguments, {"written": str(target)}, f"wrote {target}")
    return 0


def _keep_other_folders(out: Path | None) -> None:
    """``--force`` replaces an earlier export, never a folder with anything else (say, all runs)."""
    if out is not None and out.is_dir() and any(out.iterdir()) and not (out / "columns.csv").is_file():
        raise InputError("holds other files: an export needs a folder of its own", file=str(out))
