"""Implicit steps towards equilibrium, for economies in which the accelerated sweep loses its way.

The sweep of the market kernel raises the price of what is in excess demand, ``d log f / dt = r``. Its explicit steps
crawl, and their extrapolation overshoots, where a market hangs on the others by a thread: a region in deficit that
hardly trades. Implicit steps whose length grows follow the same path and end as Newton's method (pseudo-transient
continuation, Kelley and Keyes 1998): ``(1/h - dr/dz) dz = r`` with ``z = (log f, log P)`` and the price indices solved
for at every point. A step is kept when it lowers the value of all excess demands, ``sum |V - b Y|``, which falls along
the path when factors are gross substitutes (McKenzie 1960). Dense, so meant for up to some thousand pairs of region and
sector.
"""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray
from sim.mechanisms.market import kernels

FIRST_STEP = 1.0  # as long as one sweep
GROWTH = 4.0  # of the step length, at most, after a step that was kept
LONGEST_STEP = 1e12  # from there on the method is Newton's
SHORTEST_STEP = 1e-2  # kept whatever it does
ACCEPTED = 0.95  # the value of excess demands must not rise by more than this factor
LARGEST_CHANGE = 3.0  # of a log price in one step
PRICE_SWEEPS = 400  # of the price loop, which contracts by the share of inputs in cost
PRICE_PRECISION = 1e-13


def solve_implicitly(
    z: FloatArray,
    tech: kernels.Technology,
    closure: kernels.Closure,
    accounts: kernels.Accounts,
    tolerance: float,
    max_steps: int,
) -> tuple[bool, int, float, int]:
    """Fixed point of the sweep from ``z [2, sector, region]``, written in place.

    Returns (converged, steps, largest relative excess demand, flat index of that sector and region), as the sweep does.
    """
    length = FIRST_STEP
    point = _Point(z, tech, closure, accounts)
    for step in range(1, max_steps + 1):
        if point.merit <= tolerance:
            z[:] = point.z
            return True, step, point.excess, point.place
        inertia = np.zeros(z.shape)
        inertia[0] = 1.0 / length
        matrix = np.diag(inertia.ravel()) - _jacobian(point, tech, closure, accounts)
        try:
            change = np.linalg.solve(matrix, point.residual.ravel())
            too_long = not np.abs(change).max() <= LARGEST_CHANGE
        except np.linalg.LinAlgError:
            too_long = True
        if too_long:
            length /= GROWTH
            if length < SHORTEST_STEP:
                break
            continue
        trial = _Point(point.z + change.reshape(z.shape), tech, closure, accounts)
        ratio = point.norm / trial.norm if trial.norm > 0.0 else GROWTH
        if not ratio >= ACCEPTED and length > SHORTEST_STEP:
            length /= GROWTH
            continue
        length = min(length * min(2.0 * ratio, GROWTH), LONGEST_STEP)
        point = trial
    z[:] = point.z
    return False, max_steps, point.excess, point.place


