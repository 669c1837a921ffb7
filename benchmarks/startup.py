"""Whole processes as a user starts them, from the wall clock."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.timing import Row, alternate, median

SIM = Path(sys.executable).with_name("sim")


def _seconds(repeats: int, *commands: Sequence[str | Path]) -> list[float]:
    """Median wall time of each command in an empty folder, after one call that fills caches."""
    with tempfile.TemporaryDirectory() as folder:
        calls = [
            lambda command=command: subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
            for command in commands
        ]
        for call in calls:
            call()
        return [median(times) for times in alternate(repeats, *(lambda call=call: call for call in calls))]


def start_up(repeats: int) -> list[Row]:
    """Help, import, and the second run of the main scenario with and without report."""
    help_, bare, package = _seconds(
        max(repeats, 5), (SIM, "--help"), (sys.executable, "-c", "pass"), (sys.executable, "-c", "import sim")
    )
    listing = _seconds(repeats, (SIM, "list", "scenarios"))[0]
    with tempfile.TemporaryDirectory() as folder:
        out = ("--quiet", "--force", "--out", os.path.join(folder, "run"))
        full, tables = _seconds(
            repeats, (SIM, "run", "industry_transfer", *out), (SIM, "run", "industry_transfer", "--no-report", *out)
        )
    return [
        Row("sim --help", help_, "s", 0.2, note=f"python alone {bare:.3f} s"),
        Row("import sim", package, "s"),
        Row("sim list scenarios", listing, "s"),
        Row("sim run industry_transfer, second time", full, "s", 5.0),
        Row("the same without the report", tables, "s", 3.0),
    ]
