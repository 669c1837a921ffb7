"""The result tables of a run as Arrow tables, built straight from its record; every column has its unit and meaning.

Keys first, then one column per quantity. What a column holds is declared once, on `sim.core.state.State`; the names
differ in three places only (`PUBLISHED`). Ids are dictionary-encoded strings, ``year`` an integer, the rest float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sim.core.agreements import POLLUTANTS, RULES
from sim.core.arrays import FloatArray, IntArray
from sim.core.state import BASE_MONEY, EVENTS, FIELDS, MONEY, PEOPLE, SCORE_TERMS
from sim.mechanisms.environment.rivers import Rivers

if TYPE_CHECKING:
    from sim.year import Simulation

PUBLISHED = {"final_expenditure": "expenditure", "cpi": "price_index", "effective_productivity": "productivity"}
"""State field -> its column, where a table has no room for both names."""

NO_SECTOR = "all"
POOL = "pool"
CENTRE = "centre"


@dataclass(frozen=True)
class Column:
    """One column of a result table."""

    name: str
    unit: str
    meaning: str


YEAR = Column("year", "calendar year", "stocks are those at its start, flows those of the whole year")
REGION = Column("region", "id", "city code, ROC (rest of the country) or ROW (rest of the world)")
SECTOR = Column("sector", "id", "sector; 'all' where a flow has none")

_FIRST = {
    "cities": (
        *("gdp", "gni", "real_gdp", "real_income", "real_value_added", "consumption", "investment", "public_spending"),
        *("expenditure", "transfer_net", "price_index", "market_access", "resident_population"),
        *("registered_population", "capital", "labour", "own_revenue", "shared_revenue", "general_transfer", "debt"),
        *("subsidy_rate", "spending_share_services", "spending_share_infrastructure", "spending_share_cash"),
        "attributed_gdp",
    ),
    "sectors": (
        *("value_added", "output", "expenditure", "price_index", "factor_price", "capital", "labour", "productivity"),
    ),
}
_OF_SECTION = ("river", "city", "downstream")
_SUMMED = {
    "capital": Column("capital", BASE_MONEY, "private capital, all sectors"),
    "labour": Column("labour", PEOPLE, "employment, all sectors"),
}
_SPENT = {"services": "city_service", "infrastructure": "city_investment", "cash": "city_cash"}
_SHARES = {
    f"spending_share_{use}": Column(
        f"spending_share_{use}", "1", f"share of {field} in city_service + city_investment + city_cash"
    )
    for use, field in _SPENT.items()
}


def _declared(table: str) -> dict[str, Column]:
    """Columns by name that the state's fields give a table."""
    names = {item.name: PUBLISHED.get(item.name, item.name) for item in FIELDS if item.table == table}
    found = {names[i.name]: Column(names[i.name], i.unit, i.doc) for i in FIELDS if i.name in names}
    return {**found, **_SUMMED, **_SHARES} if table == "cities" else found


def _ordered(table: str) -> tuple[Column, ...]:
    found = _declared(table)
    return tuple(found[name] for name in dict.fromkeys((*_FIRST[table], *found)))


KEYS: dict[str, tuple[Column, ...]] = {
    "cities": (YEAR, REGION),
    "sectors": (YEAR, REGION, SECTOR),
    "flows": (
        YEAR,
        Column("kind", "", "trade, relocated_capital, saving or migrants"),
        SECTOR,
        Column("origin", "id", "region that sells, loses capital, saves, is left"),
        Column("destination", "id", "region that buys, receives capital, invests, is moved to"),
    ),
    "transfers": (
        YEAR,
        Column("payer", "id", "region, province:<id>, centre or pool (savers)"),
        Column("payee", "id", "region, province:<id>, centre or pool (savers)"),
        Column("contract", "", "contract between cities, empty if none"),
        Column(
            "rule",
            "",
            "tax, levy (rebate: what a city's revenue is below uniform tax rates), land, general_transfer, interest, "
            f"subsidy or cash_transfer; under contracts {', '.join(RULES)}",
        ),
        Column("tax", "", "tax that is paid or shared, empty if none"),
        Column("age", "years", "of the contract, or of its capital since the move; 0 for other payments"),
    ),
    "agreements": (
        YEAR,
        Column("agreement", "", "name of the contract"),
        Column("party", "id", "city, province:<id> or centre that decides"),
        Column("event", "", ", ".join(EVENTS)),
    ),
    "sections": (
        YEAR,
        Column("section", "id", "river section, from up to down the rivers"),
        Column("pollutant", "", "what is measured"),
    ),
    "indicators": (
        YEAR,
        Column("indicator", "", "name of the indicator"),
        Column("scope", "", "region, province, city or group"),
        Column("place", "id", "region, a province, a city or a group of cities"),
    ),
}
"""Key columns of every result table."""

