"""How players who cooperate divide what they cost or gain together: rules of cooperative game theory.

A game is a mapping from every non-empty coalition, a tuple of players in any order, to what that coalition costs or
is worth by itself, in any unit; shares are in the same unit and sum to the number of the coalition of all. Nothing
here knows the simulator: numpy and scipy only, and bad input raises ValueError with the coalition or player in it.

    >>> split({("a",): 4, ("b",): 6, ("a", "b"): 8}, "shapley")
    {'a': 3.0, 'b': 5.0}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import null_space
from scipy.optimize import linprog
from scipy.stats import t as student

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Player = str
Coalition = tuple[Player, ...]
Kind = Literal["cost", "value"]

KINDS = ("cost", "value")
NOISE = 1e-9
"""What counts as rounding, relative to the largest number of the game."""
SHOWN = 5  # unit: names of missing coalitions in a message


class NoSolutionError(ValueError):
    """The game is sound, but the rule has no answer for it."""


@dataclass(frozen=True)
class _Game:
    """Coalitions as bit masks, player i being bit i. A cost is a negative worth: every rule treats them alike."""

    players: tuple[Player, ...]
    worth: FloatArray
    """``[2**n]``; the empty coalition's is 0."""
    members: FloatArray
    """``[2**n, n]``, 1 where the player is in the coalition."""
    sign: float
    """From worth to the caller's numbers: -1 for costs."""

    @property
    def n(self) -> int:
        return len(self.players)

    @property
    def total(self) -> float:
        return float(self.worth[-1])

    @property
    def alone(self) -> FloatArray:
        return np.asarray(self.worth[1 << np.arange(self.n)])

    @property
    def noise(self) -> float:
        return NOISE * float(np.abs(self.worth).max())

    @property
    def marginal(self) -> FloatArray:
        """What each adds to all the others."""
        return np.asarray(self.total - self.worth[len(self.worth) - 1 - (1 << np.arange(self.n))])

    def vector(self, numbers: Mapping[Player, float], what: str) -> FloatArray:
        """Numbers by player in the order of the players."""
        if missing := [player for player in self.players if player not in numbers]:
            raise ValueError(f"{what} missing for {', '.join(map(str, missing))}")
        if unknown := [player for player in numbers if player not in self.players]:
            raise ValueError(f"{what} for unknown players: {', '.join(map(str, unknown))}")
        return np.array([_finite(numbers[player], f"{what} of {player}") for player in self.players])


def _finite(number: float, what: str) -> float:
    try:
        found = float(number)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"{what}: {number!r} is not a finite number")
    return found


def name_of(coalition: Iterable[Player]) -> str:
    """``a+b``, as messages and tables name a coalition."""
    return "+".join(map(str, coalition))


def _membership(n: int) -> FloatArray:
    return ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1).astype(np.float64)


