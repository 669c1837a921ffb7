"""Running a study: plan, shards, executor, files. An interrupted study is finished by the same call with ``resume``."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim import __version__
from sim.compose import Several, split_sweep
from sim.core.errors import InputError
from sim.experiments.ensemble import parts, shard
from sim.experiments.ensemble.cases import is_empty
from sim.experiments.ensemble.executors import Died, Engine
from sim.experiments.ensemble.factors import PARAMETERS
from sim.experiments.ensemble.plan import REPLICATE, RUN, STRUCTURE, WORLD, Plan, make_plan
from sim.experiments.ensemble.spec import StudySpec, merged, named, spec_of
from sim.experiments.ensemble.study import Study
from sim.experiments.store import OUTPUTS, unwritable

if TYPE_CHECKING:
    from sim.experiments.ensemble.executors import Executor

ONE_PROCESS = Engine()
MOST_IN_A_SHARD = 500  # unit: runs a killed worker may lose
SHARDS_PER_WORKER = 8  # unit: shards, so that workers end at about the same time


@dataclass
class Standing:
    """Where a study stands."""

    total: int
    before: int = 0
    status: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.perf_counter)

    @property
    def done(self) -> int:
        """Runs that are finished, those of an earlier session included."""
        return self.before + sum(self.status.values())

    @property
    def failed(self) -> int:
        """Runs of this session that ended in an error."""
        return sum(count for status, count in self.status.items() if status != shard.OK)

    @property
    def rate(self) -> float:
        """Runs a second of this session."""
        return sum(self.status.values()) / max(time.perf_counter() - self.started, 1e-9)

    @property
    def seconds_left(self) -> float:
        return (self.total - self.done) / self.rate if self.rate > 0.0 else float("nan")


Tell = Callable[[Standing], None]


def sweep(
    scenario: str | StudySpec,
    grid_or_table: Mapping[str, Any] | pd.DataFrame | Sequence[str] | None = None,
    *,
    replications: int | None = None,
    workers: int = 1,
    out: str | Path | None = None,
    resume: bool = False,
    engine: Engine | None = None,
    tell: Tell | None = None,
    **options: Any,
) -> Study:
    """Run a scenario many times.

    Args:
        scenario: name of a scenario or of a study, a study's file, or a study.
        grid_or_table: what varies: key -> list, sweep text (``"range(0,1,0.1)"``) or ``{"low": .., "high": ..}``; or a
            table with keys as columns and one row per setting, or a list of settings; or overrides as on the command
            line.
        replications: repetitions of every run with other shocks.
        workers: processes on this machine; 1 is this process itself.
        out: folder of the study; None keeps it in a temporary folder as long as the returned object lives.
        resume: finish what is in ``out``.
        engine: another executor than processes on this machine.
        tell: told of the progress.
        **options: other fields of a `StudySpec`: uncertainties, constants, outcomes, places, samples, seed, ...

    Raises:
        InputError: something of the study is wrong, or ``out`` is taken.
    """
    spec = scenario if isinstance(scenario, StudySpec) else spec_of(scenario)
    table = _table(grid_or_table)
    changes: dict[str, Any] = dict(options)
    if replications is not None:
        changes["replications"] = replications
    if isinstance(grid_or_table, Mapping):
        changes["levers"] = {**grid_or_table, **changes.get("levers", {})}
    elif table is None and grid_or_table is not None:
        changes = with_overrides(changes, [str(word) for word in grid_or_table])
    unknown = next((key for key in changes if key not in StudySpec.model_fields), None)
    if unknown:
        raise InputError("unknown option of a study", key=unknown, allowed=", ".join(StudySpec.model_fields))
    plan = make_plan(merged(spec, changes), table=table)
    keep = None
    if out is None:
        keep = tempfile.TemporaryDirectory(prefix="deltasim-study-")
        out = Path(keep.name) / "study"
    run_study(plan, Path(out), engine=engine or Engine(workers=workers), resume=resume, tell=tell)
    return Study(out, keep=keep)


def _table(given: object) -> pd.DataFrame | None:
    """A table of settings, or a list of them; anything else is none."""
    if isinstance(given, pd.DataFrame):
        return given
    is_list = isinstance(given, list | tuple) and given and all(isinstance(row, Mapping) for row in given)
    return pd.DataFrame(list(given)) if is_list else None  # type: ignore[call-overload]


def with_overrides(changes: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Overrides of the command line as a study: lists are levers, intervals of parameters are uncertainties."""
    single, several = split_sweep(overrides)
    world = {key: _given(item) for key, item in several.items() if item.interval and key.startswith(PARAMETERS)}
    ours = {key: _given(item) for key, item in several.items() if key not in world}
    return {
        **changes,
        "overrides": [*changes.get("overrides", []), *single],
        "levers": {**changes.get("levers", {}), **ours},
        "uncertainties": {**_named(changes.get("uncertainties", {})), **world},
    }


