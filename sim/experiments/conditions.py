"""Conditions on what a run brings about, written as text and read by a parser of our own; nothing is ever evaluated.

    condition   comparison (and comparison)*
    comparison  term OP NUMBER
    term        INDICATOR | min(INDICATOR) | max(..) | mean(..) | sum(..) | any(..) | all(..)
    OP          >=  <=  >  <  ==

A bare indicator is that of the whole region; with a word before it, it is taken over the cities, each counting once.
Numbers are in the indicator's unit; two closer than `SAME` are equal, so that the solver's rounding makes no city worse
off: of ``<``, ``==`` and ``>`` exactly one holds. A value that does not exist fulfils nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.indicators import COMPARISONS, REGISTRY
from sim.indicators.base import CITY, REGION

if TYPE_CHECKING:
    import pandas as pd

    from sim.core.arrays import BoolArray, FloatArray

Values = Mapping[str, Mapping[str, float]]
"""``values[indicator][place]``: the whole region under the name ``region``, every other place is a city."""

STATISTICS: dict[str, Callable[[FloatArray], np.float64]] = {
    "min": np.min,
    "max": np.max,
    "mean": np.mean,
    "sum": np.sum,
}
ANY, ALL = QUANTIFIERS = ("any", "all")
OPERATORS = (">=", "<=", ">", "<", "==")
RUN = "run"

SAME = 1e-9  # unit: of the number, or of 1 if it is smaller: how far apart two equal numbers may be

SHORT = {"theil": "theil_real_income"}
"""Other names of indicators."""


@dataclass(frozen=True)
class Term:
    """An indicator of the whole region, or over the cities.

    Attributes:
        indicator: its name.
        over: how it is taken over the cities; empty for the whole region.
    """

    indicator: str
    over: str = ""

    def __str__(self) -> str:
        return f"{self.over}({self.indicator})" if self.over else self.indicator

    @property
    def unit(self) -> str:
        return (REGISTRY.get(self.indicator) or COMPARISONS[self.indicator]).unit

    def value(self, values: Values) -> float:
        """The number, in the indicator's unit; NaN where a place has none.

        Raises:
            InputError: the values lack the indicator or its places.
        """
        if not self.over:
            return float(_region(self, values))
        return float(STATISTICS[self.over](_cities(self, values)[1]))


@dataclass(frozen=True)
class Comparison:
    """A term compared with a number."""

    term: Term
    operator: str
    number: float

    def __str__(self) -> str:
        return f"{self.term} {self.operator} {_written(self.number)}"

    def room(self, value: FloatArray) -> FloatArray:
        """How far values are on the right side of the number, at least 0 exactly where the comparison holds."""
        least = SAME * max(1.0, abs(self.number))
        over = value - self.number
        over = np.where(np.abs(over) <= least, 0.0, over)
        if self.operator == "==":
            return np.asarray(0.0 - np.abs(over))
        room = over if ">" in self.operator else 0.0 - over
        return room if "=" in self.operator else np.where(room > 0.0, room, room - least)  # zero is not enough

    def slack(self, values: Values) -> float:
        """Room of a run, in the indicator's unit: of the number taken over the cities, or of the deciding city."""
        if self.term.over not in QUANTIFIERS:
            return float(self.room(np.array(self.term.value(values))))
        room = self.room(_cities(self.term, values)[1])
        return float(room.min() if self.term.over == ALL else room.max())

    def binding(self, values: Values) -> str | None:
        """The city that decides; None where all do together (mean, sum, the whole region)."""
        over = self.term.over
        if over not in ("min", "max", *QUANTIFIERS):
            return None
        names, value = _cities(self.term, values)
        if over in QUANTIFIERS:
            value = self.room(value)
        return names[int(value.argmin() if over in ("min", ALL) else value.argmax())]

    def slacks(self, frame: pd.DataFrame, cities: pd.DataFrame | None) -> FloatArray:
        """Room ``[row]`` of many runs; see `Condition.holds`."""
        term = self.term
        if not term.over:
            return self.room(_column(frame, term))
        if cities is None:
            message = f"'{self}' asks about cities, the table has one row a run"
            raise InputError(message, allowed="indicators without min, max, mean, sum, any, all; or a study of cities")
        value = _column(cities, term)
        if term.over in QUANTIFIERS:
            value = self.room(value)
        how = {ANY: "max", ALL: "min"}.get(term.over, term.over)
        grouped = getattr(cities[[RUN]].assign(value=value).groupby(RUN)["value"], how)(skipna=False)
        found: FloatArray = grouped.reindex(frame[RUN]).to_numpy()
        return found if term.over in QUANTIFIERS else self.room(found)


@dataclass(frozen=True)
class Condition:
    """Comparisons that all have to hold; its text reads back to the same."""

    comparisons: tuple[Comparison, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.comparisons))

    @property
    def indicators(self) -> tuple[str, ...]:
        """Names of the indicators it asks for."""
        return tuple(dict.fromkeys(comparison.term.indicator for comparison in self.comparisons))

    def slack(self, values: Values) -> float:
        """The smallest room of the comparisons; at least 0 exactly where all hold, NaN where a value is missing."""
        return float(np.min([comparison.slack(values) for comparison in self.comparisons]))

    def tightest(self, values: Values) -> Comparison:
        """The comparison with the smallest room."""
        return self.comparisons[int(np.argmin([comparison.slack(values) for comparison in self.comparisons]))]

    def binding(self, values: Values) -> str | None:
        """The city that decides the comparison with the smallest room, if one city does."""
        return self.tightest(values).binding(values)

    def holds(self, frame: pd.DataFrame, cities: pd.DataFrame | None = None) -> BoolArray:
        """Which runs fulfil it.

        Args:
            frame: a row per run and a column per indicator, of the place that bare indicators are about.
            cities: the same for all cities, a row per run and city. Both tables then need the column ``run``.

        Raises:
            InputError: a table lacks an indicator, or cities are asked about and not given.
        """
        held = [comparison.slacks(frame, cities) >= 0.0 for comparison in self.comparisons]
        return np.asarray(np.all(held, axis=0), dtype=np.bool_)


