"""Studies of many runs: speed, what of it is not the model, memory, a million runs read, Mesa beside it."""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from benchmarks.timing import Row, median
from benchmarks.year import Stopwatch
from sim.experiments.ensemble import parts, shard
from sim.experiments.ensemble.executors import Engine
from sim.experiments.ensemble.plan import Plan, make_plan
from sim.experiments.ensemble.spec import StudySpec, merged, read_study
from sim.experiments.ensemble.study import Study
from sim.experiments.ensemble.sweep import Tasks, run_study

RUNS = 10_000
SHORT = 2_000  # runs, where two ways are compared
ALTERNATIONS = 2
MILLION = 1_000_000
YEARS, COLUMNS = 17, 30
GIGABYTE = 1024**3


def plan(runs: int, *, alone: bool = False) -> Plan:
    """The shipped study of eight uncertainties; ``alone`` leaves the reference out of the study, not of the work."""
    spec = read_study("transfer_uncertainty")
    if alone:
        spec = StudySpec.model_validate({**spec.model_dump(), "levers": {}})
    per_world = 1 if alone else 2
    return make_plan(merged(spec, {"samples": runs // per_world}))


@contextmanager
def folder() -> Iterator[Path]:
    """A place for a study, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="study-") as name:
        yield Path(name) / "study"


def timed(of: Plan, workers: int) -> tuple[float, Study, list[float]]:
    """Seconds of a study end to end, the study's description, and gigabytes of the largest worker by the way."""
    with folder() as out, watched() as memory:
        started = time.perf_counter()
        run_study(of, out, engine=Engine(workers=workers))
        taken = time.perf_counter() - started
        return taken, Study(out), memory


@contextmanager
def watched() -> Iterator[list[float]]:
    """Memory of the largest worker process, twice a second."""
    seen: list[float] = []
    done = threading.Event()

    def look() -> None:
        me = psutil.Process()
        while not done.wait(0.5):
            try:
                workers = [child for child in me.children() if "spawn_main" in " ".join(child.cmdline())] or [me]
                seen.append(max(worker.memory_info().rss for worker in workers) / GIGABYTE)
            except psutil.Error:
                continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def whole_study(runs: int = RUNS) -> list[Row]:
    """The study of the issue: end to end on two processes, then what is not model."""
    taken, study, memory = timed(plan(runs), 2)
    seconds = study.manifest["seconds"]
    model = seconds["model"] + seconds["calibrate"]
    steady = memory[len(memory) // 5 :]
    drift = float(np.median(steady[-10:]) / np.median(steady[:10]))
    return [
        Row(f"{runs:,} runs, two processes, results on disk", taken, "s",
            note=f"{runs // 2:,} worlds of 8 uncertainties, each without and with the policy; 17 years"),
        Row("runs a second", runs / taken, "", 60.0, at_least=True, note="a world's reference is one of its two runs"),
        Row("everything but the model, over the model", 2 * taken / model - 1.0, "x", 0.25,
            note=f"both processes' time over {model:.0f} s of years and calibrations"),
        Row("composition of a run", 1e3 * seconds["compose"] / runs, "ms", 0.3, note="plain values set and judged"),
        Row("memory of a worker, last over first", drift, "x", 1.05, note=f"{max(memory):.2f} GB at most"),
    ]  # fmt: skip


def processes() -> list[Row]:
    """One process against two, in turns."""
    of = plan(SHORT)
    one, two = [], []
    for _ in range(ALTERNATIONS):
        one.append(timed(of, 1)[0])
        two.append(timed(of, 2)[0])
    alone = [timed(plan(SHORT // 2, alone=True), 1)[0] for _ in range(ALTERNATIONS)]
    return [
        Row(f"one process over two, {SHORT:,} runs", median([a / b for a, b in zip(one, two, strict=True)]), "x", 1.8,
            at_least=True, note=f"{median(one):.1f} s and {median(two):.1f} s, start of the processes included"),
        Row("runs a second on one process", SHORT / median(one), ""),
        Row("the same, only runs with the policy counted", SHORT / 2 / median(alone), "",
            note="each still computes its own reference"),
    ]  # fmt: skip


def compiled_share(runs: int = 200) -> list[Row]:
    """Everything that is not compiled, over what is, in one process."""
    of = plan(runs)
    with folder() as out:
        run_study(of, out)
    clock = Stopwatch()
    with folder() as out:
        out.mkdir(parents=True)
        for table in ("runs", "indicators", parts.RECEIPTS):
            (out / table).mkdir()
        tasks = list(Tasks(of, out, 100, range(runs // 100)))
        gc.collect()
        clock.watch_compiled()
        try:
            started = time.perf_counter()
            for task in tasks:
                shard.run_shard(task)
            spent = time.perf_counter() - started
        finally:
            clock.release()
    kernels = clock.seconds["compiled"]
    return [Row("everything that is not compiled, over compiled kernels", spent / kernels - 1.0, "x", 0.25,
                note=f"{1e3 * spent / runs:.1f} ms a run, {1e3 * kernels / runs:.1f} ms of it in kernels")]  # fmt: skip


# --- a million runs -----------------------------------------------------------------------------------------------


def million(runs: int = MILLION) -> list[Row]:
    """Generated data of a million runs: groups by year, streamed; memory and time."""
    rng = np.random.default_rng(1)
    with folder() as out:
        (out / "indicators").mkdir(parents=True)
        started = time.perf_counter()
        size, n = 10_000, 0
        for number, first in enumerate(range(0, runs, size)):
            rows = min(size, runs - first)
            years = np.tile(np.arange(2019, 2019 + YEARS, dtype=np.int32), rows)
            words = {"scope": "region", "place": "region"}
            data = {"run": np.repeat(np.arange(first, first + rows), YEARS), "year": years}
            data |= {key: pa.array([word] * len(years)).dictionary_encode() for key, word in words.items()}
            data |= {f"x{i}": rng.standard_normal(len(years)) for i in range(COLUMNS)}
            parts.write_whole(parts.part(out, "indicators", number), parts.encoded_table(pa.table(data)))
            n += len(years)
        made = time.perf_counter() - started
        (out / parts.MANIFEST).write_text(f'{{"digest": "", "scenario": "generated", "runs": {runs}}}')
        disk = sum(path.stat().st_size for path in out.rglob("*.parquet")) / GIGABYTE
        return [*_read(out, n), Row("size on disk", disk, "GB", note=f"written in {made:.0f} s")]


def _read(out: Path, rows: int) -> list[Row]:
    """Each way of grouping in a process of its own, so that its memory is its own."""
    import subprocess

    ways = {
        "all columns by year, Arrow streaming": f"s.aggregate(['year'], [f'x{{i}}' for i in range({COLUMNS})])",
        "all columns by year, DuckDB": "s.sql('select year, "
        + ", ".join(f"avg(x{i})" for i in range(COLUMNS))
        + " from indicators group by year')",
        "three columns into pandas, grouped there": "s.table('indicators', ['year', 'x0', 'x1', 'x2'])"
        ".groupby('year').mean()",
    }
    found = []
    for name, call in ways.items():
        code = (
            "import resource, sys, time\nfrom sim.experiments.ensemble.study import Study\n"
            f"s = Study({str(out)!r})\nt = time.perf_counter()\nframe = {call}\nt = time.perf_counter() - t\n"
            f"assert len(frame) == {YEARS}\nprint(t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds, peak = map(float, done.stdout.split())
        found.append(Row(f"{name}: peak memory", peak, "GB", 8.0, note=f"{seconds:.1f} s, {rows:,} rows x {COLUMNS}"))
    return found


# --- Mesa beside it -----------------------------------------------------------------------------------------------


def against_batch_run(worlds: int = 40) -> list[Row]:
    """The same runs by Mesa's batch_run on the same model, one process each; results must agree."""
    import mesa

    from benchmarks.batch import Transfer

    of = plan(2 * worlds)
    names = {factor.name: factor for factor in of.factors if not factor.options}
    cases = of.cases[of.cases["policies"] != "[]"]
    with folder() as out:
        run_study(of, out)  # warm
        shutil.rmtree(out)
        started = time.perf_counter()
        run_study(of, out)
        ours = time.perf_counter() - started
        study = Study(out)
        found = study.outcomes().set_index("run")["gain"]
    theirs, gaps = 0.0, []
    for row in cases.to_dict("records"):
        values = {key: value for name, f in names.items() for key, value in f.values(row[name]).items()}
        words = [f"{key}={value!r}" for key, value in values.items()]
        started = time.perf_counter()
        (*_, last) = mesa.batch_run(
            Transfer, {"words": [tuple(words)]}, number_processes=1, max_steps=YEARS, data_collection_period=1,
            display_progress=False,
        )  # fmt: skip
        theirs += time.perf_counter() - started
        gaps.append(abs(last["gain"] - found[row["run"]]))
    if max(gaps) > 1e-9:
        raise AssertionError(f"Mesa's batch_run and the study differ by {max(gaps):.1e} per cent")
    note = f"{worlds} worlds: {theirs:.1f} s and {ours:.2f} s; gains agree to {max(gaps):.0e} per cent"
    return [Row("Mesa batch_run over study, one process", theirs / ours, "x", 5.0, at_least=True, note=note)]


def studies(runs: int = RUNS) -> list[Row]:
    """Everything above."""
    return [*whole_study(runs), *compiled_share(), *processes(), *against_batch_run()]
