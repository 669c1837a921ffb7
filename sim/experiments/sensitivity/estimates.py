"""Indices of many outputs at once, and from fewer samples to see whether they have settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from sim.core.errors import SimulationError
from sim.experiments.ensemble.executors import Died, Engine, ordered
from sim.experiments.sensitivity import methods
from sim.experiments.sensitivity.outputs import Output

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray, IntArray
    from sim.experiments.sensitivity.design import Question
    from sim.experiments.sensitivity.outputs import Sample

PARTS = (4, 2)  # unit: of the samples, one over


def estimates(
    sample: Sample, question: Question, chosen: Sequence[Output], *, seed: int, engine: Engine
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The indices of the chosen outputs; and the main index, first scope and last year, by number of samples."""
    rows, block = np.arange(len(sample.values)), sample.block
    points = _numbers(sample.settings) if sample.points is None else sample.points
    if question.method == methods.DELTA and block > 1:  # of a block of Sobol's only its two ends are independent
        rows, block = rows.reshape(-1, block)[:, [0, -1]].ravel(), 1
    shared = {
        "method": question.method,
        "points": points[rows],
        "names": [factor.name for factor in sample.factors],
        "seed": seed,
        "second_order": question.second_order,
        "groups": question.grouped(sample.factors),
        "block": block,
    }
    tasks = {output: {**shared, "outputs": sample.of(output)[rows], "label": output} for output in chosen}
    last, scope = max(output.year for output in tasks), chosen[0].scope
    leading = [task for output, task in tasks.items() if (output.year, output.scope) == (last, scope)]
    fewer = [{**task, "part": part} for task in leading for part in PARTS]
    slow = question.method == methods.DELTA  # densities; the others take milliseconds
    with (engine if slow else Engine()).open() as workers:
        found = ordered(workers.map(estimate, [*tasks.values(), *fewer]))
    died = next((item for item in found if isinstance(item, Died)), None)
    if died is not None:
        raise SimulationError(died.reason)
    tables = [item for item in found if isinstance(item, pd.DataFrame)]
    indices = pd.concat(tables[: len(tasks)], ignore_index=True)
    every = pd.concat([*tables[len(tasks) :], indices[(indices["year"] == last) & (indices["scope"] == scope)]])
    main = every[every["index"] == methods.MAIN[question.method]].drop(columns="other")
    return indices, main.sort_values([*Output._fields, "samples"], kind="stable", ignore_index=True)


def estimate(task: Mapping[str, Any]) -> pd.DataFrame:
    """The indices of one output, labelled; with ``part``, from one in so many blocks, if these are enough."""
    points, outputs = task["points"], task["outputs"]
    if "part" in task:
        kept = _some_blocks(outputs.reshape(-1, task["block"]), task["part"], task["seed"])
        if len(kept) < methods.LEAST_SAMPLES[task["method"]] * task["block"]:
            return pd.DataFrame()
        points, outputs = points[kept], outputs[kept]
    given = {name: task[name] for name in ("names", "seed", "second_order", "groups")}
    with threadpool_limits(limits=1):  # workers share the processors; small matrices gain nothing from threads
        table = methods.indices(task["method"], points, outputs, **given)
    label = {**task["label"]._asdict(), "method": task["method"]}
    return pd.DataFrame({**{name: [value] * len(table) for name, value in label.items()}, **table.to_dict("series")})


def _some_blocks(outputs: FloatArray, part: int, seed: int) -> IntArray:
    """Rows of some of the complete blocks. Single runs may stand in an order of their own: they are drawn."""
    complete = np.flatnonzero(np.isfinite(outputs).all(axis=1))
    if outputs.shape[1] == 1:
        complete = np.random.default_rng(seed).permutation(complete)
    blocks = complete[: len(complete) // part]
    return np.asarray(blocks[:, None] * outputs.shape[1] + np.arange(outputs.shape[1])).ravel()


def _numbers(settings: pd.DataFrame) -> FloatArray:
    """The settings as numbers, of which only the order counts; a lever of a policy not in force stands apart."""
    columns = []
    for name in settings:
        column = settings[name]
        is_number = pd.api.types.is_numeric_dtype(column)
        numbers = column.astype("float64") if is_number else pd.Series(pd.factorize(column)[0], dtype="float64")
        columns.append(numbers.fillna(numbers.min() - 1.0).to_numpy(dtype=np.float64))
    return np.column_stack(columns)
