"""``sim export``: the tables of a run for other programs; every column keeps its unit and meaning."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import common
from sim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments.run import Run

FORMATS = {"csv": "csv", "xlsx": "results.xlsx", "nc": "results.nc"}
"""Format -> name of what is written in the run's folder."""

SHEET_ROWS = 1048575  # source: rows of an Excel sheet below its header


def parser() -> common.Parser:
    made = common.parser("export", "the tables of a run as CSV, Excel or netCDF")
    made.add_argument("run", metavar="RUN", help=common.RUN_HELP)
    made.add_argument("--format", default="csv", metavar="csv|xlsx|nc")
    made.add_argument("--out", type=Path, metavar="PATH", help="a folder for csv, otherwise a file")
    made.add_argument("--force", action="store_true", help="replace what is there")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.experiments.run import load

    form = common.choose(arguments.format, list(FORMATS), "format")
    run = load(arguments.run)
    target = arguments.out or Path(run.folder or "") / FORMATS[form]
    if target.exists() and not arguments.force:
        raise InputError("already exists; --force replaces it", file=str(target))
    write_whole(target, lambda path: WRITERS[form](run, path))
    common.emit(arguments, {"written": str(target)}, f"wrote {target}")
    return 0


def write_whole(target: Path, write: Callable[[Path], None]) -> None:
    """Write under a temporary name beside the target, rename when whole, leave nothing behind on failure."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        _remove(target)
        part.rename(target)
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _frames(run: Run) -> dict[str, pd.DataFrame]:
    """The tables, and one more that says what their columns hold."""
    import pandas as pd

    from sim.experiments.tables import TABLES, columns

    rows = [
        {"table": name, "column": column.name, "unit": column.unit, "meaning": column.meaning}
        for name in TABLES
        for column in columns(name)
    ]
    return {**{name: run.frame(name) for name in TABLES}, "columns": pd.DataFrame(rows)}


def _csv(run: Run, folder: Path) -> None:
    folder.mkdir()
    for name, frame in _frames(run).items():
        frame.to_csv(folder / f"{name}.csv", index=False)


def _xlsx(run: Run, path: Path) -> None:
    import pandas as pd

    for name, frame in (frames := _frames(run)).items():
        if len(frame) > SHEET_ROWS:
            raise InputError(f"{len(frame)} rows are too many for a sheet: use --format csv", key=name)
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        raise InputError("Excel files need openpyxl: pip install 'deltasim[analysis]', or --format csv") from None
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, frame in frames.items():
            frame.to_excel(book, sheet_name=name, index=False)


def _netcdf(run: Run, path: Path) -> None:
    run.to_xarray().to_netcdf(path, engine="scipy")


WRITERS: dict[str, Callable[[Run, Path], None]] = {"csv": _csv, "xlsx": _xlsx, "nc": _netcdf}
