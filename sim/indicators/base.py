"""What an indicator is: a function of a run's record and a set of cities, with unit and meaning.

The same function serves every scope: the whole region, a province, a group of cities, one city.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import PAYMENT

if TYPE_CHECKING:
    from sim.core.results import Record
    from sim.datasets.world import World
    from sim.mechanisms.base_year import BaseYear

REGION, PROVINCE, GROUP, CITY = SCOPES = ("region", "province", "group", "city")
SETS = (REGION, PROVINCE, GROUP)
"""Scopes of indicators that the cities table does not have."""

CORE = "core27"
TEN_THOUSAND_YUAN = "10,000 yuan"  # 100 million yuan over 10,000 persons
YUAN = 1e4  # unit: yuan a person, of 10,000 persons, in 100 million yuan
PER_CENT = 100.0  # unit: shares and growth are shown in per cent


@dataclass(frozen=True, eq=False)
class View:
    """A record as indicators see it: arrays ``[year, region, ...]`` and who belongs to what."""

    record: Record
    base: BaseYear

    @property
    def world(self) -> World:
        return self.base.world

    @cached_property
    def years(self) -> IntArray:
        done = self.record.years[: self.record.n_done]
        return np.fromiter(done, dtype=np.int64, count=len(done))

    def __getitem__(self, name: str) -> FloatArray:
        return self.record[name]

    def total(self, name: str, members: IntArray) -> FloatArray:
        """Sum over the members ``[year]``, over sectors too where there are any."""
        values = self.record[name][:, members]
        return np.asarray(values.reshape(len(values), -1).sum(axis=1))

    @cached_property
    def cities(self) -> IntArray:
        return np.arange(self.world.n_cities)

    @cached_property
    def trade(self) -> FloatArray:
        """``[year, origin, destination]``, all sectors."""
        return self.record.trade_of_all_sectors

    @cached_property
    def moved(self) -> FloatArray:
        """Capital that changed its city ``[year, origin, destination]``, all sectors, base-year prices."""
        moved = self.record["relocated_capital"]
        total = np.zeros((len(moved), *moved.shape[2:]))
        for s in np.flatnonzero(self.world.sector_is_mobile):
            total += moved[:, s]
        return total

    @cached_property
    def tax_shared(self) -> FloatArray:
        """Tax handed over under contracts by payer ``[year, region]``."""
        paid = np.zeros((len(self.years), self.world.n_regions))
        for year, rows in zip(paid, self.record.payments, strict=False):
            np.add.at(year, rows[:, PAYMENT.index("payer")].astype(np.int64), rows[:, PAYMENT.index("amount")])
        return paid

    @cached_property
    def specialisation(self) -> FloatArray:
        """How far a city's industry mix is from the region's ``[year, city]``, 0 to 2."""
        made = self["value_added"][:, : self.world.n_cities]
        size = made.sum(axis=2)
        region = made.sum(axis=1) / size.sum(axis=1, keepdims=True)
        return np.asarray(np.abs(made / size[:, :, None] - region[:, None, :]).sum(axis=2))

    @cached_property
    def province(self) -> IntArray:
        """Province of every city."""
        return self.world.province_of[: self.world.n_cities]

    @cached_property
    def core(self) -> IntArray:
        """Cities of the plan's central area; all where the data set names none."""
        found = np.flatnonzero(self.world.in_core[: self.world.n_cities])
        return found if found.size else self.cities

    @cached_property
    def places(self) -> dict[str, dict[str, IntArray]]:
        """Members of every place, by scope."""
        world = self.world
        areas = world.metro_areas[: world.n_cities]
        groups = {area: np.array([i for i, a in enumerate(areas) if a == area]) for area in sorted({*areas} - {""})}
        if len(self.core) < world.n_cities:
            groups[CORE] = self.core
        return {
            REGION: {REGION: self.cities},
            PROVINCE: {world.province_ids[q]: np.flatnonzero(self.province == q) for q in np.unique(self.province)},
            GROUP: groups,
            CITY: {city: np.array([i]) for i, city in enumerate(world.region_ids[: world.n_cities])},
        }


Function = Callable[[View, IntArray], FloatArray]


Computed = TypeVar("Computed", bound=Callable[..., FloatArray])


@dataclass(frozen=True)
class Indicator(Generic[Computed]):
    """A named number of a place and a year."""

    name: str
    unit: str
    meaning: str
    scopes: tuple[str, ...]
    compute: Computed


REGISTRY: dict[str, Indicator[Function]] = {}
"""Every indicator by name, filled by the modules of this package."""


def indicator(unit: str, *scopes: str) -> Callable[[Function], Function]:
    """Register a function as the indicator of its name; the first line of its docstring is the meaning."""

    def register(function: Function) -> Function:
        meaning = (function.__doc__ or "").strip().splitlines()[0].rstrip(".")
        REGISTRY[function.__name__] = Indicator(function.__name__, unit, meaning, scopes or SETS, function)
        return function

    return register


def growth(level: FloatArray) -> FloatArray:
    """Growth in per cent ``[year]``, not known for the first year."""
    return np.concatenate([[np.nan], PER_CENT * (level[1:] / level[:-1] - 1.0)])
