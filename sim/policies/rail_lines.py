"""Railway lines open, as they did or as a scenario has it (plan ch. 5: 5.01, 5.02).

Lines that have opened keep their true date. Planned ones open in their planned year, or in the year the scenario says,
late with some probability. Without financing nobody in the model pays for them (what a line is worth is then compared
with its cost afterwards); with it the cities along a line pay their shares of its cost while it is built, under a
contract that can be agreed or imposed, and a line whose cities do not agree is not built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.streams import stream
from sim.core.words import did_you_mean
from sim.policies.base import Effect, Policy
from sim.policies.joint_projects import JointProjects, Project, Split

if TYPE_CHECKING:
    from sim.datasets.world import World

KEY = "policies.rail_lines"


class Financing(BaseModel):
    """Who pays for the lines."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)

    split: Split = Field("length", description="cost shares of a line's cities: equal, gdp, population or length")
    central_share: float = Field(0.5, ge=0.0, le=1.0, description="part of the cost that the centre pays")
    building_years: int = Field(
        4, ge=1, le=15, description="years before the opening in which a line is built and paid",
        json_schema_extra={"unit": "years"},
    )  # fmt: skip


class RailLines(Policy):
    """Railway lines of the data set come into service, and roads that are named."""

    effect: ClassVar[Effect] = Effect(
        strength="service", lever="line_service", indicator="real_income", places="region", sign=1
    )
    question: ClassVar[str] = "What do new railway lines bring, and to whom?"

    lines: Literal["opened", "planned", "all"] | list[str] = Field(
        "opened",
        description="opened: railways with a day of opening; planned: those with a planned year; all; or a list, which "
        "may have roads in it",
    )
    without: list[str] = Field(default_factory=list, description="lines left out")
    service: float = Field(
        1.0, ge=0.0, le=1.0, description="part of the trains that run; with fewer, travellers wait longer",
        json_schema_extra={"unit": "1"},
    )  # fmt: skip
    opening: dict[str, int] = Field(
        default_factory=dict, description="first year of use by line, instead of the data's",
        json_schema_extra={"unit": "year"},
    )  # fmt: skip
    delay: int = Field(
        0, ge=0, le=30, description="years that a line not open yet comes late, if it does",
        json_schema_extra={"unit": "years"},
    )  # fmt: skip
    delay_probability: float = Field(
        0.0, ge=0.0, le=1.0, description="probability that it does", json_schema_extra={"unit": "1"}
    )
    draw: int = Field(0, ge=0, description="number of the random draw of delays")
    financing: Financing | None = Field(None, description="who pays; null = nobody in the model")

    def parties(self, world: World) -> list[str]:
        """Cities along the lines that open after the base year, if they pay."""
        if self.financing is None:
            return []
        found = [code for line in self.openings(world) for code in world.line_km(line)]
        return list(dict.fromkeys(found))

    def openings(self, world: World) -> dict[str, int]:
        """First year of use of every line that opens after the base year.

        Raises:
            InputError: a line that the data set does not have, that has no year, or that opens before it exists.
        """
        known = world.rail_openings | world.road_openings
        if not known:
            message = f"the data set {world.name} has no railway lines that open"
            raise InputError(message, key=KEY, allowed="a data set with lines.csv and links.csv")
        for field, names in (("lines", self.lines), ("without", self.without), ("opening", self.opening)):
            for line in () if isinstance(names, str) else names:
                if line not in known:
                    raise InputError(f"unknown line '{line}'{did_you_mean(line, known)}", key=f"{KEY}.{field}")
        found = {}
        for line in self._chosen(world):
            is_open, year = known[line]
            own = self.opening.get(line, year)
            if own is None:
                message = f"{line} has no year of opening"
                raise InputError(message, key=f"{KEY}.opening", allowed="a year for every line that is not dated")
            if year is not None and own < year:
                message = f"{line} opens in {own}, before it exists"
                raise InputError(message, key=f"{KEY}.opening.{line}", allowed=f"{year} or later")
            found[line] = own if is_open and line not in self.opening else own + self._late(line, own)
        return found

    def _chosen(self, world: World) -> list[str]:
        if isinstance(self.lines, list):
            return [line for line in self.lines if line not in self.without]
        kinds = {"opened": (True,), "planned": (False,), "all": (True, False)}[self.lines]
        dated = {line: is_open for line, (is_open, year) in world.rail_openings.items() if year or line in self.opening}
        return [line for line, is_open in dated.items() if is_open in kinds and line not in self.without]

    def _late(self, line: str, year: int) -> int:
        """Years by which a line comes late in this draw."""
        if self.delay == 0 or stream(self.draw, 0, "delay", year, line).random() >= self.delay_probability:
            return 0
        return self.delay

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Put the lines of the year into service; build and pay those to come, if anybody pays."""
        opening = self.openings(world)
        built = set(opening) if self.financing is None else self._finance(self.financing, opening, levers, year, world)
        for line, first in opening.items():
            if line in built and self.start <= first <= min(year, self.end):
                k = world.line_ids.index(line)
                levers.line_service[k] = max(levers.line_service[k], self.service)

    def _finance(self, terms: Financing, opening: dict[str, int], levers: Levers, year: int, world: World) -> set[str]:
        """Works, grants and the contract of each line, as a joint project; the lines that are built."""
        projects = {line: self._project(terms, line, first, world) for line, first in opening.items()}
        joint = JointProjects(start=self.start, end=self.end, projects=projects, members=self.members)
        if self.service > 0.0:
            joint.set_levers(levers, year, world)
        return {line for line, project in projects.items() if joint.builders(project)}

    def _project(self, terms: Financing, line: str, opening: int, world: World) -> Project:
        """A line as a project of the cities it runs through; what was built before the run begins is paid."""
        km = world.line_km(line)
        cost, length = world.rail_cost(line)
        first = max(opening - terms.building_years, world.base_year + 1)
        years = max(opening - first, 1)
        return Project(
            cost=cost * sum(km.values()) / length * min(years / terms.building_years, 1.0),
            price_year=int(world.parameters.value("rail_cost_year")),
            begin=first, finish=max(opening - 1, first), opening=opening,
            works={code: part / sum(km.values()) for code, part in km.items()}, length=km,
            split=terms.split, central_share=terms.central_share,
        )  # fmt: skip
