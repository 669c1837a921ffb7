"""Splits against published answers, closed forms, and what defines them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, linprog

from sim import bargaining
from sim.bargaining import (
    NoSolutionError,
    core_is_empty,
    core_violations,
    individually_rational,
    is_convex,
    least_compensation,
    shapley_sampled,
    split,
)

NAMES = "abcdefghijklmnopqrstuvwxyz"
Game = dict[tuple[str, ...], float]

TVA = {"1": 163520, "2": 140826, "3": 250096, "12": 301607, "13": 378821, "23": 367370, "123": 412584}
ASTIN = {"1": 46125, "2": 17437.5, "3": 5812.5, "12": 69187.5, "13": 53812.5, "23": 30750, "123": 90000}
GLOVES = {"l": 0, "r": 0, "s": 0, "lr": 1, "ls": 1, "rs": 0, "lrs": 1}
AIRPORT = {"a": 8, "b": 11, "c": 13, "d": 18}


def spelled(game: dict[str, float]) -> Game:
    return {tuple(name): float(number) for name, number in game.items()}


def coalitions(players: str) -> Iterator[tuple[str, ...]]:
    for size in range(1, len(players) + 1):
        yield from combinations(players, size)


def game_of(players: str, worth: Callable[[tuple[str, ...]], float]) -> Game:
    return {coalition: worth(coalition) for coalition in coalitions(players)}


def airport(costs: dict[str, float]) -> Game:
    return game_of("".join(costs), lambda coalition: max(costs[player] for player in coalition))


# ---------------------------------------------------------------------------------------------- published answers


@pytest.mark.parametrize(
    ("game", "kind", "rule", "expected"),
    [
        # Straffin and Heaney 1981; Young 1994
        (spelled(TVA), "cost", "shapley", (117829, 100756.5, 193998.5)),
        (spelled(TVA), "cost", "nucleolus", (116234, 93540, 202810)),
        (spelled(TVA), "cost", "separable", (117475.5, 99157.3, 195951.2)),
        (spelled(TVA), "cost", "equal", (137528, 137528, 137528)),
        # Littlechild and Owen 1973; Littlechild 1974
        (airport(AIRPORT), "cost", "shapley", (2, 3, 4, 9)),
        (airport(AIRPORT), "cost", "nucleolus", (3.25, 3.25, 3.25, 8.25)),
        # Lemaire 1984
        (spelled(ASTIN), "value", "shapley", (51750, 25875, 12375)),
        (spelled(ASTIN), "value", "nucleolus", (52687.5, 24468.75, 12843.75)),
        (spelled(ASTIN), "value", "nash", (53000, 24312.5, 12687.5)),
        # Shapley and Shubik: one left glove, two right ones; the core is one point
        (spelled(GLOVES), "value", "shapley", (2 / 3, 1 / 6, 1 / 6)),
        (spelled(GLOVES), "value", "nucleolus", (1, 0, 0)),
    ],
)
def test_published_answers(game, kind, rule, expected):
    decimals = 0.05 if rule == "separable" else 1e-12  # published to one decimal
    assert tuple(split(game, rule, kind=kind).values()) == pytest.approx(expected, rel=1e-12, abs=decimals)


def test_nash_with_disagreement_points():
    pie = {("1",): 0.0, ("2",): 0.0, ("1", "2"): 1.0}
    shares = split(pie, "nash", kind="value", disagreement={"2": 0.1, "1": 0.2})
    assert shares == pytest.approx({"1": 0.55, "2": 0.45})


def test_nash_divides_the_saving_of_costs():
    costs = {("1",): 10.0, ("2",): 6.0, ("1", "2"): 12.0}
    assert split(costs, "nash") == {"1": 8.0, "2": 4.0}
    assert split(costs, "nash", disagreement={"1": 9.0, "2": 9.0}) == {"1": 6.0, "2": 6.0}


def test_proportional_to_weights():
    assert split(spelled(TVA), "proportional", weights={"1": 1, "3": 2, "2": 1}) == {
        "1": 103146.0, "2": 103146.0, "3": 206292.0,
    }  # fmt: skip


@pytest.mark.parametrize("estate", [100.0, 200.0, 300.0])
def test_the_talmud(estate):
    """Aumann and Maschler 1985: the Mishna's division among claims of 100, 200, 300 is the nucleolus."""
    mishna = {100.0: (100 / 3, 100 / 3, 100 / 3), 200.0: (50, 75, 75), 300.0: (50, 100, 150)}
    claims = {"a": 100.0, "b": 200.0, "c": 300.0}
    shares = split(bankruptcy(claims, estate), "nucleolus", kind="value")
    assert tuple(shares.values()) == pytest.approx(mishna[estate], rel=1e-12)


