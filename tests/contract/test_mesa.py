"""The model as Mesa users meet it, and restarts."""

from __future__ import annotations

import mesa
import numpy as np
import pytest

from sim.agents.city import CentreAgent, CityAgent, ProvinceAgent
from sim.core.errors import InputError
from sim.core.state import SAVED, State
from sim.core.streams import stream
from sim.model import YEAR, RegionalEconomy
from tests.worlds import POLICIES, small_base, small_model


def small_economy(policies=None, **config):
    """The three-city world as a Mesa model."""
    growth = config.pop("growth", None)
    config = small_model(policies, **config).config
    return RegionalEconomy.from_config(config, base=small_base(), growth=growth)


def test_agents_are_views_of_the_state():
    model = small_economy()
    assert isinstance(model, mesa.Model)
    city = model.cities[1]
    model.step()
    assert city.gdp == model.state.gdp[1]
    city.debt = 12.5
    assert model.state.debt[1] == 12.5
    city.industry_mix[0] += 1.0
    assert model.state.value_added[1, 0] == city.industry_mix[0]


def test_two_models_do_not_share_agents():
    first, second = small_economy(), small_economy()
    first.step()
    assert first.cities[0].gdp == pytest.approx(second.cities[0].gdp)  # the base year itself
    first.cities[0].debt = -1.0
    assert second.cities[0].debt >= 0.0


def test_kinds_of_agents():
    model = small_economy()
    world = model.world
    kinds = model.agents_by_type
    assert len(kinds[CityAgent]) == world.n_cities
    assert len(kinds[ProvinceAgent]) == world.n_provinces
    assert len(kinds[CentreAgent]) == 1
    model.step()
    assert sum(p.gdp for p in model.provinces) == pytest.approx(model.state.gdp[: world.n_cities].sum())


def test_budget_of_every_city_sums_to_zero():
    model = small_economy(POLICIES)
    for _ in range(4):
        model.step()
    for city in model.cities:
        budget = city.budget
        assert abs(sum(budget.values())) < 1e-9 * city.own_revenue, budget


def test_sharing_rules_show_contracts_in_force():
    model = small_economy({"industry_transfer": POLICIES["industry_transfer"]})
    assert model.cities[0].sharing_rules == []
    model.step(), model.step()
    rule = {"contract": "industry_transfer", "base": "moved_tax", "key": "origin", "schedule": 0.5, "term": 5}
    assert model.cities[0].sharing_rules == [rule]


def test_data_collector_reads_the_record():
    model = small_economy()
    model.step(), model.step()
    regional = model.datacollector.get_model_vars_dataframe()
    cities = model.datacollector.get_agent_vars_dataframe()
    assert list(regional.index) == [2019, 2020]
    assert cities.index.names == ["Step", "AgentID"]
    total = cities.groupby(level="Step")["gdp"].sum()
    np.testing.assert_allclose(total, regional["gdp"])


def test_the_order_of_the_year():
    assert [phase.name for phase in YEAR] == [
        "infrastructure",
        "market",
        "fiscal",
        "share",
        "environment",
        "assess",
        "govern",
        "invest",
        "people",
        "knowledge",
        "learn",
    ]
    assert [phase.name for phase in small_economy().phases] == [phase.name for phase in YEAR]


def test_no_year_after_the_horizon():
    model = small_economy(horizon=2019)
    model.step()
    with pytest.raises(InputError, match="2019"):
        model.step()


def test_restart_is_exact_bit_for_bit(tmp_path):
    whole = small_economy(POLICIES, horizon=2029)
    for _ in range(10):
        whole.step()
    first = small_economy(POLICIES, horizon=2029)
    for _ in range(5):
        first.step()
    first.state.save(tmp_path / "state.npz")
    second = small_economy(POLICIES, horizon=2029, growth=first.growth | whole.growth)
    second.simulation.state = State.load(tmp_path / "state.npz")
    for _ in range(5):
        second.step()
    for name in SAVED:
        assert np.array_equal(getattr(second.state, name), getattr(whole.state, name), equal_nan=True), name


def test_a_file_that_is_no_state_is_bad_input(tmp_path):
    (tmp_path / "state.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"state\.npz"):
        State.load(tmp_path / "state.npz")


def test_shocks_are_common_to_scenarios_and_keyed_by_place():
    shocked = {"shocks": {"enabled": True}}
    once, again = small_economy(**shocked), small_economy(**shocked)
    other = small_economy(replicate=1, **shocked)
    for model in (once, again, other):
        model.run()
    assert np.array_equal(once.record["gdp"], again.record["gdp"])
    assert not np.array_equal(once.record["gdp"], other.record["gdp"])
    draw = stream(1, 0, "productivity", 2020, "PRT").standard_normal(3)
    assert not np.array_equal(draw, stream(1, 0, "productivity", 2020, "VAL").standard_normal(3))


def test_model_from_a_scenario_name():
    model = RegionalEconomy("baseline", world=small_base().world, rng=3, overrides=["horizon=2020"])
    model.run()
    assert model.config.seed == 3
    assert list(model.record.years) == [2019, 2020]
