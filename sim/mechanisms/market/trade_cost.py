"""Trade costs: what it takes to bring goods and services from one region to another.

``tau_ijs = ((T0 + T_ij) / (T0 + T_ref))^rho_s (1 + admin_ij barrier_ijs (exp(beta_s / theta_s) - 1)) exp(W_s / theta_s)
exp(-home_s / theta_s) external_ij cost_ijs`` (MODEL.md section 3), with theta_s rho_s the distance elasticity, W on
pairs with the world, home on a city's purchases from itself and from parts carved out of it, barrier and cost levers by
sector. Times in minutes; logs of trade, not of cost, are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.core.arrays import FloatArray

if TYPE_CHECKING:
    from sim.datasets.world import World


def sector_time(world: World) -> FloatArray:
    """Travel time that matters for each sector's trade, minutes ``[sector, origin, destination]``."""
    weight = world.parameters.by_sector("freight_weight")[:, None, None]
    return np.asarray(world.travel_time_freight**weight * world.travel_time_passenger ** (1.0 - weight))


def log_trade(world: World) -> FloatArray:
    """``-theta log tau`` without provincial borders and levers, ``[sector, destination, origin]``."""
    p = world.parameters
    n = world.n_regions
    elasticity = (p.by_sector("distance_elasticity") * p.value("distance_factor"))[:, None, None]
    offset = p.value("time_offset")
    value = -elasticity * np.log((offset + sector_time(world)) / (offset + p.value("reference_time")))
    abroad = np.zeros((n, n), dtype=bool)
    abroad[world.row, :] = abroad[:, world.row] = True
    abroad[world.row, world.row] = False
    foreign = p.by_sector("foreign_border") + p.value("foreign_border_shift")
    value -= foreign[:, None, None] * abroad
    home = world.home[: world.n_cities]
    i, j = np.nonzero(home[:, None] == home[None, :])  # what was carved out of a city is at home in all of it
    value[:, i, j] += p.by_sector("home_bonus")[:, None]
    return np.ascontiguousarray(value.transpose(0, 2, 1))


def time_effect(world: World, passenger: FloatArray, freight: FloatArray) -> FloatArray:
    """What factors on travel times ``[origin, destination]`` add to :func:`log_trade`, in its order.

    Only the term of distance moves: ``-elasticity ln((T0 + T') / (T0 + T))`` with ``T' = (freight T^F)^w (passenger
    T^P)^(1-w)``. Factors of one add exactly zero.
    """
    p = world.parameters
    weight = p.by_sector("freight_weight")[:, None, None]
    elasticity = (p.by_sector("distance_elasticity") * p.value("distance_factor"))[:, None, None]
    offset, today = p.value("time_offset"), sector_time(world)
    changed = today * freight**weight * passenger ** (1.0 - weight)
    return np.ascontiguousarray((-elasticity * np.log((offset + changed) / (offset + today))).transpose(0, 2, 1))


def border_today(world: World) -> FloatArray:
    """Administrative barrier ``[origin, destination]``: 1 between provinces and to the rest of the country, else 0."""
    province = world.province_of
    barrier = (province[:, None] != province[None, :]).astype(np.float64)
    barrier[world.row, :] = barrier[:, world.row] = 0.0
    return np.asarray(barrier)


def trade_kernel(
    log_trade: FloatArray,
    elasticity: FloatArray,
    border: FloatArray,
    admin: FloatArray,
    external: FloatArray,
    sector_barrier: FloatArray | None = None,
    sector_cost: FloatArray | None = None,
) -> FloatArray:
    """``tau^-theta [sector, destination, origin]`` under the levers ``admin``, ``external`` [origin, destination].

    Levers by sector ``[sector, origin, destination]`` may be left out or empty: bit for bit the same as ones.
    """
    theta = elasticity[:, None, None]
    barrier = admin.T
    if sector_barrier is not None and sector_barrier.size:
        barrier = barrier * sector_barrier.transpose(0, 2, 1)
    wall = np.log1p(barrier * np.expm1(border[:, None, None] / theta)) + np.log(external.T)
    if sector_cost is not None and sector_cost.size:
        wall += np.log(sector_cost.transpose(0, 2, 1))
    return np.asarray(np.exp(log_trade - theta * wall))


def informed(kappa: FloatArray, lead: FloatArray, gain: FloatArray) -> FloatArray:
    """``tau^-theta`` where firms are ahead in digital use, a new array ``[sector, destination, origin]``.

    Between two places trade costs ``exp(-cost_s (lead_o + lead_d) / 2)`` of what it did, within one as much as before.

    Args:
        kappa: the same without a lead.
        lead: digital use above its usual path ``[region]``.
        gain: log cost of trade that no use rather than full use adds, times the elasticity of trade ``[sector]``.
    """
    side = np.exp(0.5 * np.outer(gain, lead))
    found = kappa * side[:, None, :]
    found *= side[:, :, None]
    np.einsum("sii->si", found)[:] = np.einsum("sii->si", kappa)
    return np.asarray(found)


def trade_weights(kernel: FloatArray, lead: FloatArray, gain: FloatArray, loss: FloatArray, row: int) -> FloatArray:
    """The kernel with what :func:`informed` and :func:`delayed` make of it, itself without leads and waits."""
    kappa = informed(kernel, lead, gain) if lead.any() else kernel
    return delayed(kappa, loss, row) if loss.any() else kappa


def delayed(kappa: FloatArray, loss: FloatArray, row: int) -> FloatArray:
    """``tau^-theta`` when trade with the world waits at gateways, a new array ``[sector, destination, origin]``.

    Args:
        kappa: the same without waits.
        loss: log cost that waiting adds, times the elasticity of trade ``[region, sector]``; zero for the world.
        row: index of the world.
    """
    found, side = kappa.copy(), np.exp(-loss).T
    found[:, row, :] *= side
    found[:, :, row] *= side
    return found


def world_trade(kappa: FloatArray, offered: FloatArray, wanted: FloatArray, row: int) -> FloatArray:
    """Exports to the world and imports from it ``[region, sector]``, zero for the world itself.

    Args:
        kappa: ``tau^-theta [sector, destination, origin]``.
        offered: ``unit cost^-theta [sector, origin]``.
        wanted: spending over Phi ``[sector, destination]``.
        row: index of the world.
    """
    found = kappa[:, row, :] * offered * wanted[:, row, None] + kappa[:, :, row] * wanted * offered[:, row, None]
    found[:, row] = 0.0
    return np.asarray(found.T)
