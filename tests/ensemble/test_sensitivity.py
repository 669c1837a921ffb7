"""Sensitivity: known functions come out with their known indices, through the same plan, files and analysis as runs."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from sim.cli import main
from sim.core.errors import InputError
from sim.experiments.ensemble import parts, shard
from sim.experiments.ensemble.executors import Engine
from sim.experiments.ensemble.spec import StudySpec
from sim.experiments.ensemble.study import Study
from sim.experiments.ensemble.sweep import sweep
from sim.experiments.sensitivity import Sensitivity, analyse, indices, sample, sensitivity
from sim.experiments.sensitivity.analysis import run_design
from sim.experiments.sensitivity.claims import read_claim
from sim.experiments.sensitivity.design import Question, design
from sim.experiments.sensitivity.methods import DUMMY, MAIN
from sim.experiments.sensitivity.sentences import deciding
from tests.cli.conftest import Answer
from tests.ensemble.conftest import SMALL, TRANSFER
from tests.ensemble.synthetic import YEAR, indicator_table, synthetic_study

RANGES = {
    "time_offset": (0.0, 120.0),
    "profit_ownership": (0.5, 1.0),
    "land_price_elasticity": (0.2, 1.5),
    "relocation_hazard": (0.005, 0.03),
    "catch_up_rate": (0.0, 0.03),
    "diffusion_rate": (0.0, 0.05),
    "deviation_decay": (0.0, 0.1),
    "relocation_cost_fixed": (0.0, 5.0),
}
"""Parameters of the small world that stand for the factors of a test function, and their ranges."""

KEYS = [f"parameters.{name}" for name in RANGES]
A, B, C, *_ = KEYS
G = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])
"""Coefficients of Sobol's G function."""


def ishigami(x):
    """Ishigami and Homma (1990) with a = 7, b = 0.1, of points in the unit cube."""
    a, b, c = (2.0 * np.pi * (x[:, j] - 0.5) for j in range(3))
    return np.sin(a) + 7.0 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)


def sobol_g(x):
    """Saltelli and Sobol (1995)."""
    return np.prod((np.abs(4.0 * x - 2.0) + G) / (1.0 + G), axis=1)


def pretend(monkeypatch, function, *, fails=lambda run: False):
    """Put a function of the unit cube in the place of the model: what a worker would write, its value as the gain."""

    def run_shard(task):
        table = shard.Gathered(task["columns"], [], [], [])
        for case in task["cases"]:
            table.add(shard.Outcome(case, status="failed" if fails(case["run"]) else "ok", error="no luck"))
        points = np.array([[position(case, name) for name in RANGES] for case in task["cases"]])
        found = function(points, task["cases"]) if function.__code__.co_argcount == 2 else function(points)
        rows = {"run": [case["run"] for case in task["cases"]], "year": YEAR, "scope": "region", "place": "region"}
        failed = [run for run in rows["run"] if fails(run)]
        indicators = indicator_table(pd.DataFrame({**rows, "gain": found}), failed)
        receipt = parts.write(
            task["folder"], task["shard"], task["digest"], {"runs": table.tables()["runs"], "indicators": indicators}
        )
        return {**receipt, "status": {"ok": len(found) - len(failed), "failed": len(failed)}, "seconds": {}}

    monkeypatch.setattr(shard, "run_shard", run_shard)


def position(case, name):
    """Where a parameter stands in its range; in the middle unless the case sets it."""
    low, high = RANGES[name]
    value = case["values"].get(f"parameters.{name}")
    return 0.5 if value is None else (value - low) / (high - low)


def study_of(n_factors, **options):
    spec = StudySpec(scenario="industry_transfer", overrides=list(TRANSFER))
    return sensitivity(spec, uncertain=KEYS[:n_factors], **{"outcomes": ["gain"], **options})


def values(found, index):
    """An index by factor, and the half width of its interval."""
    rows = found[(found["index"] == index)].set_index("factor")
    return rows["value"].to_numpy(), rows["confidence"].to_numpy()


