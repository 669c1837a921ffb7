"""Random streams keyed by what they are for, never by position: adding a draw elsewhere changes no other stream."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, replicate: int, purpose: str, year: int, place: str) -> np.random.Generator:
    """The generator of one use: same key, same numbers, on any number of workers."""
    key = (replicate, zlib.crc32(purpose.encode()), year, zlib.crc32(place.encode()))
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))
