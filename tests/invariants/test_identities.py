"""The books close: every identity to 1e-9 of the regional total, in every scenario, at every solver tolerance."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.calibration import calibrate
from sim.compose import compose
from sim.core.errors import SimulationError
from sim.datasets.world import World
from sim.indicators.identities import ALLOWED, IDENTITIES, check_identities, identities, ownership
from sim.mechanisms.base_year import BaseYear
from sim.year import Simulation
from tests.worlds import POLICIES, SHARING, small_model

SCENARIOS = ("baseline", "industry_transfer", "market_integration")
TOLERANCES = (1e-4, 1e-8, 1e-12)


@cache
def base_year(world: str) -> BaseYear:
    return calibrate(World.load(world))


def simulate(world: str, scenario: str, tolerance: float) -> Simulation:
    overrides = [f"tolerance={tolerance}", "check_identities=false"]
    if world == "three_cities":
        overrides += ["world=three_cities"]
        if scenario == "industry_transfer":
            overrides += [
                'policies.industry_transfer.origins=["PRT"]',
                'policies.industry_transfer.destinations=["MIL","VAL"]',
                'policies.industry_transfer.sectors=["MAN"]',
            ]
    simulation = Simulation(compose(scenario, overrides), base=base_year(world))
    simulation.run()
    return simulation


@pytest.mark.parametrize("tolerance", TOLERANCES)
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("world", ["three_cities", "yangtze_delta"])
def test_books_close_in_every_scenario_at_every_tolerance(world, scenario, tolerance):
    simulation = simulate(world, scenario, tolerance)
    errors = identities(simulation.record, simulation.base) | {"ownership": ownership(simulation)}
    assert errors.keys() == IDENTITIES.keys() | {"ownership"}
    open_books = {name: error for name, error in errors.items() if not error <= ALLOWED}
    assert not open_books


@pytest.mark.parametrize("policies", [{}, *({name: values} for name, values in POLICIES.items()), POLICIES])
def test_a_run_that_checks_its_books_goes_through(policies):
    simulation = small_model(policies, check_identities=True)
    simulation.run()
    assert simulation.record.n_done == len(simulation.years)


def share() -> st.SearchStrategy[Any]:
    number = st.floats(0.0, 1.0)
    return st.one_of(
        number,
        st.dictionaries(st.integers(2020, 2026), number, min_size=1, max_size=3),
        st.fixed_dictionaries({"age": st.dictionaries(st.integers(0, 6), number, min_size=1, max_size=3)}),
    )


@st.composite
def policies(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Any mix of the policies there are, of any strength."""
    cities = ["PRT", "MIL", "VAL"]
    origin = draw(st.sampled_from(cities))
    start = draw(st.integers(2020, 2025))
    transfer = {
        "start": start,
        "end": start + draw(st.integers(0, 5)),
        "origins": [origin],
        "destinations": draw(st.lists(st.sampled_from([c for c in cities if c != origin]), min_size=1, unique=True)),
        "sectors": ["MAN"],
        "pace": draw(st.floats(0.0, 0.5)),
        "incentive": draw(st.floats(0.0, 0.5)),
        "origin_share": draw(share()),
        "term": draw(st.integers(0, 10)),
        "capped": draw(st.booleans()),
        "gdp_attribution": draw(st.floats(0.0, 1.0)),
    }
    integration = {"start": start, "end": start + draw(st.integers(0, 5)), "reduction": draw(st.floats(0.0, 1.0))}
    kinds = [name for name in SHARING["contracts"] if name != "park" or origin != "MIL"]  # one contract a plant
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, unique=True))
    sharing = SHARING | {"in_force": chosen, "strength": draw(st.floats(0.0, 1.0))}
    every = {"industry_transfer": transfer, "market_integration": integration, "tax_sharing": sharing}
    return {name: every[name] for name in draw(st.sets(st.sampled_from(sorted(every)), min_size=1))}


@given(policies(), st.sampled_from(TOLERANCES))
@settings(max_examples=40)
def test_books_close_under_any_policy(values, tolerance):
    simulation = small_model(values, tolerance=tolerance)
    for _ in simulation.years:
        simulation.step()
        check_identities(simulation)
    assert max(identities(simulation.record, simulation.base).values()) <= ALLOWED


BROKEN = {
    "income": "wage_income",
    "households": "disposable_income",
    "city_budgets": "own_revenue",
    "province_budgets": "province_service",
    "centre_budget": "central_service",
    "everybody": "central_tax",
    "factor_income": "profit_paid",
    "saving": "saving",
    "output": "output",
    "purchases": "expenditure",
    "spending": "final_expenditure",
    "current_account": "net_inflow",
    "balance_of_payments": "interest_received",
    "positions": "foreign_capital",
    "contracts": "shared_revenue",
    "attribution": "attributed_gdp",
    "capital": "capital",
    "investment_volume": "investment_volume",
    "public_capital": "public_capital",
    "people": "resident_population",
    "register": "away",
    "debt": "debt",
}
"""Identity -> an array whose change it must notice."""


def test_every_identity_is_put_to_the_test():
    assert BROKEN.keys() == IDENTITIES.keys()


@pytest.mark.parametrize(("identity", "field"), BROKEN.items())
def test_an_identity_notices_one_wrong_cell(identity, field):
    simulation = small_model(POLICIES, horizon=2024)
    simulation.run()
    array = simulation.record.arrays[field][3]
    array.flat[0] += 1e-6 * max(np.abs(array).max(), simulation.record["gdp"].max())
    assert identities(simulation.record, simulation.base)[identity] > ALLOWED


def test_books_that_do_not_close_stop_the_run_with_their_name():
    simulation = small_model()
    simulation.step()
    simulation.record.arrays["city_service"][0, 0] += 1.0
    with pytest.raises(SimulationError, match=r"2019 do not close: city_budgets is off by .*Receipts of every city"):
        check_identities(simulation)


def test_ownership_notices_capital_without_an_owner():
    simulation = small_model()
    simulation.step()
    assert ownership(simulation) < ALLOWED
    simulation.state.capital_by_origin[1, 0, 0] *= 1.0 + 1e-6
    assert ownership(simulation) > ALLOWED
