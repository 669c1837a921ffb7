"""What a search found, in sentences first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.experiments.ensemble.factors import PARAMETERS

if TYPE_CHECKING:
    from sim.experiments.conditions import Comparison
    from sim.experiments.ensemble.factors import Factor
    from sim.experiments.optimise.line import Edge, Feasible
    from sim.experiments.optimise.problem import Objective, Problem, Trial
    from sim.experiments.optimise.question import Question

NAMED = 3  # unit: settings a sentence names
FEW = 4  # unit: digits of keys and rooms
DIGITS = 6  # unit: digits of objectives, whose differences may be small


@dataclass(frozen=True)
class Answer:
    """What a search found.

    Attributes:
        question: what was asked.
        problem: factors, objectives, condition and all trials.
        year: of the outcomes.
        intervals: where the condition holds, when one key was looked for in an interval; None otherwise.
        today: the scenario as it is.
        names: of the cities by id.
        guesses: factors that are parameters nobody has measured.
    """

    question: Question
    problem: Problem
    year: int
    intervals: list[Feasible] | None = None
    today: Trial | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    guesses: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join(self.sentences())

    @property
    def best(self) -> Trial | None:
        """The feasible trial with the best objective; None if nothing is feasible, or for several objectives."""
        return self.problem.best()

    @property
    def nearest(self) -> Trial | None:
        """Where nothing is feasible: the trial that misses the condition least."""
        return None if any(trial.is_feasible for trial in self.problem.trials) else self.problem.nearest()

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the only key that holds the best trial, or else the first; None where there is none."""
        if not self.intervals:
            return None
        (factor,) = self.problem.factors
        spans = [tuple(float(e.trial.setting[factor.name]) for e in (i.low, i.high)) for i in self.intervals]
        at = None if self.best is None else self.best.setting[factor.name]
        low, high = next((span for span in spans if at is not None and span[0] <= at <= span[1]), spans[0])
        return low, high

    @property
    def binding(self) -> str | None:
        """The city that decides at the best trial, or where the condition is missed least."""
        trial = self.best or self.nearest
        return None if trial is None else trial.city

    @property
    def trials(self) -> pd.DataFrame:
        """A row per trial: keys, objectives, room of every comparison, deciding city; see `Problem.frame`."""
        return self.problem.frame()

    @property
    def front(self) -> pd.DataFrame:
        """The trials no other betters in all objectives, as rows of `trials`."""
        return pd.DataFrame([self.problem.row(trial) for trial in self.problem.front()])

    @property
    def n_failed(self) -> int:
        """Runs that ended in an error."""
        return sum(not trial.is_ok for trial in self.problem.trials)

    def city(self, trial: Trial) -> str:
        """Name of the city that decides, empty where none does."""
        return "" if trial.city is None else self.names.get(trial.city, trial.city)

    def comparison(self, trial: Trial) -> Comparison | None:
        """The comparison of the condition with the smallest room."""
        condition = self.problem.condition
        return condition.comparisons[trial.tightest] if condition is not None and trial.slacks else None

    @property
    def short(self) -> dict[str, str]:
        """The names of the keys without what they have in common."""
        keys = [factor.name for factor in self.problem.factors]
        last = [key if key.startswith(PARAMETERS) else key.rpartition(".")[2] for key in keys]
        return dict(zip(keys, last if len(set(last)) == len(keys) else keys, strict=True))

    def sentences(self) -> list[str]:
        """The interval, the best setting or the front, the city that decides, and what failed."""
        told = [*_where(self), *_objectives(self), *_guessed(self)]
        if self.n_failed:
            first = next(trial for trial in self.problem.trials if not trial.is_ok)
            told.append(
                f"{self.n_failed} of {len(self.problem.trials)} runs failed; the first, at {_setting(self, first)}: "
                f"{first.error}"
            )
        return told

    def plain(self) -> dict[str, Any]:
        """The answer as data, for files; numbers that do not exist are None."""
        rows = self.problem.row
        found: dict[str, Any] = {
            "answer": self.sentences(),
            "question": self.question.model_dump(mode="json"),
            "year": self.year,
            "intervals": None if self.intervals is None else [_interval(self, found) for found in self.intervals],
            "best": None if self.best is None else rows(self.best),
            "nearest": None if self.nearest is None else rows(self.nearest),
            "today": None if self.today is None else rows(self.today),
            "front": [rows(trial) for trial in self.problem.front()] if len(self.problem.objectives) > 1 else [],
            "trials": len(self.problem.trials),
            "failed": self.n_failed,
        }
        cleaned: dict[str, Any] = _clean(found)
        return cleaned


