"""One year as an ordered tuple of phases, and the simulation that steps through the years. No formulas live here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.agents.assess import Assess
from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.phases import Phase
from sim.core.results import Record
from sim.core.state import State
from sim.core.streams import stream
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.fiscal import Fiscal
from sim.mechanisms.invest import Invest
from sim.mechanisms.learn import Learn
from sim.mechanisms.market.phase import Market
from sim.mechanisms.people import People
from sim.mechanisms.sharing import Share
from sim.policies import Policy

if TYPE_CHECKING:
    from sim.config import RunConfig

YEAR: tuple[type[Phase], ...] = (Market, Fiscal, Share, Assess, Invest, People, Learn)
"""The order of the year. Environment, government decisions and networks join it when they do something."""


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
        self.config = config
        self.base = base
        self.world = base.world
        self.policies = {name: policy for name, policy in config.policies.items() if isinstance(policy, Policy)}
        self.state: State = base.state.copy()
        self.baseline_levers = Levers.neutral(base.admin_barrier, self.world.n_sectors)
        self.levers = Levers.neutral(base.admin_barrier, self.world.n_sectors)
        self.years = range(self.world.base_year, config.horizon + 1)
        self.record = Record(self.years, self.world.n_regions, self.world.n_sectors, base.n_provinces)
        self.market = Market(base, tolerance=config.tolerance)
        self.learn = Learn(base, growth=growth, shock=self._shock if config.shocks.enabled else None)
        self.phases: tuple[Phase, ...] = (
            self.market, Fiscal(base), Share(base), Assess(base), Invest(base), People(base), self.learn,
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
        for policy in self.policies.values():
            policy.set_levers(levers, state.year, self.world)
        self.record.open_year(state)
        for phase in self.phases:
            phase.update(state, levers)
        self.record.close_year(state, self.market.technology.kappa)
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
