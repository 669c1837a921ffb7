"""Contracts between cities on what they collect (plan ch. 3 and 10: 3.26, 10.07, 10.10): rows of one vocabulary.

Relocation, parks, the increment of a zone, head office and branches, origin and destination, equalisation between
cities and services used away from home differ in base, key and schedule only: :class:`sim.core.agreements.Contract`.
"""

from __future__ import annotations

import warnings
from itertools import product
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, ValidationInfo, model_validator

from sim.core.agreements import ROUNDING, Contract, value_at
from sim.core.errors import InputError, ModelWarning
from sim.core.levers import Levers
from sim.core.names import are_codes
from sim.core.words import did_you_mean
from sim.policies.base import Effect, Policy, places, sector_indices

if TYPE_CHECKING:
    from sim.core.arrays import IntArray
    from sim.datasets.world import World

KEY = "policies.tax_sharing.contracts"
ENTERED_BY = {"rights": "rights_trading", "fund": "innovation_community", "joint_research": "innovation_community"}
"""Bases whose contracts another policy enters, so that nobody claims them twice."""


class TaxSharing(Policy):
    """Contracts by name; those in force bind the members among their parties."""

    effect: ClassVar[Effect] = Effect(
        strength="strength", lever="sharing", indicator="real_income", places="receivers", sign=1
    )
    question: ClassVar[str] = "Who pays and who receives when cities share what they collect?"

    contracts: dict[str, Contract] = Field(description="contracts by name", min_length=1)
    in_force: Literal["all"] | list[str] = Field("all", description="contracts that are in force (names), or all")
    strength: float = Field(
        1.0, ge=0.0, le=1.0, description="part of every payment that is made; 0 = nothing is shared",
        json_schema_extra={"unit": "1"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> TaxSharing:
        for name in self.contracts if self.in_force == "all" else self.in_force:
            if name not in self.contracts:
                known = ", ".join(self.contracts)
                raise ValueError(f"no contract is called {name}{did_you_mean(name, self.contracts)}; there are {known}")
        for contract in self.signed():
            if contract.base in ENTERED_BY:
                owner = ENTERED_BY[contract.base]
                raise ValueError(f"contract {contract.name}: base {contract.base} belongs to the policy {owner}")
            first, last = contract.start or self.start, contract.end or self.end
            if last < first:
                raise ValueError(f"contract {contract.name} ends in {last}, before it begins in {first}")
            if are_codes(info) and contract.parties != "all" and len(set(contract.parties)) < 2:
                raise ValueError(f"contract {contract.name} has {len(set(contract.parties))} parties; it needs two")
        self._check_claims()
        return self

    def _check_claims(self) -> None:
        """No payer may owe more than all of a base in a sector, under all contracts that share it."""
        shared = [contract for contract in self.signed() if contract.base not in ("moved_tax", "cost")]
        payers = {code for contract in shared if contract.parties != "all" for code in contract.parties}
        sectors = {code for contract in shared for code in contract.sectors}
        for base in dict.fromkeys(contract.base for contract in shared):
            for payer, sector in product([*sorted(payers), ""], [*sorted(sectors), ""]):  # "" is any other
                rivals = [c for c in shared if c.base == base and _concerns(c, payer, sector)]
                for year in range(self.start, self.end + 1) if len(rivals) > 1 else ():
                    claims = {contract.name: _claim(contract, payer, year) for contract in rivals}
                    if sum(claims.values()) > 1.0 + ROUNDING:
                        names = " and ".join(name for name, claim in claims.items() if claim > 0.0)
                        total = f"{sum(claims.values()):.3g} of the {base} of {payer or 'every party'} in {year}"
                        raise ValueError(f"contracts {names} claim {total}, more than all of it")

    def signed(self) -> list[Contract]:
        """The contracts in force, with their names and years."""
        chosen = self.contracts if self.in_force == "all" else self.in_force
        return [
            contract.model_copy(
                update={
                    "name": name,
                    "start": self.start if contract.start is None else contract.start,
                    "end": self.end if contract.end is None else contract.end,
                }
            )
            for name, contract in self.contracts.items()
            if name in chosen
        ]

    def parties(self, world: World) -> list[str]:
        """Parties of all contracts in force, each once."""
        return list(dict.fromkeys(code for contract in self.signed() for code in _parties(contract, world)))

    def is_viable(self, world: World) -> bool:
        """Two members are parties of the same contract."""
        return any(len(self.takes_part(_parties(contract, world))) > 1 for contract in self.signed())

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Enter the contracts with those who take part this year, and what moves they cover."""
        for contract in self.signed():
            everybody = _parties(contract, world)
            members = places(self.takes_part(everybody), world, f"{KEY}.{contract.name}.parties")
            self._check(contract, year, world)
            index = levers.add_contract(contract, members, self.strength if contract.is_on(year) else 0.0)
            if contract.is_on(year) and contract.base == "moved_tax" and self.strength > 0.0:
                hosts = contract.hosts or everybody
                origins = [code for code in everybody if code not in contract.hosts]
                levers.cover(index, self._members(origins, world), self._members(hosts, world))

    def _members(self, codes: list[str], world: World) -> IntArray:
        return places(self.takes_part(codes), world, KEY)

    def _check(self, contract: Contract, year: int, world: World) -> None:
        key = f"{KEY}.{contract.name}"
        places(_parties(contract, world), world, f"{key}.parties")
        sector_indices(contract.sectors, world, f"{key}.sectors")
        for field in ("weights", "part", "hosts", "cost"):
            places(list(getattr(contract, field)), world, f"{key}.{field}")
        if contract.head:
            places([contract.head], world, f"{key}.head")
        if contract.start is not None and contract.start < world.base_year:
            raise InputError(f"begins before the base year {world.base_year}", key=f"{key}.start")
        if contract.base == "corporate_tax" and not contract.part and year == world.base_year:
            message = f"contract {contract.name} does nothing: no firm with plants in several cities is given"
            warnings.warn(f"{message} ({key}.part: city -> share of its sectors' capital)", ModelWarning, stacklevel=2)


def _parties(contract: Contract, world: World) -> list[str]:
    return list(world.region_ids[: world.n_cities]) if contract.parties == "all" else contract.parties


def _concerns(contract: Contract, payer: str, sector: str) -> bool:
    everybody, everything = contract.parties == "all", not contract.sectors
    return (everybody or payer in contract.parties) and (everything or sector in contract.sectors)


def _claim(contract: Contract, payer: str, year: int) -> float:
    """Largest part of its base that a payer hands on or ploughs back in a year."""
    if not contract.is_on(year):
        return 0.0
    age = contract.age(year, 0)
    shares = (value_at(schedule, year=year, age=age) for schedule in (contract.schedule, contract.plough_back))
    return sum(shares) * (contract.part.get(payer, 0.0) if contract.part else 1.0)
