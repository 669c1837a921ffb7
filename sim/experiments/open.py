"""Opening what was written: a run or a study, by its folder."""

from __future__ import annotations

from pathlib import Path

from sim.experiments.ensemble import parts
from sim.experiments.ensemble.study import Study
from sim.experiments.run import Run
from sim.experiments.run import load as load_run


def load(path: str | Path) -> Run | Study:
    """A run or a study from its folder; a scenario's name means its latest run under ./outputs.

    Raises:
        InputError: there is nothing of the kind, or a file of it cannot be read.
    """
    return Study(path) if parts.holds_study(Path(path)) else load_run(path)
