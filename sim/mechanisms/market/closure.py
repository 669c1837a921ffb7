"""Who earns, saves, taxes, spends and invests where: the closure of MODEL.md section 3, as kernel arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.market.kernels import Accounts, Closure, set_claims


def blank_accounts(n_regions: int, n_provinces: int) -> Accounts:
    """Room for the accounts of one year."""
    shapes = {"p_revenue": n_provinces, "p_budget": n_provinces, "total": 6}
    return Accounts(**{name: np.zeros(shapes.get(name, n_regions)) for name in Accounts._fields})


def linear_closure(
    mult: FloatArray, add: FloatArray, use_share: FloatArray, numeraire: float, n_sectors: int, *, rescale: bool = False
) -> Closure:
    """Spending ``E_j = mult_j V_j + add_j`` (money at the numeraire), split by ``use_share [3, N]`` over final uses.

    The closure of counterfactuals and of theory: additive deficits are ``mult = 1, add = D``, multiplicative ones
    ``mult = E / V, add = 0`` scaled to world income (``rescale``).
    """
    n = mult.shape[0]
    unused: dict[str, Any] = dict.fromkeys(_SCALAR, 0.0)
    for names, size in ((_REGIONAL, n), (_SECTORAL, n_sectors), (_PROVINCIAL, 1)):
        unused |= {name: np.zeros(size) for name in names}
    return Closure(
        linear=1,
        foreign=0,
        foreign_share=np.zeros((n_sectors, n)),
        rescale=int(rescale),
        n_domestic=n,
        numeraire=float(numeraire),
        mult=np.ascontiguousarray(mult),
        add=np.ascontiguousarray(add),
        use_share=np.ascontiguousarray(use_share),
        province=np.zeros(n, dtype=np.int64),
        claim=np.zeros((n_sectors, 1, n)),
        claim_out=np.zeros((n_sectors, n)),
        **unused,
    )


_SCALAR = ("land_infrastructure", "infrastructure", "cash", "saving", "current_account")
_SECTORAL = ("net_wage", "net_capital", "profit", "local_rate", "central_rate")
_PROVINCIAL = ("p_transfer", "p_debt", "p_fund", "p_interest")
_REGIONAL = (
    *("cut", "other_rate", "province_levy", "land", "transfer", "debt", "fund", "interest", "subsidy", "contract"),
    *("in_province", "in_nation", "pool", "position", "phi", "city_infrastructure", "works"),
    "foreign_investment",
)


def full_closure(base: BaseYear) -> Closure:
    """The closure of a run: what stays fixed from the base year; :func:`set_year` fills in the rest each year."""
    world, t, b = base.world, base.taxes, base.budgets
    p = world.parameters
    n, n_sectors = world.n_regions, world.n_sectors
    zero = np.zeros(n)
    return Closure(
        linear=0,
        rescale=0,
        n_domestic=n - 1,
        numeraire=1.0,
        mult=zero.copy(),
        add=zero.copy(),
        use_share=np.ascontiguousarray(np.repeat(base.world_use_share[:, None], n, axis=1)),
        province=base.province,
        net_wage=t.labour_share - t.personal_tax,
        net_capital=t.capital_share - t.corporate_tax,
        profit=np.maximum(t.capital_share - t.corporate_tax - t.depreciation_share, 0.0) * world.sector_is_mobile,
        local_rate=t.local,
        central_rate=t.central,
        claim=np.zeros((n_sectors, n, n)),
        claim_out=np.zeros((n_sectors, n)),
        cut=b.cut,
        other_rate=b.other_rate,
        province_levy=b.province_levy,
        land=b.land_ratio.copy(),
        land_infrastructure=p.value("land_infrastructure_share"),
        infrastructure=p.value("infrastructure_share"),
        city_infrastructure=zero.copy(),
        works=zero.copy(),
        cash=b.cash_share,
        saving=b.saving_rate,
        transfer=zero.copy(),
        debt=zero.copy(),
        fund=b.fund,
        interest=zero.copy(),
        subsidy=zero.copy(),
        contract=zero.copy(),
        p_transfer=b.p_transfer,
        p_debt=b.p_debt,
        p_fund=b.p_fund,
        p_interest=np.zeros(base.n_provinces),
        in_province=b.in_province,
        in_nation=b.in_nation,
        pool=zero.copy(),
        position=zero.copy(),
        phi=zero.copy(),
        current_account=p.value("current_account_share"),
        foreign=0,
        foreign_investment=zero.copy(),
        foreign_share=np.zeros((n_sectors, n)),
    )


class YearlyClosure:
    """Fills in what of the closure changes from year to year, in place."""

    def __init__(self, base: BaseYear) -> None:
        p = base.world.parameters
        self.base = base
        self.interest_rate = p.value("interest_rate")
        self.land_decline = p.value("land_revenue_decline")
        self.land_decline_year = p.value("land_revenue_decline_year")
        self.ownership = p.value("profit_ownership") * base.world.sector_is_mobile
        self.closure = full_closure(base)

    def set_year(self, state: State, foreign_investment: FloatArray | None = None) -> Closure:
        """The closure of this year: what is owed from last year and what was decided then, as shares of nv.

        ``foreign_investment [region]`` is what the world invests in a place over its value added; None is nothing.
        """
        cl, base = self.closure, self.base
        nv = state.national[0]
        start = base.world.base_year
        span = self.land_decline_year - start
        done = min(1.0, (state.year - start) / span) if span > 0 else 0.0  # a later base year has the fall in its data
        cl.land[:] = base.budgets.land_ratio * (1.0 - self.land_decline * done)
        cl.interest[:] = self.interest_rate / nv * state.debt
        cl.p_interest[:] = self.interest_rate / nv * state.province_debt
        cl.subsidy[:] = state.subsidy_due / nv
        cl.transfer[:] = state.transfer_share + (state.grant_due + state.floor_grant) / nv
        cl.debt[:] = state.debt_share
        cl.city_infrastructure[:] = state.infrastructure_share
        cl.works[:] = (state.works_due - state.infrastructure_share * state.grant_due) / nv  # no other works of a grant
        cl.contract[:] = (state.payable.sum(axis=1) - state.payable.sum(axis=0)) / nv
        cl.pool[:] = state.cumulated_saving / state.cumulated_saving.sum()
        cl.position[:] = state.net_position * (state.national[4] / nv)
        cl.phi[:] = state.investment_share.sum(axis=1)
        set_claims(state.capital_by_origin, state.capital, self.ownership, cl.claim, cl.claim_out)
        cl.foreign_investment[:] = 0.0 if foreign_investment is None else foreign_investment
        is_open = cl.foreign_investment.any() or state.capital_by_origin[:, base.world.row].any()
        if is_open:
            self._set_foreign(state)
        return cl._replace(numeraire=float(nv), foreign=int(is_open))

    def _set_foreign(self, state: State) -> None:
        """The world's share of all capital: it is paid whole returns, so the claims of moved plants leave it out."""
        cl, row, capital = self.closure, self.base.world.row, state.capital.T
        cl.claim_out[:] -= cl.claim[:, row]
        cl.claim[:, row] = 0.0
        owned = state.capital_by_origin[:, row]
        cl.foreign_share[:] = np.divide(owned, capital, out=np.zeros_like(owned), where=capital > 0.0)
