"""What changes when only trade costs, productivity or deficits change: one year's market, solved again.

Two ways to the same answer, each a check on the other. ``levels`` solves the calibrated economy with the shock in it;
``hat`` solves for changes from base-year trade shares alone (Dekle, Eaton and Kortum 2007; with inputs Caliendo and
Parro 2015), so it needs neither productivities nor levels of trade costs. Final spending follows one of two rules:

    additive        E'_j = V'_j + D_j                   base-year deficits stay, as amounts at constant world income
    multiplicative  E'_j = lambda (E_j / V_j) V'_j      ratios stay, lambda makes the world's sums agree

``closure="fixed_shares"`` is conditional general equilibrium with prices read off afterwards, as the gravity package
gegravity computes it (Larch and Yotov 2016, its baseline output and expenditure shares never updated): kept to compare
with such results, not as an answer. World value added is the numeraire.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from sim.calibration import calibrate
from sim.core.arrays import FloatArray
from sim.core.errors import EquilibriumError, InputError
from sim.mechanisms.base_year import BaseYear, factor_bundle
from sim.mechanisms.market import kernels
from sim.mechanisms.market.closure import YearlyClosure, blank_accounts
from sim.mechanisms.market.economy import Economy, Spending, solve_economy
from sim.mechanisms.market.trade_cost import trade_kernel

if TYPE_CHECKING:
    from sim.datasets.world import World

Deficits = Literal["additive", "multiplicative"]
Closure = Literal["fixed_shares"] | None
Method = Literal["levels", "hat"]

BALANCE_TOLERANCE = 1e-13
BALANCE_SWEEPS = 100_000
BALANCE_ACCEPTED = 1e-9


@dataclass(frozen=True, eq=False)
class Shock:
    """New over old; a number is the same everywhere."""

    trade_cost_hat: float | FloatArray = 1.0  # [origin, destination] or [sector, origin, destination]
    productivity_hat: float | FloatArray = 1.0  # [region] or [region, sector]; of value added
    deficits: FloatArray | None = None  # [region] final spending less value added, 100 million yuan; None: base year's
    factor_hat: float | FloatArray = 1.0  # [region] or [region, sector]


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """A world after a shock; changes are new over old."""

    region_ids: tuple[str, ...]
    region_names: tuple[str, ...]
    sector_ids: tuple[str, ...]
    welfare: FloatArray  # [region] real final spending, deflated by the region's own mix of uses
    real_value_added: FloatArray  # [region] value added over the price index of consumption
    consumption_price: FloatArray  # [region]
    factor_price: FloatArray  # [region, sector]; nan where nothing is produced
    price_index: FloatArray  # [region, sector]
    value_added: FloatArray  # [region, sector] level, 100 million yuan at constant world income
    final_expenditure: FloatArray  # [region] level
    flows: FloatArray  # [sector, origin, destination] level
    base_value_added: FloatArray  # [region, sector]
    converged: bool
    sweeps: int
    residual: float

    def frame(self) -> pd.DataFrame:
        """One row per region: percent changes of welfare, real and nominal value added and consumer prices."""
        old, new = self.base_value_added.sum(axis=1), self.value_added.sum(axis=1)
        columns = {
            "name": list(self.region_names),
            "welfare_pct": 100.0 * (self.welfare - 1.0),
            "real_value_added_pct": 100.0 * (self.real_value_added - 1.0),
            "value_added_pct": 100.0 * (new / old - 1.0),
            "consumption_price_pct": 100.0 * (self.consumption_price - 1.0),
        }
        return pd.DataFrame(columns, index=pd.Index(self.region_ids, name="region"))


@dataclass(frozen=True, eq=False)
class HatResult:
    """What a change of trade costs does to a matrix of flows; changes are new over old ``[region]``."""

    welfare: FloatArray  # real spending
    flows: FloatArray  # [origin, destination] levels, world income as before
    factor_price: FloatArray
    price_index: FloatArray
    converged: bool
    sweeps: int
    residual: float


def counterfactual(
    world: World,
    shock: Shock | None = None,
    *,
    method: Method = "levels",
    deficits: Deficits = "additive",
    closure: Closure = None,
    base: BaseYear | None = None,
    tolerance: float = 1e-10,
) -> Counterfactual:
    """The base year of a data set with a shock; factors stay where they are.

    Args:
        world: the data set.
        shock: what changes; default nothing.
        method: ``levels`` or ``hat``; the same up to the tolerance.
        deficits: rule of final spending, see the module.
        closure: ``fixed_shares`` keeps output and spending of the base year by region and sector, for comparison only.
        base: its calibrated base year, where there is one already.
        tolerance: largest relative excess demand that is accepted.

    Raises:
        InputError: a shock of the wrong shape, or not positive.
        EquilibriumError: the new economy has no equilibrium, or none was found; names city and sector.
    """
    _check_choices(method, deficits, closure)
    base = calibrate(world) if base is None else base
    old = _BaseMarket(base)
    hats = _Hats(shock or Shock(), old)
    if closure == "fixed_shares":
        return _fixed_shares(old, hats, deficits)
    rule = _spending(old, hats.deficits, deficits)
    if method == "levels":
        economy, start = _levels_economy(old, hats, rule), base.state.price_memory[0].copy()
    else:
        economy, start = _hat_economy(old, hats, rule), np.zeros_like(base.state.price_memory[0])
    found = solve_economy(economy, start=start, tolerance=tolerance)
    change = np.exp(found.log_prices - (base.state.price_memory[0] if method == "levels" else 0.0))
    made = old.value_added > 0.0
    return _result(
        old,
        factor_price=np.where(made, change[0].T, np.nan),
        price_index=change[1].T,
        value_added=found.value_added,
        final=found.final_expenditure,
        flows=found.flows,
        solver=(found.sweeps, found.residual),
    )


def exact_hat(
    flows: FloatArray,
    elasticity: float,
    trade_cost_hat: float | FloatArray,
    deficits: Deficits = "additive",
    *,
    closure: Closure = None,
    tolerance: float = 1e-10,
) -> HatResult:
    """Exact hat algebra on a bare matrix of one sector made by one factor (Dekle, Eaton and Kortum 2007).

    Income of a place is its sales, spending its purchases, what it sells to itself included in both.

    Args:
        flows: ``[origin, destination]``.
        elasticity: of trade, theta.
        trade_cost_hat: new over old cost ``[origin, destination]``, ``inf`` ends a trade.
        deficits: additive keeps spending less income as an amount, multiplicative as a ratio. World income is constant.
        closure: ``fixed_shares`` for comparison with gegravity.
        tolerance: largest relative excess demand that is accepted.
    """
    _check_choices("hat", deficits, closure)
    trade = _checked_flows(flows)
    n = trade.shape[0]
    income, spent = trade.sum(axis=1), trade.sum(axis=0)
    if not elasticity > 0.0:
        raise InputError(f"{elasticity:g} is not above 0", key="elasticity")
    cost = _shaped(trade_cost_hat, "trade_cost_hat", [(n, n)], (n, n), finite=False)
    share = np.divide(trade, spent, out=np.zeros_like(trade), where=spent > 0.0)
    weight = share * cost**-elasticity
    if closure == "fixed_shares":
        return _fixed_share_hats(trade, weight, elasticity, deficits)
    world = float(income.sum())
    rule = _rule(income, spent, world, deficits)
    one = np.ones(1)
    economy = Economy(
        elasticity=one * elasticity,
        value_added_share=one,
        input_share=np.zeros((1, 1)),
        trade_weight=weight[None],
        factor=income[:, None].copy(),
        productivity=np.ones((n, 1)),
        mix=np.ones((3, 1)),
        use_share=np.repeat(np.array([[1.0], [0.0], [0.0]]), n, axis=1),
        spending=rule,
    )
    found = solve_economy(economy, start=np.zeros((2, 1, n)), tolerance=tolerance)
    price = found.price_index[:, 0]
    return HatResult(
        welfare=found.final_expenditure / spent / price,
        flows=found.flows[0],
        factor_price=found.factor_price[:, 0],
        price_index=price,
        converged=found.converged,
        sweeps=found.sweeps,
        residual=found.residual,
    )


def border_hat(base: BaseYear, remaining: float = 0.0) -> FloatArray:
    """Change of trade costs ``[sector, origin, destination]`` when borders between the cities' provinces are lowered.

    ``remaining`` is the part of today's barrier that is left; the rest of the country keeps its border.
    """
    n = base.world.n_cities
    admin = base.admin_barrier.copy()
    admin[:n, :n] *= remaining
    external = np.ones_like(admin)
    new = trade_kernel(base.log_trade, base.elasticity, base.border, admin, external)
    old = trade_kernel(base.log_trade, base.elasticity, base.border, base.admin_barrier, external)
    change = (new / old) ** (-1.0 / base.elasticity[:, None, None])
    return np.ascontiguousarray(change.transpose(0, 2, 1))


class _BaseMarket:
    """The base year as shares and amounts: all that exact hats need, and the levels beside them."""

    def __init__(self, base: BaseYear) -> None:
        state = base.state
        self.base = base
        self.value_added = state.value_added
        accounts = blank_accounts(base.world.n_regions, base.n_provinces)
        by_sector = np.ascontiguousarray(state.value_added.T)
        kernels.final_demand(by_sector, YearlyClosure(base).set_year(state), accounts)
        uses = np.stack([accounts.consumption, accounts.investment, accounts.government])
        self.final = uses.sum(axis=0)
        self.use_share = uses / self.final
        self.income = state.value_added.sum(axis=1)
        self.world_income = float(self.income.sum())
        self.output = state.value_added / base.value_added_share
        self.spent = uses.T @ base.mix + self.output @ base.input_share.T
        no_lever = np.ones_like(base.admin_barrier)
        kappa = trade_kernel(base.log_trade, base.elasticity, base.border, base.admin_barrier, no_lever)
        self.weight = kappa.transpose(0, 2, 1)  # [sector, origin, destination]
        self.factor = factor_bundle(state, base)
        x, p = state.price_memory[0]
        b, theta = base.value_added_share[:, None], base.elasticity[:, None]
        log_cost = b * (x - np.log(state.effective_productivity.T)) + base.input_share.T @ p
        u = np.where(self.value_added.T > 0.0, np.exp(-theta * log_cost), 0.0)
        offered = self.weight * u[:, :, None]
        self.share = offered / offered.sum(axis=1, keepdims=True)


class _Hats:
    """A shock with every array in full shape."""

    def __init__(self, shock: Shock, old: _BaseMarket) -> None:
        n, n_sectors = old.value_added.shape
        pairs, places = (n_sectors, n, n), (n, n_sectors)
        cost = _shaped(shock.trade_cost_hat, "trade_cost_hat", [(n, n), pairs], pairs, finite=False)
        self.trade_weight = cost ** -old.base.elasticity[:, None, None]
        self.productivity = self._by_place(shock.productivity_hat, "productivity_hat", places)
        self.factor = self._by_place(shock.factor_hat, "factor_hat", places)
        self.deficits = old.final - old.income
        if shock.deficits is not None:
            given = np.asarray(shock.deficits, dtype=np.float64)
            if given.shape != (n,) or not np.isfinite(given).all():
                raise InputError("must be one finite amount per region", key="deficits", allowed=f"shape ({n},)")
            if abs(given.sum()) > BALANCE_ACCEPTED * old.world_income:
                raise InputError(f"sum to {given.sum():g}", key="deficits", allowed="amounts that sum to 0")
            self.deficits = given

    @staticmethod
    def _by_place(value: float | FloatArray, key: str, shape: tuple[int, int]) -> FloatArray:
        array = np.asarray(value, dtype=np.float64)
        if array.shape == shape[:1]:
            array = array[:, None]
        return _shaped(array, key, [shape, (shape[0], 1)], shape)


def _check_choices(method: str, deficits: str, closure: str | None) -> None:
    choices = {
        "method": (method, ("levels", "hat")),
        "deficits": (deficits, ("additive", "multiplicative")),
        "closure": (closure, (None, "fixed_shares")),
    }
    for key, (value, allowed) in choices.items():
        if value not in allowed:
            raise InputError(f"unknown choice {value!r}", key=key, allowed=", ".join(map(str, allowed)))


def _shaped(
    value: float | FloatArray, key: str, allowed: list[tuple[int, ...]], shape: tuple[int, ...], *, finite: bool = True
) -> FloatArray:
    """A positive array spread to its full shape; ``nan`` is never allowed."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim and array.shape not in allowed:
        raise InputError(f"has shape {array.shape}", key=key, allowed=" or ".join(map(str, ["a number", *allowed])))
    if not (array > 0.0).all() or (finite and not np.isfinite(array).all()):
        raise InputError("must be above 0", key=key)
    return np.broadcast_to(array, shape).copy()