@pytest.mark.parametrize("part", [0.1, 0.35, 0.5, 0.8])
def test_nucleolus_of_twelve_players(part):
    """The nucleolus of a bankruptcy game in closed form (Aumann and Maschler 1985), several claims alike."""
    claims = dict(zip(NAMES, [3.0, 3.0, 7.0, 10.0, 11.0, 11.0, 20.0, 31.0, 45.0, 45.0, 60.0, 90.0], strict=False))
    estate = part * sum(claims.values())
    shares = split(bankruptcy(claims, estate), "nucleolus", kind="value")
    assert np.array(list(shares.values())) == pytest.approx(talmud(np.array(list(claims.values())), estate), rel=1e-9)


def bankruptcy(claims: dict[str, float], estate: float) -> Game:
    total = sum(claims.values())
    return game_of("".join(claims), lambda group: max(0.0, estate - total + sum(claims[player] for player in group)))


def talmud(claims: np.ndarray, estate: float) -> np.ndarray:
    def equal_awards(amount: float) -> np.ndarray:
        level = brentq(lambda cut: np.minimum(claims / 2, cut).sum() - amount, 0.0, claims.max(), xtol=1e-14)
        return np.minimum(claims / 2, level)

    half = claims.sum() / 2
    return equal_awards(estate) if estate <= half else claims - equal_awards(claims.sum() - estate)


def test_shapley_of_the_security_council():
    """Five of fifteen have a veto, nine votes pass: 2^15 coalitions (Shapley and Shubik 1954)."""
    veto = set(NAMES[:5])
    council = game_of(NAMES[:15], lambda group: float(len(group) >= 9 and veto <= set(group)))
    shares = split(council, "shapley", kind="value")
    small = 4 / 2145
    assert shares["o"] == pytest.approx(small, rel=1e-11)
    assert shares["a"] == pytest.approx((1 - 10 * small) / 5, rel=1e-11)


# ----------------------------------------------------------------------------------------------------- properties

whole_numbers = st.integers(-20, 20)


@st.composite
def games(draw: st.DrawFn, low: int = 1, high: int = 5) -> Game:
    """Whole numbers, so that ties and degenerate cases are common; cooperating is worth something, at times zero."""
    players = NAMES[: draw(st.integers(low, high))]
    game = {coalition: float(draw(whole_numbers)) for coalition in coalitions(players)}
    if len(players) > 1:
        game[tuple(players)] = sum(game[(player,)] for player in players) + draw(st.integers(0, 20))
    return game


def vector(shares: dict[str, float]) -> np.ndarray:
    return np.array(list(shares.values()))


def answer(game: Game, rule: str, **more) -> dict[str, float] | None:
    weights = {"weights": {c[0]: ord(c[0]) for c in game if len(c) == 1}} if rule == "proportional" else {}
    try:
        return split(game, rule, **{"kind": "value", **weights, **more})
    except NoSolutionError:
        return None


@given(games())
def test_shares_sum_to_the_number_of_all(game):
    for rule in bargaining.RULES:
        shares = answer(game, rule)
        if shares is None:
            assert rule == "separable"  # the others have an answer whenever cooperating loses nothing
        else:
            assert sum(shares.values()) == pytest.approx(max(game.items(), key=lambda item: len(item[0]))[1], abs=1e-9)


