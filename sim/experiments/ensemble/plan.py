"""Every run of a study before the first one starts: a table of settings, and the few configurations they start from.

Hydra composes once for each combination of policies and files (a `Structure`); all other settings are plain values set
on it. What is given by intervals is drawn together, what is given by lists is crossed with everything else. The worlds
(points of the uncertainties, and replications) come first, the levers last: runs that share a world stand together.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from sim.compose import compose, parse_value
from sim.config import RunConfig, check_horizon, flatten, lists, parameter_values, world_of
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.words import did_you_mean
from sim.experiments.ensemble.cases import columns, is_empty, read_cases
from sim.experiments.ensemble.design import unit_points
from sim.experiments.ensemble.factors import JUDGEMENT, PARAMETERS, Factor, factors
from sim.experiments.ensemble.spec import StudySpec, check_outcomes
from sim.experiments.provenance import hydra_value
from sim.experiments.run import reference_config
from sim.indicators import COMPARISONS, REGISTRY
from sim.policies import Policy

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray, IntArray
    from sim.datasets.world import World

RUN, STRUCTURE, WORLD, REPLICATE = KEYS = ("run", "structure", "world", "replicate")
"""Columns of the plan before the factors."""

_POLICY_VALUE = re.compile(r"policies\.(?P<policy>\w+)\.")


@dataclass(frozen=True)
class Structure:
    """A composed configuration that runs start from, the one they are compared with, and the words that make it."""

    config: RunConfig
    reference: RunConfig | None
    words: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        reference = None if self.reference is None else lists(self.reference.plain())
        return {"config": lists(self.config.plain()), "reference": reference, "words": list(self.words)}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Structure:
        reference = None if data["reference"] is None else RunConfig.judge(data["reference"])
        return cls(RunConfig.judge(data["config"]), reference, tuple(data["words"]))


@dataclass(frozen=True)
class Plan:
    """The runs of a study.

    Attributes:
        spec: what was asked.
        factors: what varies.
        structures: configurations the runs start from.
        cases: run, structure, world, replicate, then a column per factor; a lever of a policy that is not in force is
            empty.
    """

    spec: StudySpec
    factors: tuple[Factor, ...]
    structures: tuple[Structure, ...]
    cases: pd.DataFrame

    def __len__(self) -> int:
        return len(self.cases)

    @cached_property
    def digest(self) -> str:
        """sha256 of everything that decides the results: configurations, settings, what is kept."""
        kept = {name: getattr(self.spec, name) for name in ("outcomes", "places", "tables")}
        text = yaml.safe_dump([kept, [structure.plain() for structure in self.structures]], sort_keys=True)
        factors = yaml.safe_dump([factor.plain() for factor in self.factors])
        return hashlib.sha256(text.encode() + factors.encode() + _bytes(self.cases)).hexdigest()

    def kind(self, factor: Factor) -> str:
        """Whether the column of a factor holds text or numbers."""
        return "number" if pd.api.types.is_numeric_dtype(self.cases[factor.name].dtype) else "text"

    def values(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """What a run sets on its structure: plain values by dotted key."""
        found: dict[str, Any] = {}
        for factor in self.factors:
            value = row[factor.name]
            if not factor.is_structural and not is_empty(value):
                found |= factor.values(decoded(value))
        return found

    def config(self, run: int) -> RunConfig:
        """The configuration of one run, as the worker makes it."""
        row = self.row(run)
        start: RunConfig = self.structures[row[STRUCTURE]].config
        return start.with_values({**self.values(row), REPLICATE: row[REPLICATE]})

    def row(self, run: int) -> dict[str, Any]:
        """The settings of one run.

        Raises:
            InputError: there is no such run.
        """
        if not 0 <= run < len(self):
            raise InputError(f"the study has no run {run}", key=RUN, allowed=f"0 to {len(self) - 1}")
        (row,) = self.cases.iloc[[run]].to_dict("records")  # a single row would make all numbers floating
        return {str(key): value for key, value in row.items()}

    def words(self, run: int) -> list[str]:
        """Overrides that make this run from its scenario on the command line."""
        row = self.row(run)
        told = [f"{key}={hydra_value(value)}" for key, value in self.values(row).items()]
        replicate = [f"{REPLICATE}={row[REPLICATE]}"] if row[REPLICATE] else []
        return [*self.structures[row[STRUCTURE]].words, *told, *replicate]

    def write(self, folder: Path) -> dict[str, bytes]:
        """The files that describe the study, by name."""
        told = {
            "study": self.spec.model_dump(mode="python"),
            "factors": [factor.plain() for factor in self.factors],
            "structures": [structure.plain() for structure in self.structures],
        }
        text = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120)  # unit: characters
        return {"study.yaml": text.encode(), "plan.parquet": _bytes(self.cases)}

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """The plan of a study's folder.

        Raises:
            InputError: the folder holds none, or a file of it is damaged.
        """
        path = folder / "study.yaml"
        try:
            told = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls(
                StudySpec.model_validate(told["study"]),
                tuple(Factor.from_plain(data) for data in told["factors"]),
                tuple(Structure.from_plain(data) for data in told["structures"]),
                pd.read_parquet(folder / "plan.parquet"),
            )
        except FileNotFoundError as error:
            raise InputError("holds no study", file=str(folder), allowed="a folder of sim sweep") from error
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
            raise InputError(f"cannot be read: {str(error).splitlines()[0]}", file=str(path)) from None


def _bytes(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


@cache
def _parsed(text: str) -> Any:
    return parse_value(text)


def decoded(value: Any) -> Any:
    """A cell of the plan as the value it stands for."""
    return _parsed(value) if isinstance(value, str) else value.item() if isinstance(value, np.generic) else value


def encoded(value: Any) -> Any:
    """A value as a cell: numbers as they are, everything else in the grammar of overrides."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else hydra_value(value)


