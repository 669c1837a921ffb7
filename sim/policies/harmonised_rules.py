"""One set of rules for attracting investment: what a city may pay for it falls (plan ch. 9, item 9.03)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect, Policy

if TYPE_CHECKING:
    from sim.datasets.world import World


class HarmonisedRules(Policy):
    """The highest subsidy that a city may pay per yuan of investment falls, its own and any incentive's."""

    effect: ClassVar[Effect] = Effect(
        strength="reduction", lever="subsidy_ban", indicator="city_service", places="region", sign=1,
        governments={"rule": "best_response", "tastes": "growth", "expectations": "myopic"},
    )  # fmt: skip
    question: ClassVar[str] = "What do common rules against a race of subsidies save, and for whom?"

    reduction: float = Field(
        ge=0.0, le=1.0, description="share by which the highest allowed subsidy falls; 1 = none allowed",
        json_schema_extra={"unit": "1", "source": "plan ch. 9: unified rules for attracting investment"},
    )  # fmt: skip

    def parties(self, world: World) -> list[str]:
        """All cities."""
        return list(world.region_ids[: world.n_cities])

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Forbid the members a part of what they could pay."""
        if self.start <= year <= self.end:
            members = [world.index(code) for code in self.takes_part(self.parties(world))]
            levers.subsidy_ban[members] = self.reduction
