"""Plants that move must meet an environmental standard where they arrive (plan ch. 3.2 and 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.policies.base import Effect, Policy, places

if TYPE_CHECKING:
    from sim.datasets.world import World


class EntryStandards(Policy):
    """Hosts let plants in whose emissions per value added are below a share of their own sector's; cleaning costs."""

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

    @model_validator(mode="after")
    def _order(self) -> EntryStandards:
        if self.end < self.start:
            raise ValueError(f"ends in {self.end}, before it starts in {self.start}")
        return self

    def parties(self, world: World) -> list[str]:
        """The hosts."""
        return list(world.region_ids[: world.n_cities]) if self.cities == "all" else self.cities

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Hold plants to the standard that begin to produce in a year of the policy; they moved the year before."""
        hosts = places(self.takes_part(self.parties(world)), world, "policies.entry_standards.cities")
        if self.start <= year <= self.end:
            levers.entry_enforcement[hosts] = self.enforcement
            levers.entry_standard[hosts] = self.standard
