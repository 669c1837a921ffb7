"""Coalition studies: values against runs made by hand, rules against `sim.bargaining`, verdicts on known games."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim as deltasim
from sim.bargaining import RULES as PUBLIC
from sim.bargaining import NoSolutionError, split
from sim.cli import main
from sim.config import judged
from sim.core.errors import InputError
from sim.experiments.coalition import runs, study
from sim.experiments.coalition.question import Players, Question
from sim.experiments.coalition.runs import Setup, Worth
from sim.experiments.coalition.study import LEAST, RULES, CoalitionStudy, coalition
from sim.experiments.ensemble.executors import Died, InProcess
from sim.report.coalition import render_coalition

SMALL = ["world=three_cities", "horizon=2023"]
MARKET = [*SMALL, "policies.market_integration.start=2020", "policies.market_integration.end=2021"]
TRANSFER = [
    *SMALL,
    "policies.industry_transfer.origins=[PRT]",
    "policies.industry_transfer.destinations=[VAL,MIL]",
    "policies.industry_transfer.sectors=[MAN]",
    "policies.industry_transfer.start=2020",
]
CITIES = ("Port City", "Milltown", "Valley City")
CODES = dict(zip(CITIES, ("PRT", "MIL", "VAL"), strict=True))


@pytest.fixture(scope="module")
def market():
    return coalition("market_integration", list(CITIES), overrides=MARKET)


@pytest.fixture(scope="module")
def setup():
    return Setup.of(Question(scenario="market_integration", overrides=MARKET, parties=["CO", "IN"]))


def every(players):
    return [members for size in range(len(players) + 1) for members in combinations(players, size)]


def invented(setup, gains, sizes=None, asked=None, **question):
    """A study of a game: ``gains(coalition)`` are the gains of all players, whoever they are."""
    players = tuple(gains(()))
    sizes = sizes or dict.fromkeys(players, 1.0)
    found = replace(
        setup,
        question=setup.question.model_copy(update=question),
        players=Players(dict.fromkeys(players, ()), (), {}),
    )
    worth = {}
    for members in asked or every(players):
        amounts = {player: 100.0 + gain for player, gain in gains(members).items()}
        worth[members] = Worth(amounts, sum(amounts.values()), dict.fromkeys(runs.SIZES, sizes))
    return CoalitionStudy(found, worth)


def transferable(value, players):
    """Gains of a game of which only the members' sum counts: the first member has it all, outsiders nothing."""
    return lambda members: {p: float(value(members)) if members[:1] == (p,) else 0.0 for p in players}


# --- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "column"),
    [("real_income", "real_income"), ("real_gdp", "real_gdp"), ("own_revenue", None)],
)
def test_a_value_is_that_of_two_runs_made_by_hand(measure, column):
    found = coalition("market_integration", list(CITIES), overrides=MARKET, measure=measure, discount=0.1)
    tables = []
    for members in ("PRT,VAL", ""):
        words = [*MARKET, f"policies.market_integration.members=[{members}]"]
        table = deltasim.run("market_integration", overrides=words).cities.set_index(["year", "region"])
        own = (table["own_revenue"] + table["shared_revenue"]) / table["price_index"]
        tables.append(own if column is None else table[column])
    change = tables[0] - tables[1]
    for city, code in CODES.items():
        by_hand = sum(change[year, code] / 1.1 ** (year - 2020) for year in range(2020, 2024))
        assert found.gains[("Port City", "Valley City")][city] == pytest.approx(by_hand, rel=1e-9, abs=1e-9)
    both = [found.gains[("Port City", "Valley City")][city] for city in ("Port City", "Valley City")]
    assert found.values[("Port City", "Valley City")] == sum(both)
    assert abs(found.values[("Port City", "Valley City")]) > 1.0


def test_one_year_alone_and_all_years_undiscounted(market):
    years = {t: coalition("market_integration", CITIES, overrides=MARKET, year=t).total for t in range(2019, 2024)}
    assert years[2019] == 0.0
    assert len(set(years.values())) == 5
    undiscounted = coalition("market_integration", CITIES, overrides=MARKET, discount=0.0)
    assert undiscounted.total == pytest.approx(sum(years.values()), rel=1e-12)
    discounted = sum(gain * 1.04 ** (2020 - t) for t, gain in years.items())
    assert market.total == pytest.approx(discounted, rel=1e-12)
    longer = coalition("market_integration", CITIES, overrides=MARKET, beyond=2)
    assert longer.total == pytest.approx(discounted + years[2023] * (1.04**-4 + 1.04**-5), rel=1e-12)
    assert "to 2023, and for 2 years more as in the last, discounted to 2020" in longer.measure
    assert "in 2022" in coalition("market_integration", CITIES, overrides=MARKET, year=2022).measure


