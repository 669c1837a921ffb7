"""Policies of cities: who takes part, and pairs of those who do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.core.arrays import FloatArray, IntArray
from sim.core.names import PlacesOrAll
from sim.policies.base import Policy, places, sector_indices

if TYPE_CHECKING:
    from sim.datasets.world import World

Chosen = Literal["all"] | list[str]


class Gradual(Policy):
    """Base of policies that members bring in, most of them step by step."""

    name: ClassVar[str]

    cities: PlacesOrAll = Field("all", description="cities that take part, or all")

    def parties(self, world: World) -> list[str]:
        """The cities that take part."""
        return list(world.region_ids[: world.n_cities]) if self.cities == "all" else self.cities

    def member_cities(self, world: World) -> IntArray:
        """Indices of the members; an `InputError` if one is no city of the data set."""
        return places(self.takes_part(self.parties(world)), world, f"policies.{self.name}.cities")

    def chosen_sectors(self, sectors: Chosen, world: World) -> IntArray:
        """Indices of sectors; an `InputError` if one is not in the data set."""
        names = list(world.sector_ids) if sectors == "all" else sectors
        return sector_indices(names, world, f"policies.{self.name}.sectors")


def between(members: IntArray, world: World) -> FloatArray:
    """1 on pairs of members, ``[origin, destination]``."""
    chosen = np.zeros(world.n_regions)
    chosen[members] = 1.0
    return np.outer(chosen, chosen)


def across(members: IntArray, world: World) -> FloatArray:
    """1 on pairs of members of different provinces, ``[origin, destination]``."""
    province = world.province_of
    return np.asarray(between(members, world) * (province[:, None] != province[None, :]))
