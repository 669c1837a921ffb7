"""Whether rivers are as clean as they should be."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import MONEY
from sim.indicators.base import CITY, PER_CENT, SETS, YUAN, View, indicator


@indicator("%", *SETS)
def river_compliance(view: View, members: IntArray) -> FloatArray:
    """Share of the cities' river sections that meet their standard; 0 where they have none.

    Sections lie where rivers leave a city's territory, which is what the plan calls sections across borders.
    """
    index = view["section_index"][:, np.isin(view.world.section_city, members)]
    if not index.shape[1]:
        return np.zeros(len(index))
    return np.asarray(PER_CENT * (index <= 1.0).mean(axis=1))


@indicator(MONEY, *SETS, CITY)
def water_damage(view: View, members: IntArray) -> FloatArray:
    """What dirty water costs those who live by it, at the incomes and prices of the base year; not in real income."""
    dirt = view["resident_population"][:, members] * view["water_index"][:, members]
    return np.asarray(view.world.parameters.value("water_damage") * dirt.sum(axis=1) / YUAN)
