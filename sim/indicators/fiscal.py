"""What governments have and share."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import MONEY
from sim.indicators.base import CITY, PER_CENT, REGION, SETS, TEN_THOUSAND_YUAN, View, indicator


@indicator(MONEY)
def own_revenue(view: View, members: IntArray) -> FloatArray:
    """General budget revenue of the cities."""
    return view.total("own_revenue", members)


@indicator(TEN_THOUSAND_YUAN, *SETS, CITY)
def public_spending_per_head(view: View, members: IntArray) -> FloatArray:
    """General budget spending of city and province per resident."""
    return view.total("public_spending", members) / view.total("resident_population", members)


@indicator("%", *SETS, CITY)
def debt_to_revenue(view: View, members: IntArray) -> FloatArray:
    """Debt of the cities at the start of the year over their revenue."""
    return PER_CENT * view.total("debt", members) / view.total("own_revenue", members)


@indicator(MONEY, *SETS, CITY)
def tax_shared(view: View, members: IntArray) -> FloatArray:
    """What cities pay others under contracts, such as tax on moved plants."""
    return np.asarray(view.tax_shared[:, members].sum(axis=1))


def _spread(view: View, members: IntArray, revenue: FloatArray) -> FloatArray:
    """Coefficient of variation of revenue ``[year, city]`` per head, cities weighted by residents."""
    people = view["resident_population"][:, members]
    weight = people / people.sum(axis=1, keepdims=True)
    per_head = revenue / people
    mean = (per_head * weight).sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt((weight * (per_head / mean - 1.0) ** 2).sum(axis=1)))


@indicator("1", *SETS[:2])
def fiscal_disparity_before_sharing(view: View, members: IntArray) -> FloatArray:
    """Coefficient of variation of own revenue per head."""
    return _spread(view, members, view["own_revenue"][:, members])


@indicator("1", *SETS[:2])
def fiscal_disparity_after_sharing(view: View, members: IntArray) -> FloatArray:
    """Coefficient of variation of own revenue per head after contracts between cities."""
    return _spread(view, members, (view["own_revenue"] + view["shared_revenue"])[:, members])


@indicator("1", *SETS[:2])
def fiscal_disparity_after_transfers(view: View, members: IntArray) -> FloatArray:
    """Coefficient of variation of own revenue per head after contracts and transfers from above."""
    return _spread(view, members, (view["own_revenue"] + view["transfer_net"])[:, members])


@indicator("%", REGION)
def land_revenue_share(view: View, members: IntArray) -> FloatArray:
    """Land revenue over own revenue of the cities."""
    return PER_CENT * view.total("land_revenue", members) / view.total("own_revenue", members)
