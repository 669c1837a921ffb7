"""Rivers: loads enter a graph of sections, decay on their way down, and contracts pay for what arrives (MODEL.md 10).

A city's load of pollutant p is ``(r_p people + f_p farm + q_p industry) (1 - trend)^t (1 - effort)``, with volumes
of value added in base-year prices; ``load_share`` of it enters at a section. What passes a section,
``flow_s = load_s + outside_s + sum_u survival_up flow_u`` over the sections u that flow into it, falls by the factor
``survival_s = exp(-decay_p days_s)`` on the way to the next section or the sea. Water volumes are those of the base
year, so concentrations move with flows; what comes from outside the data set stays as it is. The worst of the judged
pollutants decides whether a section meets its standard (GB 3838-2002).
"""

from __future__ import annotations

import numpy as np

from sim.core.agreements import POLLUTANTS, Contract
from sim.core.arrays import FloatArray, IntArray
from sim.core.levers import Levers
from sim.core.state import EVERY_SECTOR, PAYMENT, State
from sim.datasets.world import World
from sim.mechanisms.base_year import BaseYear


class RiverGraph:
    """Where loads go: sections in their order, each with one way down; arrays ``[section, pollutant]``.

    Args:
        below: position of the next section, -1 at the sea ``[section]``; without a circle.
        survival: share of a flow that arrives at the next section or at the sea.
    """

    def __init__(self, below: IntArray, survival: FloatArray) -> None:
        n = below.size
        inside = np.flatnonzero(below >= 0)
        self.survival = survival
        self.at_sea = below < 0
        arriving = np.zeros((survival.shape[1], n, n))
        arriving[:, below[inside], inside] = survival[inside].T
        self._passing = np.linalg.inv(np.eye(n) - arriving)  # triangular in the order of the water: it always exists

    @classmethod
    def of(cls, world: World) -> RiverGraph:
        """The graph of a data set."""
        decay = np.array([world.parameters.value(f"river_decay_{name}") for name in POLLUTANTS])
        return cls(world.section_below, np.exp(-world.rivers["days"].to_numpy(np.float64)[:, None] * decay))

    def flow(self, load: FloatArray) -> FloatArray:
        """What passes every section when ``load`` enters."""
        return np.ascontiguousarray(np.einsum("pst,tp->sp", self._passing, load))

    def decayed(self, flow: FloatArray) -> FloatArray:
        """What of a flow is lost below every section; with :meth:`to_sea` it is all that entered."""
        return np.asarray(flow * (1.0 - self.survival))

    def to_sea(self, flow: FloatArray) -> FloatArray:
        """What of a flow arrives at the sea, by the section that it passed last."""
        return np.asarray(flow * self.survival * self.at_sea[:, None])


def used_sections(world: World) -> FloatArray:
    """Weights of sections in the water that people live by ``[region, section]``; rows sum to one, or are zero.

    A city drinks and irrigates from what passes its own sections and from what flows to it; parts of a city use its.
    """
    used = np.zeros((world.n_regions, world.n_sections))
    sections = np.arange(world.n_sections)
    used[world.section_city, sections] = 1.0
    inland = sections[world.section_below >= 0]
    used[world.section_city[world.section_below[inland]], inland] = 1.0
    used = used[world.home]
    return np.asarray(used / np.maximum(used.sum(axis=1, keepdims=True), 1.0))


def xinan_index(relative: FloatArray, contract: Contract) -> float:
    """``P = k0 sum_k weight_k C_k / C_k0`` with ``relative [pollutant]`` concentrations (agreements since 2012)."""
    assert contract.water is not None
    weight = np.array([contract.water.pollutants.get(name, 0.0) for name in POLLUTANTS])
    return float(contract.water.stability * (weight @ relative))


