"""Air: what people breathe, days of good air, what is emitted and what cleaning costs.

Days of good air (air quality index up to 100): ``ln(g / (1 - g)) = a + b PM2.5``. Least squares over eight years of the
41 cities' means, 2018 to 2025 (published by the Ministry of Ecology and Environment, recalled; sample in
`by_hand/good_air_days.csv` of the Yangtze data): a 3.265, b -.0498, R2 .79, root mean square error 1.6 points. Ozone,
which spoils as many days by now, is only in the constant: below 30 ug/m3 the relation is an extrapolation.
"""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import MONEY
from sim.indicators.base import CITY, PER_CENT, SETS, YUAN, View, indicator


def good_days(pm25: FloatArray, intercept: float, slope: float) -> FloatArray:
    """Share of days with good air by the yearly mean of PM2.5 (ug/m3), as in the head of this module."""
    return np.asarray(1.0 / (1.0 + np.exp(-(intercept + slope * pm25))))


def _mean(view: View, values: FloatArray, members: IntArray) -> FloatArray:
    """Mean over the members ``[year]``, weighted by residents; not a number where there is no PM2.5."""
    people, known = view["resident_population"][:, members], view["pm25"][:, members] > 0.0
    return np.asarray((np.where(known, values, np.nan) * people).sum(axis=1) / people.sum(axis=1))


@indicator("ug/m3", *SETS, CITY)
def pm25(view: View, members: IntArray) -> FloatArray:
    """PM2.5 that residents breathe, mean of the year."""
    return _mean(view, view["pm25"][:, members], members)


@indicator("%", *SETS, CITY)
def good_air_days(view: View, members: IntArray) -> FloatArray:
    """Days with good air."""
    p = view.world.parameters
    days = good_days(view["pm25"][:, members], p.value("good_air_intercept"), p.value("good_air_slope"))
    return PER_CENT * _mean(view, days, members)


@indicator("t", *SETS, CITY)
def emissions(view: View, members: IntArray) -> FloatArray:
    """Emissions in PM2.5 equivalents."""
    return view.total("emission", members)


@indicator(MONEY, *SETS, CITY)
def air_damage(view: View, members: IntArray) -> FloatArray:
    """What PM2.5 costs residents' health, at the incomes and prices of the base year; not in real income."""
    exposure = view["resident_population"][:, members] * view["pm25"][:, members]
    return np.asarray(view.world.parameters.value("pm25_damage") * exposure.sum(axis=1) / YUAN)


@indicator(MONEY, *SETS, CITY)
def abatement_cost(view: View, members: IntArray) -> FloatArray:
    """Value added that abatement of this year costs in the next, at this year's value added."""
    return np.asarray((view["cleaning_loss"][:, members] * view["value_added"][:, members]).sum(axis=(1, 2)))
