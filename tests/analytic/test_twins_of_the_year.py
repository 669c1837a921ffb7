"""The kernels of the phases after the market beside plain numpy twins, on a year in which plants move and pay."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.agents.assess import attribute
from sim.core.agreements import Contract
from sim.core.arrays import FloatArray
from sim.core.state import COHORT, PAYMENT
from sim.mechanisms import invest
from sim.mechanisms.people import reallocated_labour
from sim.mechanisms.sharing import contract_payments, owe
from sim.year import Simulation
from tests.worlds import POLICIES, small_model

CONTRACTS = (
    Contract(name="half", schedule=0.5, term=5),
    Contract(name="capped", schedule={"age": {0: 0.6, 2: 0.3}}, term=4, capped=True),
)


@cache
def busy() -> Simulation:
    """Some years into a run with all policies; do not change it."""
    simulation = small_model(POLICIES)
    for _ in range(4):
        simulation.step()
    return simulation


def random_ledger(rng: np.random.Generator, rows: int, n: int, n_sectors: int) -> FloatArray:
    ledger = np.empty((rows, len(COHORT)))
    for column, most in enumerate((n, n, n_sectors, len(CONTRACTS))):
        ledger[:, column] = rng.integers(0, most, rows)
    ledger[:, 4] = rng.integers(2019, 2025, rows)
    ledger[:, 5:] = rng.uniform(0.0, 5.0, (rows, 3))
    return ledger


def places(ledger: FloatArray) -> list[FloatArray]:
    return [ledger[:, column].astype(np.int64) for column in range(4)]


def twin_payments(
    ledger: FloatArray, tax: FloatArray, capital: FloatArray, year: int, part: FloatArray
) -> tuple[FloatArray, FloatArray]:
    origin, host, sector, kind = places(ledger)
    age = year - ledger[:, 4] - 1.0
    base = ledger[:, 5] / capital[host, sector] * tax[host, sector]
    rate = np.array([CONTRACTS[c].share(year=year, age=int(a)) for c, a in zip(kind, age, strict=True)])
    rate *= part[kind, host] * (part[kind, origin] > 0.0)
    left = np.where(kind == 1, np.maximum(ledger[:, 7] - ledger[:, 6], 0.0), np.inf)
    amount = np.minimum(rate * base, left)
    rows = np.column_stack([host, origin, sector, kind, age, base, rate, amount])
    return rows[amount > 0.0], ledger[:, 6] + amount


def test_payments() -> None:
    rng = np.random.default_rng(1)
    ledger = random_ledger(rng, 200, 6, 3)
    tax, capital = rng.uniform(1.0, 9.0, (2, 6, 3))
    part = rng.choice([0.0, 0.5, 1.0], (2, 6))
    expected, paid = twin_payments(ledger.copy(), tax, capital, 2025, part)
    rows = contract_payments(ledger, tax, capital, CONTRACTS, 2025, part)
    assert rows.shape[1] == len(PAYMENT)
    np.testing.assert_allclose(rows, expected, rtol=1e-14)
    np.testing.assert_allclose(ledger[:, 6], paid, rtol=1e-14)


@pytest.mark.parametrize("column", range(1, 4))
def test_a_cohort_that_is_nowhere_is_refused(column: int) -> None:
    rng = np.random.default_rng(1)
    ledger = random_ledger(rng, 3, 6, 3)
    ledger[1, column] = np.nan
    capital, moved = rng.uniform(1.0, 9.0, (6, 3)), np.zeros((3, 6, 6))
    with pytest.raises(IndexError, match="nowhere"):
        attribute(ledger, np.ones((2, 6)), np.ones((2, 6)), capital, capital, np.ones(6))
    with pytest.raises(IndexError, match="nowhere"):
        contract_payments(ledger, capital, capital, CONTRACTS, 2025)
    with pytest.raises(IndexError, match="nowhere"):
        invest.next_ledger(
            ledger, np.array([5.0, 4.0]), 2025, 0.05, capital, moved, moved, moved[0], capital, np.arange(3)
        )


def test_attribution_and_debts() -> None:
    rng = np.random.default_rng(5)
    ledger = random_ledger(rng, 100, 6, 3)
    origin, host, sector, kind = places(ledger)
    capital, value_added = rng.uniform(1.0, 9.0, (2, 6, 3))
    credit, gdp = rng.uniform(0.0, 0.5, (2, 6)), rng.uniform(50.0, 90.0, 6)
    sharing = rng.integers(0, 2, (2, 6)).astype(np.float64)
    added = ledger[:, 5] / capital[host, sector] * value_added[host, sector]
    amount = credit[kind, origin] * sharing[kind, host] * added
    change = np.bincount(origin, amount, 6) - np.bincount(host, amount, 6)
    attributed = gdp.copy()
    attribute(ledger, credit, sharing, capital, value_added, attributed)
    np.testing.assert_allclose(attributed, gdp + change, rtol=1e-12)
    payments, payable = contract_payments(ledger, value_added, capital, CONTRACTS, 2025), np.zeros((6, 6))
    owe(payments, payable)
    expected = np.zeros((6, 6))
    np.add.at(expected, tuple(payments[:, :2].astype(np.int64).T), payments[:, 7])
    np.testing.assert_allclose(payable, expected, rtol=1e-14)


def test_ledger() -> None:
    rng = np.random.default_rng(2)
    n, n_sectors, year, depreciation = 6, 4, 2024, 0.05
    mobile = np.array([1, 3])
    ledger = random_ledger(rng, 100, n, n_sectors)
    capital, tax = rng.uniform(10.0, 20.0, (2, n, n_sectors))
    moved, directed = np.zeros((2, n_sectors, n, n))
    moved[mobile] = rng.uniform(0.0, 0.5, (2, n, n))
    directed[mobile] = moved[mobile] * rng.integers(0, 2, (2, n, n))
    contract = rng.integers(-1, 2, (n, n)).astype(np.float64)
    terms = np.array([float(item.term) for item in CONTRACTS])
    found = invest.next_ledger(
        ledger.copy(), terms, year, depreciation, capital, moved, directed, contract, tax, mobile
    )

    _, host, sector, kind = places(ledger)
    standing = (1.0 - depreciation) * capital[host, sector]
    kept = ledger.copy()
    kept[:, 5] *= (1.0 - depreciation) * (1.0 - moved[sector, host].sum(axis=1) / standing)
    kept = kept[year - kept[:, 4] < terms[kind]]
    s, o, d = np.nonzero((directed > 0.0) & (contract >= 0.0))
    size = directed[s, o, d]
    none = np.zeros(size.size)
    new = np.column_stack([o, d, s, contract[o, d], none + year, size, none, tax[o, s] / capital[o, s] * size])
    np.testing.assert_allclose(found, np.concatenate([kept, new]), rtol=1e-14)


def test_returns() -> None:
    simulation = busy()
    state, base = simulation.state, simulation.base
    q = invest.InvestParams.read(base.world)
    row = base.world.row
    phase = invest.Invest(base)
    land_price, result = np.empty_like(state.land_price), np.empty_like(state.net_return)
    land = np.linspace(0.8, 1.2, row)
    fixed = phase._fixed._replace(land=land)
    relative, gross = invest.returns(
        state.value_added, state.capital, state.investment_price, fixed, land_price, result
    )
    crowding = np.ones(row + 1)
    stock, before = state.capital[:row].sum(axis=1), base.state.capital[:row].sum(axis=1)
    crowding[:row] = stock / before * (before.sum() / stock.sum()) / land
    expected = base.world.land_price * crowding**q.land_elasticity
    np.testing.assert_allclose(land_price, expected, rtol=1e-14)
    income = state.value_added * (base.taxes.capital_share - base.taxes.corporate_tax)
    cost = state.value_added * q.land_share * (expected / invest.mean_land_price(base.world))[:, None]
    value = state.investment_price[:, None] * state.capital
    net = np.divide(income - cost, value, out=np.zeros_like(value), where=value > 0.0)
    np.testing.assert_allclose(result, net, rtol=1e-13)
    own = net / base.wedge
    own /= own[:row].sum() / np.count_nonzero(state.capital[:row])
    np.testing.assert_allclose(relative, np.maximum(own, invest.RETURN_FLOOR), rtol=1e-13)
    assert gross == pytest.approx(income[:row].sum() / state.capital.sum(), rel=1e-14)


def test_capital() -> None:
    rng = np.random.default_rng(3)
    n, n_sectors, depreciation = 5, 3, 0.06
    mobile = np.array([0, 2])
    capital, volume = rng.uniform(1.0, 9.0, (2, n, n_sectors))
    by_origin = rng.uniform(0.0, 1.0, (n_sectors, n, n))
    moved = np.zeros((n_sectors, n, n))
    moved[mobile] = rng.uniform(0.0, 0.2, (2, n, n))
    expected = (1.0 - depreciation) * capital + volume + (moved.sum(axis=1) - moved.sum(axis=2)).T
    owned = (1.0 - depreciation) * by_origin + volume.T[:, :, None] * np.eye(n)
    invest.next_capital(capital, by_origin, volume, moved, mobile, depreciation)
    np.testing.assert_allclose(capital, expected, rtol=1e-14)
    np.testing.assert_allclose(by_origin, owned, rtol=1e-14)


def test_labour() -> None:
    rng = np.random.default_rng(4)
    labour, wages, wedge = rng.uniform(1.0, 9.0, (3, 6, 4))
    labour[2] = wages[2] = 0.0
    wedge[1, 3] = 0.0
    speed = rng.uniform(0.05, 0.3, (6, 4))
    pull = np.divide(wages, wedge, out=np.zeros_like(labour), where=wedge > 0.0) * speed
    total = pull.sum(axis=1, keepdims=True)
    share = np.divide(pull, total, out=np.zeros_like(pull), where=total > 0.0)
    expected = labour * (1.0 - speed) + share * (labour * speed).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(reallocated_labour(labour, wages, wedge, speed), expected, rtol=1e-13)
