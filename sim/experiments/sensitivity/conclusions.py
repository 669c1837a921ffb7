"""Which factor decides which conclusion: what turns its answer alone, and what moves the share of runs that give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.experiments.sensitivity.methods import Z
from sim.experiments.sensitivity.outputs import Output, in_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.core.arrays import FloatArray
    from sim.experiments.ensemble.factors import Factor
    from sim.experiments.sensitivity.claims import Claim

COLUMNS = [
    "outcome", "relation", "threshold", "year", "scope", "place", "centre", "holds", "share", "runs",
    "factor", "low", "high", "turned_at", "share_low", "share_high", "confidence",
]  # fmt: skip
RESAMPLES = 200  # unit: bootstrap samples of blocks
THIRD = 1.0 / 3.0  # unit: of the runs, in the order of a factor


@dataclass(frozen=True)
class Sample:
    """The settings of a study and what they gave.

    Attributes:
        factors: what varies.
        settings: a column per factor, a row per setting.
        outputs: the columns of ``values``.
        values: ``[setting, output]``.
        block: settings that were drawn together.
    """

    factors: Sequence[Factor]
    settings: pd.DataFrame
    outputs: Sequence[Output]
    values: FloatArray
    block: int


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
        share of the same answer among the third of the runs with the lowest and the highest values of the factor
        (options in words: the two options that differ most); confidence: half width of the 95 % interval of their
        difference, by a bootstrap of whole blocks.
    """
    thirds = np.array([_thirds(sample.settings[factor.name]) for factor in sample.factors])  # [factor, side, run]
    n_blocks = len(sample.values) // sample.block
    weights = np.random.default_rng(seed).multinomial(n_blocks, np.full(n_blocks, 1.0 / n_blocks), RESAMPLES)
    frames = []
    for claim in claims:
        for position, output in enumerate(sample.outputs):
            if (output.outcome, output.year) != (claim.outcome, year):
                continue
            alone = tornado[(tornado[list(Output._fields)] == list(output)).all(axis=1)].reset_index(drop=True)
            centre = float(alone["centre"].iloc[0])
            if np.isfinite(centre):
                values = sample.values[:, position]
                holds = bool(claim.holds(np.array([centre]))[0])
                rows = _by_factor(claim, alone, holds, sample, values, (thirds, weights))
                frames.append(rows.assign(relation=claim.relation, threshold=claim.threshold, holds=holds))
    return pd.concat(frames, ignore_index=True)[COLUMNS] if frames else pd.DataFrame(columns=COLUMNS)


def _by_factor(
    claim: Claim,
    alone: pd.DataFrame,
    holds: bool,
    sample: Sample,
    values: FloatArray,
    drawn: tuple[NDArray[np.bool_], NDArray[np.int64]],
) -> pd.DataFrame:
    """Rows of one claim at one place."""
    thirds, weights = drawn
    finished = np.isfinite(values)
    same = finished & (claim.holds(values) == holds)
    sides = np.stack([
        _options(sample.settings[factor.name], same, finished) if in_words(factor) else thirds[j]
        for j, factor in enumerate(sample.factors)
    ])  # fmt: skip
    agree, total = ((sides & mask).reshape(*sides.shape[:2], -1, sample.block).sum(axis=3) for mask in (same, finished))
    with np.errstate(invalid="ignore"):
        share = agree.sum(axis=2) / total.sum(axis=2)
        again = (agree @ weights.T) / (total @ weights.T)  # [factor, side, resample]
        width = Z * np.nanstd(again[:, 1] - again[:, 0], axis=1, ddof=1)
    rows = alone.assign(
        share=same.sum() / finished.sum(), runs=int(finished.sum()),
        share_low=share[:, 0], share_high=share[:, 1], confidence=width,
    )  # fmt: skip
    return rows.assign(turned_at=[_turned(claim, holds, row) for row in rows.to_dict("records")])


def _turned(claim: Claim, holds: bool, row: Mapping[Any, Any]) -> str:
    """The ends of a factor at which the answer is another."""
    ends = np.array([row["low"], row["high"]], dtype=np.float64)
    turned = np.isfinite(ends) & (claim.holds(ends) != holds)
    return ", ".join(dict.fromkeys(str(row[end]) for end, t in zip(("low_at", "high_at"), turned, strict=True) if t))


def _thirds(column: pd.Series) -> NDArray[np.bool_]:
    """Runs with the lowest and with the highest values ``[side, run]``; none where it never changes or has no order."""
    if not pd.api.types.is_numeric_dtype(column):
        return np.zeros((2, len(column)), dtype=bool)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    low, high = np.nanquantile(values, [THIRD, 1.0 - THIRD])
    if low == high:
        low, high = np.nanmin(values), np.nanmax(values)
    return np.asarray(np.stack([values <= low, values >= high]) & (low < high))


def _options(column: pd.Series, same: NDArray[np.bool_], finished: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Runs with the option that shares the answer least, and most ``[side, run]``."""
    options = [np.asarray(column == option) for option in column.dropna().unique()]
    options = [runs for runs in options if (runs & finished).any()]
    shares = [(runs & same).sum() / (runs & finished).sum() for runs in options]
    if len(options) < 2:
        return np.zeros((2, len(column)), dtype=bool)
    return np.stack([options[int(np.argmin(shares))], options[int(np.argmax(shares))]])