def test_without_partners_there_is_no_agreement(market):
    """A border has two sides, and cities of one province have none between them."""
    assert set(market.values) == {members for members in every(CITIES) if members}
    assert [market.values[(city,)] for city in CITIES] == [0.0, 0.0, 0.0]
    assert market.values[("Port City", "Milltown")] == 0.0
    assert market.total > market.values[("Port City", "Valley City")] > 0.0


def test_a_province_is_its_cities_and_everybody_together_is_everybody(market):
    provinces = coalition("market_integration", "co, 内陆省", overrides=MARKET)
    assert provinces.setup.players.cities == {"CO": ("PRT", "MIL"), "IN": ("VAL",)}
    assert provinces.total == pytest.approx(market.total, rel=1e-12)
    assert provinces.own["CO"] == pytest.approx(market.own["Port City"] + market.own["Milltown"], rel=1e-12)
    everyone = coalition("market_integration", "all", overrides=MARKET)
    assert everyone.values == market.values


def test_others_stay_out_or_take_part(market):
    pair = ("Port City", "Valley City")
    out = coalition("market_integration", pair, overrides=MARKET)
    assert out.setup.players.others == ("MIL",)
    assert out.total == market.values[pair]
    inside = coalition("market_integration", pair, overrides=MARKET, others="in")
    with_milltown = [market.gains[CITIES][city] - market.gains[("Milltown",)][city] for city in pair]
    assert inside.total == pytest.approx(sum(with_milltown), rel=1e-12)
    alone = market.gains[("Milltown", "Valley City")]["Valley City"]
    assert inside.values[("Valley City",)] == pytest.approx(alone, rel=1e-12)
    assert "The parties that are no player's (1) take part in every run." in inside.sentences()
    assert "The parties that are no player's (1) stay out of every run." in out.sentences()


def test_elsewhere_is_what_the_other_cities_gain(market):
    assert market.elsewhere == pytest.approx(0.0, abs=1e-6)
    pair = ("Port City", "Valley City")
    out = coalition("market_integration", pair, overrides=MARKET)
    assert out.elsewhere == pytest.approx(market.gains[pair]["Milltown"], rel=1e-6)


def test_the_same_on_any_number_of_workers(market):
    pool = deltasim.coalition("market_integration", CITIES, overrides=MARKET, workers=2)
    assert list(pool.values.items()) == list(market.values.items())
    assert pool.plain() == market.plain()


def test_policies_together_and_a_policy_without_parties_is_in_force_in_every_run():
    words = [*TRANSFER, *MARKET[2:], "+policies=[industry_transfer,market_integration]"]
    setup = Setup.of(Question(scenario="industry_transfer", overrides=words, parties=["PRT", "VAL"]))
    assert setup.players.values(("Port City",)) == {
        "policies.industry_transfer.members": ["PRT"],
        "policies.market_integration.members": ["PRT"],
    }


def test_terms_of_consent_count_but_nobody_is_asked_again():
    """A coalition has signed; one too small, or without those who are needed, is none."""
    agreed = ["policies.market_integration.agreement.minimum=2", "policies.market_integration.agreement.needed=[VAL]"]
    players = Setup.of(Question(scenario="market_integration", overrides=[*MARKET, *agreed], parties=[*CITIES])).players
    members = {name: players.values(name)["policies.market_integration.members"] for name in every(CITIES)}
    assert [name for name, codes in members.items() if codes] == [
        ("Port City", "Valley City"), ("Milltown", "Valley City"), CITIES,
    ]  # fmt: skip
    assert players.values(())["policies.market_integration.agreement"] is None
    asked = coalition("market_integration", CITIES, overrides=[*MARKET, *agreed])
    imposed = coalition("market_integration", CITIES, overrides=MARKET)
    assert asked.values == imposed.values


