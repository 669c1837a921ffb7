"""What one worker does with one shard of a study: run its cases, gather the results as tables, write them.

Tasks are plain dictionaries and results are files, so any engine can carry them. A worker keeps what runs share (the
data set, the last calibrated worlds, their reference runs), never anything a run has left behind: every run starts from
the calibrated base year, so it gives the same bits on any worker, in any shard, after any other run.
"""

from __future__ import annotations

import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from sim.calibration import calibrate
from sim.config import RunConfig, world_of
from sim.core.errors import EquilibriumError, InputError, ModelWarning, SimulationError
from sim.datasets.world import World
from sim.experiments import tables
from sim.experiments.ensemble import parts
from sim.experiments.ensemble.plan import REPLICATE, RUN, STRUCTURE, WORLD, Structure
from sim.indicators import COMPARISONS, REGISTRY
from sim.indicators.base import View
from sim.year import Simulation

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.mechanisms.base_year import BaseYear

OK, FAILED, NOT_CONVERGED = "ok", "failed", "not converged"
"""Status of a run."""

KEPT_WORLDS = 2
KEPT_REFERENCES = 8  # unit: runs; replications and structures of one world

Value = TypeVar("Value")
Case = Mapping[str, Any]
"""run, structure, world, replicate, and ``values`` by dotted key; ``settings`` are its columns in the table of runs."""


@dataclass
class Outcome:
    """What is kept of one run."""

    case: Case
    status: str = OK
    error: str = ""
    warning: str = ""
    seconds: float = 0.0
    model: Simulation | None = None
    before: Simulation | None = None


class Recent(OrderedDict[str, Value]):
    """The values used last, by key."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def get_or(self, key: str, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not there; the one used longest ago leaves."""
        if key not in self:
            self[key] = make()
            while len(self) > self.size:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]


@lru_cache(maxsize=4)  # unit: data sets a worker keeps
def _loaded(dataset: str) -> World:
    """The data set, its tables turned into arrays once: worlds with other parameters share them."""
    world = World.load(dataset)
    plain = RunConfig.judge({"world": {"dataset": dataset}, "horizon": world.base_year})
    Simulation(plain, base=calibrate(world))
    return world


@dataclass
class Runner:
    """Runs cases on the structures of a plan."""

    structures: Sequence[Structure]
    data_hash: str | None = None
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("compose", "calibrate", "model"), 0.0))
    _bases: Recent[tuple[BaseYear, str]] = field(default_factory=lambda: Recent(KEPT_WORLDS))
    _references: Recent[Simulation] = field(default_factory=lambda: Recent(KEPT_REFERENCES))

    def run(self, case: Case, take: Callable[[Outcome], None] | None = None) -> Outcome:
        """Run one case beside its reference and let ``take`` have it; whatever goes wrong becomes its status."""
        outcome = Outcome(case)
        started = time.perf_counter()
        try:
            self._run(outcome)
            if take is not None:
                take(outcome)
        except EquilibriumError as error:
            outcome.status, outcome.error = NOT_CONVERGED, str(error)
        except (OSError, MemoryError):
            raise  # the machine's trouble, not the run's
        except Exception as error:  # a failing run is a row with its error, the study goes on
            named = "" if isinstance(error, SimulationError) else f"{type(error).__name__}: "
            outcome.status, outcome.error = FAILED, " ".join(f"{named}{error}".split())
        outcome.seconds = time.perf_counter() - started
        return outcome

    def _run(self, outcome: Outcome) -> None:
        with self._timed("compose"):
            config, reference = self._configured(outcome.case)
        with self._timed("calibrate"):
            base, outcome.warning = self._base(config)
        with self._timed("model"):
            if reference is None:
                outcome.model = _finished(Simulation(config, base=base))
                return
            before = self._references.get_or(_key(reference), lambda: _finished(Simulation(reference, base=base)))
            outcome.before = before
            if (config.policies, config.governments) == (reference.policies, reference.governments):
                outcome.model = before
                return
            outcome.model = _finished(Simulation(config, base=base, growth=before.growth))

    def _configured(self, case: Case) -> tuple[RunConfig, RunConfig | None]:
        structure = self.structures[case[STRUCTURE]]
        values = {**case["values"], REPLICATE: case[REPLICATE]}
        config = structure.config.with_values(values)
        if structure.reference is None:
            return config, None
        shared = {key: value for key, value in values.items() if not key.startswith("policies.")}
        return config, structure.reference.with_values(shared)

    def _base(self, config: RunConfig) -> tuple[BaseYear, str]:
        key = f"{config.world.dataset} {config.world.carve} {sorted(config.parameters.items())}"
        return self._bases.get_or(key, lambda: self._calibrated(config))

    def _calibrated(self, config: RunConfig) -> tuple[BaseYear, str]:
        loaded = _loaded(config.world.dataset)
        if self.data_hash not in (None, loaded.content_hash):
            raise InputError("a worker reads other data than the study was planned with", file=config.world.dataset)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ModelWarning)
            base = calibrate(world_of(config, loaded), keep=False)
        told = dict.fromkeys(str(item.message) for item in caught if issubclass(item.category, ModelWarning))
        return base, "; ".join(told)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started


