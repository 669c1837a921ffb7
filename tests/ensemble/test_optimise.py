"""Searches whose answer is known: intervals, optima, fronts; then the same on three invented cities."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import sim as deltasim
from sim.cli import main
from sim.core.errors import InputError
from sim.experiments.conditions import parse, parse_term
from sim.experiments.ensemble.evaluate import Evaluation, Evaluator
from sim.experiments.ensemble.executors import Died, Engine, InProcess
from sim.experiments.ensemble.factors import Factor
from sim.experiments.ensemble.spec import StudySpec
from sim.experiments.optimise import Answer, Objective, Problem, Question, optimise, search
from sim.experiments.optimise.line import PRECISION
from sim.experiments.optimise.problem import undominated

SHARE = "policies.industry_transfer.origin_share"
PACE = "policies.industry_transfer.pace"
TRANSFER = [
    "world=three_cities",
    "policies.industry_transfer.origins=[PRT]",
    "policies.industry_transfer.destinations=[VAL]",
    "policies.industry_transfer.sectors=[MAN]",
    "policies.industry_transfer.start=2020",
    "horizon=2022",
]
NAMES = {"O": "Origin", "H": "Host"}


def problem_of(function, *factors, minimise=(), maximise=(), such_that=None):
    """Outcomes are a function of the setting: indicator -> number of the region, or numbers by place."""

    def evaluate(settings):
        found = []
        for setting in settings:
            given = function(*setting.values())
            if given is None:
                found.append(Evaluation("failed", "it broke"))
                continue
            values = {k: v if isinstance(v, dict) else {"region": v} for k, v in given.items()}
            found.append(Evaluation(values=values))
        return found

    wanted = [Objective(parse_term(t), False) for t in minimise] + [Objective(parse_term(t), True) for t in maximise]
    return Problem(factors, tuple(wanted), parse(such_that) if such_that else None, evaluate)


def answer_of(problem, **options):
    intervals = search(problem, **options)
    question = Question(scenario="invented", find=[factor.key for factor in problem.factors])
    return Answer(question, problem, 2030, intervals, names=NAMES)


def share(low=0.0, high=1.0, **more):
    return Factor("share", "lever", low=low, high=high, **more)


def sharing(a, b, t):
    """The origin loses a and the host gains b before the origin gets the share s of the tax t."""
    return lambda s: {"gain": {"O": -a + s * t, "H": b - s * t}, "theil_real_income": (s - 0.5) ** 2, "losers": s}


# --- one key ------------------------------------------------------------------------------------------------------


def test_the_interval_of_a_share_that_leaves_nobody_worse_off_and_who_binds_at_its_ends():
    problem = problem_of(sharing(0.7, 1.3, 2.0), share(), minimise=["theil"], such_that="min(gain) >= 0")
    answer = answer_of(problem)
    ((low, high),) = [(found.low, found.high) for found in answer.intervals]
    assert answer.interval == pytest.approx((0.35, 0.65), abs=PRECISION)
    assert low.trial.is_feasible
    assert high.trial.is_feasible
    assert (low.beyond.city, high.beyond.city) == ("O", "H")
    assert answer.best.setting["share"] == pytest.approx(0.5, abs=PRECISION)
    assert answer.best.slack == pytest.approx(0.3, abs=2 * PRECISION)
    told = answer.sentences()
    assert re.match(r"'min\(gain\) >= 0' holds in 2030 for share from 0\.35 to 0\.65\.", told[0])
    assert re.match(r"Below 0\.35 'min\(gain\) >= 0' fails; Origin decides\.", told[1])
    assert re.match(r"Above 0\.65 'min\(gain\) >= 0' fails; Host decides\.", told[2])


@given(a=st.floats(0.05, 0.9), width=st.floats(0.02, 0.9), t=st.floats(0.1, 100.0))
def test_every_interval_is_found_within_the_precision_and_never_too_wide(a, width, t):
    b = min(a + width, 0.97)
    assume(b - a > 0.01)
    answer = answer_of(problem_of(sharing(a * t, b * t, t), share(), minimise=["losers"], such_that="min(gain)>=0"))
    low, high = answer.interval
    assert a - 1e-8 <= low <= a + PRECISION
    assert b - PRECISION <= high <= b + 1e-8
    assert answer.best.setting["share"] == low  # least of what grows with the share


def test_without_an_objective_the_setting_with_most_room_is_the_best():
    answer = answer_of(problem_of(sharing(0.3, 0.9, 1.0), share(), such_that="min(gain) >= 0"))
    assert answer.best.setting["share"] == pytest.approx(0.6, abs=PRECISION)
    assert re.fullmatch(r"Most room has share = 0\.6: 0\.3 %; (Origin|Host) decides\.", answer.sentences()[-1])


def test_without_a_condition_the_whole_range_is_searched():
    function = lambda x: {"gdp": (x - 0.123) ** 2}  # noqa: E731
    answer = answer_of(problem_of(function, share(), minimise=["gdp"]))
    assert answer.best.setting["share"] == pytest.approx(0.123, abs=PRECISION)
    assert answer.interval == (0.0, 1.0)
    assert answer.sentences()[0].startswith("gdp is smallest at share = 0.12")


def test_whole_numbers_are_searched_as_whole_numbers():
    function = lambda k: {"gain": (k - 3) * (17 - k), "gdp": -((k - 11) ** 2)}  # noqa: E731
    problem = problem_of(function, share(0, 90, whole=True), maximise=["gdp"], such_that="gain >= 0")
    answer = answer_of(problem)
    assert answer.interval == (3, 17)
    assert answer.best.setting["share"] == 11
    values = [trial.setting["share"] for trial in problem.trials]
    assert all(isinstance(value, int) for value in values)
    assert len(values) == len(set(values))


def test_several_intervals_are_told_apart():
    function = lambda x: {"gain": -(x - 0.1) * (x - 0.3) * (x - 0.6) * (x - 0.9)}  # noqa: E731
    answer = answer_of(problem_of(function, share(), maximise=["gain"], such_that="gain > 0"))
    spans = [(found.low.trial.setting["share"], found.high.trial.setting["share"]) for found in answer.intervals]
    assert spans == [pytest.approx((0.1, 0.3), abs=PRECISION), pytest.approx((0.6, 0.9), abs=PRECISION)]
    assert answer.interval == spans[1]  # where the best is


def test_an_island_between_the_points_of_the_grid_is_found_where_the_room_leads_to_it():
    function = lambda x: {"gain": 0.003 - abs(x - 0.513)}  # noqa: E731
    answer = answer_of(problem_of(function, share(), maximise=["gain"], such_that="gain >= 0"))
    assert answer.interval == pytest.approx((0.51, 0.516), abs=PRECISION)


def test_where_nothing_is_feasible_the_answer_is_what_comes_nearest_and_who_is_in_the_way():
    answer = answer_of(problem_of(sharing(0.9, 0.5, 1.0), share(), minimise=["theil"], such_that="min(gain) >= 0"))
    assert answer.best is None
    assert answer.interval is None
    assert answer.front.empty
    assert answer.nearest.setting["share"] == pytest.approx(0.7, abs=PRECISION)
    assert answer.nearest.slack == pytest.approx(-0.2, abs=PRECISION)
    assert answer.binding in ("O", "H")
    assert "holds in 2030 for no share from 0 to 1" in answer.sentences()[0]
    assert re.match(
        r"Nearest is share = 0\.7\d*, which misses 'min\(gain\) >= 0' by 0\.2\d* %; (O|H)", answer.sentences()[1]
    )


def test_of_several_comparisons_the_nearest_is_judged_by_what_each_ranges_over():
    function = lambda x: {"gain": -1000.0 * x - 1.0, "losers": 1.0 + (1.0 - x)}  # noqa: E731
    answer = answer_of(problem_of(function, share(), such_that="gain >= 0 and losers <= 1"))
    assert answer.nearest.setting["share"] == pytest.approx(0.5, abs=0.03)


def test_runs_that_fail_end_an_interval_and_are_told():
    function = lambda x: None if x > 0.62 else {"gain": x - 0.2}  # noqa: E731
    answer = answer_of(problem_of(function, share(), maximise=["gain"], such_that="gain >= 0"))
    assert answer.interval == pytest.approx((0.2, 0.62), abs=PRECISION)
    assert answer.n_failed == (answer.trials["status"] == "failed").sum() > 0
    assert answer.intervals[0].high.beyond.status == "failed"
    assert answer.best.setting["share"] == answer.interval[1]
    assert any(re.match(r"Above 0\.6\d* the run fails: it broke", text) for text in answer.sentences())
    assert answer.sentences()[-1].startswith(f"{answer.n_failed} of {len(answer.trials)} runs failed; the first, at")


def test_where_every_run_fails_there_is_no_answer_but_a_reason():
    answer = answer_of(problem_of(lambda x: None, share(), maximise=["gain"], such_that="gain >= 0"))
    assert answer.best is answer.nearest is answer.interval is None
    assert answer.sentences()[-1].endswith("it broke")
    assert answer.n_failed == len(answer.trials)


def test_an_outcome_that_does_not_exist_makes_a_trial_fail():
    function = lambda x: {"gain": math.nan if x < 0.5 else x}  # noqa: E731
    answer = answer_of(problem_of(function, share(), minimise=["gain"]))
    assert answer.best.setting["share"] == pytest.approx(0.5, abs=PRECISION)
    assert answer.trials.loc[0, "error"] == "'gain' has no value"


def test_several_objectives_of_one_key_make_a_front_within_the_interval():
    function = lambda x: {"gdp": x**2, "gni": (x - 1.0) ** 2, "gain": x - 0.25}  # noqa: E731
    problem = problem_of(function, share(-1.0, 2.0), minimise=["gdp", "gni"], such_that="gain >= 0")
    answer = answer_of(problem)
    front = answer.front
    assert answer.interval == pytest.approx((0.25, 2.0), abs=3 * PRECISION)
    assert front["share"].min() == answer.interval[0]
    assert front["share"].max() == pytest.approx(1.0, abs=0.031)
    assert len(front) > 20
    assert (front["gdp"].diff().dropna() > 0).all()
    assert (front["gni"].diff().dropna() < 0).all()
    assert answer.best is None


# --- several keys -------------------------------------------------------------------------------------------------

BOX = (Factor("x", "lever", low=-2.0, high=2.0), Factor("y", "lever", low=-2.0, high=2.0))


def circles(x, y):
    """Distances from (0, 0) and (1, 0): what is not on the segment between them can be bettered."""
    return {"gdp": x**2 + y**2, "gni": (x - 1.0) ** 2 + y**2, "gain": x + y}


def test_the_front_of_a_convex_problem_is_found():
    answer = answer_of(problem_of(circles, *BOX, minimise=["gdp", "gni"]))
    front = answer.front
    detour = np.sqrt(front["gdp"]) + np.sqrt(front["gni"]) - 1.0  # over the straight way from centre to centre
    assert len(front) > 15
    assert detour.mean() < 0.01
    assert detour.max() < 0.1
    assert detour.min() > -1e-12
    assert front["x"].min() < 0.2
    assert front["x"].max() > 0.8
    assert undominated(front[["gdp", "gni"]].to_numpy()).all()


def test_the_front_keeps_to_the_condition():
    answer = answer_of(problem_of(circles, *BOX, minimise=["gdp", "gni"], such_that="gain >= 1.5"))
    assert len(answer.front) > 5
    assert (answer.front["slack"] >= 0).all()
    assert answer.front["feasible"].all()
    assert answer.front["gdp"].min() == pytest.approx(1.125, abs=0.06)  # at (0.75, 0.75)


def test_one_objective_under_a_condition_of_several_keys():
    answer = answer_of(problem_of(circles, *BOX, minimise=["gdp"], such_that="gain >= 1"))
    assert answer.best.is_feasible
    assert 0.5 <= answer.best.values[0] < 0.54  # at (0.5, 0.5)
    assert len(answer.trials) == 200
    assert not (answer.trials["gdp"][answer.trials["feasible"]] < answer.best.values[0]).any()


def test_corners_are_tried_and_so_is_the_scenario_itself():
    problem = problem_of(circles, *BOX, maximise=["gdp"])
    problem.today = {"x": 0.25, "y": 1}
    search(problem, trials=10)
    settings = [tuple(trial.setting.values()) for trial in problem.trials]
    assert settings[:5] == [(0.25, 1.0), (-2.0, -2.0), (-2.0, 2.0), (2.0, -2.0), (2.0, 2.0)]
    assert problem.best().values == (8.0,)


@pytest.mark.parametrize("objectives", [["gdp"], ["gdp", "gni"]])
def test_a_search_is_repeated_by_its_seed_and_differs_by_another(objectives):
    first, again, other = (
        answer_of(problem_of(circles, *BOX, minimise=objectives, such_that="gain>=0"), trials=60, seed=seed).trials
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first.equals(other)


def test_failed_trials_do_not_end_the_search():
    function = lambda x, y: None if x < 0 else circles(x, y)  # noqa: E731
    for objectives in (["gdp"], ["gdp", "gni"]):
        answer = answer_of(problem_of(function, *BOX, minimise=objectives), trials=100)
        assert len(answer.trials) == 100
        assert 0 < answer.n_failed < 100
        assert (answer.front["x"] >= 0).all()


def test_mixed_keys_take_their_own_kinds_of_values():
    factors = (
        Factor("k", "lever", low=1, high=9, whole=True),
        Factor("word", "lever", options=("a", "b", "c")),
        Factor("number", "lever", options=(1.0, 2.0, 4.0)),
        Factor("x", "lever", low=0.0, high=1.0),
    )
    function = lambda k, word, number, x: {"gdp": (k - 5) ** 2 + (word != "b") + abs(number - 2.0) + x}  # noqa: E731
    answer = answer_of(problem_of(function, *factors, minimise=["gdp"]))
    assert answer.best.values[0] < 0.3
    assert list(answer.best.setting.values())[:3] == [5, "b", 2.0]
    assert answer.trials["k"].dtype == np.int64


def test_lists_are_run_in_every_combination():
    factors = (Factor("a", "lever", options=(1, 2, 3)), Factor("b", "lever", options=("x", "y")))
    function = lambda a, b: {"gdp": a * (2 if b == "y" else 1), "gain": a - 2.0}  # noqa: E731
    answer = answer_of(problem_of(function, *factors, minimise=["gdp"], such_that="gain >= 0"))
    assert len(answer.trials) == 6
    assert not answer.trials[["a", "b"]].duplicated().any()
    assert dict(answer.best.setting) == {"a": 2, "b": "x"}
    assert answer.sentences()[0] == "'gain >= 0' holds in 2030 in 4 of 6 trials."


def test_ties_are_told_and_so_is_a_scenario_that_is_as_good():
    function = lambda a: {"losers": 22 if a < 10 else 30, "gain": a}  # noqa: E731
    answer = answer_of(problem_of(function, Factor("a", "lever", options=(3, 5, 7, 10)), minimise=["losers"]))
    assert answer.sentences() == [
        "losers is smallest at a = 3: 22 cities.",
        "Equally good, of 4 trials: a = 5; a = 7.",
    ]

    def against(value, number):
        problem = answer.problem
        own = problem.judged(0, {"a": value}, Evaluation(values={"losers": {"region": number}}))
        return replace(answer, today=own).sentences()[0]

    assert against(5, 22) == "losers is smallest at a = 3: 22 cities, no better than 22 cities at today's 5."
    assert against(2, 20) == "losers is smallest at a = 3: 22 cities, no better than 20 cities at today's 2."
    assert against(10, 30) == "losers is smallest at a = 3: 22 cities, against 30 cities at today's 10."
    only = answer_of(problem_of(function, Factor("a", "lever", options=(3, 10)), minimise=["losers"]))
    assert len(only.sentences()) == 1


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_what_is_undominated_is_bettered_by_nothing(rows):
    scores = np.array(rows, dtype=float)
    for own, kept in zip(rows, undominated(scores), strict=True):
        worse_than = [other for other in rows if other != own and other[0] <= own[0] and other[1] <= own[1]]
        assert kept == (not worse_than)


# --- the model ----------------------------------------------------------------------------------------------------


def asked(**more):
    return {"find": SHARE, "minimise": "theil", "such_that": "min(gain) >= -0.4", "overrides": TRANSFER, **more}


@pytest.fixture(scope="module")
def answer():
    """Which share keeps the port's loss below 0.4 per cent?"""
    return optimise("industry_transfer", **asked())


