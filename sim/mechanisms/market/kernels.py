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
OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": FASTMATH}
INTERNAL = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # not called from Python: compiles faster
CORRELATION_RIDGE = 1e-12  # keeps the least squares of the acceleration solvable when changes are nearly collinear
DIVERGENCE = 1e3  # a residual this many times the best so far sends the search back
SMALLEST_STEP = 1e-3
SETTLING_DEPTH = 8  # unit: steps the settling remembers
BALANCING_DEPTH = 10  # unit: steps the balancing remembers
ALMOST_LINEAR = 0.1  # unit: residual of the balancing below which its logs change almost linearly


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
    infrastructure: float  # share of the provinces' budget spending, and of the cities' in the base year
    city_infrastructure: FloatArray  # [N] share of the city's budget spending
    works: FloatArray  # [N] infrastructure of joint projects, paid out of the city's services
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
    foreign: int  # 1: the world invests here, or owns capital that it has invested since the base year
    foreign_investment: FloatArray  # [N] what it invests this year per unit of V
    foreign_share: FloatArray  # [S, N] its share of the capital standing there


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
    foreign_investment: FloatArray
    foreign_income: FloatArray  # of the world's capital, part of profit_paid


class Memory(NamedTuple):
    """Acceleration memory: differences of past steps and residuals, carried from year to year."""

    step: FloatArray  # [depth, 2 S N] change of the point plus change of its residual
    residual: FloatArray  # [depth, 2 S N] change of the residual
    gram: FloatArray  # [depth, depth] inner products of the residual changes
    stored: IntArray  # [2] pairs stored, slot to write next


def new_memory(n_sectors: int, n_regions: int, depth: int) -> Memory:
    """An empty memory."""
    shape = (depth, 2 * n_sectors * n_regions)
    return Memory(np.zeros(shape), np.zeros(shape), np.zeros((depth, depth)), np.zeros(2, dtype=np.int64))


@njit(**INTERNAL)
def _exp(x: FloatArray, out: FloatArray) -> None:
    """exp of a flat array to one unit in the last place: 2^k by the exponent bits times a series, so it vectorises.

    The library's scalar exp takes six times as long and dominated the sweep.
    """
    bits = np.empty(x.shape[0], dtype=np.int64)
    for i in range(x.shape[0]):
        a = min(max(x[i], -700.0), 700.0)
        k = np.floor(a * 1.4426950408889634 + 0.5)  # source: 1 / ln 2
        f = a - k * 0.6931471803691238 - k * 1.9082149292705877e-10  # source: ln 2 in two parts (Cody and Waite 1980)
        p = 1.6059043836821613e-10  # source: Taylor coefficients 1/13! ... 1/0!
        p = p * f + 2.08767569878681e-09
        p = p * f + 2.505210838544172e-08
        p = p * f + 2.755731922398589e-07
        p = p * f + 2.7557319223985893e-06
        p = p * f + 2.48015873015873e-05
        p = p * f + 0.0001984126984126984
        p = p * f + 0.001388888888888889
        p = p * f + 0.008333333333333333
        p = p * f + 0.041666666666666664
        p = p * f + 0.16666666666666666
        p = p * f + 0.5
        p = p * f + 1.0
        out[i] = p * f + 1.0
        bits[i] = (np.int64(k) + 1023) << 52
    power = bits.view(np.float64)
    for i in range(x.shape[0]):
        out[i] *= power[i]


