"""Runs one asks for as one goes along, instead of planning them all: what searches and coalition studies stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.config import parameter_rows
from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.datasets.world import World
from sim.experiments.ensemble import shard
from sim.experiments.ensemble.executors import Died, ordered
from sim.experiments.ensemble.factors import PARAMETERS, Factor
from sim.experiments.ensemble.plan import REPLICATE, RUN, STRUCTURE, WORLD, Plan, encoded, make_plan
from sim.experiments.ensemble.spec import merged
from sim.indicators import COMPARISONS

if TYPE_CHECKING:
    from sim.config import RunConfig
    from sim.experiments.ensemble.executors import Executor
    from sim.experiments.ensemble.spec import StudySpec

Setting = Mapping[str, Any]
"""Values by the names of factors; what is not named stays as the scenario has it."""

MOST_IN_A_TASK = 8  # unit: runs sent to a worker at once


@dataclass(frozen=True)
class Evaluation:
    """What one run brought about.

    Attributes:
        status: ``ok``, ``failed`` or ``not converged``.
        error: why not.
        values: ``values[indicator][place]``, the whole region as ``region``; empty where the run failed.
    """

    status: str = shard.OK
    error: str = ""
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        return self.status == shard.OK


class Evaluator:
    """Runs settings of a study's levers on an executor; a setting that was run before is remembered.

    Args:
        spec: scenario, overrides, the levers with what they may be, the outcomes and the places wanted.
        executor: who runs them; the results do not depend on it.
        year: of the outcomes; default the last.

    Raises:
        InputError: something in the study is wrong, it has no such year, or an outcome is a comparison and the scenario
            has no reference.
    """

    def __init__(self, spec: StudySpec, executor: Executor, *, year: int | None = None) -> None:
        self.plan: Plan = make_plan(merged(spec, {"samples": 1}))
        self.executor, self.year = executor, year
        plain = self.plan
        if self._structural:  # what a setting does not name is as the scenario has it
            plain = make_plan(spec.model_copy(update={"levers": {}, "uncertainties": {}, "cases": None}))
        self.structures = (*plain.structures, *self.plan.structures)
        self._known: dict[tuple[object, ...], Evaluation] = {}
        self._judge_year()
        compared = next((name for name in spec.outcomes if name in COMPARISONS), None)
        if compared and any(structure.reference is None for structure in self.structures):
            raise InputError(
                "compares with a reference, and the scenario has none", key=compared, allowed="reference=SCENARIO"
            )

    @property
    def factors(self) -> tuple[Factor, ...]:
        """What settings may name."""
        return self.plan.factors

    @property
    def config(self) -> RunConfig:
        """The scenario as it is, without any setting."""
        return self.structures[0].config

    @cached_property
    def world(self) -> World:
        """The data set of the scenario."""
        return World.load(self.config.world.dataset).carved(self.config.world.carve)

    @property
    def n_runs(self) -> int:
        """Runs made so far."""
        return len(self._known)

    def evaluate(self, settings: Sequence[Setting]) -> list[Evaluation]:
        """Run every setting; a run that fails says so, the others go on.

        Raises:
            InputError: a setting names something that does not vary, or a choice that was not planned.
        """
        cases = [self._case(setting) for setting in settings]
        keys = [self._key(case) for case in cases]
        new = list({key: case for key, case in zip(keys, cases, strict=True) if key not in self._known}.items())
        size = max(1, min(MOST_IN_A_TASK, -(-len(new) // self.executor.workers)))
        tasks = [[case for _, case in new[i : i + size]] for i in range(0, len(new), size)]
        results = self.executor.map(shard.run_cases, [{**self._shared, "cases": cases} for cases in tasks])
        found = (_evaluations(result, len(task)) for result, task in zip(ordered(results), tasks, strict=True))
        every = [evaluation for task in found for evaluation in task]
        self._known.update(zip((key for key, _ in new), every, strict=True))
        return [self._known[key] for key in keys]

    def today(self, factor: Factor) -> Any:
        """The scenario's own value of a factor; None where it has none, or several rows with their own."""
        if factor.rows:
            return None
        given = self.config.flat().get(factor.key)
        if given is not None or not factor.key.startswith(PARAMETERS):
            return given
        name = factor.key.removeprefix(PARAMETERS)
        row = dict(parameter_rows(name.partition(".")[0], self.world.parameters)).get(name)
        return None if row is None else row.value

    # --- cases --------------------------------------------------------------------------------------------------------

    @cached_property
    def _structural(self) -> list[Factor]:
        return [factor for factor in self.plan.factors if factor.is_structural]

    @cached_property
    def _structure_of(self) -> dict[tuple[Any, ...], int]:
        """Position of the structure of every combination of choices."""
        names = [factor.name for factor in self._structural]
        rows = self.plan.cases[[*names, STRUCTURE]].drop_duplicates().itertuples(index=False, name=None)
        before = len(self.structures) - len(self.plan.structures)
        return {tuple(choice): before + structure for *choice, structure in rows} if names else {}

    def _case(self, setting: Setting) -> dict[str, Any]:
        unknown = next((name for name in setting if name not in {factor.name for factor in self.factors}), None)
        if unknown is not None:
            known = [factor.name for factor in self.factors]
            raise InputError(f"does not vary{did_you_mean(unknown, known)}", key=unknown, allowed=", ".join(known))
        structure = self._structure(setting)
        policies = self.structures[structure].config.policies
        values: dict[str, Any] = {}
        for factor in self.factors:
            if factor.name not in setting or factor.is_structural:
                continue
            if factor.policy is None or factor.policy in policies:
                value = setting[factor.name]
                values |= factor.values(int(value) if factor.whole else value)
        return {RUN: 0, WORLD: 0, REPLICATE: 0, STRUCTURE: structure, "values": values, "settings": {}}

    def _structure(self, setting: Setting) -> int:
        named = [factor for factor in self._structural if factor.name in setting]
        if not named:
            return 0
        missing = next((factor for factor in self._structural if factor not in named), None)
        if missing is not None:
            raise InputError("a setting that makes one choice of policies or files makes all", key=missing.name)
        choice = tuple(_cell(factor, setting[factor.name]) for factor in named)
        if choice not in self._structure_of:
            raise InputError(f"'{setting[named[0].name]}' was not planned", key=named[0].name)
        return self._structure_of[choice]

    def _key(self, case: Mapping[str, Any]) -> tuple[object, ...]:
        return (case[STRUCTURE], *((name, repr(value)) for name, value in sorted(case["values"].items())))

    @cached_property
    def _shared(self) -> dict[str, Any]:
        """What all tasks are told."""
        spec = self.plan.spec
        datasets = {structure.config.world.dataset for structure in self.structures}
        return {
            "digest": f"{self.plan.digest} one by one",
            "data_hash": World.load(self.config.world.dataset).content_hash if len(datasets) == 1 else None,
            "structures": [structure.plain() for structure in self.structures],
            "names": shard.names_kept(spec.outcomes, spec.places),
            "places": list(spec.places),
            "year": self.year,
        }

    def _judge_year(self) -> None:
        first = self.world.base_year
        ends = [end for factor in self.factors if factor.key == "horizon" for end in factor.options or factor.ends()]
        last = int(min([*(structure.config.horizon for structure in self.structures), *ends]))
        if self.year is not None and not first <= self.year <= last:
            raise InputError(f"the runs have no year {self.year}", key="year", allowed=f"{first} to {last}")


def _cell(factor: Factor, value: Any) -> Any:
    """A choice as the plan writes it: text as soon as one of the factor's is text."""
    cells = [encoded(option) for option in factor.options]
    cell = encoded(value)
    return cell if all(isinstance(item, int | float) for item in cells) else str(cell)


def _evaluations(result: list[dict[str, Any]] | Died, n_cases: int) -> list[Evaluation]:
    if isinstance(result, Died):
        return [Evaluation(shard.FAILED, result.reason)] * n_cases
    return [Evaluation(item["status"], item["error"], item["values"]) for item in result]