def _named(given: object) -> dict[str, Any]:
    found = named(given)
    return dict(found) if isinstance(found, Mapping) else {}


def _given(item: Several) -> object:
    return dict(zip(("low", "high"), item.interval, strict=True)) if item.interval else list(item.values)


def default_folder(plan: Plan, name: str | None = None) -> Path:
    """``outputs/studies/<scenario or study>/<date>-<time>-<6 hex of the plan>``."""
    return OUTPUTS / "studies" / (name or plan.spec.scenario) / f"{datetime.now():%Y%m%d-%H%M%S}-{plan.digest[:6]}"


def shard_size(n_runs: int, workers: int) -> int:
    """Runs in a shard: some shards for every worker, none so large that losing one hurts."""
    return max(1, min(MOST_IN_A_SHARD, -(-n_runs // (workers * SHARDS_PER_WORKER))))


def run_study(
    plan: Plan,
    out: Path,
    *,
    engine: Engine = ONE_PROCESS,
    resume: bool = False,
    force: bool = False,
    size: int | None = None,
    tell: Tell | None = None,
) -> Standing:
    """Run a plan into a folder; the parts that are there already are kept when ``resume`` is set.

    Raises:
        InputError: the folder is taken, holds another study, is being written by another process, or the disk refuses.
    """
    started = time.perf_counter()
    try:
        _prepare(out, resume=resume, force=force)
        with parts.locked(out), engine.open() as chosen:
            size = _open(plan, out, size or shard_size(len(plan), chosen.workers), resume=resume)
            return _run(plan, out, chosen, size, started, tell)
    except OSError as error:
        raise unwritable(error, out) from error


def _prepare(out: Path, *, resume: bool, force: bool) -> None:
    if out.is_dir() and any(out.iterdir()) and not resume:
        if not parts.holds_study(out):
            raise InputError("holds other files: a study needs a folder of its own", file=str(out))
        if not force:
            raise InputError("already holds a study (--resume finishes it, --force replaces it)", file=str(out))
        with parts.locked(out):
            shutil.rmtree(out)
    elif out.exists() and not out.is_dir():
        raise InputError("is a file: a study needs a folder", file=str(out))
    if resume and not parts.holds_study(out):
        raise InputError("holds no study to resume", file=str(out))
    out.mkdir(parents=True, exist_ok=True)


def _open(plan: Plan, out: Path, size: int, *, resume: bool) -> int:
    """Write what describes the study, or see that the folder is of this one; the size of its shards."""
    digest, data_hash = plan.digest, _data_hash(plan)
    if resume:
        manifest = parts.read_manifest(out)
        for name, now in (("digest", digest), ("data_hash", data_hash), ("version", __version__)):
            if manifest.get(name) != now:
                what = {
                    "digest": "another study",
                    "data_hash": "a study of other data",
                    "version": "a study of another version",
                }
                raise InputError(f"holds {what[name]}: it cannot be finished by this one", file=str(out))
        parts.sweep_up(out)
        return int(manifest["shard_size"])
    for table in ("runs", "indicators", *plan.spec.tables, parts.RECEIPTS):
        (out / table).mkdir(exist_ok=True)
    for name, data in plan.write(out).items():
        parts.write_whole(out / name, data)
    manifest = {
        "state": "running",
        "scenario": plan.spec.scenario,
        "title": plan.spec.title,
        "runs": len(plan),
        "worlds": int(plan.cases[WORLD].nunique()),
        "replications": plan.spec.replications,
        "factors": [factor.name for factor in plan.factors],
        "digest": digest,
        "data_hash": data_hash,
        "version": __version__,
        "shard_size": size,
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": machine(),
        "seed": plan.spec.seed,
    }
    _write_manifest(out, manifest)
    return size


def _write_manifest(out: Path, manifest: Mapping[str, Any]) -> None:
    parts.write_whole(out / parts.MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1).encode())


def _data_hash(plan: Plan) -> str:
    from sim.datasets.world import World

    hashes = [World.load(name).content_hash for name in dict.fromkeys(s.config.world.dataset for s in plan.structures)]
    return " ".join(hashes)


def machine() -> dict[str, Any]:
    """What the study ran on; no names of hosts, no paths."""
    import numba
    import numpy

    versions = {"python": platform.python_version(), "numpy": numpy.__version__, "numba": numba.__version__}
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count(), **versions}


class Tasks(Sequence[dict[str, Any]]):
    """The shards of a plan as plain dictionaries, each made when it is sent out."""

    def __init__(self, plan: Plan, out: Path, size: int, numbers: Sequence[int]) -> None:
        self.plan, self.size, self.numbers = plan, size, numbers
        self._seeds = [structure.config.seed for structure in plan.structures]
        hashes = _data_hash(plan)
        self._shared = {
            "folder": str(out.resolve()),
            "digest": plan.digest,
            "data_hash": hashes if " " not in hashes else None,
            "structures": [structure.plain() for structure in plan.structures],
            "columns": {factor.name: plan.kind(factor) for factor in plan.factors},
            "names": shard.names_kept(plan.spec.outcomes, plan.spec.places),
            "places": list(plan.spec.places),
            "tables": list(plan.spec.tables),
        }

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, position: Any) -> Any:
        number = self.numbers[position]
        rows = self.plan.cases.iloc[number * self.size : (number + 1) * self.size].to_dict("records")
        return {**self._shared, "shard": number, "cases": [self._case(row) for row in rows]}

    def _case(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        settings = {f.name: None if is_empty(row[f.name]) else row[f.name] for f in self.plan.factors}
        values = self.plan.values(row)
        keys = {key: row[key] for key in (RUN, WORLD, REPLICATE, STRUCTURE)}
        return {**keys, "values": values, "settings": settings, "seed": values.get("seed", self._seeds[row[STRUCTURE]])}


def _run(plan: Plan, out: Path, chosen: Executor, size: int, started: float, tell: Tell | None) -> Standing:
    digest = plan.digest
    n_shards = -(-len(plan) // size)
    missing = [number for number in range(n_shards) if not parts.is_done(out, number, digest)]
    before = len(plan) - sum(min(size, len(plan) - number * size) for number in missing)
    progress = Standing(len(plan), before)
    seconds: Counter[str] = Counter()
    for position, result in chosen.map(shard.run_shard, todo := Tasks(plan, out, size, missing)):
        receipt = shard.failed_shard(todo[position], result.reason) if isinstance(result, Died) else result
        progress.status.update(receipt["status"])
        seconds.update(receipt["seconds"])
        if tell is not None:
            tell(progress)
    manifest = parts.read_manifest(out)
    manifest["state"] = "finished"
    manifest["status"] = counts(Study(out))
    manifest["seconds"] = {name: round(value, 3) for name, value in seconds.items()}
    manifest["seconds"]["wall"] = round(time.perf_counter() - started, 3)
    manifest["workers"] = chosen.workers
    _write_manifest(out, manifest)
    return progress


def counts(study: Study) -> dict[str, int]:
    """Runs by status."""
    found = study.dataset("runs").to_table(columns=["status"])["status"].value_counts().to_pylist()
    return {item["values"]: item["counts"] for item in sorted(found, key=lambda item: -item["counts"])}
