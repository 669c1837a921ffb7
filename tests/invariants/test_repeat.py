"""Runs repeat bit for bit, restart bit for bit, and do not touch each other."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.state import SAVED, State
from sim.year import Simulation
from tests.worlds import POLICIES, small_model


def assert_same_record(a: Simulation, b: Simulation, first: int = 0) -> None:
    assert a.record.n_done - first == b.record.n_done
    for name in a.record.arrays:
        np.testing.assert_array_equal(a.record[name][first:], b.record[name], err_msg=name)
    np.testing.assert_array_equal(a.record["trade"][first:], b.record["trade"])
    for mine, other in zip(a.record.payments[first:], b.record.payments, strict=True):
        np.testing.assert_array_equal(mine, other)


def assert_same_state(a: State, b: State) -> None:
    assert a.year == b.year
    for name in SAVED:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


@pytest.mark.parametrize("shocks", [{}, {"shocks": {"enabled": True, "scale": 1.0}}])
def test_the_same_configuration_gives_the_same_bits(shocks):
    first, second = (small_model(POLICIES, **shocks) for _ in range(2))
    first.run()
    small_model({}).run()  # another run in between leaves no trace
    second.run()
    assert_same_record(first, second)
    assert_same_state(first.state, second.state)


def test_runs_side_by_side_do_not_touch_each_other():
    alone, one, other = small_model(POLICIES), small_model(POLICIES), small_model({})
    alone.run()
    for _ in one.years:
        one.step()
        other.step()
    assert_same_record(alone, one)


def test_another_seed_gives_other_shocks_and_the_same_one_with_a_policy_the_same_shocks():
    shocks = {"shocks": {"enabled": True, "scale": 1.0}}
    one, two, three = small_model(**shocks), small_model(seed=2, **shocks), small_model({}, **shocks)
    for simulation in (one, two, three):
        simulation.run()
    assert not np.array_equal(one.record["gdp"], two.record["gdp"])
    np.testing.assert_array_equal(one.record["gdp"], three.record["gdp"])


@pytest.mark.parametrize("policies", [{}, POLICIES])
def test_five_years_and_five_more_are_ten_bit_for_bit(tmp_path, policies):
    whole = small_model(policies, horizon=2028)
    whole.run()
    begun = small_model(policies, horizon=2028)
    for _ in range(5):
        begun.step()
    begun.state.save(tmp_path / "state.npz")
    resumed = small_model(policies, horizon=2028)
    resumed.levers.contracts = list(begun.levers.contracts)
    resumed.state = State.load(tmp_path / "state.npz")
    for _ in range(5):
        resumed.step()
    assert_same_state(whole.state, resumed.state)
    assert_same_record(whole, resumed, first=5)
