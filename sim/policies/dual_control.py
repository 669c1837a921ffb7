"""Dual control: total and intensity of energy are capped by province, the same percentage for everyone (item 6.05)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect
from sim.policies.rights_trading import Capped, Scope

if TYPE_CHECKING:
    from sim.datasets.world import World


class DualControl(Capped):
    """Command and control: no rights, no trade; ``cut`` lowers energy per unit of output, ``cap`` the total."""

    name: ClassVar[str] = "dual_control"
    effect: ClassVar[Effect] = Effect(strength="cut", lever="right_cut", indicator="carbon", places="region", sign=-1)
    question: ClassVar[str] = "What does dual control of energy cost if every plant has to save the same percentage?"

    right: Literal["energy", "carbon"] = Field("energy", description="what is capped: use of energy, or carbon of it")
    scope: Scope = Field("province", description="who shares a cap: all members, or those of a province")

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Caps of the year, without trade."""
        self.enter(levers, year, world)
