"""The model: one region, one state, one year as an ordered tuple of phases. No formulas live here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.agents.assess import Assess
from sim.agents.city import CentreAgent, CityAgent, ProvinceAgent
from sim.agents.collector import RecordCollector
from sim.calibration import calibrate
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
from sim.policies import Policy

if TYPE_CHECKING:
    from sim.config import RunConfig
    from sim.datasets.world import World

YEAR: tuple[type[Phase], ...] = (Market, Fiscal, Assess, Invest, People, Learn)
"""The order of the year. Environment, government decisions and networks join it with their issues."""


class RegionalEconomy(mesa.Model):  # type: ignore[misc]
    """A region of cities that trade, tax, invest and compete; ``step()`` is one year.

    After construction the model stands at the calibrated base year with nothing recorded; the first step computes and
    records the base year.

    Args:
        scenario: name of a scenario file.
        world: a data set; default the scenario's own.
        rng: seed of every random stream; default the scenario's.
        overrides: ``"key=value"`` strings, as on the command line.
    """

    def __init__(
        self,
        scenario: str = "baseline",
        *,
        world: World | None = None,
        rng: int | None = None,
        overrides: Sequence[str] = (),
    ) -> None:
        from sim.compose import compose

        values = list(overrides) if rng is None else [*overrides, f"seed={rng}"]
        self._set_up(compose(scenario, values), world, None, None)

    @classmethod
    def from_config(
        cls,
        config: RunConfig,
        world: World | None = None,
        growth: Mapping[int, float] | None = None,
        base: BaseYear | None = None,
    ) -> RegionalEconomy:
        """The model of a judged configuration; ``growth`` is the reference run's scalar by year."""
        model = cls.__new__(cls)
        model._set_up(config, world, growth, base)
        return model

    def _set_up(
        self,
        config: RunConfig,
        world: World | None,
        growth: Mapping[int, float] | None,
        base: BaseYear | None,
    ) -> None:
        super().__init__(rng=config.seed)
        if base is None:
            from sim.config import world_of

            base = calibrate(world_of(config) if world is None else world)
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
            self.market, Fiscal(base), Assess(base), Invest(base), People(base), self.learn,
        )  # fmt: skip
        self.solver: list[dict[str, float]] = []
        self._add_agents()
        self.datacollector = RecordCollector(self)

    def _add_agents(self) -> None:
        world = self.world
        self.cities = [
            CityAgent(self, city, world.region_names[index], index)
            for index, city in enumerate(world.region_ids[: world.n_cities])
        ]
        self.provinces = [
            ProvinceAgent(self, province, q, [city for city in self.cities if world.province_of[city.index] == q])
            for q, province in enumerate(world.province_ids)
        ]
        self.centre = CentreAgent(self)

    @property
    def year(self) -> int:
        """The year the next step computes."""
        return self.state.year

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

    def _check(self) -> None:
        from sim.indicators.identities import check_identities

        check_identities(self)

    def run(self) -> Record:
        """Step to the horizon; the record of all years."""
        while self.state.year in self.years:
            self.step()
        return self.record

    def _shock(self, year: int) -> FloatArray:
        """Productivity shocks of a year: one stream per region, so that scenarios with one seed share them."""
        world, config = self.world, self.config
        deviation = config.shocks.scale * world.parameters.value("productivity_shock_sd")
        draws = [
            stream(config.seed, config.replicate, "productivity", year, region).standard_normal(world.n_sectors)
            for region in world.region_ids
        ]
        return deviation * np.array(draws)