def test_members_named_by_the_scenario_are_the_only_parties():
    words = [*MARKET, "policies.market_integration.members=[PRT,VAL]"]
    with pytest.raises(InputError, match="'MIL' is no party .*allowed: Port City, Valley City"):
        coalition("market_integration", "PRT,MIL", overrides=words)
    assert coalition("market_integration", "all", overrides=words).players == ("Port City", "Valley City")


# --- rules and verdicts -------------------------------------------------------------------------------------------


def test_rules_are_those_of_the_public_functions(market):
    """Of three cities, one behind the border: shares by every rule, in the order of the rules."""
    assert list(market.splits) == list(RULES)
    world = market.setup.world
    for rule in ("equal", "separable", "shapley", "nucleolus"):
        assert market.splits[rule].shares == split(market.values, rule, kind="value")
    for what, table in (("gdp", "gdp"), ("population", "resident_population"), ("capacity", "own_revenue")):
        weights = market.worth[()].sizes[what]
        frame = world.tables["region_values"]
        given = frame[(frame["variable"] == table) & (frame["year"] == world.base_year)].set_index("region")["value"]
        if len(given):
            assert weights == pytest.approx({city: given[code] for city, code in CODES.items()}, rel=1e-6)
        expected = split(market.values, "proportional", kind="value", weights=weights)
        assert market.splits[f"by_{what}"].shares == expected
    assert market.splits["nash"].shares == pytest.approx(market.splits["equal"].shares)
    assert set(PUBLIC) - {"proportional"} <= set(RULES)


def test_free_riding_and_who_gains_outside(setup):
    """Two build a road that the third uses: it gains more outside than its equal share."""

    def gains(members):
        built = {"a", "b"} <= {*members}
        own = {"a": 3.0, "b": 3.0, "c": 9.0 if "c" in members else 12.0}
        return own if built else dict.fromkeys("abc", 0.0)

    found = invented(setup, gains)
    assert found.outside == {"a": 0.0, "b": 0.0, "c": 12.0}
    assert found.total == 15.0
    assert found.splits["equal"].leavers == {"c": 12.0}
    assert found.splits["none"].leavers == {"c": 12.0}
    assert any("Who stays out gains all the same" in s and "under every rule" in s for s in found.sentences())
    outside = invented(setup, gains, disagreement="outside")
    assert outside.splits["nash"].shares == {"a": 1.0, "b": 1.0, "c": 13.0}
    assert not outside.splits["nash"].leavers


def test_losers_are_compensated_by_as_little_as_can_be(setup):
    own = {"a": -6.0, "b": 8.0, "c": 16.0}
    found = invented(setup, lambda members: own if len(members) == 3 else dict.fromkeys("abc", 0.0))
    assert found.compensation.total == 6.0
    assert found.splits[LEAST].shares == pytest.approx({"a": 0.0, "b": 6.0, "c": 12.0})
    assert found.splits[LEAST].payments == pytest.approx({"a": 6.0, "b": -2.0, "c": -4.0})
    assert found.splits[LEAST].individually_rational
    assert found.splits[LEAST].in_core
    assert not found.splits["none"].individually_rational
    assert found.splits["none"].objections == [(("a",), 6.0)]
    told = found.sentences()
    assert told[0].startswith("The agreement of all 3 is worth 18: there is something to share.")
    assert told[1] == "Without side payments 1 of 3 lose: a (-6)."
    assert told[2] == "The least compensation that makes everyone sign is 6: to a 6, from c 4, b 2."
    assert "no payments (a)" in found.sentences()[4]


def test_by_benefit_gives_losers_nothing(setup):
    own = {"a": -6.0, "b": 8.0, "c": 16.0}
    found = invented(setup, lambda members: own if len(members) == 3 else dict.fromkeys("abc", 0.0))
    assert found.splits["by_benefit"].shares == pytest.approx({"a": 0.0, "b": 6.0, "c": 12.0})


def test_nothing_to_share_and_a_smaller_agreement_that_is_worth_more(setup):
    def gains(members):
        return {p: {2: 5.0, 3: -1.0}.get(len(members), 0.0) if p in members else 0.0 for p in "abc"}

    found = invented(setup, gains)
    told = found.sentences()
    assert (
        told[0]
        == "The agreement of all 3 is worth -3: there is nothing to share. Of the coalitions a+b is worth most, 10."
    )
    assert "No side payments can make everyone sign: 3 would have to come from outside." in told
    assert found.no_answer.keys() == {LEAST, "by_benefit", "separable", "nucleolus", "nash"}
    assert found.core_is_empty
    assert found.compensation.missing == 3.0