@given(games(), st.randoms(use_true_random=False))
def test_names_and_the_order_of_coalitions_do_not_matter(game, random):
    players = [c[0] for c in game if len(c) == 1]
    new = dict(zip(players, random.sample(players, len(players)), strict=True))
    renamed = [(tuple(random.sample([new[p] for p in c], len(c))), number) for c, number in game.items()]
    random.shuffle(renamed)
    for rule in set(bargaining.RULES) - {"proportional"}:
        shares, others = answer(game, rule), answer(dict(renamed), rule)
        assert (shares is None) == (others is None)
        assert shares is None or all(others[new[p]] == pytest.approx(shares[p], abs=1e-8) for p in players)


@given(games(), st.floats(0.001, 1000), whole_numbers)
def test_units_and_what_players_own_themselves_move_along(game, factor, own):
    """Covariance under strategic equivalence: scale all, and give every player something of its own."""
    extra = {player: own * (i + 1) for i, player in enumerate(NAMES)}
    moved = {c: factor * number + sum(extra[player] for player in c) for c, number in game.items()}
    for rule in ("separable", "shapley", "nucleolus", "nash"):
        shares, others = answer(game, rule), answer(moved, rule)
        assert (shares is None) == (others is None)
        for player, share in (shares or {}).items():
            assert others[player] == pytest.approx(factor * share + extra[player], abs=1e-8 * (factor + 1) * 20)


@given(games())
def test_costs_are_values_with_the_other_sign(game):
    costs = {c: -number for c, number in game.items()}
    for rule in bargaining.RULES:
        shares, others = answer(game, rule), answer(costs, rule, kind="cost")
        assert (shares is None) == (others is None)
        if shares is not None:
            assert vector(others) == pytest.approx(-vector(shares), abs=1e-9)
            assert core_violations(game, shares, kind="value") == core_violations(costs, others, kind="cost")


@given(games(), st.sampled_from(["shapley", "nucleolus", "nash", "separable"]))
def test_equals_get_equal_shares(game, rule):
    """a and z play the same part: z joins as a copy of a."""

    def worth(group: tuple[str, ...]) -> float:
        rest = tuple(player for player in group if player not in "az")
        copies = len(group) - len(rest)
        return game.get(rest, 0.0) if copies == 0 else game[("a", *rest)] * (1 + 2 * (copies == 2))

    players = "".join(c[0] for c in game if len(c) == 1) + "z"
    shares = answer(game_of(players, worth), rule)
    assert shares is None or shares["a"] == pytest.approx(shares["z"], abs=1e-8)


@given(games(), whole_numbers)
def test_a_dummy_gets_what_it_adds(game, own):
    dummy = {**game, ("z",): float(own), **{(*c, "z"): number + own for c, number in game.items()}}
    before = split(game, "shapley", kind="value")
    assert split(dummy, "shapley", kind="value") == pytest.approx({**before, "z": own}, abs=1e-9)
    assert split(dummy, "nucleolus", kind="value")["z"] == pytest.approx(own, abs=1e-8)


@given(games(3, 3), games(3, 3))
def test_shapley_is_additive(first, second):
    both = split({c: first[c] + second[c] for c in first}, "shapley", kind="value")
    parts = vector(split(first, "shapley", kind="value")) + vector(split(second, "shapley", kind="value"))
    assert vector(both) == pytest.approx(parts, abs=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=6), st.data())
def test_nucleolus_is_in_the_core_when_there_is_one(point, data):
    """A game built around a point of its core."""
    have = dict(zip(NAMES, point, strict=False))
    players = "".join(have)
    game = game_of(players, lambda group: sum(have[player] for player in group) - data.draw(st.floats(0, 50)))
    game[tuple(players)] = sum(point)
    shares = split(game, "nucleolus", kind="value")
    assert core_violations(game, shares, kind="value") == []
    assert individually_rational(game, shares, kind="value")


