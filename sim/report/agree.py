"""Who agrees: what happened to the agreements of a run, and who would sign at which share of the tax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core.state import SCORE_TERMS
from sim.experiments.signing.survey import SHARE
from sim.report.formats import NOTHING, money, number, percent, share, signed
from sim.report.look import LOOK, Spec, digits, layout
from sim.report.markup import Cell, fold, listed, paragraph, sentence, table
from sim.report.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.core.arrays import FloatArray
    from sim.experiments.signing.survey import Survey
    from sim.experiments.signing.verdict import Verdict

NAMED = 6  # unit: parties named in a sentence before the rest is counted
EXPLAINED = 8  # unit: parties whose refusal is explained in words
ROW_HEIGHT, ROOM = 24, 150  # unit: px of the chart, per party and besides
SHOWN_TERMS = SCORE_TERMS[:3]
"""Growth, income, balance: the terms that a model without an environment knows."""


# --- the agreements of the run ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """What happened to one agreement: its rows of the table, in their order."""

    name: str
    rows: pd.DataFrame

    def parties(self, *events: str, year: int | None = None) -> list[str]:
        """Parties with one of these events, each once."""
        chosen = self.rows[self.rows["event"].isin(events)]
        if year is not None:
            chosen = chosen[chosen["year"] == year]
        return list(dict.fromkeys(chosen["party"]))

    @cached_property
    def decided(self) -> int:
        """The first year in which it came about; the year in which parties were asked first, where it never did."""
        formed = self.rows.loc[self.rows["event"].isin(["signed", "imposed"]), "year"]
        asked = self.rows.loc[self.rows["event"] == "asked", "year"]
        return int((asked if formed.empty else formed).min())

    @cached_property
    def founders(self) -> list[str]:
        """Who was in it from then on."""
        return self.parties("signed", "imposed", year=self.decided)

    def reason(self, event: str) -> tuple[int, str] | None:
        """Year and reason of the last event of a kind; None if there was none."""
        rows = self.rows[self.rows["event"] == event]
        return None if rows.empty else (int(rows["year"].iloc[-1]), str(rows["reason"].iloc[-1]))


def courses(view: View) -> list[Course]:
    """The agreements of the run that somebody was asked about."""
    table = view.run.agreements
    asked = table.loc[table["event"] == "asked", "agreement"].drop_duplicates()
    return [Course(str(name), table[table["agreement"] == name]) for name in asked]


def outcomes(view: View) -> list[str]:
    """One sentence or two per agreement: who signed, whether it came into force, whether it lasts."""
    return [_outcome(view, course) for course in courses(view)]


def _outcome(view: View, course: Course) -> str:
    words, asked = view.words, course.parties("asked", year=course.decided)
    refusing = [party for party in course.parties("refused", year=course.decided) if party in asked]
    failed = course.reason("failed")
    values = {
        "n": len(asked),
        "year": course.decided,
        "policy": view.policy([course.name]),
        "refusing": len(refusing),
        "names": names(view, refusing) if refusing else words("answer.nobody_refuses"),
        "signing": len(course.founders),
    }
    if course.parties("imposed", year=course.decided):
        said = [words("answer.imposed", **values)]
    elif not course.founders:
        key = "answer.none_sign" if refusing else "answer.not_allowed"
        said = [words(key, **values, reason=_reason(view, failed[1] if failed else ""))]
    else:
        said = [words("answer.some_sign" if refusing else "answer.all_sign", **values)]
    left = course.parties("left")
    if left:
        said.append(words("answer.leave", names=names(view, left)))
    if failed and course.founders and failed[0] > course.decided:
        said.append(words("answer.ends", year=failed[0], reason=_reason(view, failed[1])))
    return words("space").join(said)


def names(view: View, parties: Sequence[str]) -> str:
    """Parties by name; the rest is counted where there are many."""
    comma = "、" if view.language == "zh" else ", "
    most = parties if len(parties) <= NAMED + 1 else parties[:NAMED]
    text = comma.join(view.short(party) for party in most)
    return text if len(most) == len(parties) else view.words("others", names=text, n=len(parties) - len(most))


def _reason(view: View, reason: str) -> str:
    return view.words.get(f"reason.{reason}", reason) if reason else NOTHING


# --- the story ----------------------------------------------------------------------------------------------------


def story(view: View) -> str:
    """What happened year by year, why those who are not in it are not, and every row of the table."""
    told = courses(view)
    if not told:
        return ""
    lines = [line for course in told for line in _events(view, course)]
    rows = [row for course in told for row in _rows(view, course)]
    head = ("year", "party", "event", "growth", "income", "balance", "expected", "reserve", "reason")
    numbers = table([view.words(f"agree.{key}") for key in head], rows, sortable=True)
    return f"<h3>{view.words('agree.story')}</h3>{''.join(lines)}{fold(view.words('fold.numbers'), numbers)}"


def _events(view: View, course: Course) -> list[str]:
    """A paragraph per year and event, with a line for each of those who refuse or leave."""
    parts, policy = [], view.policy([course.name])
    for (year, event), rows in course.rows.groupby(["year", "event"], sort=False):
        chosen = list(dict.fromkeys(rows["party"]))
        values = {"year": year, "n": len(chosen), "names": names(view, chosen), "policy": policy}
        said = [view.words(f"agree.{event}", **values, reason=_reason(view, str(rows["reason"].iloc[0])))]
        if event == "asked":
            said.append(_ends(view, rows))
        parts.append(paragraph(view.words("space").join(filter(None, said))))
        if event in ("refused", "left", "renegotiated"):
            worst = rows.nsmallest(EXPLAINED, "expected_gain").to_dict("records")
            parts.append(
                listed(f"{view.short(row['party'])}{view.words('colon')}{_expected(view, row)}" for row in worst)
            )
    return parts


def _ends(view: View, rows: pd.DataFrame) -> str:
    """Who expects most and who least of those asked."""
    known = rows.dropna(subset=["expected_gain"])
    if known.empty:
        return ""
    best, worst = (known.loc[getattr(known["expected_gain"], end)()] for end in ("idxmax", "idxmin"))
    ends = {"most": _expected(view, best), "least": _expected(view, worst)}
    return view.words("agree.ends", best=view.short(best["party"]), worst=view.short(worst["party"]), **ends)


def _expected(view: View, row: Any) -> str:
    return expected(view, [float(row[f"{term}_gain"]) for term in SHOWN_TERMS], float(row["expected_gain"]))


def expected(view: View, terms: Sequence[float], points: float) -> str:
    """What a party expects in words: terms in their own units where the data set is at hand, and the points."""
    scale = scales(view)
    if scale is None:
        return view.words("agree.points", points=signed(points))
    values = {term: percent(100 * value * by) for term, value, by in zip(SHOWN_TERMS, terms, scale, strict=True)}
    return view.words("agree.expects", **values, points=signed(points))


def scales(view: View) -> list[float] | None:
    """What one point of each term is; None without the data set."""
    if view.world is None:
        return None
    return [view.world.parameters.value(f"score_scale_{term}") for term in SHOWN_TERMS]


def _rows(view: View, course: Course) -> list[list[Cell | str]]:
    """Every event: terms in their own units, or in points without the data set."""
    by = scales(view) or [1 / 100] * len(SHOWN_TERMS)
    found: list[list[Cell | str]] = []
    for row in course.rows.to_dict("records"):
        terms = [100 * float(row[f"{term}_gain"]) * scale for term, scale in zip(SHOWN_TERMS, by, strict=True)]
        values = [float(row[key]) for key in ("expected_gain", "reserve")]
        found.append(
            [
                Cell(str(row["year"]), float(row["year"])),
                view.name(row["party"]),
                view.words(f"event.{row['event']}"),
                *(Cell(signed(value), value) for value in [*terms, values[0]]),
                Cell(number(values[1]), values[1]),
                _reason(view, row["reason"]),
            ]
        )
    return found


# --- at every share -----------------------------------------------------------------------------------------------


def at_every_share(view: View, survey: Survey, draw: Callable[[str, Spec, str], str]) -> str:
    """The chart of who signs where, the range or why there is none, and the numbers."""
    words = view.words
    scale = scales(view)
    shown = ""
    if scale is not None:
        point = {term: f"{100 * by:g}%" for term, by in zip(SHOWN_TERMS, scale, strict=True)}
        shown = words("agree.scale", **point)
    said = "".join(f"<p>{sentence(line)}</p>" for line in sentences(view, survey))
    exact = words(
        "agree.exact", computed=int(survey.computed.sum()), all=len(survey.shares), error=_at_most(survey.error)
    )
    return "".join(
        [
            f"<h3>{words('agree.shares')}</h3>{said}",
            paragraph(words("agree.chart", scale=shown), "guide"),
            draw("agree", chart(view, survey), words("agree.title")),
            paragraph(exact, "note"),
            fold(words("fold.numbers"), parties(view, survey)),
        ]
    )


def sentences(view: View, survey: Survey) -> list[str]:
    """Paragraphs: who signs as it stands, whether all sign somewhere and who binds or why not, and by tax alone."""
    words, found = view.words, survey.verdict
    policy = view.run.config.policies[survey.policy]
    key = "agree.imposed_here" if getattr(policy, "agreement", None) is None else "agree.asked_here"
    setting = {"policy": view.policy([survey.policy]), "year": survey.year, "horizon": survey.horizon}
    n = len(survey.parties)
    said = [[words(key, **setting), *_here(view, survey, getattr(policy, SHARE))]]
    if found.together is not None:
        low, high = found.together
        everywhere = (low, high) == (survey.shares[0], survey.shares[-1])
        key = "agree.everywhere" if everywhere else "agree.range"
        bounds = (bound for bound in ("low_bound", "high_bound") if getattr(found, bound))
        said.append([words(key, n=n, low=share(low), high=share(high))])
        said[-1] += [words(f"agree.{bound}", names=names(view, getattr(found, bound))) for bound in bounds]
    else:
        said.append([words("agree.nowhere", n=n), _why(view, found, "agree")])
        said.append(_nearest(view, survey))
    said.append([_by_tax(view, survey)])
    return [words("space").join(part) for part in said]


def _here(view: View, survey: Survey, own: object) -> list[str]:
    """How many sign at the scenario's own share, where that is one number."""
    if not isinstance(own, int | float):
        return []
    pieces = survey.verdict.ranges.values()
    signing = sum(any(low <= own <= high for low, high in piece) for piece in pieces)
    return [view.words("agree.here", share=share(float(own)), k=signing, n=len(survey.parties))]