def _checked_flows(flows: FloatArray) -> FloatArray:
    trade = np.array(flows, dtype=np.float64)
    if trade.ndim != 2 or trade.shape[0] != trade.shape[1]:
        raise InputError(f"has shape {trade.shape}", key="flows", allowed="a square matrix [origin, destination]")
    if not np.isfinite(trade).all() or trade.min() < 0.0:
        raise InputError("must be finite and not negative", key="flows")
    for name, total in (("buys", trade.sum(axis=0)), ("sells", trade.sum(axis=1))):
        if (total <= 0.0).any():
            raise InputError(f"region {int(total.argmin())} {name} nothing", key="flows")
    return trade


def _rule(income: FloatArray, spent: FloatArray, world: float, deficits: Deficits) -> Spending:
    if deficits == "additive":
        return Spending.additive(spent - income, world)
    return Spending.multiplicative(spent / income, world)


def _spending(old: _BaseMarket, deficit: FloatArray, deficits: Deficits) -> Spending:
    """The rule of final spending, refused where a region could spend nothing even at base-year income."""
    spent = old.income + deficit
    if (spent <= 0.0).any():
        place = int(spent.argmin())
        raise EquilibriumError(
            city=old.base.world.region_names[place], sector="all", residual=np.inf, sweeps=0, tolerance=0.0,
            reason=f"final spending would be {spent[place]:.1f} at the income of the base year",
        )  # fmt: skip
    return _rule(old.income, spent, old.world_income, deficits)


