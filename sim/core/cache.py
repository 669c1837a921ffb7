"""A folder for what is expensive and can be found again: keyed by content, safe to delete at any time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sim.core.arrays import FloatArray


def cache_folder() -> Path:
    """``SIM_CACHE_DIR``, else ``deltasim`` under the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SIM_CACHE_DIR") or Path(home) / "deltasim")


def content_key(*arrays: FloatArray) -> str:
    """sha256 over shapes and contents."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def load_arrays(key: str) -> dict[str, FloatArray] | None:
    """Arrays stored under a key; None if there are none or they cannot be read."""
    try:
        with np.load(cache_folder() / f"{key}.npz", allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, EOFError):
        return None


def store_arrays(key: str, arrays: Mapping[str, FloatArray]) -> None:
    """Store arrays under a key, whole or not at all; a folder that cannot be written is no error."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **dict(arrays))  # type: ignore[arg-type]
            os.replace(temporary, folder / f"{key}.npz")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        return
