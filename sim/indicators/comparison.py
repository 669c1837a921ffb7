"""What a run changes against its reference: who gains, who loses, and how the gap between cities moves.

The same registry idea as `sim.indicators.base`, for functions of two records of one world. Gains are per cent of the
reference run's value in the same year.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sim.indicators.base import PER_CENT, REGION, SCOPES, SETS, Indicator, View
from sim.indicators.inequality import theil_real_income

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray, IntArray

Function = Callable[[View, View, "IntArray"], "FloatArray"]

COMPARISONS: dict[str, Indicator[Function]] = {}
"""Every comparison by name."""

NOTHING = 1e-9  # unit: per cent; rounding is neither gain nor loss


def comparison(unit: str, *scopes: str) -> Callable[[Function], Function]:
    """Register a function as the comparison of its name; the first line of its docstring is the meaning."""

    def register(function: Function) -> Function:
        meaning = (function.__doc__ or "").strip().splitlines()[0].rstrip(".")
        COMPARISONS[function.__name__] = Indicator(function.__name__, unit, meaning, scopes or SCOPES, function)
        return function

    return register


def _gain(view: View, before: View, name: str, members: IntArray) -> FloatArray:
    return np.asarray(PER_CENT * (view.total(name, members) / before.total(name, members) - 1.0))


def _city_gains(view: View, before: View, members: IntArray) -> FloatArray:
    """Change of real income of each member ``[year, city]``, per cent."""
    return np.asarray(PER_CENT * (view["real_income"][:, members] / before["real_income"][:, members] - 1.0))


@comparison("%")
def gain(view: View, before: View, members: IntArray) -> FloatArray:
    """Change of real income against the reference."""
    return _gain(view, before, "real_income", members)


@comparison("%")
def real_gdp_gain(view: View, before: View, members: IntArray) -> FloatArray:
    """Change of real GDP against the reference."""
    return _gain(view, before, "real_gdp", members)


@comparison("%")
def revenue_gain(view: View, before: View, members: IntArray) -> FloatArray:
    """Change of the cities' own revenue, contracts between cities included, against the reference."""
    after, then = (v.total("own_revenue", members) + v.total("shared_revenue", members) for v in (view, before))
    return np.asarray(PER_CENT * (after / then - 1.0))


@comparison("%", *SETS)
def worst_gain(view: View, before: View, members: IntArray) -> FloatArray:
    """Change of real income of the city that fares worst against the reference."""
    return np.asarray(_city_gains(view, before, members).min(axis=1))


@comparison("cities", *SETS)
def losers(view: View, before: View, members: IntArray) -> FloatArray:
    """Cities whose real income is lower than in the reference."""
    return np.asarray((_city_gains(view, before, members) < -NOTHING).sum(axis=1), dtype=np.float64)


@comparison("1", REGION)
def inequality_change(view: View, before: View, members: IntArray) -> FloatArray:
    """Change of the Theil index of real income per head against the reference; below zero the gap is narrower."""
    return theil_real_income(view, members) - theil_real_income(before, members)
