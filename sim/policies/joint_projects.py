"""Joint projects: cities split the cost of a line or a plant (plan ch. 3 and 5: 3.07, 5.01, 5.18).

What is built in a year is paid with the next budget, as infrastructure of the cities where the works stand; the parties
pay them their shares under a contract, the centre its part as a grant. From the opening year on a line shortens travel
times and a port or an airport can handle more, whoever paid for it; a plant saves cost in a sector of the parties that
have subscribed its capacity.

Members carry the whole cost, in proportion to their shares; capacity that others would have had stays unused. So a
coalition is worth what it can do by itself. With fewer members than its minimum a project is not built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from sim.core.agreements import Contract, Share, sums_to_one
from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.names import DIVIDED, PAIRS, SINGLE, Places, are_codes
from sim.core.streams import stream
from sim.core.words import did_you_mean
from sim.policies.base import Effect, Policy, places, sector_indices

if TYPE_CHECKING:
    from sim.datasets.world import World

KEY = "policies.joint_projects.projects"
PERCENT = 100.0  # unit: the national path is in percent
YUAN = 1e8  # unit: yuan in 100 million yuan
KILOWATT = 1000.0  # unit: kW in a MW
NO_TIME = 1e-6  # of today's time: a factor stays positive
RELIEF = 0.1  # source: judgement, part of its share that a renegotiation takes off a party

Rule = Literal["equal", "gdp", "population", "length"]
Positive = Annotated[float, Field(gt=0.0)]
Capacity = Annotated[dict[str, Positive], SINGLE]
Minutes = Annotated[dict[str, Positive | tuple[Positive, Positive]], PAIRS]


def _one(value: object) -> object:
    """A mapping of shares, which sum to one; rules and what the type check will refuse pass."""
    if isinstance(value, Mapping) and all(isinstance(share, int | float) for share in value.values()):
        sums_to_one(value, "the shares")
    return value


Shares = Annotated[dict[str, Share], BeforeValidator(_one), DIVIDED]
Split = Annotated[Rule | dict[str, Share], BeforeValidator(_one), DIVIDED]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Saving(_Part):
    """What a plant saves the sector in the cities that share its capacity."""

    sector: str = Field(description="sector whose cost falls")
    capacity: float = Field(ge=0.0, description="capacity of the plant", json_schema_extra={"unit": "MW"})
    value: float = Field(
        ge=0.0, description="saved a year per kW, running cost taken off", json_schema_extra={"unit": "yuan/kW/year"}
    )
    shares: Split = Field("gdp", description="who has the capacity: equal, gdp, population, or city -> share")


class Project(_Part):
    """One project: what it costs, who pays, what it brings."""

    cost: float = Field(ge=0.0, description="whole cost of building", json_schema_extra={"unit": "100 million yuan"})
    price_year: int = Field(
        description="year of whose prices the cost and the saving are", json_schema_extra={"unit": "year"}
    )
    indexed: Literal["none", "cpi", "gdp"] = Field(
        "cpi", description="cost and saving grow with: nothing, the national deflator, national nominal GDP"
    )
    begin: int = Field(description="first year of building", json_schema_extra={"unit": "year"})
    finish: int = Field(description="last year of building", json_schema_extra={"unit": "year"})
    opening: int = Field(description="first year of use", json_schema_extra={"unit": "year"})
    works: Shares = Field(
        description="where the money is spent: city -> share, a group's divided by residents", min_length=1
    )
    length: Annotated[dict[str, Positive], SINGLE] = Field(
        default_factory=dict,
        description="length by city (one each), for a split by length",
        json_schema_extra={"unit": "km"},
    )
    parties: Places = Field(
        default_factory=list, description="cities that share the cost; empty = those of the split or the works"
    )
    split: Split = Field(
        "equal",
        description="cost shares: equal, gdp, population, length, or city -> share, a group's divided by residents",
    )
    central_share: float = Field(0.0, ge=0.0, le=1.0, description="part of the cost that the centre pays")
    minimum: int = Field(1, ge=1, description="fewest members that build it")
    minutes: Minutes = Field(
        default_factory=dict,
        description="travel time of people, 'A-B': after the opening, or [before, after] when lines that the data "
        "set does not have come between",
        json_schema_extra={"unit": "minutes"},
    )
    access: float = Field(
        0.0, ge=0.0, description="to and from the stations, added to minutes", json_schema_extra={"unit": "minutes"}
    )
    freight_minutes: Minutes = Field(
        default_factory=dict, description="travel time of goods, as minutes", json_schema_extra={"unit": "minutes"}
    )
    sea_port: Capacity = Field(
        default_factory=dict, description="what the sea port of a city can handle more a year, city -> traffic",
        json_schema_extra={"unit": "as in gateways.csv"},
    )  # fmt: skip
    airport: Capacity = Field(
        default_factory=dict, description="what the airport of a city can handle more a year, likewise",
        json_schema_extra={"unit": "as in gateways.csv"},
    )  # fmt: skip
    saving: Saving | None = Field(None, description="what a plant saves")
    delay: int = Field(0, ge=0, description="years it opens late, if it does", json_schema_extra={"unit": "years"})
    delay_probability: float = Field(0.0, ge=0.0, le=1.0, description="probability that it does")

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Project:
        if not self.begin <= self.finish <= self.opening:
            raise ValueError(f"built {self.begin} to {self.finish}, opened {self.opening}: not in this order")
        if self.saving is not None and self.saving.shares == "length":
            raise ValueError("capacity cannot be shared by length")
        if are_codes(info):
            self._check_parties()
        return self

    def _check_parties(self) -> None:
        named = set(self.split) if isinstance(self.split, dict) else set()
        if named and self.parties and named != set(self.parties):
            odd = sorted(named ^ set(self.parties))[0]
            raise ValueError(f"{odd} is in only one of parties and split")
        without = [code for code in self.all_parties() if code not in self.length]
        if self.split == "length" and without:
            raise ValueError(f"no length for {without[0]}, which a split by length needs")
        if self.minimum > len(self.all_parties()):
            raise ValueError(f"a minimum of {self.minimum} members, but {len(self.all_parties())} parties")

    def all_parties(self) -> list[str]:
        """Cities that share the cost, whether or not they are members."""
        return self.parties or list(self.split if isinstance(self.split, dict) else self.works)

    def amount(self, year: int, world: World) -> float:
        """Cost of what is built in a year, 100 million yuan at its prices; equal parts in constant prices."""
        if not self.begin <= year <= self.finish:
            return 0.0
        return self.cost / (self.finish - self.begin + 1) * self.price(year, world)

    def price(self, year: int, world: World) -> float:
        """Price of the year over that of the year whose prices the cost is in."""
        return index(self.indexed, year, world) / index(self.indexed, self.price_year, world)

    def opens(self, name: str, draw: int) -> int:
        """First year of use, with the delay if this draw has one."""
        if self.delay == 0 or stream(draw, 0, "delay", self.opening, name).random() >= self.delay_probability:
            return self.opening
        return self.opening + self.delay


class JointProjects(Policy):
    """Projects by name; those that begin outside start..end are not built."""

    effect: ClassVar[Effect] = Effect(strength="scale", lever="works", indicator="real_income", places="region", sign=1)
    question: ClassVar[str] = "Who pays for a joint line or plant under which split, and who gains?"

    projects: dict[str, Project] = Field(description="projects by name", min_length=1)
    only: list[str] = Field(default_factory=list, description="names of the projects that are built; empty = all")
    scale: float = Field(
        1.0, ge=0.0, le=10.0, description="factor on the size of all projects: cost, time saved, capacity",
        json_schema_extra={"unit": "1"},
    )  # fmt: skip
    draw: int = Field(0, ge=0, description="number of the random draw of delays")
    relieved: Places = Field(
        default_factory=list, description="parties whose cost shares are a tenth lower, which the others pay"
    )

    @model_validator(mode="after")
    def _known(self) -> JointProjects:
        unknown = [name for name in self.only if name not in self.projects]
        if unknown:
            raise ValueError(f"unknown project '{unknown[0]}'{did_you_mean(unknown[0], self.projects)}")
        return self

    @property
    def chosen(self) -> dict[str, Project]:
        """Projects that are built, by name."""
        return {name: project for name, project in self.projects.items() if not self.only or name in self.only}

    def parties(self, world: World) -> list[str]:
        """Parties of all projects, each once."""
        return list(dict.fromkeys(code for project in self.chosen.values() for code in project.all_parties()))

    def is_viable(self, world: World) -> bool:
        """At least one project is built."""
        return any(self.cost_shares(name, world) for name in self.chosen)

    def given_to(self, codes: Sequence[str]) -> JointProjects:
        """The policy with lower cost shares for these parties."""
        return self.model_copy(update={"relieved": list(codes)})

    def builders(self, project: Project) -> list[str]:
        """Members that build a project; none if it is not built."""
        members = self.takes_part(project.all_parties())
        in_time = self.start <= project.begin <= self.end
        return members if in_time and len(members) >= project.minimum else []

    def cost_shares(self, name: str, world: World) -> dict[str, float]:
        """Who builds a project and what share of the parties' part of its cost each pays; empty if it is not built."""
        project = self.projects[name]
        shares = shares_of(project.split, self.builders(project), world, project.length)
        return scaled({code: part * (1.0 - RELIEF * (code in self.relieved)) for code, part in shares.items()})

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Build, share the cost, and from the opening on save time and cost."""
        for name, project in self.chosen.items():
            self._check(name, project, world)
            shares = self.cost_shares(name, world)
            amount = self.scale * project.amount(year, world) if shares else 0.0
            self._build(levers, name, project, amount, shares, world)
            if not shares or self.scale == 0.0:
                continue
            opening = project.opens(name, self.draw)
            if year >= opening:
                self._shorten(
                    levers.passenger_time, project.minutes, project.access, world.travel_time_passenger, world
                )
                self._shorten(levers.freight_time, project.freight_minutes, 0.0, world.travel_time_freight, world)
                for role, lever in (("sea_port", levers.sea_port_capacity), ("airport", levers.airport_capacity)):
                    self._enlarge(lever, name, project, role, year, world)
            if project.saving is not None and year + 1 >= opening:  # productivity changes with the next year
                self._save(levers, project, project.saving, year + 1, world)

    def _check(self, name: str, project: Project, world: World) -> None:
        for field in ("works", "length", "parties"):
            places(list(getattr(project, field)), world, f"{KEY}.{name}.{field}")
        places(project.all_parties(), world, f"{KEY}.{name}.split")
        for field in ("minutes", "freight_minutes"):
            for pair in getattr(project, field):
                ends(pair, world, f"{KEY}.{name}.{field}")
        for role in ("sea_port", "airport"):
            for code in getattr(project, role):
                self._capacity(name, role, code, world)
        if project.saving is not None:
            sector_indices([project.saving.sector], world, f"{KEY}.{name}.saving.sector")
            if isinstance(project.saving.shares, dict):
                places(list(project.saving.shares), world, f"{KEY}.{name}.saving.shares")
        if not world.base_year <= project.price_year <= world.last_year:
            raise InputError(
                f"prices of {project.price_year} are not known", key=f"{KEY}.{name}.price_year",
                allowed=f"{world.base_year} to {world.last_year}",
            )  # fmt: skip

    def _build(
        self, levers: Levers, name: str, project: Project, amount: float, shares: Mapping[str, float], world: World
    ) -> None:
        """What is built this year, and the contract by which builders pay what the centre does not."""
        built = {code: amount * part for code, part in project.works.items()}
        sites = places(list(built), world, KEY)
        levers.works[sites] += list(built.values())
        levers.grant[sites] += project.central_share * np.array(list(built.values()))
        weights = shares or shares_of("equal", project.all_parties(), world, {})
        contract = Contract(
            name=name, parties=list(weights), base="cost", key="negotiated", weights=weights, schedule=1.0,
            start=project.begin, end=project.finish,
            cost={code: (1.0 - project.central_share) * cost for code, cost in built.items() if cost > 0.0},
        )  # fmt: skip
        levers.add_contract(contract, places(list(shares), world, KEY))

    def _shorten(self, lever: FloatArray, minutes: Minutes, access: float, today: FloatArray, world: World) -> None:
        """Factors on the times of pairs, in both directions; nobody takes the line when it is slower."""
        for pair, given in minutes.items():
            i, j = ends(pair, world, KEY)
            before, after = (today[i, j] - access, given) if isinstance(given, float) else given
            saved = self.scale * max(1.0 - (after + access) / (before + access), 0.0)
            lever[i, j] = lever[j, i] = min(lever[i, j], max(1.0 - saved, NO_TIME))

    def _enlarge(self, lever: FloatArray, name: str, project: Project, role: str, year: int, world: World) -> None:
        """What a port or an airport can handle more, over what it usually can, which grows as the nation's output."""
        for code, added in getattr(project, role).items():
            today = self._capacity(name, role, code, world)
            lever[world.index(code)] += self.scale * added / (today * index("volume", year, world))

    @staticmethod
    def _capacity(name: str, role: str, code: str, world: World) -> float:
        """What the port or airport of a city can handle in the base year, in the unit of gateways.csv."""
        key, known = f"{KEY}.{name}.{role}", world.gateways[role]
        if code not in known:
            allowed = ", ".join(known) or "a data set with gateways.csv"
            raise InputError(f"{code} has no {role.replace('_', ' ')}", key=key, allowed=allowed)
        if np.isnan(known[code]):
            raise InputError(f"the traffic of {code} is not known", file="gateways.csv", column="traffic", key=key)
        return known[code] / world.parameters.value("gateway_use")

    def _save(self, levers: Levers, project: Project, saving: Saving, year: int, world: World) -> None:
        """Log points of productivity: what is saved over the sector's value added, which grows with the nation."""
        owned = shares_of(saving.shares, project.all_parties(), world, {})
        shares = {code: owned[code] for code in self.builders(project) if code in owned}
        cities = places(list(shares), world, KEY)
        sector = world.sector_index(saving.sector)
        money = self.scale * saving.value * saving.capacity * KILOWATT / YUAN * project.price(year, world)
        today = world.value_added[cities, sector] * index("gdp", year, world)
        levers.productivity_gain[cities, sector] += money * np.array(list(shares.values())) / today


