"""Competition, imitation and cooperation in games whose outcomes are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.games import NoEquilibriumError, play


def capital_tax(gamma: float, a: float = 10.0, b: float = 2.0, kbar: float = 0.5):
    """Regions tax mobile capital (Zodrow and Mieszkowski 1986; Wildasin 1988).

    Output is ``f(k) = a k - b k^2 / 2``, capital earns ``f'(k_i) - t_i = r`` everywhere and is fixed in the world:
    ``k_i = kbar + (tbar - t_i) / b``, ``r = a - b kbar - tbar``. Residents consume the wage and the world's return on
    kbar, and value what their government spends, ``t_i k_i``, at gamma.
    """

    def payoff(i: int, taxes: np.ndarray) -> float:
        mean = taxes.mean()
        capital = kbar + (mean - taxes[i]) / b
        wage = a * capital - b * capital**2 / 2 - (a - b * capital) * capital
        return wage + (a - b * kbar - mean) * kbar + gamma * taxes[i] * capital

    return payoff


def cournot(i: int, quantities: np.ndarray) -> float:
    """Price 10 - total, unit cost 1."""
    return (9.0 - quantities.sum()) * quantities[i]


@pytest.mark.parametrize(
    ("n", "gamma", "tax"), [(2, 2.0, 1.0), (5, 1.25, 0.25), (41, 2.0, 0.5125), (3, 1.5, 0.5), (10, 4.0, 5 / 6)]
)
def test_tax_competition(n, gamma, tax):
    """``(1 - 1/gamma) b kbar n / (n - 1)``: the more regions, the lower the tax."""
    assert tax == pytest.approx((1 - 1 / gamma) * n / (n - 1))
    assert play(capital_tax(gamma), n, (0.0, 3.0)) == pytest.approx(np.full(n, tax), abs=2e-6)


@pytest.mark.parametrize(("n", "gamma"), [(2, 2.0), (5, 1.25), (41, 2.0)])
def test_tax_imitation(n, gamma):
    """Ahead of the others one is better off with ``(1 - 1/gamma) b kbar``, as if without influence on r, whatever n."""
    taxes = play(capital_tax(gamma), n, (0.0, 3.0), "imitation", seed=n)
    assert taxes == pytest.approx(np.full(n, 1 - 1 / gamma), abs=1e-5)


@pytest.mark.parametrize(("gamma", "tax"), [(2.0, 3.0), (0.9, 0.0)])
def test_tax_cooperation(gamma, tax):
    """World capital is fixed: a common tax costs residents as much as it brings, so gamma against 1 decides."""
    assert play(capital_tax(gamma), 4, (0.0, 3.0), "cooperation") == pytest.approx(np.full(4, tax), abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_oligopoly(n):
    """Cournot 9 n / (n + 1), collusion 9 / 2 in all; imitation ends where price is cost (Vega-Redondo 1997)."""
    assert play(cournot, n, (0.0, 9.0), tolerance=1e-8) == pytest.approx(np.full(n, 9 / (n + 1)), abs=1e-6)
    assert play(cournot, n, (0.0, 9.0), "cooperation").sum() == pytest.approx(4.5, abs=1e-5)
    assert play(cournot, n, (0.0, 9.0), "imitation") == pytest.approx(np.full(n, 9 / n), abs=1e-4)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=2, max_size=5),
    st.floats(-0.8, 0.8),
    st.data(),
)
def test_linear_best_responses_from_anywhere(wishes, pull, data):
    """``s_i = w_i + pull (mean of the others - w_i)`` solves a linear system; the start does not matter."""
    n = len(wishes)
    others = (np.ones((n, n)) - np.eye(n)) / (n - 1)
    exact = np.linalg.solve(np.eye(n) - pull * others, (1 - pull) * np.array(wishes))

    def payoff(i: int, s: np.ndarray) -> float:
        return -((s[i] - wishes[i] - pull * (others[i] @ s - wishes[i])) ** 2)

    start = [data.draw(st.floats(-5, 5)) for _ in range(n)]
    assert play(payoff, n, (-5.0, 5.0), start=start) == pytest.approx(exact, abs=2e-4)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=5), st.floats(0.0, 2.0))
@example([0.875, 0.875, 0.875, 0.875, 0.8125], 1.0)  # rounds that close in slowly
def test_cooperation_solves_the_first_order_conditions(wishes, pull):
    """Private wishes and a common dislike of differences: a linear system again, on another line than Nash."""
    n, wish = len(wishes), np.array(wishes)
    laplacian = n * np.eye(n) - np.ones((n, n))

    def payoff(i: int, s: np.ndarray) -> float:
        return -((s[i] - wish[i]) ** 2) - pull * ((s[i] - s) ** 2).sum()

    exact = np.linalg.solve(np.eye(n) + 2 * pull * laplacian, wish)
    assert play(payoff, n, (-5.0, 5.0), "cooperation", tolerance=1e-8) == pytest.approx(exact, abs=2e-5)


def test_responses_that_run_in_circles_are_calmed():
    """One wants to match, the other to differ: undamped responses go round for ever, the middle is the equilibrium."""

    def payoff(i: int, s: np.ndarray) -> float:
        return -((s[i] - (s[1] if i == 0 else -s[0])) ** 2)

    assert play(payoff, 2, (-1.0, 1.0), start=[0.9, 0.3]) == pytest.approx([0.0, 0.0], abs=1e-5)


def test_a_game_without_equilibrium_is_reported():
    """Player 0 wants to be far, player 1 near."""
    with pytest.raises(NoEquilibriumError, match=r"did not settle in 50 rounds: player \d still moves by 0\.\d+"):
        play(lambda i, s: abs(s[0] - s[1]) * (1 - 2 * i), 2, (0.0, 1.0), max_rounds=50)


def test_imitators_out_of_breath_are_reported():
    with pytest.raises(NoEquilibriumError, match="imitators did not settle in 3 rounds"):
        play(capital_tax(2.0), 3, (0.0, 3.0), "imitation", max_rounds=3)


def test_the_higher_of_two_peaks_is_found():
    """Two peaks, the higher one far from the start."""

    def payoff(i: int, s: np.ndarray) -> float:
        return np.exp(-(((s[i] - 0.2) / 0.1) ** 2)) + 2.0 * np.exp(-(((s[i] - 0.8) / 0.1) ** 2))

    for rule in ("nash", "cooperation"):
        assert play(payoff, 2, (0.0, 1.0), rule, start=[0.2, 0.2]) == pytest.approx([0.8, 0.8], abs=1e-6)


def test_bounds_of_each_player_and_strategies_on_them():
    strategies = play(lambda i, s: s[i] * (1 - 2 * i), 2, [(0.1, 0.3), (2.0, 5.0)])
    assert strategies.tolist() == [0.3, 2.0]


def test_an_indifferent_player_stays():
    assert play(lambda i, s: 1.0, 3, (0.0, 1.0), start=[0.1, 0.5, 0.77]).tolist() == [0.1, 0.5, 0.77]


def test_imitators_follow_the_leader():
    """One player is better off whatever happens: it moves to what suits it, and all the others copy that."""

    def payoff(i: int, s: np.ndarray) -> float:
        return (100.0 if i == 1 else 0.0) - (s[i] - (0.7, 0.2, 0.9)[i]) ** 2

    bounds = [(0.0, 1.0), (0.0, 1.0), (0.4, 1.0)]
    assert play(payoff, 3, bounds, "imitation") == pytest.approx([0.2, 0.2, 0.4], abs=1e-4)


def test_the_seed_decides_the_experiments_and_nothing_else():
    first, again, other = (play(capital_tax(2.0), 3, (0.0, 3.0), "imitation", seed=seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    assert first == pytest.approx(other, abs=1e-5)


def test_units_of_payoffs_do_not_matter():
    for rule in ("nash", "imitation", "cooperation"):
        plain = play(cournot, 3, (0.0, 9.0), rule)
        large = play(lambda i, q: 2.0**40 * cournot(i, q), 3, (0.0, 9.0), rule)
        assert large.sum() == pytest.approx(plain.sum(), abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "more", "text"),
    [
        ((0, (0.0, 1.0)), {}, "0 players"),
        ((2, (1.0, 0.0)), {}, "below the highest"),
        ((2, (0.0, np.inf)), {}, "finite"),
        ((3, [(0.0, 1.0)] * 2), {}, "one pair .* or 3 pairs"),
        ((2, (0.0, 1.0), "stackelberg"), {}, "unknown rule 'stackelberg'"),
        ((2, (0.0, 1.0)), {"start": [0.5, 2.0]}, "within the bounds"),
        ((2, (0.0, 1.0)), {"start": [0.5]}, "2 numbers"),
        ((2, (0.0, 1.0)), {"tolerance": 0.0}, "tolerance"),
        ((1, (0.0, 1.0), "imitation"), {}, "two players"),
    ],
)
def test_wrong_arguments(arguments, more, text):
    with pytest.raises(ValueError, match=text):
        play(cournot, *arguments, **more)


def test_a_payoff_that_is_no_number():
    with pytest.raises(ValueError, match=r"the payoff of player 1 is nan at \[0\.5, "):
        play(lambda i, s: np.nan if i else -((s[0] - 0.5) ** 2), 2, (0.0, 1.0))
