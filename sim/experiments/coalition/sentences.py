"""What a coalition study found, in words, every number from the study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.bargaining import name_of
from sim.experiments.coalition.study import KEPT, LEAST, amount, told

if TYPE_CHECKING:
    from sim.bargaining import Coalition
    from sim.experiments.coalition.study import CoalitionStudy, Split

NAMED = 3  # unit: players a sentence names
POINTS = {
    "none": "no agreement, a gain of zero",
    "alone": "what each is worth alone",
    "outside": "what each gains by staying out of an agreement of all others",
}
"""Disagreement points of the rule nash."""


def sentences(study: CoalitionStudy) -> list[str]:
    """Is there something to share, who loses, which rules everybody signs, who would walk away."""
    if study.failed:
        first, error = next(iter(study.failed.items()))
        count = f"{len(study.failed)} of {len(study.worth)} runs failed"
        return [f"{count}, so no rule can be applied. The first: {told(first)}, {error}"]
    verdicts = [*_in_core(study), *_refused(study)] if study.compensation.possible else []  # else somebody has to lose
    said = [_worthwhile(study), _losers(study), *_compensated(study), *verdicts]
    return [*said, *_outside(study), *_notes(study)]


def shown(rule: str) -> str:
    """A rule in a sentence or at the head of a column."""
    return {KEPT: "no payments", LEAST: "least compensation"}.get(rule, rule.replace("_", " "))


def _worthwhile(study: CoalitionStudy) -> str:
    total, best, elsewhere = study.total, study.best, study.elsewhere
    verdict = "something" if total > 0.0 else "nothing"
    said = f"The agreement of all {len(study.players)} is worth {amount(total)}: there is {verdict} to share."
    if best != study.players and study.values[best] > max(total, 0.0):
        said += f" Of the coalitions {group(study, best)} is worth most, {amount(study.values[best])}."
    elif total <= 0.0:
        said += " No coalition gains by itself."
    if abs(elsewhere) > study.noise:
        said += f" The other cities of the region {'gain' if elsewhere > 0.0 else 'lose'} {amount(abs(elsewhere))}."
    return said


def _losers(study: CoalitionStudy) -> str:
    losers = {player: gain for player, gain in study.own.items() if gain < -study.noise}
    if not losers:
        return "Without side payments nobody loses."
    names = listed([f"{player} ({amount(losers[player])})" for player in sorted(losers, key=lambda p: losers[p])])
    return f"Without side payments {len(losers)} of {len(study.players)} lose: {names}."


def _compensated(study: CoalitionStudy) -> list[str]:
    found = study.compensation
    if not found.possible:
        return [f"No side payments can make everyone sign: {amount(found.missing)} would have to come from outside."]
    if not found.total:
        return []
    order = sorted(found.transfers, key=lambda player: -abs(found.transfers[player]))
    to, by = (
        listed([f"{p} {amount(abs(found.transfers[p]))}" for p in order if found.transfers[p] * sign > 0.0])
        for sign in (1.0, -1.0)
    )
    return [f"The least compensation that makes everyone sign is {amount(found.total)}: to {to}, from {by}."]


def _in_core(study: CoalitionStudy) -> list[str]:
    """Rules that hold, and those that some group objects to."""
    said = []
    core = [rule for rule, split in study.splits.items() if split.in_core]
    if core:
        said.append(f"Everybody signs and no group does better by itself: {', '.join(map(shown, core))} (in the core).")
    elif study.core_is_empty:
        said.append("The core is empty: every split leaves some group better off by itself.")
    elif study.core_is_empty is False:
        said.append("Under none of these rules would every group stay, though under some other split it would.")
    signed = {rule: s for rule, s in study.splits.items() if s.individually_rational and not s.in_core}
    if signed:
        which = "; ".join(shown(rule) + _first_objection(study, split) for rule, split in signed.items())
        groups = "as far as was run" if study.is_sampled else "but a group would"
        said.append(f"Nobody would do better alone, {groups}: {which}.")
    return said


def _refused(study: CoalitionStudy) -> list[str]:
    """Rules that some refuse, and who."""
    refusing = {r: [c[0] for c, _ in s.objections if len(c) == 1] for r, s in study.splits.items()}
    which = "; ".join(f"{shown(rule)} ({listed(who)})" for rule, who in refusing.items() if who)
    return [f"Some do better alone or without an agreement and would not sign: {which}."] if which else []


def _outside(study: CoalitionStudy) -> list[str]:
    """Who gains by an agreement of all others: free riding."""
    gains = {player: gain for player, gain in study.outside.items() if gain > study.noise}
    if not gains:
        return []
    names = listed([f"{player} {amount(gains[player])}" for player in sorted(gains, key=lambda p: -gains[p])])
    always = [p for p in gains if study.splits and all(p in split.leavers for split in study.splits.values())]
    more = f"; for {listed(always)} that is more than the share under every rule" if always else ""
    return [f"Who stays out gains all the same if the others go on without it: {names}{more}."]


def _notes(study: CoalitionStudy) -> list[str]:
    point = POINTS[study.setup.question.disagreement]
    notes = [f"The rule nash starts from {point}."] if "nash" in study.splits else []
    if n_others := len(study.setup.players.others):
        does = "take part in" if study.setup.players.others_in else "stay out of"
        notes.append(f"The parties that are no player's ({n_others}) {does} every run.")
    if study.estimate is not None:
        run = f"{len(study.worth):,} of {1 << len(study.players):,} coalitions run"
        notes.append(f"Shapley shares are means over {study.estimate.n_permutations} orders of joining ({run}).")
    if study.is_sampled:
        notes.append("Whether a split is in the core is not known unless a coalition that was run objects.")
    return [*notes, *(f"{shown(rule)} has no answer: {why}." for rule, why in study.no_answer.items())]


def group(study: CoalitionStudy, coalition: Coalition) -> str:
    """A coalition in few words."""
    rest = [player for player in study.players if player not in coalition]
    if len(coalition) > max(NAMED, len(rest)):
        return f"all but {name_of(rest)}" if len(rest) <= NAMED else f"all but {len(rest)} ({listed(rest)})"
    return name_of(coalition) if len(coalition) <= NAMED else f"{len(coalition)} players ({listed(coalition)})"


def listed(names: Sequence[str]) -> str:
    """The first few names."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _first_objection(study: CoalitionStudy, split: Split) -> str:
    if not split.objections:
        return ""
    coalition, more = split.objections[0]
    return f" ({group(study, coalition)} would have {amount(more)} more)"