def gains(run):
    """Change of real income of the cities against the reference in 2022, per cent."""
    after, before = (r.cities.query("year == 2022").set_index("region")["real_income"] for r in (run, run.reference))
    return (100 * (after / before - 1)).loc[["PRT", "MIL", "VAL"]]


def test_the_edge_found_on_the_model_is_where_single_runs_change_sides(answer):
    low, high = answer.interval
    edge = answer.intervals[0].low
    assert 0 < low < high == 1
    assert edge.beyond.city == "PRT"
    for trial, holds in ((edge.trial, True), (edge.beyond, False)):
        run = deltasim.run("industry_transfer", overrides=[*TRANSFER, f"{SHARE}={trial.setting[SHARE]!r}"])
        gain = gains(run)
        assert trial.slack == pytest.approx(gain.min() + 0.4, abs=1e-12)
        assert (gain.min() >= -0.4) == holds
    assert edge.trial.setting[SHARE] - edge.beyond.setting[SHARE] <= PRECISION


def test_the_answer_tells_the_city_by_name_and_what_the_scenario_does_today(answer):
    told = " ".join(answer.sentences())
    assert "Port City decides" in told
    assert "today's 0.5" in told
    assert answer.today.values[0] == pytest.approx(
        deltasim.run("industry_transfer", overrides=TRANSFER).indicators
        .query("indicator == 'theil_real_income' and year == 2022")["value"].item()
    )  # fmt: skip


