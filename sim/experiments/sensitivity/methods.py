"""Points in the unit cube and indices of sensitivity from the outputs there, by SALib (Iwanaga et al. 2022).

Every index comes with the half width of its 95 % confidence interval. Sobol and Morris need complete blocks of points
(a base point with its neighbours, a trajectory); a block with an output that is missing is left out as a whole.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray

MORRIS, SOBOL, DELTA = METHODS = ("morris", "sobol", "delta")

MAIN = {MORRIS: "mu_star", SOBOL: "ST", DELTA: "delta"}
"""The index that factors are ranked by."""

DEFAULT_SAMPLES = {MORRIS: 10, SOBOL: 64, DELTA: 256}  # unit: trajectories, base points, runs
LEAST_SAMPLES = {MORRIS: 4, SOBOL: 8, DELTA: 32}  # unit: ditto; with fewer, no confidence interval means anything

BLOCKS = {MORRIS: "trajectories", SOBOL: "base points", DELTA: "runs"}

DUMMY = "(a factor that does nothing)"
"""Row of the delta method: what pure chance scores in a sample of this size."""

LEVELS = 4  # source: Morris 1991, levels of the grid of trajectories
RESAMPLES = 100  # unit: bootstrap samples behind a confidence interval
DELTA_RESAMPLES = 30  # unit: bootstrap samples; each estimates densities anew
MOST_RUNS = 4096  # unit: runs whose densities are compared, drawn from the study
GRID = 100  # unit: points at which densities are compared
Z = 1.959964  # unit: half width of a 95 % interval over the standard error

COLUMNS = ["factor", "other", "index", "value", "confidence", "samples"]


def default_samples(method: str) -> int:
    """Trajectories, base points or runs for a first look."""
    _check_method(method)
    return DEFAULT_SAMPLES[method]


def block_size(method: str, n_factors: int, *, second_order: bool = False) -> int:
    """Points that belong together: a trajectory, a base point with its neighbours, or one.

    Args:
        method: one of `METHODS`.
        n_factors: factors, or groups of factors.
        second_order: whether Sobol's indices of pairs are wanted.
    """
    return {MORRIS: n_factors + 1, SOBOL: (2 if second_order else 1) * n_factors + 2, DELTA: 1}[method]


def sample(
    method: str,
    n_factors: int,
    samples: int,
    seed: int = 1,
    *,
    second_order: bool = False,
    groups: Sequence[str] | None = None,
) -> FloatArray:
    """The points ``[run, factor]`` between 0 and 1 of a method; same arguments, same points.

    Args:
        method: ``morris`` (trajectories, Morris 1991), ``sobol`` (Saltelli et al. 2010 on a scrambled Sobol sequence),
            ``delta`` (a Latin hypercube; the analysis takes any sample).
        n_factors: columns.
        samples: trajectories, base points or runs.
        seed: of the drawing.
        second_order: whether Sobol's indices of pairs are wanted.
        groups: name of the group of each factor; factors of a group move together.

    Raises:
        InputError: unknown method, too few samples, SALib is missing.
    """
    _check(method, samples)
    problem = _problem(n_factors, groups)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a Sobol sequence is balanced only at powers of two, valid at any number
        if method == MORRIS:
            points = _salib("sample.morris").sample(problem, samples, num_levels=LEVELS, seed=seed)
        elif method == SOBOL:
            points = _salib("sample.sobol").sample(problem, samples, calc_second_order=second_order, seed=seed)
        else:
            points = _salib("sample.latin").sample(problem, samples, seed=seed)
    return np.clip(np.asarray(points, dtype=np.float64), 0.0, 1.0)


def indices(
    method: str,
    points: FloatArray,
    outputs: FloatArray,
    names: Sequence[str],
    seed: int = 1,
    *,
    second_order: bool = False,
    groups: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Indices of one output, with confidence intervals.

    Morris gives mu_star (mean size of the change when a factor crosses its range), mu (with its sign) and sigma
    (interactions and curvature); Sobol S1, ST and for pairs S2 (shares of the variance); delta the shift of the
    distribution that knowing a factor brings (Borgonovo 2007; Plischke, Borgonovo and Smith 2013) and S1. Delta from
    few runs is too small for strong factors and above zero for those that do nothing, which a dummy shows. An output
    that never changes depends on nothing: all zero.

    Args:
        method: one of `METHODS`.
        points: ``[run, factor]`` as `sample` made them; for delta any numbers.
        outputs: ``[run]``, in the unit of the outcome; what is missing is NaN.
        names: of the factors.
        seed: of the bootstrap.
        second_order: as in `sample`.
        groups: as in `sample`; the indices are then those of the groups.

    Returns:
        factor, other (of a pair), index, value, confidence (half width of the 95 % interval), samples (blocks used).

    Raises:
        InputError: too few complete blocks, SALib is missing.
    """
    names = list(dict.fromkeys(groups)) if groups is not None else list(names)
    size = block_size(method, len(names), second_order=second_order)
    complete = np.asarray(np.isfinite(outputs).reshape(-1, size).all(axis=1))
    kept = np.repeat(complete, size)
    points, outputs, samples = points[kept], outputs[kept], int(complete.sum())
    lost = f"of {len(complete)} are complete, the others have runs that failed"
    _check(method, samples, "are too few" if complete.all() else lost)
    constant = bool(np.ptp(outputs) <= 1e-12 * np.abs(outputs).max())
    if constant:
        outputs = np.zeros(len(outputs))
    estimate = {MORRIS: _morris, SOBOL: _sobol, DELTA: _delta}[method]
    rows = estimate(_problem(points.shape[1], groups), points, outputs, {"seed": seed + 1, "pairs": second_order})
    found = [(*_named(where, names), index, value, confidence, samples) for where, index, value, confidence in rows]
    table = pd.DataFrame(found, columns=COLUMNS)
    return table.assign(value=0.0, confidence=0.0) if constant else table


