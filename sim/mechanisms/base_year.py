"""The calibrated base year: what calibration finds once and every phase of every run reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import State

if TYPE_CHECKING:
    from sim.datasets.world import World


@dataclass(frozen=True, eq=False)
class TaxRates:
    """Uniform marginal tax rates per unit of value added by sector; all ``[sector]`` (MODEL.md section 4, Tax)."""

    labour_share: FloatArray  # wages per unit of value added, production tax taken out
    capital_share: FloatArray  # gross capital income per unit of value added
    depreciation_share: FloatArray
    production_tax: FloatArray
    vat: FloatArray
    consumption_tax: FloatArray
    surcharge: FloatArray
    other_production_tax: FloatArray
    corporate_tax: FloatArray
    personal_tax: FloatArray
    local: FloatArray
    central: FloatArray


@dataclass(frozen=True, eq=False)
class Budgets:
    """Budget rules of the base year, ``[region]`` or ``[province]``; amounts are shares of national value added."""

    cut: FloatArray
    other_rate: FloatArray
    province_levy: FloatArray
    land_ratio: FloatArray
    transfer: FloatArray
    debt: FloatArray
    fund: FloatArray
    p_transfer: FloatArray
    p_debt: FloatArray
    p_fund: FloatArray
    cash_share: float
    saving_rate: float
    in_province: FloatArray
    in_nation: FloatArray
    investment_share: FloatArray  # phi0 [region, sector], sums to one


@dataclass(frozen=True, eq=False)
class Settlement:
    """Who lives where and why, as calibration finds it; places are the cities and the rest of the country."""

    away: FloatArray  # [registered, living] people away from where they are registered
    amenity: FloatArray  # [place] log attraction that is not wages, services or crowding
    leaving: FloatArray  # [place] c0, what leaving costs, log points of people
    pair: FloatArray  # [from, to] what observed moves say the way costs besides, log points of people; else 0


@dataclass(frozen=True, eq=False)
class BaseYear:
    """Everything that calibration fixes. ``state`` is the base year itself, complete, as the first record shows it."""

    world: World
    province: IntArray  # [region]; the rest of the country has an index of its own
    n_provinces: int
    capital_share: FloatArray  # [sector] a
    elasticity: FloatArray  # [sector] theta
    value_added_share: FloatArray  # [sector] b
    input_share: FloatArray  # [input, sector] g
    mix: FloatArray  # [consumption | investment | government, sector]
    world_use_share: FloatArray  # [3] split of the world's spending
    world_factor: FloatArray  # [sector] the world's composite factor
    log_price: FloatArray  # [region, sector] of the base year
    log_access: FloatArray  # [region, sector] market access of the base year
    log_trade: FloatArray  # [sector, destination, origin] -theta log tau without provincial borders
    kappa: FloatArray  # [sector, destination, origin] tau^-theta at today's borders
    border: FloatArray  # [sector] beta
    admin_barrier: FloatArray  # [origin, destination] today's provincial borders
    taxes: TaxRates
    budgets: Budgets
    settlement: Settlement
    services: FloatArray  # [region] public services of the base year, 100 million yuan
    wedge: FloatArray  # [region, sector] return relative to the mean
    wage_wedge: FloatArray  # [region, sector] wage relative to the region's mean
    state: State
    notes: dict[str, float]  # what was scaled, how long it took


def factor_bundle(state: State, base: BaseYear) -> FloatArray:
    """``F = K^a L^(1-a) [region, sector]``; the world's composite factor is base-year value added times its growth."""
    a = base.capital_share
    bundle = state.capital**a * state.labour ** (1.0 - a)
    row = base.world.row
    bundle[row] = base.world_factor * state.national[5]
    return bundle
