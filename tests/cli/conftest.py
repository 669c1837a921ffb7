"""Calls the command in this process, as a shell would."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from sim.cli import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def sim(capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """``sim("run", "baseline")`` -> exit code, standard output, standard error."""

    def call(*words: str) -> Answer:
        code = main([str(word) for word in words])
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return call
