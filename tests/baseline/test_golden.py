"""Results move only when somebody says so: a few numbers of a few runs against golden.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.baseline import golden

KEPT = yaml.safe_load(golden.FILE.read_text(encoding="utf-8"))
PRECISION = 1e-6


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, node


def test_the_file_holds_the_runs_there_are():
    assert list(KEPT) == list(golden.RUNS), "python -m tests.baseline.golden"


@pytest.mark.parametrize("name", golden.RUNS)
def test_numbers_are_where_they_were(name):
    found, kept = dict(leaves(golden.compute(name))), dict(leaves(KEPT[name]))
    assert found.keys() == kept.keys()
    moved = {
        " ".join(map(str, path)): (kept[path], value)
        for path, value in found.items()
        if value != pytest.approx(kept[path], rel=PRECISION, abs=PRECISION)
    }
    assert not moved, "if it is meant: python -m tests.baseline.golden, and CHANGELOG.md"
