"""A special zone: cheaper trade with the world, lower tax, higher productivity (plan ch. 11: 11.01 to 11.07)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field, field_validator

from sim.core.agreements import Schedule, ScheduleField, check_schedule, value_at
from sim.core.levers import Levers
from sim.core.names import Places
from sim.policies.base import Effect, Policy, places, sector_indices

if TYPE_CHECKING:
    from sim.core.arrays import IntArray
    from sim.datasets.world import World

KEY = "policies.free_trade_zone"


class FreeTradeZone(Policy):
    """Places trade with the world at lower cost, hand back corporate tax, draw its capital, lead in productivity.

    What the world invests beyond the base year it owns, and is paid all it earns after tax; what is handed back of the
    tax stays with the residents.
    """

    effect: ClassVar[Effect] = Effect(
        strength="strength", lever="external_cost", indicator="real_gdp", places="cities", sign=1
    )
    question: ClassVar[str] = "What does a special economic zone bring to itself, to its city and to the others?"

    cities: Places = Field(description="places that are the zone", min_length=1)
    sectors: list[str] = Field(
        default_factory=list, description="key industries: those with lower tax and higher productivity; empty = all"
    )
    strength: float = Field(
        1.0, ge=0.0, le=1.0, description="part of all that the zone has which is in force",
        json_schema_extra={"unit": "1"},
    )  # fmt: skip
    external_cut: float = Field(
        ge=0.0, le=0.5, description="share of the cost of trade with the world that is gone, both ways",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    tax_relief: ScheduleField = Field(
        0.0, description="share of the corporate tax of key industries that the place hands back, by calendar year",
        json_schema_extra={"unit": "1", "minimum": 0, "maximum": 1},
    )  # fmt: skip
    productivity: float = Field(
        0.0, ge=0.0, le=1.0, description="lead in productivity of key industries that is reached in the end",
        json_schema_extra={"unit": "log points", "source": "judgement"},
    )  # fmt: skip
    years_to_lead: int = Field(
        5, ge=1, le=30, description="years in which the lead is reached, in equal steps",
        json_schema_extra={"unit": "years"},
    )  # fmt: skip
    foreign_investment: float = Field(
        0.0, ge=0.0, le=1.0, description="what the world invests in the zone over its GDP, beyond the base year",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip

    @field_validator("tax_relief")
    @classmethod
    def _share_in_range(cls, value: Schedule) -> Schedule:
        return check_schedule(value, 0.0, 1.0)

    def _inside(self, world: World) -> tuple[IntArray, IntArray]:
        """Places and key industries of the zone, as indices."""
        every = np.arange(world.n_sectors)
        return (
            places(self.takes_part(self.cities), world, f"{KEY}.cities"),
            sector_indices(self.sectors, world, f"{KEY}.sectors") if self.sectors else every,
        )

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Lower the cost of trade with the world, hand back tax, draw capital, raise productivity step by step."""
        zone, sectors = self._inside(world)
        if not self.start <= year <= self.end:
            return
        cost = 1.0 - self.strength * self.external_cut
        levers.external_cost[zone, world.row] *= cost
        levers.external_cost[world.row, zone] *= cost
        levers.foreign_investment[zone] += self.strength * self.foreign_investment
        key = np.ix_(zone, sectors)
        levers.tax_relief[key] = self.strength * value_at(self.tax_relief, year=year, age=year - self.start)
        done = min((year - self.start + 1) / self.years_to_lead, 1.0)
        levers.productivity_gain[key] += self.strength * self.productivity * done
