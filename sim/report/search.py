"""The page of a search: what it found, the curve over one key or the front of several objectives, the trials."""

from __future__ import annotations

import html
import math
from copy import deepcopy
from itertools import combinations
from string import Template
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.report.formats import NOTHING
from sim.report.html import embedded, plotly_library, resource
from sim.report.look import COLOURS, LOOK, Spec, digits
from sim.report.markup import Cell, figure, paragraph, sentence, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sim.experiments.optimise import Answer, Trial

    Number = Callable[[Trial], float]

HEIGHT, PANEL = 460, 220  # unit: px
SHOWN = 400  # unit: rows of the table of trials


def render_search(answer: Answer) -> str:
    """The page as text; it needs no network."""
    figures = _figures(answer)
    words = html.escape(_wanted(answer))
    sections = {"answer": "Answer", **({"figures": "Figures"} if figures else {}), "trials": "Trials"}
    found = {
        "answer": f'<div class="answer">{"".join(f"<p>{sentence(text)}</p>" for text in answer.sentences())}</div>',
        "figures": "".join(
            f"<h3>{html.escape(title)}</h3>{figure(name, title, spec['layout']['height'])}"
            for name, (title, spec) in figures.items()
        ),
        "trials": _table(answer),
    }
    body = "\n".join(f'<section id="{a}"><h2>{title}</h2>{found[a]}</section>' for a, title in sections.items())
    chips = {"scenario": answer.question.scenario, "year": str(answer.year), "trials": str(len(answer.problem.trials))}
    return Template(resource("page.html")).substitute(
        language="en",
        title=f"deltasim: {words}",
        contents="contents",
        links="".join(f'<a href="#{anchor}">{title}</a>' for anchor, title in sections.items()),
        kicker="Search",
        question=words,
        chips="".join(f"<span><i>{key}</i> {html.escape(text)}</span>" for key, text in chips.items()),
        no_script="Figures need JavaScript; the table below holds every trial.",
        money="",
        made=f"deltasim {__version__}",
        style=resource("page.css"),
        script=resource("page.js"),
        plotly=plotly_library(),
        body=body,
        figures=embedded({"figures": {name: spec for name, (_, spec) in figures.items()}, "config": LOOK["config"]}),
    )


def _wanted(answer: Answer) -> str:
    """The question in one line."""
    question = answer.question
    wanted = [f"least {name}" for name in question.minimise] + [f"most {name}" for name in question.maximise]
    keys = ", ".join(answer.short.values())
    condition = f", such that {question.such_that}" if question.such_that else ""
    return f"Which {keys}: {' and '.join(wanted) or 'what holds'}{condition}?"


# --- figures ------------------------------------------------------------------------------------------------------


def _figures(answer: Answer) -> dict[str, tuple[str, Spec]]:
    """Title and specification of every figure by name."""
    problem = answer.problem
    done = [trial for trial in problem.trials if trial.is_ok]
    if not done:
        return {}
    made: dict[str, tuple[str, Spec]] = {}
    if answer.intervals is not None:
        made["line"] = ("Along the key; shaded: the condition holds", _line(answer, done))
    names = [objective.name for objective in problem.objectives]
    for number, (a, b) in enumerate(combinations(range(len(names)), 2)):
        values = (_of_objective(a), _of_objective(b))
        title = f"{names[a]} against {names[b]}: the front and what it leaves behind"
        made[f"front-{number}"] = (title, _scatter(answer, done, (names[a], names[b]), values, joined=len(names) == 2))
    numeric = [f.name for f in problem.factors if all(isinstance(t.setting[f.name], int | float) for t in done)]
    for number, key in enumerate(numeric if len(names) == 1 and answer.intervals is None else []):
        title = f"{names[0]} over {answer.short[key]}, whatever the other keys are"
        made[f"key-{number}"] = (title, _scatter(answer, done, (key, names[0]), (_of_key(key), _of_objective(0))))
    if len(names) == 1 and problem.condition is not None:
        axes = (f"room of {problem.condition}", names[0])
        title = "What room for the condition costs"
        made["room"] = (title, _scatter(answer, done, axes, (_slack, _of_objective(0))))
    return made