def _levels_economy(old: _BaseMarket, hats: _Hats, rule: Spending) -> Economy:
    return _economy(
        old,
        trade_weight=old.weight * hats.trade_weight,
        factor=old.factor * hats.factor,
        productivity=old.base.state.effective_productivity * hats.productivity,
        rule=rule,
    )


def _hat_economy(old: _BaseMarket, hats: _Hats, rule: Spending) -> Economy:
    """The same equations in changes: shares as weights, value added as factors, changes of productivity as levels."""
    return _economy(
        old,
        trade_weight=old.share * hats.trade_weight,
        factor=old.value_added * hats.factor,
        productivity=hats.productivity,
        rule=rule,
    )


def _economy(
    old: _BaseMarket, trade_weight: FloatArray, factor: FloatArray, productivity: FloatArray, rule: Spending
) -> Economy:
    base = old.base
    return Economy(
        elasticity=base.elasticity,
        value_added_share=base.value_added_share,
        input_share=base.input_share,
        trade_weight=trade_weight,
        factor=factor,
        productivity=productivity,
        mix=base.mix,
        use_share=old.use_share,
        spending=rule,
        region_names=base.world.region_names,
        sector_names=base.world.sector_ids,
    )


def _result(
    old: _BaseMarket,
    *,
    factor_price: FloatArray,
    price_index: FloatArray,
    value_added: FloatArray,
    final: FloatArray,
    flows: FloatArray,
    solver: tuple[int, float],
) -> Counterfactual:
    world = old.base.world
    log_price = np.log(price_index)
    own_mix = old.use_share.T @ old.base.mix
    consumption_price = np.exp(log_price @ old.base.mix[0])
    return Counterfactual(
        region_ids=world.region_ids,
        region_names=world.region_names,
        sector_ids=world.sector_ids,
        welfare=final / old.final / np.exp((log_price * own_mix).sum(axis=1)),
        real_value_added=value_added.sum(axis=1) / old.income / consumption_price,
        consumption_price=consumption_price,
        factor_price=factor_price,
        price_index=price_index,
        value_added=value_added,
        final_expenditure=final,
        flows=flows,
        base_value_added=old.value_added.copy(),
        converged=True,
        sweeps=solver[0],
        residual=solver[1],
    )


