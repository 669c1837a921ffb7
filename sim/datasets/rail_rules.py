"""Running times of railway lines: by rule from length and design speed, or fitted to a timetable. Pure functions.

A train runs through along a line, and along a route of several lines; its time is the sum of the running times of the
links it passes. Where a timetable is known the links' times are those that explain the fastest direct trains best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

if TYPE_CHECKING:
    from sim.datasets.parameters import Parameters

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MINUTES_PER_HOUR = 60.0  # unit: minutes
CLASSES = {300.0: "rail_speed_350", 250.0: "rail_speed_250", 0.0: "rail_speed_200"}  # unit: km per hour
"""Design speed from which a class of lines begins, and the parameter that holds its trains' mean speed."""


def rule_minutes(km: ArrayLike, whole_km: float, design_kmh: float, p: Parameters) -> FloatArray:
    """Minutes of the links of a line ``[link]``: length over mean speed, and once for the line starting and stopping.

    ``whole_km`` is the line's length, which may reach beyond these links; the stop is spread over it. A line whose
    design speed is not decided (NaN) counts as the middle class.
    """
    design = sorted(CLASSES)[1] if np.isnan(design_kmh) else design_kmh
    speed = p.value(CLASSES[max(start for start in CLASSES if design >= start)])
    return np.asarray(km, dtype=np.float64) * (MINUTES_PER_HOUR / speed + p.value("rail_stop_time") / whole_km)


def fit_minutes(paths: Sequence[IntArray], minutes: ArrayLike, guess: ArrayLike, weight: float) -> FloatArray:
    """Minutes ``[link]`` whose sums along paths explain observed times best: least absolute relative deviations.

    Like a median it does not mind that some fastest trains stop on the way. Solved as a linear programme.

    Args:
        paths: links that each observed train passes.
        minutes: its time ``[path]``.
        guess: minutes by rule ``[link]``, which decide where no train tells.
        weight: of the guess against an observed train.
    """
    observed, prior = np.asarray(minutes, dtype=np.float64), np.asarray(guess, dtype=np.float64)
    passes = np.zeros((len(paths), prior.size))
    for row, path in zip(passes, paths, strict=True):
        row[path] = 1.0
    terms = np.vstack([passes / observed[:, None], np.diag(1.0 / prior)])
    slack = np.eye(len(terms))
    cost = np.concatenate([np.zeros(prior.size), np.ones(len(paths)), np.full(prior.size, weight)])
    found = linprog(
        cost,
        A_ub=np.block([[terms, -slack], [-terms, -slack]]),
        b_ub=np.concatenate([np.ones(len(terms)), -np.ones(len(terms))]),
        method="highs",
    )
    return np.asarray(found.x, dtype=np.float64)[: prior.size]


def observed_paths(
    links: Sequence[tuple[str, str]], courses: Sequence[Sequence[str]], seats: Mapping[str, int], fast: FloatArray
) -> tuple[list[IntArray], FloatArray]:
    """Which links the fast trains between seats pass, each stretch once, and their minutes.

    Args:
        links: the two nodes of each link.
        courses: nodes of lines and routes along which trains run through; those that use other links are left out.
        seats: place of the nodes where trains count.
        fast: minutes of the fastest train ``[place, place]``, NaN without one.
    """
    link_of = {pair: k for k, ends in enumerate(links) for pair in (ends, ends[::-1])}
    found: dict[tuple[int, ...], float] = {}
    for course in courses:
        pairs = list(zip(course, course[1:], strict=False))
        if not all(pair in link_of for pair in pairs):
            continue
        passed = [link_of[pair] for pair in pairs]
        stops = [(k, seats[node]) for k, node in enumerate(course) if node in seats]
        for first, one in stops:
            for last, other in stops:
                if first < last and np.isfinite(fast[one, other]):
                    found[tuple(sorted(passed[first:last]))] = fast[one, other]
    return [np.array(path, dtype=np.int64) for path in found], np.array(list(found.values()))
