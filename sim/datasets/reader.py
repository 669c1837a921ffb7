"""Read the files of a data set folder: text to typed tables, every problem with file, row and column.

A table is a pandas frame whose index is the line number in the file (the first data row of a file without
comments is line 2). Reading never stops at a problem: it collects all of them, so that ``sim data check`` can show
every one; loading a world raises the first.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.datasets.schema import TABLES, Column, Table

MANIFEST = "manifest.yaml"
IN_MEMORY = {"source": "given in memory", "status": "judgement"}


class Folder(Protocol):
    """What reading needs of a folder: a path on disk, or a folder inside the installed package."""

    def joinpath(self, *names: str) -> Folder: ...
    def is_dir(self) -> bool: ...
    def is_file(self) -> bool: ...
    def read_bytes(self) -> bytes: ...
    def iterdir(self) -> Iterator[Folder]: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RawTable:
    """The cells of a table as they were given, an empty one as ``""``, with the line each row stands on."""

    lines: list[int]
    columns: dict[str, list[object]]


@dataclass
class DataFolder:
    """The typed tables of one data set with what went wrong while reading them."""

    folder: str
    manifest: dict[str, object]
    tables: dict[str, pd.DataFrame]
    hashes: dict[str, str] = field(default_factory=dict)
    """sha256 of the bytes of each file read."""
    errors: list[InputError] = field(default_factory=list)


def names() -> list[str]:
    """The data sets that come with the package."""
    root = resources.files("sim.datasets")
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir() and entry.joinpath(MANIFEST).is_file())


def find(folder_or_name: str | Path) -> Folder:
    """The folder of a data set: a name that comes with the package, or a path."""
    packaged = names()
    if isinstance(folder_or_name, str) and folder_or_name in packaged:
        found: Folder = resources.files("sim.datasets").joinpath(folder_or_name)
        return found
    path = Path(folder_or_name).expanduser()
    if path.is_dir():
        return path
    hint = did_you_mean(str(folder_or_name), packaged)
    raise InputError(
        f"there is no such data set or folder{hint}",
        file=str(folder_or_name),
        allowed=f"a folder, or one of {', '.join(packaged)}",
    )


def read_folder(folder: Folder) -> DataFolder:
    """Read the manifest and every table of the schema that is there."""
    data = DataFolder(str(folder), {}, {})
    manifest = _read_bytes(folder, MANIFEST, True, data)
    if manifest is not None:
        data.manifest = _parse_manifest(manifest, data.errors)
    for name, table in TABLES.items():
        content = _read_bytes(folder, table.file, table.required, data)
        if content is None:
            continue
        raw = parse_csv(content, table.file, data.errors)
        if raw is not None:
            data.tables[name] = convert(raw, table, data.errors)
    return data


def from_frames(frames: Mapping[str, pd.DataFrame]) -> DataFolder:
    """The same for frames in memory; row n of a frame is reported as the line it would have in a file.

    The columns source and status may be left out.
    """
    data = DataFolder("", {}, {})
    for name, frame in frames.items():
        if name not in TABLES:
            hint = did_you_mean(name, TABLES)
            data.errors.append(InputError(f"unknown table '{name}'{hint}", allowed=", ".join(TABLES)))
            continue
        cells = {
            str(column): ["" if _is_empty(cell) else cell for cell in frame[column].tolist()]
            for column in frame.columns
        }
        for column, word in IN_MEMORY.items():
            if any(known.name == column for known in TABLES[name].columns):
                cells.setdefault(column, [word] * len(frame))
        raw = RawTable(list(range(2, len(frame) + 2)), cells)
        data.tables[name] = convert(raw, TABLES[name], data.errors)
    for name, table in TABLES.items():
        if table.required and name not in frames:
            data.errors.append(InputError("the table is missing", file=name))
    return data


def _read_bytes(folder: Folder, file: str, required: bool, data: DataFolder) -> bytes | None:
    path = folder.joinpath(file)
    if not path.is_file():
        if required:
            data.errors.append(InputError("the file is missing", file=file))
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        data.errors.append(InputError(f"the file cannot be read: {error.strerror}", file=file))
        return None
    data.hashes[file] = hashlib.sha256(content).hexdigest()
    return content


def _parse_manifest(content: bytes, errors: list[InputError]) -> dict[str, object]:
    text = decode(content, MANIFEST, errors)
    if text is None:
        return {}
    try:
        manifest = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = None if mark is None else mark.line + 1
        errors.append(InputError(f"is not valid YAML: {getattr(error, 'problem', error)}", file=MANIFEST, row=row))
        return {}
    if not isinstance(manifest, dict):
        errors.append(InputError("must hold keys and values (name, base_year, ...)", file=MANIFEST))
        return {}
    return manifest


def decode(content: bytes, file: str, errors: list[InputError]) -> str | None:
    """UTF-8 text of a file (a byte order mark is dropped); a wrong encoding is one error naming the row."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        errors.append(InputError("is not UTF-8 text: save the file with encoding UTF-8", file=file, row=row))
        return None


