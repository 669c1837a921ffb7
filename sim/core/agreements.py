"""Contracts as data: who shares what with whom, by which rule, for how long. No behaviour of the model lives here.

One vocabulary for all kinds of contract. On the tax of a year a payer i owes a payee j ``schedule x base_i x key_ij``,
with base and key as named functions (:mod:`sim.mechanisms.sharing`). A key's parts sum to one at most; a payer's own
part stays with it, so that what some pay the others receive, whatever the contract says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from sim.core.names import DIVIDED, PLACE, PLACES, Places, PlacesOrAll, are_codes
from sim.core.words import did_you_mean

Schedule = float | Mapping[int, float] | Mapping[str, Mapping[int, float]]
"""A number, a calendar ``{2020: .5, 2025: .3}`` or a life ``{"age": {0: .5, 5: .25}}``; the last value holds."""


def value_at(schedule: Schedule, *, year: int, age: int = 0) -> float:
    """The value of a schedule in a year, or at the age of a contract; before its first entry it is zero."""
    if not isinstance(schedule, Mapping):
        return float(schedule)
    steps, now = _steps(schedule), age if "age" in schedule else year
    reached = [step for step in steps if step <= now]
    return float(steps[max(reached)]) if reached else 0.0


def _as_schedule(value: object) -> object:
    """Schedules from YAML: keys are years or ages; ``age`` opens a schedule by age."""
    if isinstance(value, dict) and set(value) == {"age"} and isinstance(value["age"], dict):
        return {"age": {int(k): float(v) for k, v in value["age"].items()}}
    if isinstance(value, dict):
        return {int(k): float(v) for k, v in value.items()}
    return value


ScheduleField = Annotated[Schedule, BeforeValidator(_as_schedule)]


def _steps(schedule: Schedule) -> Mapping[int, float]:
    """Value by year or age, whichever the schedule counts."""
    steps: Any = schedule.get("age", schedule) if isinstance(schedule, Mapping) else {0: schedule}  # type: ignore[call-overload]
    return steps  # type: ignore[no-any-return]


def highest(schedule: Schedule) -> float:
    """The largest value that a schedule takes."""
    return max((float(value) for value in _steps(schedule).values()), default=0.0)


def check_schedule(schedule: Schedule, low: float, high: float) -> Schedule:
    """The schedule, if all its values lie in the range.

    Raises:
        ValueError: a value is outside.
    """
    for value in _steps(schedule).values():
        if not low <= float(value) <= high:
            raise ValueError(f"{value} is not between {low:g} and {high:g}")
    return schedule


class Base(NamedTuple):
    """What is shared: words for the columns ``rule`` and ``tax`` of the transfers table, and the meaning."""

    rule: str
    tax: str
    meaning: str


BASES: dict[str, Base] = {
    "moved_tax": Base("relocation", "local", "local tax that the host keeps of capital that moved under the contract"),
    "tax_increment": Base("increment", "local", "local tax that a party keeps above the contract's first year's"),
    "corporate_tax": Base("head_office", "corporate", "a party's part of the corporate tax on a firm's plants"),
    "sales_tax": Base("destination", "vat", "a party's part of value-added tax"),
    "capacity": Base("equalisation", "", "own revenue per resident above the members' mean, times residents"),
    "absent_services": Base(
        "carried_services", "", "services to residents of the register who live elsewhere, at home's spending per head"
    ),
    "rights": Base("rights", "", "what is bought on a market for rights, which the market itself enters"),
    "fund": Base("joint_fund", "", "what members pay into a fund for R&D, to the places where it is spent"),
    "joint_research": Base("joint_research", "local", "local tax kept of what the R&D of a joint fund adds to output"),
    "cost": Base("cost_sharing", "", "what is spent at a place for all members, which they pay it"),
    "water": Base("eco_compensation", "", "what the water that leaves an upstream city is worth, or what it spoils"),
}
"""Bases by name."""

BY_OTHERS = ("water", "fund")
"""Bases that another phase than sharing measures, and puts into next year's payments."""

POLLUTANTS = ("permanganate", "ammonia", "nitrogen", "phosphorus")
"""Permanganate index, ammonia nitrogen, total nitrogen, total phosphorus: what the Xin'an rule weighs."""

SETTLED = "arbitration"
"""Rule of payments that were contested and are settled later."""

RULES = (*(base.rule for base in BASES.values()), SETTLED)
"""Words for payments under contracts in the column ``rule`` of the transfers table."""

