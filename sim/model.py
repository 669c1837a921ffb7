"""The model as Mesa users meet it: cities, provinces and the centre as agents on one simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import mesa

from sim.agents.city import CentreAgent, CityAgent, ProvinceAgent
from sim.agents.collector import RecordCollector
from sim.calibration import calibrate
from sim.compose import compose
from sim.config import RunConfig, world_of
from sim.core.levers import Levers
from sim.core.phases import Phase
from sim.core.results import Record
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear
from sim.year import YEAR, Simulation

if TYPE_CHECKING:
    from sim.datasets.world import World


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
        values = list(overrides) if rng is None else [*overrides, f"seed={rng}"]
        config = compose(scenario, values)
        self._set_up(Simulation(config, base=calibrate(world or world_of(config))))

    @classmethod
    def from_config(
        cls,
        config: RunConfig,
        *,
        base: BaseYear | None = None,
        growth: Mapping[int, float] | None = None,
    ) -> RegionalEconomy:
        """The model of a judged configuration; see :class:`sim.year.Simulation`."""
        model = cls.__new__(cls)
        model._set_up(Simulation(config, base=base or calibrate(world_of(config)), growth=growth))
        return model

    def _set_up(self, simulation: Simulation) -> None:
        super().__init__(rng=simulation.config.seed)
        self.simulation = simulation
        self.world = world = simulation.world
        self.cities = [
            CityAgent(self, city, world.region_names[index], index)
            for index, city in enumerate(world.region_ids[: world.n_cities])
        ]
        self.provinces = [
            ProvinceAgent(self, province, q, [city for city in self.cities if world.province_of[city.index] == q])
            for q, province in enumerate(world.province_ids)
        ]
        self.centre = CentreAgent(self)
        self.datacollector = RecordCollector(self)

    def step(self) -> None:
        """One year; see :meth:`sim.year.Simulation.step`."""
        self.simulation.step()

    def run(self) -> Record:
        """Step to the horizon; the record of all years."""
        while self.year in self.simulation.years:
            self.step()
        return self.record

    @property
    def year(self) -> int:
        """The year the next step computes."""
        return self.simulation.state.year

    @property
    def config(self) -> RunConfig:
        """The judged configuration of this run."""
        return self.simulation.config

    @property
    def state(self) -> State:
        """All numbers of the model; agents are views of it."""
        return self.simulation.state

    @property
    def levers(self) -> Levers:
        """What policies have set this year."""
        return self.simulation.levers

    @property
    def record(self) -> Record:
        """What has been recorded so far."""
        return self.simulation.record

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of the year, in order."""
        return self.simulation.phases

    @property
    def growth(self) -> Mapping[int, float]:
        """National productivity scalar by year: found here, or the reference run's."""
        return self.simulation.growth


__all__ = ["YEAR", "RegionalEconomy"]
