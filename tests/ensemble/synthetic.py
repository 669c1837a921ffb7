"""Studies whose answer is known: a folder as `sim sweep` leaves it, written from tables instead of from runs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from sim import __version__
from sim.config import RunConfig
from sim.experiments.ensemble import parts
from sim.experiments.ensemble.factors import POSITION, Factor
from sim.experiments.ensemble.plan import KEYS, REPLICATE, RUN, STRUCTURE, WORLD, Plan, Structure
from sim.experiments.ensemble.spec import StudySpec
from sim.experiments.ensemble.study import INDICATOR_KEYS, Study

YEAR = 2030


def factor_of(name: str, column: pd.Series, *, lever: bool) -> Factor:
    """A lever or a text takes the values it has; a number of the world is drawn between its ends."""
    role = "lever" if lever else "uncertainty"
    if lever or not pd.api.types.is_numeric_dtype(column):
        return Factor(name, role, options=tuple(column.dropna().unique().tolist()))
    low, high = float(column.min()), float(column.max())
    key = name.removesuffix(POSITION)
    rows = {f"{key}.A": (0.1, 0.2), f"{key}.B": (0.3, 0.5)} if name.endswith(POSITION) else None
    return Factor(key, role, low=low, high=high, rows=rows)


def indicator_table(outcomes: pd.DataFrame, failed: Collection[int]) -> pa.Table:
    """run, year, scope, place, then the outcomes; one row per run means the region in `YEAR`."""
    if RUN not in outcomes:
        keys = {RUN: np.arange(len(outcomes)), "year": YEAR, "scope": "region", "place": "region"}
        outcomes = outcomes.reset_index(drop=True).assign(**keys)
    rows = outcomes.loc[~outcomes[RUN].isin(list(failed))]
    names = [*INDICATOR_KEYS, *rows.columns.drop(list(INDICATOR_KEYS))]
    table = pa.Table.from_pandas(rows[names], preserve_index=False)
    for name in ("scope", "place"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].dictionary_encode())
    return table


def synthetic_study(
    folder: Path,
    settings: pd.DataFrame,
    outcomes: pd.DataFrame | Mapping[str, Sequence[float]],
    *,
    levers: Collection[str] = (),
    factors: Sequence[Factor] | None = None,
    failed: Collection[int] = (),
) -> Study:
    """Write a finished study and open it.

    Args:
        folder: where; it is made.
        settings: a column per factor and a row per run; columns world and replicate are taken as such, otherwise runs
            of the same uncertainties are one world.
        outcomes: a column per indicator and a row per run, or the whole table of indicators (run, year, scope, place).
        levers: columns that are ours to set; the others are uncertainties.
        factors: instead of those made from the columns.
        failed: runs that did not finish.
    """
    names = [str(name) for name in settings.columns if name not in KEYS]
    made = [factor_of(name, settings[name], lever=name in levers) for name in names] if factors is None else factors
    theirs = [factor.name for factor in made if factor.role == "uncertainty"]
    worlds = settings.groupby(theirs, sort=False, dropna=False).ngroup().to_numpy() if theirs else 0
    given = {RUN: np.arange(len(settings)), STRUCTURE: 0, WORLD: worlds, REPLICATE: 0}
    cases = settings.reset_index(drop=True).assign(**{k: v for k, v in given.items() if k not in settings})
    structure = Structure(RunConfig.judge({"scenario": "test", "horizon": YEAR}), None, ())
    plan = Plan(StudySpec(scenario="test"), tuple(made), (structure,), cases[[*KEYS, *names]])
    status = np.where(cases[RUN].isin(list(failed)), "failed", "ok")
    more = {"seed": 1, "status": status, "error": "", "warning": "", "seconds": 0.0}
    runs = cases.drop(columns=STRUCTURE).assign(**more)

    for name in ("runs", "indicators", parts.RECEIPTS):
        (folder / name).mkdir(parents=True)
    for name, data in plan.write(folder).items():
        parts.write_whole(folder / name, data)
    found = {"runs": pa.Table.from_pandas(runs, preserve_index=False)}
    found["indicators"] = indicator_table(pd.DataFrame(outcomes), failed)
    parts.write(folder, 0, plan.digest, found)
    manifest = {
        "state": "finished",
        "scenario": "test",
        "title": "",
        "runs": len(plan),
        "worlds": int(cases[WORLD].nunique()),
        "replications": 1,
        "factors": [factor.name for factor in made],
        "digest": plan.digest,
        "data_hash": "",
        "version": __version__,
        "shard_size": len(plan),
        "seed": 1,
        "status": {"ok": len(plan) - len(failed), "failed": len(failed)},
        "seconds": {"wall": 0.0},
    }
    parts.write_whole(folder / parts.MANIFEST, json.dumps(manifest).encode())
    return Study(folder)
