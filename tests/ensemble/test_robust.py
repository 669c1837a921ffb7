"""Robust choice: a table worked out by hand, what counts as a world and a candidate, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from sim.cli import main
from sim.core.errors import InputError
from sim.experiments.ensemble.factors import Factor
from sim.experiments.ensemble.sweep import sweep
from sim.experiments.robust import robust
from tests.ensemble.conftest import SMALL
from tests.ensemble.synthetic import synthetic_study

SHARE, RATE = "policies.industry_transfer.origin_share", "parameters.depreciation_rate"
A, B, C = NAMES = [f"industry_transfer.origin_share={share}" for share in ("0", "0.5", "1")]
VALUES = np.array([[10.0, 4.0, 6.0, 2.0], [7.0, 7.0, 5.0, 5.0], [3.0, 9.0, 4.0, 8.0]])
"""``[candidate, world]``"""


def study_of(folder, values=VALUES, shares=(0.0, 0.5, 1.0), **options):
    """A run for every candidate in every world, worlds first, as a sweep orders them."""
    n_candidates, n_worlds = values.shape
    settings = pd.DataFrame({RATE: np.repeat(np.arange(n_worlds) / 10, n_candidates), SHARE: list(shares) * n_worlds})
    return synthetic_study(folder, settings, {"gain": values.T.ravel()}, levers=[SHARE], **options)


def column(found, name):
    return found.table.set_index("candidate").loc[NAMES, name].tolist()


# --- measures -----------------------------------------------------------------------------------------------------


def test_measures_of_a_table_worked_out_by_hand(tmp_path):
    found = robust(study_of(tmp_path / "s"), "gain", satisfy="gain >= 5", optimism=0.25)
    assert column(found, "expected") == [5.5, 6.0, 6.0]
    assert column(found, "worst") == [2.0, 5.0, 3.0]
    assert column(found, "hurwicz") == [4.0, 5.5, 4.5]
    assert column(found, "max_regret") == [6.0, 3.0, 7.0]
    assert column(found, "regret_90") == pytest.approx([5.7, 3.0, 5.5])
    assert column(found, "satisficing") == [0.5, 1.0, 0.5]
    assert found.regret.loc[NAMES].to_numpy().tolist() == [[0, 5, 0, 6], [3, 2, 1, 3], [7, 0, 2, 0]]
    assert found.table["candidate"].tolist() == [B, A, C]  # least maximum regret first
    assert found.table[SHARE].tolist() == [0.5, 0.0, 1.0]
    assert found.regret.index.tolist() == [B, A, C]


def test_where_less_is_better_the_worst_is_the_largest(tmp_path):
    found = robust(study_of(tmp_path / "s"), "gain", maximise=False, optimism=0.25)
    assert column(found, "expected") == [5.5, 6.0, 6.0]
    assert column(found, "worst") == [10.0, 7.0, 9.0]
    assert column(found, "hurwicz") == [8.0, 6.5, 7.5]
    assert column(found, "max_regret") == [7.0, 4.0, 6.0]
    assert found.winners["worst"] == [B]
    assert found.winners["expected"] == [A]


def test_sentences_name_who_wins_each_measure(tmp_path):
    found = robust(study_of(tmp_path / "s"), "gain", satisfy="gain >= 5")
    assert found.winners == {
        "expected": [B, C],
        "worst": [B],
        "max_regret": [B],
        "regret_90": [B],
        "satisficing": [B],
    }
    told = found.sentences()
    assert told[0] == "gain (the whole region, 2030), more is better: 3 candidates in 4 worlds."
    assert f"Best by expected value: {B} and {C} in a tie (6 %), 0.5 percentage points ahead of {A}." in told
    assert f"Best by worst case: {B} (5 %), 2 percentage points ahead of {C}." in told
    assert (
        f"Best by share of worlds with gain >= 5: {B} (100 %), 50 percentage points ahead of {A} and {C}." in told
        or f"Best by share of worlds with gain >= 5: {B} (100 %), 50 percentage points ahead of {C} and {A}." in told
    )
    assert told[-1] == f"{B} is best by every measure, though not alone by expected value."


def test_a_measure_by_which_all_tie_names_no_winner(tmp_path):
    found = robust(study_of(tmp_path / "a", np.array([[1.0, 5.0], [1.0, 5.0015], [1.0, 4.0]])), "gain")
    told = found.sentences()
    assert "By worst case all 3 tie (1 %)." in told
    assert f"Best by expected value: {B} (3.001 %), 0.00075 percentage points ahead of {A}." in told
    assert told[-1] == f"{B} is best by every measure, though not alone by worst case."
    assert found.margin("worst") == (0.0, [])
    same = robust(study_of(tmp_path / "b", np.array([[1.0, 5.0], [1.0, 5.0], [0.0, 4.0]])), "gain")
    assert same.margin("worst") == (1.0, [C])
    assert same.sentences()[-1] == (
        f"{A} and {B} are in a tie by every measure: this outcome does not choose among them."
    )


def test_when_measures_disagree_nobody_wins_all(tmp_path):
    values = VALUES.copy()
    values[0, 0] = 20.0  # the bold candidate has the best mean and the worst worst case
    found = robust(study_of(tmp_path / "s", values), "gain")
    assert found.winners["expected"] == [A]
    assert found.winners["worst"] == [B]
    assert found.sentences()[-1] == "No candidate is best by every measure."


def test_a_shift_common_to_all_candidates_of_a_world_leaves_regret_as_it_is(tmp_path):
    shifted = VALUES + np.array([100.0, -50.0, 0.0, 7.0])
    a, b = robust(study_of(tmp_path / "a"), "gain"), robust(study_of(tmp_path / "b", shifted), "gain")
    pd.testing.assert_frame_equal(a.regret, b.regret)
    assert column(a, "expected") != column(b, "expected")


# --- worlds and candidates ----------------------------------------------------------------------------------------


def test_a_world_counts_only_if_every_candidate_finished_there(tmp_path):
    lost = 3 * 1 + 2  # the third candidate in the second world
    found = robust(study_of(tmp_path / "s", failed=[lost]), "gain")
    assert found.left_out == 1
    assert found.regret.shape == (3, 3)
    assert column(found, "expected") == pytest.approx(VALUES[:, [0, 2, 3]].mean(axis=1))
    assert "1 world left out: not every candidate finished there." in found.sentences()


def test_a_missing_outcome_is_a_run_that_did_not_finish(tmp_path):
    values = VALUES.copy()
    values[1, 3] = np.nan
    found = robust(study_of(tmp_path / "s", values), "gain")
    assert (found.left_out, found.regret.shape[1]) == (1, 3)


def test_replications_are_worlds(tmp_path):
    settings = pd.DataFrame({SHARE: [0.0, 1.0] * 3, "replicate": np.repeat([0, 1, 2], 2)})
    study = synthetic_study(tmp_path / "s", settings, {"gain": [1.0, 2.0, 1.0, 0.0, 1.0, 5.0]}, levers=[SHARE])
    found = robust(study, "gain")
    assert found.regret.columns.tolist() == [(0, 0), (0, 1), (0, 2)]
    assert found.table.set_index("candidate")["max_regret"].to_dict() == {A: 4.0, C: 1.0}


def test_a_lever_of_a_policy_that_is_absent_is_not_in_the_name(tmp_path):
    settings = pd.DataFrame(
        {"policies": ["[]", "[industry_transfer]"] * 2, SHARE: [np.nan, 0.5] * 2, RATE: [1, 1, 2, 2]}
    )
    study = synthetic_study(tmp_path / "s", settings, {"gain": [0.0, 1.0, 0.0, 2.0]}, levers=["policies", SHARE])
    names = ["policies=[industry_transfer] industry_transfer.origin_share=0.5", "policies=[]"]
    assert robust(study, "gain").table["candidate"].tolist() == names


def test_a_setting_that_a_table_of_cases_names_twice_is_one_candidate(tmp_path):
    settings = pd.DataFrame({SHARE: [0.0, 0.5, 0.0] * 2, RATE: [0.1] * 3 + [0.2] * 3})
    study = synthetic_study(tmp_path / "s", settings, {"gain": [1.0, 2.0, 1.0, 3.0, 4.0, 3.0]}, levers=[SHARE])
    found = robust(study, "gain")
    assert found.table["candidate"].tolist() == [B, A]
    assert found.table["expected"].tolist() == [3.0, 2.0]


def test_the_order_of_the_runs_does_not_matter(tmp_path):
    whole = study_of(tmp_path / "a")
    order = np.random.default_rng(3).permutation(len(whole))
    cases = whole.plan.cases.iloc[order]
    settings = cases[[RATE, SHARE, "world"]]
    mixed = synthetic_study(tmp_path / "b", settings, {"gain": VALUES.T.ravel()[order]}, levers=[SHARE])
    a, b = robust(whole, "gain"), robust(mixed, "gain")
    pd.testing.assert_frame_equal(a.table, b.table)
    pd.testing.assert_frame_equal(a.regret, b.regret[a.regret.columns])


def test_cities_can_be_asked_about(tmp_path):
    """Two candidates in two worlds with two cities: the first never makes a city lose."""
    settings = pd.DataFrame({RATE: [0.1, 0.1, 0.2, 0.2], SHARE: [0.0, 1.0] * 2})
    rows = [(run, 2030, "region", "region", 1.0) for run in range(4)]
    rows += [(run, 2030, "city", city, value) for run, pair in enumerate([(1, 1), (3, -1), (0, 1), (2, 2)])
             for city, value in zip("PQ", pair, strict=True)]  # fmt: skip
    outcomes = pd.DataFrame(rows, columns=["run", "year", "scope", "place", "gain"])
    study = synthetic_study(tmp_path / "s", settings, outcomes, levers=[SHARE])
    found = robust(study, "gain", place="P", satisfy="min(gain) >= 0")
    assert found.table.set_index("candidate").loc[[A, C], "satisficing"].tolist() == [1.0, 0.5]
    assert found.table.set_index("candidate").loc[[A, C], "expected"].tolist() == [0.5, 2.5]


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "gian"}, "gian: was not kept by the study; did you mean gain"),
        ({"year": 2050}, "no region in 2050"),
        ({"place": "Q"}, "no Q in 2030"),
        ({"satisfy": "gain >"}, "a number is missing"),
        ({"satisfy": "losers < 3"}, "did not keep 'losers'"),
        ({"satisfy": "any(gain) < 0"}, "asks about cities"),
        ({"optimism": 1.5}, "1.5 is no weight"),
    ],
)
def test_bad_questions_are_refused_in_one_line(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        robust(study_of(tmp_path / "s"), **{"outcome": "gain", **options})


def test_levers_drawn_from_intervals_make_no_candidates(tmp_path):
    drawn = Factor(SHARE, "lever", low=0.0, high=1.0)
    study = synthetic_study(tmp_path / "s", pd.DataFrame({SHARE: [0.1, 0.4]}), {"gain": [1.0, 2.0]}, factors=[drawn])
    with pytest.raises(InputError, match=r"origin_share: was drawn from an interval.*lists of two values"):
        robust(study, "gain")


def test_one_candidate_is_no_choice(tmp_path):
    with pytest.raises(InputError, match=r"one candidate only, industry_transfer.origin_share=0.5"):
        robust(study_of(tmp_path / "a", VALUES[:1], [0.5]), "gain")
    none = synthetic_study(tmp_path / "b", pd.DataFrame({RATE: [0.1, 0.2]}), {"gain": [1.0, 2.0]})
    with pytest.raises(InputError, match="varies no lever"):
        robust(none, "gain")


def test_a_candidate_that_never_finished_is_named(tmp_path):
    with pytest.raises(InputError, match=f"no world in which every candidate finished; missing: {B}"):
        robust(study_of(tmp_path / "s", failed=[1, 4, 7, 10]), "gain")


def test_an_outcome_without_values_says_why(tmp_path):
    with pytest.raises(InputError, match="gain: has no value in 2030"):
        robust(study_of(tmp_path / "s", np.full((3, 4), np.nan)), "gain")


# --- the model, by the command --------------------------------------------------------------------------------------


def test_the_command_measures_a_study_of_the_model(here, capfd):
    """Opening the market helps the small region whatever its congestion; the measures follow from its runs."""
    words = [*SMALL, "policies=[],[market_integration]", "parameters.congestion_elasticity=interval(0.02,0.08)"]
    study = sweep("market_integration", words, samples=3, out=here / "s")
    gains = study.outcomes().pivot(index="policies", columns="world", values="gain")
    opened = gains.loc["[market_integration]"]
    assert (opened > 0.0).all()

    assert main(["robust", "s", "--outcome", "gain", "--satisfy", "gain > 0", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    best, other = told["table"]
    assert (best["candidate"], other["candidate"]) == ("policies=[market_integration]", "policies=[]")
    assert best["expected"] == pytest.approx(opened.mean())
    assert (best["max_regret"], other["max_regret"]) == (0.0, pytest.approx(opened.max()))
    assert (best["satisficing"], other["satisficing"]) == (1.0, 0.0)
    assert told["worlds"] == 3

    assert main(["robust", "s", "--outcome", "gain", "--minimise"]) == 0
    assert "policies=[] is best by every measure." in capfd.readouterr().out
    assert main(["robust", "s", "--outcome", "gian"]) == 2
    assert "did you mean gain?" in capfd.readouterr().err