def test_an_answer_is_plain_data_without_gaps(answer):
    plain = json.loads(json.dumps(answer.plain(), allow_nan=False))
    assert plain["intervals"][0]["low"]["city"] == "PRT"
    assert plain["best"][SHARE] == answer.best.setting[SHARE]
    assert plain["trials"] == len(answer.trials) == answer.trials["trial"].nunique()


def test_workers_do_not_change_the_result():
    keys = {"find": f"{SHARE},{PACE}", "maximise": "gain", "trials": 50}
    alone = optimise("industry_transfer", **asked(**keys))
    together = optimise("industry_transfer", **asked(**keys), engine=Engine(workers=2))
    pd.testing.assert_frame_equal(alone.trials, together.trials, check_exact=True)
    assert alone.front.equals(together.front)
    assert len(alone.front) > 1


def test_the_year_of_the_outcomes_can_be_chosen():
    found = optimise("industry_transfer", **asked(year=2021, trials=3))
    one = deltasim.run("industry_transfer", overrides=TRANSFER).indicators
    value = one.query("indicator == 'theil_real_income' and year == 2021")["value"].item()
    assert found.year == 2021
    assert found.today.values[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("find", "kind", "low", "high"),
    [
        (SHARE, float, 0, 1),
        ("policies.industry_transfer.term", int, 0, 30),
        (f"{PACE}=interval(0.01,0.02)", float, 0.01, 0.02),
        ({"policies.industry_transfer.term": (1.5, 4.5)}, int, 2, 4),
        ("parameters.congestion_elasticity", float, 0.02, 0.08),
        ("horizon=interval(2021,2024)", int, 2021, 2024),
    ],
)
def test_a_key_is_searched_over_its_own_range_or_the_one_given(find, kind, low, high):
    words = [word for word in TRANSFER if "horizon" not in str(find) or not word.startswith("horizon")]
    found = optimise("industry_transfer", find, maximise="gdp", overrides=words, trials=3)
    values = found.trials.iloc[:, 1]
    assert (values.min(), values.max()) == (low, high)
    assert all(isinstance(next(iter(trial.setting.values())), kind) for trial in found.problem.trials)


