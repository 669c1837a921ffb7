"""What a line is worth: gains with and without it, its cost a year, and times by mode."""

from __future__ import annotations

import numpy as np
import pytest

from sim.config import RunConfig
from sim.core.errors import InputError
from sim.datasets import World
from sim.experiments.lines import annual_cost, line_worth
from sim.experiments.travel import by_mode, summary
from tests.worlds import POLICIES, small_base, small_model, small_reference


def config(**policy: object) -> RunConfig:
    values = {"scenario": "test", "horizon": 2027, "policies": {"rail_lines": POLICIES["rail_lines"] | policy}}
    return RunConfig.judge(values)


def test_gains_are_those_of_runs_with_and_without_the_line() -> None:
    found = line_worth(config(), base=small_base())
    lines = found.lines.set_index("line")
    assert set(lines.index) == {"east", "direct"}
    incomes = {}
    for name, chosen in {"all": "all", "east": ["east"], "direct": ["direct"]}.items():
        model = small_model({"rail_lines": POLICIES["rail_lines"] | {"lines": chosen}}, growth=small_reference().growth)
        incomes[name] = model.run()["real_income"]
    before = small_reference().record["real_income"]
    last = (incomes["all"] - incomes["east"])[5:, :3].mean(axis=0)  # direct, from 2024 on
    assert lines.loc["direct", "gain"] == pytest.approx(last.sum(), rel=1e-9)
    assert lines.loc["direct", "gain_alone"] == pytest.approx((incomes["direct"] - before)[5:, :3].mean(axis=0).sum())
    assert lines.loc["east", "gain_alone"] == pytest.approx((incomes["east"] - before)[1:, :3].mean(axis=0).sum())
    assert found.total["gain"] == pytest.approx((incomes["all"] - before)[1:, :3].sum(axis=1).mean())
    gains = found.gains.pivot(index="line", columns="region", values="gain")
    np.testing.assert_allclose(gains.loc["direct", ["PRT", "MIL", "VAL"]], last)
    np.testing.assert_allclose(gains.sum(axis=1)[lines.index], lines["gain"])
    assert (lines["gain_to_cost"].diff().dropna() <= 0).all()  # the best first


def test_the_cost_of_a_year_pays_for_the_line_over_its_life() -> None:
    """Forty payments less upkeep, discounted at 4 %, are the cost."""
    world = small_base().world
    cost, yearly = annual_cost("direct", world)
    deflator = 1.0 + world.national_value("deflator", 2020) / 100.0
    assert cost == pytest.approx(2.0 * 400.0 / deflator)
    payments = (yearly - 0.01 * cost) / 1.04 ** np.arange(1, 41)
    assert payments.sum() == pytest.approx(cost)


def test_lines_need_a_policy_that_nobody_pays_for() -> None:
    with pytest.raises(InputError, match="opens no railway lines"):
        line_worth(RunConfig.judge({"scenario": "baseline"}))
    with pytest.raises(InputError, match="financing: gains would be net"):
        line_worth(config(financing={}), base=small_base())
    with pytest.raises(InputError, match="horizon: no line opens"):
        line_worth(config(lines="planned").with_values({"horizon": 2023}), base=small_base())


def test_times_by_mode_are_the_networks() -> None:
    world = World.load("yangtze_delta")
    table = by_mode(world, 2026).set_index(["origin", "destination", "mode"])
    assert table.loc[("310000", "330500", "rail"), "minutes"] == pytest.approx(47.8 + 65.0)
    assert by_mode(world, 2024).set_index(["origin", "destination", "mode"]).loc[
        ("310000", "330500", "rail"), "minutes"
    ] == pytest.approx(95.0 + 65.0, abs=2.0)
    truck, water = (table.loc[("310000", "340800", mode)] for mode in ("truck", "water"))
    assert truck["minutes"] < water["minutes"]
    assert truck["yuan"] > water["yuan"]
    assert truck["generalised"] == pytest.approx(truck["yuan"] + truck["minutes"] / 60.0 * 2.0)
    assert "330900" not in {one for one, _, mode in table.index if mode == "rail"}  # no railway to Zhoushan
    assert "tonne water" in " ".join(summary(table.reset_index()).split())
