"""The environment phase: what production does to air, rivers and energy use, part by part (MODEL.md 10)."""

from __future__ import annotations

from typing import ClassVar

from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.environment.air import Air


class Environment:
    """Lets every part of the environment follow the year's production."""

    name: ClassVar[str] = "environment"
    reads: ClassVar[tuple[str, ...]] = (*Air.reads,)
    writes: ClassVar[tuple[str, ...]] = (*Air.writes,)

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self.air = Air(base)

    def update(self, state: State, levers: Levers) -> None:
        """Air, rivers, energy."""
        self.air.update(state, levers)