@given(games(1, 5), st.integers(0, 60))
def test_emptiness_of_the_core_by_its_linear_programme(game, more):
    """The least sum that leaves no coalition better off alone is more than there is (Bondareva 1963, Shapley 1967)."""
    players = max(game, key=len)
    game[players] += more
    proper = [c for c in game if len(c) < len(players)] or [players]
    members = np.array([[float(player in c) for player in players] for c in proper])
    least = linprog(
        np.ones(len(players)), A_ub=-members, b_ub=[-game[c] for c in proper], bounds=[(None, None)] * len(players)
    )
    assert core_is_empty(game, kind="value") == (least.fun > game[players] + 1e-7)


@given(games(2, 5))
def test_nucleolus_by_kohlberg(game):
    """Kohlberg 1971: at every level, the coalitions at least that dissatisfied are balanced. It proves the point."""
    shares = split(game, "nucleolus", kind="value")
    assert individually_rational(game, shares, kind="value")
    assert kohlberg(game, shares)


def kohlberg(game: Game, shares: dict[str, float], tolerance: float = 1e-7) -> bool:
    players = list(shares)
    proper = [c for c in game if len(c) < len(players)]
    excess = {c: game[c] - sum(shares[player] for player in c) for c in proper}
    at_bound = [(p,) for p in players if shares[p] <= game[(p,)] + tolerance]
    levels = sorted(excess.values(), reverse=True)
    for level in (high for high, low in zip(levels, [*levels[1:], -math.inf], strict=True) if high - low > tolerance):
        dissatisfied = [c for c in proper if excess[c] >= level - tolerance]
        columns = [[float(p in c) for p in players] for c in [*dissatisfied, *at_bound]] + [[-1.0] * len(players)]
        bounds = [(1.0, None)] * len(dissatisfied) + [(0.0, None)] * (len(at_bound) + 1)
        found = linprog(np.zeros(len(columns)), A_eq=np.array(columns).T, b_eq=np.zeros(len(players)), bounds=bounds)
        if found.status != 0:
            return False
    return True


@given(games(3, 3))
def test_kohlberg_refuses_other_points(game):
    """The test above can fail: any other imputation is refused."""
    shares = split(game, "nucleolus", kind="value")
    richest = max(shares, key=lambda player: shares[player] - game[(player,)])
    if shares[richest] - game[(richest,)] > 0.5:
        other = min(shares, key=lambda player: shares[player] - game[(player,)])
        if other != richest:
            assert not kohlberg(game, {**shares, richest: shares[richest] - 0.25, other: shares[other] + 0.25})


@given(games(3, 3))
def test_nucleolus_of_three_by_brute_force(game):
    """No imputation of a fine lattice has lexicographically smaller excesses, largest first."""
    alone = np.array([game[(player,)] for player in "abc"])
    surplus = game[("a", "b", "c")] - alone.sum()
    steps = np.arange(41)
    first, second = np.meshgrid(steps, steps)
    inside = (first + second) <= steps[-1]
    parts = np.column_stack([first[inside], second[inside], steps[-1] - first[inside] - second[inside]]) / steps[-1]
    proper = [c for c in coalitions("abc") if len(c) < 3]
    members = np.array([[float(player in c) for player in "abc"] for c in proper])
    worth = np.array([game[c] for c in proper])

    def sorted_excess(points: np.ndarray) -> np.ndarray:
        return -np.sort(-(worth - points @ members.T), axis=1)

    best = sorted_excess(vector(split(game, "nucleolus", kind="value"))[None])
    difference = sorted_excess(alone + surplus * parts) - best
    for row in difference:
        decisive = np.flatnonzero(np.abs(row) > 1e-7)
        assert decisive.size == 0 or row[decisive[0]] > 0.0