def _game(values: Mapping[Coalition, float], kind: str) -> _Game:
    """Read the mapping; players are in the order in which they first stand alone."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind '{kind}' (allowed: {', '.join(KINDS)})")
    if wrong := next((key for key in values if not isinstance(key, tuple) or not key), None):
        raise ValueError(f"a coalition is a tuple of players, not {wrong!r}")
    if () in values:
        raise ValueError("the empty coalition has no number")
    players = tuple(key[0] for key in values if len(key) == 1)
    if not players:
        raise ValueError("no coalition of a single player: every non-empty coalition is needed")
    bit = {player: 1 << i for i, player in enumerate(players)}
    given: dict[int, float] = {}
    for coalition, number in values.items():
        name = name_of(coalition)
        if unknown := [player for player in coalition if player not in bit]:
            raise ValueError(f"coalition {name}: {unknown[0]} is unknown, having no coalition of its own")
        if len(set(coalition)) < len(coalition):
            raise ValueError(f"coalition {name}: a player is in it twice")
        mask = sum(bit[player] for player in coalition)
        if mask in given:
            raise ValueError(f"coalition {name} is given twice")
        given[mask] = _finite(number, f"coalition {name}")
    count = 1 << len(players)
    if n_missing := count - 1 - len(given):
        missing = islice((mask for mask in range(1, count) if mask not in given), SHOWN)
        more = f" and {n_missing - SHOWN} more" if n_missing > SHOWN else ""
        raise ValueError(f"missing coalitions: {', '.join(name_of(_players_of(m, players)) for m in missing)}{more}")
    sign = -1.0 if kind == "cost" else 1.0
    worth = np.array([0.0, *(sign * given[mask] for mask in range(1, count))])
    return _Game(players, worth, _membership(len(players)), sign)


def _players_of(mask: int, players: Sequence[Player]) -> Coalition:
    return tuple(player for i, player in enumerate(players) if mask >> i & 1)


def split(
    values: Mapping[Coalition, float],
    rule: str,
    *,
    kind: Kind = "cost",
    weights: Mapping[Player, float] | None = None,
    disagreement: Mapping[Player, float] | None = None,
) -> dict[Player, float]:
    """Each player's share of the number of all, by one of `RULES`.

    ``weights`` belong to the rule proportional, which needs them; ``disagreement`` (what each has without an
    agreement, in the unit of the game; default: its number alone) to the rule nash.

    Raises ValueError for an unknown rule or kind, coalitions that are missing, unknown, given twice or not finite,
    and weights or disagreement points that do not fit; NoSolutionError where the rule has no answer for the game.
    """
    if rule not in RULES:
        raise ValueError(f"unknown rule '{rule}' (allowed: {', '.join(RULES)})")
    for name, given, taker in (("weights", weights, "proportional"), ("disagreement", disagreement, "nash")):
        if given is not None and rule != taker:
            raise ValueError(f"the rule {rule} takes no {name}; {taker} does")
    game = _game(values, kind)
    by_player = weights if rule == "proportional" else disagreement
    shares = game.sign * RULES[rule](game, by_player) + 0.0  # no -0
    return dict(zip(game.players, shares.tolist(), strict=True))


def _equal(game: _Game, _: Mapping[Player, float] | None) -> FloatArray:
    """``x_i = v(N) / n``."""
    return np.full(game.n, game.total / game.n)


def _proportional(game: _Game, weights: Mapping[Player, float] | None) -> FloatArray:
    """``x_i = v(N) w_i / sum_j w_j``, weights being population, output, capacity, benefit, ..."""
    if weights is None:
        raise ValueError("the rule proportional needs weights")
    weight = game.vector(weights, "weight")
    if (weight < 0.0).any():
        raise ValueError(f"weight of {game.players[int(weight.argmin())]} is negative")
    if not weight.any():
        raise ValueError("the weights are all zero")
    return np.asarray(game.total * (weight / weight.sum()))


def _separable(game: _Game, _: Mapping[Player, float] | None) -> FloatArray:
    """Separable costs, remaining benefits (SCRB): ``x_i = m_i + r_i / sum_j r_j (c(N) - sum_j m_j)``.

    ``m_i = c(N) - c(N \\ i)`` is the separable cost, ``r_i = c(i) - m_i`` what joining still saves. Source: Young,
    Cost allocation, Handbook of Game Theory II, 1994; Straffin and Heaney 1981. The same for values with both signs
    turned. No answer where some r_i < 0, that is, where a player is better off alone than paying what it adds.
    """
    separable = game.marginal
    benefit = separable - game.alone
    if (benefit < -game.noise).any():
        player = game.players[int(benefit.argmin())]
        raise NoSolutionError(f"{player} does better alone than with what it adds to all the others")
    rest = game.total - separable.sum()
    if (largest := benefit.max()) <= game.noise:
        if abs(rest) > game.n * game.noise:
            raise NoSolutionError("nobody has a remaining benefit in whose proportion the rest could be divided")
        benefit, largest = np.ones(game.n), 1.0
    share = benefit.clip(0.0) / largest
    return np.asarray(separable + rest * (share / share.sum()))


def _shapley(game: _Game, _: Mapping[Player, float] | None) -> FloatArray:
    """Mean contribution over all orders of joining: ``x_i = sum_S |S|! (n-|S|-1)! / n! (v(S + i) - v(S))``.

    Source: Shapley, A value for n-person games, 1953.
    """
    size = game.members.sum(axis=1).astype(np.int64)
    weight = np.array([1.0 / (game.n * math.comb(game.n - 1, s)) for s in range(game.n)])
    shares = np.empty(game.n)
    for i in range(game.n):
        without = np.flatnonzero(game.members[:, i] == 0.0)
        shares[i] = weight[size[without]] @ (game.worth[without | 1 << i] - game.worth[without])
    return shares


def _nucleolus(game: _Game, _: Mapping[Player, float] | None) -> FloatArray:
    """The imputation whose sorted excesses ``v(S) - x(S)`` are lexicographically least.

    Source: Schmeidler, The nucleolus of a characteristic function game, 1969; the sequence of linear programmes is
    that of Maschler, Peleg and Shapley 1979. Each lowers the largest excess of the coalitions still open. A positive
    dual proves a coalition tight in every solution (complementary slackness), the duals of the open ones sum to 1, so
    each programme settles at least one, exactly in degenerate games too; coalitions whose payoff follows from the
    settled ones are left out, hence there are at most n - 1 programmes. No answer where nobody gains together: the
    players alone have more than all, so there is no imputation.
    """
    saving = game.worth - game.members @ game.alone  # the nucleolus moves along with what players have alone
    scale = float(np.abs(saving).max())
    if saving[-1] < -game.noise:
        raise NoSolutionError("all together do worse than each alone, so there is no imputation")
    if scale <= game.noise:
        return game.alone
    worth = saving / scale
    worth[-1] = max(worth[-1], 0.0)
    settled, paid = game.members[-1:], worth[-1:]
    while len(settled) < game.n:
        is_open = np.abs(game.members @ null_space(settled)).max(axis=1) > NOISE
        rows, bounds = game.members[is_open], worth[is_open]
        least = linprog(
            np.append(np.zeros(game.n), 1.0),  # variables: the shares, then the largest excess
            A_ub=np.column_stack([-rows, -np.ones(len(rows))]),
            b_ub=-bounds,
            A_eq=np.column_stack([settled, np.zeros(len(settled))]),
            b_eq=paid,
            bounds=[(0.0, None)] * game.n + [(None, None)],
            method="highs-ds",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if least.x is None:  # feasible and bounded by construction
            raise ArithmeticError(f"the linear programme of the nucleolus failed: {least.message}")
        for k in np.flatnonzero(-least.ineqlin.marginals > 1e-6):  # smaller ones wait for a later programme
            if np.abs(rows[k] @ null_space(settled)).max(initial=0.0) > NOISE:
                settled = np.vstack([settled, rows[k]])
                paid = np.append(paid, bounds[k] - least.x[-1])
    return np.asarray(game.alone + scale * np.linalg.solve(settled, paid))


def _nash(game: _Game, disagreement: Mapping[Player, float] | None) -> FloatArray:
    """Maximises the product of the gains ``x_i - d_i``: with money to divide, ``x_i = d_i + (v(N) - sum_j d_j) / n``.

    Source: Nash, The bargaining problem, 1950. For costs it is the saving against the disagreement costs that is
    divided. No answer where the agreement costs more, or is worth less, than no agreement.
    """
    point = game.alone if disagreement is None else game.sign * game.vector(disagreement, "disagreement point")
    surplus = game.total - point.sum()
    if surplus < -game.noise:
        raise NoSolutionError("there is nothing to gain over the disagreement points")
    return np.asarray(point + surplus / game.n)


RULES: dict[str, Callable[[_Game, Mapping[Player, float] | None], FloatArray]] = {
    "equal": _equal,
    "proportional": _proportional,
    "separable": _separable,
    "shapley": _shapley,
    "nucleolus": _nucleolus,
    "nash": _nash,
}
"""The rules by name; each function's text has the formula and the source."""


