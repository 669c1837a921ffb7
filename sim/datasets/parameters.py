"""The model's numbers: one row of parameters.csv is one number with unit, range, source and status.

A row for a sector or a place overrides the row `all` of the same key. Values changed for a run (``with_values``)
are held to the same range and say in their source what they replaced.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.datasets.schema import EVERYWHERE, PARAMETERS, range_in_words

FloatArray = NDArray[np.float64]


SWITCHES = frozenset(
    ("agglomeration_elasticity", "congestion_elasticity", "land_cost_share", "public_capital_elasticity")
    + ("relocation_hazard", "catch_up_rate", "diffusion_rate")
)
"""Parameters that may be set to zero, outside their range, to see what a mechanism contributes."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row: a number and what is known about it."""

    key: str
    sector: str
    place: str
    value: float
    low: float
    high: float
    unit: str
    meaning: str
    source: str
    status: str

    @property
    def allowed(self) -> str | None:
        """The range in words; an end that is not given is open."""
        words = range_in_words(self.low, self.high)
        return f"{words}, or 0 to switch it off" if words and self.key in SWITCHES else words

    def accepts(self, value: float) -> bool:
        if value == 0.0 and self.key in SWITCHES:
            return True
        return bool(np.isfinite(value)) and not value < self.low and not value > self.high


