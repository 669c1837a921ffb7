"""``sim sweep``: run a scenario many times, keep one data set, say what came out."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands import common
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.experiments.ensemble.executors import Engine
    from sim.experiments.ensemble.plan import Plan
    from sim.experiments.ensemble.spec import StudySpec
    from sim.experiments.ensemble.study import Study
    from sim.experiments.ensemble.sweep import Standing, Tell

SOME_FAILED = 4
"""Exit code of a study with failed runs."""

GRAMMAR = """\
what varies (Hydra's grammar; quote brackets):
  horizon=2030                                            one value, for every run
  policies.industry_transfer.origin_share=0,0.25,0.5      a list: every combination of lists is run
  'policies.industry_transfer.origin_share=range(0,1.01,0.05)'   a range: start, stop (left out), step
  'policies=[],[industry_transfer]'                       policies: each set is one value, [] is none
  'parameters.congestion_elasticity=interval(0.02,0.08)'  an interval: drawn from, --samples times, all together
  economy=standard,no_land_cost                           choices of a group in configs/

examples:
  sim sweep industry_transfer 'policies.industry_transfer.origin_share=range(0,1.01,0.1)' --places city
  sim sweep industry_transfer --uncertain judgement --samples 500 --workers 2
  sim sweep transfer_uncertainty            a study: a file in scenarios/studies, or your own FILE.yaml
  sim sweep --out DIR --resume              finish what was interrupted
"""


def parser() -> common.Parser:
    made = common.parser("sweep", "run a scenario many times; one table of runs, one of indicators")
    made.epilog, made.formatter_class = GRAMMAR, argparse.RawDescriptionHelpFormatter
    made.add_argument("scenario", nargs="?", metavar="SCENARIO|STUDY", help="sim list scenarios, sim list studies")
    made.add_argument("overrides", nargs="*", default=[], metavar="key=values", help="what varies, see below")
    made.add_argument("--cases", metavar="FILE", help="CSV or Parquet: one row per setting, keys as columns")
    made.add_argument("--uncertain", metavar="KEYS", help="parameters over their ranges; 'judgement' = all guesses")
    add_size(made)
    made.add_argument("--outcomes", metavar="NAMES", help="indicators to keep; default all (sim list indicators)")
    made.add_argument("--places", metavar="SCOPES", help="besides the region: province, group, city")
    made.add_argument("--tables", metavar="NAMES", help="keep of every run besides: cities, sectors")
    add_engine(made)
    made.add_argument("--out", type=Path, metavar="DIR", help="write here; default ./outputs/studies/NAME/TIME-CODE")
    made.add_argument("--resume", action="store_true", help="finish the study in DIR")
    made.add_argument("--force", action="store_true", help="replace the study in DIR")
    add_report(made)
    made.add_argument("--shard", type=common.count, metavar="N", help="runs per file; default by size and workers")
    made.add_argument("--show-plan", action="store_true", help="print the runs, run nothing")
    made.add_argument("--scenario-dir", metavar="DIR", help="a folder of your own scenarios (and studies/ in it)")
    return made


def add_size(made: common.Parser) -> None:
    """Options of how many runs."""
    made.add_argument("--samples", type=common.count, metavar="N", help="draws from the intervals; default 128")
    made.add_argument("--design", metavar="NAME", help="latin_hypercube (default) or sobol")
    made.add_argument("--replications", type=common.count, metavar="N", help="every run with N draws of the shocks")
    made.add_argument("--seed", type=int, metavar="N", help="root of the design and of every random stream")


def add_engine(made: common.Parser) -> None:
    """Options of who does the work."""
    made.add_argument("--workers", type=common.count, default=1, metavar="N", help="processes; default 1")
    made.add_argument("--executor", default="local", metavar="NAME", help="local (default) or cluster (Dask)")
    made.add_argument("--address", metavar="URL", help="of a running Dask scheduler, with --executor cluster")


def add_report(made: common.Parser) -> None:
    """Options of the page."""
    made.add_argument("--no-report", action="store_true", help="tables only")
    made.add_argument("--language", default="en", metavar="en|zh", help="of the report")


def write_report(arguments: argparse.Namespace, study: Study) -> Path | None:
    """The page of a study in its folder; none where it was not wanted or no run finished."""
    if arguments.no_report or not study.manifest["status"].get("ok"):
        return None
    from sim.report.study import write_study_report

    return write_study_report(study, study.folder / "report.html", language=arguments.language)


def engine_of(arguments: argparse.Namespace) -> Engine:
    from sim.experiments.ensemble.executors import Engine

    return Engine(arguments.executor, arguments.workers, arguments.address)


def execute(arguments: argparse.Namespace) -> int:
    from sim.compose import add_folder
    from sim.experiments.ensemble.plan import Plan, make_plan
    from sim.experiments.ensemble.study import Study
    from sim.experiments.ensemble.sweep import default_folder, run_study

    common.choose(arguments.language, ("en", "zh"), "language")
    if arguments.scenario_dir:
        add_folder(arguments.scenario_dir)
    if arguments.scenario is None:
        if not (arguments.resume and arguments.out):
            raise InputError("which scenario or study? Or finish one: sim sweep --out DIR --resume", key="scenario")
        plan, name = Plan.read(arguments.out), None
    else:
        spec, name = spec_of(arguments)
        plan = make_plan(spec)
    if arguments.show_plan:
        _show(arguments, plan)
        return 0
    out = arguments.out or default_folder(plan, name)
    engine, many = engine_of(arguments), {"resume": arguments.resume, "force": arguments.force}
    try:
        with progress(arguments) as tell:
            run_study(plan, out, engine=engine, size=arguments.shard, tell=tell, **many)
    except KeyboardInterrupt:
        if not arguments.quiet:
            print(f"to finish it: sim sweep --out {shlex.quote(str(out))} --resume", file=sys.stderr)
        raise
    study = Study(out)
    tell_study(arguments, study, write_report(arguments, study))
    return 0 if set(study.manifest["status"]) <= {"ok"} else SOME_FAILED


def spec_of(arguments: argparse.Namespace) -> tuple[StudySpec, str]:
    """The study that the words of the command describe, and what it is called."""
    from sim.experiments.ensemble import spec as specs
    from sim.experiments.ensemble.spec import merged
    from sim.experiments.ensemble.sweep import with_overrides

    word, overrides = common.sort_words(arguments.scenario, arguments.overrides)
    spec, name = specs.spec_of(word), Path(word).stem
    changes: dict[str, Any] = with_overrides({}, overrides)
    for option in ("cases", "samples", "design", "replications", "seed"):
        value = getattr(arguments, option, None)
        if value is not None:
            changes[option] = value
    for option in ("outcomes", "places", "tables"):
        value = getattr(arguments, option, None)
        if value is not None:
            changes[option] = listed(value)
    if getattr(arguments, "uncertain", None):
        changes["uncertainties"] |= {_parameter(key): None for key in listed(arguments.uncertain)}
    return merged(spec, changes), name


def listed(text: str) -> list[str]:
    """Names separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _parameter(key: str) -> str:
    from sim.experiments.ensemble.factors import JUDGEMENT, PARAMETERS

    return key if key == JUDGEMENT or "." in key and key.startswith(PARAMETERS) else f"{PARAMETERS}{key}"


def _show(arguments: argparse.Namespace, plan: Plan) -> None:
    rows = common.records(plan.cases)
    shown = rows[:SHOWN]
    more = f"\n... {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    text = f"{common.table(shown)}{more}\n{len(rows):,} runs in {plan.cases['world'].nunique():,} worlds"
    commands = [f"sim run {' '.join(plan.words(run))}" for run in range(min(1, len(plan)))]
    common.emit(arguments, {"runs": rows, "first": commands}, text)


SHOWN = 20  # unit: rows


# --- what came out ------------------------------------------------------------------------------------------------

HEADLINES = ("gain", "losers", "worst_gain", "real_income", "theil_real_income")
LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95  # unit: quantiles of the band
LARGE = 10_000  # unit: of any unit; from here on numbers have no decimals


def tell_study(arguments: argparse.Namespace, study: Study, report: Path | None) -> None:
    """Counts, the outcomes by setting of the levers, failures, where the data and the page are."""
    status = study.manifest["status"]
    rows = [] if not status.get("ok") else summary(study)
    failures = study.runs.loc[study.runs["status"] != "ok", ["run", "status", "error"]]
    lines = [f"{len(study):,} runs: " + ", ".join(f"{count:,} {name}" for name, count in status.items())]
    if rows:
        several = "; median, and 5 to 95 % of the runs" if any(row["runs"] > 1 for row in rows) else ""
        lines += [f"the whole region in {study.last_year}{several}:"]
        lines += [common.table([_line(row) for row in rows[:SHOWN]])]
        lines += [f"... and {len(rows) - SHOWN:,} more settings"] if len(rows) > SHOWN else []
    if len(failures):
        first = failures.iloc[0]
        lines.append(f"first failure: run {first['run']} {first['status']}: {first['error']}")
    seconds = study.manifest["seconds"]["wall"]
    lines += ["", f"results: {study.folder}  ({seconds:.1f} s; in Python: sim.load('{study.folder}'))"]
    lines += [] if report is None else [f"report:  {report}"]
    told = {"study": str(study.folder), "report": None if report is None else str(report), "runs": len(study)}
    more = {"status": status, "summary": rows, "seconds": seconds}
    common.emit(arguments, {**told, **more, "failures": common.records(failures.head(SHOWN))}, "\n".join(lines))


def summary(study: Study) -> list[dict[str, Any]]:
    """Headline outcomes of the region in the last year of the runs, by setting of the levers.

    Each row holds ``setting``, the number of ``runs``, and ``outcomes[name]`` with low, median and high (5, 50, 95 %).
    """
    from sim.experiments.ensemble.study import INDICATOR_KEYS

    known = study.dataset().schema.names
    names = [name for name in HEADLINES if name in known] or [n for n in known if n not in INDICATOR_KEYS]
    table = study.outcomes(columns=names[:SHOWN])
    levers = [factor.name for factor in study.factors if factor.role == "lever" and factor.options]
    groups = table.groupby(levers, dropna=False, sort=False) if levers else [((), table)]
    rows = []
    for key, part in groups:
        setting = dict(zip(levers, key if isinstance(key, tuple) else (key,), strict=True))
        bands = {name: part[name].dropna().quantile([LOW, MIDDLE, HIGH]).tolist() for name in names[:SHOWN]}
        found = {name: dict(zip(("low", "median", "high"), band, strict=True)) for name, band in bands.items()}
        plain = {name: None if value != value else value for name, value in setting.items()}
        kept = {name: band for name, band in found.items() if band["median"] == band["median"]}
        rows.append({"setting": plain, "runs": len(part), "outcomes": kept})
    return rows


def _line(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the summary as text: levers by their last word, outcomes with their unit."""
    from sim.indicators import COMPARISONS, REGISTRY

    short = {name: name.rpartition(".")[2] for name in row["setting"]}
    alike = len(set(short.values())) < len(short)
    line: dict[str, Any] = {name if alike else short[name]: value for name, value in row["setting"].items()}
    line["runs"] = row["runs"]
    for name, band in row["outcomes"].items():
        unit = (REGISTRY.get(name) or COMPARISONS[name]).unit
        spread = "" if row["runs"] == 1 else f" ({_number(band['low'])} to {_number(band['high'])})"
        line[f"{name}, %" if unit == "%" else name] = f"{_number(band['median'])}{spread}"
    return line


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.4g}"


# --- progress -----------------------------------------------------------------------------------------------------

EVERY = 10.0  # unit: seconds between two lines in a log


@contextmanager
def progress(arguments: argparse.Namespace) -> Iterator[Tell | None]:
    """A bar with rate and time left on a terminal; elsewhere a line now and then."""
    if arguments.quiet or arguments.json:
        yield None
    elif sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    bar = Progress(TextColumn("runs"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(),
                   console=Console(stderr=True))  # fmt: skip
    with bar:
        task = bar.add_task("runs", total=None, rate="")

        def tell(now: Standing) -> None:
            failed = "" if now.failed == 0 else f", {now.failed:,} failed"
            bar.update(task, total=now.total, completed=now.done, rate=f"{now.rate:.0f} a second{failed}")

        yield tell


def _lines() -> Callable[[Standing], None]:
    last = time.perf_counter()

    def tell(now: Standing) -> None:
        nonlocal last
        if time.perf_counter() - last < EVERY:
            return
        last = time.perf_counter()
        left = f"{now.seconds_left:,.0f} s left"
        print(f"{now.done:,} of {now.total:,} runs, {now.rate:.0f} a second, {left}", file=sys.stderr, flush=True)

    return tell
