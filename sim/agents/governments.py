"""The governments of a run: their tastes, their peers, their rules; what assess and govern both know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.agents.rules import RULES, Rule
from sim.agents.scores import ScoreParams, peer_weights, tastes
from sim.core.arrays import FloatArray, IntArray
from sim.core.errors import InputError
from sim.core.streams import stream
from sim.core.words import did_you_mean

if TYPE_CHECKING:
    from sim.datasets.world import World

DRAWS = 3  # unit: random numbers of a city and year, see Observation.draw
TASTES = ("drawn", "mean", "growth", "income", "revenue")
"""How the weights of the score are set: drawn for each city, their mean for all, or one term alone."""


@dataclass(frozen=True, eq=False)
class Governments:
    """What stays the same about the cities' governments through a run.

    Attributes:
        params: of the score.
        weights: tastes ``[city, term]``, rows sum to one.
        peers: ``[city, city]``, rows sum to one.
        rules: cities ``[k]`` that decide by the same rule, with the rule.
        draws: uniform random numbers ``[year, city, 3]``, each city's own.
        is_active: whether any city decides by more than the passive rule.
    """

    params: ScoreParams
    weights: FloatArray
    peers: FloatArray
    rules: tuple[tuple[Rule, IntArray], ...]
    draws: FloatArray
    is_active: bool

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
        alone = dict(zip(TASTES[2:], range(len(TASTES)), strict=False))
        if taste in alone:
            weights = np.zeros((n, len(params.scale)))
            weights[:, alone[taste]] = 1.0
        elif taste == "mean":
            weights = np.tile(params.concentration / params.concentration.sum(), (n, 1))
        else:
            weights = tastes(params, world, *seeds)
        names = [rule] * n
        for code, own in rules.items():
            names[_city(world, code)] = own
        groups = {name: np.flatnonzero(np.array(names) == name) for name in dict.fromkeys(names)}
        unmoved = {"passive", "never_sign", "always_sign"}
        active = not set(names) <= unmoved
        shape = (len(years), n, DRAWS)
        cities = world.region_ids[:n]
        draws = np.zeros(shape)
        if active:
            first = world.base_year
            draws = np.stack([stream(*seeds, "decisions", first, c).random(shape[::2]) for c in cities], axis=1)
        return cls(
            params=params,
            weights=weights,
            peers=peer_weights(world),
            rules=tuple((_rule(name), members) for name, members in groups.items()),
            draws=draws,
            is_active=active,
        )


def _city(world: World, code: str) -> int:
    key = f"governments.rules.{code}"
    try:
        index = world.index(code)
    except InputError as error:
        raise InputError(error.message, key=key, allowed="a city's code or name") from None
    if index >= world.n_cities:
        raise InputError(f"{code} is not a city", key=key)
    return index


def _rule(name: str) -> Rule:
    if name not in RULES:
        raise InputError(
            f"unknown rule '{name}'{did_you_mean(name, RULES)}", key="governments.rule", allowed=", ".join(RULES)
        )
    return RULES[name]
