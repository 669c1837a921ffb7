"""How the cells of a data set that nobody publishes are filled: pure functions on arrays, no files, no paths.

Question answered: given official totals (three sectors by city, national accounts, census, fixed investment, house
prices), what are value added, employment, capital, land prices and land by city and sector? Every rule keeps the
official totals it starts from. Units: money 100 million yuan, people 10,000 persons, land km2 and yuan per m2.
Data by place and sector are [region, sector]; C cities, S sectors of one official group, P provinces, T years.

Sources: location quotients and iterative proportional fitting (RAS) as in Miller and Blair, Input-Output Analysis,
2nd ed., chapters 7 and 8; perpetual inventory with a steady-state start as in Harberger (1978).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_TOLERANCE = 1e-13
_MAX_SWEEPS = 10_000  # unit: sweeps, far above what any fit needs


def normalise(shares: ArrayLike, axis: int = -1) -> FloatArray:
    """Shares that sum to exactly one along an axis (published ones are rounded)."""
    values = np.asarray(shares, dtype=np.float64)
    total = values.sum(axis=axis, keepdims=True)
    if not (np.isfinite(values).all() and (values >= 0).all() and (total > 0).all()):
        raise ValueError("shares must be finite, not negative and not all zero")
    return np.asarray(values / total, dtype=np.float64)


def renormalise_columns(columns: ArrayLike, tolerance: float) -> FloatArray:
    """Columns [row, column] that sum to one; off by more than the tolerance is an error, rounding is removed."""
    values = np.asarray(columns, dtype=np.float64)
    gap = np.abs(values.sum(axis=0) - 1.0)
    if gap.max() > tolerance:
        raise ValueError(f"column {int(gap.argmax())} sums to one only within {gap.max():.2g}, allowed {tolerance:g}")
    return np.asarray(values / values.sum(axis=0), dtype=np.float64)


def normalise_factors(components: ArrayLike) -> FloatArray:
    """Income components [component, S] as shares of value added; taxes may be negative."""
    values = np.asarray(components, dtype=np.float64)
    return np.asarray(values / values.sum(axis=0), dtype=np.float64)


def fit_margins(seed: ArrayLike, rows: ArrayLike, columns: ArrayLike) -> FloatArray:
    """RAS: the table [row, column] nearest to the seed whose sums are given (iterative proportional fitting).

    Row sums are met exactly, column sums to 1e-13 of the total. The two sets of sums must have one total.
    """
    table = np.array(seed, dtype=np.float64)
    row_sums, column_sums = np.asarray(rows, dtype=np.float64), np.asarray(columns, dtype=np.float64)
    total = row_sums.sum()
    if not np.isclose(total, column_sums.sum(), rtol=1e-9):
        raise ValueError(f"row sums add to {total:g}, column sums to {column_sums.sum():g}")
    for _ in range(_MAX_SWEEPS):
        table *= _ratio(column_sums, table.sum(axis=0))
        table *= _ratio(row_sums, table.sum(axis=1))[:, None]
        if np.abs(table.sum(axis=0) - column_sums).max() <= _TOLERANCE * total:
            return table
    raise ValueError("no table has these sums and the zeros of the seed")


def _ratio(wanted: FloatArray, have: FloatArray) -> FloatArray:
    if ((have <= 0) & (wanted > 0)).any():
        raise ValueError("a row or column of zeros cannot be scaled to a positive sum")
    return np.divide(wanted, have, out=np.zeros_like(wanted), where=have > 0)


def sector_split(
    totals: ArrayLike,
    national_share: ArrayLike,
    province_quotient: ArrayLike,
    city_quotient: ArrayLike,
    province_of: IntArray,
    bounds: tuple[float, float],
) -> FloatArray:
    """Split an official group of every city into its sectors, [C, S].

    totals [C] value added of the group; national_share [S] structure of the group in the nation; province_quotient
    [P, S] share in the province over share in the nation; city_quotient [C, S] share in the city over share in its
    province. The sectors of a province sum to ``total x national share x quotient``, scaled to the province's total;
    inside it cities lean by their own quotient, and RAS keeps both sums. Quotients are clipped to ``bounds``: the
    provincial one, and the product of both, which is the city's against the nation.
    """
    sums, share = np.asarray(totals, dtype=np.float64), normalise(national_share)
    province = np.clip(np.asarray(province_quotient, dtype=np.float64), *bounds)
    city = np.clip(province[province_of] * np.asarray(city_quotient, dtype=np.float64), *bounds)
    split = np.zeros((sums.size, share.size))
    for p in np.unique(province_of):
        members = province_of == p
        sector_sums = sums[members].sum() * normalise(share * province[p])
        split[members] = fit_margins(sums[members, None] * share * city[members], sums[members], sector_sums)
    return split


def effective_quotient(split: FloatArray, national_share: ArrayLike) -> FloatArray:
    """Location quotients [C, S] that a split implies after all sums are kept."""
    return np.asarray(normalise(split) / normalise(national_share), dtype=np.float64)


def construction(gdp: ArrayLike, share_of_gdp: ArrayLike, secondary: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Split secondary value added [C] into construction (provincial share of GDP) and industry (the rest)."""
    building = np.asarray(gdp, dtype=np.float64) * np.asarray(share_of_gdp, dtype=np.float64)
    industry = np.asarray(secondary, dtype=np.float64) - building
    if (industry <= 0).any():
        raise ValueError(f"construction exceeds secondary value added in place {int(industry.argmin())}")
    return building, industry