Row = tuple[tuple[int, ...], str, float, float]
"""Position of a factor or of a pair, index, value, half width of its interval."""


def _morris(problem: dict[str, Any], points: FloatArray, outputs: FloatArray, options: dict[str, Any]) -> list[Row]:
    found = _salib("analyze.morris").analyze(
        problem, points, outputs, num_resamples=RESAMPLES, num_levels=LEVELS, seed=options["seed"]
    )
    n = len(outputs) // (len(found["names"]) + 1)
    mu, star, sigma, wide = (np.ma.filled(found[key], np.nan) for key in ("mu", "mu_star", "sigma", "mu_star_conf"))
    widths = {"mu_star": wide, "mu": Z * sigma / np.sqrt(n), "sigma": Z * sigma / np.sqrt(2 * (n - 1))}
    return [
        ((j,), index, float(values[j]), float(widths[index][j]))
        for j in range(len(star))
        for index, values in (("mu_star", star), ("mu", mu), ("sigma", sigma))
        if np.isfinite(widths[index][j])  # a group has no sign and no curvature
    ]


def _sobol(problem: dict[str, Any], points: FloatArray, outputs: FloatArray, options: dict[str, Any]) -> list[Row]:
    pairs = options["pairs"]
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore")
        found = _salib("analyze.sobol").analyze(
            problem, outputs, calc_second_order=pairs, num_resamples=RESAMPLES, seed=options["seed"]
        )
    rows: list[Row] = [
        ((j,), index, float(found[index][j]), float(found[f"{index}_conf"][j]))
        for j in range(len(found["ST"]))
        for index in ("ST", "S1")
    ]
    if pairs:
        upper = zip(*np.triu_indices(len(found["ST"]), 1), strict=True)
        rows += [((int(i), int(j)), "S2", float(found["S2"][i, j]), float(found["S2_conf"][i, j])) for i, j in upper]
    return rows


def _delta(problem: dict[str, Any], points: FloatArray, outputs: FloatArray, options: dict[str, Any]) -> list[Row]:
    """SALib's estimators on the whole sample, the bias taken off (eq. 30 of Plischke et al. 2013).

    SALib's own driver estimates from one bootstrap sample, which keeps the bias and adds noise.
    """
    module = _salib("analyze.delta")
    rng = np.random.default_rng(options["seed"])
    order = rng.permutation(len(outputs))[:MOST_RUNS]  # equal values are told apart by their order: make it chance
    points = np.column_stack([points, rng.random(len(outputs))])[order]
    outputs = outputs[order]
    if np.ptp(outputs) == 0.0:
        return [((j,), index, 0.0, 0.0) for j in range(points.shape[1]) for index in ("delta", "S1")]
    grid = np.linspace(outputs.min(), outputs.max(), GRID)
    classes = _classes(len(outputs))
    draws = rng.integers(len(outputs), size=(DELTA_RESAMPLES, len(outputs)))

    def both(rows: Any, j: int) -> tuple[float, float]:
        x, y = points[rows, j], outputs[rows]
        return module.calc_delta(y, grid, x, classes), module.sobol_first(y, x, classes)

    found: list[Row] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for j in range(points.shape[1]):
            whole = np.array(both(slice(None), j))
            again = np.array([both(rows, j) for rows in draws])
            value, width = 2.0 * whole - again.mean(axis=0), Z * again.std(axis=0, ddof=1)
            found += [((j,), name, float(value[i]), float(width[i])) for i, name in enumerate(("delta", "S1"))]
    return found


def _classes(n: int) -> FloatArray:
    """Edges of the classes of equal size that a factor's range is cut into."""
    # source: Plischke, Borgonovo and Smith 2013, as in SALib: number of classes for n runs
    power = 2.0 / (7.0 + np.tanh((1500.0 - n) / 500.0))
    return np.linspace(0.0, n, min(int(np.ceil(n**power)), 48) + 1)  # source: ditto, at most 48 classes


def _named(where: tuple[int, ...], names: Sequence[str]) -> tuple[str, str]:
    first, *second = [names[j] if j < len(names) else DUMMY for j in where]
    return first, second[0] if second else ""


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise InputError(f"unknown method '{method}'", key="method", allowed=", ".join(METHODS))


def _check(method: str, samples: int, why: str = "are too few") -> None:
    _check_method(method)
    least = LEAST_SAMPLES[method]
    if samples < least:
        raise InputError(f"{samples} {BLOCKS[method]} {why}: at least {least} are needed", key="samples")


def _problem(n_factors: int, groups: Sequence[str] | None) -> dict[str, Any]:
    """SALib's description; neutral names, since some suffixes are reserved."""
    names = [f"x{j}" for j in range(n_factors)]
    problem = {"num_vars": n_factors, "names": names, "bounds": [[0.0, 1.0]] * n_factors}
    return problem if groups is None else {**problem, "groups": [f"g{list(groups).index(g)}" for g in groups]}


def _salib(module: str) -> Any:
    from importlib import import_module

    try:
        return import_module(f"SALib.{module}")
    except ImportError:
        raise InputError("needs SALib: pip install 'deltasim[analysis]'", key="sensitivity") from None
