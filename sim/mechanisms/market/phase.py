"""The market phase: given factors and productivity, the prices that clear every market of the year (MODEL.md 3)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.errors import EquilibriumError
from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear, factor_bundle
from sim.mechanisms.market import kernels
from sim.mechanisms.market.closure import YearlyClosure, blank_accounts
from sim.mechanisms.market.implicit import solve_implicitly
from sim.mechanisms.market.trade_cost import time_effect, trade_kernel, trade_weights, world_trade

MAX_SWEEPS = 2000
IMPLICIT_SIZE = 2000  # unit: region-sector pairs; beyond it the dense steps of the fallback take too long
IMPLICIT_STEPS = 300  # unit: steps; the hardest of 6,000 random economies took 271
PRECISION = 2e-11  # unit: of the cities' value added, for the accounts of the record


class Market:
    """Solves the multi-sector equilibrium with input-output links and writes the accounts of the year."""

    name: ClassVar[str] = "market"
    reads: ClassVar[tuple[str, ...]] = (
        *("capital", "labour", "effective_productivity", "investment_share", "capital_by_origin", "net_position"),
        *("cumulated_saving", "debt", "province_debt", "subsidy_due", "payable", "national", "price_memory"),
        *(
            "transfer_share",
            "debt_share",
            "grant_due",
            "works_due",
            "project_due",
            "infrastructure_share",
            "floor_grant",
        ),
        *("acceleration", "acceleration_products", "acceleration_stored"),
        *("volume_memory", "value_added", "real_gdp", "gdp", "passenger_time", "freight_time", "digital_lead"),
        "gateway_cost",
    )
    writes: ClassVar[tuple[str, ...]] = (
        *("value_added", "output", "expenditure", "price_index", "factor_price", "gdp", "gni", "real_gdp"),
        *("real_income", "real_value_added", "consumption", "investment", "private_investment", "public_investment"),
        *("government", "public_spending", "final_expenditure", "cpi", "investment_price", "market_access"),
        *("wage_income", "capital_income", "production_tax", "disposable_income", "saving", "cash_transfer"),
        *("interest_received", "position_income", "profit_received", "profit_paid", "local_tax", "province_cut"),
        *("other_levies", "province_levy", "central_tax", "own_revenue", "shared_revenue", "general_transfer"),
        *("land_revenue", "new_debt", "fund_draw", "interest_paid", "subsidy", "city_service", "province_service"),
        *("city_investment", "project_investment", "city_cash", "net_inflow", "seller_weight", "buyer_weight"),
        *("central_service", "transfer_net", "province_revenue", "province_transfer", "province_new_debt"),
        *("province_fund_draw", "province_interest", "price_memory", "volume_memory", "national"),
        *("foreign_investment", "foreign_income", "world_trade"),
        *("acceleration", "acceleration_products", "acceleration_stored"),
    )

    def __init__(self, base: BaseYear, *, tolerance: float = 1e-8) -> None:
        world = base.world
        n, n_sectors = world.n_regions, world.n_sectors
        self.base = base
        self.tolerance = tolerance
        self.yearly = YearlyClosure(base)
        self.accounts = blank_accounts(n, base.n_provinces)
        self.technology = technology(base)
        self._levers = [base.admin_barrier.copy(), np.ones((n, n)), np.ones((0, n, n)), np.ones((0, n, n))]
        self._times = [np.ones((n, n)), np.ones((n, n))]  # over the base year's
        self._log_trade = base.log_trade
        self._kernel = base.kappa  # without digital leads and waits at gateways
        self.weights: Callable[[], FloatArray] = lambda: base.kappa
        """Trade weights of the year, computed anew: what the record keeps, as the arrays of many years are large."""
        self._lead, self._wait = np.zeros(n), np.zeros((n, n_sectors))
        self._information = world.parameters.by_sector("information_cost") * base.elasticity
        cities = world.value_added[: world.n_cities].sum()
        self._precision = PRECISION * float(cities / world.value_added[: world.row].sum())
        self.sweeps = 0
        self.residual = 0.0
        shape = (n_sectors, n)
        self._value_added, self._spending, self._sales, self._u, self._phi = (np.empty(shape) for _ in range(5))

    def update(self, state: State, levers: Levers) -> None:
        """Solve the year and write its prices, flows and accounts."""
        self._set_trade_costs(state, levers)
        self._set_factors(state)
        closure = self.yearly.set_year(state, levers.foreign_investment)
        z = 2.0 * state.price_memory[0] - state.price_memory[1]
        self._solve(z, closure, state)
        self._settle(z, closure, state)
        self._write_prices(z, state)
        write_accounts(state, self.accounts, closure, self.base)

    def trade_weights(self, state: State, levers: Levers) -> FloatArray:
        """``kappa [sector, destination, origin]`` of the year's network and levers."""
        self._set_trade_costs(state, levers)
        return self.technology.kappa

    def _set_trade_costs(self, state: State, levers: Levers) -> None:
        """Trade costs of the year; nothing is computed anew unless times or levers differ from the last year's."""
        base = self.base
        now = levers.passenger_time * state.passenger_time, levers.freight_time * state.freight_time
        times = _renew(self._times, now)
        if times:
            self._log_trade = base.log_trade + time_effect(base.world, *self._times)
        set_by_levers = levers.admin_barrier, levers.external_cost, levers.sector_barrier, levers.sector_cost
        renewed = _renew(self._levers, set_by_levers) or times
        if renewed:
            self._kernel = trade_kernel(self._log_trade, base.elasticity, base.border, *self._levers)
        lead, wait = state.digital_lead, state.gateway_cost
        if renewed or not (np.array_equal(self._lead, lead) and np.array_equal(self._wait, wait)):
            self._lead, self._wait = lead.copy(), wait.copy()
            found = self._kernel, self._lead, self._information, base.elasticity * wait, base.world.row
            self.weights = partial(trade_weights, *found)
            self.technology = self.technology._replace(kappa=self.weights())

    def _set_factors(self, state: State) -> None:
        factor = factor_bundle(state, self.base)
        self.technology.factor[:] = factor.T
        log_a = np.log(state.effective_productivity)
        self.technology.log_a[:] = log_a.T
        volume = np.log(factor, out=np.zeros_like(factor), where=factor > 0.0) + log_a
        if state.year > self.base.world.base_year:
            growth = (state.value_added * (volume - state.volume_memory)).sum(axis=1) / state.gdp
            state.real_gdp *= np.exp(growth)
        state.volume_memory[:] = volume

    def _solve(self, z: FloatArray, closure: kernels.Closure, state: State) -> None:
        memory = memory_of(state)
        converged, self.sweeps, self.residual, place = kernels.solve(
            z, self.technology, closure, self.accounts, memory, self.tolerance, MAX_SWEEPS
        )
        if not converged and z[0].size <= IMPLICIT_SIZE:
            memory.stored[:] = 0
            z[:] = state.price_memory[0]
            converged, steps, self.residual, place = solve_implicitly(
                z, self.technology, closure, self.accounts, self.tolerance, IMPLICIT_STEPS
            )
            self.sweeps += steps
        if not converged:
            self._check_spending(state.year)
            sector, region = divmod(int(place), self.base.world.n_regions)
            raise self._error(state.year, region, self.base.world.sector_ids[sector])

    def _settle(self, z: FloatArray, closure: kernels.Closure, state: State) -> None:
        converged, _, residual = kernels.settle(
            z, self.technology, closure, self.accounts, self._value_added, self._spending, self._sales,
            self._u, self._phi, self._precision, MAX_SWEEPS,
        )  # fmt: skip
        self._check_spending(state.year)
        if not converged:
            self.residual = residual
            raise self._error(state.year, 0, "all", "the accounts of the year did not close")
        offered, wanted = self._u, self._spending / self._phi
        state.seller_weight[:], state.buyer_weight[:] = offered.T, wanted.T
        state.value_added[:] = self._value_added.T
        state.output[:] = self._sales.T
        state.expenditure[:] = self._spending.T
        state.world_trade[:] = world_trade(self.technology.kappa, offered, wanted, self.base.world.row)

    def _check_spending(self, year: int) -> None:
        final = self.accounts.consumption + self.accounts.investment + self.accounts.government
        if final.min() <= 0.0:
            raise self._error(year, int(final.argmin()), "all", "a region would owe more than it earns")

    def _error(self, year: int, region: int, sector: str, reason: str = "the market did not clear") -> EquilibriumError:
        return EquilibriumError(
            city=self.base.world.region_names[region],
            sector=sector,
            residual=float(self.residual),
            sweeps=int(self.sweeps),
            tolerance=self.tolerance,
            year=year,
            reason=reason,
        )

    def _write_prices(self, z: FloatArray, state: State) -> None:
        base = self.base
        state.price_memory[1] = state.price_memory[0]
        state.price_memory[0] = z
        prices = np.exp(z)
        state.factor_price[:], state.price_index[:] = prices[0].T, prices[1].T
        drift = z[1].T - base.log_price
        np.exp(drift @ base.mix[0], out=state.cpi)
        np.exp(drift @ base.mix[1], out=state.investment_price)
        access = log_access(self._sales, self._u) - base.log_access
        weight = state.value_added / state.value_added.sum(axis=1, keepdims=True)
        mean = (weight * access).sum(axis=1)
        row = base.world.row  # prices drift with the power of the elasticity: only places compare, not years
        np.exp(
            mean - mean[:row] @ state.value_added[:row].sum(axis=1) / state.value_added[:row].sum(),
            out=state.market_access,
        )