class _Point:
    """The market at given factor prices and the price indices they imply, and how far it is from clearing."""

    def __init__(
        self, z: FloatArray, tech: kernels.Technology, closure: kernels.Closure, accounts: kernels.Accounts
    ) -> None:
        self.z = z.copy()
        last = None if closure.linear == 1 else closure.n_domestic
        self.z -= np.log((np.exp(z[0]) * tech.factor)[:, :last].sum() / closure.numeraire)
        self.z[1] = implied_prices(self.z, tech)
        shape = z[0].shape
        self.spent, self.u, self.phi, self.sales = (np.empty(shape) for _ in range(4))
        self.value_added = np.exp(self.z[0]) * tech.factor
        kernels.final_demand(self.value_added, closure, accounts)
        kernels.spending(self.value_added, tech, accounts, self.spent)
        kernels.costs(self.z[0], self.z[1], tech, self.u)
        kernels.prices_and_sales(self.u, self.spent, tech, self.phi, self.sales)
        ratio = np.ones(shape)
        np.divide(tech.b[:, None] * self.sales, self.value_added, out=ratio, where=tech.factor > 0.0)
        step = 1.0 / (1.0 + tech.theta * tech.b)[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = -np.log(self.phi) / tech.theta[:, None] - self.z[1]
            self.residual = np.stack([step * np.log(ratio), gap])
        self.norm = float(np.abs(self.value_added - tech.b[:, None] * self.sales).sum())
        self.place = int(np.abs(ratio - 1.0).argmax())
        self.excess = float(np.abs(ratio - 1.0).max())
        self.merit = max(self.excess, float(np.abs(self.residual[1]).max()))


def implied_prices(z: FloatArray, tech: kernels.Technology) -> FloatArray:
    """Log price indices ``[sector, region]`` at the factor prices of ``z``, starting from its price indices."""
    now = z.copy()
    u, phi, sales = (np.empty(z[0].shape) for _ in range(3))
    spent = np.ones(z[0].shape)
    for _ in range(PRICE_SWEEPS):
        kernels.costs(now[0], now[1], tech, u)
        kernels.prices_and_sales(u, spent, tech, phi, sales)
        gap = -np.log(phi) / tech.theta[:, None] - now[1]
        now[1] += gap
        if not np.abs(gap).max() > PRICE_PRECISION:
            break
    return np.asarray(now[1])


def _jacobian(
    point: _Point, tech: kernels.Technology, closure: kernels.Closure, accounts: kernels.Accounts
) -> FloatArray:
    """``dr/dz [2 S N, 2 S N]``; rows of pairs that produce nothing are zero in the first half."""
    n_sectors, n = point.value_added.shape
    size = n_sectors * n
    made = tech.factor > 0.0
    share = tech.kappa * point.u[:, None, :] / point.phi[:, :, None]  # [sector, destination, origin]
    sold = share.transpose(0, 2, 1) * point.spent[:, None, :]
    sold /= np.where(made, point.sales, 1.0)[:, :, None]
    cost = np.zeros((n_sectors, n, 2, n_sectors, n))  # d log unit cost
    place = np.arange(n)
    for s in range(n_sectors):
        cost[s, place, 0, s, place] = tech.b[s]
        for k in range(n_sectors):
            cost[s, place, 1, k, place] = tech.g[k, s]
    cost = cost.reshape(n_sectors, n, 2 * size)
    price = share @ cost  # d log P = sum_i share d log c
    sales = tech.theta[:, None, None] * (sold @ price - cost)
    sales[:, :, :size] += sold @ _spending_change(point, tech, closure, accounts)
    result = np.stack([sales, price]).reshape(2 * size, 2 * size)
    result[np.arange(2 * size), np.arange(2 * size)] -= 1.0
    step = np.repeat(1.0 / (1.0 + tech.theta * tech.b), n)
    result[:size] *= np.where(made.ravel(), step, 0.0)[:, None]
    return np.asarray(result)


def _spending_change(
    point: _Point, tech: kernels.Technology, closure: kernels.Closure, accounts: kernels.Accounts
) -> FloatArray:
    """``d log X / d log f`` ``[sector, region, S N]``."""
    n_sectors, n = point.value_added.shape
    of_use = _linear_uses(point, closure) if closure.linear == 1 else _full_uses(point, closure, accounts)
    change = np.tensordot(tech.mix, of_use, axes=(0, 0))
    place = np.arange(n)
    for s in range(n_sectors):
        for k in range(n_sectors):
            change[s, place, k, place] += tech.g[s, k] / tech.b[k] * point.value_added[k]
    change /= np.where(point.spent > 0.0, point.spent, 1.0)[:, :, None, None]
    return np.asarray(change.reshape(n_sectors, n, n_sectors * n))


def _linear_uses(point: _Point, closure: kernels.Closure) -> FloatArray:
    """``d final use / d log f`` of the linear closure ``[use, region, sector, region]``."""
    value_added = point.value_added
    n_sectors, n = value_added.shape
    weight = closure.add / closure.numeraire
    change = np.broadcast_to(weight[:, None, None] * value_added, (n, n_sectors, n)).copy()
    place = np.arange(n)
    change[place, :, place] += closure.mult[:, None] * value_added.T
    if closure.rescale == 1:
        world = value_added.sum()
        amount = closure.mult * value_added.sum(axis=0) + weight * world
        relative = value_added / world - change.sum(axis=0) / amount.sum()
        change = world / amount.sum() * (change + amount[:, None, None] * relative)
    return np.asarray(closure.use_share[:, :, None, None] * change)


def _full_uses(point: _Point, closure: kernels.Closure, accounts: kernels.Accounts) -> FloatArray:
    """The same of the full closure, which is linear in value added: one unit after the other."""
    n_sectors, n = point.value_added.shape
    change = np.zeros((3, n, n_sectors, n))
    unit = np.zeros((n_sectors, n))
    for s in range(n_sectors):
        for i in range(n):
            unit[s, i] = 1.0
            kernels.final_demand(unit, closure, accounts)
            unit[s, i] = 0.0
            change[:, :, s, i] = accounts.consumption, accounts.investment, accounts.government
    return np.asarray(change * point.value_added)
