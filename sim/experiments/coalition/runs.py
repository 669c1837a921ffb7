"""The runs of a coalition study: one per coalition, the policies in force among its members only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from sim.compose import compose
from sim.config import world_of
from sim.core.errors import InputError
from sim.datasets.world import World
from sim.experiments.coalition.question import Players, Question, players_of
from sim.experiments.ensemble.executors import Died
from sim.experiments.ensemble.plan import REPLICATE, RUN, STRUCTURE, WORLD, Structure
from sim.experiments.ensemble.shard import FAILED, OK, Recent, Runner
from sim.experiments.run import reference_config
from sim.policies.base import Policy

if TYPE_CHECKING:
    from sim.bargaining import Coalition
    from sim.config import RunConfig
    from sim.core.arrays import FloatArray
    from sim.core.results import Record
    from sim.experiments.ensemble.executors import Executor
    from sim.experiments.ensemble.sweep import Tell

MEASURES: dict[str, Callable[[Record], FloatArray]] = {
    "real_income": lambda record: record["real_income"],
    "own_revenue": lambda record: (record["own_revenue"] + record["shared_revenue"]) / record["cpi"],
    "real_gdp": lambda record: record["real_gdp"],
}
"""What may count as a gain ``[year, region]``, 100 million yuan of the base year."""

SIZES = {"gdp": "gdp", "population": "resident_population", "capacity": "own_revenue"}
"""Field of the record, in the base year, by what gains may be divided in proportion to."""

MOST_IN_A_TASK = 8  # unit: runs sent to a worker at once
TASKS_PER_WORKER = 8  # unit: tasks, so that workers end at about the same time


@dataclass(frozen=True)
class Worth:
    """What one run brought.

    Attributes:
        amounts: the measure summed over the cities of each player, by name.
        region: the same of all cities.
        sizes: ``sizes[what][player]`` in the base year; see `SIZES`.
        error: why there is nothing; empty for a run that finished.
    """

    amounts: Mapping[str, float]
    region: float
    sizes: Mapping[str, Mapping[str, float]]
    error: str = ""


@dataclass(frozen=True, eq=False)
class Setup:
    """A judged question: the scenario, its players, and what each year counts for."""

    question: Question
    config: RunConfig
    reference: RunConfig
    world: World
    players: Players
    weights: dict[int, float]

    @classmethod
    def of(cls, question: Question) -> Setup:
        """Compose the scenario and find the players.

        Raises:
            InputError: something in the question is wrong.
        """
        config = compose(question.scenario, question.overrides)
        if config.reference is None:
            message = "national growth is that of a reference, and the scenario has none"
            raise InputError(message, key="reference", allowed="reference=SCENARIO")
        loaded = World.load(config.world.dataset)
        world_of(config, loaded)  # judges horizon and parameters
        world = loaded.carved(config.world.carve)
        config = config.with_codes(world)
        players = players_of(question, config, world)
        return cls(
            question, config, reference_config(config), world, players, _weights(question, config, world, players)
        )

    def evaluate(
        self, coalitions: Sequence[Coalition], executor: Executor, tell: Tell | None = None
    ) -> dict[Coalition, Worth]:
        """Run every coalition; a run that fails says so, the others go on. Any number of workers gives the same."""
        from sim.experiments.ensemble.sweep import Standing  # not in the workers, which start sooner without

        standing = Standing(len(coalitions))
        size = max(1, min(MOST_IN_A_TASK, -(-len(coalitions) // (executor.workers * TASKS_PER_WORKER))))
        parts = [coalitions[i : i + size] for i in range(0, len(coalitions), size)]
        shared = self._shared()
        tasks = [{**shared, "members": [self.players.values(coalition) for coalition in part]} for part in parts]
        found: dict[Coalition, Worth] = {}
        for position, result in executor.map(run_coalitions, tasks):
            part = parts[position]
            worths = [_nothing(result.reason)] * len(part) if isinstance(result, Died) else [_worth(r) for r in result]
            found |= zip(part, worths, strict=True)
            standing.status.update(FAILED if worth.error else OK for worth in worths)
            if tell is not None:
                tell(standing)
        return {coalition: found[coalition] for coalition in coalitions}

    def _shared(self) -> dict[str, Any]:
        """What all tasks are told."""
        return {
            "digest": f"{self.config.digest()} {self.reference.digest()}",
            "data_hash": World.load(self.config.world.dataset).content_hash,
            "structure": Structure(self.config, self.reference, ()).plain(),
            "measure": self.question.measure,
            "weights": self.weights,
            "players": {name: list(codes) for name, codes in self.players.cities.items()},
        }


def _weights(question: Question, config: RunConfig, world: World, players: Players) -> dict[int, float]:
    """What a gain of each year counts for: one year alone, or all from the first in which a policy acts, discounted.

    The last year's counts for the years beyond as well.
    """
    year = question.year
    if year is not None:
        if not world.base_year <= year <= config.horizon:
            raise InputError(
                f"the runs have no year {year}", key="year", allowed=f"{world.base_year} to {config.horizon}"
            )
        return {year: 1.0}
    policies = [config.policies[name] for name in players.parties]
    start = max(world.base_year, min(policy.start for policy in policies if isinstance(policy, Policy)))
    if start > config.horizon:
        raise InputError(
            f"the agreement starts in {start}, after the last year", key="horizon", allowed=f"{start} or later"
        )
    factor = {t: (1.0 + question.discount) ** (start - t) for t in range(start, config.horizon + 1 + question.beyond)}
    later = sum(factor.pop(t) for t in range(config.horizon + 1, config.horizon + 1 + question.beyond))
    return factor | {config.horizon: factor[config.horizon] + later}


def _nothing(reason: str) -> Worth:
    return Worth({}, float("nan"), {}, reason)


def _worth(result: Mapping[str, Any]) -> Worth:
    return Worth(result["amounts"], result["region"], result["sizes"], result["error"])


# --- in the worker ------------------------------------------------------------------------------------------------

_RUNNERS: Recent[Runner] = Recent(1)


def run_coalitions(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run the coalitions of a task.

    Args:
        task: plain data: digest, data_hash, structure, measure, weights by year, players (codes by name), and members
            (values by dotted key of every coalition).

    Returns:
        per coalition: amounts by player, region, sizes, error; see `Worth`.
    """
    structure = Structure.from_plain(task["structure"])
    runner = _RUNNERS.get_or(task["digest"], lambda: Runner([structure], task["data_hash"]))
    found = []
    with threadpool_limits(limits=1):
        for values in task["members"]:
            case = {RUN: 0, WORLD: 0, REPLICATE: structure.config.replicate, STRUCTURE: 0, "values": values}
            outcome = runner.run(case)
            if outcome.model is None:
                error = f"{outcome.status}: {outcome.error}"
                found.append({"amounts": {}, "region": float("nan"), "sizes": {}, "error": error})
                continue
            world, record = outcome.model.world, outcome.model.record
            cities = {name: [world.index(code) for code in codes] for name, codes in task["players"].items()}
            weights = np.array([task["weights"].get(year, 0.0) for year in outcome.model.years])
            amount = weights @ MEASURES[task["measure"]](record)
            sizes = {what: record[name][0] for what, name in SIZES.items()}
            found.append(
                {
                    "amounts": {name: float(amount[those].sum()) for name, those in cities.items()},
                    "region": float(amount[: world.n_cities].sum()),
                    "sizes": {w: {n: float(x[those].sum()) for n, those in cities.items()} for w, x in sizes.items()},
                    "error": "",
                }
            )
    return found