def _of_key(key: str) -> Number:
    return lambda trial: float(trial.setting[key])


def _of_objective(position: int) -> Number:
    return lambda trial: trial.values[position]


def _slack(trial: Trial) -> float:
    return trial.slack


def _line(answer: Answer, done: Sequence[Trial]) -> Spec:
    """Every objective and the room of every comparison over the only key, one panel above the other."""
    problem = answer.problem
    (factor,) = problem.factors
    trials = sorted(done, key=lambda trial: float(trial.setting[factor.name]))
    at = [trial.setting[factor.name] for trial in trials]
    panels = [(o.name, [t.values[i] for t in trials]) for i, o in enumerate(problem.objectives)]
    comparisons = problem.condition.comparisons if problem.condition is not None else ()
    panels += [(f"room of {c}", [t.slacks[i] for t in trials]) for i, c in enumerate(comparisons)]
    hover = [_hover(answer, trial) for trial in trials]
    data, layout = [], _layout(PANEL * len(panels) + 60, factor.name, "")
    gap = 0.28 / max(1, len(panels))
    for i, (name, values) in enumerate(panels):
        axis = f"y{i + 1}" if i else "y"
        top = 1.0 - i / len(panels)
        bottom = top - 1.0 / len(panels) + gap / 2 if i + 1 < len(panels) else 0.0
        layout[axis.replace("y", "yaxis")] = {**_axis(""), "domain": [bottom, top - gap / 4]}
        layout["annotations"].append({**LOOK["panel_title"], "text": html.escape(name), "x": 0, "y": top - gap / 4})
        look = LOOK["lines"]["run"] if i < len(problem.objectives) else LOOK["lines"]["change"]
        data.append(
            {**look, "type": "scatter", "mode": "lines+markers", "marker": {"size": 4}, "x": at, "y": digits(values, 7),
             "yaxis": axis, "hovertext": hover, "hovertemplate": "%{hovertext}<extra></extra>"}
        )  # fmt: skip
    layout["xaxis"]["anchor"] = f"y{len(panels)}" if len(panels) > 1 else "y"
    for found in answer.intervals or [] if problem.condition is not None else []:
        ends = [edge.trial.setting[factor.name] for edge in (found.low, found.high)]
        layout["shapes"].append(_band(*ends))
    for trial, colour in ((answer.today, COLOURS["reference"]), (answer.best, COLOURS["loss"])):
        value = None if trial is None else trial.setting.get(factor.name)
        if isinstance(value, int | float) and factor.low <= value <= factor.high:
            layout["shapes"].append(_mark(value, colour))
            word = "best" if trial is answer.best else "today"
            layout["annotations"].append(
                {"text": word, "x": value, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False,
                 "font": {"size": 12, "color": colour}, "yshift": 16 if word == "today" else 30}
            )  # fmt: skip
    return {"data": data, "layout": layout}


