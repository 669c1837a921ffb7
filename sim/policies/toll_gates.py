"""Toll gates at provincial borders go: lorries no longer stop there (plan ch. 5, item 5.06)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.policies.base import Effect
from sim.policies.gradual import Gradual, across

if TYPE_CHECKING:
    from sim.datasets.world import World

NO_TIME = 1e-6  # of today's time: a factor stays positive


class TollGates(Gradual):
    """Freight between members of different provinces takes some minutes less for every border on its way."""

    name: ClassVar[str] = "toll_gates"
    effect: ClassVar[Effect] = Effect(
        strength="minutes", lever="freight_time", indicator="real_income", places="region", sign=1
    )
    question: ClassVar[str] = "What did it bring that lorries no longer stop at provincial borders?"

    minutes: float = Field(
        ge=0.0, le=60.0, description="time a lorry loses at a border with a toll gate",
        json_schema_extra={"unit": "minutes", "source": "judgement; 29 to 3 seconds where nobody queues (ministry)"},
    )  # fmt: skip
    crossings: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict, description="borders on the way between two provinces, 'A-B', where it is not one"
    )

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Shorten freight between members of different provinces."""
        today = world.travel_time_freight
        saved = self.minutes * self.done(year) * self._borders(world) * across(self.member_cities(world), world)
        levers.freight_time *= np.maximum(1.0 - saved / today, NO_TIME)

    def _borders(self, world: World) -> FloatArray:
        """Borders on the way ``[origin, destination]``, one unless it says otherwise."""
        count = np.ones((world.n_regions, world.n_regions))
        for pair, number in self.crossings.items():
            ends = pair.split("-")
            if len(ends) != 2 or ends[0] == ends[1] or not set(ends) <= set(world.province_ids):
                raise InputError(
                    f"'{pair}' is not a pair of provinces", key=f"policies.{self.name}.crossings",
                    allowed=f"A-B with two of {', '.join(world.province_ids)}",
                )  # fmt: skip
            one, other = (world.province_of == world.province_ids.index(end) for end in ends)
            count[np.ix_(one, other)] = count[np.ix_(other, one)] = number
        return count
