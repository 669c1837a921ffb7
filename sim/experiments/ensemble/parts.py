"""The files of a study: one part per shard and table, each written whole, with a receipt that names their hashes.

A shard is done when its receipt is there; it is written last. A part that is missing, cut short or changed no longer
fits its receipt and is computed again. One driver at a time holds the folder (a lock that a killed process lets go).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from sim.core.errors import InputError
from sim.experiments.store import encoded_table

RECEIPTS = "receipts"
LOCK = ".lock"
MANIFEST = "manifest.json"


def part(folder: str | Path, table: str, shard: int) -> Path:
    """The file of one table of one shard."""
    return Path(folder) / table / f"part-{shard:06d}.parquet"


def receipt_file(folder: str | Path, shard: int) -> Path:
    return Path(folder) / RECEIPTS / f"{shard:06d}.json"


def write(folder: str | Path, shard: int, digest: str, found: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Write the tables of a shard, then its receipt.

    Raises:
        OSError: the disk refuses; no file under its final name is half written.
    """
    hashes = {}
    for table, content in found.items():
        data = encoded_table(content)
        hashes[table] = hashlib.sha256(data).hexdigest()
        write_whole(part(folder, table, shard), data)
    receipt = {"shard": shard, "digest": digest, "parts": hashes, "runs": found["runs"].num_rows}
    write_whole(receipt_file(folder, shard), json.dumps(receipt).encode())
    return receipt


def write_whole(path: Path, data: bytes) -> None:
    """Under a temporary name first: the final name never holds half a file, even after a crash."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep_up(folder: Path) -> None:
    """Remove what a killed process had not finished writing."""
    for path in folder.rglob(".*.[0-9]*"):
        path.unlink(missing_ok=True)


def is_done(folder: str | Path, shard: int, digest: str) -> bool:
    """Whether a shard of this study is there and unharmed."""
    try:
        receipt = json.loads(receipt_file(folder, shard).read_text(encoding="utf-8"))
        if receipt["digest"] != digest:
            return False
        return all(
            hashlib.sha256(part(folder, table, shard).read_bytes()).hexdigest() == wanted
            for table, wanted in receipt["parts"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def files(folder: Path, table: str) -> list[Path]:
    """The parts of a table that are there, in the order of the runs."""
    return sorted((folder / table).glob("part-*.parquet"))


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a study says about itself.

    Raises:
        InputError: the folder holds no study.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("holds no study", file=str(folder), allowed=f"a folder with {MANIFEST}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=str(folder / MANIFEST)) from None
    if not isinstance(manifest, dict) or "digest" not in manifest:
        raise InputError("is not the description of a study", file=str(folder / MANIFEST))
    return manifest


def holds_study(folder: Path) -> bool:
    """Whether a study of ours is there: other programs write files called manifest.json too."""
    return all((folder / name).is_file() for name in (MANIFEST, "study.yaml", "plan.parquet"))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder against a second driver.

    Raises:
        InputError: another process is writing a study there.
    """
    import fcntl

    with open(folder / LOCK, "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError("another process is writing a study here", file=str(folder)) from None
        yield
