"""A single market and openness: what levers by sector, toll gates, wedges and knowledge links do, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from sim.calibration import calibrate
from sim.compose import compose
from sim.config import RunConfig, world_of
from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.indicators.base import View
from sim.indicators.trade import intraregional_trade_share, price_dispersion
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.invest import shrunk_wedges
from sim.mechanisms.learn import spillover_weights
from sim.mechanisms.market.phase import Market
from sim.mechanisms.market.trade_cost import trade_kernel
from sim.policies import REGISTRY
from sim.policies.customs_union import saved
from sim.year import Simulation
from tests.worlds import POLICIES, small_base, small_model, small_reference

PRT, MIL, VAL, ROC, ROW = range(5)
AGR, MAN, SRV = range(3)


def neutral(base: BaseYear | None = None) -> Levers:
    base = base or small_base()
    return Levers.neutral(base.admin_barrier, base.world.n_sectors)


def levers_of(name: str, year: int = 2030, **changes: object) -> Levers:
    levers = neutral()
    REGISTRY[name](**(POLICIES[name] | changes)).set_levers(levers, year, small_base().world)
    return levers


def log_kernel_change(levers: Levers) -> FloatArray:
    """Log change of ``tau^-theta [sector, destination, origin]`` against no policy."""
    market = Market(small_base())
    before = market.trade_weights(small_base().state, neutral()).copy()
    return np.log(market.trade_weights(small_base().state, levers) / before)


# --- levers -------------------------------------------------------------------------------------------------------


def test_a_cost_cut_by_sector_moves_trade_by_theta_times_the_log_cut() -> None:
    """At given prices, trade shares relative to a seller without cut: ``d ln (pi_i / pi_h) = -theta ln cut``."""
    base = small_base()
    levers = neutral()
    levers.on_sector_cost()[MAN, PRT, VAL] *= 0.97
    change = log_kernel_change(levers)
    expected = np.zeros_like(change)
    expected[MAN, VAL, PRT] = -base.elasticity[MAN] * np.log(0.97)
    np.testing.assert_allclose(change, expected, atol=1e-12)

    share = {}
    for name, kappa in (("before", base.kappa), ("after", base.kappa * np.exp(change))):
        offered = kappa * small_reference().record["seller_weight"][0].T[:, None, :]
        share[name] = offered / offered.sum(axis=2, keepdims=True)
    ratio = {name: pi[MAN, VAL, PRT] / pi[MAN, VAL, MIL] for name, pi in share.items()}
    assert np.log(ratio["after"] / ratio["before"]) == pytest.approx(-base.elasticity[MAN] * np.log(0.97))


def test_levers_by_sector_that_are_one_are_no_levers_bit_for_bit() -> None:
    base = small_base()
    ones = np.ones((base.world.n_sectors, *base.admin_barrier.shape))
    external = np.ones_like(base.admin_barrier)
    usual = trade_kernel(base.log_trade, base.elasticity, base.border, base.admin_barrier, external)
    assert np.array_equal(
        trade_kernel(base.log_trade, base.elasticity, base.border, base.admin_barrier, external, ones, ones), usual
    )
    assert np.array_equal(usual, base.kappa)


def test_kernel_by_sector_is_its_plain_formula() -> None:
    base, rng = small_base(), np.random.default_rng(1)
    shape = (base.world.n_sectors, *base.admin_barrier.shape)
    barrier, cost = rng.uniform(0.0, 1.0, shape), rng.uniform(0.5, 1.5, shape)
    external = rng.uniform(0.5, 1.5, shape[1:])
    found = trade_kernel(base.log_trade, base.elasticity, base.border, base.admin_barrier, external, barrier, cost)
    for s, o, d in np.ndindex(shape):
        theta = base.elasticity[s]
        wall = 1.0 + base.admin_barrier[o, d] * barrier[s, o, d] * (np.exp(base.border[s] / theta) - 1.0)
        expected = np.exp(base.log_trade[s, d, o]) * (wall * external[o, d] * cost[s, o, d]) ** -theta
        assert found[s, d, o] == pytest.approx(expected, rel=1e-12)


def test_levers_by_sector_are_gone_when_a_year_begins_anew() -> None:
    levers = neutral()
    levers.on_sector_cost()[:] = 0.5
    levers.on_sector_barrier()[:] = 0.5
    levers.reset(neutral())
    assert levers.sector_cost.shape[0] == levers.sector_barrier.shape[0] == 0
    assert (levers.on_sector_cost() == 1.0).all()


# --- policies that change the cost of trade -----------------------------------------------------------------------


def test_one_sector_opens_as_it_would_if_all_did() -> None:
    everything = log_kernel_change(levers_of("market_integration"))
    services = log_kernel_change(levers_of("market_integration", sectors=["SRV"]))
    np.testing.assert_allclose(services[SRV], everything[SRV], atol=1e-14)
    assert not services[[AGR, MAN]].any()
    assert everything[[AGR, MAN]].max() > 0.1


def test_standards_are_recognised_between_provinces_only() -> None:
    cost = levers_of("standards_recognition").sector_cost
    assert cost[MAN, PRT, VAL] == cost[MAN, VAL, MIL] == pytest.approx(0.97)
    assert cost[AGR, PRT, VAL] == pytest.approx(0.95)
    assert (cost[SRV] == 1.0).all()
    assert (cost[:, PRT, MIL] == 1.0).all()
    assert (cost[:, ROC:] == 1.0).all()
    assert (cost[:, :, ROC:] == 1.0).all()


def test_toll_gates_stand_between_provinces_only() -> None:
    time = small_base().world.travel_time_freight
    lever = levers_of("toll_gates", minutes=10.0).freight_time
    assert lever[PRT, MIL] == lever[MIL, PRT] == 1.0
    assert (lever[ROC:] == 1.0).all()
    assert (lever[:, ROC:] == 1.0).all()
    for one, other in ((PRT, VAL), (VAL, MIL)):
        assert lever[one, other] * time[one, other] == pytest.approx(time[one, other] - 10.0)
    twice = levers_of("toll_gates", minutes=10.0, crossings={"IN-CO": 2}).freight_time
    assert twice[PRT, VAL] * time[PRT, VAL] == pytest.approx(time[PRT, VAL] - 20.0)


@pytest.mark.parametrize("pair", ["CO", "CO-XX", "CO-CO", "CO-IN-CO"])
def test_a_pair_that_is_none_of_provinces_is_refused(pair: str) -> None:
    with pytest.raises(InputError, match="is not a pair of provinces"):
        levers_of("toll_gates", crossings={pair: 2})


def test_customs_save_their_share_of_what_the_border_costs_in_goods_and_abroad() -> None:
    cost = levers_of("customs_union").sector_cost
    border = 30 / 24 * 0.013 + 0.01
    assert cost[MAN, VAL, ROW] == pytest.approx(1.0 - 0.3 * border / (1.0 + border))
    assert cost[MAN, ROW, VAL] == pytest.approx(1.0 - 0.3 * saved(49, 0.01, 0.013))
    assert (cost[SRV] == 1.0).all()
    assert (cost[:, :ROW, :ROW] == 1.0).all()
    assert saved(0.0, 0.0, 0.013) == 0.0


def test_a_hub_opens_for_its_cities_and_sectors() -> None:
    cost = levers_of("opening_hub", import_cut=0.2).sector_cost
    assert cost[SRV, PRT, ROW] == pytest.approx(0.9)
    assert cost[SRV, ROW, PRT] == pytest.approx(0.8)
    cost[SRV, PRT, ROW] = cost[SRV, ROW, PRT] = 1.0
    assert (cost == 1.0).all()


def test_policies_of_the_same_lever_add_up_as_factors() -> None:
    levers = levers_of("customs_union", sectors=["SRV"])
    alone = levers.sector_cost[SRV, PRT, ROW]
    REGISTRY["opening_hub"](**POLICIES["opening_hub"]).set_levers(levers, 2030, small_base().world)
    assert levers.sector_cost[SRV, PRT, ROW] == pytest.approx(alone * 0.9)


@pytest.mark.parametrize("name", ["standards_recognition", "customs_union", "opening_hub", "technology_market"])
def test_a_policy_comes_in_equal_steps_and_stays(name: str) -> None:
    lever = REGISTRY[name].effect.lever
    before, *path = (getattr(levers_of(name, year), lever) for year in (2019, 2020, 2021, 2022, 2030))
    whole = path[-1] - before
    for share, value in zip((1 / 3, 2 / 3, 1.0, 1.0), path, strict=True):
        np.testing.assert_allclose(value - before, share * whole, atol=1e-15)


@pytest.mark.parametrize("name", ["standards_recognition", "toll_gates", "capital_market", "technology_market"])
def test_who_is_no_member_is_left_alone(name: str) -> None:
    lever = REGISTRY[name].effect.lever
    untouched = getattr(levers_of(name, 2019), lever)
    assert np.array_equal(getattr(levers_of(name, members=["MIL"]), lever)[..., VAL], untouched[..., VAL])
    assert np.array_equal(getattr(levers_of(name, members=[]), lever), untouched)


@pytest.mark.parametrize(
    ("name", "changes", "key"),
    [
        ("standards_recognition", {"cuts": {"XXX": 0.01}}, "policies.standards_recognition.cuts"),
        ("opening_hub", {"cities": ["ROC"]}, "policies.opening_hub.cities"),
        ("customs_union", {"sectors": ["XXX"]}, "policies.customs_union.sectors"),
        ("market_integration", {"sectors": ["XXX"]}, "policies.market_integration.sectors"),
    ],
)
def test_unknown_places_and_sectors_are_named(name: str, changes: dict[str, object], key: str) -> None:
    with pytest.raises(InputError) as error:
        levers_of(name, **changes)
    assert error.value.key == key


# --- capital and knowledge ----------------------------------------------------------------------------------------


def test_with_wedges_at_one_a_capital_market_does_nothing() -> None:
    relative = np.random.default_rng(1).uniform(0.5, 2.0, (4, 3))
    weight = np.random.default_rng(2).uniform(0.5, 2.0, (4, 3))
    share = np.array([0.7, 0.7, 0.0, 0.0])
    assert np.array_equal(shrunk_wedges(relative, np.zeros((4, 3)), weight, share), relative)
    same_in_all = np.tile(np.log([0.5, 1.0, 3.0]), (4, 1))
    np.testing.assert_allclose(shrunk_wedges(relative, same_in_all, weight, share), relative, rtol=1e-14)


def test_a_full_capital_market_leaves_members_with_one_wedge_in_a_sector() -> None:
    rng = np.random.default_rng(3)
    wedge, weight, returns = (rng.uniform(0.5, 2.0, (5, 2)) for _ in range(3))
    share = np.array([1.0, 1.0, 1.0, 0.0, 0.0])
    found = shrunk_wedges(returns / wedge, np.log(wedge), weight, share)
    common = returns[:3] / found[:3]
    np.testing.assert_allclose(common, np.tile(common[0], (3, 1)), rtol=1e-12)
    np.testing.assert_allclose(common[0], np.exp((weight * np.log(wedge))[:3].sum(0) / weight[:3].sum(0)), rtol=1e-12)
    assert np.array_equal(found[3:], (returns / wedge)[3:])


def test_a_capital_market_moves_investment_between_members_only_to_first_order() -> None:
    base = small_base()
    share = np.where(np.arange(5) < ROC, 1e-4, 0.0)
    phi = base.budgets.investment_share
    pulled = phi * shrunk_wedges(np.ones_like(phi), np.log(base.wedge), phi, share)
    assert abs(pulled - phi)[:ROC].max() > 1e-8
    np.testing.assert_allclose(pulled[:ROC].sum(axis=0), phi[:ROC].sum(axis=0), rtol=1e-9)


def gain(parameters: dict[str, float], policies: dict[str, object]) -> float:
    """Change of the country's real GDP in 2027, log points."""
    config = RunConfig.judge({"horizon": 2027, "world": {"dataset": "three_cities"}, "parameters": parameters})
    base = calibrate(world_of(config))
    reference = Simulation(config, base=base)
    reference.run()
    model = Simulation(config.with_values({"policies": policies}), base=base, growth=reference.growth)
    model.run()
    end = [run.record["real_gdp"][-1, : base.world.row].sum() for run in (model, reference)]
    return float(np.log(end[0] / end[1]))


