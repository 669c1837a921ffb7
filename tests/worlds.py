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
POLICIES: dict[str, dict[str, Any]] = {
    "assessment_reform": {"start": 2020, "end": 2030, "weight": 1.0},
    "harmonised_rules": {"start": 2020, "end": 2030, "reduction": 1.0},
    "industry_transfer": TRANSFER,
    "joint_projects": PROJECTS,
    "market_integration": INTEGRATION,
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
