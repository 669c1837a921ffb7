"""From a question to its answer: the runs, the indices, the tornado, the conclusions, and all of it in sentences."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sim.config import world_of
from sim.core.errors import InputError, SimulationError
from sim.core.words import did_you_mean
from sim.experiments.ensemble import parts
from sim.experiments.ensemble.executors import Died, Engine, ordered
from sim.experiments.ensemble.factors import JUDGEMENT, PARAMETERS
from sim.experiments.ensemble.spec import StudySpec, merged
from sim.experiments.ensemble.study import Study
from sim.experiments.ensemble.sweep import run_study
from sim.experiments.sensitivity import methods
from sim.experiments.sensitivity.claims import claims_of
from sim.experiments.sensitivity.conclusions import COLUMNS as CONCLUSION_COLUMNS
from sim.experiments.sensitivity.conclusions import Sample, conclude
from sim.experiments.sensitivity.design import ALONE, COMPARED, Design, Question, design, one_at_a_time
from sim.experiments.sensitivity.outputs import COLUMNS as TORNADO_COLUMNS
from sim.experiments.sensitivity.outputs import Output, outputs_of, tornado_of
from sim.experiments.store import encoded_table
from sim.indicators.base import REGION

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray, IntArray
    from sim.experiments.ensemble.plan import Plan
    from sim.experiments.ensemble.sweep import Tell

TABLES = ("indices", "convergence", "tornado", "conclusions")
RECORD, POINTS, TORNADO = "sensitivity.json", "points.parquet", "tornado"
"""Files and folder of a sensitivity study besides those of any study."""


@dataclass(frozen=True)
class Sensitivity:
    """What a sensitivity study found.

    Attributes:
        study: the runs.
        question: what was asked.
        indices: outcome, year, scope, place, method, factor, other (of a pair), index, value, confidence (half width of
            the 95 % interval), samples (blocks without a failed run).
        convergence: the ranking index of the region's outcomes in the last year from a quarter, half and all of the
            samples.
        tornado: outcome, year, scope, place, factor, low, centre, high, low_at, high_at: each factor alone.
        conclusions: see `sim.experiments.sensitivity.conclusions.conclude`.
    """

    study: Study
    question: Question
    indices: pd.DataFrame
    convergence: pd.DataFrame
    tornado: pd.DataFrame
    conclusions: pd.DataFrame

    @classmethod
    def load(cls, folder: str | Path) -> Sensitivity:
        """The results in a study's folder.

        Raises:
            InputError: it holds none.
        """
        study = Study(folder)
        try:
            question = Question(**_recorded(study.folder)["question"])
            return cls(study, question, *(pd.read_parquet(study.folder / f"{name}.parquet") for name in TABLES))
        except (OSError, ValueError, KeyError, TypeError):
            message = "holds no sensitivity analysis"
            raise InputError(message, file=str(folder), allowed=f"first: sim sensitivity {folder}") from None

    @property
    def year(self) -> int:
        """The last year looked at."""
        return int(self.indices["year"].max())

    def ranked(self, outcome: str, year: int | None = None, place: str = REGION) -> pd.DataFrame:
        """Factors by their main index, the largest first, with its interval and with the ends of the tornado."""
        chosen = {"outcome": outcome, "year": self.year if year is None else year, "place": place}
        rows = self.indices[self.indices["index"] == methods.MAIN[self.question.method]]
        for name, value in chosen.items():
            rows = rows[rows[name] == value]
        if rows.empty:
            raise InputError(f"the analysis has no {outcome} of {place} in {chosen['year']}", key="outcome")
        alone = self.tornado.drop(columns="scope")
        rows = rows.merge(alone, on=["outcome", "year", "place", "factor"], how="left")
        names = ["factor", "index", "value", "confidence", "samples", "low", "centre", "high", "low_at", "high_at"]
        return rows.sort_values("value", ascending=False, kind="stable", ignore_index=True)[names]

    def sentences(self) -> list[str]:
        """What the analysis says, in plain English."""
        from sim.experiments.sensitivity.sentences import sentences

        return sentences(self)

    def write(self) -> None:
        """Put the tables into the study's folder; no file is ever half there."""
        for name in TABLES:
            table = pa.Table.from_pandas(getattr(self, name), preserve_index=False)
            parts.write_whole(self.study.folder / f"{name}.parquet", encoded_table(table))
        _record(self.study.folder, {**_recorded(self.study.folder), "question": self.question.plain()})


