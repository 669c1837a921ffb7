"""What a phase of the year is: a name, what it reads and writes, and an update in place."""

from __future__ import annotations

from typing import ClassVar, Protocol

from sim.core.levers import Levers
from sim.core.state import State


class Phase(Protocol):
    """One step of the year. A generic test holds every phase to its declared fields."""

    name: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    writes: ClassVar[tuple[str, ...]]

    def update(self, state: State, levers: Levers) -> None:
        """Compute this phase's part of the year and write it to the state."""
        ...