@pytest.mark.parametrize(
    ("find", "values"),
    [
        ("policies.industry_transfer.capped", [False, True]),
        ("economy=standard,no_land_cost", ["standard", "no_land_cost"]),
        ("policies=[],[industry_transfer]", ["[]", "['industry_transfer']"]),
        (f"{SHARE}=0,0.5", [0, 0.5]),
        ({SHARE: [0.25, 0.5]}, [0.25, 0.5]),
    ],
)
def test_choices_are_all_tried(find, values):
    found = optimise("industry_transfer", find, maximise="gdp", overrides=TRANSFER)
    assert found.trials.iloc[:, 1].tolist() == values
    assert found.n_failed == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"find": None}, "find: which keys may vary?"),
        ({"find": f"{SHARE},{SHARE}"}, "is looked for twice"),
        ({"find": "policies.industry_transfer.orign_share"}, "did you mean policies.industry_transfer.origin_share"),
        ({"find": "policies.industry_transfer.start"}, r"has no range of its own (allowed: KEY=interval(low,high)"),
        ({"find": f"{SHARE}=interval(0,2)"}, "2 is above 1 (origin's share of the local tax"),
        ({"find": f"{SHARE}=interval(1,0)"}, "is empty"),
        ({"find": "parameters.congestoin"}, "unknown parameter"),
        ({"minimise": (), "such_that": ""}, "what should the search look for?"),
        ({"maximise": "theil"}, "theil_real_income: is an objective twice"),
        ({"minimise": "giny"}, "unknown indicator 'giny'"),
        ({"such_that": "min(gain) > "}, "a number is missing"),
        ({"year": 2030}, "the runs have no year 2030 (allowed: 2019 to 2022)"),
        ({"trials": 1}, "trials: 1 is below 2"),
        ({"tirals": 9}, "unknown key; did you mean trials?"),
        ({"overrides": [*TRANSFER, f"{SHARE}=0.3"]}, "is both fixed and varied"),
        ({"overrides": [*TRANSFER, "reference=null"]}, "compares with a reference, and the scenario has none"),
    ],
)
def test_what_is_wrong_with_a_question_is_said_before_the_first_run(given, message):
    with pytest.raises(InputError) as refused:
        optimise("industry_transfer", **asked(**given))
    assert message in str(refused.value)


