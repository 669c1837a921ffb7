"""The page of a signing study: who agrees at which share, and how that hangs on the parameters that are judgements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.report.agree import at_every_share
from sim.report.formats import number, share, signed
from sim.report.html import assembled
from sim.report.look import COLOURS, Spec, digits, layout
from sim.report.markup import Cell, command, fold, paragraph, sentence, table
from sim.report.sections import Page
from sim.report.view import View

if TYPE_CHECKING:
    from sim.experiments.run import Run
    from sim.experiments.signing.judgement import Case
    from sim.experiments.signing.survey import Survey

TOP = 15  # unit: parameters of the figure, those that matter most


def render_signing(run: Run, survey: Survey, cases: Sequence[Case], repeat: str, *, language: str = "en") -> str:
    """The page as text; it needs no network.

    Args:
        run: the scenario's run, for names and data.
        survey: what every party expects at every share.
        cases: verdicts over the judgements; none where they were not asked for.
        repeat: the command that makes the page again.
        language: ``en`` or ``zh``.
    """
    view = View(run, language)
    page, words = Page(view), view.words
    guide = paragraph(words("agree.guide"), "guide")
    parts = {"agree": (words("agree.title"), guide + at_every_share(view, survey, page.draw))}
    if cases:
        parts["judged"] = words("judged.title"), _judged(view, survey, cases, page)
    parts["again"] = words("again.title"), command(repeat)
    title, kicker = words("signing.page", scenario=run.config.scenario), words("signing.kicker")
    return assembled(page, parts, title=title, kicker=kicker)


def _judged(view: View, survey: Survey, cases: Sequence[Case], page: Page) -> str:
    words = view.words
    said = "".join(f"<p>{sentence(line)}</p>" for line in judged(view, cases))
    drawn = page.draw("judged", chart(view, survey, cases), words("judged.title"))
    guide = paragraph(words("judged.guide"), "guide") + said + paragraph(words("judged.chart"), "guide")
    return guide + drawn + fold(words("fold.numbers"), _numbers(view, cases))


def judged(view: View, cases: Sequence[Case]) -> list[str]:
    """In how many cases all sign somewhere, how wide the range is, who is the least willing."""
    words = view.words
    known = [case for case in cases if case.nearest is not None]
    failed = [case for case in cases if case.nearest is None]
    lines = []
    ranges = sorted((case for case in known if case.together is not None), key=lambda case: case.width)
    if ranges:
        values: dict[str, object] = {"k": len(ranges), "n": len(known)}
        for name, case in (("narrow", ranges[0]), ("wide", ranges[-1])):
            assert case.together is not None
            low, high = map(share, case.together)
            values |= {name: case.parameter, f"{name}_value": _value(view, case)}
            values |= {f"{name}_low": low, f"{name}_high": high}
        lines.append(words("judged.some", **values))
    elif known:
        best, worst = (end(known, key=_margin) for end in (max, min))
        near = {"name": best.parameter, "value": _value(view, best), "party": _least(view, best)}
        far = {"far": worst.parameter, "far_value": _value(view, worst), "far_party": _least(view, worst)}
        by = {"by": number(-_margin(best)), "far_by": number(-_margin(worst))}
        lines.append(words("judged.none", n=len(known), **near, **far, **by))
    if known:
        often = Counter(_least(view, case) for case in known).most_common()
        told = (words("judged.times", name=name, n=n) for name, n in often)
        lines.append(words("judged.binding", names=words("comma").join(told)))
    if failed:
        lines.append(words("judged.failed", n=len(failed), why=failed[0].error))
    return lines


def _margin(case: Case) -> float:
    """How far above its reserve the gain of the least willing party is, at best."""
    return case.nearest[2] if case.nearest is not None else float("nan")


def _least(view: View, case: Case) -> str:
    return view.short(case.nearest[1]) if case.nearest is not None else ""


def _value(view: View, case: Case) -> str:
    """The number, or which end where several rows move together."""
    return view.words(f"judged.{case.end}") if case.moves_together else f"{case.value:g}"


def chart(view: View, survey: Survey, cases: Sequence[Case]) -> Spec:
    """The margin of the least willing party at its best share: right of zero there is a share at which all sign."""
    centre = survey.verdict.nearest[2]
    ends: dict[str, dict[str, Case]] = {}
    for case in cases:
        if case.nearest is not None:
            ends.setdefault(case.parameter, {})[case.end] = case
    order = sorted(ends, key=lambda name: -max(abs(_margin(case) - centre) for case in ends[name].values()))[:TOP]
    bars: list[dict[str, Any]] = []
    for end, colour in (("low", "loss"), ("high", "gain")):
        shown = [name for name in order if end in ends[name]]
        word = view.words(f"study.tornado.{end}")
        bars.append(
            {
                "type": "bar", "orientation": "h", "name": word, "y": shown, "base": centre,
                "x": digits([_margin(ends[name][end]) - centre for name in shown]),
                "marker": {"color": COLOURS[colour]},
                "customdata": [[signed(_margin(ends[n][end])), _least(view, ends[n][end])] for n in shown],
                "hovertemplate": f"%{{y}}: %{{customdata[0]}} (%{{customdata[1]}})<extra>{word}</extra>",
            }
        )  # fmt: skip
    made = layout("tornado")
    made["xaxis"]["title"]["text"] = view.words("judged.axis")
    line = {"color": COLOURS["ink"], "width": 1}
    made["shapes"] = [{"type": "line", "x0": centre, "x1": centre, "y0": 0, "y1": 1, "yref": "paper", "line": line}]
    return {"data": bars, "layout": made}


def _numbers(view: View, cases: Sequence[Case]) -> str:
    words = view.words
    head = [words(f"judged.{key}") for key in ("parameter", "value", "range", "never", "least", "margin", "meaning")]
    rows: list[list[Cell | str]] = []
    for case in cases:
        low, high = case.together or (float("inf"), float("inf"))
        span = case.error or (f"{share(low)}–{share(high)}" if case.together else words("agree.none"))
        rows.append(
            [
                case.parameter,
                Cell(_value(view, case), case.value),
                Cell(span, low),
                Cell(str(len(case.never)), float(len(case.never))),
                _least(view, case),
                Cell(signed(_margin(case)), _margin(case)),
                case.meaning,
            ]
        )
    return table(head, rows, css="small", sortable=True)
