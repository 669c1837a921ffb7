"""Energy use, carbon and power by place, and the markets for rights to them.

``E_is(t) = E_is(0) (Y_is / Y_is(0)) (1 - d)^t`` with Y the volume of value added: intensities by sector are the
nation's, scaled to what every province uses; households' is spread by residents and follows real GDP. Carbon is fossil
energy times a factor. Power is used in proportion to energy and made where the power sector is; what comes from
elsewhere leaves its carbon where it is made: ``carbon_i = fossil_i factor - imports_i grid factor``, and imports sum to
zero over the nation.

Abatement under rights (:mod:`sim.mechanisms.environment.rights`) lowers energy and carbon of the year itself; its cost
is lost productivity of the next, ``cost_is / value added_is``, and rights that cities buy from each other are settled
with the next year's contract payments. City governments pay for their firms. What is auctioned stays with the firms of
the place as a lump sum, so an auction moves no money between places.
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
from sim.mechanisms.base_year import BaseYear, factor_bundle
from sim.mechanisms.environment import rights

ENERGY, CARBON = (RIGHTS.index(name) for name in ("energy", "carbon"))
MONEY = 1e-4  # unit: 100 million yuan per 10,000 yuan; amounts are 10,000 t, prices yuan per t
YEARLY = (
    *("carbon_price", "energy_price", "carbon_bought", "energy_bought"),
    *("abatement_cost", "uniform_cost", "auction_revenue", "abatement_loss"),
)
"""What is nothing unless somebody is capped."""
EVERYTHING = np.ones((1, 1))
GRID = 10.0  # unit: 10,000 t per 100 million kWh at 1 kg per kWh


@dataclass(frozen=True, eq=False)
class Group:
    """Those who share a cap on a right in a year; arrays ``[member]`` unless noted."""

    right: int
    place: IntArray
    use: FloatArray  # without abatement [member, sector]
    first: FloatArray  # use of the base year
    slope: FloatArray  # marginal cost of the last unit, yuan per t or tce [sector]


class Energy:
    """Computes the year's energy, carbon and power, clears the markets for rights, bills the next year."""

    reads: ClassVar[tuple[str, ...]] = (
        *("volume_memory", "real_gdp", "value_added", "resident_population", "gdp", "payments", "payable"),
    )
    writes: ClassVar[tuple[str, ...]] = (
        *(
            "energy",
            "household_energy",
            "fossil_energy",
            "carbon",
            "power_use",
            "power_import",
            "carbon_price",
            "energy_price",
        ),
        *("carbon_bought", "energy_bought", "abatement_cost", "uniform_cost", "auction_revenue", "abatement_loss"),
        *("payments", "payable"),
    )

    def __init__(self, base: BaseYear) -> None:
        world, state = base.world, base.state
        p, home = world.parameters, world.province_of
        self.base = base
        self._told: set[tuple[int, int]] = set()  # caps above use that were warned of, each once
        self._city = np.arange(world.n_regions) < world.n_cities
        self._slope = p.by_sector("abatement_slope")
        self._decline, self._factor, self._grid = map(p.value, ("energy_decline", "carbon_factor", "power_carbon"))
        self._clean, self._rise, self._by_saving = map(p.value, ("clean_share", "clean_share_rise", "carbon_by_saving"))
        nation = state.value_added[: world.row].sum(axis=0)
        energy = state.value_added * _ratio(p.by_sector("sector_energy"), nation)
        people = state.resident_population
        household = people * (p.value("household_energy") / people[: world.row].sum())
        total = np.bincount(home, energy.sum(axis=1) + household).astype(np.float64)
        scale = _ratio(world.by_region("energy_use"), total[home])
        self._energy = energy * scale[:, None]
        self._household = _ratio(household * scale, state.real_gdp)
        self._power_per_energy = _ratio(world.by_region("power_use"), world.by_region("energy_use"))
        maker = state.value_added * p.by_sector("makes_power")
        made = np.bincount(home, maker.sum(axis=1)).astype(np.float64)
        self._power_made = maker * _ratio(world.by_region("power_output"), made[home])[:, None]
        bundle = factor_bundle(state, base)
        self._volume = np.log(np.where(bundle > 0.0, bundle, 1.0)) + np.log(state.effective_productivity)

    def update(self, state: State, levers: Levers) -> None:
        """The year's energy and carbon; what rights cost and who owes whom."""
        elapsed = state.year - self.base.world.base_year
        fossil = 1.0 - min(self._clean + self._rise * elapsed, 1.0)
        carbon = self._factor * fossil
        pace = (1.0 - self._decline) ** elapsed
        growth = np.exp(state.volume_memory - self._volume)
        for flow in YEARLY:
            getattr(state, flow)[:] = 0.0
        np.multiply(self._energy, growth * pace, out=state.energy)
        np.multiply(self._household, state.real_gdp * pace, out=state.household_energy)
        state.energy *= self._kept(ENERGY, state.energy, self._energy, self._slope * carbon, state, levers)
        first = self._energy * (self._factor * (1.0 - self._clean))
        left = self._kept(CARBON, state.energy * carbon, first, self._slope, state, levers)
        state.fossil_energy[:] = ((state.energy * left).sum(axis=1) + state.household_energy) * fossil
        state.energy *= 1.0 - self._by_saving * (1.0 - left)
        state.power_use[:] = self._power_per_energy * (state.energy.sum(axis=1) + state.household_energy)
        made = (self._power_made * growth).sum(axis=1)
        state.power_import[:] = state.power_use - made * (state.power_use.sum() / made.sum())
        grid = self._grid * GRID * fossil / (1.0 - self._clean)
        state.carbon[:] = self._factor * state.fossil_energy - state.power_import * grid

    def _kept(
        self, right: int, use: FloatArray, first: FloatArray, slope: FloatArray, state: State, levers: Levers
    ) -> FloatArray:
        """Share of its use without abatement that every agent keeps ``[region, sector]``; 1 where nothing is capped."""
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
        state.abatement_loss[place] += _ratio(spent, state.value_added[place])
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


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Part over whole, zero where the whole is."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=np.asarray(whole) > 0.0)