def test_capital_that_goes_where_it_produces_most_raises_output_and_land_rents_can_turn_that() -> None:
    """Where land is no cost, the measured return is what capital adds to output; with it, what firms are left with."""
    market = {"capital_market": POLICIES["capital_market"]}
    assert gain({"land_cost_share": 0.0}, market) > 1e-5
    assert gain({}, market) < 0.0


def test_links_raise_the_weights_of_members() -> None:
    """In the first year, deviations change by the diffusion rate times weight times link times the gap."""
    base = small_base()
    model = small_model({"technology_market": {"start": 2020, "end": 2020, "link": 2.0}})
    other = small_model()
    gap = np.array([0.0, 0.1, 0.3])
    for simulation in (model, other):
        simulation.step()
        simulation.state.deviation[:3] = gap[:, None]
        simulation.step()
    rate = base.world.parameters.value("diffusion_rate")
    weights = spillover_weights(base.world)
    pull = (weights * np.maximum(gap[None, :] - gap[:, None], 0.0)).sum(axis=1)
    change = model.state.deviation[:3] - other.state.deviation[:3]
    np.testing.assert_allclose(change, np.repeat(2.0 * rate * pull[:, None], 3, axis=1), atol=1e-14)
    assert pull[PRT] > 0.0 == pull[VAL]


