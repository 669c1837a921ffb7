"""``sim signing``: at which share of the tax do all parties of an agreement sign, and who binds?"""

from __future__ import annotations

import argparse
import json
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands import common
from sim.commands.sweep import SOME_FAILED, add_engine, engine_of
from sim.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.config import RunConfig
    from sim.experiments.run import Run
    from sim.experiments.signing.judgement import Case
    from sim.experiments.signing.survey import Survey

PAGE = "signing.html"
JUDGEMENT = "judgement"
EPILOG = """\
Every party of the scenario's agreement is asked at every share of the tax on moved plants that may go to the origins,
in the year in which the agreement is put before it. A policy that is imposed is studied as if it were.

examples:
  sim signing industry_transfer
  sim signing industry_transfer --over judgement --workers 2      does it hang on the parameters that are judgements?
  sim signing industry_transfer governments.tastes=revenue        governments that look at their budgets alone
  sim signing industry_transfer policies.industry_transfer.term=15 --shares 101
"""


def parser() -> common.Parser:
    made = common.parser("signing", "at which share of the tax do all parties of an agreement sign, and who binds?")
    made.epilog, made.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    made.add_argument("scenario", metavar="SCENARIO", help="sim list scenarios shows them")
    made.add_argument("overrides", nargs="*", default=[], metavar="key=value", help="what to change")
    made.add_argument("--policy", metavar="NAME", help="the agreement, where several share tax by an origin's share")
    made.add_argument("--shares", type=common.count, default=21, metavar="N", help="shares from 0 to 1; default 21")
    made.add_argument("--over", choices=(JUDGEMENT,), help="also with every judgement at either end of its range")
    add_engine(made)
    made.add_argument("--out", type=Path, metavar="DIR", help="write here; default ./outputs/signing/SCENARIO/TIME")
    made.add_argument("--scenario-dir", metavar="DIR", help="a folder of your own scenarios")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.compose import add_folder, compose
    from sim.experiments.run import run_scenario
    from sim.experiments.signing.survey import signing_study, subject
    from sim.experiments.store import check_target

    if arguments.scenario_dir:
        add_folder(arguments.scenario_dir)
    scenario, overrides = common.sort_words(arguments.scenario, arguments.overrides)
    config = compose(scenario, overrides)
    policy = subject(config, arguments.policy)
    if policy is None:
        message = f"no policy of {scenario} shares tax with the places that plants leave"
        raise InputError(message, key="policies", allowed="a policy with an origin_share, such as industry_transfer")
    out = arguments.out or default_folder(config)
    check_target(out)
    with common.progress(arguments) as tell:
        run = run_scenario(config, progress=tell)
        tell("asking the parties")
        survey = signing_study(run, shares=arguments.shares, policy=policy)
        if survey is None:
            raise InputError(
                "the parties are asked in no year of the run", key="horizon", allowed=f"from the year before {policy}"
            )
        cases = _cases(arguments, config, policy, tell) if arguments.over else []
    _write(out, run, survey, cases, _repeat(arguments, scenario, overrides))
    emit(arguments, out, run, survey, cases)
    return SOME_FAILED if any(case.error for case in cases) else 0


def default_folder(config: RunConfig) -> Path:
    """``outputs/signing/<scenario>/<date>-<time>-<6 hex of the resolved configuration>``."""
    from sim.experiments.store import OUTPUTS

    return OUTPUTS / "signing" / config.scenario / f"{datetime.now():%Y%m%d-%H%M%S}-{config.digest()[:6]}"


def _cases(arguments: argparse.Namespace, config: RunConfig, policy: str, tell: common.Tell) -> list[Case]:
    from sim.experiments.signing.judgement import over_judgement

    with engine_of(arguments).open() as executor:
        return over_judgement(config, policy, shares=arguments.shares, executor=executor, tell=tell)


def _repeat(arguments: argparse.Namespace, scenario: str, overrides: Sequence[str]) -> str:
    """The command that does the same again, wherever it writes."""
    chosen = [("--policy", arguments.policy), ("--shares", arguments.shares), ("--over", arguments.over)]
    options = [word for option, value in chosen if value is not None for word in (option, str(value))]
    return shlex.join(["sim", "signing", scenario, *overrides, *options])


def _write(out: Path, run: Run, survey: Survey, cases: Sequence[Case], repeat: str) -> None:
    """signing.html, signing.json, gains.csv and, where they were asked for, judgements.csv in a new folder."""
    from dataclasses import asdict

    import pandas as pd

    from sim.experiments.store import new_folder
    from sim.report.signing import render_signing

    page = render_signing(run, survey, cases, repeat, language=run.config.report.language)
    with new_folder(out) as folder:
        (folder / PAGE).write_text(page, encoding="utf-8")
        data = {"command": repeat, **plain(run, survey, cases)}
        (folder / "signing.json").write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
        survey.table().to_csv(folder / "gains.csv", index=False)
        if cases:
            pd.DataFrame([asdict(case) for case in cases]).to_csv(folder / "judgements.csv", index=False)


def plain(run: Run, survey: Survey, cases: Sequence[Case]) -> dict[str, Any]:
    """The study as data."""
    from dataclasses import asdict

    from sim.experiments.signing.survey import plain as surveyed

    label = run.labels["regions"]
    data = {"scenario": run.config.scenario, "data_hash": run.info["data"]["hash"]}
    data |= {"sentences": said(run, survey, cases), **surveyed(survey, lambda party: label[party]["name_en"])}
    return {**data, "judgements": [asdict(case) for case in cases]} if cases else data


def said(run: Run, survey: Survey, cases: Sequence[Case]) -> list[str]:
    """What the page says, in the language of the run's report."""
    from sim.report.agree import sentences
    from sim.report.signing import judged
    from sim.report.view import View

    view = View(run, run.config.report.language)
    return [*sentences(view, survey), *judged(view, cases)]


def emit(arguments: argparse.Namespace, out: Path, run: Run, survey: Survey, cases: Sequence[Case]) -> None:
    """Sentences, then a row per party."""
    label, last, middle = run.labels["regions"], len(survey.shares) - 1, len(survey.shares) // 2
    rows: list[common.Row] = []
    for i, party in enumerate(survey.parties):
        pieces = survey.verdict.ranges[party]
        ends = {"from": pieces[0][0], "to": pieces[-1][1]} if pieces else {"from": None, "to": None}
        gains = {f"gain at {survey.shares[k]:.2g}": _short(survey.gain[i, k]) for k in dict.fromkeys((0, middle, last))}
        tax = {"own tax": _short(survey.tax[i, last, 0]), "shared tax at 1": _short(survey.tax[i, last, 1])}
        role = "origin" if party in survey.origins else "host"
        signs = {f"signs {end}": None if at is None else _short(at) for end, at in ends.items()}
        rows.append({"party": label[party]["name_en"], "role": role, **signs, **gains, **tax})
    where = f"results: {out}\npage:    {out / PAGE}"
    text = "\n\n".join(["\n".join(said(run, survey, cases)), common.table(rows), where])
    common.emit(arguments, {**plain(run, survey, cases), "folder": str(out), "page": str(out / PAGE)}, text)


def _short(value: float) -> float:
    """A number of the table, without digits nobody asks for."""
    return float(f"{value:.3g}")
