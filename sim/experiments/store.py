"""Run folders on disk: written beside their place and renamed when whole, so that a name never holds half a run."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.tables import TABLES

if TYPE_CHECKING:
    from sim.config import RunConfig

OUTPUTS = Path("outputs")
"""Where runs go that are given no folder, relative to where the user stands."""

CONFIG, INFO, REFERENCE = "config.yaml", "run.json", "reference"


def default_folder(config: RunConfig, outputs: Path = OUTPUTS) -> Path:
    """``outputs/<scenario>/<date>-<time>-<6 hex of the resolved configuration>``."""
    return outputs / config.scenario / f"{datetime.now():%Y%m%d-%H%M%S}-{config.digest()[:6]}"


def holds_run(folder: Path) -> bool:
    return (folder / INFO).is_file()


def find_run(word: str | Path, outputs: Path = OUTPUTS) -> Path:
    """The run folder of a path, or the latest run under ./outputs of a scenario.

    Raises:
        InputError: there is no such run.
    """
    path = Path(word)
    if holds_run(path):
        return path
    if (path / "manifest.json").is_file():
        message = "is a study of many runs, not a run"
        raise InputError(message, file=str(path), allowed="sim report, sim discover, sim robust, sim sensitivity")
    if path.exists() and len(path.parts) > 1:
        raise InputError("holds no run", file=str(path), allowed=f"a folder with {INFO}")
    found = {folder.name: _runs(folder) for folder in _folders(outputs)}
    runs = found.get(str(word), [])
    if not runs:
        known = sorted(name for name, run in found.items() if run)
        hint = did_you_mean(str(word), known)
        raise InputError(f"no run '{word}'{hint}", allowed="a run folder" + "".join(f", {name}" for name in known))
    return runs[-1]


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []


def _runs(folder: Path) -> list[Path]:
    """Run folders by the time in their name."""
    return [path for path in _folders(folder) if holds_run(path)]


def check_target(out: Path, *, force: bool = False) -> None:
    """Refuse a folder that a run may not be written to, before anything is computed."""
    try:
        if out.is_dir() and any(out.iterdir()):
            _check_full(out, force=force)
        elif out.exists() and not out.is_dir():
            raise InputError("is a file: a run needs a folder", file=str(out))
    except OSError as error:
        raise unwritable(error, out) from None


def _check_full(out: Path, *, force: bool) -> None:
    if not holds_run(out):
        raise InputError("holds other files: a run needs a folder of its own", file=str(out))
    if not force:
        raise InputError("already holds a run (--force replaces it)", file=str(out))


def unwritable(error: OSError, out: Path) -> InputError:
    """One line for a disk that is full, read-only or otherwise refuses."""
    reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
    return InputError(f"cannot be written: {reason}", file=str(out))


@contextmanager
def new_folder(out: Path, *, force: bool = False) -> Iterator[Path]:
    """A temporary folder beside ``out`` that takes its name when the block ends well, and vanishes otherwise.

    Raises:
        InputError: ``out`` may not be written to, or the disk refused while writing.
    """
    check_target(out, force=force)
    temporary: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        temporary.chmod(0o777 & ~_umask())  # unit: permission bits
        yield temporary
        _swap(temporary, out)
    except OSError as error:
        raise unwritable(error, out) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _swap(new: Path, out: Path) -> None:
    """Rename into place; a run that is replaced goes last."""
    if not holds_run(out):
        new.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    out.rename(old)
    try:
        new.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write(folder: Path, config: RunConfig, info: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> None:
    """The files of one run into a folder that exists."""
    (folder / CONFIG).write_text(config.to_yaml(), encoding="utf-8")
    for name, table in tables.items():
        (folder / f"{name}.parquet").write_bytes(encoded_table(table))
    (folder / INFO).write_text(json.dumps(info, ensure_ascii=False, indent=1), encoding="utf-8")


def encoded_table(table: pa.Table) -> bytes:
    """Parquet in memory: a file is then written by one call whose errors are plain."""
    sink = pa.BufferOutputStream()
    strings = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    pq.write_table(table, sink, compression="zstd", use_dictionary=strings)
    return bytes(sink.getvalue())


def read_info(folder: Path) -> dict[str, Any]:
    """``run.json`` of a run folder."""
    try:
        info = json.loads((folder / INFO).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("holds no run", file=str(folder), allowed=f"a folder with {INFO}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=str(folder / INFO)) from None
    if not isinstance(info, dict):
        raise InputError("is not the description of a run", file=str(folder / INFO))
    return info


def read_table(folder: Path, name: str) -> pa.Table:
    """One result table of a run folder."""
    path = folder / f"{name}.parquet"
    try:
        return pq.read_table(path, partitioning=None)
    except FileNotFoundError:
        raise InputError("is missing from the run", file=str(path)) from None
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"cannot be read: {str(error).splitlines()[0]}", file=str(path)) from None


class StoredTables(Mapping[str, pa.Table]):
    """The tables of a run folder, read when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, pa.Table] = {}

    def __getitem__(self, name: str) -> pa.Table:
        if name not in TABLES:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = read_table(self.folder, name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)
