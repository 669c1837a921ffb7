"""sim lines as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest


def test_it_ranks_lines_and_writes_who_gains(sim, tmp_path: Path):
    few = ("policies.rail_lines.lines=[husuhu,hangqu]", "horizon=2026")
    done = sim("lines", *few, "--out", tmp_path / "mine")
    assert (done.code, done.err) == (0, "")
    assert done.out.index("Shanghai-Suzhou-Huzhou HSR") < done.out.index("Hangzhou-Quzhou HSR")
    lines, gains = (pd.read_csv(tmp_path / "mine" / f"{name}.csv") for name in ("lines", "gains"))
    assert lines["line"].tolist() == ["husuhu", "hangqu"]
    assert len(gains) == 2 * 41
    told = sim("lines", *few, "--json").json
    assert told["lines"][0]["gain"] == pytest.approx(lines.loc[0, "gain"])
    assert set(told["total"]) == {"gain", "cost_a_year"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("industry_transfer",), "error: policies: industry_transfer opens no railway lines"),
        (("policies.rail_lines.lines=[hushuhu]",), "unknown line 'hushuhu'; did you mean husuhu?"),
        (
            ("policies.rail_lines.opening={husuhu: 2021}",),
            "husuhu opens in 2021, before it exists (allowed: 2025 or later)",
        ),
        (("world=three_cities",), "the data set three_cities has no railway lines that open"),
        (
            ("policies.rail_lines.lines=[changtai]",),
            "lines.csv, column cost: the cost of the road changtai is not known",
        ),
        (("policies.rail_lines.service=2",), "policies.rail_lines.service: 2 is above 1"),
    ],
)
def test_what_is_wrong_is_one_line(sim, words, message):
    done = sim("lines", *words)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_the_lines_of_a_data_set_are_listed(sim):
    rows = {row["line"]: row for row in sim("list", "lines", "--json").json}
    assert rows["husuhu"]["opens"] == "2024-12-26"
    assert "lines.csv: the data set three_cities has none" in sim("list", "lines", "--world", "three_cities").err
