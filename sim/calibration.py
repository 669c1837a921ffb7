"""Calibration: the base year such that the model, run on it, returns the data (MODEL.md section 4).

Order: taxes and budgets from the fiscal data -> who spends what (the closure) -> output of the rest of the world as
what balances each sector -> bilateral trade with these row and column sums -> prices, then productivity.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim.core.errors import EquilibriumError, InputError
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear, Budgets, TaxRates, factor_bundle
from sim.mechanisms.invest import land_cost, mean_land_price, net_return
from sim.mechanisms.market import kernels
from sim.mechanisms.market.closure import YearlyClosure, blank_accounts
from sim.mechanisms.market.phase import log_access
from sim.mechanisms.market.trade_cost import border_today, log_trade, trade_kernel

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.datasets.world import World

BALANCE_TOLERANCE = 1e-13
BALANCE_SWEEPS = 100_000
BALANCE_ACCEPTED = 1e-9  # a sector that does not get closer than this is refused
MINIMUM_ELASTICITY = 1.5  # MODEL.md 3: "hardly traded" is a high distance and border term, never theta near 0


def tax_rates(world: World) -> TaxRates:
    """Uniform marginal tax rates per unit of value added ``[sector]``.

    Wages and capital share what the production tax leaves; agriculture's labour share is capped because the table
    books mixed income as wages.
    """
    p = world.parameters
    national = world.value_added[: world.row].sum(axis=0)
    production = world.production_tax_share_va
    factor_cost = world.labour_share_va + world.depreciation_share_va + world.surplus_share_va
    labour = world.labour_share_va / factor_cost
    primary = np.array([group == "primary" for group in world.sector_group])
    labour = np.where(primary, np.minimum(labour, p.value("labour_share_cap_agriculture")), labour)
    wages, capital = labour * (1.0 - production), (1.0 - labour) * (1.0 - production)
    vat = p.by_sector("vat_rate")
    vat = vat * (p.value("vat_share_of_gdp") * national.sum() / (vat @ national))
    base = p.by_sector("consumption_tax_base")
    consumption = base * (p.value("consumption_tax_share") * national.sum() / max(base @ national, 1e-300))
    surcharge = p.value("surcharge_rate") * vat
    corporate = p.value("corporate_tax_rate") * world.surplus_share_va
    personal = p.by_sector("personal_tax_rate") * wages
    shared = {
        "vat": (p.value("central_share_vat"), vat),
        "corporate": (p.value("central_share_corporate"), corporate),
        "personal": (p.value("central_share_personal"), personal),
        "consumption": (p.value("central_share_consumption"), consumption),
    }
    rest = production - vat - consumption - surcharge
    return TaxRates(
        labour_share=wages,
        capital_share=capital,
        depreciation_share=world.depreciation_share_va,
        production_tax=production,
        vat=vat,
        consumption_tax=consumption,
        surcharge=surcharge,
        other_production_tax=rest,
        corporate_tax=corporate,
        personal_tax=personal,
        local=sum((1.0 - share) * tax for share, tax in shared.values()) + surcharge,
        central=sum(share * tax for share, tax in shared.values()) + rest,
    )


def _split_gap(world: World, gap: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Spending above revenue into transfers, new debt and draws on funds; a surplus is remitted upwards."""
    p = world.parameters
    short = np.maximum(gap, 0.0)
    transfer = p.value("transfer_share_of_gap") * short + np.minimum(gap, 0.0)
    return transfer, p.value("debt_share_of_gap") * short, p.value("fund_share_of_gap") * short


