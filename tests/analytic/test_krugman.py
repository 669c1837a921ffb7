"""Krugman's core and periphery (1991) as a special case of the market.

Manufactures are one sector made by workers, elasticity ``sigma - 1`` and productivity ``L^(1/(sigma-1))``: that is
monopolistic competition with free entry. Farmers earn ``(1 - mu)/2`` in each region from outside the model, in the
numeraire, and everybody spends the share mu of income on manufactures, so spending on them is
``mu w L + mu (1 - mu)/2``. Food is traded freely at price 1, so the cost of living is ``P^mu``.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from sim.core.arrays import FloatArray
from sim.mechanisms.market.economy import Spending, solve_economy
from tests.analytic.economies import one_sector

MU, SIGMA = 0.4, 5.0


def real_wages(share: float, cost: float, mu: float = MU, sigma: float = SIGMA) -> FloatArray:
    """Real wages ``[region]`` when ``share`` of the workers live in the first region."""
    labour = mu * np.array([share, 1.0 - share])
    tau = np.array([[1.0, cost], [cost, 1.0]])
    farmers = np.full(2, mu * (1.0 - mu) / 2.0)
    spending = Spending(np.full(2, mu), farmers, numeraire=mu)
    economy = one_sector(tau, sigma - 1.0, labour, labour ** (1.0 / (sigma - 1.0)), spending)
    found = solve_economy(economy, tolerance=1e-13)
    return found.factor_price[:, 0] / found.price_index[:, 0] ** mu


def pull(share: float, cost: float, mu: float = MU, sigma: float = SIGMA) -> float:
    """Log real wage of the first region over the second's."""
    wage = real_wages(share, cost, mu, sigma)
    return float(np.log(wage[0] / wage[1]))


def break_point(mu: float = MU, sigma: float = SIGMA) -> float:
    """Cost at which a worker who leaves one of two equal regions gains nothing."""
    step = 1e-4
    return float(brentq(lambda cost: pull(0.5 + step, cost, mu, sigma), 1.2, 3.0, xtol=1e-9))


def sustain_point(mu: float = MU, sigma: float = SIGMA) -> float:
    """Cost at which the first worker to leave the core gains nothing."""
    return float(brentq(lambda cost: pull(1.0 - 1e-9, cost, mu, sigma), 1.2, 4.0, xtol=1e-9))


def test_symmetry_breaks_where_krugman_says() -> None:
    """``T^(sigma-1) = (sigma(1+mu) - 1)(1 + mu) / ((sigma(1-mu) - 1)(1 - mu))``: 7^(1/4) here."""
    assert break_point() == pytest.approx(7.0**0.25, abs=2e-6)
    assert break_point() == pytest.approx(1.626577, abs=2e-6)


def test_core_holds_up_to_the_sustain_point() -> None:
    assert sustain_point() == pytest.approx(1.8073, abs=5e-5)


@pytest.mark.parametrize(("mu", "sigma"), [(0.3, 4.0), (0.5, 6.0)])
def test_points_elsewhere(mu: float, sigma: float) -> None:
    """The formulas of Fujita, Krugman and Venables (1999, ch. 5) at other parameters."""
    power = (sigma * (1.0 + mu) - 1.0) * (1.0 + mu) / ((sigma * (1.0 - mu) - 1.0) * (1.0 - mu))
    assert break_point(mu, sigma) == pytest.approx(power ** (1.0 / (sigma - 1.0)), abs=5e-6)
    found = sustain_point(mu, sigma)
    outside = (1.0 + mu) / 2.0 * found ** (1.0 - sigma) + (1.0 - mu) / 2.0 * found ** (sigma - 1.0)
    assert found ** (-mu * sigma) * outside == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("cost", "equilibria"), [(1.5, 1), (1.7, 3), (2.1, 1)])
def test_number_of_interior_equilibria(cost: float, equilibria: int) -> None:
    """Below the break one half alone, unstable; between break and sustain two more; above one half alone, stable."""
    shares = np.linspace(0.0005, 0.9995, 401)
    pulls = np.array([pull(share, cost) for share in shares])
    pulls[200] = 0.0  # one half, by symmetry
    signs = np.sign(np.delete(pulls, 200))
    assert np.count_nonzero(np.diff(signs)) == equilibria
    stable_at_half = pulls[201] < 0.0
    assert stable_at_half == (cost > break_point())
