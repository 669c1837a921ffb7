"""Levers: what policies may set. Rebuilt from the baseline at the start of each year, so nothing has to be undone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from sim.core.agreements import Contract
from sim.core.arrays import FloatArray


@dataclass
class Levers:
    """Arrays by place that policies write and phases read; pairs are ``[origin, destination]``."""

    admin_barrier: FloatArray  # [N, N] 1 = today's provincial border, 0 = none
    external_cost: FloatArray  # [N, N] factor on the cost of trade with the world
    relocation_rate: FloatArray  # [N, S] share of capital that leaves by policy, a year
    relocation_open: FloatArray  # [N, N] weight of a host for capital that leaves by policy, 0 = closed
    park_incentive: FloatArray  # [N, N] log points added to the attraction of a host
    subsidy_rate: FloatArray  # [N] paid by the host per yuan of arriving capital
    subsidy_cap: FloatArray  # [N] highest subsidy per yuan of investment that common rules allow, 1 = no rule
    regional_weight: FloatArray  # [N] weight of the region's result in a city government's score
    passenger_time: FloatArray  # [N, N] factor on the travel time of people
    freight_time: FloatArray  # [N, N] factor on the travel time of goods
    productivity_gain: FloatArray  # [N, S] log points added to next year's productivity
    works: FloatArray  # [N] infrastructure for joint projects built here this year, 100 million yuan, paid next year
    grant: FloatArray  # [N] what the centre pays towards them
    relocation_contract: FloatArray  # [N, N] index of the contract that covers a move, -1 = none
    contracts: list[Contract] = field(default_factory=list)

    @classmethod
    def neutral(cls, admin_barrier: FloatArray, n_sectors: int) -> Levers:
        """No policy at all: today's borders, nobody pushed, nobody paid."""
        n = admin_barrier.shape[0]
        return cls(
            admin_barrier=admin_barrier.copy(),
            external_cost=np.ones((n, n)),
            relocation_rate=np.zeros((n, n_sectors)),
            relocation_open=np.zeros((n, n)),
            park_incentive=np.zeros((n, n)),
            subsidy_rate=np.zeros(n),
            subsidy_cap=np.ones(n),
            regional_weight=np.zeros(n),
            passenger_time=np.ones((n, n)),
            freight_time=np.ones((n, n)),
            productivity_gain=np.zeros((n, n_sectors)),
            works=np.zeros(n),
            grant=np.zeros(n),
            relocation_contract=np.full((n, n), -1.0),
        )

    def reset(self, baseline: Levers) -> None:
        """Return every array to the baseline in place; contracts once made stay known by their index."""
        for name in ARRAYS:
            getattr(self, name)[:] = getattr(baseline, name)

    def add_contract(self, contract: Contract) -> int:
        """Index of a contract, entered once."""
        if contract not in self.contracts:
            self.contracts.append(contract)
        return self.contracts.index(contract)


ARRAYS = tuple(item.name for item in dataclasses.fields(Levers) if item.name != "contracts")
"""Every lever but the contracts, which stay known."""
