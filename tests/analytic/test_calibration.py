"""Calibration: the model run on its base year returns the data (MODEL.md section 4)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.calibration import calibrate
from sim.calibration import trade as balancing
from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.state import State
from sim.datasets.world import World
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.market.phase import Market
from tests.worlds import small_base

DATA = ("three_cities", "yangtze_delta")


@cache
def base_of(data: str) -> BaseYear:
    return small_base() if data == "three_cities" else calibrate(World.load(data))


def market_of(base: BaseYear, start: FloatArray | None = None) -> tuple[State, FloatArray]:
    """The base year solved by the market phase, and its trade ``[sector, origin, destination]``."""
    state = base.state.copy()
    if start is not None:
        state.price_memory[:] += start
    levers = Levers.neutral(base.admin_barrier, base.world.n_sectors)
    market = Market(base, tolerance=1e-10)
    market.update(state, levers)
    kappa = market.technology.kappa.transpose(0, 2, 1)
    return state, kappa * state.seller_weight.T[:, :, None] * state.buyer_weight.T[:, None, :]


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("disturbed", [False, True])
def test_base_year_returns_the_data(data: str, disturbed: bool) -> None:
    """Every city and sector to 1e-6, also when the search starts from other prices."""
    base = base_of(data)
    world, row = base.world, base.world.row
    start = np.random.default_rng(1).normal(0.0, 0.5, base.state.price_memory[0].shape) if disturbed else None
    state, trade = market_of(base, start)
    np.testing.assert_allclose(state.value_added[:row], world.value_added[:row], rtol=1e-6)
    np.testing.assert_allclose(state.output[:row], world.value_added[:row] / world.value_added_share, rtol=1e-6)
    np.testing.assert_allclose(trade.sum(axis=2).T, state.output, rtol=1e-9)
    np.testing.assert_allclose(trade.sum(axis=1).T, state.expenditure, rtol=1e-9)
    np.testing.assert_allclose(state.own_revenue[:row], world.own_revenue[:row], rtol=1e-6)
    np.testing.assert_allclose(np.exp(state.price_memory[0, 1].T), np.exp(base.log_price), rtol=1e-6)
    np.testing.assert_allclose(state.cpi, 1.0, rtol=1e-7)


@pytest.mark.parametrize("data", DATA)
def test_national_accounts_of_the_base_year(data: str) -> None:
    """Consumption, investment, government and the current account are the parameters' shares of the nation's GDP."""
    base = base_of(data)
    p, row = base.world.parameters, base.world.row
    state, _ = market_of(base)
    gdp = base.world.value_added[:row].sum()
    shares = {
        "consumption": state.consumption[:row].sum() / gdp,
        "government": state.government[:row].sum() / gdp,
        "current_account": 1.0 - state.final_expenditure[:row].sum() / gdp,
    }
    for name, share in shares.items():
        assert share == pytest.approx(p.value(f"{name}_share"), abs=1e-7), name
    expected = 1.0 - sum(shares.values())
    assert state.investment[:row].sum() / gdp == pytest.approx(expected, abs=1e-9)
    assert expected == pytest.approx(p.value("investment_share"), abs=2e-3)
    assert state.gdp[row] == pytest.approx(p.value("world_gdp") - gdp, rel=1e-9)
    assert (state.value_added[row] > 0.0).all()


@pytest.mark.parametrize("data", DATA)
def test_factor_incomes_add_up_to_value_added(data: str) -> None:
    base = base_of(data)
    row = base.world.row
    state, _ = market_of(base)
    total = state.wage_income + state.capital_income + state.production_tax
    np.testing.assert_allclose(total[:row], state.gdp[:row], rtol=1e-12)


# --- observed flows -----------------------------------------------------------------------------------------------


def with_flows(world: World, flows: FloatArray) -> World:
    """The same data set with observed trade ``[sector, origin, destination]``."""
    axes = [world.sector_ids, world.region_ids, world.region_ids]
    index = pd.MultiIndex.from_product(axes, names=["sector", "origin", "destination"])
    frame = pd.DataFrame({"value": flows.ravel()}, index=index).reset_index()
    frame = frame.assign(source="test", status="sourced")
    tables = {**world.tables, "flows": frame.set_index(frame.index + 2)}
    return World(world.name, world.folder, world.base_year, tables)


def balanced(flows: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """The flows scaled to these sums over destinations and origins, each ``[region, sector]``."""
    for _ in range(100_000):
        flows = flows * (rows.T / flows.sum(axis=2))[:, :, None]
        bought = flows.sum(axis=1)
        flows = flows * (columns.T / bought)[:, None, :]
        if np.abs(bought / columns.T - 1.0).max() < 1e-13:
            break
    return flows


def test_given_flows_are_reproduced() -> None:
    """Costs are inverted from flows.csv: any flows that fit value added and spending come back."""
    base = small_base()
    state, trade = market_of(base)
    noise = np.exp(np.random.default_rng(2).normal(0.0, 0.7, trade.shape))
    given = balanced(trade * noise, state.output, state.expenditure)
    assert np.abs(given / trade - 1.0).max() > 0.5
    inverted = calibrate(with_flows(base.world, given))
    again, found = market_of(inverted)
    np.testing.assert_allclose(found, given, rtol=1e-6)
    np.testing.assert_allclose(again.value_added, state.value_added, rtol=1e-6)


def test_flows_with_other_sums_keep_their_odds() -> None:
    """Flows in other units, or that do not fit the accounts, give the relative costs; the sums come from the data."""
    base = small_base()
    state, trade = market_of(base)
    noise = np.exp(np.random.default_rng(3).normal(0.0, 0.7, trade.shape))
    given = 7.0 * trade * noise
    _, found = market_of(calibrate(with_flows(base.world, given)))
    np.testing.assert_allclose(found, balanced(given, state.output, state.expenditure), rtol=1e-6)


def test_flows_without_trade_at_home_are_refused() -> None:
    base = small_base()
    _, trade = market_of(base)
    trade[1, 2, 2] = 0.0
    with pytest.raises(InputError, match="buys nothing at home"):
        calibrate(with_flows(base.world, trade))


def test_pairs_that_do_not_trade_stay_so() -> None:
    base = small_base()
    state, trade = market_of(base)
    given = trade.copy()
    given[0, 1, 2] = 0.0
    given = balanced(given, state.output, state.expenditure)
    _, found = market_of(calibrate(with_flows(base.world, given)))
    assert found[0, 1, 2] == 0.0
    np.testing.assert_allclose(found, given, rtol=1e-6)


def test_memory_disk_and_neither_give_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the disk cache nothing is written, and what is remembered is what would be found again."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SIM_CACHE_DIR", str(folder))
    monkeypatch.setattr(balancing, "_LAST", {})
    worlds = [small_base().world.with_parameters({"time_offset": 20.0 + k}) for k in range(6)]
    new = calibrate(worlds[0], keep=False)
    remembered = calibrate(worlds[0], keep=False)
    for world in worlds[1:]:
        calibrate(world, keep=False)
    assert len(balancing._LAST) == balancing.KEPT
    assert not folder.exists()
    stored, loaded = calibrate(worlds[0]), calibrate(worlds[0])
    assert len(list(folder.iterdir())) == 1
    sweeps = [base.notes["balancing_sweeps"] for base in (new, remembered, stored, loaded)]
    assert sweeps == [sweeps[0], 0.0, sweeps[0], 0.0]
    assert sweeps[0] > 0.0
    for name in ("log_price", "log_access", "wedge", "kappa"):
        for base in (remembered, stored, loaded):
            np.testing.assert_array_equal(getattr(base, name), getattr(new, name))
