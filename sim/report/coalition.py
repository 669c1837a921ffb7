"""The page of a coalition study: what coalitions are worth, who gets what by which rule, who would walk away."""

from __future__ import annotations

import html
from copy import deepcopy
from string import Template
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.bargaining import name_of
from sim.experiments.coalition.sentences import group, listed, shown
from sim.experiments.coalition.study import RULES
from sim.experiments.provenance import hydra_value
from sim.report.formats import number, signed
from sim.report.html import embedded, plotly_library, resource
from sim.report.look import COLOURS, LOOK, Spec, digits
from sim.report.markup import Cell, command, figure, fold, paragraph, sentence, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.experiments.coalition.study import CoalitionStudy

HEIGHT = 440  # unit: px
NAMED_BARS = 16  # unit: coalitions of a figure that have room for their names
SHOWN = 400  # unit: rows of the table of coalitions
MARK = {True: "✓", False: "✗", None: "?"}


def render_coalition(study: CoalitionStudy) -> str:
    """The page as text; it needs no network."""
    figures = {} if study.failed else {"values": _values(study), "players": _players(study)}
    sections = {"answer": ("Answer", _said(study))}
    if figures:
        sections |= {
            "rules": ("Who gets what", _shares(study)),
            "walk": ("Who walks away", _verdicts(study)),
            "players": ("Inside, outside, alone", paragraph(PLAYERS, "guide") + _place("players", figures)),
            "values": ("What coalitions are worth", _place("values", figures) + _coalitions(study)),
        }
    sections["again"] = ("Again", _again(study))
    setup = study.setup
    title = setup.config.question.en or setup.config.title or setup.question.scenario
    chips = {"scenario": setup.question.scenario, "players": str(len(study.players)), "runs": f"{len(study.worth):,}"}
    return Template(resource("page.html")).substitute(
        language="en",
        title=f"deltasim: coalitions, {html.escape(setup.question.scenario)}",
        contents="contents",
        links="".join(f'<a href="#{anchor}">{name}</a>' for anchor, (name, _) in sections.items()),
        kicker="Coalitions",
        question=f"{html.escape(title)} Who would sign?",
        chips="".join(f"<span><i>{key}</i> {html.escape(text)}</span>" for key, text in chips.items()),
        no_script="Figures need JavaScript; the tables hold every number.",
        money="",
        made=f"deltasim {__version__}",
        style=resource("page.css"),
        script=resource("page.js"),
        plotly=plotly_library(),
        body="\n".join(
            f'<section id="{anchor}"><h2>{name}</h2>{content}</section>' for anchor, (name, content) in sections.items()
        ),
        figures=embedded({"figures": figures, "config": LOOK["config"]}),
    )


def _said(study: CoalitionStudy) -> str:
    counted = f"Counted is the gain in {study.measure}, in {study.unit}, against the run in which no player takes part."
    said = "".join(f"<p>{sentence(text)}</p>" for text in study.sentences())
    return f'{paragraph(counted, "guide")}<div class="answer">{said}</div>'


def _place(name: str, figures: dict[str, Spec]) -> str:
    return figure(name, name, figures[name]["layout"]["height"])


# --- rules --------------------------------------------------------------------------------------------------------

SHARES = (
    "Each share, and below it the side payment that makes it out of the own gain: received or paid. ✓ in the core: no "
    "group does better by itself. ✓ individually rational: nobody does better alone or without an agreement."
)
PLAYERS = (
    "What each gains when all agree and nobody pays, when all others agree without it, and when it goes ahead alone."
)


def _shares(study: CoalitionStudy) -> str:
    """Players by rule, with the marks of every rule."""
    rules = study.splits
    most = max((abs(x) for split in rules.values() for x in split.payments.values()), default=0.0) or 1.0
    rows: list[list[Cell | str]] = []
    for player in study.players:
        cells: list[Cell | str] = [player]
        for split in rules.values():
            share, paid = split.shares[player], split.payments[player]
            note = signed(paid) if abs(paid) > study.noise else ""
            if split.interval:
                note = f"{note} ({' to '.join(map(number, split.interval[player]))})"
            cells.append(Cell(number(share), share, heat=paid / most, note=note))
        rows.append(cells)
    marks: dict[str, list[bool | None]] = {"in the core": [split.in_core for split in rules.values()],
             "individually rational": [split.individually_rational for split in rules.values()]}  # fmt: skip
    for what, verdicts in marks.items():
        rows.append([what, *(Cell(MARK[verdict], float(bool(verdict))) for verdict in verdicts)])
    head = ["", *map(shown, rules)]
    meanings = table(["rule", ""], [[shown(rule), RULES[rule]] for rule in rules], css="texts")
    return paragraph(SHARES, "guide") + table(head, rows, css="small") + fold("the rules", meanings)


