"""Every market kernel beside a plain numpy twin, written from MODEL.md sections 3 and 4 and not from the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit

from sim.core.arrays import FloatArray
from sim.mechanisms.market import kernels
from sim.mechanisms.market.closure import YearlyClosure, blank_accounts, linear_closure
from tests.analytic.economies import random_economy
from tests.worlds import small_base

USES = ("consumption", "investment", "government")


def busy_closure(seed: int) -> kernels.Closure:
    """The three-city closure with every term at work: debts, contracts, subsidies, moved plants, net positions."""
    base = small_base()
    rng = np.random.default_rng(seed)
    closure = YearlyClosure(base).set_year(base.state.copy())
    n, n_sectors, row = base.world.n_regions, base.world.n_sectors, base.world.row
    domestic = np.arange(n) < row

    def zero_sum() -> FloatArray:
        amounts = np.where(domestic, rng.normal(0.0, 0.002, n), 0.0)
        return np.where(domestic, amounts - amounts.sum() / row, 0.0)

    claim = rng.uniform(0.0, 0.1, (n_sectors, n, n)) * domestic[:, None] * domestic
    claim[:, np.arange(n), np.arange(n)] = 0.0
    phi, pool = (np.where(domestic, rng.uniform(0.1, 1.0, n), 0.0) for _ in range(2))
    foreign_share = np.where(domestic, rng.uniform(0.0, 0.2, (n_sectors, n)), 0.0)
    return closure._replace(
        foreign=1,
        foreign_share=foreign_share,
        foreign_investment=np.where(domestic, rng.uniform(0.0, 0.05, n), 0.0),
        contract=zero_sum(),
        position=zero_sum(),
        subsidy=np.where(domestic, rng.uniform(0.0, 0.002, n), 0.0),
        interest=np.where(domestic, rng.uniform(0.0, 0.003, n), 0.0),
        p_interest=rng.uniform(0.0, 0.002, base.n_provinces),
        profit=rng.uniform(0.05, 0.3, n_sectors),
        claim=claim,
        claim_out=np.ascontiguousarray(claim.sum(axis=1)),
        phi=phi / phi.sum(),
        pool=pool / pool.sum(),
    )


def random_value_added(seed: int, shape: tuple[int, int]) -> FloatArray:
    return np.random.default_rng(seed).uniform(50.0, 5000.0, shape)


def solve_accounts(value_added: FloatArray, closure: kernels.Closure) -> kernels.Accounts:
    accounts = blank_accounts(value_added.shape[1], closure.p_transfer.size)
    kernels.final_demand(value_added, closure, accounts)
    return accounts


# --- income and spending ------------------------------------------------------------------------------------------


def twin_final_demand(V: FloatArray, cl: Any) -> dict[str, FloatArray]:
    """Income and spending of MODEL.md section 3, by region; the world last."""
    m = cl.n_domestic
    home = V[:, :m]
    gdp = home.sum(axis=0)
    nv = gdp.sum()
    member = np.eye(cl.p_transfer.size)[cl.province[:m]]  # [region, province]
    profit = cl.profit[:, None] * home
    received = np.einsum("sod,sd->o", cl.claim[:, :m, :m], profit)
    paid = np.einsum("sod,sd->d", cl.claim[:, :m, :m], profit)
    earned = (cl.net_capital[:, None] * cl.foreign_share[:, :m] * home).sum(axis=0)  # by the world
    invested = cl.foreign_investment[:m] * gdp
    local, central = cl.local_rate @ home, cl.central_rate @ home
    own_revenue = (1.0 - cl.cut[:m]) * local + cl.other_rate[:m] * gdp
    p_revenue = (cl.cut[:m] * local + cl.province_levy[:m] * gdp) @ member
    land = cl.land[:m] * own_revenue
    city_budget = own_revenue + nv * (cl.transfer + cl.debt + cl.fund)[:m]
    p_budget = p_revenue + nv * (cl.p_transfer + cl.p_debt + cl.p_fund)
    from_province = cl.in_province[:m] * (member @ p_budget)
    services = 1.0 - cl.infrastructure - cl.cash
    cash = cl.cash * (city_budget + from_province)
    public_investment = cl.infrastructure * (city_budget + from_province) + cl.land_infrastructure * land
    city_service = services * city_budget + (1.0 - cl.land_infrastructure) * land
    city_service -= nv * (cl.subsidy + cl.contract + cl.interest)[:m]
    province_service = services * from_province - nv * cl.in_province[:m] * (member @ cl.p_interest)
    for_services = central.sum() - nv * (cl.transfer[:m].sum() + cl.p_transfer.sum())
    central_service = cl.in_nation[:m] * for_services
    interest = cl.pool[:m] * nv * (cl.interest[:m].sum() + cl.p_interest.sum())
    income = cl.net_wage @ home + cl.net_capital @ home - paid - earned + received + cash + interest - land
    income += nv * (cl.subsidy + cl.position)[:m] - gdp * (cl.other_rate + cl.province_levy)[:m]
    saving = cl.saving * income
    borrowed = (cl.debt + cl.fund)[:m].sum() + (cl.p_debt + cl.p_fund).sum()
    pool = saving.sum() - nv * (borrowed + cl.current_account)
    private = cl.phi[:m] * pool + invested
    surplus = cl.current_account * nv - invested.sum() + earned.sum()
    abroad = cl.use_share[:, m:] * (V[:, m:].sum(axis=0) + surplus)
    return {
        "consumption": np.append(income - saving, abroad[0]),
        "investment": np.append(private + public_investment, abroad[1]),
        "government": np.append(city_service + province_service + central_service, abroad[2]),
        "disposable_income": np.append(income, 0.0),
        "own_revenue": np.append(own_revenue, 0.0),
        "land_revenue": np.append(land, 0.0),
        "city_budget": np.append(city_budget, 0.0),
        "profit_paid": np.append(paid + earned, 0.0),
        "profit_received": np.append(received, earned.sum()),
        "foreign_income": np.append(earned, 0.0),
        "foreign_investment": np.append(invested, 0.0),
        "private_investment": np.append(private, 0.0),
        "public_investment": np.append(public_investment, 0.0),
        "cash_transfer": np.append(cash, 0.0),
        "interest_received": np.append(interest, 0.0),
        "saving": np.append(saving, 0.0),
        "p_revenue": p_revenue,
        "p_budget": p_budget,
    }


@pytest.mark.parametrize("seed", range(4))
def test_final_demand(seed: int) -> None:
    closure = busy_closure(seed)
    value_added = random_value_added(seed, closure.claim_out.shape)
    accounts = solve_accounts(value_added, closure)
    scale = value_added.sum()
    for name, expected in twin_final_demand(value_added, closure).items():
        np.testing.assert_allclose(getattr(accounts, name), expected, atol=1e-14 * scale, rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("seed", range(4))
def test_the_closure_closes(seed: int) -> None:
    """Receipts equal payments over everybody, saving finances investment, the country's surplus is the world's deficit.

    ``V = W + R + production tax`` is in the rates; each identity holds at any value added, not only in equilibrium.
    """
    closure = busy_closure(seed)
    value_added = random_value_added(seed, closure.claim_out.shape)
    acc = solve_accounts(value_added, closure)
    m = closure.n_domestic
    final = acc.consumption + acc.investment + acc.government
    nv = value_added[:, :m].sum()
    invested = acc.foreign_investment.sum()
    surplus = closure.current_account * nv - invested + acc.foreign_income.sum()
    assert (final - acc.value_added)[:m].sum() == pytest.approx(-surplus, abs=1e-12 * nv)
    assert final.sum() == pytest.approx(value_added.sum(), rel=1e-13)
    borrowed = (closure.debt + closure.fund).sum() + (closure.p_debt + closure.p_fund).sum()
    lent = nv * (borrowed + closure.current_account) - invested
    assert acc.private_investment.sum() == pytest.approx(acc.saving.sum() - lent, rel=1e-12)
    assert acc.profit_paid.sum() == pytest.approx(acc.profit_received.sum(), rel=1e-13)
    taxes = small_base().taxes
    for rates in (taxes.labour_share + taxes.capital_share + taxes.production_tax,):
        np.testing.assert_allclose(rates, 1.0, atol=1e-14)


@pytest.mark.parametrize("seed", range(2))
def test_final_demand_is_homogeneous_and_linear(seed: int) -> None:
    """Twice the value added is twice the spending, and the sum of two is the sum: Walras' law is exact."""
    closure = busy_closure(seed)
    one, two = (random_value_added(seed + k, closure.claim_out.shape) for k in (10, 20))
    results = [solve_accounts(value, closure) for value in (one, two, one + two, 2.0 * one)]
    for name in USES:
        first, second, both, double = (getattr(result, name) for result in results)
        np.testing.assert_allclose(both, first + second, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(double, 2.0 * first, rtol=1e-13)


@pytest.mark.parametrize("rescale", [False, True])
def test_linear_spending(rescale: bool) -> None:
    rng = np.random.default_rng(3)
    n, n_sectors, numeraire = 5, 3, 40.0
    multiple, constant = rng.uniform(0.5, 1.5, n), rng.normal(0.0, 1.0, n)
    use_share = rng.dirichlet(np.ones(3), n).T.copy()
    closure = linear_closure(multiple, constant, use_share, numeraire, n_sectors, rescale=rescale)
    value_added = rng.uniform(1.0, 9.0, (n_sectors, n))
    accounts = solve_accounts(value_added, closure)
    world = value_added.sum()
    expected = multiple * value_added.sum(axis=0) + constant * world / numeraire
    if rescale:
        expected *= world / expected.sum()
    for use, name in enumerate(USES):
        np.testing.assert_allclose(getattr(accounts, name), use_share[use] * expected, rtol=1e-13)


# --- costs, prices, sales -----------------------------------------------------------------------------------------


def market(seed: int, n: int = 9, n_sectors: int = 4) -> tuple[kernels.Technology, FloatArray]:
    """Technology and some prices ``[2, sector, region]``; some pairs produce nothing."""
    rng = np.random.default_rng(seed)
    economy = random_economy(rng, n, n_sectors, idle_share=0.2)
    made = economy.factor.T > 0.0
    tech = kernels.Technology(
        kappa=np.ascontiguousarray(economy.trade_weight.transpose(0, 2, 1)),
        theta=economy.elasticity,
        b=economy.value_added_share,
        g=economy.input_share,
        factor=np.ascontiguousarray(economy.factor.T),
        log_a=np.ascontiguousarray(np.log(np.where(made, economy.productivity.T, 1.0))),
        mix=economy.mix,
    )
    return tech, rng.normal(0.0, 0.5, (2, n_sectors, n))


def twin_costs(z: FloatArray, tech: kernels.Technology) -> FloatArray:
    """Unit cost^-theta: ``c = (f/A)^b prod P^g``, 0 where nothing is produced."""
    cost = np.exp(z[0] - tech.log_a) ** tech.b[:, None] * np.exp(tech.g.T @ z[1])
    return np.where(tech.factor > 0.0, cost ** -tech.theta[:, None], 0.0)


def twin_shares(u: FloatArray, tech: kernels.Technology) -> FloatArray:
    """``pi_ijs`` as ``[sector, destination, origin]``."""
    offered = tech.kappa * u[:, None, :]
    return np.asarray(offered / offered.sum(axis=2, keepdims=True))


def twin_spending(V: FloatArray, uses: FloatArray, tech: kernels.Technology) -> FloatArray:
    """``X_sj = sum_k g_sk Y_kj + final use``, output from value added."""
    return np.asarray(tech.g @ (V / tech.b[:, None]) + tech.mix.T @ uses)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 9, 16, 43])