def _scatter(
    answer: Answer,
    done: Sequence[Trial],
    axes: tuple[str, str],
    values: tuple[Number, Number],
    *,
    joined: bool = False,
) -> Spec:
    """Trials in the plane of two numbers; the front, or the best trial, stands out."""
    best = answer.problem.front()
    numbers = {trial.number for trial in best}
    layout = _layout(HEIGHT, *map(html.escape, axes))
    layout |= {"showlegend": True, "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}}
    layers = [
        ("the condition fails", [t for t in done if not t.is_feasible], {"color": COLOURS["line"], "size": 6}),
        ("holds", [t for t in done if t.is_feasible and t.number not in numbers],
         {"color": COLOURS["real_gdp"], "size": 6}),
        ("best" if len(answer.problem.objectives) == 1 else "front", best, {"color": COLOURS["run"], "size": 8}),
        ("today", [answer.today] if answer.today is not None and answer.today.is_ok else [],
         {"color": COLOURS["loss"], "size": 11, "symbol": "diamond"}),
    ]  # fmt: skip
    if answer.problem.condition is None:
        layers[1] = ("other trials", *layers[1][1:])
    data = [
        {"type": "scatter", "mode": "lines+markers" if joined and trials is best else "markers", "name": name,
         "line": {"width": 1.5, "color": COLOURS["run"]}, "marker": marker,
         "x": digits([values[0](t) for t in trials], 7), "y": digits([values[1](t) for t in trials], 7),
         "hovertext": [_hover(answer, t) for t in trials], "hovertemplate": "%{hovertext}<extra></extra>"}
        for name, trials, marker in layers if trials
    ]  # fmt: skip
    return {"data": data, "layout": layout}


def _layout(height: int, x: str, y: str) -> dict[str, Any]:
    made: dict[str, Any] = deepcopy(LOOK["base"])
    margin = {"l": 72, "r": 20, "t": 64, "b": 56}
    return made | {"height": height, "margin": margin, "xaxis": _axis(x), "yaxis": _axis(y), "shapes": [],
                   "annotations": [], "hovermode": "closest"}  # fmt: skip


def _axis(title: str) -> dict[str, Any]:
    made: dict[str, Any] = deepcopy(LOOK["axis"])
    made["title"]["text"] = title
    return made | {"fixedrange": True}


def _band(low: float, high: float) -> dict[str, Any]:
    return {"type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "yref": "paper", "line": {"width": 0},
            "fillcolor": COLOURS["gain"], "opacity": 0.12, "layer": "below"}  # fmt: skip


def _mark(value: float, colour: str) -> dict[str, Any]:
    return {"type": "line", "x0": value, "x1": value, "y0": 0, "y1": 1, "yref": "paper",
            "line": {"color": colour, "width": 1.5, "dash": "dot"}}  # fmt: skip


def _hover(answer: Answer, trial: Trial) -> str:
    """The setting, what it brings about, and who decides."""
    lines = [f"{answer.short[name]} {_shown(value)}" for name, value in trial.setting.items() if name in answer.short]
    lines += [f"{o.name} {_shown(v)}" for o, v in zip(answer.problem.objectives, trial.values, strict=True)]
    if trial.slacks:
        city = answer.city(trial)
        lines.append(f"room {_shown(trial.slack)}" + (f" ({city})" if city else ""))
    return "<br>".join(html.escape(line) for line in lines)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}" if math.isfinite(value) else NOTHING
    return str(value)


# --- trials -------------------------------------------------------------------------------------------------------


def _table(answer: Answer) -> str:
    """All trials (the best first), sortable."""
    problem = answer.problem
    best = {trial.number for trial in problem.front()}
    order = sorted(problem.trials, key=lambda t: (t.number not in best, not t.is_feasible, not t.is_ok, t.number))
    head = ["trial", *answer.short.values(), *(o.name for o in problem.objectives)]
    head += ["room", "city that decides"] if problem.condition is not None else []
    lines = [
        [
            Cell(str(t.number), t.number),
            *(_cell(t.setting.get(name)) for name in answer.short),
            *(_cell(value) for value in (t.values if t.is_ok else [math.nan] * len(problem.objectives))),
            *([_cell(t.slack), Cell(answer.city(t))] if problem.condition is not None else []),
        ]
        for t in order[:SHOWN]
    ]
    more = f"{len(order) - SHOWN} more are in trials.parquet." if len(order) > SHOWN else ""
    return table(head, lines, css="small", sortable=True) + (paragraph(more, "note") if more else "")


def _cell(value: Any) -> Cell:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return Cell(_shown(value), float(value) if number else None)