def test_without_optuna_several_keys_cannot_be_searched(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=re.escape("pip install 'deltasim[analysis]'")):
        search(problem_of(circles, *BOX, minimise=["gdp"]))
    assert search(problem_of(sharing(0.2, 0.8, 1.0), share(), such_that="min(gain) >= 0"))


# --- the evaluator ------------------------------------------------------------------------------------------------


def evaluator(**levers):
    words = [*TRANSFER, "+policies=[market_integration]"]
    spec = StudySpec(scenario="industry_transfer", overrides=words, levers=levers, outcomes=["gain", "gdp"],
                     places=["region", "city"])  # fmt: skip
    return Evaluator(spec, InProcess())


def test_an_evaluation_is_a_run_and_is_made_once():
    made = evaluator(**{SHARE: {"low": 0, "high": 1}})
    one, own, again = made.evaluate([{SHARE: 0.25}, {}, {SHARE: 0.25}])
    assert made.n_runs == 2
    assert one is again
    assert made.today(made.factors[0]) == 0.5
    for found, value in ((one, 0.25), (own, 0.5)):
        words = [*TRANSFER, "+policies=[market_integration]", f"{SHARE}={value}"]
        run = deltasim.run("industry_transfer", overrides=words)
        told = run.indicators.query("indicator == 'gdp' and place == 'region' and year == 2022")["value"].item()
        assert found.values["gdp"]["region"] == pytest.approx(told, rel=1e-14)
        for city, gain in gains(run).items():
            assert found.values["gain"][city] == pytest.approx(gain, abs=1e-11)


