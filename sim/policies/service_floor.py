"""A floor under public spending per resident that rises with the nation (plan ch. 7.1, item 7.01)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.policies.base import Effect
from sim.policies.gradual import Gradual
from sim.policies.joint_projects import index

if TYPE_CHECKING:
    from sim.datasets.world import World


class ServiceFloor(Gradual):
    """The centre adds to a city's transfers what its public spending per resident lacks of the floor."""

    name: ClassVar[str] = "service_floor"
    effect: ClassVar[Effect] = Effect(
        strength="floor", lever="service_floor", indicator="public_spending", places="region", sign=1
    )
    question: ClassVar[str] = "What does a common floor of public services cost the centre, and whom does it reach?"

    floor: float = Field(
        ge=0.0, description="least spending of city and province per resident, at base-year prices; 0 = no floor",
        json_schema_extra={"unit": "10,000 yuan", "source": "plan ch. 7.1: list of basic services; size by judgement"},
    )  # fmt: skip
    indexed: Literal["none", "cpi", "gdp"] = Field(
        "gdp", description="the floor grows with: nothing, the national deflator, national nominal GDP"
    )
    cities: PlacesOrAll = Field("all", description="cities that the floor protects, or all")

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Set the floor that this year's spending is held to, made good in the next year."""
        members = self.member_cities(world)
        if self.start <= year <= self.end:
            levers.service_floor[members] = self.floor * index(self.indexed, year, world)
