"""A digital delta: networks and digital firms come sooner (plan ch. 5, items 5.11 and 5.14; ch. 4, item 4.19)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect
from sim.policies.gradual import Gradual

if TYPE_CHECKING:
    from sim.datasets.world import World


class DigitalDelta(Gradual):
    """The newest network and the industrial internet spread faster among the members."""

    name: ClassVar[str] = "digital_delta"
    effect: ClassVar[Effect] = Effect(
        strength="strength", lever="digital_push", indicator="real_gdp", places="region", sign=1
    )
    question: ClassVar[str] = "What is it worth when the region's firms go digital sooner?"

    strength: float = Field(1.0, ge=0.0, le=2.0, description="part of the programme that is carried out; 1 = all")
    network: float = Field(
        ge=0.0, le=2.0, description="share by which the newest network spreads faster by the end",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    adoption: float = Field(
        ge=0.0, le=2.0, description="share by which firms go digital faster by the end",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Speed up networks and their use."""
        members, done = self.member_cities(world), self.strength * self.done(year)
        levers.network_push[members] += self.network * done
        levers.digital_push[members] += self.adoption * done
