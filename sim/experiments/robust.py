"""Robust choice: which setting of the levers does well whatever the world is like?

The settings of the levers are the candidates, the points of the uncertainties and the replications are the states of
the world. No probabilities of the worlds are needed beyond the ones they were drawn with. The measures and why they
disagree: McPhail, Maier, Kwakkel, Giuliani, Castelletti and Westra (2018), Earth's Future 6, 169-191.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.conditions import Condition, parse
from sim.experiments.discovery import held, no_value, place_words, short
from sim.experiments.ensemble.cases import is_empty
from sim.experiments.ensemble.plan import REPLICATE, RUN, WORLD
from sim.experiments.ensemble.study import INDICATOR_KEYS
from sim.indicators import COMPARISONS, REGISTRY
from sim.indicators.base import PER_CENT, REGION

if TYPE_CHECKING:
    from sim.experiments.ensemble.study import Study

CANDIDATE = "candidate"
STATE = [WORLD, REPLICATE]
LEVERS = "levers as lists of two values or more, or a table of cases"
HIGH = 0.9  # source: McPhail et al. (2018), 90th percentile minimax regret
NAMED = 3  # unit: candidates a sentence names, the others it counts

REGRETS = ("max_regret", "regret_90")
SATISFICING = "satisficing"
WORDS = {
    "expected": "expected value",
    "worst": "worst case",
    "hurwicz": "Hurwicz's measure",
    "max_regret": "maximum regret",
    "regret_90": "90th percentile of regret",
    SATISFICING: "share of worlds with",
}
"""The measures in the order of the table."""


@dataclass(frozen=True)
class Robust:
    """Candidates measured over the worlds in which all of them finished.

    With ``v[a, w]`` the outcome of candidate ``a`` in world ``w``, turned round when less is better, the measures are

    ===========  ================================  =====================================================
    expected     ``mean_w v[a, w]``                expected value (Laplace: worlds as drawn, all alike)
    worst        ``min_w v[a, w]``                 maximin, Wald (1950)
    hurwicz      ``o max_w v + (1 - o) min_w v``   optimism ``o``, Hurwicz (1951); only when asked for
    max_regret   ``max_w r[a, w]``                 minimax regret, Savage (1951); ``r = max_a v - v``
    regret_90    90 % quantile of ``r[a, w]``      90th percentile minimax regret, McPhail et al. (2018)
    satisficing  share of worlds where it holds    domain criterion, Starr (1963); with a condition only
    ===========  ================================  =====================================================

    Attributes:
        outcome: indicator the candidates are judged by; its unit is the unit of all measures but satisficing (0 to 1).
        maximise: whether more of it is better.
        year: the year it is taken from.
        place: where.
        table: a row per candidate, least maximum regret first: candidate, a column per lever, the measures.
        regret: ``[candidate, world]`` in the unit of the outcome; columns world and replicate.
        left_out: worlds in which a candidate did not finish.
        satisfy: the condition of the satisficing share.
    """

    outcome: str
    maximise: bool
    year: int
    place: str
    table: pd.DataFrame
    regret: pd.DataFrame
    left_out: int
    satisfy: str | None = None

    @property
    def measures(self) -> list[str]:
        """The measures of the table."""
        return [name for name in WORDS if name in self.table]

    @property
    def winners(self) -> dict[str, list[str]]:
        """The best candidates by each measure, several where they tie up to rounding."""
        found = {}
        for name in self.measures:
            column = self.table[name].to_numpy()
            least = name in REGRETS or (name != SATISFICING and not self.maximise)
            best = np.isclose(column, column.min() if least else column.max(), rtol=1e-9, atol=1e-12)
            found[name] = self.table.loc[best, CANDIDATE].tolist()
        return found

    def margin(self, measure: str) -> tuple[float, list[str]]:
        """How far the best are ahead of the second best by a measure, in its unit, and who these are; none if all tie.

        The unit of a difference of percentages is the percentage point.
        """
        values = self.table.set_index(CANDIDATE)[measure]
        best = self.winners[measure]
        gap = (values.drop(best) - values[best[0]]).abs()
        if gap.empty:
            return 0.0, []
        second = gap[np.isclose(gap, gap.min(), rtol=1e-9, atol=1e-12)]  # source: as the winners tie
        return float(gap.min()), second.index.tolist()

    def sentences(self) -> list[str]:
        """Over what was compared, who wins each measure, and whether anyone wins all of them."""
        winners = self.winners
        where, goal = place_words(self.place), "more" if self.maximise else "less"
        size = f"{len(self.table)} candidates in {_worlds(self.regret.shape[1])}"
        told = [f"{self.outcome} ({where}, {self.year}), {goal} is better: {size}."]
        if self.left_out:
            told.append(f"{_worlds(self.left_out)} left out: not every candidate finished there.")
        told += [self._best_by(name) for name in winners]
        champions = [item for item in self.table[CANDIDATE] if all(item in best for best in winners.values())]
        tied = [self._words(name) for name, best in winners.items() if len(best) > 1]
        if not champions:
            told.append("No candidate is best by every measure.")
        elif len(champions) > 1:
            told.append(f"{_listed(champions)} are in a tie by every measure: this outcome does not choose among them.")
        else:
            but = f", though not alone by {_listed(tied)}" if tied else ""
            told.append(f"{champions[0]} is best by every measure{but}.")
        return told

    def _words(self, measure: str) -> str:
        return f"{WORDS[measure]} {self.satisfy}" if measure == SATISFICING else WORDS[measure]

    def _best_by(self, measure: str) -> str:
        """Who is best, by how much, or who ties."""
        best, (margin, second) = self.winners[measure], self.margin(measure)
        at = self._shown(measure, float(self.table.set_index(CANDIDATE)[measure][best[0]]))
        if not second:
            return f"By {self._words(measure)} all {len(best)} tie ({at})."
        tie = " in a tie" if len(best) > 1 else ""
        ahead = self._shown(measure, margin, "percentage points")
        return f"Best by {self._words(measure)}: {_listed(best)}{tie} ({at}), {ahead} ahead of {_listed(second)}."

    def _shown(self, measure: str, value: float, per_cent: str = "%") -> str:
        known = REGISTRY.get(self.outcome) or COMPARISONS.get(self.outcome)
        unit = "%" if measure == SATISFICING else "1" if known is None else known.unit
        figure = f"{PER_CENT * value:.3g}" if measure == SATISFICING else f"{value:.4g}"
        return {"1": figure, "%": f"{figure} {per_cent}"}.get(unit, f"{figure} {unit}")


def robust(
    study: Study,
    outcome: str,
    *,
    maximise: bool = True,
    satisfy: str | Condition | None = None,
    year: int | None = None,
    place: str = REGION,
    optimism: float | None = None,
) -> Robust:
    """Measure every setting of a study's levers over its worlds; see `Robust` for the formulas.

    Args:
        study: with two settings of the levers at least, given as lists or cases.
        outcome: an indicator the study kept.
        maximise: whether more of it is better.
        satisfy: a condition; its share of worlds is one more measure.
        year: default the last.
        place: an id of a place the study kept.
        optimism: weight of the best world in the measure of Hurwicz, 0 to 1; None leaves it out.

    Raises:
        InputError: the levers were drawn from intervals (every world has candidates of its own), there is one candidate
            only, no world has all of them, the outcome is not there, or the condition is wrong.
    """
    if optimism is not None and not 0.0 <= optimism <= 1.0:
        raise InputError(f"{optimism:g} is no weight", key="optimism", allowed="0 to 1")
    year = study.last_year if year is None else year
    levers, candidate = _candidates(study)
    frame = study.outcomes(year, place)
    kept = [name for name in study.dataset().schema.names if name not in INDICATOR_KEYS]
    if outcome not in kept:
        message = f"was not kept by the study{did_you_mean(outcome, kept)}"
        raise InputError(message, key=outcome, allowed=", ".join(kept))
    if frame[outcome].isna().all():
        raise no_value(outcome, year, place)
    value = _by_world(study, frame[[RUN]].assign(value=frame[outcome]), candidate)
    whole = value.columns[value.notna().all(axis=0)]
    if whole.empty:
        lost = _listed(levers.index[value.isna().all(axis=1)].tolist()) or "now one, now another"
        raise InputError(f"no world in which every candidate finished; missing: {lost}", file=str(study.folder))
    measures, regret = _measured(value[whole], maximise, optimism)
    condition = parse(satisfy) if isinstance(satisfy, str) else satisfy
    if condition is not None:
        runs, holds = held(study, condition, year, place)
        share = _by_world(study, runs[[RUN]].assign(value=holds.astype(np.float64)), candidate)[whole].mean(axis=1)
        measures[SATISFICING] = share
    table = levers.join(measures).reset_index()
    order = [*REGRETS, "expected"]
    table = table.sort_values(order, ascending=[True, True, not maximise], kind="stable", ignore_index=True)
    regret = regret.loc[table[CANDIDATE]]
    left_out = value.shape[1] - len(whole)
    return Robust(outcome, maximise, year, place, table, regret, left_out, None if satisfy is None else str(condition))


def _measured(value: pd.DataFrame, maximise: bool, optimism: float | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measures of every candidate, and its regret in every world; ``value`` is ``[candidate, world]``."""
    better = value if maximise else -value
    regret = better.max(axis=0) - better
    ends = value.min(axis=1), value.max(axis=1)
    worst, best = ends if maximise else ends[::-1]
    found = pd.DataFrame({"expected": value.mean(axis=1), "worst": worst})
    if optimism is not None:
        found["hurwicz"] = optimism * best + (1.0 - optimism) * worst
    return found.assign(max_regret=regret.max(axis=1), regret_90=regret.quantile(HIGH, axis=1)), regret