def test_an_empty_core(setup):
    found = invented(setup, transferable(lambda members: len(members) > 1, "abc"))
    assert found.core_is_empty
    assert not any(s.in_core for s in found.splits.values())
    assert "The core is empty: every split leaves some group better off by itself." in found.sentences()
    pairs = [coalition for coalition, _ in found.splits["nucleolus"].objections]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found.splits["nucleolus"].objections[0][1] == pytest.approx(1 / 3)


def test_nobody_has_to_act_alone_to_its_own_loss(setup):
    """Alone a would lose 10; a share of -2 is more than that, but less than doing nothing."""
    own = {"a": -2.0, "b": 8.0}
    alone = {("a",): {"a": -10.0, "b": 0.0}, ("a", "b"): own}
    found = invented(setup, lambda members: alone.get(members, {"a": 0.0, "b": 0.0}))
    assert found.values[("a",)] == -10.0
    assert found.splits["none"].objections == [(("a",), 2.0)]
    assert not found.splits["none"].in_core
    assert found.compensation.transfers == {"a": 2.0, "b": -2.0}


games = st.integers(2, 4).flatmap(
    lambda n: st.lists(st.lists(st.integers(-20, 40), min_size=n, max_size=n), min_size=2**n, max_size=2**n)
)


@given(numbers=games, sizes=st.lists(st.integers(1, 9), min_size=4, max_size=4))
def test_any_game(setup, numbers, sizes):
    """Shares sum to the value of all, payments to zero, and the marks are those of the definitions."""
    players = "abcd"[: len(numbers[0])]
    table = {
        members: dict(zip(players, map(float, row), strict=True))
        for members, row in zip(every(players), numbers, strict=True)
    }
    table[()] = dict.fromkeys(players, 0.0)
    found = invented(setup, table.__getitem__, dict(zip(players, map(float, sizes[: len(players)]), strict=True)))
    value = {members: sum(table[members][p] for p in members) for members in every(players)}
    assert found.splits.keys() | found.no_answer.keys() == set(RULES)
    for rule, s in found.splits.items():
        assert math.fsum(s.shares.values()) == pytest.approx(value[tuple(players)], abs=1e-6), rule
        assert math.fsum(s.payments.values()) == pytest.approx(0.0, abs=1e-6)
        fine = all(x >= max(value[(p,)], 0.0) - 1e-4 for p, x in s.shares.items())
        held = all(sum(s.shares[p] for p in S) >= value[S] - 1e-4 for S in value if S)
        assert s.individually_rational == fine
        assert s.in_core == (fine and held)
        assert s.leavers.keys() == {
            p for p, x in s.shares.items() if table[tuple(o for o in players if o != p)][p] > x + 1e-4
        }
    reserve = sum(max(value[(p,)], 0.0) for p in players)
    assert (LEAST in found.splits) == (value[tuple(players)] >= reserve)
    if LEAST in found.splits:
        assert found.splits[LEAST].individually_rational
        assert not found.core_is_empty or not any(s.in_core for s in found.splits.values())
    assert json.loads(json.dumps(found.plain(), allow_nan=False))


# --- many players -------------------------------------------------------------------------------------------------

MANY = tuple(f"p{i:02d}" for i in range(14))


def evaluated(gains, log):
    """Stands for the runs: the gains of a game."""

    def evaluate(self, coalitions, executor, tell=None):
        log.append(list(coalitions))
        return invented(self, gains, asked=coalitions).worth

    return evaluate


@pytest.fixture
def many(setup, monkeypatch):
    """A study of a game of fourteen players, of which the log keeps what was run."""

    def ask(gains, **options):
        log = []
        players = Players(dict.fromkeys(MANY, ()), (), {})
        monkeypatch.setattr(
            Setup, "of", classmethod(lambda cls, question: replace(setup, question=question, players=players))
        )
        monkeypatch.setattr(Setup, "evaluate", evaluated(gains, log))
        return coalition("market_integration", MANY, **options), log

    return ask


