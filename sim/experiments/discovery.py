"""Scenario discovery: in which worlds of a study does something happen? Boxes of its factors, put into words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.box_search import CHANCE, SIDES, STEP_COLUMNS, Sample, cart, prim
from sim.experiments.conditions import Condition, parse
from sim.experiments.ensemble.factors import PARAMETERS, POSITION
from sim.experiments.ensemble.plan import REPLICATE, RUN, WORLD
from sim.experiments.ensemble.shard import OK
from sim.indicators.base import CITY, PER_CENT, REGION

if TYPE_CHECKING:
    from sim.core.arrays import BoolArray, IntArray
    from sim.experiments.ensemble.study import Study

METHODS = {"prim": prim, "cart": cart}
POLICIES = "policies."
ABSENT = "none"
"""What a lever of a policy that is not in force is called."""

THRESHOLD = 0.8  # unit: share of the runs of a box; usual in scenario discovery (Bryant and Lempert 2010)
FEWEST_RUNS = 20  # unit: runs; with less the smallest box would not hold one
FEWEST_CASES = 5  # unit: runs in which the condition holds

BOX_COLUMNS = ["box", "density", "coverage", "mass", "runs", "cases"]
LIMIT_COLUMNS = ["box", "factor", *SIDES, *(f"qp_{side}" for side in SIDES)]


@dataclass(frozen=True)
class Discovery:
    """Boxes in which a condition holds often.

    Attributes:
        condition: in words.
        method: ``prim`` or ``cart``.
        threshold: least density of a box.
        year: of the outcomes.
        place: of the outcomes.
        runs: finished runs.
        cases: those in which the condition holds.
        unfinished: runs that are left out.
        unused: factors that are left out, as they are not there in every run.
        coverage: share of the cases in any of the boxes.
        boxes: a row per box: box, density (cases over runs), coverage (its cases over all cases), mass (its runs over
            all runs), runs, cases.
        limits: a row per box and factor it limits: box, factor, low, high, among, then qp_low, qp_high, qp_among: the
            quasi-p-value of each, see `Sample.chances`.
        trajectory: of PRIM, a row per step on the way to each box: box, step, density, coverage, mass, limits (factors
            limited), runs, cases (both outside earlier boxes), chosen; empty for trees.
    """

    condition: str
    method: str
    threshold: float
    year: int
    place: str
    runs: int
    cases: int
    unfinished: int = 0
    unused: tuple[str, ...] = ()
    coverage: float = 0.0
    boxes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=BOX_COLUMNS))
    limits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=LIMIT_COLUMNS))
    trajectory: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=STEP_COLUMNS))

    def sentences(self) -> list[str]:
        """How often the condition holds, each box in words, and what was left out."""
        often = {0: "never: in ", self.runs: "always: in "}.get(self.cases, "in ")
        when = f"{place_words(self.place)}, {self.year}"
        told = [f"{self.condition} ({when}) holds {often}{self.cases:,} of {self.runs:,} runs."]
        share = self.cases / self.runs
        if self.cases in (0, self.runs):
            pass  # nothing to tell apart
        elif share >= self.threshold:
            told.append(f"That is {_percent(share)} without any box: turn the condition round or raise the threshold.")
        elif self.boxes.empty:
            told.append(f"No box was found in which it holds in {_percent(self.threshold)} of the runs, beyond chance.")
            told.append("A lower threshold or the other method may find one.")
        told += [self._sentence(box) for box in self.boxes["box"]]
        if len(self.boxes) > 1:
            told.append(f"Together the boxes have {_percent(self.coverage)} of the runs in which it holds.")
        if self.unfinished:
            told.append(f"Runs that did not finish and are left out: {self.unfinished:,}.")
        if self.unused:
            told.append(f"Not every run has {' and '.join(self.unused)}: left out as factors.")
        return told

    def _sentence(self, box: int) -> str:
        (found,) = self.boxes[self.boxes["box"] == box].to_dict("records")
        rows = self.limits[self.limits["box"] == box].to_dict("records")
        doubtful = [row["factor"] for row in rows if any(row[f"qp_{side}"] > CHANCE for side in SIDES)]
        told = (
            f"It holds in {_percent(found['density'])} of the {found['runs']:,} runs with "
            f"{' and '.join(map(_words, rows))}; these are {_percent(found['coverage'])} of all runs in which it holds."
        )
        return f"{told} May be chance: {', '.join(map(short, doubtful))}." if doubtful else told


def boxes(
    study: Study,
    condition: str | Condition,
    *,
    method: str = "prim",
    year: int | None = None,
    place: str = REGION,
    threshold: float = THRESHOLD,
) -> Discovery:
    """Find the worlds in which a condition holds.

    Args:
        study: its uncertainties and levers are the factors.
        condition: on the outcomes of a run.
        method: ``prim`` finds few boxes, each covering much; ``cart`` divides the whole space.
        year: default the last.
        place: an id of a place the study kept.
        threshold: share of the runs of a box in which the condition has to hold, above 0 to 1.

    Raises:
        InputError: unknown method, too few runs or cases, no factor that varies, or the condition is wrong.
    """
    if method not in METHODS:
        raise InputError(f"unknown method '{method}'{did_you_mean(method, METHODS)}", allowed=", ".join(METHODS))
    if not 0.0 < threshold <= 1.0:
        raise InputError(f"{threshold:g} is no density", key="threshold", allowed="above 0 to 1")
    condition = parse(condition) if isinstance(condition, str) else condition
    year = study.last_year if year is None else year
    frame, holds = held(study, condition, year, place)
    if len(holds) < FEWEST_RUNS:
        raise InputError(f"{len(holds)} finished runs are too few to look for boxes", allowed=f"{FEWEST_RUNS} or more")
    x, unused = _factors(study, frame)
    cases = int(holds.sum())
    told = Discovery(str(condition), method, threshold, year, place, len(holds), cases, len(study) - len(holds), unused)
    if cases == 0 or cases / len(holds) >= threshold:
        return told
    if cases < FEWEST_CASES:
        message = f"'{condition}' holds in {cases} of {len(holds)} runs only: too few to look for boxes"
        raise InputError(message, allowed=f"{FEWEST_CASES} or more")
    return _described(told, Sample(x, holds, _kin(study, frame)))


def held(study: Study, condition: Condition, year: int, place: str) -> tuple[pd.DataFrame, BoolArray]:
    """Finished runs with their settings, and in which of them a condition holds ``[run]``.

    Raises:
        InputError: the study lacks an indicator, the place, the year, or the cities that the condition asks about.
    """
    names, terms = list(condition.indicators), [comparison.term for comparison in condition.comparisons]
    cities = None
    if any(term.over for term in terms):
        cities = study.table("indicators", [RUN, *names], (ds.field("year") == year) & (ds.field("scope") == CITY))
        if cities.empty:
            message = f"'{condition}' asks about cities: the study has none in {year}"
            raise InputError(message, file=str(study.folder), allowed="a study of sim sweep --places city")
    if all(term.over for term in terms):
        frame = study.runs.loc[study.runs["status"] == OK]
    else:
        frame = study.outcomes(year, place, names)
    for term in terms:
        table = cities if term.over and cities is not None else frame
        if table[term.indicator].isna().all():
            raise no_value(term.indicator, year, place)
    return frame, condition.holds(frame, cities)


def no_value(indicator: str, year: int, place: str) -> InputError:
    message = f"has no value in {year} ({place_words(place)})"
    return InputError(message, key=indicator, allowed="gains and losers need a scenario with a reference")


def _factors(study: Study, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """What varies, as numbers or as text, and the names of what cannot be used.

    A lever of a policy that is absent from some runs has no number there: its values become words.
    """
    found, unused = {}, []
    for factor in study.factors:
        column = frame[factor.name]
        if column.nunique(dropna=False) < 2:
            continue
        if not column.isna().any() and pd.api.types.is_numeric_dtype(column):
            found[factor.name] = column.astype(np.float64)
        elif factor.options:
            words = column.map(lambda v: f"{v:g}" if isinstance(v, float) else v, na_action="ignore")
            found[factor.name] = words.astype(object).fillna(ABSENT)
        else:
            unused.append(factor.name)
    if not found:
        raise InputError("no factor varies over the finished runs", file=str(study.folder))
    return pd.DataFrame(found), tuple(unused)


def _kin(study: Study, frame: pd.DataFrame) -> IntArray:
    """World, setting of the levers and shocks of every run ``[kind, run]``."""
    levers = [factor.name for factor in study.factors if factor.role == "lever"]
    setting = frame.groupby(levers, dropna=False).ngroup() if levers else 0 * frame[WORLD]
    return np.array([frame[WORLD], setting, frame[REPLICATE]])


def _described(told: Discovery, sample: Sample) -> Discovery:
    """Look for the boxes, and measure each on all runs."""
    found, trajectory = METHODS[told.method](sample, told.threshold)
    covered = np.zeros(len(sample), dtype=bool)
    rows, limits = [], []
    for number, box in enumerate(found, start=1):
        sides = sample.sides(box)
        covered |= sides.all(axis=0)
        runs, cases = sample.counts(sides)
        chances = dict(zip(box, sample.chances(sides).tolist(), strict=True))
        shares = {"density": cases / runs, "coverage": cases / told.cases, "mass": runs / told.runs}
        rows.append({"box": number, **shares, "runs": runs, "cases": cases})
        for name in dict.fromkeys(limit.factor for limit in box):
            mine = [limit for limit in box if limit.factor == name]
            values = {limit.side: limit.value for limit in mine}
            quasi_p = {f"qp_{limit.side}": chances[limit] for limit in mine}
            limits.append({"box": number, "factor": name, **values, **quasi_p})
    return replace(
        told,
        coverage=float((covered & sample.holds).sum() / told.cases),
        boxes=pd.DataFrame(rows, columns=BOX_COLUMNS),
        limits=pd.DataFrame(limits, columns=LIMIT_COLUMNS),
        trajectory=trajectory,
    )


# --- words --------------------------------------------------------------------------------------------------------


def place_words(place: str) -> str:
    return "the whole region" if place == REGION else place


def short(key: str) -> str:
    """A factor's name without the part of the configuration it is in."""
    return key.removeprefix(PARAMETERS).removeprefix(POLICIES).removesuffix(POSITION)


def _percent(share: float) -> str:
    return f"{PER_CENT * share:.3g} %"


def _words(row: Mapping[Hashable, Any]) -> str:
    """The limits of one factor."""
    name = short(row["factor"])
    if row["factor"].endswith(POSITION):
        name += " (position in its range)"
    low, high, among = (row[side] for side in SIDES)
    if isinstance(among, tuple):
        return f"{name} = {' or '.join(among)}"
    if low == low and high == high:
        return f"{name} from {low:.3g} to {high:.3g}"
    return f"{name} above {low:.3g}" if low == low else f"{name} below {high:.3g}"
