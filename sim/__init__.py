"""deltasim: what integration policies do to each city of a region.

Public names load on first use, so that ``import sim`` is instant (PEP 562).

    >>> import sim
    >>> run = sim.run("industry_transfer")        # doctest: +SKIP
    >>> run.compare().cities                      # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim import bargaining as bargaining
    from sim import datasets as datasets
    from sim import games as games
    from sim.datasets.world import World as World
    from sim.experiments.coalition.study import coalition as coalition
    from sim.experiments.compare import compare as compare
    from sim.experiments.counterfactual import HatResult as HatResult
    from sim.experiments.counterfactual import Shock as Shock
    from sim.experiments.counterfactual import counterfactual as counterfactual
    from sim.experiments.counterfactual import exact_hat as exact_hat
    from sim.experiments.ensemble.sweep import sweep as sweep
    from sim.experiments.open import load as load
    from sim.experiments.run import run as run
    from sim.model import RegionalEconomy as RegionalEconomy

__version__ = "0.1.0"

_HOMES = {
    "HatResult": "sim.experiments.counterfactual",
    "RegionalEconomy": "sim.model",
    "Shock": "sim.experiments.counterfactual",
    "World": "sim.datasets.world",
    "coalition": "sim.experiments.coalition.study",
    "compare": "sim.experiments.compare",
    "counterfactual": "sim.experiments.counterfactual",
    "exact_hat": "sim.experiments.counterfactual",
    "load": "sim.experiments.open",
    "run": "sim.experiments.run",
    "sweep": "sim.experiments.ensemble.sweep",
}

_SUBMODULES = ("bargaining", "datasets", "games")

__all__ = [
    "HatResult",
    "RegionalEconomy",
    "Shock",
    "World",
    "bargaining",
    "coalition",
    "compare",
    "counterfactual",
    "datasets",
    "exact_hat",
    "games",
    "load",
    "run",
    "sweep",
]


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return import_module(f"sim.{name}")
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _keep_kernels() -> None:
    """Numba keeps compiled kernels in the package, or else in the user's home; without either it would refuse to start.

    A read-only installation of a user without a home compiles into a folder of its own process instead.
    """
    homes = (Path(__file__).parent, Path.home())
    if "NUMBA_CACHE_DIR" not in os.environ and not any(os.access(home, os.W_OK) for home in homes):
        from tempfile import mkdtemp

        os.environ["NUMBA_CACHE_DIR"] = mkdtemp(prefix="deltasim-kernels-")


_keep_kernels()