def _renew(kept: list[FloatArray], now: tuple[FloatArray, ...]) -> bool:
    """Whether levers changed since they were kept; they are kept now."""
    changed = not all(np.array_equal(old, new) for old, new in zip(kept, now, strict=True))
    if changed:
        kept[:] = [lever.copy() for lever in now]
    return changed


def memory_of(state: State) -> kernels.Memory:
    """The solver's memory as views of the state."""
    step, residual = state.acceleration.reshape(2, state.acceleration.shape[1], -1)
    return kernels.Memory(step, residual, state.acceleration_products, state.acceleration_stored)


def log_access(sales: FloatArray, u: FloatArray) -> FloatArray:
    """Log market access ``sum_j kappa_ijs X_js / Phi_js`` of each region and sector ``[region, sector]``."""
    reach = np.divide(sales, u, out=np.ones_like(sales), where=u > 0.0)
    return np.log(reach).T


def technology(base: BaseYear) -> kernels.Technology:
    """Kernel arguments that prices do not change, at today's borders; factors are filled in each year."""
    shape = (base.world.n_sectors, base.world.n_regions)
    return kernels.Technology(
        kappa=base.kappa,
        theta=base.elasticity,
        b=base.value_added_share,
        g=base.input_share,
        factor=np.zeros(shape),
        log_a=np.zeros(shape),
        mix=base.mix,
    )


