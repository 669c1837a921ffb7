"""Numbers as a reader wants them."""

from __future__ import annotations

import math

import pytest

from sim.report import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (60599.2, "60,599"),
        (-1209.3, "−1,209"),
        (43.21, "43.2"),
        (5.432, "5.43"),
        (0.01234, "0.0123"),
        (0, "0"),
        (1e-12, "0.000000"),
        (math.nan, "–"),
    ],
)
def test_numbers_keep_three_digits(value: float, text: str) -> None:
    assert formats.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "+3.00"), (-3.0, "−3.00"), (0.0, "0"), (-1e-12, "0.000000"), (math.inf, "–")]
)
def test_differences_carry_their_sign(value: float, text: str) -> None:
    assert formats.signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.34, "+12.3%"), (-1.04, "−1.0%"), (0.274, "+0.27%"), (0.0034, "+0.003%"), (0.0, "0%"), (math.nan, "–")],
)
def test_per_cents_keep_a_digit_that_is_not_zero(value: float, text: str) -> None:
    assert formats.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "50%"), (0.012, "1.2%"), (0.0, "0%"), (2e-4, "<0.100%"), (1, "100%")]
)
def test_shares(value: float, text: str) -> None:
    assert formats.share(value) == text


def test_money_in_words_of_the_language() -> None:
    assert formats.money(-1209.3, "en") == "121 billion yuan"
    assert formats.money(1209.3, "zh") == "1,209亿元"
    assert formats.money(460_000, "en") == "46.0 trillion yuan"
    assert formats.money(460_000, "zh") == "46.0万亿元"


def test_residuals() -> None:
    assert formats.scientific(3.21e-9) == "3.2 × 10⁻⁹"
    assert formats.scientific(0.0) == "0"