def shares_of(split: Split, members: list[str], world: World, length: Mapping[str, float]) -> dict[str, float]:
    """The members' shares by a rule or of a mapping, scaled so that they sum to one; empty if nobody has one."""
    if isinstance(split, dict):
        size = {code: split.get(code, 0.0) for code in members}
    elif split == "length":
        size = {code: length[code] for code in members}
    else:
        of = {
            "equal": np.ones(world.n_regions),
            "gdp": world.value_added.sum(axis=1),
            "population": world.resident_population,
        }[split]
        size = {code: float(of[world.index(code)]) for code in members}
    return scaled(size)


def scaled(size: Mapping[str, float]) -> dict[str, float]:
    """Shares that sum to one; empty if all sizes are zero."""
    total = sum(size.values())
    return {code: part / total for code, part in size.items()} if total > 0.0 else {}


def index(kind: str, year: int, world: World) -> float:
    """Of a year over the base year's, by the given national path: prices (``cpi``), GDP nominal (``gdp``) or real."""
    paths = {"none": (), "cpi": ("deflator",), "gdp": ("deflator", "real_growth"), "volume": ("real_growth",)}[kind]
    years = range(world.base_year + 1, year + 1)
    growth = [1.0 + world.national_value(path, min(t, world.last_year)) / PERCENT for t in years for path in paths]
    return float(np.prod(growth))


def ends(pair: str, world: World, key: str) -> tuple[int, int]:
    """The two cities of a pair ``A-B``, as indices."""
    codes = pair.split("-")
    if len(codes) != 2 or codes[0] == codes[1]:
        raise InputError(f"'{pair}' is not a pair of cities", key=key, allowed="two codes with a hyphen between, A-B")
    one, other = places(codes, world, key)
    return int(one), int(other)
