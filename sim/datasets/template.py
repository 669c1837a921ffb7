"""`sim data new FOLDER`: a commented data set to start from, the three invented cities.

The comments above each table come from `sim.datasets.schema`, the numbers from the package's small data set, so the
template cannot fall behind either.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import textwrap
from pathlib import Path

import yaml

from sim.core.errors import InputError
from sim.datasets import reader
from sim.datasets.check import REFERENCE
from sim.datasets.reader import MANIFEST
from sim.datasets.schema import TABLES, Column, Table

WIDTH = 110  # unit: characters of a line
MANIFEST_COMMENT = """\
# What this data set is. Edit the tables, then run: sim data check FOLDER
# name: one word; base_year: the year of the base data; vintage: when the figures were taken.
# symmetric_travel_times: true when travel_times.csv may give one direction of a pair only.
# sha256: fingerprint of each file as delivered; after an edit the check mentions the difference, nothing more.
"""


def write_template(folder: str | Path) -> list[Path]:
    """Write the template into a new or empty folder and return its files; nothing is left behind on failure."""
    target = Path(folder).expanduser()
    try:
        _refuse_used(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.parent / f".{target.name}.{os.getpid()}"
        draft.mkdir()
        try:
            _fill(draft)
            draft.replace(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=str(folder)) from error
    return sorted(target.iterdir())


def _refuse_used(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()):
        raise InputError("the folder is not empty", file=str(target), allowed="a new or an empty folder")
    if target.exists() and not target.is_dir():
        raise InputError("there is a file of this name", file=str(target), allowed="a new or an empty folder")


def _fill(draft: Path) -> None:
    source = reader.find(REFERENCE)
    manifest = yaml.safe_load(source.joinpath(MANIFEST).read_bytes())
    for file, about in manifest["tables"].items():
        table = TABLES[file.removesuffix(".csv")]
        content = comments(table).encode() + source.joinpath(file).read_bytes()
        draft.joinpath(file).write_bytes(content)
        about["sha256"] = hashlib.sha256(content).hexdigest()
    text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=WIDTH)
    draft.joinpath(MANIFEST).write_text(MANIFEST_COMMENT + text, encoding="utf-8")


def sign(folder: str | Path) -> list[str]:
    """Write the sha256 of the edited files into manifest.yaml, nothing else of it changes; the files concerned.

    After an edit of a data set of the package: ``python -c "from sim.datasets.template import sign; sign(FOLDER)"``.
    """
    path = Path(folder) / MANIFEST
    text, signed = path.read_text(encoding="utf-8"), []
    for file, about in yaml.safe_load(text)["tables"].items():
        digest = hashlib.sha256(path.with_name(file).read_bytes()).hexdigest()
        if digest != about["sha256"]:
            text = text.replace(about["sha256"], digest)
            signed.append(str(file))
    path.write_text(text, encoding="utf-8")
    return signed


def comments(table: Table) -> str:
    """The description of a table as lines starting with ``#``."""
    lines = textwrap.wrap(table.meaning, WIDTH)
    lines.append(f"One row per {', '.join(table.key)}. Columns:")
    for column in table.columns:
        about = textwrap.wrap(describe(column), WIDTH, initial_indent="  ", subsequent_indent="      ")
        lines.extend(about)
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def describe(column: Column) -> str:
    """One line about a column: name, meaning, unit, allowed values, whether it may be empty."""
    unit = f" [{column.unit}]" if column.unit else ""
    files = [target for target in column.refers_to if target.endswith(".csv")]
    listed = f"; listed in {', '.join(files)}" if files else ""
    allowed = f"; {column.allowed}" if column.allowed else ""
    return f"{column.name}{unit}: {column.meaning}{listed}{allowed}{'' if column.required else '; may be empty'}"
