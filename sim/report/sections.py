"""The sections of the page, in order: each a title, a sentence on how to read it, and its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel

from sim.experiments.signing.survey import Survey
from sim.experiments.switches import AS_IT_IS, MEASURES, NATIONAL, SwitchStudy
from sim.report import agree, charts, links, tables, trust
from sim.report.answer import inequality, sentences, wider
from sim.report.formats import money, number, percent, share
from sim.report.look import Spec
from sim.report.markup import choice, command, figure, fold, paragraph, sentence, slider, table, tiles
from sim.report.view import HEADLINES, REGION, View


@dataclass
class Page:
    """What sections are made from, and the figures they hand to the page's script."""

    view: View
    study: SwitchStudy | None = None
    figures: dict[str, Spec] = field(default_factory=dict)
    survey: Survey | str | None = None

    def draw(self, name: str, spec: Spec, label: str) -> str:
        """The place of a figure; its specification goes to the script."""
        self.figures[name] = spec
        return figure(name, label, int(spec["layout"]["height"]))


Section = Callable[[Page], str]


# --- the answer ---------------------------------------------------------------------------------------------------


def answer(page: Page) -> str:
    view = page.view
    lines = "".join(f"<p>{sentence(text)}</p>" for text in sentences(view))
    return f'<div class="answer">{lines}</div>{_tiles(view)}{_setting(view)}'


def _tiles(view: View) -> str:
    words, years = view.words, {"first": view.first, "last": view.last}
    if view.before is None:
        note = words("tile.pace", **years)
        growing = [
            (words(f"column.{column}"), percent(view.region_growth(column)), note)
            for column in ("real_gdp", "real_income", "own_revenue")
        ]
        gap = wider(inequality(view, year=view.first), inequality(view))
        growing.append((words("tile.gap"), percent(gap), words("tile.gap_note")))
        return tiles(growing)
    income, gdp = view.difference("real_income"), view.difference("real_gdp")
    change = view.effects("real_income").values()
    gap = wider(inequality(view, before=True), inequality(view))
    items = [
        (words("tile.income", year=view.last), percent(income[1]), _amount(view, income[0])),
        (words("tile.gdp", year=view.last), percent(gdp[1]), _amount(view, gdp[0])),
        (
            words("tile.who"),
            f"{sum(value > 0 for value in change)} / {sum(value < 0 for value in change)}",
            words("tile.who_note", year=view.last),
        ),
        (words("tile.gap"), percent(gap), words("tile.gap_note")),
    ]
    paid = float(view.payments["amount"].sum())
    if paid:
        items.append((words("tile.paid"), number(paid), words("tile.paid_note", unit=words("unit.money"), **years)))
    return tiles(items)


def _amount(view: View, value: float) -> str:
    return f"{'+' if value > 0 else '−'}{money(value, view.language)}" if value else money(value, view.language)


def _setting(view: View) -> str:
    """What the policies set: every value with its meaning, codes of places and sectors by name."""
    rows = [
        [f"{name}.{key}", _shown(view, value), info.description or ""]
        for name, policy in view.run.config.policies.items()
        for key, info in type(policy).model_fields.items()
        if (value := getattr(policy, key)) not in (None, {}, [])
    ]
    if not rows:
        return ""
    head = [view.words(f"setting.{key}") for key in ("key", "value", "meaning")]
    return fold(view.words("fold.setting"), table(head, rows, css="texts"))


