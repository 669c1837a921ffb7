"""The invest phase: where new capital goes, which plants move, and who owns what stands elsewhere (MODEL.md 7).

Net return ``r_ds = (after-tax capital income - land cost) / (P^I_d K_ds)``; land cost = share_s V_ds lp_d / mean lp,
with the price of land ``lp_d = lp_d0 (K_d / K_d0 relative to the nation / land_d)^elasticity``, land against the base
year's.
Investment shares ``phi_ds ~ phi_ds0 (K_ds / K_ds0) (r_ds / wedge_ds / (1 - subsidy_d))^eta``, sum one, with K what the
country owns: the pool neither replaces nor follows what the world has bought. What a city promises per yuan of new and
arriving investment it pays in the year after, to the firms. A common capital market makes the wedges of its members
``wedge_ds^(1-m_d) wedge_s^m_d``, with ``wedge_s`` their mean in the sector. A place that hands back a part rho of the
corporate tax pays ``rho tau_s V_ds`` in the year after; returns there rise by ``rho tau_s / net income``.
Relocation: a share lambda of the capital of sectors whose plants can move reconsiders its place each year, plus what a
policy moves; the place is a logit ``w_d ~ K_ds (r_ds / wedge_ds)^nu access_d^mu exp(incentive_od - m0 - m1 ln(1 + T))``
without the moving cost at home. Ownership ``[sector, origin, destination]`` follows the moves as a Markov chain: what
moves takes its origin along, what returns home is native again; columns sum to the capital standing there.
What the world invests buys capital in the proportions of the place's own; the world is its origin, wherever it moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numba import njit

from sim.core.arrays import BoolArray, FloatArray, IntArray
from sim.core.levers import Levers
from sim.core.state import State

if TYPE_CHECKING:
    from sim.datasets.world import World
    from sim.mechanisms.base_year import BaseYear

KERNEL = {"cache": True, "nogil": True, "error_model": "numpy"}
MINUTES_PER_HOUR = 60.0  # unit: moving costs count hours of travel
RETURN_FLOOR = 1e-3  # of the mean return: a place that loses money attracts nothing, and powers stay real


@dataclass(frozen=True, eq=False)
class InvestParams:
    """Parameters of investment and relocation, from parameters.csv (keys in brackets)."""

    depreciation: float  # 1/year [depreciation_rate]
    return_elasticity: float  # eta [investment_return_elasticity]
    hazard: float  # 1/year, lambda [relocation_hazard]
    moving_elasticity: float  # nu [relocation_return_elasticity]
    access_weight: float  # mu [relocation_market_access_weight]
    land_share: FloatArray  # [sector] of value added at the mean price of land [land_cost_share]
    land_elasticity: float  # [land_price_elasticity]
    public_depreciation: float  # 1/year [public_capital_depreciation]
    is_mobile: BoolArray  # [sector]

    @classmethod
    def read(cls, world: World) -> InvestParams:
        """Take the parameters of this data set."""
        p = world.parameters
        return cls(
            depreciation=p.value("depreciation_rate"),
            return_elasticity=p.value("investment_return_elasticity"),
            hazard=p.value("relocation_hazard"),
            moving_elasticity=p.value("relocation_return_elasticity"),
            access_weight=p.value("relocation_market_access_weight"),
            land_share=p.by_sector("land_cost_share"),
            land_elasticity=p.value("land_price_elasticity"),
            public_depreciation=p.value("public_capital_depreciation"),
            is_mobile=world.sector_is_mobile,
        )


class Fixed(NamedTuple):
    """What returns are measured against; the last region is the world."""

    net_capital: FloatArray  # [sector] capital income after corporate tax per unit of value added
    land_share: FloatArray  # [sector]
    land_elasticity: float
    land_price: FloatArray  # [region] of the base year
    mean_land_price: float
    base_capital: FloatArray  # [region without the world]
    land: FloatArray  # [region without the world] land that may be built on, base year 1
    wedge: FloatArray  # [region, sector]


@njit(**KERNEL)
def relative_crowding(capital: FloatArray, base: FloatArray) -> FloatArray:
    """Capital ``[region]`` against its base year, relative to the same for the whole: 1 in the base year."""
    whole: float = base.sum() / capital.sum()
    return capital / base * whole


@njit(**KERNEL)
def net_return(income: FloatArray, capital: FloatArray, land_cost: FloatArray, price: FloatArray) -> FloatArray:
    """Return on capital ``[region, sector]``: (after-tax income - land cost) / (P^I K), 0 where there is no capital."""
    result = np.zeros(capital.shape)
    for i in range(capital.shape[0]):
        for s in range(capital.shape[1]):
            value = price[i] * capital[i, s]
            if value > 0.0:
                result[i, s] = (income[i, s] - land_cost[i, s]) / value
    return result


@njit(**KERNEL)
def land_cost(value_added: FloatArray, share: FloatArray, land_price: FloatArray, mean_price: float) -> FloatArray:
    """Cost of land ``[region, sector]``: ``share_s V_is`` at the mean price of land, in proportion to the price."""
    result = value_added * share
    for i in range(result.shape[0]):
        result[i] *= land_price[i] / mean_price
    return result


def moving_cost(world: World) -> FloatArray:
    """Cost of moving a plant ``m0 + m1 ln(1 + T)``, log points of attraction [origin, destination]; none at home."""
    p = world.parameters
    hours = world.travel_time_freight / MINUTES_PER_HOUR
    cost = p.value("relocation_cost_fixed") + p.value("relocation_cost_distance") * np.log1p(hours)
    np.fill_diagonal(cost, 0.0)
    return np.asarray(cost)


def mean_land_price(world: World) -> float:
    """Base-year price of land, weighted by value added."""
    weight = world.value_added.sum(axis=1)
    return float(world.land_price @ weight / weight.sum())


def investment_shares(
    base_share: FloatArray, capital: FloatArray, base_capital: FloatArray, relative_return: FloatArray, eta: float
) -> FloatArray:
    """``phi_ds ~ phi_ds0 (K_ds / K_ds0) (r_ds / wedge_ds)^eta``, sums to one ``[region, sector]``."""
    scale = np.divide(capital, base_capital, out=np.zeros_like(capital), where=base_capital > 0.0)
    share = base_share * scale * relative_return**eta
    return np.asarray(share / share.sum())


@njit(**KERNEL, fastmath={"reassoc", "contract"})
def move_plants(  # noqa: PLR0913 - a kernel takes arrays and scalars
    capital: FloatArray,
    weight: FloatArray,
    friction: FloatArray,
    hazard: float,
    push: FloatArray,
    opened: FloatArray,
    moved: FloatArray,
    directed: FloatArray,
    share: FloatArray,
) -> None:
    """Moves of one sector between the first n places; pairs ``[origin, destination]``, whole C-contiguous matrices.

    A share ``hazard`` of ``capital [n]`` reconsiders its place, a share ``push [n]`` leaves by policy for places that
    are ``opened``; where none is open, none leaves by policy. Attraction is ``weight [n]`` times ``friction`` (1 at
    home). Writes ``moved``, the part of it that is by policy to ``directed``, and ``share``, the shares of each place's
    capital by where they stand afterwards: rows sum to one, so ``owned [owner, place] @ share`` is who owns them then.
    """
    n = capital.shape[0]
    for o in range(n):
        total = 0.0
        reachable = 0.0
        for d in range(n):
            attraction = friction[o, d] * weight[d]
            share[o, d] = attraction
            total += attraction
            reachable += attraction * opened[o, d]
        reachable -= share[o, o] * opened[o, o]
        pushed = push[o] if reachable > 0.0 else 0.0
        own = hazard * (1.0 - pushed) / total if total > 0.0 else 0.0
        policy = pushed / reachable if reachable > 0.0 else 0.0
        for d in range(n):
            by_policy = policy * opened[o, d] * share[o, d]
            directed[o, d] = by_policy * capital[o]
            share[o, d] = own * share[o, d] + by_policy
            moved[o, d] = share[o, d] * capital[o]
        share[o, o] = directed[o, o] = moved[o, o] = 0.0
        leaving = 0.0
        for d in range(n):
            leaving += share[o, d]
        share[o, o] = 1.0 - leaving


@njit(**KERNEL)
def returns(
    value_added: FloatArray,
    capital: FloatArray,
    price: FloatArray,
    fixed: Fixed,
    land_price: FloatArray,
    result: FloatArray,
) -> tuple[FloatArray, float]:
    """Net return, written to ``result``, and the price of land; relative return and the nation's gross return.

    Relative is to the base-year wedge and to the mean, floored so that its powers exist. The world, the last region,
    has neither land nor returns of its own.
    """
    row = capital.shape[0] - 1
    stock = np.zeros(row)
    domestic = gross = 0.0
    income = value_added * fixed.net_capital
    for i in range(row):
        stock[i] = capital[i].sum()
        domestic += stock[i]
        gross += income[i].sum()
    crowding = relative_crowding(stock, fixed.base_capital)
    land_price[:] = fixed.land_price
    for i in range(row):
        land_price[i] *= (crowding[i] / fixed.land[i]) ** fixed.land_elasticity
    cost = land_cost(value_added, fixed.land_share, land_price, fixed.mean_land_price)
    result[:] = net_return(income, capital, cost, price)
    relative = result / fixed.wedge
    mean = relative[:row].sum() / np.count_nonzero(capital[:row])
    return np.maximum(relative / mean, RETURN_FLOOR), gross / (domestic + capital[row].sum())


@njit(**KERNEL)
def next_capital(
    capital: FloatArray,
    by_origin: FloatArray,
    volume: FloatArray,
    moved: FloatArray,
    mobile: IntArray,
    depreciation: float,
) -> None:
    """``K(t+1) = (1 - delta) K + new + moves`` in ``capital [region, sector]``; the owners' part is native capital.

    ``by_origin`` and ``moved`` are ``[sector, origin, destination]``; only ``mobile`` sectors have moves.
    """
    n, n_sectors = capital.shape
    left = 1.0 - depreciation
    for i in range(n):
        for s in range(n_sectors):
            capital[i, s] = left * capital[i, s] + volume[i, s]
    for s in mobile:
        arriving = np.zeros(n)
        for o in range(n):
            arriving += moved[s, o]
        for i in range(n):
            capital[i, s] += arriving[i] - moved[s, i].sum()
    by_origin *= left
    for s in range(n_sectors):
        for i in range(n):
            by_origin[s, i, i] += volume[i, s]


@njit(**KERNEL)
def next_ledger(  # noqa: PLR0913 - a kernel takes arrays and scalars
    cohorts: FloatArray,
    terms: FloatArray,
    year: int,
    depreciation: float,
    capital: FloatArray,
    moved: FloatArray,
    directed: FloatArray,
    contract: FloatArray,
    former_tax: FloatArray,
    mobile: IntArray,
) -> FloatArray:
    """Age the cohorts that moved under a contract, drop those whose term ended, and enter this year's.

    Rows as :data:`sim.core.state.COHORT`, new ones by sector, origin and host, with the most that each may ever pay:
    its part of ``former_tax [region, sector]``. ``moved`` and what of it may come under a contract, ``directed``,
    are ``[sector, origin, destination]``; ``contract [origin, destination]`` counts ``terms``, -1 = none.
    """
    n = capital.shape[0]
    left = 1.0 - depreciation
    leaving = np.zeros(capital.shape)
    entered = 0
    for s in mobile:
        for o in range(n):
            leaving[o, s] = moved[s, o].sum()
            for d in range(n):
                entered += directed[s, o, d] > 0.0 and contract[o, d] >= 0.0
    rows = np.zeros((cohorts.shape[0] + entered, cohorts.shape[1]))
    k = 0
    for c in range(cohorts.shape[0]):
        host, sector, kind = int(cohorts[c, 1]), int(cohorts[c, 2]), int(cohorts[c, 3])
        if not (0 <= host < n and 0 <= sector < capital.shape[1] and 0 <= kind < terms.size):
            raise IndexError("a cohort that is nowhere, or under no contract")
        if year - cohorts[c, 4] < terms[kind]:
            rows[k] = cohorts[c]
            rows[k, 5] *= left * (1.0 - leaving[host, sector] / (left * capital[host, sector]))
            k += 1
    for s in mobile:
        for o in range(n):
            for d in range(n):
                if directed[s, o, d] > 0.0 and contract[o, d] >= 0.0:
                    rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3], rows[k, 4] = o, d, s, contract[o, d], year
                    rows[k, 5] = directed[s, o, d]
                    rows[k, 7] = former_tax[o, s] / capital[o, s] * directed[s, o, d]
                    k += 1
    return rows[:k].copy()


def shrunk_wedges(relative: FloatArray, log_wedge: FloatArray, weight: FloatArray, share: FloatArray) -> FloatArray:
    """Relative returns ``[region, sector]`` as they are once a ``share [region]`` of the log wedges is gone.

    Wedges shrink to the members' mean in the sector, weighted by ``weight [region, sector]`` (base-year investment) and
    share: to first order investment moves between members only, and sectors keep their own returns.
    """
    weight = share[:, None] * weight
    total = weight.sum(axis=0)
    mean = np.divide((weight * log_wedge).sum(axis=0), total, out=np.zeros_like(total), where=total > 0.0)
    return np.asarray(relative * np.exp(share[:, None] * (log_wedge - mean)))


class Invest:
    """Accumulates capital, moves plants, keeps the ledger of who moved where."""

    name: ClassVar[str] = "invest"
    reads: ClassVar[tuple[str, ...]] = (
        *("capital", "capital_by_origin", "value_added", "investment_price", "private_investment", "public_investment"),
        *("project_investment", "public_capital", "saving", "net_position", "cumulated_saving", "investment_share"),
        *("market_access", "national", "cohorts", "tax_memory", "relocated_capital"),
        *("decided_subsidy", "promised_subsidy", "foreign_investment"),
    )
    writes: ClassVar[tuple[str, ...]] = (
        *("capital", "capital_by_origin", "public_capital", "net_position", "cumulated_saving", "land_price"),
        *("net_return", "investment_volume", "relocated_capital", "investment_share", "subsidy_due", "subsidy_rate"),
        *("national", "cohorts", "promised_subsidy", "foreign_capital"),
    )

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self.params = InvestParams.read(base.world)
        world = base.world
        self._friction = np.exp(-moving_cost(world))
        n = world.n_regions
        self._share, self._product = np.eye(n), np.empty((n, n))
        self._directed = np.zeros((world.n_sectors, n, n))
        self._fixed = Fixed(
            net_capital=base.taxes.capital_share - base.taxes.corporate_tax,
            land_share=self.params.land_share,
            land_elasticity=self.params.land_elasticity,
            land_price=world.land_price.copy(),
            mean_land_price=mean_land_price(world),
            base_capital=base.state.capital[: world.row].sum(axis=1),
            land=np.ones(world.row),
            wedge=base.wedge,
        )
        self._log_wedge = np.log(base.wedge)
        self._tax = base.taxes.corporate_tax
        self._tax_wedge = self._tax / self._fixed.net_capital  # [sector] corporate tax over income after it
        self._mobile = np.flatnonzero(self.params.is_mobile)

    def update(self, state: State, levers: Levers) -> None:
        """Returns of the year, then the capital of the next one."""
        fixed = self._fixed._replace(land=1.0 + levers.land_supply[: self.base.world.row])
        relative, state.national[4] = returns(
            state.value_added, state.capital, state.investment_price, fixed, state.land_price, state.net_return
        )
        if levers.capital_market.any():
            weight = self.base.budgets.investment_share
            relative = shrunk_wedges(relative, self._log_wedge, weight, levers.capital_market)
        state.subsidy_rate[:] = levers.subsidy_rate * (1.0 - levers.subsidy_ban) + state.decided_subsidy
        if levers.tax_relief.any():
            relative *= 1.0 + levers.tax_relief * self._tax_wedge
        self._positions(state)
        self._relocate(state, levers, relative)
        self._accumulate(state)
        base = self.base
        state.promised_subsidy[:] = state.decided_subsidy
        promoted = relative / (1.0 - state.promised_subsidy[:, None])
        owned = state.capital
        if state.foreign_capital.any():
            owned = owned - state.capital_by_origin[:, base.world.row].T
        state.investment_share[:] = investment_shares(
            base.budgets.investment_share, owned, base.state.capital, promoted, self.params.return_elasticity
        )

    def _positions(self, state: State) -> None:
        """Net position in the capital pool: what a place saved for capital less what was invested there."""
        row = self.base.world.row
        invested = state.private_investment - state.foreign_investment
        price = (state.investment_price * invested)[:row].sum() / invested[:row].sum()
        financed = state.saving * (state.national[3] / state.saving.sum())
        state.net_position *= 1.0 - self.params.depreciation
        state.net_position += (financed - invested) / price
        state.cumulated_saving += state.saving

    def _relocate(self, state: State, levers: Levers, relative: FloatArray) -> None:
        """Moves between cities, sector by sector; the ownership matrix moves along."""
        q, n = self.params, self.base.world.n_cities
        friction = self._friction
        if levers.park_incentive.any():
            friction = friction * np.exp(levers.park_incentive)
        access = state.market_access[:n] ** q.access_weight / (1.0 - state.subsidy_rate[:n])
        standing = (1.0 - q.depreciation) * state.capital[:n]
        weight = (standing * relative[:n] ** q.moving_elasticity * access[:, None]).T.copy()
        standing, push = standing.T.copy(), levers.relocation_rate[:n].T.copy()
        directed = self._directed
        for s in self._mobile:
            move_plants(
                standing[s], weight[s], friction, q.hazard, push[s], levers.relocation_open,
                state.relocated_capital[s], directed[s], self._share,
            )  # fmt: skip
            state.capital_by_origin[s] = np.matmul(state.capital_by_origin[s], self._share, out=self._product)
        self._keep_ledger(state, levers, directed)
        domestic = state.private_investment - state.foreign_investment  # cities bid for each other's capital
        np.multiply(state.promised_subsidy, domestic, out=state.subsidy_due)
        if levers.tax_relief.any():  # what is handed back is a payment to firms out of the place's own budget
            state.subsidy_due += (levers.tax_relief * self._tax * state.value_added).sum(axis=1)
        if state.subsidy_rate.any():
            arriving = state.relocated_capital.sum(axis=(0, 1)) * state.investment_price
            state.subsidy_due += state.subsidy_rate * arriving

    def _keep_ledger(self, state: State, levers: Levers, directed: FloatArray) -> None:
        """The ledger of next year; the cap of a contract is the tax of three years before the move."""
        if not levers.contracts:
            return
        terms = np.array([contract.term for contract in levers.contracts], dtype=np.float64)
        years = min(3, state.year - self.base.world.base_year + 1)  # source: three years by the rule of 2015
        former_tax = state.tax_memory.sum(axis=0) * (3 / years)
        state.cohorts = next_ledger(
            state.cohorts, terms, state.year, self.params.depreciation, state.capital, state.relocated_capital,
            self._covered(state, levers, directed), levers.relocation_contract, former_tax, self._mobile,
        )  # fmt: skip

    def _covered(self, state: State, levers: Levers, directed: FloatArray) -> FloatArray:
        """Moves that come under contracts: those by policy, or all of them where a contract covers all; its sectors."""
        covered = directed
        for index, contract in enumerate(levers.contracts):
            if contract.base == "moved_tax" and (contract.covers == "all" or contract.sectors):
                pairs = levers.relocation_contract == index
                moved = state.relocated_capital if contract.covers == "all" else directed
                about = contract.sectors or self.base.world.sector_ids
                is_shared = np.array([sector in about for sector in self.base.world.sector_ids])
                covered = covered.copy()
                covered[:, pairs] = moved[:, pairs] * is_shared[:, None]
        return covered

    def _accumulate(self, state: State) -> None:
        """Capital of next year, private by what is invested and moved, public with its own rate."""
        q = self.params
        pool = state.national[3]
        np.multiply(state.investment_share, pool / state.investment_price[:, None], out=state.investment_volume)
        row, foreign = self.base.world.row, self._bought_from_abroad(state)
        state.investment_volume += foreign
        next_capital(
            state.capital, state.capital_by_origin, state.investment_volume, state.relocated_capital, self._mobile,
            q.depreciation,
        )  # fmt: skip
        if foreign.any():
            places = np.arange(row)
            state.capital_by_origin[:, places, places] -= foreign[:row].T
            state.capital_by_origin[:, row, :row] += foreign[:row].T
        state.capital_by_origin[:, row].sum(axis=0, out=state.foreign_capital)  # the world has no capital at home
        state.public_capital *= 1.0 - q.public_depreciation
        built = state.public_investment - state.project_investment  # joint projects have effects of their own
        state.public_capital += built / state.investment_price

    def _bought_from_abroad(self, state: State) -> FloatArray:
        """Capital ``[region, sector]`` that the world buys, as the place's other new capital is made up."""
        share, place = state.investment_share, state.investment_share.sum(axis=1)
        volume = np.divide(state.foreign_investment, place, out=np.zeros_like(place), where=place > 0.0)
        return np.asarray(share * (volume / state.investment_price)[:, None])
