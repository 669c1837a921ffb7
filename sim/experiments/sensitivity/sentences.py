"""What a sensitivity analysis says, in plain English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.config import world_of
from sim.experiments.ensemble.shard import OK
from sim.experiments.provenance import labels
from sim.experiments.sensitivity import methods
from sim.experiments.sensitivity.claims import Claim, claims_of
from sim.experiments.sensitivity.design import short
from sim.indicators import COMPARISONS, REGISTRY
from sim.indicators.base import CITY, PROVINCE, REGION

if TYPE_CHECKING:
    from sim.experiments.sensitivity.analysis import Sensitivity

CERTAIN = 0.95  # unit: share of the runs in which an answer must hold to be called certain
PRECISE = 0.1  # unit: half width of an interval over the index
NAMED = 3  # unit: factors in a sentence
NEGLIGIBLE = 0.05  # unit: index over the largest one, below which a factor is not named
CLOSE = 0.995  # unit: share that would be rounded to all


def sentences(found: Sensitivity) -> list[str]:
    """Failures, what matters for the outcomes of the region, how precise that is, what decides which conclusion."""
    told = _failures(found)
    region = found.indices[found.indices["scope"] == REGION]
    for outcome in region["outcome"].unique():
        told.append(_outcome(found, str(outcome)))
    told += _precision(found)
    by_place = found.conclusions.groupby(["outcome", "relation", "threshold", "scope"], sort=False)
    for (_, _, _, scope), rows in by_place:
        told.append(_conclusion(found, rows) if scope == REGION else _places(found, rows))
    return told


def _failures(found: Sensitivity) -> list[str]:
    status = found.study.manifest["status"]
    if set(status) <= {OK}:
        return []
    used = f"{int(found.indices['samples'].min()):,} complete {methods.BLOCKS[found.question.method]}"
    kinds = ", ".join(f"{count:,} {name}" for name, count in status.items() if name != OK)
    return [f"{kinds} of {len(found.study):,} runs; the indices rest on {used}."]


def unit_of(outcome: str) -> str:
    """Unit of an outcome."""
    return (COMPARISONS[outcome] if outcome in COMPARISONS else REGISTRY[outcome]).unit


def _outcome(found: Sensitivity, outcome: str) -> str:
    ranked = found.ranked(outcome)
    unit = unit_of(outcome)
    centre = ranked["centre"].dropna()
    at = f" ({_number(centre.iloc[0], unit)} with the values of the data set)" if len(centre) else ""
    if (ranked["value"] == 0.0).all():
        return f"{outcome} in {found.year}{at} is the same in every run."
    of_chance = ranked[ranked["factor"] == methods.DUMMY]
    floor = float((of_chance["value"] + of_chance["confidence"]).sum())  # none but for delta
    ranked = ranked.assign(certain=ranked["value"] - ranked["confidence"] > floor)
    if not ranked["certain"].any():
        return f"{outcome} in {found.year}{at}: no factor stands out from chance at this number of samples."
    factors = ranked[ranked["value"] > max(floor, NEGLIGIBLE * ranked["value"].max())]
    best = [
        f"{short(row['factor'])} {row['value']:.3g} ± {row['confidence']:.2g}"
        f"{'' if row['certain'] else ' (may be chance)'}"
        for row in _rows(factors.head(NAMED))
    ]
    name = {"mu_star": f"mean change{'' if unit == '1' else f', {unit},'} over a factor's range"}
    index = methods.MAIN[found.question.method]
    return f"{outcome} in {found.year}{at} is moved most by {', '.join(best)} ({name.get(index, index)})."


def _precision(found: Sensitivity) -> list[str]:
    """How certain the order is, and how many samples would make the largest index precise."""
    method = found.question.method
    told = []
    for outcome, rows in found.convergence.groupby("outcome", sort=False):
        rows = rows[rows["factor"] != methods.DUMMY]
        n = int(rows["samples"].max())
        last = rows[rows["samples"] == n].sort_values("value", ascending=False, kind="stable")
        value, width = last["value"].to_numpy(), last["confidence"].to_numpy()
        if len(value) and value[0] > 0.0 and width[0] > PRECISE * value[0]:
            needed = int(np.ceil(n * (width[0] / (PRECISE * value[0])) ** 2))
            told.append((needed, f"{outcome} {100 * width[0] / value[0]:.0f} %"))
    if not told:
        return []
    most = max(needed for needed, _ in told)
    if method == methods.SOBOL:  # its sequence is balanced at powers of two
        most = 1 << (most - 1).bit_length()
    words = ", ".join(text for _, text in told)
    return [
        f"Half width of the 95 % interval of the largest index: {words}; "
        f"10 % takes about {most:,} {methods.BLOCKS[method]} (--samples {most})."
    ]


def _conclusion(found: Sensitivity, rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    claim = _claim(found, first)
    answer = claim.answer(bool(first["holds"]), "the region")
    unit = unit_of(claim.outcome)
    told = f"In {first['year']} {answer} ({claim.outcome} {_number(first['centre'], unit)})"
    told += f"; the same in {_per_cent(first['share'])} of {first['runs']:,} runs."
    turned = rows[rows["turned_at"] != ""].assign(size=lambda r: (r["high"] - r["low"]).abs())
    turned = turned.sort_values("size", ascending=False, kind="stable")
    if len(turned):
        words = [f"{short(row['factor'])} at {row['turned_at']}" for row in _rows(turned.head(NAMED))]
        more = f" and {len(turned) - NAMED} more" if len(turned) > NAMED else ""
        told += f" Turned alone by {', '.join(words)}{more}."
    else:
        told += " No factor alone turns it."
    decided = deciding(rows).head(NAMED)
    if len(decided):
        words = [f"{short(row['factor'])} ({_low_high(row)})" for row in _rows(decided)]
        told += f" The answer hangs on {', '.join(words)}."
    elif first["share"] < CERTAIN:
        told += " No factor stands out from chance at this number of samples."
    return told


def _low_high(row: Mapping[str, Any]) -> str:
    return f"{_per_cent(row['share_low'])} where it is low, {_per_cent(row['share_high'])} where high"


def deciding(rows: pd.DataFrame) -> pd.DataFrame:
    """Factors whose lower and upper third differ in the share of the answer, the largest difference first.

    The difference must be more than what the largest of so many factors shows by chance in one study of twenty
    (Bonferroni).
    """
    from scipy.stats import norm

    wider = norm.ppf(1.0 - (1.0 - CERTAIN) / (2.0 * len(rows))) / methods.Z
    gap = (rows["share_high"] - rows["share_low"]).abs()
    return rows.assign(gap=gap)[gap > wider * rows["confidence"]].sort_values("gap", ascending=False, kind="stable")


def _places(found: Sensitivity, rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    claim = _claim(found, first)
    names = _names(found, str(first["scope"]))
    places = rows.groupby("place", sort=False).first().reset_index()
    certain = int((places["share"] >= CERTAIN).sum())
    yes = int(places["holds"].sum())
    scope = {CITY: "cities", PROVINCE: "provinces"}.get(str(first["scope"]), "groups of cities")
    told = f"{claim.outcome} {claim.relation} {claim.threshold:g} in {first['year']} in {yes} of {len(places)} {scope}"
    told += f"; the answer is the same in {_per_cent(CERTAIN)} of the runs or more in {certain} of them."
    doubtful = places[places["share"] < CERTAIN].sort_values("share", kind="stable").head(NAMED)
    words = []
    for place in doubtful.to_dict("records"):
        decided = deciding(rows[rows["place"] == place["place"]]).head(1)
        by = "" if decided.empty else f", hangs on {short(decided['factor'].iloc[0])}"
        words.append(f"{names.get(place['place'], place['place'])} ({_per_cent(place['share'])}{by})")
    return f"{told} Least certain: {'; '.join(words)}." if words else told


def _claim(found: Sensitivity, row: pd.Series) -> Claim:
    known = claims_of(found.question.conclusions, world_of(found.study.plan.structures[0].config).n_cities)
    key = (row["outcome"], row["relation"], row["threshold"])
    return next(claim for claim in known if (claim.outcome, claim.relation, claim.threshold) == key)


def _names(found: Sensitivity, scope: str) -> dict[str, str]:
    known = labels(world_of(found.study.plan.structures[0].config))
    group = {CITY: "regions", PROVINCE: "provinces"}.get(scope)
    return {} if group is None else {place: str(label["name_en"]) for place, label in known[group].items()}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _number(value: float, unit: str) -> str:
    return f"{value:.3g}" if unit == "1" else f"{value:.3g} {unit}"


def _per_cent(share: float) -> str:
    return "more than 99 %" if CLOSE < share < 1.0 else f"{100 * share:.0f} %"
