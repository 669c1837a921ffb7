"""The runs that a question of sensitivity needs: a designed sample of all factors, and each factor alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.config import world_of
from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.ensemble.factors import JUDGEMENT, PARAMETERS
from sim.experiments.ensemble.plan import KEYS, REPLICATE, RUN, STRUCTURE, WORLD, Plan, encoded, make_plan
from sim.experiments.ensemble.spec import StudySpec, check_outcomes, merged
from sim.experiments.sensitivity import methods
from sim.experiments.sensitivity.claims import claims_of
from sim.indicators import COMPARISONS, REGISTRY
from sim.indicators.base import REGION

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray, IntArray
    from sim.experiments.ensemble.factors import Factor

COMPARED = ("gain", "real_gdp_gain", "losers", "inequality_change")
"""Outcomes looked at when the scenario has a reference."""

ALONE = ("real_income", "real_gdp", "theil_real_income")
"""Outcomes looked at when it has none."""


@dataclass(frozen=True)
class Question:
    """What is asked of a study.

    Attributes:
        method: ``morris``, ``sobol`` or ``delta``.
        samples: trajectories, base points or runs; None = enough for a first look.
        second_order: Sobol's indices of pairs too; doubles the runs.
        groups: factors that are judged together, by the name of the group; for Sobol and Morris.
        outcomes: indicators; none = the gains against the reference, or incomes and inequality without one.
        years: none = the last and one in the middle.
        places: scopes besides the region: province, group, city.
        conclusions: statements ``OUTCOME < NUMBER`` (or ``>``, ``<=``, ``>=``); none = who gains and who loses.
        tornado: whether each factor is also moved alone; without it there is no centre and no conclusion.
    """

    method: str = methods.MORRIS
    samples: int | None = None
    second_order: bool = False
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    outcomes: Sequence[str] = ()
    years: Sequence[int] = ()
    places: Sequence[str] = (REGION,)
    conclusions: Sequence[str] = ()
    tornado: bool = True

    @property
    def size(self) -> int:
        """Trajectories, base points or runs."""
        return methods.default_samples(self.method) if self.samples is None else self.samples

    @property
    def scopes(self) -> list[str]:
        """The region, then the others."""
        return list(dict.fromkeys((REGION, *self.places)))

    def grouped(self, factors: Sequence[Factor]) -> list[str] | None:
        """The group of each factor, those in no group alone; None where there are no groups."""
        if not self.groups:
            return None
        if self.method == methods.DELTA:
            raise InputError("the method delta knows no groups", key="groups", allowed="morris, sobol")
        names = {short(factor.name): factor.name for factor in factors}
        of = {}
        for group, keys in self.groups.items():
            for key in map(short, keys):
                if key not in names:
                    raise InputError(f"no factor '{key}'{did_you_mean(key, names)}", key=f"group {group}")
                of[names[key]] = group
        return [of.get(factor.name, factor.name) for factor in factors]

    def plain(self) -> dict[str, Any]:
        """As data, for the study's folder."""
        return asdict(self)


def short(name: str) -> str:
    """A factor as people say it: without ``parameters.`` and ``@range``."""
    return name.removeprefix(PARAMETERS).partition("@")[0]


@dataclass(frozen=True)
class Design:
    """The runs of a sensitivity study; run ``i`` of the plan belongs to point ``i // replications``."""

    question: Question
    plan: Plan
    points: FloatArray

    @cached_property
    def tornado(self) -> Plan:
        """The runs one factor at a time."""
        return one_at_a_time(self.plan)

    def __len__(self) -> int:
        """Runs, those of one factor at a time included."""
        return len(self.plan) + (len(self.tornado) if self.question.tornado else 0)


def design(spec: StudySpec, question: Question) -> Design:
    """Every run of a sensitivity study, judged.

    Args:
        spec: the study: what varies is its uncertainties and levers, or every judgement if it names none.
        question: what is asked.

    Raises:
        InputError: something in the study is wrong, nothing varies, or there are too few samples.
    """
    if spec.cases is not None:
        message = "a table of cases is no sample; run it by sim sweep, then: sim sensitivity FOLDER --method delta"
        raise InputError(message, key="cases")
    if not spec.uncertainties and not spec.levers:
        spec = merged(spec, {"uncertainties": {JUDGEMENT: None}})
    size, scopes = question.size, list(dict.fromkeys((*question.scopes, *spec.places)))
    start = make_plan(
        merged(spec, {"samples": 1, "places": scopes})
    )  # every option: judges values, composes structures
    if not start.factors:
        raise InputError("nothing varies", key="uncertainties", allowed="keys of sim list parameters, or judgement")
    points = methods.sample(
        question.method, len(start.factors), size, spec.seed,
        second_order=question.second_order, groups=question.grouped(start.factors),
    )  # fmt: skip
    cells = {factor.name: _cells(factor, points[:, j]) for j, factor in enumerate(start.factors)}
    spec = merged(start.spec, {"samples": len(points), "outcomes": _outcomes(start, question)})
    return Design(question, _planned(replace(start, spec=spec), cells, _structure_of(start, cells)), points)