# --- making it ----------------------------------------------------------------------------------------------------


def make_plan(spec: StudySpec, *, table: pd.DataFrame | None = None, points: FloatArray | None = None) -> Plan:
    """Every run of a study, each of its values judged.

    Args:
        spec: the study.
        table: settings of the levers, one row each, instead of the file ``spec.cases``.
        points: ``[sample, interval]`` between 0 and 1 instead of drawn ones; intervals in the order of the study,
            uncertainties first.

    Raises:
        InputError: something in the study is wrong, or no run is left.
    """
    check_outcomes(spec.outcomes, [*REGISTRY, *COMPARISONS])
    words = _words(spec)
    world, read = _first_world(spec, words)
    given = table if table is not None else read_cases(spec.cases)
    source = spec.cases if table is None else None
    mine = factors(spec.levers, "lever", world.parameters, read)
    theirs = factors(spec.uncertainties, "uncertainty", world.parameters, read)
    listed = [] if given is None else columns(given, source)
    every = (*theirs, *mine, *listed)
    _refuse_twice(every, words)
    intervals = [factor for factor in every if not factor.options]
    drawn = _draw(spec, intervals, points)
    n_samples = len(drawn[intervals[0].name]) if intervals else 1
    codes = _crossed(spec, theirs, mine, listed, {"sample": n_samples, "case": 1 if given is None else len(given)})
    cases = _table(every, codes, drawn)
    cases, structures = _structured(cases, every, spec, words)
    plan = Plan(spec, every, structures, _numbered(cases, every, structures))
    _judge(plan, world, source if given is not None else None)
    return plan


def _words(spec: StudySpec) -> list[str]:
    """Overrides of every run. Replications need shocks: they are switched on unless the study says otherwise."""
    words = [*spec.overrides, *(f"{key}={hydra_value(value)}" for key, value in spec.constants.items())]
    if not any(word.startswith("seed=") for word in words):
        words.append(f"seed={spec.seed}")
    shocks = [word for word in words if word.startswith("shocks.enabled=")]
    if spec.replications > 1:
        if not shocks:
            words.append("shocks.enabled=true")
        elif shocks[-1] == "shocks.enabled=false":
            raise InputError("replications differ by their shocks, which are switched off", key="shocks.enabled")
    return words