def _rebalanced(weight: FloatArray, output: FloatArray, spent: FloatArray) -> tuple[FloatArray, FloatArray, int, float]:
    """Changes of unit cost and price index ``[region]`` of one sector whose new weights trade the old margins."""
    u, phi = np.ones_like(output), np.ones_like(output)
    kappa = np.ascontiguousarray(weight.T)
    residual, sweeps = kernels.balance(kappa, output, spent, u, phi, BALANCE_TOLERANCE, BALANCE_SWEEPS)
    if not residual <= BALANCE_ACCEPTED:
        raise EquilibriumError(
            city="all regions", sector="all", residual=float(residual), sweeps=int(sweeps),
            tolerance=BALANCE_ACCEPTED, reason="trade flows cannot be balanced to the old output and spending",
        )  # fmt: skip
    return u, phi, int(sweeps), float(residual)


def _fixed_share_hats(trade: FloatArray, weight: FloatArray, elasticity: float, deficits: Deficits) -> HatResult:
    income, spent = trade.sum(axis=1), trade.sum(axis=0)
    u, phi, sweeps, residual = _rebalanced(weight, income, spent)
    factor_price = u ** (-1.0 / elasticity)
    scale = income.sum() / (factor_price @ income)
    factor_price = factor_price * scale
    price = phi ** (-1.0 / elasticity) * scale
    new_income = factor_price * income
    final = new_income + spent - income if deficits == "additive" else new_income * spent / income
    return HatResult(
        welfare=final / spent / price,
        flows=weight * u[:, None] * (spent / phi),
        factor_price=factor_price,
        price_index=price,
        converged=True,
        sweeps=sweeps,
        residual=residual,
    )


