"""What a search asks: which keys, what to make small or large, under which condition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, field_validator

from sim.compose import Several, sweep_values
from sim.config import Part, flatten
from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.conditions import parse, parse_term
from sim.experiments.ensemble.factors import PARAMETERS

if TYPE_CHECKING:
    from sim.config import RunConfig

RANGE = "KEY=interval(low,high), or KEY=a,b,c"


class Question(Part):
    """A search, as it is asked."""

    scenario: str = Field(description="scenario that is searched around", min_length=1)
    overrides: list[str] = Field([], description="overrides of every run, as on the command line")
    find: dict[str, Any] = Field(
        description="what may vary: key -> list, sweep text, {low, high}, or nothing for the key's own range",
        min_length=1,
    )
    minimise: list[str] = Field(
        [], description="indicators that should be small; over cities max(INDICATOR) and the like"
    )
    maximise: list[str] = Field([], description="indicators that should be large")
    such_that: str = Field("", description="condition on the outcomes")
    year: int | None = Field(None, description="year of the outcomes; default the last")
    trials: int | None = Field(None, ge=2, description="runs of the search; for one key the points it starts from")
    seed: int = Field(1, ge=0, description="of the search and of every run")

    @field_validator("find", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """Words of the command line: ``KEY,KEY`` and ``KEY=VALUES``."""
        if not value:
            raise InputError("which keys may vary?", key="find", allowed=f"KEY, {RANGE}")
        if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
            value = [value]
        if isinstance(value, Mapping):
            return {str(key): _pair(given) for key, given in value.items()}
        found: dict[str, Any] = {}
        for word in map(str, value):
            for key, given in _words(word):
                if key in found:
                    raise InputError("is looked for twice", key=key)
                found[key] = given
        return found

    @field_validator("minimise", "maximise", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        listed = [value] if isinstance(value, str) else value
        return [str(parse_term(text)) for text in listed] if isinstance(listed, list | tuple) else listed

    @field_validator("such_that")
    @classmethod
    def _read(cls, value: str) -> str:
        return str(parse(value)) if value else value


def _words(word: str) -> list[tuple[str, str | None]]:
    key, equals, text = word.partition("=")
    if equals:
        return [(key.strip(), text)]
    return [(part.strip(), None) for part in word.split(",") if part.strip()]


def _pair(given: object) -> object:
    """``(low, high)`` is an interval, a list is a list."""
    return {"low": given[0], "high": given[1]} if isinstance(given, tuple) and len(given) == 2 else given


def levers(find: Mapping[str, Any], config: RunConfig) -> dict[str, Any]:
    """The keys as levers of a study: every range spelt out, whole numbers marked.

    Raises:
        InputError: an unknown key, or one that has no range of its own and is given none.
    """
    return {key: _lever(key, given, config) for key, given in find.items()}


def _lever(key: str, given: object, config: RunConfig) -> object:
    if isinstance(given, str):
        given = sweep_values(given)
    if isinstance(given, Several):
        given = dict(zip(("low", "high"), given.interval, strict=True)) if given.interval else list(given.values)
    schema = _schema(key, config)
    if given is None and not key.startswith(PARAMETERS):
        given = _own_range(key, schema, config)
    if isinstance(given, Mapping) and schema.get("type") == "integer":
        inside = {"low": math.ceil, "high": math.floor}
        return {**given, "whole": True, **{end: turn(given[end]) for end, turn in inside.items() if end in given}}
    return given


def _schema(key: str, config: RunConfig) -> dict[str, Any]:
    """What the model of the configuration says about a field; empty where it is no single field."""
    owner: object = config
    *path, name = key.split(".")
    for part in path:
        owner = owner.get(part) if isinstance(owner, Mapping) else getattr(owner, part, None)
    if not isinstance(owner, BaseModel):
        return {}
    found: dict[str, Any] = type(owner).model_json_schema().get("properties", {}).get(name, {})
    return found


def _own_range(key: str, schema: Mapping[str, Any], config: RunConfig) -> object:
    """The range or the choices of a field, from its model."""
    known = flatten(config.plain())
    if key not in known:
        raise InputError(f"the scenario has no such key{did_you_mean(key, known)}", key=key, allowed="sim schema")
    for branch in (schema, *schema.get("anyOf", [])):
        if "minimum" in branch and "maximum" in branch:
            return {"low": branch["minimum"], "high": branch["maximum"]}
        if "enum" in branch:
            return list(branch["enum"])
    if schema.get("type") == "boolean":
        return [False, True]
    raise InputError("has no range of its own", key=key, allowed=RANGE)