def _candidates(study: Study) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Settings of the levers by the candidate's name, and the candidate of every run."""
    levers = [factor for factor in study.factors if factor.role == "lever"]
    if not levers:
        raise InputError("the study varies no lever: there is nothing to choose", key="levers", allowed=LEVERS)
    drawn = next((factor.name for factor in levers if not factor.options), None)
    if drawn is not None:
        message = "was drawn from an interval: no two worlds have a candidate in common"
        raise InputError(message, key=drawn, allowed=LEVERS)
    settings = study.plan.cases[[factor.name for factor in levers]]
    named = pd.Series([_name(row) for row in settings.to_dict("records")], index=study.plan.cases[RUN], name=CANDIDATE)
    table = settings.set_axis(named, axis=0)
    table = table.loc[~table.index.duplicated()]
    if len(table) == 1:
        message = f"there is one candidate only, {table.index[0]}: nothing to choose from"
        raise InputError(message, key="levers", allowed=LEVERS)
    return table, named


def _name(row: Mapping[Hashable, object]) -> str:
    """The setting in words, without levers of policies that are not in force."""
    told = {short(str(key)): value for key, value in row.items() if not is_empty(value)}
    words = [f"{key}={value:.12g}" if isinstance(value, float) else f"{key}={value}" for key, value in told.items()]
    return " ".join(words) or "as the scenario has it"


def _by_world(study: Study, values: pd.DataFrame, candidate: pd.Series[str]) -> pd.DataFrame:
    """Values of runs as ``[candidate, world]``, NaN where a run did not finish."""
    cases = study.plan.cases[[RUN, *STATE]].merge(values, on=RUN, how="left")
    cases[CANDIDATE] = candidate.to_numpy()
    cases = cases.drop_duplicates([CANDIDATE, *STATE])  # a table of cases may name a setting twice
    return cases.pivot(index=CANDIDATE, columns=STATE, values="value").loc[candidate.unique()]


def _worlds(number: int) -> str:
    return f"{number:,} world" + ("" if number == 1 else "s")


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
