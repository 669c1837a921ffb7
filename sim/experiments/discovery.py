"""Scenario discovery: in which worlds does something happen? Boxes in the space of the factors, put into words.

The patient rule induction method (Friedman and Fisher 1999; for scenario discovery Bryant and Lempert 2010) and
classification trees (Breiman, Friedman, Olshen and Stone 1984; compared by Lempert, Bryant and Bankes 2008), both from
the Exploratory Modeling Workbench (Kwakkel 2017). Ours is the choice on the way of PRIM: of the boxes that are dense
enough the one with the largest coverage, without limits that may be chance.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments.conditions import Condition, parse
from sim.experiments.ensemble.factors import PARAMETERS, POSITION
from sim.experiments.ensemble.plan import RUN
from sim.experiments.ensemble.shard import OK
from sim.indicators.base import CITY, PER_CENT, REGION

if TYPE_CHECKING:
    from sim.core.arrays import BoolArray
    from sim.experiments.ensemble.study import Study

PRIM, CART = METHODS = ("prim", "cart")
LOW, HIGH, AMONG = SIDES = ("low", "high", "among")
POLICIES = "policies."
ABSENT = "none"
"""What a lever of a policy that is not in force is called."""

THRESHOLD = 0.8  # source: Bryant and Lempert (2010) look for densities of about 80 % and more
SMALLEST = 0.05  # source: Bryant and Lempert (2010), least mass of a box
CHANCE = 0.05  # source: Bryant and Lempert (2010), quasi-p-value above which a limit may be chance
FEWEST_RUNS = 20  # unit: runs; with less the smallest box would not hold one
FEWEST_CASES = 5  # unit: runs in which the condition holds


BOX_COLUMNS = ["box", "density", "coverage", "mass", "runs", "cases"]
LIMIT_COLUMNS = ["box", "factor", *SIDES, *(f"qp_{side}" for side in SIDES)]
STEP_COLUMNS = ["box", "step", "density", "coverage", "mass", "limits", "runs", "cases", "chosen"]


@dataclass(frozen=True)
class Limit:
    """One side of a box.

    Attributes:
        factor: its column in the table of runs.
        side: ``low``, ``high`` or ``among``.
        value: a number in the factor's own unit (``KEY@range``: position in the range, 0 to 1), or the values it may
            have.
    """

    factor: str
    side: str
    value: Any

    def holds(self, x: pd.DataFrame) -> BoolArray:
        """Which rows are on the right side ``[run]``."""
        column = x[self.factor]
        if self.side == AMONG:
            return np.asarray(column.isin(self.value))
        return np.asarray(column >= self.value if self.side == LOW else column <= self.value)


Box = tuple[Limit, ...]
"""Limits that hold together."""


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
            quasi-p-value of each, which is the chance of as many cases in a box of this size, were that limit no help
            (one-sided binomial test, Bryant and Lempert 2010).
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
            told.append(f"No box in which it holds in {_percent(self.threshold)} of the runs was found.")
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
        limits = " and ".join(_words(row) for row in self.limits[self.limits["box"] == box].to_dict("records"))
        return (
            f"It holds in {_percent(found['density'])} of the {found['runs']:,} runs with {limits}; "
            f"these are {_percent(found['coverage'])} of all runs in which it holds."
        )


def boxes(
    study: Study,
    condition: str | Condition,
    *,
    method: str = PRIM,
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
    return _described(told, x, holds)


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
            raise InputError(f"has no value in {year} ({place_words(place)})", key=term.indicator)
    return frame, condition.holds(frame, cities)


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
            found[factor.name] = column.map(lambda v: f"{v:g}" if isinstance(v, float) else v, na_action="ignore")
            found[factor.name] = found[factor.name].astype(object).fillna(ABSENT)
        else:
            unused.append(factor.name)
    if not found:
        raise InputError("no factor varies over the finished runs", file=str(study.folder))
    return pd.DataFrame(found), tuple(unused)


def _described(told: Discovery, x: pd.DataFrame, y: BoolArray) -> Discovery:
    """Look for the boxes, and measure each on all runs."""
    found, trajectory = (_prim if told.method == PRIM else _cart)(x, y, told.threshold)
    rows, limits = [], []
    for number, box in enumerate(found, start=1):
        runs, cases = _counts(box, x, y)
        shares = {"density": cases / runs, "coverage": cases / told.cases, "mass": runs / told.runs}
        rows.append({"box": number, **shares, "runs": runs, "cases": cases})
        for name in dict.fromkeys(limit.factor for limit in box):
            mine = [limit for limit in box if limit.factor == name]
            values = {limit.side: limit.value for limit in mine}
            chances = {f"qp_{limit.side}": _quasi_p(limit, box, x, y) for limit in mine}
            limits.append({"box": number, "factor": name, **values, **chances})
    covered = np.logical_or.reduce([np.zeros(len(y), dtype=bool), *(_inside(box, x) for box in found)])
    return replace(
        told,
        coverage=float((covered & y).sum() / told.cases),
        boxes=pd.DataFrame(rows, columns=BOX_COLUMNS),
        limits=pd.DataFrame(limits, columns=LIMIT_COLUMNS),
        trajectory=trajectory,
    )


def _inside(box: Iterable[Limit], x: pd.DataFrame) -> BoolArray:
    inside = np.ones(len(x), dtype=bool)
    for limit in box:
        inside &= limit.holds(x)
    return inside


def _counts(box: Iterable[Limit], x: pd.DataFrame, y: BoolArray) -> tuple[int, int]:
    """Runs in a box, and cases among them."""
    inside = _inside(box, x)
    return int(inside.sum()), int((inside & y).sum())


def _quasi_p(limit: Limit, box: Box, x: pd.DataFrame, y: BoolArray) -> float:
    from scipy.stats import binomtest

    runs, cases = _counts(box, x, y)
    more, among = _counts([other for other in box if other != limit], x, y)
    return float(binomtest(cases, runs, among / more, alternative="greater").pvalue)


# --- PRIM ---------------------------------------------------------------------------------------------------------


def _prim(x: pd.DataFrame, y: BoolArray, threshold: float) -> tuple[list[Box], pd.DataFrame]:
    """Boxes one after the other, each among the runs outside the ones before, and the way to each.

    A peel is judged by the gain in density per share of the runs given up (Friedman and Fisher 1999, section 14.6),
    which is fair to texts (Kwakkel and Jaxa-Rozen 2016).
    """
    module = _library("prim")
    given = {"obj_function": module.PRIMObjectiveFunctions.LENIENT2}
    if "threshold" in signature(module.Prim).parameters:
        given["threshold"] = 1e-9  # below version 3 a threshold marks the cases and refuses boxes: we choose ourselves
    coded, words = _coded(x)
    rest = np.ones(len(y), dtype=bool)
    found: list[Box] = []
    steps = []
    while y[rest].sum() >= threshold * SMALLEST * len(y):
        mass = SMALLEST * len(y) / rest.sum()
        search = module.Prim(coded.loc[rest], y[rest].astype(np.int64), mass_min=mass, **given)
        box = search.find_box()
        path = box.peeling_trajectory
        dense = path["coverage"].where(path["density"] >= threshold)
        chosen = int(dense.index[dense == dense.max()][-1]) if dense.notna().any() else -1  # the smallest of the widest
        steps.append(_steps(path, y, len(found) + 1, chosen))
        if chosen < 0:
            break
        limits = _limits(box.box_lims[chosen], search.box_init, x, words)
        found.append(_tidied(limits, x.loc[rest], y[rest], threshold))
        rest &= ~_inside(found[-1], x)
    return found, pd.concat(steps, ignore_index=True)


def _coded(x: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Factors as the library takes them, by position in their names, and the words of those that are text.

    Words become numbers: the library goes through sets of them, whose order must not depend on the process.
    """
    words = _texts(x)
    coded = x.assign(**{name: pd.Categorical(x[name], known).codes for name, known in words.items()})
    coded = coded.astype(dict.fromkeys(words, "category"))
    return coded.set_axis([f"x{i}" for i in range(x.shape[1])], axis=1), words


