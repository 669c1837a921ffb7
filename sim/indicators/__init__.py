"""Indicators by theme, the identities of the books, and the plan's targets."""

from __future__ import annotations

from sim.indicators import (
    air,
    economy,
    energy,
    fiscal,
    inequality,
    knowledge,
    network,
    outcomes,
    people,
    rivers,
    trade,
)
from sim.indicators.base import REGISTRY, Indicator
from sim.indicators.comparison import COMPARISONS

__all__ = [
    "COMPARISONS",
    "REGISTRY",
    "Indicator",
    "air",
    "economy",
    "energy",
    "fiscal",
    "inequality",
    "knowledge",
    "network",
    "outcomes",
    "people",
    "rivers",
    "trade",
]
