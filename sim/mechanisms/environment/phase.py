"""The environment phase: what production does to air, rivers and energy use, part by part (MODEL.md 10)."""

from __future__ import annotations

from typing import ClassVar

from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.environment.air import Air
from sim.mechanisms.environment.energy import Energy
from sim.mechanisms.environment.markets import Markets
from sim.mechanisms.environment.rivers import Rivers
from sim.mechanisms.environment.water import Water


class Environment:
    """Lets every part of the environment follow the year's production."""

    name: ClassVar[str] = "environment"
    reads: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys((*Air.reads, *Energy.reads, *Rivers.READS, *Water.reads)))
    writes: ClassVar[tuple[str, ...]] = tuple(
        dict.fromkeys((*Air.writes, *Energy.writes, *Rivers.WRITES, *Water.writes))
    )

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self.markets = Markets(base)
        self.air = Air(base, self.markets)
        self.energy = Energy(base, self.markets)
        self.water = Water(base, self.markets)
        self.rivers = Rivers(base)

    def update(self, state: State, levers: Levers) -> None:
        """Air, rivers, energy, water."""
        self.markets.open(state)
        self.air.update(state, levers)
        self.rivers.update(state, levers)
        self.energy.update(state, levers)
        self.water.update(state, levers)
