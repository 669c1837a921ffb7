"""Studies of many runs: how many there are, what each is told, that nothing else decides what it finds."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import pytest

import sim
from sim.core.errors import InputError
from sim.experiments.ensemble.executors import Engine
from sim.experiments.ensemble.factors import Factor
from sim.experiments.ensemble.plan import make_plan
from sim.experiments.ensemble.spec import StudySpec, read_study
from sim.experiments.ensemble.study import Study
from sim.experiments.ensemble.sweep import run_study
from tests.ensemble.conftest import SMALL, TRANSFER, assert_same

SHARE = "policies.industry_transfer.origin_share"
CONGESTION = "parameters.congestion_elasticity"


def planned(scenario: str, words: list[str], **options):
    from sim.experiments.ensemble.spec import merged
    from sim.experiments.ensemble.sweep import with_overrides

    return make_plan(merged(StudySpec(scenario=scenario), {**with_overrides({}, words), **options}))


# --- how many runs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "options", "runs", "worlds"),
    [
        ([f"{SHARE}=0,0.5,1"], {}, 3, 1),
        ([f"{SHARE}=range(0,1,0.25)"], {}, 4, 1),
        ([f"{SHARE}=choice(0,1)", "policies.industry_transfer.pace=0.02,0.04,0.06"], {}, 6, 1),
        ([f"{CONGESTION}=interval(0.02,0.08)"], {"samples": 5}, 5, 5),
        ([f"{CONGESTION}=interval(0.02,0.08)", f"{SHARE}=0,1"], {"samples": 5}, 10, 5),
        ([f"{SHARE}=interval(0,1)", "policies.industry_transfer.pace=interval(0,0.1)"], {"samples": 5}, 5, 1),
        (["policies=[],[industry_transfer]"], {}, 2, 1),
        (["policies=[],[industry_transfer]", f"{SHARE}=0,0.5,1"], {}, 4, 1),
        (["economy=standard,no_land_cost", f"{SHARE}=0,1"], {}, 4, 1),
        ([f"{SHARE}=0,1"], {"replications": 3}, 6, 1),
        (["scenario=industry_transfer,market_integration", "policies=[]"], {}, 2, 1),
    ],
)
def test_every_form_of_a_sweep_has_the_runs_it_names(words, options, runs, worlds):
    mine = TRANSFER if "policies=[]" not in words else SMALL
    plan = planned("industry_transfer", [*mine, *words], **options)
    assert len(plan) == runs
    assert plan.cases["world"].nunique() == worlds
    assert plan.cases["run"].tolist() == list(range(runs))
    assert not plan.cases.drop(columns="run").duplicated().any()


def test_every_combination_of_lists_is_run_once():
    plan = planned("industry_transfer", [*TRANSFER, f"{SHARE}=0,0.5,1", "policies.industry_transfer.pace=0.02,0.04"])
    told = {(config.policies["industry_transfer"].origin_share, config.policies["industry_transfer"].pace)
            for config in map(plan.config, range(len(plan)))}  # fmt: skip
    assert told == {(share, pace) for share in (0, 0.5, 1) for pace in (0.02, 0.04)}


def test_a_lever_of_a_policy_that_is_not_in_force_is_left_empty():
    plan = planned("industry_transfer", [*TRANSFER, "policies=[],[industry_transfer]", f"{SHARE}=0,0.5,1"])
    without = plan.cases[plan.cases["policies"] == "[]"]
    assert len(without) == 1
    assert without[SHARE].isna().all()
    assert not plan.config(int(without["run"].iloc[0])).policies


def test_a_constant_of_a_policy_holds_where_the_policy_is_in_force():
    words = [*SMALL, "policies=[],[market_integration]", "policies.market_integration.reduction=0.3"]
    plan = planned("baseline", words)
    assert [len(plan.config(run).policies) for run in (0, 1)] == [0, 1]
    assert plan.config(1).policies["market_integration"].reduction == 0.3
    with pytest.raises(InputError, match="no run of the study has this policy"):
        planned("baseline", [*SMALL, "policies=[],[market_integration]", "policies.industry_transfer.pace=0.1"])


def test_a_latin_hypercube_has_one_draw_in_every_slice():
    plan = planned("baseline", [*SMALL, f"{CONGESTION}=interval(0.02,0.08)"], samples=20)
    slices = np.floor((plan.cases[CONGESTION] - 0.02) / 0.06 * 20).astype(int)
    assert sorted(slices) == list(range(20))


def test_a_study_is_planned_the_same_way_every_time_and_differently_by_its_seed():
    words = [*SMALL, f"{CONGESTION}=interval(0.02,0.08)"]
    first, again, other = (planned("baseline", words, samples=8, seed=seed) for seed in (1, 1, 2))
    assert first.digest == again.digest != other.digest
    pd.testing.assert_frame_equal(first.cases, again.cases)


def test_a_parameter_of_many_rows_moves_by_one_number_each_row_in_its_own_range():
    plan = planned("baseline", [*SMALL], uncertainties={"parameters.provincial_border": None}, samples=3)
    (factor,) = plan.factors
    assert factor.name == "parameters.provincial_border@range"
    assert factor.values(0.0) == {key: low for key, (low, _) in factor.rows.items()}
    assert factor.values(1.0) == {key: high for key, (_, high) in factor.rows.items()}
    half = factor.values(0.5)
    assert all(half[key] == pytest.approx((low + high) / 2) for key, (low, high) in factor.rows.items())
    given = plan.config(0).parameters
    assert {f"parameters.{key}" for key in given} == set(factor.rows)


def test_the_word_judgement_stands_for_the_guesses_the_model_reads_and_no_other_number():
    plan = planned("baseline", [*SMALL], uncertainties={"judgement": None}, samples=2)
    table = sim.World.load("three_cities").parameters.frame
    status = table.groupby("key")["status"].agg(set)
    keys = [factor.key.split(".")[1] for factor in plan.factors]
    assert keys
    assert all("judgement" in status[key] for key in keys)
    assert "relocation_hazard" in keys
    assert "imputation_draws" not in keys  # used where data sets are made, not in a run


def test_a_choice_of_data_sets_is_a_factor_with_a_column_of_its_own():
    study = sim.sweep("baseline", {"world": ["three_cities", "yangtze_delta"], "horizon": [2019]}, outcomes=["gdp"])
    assert study.runs["world_choice"].tolist() == ["three_cities", "yangtze_delta"]
    assert study.outcomes()["gdp"].is_monotonic_increasing
    assert study.config(1).world.dataset == "yangtze_delta"


def test_runs_that_end_earlier_are_seen_in_their_own_last_year():
    study = sim.sweep("baseline", ["world=three_cities", "horizon=2020,2022"])
    assert study.outcomes()["year"].tolist() == [2020, 2022]
    with pytest.raises(InputError, match="no region in 2040.*2019 to 2022"):
        study.outcomes(2040)


@pytest.mark.parametrize(
    "given",
    [
        [{SHARE: 0.25}, {SHARE: 0.75}],
        pd.DataFrame({SHARE: [0.25, 0.75]}),
        {SHARE: np.array([0.25, 0.75])},
        [f"{SHARE}=0.25,0.75"],
    ],
    ids=["settings", "table", "array", "words"],
)
def test_settings_may_be_given_in_many_forms(given):
    study = sim.sweep("industry_transfer", given, overrides=list(TRANSFER), outcomes=["gain"])
    assert study.runs[SHARE].tolist() == [0.25, 0.75]


def test_a_study_is_run_by_its_name_and_a_list_of_keys_means_their_ranges(here):
    (here / "mine.yaml").write_text(YAML)
    assert len(sim.sweep("mine.yaml", samples=1)) == 2
    keys = ["parameters.congestion_elasticity", "parameters.land_price_elasticity"]
    plan = planned("baseline", [*SMALL], uncertainties=keys, samples=2)
    assert [factor.key for factor in plan.factors] == keys


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_cases_come_from_a_table_one_row_each(here, ending):
    rows = [
        {SHARE: 0.25, "policies.industry_transfer.pace": 0.02},
        {SHARE: 0.75, "policies.industry_transfer.pace": 0.05},
    ]
    table = pd.DataFrame(rows)
    path = here / f"cases.{ending}"
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    plan = planned("industry_transfer", list(TRANSFER), cases=str(path))
    told = [plan.config(run).policies["industry_transfer"] for run in range(2)]
    assert [(policy.origin_share, policy.pace) for policy in told] == [(0.25, 0.02), (0.75, 0.05)]


# --- what decides the results -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two worlds, three shares and none, two replications: 16 runs."""
    folder = tmp_path_factory.mktemp("study") / "a"
    words = [*TRANSFER, "policies=[],[industry_transfer]", f"{SHARE}=0,0.5,1", f"{CONGESTION}=interval(0.02,0.08)"]
    return sim.sweep(
        "industry_transfer", words, samples=2, replications=2, out=folder, places=["region", "city"], tables=["cities"]
    )


