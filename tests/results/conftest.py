"""One run of the real region and one of three cities, each beside its reference and in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.experiments.run import Run, load, run

SMALL = [
    "world=three_cities",
    'policies.industry_transfer.origins=["PRT"]',
    'policies.industry_transfer.destinations=["MIL","VAL"]',
    'policies.industry_transfer.sectors=["MAN"]',
    "policies.industry_transfer.incentive=0.02",
    "horizon=2027",
]
"""Turns the scenario industry_transfer into one of the three-city world."""


@pytest.fixture(scope="session")
def transfer(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Industry transfer in the real region, kept in memory and in a folder."""
    folder = tmp_path_factory.mktemp("runs") / "transfer"
    return run("industry_transfer", overrides=["horizon=2028", "policies.industry_transfer.incentive=0.05"], out=folder)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Industry transfer in the three-city world, kept in memory and in a folder."""
    return run("industry_transfer", overrides=SMALL, out=tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="session")
def stored(transfer: Run) -> Run:
    """The real region's run as read from its folder."""
    return load(Path(transfer.folder or ""))


@pytest.fixture(scope="session", params=["transfer", "small"])
def any_run(request: pytest.FixtureRequest) -> Run:
    found: Run = request.getfixturevalue(request.param)
    return found
