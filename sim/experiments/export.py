"""The tables of a run for other programs: CSV files, one Excel book, one netCDF file; units and meanings go along."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.store import unwritable
from sim.experiments.tables import NO_SECTOR, TABLES, columns, plain_strings

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments.run import Run


def dictionary() -> pd.DataFrame:
    """table, column, unit, meaning of everything a run writes."""
    import pandas as pd

    rows = [(table, column.name, column.unit, column.meaning) for table in TABLES for column in columns(table)]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])


def export(run: Run, format: str, out: str | Path | None = None, *, force: bool = False) -> Path:
    """Write the tables of a run in another format; by default into its folder.

    Args:
        run: the run.
        format: ``csv`` (a folder, one file per table), ``xlsx`` or ``nc`` (netCDF 3, readable everywhere).
        out: folder for csv, otherwise file.
        force: replace what is there.

    Raises:
        InputError: unknown format, something is there already, the disk refuses, Excel support is not installed.
    """
    if format not in WRITERS:
        raise InputError(f"unknown format '{format}'{did_you_mean(format, WRITERS)}", allowed=", ".join(WRITERS))
    write, name = WRITERS[format]
    if out is None and run.folder is None:
        raise InputError("the run is in memory: say where to write it")
    target = Path(out) if out is not None else Path(run.folder or ".") / name
    if target.exists() and not force:
        raise InputError("already exists (--force replaces it)", file=str(target))
    part = target.with_name(f".{target.name}.{os.getpid()}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(run, part)
        _remove(target)
        part.rename(target)
    except OSError as error:
        raise unwritable(error, target) from error
    finally:
        _remove(part)
    return target


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def _csv(run: Run, folder: Path) -> None:
    import pyarrow.csv

    folder.mkdir()
    dictionary().to_csv(folder / "columns.csv", index=False)
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    for name in TABLES:
        pyarrow.csv.write_csv(plain_strings(run.arrow[name]), folder / f"{name}.csv", options)


def _excel(run: Run, path: Path) -> None:
    """One sheet per table; flows are summed over sectors, else Excel would take minutes to open the book."""
    try:
        from openpyxl import Workbook
    except ImportError:
        raise InputError("Excel files need openpyxl: pip install 'deltasim[analysis]', or take csv") from None
    book = Workbook(write_only=True)
    sheets = {"columns": dictionary(), **{name: run.frame(name) for name in TABLES}}
    sheets["flows"] = _without_sectors(run.flows)
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(list(table.columns))
        plain = table.astype(object).where(table.notna(), None)
        for row in plain.itertuples(index=False, name=None):
            sheet.append(row)
    book.save(path)


def _without_sectors(flows: pd.DataFrame) -> pd.DataFrame:
    keys = ["year", "kind", "origin", "destination"]
    table = flows.groupby(keys, sort=False)["amount"].sum().reset_index()
    table.insert(2, "sector", NO_SECTOR)
    return table


def _netcdf(run: Run, path: Path) -> None:
    run.to_xarray().to_netcdf(path, engine="scipy")


WRITERS: dict[str, tuple[Callable[[Run, Path], None], str]] = {
    "csv": (_csv, "csv"),
    "xlsx": (_excel, "results.xlsx"),
    "nc": (_netcdf, "results.nc"),
}
"""Format -> writer, default name inside the run's folder."""
