"""Town and country, and what services and income do for people: schooling and life expectancy.

Both outcomes start at the census value of the province and go on with its trend between the censuses of 2010 and 2020.
Added is a term in income and services relative to the nation and the base year, ``slope x ln y + services x ln Q``:
y real income per head, Q the quality of services. Slopes of income come from a cross-section of the 31 provinces in
2020 (least squares on log disposable income per head; sample: `by_hand/provinces_2010_2020.csv` of the Yangtze data):
schooling 2.29 (standard error .40, R2 .53), life expectancy 5.93 (.72, R2 .70; the curve of Preston 1975). They are
relative because the trends contain what national growth has done; the provinces' own trends also contain some catching
up, which the term then counts twice. Over time they are weak: between provinces, changes of schooling from 2010 to 2020
are unrelated to changes of the urban share (R2 .01), so nothing here is a proof of cause.
"""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.indicators.base import CITY, PER_CENT, SETS, View, indicator


def _relative_income(view: View) -> FloatArray:
    """Log real income per head ``[year, city]`` relative to the nation and the base year."""
    world = view.world
    income, people = view["real_income"][:, : world.row], view["resident_population"][:, : world.row]
    relative = np.log(income / people) - np.log(income.sum(axis=1) / people.sum(axis=1))[:, None]
    return np.asarray((relative - relative[0])[:, : world.n_cities])


def _trend(view: View, name: str) -> FloatArray:
    """The province's census value and its trend between censuses ``[year, city]``."""
    p, province = view.world.parameters, view.province
    elapsed = view.years[:, None] - p.value("outcomes_year")
    return np.asarray(p.by_province(name)[province] + p.by_province(f"{name}_trend")[province] * elapsed)


def schooling(view: View) -> FloatArray:
    """Mean years of schooling of the working age ``[year, city]``; what is beyond trend makes workers better too."""
    lead = view["schooling_lead"][:, view.cities]
    return np.asarray(_trend(view, "schooling") + view.world.parameters.value("working_age_schooling") + lead)


def life_expectancy_of(view: View, pollution: FloatArray | float = 0.0) -> FloatArray:
    """Life expectancy ``[year, city]``; ``pollution``: PM2.5 above the base year's, ug/m3 ``[year, city]``."""
    p, quality = view.world.parameters, np.log(view["service_quality"][:, view.cities])
    moved = p.value("life_expectancy_income") * _relative_income(view) + p.value("life_expectancy_services") * quality
    return np.asarray(_trend(view, "life_expectancy") + moved + p.value("life_expectancy_pm25") * pollution)


def _pollution(view: View) -> FloatArray:
    """PM2.5 relative to the nation and the base year, ug/m3 ``[year, city]``: trends have the nation's cleaner air."""
    relative = view["pm25"][:, view.cities] - view["pm25"][:, [view.world.roc]]
    return np.asarray(relative - relative[0])


def _mean(view: View, values: FloatArray, members: IntArray) -> FloatArray:
    """Mean over the members ``[year]``, weighted by residents."""
    people = view["resident_population"][:, members]
    return np.asarray((values[:, members] * people).sum(axis=1) / people.sum(axis=1))


@indicator("%", *SETS, CITY)
def urbanisation_rate(view: View, members: IntArray) -> FloatArray:
    """Share of residents who live in towns."""
    return PER_CENT * _mean(view, view["urban_share"], members)


@indicator("ratio", *SETS, CITY)
def urban_rural_ratio(view: View, members: IntArray) -> FloatArray:
    """Disposable income per head in towns over that in the country."""
    people, towns = view["resident_population"][:, members], view["urban_share"][:, members]
    urban = (view["urban_income"][:, members] * people * towns).sum(axis=1) / (people * towns).sum(axis=1)
    country = people * (1.0 - towns)
    return np.asarray(urban / ((view["rural_income"][:, members] * country).sum(axis=1) / country.sum(axis=1)))


@indicator("years", *SETS, CITY)
def schooling_years(view: View, members: IntArray) -> FloatArray:
    """Mean years of schooling of the working age."""
    return _mean(view, schooling(view), members)


@indicator("years", *SETS, CITY)
def life_expectancy(view: View, members: IntArray) -> FloatArray:
    """Life expectancy at birth."""
    return _mean(view, life_expectancy_of(view, _pollution(view)), members)