def test_the_table_of_runs_says_what_every_run_was_told_and_how_it_went(study):
    runs = study.runs
    assert len(runs) == len(study) == 16
    assert (runs["status"] == "ok").all()
    assert (runs["seconds"] > 0).all()
    pd.testing.assert_frame_equal(
        runs[[f.name for f in study.factors]], study.plan.cases[[f.name for f in study.factors]]
    )
    assert set(runs["replicate"]) == {0, 1}
    assert runs["world"].nunique() == 2


def test_a_run_of_a_study_is_the_run_of_its_command_bit_for_bit(study):
    for run in (0, 3, 13):
        words = shlex.split(study.command(run))
        alone = sim.run(words[2], overrides=words[3:])
        stored = study.cities[study.cities["run"] == run].drop(columns="run").reset_index(drop=True)
        pd.testing.assert_frame_equal(stored, alone.cities, check_exact=True)


def test_gains_are_those_of_the_comparison_with_the_reference(study):
    run = 3
    words = shlex.split(study.command(run))
    after = sim.run(words[2], overrides=words[3:])
    cities = after.compare().city("real_income", 2021).set_index("region")["change_pct"]
    rows = study.indicators.query("run == @run and year == 2021 and scope == 'city'").set_index("place")["gain"]
    np.testing.assert_allclose(rows[cities.index], cities, rtol=1e-9)
    region = study.outcomes(2021).set_index("run").loc[run]
    assert region["worst_gain"] == pytest.approx(cities.min(), rel=1e-9)
    assert region["losers"] == (cities < 0).sum()


