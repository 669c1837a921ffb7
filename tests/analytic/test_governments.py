"""What governments want and decide: scores by hand, rules one by one, agreements with gains that are known."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sim.agents.govern import LEFT, MEMBER, REFUSED, Govern, Proposal
from sim.agents.governments import Governments
from sim.agents.rules import RULES, Decision, Observation, Offer, adaptive, best_response, imitation, per_city
from sim.agents.scores import Result, ScoreParams, gain_terms, mixed, own_streams, peer_weights, tastes, theil
from sim.core.arrays import BoolArray, FloatArray
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.state import EVENT, EVENTS, REASONS, State
from sim.core.terms import AgreementTerms
from sim.mechanisms.fiscal import borrowing, equalised
from sim.year import Simulation
from tests.worlds import POLICIES, small_base, small_model, small_reference

PARAMS = ScoreParams(
    concentration=np.array([4.0, 2.0, 3.0, 1.0]),
    scale=np.array([0.02, 0.02, 0.10, 1.0]),
    discount=0.0,
    inequality=1.0,
    inequality_scale=0.05,
    air_standard=35.0,
)


def flat(n: int, years: int, *, attributed: float = 1.0, income: float = 1.0, room: float = 1.0) -> Result:
    """The same every year in every city."""
    shape = (years, n)
    return Result(
        attributed=np.full(shape, attributed),
        real_income=np.full(shape, income),
        room=np.full(shape, room),
        revenue=np.full(shape, 2.0),
        shared=np.zeros(shape),
        people=np.ones(shape),
        exposure=np.full(shape, 40.0),
        water=np.full(shape, 0.8),
    )


# --- scores -----------------------------------------------------------------------------------------------------------


def test_gain_in_real_income_by_hand() -> None:
    before, after = flat(3, 4), flat(3, 4)
    after.real_income[:, 1] = np.exp(0.01)
    terms = gain_terms(after, before, np.zeros((3, 3)), PARAMS, start=np.ones(3))
    expected = np.zeros((3, 4))
    expected[1, 1] = 0.5
    np.testing.assert_allclose(terms, expected, atol=1e-14)


def test_gain_in_air_is_over_the_standard() -> None:
    """Seven ug/m3 less are a fifth of the standard; all cities as one breathe the mean by people."""
    before, after = flat(2, 4), flat(2, 4)
    after.exposure[:, 1] -= 7.0
    np.testing.assert_allclose(gain_terms(after, before, np.zeros((2, 2)), PARAMS, start=np.ones(2))[:, 3], [0.0, 0.2])
    whole = gain_terms(after.whole(), before.whole(), np.empty((0, 0)), PARAMS, start=2 * np.ones(1))
    assert whole[0, 3] == pytest.approx(0.1)


def test_gain_in_water_is_over_the_standard() -> None:
    before, after = flat(2, 4), flat(2, 4)
    after.water[:, 1] -= 0.3
    np.testing.assert_allclose(gain_terms(after, before, np.zeros((2, 2)), PARAMS, start=np.ones(2))[:, 3], [0.0, 0.3])


def test_gain_in_growth_is_against_peers_and_by_the_year() -> None:
    """A level 4 per cent higher from the second of four years on is one point of growth in each year's mean."""
    before, after = flat(3, 4), flat(3, 4)
    after.attributed[1:, 0] = np.exp(0.04)
    peers = np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    growth = gain_terms(after, before, peers, PARAMS, start=np.ones(3))[:, 0]
    np.testing.assert_allclose(growth, np.array([1.0, -1.0, -0.5]) * 0.01 / 0.02, rtol=1e-12)


def test_gain_in_the_budget_is_over_revenue_and_discounted() -> None:
    before, after = flat(1, 2), flat(1, 2)
    after.room[1] += 0.5
    params = replace(PARAMS, discount=0.25)
    balance = gain_terms(after, before, np.zeros((1, 1)), params, start=np.ones(1))[0, 2]
    weight = 0.8**2 / (0.8 + 0.8**2)
    assert balance == pytest.approx(weight * 0.5 / 2.0 / 0.10, rel=1e-12)


