"""Which railway line is worth its cost, and for whom: the model with and without each line.

A line's worth depends on the others: with all of them there (``last``: what would be lost without it), or as the only
one (``alone``). Worth is real income a year, prices of the base year, mean over the years in which the line is in use;
time that passengers save is no income here. Its cost a year is the building cost spread over its life at the
government's discount rate, and upkeep, at prices of the base year, for the part of the line that lies in the region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.policies.joint_projects import index
from sim.policies.rail_lines import KEY, RailLines

if TYPE_CHECKING:
    from sim.config import RunConfig
    from sim.datasets.world import World
    from sim.mechanisms.base_year import BaseYear

POLICY = "rail_lines"
NAMED = 3  # unit: cities named as those that gain most


@dataclass(frozen=True)
class LineWorth:
    """What was found; money in 100 million yuan at base-year prices, a year.

    Attributes:
        lines: one row per line, the best first: names, first year of use, km and cost in the region, cost a year, gain
            of the region with all other lines and alone, ratio of the gain to the cost, gain of the cities along the
            line and of the rest of the country, who gains most, how many cities lose.
        gains: one row per line and city, with all other lines: gain a year, and in per cent of real income.
        total: gain of all lines together, region and cost.
    """

    lines: pd.DataFrame
    gains: pd.DataFrame
    total: dict[str, float]


def annual_cost(line: str, world: World) -> tuple[float, float]:
    """Building cost of a line's part in the region, and what it costs a year: annuity and upkeep; base-year prices."""
    p = world.parameters
    cost, length = world.rail_cost(line)
    cost *= sum(world.line_km(line).values()) / length / index("cpi", int(p.value("rail_cost_year")), world)
    rate, life = p.value("government_discount_rate"), p.value("rail_life")
    annuity = rate / (1.0 - (1.0 + rate) ** -life)
    return cost, cost * (annuity + p.value("rail_upkeep"))


def line_worth(
    config: RunConfig, tell: Callable[[str], None] = lambda text: None, *, base: BaseYear | None = None
) -> LineWorth:
    """Run a configuration with `rail_lines` with all its lines, without each, and with each alone.

    Args:
        config: the run.
        tell: told what is being done.
        base: the calibrated base year, where it is at hand.

    Raises:
        InputError: the configuration has no such policy, its cities pay for the lines, or no line opens in the run.
    """
    from sim.calibration import calibrate
    from sim.config import world_of
    from sim.experiments.run import reference_config
    from sim.year import Simulation

    policy = config.policies.get(POLICY)
    if not isinstance(policy, RailLines):
        raise InputError(
            f"{config.scenario} opens no railway lines", key="policies", allowed=f"a scenario with {POLICY}"
        )
    if policy.financing is not None:
        message = "gains would be net of what cities pay"
        raise InputError(message, key=f"{KEY}.financing", allowed="null: gains are compared with the cost afterwards")
    base = base or calibrate(world_of(config))
    world = base.world
    opening = {k: y for k, y in policy.openings(world).items() if policy.start <= y <= min(policy.end, config.horizon)}
    if not opening:
        raise InputError("no line opens in the run", key="horizon", allowed="a later last year")
    growth: Mapping[int, float] | None = None

    def income(run: RunConfig) -> FloatArray:
        """Real income ``[year, region]`` of a run, with the growth of the reference."""
        nonlocal growth
        model = Simulation(run, base=base, growth=growth)
        values = model.run()["real_income"][:, : world.row].copy()
        growth = growth or model.growth
        return values

    tell("running the reference")
    before = income(reference_config(config) if config.reference else config.with_values({"policies": {}}))
    tell("running with all lines")
    full = income(config)
    last, alone = {}, {}
    for line in opening:
        tell(f"running without {line}, then with it alone")
        last[line] = full - income(_with(config, without=[*policy.without, line]))
        alone[line] = income(_with(config, lines=[line], without=[])) - before
    gains = {line: (last[line], alone[line]) for line in opening}
    return _tabled(base, opening, gains, full, before)


def _with(config: RunConfig, **values: object) -> RunConfig:
    return config.with_values({f"{KEY}.{key}": value for key, value in values.items()})


def _tabled(
    base: BaseYear,
    opening: Mapping[str, int],
    gains: Mapping[str, tuple[FloatArray, FloatArray]],
    full: FloatArray,
    before: FloatArray,
) -> LineWorth:
    world, n = base.world, base.world.n_cities
    names = world.tables["lines"].set_index("line")
    rows, by_city = [], []
    for line, first in opening.items():
        used = slice(first - world.base_year, None)
        last, alone = (gain[used].mean(axis=0) for gain in gains[line])
        cost, yearly = annual_cost(line, world)
        km = world.line_km(line)
        along = [world.region_ids.index(code) for code in km]
        best = np.argsort(-last[:n])[:NAMED]
        rows.append(
            {
                "line": line,
                "name_en": names.loc[line, "name_en"],
                "name_zh": names.loc[line, "name_zh"],
                "first_year": first,
                "km": sum(km.values()),
                "cost": cost,
                "cost_a_year": yearly,
                "gain": last[:n].sum(),
                "gain_alone": alone[:n].sum(),
                "gain_to_cost": last[:n].sum() / yearly,
                "gain_along": last[along].sum(),
                "gain_country": last[n],
                "gain_most": ", ".join(world.region_names[i] for i in best if last[i] > 0.0),
                "lose": int((last[:n] < 0.0).sum()),
            }
        )
        share = last[:n] / before[used, :n].mean(axis=0)
        by_city += [
            {"line": line, "region": world.region_ids[i], "gain": last[i], "gain_pct": 100.0 * share[i]}
            for i in range(n)
        ]
    table = pd.DataFrame(rows).sort_values("gain_to_cost", ascending=False, kind="stable", ignore_index=True)
    year = min(opening.values()) - world.base_year
    together = (full - before)[year:, :n].sum(axis=1).mean()
    total = {"gain": float(together), "cost_a_year": float(table["cost_a_year"].sum())}
    return LineWorth(table, pd.DataFrame(by_city), total)