def _first_world(spec: StudySpec, words: Sequence[str]) -> tuple[World, list[str]]:
    """The data set of the study, and the parameters the model reads."""
    config = compose(spec.scenario, [word for word in words if not _POLICY_VALUE.match(word)])  # in force or not
    world = world_of(config)
    if JUDGEMENT not in {*spec.uncertainties, *spec.levers}:
        return world, []
    from sim.experiments.ensemble.shard import parameters_read

    return world, parameters_read(config)


def _refuse_twice(every: Sequence[Factor], words: Sequence[str]) -> None:
    names = [factor.key.lstrip("+") for factor in every]
    fixed = {word.lstrip("+~").partition("=")[0] for word in words}
    for name in names:
        if names.count(name) > 1:
            raise InputError("is varied twice", key=name)
        if name in fixed and name != "policies":
            what = "is the study's own seed (--seed)" if name == "seed" else "is both fixed and varied"
            raise InputError(what, key=name)


def _crossed(
    spec: StudySpec,
    theirs: Sequence[Factor],
    mine: Sequence[Factor],
    listed: Sequence[Factor],
    sizes: Mapping[str, int],
) -> dict[str, IntArray]:
    """Position of every run along every axis: sample, each list of the world, replicate, each list of ours, case."""
    axes = {"sample": sizes["sample"]}
    axes |= {factor.name: len(factor.options) for factor in theirs if factor.options}
    draws_worlds = any(not factor.options for factor in theirs)
    worlds = [axis for axis in axes if axis != "sample" or draws_worlds]  # a drawn lever makes no other world
    axes[REPLICATE] = spec.replications
    axes |= {factor.name: len(factor.options) for factor in mine if factor.options}
    axes["case"] = sizes["case"]
    total = int(np.prod(list(axes.values()), dtype=np.int64))
    positions = np.unravel_index(np.arange(total), tuple(axes.values()))
    codes = dict(zip(axes, (np.asarray(p) for p in positions), strict=True))
    codes |= {factor.name: codes["case"] for factor in listed}
    codes[WORLD] = np.zeros(total, dtype=np.int64)
    for axis in worlds:
        codes[WORLD] = codes[WORLD] * axes[axis] + codes[axis]
    return codes


def _draw(spec: StudySpec, intervals: Sequence[Factor], points: FloatArray | None) -> dict[str, FloatArray]:
    if points is None:
        points = unit_points(spec.design, spec.samples, len(intervals), spec.seed)
    if points.shape[1] != len(intervals):
        raise InputError(f"points of {points.shape[1]} dimensions for {len(intervals)} intervals", key="points")
    return {factor.name: factor.quantile(points[:, i]) for i, factor in enumerate(intervals)}


def _table(every: Sequence[Factor], codes: Mapping[str, IntArray], drawn: Mapping[str, Any]) -> pd.DataFrame:
    columns: dict[str, Any] = {WORLD: codes[WORLD], REPLICATE: codes[REPLICATE]}
    for factor in every:
        if factor.options:
            cells = [None if value is None else encoded(value) for value in factor.options]
            if not all(isinstance(cell, int | float | None) for cell in cells):
                cells = [None if cell is None else str(cell) for cell in cells]
            columns[factor.name] = pd.array(pd.Series(cells))[codes[factor.name]]
        else:
            columns[factor.name] = drawn[factor.name][codes["sample"]]
    return pd.DataFrame(columns)


def _structured(
    cases: pd.DataFrame, every: Sequence[Factor], spec: StudySpec, words: Sequence[str]
) -> tuple[pd.DataFrame, tuple[Structure, ...]]:
    """Compose every combination of policies and files once; runs point to theirs."""
    structural = [factor for factor in every if factor.is_structural]
    if not structural:
        return cases.assign(**{STRUCTURE: 0}), (_composed(spec.scenario, words),)
    settings = list(zip(*(cases[factor.name].tolist() for factor in structural), strict=True))
    known = {setting: number for number, setting in enumerate(dict.fromkeys(settings))}
    structures = []
    for setting in known:
        chosen = {f.key: decoded(cell) for f, cell in zip(structural, setting, strict=True) if not is_empty(cell)}
        scenario = str(chosen.pop("scenario", spec.scenario))
        structures.append(_in_force(scenario, words, [f"{k}={hydra_value(v)}" for k, v in chosen.items()]))
    used = {word for structure in structures for word in structure.words}
    lost = next((word for word in words if word not in used), None)
    if lost is not None:
        raise InputError("no run of the study has this policy", key=lost.partition("=")[0])
    return cases.assign(**{STRUCTURE: [known[setting] for setting in settings]}), tuple(structures)


