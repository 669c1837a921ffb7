"""Data sets: tables with sources, checked and turned into a `World`. Names are imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.datasets.check import check_folder as check_folder
    from sim.datasets.parameters import Parameters as Parameters
    from sim.datasets.reader import names as names
    from sim.datasets.synthetic import three_cities as three_cities
    from sim.datasets.template import write_template as write_template
    from sim.datasets.world import World as World

_HOMES = {
    "Parameters": "parameters",
    "World": "world",
    "check_folder": "check",
    "names": "reader",
    "three_cities": "synthetic",
    "write_template": "template",
}

__all__ = ["Parameters", "World", "check_folder", "names", "three_cities", "write_template"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
