"""Small runs for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sim.calibration import calibrate
from sim.config import RunConfig
from sim.datasets import three_cities
from sim.mechanisms.base_year import BaseYear
from sim.year import Simulation

TRANSFER = {
    "start": 2020,
    "end": 2030,
    "origins": ["PRT"],
    "destinations": ["VAL"],
    "sectors": ["MAN"],
    "pace": 0.04,
    "origin_share": 0.5,
    "term": 5,
}
INTEGRATION = {"start": 2020, "end": 2024, "reduction": 1.0}
LINE = {
    "cost": 20.0, "price_year": 2020, "begin": 2020, "finish": 2021, "opening": 2022,
    "works": {"PRT": 0.25, "VAL": 0.75}, "length": {"PRT": 40, "VAL": 60}, "split": "gdp", "central_share": 0.2,
    "minutes": {"PRT-VAL": 70}, "access": 65, "freight_minutes": {"PRT-VAL": [500, 450]},
}  # fmt: skip
PLANT = {
    "cost": 12.0, "price_year": 2019, "begin": 2020, "finish": 2022, "opening": 2023, "works": {"VAL": 1.0},
    "parties": ["PRT", "MIL"], "split": {"PRT": 0.7, "MIL": 0.3},
    "saving": {"sector": "MAN", "capacity": 1000, "value": 600, "shares": {"PRT": 0.5, "MIL": 0.5}},
}  # fmt: skip
PROJECTS = {"start": 2020, "end": 2030, "projects": {"line": LINE, "plant": PLANT}}
SHARING = {
    "start": 2020,
    "end": 2030,
    "contracts": {
        "zone": {
            "parties": ["PRT", "MIL"], "base": "tax_increment", "indexed": "cpi", "schedule": 0.8, "revised_every": 3,
            "key": {"contribution": 0.5, "population": 0.25, "capital": 0.25}, "floor": 0.05,
        },
        "firm": {
            "parties": ["PRT", "MIL", "VAL"], "base": "corporate_tax", "schedule": 1.0, "head": "PRT",
            "part": {"PRT": 0.1, "MIL": 0.3, "VAL": 0.2}, "sectors": ["MAN"],
            "key": {"head": 0.25, "output": 0.175, "wages": 0.175, "capital": 0.15, "localities": 0.25},
        },
        "blend": {"parties": "all", "base": "sales_tax", "key": "destination", "schedule": 0.5, "end": 2025},
        "equalisation": {
            "parties": "all", "base": "capacity", "key": "shortfall", "schedule": 0.5, "cap": 30.0, "indexed": "gdp",
        },
        "park": {
            "parties": ["MIL", "VAL"], "hosts": ["VAL"], "covers": "all", "key": "equity", "schedule": 0.4,
            "weights": {"MIL": 0.6, "VAL": 0.4}, "plough_back": {2020: 0.6, 2024: 0.1}, "gdp_attribution": 0.5,
            "dispute": {"probability": 0.5, "withheld": 0.8, "delay": 2, "upheld": 0.5},
        },
        "services": {"parties": "all", "base": "absent_services", "key": "guests", "schedule": 0.1},
    },
}  # fmt: skip
RECEIVERS = ["VAL"]
"""Who gains by these contracts."""
POLICIES: dict[str, dict[str, Any]] = {
    "assessment_reform": {"start": 2020, "end": 2030, "weight": 1.0},
    "harmonised_rules": {"start": 2020, "end": 2030, "reduction": 1.0},
    "hukou_reform": {"start": 2020, "end": 2022, "opening": 1.0},
    "industry_transfer": TRANSFER,
    "joint_projects": PROJECTS,
    "market_integration": INTEGRATION,
    "metro_areas": {
        "start": 2020,
        "end": 2022,
        "integration": 1.0,
        "time_saved": 0.2,
        "areas": {"coast": ["PRT", "MIL"]},
    },
    "service_sharing": {"start": 2020, "end": 2022, "portability": 0.5},
    "tax_sharing": SHARING,
}


@cache
def small_base() -> BaseYear:
    """The three-city world, calibrated once."""
    return calibrate(three_cities())


def small_model(
    policies: Mapping[str, Any] | None = None,
    *,
    base: BaseYear | None = None,
    growth: Mapping[int, float] | None = None,
    **config: Any,
) -> Simulation:
    """A model of the three-city world."""
    values = {"scenario": "test", "horizon": 2027, "policies": dict(policies or {}), **config}
    return Simulation(RunConfig.judge(values), base=base or small_base(), growth=growth)


@cache
def small_reference() -> Simulation:
    """The three-city world without policies, run to its horizon; do not change it."""
    model = small_model()
    model.run()
    return model
