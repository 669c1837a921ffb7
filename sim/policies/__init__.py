"""Policies by name. A configuration names a policy; it can never name code."""

from __future__ import annotations

from sim.policies.base import Effect, Policy
from sim.policies.industry_transfer import IndustryTransfer
from sim.policies.market_integration import MarketIntegration

REGISTRY: dict[str, type[Policy]] = {
    "industry_transfer": IndustryTransfer,
    "market_integration": MarketIntegration,
}

__all__ = ["REGISTRY", "Effect", "IndustryTransfer", "MarketIntegration", "Policy"]
