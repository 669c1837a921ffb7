"""One capital market: money goes where returns are high, whichever city that is (plan ch. 9, items 9.06, 9.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect
from sim.policies.gradual import Gradual

if TYPE_CHECKING:
    from sim.datasets.world import World


class CapitalMarket(Gradual):
    """What keeps returns apart between members shrinks by a share, sector by sector.

    The differences in base-year returns carry the error of the imputed capital stocks, so the gain is never a headline.
    """

    name: ClassVar[str] = "capital_market"
    effect: ClassVar[Effect] = Effect(
        strength="reduction", lever="capital_market", indicator="real_gdp", places="receivers", sign=1
    )
    question: ClassVar[str] = "What if investment went where it earns most, in whichever city?"

    reduction: float = Field(
        ge=0.0, le=1.0, description="share by which wedges between members' returns have shrunk by the end",
        json_schema_extra={"unit": "1", "source": "judgement; plan ch. 9: one market of capital and property rights"},
    )  # fmt: skip

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Shrink the members' wedges."""
        levers.capital_market[self.member_cities(world)] = self.reduction * self.done(year)