def core_violations(
    values: Mapping[Coalition, float], shares: Mapping[Player, float], *, kind: Kind = "cost"
) -> list[tuple[Coalition, float]]:
    """Coalitions that do better by themselves and by how much together, largest first; empty: the split is in the core.

    A split that does not sum to the number of all is named as a violation of the coalition of all, by the difference.
    Differences within rounding (1e-9 of the largest number of the game) are none. Source: Gillies 1959.
    """
    game = _game(values, kind)
    excess = game.worth - game.members @ (game.sign * game.vector(shares, "share"))
    excess[-1] = abs(excess[-1])
    found = np.flatnonzero(excess > game.noise)
    order = found[np.argsort(-excess[found], kind="stable")]
    return [(_players_of(mask, game.players), float(excess[mask])) for mask in order.tolist()]


def individually_rational(
    values: Mapping[Coalition, float], shares: Mapping[Player, float], *, kind: Kind = "cost"
) -> bool:
    """Whether nobody pays more, or gets less, than alone."""
    return not any(len(coalition) == 1 for coalition, _ in core_violations(values, shares, kind=kind))


def core_is_empty(values: Mapping[Coalition, float], *, kind: Kind = "cost") -> bool:
    """Whether every split leaves some coalition better off by itself: the nucleolus is in the core if anything is."""
    try:
        return bool(core_violations(values, split(values, "nucleolus", kind=kind), kind=kind))
    except NoSolutionError:
        return True


