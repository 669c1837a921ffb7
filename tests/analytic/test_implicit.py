"""The implicit solver: its derivatives against finite differences, its solutions against the accelerated sweep's."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.arrays import FloatArray
from sim.mechanisms.base_year import factor_bundle
from sim.mechanisms.market import implicit, kernels
from sim.mechanisms.market.closure import YearlyClosure, blank_accounts
from sim.mechanisms.market.economy import _closure, _start, _technology, purchases_possible
from sim.mechanisms.market.phase import technology
from tests.analytic.economies import random_economy
from tests.worlds import small_base

Market = tuple[FloatArray, kernels.Technology, kernels.Closure, kernels.Accounts]


def small_market(closure: str) -> Market:
    """A random economy, or the three-city world with its full closure."""
    if closure != "full":
        economy = random_economy(np.random.default_rng(3), 5, 3, idle_share=0.2, closure=closure)
        tech = _technology(economy, purchases_possible(economy))
        return _start(economy, tech), tech, _closure(economy), blank_accounts(5, 1)
    base = small_base()
    state = base.state.copy()
    tech = technology(base)
    tech.factor[:] = factor_bundle(state, base).T
    tech.log_a[:] = np.log(state.effective_productivity.T)
    accounts = blank_accounts(base.world.n_regions, base.n_provinces)
    return state.price_memory[0].copy(), tech, YearlyClosure(base).set_year(state), accounts


def residual(
    z: FloatArray, tech: kernels.Technology, closure: kernels.Closure, accounts: kernels.Accounts
) -> FloatArray:
    """What one sweep changes: ``log(b Y / V) / (1 + theta b)`` and the price indices the costs imply."""
    V, X, u, phi, Y = (np.empty(z[0].shape) for _ in range(5))
    kernels.values(z[0], tech, V)
    kernels.final_demand(V, closure, accounts)
    kernels.spending(V, tech, accounts, X)
    kernels.costs(z[0], z[1], tech, u)
    kernels.prices_and_sales(u, X, tech, phi, Y)
    b, theta = tech.b[:, None], tech.theta[:, None]
    ratio = np.divide(b * Y, V, out=np.ones_like(V), where=V > 0.0)
    return np.stack([np.log(ratio) / (1.0 + theta * b), -np.log(phi) / theta - z[1]]).ravel()


@pytest.mark.parametrize("closure", ["balanced", "multiplicative", "outside", "full"])
def test_derivatives(closure: str) -> None:
    """The matrix of the implicit step is the derivative of a sweep."""
    z, tech, rule, accounts = small_market(closure)
    z += np.random.default_rng(4).normal(0.0, 0.2, z.shape)
    point = implicit._Point(z, tech, rule, accounts)
    found = implicit._jacobian(point, tech, rule, accounts)
    step = 1e-6
    for k in range(z.size):
        shift = np.zeros(z.size)
        shift[k] = step
        up, down = (residual(point.z + sign * shift.reshape(z.shape), tech, rule, accounts) for sign in (1.0, -1.0))
        np.testing.assert_allclose(found[:, k], (up - down) / (2.0 * step), atol=3e-8)
    np.testing.assert_allclose(found.sum(axis=1), 0.0, atol=1e-13)  # only relative prices matter


@pytest.mark.parametrize("closure", ["balanced", "multiplicative", "outside", "full"])
def test_same_solution_as_the_sweep(closure: str) -> None:
    z, tech, rule, accounts = small_market(closure)
    z += np.random.default_rng(5).normal(0.0, 0.5, z.shape)
    other = z.copy()
    memory = kernels.new_memory(*z.shape[1:], 6)
    assert kernels.solve(z, tech, rule, accounts, memory, 1e-12, 2000)[0]
    converged, steps, excess, _ = implicit.solve_implicitly(other, tech, rule, accounts, 1e-12, 100)
    assert converged
    assert steps < 30
    assert excess <= 1e-12
    made = tech.factor > 0.0
    np.testing.assert_allclose(other[0][made], z[0][made], atol=1e-10)
    np.testing.assert_allclose(other[1], z[1], atol=1e-10)


def test_it_says_when_it_fails() -> None:
    z, tech, rule, accounts = small_market("balanced")
    converged, _, excess, place = implicit.solve_implicitly(z, tech, rule, accounts, 1e-12, 1)
    assert not converged
    assert excess > 1e-12
    assert 0 <= place < z[0].size
