"""``sim explain``: what one number of a run is made of, back to the parameters and data rows it rests on.

``sim explain taxes`` needs no run: where 100 yuan of a firm's tax go.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sim.commands import common
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.datasets.world import World
    from sim.experiments.run import Run

TAXES = "taxes"
EXAMPLES = """\
examples:
  sim explain gdp --city Hefei --year 2030
  sim explain value_added --city Suzhou --year 2030 --sector ELE --run outputs/forty
  sim explain taxes --city Suzhou                       where 100 yuan of a firm's tax go; needs no run
  sim explain taxes --city Suzhou --sector ELE
  sim explain taxes --city Fuyang --scenario industry_transfer policies.industry_transfer.origin_share=0.4
  sim explain taxes --city Hefei parameters.central_share_consumption=0.5
"""


def parser() -> common.Parser:
    made = common.parser("explain", "inputs, parameters, sources and formula behind one number of a run")
    made.epilog, made.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    made.add_argument("figure", metavar="FIGURE", help="a column of the run's cities table, such as gdp; or taxes")
    made.add_argument("overrides", nargs="*", default=[], metavar="key=value", help="for taxes: what to change")
    made.add_argument("--city", required=True, metavar="X", help="id or name; sim list cities shows them")
    made.add_argument("--year", type=int, metavar="Y", help="a year of the run; not for taxes")
    made.add_argument("--sector", metavar="S", help="for a column of the sectors table, or a firm's sector")
    made.add_argument("--run", metavar="RUN", help=f"{common.RUN_HELP}; default: the latest of all; not for taxes")
    made.add_argument("--scenario", metavar="SCENARIO", help="for taxes: whose contracts and data; default baseline")
    return made


def execute(arguments: argparse.Namespace) -> int:
    return _taxes(arguments) if arguments.figure == TAXES else _figure(arguments)


def _figure(arguments: argparse.Namespace) -> int:
    from sim.experiments.explain import explain
    from sim.experiments.run import load

    if arguments.overrides or arguments.scenario:
        word = arguments.overrides[0] if arguments.overrides else "--scenario"
        raise InputError(f"is for sim explain {TAXES}: a figure explains a run as it was", key=word)
    if arguments.year is None:
        raise InputError(f"which year of the run? Only {TAXES} needs none", key="--year")
    run = load(arguments.run or common.latest_run())
    city = common.choose_city(arguments.city, _names(run))
    explained = explain(arguments.figure, city, arguments.year, run, sector=arguments.sector)
    common.emit(arguments, {"run": str(run.folder), **explained.as_dict()}, f"{explained}\n\nrun: {run.folder}")
    return 0


def _taxes(arguments: argparse.Namespace) -> int:
    from sim.compose import compose
    from sim.config import world_of
    from sim.experiments.tax_path import tax_path

    for option in ("year", "run"):
        if getattr(arguments, option) is not None:
            raise InputError("is not for taxes: their rates are the same in every year of every run", key=f"--{option}")
    config = compose(arguments.scenario or "baseline", arguments.overrides)
    world = world_of(config)
    config = config.with_codes(world)
    city = common.choose_city(arguments.city, _cities(world))
    path = tax_path(world, city, sector=arguments.sector, policies=config.policies)
    end = f"scenario: {config.scenario}, data set: {world.name}"
    if not path.contracts:
        end = f"The scenario {config.scenario} has no contract that shares tax: nothing is handed on.\n\n{end}"
    data = {"scenario": config.scenario, "data_set": world.name, **path.as_dict()}
    common.emit(arguments, data, f"{path}\n\n{end}")
    return 0


def _names(run: Run) -> dict[str, tuple[str, str]]:
    """The names of every region in both languages."""
    return {region: (label["name_en"], label["name_zh"]) for region, label in run.labels["regions"].items()}


def _cities(world: World) -> dict[str, tuple[str, str]]:
    """The names of every city in both languages."""
    names = zip(world.region_ids, world.region_names, world.region_names_zh, strict=True)
    return {region: (english, chinese) for region, english, chinese in list(names)[: world.n_cities]}
