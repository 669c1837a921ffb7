"""Nothing in the model is made for one region: worlds of another shape calibrate, run and keep their books.

The worlds are the three-city one with cities left out, in another order or under other names, one province instead of
two, sectors that some cities or all of them do without, other sectors that can move, another base year, no figures on
registration in the rest of the country, other elasticities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.calibration import calibrate
from sim.core.state import FIELDS
from sim.datasets import three_cities
from sim.datasets.schema import TABLES
from sim.datasets.world import World
from sim.experiments.run import _finished
from sim.indicators.identities import ALLOWED, IDENTITIES, identities, ownership
from sim.report import html
from sim.year import Simulation
from tests.worlds import small_model

CITIES, SECTORS = ("PRT", "MIL", "VAL"), ("AGR", "MAN", "SRV")
YEARS = 5
NAMES = {
    "PRT": "C-1",
    "MIL": "C-2",
    "VAL": "C-3",
    "AGR": "FARM",
    "MAN": "WORK",
    "SRV": "TALK",
    "CO": "EAST",
    "IN": "WEST",
}
ELASTICITIES = {
    "trade_elasticity": (1.5, 8.0),
    "investment_return_elasticity": (0.5, 2.0),
    "relocation_return_elasticity": (0.5, 3.0),
    "relocation_hazard": (0.005, 0.03),
    "agglomeration_elasticity": (0.03, 0.08),
    "congestion_elasticity": (0.02, 0.08),
    "diffusion_rate": (0.0, 0.05),
}
"""Parameters that a world may change, and between which values."""


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Made-up worlds leave nothing in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@dataclass(frozen=True)
class Shape:
    """How a world differs from the three-city one."""

    cities: tuple[str, ...] = CITIES
    one_province: bool = False
    missing: tuple[tuple[str, str], ...] = ()  # (city, sector): made by the next sector of the city instead
    mobile: tuple[str, ...] = ("MAN",)
    base_year: int = 2019
    registration: bool = True
    renamed: bool = False
    values: tuple[tuple[str, float], ...] = ()

    def world(self) -> World:
        """The world of this shape."""
        tables = {name: frame.copy() for name, frame in three_cities().tables.items() if TABLES[name].required}
        _keep_cities(tables, self.cities)
        if self.one_province:
            _one_province(tables)
        for city, sector in self.missing:
            _do_without(tables, city, sector)
        tables["sectors"]["is_mobile"] = tables["sectors"]["sector"].isin(self.mobile).astype(float)
        for name in ("region_values", "national"):
            tables[name]["year"] += self.base_year - 2019
        values = tables["region_values"]
        if not self.registration:
            tables["region_values"] = values[
                (values["region"] != "ROC") | (values["variable"] != "registered_population")
            ]
        if self.renamed:
            tables = {name: frame.replace(NAMES) for name, frame in tables.items()}
        return World.from_tables(base_year=self.base_year, **tables).with_parameters(dict(self.values))


def _keep_cities(tables: dict[str, pd.DataFrame], cities: tuple[str, ...]) -> None:
    """These cities, in this order; provinces without a city are left out with all that belongs to them."""
    regions = tables["regions"].set_index("region", drop=False)
    tables["regions"] = regions.loc[[*cities, "ROC", "ROW"]].reset_index(drop=True)
    gone = set(CITIES) - set(cities)
    for name, columns in {"travel_times": ("origin", "destination"), "targets": ("place",)}.items():
        tables[name] = tables[name][~tables[name][list(columns)].isin(gone).any(axis=1)]
    for name in ("value_added", "employment", "capital", "region_values"):
        tables[name] = tables[name][~tables[name]["region"].isin(gone)]
    _keep_provinces(tables, set(tables["regions"]["province"]))


def _keep_provinces(tables: dict[str, pd.DataFrame], kept: set[str]) -> None:
    gone = set(tables["provinces"]["province"]) - kept
    for name, column in {"provinces": "province", "location_quotients": "province", "parameters": "place"}.items():
        if name in tables:
            tables[name] = tables[name][~tables[name][column].isin(gone)]


def _one_province(tables: dict[str, pd.DataFrame]) -> None:
    """All cities belong to the province of the first one."""
    regions = tables["regions"]
    regions.loc[regions["kind"] == "city", "province"] = regions["province"].iloc[0]
    _keep_provinces(tables, set(regions["province"]))


def _do_without(tables: dict[str, pd.DataFrame], city: str, sector: str) -> None:
    """A city makes nothing of a sector; value added, workers and capital are the next sector's."""
    other = SECTORS[(SECTORS.index(sector) + 1) % len(SECTORS)]
    for name in ("value_added", "employment", "capital"):
        frame = tables[name]
        here = frame["region"] == city
        value = frame.loc[here & (frame["sector"] == sector), "value"].sum()
        frame.loc[here & (frame["sector"] == other), "value"] += value
        frame.loc[here & (frame["sector"] == sector), "value"] = 0.0


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    cities = tuple(draw(st.permutations(CITIES))[: draw(st.integers(1, 3))])
    missing = {city: draw(st.sampled_from([*SECTORS, None, None])) for city in cities}
    values = {key: draw(st.floats(low, high)) for key, (low, high) in ELASTICITIES.items() if draw(st.booleans())}
    return Shape(
        cities=cities,
        one_province=draw(st.booleans()),
        missing=tuple((city, sector) for city, sector in missing.items() if sector),
        mobile=tuple(draw(st.sets(st.sampled_from(SECTORS)))),
        base_year=draw(st.sampled_from([2017, 2019, 2023, 2025])),
        registration=draw(st.booleans()),
        renamed=draw(st.booleans()),
        values=tuple(values.items()),
    )


