"""The rules that fill unpublished cells keep the totals they start from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.datasets import impute, travel_rules

BOUNDS = (0.2, 5.0)
positive = st.floats(0.1, 100.0)


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (6, 4), elements=positive), arrays(np.float64, 6, elements=positive))
def test_fit_margins_keeps_both_sums(seed: np.ndarray, rows: np.ndarray) -> None:
    columns = rows.sum() * impute.normalise(seed.sum(axis=0)[::-1])
    table = impute.fit_margins(seed, rows, columns)
    np.testing.assert_allclose(table.sum(axis=1), rows, rtol=1e-12)
    np.testing.assert_allclose(table.sum(axis=0), columns, atol=1e-11 * rows.sum())
    assert (table > 0).all()


def test_fit_margins_leaves_a_table_with_its_own_sums() -> None:
    seed = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(impute.fit_margins(seed, [3, 7], [4, 6]), seed, rtol=1e-12)


@pytest.mark.parametrize(
    ("seed", "rows", "columns", "message"),
    [
        ([[1.0, 1.0]], [3.0], [1.0, 1.0], "row sums add"),
        ([[0.0, 1.0]], [2.0], [1.0, 1.0], "zeros"),
    ],
)
def test_fit_margins_refuses_what_has_no_solution(
    seed: list[list[float]], rows: list[float], columns: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        impute.fit_margins(seed, rows, columns)


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, 5, elements=positive),
    arrays(np.float64, (2, 3), elements=st.floats(0.01, 30)),
    arrays(np.float64, (5, 3), elements=st.floats(0.01, 30)),
)
def test_sector_split_keeps_city_sums_and_the_province_structure(
    totals: np.ndarray, province: np.ndarray, city: np.ndarray
) -> None:
    national, province_of = np.array([0.5, 0.3, 0.2]), np.array([0, 0, 1, 1, 1])
    split = impute.sector_split(totals, national, province, city, province_of, BOUNDS)
    np.testing.assert_allclose(split.sum(axis=1), totals, rtol=1e-12)
    for p in (0, 1):
        structure = impute.normalise(split[province_of == p].sum(axis=0))
        np.testing.assert_allclose(structure, impute.normalise(national * np.clip(province[p], *BOUNDS)), rtol=1e-9)


def test_sector_split_without_tilt_is_the_national_structure() -> None:
    split = impute.sector_split([10.0, 20.0], [2.0, 3.0], np.ones((1, 2)), np.ones((2, 2)), np.zeros(2, int), BOUNDS)
    np.testing.assert_allclose(split, [[4, 6], [8, 12]])
    np.testing.assert_allclose(impute.effective_quotient(split, [2.0, 3.0]), 1)


def test_construction_and_industry_are_secondary() -> None:
    building, industry = impute.construction([100.0, 200.0], [0.02, 0.1], [30.0, 50.0])
    np.testing.assert_allclose(building, [2, 20])
    np.testing.assert_allclose(building + industry, [30, 50])
    with pytest.raises(ValueError, match="construction exceeds"):
        impute.construction([100.0], [0.4], [30.0])


def test_columns_are_renormalised_or_refused() -> None:
    exact = impute.renormalise_columns([[0.50001, 0.2], [0.5, 0.8]], 1e-4)
    np.testing.assert_allclose(exact.sum(axis=0), 1, rtol=1e-15)
    with pytest.raises(ValueError, match="column 1"):
        impute.renormalise_columns([[0.5, 0.3], [0.5, 0.8]], 1e-4)


def test_rest_of_country_must_be_positive() -> None:
    np.testing.assert_allclose(impute.rest_of_country([10.0, 5.0], [[1.0, 2.0], [3.0, 1.0]]), [6, 2])
    with pytest.raises(ValueError, match="exceed the nation in sector 1"):
        impute.rest_of_country([10.0, 5.0], [[1.0, 2.0], [3.0, 3.0]])


def test_employment_keeps_the_rate_and_the_city_totals() -> None:
    totals = impute.employment_totals([100.0, 300.0], [60.0, 50.0], 0.5)
    assert totals.sum() == pytest.approx(200)
    assert totals[0] / totals[1] == pytest.approx(100 * 60 / (300 * 50))
    split = impute.employment_split(totals, np.array([[1.0, 3.0], [2.0, 2.0]]), [2.0, 1.0])
    np.testing.assert_allclose(split.sum(axis=1), totals)
    assert split[0, 0] / split[0, 1] == pytest.approx(2 / 3)


def test_backcast_goes_back_from_the_last_year() -> None:
    volumes = impute.backcast([121.0], [[10.0], [10.0]])
    np.testing.assert_allclose(volumes[:, 0], [100, 110, 121])


def test_inventory_stays_on_its_steady_path() -> None:
    """Investment growing at g from the start gives K = I / (g + delta) in every year."""
    growth, depreciation = 0.06, 0.096
    investment = 40 * (1 + growth) ** np.arange(9)
    stock = impute.perpetual_inventory(investment[:, None], [growth], depreciation)
    assert stock[0] == pytest.approx(40 * (1 + growth) ** 9 / (growth + depreciation))


def test_investment_rates_are_cut() -> None:
    rates = impute.investment_rates([[10.0, 50.0, 120.0]], [[100.0, 100.0, 100.0]], 0.75, (0.35, 0.60))
    np.testing.assert_allclose(rates, [[0.35, 0.375, 0.60]])


def test_capital_has_the_pattern_of_the_provinces_and_the_overall_ratio() -> None:
    province_of = np.array([0, 1, 1])
    capital = impute.scale_capital([1.0, 2.0, 3.0], [10.0, 10.0, 20.0], province_of, [2.0, 3.0], 2.8)
    assert capital.sum() / 40 == pytest.approx(2.8)
    assert (capital[1:].sum() / 30) / (capital[0] / 10) == pytest.approx(1.5)
    assert capital[2] / capital[1] == pytest.approx(1.5)


def test_agriculture_has_capital_income() -> None:
    share = impute.capital_income_share([0.97, 0.5], [-0.05, 0.1], np.array([True, False]), 0.8)
    np.testing.assert_allclose(share, [0.2 * 1.05, 0.4])


def test_land_prices_follow_houses_at_the_anchor_level() -> None:
    price = impute.land_prices([10.0, 20.0, 40.0], np.array([0, 0, 0]), [600.0], np.array([True, True, False]))
    np.testing.assert_allclose(price, [400, 800, 1600])


# --- travel -------------------------------------------------------------------------------------------------------


def test_great_circle_of_a_degree_of_latitude() -> None:
    distance = travel_rules.great_circle([[120.0, 30.0]], [[120.0, 31.0], [121.0, 30.0]])
    np.testing.assert_allclose(distance, [[111.195, 96.297]], rtol=1e-4)


def test_water_is_crossed_at_the_bridge() -> None:
    """A wall along the meridian 1 with one bridge far to the north: the way is a detour through it."""
    places, bridge = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 3.0]])
    wall = [np.array([[1.0, -3.0], [1.0, 3.0]])]
    distance = travel_rules.road_distance(places, wall, bridge)
    way = travel_rules.great_circle(places, bridge)[:, 0]
    assert distance[0, 1] == pytest.approx(way[0] + way[1])
    assert distance[0, 2] == pytest.approx(travel_rules.great_circle(places[:1], places[2:])[0, 0])
    np.testing.assert_allclose(distance, distance.T)


def test_no_bridge_no_road() -> None:
    island = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    distance = travel_rules.road_distance([[0.0, 0.0], [5.0, 0.0]], [island], np.empty((0, 2)))
    assert np.isinf(distance[0, 1])


def test_roads_and_own_times() -> None:
    truck = travel_rules.Road(68.0, 60.0, 1.28)
    assert truck.minutes(68 / 1.28) == pytest.approx(120)
    own = travel_rules.own_minutes(np.pi * 50**2, 15.0, 0.67, travel_rules.Road(50.0, 0.0, 1.28))
    assert own == pytest.approx(15 + 60 * 0.67 * 1.28)


def test_an_unknown_railway_leaves_the_car() -> None:
    np.testing.assert_allclose(
        travel_rules.door_to_door([200.0, 100.0, 90.0], [45.0, 60.0, np.nan], 65.0), [110, 100, 90]
    )


def test_the_outside_is_appended_symmetrically() -> None:
    times = travel_rules.with_outside([[30.0]], [700.0], [1600.0], 720.0, 1500.0, 2100.0)
    np.testing.assert_allclose(times, [[30, 700, 1600], [700, 720, 2100], [1600, 2100, 1500]])
