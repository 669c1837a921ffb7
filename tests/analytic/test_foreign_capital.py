"""Capital from abroad: what the world invests, owns and is paid, against cases worked out by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.calibration import calibrate
from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.datasets import World, three_cities
from sim.experiments.tables import saving_flows
from sim.indicators.identities import identities
from sim.mechanisms.market import kernels
from sim.mechanisms.market.closure import YearlyClosure, blank_accounts
from sim.outlook import DirectEffects
from sim.policies import REGISTRY
from sim.year import Simulation
from tests.worlds import POLICIES, small_base, small_model, small_reference

PRT, MIL, VAL, ROC, ROW = range(5)
ZONE = {"cities": ["MIL"], "external_cut": 0.0, "productivity": 0.0, "tax_relief": 0.0, "foreign_investment": 0.05}


@cache
def one_off() -> Simulation:
    """The world invests 5 % of Milltown's GDP there in 2020, and nothing after."""
    policy = {"free_trade_zone": {"start": 2020, "end": 2020, **ZONE}}
    model = small_model(policy, growth=small_reference().growth)
    model.run()
    return model


def depreciation() -> float:
    return small_base().world.parameters.value("depreciation_rate")


def change(name: str) -> FloatArray:
    """Of a column against the reference ``[year, region]``; the first year is 2019."""
    return np.asarray(one_off().record[name] - small_reference().record[name])


# --- levers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "year", "place", "share"), [
    ("opening_hub", 2019, PRT, 0.0), ("opening_hub", 2020, PRT, 0.01), ("opening_hub", 2030, PRT, 0.03),
    ("free_trade_zone", 2019, MIL, 0.0), ("free_trade_zone", 2020, MIL, 0.02), ("free_trade_zone", 2031, MIL, 0.0),
])  # fmt: skip
def test_policies_let_the_world_invest_in_their_members(name: str, year: int, place: int, share: float) -> None:
    base = small_base()
    levers = Levers.neutral(base.admin_barrier, base.world.n_sectors)
    REGISTRY[name](**POLICIES[name]).set_levers(levers, year, base.world)
    expected = np.zeros(base.world.n_regions)
    expected[place] = share
    np.testing.assert_allclose(levers.foreign_investment, expected, atol=1e-16)


# --- one inflow ---------------------------------------------------------------------------------------------------


def test_the_inflow_is_its_share_of_gdp_and_buys_capital_on_top_of_domestic_saving() -> None:
    record = one_off().record
    inflow = record["foreign_investment"]
    assert inflow[1, MIL] == pytest.approx(0.05 * record["gdp"][1, MIL], rel=1e-12)
    assert np.count_nonzero(inflow) == 1
    bought = inflow[1, MIL] / record["investment_price"][1, MIL]
    assert record["foreign_capital"][2, MIL] == pytest.approx(bought, rel=1e-12)
    pool = (record["private_investment"] - inflow)[1].sum()
    phi = record["investment_share"][1, MIL].sum()
    assert record["private_investment"][1, MIL] == pytest.approx(phi * pool + inflow[1, MIL], rel=1e-12)
    # At home the inflow also moves prices and saving, by far less than itself.
    assert change("capital")[2, MIL].sum() == pytest.approx(bought, rel=0.05)
    assert np.abs(np.delete(change("capital")[2].sum(axis=1), MIL)).max() < 0.05 * bought


def test_what_is_bought_is_made_up_as_the_place_s_other_new_capital() -> None:
    """Volumes by sector are in the proportions of phi, whoever pays."""
    record = one_off().record
    phi = record["investment_share"][1, MIL]
    volume = record["investment_volume"][1, MIL]
    np.testing.assert_allclose(volume / volume.sum(), phi / phi.sum(), rtol=1e-12)