@given(games(2, 4), st.lists(st.floats(-1, 1), min_size=4, max_size=4))
def test_nash_maximises_the_product_of_gains(game, change):
    players = [c[0] for c in game if len(c) == 1]
    alone = np.array([game[(player,)] for player in players])
    gains = vector(split(game, "nash", kind="value")) - alone
    moved = gains + np.array(change[: len(players)]) - np.mean(change[: len(players)])
    assert (moved < 0).any() or moved.prod() <= gains.prod() + 1e-9


@given(games(2, 4))
def test_convex_by_its_definition(game):
    """``v(S + T) + v(S * T) >= v(S) + v(T)`` for all pairs of coalitions; the Shapley split is then in the core."""
    worth = {frozenset(c): number for c, number in game.items()} | {frozenset(): 0.0}
    defined = all(worth[s | t] + worth[s & t] >= worth[s] + worth[t] for s in worth for t in worth)
    assert is_convex(game, kind="value") == defined
    if defined:
        assert core_violations(game, split(game, "shapley", kind="value"), kind="value") == []


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=6), st.floats(1, 3))
def test_convex_games_have_the_shapley_split_in_the_core(sizes, power):
    size = dict(zip(NAMES, sizes, strict=False))
    game = game_of("".join(size), lambda group: sum(size[player] for player in group) ** power)
    assert is_convex(game, kind="value")
    assert core_violations(game, split(game, "shapley", kind="value"), kind="value") == []
    assert is_convex(airport(size), kind="cost")
    assert core_violations(airport(size), split(airport(size), "shapley")) == []


# ---------------------------------------------------------------------------------------------- core and existence


def test_core_violations_name_the_coalitions_largest_first():
    game = spelled(TVA)
    equal = split(game, "equal")
    assert core_violations(game, equal) == []
    shares = {"1": 200000.0, "2": 150000.0, "3": 62584.0}
    assert core_violations(game, shares) == [(("1", "2"), 48393.0), (("1",), 36480.0), (("2",), 9174.0)]
    assert not individually_rational(game, shares)
    assert individually_rational(game, equal)


def test_a_group_can_be_wronged_where_nobody_alone_is():
    game = {("a",): 0.0, ("b",): 0.0, ("c",): 0.0, ("a", "b"): 0.9, ("a", "c"): 0.0, ("b", "c"): 0.0}
    game[("a", "b", "c")] = 1.0
    shares = split(game, "equal", kind="value")
    assert core_violations(game, shares, kind="value") == [(("a", "b"), pytest.approx(0.9 - 2 / 3))]
    assert individually_rational(game, shares, kind="value")


@pytest.mark.parametrize("change", [-1.0, 1.0])
def test_a_split_that_does_not_add_up_is_not_in_the_core(change):
    shares = split(spelled(TVA), "nucleolus")
    shares["3"] += change
    assert core_violations(spelled(TVA), shares)[0] == (("1", "2", "3"), pytest.approx(1.0))


def test_rules_without_an_answer():
    worse = {("a",): 1.0, ("b",): 1.0, ("a", "b"): 1.5}
    assert core_is_empty(worse, kind="value")
    for rule in ("nucleolus", "nash", "separable"):
        with pytest.raises(NoSolutionError):
            split(worse, rule, kind="value")
    assert split(worse, "shapley", kind="value") == {"a": 0.75, "b": 0.75}
    majority = game_of("abc", lambda group: float(len(group) >= 2))
    with pytest.raises(NoSolutionError, match="nobody has a remaining benefit"):
        split(majority, "separable", kind="value")
    assert split(majority, "nucleolus", kind="value") == pytest.approx(dict.fromkeys("abc", 1 / 3))