@pytest.mark.parametrize(
    ("engine", "size"),
    [
        (Engine(workers=1), 1),
        (Engine(workers=1), 5),
        (Engine(workers=2), 3),
        (Engine(workers=8), 1),
        (Engine("cluster", 2), 4),
    ],
    ids=str,
)
def test_neither_workers_nor_shards_nor_the_engine_change_a_bit(study, tmp_path, engine, size):
    run_study(study.plan, tmp_path / "b", engine=engine, size=size)
    assert_same(study, Study(tmp_path / "b"))


def test_policies_meet_the_same_shocks_and_replications_meet_others(study):
    table = study.cities[study.cities["region"] == "MIL"].merge(study.runs[["run", "world", "replicate", "policies"]])
    early = table[table["year"] == 2019]  # before the policy: only the world and the shocks differ
    for _, part in early.groupby(["world", "replicate"]):
        assert part["gdp"].nunique() == 1
    later = table[(table["year"] == 2021) & (table["policies"] == "[]")]
    assert later.groupby("world")["real_gdp"].nunique().eq(2).all()


def test_without_shocks_replications_would_be_one_run_repeated():
    with pytest.raises(InputError, match="shocks, which are switched off"):
        planned("baseline", [*SMALL, "shocks.enabled=false"], replications=2)


def test_order_of_the_runs_does_not_matter(study, tmp_path):
    """Each run starts from the calibrated base year, not from what another left behind."""
    from sim.experiments.ensemble.shard import Runner, indicator_values
    from sim.experiments.ensemble.sweep import Tasks

    cases = [case for task in Tasks(study.plan, tmp_path, 16, [0]) for case in task["cases"]]
    runner = Runner(study.plan.structures)
    stored = study.indicators[study.indicators["scope"] == "region"].set_index(["run", "year"])["real_income"]
    for case in reversed(cases):
        outcome = runner.run(case)
        _, values = indicator_values(outcome.model, outcome.before, ["real_income"], ["region"])
        assert values["real_income"][0].tolist() == stored.loc[case["run"]].tolist()


