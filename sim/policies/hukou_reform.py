"""Newcomers get what locals get: registration opens by size of city (plan ch. 3, items 3.20 and 3.21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.policies.base import Effect
from sim.policies.gradual import Gradual

if TYPE_CHECKING:
    from sim.datasets.world import World


class HukouReform(Gradual):
    """What keeps newcomers from a city's services and register falls in equal steps from start to end."""

    name: ClassVar[str] = "hukou_reform"
    effect: ClassVar[Effect] = Effect(
        strength="opening", lever="service_access", indicator="resident_population", places="region", sign=1
    )
    question: ClassVar[str] = "Where do people move when cities give newcomers what locals get, and who pays?"

    opening: float = Field(
        ge=0.0, le=1.0, description="share of what keeps newcomers out that is gone by the end; 1 = fully open",
        json_schema_extra={"unit": "1", "source": "plan ch. 3.3: registration reform by size of city"},
    )  # fmt: skip
    cities: PlacesOrAll = Field("all", description="cities that open, or all")

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Open the members' services and register."""
        done = self.done(year)
        members = self.member_cities(world)
        levers.service_access[members] = self.opening * done
