"""Ports and airports: who goes where, how waits and traffic settle, and what they do to trade with the world."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import root

from sim.calibration import calibrate
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.state import State
from sim.datasets import World
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.gateways import Gateways, choice, felt, gateways_of, pulls, settle
from sim.mechanisms.infrastructure import Infrastructure
from sim.mechanisms.market.trade_cost import delayed
from sim.policies import JointProjects
from tests.worlds import BERTHS, PROJECTS, small_model, small_world

PRT, MIL, VAL, ROC, ROW = range(5)
TWO_PORTS = [
    ("PRT", "sea_port", "Port", 9.0), ("VAL", "sea_port", "River port", 1.0), ("PRT", "airport", "Field", None),
    ("VAL", "border", "Pass", None),
]  # fmt: skip


@cache
def two_ports() -> BaseYear:
    return calibrate(small_world(gateways=TWO_PORTS))


def ports(base: BaseYear) -> Gateways:
    found = gateways_of(base)[0]
    assert found.role == "sea_port"
    return found


def levers(base: BaseYear, **changed: float) -> Levers:
    """No policy, but ports of other sizes: ``PRT=0.1``."""
    found = Levers.neutral(base.admin_barrier, base.world.n_sectors, base.world.n_lines)
    for code, value in changed.items():
        found.sea_port_capacity[base.world.index(code)] = value
    return found


def after(base: BaseYear, trade: float = 1.0, **changed: float) -> State:
    """Gateways in the year after one in which trade with the world was this times the base year's."""
    state = base.state.copy()
    state.world_trade *= trade
    Infrastructure(base).update(state, levers(base, **changed))
    return state


# --- who goes where -----------------------------------------------------------------------------------------------


def test_one_user_goes_where_traffic_says() -> None:
    """ln(3) = pull_1 - d_1 - (pull_2 - d_2)."""
    found = pulls(np.array([[2.0, 0.5]]), np.array([7.0]), np.array([3.0, 1.0]))
    assert found[0] - found[1] == pytest.approx(np.log(3.0) + 1.5)
    assert found.sum() == pytest.approx(0.0)


@given(st.integers(0, 10_000))
def test_pulls_give_any_traffic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, gates = int(rng.integers(1, 20)), int(rng.integers(1, 6))
    distance, trade, traffic = rng.uniform(0, 6, (n, gates)), rng.uniform(0.1, 9, n), rng.uniform(0.05, 9, gates)
    through = trade @ choice(pulls(distance, trade, traffic) - distance)
    np.testing.assert_allclose(through / trade.sum(), traffic / traffic.sum(), atol=1e-10)


def test_base_year_traffic_is_the_data() -> None:
    gates = ports(two_ports())
    np.testing.assert_allclose(gates.usual / gates.usual.sum(), [0.9, 0.1], atol=1e-10)
    base = calibrate(World.load("yangtze_delta"))
    traffic = {"sea_port": [4330, 478, 2753], "airport": [12179, 3058, 4011, 1241, 1229, 1228]}
    for gates in gateways_of(base):
        shares = np.array(traffic[gates.role]) / sum(traffic[gates.role])
        np.testing.assert_allclose(gates.usual / gates.usual.sum(), shares, atol=1e-10)


def test_without_traffic_the_way_alone_decides() -> None:
    base = calibrate(small_world(gateways=[(*row[:3], None) for row in TWO_PORTS]))
    gates = ports(base)
    assert (gates.pull == 0.0).all()
    with pytest.raises(InputError, match=r"gateways.csv.*traffic of PRT is not known"):
        berths({}).set_levers(levers(base), 2025, base.world)


# --- waits and traffic --------------------------------------------------------------------------------------------


def test_the_base_year_waits_for_nobody() -> None:
    state = after(two_ports())
    np.testing.assert_allclose(state.sea_port_use[[PRT, VAL]], 0.85, rtol=1e-12)
    assert state.airport_use[PRT] == pytest.approx(0.85, rel=1e-12)
    for name in ("sea_port_wait", "airport_wait", "gateway_cost"):
        assert (getattr(state, name) == 0.0).all()
    assert (state.sea_port_use[[MIL, ROC, ROW]] == 0.0).all()


def test_one_port_by_hand() -> None:
    """A fifth more trade: u = .85 x 1.2 exp(-loss w), w = 3 x .15 (u^4 - .85^4), found by bisection."""
    base = calibrate(small_world())
    state, p = after(base, 1.2), base.world.parameters
    carried = p.by_sector("freight_weight")
    trade = base.state.world_trade[:3] * carried
    low, high = 0.0, 3.0
    for _ in range(60):
        wait = 0.5 * (low + high)
        left = (trade * np.exp(-0.013 * wait * carried * base.elasticity)).sum() / trade.sum()
        caused = 3.0 * 0.15 * ((0.85 * 1.2 * left) ** 4 - 0.85**4)
        low, high = (wait, high) if caused > wait else (low, wait)
    assert state.sea_port_wait[PRT] == pytest.approx(wait, abs=1e-10)
    assert 0.2 < wait < 3.0 * 0.15 * (1.02**4 - 0.85**4)
    port = 0.013 * wait * carried
    plane = 0.1 * state.airport_wait[PRT] * (1.0 - carried)
    np.testing.assert_allclose(state.gateway_cost[:3], np.tile(port + plane, (3, 1)), rtol=1e-9)
    assert (state.gateway_cost[3:] == 0.0).all()


