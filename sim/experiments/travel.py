"""Times, money and generalised cost between all cities by mode: ``python -m sim.experiments.travel [YEAR [FILE]]``.

People go by rail (door to door) or car, goods by truck or water (with handling). Generalised cost is money and time at
its value. The model's trade costs take times only; this says which mode is the cheaper one, and what an opening does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.core.arrays import FloatArray
from sim.datasets.travel_rules import MINUTES_PER_HOUR
from sim.datasets.world import World
from sim.mechanisms.infrastructure import Network

if TYPE_CHECKING:
    from collections.abc import Sequence


def by_mode(world: World, year: int) -> pd.DataFrame:
    """One row per pair of cities, what travels, and mode, with the lines opened by a year.

    Columns: origin, destination, traveller (person, tonne), mode, minutes from door to door, yuan, generalised (yuan
    with the time at its value). A mode that does not connect a pair has no row.
    """
    p, network = world.parameters, Network.of(world)
    service = (world.line_opening <= year).astype(np.float64)
    rules, km = network.rules, network.road(service)
    water = network.water(service)
    modes: list[tuple[str, str, FloatArray, FloatArray]] = [
        ("person", "rail", network.rail(service) + rules.access,
         p.value("rail_fare") * p.value("rail_detour") * world.city_distance_km),
        ("person", "car", rules.car.minutes(km), p.value("car_cost") * km),
        ("tonne", "truck", rules.truck.minutes(km), p.value("road_tariff") * km),
        ("tonne", "water", water + rules.ports,
         p.value("water_tariff") * water * p.value("water_speed") / MINUTES_PER_HOUR + p.value("handling_tariff")),
    ]  # fmt: skip
    value = {"person": p.value("time_value_person"), "tonne": p.value("time_value_goods")}
    ids = np.array(world.region_ids[: world.n_cities])
    parts = []
    for traveller, mode, minutes, yuan in modes:
        one, other = np.nonzero(np.isfinite(minutes) & ~np.eye(len(ids), dtype=bool))
        part = pd.DataFrame({"origin": ids[one], "destination": ids[other], "traveller": traveller, "mode": mode})
        part["minutes"], part["yuan"] = minutes[one, other], yuan[one, other]
        parts.append(part.assign(generalised=part["yuan"] + part["minutes"] / MINUTES_PER_HOUR * value[traveller]))
    return pd.concat(parts, ignore_index=True)


def summary(table: pd.DataFrame) -> str:
    """By traveller and mode: pairs it connects, and in how many it is the faster and the cheaper mode."""
    pair = ["origin", "destination", "traveller"]
    best = {
        "faster": table.loc[table.groupby(pair)["minutes"].idxmin()],
        "cheaper": table.loc[table.groupby(pair)["generalised"].idxmin()],
    }
    by = ["traveller", "mode"]
    shown = table.groupby(by).agg(pairs=("minutes", "size"), minutes=("minutes", "mean"), yuan=("yuan", "mean"))
    for word, rows in best.items():
        shown[word] = rows.groupby(by).size().reindex(shown.index, fill_value=0)
    return shown.round(1).reset_index().to_string(index=False)


def main(words: Sequence[str]) -> None:
    """Print the summary of a year; write the table where a file is named."""
    table = by_mode(World.load("yangtze_delta"), int(words[0]) if words else 2019)  # unit: calendar year
    print(summary(table))
    if len(words) > 1:
        table.to_csv(words[1], index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
