"""What a policy is: frozen, typed data and one small method that sets levers.

Levers start each year from the baseline, so a policy never has to be undone. A policy of zero strength leaves every
lever as it found it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.core.agreements import Schedule
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.names import PlacesOrNone
from sim.core.terms import AgreementTerms
from sim.datasets.places import MARKS, with_codes_of

if TYPE_CHECKING:
    from sim.core.arrays import IntArray
    from sim.datasets.world import World


class Effect(BaseModel):
    """How the contract test over the registry holds a policy to its word."""

    model_config = ConfigDict(frozen=True)

    strength: str  # field that measures it; zero is the reference
    lever: str  # lever whose first-order change doubles with the strength
    indicator: str  # column of the cities table ...
    places: str  # ... summed over: origins, destinations or region
    sign: int  # of its change after five years
    governments: dict[str, str] = {}  # how they decide, with and without the policy, where it acts through them


class Policy(BaseModel):
    """Base of all policies."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    effect: ClassVar[Effect]
    question: ClassVar[str]

    start: int = Field(description="first year in which the policy acts", json_schema_extra={"unit": "year"})
    end: int = Field(description="last year in which the policy acts", json_schema_extra={"unit": "year"})
    agreement: AgreementTerms | None = Field(
        None, description="terms on which its parties decide for themselves; null = imposed on them"
    )
    members: PlacesOrNone = Field(None, description="parties that take part; null = all. What a coalition study varies")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"ends in {self.end}, before it starts in {self.start}")
        return self

    def done(self, year: int) -> float:
        """Share of the way that is behind at a year: equal steps, all of it from the last year on."""
        return float(np.clip((year - self.start + 1) / (self.end - self.start + 1), 0.0, 1.0))

    @abstractmethod
    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Write this year's values of the policy's levers."""

    def parties(self, world: World) -> list[str]:
        """Cities that the policy needs the consent of, whether or not they are members; none for a rule from above."""
        return []

    def is_viable(self, world: World) -> bool:
        """Whether its members have anything to do together."""
        return True

    def given_to(self, codes: Sequence[str]) -> Policy:
        """The policy after its split was shifted towards some of its parties; itself where it has no split."""
        return self

    def takes_part(self, codes: Sequence[str]) -> list[str]:
        """Those of the parties that are members."""
        return list(codes) if self.members is None else [code for code in codes if code in self.members]


def with_codes(part: BaseModel, world: World, key: str) -> dict[str, Any]:
    """The plain values of a policy, or of a part of one, with codes of cities for all names of places.

    Args:
        part: a model whose fields that name places are marked (`sim.core.names`).
        world: the data set that knows the names.
        key: of the part in the configuration, for messages.

    Raises:
        InputError: a name is unknown, names several cities where one is needed, or a city is named twice in a mapping.
    """
    values = part.model_dump(mode="python")
    for name, field in type(part).model_fields.items():
        value, path = getattr(part, name), f"{key}.{name}"
        mark = next((mark for mark in MARKS if mark in field.metadata), None)
        if mark is not None:
            values[name] = with_codes_of(value, mark, world, path)
        elif isinstance(value, BaseModel):
            values[name] = with_codes(value, world, path)
        elif isinstance(value, Mapping):
            inside = {k: with_codes(v, world, f"{path}.{k}") for k, v in value.items() if isinstance(v, BaseModel)}
            values[name] = {**values[name], **inside}
    return values


def shifted(schedule: Schedule, step: float) -> Schedule:
    """The schedule with every share moved by a step, between 0 and 1."""
    if not isinstance(schedule, dict):
        return min(max(float(schedule) + step, 0.0), 1.0)  # type: ignore[arg-type]
    return {key: shifted(value, step) for key, value in schedule.items()}  # type: ignore[return-value]


def places(names: list[str], world: World, key: str) -> IntArray:
    """Indices of cities given by code; an `InputError` naming the key if one is no city of the data set."""
    indices = _look_up(names, world.index, key)
    outside = np.flatnonzero(indices >= world.n_cities)
    if outside.size:
        raise InputError(f"{names[outside[0]]} is not a city", key=key)
    return indices


def sector_indices(names: list[str], world: World, key: str) -> IntArray:
    """Indices of sectors given by code; an `InputError` naming the key if one is not in the data set."""
    return _look_up(names, world.sector_index, key)


def _look_up(names: list[str], find: Callable[[str], int], key: str) -> IntArray:
    try:
        return np.array([find(name) for name in names], dtype=np.int64)
    except InputError as error:
        raise replace(error, key=key) from None