def test_a_port_that_grows_with_its_trade_has_no_queue() -> None:
    state = after(two_ports(), 1.2, PRT=0.2, VAL=0.2)
    np.testing.assert_allclose(state.sea_port_wait, 0.0, atol=1e-9)
    np.testing.assert_allclose(state.sea_port_use[[PRT, VAL]], 0.85)


def test_more_berths_draw_users_away_from_the_other_port() -> None:
    usual, larger = after(two_ports(), 1.2), after(two_ports(), 1.2, PRT=0.3)
    assert larger.sea_port_wait[PRT] < usual.sea_port_wait[PRT]
    assert larger.sea_port_wait[VAL] < usual.sea_port_wait[VAL]
    assert larger.sea_port_use[PRT] * 1.3 > usual.sea_port_use[PRT]  # more traffic
    assert larger.sea_port_use[VAL] < usual.sea_port_use[VAL]
    assert (larger.gateway_cost[:3] <= usual.gateway_cost[:3]).all()


@given(st.integers(0, 10_000))
def test_waits_settle_where_another_solver_finds_them(seed: int) -> None:
    """Against a general root finder on the definition, for queues far beyond those of the data."""
    rng = np.random.default_rng(seed)
    n, gates, sectors = int(rng.integers(1, 12)), int(rng.integers(1, 5)), int(rng.integers(1, 4))
    shares, trade = choice(rng.normal(0, 2, (n, gates))), rng.uniform(0, 3, (n, sectors))
    loss, before = rng.uniform(0, 0.2, sectors), rng.uniform(-0.1, 2, gates)
    full = rng.uniform(0.3, 3, gates) * trade.sum() / gates
    days, power, usual, diversion = rng.uniform(0.1, 3), rng.uniform(2, 6), rng.uniform(0.7, 1), rng.uniform(0.1, 2)

    def excess(wait: np.ndarray) -> np.ndarray:
        odds = shares * np.exp(-diversion * wait)
        chosen = odds / odds.sum(axis=1, keepdims=True)
        more = (-np.log(odds.sum(axis=1)) + np.log((shares * np.exp(-diversion * before)).sum(axis=1))) / diversion
        kept = (trade * np.exp(-np.outer(more, loss))).sum(axis=1)
        return np.asarray(wait - days * ((kept @ chosen / full) ** power - usual**power))

    wait, use, gap = settle(before, shares, trade, loss, full, (days, power, usual, diversion))
    assert gap < 1e-11
    np.testing.assert_allclose(excess(wait), 0.0, atol=1e-9)
    np.testing.assert_allclose(wait, days * (use**power - usual**power), atol=1e-9)
    other = root(excess, wait + rng.normal(0, 0.1, gates), tol=1e-12)
    if other.success:
        np.testing.assert_allclose(wait, other.x, atol=1e-6)


def test_equal_waits_are_felt_as_they_are_and_others_less() -> None:
    shares = np.array([[0.5, 0.5], [0.9, 0.1]])
    np.testing.assert_allclose(felt(shares, np.array([2.0, 2.0]), 0.5), 2.0)
    uneven = felt(shares, np.array([0.0, 2.0]), 0.5)
    assert uneven[0] == pytest.approx(-2.0 * np.log(0.5 + 0.5 * np.exp(-1.0)))
    assert (uneven < shares @ [0.0, 2.0]).all()


# --- trade --------------------------------------------------------------------------------------------------------


def test_a_wait_costs_trade_with_the_world_alone() -> None:
    kappa, loss = np.ones((2, 4, 4)), np.array([[0.1, 0.2], [0.3, 0.0], [0.0, 0.0], [0.0, 0.0]])
    change = np.log(delayed(kappa, loss, 3))
    np.testing.assert_allclose(change[0, 3], [-0.1, -0.3, 0.0, 0.0])
    np.testing.assert_allclose(change[1, :, 3], [-0.2, 0.0, 0.0, 0.0])
    assert np.count_nonzero(change) == 6


def test_trade_with_the_world_is_the_sum_of_its_flows() -> None:
    model = small_model({"opening_hub": HUB})
    model.run()
    flows, row = model.record["trade"], model.world.row
    both = flows[:, :, :row, row] + flows[:, :, row, :row]
    np.testing.assert_allclose(model.record["world_trade"][:, :row], both.transpose(0, 2, 1), rtol=1e-9)
    assert (model.record["world_trade"][:, row] == 0.0).all()