def test_beyond_twelve_players_orders_are_drawn(many):
    """An additive game, of which every order tells the same: the estimate is exact, its interval a point."""
    own = {player: float(i) for i, player in enumerate(MANY)}
    found, (asked,) = many(lambda members: {p: own[p] if p in members else 0.0 for p in MANY})
    assert len(asked) == len(set(asked)) < 2**12
    assert asked[0] == ()
    assert {len(members) for members in asked} == set(range(15))
    assert {members for members in asked if len(members) == 1} == {(player,) for player in MANY}
    assert len([members for members in asked if len(members) == 13]) == 14
    assert found.is_sampled
    assert found.estimate.n_permutations == 64
    assert found.splits["shapley"].shares == pytest.approx(own)
    assert found.splits["shapley"].interval["p05"] == pytest.approx((5.0, 5.0))
    assert found.no_answer == dict.fromkeys(("separable", "nucleolus"), "it needs the value of every coalition")
    assert found.core_is_empty is None
    assert {rule for rule, s in found.splits.items() if s.in_core is None} >= {"none", "shapley"}
    assert not found.splits["equal"].in_core  # a coalition that was run objects
    assert found.splits["equal"].shares == pytest.approx(dict.fromkeys(MANY, 6.5))
    assert found.splits["nash"].shares == pytest.approx(dict.fromkeys(MANY, 6.5))
    assert found.splits["by_benefit"].shares == pytest.approx(own)
    assert any("64 orders" in s and "16,384 coalitions" in s for s in found.sentences())


def test_an_estimate_covers_what_all_coalitions_would_give(many):
    """``v(S) = |S|^2`` plus a talent of each: the Shapley share is n plus the talent."""

    def gains(members):
        return {p: len(members) + float(i) if p in members else 0.0 for i, p in enumerate(MANY)}

    found, _ = many(gains, permutations=40, seed=3)
    for i, player in enumerate(MANY):
        low, high = found.splits["shapley"].interval[player]
        assert low - 1e-9 <= 14.0 + i <= high + 1e-9
    again, (asked,) = many(gains, permutations=40, seed=3)
    other, (others,) = many(gains, permutations=40, seed=4)
    assert again.plain() == found.plain()
    assert asked != others


def test_few_players_may_be_sampled_too(market):
    sampled = coalition("market_integration", CITIES, overrides=MARKET, permutations=4)
    assert sampled.estimate.n_permutations == 4
    assert sampled.splits["shapley"].shares != market.splits["shapley"].shares
    assert all(sampled.values[members] == market.values[members] for members in sampled.values)
    with_all = coalition("market_integration", CITIES, overrides=MARKET, permutations=200)
    assert with_all.values == {m: market.values[m] for m in with_all.values}
    assert not with_all.is_sampled
    assert with_all.splits["nucleolus"].shares == market.splits["nucleolus"].shares
    assert with_all.splits["shapley"].shares == pytest.approx(market.splits["shapley"].shares, rel=0.2)


# --- failures -----------------------------------------------------------------------------------------------------


def failing_run(runner_run, names):
    def run(self, case, take=None):
        outcome = runner_run(self, case, take)
        if case["values"]["policies.market_integration.members"] == names:
            outcome.model, outcome.status, outcome.error = None, "not converged", "the market did not clear"
        return outcome

    return run


def test_a_failed_run_is_named_and_the_others_are_kept(monkeypatch, market):
    monkeypatch.setattr(runs.Runner, "run", failing_run(runs.Runner.run, ["PRT", "VAL"]))
    found = coalition("market_integration", CITIES, overrides=MARKET)
    assert found.failed == {("Port City", "Valley City"): "not converged: the market did not clear"}
    assert found.values == {m: v for m, v in market.values.items() if m != ("Port City", "Valley City")}
    assert not found.splits
    assert found.sentences() == [
        "1 of 8 runs failed, so no rule can be applied. The first: Port City+Valley City, "
        "not converged: the market did not clear"
    ]
    assert "not converged" in render_coalition(found)


def test_without_the_run_of_nobody_nothing_is_known(monkeypatch):
    monkeypatch.setattr(runs.Runner, "run", failing_run(runs.Runner.run, []))
    found = coalition("market_integration", CITIES, overrides=MARKET)
    assert not found.values
    assert "The first: nobody, not converged" in found.sentences()[0]


