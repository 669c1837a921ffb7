"""Any economy that has an equilibrium is solved; one that cannot have any is refused by name, before solving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sim.core.errors import EquilibriumError, InputError
from sim.mechanisms.market.economy import Economy, Spending, solve_economy
from tests.analytic.economies import one_sector, random_economy, relative_gap

TOLERANCE = 1e-8
slow_is_fine = [HealthCheck.too_slow, HealthCheck.data_too_large]


@st.composite
def economies(draw: st.DrawFn, smallest: int = 2) -> Economy:
    """2 to 30 regions, 1 to 8 sectors, sizes over orders of magnitude, costs up to a hundredfold.

    Every region can reach every producer, and every sector has one.
    """
    return random_economy(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        draw(st.integers(smallest, 30)),
        draw(st.integers(1, 8)),
        skew=draw(st.sampled_from([0.0, 1.0, 2.0, 3.0])),
        largest_cost=draw(st.sampled_from([1.01, 3.0, 10.0, 100.0])),
        idle_share=draw(st.sampled_from([0.0, 0.3, 0.8])),
        closure=draw(st.sampled_from(["balanced", "multiplicative", "outside"])),
    )


@settings(max_examples=500, deadline=None, suppress_health_check=slow_is_fine)
@given(economies())
def test_every_feasible_economy_is_solved(economy: Economy) -> None:
    found = solve_economy(economy, tolerance=TOLERANCE)
    made = economy.factor > 0.0
    excess = found.output * economy.value_added_share / np.where(made, found.value_added, 1.0) - 1.0
    assert found.converged
    assert found.residual <= TOLERANCE
    assert np.abs(excess[made]).max() <= 10.0 * TOLERANCE  # the last price step is taken after the residual
    assert (found.factor_price[made] > 0.0).all()
    assert np.isfinite(found.price_index).all()
    assert found.value_added.sum() == pytest.approx(economy.spending.numeraire, rel=1e-9)


@pytest.mark.parametrize("seed", [85, 483, 1395, 1612, 1633])
def test_regions_in_deficit_that_hardly_trade(seed: int) -> None:
    """Costs a thousandfold and sizes over many orders: here the accelerated sweep alone loses its way."""
    rng = np.random.default_rng(seed)
    economy = random_economy(rng, 4, 1, skew=4.0, largest_cost=1000.0, closure="multiplicative")
    found = solve_economy(economy, tolerance=TOLERANCE, max_sweeps=1)  # at once to the implicit steps
    assert found.residual <= TOLERANCE
    usual = solve_economy(economy, tolerance=TOLERANCE)
    assert relative_gap(found.output, usual.output) < 1e-4


# --- what has no equilibrium --------------------------------------------------------------------------------------

KINDS = ("nobody sells here", "nobody produces", "nobody buys", "nothing to spend", "owes more than the world earns")


def broken(economy: Economy, kind: str, region: int, sector: int) -> tuple[Economy, str, str, str]:
    """The economy with one thing that cannot be, the city and the sector to be named, and a part of the reason."""
    city, name = economy.region(region), economy.sector(sector)
    n = economy.n_regions
    weight = economy.trade_weight.copy()
    factor = economy.factor.copy()
    if kind == "nobody sells here":
        weight[sector, :, region] = 0.0
        return replace(economy, trade_weight=weight), city, name, "no producer can reach"
    if kind == "nobody produces":
        factor[:, sector] = 0.0
        return replace(economy, factor=factor), economy.region(0), name, "nobody produces"
    if kind == "nobody buys":
        weight[sector, region, :] = 0.0
        return replace(economy, trade_weight=weight), city, name, "no buyer can be reached"
    rule = economy.spending
    amounts = np.zeros(n)
    if kind == "nothing to spend":
        factor[region] = 0.0
        balanced = Spending.balanced(n, rule.numeraire)
        return replace(economy, factor=factor, spending=balanced), city, "all", "never spend"
    amounts[region], amounts[(region + 1) % n] = -1.5 * rule.numeraire, 1.5 * rule.numeraire
    return replace(economy, spending=Spending.additive(amounts, rule.numeraire)), city, "all", "never spend"


@settings(max_examples=50, deadline=None, suppress_health_check=slow_is_fine)
@given(economies(smallest=3), st.sampled_from(KINDS), st.integers(0, 29), st.integers(0, 7))
@example(random_economy(np.random.default_rng(1), 3, 2), KINDS[0], 2, 1)
@example(random_economy(np.random.default_rng(1), 3, 2), KINDS[1], 2, 1)
@example(random_economy(np.random.default_rng(1), 3, 2), KINDS[2], 2, 1)
@example(random_economy(np.random.default_rng(1), 3, 2), KINDS[3], 2, 1)
@example(random_economy(np.random.default_rng(1), 3, 2), KINDS[4], 2, 1)
def test_every_infeasible_economy_is_refused_by_name(economy: Economy, kind: str, region: int, sector: int) -> None:
    assume(kind != "nobody produces" or economy.n_sectors > 1)  # else nobody earns, which is refused for that
    full = replace(economy, factor=np.where(economy.factor > 0.0, economy.factor, 0.1))
    impossible, city, name, reason = broken(full, kind, region % full.n_regions, sector % full.n_sectors)
    with pytest.raises(EquilibriumError, match=reason) as caught:
        solve_economy(impossible)
    assert (caught.value.city, caught.value.sector) == (city, name)
    assert caught.value.sweeps == 0
    assert caught.value.exit_code == 3


def test_what_nobody_needs_may_be_out_of_reach() -> None:
    """A sector that a region neither consumes nor uses has an infinite price there, and the rest is solved."""
    economy = random_economy(np.random.default_rng(5), 4, 3)
    mix = economy.mix.copy()
    mix[1] = 0.0, 0.0, 1.0
    use = np.full((3, 4), 0.5)
    use[:, 0] = 0.0, 1.0, 0.0
    use[1, 1:] = 0.0
    g = np.diag([0.3, 0.3, 0.3])
    weight = economy.trade_weight.copy()
    weight[0, :, 0] = 0.0
    factor = economy.factor.copy()
    factor[0, :2] = 0.0
    changed = replace(economy, mix=mix, use_share=use, trade_weight=weight, factor=factor)
    found = solve_economy(replace(changed, input_share=g, value_added_share=np.full(3, 0.7)))
    assert found.price_index[0, 0] == np.inf
    assert np.isfinite(np.delete(found.price_index.ravel(), 0)).all()
    assert found.expenditure[0, 0] == 0.0
    np.testing.assert_allclose(found.output * 0.7, found.value_added, rtol=1e-7)


@pytest.mark.parametrize("cost", [1.0, 1.2, 3.0])
def test_a_debt_beyond_reach_is_named_after_the_attempt(cost: float) -> None:
    """Possible in principle, so not refused at once; named also when prices clear at negative spending."""
    costs = np.where(np.eye(3) > 0.0, 1.0, cost)
    economy = one_sector(costs, 4.0, np.ones(3), spending=Spending.additive(np.array([-0.9, 0.45, 0.45])))
    with pytest.raises(EquilibriumError, match="owe more") as caught:
        solve_economy(economy)
    assert caught.value.city == "City 0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factor": np.full((3, 1), np.nan)}, "factor"),
        ({"factor": np.full((3, 1), -1.0)}, "factor"),
        ({"elasticity": np.zeros(1)}, "elasticity"),
        ({"elasticity": np.ones(2)}, "elasticity: has shape"),
        ({"productivity": np.zeros((3, 1))}, "productivity"),
        ({"mix": np.full((3, 1), 0.9)}, "mix: sums to 0.9"),
        ({"input_share": np.full((1, 1), 0.2)}, r"value_added_share \+ input_share: sums to 1.2"),
        ({"spending": Spending.additive(np.array([0.1, 0.0, 0.0]))}, "the world would spend 1.1 out of 1"),
        ({"spending": Spending(np.array([1.0, 1.1, 0.9]), np.zeros(3))}, "has to be scaled"),
    ],
)
def test_arrays_that_do_not_fit_are_named(change: dict[str, object], message: str) -> None:
    economy = one_sector(np.ones((3, 3)), 4.0, np.ones(3))
    with pytest.raises(InputError, match=message):
        solve_economy(replace(economy, **change))  # type: ignore[arg-type]
