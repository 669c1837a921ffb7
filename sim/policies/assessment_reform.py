"""City officials are judged by the region's result too (plan ch. 9, items 9.13 and 9.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect, Policy

if TYPE_CHECKING:
    from sim.datasets.world import World


class AssessmentReform(Policy):
    """The result of all cities as one counts in every city government's score."""

    effect: ClassVar[Effect] = Effect(
        strength="weight", lever="regional_weight", indicator="subsidy", places="region", sign=-1,
        governments={"rule": "best_response", "tastes": "growth", "expectations": "myopic"},
    )  # fmt: skip
    question: ClassVar[str] = "What changes when city officials are judged by the region's result too?"

    weight: float = Field(
        ge=0.0, le=1.0, description="weight of the region's result in a city government's score, 1 = only that",
        json_schema_extra={"unit": "1", "source": "judgement; plan ch. 9: assessment system of the region"},
    )  # fmt: skip

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Give the region's result its weight."""
        if self.start <= year <= self.end:
            levers.regional_weight[: world.n_cities] = self.weight
