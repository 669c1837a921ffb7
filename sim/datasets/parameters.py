"""The model's numbers: one row of parameters.csv is one number with unit, range, source and status.

A row for a sector or a place overrides the row `all` of the same key. Values changed for a run (``with_values``)
are held to the same range and say in their source what they replaced.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.datasets.schema import EVERYWHERE, PARAMETERS, range_in_words

FloatArray = NDArray[np.float64]


SWITCHES = frozenset(
    ("agglomeration_elasticity", "congestion_elasticity", "land_cost_share", "public_capital_elasticity")
    + ("relocation_hazard", "catch_up_rate", "diffusion_rate", "migration_considering_share")
    + ("knowledge_elasticity", "knowledge_spillover_elasticity", "digital_productivity", "information_cost")
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
        return math.isfinite(value) and not value < self.low and not value > self.high


Row = tuple[str, str, str]
"""Key, sector and place of a row."""


class Parameters:
    """All parameters of a data set; unknown names raise an error that suggests the nearest known one.

    Copies with other values are made by the thousand, so they share the rows and hold the numbers; the table of a copy
    is made when somebody wants to see it.
    """

    def __init__(self, frame: pd.DataFrame, sector_ids: tuple[str, ...], place_ids: tuple[str, ...]) -> None:
        self.sector_ids = sector_ids
        self.place_ids = place_ids
        """Provinces of the cities, then ROC, then ROW."""
        self.added: tuple[Row, ...] = ()
        """Rows that `with_values` added: where the model would not look at them, reading fails."""
        self.read: set[str] = set()
        """Keys the model has asked for, so that a study can tell which numbers matter; every copy starts with none."""
        keys = list(zip(*(frame[name].tolist() for name in PARAMETERS.key), strict=True))
        self._given = frame
        self._values: dict[Row, float] = dict(zip(keys, frame["value"].tolist(), strict=True))
        self._replaced: dict[Row, float] = {}  # the number that a row of this copy replaced
        self._rows_of: dict[str, list[Row]] = {}
        for row in keys:
            self._rows_of.setdefault(row[0], []).append(row)

    @cached_property
    def _parameters(self) -> dict[Row, Parameter]:
        """Rows as given, in the order of the file; of rows that were added, the row that held there before."""
        records = self._given.to_dict("records")
        return dict(
            zip(self._values, (Parameter(**{str(k): v for k, v in row.items()}) for row in records), strict=True)
        )

    @cached_property
    def _named(self) -> dict[str, Row]:
        """Rows of the data set by their usual name."""
        return {
            name: row for key, rows in self._rows_of.items() for name, row in zip(self.names(key), rows, strict=True)
        }

    @cached_property
    def frame(self) -> pd.DataFrame:
        """key, sector, place, value, low, high, unit, meaning, source, status"""
        if not self._replaced:
            return self._given
        rows = [self._parameter(row) for row in self._values]
        columns = self._given.columns
        table = {name: [getattr(row, name) for row in rows] for name in columns}
        return pd.DataFrame(table, columns=columns).astype(self._given.dtypes.to_dict())

    @property
    def keys(self) -> list[str]:
        """Every parameter name once, in the order of the file."""
        return list(self._rows_of)

    def __contains__(self, key: object) -> bool:
        return key in self._rows_of

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
        return self._parameter(self._resolve(key, sector, place))

    def _parameter(self, row: Row) -> Parameter:
        given = self._parameters[row]
        if row not in self._replaced:
            return given
        _, sector, place = row
        source = f"set for this run, replacing {self._replaced[row]:g}"
        return replace(given, sector=sector, place=place, value=self._values[row], source=source, status="judgement")

    def names(self, key: str) -> list[str]:
        """Names of all rows of a parameter: bare for the row of everything, else with sector and place."""
        rows = self._rows_of.get(key, ())
        return [".".join([key, *(part for part in where if part != EVERYWHERE)]) for _, *where in rows]

    def with_values(self, values: Mapping[str, float]) -> Parameters:
        """A copy with other numbers, named ``key``, ``key.SECTOR``, ``key.PLACE`` or ``key.SECTOR.PLACE``.

        A sector or place without a row of its own gets one, of which the model must make use.
        """
        parameters, _ = self._parameters, self._named  # found once and shared by all copies
        changed, replaced = self._values.copy(), self._replaced.copy()
        added: dict[Row, Parameter] = {}
        for name, value in values.items():
            row = self._named.get(name) or self._parse(name)
            old = row if row in self._values else self._resolve(*row)
            given = parameters[old]
            number = float(value)
            if not given.accepts(number):
                message = f"{number:g} is out of range ({given.meaning})"
                raise InputError(message, file=PARAMETERS.file, key=name, allowed=given.allowed or "a finite number")
            replaced[row], changed[row] = self._values[old], number
            if row not in self._values:
                added[row] = given
        copy = object.__new__(Parameters)
        copy.__dict__.update(
            self.__dict__, added=(*self.added, *added), read=set(), _values=changed, _replaced=replaced
        )
        copy.__dict__.pop("frame", None)
        if added:
            copy.__dict__["_parameters"] = parameters | added
            copy._rows_of = {key: list(rows) for key, rows in self._rows_of.items()}
            for row in added:
                copy._rows_of[row[0]].append(row)
        return copy

    def digest(self) -> str:
        """sha256 of the table, independent of the order of its rows."""
        return hash_frame(self.frame.sort_values(list(PARAMETERS.key)))

    def _parse(self, name: str) -> Row:
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
            message = f"unknown parameter{did_you_mean(key, self._rows_of)}"
            raise InputError(message, file=PARAMETERS.file, key=key, allowed="a key of sim list parameters")

    def _find(self, key: str, sector: str, place: str) -> Row | None:
        for row in ((key, sector, place), (key, sector, EVERYWHERE), (key, EVERYWHERE, place)):
            if row in self._values:
                return row
        row = (key, EVERYWHERE, EVERYWHERE)
        return row if row in self._values else None

    def _resolve(self, key: str, sector: str, place: str) -> Row:
        """The most specific row: sector and place, sector, place, all."""
        found = self._find(key, sector, place)
        if found is not None:
            return found
        self._require_known(key)
        where = " and ".join(part for part in (sector, place) if part != EVERYWHERE) or EVERYWHERE
        raise InputError(f"has no row for {where}", file=PARAMETERS.file, key=key, allowed=", ".join(self.names(key)))


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
