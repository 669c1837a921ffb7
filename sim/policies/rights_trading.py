"""Caps on energy, carbon, emissions or water, with rights that may be traded across provinces (plan 9.2, item 9.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from sim.core.agreements import Contract, Schedule, ScheduleField, Share, sums_to_one, value_at
from sim.core.errors import InputError
from sim.core.levers import ALLOCATIONS, RIGHTS, Levers
from sim.policies.base import Effect
from sim.policies.gradual import Gradual

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.core.arrays import IntArray
    from sim.datasets.world import World

Scope = Literal["region", "province"]


class Capped(Gradual):
    """Base of policies that cap a right, for all members together or province by province."""

    right: Literal["energy", "carbon", "emission", "water"] = Field(
        description="what is capped: use of energy, carbon of it, emissions to the air, or use of water"
    )
    cut: float = Field(
        ge=0.0, le=0.9, description="share of what would be used otherwise that has to go by the end; 0 = none",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    cap: ScheduleField | None = Field(
        None, description="highest use over the base year's, by year; holds where it is tighter than cut; null = none",
        json_schema_extra={"unit": "base year 1", "source": "judgement"},
    )  # fmt: skip
    scope: Scope = Field("region", description="who shares a cap: all members, or those of a province")

    @field_validator("cap")
    @classmethod
    def _above_zero(cls, value: Schedule | None) -> Schedule | None:
        if isinstance(value, dict) and "age" in value:
            raise ValueError("a cap goes by calendar year, not by age")
        steps = value.values() if isinstance(value, dict) else () if value is None else (value,)
        if any(not step > 0.0 for step in steps):  # type: ignore[operator]
            raise ValueError("a cap has to be above 0: without energy nothing is made")
        return value

    @property
    def is_on(self) -> bool:
        """Whether anything is ever capped."""
        return self.cut > 0.0 or self.cap is not None

    def enter(self, levers: Levers, year: int, world: World) -> IntArray:
        """Set cuts, caps and groups of the members, whose indices are returned.

        Raises:
            InputError: another policy caps the same right of one of them.
        """
        members, right = self.member_cities(world), RIGHTS.index(self.right)
        if not self.is_on or year < self.start:
            return members
        taken = members[levers.right_market[right, members] >= 0.0]
        if taken.size:
            raise InputError(
                f"{self.right} of {world.region_ids[taken[0]]} is capped by another policy already",
                key=f"policies.{self.name}.right", allowed="one policy for a right of a city",
            )  # fmt: skip
        levers.right_market[right, members] = world.province_of[members] if self.scope == "province" else 0.0
        levers.right_cut[right, members] = self.cut * self.done(year)
        cap = 0.0 if self.cap is None else value_at(self.cap, year=year)
        levers.right_cap[right, members] = cap if cap > 0.0 else np.inf
        return members


class RightsTrading(Capped):
    """Whoever emits or uses energy needs rights; they are bought and sold at one price."""

    name: ClassVar[str] = "rights_trading"
    effect: ClassVar[Effect] = Effect(strength="cut", lever="right_cut", indicator="carbon", places="region", sign=-1)
    question: ClassVar[str] = "What do rights to emit cost, who buys from whom, and what does trade save?"

    allocation: dict[str, Share] = Field(
        {"grandfathering": 1.0}, description="shares of the rights by who gets them first, sum 1: by base-year use, by "
        "residents, by GDP, or auctioned where they are used", json_schema_extra={"source": "judgement"},
    )  # fmt: skip

    @field_validator("allocation")
    @classmethod
    def _known(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        unknown = sorted(set(value) - set(ALLOCATIONS))
        if unknown:
            raise ValueError(f"unknown allocation '{unknown[0]}', known: {', '.join(ALLOCATIONS)}")
        sums_to_one(value, "the shares of the allocation")
        return value

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Caps of the year, who gets rights first, and the contract under which cities pay."""
        self.enter(levers, year, world)
        if not self.is_on:
            return
        right = RIGHTS.index(self.right)
        levers.right_trade[right] = 1.0
        levers.right_allocation[right] = [self.allocation.get(rule, 0.0) for rule in ALLOCATIONS]
        contract = Contract(name=self.name, parties=self.parties(world), base="rights", key="equal", start=self.start)
        levers.right_contract[right] = levers.add_contract(contract)
