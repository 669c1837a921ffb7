"""Economies of hundreds of regions, made from the real one, and the time and memory of their warm years.

Every city is split into parts of unequal size and mix that lie near each other; budgets and people follow size. The
economy is calibrated and run like the real one, with the full closure (incomes, budgets, claims on moved plants) and
the solver's memory, so a warm year is one of a run: capital, labour and productivity have moved since the last.
``python -m benchmarks.large 300`` measures one size in a process of its own, so that its peak memory is known.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.timing import Row, alternate, median
from benchmarks.year import Problem, config, prepared, visiting
from sim.calibration import calibrate
from sim.datasets.world import World
from sim.year import Simulation

YEARS = 5  # drift years, the first of them with an empty memory
SIZE_SPREAD = 0.6  # standard deviation of log size of the parts of a city
MIX_SPREAD = 0.2  # of log value added of a sector in a part, besides its size
INTENSITY_SPREAD = 0.05  # of log capital and labour per value added
TIME_SPREAD = 0.1  # of log travel time between parts of different cities
BYTES_PER_MB = 1e6
WITHOUT = ("parts", "part_shares", "part_travel_times", "groups")
HELD_BY_FIRST = {
    "gateways": ["region"], "rivers": ["city"], "nodes": ["region"], "trains": ["origin", "destination"],
}  # fmt: skip
"""What a city has by its name, its first part has."""
GOALS = {300: 20.0, 1000: 400.0}


def split_world(world: World, n_regions: int, seed: int = 1) -> World:
    """A world of so many regions, two of them the rest of country and world, whose cities are parts of real ones."""
    rng = np.random.default_rng(seed)
    n_parts = n_regions - 2
    parent = np.sort(np.arange(n_parts) % world.n_cities)
    parent = np.concatenate([parent, [world.roc, world.row]])
    share = _shares(rng.normal(0.0, SIZE_SPREAD, n_regions), parent)
    mix = _shares(np.log(share)[:, None] + rng.normal(0.0, MIX_SPREAD, (n_regions, world.n_sectors)), parent)
    regions = world.tables["regions"].iloc[parent].reset_index(drop=True)
    regions["region"] = [f"{place}-{k}" if k < n_parts else place for k, place in enumerate(regions["region"])]
    for column in ("area_km2", "buildable_land_km2"):
        regions[column] *= share
    tables = {name: table for name, table in world.tables.items() if name not in WITHOUT}
    first = dict(zip(np.array(world.region_ids)[parent][::-1], regions["region"][::-1], strict=True))
    for name, columns in HELD_BY_FIRST.items():
        tables[name] = tables[name].assign(**{key: tables[name][key].replace(first) for key in columns})
    large = World(f"{world.name}_{n_regions}", "", world.base_year, {**tables, "regions": regions})
    value_added = world.value_added[parent] * mix
    intensity = np.exp(rng.normal(0.0, INTENSITY_SPREAD, (2, *mix.shape)))
    stocks = {
        "value_added": value_added,
        "labour": world.labour[parent] * mix * intensity[0],
        "capital": world.capital[parent] * mix * intensity[1],
        "land_price": world.land_price[parent],
        "travel_time_freight": _times(world.travel_time_freight, parent, rng),
        "travel_time_passenger": _times(world.travel_time_passenger, parent, rng),
    }
    for name in ("resident_population", "registered_population", "own_revenue", "public_spending", "debt"):
        stocks[name] = getattr(world, name)[parent] * share
    stocks["urban_population"] = world.urban_population[parent] * share
    census = world.census.iloc[parent[:n_parts]].mul(share[:n_parts], axis=0)
    stocks["census"] = census.set_axis(list(regions["region"][:n_parts]))
    large.__dict__.update(stocks)  # in place of the tables that these cached properties would be read from
    return large


def _shares(log_size: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Sizes that sum to one over the parts of a place."""
    size = np.exp(log_size)
    total = np.zeros((parent.max() + 1, *size.shape[1:]))
    np.add.at(total, parent, size)
    return size / total[parent]


def _times(minutes: np.ndarray, parent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Between parts of two cities the cities' time, give or take; inside a city its own time, less within a part."""
    noise = rng.normal(0.0, TIME_SPREAD, (parent.size, parent.size))
    times = minutes[np.ix_(parent, parent)] * np.exp((noise + noise.T) / np.sqrt(2.0))
    parts = np.bincount(parent)[parent]
    own = np.arange(parent.size)
    times[own, own] = minutes[parent, parent] / np.sqrt(parts)
    return times


def measure(n_regions: int, repeats: int) -> dict[str, float | list[float]]:
    """Solve some years of a large economy; milliseconds and sweeps by year, seconds of calibration, megabytes."""
    started = time.perf_counter()
    base = calibrate(split_world(World.load("yangtze_delta"), n_regions))
    calibrated = time.perf_counter() - started
    years: list[tuple[float, int]] = []

    def visit(problem: Problem) -> None:
        if problem.year > simulation.world.base_year:
            years.append((median(alternate(repeats, lambda: prepared(problem))[0]) * 1e3, 0))

    simulation = Simulation(config(base.world.base_year + YEARS), base=base)
    started = time.perf_counter()
    with visiting(simulation, visit):
        simulation.run()
    run = time.perf_counter() - started
    people = next(phase for phase in simulation.phases if phase.name == "people")
    state, levers = simulation.state, simulation.levers
    moving = alternate(repeats, lambda: partial(people.update, state.copy(), levers))[0]
    return {
        "people": median(moving) * 1e3,
        "milliseconds": [years[k][0] for k in range(YEARS)],
        "sweeps": [entry["sweeps"] for entry in simulation.solver[1:]],
        "calibration": calibrated,
        "run": run,
        "kappa": simulation.market.technology.kappa.nbytes / BYTES_PER_MB,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / BYTES_PER_MB,
    }


def scaling(repeats: int) -> list[Row]:
    """Warm years of 300 and 1,000 regions, each measured in its own process."""
    rows = []
    for n_regions, goal in GOALS.items():
        command = [sys.executable, "-m", "benchmarks.large", str(n_regions), str(repeats)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
        found = json.loads(done.stdout)
        first, *later = zip(found["milliseconds"], found["sweeps"], strict=True)
        middle = sorted(later)[len(later) // 2]
        memory = f"trade costs {found['kappa']:,.0f} MB, process at most {found['peak']:,.0f} MB"
        rows += [
            Row(f"{n_regions:,} regions x 14 sectors, warm year", middle[0], "ms", goal,
                note=f"{middle[1]} sweeps; full closure; {memory}"),
            Row(f"{n_regions:,} regions, first warm year", first[0], "ms", goal,
                note=f"{first[1]} sweeps, memory empty; calibration {found['calibration']:.0f} s"),
            Row(f"{n_regions:,} regions, where people live and work next year", found["people"], "ms",
                note=f"moves between {n_regions:,} x {n_regions:,} places by register; six years {found['run']:.1f} s"),
        ]  # fmt: skip
    return rows


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)))