VALUES: dict[str, tuple[Column, ...]] = {
    "cities": _ordered("cities"),
    "sectors": _ordered("sectors"),
    "flows": (
        Column(
            "amount",
            f"{MONEY}; relocated_capital: {BASE_MONEY}; migrants: {PEOPLE}",
            "what goes from origin to destination",
        ),
    ),
    "transfers": (
        Column("base", MONEY, "what the rate applies to"),
        Column("rate", "1", "amount over base"),
        Column("amount", MONEY, "paid this year, never negative"),
    ),
    "agreements": (
        Column("expected_gain", "points of its score", "what the party expected; empty where it was not asked"),
        Column("reserve", "points of its score", "what it wanted at least; empty where it was not asked"),
        Column("reason", "", "why"),
        *(
            Column(f"{term}_gain", "points", f"expected gain in {term}, before the party's weights")
            for term in SCORE_TERMS
        ),
    ),
    "sections": (
        Column("river", "name", "river that the section is on"),
        Column("city", "id", "city whose load enters here, which answers for the section"),
        Column("downstream", "id", "next section down the river, empty at the sea"),
        Column("load", "t a year", "what enters here from the city"),
        Column("flow", "t a year", "what passes the section"),
        Column("concentration", "mg/l", "mean of the year"),
        Column("standard", "mg/l", "highest concentration that meets the standard, empty if it is not judged by it"),
        Column("index", "1", "concentration over the standard, empty if there is none; the largest is section_index"),
    ),
    "indicators": (
        Column("value", "of the indicator", "value"),
        Column("target", "of the indicator", "the plan's value for its target year, empty if none"),
        Column("gap", "of the indicator", "how far the value is on the wrong side of the target; negative = surpassed"),
    ),
}
"""Value columns of every result table."""

TABLES = tuple(KEYS)


def columns(table: str) -> tuple[Column, ...]:
    """Keys, then values."""
    return (*KEYS[table], *VALUES[table])