@dataclass(frozen=True, eq=False)
class Parameters:
    """All parameters of a data set; unknown names raise an error that suggests the nearest known one."""

    frame: pd.DataFrame
    """key, sector, place, value, low, high, unit, meaning, source, status"""
    sector_ids: tuple[str, ...]
    place_ids: tuple[str, ...]
    """Provinces of the cities, then ROC, then ROW."""
    added: tuple[tuple[str, str, str], ...] = ()
    """Rows (key, sector, place) that `with_values` added: where the model would not look at them, reading fails."""
    read: set[str] = field(init=False, repr=False, default_factory=set)
    """Keys the model has asked for, so that a study can tell which numbers matter; every copy starts with none."""
    _values: dict[tuple[str, str, str], float] = field(init=False, repr=False)
    _positions: dict[tuple[str, str, str], int] = field(init=False, repr=False)
    _counts: Counter[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        keys = list(zip(*(self.frame[name].tolist() for name in PARAMETERS.key), strict=True))
        object.__setattr__(self, "_values", dict(zip(keys, self.frame["value"].tolist(), strict=True)))
        object.__setattr__(self, "_positions", {key: position for position, key in enumerate(keys)})
        object.__setattr__(self, "_counts", Counter(key for key, _, _ in keys))

    @property
    def keys(self) -> list[str]:
        """Every parameter name once, in the order of the file."""
        return list(self._counts)

    def __contains__(self, key: object) -> bool:
        return key in self._counts

    def value(self, key: str) -> float:
        """The number of a parameter that the model takes as one number."""
        self._refuse_added(key, sector=True, place=True)
        self.read.add(key)
        return self._values[self._resolve(key, EVERYWHERE, EVERYWHERE)]

    def by_sector(self, key: str) -> FloatArray:
        """Values [sector]; sectors without a row of their own take the row `all`."""
        self._refuse_added(key, place=True)
        self.read.add(key)
        return np.array([self._values[self._resolve(key, sector, EVERYWHERE)] for sector in self.sector_ids])

    def by_province(self, key: str) -> FloatArray:
        """Values [province, ROC, ROW]; without a row of their own and without `all`, ROC and ROW are 0."""
        self._require_known(key)
        self._refuse_added(key, sector=True)
        self.read.add(key)
        provinces, outside = self.place_ids[:-2], self.place_ids[-2:]
        inside = [self._values[self._resolve(key, EVERYWHERE, place)] for place in provinces]
        rest = [self._find(key, EVERYWHERE, place) for place in outside]
        return np.array([*inside, *(0.0 if row is None else self._values[row] for row in rest)])

    def _refuse_added(self, key: str, *, sector: bool = False, place: bool = False) -> None:
        """A value set for one sector (place) of a parameter that does not vary by it must not go unnoticed."""
        for added, *where in self.added:
            for word, ignored in zip(where, (sector, place), strict=True):
                if added == key and ignored and word != EVERYWHERE:
                    message = f"the model does not let it vary: a value for {word} alone would have no effect"
                    raise InputError(message, file=PARAMETERS.file, key=f"{key}.{word}", allowed=key)

    def row(self, key: str, sector: str = EVERYWHERE, place: str = EVERYWHERE) -> Parameter:
        """The row that gives the value for a sector and a place."""
        position = self._positions[self._resolve(key, sector, place)]
        return Parameter(**{str(name): cell for name, cell in self.frame.iloc[position].to_dict().items()})

    def names(self, key: str) -> list[str]:
        """Names of all rows of a parameter: bare for the row of everything, else with sector and place."""
        own = (where for name, *where in self._values if name == key)
        return [".".join([key, *(part for part in where if part != EVERYWHERE)]) for where in own]

    def with_values(self, values: Mapping[str, float]) -> Parameters:
        """A copy with other numbers, named ``key``, ``key.SECTOR``, ``key.PLACE`` or ``key.SECTOR.PLACE``.

        A sector or place without a row of its own gets one, of which the model must make use.
        """
        rows: list[dict[Hashable, Any]] = self.frame.to_dict("records")
        added: dict[tuple[str, str, str], int] = {}
        for name, value in values.items():
            key, sector, place = self._parse(name)
            new = self._changed(name, float(value), self.row(key, sector, place), sector, place)
            position = self._positions.get((key, sector, place), added.get((key, sector, place)))
            if position is None:
                added[key, sector, place] = len(rows)
                rows.append(new)
            else:
                rows[position] = new
        frame = pd.DataFrame(rows, columns=self.frame.columns).astype(self.frame.dtypes.to_dict())
        return Parameters(frame, self.sector_ids, self.place_ids, (*self.added, *added))

    def digest(self) -> str:
        """sha256 of the table, independent of the order of its rows."""
        return hash_frame(self.frame.sort_values(list(PARAMETERS.key)))

    def _changed(self, name: str, value: float, old: Parameter, sector: str, place: str) -> dict[Hashable, Any]:
        if not old.accepts(value):
            message = f"{value:g} is out of range ({old.meaning})"
            raise InputError(message, file=PARAMETERS.file, key=name, allowed=old.allowed or "a finite number")
        source = f"set for this run, replacing {old.value:g}"
        return {
            **{column: getattr(old, column) for column in ("key", "low", "high", "unit", "meaning")},
            "sector": sector,
            "place": place,
            "value": value,
            "source": source,
            "status": "judgement",
        }

    def _parse(self, name: str) -> tuple[str, str, str]:
        key, *parts = name.split(".")
        self._require_known(key)
        sector = place = EVERYWHERE
        for part in parts:
            if part in self.sector_ids:
                sector = part
            elif part in self.place_ids:
                place = part
            elif part != EVERYWHERE:
                choices = [*self.sector_ids, *self.place_ids]
                message = f"unknown sector or place '{part}'{did_you_mean(part, choices)}"
                raise InputError(message, file=PARAMETERS.file, key=name, allowed=", ".join(choices))
        return key, sector, place

    def _require_known(self, key: str) -> None:
        if key not in self:
            message = f"unknown parameter{did_you_mean(key, self._counts)}"
            raise InputError(message, file=PARAMETERS.file, key=key, allowed="a key of sim list parameters")

    def _find(self, key: str, sector: str, place: str) -> tuple[str, str, str] | None:
        choices = product((key,), dict.fromkeys((sector, EVERYWHERE)), dict.fromkeys((place, EVERYWHERE)))
        return next((choice for choice in choices if choice in self._values), None)

    def _resolve(self, key: str, sector: str, place: str) -> tuple[str, str, str]:
        """The most specific row: sector and place, sector, place, all."""
        found = self._find(key, sector, place)
        if found is not None:
            return found
        self._require_known(key)
        rows = [".".join(part for part in row if part != EVERYWHERE) for row in self._values if row[0] == key]
        where = " and ".join(part for part in (sector, place) if part != EVERYWHERE) or EVERYWHERE
        raise InputError(f"has no row for {where}", file=PARAMETERS.file, key=key, allowed=", ".join(rows))


def hash_frame(frame: pd.DataFrame) -> str:
    """sha256 of the columns and cells of a table (not of its index)."""
    digest = hashlib.sha256()
    for name in frame.columns:
        cells = frame[name]
        digest.update(f"\x1e{name}\x1e".encode())
        if pd.api.types.is_numeric_dtype(cells.dtype):
            digest.update(np.ascontiguousarray(cells.to_numpy(np.float64)).tobytes())
        else:
            digest.update("\x1f".join(map(str, cells.tolist())).encode())
    return digest.hexdigest()