def rest_of_country(national: ArrayLike, cities: ArrayLike) -> FloatArray:
    """National figure less the cities, by sector; must stay positive."""
    rest = np.asarray(national, dtype=np.float64) - np.asarray(cities, dtype=np.float64).sum(axis=0)
    if (rest <= 0).any():
        raise ValueError(f"the cities exceed the nation in sector {int(rest.argmin())}")
    return np.asarray(rest, dtype=np.float64)


def employment_totals(residents: ArrayLike, working_age_share: ArrayLike, rate: float) -> FloatArray:
    """Employed persons [C]: in proportion to residents of working age, the given rate of all residents together."""
    people = np.asarray(residents, dtype=np.float64)
    able = people * np.asarray(working_age_share, dtype=np.float64)
    return np.asarray(rate * people.sum() * able / able.sum(), dtype=np.float64)


def employment_split(totals: ArrayLike, value_added: FloatArray, workers_per_value_added: ArrayLike) -> FloatArray:
    """Employment [C, S]: the city's total by value added times national workers per value added [S]."""
    need = value_added * np.asarray(workers_per_value_added, dtype=np.float64)
    return np.asarray(np.asarray(totals, dtype=np.float64)[:, None] * normalise(need), dtype=np.float64)


def backcast(level: ArrayLike, growth_percent: ArrayLike) -> FloatArray:
    """Volumes [T+1, C] in the prices of the last year, from its level [C] and growth [T, C] of the T last years."""
    factors = 1.0 + np.asarray(growth_percent, dtype=np.float64) / 100.0
    later = np.cumprod(factors[::-1], axis=0)[::-1]
    return np.vstack([np.asarray(level, dtype=np.float64) / later, np.asarray(level, dtype=np.float64)])


def investment_rates(
    fixed_investment: ArrayLike, gdp: ArrayLike, factor: float, bounds: tuple[float, float]
) -> FloatArray:
    """Investment over GDP [T, C] from the reported fixed-asset investment, scaled and cut."""
    ratio = factor * np.asarray(fixed_investment, dtype=np.float64) / np.asarray(gdp, dtype=np.float64)
    return np.asarray(np.clip(ratio, *bounds), dtype=np.float64)


def perpetual_inventory(investment: ArrayLike, growth: ArrayLike, depreciation: float) -> FloatArray:
    """Capital [C] after the last of T years of investment [T, C] in constant prices.

    ``K(t+1) = (1-delta) K(t) + I(t)``; the first stock is the one that investment of the first year keeps growing
    at the mean growth [C]: ``K(0) = I(0) / (growth + delta)``.
    """
    flows = np.asarray(investment, dtype=np.float64)
    stock = flows[0] / (np.asarray(growth, dtype=np.float64) + depreciation)
    for flow in flows:
        stock = (1.0 - depreciation) * stock + flow
    return np.asarray(stock, dtype=np.float64)


def scale_capital(
    capital: ArrayLike, gdp: ArrayLike, province_of: IntArray, province_ratio: ArrayLike, overall: float
) -> FloatArray:
    """Capital [C] with given capital over GDP by province [P], these scaled by one factor to the overall ratio."""
    stock, output = np.asarray(capital, dtype=np.float64), np.asarray(gdp, dtype=np.float64)
    ratio = np.asarray(province_ratio, dtype=np.float64)
    wanted = ratio * np.bincount(province_of, output, ratio.size)
    wanted *= overall * output.sum() / wanted.sum()
    return np.asarray(stock * (wanted / np.bincount(province_of, stock, ratio.size))[province_of], dtype=np.float64)


def capital_income_share(
    labour: ArrayLike, tax: ArrayLike, is_primary: NDArray[np.bool_], labour_cap: float
) -> FloatArray:
    """Capital income over value added [S]: a (1 - t), a = 1 - labour share at factor cost, capped in agriculture."""
    net = 1.0 - np.asarray(tax, dtype=np.float64)
    share = np.asarray(labour, dtype=np.float64) / net
    return np.asarray((1.0 - np.where(is_primary, np.minimum(share, labour_cap), share)) * net, dtype=np.float64)


def capital_split(totals: ArrayLike, value_added: FloatArray, income_share: ArrayLike) -> FloatArray:
    """Capital [C, S] in proportion to capital income, so that base-year returns differ by place only."""
    income = value_added * np.asarray(income_share, dtype=np.float64)
    return np.asarray(np.asarray(totals, dtype=np.float64)[:, None] * normalise(income), dtype=np.float64)


def land_prices(
    house_price: ArrayLike, province_of: IntArray, province_price: ArrayLike, is_anchor: NDArray[np.bool_]
) -> FloatArray:
    """Industrial land price [C]: house prices scaled so that a province's anchor cities have its industrial price."""
    houses, price = np.asarray(house_price, dtype=np.float64), np.asarray(province_price, dtype=np.float64)
    anchors = np.bincount(province_of, houses * is_anchor, price.size) / np.bincount(province_of, is_anchor, price.size)
    return np.asarray(houses * (price / anchors)[province_of], dtype=np.float64)
