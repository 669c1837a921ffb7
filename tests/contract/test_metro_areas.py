"""The policy metro_areas: whom it opens to whom, and what is wrong with its areas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.datasets.world import World
from sim.policies import MetroAreas
from tests.worlds import small_base


def policy(**changes: Any) -> MetroAreas:
    return MetroAreas(**{"start": 2020, "end": 2021, "integration": 1.0, "time_saved": 0.2, **changes})


def levers(chosen: MetroAreas, year: int = 2021) -> Levers:
    base = small_base()
    found = Levers.neutral(base.admin_barrier, base.world.n_sectors)
    chosen.set_levers(found, year, base.world)
    return found


def test_areas_of_the_data_set() -> None:
    """The coast is an area of two cities, the way between them is shorter; half is done in the first of two years."""
    assert policy().parties(small_base().world) == ["PRT", "MIL"]
    found, half = levers(policy()), levers(policy(), 2020)
    inside = np.zeros((5, 5), dtype=bool)
    inside[:2, :2] = True
    np.testing.assert_array_equal(found.mutual_access, inside)
    np.testing.assert_array_equal(found.portable, inside)
    assert found.passenger_time[0, 1] == found.passenger_time[1, 0] == 0.8
    assert (found.passenger_time[~inside | np.eye(5, dtype=bool)] == 1.0).all()
    assert half.mutual_access[0, 1] == 0.5
    assert half.passenger_time[0, 1] == 0.9
    named = levers(policy(areas=["coast"]))
    np.testing.assert_array_equal(named.mutual_access, found.mutual_access)


def test_areas_of_ones_own_may_overlap() -> None:
    found = levers(policy(areas={"one": ["PRT", "MIL"], "two": ["MIL", "VAL"]})).mutual_access
    assert found[0, 1] == found[1, 2] == found[2, 1] == 1.0
    assert found[0, 2] == found[2, 0] == 0.0


def test_cities_by_any_name() -> None:
    found = levers(policy(areas={"one": ["Port City", "谷城"]})).mutual_access
    assert found[0, 2] == found[2, 0] == 1.0


def test_who_does_not_take_part_stays_outside() -> None:
    found = levers(policy(areas={"one": ["PRT", "MIL", "VAL"]}, members=["PRT", "VAL"])).mutual_access
    assert found[0, 2] == 1.0
    assert not found[1].any()
    assert not found[:, 1].any()


def test_a_line_that_is_faster_stays_faster() -> None:
    base = small_base()
    found = Levers.neutral(base.admin_barrier, base.world.n_sectors)
    found.passenger_time[0, 1] = 0.5
    policy().set_levers(found, 2021, base.world)
    assert found.passenger_time[0, 1] == 0.5
    assert found.passenger_time[1, 0] == 0.8


def test_unknown_areas_and_cities_are_named() -> None:
    with pytest.raises(InputError, match="unknown region 'cost'.*a metropolitan area .coast_metro"):
        levers(policy(areas=["cost"]))
    with pytest.raises(InputError, match="policies.metro_areas.areas.*XYZ"):
        levers(policy(areas={"one": ["PRT", "XYZ"]}))


def test_the_six_areas_of_the_delta() -> None:
    areas = policy().members_of(World.load("yangtze_delta"))
    assert {area: len(codes) for area, codes in areas.items()} == {
        "shanghai": 1, "nanjing": 3, "suxichang": 3, "hangzhou": 4, "ningbo": 3, "hefei": 3,
    }  # fmt: skip
