"""Bases and keys of contracts by name, and the case they look at: a contract in a year."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from sim.core.agreements import Contract
from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import COHORT, State
from sim.mechanisms.base_year import BaseYear

ORIGIN, HOST, SECTOR, CONTRACT, _, CAPITAL = range(len(COHORT[:6]))


class Case:
    """A contract in a year, as its base and its key see it; arrays ``[region]`` unless noted.

    Attributes:
        sharing: part of what it owes that a member pays, 0 for others.
        member: 1 for those who take part this year.
        parties: 1 for those who might.
        counted: who counts in the key: the members, or all parties where a key is kept for some years.
        sector: 1 for the sectors that the contract is about ``[sector]``.
        part: share of a region's sectors that it is about.
        domestic: 1 for cities and the rest of the country.
    """

    def __init__(
        self, contract: Contract, number: int, state: State, levers: Levers, base: BaseYear,
        trade: Callable[[State, Levers], FloatArray],
    ) -> None:  # fmt: skip
        self.contract, self.number, self.state, self.levers, self.base = contract, number, state, levers, base
        self._trade = trade
        world, region = base.world, np.arange(base.world.n_regions)
        self.age = contract.age(state.year, world.base_year)
        self.sharing = levers.sharing[number]
        self.member = (self.sharing > 0.0).astype(np.float64)
        listed = contract.parties
        everybody = (region < world.n_cities).astype(np.float64)
        self.parties = everybody if listed == "all" else self.by_code(dict.fromkeys(listed, 1.0))
        self.counted = self.member if contract.revised_every == 1 else self.parties
        about = contract.sectors or world.sector_ids
        self.sector = np.array([sector in about for sector in world.sector_ids], dtype=np.float64)
        self.part = self.by_code(contract.part) if contract.part else np.ones(world.n_regions)
        self.domestic = (region < world.row).astype(np.float64)

    def by_code(self, values: dict[str, float]) -> FloatArray:
        """Values given by code, zero elsewhere."""
        found = np.zeros(self.base.world.n_regions)
        for code, value in values.items():
            found[self.base.world.index(code)] = value
        return found

    def of_sectors(self, amounts: FloatArray) -> FloatArray:
        """What of ``amounts [region, sector]`` the contract is about, by region."""
        return np.asarray((amounts @ self.sector) * self.part)

    def kept(self, tax: FloatArray, central: str) -> FloatArray:
        """What cities keep of a tax at rate ``tax [sector]``, its central share named ``[region, sector]``."""
        local = (1.0 - self.base.world.parameters.value(central)) * tax
        return np.asarray((1.0 - self.base.budgets.cut)[:, None] * local * self.state.value_added)

    @cached_property
    def index(self) -> float:
        """What amounts in yuan have grown by since the base year."""
        state, row = self.state, self.base.world.row
        if self.contract.indexed == "gdp":
            return float(state.national[0] / self.base.state.national[0])
        if self.contract.indexed == "cpi":
            spent = state.consumption[:row]
            return float(spent.sum() / (spent / state.cpi[:row]).sum())
        return 1.0

    @cached_property
    def gap(self) -> FloatArray:
        """Own revenue above the members' mean per resident, times residents; 0 for others."""
        people, revenue = self.state.resident_population, self.state.own_revenue
        mean = (revenue @ self.counted) / (people @ self.counted)
        return np.asarray((revenue - mean * people) * self.counted)

    @cached_property
    def absent(self) -> FloatArray:
        """Residents of the register who live elsewhere, as many as there are guests."""
        gone = np.maximum(self.state.registered_population - self.state.resident_population, 0.0) * self.member
        return np.asarray(gone * min(1.0, (self.guests * self.member).sum() / max(gone.sum(), 1e-300)))

    @property
    def guests(self) -> FloatArray:
        """Residents who are not on the local register."""
        return np.maximum(self.state.resident_population - self.state.registered_population, 0.0)

    def share_of_sales(self) -> FloatArray:
        """Share of what a member's value-added tax falls on that another buys ``[payer, payee]``."""
        state = self.state
        tax = self.kept(self.base.taxes.vat, "central_share_vat") * self.sector
        total = tax.sum(axis=1, keepdims=True)
        weight = np.divide(tax, total * state.output, out=np.zeros_like(tax), where=total * state.output > 0.0)
        found = np.zeros((len(tax), len(tax)))
        own = np.flatnonzero(self.member)
        pairs = np.ix_(own, own)
        for s, kappa in enumerate(self._trade(self.state, self.levers)):
            seller, buyer = weight[own, s] * state.seller_weight[own, s], state.buyer_weight[own, s]
            found[pairs] += kappa[pairs].T * seller[:, None] * buyer[None, :]
        return found


# --- bases: 100 million yuan by payer ----------------------------------------------------------------------------


def moved_tax(case: Case) -> FloatArray:
    """Tax that hosts keep of the capital that moved to them under the contract, whatever its age."""
    state = case.state
    rows = state.cohorts[state.cohorts[:, CONTRACT] == case.number]
    origin, host, sector = (rows[:, column].astype(np.int64) for column in (ORIGIN, HOST, SECTOR))
    tax = rows[:, CAPITAL] / state.capital[host, sector] * state.tax_memory[0][host, sector] * case.member[origin]
    return np.bincount(host, tax, case.member.size).astype(np.float64)


