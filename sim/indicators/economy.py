"""Output, income and where they are."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import BASE_MONEY, MONEY, PEOPLE
from sim.indicators.base import PER_CENT, REGION, SCOPES, TEN_THOUSAND_YUAN, View, growth, indicator


@indicator(MONEY)
def gdp(view: View, members: IntArray) -> FloatArray:
    """Value added."""
    return view.total("gdp", members)


@indicator(BASE_MONEY)
def real_gdp(view: View, members: IntArray) -> FloatArray:
    """Chained volume of value added."""
    return view.total("real_gdp", members)


@indicator("%", *SCOPES)
def real_gdp_growth(view: View, members: IntArray) -> FloatArray:
    """Growth of real GDP."""
    return growth(view.total("real_gdp", members))


@indicator(BASE_MONEY)
def real_income(view: View, members: IntArray) -> FloatArray:
    """Income of residents and their city over the price index: welfare."""
    return view.total("real_income", members)


@indicator(MONEY)
def gni(view: View, members: IntArray) -> FloatArray:
    """Income from factors of residents and their government."""
    return view.total("gni", members)


@indicator(PEOPLE)
def resident_population(view: View, members: IntArray) -> FloatArray:
    """Residents."""
    return view.total("resident_population", members)


@indicator(TEN_THOUSAND_YUAN, *SCOPES)
def gdp_per_head(view: View, members: IntArray) -> FloatArray:
    """GDP per resident, prices of the year."""
    return view.total("gdp", members) / view.total("resident_population", members)


@indicator(f"{TEN_THOUSAND_YUAN}, base-year prices", *SCOPES)
def real_income_per_head(view: View, members: IntArray) -> FloatArray:
    """Real income per resident."""
    return view.total("real_income", members) / view.total("resident_population", members)


@indicator("%")
def share_of_national_gdp(view: View, members: IntArray) -> FloatArray:
    """Share of the country's GDP."""
    return PER_CENT * view.total("gdp", members) / view.total("gdp", np.arange(view.world.row))


@indicator("1", *SCOPES)
def specialisation(view: View, members: IntArray) -> FloatArray:
    """Krugman index: how far the cities' industry mixes differ from the region's, 0 none to 2; mean by GDP."""
    weight = view["value_added"][:, members].sum(axis=2)
    return np.asarray((view.specialisation[:, members] * weight).sum(axis=1) / weight.sum(axis=1))


@indicator("region 1", *SCOPES[1:])
def relative_market_access(view: View, members: IntArray) -> FloatArray:
    """Change of market access since the base year against that of the region; means by GDP."""

    def mean(places: IntArray) -> FloatArray:
        weight = view["gdp"][:, places]
        return np.asarray((view["market_access"][:, places] * weight).sum(axis=1) / weight.sum(axis=1))

    return mean(members) / mean(view.cities)


@indicator(BASE_MONEY)
def capital_moved_out(view: View, members: IntArray) -> FloatArray:
    """Capital that left the cities for another city this year."""
    return np.asarray(view.moved[:, members].sum(axis=(1, 2)))


@indicator(BASE_MONEY)
def capital_moved_in(view: View, members: IntArray) -> FloatArray:
    """Capital that arrived in the cities from another city this year."""
    return np.asarray(view.moved[:, :, members].sum(axis=(1, 2)))


@indicator("%", REGION)
def capital_moved_share(view: View, members: IntArray) -> FloatArray:
    """Capital that changed its city this year, share of all capital of the cities."""
    return PER_CENT * capital_moved_out(view, members) / view.total("capital", members)


@indicator("%")
def foreign_investment(view: View, members: IntArray) -> FloatArray:
    """What the world invests beyond the base year over GDP."""
    return PER_CENT * view.total("foreign_investment", members) / view.total("gdp", members)


@indicator("%")
def foreign_income(view: View, members: IntArray) -> FloatArray:
    """What the world earns on the capital that it has bought since the base year, over GDP."""
    return PER_CENT * view.total("foreign_income", members) / view.total("gdp", members)
