"""Scenario discovery: planted boxes are found and described, chance is not, and the numbers are those of the runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from sim.cli import main
from sim.core.errors import InputError
from sim.experiments.box_search import AMONG, HIGH, LOW, Limit, Sample, cart, prim
from sim.experiments.discovery import LIMIT_COLUMNS, Discovery, boxes
from sim.experiments.ensemble.factors import Factor
from sim.experiments.ensemble.sweep import sweep
from tests.ensemble.conftest import SMALL
from tests.ensemble.synthetic import synthetic_study

A, B, C, RANGE = "parameters.a", "parameters.b", "parameters.c", "parameters.d@range"
SHARE = "policies.industry_transfer.origin_share"
BOTH = pytest.mark.parametrize("method", ["prim", "cart"])


def settings_of(n, seed=0):
    """Numbers, a position in a range, a lever with three values, and two texts."""
    rng = np.random.default_rng(seed)
    numbers = {name: rng.random(n) for name in (A, B, C, RANGE)}
    texts = {"economy": rng.choice(["p", "q", "r", "s"], n), "scenario": rng.choice(["u", "v"], n)}
    return pd.DataFrame({**numbers, SHARE: rng.choice([0.0, 0.5, 1.0], n), **texts})


def study_of(folder, settings, holds, **options):
    """A study in which the gain is negative exactly where something holds."""
    gain = np.where(holds, -1.0, 1.0)
    return synthetic_study(folder, settings, {"gain": gain}, **{"levers": [SHARE], **options})


def limited(found):
    """What each box limits: factor -> (low, high, among)."""
    rows = found.limits.to_dict("records")
    return [{row["factor"]: (row["low"], row["high"], row["among"]) for row in rows if row["box"] == box}
            for box in found.boxes["box"]]  # fmt: skip


# --- planted boxes ------------------------------------------------------------------------------------------------


@BOTH
def test_a_planted_box_is_found_with_its_limits_and_no_others(tmp_path, method):
    settings = settings_of(400)
    holds = (settings[A] > 0.6) & (settings[RANGE] < 0.5)
    found = boxes(study_of(tmp_path / "s", settings, holds), "gain < 0", method=method)
    (box,) = limited(found)
    assert box.keys() == {A, RANGE}
    assert box[A][0] == pytest.approx(0.6, abs=0.03)
    assert np.isnan(box[A][1])
    assert box[RANGE][1] == pytest.approx(0.5, abs=0.03)
    assert np.isnan(box[RANGE][0])
    assert found.boxes.loc[0, "coverage"] > 0.95
    assert found.boxes.loc[0, "density"] > 0.95


@BOTH
def test_words_and_levers_make_boxes_too(tmp_path, method):
    settings = settings_of(500, seed=1)
    holds = settings["economy"].isin(["p", "s"]) & (settings[SHARE] == 1.0)
    found = boxes(study_of(tmp_path / "s", settings, holds), "gain < 0", method=method)
    covered = limited(found)
    assert all(box.keys() == {"economy", SHARE} for box in covered)
    assert {word for box in covered for word in box["economy"][2]} == {"p", "s"}
    assert all(0.5 < box[SHARE][0] < 1.0 for box in covered)
    assert found.coverage == 1.0
    assert (found.boxes["density"] == 1.0).all()


@BOTH
@pytest.mark.parametrize("seed", range(3))
def test_a_box_is_found_through_errors_and_among_many_factors(tmp_path, method, seed):
    """Every tenth run is on the wrong side, and thirty factors do nothing."""
    rng = np.random.default_rng(seed)
    settings = pd.DataFrame(rng.random((300, 32)), columns=[f"parameters.x{i}" for i in range(32)])
    planted = (settings["parameters.x3"] > 0.5) & (settings["parameters.x7"] < 0.7)
    holds = planted ^ (rng.random(300) < 0.1)
    found = boxes(study_of(tmp_path / "s", settings, holds), "gain < 0", method=method)
    assert limited(found)[0].keys() == {"parameters.x3", "parameters.x7"}
    assert found.boxes.loc[0, "coverage"] > 0.6


@BOTH
def test_two_regions_are_two_boxes(tmp_path, method):
    settings = settings_of(600, seed=2)
    first, second = (settings[A] > 0.7) & (settings[B] < 0.6), (settings[C] > 0.7) & (settings[SHARE] == 1.0)
    found = boxes(study_of(tmp_path / "s", settings, first | second), "gain < 0", method=method)
    kinds = [set(box) for box in limited(found)]
    assert any(kind >= {A, B} for kind in kinds)
    assert any(kind >= {C, SHARE} for kind in kinds)
    assert found.coverage > 0.85
    assert found.coverage > found.boxes["coverage"].max()
    assert any(line.startswith("Together the boxes have") for line in found.sentences())


@pytest.mark.parametrize("search", [prim, cart])
def test_where_nothing_decides_a_box_is_rarely_found(search):
    """Twenty draws of factors and outcomes that have nothing to do with each other: at 5 % one box."""
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = pd.DataFrame(rng.random((100, 8)), columns=list("abcdefgh"))
        boxes_found, way = search(Sample(x, rng.random(100) < 0.3, np.arange(100)[None]), 0.8)
        found += len(boxes_found) > 0
    assert found <= 3


def test_limits_that_may_be_chance_are_named():
    rows = [
        {"box": 1, "factor": A, "low": 0.5, "qp_low": 0.001},
        {"box": 1, "factor": RANGE, "high": 0.4, "qp_high": 0.06},
    ]
    found = Discovery(
        "gain < 0", "prim", 0.8, 2030, "P", 100, 30,
        boxes=pd.DataFrame([{"box": 1, "density": 0.9, "coverage": 0.6, "mass": 0.2, "runs": 20, "cases": 18}]),
        limits=pd.DataFrame(rows, columns=LIMIT_COLUMNS),
    )  # fmt: skip
    assert found.sentences() == [
        "gain < 0 (P, 2030) holds in 30 of 100 runs.",
        "It holds in 90 % of the 20 runs with a above 0.5 and d (position in its range) below 0.4; "
        "these are 60 % of all runs in which it holds. May be chance: d.",
    ]


# --- numbers ------------------------------------------------------------------------------------------------------


@BOTH
def test_shares_are_those_of_the_runs(tmp_path, method):
    """Density, coverage and mass again from the table of runs and the limits that are shown."""
    settings = settings_of(400, seed=4)
    rng = np.random.default_rng(9)
    holds = (((settings[A] > 0.5) & settings["economy"].isin(["p", "q"])) ^ (rng.random(400) < 0.05)).to_numpy()
    study = study_of(tmp_path / "s", settings, holds, failed=[3, 5])
    found = boxes(study, "gain < 0", method=method)
    runs = study.outcomes()
    case = runs["gain"] < 0
    assert (found.runs, found.cases, found.unfinished) == (398, case.sum(), 2)
    assert len(found.boxes) >= 1
    anywhere = np.zeros(len(runs), dtype=bool)
    for row, box in zip(found.boxes.to_dict("records"), limited(found), strict=True):
        inside = np.ones(len(runs), dtype=bool)
        for factor, (low, high, among) in box.items():
            inside &= (
                runs[factor].isin(among)
                if isinstance(among, tuple)
                else ~((runs[factor] < low) | (runs[factor] > high))
            )
        anywhere |= inside
        assert (row["runs"], row["cases"]) == (inside.sum(), (inside & case).sum())
        assert row["density"] == (inside & case).sum() / inside.sum()
        assert row["coverage"] == (inside & case).sum() / case.sum()
        assert row["mass"] == inside.sum() / len(runs)
    assert found.coverage == (anywhere & case).sum() / case.sum()
    assert "Runs that did not finish and are left out: 2." in found.sentences()


def sample_of(n=200, seed=5):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({"a": rng.random(n), "b": rng.random(n), "word": rng.choice(["p", "q"], n).astype(object)})
    holds = (((x["a"] > 0.4) & (x["b"] < 0.7)) ^ (rng.random(n) < 0.15)).to_numpy()
    return Sample(x, holds, np.arange(n)[None])


def test_quasi_p_is_the_binomial_test_against_the_box_without_the_limit():
    sample = sample_of()
    box = (Limit("a", LOW, 0.4), Limit("b", HIGH, 0.7), Limit("word", AMONG, ("p",)))
    x, holds = sample.x, sample.holds
    sides = [x["a"] >= 0.4, x["b"] <= 0.7, x["word"] == "p"]
    inside = sides[0] & sides[1] & sides[2]
    others = [sides[1] & sides[2], sides[0] & sides[2], sides[0] & sides[1]]
    wanted = [
        binomtest(int(holds[inside].sum()), int(inside.sum()), holds[other].mean(), alternative="greater").pvalue
        for other in others
    ]
    assert sample.chances(sample.sides(box)).tolist() == pytest.approx(wanted)
    assert wanted[0] < 0.01 < wanted[2]


def test_quasi_p_is_that_of_the_workbench():
    from ema_workbench.analysis.prim import Prim

    sample = sample_of()
    x = sample.x[["a", "b"]]
    below_3 = {"threshold": 0.5} if "threshold" in signature(Prim).parameters else {}
    box = Prim(x, sample.holds.astype(int), **below_3).find_box()
    (low_a, low_b), (high_a, high_b) = (box.box_lim[["a", "b"]].loc[i] for i in (0, 1))
    limits = [Limit("a", LOW, low_a), Limit("a", HIGH, high_a), Limit("b", LOW, low_b), Limit("b", HIGH, high_b)]
    at = box.peeling_trajectory.index[-1]
    theirs = (box.qp if hasattr(box, "qp") else box.p_values)[at]
    told = [value for name in ("a", "b") for value in theirs.get(name, [-1, -1])]
    kept = [(limit, value) for limit, value in zip(limits, told, strict=True) if value >= 0.0]
    assert len(kept) >= 2
    ours = sample.chances(sample.sides(tuple(limit for limit, _ in kept)))
    assert ours.tolist() == pytest.approx([value for _, value in kept])


def test_runs_of_one_world_are_no_independent_draws():
    """Three settings of a lever that does nothing: three times the runs, the same evidence."""
    once = sample_of()
    x, holds, world = pd.concat([once.x] * 3, ignore_index=True), np.tile(once.holds, 3), np.tile(once.kin, 3)
    setting = np.repeat([0, 1, 2], len(once))
    thrice, alone = Sample(x, holds, np.vstack([world, setting])), Sample(x, holds, np.arange(len(x))[None])
    box = (Limit("a", LOW, 0.4), Limit("b", HIGH, 0.7), Limit("word", AMONG, ("p",)))
    p, same, overstated = (s.chances(s.sides(box)) for s in (once, thrice, alone))
    assert same.tolist() == pytest.approx(p.tolist())
    assert overstated[0] < p[0]


@BOTH
def test_in_one_world_the_settings_are_the_draws(tmp_path, method):
    """A study of levers alone: the world is one, its settings are many."""
    settings = settings_of(200)[[SHARE]].assign(**{"policies.industry_transfer.pace": np.arange(200) / 200})
    holds = settings["policies.industry_transfer.pace"] > 0.6
    study = study_of(tmp_path / "s", settings, holds, levers=settings.columns)
    assert study.runs["world"].nunique() == 1
    (box,) = limited(boxes(study, "gain < 0", method=method))
    assert box["policies.industry_transfer.pace"][0] == pytest.approx(0.6, abs=0.02)


def test_the_way_to_a_box_is_kept(tmp_path):
    settings = settings_of(300)
    holds = (settings[A] > 0.6) & (settings[B] < 0.5)
    found = boxes(study_of(tmp_path / "s", settings, holds), "gain < 0")
    way = found.trajectory[found.trajectory["box"] == 1]
    start, chosen = way.iloc[0], way[way["chosen"]]
    assert (start["runs"], start["cases"], start["limits"], start["coverage"]) == (300, holds.sum(), 0, 1.0)
    assert (way["cases"] / way["runs"]).tolist() == way["density"].tolist()
    assert len(chosen) == 1
    assert chosen["density"].iloc[0] >= 0.8
    assert (way["runs"].diff().dropna() != 0).all()


@pytest.mark.parametrize("search", [prim, cart])
@pytest.mark.parametrize("seed", range(12))
def test_any_mixture_of_factors_is_searched(search, seed):
    """Ties, rare words, few runs, one factor only: boxes are as dense as asked, and not by chance alone."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 120))
    x = pd.DataFrame({"a": rng.random(n), "b": rng.choice([0.0, 1.0], n), "c": rng.random(n).round(1)})
    x["d"], x["e"] = rng.choice(list("pqr"), n), rng.choice(list("uv"), n, p=[0.95, 0.05])
    x = x[x.columns[rng.random(5) < 0.6].tolist() or ["a"]]
    holds = rng.random(n) < np.where(x.iloc[:, 0] == x.iloc[0, 0], 0.9, 0.2)
    holds[:2] = [True, False]
    threshold = min(1.0, holds.mean() + 0.3)
    sample = Sample(x, holds, np.arange(n)[None])
    found, _ = search(sample, threshold)
    for box in found[:1]:
        runs, cases = sample.counts(sample.sides(box))
        assert cases >= threshold * runs > 0
        assert sample.is_certain(sample.sides(box))


