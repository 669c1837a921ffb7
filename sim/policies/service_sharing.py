"""Services follow people across provinces: medical settlement, insurance, schools, one card (plan ch. 7 and 3.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.policies.base import Effect
from sim.policies.gradual import Gradual

if TYPE_CHECKING:
    from sim.datasets.world import World


class ServiceSharing(Gradual):
    """What another province costs a mover falls between members, as what they are entitled to moves with them."""

    name: ClassVar[str] = "service_sharing"
    effect: ClassVar[Effect] = Effect(
        strength="portability", lever="portable", indicator="resident_population", places="region", sign=1
    )
    question: ClassVar[str] = "Who moves when services and insurance are valid across provinces?"

    portability: float = Field(
        ge=0.0, le=1.0, description="share of what another province costs a mover that is gone by the end",
        json_schema_extra={"unit": "1", "source": "plan ch. 7: portable insurance; size by judgement"},
    )  # fmt: skip
    cities: PlacesOrAll = Field("all", description="cities that take part, or all")

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Lower what provincial borders between members cost movers."""
        done = self.done(year)
        members = self.member_cities(world)
        levers.portable[np.ix_(members, members)] = self.portability * done
