"""Who signs at which share: the formula of two cities, the govern phase against it, and tax alone against a twin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sim.agents.scores import Result
from sim.calibration import calibrate
from sim.config import RunConfig, world_of
from sim.core.arrays import FloatArray
from sim.core.state import EVENT, EVENTS, State
from sim.datasets import three_cities
from sim.datasets.world import World
from sim.experiments.signing.survey import Survey, on_lines, survey
from sim.experiments.signing.verdict import signed, verdict
from sim.mechanisms.base_year import BaseYear
from sim.year import Simulation
from tests.worlds import TRANSFER, small_base

SHARES = np.linspace(0.0, 1.0, 21)
SIGNED = EVENTS.index("signed")


def configured(
    governments: dict[str, Any] | None = None, parameters: dict[str, Any] | None = None, **transfer: Any
) -> RunConfig:
    """PRT sends plants to VAL, in the small world."""
    policy = {**TRANSFER, "agreement": {"minimum": 2, "horizon": 10}, **transfer}
    values = {"scenario": "test", "horizon": 2022, "policies": {"industry_transfer": policy}}
    return RunConfig.judge({**values, "governments": governments or {}, "parameters": parameters or {}})


def asked(config: RunConfig, base: BaseYear, growth: dict[int, float] | None = None) -> Survey:
    found = survey(config, base, growth, policy="industry_transfer")
    assert found is not None
    return found


# --- the formula --------------------------------------------------------------------------------------------------


def formula(tax: float, origin: float, host: float) -> tuple[float, float]:
    return max(0.0, -origin / tax), min(1.0, 1.0 + host / tax)


@pytest.mark.parametrize("seed", range(200))
def test_two_cities_sign_where_the_formula_says(seed: int) -> None:
    tax, origin, host = np.random.default_rng(seed).uniform([0.1, -2.0, -2.0], [2.0, 1.0, 1.0])
    margin = np.stack([origin + tax * SHARES, host + tax * (1.0 - SHARES)])
    found = verdict(["origin", "host"], SHARES, margin)
    low, high = formula(tax, origin, host)
    signs_at_all = low <= 1.0, high >= 0.0
    assert found.never == tuple(p for p, some in zip(("origin", "host"), signs_at_all, strict=True) if not some)
    if low <= high and all(signs_at_all):
        assert found.together == pytest.approx((low, high), abs=1e-12)
        assert found.low_bound == (("origin",) if low > 0.0 else ())
        assert found.high_bound == (("host",) if high < 1.0 else ())
        assert found.conflict is None
    else:
        assert found.together is None
        assert found.width == 0.0
        assert found.conflict == (("origin", "host") if all(signs_at_all) else None)
        assert found.nearest[2] < 0.0


def test_of_many_parties_those_bind_who_want_most_and_bear_least() -> None:
    margin = np.stack([SHARES - at for at in (0.3, 0.42, 0.42)] + [at - SHARES for at in (0.9, 0.71)])
    found = verdict(["a", "b", "c", "d", "e"], SHARES, margin)
    assert found.together == pytest.approx((0.42, 0.71))
    assert found.width == pytest.approx(0.29)
    assert (found.low_bound, found.high_bound) == (("b", "c"), ("e",))


def test_the_pair_furthest_apart_is_the_reason() -> None:
    margin = np.stack([SHARES - 0.5, SHARES - 0.8, 0.6 - SHARES, 0.7 - SHARES])
    assert verdict(["a", "b", "c", "d"], SHARES, margin).conflict == ("b", "c")


def test_a_gain_that_turns_twice_has_two_ranges() -> None:
    assert signed(SHARES, np.abs(SHARES - 0.5) - 0.2, np.abs(SHARES - 0.5) >= 0.2) == (
        pytest.approx((0.0, 0.3)),
        pytest.approx((0.7, 1.0)),
    )


def test_a_rule_of_its_own_wins_over_the_margin() -> None:
    margin = np.stack([SHARES - 0.5, SHARES - 0.5])
    signs = np.stack([np.ones(21, dtype=bool), np.zeros(21, dtype=bool)])
    found = verdict(["always", "never"], SHARES, margin, signs)
    assert found.ranges == {"always": ((0.0, 1.0),), "never": ()}
    assert found.never == ("never",)


# --- lines --------------------------------------------------------------------------------------------------------


def noted(function: Callable[[float], float]) -> Callable[[float], FloatArray]:
    return lambda share: np.array([[function(share), 0.0, 3.0 * share]])


def test_straight_lines_are_computed_thrice_and_known_everywhere() -> None:
    values, computed, error = on_lines(noted(lambda share: 0.2 - 0.7 * share), SHARES)
    assert SHARES[computed].tolist() == [0.0, 0.5, 1.0]
    assert values[0, :, 0] == pytest.approx(0.2 - 0.7 * SHARES)
    assert values[0, :, 2] == pytest.approx(3.0 * SHARES)
    assert error < 1e-12


def test_a_kink_is_looked_at_closely() -> None:
    values, computed, _ = on_lines(noted(lambda share: min(share, 0.35)), SHARES)
    assert 5 < computed.sum() < 21
    assert values[0, :, 0] == pytest.approx(np.minimum(SHARES, 0.35), abs=1e-4)


# --- the govern phase ---------------------------------------------------------------------------------------------

REVENUE = 50.0  # of every city, so that gains in points are (g + share T) / REVENUE / scale


def known(monkeypatch: pytest.MonkeyPatch, tax: float, origin: float, host: float) -> None:
    """Replaces what governments expect: together the parties gain g and share the tax, otherwise nothing happens."""

    def look_ahead(model: Simulation, state: State, years: int) -> Result:
        n = model.world.n_cities
        share = float(model.policies["industry_transfer"].origin_share)  # type: ignore[attr-defined]
        room = np.full((years, n), 30.0)
        shared = np.zeros((years, n))
        if (state.membership[0] == 1.0).sum() == 2:
            prt, val = model.world.index("PRT"), model.world.index("VAL")
            shared[:, prt] = share * tax
            shared[:, val] = (1.0 - share) * tax
            room[:, prt] += origin
            room[:, val] += host
        same = np.ones((years, n))
        return Result(same, same, room + shared, REVENUE * same, shared, same, same, same)

    monkeypatch.setattr(Simulation, "look_ahead", look_ahead)


@pytest.mark.parametrize(("tax", "origin", "host"), [(10, -3, -4), (10, -13, 2), (10, -7, -4), (8, 1, 1)])
def test_the_phase_lets_both_sign_where_the_formula_says(
    monkeypatch: pytest.MonkeyPatch, tax: float, origin: float, host: float
) -> None:
    known(monkeypatch, tax, origin, host)
    low, high = formula(tax, origin, host)
    for share in np.linspace(0.013, 0.987, 12):
        model = Simulation(configured({"tastes": "revenue"}, origin_share=float(share)), base=small_base())
        model.step()
        signed_now = (model.state.events[:, EVENT.index("event")] == SIGNED).sum()
        assert signed_now == (2 if low <= share <= high else 0), share


@pytest.mark.parametrize(("tax", "origin", "host"), [(10, -3, -4), (10, -13, 2), (10, -7, -4), (8, 1, 1)])
def test_the_survey_finds_the_range_of_the_formula(
    monkeypatch: pytest.MonkeyPatch, tax: float, origin: float, host: float
) -> None:
    known(monkeypatch, tax, origin, host)
    found = asked(configured({"tastes": "revenue"}), small_base())
    scale = three_cities().parameters.value("score_scale_balance")
    assert found.parties == ("PRT", "VAL")
    assert found.gain[0] == pytest.approx((origin + tax * SHARES) / REVENUE / scale)
    assert found.gain[1] == pytest.approx((host + tax * (1.0 - SHARES)) / REVENUE / scale)
    low, high = formula(tax, origin, host)
    if low <= high and low <= 1.0:
        assert found.verdict.together == pytest.approx((low, high), abs=1e-12)
    else:
        assert found.verdict.together is None
    assert found.tax[0, :, 1] == pytest.approx(tax * SHARES)


# --- tax alone ----------------------------------------------------------------------------------------------------

# without land cost and without moves of their own accord, returns at today's prices stay what they are
STILL = {"relocation_hazard": 0.0, "land_cost_share": 0.0}
YEARS, TERM = 12, 11


@dataclass(frozen=True)
class Course:
    """What a city has in the years ahead: own revenue ``[year, region]``, tax claimed, subsidy paid ``[year]``."""

    revenue: FloatArray
    claimed: FloatArray
    paid: FloatArray


def course(state: State, base: BaseYear, transfer: dict[str, Any], *, pace: float) -> Course:
    """The years ahead at today's prices, where value added and tax follow capital; a twin of the model's phases.

    From 2020 to the last year a share ``pace`` of the origin's capital moves. What moves in t pays tax at the host from
    t + 1 on, in its first TERM years under the contract, which is settled a year later, as the subsidy is.
    """
    world, q = base.world, base.world.parameters
    (origin,), (host,) = ([world.index(code) for code in transfer[key]] for key in ("origins", "destinations"))
    s, row, left = world.sector_index("MAN"), world.row, 1.0 - q.value("depreciation_rate")
    price, now = state.investment_price[:, None], state.capital
    per_unit = state.value_added / np.where(now > 0.0, now, 1.0)
    tax = per_unit * (1.0 - base.budgets.cut)[:, None] * base.taxes.local
    profit = per_unit * (base.taxes.capital_share - base.taxes.corporate_tax) / price / base.wedge
    relative = np.maximum(profit / (profit[:row].sum() / np.count_nonzero(now[:row])), 1e-3)
    attraction = base.budgets.investment_share * relative ** q.value("investment_return_elasticity")
    attraction /= np.where(base.state.capital > 0.0, base.state.capital, 1.0)
    stock, share = now.copy(), state.investment_share.copy()
    cohorts: list[float] = []
    revenue, claimed, paid = [], [0.0], []
    for year in range(2019, 2019 + YEARS):
        moved = pace * left * stock[origin, s] if 2020 <= year <= transfer["end"] else 0.0
        stock = left * stock + share * state.national[3] / price
        stock[origin, s] -= moved
        stock[host, s] += moved
        share = attraction * stock / (attraction * stock).sum()
        cohorts = [left * cohort for cohort in cohorts] + [moved]
        revenue.append(state.own_revenue + (tax * (stock - now)).sum(axis=1))
        claimed.append(tax[host, s] * sum(cohorts[-TERM:]))
        paid.append(transfer.get("incentive", 0.0) * moved * state.investment_price[host])
    return Course(np.array(revenue), np.array(claimed[:-1]), np.array(paid))


def thresholds(state: State, base: BaseYear, transfer: dict[str, Any]) -> tuple[float, float]:
    """The share from which the origin's part of the tax makes up for what it loses; up to which the host keeps some."""
    with_it, without = (course(state, base, transfer, pace=pace) for pace in (transfer["pace"], 0.0))
    weight = (1.0 + base.world.parameters.value("government_discount_rate")) ** -np.arange(1, YEARS + 1.0)
    origin, host = (base.world.index(transfer[key][0]) for key in ("origins", "destinations"))
    lost = (without.revenue - with_it.revenue)[:, origin] / without.revenue[:, origin]
    won = ((with_it.revenue - without.revenue)[:, host] - with_it.paid) / without.revenue[:, host]
    per_share = [weight @ (with_it.claimed / without.revenue[:, city]) for city in (origin, host)]
    return float(weight @ lost / per_share[0]), float(weight @ won / per_share[1])


