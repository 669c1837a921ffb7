"""A run folder: what is in it, that it is whole or not there, and that it can be read without anything else."""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sim.compose import compose
from sim.core.errors import InputError
from sim.experiments import store
from sim.experiments.run import Run, load, reference_config, run, run_scenario
from sim.experiments.tables import TABLES

FILES = {"config.yaml", "run.json", *(f"{name}.parquet" for name in TABLES)}
QUICK = ["world=three_cities", "horizon=2021"]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_folder_holds_the_run_and_its_whole_reference(transfer):
    assert names(transfer.folder) == FILES | {"reference"}
    assert names(transfer.folder / "reference") == FILES


def test_a_run_that_is_its_own_reference_has_none(tmp_path):
    done = run("baseline", overrides=QUICK, out=tmp_path / "run")
    assert done.reference is None
    assert names(tmp_path / "run") == FILES


def test_the_reference_can_be_left_out_without_changing_the_run(small):
    alone = run("industry_transfer", overrides=_words(small), reference=False)
    assert alone.reference is None
    pd.testing.assert_frame_equal(alone.cities, small.cities)


def _words(done: Run) -> list[str]:
    return shlex.split(done.info["command"])[3:]


@pytest.mark.parametrize("name", TABLES)
def test_reading_gives_back_what_was_in_memory(transfer, stored, name):
    pd.testing.assert_frame_equal(transfer.frame(name), stored.frame(name))
    assert transfer.reference is not None
    assert stored.reference is not None
    pd.testing.assert_frame_equal(transfer.reference.frame(name), stored.reference.frame(name))


