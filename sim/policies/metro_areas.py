"""Metropolitan areas become one city: register, services and travel inside them (plan ch. 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.core.levers import Levers
from sim.datasets.places import expand
from sim.policies.base import Effect, Policy, places

if TYPE_CHECKING:
    from sim.datasets.world import World

KEY = "policies.metro_areas.areas"


class MetroAreas(Policy):
    """Between the cities of an area what keeps their people out falls, and commuter rail shortens the way."""

    effect: ClassVar[Effect] = Effect(
        strength="integration", lever="mutual_access", indicator="real_income", places="region", sign=1
    )
    question: ClassVar[str] = "Who gains when the cities of a metropolitan area become one city?"

    integration: float = Field(
        ge=0.0, le=1.0, description="share of what separates the cities of an area that is gone by the end",
        json_schema_extra={"unit": "1", "source": "plan ch. 3.2: metropolitan areas as one city, the far end"},
    )  # fmt: skip
    time_saved: float = Field(
        ge=0.0, lt=1.0, description="share of passenger time between the cities of an area that commuter rail saves "
        "when they are one; what it costs is not in it (policies.joint_projects has lines with their cost)",
        json_schema_extra={"unit": "1", "source": "judgement: waiting and access are a third of a trip"},
    )  # fmt: skip
    areas: Literal["all"] | list[str] | dict[str, list[str]] = Field(
        "all",
        description="all areas of the data set, some by name (any group or province too), or areas of one's own, "
        "name: cities",
    )

    def members_of(self, world: World) -> dict[str, list[str]]:
        """Cities of every area.

        Raises:
            InputError: nothing has this name.
        """
        if isinstance(self.areas, dict):
            return {area: expand(names, world, f"{KEY}.{area}") for area, names in self.areas.items()}
        known: dict[str, list[str]] = {}
        for code, area in zip(world.region_ids[: world.n_cities], world.metro_areas, strict=False):
            if area:
                known.setdefault(area, []).append(code)
        if self.areas == "all":
            return known
        return {area: known.get(area) or expand([area], world, KEY) for area in self.areas}

    def parties(self, world: World) -> list[str]:
        """The cities of the areas."""
        return list(dict.fromkeys(code for codes in self.members_of(world).values() for code in codes))

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Open the members of every area to each other."""
        done = self.integration * self.done(year)
        for codes in self.members_of(world).values():
            members = places(self.takes_part(codes), world, KEY)
            pairs = np.ix_(members, members)
            for lever in (levers.mutual_access, levers.portable):
                lever[pairs] = np.maximum(lever[pairs], done)
            faster = np.minimum(levers.passenger_time[pairs], 1.0 - self.time_saved * done)
            np.fill_diagonal(faster, levers.passenger_time[members, members])
            levers.passenger_time[pairs] = faster