def _why(view: View, found: Verdict, prefix: str) -> str:
    """Why there is no share for all: somebody signs at none, two stand apart, or several do."""
    if found.never:
        return view.words(f"{prefix}.never", names=names(view, found.never))
    if found.conflict is None:
        return view.words(f"{prefix}.apart")
    wants, bears = found.conflict
    ends = {"low": share(found.ranges[wants][0][0]), "high": share(found.ranges[bears][-1][1])}
    return view.words(f"{prefix}.conflict", wants=view.short(wants), bears=view.short(bears), **ends)


def _nearest(view: View, survey: Survey) -> list[str]:
    """The share at which the least willing is as willing as it ever is: what it expects, and the tax behind it."""
    at, party, _ = survey.verdict.nearest
    i, k = survey.parties.index(party), int(np.flatnonzero(survey.shares == at)[0])
    terms = survey.terms[i, k, : len(SHOWN_TERMS)].tolist()
    own, shared = (_signed_money(view, value) for value in survey.tax[i, k])
    what = expected(view, terms, float(survey.gain[i, k]))
    return [
        view.words("agree.nearest", share=share(at), party=view.short(party), expected=what),
        view.words("agree.money", own=own, shared=shared),
    ]


def _by_tax(view: View, survey: Survey) -> str:
    found = survey.tax_verdict
    if found.together is None:
        return _why(view, found, "agree.tax")
    low, high = found.together
    return view.words("agree.tax.range", low=share(low), high=share(high))


