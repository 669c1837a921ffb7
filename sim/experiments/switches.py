"""What the sign of a result hangs on: the region's net gain with single forces switched off and other data drawn.

Every case is its own pair of runs, the scenario beside a reference of the same world: calibration, national growth and
everything else are found anew, only the case differs. Cases: each of `SWITCHES` set to zero, all of them at once, and
the split of official statistics into sectors at national structure (location quotients all one). Draws multiply every
cell of that split by a lognormal factor and keep the sums of the cities and of the sectors (MODEL.md 4, Sectors).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.calibration import calibrate
from sim.config import world_of
from sim.core.streams import stream
from sim.datasets import impute
from sim.experiments.run import reference_config
from sim.year import Simulation

if TYPE_CHECKING:
    from sim.config import RunConfig
    from sim.core.arrays import BoolArray, FloatArray
    from sim.datasets.world import World
    from sim.experiments.run import Run

SWITCHES = {
    "land_cost": ("land_cost_share",),
    "congestion": ("congestion_elasticity",),
    "agglomeration": ("agglomeration_elasticity",),
    "all_three": ("land_cost_share", "congestion_elasticity", "agglomeration_elasticity"),
}
"""Name of a case and the parameters it sets to zero."""

AS_IT_IS, NATIONAL = "as_it_is", "national_structure"
MEASURES = ("real_income", "real_gdp")


@dataclass(frozen=True, eq=False)
class SwitchStudy:
    """The region's net gain in the last year, case by case.

    Attributes:
        cases: index case; real_income, real_gdp: difference to the case's own reference, sum over the cities (100
            million yuan, base-year prices); real_income_pct, real_gdp_pct: per cent of it.
        draws: the same columns, one row per drawn split into sectors; empty when none was asked for.
    """

    cases: pd.DataFrame
    draws: pd.DataFrame

    def column(self, name: str) -> dict[str, float]:
        """A column by case."""
        return dict(zip(map(str, self.cases.index), self.cases[name].tolist(), strict=True))

    def band(self, measure: str) -> tuple[float, float] | None:
        """Smallest and largest gain over the draws; None without draws."""
        if self.draws.empty:
            return None
        return float(self.draws[measure].min()), float(self.draws[measure].max())


def switch_study(run: Run, *, draws: int = 0, tell: Callable[[str], None] | None = None) -> SwitchStudy:
    """Run the cases of a scenario that has a reference.

    Args:
        run: the run whose sign is in question.
        draws: how many imputed splits into sectors to draw (the data set's choice is ``imputation_draws``).
        tell: told what is being run.
    """
    world = run.model.world if run.model is not None else world_of(run.config)
    reference = run.reference.config if run.reference is not None else reference_config(run.config)
    say = tell or (lambda text: None)

    def table(worlds: Iterable[tuple[str, World]]) -> pd.DataFrame:
        rows = {}
        for case, variant in worlds:
            say(f"switched: {case}")
            rows[case] = _net_gain(variant, run.config, reference)
        return pd.DataFrame.from_dict(rows, orient="index", columns=_columns()).rename_axis("case")

    seeds = (run.config.seed, run.config.replicate)
    drawn = ((str(number), drawn_split(world, number, *seeds)) for number in range(1, draws + 1))
    return SwitchStudy(cases=table(_cases(world)), draws=table(drawn))


def _columns() -> list[str]:
    return [name for measure in MEASURES for name in (measure, f"{measure}_pct")]


def _cases(world: World) -> Iterable[tuple[str, World]]:
    yield AS_IT_IS, world
    for case, keys in SWITCHES.items():
        yield case, switched_off(world, keys)
    if "location_quotients" in world.tables:
        yield NATIONAL, national_structure(world)


def _net_gain(world: World, config: RunConfig, reference: RunConfig) -> list[float]:
    """Difference and per cent of every measure, all cities together, last year."""
    base = calibrate(world)
    before = Simulation(reference, base=base)
    before.run()
    after = Simulation(config, base=base, growth=before.growth)
    after.run()
    gains = []
    for measure in MEASURES:
        new, old = (float(model.record[measure][-1, : world.n_cities].sum()) for model in (after, before))
        gains += [new - old, 100 * (new / old - 1)]
    return gains


# --- other worlds -------------------------------------------------------------------------------------------------


def switched_off(world: World, keys: Iterable[str]) -> World:
    """The world with parameters at zero, which may lie outside what is thought possible: that is the question."""
    frame = world.parameters.frame
    values = frame["value"].mask(frame["key"].isin(list(keys)), 0.0)
    return replace(world, tables={**world.tables, "parameters": frame.assign(value=values)})


def national_structure(world: World) -> World:
    """The world whose imputed sectors have national shares in every city: location quotients all one."""
    split = world.value_added[: world.n_cities].copy()
    nation = world.value_added[: world.row].sum(axis=0)
    for own in _imputed_groups(world):
        split[:, own] = split[:, own].sum(axis=1, keepdims=True) * impute.normalise(nation[own])
    return with_split(world, split, "national structure")


def drawn_split(world: World, number: int, seed: int, replicate: int = 0) -> World:
    """The world with one draw of the split into sectors; sums of cities and of sectors are kept."""
    sd = world.parameters.value("imputation_log_sd")
    draw = stream(seed, replicate, "imputation", world.base_year, str(number))
    split = world.value_added[: world.n_cities].copy()
    for own in _imputed_groups(world):
        part = split[:, own]
        noise = np.exp(sd * draw.standard_normal(part.shape))
        split[:, own] = impute.fit_margins(part * noise, part.sum(axis=1), part.sum(axis=0))
    return with_split(world, split, f"draw {number} of the split into sectors")


def _imputed_groups(world: World) -> Iterable[BoolArray]:
    """Sectors ``[sector]`` that share an official total and were split by location quotients."""
    tilted = set(world.tables["location_quotients"]["sector"])
    for group in dict.fromkeys(world.sector_group):
        sectors = zip(world.sector_ids, world.sector_group, strict=True)
        own = np.array([sector in tilted and of == group for sector, of in sectors])
        if own.sum() > 1:
            yield own


def with_split(world: World, split: FloatArray, source: str) -> World:
    """The world with another value added ``[city, sector]``; workers and capital follow it by the rules of the data.

    Totals of every city and of the nation are kept. The rest of the country is the nation less the cities.
    """
    n, row, roc = world.n_cities, world.row, world.roc
    nation = world.value_added[:row].sum(axis=0)
    value_added = np.vstack([split, impute.rest_of_country(nation, split)])
    hands = world.labour[:row].sum(axis=0)
    labour = impute.employment_split(world.labour[:n].sum(axis=1), split, hands / nation)
    labour = np.vstack([labour, impute.rest_of_country(hands, labour)])
    cap = world.parameters.value("labour_share_cap_agriculture")
    primary = np.array([group == "primary" for group in world.sector_group])
    income = impute.capital_income_share(world.labour_share_va, world.production_tax_share_va, primary, cap)
    totals = world.capital[: roc + 1].sum(axis=1)
    capital = impute.capital_split(totals, value_added, income)
    return world.with_value_added(value_added, source).with_labour(labour, source).with_capital(capital, source)
