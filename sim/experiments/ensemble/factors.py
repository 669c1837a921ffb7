"""What a study varies: a list of values or an interval to draw from, for one key of the configuration.

A parameter of the data set with several rows (one per sector or province) is varied by one number, the position in its
range: 0 puts every row at its lowest value, 1 at its highest. Its column is called ``KEY@range``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from sim.compose import Several, groups, sweep_values
from sim.config import Part, judged, parameter_rows
from sim.core.errors import InputError
from sim.core.words import did_you_mean

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.datasets.parameters import Parameter, Parameters

Role = Literal["lever", "uncertainty"]
Distribution = Literal["uniform", "log_uniform", "triangular"]

JUDGEMENT = "judgement"
"""Status of a number nobody has measured; as the name of an uncertainty it stands for all of them."""

PARAMETERS = "parameters."
POSITION, CHOICE = "@range", "_choice"
RESERVED = ("run", "structure", "world", "replicate", "seed", "status", "error", "warning", "seconds", "setting")
"""Columns of the table of runs that are no factors; groups of files of these names get a longer column."""


class Interval(Part):
    """Ends of an interval; without them the parameter's own range."""

    low: float | None = None
    high: float | None = None
    mode: float | None = None
    distribution: Distribution = "uniform"
    whole: bool = False


@dataclass(frozen=True)
class Factor:
    """One thing that varies from run to run.

    Attributes:
        key: of the configuration, as an override names it.
        role: a lever is ours to set, an uncertainty is the world's.
        options: the values of a list, empty for an interval.
        low: lower end of an interval.
        high: upper end.
        mode: most likely value of a triangular distribution.
        distribution: how an interval is drawn from.
        whole: whether only whole numbers are drawn.
        rows: rows of a parameter that move together, each with its own range; empty for a plain key.
        meaning: of the parameter, for tables.
    """

    key: str
    role: Role
    options: tuple[Any, ...] = ()
    low: float = np.nan
    high: float = np.nan
    mode: float = np.nan
    distribution: Distribution = "uniform"
    whole: bool = False
    rows: Mapping[str, tuple[float, float]] | None = None
    meaning: str = ""

    @property
    def name(self) -> str:
        """Its column in the table of runs."""
        return self.key + (POSITION if self.rows else CHOICE if self.key in RESERVED else "")

    @property
    def is_structural(self) -> bool:
        """Whether files are composed anew for its values: policies, a choice of files, the scenario itself."""
        key = self.key.lstrip("+")
        return key in ("policies", "scenario") or key in groups()

    @property
    def policy(self) -> str | None:
        """The policy a lever belongs to; without the policy in force it does not exist."""
        head, _, rest = self.key.partition(".")
        return rest.partition(".")[0] if head == "policies" and rest else None

    def values(self, value: Any) -> dict[str, Any]:
        """What the configuration is told, by dotted key, when the factor takes this value."""
        if not self.rows:
            return {self.key: value}
        share = float(value)
        return {key: min(max((1.0 - share) * low + share * high, low), high) for key, (low, high) in self.rows.items()}

    def ends(self) -> tuple[Any, Any]:
        """The first and the last value it can take."""
        return (self.options[0], self.options[-1]) if self.options else (self.low, self.high)

    def quantile(self, share: FloatArray) -> FloatArray:
        """Values of an interval at shares between 0 and 1."""
        from scipy import stats

        if self.low == self.high:
            return np.full(share.shape, self.low)
        width = self.high - self.low
        if self.whole:
            return np.minimum(np.floor(self.low + share * (width + 1.0)), self.high)
        if self.distribution == "log_uniform":
            values = stats.loguniform(self.low, self.high).ppf(share)
        elif self.distribution == "triangular":
            values = stats.triang((self.mode - self.low) / width, self.low, width).ppf(share)
        else:
            values = self.low + share * width
        return np.clip(values, self.low, self.high)  # rounding may step over an end

    def plain(self) -> dict[str, Any]:
        """As data, for the study's file."""
        rows = None if self.rows is None else {key: list(ends) for key, ends in self.rows.items()}
        told = {"key": self.key, "role": self.role, "options": list(self.options), "rows": rows}
        drawn = {"low": self.low, "high": self.high, "mode": self.mode, "distribution": self.distribution}
        return {**told, **({} if self.options else drawn), "whole": self.whole, "meaning": self.meaning}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Factor:
        """What `plain` wrote."""
        rows = data.get("rows")
        ends = None if rows is None else {str(key): (float(low), float(high)) for key, (low, high) in rows.items()}
        return cls(**{**data, "options": tuple(data["options"]), "rows": ends})


