"""Outcomes of a study as a matrix, one column per outcome, year and place; and the tornado: each factor alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from sim.experiments.ensemble.plan import RUN, encoded
from sim.experiments.sensitivity.design import moves

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.experiments.ensemble.factors import Factor
    from sim.experiments.ensemble.study import Study


class Output(NamedTuple):
    """One number of every run."""

    outcome: str
    year: int
    scope: str
    place: str


@dataclass(frozen=True)
class Sample:
    """The settings of a study and what they gave.

    Attributes:
        factors: what varies.
        settings: a column per factor, a row per setting.
        points: where they stand in the unit cube ``[setting, factor]``, if they were designed here.
        outputs: the columns of ``values``.
        values: ``[setting, output]``.
        block: settings that were drawn together.
        is_path: whether a block moves one factor (or group) after the other.
    """

    factors: Sequence[Factor]
    settings: pd.DataFrame
    points: FloatArray | None
    outputs: Sequence[Output]
    values: FloatArray
    block: int
    is_path: bool

    def of(self, output: Output) -> FloatArray:
        """The values of one output."""
        return self.values[:, list(self.outputs).index(output)]


COLUMNS = [*Output._fields, "factor", "low", "centre", "high", "low_at", "high_at"]


def outputs_of(
    study: Study, outcomes: Sequence[str], years: Sequence[int], scopes: Sequence[str], repeats: int = 1
) -> tuple[list[Output], FloatArray]:
    """What the runs found ``[setting, output]``, NaN where a run did not finish.

    Args:
        study: the runs.
        outcomes: indicators; those that a place does not have are left out there.
        years: of the outputs.
        scopes: of the places.
        repeats: replications of every setting, one after the other in the plan; they are averaged.

    Raises:
        InputError: the study did not keep an outcome, or a part is damaged.
    """
    from pyarrow import dataset as ds

    names = list(dict.fromkeys(outcomes))
    table = study.table("indicators", [RUN, "year", "scope", "place", *names], ds.field("year").isin(list(years)))
    table = table[table["scope"].isin(list(scopes))]
    wide = table.pivot(index=RUN, columns=["scope", "place", "year"], values=names).reindex(range(len(study)))
    wide = wide.dropna(axis="columns", how="all")
    columns = wide.columns.to_frame(index=False).itertuples(index=False)
    known = [Output(str(name), int(year), str(scope), str(place)) for name, scope, place, year in columns]
    ranks = {name: rank for rank, name in enumerate((*names, *scopes))}
    order = sorted(range(len(known)), key=lambda i: (ranks[known[i].outcome], known[i].year, ranks[known[i].scope]))
    values = wide.to_numpy(dtype=np.float64)[:, order]
    return [known[i] for i in order], values.reshape(-1, repeats, len(order)).mean(axis=1)


def tornado_of(study: Study, chosen: Sequence[Output]) -> pd.DataFrame:
    """What each factor alone does to each output.

    Args:
        study: of `sim.experiments.sensitivity.design.one_at_a_time`.
        chosen: the outputs.

    Returns:
        outcome, year, scope, place, factor, low, centre, high (outcomes), low_at, high_at (what the factor was set to).
        Options in words have no order: low and high are then the options with the least and the largest outcome.
    """
    outcomes = [output.outcome for output in chosen]
    years, scopes = sorted({output.year for output in chosen}), list(dict.fromkeys(output.scope for output in chosen))
    known, values = outputs_of(study, outcomes, years, scopes, study.plan.spec.replications)
    column = {output: values[:, i] for i, output in enumerate(known)}
    moved = moves(study.plan)
    rows = []
    for output in chosen:
        found = column.get(output, np.full(len(moved) + 1, np.nan))
        for factor in study.factors:
            runs = [i for i, (other, _) in enumerate(moved, start=1) if other is factor]
            low, high = _ends(factor, found[runs])
            at = {end: written(factor, moved[runs[i] - 1][1]) for end, i in (("low_at", low), ("high_at", high))}
            ends = {"low": found[runs[low]], "centre": found[0], "high": found[runs[high]]}
            rows.append({**output._asdict(), "factor": factor.name, **ends, **at})
    return pd.DataFrame(rows, columns=COLUMNS)


def _ends(factor: Factor, found: FloatArray) -> tuple[int, int]:
    """Positions of the low and the high end among the runs of a factor."""
    if not in_words(factor) or np.isnan(found).all():
        return 0, len(found) - 1
    return int(np.nanargmin(found)), int(np.nanargmax(found))


def in_words(factor: Factor) -> bool:
    """Whether its values have no order."""
    return any(isinstance(encoded(option), str) for option in factor.options if option is not None)


def written(factor: Factor, value: Any) -> str:
    """What a factor is set to, for a table."""
    if factor.rows:
        return "lowest values" if value == factor.low else "highest values"
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(encoded(value))
