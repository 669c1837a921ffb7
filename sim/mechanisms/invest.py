"""The invest phase: where new capital goes, which plants move, and who owns what stands elsewhere (MODEL.md 7).

Net return ``r_ds = (after-tax capital income - land cost) / (P^I_d K_ds)``; land cost = share_s V_ds lp_d / mean lp,
with the price of land ``lp_d = lp_d0 (K_d / K_d0 relative to the nation)^elasticity``.
Investment shares ``phi_ds ~ phi_ds0 (K_ds / K_ds0) (r_ds / wedge_ds)^eta``, sum one.
Relocation: a share lambda of the capital of sectors whose plants can move reconsiders its place each year, plus what a
policy moves; the place is a logit ``w_d ~ K_ds (r_ds / wedge_ds)^nu access_d^mu exp(incentive_od - m0 - m1 ln(1 + T))``
without the moving cost at home. Ownership ``[sector, origin, destination]`` follows the moves as a Markov chain: what
moves takes its origin along, what returns home is native again; columns sum to the capital standing there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numba import njit

from sim.core.arrays import BoolArray, FloatArray
from sim.core.levers import Levers
from sim.core.state import COHORT, State

if TYPE_CHECKING:
    from sim.datasets.world import World
    from sim.mechanisms.base_year import BaseYear

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
    cost_fixed: float  # m0 [relocation_cost_fixed]
    cost_distance: float  # m1 per log hour [relocation_cost_distance]
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
            cost_fixed=p.value("relocation_cost_fixed"),
            cost_distance=p.value("relocation_cost_distance"),
            land_share=p.by_sector("land_cost_share"),
            land_elasticity=p.value("land_price_elasticity"),
            public_depreciation=p.value("public_capital_depreciation"),
            is_mobile=world.sector_is_mobile,
        )


def relative_crowding(capital: FloatArray, base: FloatArray) -> FloatArray:
    """Capital ``[region]`` against its base year, relative to the same for the whole: 1 in the base year."""
    return np.asarray(capital / base * (base.sum() / capital.sum()))


def net_return(income: FloatArray, capital: FloatArray, land_cost: FloatArray, price: FloatArray) -> FloatArray:
    """Return on capital ``[region, sector]``: (after-tax income - land cost) / (P^I K), 0 where there is no capital."""
    value = price[:, None] * capital
    return np.divide(income - land_cost, value, out=np.zeros_like(value), where=value > 0.0)


def land_cost(value_added: FloatArray, share: FloatArray, land_price: FloatArray, mean_price: float) -> FloatArray:
    """Cost of land ``[region, sector]``: ``share_s V_is`` at the mean price of land, in proportion to the price."""
    return np.asarray(value_added * share * (land_price / mean_price)[:, None])


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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
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


class Invest:
    """Accumulates capital, moves plants, keeps the ledger of who moved where."""

    name: ClassVar[str] = "invest"
    reads: ClassVar[tuple[str, ...]] = (
        *("capital", "capital_by_origin", "value_added", "investment_price", "private_investment", "public_investment"),
        *("public_capital", "saving", "net_position", "cumulated_saving", "investment_share", "market_access"),
        *("national", "cohorts", "tax_memory", "relocated_capital"),
    )
    writes: ClassVar[tuple[str, ...]] = (
        *("capital", "capital_by_origin", "public_capital", "net_position", "cumulated_saving", "land_price"),
        *("net_return", "investment_volume", "relocated_capital", "investment_share", "subsidy_due", "subsidy_rate"),
        *("national", "cohorts"),
    )

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        self.params = InvestParams.read(base.world)
        world = base.world
        hours = world.travel_time_freight / MINUTES_PER_HOUR
        self._friction = np.exp(-self.params.cost_fixed - self.params.cost_distance * np.log1p(hours))
        np.fill_diagonal(self._friction, 1.0)
        self._share = np.eye(world.n_regions)
        self._directed = np.zeros((world.n_sectors, world.n_regions, world.n_regions))
        self._mean_land_price = mean_land_price(world)
        self._net_capital = base.taxes.capital_share - base.taxes.corporate_tax
        self._mobile = np.flatnonzero(self.params.is_mobile)

    def update(self, state: State, levers: Levers) -> None:
        """Returns of the year, then the capital of the next one."""
        relative = self._returns(state, levers)
        self._positions(state)
        self._relocate(state, levers, relative)
        self._accumulate(state)
        base = self.base
        state.investment_share[:] = investment_shares(
            base.budgets.investment_share, state.capital, base.state.capital, relative, self.params.return_elasticity
        )

    def _returns(self, state: State, levers: Levers) -> FloatArray:
        """Net return, written; and relative to the base-year wedge, floored so that its powers exist."""
        base, q = self.base, self.params
        row = base.world.row
        capital = state.capital.sum(axis=1)
        base_capital = base.state.capital.sum(axis=1)
        crowding = np.ones_like(capital)
        crowding[:row] = relative_crowding(capital[:row], base_capital[:row])
        state.land_price[:] = base.world.land_price * crowding**q.land_elasticity
        income = state.value_added * self._net_capital
        cost = land_cost(state.value_added, q.land_share, state.land_price, self._mean_land_price)
        state.net_return[:] = net_return(income, state.capital, cost, state.investment_price)
        state.subsidy_rate[:] = levers.subsidy_rate
        state.national[4] = income[:row].sum() / state.capital.sum()
        relative = state.net_return / base.wedge
        mean = relative[:row].sum() / np.count_nonzero(state.capital[:row])
        return np.asarray(np.maximum(relative / mean, RETURN_FLOOR))

    def _positions(self, state: State) -> None:
        """Net position in the capital pool: what a place saved for capital less what was invested there."""
        row = self.base.world.row
        price = (state.investment_price * state.private_investment)[:row].sum() / state.private_investment[:row].sum()
        financed = state.saving * (state.national[3] / state.saving.sum())
        state.net_position *= 1.0 - self.params.depreciation
        state.net_position += (financed - state.private_investment) / price
        state.cumulated_saving += state.saving

    def _relocate(self, state: State, levers: Levers, relative: FloatArray) -> None:
        """Moves between cities, sector by sector; the ownership matrix moves along."""
        q, n = self.params, self.base.world.n_cities
        friction = self._friction
        if levers.park_incentive.any():
            friction = friction * np.exp(levers.park_incentive)
        access = state.market_access[:n] ** q.access_weight / (1.0 - levers.subsidy_rate[:n])
        standing = (1.0 - q.depreciation) * state.capital[:n]
        weight = (standing * relative[:n] ** q.moving_elasticity * access[:, None]).T.copy()
        standing, push = standing.T.copy(), levers.relocation_rate[:n].T.copy()
        directed = self._directed
        for s in self._mobile:
            move_plants(
                standing[s], weight[s], friction, q.hazard, push[s], levers.relocation_open,
                state.relocated_capital[s], directed[s], self._share,
            )  # fmt: skip
            state.capital_by_origin[s] = state.capital_by_origin[s] @ self._share
        self._keep_ledger(state, levers, directed)
        if levers.subsidy_rate.any():
            arriving = state.relocated_capital.sum(axis=(0, 1)) * state.investment_price
            np.multiply(levers.subsidy_rate, arriving, out=state.subsidy_due)
        else:
            state.subsidy_due[:] = 0.0

    def _keep_ledger(self, state: State, levers: Levers, directed: FloatArray) -> None:
        """Age the cohorts that moved under a contract, drop what left or ended, and enter this year's."""
        q = self.params
        rows = state.cohorts
        if rows.size:
            sector, host = rows[:, 2].astype(np.int64), rows[:, 1].astype(np.int64)
            standing = (1.0 - q.depreciation) * state.capital[host, sector]
            left = state.relocated_capital[sector, host].sum(axis=1) / standing
            rows[:, 5] *= (1.0 - q.depreciation) * (1.0 - left)
            terms = np.array([contract.term for contract in levers.contracts], dtype=np.float64)
            rows = rows[state.year - rows[:, 4] < terms[rows[:, 3].astype(np.int64)]]
        state.cohorts = np.concatenate([rows, self._new_cohorts(state, levers, directed)])

    def _new_cohorts(self, state: State, levers: Levers, directed: FloatArray) -> FloatArray:
        """Ledger rows of this year's moves under a contract, with the most that each may ever pay."""
        if not levers.contracts:
            return np.empty((0, len(COHORT)))
        sector, origin, host = np.nonzero((directed > 0.0) & (levers.relocation_contract >= 0.0))
        capital = directed[sector, origin, host]
        years = min(3, state.year - self.base.world.base_year + 1)  # source: three years by the rule of 2015
        tax = state.tax_memory[:, origin, sector].sum(axis=0) * (3 / years)
        cap = tax / state.capital[origin, sector] * capital
        contract = levers.relocation_contract[origin, host]
        return np.column_stack([origin, host, sector, contract, 0.0 * cap + state.year, capital, 0.0 * cap, cap])

    def _accumulate(self, state: State) -> None:
        """``K(t+1) = (1 - delta) K + IP / P^I + moves``; public capital with its own rate."""
        q = self.params
        pool = state.national[3]
        np.multiply(state.investment_share, pool / state.investment_price[:, None], out=state.investment_volume)
        state.capital *= 1.0 - q.depreciation
        state.capital += state.investment_volume
        state.capital += (state.relocated_capital.sum(axis=1) - state.relocated_capital.sum(axis=2)).T
        state.capital_by_origin *= 1.0 - q.depreciation
        place = np.arange(state.capital.shape[0])
        state.capital_by_origin[:, place, place] += state.investment_volume.T
        state.public_capital *= 1.0 - q.public_depreciation
        state.public_capital += state.public_investment / state.investment_price
