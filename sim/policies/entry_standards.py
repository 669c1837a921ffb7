"""Plants that move must meet an environmental standard where they arrive (plan ch. 3.2 and 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.policies.base import Effect
from sim.policies.gradual import Gradual

if TYPE_CHECKING:
    from sim.datasets.world import World


class EntryStandards(Gradual):
    """Hosts let plants in whose emissions per value added are below a share of their own sector's; cleaning costs."""

    name: ClassVar[str] = "entry_standards"
    effect: ClassVar[Effect] = Effect(
        strength="enforcement", lever="entry_enforcement", indicator="pm25", places="region", sign=-1
    )
    question: ClassVar[str] = "Does pollution move with the plants, or do standards at the door clean it?"

    enforcement: float = Field(
        ge=0.0, le=1.0, description="share of arriving plants that are held to the standard",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    standard: float = Field(
        ge=0.0, le=1.0, description="emission intensity allowed to them, over the host's own in the sector",
        json_schema_extra={"unit": "1", "source": "judgement: limits for new plants are about half of old ones"},
    )  # fmt: skip
    cities: PlacesOrAll = Field("all", description="hosts that have the standard, or all")

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Hold plants to the standard that begin to produce in a year of the policy; they moved the year before."""
        hosts = self.member_cities(world)
        if self.start <= year <= self.end:
            levers.entry_enforcement[hosts] = self.enforcement
            levers.entry_standard[hosts] = self.standard