# --- words --------------------------------------------------------------------------------------------------------


def test_a_box_in_words(tmp_path):
    settings = settings_of(400)
    holds = (settings[A] > 0.6) & (settings[RANGE] < 0.5) & (settings["scenario"] == "v")
    first, box = boxes(study_of(tmp_path / "s", settings, holds), "gain < 0", method="cart").sentences()
    assert first == f"gain < 0 (the whole region, 2030) holds in {holds.sum()} of 400 runs."
    assert box.startswith(f"It holds in 100 % of the {holds.sum()} runs with a above 0.")
    assert " and d (position in its range) below 0." in box
    assert " and scenario = v; these are 100 % of all runs in which it holds." in box


@pytest.mark.parametrize(
    ("share", "sentence"),
    [(0.0, "holds never: in 0 of 100 runs"), (1.0, "holds always: in 100 of 100 runs"), (0.9, "90 % without any box")],
)
def test_what_holds_never_always_or_nearly_is_said_plainly(tmp_path, share, sentence):
    study = study_of(tmp_path / "s", settings_of(100), np.arange(100) < 100 * share)
    found = boxes(study, "gain < 0")
    assert found.boxes.empty
    assert found.limits.empty
    assert sentence in " ".join(found.sentences())


# --- factors ------------------------------------------------------------------------------------------------------


