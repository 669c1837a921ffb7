"""Several keys: Optuna chooses the settings, in batches of a fixed size, so that workers do not change the result.

Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kegl 2011), of all keys together, for one objective or
several (Ozaki, Tanigaki, Watanabe, Nomura and Onishi 2022), avoiding what violates the condition (Watanabe and Hutter
2022). With 600 trials of three problems of known answer it left wider fronts than NSGA-II with any crossover of Optuna.
Where all keys are lists and there are no more combinations than trials, all of them are run.
"""

from __future__ import annotations

import warnings
from itertools import product
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.experiments.ensemble.plan import encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.experiments.ensemble.evaluate import Setting
    from sim.experiments.ensemble.factors import Factor
    from sim.experiments.optimise.problem import Problem, Trial

TRIALS = 200  # unit: trials of a search for one objective
FRONT_TRIALS = 600  # unit: trials of a search for several
BATCH = 16  # unit: trials asked for at once
MOST_CORNERS = 16  # unit: trials at the corners of the ranges


def search_lists(problem: Problem) -> None:
    """Run every combination of the values of keys that are lists."""
    options = [[(factor.name, value) for value in factor.options] for factor in problem.factors]
    problem.run([dict(chosen) for chosen in product(*options)])


def search_several(problem: Problem, n_trials: int | None, seed: int) -> None:
    """Search with Optuna; the trials stay in the problem.

    Raises:
        InputError: Optuna is not installed.
    """
    optuna = _optuna()
    total = n_trials or (FRONT_TRIALS if len(problem.objectives) > 1 else TRIALS)
    spaces = {factor.name: _distribution(optuna, factor) for factor in problem.factors}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(multivariate=True, seed=seed)
    study = optuna.create_study(directions=["minimize"] * max(1, len(problem.objectives)), sampler=sampler)
    for start in _starts(problem):
        study.enqueue_trial(start)
    while left := total - len(problem.trials):
        asked = [study.ask(spaces) for _ in range(min(left, BATCH))]
        for given, trial in zip(asked, problem.run([_setting(problem, a.params) for a in asked]), strict=True):
            _answer(optuna, study, given, trial, problem)


def _answer(optuna: Any, study: Any, given: Any, trial: Trial, problem: Problem) -> None:
    """Tell Optuna what became of a setting."""
    if not trial.is_ok:
        study.tell(given, state=optuna.trial.TrialState.FAIL)
        return
    for position, slack in enumerate(trial.slacks):
        given.set_constraint(str(position), -slack)
    study.tell(given, list(problem.scores(trial)))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        message = "a search over several keys needs Optuna: pip install 'deltasim[analysis]'"
        raise InputError(message, key="--find") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distribution(optuna: Any, factor: Factor) -> Any:
    """Numbers as numbers, values of lists by their position."""
    kinds = optuna.distributions
    if not factor.options:
        if factor.whole:
            return kinds.IntDistribution(int(factor.low), int(factor.high))
        return kinds.FloatDistribution(factor.low, factor.high)
    last = len(factor.options) - 1
    numbers = [value for value in factor.options if isinstance(encoded(value), int | float)]
    if len(numbers) == len(factor.options) and sorted(numbers) == numbers:
        return kinds.IntDistribution(0, last)
    return kinds.CategoricalDistribution(range(last + 1))


def _setting(problem: Problem, params: Mapping[str, Any]) -> Setting:
    return {factor.name: _value(factor, params[factor.name]) for factor in problem.factors}


def _value(factor: Factor, given: Any) -> Any:
    if factor.options:
        return factor.options[int(given)]
    return int(given) if factor.whole else float(given)


def _starts(problem: Problem) -> list[dict[str, Any]]:
    """The scenario's own setting if it is within the ranges, and the corners of the ranges: optima often lie there."""
    own: dict[str, Any] = {}
    for factor in problem.factors:
        value = problem.today.get(factor.name)
        if factor.options and value in factor.options:
            own[factor.name] = factor.options.index(value)
        elif not factor.options and isinstance(value, int | float) and factor.low <= value <= factor.high:
            own[factor.name] = value
    starts = [own] if len(own) == len(problem.factors) else []
    if 2 ** len(problem.factors) <= MOST_CORNERS:
        ends = [
            [(f.name, end) for end in ((0, len(f.options) - 1) if f.options else f.ends())] for f in problem.factors
        ]
        starts += [dict(corner) for corner in product(*ends)]
    return starts
