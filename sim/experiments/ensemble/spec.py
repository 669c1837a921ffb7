"""What a study asks, as one YAML file: levers (ours), uncertainties (the world's), constants, outcomes, size, seed.

A study is found by name in the folder ``studies`` of a scenario folder, or given as a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from sim.compose import read_yaml, scenario_folders, scenarios, shown
from sim.config import Part, Text, judged
from sim.core.errors import InputError
from sim.core.words import did_you_mean

STUDIES = "studies"
"""Folder of studies inside a folder of scenarios."""

Design = Literal["latin_hypercube", "sobol"]
Scope = Literal["region", "province", "group", "city"]
DEFAULT_SAMPLES = 128  # unit: draws; a power of two, as Sobol sequences want it


class StudySpec(Part):
    """A study: which runs, and what is kept of each."""

    scenario: str = Field(description="scenario that every run starts from", min_length=1)
    title: str = Field("", description="the study in one line")
    question: Text = Field(Text(), description="the question the study answers")
    overrides: list[str] = Field([], description="overrides of every run, as on the command line")
    constants: dict[str, Any] = Field({}, description="values of every run by dotted key")
    levers: dict[str, Any] = Field({}, description="what we set: key -> list, sweep text, or {low, high}")
    uncertainties: dict[str, Any] = Field(
        {},
        description="what the world sets: key -> list, sweep text, {low, high}, or nothing for a parameter's range; "
        "'judgement' stands for every judgement parameter the model reads",
    )
    cases: str | None = Field(
        None, description="CSV or Parquet file: one row per setting of the levers, keys as columns"
    )
    outcomes: list[str] = Field([], description="indicators kept; empty = all the places have")
    places: list[Scope] = Field(["region"], description="for which places; the region is always kept")
    tables: list[Literal["cities", "sectors"]] = Field([], description="tables of every run kept besides")
    design: Design = Field("latin_hypercube", description="how intervals are drawn from")
    samples: int = Field(DEFAULT_SAMPLES, ge=1, description="draws from the intervals, all together")
    replications: int = Field(1, ge=1, description="repetitions of every run with other shocks")
    seed: int = Field(1, ge=0, description="root of the design and of every random stream")

    @field_validator("places")
    @classmethod
    def _with_region(cls, value: list[Scope]) -> list[Scope]:
        return list(dict.fromkeys(("region", *value)))

    @field_validator("levers", "uncertainties", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        return named(value)


def read_study(word: str | Path, extra: str | Path | None = None) -> StudySpec:
    """The study of a file, or of a name in the folders of studies.

    Raises:
        InputError: there is none, or something in it is wrong.
    """
    path = find_study(word, extra)
    values = read_yaml(path)
    return judged(StudySpec, values, files={"": shown(path), **{key: shown(path) for key in values}})


def spec_of(word: str) -> StudySpec:
    """The study of a word: a scenario's name, a study's name, or a study's file."""
    return StudySpec(scenario=word) if word in scenarios() else read_study(word)


def named(given: object) -> object:
    """A key, or a list of keys, as a mapping, each over its own range; arrays as lists."""
    if isinstance(given, str):
        return {given: None}
    if isinstance(given, Mapping):
        return {key: value.tolist() if hasattr(value, "tolist") else value for key, value in given.items()}
    return dict.fromkeys(given) if isinstance(given, list | tuple) else given


def find_study(word: str | Path, extra: str | Path | None = None) -> Path:
    """The file of a study."""
    path = Path(word)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise InputError("there is no such study", file=str(path))
        return path
    known = studies(extra)
    if str(word) in known:
        return known[str(word)]
    choices = [*scenarios(extra), *known]
    hint = did_you_mean(str(word), choices)
    raise InputError(f"unknown scenario or study '{word}'{hint}", allowed=", ".join([*choices, "a file .yaml"]))


def studies(extra: str | Path | None = None) -> dict[str, Path]:
    """Every study by name."""
    found: dict[str, Path] = {}
    for folder in scenario_folders(extra):
        for path in sorted((folder / STUDIES).glob("*.yaml")):
            found.setdefault(path.stem, path)
    return found


def merged(spec: StudySpec, changes: Mapping[str, Any]) -> StudySpec:
    """The study with other values; dictionaries and overrides are added to its own."""
    plain = spec.model_dump(mode="python")
    for key, value in changes.items():
        own = plain[key]
        if isinstance(own, dict):
            given = named(value)
            if not isinstance(given, Mapping):
                raise InputError("takes keys with their values", key=key, allowed="a mapping, a key, or a list of keys")
            plain[key] = {**own, **given}
        elif key == "overrides":
            plain[key] = [*own, *value]
        else:
            plain[key] = value
    return judged(StudySpec, plain)


def check_outcomes(names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse an indicator nobody computes."""
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f"unknown indicator '{name}'{hint}", key="outcomes", allowed="sim list indicators")
