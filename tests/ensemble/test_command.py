"""``sim sweep`` and its page as a user meets them: words in, sentences and exit codes out."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

import sim as deltasim
from sim.cli import main
from sim.experiments.ensemble.study import Study
from tests.cli.conftest import Answer
from tests.ensemble.conftest import SMALL, TRANSFER

SHARE = "policies.industry_transfer.origin_share"


@pytest.fixture
def sim(capfd, here):
    """The command, in an empty folder."""

    def call(*words: object) -> Answer:
        code = main([str(word) for word in words])
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


def test_a_sweep_says_what_came_out_and_where_it_is(sim, here):
    done = sim("sweep", "industry_transfer", *TRANSFER, f"{SHARE}=0,1", "--out", "mine")
    assert (done.code, done.err) == (0, "")
    assert "2 runs: 2 ok" in done.out
    assert "results: mine" in done.out
    gains = deltasim.load(here / "mine").outcomes().set_index(SHARE)["gain"]
    for share, gain in gains.items():
        assert re.search(rf"^ *{share:g} +1 +{gain:.4g}", done.out, re.MULTILINE), done.out
    assert "origin_share  runs  gain, %" in done.out


def test_run_with_m_is_the_same_study(sim, here):
    sim("sweep", "industry_transfer", *TRANSFER, f"{SHARE}=0,1", "--out", "a", "--quiet")
    assert sim("run", "-m", "industry_transfer", *TRANSFER, f"{SHARE}=0,1", "--out", "b", "--quiet").code == 0
    a, b = (deltasim.load(here / name) for name in "ab")
    assert a.plan.digest == b.plan.digest
    pd.testing.assert_frame_equal(a.indicators, b.indicators, check_exact=True)


def test_without_a_folder_a_study_goes_under_outputs_by_name(sim, here):
    done = sim("sweep", "baseline", "world=three_cities", "horizon=2019,2020", "--json")
    told = json.loads(done.out)
    folder = told["study"]
    incomes = deltasim.load(folder).outcomes()["real_income"]
    assert [row["outcomes"]["real_income"]["median"] for row in told["summary"]] == pytest.approx(incomes.tolist())
    assert re.fullmatch(r"outputs/studies/baseline/\d{8}-\d{6}-[0-9a-f]{6}", folder)
    assert isinstance(deltasim.load(folder), Study)


def test_a_study_is_not_a_run(sim):
    sim("sweep", "baseline", "world=three_cities", "horizon=2019,2020", "--out", "mine", "--quiet")
    for words in (("compare", "mine", "mine"), ("export", "mine")):
        done = sim(*words)
        assert done.code == 2
        assert "mine: is a study of many runs, not a run" in done.err


def test_failed_runs_end_with_code_4_and_are_named(sim):
    done = sim("sweep", "baseline", *SMALL, "tolerance=1e-8,1e-300")
    assert done.code == 4
    assert "1 not converged" in done.out
    assert "first failure: run 1 not converged: the market did not clear" in done.out


def test_show_plan_runs_nothing(sim, here):
    done = sim("sweep", "industry_transfer", *TRANSFER, f"{SHARE}=0,1", "--show-plan")
    assert "2 runs in 1 worlds" in done.out
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["baselin"], "unknown scenario or study 'baselin'; did you mean baseline?"),
        (["nothing.yaml"], "there is no such study"),
        ([], "which scenario or study"),
        (["--resume"], "which scenario or study"),
        (["baseline", "--workers", "0"], "not a whole number above 0"),
        (["baseline", "horizon=2019,2020", "--executor", "ray"], "unknown executor 'ray'"),
        (["baseline", "horizon=2019,2020", "--address", "tcp://127.0.0.1:9"], "address is for the executor 'cluster'"),
        (["baseline", "horizon=2019,2020", "--design", "random"], "design"),
        (["baseline", "--uncertain", "nonsense"], "unknown parameter"),
        (["baseline", "horizon=2019,2018", "world=three_cities"], "outside the years"),
    ],
)
def test_what_is_wrong_is_one_line_and_code_2(sim, here, words, message):
    done = sim("sweep", *words)
    assert done.code == 2, done.out
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not list(here.rglob("*.parquet"))


def test_shipped_studies_are_listed_and_can_be_planned(sim):
    listed = sim("list", "studies", "--json").json
    assert {row["study"] for row in listed} >= {"transfer_share", "transfer_uncertainty", "which_policy"}
    for row in listed:
        assert sim("sweep", row["study"], "--show-plan", "--samples", "2").code == 0


def test_a_study_folder_of_ones_own_is_found(sim, here):
    (here / "own" / "studies").mkdir(parents=True)
    text = "scenario: baseline\noverrides: [world=three_cities]\nlevers: {horizon: [2019, 2020]}\n"
    (here / "own" / "studies" / "mine.yaml").write_text(text)
    assert sim("sweep", "mine", "--scenario-dir", "own", "--out", "out", "--quiet").code == 0
    assert len(deltasim.load(here / "out")) == 2


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    words = [*TRANSFER, "policies=[],[industry_transfer]", f"{SHARE}=0,0.5,1", "tolerance=1e-8,1e-300"]
    uncertain = {"parameters.congestion_elasticity": None}
    folder = tmp_path_factory.mktemp("page") / "study"
    return deltasim.sweep("industry_transfer", words, uncertainties=uncertain, samples=4, out=folder)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_of_a_study_needs_no_network_and_says_what_the_tables_say(sim, study, here, language):
    assert sim("report", study.folder, "--out", "page.html", "--language", language).code == 0
    page = (here / "page.html").read_text(encoding="utf-8")
    assert "https://" not in page.split("<script>")[0]
    figures = json.loads(re.search(r'id="specifications">(.*?)</script>', page, re.DOTALL)[1])["figures"]
    (line,) = [t for t in figures["bands"]["data"] if t["yaxis"] == "y" and t["mode"] == "lines" and t["line"]["width"]
               and "origin_share 0.5" in t["name"]]  # fmt: skip
    chosen = study.runs[study.runs[SHARE] == 0.5]["run"]
    medians = study.indicators[study.indicators["run"].isin(chosen)].groupby("year")["gain"].median()
    assert line["y"] == pytest.approx(medians.tolist(), rel=1e-4)
    failed = study.runs[study.runs["status"] != "ok"]
    assert page.count("the market did not clear") == min(len(failed), 40)


def test_a_study_without_a_finished_run_has_no_page(sim, here):
    sim("sweep", "baseline", *SMALL, "tolerance=1e-300,1e-299", "--out", "mine", "--quiet")
    done = sim("report", "mine")
    assert done.code == 2
    assert "no run of the study finished" in done.err


def test_the_page_of_a_sensitivity_study_draws_its_tornado_and_says_its_conclusions(sim, here):
    words = ("market_integration", *SMALL, "--uncertain", "trade_elasticity,investment_return_elasticity")
    assert sim("sensitivity", *words, "--samples", "4", "--out", "mine", "--quiet").code == 0
    assert sim("report", "mine").code == 0
    page = (here / "mine" / "report.html").read_text(encoding="utf-8")
    figures = json.loads(re.search(r'id="specifications">(.*?)</script>', page, re.DOTALL)[1])["figures"]
    table = pd.read_parquet(here / "mine" / "tornado.parquet")
    last = table[(table["outcome"] == "gain") & (table["year"] == 2021) & (table["place"] == "region")]
    last = last.assign(short=last["factor"].str.extract(r"\.(\w+)")[0]).set_index("short")
    for bar, end in zip(figures["tornado"]["data"], ("low", "high"), strict=True):
        for name, length in zip(bar["y"], bar["x"], strict=True):
            assert bar["base"] + length == pytest.approx(last.loc[name, end], rel=1e-3)
    assert "real income" in page
    assert "What the conclusions hang on" in page
