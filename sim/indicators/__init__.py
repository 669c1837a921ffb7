"""Indicators by theme, the identities of the books, and the plan's targets."""

from __future__ import annotations

from sim.indicators import economy, fiscal, inequality, trade
from sim.indicators.base import REGISTRY, Indicator

__all__ = ["REGISTRY", "Indicator", "economy", "fiscal", "inequality", "trade"]
