"""One key: where the condition holds, by bracketing; and the best value there.

Evenly spaced trials find the sign changes, bisection narrows each (all edges together, so that workers share them).
What is wanted most is looked for on ever finer grids around the best trial. All of it also works on whole numbers, over
jumps, and beside runs that fail. An island of the condition narrower than the first grid may go unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.experiments.optimise.problem import Problem, Trial

POINTS = 21  # unit: trials of the first grid
FRONT_POINTS = 101  # unit: trials of the first grid of several objectives: they are the front
FINER = 9  # unit: trials of each finer grid
PRECISION = 1e-3  # unit: of the key's range


@dataclass(frozen=True)
class Edge:
    """An end of an interval in which the condition holds.

    Attributes:
        trial: the outermost trial in which it holds.
        beyond: the nearest in which it does not; None where the key's range ends.
    """

    trial: Trial
    beyond: Trial | None


@dataclass(frozen=True)
class Feasible:
    """An interval of the key in which the condition holds."""

    low: Edge
    high: Edge


class Line:
    """The trials along a key, in the order of its values."""

    def __init__(self, problem: Problem) -> None:
        (self.factor,) = problem.factors
        self.problem = problem
        self.width = PRECISION * (self.factor.high - self.factor.low)
        self.trials: list[Trial] = []

    def at(self, trial: Trial) -> float:
        """The key's value of a trial."""
        return float(trial.setting[self.factor.name])

    def run(self, values: list[float]) -> None:
        """Trials at values that have none yet."""
        known = {self.at(trial) for trial in self.trials}
        new = sorted({self._rounded(value) for value in values} - known)
        whole = self.factor.whole
        self.trials += self.problem.run([{self.factor.name: int(value) if whole else value} for value in new])
        self.trials.sort(key=self.at)

    def _rounded(self, value: float) -> float:
        """Whole where the key is; otherwise without the last digits, which halving would fill."""
        if self.factor.whole:
            return float(round(value))
        return min(max(float(f"{value:.12g}"), self.factor.low), self.factor.high)

    def grid(self, low: float, high: float, points: int) -> None:
        """Trials at evenly spaced values."""
        self.run([float(value) for value in np.linspace(low, high, points)])

    def narrow(self) -> None:
        """Bisect every cell in which the condition starts or ceases to hold."""
        while cells := [cell for cell in self._cells() if self._is_wide(*cell)]:
            before = len(self.trials)
            self.run([(self.at(left) + self.at(right)) / 2.0 for left, right in cells])
            if len(self.trials) == before:
                return

    def _cells(self) -> list[tuple[Trial, Trial]]:
        pairs = zip(self.trials, self.trials[1:], strict=False)
        return [(left, right) for left, right in pairs if left.is_feasible != right.is_feasible]

    def _is_wide(self, left: Trial, right: Trial) -> bool:
        gap = self.at(right) - self.at(left)
        return gap > 1.0 if self.factor.whole else gap > self.width

    def refine(self, score: Callable[[Trial], float], accept: Callable[[Trial], bool]) -> None:
        """Finer and finer grids around the accepted trial with the smallest score, between its neighbours."""
        while accepted := [trial for trial in self.trials if accept(trial)]:
            best = min(accepted, key=lambda trial: (score(trial), trial.number))
            place = self.trials.index(best)
            left, right = self.trials[max(place - 1, 0)], self.trials[min(place + 1, len(self.trials) - 1)]
            before = len(self.trials)
            if self._is_wide(left, best) or self._is_wide(best, right):
                self.grid(self.at(left), self.at(right), FINER)
            if len(self.trials) == before:
                return

    def intervals(self) -> list[Feasible]:
        """Where the condition holds, from left to right."""
        found: list[Feasible] = []
        held = [trial.is_feasible for trial in self.trials]
        start = 0
        while True in held[start:]:
            first = held.index(True, start)
            end = held.index(False, first) if False in held[first:] else len(held)
            beyond = (self.trials[first - 1] if first else None, self.trials[end] if end < len(held) else None)
            found.append(Feasible(Edge(self.trials[first], beyond[0]), Edge(self.trials[end - 1], beyond[1])))
            start = end
        return found


def search_line(problem: Problem, points: int | None = None) -> list[Feasible]:
    """Find where the condition holds along the only key, and the best value there; the trials stay in the problem.

    Args:
        problem: of one factor that is an interval.
        points: of the first grid.
    """
    line = Line(problem)
    several = len(problem.objectives) > 1
    line.grid(line.factor.low, line.factor.high, points or (FRONT_POINTS if several else POINTS))
    if not any(trial.is_feasible for trial in line.trials):  # perhaps between two points of the grid
        line.refine(lambda trial: -trial.slack, lambda trial: trial.is_ok)
    line.narrow()
    if not several:
        line.refine(lambda trial: problem.scores(trial)[0], lambda trial: trial.is_feasible)
        line.narrow()
    return line.intervals()