def sensitivity(
    scenario: str | StudySpec,
    *,
    uncertain: str | Sequence[str] | Mapping[str, Any] | None = None,
    seed: int | None = None,
    workers: int = 1,
    out: str | Path | None = None,
    resume: bool = False,
    engine: Engine | None = None,
    tell: Tell | None = None,
    **options: Any,
) -> Sensitivity:
    """Which factors decide the outcomes of a scenario.

    Args:
        scenario: name of a scenario, or a study; its levers and uncertainties are the factors.
        uncertain: factors besides: names of parameters, each over its range, or key -> list or ``{"low": .., "high":
            ..}``. Without any factor: every judgement that the model reads.
        seed: of the design and the bootstrap.
        workers: processes on this machine.
        out: folder of the study; None keeps it in a temporary folder as long as the returned object lives.
        resume: finish what is in ``out``.
        engine: another executor than processes on this machine.
        tell: told of the progress.
        **options: the fields of a `Question`: method, samples, outcomes, years, places, conclusions, ...

    Raises:
        InputError: something of the study or the question is wrong, or too few runs finished.
    """
    spec = scenario if isinstance(scenario, StudySpec) else StudySpec(scenario=scenario)
    changes: dict[str, Any] = {} if seed is None else {"seed": seed}
    if uncertain is not None:
        changes["uncertainties"] = factors_named(uncertain)
    planned = design(merged(spec, changes), asked(Question(), options))
    keep = None
    if out is None:
        keep = tempfile.TemporaryDirectory(prefix="deltasim-study-")
        out = Path(keep.name) / "study"
    engine = engine or Engine(workers=workers)
    run_design(planned, Path(out), engine=engine, resume=resume, tell=tell)
    return analyse(Study(out, keep=keep), engine=engine, tell=tell)