def test_the_stock_depreciates_and_moves_with_plants_but_stays_the_world_s() -> None:
    stock = one_off().record["foreign_capital"]
    total = stock.sum(axis=1)
    np.testing.assert_allclose(total[3:], (1.0 - depreciation()) * total[2:-1], rtol=1e-12)
    assert stock[2, [PRT, VAL]].max() == 0.0
    assert stock[4, [PRT, VAL]].min() > 0.0
    assert (stock[:, ROW] == 0.0).all()


def test_income_is_the_stock_times_what_capital_earns_where_it_stands() -> None:
    model = small_model(
        {"free_trade_zone": POLICIES["free_trade_zone"], "industry_transfer": POLICIES["industry_transfer"]}
    )
    base, taxes = model.base, model.base.taxes
    mobile = base.world.sector_is_mobile * base.world.parameters.value("profit_ownership")
    profit = np.maximum(taxes.capital_share - taxes.corporate_tax - taxes.depreciation_share, 0.0) * mobile
    for _ in range(5):
        owned, capital = model.state.capital_by_origin.copy(), model.state.capital[:ROW].copy()
        model.step()
    value_added = model.state.value_added[:ROW]
    gross = (taxes.capital_share - taxes.corporate_tax) * value_added / capital  # [place, sector]
    income = (gross * owned[:, ROW, :ROW].T).sum(axis=1)
    np.testing.assert_allclose(model.state.foreign_income[:ROW], income, rtol=1e-10)
    assert income[MIL] > 1.0
    assert model.state.profit_received[ROW] == pytest.approx(income.sum(), rel=1e-10)
    others = owned[:, :ROW, :ROW].sum(axis=1) - np.diagonal(owned[:, :ROW, :ROW], axis1=1, axis2=2)
    claims = (profit[:, None] * others * (value_added / capital).T).sum(axis=0)
    assert claims[VAL] > 1.0
    np.testing.assert_allclose(model.state.profit_paid[:ROW], claims + income, rtol=1e-10)


def test_a_capital_inflow_is_a_trade_deficit_and_its_income_a_surplus_later() -> None:
    record = one_off().record
    surplus = small_base().world.parameters.value("current_account_share")
    gdp, deficit = record["gdp"][:, :ROW].sum(axis=1), record["net_inflow"][:, :ROW].sum(axis=1)
    beyond = deficit + surplus * gdp
    assert beyond[1] == pytest.approx(record["foreign_investment"][1, MIL], rel=1e-6)
    np.testing.assert_allclose(beyond[2:], -record["foreign_income"][2:].sum(axis=1), rtol=1e-6)
    assert (record["foreign_income"][2:, MIL] > 0.0).all()
    np.testing.assert_allclose(record["net_inflow"][:, ROW], -deficit, rtol=1e-9)
    # Where it is invested: all of it is bought there, some of it with what the host earns by selling it.
    assert 0.5 < change("net_inflow")[1, MIL] / record["foreign_investment"][1, MIL] <= 1.0
    assert (change("net_inflow")[3:, MIL] < 0.0).all()  # in 2021 investment still follows the capital that came


def test_the_host_produces_more_and_earns_less_of_it() -> None:
    """MacDougall (1960): most of what is added belongs to the world; the rest is the country's, by taxes and prices."""
    gdp, gni, income = change("gdp"), change("gni"), one_off().record["foreign_income"]
    assert change("real_gdp")[2, MIL] > 0.0
    assert gni[2, MIL] < 0.2 * gdp[2, MIL]
    assert gdp[2, MIL] - gni[2, MIL] == pytest.approx(income[2, MIL], rel=0.1)
    real_income, added = change("real_income"), change("real_value_added")
    assert real_income[2, MIL] < 0.2 * added[2, MIL]
    assert gni[2, :ROW].sum() > 0.0
    assert real_income[2, :ROW].sum() > 0.0


