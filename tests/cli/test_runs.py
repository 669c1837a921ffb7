"""The commands around a run, on the small world: what they write, print and refuse."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

SMALL = ("world=three_cities", "horizon=2022")
TABLES = ("cities", "sectors", "flows", "transfers", "agreements", "sections", "indicators")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder where two runs were made, outside the checkout."""
    from sim.cli import main

    folder = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["run", "market_integration", *SMALL, "--quiet"]) == 0
        assert main(["run", "baseline", *SMALL, "--out", "mine", "--no-report", "--quiet"]) == 0
    return folder


@pytest.fixture(autouse=True)
def at_the_desk(desk, monkeypatch):
    monkeypatch.chdir(desk)


def latest(desk: Path) -> Path:
    (folder,) = (desk / "outputs" / "market_integration").iterdir()
    return folder


def test_a_run_leaves_a_whole_folder_with_its_reference(desk):
    folder = latest(desk)
    for place in (folder, folder / "reference"):
        assert {f"{name}.parquet" for name in TABLES} | {"config.yaml", "run.json"} <= {p.name for p in place.iterdir()}
    assert "</html>" in (folder / "report.html").read_text(encoding="utf-8")
    assert not (desk / "mine" / "report.html").exists()
    assert not list(desk.rglob(".*"))


def test_the_name_of_the_folder_ends_with_the_code_of_the_configuration(desk):
    from sim.config import RunConfig

    folder = latest(desk)
    assert folder.name.split("-")[-1] == RunConfig.read(folder / "config.yaml").digest()[:6]


def test_overrides_and_options_in_any_order(sim, tmp_path):
    first = sim(
        "run", "baseline", "--out", tmp_path / "a", "horizon=2020", "--no-report", "world=three_cities", "--json"
    )
    second = sim("run", "baseline", *SMALL[:1], "--json", "--no-report", "horizon=2020", f"--out={tmp_path / 'b'}")
    assert (first.code, second.code) == (0, 0)
    assert first.json["run"] == str(tmp_path / "a")
    assert first.json["report"] is None
    assert len(first.json["answer"]) == 3
    a, b = (pd.read_parquet(tmp_path / name / "cities.parquet") for name in "ab")
    pd.testing.assert_frame_equal(a, b)


def test_the_answer_is_printed_and_progress_is_not(sim, tmp_path):
    answer = sim("run", "baseline", "world=three_cities", "horizon=2020", "--no-report", "--out", tmp_path / "a")
    assert answer.err == ""
    assert f"results: {tmp_path / 'a'}" in answer.out


def test_the_command_in_run_json_repeats_the_run(desk, sim, tmp_path):
    import shlex

    info = json.loads((latest(desk) / "run.json").read_text(encoding="utf-8"))
    words = shlex.split(info["command"])[1:]
    assert sim(*words, "--out", tmp_path / "again", "--quiet", "--no-report").code == 0
    again = pd.read_parquet(tmp_path / "again" / "cities.parquet")
    pd.testing.assert_frame_equal(again, pd.read_parquet(latest(desk) / "cities.parquet"))


def test_a_reference_in_a_users_folder_is_found(sim, tmp_path):
    (tmp_path / "base.yaml").write_text("defaults: [config]\ntitle: mine\nhorizon: 2020\n")
    text = "defaults: [config, {policies: [market_integration]}]\nreference: base\nhorizon: 2020\n"
    (tmp_path / "open.yaml").write_text(text)
    words = ("world=three_cities", "--scenario-dir", tmp_path, "--out", tmp_path / "run", "--no-report")
    assert sim("run", "open", *words).code == 0
    assert (tmp_path / "run" / "reference" / "run.json").is_file()


def test_the_scenario_may_stand_anywhere(sim):
    first = sim(
        "run", "horizon=2025", "~policies.industry_transfer", "industry_transfer", "--show-config", "--json"
    ).json
    assert (first["scenario"], first["horizon"], first["policies"]) == ("industry_transfer", 2025, {})
    assert "which scenario?" in sim("run", "horizon=2025").err
    assert "required: SCENARIO (" in sim("run").err