def _signed_money(view: View, value: float) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{money(value, view.language)}"


def _at_most(error: float) -> str:
    """An error rounded up to one digit, a millionth at least."""
    size = 10.0 ** floor(log10(max(error, 1e-6)))
    return f"{ceil(max(error, 1e-6) / size) * size:f}".rstrip("0")


def ordered(survey: Survey) -> list[int]:
    """Positions of the parties: origins first, each group by its mean gain, the least willing on top."""
    gain = survey.gain.mean(axis=1)
    return sorted(range(len(survey.parties)), key=lambda i: (survey.parties[i] not in survey.origins, gain[i]))


def chart(view: View, survey: Survey) -> Spec:
    """Parties by shares: colour = expected gain less reserve, × where the party does not sign."""
    order, words = ordered(survey), view.words
    margin = (survey.gain - survey.reserve)[order]
    signs = survey.signs[order]
    limit = float(np.abs(margin).max()) or 1.0
    labels = [_label(view, survey, survey.parties[i]) for i in order]
    said = np.where(signs, words("agree.hover_signs"), words("agree.hover_refuses"))
    look = LOOK["agree"]
    trace = {
        "type": "heatmap",
        "x": digits(100 * survey.shares),
        "y": labels,
        "z": [digits(row) for row in margin],
        "text": np.where(signs, "", "×").tolist(),
        "texttemplate": "%{text}",
        "textfont": look["label"],
        "customdata": [[[signed(g), s] for g, s in zip(gains, answers, strict=True)]
                       for gains, answers in zip(survey.gain[order], said, strict=True)],
        "hovertemplate": "%{y}, %{x}%<br>%{customdata[0]} (%{customdata[1]})<extra></extra>",
        "colorscale": LOOK["diverging"],
        "zmin": -limit,
        "zmax": limit,
        "xgap": 1,
        "ygap": 1,
        "colorbar": {**look["colorbar"], "title": {**look["colorbar"]["title"], "text": words("agree.bar")}},
    }  # fmt: skip
    made = layout("agree", height=ROOM + ROW_HEIGHT * len(order), shapes=_band(survey))
    made["xaxis"]["title"]["text"] = words("agree.axis")
    return {"data": [trace], "layout": made}