# --- known functions ----------------------------------------------------------------------------------------------


def test_ishigami_by_sobol_through_a_study(monkeypatch):
    pretend(monkeypatch, ishigami)
    found = study_of(3, method="sobol", samples=1024, second_order=True)
    assert len(found.study) == 1024 * 8
    for index, known in (("S1", [0.3139, 0.4424, 0.0]), ("ST", [0.5576, 0.4424, 0.2437])):
        value, width = values(found.indices, index)
        np.testing.assert_allclose(value, known, atol=0.02)
        assert ((width > 0.0) & (width < 0.1)).all()
        assert (np.abs(value - known) <= width).all()
    pairs = found.indices[found.indices["index"] == "S2"].set_index(["factor", "other"])["value"]
    assert pairs[A, C] == pytest.approx(0.2437, abs=0.05)
    assert pairs[[(A, B), (B, C)]].abs().max() < 0.05


def test_sobol_g_by_sobol_through_a_study(monkeypatch):
    pretend(monkeypatch, sobol_g)
    found = study_of(8, method="sobol", samples=2048)
    alone = 1.0 / (3.0 * (1.0 + G) ** 2)
    total = np.prod(1.0 + alone)
    first, whole = (values(found.indices, index)[0] for index in ("S1", "ST"))
    np.testing.assert_allclose(first, alone / (total - 1.0), atol=0.02)
    np.testing.assert_allclose(whole, alone * total / (1.0 + alone) / (total - 1.0), atol=0.02)
    assert found.ranked("gain")["factor"].tolist()[:4] == KEYS[:4]