def is_convex(values: Mapping[Coalition, float], *, kind: Kind = "cost") -> bool:
    """Whether joining pays the more the larger a coalition is: the core is then not empty and has the Shapley split.

    For costs the condition is that ``c`` is submodular. Source: Shapley, Cores of convex games, 1971.
    """
    game = _game(values, kind)
    masks = np.arange(len(game.worth))
    for i in range(game.n):
        for j in range(i):
            base = masks[(masks & (1 << i | 1 << j)) == 0]
            with_i, with_j, both = (game.worth[base | more] for more in (1 << i, 1 << j, 1 << i | 1 << j))
            if (both - with_j < with_i - game.worth[base] - game.noise).any():
                return False
    return True


@dataclass(frozen=True)
class Compensation:
    """Transfers after which everyone who can be won over signs."""

    transfers: dict[Player, float]
    """Received (positive) or paid; they sum to zero, in the unit of the gains."""
    total: float
    """What changes hands."""
    missing: float
    """What would have to come from outside besides; zero where winners can compensate losers."""

    @property
    def possible(self) -> bool:
        return self.missing == 0.0


def least_compensation(gains: Mapping[Player, float], reserve: float = 0.0) -> Compensation:
    """The smallest transfers from winners to losers that leave everyone at least the reserve.

    A loser receives exactly what it lacks; winners pay in proportion to what they have above the reserve. If that is
    not enough, they give all of it, losers share it in proportion to what they lack, and the rest is ``missing``.
    It is the compensation test of Kaldor 1939, with the compensation paid. Gains and reserve in any common unit.
    """
    above = {player: _finite(gain, f"gain of {player}") - _finite(reserve, "reserve") for player, gain in gains.items()}
    lacking = math.fsum(-rest for rest in above.values() if rest < 0.0)
    spare = math.fsum(rest for rest in above.values() if rest > 0.0)
    total = min(lacking, spare)
    transfers = {
        player: 0.0 if total == 0.0 else -rest * total / (spare if rest > 0.0 else lacking)
        for player, rest in above.items()
    }
    return Compensation(transfers, total, lacking - total)


@dataclass(frozen=True)
class ShapleyEstimate:
    """Shapley shares estimated from orders drawn at random."""

    shares: dict[Player, float]
    """They sum to the number of all exactly."""
    standard_errors: dict[Player, float]
    n_permutations: int

    def interval(self, confidence: float = 0.95) -> dict[Player, tuple[float, float]]:  # unit: share of intervals
        """Confidence interval of each share by Student's t."""
        if not 0.0 < confidence < 1.0:
            raise ValueError(f"confidence {confidence!r} is not between 0 and 1")
        reach = float(student.ppf(0.5 + confidence / 2, self.n_permutations // 2 - 1))
        return {
            player: (share - reach * self.standard_errors[player], share + reach * self.standard_errors[player])
            for player, share in self.shares.items()
        }


def shapley_sampled(
    value_function: Callable[[Coalition], float],
    players: Iterable[Player],
    n_permutations: int,
    rng: np.random.Generator,
) -> ShapleyEstimate:
    """Shapley shares where 2^n coalitions are too many: mean contributions over random orders of joining.

    Every order is followed by its reverse, which evens out early and late joining (antithetic sampling); errors are
    those of the means of pairs. ``value_function`` gets players in the order of ``players``, is asked once for a
    coalition, never for the empty one, and may return costs or values. ``n_permutations`` counts both orders of the
    pairs, so it is even, 4 at least. Source: Castro, Gomez and Tejada 2009; Mitchell and others 2022 (antithetic).
    """
    names = tuple(players)
    if not names or len(set(names)) < len(names):
        raise ValueError("players are needed, each once")
    if n_permutations % 2 or n_permutations < 2 * 2:
        raise ValueError(f"n_permutations is {n_permutations}; it must be even and at least 4")
    known: dict[int, float] = {}

    def worth(mask: int) -> float:
        if mask not in known:
            coalition = _players_of(mask, names)
            known[mask] = _finite(value_function(coalition), f"coalition {name_of(coalition)}")
        return known[mask]

    def contributions(order: IntArray) -> FloatArray:
        masks = accumulate((1 << i for i in order.tolist()), int.__or__)
        found = np.empty(len(names))
        found[order] = np.diff([worth(mask) for mask in masks], prepend=0.0)
        return found

    draws = (rng.permutation(len(names)) for _ in range(n_permutations // 2))
    pairs = np.array([(contributions(order) + contributions(order[::-1])) / 2 for order in draws])
    errors = pairs.std(axis=0, ddof=1) / math.sqrt(len(pairs))
    shares, spread = (dict(zip(names, column.tolist(), strict=True)) for column in (pairs.mean(axis=0), errors))
    return ShapleyEstimate(shares, spread, n_permutations)
