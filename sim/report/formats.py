"""Numbers as a reader wants them: few digits, thousands separated, a real minus sign, the unit of the language."""

from __future__ import annotations

import math

MINUS = "−"
NOTHING = "–"  # what stands for a value that does not exist
BILLION = 0.1  # unit: billion yuan per 100 million yuan
TRILLION = 1e-4  # unit: trillion yuan per 100 million yuan
MILLION = 0.01  # unit: million persons per 10,000
PEOPLE = 10_000.0  # unit: persons per 10,000 persons
LEAST_SHARE = 0.001  # unit: 1, smallest share shown as a number
FINEST = 6  # unit: decimals shown at most
LARGE = 10_000.0  # unit: 100 million yuan; from here on sentences count in trillions (en), 万亿 (zh)


def number(value: float, digits: int | None = None) -> str:
    """Three significant digits or all that stand before the point: 60,599; 43.2; 5.43; 0.0123."""
    if not math.isfinite(value):
        return NOTHING
    places = _places(value) if digits is None else digits
    return _plain(value, places)


def signed(value: float, digits: int | None = None) -> str:
    """A difference: always with its sign, zero without."""
    if not math.isfinite(value):
        return NOTHING
    text = number(value, digits)
    if not any(digit in text for digit in "123456789"):
        return text.removeprefix(MINUS)
    return f"+{text}" if value > 0 else text


def percent(value: float) -> str:
    """A change in per cent with its sign; small ones keep a digit that is not zero."""
    if not math.isfinite(value):
        return NOTHING
    return f"{signed(value, _percent_places(value))}%"


def share(value: float) -> str:
    """A share of one as per cent, without sign."""
    if not math.isfinite(value):
        return NOTHING
    if 0 < value < LEAST_SHARE:
        return f"<{number(100 * LEAST_SHARE)}%"
    return f"{number(100 * value, 1 if 0 < value < 0.1 else 0)}%"  # unit: 1, small shares show a decimal


def scientific(value: float) -> str:
    """``3.2 × 10⁻⁹``: residuals."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else NOTHING
    mantissa, exponent = f"{value:.1e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}"


def money(value: float, language: str) -> str:
    """An amount given in 100 million yuan, in words: ``115 billion yuan``, ``1,149亿元``; without a sign."""
    size = abs(value)
    if language == "zh":
        return f"{number(size * TRILLION)}万亿元" if size >= LARGE else f"{number(size)}亿元"
    return f"{number(size * TRILLION)} trillion yuan" if size >= LARGE else f"{number(size * BILLION)} billion yuan"


def people(value: float, language: str) -> str:
    """A number of people given in 10,000, in words: ``2.59 million``, ``259万``; without a sign."""
    size = abs(value)
    if language == "zh":
        return f"{number(size)}万"
    return f"{number(size * MILLION)} million" if size * MILLION >= 1 else number(float(f"{size * PEOPLE:.3g}"), 0)


def _places(value: float) -> int:
    if value == 0:
        return 0
    size = math.floor(math.log10(abs(value)))
    return min(max(0, 2 - size), FINEST)


def _percent_places(value: float) -> int:
    if abs(value) >= 1 or value == 0:
        return 1 if value else 0
    return min(max(2, -math.floor(math.log10(abs(value)))), FINEST)


def _plain(value: float, places: int) -> str:
    return f"{value:,.{places}f}".replace("-", MINUS)
