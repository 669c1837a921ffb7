"""Land quotas move between cities and idle land is given up (plan ch. 9.2, items 9.08 and 9.09).

Town and country land are linked: a city may build on more where another turns as much village land back into fields.
Every year from start to end buyers get the quotas they ask for and sellers, by their shares, lose as much; each buyer
pays the sellers the price of its province, in the year after, under a contract of base `cost`, so nothing is lost on
the way. Sellers spend the cost of reclaiming on works of their own. Land that lies idle may come back into use besides,
at no payment. After the end quotas stay where they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from sim.core.agreements import Contract
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.names import DIVIDED, PROVINCES
from sim.policies.base import Effect, Policy, places
from sim.policies.joint_projects import Shares, scaled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.core.arrays import IntArray
    from sim.datasets.world import World

KEY = "policies.land_quota_trade"
MU = 1.0 / 1500.0  # unit: km2 in a mu
YUAN = 1e8  # unit: yuan in 100 million yuan
STATE_COUNCIL = "State Council Office 2018 no. 16: 700,000 yuan per mu from Shanghai, 500,000 from Jiangsu and Zhejiang"

Amount = Annotated[float, Field(ge=0.0)]


class LandQuotaTrade(Policy):
    """Buyers may build on more land, sellers on as much less, and are paid for it."""

    effect: ClassVar[Effect] = Effect(
        strength="scale", lever="land_supply", indicator="real_income", places="receivers", sign=1
    )
    question: ClassVar[str] = "Who gains when cities short of land buy the right to build from cities that have it?"

    scale: float = Field(
        1.0, ge=0.0, le=10.0, description="part of the quantities that is carried out; 0 = no quota moves",
        json_schema_extra={"unit": "1"},
    )  # fmt: skip
    buyers: Annotated[dict[str, Amount], DIVIDED] = Field(
        description="city -> quota that it buys a year; a group's is divided by residents",
        json_schema_extra={"unit": "mu/year", "source": "judgement"},
    )
    sellers: Shares = Field(
        description="city -> its share of what is sold, a group's divided by residents; members sell in proportion"
    )
    price: Annotated[dict[str, Amount], PROVINCES] = Field(
        description="province of the buyer -> price", json_schema_extra={"unit": "yuan/mu", "source": STATE_COUNCIL}
    )
    reclaiming: float = Field(
        0.0, ge=0.0, description="what a seller spends to turn land back into fields",
        json_schema_extra={"unit": "yuan/mu", "source": "judgement"},
    )  # fmt: skip
    idle: Annotated[dict[str, Amount], DIVIDED] = Field(
        default_factory=dict,
        description="city -> idle land back in use a year, at no payment; a group's is divided by residents",
        json_schema_extra={"unit": "mu/year", "source": "judgement"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self) -> LandQuotaTrade:
        both = sorted(set(self.buyers) & set(self.sellers))
        if both:
            raise ValueError(f"{both[0]} both buys and sells")
        return self

    def parties(self, world: World) -> list[str]:
        """Buyers, sellers and cities that give up idle land, each once."""
        return list(dict.fromkeys([*self.buyers, *self.sellers, *self.idle]))

    def is_viable(self, world: World) -> bool:
        """Somebody buys and somebody sells, or idle land is given up."""
        trades = bool(self.takes_part(list(self.buyers)) and self.takes_part(list(self.sellers)))
        return trades or bool(self.takes_part(list(self.idle)))

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Land of the members this year, and what buyers owe sellers for this year's quotas."""
        for name in ("buyers", "sellers", "idle"):
            places(list(getattr(self, name)), world, f"{KEY}.{name}")
        bought, sold = self.traded()
        idle = {code: self.scale * self.idle[code] for code in self.takes_part(list(self.idle))}
        years = float(np.clip(year - self.start + 1, 0, self.end - self.start + 1))
        for amounts, sign in ((bought, 1.0), (sold, -1.0), (idle, 1.0)):
            where = places(list(amounts), world, KEY)
            self._has_land(where, world)
            levers.land_supply[where] += sign * years * MU * _values(amounts) / world.buildable_land_km2[where]
        gone = np.flatnonzero(levers.land_supply <= -1.0)
        if gone.size:
            raise InputError(
                f"{world.region_ids[gone[0]]} sells more land than it has", key=f"{KEY}.sellers",
                allowed=f"{world.buildable_land_km2[gone[0]] / MU:,.0f} mu in all years together",
            )  # fmt: skip
        self._pay(levers, bought, sold if self.start <= year <= self.end else {}, world)

    def traded(self) -> tuple[dict[str, float], dict[str, float]]:
        """Quotas bought and sold a year by members, mu; nothing without both sides."""
        bought = {code: self.scale * self.buyers[code] for code in self.takes_part(list(self.buyers))}
        shares = scaled({code: self.sellers[code] for code in self.takes_part(list(self.sellers))})
        total = sum(bought.values())
        return (bought, {code: share * total for code, share in shares.items()}) if shares else ({}, {})

    def _pay(self, levers: Levers, bought: Mapping[str, float], sold: Mapping[str, float], world: World) -> None:
        """The contract of this year and what reclaiming costs; ``sold`` is empty when nothing is sold this year."""
        paid = {code: amount * self._price(code, world) / YUAN for code, amount in bought.items()}
        total, quota = sum(paid.values()), sum(sold.values())
        cost = {code: total * amount / quota for code, amount in sold.items()} if quota > 0.0 else {}
        everybody = {code: self.buyers[code] * self._price(code, world) for code in self.buyers}
        weights = scaled(paid) or scaled(everybody)
        if not weights:
            return
        contract = Contract(
            name="land_quota_trade", parties=list(weights), base="cost", key="negotiated", weights=weights,
            schedule=1.0, start=self.start, end=self.end, cost=cost,
        )  # fmt: skip
        levers.add_contract(contract, places(list(paid) if cost else [], world, KEY))
        levers.works[places(list(sold), world, KEY)] += self.reclaiming / YUAN * _values(sold)

    def _price(self, code: str, world: World) -> float:
        """Price of the buyer's province, yuan per mu."""
        province = world.province_ids[world.province_of[world.index(code)]]
        if province not in self.price:
            raise InputError(f"no price for {province}, the province of buyer {code}", key=f"{KEY}.price")
        return self.price[province]

    def _has_land(self, where: IntArray, world: World) -> None:
        without = where[world.buildable_land_km2[where] <= 0.0]
        if without.size:
            raise InputError(
                f"{world.region_ids[without[0]]} has no land that may be built on",
                file="regions.csv", column="buildable_land_km2", allowed="above 0 for cities that trade land",
            )  # fmt: skip


def _values(amounts: Mapping[str, float]) -> np.ndarray:
    return np.array(list(amounts.values()))