def _interval(answer: Answer, found: Feasible) -> dict[str, Any]:
    return {"low": _edge(answer, found.low), "high": _edge(answer, found.high)}


def _edge(answer: Answer, edge: Edge) -> dict[str, Any]:
    (factor,) = answer.problem.factors
    beyond = edge.beyond
    told = {"value": edge.trial.setting[factor.name], "slack": edge.trial.slack, "ends": "the key's range"}
    if beyond is None:
        return told
    ends = "the run fails" if not beyond.is_ok else str(answer.comparison(beyond))
    return {**told, "ends": ends, "city": beyond.city, "name": answer.city(beyond)}


def _clean(node: Any) -> Any:
    """JSON knows no infinity and no NaN."""
    if isinstance(node, Mapping):
        return {str(key): _clean(item) for key, item in node.items()}
    if isinstance(node, list | tuple):
        return [_clean(item) for item in node]
    return None if isinstance(node, float) and not math.isfinite(node) else node


# --- sentences ----------------------------------------------------------------------------------------------------


def _where(answer: Answer) -> list[str]:
    """Where the condition holds, who decides, and whether the scenario meets it."""
    problem = answer.problem
    if problem.condition is None:
        return []
    if not any(trial.is_feasible for trial in problem.trials):
        return [*_nowhere(answer), *_as_it_is(answer)]
    told = f"'{problem.condition}' holds in {answer.year}"
    held = [trial for trial in problem.trials if trial.is_feasible]
    if answer.intervals is not None:
        spans = " and ".join(_span(answer, found) for found in answer.intervals)
        (factor,) = problem.factors
        where = [f"{told} for {factor.name} {spans}.", *_ends(answer)]
    elif all(factor.options for factor in problem.factors) and len(held) <= NAMED:
        where = [
            f"{told} at {'; '.join(_setting(answer, trial) for trial in held)}, of {len(problem.trials)} settings."
        ]
    else:
        where = [f"{told} in {len(held)} of {len(problem.trials)} trials."]
    return [*where, *_as_it_is(answer)]


def _nowhere(answer: Answer) -> list[str]:
    problem, nearest = answer.problem, answer.nearest
    over = " and ".join(f"{f.name} {_range(f)}" for f in problem.factors)
    told = f"'{problem.condition}' holds in {answer.year} for no {over} ({len(problem.trials)} tried)."
    if nearest is None:
        return [told]
    return [told, f"Nearest is {_setting(answer, nearest)}, which {_missed(answer, nearest)}."]


def _missed(answer: Answer, trial: Trial) -> str:
    """By how much a trial misses the condition, and who decides."""
    city = answer.city(trial)
    told = f"misses '{answer.comparison(trial)}' by {_room(answer, trial)}"
    return f"{told}; {city} decides" if city else told


def _as_it_is(answer: Answer) -> list[str]:
    today = answer.today
    if today is None:
        return []
    if not today.is_ok:
        return [f"The run of the scenario itself fails: {today.error}."]
    met = "meets it" if today.is_feasible else _missed(answer, today)
    return [f"The scenario {_own(answer)} {met}."]


def _range(factor: Factor) -> str:
    if factor.options:
        return f"of {len(factor.options)} values"
    return f"from {_number(factor.low)} to {_number(factor.high)}"


def _span(answer: Answer, found: Feasible) -> str:
    low, high = (_number(edge.trial.setting[answer.problem.factors[0].name]) for edge in (found.low, found.high))
    if found.low.beyond is None and found.high.beyond is None:
        return f"from {low} to {high}, its whole range"
    return f"at {low} only" if low == high else f"from {low} to {high}"


