"""Conditions: what they read, what they mean, and that nothing but one clear error comes out of any text."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.core.errors import InputError
from sim.experiments.conditions import (
    OPERATORS,
    QUANTIFIERS,
    STATISTICS,
    Comparison,
    Condition,
    Term,
    parse,
    parse_term,
)
from sim.indicators import COMPARISONS, REGISTRY

VALUES = {
    "gain": {"region": 0.5, "PRT": -1.0, "CAP": 2.0, "VAL": 0.25},
    "losers": {"region": 1.0, "PRT": math.nan, "CAP": math.nan, "VAL": math.nan},
    "revenue_gain": {"region": 3.0, "PRT": 1.0, "CAP": math.nan, "VAL": 4.0},
}


@pytest.mark.parametrize(
    ("text", "slack", "city"),
    [
        ("gain >= 0", 0.5, None),
        ("gain <= 0", -0.5, None),
        ("min(gain) >= 0", -1.0, "PRT"),
        ("min(gain) >= -1", 0.0, "PRT"),
        ("max(gain) <= 5", 3.0, "CAP"),
        ("mean(gain) >= 0", 1.25 / 3, None),
        ("sum(gain) <= 1", -0.25, None),
        ("all(gain) >= 0", -1.0, "PRT"),
        ("all(gain) <= 5", 3.0, "CAP"),
        ("any(gain) >= 1.5", 0.5, "CAP"),
        ("any(gain) <= -2", -1.0, "PRT"),
        ("any(gain) == 0.25", 0.0, "VAL"),
        ("losers == 1", 0.0, None),
        ("losers == 3", -2.0, None),
        ("min(gain) >= -2 and losers <= 5", 1.0, "PRT"),
        ("losers <= 1 and min(gain) >= -2", 0.0, None),
        ("any(gain)>0AND losers<=2 and gain>-1", 1.0, None),
    ],
)
def test_room_is_the_distance_to_the_number_and_the_deciding_city_is_named(text, slack, city):
    condition = parse(text)
    assert condition.slack(VALUES) == pytest.approx(slack, abs=1e-12)
    assert condition.binding(VALUES) == city


def test_strict_comparisons_do_not_hold_at_the_number_itself():
    at = {"gain": {"region": 2.0}}
    held = {operator: parse(f"gain {operator} 2").slack(at) >= 0 for operator in OPERATORS}
    assert held == {">=": True, "<=": True, "==": True, ">": False, "<": False}


@given(
    value=st.floats(allow_nan=False, allow_infinity=False, width=32),
    number=st.floats(allow_nan=False, allow_infinity=False, width=32),
)
@example(value=1e-13, number=0.0)
@example(value=-1e-13, number=0.0)
@example(value=0.0, number=1e-9)
def test_of_less_equal_and_more_exactly_one_holds(value, number):
    at = {"gain": {"region": value}}
    held = {op: Condition((Comparison(Term("gain"), op, number),)).slack(at) >= 0 for op in OPERATORS}
    assert held["<"] + held["=="] + held[">"] == 1
    assert held[">="] == (held[">"] or held["=="])
    assert held["<="] == (held["<"] or held["=="])


def test_rounding_of_the_solver_makes_no_city_worse_off():
    assert parse("min(gain) >= 0").slack({"gain": {"region": 0.0, "A": -1e-12, "B": 1.0}}) >= 0
    assert parse("min(gain) >= 0").slack({"gain": {"region": 0.0, "A": -1e-6, "B": 1.0}}) < 0


@pytest.mark.parametrize("text", ["min(revenue_gain) >= 0", "all(revenue_gain) >= 0", "any(revenue_gain) >= 0"])
def test_a_missing_value_fulfils_nothing(text):
    assert math.isnan(parse(text).slack(VALUES))
    assert not parse(text).slack(VALUES) >= 0


def test_short_names_are_spelt_out():
    assert str(parse("theil<.1")) == "theil_real_income < 0.1"
    assert str(parse_term(" MAX( gain )")) == "max(gain)"


# --- many runs at once --------------------------------------------------------------------------------------------

RUNS = pd.DataFrame({"run": [3, 1, 2], "gain": [0.5, -0.5, np.nan], "losers": [1.0, 2.0, 0.0]})
CITIES = pd.DataFrame(
    {"run": [1, 1, 2, 2, 3, 3], "place": ["A", "B"] * 3, "gain": [-2.0, 1.0, np.nan, 1.0, 0.25, 0.75]}
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("gain > 0", [True, False, False]),
        ("gain <= 0.5 and losers < 2", [True, False, False]),
        ("losers <= 2", [True, True, True]),
        ("min(gain) >= 0", [True, False, False]),
        ("any(gain) >= 1", [False, True, False]),
        ("sum(gain) == 1", [True, False, False]),
        ("mean(gain) < 0 and gain < 0", [False, True, False]),
    ],
)
def test_a_condition_holds_for_the_rows_of_a_table_as_for_single_runs(text, held):
    condition = parse(text)
    assert condition.holds(RUNS, CITIES).tolist() == held
    for row, holds in zip(RUNS.to_dict("records"), held, strict=True):
        cities = CITIES[CITIES["run"] == row["run"]].set_index("place")["gain"].to_dict()
        values = {"gain": {"region": row["gain"], **cities}, "losers": {"region": row["losers"]}}
        assert (condition.slack(values) >= 0) == holds


def test_a_table_without_cities_or_without_the_outcome_is_refused():
    with pytest.raises(InputError, match=r"'min\(gain\) >= 0' asks about cities"):
        parse("min(gain) >= 0").holds(RUNS)
    with pytest.raises(InputError, match="the outcomes lack 'real_gdp_gain'"):
        parse("real_gdp_gain >= 0").holds(RUNS)
    with pytest.raises(InputError, match="has no values for cities"):
        parse("min(gain) >= 0").slack({"gain": {"region": 1.0}})
    with pytest.raises(InputError, match="has no value for the whole region"):
        parse("gain >= 0").slack({})


# --- reading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at its end: an indicator is missing"),
        ("gain", "at its end: a comparison is missing (allowed: >=, <=, >, <, ==)"),
        ("gain >= ", "at its end: a number is missing"),
        ("gain => 0", "at '=> 0' (character 6): a comparison is missing"),
        ("gain >= 0 or losers < 3", "at 'or losers < 3' (character 11): comparisons are joined by 'and'"),
        ("gain >= 0 and", "at its end: an indicator is missing"),
        ("gian >= 0", "unknown indicator 'gian'; did you mean gain?"),
        ("min(gian) >= 0", "at 'gian) >= 0' (character 5): unknown indicator 'gian'; did you mean gain?"),
        ("disparity > 1", "did you mean fiscal_disparity_before_sharing or fiscal_disparity_after_sharing or"),
        ("min(gain >= 0", "at '>= 0' (character 10): the bracket is not closed (allowed: ))"),
        ("median(gain) >= 0", "'median' cannot be taken over cities (allowed: min(INDICATOR)"),
        ("min(losers) >= 0", "'losers' does not exist for single cities (allowed: "),
        ("relative_market_access > 1", "'relative_market_access' does not exist for the whole region"),
        ("gain >= 1e999", "the number is too large"),
        ("gain >= nan", "a number is missing"),
        ("gain >= 0; import os", "at '; import os' (character 10)"),
        ("__import__('os') > 0", "cannot be taken over cities"),
    ],
)
def test_what_cannot_be_read_is_marked_and_says_what_may_stand_there(text, message):
    with pytest.raises(InputError) as refused:
        parse(text)
    assert message in str(refused.value)
    assert text in str(refused.value)


def test_an_objective_is_a_number_not_a_condition():
    with pytest.raises(InputError, match="'any' is for conditions"):
        parse_term("any(gain)")
    with pytest.raises(InputError, match="does not belong to an indicator"):
        parse_term("gain >= 0")


SCOPES = {name: item.scopes for items in (REGISTRY, COMPARISONS) for name, item in items.items()}
WHOLE = st.sampled_from([name for name, scopes in SCOPES.items() if "region" in scopes]).map(Term)
OVER = st.builds(
    Term, st.sampled_from([n for n, s in SCOPES.items() if "city" in s]), st.sampled_from([*STATISTICS, *QUANTIFIERS])
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
CONDITIONS = st.lists(
    st.builds(Comparison, WHOLE | OVER, st.sampled_from(OPERATORS), NUMBERS), min_size=1, max_size=4
).map(lambda found: Condition(tuple(found)))


@given(CONDITIONS, st.data())
def test_a_condition_reads_back_from_its_text_however_it_is_spaced(condition, data):
    text = str(condition)
    assert parse(text) == condition
    spaces = data.draw(st.sampled_from(["", " ", "\n\t "]))
    spaced = "".join(f"{spaces}{c}{spaces}" if c in "()" else c for c in text).replace(" and ", f" {spaces}AND\n")
    assert parse(spaced) == condition
    assert str(parse(spaced)) == text


WORDS = st.sampled_from([*SCOPES, *STATISTICS, *QUANTIFIERS, *OPERATORS, "and", "(", ")", "0", "-1.5e3", " ", "=", "."])


@given(st.text() | st.lists(WORDS).map("".join) | st.lists(WORDS).map(" ".join))
def test_any_text_is_a_condition_or_one_clear_error(text):
    for read in (parse, parse_term):
        try:
            found = read(text)
        except InputError:
            continue
        assert read(str(found)) == found
