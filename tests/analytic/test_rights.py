"""Markets for rights by hand, against a search, and in the model; energy and power of the base year as given."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from sim.config import RunConfig
from sim.core.errors import InputError, ModelWarning
from sim.indicators.base import View
from sim.indicators.energy import clean_share, energy_intensity_change, trading_gain
from sim.indicators.identities import IDENTITIES, identities
from sim.mechanisms.environment import rights
from sim.year import Simulation
from tests.worlds import POLICIES, small_base, small_model, small_reference

CITIES = slice(0, 3)
AGENTS = st.lists(st.tuples(st.floats(1e-3, 1e4), st.floats(1.0, 1e4)), min_size=1, max_size=12)


def run_with(**policies: dict[str, Any]) -> Simulation:
    model = small_model(policies, growth=small_reference().growth, check_identities=True)
    model.run()
    return model


def trading(**changes: object) -> dict[str, Any]:
    return POLICIES["rights_trading"] | changes


def test_two_agents_by_hand():
    """Uses 100 and 100, slopes 100 and 300, 40 to go: a1/100 = 3 a2/100, so 30 and 10 at a price of 30.

    Cost 100 x 900 / 200 + 300 x 100 / 200 = 600; 20 each would cost 200 + 600 = 800.
    """
    use, slope = np.array([100.0, 100.0]), np.array([100.0, 300.0])
    price, share = rights.clear(use, slope, 40.0)
    abated = use * share
    assert price == pytest.approx(30.0)
    np.testing.assert_allclose(abated, [30.0, 10.0])
    assert rights.cost(use, slope, share).sum() == pytest.approx(600.0)
    assert rights.cost(use, slope, rights.uniform(use, 40.0)).sum() == pytest.approx(800.0)
    bought = use - abated - rights.allocated(160.0, np.array([1.0, 0, 0, 0]), np.ones((3, 2)), use)
    np.testing.assert_allclose(bought, [-10.0, 10.0])
    buyers, sellers, paid = rights.payments(bought, price)
    assert (buyers.tolist(), sellers.tolist()) == ([1], [0])
    np.testing.assert_allclose(paid, [[300.0]])


def test_who_has_abated_all_leaves_the_rest_to_others():
    """Uses 10 and 100, slopes 10 and 1000, 60 to go: the first abates all, the other 50 at half its slope."""
    price, share = rights.clear(np.array([100.0, 10.0]), np.array([1000.0, 10.0]), 60.0)
    assert price == pytest.approx(500.0)
    np.testing.assert_allclose(share, [0.5, 1.0])


def test_corners():
    use, slope = np.array([3.0, 0.0, 2.0]), np.array([5.0, 1.0, 7.0])
    price, share = rights.clear(use, slope, 0.0)
    assert price == 0.0
    assert not share.any()
    price, share = rights.clear(use, slope, 5.0)
    assert price == pytest.approx(7.0)
    np.testing.assert_allclose(share, 1.0)
    price, share = rights.clear(np.zeros(2), np.ones(2), 0.0)
    assert price == 0.0
    assert not share.any()
    assert rights.required(use, np.zeros(3), np.full(3, np.inf)) == (0.0, False)
    assert rights.required(use, np.zeros(3), np.full(3, 2.0)) == (0.0, True)
    assert rights.required(use, np.full(3, 0.5), np.full(3, 1.0)) == (2.5, False)


@settings(max_examples=200, deadline=None)
@given(AGENTS, st.floats(0.0, 1.0))
def test_price_is_marginal_cost_everywhere_and_trade_never_costs_more(agents: list[tuple[float, float]], part: float):
    use, slope = (np.array(column) for column in zip(*agents, strict=True))
    reduction = part * use.sum()
    price, share = rights.clear(use, slope, reduction)
    abated = use * share
    assert abated.sum() == pytest.approx(reduction, rel=1e-9, abs=1e-9)
    assert (abated >= 0.0).all()
    assert (abated <= use).all()
    marginal, inside = slope * share, share < 1.0
    np.testing.assert_allclose(marginal[inside], price, rtol=1e-9, atol=1e-12)
    assert (marginal[~inside] <= price * (1.0 + 1e-9)).all()
    least = rights.cost(use, slope, share).sum()
    assert least <= rights.cost(use, slope, rights.uniform(use, reduction)).sum() * (1.0 + 1e-9) + 1e-9


@settings(max_examples=50, deadline=None)
@given(AGENTS, st.floats(0.01, 0.99))
def test_twin_by_search(agents: list[tuple[float, float]], part: float):
    use, slope = (np.array(column) for column in zip(*agents, strict=True))
    reduction = part * use.sum()
    found = brentq(lambda p: (use * np.minimum(p / slope, 1.0)).sum() - reduction, 0.0, slope.max(), xtol=1e-12)
    assert rights.clear(use, slope, reduction)[0] == pytest.approx(found, rel=1e-7, abs=1e-7)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0.1, 1e3)] * 4), min_size=2, max_size=8), st.floats(1.0, 100.0))
def test_rights_sum_to_the_cap_and_payments_to_nothing(places: list[tuple[float, ...]], price: float):
    *sizes, after = np.array(places).T
    parts = np.array([0.4, 0.3, 0.2, 0.1])
    given_ = rights.allocated(after.sum(), parts, np.array(sizes), after)
    assert given_.sum() == pytest.approx(after.sum())
    bought = after - given_
    buyers, sellers, paid = rights.payments(bought, price)
    np.testing.assert_allclose(paid.sum(axis=1), price * bought[buyers], rtol=1e-8, atol=1e-7)
    np.testing.assert_allclose(paid.sum(axis=0), -price * bought[sellers], rtol=1e-8, atol=1e-7)
    own = rights.allocated(after.sum(), np.array([0.0, 0.0, 0.0, 1.0]), np.array(sizes), after)
    np.testing.assert_allclose(own, after)  # auctioned where they are used: nobody buys from elsewhere


# --- in the model -------------------------------------------------------------------------------------------------


def test_base_year_is_what_the_data_say():
    model, world = small_reference(), small_base().world
    used = model.record["energy"][0].sum(axis=1) + model.record["household_energy"][0]
    for key, values in {"energy_use": used, "power_use": model.record["power_use"][0]}.items():
        by_province = np.bincount(world.province_of, values, world.n_provinces + 2)
        np.testing.assert_allclose(by_province, world.parameters.by_province(key), rtol=1e-12)
    clean = world.parameters.value("clean_share")
    factor, grid = world.parameters.value("carbon_factor"), world.parameters.value("power_carbon")
    expected = used * (1.0 - clean) * factor - 10.0 * grid * model.record["power_import"][0]
    np.testing.assert_allclose(model.record["carbon"][0], expected, rtol=1e-12)


def test_power_goes_round_and_intensity_falls_from_its_published_value():
    model = small_reference()
    imports, made = model.record["power_import"], model.record["power_use"] - model.record["power_import"]
    np.testing.assert_allclose(imports.sum(axis=1), 0.0, atol=1e-9 * made.sum(axis=1).max())
    assert (made >= 0.0).all()
    view = View(model.record, model.base)
    change = energy_intensity_change(view, view.cities)
    assert change[0] == pytest.approx(94.4 - 100.0)
    assert (np.diff(change) < 0.0).all()
    clean = clean_share(view, view.cities)
    np.testing.assert_allclose(np.diff(clean), 0.88, rtol=1e-6)


def test_nobody_is_charged_without_a_cap():
    record = small_reference().record
    for flow in ("carbon_price", "energy_price", "carbon_bought", "abatement_cost", "uniform_cost", "auction_revenue"):
        assert not record[flow].any(), flow
    assert not small_reference().state.abatement_loss.any()


@pytest.mark.parametrize("right", ["carbon", "energy", "emission", "water"])
def test_a_market_cuts_what_it_says_at_one_price_and_books_close(right: str):
    model = run_with(rights_trading=trading(right=right, allocation={"grandfathering": 1.0}))
    record, before = model.record, small_reference().record
    assert max(identities(record, model.base).values()) < 1e-9
    price, bought = record[f"{right}_price"], record[f"{right}_bought"]
    assert (price[1:, CITIES] > 0.0).all()
    assert not price[:, 3:].any()
    assert not price[0].any()
    np.testing.assert_array_equal(price.max(axis=1), price[:, CITIES].min(axis=1))
    np.testing.assert_allclose(bought.sum(axis=1), 0.0, atol=1e-8 * np.abs(bought).max())
    assert (record["abatement_cost"].sum(axis=1) < record["uniform_cost"].sum(axis=1))[1:].all()
    if right == "energy":  # the first year: nothing else has changed yet, a third of the cut is due
        kept = record["energy"][1, CITIES].sum() / before["energy"][1, CITIES].sum()
        assert kept == pytest.approx(1.0 - 0.2 / 3.0, rel=1e-6)
    assert record["real_gdp"][2, CITIES].sum() < before["real_gdp"][2, CITIES].sum()


def test_sellers_are_paid_in_the_next_year_under_the_rule_rights():
    from sim.experiments.transfers import transfers

    model = run_with(rights_trading=trading(allocation={"per_head": 1.0}))
    table = transfers(model).to_pandas()
    rows = table[table["rule"] == "rights"]
    assert set(rows["contract"]) == {"rights_trading"}
    owed = 1e-4 * model.record["carbon_price"] * np.maximum(model.record["carbon_bought"], 0.0)
    for year in (2021, 2024):
        paid = rows.loc[rows["year"] == year, "amount"].sum()
        assert paid == pytest.approx(owed[year - 1 - 2019].sum(), rel=1e-9)
        assert paid > 0.0
    assert "contracts" in IDENTITIES


def test_markets_by_province_have_prices_of_their_own_and_cost_more():
    whole, split = (run_with(rights_trading=trading(scope=scope)) for scope in ("region", "province"))
    assert np.unique(split.record["carbon_price"][3, CITIES]).size == 2
    assert split.record["abatement_cost"][1].sum() > whole.record["abatement_cost"][1].sum()


def test_dual_control_is_what_trade_is_compared_with():
    """With the same cut for all cities, command and control costs what the market's report says it would."""
    market = run_with(rights_trading=trading(right="energy"))
    rule = run_with(dual_control=POLICIES["dual_control"] | {"cut": 0.2, "scope": "region"})
    np.testing.assert_allclose(rule.record["abatement_cost"][1], rule.record["uniform_cost"][1])
    np.testing.assert_allclose(market.record["uniform_cost"][1], rule.record["abatement_cost"][1], rtol=1e-6)
    assert not rule.record["energy_price"].any()
    view = View(market.record, market.base)
    assert (trading_gain(view, view.cities)[1:] > 0.0).all()


