"""Cities clean their air together, or each for itself, at the same cost (plan ch. 6.2, item 6.04)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.core.errors import InputError, ModelWarning
from sim.core.levers import Levers
from sim.core.names import PLACES
from sim.mechanisms.environment.air import Airshed, abatement_within
from sim.policies.base import Effect, places
from sim.policies.gradual import Gradual

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray, IntArray
    from sim.datasets.world import World

KEY = "policies.blue_sky"


class BlueSky(Gradual):
    """Members abate what a common cut of all emissions would cost them together, where the coordination puts it.

    Marginal cost is the same wherever a tonne does the same harm: to all people of the region (joint), to the city's
    own people (alone). Equal is the common cut itself, by the same share in every city and sector.
    """

    name: ClassVar[str] = "blue_sky"
    effect: ClassVar[Effect] = Effect(strength="cut", lever="abatement", indicator="pm25", places="region", sign=-1)
    question: ClassVar[str] = "How much cleaner is the air when cities control emissions together, at the same cost?"

    cut: float = Field(
        ge=0.0, le=0.6, description="share of emissions whose equal cut everywhere would cost as much, in the end",
        json_schema_extra={"unit": "1", "source": "judgement: order of a five-year plan's reduction"},
    )  # fmt: skip
    coordination: Literal["joint", "alone", "equal"] = Field(
        "joint", description="what a tonne's harm counts for: all people, the city's own, or nothing: equal shares"
    )
    pollutant: Literal["pm25"] = Field("pm25", description="what is controlled; the model knows PM2.5 equivalents only")
    most: float = Field(
        0.8, gt=0.0, le=1.0, description="share that no sector can abate more of",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    caps: Annotated[dict[str, Annotated[float, Field(ge=0.0)]], PLACES] = Field(
        default_factory=dict,
        description="most that a city may emit from the first year on, over the base year's; cuts all sectors alike; "
        "of a group: each of its cities",
        json_schema_extra={"unit": "base year 1"},
    )

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Set the share abated by city and sector, and the caps."""
        capped, members = places(list(self.caps), world, f"{KEY}.caps"), self.member_cities(world)
        if year == world.base_year:
            for city, cap in self.caps.items():
                if cap > 1.0:
                    message = f"{KEY}.caps.{city}: a cap of {cap:g} is above the base year's emissions and cuts nothing"
                    warnings.warn(message, ModelWarning, stacklevel=2)
        if year < self.start:
            return
        levers.emission_cap[capped] = list(self.caps.values())
        levers.abatement[: world.n_cities] = self.shares(self.cut * self.done(year), Airshed.of(world), members)

    def shares(self, cut: float, shed: Airshed, members: IntArray) -> FloatArray:
        """Share of emissions abated ``[city, sector]`` at the cost of an equal cut by the members.

        Raises:
            InputError: the data set has no PM2.5, so that no harm is known.
        """
        harm = {"joint": shed.harm, "alone": shed.own_harm, "equal": np.ones(shed.people.size)}[self.coordination]
        if not harm.any():
            raise InputError("no pm25 in the base year", file="region_values.csv", key=KEY, allowed="a value per city")
        takes_part = np.zeros((harm.size, 1))
        takes_part[members] = 1.0
        cost = shed.cost * shed.emission * takes_part
        pull = takes_part * (np.ones_like(cost) if self.coordination == "equal" else harm[:, None] / shed.cost)
        return abatement_within(cost.sum() * cut**2, cost, pull, self.most)