@BOTH
def test_a_lever_that_is_absent_from_some_runs_is_a_word(tmp_path, method):
    settings = settings_of(300)[[A, B, SHARE]]
    there = np.arange(300) % 2 == 0
    settings["policies"] = np.where(there, "[industry_transfer]", "[]")
    settings[SHARE] = settings[SHARE].where(there)
    holds = there & (settings[SHARE] != 0.5)
    study = study_of(tmp_path / "s", settings, holds, levers=[SHARE, "policies"])
    found = boxes(study, "gain < 0", method=method)
    words = {word for box in limited(found) for word in box[SHARE][2]}
    assert {"0", "1"} <= words <= {"0", "1", "none"}
    assert found.coverage == 1.0
    assert (found.boxes["density"] == 1.0).all()


def test_an_interval_that_is_absent_from_some_runs_is_left_out_and_named(tmp_path):
    settings = settings_of(200)[[A, B, SHARE]].astype({SHARE: float})
    settings.loc[::2, SHARE] = np.nan
    factors = [Factor(A, "uncertainty", low=0.0, high=1.0), Factor(B, "uncertainty", low=0.0, high=1.0)]
    factors.append(Factor(SHARE, "lever", low=0.0, high=1.0))
    found = boxes(study_of(tmp_path / "s", settings, settings[A] > 0.7, factors=factors), "gain < 0")
    assert found.unused == (SHARE,)
    assert limited(found)[0].keys() == {A}
    assert found.sentences()[-1] == f"Not every run has {SHARE}: left out as factors."


