"""Explicit settings of the levers: a table with keys as columns and one row per setting, from a file or a program."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pandas as pd

from sim.compose import parse_value
from sim.core.errors import InputError
from sim.experiments.ensemble.factors import Factor


def read_cases(path: str | None) -> pd.DataFrame | None:
    """The table of a CSV or Parquet file; None without one.

    Raises:
        InputError: there is no such file, or it is no table.
    """
    if path is None:
        return None
    try:
        frame = pd.read_parquet(path) if path.endswith(".parquet") else _read_csv(path)
    except FileNotFoundError:
        raise InputError("there is no such file", file=path, key="cases") from None
    except (OSError, ValueError) as error:
        message = str(error).splitlines()[0]
        raise InputError(f"cannot be read as a table: {message}", file=path, key="cases") from None
    return frame


def _read_csv(path: str) -> pd.DataFrame:
    """Cells as text; every row as long as the header, which names a column once."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = [(number, row) for number, row in enumerate(csv.reader(file, skipinitialspace=True), 1) if any(row)]
    if not rows:
        return pd.DataFrame()
    header = [name.strip() for name in rows[0][1]]
    if len(header) == 1 and ";" in header[0]:
        raise InputError("columns are separated by ';'", file=path, row=1, allowed="commas")
    twice = next((name for n, name in enumerate(header) if name in header[:n] or not name), None)
    if twice is not None:
        raise InputError("a column without a name" if not twice else "stands twice", file=path, row=1, column=twice)
    for number, row in rows[1:]:
        if len(row) != len(header):
            raise InputError(f"has {len(row)} cells, the header {len(header)}", file=path, row=number)
    cells = [[cell.strip() or None for cell in row] for _, row in rows[1:]]
    return pd.DataFrame(cells, columns=header, dtype=object)


def columns(frame: pd.DataFrame, source: str | None) -> list[Factor]:
    """The columns of a table of cases as levers that move together."""
    if frame.empty or not len(frame.columns):
        raise InputError("holds no case", file=source, key="cases")
    found = []
    for key in map(str, frame.columns):
        cells = frame[key].tolist()
        values = []
        for row, cell in enumerate(cells, start=2):
            try:
                values.append(_cell(cell))
            except InputError as error:
                raise InputError(error.message, file=source, row=row, column=key) from None
        if key == "replicate":
            raise InputError("is set by --replications", file=source, column=key)
        found.append(Factor(key, "lever", options=tuple(values)))
    return found


def _cell(cell: Any) -> Any:
    """A cell of a table of cases: text in the grammar of overrides, a number, a list, or nothing."""
    if isinstance(cell, str):
        return parse_value(cell)
    if isinstance(cell, np.ndarray | list | tuple):
        return list(cell)
    return None if is_empty(cell) else cell


def is_empty(value: object) -> bool:
    """Whether a cell holds nothing."""
    return value is None or value != value