HUB: dict[str, Any] = {
    "start": 2020, "end": 2021, "opening": 1.0, "sectors": "all", "export_cut": 0.2, "import_cut": 0.2, "cities": "all",
}  # fmt: skip


def opened(**parameters: float) -> tuple[float, float]:
    """Log change of the cities' trade with the world and of their real income when it becomes cheaper."""
    base = calibrate(small_world().with_parameters(parameters))
    reference = small_model(base=base)
    reference.run()
    model = small_model({"opening_hub": HUB}, base=base, growth=reference.growth, check_identities=True)
    model.run()
    names = "world_trade", "real_income"
    sums = [[run.record[name][-1, :3].sum() for run in (model, reference)] for name in names]
    return tuple(float(np.log(new / old)) for new, old in sums)  # type: ignore[return-value]


def test_full_ports_leave_less_of_an_opening() -> None:
    trade, income = opened()
    tighter_trade, tighter_income = opened(queue_factor=0.4, gateway_use=1.0)
    assert 0.0 < tighter_trade < trade
    assert 0.0 < tighter_income < income


def test_waits_do_not_swing_at_the_worst_ends_of_the_ranges() -> None:
    worst = {
        "sea_port_time": 6, "sea_port_day_cost": 0.021, "sea_port_spread": 120, "sea_port_diversion": 1,
        "airport_time": 0.2, "airport_day_cost": 0.2, "airport_spread": 30, "airport_diversion": 10,
        "gateway_use": 1, "queue_factor": 0.4, "queue_power": 6,
    }  # fmt: skip
    base = calibrate(small_world(gateways=TWO_PORTS).with_parameters(worst))
    model = small_model({"opening_hub": HUB}, base=base)
    model.run()
    waits = model.record["sea_port_wait"][2:, [PRT, VAL]]
    assert waits.max() > 0.1
    change = np.abs(np.diff(waits, axis=0))
    assert (change[1:] <= change[:-1] + 1e-3).all()


# --- more capacity ------------------------------------------------------------------------------------------------


def berths(changed: dict[str, Any], **values: Any) -> JointProjects:
    return JointProjects(**(PROJECTS | {"projects": {"berths": BERTHS | changed}} | values))


def test_berths_over_a_port_that_grows_as_the_nation() -> None:
    """Three more over nine, which are .85 of what it can handle; the nation grew by 6.1, 2.2, 8.1 and so on."""
    world = two_ports().world
    found, half = levers(two_ports()), levers(two_ports())
    berths({}).set_levers(found, 2024, world)
    berths({}, scale=0.5).set_levers(half, 2024, world)
    volume = np.prod([1.0 + world.national_value("real_growth", t) / 100.0 for t in range(2020, 2025)])
    assert found.sea_port_capacity[PRT] == pytest.approx(3.0 / (9.0 / 0.85 * volume))
    assert half.sea_port_capacity[PRT] == pytest.approx(found.sea_port_capacity[PRT] / 2)
    assert np.count_nonzero(found.sea_port_capacity) == 1
    early = levers(two_ports())
    berths({}).set_levers(early, 2021, world)
    assert not early.sea_port_capacity.any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sea_port": {"MIL": 1.0}}, r"berths.sea_port: MIL has no sea port \(allowed: PRT, VAL\)"),
        ({"airport": {"VAL": 1.0}}, r"berths.airport: VAL has no airport \(allowed: PRT\)"),
        ({"airport": {"PRT": 1.0}}, "the traffic of PRT is not known"),
    ],
)
def test_capacity_where_there_is_none(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        berths(changed).set_levers(levers(two_ports()), 2025, two_ports().world)


def test_a_port_is_paid_by_its_builders_and_helps_all() -> None:
    """With trade as tight as that, everybody's trade gains; the parties have the bill."""
    base = calibrate(small_world(gateways=TWO_PORTS).with_parameters({"gateway_use": 1.0, "queue_factor": 0.4}))
    reference = small_model(base=base)
    reference.run()
    projects = PROJECTS | {"projects": {"berths": BERTHS}}
    model = small_model({"joint_projects": projects}, base=base, growth=reference.growth, check_identities=True)
    model.run()
    gain = (model.record["real_income"] - reference.record["real_income"])[:, :3]
    built = model.record["project_investment"].sum()
    assert built == pytest.approx(8.0 * np.mean([model.world.national_value("deflator", 2020) / 100.0 + 1.0,
        (model.world.national_value("deflator", 2020) / 100.0 + 1.0)
        * (model.world.national_value("deflator", 2021) / 100.0 + 1.0)]))  # fmt: skip
    assert gain[-1, VAL] > 0.0
    assert gain[2:4, [PRT, MIL]].sum() < 0.0  # 2021 and 2022: the budgets that pay
    use = model.record["sea_port_use"][:, PRT]
    assert use[3] < reference.record["sea_port_use"][3, PRT]
