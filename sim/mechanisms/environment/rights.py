"""Markets for rights to use energy or to emit: a cap, a price that equals everybody's marginal abatement cost, trade.

Abating ``a`` of a use ``u`` costs ``m a^2 / (2 u)``: marginal cost rises in proportion to the share abated, from 0 to
``m`` for the last unit, and nobody abates more than all. In a market everyone abates until marginal cost is the price,
``a_i = u_i min(p / m_i, 1)``, and the price is where the sum is what has to go. Costs are least there (Montgomery 1972,
Journal of Economic Theory 5), so the gain against the same percentage for everyone is never negative; who gets how many
rights at first decides who pays whom, not who abates.
"""

from __future__ import annotations

import numpy as np

from sim.core.arrays import BoolArray, FloatArray, IntArray


def required(use: FloatArray, cut: FloatArray, cap: FloatArray) -> tuple[float, bool]:
    """What a group has to abate, and whether its cap is above its use.

    Args:
        use: without abatement ``[place]``.
        cut: share of it that has to go ``[place]``.
        cap: highest use ``[place]``, infinite where none is set.
    """
    total, limit = use.sum(), cap.sum()
    return float(np.clip(max(use @ cut, total - limit), 0.0, total)), bool(np.isfinite(limit) and limit >= total)


def clear(use: FloatArray, slope: FloatArray, reduction: float) -> tuple[float, FloatArray]:
    """Price and shares abated ``[agent]`` of a market, exact: abatement is linear in the price between any two slopes.

    Agents of one slope may be taken together: they abate the same share.

    Args:
        use: without abatement ``[agent]``.
        slope: marginal cost of the last unit, above zero ``[agent]``.
        reduction: what all abate together, from 0 to the sum of ``use``.
    """
    order = np.argsort(slope, kind="stable")
    u, m = use[order], slope[order]
    whole = np.concatenate([[0.0], np.cumsum(u)])  # of those who abate all they use
    rest = np.concatenate([np.cumsum((u / m)[::-1])[::-1], [0.0]])  # of the others, per unit of price
    reached = whole[1:] + m * rest[1:]  # abated at a price of m_k; rises with k
    k = min(int(np.searchsorted(reached, reduction)), m.size - 1)
    price = min(max((reduction - whole[k]) / rest[k], 0.0), float(m[k])) if rest[k] > 0.0 else 0.0
    return float(price), np.minimum(price / slope, 1.0)


def uniform(use: FloatArray, reduction: float) -> float:
    """Share that everyone abates by command and control: the same of every use ``[agent]``."""
    return reduction / max(float(use.sum()), 1e-300)


def cost(use: FloatArray, slope: FloatArray, share: FloatArray | float) -> FloatArray:
    """Cost of abating shares ``[agent]`` of uses, in the unit of slope times use; the slope is the last axis."""
    return np.asarray(use * (0.5 * slope * np.square(share)))


def allocated(cap: float, parts: FloatArray, sizes: FloatArray, auctioned: FloatArray) -> FloatArray:
    """Rights by place ``[place]`` that sum to ``cap``.

    Args:
        cap: all rights of the group.
        parts: share of the rights by rule ``[rule]``; the last is auctioned, where they are used.
        sizes: what places get the others by ``[rule - 1, place]``.
        auctioned: use after abatement ``[place]``.
    """
    by = np.vstack([sizes, auctioned])
    total = by.sum(axis=1, keepdims=True)
    return np.asarray(cap * (parts @ np.divide(by, total, out=np.zeros_like(by), where=total > 0.0)))


def payments(bought: FloatArray, price: float) -> tuple[IntArray, IntArray, FloatArray]:
    """Buyers, sellers and what they pay ``[buyer, seller]``; a buyer buys from all in proportion to what they sell."""
    buyers, sellers = np.flatnonzero(bought > 0.0), np.flatnonzero(bought < 0.0)
    sold = -bought[sellers]
    return buyers, sellers, np.outer(price * bought[buyers], sold / max(float(sold.sum()), 1e-300))


def groups(market: FloatArray, city: BoolArray) -> list[IntArray]:
    """Members of every market, as indices of places; ``market`` is -1 outside all of them."""
    numbers = market[city]
    return [np.flatnonzero(city & (market == k)) for k in sorted({*numbers.tolist()}) if k >= 0.0]