# --- runs that go wrong -------------------------------------------------------------------------------------------


def test_a_failing_run_is_a_row_with_its_error_and_the_study_goes_on():
    words = [*TRANSFER, "policies.industry_transfer.start=2020,2024", "policies.industry_transfer.end=2022,2026"]
    study = sim.sweep("industry_transfer", [w for w in words if "start=2020" not in w or "," in w])
    failed = study.runs[study.runs["status"] == "failed"]
    assert len(study) == 4
    assert len(failed) == 1
    assert "ends in 2022, before it starts in 2024" in failed["error"].iloc[0]
    assert study.manifest["status"] == {"ok": 3, "failed": 1}
    assert set(study.indicators["run"]) == set(range(4)) - set(failed["run"])


def test_a_run_that_does_not_converge_says_where_and_how_far():
    study = sim.sweep("baseline", [*SMALL, "tolerance=1e-8,1e-300"])
    assert study.runs["status"].tolist() == ["ok", "not converged"]
    assert "the market did not clear in 2019" in study.runs["error"].iloc[1]


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        ([f"{SHARE}=0,1.5"], {}, r"origin_share.*1.5 is above 1"),
        (["policies.industry_transfer.origin_shre=0,1"], {}, r"unknown key; did you mean origin_share"),
        (["horizn=2020,2021"], {}, r"horizn: unknown key; did you mean horizon"),
        (["parameters.congestion_elasticty=0.02,0.03"], {}, r"unknown parameter; did you mean congestion_elasticity"),
        ([f"{CONGESTION}=0.02,9"], {}, r"9 is out of range"),
        ([f"{CONGESTION}=interval(0.08,0.02)"], {}, r"the interval from 0.08 to 0.02 is empty"),
        (["policies=[nonsense],[]"], {}, r"unknown policy 'nonsense'"),
        (["policies=interval(0,1)"], {}, r"takes a list of names"),
        ([f"{SHARE}=0,1", f"{SHARE}=0,1"], {}, r"swept twice"),
        ([f"{SHARE}=0,0,1"], {}, r"names 0 twice"),
        (["_target_=1,2"], {}, r"cannot name code to run"),
        (["x={_target_:os.system},1"], {}, r"cannot name code to run"),
        ([f"{SHARE}=0,1"], {"outcomes": ["gian"]}, r"unknown indicator 'gian'; did you mean gain"),
        ([f"{SHARE}=0,1"], {"places": ["town"]}, r"places"),
        ([f"{SHARE}=0,1"], {"samples": 0}, r"samples.*below 1"),
        (["seed=1,2"], {}, r"seed"),
        ([f"{SHARE}=0,1", "policies.industry_transfer.origins=[PRT],[XXX]"], {}, r"unknown region 'XXX'"),
    ],
)
def test_what_is_wrong_with_a_sweep_is_said_before_anything_runs(words, options, message):
    base = [word for word in TRANSFER if not any(word.split("=")[0] == other.split("=")[0] for other in words)]
    with pytest.raises(InputError, match=message):
        planned("industry_transfer", [*base, *words], **options)


def test_a_bad_cell_of_a_table_of_cases_is_named_by_file_row_and_column(here):
    (here / "cases.csv").write_text(f"{SHARE}\n0.5\n1.5\n")
    with pytest.raises(InputError, match=rf"cases.csv, row 3, column {SHARE}.*1.5 is above 1"):
        planned("industry_transfer", list(TRANSFER), cases="cases.csv")
    bad = {
        f"{SHARE},policies.industry_transfer.pace\n0,0.02,\n": "row 2: has 3 cells, the header 2",
        f"{SHARE},{SHARE}\n0,1\n": "stands twice",
        f"{SHARE};policies.industry_transfer.pace\n0;1\n": "separated by ';'",
        f"{SHARE}\n": "holds no case",
        "": "holds no case",
    }
    for text, message in bad.items():
        (here / "cases.csv").write_text(text)
        with pytest.raises(InputError, match=rf"cases.csv.*{message}"):
            planned("industry_transfer", list(TRANSFER), cases="cases.csv")
    with pytest.raises(InputError, match=r"nothing.csv.*there is no such file"):
        planned("industry_transfer", list(TRANSFER), cases="nothing.csv")


