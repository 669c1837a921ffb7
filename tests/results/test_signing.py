"""The signing survey of a scenario: the gains a run reports, no traces left, the same for a loaded run; judgements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.core.errors import InputError
from sim.experiments.ensemble.executors import Engine
from sim.experiments.run import Run, load, run
from sim.experiments.signing import judgement
from sim.experiments.signing.judgement import over_judgement
from sim.experiments.signing.survey import OVER_NOTHING, Survey, plain, signing_study, subject

SMALL = [
    "world=three_cities",
    'policies.industry_transfer.origins=["PRT"]',
    'policies.industry_transfer.destinations=["MIL","VAL"]',
    'policies.industry_transfer.sectors=["MAN"]',
    "horizon=2023",
]
AGREED = [*SMALL, "policies.industry_transfer.agreement={minimum: 2, horizon: 4}"]


@pytest.fixture(scope="module")
def imposed() -> Run:
    return run("industry_transfer", overrides=SMALL)


@pytest.fixture(scope="module", params=["passive", "imitation"])
def asked(request: pytest.FixtureRequest) -> Run:
    rule = f"governments.rule={request.param}"
    return run("industry_transfer", overrides=[*AGREED, "policies.industry_transfer.origin_share=0.25", rule])


def surveyed(run: Run, **options: int) -> Survey:
    found = signing_study(run, **options)
    assert found is not None
    return found


def test_gains_are_those_that_the_run_reports(asked: Run) -> None:
    found = surveyed(asked, shares=5)
    rows = asked.agreements.query("event == 'asked'").set_index("party").loc[list(found.parties)]
    assert found.year == rows["year"].unique() == 2020
    at = found.shares.tolist().index(0.25)
    known = found.computed[at]
    tolerance = {"abs": 1e-12} if known else {"abs": found.error + 1e-12}
    assert found.gain[:, at] == pytest.approx(rows["expected_gain"].to_numpy(), **tolerance)
    terms = rows[["growth_gain", "income_gain", "balance_gain", "compliance_gain"]].to_numpy()
    assert found.terms[:, at] == pytest.approx(terms, abs=10 * tolerance["abs"])
    assert found.signs.tolist() == (found.gain >= 0.0).tolist()


def test_interpolated_gains_are_the_computed_ones(imposed: Run) -> None:
    wide, narrow = surveyed(imposed, shares=21), surveyed(imposed, shares=2)
    assert wide.computed.sum() == 3
    for at, share in ((3, 0.15), (16, 0.8)):
        values = [
            f"policies.industry_transfer.origin_share={share}",
            "policies.industry_transfer.agreement={minimum: 2}",
        ]
        rows = run("industry_transfer", overrides=[*SMALL, *values]).agreements.query("event == 'asked'")
        exact = rows.set_index("party").loc[list(wide.parties), "expected_gain"].to_numpy()
        assert wide.gain[:, at] == pytest.approx(exact, abs=2 * wide.error + 1e-9)
    assert narrow.gain == pytest.approx(wide.gain[:, [0, -1]], abs=1e-12)


def test_what_is_shared_goes_from_hosts_to_the_origin(imposed: Run) -> None:
    found = surveyed(imposed, shares=3)
    assert found.origins == {"PRT"}
    assert found.tax[:, 0, 1] == pytest.approx(0.0, abs=1e-12)
    host = [party not in found.origins for party in found.parties]
    assert np.all(found.tax[host, 1:, 1] < 0.0)
    assert np.all(found.tax[~np.array(host), 1:, 1] > 0.0)
    assert found.tax[:, 2, 1] == pytest.approx(2 * found.tax[:, 1, 1], rel=1e-2)
    assert np.all(found.tax[~np.array(host), :, 0] < 0.0)


def test_of_two_parties_one_alone_has_no_agreement() -> None:
    two = run("industry_transfer", overrides=[*SMALL, "policies.industry_transfer.destinations=[VAL]"])
    found = surveyed(two, shares=3)
    assert np.array_equal(found.gain, found.expected[:, :, OVER_NOTHING])


def test_the_run_is_left_as_it_was(asked: Run) -> None:
    assert asked.model is not None
    before = asked.model.state.copy()
    policy = asked.model.policies["industry_transfer"]
    surveyed(asked, shares=3)
    assert asked.model.policies["industry_transfer"] is policy
    assert np.array_equal(before.membership, asked.model.state.membership)
    assert np.array_equal(before.capital, asked.model.state.capital)


def test_a_loaded_run_has_the_same_survey(tmp_path: Path) -> None:
    made = run("industry_transfer", overrides=AGREED, out=tmp_path / "run")
    one, other = surveyed(made, shares=3), surveyed(load(tmp_path / "run"), shares=3)
    assert np.array_equal(one.expected, other.expected)
    assert plain(one) == plain(other)


def test_a_policy_without_strength_is_signed_everywhere() -> None:
    still = run("industry_transfer", overrides=[*SMALL, "policies.industry_transfer.pace=0"])
    found = surveyed(still)
    assert np.all(found.expected == 0.0)
    assert found.verdict.together == (0.0, 1.0)
    assert found.verdict.low_bound == found.verdict.high_bound == ()


def test_rules_of_their_own_are_heard(imposed: Run) -> None:
    stubborn = run("industry_transfer", overrides=[*SMALL, "governments.rules.VAL=never_sign"])
    found = surveyed(stubborn, shares=3)
    assert "VAL" in found.verdict.never
    assert np.array_equal(found.gain, surveyed(imposed, shares=3).gain)


def test_nothing_to_study() -> None:
    baseline = run("baseline", overrides=["world=three_cities", "horizon=2020"])
    assert signing_study(baseline) is None
    years = ["policies.industry_transfer.start=2026", "policies.industry_transfer.end=2030"]
    late = run("industry_transfer", overrides=[*SMALL, *years])  # it would be asked in 2025
    assert signing_study(late) is None
    with pytest.raises(InputError, match="no share of the tax to vary"):
        subject(baseline.config, "industry_transfer")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    keys = ["relocation_hazard", "score_scale_balance", "provincial_border"]
    monkeypatch.setattr(judgement, "judgements", lambda parameters, read: [key for key in keys if key in read])
    return keys


def test_a_judgement_at_its_end_is_a_world_of_its_own(imposed: Run, few: list[str]) -> None:
    cases = over_judgement(imposed.config, "industry_transfer", shares=3)
    assert [(case.parameter, case.end) for case in cases] == [(key, end) for key in few for end in ("low", "high")]
    assert {case.error for case in cases} == {""}
    world = imposed.model.world if imposed.model else None
    assert world is not None
    for case in cases[2:4]:
        assert case.value == getattr(world.parameters.row("score_scale_balance"), case.end)
        alone = run("industry_transfer", overrides=[*SMALL, f"parameters.score_scale_balance={case.value}"])
        found = surveyed(alone, shares=3).verdict
        assert (case.together, case.never, case.nearest) == (found.together, found.never, found.nearest)


def test_any_number_of_workers_gives_the_same_cases(imposed: Run, few: list[str]) -> None:
    with Engine(workers=2).open() as executor:
        many = over_judgement(imposed.config, "industry_transfer", shares=3, executor=executor)
    assert many == over_judgement(imposed.config, "industry_transfer", shares=3)


def test_a_world_that_cannot_be_is_told(imposed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgement, "judgements", lambda parameters, read: ["relocation_hazard"])
    monkeypatch.setattr(judgement, "calibrate", lambda *arguments, **options: (_ for _ in ()).throw(InputError("no")))
    cases = over_judgement(imposed.config, "industry_transfer", shares=3)
    assert [case.error for case in cases] == ["no", "no"]
    assert [case.width for case in cases] == [0.0, 0.0]
