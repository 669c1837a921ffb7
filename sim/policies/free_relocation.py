"""Firms move freely inside a zone: what moving a plant costs falls away (plan ch. 10, item 10.04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.mechanisms.invest import moving_cost
from sim.policies.base import Effect
from sim.policies.gradual import Gradual

if TYPE_CHECKING:
    from sim.datasets.world import World


class FreeRelocation(Gradual):
    """What keeps plants from moving between members, fixed and by distance, is removed."""

    name: ClassVar[str] = "free_relocation"
    effect: ClassVar[Effect] = Effect(
        strength="reduction", lever="park_incentive", indicator="real_gdp", places="receivers", sign=1
    )
    question: ClassVar[str] = "Where do plants go when moving between some cities costs them nothing?"

    reduction: float = Field(
        ge=0.0, le=1.0, description="share of the cost of moving a plant that is gone between members",
        json_schema_extra={"unit": "1", "source": "plan ch. 10.2: free registration and relocation in the zone"},
    )  # fmt: skip
    cities: PlacesOrAll = Field(description="cities between which plants move freely, or all")

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Make up for the cost of moving between members."""
        members = self.member_cities(world)
        if self.start <= year <= self.end:
            inside = np.ix_(members, members)
            levers.park_incentive[inside] += self.reduction * moving_cost(world)[inside]