def test_an_auction_moves_no_money_between_places():
    record = run_with(rights_trading=trading(allocation={"auction": 1.0})).record
    np.testing.assert_allclose(record["carbon_bought"], 0.0, atol=1e-8)
    assert (record["auction_revenue"][1:, CITIES] > 0.0).all()
    assert not record["shared_revenue"].any() or np.abs(record["shared_revenue"]).max() < 1e-9


def test_a_cap_above_what_is_used_warns_and_changes_nothing():
    with pytest.warns(ModelWarning, match="the cap on carbon for 3 cities, Port.* above what they use") as told:
        model = run_with(rights_trading=trading(cut=0.0, cap=5.0))
    assert len([item for item in told if issubclass(item.category, ModelWarning)]) == 1  # not one a year
    for field in ("real_gdp", "carbon", "real_income"):
        np.testing.assert_allclose(model.record[field], small_reference().record[field], rtol=1e-10)
    assert not model.record["carbon_price"].any()


def test_a_cap_below_binds_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", ModelWarning)
        model = run_with(rights_trading=trading(cut=0.0, cap={2022: 0.9, 2024: 0.8}))
    price = model.record["carbon_price"][:, 0]
    assert not price[:3].any()
    assert (price[3:] > 0.0).all()
    assert price[5] > price[4]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"right": "noise"}, ("policies.rights_trading.right", "energy", "carbon", "emission", "water")),
        ({"allocation": {"lottery": 1.0}}, ("unknown allocation 'lottery'",)),
        ({"allocation": {"per_head": 0.5}}, ("sum to 0.5, not to 1",)),
        ({"cap": 0.0}, ("above 0",)),
        ({"cap": {"age": {0: 1.0}}}, ("calendar year",)),
        ({"cut": 0.95}, ("0.95 is above 0.9",)),
    ],
)
def test_bad_settings_are_one_clear_message(changes: dict[str, Any], words: tuple[str, ...]):
    with pytest.raises(InputError) as error:
        RunConfig.judge({"scenario": "test", "policies": {"rights_trading": trading(**changes)}})
    assert all(word in str(error.value) for word in words), error.value


