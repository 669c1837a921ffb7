"""Results that the theory gives in closed form, or that no equilibrium may violate (MODEL.md section 3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.core.arrays import FloatArray
from sim.core.errors import EquilibriumError
from sim.mechanisms.market.economy import Economy, Equilibrium, Spending, solve_economy, split_region
from tests.analytic.economies import one_sector, random_costs, random_economy, relative_gap

TIGHT = 1e-12


def home_share(found: Equilibrium) -> FloatArray:
    """Trade shares with oneself ``[region, sector]``."""
    return np.einsum("sjj->js", found.trade_share)


# --- gains from trade ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closure", ["balanced", "multiplicative"])
def test_gains_are_the_home_share_to_the_power_of_minus_one_over_theta(closure: str) -> None:
    """Arkolakis, Costinot and Rodriguez-Clare 2012: ``d ln W = -(1/theta) d ln pi_jj`` whatever happens abroad."""
    rng = np.random.default_rng(1)
    n, theta = 9, 3.7
    spending = Spending.balanced(n)
    if closure == "multiplicative":
        spending = Spending.multiplicative(np.exp(rng.normal(0.0, 0.2, n)))
    before = one_sector(random_costs(rng, n, 4.0), theta, np.exp(rng.normal(size=n)), spending=spending)
    own = np.eye(n, dtype=bool)
    shock = np.where(own, 1.0, rng.uniform(0.7, 1.3, (n, n)))
    after = replace(before, trade_weight=before.trade_weight * shock**-theta)
    old, new = (solve_economy(economy, tolerance=TIGHT) for economy in (before, after))
    income = new.factor_price / new.price_index / (old.factor_price / old.price_index)
    gain = (home_share(new) / home_share(old)) ** (-1.0 / theta)
    assert relative_gap(income, gain) < 1e-10
    assert np.ptp(gain) > 0.01  # the shock did something, and not the same to all
    spending_gain = new.final_expenditure / old.final_expenditure / (new.price_index / old.price_index)[:, 0]
    common = spending_gain / gain[:, 0]  # real spending gains the same, up to the factor that balances the world
    assert relative_gap(common, np.full(n, common[0])) < 1e-10
    if closure == "balanced":
        assert relative_gap(spending_gain, gain[:, 0]) < 1e-10


def test_gains_formula_fails_with_additive_deficits() -> None:
    """The test above is not empty: with deficits in amounts real spending does not follow the home share."""
    rng = np.random.default_rng(2)
    n, theta = 5, 4.0
    cost, factor = random_costs(rng, n, 3.0), np.exp(rng.normal(0.0, 0.3, n))
    deficit = np.array([0.04, -0.04, 0.02, -0.02, 0.0])
    before = one_sector(cost, theta, factor, spending=Spending.additive(deficit))
    after = replace(before, trade_weight=before.trade_weight ** np.where(np.eye(n, dtype=bool), 1.0, 0.8))
    old, new = (solve_economy(economy, tolerance=TIGHT) for economy in (before, after))
    gain = (home_share(new) / home_share(old))[:, 0] ** (-1.0 / theta)
    spending_gain = new.final_expenditure / old.final_expenditure / (new.price_index / old.price_index)[:, 0]
    assert relative_gap(spending_gain, gain) > 1e-3


def test_prices_follow_home_shares_through_the_input_output_table() -> None:
    """Caliendo and Parro 2015: ``ln P = (I - g^T)^-1 (b ln(f/A) + ln tau_jj + ln(pi_jj) / theta)``."""
    economy = random_economy(np.random.default_rng(3), 7, 4)
    found = solve_economy(economy, tolerance=TIGHT)
    own_cost = np.einsum("sjj->js", economy.trade_weight) ** (-1.0 / economy.elasticity)
    wages = economy.value_added_share * np.log(found.factor_price / economy.productivity)
    direct = wages + np.log(own_cost) + np.log(home_share(found)) / economy.elasticity
    through_inputs = direct @ np.linalg.inv(np.eye(4) - economy.input_share)
    np.testing.assert_allclose(np.log(found.price_index), through_inputs, atol=1e-11)


def test_two_symmetric_regions() -> None:
    """Elasticity 4 and cost 1.5: home share 1 / (1 + 1.5^-4), gain over autarky its power -1/4."""
    cost = np.array([[1.0, 1.5], [1.5, 1.0]])
    found = solve_economy(one_sector(cost, 4.0, np.ones(2)), tolerance=TIGHT)
    gain = found.factor_price[:, 0] / found.price_index[:, 0]
    np.testing.assert_allclose(home_share(found)[:, 0], 0.8350515464, atol=5e-11)
    np.testing.assert_allclose(gain, 1.0460963309, atol=5e-11)


# --- the two ends: no trade, free trade ---------------------------------------------------------------------------


def test_autarky_is_each_region_on_its_own() -> None:
    """Without trade every region's real prices are those of a world that is only it."""
    rng = np.random.default_rng(4)
    economy = random_economy(rng, 4, 3)
    own = np.eye(4)[None] * economy.trade_weight
    together = solve_economy(replace(economy, trade_weight=own), tolerance=TIGHT)
    np.testing.assert_array_equal(together.trade_share, np.broadcast_to(np.eye(4), (3, 4, 4)))
    np.testing.assert_allclose(together.final_expenditure, together.value_added.sum(axis=1), rtol=1e-11)
    for j in range(4):
        one = replace(
            economy,
            trade_weight=own[:, j : j + 1, j : j + 1],
            factor=economy.factor[j : j + 1],
            productivity=economy.productivity[j : j + 1],
            use_share=np.ascontiguousarray(economy.use_share[:, j : j + 1]),
            spending=Spending.balanced(1),
        )
        alone = solve_economy(one, tolerance=TIGHT)
        real = together.factor_price[j] / together.price_index[j]
        np.testing.assert_allclose(real, alone.factor_price[0] / alone.price_index[0], rtol=1e-10)