def simulate(world: World) -> Simulation:
    """Five years with both policies: plants leave the first city for the others."""
    first, *others = world.region_ids[: world.n_cities]
    start, end = world.base_year + 1, world.base_year + YEARS
    policies: dict[str, Any] = {"market_integration": {"start": start, "end": end, "reduction": 0.5}}
    mobile = [sector for sector, moves in zip(world.sector_ids, world.sector_is_mobile, strict=True) if moves]
    if others and mobile:
        policies["industry_transfer"] = {
            "start": start,
            "end": end,
            "origins": [first],
            "destinations": others,
            "sectors": mobile,
            "pace": 0.05,
            "incentive": 0.1,
            "origin_share": 0.5,
            "term": 3,
            "capped": True,
            "gdp_attribution": 0.3,
        }
    simulation = small_model(policies, base=calibrate(world), horizon=end)
    simulation.run()
    return simulation


def not_finite(simulation: Simulation) -> list[str]:
    """Names of what holds a number that is none."""
    record, state = simulation.record, simulation.state
    arrays = {name: record[name] for name in (*record.arrays, "trade")}
    arrays |= {f"state.{field.name}": getattr(state, field.name) for field in FIELDS} | {"state.cohorts": state.cohorts}
    return [name for name, array in arrays.items() if not np.isfinite(array).all()]


@given(shapes())
@example(Shape(cities=("VAL",), mobile=()))
@example(
    Shape(cities=("MIL", "PRT"), missing=(("MIL", "MAN"), ("PRT", "MAN")))
)  # plants could move, but there are none
@example(Shape(base_year=2023))
@example(Shape(base_year=2025, one_province=True, registration=False))
@settings(max_examples=60)
def test_any_region_runs_and_keeps_its_books(shape):
    world = shape.world()
    simulation = simulate(world)
    assert not_finite(simulation) == []
    assert simulation.record.n_done == YEARS + 1
    np.testing.assert_allclose(
        simulation.record["value_added"][0, : world.row], world.value_added[: world.row], rtol=1e-6, atol=1e-9
    )
    errors = identities(simulation.record, simulation.base) | {"ownership": ownership(simulation)}
    assert errors.keys() == IDENTITIES.keys() | {"ownership"}
    assert {name: error for name, error in errors.items() if not error <= ALLOWED} == {}


@given(shapes())
@settings(max_examples=30)
def test_who_makes_nothing_of_a_sector_never_does(shape):
    world = shape.world()
    simulation = simulate(world)
    nothing = world.value_added[: world.row] == 0.0
    for name in ("value_added", "output", "capital", "labour"):
        assert simulation.record[name][:, : world.row][:, nothing].sum() == 0.0, name


@pytest.mark.parametrize("base_year", [2019, 2022, 2023, 2025])
def test_land_revenue_never_rises_by_its_own_decline(base_year):
    """The path of land revenue over own revenue falls or stays, whatever the base year is."""
    record = simulate(Shape(base_year=base_year).world()).record
    ratio = record["land_revenue"][:, :3] / record["own_revenue"][:, :3]
    assert (np.diff(ratio, axis=0) <= 1e-12).all()


def test_a_region_of_one_city_is_reported():
    """Inequality is zero and has no change in per cent; every table and the page can be made."""
    world = Shape(cities=("VAL",), mobile=()).world()
    run = _finished(simulate(world), None, {}, None)
    page = html.render(run)
    assert "Valley City" in page
    values = run.indicators[run.indicators["year"] > world.base_year]["value"]
    assert np.isfinite(values).all()


def test_names_mean_nothing():
    """Other names of cities, provinces and sectors: the same numbers, bit for bit."""
    one, other = (simulate(Shape(renamed=renamed).world()) for renamed in (False, True))
    for name in one.record.arrays:
        np.testing.assert_array_equal(one.record[name], other.record[name], err_msg=name)
