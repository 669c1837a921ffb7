"""``sim doctor``: is this installation sound? Versions, cache, threads, and two cases solved."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sim import __version__
from sim.commands import common

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARIES = ("numpy", "numba", "llvmlite", "pandas", "scipy", "mesa", "pydantic", "hydra-core", "pyarrow", "plotly")
OPENMP = "install libgomp (Debian: apt-get install libgomp1); until then the kernels run on one thread"

# Two equal regions, elasticity 4, trade cost 1.5: source: share of own goods 1/(1 + 1.5^-4), gain from trade that
# share to the power -1/4 (Arkolakis, Costinot and Rodriguez-Clare 2012).
ELASTICITY, TRADE_COST, OWN_SHARE, GAIN = 4.0, 1.5, 0.8350515464, 1.0460963309  # unit: 1
PRECISION = 1e-9


class Finding(NamedTuple):
    check: str
    ok: bool
    value: str
    advice: str = ""


def parser() -> common.Parser:
    return common.parser("doctor", "is this installation sound? versions, cache, threads, two solved cases")


def execute(arguments: argparse.Namespace) -> int:
    """Exit code 1 when a check fails that results depend on."""
    findings = list(examine())
    sound = all(finding.ok for finding in findings)
    lines = [
        f"{'ok ' if f.ok else 'BAD'}  {f.check:<22} {f.value}{f'  -> {f.advice}' if f.advice else ''}" for f in findings
    ]
    verdict = "everything is in order" if sound else "something is wrong: see the lines marked BAD"
    common.emit(arguments, {"ok": sound, "findings": [f._asdict() for f in findings]}, "\n".join([*lines, verdict]))
    return 0 if sound else 1


def examine() -> Iterator[Finding]:
    yield Finding("deltasim", True, f"{__version__} in {Path(__file__).parents[1]}")
    yield Finding("python", True, f"{platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors")
    yield Finding("libraries", True, ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES))
    for check in (threads, cache, two_regions, real_year):
        yield _guarded(check)


def _guarded(check: Callable[[], Finding]) -> Finding:
    """A check that breaks is a finding, so that the others are still made."""
    try:
        return check()
    except Exception as error:  # whatever is wrong with an installation, the doctor goes on
        return Finding(check.__name__.replace("_", " "), False, f"{type(error).__name__}: {error}")


def threads() -> Finding:
    try:
        import_module("numba.np.ufunc.omppool")
    except ImportError:
        return Finding("threads", True, "one thread", OPENMP)
    return Finding("threads", True, "OpenMP")


def cache() -> Finding:
    """Where compiled kernels are kept; without a place every command compiles them again."""
    from sim.mechanisms.market import kernels

    dispatcher = next(item for item in vars(kernels).values() if hasattr(item, "stats"))
    folder = Path(dispatcher.stats.cache_path)
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return Finding("kernel cache", False, str(folder), "set NUMBA_CACHE_DIR to a folder you can write")
    return Finding("kernel cache", True, f"{folder} ({sum(1 for _ in folder.glob('*.nbc'))} kernels)")


def two_regions() -> Finding:
    """Costs between two equal regions rise from none to 1.5: shares and welfare are known in closed form."""
    import numpy as np

    import sim

    cost = np.array([[1.0, TRADE_COST], [TRADE_COST, 1.0]])
    result = sim.exact_hat(np.full((2, 2), 0.5), ELASTICITY, cost)
    own = float(result.flows[0, 0] / result.flows[:, 0].sum())
    gain = float(result.welfare[0] * 0.5 ** (-1.0 / ELASTICITY))
    known = abs(own - OWN_SHARE) < PRECISION and abs(gain - GAIN) < PRECISION
    text = f"own share {own:.10f}, gain from trade {gain:.10f}, residual {result.residual:.1e}"
    return Finding("two regions", known and bool(result.converged), text)


def real_year() -> Finding:
    """The base year and the year after it on the data set of the package."""
    from sim.compose import compose
    from sim.config import build

    simulation = build(compose("baseline"))
    simulation.step()
    simulation.step()
    last = simulation.solver[-1]
    text = f"{int(last['year'])}, {simulation.world.n_cities} cities: residual {last['residual']:.1e}"
    solved = last["residual"] <= simulation.config.tolerance
    return Finding("real year", solved, f"{text} in {int(last['sweeps'])} sweeps")
