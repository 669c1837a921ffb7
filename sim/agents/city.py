"""City governments as Mesa agents. Agents own no numbers: what they show are views into the state's columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.agents.govern import MEMBER
from sim.agents.governments import rule_named
from sim.agents.rules import Decision, Observation, Rule, per_city
from sim.core.arrays import FloatArray
from sim.core.state import SCORE_TERMS

if TYPE_CHECKING:
    from sim.core.state import State


class _Column:
    """A number of the state that belongs to one city; writing it writes the state."""

    def __init__(self, field: str, doc: str) -> None:
        self.field = field
        self.__doc__ = doc

    def __get__(self, agent: CityAgent | None, owner: type[CityAgent]) -> float:
        if agent is None:
            return self  # type: ignore[return-value]
        return float(getattr(agent.state, self.field)[agent.index])

    def __set__(self, agent: CityAgent, value: float) -> None:
        getattr(agent.state, self.field)[agent.index] = value


class CityAgent(mesa.Agent):  # type: ignore[misc]
    """A city and its government.

    Attributes:
        city_id: administrative code.
        name: English name.
        index: row of this city in every array by region.
    """

    gdp = _Column("gdp", "value added, 100 million yuan of the year")
    real_gdp = _Column("real_gdp", "chained volume, 100 million yuan of the base year")
    real_income = _Column("real_income", "income of residents and their government over the price index")
    population = _Column("resident_population", "residents, 10,000 persons")
    own_revenue = _Column("own_revenue", "general budget revenue, 100 million yuan")
    debt = _Column("debt", "debt, 100 million yuan")
    score = _Column("score", "what its government makes of the year")
    decided_subsidy = _Column("decided_subsidy", "subsidy per yuan of new and arriving investment, as it decided")
    infrastructure_share = _Column("infrastructure_share", "share of its budget spent on infrastructure")
    subsidy_rate = _Column("subsidy_rate", "subsidy per yuan of arriving investment")

    def __init__(self, model: mesa.Model, city_id: str, name: str, index: int) -> None:
        super().__init__(model)
        self.city_id = city_id
        self.name = name
        self.index = index

    @property
    def state(self) -> State:
        """The model's state, shared by all agents."""
        return self.model.state  # type: ignore[no-any-return]

    @property
    def rule(self) -> Rule:
        """The rule by which its government decides; set it to a rule's name or to a function.

        The function takes this city's :class:`sim.agents.rules.Observation`, in plain numbers, and returns a
        :class:`sim.agents.rules.Decision`.
        """
        return self.model.simulation.rule_of(self.index)  # type: ignore[no-any-return]

    @rule.setter
    def rule(self, rule: str | Callable[[Observation], Decision]) -> None:
        self.model.simulation.set_rule(
            self.index, rule_named(rule, "rule") if isinstance(rule, str) else per_city(rule)
        )

    @property
    def tastes(self) -> dict[str, float]:
        """Weights of growth, income, balance and compliance in its score; empty where governments decide nothing."""
        governments = self.model.simulation.governments
        if governments is None:
            return {}
        return dict(zip(SCORE_TERMS, governments.weights[self.index].tolist(), strict=True))

    @property
    def agreements(self) -> list[str]:
        """Agreements that it is a member of."""
        proposals = self.model.simulation.proposals
        signed = self.state.membership[:, self.index] == MEMBER
        return [proposal.name for proposal, is_member in zip(proposals, signed, strict=True) if is_member]

    @property
    def industry_mix(self) -> FloatArray:
        """Value added by sector, a view ``[sector]``."""
        return np.asarray(self.state.value_added[self.index])

    @property
    def budget(self) -> dict[str, float]:
        """Where the city's money came from and went this year, 100 million yuan; sums to zero."""
        items = ("own_revenue", "general_transfer", "land_revenue", "new_debt", "fund_draw", "shared_revenue")
        budget = {name: float(getattr(self.state, name)[self.index]) for name in items}
        for name in ("city_service", "city_investment", "city_cash", "subsidy", "interest_paid"):
            budget[name] = -float(getattr(self.state, name)[self.index])
        return budget

    @property
    def sharing_rules(self) -> list[dict[str, object]]:
        """Contracts in force that this city pays or receives under."""
        rows, levers = self.state.cohorts, self.model.levers
        moved = set(rows[(rows[:, 0] == self.index) | (rows[:, 1] == self.index), 3])
        return [
            {"contract": c.name, "base": c.base, "key": c.key, "schedule": c.schedule, "term": c.term}
            for number, c in enumerate(levers.contracts)
            if (number in moved if c.base == "moved_tax" else levers.sharing[number, self.index] > 0.0)
        ]


class ProvinceAgent(mesa.Agent):  # type: ignore[misc]
    """A province: a view on its cities."""

    def __init__(self, model: mesa.Model, province_id: str, index: int, cities: list[CityAgent]) -> None:
        super().__init__(model)
        self.province_id = province_id
        self.index = index
        self.cities = cities

    @property
    def gdp(self) -> float:
        """Sum over its cities, 100 million yuan."""
        return sum(city.gdp for city in self.cities)

    @property
    def own_revenue(self) -> float:
        """The provincial level's own, 100 million yuan."""
        return float(self.model.state.province_revenue[self.index])


class CentreAgent(mesa.Agent):  # type: ignore[misc]
    """The central government."""

    @property
    def tax(self) -> float:
        """Central taxes of the year, 100 million yuan."""
        return float(self.model.state.central_tax.sum())

    @property
    def transfers(self) -> float:
        """Transfers to cities, provinces and the rest of the country, 100 million yuan."""
        state = self.model.state
        return float(state.general_transfer.sum() + state.province_transfer.sum())
