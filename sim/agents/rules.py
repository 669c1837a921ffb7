"""Decision rules: functions from what a government observes to what it decides, chosen by name.

A rule sees many cities at once, arrays ``[city]``, and its arithmetic serves one city as well. A rule written for one
city is made one for many by :func:`per_city`::

    @register("careful")
    @per_city
    def careful(seen):
        if seen.offer is not None:
            return Decision(sign=seen.offer.expected_gain > 1.0)
        return keep(seen)

and then chosen with ``governments.rule=careful`` or, for one city, ``governments.rules.310000=careful``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import wraps
from typing import Any

import numpy as np

from sim.core.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Offer:
    """An agreement on the table: what each asked city expects of it, all ``[city]``."""

    agreement: str
    expected_gain: FloatArray  # points of the score
    reserve: FloatArray  # points of the score
    is_member: FloatArray  # 1 where it is in force for the city already


@dataclass(frozen=True, eq=False)
class Observation:
    """What governments know when they decide, all ``[city]`` unless noted."""

    year: int
    city: IntArray  # row of the city
    score: FloatArray  # of this year
    last_score: FloatArray  # of the year before
    subsidy_rate: FloatArray  # per yuan of new and arriving investment
    subsidy_direction: FloatArray  # which way it was moved last: -1, 0 at the start, 1
    infrastructure_share: FloatArray  # of the budget
    infrastructure_direction: FloatArray
    best_peer_rate: FloatArray  # subsidy rate of the peer with the best score
    best_peer_score: FloatArray
    draw: FloatArray  # [city, 3] uniform random numbers of the year, the city's own
    subsidy_step: float
    subsidy_limit: FloatArray  # highest rate allowed
    infrastructure_step: float
    infrastructure_band: float  # largest distance from the base year's share
    infrastructure_base: FloatArray
    imitation: float  # probability of copying the best peer
    offer: Offer | None = None
    expected_score: Callable[[IntArray, FloatArray], FloatArray] | None = field(default=None, repr=False)
    """Score that cities ``[k]`` expect to gain by rates of their own ``[k]``, each with the others' as they are."""


@dataclass(frozen=True, eq=False)
class Decision:
    """What governments decide; None leaves a thing as it is. All ``[city]``, or a number for one city."""

    subsidy_rate: Any = None
    subsidy_direction: Any = None
    infrastructure_share: Any = None
    infrastructure_direction: Any = None
    sign: Any = None


Rule = Callable[[Observation], Decision]

RULES: dict[str, Rule] = {}
"""Every rule by name."""


def register(name: str) -> Callable[[Rule], Rule]:
    """Make a rule known by a name, so that configurations can choose it."""

    def known(rule: Rule) -> Rule:
        RULES[name] = rule
        return rule

    return known


def per_city(rule: Callable[[Any], Decision]) -> Rule:
    """A rule for many cities from one that looks at a single city, whose observation holds plain numbers."""

    @wraps(rule)
    def for_all(seen: Observation) -> Decision:
        made = [rule(_of_one(seen, i)) for i in range(len(seen.city))]
        columns = {}
        for item in fields(Decision):
            values = [getattr(decision, item.name) for decision in made]
            if any(value is not None for value in values):
                usual = _usual(seen, item.name)
                columns[item.name] = np.array([u if v is None else v for u, v in zip(usual, values, strict=True)])
        return Decision(**columns)

    return for_all


def _of_one(seen: Observation, i: int) -> Observation:
    """The observation of one city: numbers in place of arrays."""
    n = len(seen.city)

    def one(value: Any) -> Any:
        return value[i] if isinstance(value, np.ndarray) and len(value) == n else value

    offer = None
    if seen.offer is not None:
        offer = Offer(*(one(getattr(seen.offer, item.name)) for item in fields(Offer)))
    values = {item.name: one(getattr(seen, item.name)) for item in fields(Observation) if item.name != "offer"}
    return Observation(**values, offer=offer)


def _usual(seen: Observation, name: str) -> FloatArray:
    """What holds when nothing is decided."""
    return willing(seen.offer) if name == "sign" and seen.offer else np.asarray(getattr(seen, name))


def willing(offer: Offer) -> Any:
    """Signs when what it expects is at least its reserve."""
    return offer.expected_gain >= offer.reserve


def keep(seen: Observation) -> Decision:
    """Everything as it is; signs what pays."""
    return Decision(sign=None if seen.offer is None else willing(seen.offer))


@register("passive")
def passive(seen: Observation) -> Decision:
    """No subsidies of its own, the base year's budget; signs what pays."""
    return keep(seen)


@register("adaptive")
def adaptive(seen: Observation) -> Decision:
    """Trial and error: one step on where the last raised the score, back where it lowered it; signs what pays."""
    if seen.offer is not None:
        return keep(seen)
    better = np.where(seen.score >= seen.last_score, 1.0, -1.0)
    first = np.where(seen.draw[..., :2] < 0.5, -1.0, 1.0)  # unit: probability of either way
    subsidy = np.where(seen.subsidy_direction == 0.0, first[..., 0], seen.subsidy_direction * better)
    works = np.where(seen.infrastructure_direction == 0.0, first[..., 1], seen.infrastructure_direction * better)
    low, high = (seen.infrastructure_base + side * seen.infrastructure_band for side in (-1.0, 1.0))
    return Decision(
        subsidy_rate=np.clip(seen.subsidy_rate + seen.subsidy_step * subsidy, 0.0, seen.subsidy_limit),
        subsidy_direction=subsidy,
        infrastructure_share=np.clip(
            seen.infrastructure_share + seen.infrastructure_step * works, np.maximum(low, 0.0), high
        ),
        infrastructure_direction=works,
    )


@register("imitation")
def imitation(seen: Observation) -> Decision:
    """Copies the subsidy of the best peer with a given probability when that peer does better, else trial and error."""
    if seen.offer is not None:
        return keep(seen)
    own = adaptive(seen)
    copies = (seen.draw[..., 2] < seen.imitation) & (seen.best_peer_score > seen.score)
    return replace(
        own, subsidy_rate=np.where(copies, np.minimum(seen.best_peer_rate, seen.subsidy_limit), own.subsidy_rate)
    )


@register("best_response")
def best_response(seen: Observation) -> Decision:
    """One step of its subsidy up where that pays one equilibrium ahead, as the model says, else down if that does."""
    if seen.offer is not None or seen.expected_score is None:
        return keep(seen)
    rate = seen.subsidy_rate
    up, down = (np.clip(rate + step, 0.0, seen.subsidy_limit) for step in (seen.subsidy_step, -seen.subsidy_step))
    rises = seen.expected_score(seen.city, up) > 0.0
    lower = np.where(rises, rate, down)  # where going up pays, going down does not: no need to ask
    falls = seen.expected_score(seen.city, lower) > 0.0
    return Decision(subsidy_rate=np.where(rises, up, np.where(falls, lower, rate)))


@register("never_sign")
def never_sign(seen: Observation) -> Decision:
    """Refuses every agreement, otherwise passive."""
    return Decision(sign=None if seen.offer is None else np.zeros_like(seen.offer.expected_gain, dtype=bool))


@register("always_sign")
def always_sign(seen: Observation) -> Decision:
    """Signs every agreement, otherwise passive."""
    return Decision(sign=None if seen.offer is None else np.ones_like(seen.offer.expected_gain, dtype=bool))
