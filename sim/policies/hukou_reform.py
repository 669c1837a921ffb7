"""Newcomers get what locals get: registration opens by size of city (plan ch. 3, items 3.20 and 3.21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field, model_validator

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.policies.base import Effect, Policy, places

if TYPE_CHECKING:
    from sim.datasets.world import World


class HukouReform(Policy):
    """What keeps newcomers from a city's services and register falls in equal steps from start to end."""

    effect: ClassVar[Effect] = Effect(
        strength="opening", lever="service_access", indicator="resident_population", places="region", sign=1
    )
    question: ClassVar[str] = "Where do people move when cities give newcomers what locals get, and who pays?"

    opening: float = Field(
        ge=0.0, le=1.0, description="share of what keeps newcomers out that is gone by the end; 1 = fully open",
        json_schema_extra={"unit": "1", "source": "plan ch. 3.3: registration reform by size of city"},
    )  # fmt: skip
    cities: PlacesOrAll = Field("all", description="cities that open, or all")

    @model_validator(mode="after")
    def _order(self) -> HukouReform:
        if self.end < self.start:
            raise ValueError(f"ends in {self.end}, before it starts in {self.start}")
        return self

    def parties(self, world: World) -> list[str]:
        """The cities that open."""
        return list(world.region_ids[: world.n_cities]) if self.cities == "all" else self.cities

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Open the members' services and register."""
        done = float(np.clip((year - self.start + 1) / (self.end - self.start + 1), 0.0, 1.0))
        members = places(self.takes_part(self.parties(world)), world, "policies.hukou_reform.cities")
        levers.service_access[members] = self.opening * done