def test_the_reference_inside_a_run_is_not_the_latest_run(sim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sim("run", "market_integration", *SMALL, "--no-report", "--quiet", "--out", "outputs/mine").code == 0
    assert sim("explain", "gdp", "--city", "MIL", "--year", "2021", "--json").json["run"] == "outputs/mine"


def test_compare_runs_of_different_length(sim, tmp_path):
    assert sim("run", "baseline", SMALL[0], "horizon=2021", "--no-report", "-q", "--out", tmp_path / "short").code == 0
    data = sim("compare", "mine", tmp_path / "short", "--json").json
    assert data["year"] == 2021
    assert all(row["b"] == row["b"] for row in data["cities"])
    assert "2019 to 2021" in sim("compare", "mine", tmp_path / "short", "--year", "2022").err


def test_compare_prints_a_table_that_fits(sim, desk):
    text = sim("compare", latest(desk) / "reference", "market_integration").out
    assert "question" not in text
    assert max(map(len, text.splitlines())) < 160


def test_report_makes_its_folder_and_says_where_it_cannot(sim, tmp_path):
    assert sim("report", "mine", "--out", tmp_path / "new" / "page.html").code == 0
    for refused in ("/proc/page.html", tmp_path):
        answer = sim("report", "mine", "--out", refused)
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        assert f"error: {refused}: cannot be written" in answer.err


def test_a_forced_export_spares_folders_that_are_no_export(sim, tmp_path):
    (tmp_path / "precious").write_text("x")
    assert "other files" in sim("export", "mine", "--out", tmp_path, "--force").err
    assert (tmp_path / "precious").exists()


def test_compare(sim, desk):
    answer = sim("compare", latest(desk) / "reference", "market_integration")
    assert answer.code == 0
    assert "policies" in answer.out
    assert "real_income in 2022" in answer.out
    data = sim("compare", "mine", "market_integration", "--json", "--year", "2021").json
    assert data["year"] == 2021
    assert {"region", "a", "b", "change", "change_pct"} <= set(data["cities"][0])
    assert sim("compare", "mine", "market_integration", "--year", "1999").code == 2


def test_report_again_in_chinese(sim, desk, tmp_path):
    assert sim("report", "market_integration", "--language", "zh", "--out", tmp_path / "zh.html").code == 0
    assert "统一市场" in (tmp_path / "zh.html").read_text(encoding="utf-8")
    assert "en, zh" in sim("report", "market_integration", "--language", "fr").err


@pytest.mark.parametrize("form", ["csv", "xlsx", "nc"])
def test_export_and_read_back(sim, desk, tmp_path, form):
    target = tmp_path / ("tables" if form == "csv" else f"run.{form}")
    assert sim("export", "market_integration", "--format", form, "--out", target).code == 0
    original = pd.read_parquet(latest(desk) / "cities.parquet")
    if form == "nc":
        import xarray as xr

        with xr.open_dataset(target, engine="scipy") as cube:
            assert float(cube["gdp"].sum()) == pytest.approx(original["gdp"].sum())
            assert cube["gdp"].attrs["units"]
        return
    read = pd.read_csv(target / "cities.csv") if form == "csv" else pd.read_excel(target, sheet_name="cities")
    assert read["gdp"].to_numpy() == pytest.approx(original["gdp"].to_numpy())
    described = pd.read_csv(target / "columns.csv") if form == "csv" else pd.read_excel(target, sheet_name="columns")
    assert set(TABLES) == set(described["table"])
    assert sim("export", "market_integration", "--format", form, "--out", target).code == 2
    assert sim("export", "market_integration", "--format", form, "--out", target, "--force").code == 0


def test_explain(sim):
    answer = sim("explain", "gdp", "--city", "Milltown", "--year", "2021", "--run", "mine")
    assert answer.code == 0
    assert "value_added MAN" in answer.out
    as_json = sim("explain", "own_revenue", "--city", "坊城", "--year", "2021", "--json").json
    assert as_json["city"] == "MIL"
    assert as_json["recomputed"] == pytest.approx(as_json["value"])
    assert all(row["source"] for row in as_json["parameters"] + as_json["data"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("explain", "gpd", "--city", "MIL", "--year", "2021"), "did you mean gdp?"),
        (("explain", "gdp", "--city", "Miltown", "--year", "2021"), "did you mean Milltown?"),
        (("explain", "gdp", "--city", "MIL", "--year", "2031"), "2019 to 2022"),
        (("compare", "market_integratoin", "mine"), "did you mean market_integration?"),
        (("export", "mine", "--format", "xls"), "did you mean xlsx?"),
        (("compare", "mine", "mine", "--top", "-2"), "above 0"),
        (("run", "baseline", "parameters.trade_elasticity=x"), "parameters.trade_elasticity: 'x' is neither"),
        (("run", "baseline", "reference=baselin"), "reference: unknown scenario 'baselin'; did you mean baseline?"),
        (("run", "baseline", "world=three_cities", "horizon=2050"), "2019 to"),
        (("run", "baseline", "world.dataset=nowhere"), "no such data set"),
        (("run", "baseline", "parameters.trade_elastcity=4"), "did you mean trade_elasticity?"),
        (("run", "baseline", "world=three_cities", "parameters.trade_elasticity.SRX=4"), "did you mean SRV?"),
        (("run", "baseline", *SMALL, "--out", "mine"), "--force"),
        (("run", "baseline", *SMALL, "--out", "/dev/null/x"), "/dev/null/x"),
        (
            ("run", "baseline", "world=three_cities", "+governments.rules={Milltwn:passive}", "horizon=2020"),
            "governments.rules: unknown region 'Milltwn'; did you mean Milltown?",
        ),
        (
            (
                "run",
                "baseline",
                "+policies=[land_quota_trade]",
                "policies.land_quota_trade.idle={Nowhere:5}",
                "horizon=2020",
            ),
            "policies.land_quota_trade.idle: unknown region 'Nowhere'",
        ),
        (
            ("run", "baseline", "+policies=[land_quota_trade]", "policies.land_quota_trade.idle={JS:5,Suzhou:5}"),
            "policies.land_quota_trade.idle: 320500 is named twice: JS, Suzhou",
        ),
    ],
)
def test_bad_input_is_one_line_and_code_two(sim, words, message):
    answer = sim(*words)
    assert answer.code == 2, answer
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert message in answer.err


