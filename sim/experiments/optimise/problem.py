"""The problem a search solves: what may vary, what is wanted, and every trial made so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.experiments.ensemble.evaluate import Evaluation, Setting

if TYPE_CHECKING:
    from sim.core.arrays import BoolArray, FloatArray
    from sim.experiments.conditions import Condition, Term
    from sim.experiments.ensemble.factors import Factor

Evaluate = Callable[[Sequence[Setting]], Sequence[Evaluation]]

TRIAL, SLACK, CITY, FEASIBLE, STATUS, ERROR = "trial", "slack", "city", "feasible", "status", "error"
"""Columns of the table of trials beside the keys and the objectives."""

SAME = 1e-9  # unit: scores that differ by less, relative and absolute, are rounding


@dataclass(frozen=True)
class Objective:
    """A number that should be small or large."""

    term: Term
    maximise: bool

    @property
    def name(self) -> str:
        """Its column in the table of trials."""
        return str(self.term)

    @property
    def sign(self) -> float:
        """Times the value: less is better."""
        return -1.0 if self.maximise else 1.0


@dataclass(frozen=True)
class Trial:
    """One setting and what it brought about.

    Attributes:
        number: in the order of the search.
        setting: value of every factor by name.
        values: of the objectives, in their units.
        slacks: room of every comparison of the condition, in its indicator's unit; below 0 it fails.
        cities: the city that decides each comparison, where one does.
        status: ``ok``, or how the run failed.
        error: why.
    """

    number: int
    setting: Setting
    values: tuple[float, ...] = ()
    slacks: tuple[float, ...] = ()
    cities: tuple[str | None, ...] = ()
    status: str = "ok"
    error: str = ""

    @property
    def is_ok(self) -> bool:
        return self.status == "ok"

    @property
    def slack(self) -> float:
        """The smallest room; infinite without a condition, NaN where the run failed."""
        return min(self.slacks, default=math.inf) if self.is_ok else math.nan

    @property
    def tightest(self) -> int:
        """Position of the comparison with the smallest room."""
        return int(np.argmin(self.slacks))

    @property
    def city(self) -> str | None:
        """The city that decides the tightest comparison."""
        return self.cities[self.tightest] if self.cities else None

    @property
    def is_feasible(self) -> bool:
        return self.is_ok and self.slack >= 0.0


@dataclass
class Problem:
    """Factors, objectives and condition, and the trials of a search in their order.

    Attributes:
        factors: what may vary.
        objectives: what should be small or large; without any the room of the condition should be large.
        condition: what has to hold.
        evaluate: makes the runs.
        today: the scenario's own setting, with None where it has no single value.
        trials: so far.
        tell: told of the number of trials made.
    """

    factors: tuple[Factor, ...]
    objectives: tuple[Objective, ...]
    condition: Condition | None
    evaluate: Evaluate
    today: Setting = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    tell: Callable[[int], None] | None = None

    def run(self, settings: Sequence[Setting]) -> list[Trial]:
        """Make trials of settings."""
        found = self.evaluate(settings)
        first = len(self.trials)
        made = [self.judged(first + i, s, e) for i, (s, e) in enumerate(zip(settings, found, strict=True))]
        self.trials += made
        if self.tell is not None:
            self.tell(len(self.trials))
        return made

    def judged(self, number: int, setting: Setting, found: Evaluation) -> Trial:
        """A trial of what a run brought about; one without the numbers that are asked for has failed."""
        if not found.is_ok:
            return Trial(number, setting, status=found.status, error=found.error)
        comparisons = () if self.condition is None else self.condition.comparisons
        values = tuple(objective.term.value(found.values) for objective in self.objectives)
        slacks = tuple(comparison.slack(found.values) for comparison in comparisons)
        asked = [*(o.name for o in self.objectives), *map(str, comparisons)]
        missing = next((name for name, x in zip(asked, (*values, *slacks), strict=True) if math.isnan(x)), None)
        if missing is not None:
            return Trial(number, setting, status="failed", error=f"'{missing}' has no value")
        return Trial(number, setting, values, slacks, tuple(c.binding(found.values) for c in comparisons))

    def scores(self, trial: Trial) -> tuple[float, ...]:
        """What should be small: the objectives with their signs, or the room of the condition."""
        if not self.objectives:
            return (-trial.slack,)
        return tuple(o.sign * value for o, value in zip(self.objectives, trial.values, strict=True))

    def best(self) -> Trial | None:
        """The feasible trial with the smallest score; of equals the one found first. None for several objectives."""
        feasible = [trial for trial in self.trials if trial.is_feasible]
        if not feasible or len(self.objectives) > 1:
            return None
        return min(feasible, key=lambda trial: (self.scores(trial), trial.number))

    def as_good(self, best: Trial) -> list[Trial]:
        """The other feasible trials that score as the best does, up to rounding."""
        others = [trial for trial in self.trials if trial.is_feasible and trial is not best]
        scores = self.scores(best)
        return [trial for trial in others if np.allclose(self.scores(trial), scores, rtol=SAME, atol=SAME)]

    def front(self) -> list[Trial]:
        """Feasible trials that no other betters in one objective without being worse in another, by the first."""
        feasible = [trial for trial in self.trials if trial.is_feasible]
        if not feasible:
            return []
        kept = undominated(np.array([self.scores(trial) for trial in feasible]))
        chosen = {self.scores(t): t for t, keep in reversed(list(zip(feasible, kept, strict=True))) if keep}
        return [chosen[scores] for scores in sorted(chosen)]

    def nearest(self) -> Trial | None:
        """The trial that misses the condition least, by its worst comparison in units of what trials range over."""
        done = [trial for trial in self.trials if trial.is_ok]
        if not done or self.condition is None:
            return None
        slacks = np.array([trial.slacks for trial in done])
        scale = np.ptp(slacks, axis=0)
        missed = np.minimum(slacks / np.where(scale > 0.0, scale, 1.0), 0.0).min(axis=1)
        return done[int(missed.argmax())]

    def frame(self) -> pd.DataFrame:
        """trial, a column per key, objective and comparison (its room), slack, city, feasible, status, error."""
        return pd.DataFrame([self.row(trial) for trial in self.trials])

    def row(self, trial: Trial) -> dict[str, Any]:
        """A trial as a row of the table."""
        comparisons = () if self.condition is None else self.condition.comparisons
        nothing = [math.nan] * max(len(self.objectives), len(comparisons))
        values = zip((o.name for o in self.objectives), trial.values or nothing, strict=False)
        slacks = zip((f"{SLACK} of {c}" for c in comparisons), trial.slacks or nothing, strict=False)
        keys = {factor.name: _cell(trial.setting.get(factor.name)) for factor in self.factors}
        told = {SLACK: trial.slack, CITY: trial.city} if comparisons else {}
        ended = {FEASIBLE: trial.is_feasible, STATUS: trial.status, ERROR: trial.error}
        return {TRIAL: trial.number, **keys, **dict(values), **dict(slacks), **told, **ended}


def _cell(value: Any) -> Any:
    """A value of a key as a cell: choices of several names as text."""
    return str(value) if isinstance(value, list | tuple | Mapping) else value


def undominated(scores: FloatArray) -> BoolArray:
    """Rows ``[row, score]`` for which no row is smaller in one score and not larger in any."""
    no_worse = np.all(scores[None, :, :] <= scores[:, None, :], axis=2)
    better = np.any(scores[None, :, :] < scores[:, None, :], axis=2)
    return np.asarray(~np.any(no_worse & better, axis=1))
