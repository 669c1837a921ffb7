"""Services follow people across provinces: medical settlement, insurance, schools, one card (plan ch. 7 and 3.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field, model_validator

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.policies.base import Effect, Policy, places

if TYPE_CHECKING:
    from sim.datasets.world import World


class ServiceSharing(Policy):
    """What another province costs a mover falls between members, as what they are entitled to moves with them."""

    effect: ClassVar[Effect] = Effect(
        strength="portability", lever="portable", indicator="resident_population", places="region", sign=1
    )
    question: ClassVar[str] = "Who moves when services and insurance are valid across provinces?"

    portability: float = Field(
        ge=0.0, le=1.0, description="share of what another province costs a mover that is gone by the end",
        json_schema_extra={"unit": "1", "source": "plan ch. 7: portable insurance; size by judgement"},
    )  # fmt: skip
    cities: PlacesOrAll = Field("all", description="cities that take part, or all")

    @model_validator(mode="after")
    def _order(self) -> ServiceSharing:
        if self.end < self.start:
            raise ValueError(f"ends in {self.end}, before it starts in {self.start}")
        return self

    def parties(self, world: World) -> list[str]:
        """The cities that take part."""
        return list(world.region_ids[: world.n_cities]) if self.cities == "all" else self.cities

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Lower what provincial borders between members cost movers."""
        done = float(np.clip((year - self.start + 1) / (self.end - self.start + 1), 0.0, 1.0))
        members = places(self.takes_part(self.parties(world)), world, "policies.service_sharing.cities")
        levers.portable[np.ix_(members, members)] = self.portability * done
