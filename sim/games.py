"""What players choose when each one's result hangs on all choices: competition, imitation, cooperation.

A player's strategy is one number, a tax rate for example. Nothing here knows the simulator: numpy and scipy only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

FloatArray = npt.NDArray[np.float64]
Payoff = Callable[[int, FloatArray], float]
Bounds = tuple[float, float] | Sequence[tuple[float, float]]

GRID = 9  # unit: strategies tried over the whole range before the search around the best of them
STALE = 5  # unit: rounds without a smaller step before steps are halved
EXPERIMENT = 0.1  # unit: share of the range, the first experiments of imitators
CALMER = 0.7  # unit: factor on the experiments after a round without success or with a turn back


class Limits(NamedTuple):
    """Lowest and highest strategy of each player ``[n]``."""

    low: FloatArray
    high: FloatArray

    @property
    def width(self) -> FloatArray:
        return np.asarray(self.high - self.low)


class Patience(NamedTuple):
    tolerance: float
    max_rounds: int
    seed: int


class NoEquilibriumError(RuntimeError):
    """The rule did not come to rest; says how far it came."""


def play(
    payoff: Payoff,
    n: int,
    bounds: Bounds,
    rule: str = "nash",
    *,
    start: Sequence[float] | FloatArray | None = None,
    tolerance: float = 1e-6,
    max_rounds: int = 1000,  # unit: rounds of patience; results do not depend on it
    seed: int = 0,
) -> FloatArray:
    """The strategies ``[n]`` at which a rule of behaviour comes to rest.

    ``payoff(i, strategies)`` is what player i gets. ``bounds`` is one pair (lowest, highest) or a pair per player;
    the middle is the default ``start``. At rest no player moves by more than ``tolerance`` of its range, so the
    result is that accurate times the slowness of the last rounds.

    * ``nash``: the best response to the others, one player after the other (Cournot 1838, Nash 1951). A response is
      searched on a grid and then around its best point (bounded Brent), so payoffs may have several peaks and best
      strategies may lie on a bound. Where responses run in circles, steps are halved.
    * ``imitation``: all copy the one with the highest payoff, then each in turn tries something near by; an
      experiment that makes its player the best, further ahead of the others than the copied strategy was, is copied
      (Alchian 1950, Schaffer 1988, Vega-Redondo 1997). Payoffs must be comparable between players, per head say.
      ``seed`` draws the experiments: the same seed, the same result.
    * ``cooperation``: the sum of payoffs is maximised (quasi-Newton from the best of the start and a line of equal
      strategies, then player by player): the highest point near by where the sum has several peaks.

    Raises ValueError for wrong arguments or a payoff that is not a finite number, NoEquilibriumError when there is
    no rest within ``max_rounds``.
    """
    limits = _limits(bounds, n)
    if rule not in RULES:
        raise ValueError(f"unknown rule '{rule}' (allowed: {', '.join(RULES)})")
    if not tolerance > 0.0:
        raise ValueError(f"tolerance {tolerance!r} is not above 0")
    first = limits.low + limits.width / 2 if start is None else np.array(start, dtype=np.float64)
    if first.shape != (n,) or not ((limits.low <= first) & (first <= limits.high)).all():
        raise ValueError(f"start must be {n} numbers within the bounds")

    def judged(i: int, strategies: FloatArray) -> float:
        found = float(payoff(i, strategies))
        if not math.isfinite(found):
            raise ValueError(f"the payoff of player {i} is {found} at {strategies.tolist()}")
        return found

    return RULES[rule](judged, first, limits, Patience(tolerance, max_rounds, seed))


def _limits(bounds: Bounds, n: int) -> Limits:
    if n < 1:
        raise ValueError(f"{n} players cannot play")
    pairs = np.asarray(bounds, dtype=np.float64)
    if pairs.shape not in ((2,), (n, 2)):
        raise ValueError(f"bounds must be one pair (lowest, highest) or {n} pairs")
    low, high = np.broadcast_to(pairs, (n, 2)).T.copy()
    if not (np.isfinite(low) & np.isfinite(high) & (low < high)).all():
        raise ValueError("each lowest strategy must be a finite number below the highest")
    return Limits(low, high)


def _nash(payoff: Payoff, start: FloatArray, limits: Limits, patience: Patience) -> FloatArray:
    strategies, width = start.copy(), limits.width
    pace, record, stale = 1.0, math.inf, 0
    for _ in range(patience.max_rounds):
        largest, moving = 0.0, 0
        for i in range(len(strategies)):
            step = _best_response(payoff, i, strategies, limits) - strategies[i]
            strategies[i] += pace * step
            if abs(step) / width[i] > largest:
                largest, moving = abs(step) / width[i], i
        if largest <= patience.tolerance:
            return strategies
        record, stale = (largest, 0) if largest < record else (record, stale + 1)
        if stale == STALE:
            pace, stale = pace / 2, 0
    raise NoEquilibriumError(
        f"best responses did not settle in {patience.max_rounds} rounds: "
        f"player {moving} still moves by {largest:.2g} of its range"
    )


def _best_response(payoff: Payoff, i: int, strategies: FloatArray, limits: Limits) -> float:
    """The present strategy unless another is better: an indifferent player stays."""
    trial = strategies.copy()

    def of(strategy: float) -> float:
        trial[i] = strategy
        return payoff(i, trial)

    grid = np.linspace(limits.low[i], limits.high[i], GRID)
    heights = [of(strategy) for strategy in grid]
    peak = int(np.argmax(heights))
    found = minimize_scalar(
        lambda strategy: -of(strategy),
        bounds=(grid[max(peak - 1, 0)], grid[min(peak + 1, GRID - 1)]),
        method="bounded",
        options={"xatol": 1e-9 * float(limits.width[i])},
    )
    candidates = [(of(strategy), float(strategy)) for strategy in (strategies[i], grid[peak], found.x)]
    return max(candidates, key=lambda candidate: candidate[0])[1]


def _imitation(payoff: Payoff, start: FloatArray, limits: Limits, patience: Patience) -> FloatArray:
    n, rng = len(start), np.random.default_rng(patience.seed)
    if n == 1:
        raise ValueError("imitation needs two players at least")

    def leader(strategies: FloatArray) -> tuple[int, float]:
        payoffs = np.array([payoff(i, strategies) for i in range(n)])
        first = int(payoffs.argmax())
        return first, float(payoffs[first] - np.delete(payoffs, first).max())

    strategies: FloatArray = np.clip(start[leader(start)[0]], *limits)
    size, last_move = EXPERIMENT, 0.0
    for _ in range(patience.max_rounds):
        _, lead = leader(strategies)
        copied, move = strategies, 0.0
        for i, draw in enumerate(rng.standard_normal(n)):
            trial = strategies.copy()
            trial[i] = np.clip(trial[i] + size * draw * limits.width[i], limits.low[i], limits.high[i])
            first, ahead = leader(trial)
            if first == i and ahead > lead:
                copied, move, lead = np.clip(trial[i], *limits), float(trial[i] - strategies[i]), ahead
        # what pays for one can be too much when all do it: a turn back calls for smaller experiments too
        size = min(size / CALMER, EXPERIMENT) if move * last_move > 0.0 else CALMER * size
        strategies, last_move = copied, move or last_move
        if size <= patience.tolerance:
            return strategies
    raise NoEquilibriumError(
        f"imitators did not settle in {patience.max_rounds} rounds: "
        f"experiments of {size:.2g} of the range still succeed"
    )


def _cooperation(payoff: Payoff, start: FloatArray, limits: Limits, patience: Patience) -> FloatArray:
    """The last word is that of best responses to the common goal: at rest no single change raises the sum."""

    def at(place: FloatArray) -> FloatArray:
        return np.asarray(np.clip(limits.low + place * limits.width, *limits))

    def together(strategies: FloatArray) -> float:
        return math.fsum(payoff(i, strategies) for i in range(len(strategies)))

    places = [(start - limits.low) / limits.width]
    places += [np.full(len(start), share) for share in np.linspace(0.0, 1.0, GRID)]
    heights = [together(at(place)) for place in places]
    best, scale = max(heights), (max(heights) - min(heights)) or 1.0

    def shortfall(place: FloatArray) -> float:
        return (best - together(at(place))) / scale

    first, limit = places[heights.index(best)], [(0.0, 1.0)] * len(start)
    risen = minimize(shortfall, first, method="L-BFGS-B", jac="3-point", bounds=limit, options={"ftol": 1e-12})
    return _nash(lambda _, strategies: together(strategies), at(risen.x), limits, patience)


RULES: dict[str, Callable[[Payoff, FloatArray, Limits, Patience], FloatArray]] = {
    "nash": _nash,
    "imitation": _imitation,
    "cooperation": _cooperation,
}
"""The rules by name."""
