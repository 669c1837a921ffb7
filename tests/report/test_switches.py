"""What the sign hangs on: cases are what they say, sums of the data stay, a policy without strength gains nothing."""

from __future__ import annotations

import numpy as np
import pytest

from sim.datasets.world import World
from sim.experiments.run import Run
from sim.experiments.switches import (
    AS_IT_IS,
    NATIONAL,
    SWITCHES,
    SwitchStudy,
    drawn_split,
    national_structure,
    switch_study,
    switched_off,
    with_split,
)
from sim.report.sections import Page, sign
from sim.report.view import REGION, View

STOCKS = ("value_added", "labour", "capital")


@pytest.fixture(scope="module")
def world() -> World:
    return World.load("yangtze_delta")


@pytest.fixture(scope="module")
def study(transfer: Run) -> SwitchStudy:
    return switch_study(transfer)


def test_everything_on_is_the_run_itself(transfer: Run, study: SwitchStudy) -> None:
    view = View(transfer)
    for measure in ("real_income", "real_gdp"):
        amount, pct = view.difference(measure, REGION)
        assert study.column(measure)[AS_IT_IS] == pytest.approx(amount, rel=1e-12)
        assert study.column(f"{measure}_pct")[AS_IT_IS] == pytest.approx(pct, rel=1e-9)


def test_every_case_is_there_and_differs(study: SwitchStudy) -> None:
    gains = study.column("real_income")
    assert list(gains) == [AS_IT_IS, *SWITCHES, NATIONAL]
    assert len({round(gain, 6) for gain in gains.values()}) == len(gains)
    assert study.band("real_income") is None


def test_a_policy_without_strength_gains_nothing_in_any_case(still: Run) -> None:
    study = switch_study(still, draws=1)
    assert np.all(study.cases.to_numpy() == 0.0)
    assert np.all(study.draws.to_numpy() == 0.0)


def test_a_switch_sets_its_parameters_to_zero_and_no_others(world: World) -> None:
    off = switched_off(world, ["land_cost_share", "congestion_elasticity"])
    assert np.all(off.parameters.by_sector("land_cost_share") == 0.0)
    assert off.parameters.value("congestion_elasticity") == 0.0
    others = ~world.parameters.frame["key"].isin(["land_cost_share", "congestion_elasticity"])
    assert off.parameters.frame[others].equals(world.parameters.frame[others])
    assert off.content_hash != world.content_hash


def test_the_split_of_the_data_gives_the_data(world: World) -> None:
    same = with_split(world, world.value_added[: world.n_cities], "the same")
    for name in STOCKS:
        np.testing.assert_allclose(getattr(same, name), getattr(world, name), rtol=1e-7)


@pytest.mark.parametrize("kind", ["national", "drawn"])
def test_sums_of_the_data_stay(world: World, kind: str) -> None:
    other = national_structure(world) if kind == "national" else drawn_split(world, 1, seed=1)
    n, row = world.n_cities, world.row
    for name in STOCKS:
        new, old = getattr(other, name), getattr(world, name)
        np.testing.assert_allclose(new[:n].sum(axis=1), old[:n].sum(axis=1), rtol=1e-9)
        assert np.all(new[:row] > 0.0)
    for name in ("value_added", "labour"):
        new, old = getattr(other, name), getattr(world, name)
        np.testing.assert_allclose(new[:row].sum(axis=0), old[:row].sum(axis=0), rtol=1e-9)
    for group in ("primary", "secondary", "tertiary"):
        own = np.array([sector == group for sector in world.sector_group])
        np.testing.assert_allclose(other.value_added[:n, own].sum(axis=1), world.value_added[:n, own].sum(axis=1))


def test_national_structure_has_no_tilt(world: World) -> None:
    flat = national_structure(world)
    tertiary = np.array([group == "tertiary" for group in world.sector_group])
    nation = world.value_added[: world.row][:, tertiary].sum(axis=0)
    city = flat.value_added[: world.n_cities, tertiary]
    share = np.broadcast_to(nation / nation.sum(), city.shape)
    np.testing.assert_allclose(city / city.sum(axis=1, keepdims=True), share, rtol=1e-9)


def test_draws_differ_and_repeat(world: World) -> None:
    one, again, other = (drawn_split(world, number, seed=1).value_added for number in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.allclose(one, other)
    regional = slice(0, world.n_cities)
    np.testing.assert_allclose(one[regional].sum(axis=0), other[regional].sum(axis=0), rtol=1e-9)


def test_the_report_says_whether_the_sign_turns(transfer: Run, study: SwitchStudy) -> None:
    assert "neither sign turns" in sign(Page(View(transfer), study))
    cases = study.cases.copy()
    cases.loc["congestion", "real_income"] *= -1
    turned = sign(Page(View(transfer), SwitchStudy(cases, study.draws)))
    assert "a sign turns with: without congestion" in turned


def test_the_report_shows_the_band_of_the_draws(small: Run) -> None:
    study = switch_study(small, draws=2)
    assert len(study.draws) == 2
    band = study.band("real_income")
    assert band is not None
    assert band[0] <= band[1]
    assert "Over 2 draws" in sign(Page(View(small), study))