def _region(term: Term, values: Values) -> float:
    try:
        return values[term.indicator][REGION]
    except KeyError:
        raise InputError("has no value for the whole region", key=term.indicator) from None


def _cities(term: Term, values: Values) -> tuple[list[str], FloatArray]:
    """The cities and their values."""
    found = {place: value for place, value in values.get(term.indicator, {}).items() if place != REGION}
    if not found:
        raise InputError("has no values for cities", key=term.indicator)
    return list(found), np.array(list(found.values()), dtype=np.float64)


def _column(frame: pd.DataFrame, term: Term) -> FloatArray:
    if term.indicator not in frame:
        hint = did_you_mean(term.indicator, map(str, frame.columns))
        raise InputError(f"the outcomes lack '{term.indicator}'{hint}", allowed="indicators that were kept")
    return frame[term.indicator].to_numpy(dtype=np.float64)


def _written(number: float) -> str:
    """The shortest text that reads back to the same number."""
    return repr(number).removesuffix(".0")


# --- reading ------------------------------------------------------------------------------------------------------


def parse(text: str) -> Condition:
    """The condition a text names.

    Raises:
        InputError: it cannot be read, or names an unknown indicator; says where and what is allowed.
    """
    reader = _Reader(text)
    comparisons = [reader.comparison()]
    while not reader.is_at_end:
        reader.joined()
        comparisons.append(reader.comparison())
    return Condition(tuple(comparisons))


def parse_term(text: str) -> Term:
    """The number a text names, as an objective: ``theil``, ``min(gain)``.

    Raises:
        InputError: see `parse`; or it is true or false (any, all) instead of a number.
    """
    reader = _Reader(text)
    start, term = reader.ahead, reader.term()
    if not reader.is_at_end:
        raise reader.error("this does not belong to an indicator", "INDICATOR, or " + _calls(STATISTICS))
    if term.over in QUANTIFIERS:
        raise reader.error(f"'{term.over}' is for conditions", _calls(STATISTICS), start)
    return term


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


_TOKEN = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)|(?P<operator>>=|<=|==|>|<)|(?P<bracket>[()])|(?P<space>\s+)|(?P<other>.)",
    re.DOTALL,
)


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found[0], found.start())
    yield _Token("end", "", len(text))


def _calls(words: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(f"{word}(INDICATOR)" for word in words)


class _Reader:
    """Takes a text token by token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = list(_tokens(text))
        self._next = 0

    @property
    def ahead(self) -> _Token:
        return self._tokens[self._next]

    @property
    def is_at_end(self) -> bool:
        return self.ahead.kind == "end"

    def error(self, message: str, allowed: str, token: _Token | None = None) -> InputError:
        """What is wrong, and where."""
        at = token or self.ahead
        where = "at its end" if at.kind == "end" else f"at '{self.text[at.start :]}' (character {at.start + 1})"
        return InputError(f"cannot read '{self.text}' {where}: {message}", allowed=allowed)

    def take(self, kind: str, message: str, allowed: str, *words: str) -> _Token:
        """The next token, which has to be of a kind (and one of some words)."""
        token = self.ahead
        if token.kind != kind or (words and token.text.lower() not in words):
            raise self.error(message, allowed)
        self._next += 1
        return token

    def joined(self) -> None:
        self.take("word", "comparisons are joined by 'and'", "and", "and")

    def comparison(self) -> Comparison:
        term = self.term()
        operator = self.take("operator", "a comparison is missing", ", ".join(OPERATORS)).text
        token = self.take("number", "a number is missing", "a number such as 0, -0.5 or 1e-3")
        number = float(token.text)
        if not math.isfinite(number):
            raise self.error("the number is too large", "a finite number", token)
        return Comparison(term, operator, number)

    def term(self) -> Term:
        every = (*STATISTICS, *QUANTIFIERS)
        word = self.take("word", "an indicator is missing", f"INDICATOR, {_calls(every)}")
        if self.ahead.text != "(":
            return self._known(word, "")
        over = word.text.lower()
        if over not in every:
            raise self.error(f"'{word.text}' cannot be taken over cities", _calls(every), word)
        self._next += 1
        inner = self.take("word", "an indicator is missing", "sim list indicators shows them")
        self.take("bracket", "the bracket is not closed", ")", ")")
        return self._known(inner, over)

    def _known(self, word: _Token, over: str) -> Term:
        known = {other: item.scopes for items in (REGISTRY, COMPARISONS) for other, item in items.items()}
        name = word.text if word.text in known else SHORT.get(word.text, word.text)
        scope = CITY if over else REGION
        if name not in known:
            near = did_you_mean(name, known) or _holding(name, known)
            raise self.error(f"unknown indicator '{name}'{near}", "sim list indicators shows them", word)
        if scope not in known[name]:
            having = ", ".join(other for other, scopes in known.items() if scope in scopes)
            where = "single cities" if over else "the whole region"
            raise self.error(f"'{name}' does not exist for {where}", having, word)
        return Term(name, over)


def _holding(word: str, known: Mapping[str, object]) -> str:
    """A hint to names of which the word is a part."""
    found = [name for name in known if word.lower() in name]
    return f"; did you mean {' or '.join(found)}?" if found else ""
