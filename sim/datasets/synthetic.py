"""Small made-up worlds for tests and teaching."""

from __future__ import annotations

from functools import cache

from sim.datasets.check import REFERENCE
from sim.datasets.world import World


@cache
def three_cities() -> World:
    """Three invented cities in two provinces, three sectors; solves in milliseconds. Read-only, so it is shared."""
    return World.load(REFERENCE)
