"""One year as an ordered tuple of phases, and the simulation that steps through the years. No formulas live here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.agents.assess import Assess
from sim.agents.govern import MEMBER, Govern, Proposal
from sim.agents.governments import Governments
from sim.agents.rules import Rule, passive
from sim.agents.scores import Result
from sim.core.arrays import BoolArray, FloatArray
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.phases import Phase
from sim.core.results import Record
from sim.core.state import EVENT, State
from sim.core.streams import stream
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.environment import Environment
from sim.mechanisms.fiscal import Fiscal
from sim.mechanisms.infrastructure import Infrastructure
from sim.mechanisms.invest import Invest
from sim.mechanisms.knowledge import Knowledge
from sim.mechanisms.learn import Learn
from sim.mechanisms.market.phase import Market
from sim.mechanisms.people import People
from sim.mechanisms.sharing import Share
from sim.outlook import Outlook
from sim.policies import Policy
from sim.policies.base import places

if TYPE_CHECKING:
    from sim.config import RunConfig

YEAR: tuple[type[Phase], ...] = (
    Infrastructure,
    Market,
    Fiscal,
    Share,
    Environment,
    Assess,
    Govern,
    Invest,
    People,
    Knowledge,
    Learn,
)
"""The order of the year."""


class Simulation:
    """A region through the years of a run: state, levers, phases, record.

    Everything a run needs and nothing of Mesa, so that runs by the thousand start fast; `sim.model.RegionalEconomy` is
    the same with agents. After construction it stands at the calibrated base year with nothing recorded; the first
    step computes and records the base year.

    Args:
        config: a judged configuration.
        base: the calibrated base year (:func:`sim.calibration.calibrate`).
        growth: national productivity scalar by year, from the reference run; found here if not given.
    """

    def __init__(self, config: RunConfig, *, base: BaseYear, growth: Mapping[int, float] | None = None) -> None:
        config = config.with_codes(base.world)
        self.config = config
        self.base = base
        self.world = base.world
        self.policies = {name: policy for name, policy in config.policies.items() if isinstance(policy, Policy)}
        self.state: State = base.state.copy()
        sizes = self.world.n_sectors, self.world.n_lines
        self.baseline_levers = Levers.neutral(base.admin_barrier, *sizes)
        self.levers = Levers.neutral(base.admin_barrier, *sizes)
        self.years = range(self.world.base_year, config.horizon + 1)
        self.record = Record(
            self.years, self.world.n_regions, self.world.n_sectors, base.n_provinces, self.world.n_sections
        )
        self.market = Market(base, tolerance=config.tolerance)
        self._agreed = tuple(name for name, policy in self.policies.items() if policy.agreement is not None)
        self.proposals = tuple(self._proposal(name, self.policies[name]) for name in self._agreed)
        self.state.membership = np.zeros((len(self.proposals), self.world.n_regions))
        self.state.losing_years, self.state.given = (
            np.zeros_like(self.state.membership),
            np.zeros_like(self.state.membership),
        )
        decides = self.proposals or config.governments.rule != "passive" or config.governments.rules
        self.governments = self._governments() if decides else None
        self._assess = Assess(base, self.governments)
        self._govern = Govern(base, self.governments, self.proposals, self.look_ahead)
        self._outlook: Outlook | None = None
        self.learn = Learn(base, growth=growth, shock=self._shock if config.shocks.enabled else None)
        self.phases: tuple[Phase, ...] = (
            Infrastructure(base, as_opened=config.links.openings == "as_opened"),
            self.market, Fiscal(base), Share(base, (config.seed, config.replicate), self.market.trade_weights),
            Environment(base), self._assess, self._govern, Invest(base), People(base), Knowledge(base),
            self.learn,
        )  # fmt: skip
        self.solver: list[dict[str, float]] = []

    @property
    def growth(self) -> Mapping[int, float]:
        """National productivity scalar by year: found here, or the reference run's."""
        return self.learn.found if self.learn.growth is None else self.learn.growth

    def step(self) -> None:
        """One year: levers from the baseline, policies, phases, record, calendar.

        Raises:
            EquilibriumError: the market of this year did not clear.
        """
        state, levers = self.state, self.levers
        if state.year not in self.years:
            raise InputError(
                f"the run ends in {self.years[-1]}", key="horizon", allowed=f"at most {self.world.last_year}"
            )
        levers.reset(self.baseline_levers)
        for policy in self.in_force(state):
            policy.set_levers(levers, state.year, self.world)
        state.events = np.empty((0, len(EVENT)))
        self.record.open_year(state)
        for phase in self.phases:
            phase.update(state, levers)
        self.record.close_year(state, self.market.weights)
        market = self.market
        self.solver.append({"year": state.year, "sweeps": market.sweeps, "residual": market.residual})
        if self.config.check_identities:
            self._check()
        state.year += 1

    def run(self) -> Record:
        """Step to the horizon; the record of all years."""
        while self.state.year in self.years:
            self.step()
        return self.record

    def in_force(self, state: State) -> list[Policy]:
        """The policies in force: those imposed as they are, those agreed with their members of this state."""
        return [
            policy if policy.agreement is None else self._agreed_policy(self._agreed.index(name), policy, state)
            for name, policy in self.policies.items()
        ]

    def look_ahead(self, state: State, years: int) -> Result:
        """What governments expect of the coming years ``[year, city]`` if nothing else is decided."""
        if self._outlook is None:
            self._outlook = Outlook(
                self.base,
                self.in_force,
                self.baseline_levers,
                as_opened=self.config.links.openings == "as_opened",
                expectations=self.config.governments.expectations,
                tolerance=self.config.tolerance,
            )
        return self._outlook.ahead(state, self.levers, self.learn.growth, years)

    def rule_of(self, city: int) -> Rule:
        """The rule by which a city's government decides."""
        return passive if self.governments is None else self.governments.rule_of[city]

    def set_rule(self, city: int, rule: Rule) -> None:
        """Let a city decide by another rule from now on."""
        if self.governments is None:
            self.governments = self._governments()
            self._assess.governments = self.governments
            self._govern.take_office(self.governments)
        self.governments.rule_of[city] = rule

    def _agreed_policy(self, number: int, policy: Policy, state: State) -> Policy:
        """The policy with the members of this state, its split shifted as it was renegotiated."""
        members = self._codes(state.membership[number] == MEMBER)
        return policy.model_copy(update={"members": members}).given_to(self._codes(state.given[number] > 0.0))

    def _proposal(self, name: str, policy: Policy) -> Proposal:
        """A policy that needs consent, as governments see it."""
        terms = policy.agreement
        assert terms is not None
        key = f"policies.{name}.agreement"
        parties = policy.takes_part(policy.parties(self.world))
        if len(parties) < terms.minimum:
            message = f"{terms.minimum} members at least, but {len(parties)} parties"
            raise InputError(message, key=f"{key}.minimum", allowed="a policy whose parties are named, at most as many")
        return Proposal(
            name=name,
            parties=places(parties, self.world, f"policies.{name}"),
            needed=places(terms.needed, self.world, f"{key}.needed"),
            terms=terms,
            start=policy.start,
            end=policy.end,
            is_viable=lambda chosen: policy.model_copy(update={"members": self._codes(chosen)}).is_viable(self.world),
        )

    def _codes(self, chosen: BoolArray) -> list[str]:
        return [self.world.region_ids[i] for i in np.flatnonzero(chosen)]

    def _governments(self) -> Governments:
        config = self.config.governments
        seeds = self.config.seed, self.config.replicate
        return Governments.of(self.world, self.years, seeds, config.tastes, config.rule, config.rules)

    def _check(self) -> None:
        from sim.indicators.identities import check_identities

        check_identities(self)

    def _shock(self, year: int) -> FloatArray:
        """Productivity shocks of a year: one stream per region, so that scenarios with one seed share them."""
        world, config = self.world, self.config
        deviation = config.shocks.scale * world.parameters.value("productivity_shock_sd")
        draws = [
            stream(config.seed, config.replicate, "productivity", year, region).standard_normal(world.n_sectors)
            for region in world.region_ids
        ]
        return deviation * np.array(draws)
