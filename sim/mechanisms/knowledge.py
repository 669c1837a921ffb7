"""The knowledge phase: R&D, the stocks of knowledge it leaves, digital networks and their use (MODEL.md 9).

R&D of a place is a share of its GDP, ``rd_i = (s_i path(t) + m (support_i + grant_i)) Y_i`` in base-year prices: s the
base year's intensity, path its national rise, which slows by a half-life, support and grant public money of policies,
m what a yuan of it adds. Knowledge cumulates and ages (perpetual inventory, Griliches 1979), here and elsewhere,

    Z(t+1) = (1 - d) Z + rd,    X_i(t+1) = (1 - d) X_i + sum_j W_ij (T_ij(t) / T_ij0)^-e (1 + l link_ji) rd_j,

W from travel times of people that halve weight every h minutes, rows summing to one in the base year; e how much less
is learned over a longer way when a way changes, much weaker than the pattern over space (Pauly and Stipanicic 2021); l
the part of what is learned that goes through contracts and joint institutions, which is what links raise. Both start on
the steady path of the nation, ``Z_0 = rd_0 / (d + n)``. Next year's productivity gains
``rho ln(Z_i / Z_i0 / trend) + sigma ln(r X_i / X_i0 / trend + 1 - r)``, r the part of what a city learns from others
that comes from the region, the rest from the country and the world, which go their way; trend is the stock of a place
that grows and spends as the nation does in the reference run, so that nothing happens to such a place, and a policy
that raises R&D everywhere is not measured against itself. The rest of the country, one place, has Z only.

Networks and the use of digital technology by firms spread as logistic curves, ``o(t+1) = o exp(v (1 + push))`` with o
the odds; use spreads the faster the further the network is ahead of its usual path. What a place is ahead of the usual
path of use raises productivity by sector and lowers the cost of trade by information (in the market phase).

Public money goes through the next year's budget, as a subsidy to firms that the place pays and, for grants, the centre
refunds. What members of a joint fund pay goes to the places where it is spent, which hand it to their firms; what is
left of it, there and by payer, is kept apart, so that its gains can be shared (`joint_research`, `paid_in`). R&D by
firms is among their costs: the books of the base year hold it as intermediate use and wages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import EVERY_SECTOR, PAYMENT, State
from sim.mechanisms.base_year import BaseYear

if TYPE_CHECKING:
    from sim.datasets.world import World

PERCENT = 100.0  # unit: intensities and the national path are in percent
AHEAD = 30  # unit: years beyond the national path that a government may look ahead


@dataclass(frozen=True, eq=False)
class KnowledgeParams:
    """Parameters of knowledge and digital technology, from parameters.csv (keys in brackets)."""

    own: float  # rho [knowledge_elasticity]
    spillover: float  # sigma [knowledge_spillover_elasticity]
    depreciation: float  # 1/year, d [knowledge_depreciation]
    half_time: float  # minutes, h [knowledge_half_time]
    time: float  # e [knowledge_time_elasticity]
    regional: float  # r [knowledge_regional_share]
    linked: float  # l [knowledge_linked_share]
    additionality: float  # m [rd_additionality]
    public: FloatArray  # [place] part of the base year's R&D that institutes and universities do [rd_public_share]
    rise: float  # 1/year [rd_intensity_growth]
    half_life: float  # years [rd_intensity_half_life]
    growth: float  # 1/year, n [steady_growth]
    network: tuple[float, float]  # base year, rate 1/year [network_coverage_start, network_coverage_speed]
    use: tuple[float, float]  # base year, rate 1/year [digital_use_start, digital_use_speed]
    gain: FloatArray  # [sector] log points from no use to full use [digital_productivity]

    @classmethod
    def read(cls, world: World) -> KnowledgeParams:
        """Take the parameters of this data set."""
        p = world.parameters
        return cls(
            own=p.value("knowledge_elasticity"),
            spillover=p.value("knowledge_spillover_elasticity"),
            depreciation=p.value("knowledge_depreciation"),
            half_time=p.value("knowledge_half_time"),
            time=p.value("knowledge_time_elasticity"),
            regional=p.value("knowledge_regional_share"),
            linked=p.value("knowledge_linked_share"),
            additionality=p.value("rd_additionality"),
            public=world.by_region("rd_public_share")[: world.row],
            rise=p.value("rd_intensity_growth"),
            half_life=p.value("rd_intensity_half_life"),
            growth=p.value("steady_growth"),
            network=(p.value("network_coverage_start"), p.value("network_coverage_speed")),
            use=(p.value("digital_use_start"), p.value("digital_use_speed")),
            gain=p.by_sector("digital_productivity"),
        )

    def path(self, elapsed: float) -> float:
        """R&D intensity over the base year's: growth ``rise`` a year at first, halving every ``half_life`` years."""
        return float(np.exp(self.rise * self.half_life / np.log(2.0) * (1.0 - 0.5 ** (elapsed / self.half_life))))