KEYS: dict[str, str] = {
    "origin": "all to the place that the capital came from",
    "destination": "by where value-added tax falls: to whom a payer sells; what non-members buy stays with it",
    "equal": "equal parts",
    "negotiated": "weights that the contract gives",
    "equity": "shares in the common company, as the contract gives them",
    "population": "residents",
    "contribution": "local tax kept of the contract's sectors",
    "capital": "capital in the contract's sectors",
    "output": "output of the contract's sectors",
    "wages": "wages in the contract's sectors",
    "head": "all to the head office",
    "localities": "every place of the country, members or not, by its corporate tax of the base year",
    "shortfall": "own revenue per resident below the members' mean, times residents",
    "guests": "residents who are not on the local register",
    "paid_in": "what is left of what a place has paid into a joint fund",
}
"""Keys by name."""

WEIGHED = ("negotiated", "equity")
"""Keys that take the contract's ``weights``."""

NO_TERM = 100
"""Term of a contract that capital stays under as long as the contract lasts: unit: years, more than any run has."""

ROUNDING = 1e-9
"""By which shares may miss one."""

_ONLY = {
    "hosts": "moved_tax", "covers": "moved_tax", "term": "moved_tax", "capped": "moved_tax",
    "gdp_attribution": "moved_tax", "cost": "cost", "water": "water",
}  # fmt: skip

Share = Annotated[float, Field(ge=0.0, le=1.0)]


def sums_to_one(shares: Mapping[str, float], what: str) -> None:
    """Raises ValueError unless shares sum to one."""
    total = sum(shares.values())
    if abs(total - 1.0) > ROUNDING:
        raise ValueError(f"{what} sum to {total:.12g}, not to 1")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Dispute(_Part):
    """How often payments are contested, and what becomes of them."""

    probability: float = Field(ge=0.0, le=1.0, description="of a dispute", json_schema_extra={"unit": "1/year"})
    withheld: float = Field(1.0, ge=0.0, le=1.0, description="share of the year's payments that is kept back")
    delay: int = Field(1, ge=1, le=30, description="years until it is settled", json_schema_extra={"unit": "years"})
    upheld: float = Field(1.0, ge=0.0, le=1.0, description="share of what was kept back that is paid then")


class Water(_Part):
    """What an upstream and a downstream city agree about the water at a section between them.

    The index is ``P = stability x sum_k weight_k C_k / C_k0``, with concentrations against the base year's.
    """

    section: str = Field(description="river section where the water is judged (id of rivers.csv)")
    upstream: Annotated[str, PLACE] = Field(description="city that the water comes from")
    downstream: Annotated[str, PLACE] = Field(description="city that receives it")
    rule: Literal["two_way", "reward", "damages"] = Field(
        "two_way", description="two_way: downstream pays if P <= 1, upstream if not; reward: only the first; damages: "
        "upstream pays the amount times P - 1 where that is positive",
    )  # fmt: skip
    amount: float = Field(
        ge=0.0, description="paid in a year; of damages: for every 1 of P above 1",
        json_schema_extra={"unit": "100 million yuan"},
    )  # fmt: skip
    extra: float = Field(
        0.0, ge=0.0, description="paid besides by downstream if P is at the second tier or below",
        json_schema_extra={"unit": "100 million yuan"},
    )  # fmt: skip
    tier: float = Field(0.95, gt=0.0, le=1.0, description="the second tier of P")
    stability: float = Field(1.0, gt=0.0, description="k0, allowance for what the weather does to water")
    pollutants: dict[str, Share] = Field(
        default_factory=lambda: dict.fromkeys(POLLUTANTS, 1.0 / len(POLLUTANTS)), description="pollutant -> weight"
    )
    indexed: Literal["none", "parties"] = Field(
        "none", description="amounts grow with nothing, or with both sides' GDP since the contract's first year"
    )

    @field_validator("pollutants")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        for name in value:
            if name not in POLLUTANTS:
                raise ValueError(f"unknown pollutant '{name}'{did_you_mean(name, POLLUTANTS)}")
        sums_to_one(value, "the weights of the pollutants")
        return value

    @model_validator(mode="after")
    def _two_sides(self) -> Water:
        if self.upstream == self.downstream:
            raise ValueError(f"{self.upstream} is on both sides")
        return self

    def paid(self, index: float) -> float:
        """What downstream pays upstream at this P, negative when upstream pays; before indexation."""
        if self.rule == "damages":
            return -self.amount * max(index - 1.0, 0.0)
        if index > 1.0:
            return -self.amount if self.rule == "two_way" else 0.0
        return self.amount + (self.extra if index <= self.tier else 0.0)

    @property
    def stake(self) -> float:
        """What upstream gains by P at the second tier instead of above 1; of damages, by 1 of P."""
        return self.amount if self.rule == "damages" else self.paid(self.tier) - self.paid(2.0)


