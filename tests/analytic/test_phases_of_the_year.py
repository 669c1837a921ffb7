"""Each phase after the market against a case that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sim.calibration import calibrate
from sim.core.agreements import Contract, value_at
from sim.core.errors import EquilibriumError, ModelWarning
from sim.mechanisms.base_year import factor_bundle
from sim.mechanisms.invest import investment_shares, land_cost, move_plants, net_return, relative_crowding
from sim.mechanisms.learn import catch_up, next_deviation
from sim.mechanisms.people import reallocated_labour
from sim.mechanisms.sharing import contract_payments
from tests.worlds import POLICIES, small_base, small_model


class TestSchedules:
    def test_calendar_and_age(self):
        assert value_at({2020: 0.5, 2025: 0.3}, year=2019) == 0.0
        assert value_at({2020: 0.5, 2025: 0.3}, year=2024) == 0.5
        assert value_at({2020: 0.5, 2025: 0.3}, year=2040) == 0.3
        assert value_at({"age": {0: 0.5, 3: 0.25}}, year=2040, age=2) == 0.5
        assert value_at({"age": {0: 0.5, 3: 0.25}}, year=2040, age=9) == 0.25


class TestContracts:
    """One plant of 100 in a host with capital 1,000 and local tax 80: 8 of tax a year are its own."""

    def pay(self, contract: Contract, years: int, cap: float = np.inf) -> list[float]:
        cohorts = np.array([[0.0, 1.0, 0.0, 0.0, 2020.0, 100.0, 0.0, cap]])
        tax, capital = np.array([[50.0], [80.0]]), np.array([[500.0], [1000.0]])
        rows = [contract_payments(cohorts, tax, capital, [contract], 2021 + t) for t in range(years)]
        return [float(r[:, 7].sum()) for r in rows]

    def test_songjiang_luan_pays_40_percent_for_5_years(self):
        paid = self.pay(Contract(name="park", schedule=0.4, term=5), 7)
        np.testing.assert_allclose(paid, [3.2] * 5 + [0.0] * 2)

    def test_2015_rule_halves_until_three_former_years_are_repaid(self):
        # The origin collected 3 a year on the plant, 9 in three years: 4 + 4 + 1, then nothing.
        paid = self.pay(Contract(name="2015", schedule=0.5, term=5, capped=True), 6, cap=9.0)
        np.testing.assert_allclose(paid, [4.0, 4.0, 1.0, 0.0, 0.0, 0.0])

    def test_2015_rule_is_over_after_five_years_even_if_not_repaid(self):
        paid = self.pay(Contract(name="2015", schedule=0.5, term=5, capped=True), 7, cap=1000.0)
        np.testing.assert_allclose(paid, [4.0] * 5 + [0.0] * 2)

    def test_payments_of_a_run_reach_the_origin_a_year_later(self):
        model = small_model({"industry_transfer": POLICIES["industry_transfer"]})
        model.run()
        owed = np.array([rows[:, 7].sum() for rows in model.record.payments])
        port, valley = model.world.index("PRT"), model.world.index("VAL")
        np.testing.assert_allclose(model.record["shared_revenue"][:, port], owed, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(model.record["shared_revenue"][:, valley], -owed, rtol=1e-8, atol=1e-12)
        assert owed[-1] > 0

    def test_attribution_moves_gdp_only_in_the_assessment(self):
        credited = POLICIES["industry_transfer"] | {"gdp_attribution": 0.4}
        model, plain = (
            small_model({"industry_transfer": credited}),
            small_model({"industry_transfer": POLICIES["industry_transfer"]}),
        )
        model.run(), plain.run()
        np.testing.assert_array_equal(model.record["real_gdp"], plain.record["real_gdp"])
        gain = model.record["attributed_gdp"] - model.record["gdp"]
        assert gain[-1, model.world.index("PRT")] > 0
        np.testing.assert_allclose(gain.sum(axis=1), 0.0, atol=1e-9)


class TestMarket:
    @pytest.mark.parametrize("part", [0.9, 2.0])
    def test_a_region_that_owes_more_than_it_earns_is_named(self, part: float):
        model = small_model()
        model.step()
        port, mill = model.world.index("PRT"), model.world.index("MIL")
        model.state.payable[port, mill] = part * model.state.gdp[port]
        with pytest.raises(EquilibriumError, match="would owe more than it earns in 2020.*(Port City|Milltown)"):
            model.step()

    def test_strong_scale_effects_are_warned_of_with_the_number(self):
        world = small_base().world.with_parameters({"own_sector_agglomeration": 0.25, "trade_elasticity": 8.0})
        with pytest.warns(ModelWarning, match=r"several equilibria are possible: .* in sector [A-Z]+, not below 1"):
            calibrate(world)


class TestInvestment:
    def test_equal_relative_returns_keep_the_base_shares_growing_with_capital(self):
        base, capital = np.array([[0.6], [0.4]]), np.array([[2.0], [1.0]])
        share = investment_shares(base, capital, np.ones((2, 1)), np.ones((2, 1)), 1.0)
        np.testing.assert_allclose(share, [[0.75], [0.25]])

    def test_a_return_ten_percent_higher_raises_the_ratio_of_shares_by_its_elasticity(self):
        relative = np.array([[1.1], [1.0]])
        share = investment_shares(np.full((2, 1), 0.5), np.ones((2, 1)), np.ones((2, 1)), relative, 2.0)
        assert share[0, 0] / share[1, 0] == pytest.approx(1.21)

    def test_net_return_and_land(self):
        cost = land_cost(np.array([[100.0]]), np.array([0.02]), np.array([2000.0]), 500.0)
        assert cost[0, 0] == pytest.approx(
            8.0
        )  # 2 % at the mean price, four times that where land is four times dearer
        r = net_return(np.array([[40.0]]), np.array([[200.0]]), cost, np.array([1.25]))
        assert r[0, 0] == pytest.approx(32.0 / 250.0)

    def test_crowding_is_relative(self):
        np.testing.assert_allclose(relative_crowding(np.array([2.0, 6.0]), np.array([1.0, 3.0])), 1.0)

    def test_logit_of_moves_and_ownership(self):
        # Two equal places, friction 1/4: of those who reconsider, a fifth leaves.
        friction = np.array([[1.0, 0.25], [0.25, 1.0]])
        moved, directed, share = np.zeros((3, 2, 2))
        nobody, closed = np.zeros(2), np.zeros((2, 2))
        move_plants(np.full(2, 100.0), np.ones(2), friction, 0.1, nobody, closed, moved, directed, share)
        np.testing.assert_allclose(moved, [[0.0, 2.0], [2.0, 0.0]])
        np.testing.assert_allclose(np.diag([100.0, 100.0]) @ share, [[98.0, 2.0], [2.0, 98.0]])
        assert directed.sum() == 0.0

    def test_policy_moves_its_share_and_what_returns_home_is_native_again(self):
        friction, weight = np.ones((2, 2)), np.ones(2)
        moved, directed, share = np.zeros((3, 2, 2))
        there, back = np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]])
        stays, leaves = np.array([0.2, 0.0]), np.array([0.0, 1.0])
        move_plants(np.array([100.0, 50.0]), weight, friction, 0.0, stays, there, moved, directed, share)
        np.testing.assert_allclose(directed, [[0.0, 20.0], [0.0, 0.0]])
        owned = np.diag([100.0, 50.0]) @ share
        np.testing.assert_allclose(owned, [[80.0, 20.0], [0.0, 50.0]])
        move_plants(np.array([80.0, 70.0]), weight, friction, 0.0, leaves, back, moved, directed, share)
        np.testing.assert_allclose(owned @ share, [[100.0, 0.0], [50.0, 0.0]])


class TestLabour:
    def test_nobody_moves_at_the_wages_of_the_base_year(self):
        labour, wedge = np.array([[10.0, 30.0]]), np.array([[0.5, 1.2]])
        wages = labour * wedge * 7.0
        np.testing.assert_allclose(reallocated_labour(labour, wages, wedge, np.array([[0.06, 0.15]])), labour)

    def test_a_sector_that_pays_twice_as_much_draws_its_share_of_the_movers(self):
        labour, wedge = np.array([[30.0, 30.0]]), np.ones((1, 2))
        wages = labour * np.array([1.0, 2.0])
        moved = reallocated_labour(labour, wages, wedge, np.full((1, 2), 0.3))
        # 9 leave each sector; of these 18 a third returns to the first and two thirds go to the second.
        np.testing.assert_allclose(moved, [[27.0, 33.0]])


class TestLearning:
    def test_followers_close_a_share_of_the_gap(self):
        x = next_deviation(np.array([[0.0], [1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros(2), 0.0, 0.1)
        np.testing.assert_allclose(x, [[0.1], [1.0]])

    def test_decay_and_drift(self):
        x = next_deviation(np.array([[1.0]]), np.zeros((1, 1)), np.array([0.01]), 0.02, 0.1)
        np.testing.assert_allclose(x, [[0.99]])

    def test_catching_up_is_clipped(self):
        beta = catch_up(np.array([np.exp(-0.5), 1.0, np.exp(-3.0)]), 1.0, 0.015, 0.015)
        np.testing.assert_allclose(beta, [0.0075, 0.0, 0.015])

    def test_national_growth_is_the_given_path(self):
        model = small_model()
        model.run()
        row = model.world.row
        path = [model.world.national_value("real_growth", year) / 100 for year in model.years[1:]]
        # q weighs with the shares of the year before, so the chained sum over places is exact only in logs by region
        volume = np.log(model.record["real_gdp"][:, :row])
        share = model.record["gdp"][:-1, :row] / model.record["gdp"][:-1, :row].sum(axis=1, keepdims=True)
        growth = np.exp((share * np.diff(volume, axis=0)).sum(axis=1)) - 1.0
        np.testing.assert_allclose(growth, path, rtol=1e-9)

    def test_level_effects_are_levels(self):
        # Doubling a place's public capital raises its productivity once, by its elasticity, and not again.
        model = small_model(base=None)
        model.step()
        before = np.log(model.state.effective_productivity / model.state.productivity)
        model.state.public_capital[0] *= 2.0
        levels = model.learn._levels(model.state, factor_bundle(model.state, model.base)[: model.world.row])
        elasticity = model.world.parameters.value("public_capital_elasticity")
        share = model.state.public_capital[0] / model.state.public_capital[: model.world.row].sum()
        national = np.log1p(share / (2.0 - share))  # the ratio of the nation rises a little as well
        assert levels[0, 0] - before[0, 0] == pytest.approx(elasticity * (np.log(2.0) - national), rel=1e-9)
