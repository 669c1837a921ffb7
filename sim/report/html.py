"""The report: one HTML page that needs no network, in English or Chinese."""

from __future__ import annotations

import html
import json
import os
import pkgutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from sim.core.errors import EquilibriumError, InputError
from sim.report.look import LOOK
from sim.report.markup import paragraph
from sim.report.sections import SECTIONS, Page
from sim.report.view import View
from sim.report.words import LANGUAGES, TEXTS

if TYPE_CHECKING:
    from sim.experiments.run import Run
    from sim.experiments.signing.survey import Survey
    from sim.experiments.switches import SwitchStudy


def write_report(run: Run, path: str | Path, *, language: str = "en", switches: SwitchStudy | None = None) -> Path:
    """Write the page under a temporary name beside its own and rename it when whole.

    Args:
        run: what to report; the reference inside it is what it is compared with.
        path: the page.
        language: ``en`` or ``zh``.
        switches: what the sign hangs on, where it was studied before; otherwise the cases are run here.
    """
    if language not in LANGUAGES:
        raise InputError(f"no report in '{language}'", key="report.language", allowed=", ".join(LANGUAGES))
    target = Path(path)
    text = render(run, language=language, switches=switches)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def render(run: Run, *, language: str = "en", switches: SwitchStudy | None = None) -> str:
    """The page as text."""
    view = View(run, language)
    page = Page(view, switches if switches is not None else _study(view), survey=_survey(view))
    parts = {}
    for anchor, (prefix, make) in SECTIONS.items():
        content = make(page)
        if content:
            parts[anchor] = _title(view, prefix), _guide(view, prefix) + content
    return assembled(page, parts)


def assembled(page: Page, parts: Mapping[str, tuple[str, str]], **texts: str) -> str:
    """A whole page of sections: anchor -> title and content; ``texts`` replace those of its head."""
    body = "\n".join(
        f'<section id="{anchor}"><h2>{html.escape(title)}</h2>{content}</section>'
        for anchor, (title, content) in parts.items()
    )
    links = "".join(f'<a href="#{anchor}">{html.escape(title)}</a>' for anchor, (title, _) in parts.items())
    return Template(resource("page.html")).substitute(
        {**_header(page.view), **{key: html.escape(text) for key, text in texts.items()}},
        links=links,
        style=resource("page.css"),
        script=resource("page.js"),
        plotly=plotly_library(),
        body=body,
        figures=embedded({"figures": page.figures, "config": LOOK["config"]}),
    )


def _study(view: View) -> SwitchStudy | None:
    """The cases of `sim.experiments.switches`; None without gain or data set, or where cities forecast."""
    if view.before is None or view.world is None or view.forecasts:
        return None
    from sim.experiments.switches import switch_study

    return switch_study(view.run)


def _survey(view: View) -> Survey | str | None:
    """What parties say at every share; why it cannot be computed; None where there is no share, or no data set."""
    if view.world is None:
        return None
    from sim.experiments.signing.survey import signing_study

    try:
        return signing_study(view.run)
    except InputError:  # another contract shares the tax on the same moves: the policy has no share of its own to vary
        return None
    except EquilibriumError as error:
        return str(error)


def _title(view: View, prefix: str) -> str:
    """What the section is called; runs without a reference may have a name of their own."""
    alone = f"{prefix}.title_alone"
    return view.words(alone if view.before is None and alone in TEXTS else f"{prefix}.title")


def _guide(view: View, prefix: str) -> str:
    """How to read the section; runs without a reference may have a text of their own."""
    alone = f"{prefix}.guide_alone"
    key = alone if view.before is None and alone in TEXTS else f"{prefix}.guide"
    if key not in TEXTS:
        return ""
    return paragraph(view.words(key, first=view.first, last=view.last, year=view.last), "guide")


def _header(view: View) -> dict[str, str]:
    """What stands above and beside the sections."""
    words, config = view.words, view.run.config
    question = getattr(config.question, view.language) or config.title or config.scenario
    reference = config.reference if view.before is not None else words("page.no_reference")
    name = str(view.info("data", "name"))
    chips = {
        "scenario": config.scenario,
        "reference": str(reference),
        "years": f"{view.first}–{view.last}",
        "data": name,
    }
    shown = "".join(
        f"<span><i>{html.escape(words(f'page.{key}'))}</i> {html.escape(text)}</span>" for key, text in chips.items()
    )
    texts = {
        "title": words("page.title", n=len(view.cities), scenario=config.scenario),
        "kicker": words("page.kicker", data=words.get(f"data.{name}", name)),
        "question": question,
        "money": words("page.money"),
        "made": words("page.made", version=view.info("version")),
        "no_script": words("page.no_script"),
        "contents": words("page.contents"),
    }
    safe = {key: html.escape(text) for key, text in texts.items()}
    return {**safe, "language": {"en": "en", "zh": "zh-CN"}[view.language], "chips": shown}


def resource(name: str) -> str:
    """A text file of this package."""
    return (files("sim.report") / name).read_text(encoding="utf-8")


def plotly_library() -> str:
    """The charts' library, from the installed package: no graph objects are imported for it."""
    return (pkgutil.get_data("plotly", "package_data/plotly.min.js") or b"").decode("utf-8")


def embedded(data: object) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