class Contract(_Part):
    """Who shares what with whom. Every kind of contract is a row of these fields."""

    name: str = Field("", description="name in the tables; in a configuration the key that it stands under")
    parties: PlacesOrAll = Field(default_factory=list, description="cities that take part, or all of the data set")
    base: str = Field("moved_tax", description="what is shared", json_schema_extra={"enum": list(BASES)})
    key: str | dict[str, Share] = Field(
        "origin", description="who gets it: a key, or parts by key that sum to one",
        json_schema_extra={"enum": list(KEYS)},
    )  # fmt: skip
    schedule: ScheduleField = Field(
        0.0, description="share of the base that the key divides; by age: of the contract, of moved_tax of the move",
        json_schema_extra={"unit": "1", "minimum": 0, "maximum": 1},
    )  # fmt: skip
    floor: float = Field(
        0.0, ge=0.0, description="least that a payer pays in a year, up to its whole base",
        json_schema_extra={"unit": "100 million yuan"},
    )  # fmt: skip
    cap: float | None = Field(
        None, ge=0.0, description="most that a payer pays in a year; null = no cap",
        json_schema_extra={"unit": "100 million yuan"},
    )  # fmt: skip
    start: int | None = Field(None, description="first year; null = the policy's", json_schema_extra={"unit": "year"})
    end: int | None = Field(
        None, description="last year whose tax is shared; null = the policy's", json_schema_extra={"unit": "year"}
    )
    indexed: Literal["none", "cpi", "gdp"] = Field(
        "none", description="floor, cap and the first year's tax grow with nothing, national prices, nominal GDP"
    )
    sectors: list[str] = Field(default_factory=list, description="sectors that it is about (codes); empty = all")
    weights: Annotated[dict[str, Share], DIVIDED] = Field(
        default_factory=dict, description="party -> weight, for such keys; a group's is divided by residents"
    )
    part: Annotated[dict[str, Share], PLACES] = Field(
        default_factory=dict, description="party -> share of its sectors that it is about: a firm's plants, a zone's "
        "districts; a group's is that of each of its cities; empty = all of them",
    )  # fmt: skip
    head: Annotated[str, PLACE] = Field("", description="city of the head office, for key head")
    revised_every: int = Field(
        1, ge=1, le=50, description="years for which a key is kept before it is computed again",
        json_schema_extra={"unit": "years"},
    )  # fmt: skip
    plough_back: ScheduleField = Field(
        0.0, description="share of the base that payers spend on infrastructure where it arises",
        json_schema_extra={"unit": "1", "minimum": 0, "maximum": 1},
    )  # fmt: skip
    dispute: Dispute | None = Field(None, description="payments that are contested; null = none is")
    hosts: Places = Field(
        default_factory=list, description="of moved_tax: parties where capital arrives; empty = every party"
    )
    covers: Literal["directed", "all"] = Field(
        "directed", description="of moved_tax: moves by a policy only, or those that firms choose too"
    )
    term: int = Field(
        NO_TERM, ge=0, le=NO_TERM, description="of moved_tax: years for which capital that moved is under it",
        json_schema_extra={"unit": "years"},
    )  # fmt: skip
    capped: bool = Field(
        False, description="of moved_tax: payment ends when the origin has received three former years' tax"
    )
    gdp_attribution: float = Field(
        0.0, ge=0.0, le=1.0, description="of moved_tax: share of moved value added that assessment credits by the key"
    )
    cost: Annotated[dict[str, Annotated[float, Field(ge=0.0)]], DIVIDED] = Field(
        default_factory=dict,
        description="of cost: place -> what is spent there this year, a group's divided by residents",
        json_schema_extra={"unit": "100 million yuan"},
    )  # fmt: skip
    water: Water | None = Field(None, description="of water: where it is judged and what is paid")

    @field_validator("base")
    @classmethod
    def _known_base(cls, value: str) -> str:
        if value not in BASES:
            raise ValueError(f"unknown base '{value}'{did_you_mean(value, BASES)}")
        return value

    @field_validator("key")
    @classmethod
    def _known_key(cls, value: str | dict[str, float]) -> str | dict[str, float]:
        for name in [value] if isinstance(value, str) else value:
            if name not in KEYS:
                raise ValueError(f"unknown key '{name}'{did_you_mean(name, KEYS)}")
        if isinstance(value, dict):
            sums_to_one(value, "the parts of the key")
        return value

    @field_validator("schedule", "plough_back")
    @classmethod
    def _in_range(cls, value: Schedule) -> Schedule:
        return check_schedule(value, 0.0, 1.0)

    @field_validator("weights")
    @classmethod
    def _whole(cls, value: dict[str, float]) -> dict[str, float]:
        if value:
            sums_to_one(value, "the weights")
        return value

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Contract:
        for field in self.model_fields_set & set(_ONLY):
            if self.base != _ONLY[field] and getattr(self, field) != type(self).model_fields[field].get_default(
                call_default_factory=True
            ):
                raise ValueError(f"{field} is for base {_ONLY[field]}, not for {self.base}")
        if self.base == "water" and self.water is None:
            raise ValueError("base water needs water: the section and the amount")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"ends in {self.end}, before it begins in {self.start}")
        if self.cap is not None and self.cap < self.floor:
            raise ValueError(f"the cap of {self.cap:g} is below the floor of {self.floor:g}")
        if (claimed := self._claimed()) > 1.0 + ROUNDING:
            raise ValueError(f"schedule and plough_back claim {claimed:.3g} of the base, more than all of it")
        self._check_key()
        if are_codes(info):
            self._check_parties()
        return self

    def _claimed(self) -> float:
        """Largest sum of schedule and plough_back."""
        both = (self.schedule, self.plough_back)
        by_age = {"age" in schedule for schedule in both if isinstance(schedule, Mapping)}
        if len(by_age) == 2 or (by_age == {True} and self.base == "moved_tax"):
            return sum(map(highest, both))  # they do not count the same time
        times = {step for schedule in both for step in _steps(schedule)}
        return max(sum(value_at(schedule, year=t, age=t) for schedule in both) for t in times)

    def _check_key(self) -> None:
        names = self.keys
        for name, field in ((WEIGHED[0], "weights"), (WEIGHED[1], "weights"), ("head", "head")):
            if name in names and not getattr(self, field):
                raise ValueError(f"key {name} needs {field}")
        if "origin" in names and (self.base != "moved_tax" or len(names) > 1):
            raise ValueError("key origin goes with base moved_tax and alone: only moved capital has an origin")
        if self.capped and self.key != "origin":
            raise ValueError("capped goes with key origin: it is the origin's former tax that is paid back")
        if self.revised_every > 1 and {"origin", "destination", "shortfall"} & set(names):
            raise ValueError(f"key {self.key} is new every year and cannot be kept for {self.revised_every}")

    def _check_parties(self) -> None:
        if self.parties == "all" or not self.parties:
            return
        head = [self.head] if self.head else []
        for field, codes in {"weights": self.weights, "part": self.part, "hosts": self.hosts, "head": head}.items():
            outside = [code for code in codes if code not in self.parties]
            if outside:
                raise ValueError(f"{outside[0]} is in {field} but is no party")

    @property
    def keys(self) -> dict[str, float]:
        """Parts by key."""
        return {self.key: 1.0} if isinstance(self.key, str) else self.key

    @property
    def is_plain(self) -> bool:
        """Whether moved capital pays its origin and nothing else is agreed."""
        return self.key == "origin" and self.floor == 0.0 and not (self.cap is not None or self.dispute or self.ploughs)

    @property
    def ploughs(self) -> bool:
        """Whether any of the base is spent where it arises."""
        return highest(self.plough_back) > 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nobody can claim anything under it."""
        claims = highest(self.schedule) > 0.0 or self.ploughs or self.gdp_attribution > 0.0
        return self.term == 0 or not claims

    def is_on(self, year: int) -> bool:
        """Whether the tax of a year is shared under it."""
        return (self.start is None or self.start <= year) and (self.end is None or year <= self.end)

    def age(self, year: int, first: int) -> int:
        """Years since it began, or since the first year of the run if that is later or it does not say."""
        return year - max(first, first if self.start is None else self.start)

    def share(self, *, year: int, age: int) -> float:
        """Share of the base in a year; of moved tax for capital of this age, zero when its term is over."""
        return value_at(self.schedule, year=year, age=age) if age < self.term else 0.0
