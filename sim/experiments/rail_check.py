"""Is the railway network right? ``python -m sim.experiments.rail_check [DATASET]``.

Two checks. Every direct train of the base year is left out in turn, the running times are fitted to the others, and
the network's time without it is held against it. And times after an opening that were stated, but are no input
(``check`` in trains.csv), are held against what the network says once the line is open.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.core.arrays import FloatArray, IntArray
from sim.core.errors import InputError
from sim.datasets import rail_rules
from sim.datasets.world import World
from sim.mechanisms.infrastructure import Link, Network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEDIAN_GOAL, TAIL_GOAL = 0.15, 0.30  # source: goals set for the check, median and 90th percentile of the error
TAIL = 0.9  # source: the same
PER_CENT = 100.0  # unit: errors are shown in per cent


@dataclass(frozen=True)
class RailCheck:
    """What was found.

    Attributes:
        left_out: one row per direct train: names of the cities, observed minutes, the network's without it, error,
            and whether the direct train is the fastest way at all.
        stated: one row per stated time: line, cities, minutes of the direct train and of the best way before, stated,
            after the opening by the network, error, status of the stated time.
    """

    left_out: pd.DataFrame
    stated: pd.DataFrame

    def errors(self, *, every: bool = False) -> tuple[int, float, float]:
        """Number of trains, median and 90th percentile of the absolute error.

        Of the trains that are the fastest way, or of ``every`` direct train: where a change is faster, nobody waits for
        the direct train, and the network rightly gives another time.
        """
        rows = self.left_out if every else self.left_out[self.left_out["fastest"]]
        error = rows["error"].abs()
        return len(rows), float(error.median()), float(error.quantile(TAIL))


def rail_check(world: World) -> RailCheck:
    """Both checks on a data set.

    Raises:
        InputError: it has no network.
    """
    if not world.n_lines:
        raise InputError(f"the data set {world.name} has no network", allowed="a data set with lines.csv and links.csv")
    network = Network.of(world)
    return RailCheck(_left_out(network, world), _stated(network, world))


def _left_out(network: Network, world: World) -> pd.DataFrame:
    closed = np.zeros(world.n_lines)
    fit = Fit.of(network, world)
    now = network.rail(closed)
    rows = []
    for i, j in np.argwhere(np.triu(np.isfinite(network.fast))):
        fast = network.fast.copy()
        fast[i, j] = fast[j, i] = np.nan
        observed = network.fast[i, j]
        without = replace(network, fast=fast, railways=fit.links(fast)).rail(closed)[i, j]
        fastest = bool(now[i, j] >= observed)
        rows.append(
            (world.region_names[i], world.region_names[j], observed, without, without / observed - 1.0, fastest)
        )
    return pd.DataFrame(rows, columns=["one", "other", "observed", "without", "error", "fastest"])


@dataclass(frozen=True, eq=False)
class Fit:
    """Running times of the base year's links as a function of the timetable, as the data set was built."""

    network: Network
    fitted: IntArray  # links of lines that opened before the base year, whose times the timetable tells
    ends: Sequence[tuple[str, str]]
    courses: Sequence[Sequence[str]]
    seats: Mapping[str, int]
    guess: FloatArray
    weight: float

    @classmethod
    def of(cls, network: Network, world: World) -> Fit:
        """The fit of a data set, with times by rule as its guess."""
        p, nodes = world.parameters, world.tables["nodes"]
        old = world.line_opening < world.base_year
        fitted = np.array([k for k, link in enumerate(network.railways) if old[link.line]], dtype=np.int64)
        links = [network.railways[k] for k in fitted]
        whole = np.bincount([link.line for link in links], [link.km for link in links], world.n_lines)
        design = world.tables["lines"]["design_kmh"].to_numpy(np.float64)
        guess = [float(rail_rules.rule_minutes(k.km, whole[k.line], design[k.line], p)) for k in links]
        main = nodes[nodes["region"] != ""].drop_duplicates("region")
        names = nodes["node"].tolist()
        return cls(
            network=network,
            fitted=fitted,
            ends=[(names[one], names[other]) for one, other in (link.nodes for link in links)],
            courses=[[names[node] for node in course] for course in network.courses],
            seats={
                node: world.region_ids.index(region) for node, region in zip(main["node"], main["region"], strict=True)
            },
            guess=np.array(guess),
            weight=p.value("rail_rule_weight"),
        )

    def links(self, fast: FloatArray) -> tuple[Link, ...]:
        """The network's links with times fitted to these fast trains ``[city, city]``."""
        paths, times = rail_rules.observed_paths(self.ends, self.courses, self.seats, fast)
        links = list(self.network.railways)
        for k, minutes in zip(self.fitted, rail_rules.fit_minutes(paths, times, self.guess, self.weight), strict=True):
            links[k] = replace(links[k], minutes=float(minutes))
        return tuple(links)


def _stated(network: Network, world: World) -> pd.DataFrame:
    """Stated times after openings against the network of the year from which the line is in use."""
    trains = world.tables["trains"]
    before = network.rail(np.zeros(world.n_lines))
    rows = []
    for train in trains[trains["kind"] == "check"].to_dict("records"):
        i, j = world.index(train["origin"]), world.index(train["destination"])
        year = world.line_opening[world.line_ids.index(train["line"])]
        after = network.rail((world.line_opening <= year).astype(np.float64))[i, j]
        rows.append(
            (train["line"], world.region_names[i], world.region_names[j], network.fast[i, j], before[i, j],
             train["minutes"], after, after / train["minutes"] - 1.0, train["status"])
        )  # fmt: skip
    columns = ["line", "one", "other", "direct_before", "before", "stated", "after", "error", "status"]
    return pd.DataFrame(rows, columns=columns)


def summary(check: RailCheck) -> str:
    """What was found in lines of text."""
    lines = []
    for every, words in ((False, "direct trains that are the fastest way"), (True, "all direct trains")):
        n, median, tail = check.errors(every=every)
        met = "met" if median < MEDIAN_GOAL and tail < TAIL_GOAL else "missed"
        lines.append(
            f"{n} {words}, each left out in turn: median error {median:.1%}, 90th percentile {tail:.1%} "
            f"(goals {MEDIAN_GOAL:.0%} and {TAIL_GOAL:.0%}: {met})"
        )
    shown = check.stated.assign(error=[f"{PER_CENT * error:+.0f} %" for error in check.stated["error"]])
    return "\n".join([*lines, "", "times stated after an opening, no inputs:", shown.round(1).to_string(index=False)])


if __name__ == "__main__":
    print(summary(rail_check(World.load(sys.argv[1] if len(sys.argv) > 1 else "yangtze_delta"))))
