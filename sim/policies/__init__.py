"""Policies by name. A configuration names a policy; it can never name code."""

from __future__ import annotations

from sim.policies.assessment_reform import AssessmentReform
from sim.policies.base import Effect, Policy
from sim.policies.harmonised_rules import HarmonisedRules
from sim.policies.hukou_reform import HukouReform
from sim.policies.industry_transfer import IndustryTransfer
from sim.policies.joint_projects import JointProjects
from sim.policies.market_integration import MarketIntegration
from sim.policies.metro_areas import MetroAreas
from sim.policies.service_sharing import ServiceSharing
from sim.policies.tax_sharing import TaxSharing

REGISTRY: dict[str, type[Policy]] = {
    "assessment_reform": AssessmentReform,
    "harmonised_rules": HarmonisedRules,
    "hukou_reform": HukouReform,
    "industry_transfer": IndustryTransfer,
    "joint_projects": JointProjects,
    "market_integration": MarketIntegration,
    "metro_areas": MetroAreas,
    "service_sharing": ServiceSharing,
    "tax_sharing": TaxSharing,
}

__all__ = [
    "REGISTRY",
    "AssessmentReform",
    "Effect",
    "HarmonisedRules",
    "HukouReform",
    "IndustryTransfer",
    "JointProjects",
    "MarketIntegration",
    "MetroAreas",
    "Policy",
    "ServiceSharing",
    "TaxSharing",
]