def rd_intensity(world: World) -> FloatArray:
    """R&D over GDP in the base year ``[place]``: the province's, tilted to cities whose sectors spend more on it.

    A city's tilt is the R&D its sectors would do at national intensities by sector, over GDP, relative to the same of
    its province; the province's cities together have its intensity. Imputed: no city's own figure is used.
    """
    row = world.row
    made, province = world.value_added[:row], world.province_of[:row]
    size = made.sum(axis=1)
    expected = made @ world.parameters.by_sector("rd_sector_intensity")
    of_province = np.bincount(province, expected)[province] / np.bincount(province, size)[province]
    return np.asarray(world.by_region("rd_intensity")[:row] / PERCENT * (expected / size) / of_province)


def knowledge_weights(world: World, half_time: float) -> FloatArray:
    """W ``[to, from]``: weights of cities on each other by travel time of people, rows sum to one, none with itself.

    Parts that are carved out of a city count as one city, by value added, and learn from outside of it.
    """
    n = world.n_cities
    home, size = world.home[:n], world.value_added[:n].sum(axis=1)
    weight = 0.5 ** (world.travel_time_passenger[:n, :n].T / half_time) * (home[:, None] != home[None, :])
    part = size / np.bincount(home, size)[home]
    return np.asarray(weight / np.maximum((weight * part).sum(axis=1, keepdims=True), 1e-300))


def spread(share: FloatArray, rate: FloatArray | float) -> FloatArray:
    """Share next year on a logistic curve: its odds grow by ``exp(rate)``."""
    return np.asarray(share / (share + (1.0 - share) * np.exp(-np.asarray(rate))))


def start_knowledge(state: State, world: World) -> None:
    """Write the stocks of the base year: knowledge on the nation's steady path, networks and use as observed."""
    q, n, row = KnowledgeParams.read(world), world.n_cities, world.row
    spent = rd_intensity(world) * world.value_added[:row].sum(axis=1)
    state.knowledge_stock[:row] = spent / (q.depreciation + q.growth)
    state.outside_knowledge[:n] = knowledge_weights(world, q.half_time) @ state.knowledge_stock[:n]
    state.network_coverage[:row], state.digital_use[:row] = q.network[0], q.use[0]