def test_morris_finds_the_slopes_of_a_plane_and_the_order_of_sobol_g(monkeypatch):
    slopes = np.array([3.0, -2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    pretend(monkeypatch, lambda x: x @ slopes)
    found = study_of(4, method="morris", samples=5)
    assert len(found.study) == 5 * 5
    np.testing.assert_allclose(values(found.indices, "mu_star")[0], np.abs(slopes[:4]), atol=1e-9)
    np.testing.assert_allclose(values(found.indices, "mu")[0], slopes[:4], atol=1e-9)
    for index in ("mu_star", "mu", "sigma"):
        np.testing.assert_allclose(values(found.indices, index)[1], 0.0, atol=1e-9)
    pretend(monkeypatch, sobol_g)
    ranked = study_of(8, method="morris", samples=60).ranked("gain")
    assert ranked["factor"].tolist()[:4] == KEYS[:4]
    assert (ranked["value"][:3] > ranked["confidence"][:3]).all()


def test_delta_comes_near_its_exact_value_and_is_small_without_the_factor(monkeypatch):
    # y = a + b of two standard normal numbers: f(y) is N(0, 2), f(y | a) is N(a, 1)
    pretend(monkeypatch, lambda x: norm.ppf(x[:, 0]) + norm.ppf(x[:, 1]))
    found = study_of(3, method="delta", samples=1024)
    grid, given = np.linspace(-8.0, 8.0, 2001), norm.ppf((np.arange(200.0)[:, None] + 0.5) / 200.0)
    distance = np.abs(norm.pdf(grid, scale=np.sqrt(2.0)) - norm.pdf(grid, loc=given))
    exact = np.trapezoid(distance, grid, axis=1).mean() / 2.0
    rows = found.indices[found.indices["index"] == "delta"].set_index("factor")["value"]
    assert rows[A] == pytest.approx(exact, abs=0.05)
    assert rows[B] == pytest.approx(exact, abs=0.05)
    assert rows[[C, DUMMY]].abs().max() < 0.06
    np.testing.assert_allclose(values(found.indices, "S1")[0], [0.5, 0.5, 0.0, 0.0], atol=0.07)


def test_intervals_narrow_as_samples_grow():
    few, many = (values(indices("sobol", x := sample("sobol", 3, n), ishigami(x), "abc"), "ST")[1] for n in (64, 1024))
    assert (many < 0.5 * few).all()
    few, many = (values(indices("morris", x := sample("morris", 3, n), ishigami(x), "abc"), "mu")[1] for n in (8, 128))
    assert (many < 0.5 * few).all()


def test_the_number_of_samples_that_is_asked_for_is_enough(monkeypatch):
    pretend(monkeypatch, ishigami)
    found = study_of(3, method="sobol", samples=64, tornado=False)
    counts = found.convergence.groupby("samples")["factor"].count()
    assert counts.to_dict() == {16: 3, 32: 3, 64: 3}
    asked = int(re.search(r"--samples (\d+)", "".join(found.sentences()))[1])
    assert asked.bit_count() == 1
    x = sample("sobol", 3, asked)
    value, width = values(indices("sobol", x, ishigami(x), ["a", "b", "c"]), "ST")
    assert 0.05 < width[0] / value[0] < 0.12


def test_groups_are_judged_as_one():
    groups = ["ac", "b", "ac"]
    x = sample("sobol", 3, 512, groups=groups)
    found = indices("sobol", x, ishigami(x), ["a", "b", "c"], groups=groups)
    assert len(x) == 512 * 4
    assert found["factor"].unique().tolist() == ["ac", "b"]
    np.testing.assert_allclose(values(found, "ST")[0], [0.5576, 0.4424], atol=0.03)
    x = sample("morris", 3, 10, groups=groups)
    assert len(x) == 10 * 3
    assert set(indices("morris", x, x[:, 1], ["a", "b", "c"], groups=groups)["factor"]) == {"ac", "b"}


@pytest.mark.parametrize("method", ["morris", "sobol", "delta"])
def test_an_outcome_that_never_changes_depends_on_nothing(method):
    x = sample(method, 3, 40)
    found = indices(method, x, np.full(len(x), 0.1), ["a", "b", "c"])
    assert (found[["value", "confidence"]] == 0.0).all(axis=None)


@pytest.mark.parametrize("method", ["morris", "sobol", "delta"])
def test_the_same_seed_gives_the_same_numbers_and_leaves_no_trace(method):
    before, filters = np.random.get_state()[1].copy(), list(warnings.filters)  # noqa: NPY002
    first, second, other = (sample(method, 3, 40, seed) for seed in (0, 0, 5))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    one, two = (indices(method, first, ishigami(first), ["a", "b", "c"], 0) for _ in range(2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert warnings.filters == filters


# --- failures -----------------------------------------------------------------------------------------------------


def test_a_failed_run_takes_its_block_with_it():
    x = sample("sobol", 3, 64)
    y = ishigami(x)
    y[12] = np.nan  # in the third block of five
    found = indices("sobol", x, y, ["a", "b", "c"])
    kept = np.delete(np.arange(len(x)), range(10, 15))
    assert (found["samples"] == 63).all()
    pd.testing.assert_frame_equal(found, indices("sobol", x[kept], y[kept], ["a", "b", "c"]), check_exact=True)


def test_a_study_says_how_many_runs_failed_and_what_is_left(monkeypatch):
    pretend(monkeypatch, ishigami, fails=lambda run: run in (1, 2, 9))
    found = study_of(3, method="morris", samples=8, tornado=False)
    assert (found.indices["samples"] == 6).all()
    assert found.sentences()[0] == "3 failed of 32 runs; the indices rest on 6 complete trajectories."


def test_too_few_complete_blocks_are_refused(monkeypatch):
    pretend(monkeypatch, ishigami, fails=lambda run: run % 8 == 0)
    with pytest.raises(
        InputError, match="3 trajectories of 6 are complete, the others have runs that failed: at least 4"
    ):
        study_of(3, method="morris", samples=6, tornado=False)
    with pytest.raises(InputError, match="2 trajectories are too few"):
        sample("morris", 3, 2)
    x = np.linspace(0.0, 1.0, 11)
    with pytest.raises(InputError, match=r"11 runs are too few: at least 32 are needed$"):
        indices("delta", x[:, None], x, ["a"])


# --- factors ------------------------------------------------------------------------------------------------------


def test_options_are_levels_of_equal_size(monkeypatch):
    def function(x, cases):
        return x[:, 0] + np.array([{"no_congestion": 4.0}.get(case["settings"]["economy"], 0.0) for case in cases])

    pretend(monkeypatch, function)
    spec = StudySpec(
        scenario="industry_transfer",
        overrides=list(TRANSFER),
        levers={"economy": ["standard", "no_land_cost", "no_congestion", "no_agglomeration"]},
    )
    found = sensitivity(
        spec, uncertain=KEYS[:1], method="sobol", samples=512, outcomes=["gain"], conclusions=["gain>2"]
    )
    counts = found.study.runs["economy"].value_counts()
    np.testing.assert_allclose(counts / len(found.study), 0.25, atol=0.01)
    variances = pd.Series({A: 1.0 / 12.0, "economy": 16.0 * 3.0 / 16.0})
    known = variances / variances.sum()
    shares = found.indices[found.indices["index"] == "ST"].set_index("factor")["value"]
    np.testing.assert_allclose(shares[known.index], known, atol=0.02)
    row = found.tornado.set_index("factor").loc["economy"]
    assert (row["low"], row["centre"], row["high"], row["high_at"]) == (0.5, 0.5, 4.5, "no_congestion")
    decided = found.conclusions.set_index("factor").loc["economy"]
    assert decided["turned_at"] == "no_congestion"
    assert {decided["share_low"], decided["share_high"]} == {0.0, 1.0}


def test_each_run_is_made_of_its_point(monkeypatch):
    spec = StudySpec(
        scenario="industry_transfer",
        overrides=list(TRANSFER),
        levers={
            "policies.industry_transfer.origin_share": {"low": 0.2, "high": 0.4},
            "policies": [["industry_transfer"], []],
        },
        uncertainties={A: None, "parameters.labour_force_growth": None},
        replications=2,
    )
    made = design(spec, Question("sobol", 8))
    table, points = made.plan.cases, made.points
    assert len(table) == 2 * len(points) == 2 * 8 * 6
    assert table["replicate"].tolist() == [0, 1] * len(points)
    runs = table.iloc[::2].reset_index(drop=True)
    by_name = dict(zip([factor.name for factor in made.plan.factors], points.T, strict=True))
    np.testing.assert_allclose(runs[A], 120.0 * by_name[A])
    np.testing.assert_allclose(
        runs["parameters.labour_force_growth@range"], by_name["parameters.labour_force_growth@range"]
    )
    absent = by_name["policies"] >= 0.5
    share = runs["policies.industry_transfer.origin_share"]
    assert share.isna().tolist() == absent.tolist()
    np.testing.assert_allclose(share[~absent], 0.2 + 0.2 * by_name["policies.industry_transfer.origin_share"][~absent])
    for run in (0, 2 * int(np.argmax(absent))):
        config = made.plan.config(run)
        assert ("industry_transfer" in config.policies) == (not absent[run // 2])
        assert config.parameters["time_offset"] == table[A].iloc[run]


def test_replications_are_averaged(monkeypatch):
    def function(x, cases):
        return x[:, 0] + np.array([1.0 if case["replicate"] else -1.0 for case in cases])

    pretend(monkeypatch, function)
    spec = StudySpec(scenario="industry_transfer", overrides=list(TRANSFER), replications=2)
    found = sensitivity(spec, uncertain=KEYS[:2], samples=4, outcomes=["gain"])
    assert len(found.study) == 2 * 4 * 3
    np.testing.assert_allclose(values(found.indices, "mu_star")[0], [1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found.tornado[["low", "centre", "high"]], [[0.0, 0.5, 1.0], [0.5, 0.5, 0.5]], atol=1e-9)


def test_a_factor_of_several_rows_is_one_factor():
    made = design(
        StudySpec(scenario="baseline", overrides=list(SMALL), uncertainties={"parameters.labour_force_growth": None}),
        Question("morris", 4),
    )
    assert len(made.plan.factors) == 1
    low, high = made.tornado.cases["parameters.labour_force_growth@range"][1:]
    assert (low, high) == (0.0, 1.0)
    assert len(made.tornado.values(made.tornado.row(2))) == len(made.plan.factors[0].rows) > 1
    assert made.tornado.values(made.tornado.row(0)) == {}


def test_a_large_factor_of_wide_interval_is_named_and_a_negligible_one_is_not(monkeypatch):
    pretend(monkeypatch, lambda x: x[:, 0] + 0.6 * x[:, 1] + 0.001 * x[:, 2])
    found = study_of(3, method="sobol", samples=64, tornado=False)
    assert re.search(r"moved most by time_offset \S+ ± \S+, [a-z_]+ \S+ ± \S+ \(ST\)", found.sentences()[0])
    wide = found.indices["confidence"].where(found.indices["factor"] != B, 1.0)
    told = replace(found, indices=found.indices.assign(confidence=wide)).sentences()[0]
    assert f"{B.partition('.')[2]} {values(found.indices, 'ST')[0][1]:.3g} ± 1 (may be chance) (ST)." in told
    assert C.partition(".")[2] not in told
    none = replace(found, indices=found.indices.assign(confidence=2.0)).sentences()[0]
    assert "no factor stands out from chance" in none


# --- conclusions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "samples"), [("morris", 40), ("sobol", 128), ("delta", 400)])
def test_the_factor_that_decides_a_conclusion_is_found(monkeypatch, method, samples):
    pretend(monkeypatch, lambda x: x[:, 0] - 0.6 + 0.02 * (x[:, 1] - 0.5))
    found = study_of(3, method=method, samples=samples, conclusions=["gain>0"])
    rows = found.conclusions.set_index("factor")
    first = rows.loc[A]
    assert first["centre"] == pytest.approx(-0.1)
    assert not first["holds"]
    assert first["share"] == pytest.approx(0.6 if method != "morris" else 0.5, abs=0.03)
    assert (first["share_low"], first["share_high"]) == (1.0, 0.0)
    assert (first["turned_at"], rows.loc[B, "turned_at"], rows.loc[C, "turned_at"]) == ("120", "", "")
    assert (first["low"], first["high"]) == (pytest.approx(-0.6), pytest.approx(0.4))
    assert deciding(found.conclusions)["factor"].tolist() == [A]
    sentence = found.sentences()[-1]
    assert "gain of the region is not > 0 (gain -0.1 %)" in sentence
    assert "Turned alone by time_offset at 120" in sentence
    assert "hangs on time_offset (100 % where it is low, 0 % where high)" in sentence


def test_what_chance_does_is_called_chance(monkeypatch):
    def function(x, cases):
        return np.array([np.random.default_rng(case["run"]).normal() for case in cases])

    pretend(monkeypatch, function)
    found = study_of(8, method="delta", samples=200, conclusions=["gain>0"])
    assert deciding(found.conclusions).empty
    assert "No factor stands out from chance" in found.sentences()[-1]


@pytest.mark.parametrize("text", ["gain", "gain>", "> 0", "no_such>0", "gain>0 and losers<3", "min(gain)>0"])
def test_what_is_no_statement_about_one_outcome_is_refused(text):
    with pytest.raises(InputError, match="cannot read|more than one comparison"):
        read_claim(text)


def test_rounding_is_no_gain():
    tiny = np.array([1e-12, 0.0, -1e-12])
    assert not read_claim("gain>0").holds(tiny).any()
    assert read_claim("gain >= 0").holds(tiny).all()
    assert read_claim("gain<=0.5").holds(np.array([0.5, 0.6])).tolist() == [True, False]


# --- the model itself ---------------------------------------------------------------------------------------------


def small(**options):
    spec = StudySpec(scenario="industry_transfer", overrides=list(TRANSFER))
    return sensitivity(spec, uncertain="relocation_hazard,profit_ownership", samples=4, **options)


def test_any_number_of_workers_finds_the_same_and_it_is_read_back(tmp_path):
    one = small(out=tmp_path / "one", places=["city"])
    two = small(out=tmp_path / "two", places=["city"], workers=2)
    again = Sensitivity.load(tmp_path / "two")
    for name in ("indices", "convergence", "tornado", "conclusions"):
        table = getattr(one, name)
        assert len(table)
        pd.testing.assert_frame_equal(table, getattr(two, name), check_exact=True)
        pd.testing.assert_frame_equal(table, getattr(again, name), check_exact=True)
    assert again.sentences() == one.sentences()
    assert set(one.indices["scope"]) == {"region", "city"}
    assert one.indices["year"].unique().tolist() == [2020, 2021]
    assert one.indices.loc[one.indices["scope"] == "city", "place"].nunique() == 3
    assert not one.indices[["value", "confidence"]].isna().any(axis=None)
    centre = sweep("industry_transfer", list(TRANSFER)).outcomes()["gain"].iloc[0]
    assert (
        one.tornado.query("outcome == 'gain' and year == 2021 and scope == 'region'")["centre"].tolist() == [centre] * 2
    )


def test_an_interrupted_study_is_finished_by_the_same_call(tmp_path):
    spec = StudySpec(scenario="industry_transfer", overrides=list(TRANSFER))
    whole = small(out=tmp_path / "whole")
    made = design(spec.model_copy(update={"uncertainties": whole.study.plan.spec.uncertainties}), Question(samples=4))

    def stop(standing):
        if standing.done > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_design(made, tmp_path / "broken", engine=Engine(), tell=stop)
    with pytest.raises(InputError, match="is not finished"):
        analyse(Study(tmp_path / "broken"))
    resumed = small(out=tmp_path / "broken", resume=True)
    pd.testing.assert_frame_equal(whole.indices, resumed.indices, check_exact=True)
    pd.testing.assert_frame_equal(whole.conclusions, resumed.conclusions, check_exact=True)


def test_any_finished_study_is_a_sample_for_delta(tmp_path):
    study = sweep(
        "industry_transfer", list(TRANSFER), uncertainties={"parameters.relocation_hazard": None},
        levers={"economy": ["standard", "no_congestion"]}, samples=32, out=tmp_path / "mine",
    )  # fmt: skip
    found = analyse(study, outcomes=["gain"], years=[2021])
    ranked = found.ranked("gain")
    assert set(ranked["factor"]) == {"parameters.relocation_hazard", "economy", DUMMY}
    assert (ranked["samples"] == 64).all()
    assert ranked["factor"].iloc[0] == "economy"  # its two options are 7 % of the gain apart, the hazard's ends 1 %
    assert "is moved most by economy" in found.sentences()[0]
    assert "relocation_hazard" not in found.sentences()[0]  # no more than chance in so few runs
    assert {"gain", "losers"} <= set(found.conclusions["outcome"])
    for options, message in (
        ({"method": "morris"}, "was not designed for morris"),
        ({"years": [2050]}, "no year 2050"),
        ({"places": ["city"]}, "did not keep 'city'"),
        ({"outcomes": ["no_such"]}, "did not keep 'no_such'"),
        ({"sample": 3}, "unknown option"),
    ):
        with pytest.raises(InputError, match=message):
            analyse(study, **options)


def test_delta_of_a_study_for_sobol_takes_its_independent_points(monkeypatch):
    pretend(monkeypatch, ishigami)
    found = study_of(3, method="sobol", samples=64)
    again = analyse(found.study, method="delta")
    assert (again.indices["samples"] == 128).all()
    back = analyse(found.study)
    pd.testing.assert_frame_equal(back.indices, found.indices, check_exact=True)


def test_the_order_of_the_runs_tells_nothing_of_an_option(tmp_path):
    # crossed lists stand in order: among equal values the rank must not follow the other factor
    a, b = (
        column.ravel() for column in np.meshgrid(np.repeat([0.0, 1.0], 40), np.linspace(0.0, 1.0, 80), indexing="ij")
    )
    settings = pd.DataFrame({"a": a, "b": b})
    study = synthetic_study(tmp_path / "grid", settings, {"gain": b**2}, levers=["a", "b"])
    found = analyse(study, tornado=False)
    delta = found.indices[found.indices["index"] == "delta"].set_index("factor")["value"]
    assert delta["a"] < 0.05 < 0.5 < delta["b"]
    assert found.conclusions.empty


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "fast"}, "unknown method 'fast'"),
        ({"years": [2050]}, "no year 2050"),
        ({"places": ["town"]}, "town|places"),
        ({"outcomes": ["gian"]}, "unknown indicator 'gian'"),
        ({"uncertain": "relocation_hazzard"}, "unknown parameter"),
        ({"groups": {"moving": ["no_such"]}}, "no factor 'no_such'"),
        ({"conclusions": ["gain"]}, "a comparison is missing"),
        ({"samples": 1}, "1 trajectories are too few"),
        ({"method": "delta", "groups": {"moving": ["relocation_hazard"]}}, "knows no groups"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(monkeypatch, options, message):
    monkeypatch.setattr(shard, "run_shard", None)
    spec = StudySpec(scenario="industry_transfer", overrides=list(TRANSFER))
    with pytest.raises(InputError, match=message):
        sensitivity(spec, **{"uncertain": "relocation_hazard,profit_ownership", **options})


def test_gains_need_a_reference():
    spec = StudySpec(scenario="baseline", overrides=list(SMALL))
    with pytest.raises(InputError, match="needs a scenario with a reference"):
        sensitivity(spec, uncertain="relocation_hazard", outcomes=["gain"])
    found = sensitivity(spec, uncertain="labour_force_growth", samples=4, conclusions=["theil_real_income<10"])
    assert set(found.indices["outcome"]) == {"real_income", "real_gdp", "theil_real_income"}
    assert found.conclusions["holds"].all()
    study = sweep("baseline", list(SMALL), uncertainties={"parameters.labour_force_growth": None}, samples=32)
    assert set(analyse(study, tornado=False).indices["outcome"]) == {"real_income", "real_gdp", "theil_real_income"}


def test_a_table_of_cases_is_no_design(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("horizon\n2021\n", encoding="utf-8")
    with pytest.raises(InputError, match="a table of cases is no sample"):
        sensitivity(StudySpec(scenario="baseline", overrides=list(SMALL[:1]), cases=str(path)))


def test_without_salib_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "SALib.sample.morris", None)
    with pytest.raises(InputError, match=r"pip install 'deltasim\[analysis\]'"):
        sample("morris", 3, 4)


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def sim(capfd, here):
    """The command, in an empty folder."""

    def call(*words):
        code = main([str(word) for word in words])
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


def test_the_command_says_what_matters_and_where_it_is(sim, here):
    words = ("sensitivity", "industry_transfer", *TRANSFER, "--uncertain", "relocation_hazard,profit_ownership")
    words = (*words, "--samples", 5, "--places", "city", "--out", "mine")
    done = sim(*words)
    assert done.code == 0
    assert "20 runs: 2 factors, 5 trajectories, 5 of them with one factor at a time" in done.err
    found = Sensitivity.load("mine")
    best = found.ranked("gain").iloc[0]
    assert "gain of the region in 2021" in done.out
    assert re.search(rf"^{best['factor'].partition('.')[2]} +{best['value']:.3g} ", done.out, re.MULTILINE)
    for sentence in found.sentences():
        assert sentence in done.out
    assert "results: mine" in done.out
    told = sim("sensitivity", "mine", "--json", "--years", "2020", "--outcomes", "gain")
    assert told.code == 0
    assert {row["year"] for row in told.json["indices"]} == {2020}
    assert {row["outcome"] for row in told.json["indices"]} == {"gain"}
    again = sim(*words)
    assert again.code == 2
    assert "already holds a study" in again.err
    assert sim(*words, "--resume", "--quiet") == (0, "", "")


def test_the_command_shows_a_change_that_is_small_beside_the_outcome(sim, monkeypatch):
    pretend(monkeypatch, lambda x: 1e6 + 0.25 * x[:, 0])
    keys = ",".join(list(RANGES)[:2])
    done = sim("sensitivity", "industry_transfer", *TRANSFER, "--uncertain", keys, "--outcomes", "gain")
    assert "gain of the region in 2030: 1e+06, and what each factor alone adds to that" in done.out
    rows = {line.split()[0]: line.split()[3:5] for line in done.out.splitlines() if line.strip()}
    centre = next(row["centre"] for row in Sensitivity.load(study_in(done.out)).tornado.to_dict("records"))
    low, high = (float(word) for word in rows[A.partition(".")[2]])
    assert (low, high) == (pytest.approx(1e6 - centre, abs=1e-3), pytest.approx(1e6 + 0.25 - centre, abs=1e-3))
    assert high - low == pytest.approx(0.25, abs=1e-3)
    assert rows[B.partition(".")[2]] == ["0", "0"]


def study_in(text):
    """The folder the command names."""
    return re.search(r"^results: (\S+)", text, re.MULTILINE)[1]


def test_the_command_takes_levels_groups_pairs_and_statements(sim):
    done = sim(
        "sensitivity", "industry_transfer", *TRANSFER, "economy=standard,no_congestion",
        "policies.industry_transfer.origin_share=interval(0.1,0.5)", "--uncertain", "profit_ownership",
        "--method", "sobol", "--samples", 8, "--second-order", "--group", "moving=profit_ownership,economy",
        "--conclusions", "gain>1,losers<=3", "--json", "--seed", 3,
    )  # fmt: skip
    assert done.code == 0
    assert done.json["runs"] == 8 * (2 * 2 + 2)
    share = "policies.industry_transfer.origin_share"
    assert {row["factor"] for row in done.json["indices"]} == {"moving", share}
    assert {row["index"] for row in done.json["indices"]} == {"S1", "ST", "S2"}
    assert {row["factor"] for row in done.json["tornado"]} == {"parameters.profit_ownership", "economy", share}
    assert [row["holds"] for row in done.json["conclusions"]] == [False] * 3 + [True] * 3
    study = Study(done.json["study"])
    assert study.folder.parent.name == "industry_transfer"
    assert study.plan.spec.seed == 3


def test_the_exit_code_tells_of_failed_runs(sim, monkeypatch):
    pretend(monkeypatch, ishigami, fails=lambda run: run == 1)
    keys = ",".join(list(RANGES)[:3])
    done = sim("sensitivity", "industry_transfer", *TRANSFER, "--uncertain", keys, "--outcomes", "gain", "--no-tornado")
    assert done.code == 4
    assert "1 failed of 40 runs; the indices rest on 9 complete trajectories." in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("industry_transfer", "--method", "fast"), "unknown method 'fast'"),
        (("industry_transfer", "--years", "soon"), "'soon' is no year"),
        (("industry_transfer", "--group", "moving"), "'moving' is no group"),
        (("industry_transfers",), "industry_transfer"),
        (("industry_transfer", "--samples", "0"), "not a whole number above 0"),
    ],
)
def test_bad_words_are_one_clear_line(sim, words, message):
    done = sim("sensitivity", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_a_finished_study_is_analysed_as_it_is(sim, here):
    words = ("industry_transfer", *TRANSFER, "--uncertain", "profit_ownership", "--samples", 40, "--out", "mine", "-q")
    assert sim("sweep", *words).code == 0
    assert "would need others" in sim("sensitivity", "mine", "--samples", 9).err
    assert "was not designed for sobol" in sim("sensitivity", "mine", "--method", "sobol").err
    done = sim("sensitivity", "mine", "--outcomes", "gain", "--no-tornado")
    assert done.code == 0
    assert "profit_ownership" in done.out
    assert (here / "mine" / "indices.parquet").is_file()


def test_every_method_ranks_by_one_of_its_indices():
    for method, name in MAIN.items():
        x = sample(method, 2, 64)
        assert name in set(indices(method, x, x[:, 0], ["a", "b"])["index"])