def _outcomes(start: Plan, question: Question) -> list[str]:
    """What every run has to keep."""
    config = start.structures[0].config
    world = world_of(config)
    years = range(world.base_year, config.horizon + 1)
    wrong = next((year for year in question.years if year not in years), None)
    if wrong is not None:
        raise InputError(f"the runs have no year {wrong}", key="years", allowed=f"{years[0]} to {years[-1]}")
    check_outcomes(question.outcomes, [*REGISTRY, *COMPARISONS])
    compared = any(structure.reference is not None for structure in start.structures)
    lost = next((name for name in question.outcomes if name in COMPARISONS and not compared), None)
    if lost is not None:
        raise InputError(f"'{lost}' needs a scenario with a reference", key="outcomes", allowed=", ".join(REGISTRY))
    claims = [claim.outcome for claim in claims_of(question.conclusions, world.n_cities)]
    needed = [*start.spec.outcomes, *(question.outcomes or default_outcomes(compared)), *claims]
    return [name for name in dict.fromkeys(needed) if compared or name not in COMPARISONS]


def default_outcomes(compared: bool) -> tuple[str, ...]:
    """What is looked at unless something else is asked for."""
    return COMPARED if compared else ALONE


def _cells(factor: Factor, share: FloatArray) -> list[Any]:
    """Values of a factor at shares between 0 and 1; options have equal parts of it."""
    if not factor.options:
        return list(factor.quantile(share).tolist())
    n = len(factor.options)
    return [factor.options[code] for code in np.minimum((share * n).astype(int), n - 1)]


def _structure_of(plan: Plan, cells: Mapping[str, Sequence[Any]]) -> IntArray:
    """Position of the structure of every row."""
    names = [factor.name for factor in plan.factors if factor.is_structural]
    if not names:
        return np.zeros(len(next(iter(cells.values()))), dtype=np.int64)
    settings = zip(*(plan.cases[name].tolist() for name in names), strict=True)
    known = dict(zip(settings, plan.cases[STRUCTURE].tolist(), strict=True))
    return np.array([known[setting] for setting in zip(*(map(encoded, cells[name]) for name in names), strict=True)])


def _planned(start: Plan, cells: Mapping[str, Sequence[Any]], structure: IntArray) -> Plan:
    """A plan with a run (and its replications) for every row of the cells; levers of absent policies are empty."""
    frame = pd.DataFrame({factor.name: _column(cells[factor.name]) for factor in start.factors})
    for factor in start.factors:
        if factor.policy is not None:
            absent = np.array([factor.policy not in item.config.policies for item in start.structures])
            frame[factor.name] = frame[factor.name].mask(absent[structure])
    theirs = [factor.name for factor in start.factors if factor.role == "uncertainty"]
    frame[WORLD] = frame.groupby(theirs, sort=False, dropna=False).ngroup() if theirs else 0
    frame[STRUCTURE] = structure
    n, repeats = len(frame), start.spec.replications
    frame = frame.loc[np.repeat(np.arange(n), repeats)].reset_index(drop=True)
    frame = frame.assign(**{RUN: np.arange(n * repeats), REPLICATE: np.tile(np.arange(repeats), n)})
    return replace(start, cases=frame[[*KEYS, *(factor.name for factor in start.factors)]])


def _column(values: Sequence[Any]) -> Any:
    """Cells as the plan writes them: numbers, or text in the grammar of overrides."""
    cells = [None if value is None else encoded(value) for value in values]
    if not all(isinstance(cell, int | float | None) for cell in cells):
        cells = [None if cell is None else str(cell) for cell in cells]
    return pd.array(pd.Series(cells))


# --- one factor at a time -----------------------------------------------------------------------------------------


def moves(plan: Plan) -> list[tuple[Factor, Any]]:
    """Factor and value of every run of `one_at_a_time` after the first."""
    return [(factor, value) for factor in plan.factors for value in _alone(factor)]


def one_at_a_time(plan: Plan) -> Plan:
    """The run where every factor has the value of the scenario and the data set, then each factor alone."""
    moved = moves(plan)
    cells = {
        factor.name: [None, *(value if factor is other else None for other, value in moved)] for factor in plan.factors
    }
    bare = plan.spec.model_copy(update={"levers": {}, "uncertainties": {}, "cases": None, "samples": 1})
    choices = {factor.key: cells[factor.name] for factor in plan.factors if factor.is_structural}
    start = make_plan(bare, table=pd.DataFrame(choices, dtype=object) if choices else None)
    structure = np.zeros(len(moved) + 1, dtype=np.int64)
    if choices:
        structure = start.cases[STRUCTURE].to_numpy()[: len(structure)]  # the first replication of every row
    return _planned(replace(start, factors=plan.factors), cells, structure)


def _alone(factor: Factor) -> list[Any]:
    """What a factor is set to alone: both ends of its interval or of its numbers, or each of its options."""
    if not factor.options:
        return list(factor.ends())
    options = {encoded(option): option for option in factor.options if option is not None}
    numbers = all(isinstance(cell, int | float) for cell in options)
    return [min(options), max(options)] if numbers else list(options.values())