def _label(view: View, survey: Survey, party: str) -> str:
    name = view.short(party)
    return f"<b>{name}</b>" if party in survey.origins else name


def _band(survey: Survey) -> list[dict[str, Any]]:
    """A frame around the shares at which all sign."""
    if survey.verdict.together is None:
        return []
    low, high = survey.verdict.together
    return [{**LOOK["agree"]["marker"], "x0": 100 * low, "x1": 100 * high}]


def parties(view: View, survey: Survey) -> str:
    """Every party: where it signs, its gains at three shares, and the tax behind them."""
    words, shares = view.words, survey.shares
    last, middle, unit = len(shares) - 1, len(shares) // 2, view.words("unit.real")
    shown = list(dict.fromkeys((0, middle, last)))
    head = [words("agree.party"), words("agree.role"), words("agree.signs")]
    head += [words("agree.gain", share=share(float(shares[k]))) for k in shown]
    head += [words("agree.over_nothing", share=share(float(shares[middle])))]
    head += [words("agree.own_tax", unit=unit), words("agree.shared_tax", share=share(1.0), unit=unit)]
    head += [words("agree.even")]
    limit = float(np.abs(survey.gain).max()) or 1.0
    rows = []
    for i in ordered(survey):
        party = survey.parties[i]
        row: list[Cell | str] = [view.name(party), words("agree.origin" if party in survey.origins else "agree.host")]
        row.append(_where(view, survey.verdict, party))
        row += [_points(survey.gain[i, k], limit) for k in shown]
        row.append(_points(survey.expected[i, middle, 1], limit))
        row += [Cell(signed(float(value)), float(value)) for value in survey.tax[i, last]]
        row.append(_where(view, survey.tax_verdict, party))
        rows.append(row)
    return table(head, rows, sortable=True)


def _points(value: FloatArray | float, limit: float) -> Cell:
    return Cell(signed(float(value)), float(value), heat=float(value) / limit)


def _where(view: View, found: Verdict, party: str) -> Cell:
    """The shares of a party in words, sorted by the lowest."""
    pieces = found.ranges[party]
    text = ", ".join(f"{share(low)}–{share(high)}" for low, high in pieces) or view.words("agree.none")
    return Cell(text, pieces[0][0] if pieces else float("inf"))


def section(view: View, survey: Survey | str | None, draw: Callable[[str, Spec, str], str]) -> str:
    """The story of the run's agreements, and what parties say at every share; empty where there is neither."""
    if survey is None:
        return story(view)
    if isinstance(survey, str):
        return story(view) + paragraph(view.words("agree.gone", why=survey))
    return story(view) + at_every_share(view, survey, draw)