@pytest.mark.parametrize(("elasticity", "loss"), [(80.0, (-0.2, 0.2)), (5.0, (0.7, 1.5))])
def test_what_others_price_the_host_keeps_and_what_it_prices_its_customers_share(
    elasticity: float, loss: tuple[float, float]
) -> None:
    """With a trade elasticity of 80 the host is a price taker: its income rises by what capital adds less its return.

    With 5 it sells more only at lower prices, and loses in its terms of trade about what it gains at given prices.
    Without effects of density, knowledge and public capital, which answer to capital whoever owns it.
    """
    small = three_cities()
    parameters = small.tables["parameters"].copy()
    chosen = parameters["key"] == "trade_elasticity"
    parameters.loc[chosen, ["value", "high"]] = elasticity, 100.0
    effects = parameters["key"].isin(
        ["agglomeration_elasticity", "own_sector_agglomeration", "congestion_elasticity", "knowledge_elasticity",
         "knowledge_spillover_elasticity", "public_capital_elasticity"]
    )  # fmt: skip
    parameters.loc[effects, ["value", "low"]] = 0.0
    tables = dict(small.tables) | {"parameters": parameters}
    base = calibrate(World.from_tables(name="price taker", base_year=small.base_year, **tables))
    reference = small_model(base=base, horizon=2021)
    reference.run()
    policy = {"free_trade_zone": {"start": 2020, "end": 2020, **ZONE}}
    model = small_model(policy, base=base, growth=reference.growth, horizon=2021)
    model.run()
    gained = {name: (model.record[name] - reference.record[name])[2, MIL] for name in ("real_gdp", "gni", "gdp")}
    at_given_prices = gained["real_gdp"] - model.record["foreign_income"][2, MIL]
    assert at_given_prices > 0.1 * gained["real_gdp"]
    assert loss[0] < 1.0 - gained["gni"] / at_given_prices < loss[1]


def test_a_city_that_the_world_leaves_alone_is_the_reference_bit_for_bit() -> None:
    nothing = small_model(
        {"free_trade_zone": {"start": 2020, "end": 2030, **ZONE, "foreign_investment": 0.0}},
        growth=small_reference().growth,
    )
    nothing.run()
    for name, values in small_reference().record.arrays.items():
        assert np.array_equal(nothing.record.arrays[name], values), name


# --- the gain of a small open place -------------------------------------------------------------------------------


def accounts_of(closure: kernels.Closure, value_added: FloatArray) -> Any:
    accounts = blank_accounts(value_added.shape[1], closure.p_transfer.size)
    kernels.final_demand(np.ascontiguousarray(value_added), closure, accounts)
    return accounts


@pytest.mark.parametrize("added", [0.001, 0.05, 0.5])
def test_residents_of_a_small_open_place_gain_the_tax_and_the_triangle(added: float) -> None:
    """At prices that the world sets, capital ``k K`` of the world adds ``V ((1+k)^a - 1)`` and takes its marginal
    product after tax, ``c V k (1+k)^(a-1)``, with c the after-tax capital income in value added. What is left is
    wages and taxes less what domestic capital loses: to first order the tax on the return, ``(a - c) V k``, and the
    triangle ``a (1-a) V k^2 / 2``.
    """
    base = small_base()
    taxes, before = base.taxes, base.state.value_added.T.copy()
    closure = YearlyClosure(base).set_year(base.state.copy())
    a = base.capital_share
    c = taxes.capital_share - taxes.corporate_tax
    after = before.copy()
    after[:, MIL] *= (1.0 + added) ** a
    share = np.zeros_like(before)
    share[:, MIL] = added / (1.0 + added)
    old = accounts_of(closure, before)
    new = accounts_of(closure._replace(foreign=1, foreign_share=share), after)

    v = before[:, MIL]
    income = (c * v * added * (1.0 + added) ** (a - 1.0)).sum()
    assert new.foreign_income[MIL] == pytest.approx(income, rel=1e-12)
    grown = (v * ((1.0 + added) ** a - 1.0)).sum()
    wages = new.net_wage[MIL] - old.net_wage[MIL]
    capital = new.net_capital[MIL] - new.foreign_income[MIL] - old.net_capital[MIL]
    tax = (taxes.local + taxes.central) @ (after - before)[:, MIL]
    assert wages > 0.0 > capital
    assert wages + capital + tax == pytest.approx(grown - income, rel=1e-9)
    spent = sum(
        (getattr(new, use) - getattr(old, use))[:ROW].sum() for use in ("consumption", "investment", "government")
    )
    assert spent == pytest.approx((1.0 - closure.current_account) * grown - income, rel=1e-9)
    first, triangle = ((a - c) * v * added).sum(), (a * (1.0 - a) * v).sum() * added**2 / 2.0
    second = ((a - c) * (a - 1.0) * v).sum() * added**2  # the return falls, and so does the tax on it
    assert grown - income == pytest.approx(first + triangle + second, abs=(a * v).sum() * added**3)
    assert 0.0 < grown - income < grown