def test_values_of_policies_that_a_setting_does_not_have_are_left_out():
    made = evaluator(policies=[[], ["industry_transfer"], ["market_integration"]], **{SHARE: [0.0, 1.0]})
    nothing, first, second, all_of_them = made.evaluate(
        [{"policies": [], SHARE: 1.0}, {"policies": [], SHARE: 0.0}, {"policies": ["market_integration"]}, {}]
    )
    assert nothing is first
    assert nothing.values["gain"]["region"] == 0
    assert second.values["gain"]["region"] > 0
    assert all_of_them.values["gain"]["region"] not in (0, second.values["gain"]["region"])


def test_a_setting_of_something_else_is_refused_and_a_run_that_fails_says_so():
    made = evaluator(**{SHARE: [0.0, 1.0], "policies": [[], ["industry_transfer"]]})
    with pytest.raises(InputError, match="does not vary; did you mean policies.industry_transfer.origin_share"):
        made.evaluate([{"policies.industry_transfer.orgin_share": 0.5}])
    with pytest.raises(InputError, match="was not planned"):
        made.evaluate([{"policies": ["market_integration"]}])
    wrong, right = made.evaluate([{SHARE: 3.0}, {SHARE: 1.0}])
    assert (wrong.status, right.status) == ("failed", "ok")
    assert "3 is above 1" in wrong.error


