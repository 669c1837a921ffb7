"""Exact hat algebra written a second time, from Dekle, Eaton and Kortum (2007), in plain numpy.

Shares nothing with the package: its own notation, its own iteration. Country n imports from i; ``pi[n, i]`` is the
share of i in n's spending, ``Y`` income, ``X`` spending, ``D = X - Y``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def dek(
    imports: Array, theta: float, cost_hat: Array, rule: str, tolerance: float = 1e-13
) -> tuple[Array, Array, Array, Array]:
    """Changes of wages, prices and real spending, and new flows; ``imports`` and ``cost_hat`` are ``[n, i]``.

    Equation (11) of the paper: ``w'_i Y_i = sum_n pi'_ni X'_n``, with ``pi'_ni`` from (9) and world income fixed.
    """
    spending = imports.sum(axis=1)
    income = imports.sum(axis=0)
    pi = imports / spending[:, None]
    deficit = spending - income
    wage = np.ones_like(income)
    for _ in range(200_000):
        numerator = pi * (wage[None, :] * cost_hat) ** (-theta)
        total = numerator.sum(axis=1)
        shares = numerator / total[:, None]
        if rule == "additive":
            new_spending = wage * income + deficit
        else:
            new_spending = wage * spending
            new_spending = new_spending * income.sum() / new_spending.sum()
        demand = shares.T @ new_spending
        excess = (demand - wage * income) / income
        if np.abs(excess).max() < tolerance:
            break
        wage = wage * (1.0 + 0.3 * excess / wage / (1.0 + theta))
        wage = wage * income.sum() / (wage * income).sum()
    else:
        raise ArithmeticError("the independent solver did not converge")
    price = total ** (-1.0 / theta)
    return wage, price, new_spending / spending / price, shares * new_spending[:, None]


def twelve_countries(seed: int = 20190101) -> tuple[Array, Array]:
    """Flows ``[origin, destination]`` of twelve countries with deficits, and a change of costs, from a fixed seed."""
    rng = np.random.default_rng(seed)
    n = 12
    size = np.exp(rng.normal(0.0, 1.2, n))
    place = rng.uniform(0.0, 1.0, (n, 2))
    distance = np.sqrt(((place[:, None] - place[None]) ** 2).sum(axis=2))
    resistance = np.exp(-2.0 * distance - 2.5 * (1.0 - np.eye(n)) + rng.normal(0.0, 0.3, (n, n)))
    flows = np.outer(size, size * np.exp(rng.normal(0.0, 0.1, n))) * resistance
    cost_hat = np.where(np.eye(n) > 0.0, 1.0, rng.uniform(0.75, 1.1, (n, n)))
    return 100.0 * flows / flows.sum(), cost_hat
