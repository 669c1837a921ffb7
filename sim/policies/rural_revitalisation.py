"""Rural revitalisation and the integration of town and country (plan ch. 3.3, items 3.18, 3.22 and 3.23)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field, model_validator

from sim.core.levers import Levers
from sim.core.names import PlacesOrAll
from sim.policies.base import Effect
from sim.policies.gradual import Gradual
from sim.policies.joint_projects import index

if TYPE_CHECKING:
    from sim.datasets.world import World

YUAN = 1e4  # unit: yuan per head of 10,000 persons, in 100 million yuan


class RuralRevitalisation(Gradual):
    """Farms of these cities produce more, workers leave them more easily, and earmarked spending pays for it."""

    name: ClassVar[str] = "rural_revitalisation"
    effect: ClassVar[Effect] = Effect(
        strength="strength", lever="productivity_gain", indicator="rural_income", places="region", sign=1
    )
    question: ClassVar[str] = "How far does rural revitalisation narrow the gap between town and country, and who pays?"

    strength: float = Field(
        1.0, ge=0.0, le=5.0, description="part of the programme that is carried out; 0 = none",
        json_schema_extra={"unit": "1"},
    )  # fmt: skip
    cities: PlacesOrAll = Field("all", description="cities with the programme, or all")
    gain: float = Field(
        ge=0.0, le=1.0, description="productivity of farming gained by the end, in equal steps",
        json_schema_extra={"unit": "log points", "source": "judgement"},
    )  # fmt: skip
    exit: float = Field(
        ge=0.0, le=1.0, description="share of what keeps workers in farming that is gone by the end",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    spending: float = Field(
        ge=0.0, description="earmarked for it per rural resident of the base year, a year from start to end, at "
        "base-year prices; it grows with the nation's GDP",
        json_schema_extra={"unit": "yuan", "source": "Ministry of Finance 2021: central funds of 156.1 billion yuan"},
    )  # fmt: skip
    central_share: float = Field(0.0, ge=0.0, le=1.0, description="part of it that the centre pays")

    @model_validator(mode="after")
    def _possible(self) -> RuralRevitalisation:
        if self.strength * self.exit > 1.0:
            raise ValueError(
                f"strength times exit is {self.strength * self.exit:g}, more than all of what keeps workers"
            )
        return self

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Raise farm productivity, open the way out, and build what next year's budgets pay."""
        done = self.strength * self.done(year)
        members = self.member_cities(world)
        farming = np.flatnonzero([group == "primary" for group in world.sector_group])
        levers.productivity_gain[np.ix_(members, farming)] += self.gain * done
        levers.farm_exit[members] = self.exit * done
        if self.start <= year <= self.end:
            rural = (1.0 - world.urban_share[members]) * world.resident_population[members]
            built = self.strength * self.spending / YUAN * rural * index("gdp", year, world)
            levers.works[members] += built
            levers.grant[members] += self.central_share * built
