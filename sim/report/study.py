"""The page of a study: what came out, how sure it is, which guess decides it. The same look as the page of a run."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core.errors import InputError
from sim.experiments.ensemble.parts import write_whole
from sim.experiments.ensemble.plan import decoded
from sim.experiments.ensemble.shard import OK
from sim.experiments.ensemble.study import INDICATOR_KEYS, Study
from sim.indicators.base import REGION
from sim.report.formats import number, percent, share
from sim.report.html import embedded, plotly_library, resource
from sim.report.look import COLOURS, LOOK, Spec, digits, faint, layout, panel_title
from sim.report.markup import Cell, command, figure, fold, paragraph, sentence, table, tiles
from sim.report.words import LANGUAGES, Words

if TYPE_CHECKING:
    from sim.experiments.ensemble.factors import Factor

SHOWN = ("gain", "worst_gain", "losers", "real_gdp_gain", "revenue_gain", "inequality_change")
ALONE = ("real_income", "real_gdp", "theil_real_income")
PANELS = 3  # unit: figures side by side
MOST_SETTINGS = 8  # unit: colours a reader can tell apart
MOST_ROWS = 40  # unit: rows of a table
TOP = 12  # unit: parameters in a tornado
LEADING = 5  # unit: parameters of an outcome in the table
LOW, MIDDLE, HIGH = BAND = (0.05, 0.5, 0.95)  # unit: quantiles; nine worlds in ten


class StudyView:
    """What the sections draw from: the outcomes of the region by run and year, with settings of the levers."""

    def __init__(self, study: Study, language: str) -> None:
        self.study = study
        self.language = language
        self.words = Words(language, base=study.years[0])
        self.figures: dict[str, Spec] = {}
        known = study.dataset().schema.names
        names = [name for name in known if name not in INDICATOR_KEYS]
        has_reference = any(structure.reference is not None for structure in study.plan.structures)
        wanted = (*SHOWN, *ALONE) if has_reference else ALONE
        self.outcomes = [name for name in wanted if name in names] or names[:PANELS]
        self.levers = [f for f in study.factors if f.role == "lever"]
        import pyarrow.dataset as ds

        rows = study.table("indicators", ["run", "year", *self.outcomes], ds.field("place") == REGION)
        settings = study.runs[["run", *(f.name for f in self.levers)]].copy()
        settings["setting"] = [self._setting(row) for row in settings.to_dict("records")]
        self.rows = rows.merge(settings, on="run")
        self.years = sorted(self.rows["year"].unique().tolist())
        self.last = self.rows.loc[self.rows.groupby("run")["year"].idxmax()]  # runs may end in different years
        self.settings = list(dict.fromkeys(settings["setting"]))

    def _setting(self, row: dict[Any, Any]) -> str:
        """A setting of the levers that are lists, in one line."""
        present = [f for f in self.levers if f.options and not pd.isna(row[f.name])]
        return ", ".join(self.cell(f, row[f.name], named=True) for f in present)

    def cell(self, factor: Factor, value: object, *, named: bool = False) -> str:
        """The value of a lever: policies by what they are, numbers with what they mean."""
        if factor.key.lstrip("+") == "policies":
            names = decoded(value) or ["none"]
            return self.words("and").join(self.words.get(f"policy.{name}", str(name)) for name in names)
        text = f"{value:g}" if isinstance(value, float) else str(value)
        return f"{short(factor.name)} {text}" if named else text

    def outcome(self, name: str) -> str:
        """An outcome as a reader calls it."""
        return self.words.get(f"outcome.{name}", name.replace("_", " "))


def short(key: str) -> str:
    """The last word of a dotted key, without the mark of a position in a range."""
    return key.partition("@")[0].rpartition(".")[2]


def write_study_report(study: Study, path: Path, *, language: str = "en") -> Path:
    """Write the page under a temporary name and rename it when whole.

    Raises:
        InputError: unknown language, or no run of the study finished.
    """
    if language not in LANGUAGES:
        raise InputError(f"no report in '{language}'", key="language", allowed=", ".join(LANGUAGES))
    if not study.runs["status"].eq(OK).any():
        raise InputError("no run of the study finished: there is nothing to report", file=str(study.folder))
    write_whole(path, render_study(study, language).encode())
    return path


def render_study(study: Study, language: str = "en") -> str:
    """The page as text."""
    view = StudyView(study, language)
    words, spec = view.words, study.plan.spec
    sections = [(anchor, words(f"study.{anchor}.title"), content) for anchor, content in _sections(view) if content]
    body = "\n".join(
        f'<section id="{anchor}"><h2>{html.escape(title)}</h2>{content}</section>'
        for anchor, title, content in sections
    )
    links = "".join(f'<a href="#{anchor}">{html.escape(title)}</a>' for anchor, title, _ in sections)
    scenario = study.plan.structures[0].config
    asked = [getattr(spec.question, language), spec.title, getattr(scenario.question, language), scenario.title]
    question = next(filter(None, asked), spec.scenario)
    chips = [("page.scenario", spec.scenario), ("study.tile.runs", f"{len(study):,}"),
             ("page.years", f"{view.years[0]}–{view.years[-1]}")]  # fmt: skip
    shown = "".join(f"<span><i>{html.escape(words(key))}</i> {html.escape(text)}</span>" for key, text in chips)
    header = {
        "language": {"en": "en", "zh": "zh-CN"}[language],
        "title": words("study.title", n=f"{len(study):,}", scenario=spec.scenario),
        "kicker": words("study.kicker"),
        "question": question,
        "money": words("page.money"),
        "made": words("page.made", version=study.manifest["version"]),
        "no_script": words("page.no_script"),
        "contents": words("page.contents"),
    }
    return Template(resource("page.html")).substitute(
        {key: html.escape(text) for key, text in header.items()},
        chips=shown,
        links=links,
        style=resource("page.css"),
        script=resource("page.js"),
        plotly=plotly_library(),
        body=body,
        figures=embedded({"figures": view.figures, "config": LOOK["config"]}),
    )


def _sections(view: StudyView) -> Iterator[tuple[str, str]]:
    for make in (_answer, _bands, _lever, _settings, _conclusions, _tornado, _indices, _failures, _again):
        yield make.__name__.removeprefix("_").replace("settings", "table"), make(view)


# --- what came out ------------------------------------------------------------------------------------------------


def sentences(view: StudyView) -> list[str]:
    """What came out, in words, every number from the tables."""
    study, words = view.study, view.words
    status = study.runs["status"]
    ok = int(status.eq(OK).sum())
    said = [
        words(
            "study.runs", n=f"{len(study):,}", settings=max(1, len(view.settings)), worlds=_worlds(study), ok=f"{ok:,}"
        )
    ]
    if ok < len(status):
        said.append(words("study.some_failed", failed=len(status) - ok))
    changed = _changed(view)
    if changed.empty:
        return said
    values = changed["gain"]
    if len(values) == 1:
        return [*said, words("study.gain_one", year=view.years[-1], gain=percent(float(values.iloc[0])))]
    low, middle, high = (percent(float(q)) for q in values.quantile(list(BAND)))
    told = {"share": share(float((values > 0).mean())), "median": middle, "low": low, "high": high}
    said.append(words("study.gain_all", year=view.years[-1], n=f"{len(values):,}", **told))
    if "losers" in changed:
        low, middle, high = (number(float(q), 0) for q in changed["losers"].quantile(list(BAND)))
        said.append(words("study.losers", median=middle, low=low, high=high))
        none = int(changed["losers"].eq(0).sum())
        said.append(words("study.nobody_loses", n=f"{none:,}") if none else words("study.somebody_loses"))
    return said


def _worlds(study: Study) -> int:
    return int(study.runs["world"].nunique())


def _changed(view: StudyView) -> pd.DataFrame:
    """Runs of the last year that differ from their reference; none where gains were not kept."""
    if "gain" not in view.last:
        return view.last.iloc[:0]
    return view.last[view.last["gain"].abs() > 0]


def _answer(view: StudyView) -> str:
    words, study = view.words, view.study
    said = "".join(f"<p>{sentence(text)}</p>" for text in sentences(view))
    seconds = study.manifest.get("seconds", {}).get("wall", float("nan"))
    failed = len(study.runs) - int(study.runs["status"].eq(OK).sum())
    draws = int(study.manifest["replications"])
    repeated = words("study.tile.replications", n=draws) if draws > 1 else ""
    rate = words("study.tile.rate", rate=number(len(study) / seconds), workers=study.manifest.get("workers", 1))
    shown = [
        (words("study.tile.runs"), f"{len(study.runs):,}", words("study.tile.failed", failed=failed)),
        (words("study.tile.worlds"), f"{_worlds(study):,}", repeated),
        (words("study.tile.seconds"), f"{number(seconds, 0)} s", rate),
    ]  # fmt: skip
    return f'<div class="answer">{said}</div>{tiles(shown)}'


# --- figures ------------------------------------------------------------------------------------------------------


def _colour(position: int) -> str:
    return str(COLOURS["palette"][position % len(COLOURS["palette"])])


def _quantiles(frame: pd.DataFrame, by: str, name: str) -> pd.DataFrame:
    """Quantiles ``[by, (low, middle, high)]`` of an outcome."""
    return frame.groupby(by)[name].quantile(np.array(BAND)).unstack()


def _ribbon(x: Sequence[float], band: pd.DataFrame, colour: str, axis: int, name: str) -> list[dict[str, Any]]:
    """A median line, and a ribbon where there is a spread."""
    at = {"xaxis": f"x{axis or ''}", "yaxis": f"y{axis or ''}", "type": "scatter", "legendgroup": name, "x": list(x)}
    middle = digits(band[MIDDLE].to_numpy())
    said = {"name": name, "hovertemplate": f"%{{x}}: %{{y:,.4~r}}<extra>{name}</extra>"}
    shown = {"line": {"color": colour, "width": 2}, "showlegend": axis == 0 and bool(name)}
    line = {**at, **said, **shown, "mode": "lines", "y": middle}
    if np.allclose(band[LOW], band[HIGH], equal_nan=True):
        return [line]
    edge = {**at, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    lower = {**edge, "y": digits(band[LOW].to_numpy())}
    upper = {**edge, "y": digits(band[HIGH].to_numpy()), "fill": "tonexty", "fillcolor": faint(colour)}
    return [lower, upper, line]


def _panels(view: StudyView, make: Callable[[str, int], list[dict[str, Any]]]) -> Spec:
    """The first outcomes side by side."""
    names = view.outcomes[:PANELS]
    made = layout("bands")
    data = [trace for position, name in enumerate(names) for trace in make(name, position + 1 if position else 0)]
    titles = [
        panel_title(f"<b>{view.outcome(name)}</b>", made[f"xaxis{i + 1 if i else ''}"]["domain"][0], 1)
        for i, name in enumerate(names)
    ]
    return {"data": data, "layout": {**made, "annotations": titles}}


def _bands(view: StudyView) -> str:
    """Paths of the first outcomes: median and band of every setting."""
    spaced = np.linspace(0, len(view.settings) - 1, min(MOST_SETTINGS, len(view.settings)))
    chosen = [view.settings[round(position)] for position in spaced]

    def traces(name: str, axis: int) -> list[dict[str, Any]]:
        found = []
        for position, setting in enumerate(chosen):
            part = _quantiles(view.rows[view.rows["setting"] == setting], "year", name)
            if not part.empty:
                found += _ribbon(part.index.tolist(), part, _colour(position), axis, setting)
        return found

    if len(view.years) < 2:
        return ""
    view.figures["bands"] = _panels(view, traces)
    title = view.words("study.bands.title")
    guide = view.words("study.bands.guide")
    if len(chosen) < len(view.settings):
        guide += " " + view.words("study.bands.some", shown=len(chosen), n=len(view.settings))
    return paragraph(guide, "guide") + figure("bands", title, LOOK["bands"]["height"])


def _lever(view: StudyView) -> str:
    """Outcomes against the only numeric lever, where there is one with several values."""
    numeric = [f for f in view.levers if pd.api.types.is_numeric_dtype(view.last[f.name])]
    several = [f for f in view.levers if view.last[f.name].nunique() > 1]
    if len(several) != 1 or several != numeric[:1] or view.last[several[0].name].nunique() < PANELS:
        return ""
    (lever,) = several

    def traces(name: str, axis: int) -> list[dict[str, Any]]:
        part = _quantiles(view.last, lever.name, name)
        return _ribbon(part.index.tolist(), part, COLOURS["run"], axis, "")

    spec = _panels(view, traces)
    for axis in ("xaxis", "xaxis2", "xaxis3"):
        spec["layout"][axis].pop("tickformat", None)
    view.figures["lever"] = spec
    words = view.words
    guide = words("study.lever.guide", year=view.years[-1], lever=lever.key)
    return paragraph(guide, "guide") + figure("lever", words("study.lever.title"), LOOK["bands"]["height"])


def _settings(view: StudyView) -> str:
    """Median and span of every outcome by setting."""
    words = view.words
    head = [short(f.name) for f in view.levers if f.options] or [words("page.scenario")]
    outcomes = view.outcomes[: len(SHOWN)]
    head = [*head, words("study.tile.runs"), *(view.outcome(name) for name in outcomes)]
    levers = [f for f in view.levers if f.options]
    rows: list[list[Cell | str]] = []
    for _, part in view.last.groupby("setting", sort=False):
        first = part.iloc[0]
        own = [view.cell(f, first[f.name]) if not pd.isna(first[f.name]) else "" for f in levers]
        rows.append([*(own or [view.study.plan.spec.scenario]), Cell(f"{len(part):,}", float(len(part))),
                     *(_spread(part[name]) for name in outcomes)])  # fmt: skip
        if len(rows) == MOST_ROWS:
            break
    return paragraph(words("study.table.guide", year=view.years[-1]), "guide") + table(head, rows, sortable=True)


def _spread(values: pd.Series[float]) -> Cell:
    low, middle, high = (float(q) for q in values.quantile(list(BAND)))
    kept = 0 if values.dropna().mod(1).eq(0).all() else None
    note = "" if low == high else f"{number(low, kept)} … {number(high, kept)}"
    return Cell(number(middle, kept), middle, note=note)


# --- sensitivity --------------------------------------------------------------------------------------------------


def _stored(view: StudyView, name: str) -> pd.DataFrame:
    """A table that ``sim sensitivity`` left in the folder; empty without one."""
    path = view.study.folder / f"{name}.parquet"
    return pd.read_parquet(path) if path.is_file() else pd.DataFrame()


def _conclusions(view: StudyView) -> str:
    found = _stored(view, "conclusions")
    if found.empty:
        return ""
    from sim.experiments.sensitivity import Sensitivity

    said = Sensitivity.load(view.study.folder).sentences()
    return "".join(f"<p>{sentence(text)}</p>" for text in said)


def _tornado(view: StudyView) -> str:
    """The largest swings of the first outcome."""
    found = _stored(view, "tornado")
    if found.empty:
        return ""
    found = found[(found["place"] == REGION) & (found["year"] == found["year"].max())]
    name = next((outcome for outcome in view.outcomes if outcome in set(found["outcome"])), found["outcome"].iloc[0])
    mine = found[found["outcome"] == name]
    swing = (mine["high"] - mine["low"]).abs()
    mine = mine.loc[swing.sort_values(ascending=False).index[:TOP]]
    words, centre = view.words, float(mine["centre"].iloc[0])
    bars = [
        {
            "type": "bar", "orientation": "h", "name": words(f"study.tornado.{end}"),
            "y": [short(f) for f in mine["factor"]], "x": digits(mine[end].to_numpy() - centre), "base": centre,
            "marker": {"color": COLOURS[colour]},
            "hovertemplate": f"%{{y}}: %{{x:,.4~r}}<extra>{words(f'study.tornado.{end}')}</extra>",
        }
        for end, colour in (("low", "loss"), ("high", "gain"))
    ]  # fmt: skip
    made = layout("tornado")
    made["xaxis"]["title"]["text"] = view.outcome(name)
    made["shapes"] = [{"type": "line", "x0": centre, "x1": centre, "y0": 0, "y1": 1, "yref": "paper",
                       "line": {"color": COLOURS["ink"], "width": 1}}]  # fmt: skip
    view.figures["tornado"] = {"data": bars, "layout": made}
    guide = words("study.tornado.guide", outcome=view.outcome(name), year=int(found["year"].max()))
    return paragraph(guide, "guide") + figure("tornado", words("study.tornado.title"), LOOK["tornado"]["height"])


def _indices(view: StudyView) -> str:
    """The leading factors of every outcome by the method's main index."""
    if not (view.study.folder / "indices.parquet").is_file():
        return ""
    from sim.experiments.sensitivity import Sensitivity

    found, words = Sensitivity.load(view.study.folder), view.words
    head = [words(f"study.column.{name}") for name in ("outcome", "parameter", "index", "value")]
    rows: list[list[Cell | str]] = []
    for outcome in dict.fromkeys(found.indices["outcome"]):
        for row in found.ranked(str(outcome)).head(LEADING).to_dict("records"):
            value = f"{number(float(row['value']))} ± {number(float(row['confidence']))}"
            name = view.outcome(str(outcome))
            rows.append([name, short(str(row["factor"])), str(row["index"]), Cell(value, float(row["value"]))])
    return paragraph(words("study.indices.guide"), "guide") + table(head, rows, sortable=True)