def test_one_player_and_nothing_to_divide():
    for rule in set(bargaining.RULES) - {"proportional"}:
        assert split({("a",): 7.0}, rule) == {"a": 7.0}
        assert split(game_of("abc", lambda group: 0.0), rule) == {"a": 0.0, "b": 0.0, "c": 0.0}
        assert split(game_of("abc", lambda group: 0.1 * len(group)), rule) == pytest.approx(dict.fromkeys("abc", 0.1))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({("a", "b"): None}, "missing coalitions: a+b"),
        ({("a",): None}, "a is unknown"),
        ({("b", "a"): 1.0}, "coalition b+a is given twice"),
        ({("a", "a"): 1.0}, "coalition a+a: a player is in it twice"),
        ({("a", "z"): 1.0}, "coalition a+z: z is unknown"),
        ({("a", "b"): math.nan}, "coalition a+b: nan is not a finite number"),
        ({("a", "b"): "much"}, "coalition a+b: 'much' is not a finite number"),
        ({(): 1.0}, "empty coalition"),
        ({"ab": 1.0}, "a coalition is a tuple of players, not 'ab'"),
    ],
)
def test_unsound_games(change, text):
    game = {("a",): 1.0, ("b",): 1.0, ("a", "b"): 1.0, **change}
    with pytest.raises(ValueError, match=text.replace("+", r"\+")):
        split({key: number for key, number in game.items() if number is not None}, "equal")


def test_many_missing_coalitions_are_counted():
    with pytest.raises(ValueError, match=r"a\+b, a\+c, b\+c, a\+b\+c, a\+d and 6 more"):
        split({(player,): 1.0 for player in "abcd"}, "equal")
    with pytest.raises(ValueError, match=r"and \d{20} more"):  # refused before anything of that size is made
        split({(str(player),): 1.0 for player in range(64)}, "equal")


@pytest.mark.parametrize(
    ("rule", "more", "text"),
    [
        ("banzhaf", {}, "unknown rule 'banzhaf'"),
        ("equal", {"kind": "costs"}, "unknown kind 'costs'"),
        ("proportional", {}, "needs weights"),
        ("proportional", {"weights": {"a": 1.0}}, "weight missing for b"),
        ("proportional", {"weights": {"a": 1.0, "b": 1.0, "z": 1.0}}, "weight for unknown players: z"),
        ("proportional", {"weights": {"a": -1.0, "b": 2.0}}, "weight of a is negative"),
        ("proportional", {"weights": {"a": 0.0, "b": 0.0}}, "all zero"),
        ("proportional", {"weights": {"a": math.inf, "b": 0.0}}, "weight of a: inf is not a finite number"),
        ("nash", {"disagreement": {"a": 1.0}}, "disagreement point missing for b"),
        ("shapley", {"weights": {"a": 1.0, "b": 1.0}}, "the rule shapley takes no weights; proportional does"),
        ("equal", {"disagreement": {"a": 1.0, "b": 1.0}}, "takes no disagreement; nash does"),
    ],
)
def test_arguments_that_do_not_fit(rule, more, text):
    with pytest.raises(ValueError, match=text):
        split({("a",): 1.0, ("b",): 1.0, ("a", "b"): 1.0}, rule, **more)


# ------------------------------------------------------------------------------------------------- compensation


def test_winners_compensate_losers():
    found = least_compensation({"a": 9.0, "b": -2.0, "c": 3.0, "d": -1.0, "e": 0.0})
    assert found.possible
    assert found.total == 3.0
    assert found.transfers == {"a": -2.25, "b": 2.0, "c": -0.75, "d": 1.0, "e": 0.0}


def test_when_winners_cannot_compensate():
    found = least_compensation({"a": 1.0, "b": -2.0, "c": -2.0})
    assert not found.possible
    assert found.missing == 3.0
    assert found.transfers == {"a": -1.0, "b": 0.5, "c": 0.5}