def test_force_replaces_a_run(sim, tmp_path):
    words = ("run", "baseline", "world=three_cities", "--no-report", "--quiet", "--out", tmp_path / "a")
    assert sim(*words, "horizon=2020").code == 0
    assert sim(*words, "horizon=2021", "--force").code == 0
    assert pd.read_parquet(tmp_path / "a" / "cities.parquet")["year"].max() == 2021


def test_a_full_disk_leaves_nothing_under_the_final_name(tmp_path):
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    words = [sys.executable, "-m", "sim", "run", "baseline", *SMALL, "--out", str(tmp_path / "a")]
    done = subprocess.run(words, preexec_fn=little_room, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_data_new_check_run(sim, tmp_path):
    assert sim("data", "new", tmp_path / "mine").code == 0
    assert sim("data", "check", tmp_path / "mine").code == 0
    assert sim("data", "new", tmp_path / "mine").code == 2
    words = (f"world.dataset={tmp_path / 'mine'}", "horizon=2020", "--no-report", "--out", tmp_path / "run")
    assert sim("run", "baseline", *words).code == 0


def test_data_check_lists_every_problem(sim, tmp_path):
    assert sim("data", "new", tmp_path / "mine").code == 0
    table = tmp_path / "mine" / "value_added.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("440", "-440", 1), encoding="utf-8")
    (tmp_path / "mine" / "targets.csv").unlink()
    answer = sim("data", "check", tmp_path / "mine", "--json")
    assert answer.code == 2
    assert {"value_added.csv", "targets.csv"} <= {error["file"] for error in answer.json["errors"]}
    quiet = sim("data", "check", tmp_path / "mine", "--quiet")
    assert quiet.out == ""
    assert quiet.err.count("\n") == len(answer.json["errors"])


def test_a_number_with_underscores_is_text(sim, tmp_path):
    assert sim("data", "new", tmp_path / "mine").code == 0
    table = tmp_path / "mine" / "value_added.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",440,", ",4_40,", 1), encoding="utf-8")
    answer = sim("run", "baseline", f"world.dataset={tmp_path / 'mine'}", "--out", tmp_path / "run")
    assert answer.code == 2
    assert "row 13, column value: '4_40' is text where a number belongs" in answer.err
    assert sim("data", "check", tmp_path / "mine").out.endswith("has 1 error, 1 warning\n")


@pytest.mark.parametrize("what", ["scenarios", "policies", "indicators", "parameters", "phases", "sectors", "cities"])
def test_every_list_has_rows(sim, what):
    rows = sim("list", what, "--json").json
    assert rows
    assert sim("list", what).out.count("\n") == len(rows) + 1


def test_doctor(sim):
    answer = sim("doctor", "--json")
    findings = {finding["check"]: finding for finding in answer.json["findings"]}
    assert answer.code == 0, findings
    assert "0.8350515464" in findings["two regions"]["value"]
    assert "1.0460963309" in findings["two regions"]["value"]
    assert findings["real year"]["ok"]