def test_costs_prices_and_sales(n: int) -> None:
    """Also at sizes that leave remainders in the blocked loops."""
    tech, z = market(n, n=n, n_sectors=3)
    u, phi, sales = (np.empty_like(z[0]) for _ in range(3))
    spent = np.random.default_rng(n).uniform(0.0, 5.0, u.shape)
    kernels.costs(z[0], z[1], tech, u)
    np.testing.assert_allclose(u, twin_costs(z, tech), rtol=1e-13)
    kernels.prices_and_sales(u, spent, tech, phi, sales)
    np.testing.assert_allclose(phi, (tech.kappa * u[:, None, :]).sum(axis=2), rtol=1e-13)
    np.testing.assert_allclose(sales, (twin_shares(u, tech) * spent[:, :, None]).sum(axis=1), rtol=1e-12, atol=1e-15)
    assert sales.sum() == pytest.approx(spent.sum(), rel=1e-13)


def test_values_and_spending() -> None:
    tech, z = market(2)
    n_sectors, n = z[0].shape
    value_added, spent = np.empty_like(z[0]), np.empty_like(z[0])
    kernels.values(z[0], tech, value_added)
    np.testing.assert_allclose(value_added, np.exp(z[0]) * tech.factor, rtol=1e-14)
    uses = np.random.default_rng(2).uniform(0.0, 3.0, (3, n))
    accounts = blank_accounts(n, 1)._replace(**dict(zip(USES, uses, strict=True)))
    kernels.spending(value_added, tech, accounts, spent)
    np.testing.assert_allclose(spent, twin_spending(value_added, uses, tech), rtol=1e-13)
    assert n_sectors == 4


