"""Runs to report: the real region with and without a policy, three cities, and a policy that does nothing."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from sim.experiments.run import Run, run

SMALL = [
    "world=three_cities",
    'policies.industry_transfer.origins=["PRT"]',
    'policies.industry_transfer.destinations=["MIL","VAL"]',
    'policies.industry_transfer.sectors=["MAN"]',
    "horizon=2026",
]
"""Turns the scenario industry_transfer into one of the three-city world."""

Change = Callable[[Run, str, Callable[[pd.DataFrame], None]], Run]


@pytest.fixture(scope="session")
def transfer() -> Run:
    return run("industry_transfer", overrides=["horizon=2027"])


@pytest.fixture(scope="session")
def baseline() -> Run:
    return run("baseline", overrides=["horizon=2026"])


@pytest.fixture(scope="session")
def integration() -> Run:
    return run("market_integration", overrides=["horizon=2024"])


@pytest.fixture(scope="session")
def small() -> Run:
    return run("industry_transfer", overrides=SMALL)


@pytest.fixture(scope="session")
def still() -> Run:
    """A policy without strength."""
    return run("industry_transfer", overrides=[*SMALL, "policies.industry_transfer.pace=0"])


@pytest.fixture(scope="session", params=["transfer", "baseline", "integration", "small", "still"])
def any_run(request: pytest.FixtureRequest) -> Run:
    found: Run = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def changed() -> Change:
    """The same run with one of its tables changed by a function."""
    import pyarrow as pa

    def change(run: Run, table: str, edit: Callable[[pd.DataFrame], None]) -> Run:
        frame = run.frame(table).copy()
        edit(frame)
        arrow = {**run.arrow, table: pa.Table.from_pandas(frame, preserve_index=False)}
        return Run(run.config, run.info, arrow, run.reference, None, run.model)

    return change
