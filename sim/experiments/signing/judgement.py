"""How wide the range of shares is at which all sign when each judgement stands at the ends of its range, one at a time.

Judgements are the parameters of the data set with that status that the model reads in the scenario, the weights and
scales of the governments' score among them. Each case is a world of its own: calibration, reference and expectations
are found anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from sim.calibration import calibrate
from sim.config import RunConfig, world_of
from sim.core.errors import EquilibriumError, InputError
from sim.datasets.world import World
from sim.experiments.ensemble.executors import Died, Executor, InProcess
from sim.experiments.ensemble.factors import judgements, ranged
from sim.experiments.ensemble.shard import parameters_read
from sim.experiments.run import reference_config
from sim.experiments.signing.survey import SHARES, reference_growth, survey, voluntary
from sim.experiments.signing.verdict import Interval

if TYPE_CHECKING:
    from sim.experiments.ensemble.factors import Factor

LOW, HIGH = ENDS = ("low", "high")


@dataclass(frozen=True)
class Case:
    """One judgement at one end of its range.

    Attributes:
        parameter: its key.
        end: low or high.
        value: of the parameter; its position (0 or 1) where several rows move together.
        meaning: of the parameter.
        moves_together: whether it has several rows, each now at this end of its own range.
        together: shares at which all sign; None if there are none.
        low_bound: who sets the lower end.
        high_bound: who sets the upper end.
        never: who signs at no share.
        nearest: share, party and margin where the least willing party is as willing as it ever is.
        error: why there is no answer; empty if there is one.
    """

    parameter: str
    end: str
    value: float
    meaning: str
    moves_together: bool = False
    together: Interval | None = None
    low_bound: tuple[str, ...] = ()
    high_bound: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    nearest: tuple[float, str, float] | None = None
    error: str = ""

    @property
    def width(self) -> float:
        """Of the range in which all sign; 0 if there is none."""
        return 0.0 if self.together is None else self.together[1] - self.together[0]


def over_judgement(
    config: RunConfig,
    policy: str,
    *,
    shares: int = SHARES,
    executor: Executor | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[Case]:
    """The survey of a policy with every judgement at either end, the others as they are; in the order of the data set.

    Args:
        config: of the scenario.
        policy: name of the agreement.
        shares: how many, from 0 to 1.
        executor: runs the cases; any number of workers gives the same.
        tell: told how many are done.
    """
    asked = voluntary(config, policy)
    world = world_of(asked)
    factors = [
        ranged(name, "uncertainty", world.parameters) for name in judgements(world.parameters, parameters_read(asked))
    ]
    reference = None if config.reference is None else reference_config(config).plain()
    shared = {"config": asked.plain(), "reference": reference, "data_hash": _loaded(asked.world.dataset).content_hash}
    tasks = [
        {**shared, "policy": policy, "shares": shares, "values": [factor.values(end) for end in factor.ends()]}
        for factor in factors
    ]
    found: dict[int, list[Case]] = {}
    for position, result in (executor or InProcess()).map(run_cases, tasks):
        found[position] = _cases(factors[position], result)
        if tell is not None:
            tell(f"judgements: {len(found)} of {len(tasks)}")
    return [case for position in sorted(found) for case in found[position]]


def _cases(factor: Factor, result: list[dict[str, Any]] | Died) -> list[Case]:
    answers = [{"error": result.reason}] * len(ENDS) if isinstance(result, Died) else result
    key = factor.key.removeprefix("parameters.")
    return [
        Case(
            parameter=key,
            end=end,
            value=float(value),
            meaning=factor.meaning,
            moves_together=bool(factor.rows),
            **answer,
        )
        for end, value, answer in zip(ENDS, factor.ends(), answers, strict=True)
    ]


# --- in the worker ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)  # unit: data sets a worker keeps
def _loaded(dataset: str) -> World:
    return World.load(dataset)


def run_cases(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The verdict of every world of a task, as fields of a `Case`.

    Args:
        task: plain data: config, reference (or None), data_hash, policy, shares, and values (by dotted key) of each
            world.
    """
    config = RunConfig.judge(task["config"])
    reference = None if task["reference"] is None else RunConfig.judge(task["reference"])
    if _loaded(config.world.dataset).content_hash != task["data_hash"]:
        raise InputError("a worker reads other data than the study was planned with", file=config.world.dataset)
    with threadpool_limits(limits=1):
        return [_answer(config, reference, values, task["policy"], task["shares"]) for values in task["values"]]


def _answer(
    config: RunConfig, reference: RunConfig | None, values: Mapping[str, Any], policy: str, shares: int
) -> dict[str, Any]:
    here = config.with_values(values)
    try:
        base = calibrate(world_of(here, _loaded(here.world.dataset)), keep=False)
        growth = None if reference is None else reference_growth(reference.with_values(values), base)
        found = survey(here, base, growth, policy=policy, shares=shares)
    except (EquilibriumError, InputError) as error:  # an end of a range that the data do not allow
        return {"error": str(error)}
    if found is None:
        return {"error": "nobody is asked"}
    names = ("together", "low_bound", "high_bound", "never", "nearest")
    return {name: getattr(found.verdict, name) for name in names}
