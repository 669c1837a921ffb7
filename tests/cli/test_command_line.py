"""The command line itself: help, exit codes, one-line errors, suggestions."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sim import cli
from sim.commands import common
from sim.core.errors import EquilibriumError, InputError

HEAVY = ("numba", "mesa", "pandas", "scipy", "xarray", "plotly", "hydra", "pydantic", "numpy")


def loaded_modules(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def loaded_after(code: str) -> set[str]:
    return {name.split(".")[0] for name in loaded_modules(code)}


@pytest.mark.parametrize("code", ["import sim; dir(sim)", "import sim.cli; sim.cli.main(['--help'])"])
def test_importing_and_asking_for_help_loads_nothing_heavy(code):
    assert not loaded_after(code).intersection(HEAVY)


def test_help_is_instant():
    """It loads next to nothing beyond Python itself: benchmarks time it."""
    bare, helped = (loaded_modules(code) for code in ("import argparse", "import sim.cli; sim.cli.main(['--help'])"))
    assert len(helped - bare) < 60


def test_help_names_every_command_and_every_command_has_help(sim, capfd):
    overview = sim("--help").out
    for name in cli.COMMANDS:
        assert f"  {name} " in overview
        with pytest.raises(SystemExit) as leaving:
            cli.dispatch([name, "--help"])
        assert leaving.value.code == 0
        assert capfd.readouterr().out.startswith(f"usage: sim {name}")


def test_command_help_through_main_exits_with_zero(sim):
    assert sim("list", "--help").code == 0


def test_version(sim):
    assert sim("--version").out.startswith("deltasim 0.")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["rnu", "baseline"], "did you mean run?"),
        (["list", "polices"], "did you mean policies?"),
        (["data", "chek"], "did you mean check?"),
        (["list", "scenarios", "--jsn"], "did you mean --json?"),
        (["run", "industry_transfr"], "did you mean industry_transfer?"),
        (["run", "industry_transfer", "--scenario_dir", "x"], "did you mean --scenario-dir?"),
    ],
)
def test_a_mistyped_word_gets_a_suggestion(sim, words, hint):
    answer = sim(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("error: ")
    assert hint in answer.err
    assert answer.err.count("\n") == 1


def test_an_error_as_json_has_every_part(sim):
    answer = sim("run", "nowhere", "--json")
    assert answer.code == 2
    assert answer.err == ""
    assert set(answer.json["error"]) == {"file", "row", "column", "key", "allowed", "message"}


def raising(error: BaseException):
    def dispatch(words):
        raise error

    return dispatch


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InputError("is wrong", file="a.csv", row=3, column="x"), 2, "error: a.csv, row 3, column x: is wrong"),
        (EquilibriumError("Hefei", "ELE", 0.1, 500, 1e-8), 3, "sector ELE in Hefei after 500 sweeps"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(28, "No space left on device", "out"), 2, "error: out: No space left on device"),
        (OSError(27, "File too large"), 2, "cannot be written: File too large"),
        (ZeroDivisionError("x"), 1, "error: internal error: ZeroDivisionError: x (--traceback shows where)"),
        (FileNotFoundError(2, "No such file", "ours"), 1, "error: internal error: FileNotFoundError"),
    ],
)
def test_every_error_is_one_line_and_an_exit_code(sim, monkeypatch, error, code, text):
    monkeypatch.setattr(cli, "dispatch", raising(error))
    answer = sim("run", "baseline")
    assert answer.code == code
    assert text in answer.err
    assert answer.err.count("\n") == 1


def test_traceback_on_demand(monkeypatch):
    monkeypatch.setattr(cli, "dispatch", raising(ZeroDivisionError("x")))
    with pytest.raises(ZeroDivisionError):
        cli.main(["run", "baseline", "--traceback"])


def test_a_reader_that_leaves_a_pipe_is_no_error():
    shell = f"{sys.executable} -m sim list scenarios | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


def test_lists(sim):
    rows = sim("list", "scenarios", "--json").json
    assert {"baseline", "industry_transfer", "market_integration"} <= {row["scenario"] for row in rows}
    assert "industry_transfer" in sim("list", "scenarios").out
    assert sim("list", "scenarios", "--quiet").out == ""


def test_the_schema_is_json_and_knows_the_policies(sim):
    schema = json.loads(sim("schema").out)
    assert "industry_transfer" in schema["properties"]["policies"]["properties"]
    assert schema["properties"]["horizon"]["description"]


def test_a_chinese_city_is_known_without_the_word_for_city():
    names = {"340100": ("Hefei", "合肥市"), "X": ("Si", "市")}
    assert [common.choose_city(word, names) for word in ("合肥", "合肥市", "hefei", "市")] == ["340100"] * 3 + ["X"]