def test_runs_whose_worker_died_have_failed():
    class Deadly(InProcess):
        def map(self, function, tasks):
            yield from ((i, Died("out of memory")) for i in reversed(range(len(tasks))))

    spec = StudySpec(scenario="industry_transfer", overrides=TRANSFER, levers={SHARE: [0.0, 1.0]}, outcomes=["gdp"])
    found = Evaluator(spec, Deadly()).evaluate([{SHARE: i / 20} for i in range(20)])
    assert [(e.status, e.error) for e in found] == [("failed", "out of memory")] * 20


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def call(capfd, tmp_path, monkeypatch):
    """The command, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        fixed = [word for word in TRANSFER if not any(word.partition("=")[0] in str(given) for given in words)]
        code = main(["optimise", "industry_transfer", *fixed, *map(str, words)])
        return code, *capfd.readouterr()

    return run


def specifications(page):
    return json.loads(re.search(r'id="specifications">(.*?)</script>', page, re.DOTALL)[1])["figures"]


def test_the_command_answers_in_sentences_and_leaves_data_and_a_page(call, tmp_path, answer):
    words = ["--find", SHARE, "--minimise", "theil", "--such-that", "min(gain) >= -0.4"]
    code, out, err = call(*words, "--out", "mine")
    assert (code, err) == (0, "")
    assert out.splitlines()[: len(answer.sentences())] == answer.sentences()
    assert "page:    mine/front.html" in out
    folder = tmp_path / "mine"
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "trials.parquet"), answer.trials)
    told = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    assert told == json.loads(json.dumps(answer.plain()))
    page = (folder / "front.html").read_text(encoding="utf-8")
    figures = specifications(page)
    assert set(figures) == {"line", "room"}
    (band,) = [shape for shape in figures["line"]["layout"]["shapes"] if shape["type"] == "rect"]
    assert (band["x0"], band["x1"]) == answer.interval
    assert len(figures["line"]["data"][0]["x"]) == len(answer.trials)
    assert not re.search(r'(?:src|href)="(?!#|data:)', re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL))
    code, out, err = call(*words, "--out", "mine")
    assert code == 2
    assert err == "error: mine: already holds a search (--force replaces it)\n"
    (folder / "note.txt").write_text("my own", encoding="utf-8")
    code, out, err = call("--find", f"{SHARE}=0,1", "--minimise", "theil", "--out", "mine", "--force")
    assert (code, err) == (0, "")
    assert len(pd.read_parquet(folder / "trials.parquet")) == 2
    assert json.loads((folder / "answer.json").read_text(encoding="utf-8"))["trials"] == 2
    names = {path.name for path in folder.iterdir()}
    assert names == {"answer.json", "front.html", "note.txt", "trials.parquet"}


@pytest.mark.parametrize(("name", "message"), [("run.json", "holds a run: a search"), ("x.txt", "holds other files")])
def test_force_replaces_nothing_but_a_search(call, tmp_path, name, message):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / name).write_text("{}", encoding="utf-8")
    code, _, err = call("--find", f"{SHARE}=0,1", "--minimise", "theil", "--out", "other", "--force")
    assert code == 2
    assert message in err
    assert (tmp_path / "other" / name).read_text(encoding="utf-8") == "{}"
    assert len(list((tmp_path / "other").iterdir())) == 1


def test_a_search_for_a_number_nobody_has_measured_says_so():
    found = optimise("industry_transfer", "parameters.congestion_elasticity=0.02,0.08", **asked_alone())
    assert found.guesses == ("parameters.congestion_elasticity",)
    assert "parameters.congestion_elasticity is not ours to set" in found.sentences()[-1]
    assert not any("not ours to set" in text for text in optimise("industry_transfer", f"{SHARE}=0,1",
                                                                  **asked_alone()).sentences())  # fmt: skip


def asked_alone():
    return {"minimise": "theil", "overrides": TRANSFER}


def test_the_table_of_a_long_front_says_how_much_of_it_is_shown(call):
    words = ["--find", SHARE, "--minimise", "losers", "--minimise", "theil", "--maximise", "min(gain)", "--trials", 12]
    code, out, _ = call(*words, "--out", "mine")
    front = json.loads(Path("mine/answer.json").read_text(encoding="utf-8"))["front"]
    assert code == 0
    assert len(front) > 8
    assert f"(8 of the {len(front)} trials of the front; all: answer.json)" in out
    shown = [float(line.split()[1]) for line in out.splitlines() if line.startswith("front ")]
    assert len(shown) == 8
    assert (shown[0], shown[-1]) == tuple(pytest.approx(front[i][SHARE], rel=1e-5) for i in (0, -1))


def test_the_command_draws_a_front_and_prints_one_object(call, tmp_path):
    code, out, _ = call("--find", f"{SHARE},{PACE}", "--minimise", "theil", "--maximise", "min(gain)", "--trials", 50,
                        "--json")  # fmt: skip
    told = json.loads(out)
    assert code == 0
    assert told["trials"] == 50
    assert len(told["front"]) > 1
    assert told["folder"].startswith("outputs/optimise/industry_transfer/")
    figures = specifications((tmp_path / told["page"]).read_text(encoding="utf-8"))
    assert set(figures) == {"front-0"}
    (front,) = [trace for trace in figures["front-0"]["data"] if trace["name"] == "front"]
    assert len(front["x"]) == len(told["front"])
    assert front["x"] == pytest.approx([row["theil_real_income"] for row in told["front"]], rel=1e-6)
    assert "pace" in front["hovertext"][0]


def test_one_objective_of_several_keys_is_drawn_over_each(call, tmp_path):
    code, out, _ = call("--find", f"{SHARE},{PACE}", "--maximise", "real_gdp", "--trials", 20, "--out", "mine")
    assert code == 0
    figures = specifications((tmp_path / "mine" / "front.html").read_text(encoding="utf-8"))
    assert set(figures) == {"key-0", "key-1"}
    frame = pd.read_parquet(tmp_path / "mine" / "trials.parquet")
    drawn = [x for trace in figures["key-1"]["data"] if trace["name"] in ("best", "other trials") for x in trace["x"]]
    assert sorted(drawn) == pytest.approx(sorted(frame[PACE]), rel=1e-6)
    assert f"real_gdp is largest at origin_share = {frame[SHARE][frame['real_gdp'].idxmax()]:.4g}" in out


def test_an_impossible_condition_is_an_answer_and_failed_runs_are_not_hidden(call):
    code, out, _ = call("--find", SHARE, "--such-that", "min(gain) >= 5", "--trials", 3)
    assert code == 0
    assert f"'min(gain) >= 5' holds in 2022 for no {SHARE} from 0 to 1" in out
    assert "Port City decides" in out
    head = "policies.industry_transfer"
    code, out, _ = call("--find", f"{head}.end=2021,2030", "--find", f"{head}.start=2020,2022", "--maximise", "gain")
    assert code == 4
    assert "1 of 4 runs failed; the first, at end = 2021, start = 2022:" in out


def test_the_command_refuses_nonsense_in_one_line(call):
    code, out, err = call("--find", SHARE)
    assert (code, out) == (2, "")
    assert err == "error: what should the search look for? (allowed: --minimise, --maximise, --such-that)\n"
    code, _, err = call("--find", SHARE, "--such-that", "gain >= 0 if True")
    assert code == 2
    assert "at 'if True' (character 11): comparisons are joined by 'and'" in err