def _texts(x: pd.DataFrame) -> dict[str, list[str]]:
    """The words of every factor that is text, in order."""
    return {str(name): sorted(column.unique()) for name, column in x.items() if column.dtype == object}


def _limits(box: pd.DataFrame, whole: pd.DataFrame, x: pd.DataFrame, words: Mapping[str, list[str]]) -> Box:
    """What a box of the library keeps out of the whole; rows are lower and upper limits, or twice the set of codes."""
    found = []
    for i, name in enumerate(map(str, x)):
        column = f"x{i}"
        if column not in box:  # the same word in every run that is left
            continue
        (low, high), (least, most) = box[column], whole[column]
        if name in words:
            if low != least:
                found.append(Limit(name, AMONG, tuple(words[name][code] for code in sorted(low))))
            continue
        if low > least:
            found.append(Limit(name, LOW, float(low)))
        if high < most:
            found.append(Limit(name, HIGH, float(high)))
    return tuple(found)


def _tidied(box: Box, x: pd.DataFrame, y: BoolArray, threshold: float) -> Box:
    """Without limits that may be chance as long as the box stays dense; the one that helps least goes first."""
    while len(box) > 1:
        chances = [_quasi_p(limit, box, x, y) for limit in box]
        weakest = int(np.argmax(chances))
        wider = box[:weakest] + box[weakest + 1 :]
        runs, cases = _counts(wider, x, y)
        if chances[weakest] <= CHANCE or cases < threshold * runs:
            break
        box = wider
    return box