def factors_named(uncertain: str | Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Uncertainties of a study from names: parameters need no ``parameters.`` before them."""
    if isinstance(uncertain, Mapping):
        return dict(uncertain)
    keys = [key.strip() for key in uncertain.split(",")] if isinstance(uncertain, str) else uncertain
    return {key if key.startswith((JUDGEMENT, PARAMETERS)) else f"{PARAMETERS}{key}": None for key in keys if key}


def asked(question: Question, options: Mapping[str, Any]) -> Question:
    """A question with other fields.

    Raises:
        InputError: there is no such field.
    """
    known = [item.name for item in fields(Question)]
    for name in options:
        if name not in known:
            raise InputError(f"unknown option{did_you_mean(name, known)}", key=name, allowed=", ".join(known))
    return replace(question, **options)


def run_design(
    planned: Design,
    out: Path,
    *,
    engine: Engine,
    resume: bool = False,
    force: bool = False,
    tell: Tell | None = None,
) -> None:
    """Run a design into a folder, and write down how it was designed."""
    run_study(planned.plan, out, engine=engine, resume=resume, force=force, tell=tell)
    points = pa.table({factor.name: planned.points[:, j] for j, factor in enumerate(planned.plan.factors)})
    parts.write_whole(out / POINTS, encoded_table(points))
    _record(out, {"design": planned.question.plain()})
    if planned.question.tornado:
        _run_tornado(planned.tornado, out / TORNADO, engine, tell)


def _run_tornado(plan: Plan, out: Path, engine: Engine, tell: Tell | None) -> Study:
    same = parts.holds_study(out) and Study(out).manifest["digest"] == plan.digest
    if not same or not Study(out).is_finished:
        run_study(plan, out, engine=engine, resume=same, force=not same, tell=tell)
    return Study(out)


def analyse(study: Study, *, engine: Engine | None = None, tell: Tell | None = None, **options: Any) -> Sensitivity:
    """The sensitivity of what a finished study found; the results are written into its folder.

    A study that was not designed for Morris or Sobol is analysed by the method delta, which takes any sample. Factors
    are also moved alone, in a study of its own inside the folder.

    Args:
        study: any finished study.
        engine: who does the work.
        tell: told of the progress of the runs one factor at a time.
        **options: fields of the `Question`, to ask otherwise than when the study was designed.

    Raises:
        InputError: the study is not finished, was not designed for the method, did not keep what is asked for, or too
            few of its runs finished.
    """
    if not study.is_finished:
        raise InputError("is not finished", file=str(study.folder), allowed="first finish it with --resume")
    engine = engine or Engine()
    question = _question(study, options)
    kept = study.dataset().schema.names
    outcomes = list(question.outcomes) or [name for name in (*COMPARED, *ALONE) if name in kept]
    usual = claims_of(question.conclusions, world_of(study.plan.structures[0].config).n_cities)
    claims = [claim for claim in usual if question.conclusions or claim.outcome in kept]
    years, repeats = _years(study, question.years), _repeats(study)
    known, values = outputs_of(
        study, [*outcomes, *(claim.outcome for claim in claims)], years, _scopes(study, question), repeats
    )
    asked_for = [i for i, output in enumerate(known) if output.outcome in outcomes]
    if not asked_for:
        raise InputError("no run has any of these outcomes", key="outcomes", allowed=", ".join(kept))
    sample = Sample(study.factors, _settings(study, repeats), known, values, _block(study, question))
    estimated = _estimated(study, question, sample, asked_for, engine)
    tornado, concluded = pd.DataFrame(columns=TORNADO_COLUMNS), pd.DataFrame(columns=CONCLUSION_COLUMNS)
    if question.tornado:
        alone = _run_tornado(one_at_a_time(study.plan), study.folder / TORNADO, engine, tell)
        tornado = tornado_of(alone, known)
        concluded = conclude(claims, sample, tornado, year=years[-1], seed=study.plan.spec.seed)
    found = Sensitivity(study, question, *estimated, tornado, concluded)
    found.write()
    return found


def _recorded(folder: Path) -> dict[str, Any]:
    """What the folder says of its design and of the last question; empty when it was not made for a question."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=str(folder / RECORD)) from None
    return dict(told)


def _record(folder: Path, told: Mapping[str, Any]) -> None:
    parts.write_whole(folder / RECORD, json.dumps(told, ensure_ascii=False, indent=1).encode())


def _question(study: Study, options: Mapping[str, Any]) -> Question:
    """The question the study was designed for, with what is asked otherwise."""
    designed = _recorded(study.folder).get("design")
    start = Question(method=methods.DELTA) if designed is None else Question(**designed)
    question = asked(start, options)
    of_design = (question.method, question.second_order, dict(question.groups))
    if question.method != methods.DELTA and of_design != (start.method, start.second_order, dict(start.groups)):
        known = dict.fromkeys((start.method, methods.DELTA))
        raise InputError(f"was not designed for {question.method}", file=str(study.folder), allowed=", ".join(known))
    if question.method == methods.DELTA:
        question = replace(question, second_order=False, groups={})
    return question


def _repeats(study: Study) -> int:
    """Replications that stand together; in a study that was not designed here every run is a setting."""
    return study.plan.spec.replications if (study.folder / POINTS).is_file() else 1


def _years(study: Study, wanted: Sequence[int]) -> list[int]:
    known = study.years
    wrong = next((year for year in wanted if year not in known), None)
    if wrong is not None:
        raise InputError(f"the runs have no year {wrong}", key="years", allowed=f"{known[0]} to {known[-1]}")
    return sorted(set(wanted)) or sorted({known[len(known) // 2], known[-1]})


def _scopes(study: Study, question: Question) -> list[str]:
    kept = study.plan.spec.places
    wrong = next((scope for scope in question.places if scope not in kept and scope != REGION), None)
    if wrong is not None:
        raise InputError(f"the study did not keep '{wrong}'", key="places", allowed=", ".join(kept))
    return [scope for scope in question.scopes if scope in kept]


def _settings(study: Study, repeats: int) -> pd.DataFrame:
    """A column per factor, a row per setting."""
    return study.plan.cases.iloc[::repeats][[factor.name for factor in study.factors]].reset_index(drop=True)


def _block(study: Study, question: Question) -> int:
    groups = question.grouped(study.factors)
    n_factors = len(study.factors) if groups is None else len(set(groups))
    return methods.block_size(question.method, n_factors, second_order=question.second_order)


# --- indices ------------------------------------------------------------------------------------------------------


def _estimated(
    study: Study, question: Question, sample: Sample, chosen: Sequence[int], engine: Engine
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The indices of the chosen outputs; and from fewer samples, those of the region in the last year."""
    shared = {
        "method": question.method,
        "points": _points(study, question, sample.settings),
        "names": [factor.name for factor in study.factors],
        "seed": study.plan.spec.seed,
        "second_order": question.second_order,
        "groups": question.grouped(study.factors),
        "block": sample.block,
    }
    tasks = {sample.outputs[i]: {**shared, "outputs": sample.values[:, i], "label": sample.outputs[i]} for i in chosen}
    last, scope = max(output.year for output in tasks), next(iter(tasks)).scope
    leading = [task for output, task in tasks.items() if (output.year, output.scope) == (last, scope)]
    fewer = [{**task, "part": part} for task in leading for part in PARTS]
    slow = question.method == methods.DELTA  # densities; the others take milliseconds
    with (engine if slow else Engine()).open() as workers:
        found = ordered(workers.map(estimate, [*tasks.values(), *fewer]))
    died = next((item for item in found if isinstance(item, Died)), None)
    if died is not None:
        raise SimulationError(died.reason)
    tables = [item for item in found if isinstance(item, pd.DataFrame)]
    indices = pd.concat(tables[: len(tasks)], ignore_index=True)
    every = pd.concat([*tables[len(tasks) :], indices[(indices["year"] == last) & (indices["scope"] == scope)]])
    main = every[every["index"] == methods.MAIN[question.method]].drop(columns="other")
    return indices, main.sort_values([*Output._fields, "samples"], kind="stable", ignore_index=True)


PARTS = (4, 2)  # unit: of the samples, one over


def estimate(task: Mapping[str, Any]) -> pd.DataFrame:
    """The indices of one output, labelled; with ``part``, from one in so many blocks, if these are enough."""
    points, outputs = task["points"], task["outputs"]
    if "part" in task:
        kept = _some_blocks(outputs.reshape(-1, task["block"]), task["part"], task["seed"])
        if len(kept) < methods.LEAST_SAMPLES[task["method"]] * task["block"]:
            return pd.DataFrame()
        points, outputs = points[kept], outputs[kept]
    given = {name: task[name] for name in ("names", "seed", "second_order", "groups")}
    table = methods.indices(task["method"], points, outputs, **given)
    label = {**task["label"]._asdict(), "method": task["method"]}
    return pd.DataFrame({**{name: [value] * len(table) for name, value in label.items()}, **table.to_dict("series")})


def _some_blocks(outputs: FloatArray, part: int, seed: int) -> IntArray:
    """Rows of some of the complete blocks. Single runs may stand in an order of their own: they are drawn."""
    complete = np.flatnonzero(np.isfinite(outputs).all(axis=1))
    if outputs.shape[1] == 1:
        complete = np.random.default_rng(seed).permutation(complete)
    blocks = complete[: len(complete) // part]
    return np.asarray(blocks[:, None] * outputs.shape[1] + np.arange(outputs.shape[1])).ravel()


def _points(study: Study, question: Question, settings: pd.DataFrame) -> FloatArray:
    """The designed points; for the method delta the settings as numbers, of which only the order counts."""
    if question.method != methods.DELTA:
        return pd.read_parquet(study.folder / POINTS).to_numpy(dtype=np.float64)
    columns = []
    for name in settings:
        column = settings[name]
        numbers = (
            column.astype("float64") if pd.api.types.is_numeric_dtype(column) else pd.Series(pd.factorize(column)[0])
        )
        columns.append(
            numbers.fillna(numbers.min() - 1.0).to_numpy(dtype=np.float64)
        )  # a lever of no policy stands apart
    return np.column_stack(columns)
