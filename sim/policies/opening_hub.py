"""Cities that open further to the world: hubs, fairs, e-commerce (plan ch. 8, items 8.01 to 8.05)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect
from sim.policies.gradual import Chosen, Gradual

if TYPE_CHECKING:
    from sim.datasets.world import World


class OpeningHub(Gradual):
    """The cost of some sectors' trade with the world falls for the hub's cities, both ways; the world invests there.

    Capital from abroad is what comes beyond the base year, whose own inflow and income paid are in the base year's
    trade balance. The world owns it, is paid all it earns after tax, and reinvests nothing.
    """

    name: ClassVar[str] = "opening_hub"
    effect: ClassVar[Effect] = Effect(
        strength="opening", lever="sector_cost", indicator="real_income", places="region", sign=1
    )
    question: ClassVar[str] = "What does a hub that opens further to the world bring to itself and to the others?"

    opening: float = Field(
        ge=0.0, le=1.0, description="share of the cuts below that is in force by the end",
        json_schema_extra={"unit": "1", "source": "plan ch. 8: a higher level of opening"},
    )  # fmt: skip
    sectors: Chosen = Field("all", description="sectors that open, or all")
    export_cut: float = Field(
        ge=0.0, lt=1.0, description="share of the cost of selling abroad that is saved",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    import_cut: float = Field(
        ge=0.0, lt=1.0, description="share of the cost of buying abroad that is saved",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    foreign_investment: float = Field(
        0.0, ge=0.0, le=1.0, description="what the world invests in the cities over their GDP, beyond the base year",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Lower the cost of the members' trade with the world, and let it invest there."""
        members, row = self.member_cities(world), world.row
        sectors = self.chosen_sectors(self.sectors, world)[:, None]
        cost, done = levers.on_sector_cost(), self.opening * self.done(year)
        cost[sectors, members, row] *= 1.0 - done * self.export_cut
        cost[sectors, row, members] *= 1.0 - done * self.import_cut
        levers.foreign_investment[members] += done * self.foreign_investment