def test_the_price_of_the_right_to_emit_is_the_marginal_cost_of_the_curves_of_the_air():
    """By hand, from what is left: m = g a, the same in every sector that is not at zero, and in every city."""
    model = run_with(rights_trading=trading(right="emission"))
    record, before = model.record, small_reference().record
    made = before["emission"][1, CITIES] > 0.0
    share = 1.0 - record["emission"][1, CITIES][made] / before["emission"][1, CITIES][made]
    slope = np.broadcast_to(model.world.parameters.by_sector("abatement_cost"), made.shape)[made]
    np.testing.assert_allclose(1e4 * slope * share, record["emission_price"][1, 0], rtol=1e-9)
    assert (record["pm25"][1, CITIES] < before["pm25"][1, CITIES]).all()


def test_rights_to_water_bind_sectors_and_leave_households_theirs():
    record, before = run_with(rights_trading=trading(right="water")).record, small_reference().record
    assert before["water_use"][0, CITIES].sum() == pytest.approx(7e6)  # what the provinces withdraw
    saved = before["water_use"][1, CITIES].sum() - record["water_use"][1, CITIES].sum()
    assert 0.0 < saved < 0.2 / 3.0 * before["water_use"][1, CITIES].sum()
    np.testing.assert_allclose(record["water_use"][1, 3], before["water_use"][1, 3], rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_emissions_are_cut_by_rights_or_by_standards():
    policies = {"rights_trading": trading(right="emission"), "blue_sky": POLICIES["blue_sky"]}
    with pytest.raises(InputError, match="emissions of PRT are cut by rights to emit and by another policy"):
        small_model(policies).run()


def test_a_right_is_capped_by_one_policy():
    policies = {"dual_control": POLICIES["dual_control"], "rights_trading": trading(right="energy")}
    with pytest.raises(InputError, match="energy of PRT is capped by another policy already"):
        small_model(policies).run()


@pytest.mark.parametrize(
    ("language", "word"), [("en", "a tonne of carbon dioxide costs"), ("zh", "每吨二氧化碳排放权价格为")]
)
def test_the_answer_begins_with_price_volume_and_gain(language: str, word: str):
    import sim
    from sim.report.answer import answer
    from sim.report.formats import money, number

    run = sim.run("rights_trading", overrides=["world=three_cities", "horizon=2022"])
    assert run.model is not None
    record = run.model.record
    first = answer(run, language)[0]
    volume = 0.01 * np.maximum(record["carbon_bought"][-1], 0.0).sum()
    least, same = (record[name][-1].sum() for name in ("abatement_cost", "uniform_cost"))
    assert word in first
    for told in (number(record["carbon_price"][-1].max()), number(volume), money(same - least, language)):
        assert told in first
