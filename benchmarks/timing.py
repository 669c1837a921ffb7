"""Measuring on a shared machine: compared calls alternate, so that drift cancels, and medians are taken."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Setup = Callable[[], Callable[[], object]]
"""Prepares one call outside the clock and returns it."""


@dataclass(frozen=True)
class Row:
    """One line of the table; ``goal`` is the largest value wanted, or the smallest if ``at_least``."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def alternate(repeats: int, *setups: Setup) -> list[list[float]]:
    """Seconds of ``repeats`` calls of each, taken in turns."""
    times: list[list[float]] = [[] for _ in setups]
    for _ in range(repeats):
        for setup, taken in zip(setups, times, strict=True):
            call = setup()
            started = time.perf_counter()
            made = call()
            taken.append(time.perf_counter() - started)
            del made  # taking it apart is not measured
    return times


def median(values: list[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def ratio(numerator: list[float], denominator: list[float]) -> float:
    """Median of the ratios of calls made right after each other."""
    return statistics.median(a / b for a, b in zip(numerator, denominator, strict=True))


def number(value: float) -> str:
    """Three significant digits, without exponents."""
    digits = 0 if value == 0 else max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{digits}f}"


def markdown(title: str, rows: list[Row]) -> str:
    """A table of rows under a heading."""
    lines = [f"### {title}", "", "| What | Measured | Goal | |", "|---|--:|--:|---|"]
    for row in rows:
        goal = ""
        if row.goal is not None:
            goal = f"{'at least' if row.at_least else 'at most'} {number(row.goal)} {row.unit}"
        verdict = {None: "", True: "reached", False: "missed"}[row.reached]
        remark = "; ".join(part for part in (verdict, row.note) if part)
        lines.append(f"| {row.what} | {number(row.value)} {row.unit} | {goal} | {remark} |")
    return "\n".join(lines)


def machine() -> str:
    """Processor, cores, Python and libraries; no names of hosts or paths."""
    import numba

    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        clock = next(float(line.split(":", 1)[1]) for line in lines if line.startswith("cpu MHz"))
        model += f", {clock / 1000:.1f} GHz"
    except (OSError, StopIteration):
        pass
    return (
        f"{model}, {os.cpu_count()} cores; {platform.system()}; Python {platform.python_version()}, "
        f"numpy {np.__version__}, numba {numba.__version__}"
    )
