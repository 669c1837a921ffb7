"""Contracts as data: who shares what with whom, by which rule, for how long. No behaviour of the model lives here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Schedule = float | Mapping[int, float] | Mapping[str, Mapping[int, float]]
"""A number, a calendar ``{2020: .5, 2025: .3}`` or a life ``{"age": {0: .5, 5: .25}}``; the last value holds."""


def value_at(schedule: Schedule, *, year: int, age: int = 0) -> float:
    """The value of a schedule in a year, or at the age of a contract; before its first entry it is zero."""
    if not isinstance(schedule, Mapping):
        return float(schedule)
    steps: Mapping[int, float]
    steps, now = (schedule["age"], age) if "age" in schedule else (schedule, year)  # type: ignore[index,assignment]
    reached = [step for step in steps if step <= now]
    return float(steps[max(reached)]) if reached else 0.0


@dataclass(frozen=True)
class Contract:
    """Relocation contract: the origin keeps a share of the local tax on capital that moved to a host.

    Attributes:
        name: shown in the tables.
        origin_share: share of the local tax on the moved capital paid to the origin (a schedule).
        term: years the contract lasts after the first year of operation.
        capped: stop when the origin has received what it collected in the three years before the move
            (rule of the Ministry of Finance and State Administration of Taxation for Beijing, Tianjin, Hebei, 2015).
        gdp_attribution: share of the moved plants' value added that the officials' assessment credits to the origin.
    """

    name: str
    origin_share: Schedule = 0.0
    term: int = 5
    capped: bool = False
    gdp_attribution: float = 0.0

    def share(self, *, year: int, age: int) -> float:
        """The origin's share of the local tax for capital of this age; zero when the term is over."""
        return value_at(self.origin_share, year=year, age=age) if age < self.term else 0.0