def _key(config: RunConfig) -> str:
    return config.model_dump_json()


def _finished(model: Simulation) -> Simulation:
    model.run()
    return model


def parameters_read(config: RunConfig) -> list[str]:
    """Parameters the model asks for in a run of two years, so that a study can tell which numbers matter."""
    world = world_of(config).with_parameters({})
    years = config.with_values({"horizon": world.base_year + 1})
    Simulation(years, base=calibrate(world)).run()
    return sorted(world.parameters.read)


# --- tables -------------------------------------------------------------------------------------------------------


def names_kept(outcomes: Sequence[str], places: Sequence[str]) -> list[str]:
    """Columns of the indicator table: what was asked for, or everything that any of the places has."""
    scopes = {name: item.scopes for name, item in REGISTRY.items()}
    scopes |= {name: item.scopes for name, item in COMPARISONS.items()}
    return [
        name
        for name, those in scopes.items()
        if (not outcomes or name in outcomes) and any(scope in those for scope in places)
    ]


def indicator_values(
    model: Simulation, before: Simulation | None, names: Sequence[str], places: Sequence[str]
) -> tuple[list[tuple[str, str]], dict[str, FloatArray]]:
    """Scope and place of every row, and the values ``[place, year]`` of every indicator; NaN where it has none."""
    view = View(model.record, model.base)
    then = None if before is None else View(before.record, before.base)
    rows = [(scope, place) for scope in places for place in view.places[scope]]
    values = {name: np.full((len(rows), len(view.years)), np.nan) for name in names}
    for position, (scope, place) in enumerate(rows):
        members = view.places[scope][place]
        for name in names:
            if name in REGISTRY and scope in REGISTRY[name].scopes:
                values[name][position] = REGISTRY[name].compute(view, members)
            elif name in COMPARISONS and then is not None and scope in COMPARISONS[name].scopes:
                values[name][position] = COMPARISONS[name].compute(view, then, members)
    return rows, values


_MORE = {"cities": tables.cities, "sectors": tables.sectors}