def tax_increment(case: Case) -> FloatArray:
    """Local tax kept above the contract's first year's, which may be indexed."""
    now, first = case.of_sectors(case.state.tax_memory[0]), case.state.first_tax[case.number]
    return np.asarray(np.maximum(now - first * case.index, 0.0) * (case.age > 0))


def corporate_tax(case: Case) -> FloatArray:
    """What cities keep of the corporate tax on the firm's plants there; nothing where no firm is given."""
    if not case.contract.part:
        return np.zeros_like(case.member)
    return case.of_sectors(case.kept(case.base.taxes.corporate_tax, "central_share_corporate"))


def sales_tax(case: Case) -> FloatArray:
    """What cities keep of value-added tax."""
    return case.of_sectors(case.kept(case.base.taxes.vat, "central_share_vat"))


def capacity(case: Case) -> FloatArray:
    """Own revenue above the members' mean per resident."""
    return np.maximum(case.gap, 0.0)


def absent_services(case: Case) -> FloatArray:
    """What the city would spend on services to those of its register who live elsewhere, at its spending per head."""
    people = case.state.resident_population
    spent = np.maximum(case.state.city_service, 0.0)  # subsidies may have eaten all of it
    per_head = np.divide(spent, people, out=np.zeros_like(people), where=people > 0.0)
    return np.asarray(case.absent * per_head)


def rights(case: Case) -> FloatArray:
    """Nothing: the market for rights clears after this phase and enters its payments itself."""
    return np.zeros_like(case.member)


def joint_research(case: Case) -> FloatArray:
    """Local tax kept of what the fund's R&D adds: ``rho F_i / Z_i`` of all.

    Productivity has ``rho ln Z``: to first order a part F of the stock makes ``rho F / Z`` of output at given factors.
    """
    state = case.state
    part = np.divide(
        state.fund_stock, state.knowledge_stock, out=np.zeros_like(case.member), where=state.knowledge_stock > 0.0
    )
    rho = case.base.world.parameters.value("knowledge_elasticity")
    return np.asarray(rho * part * case.of_sectors(state.tax_memory[0]))


def cost(case: Case) -> FloatArray:
    """What is spent at places this year, as the contract gives it; here the payees, not the payers."""
    return case.by_code(case.contract.cost)


BASES: dict[str, Callable[[Case], FloatArray]] = {
    function.__name__: function
    for function in (
        *(moved_tax, tax_increment, corporate_tax, sales_tax, capacity, absent_services),
        *(rights, joint_research, cost),
    )
}
"""What is shared ``[payer]``; meanings in :data:`sim.core.agreements.BASES`."""


# --- keys: sizes by payee, or shares by payer and payee ----------------------------------------------------------


def _weights(case: Case) -> FloatArray:
    return case.by_code(case.contract.weights)


def _ones(case: Case) -> FloatArray:
    return np.ones_like(case.member)


KEYS: dict[str, Callable[[Case], FloatArray]] = {
    "origin": _ones,  # its ledger names the payee
    "destination": Case.share_of_sales,
    "equal": _ones,
    "negotiated": _weights,
    "equity": _weights,
    "population": lambda case: case.state.resident_population * case.part,
    "contribution": lambda case: case.of_sectors(case.state.tax_memory[0]),
    "capital": lambda case: case.of_sectors(case.state.capital),
    "output": lambda case: case.of_sectors(case.state.output),
    "wages": lambda case: case.of_sectors(case.state.value_added * case.base.taxes.labour_share),
    "head": lambda case: case.by_code({case.contract.head: 1.0}),
    "localities": lambda case: case.base.state.value_added @ case.base.taxes.corporate_tax * case.domestic,
    "shortfall": lambda case: np.maximum(-case.gap, 0.0),
    "guests": lambda case: case.guests,
    "paid_in": lambda case: case.state.fund_paid,
}
"""Who gets it ``[payee]`` or ``[payer, payee]``; meanings in :data:`sim.core.agreements.KEYS`."""

SHARES = ("destination",)
"""Keys that are shares ``[payer, payee]`` already."""


def sizes(case: Case) -> FloatArray:
    """Parts by payee ``[payee]`` that sum to one, or to less where a key has nobody; without keys by payer."""
    total = np.zeros_like(case.member)
    for name, weight in case.contract.keys.items():
        if name in SHARES:
            continue
        size = KEYS[name](case) * (1.0 if name == "localities" else case.counted)
        if size.any():
            total += weight * size / size.sum()
    return np.asarray(total)


def divided(case: Case, kept: FloatArray) -> FloatArray:
    """Parts ``[payer, payee]``: ``kept [payee]`` among those who take part, and keys by payer as they are.

    Places that are no party have a part by the key localities only, and need not take part.
    """
    among = kept * np.maximum(case.member, 1.0 - case.parties)
    lost = kept.sum() - among.sum()
    if lost > 0.0 and among.any():
        among *= kept.sum() / among.sum()
    parts = np.tile(among, (among.size, 1))
    for name in SHARES:
        weight = case.contract.keys.get(name, 0.0)
        if weight > 0.0:
            parts += weight * KEYS[name](case)
    return parts
