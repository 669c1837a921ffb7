"""Calibration: the base year such that the model, run on it, returns the data (MODEL.md section 4).

Order: taxes and budgets from the fiscal data -> who spends what (the closure) -> output of the rest of the world as
what balances each sector -> bilateral trade with these row and column sums -> prices, then productivity.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim.calibration.fiscal import budgets, tax_rates
from sim.calibration.people import settle
from sim.calibration.trade import balanced_trade, inverted_costs, world_output
from sim.core.errors import InputError, ModelWarning
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear, Budgets, TaxRates, factor_bundle
from sim.mechanisms.invest import land_cost, mean_land_price, net_return
from sim.mechanisms.knowledge import start_knowledge
from sim.mechanisms.market import kernels
from sim.mechanisms.market.closure import YearlyClosure, blank_accounts
from sim.mechanisms.market.phase import log_access
from sim.mechanisms.market.trade_cost import border_today, log_trade, world_trade

if TYPE_CHECKING:
    from sim.core.arrays import BoolArray, FloatArray
    from sim.datasets.world import World

MINIMUM_ELASTICITY = 1.5  # source: MODEL.md 3: "hardly traded" is a high distance and border term, never theta near 0


def calibrate(world: World, *, keep: bool = True) -> BaseYear:
    """Calibrate the base year; see the module's head for the order.

    Args:
        world: the data set.
        keep: whether balanced trade flows are looked up and kept on disk; otherwise the last ones are kept in memory.

    Raises:
        InputError: the data cannot be one equilibrium (negative output abroad, budgets that cannot be split).
        EquilibriumError: trade flows could not be balanced.
    """
    started = time.perf_counter()
    _check_stocks(world)
    _warn_several_equilibria(world)
    taxes = tax_rates(world)
    rules, debt, province_debt = budgets(world, taxes)
    log_tau, border = log_trade(world), border_today(world)
    theta = world.parameters.by_sector("trade_elasticity")
    beta = world.parameters.by_sector("provincial_border")
    wall = theta[:, None, None] * np.log1p(border.T * np.expm1(beta[:, None, None] / theta[:, None, None]))
    log_tau = inverted_costs(world, log_tau, wall)
    base = _blank(world, taxes, rules, log_tau, np.exp(log_tau - wall), border)
    _base_stocks(base, debt, province_debt, taxes)
    base, accounts, spending = _spending(base)
    u, phi, sweeps = balanced_trade(
        world, base.kappa, base.state.value_added / base.value_added_share, spending, keep=keep
    )
    base = _priced(base, u, phi, spending, accounts)
    notes = {"seconds": time.perf_counter() - started, "balancing_sweeps": float(sweeps), **_scaled(world, taxes, base)}
    return replace(base, notes=notes)


def _warn_several_equilibria(world: World) -> None:
    """With strong scale effects in a sector the market may have several equilibria (Krugman 1991)."""
    p = world.parameters
    scale = p.value("own_sector_agglomeration") * world.value_added_share * p.by_sector("trade_elasticity")
    if (scale >= 1.0).any():
        s = int(scale.argmax())
        warnings.warn(
            f"several equilibria are possible: own_sector_agglomeration times value-added share times trade elasticity "
            f"is {scale[s]:.2f} in sector {world.sector_ids[s]}, not below 1",
            ModelWarning,
            stacklevel=3,  # unit: frames, up to who calibrates
        )


def _check_stocks(world: World) -> None:
    """Who produces needs workers and capital."""
    made = world.value_added > 0.0
    for name, stock in (("employment.csv", world.labour), ("capital.csv", world.capital)):
        missing = np.argwhere(made & ~(stock > 0.0))
        if missing.size:
            region, sector = missing[0]
            where = f"{world.region_ids[region]}, {world.sector_ids[sector]}"
            raise InputError(f"{where} has value added but none of this", file=name, column="value", allowed="above 0")
    elasticity = world.parameters.by_sector("trade_elasticity")
    if (elasticity < MINIMUM_ELASTICITY).any():
        raise InputError(
            f"{elasticity.min():g} is too small; make a sector hardly traded by its distance and border terms",
            file="parameters.csv",
            key="trade_elasticity",
            allowed=f"at least {MINIMUM_ELASTICITY}",
        )


def _blank(
    world: World, taxes: TaxRates, rules: Budgets, log_tau: FloatArray, kappa: FloatArray, border: FloatArray
) -> BaseYear:
    """A base year with all that is known before the accounts are."""
    p = world.parameters
    n, n_sectors, n_provinces = world.n_regions, world.n_sectors, world.n_provinces + 1
    world_use = [p.value(f"world_{use}_share") for use in ("consumption", "investment", "government")]
    zero = np.zeros((n, n_sectors))
    return BaseYear(
        world=world,
        province=np.minimum(world.province_of, n_provinces - 1),
        n_provinces=n_provinces,
        capital_share=taxes.capital_share / (taxes.capital_share + taxes.labour_share),
        elasticity=p.by_sector("trade_elasticity").copy(),
        value_added_share=world.value_added_share.copy(),
        input_share=world.input_share.copy(),
        mix=np.stack([world.consumption_mix, world.investment_mix, world.government_mix]),
        world_use_share=np.array(world_use) / sum(world_use),
        world_factor=np.zeros(n_sectors),
        log_price=zero,
        log_access=zero,
        log_trade=log_tau,
        kappa=kappa,
        border=p.by_sector("provincial_border"),
        admin_barrier=border,
        taxes=taxes,
        budgets=rules,
        settlement=settle(world),
        services=np.zeros(n),
        wedge=zero,
        wage_wedge=zero,
        state=State.allocate(world.base_year, n, n_sectors, n_provinces, world.n_sections),
        notes={},
    )


def _base_stocks(base: BaseYear, debt: FloatArray, province_debt: FloatArray, taxes: TaxRates) -> None:
    """Write the stocks of the base year into its state."""
    world, state = base.world, base.state
    state.value_added[:] = world.value_added
    state.labour[:] = world.labour
    state.resident_population[:] = world.resident_population
    row, away = world.row, base.settlement.away
    state.away[:row, :row] = away
    state.newcomers[:row] = away.sum(axis=0)
    state.registered_population[:row] = world.resident_population[:row] - away.sum(axis=0) + away.sum(axis=1)
    state.service_quality[:row] = 1.0
    state.urban_share[:] = world.urban_share
    state.debt[:] = debt
    state.province_debt[:] = province_debt
    state.investment_share[:] = base.budgets.investment_share
    state.transfer_share[:], state.debt_share[:] = base.budgets.transfer, base.budgets.debt
    state.infrastructure_share[: world.row] = world.parameters.value("infrastructure_share")
    state.cumulated_saving[:] = world.value_added @ (taxes.labour_share + taxes.capital_share)
    state.national[0] = world.value_added[: world.row].sum()
    state.national[5] = 1.0
    state.passenger_time[:] = state.freight_time[:] = 1.0
    start_knowledge(state, world)


def _spending(base: BaseYear) -> tuple[BaseYear, kernels.Accounts, FloatArray]:
    """Saving rate, the accounts of the base year, output abroad; spending [region, sector] of everybody."""
    world, state = base.world, base.state
    p = world.parameters
    row, n = world.row, world.n_regions
    nv = state.national[0]
    value_added = state.value_added.copy()
    value_added[row, 0] = p.value("world_gdp") - nv  # only its total matters until the composition is found
    accounts = blank_accounts(n, base.n_provinces)
    kernels.final_demand(np.ascontiguousarray(value_added.T), YearlyClosure(base).set_year(state), accounts)
    saving = 1.0 - p.value("consumption_share") * nv / accounts.disposable_income.sum()
    base = replace(base, budgets=replace(base.budgets, saving_rate=float(saving)))
    kernels.final_demand(np.ascontiguousarray(value_added.T), YearlyClosure(base).set_year(state), accounts)
    uses = np.stack([accounts.consumption, accounts.investment, accounts.government], axis=1)
    _check_spending(world, uses.sum(axis=1))
    spending = uses @ base.mix + (state.value_added / base.value_added_share) @ base.input_share.T
    output = world_output(world, state.value_added, spending, uses[row] @ base.mix)
    state.value_added[row] = output * base.value_added_share
    spending[row] = uses[row] @ base.mix + base.input_share @ output
    return base, accounts, spending


def _check_spending(world: World, expenditure: FloatArray) -> None:
    if (expenditure <= 0.0).any():
        place = int(expenditure.argmin())
        raise InputError(
            f"{world.region_names[place]} would spend {expenditure[place]:.1f} in the base year",
            file="region_values.csv",
            allowed="revenue, spending and value added that leave it positive",
        )


def _priced(
    base: BaseYear, u: FloatArray, phi: FloatArray, spending: FloatArray, accounts: kernels.Accounts
) -> BaseYear:
    """Prices, productivity and wedges; the state becomes the complete start of the base year."""
    world, state = base.world, base.state
    b, g, theta = base.value_added_share, base.input_share, base.elasticity
    state.capital[:], state.public_capital[:] = _capital_stocks(world, accounts)
    index = np.arange(world.n_regions)
    state.capital_by_origin[:, index, index] = state.capital.T
    base = replace(base, world_factor=state.value_added[world.row].copy())
    factor = factor_bundle(state, base)
    made = factor > 0.0
    log_f = np.log(np.divide(state.value_added, factor, out=np.ones_like(factor), where=made))
    log_price = (-np.log(phi) / theta[:, None]).T
    log_cost = -np.log(np.where(u > 0.0, u, 1.0)).T / theta
    log_a = np.where(made, log_f - (log_cost - log_price @ g) / b, 0.0)
    state.effective_productivity[:] = state.productivity[:] = np.exp(log_a)
    state.price_memory[:] = np.stack([log_f.T, log_price.T])
    state.gdp[:] = state.real_gdp[:] = state.value_added.sum(axis=1)
    state.world_trade[:] = world_trade(base.kappa, u, spending.T / phi, world.row)
    sales = (state.value_added / b).T
    price = np.ones(world.n_regions)
    cost = land_cost(
        state.value_added, world.parameters.by_sector("land_cost_share"), world.land_price, mean_land_price(world)
    )
    income = state.value_added * (base.taxes.capital_share - base.taxes.corporate_tax)
    returns = net_return(income, state.capital, cost, price)
    _check_returns(world, returns, made)
    mean = (returns * state.capital).sum() / state.capital.sum()
    wage = np.divide(
        state.value_added * base.taxes.labour_share, state.labour, out=np.zeros_like(factor), where=state.labour > 0.0
    )
    workers = np.maximum(state.labour.sum(axis=1, keepdims=True), 1e-300)
    mean_wage = (wage * state.labour).sum(axis=1, keepdims=True) / workers
    state.national[4] = income[: world.row].sum() / state.capital.sum()
    return replace(
        base,
        services=accounts.city_service + accounts.province_service + accounts.central_service,
        log_price=log_price,
        log_access=log_access(sales, u),
        wedge=np.where(returns > 0.0, returns / mean, 1.0),
        wage_wedge=np.divide(wage, mean_wage, out=np.ones_like(wage), where=wage > 0.0),
    )


def _check_returns(world: World, returns: FloatArray, made: BoolArray) -> None:
    bad = made & (returns <= 0.0)
    bad[world.row] = False
    if bad.any():
        region, sector = np.argwhere(bad)[0]
        raise InputError(
            f"capital of {world.sector_ids[sector]} in {world.region_names[region]} would earn "
            f"{returns[region, sector]:.3f} a year after tax and land",
            file="region_values.csv",
            column="land_price",
            allowed="land prices and land cost shares that leave a positive return",
        )


def _scaled(world: World, taxes: TaxRates, base: BaseYear) -> dict[str, float]:
    """What calibration had to scale or solve for, for the report and the log."""
    state = base.state
    return {
        "vat_scale": float(taxes.vat.sum() / world.parameters.by_sector("vat_rate").sum()),
        "saving_rate": base.budgets.saving_rate,
        "cash_share": base.budgets.cash_share,
        "public_capital_share": float(state.public_capital.sum() / world.capital.sum()),
        "capital_output_ratio": float(world.capital.sum() / state.national[0]),
    }


def _capital_stocks(world: World, accounts: kernels.Accounts) -> tuple[FloatArray, FloatArray]:
    """Private capital [region, sector] and public capital [region] that add up to the data's capital.

    Both grow at the steady rate, so their ratio in the country is ``IG / (delta_public + n)`` to ``IP / (delta + n)``.
    """
    p = world.parameters
    growth = p.value("steady_growth")
    public = accounts.public_investment / (p.value("public_capital_depreciation") + growth)
    private = accounts.private_investment / (p.value("depreciation_rate") + growth)
    share = public.sum() / (public.sum() + private.sum())
    total = world.capital.sum(axis=1)
    within = np.divide(public, public + private, out=np.zeros_like(total), where=total > 0.0)
    within = np.clip(within * share / max(float(within @ total / total.sum()), 1e-300), 0.0, 1.0)
    return np.ascontiguousarray(world.capital * (1.0 - within)[:, None]), within * total