class Gathered:
    """The tables of a shard, growing run by run."""

    def __init__(self, columns: Mapping[str, str], names: Sequence[str], places: Sequence[str], more: Sequence[str]):
        self.columns, self.names, self.places, self.more = columns, names, places, more
        self._outcomes: list[Outcome] = []
        self._rows: list[tuple[int, list[tuple[str, str]], list[int]]] = []
        self._values: dict[str, list[FloatArray]] = {name: [] for name in names}
        self._tables: dict[str, list[pa.Table]] = {name: [] for name in more}

    def take(self, outcome: Outcome) -> None:
        """What is kept of a run that has reached its horizon."""
        model = outcome.model
        if model is None:
            return
        run = int(outcome.case[RUN])
        rows, values = indicator_values(model, outcome.before, self.names, self.places)
        more = {name: _MORE[name](model) for name in self.more}
        self._rows.append((run, rows, list(model.years)))
        for name in self.names:
            self._values[name].append(values[name].ravel())
        for name, table in more.items():
            column = pa.array(np.full(table.num_rows, run, dtype=np.int64))
            self._tables[name].append(table.add_column(0, RUN, column))

    def add(self, outcome: Outcome) -> None:
        """A row of the table of runs; the model is let go."""
        outcome.model = outcome.before = None
        self._outcomes.append(outcome)

    def tables(self) -> dict[str, pa.Table]:
        """runs, indicators, and the tables asked for."""
        found = {"runs": self._runs(), "indicators": self._indicators()}
        for name, pieces in self._tables.items():
            if pieces:
                found[name] = pa.concat_tables(pieces).unify_dictionaries().combine_chunks()
        return found

    def _runs(self) -> pa.Table:
        outcomes = self._outcomes
        data: dict[str, pa.Array] = {}
        for key in (RUN, WORLD, REPLICATE):
            data[key] = pa.array([int(o.case[key]) for o in outcomes], pa.int64())
        for name, kind in self.columns.items():
            cells = [o.case["settings"][name] for o in outcomes]
            data[name] = pa.array(cells, pa.string() if kind == "text" else pa.float64(), from_pandas=True)
        data["seed"] = pa.array([int(o.case["seed"]) for o in outcomes], pa.int64())
        for name in ("status", "error", "warning"):
            data[name] = pa.array([getattr(o, name) for o in outcomes], pa.string())
        data["seconds"] = pa.array([o.seconds for o in outcomes], pa.float64())
        return pa.table(data)

    def _indicators(self) -> pa.Table:
        known = [place for scope in self.places for place in self._places(scope)]
        position = {place: number for number, place in enumerate(dict.fromkeys(known))}
        runs, years, places = [np.empty(0, np.int64)], [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        for run, rows, span in self._rows:
            codes = np.array([position[row] for row in rows], dtype=np.int32)
            runs.append(np.full(len(rows) * len(span), run, dtype=np.int64))
            places.append(np.repeat(codes, len(span)))
            years.append(np.tile(np.array(span, dtype=np.int32), len(rows)))
        code = np.concatenate(places)
        words = list(position) or [("", "")]
        data = {
            RUN: pa.array(np.concatenate(runs)),
            "year": pa.array(np.concatenate(years)),
            "scope": tables.ids(code, [scope for scope, _ in words]),
            "place": tables.ids(code, [place for _, place in words]),
        }
        for name, pieces in self._values.items():
            data[name] = pa.array(np.concatenate([np.empty(0), *pieces]), from_pandas=True)  # NaN is no value: null
        return pa.table(data)

    def _places(self, scope: str) -> list[tuple[str, str]]:
        return list(dict.fromkeys(row for _, rows, _ in self._rows for row in rows if row[0] == scope))


# --- the task -----------------------------------------------------------------------------------------------------

_RUNNERS: Recent[Runner] = Recent(1)


def run_shard(task: Mapping[str, Any]) -> dict[str, Any]:
    """Run the cases of a task and write their parts; returns what the driver wants to know.

    Args:
        task: plain data: folder, shard, digest, data_hash, structures, cases, columns, names, places, tables.

    Raises:
        OSError: the disk refuses.
    """
    started = time.perf_counter()
    runner = _runner(task)
    runner.seconds = dict.fromkeys(runner.seconds, 0.0)
    gathered = Gathered(task["columns"], task["names"], task["places"], task["tables"])
    with threadpool_limits(limits=1):  # workers share the processors; small matrices gain nothing from threads
        for case in task["cases"]:
            gathered.add(runner.run(case, gathered.take))
    found = gathered.tables()
    encoded = time.perf_counter()
    receipt = parts.write(task["folder"], task["shard"], task["digest"], found)
    now = time.perf_counter()
    counts = found["runs"]["status"].value_counts().to_pylist()
    return {
        **receipt,
        "status": {item["values"]: item["counts"] for item in counts},
        "seconds": {**runner.seconds, "write": now - encoded, "all": now - started},
    }


def run_cases(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run the cases of a task and return their outcomes in one year instead of writing files; for searches.

    Args:
        task: plain data: digest, data_hash, structures, cases, names, places, year (None = the last).

    Returns:
        per case: run, status, error, and ``values[indicator][place]``.
    """
    runner = _runner(task)
    found = []
    with threadpool_limits(limits=1):
        for case in task["cases"]:
            outcome = runner.run(case)
            values: dict[str, dict[str, float]] = {}
            if outcome.model is not None:
                rows, by_year = indicator_values(outcome.model, outcome.before, task["names"], task["places"])
                at = -1 if task["year"] is None else list(outcome.model.years).index(task["year"])
                values = {n: {place: float(v[i, at]) for i, (_, place) in enumerate(rows)} for n, v in by_year.items()}
            told = {"run": int(case[RUN]), "status": outcome.status, "error": outcome.error}
            found.append({**told, "values": values})
    return found


def _runner(task: Mapping[str, Any]) -> Runner:
    """The runner of a plan; a worker keeps the last one."""

    def make() -> Runner:
        return Runner([Structure.from_plain(item) for item in task["structures"]], task["data_hash"])

    return _RUNNERS.get_or(task["digest"], make)


def failed_shard(task: Mapping[str, Any], error: str) -> dict[str, Any]:
    """Write the parts of a shard that no worker survived: every run failed with this error."""
    gathered = Gathered(task["columns"], task["names"], task["places"], task["tables"])
    for case in task["cases"]:
        gathered.add(Outcome(case, status=FAILED, error=error))
    receipt = parts.write(task["folder"], task["shard"], task["digest"], gathered.tables())
    return {**receipt, "status": {FAILED: len(task["cases"])}, "seconds": {}}