def test_cities_can_be_asked_about(tmp_path):
    """A city loses where a is large, and the study kept cities only."""
    settings = settings_of(120)[[A, B]]
    rows = [
        (run, 2030, "city", city, -1.0 if city == "Q" and a > 0.6 else 1.0)
        for run, a in enumerate(settings[A])
        for city in "PQ"
    ]
    outcomes = pd.DataFrame(rows, columns=["run", "year", "scope", "place", "gain"])
    study = synthetic_study(tmp_path / "s", settings, outcomes, failed=[7])
    found = boxes(study, "any(gain) < 0")
    assert (found.runs, found.cases) == (119, (settings[A].drop(index=7) > 0.6).sum())
    assert limited(found)[0][A][0] == pytest.approx(0.6, abs=0.05)
    assert boxes(study, "gain < 0", place="Q").cases == found.cases
    assert boxes(study, "gain < 0", place="P").cases == 0
    with pytest.raises(InputError, match="no region in 2030"):
        boxes(study, "gain < 0")


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "prin"}, "unknown method 'prin'; did you mean prim"),
        ({"threshold": 0.0}, "threshold: 0 is no density"),
        ({"threshold": 1.1}, "above 0 to 1"),
        ({"condition": "gain"}, "a comparison is missing"),
        ({"condition": "gane < 0"}, "unknown indicator 'gane'; did you mean gain"),
        ({"condition": "losers < 3"}, "did not keep 'losers'"),
        ({"condition": "min(gain) < 0"}, "asks about cities: the study has none in 2030.*--places city"),
        ({"year": 2050}, "no region in 2050"),
        ({"place": "nowhere"}, "no nowhere in 2030"),
    ],
)
def test_bad_questions_are_refused_in_one_line(tmp_path, options, message):
    study = study_of(tmp_path / "s", settings_of(50), np.arange(50) < 20)
    with pytest.raises(InputError, match=message):
        boxes(study, **{"condition": "gain < 0", **options})


