"""One market: administrative barriers between provinces fall (plan ch. 9, items 9.02, 9.04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.names import PROVINCES, PlacesOrAll
from sim.policies.base import Effect, Policy, sector_indices

if TYPE_CHECKING:
    from sim.datasets.world import World


class MarketIntegration(Policy):
    """Barriers to trade between cities of different provinces fall in equal steps from start to end."""

    effect: ClassVar[Effect] = Effect(
        strength="reduction", lever="admin_barrier", indicator="real_income", places="region", sign=1
    )
    question: ClassVar[str] = "What does a single market do to incomes, and to whom?"

    reduction: float = Field(
        ge=0.0, le=1.0, description="share of today's barrier removed by the end; 1 is a single market",
        json_schema_extra={"unit": "1", "source": "plan ch. 9: barriers gradually removed"},
    )  # fmt: skip
    provinces: Annotated[Literal["all"] | list[str], PROVINCES] = Field(
        "all", description="provinces whose borders open, or all"
    )
    sectors: Literal["all"] | list[str] = Field("all", description="sectors whose trade is freed, or all")
    cities: PlacesOrAll = Field("all", description="of these provinces, the cities that open to each other, or all")

    def parties(self, world: World) -> list[str]:
        """The cities of the provinces whose borders open."""
        return [
            code
            for code, q in zip(world.region_ids[: world.n_cities], world.province_of, strict=False)
            if self.provinces == "all" or world.province_ids[q] in self.provinces
            if self.cities == "all" or code in self.cities
        ]

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Lower the barrier between cities of these provinces; the rest of the country keeps its border."""
        done = self.done(year)
        if self.reduction == 0.0 or done == 0.0:
            return
        known = world.province_ids
        chosen = known if self.provinces == "all" else self.provinces
        unknown = [province for province in chosen if province not in known]
        if unknown:
            raise InputError(
                f"unknown province {unknown[0]}", key="policies.market_integration.provinces", allowed=", ".join(known)
            )
        member = np.zeros(world.n_regions)
        member[[world.index(code) for code in self.takes_part(self.parties(world))]] = 1.0
        left = 1.0 - self.reduction * done * np.outer(member, member)
        if self.sectors == "all":
            levers.admin_barrier *= left
        else:
            freed = sector_indices(self.sectors, world, "policies.market_integration.sectors")
            levers.on_sector_barrier()[freed] *= left