@njit
def exponential(x: FloatArray, out: FloatArray) -> None:
    """The kernels' internal functions can be called from compiled code only."""
    kernels._exp(x, out)


@njit
def logarithm(x: FloatArray, out: FloatArray) -> None:
    kernels._log(x, out)


@pytest.mark.parametrize("largest", [1e-6, 1.0, 30.0, 300.0])
def test_exponential_and_logarithm(largest: float) -> None:
    """The vectorised ones against numpy's, to two units in the last place."""
    x = np.random.default_rng(4).uniform(-largest, largest, 10_001)
    x[0] = 0.0
    out = np.empty_like(x)
    exponential(x, out)
    np.testing.assert_allclose(out, np.exp(x), rtol=5e-16)
    back = np.empty_like(x)
    logarithm(out, back)
    np.testing.assert_allclose(back, np.log(out), rtol=5e-16, atol=2e-16)


# --- settled accounts, balancing, claims --------------------------------------------------------------------------


def twin_settle(z: FloatArray, tech: kernels.Technology, closure: kernels.Closure) -> tuple[FloatArray, FloatArray]:
    """Value added and spending with the shares of these prices: the fixed point of sales and incomes."""
    share = twin_shares(twin_costs(z, tech), tech)
    value_added = np.exp(z[0]) * tech.factor
    for _ in range(20_000):
        value_added = value_added * (closure.numeraire / value_added[:, : closure.n_domestic].sum())
        flows = twin_final_demand(value_added, closure)
        spent = twin_spending(value_added, np.stack([flows[use] for use in USES]), tech)
        new = tech.b[:, None] * (share * spent[:, :, None]).sum(axis=1)
        gap = np.abs(new - value_added).max()
        value_added = new
        if gap <= 1e-13 * closure.numeraire:
            break
    return value_added, spent