def test_autarky_refuses_deficits() -> None:
    """Who does not trade cannot spend more than it earns."""
    economy = one_sector(np.where(np.eye(3) > 0.0, 1.0, np.inf), 4.0, np.ones(3))
    indebted = replace(economy, spending=Spending.additive(np.array([0.1, -0.1, 0.0])))
    with pytest.raises(EquilibriumError, match="does not trade") as caught:
        solve_economy(indebted)
    assert caught.value.city in {"City 0", "City 1"}


def test_free_trade_makes_prices_equal_and_wages_known() -> None:
    """Without costs everybody buys alike, and wages are ``(A^theta / F)^(1/(1+theta))`` up to scale."""
    rng = np.random.default_rng(5)
    theta, factor, productivity = 5.0, np.exp(rng.normal(size=6)), np.exp(rng.normal(size=6))
    found = solve_economy(one_sector(np.ones((6, 6)), theta, factor, productivity), tolerance=TIGHT)
    wage = (productivity**theta / factor) ** (1.0 / (1.0 + theta))
    wage /= wage @ factor
    np.testing.assert_allclose(found.factor_price[:, 0], wage, rtol=1e-11)
    assert np.ptp(found.price_index) < 1e-12
    np.testing.assert_allclose(found.trade_share[0], np.repeat((wage * factor)[:, None], 6, axis=1), rtol=1e-11)


# --- what every equilibrium obeys ---------------------------------------------------------------------------------


@pytest.mark.parametrize("closure", ["balanced", "multiplicative", "outside"])
def test_accounts_close(closure: str) -> None:
    """Sales are purchases, value added is b times output, world spending is world income (Walras)."""
    economy = random_economy(np.random.default_rng(6), 12, 4, idle_share=0.2, closure=closure)
    found = solve_economy(economy, tolerance=TIGHT)
    np.testing.assert_allclose(found.flows.sum(axis=2).T, found.output, rtol=1e-12)
    np.testing.assert_allclose(found.flows.sum(axis=1).T, found.expenditure, rtol=1e-12)
    np.testing.assert_allclose(found.value_added, found.output * economy.value_added_share, rtol=1e-11)
    assert found.final_expenditure.sum() == pytest.approx(found.value_added.sum(), rel=1e-12)
    inputs = found.output @ economy.input_share.T
    final = (economy.use_share * found.final_expenditure).T @ economy.mix
    np.testing.assert_allclose(found.expenditure, inputs + final, rtol=1e-10)
    if closure == "outside":
        outside = economy.spending.multiple * found.value_added.sum(axis=1) + economy.spending.constant
        np.testing.assert_allclose(found.final_expenditure, outside, rtol=1e-12)


@pytest.mark.parametrize("closure", ["balanced", "multiplicative", "outside"])
def test_only_relative_prices_matter(closure: str) -> None:
    """Homogeneity: ten times the numeraire, and incomes from outside with it, is ten times every price."""
    economy = random_economy(np.random.default_rng(7), 8, 3, closure=closure)
    rule = economy.spending
    larger = replace(economy, spending=replace(rule, constant=10.0 * rule.constant, numeraire=10.0 * rule.numeraire))
    old, new = (solve_economy(case, tolerance=TIGHT) for case in (economy, larger))
    np.testing.assert_allclose(new.factor_price, 10.0 * old.factor_price, rtol=1e-10)
    np.testing.assert_allclose(new.price_index, 10.0 * old.price_index, rtol=1e-10)
    np.testing.assert_allclose(new.trade_share, old.trade_share, rtol=1e-9)


def test_units_of_factors_do_not_matter() -> None:
    """Twice the factor of half the productivity is the same economy at half the factor price."""
    economy = random_economy(np.random.default_rng(8), 6, 3)
    unit = np.random.default_rng(9).uniform(0.2, 5.0, economy.factor.shape)
    other = replace(economy, factor=economy.factor * unit, productivity=economy.productivity / unit)
    old, new = (solve_economy(case, tolerance=TIGHT) for case in (economy, other))
    np.testing.assert_allclose(new.value_added, old.value_added, rtol=1e-10)
    np.testing.assert_allclose(new.price_index, old.price_index, rtol=1e-10)
    np.testing.assert_allclose(new.factor_price * unit, old.factor_price, rtol=1e-10)