def _ends(answer: Answer) -> list[str]:
    """What fails just outside each interval."""
    told = []
    for found in answer.intervals or []:
        for edge, side in ((found.low, "Below"), (found.high, "Above")):
            if edge.beyond is None:
                continue
            at = _number(edge.trial.setting[answer.problem.factors[0].name])
            city = answer.city(edge.beyond)
            what = f"'{answer.comparison(edge.beyond)}' fails" if edge.beyond.is_ok else "the run fails"
            why = (f"; {city} decides" if city else "") if edge.beyond.is_ok else f": {edge.beyond.error}"
            told.append(f"{side} {at} {what}{why}.")
    return told


def _objectives(answer: Answer) -> list[str]:
    """The best trial or the front, beside the scenario as it is."""
    problem, best, today = answer.problem, answer.best, answer.today
    if len(problem.objectives) > 1:
        return _front(answer)
    if best is None:
        return []
    if not problem.objectives:
        city = f"; {answer.city(best)} decides" if best.city else ""
        return [f"Most room has {_setting(answer, best)}: {_room(answer, best)}{city}.", *_as_good(answer, best)]
    (objective,) = problem.objectives
    told = f"{_extreme(objective)} at {_setting(answer, best)}: {_value(objective, best.values[0])}"
    if today is not None and today.is_ok:
        own = _value(objective, today.values[0])
        is_better = problem.scores(best) < problem.scores(today) and _value(objective, best.values[0]) != own
        told += f", {'against' if is_better or not today.is_feasible else 'no better than'} {own} {_own(answer)}"
    if best.city:
        told += f"; {answer.city(best)} decides the condition there"
    return [f"{told}.", *_as_good(answer, best)]


def _as_good(answer: Answer, best: Trial) -> list[str]:
    """The best trial may be one of many."""
    equal = answer.problem.as_good(best)
    if not equal:
        return []
    named = "; ".join(_setting(answer, trial) for trial in equal[:NAMED])
    more = f" and {len(equal) - NAMED} more" if len(equal) > NAMED else ""
    return [f"Equally good, of {len(answer.problem.trials)} trials: {named}{more}."]


def _guessed(answer: Answer) -> list[str]:
    """What is found for a guess is no advice."""
    return [
        f"{name} is not ours to set: it is a number of the world that nobody has measured, so this says what it would "
        "have to be, not what to do."
        for name in answer.guesses
    ]


def _front(answer: Answer) -> list[str]:
    front, objectives = answer.problem.front(), answer.problem.objectives
    if not front:
        return []
    n_trials = len(answer.problem.trials)
    told = [
        f"Of {n_trials} trials {len(front)} make the front: no other is better in one objective and not worse in any."
    ]
    for position, objective in enumerate(objectives):
        best = min(front, key=lambda trial: answer.problem.scores(trial)[position])
        others = [
            f"{o.name} {_value(o, v)}" for o, v in zip(objectives, best.values, strict=True) if o is not objective
        ]
        what = f"{_extreme(objective)} at {_setting(answer, best)}: {_value(objective, best.values[position])}"
        told.append(f"{what}, with {', '.join(others)}.")
    if answer.today is not None and answer.today.is_ok:
        values = [f"{o.name} {_value(o, v)}" for o, v in zip(objectives, answer.today.values, strict=True)]
        told.append(f"The scenario {_own(answer)} has {', '.join(values)}.")
    return told


def _extreme(objective: Objective) -> str:
    return f"{objective.name} is {'largest' if objective.maximise else 'smallest'}"


def _own(answer: Answer) -> str:
    """How the scenario's own setting is called."""
    own = {} if answer.today is None else answer.today.setting
    values = [own.get(factor.name) for factor in answer.problem.factors]
    known = all(isinstance(value, int | float | str) for value in values)
    return f"at today's {', '.join(map(_number, values))}" if known else "as it is"


def _setting(answer: Answer, trial: Trial) -> str:
    return ", ".join(f"{answer.short[name]} = {_number(value)}" for name, value in trial.setting.items())


def _room(answer: Answer, trial: Trial) -> str:
    """The room of the tightest comparison without its sign."""
    comparison = answer.comparison(trial)
    return _with_unit(abs(trial.slack), "" if comparison is None else comparison.term.unit)


def _value(objective: Objective, value: float) -> str:
    return _with_unit(value, objective.term.unit, DIGITS)


def _with_unit(value: float, unit: str, digits: int = FEW) -> str:
    text = _number(value, digits)
    return text if unit in ("", "1", "ratio") else f"{text} {unit}"


def _number(value: Any, digits: int = FEW) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
