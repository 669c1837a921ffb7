"""Knowledge and digital technology: R&D, what technology contributes to growth, high-tech industry, coverage."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import MONEY
from sim.indicators.base import PER_CENT, SCOPES, SETS, View, indicator

WINDOW = 5  # source: the statistics publish means of five years
STILL = 1e-6  # unit: log points of growth below which there is nothing to explain


def _by_sector(view: View, name: str, members: IntArray) -> FloatArray:
    """Output of the members, weighted by a parameter by sector ``[year]``."""
    weight = view.world.parameters.by_sector(name)
    return np.asarray(view["output"][:, members].sum(axis=1) @ weight)


@indicator("% of GDP", *SCOPES)
def rd_intensity(view: View, members: IntArray) -> FloatArray:
    """Spending on research and development over GDP."""
    return PER_CENT * view.total("rd_spending", members) / view.total("gdp", members)


@indicator(MONEY)
def rd_spending(view: View, members: IntArray) -> FloatArray:
    """Spending on research and development."""
    return view.total("rd_spending", members)


@indicator("%", *SCOPES)
def public_rd_share(view: View, members: IntArray) -> FloatArray:
    """Part of R&D that institutes and universities do or policies pay for; the rest is firms'."""
    return PER_CENT * view.total("public_rd", members) / view.total("rd_spending", members)


@indicator("%", *SCOPES)
def technology_contribution(view: View, members: IntArray) -> FloatArray:
    """Part of real growth that capital and labour do not explain, over up to five years (Solow 1957)."""
    value_added = view["value_added"][:, members].sum(axis=1)
    share = value_added @ view.base.capital_share / value_added.sum(axis=1)
    volume, capital, labour = (np.log(view.total(name, members)) for name in ("real_gdp", "capital", "labour"))
    found = np.full(len(view.years), np.nan)
    for t in range(1, len(found)):
        first = max(t - WINDOW, 0)
        growth, alpha = volume[t] - volume[first], share[first : t + 1].mean()
        inputs = alpha * (capital[t] - capital[first]) + (1.0 - alpha) * (labour[t] - labour[first])
        found[t] = PER_CENT * (1.0 - inputs / growth) if abs(growth) > STILL else np.nan
    return found


@indicator("%", *SCOPES)
def high_tech_share(view: View, members: IntArray) -> FloatArray:
    """High-technology manufacturing, share of industrial output."""
    industry = _by_sector(view, "industrial_part", members)
    return PER_CENT * np.divide(
        _by_sector(view, "high_tech_part", members), industry, out=np.zeros_like(industry), where=industry > 0.0
    )


def _reached(view: View, name: str, members: IntArray) -> FloatArray:
    """Mean over the members by residents, per cent ``[year]``."""
    people = view["resident_population"][:, members]
    return np.asarray(PER_CENT * (view[name][:, members] * people).sum(axis=1) / people.sum(axis=1))


@indicator("%", *SETS)
def coverage_5g(view: View, members: IntArray) -> FloatArray:
    """Residents within reach of 5G."""
    return _reached(view, "network_coverage", members)


@indicator("%", *SETS)
def industrial_internet(view: View, members: IntArray) -> FloatArray:
    """Firms' key processes that run digitally, mean by residents."""
    return _reached(view, "digital_use", members)