def test_too_little_to_go_by_is_refused(tmp_path):
    few = study_of(tmp_path / "a", settings_of(19), np.arange(19) < 9)
    with pytest.raises(InputError, match="19 finished runs are too few"):
        boxes(few, "gain < 0")
    rare = study_of(tmp_path / "b", settings_of(200), np.arange(200) < 4)
    with pytest.raises(InputError, match="holds in 4 of 200 runs only"):
        boxes(rare, "gain < 0")
    same = study_of(tmp_path / "c", pd.DataFrame({A: np.full(50, 0.5)}), np.arange(50) < 20)
    with pytest.raises(InputError, match="no factor varies"):
        boxes(same, "gain < 0")
    empty = study_of(tmp_path / "d", settings_of(50), np.arange(50) < 20, failed=range(50))
    with pytest.raises(InputError):
        boxes(empty, "gain < 0", year=2030)


def test_an_indicator_without_values_says_so(tmp_path):
    study = synthetic_study(tmp_path / "s", settings_of(50), {"gain": np.full(50, np.nan)})
    with pytest.raises(InputError, match=r"gain: has no value in 2030.*a reference"):
        boxes(study, "gain < 0")


def test_a_missing_library_says_how_to_get_it(tmp_path, monkeypatch):
    study = study_of(tmp_path / "s", settings_of(50), np.arange(50) < 20)
    monkeypatch.setitem(sys.modules, "ema_workbench.analysis.prim", None)
    with pytest.raises(InputError, match=r"pip install 'deltasim\[analysis\]'"):
        boxes(study, "gain < 0")


# --- processes, the model, the command ----------------------------------------------------------------------------


def test_the_answer_does_not_depend_on_the_process(tmp_path):
    """Texts go through sets inside the library, whose order differs from process to process; nothing is printed."""
    settings = settings_of(100, seed=3)
    holds = settings["economy"].isin(["p", "r"]) & (settings[A] > 0.3) | (settings["scenario"] == "u") & (
        settings[B] > 0.8
    )
    study_of(tmp_path / "s", settings, holds)
    ask = "import sys; from sim.experiments.discovery import boxes; from sim.experiments.ensemble.study import Study; "
    ask += "d = [boxes(Study(sys.argv[1]), 'gain < 0', method=m) for m in ('prim', 'cart')]; "
    ask += "print([(x.boxes.to_json(), x.limits.to_json(), x.trajectory.to_json()) for x in d])"
    answers = []
    for seed in "12":
        command = [sys.executable, "-c", ask, str(tmp_path / "s")]
        done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True)
        assert done.stderr == b""
        answers.append(done.stdout)
    assert answers[0] == answers[1]
    assert b"economy" in answers[0]


def test_the_command_finds_the_policy_in_a_study_of_the_model(here, capfd):
    """Opening the market is what makes the small region gain, whatever its congestion."""
    words = [*SMALL, "policies=[],[market_integration]", "parameters.congestion_elasticity=interval(0.02,0.08)"]
    study = sweep("market_integration", words, samples=12, out=here / "s")
    runs = study.outcomes()
    assert ((runs["gain"] > 0.0) == (runs["policies"] == "[market_integration]")).all()

    for method in ("prim", "cart"):
        assert main(["discover", "s", "--where", "gain > 0", "--method", method, "--json"]) == 0
        told = json.loads(capfd.readouterr().out)
        assert (told["runs"], told["cases"], told["coverage"]) == (24, 12, 1.0)
        (limit,) = told["limits"]
        assert (limit["factor"], limit["among"], limit["low"]) == ("policies", ["[market_integration]"], None)

    assert main(["discover", "s", "--where", "gain > 0"]) == 0
    assert "It holds in 100 % of the 12 runs with policies = [market_integration]" in capfd.readouterr().out
    assert main(["discover", "s", "--where", "gain > 1000"]) == 0
    assert "holds never: in 0 of 24 runs" in capfd.readouterr().out
    assert main(["discover", "s", "--where", "gain !"]) == 2
    assert "a comparison is missing" in capfd.readouterr().err
    assert main(["discover", "nowhere", "--where", "gain > 0"]) == 2
    assert "nowhere: holds no study" in capfd.readouterr().err
