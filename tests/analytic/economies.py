"""Made-up economies for the theory tests: simple ones by hand, random ones from a seed."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray
from sim.mechanisms.market.economy import Economy, Spending, trade_weight


def one_sector(
    trade_cost: FloatArray,
    elasticity: float,
    factor: FloatArray,
    productivity: FloatArray | None = None,
    spending: Spending | None = None,
) -> Economy:
    """One sector made by one factor without inputs: Armington, or Eaton and Kortum."""
    n = factor.size
    theta = np.array([elasticity])
    return Economy(
        elasticity=theta,
        value_added_share=np.ones(1),
        input_share=np.zeros((1, 1)),
        trade_weight=trade_weight(trade_cost, theta),
        factor=factor[:, None].copy(),
        productivity=np.ones((n, 1)) if productivity is None else productivity[:, None].copy(),
        mix=np.ones((3, 1)),
        use_share=np.full((3, n), 1.0 / 3.0),
        spending=Spending.balanced(n) if spending is None else spending,
        region_names=tuple(f"City {i}" for i in range(n)),
        sector_names=("GOODS",),
    )


def random_costs(rng: np.random.Generator, n: int, largest: float) -> FloatArray:
    """Symmetric-free iceberg costs ``[origin, destination]`` up to ``largest``, 1 at home."""
    cost = np.exp(rng.uniform(0.0, np.log(largest), (n, n)))
    np.fill_diagonal(cost, 1.0)
    return cost


def random_economy(
    rng: np.random.Generator,
    n_regions: int,
    n_sectors: int,
    *,
    skew: float = 1.0,
    largest_cost: float = 5.0,
    idle_share: float = 0.0,
    closure: str = "balanced",
) -> Economy:
    """An economy with input-output links in which every region can buy every sector from any producer.

    Args:
        rng: source of all draws.
        n_regions: regions.
        n_sectors: sectors.
        skew: standard deviation of log factors across regions.
        largest_cost: iceberg costs are log-uniform between 1 and this.
        idle_share: probability that a pair of region and sector produces nothing.
        closure: balanced, multiplicative, or outside (incomes from outside the model, as farmers' in Krugman 1991).
    """
    pairs = (n_regions, n_sectors)
    theta = rng.uniform(1.5, 10.0, n_sectors)
    inputs = rng.uniform(0.0, 1.0, (n_sectors, n_sectors)) * (rng.random((n_sectors, n_sectors)) < 0.6)
    total = inputs.sum(axis=0)
    b = np.where(total > 0.0, rng.uniform(0.15, 1.0, n_sectors), 1.0)
    g = np.divide(inputs * (1.0 - b), total, out=np.zeros_like(inputs), where=total > 0.0)
    cost = np.exp(rng.uniform(0.0, np.log(largest_cost), (n_sectors, n_regions, n_regions)))
    factor = np.exp(rng.normal(0.0, skew, (n_regions, 1)) + rng.normal(0.0, 0.5 * skew, pairs))
    idle = rng.random(pairs) < idle_share
    idle[rng.integers(0, n_regions, n_sectors), np.arange(n_sectors)] = False
    idle[np.arange(n_regions), rng.integers(0, n_sectors, n_regions)] = False
    factor[idle] = 0.0
    return Economy(
        elasticity=theta,
        value_added_share=b,
        input_share=g,
        trade_weight=trade_weight(cost, theta),
        factor=factor,
        productivity=np.exp(rng.normal(0.0, 0.5 * skew, pairs)),
        mix=rng.dirichlet(np.ones(n_sectors), 3) * 0.99 + 0.01 / n_sectors,
        use_share=np.ascontiguousarray(rng.dirichlet(np.ones(3), n_regions).T),
        spending=_random_spending(rng, n_regions, closure),
        region_names=tuple(f"City {i}" for i in range(n_regions)),
        sector_names=tuple(f"S{s}" for s in range(n_sectors)),
    )


def _random_spending(rng: np.random.Generator, n: int, closure: str) -> Spending:
    if closure == "multiplicative":
        return Spending.multiplicative(np.exp(rng.normal(0.0, 0.3, n)))
    if closure == "outside":
        multiple = rng.uniform(0.3, 0.95)
        return Spending(np.full(n, multiple), (1.0 - multiple) * rng.dirichlet(np.full(n, 0.5)))
    return Spending.balanced(n)


def relative_gap(new: FloatArray, old: FloatArray) -> float:
    """Largest relative difference of two arrays of positive numbers; both nan counts as equal."""
    new, old = np.asarray(new), np.asarray(old)
    same = np.isnan(new) & np.isnan(old)
    return float(np.abs(np.where(same, 1.0, new) / np.where(same, 1.0, old) - 1.0).max())