def budgets(world: World, taxes: TaxRates) -> tuple[Budgets, FloatArray, FloatArray]:
    """Budget rules such that the base year's revenue and spending come out; also base-year debt by city and province.

    Raises:
        InputError: the centre could not pay for its own services (its part of taxes is below the transfers).
    """
    p = world.parameters
    n, row, roc = world.n_regions, world.row, world.roc
    n_provinces = len(world.province_ids) + 1
    province = np.minimum(world.province_of, n_provinces - 1)
    domestic = np.arange(n) < row
    member = (province[:, None] == np.arange(n_provinces)) & domestic[:, None]
    gdp = world.value_added.sum(axis=1)
    nv = gdp[domestic].sum()
    local = world.value_added @ taxes.local
    revenue, spending = world.own_revenue * domestic, world.public_spending * domestic

    def of_province(key: str) -> FloatArray:
        return p.by_province(key)[:n_provinces].copy()

    above_revenue, above_spending = of_province("provincial_revenue_factor"), of_province("provincial_spending_factor")
    above_revenue[-1] = above_spending[-1] = 1.0  # the rest of the country's figures include its provinces
    cut = (1.0 - 1.0 / above_revenue)[province] * domestic
    p_revenue = (above_revenue - 1.0) * (revenue @ member)
    p_spending = (above_spending - 1.0) * (spending @ member)
    levy = (p_revenue - (cut * local) @ member) / (gdp @ member)
    transfer, debt, fund = _split_gap(world, spending - revenue)
    p_transfer, p_debt, p_fund = _split_gap(world, p_spending - p_revenue)
    cities = np.arange(world.n_cities)
    transfer[roc] = p.value("national_transfers") - transfer[cities].sum() - p_transfer.sum()
    rest = spending[roc] - revenue[roc] - transfer[roc]
    debt_part = p.value("debt_share_of_gap") / (p.value("debt_share_of_gap") + p.value("fund_share_of_gap"))
    debt[roc], fund[roc] = debt_part * rest, (1.0 - debt_part) * rest
    land = of_province("land_revenue_ratio")[province] * domestic
    land[roc] = (p.value("national_land_revenue") - (land * revenue)[cities].sum()) / revenue[roc]
    population = world.resident_population * domestic
    in_province = population / np.maximum((population @ member)[province], 1e-300) * domestic
    stock = of_province("debt_revenue_ratio")[province] * revenue
    p_stock = of_province("debt_revenue_ratio") * p_revenue

    central = (world.value_added @ taxes.central)[domestic].sum() - transfer.sum() - p_transfer.sum()
    if central <= 0.0:
        raise InputError(
            f"central taxes of the base year do not cover the transfers: {central:.1f} would be left for the centre",
            file="parameters.csv",
            key="national_transfers",
        )
    interest = p.value("interest_rate") * (stock.sum() + p_stock.sum())
    infrastructure, earmarked = p.value("infrastructure_share"), p.value("land_infrastructure_share")
    outlays = spending.sum() + p_spending.sum()
    land_services = (1.0 - earmarked) * (land * revenue).sum()
    services = p.value("government_share") * nv - central - land_services + interest
    cash = 1.0 - infrastructure - services / outlays
    if not 0.0 <= cash < 1.0 - infrastructure:
        raise InputError(
            f"government spending cannot be split: cash transfers would be {cash:.3f} of budget spending",
            file="parameters.csv",
            key="government_share",
            allowed="a share that the budgets can reach",
        )
    rules = Budgets(
        cut=cut,
        other_rate=np.where(domestic, (revenue - (1.0 - cut) * local) / np.maximum(gdp, 1e-300), 0.0),
        province_levy=levy[province] * domestic,
        land_ratio=land,
        transfer=transfer / nv,
        debt=debt / nv,
        fund=fund / nv,
        p_transfer=p_transfer / nv,
        p_debt=p_debt / nv,
        p_fund=p_fund / nv,
        cash_share=float(cash),
        saving_rate=0.0,  # set by calibrate(), once incomes are known
        in_province=in_province,
        in_nation=population / population.sum(),
        investment_share=_investment_share(world, land * revenue, spending, in_province * p_spending[province]),
    )
    return rules, stock, p_stock


def _investment_share(world: World, land: FloatArray, spending: FloatArray, from_province: FloatArray) -> FloatArray:
    """phi0 [region, sector]: private investment by place from provincial investment rates, by capital within it.

    The rates fix only where investment goes; how much there is follows from saving.
    """
    p = world.parameters
    gdp = world.value_added.sum(axis=1)
    public = p.value("infrastructure_share") * (spending + from_province)
    public += p.value("land_infrastructure_share") * land
    rate = p.by_province("investment_rate")[world.province_of]
    total = np.where(np.arange(world.n_regions) < world.n_cities, rate * gdp, 0.0)
    total[world.roc] = p.value("investment_share") * gdp[: world.row].sum() - total.sum()
    private = np.maximum(total - public, p.value("minimum_private_investment") * gdp)
    private[world.row] = 0.0
    within = world.capital / np.maximum(world.capital.sum(axis=1, keepdims=True), 1e-300)
    share = private[:, None] * within
    return np.asarray(share / share.sum())