def factors(given: Mapping[str, object], role: Role, parameters: Parameters, read: Sequence[str]) -> list[Factor]:
    """The factors a study names.

    Args:
        given: what each key may be: a list, a text of the sweep grammar, ends of an interval, or nothing (the range of
            the parameter).
        role: of all of them.
        parameters: of the data set, for ranges.
        read: keys of parameters the model reads, which the word ``judgement`` expands to.
    """
    found: list[Factor] = []
    for key, value in given.items():
        if key == JUDGEMENT:
            found += [ranged(name, role, parameters) for name in judgements(parameters, read)]
        else:
            found.append(factor(key, value, role, parameters))
    names = [item.name for item in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError("is varied twice", key=twice)
    return found


def factor(key: str, given: object, role: Role, parameters: Parameters) -> Factor:
    """One factor; see `factors` for what may be given."""
    if isinstance(given, str):
        given = sweep_values(given)
    if isinstance(given, Several):
        given = {"low": given.interval[0], "high": given.interval[1]} if given.interval else list(given.values)
    if isinstance(given, list | tuple):
        return _listed(key, given, role)
    if given is not None and not isinstance(given, Mapping):
        return _listed(key, [given], role)
    nested = next((name for name, value in (given or {}).items() if isinstance(value, Mapping)), None)
    if nested is not None:
        raise InputError("takes values or low and high", key=key, allowed=f"dotted keys: {key}.{nested}")
    interval = judged(Interval, dict(given or {}), prefix=key)
    if interval.low is None and interval.high is None:
        return ranged(key.removeprefix(PARAMETERS), role, parameters) if key.startswith(PARAMETERS) else _no_range(key)
    return _drawn(key, interval, role)


def _listed(key: str, values: Sequence[Any], role: Role) -> Factor:
    if not values:
        raise InputError("names no value", key=key, allowed="a list of values, or low and high")
    twice = next((value for n, value in enumerate(values) if value in values[:n]), None)
    if twice is not None:
        raise InputError(f"names {twice} twice", key=key, allowed="every value once")
    return Factor(key, role, options=tuple(values))


def _no_range(key: str) -> Factor:
    raise InputError("has no range of its own", key=key, allowed="a list of values, or low and high")


def _drawn(key: str, interval: Interval, role: Role) -> Factor:
    made = Factor(key, role)
    if made.is_structural:
        raise InputError("takes a list of names, not an interval", key=key)
    low, high = interval.low, interval.high
    if low is None or high is None:
        raise InputError("an interval needs both ends", key=key, allowed="low and high")
    if not low < high:
        raise InputError(f"the interval from {low} to {high} is empty", key=key, allowed="low below high")
    if interval.distribution == "log_uniform" and low <= 0.0:
        raise InputError(f"a log-uniform interval cannot start at {low:g}", key=key, allowed="low above 0")
    mode = (low + high) / 2.0 if interval.mode is None else interval.mode
    if not low <= mode <= high:
        raise InputError(f"the mode {mode:g} is outside the interval", key=key, allowed=f"{low:g} to {high:g}")
    shape = {"mode": mode, "distribution": interval.distribution, "whole": interval.whole}
    return Factor(key, role, low=low, high=high, **cast("dict[str, Any]", shape))


def ranged(name: str, role: Role, parameters: Parameters) -> Factor:
    """A parameter over its own range; rows that are not judgements stay where they are if any row is one."""
    key, *where = name.split(".")
    if key not in parameters:
        hint = did_you_mean(key, parameters.keys)
        raise InputError(f"unknown parameter{hint}", key=f"{PARAMETERS}{name}", allowed="a key of sim list parameters")
    rows = {row: spec for row, spec in parameter_rows(key, parameters) if all(part in row.split(".") for part in where)}
    moving = {row: spec for row, spec in rows.items() if spec.low < spec.high}
    guessed = {row: spec for row, spec in moving.items() if spec.status == JUDGEMENT}
    chosen = guessed or moving
    if not chosen:
        raise InputError("has no range to vary it in", key=f"{PARAMETERS}{name}", allowed="low and high of your own")
    meaning = next(iter(chosen.values())).meaning
    if len(chosen) == 1:
        ((row, spec),) = chosen.items()
        return Factor(f"{PARAMETERS}{row}", role, low=spec.low, high=spec.high, mode=spec.value, meaning=meaning)
    ends = {f"{PARAMETERS}{row}": (spec.low, spec.high) for row, spec in chosen.items()}
    return Factor(f"{PARAMETERS}{name}", role, low=0.0, high=1.0, mode=0.5, rows=ends, meaning=meaning)


def judgements(parameters: Parameters, read: Sequence[str]) -> list[str]:
    """Keys of parameters that are judgements, have a range, and are read by the model."""

    def varies(rows: list[tuple[str, Parameter]]) -> bool:
        return any(spec.status == JUDGEMENT and spec.low < spec.high for _, spec in rows)

    return [key for key in parameters.keys if key in read and varies(parameter_rows(key, parameters))]
