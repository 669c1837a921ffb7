"""Compiled kernels of the market: income and spending, one sweep, the accelerated fixed point.

Arrays here are kernel-internal and carry the sector in front, ``[sector, region]`` and
``[sector, destination, origin]``; the public functions of this package convert. All kernels that call each other
live in this one file, because the on-disk cache of a caller does not notice an edit in another file.

Symbols (MODEL.md): ``x`` log factor price f, ``p`` log price index P, ``V`` value added, ``Y`` output, ``X`` spending,
``F`` factor bundle, ``b`` value-added share, ``g[k, s]`` input of k per unit of s, ``kappa`` tau^-theta,
``u`` unit cost^-theta, ``nv`` national value added (cities and the rest of the country).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sim.core.arrays import FloatArray, IntArray

FASTMATH = {"reassoc", "contract"}  # reductions may be reassociated: without it they do not vectorise


class Technology(NamedTuple):
    """What stays fixed while prices move. S sectors, N regions."""

    kappa: FloatArray  # [S, N destination, N origin] tau^-theta
    theta: FloatArray  # [S] trade elasticity
    b: FloatArray  # [S] value-added share
    g: FloatArray  # [S input, S user]
    factor: FloatArray  # [S, N] F, 0 where nothing is produced
    log_a: FloatArray  # [S, N] log productivity
    mix: FloatArray  # [3, S] composition of consumption, investment and government spending


class Closure(NamedTuple):
    """Who earns, saves, taxes, spends and invests where (MODEL.md section 3). Amounts are shares of nv."""

    linear: int  # 1: spending = scale * (mult * V + add); 0: the full closure below
    rescale: int  # linear only: 1 scales spending so that it sums to world income
    n_domestic: int  # cities and the rest of the country come first
    numeraire: float  # nv (full closure) or world value added (linear) that prices are normalised to
    mult: FloatArray  # [N] linear only
    add: FloatArray  # [N] linear only, money at the numeraire
    use_share: FloatArray  # [3, N] split of linear spending, and of the world's, over the three categories
    province: IntArray  # [N] index into the arrays [P]; the rest of the country has one of its own
    net_wage: FloatArray  # [S] wages after personal tax per unit of V
    net_capital: FloatArray  # [S] capital income after corporate tax per unit of V
    profit: FloatArray  # [S] capital income after tax and depreciation per unit of V
    local_rate: FloatArray  # [S] local taxes per unit of V
    central_rate: FloatArray  # [S] central taxes per unit of V
    claim: FloatArray  # [S, N origin, N host] share of profit of (host, sector) owned by residents of origin
    claim_out: FloatArray  # [S, N host] its sum over origins
    cut: FloatArray  # [N] province's part of local tax
    other_rate: FloatArray  # [N] city's levies that uniform rates do not explain, per unit of V
    province_levy: FloatArray  # [N] the province's own levies, per unit of V
    land: FloatArray  # [N] land revenue per unit of own revenue
    land_infrastructure: float  # share of land revenue spent on infrastructure
    infrastructure: float  # share of budget spending
    cash: float  # share of budget spending paid to households
    saving: float  # saving rate
    transfer: FloatArray  # [N] general transfer received
    debt: FloatArray  # [N] new debt
    fund: FloatArray  # [N] draw on funds
    interest: FloatArray  # [N] interest paid by the city
    subsidy: FloatArray  # [N] paid to firms
    contract: FloatArray  # [N] net contract payments of the city, sum to zero
    p_transfer: FloatArray  # [P] the same four for provinces
    p_debt: FloatArray
    p_fund: FloatArray
    p_interest: FloatArray
    in_province: FloatArray  # [N] share of its province's residents
    in_nation: FloatArray  # [N] share of the nation's residents
    pool: FloatArray  # [N] share of interest received, sums to one
    position: FloatArray  # [N] income on the net position in the capital pool, sums to zero
    phi: FloatArray  # [N] share of private investment, sums to one
    current_account: float


class Accounts(NamedTuple):
    """What the closure makes of value added; [N] unless noted, money of the year."""

    value_added: FloatArray
    net_wage: FloatArray
    net_capital: FloatArray
    local_tax: FloatArray
    central_tax: FloatArray
    profit_paid: FloatArray
    profit_received: FloatArray
    own_revenue: FloatArray
    land_revenue: FloatArray
    city_budget: FloatArray
    city_service: FloatArray
    province_service: FloatArray
    central_service: FloatArray
    public_investment: FloatArray
    cash_transfer: FloatArray
    interest_received: FloatArray
    disposable_income: FloatArray
    saving: FloatArray
    private_investment: FloatArray
    consumption: FloatArray
    investment: FloatArray
    government: FloatArray
    p_revenue: FloatArray  # [P]
    p_budget: FloatArray  # [P]
    total: FloatArray  # [6] nv, central tax, transfers, saving, pool, interest


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _linear_spending(V, cl, acc):
    n_sectors, n = V.shape
    world = 0.0
    for j in range(n):
        v = 0.0
        for s in range(n_sectors):
            v += V[s, j]
        acc.value_added[j] = v
        world += v
    spent = 0.0
    for j in range(n):
        spent += cl.mult[j] * acc.value_added[j] + cl.add[j] * world / cl.numeraire
    scale = world / spent if cl.rescale == 1 else 1.0
    for j in range(n):
        e = scale * (cl.mult[j] * acc.value_added[j] + cl.add[j] * world / cl.numeraire)
        acc.consumption[j] = e * cl.use_share[0, j]
        acc.investment[j] = e * cl.use_share[1, j]
        acc.government[j] = e * cl.use_share[2, j]
    acc.total[0] = world


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _factor_incomes(V, cl, acc):
    n_sectors, n = V.shape
    for out in (acc.value_added, acc.net_wage, acc.net_capital, acc.local_tax):
        out[:] = 0.0
    for out in (acc.central_tax, acc.profit_paid, acc.profit_received):
        out[:] = 0.0
    for s in range(n_sectors):
        for j in range(n):
            v = V[s, j]
            acc.value_added[j] += v
            acc.net_wage[j] += cl.net_wage[s] * v
            acc.net_capital[j] += cl.net_capital[s] * v
            acc.local_tax[j] += cl.local_rate[s] * v
            acc.central_tax[j] += cl.central_rate[s] * v
            acc.profit_paid[j] += cl.profit[s] * cl.claim_out[s, j] * v
        if cl.profit[s] == 0.0:
            continue
        for o in range(cl.claim.shape[1]):
            received = 0.0
            for d in range(n):
                received += cl.claim[s, o, d] * V[s, d]
            acc.profit_received[o] += cl.profit[s] * received


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _government_budgets(cl, acc):
    m = cl.n_domestic
    nv = 0.0
    for j in range(m):
        nv += acc.value_added[j]
    acc.p_revenue[:] = 0.0
    transfers = 0.0
    tax = 0.0
    interest = 0.0
    borrowed = 0.0
    for j in range(m):
        v = acc.value_added[j]
        acc.own_revenue[j] = (1.0 - cl.cut[j]) * acc.local_tax[j] + cl.other_rate[j] * v
        acc.p_revenue[cl.province[j]] += cl.cut[j] * acc.local_tax[j] + cl.province_levy[j] * v
        acc.land_revenue[j] = cl.land[j] * acc.own_revenue[j]
        acc.city_budget[j] = acc.own_revenue[j] + (cl.transfer[j] + cl.debt[j] + cl.fund[j]) * nv
        transfers += cl.transfer[j]
        borrowed += cl.debt[j] + cl.fund[j]
        interest += cl.interest[j]
        tax += acc.central_tax[j]
    for q in range(acc.p_revenue.shape[0]):
        acc.p_budget[q] = acc.p_revenue[q] + (cl.p_transfer[q] + cl.p_debt[q] + cl.p_fund[q]) * nv
        transfers += cl.p_transfer[q]
        borrowed += cl.p_debt[q] + cl.p_fund[q]
        interest += cl.p_interest[q]
    acc.total[0] = nv
    acc.total[1] = tax
    acc.total[2] = transfers * nv
    acc.total[4] = -(borrowed + cl.current_account) * nv  # the pool before saving comes in
    acc.total[5] = interest * nv


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def final_demand(V, cl, acc):
    """Consumption, investment and government spending of every region from value added ``V [S, N]``.

    Homogeneous of degree one in V, so Walras' law is exact: amounts fixed before the market opens are shares of nv.
    """
    if cl.linear == 1:
        _linear_spending(V, cl, acc)
        return
    m = cl.n_domestic
    _factor_incomes(V, cl, acc)
    _government_budgets(cl, acc)
    nv = acc.total[0]
    service_share = 1.0 - cl.infrastructure - cl.cash
    central_service = acc.total[1] - acc.total[2]
    saved = 0.0
    for j in range(m):
        q = cl.province[j]
        province_budget = cl.in_province[j] * acc.p_budget[q]
        budget = acc.city_budget[j] + province_budget
        land = acc.land_revenue[j]
        acc.cash_transfer[j] = cl.cash * budget
        acc.public_investment[j] = cl.infrastructure * budget + cl.land_infrastructure * land
        acc.city_service[j] = (
            service_share * acc.city_budget[j]
            + (1.0 - cl.land_infrastructure) * land
            - (cl.subsidy[j] + cl.contract[j] + cl.interest[j]) * nv
        )
        acc.province_service[j] = service_share * province_budget - cl.in_province[j] * cl.p_interest[q] * nv
        acc.central_service[j] = cl.in_nation[j] * central_service
        acc.interest_received[j] = cl.pool[j] * acc.total[5]
        acc.disposable_income[j] = (
            acc.net_wage[j]
            + acc.net_capital[j]
            - acc.profit_paid[j]
            + acc.profit_received[j]
            - (cl.other_rate[j] + cl.province_levy[j]) * acc.value_added[j]
            - land
            + acc.cash_transfer[j]
            + acc.interest_received[j]
            + (cl.subsidy[j] + cl.position[j]) * nv
        )
        acc.saving[j] = cl.saving * acc.disposable_income[j]
        saved += acc.saving[j]
    acc.total[3] = saved
    acc.total[4] += saved
    for j in range(m):
        acc.private_investment[j] = cl.phi[j] * acc.total[4]
        acc.consumption[j] = acc.disposable_income[j] - acc.saving[j]
        acc.investment[j] = acc.private_investment[j] + acc.public_investment[j]
        acc.government[j] = acc.city_service[j] + acc.province_service[j] + acc.central_service[j]
    for j in range(m, V.shape[1]):  # the world spends its value added and the country's surplus
        e = acc.value_added[j] + cl.current_account * nv
        acc.consumption[j] = e * cl.use_share[0, j]
        acc.investment[j] = e * cl.use_share[1, j]
        acc.government[j] = e * cl.use_share[2, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def spending(V, tech, acc, X):
    """Spending on every sector, intermediate and final: X[s, j] = sum_k g[s, k] V[k, j] / b[k] + final use."""
    n_sectors, n = V.shape
    for s in range(n_sectors):
        c, i, g = tech.mix[0, s], tech.mix[1, s], tech.mix[2, s]
        for j in range(n):
            X[s, j] = c * acc.consumption[j] + i * acc.investment[j] + g * acc.government[j]
        for k in range(n_sectors):
            a = tech.g[s, k] / tech.b[k]
            if a != 0.0:
                for j in range(n):
                    X[s, j] += a * V[k, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def costs(x, p, tech, u):
    """u = (unit cost)^-theta with log c = b (x - log A) + sum_k g_ks p_k; 0 where nothing is produced."""
    n_sectors, n = x.shape
    for s in range(n_sectors):
        b, theta = tech.b[s], tech.theta[s]
        for i in range(n):
            u[s, i] = b * (x[s, i] - tech.log_a[s, i])
        for k in range(n_sectors):
            a = tech.g[k, s]
            if a != 0.0:
                for i in range(n):
                    u[s, i] += a * p[k, i]
        for i in range(n):
            u[s, i] = np.exp(-theta * u[s, i]) if tech.factor[s, i] > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def prices_and_sales(u, X, tech, phi, Y):
    """One pass over the cost matrix: Phi of each destination and, the row still in cache, every origin's sales."""
    n_sectors, n = u.shape
    for s in range(n_sectors):
        for i in range(n):
            Y[s, i] = 0.0
        for j in range(n):
            row = tech.kappa[s, j]
            total = 0.0
            for i in range(n):
                total += row[i] * u[s, i]
            phi[s, j] = total
            weight = X[s, j] / total if total > 0.0 else 0.0
            for i in range(n):
                Y[s, i] += row[i] * weight
        for i in range(n):
            Y[s, i] *= u[s, i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _sweep(z, tech, cl, acc, V, X, u, phi, Y, r):
    """Residual r of one damped sweep at z = (x, p); returns the largest relative excess demand and where it is."""
    n_sectors, n = V.shape
    x, p = z[0], z[1]
    for s in range(n_sectors):
        for i in range(n):
            V[s, i] = np.exp(x[s, i]) * tech.factor[s, i]
    final_demand(V, cl, acc)
    spending(V, tech, acc, X)
    costs(x, p, tech, u)
    prices_and_sales(u, X, tech, phi, Y)
    worst = 0.0
    place = 0
    for s in range(n_sectors):
        step = 1.0 / (1.0 + tech.theta[s] * tech.b[s])
        inverse = -1.0 / tech.theta[s]
        for i in range(n):
            r[1, s, i] = inverse * np.log(phi[s, i]) - p[s, i]
            if tech.factor[s, i] > 0.0:
                ratio = tech.b[s] * Y[s, i] / V[s, i]
                r[0, s, i] = step * np.log(ratio)
                excess = abs(ratio - 1.0)
                if not excess <= worst:
                    worst = excess
                    place = s * n + i
            else:
                r[0, s, i] = 0.0
    return worst, place


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _normalise(z, tech, cl):
    """Shift all prices so that value added sums to the numeraire."""
    n_sectors, n = tech.factor.shape
    m = n if cl.linear == 1 else cl.n_domestic
    total = 0.0
    for s in range(n_sectors):
        for i in range(m):
            total += np.exp(z[0, s, i]) * tech.factor[s, i]
    z -= np.log(total / cl.numeraire)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _dot(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _mixing_weights(gram, rhs, depth, weights, lower):
    """Least squares of the residual on its stored differences by Cholesky; returns how many columns were used."""
    used = depth
    ridge = 0.0
    for i in range(depth):
        ridge = max(ridge, gram[i, i])
    ridge *= 1e-14
    for i in range(depth):
        for j in range(i + 1):
            value = gram[i, j]
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            if i == j:
                value += ridge
                if value <= 1e-13 * gram[i, i]:
                    return 0
                lower[i, i] = np.sqrt(value)
            else:
                lower[i, j] = value / lower[j, j]
    for i in range(used):
        value = rhs[i]
        for k in range(i):
            value -= lower[i, k] * weights[k]
        weights[i] = value / lower[i, i]
    for i in range(used - 1, -1, -1):
        value = weights[i]
        for k in range(i + 1, used):
            value -= lower[k, i] * weights[k]
        weights[i] = value / lower[i, i]
    return used


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def solve(z, tech, cl, acc, memory, tol, max_sweeps):
    """Find the fixed point of the sweep by Anderson acceleration with a safeguard (Walker and Ni 2011).

    ``z [2, S, N]`` holds log f and log P: the start, then the solution. ``memory [2, depth, 2 S N]`` is scratch for the
    stored differences. Returns (converged, sweeps, residual, flat index of the worst sector and region).
    """
    n_sectors, n = tech.factor.shape
    size = 2 * n_sectors * n
    depth = memory.shape[1]
    V = np.empty((n_sectors, n))
    X = np.empty((n_sectors, n))
    u = np.empty((n_sectors, n))
    phi = np.empty((n_sectors, n))
    Y = np.empty((n_sectors, n))
    r = np.empty((2, n_sectors, n))
    flat_r = r.reshape(size)
    flat_z = z.reshape(size)
    last_r = np.empty(size)
    last_z = np.empty(size)
    best_z = flat_z.copy()
    gram = np.zeros((depth, depth))
    lower = np.zeros((depth, depth))
    rhs = np.zeros(depth)
    weights = np.zeros(depth)
    stored = 0
    slot = 0
    best = np.inf
    damping = 1.0
    place = 0
    worst = np.inf
    for sweep in range(1, max_sweeps + 1):
        worst, place = _sweep(z, tech, cl, acc, V, X, u, phi, Y, r)
        gap = 0.0
        for i in range(size // 2, size):
            gap = max(gap, abs(flat_r[i]))
        merit = max(worst, gap)
        if merit <= tol:
            flat_z[size // 2 :] += flat_r[size // 2 :]
            _normalise(z, tech, cl)
            return True, sweep, worst, place
        if not merit <= 1e3 * best or not np.isfinite(merit):  # diverging: back to the best point, smaller plain steps
            flat_z[:] = best_z
            damping *= 0.5
            stored = 0
            slot = 0
            best = np.inf
            if damping < 1e-3:
                break
            worst, place = _sweep(z, tech, cl, acc, V, X, u, phi, Y, r)
            last_z[:] = flat_z
            last_r[:] = flat_r
            flat_z += damping * flat_r
            continue
        if merit < best:
            best = merit
            best_z[:] = flat_z
        if sweep > 1:
            for i in range(size):
                memory[0, slot, i] = flat_z[i] - last_z[i]
                memory[1, slot, i] = flat_r[i] - last_r[i]
            stored = min(stored + 1, depth)
            for k in range(stored):
                gram[slot, k] = _dot(memory[1, slot], memory[1, k])
                gram[k, slot] = gram[slot, k]
            slot = (slot + 1) % depth
        last_z[:] = flat_z
        last_r[:] = flat_r
        for k in range(stored):
            rhs[k] = _dot(memory[1, k], flat_r)
        used = _mixing_weights(gram, rhs, stored, weights, lower) if stored > 0 else 0
        if used == 0:
            stored = 0
            slot = 0
        flat_z += damping * flat_r
        for k in range(used):
            w = weights[k]
            for i in range(size):
                flat_z[i] -= w * (memory[0, k, i] + damping * memory[1, k, i])
    return False, max_sweeps, worst, place


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def settle(z, tech, cl, acc, V, X, Y, u, phi, trade, precision, max_sweeps):
    """Accounts that close at any solver tolerance: with the shares of the final prices, iterate sales to spending.

    Starts from V = f F; afterwards V = b Y, Y are sales, X is what these incomes spend, and ``trade [S, origin,
    destination]`` has the row sums Y and the column sums X. Returns (converged, sweeps, residual relative to nv).
    """
    n_sectors, n = tech.factor.shape
    for s in range(n_sectors):
        for i in range(n):
            V[s, i] = np.exp(z[0, s, i]) * tech.factor[s, i]
    costs(z[0], z[1], tech, u)
    converged = False
    sweep = 0
    residual = np.inf
    while sweep < max_sweeps and not converged:
        sweep += 1
        final_demand(V, cl, acc)
        spending(V, tech, acc, X)
        prices_and_sales(u, X, tech, phi, Y)
        residual = 0.0
        for s in range(n_sectors):
            for i in range(n):
                residual = max(residual, abs(tech.b[s] * Y[s, i] - V[s, i]))
                V[s, i] = tech.b[s] * Y[s, i]
        residual /= acc.total[0]
        converged = residual <= precision
    for s in range(n_sectors):
        for d in range(n):
            weight = X[s, d] / phi[s, d] if phi[s, d] > 0.0 else 0.0
            for o in range(n):
                trade[s, o, d] = tech.kappa[s, d, o] * u[s, o] * weight
    return converged, sweep, residual


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def balance(kappa, output, purchases, u, phi, tol, max_sweeps):
    """Scale one sector's cost matrix to row sums ``output`` and column sums ``purchases`` (Sinkhorn).

    ``kappa [destination, origin]``; u, phi ``[region]`` are written: trade = kappa u X / phi. Returns (residual, sweeps).
    """
    n = output.shape[0]
    sales = np.empty(n)
    residual = np.inf
    for sweep in range(1, max_sweeps + 1):
        sales[:] = 0.0
        for j in range(n):
            total = 0.0
            for i in range(n):
                total += kappa[j, i] * u[i]
            phi[j] = total
            weight = purchases[j] / total
            for i in range(n):
                sales[i] += kappa[j, i] * weight
        residual = 0.0
        for i in range(n):
            if output[i] > 0.0:
                residual = max(residual, abs(sales[i] * u[i] / output[i] - 1.0))
                u[i] = output[i] / sales[i]
            else:
                u[i] = 0.0
        if residual <= tol:
            return residual, sweep
    return residual, max_sweeps