def abundant(world: World, city: str) -> BaseYear:
    """The world with three times the capital in manufacturing of a city, so that a unit of it yields a third."""
    capital = world.capital.copy()
    capital[world.index(city), world.sector_index("MAN")] *= 3.0
    return calibrate(world.with_capital(capital, "three times as much"), keep=False)


FREE = {"end": 2021, "incentive": 0.0}
PAID = {"origins": ["VAL"], "destinations": ["PRT"], "end": 2021, "incentive": 0.2}
DEAR = {**PAID, "incentive": 0.27}


@pytest.mark.parametrize("transfer", [FREE, PAID, DEAR], ids=["free", "paid", "dear"])
def test_with_tax_alone_the_thresholds_are_those_of_todays_prices(
    monkeypatch: pytest.MonkeyPatch, transfer: dict[str, Any]
) -> None:
    policy = {**TRANSFER, "term": TERM, "agreement": {"minimum": 2, "horizon": YEARS}, **transfer}
    config = configured({"tastes": "revenue", "expectations": "naive"}, STILL, **policy)
    base = abundant(world_of(config, three_cities()), policy["origins"][0])
    seen: list[State] = []
    usual = Simulation.look_ahead

    def look_ahead(model: Simulation, state: State, years: int) -> Result:
        seen.append(state.copy())
        return usual(model, state, years)

    monkeypatch.setattr(Simulation, "look_ahead", look_ahead)
    found = asked(config, base)
    expected = thresholds(seen[0], base, policy)
    names = policy["origins"][0], policy["destinations"][0]
    assert found.parties == names
    zero = -found.gain[:, 0] / (found.gain[:, -1] - found.gain[:, 0])  # of the line, within 0 and 1 or not
    assert zero == pytest.approx(expected, rel=1e-9)
    for party, (low, high) in zip(names, ((expected[0], 1.0), (0.0, expected[1])), strict=True):
        inside = max(low, 0.0), min(high, 1.0)
        assert found.verdict.ranges[party] == ((pytest.approx(inside),) if inside[0] <= inside[1] else ())
    assert (found.verdict.together is None) == (transfer is DEAR)
    for share in (*(at + step for at in expected for step in (-0.01, 0.01)), 0.5):
        if 0.0 <= share <= 1.0:
            model = Simulation(config.with_values({"policies.industry_transfer.origin_share": share}), base=base)
            model.step()
            both = (model.state.events[:, EVENT.index("event")] == SIGNED).sum() == 2
            assert both == (expected[0] <= share <= expected[1]), share
