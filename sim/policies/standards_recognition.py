"""Tests and standards of one province count in the others (plan ch. 9, item 9.04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect, sector_indices
from sim.policies.gradual import Gradual, across

if TYPE_CHECKING:
    from sim.datasets.world import World


class StandardsRecognition(Gradual):
    """The cost of trade between members of different provinces falls, by sector, as nothing is tested twice.

    Within a province there is one set of standards already.
    """

    name: ClassVar[str] = "standards_recognition"
    effect: ClassVar[Effect] = Effect(
        strength="recognition", lever="sector_cost", indicator="real_income", places="region", sign=1
    )
    question: ClassVar[str] = "What is it worth when a product is tested once for the whole region?"

    recognition: float = Field(
        ge=0.0, le=1.0, description="share of tests and standards that is recognised by the end; 1 = all",
        json_schema_extra={"unit": "1", "source": "plan ch. 9: mutual recognition of standards and tests"},
    )  # fmt: skip
    cuts: dict[str, Annotated[float, Field(ge=0.0, lt=1.0)]] = Field(
        description="share of the cost of trade that full recognition saves, by sector; none in sectors left out",
        min_length=1,
        json_schema_extra={"unit": "1", "source": "judgement within 1 to 5 %, the order of studies of standards"},
    )

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Lower the cost of trade by sector between members of different provinces."""
        sectors = sector_indices(list(self.cuts), world, f"policies.{self.name}.cuts")
        cut = self.recognition * self.done(year) * np.array(list(self.cuts.values()))
        levers.on_sector_cost()[sectors] *= 1.0 - cut[:, None, None] * across(self.member_cities(world), world)