def test_a_folder_is_read_without_the_data_set(small, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the data set was read")

    monkeypatch.setattr("sim.datasets.world.World.load", refuse)
    done = load(small.folder)
    assert done.city_ids == ["PRT", "MIL", "VAL"]
    assert not done.compare().cities.empty
    assert set(done.by("province")["province"]) == {"CO", "IN"}
    assert "trade" in done.to_xarray()


def test_run_json_says_what_was_run(small):
    info = json.loads((small.folder / "run.json").read_text(encoding="utf-8"))
    assert info == small.info
    assert info["scenario"] == "industry_transfer"
    assert info["data"]["name"] == "three_cities"
    assert len(info["data"]["hash"]) == 64
    assert info["config_hash"] == small.config.digest()
    assert info["years"] == [2019, 2027]
    assert [year["year"] for year in info["convergence"]["years"]] == list(range(2019, 2028))
    assert 0.0 <= info["convergence"]["worst_residual"] <= small.config.tolerance
    assert {"load", "calibrate", "reference", "run"} <= info["seconds"].keys()
    assert max(info["identities"].values()) < 1e-8
    assert info["growth"].keys() == {str(year) for year in range(2020, 2029)}
    assert info["labels"]["regions"]["VAL"]["name_zh"] == "谷城"


def test_config_yaml_is_the_resolved_configuration(small):
    plain = yaml.safe_load((small.folder / "config.yaml").read_text(encoding="utf-8"))
    assert plain["policies"]["industry_transfer"]["origins"] == ["PRT"]
    assert load(small.folder).config == small.config


def test_the_command_repeats_the_run(small):
    scenario, *words = shlex.split(small.info["command"])[2:]
    assert compose(scenario, words).digest() == small.config.digest()
    assert small.reference is not None
    scenario, *words = shlex.split(small.reference.info["command"])[2:]
    assert compose(scenario, words).digest() == small.reference.config.digest()


@pytest.mark.parametrize(
    "words",
    [
        ["horizon=2020", "seed=7"],
        ["parameters.trade_elasticity=4", "parameters.land_cost_share.MAN=0.01", "horizon=2020"],
        ["+policies=[market_integration]", "policies.market_integration.reduction=0.5", "horizon=2020"],
        ["economy=no_congestion", "horizon=2020", "report.language=zh"],
    ],
)
def test_the_command_of_a_configuration_made_in_a_program_is_found(words):
    config = compose("baseline", ["world=three_cities", *words])
    scenario, *found = shlex.split(run_scenario(config).info["command"])[2:]
    assert compose(scenario, found).digest() == config.digest()


def test_values_by_key_reach_the_run_and_its_command():
    done = run("baseline", overrides=QUICK, values={"tolerance": 1e-10, "seed": 5})
    assert (done.config.tolerance, done.config.seed) == (1e-10, 5)
    assert {"tolerance=1e-10", "seed=5"} <= set(_words(done))


def test_a_reference_differs_by_its_policies_only(small):
    config = reference_config(small.config)
    told = {key: value for key, value in config.flat().items() if not key.startswith("policies")}
    own = {key: value for key, value in small.config.flat().items() if not key.startswith("policies")}
    differ = {key for key in told if told[key] != own[key]}
    assert differ <= {"scenario", "title", "question.en", "question.zh", "reference"}
    assert not config.policies


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_folder_with_a_run_is_refused_and_replaced_only_by_force(small, tmp_path):
    out = tmp_path / "run"
    config = compose("baseline", QUICK)
    run_scenario(config, out=out)
    before = (out / "run.json").read_bytes()
    with pytest.raises(InputError, match="already holds a run"):
        run_scenario(config, out=out)
    assert (out / "run.json").read_bytes() == before
    run_scenario(compose("baseline", [*QUICK, "seed=3"]), out=out, force=True)
    assert load(out).config.seed == 3
    assert names(tmp_path) == {"run"}


def test_a_folder_with_other_files_is_never_replaced(tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(InputError, match="holds other files"):
        run("baseline", overrides=QUICK, out=out)
    with pytest.raises(InputError, match="holds other files"):
        run_scenario(compose("baseline", QUICK), out=out, force=True)
    assert (out / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    run("baseline", overrides=QUICK, out=tmp_path / "run")
    assert names(tmp_path / "run") == FILES


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/deltasim/run"])
def test_a_place_that_cannot_be_written_is_one_line(small, tmp_path, place):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        small.save(tmp_path / place)
    assert "\n" not in str(raised.value)
    assert names(tmp_path) == {"file"}


def test_what_fails_while_writing_leaves_nothing_behind(small, tmp_path):
    def fail(_: Run, folder: Path) -> None:
        assert names(folder) == FILES | {"reference"}
        raise RuntimeError("the report broke")

    with pytest.raises(RuntimeError, match="the report broke"):
        load(small.folder).save(tmp_path / "run", add=fail)
    assert not names(tmp_path)


def test_a_failed_replacement_keeps_the_run_that_was_there(small, tmp_path):
    done = load(small.folder)
    done.save(tmp_path / "run")
    with pytest.raises(ZeroDivisionError):
        load(small.folder).save(tmp_path / "run", force=True, add=lambda run, folder: 1 / 0)
    assert load(tmp_path / "run").config == small.config
    assert names(tmp_path) == {"run"}


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system has no limit on file sizes")
def test_a_full_disk_is_one_line_and_leaves_nothing(small, tmp_path):
    script = (
        "import resource, sys; from sim.experiments.run import load\n"
        "from sim.core.errors import InputError\n"
        "done = load(sys.argv[1]); [done.arrow[name] for name in done.arrow]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try: done.save(sys.argv[2])\n"
        "except InputError as error: print(error); sys.exit(error.exit_code)\n"
    )
    command = [sys.executable, "-c", script, str(small.folder), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 2, done.stderr
    assert done.stdout.strip() == f"{tmp_path / 'run'}: cannot be written: {os.strerror(27)}"
    assert not names(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("cities.parquet", b"not parquet", "cities.parquet: cannot be read"),
        ("cities.parquet", None, "cities.parquet: is missing from the run"),
        ("run.json", b"{", "run.json: cannot be read"),
        ("config.yaml", b"\xff", "config.yaml: cannot be read"),
    ],
)
def test_a_damaged_folder_is_one_line(small, tmp_path, file, content, message):
    done = load(small.folder)
    done.save(tmp_path / "run")
    if content is None:
        (tmp_path / "run" / file).unlink()
    else:
        (tmp_path / "run" / file).write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        _ = load(tmp_path / "run").cities
    assert "\n" not in str(raised.value)


# --- names ------------------------------------------------------------------------------------------------------------


def test_default_folders_name_scenario_time_and_configuration(small):
    folder = store.default_folder(small.config)
    assert folder.parts[:2] == ("outputs", "industry_transfer")
    day, clock, code = folder.name.split("-")
    assert (len(day), len(clock)) == (8, 6)
    assert code == small.config.digest()[:6]


def test_a_scenario_means_its_latest_run(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for stamp in ("20240101-000000-aaaaaa", "20250101-000000-bbbbbb"):
        load(small.folder).save(tmp_path / "outputs" / "industry_transfer" / stamp)
    (tmp_path / "outputs" / "industry_transfer" / "20260101-000000-cccccc").mkdir()
    assert load("industry_transfer").folder == Path("outputs/industry_transfer/20250101-000000-bbbbbb")
    with pytest.raises(InputError, match="did you mean industry_transfer"):
        load("industry_transfers")
    with pytest.raises(InputError, match="holds no run"):
        load(tmp_path / "outputs")


def test_progress_is_told():
    told: list[str] = []
    run_scenario(compose("baseline", QUICK), progress=told.append)
    assert told[0] == "reading the data"
    assert "running baseline 2021" in told


def test_a_run_of_the_base_year_alone():
    one = run("baseline", overrides=["world=three_cities", "horizon=2019"])
    assert one.cities["year"].unique().tolist() == [2019]
    assert max(one.info["identities"].values()) < 1e-9
