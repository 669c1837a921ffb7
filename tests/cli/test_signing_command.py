"""sim signing as a user meets it: sentences, a row per party, a folder with its page, one line for wrong words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from sim.experiments.signing import judgement
from sim.experiments.signing.judgement import Case
from sim.experiments.signing.survey import signing_study
from sim.report.signing import chart, judged
from sim.report.view import View

SMALL = [
    "world=three_cities",
    'policies.industry_transfer.origins=["PRT"]',
    'policies.industry_transfer.destinations=["MIL","VAL"]',
    'policies.industry_transfer.sectors=["MAN"]',
    "horizon=2023",
]
CALL = ("signing", "industry_transfer", *SMALL, "--shares", "5")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgement, "judgements", lambda parameters, read: ["relocation_hazard", "provincial_border"])


def test_it_says_who_signs_and_writes_what_it_says(sim, here):
    done = sim(*CALL, "--out", "mine")
    assert (done.code, done.err) == (0, "")
    assert "this is what its parties would say in 2020" in done.out
    assert re.search(r"^Port City +origin", done.out, re.MULTILINE)
    assert sorted(path.name for path in Path("mine").iterdir()) == ["gains.csv", "signing.html", "signing.json"]
    data = json.loads(Path("mine/signing.json").read_text())
    gains = pd.read_csv("mine/gains.csv")
    assert len(gains) == 3 * 5
    port = gains[gains["party"] == "PRT"]
    assert port["expected_gain"].tolist() == pytest.approx(data["gain"]["PRT"])
    assert port["signs"].tolist() == data["signs"]["PRT"]
    assert all(sentence in done.out for sentence in data["sentences"])


def test_the_data_are_those_of_the_survey(sim, here):
    import sim as deltasim

    told = sim(*CALL, "--json").json
    run = deltasim.run("industry_transfer", overrides=SMALL)
    survey = signing_study(run, shares=5)
    assert told["gain"] == {p: pytest.approx(g) for p, g in zip(survey.parties, survey.gain.tolist(), strict=True)}
    assert told["verdict"]["never"] == list(survey.verdict.never)
    assert re.fullmatch(r"outputs/signing/industry_transfer/\d{8}-\d{6}-[0-9a-f]{6}", told["folder"])
    assert "judgements" not in told


def test_over_the_judgements(sim, here, few):
    done = sim(*CALL, "--over", "judgement", "--out", "mine")
    assert done.code == 0
    rows = pd.read_csv("mine/judgements.csv")
    assert rows["parameter"].tolist() == ["relocation_hazard"] * 2 + ["provincial_border"] * 2
    assert "of 4 cases" in done.out
    page = Path("mine/signing.html").read_text(encoding="utf-8")
    assert 'id="figure-judged"' in page
    assert "sim signing industry_transfer world=three_cities" in page
    assert "--over judgement" in page.split("<script>")[0]


def test_in_chinese(sim, here, few):
    done = sim(*CALL, "report.language=zh", "--over", "judgement", "--out", "mine")
    assert "若只算税收账" in done.out
    assert "4种情形" in done.out
    assert '<html lang="zh-CN">' in Path("mine/signing.html").read_text(encoding="utf-8")


def test_cases_without_an_answer_end_with_their_code(sim, here, few, monkeypatch):
    from sim.core.errors import InputError

    def broken(*arguments, **options):
        raise InputError("no such world")

    monkeypatch.setattr(judgement, "calibrate", broken)
    done = sim(*CALL, "--over", "judgement", "--out", "mine")
    assert done.code == 4
    assert "4 cases have no answer: no such world" in done.out


def test_quiet_is_quiet(sim, here):
    assert sim(*CALL, "--out", "mine", "--quiet").out == ""
    assert Path("mine/signing.html").is_file()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["signing", "baseline"], "no policy of baseline shares tax"),
        ([*CALL[:-1], "1"], "1 shares have no range (allowed: 2 or more)"),
        ([*CALL[:-1], "0"], "'0' is not a whole number above 0"),
        ([*CALL, "--policy", "industry_transfers"], "did you mean industry_transfer?"),
        ([*CALL, "--over", "everything"], "invalid choice: 'everything'"),
        ([*CALL, "policies.industry_transfer.start=2026"], "the parties are asked in no year of the run"),
        (["signing", "nowhere"], "unknown scenario"),
    ],
)
def test_wrong_words_are_one_line(sim, here, words, text):
    done = sim(*words)
    assert (done.code, done.out) == (2, "")
    assert text in done.err
    assert done.err.count("\n") == 1
    assert not Path("outputs").exists()


def test_a_folder_that_is_taken_is_refused(sim, here):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    done = sim(*CALL, "--out", "mine")
    assert done.code == 2
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]


# --- the sentences over the judgements ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run():
    import sim as deltasim

    return deltasim.run("industry_transfer", overrides=SMALL)


def case(name: str, end: str, value: float, together: tuple[float, float] | None, margin: float) -> Case:
    return Case(name, end, value, "", together=together, nearest=(0.5, "PRT" if margin < 0.1 else "VAL", margin))


def test_the_narrowest_and_the_widest_range_are_named(run):
    cases = [
        case("a", "low", 1.0, (0.2, 0.5), 0.1),
        case("a", "high", 2.0, None, -0.1),
        case("b", "low", 3.0, (0.1, 0.9), 0.2),
    ]
    lines = judged(View(run), cases)
    assert lines[0].startswith(
        "In 2 of 3 cases there is a share at which all sign: the range is narrowest (20% to 50%)"
    )
    assert "with a = 1 and widest (10% to 90%) with b = 3." in lines[0]
    assert lines[1] == "The least willing party is Valley City (in 2), Port City (in 1)."


def test_the_nearest_and_the_furthest_case_are_named(run):
    cases = [case("a", "low", 1.0, None, -0.3), case("a", "high", 2.0, None, -0.2)]
    cases += [
        Case("b", "low", 0.0, "", moves_together=True, nearest=(1.0, "VAL", -0.4)),
        Case("c", "low", 1.0, "", error="no"),
    ]
    lines = judged(View(run), cases)
    assert "It comes nearest with a = 2, where Port City misses by 0.200 points" in lines[0]
    assert "furthest with b = all rows low (Valley City, 0.400 points)" in lines[0]
    assert lines[-1] == "1 cases have no answer: no"


def test_the_figure_starts_at_todays_margin(run):
    import plotly.graph_objects as go

    survey = signing_study(run, shares=3)
    cases = [case("a", "low", 1.0, None, -0.3), case("a", "high", 2.0, None, 0.2), case("b", "low", 1.0, None, 0.0)]
    spec = chart(View(run), survey, cases)
    figure = go.Figure(data=spec["data"], layout=spec["layout"])
    centre = survey.verdict.nearest[2]
    ends = [x + bar.base for bar in figure.data for x in bar.x]
    assert sorted(ends) == pytest.approx([-0.3, 0.0, 0.2], abs=1e-4)
    assert {bar.base for bar in figure.data} == {centre}