# --- with everything else -----------------------------------------------------------------------------------------


def test_books_close_with_migration_sharing_and_governments() -> None:
    model = small_model(POLICIES, governments={"rule": "imitation"}, check_identities=True)
    model.run()
    assert model.record["foreign_income"][-1, [PRT, MIL]].min() > 1.0
    errors = identities(model.record, model.base)
    assert max(errors["balance_of_payments"], errors["positions"], errors["factor_income"]) < 1e-9


def test_saving_of_the_world_finances_what_it_invests() -> None:
    record = one_off().record
    cube = saving_flows(record["saving"], record["private_investment"], record["foreign_investment"])
    np.testing.assert_allclose(cube.sum(axis=1), record["private_investment"], rtol=1e-12)
    np.testing.assert_allclose(cube[:, ROW], record["foreign_investment"], rtol=1e-12)


def test_governments_that_look_at_today_s_prices_see_what_the_world_is_paid() -> None:
    """Naive expectations: with value added and capital as they are, profits are those of the accounts."""
    model = small_model({"free_trade_zone": POLICIES["free_trade_zone"]}, horizon=2024)
    for _ in range(4):
        model.step()
    before = model.state.copy()
    model.step()
    before.value_added[:] = model.state.value_added
    profits = DirectEffects(model.base)._net_profits(before)
    np.testing.assert_allclose(profits, model.state.profit_received - model.state.profit_paid, rtol=1e-8, atol=1e-9)
    assert profits[ROW] > 1.0


def test_the_pool_follows_what_the_country_owns() -> None:
    """``phi ~ phi_0 (K - K_world) / K_0 (r / wedge)^eta``, sum one, from the state after two years of inflow."""
    model = small_model({"free_trade_zone": {"start": 2020, "end": 2027, **ZONE}}, horizon=2024)
    for _ in range(3):
        model.step()
    state, base = model.state, model.base
    eta = model.world.parameters.value("investment_return_elasticity")
    relative = state.net_return / base.wedge
    attraction = np.maximum(relative / (relative[:ROW].sum() / np.count_nonzero(state.capital[:ROW])), 1e-3) ** eta
    owned = state.capital - state.capital_by_origin[:, ROW].T
    first = base.state.capital
    grown = np.divide(owned, first, out=np.zeros_like(owned), where=first > 0.0)
    expected = base.budgets.investment_share * grown * attraction
    np.testing.assert_allclose(state.investment_share, expected / expected.sum(), rtol=1e-6)
    assert state.capital_by_origin[:, ROW, MIL].sum() > 0.03 * state.capital[MIL].sum()


def test_no_subsidy_is_paid_on_what_the_world_invests() -> None:
    """A city that promises a tenth pays a tenth of what the country's savers invest there."""
    model = small_model({"free_trade_zone": {"start": 2020, "end": 2027, **ZONE}}, horizon=2024)
    for _ in range(3):
        model.step()
    state, invest = model.state, next(phase for phase in model.phases if phase.name == "invest")
    state.promised_subsidy[MIL] = 0.1
    invest.update(state, model.levers)
    domestic = state.private_investment[MIL] - state.foreign_investment[MIL]
    assert state.foreign_investment[MIL] > 0.0
    assert state.subsidy_due[MIL] == pytest.approx(0.1 * domestic, rel=1e-9)