class Knowledge:
    """Spends on R&D, lets knowledge cumulate and networks spread, and says what that adds to productivity."""

    name: ClassVar[str] = "knowledge"
    reads: ClassVar[tuple[str, ...]] = (
        *("gdp", "real_gdp", "knowledge_stock", "outside_knowledge", "network_coverage", "digital_use"),
        *("passenger_time", "subsidy_due", "grant_due", "fund_stock", "fund_paid", "payments", "payable"),
    )
    writes: ClassVar[tuple[str, ...]] = (
        *(
            "rd_spending",
            "public_rd",
            "knowledge_stock",
            "outside_knowledge",
            "network_coverage",
            "digital_use",
            "digital_lead",
        ),
        *("knowledge_level", "subsidy_due", "grant_due", "fund_stock", "fund_paid", "payments", "payable"),
    )

    def __init__(self, base: BaseYear) -> None:
        world = base.world
        self.base = base
        self.params = KnowledgeParams.read(world)
        self._intensity = rd_intensity(world)
        self._weights = knowledge_weights(world, self.params.half_time)
        self._stock = base.state.knowledge_stock[: world.row].copy()
        self._outside = base.state.outside_knowledge[: world.n_cities].copy()
        self._path, self._trend = self._usual_knowledge()
        self._usual_network, self._usual_use = self._usual_digital()

    def update(self, state: State, levers: Levers) -> None:
        """R&D of the year; stocks, digital use and their levels of the next one."""
        q, n, row = self.params, self.base.world.n_cities, self.base.world.row
        year = min(state.year - self.base.world.base_year, len(self._path) - 1)
        public = (levers.rd_support + levers.rd_grant)[:row]
        share = self._intensity * self._path[year] + q.additionality * public
        for written in (state.rd_spending, state.public_rd, state.digital_lead, state.knowledge_level):
            written[row:] = 0.0  # the world
        state.rd_spending[:row] = share * state.gdp[:row]
        usual = q.public * self._intensity * self._path[year]
        state.public_rd[:row] = np.minimum(usual + public, share) * state.gdp[:row]
        if public.any():
            state.subsidy_due[:row] += public * state.gdp[:row]
            state.grant_due[:row] += levers.rd_grant[:row] * state.gdp[:row]
        spent = share * state.real_gdp[:row]
        if levers.rd_fund.any() or state.fund_stock.any():
            spent += self._fund(state, levers)
        stock, outside = state.knowledge_stock[:row], state.outside_knowledge[:n]
        stock *= 1.0 - q.depreciation
        stock += spent
        outside *= 1.0 - q.depreciation
        outside += self._ways(state, levers) @ spent[:n]
        level = q.own * np.log(stock / self._stock / self._trend[year + 1])
        known = np.divide(outside, self._outside, out=np.full(n, self._trend[year + 1]), where=self._outside > 0.0)
        level[:n] += q.spillover * np.log1p(q.regional * (known / self._trend[year + 1] - 1.0))
        lead = self._digitise(state, levers, year)
        np.add(level[:, None], np.outer(lead, q.gain), out=state.knowledge_level[:row])

    def _fund(self, state: State, levers: Levers) -> FloatArray:
        """Collects and spends the joint fund; the R&D that it adds ``[place]``, in base-year prices.

        Members owe each site its part of what they pay, which the site hands to its firms with its next budget.
        """
        q, row = self.params, self.base.world.row
        paid = levers.rd_fund * state.gdp
        site = levers.rd_fund_site if levers.rd_fund_site.any() else state.rd_spending * (levers.rd_fund > 0.0)
        site = site / max(float(site.sum()), 1e-300)
        handed = paid.sum() * site
        real = np.divide(state.real_gdp, state.gdp, out=np.zeros_like(paid), where=state.gdp > 0.0)
        added = q.additionality * handed * real
        for stock, flow in ((state.fund_stock, added), (state.fund_paid, q.additionality * paid * real)):
            stock *= 1.0 - q.depreciation
            stock += flow
        state.subsidy_due += handed
        state.rd_spending += q.additionality * handed
        state.public_rd += min(q.additionality, 1.0) * handed
        owed = np.outer(paid, site)
        np.fill_diagonal(owed, 0.0)
        payer, payee = np.nonzero(owed)
        amount = owed[payer, payee]
        rows = np.empty((amount.size, len(PAYMENT)))
        contract = levers.rd_fund_contract[0]
        columns = (payer, payee, EVERY_SECTOR, contract, 0.0, paid[payer], site[payee], amount)
        for k, column in enumerate(columns):
            rows[:, k] = column
        state.payments = np.concatenate([state.payments.reshape(-1, len(PAYMENT)), rows])
        state.payable += owed
        return np.asarray(added[:row])

    def _ways(self, state: State, levers: Levers) -> FloatArray:
        """Weights of the year ``[to, from]``: faster travel and links bring others' R&D nearer."""
        n = self.base.world.n_cities
        ways, time = self._weights, (state.passenger_time * levers.passenger_time)[:n, :n]
        if levers.knowledge_link.any():
            ways = ways * (1.0 + self.params.linked * levers.knowledge_link[:n, :n].T)
        if (time != 1.0).any():
            ways = ways * time.T**-self.params.time
        return ways

    def _digitise(self, state: State, levers: Levers, year: int) -> FloatArray:
        """Advance networks and use; how far use is ahead of its usual path ``[place]``."""
        q, row = self.params, self.base.world.row
        coverage, use = state.network_coverage[:row], state.digital_use[:row]
        speed = q.use[1] * (1.0 + levers.digital_push[:row]) * (coverage / self._usual_network[year])
        use[:] = spread(use, speed)
        coverage[:] = spread(coverage, q.network[1] * (1.0 + levers.network_push[:row]))
        lead = use - self._usual_use[year + 1]
        state.digital_lead[:row] = lead
        return np.asarray(lead)

    def _usual_knowledge(self) -> tuple[FloatArray, FloatArray]:
        """R&D intensity over the base year's ``[year]`` and the stock of a place like the nation ``[year + 1]``."""
        q, world = self.params, self.base.world
        years = world.last_year - world.base_year + AHEAD
        path = np.array([q.path(t) for t in range(years)])
        trend, volume = np.ones(years + 1), 1.0
        for t in range(years):
            if t > 0:
                growth = world.national_value("real_growth", min(world.base_year + t, world.last_year))
                volume *= 1.0 + growth / PERCENT
            trend[t + 1] = (1.0 - q.depreciation) * trend[t] + (q.depreciation + q.growth) * volume * path[t]
        return path, trend

    def _usual_digital(self) -> tuple[FloatArray, FloatArray]:
        """Coverage and use without policies ``[year, place]``: as arrays, so that the last digit is the same."""
        q, years = self.params, len(self._path) + 1
        coverage, use = (np.full((years, self.base.world.row), start) for start in (q.network[0], q.use[0]))
        none = np.zeros(self.base.world.row)
        for t in range(years - 1):
            use[t + 1] = spread(use[t], q.use[1] * (1.0 + none) * (coverage[t] / coverage[t]))
            coverage[t + 1] = spread(coverage[t], q.network[1] * (1.0 + none))
        return coverage, use