# --- a study in a file --------------------------------------------------------------------------------------------

YAML = """\
scenario: industry_transfer
title: shares under two guesses
overrides: [world=three_cities, "policies.industry_transfer.sectors=[MAN]"]
constants: {horizon: 2020, policies.industry_transfer.origins: [PRT], policies.industry_transfer.destinations: [VAL]}
levers: {policies.industry_transfer.origin_share: "0,1"}
uncertainties:
  parameters.congestion_elasticity:
  parameters.land_price_elasticity: {low: 0.2, high: 1.0, distribution: triangular, mode: 0.4}
outcomes: [gain]
samples: 3
"""


def test_a_study_is_one_file(here):
    (here / "mine.yaml").write_text(YAML)
    study = sim.sweep(read_study("mine.yaml"))
    assert len(study) == 6
    assert study.dataset().schema.names == ["run", "year", "scope", "place", "gain"]
    assert study.runs["parameters.land_price_elasticity"].between(0.2, 1.0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("samples: 3\n", "sampels: 3\n"),
        ("distribution: triangular", "distribution: normal"),
        ("mode: 0.4", "mode: 4"),
        ("scenario: industry_transfer", "scenario: industry_transfr"),
    ],
)
def test_what_is_wrong_with_a_study_file_is_one_message(here, change, message):
    (here / "mine.yaml").write_text(YAML.replace(change, message))
    with pytest.raises(InputError) as caught:
        make_plan(read_study("mine.yaml"))
    assert len(str(caught.value).splitlines()) == 1


# --- reading it ---------------------------------------------------------------------------------------------------


def test_streamed_and_queried_groups_are_those_of_pandas(study):
    table = study.indicators.merge(study.runs[["run", "policies", SHARE]])
    expected = table.groupby(["year", "place"])[["gain", "real_income"]].mean()
    streamed = study.aggregate(["year", "place"], ["gain", "real_income"])
    pd.testing.assert_frame_equal(streamed, expected, check_dtype=False, check_index_type=False)
    region = table[table["place"] == "region"]
    by_policy = study.aggregate(["policies", "year"], ["gain"], "max")
    highest = region.groupby(["policies", "year"])[["gain"]].max()
    pd.testing.assert_frame_equal(by_policy, highest, check_dtype=False, check_index_type=False)
    in_mil = study.aggregate(["year"], ["gain"], place="MIL")["gain"]
    np.testing.assert_allclose(in_mil, table[table["place"] == "MIL"].groupby("year")["gain"].mean())
    with pytest.raises(InputError, match="did not keep 'gian'; did you mean gain"):
        study.aggregate(["year"], ["gian"])
    queried = study.sql("select year, place, avg(gain) as gain from indicators group by all order by all")
    np.testing.assert_allclose(queried["gain"], expected.reset_index().sort_values(["year", "place"])["gain"])


def test_a_study_opens_from_its_folder_and_names_what_it_lacks(study):
    again = sim.load(study.folder)
    assert isinstance(again, Study)
    assert_same(study, again)
    with pytest.raises(InputError, match="no table 'sectors'"):
        again.table("sectors")
    with pytest.raises(InputError, match="did not keep 'gian'; did you mean gain"):
        again.table("indicators", ["gian"])
    with pytest.raises(InputError, match="no run 99"):
        again.command(99)


@pytest.mark.parametrize("distribution", ["uniform", "log_uniform", "triangular"])
def test_rounding_steps_over_no_end(distribution):
    """.3 + (.9 - .3) is a little more than .9, which a parameter's range would refuse."""
    ends = Factor("parameters.x", "uncertainty", low=0.3, high=0.9, mode=0.6, distribution=distribution)
    values = ends.quantile(np.array([0.0, 0.5, 1.0]))
    assert values.min() >= 0.3
    assert values.max() <= 0.9
