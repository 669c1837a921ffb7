"""Knowledge and digital technology against formulas worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sim.calibration import calibrate
from sim.core.levers import Levers
from sim.core.state import State
from sim.datasets.world import World
from sim.indicators.base import View
from sim.indicators.knowledge import high_tech_share, rd_intensity, technology_contribution
from sim.indicators.targets import COMPUTED, targets
from sim.mechanisms import knowledge
from sim.mechanisms.knowledge import Knowledge, knowledge_weights, spread
from sim.mechanisms.market.phase import Market
from sim.mechanisms.market.trade_cost import informed
from sim.policies import REGISTRY
from tests.worlds import POLICIES, small_base, small_model, small_reference

PRT, MIL, VAL, ROC = range(4)
AGR, MAN, SRV = range(3)
WORLD = small_base().world
N, ROW = WORLD.n_cities, WORLD.row


def neutral() -> Levers:
    base = small_base()
    return Levers.neutral(base.admin_barrier, WORLD.n_sectors)


def step(phase: Knowledge, state: State, levers: Levers | None = None) -> None:
    phase.update(state, levers or neutral())
    state.year += 1


def grown(phase: Knowledge, years: int, **changes: object) -> State:
    """Years in which every place grows as the nation does; ``changes`` are levers."""
    state, levers = small_base().state.copy(), neutral()
    for name, value in changes.items():
        getattr(levers, name)[:] = value
    for _ in range(years):
        step(phase, state, levers)
        rate = WORLD.national_value("real_growth", state.year) / 100
        state.real_gdp *= 1.0 + rate
    return state


class TestStocks:
    def test_nothing_happens_where_all_grow_as_the_nation_does(self) -> None:
        state = grown(Knowledge(small_base()), 16)
        np.testing.assert_allclose(state.knowledge_level, 0.0, atol=1e-12)
        assert (state.digital_lead == 0.0).all()

    def test_the_first_stock_is_on_the_steady_path(self) -> None:
        p, state = WORLD.parameters, small_base().state
        stock = state.knowledge_stock[:ROW]
        spent = knowledge.rd_intensity(WORLD) * state.gdp[:ROW]
        kept = (1.0 - p.value("knowledge_depreciation")) * stock + spent
        np.testing.assert_allclose(kept / stock, 1.0 + p.value("steady_growth"), rtol=1e-12)

    def test_twice_the_research_follows_the_path_by_hand(self) -> None:
        """With intensity doubled at once the stock nears twice its usual path, as what came before wears out."""
        p, phase = WORLD.parameters, Knowledge(small_base())
        share = knowledge.rd_intensity(WORLD)[PRT]
        d, n = p.value("knowledge_depreciation"), p.value("steady_growth")
        state, levers = small_base().state.copy(), neutral()
        stock = usual = 1.0
        volume = 1.0
        for t in range(6):
            path = phase.params.path(t)
            levers.rd_support[PRT] = share * path / p.value("rd_additionality")
            step(phase, state, levers)
            usual = (1.0 - d) * usual + (d + n) * volume * path
            stock = (1.0 - d) * stock + 2.0 * (d + n) * volume * path
            growth = 1.0 + WORLD.national_value("real_growth", state.year) / 100
            volume *= growth
            state.real_gdp *= growth
            expected = p.value("knowledge_elasticity") * np.log(stock / usual)
            np.testing.assert_allclose(state.knowledge_level[PRT], expected, rtol=1e-9)
        assert 1.0 < stock / usual < 2.0
        np.testing.assert_allclose(state.knowledge_level[ROC], 0.0, atol=1e-12)

    def test_twice_the_stock_is_worth_its_elasticity(self) -> None:
        p, phase = WORLD.parameters, Knowledge(small_base())
        state, usual = small_base().state.copy(), small_base().state.copy()
        state.real_gdp[VAL] *= 2.0
        state.knowledge_stock[VAL] *= 2.0
        step(phase, usual)
        step(phase, state)
        gained = state.knowledge_level[VAL] - usual.knowledge_level[VAL]
        np.testing.assert_allclose(gained, p.value("knowledge_elasticity") * np.log(2.0), rtol=1e-12)


class TestSpillovers:
    def test_weights_halve_every_half_time_and_sum_to_one(self) -> None:
        half = WORLD.parameters.value("knowledge_half_time")
        weights, time = knowledge_weights(WORLD, half), WORLD.travel_time_passenger
        np.testing.assert_allclose(weights.sum(axis=1), 1.0)
        assert (weights.diagonal() == 0.0).all()
        ratio = weights[PRT, MIL] / weights[PRT, VAL]
        assert ratio == pytest.approx(0.5 ** ((time[MIL, PRT] - time[VAL, PRT]) / half))

    def test_more_research_in_one_city_reaches_the_others_by_their_weights(self) -> None:
        p, phase = WORLD.parameters, Knowledge(small_base())
        state, usual, levers = small_base().state.copy(), small_base().state.copy(), neutral()
        levers.rd_support[PRT] = 0.01
        step(phase, usual)
        step(phase, state, levers)
        added = p.value("rd_additionality") * 0.01 * usual.real_gdp[PRT]
        weights = knowledge_weights(WORLD, p.value("knowledge_half_time"))
        for city in (MIL, VAL):
            known = usual.outside_knowledge[city] + np.array([0.0, weights[city, PRT] * added])
            trend = small_base().state.outside_knowledge[city] * phase._trend[1]
            before, after = np.log(1.0 + p.value("knowledge_regional_share") * (known / trend - 1.0))
            expected = p.value("knowledge_spillover_elasticity") * (after - before)
            np.testing.assert_allclose(state.knowledge_level[city] - usual.knowledge_level[city], expected, rtol=1e-9)
        np.testing.assert_allclose(state.knowledge_level[ROC], usual.knowledge_level[ROC])

    def test_links_and_speed_bring_the_research_of_others_nearer(self) -> None:
        p, phase = WORLD.parameters, Knowledge(small_base())
        usual = small_base().state.copy()
        step(phase, usual)
        weights, spent = knowledge_weights(WORLD, p.value("knowledge_half_time")), usual.rd_spending[:N]
        linked, fast, levers = small_base().state.copy(), small_base().state.copy(), neutral()
        levers.knowledge_link[VAL, MIL] = 0.5
        step(phase, linked, levers)
        gained = linked.outside_knowledge[:N] - usual.outside_knowledge[:N]
        expected = p.value("knowledge_linked_share") * 0.5 * weights[MIL, VAL] * spent[VAL]
        np.testing.assert_allclose(gained, [0.0, expected, 0.0], rtol=1e-9, atol=1e-9)
        fast.passenger_time[VAL, MIL] = 0.5
        step(phase, fast)
        nearer = 2.0 ** p.value("knowledge_time_elasticity") - 1.0
        gained = fast.outside_knowledge[:N] - usual.outside_knowledge[:N]
        np.testing.assert_allclose(gained, [0.0, nearer * weights[MIL, VAL] * spent[VAL], 0.0], rtol=1e-9, atol=1e-9)

    def test_elasticities_of_zero_switch_knowledge_off(self) -> None:
        parameters = {"knowledge_elasticity": 0.0, "knowledge_spillover_elasticity": 0.0}
        nothing = {"support": 0.0, "centres": {}, "fund": 0.0}
        policy = {"innovation_community": POLICIES["innovation_community"] | nothing}
        base = calibrate(WORLD.with_parameters(parameters | {"diffusion_rate": 0.0}))
        without = small_model(base=base)
        without.run()
        model = small_model(policy, base=base, growth=without.growth)
        model.run()
        assert np.array_equal(model.record["real_gdp"], without.record["real_gdp"])


class TestMoney:
    def test_members_pay_vouchers_and_the_centre_refunds_centres(self) -> None:
        state, usual, levers = small_base().state.copy(), small_base().state.copy(), neutral()
        levers.rd_support[MIL], levers.rd_grant[PRT] = 0.002, 0.003
        step(Knowledge(small_base()), usual)
        step(Knowledge(small_base()), state, levers)
        subsidy, grant = (getattr(state, name) - getattr(usual, name) for name in ("subsidy_due", "grant_due"))
        np.testing.assert_allclose(subsidy, state.gdp * [0.003, 0.002, 0.0, 0.0, 0.0])
        np.testing.assert_allclose(grant, state.gdp * [0.003, 0.0, 0.0, 0.0, 0.0])

    @pytest.mark.parametrize("name", ["innovation_community", "g60_corridor", "digital_delta"])
    def test_the_books_close(self, name: str) -> None:
        model = small_model({name: POLICIES[name]}, growth=small_reference().growth, check_identities=True)
        model.run()
        assert model.record.n_done == len(model.years)

    def test_services_pay_for_vouchers_at_first(self) -> None:
        policy = {"g60_corridor": POLICIES["g60_corridor"] | {"link": 0.0}}
        model = small_model(policy, growth=small_reference().growth)
        model.run()
        change = model.record["city_service"][2] - small_reference().record["city_service"][2]
        paid = model.record["subsidy"][2] - small_reference().record["subsidy"][2]
        assert paid[PRT] > 0.0
        np.testing.assert_allclose(change[[PRT, MIL]], -paid[[PRT, MIL]], rtol=0.1)
        assert paid[VAL] == pytest.approx(0.0, abs=1e-6)


class TestDigital:
    def test_odds_grow_by_the_rate(self) -> None:
        share = spread(np.array([0.2, 0.5, 0.9]), 0.7)
        np.testing.assert_allclose(share / (1 - share), np.array([0.25, 1.0, 9.0]) * np.exp(0.7))

    def test_the_usual_path_is_closed_form_and_gives_no_lead(self) -> None:
        p, state = WORLD.parameters, grown(Knowledge(small_base()), 5)
        odds = p.value("network_coverage_start") / (1 - p.value("network_coverage_start"))
        odds *= np.exp(5 * p.value("network_coverage_speed"))
        np.testing.assert_allclose(state.network_coverage[:ROW], odds / (1 + odds))
        assert (state.digital_lead == 0.0).all()

    def test_a_faster_network_pulls_use_along_and_use_raises_productivity(self) -> None:
        p, levers = WORLD.parameters, np.zeros(WORLD.n_regions)
        levers[VAL] = 0.5
        state, usual = (grown(Knowledge(small_base()), 3, network_push=push) for push in (levers, 0.0))
        lead = state.digital_use[VAL] - usual.digital_use[VAL]
        assert lead == pytest.approx(state.digital_lead[VAL])
        assert lead > 0.0
        np.testing.assert_allclose(
            state.knowledge_level[VAL] - usual.knowledge_level[VAL], lead * p.by_sector("digital_productivity")
        )
        assert (state.digital_lead[[PRT, MIL, ROC]] == 0.0).all()

    def test_a_lead_cuts_the_cost_of_trade_by_sector(self) -> None:
        base, state = small_base(), small_base().state.copy()
        state.digital_lead[[PRT, VAL]] = 0.2, 0.1
        cost = WORLD.parameters.by_sector("information_cost")
        change = np.log(Market(base).trade_weights(state, neutral()) / base.kappa)
        assert change[MAN, VAL, PRT] == pytest.approx(base.elasticity[MAN] * cost[MAN] * 0.15)
        assert change[SRV, ROC, PRT] == pytest.approx(base.elasticity[SRV] * cost[SRV] * 0.1)
        assert change[SRV, VAL, VAL] == pytest.approx(0.0)
        factor = np.exp(-cost[MAN] * 0.1) ** -base.elasticity[MAN]
        ways = informed(np.ones_like(base.kappa), state.digital_lead, base.elasticity * cost)
        assert ways[MAN, MIL, PRT] == pytest.approx(factor)


class TestIndicators:
    def test_public_research_is_the_institutes_and_what_policies_pay(self) -> None:
        phase, usual, paid, levers = (
            Knowledge(small_base()),
            small_base().state.copy(),
            small_base().state.copy(),
            neutral(),
        )
        levers.rd_support[PRT] = 0.01
        step(phase, usual)
        step(phase, paid, levers)
        assert usual.public_rd[PRT] == pytest.approx(0.3 * usual.rd_spending[PRT])
        assert usual.public_rd[VAL] == pytest.approx(0.2 * usual.rd_spending[VAL])
        assert paid.public_rd[PRT] - usual.public_rd[PRT] == pytest.approx(0.01 * usual.gdp[PRT])

    def test_technology_is_what_capital_and_labour_do_not_explain(self) -> None:
        model = small_reference()
        view, record, members = View(model.record, model.base), model.record, np.arange(N)
        logs = [
            np.log(record[name][:, :N].reshape(record.n_done, -1).sum(axis=1))
            for name in ("real_gdp", "capital", "labour")
        ]
        y, k, w = ((x[7] - x[2]) for x in logs)
        made = record["value_added"][:, :N].sum(axis=1)
        alpha = np.mean((made @ model.base.capital_share / made.sum(axis=1))[2:8])
        found = technology_contribution(view, members)
        assert np.isnan(found[0])
        assert found[7] == pytest.approx(100.0 * (1.0 - (alpha * k + (1.0 - alpha) * w) / y))

    def test_shares_are_by_output_and_by_gdp(self) -> None:
        model, p = small_reference(), WORLD.parameters
        view, members = View(model.record, model.base), np.array([PRT, VAL])
        high = p.by_sector("high_tech_part")[MAN] / p.by_sector("industrial_part")[MAN]
        np.testing.assert_allclose(high_tech_share(view, members), 100.0 * high)
        spent = model.record["rd_spending"][0, members].sum() / model.record["gdp"][0, members].sum()
        assert rd_intensity(view, members)[0] == pytest.approx(100.0 * spent)

    def test_cities_of_a_province_have_its_intensity_together(self) -> None:
        world = World.load("yangtze_delta")
        size = world.value_added[: world.n_cities].sum(axis=1)
        spent = knowledge.rd_intensity(world)[: world.n_cities] * size
        province = world.province_of[: world.n_cities]
        given = world.parameters.by_province("rd_intensity")[: world.n_provinces] / 100
        np.testing.assert_allclose(np.bincount(province, spent) / np.bincount(province, size), given)

    def test_the_plans_innovation_targets_are_computed(self) -> None:
        found = {t.target: t.indicator for t in targets(World.load("yangtze_delta")) if t.place == "region"}
        assert {found[name] for name in ("T04", "T05", "T06", "T09")} == {
            COMPUTED[name] for name in ("T04", "T05", "T06", "T09")
        }


def test_only_members_are_tied_and_paid() -> None:
    levers = neutral()
    REGISTRY["g60_corridor"](**POLICIES["g60_corridor"]).set_levers(levers, 2030, WORLD)
    assert levers.knowledge_link[PRT, MIL] == 1.0
    assert not levers.knowledge_link[VAL].any()
    np.testing.assert_allclose(levers.rd_support, [0.001, 0.001, 0.0, 0.0, 0.0])
    levers = neutral()
    REGISTRY["innovation_community"](**POLICIES["innovation_community"], members=["MIL"]).set_levers(
        levers, 2021, WORLD
    )
    np.testing.assert_allclose(levers.rd_support, [0.0, 0.001 * 2 / 3, 0.0, 0.0, 0.0])
    assert not levers.rd_grant.any()  # the port, which has the centre, is no member
