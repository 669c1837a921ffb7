"""``sim lines``: which railway line of a scenario is worth its cost, and for whom?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import common

if TYPE_CHECKING:
    from sim.experiments.lines import LineWorth

EPILOG = """\
Runs the scenario with all its lines, without each of them, and with each alone. Gains are real income a year, 100
million yuan at base-year prices, mean over the years in which a line is in use; the cost a year is the building cost
spread over the line's life, and upkeep (parameters rail_life, government_discount_rate, rail_upkeep).

examples:
  sim lines
  sim lines rails_of_the_delta policies.rail_lines.lines=all policies.rail_lines.delay_probability=0.5
  sim lines policies.rail_lines.lines=[husuhu,hutong_1] horizon=2030 --out outputs/lines
"""
SHOWN = ("name", "opens", "km", "cost", "cost a year", "gain", "alone", "gain/cost", "along it", "gain most", "lose")


def parser() -> common.Parser:
    made = common.parser("lines", "which railway line of a scenario is worth its cost, and for whom?")
    made.epilog, made.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    made.add_argument("words", nargs="*", default=[], metavar="SCENARIO key=value", help="default rails_of_the_delta")
    made.add_argument("--out", type=Path, metavar="DIR", help="write lines.csv and gains.csv (by city) here")
    made.add_argument("--scenario-dir", metavar="DIR", help="a folder of your own scenarios")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.compose import add_folder, compose
    from sim.experiments.lines import line_worth
    from sim.experiments.store import check_target, new_folder

    if arguments.scenario_dir:
        add_folder(arguments.scenario_dir)
    scenario = next((word for word in arguments.words if "=" not in word and not word.startswith("~")), None)
    config = compose(scenario or "rails_of_the_delta", [word for word in arguments.words if word != scenario])
    if arguments.out:
        check_target(arguments.out)
    with common.progress(arguments) as tell:
        found = line_worth(config, tell)
    if arguments.out:
        with new_folder(arguments.out) as folder:
            found.lines.to_csv(folder / "lines.csv", index=False)
            found.gains.to_csv(folder / "gains.csv", index=False)
    data = {"scenario": config.scenario, "lines": common.records(found.lines), "total": found.total}
    common.emit(arguments, data, text(found))
    return 0


def text(found: LineWorth) -> str:
    """One row per line, and what all of them bring together."""
    columns = (
        *("name_en", "first_year", "km", "cost", "cost_a_year", "gain", "gain_alone", "gain_to_cost", "gain_along"),
        *("gain_most", "lose"),
    )
    rounded = found.lines.round(dict.fromkeys(columns[2:9], 1) | {"gain_to_cost": 2})
    rows = common.records(rounded[list(columns)].set_axis(list(SHOWN), axis=1))
    gain, cost = found.total["gain"], found.total["cost_a_year"]
    together = f"all of them together: gain {gain:,.0f} a year, cost {cost:,.0f} a year (100 million yuan)"
    return f"{common.table(rows)}\n\n{together}"