def _shown(view: View, value: object) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, dict):
        return "; ".join(f"{_shown(view, key)}: {_shown(view, item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_shown(view, item) for item in value)
    text = str(value)
    if text in view.run.labels["sectors"]:
        return view.sector(text)
    return view.name(text) if text in view.run.labels["regions"] else text


# --- cities -------------------------------------------------------------------------------------------------------


def where(page: Page) -> str:
    view = page.view
    measures = [(column, view.words(f"column.{column}")) for column in HEADLINES]
    controls = choice("map-measure", view.words("map.measure"), [("", measures)])
    controls += slider("map-year", view.words("map.year"), view.first, view.last)
    drawn = page.draw("map", charts.map_(view), view.words("map.title"))
    side = f'<div class="side">{tables.extremes(view)}</div>'
    return f'<div class="controls">{controls}</div><div class="beside">{drawn}{side}</div>'


def cities(page: Page) -> str:
    view = page.view
    drawn = page.draw("winners", charts.winners(view), view.words("cities.title"))
    return drawn + fold(view.words("fold.numbers"), tables.cities(view))


def paths(page: Page) -> str:
    view = page.view
    whole = [province for province in view.places() if province in view.provinces]
    groups = [
        ("", [(REGION, view.name(REGION))]),
        (view.words("paths.provinces"), [(province, view.name(province)) for province in whole]),
    ]
    for province in view.provinces:
        groups.append((view.name(province), [(city, view.name(city)) for city in view.members(province)]))
    controls = f'<div class="controls">{choice("paths-place", view.words("paths.place"), groups)}</div>'
    return controls + page.draw("paths", charts.paths(view), view.words("paths.title"))


# --- between places -----------------------------------------------------------------------------------------------


def payments(page: Page) -> str:
    view = page.view
    spec = links.payments(view)
    if spec is None:
        parts = [paragraph(view.words("payments.none"))]
    else:
        guide = paragraph(view.words("payments.chart", first=view.first, last=view.last), "guide")
        drawn = page.draw("payments", spec, view.words("payments.title"))
        parts = [guide, drawn, fold(view.words("fold.numbers"), tables.payments(view))]
    parts += [f"<h3>{view.words('centre.heading')}</h3>", paragraph(view.words("centre.guide"), "guide")]
    return "".join([*parts, tables.from_centre(view)])


def agreements(page: Page) -> str:
    """Empty where nobody is asked and nothing could be put before its parties."""
    return agree.section(page.view, page.survey, page.draw)


def moves(page: Page) -> str:
    view = page.view
    spec = links.moves(view)
    if spec is None:
        return paragraph(view.words("moves.none"))
    guide = view.words(
        "moves.chart" if view.before is not None else "moves.chart_alone", first=view.first, last=view.last
    )
    drawn = page.draw("moves", spec, view.words("moves.title"))
    numbers = fold(view.words("fold.numbers"), tables.moves(view))
    return "".join(
        [paragraph(guide, "guide"), drawn, paragraph(_shown_links(view, spec), "note"), tables.arrivals(view), numbers]
    )


def _shown_links(view: View, spec: Spec) -> str:
    """How much of the amount the diagram shows, and between what."""
    rows = view.extra_moves.groupby(["origin", "destination"], observed=True)["amount"].sum()
    rows = rows.loc[rows > 0]
    shown = len(spec["data"][0]["link"]["value"])
    if spec["control"]["by"] == "province":
        return view.words("moves.by_province", all=len(rows))
    part = float(rows.nlargest(shown).sum() / rows.sum())
    return view.words("moves.shown", n=shown, all=len(rows), share=share(part))


def rivers(page: Page) -> str:
    """Empty where the run changes no river."""
    spec = charts.rivers(page.view)
    return "" if spec is None else page.draw("rivers", spec, page.view.words("rivers.title"))


def gateways(page: Page) -> str:
    """Empty where no port and no airport is used much more or less."""
    spec = charts.gateways(page.view)
    return "" if spec is None else page.draw("gateways", spec, page.view.words("gateways.title"))


def people(page: Page) -> str:
    """Empty where the run hardly changes where people live."""
    view = page.view
    bars, flows = charts.people(view), links.migrants(view)
    if bars is None or flows is None:
        return ""
    words, years = view.words, {"first": view.first, "last": view.last}
    gained = view.effects("resident_population").values()
    count = paragraph(words("people.count", gain=sum(v > 0 for v in gained), lose=sum(v < 0 for v in gained), **years))
    drawn = page.draw("people", bars, words("people.title"))
    moved = page.draw("migrants", flows, words("people.flows", **years))
    guide = paragraph(words("people.flows", **years), "guide")
    return f"{count}{drawn}{guide}{moved}{tables.origins(view)}{fold(words('fold.numbers'), tables.people(view))}"


def provinces(page: Page) -> str:
    return tables.provinces(page.view)


def plan(page: Page) -> str:
    view = page.view
    names = tables.waiting(view)
    separator = "、" if view.language == "zh" else "; "
    waiting = paragraph(view.words("plan.waiting", names=separator.join(names)), "note") if names else ""
    return f"{tables.plan(view)}{waiting}{tables.indicators(view)}"


# --- how far to trust it ------------------------------------------------------------------------------------------


def sign(page: Page) -> str:
    view, study = page.view, page.study
    if study is None:
        key = "sign.none" if view.before is None else "sign.forecasts" if view.forecasts else "sign.gone"
        return paragraph(view.words(key))
    guide = paragraph(view.words("sign.chart", year=view.last), "guide")
    drawn = page.draw("switches", trust.switches(view, study), view.words("sign.title"))
    text = "".join(f"<p>{sentence(line)}</p>" for line in _verdict(view, study))
    return f"{text}{guide}{drawn}{fold(view.words('fold.numbers'), tables.switches(view, study))}"


def _verdict(view: View, study: SwitchStudy) -> list[str]:
    """Whether the signs of the region's gains turn, and what the imputed tilt of the sectors adds."""
    gains = [study.column(measure) for measure in MEASURES]
    turned = [case for case in gains[0] if any(by[case] * by[AS_IT_IS] < 0 for by in gains)]
    names = view.words("comma").join(view.words(f"switch.{case}") for case in turned)
    key = "sign.turns" if turned else "sign.same"
    lines = [view.words(key, **_changes(view, study, AS_IT_IS), cases=names)]
    if NATIONAL in gains[0]:
        lines.append(view.words("sign.tilt", **_changes(view, study, NATIONAL)))
    band = study.band("real_income")
    if band is not None:
        low, high = (_amount(view, value) for value in band)
        lines.append(view.words("sign.band", n=len(study.draws), low=low, high=high))
    return lines


def _changes(view: View, study: SwitchStudy, case: str) -> dict[str, str]:
    """Real income and real GDP of the region in a case: amount and per cent."""
    return {
        word: f"{_amount(view, study.column(measure)[case])} ({percent(study.column(f'{measure}_pct')[case])})"
        for word, measure in (("income", "real_income"), ("gdp", "real_gdp"))
    }


def solver(page: Page) -> str:
    view = page.view
    return page.draw("solver", trust.solver(view), view.words("solver.title")) + tables.solver(view)


def coverage(page: Page) -> str:
    view = page.view
    spec = trust.coverage(view)
    if spec is None or view.world is None:
        return paragraph(view.words("coverage.gone"))
    drawn = page.draw("coverage", spec, view.words("coverage.title"))
    frame = view.world.parameters.frame
    n = frame.loc[frame["status"] == "judgement", "key"].nunique()
    numbers = fold(view.words("fold.numbers"), tables.coverage(view))
    return drawn + numbers + fold(view.words("coverage.judgements", n=n), tables.judgements(view))


def again(page: Page) -> str:
    view, words = page.view, page.view.words
    replaced = ", ".join(f"{key} = {value}" for key, value in view.run.config.parameters.items())
    pairs = [
        (words("again.version"), f"deltasim {view.info('version')}"),
        (words("again.python"), str(view.info("python"))),
        (words("again.data"), f"{view.info('data', 'name')} ({view.info('data', 'base_year')})"),
        (words("again.hash"), str(view.info("data", "hash"))),
        (words("again.config"), str(view.info("config_hash"))),
        (words("again.seed"), f"{view.info('seed')}, {view.info('replicate')}"),
        (words("again.changed"), replaced or words("again.none")),
        (words("again.created"), str(view.info("created"))),
    ]
    return command(str(view.info("command"))) + tables.facts(view, pairs)


SECTIONS: dict[str, tuple[str, Section]] = {
    "answer": ("answer", answer),
    "where": ("map", where),
    "cities": ("cities", cities),
    "paths": ("paths", paths),
    "agree": ("agree", agreements),
    "payments": ("payments", payments),
    "moves": ("moves", moves),
    "people": ("people", people),
    "rivers": ("rivers", rivers),
    "gateways": ("gateways", gateways),
    "provinces": ("provinces", provinces),
    "targets": ("plan", plan),
    "sign": ("sign", sign),
    "solver": ("solver", solver),
    "data": ("coverage", coverage),
    "again": ("again", again),
}
"""Anchor -> prefix of its texts, and what makes it; a section that is empty is left out."""
