"""Policies by name. A configuration names a policy; it can never name code."""

from __future__ import annotations

from sim.policies.assessment_reform import AssessmentReform
from sim.policies.base import Effect, Policy
from sim.policies.blue_sky import BlueSky
from sim.policies.capital_market import CapitalMarket
from sim.policies.customs_union import CustomsUnion
from sim.policies.digital_delta import DigitalDelta
from sim.policies.dual_control import DualControl
from sim.policies.entry_standards import EntryStandards
from sim.policies.free_relocation import FreeRelocation
from sim.policies.free_trade_zone import FreeTradeZone
from sim.policies.g60_corridor import G60Corridor
from sim.policies.harmonised_rules import HarmonisedRules
from sim.policies.hukou_reform import HukouReform
from sim.policies.industry_transfer import IndustryTransfer
from sim.policies.innovation_community import InnovationCommunity
from sim.policies.joint_projects import JointProjects
from sim.policies.land_quota_trade import LandQuotaTrade
from sim.policies.market_integration import MarketIntegration
from sim.policies.metro_areas import MetroAreas
from sim.policies.opening_hub import OpeningHub
from sim.policies.rail_lines import RailLines
from sim.policies.rights_trading import RightsTrading
from sim.policies.river_contract import RiverContract
from sim.policies.rural_revitalisation import RuralRevitalisation
from sim.policies.service_floor import ServiceFloor
from sim.policies.service_sharing import ServiceSharing
from sim.policies.standards_recognition import StandardsRecognition
from sim.policies.tax_sharing import TaxSharing
from sim.policies.technology_market import TechnologyMarket
from sim.policies.toll_gates import TollGates
from sim.policies.xinan_compensation import XinanCompensation

REGISTRY: dict[str, type[Policy]] = {
    "assessment_reform": AssessmentReform,
    "blue_sky": BlueSky,
    "capital_market": CapitalMarket,
    "customs_union": CustomsUnion,
    "dual_control": DualControl,
    "entry_standards": EntryStandards,
    "digital_delta": DigitalDelta,
    "free_relocation": FreeRelocation,
    "free_trade_zone": FreeTradeZone,
    "g60_corridor": G60Corridor,
    "harmonised_rules": HarmonisedRules,
    "hukou_reform": HukouReform,
    "industry_transfer": IndustryTransfer,
    "innovation_community": InnovationCommunity,
    "joint_projects": JointProjects,
    "land_quota_trade": LandQuotaTrade,
    "market_integration": MarketIntegration,
    "metro_areas": MetroAreas,
    "rail_lines": RailLines,
    "opening_hub": OpeningHub,
    "river_contract": RiverContract,
    "rights_trading": RightsTrading,
    "rural_revitalisation": RuralRevitalisation,
    "service_floor": ServiceFloor,
    "service_sharing": ServiceSharing,
    "standards_recognition": StandardsRecognition,
    "tax_sharing": TaxSharing,
    "technology_market": TechnologyMarket,
    "toll_gates": TollGates,
    "xinan_compensation": XinanCompensation,
}

__all__ = [
    "REGISTRY",
    "AssessmentReform",
    "BlueSky",
    "CapitalMarket",
    "CustomsUnion",
    "DigitalDelta",
    "DualControl",
    "Effect",
    "EntryStandards",
    "FreeRelocation",
    "FreeTradeZone",
    "G60Corridor",
    "HarmonisedRules",
    "HukouReform",
    "IndustryTransfer",
    "InnovationCommunity",
    "JointProjects",
    "LandQuotaTrade",
    "MarketIntegration",
    "MetroAreas",
    "OpeningHub",
    "Policy",
    "RailLines",
    "RightsTrading",
    "RiverContract",
    "RuralRevitalisation",
    "ServiceFloor",
    "ServiceSharing",
    "StandardsRecognition",
    "TaxSharing",
    "TechnologyMarket",
    "TollGates",
    "XinanCompensation",
]
