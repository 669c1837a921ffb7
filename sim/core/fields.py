"""One schema of every array of the model: shape, unit, meaning, kind.

A field is declared once, on :class:`sim.core.state.State`; allocation, the record of a run, the result tables with
their metadata, the data dictionary and the phase contracts are all derived from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Dim = Literal[
    "region", "sector", "origin", "destination", "province", "pair", "triple", "depth", "aggregate", "term", "section",
    "pollutant",
]  # fmt: skip
Kind = Literal["stock", "flow", "memory"]
Table = Literal["cities", "sectors", "flows", "provinces", "none"]


@dataclass(frozen=True)
class Field:
    """What one array holds. ``column`` is its name in the result table (``none``: recorded, not in a table)."""

    name: str
    dims: tuple[Dim, ...]
    unit: str
    doc: str
    kind: Kind
    table: Table = "none"


def array_field(dims: str, unit: str, doc: str, kind: Kind, table: Table = "none") -> Any:
    """Declare an array on the state; ``dims`` is a comma-separated list such as ``"region,sector"``."""
    meta = {"dims": tuple(dims.split(",")), "unit": unit, "doc": doc, "kind": kind, "table": table}
    return dataclasses.field(metadata=meta)


def fields_of(cls: type) -> Iterator[Field]:
    """The declared array fields of a state class, in order of declaration."""
    for item in dataclasses.fields(cls):
        if "dims" in item.metadata:
            yield Field(item.name, **item.metadata)
