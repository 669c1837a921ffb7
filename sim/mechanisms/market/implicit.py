"""Implicit steps towards equilibrium, for economies on which the accelerated sweep loses its way.

The sweep of the market kernel raises the price of what is in excess demand: ``dz/dt = r(z)`` with ``z = (log f, log P)``.
Its explicit steps crawl, and their extrapolation overshoots, where a market hangs on the others by a thread: a region
in deficit that hardly trades. Implicit steps with a growing step length follow the same path and end as Newton's method
(pseudo-transient continuation, Kelley and Keyes 1998): ``(1/h - dr/dz) dz = r``. Dense, so for up to some thousand
region-sector pairs; spending is linear in value added (:func:`sim.mechanisms.market.closure.linear_closure`).
"""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray
from sim.mechanisms.market import kernels

FIRST_STEP = 1.0  # the first implicit step is as long as one sweep
GROWTH = 4.0  # at most, of the step length per accepted step
LONGEST_STEP = 1e12  # from there on the method is Newton's
SHORTEST_STEP = 1e-2  # accepted whatever it does
ACCEPTED = 0.95  # a step must not raise the residual by more than this
LARGEST_CHANGE = 3.0  # of a log price in one step


def solve_implicitly(
    z: FloatArray,
    tech: kernels.Technology,
    closure: kernels.Closure,
    accounts: kernels.Accounts,
    tolerance: float,
    max_steps: int,
) -> tuple[bool, int, float, int]:
    """Fixed point of the sweep from ``z [2, sector, region]``, written in place.

    Returns (converged, steps, largest relative excess demand, flat index of that sector and region), as the kernel does.
    """
    length = FIRST_STEP
    point = _Point(z, tech, closure, accounts)
    for step in range(1, max_steps + 1):
        if point.merit <= tolerance:
            z[:] = point.z
            _normalise(z, tech, closure)
            return True, step, point.excess, point.place
        delay = np.zeros(z.shape)
        delay[0] = 1.0 / length
        change = np.linalg.solve(np.diag(delay.ravel()) - _jacobian(point, tech, closure), point.residual.ravel())
        if not np.abs(change).max() <= LARGEST_CHANGE and length > SHORTEST_STEP:
            length /= GROWTH
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
    """The sweep at one point: what it trades and how far it is from clearing."""

    def __init__(
        self, z: FloatArray, tech: kernels.Technology, closure: kernels.Closure, accounts: kernels.Accounts
    ) -> None:
        self.z = z.copy()
        _normalise(self.z, tech, closure)
        _solve_prices(self.z, tech)
        self.value_added = np.exp(self.z[0]) * tech.factor
        shape = self.value_added.shape
        self.spent, self.u, self.phi, self.sales = (np.empty(shape) for _ in range(4))
        kernels.final_demand(self.value_added, closure, accounts)
        kernels.spending(self.value_added, tech, accounts, self.spent)
        kernels.costs(self.z[0], self.z[1], tech, self.u)
        kernels.prices_and_sales(self.u, self.spent, tech, self.phi, self.sales)
        made = tech.factor > 0.0
        ratio = np.ones(shape)
        np.divide(tech.b[:, None] * self.sales, self.value_added, out=ratio, where=made)
        step = 1.0 / (1.0 + tech.theta * tech.b)[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            self.residual = np.stack([step * np.log(ratio), -np.log(self.phi) / tech.theta[:, None] - self.z[1]])
        self.norm = float(np.abs(self.value_added - tech.b[:, None] * self.sales).sum())
        self.worst = float(np.abs(self.residual[0]).max())
        self.place = int(np.abs(ratio - 1.0).argmax())
        self.excess = float(np.abs(ratio - 1.0).max())
        self.merit = max(self.excess, float(np.abs(self.residual[1]).max()))


def _solve_prices(z: FloatArray, tech: kernels.Technology) -> None:
    u, phi, sales = (np.empty_like(z[0]) for _ in range(3))
    spent = np.ones_like(z[0])
    for _ in range(400):
        kernels.costs(z[0], z[1], tech, u)
        kernels.prices_and_sales(u, spent, tech, phi, sales)
        gap = -np.log(phi) / tech.theta[:, None] - z[1]
        z[1] += gap
        if np.abs(gap).max() < 1e-13:
            break


def _normalise(z: FloatArray, tech: kernels.Technology, closure: kernels.Closure) -> None:
    z -= np.log((np.exp(z[0]) * tech.factor).sum() / closure.numeraire)


def _jacobian(point: _Point, tech: kernels.Technology, closure: kernels.Closure) -> FloatArray:
    """``dr/dz [2 S N, 2 S N]``."""
    n_sectors, n = point.value_added.shape
    size = n_sectors * n
    made = tech.factor > 0.0
    share = tech.kappa * point.u[:, None, :] / point.phi[:, :, None]  # [sector, destination, origin]
    sold = share.transpose(0, 2, 1) * point.spent[:, None, :]
    sold /= np.where(made, point.sales, 1.0)[:, :, None]
    cost = np.zeros((n_sectors, n, 2, n_sectors, n))  # d log unit cost
    spent = np.zeros((n_sectors, n, n_sectors, n))  # d log spending by log f
    place = np.arange(n)
    for s in range(n_sectors):
        cost[s, place, 0, s, place] = tech.b[s]
        for k in range(n_sectors):
            cost[s, place, 1, k, place] = tech.g[k, s]
            spent[s, place, k, place] = tech.g[s, k] / tech.b[k] * point.value_added[k]
    final = closure.use_share.T @ tech.mix  # [region, sector]
    spent += final.T[:, :, None, None] * _final_change(point, closure)[None]
    spent /= np.where(point.spent > 0.0, point.spent, 1.0)[:, :, None, None]
    flat = cost.reshape(n_sectors, n, 2 * size)
    price = share @ flat  # d log P = sum_i share d log c
    theta = tech.theta[:, None, None]
    sales = theta * (sold @ price - flat)
    sales[:, :, :size] += sold @ spent.reshape(n_sectors, n, size)
    result = np.zeros((2, n_sectors, n, 2 * size))
    result[0] = sales
    result[1] = price
    result = result.reshape(2 * size, 2 * size)
    result[np.arange(2 * size), np.arange(2 * size)] -= 1.0
    step = np.repeat(1.0 / (1.0 + tech.theta * tech.b), n)
    result[:size] *= np.where(made.ravel(), step, 0.0)[:, None]
    return result


def _final_change(point: _Point, closure: kernels.Closure) -> FloatArray:
    """``d final spending / d log f`` ``[region, sector, region]``."""
    value_added = point.value_added
    n_sectors, n = value_added.shape
    weight = closure.add / closure.numeraire
    change = np.broadcast_to(weight[:, None, None] * value_added[None], (n, n_sectors, n)).copy()
    place = np.arange(n)
    change[place, :, place] += closure.mult[:, None] * value_added.T
    if closure.rescale == 1:
        world = value_added.sum()
        amount = closure.mult * value_added.sum(axis=0) + weight * world
        scale = world / amount.sum()
        relative = value_added / world - change.sum(axis=0) / amount.sum()
        change = scale * (change + amount[:, None, None] * relative[None])
    return change
