"""The cities table by province, metropolitan area or central area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.experiments.tables import VALUES

if TYPE_CHECKING:
    import pandas as pd

_WEIGHTS = {"price_index": "consumption", "investment_price": "investment"}
"""What a mean is weighted by where it is not GDP."""

_SHARE = "spending_share_"
_SPENT = ("city_service", "city_investment", "city_cash")


def by_group(cities: pd.DataFrame, regions: Mapping[str, Mapping[str, Any]], group: str) -> pd.DataFrame:
    """One row per year and group: amounts are summed, indices, rates and prices are means weighted by GDP.

    Cities without a group (outside every metropolitan area) are left out; ``core27`` has the groups core27 and other.
    """
    inside = [region for region, label in regions.items() if label["kind"] == "city" and label.get(group) is not None]
    names = {region: _name(regions[region][group], group) for region in inside}
    table = cities[cities["region"].isin([region for region in inside if names[region]])]
    keys = [table["year"], table["region"].map(names).rename(group)]
    units = {column.name: column.unit for column in VALUES["cities"] if column.name in table}
    summed = [name for name, unit in units.items() if "yuan" in unit and "per" not in unit or "persons" in unit]
    result = table[summed].groupby(keys).sum()
    for name in units:
        if name in summed:
            continue
        if name.startswith(_SHARE):
            field = _SPENT[("services", "infrastructure", "cash").index(name.removeprefix(_SHARE))]
            result[name] = result[field] / result[list(_SPENT)].sum(axis=1)
        else:
            weight = _WEIGHTS.get(name, "gdp")
            result[name] = (table[name] * table[weight]).groupby(keys).sum() / result[weight]
    return result[list(units)].reset_index()


def _name(value: Any, group: str) -> str:
    if group == "core27":
        return "core27" if float(value) == 1.0 else "other"
    return str(value)