@pytest.mark.parametrize("closure", ["balanced", "multiplicative", "outside"])
@pytest.mark.parametrize("parts", [(0.5, 0.5), (0.1, 0.2, 0.7)])
def test_a_region_split_into_parts_changes_nothing(closure: str, parts: tuple[float, ...]) -> None:
    """``F_p = w_p F``, ``A_p = A w_p^(1/(theta b))``, all costs the region's own: sums and prices stay."""
    economy = random_economy(np.random.default_rng(10), 6, 3, idle_share=0.2, closure=closure)
    region = 2
    weight = np.array(parts)
    old = solve_economy(economy, tolerance=TIGHT)
    new = solve_economy(split_region(economy, region, weight), tolerance=TIGHT)
    members = [region, *range(6, 6 + weight.size - 1)]
    assert relative_gap(new.price_index[:6], old.price_index) < 1e-9
    assert relative_gap(new.factor_price[:6], old.factor_price) < 1e-9
    for p, member in enumerate(members):
        np.testing.assert_allclose(new.value_added[member], weight[p] * old.value_added[region], rtol=1e-9)
        assert relative_gap(new.price_index[member], old.price_index[region]) < 1e-9
    outside = [i for i in range(6) if i != region]
    sold = new.flows[:, members].sum(axis=1)[:, outside]
    np.testing.assert_allclose(sold, old.flows[:, region, outside], rtol=1e-8, atol=1e-15)
    unscaled = economy.productivity[[*range(6), *[region] * (weight.size - 1)]]
    wrong = replace(split_region(economy, region, weight), productivity=unscaled)
    assert relative_gap(solve_economy(wrong).price_index[:6], old.price_index) > 1e-4  # the power of A matters


@pytest.mark.parametrize("closure", ["balanced", "multiplicative", "outside"])
def test_the_order_of_regions_and_sectors_does_not_matter(closure: str) -> None:
    rng = np.random.default_rng(11)
    economy = random_economy(rng, 10, 4, idle_share=0.2, closure=closure)
    region, sector = rng.permutation(10), rng.permutation(4)
    old, new = (solve_economy(case, tolerance=TIGHT) for case in (economy, reordered(economy, region, sector)))
    for name in ("price_index", "value_added", "expenditure"):
        np.testing.assert_allclose(getattr(new, name), getattr(old, name)[np.ix_(region, sector)], rtol=1e-9)
    np.testing.assert_allclose(new.flows, old.flows[np.ix_(sector, region, region)], rtol=1e-9, atol=1e-15)


def reordered(economy: Economy, region: FloatArray, sector: FloatArray) -> Economy:
    """The same economy with regions and sectors in another order."""
    rule = economy.spending
    return replace(
        economy,
        elasticity=economy.elasticity[sector],
        value_added_share=economy.value_added_share[sector],
        input_share=economy.input_share[np.ix_(sector, sector)],
        trade_weight=economy.trade_weight[np.ix_(sector, region, region)],
        factor=economy.factor[np.ix_(region, sector)],
        productivity=economy.productivity[np.ix_(region, sector)],
        mix=economy.mix[:, sector],
        use_share=economy.use_share[:, region],
        spending=replace(rule, multiple=rule.multiple[region], constant=rule.constant[region]),
    )


@pytest.mark.parametrize("closure", ["balanced", "multiplicative", "outside"])
def test_twenty_random_starts_find_one_equilibrium(closure: str) -> None:
    """Starts up to e^3 times too high or low, price by price."""
    rng = np.random.default_rng(12)
    economy = random_economy(rng, 10, 4, skew=1.5, closure=closure)
    reference = solve_economy(economy, tolerance=TIGHT)
    for _ in range(20):
        start = reference.log_prices + rng.uniform(-3.0, 3.0, reference.log_prices.shape)
        found = solve_economy(economy, start=start, tolerance=TIGHT)
        assert relative_gap(found.factor_price, reference.factor_price) < 1e-9
        assert relative_gap(found.price_index, reference.price_index) < 1e-9


def test_adding_demand_raises_prices_where_it_falls() -> None:
    """Comparative statics with a sign: a transfer to a region raises its relative factor price (home bias)."""
    rng = np.random.default_rng(13)
    economy = one_sector(random_costs(rng, 6, 3.0), 5.0, np.exp(rng.normal(0.0, 0.5, 6)))
    transfer = np.array([0.05, -0.05, 0.0, 0.0, 0.0, 0.0])
    old = solve_economy(economy, tolerance=TIGHT)
    new = solve_economy(replace(economy, spending=Spending.additive(transfer)), tolerance=TIGHT)
    change = new.factor_price[:, 0] / old.factor_price[:, 0]
    assert change[0] == change.max()
    assert change[1] == change.min()
