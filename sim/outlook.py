"""The coming years as governments imagine them: the model itself, without governments that decide (MODEL.md 6).

Three expectations: ``rollout`` runs the model over the whole horizon, ``myopic`` up to the first equilibrium in which a
decision of today has moved capital, ``naive`` takes prices, wages and everybody's output per unit of capital as they
are and sees only what moves, who is paid, and what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sim.agents.assess import Assess
from sim.agents.scores import Result
from sim.core.levers import Levers
from sim.core.phases import Phase
from sim.core.state import EVENT, State
from sim.mechanisms.environment import Environment
from sim.mechanisms.fiscal import Fiscal
from sim.mechanisms.infrastructure import Infrastructure
from sim.mechanisms.invest import Invest
from sim.mechanisms.knowledge import Knowledge
from sim.mechanisms.learn import Learn
from sim.mechanisms.market.phase import Market
from sim.mechanisms.people import People
from sim.mechanisms.sharing import Share

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.mechanisms.base_year import BaseYear
    from sim.policies import Policy

EXPECTATIONS = ("naive", "myopic", "rollout")
MYOPIC_YEARS = 2  # unit: years; what is decided now acts in the next year, whose moves produce in the one after


class DirectEffects:
    """Stands in for the market: value added follows capital at today's prices, and the accounts follow value added."""

    name: ClassVar[str] = "market"
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, base: BaseYear) -> None:
        self.base = base
        p, taxes = base.world.parameters, base.taxes
        self._kept = (1.0 - base.budgets.cut)[:, None] * taxes.local
        self._stays = 1.0 - taxes.central - base.budgets.cut[:, None] * taxes.local
        profit = np.maximum(taxes.capital_share - taxes.corporate_tax - taxes.depreciation_share, 0.0)
        self._profit = profit * base.world.sector_is_mobile * p.value("profit_ownership")
        self._net_capital = taxes.capital_share - taxes.corporate_tax

    def begin(self, state: State, before: State) -> None:
        """Remember the year that has just been: its capital, and what it paid."""
        self._capital = before.capital.copy()
        self._profits = self._net_profits(before)
        self._works, self._grant = state.works_due.copy(), state.grant_due.copy()

    def update(self, state: State, levers: Levers) -> None:
        """Value added, revenue, services and real income of the next year."""
        ratio = np.divide(state.capital, self._capital, out=np.ones_like(state.capital), where=self._capital > 0.0)
        old = state.value_added.copy()
        state.value_added *= ratio
        added = state.value_added - old
        gdp = state.value_added.sum(axis=1)
        state.real_gdp *= gdp / state.gdp
        state.gdp[:] = gdp
        shared = state.payable.sum(axis=0) - state.payable.sum(axis=1)
        received = shared - state.shared_revenue
        revenue = (added * self._kept).sum(axis=1)
        profits = self._net_profits(state)
        income = (added * self._stays).sum(axis=1) + profits - self._profits + received
        works = (state.works_due - self._works) - (state.grant_due - self._grant)
        state.city_service += revenue + received - (state.subsidy_due - state.subsidy) - works
        state.own_revenue += revenue
        state.shared_revenue[:], state.subsidy[:] = shared, state.subsidy_due
        built = (state.project_due - state.project_investment) - (state.grant_due - self._grant)
        state.real_income += (income - built) / state.cpi
        state.project_investment[:] = state.project_due
        self._capital, self._profits = state.capital.copy(), profits
        self._works, self._grant = state.works_due.copy(), state.grant_due.copy()

    def _net_profits(self, state: State) -> FloatArray:
        """Profits of plants elsewhere less profits of others' plants here ``[region]``."""
        per_unit = np.divide(
            state.value_added, state.capital, out=np.zeros_like(state.capital), where=state.capital > 0.0
        )
        paid = state.capital_by_origin * (self._profit * per_unit).T[:, None, :]
        row = self.base.world.row
        paid[:, row] = state.capital_by_origin[:, row] * (self._net_capital * per_unit).T
        return np.asarray(paid.sum(axis=(0, 2)) - paid.sum(axis=(0, 1)))


class Outlook:
    """Looks ahead from a state in the middle of a year, after governments have decided.

    Args:
        base: the calibrated base year.
        in_force: policies in force in a state, by its memberships.
        neutral: levers without any policy.
        as_opened: lines open on the dates of the data.
        expectations: one of `EXPECTATIONS`.
        tolerance: of the market.
    """

    def __init__(
        self,
        base: BaseYear,
        in_force: Callable[[State], Iterable[Policy]],
        neutral: Levers,
        *,
        as_opened: bool,
        expectations: str,
        tolerance: float,
    ) -> None:
        self.base, self.in_force, self.neutral = base, in_force, neutral
        self.expectations = expectations
        self._levers = Levers.neutral(base.admin_barrier, base.world.n_sectors, base.world.n_lines)
        self._learn = Learn(base)
        self._direct = DirectEffects(base)
        invest = Invest(base)
        network = Infrastructure(base, as_opened=as_opened)
        market = Market(base, tolerance=tolerance)
        share = Share(base, trade=market.trade_weights)
        environment = Environment(base)  # what contracts on water will pay
        if expectations == "naive":
            self._ends: tuple[Phase, ...] = (invest,)
            self._begins: tuple[Phase, ...] = (network, self._direct, Fiscal(base), share, environment, Assess(base))
        else:
            self._ends = (invest, People(base), Knowledge(base), self._learn)
            self._begins = (network, market, Fiscal(base), share, environment, Assess(base))
        self._projected: tuple[int, dict[int, float]] = (0, {})

    def ahead(self, state: State, levers: Levers, growth: Mapping[int, float] | None, years: int) -> Result:
        """Results of the coming years ``[year, city]``; the state is not touched.

        Args:
            state: after the decisions of the year, before its investment.
            levers: of the year.
            growth: national productivity scalars of the reference run; None where this is the reference run.
            years: how many.
        """
        years = min(years, MYOPIC_YEARS) if self.expectations == "myopic" else years
        if growth is None and self.expectations != "naive":
            if self._projected[0] != state.year or len(self._projected[1]) < years:
                self._learn.growth, self._learn.found = None, {}
                self._run(state, levers, years)
                self._projected = state.year, self._learn.found
            growth = self._projected[1]
        self._learn.growth = _Prolonged(growth or {})
        return self._run(state, levers, years)

    def _run(self, state: State, levers: Levers, years: int) -> Result:
        now, own = state.copy(), self._levers
        own.contracts[:] = levers.contracts
        if self.expectations == "naive":
            self._direct.begin(now, state)
        for phase in self._ends:
            phase.update(now, levers)
        results = []
        for k in range(years):
            now.year += 1
            now.events = np.empty((0, len(EVENT)))
            own.reset(self.neutral)
            for policy in self.in_force(now):
                policy.set_levers(own, now.year, self.base.world)
            for phase in self._begins:
                phase.update(now, own)
            results.append(Result.of(now, self.base.world.n_cities))
            if k + 1 < years:
                for phase in self._ends:
                    phase.update(now, own)
        return Result.years(results)


class _Prolonged(dict[int, float]):
    """Growth scalars by year; years beyond the last have the last one's."""

    def __missing__(self, year: int) -> float:
        return self[max(self)]
