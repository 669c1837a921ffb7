"""Who buys from whom, and how far prices differ."""

from __future__ import annotations

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.indicators.base import CITY, PER_CENT, REGION, SETS, View, indicator


def _bought(view: View, members: IntArray) -> tuple[FloatArray, FloatArray]:
    """Purchases of the members by origin ``[year, origin]``, and those from the buyer's own city ``[year]``."""
    return view.trade[:, :, members].sum(axis=2), view.trade[:, members, members].sum(axis=1)


@indicator("%", *SETS, CITY)
def purchases_local_share(view: View, members: IntArray) -> FloatArray:
    """Share of what cities buy that comes from the city itself."""
    bought, local = _bought(view, members)
    return np.asarray(PER_CENT * local / bought.sum(axis=1))


@indicator("%", *SETS, CITY)
def purchases_region_share(view: View, members: IntArray) -> FloatArray:
    """Share of what cities buy that comes from other cities of the region."""
    bought, local = _bought(view, members)
    return np.asarray(PER_CENT * (bought[:, view.cities].sum(axis=1) - local) / bought.sum(axis=1))


@indicator("%", *SETS, CITY)
def purchases_country_share(view: View, members: IntArray) -> FloatArray:
    """Share of what cities buy that comes from the rest of the country."""
    bought, _ = _bought(view, members)
    return np.asarray(PER_CENT * bought[:, view.world.roc] / bought.sum(axis=1))


@indicator("%", *SETS, CITY)
def purchases_abroad_share(view: View, members: IntArray) -> FloatArray:
    """Share of what cities buy that comes from abroad."""
    bought, _ = _bought(view, members)
    return np.asarray(PER_CENT * bought[:, view.world.row] / bought.sum(axis=1))


@indicator("%", REGION)
def intraregional_trade_share(view: View, members: IntArray) -> FloatArray:
    """Share of the cities' trade with other places, both ways, that is among themselves."""
    local = view.trade[:, members, members].sum(axis=1)
    sold = view.trade[:, members].sum(axis=(1, 2)) - local
    bought = view.trade[:, :, members].sum(axis=(1, 2)) - local
    among = view.trade[:, members][:, :, members].sum(axis=(1, 2)) - local
    return np.asarray(PER_CENT * 2.0 * among / (sold + bought))


@indicator("%")
def exports_abroad(view: View, members: IntArray) -> FloatArray:
    """Sales to the rest of the world over GDP."""
    return np.asarray(PER_CENT * view.trade[:, members, view.world.row].sum(axis=1) / view.total("gdp", members))


@indicator("log points", *SETS[:2])
def price_dispersion(view: View, members: IntArray) -> FloatArray:
    """Standard deviation of the log price level of consumption between cities."""
    level = np.log(view["price_index"][:, members]) @ view.base.mix[0]
    return np.asarray(level.std(axis=1))