def ids(codes: npt.NDArray[np.integer[Any]], words: Sequence[str]) -> pa.DictionaryArray:
    """Strings given by their position in a list of words."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(list(words), pa.string()))


def plain_strings(table: pa.Table) -> pa.Table:
    """The same table with dictionaries decoded."""
    for position, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            decoded = field.with_type(pa.string())
            table = table.set_column(position, decoded, table.column(position).cast(pa.string()))
    return table


def assemble(table: str, data: Mapping[str, Any]) -> pa.Table:
    """An Arrow table with the declared columns in order, each with unit and meaning in its metadata."""
    arrays, fields = [], []
    for column in columns(table):
        array = data[column.name]
        array = array if isinstance(array, pa.Array) else pa.array(array)
        arrays.append(array)
        fields.append(pa.field(column.name, array.type, metadata={"unit": column.unit, "meaning": column.meaning}))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _axes(sizes: Sequence[int]) -> list[IntArray]:
    """Flat position along every axis of a cube of these sizes."""
    return [axis.ravel() for axis in np.indices(tuple(sizes), dtype=np.int32)]


def _years(model: Simulation) -> IntArray:
    done = model.record.years[: model.record.n_done]
    return np.fromiter(done, dtype=np.int64, count=len(done))


def cities(model: Simulation) -> pa.Table:
    """One row per year and region, the rest of the country and of the world among them."""
    record, years = model.record, _years(model)
    year, region = _axes((len(years), model.world.n_regions))
    data: dict[str, Any] = {"year": years[year], "region": ids(region, model.world.region_ids)}
    for item in FIELDS:
        if item.table == "cities":
            data[PUBLISHED.get(item.name, item.name)] = record[item.name].ravel()
    for name in _SUMMED:
        data[name] = record[name].sum(axis=2).ravel()
    total = np.sum([record[field] for field in _SPENT.values()], axis=0)
    for use, field in _SPENT.items():
        share = np.divide(record[field], total, out=np.zeros_like(total), where=total > 0.0)
        data[f"spending_share_{use}"] = share.ravel()
    return assemble("cities", data)


def sectors(model: Simulation) -> pa.Table:
    """One row per year, region and sector."""
    world, record, years = model.world, model.record, _years(model)
    year, region, sector = _axes((len(years), world.n_regions, world.n_sectors))
    data: dict[str, Any] = {
        "year": years[year],
        "region": ids(region, world.region_ids),
        "sector": ids(sector, world.sector_ids),
    }
    for item in FIELDS:
        if item.table == "sectors":
            data[PUBLISHED.get(item.name, item.name)] = record[item.name].ravel()
    return assemble("sectors", data)


def sections(model: Simulation) -> pa.Table:
    """One row per year, river section and pollutant; none for a data set without rivers."""
    world, record, years = model.world, model.record, _years(model)
    year, section, pollutant = _axes((len(years), world.n_sections, len(POLLUTANTS)))
    flow = record["river_flow"]
    standard = world.river_standard
    concentration = Rivers(model.base).concentration(flow)
    return assemble(
        "sections",
        {
            "year": years[year],
            "section": ids(section, world.section_ids),
            "pollutant": ids(pollutant, POLLUTANTS),
            **{name: ids(section, [str(word) for word in world.rivers[name]]) for name in _OF_SECTION},
            "load": record["river_load"].ravel(),
            "flow": flow.ravel(),
            "concentration": concentration.ravel(),
            "standard": pa.array(standard[section, pollutant], from_pandas=True),
            "index": pa.array((concentration / standard).ravel(), from_pandas=True),
        },
    )


def saving_flows(saving: FloatArray, private_investment: FloatArray, foreign: FloatArray) -> FloatArray:
    """Whose saving finances whose investment ``[year, origin, destination]``: one pool, ``S_o / sum S x IP_d``.

    What the world pays for, ``foreign [year, destination]``, comes from the world, the last origin.
    """
    share = saving / saving.sum(axis=1, keepdims=True)
    financed = share[:, :, None] * (private_investment - foreign)[:, None, :]
    financed[:, -1] += foreign
    return np.asarray(financed)


def flows(model: Simulation) -> pa.Table:
    """Everything that goes from one region to another and is not zero: goods and services, plants, saving."""
    world, record, years = model.world, model.record, _years(model)
    cubes = {
        "trade": record["trade"],
        "relocated_capital": record["relocated_capital"],
        "saving": saving_flows(record["saving"], record["private_investment"], record["foreign_investment"])[:, None],
        "migrants": record["migrants"][:, None],
    }
    parts: list[tuple[npt.NDArray[Any], ...]] = []
    amounts = []
    for kind, cube in enumerate(cubes.values()):
        year, sector, origin, destination = (axis.astype(np.int32) for axis in np.nonzero(cube))
        if cube.shape[1] == 1:
            sector = np.full_like(sector, world.n_sectors)
        parts.append((years[year], np.full_like(sector, kind), sector, origin, destination))
        amounts.append(cube[cube != 0.0])
    year, kinds, sector, origin, destination = (np.concatenate(axis) for axis in zip(*parts, strict=True))
    return assemble(
        "flows",
        {
            "year": year,
            "kind": ids(kinds, list(cubes)),
            "sector": ids(sector, (*world.sector_ids, NO_SECTOR)),
            "origin": ids(origin, world.region_ids),
            "destination": ids(destination, world.region_ids),
            "amount": np.concatenate(amounts),
        },
    )
