"""How unequal places are: Theil's index between and within provinces, core and whole, richest and poorest province."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.indicators.base import REGION, View, indicator


def theil(income: FloatArray, people: FloatArray, group: IntArray) -> tuple[FloatArray, FloatArray]:
    """Theil's T of income per head ``[year]``: the part between groups and the part within them.

    ``income, people [year, place]``, ``group [place]``; T = sum of income shares times log of income share over
    population share (Theil 1967), zero when everybody has the same.
    """
    share = income / income.sum(axis=1, keepdims=True)
    heads = people / people.sum(axis=1, keepdims=True)
    member = (group[:, None] == np.unique(group)).astype(np.float64)
    share_g, heads_g = share @ member, heads @ member
    between = (share_g * np.log(share_g / heads_g)).sum(axis=1)
    total = (share * np.log(share / heads)).sum(axis=1)
    return between, total - between


def _theil_of_gdp(view: View, members: IntArray) -> tuple[FloatArray, FloatArray]:
    return theil(view["gdp"][:, members], view["resident_population"][:, members], view.province[members])


@indicator("1", REGION)
def theil_between_provinces(view: View, members: IntArray) -> FloatArray:
    """Theil index of GDP per head, part between provinces."""
    return _theil_of_gdp(view, members)[0]


@indicator("1", REGION)
def theil_within_provinces(view: View, members: IntArray) -> FloatArray:
    """Theil index of GDP per head, part between the cities of a province."""
    return _theil_of_gdp(view, members)[1]


@indicator("1", REGION)
def theil_real_income(view: View, members: IntArray) -> FloatArray:
    """Theil index of real income per head, between all cities."""
    one_group = np.zeros(len(members), dtype=np.int64)
    return theil(view["real_income"][:, members], view["resident_population"][:, members], one_group)[1]


@indicator("ratio", REGION)
def core_to_whole(view: View, members: IntArray) -> FloatArray:
    """GDP per head of the central area over that of the whole region."""
    core = view.total("gdp", view.core) / view.total("resident_population", view.core)
    return core / (view.total("gdp", members) / view.total("resident_population", members))


@indicator("ratio", REGION)
def richest_to_poorest_province(view: View, members: IntArray) -> FloatArray:
    """GDP per head of the richest province over that of the poorest."""
    per_head = [
        view.total("gdp", places) / view.total("resident_population", places)
        for places in view.places["province"].values()
    ]
    return np.asarray(np.max(per_head, axis=0) / np.min(per_head, axis=0))
