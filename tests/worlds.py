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
POLICIES: dict[str, dict[str, Any]] = {"industry_transfer": TRANSFER, "market_integration": INTEGRATION}


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
