"""Ordinary manufacturing moves from the core to cities that want it, taxes are shared (plan ch. 3: 3.02, 3.26)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from sim.core.agreements import Contract, Schedule, ScheduleField, check_schedule
from sim.core.levers import Levers
from sim.core.names import PLACES, Places, are_codes
from sim.policies.base import Effect, Policy, places, sector_indices, shifted

if TYPE_CHECKING:
    from sim.datasets.world import World

JING_JIN_JI = "Ministry of Finance and State Administration of Taxation, 2015: 50:50 for 3 years, at most 5"
SONGJIANG = "Songjiang-Lu'an park: 40 % to the origin for 5 years"
KEY = "policies.industry_transfer"
SPLIT_STEP = 0.1  # source: judgement, share of the tax that a renegotiation moves


class IndustryTransfer(Policy):
    """A share of the capital of some sectors leaves its cities each year for hosts, which share the tax it pays."""

    effect: ClassVar[Effect] = Effect(
        strength="pace", lever="relocation_rate", indicator="real_gdp", places="destinations", sign=1
    )
    question: ClassVar[str] = "Who gains and who loses when ordinary manufacturing moves and the tax is shared?"

    origins: Places = Field(description="cities whose plants leave", min_length=1)
    destinations: Places = Field(default_factory=list, description="cities that receive them")
    pairs: Annotated[dict[str, list[str]], PLACES] = Field(
        default_factory=dict, description="park pairs: origin -> its hosts; replaces destinations for these origins"
    )
    sectors: list[str] = Field(description="sectors that move", min_length=1)
    pace: float = Field(
        ge=0.0, le=0.5, description="share of the capital stock that leaves each year",
        json_schema_extra={"unit": "1/year", "source": "judgement"},
    )  # fmt: skip
    incentive: float = Field(
        0.0, ge=0.0, le=0.5, description="subsidy of the host per yuan of arriving capital",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    origin_share: ScheduleField = Field(
        0.5, description="origin's share of the local tax on moved capital",
        json_schema_extra={"unit": "1", "minimum": 0, "maximum": 1, "source": f"{JING_JIN_JI}; {SONGJIANG}"},
    )  # fmt: skip
    term: int = Field(
        5, ge=0, le=30, description="years a contract lasts",
        json_schema_extra={"unit": "years", "source": f"{JING_JIN_JI}; {SONGJIANG}"},
    )  # fmt: skip
    capped: bool = Field(False, description="stop when the origin has received three former years' tax")
    gdp_attribution: float = Field(
        0.0, ge=0.0, le=1.0, description="share of value added credited to the origin in assessment",
        json_schema_extra={"unit": "1", "source": SONGJIANG},
    )  # fmt: skip

    @field_validator("pairs", mode="before")
    @classmethod
    def _one_host_is_a_list(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {origin: [hosts] if isinstance(hosts, str) else hosts for origin, hosts in value.items()}

    @field_validator("origin_share")
    @classmethod
    def _share_in_range(cls, value: Schedule) -> Schedule:
        return check_schedule(value, 0.0, 1.0)

    @model_validator(mode="after")
    def _has_hosts(self, info: ValidationInfo) -> IndustryTransfer:
        alone = [origin for origin in self.origins if not self.pairs.get(origin) and not self.destinations]
        if alone and are_codes(info):
            raise ValueError(f"no destination for {', '.join(alone)}")
        return self

    def contract(self) -> Contract:
        """The tax-sharing contract that covers each move."""
        return Contract(
            name="industry_transfer", schedule=self.origin_share, term=self.term, capped=self.capped,
            gdp_attribution=self.gdp_attribution,
        )  # fmt: skip

    def hosts_of(self, origin: str) -> list[str]:
        """Cities that this origin's plants may go to."""
        return self.pairs.get(origin) or self.destinations

    def parties(self, world: World) -> list[str]:
        """Origins and hosts, each once."""
        return list(dict.fromkeys([*self.origins, *(host for code in self.origins for host in self.hosts_of(code))]))

    def is_viable(self, world: World) -> bool:
        """An origin and one of its hosts take part."""
        return any(self.takes_part(self.hosts_of(origin)) for origin in self.takes_part(self.origins))

    def given_to(self, codes: Sequence[str]) -> IndustryTransfer:
        """The origin's share moved by a tenth of the tax towards the side that has more of these cities."""
        origins, hosts = (sum(code in side for code in codes) for side in (self.origins, self._all_hosts()))
        if origins == hosts:
            return self
        step = SPLIT_STEP if origins > hosts else -SPLIT_STEP
        return self.model_copy(update={"origin_share": shifted(self.origin_share, step)})

    def _all_hosts(self) -> set[str]:
        return {host for origin in self.origins for host in self.hosts_of(origin)}

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Push capital out of the origins, open the hosts, pay the incentive, cover the moves by the contract."""
        places(self.origins, world, f"{KEY}.origins")
        sectors = sector_indices(self.sectors, world, f"{KEY}.sectors")
        hosts_of = {
            world.index(origin): places(self.takes_part(self.hosts_of(origin)), world, f"{KEY}.pairs.{origin}")
            for origin in self.takes_part(self.origins)
        }
        members = np.array([*hosts_of, *(host for hosts in hosts_of.values() for host in hosts)], dtype=np.int64)
        index = levers.add_contract(self.contract(), members)
        if not self.start <= year <= self.end or self.pace == 0.0:
            return
        for origin, hosts in hosts_of.items():
            levers.relocation_rate[origin, sectors] = self.pace
            levers.relocation_open[origin, hosts] = 1.0
            levers.cover(index, np.array([origin]), hosts)
            levers.subsidy_rate[hosts] = self.incentive
