"""Which factor decides which conclusion: what turns its answer alone, and what moves the share of runs that give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.experiments.sensitivity.methods import Z
from sim.experiments.sensitivity.outputs import Output, Sample, in_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.core.arrays import FloatArray

    Marks = NDArray[np.bool_]
    from sim.experiments.sensitivity.claims import Claim

COLUMNS = [
    "outcome", "relation", "threshold", "year", "scope", "place", "centre", "holds", "share", "runs",
    "factor", "low", "high", "turned_at", "share_low", "share_high", "confidence",
]  # fmt: skip
RESAMPLES = 200  # unit: bootstrap samples of blocks
MOST_BLOCKS = 1000  # unit: blocks
THIRD = 1.0 / 3.0  # unit: of the runs, in the order of a factor


def conclude(claims: Sequence[Claim], sample: Sample, tornado: pd.DataFrame, *, year: int, seed: int) -> pd.DataFrame:
    """One row per claim, place and factor.

    Args:
        claims: what is judged.
        sample: the runs.
        tornado: what each factor does alone; its centre gives the answer.
        year: of the claims.
        seed: of the bootstrap.

    Returns:
        outcome, relation, threshold, year, scope, place: the claim. centre: the outcome with the values of the data
        set; holds: whether the claim is true there. share: of the runs that give the same answer. low, high: the
        outcome with the factor alone at its ends; turned_at: the ends that turn the answer. share_low, share_high:
        share of the same answer where the factor is low and high; confidence: half width of the 95 % interval of their
        difference, by a bootstrap of whole blocks. Low and high are the two ends of a factor's step in each trajectory,
        all else equal; in other samples the third of the runs with its lowest and highest values, or of options in
        words the two that differ most.
    """
    contrast = Contrast(sample, seed)
    frames = []
    for claim in claims:
        for output in sample.outputs:
            if (output.outcome, output.year) != (claim.outcome, year):
                continue
            alone = tornado[(tornado[list(Output._fields)] == list(output)).all(axis=1)].reset_index(drop=True)
            centre = float(alone["centre"].iloc[0])
            if np.isfinite(centre):
                holds = bool(claim.holds(np.array([centre]))[0])
                told = _by_factor(claim, holds, sample.of(output), alone, contrast)
                frames.append(told.assign(relation=claim.relation, threshold=claim.threshold, holds=holds))
    return pd.concat(frames, ignore_index=True)[COLUMNS] if frames else pd.DataFrame(columns=COLUMNS)


def _by_factor(claim: Claim, holds: bool, values: FloatArray, alone: pd.DataFrame, contrast: Contrast) -> pd.DataFrame:
    """Rows of one claim at one place."""
    finished = np.isfinite(values)
    same = finished & (claim.holds(values) == holds)
    shares, width = contrast.shares(same, finished)
    return alone.assign(
        share=same.sum() / finished.sum(),
        runs=int(finished.sum()),
        share_low=shares[:, 0],
        share_high=shares[:, 1],
        confidence=width,
        turned_at=[_turned(claim, holds, row) for row in alone.to_dict("records")],
    )


class Contrast:
    """Runs where each factor is low and where it is high, and the bootstrap of what differs between them."""

    def __init__(self, sample: Sample, seed: int) -> None:
        self.block = sample.block
        self.words: dict[int, pd.Series] = {}
        if sample.is_path and sample.points is not None:
            self.sides = _steps(sample.points, sample.block)
        else:
            columns = [sample.settings[factor.name] for factor in sample.factors]
            self.words = {j: columns[j] for j, factor in enumerate(sample.factors) if in_words(factor)}
            self.sides = np.array([_thirds(column) for column in columns])
        n_blocks = len(sample.values) // sample.block
        n_drawn = min(n_blocks, MOST_BLOCKS)  # neighbours are drawn together where there are very many
        self.starts = np.linspace(0, n_blocks, n_drawn, endpoint=False).astype(np.int64) * sample.block
        rng = np.random.default_rng(seed)
        self.weights = rng.multinomial(n_drawn, np.full(n_drawn, 1.0 / n_drawn), RESAMPLES).T.astype(np.float64)

    def shares(self, same: Marks, finished: Marks) -> tuple[FloatArray, FloatArray]:
        """Share of the same answer ``[factor, side]``, and the half width of the interval of its difference."""
        whole = np.repeat(finished.reshape(-1, self.block).all(axis=1), self.block)
        sides = self.sides.copy()
        for j, column in self.words.items():
            sides[j] = _options(column, same, whole)
        agree, total = (
            np.add.reduceat(sides & mask, self.starts, axis=2, dtype=np.float64) for mask in (same & whole, whole)
        )
        with np.errstate(invalid="ignore"):
            shares = agree.sum(axis=2) / total.sum(axis=2)
            again = (agree @ self.weights) / (total @ self.weights)  # [factor, side, resample]
        difference = again[:, 1] - again[:, 0]
        width = np.full(len(sides), np.nan)
        known = np.isfinite(difference).any(axis=1)  # a factor that never changes has no low and no high
        width[known] = Z * np.nanstd(difference[known], axis=1, ddof=1)
        return shares, width


def _steps(points: FloatArray, block: int) -> Marks:
    """The lower and the upper end of each factor's step in every trajectory ``[factor, side, run]``."""
    path = points.reshape(-1, block, points.shape[1])
    rises, falls = np.diff(path, axis=1) > 0.0, np.diff(path, axis=1) < 0.0
    sides = np.zeros((2, *path.shape), dtype=bool)
    sides[0, :, :-1] |= rises
    sides[0, :, 1:] |= falls
    sides[1, :, 1:] |= rises
    sides[1, :, :-1] |= falls
    return np.asarray(sides.reshape(2, -1, points.shape[1]).transpose(2, 0, 1))


def _turned(claim: Claim, holds: bool, row: Mapping[Any, Any]) -> str:
    """The ends of a factor at which the answer is another."""
    ends = np.array([row["low"], row["high"]], dtype=np.float64)
    turned = np.isfinite(ends) & (claim.holds(ends) != holds)
    return ", ".join(dict.fromkeys(str(row[end]) for end, t in zip(("low_at", "high_at"), turned, strict=True) if t))


def _thirds(column: pd.Series) -> Marks:
    """Runs with the lowest and with the highest values ``[side, run]``; none where it never changes or has no order."""
    if not pd.api.types.is_numeric_dtype(column):
        return np.zeros((2, len(column)), dtype=bool)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    low, high = np.nanquantile(values, [THIRD, 1.0 - THIRD])
    if low == high:
        low, high = np.nanmin(values), np.nanmax(values)
    return np.asarray(np.stack([values <= low, values >= high]) & (low < high))


def _options(column: pd.Series, same: Marks, whole: Marks) -> Marks:
    """Runs with the option that shares the answer least, and most ``[side, run]``."""
    options = [np.asarray(column == option) for option in column.dropna().unique()]
    options = [runs for runs in options if (runs & whole).any()]
    shares = [(runs & whole & same).sum() / (runs & whole).sum() for runs in options]
    if len(options) < 2:
        return np.zeros((2, len(column)), dtype=bool)
    return np.stack([options[int(np.argmin(shares))], options[int(np.argmax(shares))]])
