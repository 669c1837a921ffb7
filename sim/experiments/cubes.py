"""The tables of a run as one labelled dataset of cubes (xarray), units and meanings as attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim import __version__
from sim.experiments.tables import KEYS, NO_SECTOR, VALUES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sim.core.arrays import FloatArray
    from sim.experiments.run import Run

BY_SECTOR = "_by_sector"
"""Ends the names of cubes with a sector axis, which the cities table has without it under the plain name."""


def dataset(run: Run) -> xr.Dataset:
    """Cubes [year, region], [year, region, sector] and, for flows, [year, sector, origin, destination].

    Flows of the kind saving have no sector. A flow that is not in the table is zero.
    """
    import xarray as xr

    regions, sectors = list(run.labels["regions"]), list(run.labels["sectors"])
    years = sorted(set(run.cities["year"]))
    axes = {"year": years, "region": regions, "sector": sectors, "origin": regions, "destination": regions}
    cubes: dict[str, Any] = {}
    for table, ending in (("cities", ""), ("sectors", BY_SECTOR)):
        dims = [column.name for column in KEYS[table]]
        frame = run.frame(table)
        for column in VALUES[table]:
            cube = _cube(frame, dims, axes, column.name)
            cubes[column.name + ending] = (dims, cube, {"units": column.unit, "long_name": column.meaning})
    flows, about = run.flows, VALUES["flows"][0]
    for kind in ("trade", "relocated_capital", "saving"):
        dims = ["year", "origin", "destination"] if kind == "saving" else ["year", "sector", "origin", "destination"]
        part = flows[flows["kind"] == kind]
        cube = _cube(part[part["sector"] != NO_SECTOR] if "sector" in dims else part, dims, axes, "amount")
        cubes[kind] = (dims, cube, {"units": about.unit, "long_name": about.meaning})
    cubes["region_name"] = ("region", [str(label["name_en"]) for label in run.labels["regions"].values()])
    cubes["sector_name"] = ("sector", [str(label["name_en"]) for label in run.labels["sectors"].values()])
    attributes = {"title": run.config.title, "source": f"deltasim {__version__}", "command": run.info["command"]}
    return xr.Dataset(cubes, coords=axes, attrs={**attributes, "data_hash": run.info["data"]["hash"]})


def _cube(frame: pd.DataFrame, dims: list[str], axes: dict[str, list[Any]], column: str) -> FloatArray:
    """A long table as a cube over these axes, zero where it has no row."""
    import pandas as pd

    cube = np.zeros([len(axes[dim]) for dim in dims])
    places = tuple(pd.Index(axes[dim]).get_indexer(pd.Index(frame[dim])) for dim in dims)
    cube[places] = frame[column].to_numpy()
    return cube
