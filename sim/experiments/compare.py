"""Two runs beside each other: every quantity in both, the change, and what they were told differently."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.experiments.run import Run, load
from sim.experiments.tables import KEYS

if TYPE_CHECKING:
    import pandas as pd

PER_CENT = 100.0  # unit: change_pct


@dataclass(frozen=True, eq=False)
class Comparison:
    """What changes from run ``a`` to run ``b``.

    The tables are long: the keys of the result table, ``quantity`` (a column of it) and then a, b, change = b - a and
    change_pct, which is empty where a is zero. Rows that only one run has have empty cells.
    """

    a: Run
    b: Run

    @cached_property
    def cities(self) -> pd.DataFrame:
        """year, region, name, quantity, a, b, change, change_pct."""
        table = self._quantities("cities")
        labels = {**self.a.labels["regions"], **self.b.labels["regions"]}
        names = {region: label["name_en"] for region, label in labels.items()}
        table.insert(2, "name", table["region"].map(names))
        return table

    @cached_property
    def sectors(self) -> pd.DataFrame:
        """year, region, sector, quantity, a, b, change, change_pct."""
        return self._quantities("sectors")

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """year, indicator, scope, place, a, b, change, change_pct."""
        keys = [column.name for column in KEYS["indicators"]]
        first, second = (run.indicators.set_index(keys)["value"] for run in (self.a, self.b))
        return _changes(first, second)

    @cached_property
    def config(self) -> pd.DataFrame:
        """key, a, b: what the runs were told differently; data and version are in it when they differ."""
        import pandas as pd

        first, second = (_told(run) for run in (self.a, self.b))
        keys = [key for key in dict.fromkeys((*first, *second)) if first.get(key) != second.get(key)]
        rows = [(key, _shown(first.get(key)), _shown(second.get(key))) for key in keys]
        return pd.DataFrame(rows, columns=["key", "a", "b"])

    def city(self, quantity: str, year: int) -> pd.DataFrame:
        """One quantity in one year, cities only, largest relative gain first."""
        cities = {*self.a.city_ids, *self.b.city_ids}
        rows = self.cities[(self.cities["quantity"] == quantity) & (self.cities["year"] == year)]
        rows = rows[rows["region"].isin(cities)]
        return rows.sort_values("change_pct", ascending=False, ignore_index=True)

    def _quantities(self, name: str) -> pd.DataFrame:
        keys = [column.name for column in KEYS[name]]
        first, second = (run.frame(name).set_index(keys).rename_axis(columns="quantity") for run in (self.a, self.b))
        return _changes(_stacked(first), _stacked(second))


def compare(a: Run | str | Path, b: Run | str | Path) -> Comparison:
    """Compare two runs: run objects, run folders, or scenarios whose latest run is meant."""
    first, second = (run if isinstance(run, Run) else load(run) for run in (a, b))
    return Comparison(first, second)


def _stacked(table: pd.DataFrame) -> pd.Series[float]:
    import pandas as pd

    stacked = table.stack()
    return stacked if isinstance(stacked, pd.Series) else stacked.iloc[:, 0]


def _changes(a: pd.Series[float], b: pd.Series[float]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame({"a": a, "b": b}) if a.index.equals(b.index) else pd.concat([a, b], axis=1, keys=["a", "b"])
    before, after = table["a"].to_numpy(), table["b"].to_numpy()
    table["change"] = after - before
    size = np.abs(before)
    blank = np.full_like(after, np.nan)
    table["change_pct"] = np.divide(PER_CENT * (after - before), size, out=blank, where=size > 0.0)
    return table.reset_index()


def _told(run: Run) -> dict[str, object]:
    about = {"data.hash": run.info["data"]["hash"], "version": run.info["version"]}
    return {**run.config.flat(), **about}


def _shown(value: object) -> str:
    return "" if value is None else str(value)
