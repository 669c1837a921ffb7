"""Taxes and budgets of the base year from the fiscal data (MODEL.md section 4, Tax; section 3, closure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.errors import InputError
from sim.mechanisms.base_year import Budgets, TaxRates

if TYPE_CHECKING:
    from sim.core.arrays import BoolArray, FloatArray, IntArray
    from sim.datasets.world import World


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


@dataclass(frozen=True)
class _Levels:
    """Revenue and spending of the base year by level of government, 100 million yuan."""

    domestic: BoolArray  # [region]
    province: IntArray  # [region]
    member: BoolArray  # [region, province]
    revenue: FloatArray  # [region]
    spending: FloatArray
    p_revenue: FloatArray  # [province]
    p_spending: FloatArray
    cut: FloatArray  # [region] province's part of local tax
    debt_ratio: FloatArray  # [province]
    land_ratio: FloatArray  # [region]


def _levels(world: World) -> _Levels:
    """What cities take and spend is in the data; provinces hold the difference to the provincial totals."""
    p = world.parameters
    n_provinces = world.n_provinces + 1
    province = np.minimum(world.province_of, n_provinces - 1)
    domestic = np.arange(world.n_regions) < world.row
    member = (province[:, None] == np.arange(n_provinces)) & domestic[:, None]
    above = {key: p.by_province(f"provincial_{key}_factor")[:n_provinces].copy() for key in ("revenue", "spending")}
    for factor in above.values():
        factor[-1] = 1.0  # the rest of the country's figures include its provinces
    revenue, spending = world.own_revenue * domestic, world.public_spending * domestic
    land = p.by_province("land_revenue_ratio")[:n_provinces][province] * domestic
    land[world.roc] = (p.value("national_land_revenue") - (land * revenue)[: world.n_cities].sum()) / revenue[world.roc]
    return _Levels(
        domestic=domestic,
        province=province,
        member=member,
        revenue=revenue,
        spending=spending,
        p_revenue=(above["revenue"] - 1.0) * (revenue @ member),
        p_spending=(above["spending"] - 1.0) * (spending @ member),
        cut=(1.0 - 1.0 / above["revenue"])[province] * domestic,
        debt_ratio=p.by_province("debt_revenue_ratio")[:n_provinces],
        land_ratio=land,
    )


def budgets(world: World, taxes: TaxRates) -> tuple[Budgets, FloatArray, FloatArray]:
    """Budget rules such that the base year's revenue and spending come out; also base-year debt by city and province.

    Raises:
        InputError: the centre could not pay for its own services (its part of taxes is below the transfers), or
            government spending cannot be split as the parameters ask.
    """
    levels = _levels(world)
    gdp = np.where(levels.domestic, world.value_added.sum(axis=1), 0.0)
    nv = gdp.sum()
    local = np.where(levels.domestic, world.value_added @ taxes.local, 0.0)
    transfer, debt, fund = _split_gap(world, levels.spending - levels.revenue)
    p_transfer, p_debt, p_fund = _split_gap(world, levels.p_spending - levels.p_revenue)
    _rest_of_country(world, levels, p_transfer, transfer, debt, fund)
    central = (world.value_added @ taxes.central)[levels.domestic].sum() - transfer.sum() - p_transfer.sum()
    unexplained = levels.revenue - (1.0 - levels.cut) * local
    p_unexplained = levels.p_revenue - (levels.cut * local) @ levels.member
    stock, p_stock = levels.debt_ratio[levels.province] * levels.revenue, levels.debt_ratio * levels.p_revenue
    population = world.resident_population * levels.domestic
    in_province = population / np.maximum((population @ levels.member)[levels.province], 1e-300)
    from_province = in_province * levels.p_spending[levels.province]
    rules = Budgets(
        cut=levels.cut,
        other_rate=unexplained / np.maximum(gdp, 1e-300),
        province_levy=(p_unexplained / (gdp @ levels.member))[levels.province] * levels.domestic,
        land_ratio=levels.land_ratio,
        transfer=transfer / nv,
        debt=debt / nv,
        fund=fund / nv,
        p_transfer=p_transfer / nv,
        p_debt=p_debt / nv,
        p_fund=p_fund / nv,
        cash_share=_cash_share(world, levels, central, float(stock.sum() + p_stock.sum())),
        saving_rate=0.0,  # set once incomes are known
        in_province=in_province,
        in_nation=population / population.sum(),
        investment_share=_investment_share(world, levels.land_ratio * levels.revenue, levels.spending, from_province),
    )
    return rules, stock, p_stock


def _rest_of_country(
    world: World, levels: _Levels, p_transfer: FloatArray, transfer: FloatArray, debt: FloatArray, fund: FloatArray
) -> None:
    """The rest of the country's transfers are the national total less the region's; the rest of its gap is borrowed."""
    p, roc = world.parameters, world.roc
    transfer[roc] = p.value("national_transfers") - transfer[: world.n_cities].sum() - p_transfer.sum()
    rest = levels.spending[roc] - levels.revenue[roc] - transfer[roc]
    loans, savings = p.value("debt_share_of_gap"), p.value("fund_share_of_gap")
    borrowed = loans / (loans + savings) if loans + savings > 0.0 else 1.0  # neither elsewhere: it still has a gap
    debt[roc], fund[roc] = borrowed * rest, (1.0 - borrowed) * rest


def _cash_share(world: World, levels: _Levels, central: float, debt: float) -> float:
    """Share of budget spending paid to households in cash, such that government consumption is its share of GDP."""
    p = world.parameters
    if central <= 0.0:
        raise InputError(
            f"central taxes of the base year do not cover the transfers: {central:.1f} would be left for the centre",
            file="parameters.csv",
            key="national_transfers",
        )
    land = (1.0 - p.value("land_infrastructure_share")) * (levels.land_ratio * levels.revenue).sum()
    nv = world.value_added[: world.row].sum()
    services = p.value("government_share") * nv - central - land + p.value("interest_rate") * debt
    most = 1.0 - p.value("infrastructure_share")
    cash = float(most - services / (levels.spending.sum() + levels.p_spending.sum()))
    if not 0.0 <= cash < most:
        raise InputError(
            f"government spending cannot be split: cash transfers would be {cash:.3f} of budget spending",
            file="parameters.csv",
            key="government_share",
            allowed="a share that the budgets can reach",
        )
    return cash


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
