"""The errors a user meets: one clear line each, with an exit code.

Exit codes: 2 bad input, 3 the model did not converge, 4 a study finished with failed runs.
Anything else that escapes is a bug of ours and ends with code 1.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


class SimulationError(Exception):
    """Base of all errors that are reported as one line instead of a traceback."""

    exit_code = 1

    def as_dict(self) -> dict[str, object]:
        """What ``--json`` prints under ``error``."""
        return {"message": str(self)}


class ModelWarning(UserWarning):
    """A result may not be what it seems; shown as one line, the run goes on."""


@dataclass
class InputError(SimulationError):
    """Something the user gave is wrong; says where it is and what would be allowed."""

    message: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    key: str | None = None
    allowed: str | None = None

    exit_code = 2

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.file,
                None if self.row is None else f"row {self.row}",
                None if self.column is None else f"column {self.column}",
                self.key,
            )
            if part
        )
        allowed = f" (allowed: {self.allowed})" if self.allowed else ""
        return f"{place}: {self.message}{allowed}" if place else f"{self.message}{allowed}"

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class EquilibriumError(SimulationError):
    """The market did not clear; names the place with the largest relative excess demand."""

    city: str
    sector: str
    residual: float
    sweeps: int
    tolerance: float
    year: int | None = None
    reason: str = "the market did not clear"

    exit_code = 3

    def __str__(self) -> str:
        when = "" if self.year is None else f" in {self.year}"
        where = f"sector {self.sector} in {self.city}"
        if self.sweeps == 0:  # refused before solving
            return f"{self.reason}{when}: {where}"
        return (
            f"{self.reason}{when}: relative excess demand {self.residual:.3g} for {where} "
            f"after {self.sweeps} sweeps (tolerance {self.tolerance:g})"
        )

    def as_dict(self) -> dict[str, object]:
        return {"message": str(self), **asdict(self)}
