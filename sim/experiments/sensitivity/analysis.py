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
from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.ensemble import parts
from sim.experiments.ensemble.executors import Engine
from sim.experiments.ensemble.factors import JUDGEMENT, PARAMETERS
from sim.experiments.ensemble.spec import StudySpec, merged
from sim.experiments.ensemble.study import INDICATOR_KEYS, Study
from sim.experiments.ensemble.sweep import run_study
from sim.experiments.sensitivity import methods
from sim.experiments.sensitivity.claims import claims_of
from sim.experiments.sensitivity.conclusions import COLUMNS as CONCLUSION_COLUMNS
from sim.experiments.sensitivity.conclusions import conclude
from sim.experiments.sensitivity.design import Design, Question, default_outcomes, design, one_at_a_time
from sim.experiments.sensitivity.estimates import estimates
from sim.experiments.sensitivity.outputs import COLUMNS as TORNADO_COLUMNS
from sim.experiments.sensitivity.outputs import Output, Sample, outputs_of, tornado_of
from sim.experiments.store import encoded_table
from sim.indicators.base import REGION

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
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
    designed = _designed(study)
    question = _question(study, designed, options)
    kept = [name for name in study.dataset().schema.names if name not in INDICATOR_KEYS]
    compared = any(structure.reference is not None for structure in study.plan.structures)
    outcomes = list(question.outcomes) or [name for name in default_outcomes(compared) if name in kept] or kept
    every = claims_of(question.conclusions, world_of(study.plan.structures[0].config).n_cities)
    claims = [claim for claim in every if question.conclusions or claim.outcome in kept]
    years, repeats = _years(study, question.years), _repeats(study)
    known, values = outputs_of(
        study, [*outcomes, *(claim.outcome for claim in claims)], years, _scopes(study, question), repeats
    )
    asked_for = [output for output in known if output.outcome in outcomes]
    if not asked_for:
        raise InputError("no run has any of these outcomes", key="outcomes", allowed=", ".join(kept))
    sample = _sample(study, designed, known, values)
    estimated = estimates(sample, question, asked_for, seed=study.plan.spec.seed, engine=engine)
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


def _designed(study: Study) -> Question:
    """The question the study was designed for; any other study is a sample that delta takes."""
    told = _recorded(study.folder).get("design")
    return Question(method=methods.DELTA) if told is None else Question(**told)


def _question(study: Study, designed: Question, options: Mapping[str, Any]) -> Question:
    """The question of the design, with what is asked otherwise."""
    question = asked(designed, options)
    is_path = designed.method == methods.MORRIS  # points of a trajectory depend on each other: no sample for delta
    known = list(dict.fromkeys([designed.method, *([] if is_path else [methods.DELTA])]))
    if question.method not in known:
        raise InputError(f"was not designed for {question.method}", file=str(study.folder), allowed=", ".join(known))
    if question.method == methods.DELTA:
        return replace(question, second_order=False, groups={})
    if (question.second_order, dict(question.groups)) != (designed.second_order, dict(designed.groups)):
        raise InputError("was designed for other pairs or groups of factors", file=str(study.folder))
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


def _sample(study: Study, designed: Question, outputs: Sequence[Output], values: FloatArray) -> Sample:
    names = [factor.name for factor in study.factors]
    settings = study.plan.cases.iloc[:: _repeats(study)][names].reset_index(drop=True)
    path = study.folder / POINTS
    points = pd.read_parquet(path).to_numpy(dtype=np.float64) if path.is_file() else None
    n_factors = len(set(designed.grouped(study.factors) or names))
    block = methods.block_size(designed.method, n_factors, second_order=designed.second_order)
    return Sample(study.factors, settings, points, outputs, values, block, is_path=designed.method == methods.MORRIS)
