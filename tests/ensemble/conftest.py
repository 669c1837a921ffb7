"""Small studies on three invented cities."""

from __future__ import annotations

import pandas as pd
import pytest

from sim.experiments.ensemble.study import Study

SMALL = ("world=three_cities", "horizon=2021")
TRANSFER = (
    *SMALL,
    "policies.industry_transfer.origins=[PRT]",
    "policies.industry_transfer.destinations=[VAL]",
    "policies.industry_transfer.sectors=[MAN]",
    "policies.industry_transfer.start=2020",
)
"""Overrides that make the scenario ``industry_transfer`` one of the small world."""


def results(study: Study) -> dict[str, pd.DataFrame]:
    """Everything a study found, in order, but for how long it took."""
    found = {"runs": study.runs.drop(columns="seconds"), "indicators": study.indicators}
    for name in study.plan.spec.tables:
        found[name] = study.table(name)
    keys = {"runs": ["run"], "indicators": ["run", "scope", "place", "year"]}
    return {
        name: frame.sort_values(keys.get(name, list(frame.columns[:4])), ignore_index=True)
        for name, frame in found.items()
    }


def assert_same(first: Study, second: Study) -> None:
    """Bit for bit the same results."""
    a, b = results(first), results(second)
    assert a.keys() == b.keys()
    for name, frame in a.items():
        assert len(frame) > 0, name
        pd.testing.assert_frame_equal(frame, b[name], check_exact=True)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIM_SCENARIO_PATH", "")  # a folder that a test adds is forgotten after it
    return tmp_path