class Rivers:
    """The rivers of a region: loads, water, and what contracts on water owe for it."""

    READS = (
        *("resident_population", "capital", "labour", "effective_productivity"),
        *("value_added", "payable", "payments", "first_tax"),
    )
    WRITES = (
        "river_load",
        "river_flow",
        "section_index",
        "river_index",
        "water_index",
        "payable",
        "payments",
        "first_tax",
    )

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        world = base.world
        self._city = world.section_city
        self._sections_of = np.bincount(self._city, minlength=world.n_regions).astype(np.float64)
        self._used = used_sections(world)
        self._carved = np.eye(world.n_regions)[world.home].T  # [city, region]: a part is its city's
        if not world.n_sections:
            return
        p = world.parameters
        rates = [[p.value(f"river_{kind}_{name}") for name in POLLUTANTS] for kind in ("residents", "farm", "industry")]
        self._rates = np.array(rates)
        self._groups = np.array(
            [[group == name for group in world.sector_group] for name in ("primary", "secondary")]
        ).T
        self._trend = 1.0 - p.value("river_trend")
        self._share = world.rivers["load_share"].to_numpy(np.float64)[:, None]
        self.graph = RiverGraph.of(world)
        self._observed = world.river_concentration
        self._over = np.nan_to_num(self._observed / world.river_standard)  # nothing to be judged by: never the worst
        state = base.state
        load = self._load(self._volume(state), world.resident_population, np.zeros(world.n_regions), 0)
        self.outside = self._outside(load)
        self._first = self.graph.flow(load + self.outside)

    def _outside(self, load: FloatArray) -> FloatArray:
        """Loads from outside the data set that are a given share of the base year's flows, section by section."""
        share = self.base.world.rivers["outside"].to_numpy(np.float64)
        found = np.zeros_like(load)
        inland = self.graph.flow(load)
        for k in np.flatnonzero(share):
            found[k] = share[k] / (1.0 - share[k]) * inland[k]
        return found

    def _volume(self, state: State) -> FloatArray:
        """Value added in base-year prices ``[region, sector]``, as capital, labour and productivity make it."""
        a, base = self.base.capital_share, self.base.state
        factors = (state.capital, base.capital, a), (state.labour, base.labour, 1.0 - a)
        growth = _ratio(state.effective_productivity, base.effective_productivity)
        for now, then, power in factors:
            growth = growth * _ratio(now, then) ** power
        return np.asarray(self.base.world.value_added * growth)

    def _load(self, volume: FloatArray, people: FloatArray, effort: FloatArray, years: int) -> FloatArray:
        """Load that enters at every section, t a year; carved-out parts of a city send it where the city does."""
        sources = np.column_stack([people, volume @ self._groups])
        load = (sources @ self._rates) * (self._trend**years * (1.0 - effort))[:, None]
        return np.asarray((self._carved @ load)[self._city] * self._share)

    def update(self, state: State, levers: Levers) -> None:
        """Loads and water of the year, and what contracts on water owe for it."""
        world = self.base.world
        if world.n_sections:
            years = state.year - world.base_year
            state.river_load[:] = self._load(self._volume(state), state.resident_population, levers.river_effort, years)
            state.river_flow[:] = self.graph.flow(state.river_load + self.outside)
            state.section_index[:] = (self._over * self.relative(state)).max(axis=1)
            total = np.bincount(self._city, state.section_index, world.n_regions)
            state.river_index[:] = total / np.maximum(self._sections_of, 1.0)
            state.water_index[:] = self._used @ state.section_index
        for number, contract in enumerate(levers.contracts):
            if contract.base == "water":
                self._pay(number, contract, state, levers)

    def relative(self, state: State) -> FloatArray:
        """Concentrations over those of the base year ``[section, pollutant]``."""
        return np.asarray(state.river_flow / self._first)

    def concentration(self, flow: FloatArray) -> FloatArray:
        """mg/l where ``flow`` passes, t a year ``[..., section, pollutant]``: the base year's with its water."""
        return np.asarray(self._observed * flow / self._first) if flow.size else flow

    def _pay(self, number: int, contract: Contract, state: State, levers: Levers) -> None:
        """Add what one side owes the other on this year's water to next year's payments."""
        water, world = contract.water, self.base.world
        assert water is not None
        age = contract.age(state.year, world.base_year)
        up, down = world.index(water.upstream), world.index(water.downstream)
        both = np.array([up, down])
        gdp = state.value_added[both].sum()
        if age == 0:
            state.first_tax[number, both] = state.value_added[both].sum(axis=1)
        if age < 0 or not levers.sharing[number, both].all() or not contract.is_on(state.year):
            return
        growth = gdp / state.first_tax[number, both].sum() if water.indexed == "parties" else 1.0
        section = world.section_index(water.section)
        index = xinan_index(self.relative(state)[section], contract)
        amount = growth * water.paid(index)
        if amount == 0.0:
            return
        payer, payee = (down, up) if amount > 0.0 else (up, down)
        stake = growth * (water.amount + water.extra)
        row = np.array([payer, payee, EVERY_SECTOR, number, age, stake, abs(amount) / stake, abs(amount)])
        state.payments = np.concatenate([state.payments.reshape(-1, len(PAYMENT)), row[None, :]])
        state.payable[payer, payee] += abs(amount)


def _ratio(now: FloatArray, then: FloatArray) -> FloatArray:
    return np.divide(now, then, out=np.zeros_like(then), where=then > 0.0)