@given(st.dictionaries(st.sampled_from(NAMES), st.floats(-100, 100), min_size=1), st.floats(-5, 5))
def test_compensation_is_enough_and_the_least(gains, reserve):
    found = least_compensation(gains, reserve)
    after = np.array([gains[player] + found.transfers[player] for player in gains])
    assert sum(found.transfers.values()) == pytest.approx(0.0, abs=1e-9)
    assert found.possible == (found.missing == 0.0)
    n, spare = len(gains), np.array(list(gains.values())) - reserve
    if found.possible:
        assert after.min() >= reserve - 1e-9
        # the least sum of receipts for which receipts less payments leave everyone the reserve, by a linear programme
        least = linprog(
            np.r_[np.ones(n), np.zeros(n)], A_ub=np.c_[-np.eye(n), np.eye(n)], b_ub=spare,
            A_eq=np.r_[np.ones(n), -np.ones(n)][None], b_eq=[0.0],
        )  # fmt: skip
        assert least.status == 0
        assert found.total == pytest.approx(least.fun, abs=1e-6)
    else:
        assert found.missing == pytest.approx(-spare.sum(), abs=1e-9)
        assert after.max() <= reserve + 1e-9


# ------------------------------------------------------------------------------------------------ sampled Shapley


def littlechild_owen(costs: dict[str, float]) -> dict[str, float]:
    """Each stretch of the runway is divided by those who need it."""
    shares, paid, before = {}, 0.0, 0.0
    for users, (player, cost) in zip(range(len(costs), 0, -1), sorted(costs.items(), key=lambda p: p[1]), strict=True):
        paid += (cost - before) / users
        shares[player], before = paid, cost
    return shares


def test_sampled_shapley_of_twenty_six_players():
    costs = {player: 10.0 + 3.0 * i + (i % 5) for i, player in enumerate(NAMES)}
    asked: list[tuple[str, ...]] = []

    def cost(group: tuple[str, ...]) -> float:
        asked.append(group)
        return max(costs[player] for player in group)

    found = shapley_sampled(cost, costs, 2000, np.random.default_rng(3))
    exact = littlechild_owen(costs)
    assert len(asked) == len(set(asked))
    assert sum(found.shares.values()) == pytest.approx(max(costs.values()))
    assert all(list(group) == sorted(group) for group in asked)
    errors = np.array([(found.shares[player] - exact[player]) / found.standard_errors[player] for player in costs])
    assert np.abs(errors).max() < 4.0
    assert 0.5 < errors.std() < 1.6
    again = shapley_sampled(lambda group: max(costs[p] for p in group), costs, 2000, np.random.default_rng(3))
    assert again == found


def test_confidence_intervals_cover_as_often_as_they_say():
    exact = split(airport(AIRPORT), "shapley")
    covered = []
    for seed in range(300):
        game = airport(AIRPORT)
        found = shapley_sampled(game.__getitem__, AIRPORT, 60, np.random.default_rng(seed))
        covered += [low <= exact[player] <= high for player, (low, high) in found.interval(0.8).items()]
    assert 0.75 < np.mean(covered) < 0.85


def test_two_players_are_exact_by_antithetic_orders():
    found = shapley_sampled({("a",): 4.0, ("b",): 6.0, ("a", "b"): 8.0}.__getitem__, "ab", 4, np.random.default_rng(0))
    assert found.shares == {"a": 3.0, "b": 5.0}
    assert found.interval() == {"a": (3.0, 3.0), "b": (5.0, 5.0)}


@pytest.mark.parametrize(
    ("players", "n", "worth", "text"),
    [
        ("aa", 4, 1.0, "each once"),
        ("", 4, 1.0, "players are needed"),
        ("ab", 3, 1.0, "must be even"),
        ("ab", 2, 1.0, "at least 4"),
        ("ab", 4, math.nan, "is not a finite number"),
    ],
)
def test_sampling_refuses(players, n, worth, text):
    with pytest.raises(ValueError, match=text):
        shapley_sampled(lambda group: worth, players, n, np.random.default_rng(0))


def test_confidence_is_a_share():
    found = shapley_sampled(lambda group: float(len(group)), "abc", 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match="between 0 and 1"):
        found.interval(95)
