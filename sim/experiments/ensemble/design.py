"""Points in the unit cube: how the intervals of a study are drawn from (scipy.stats.qmc)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.experiments.ensemble.spec import Design


def unit_points(design: Design, samples: int, dimensions: int, seed: int) -> FloatArray:
    """Points ``[sample, dimension]`` between 0 and 1; same arguments, same points.

    A Latin hypercube (McKay, Beckman and Conover 1979) or a scrambled Sobol sequence (Sobol 1967, Owen 1998).
    """
    from scipy.stats import qmc

    if dimensions == 0:
        return np.empty((1, 0))
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    if design == "sobol":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # balanced only at powers of two, valid at any number
            return np.asarray(qmc.Sobol(dimensions, rng=rng).random(samples))
    return np.asarray(qmc.LatinHypercube(dimensions, rng=rng).random(samples))
