"""The transfer as a Mesa user would write it for `mesa.batch_run`: one model class whose agents are asked."""

from __future__ import annotations

from collections.abc import Sequence

from mesa import DataCollector

from sim.calibration import calibrate
from sim.compose import compose
from sim.config import world_of
from sim.experiments.run import reference_config
from sim.model import RegionalEconomy
from sim.year import Simulation

OF_CITIES = ("gdp", "real_gdp", "real_income", "own_revenue", "population")


class Transfer(RegionalEconomy):
    """The scenario beside its reference, every number asked of the agents each year."""

    def __init__(self, words: Sequence[str] = (), rng: int | None = None, seed: int | None = None) -> None:
        config = compose("industry_transfer", list(words))
        base = calibrate(world_of(config))
        self.before = Simulation(reference_config(config), base=base)
        self.before.run()
        self._set_up(Simulation(config, base=base, growth=self.before.growth))
        self.datacollector = DataCollector(
            model_reporters={"gain": _gain},
            agenttype_reporters={type(self.cities[0]): {name: name for name in OF_CITIES}},
        )

    def step(self) -> None:
        super().step()
        self.datacollector.collect(self)
        self.running = self.year in self.simulation.years


def _gain(model: Transfer) -> float:
    n = model.world.n_cities
    after, before = (m.record["real_income"][:, :n].sum(axis=1) for m in (model.simulation, model.before))
    return float(100 * (after[-1] / before[len(after) - 1] - 1))
