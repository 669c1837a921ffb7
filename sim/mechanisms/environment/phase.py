"""The environment phase: what production does to air, rivers and energy use, part by part (MODEL.md 10)."""

from __future__ import annotations

from typing import ClassVar

from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.environment.energy import Energy


class Environment:
    """Lets every part of the environment follow the year's production."""

    name: ClassVar[str] = "environment"
    reads: ClassVar[tuple[str, ...]] = (*Energy.reads,)
    writes: ClassVar[tuple[str, ...]] = (*Energy.writes,)

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self.energy = Energy(base)

    def update(self, state: State, levers: Levers) -> None:
        """Air, rivers, energy."""
        self.energy.update(state, levers)
