"""The baseline against what happened: real GDP of every city since the base year, beside the naive forecast.

The naive forecast lets every city keep its share of the nation: it grows as the nation does. The observed level is the
base year's GDP times the published real growth rates, so revisions of nominal GDP do not enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from sim.datasets.world import World
    from sim.experiments.run import Run

OBSERVED = "gdp_growth_real"
"""Variable of region_values.csv: real growth of a city's GDP, per cent a year."""

PER_CENT = 100.0  # unit: errors are shown in per cent


@dataclass(frozen=True, eq=False)
class Backtest:
    """One row per year and city: real GDP of the model, observed and naive, and both errors in per cent."""

    table: pd.DataFrame

    @cached_property
    def summary(self) -> pd.DataFrame:
        """By year: error of the region's total and the median and largest error of its cities, model and naive."""
        import pandas as pd

        rows = {}
        for year, part in self.table.groupby("year"):
            total = part[["model", "observed", "naive"]].sum()
            error, naive = part["error"].abs(), part["naive_error"].abs()
            rows[year] = {
                "region_error": PER_CENT * (total["model"] / total["observed"] - 1.0),
                "region_naive_error": PER_CENT * (total["naive"] / total["observed"] - 1.0),
                "median_error": error.median(),
                "median_naive_error": naive.median(),
                "largest_error": error.max(),
                "largest_naive_error": naive.max(),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def backtest(run: Run, world: World) -> Backtest:
    """Compare a baseline run with the observed growth of its cities.

    Raises:
        InputError: no city has observed growth in a year of the run.
    """
    import pandas as pd

    cities = list(world.region_ids[: world.n_cities])
    growth = observed_growth(world)
    years = [year for year in growth.columns if year in set(run.cities["year"])]
    if not years:
        raise InputError(f"no observed {OBSERVED} after {world.base_year}", file="region_values.csv")
    model = run.cities.pivot(index="region", columns="year", values="real_gdp")
    nation = model.loc[[*cities, "ROC"]].sum()
    known = growth[years].dropna().index
    base = model.loc[known, world.base_year]
    observed = (1.0 + growth.loc[known, years] / PER_CENT).cumprod(axis=1).mul(base, axis=0)
    naive = pd.DataFrame(np.outer(base, nation[years] / nation[world.base_year]), index=known, columns=years)
    parts = {"model": model.loc[known, years], "observed": observed, "naive": naive}
    table = pd.DataFrame({name: part.T.stack() for name, part in parts.items()})
    table["error"] = PER_CENT * (table["model"] / table["observed"] - 1.0)
    table["naive_error"] = PER_CENT * (table["naive"] / table["observed"] - 1.0)
    return Backtest(table.rename_axis(["year", "region"]).reset_index())


def observed_growth(world: World) -> pd.DataFrame:
    """Published real growth of the cities after the base year, per cent ``[region, year]``; no gap before a year."""
    panel = world.observed[world.observed["variable"] == OBSERVED]
    table = panel.pivot(index="region_id", columns="year", values="value")
    table = table.reindex(list(world.region_ids[: world.n_cities]))
    first = world.base_year + 1
    known = [year for year in (int(str(name)) for name in table.columns) if year >= first]
    return table[[year for year in known if year - first == known.index(year)]]
