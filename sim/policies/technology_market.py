"""One market for technology: what one city knows reaches the others sooner (plan ch. 9, item 9.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect
from sim.policies.gradual import Gradual, between

if TYPE_CHECKING:
    from sim.datasets.world import World


class TechnologyMarket(Gradual):
    """Contracts on technology become cheaper: knowledge weighs more on its way between members."""

    name: ClassVar[str] = "technology_market"
    effect: ClassVar[Effect] = Effect(
        strength="link", lever="knowledge_link", indicator="real_gdp", places="region", sign=1
    )
    question: ClassVar[str] = "Who learns from whom when there is one market for technology?"

    link: float = Field(
        ge=0.0, le=5.0, description="added to the weight of members for each other by the end; 1 = twice today's",
        json_schema_extra={"unit": "1", "source": "judgement; plan ch. 9: one market for technology"},
    )  # fmt: skip

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Raise the weight of members for each other."""
        levers.knowledge_link += self.link * self.done(year) * between(self.member_cities(world), world)