# --- the scenario -------------------------------------------------------------------------------------------------


def test_prices_come_closer_and_cities_trade_more_with_each_other_in_a_single_market() -> None:
    names = ("market_integration", "standards_recognition", "toll_gates")
    model = small_model({name: POLICIES[name] for name in names}, growth=small_reference().growth)
    model.run()

    new, old = (View(run.record, run.base) for run in (model, small_reference()))
    assert price_dispersion(new, new.cities)[-1] < price_dispersion(old, old.cities)[-1]
    assert intraregional_trade_share(new, new.cities)[-1] > intraregional_trade_share(old, old.cities)[-1] + 1.0


def test_the_shipped_scenario_takes_away_less_than_the_whole_border() -> None:
    """Half of the barrier, standards and toll gates together are parts of what a border costs."""
    config = compose("single_market")
    base = calibrate(world_of(config))
    levers, without = neutral(base), neutral(base)
    for policy in Simulation(config, base=base).policies.values():
        policy.set_levers(levers, 2035, base.world)
    n, province = base.world.n_cities, base.world.province_of
    without.admin_barrier[:n, :n] = 0.0
    market = Market(base)
    kappa = market.trade_weights(base.state, levers).copy()
    pairs = province[:n, None] != province[None, :n]
    gained, most = (
        np.log(weights / base.kappa)[:, :n, :n][:, pairs]
        for weights in (kappa, market.trade_weights(base.state, without))
    )
    assert (gained > 0.0).all()
    assert (gained < most).all()