def write_accounts(state: State, acc: kernels.Accounts, cl: kernels.Closure, base: BaseYear) -> None:
    """Copy the accounts of the final prices to the state; derived columns by their definitions (MODEL.md 1 and 3)."""
    t = base.taxes
    nv = acc.total[0]
    state.national[3] = acc.total[4]
    direct = (
        *("own_revenue", "land_revenue", "local_tax", "central_tax", "profit_paid", "profit_received", "city_service"),
        *("province_service", "central_service", "public_investment", "private_investment", "cash_transfer"),
        *("interest_received", "disposable_income", "saving", "consumption", "investment", "government"),
        *("foreign_investment", "foreign_income"),
    )
    for name in direct:
        getattr(state, name)[:] = getattr(acc, name)
    np.sum(state.value_added, axis=1, out=state.gdp)
    state.wage_income[:] = state.value_added @ t.labour_share
    state.capital_income[:] = state.value_added @ t.capital_share
    state.production_tax[:] = state.value_added @ t.production_tax
    abroad = base.world.row  # the world has one composite factor and no taxes
    for income in (state.wage_income, state.capital_income, state.production_tax, state.local_tax, state.central_tax):
        income[abroad] = 0.0
    state.province_cut[:] = cl.cut * acc.local_tax
    state.other_levies[:] = cl.other_rate * state.gdp
    state.province_levy[:] = cl.province_levy * state.gdp
    shares = {
        "general_transfer": cl.transfer, "new_debt": cl.debt, "fund_draw": cl.fund, "interest_paid": cl.interest,
        "subsidy": cl.subsidy, "position_income": cl.position, "province_transfer": cl.p_transfer,
        "province_new_debt": cl.p_debt, "province_fund_draw": cl.p_fund, "province_interest": cl.p_interest,
    }  # fmt: skip
    for name, share in shares.items():
        np.multiply(share, nv, out=getattr(state, name))
    np.multiply(cl.contract, -nv, out=state.shared_revenue)
    state.province_revenue[:] = acc.p_revenue
    state.city_investment[:] = cl.city_infrastructure * acc.city_budget + cl.land_infrastructure * acc.land_revenue
    state.city_investment += cl.works * nv
    state.project_investment[:] = state.project_due
    state.city_cash[:] = cl.cash * acc.city_budget
    state.public_spending[:] = acc.city_budget + cl.in_province * acc.p_budget[cl.province]
    state.final_expenditure[:] = state.consumption + state.investment + state.government
    state.net_inflow[:] = state.final_expenditure - state.gdp
    state.transfer_net[:] = state.general_transfer + state.shared_revenue
    _write_incomes(state, cl)


def _write_incomes(state: State, cl: kernels.Closure) -> None:
    """National and real income. What the city pays its residents in cash is in their income and leaves its own.

    A joint project is paid for when it is built: what it brings is income of the years after.
    """
    province_interest = cl.in_province * state.province_interest[cl.province]
    factor_income = state.profit_received - state.profit_paid + state.position_income
    state.gni[:] = state.gdp + factor_income + state.interest_received - state.interest_paid - province_interest
    received = state.own_revenue + state.land_revenue + state.transfer_net
    paid = state.city_cash + state.subsidy + state.interest_paid + state.project_investment
    np.divide(state.disposable_income + received - paid, state.cpi, out=state.real_income)
    np.divide(state.gdp, state.cpi, out=state.real_value_added)
