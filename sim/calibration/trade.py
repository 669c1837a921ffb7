"""Trade of the base year: costs or observed flows, output of the world, balanced flows (MODEL.md section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.core.cache import content_key, load_arrays, store_arrays
from sim.core.errors import EquilibriumError, InputError
from sim.mechanisms.market import kernels

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.datasets.world import World

BALANCE_TOLERANCE = 1e-13
BALANCE_SWEEPS = 100_000  # source: a bound, the hardest sector of 41 cities takes about 100
BALANCE_ACCEPTED = 1e-9  # a sector that does not get closer than this is refused

METHOD = 2.0  # of balancing: what another method found has other last digits and is not taken from the disk
KEPT = 4  # unit: balanced solutions a process remembers
_LAST: dict[str, dict[str, FloatArray]] = {}
"""By content; order of last use."""


def inverted_costs(world: World, log_tau: FloatArray, wall: FloatArray) -> FloatArray:
    """``-theta log tau`` that observed bilateral flows imply, ``[sector, destination, origin]``.

    Flows identify costs up to one factor for each buyer, which is set by the cost of buying at home.
    """
    if world.flows is None:
        return log_tau
    with np.errstate(divide="ignore"):
        logs = np.log(world.flows.transpose(0, 2, 1))
    home = np.arange(world.n_regions)
    if not np.isfinite(logs[:, home, home]).all():
        sector, place = np.argwhere(~np.isfinite(logs[:, home, home]))[0]
        raise InputError(
            f"sector {world.sector_ids[sector]} in {world.region_ids[place]} buys nothing at home, "
            "so its trade costs cannot be inverted",
            file="flows.csv",
            allowed="a positive flow from every region to itself",
        )
    logs -= (logs[:, home, home] - (log_tau - wall)[:, home, home])[:, :, None]
    return np.ascontiguousarray(logs + wall)


def balanced_trade(
    world: World, kappa: FloatArray, output: FloatArray, purchases: FloatArray, *, keep: bool = True
) -> tuple[FloatArray, FloatArray, int]:
    """u and Phi ``[sector, region]`` of the flows with these margins; Phi averages one in logs, by purchases.

    Found once for the same costs and margins and kept under their hash: on disk, or without ``keep`` the last few in
    memory, so that a sweep over trade parameters does not fill the disk. The third value is the largest number of
    sweeps a sector took, 0 when the result was known.

    Raises:
        EquilibriumError: no flows on these costs have these margins.
    """
    key = content_key(kappa, output, purchases, np.array([METHOD]))
    found = load_arrays(key) if keep else _LAST.pop(key, None)
    if found is not None and not keep:
        _LAST[key] = found  # the one asked for last stays longest
    if found is not None and {"u", "phi"} <= set(found):
        return found["u"], found["phi"], 0
    u = np.ones((world.n_sectors, world.n_regions))
    phi = np.ones_like(u)
    most = 0
    for s, sector in enumerate(world.sector_ids):
        made, bought = np.ascontiguousarray(output[:, s]), np.ascontiguousarray(purchases[:, s])
        residual, sweeps = kernels.balance(kappa[s], made, bought, u[s], phi[s], BALANCE_TOLERANCE, BALANCE_SWEEPS)
        if not residual <= BALANCE_ACCEPTED:
            raise EquilibriumError(
                city="all regions", sector=sector, residual=float(residual), sweeps=int(sweeps),
                tolerance=BALANCE_ACCEPTED, year=world.base_year, reason="trade flows cannot be balanced",
            )  # fmt: skip
        scale = np.exp(bought @ np.log(phi[s]) / bought.sum())
        u[s] /= scale
        phi[s] /= scale
        most = max(most, int(sweeps))
    if keep:
        store_arrays(key, {"u": u, "phi": phi})
    else:
        while len(_LAST) >= KEPT:
            _LAST.pop(next(iter(_LAST)))
        _LAST[key] = {"u": u, "phi": phi}
    return u, phi, most


def world_output(world: World, value_added: FloatArray, purchases: FloatArray, final: FloatArray) -> FloatArray:
    """Output of the rest of the world ``[sector]``: what balances every sector, given its final demand.

    Raises:
        InputError: a sector would need negative output abroad.
    """
    b, g = world.value_added_share, world.input_share
    row = world.row
    net_imports = purchases[:row].sum(axis=0) - value_added[:row].sum(axis=0) / b
    output = np.linalg.solve(np.eye(world.n_sectors) - g, final + net_imports)
    if (output <= 0.0).any():
        s = int(output.argmin())
        raise InputError(
            f"output of the rest of the world would be {output[s]:.1f} in sector {world.sector_ids[s]}: "
            "the country's net exports of it exceed what the world buys",
            file="value_added.csv",
            column="value",
            allowed="value added and input-output coefficients that leave it positive",
        )
    return np.asarray(output)
