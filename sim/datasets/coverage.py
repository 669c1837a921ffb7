"""How well the data are known: by table, the share of data cells sourced, derived, recalled, imputed, judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sim.datasets.schema import STATUSES, TABLES, Table

if TYPE_CHECKING:
    from sim.datasets.world import World


def coverage(world: World) -> pd.DataFrame:
    """One row per table and status, then `all` tables: table, status, cells, share (of the table's cells).

    A cell is a filled value in a measured column; identifiers, names, ranges and words are not counted. Every status
    appears for every table that carries one, with 0 cells where it does not occur.
    """
    counts = [_count(table, world.tables[name]) for name, table in TABLES.items() if _counted(table, world)]
    every = pd.DataFrame(counts).T if not counts else pd.DataFrame(counts)
    every.loc["all"] = every.sum()
    long = every.rename_axis("table").reset_index().melt("table", var_name="status", value_name="cells")
    long["cells"] = long["cells"].astype("int64")
    total = long.groupby("table")["cells"].transform("sum")
    long["share"] = long["cells"] / total.where(total > 0, 1)
    order = {name: position for position, name in enumerate([*TABLES, "all"])}
    return long.sort_values("table", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _counted(table: Table, world: World) -> bool:
    has_status = any(column.name == "status" for column in table.columns)
    return has_status and table.name in world.tables and any(column.measured for column in table.columns)


def _count(table: Table, frame: pd.DataFrame) -> pd.Series:
    measured = [column.name for column in table.columns if column.measured]
    cells = frame[measured].notna().sum(axis=1).groupby(frame["status"]).sum()
    return cells.reindex(list(STATUSES), fill_value=0).rename(table.name)