# --- the rest -----------------------------------------------------------------------------------------------------


def _failures(view: StudyView) -> str:
    runs = view.study.runs
    failed = runs[runs["status"] != OK].head(MOST_ROWS)
    if failed.empty:
        return ""
    head = [view.words(f"study.column.{name}") for name in ("run", "status", "error")]
    return table(head, [[str(r["run"]), str(r["status"]), str(r["error"])] for r in failed.to_dict("records")])


def _again(view: StudyView) -> str:
    words, study = view.words, view.study
    rows = [[f.key, words(f"study.role.{f.role}"), _values(f), f.meaning] for f in study.factors]
    head = [words("study.factor"), words("study.column.role"), words("study.column.values"), ""]
    varied = table(head, rows, css="texts") if rows else ""
    repeat = fold(words("study.again.command"), command(study.command(0)))
    return varied + paragraph(words("study.again.python")) + repeat


def _values(factor: Factor) -> str:
    if factor.options:
        shown = ", ".join(str(value) for value in factor.options[:TOP])
        return shown + (" …" if len(factor.options) > TOP else "")
    ends = f"{number(factor.low)} – {number(factor.high)}"
    return (
        f"{ends} ({factor.distribution.replace('_', ' ')})" if not factor.rows else f"{len(factor.rows)} × low – high"
    )