def parse_csv(content: bytes, file: str, errors: list[InputError]) -> RawTable | None:
    """Text cells of a CSV file with their line numbers; leading ``#`` lines and empty lines are skipped."""
    text = decode(content, file, errors)
    if text is None:
        return None
    lines = list(io.StringIO(text, newline=""))
    skipped = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    rows = csv.reader(lines[skipped:], strict=True)
    records: list[list[str]] = []
    numbers: list[int] = []
    line = skipped + 1
    try:
        header = [name.strip() for name in next(rows, [])]
        if not _check_header(header, line, file, errors):
            return None
        line = rows.line_num + skipped + 1
        for record in rows:
            if any(record):
                records.append(record)
                numbers.append(line)
            line = rows.line_num + skipped + 1
    except csv.Error as error:
        errors.append(InputError(f"is not valid CSV: {error}", file=file, row=line))
        return None
    _even_out(records, numbers, len(header), file, errors)
    columns = zip(*records, strict=True) if records else ((),) * len(header)
    cells: list[list[object]] = [[*map(str.strip, column)] for column in columns]
    return RawTable(numbers, dict(zip(header, cells, strict=True)))


def _check_header(header: list[str], line: int, file: str, errors: list[InputError]) -> bool:
    if not header:
        errors.append(InputError("is empty: a header line with the column names is needed", file=file))
    elif len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        errors.append(InputError("the columns must be separated by commas", file=file, row=line))
    elif len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        errors.append(InputError("the column appears twice", file=file, row=line, column=twice))
    else:
        return True
    return False


def _even_out(records: list[list[str]], numbers: list[int], width: int, file: str, errors: list[InputError]) -> None:
    """Report rows with too few or too many cells, and fill or cut them so that the rest can be judged."""
    if set(map(len, records)) <= {width}:
        return
    for record, number in zip(records, numbers, strict=True):
        if len(record) != width:
            message = f"the row has {len(record)} cells, the header {width}"
            errors.append(InputError(message, file=file, row=number))
            record[:] = [*record, *[""] * width][:width]