def test_settle() -> None:
    """From prices that clear no market: the accounts close all the same."""
    base = small_base()
    closure = busy_closure(5)
    n, n_sectors = base.world.n_regions, base.world.n_sectors
    tech, _ = market(6, n=n, n_sectors=n_sectors)
    tech = tech._replace(factor=np.ascontiguousarray(np.maximum(tech.factor, 0.1)), mix=base.mix)
    z = np.random.default_rng(6).normal(0.0, 0.1, (2, n_sectors, n))
    V, X, Y, u, phi = (np.empty((n_sectors, n)) for _ in range(5))
    accounts = blank_accounts(n, base.n_provinces)
    converged, _, residual = kernels.settle(z, tech, closure, accounts, V, X, Y, u, phi, 1e-13, 20_000)
    assert converged
    assert residual <= 1e-13
    value_added, spent = twin_settle(z, tech, closure)
    np.testing.assert_allclose(V, value_added, rtol=1e-9)
    np.testing.assert_allclose(X, spent, rtol=1e-9)
    np.testing.assert_allclose(tech.b[:, None] * Y, V, rtol=1e-12)
    flows = tech.kappa * u[:, None, :] * (X / phi)[:, :, None]
    np.testing.assert_allclose(flows.sum(axis=1), Y, rtol=1e-12)
    np.testing.assert_allclose(flows.sum(axis=2), X, rtol=1e-12)


