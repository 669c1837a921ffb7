"""Levers: what policies may set. Rebuilt from the baseline at the start of each year, so nothing has to be undone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from sim.core.agreements import Contract
from sim.core.arrays import FloatArray, IntArray
from sim.core.errors import InputError

RIGHTS = ("energy", "carbon", "emission", "water")
"""Rights that may be capped and traded: to use energy (10,000 tce), to emit carbon (10,000 t of CO2) and pollutants
(10,000 t of PM2.5 equivalents), to use water (10,000 m3)."""
ALLOCATIONS = ("grandfathering", "per_head", "per_gdp", "auction")
"""How the first holders of rights are chosen: by base-year use, residents, GDP, or where they are used, for money."""


@dataclass
class Levers:
    """Arrays by place that policies write and phases read; pairs are ``[origin, destination]``."""

    admin_barrier: FloatArray  # [N, N] 1 = today's provincial border, 0 = none
    external_cost: FloatArray  # [N, N] factor on the cost of trade with the world
    relocation_rate: FloatArray  # [N, S] share of capital that leaves by policy, a year
    relocation_open: FloatArray  # [N, N] weight of a host for capital that leaves by policy, 0 = closed
    park_incentive: FloatArray  # [N, N] log points added to the attraction of a host
    subsidy_rate: FloatArray  # [N] paid by the host per yuan of arriving capital
    subsidy_ban: FloatArray  # [N] share of subsidies that common rules forbid, of the limit and of every incentive
    regional_weight: FloatArray  # [N] weight of the region's result in a city government's score
    passenger_time: FloatArray  # [N, N] factor on the travel time of people
    freight_time: FloatArray  # [N, N] factor on the travel time of goods
    line_service: FloatArray  # [line] part of a line's trains that run, 0 = it is not open; lines since the base year
    sea_port_capacity: FloatArray  # [N] share by which the sea port here is larger than usual
    airport_capacity: FloatArray  # [N] share by which the airport here is larger than usual
    productivity_gain: FloatArray  # [N, S] log points added to next year's productivity
    tax_relief: FloatArray  # [N, S] share of corporate tax that a place hands back to firms, paid next year
    service_access: FloatArray  # [N] share of what keeps newcomers from locals' services and register that is removed
    portable: (
        FloatArray  # [N, N] share of what another province costs a mover that is removed, from origin to destination
    )
    mutual_access: FloatArray  # [N, N] share of what keeps people of the origin out of the destination that is removed
    capital_market: FloatArray  # [N] share by which the wedge of the place's returns shrinks to the members' mean
    knowledge_link: FloatArray  # [N, N] added to the weight that knowledge has on its way, 1 = twice today's
    farm_exit: FloatArray  # [N] share of what keeps workers in agriculture that is removed
    land_supply: FloatArray  # [N] share by which the land that may be built on is above the base year's
    service_floor: FloatArray  # [N] least public spending per resident, 10,000 yuan; the centre pays what is missing
    works: FloatArray  # [N] infrastructure for joint projects built here this year, 100 million yuan, paid next year
    grant: FloatArray  # [N] what the centre pays towards them
    river_effort: FloatArray  # [N] share of the load into rivers that is kept back beyond the general trend
    right_market: FloatArray  # [right, N] number of the group that a city shares its cap with, -1 = no cap
    right_cut: FloatArray  # [right, N] share of the year's use without abatement that has to go
    right_cap: FloatArray  # [right, N] highest use over the base year's, infinite = none
    right_trade: FloatArray  # [right] 1 = groups are markets, 0 = the same percentage for everyone in a group
    right_allocation: FloatArray  # [right, rule] share of the rights by who gets them first
    right_contract: FloatArray  # [right] index of the contract under which cities pay each other, -1 = none
    abatement: FloatArray  # [N, S] share of emissions that is abated
    emission_cap: FloatArray  # [N] most that a place may emit, base year 1; infinity = no cap
    entry_enforcement: FloatArray  # [N] share of arriving plants that the host holds to its standard
    entry_standard: FloatArray  # [N] emission intensity that it allows them, over its own sector's
    relocation_contract: FloatArray  # [N, N] index of the contract that covers a move, -1 = none
    sharing: FloatArray  # [contract, N] part of what it owes under a contract that a member pays; 0 = not a member
    rd_support: FloatArray  # [N] public money for R&D over GDP that the place pays next year
    rd_grant: FloatArray  # [N] public money for R&D over GDP that the centre pays, through the place's budget
    rd_fund: FloatArray  # [N] what a place pays into a joint fund for R&D, over its GDP
    rd_fund_site: FloatArray  # [N] part of the fund that is spent at a place; all zero = by the R&D of those who pay
    rd_fund_contract: FloatArray  # [1] index of the contract under which the fund is paid, -1 = none
    network_push: FloatArray  # [N] share by which the newest network spreads faster
    digital_push: FloatArray  # [N] share by which firms go digital faster
    sector_barrier: FloatArray  # [S, N, N] factor on admin_barrier by sector; [0, N, N] until a policy asks for it
    sector_cost: FloatArray  # [S, N, N] factor on the cost of trade by sector, any pair; [0, N, N] likewise
    foreign_investment: FloatArray  # [N] what the world invests in a place beyond the base year's, over its GDP
    contracts: list[Contract] = field(default_factory=list)

    @classmethod
    def neutral(cls, admin_barrier: FloatArray, n_sectors: int, n_lines: int = 0) -> Levers:
        """No policy at all: today's borders, nobody pushed, nobody paid."""
        n = admin_barrier.shape[0]
        return cls(
            admin_barrier=admin_barrier.copy(),
            external_cost=np.ones((n, n)),
            relocation_rate=np.zeros((n, n_sectors)),
            relocation_open=np.zeros((n, n)),
            park_incentive=np.zeros((n, n)),
            subsidy_rate=np.zeros(n),
            subsidy_ban=np.zeros(n),
            regional_weight=np.zeros(n),
            passenger_time=np.ones((n, n)),
            freight_time=np.ones((n, n)),
            line_service=np.zeros(n_lines),
            sea_port_capacity=np.zeros(n),
            airport_capacity=np.zeros(n),
            productivity_gain=np.zeros((n, n_sectors)),
            tax_relief=np.zeros((n, n_sectors)),
            service_access=np.zeros(n),
            portable=np.zeros((n, n)),
            mutual_access=np.zeros((n, n)),
            capital_market=np.zeros(n),
            knowledge_link=np.zeros((n, n)),
            farm_exit=np.zeros(n),
            land_supply=np.zeros(n),
            service_floor=np.zeros(n),
            works=np.zeros(n),
            grant=np.zeros(n),
            river_effort=np.zeros(n),
            right_market=np.full((len(RIGHTS), n), -1.0),
            right_cut=np.zeros((len(RIGHTS), n)),
            right_cap=np.full((len(RIGHTS), n), np.inf),
            right_trade=np.zeros(len(RIGHTS)),
            right_allocation=np.zeros((len(RIGHTS), len(ALLOCATIONS))),
            right_contract=np.full(len(RIGHTS), -1.0),
            abatement=np.zeros((n, n_sectors)),
            emission_cap=np.full(n, np.inf),
            entry_enforcement=np.zeros(n),
            entry_standard=np.ones(n),
            relocation_contract=np.full((n, n), -1.0),
            sharing=np.zeros((0, n)),
            rd_support=np.zeros(n),
            rd_grant=np.zeros(n),
            rd_fund=np.zeros(n),
            rd_fund_site=np.zeros(n),
            rd_fund_contract=np.full(1, -1.0),
            network_push=np.zeros(n),
            digital_push=np.zeros(n),
            sector_barrier=np.ones((0, n, n)),
            sector_cost=np.ones((0, n, n)),
            foreign_investment=np.zeros(n),
        )

    def reset(self, baseline: Levers) -> None:
        """Return every array to the baseline in place; contracts stay known by their index, without members."""
        for name in ARRAYS:
            getattr(self, name)[:] = getattr(baseline, name)
        self.sector_barrier, self.sector_cost = baseline.sector_barrier.copy(), baseline.sector_cost.copy()
        self.sharing = np.zeros((len(self.contracts), self.sharing.shape[1]))

    def on_sector_barrier(self) -> FloatArray:
        """``sector_barrier [S, N, N]`` to write on, ones at first: years that need no sectors do not carry them."""
        if not self.sector_barrier.size:
            self.sector_barrier = self._by_sector()
        return self.sector_barrier

    def on_sector_cost(self) -> FloatArray:
        """``sector_cost [S, N, N]`` to write on, likewise."""
        if not self.sector_cost.size:
            self.sector_cost = self._by_sector()
        return self.sector_cost

    def _by_sector(self) -> FloatArray:
        return np.ones((self.relocation_rate.shape[1], *self.admin_barrier.shape))

    def add_contract(self, contract: Contract, members: IntArray | None = None, part: float = 1.0) -> int:
        """Index of a contract, known by its name: entered once, replaced when its terms have changed.

        A policy enters its contracts every year, whoever takes part, so that an index means the same in every year.

        Args:
            contract: as it is agreed this year.
            members: indices of the regions that pay and receive this year; None leaves that as it is.
            part: what of it they pay, 1 = all.

        Raises:
            InputError: another contract of this name was entered this year.
        """
        names = [known.name for known in self.contracts]
        index = names.index(contract.name) if contract.name in names else len(names)
        if index == len(names):
            self.contracts.append(contract)
            self.sharing = np.vstack([self.sharing, np.zeros_like(self.works)])
        elif self.contracts[index] != contract:
            if self.sharing[index].any():
                raise InputError(f"two different contracts are called {contract.name}")
            self.contracts[index] = contract
        if members is not None:
            self.sharing[index, members] = part
        return index

    def cover(self, index: int, origins: IntArray, hosts: IntArray) -> None:
        """Put moves from origins to hosts under a contract; one under which nobody can claim anything gives way.

        Raises:
            InputError: moves between two of these cities are under another contract already.
        """
        pairs = origins[:, None], hosts[None, :]
        taken = self.relocation_contract[pairs]
        contract = self.contracts[index]
        for known in np.unique(taken[(taken >= 0.0) & (taken != index)]):
            other = self.contracts[int(known)]
            if contract.is_empty:
                return
            if not other.is_empty:
                raise InputError(
                    f"contracts {other.name} and {contract.name} cover moves between the same cities",
                    allowed="one of them if it shares nothing, as with policies.industry_transfer.origin_share=0",
                )
        self.relocation_contract[pairs] = index


_GROWING = ("contracts", "sharing", "sector_barrier", "sector_cost")
ARRAYS = tuple(item.name for item in dataclasses.fields(Levers) if item.name not in _GROWING)
"""Levers whose shape never changes; contracts stay known, and ``sharing`` has a row for each."""
