"""Numbers of a few runs, kept to notice when results move: ``python -m tests.baseline.golden`` writes them anew.

When a change is meant to move results, refresh the file and say so in CHANGELOG.md ("numbers change").
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sim.experiments.run import Run, run

FILE = Path(__file__).with_name("golden.yaml")
DIGITS = 9

SMALL_TRANSFER = [
    "world=three_cities",
    'policies.industry_transfer.origins=["PRT"]',
    'policies.industry_transfer.destinations=["MIL","VAL"]',
    'policies.industry_transfer.sectors=["MAN"]',
]
RUNS: dict[str, tuple[str, list[str]]] = {
    "three cities": ("baseline", ["world=three_cities"]),
    "three cities, industry transfer": ("industry_transfer", SMALL_TRANSFER),
    "three cities, one market": ("market_integration", ["world=three_cities"]),
    "three cities, shocks": ("baseline", ["world=three_cities", "shocks.enabled=true"]),
    "yangtze delta": ("baseline", []),
    "yangtze delta, industry transfer": ("industry_transfer", []),
    "yangtze delta, one market": ("market_integration", []),
}
CITIES = ("gdp", "real_gdp", "real_income", "own_revenue", "transfer_net", "capital", "price_index")
PLACES = {
    "three_cities": ("PRT", "MIL", "VAL", "ROC"),
    "yangtze_delta": ("310000", "320500", "340100", "341200", "ROC"),
}
YEARS = (2019, 2022, 2035)


def summary(done: Run) -> dict[str, Any]:
    """A few places, years and quantities, and the region's indicators."""
    cities = done.cities.set_index(["year", "region"])
    region = done.indicators[done.indicators["scope"] == "region"].set_index(["indicator", "year"])["value"]
    return {
        "cities": {
            place: {year: {name: _rounded(cities.loc[(year, place), name]) for name in CITIES} for year in YEARS}
            for place in PLACES[done.info["data"]["name"]]
        },
        "region": {name: _rounded(region[name, YEARS[-1]]) for name in region.index.unique("indicator")},
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def compute(name: str) -> dict[str, Any]:
    scenario, overrides = RUNS[name]
    return summary(run(scenario, overrides=overrides))


def main() -> None:
    content = {name: compute(name) for name in RUNS}
    FILE.write_text(yaml.safe_dump(content, sort_keys=False, width=120), encoding="utf-8")
    print(f"wrote {FILE}")


if __name__ == "__main__":
    main()