def _fixed_shares(old: _BaseMarket, hats: _Hats, deficits: Deficits) -> Counterfactual:
    """Sector by sector the flows with the old margins and the new costs, then the factor prices these unit costs imply.

    Each sector's prices are known up to one factor, set so that its value added in the world stays.
    """
    base = old.base
    b, g, theta = base.value_added_share, base.input_share, base.elasticity
    log_cost, log_price = np.empty_like(old.output), np.empty_like(old.output)
    flows = np.empty_like(old.share)
    sweeps, residual = 0, 0.0
    for s in range(b.size):
        weight = old.share[s] * hats.trade_weight[s]
        u, phi, taken, left = _rebalanced(weight, old.output[:, s].copy(), old.spent[:, s].copy())
        with np.errstate(divide="ignore"):
            log_cost[:, s], log_price[:, s] = -np.log(u) / theta[s], -np.log(phi) / theta[s]
        flows[s] = weight * u[:, None] * (old.spent[:, s] / phi)
        sweeps, residual = max(sweeps, taken), max(residual, left)
    made = old.value_added > 0.0
    log_f = np.where(made, (log_cost - log_price @ g) / b + np.log(hats.productivity), -np.inf)
    value = old.value_added * hats.factor * np.exp(log_f)
    level = -b * np.log(value.sum(axis=0) / old.value_added.sum(axis=0))
    shift = np.linalg.solve(np.eye(b.size) - g.T, level)
    factor_price = np.exp(log_f + (shift - shift @ g) / b)
    new = old.value_added * hats.factor * factor_price
    income = new.sum(axis=1)
    spent = old.income + hats.deficits
    final = income + hats.deficits if deficits == "additive" else income * spent / old.income
    return _result(
        old,
        factor_price=np.where(made, factor_price, np.nan),
        price_index=np.exp(log_price + shift),
        value_added=new,
        final=final,
        flows=flows,
        solver=(sweeps, residual),
    )