def _inverted_costs(world: World, log_tau: FloatArray, wall: FloatArray) -> FloatArray:
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


def _balanced_trade(
    world: World, kappa: FloatArray, output: FloatArray, purchases: FloatArray
) -> tuple[FloatArray, FloatArray, int]:
    """u and Phi ``[sector, region]`` of the flows with these margins; Phi averages one in logs, by purchases."""
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
    return u, phi, most


def _world_output(
    world: World, value_added: FloatArray, purchases: FloatArray, final: FloatArray
) -> FloatArray:
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


def calibrate(world: World) -> BaseYear:
    """Calibrate the base year; see the module's head for the order.

    Raises:
        InputError: the data cannot be one equilibrium (negative output abroad, budgets that cannot be split).
        EquilibriumError: trade flows could not be balanced.
    """
    started = time.perf_counter()
    _check_stocks(world)
    taxes = tax_rates(world)
    rules, debt, province_debt = budgets(world, taxes)
    log_tau, border = log_trade(world), border_today(world)
    theta = world.parameters.by_sector("trade_elasticity")
    beta = world.parameters.by_sector("provincial_border")
    wall = theta[:, None, None] * np.log1p(border.T * np.expm1(beta[:, None, None] / theta[:, None, None]))
    base = _blank(world, taxes, rules, _inverted_costs(world, log_tau, wall), border)
    _base_stocks(base, debt, province_debt, taxes)
    base, accounts, spending = _spending(base)
    kappa = np.exp(base.log_trade - wall)
    u, phi, sweeps = _balanced_trade(world, kappa, base.state.value_added / base.value_added_share, spending)
    base = _priced(base, u, phi, spending, accounts)
    notes = {"seconds": time.perf_counter() - started, "balancing_sweeps": float(sweeps), **_scaled(world, taxes, base)}
    return replace(base, notes=notes)


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


def _blank(world: World, taxes: TaxRates, rules: Budgets, log_tau: FloatArray, border: FloatArray) -> BaseYear:
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
        border=p.by_sector("provincial_border"),
        admin_barrier=border,
        taxes=taxes,
        budgets=rules,
        wedge=zero,
        wage_wedge=zero,
        state=State.allocate(world.base_year, n, n_sectors, n_provinces),
        notes={},
    )


def _base_stocks(base: BaseYear, debt: FloatArray, province_debt: FloatArray, taxes: TaxRates) -> None:
    """Write the stocks of the base year into its state."""
    world, state = base.world, base.state
    state.value_added[:] = world.value_added
    state.labour[:] = world.labour
    state.resident_population[:] = world.resident_population
    state.registered_population[:] = world.registered_population
    state.debt[:] = debt
    state.province_debt[:] = province_debt
    state.investment_share[:] = base.budgets.investment_share
    state.cumulated_saving[:] = world.value_added @ (taxes.labour_share + taxes.capital_share)
    state.national[0] = world.value_added[: world.row].sum()
    state.national[5] = 1.0


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
    output = _world_output(world, state.value_added, spending, uses[row] @ base.mix)
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
        log_price=log_price,
        log_access=log_access(sales, u),
        wedge=np.where(returns > 0.0, returns / mean, 1.0),
        wage_wedge=np.divide(wage, mean_wage, out=np.ones_like(wage), where=wage > 0.0),
    )


def _check_returns(world: World, returns: FloatArray, made: FloatArray) -> None:
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
        "vat_scale": float((taxes.vat.sum() / world.parameters.by_sector("vat_rate").sum())),
        "saving_rate": base.budgets.saving_rate,
        "cash_share": base.budgets.cash_share,
        "public_capital_share": float(state.public_capital.sum() / world.capital.sum()),
        "capital_output_ratio": float(world.capital.sum() / state.national[0]),
    }