def twin_balance(kappa: FloatArray, output: FloatArray, purchases: FloatArray) -> FloatArray:
    """Flows ``[destination, origin]`` with these margins: rows and columns scaled in turn."""
    flows = kappa * (output > 0.0)
    for _ in range(100_000):
        flows = flows * (purchases / flows.sum(axis=1))[:, None]
        made = flows.sum(axis=0)
        flows = flows * np.divide(output, made, out=np.zeros_like(made), where=made > 0.0)
        if np.abs(flows.sum(axis=1) / purchases - 1.0).max() < 1e-14:
            break
    return np.asarray(flows)


@pytest.mark.parametrize("idle", [0, 2])
def test_balance(idle: int) -> None:
    rng = np.random.default_rng(7)
    n = 8
    kappa = np.exp(rng.normal(0.0, 1.5, (n, n)))
    output, purchases = rng.uniform(0.1, 10.0, n), rng.uniform(0.1, 10.0, n)
    output[:idle] = 0.0
    output *= purchases.sum() / output.sum()
    u, phi = np.ones(n), np.ones(n)
    residual, _ = kernels.balance(kappa, output, purchases, u, phi, 1e-13, 100_000)
    assert residual <= 1e-13
    flows = kappa * u * (purchases / phi)[:, None]
    np.testing.assert_allclose(flows, twin_balance(kappa, output, purchases), rtol=1e-10)
    np.testing.assert_allclose(flows.sum(axis=0), output, rtol=1e-12)


@pytest.mark.parametrize("distance", [0.5, 3.0, 6.0])
def test_balance_where_little_is_traded(distance: float) -> None:
    """Places on a line that buy ever more at home: plain scaling takes up to ten thousand sweeps, few are needed."""
    rng = np.random.default_rng(9)
    n = 30
    kappa = np.exp(-distance * np.abs(np.subtract.outer(np.arange(n), np.arange(n)))) + 1e-5
    output, purchases = rng.uniform(5.0, 10.0, (2, n))
    output *= purchases.sum() / output.sum()
    u, phi = np.ones(n), np.ones(n)
    residual, sweeps = kernels.balance(kappa, output, purchases, u, phi, 1e-13, 100_000)
    assert residual <= 1e-13
    assert sweeps < 300
    flows = kappa * u * (purchases / phi)[:, None]
    expected = twin_balance(kappa, output, purchases)
    np.testing.assert_allclose(flows, expected, rtol=1e-9, atol=1e-12)


def test_claims() -> None:
    rng = np.random.default_rng(8)
    n_sectors, n = 3, 5
    owned = rng.uniform(0.0, 1.0, (n_sectors, n, n))
    capital = owned.sum(axis=1).T.copy()
    owned[1, :, 2] = capital[2, 1] = 0.0
    ownership = np.array([0.8, 0.5, 0.0])
    claim, out = np.zeros((n_sectors, n, n)), np.zeros((n_sectors, n))
    kernels.set_claims(owned, capital, ownership, claim, out)
    share = np.divide(owned, capital.T[:, None, :], out=np.zeros_like(owned), where=capital.T[:, None, :] > 0.0)
    expected = ownership[:, None, None] * share * (1.0 - np.eye(n))
    np.testing.assert_allclose(claim, expected, rtol=1e-14)
    np.testing.assert_allclose(out, expected.sum(axis=1), rtol=1e-13)
