"""Every policy of the registry keeps its word: zero is the reference, twice is twice, the sign is as documented."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.policies import REGISTRY
from sim.year import Simulation
from tests.worlds import POLICIES, RECEIVERS, small_base, small_model, small_reference

SMALL = 0.01


@cache
def reference_of(name: str) -> Simulation:
    """What the policy is compared with: the same governments without it."""
    governments = REGISTRY[name].effect.governments
    if not governments:
        return small_reference()
    model = small_model(growth=small_reference().growth, governments=governments)
    model.run()
    return model


def run_with(name: str, **changes: object) -> Simulation:
    setting = REGISTRY[name].effect.governments
    model = small_model({name: POLICIES[name] | changes}, growth=small_reference().growth, governments=setting)
    model.run()
    return model


def levers_of(name: str, **changes: object) -> Levers:
    base = small_base()
    levers = Levers.neutral(base.admin_barrier, base.world.n_sectors, base.world.n_lines)
    policy = REGISTRY[name](**(POLICIES[name] | changes))
    policy.set_levers(levers, policy.start, base.world)
    return levers


def test_every_policy_is_tested():
    assert set(POLICIES) == set(REGISTRY)


@pytest.mark.parametrize("name", REGISTRY)
def test_zero_strength_is_the_reference_bit_for_bit(name: str):
    strength = REGISTRY[name].effect.strength
    model, reference = run_with(name, **{strength: 0.0}), reference_of(name)
    for field, values in reference.record.arrays.items():
        assert np.array_equal(model.record.arrays[field], values), field


@pytest.mark.parametrize("name", REGISTRY)
def test_double_strength_doubles_the_change_of_the_lever(name: str):
    effect = REGISTRY[name].effect
    neutral = getattr(levers_of(name, **{effect.strength: 0.0}), effect.lever)
    once = getattr(levers_of(name, **{effect.strength: SMALL}), effect.lever) - neutral
    twice = getattr(levers_of(name, **{effect.strength: 2 * SMALL}), effect.lever) - neutral
    assert np.abs(once).max() > 0
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("name", REGISTRY)
def test_effect_has_the_documented_sign(name: str):
    effect = REGISTRY[name].effect
    model, reference = run_with(name), reference_of(name)
    world = model.world
    places = {
        "region": range(world.n_cities),
        "origins": [world.index(place) for place in POLICIES[name].get("origins", [])],
        "destinations": [world.index(place) for place in POLICIES[name].get("destinations", [])],
        "cities": [world.index(place) for place in POLICIES[name].get("cities", [])],
        "receivers": [world.index(place) for place in RECEIVERS],
    }[effect.places]
    year = POLICIES[name]["start"] + 5 - world.base_year
    change = model.record[effect.indicator][year, places].sum() / reference.record[effect.indicator][year, places].sum()
    assert effect.sign * (change - 1.0) > 1e-6


@pytest.mark.parametrize("name", POLICIES)
def test_no_policy_ends_before_it_starts(name: str):
    with pytest.raises(InputError, match=rf"policies\.{name}: ends in 2019, before it starts in 2020"):
        small_model({name: POLICIES[name] | {"start": 2020, "end": 2019}})


def test_policies_do_not_leak_between_years_or_runs():
    ended = {"industry_transfer": POLICIES["industry_transfer"] | {"end": 2021}}
    model = small_model(ended, growth=small_reference().growth)
    model.run()
    moved = model.record["relocated_capital"].sum(axis=(1, 2, 3))
    usual = small_reference().record["relocated_capital"].sum(axis=(1, 2, 3))
    assert (moved[1:3] > 2 * usual[1:3]).all()
    np.testing.assert_allclose(moved[3:], usual[3:], rtol=0.2)