@njit(**INTERNAL)
def _log(x: FloatArray, out: FloatArray) -> None:
    """log of a flat array of positive normal numbers to one unit in the last place; zero gives a finite number."""
    bits = x.view(np.int64)
    mantissa = np.empty(x.shape[0], dtype=np.int64)
    for i in range(x.shape[0]):
        mantissa[i] = (bits[i] & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000
    m = mantissa.view(np.float64)
    for i in range(x.shape[0]):
        e = np.float64((bits[i] >> 52) - 1023)
        high = m[i] > 1.4142135623730951  # source: square root of 2
        y = 0.5 * m[i] if high else m[i]
        e = e + 1.0 if high else e
        t = (y - 1.0) / (y + 1.0)
        w = t * t
        p = 1.0 / 21.0  # source: series of the inverse hyperbolic tangent, 1/21 ... 1/3
        p = p * w + 1.0 / 19.0
        p = p * w + 1.0 / 17.0
        p = p * w + 1.0 / 15.0
        p = p * w + 1.0 / 13.0
        p = p * w + 1.0 / 11.0
        p = p * w + 1.0 / 9.0
        p = p * w + 1.0 / 7.0
        p = p * w + 0.2
        p = p * w + 1.0 / 3.0
        out[i] = e * 0.6931471805599453 + 2.0 * t * (p * w + 1.0)  # source: ln 2


@njit(**INTERNAL)
def _linear_spending(V: FloatArray, cl: Closure, acc: Accounts) -> None:
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


@njit(**INTERNAL)
def _factor_incomes(V: FloatArray, cl: Closure, acc: Accounts) -> None:
    n_sectors, n = V.shape
    for out in (acc.value_added, acc.net_wage, acc.net_capital, acc.local_tax):
        out[:] = 0.0
    for out in (acc.central_tax, acc.profit_paid, acc.profit_received, acc.foreign_income, acc.foreign_investment):
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


@njit(**INTERNAL)
def _pay_the_world(V: FloatArray, cl: Closure, acc: Accounts) -> None:
    """The world's part of every place's capital income after tax; it is profit paid, and received by the world."""
    n_sectors, m = V.shape[0], cl.n_domestic
    for j in range(m):
        for s in range(n_sectors):
            acc.foreign_income[j] += cl.net_capital[s] * cl.foreign_share[s, j] * V[s, j]
        acc.profit_paid[j] += acc.foreign_income[j]
        acc.profit_received[m] += acc.foreign_income[j]


@njit(**INTERNAL)
def _invest_from_abroad(cl: Closure, acc: Accounts) -> float:
    """Add what the world invests; by how much the country's deficit with it grows."""
    deficit = 0.0
    for j in range(cl.n_domestic):
        acc.foreign_investment[j] = cl.foreign_investment[j] * acc.value_added[j]
        acc.private_investment[j] += acc.foreign_investment[j]
        acc.investment[j] += acc.foreign_investment[j]
        deficit += acc.foreign_investment[j] - acc.foreign_income[j]
    return deficit


@njit(**INTERNAL)
def _government_budgets(cl: Closure, acc: Accounts) -> None:
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


@njit(**OPTIONS)
def final_demand(V: FloatArray, cl: Closure, acc: Accounts) -> None:
    """Consumption, investment and government spending of every region from value added ``V [S, N]``.

    Homogeneous of degree one in V, so Walras' law is exact: amounts fixed before the market opens are shares of nv.
    """
    if cl.linear == 1:
        _linear_spending(V, cl, acc)
        return
    m = cl.n_domestic
    _factor_incomes(V, cl, acc)
    if cl.foreign == 1:
        _pay_the_world(V, cl, acc)
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
        shifted = (cl.city_infrastructure[j] - cl.infrastructure) * acc.city_budget[j] + cl.works[j] * nv
        acc.public_investment[j] = cl.infrastructure * budget + cl.land_infrastructure * land + shifted
        acc.city_service[j] = (
            service_share * acc.city_budget[j]
            + (1.0 - cl.land_infrastructure) * land
            - (cl.subsidy[j] + cl.contract[j] + cl.interest[j]) * nv
            - shifted
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
    deficit = _invest_from_abroad(cl, acc) if cl.foreign == 1 else 0.0
    for j in range(m, V.shape[1]):  # the world spends its value added and the country's surplus
        e = acc.value_added[j] + cl.current_account * nv
        if cl.foreign == 1:
            e -= deficit
        acc.consumption[j] = e * cl.use_share[0, j]
        acc.investment[j] = e * cl.use_share[1, j]
        acc.government[j] = e * cl.use_share[2, j]


@njit(**OPTIONS)
def spending(V: FloatArray, tech: Technology, acc: Accounts, X: FloatArray) -> None:
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


@njit(**OPTIONS)
def costs(x: FloatArray, p: FloatArray, tech: Technology, u: FloatArray) -> None:
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
            u[s, i] *= -theta
    flat = u.reshape(n_sectors * n)
    _exp(flat, flat)
    for s in range(n_sectors):
        for i in range(n):
            if tech.factor[s, i] <= 0.0:
                u[s, i] = 0.0


@njit(**OPTIONS)
def prices_and_sales(u: FloatArray, X: FloatArray, tech: Technology, phi: FloatArray, Y: FloatArray) -> None:
    """One pass over the cost matrix: Phi of each destination and, the row still in cache, every origin's sales.

    Four destinations at a time, so that what is read of u and written of the sales serves four rows.
    """
    n_sectors, n = u.shape
    sales = np.empty(n)
    last = n - n % 4  # unit: rows at a time
    for s in range(n_sectors):
        seller = u[s]
        sales[:] = 0.0
        for j in range(0, last, 4):
            row0, row1, row2, row3 = tech.kappa[s, j], tech.kappa[s, j + 1], tech.kappa[s, j + 2], tech.kappa[s, j + 3]
            sum0 = sum1 = sum2 = sum3 = 0.0
            for i in range(n):
                sum0 += row0[i] * seller[i]
                sum1 += row1[i] * seller[i]
                sum2 += row2[i] * seller[i]
                sum3 += row3[i] * seller[i]
            phi[s, j], phi[s, j + 1], phi[s, j + 2], phi[s, j + 3] = sum0, sum1, sum2, sum3
            buyer0 = X[s, j] / sum0 if sum0 > 0.0 else 0.0
            buyer1 = X[s, j + 1] / sum1 if sum1 > 0.0 else 0.0
            buyer2 = X[s, j + 2] / sum2 if sum2 > 0.0 else 0.0
            buyer3 = X[s, j + 3] / sum3 if sum3 > 0.0 else 0.0
            for i in range(n):
                sales[i] += row0[i] * buyer0 + row1[i] * buyer1 + row2[i] * buyer2 + row3[i] * buyer3
        for j in range(last, n):
            row = tech.kappa[s, j]
            total = 0.0
            for i in range(n):
                total += row[i] * seller[i]
            phi[s, j] = total
            buyer = X[s, j] / total if total > 0.0 else 0.0
            for i in range(n):
                sales[i] += row[i] * buyer
        for i in range(n):
            Y[s, i] = sales[i] * seller[i]


@njit(**INTERNAL)
def _sales(u: FloatArray, X: FloatArray, tech: Technology, phi: FloatArray, Y: FloatArray) -> None:
    """The second half of :func:`prices_and_sales`, at prices that stay."""
    n_sectors, n = u.shape
    sales = np.empty(n)
    buyer = np.empty(n)
    last = n - n % 4  # unit: rows at a time
    for s in range(n_sectors):
        sales[:] = 0.0
        for j in range(n):
            buyer[j] = X[s, j] / phi[s, j] if phi[s, j] > 0.0 else 0.0
        for j in range(0, last, 4):
            row0, row1, row2, row3 = tech.kappa[s, j], tech.kappa[s, j + 1], tech.kappa[s, j + 2], tech.kappa[s, j + 3]
            buyer0, buyer1, buyer2, buyer3 = buyer[j], buyer[j + 1], buyer[j + 2], buyer[j + 3]
            for i in range(n):
                sales[i] += row0[i] * buyer0 + row1[i] * buyer1 + row2[i] * buyer2 + row3[i] * buyer3
        for j in range(last, n):
            row = tech.kappa[s, j]
            for i in range(n):
                sales[i] += row[i] * buyer[j]
        for i in range(n):
            Y[s, i] = sales[i] * u[s, i]


@njit(**OPTIONS)
def values(x: FloatArray, tech: Technology, V: FloatArray) -> None:
    """V = f F."""
    _exp(x.reshape(x.size), V.reshape(V.size))
    for s in range(V.shape[0]):
        for i in range(V.shape[1]):
            V[s, i] *= tech.factor[s, i]


@njit(**INTERNAL)
def _sweep(
    z: FloatArray, tech: Technology, cl: Closure, acc: Accounts, work: FloatArray, r: FloatArray
) -> tuple[float, int]:
    """Residual r of one damped sweep at z = (x, p); returns the largest relative excess demand and where it is."""
    V, X, u, phi, Y = work[0], work[1], work[2], work[3], work[4]
    n_sectors, n = V.shape
    p = z[1]
    values(z[0], tech, V)
    final_demand(V, cl, acc)
    spending(V, tech, acc, X)
    costs(z[0], p, tech, u)
    prices_and_sales(u, X, tech, phi, Y)
    worst = 0.0
    place = 0
    for s in range(n_sectors):
        b = tech.b[s]
        for i in range(n):
            ratio = b * Y[s, i] / V[s, i] if tech.factor[s, i] > 0.0 else 1.0
            r[0, s, i] = ratio
            excess = abs(ratio - 1.0)
            if not excess <= worst:
                worst = excess
                place = s * n + i
    _log(r[0].reshape(n_sectors * n), r[0].reshape(n_sectors * n))
    _log(phi.reshape(n_sectors * n), r[1].reshape(n_sectors * n))
    for s in range(n_sectors):
        step = 1.0 / (1.0 + tech.theta[s] * tech.b[s])
        inverse = -1.0 / tech.theta[s]
        for i in range(n):
            r[0, s, i] *= step
            r[1, s, i] = inverse * r[1, s, i] - p[s, i]
    return worst, place


@njit(**INTERNAL)
def _normalise(z: FloatArray, tech: Technology, cl: Closure) -> None:
    """Shift all prices so that value added sums to the numeraire."""
    n_sectors, n = tech.factor.shape
    m = n if cl.linear == 1 else cl.n_domestic
    total = 0.0
    for s in range(n_sectors):
        for i in range(m):
            total += np.exp(z[0, s, i]) * tech.factor[s, i]
    z -= np.log(total / cl.numeraire)


@njit(**INTERNAL)
def _dot(a: FloatArray, b: FloatArray) -> float:
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit(**INTERNAL)
def _mixing_weights(gram: FloatArray, rhs: FloatArray, stored: int, weights: FloatArray, lower: FloatArray) -> int:
    """Least squares of the residual on its stored changes: Cholesky of their correlations; 0 if it breaks down."""
    for i in range(stored):
        weights[i] = 1.0 / np.sqrt(gram[i, i])
    for i in range(stored):
        for j in range(i + 1):
            value = gram[i, j] * weights[i] * weights[j]
            if i == j:
                value += CORRELATION_RIDGE
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            if i == j:
                if not value > 0.0:
                    return 0
                lower[i, i] = np.sqrt(value)
            else:
                lower[i, j] = value / lower[j, j]
    for i in range(stored):
        rhs[i] *= weights[i]
        for k in range(i):
            rhs[i] -= lower[i, k] * rhs[k]
        rhs[i] /= lower[i, i]
    for i in range(stored - 1, -1, -1):
        for k in range(i + 1, stored):
            rhs[i] -= lower[k, i] * rhs[k]
        rhs[i] /= lower[i, i]
    for i in range(stored):
        weights[i] *= rhs[i]
    return stored


@njit(**INTERNAL)
def _remember(
    memory: Memory,
    z: FloatArray,
    r: FloatArray,
    last_z: FloatArray,
    last_r: FloatArray,
    product: FloatArray,
    last_product: FloatArray,
) -> None:
    """Store the change since the last sweep; products of r with the stored changes give its inner products for free."""
    slot = memory.stored[1]
    depth = memory.step.shape[0]
    for i in range(z.shape[0]):
        change = r[i] - last_r[i]
        memory.residual[slot, i] = change
        memory.step[slot, i] = z[i] - last_z[i] + change
    stored = min(memory.stored[0] + 1, depth)
    for k in range(stored):
        product[k] = _dot(memory.residual[k], r)
    for k in range(stored):
        if k == slot:
            memory.gram[k, k] = _dot(memory.residual[k], memory.residual[k])
        else:
            memory.gram[slot, k] = product[k] - last_product[k]
            memory.gram[k, slot] = memory.gram[slot, k]
    last_product[:stored] = product[:stored]
    memory.stored[0] = stored
    memory.stored[1] = (slot + 1) % depth


@njit(**OPTIONS)
def solve(
    z: FloatArray, tech: Technology, cl: Closure, acc: Accounts, memory: Memory, tol: float, max_sweeps: int
) -> tuple[bool, int, float, int]:
    """Find the fixed point of the sweep by Anderson acceleration with a safeguard (Walker and Ni 2011).

    ``z [2, S, N]`` holds log f and log P: the start, then the solution. The memory is used and updated; what it learnt
    in former years makes it a quasi-Newton method (Fang and Saad 2009). When a step makes matters much worse, the
    search goes back to the best point without memory and with smaller steps. Returns (converged, sweeps, largest
    relative excess demand, flat index of that sector and region).
    """
    n_sectors, n = tech.factor.shape
    size = 2 * n_sectors * n
    depth = memory.step.shape[0]
    work = np.empty((5, n_sectors, n))
    r = np.empty((2, n_sectors, n))
    flat_r = r.reshape(size)
    flat_z = z.reshape(size)
    last_r = np.empty(size)
    last_z = np.empty(size)
    best_z = flat_z.copy()
    lower = np.zeros((depth, depth))
    weights = np.zeros(depth)
    product = np.zeros(depth)
    last_product = np.zeros(depth)
    best = np.inf
    damping = 1.0
    fresh = True
    place = 0
    worst = np.inf
    for sweep in range(1, max_sweeps + 1):
        worst, place = _sweep(z, tech, cl, acc, work, r)
        merit = worst
        for i in range(size // 2, size):
            merit = max(merit, abs(flat_r[i]))
        if merit <= tol:
            flat_z[size // 2 :] += flat_r[size // 2 :]
            _normalise(z, tech, cl)
            return True, sweep, worst, place
        if not merit <= DIVERGENCE * best or not np.isfinite(merit):
            flat_z[:] = best_z
            memory.stored[:] = 0
            damping *= 0.5
            best = np.inf
            fresh = True
            if damping < SMALLEST_STEP:
                break
            continue
        if merit < best:
            best = merit
            best_z[:] = flat_z
        if fresh:
            for k in range(memory.stored[0]):
                last_product[k] = _dot(memory.residual[k], flat_r)
            product[:] = last_product
        else:
            _remember(memory, flat_z, flat_r, last_z, last_r, product, last_product)
        fresh = False
        last_z[:] = flat_z
        last_r[:] = flat_r
        used = _mixing_weights(memory.gram, product, memory.stored[0], weights, lower)
        if used == 0:
            memory.stored[:] = 0
        flat_z += damping * flat_r
        for k in range(used):
            w = weights[k]
            for i in range(size):
                flat_z[i] -= w * memory.step[k, i]
    return False, max_sweeps, worst, place


@njit(**OPTIONS)
def settle(
    z: FloatArray,
    tech: Technology,
    cl: Closure,
    acc: Accounts,
    V: FloatArray,
    X: FloatArray,
    Y: FloatArray,
    u: FloatArray,
    phi: FloatArray,
    precision: float,
    max_sweeps: int,
) -> tuple[bool, int, float]:
    """Accounts that close at any solver tolerance: with the shares of the final prices, iterate sales to spending.

    Starts from V = f F; afterwards V = b Y, X is what these incomes spend, and the flows ``kappa u_o X_d / Phi_d`` have
    the row sums Y and the column sums X. Returns (converged, sweeps, residual relative to nv).
    """
    n_sectors, n = tech.factor.shape
    size = n_sectors * n
    values(z[0], tech, V)
    costs(z[0], z[1], tech, u)
    depth = SETTLING_DEPTH
    memory = Memory(
        np.empty((depth, size)), np.empty((depth, size)), np.empty((depth, depth)), np.zeros(2, dtype=np.int64)
    )
    flat = V.reshape(size)
    change = np.empty(size)
    last_V = np.empty(size)
    last_change = np.empty(size)
    lower = np.zeros((depth, depth))
    weights = np.zeros(depth)
    product = np.zeros(depth)
    last_product = np.zeros(depth)
    sweep = 0
    last = np.inf
    while True:
        sweep += 1
        total = 0.0
        for s in range(n_sectors):
            for i in range(n if cl.linear == 1 else cl.n_domestic):
                total += V[s, i]
        V *= cl.numeraire / total  # amounts fixed in money keep their size
        final_demand(V, cl, acc)
        spending(V, tech, acc, X)
        if sweep == 1:
            prices_and_sales(u, X, tech, phi, Y)
        else:
            _sales(u, X, tech, phi, Y)
        residual = 0.0
        for s in range(n_sectors):
            for i in range(n):
                change[s * n + i] = tech.b[s] * Y[s, i] - V[s, i]
                residual = max(residual, abs(change[s * n + i]))
        residual /= acc.total[0]
        if residual <= precision or sweep >= max_sweeps:
            for i in range(size):
                flat[i] += change[i]
            return residual <= precision, sweep, residual
        if residual > last:
            memory.stored[:] = 0
        elif sweep > 1:
            _remember(memory, flat, change, last_V, last_change, product, last_product)
        last = residual
        last_V[:] = flat
        last_change[:] = change
        used = _mixing_weights(memory.gram, product, memory.stored[0], weights, lower)
        if used == 0:
            memory.stored[:] = 0
        for i in range(size):
            flat[i] += change[i]
        for k in range(used):
            w = weights[k]
            for i in range(size):
                flat[i] -= w * memory.step[k, i]


@njit(**OPTIONS)
def balance(
    kappa: FloatArray,
    output: FloatArray,
    purchases: FloatArray,
    u: FloatArray,
    phi: FloatArray,
    tol: float,
    max_sweeps: int,
) -> tuple[float, int]:
    """Scale one sector's cost matrix to row sums ``output`` and column sums ``purchases`` (Sinkhorn, accelerated).

    ``kappa [destination, origin]``; writes u, phi ``[region]``: trade = kappa u X / phi. Plain sweeps, which converge
    from anywhere, lead to where the logs of u change almost linearly; from there on they are extrapolated as in
    :func:`solve`, and start afresh when that does not help. Returns (residual, sweeps).
    """
    n = output.shape[0]
    depth = BALANCING_DEPTH
    memory = Memory(np.empty((depth, n)), np.empty((depth, n)), np.empty((depth, depth)), np.zeros(2, dtype=np.int64))
    x = np.zeros(n)
    change = np.zeros(n)
    last_x = np.empty(n)
    last_change = np.empty(n)
    lower = np.zeros((depth, depth))
    weights = np.zeros(depth)
    product = np.zeros(depth)
    last_product = np.zeros(depth)
    sales = np.empty(n)
    for i in range(n):
        x[i] = np.log(u[i]) if u[i] > 0.0 else 0.0
    best = np.inf
    since_best = 0
    plain = 0
    fresh = True
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
                change[i] = np.log(u[i]) - x[i]
            else:
                u[i] = 0.0
        if residual <= tol:
            return residual, sweep
        since_best = 0 if residual < best else since_best + 1
        if residual > 2.0 * best or since_best > depth:
            memory.stored[:] = 0
            best = np.inf
            fresh = True
            plain = 2 * sweep
        if sweep <= plain or residual > ALMOST_LINEAR:
            for i in range(n):
                x[i] += change[i]
            continue
        best = min(best, residual)
        if not fresh:
            _remember(memory, x, change, last_x, last_change, product, last_product)
        fresh = False
        last_x[:] = x
        last_change[:] = change
        used = _mixing_weights(memory.gram, product, memory.stored[0], weights, lower)
        if used == 0:
            memory.stored[:] = 0
        for i in range(n):
            x[i] += change[i]
        for k in range(used):
            w = weights[k]
            for i in range(n):
                x[i] -= w * memory.step[k, i]
        for i in range(n):
            u[i] = np.exp(x[i]) if output[i] > 0.0 else 0.0
    return residual, max_sweeps


@njit(**OPTIONS)
def set_claims(
    capital_by_origin: FloatArray, capital: FloatArray, ownership: FloatArray, claim: FloatArray, claim_out: FloatArray
) -> None:
    """Share of the profit of each place that belongs elsewhere: ``ownership [S]`` of the capital that came from there.

    ``capital_by_origin [S, origin, host]``, ``capital [N, S]``; writes claim ``[S, origin, host]`` and its sum.
    """
    n_sectors, n = claim_out.shape
    owned = np.empty(n)
    for s in range(n_sectors):
        if ownership[s] == 0.0:
            continue
        for d in range(n):
            claim_out[s, d] = 0.0
            owned[d] = ownership[s] / capital[d, s] if capital[d, s] > 0.0 else 0.0
        for o in range(n):
            for d in range(n):
                claim[s, o, d] = owned[d] * capital_by_origin[s, o, d]
            claim[s, o, o] = 0.0
            for d in range(n):
                claim_out[s, d] += claim[s, o, d]
