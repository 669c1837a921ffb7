"""Which setting does it? Search the values of keys for what a scenario should bring about.

    optimise("industry_transfer", find="policies.industry_transfer.origin_share", minimise="theil",
             such_that="min(gain) >= 0")

One key in an interval is searched along its line (`line`), several keys by Optuna (`several`). `search` is the search
itself, of any function that evaluates settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.compose import compose
from sim.config import judged, parameter_rows
from sim.core.errors import InputError
from sim.experiments.conditions import parse, parse_term
from sim.experiments.ensemble.evaluate import Evaluator
from sim.experiments.ensemble.executors import Engine
from sim.experiments.ensemble.factors import JUDGEMENT, PARAMETERS
from sim.experiments.ensemble.spec import StudySpec
from sim.experiments.optimise.answer import Answer
from sim.experiments.optimise.line import Edge, Feasible, search_line
from sim.experiments.optimise.problem import Objective, Problem, Trial
from sim.experiments.optimise.question import Question, levers
from sim.experiments.optimise.several import TRIALS, search_lists, search_several

if TYPE_CHECKING:
    from sim.datasets.parameters import Parameters
    from sim.experiments.ensemble.executors import Executor
    from sim.experiments.ensemble.factors import Factor

__all__ = ["Answer", "Edge", "Feasible", "Objective", "Problem", "Question", "Trial", "optimise", "search"]


def optimise(
    scenario: str | Question,
    find: str | Sequence[str] | Mapping[str, Any] | None = None,
    *,
    minimise: str | Sequence[str] = (),
    maximise: str | Sequence[str] = (),
    such_that: str = "",
    engine: Engine | None = None,
    tell: Callable[[int], None] | None = None,
    **options: Any,
) -> Answer:
    """Search the values of keys for small or large outcomes under a condition.

    Args:
        scenario: name of a scenario, or the whole question.
        find: keys of the configuration (``"KEY,KEY"``, ``"KEY=interval(a,b)"``, ``"KEY=a,b,c"``, or a mapping of key to
            list, ``(low, high)``, or None); a key without values is searched over its own range.
        minimise: outcomes that should be small; see `sim.experiments.conditions.parse_term`.
        maximise: outcomes that should be large.
        such_that: what has to hold; see `sim.experiments.conditions`.
        engine: who runs; default this process.
        tell: told of the number of trials made.
        **options: other fields of a `Question`: overrides, year, trials, seed.

    Raises:
        InputError: something in the question is wrong, or Optuna is needed and missing.
    """
    question = scenario
    if not isinstance(question, Question):
        given = {"scenario": scenario, "find": find, "minimise": minimise, "maximise": maximise, "such_that": such_that}
        question = judged(Question, {**given, **options})
    if not (question.minimise or question.maximise or question.such_that):
        raise InputError("what should the search look for?", allowed="--minimise, --maximise, --such-that")
    with (engine or Engine()).open() as executor:
        return _answered(question, executor, tell)


def _answered(question: Question, executor: Executor, tell: Callable[[int], None] | None) -> Answer:
    objectives = (
        *(Objective(parse_term(text), False) for text in question.minimise),
        *(Objective(parse_term(text), True) for text in question.maximise),
    )
    twice = next((o.name for o in objectives if [other.name for other in objectives].count(o.name) > 1), None)
    if twice is not None:
        raise InputError("is an objective twice", key=twice)
    condition = parse(question.such_that) if question.such_that else None
    asked = [objective.term.indicator for objective in objectives] + list(condition.indicators if condition else ())
    spec = StudySpec(
        scenario=question.scenario,
        overrides=question.overrides,
        levers=levers(question.find, compose(question.scenario, question.overrides)),
        outcomes=list(dict.fromkeys(asked)),
        places=["region", "city"],
        seed=question.seed,
    )
    evaluator = Evaluator(spec, executor, year=question.year)
    own = {factor.name: evaluator.today(factor) for factor in evaluator.factors}
    problem = Problem(evaluator.factors, objectives, condition, evaluator.evaluate, own, tell=tell)
    today = problem.judged(0, own, *evaluator.evaluate([{}]))
    intervals = search(problem, trials=question.trials, seed=question.seed)
    year = evaluator.config.horizon if question.year is None else question.year
    guesses = tuple(f.name for f in evaluator.factors if _is_guess(f, evaluator.world.parameters))
    return Answer(question, problem, year, intervals, today, evaluator.world.region_labels, guesses)


def _is_guess(factor: Factor, parameters: Parameters) -> bool:
    """Whether it is a parameter of the world of which any row is a judgement."""
    if not factor.key.startswith(PARAMETERS):
        return False
    key, *where = factor.key.removeprefix(PARAMETERS).split(".")
    rows = parameter_rows(key, parameters)
    return any(spec.status == JUDGEMENT for row, spec in rows if set(where) <= set(row.split(".")))


def search(problem: Problem, *, trials: int | None = None, seed: int = 1) -> list[Feasible] | None:
    """Search with the method that fits; the trials stay in the problem.

    Args:
        problem: what may vary, what is wanted, and the function that evaluates settings.
        trials: how many; for one key in an interval the points of its first grid.
        seed: of Optuna.

    Returns:
        where the condition holds, if one key was searched in an interval.
    """
    factors = problem.factors
    if len(factors) == 1 and not factors[0].options:
        return search_line(problem, trials)
    n_combinations = 1
    for factor in factors:
        n_combinations *= len(factor.options)
    if 0 < n_combinations <= (trials or TRIALS):
        search_lists(problem)
    else:
        search_several(problem, trials, seed)
    return None