def _steps(path: pd.DataFrame, y: BoolArray, number: int, chosen: int) -> pd.DataFrame:
    runs, cases = path["n"].to_numpy(dtype=np.int64), path["k"].to_numpy(dtype=np.int64)
    shares = {"density": cases / runs, "coverage": cases / y.sum(), "mass": runs / len(y)}
    step = np.arange(len(path))
    counts = {"limits": path["res_dim"].to_numpy(dtype=np.int64), "runs": runs, "cases": cases}
    return pd.DataFrame({"box": number, "step": step, **shares, **counts, "chosen": step == chosen})


# --- CART ---------------------------------------------------------------------------------------------------------


def _cart(x: pd.DataFrame, y: BoolArray, threshold: float) -> tuple[list[Box], pd.DataFrame]:
    """The leaves of a tree that are dense enough, without limits that may be chance; those with most cases first.

    Every word of a text is a column of zeros and ones: the library forgets which side of a split on a word is which.
    """
    words = _texts(x)
    columns = [(name, word) for name in map(str, x) for word in words.get(name, [""])]
    numbers = [x[name] == word if name in words else x[name] for name, word in columns]
    frame = pd.DataFrame({f"x{i}": column.astype(np.float64) for i, column in enumerate(numbers)})
    model = _library("cart").CART(frame, y.astype(np.int64), SMALLEST)
    model.build_tree()
    model.clf.set_params(random_state=0).fit(frame.to_numpy(), model.y)  # of equal splits always the same one
    nothing = pd.DataFrame(columns=STEP_COLUMNS)
    if model.clf.get_n_leaves() == 1:
        return [], nothing
    leaves = [_leaf(box, frame, columns, words) for box in model.boxes]
    counts = {leaf: _counts(leaf, x, y) for leaf in leaves}
    dense = [leaf for leaf, (runs, cases) in counts.items() if cases >= threshold * runs]
    found = dict.fromkeys(_tidied(leaf, x, y, threshold) for leaf in dense)  # sisters become one
    return sorted(found, key=lambda box: -_counts(box, x, y)[1]), nothing


def _leaf(
    box: pd.DataFrame, frame: pd.DataFrame, columns: Sequence[tuple[str, str]], words: Mapping[str, list[str]]
) -> Box:
    """What a leaf keeps out; rows are lower and upper limits: above 0 a word is asked for, below 1 it is refused."""
    found = []
    left = {name: list(known) for name, known in words.items()}
    for column, (name, word) in zip(frame, columns, strict=True):
        low, high = box[column]
        above, below = low > frame[column].min(), high < frame[column].max()
        if name not in words:
            found += [Limit(name, LOW, float(low))] if above else []
            found += [Limit(name, HIGH, float(high))] if below else []
        elif above:
            left[name] = [word]
        elif below and word in left[name]:
            left[name].remove(word)
    return (*found, *(Limit(name, AMONG, tuple(some)) for name, some in left.items() if len(some) < len(words[name])))


def _library(module: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="ipyparallel not installed")
            return import_module(f"ema_workbench.analysis.{module}")
    except ImportError:
        raise InputError("scenario discovery needs ema_workbench: pip install 'deltasim[analysis]'") from None


# --- words --------------------------------------------------------------------------------------------------------


def place_words(place: str) -> str:
    return "the whole region" if place == REGION else place


def short(key: str) -> str:
    """A factor's name without the part of the configuration it is in."""
    return key.removeprefix(PARAMETERS).removeprefix(POLICIES)


def _percent(share: float) -> str:
    return f"{PER_CENT * share:.3g} %"


def _words(row: Mapping[Hashable, Any]) -> str:
    """The limits of one factor."""
    name = short(str(row["factor"]))
    if name.endswith(POSITION):
        name = f"{name.removesuffix(POSITION)} (position in its range)"
    low, high, among = (row[side] for side in SIDES)
    if isinstance(among, tuple):
        return f"{name} = {' or '.join(among)}"
    if low == low and high == high:
        return f"{name} from {low:.3g} to {high:.3g}"
    return f"{name} above {low:.3g}" if low == low else f"{name} below {high:.3g}"
