"""Fit the three numbers that scale trade costs to where the cities buy and what they export (MODEL.md, appendix).

Free: one factor on all distance elasticities, the home bonus of a city, a shift of the foreign border. Targets, rows of
parameters.csv: shares of the cities' purchases from the city itself, from other cities of the region, from the rest of
the country and from abroad, and the cities' exports to the world over their GDP. Run it after changing travel times,
value added or elasticities, and put what it prints into parameters.csv:

    python -m sim.experiments.fit_trade_costs yangtze_delta
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.optimize import least_squares

from sim.calibration import calibrate
from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.datasets.world import World
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.market.phase import Market

FREE = ("distance_factor", "home_bonus", "foreign_border_shift")
TARGETS = (
    *("own_share_target", "region_share_target", "country_share_target", "abroad_share_target"),
    "exports_share_target",
)
STEP = 0.02  # of the finite differences


def purchase_shares(base: BaseYear) -> FloatArray:
    """Base-year shares in the order of :data:`TARGETS`."""
    world = base.world
    n, state = world.n_cities, base.state.copy()
    market = Market(base)
    market.update(state, Levers.neutral(base.admin_barrier, world.n_sectors))
    kappa = market.technology.kappa
    flows = np.einsum("sdo,os,ds->od", kappa, state.seller_weight, state.buyer_weight)
    bought = flows[:, :n].sum(axis=1)
    own = np.trace(flows[:n, :n])
    parts = np.array([own, bought[:n].sum() - own, bought[world.roc], bought[world.row]]) / bought.sum()
    return np.append(parts, flows[:n, world.row].sum() / state.gdp[:n].sum())


def fit_trade_costs(world: World) -> dict[str, float]:
    """Values of the three free parameters that bring the shares closest to their targets (least squares)."""
    p = world.parameters
    target = np.array([p.value(key) for key in TARGETS])
    rows = [p.row(key) for key in FREE]

    def distance(values: FloatArray) -> FloatArray:
        changed = world.with_parameters(dict(zip(FREE, values.tolist(), strict=True)))
        return np.asarray(purchase_shares(calibrate(changed)) - target)

    start = np.array([row.value for row in rows])
    margin = STEP * np.maximum(np.abs(start), 1.0)  # the differences must stay inside the allowed range
    low, high = np.array([row.low for row in rows]) + margin, np.array([row.high for row in rows]) - margin
    found = least_squares(
        distance, np.clip(start, low, high), bounds=(low, high), diff_step=[STEP] * len(FREE), xtol=1e-3
    )
    return dict(zip(FREE, found.x.tolist(), strict=True))


if __name__ == "__main__":
    fitted = World.load(sys.argv[1])
    for key, value in fit_trade_costs(fitted).items():
        print(f"{key} {value:.3f}")
