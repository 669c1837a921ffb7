"""Statements about an outcome in the last year that a reader takes away from a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.errors import InputError
from sim.experiments.conditions import Comparison, Term, parse

if TYPE_CHECKING:
    from sim.core.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Claim:
    """A threshold of an outcome, and how the two answers are said; ``{place}`` stands for the place."""

    outcome: str
    relation: str
    threshold: float
    yes: str = ""
    no: str = ""

    def holds(self, values: FloatArray) -> BoolArray:
        """Whether it is true of each value; rounding is neither more nor less."""
        return np.asarray(Comparison(Term(self.outcome), self.relation, self.threshold).room(values) >= 0.0)

    def answer(self, yes: bool, place: str) -> str:
        """The answer in words."""
        words = self.yes if yes else self.no
        if words:
            return words.format(place=place)
        return f"{self.outcome} of {place} is {'' if yes else 'not '}{self.relation} {self.threshold:g}"


def usual_claims(n_cities: int) -> tuple[Claim, ...]:
    """What is asked of any scenario with a reference."""
    half = n_cities / 2.0
    return (
        Claim("gain", ">", 0.0, "{place} gains real income", "{place} does not gain real income"),
        Claim("real_gdp_gain", ">", 0.0, "{place} produces more", "{place} does not produce more"),
        Claim("worst_gain", ">=", 0.0, "no city of {place} loses", "some city of {place} loses"),
        Claim("losers", "<", half, "fewer than half of the cities lose", "half of the cities or more lose"),
        Claim(
            "inequality_change", "<", 0.0, "the gap between cities narrows", "the gap between cities does not narrow"
        ),
    )


def read_claim(text: str) -> Claim:
    """A statement ``OUTCOME < NUMBER``, in the grammar of conditions.

    Raises:
        InputError: it is none, or the indicator is unknown.
    """
    first, *more = parse(text).comparisons
    if more or first.term.over:
        message = f"'{text}' is more than one comparison of one outcome"
        raise InputError(message, key="conclusions", allowed="OUTCOME > NUMBER; several with commas between them")
    return Claim(first.term.indicator, first.operator, first.number)


def claims_of(texts: Sequence[str], n_cities: int) -> tuple[Claim, ...]:
    """Those that are asked for, or the usual ones."""
    return tuple(map(read_claim, texts)) or usual_claims(n_cities)
