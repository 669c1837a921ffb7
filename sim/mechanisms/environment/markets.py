"""Caps on rights, year by year: who abates how much, at what price, who buys from whom (MODEL.md 10).

One implementation serves every right, energy, carbon, emission and water; :mod:`sim.mechanisms.environment.rights`
holds what a market is. Uses are amounts of 10,000 t (tce, m3), slopes and prices yuan per t (tce, m3). City governments
pay for their firms; rights that cities buy from each other are settled with the next year's contract payments. What is
auctioned stays with the firms of the place as a lump sum, so an auction moves no money between places.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.core.arrays import FloatArray, IntArray
from sim.core.errors import ModelWarning
from sim.core.levers import RIGHTS, Levers
from sim.core.state import EVERY_SECTOR, PAYMENT, State
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.environment import rights

MONEY = 1e-4  # unit: 100 million yuan per 10,000 yuan
YEARLY = (
    *(f"{right}_{flow}" for right in RIGHTS for flow in ("price", "bought")),
    *("abatement_cost", "uniform_cost", "auction_revenue", "abatement_loss"),
)
"""What is nothing unless somebody is capped."""
EVERYTHING = np.ones((1, 1))


@dataclass(frozen=True, eq=False)
class Group:
    """Those who share a cap on a right in a year; arrays ``[member]`` unless noted."""

    right: int
    place: IntArray
    use: FloatArray  # without abatement [member, sector]
    first: FloatArray  # use of the base year
    slope: FloatArray  # marginal cost of the last unit, yuan per t or tce [sector]


class Markets:
    """Holds users to the caps on their rights, and bills the next year."""

    reads: ClassVar[tuple[str, ...]] = ("resident_population", "gdp", "value_added", "payments", "payable")
    writes: ClassVar[tuple[str, ...]] = (*YEARLY, "payments", "payable")

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self._told: set[tuple[int, int]] = set()  # caps above use that were warned of, each once
        self._city = np.arange(base.world.n_regions) < base.world.n_cities

    def open(self, state: State) -> None:
        """A year begins in which nobody has abated yet."""
        for flow in YEARLY:
            getattr(state, flow)[:] = 0.0

    def kept(
        self, right: int, use: FloatArray, first: FloatArray, slope: FloatArray, state: State, levers: Levers
    ) -> FloatArray:
        """Share of its use without abatement that every agent keeps; 1 where nothing is capped.

        What abatement costs is lost as productivity of the next year, ``abatement_loss = cost / value added``.

        Args:
            right: position in `RIGHTS`.
            use: of the year without abatement, 10,000 t (tce, m3) ``[place, sector]``; cities first.
            first: the same of the base year.
            slope: marginal cost of the last unit, yuan per t (tce, m3) ``[sector]``.
        """
        members = rights.groups(levers.right_market[right], self._city)
        if not members:
            return EVERYTHING
        kept = np.ones_like(use)
        for place in members:
            group = Group(right, place, use[place], first[place].sum(axis=1), slope)
            kept[place] = self._abate(group, state, levers)
        return kept

    def _abate(self, group: Group, state: State, levers: Levers) -> FloatArray:
        """Share that the members keep ``[sector]``; enters costs, and trade where there is a market."""
        right, place, use = group.right, group.place, group.use
        cap = levers.right_cap[right, place] * group.first
        reduction, is_above = rights.required(use.sum(axis=1), levers.right_cut[right, place], cap)
        if is_above and (right, int(place[0])) not in self._told:
            self._told.add((right, int(place[0])))
            first = self.base.world.regions["name_en"].iloc[place[0]]
            message = f"the cap on {RIGHTS[right]} for {place.size} cities, {first} first, is above what they use"
            warnings.warn(f"{message} without it in {state.year}: it does not bind", ModelWarning, stacklevel=2)
        same = rights.uniform(use, reduction)
        trades = levers.right_trade[right] > 0.0
        by_sector = use.sum(axis=0)  # a sector has one slope, so all of it abates the same share
        price, share = (
            rights.clear(by_sector, group.slope, reduction) if trades else (0.0, np.full_like(by_sector, same))
        )
        spent = MONEY * rights.cost(use, group.slope, share)
        state.abatement_cost[place] += spent.sum(axis=1)
        state.uniform_cost[place] += MONEY * rights.cost(use, group.slope, same).sum(axis=1)
        state.abatement_loss[place] += ratio(spent, state.value_added[place])
        if trades:
            self._trade(group, use @ (1.0 - share), price, state, levers)
        return 1.0 - share

    def _trade(self, group: Group, after: FloatArray, price: float, state: State, levers: Levers) -> None:
        """Who buys how much, and what cities owe each other in the next year; ``after``: use after abatement."""
        right, place, parts = group.right, group.place, levers.right_allocation[group.right]
        sizes = np.array([group.first, state.resident_population[place], state.gdp[place]])
        bought = after - rights.allocated(float(after.sum()), parts, sizes, after)
        name = RIGHTS[right]
        getattr(state, f"{name}_price")[place] = price
        getattr(state, f"{name}_bought")[place] = bought
        state.auction_revenue[place] += MONEY * price * parts[-1] * after
        buyers, sellers, paid = rights.payments(bought, MONEY * price)
        if not paid.any():
            return
        payer, payee = np.repeat(place[buyers], sellers.size), np.tile(place[sellers], buyers.size)
        base = np.repeat(paid.sum(axis=1), sellers.size)
        rows = np.empty((paid.size, len(PAYMENT)))
        amount, contract = paid.ravel(), levers.right_contract[right]
        columns = (payer, payee, EVERY_SECTOR, contract, 0.0, base, amount / base, amount)
        for k, column in enumerate(columns):
            rows[:, k] = column
        state.payments = np.concatenate([state.payments, rows])
        state.payable[place[buyers][:, None], place[sellers]] += paid


def ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Part over whole, zero where the whole is."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=np.asarray(whole) > 0.0)
