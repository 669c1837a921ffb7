"""Studies that are disturbed: killed workers, killed drivers, full disks, damaged files, two studies in one folder."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import sim
from sim.core.errors import InputError
from sim.experiments.ensemble import executors, parts
from sim.experiments.ensemble.executors import ATTEMPTS, Died, Engine, executor
from sim.experiments.ensemble.plan import Plan
from sim.experiments.ensemble.study import Study
from sim.experiments.ensemble.sweep import run_study
from tests.ensemble.conftest import TRANSFER, assert_same

WORDS = (*TRANSFER, "policies=[],[industry_transfer]", "parameters.congestion_elasticity=interval(0.02,0.08)")
MANY = 200  # worlds, two runs each: some seconds of work, so that the disturbance comes before the end
ALONE = 30.0  # seconds within which a worker without a driver must have left


def command(out: Path, *more: str) -> list[str]:
    words = ["sweep", "industry_transfer", *WORDS, "--samples", str(MANY), "--shard", "4", "--out", str(out), *more]
    return [sys.executable, "-m", "sim", *words]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("undisturbed") / "study"
    return sim.sweep("industry_transfer", list(WORDS), samples=MANY, out=folder)


def started(words: list[str], out: Path, parts_there: int) -> subprocess.Popen:
    """A driver that has finished some parts and not all."""
    driver = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    while len(list((out / parts.RECEIPTS).glob("*.json"))) < parts_there:
        assert driver.poll() is None, driver.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return driver


def workers_of(driver: subprocess.Popen) -> list[psutil.Process]:
    children = psutil.Process(driver.pid).children(recursive=True)
    return [child for child in children if any("spawn_main" in word for word in child.cmdline())]


def test_a_killed_worker_costs_nothing_but_time(undisturbed, tmp_path):
    out = tmp_path / "study"
    driver = started(command(out, "--workers", "2", "--quiet"), out, parts_there=2)
    workers_of(driver)[0].kill()
    _, errors = driver.communicate(timeout=240)
    assert (driver.returncode, errors) == (0, "")
    assert_same(undisturbed, Study(out))


def test_a_killed_driver_takes_its_workers_along_and_the_study_is_resumed(undisturbed, tmp_path):
    out = tmp_path / "study"
    driver = started(command(out, "--workers", "2", "--quiet"), out, parts_there=2)
    workers = workers_of(driver)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    assert workers
    assert not psutil.wait_procs(workers, timeout=ALONE)[1]
    assert parts.read_manifest(out)["state"] == "running"
    half = sim.load(out)
    assert 0 < len(half.runs) < len(half)
    (out / "runs" / ".part-000099.parquet.4711").write_bytes(b"half")
    done = subprocess.run(
        [sys.executable, "-m", "sim", "sweep", "--out", str(out), "--resume", "--json"],
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    assert json.loads(done.stdout)["status"] == {"ok": 2 * MANY}
    assert [path.name for path in out.rglob(".*")] == [parts.LOCK]
    assert_same(undisturbed, Study(out))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_is_one_word_and_leaves_a_study_to_resume(undisturbed, tmp_path, workers):
    out = tmp_path / "study"
    driver = started(command(out, "--workers", workers, "--quiet"), out, parts_there=2)
    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: driver and workers get it
    _, errors = driver.communicate(timeout=ALONE)
    assert (driver.returncode, errors) == (130, "interrupted\n")
    run_study(undisturbed.plan, out, resume=True)
    assert_same(undisturbed, Study(out))


def test_parts_that_are_there_are_not_computed_again(undisturbed, tmp_path):
    out = tmp_path / "study"
    run_study(undisturbed.plan, out, size=30)
    times = {path: path.stat().st_mtime_ns for path in parts.files(out, "indicators")}
    standing = run_study(undisturbed.plan, out, resume=True)
    assert (standing.done, sum(standing.status.values())) == (2 * MANY, 0)
    assert times == {path: path.stat().st_mtime_ns for path in parts.files(out, "indicators")}


@pytest.mark.parametrize("harm", ["cut", "flipped", "gone", "receipt", "foreign"])
def test_a_damaged_part_is_found_and_computed_again(undisturbed, tmp_path, harm):
    out = tmp_path / "study"
    run_study(undisturbed.plan, out, size=30)
    victim, whole = parts.files(out, "indicators")[1], parts.files(out, "indicators")[1].read_bytes()
    if harm == "cut":
        victim.write_bytes(whole[:-100])
    elif harm == "flipped":
        victim.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    elif harm == "gone":
        victim.unlink()
    elif harm == "receipt":
        parts.receipt_file(out, 1).write_text("{")
    else:
        receipt = json.loads(parts.receipt_file(out, 1).read_text())
        parts.receipt_file(out, 1).write_text(json.dumps({**receipt, "digest": "another"}))
    standing = run_study(undisturbed.plan, out, resume=True)
    assert sum(standing.status.values()) == 30
    assert victim.read_bytes() == whole
    assert_same(undisturbed, Study(out))


def test_reading_a_damaged_part_says_how_to_mend_it(undisturbed, tmp_path):
    out = tmp_path / "study"
    run_study(undisturbed.plan, out, size=30)
    victim = parts.files(out, "indicators")[1]
    victim.write_bytes(victim.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"damaged.*--resume computes it again"):
        _ = Study(out).indicators


def test_a_full_disk_is_one_message_and_leaves_no_half_written_part(undisturbed, tmp_path):
    out = tmp_path / "study"
    largest = max(path.stat().st_size for path in undisturbed.folder.rglob("*.parquet"))

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest // 2, largest // 2))

    for workers in ("1", "2"):
        words = command(out, "--workers", workers, "--force")
        words[words.index("--shard") + 1] = "60"
        done = subprocess.run(words, capture_output=True, text=True, preexec_fn=small_files_only, timeout=240)
        assert done.returncode == 2, done.stderr
        assert "cannot be written: File too large" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        for path in out.rglob("*.parquet"):
            assert path.name.startswith(("part-", "plan"))
        assert not [path for path in out.rglob(".*") if path.name != parts.LOCK]
    run_study(Plan.read(out), out, resume=True)
    assert_same(undisturbed, Study(out))


def test_a_folder_takes_one_study(undisturbed, tmp_path):
    out = tmp_path / "study"
    run_study(undisturbed.plan, out)
    with pytest.raises(InputError, match="already holds a study"):
        run_study(undisturbed.plan, out)
    other = sim.sweep("baseline", ["world=three_cities", "horizon=2020", "tolerance=1e-8,1e-7"]).plan
    with pytest.raises(InputError, match="another study"):
        run_study(other, out, resume=True)
    assert_same(undisturbed, Study(out))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    (tmp_path / "mine" / "manifest.json").write_text('{"digest": "of another program"}')
    for force in (False, True):
        with pytest.raises(InputError, match="holds other files"):
            run_study(other, tmp_path / "mine", force=force)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    with pytest.raises(InputError, match="no study to resume"):
        run_study(other, tmp_path / "new", resume=True)


def test_two_drivers_do_not_write_one_folder_at_a_time(undisturbed, tmp_path):
    out = tmp_path / "study"
    run_study(undisturbed.plan, out)
    with open(out / parts.LOCK, "a", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for way in ({"resume": True}, {"force": True}):
            with pytest.raises(InputError, match="another process is writing"):
                run_study(undisturbed.plan, out, **way)
    run_study(undisturbed.plan, out, resume=True)


# --- executors ----------------------------------------------------------------------------------------------------


def square(task):
    return task["x"] ** 2


def deadly(task):
    if task["x"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task["x"] ** 2


def wrong(task):
    if task["x"] == 3:
        raise OSError(28, "No space left on device")
    return task["x"] ** 2


TASKS = [{"x": x} for x in range(8)]
ENGINES = [("local", 1), ("local", 2), ("cluster", 2)]


@pytest.mark.parametrize(("name", "workers"), ENGINES)
def test_every_task_has_its_result(name, workers):
    with executor(name, workers) as chosen:
        assert dict(chosen.map(square, TASKS)) == {x: x**2 for x in range(8)}


@pytest.mark.parametrize(("name", "workers"), ENGINES[1:])
def test_a_task_that_kills_every_worker_ends_alone(name, workers):
    with executor(name, workers) as chosen:
        found = dict(chosen.map(deadly, TASKS))
    assert isinstance(found[3], Died)
    assert f"died {ATTEMPTS} times" in found[3].reason
    assert {x: result for x, result in found.items() if x != 3} == {x: x**2 for x in range(8) if x != 3}


@pytest.mark.parametrize(("name", "workers"), ENGINES)
def test_trouble_of_the_machine_ends_the_study(name, workers):
    with executor(name, workers) as chosen, pytest.raises(OSError, match="No space left"):
        list(chosen.map(wrong, TASKS))


def test_a_running_cluster_is_used_by_its_address(undisturbed, tmp_path):
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as running:
        run_study(undisturbed.plan, tmp_path / "a", engine=Engine("cluster", 1, running.scheduler_address))
    assert_same(undisturbed, Study(tmp_path / "a"))


def test_a_cluster_that_does_not_answer_is_one_message(monkeypatch):
    monkeypatch.setattr(executors, "CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match="no scheduler answers at tcp://127.0.0.1:9"):
        executor("cluster", 1, "tcp://127.0.0.1:9").__enter__()


def test_executors_that_do_not_exist_are_named():
    for options, message in (
        ({"name": "slurm"}, "unknown executor 'slurm'"),
        ({"name": "local", "address": "tcp://127.0.0.1:1"}, "address is for the executor 'cluster'"),
    ):
        with pytest.raises(InputError, match=message), executor(**options):
            pass


def test_a_script_without_a_guard_may_use_workers(tmp_path):
    """Spawned processes run the main script again unless they are kept from it."""
    script = tmp_path / "script.py"
    text = 'import sim\nprint("once")\nsim.sweep("baseline", ["world=three_cities", "horizon=2020,2021"], workers=2)\n'
    script.write_text(text)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=240, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "once\n"), done.stderr
