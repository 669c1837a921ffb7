"""An innovation community: knowledge nearer, more R&D, science centres (plan ch. 4, items 4.01 to 4.08)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from sim.core.agreements import Contract
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.names import DIVIDED, PLACES
from sim.policies.base import Effect, places
from sim.policies.gradual import Gradual, between

if TYPE_CHECKING:
    from sim.core.arrays import IntArray
    from sim.datasets.world import World


class InnovationCommunity(Gradual):
    """Members' knowledge reaches each other more easily, and public money adds to their R&D.

    Links stand for joint laboratories, shared instruments, one market for technology and mutual recognition. Vouchers
    are money that every member spends on R&D of its own firms; science centres are paid by the centre. A joint fund is
    paid by all members and spent at its sites, which may share the tax on what it adds with those who paid.
    """

    name: ClassVar[str] = "innovation_community"
    effect: ClassVar[Effect] = Effect(
        strength="strength", lever="knowledge_link", indicator="real_gdp", places="region", sign=1
    )
    question: ClassVar[str] = "What does a common space of innovation bring, and to which cities?"

    strength: float = Field(1.0, ge=0.0, le=2.0, description="part of the programme that is carried out; 1 = all")
    link: float = Field(
        ge=0.0, le=5.0, description="added to the weight of members' knowledge for each other by the end",
        json_schema_extra={"unit": "1", "source": "judgement; 1 = twice today's ties"},
    )  # fmt: skip
    support: float = Field(
        ge=0.0, le=0.02, description="vouchers over GDP by the end, paid by each member at home",
        json_schema_extra={"unit": "1", "source": "judgement; vouchers so far .17 billion yuan in all"},
    )  # fmt: skip
    centres: Annotated[dict[str, Annotated[float, Field(ge=0.0, le=1.0)]], PLACES] = Field(
        default_factory=dict, description="cities with a national science centre, and what the centre pays "
        "over GDP; of a group: of each of its cities",
        json_schema_extra={"unit": "1", "source": "judgement; plan 4.01: Zhangjiang and Hefei"},
    )  # fmt: skip

    fund: float = Field(
        0.0, ge=0.0, le=0.02, description="what each member pays into the joint fund by the end, over its GDP",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    fund_sites: Annotated[dict[str, Annotated[float, Field(gt=0.0)]], DIVIDED] = Field(
        default_factory=dict, description="where the fund is spent: city -> weight; empty = by the members' R&D"
    )
    gain_share: float = Field(
        0.0, ge=0.0, le=1.0, description="share of the local tax on what the fund's R&D adds that goes to the members, "
        "in proportion to what they paid", json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Tie the members together and pay for R&D."""
        members, done = self.member_cities(world), self.strength * self.done(year)
        levers.knowledge_link += self.link * done * between(members, world)
        levers.rd_support[members] += self.support * done
        chosen = self.takes_part(list(self.centres))
        for city, code in zip(places(chosen, world, f"policies.{self.name}.centres"), chosen, strict=True):
            levers.rd_grant[city] += self.centres[code] * done
        if self.fund > 0.0:
            self._pool(levers, members, done, world)

    def _pool(self, levers: Levers, members: IntArray, done: float, world: World) -> None:
        """The members' fund, where it is spent, and the contracts that pay it and share its gains."""
        if levers.rd_fund.any():
            raise InputError(
                "another policy has a joint fund already", key=f"policies.{self.name}.fund", allowed="one fund"
            )
        outside = [code for code in self.fund_sites if code not in self.parties(world)]
        if outside:
            raise InputError(
                f"{outside[0]} takes no part", key=f"policies.{self.name}.fund_sites", allowed="its cities"
            )
        sites = self.takes_part(list(self.fund_sites))
        if self.fund_sites and not sites:  # nobody pays where there is nowhere to spend
            members = members[:0]
        levers.rd_fund[members] = self.fund * done
        for city, code in zip(places(sites, world, f"policies.{self.name}.fund_sites"), sites, strict=True):
            levers.rd_fund_site[city] = self.fund_sites[code]
        terms: dict[str, Any] = {"parties": self.parties(world), "start": self.start}
        paid = Contract(name=f"{self.name}_fund", base="fund", key="equal", **terms)
        shared = Contract(
            name=f"{self.name}_gains", base="joint_research", key="paid_in", schedule=self.gain_share, **terms
        )
        levers.rd_fund_contract[0] = levers.add_contract(paid, members)
        levers.add_contract(shared, members)