def test_region_counts_with_its_weight_and_mean_tastes() -> None:
    own, region = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]), np.array([[0.0, 0.0, 2.0, 0.0]])
    weights = np.array([[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]])
    score = mixed(own, region, weights, np.array([0.0, 0.4]), PARAMS.standard)
    np.testing.assert_allclose(score, [1.0, 0.6 * 0.5 + 0.4 * 2.0 * 0.3], rtol=1e-14)


def test_theil_by_hand() -> None:
    assert theil(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0.0
    expected = 0.25 * np.log(0.5) + 0.75 * np.log(1.5)
    assert theil(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == pytest.approx(expected, rel=1e-14)


def test_tastes_belong_to_the_city_and_not_to_its_position() -> None:
    world = small_base().world
    drawn = tastes(PARAMS, own_streams(world, 1, 0))
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0, rtol=1e-14)
    turned = SimpleNamespace(
        n_cities=world.n_cities, region_ids=world.region_ids[: world.n_cities][::-1], base_year=world.base_year
    )
    np.testing.assert_array_equal(tastes(PARAMS, own_streams(turned, 1, 0)), drawn[::-1])  # type: ignore[arg-type]
    assert not np.array_equal(tastes(PARAMS, own_streams(world, 2, 0)), drawn)
    many = np.mean([tastes(PARAMS, own_streams(world, seed, 0)) for seed in range(400)], axis=(0, 1))
    np.testing.assert_allclose(many, PARAMS.standard, atol=0.02)


def test_peers_are_the_province_or_the_largest_elsewhere() -> None:
    world = SimpleNamespace(
        n_cities=6,
        province_of=np.array([0, 1, 1, 1, 2, 2]),
        value_added=np.array([[9.0], [3.0], [1.0], [5.0], [2.0], [4.0]]),
    )
    peers = peer_weights(world)  # type: ignore[arg-type]
    np.testing.assert_allclose(peers[0], [0, 0.25, 0, 0.25, 0.25, 0.25])
    np.testing.assert_allclose(peers[1], [0, 0, 0.5, 0.5, 0, 0])
    np.testing.assert_allclose(peers[4], [0, 0, 0, 0, 0, 1])


def test_score_of_a_year_by_hand() -> None:
    """Recomputed from the record with plain formulas; the base year is its own reference."""
    model = small_model(governments={"rule": "adaptive", "tastes": "mean"})
    model.run()
    record, world, n = model.record, model.world, model.world.n_cities
    t = 3
    real, income, gdp = record["real_gdp"][:, :n], record["real_income"][:, :n], record["gdp"][:, : world.row]
    growth = np.log(real[t] / real[t - 1])
    path = np.prod([1 + world.national_value("real_growth", 2019 + k) / 100 for k in range(1, t + 1)])
    services = (record["city_service"] + record["city_cash"])[:, :n]
    people = record["resident_population"][:, : world.row]
    grown = gdp[t].sum() / gdp[0].sum() * (people[t] / people[t].sum())[:n] / (people[0] / people[0].sum())[:n]
    peers = peer_weights(world)
    terms = np.stack(
        [
            (growth - peers @ growth) / 0.02,
            np.log(income[t] / (income[0] * path)) / 0.02,
            (services[t] - services[0] * grown) / record["own_revenue"][t, :n] / 0.10,
            1 - record["pm25"][t, :n] / 35,
        ]
    )
    np.testing.assert_allclose(record["score_terms"][t, :n].T, terms, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(record["score"][t, :n], [0.4, 0.2, 0.3, 0.1] @ terms, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(record["score_terms"][0, :n, 1:3], 0.0)


# --- rules ------------------------------------------------------------------------------------------------------------


def seen(**changes: object) -> Observation:
    ones = np.ones(3)
    usual: dict[str, object] = {
        "year": 2020, "city": np.arange(3), "score": ones, "last_score": 0 * ones, "subsidy_rate": 0.02 * ones,
        "subsidy_direction": ones, "infrastructure_share": 0.12 * ones, "infrastructure_direction": -ones,
        "best_peer_rate": 0.05 * ones, "best_peer_score": 2 * ones, "draw": np.full((3, 3), 0.4), "subsidy_step": 0.01,
        "subsidy_limit": 0.1 * ones, "infrastructure_step": 0.02, "infrastructure_band": 0.05,
        "infrastructure_base": 0.12 * ones, "imitation": 0.5,
    }  # fmt: skip
    return Observation(**{**usual, **changes})  # type: ignore[arg-type]


def test_trial_and_error_goes_on_when_it_helped_and_back_when_it_did_not() -> None:
    decision = adaptive(seen(score=np.array([1.0, -1.0, 1.0]), subsidy_direction=np.array([1.0, 1.0, 0.0])))
    np.testing.assert_allclose(decision.subsidy_rate, [0.03, 0.01, 0.01])  # the third draws its first way: down
    np.testing.assert_allclose(decision.infrastructure_share, [0.10, 0.14, 0.10])


def test_trial_and_error_stays_within_its_limits() -> None:
    decision = adaptive(seen(subsidy_rate=np.array([0.1, 0.0, 0.095]), subsidy_direction=np.array([1.0, -1.0, 1.0])))
    np.testing.assert_allclose(decision.subsidy_rate, [0.1, 0.0, 0.1])
    decision = adaptive(seen(infrastructure_share=np.full(3, 0.07)))
    np.testing.assert_allclose(decision.infrastructure_share, 0.07)


def test_imitation_copies_better_peers_only_when_it_looks() -> None:
    looks = np.array([[0.4, 0.4, 0.4], [0.4, 0.4, 0.6], [0.4, 0.4, 0.4]])
    decision = imitation(seen(draw=looks, best_peer_score=np.array([2.0, 2.0, 0.0])))
    np.testing.assert_allclose(decision.subsidy_rate, [0.05, 0.03, 0.03])


def test_best_response_takes_the_best_step() -> None:
    target = np.array([0.05, 0.0, 0.02])
    asked = []

    def expected(city: np.ndarray, rate: np.ndarray) -> np.ndarray:
        asked.append(rate.copy())
        return (0.02 - target[city]) ** 2 - (rate - target[city]) ** 2

    decision = best_response(seen(expected_score=expected))
    np.testing.assert_allclose(decision.subsidy_rate, [0.03, 0.01, 0.02])
    np.testing.assert_allclose(asked, [[0.03, 0.03, 0.03], [0.02, 0.01, 0.01]])  # who goes up is not asked about down


@pytest.mark.parametrize("name", ["passive", "adaptive", "imitation", "never_sign", "always_sign"])
def test_a_rule_serves_one_city_as_it_serves_many(name: str) -> None:
    many = seen(score=np.array([1.0, -1.0, 0.5]), offer=None)
    offered = replace(many, offer=Offer("x", np.array([1.0, -1.0, 0.0]), np.zeros(3), np.zeros(3)))
    for observation in (many, offered):
        whole, single = RULES[name](observation), per_city(RULES[name])(observation)
        for item in Decision.__dataclass_fields__:
            one, other = getattr(whole, item), getattr(single, item)
            assert (one is None) == (other is None)
            if one is not None:
                np.testing.assert_array_equal(np.asarray(one, dtype=float), np.asarray(other, dtype=float))


# --- agreements with known gains --------------------------------------------------------------------------------------


class Known:
    """A look ahead in which members gain what a function of the members says, in log points of real income."""

    def __init__(self, gains: object, n: int) -> None:
        self.gains, self.n, self.asked = gains, n, 0

    def __call__(self, state: State, years: int) -> Result:
        self.asked += 1
        members = state.membership[0, : self.n] == MEMBER
        result = flat(self.n, years)
        result.real_income[:] *= np.exp(np.asarray(self.gains(members, state)))  # type: ignore[operator]
        return result


def negotiation(
    gains: object, terms: AgreementTerms, *, rule: str = "passive", viable: object = lambda chosen: True
) -> tuple[Govern, State, Levers]:
    base = small_base()
    world = base.world
    governments = Governments.of(world, range(2019, 2030), (1, 0), "income", rule, {})
    proposal = Proposal(
        "pact",
        np.arange(world.n_cities),
        np.array([], dtype=np.int64),
        terms,
        2020,
        2030,
        viable,  # type: ignore[arg-type]
    )
    phase = Govern(base, governments, (proposal,), Known(gains, world.n_cities))
    state = small_reference().state.copy()
    state.year = 2019
    state.membership, state.losing_years, state.given = np.zeros((3, 1, world.n_regions))
    state.events = np.empty((0, len(EVENT)))
    return phase, state, Levers.neutral(base.admin_barrier, world.n_sectors)


def told(state: State) -> list[tuple[str, int, str]]:
    column = {name: k for k, name in enumerate(EVENT)}
    return [
        (EVENTS[int(row[column["event"]])], int(row[column["party"]]), REASONS[int(row[column["reason"]])])
        for row in state.events
    ]


def members(state: State) -> list[int]:
    return np.flatnonzero(state.membership[0] == MEMBER).tolist()


def test_who_gains_signs_and_who_loses_refuses() -> None:
    gains = np.array([0.01, -0.02, 0.03])
    phase, state, levers = negotiation(lambda who, state: gains * who, AgreementTerms(minimum=2))
    phase.update(state, levers)
    assert members(state) == [0, 2]
    assert state.membership[0, 1] == REFUSED
    events = told(state)
    assert [e for e in events if e[0] == "asked"] == [("asked", k, "") for k in range(3)]
    assert ("refused", 1, "expects to lose") in events
    assert ("signed", 0, "expects to gain") in events
    assert ("signed", 2, "expects to gain") in events
    gain = state.events[:3, EVENT.index("expected_gain")]
    np.testing.assert_allclose(gain, gains / 0.02, rtol=1e-12)


def test_those_left_decide_again_until_it_is_stable() -> None:
    """The second gains only while the third is in it, which refuses: so it refuses as well, and one is too few."""

    def gains(who: BoolArray, state: State) -> FloatArray:
        return who * np.array([0.01, 0.01 if who[2] else -0.01, -0.01])

    phase, state, levers = negotiation(gains, AgreementTerms(minimum=2))
    phase.update(state, levers)
    assert members(state) == []
    assert [e[:2] for e in told(state) if e[0] == "refused"] == [("refused", 2), ("refused", 1)]
    assert told(state)[-1][0::2] == ("failed", "too few members")


def test_free_riders_refuse_what_they_would_have_anyway() -> None:
    """Everybody gains from two members, members pay: a city compares with the agreement of the others."""

    def gains(who: BoolArray, state: State) -> FloatArray:
        return 0.05 * np.ones(3) * (who.sum() >= 2) - 0.01 * who

    phase, state, levers = negotiation(gains, AgreementTerms(minimum=2))
    phase.update(state, levers)
    assert members(state) == []  # with all three in it each can leave and lose nothing
    phase, state, levers = negotiation(gains, AgreementTerms(minimum=3))
    phase.update(state, levers)
    assert members(state) == [0, 1, 2]  # nobody can leave without ending it


def test_reserve_needed_party_and_viability() -> None:
    gains = np.array([0.01, 0.02, 0.03])
    phase, state, levers = negotiation(lambda who, state: gains * who, AgreementTerms(reserve=0.9))
    phase.update(state, levers)
    assert members(state) == [1, 2]
    phase, state, levers = negotiation(lambda who, state: gains * who, AgreementTerms(), viable=lambda who: not who[0])
    phase.update(state, levers)
    assert members(state) == []
    assert told(state)[-1][2] == "nobody to agree with"
    phase, state, levers = negotiation(lambda who, state: -gains * who, AgreementTerms())
    phase.proposals = (replace(phase.proposals[0], needed=np.array([1])),)
    phase.update(state, levers)
    assert told(state)[-1][2] == "a needed party refused"


def later(phase: Govern, state: State, levers: Levers, years: int) -> list[tuple[int, str, int, str]]:
    found = []
    for _ in range(years):
        state.year += 1
        state.events = np.empty((0, len(EVENT)))
        phase.update(state, levers)
        found += [(state.year, *event) for event in told(state)]
    return found


def souring(who: BoolArray, state: State) -> FloatArray:
    """The first city loses from 2021 on, unless the split was shifted towards it."""
    bad = state.year >= 2021 and not state.given[0, 0]
    return who * np.array([-0.01 if bad else 0.01, 0.02, 0.02])


def test_a_member_that_loses_for_too_long_leaves() -> None:
    phase, state, levers = negotiation(souring, AgreementTerms(minimum=2, patience=3))
    phase.update(state, levers)
    assert later(phase, state, levers, 8) == [(2023, "left", 0, "lost for too long")]
    assert members(state) == [1, 2]
    assert state.membership[0, 0] == LEFT


def test_a_better_split_keeps_it() -> None:
    phase, state, levers = negotiation(souring, AgreementTerms(minimum=3, patience=2, renegotiation=True))
    phase.update(state, levers)
    assert later(phase, state, levers, 8) == [(2022, "renegotiated", 0, "wants a better split")]
    assert members(state) == [0, 1, 2]


def test_it_ends_when_too_few_are_left() -> None:
    phase, state, levers = negotiation(souring, AgreementTerms(minimum=3, patience=1))
    phase.update(state, levers)
    events = later(phase, state, levers, 4)
    assert events[-1][0::3] == (2021, "too few members")
    assert members(state) == []


def test_the_refused_are_asked_again() -> None:
    def gains(who: BoolArray, state: State) -> FloatArray:
        return who * np.array([0.01, 0.01, 0.01 if state.year >= 2022 else -0.01])

    phase, state, levers = negotiation(gains, AgreementTerms(minimum=2, ask_again=2))
    phase.update(state, levers)
    assert members(state) == [0, 1]
    events = later(phase, state, levers, 4)
    assert (2023, "signed", 2, "expects to gain") in events
    assert members(state) == [0, 1, 2]


def test_the_centre_imposes_what_the_region_gains_from_and_vetoes_what_it_loses_from() -> None:
    gains = np.array([0.05, 0.05, -0.01])
    terms = AgreementTerms(minimum=3, if_refused="impose")
    phase, state, levers = negotiation(lambda who, state: gains * who, terms)
    phase.update(state, levers)
    assert members(state) == [0, 1, 2]
    assert [e for e in told(state) if e[0] == "imposed"][-1][2] == "expects the region to gain"
    everybody_else_loses = np.array([0.01, 0.01, -0.10])
    terms = AgreementTerms(minimum=2, approval=["centre"])
    phase, state, levers = negotiation(lambda who, state: everybody_else_loses * who.any(), terms, rule="always_sign")
    phase.update(state, levers)
    assert members(state) == []
    assert ("vetoed", phase.base.world.n_regions + phase.base.n_provinces, "expects the region to lose") in told(state)


def test_a_province_vetoes_what_its_cities_lose_from() -> None:
    terms = AgreementTerms(minimum=2, approval=["province"])
    phase, state, levers = negotiation(lambda who, state: -0.01 * who, terms, rule="always_sign")
    phase.update(state, levers)
    assert members(state) == []
    assert any(event == "vetoed" and party >= phase.base.world.n_regions for event, party, _ in told(state))


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_equalised_transfers_by_hand() -> None:
    """A city that gains capacity of 10 loses half of it, and everybody gets a part of that by residents."""
    transfers = equalised(np.array([5.0, 20.0]), np.array([-10.0, 0.0]), np.array([1.0, 3.0]), 0.5)
    np.testing.assert_allclose(transfers, [5.0 - 5.0 + 1.25, 20.0 + 3.75])
    assert transfers.sum() == pytest.approx(25.0)


def test_borrowing_ends_at_the_limit() -> None:
    new = borrowing(np.full(3, 2.0), np.array([5.0, 9.0, 12.0]), np.full(3, 10.0), 1.0)
    np.testing.assert_allclose(new, [2.0, 1.0, 0.0])


def test_transfers_of_the_base_year_stay_when_nothing_changes() -> None:
    base = small_base()
    model = small_model()
    model.step()
    np.testing.assert_allclose(model.state.transfer_share, base.budgets.transfer, rtol=1e-12)


# --- in a run ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["adaptive", "imitation", "best_response"])
def test_books_close_whatever_governments_decide(rule: str) -> None:
    tastes = "growth" if rule == "best_response" else "drawn"
    setting = {"rule": rule, "tastes": tastes, "expectations": "myopic"}
    policies = {
        name: values for name, values in POLICIES.items() if name not in ("harmonised_rules", "assessment_reform")
    }
    model = small_model(policies, governments=setting, check_identities=True)
    model.run()
    paid = model.record["subsidy"][:, : model.world.n_cities]
    assert paid[3:].max() > 0.0
    again = small_model(policies, governments=setting)
    again.run()
    np.testing.assert_array_equal(again.record["score"], model.record["score"])


def test_subsidies_are_paid_on_new_and_arriving_investment() -> None:
    model = small_model(governments={"rule": "adaptive"})
    model.run()
    record, n = model.record, model.world.n_cities
    rate = record["decided_subsidy"]
    t = 5
    arriving = record["relocated_capital"][t].sum(axis=(0, 1)) * record["investment_price"][t]
    due = rate[t] * record["private_investment"][t] + record["subsidy_rate"][t] * arriving
    np.testing.assert_allclose(record["subsidy"][t + 1, :n], due[:n], rtol=1e-6)


def signed_pact(**governments: object) -> Simulation:
    pact = POLICIES["market_integration"] | {"start": 2021, "agreement": {"minimum": 2, "horizon": 3}}
    model = small_model({"market_integration": pact}, governments=governments, growth=small_reference().growth)
    model.run()
    return model


def events_of(model: Simulation, event: str) -> set[str]:
    rows = np.vstack(model.record.events)
    chosen = rows[rows[:, EVENT.index("event")] == EVENTS.index(event), EVENT.index("party")]
    return {model.world.region_ids[int(party)] for party in chosen}


@pytest.mark.parametrize("expectations", ["myopic", "rollout"])
def test_one_citys_rule_changes_who_signs(expectations: str) -> None:
    """The proof that governments matter: all sign a single market; with one that never signs, one does not."""
    usual = signed_pact(tastes="income", expectations=expectations)
    stubborn = signed_pact(tastes="income", expectations=expectations, rules={"VAL": "never_sign"})
    world = usual.world
    assert events_of(usual, "signed") == set(world.region_ids[: world.n_cities])
    assert events_of(stubborn, "signed") == set(world.region_ids[: world.n_cities]) - {"VAL"}
    assert events_of(stubborn, "refused") == {"VAL"}
    kept = small_base().admin_barrier[world.index("VAL"), : world.n_cities].sum()
    assert kept > 0.0
    assert stubborn.levers.admin_barrier[world.index("VAL"), : world.n_cities].sum() == kept
    assert usual.levers.admin_barrier[: world.n_cities, : world.n_cities].sum() == 0.0


def test_looking_ahead_changes_nothing() -> None:
    model = small_model(POLICIES)
    for _ in range(3):
        model.step()
    before, levers = model.state.copy(), model.levers.subsidy_rate.copy()
    once, twice = model.look_ahead(model.state, 3), model.look_ahead(model.state, 3)
    np.testing.assert_array_equal(once.real_income, twice.real_income)
    for name, value in vars(before).items():
        np.testing.assert_array_equal(getattr(model.state, name), value, err_msg=name)
    np.testing.assert_array_equal(model.levers.subsidy_rate, levers)


def test_a_rollout_is_what_then_happens() -> None:
    """Without decisions and disputes in between, the model's forecast is the model's future."""
    calm = {name: values for name, values in POLICIES.items() if name != "tax_sharing"}
    model = small_model(calm, growth=small_reference().growth)
    model.step()
    state = model.state.copy()
    seen_years = model_years(model, 3)
    ahead = small_model(calm, growth=small_reference().growth)
    ahead.step()
    np.testing.assert_array_equal(ahead.state.capital, state.capital)
    names = [phase.name for phase in ahead.phases]
    ahead.levers.reset(ahead.baseline_levers)
    for policy in ahead.in_force(ahead.state):
        policy.set_levers(ahead.levers, ahead.state.year, ahead.world)
    for phase in ahead.phases[: names.index("govern")]:
        phase.update(ahead.state, ahead.levers)
    forecast = ahead.look_ahead(ahead.state, 2).real_income
    np.testing.assert_allclose(forecast, seen_years[1:], rtol=1e-7)


def model_years(model: Simulation, years: int) -> FloatArray:
    first = model.record.n_done
    for _ in range(years):
        model.step()
    return model.record["real_income"][first:, : model.world.n_cities]


def test_unknown_rules_and_cities_are_named() -> None:
    with pytest.raises(InputError, match="adaptive"):
        small_model(governments={"rule": "adaptiv"})
    with pytest.raises(InputError, match="XXX"):
        small_model(governments={"rules": {"XXX": "passive"}})
    pact = POLICIES["market_integration"] | {"agreement": {"minimum": 9}}
    with pytest.raises(InputError, match="9 members"):
        small_model({"market_integration": pact})
