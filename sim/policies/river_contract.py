"""Contracts between upstream and downstream cities about the water at their border (plan ch. 6: 6.03, 6.07).

A year's water is judged at a section by the index of the Xin'an rule; who owes whom what is settled with the next
budget. What is at stake moves the upstream city to keep back more of its load than everybody does, which it builds
and pays as infrastructure: ``effort = min(limit, response x stake / own revenue)``, at a yearly cost of
``effort x river_effort_cost x GDP``. Stakes and costs grow with the nation's path. Parties are cities: a contract
between provinces stands under the cities on both sides of the border.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.core.agreements import Contract, ScheduleField, Water, value_at
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.policies.base import Effect, Policy, places
from sim.policies.joint_projects import index

if TYPE_CHECKING:
    from sim.datasets.world import World


class WaterContract(BaseModel):
    """One contract: the water it is about, and for how long it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)

    start: int = Field(description="first year whose water is judged", json_schema_extra={"unit": "year"})
    end: int = Field(description="last year whose water is judged", json_schema_extra={"unit": "year"})
    water: Water = Field(description="section, sides, rule and amounts")
    central: ScheduleField = Field(
        0.0, description="what the centre gives upstream towards its works", json_schema_extra={
            "unit": "100 million yuan", "minimum": 0,
        },
    )  # fmt: skip

    @model_validator(mode="after")
    def _order(self) -> WaterContract:
        if self.end < self.start:
            raise ValueError(f"ends in {self.end}, before it begins in {self.start}")
        return self


class RiverContract(Policy):
    """Contracts by name; each runs in its own years, within those of the policy."""

    key: ClassVar[str] = "policies.river_contract"
    effect: ClassVar[Effect] = Effect(
        strength="scale", lever="river_effort", indicator="river_index", places="receivers", sign=-1
    )
    question: ClassVar[str] = "What do contracts between upstream and downstream cities do to rivers and budgets?"

    contracts: dict[str, WaterContract] = Field(description="contracts by name", min_length=1)
    scale: float = Field(
        1.0, ge=0.0, le=10.0, description="factor on all amounts", json_schema_extra={"unit": "1"}
    )  # fmt: skip

    def parties(self, world: World) -> list[str]:
        """Both sides of all contracts, each once."""
        sides = [(contract.water.upstream, contract.water.downstream) for contract in self.contracts.values()]
        return list(dict.fromkeys(code for pair in sides for code in pair))

    def is_viable(self, world: World) -> bool:
        """Both sides of some contract take part."""
        return any(self._takes_part(contract.water) for contract in self.contracts.values())

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Enter the contracts; those in force move the effort upstream, which costs what it builds."""
        for name, terms in self.contracts.items():
            self._check(name, terms.water, world)
            water = terms.water.model_copy(update={
                "amount": self.scale * terms.water.amount, "extra": self.scale * terms.water.extra,
            })  # fmt: skip
            contract = Contract(
                name=name, parties=[water.upstream, water.downstream], base="water", key="equal", start=terms.start,
                end=terms.end, water=water,
            )  # fmt: skip
            on = self.start <= year <= self.end and contract.is_on(year) and self._takes_part(water)
            sides = places([water.upstream, water.downstream], world, self.key)
            levers.add_contract(contract, sides if on else sides[:0])
            if on and self.scale > 0.0:
                self._protect(levers, terms, water, int(sides[0]), year, world)

    def _protect(self, levers: Levers, terms: WaterContract, water: Water, city: int, year: int, world: World) -> None:
        """The effort that a stake brings about upstream, what it costs, and what the centre gives."""
        value, growth = world.parameters.value, index("gdp", year, world)
        first = index("gdp", max(terms.start, world.base_year), world) if water.indexed == "parties" else growth
        stake = water.stake * growth / first
        wanted = value("river_effort_response") * stake / (world.own_revenue[city] * growth)
        before = levers.river_effort[city]
        levers.river_effort[city] = min(before + wanted, value("river_effort_limit"))
        gdp = world.value_added[city].sum() * growth
        levers.works[city] += (levers.river_effort[city] - before) * value("river_effort_cost") * gdp
        levers.grant[city] += self.scale * value_at(terms.central, year=year)

    def _takes_part(self, water: Water) -> bool:
        """Whether both sides are members."""
        return len(self.takes_part([water.upstream, water.downstream])) == 2

    def _check(self, name: str, water: Water, world: World) -> None:
        """Raises InputError unless the section is upstream's own and its water comes to downstream."""
        key = f"{self.key}.contracts.{name}.water"
        try:
            section = world.section_ids[world.section_index(water.section)]
        except InputError as error:
            raise InputError(error.message, key=f"{key}.section", allowed=error.allowed) from None
        city, below = world.rivers["city"], world.rivers["downstream"]
        if city[section] != water.upstream:
            raise InputError(f"section {section} is of {city[section]}", key=f"{key}.upstream", allowed=city[section])
        reached = []
        while section := below[section]:
            reached.append(city[section])
        if water.downstream not in reached:
            raise InputError(
                f"no water of section {water.section} comes to {water.downstream}", key=f"{key}.downstream",
                allowed=", ".join(dict.fromkeys(reached)) or "nobody: it flows into the sea",
            )  # fmt: skip
