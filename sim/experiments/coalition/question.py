"""What a coalition study asks: which players, who besides takes part, what counts as a gain; and who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from sim.config import Part
from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.policies.base import Policy, places

if TYPE_CHECKING:
    from sim.bargaining import Coalition
    from sim.config import RunConfig
    from sim.core.terms import AgreementTerms
    from sim.datasets.world import World

ALL = "all"
FEWEST = 2  # unit: players of a game


class Question(Part):
    """A coalition study, as it is asked."""

    scenario: str = Field(description="scenario whose agreement is studied", min_length=1)
    overrides: list[str] = Field([], description="overrides of every run, as on the command line")
    parties: list[str] = Field(
        [], description="players: cities, or provinces, areas and groups with those of their cities that are parties"
    )
    others: Literal["out", "in"] = Field(
        "out", description="whether parties that are no player's stay out or take part"
    )
    measure: Literal["real_income", "own_revenue", "real_gdp"] = Field(
        "real_income", description="what counts as a gain"
    )
    year: int | None = Field(None, description="count the gain of this year only; default all from the start on")
    # source: judgement; rates in use are 3.5 % (United Kingdom, Green Book) to 8 % (China, rules for projects, 2006)
    discount: float = Field(0.04, ge=0.0, le=1.0, description="at which later years are discounted, a year")
    beyond: int = Field(
        0, ge=0, le=100, description="years after the last for which its gain is taken to go on; for what lasts longer"
    )
    disagreement: Literal["none", "alone", "outside"] = Field(
        "none",
        description="what the rule nash starts from: zero gain, the value alone, or the gain of staying out",
    )
    permutations: int | None = Field(
        None, ge=4, description="estimate the Shapley shares from so many orders instead of running every coalition"
    )
    seed: int = Field(1, ge=0, description="of the orders drawn")

    @field_validator("parties", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """``a,b,c`` as on the command line."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("permutations")
    @classmethod
    def _pairs(cls, value: int | None) -> int | None:
        if value is not None and value % 2:
            raise ValueError(f"{value} is odd, and every order is followed by its reverse")
        return value


@dataclass(frozen=True)
class Players:
    """Who bargains, and what they decide on.

    Attributes:
        cities: codes of every player's cities, by its name.
        others: parties that are no player's.
        parties: codes of the parties of every policy that needs their consent.
        others_in: whether the others take part in every run.
        terms: of policies that their parties decide on: fewest members, and those without which nothing comes about.
    """

    cities: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...]
    parties: Mapping[str, tuple[str, ...]]
    others_in: bool = False
    terms: Mapping[str, AgreementTerms] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.cities)

    def values(self, coalition: Coalition) -> dict[str, Any]:
        """What the configuration is told when these players have signed and the rest not; nobody is asked again."""
        inside = {city for player in coalition for city in self.cities[player]}
        inside |= {*self.others} if self.others_in else set()
        values: dict[str, Any] = {f"policies.{name}.agreement": None for name in self.terms}
        for name, codes in self.parties.items():
            members, terms = [code for code in codes if code in inside], self.terms.get(name)
            holds = terms is None or (len(members) >= terms.minimum and {*terms.needed} <= {*members})
            values[f"policies.{name}.members"] = members if holds else []
        return values


def players_of(question: Question, config: RunConfig, world: World) -> Players:
    """The players of a question.

    Raises:
        InputError: no policy of the scenario has parties, a player is none of them or named twice, or there are fewer
            than two.
    """
    policies = {name: policy for name, policy in config.policies.items() if isinstance(policy, Policy)}
    parties = {
        name: tuple(policy.takes_part(found)) for name, policy in policies.items() if (found := policy.parties(world))
    }
    if not any(parties.values()):
        message = "no policy of the scenario has parties whose consent it needs"
        raise InputError(message, key="policies", allowed="sim list policies")
    for name, codes in parties.items():
        places(list(codes), world, f"policies.{name}")
    every = [code for code in world.region_ids[: world.n_cities] if any(code in codes for codes in parties.values())]
    labels = _labels(world, every)
    words = [labels[code] for code in every] if question.parties == [ALL] else question.parties
    if len(words) < FEWEST:
        raise InputError(
            f"a coalition study needs at least {FEWEST} players",
            key="parties",
            allowed=", ".join([ALL, *labels.values()]),
        )
    known = _known(world, every, labels)
    cities: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for word in words:
        player, codes = _player(word, known, labels)
        for code in codes:
            if code in owner:
                raise InputError(f"{world.region_labels[code]} is named twice: {owner[code]}, {word}", key="parties")
            owner[code] = word
        cities[player] = codes
    others = tuple(code for code in every if code not in owner)
    agreed = {name: terms for name in parties if (terms := policies[name].agreement) is not None}
    return Players(cities, others, parties, question.others == "in", agreed)


def _labels(world: World, codes: Sequence[str]) -> dict[str, str]:
    """English names, or codes where names could be mistaken for others or for coalitions."""
    names = list(world.region_labels.values())
    return {
        code: code if "+" in (name := world.region_labels[code]) or names.count(name) > 1 else name for code in codes
    }


def _known(world: World, every: Sequence[str], labels: Mapping[str, str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Player and cities of every word that may be said; a city goes before others of the same name."""
    known: dict[str, tuple[str, tuple[str, ...]]] = {
        word.lower(): (word, tuple(code for code in every if code in codes))
        for word, codes in world.place_names.items()
    }
    provinces = world.tables["provinces"]
    for province, *names in provinces[["province", "name_en", "name_zh"]].itertuples(index=False, name=None):
        inside = tuple(code for code in every if world.province_ids[world.province_of[world.index(code)]] == province)
        known |= {str(name).lower(): (str(province), inside) for name in (province, *names)}
    for code, *names in zip(world.region_ids, world.region_names, world.region_names_zh, strict=True):
        inside = (code,) if code in labels else ()
        also = [name.removesuffix("市") for name in names]
        known |= {name.lower(): (labels.get(code, code), inside) for name in (*also, *names, code)}
    return known


def _player(
    word: str, known: Mapping[str, tuple[str, tuple[str, ...]]], labels: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    found = known.get(word.lower())
    if found is None or not found[1]:
        what = f"'{word}' is no party of the scenario's policies" if found else f"unknown party '{word}'"
        hint = "" if found else did_you_mean(word, [*known, *labels.values()])
        raise InputError(f"{what}{hint}", key="parties", allowed=", ".join(labels.values()))
    return found