def test_a_worker_that_dies_takes_only_its_coalitions(setup):
    class Deadly(InProcess):
        def map(self, function, tasks):
            for position, result in super().map(function, tasks):
                yield position, Died("the worker process died") if position == 1 else result

    standings = []
    found = setup.evaluate(every(setup.players.names), Deadly(), lambda now: standings.append((now.done, now.failed)))
    assert [bool(worth.error) for worth in found.values()] == [False, True, False, False]
    assert standings[-1] == (4, 1)


# --- what is wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"parties": ""}, "parties: a coalition study needs at least 2 players (allowed: all, Port City, Milltown"),
        ({"parties": "PRT"}, "at least 2 players"),
        ({"parties": "PRT,Vally City"}, "unknown party 'Vally City'; did you mean Valley City?"),
        ({"parties": "PRT,ROC"}, "parties: 'ROC' is no party of the scenario's policies (allowed: Port City"),
        ({"parties": "PRT,CO"}, "parties: Port City is named twice: PRT, CO"),
        ({"parties": "PRT,VAL", "measure": "happiness"}, "measure: 'happiness'"),
        ({"parties": "PRT,VAL", "others": "maybe"}, "others: 'maybe'"),
        ({"parties": "PRT,VAL", "disagreement": "war"}, "disagreement: 'war'"),
        ({"parties": "PRT,VAL", "discount": -0.1}, "discount: -0.1 is below 0"),
        ({"parties": "PRT,VAL", "year": 2030}, "year: the runs have no year 2030 (allowed: 2019 to 2023)"),
        ({"parties": "PRT,VAL", "permutations": 5}, "permutations: 5 is odd"),
        ({"parties": "PRT,VAL", "permutations": 2}, "permutations: 2 is below 4"),
        ({"parties": "PRT,VAL", "word": 1}, "word: unknown key"),
        (
            {"parties": "PRT,VAL", "overrides": [*MARKET, "policies.market_integration.start=2030",
                                                 "policies.market_integration.end=2031"]},
            "horizon: the agreement starts in 2030, after the last year (allowed: 2030 or later)",
        ),
        ({"parties": "PRT,VAL", "overrides": [*SMALL, "policies=[]"]}, "policies: no policy of the scenario has part"),
        ({"parties": "PRT,VAL", "overrides": [*MARKET, "reference=null"]}, "reference: national growth is that of a"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_runs(monkeypatch, options, text):
    monkeypatch.setattr(Setup, "evaluate", lambda *_: pytest.fail("ran"))
    with pytest.raises(InputError) as caught:
        coalition("market_integration", **{"overrides": MARKET, **options})
    assert text in str(caught.value)


def test_a_policy_with_an_unknown_city_is_refused():
    words = [*TRANSFER, "policies.industry_transfer.origins=[XXX]"]
    with pytest.raises(InputError, match=r"policies\.industry_transfer\.origins: .*XXX"):
        coalition("industry_transfer", "all", overrides=words)


def test_names_that_could_be_mistaken_are_codes(setup):
    class Twins:
        region_ids, n_cities = ("A", "B", "C", "R"), 3
        region_labels = {"A": "Town", "B": "Town", "C": "One+Two", "R": "Rest"}

    from sim.experiments.coalition.question import _labels

    assert _labels(Twins, ["A", "B", "C"]) == {"A": "A", "B": "B", "C": "C"}


# --- command and page ---------------------------------------------------------------------------------------------

WORDS = ["coalition", "market_integration", *MARKET, "--parties", "Port City,MIL,谷城"]


@pytest.fixture
def cli(here, capsys):
    def call(*words):
        code = main([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


def test_the_command_writes_a_folder_that_bargain_reads(cli, here, market):
    code, out, err = cli(*WORDS, "--out", "mine")
    assert code == 0, err
    assert out.startswith("market_integration: gain in real income from 2020 to 2023, discounted to 2020 at 4 % a year")
    assert market.sentences()[0] in out
    lines = [line.split() for line in out.splitlines()]
    assert ["nucleolus", "yes", "yes"] in lines
    names = {path.name for path in (here / "mine").iterdir()}
    assert names == {"coalition.html", "coalitions.csv", "gains.csv", "shares.csv", "study.json"}
    values = pd.read_csv(here / "mine" / "coalitions.csv").set_index("coalition")["value"]
    assert values["Port City+Valley City"] == market.values[("Port City", "Valley City")]
    shares = pd.read_csv(here / "mine" / "shares.csv")
    sums = shares.groupby("rule")[["share", "side_payment"]].sum()
    assert np.allclose(sums["share"], market.total)
    assert np.allclose(sums["side_payment"], 0.0, atol=1e-6)
    gains = pd.read_csv(here / "mine" / "gains.csv").set_index(["coalition", "player"])
    assert (
        gains.loc[("Port City+Valley City", "Milltown"), "gain"]
        == market.gains[("Port City", "Valley City")]["Milltown"]
    )
    assert not gains.loc[("Port City+Valley City", "Milltown"), "is_member"]
    told = json.loads((here / "mine" / "study.json").read_text())
    assert told == market.plain() | {"question": told["question"]}
    code, again, _ = cli("bargain", "mine/coalitions.csv", "--kind", "value", "--json")
    assert json.loads(again)["rules"]["shapley"]["split"] == pytest.approx(market.splits["shapley"].shares)


def test_json_quiet_and_a_folder_that_is_taken(cli, here):
    (here / "mine").mkdir()
    (here / "mine" / "letter.txt").write_text("dear")
    code, out, err = cli(*WORDS, "--out", "mine")
    assert (code, out) == (2, "")
    assert err == "error: mine: holds other files: a coalition study needs a folder of its own\n"
    assert cli(*WORDS, "--out", "mine/letter.txt")[2].startswith("error: mine/letter.txt: is a file")
    code, out, _ = cli(*WORDS, "--json")
    told = json.loads(out)
    assert (here / told["folder"] / "coalitions.csv").is_file()
    assert told["folder"].startswith("outputs/coalition/market_integration/")
    assert told["rules"]["equal"]["split"]["Milltown"] == pytest.approx(told["total"] / 3)
    assert cli(*WORDS, "--out", "quiet", "--quiet")[1] == ""


def test_a_study_with_a_failed_run_ends_with_its_code(cli, here, monkeypatch):
    monkeypatch.setattr(runs.Runner, "run", failing_run(runs.Runner.run, ["PRT", "VAL"]))
    code, out, _ = cli(*WORDS, "--out", "mine")
    assert code == 4
    assert "1 of 8 runs failed" in out
    assert len(pd.read_csv(here / "mine" / "coalitions.csv")) == 6


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--parties", "PRT"], "error: parties: a coalition study needs at least 2 players"),
        (["--parties", "PRT,VAL", "--measure", "gdp"], "error: measure: 'gdp'"),
        (["--parties", "PRT,VAL", "--permutations", "0"], "'0' is not a whole number above 0"),
        (["--parties", "PRT,VAL", "--partys", "x"], "did you mean --parties?"),
    ],
)
def test_wrong_words_are_one_line(cli, words, text):
    code, out, err = cli("coalition", "market_integration", *MARKET, *words)
    assert (code, out) == (2, "")
    assert text in err
    assert err.count("\n") == 1


def test_the_page_holds_every_share_and_fetches_nothing(market):
    page = render_coalition(market)
    for text in ("Port City", "nucleolus", "individually rational", "Who walks away", market.sentences()[0][:30]):
        assert text in page
    assert f'data-v="{market.splits["by_gdp"].shares["Milltown"]:.6g}"' in page
    body = page.split("<script>")[0]
    assert "http" not in body.replace("http-equiv", "")
    assert "sim coalition market_integration" in page


def test_the_page_of_many_players(many):
    found, _ = many(lambda members: {p: float(len(members)) if p in members else 0.0 for p in MANY})
    page = render_coalition(found)
    assert "p13" in page
    assert " to " in page
    assert "?" in page


def test_workers_start_without_the_rules():
    """What a worker imports is what it needs: the rules bring scipy's optimisation along."""
    import subprocess

    code = "import sys; import sim.experiments.coalition.runs; print('sim.bargaining' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_question_is_judged_as_data():
    question = judged(Question, {"scenario": "x", "parties": "a, b,"})
    assert question.parties == ["a", "b"]
    assert study.MOST_PLAYERS == 12
    with pytest.raises(NoSolutionError):
        split({("a",): 1.0, ("b",): 1.0, ("a", "b"): 0.0}, "nucleolus", kind="value")