def _verdicts(study: CoalitionStudy) -> str:
    """Rule by rule: the group with the strongest objection, and who would rather see the others agree without it."""
    rows: list[list[Cell | str]] = []
    for rule, split in study.splits.items():
        marks = [MARK[split.in_core], MARK[split.individually_rational]]
        coalition, more = split.objections[0] if split.objections else ((), float("nan"))
        first = group(study, coalition) if coalition else ""
        rows.append(
            [shown(rule), *marks, first, Cell(number(more) if coalition else "", more), listed(list(split.leavers))]
        )
    head = ["rule", "in the core", "individually rational", "walk away first", "and have more", "better off outside"]
    return table(head, rows, css="small")


# --- figures ------------------------------------------------------------------------------------------------------


def _layout(x: str, y: str, height: int = HEIGHT) -> dict[str, Any]:
    made: dict[str, Any] = deepcopy(LOOK["base"])
    axes = {}
    for name, title in (("xaxis", x), ("yaxis", y)):
        axes[name] = {**deepcopy(LOOK["axis"]), "fixedrange": True}
        axes[name]["title"]["text"] = html.escape(title)
    margin = {"l": 80, "r": 24, "t": 56, "b": 56}
    return made | axes | {"height": height, "margin": margin, "hovermode": "closest"}


def _values(study: CoalitionStudy) -> Spec:
    """Every coalition that was run: a few as bars, the most valuable on top; many by their size."""
    order = sorted(study.values, key=lambda coalition: study.values[coalition])
    names = [html.escape(name_of(coalition)) for coalition in order]
    values, value = digits([study.values[coalition] for coalition in order], 7), f"value, {study.unit}"
    said = {"hovertemplate": "%{text}: %{customdata:,.5~r}<extra></extra>", "text": names, "customdata": values}
    if len(order) <= NAMED_BARS:
        layout = _layout(value, "", 90 + 22 * len(order))  # unit: px
        bars = {"type": "bar", "orientation": "h", "x": values, "y": names, "textposition": "none"}
        return {"data": [{**said, **bars, "marker": {"color": COLOURS["run"]}}], "layout": layout}
    layout = _layout("players in the coalition", value)
    layout["xaxis"] |= {"dtick": max(1, len(study.players) // NAMED_BARS)}
    points = {"type": "scatter", "mode": "markers", "x": [len(coalition) for coalition in order], "y": values}
    return {"data": [{**said, **points, "marker": {"size": 7, "color": COLOURS["run"]}}], "layout": layout}


def _players(study: CoalitionStudy) -> Spec:
    """Own gain in the agreement of all, gain outside an agreement of the others, value alone."""
    series = (("inside", study.own, "run"), ("outside", study.outside, "loss"), ("alone", study.alone, "reference"))
    data = [
        {"type": "bar", "name": name, "x": list(gains), "y": digits(list(gains.values()), 7),
         "marker": {"color": COLOURS[colour]}, "hovertemplate": f"%{{x}} {name}: %{{y:,.5~r}}<extra></extra>"}
        for name, gains, colour in series
    ]  # fmt: skip
    layout = _layout("", f"gain, {study.unit}")
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}  # unit: share of the figure
    return {"data": data, "layout": {**layout, "showlegend": True, "legend": legend}}


def _coalitions(study: CoalitionStudy) -> str:
    """All coalitions that were run, the most valuable first."""
    order = sorted(study.values, key=lambda coalition: -study.values[coalition])
    rows: list[list[Cell | str]] = [
        [name_of(S), Cell(str(len(S)), len(S)), Cell(number(study.values[S]), study.values[S])] for S in order[:SHOWN]
    ]
    more = paragraph(f"{len(order) - SHOWN:,} more are in coalitions.csv.", "note") if len(order) > SHOWN else ""
    return fold("every coalition", table(["coalition", "players", "value"], rows, css="small", sortable=True) + more)


def _again(study: CoalitionStudy) -> str:
    """The command, and who the players are."""
    setup = study.setup
    question = setup.question
    names = setup.world.region_labels
    rows = [[player, _cities(names, codes)] for player, codes in setup.players.cities.items()]
    if setup.players.others:
        rows.append([f"others, {question.others}", _cities(names, setup.players.others)])
    options = question.model_dump(exclude={"scenario", "overrides", "parties"}, exclude_defaults=True)
    words = ["sim coalition", question.scenario, *(f"'{word}'" for word in question.overrides)]
    words += [f'--parties "{",".join(question.parties)}"', *(f"--{key} {hydra_value(v)}" for key, v in options.items())]
    return table(["player", "cities"], rows, css="texts") + command(" ".join(words))


def _cities(names: dict[str, str], codes: Sequence[str]) -> str:
    return ", ".join(names[code] for code in codes)
