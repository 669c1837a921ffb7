"""Boxes in a table of factors in which a condition holds often: PRIM, and the leaves of a classification tree.

The patient rule induction method (Friedman and Fisher 1999; for scenario discovery Bryant and Lempert 2010) by the
Exploratory Modeling Workbench (Kwakkel 2017), and classification trees (Breiman, Friedman, Olshen and Stone 1984;
compared by Lempert, Bryant and Bankes 2008) by scikit-learn. Ours is the choice on the way of PRIM: of the boxes that
are dense enough, freed of limits that may be chance, the one with the largest coverage.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.core.arrays import BoolArray, FloatArray, IntArray

LOW, HIGH, AMONG = SIDES = ("low", "high", "among")
STEP_COLUMNS = ["box", "step", "density", "coverage", "mass", "limits", "runs", "cases", "chosen"]

SMALLEST = 0.05  # source: the workbench's least mass of a box
CHANCE = 0.05  # source: the workbench's constrained PRIM (Kwakkel 2019): above it a limit may be chance
PEELS = (0.05, 0.1, 0.2)  # unit: shares peeled off at once; Friedman and Fisher (1999) advise 0.05 to 0.1
FOLDS = 10  # source: Breiman et al. (1984), section 3.4.2
MATTERS = 0.1  # source: the workbench's constrained PRIM (Kwakkel 2019): above it a factor leaves the search


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


def is_text(column: pd.Series[Any]) -> bool:
    return not pd.api.types.is_numeric_dtype(column)


Box = tuple[Limit, ...]
"""Limits that hold together."""


@dataclass(frozen=True)
class Sample:
    """Runs in which a condition holds or not.

    Attributes:
        x: their factors, numbers or text.
        holds: whether the condition holds ``[run]``.
        kin: what they share ``[kind, run]``: numbers of their world, their setting of the levers, their shocks.
    """

    x: pd.DataFrame
    holds: BoolArray
    kin: IntArray

    def __len__(self) -> int:
        return len(self.holds)

    def sides(self, box: Box) -> BoolArray:
        """Which runs are on the right side of every limit ``[limit, run]``."""
        return np.array([limit.holds(self.x) for limit in box], dtype=bool).reshape(len(box), len(self))

    def inside(self, box: Box) -> BoolArray:
        """Which runs are in a box."""
        return np.asarray(self.sides(box).all(axis=0))

    def outside(self, box: Box) -> Sample:
        """The runs that are not in a box."""
        rest = ~self.inside(box)
        return Sample(self.x.loc[rest], self.holds[rest], self.kin[:, rest])

    def counts(self, sides: BoolArray) -> tuple[int, int]:
        """Runs in a box, and cases among them, from its `sides`."""
        inside = sides.all(axis=0)
        return int(inside.sum()), int((inside & self.holds).sum())

    def chances(self, sides: BoolArray) -> FloatArray:
        """Quasi-p-value of every limit of a box, from its `sides`.

        The chance that the runs of the box are as dense as they are or denser, if they are drawn from the box without
        this limit: a one-sided binomial test (Bryant and Lempert 2010). Runs that share their world, their setting or
        their shocks are no independent draws: the kind with the most different ones counts.
        """
        from scipy.stats import binom

        inside = sides.all(axis=0)
        runs, cases = self.counts(sides)
        only = (~sides).sum(axis=0) == 1  # what a single limit keeps out
        more = runs + (~sides[:, only]).sum(axis=1)
        among = cases + (~sides[:, only & self.holds]).sum(axis=1)
        draws = max(len(np.unique(kind[inside])) for kind in self.kin)
        return np.asarray(binom.sf(round(draws * cases / runs) - 1, draws, among / more))

    def is_certain(self, sides: BoolArray) -> bool:
        """Whether one limit at least is beyond chance, given how many could have been found (Dunn 1961)."""
        possible = sum(column.nunique() if is_text(column) else 2 for _, column in self.x.items())
        return bool(self.chances(sides).min() <= CHANCE / possible)


# --- PRIM ---------------------------------------------------------------------------------------------------------


def prim(sample: Sample, threshold: float) -> tuple[list[Box], pd.DataFrame]:
    """Boxes one after the other, each among the runs outside the ones before, and the way to each.

    Among many factors the search picks up chance. It is done once more with only the factors whose limits matter
    (Kwakkel 2019); the best box of both counts.
    """
    found: list[Box] = []
    ways = []
    rest = sample
    while rest.holds.sum() >= threshold * SMALLEST * len(sample):
        mass = SMALLEST * len(sample) / len(rest)
        way = _peeled(rest, [str(name) for name in rest.x], mass, threshold)
        tried = [(box, rest.chances(rest.sides(box))) for box in way.dense.values()]
        matter = {limit.factor for box, p in tried for limit, chance in zip(box, p, strict=True) if chance <= MATTERS}
        if matter:
            few = [str(name) for name in rest.x if name in matter]
            more = (_peeled(rest, few, mass, threshold, alpha) for alpha in PEELS)
            way = max(way, *more, key=lambda one: one.merit)
        ways.append(_steps(way, sample).assign(box=len(found) + 1))
        if way.chosen < 0:
            break
        found.append(way.dense[way.chosen])
        rest = rest.outside(found[-1])
    return found, pd.concat(ways, ignore_index=True)[STEP_COLUMNS]


@dataclass(frozen=True)
class Way:
    """What one search went through.

    Attributes:
        path: the library's table of steps.
        dense: boxes of the steps that are dense enough, without limits that may be chance where that is possible.
        chosen: the step of the best of those beyond chance; -1 if there is none.
        merit: of the best: whether no limit may be chance, cases, density.
    """

    path: pd.DataFrame
    dense: Mapping[int, Box]
    chosen: int = -1
    merit: tuple[bool, int, float] = (False, 0, 0.0)


def _peeled(sample: Sample, names: list[str], mass: float, threshold: float, alpha: float = PEELS[0]) -> Way:
    """One search in the space of some factors.

    A peel is judged by the gain in density per share of the runs given up (Friedman and Fisher 1999, section 14),
    which is fair to texts (Kwakkel and Jaxa-Rozen 2016).
    """
    module = _library("ema_workbench.analysis.prim")
    given = {"obj_function": module.PRIMObjectiveFunctions.LENIENT2, "mass_min": mass, "peel_alpha": alpha}
    if "threshold" in signature(module.Prim).parameters:
        given["threshold"] = 1e-9  # below version 3 a threshold marks the cases and refuses boxes: we choose ourselves
    x = sample.x[names]
    words = _texts(x)
    search = module.Prim(_coded(x, words), sample.holds.astype(np.int64), **given)
    found = search.find_box()
    path = found.peeling_trajectory
    dense, merits = {}, {}
    for step in map(int, np.flatnonzero(path["density"] >= threshold)):
        limits = _limits(found.box_lims[step], search.box_init, x, words)
        dense[step] = box = _tidied(limits, sample, threshold)
        sides = sample.sides(box)
        if sample.is_certain(sides):
            runs, cases = sample.counts(sides)
            merits[step] = bool(sample.chances(sides).max() <= CHANCE), cases, cases / runs
    if not merits:
        return Way(path, dense)
    chosen = max(merits, key=lambda step: merits[step])
    return Way(path, dense, chosen, merits[chosen])


def _coded(x: pd.DataFrame, words: Mapping[str, list[str]]) -> pd.DataFrame:
    """Factors as the library takes them, named by position.

    Words become numbers: the library goes through sets of them, whose order must not depend on the process.
    """
    coded = x.assign(**{name: pd.Categorical(x[name], known).codes for name, known in words.items()})
    coded = coded.astype(dict.fromkeys(words, "category"))
    return coded.set_axis([f"x{i}" for i in range(x.shape[1])], axis=1)


def _texts(x: pd.DataFrame) -> dict[str, list[str]]:
    """The words of every factor that is text, in order."""
    return {str(name): sorted(column.unique()) for name, column in x.items() if is_text(column)}


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


def _tidied(box: Box, sample: Sample, threshold: float) -> Box:
    """Without limits that may be chance as long as the box stays dense; the one that helps least goes first."""
    sides = sample.sides(box)
    while len(box) > 1:
        chances = sample.chances(sides)
        weakest = int(np.argmax(chances))
        wider = np.delete(sides, weakest, axis=0)
        runs, cases = sample.counts(wider)
        if chances[weakest] <= CHANCE or cases < threshold * runs:
            break
        box, sides = box[:weakest] + box[weakest + 1 :], wider
    return box


def _steps(way: Way, sample: Sample) -> pd.DataFrame:
    runs, cases = way.path["n"].to_numpy(dtype=np.int64), way.path["k"].to_numpy(dtype=np.int64)
    shares = {"density": cases / runs, "coverage": cases / sample.holds.sum(), "mass": runs / len(sample)}
    counts = {"limits": way.path["res_dim"].to_numpy(dtype=np.int64), "runs": runs, "cases": cases}
    step = np.arange(len(runs))
    return pd.DataFrame({"step": step, **shares, **counts, "chosen": step == way.chosen})


# --- CART ---------------------------------------------------------------------------------------------------------


def cart(sample: Sample, threshold: float) -> tuple[list[Box], pd.DataFrame]:
    """The leaves of a tree that are dense enough, without limits that may be chance; those with most cases first.

    Every word of a text is a column of zeros and ones. The tree is the one of scikit-learn that the workbench wraps,
    taken directly: with a seed, pruned, and with both sides of a split on a word.
    """
    words = _texts(sample.x)
    columns = [(name, word) for name in map(str, sample.x) for word in words.get(name, [""])]
    numbers = [sample.x[name] == word if name in words else sample.x[name] for name, word in columns]
    points = np.column_stack(numbers).astype(np.float64)
    model = _pruned(points, sample)
    leaves = [_box(leaf, columns, words) for leaf in _leaves(model.tree_)]
    widened = {_tidied(leaf, sample, threshold) for leaf in leaves if _is_dense(leaf, sample, threshold)}
    found: list[Box] = []
    left = sample.holds.copy()
    for box in sorted(widened, key=lambda box: (-sample.counts(sample.sides(box))[1], str(box))):
        sides = sample.sides(box)
        if sample.is_certain(sides) and left[sides.all(axis=0)].any():  # leaves that have grown overlap
            found.append(box)
            left &= ~sides.all(axis=0)
    return found, pd.DataFrame(columns=STEP_COLUMNS)


def _pruned(points: FloatArray, sample: Sample) -> Any:
    """The tree that tells best how likely the condition is in new runs, the smallest if several do.

    Cost-complexity pruning by cross-validation (Breiman et al. 1984, section 3.4) of the score of Brier (1950); runs
    that share something are never on both sides of a fold.
    """
    tree, selection = _library("sklearn.tree"), _library("sklearn.model_selection")
    fewest = max(1, int(SMALLEST * len(sample)))
    whole = tree.DecisionTreeClassifier(min_samples_leaf=fewest, random_state=0)
    costs = np.unique(np.maximum(whole.cost_complexity_pruning_path(points, sample.holds).ccp_alphas, 0.0))
    kin = max(sample.kin, key=lambda kind: len(np.unique(kind)))
    folds = selection.GroupKFold(min(FOLDS, len(np.unique(kin))))
    options = {"groups": kin, "cv": folds, "scoring": "neg_brier_score"}
    mean = np.array([
        selection.cross_val_score(whole.set_params(ccp_alpha=cost), points, sample.holds, **options).mean()
        for cost in costs
    ])  # fmt: skip
    return whole.set_params(ccp_alpha=costs[mean == mean.max()].max()).fit(points, sample.holds)


def _is_dense(box: Box, sample: Sample, threshold: float) -> bool:
    runs, cases = sample.counts(sample.sides(box))
    return cases >= threshold * runs


Cuts = dict[tuple[int, str], float]
"""Limits by column and side."""


def _leaves(tree: Any, node: int = 0, cuts: Cuts | None = None) -> Iterator[Cuts]:
    """The cuts that lead to every leaf below a node; a later cut of the same column and side is the narrower."""
    cuts = cuts or {}
    left, right = tree.children_left[node], tree.children_right[node]
    if left == right:
        yield cuts
        return
    column, value = int(tree.feature[node]), float(tree.threshold[node])
    yield from _leaves(tree, left, cuts | {(column, HIGH): value})
    yield from _leaves(tree, right, cuts | {(column, LOW): value})


def _box(cuts: Cuts, columns: Sequence[tuple[str, str]], words: Mapping[str, list[str]]) -> Box:
    """The cuts as limits: above zero a word is asked for, below one it is refused."""
    found = []
    left = {name: list(known) for name, known in words.items()}
    for (column, side), value in sorted(cuts.items()):
        name, word = columns[column]
        if name not in words:
            found.append(Limit(name, side, value))
        else:
            left[name] = [other for other in left[name] if (other == word) == (side == LOW)]
    return (*found, *(Limit(name, AMONG, tuple(some)) for name, some in left.items() if len(some) < len(words[name])))


def _library(module: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="ipyparallel not installed")
            return import_module(module)
    except ImportError:
        raise InputError("scenario discovery needs ema_workbench: pip install 'deltasim[analysis]'") from None
