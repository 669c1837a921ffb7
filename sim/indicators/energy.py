"""Energy, carbon and power, and what rights to them cost."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import MONEY
from sim.indicators.base import PER_CENT, SCOPES, View, indicator


def _used(view: View, members: IntArray) -> FloatArray:
    """Energy of sectors and households ``[year]``, 10,000 tce."""
    return view.total("energy", members) + view.total("household_energy", members)


@indicator("% change", *SCOPES)
def energy_intensity_change(view: View, members: IntArray) -> FloatArray:
    """Energy per unit of chained real GDP against 2017, whose fall to the base year is the nation's."""
    intensity = _used(view, members) / view.total("real_gdp", members)
    return np.asarray(view.world.parameters.value("energy_index") * intensity / intensity[0] - PER_CENT)


@indicator("tce per 10,000 yuan", *SCOPES)
def energy_intensity(view: View, members: IntArray) -> FloatArray:
    """Energy per unit of chained real GDP."""
    return _used(view, members) / view.total("real_gdp", members)


@indicator("t CO2 per 10,000 yuan", *SCOPES)
def carbon_intensity(view: View, members: IntArray) -> FloatArray:
    """Carbon, that of power where it is made, per unit of chained real GDP."""
    return view.total("carbon", members) / view.total("real_gdp", members)


@indicator("%", *SCOPES)
def clean_share(view: View, members: IntArray) -> FloatArray:
    """Energy that is not fossil, of all that is used; what carbon rights replace by other fuel counts as clean."""
    return PER_CENT * (1.0 - view.total("fossil_energy", members) / _used(view, members))


@indicator("%", *SCOPES)
def power_from_elsewhere(view: View, members: IntArray) -> FloatArray:
    """Power used less power made here, of the power used; below zero where power is sent out."""
    return PER_CENT * view.total("power_import", members) / view.total("power_use", members)


@indicator(MONEY)
def trading_gain(view: View, members: IntArray) -> FloatArray:
    """What abatement would cost if everyone abated the same percentage, less what it costs."""
    return view.total("uniform_cost", members) - view.total("abatement_cost", members)