def convert(raw: RawTable, table: Table, errors: list[InputError]) -> pd.DataFrame:
    """Typed columns of a table: text as str objects (empty ``""``), numbers as float64 (empty NaN).

    Everything a single cell can get wrong is found here; `sim.datasets.check` looks at cells together. Columns of
    sound cells take one pass without looking at single cells again.
    """
    for name in raw.columns:
        if name not in {column.name for column in table.columns}:
            errors.append(_unknown_column(str(name), table))
    lines, index = raw.lines, pd.Index(raw.lines, dtype=np.int64)
    columns: dict[str, NDArray[np.float64] | list[str]] = {}
    for column in table.columns:
        is_number = column.kind in ("number", "integer", "flag")
        if column.name not in raw.columns:
            if column.required:
                errors.append(InputError("the column is missing", file=table.file, column=column.name))
            columns[column.name] = np.full(len(lines), np.nan) if is_number else [""] * len(lines)
            continue
        cells = raw.columns[column.name]
        if is_number:
            columns[column.name] = _numbers(cells, lines, column, table.file, errors)
        else:
            columns[column.name] = _words(cells, lines, column, table.file, errors)
    return pd.DataFrame(
        {
            name: pd.Series(cells, index, np.float64 if isinstance(cells, np.ndarray) else object)
            for name, cells in columns.items()
        },
        index,
    )


def _unknown_column(name: str, table: Table) -> InputError:
    known = [column.name for column in table.columns]
    hint = did_you_mean(name, known)
    return InputError(f"unknown column{hint}", file=table.file, column=name, allowed=", ".join(known))


def _words(cells: list[object], lines: list[int], column: Column, file: str, errors: list[InputError]) -> list[str]:
    words = list(map(str, cells))
    distinct = set(words)
    if "" in distinct and column.required:
        errors += [
            InputError("the cell is empty", file, line, column.name, allowed=column.allowed)
            for line, word in zip(lines, words, strict=True)
            if not word
        ]
    if column.values and (wrong := distinct - {"", *column.values}):
        errors += [
            InputError(f"unknown word '{word}'", file, line, column.name, allowed=column.allowed)
            for line, word in zip(lines, words, strict=True)
            if word in wrong
        ]
    return words


def _numbers(
    cells: list[object], lines: list[int], column: Column, file: str, errors: list[InputError]
) -> NDArray[np.float64]:
    try:
        if "_" in "".join(map(str, cells)):  # 1_234 is a number to Python only
            raise ValueError
        numbers = np.fromiter(map(float, cells), np.float64, len(cells))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        numbers = np.array([_number(cell) for cell in cells])
    finite = np.isfinite(numbers)
    for row in np.flatnonzero(~finite):
        if cells[row] != "":
            errors.append(_not_a_number(str(cells[row]), column, file, lines[row]))
        elif column.required:
            allowed = column.allowed or "a number"
            errors.append(InputError("the cell is empty", file, lines[row], column.name, allowed=allowed))
    for row in np.flatnonzero(finite & _outside(numbers, column)):
        errors.append(_outside_error(float(numbers[row]), column, file, lines[row]))
    numbers[~finite] = np.nan
    return numbers


def _is_empty(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def _number(cell: object) -> float:
    try:
        return np.nan if "_" in str(cell) else float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.nan


def _not_a_number(word: str, column: Column, file: str, line: int) -> InputError:
    missing = word.lower().strip("+-") in ("nan", "inf", "infinity", "na", "n/a", "none", "null")
    message = f"'{word}' is not a finite number" if missing else f"'{word}' is text where a number belongs"
    return InputError(message, file, line, column.name, allowed=column.allowed or "a number")


def _outside(numbers: NDArray[np.float64], column: Column) -> NDArray[np.bool_]:
    if column.kind == "flag":
        return ~np.isin(numbers, (0.0, 1.0))
    outside = np.zeros(len(numbers), dtype=np.bool_)
    if column.low is not None:
        outside |= numbers < column.low
    if column.high is not None:
        outside |= numbers > column.high
    if column.kind == "integer":
        outside |= numbers != np.floor(numbers)
    return outside


def _outside_error(value: float, column: Column, file: str, row: int) -> InputError:
    what = column.meaning if column.unit else column.name
    if column.low == 0 and value < 0:
        message = f"negative {what}: {value:g}"
    elif column.kind == "integer" and value != int(value):
        message = f"{value:g} is not a whole number"
    else:
        message = f"{what} {value:g} is out of range"
    return InputError(message, file, row, column.name, allowed=column.allowed)
