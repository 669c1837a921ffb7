"""The governments of a run: their tastes, their peers, their rules; what assess and govern both know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.agents.rules import RULES, Rule, always_sign, never_sign, passive
from sim.agents.scores import ScoreParams, own_streams, peer_weights, tastes
from sim.core.arrays import FloatArray, IntArray
from sim.core.errors import InputError
from sim.core.state import SCORE_TERMS
from sim.core.words import did_you_mean

if TYPE_CHECKING:
    from sim.datasets.world import World

ONLY_SIGN = (passive, never_sign, always_sign)
"""Rules that leave subsidies and budgets alone."""

DRAWS = 3  # unit: random numbers of a city and year, see Observation.draw
TASTES = ("drawn", "mean", "growth", "income", "revenue")
"""How the weights of the score are set: drawn for each city, their mean for all, or one term alone."""


@dataclass(eq=False)
class Governments:
    """What stays the same about the cities' governments through a run.

    Attributes:
        params: of the score.
        weights: tastes ``[city, term]``, rows sum to one.
        peers: ``[city, city]``, rows sum to one.
        rule_of: rule of every city; may be replaced one by one.
        draws: uniform random numbers ``[year, city, 3]``, each city's own.
    """

    params: ScoreParams
    weights: FloatArray
    peers: FloatArray
    rule_of: list[Rule]
    draws: FloatArray

    @classmethod
    def of(
        cls, world: World, years: range, seeds: tuple[int, int], taste: str, rule: str, rules: Mapping[str, str]
    ) -> Governments:
        """The governments of a data set.

        Args:
            world: the data set.
            years: of the run.
            seeds: root seed and replicate.
            taste: one of `TASTES`.
            rule: name of the rule of every city without one of its own.
            rules: names of rules by city code.

        Raises:
            InputError: an unknown city or rule.
        """
        params = ScoreParams.read(world)
        n = world.n_cities
        rule_of = [rule_named(rule, "governments.rule")] * n
        for code, own in rules.items():
            rule_of[world.index(code)] = rule_named(own, f"governments.rules.{code}")
        streams = own_streams(world, *seeds)
        drawn = tastes(params, streams)
        return cls(
            params=params,
            weights=drawn if taste == "drawn" else _alike(params, taste, n),
            peers=peer_weights(world),
            rule_of=rule_of,
            draws=np.stack([own.random((len(years), DRAWS)) for own in streams], axis=1),
        )

    @property
    def groups(self) -> list[tuple[Rule, IntArray]]:
        """Every rule with the cities ``[k]`` that decide by it."""
        members: dict[int, list[int]] = {}
        for city, rule in enumerate(self.rule_of):
            members.setdefault(id(rule), []).append(city)
        return [(self.rule_of[cities[0]], np.array(cities)) for cities in members.values()]

    @property
    def is_active(self) -> bool:
        """Whether any city decides more than whether to sign."""
        return any(rule not in ONLY_SIGN for rule in self.rule_of)


def _alike(params: ScoreParams, taste: str, n: int) -> FloatArray:
    """The same weights of the score for n cities ``[city, term]``."""
    alone = dict(zip(TASTES[2:], np.eye(len(SCORE_TERMS)), strict=False))
    return np.tile(alone.get(taste, params.standard), (n, 1))


def rule_named(name: str, key: str) -> Rule:
    """A rule by its name.

    Raises:
        InputError: there is none of this name.
    """
    if name not in RULES:
        raise InputError(f"unknown rule '{name}'{did_you_mean(name, RULES)}", key=key, allowed=", ".join(RULES))
    return RULES[name]