def _in_force(scenario: str, words: Sequence[str], chosen: Sequence[str]) -> Structure:
    """The structure of some choices; values of policies that are not among them are left out."""
    values = {word: found["policy"] for word in words if (found := _POLICY_VALUE.match(word))}
    policies = compose(scenario, [*(word for word in words if word not in values), *chosen]).policies
    return _composed(scenario, [*(word for word in words if values.get(word, "") in ("", *policies)), *chosen])


def _composed(scenario: str, words: Sequence[str]) -> Structure:
    config = compose(scenario, words)
    reference = None if config.reference is None else reference_config(config)
    return Structure(config, reference, tuple(words))


def _numbered(cases: pd.DataFrame, every: Sequence[Factor], structures: Sequence[Structure]) -> pd.DataFrame:
    """Runs in order, numbered; levers of absent policies emptied, and what is then the same run dropped."""
    structure = cases[STRUCTURE].to_numpy()
    dropped = False
    for factor in every:
        if factor.policy is None:
            continue
        absent = np.array([factor.policy not in item.config.policies for item in structures])
        if absent.all():
            known = sorted({name for item in structures for name in item.config.policies})
            hint = did_you_mean(factor.policy, known)
            raise InputError(f"no run of the study has the policy '{factor.policy}'{hint}", key=factor.key)
        if absent.any():
            cases[factor.name] = cases[factor.name].mask(absent[structure])
            dropped = True
    if dropped:
        cases = cases.drop_duplicates(ignore_index=True)
    names = [factor.name for factor in every]
    return cases.assign(**{RUN: np.arange(len(cases))})[[*KEYS, *names]]


def _judge(plan: Plan, world: World, source: str | None) -> None:
    """Every value of every list and both ends of every interval, each alone, on every structure it applies to."""
    firsts = plan.cases.drop_duplicates(STRUCTURE)
    starts = {s: plan.config(run) for run, s in zip(firsts[RUN], firsts[STRUCTURE], strict=True)}
    for config in starts.values():
        _judge_places(config, world)
    for factor, (number, structure) in product(plan.factors, enumerate(plan.structures)):
        if factor.is_structural or (factor.policy is not None and factor.policy not in structure.config.policies):
            continue
        for row, value in enumerate(factor.options or factor.ends(), start=2):
            if value is None:
                continue
            try:
                _judge_one(structure, factor.values(value), world)
                if not isinstance(value, int | float):
                    _judge_places(starts[number].with_values(factor.values(value)), world)
            except InputError as error:
                raise (replace(error, file=source, row=row, column=factor.name) if source else error) from None


def _judge_places(config: RunConfig, world: World) -> None:
    """Policies name places and sectors that only the data set knows."""
    levers = Levers.neutral(np.zeros((world.n_regions, world.n_regions)), world.n_sectors, world.n_lines)
    for policy in config.policies.values():
        if isinstance(policy, Policy):
            policy.set_levers(levers, world.base_year, world)


def _judge_one(structure: Structure, values: Mapping[str, Any], world: World) -> None:
    known = flatten(structure.config.plain())
    for key in values:
        head = key.partition(".")[0]
        if (
            head not in ("parameters", "policies")
            and key not in known
            and not any(k.startswith(f"{key}.") for k in known)
        ):
            raise InputError(f"unknown key{did_you_mean(key, known)}", key=key)
    config = structure.config.with_values(values)
    check_horizon(config, world)
    if any(key.startswith(PARAMETERS) for key in values):
        world.parameters.with_values(parameter_values(config, world.parameters))
