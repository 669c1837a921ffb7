"""A trade economy from bare numbers: technology, costs, factors and a spending rule in, prices and flows out.

The same equilibrium as the market phase (MODEL.md section 3: Caliendo and Parro 2015, with ``A`` the productivity of
value added), for theory, counterfactuals and tests. Any economy whose final spending is linear in value added,
``E_j = scale (multiple_j V_j + constant_j)``, can be written: balanced trade, deficits that stay as amounts (additive)
or as ratios to income (multiplicative), incomes from outside the model (farmers in Krugman 1991).

    c_is = (f_is / A_is)^b_s prod_k P_ik^g_ks              unit cost
    P_js = (sum_i weight_sij c_is^-theta_s)^(-1/theta_s)    price index; weight = trade cost^-theta
    b_s sum_j pi_sij X_js = f_is F_is                       clearing

Amounts are in units of the numeraire: world value added sums to ``Spending.numeraire``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from sim.core.arrays import BoolArray, FloatArray
from sim.core.errors import EquilibriumError, InputError
from sim.mechanisms.market import kernels
from sim.mechanisms.market.closure import blank_accounts, linear_closure
from sim.mechanisms.market.implicit import implied_prices, solve_implicitly

ACCELERATION_DEPTH = 6  # residual differences kept (structural: Walker and Ni 2011 find 3 to 10 best)
SHARE_PRECISION = 1e-9  # shares and sums that have to agree may differ by this
IMPLICIT_STEPS = 500  # for an economy that the accelerated sweep does not solve; some tens are usual


@dataclass(frozen=True, eq=False)
class Spending:
    """Final spending ``E_j = scale (multiple_j V_j + constant_j)``; ``scale`` is 1 unless ``rescale``."""

    multiple: FloatArray  # [region]
    constant: FloatArray  # [region] in units of the numeraire
    numeraire: float = 1.0  # world value added
    rescale: bool = False  # scale all spending so that it sums to world value added

    @classmethod
    def balanced(cls, n_regions: int, numeraire: float = 1.0) -> Spending:
        """Every region spends its value added."""
        return cls(np.ones(n_regions), np.zeros(n_regions), numeraire)

    @classmethod
    def additive(cls, deficit: FloatArray, numeraire: float = 1.0) -> Spending:
        """Every region spends its value added and a given amount ``[region]``; the amounts sum to zero."""
        return cls(np.ones_like(deficit), deficit, numeraire)

    @classmethod
    def multiplicative(cls, ratio: FloatArray, numeraire: float = 1.0) -> Spending:
        """Spending over value added ``[region]`` stays, up to one factor that makes the world's sums agree."""
        return cls(ratio, np.zeros_like(ratio), numeraire, rescale=True)


@dataclass(frozen=True, eq=False)
class Economy:
    """Everything that prices do not change."""

    elasticity: FloatArray  # [sector] theta
    value_added_share: FloatArray  # [sector] b
    input_share: FloatArray  # [input, sector] g; b + sum over inputs = 1
    trade_weight: FloatArray  # [sector, origin, destination] trade cost^-theta, 0 = no trade
    factor: FloatArray  # [region, sector] F, 0 = no production
    productivity: FloatArray  # [region, sector] A, of value added
    mix: FloatArray  # [use, sector] what each of the three final uses buys; rows sum to one
    use_share: FloatArray  # [use, region] how regions split final spending over the uses; columns sum to one
    spending: Spending
    region_names: tuple[str, ...] = field(default=())
    sector_names: tuple[str, ...] = field(default=())

    @property
    def n_regions(self) -> int:
        return int(self.factor.shape[0])

    @property
    def n_sectors(self) -> int:
        return int(self.factor.shape[1])

    def region(self, index: int) -> str:
        """Name of a region for messages."""
        return self.region_names[index] if self.region_names else f"region {index}"

    def sector(self, index: int) -> str:
        """Name of a sector for messages."""
        return self.sector_names[index] if self.sector_names else f"sector {index}"


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Prices that clear every market, and what is bought and sold at them."""

    factor_price: FloatArray  # [region, sector]; nan where nothing is produced
    price_index: FloatArray  # [region, sector]; inf where nothing can be bought (and nothing is)
    value_added: FloatArray  # [region, sector]
    output: FloatArray  # [region, sector] sales, = value added / b up to the tolerance
    expenditure: FloatArray  # [region, sector] intermediate and final purchases
    final_expenditure: FloatArray  # [region]
    trade_share: FloatArray  # [sector, origin, destination], sums to one over origins
    flows: FloatArray  # [sector, origin, destination]
    converged: bool
    sweeps: int
    residual: float  # largest relative excess demand
    log_prices: FloatArray  # [2, sector, region] log f and log P: a start for a neighbouring economy


def trade_weight(trade_cost: FloatArray, elasticity: FloatArray) -> FloatArray:
    """``tau^-theta [sector, origin, destination]``; ``inf`` means no trade. Costs may be ``[origin, destination]``."""
    cost = np.broadcast_to(trade_cost, (elasticity.size, *np.shape(trade_cost)[-2:]))
    return np.asarray(cost ** -elasticity[:, None, None])


def solve_economy(
    economy: Economy, *, start: FloatArray | None = None, tolerance: float = 1e-8, max_sweeps: int = 200
) -> Equilibrium:
    """Prices that clear all markets.

    Args:
        economy: technology, costs, factors, spending.
        start: log f and log P ``[2, sector, region]``, such as ``log_prices`` of a neighbouring equilibrium.
        tolerance: largest relative excess demand that is accepted.
        max_sweeps: accelerated sweeps allowed before implicit steps are tried.

    Raises:
        InputError: arrays that do not fit, or spending that can never add up to income.
        EquilibriumError: no equilibrium exists (found before solving), or none was found; names city and sector.
    """
    check_economy(economy)
    bought = purchases_possible(economy)
    check_feasible(economy, bought, tolerance)
    tech = _technology(economy, bought)
    closure = _closure(economy)
    n, n_sectors = economy.n_regions, economy.n_sectors
    accounts = blank_accounts(n, 1)
    memory = kernels.new_memory(n_sectors, n, ACCELERATION_DEPTH)
    z = _start(economy, tech) if start is None else np.array(start, dtype=np.float64)
    outcome = kernels.solve(z, tech, closure, accounts, memory, tolerance, max_sweeps)
    sweeps = int(outcome[1])
    if not outcome[0]:
        z = _start(economy, tech)
        outcome = solve_implicitly(z, tech, closure, accounts, tolerance, IMPLICIT_STEPS)
        sweeps += int(outcome[1])
    if not outcome[0]:
        raise _not_found(economy, accounts, outcome, sweeps, tolerance)
    found = _equilibrium(economy, z, tech, closure, sweeps, float(outcome[2]))
    if (found.final_expenditure <= 0.0).any():  # prices clear the markets, but somebody would buy less than nothing
        raise _not_found(economy, accounts, outcome, sweeps, tolerance)
    return found


def check_economy(economy: Economy) -> None:
    """Shapes, signs and sums.

    Raises:
        InputError: naming the array.
    """
    n, n_sectors = economy.factor.shape
    spending = economy.spending
    shapes = {
        "elasticity": (n_sectors,), "value_added_share": (n_sectors,), "input_share": (n_sectors, n_sectors),
        "trade_weight": (n_sectors, n, n), "factor": (n, n_sectors), "productivity": (n, n_sectors),
        "mix": (3, n_sectors), "use_share": (3, n),
    }  # fmt: skip
    arrays = {name: getattr(economy, name) for name in shapes}
    arrays |= {"multiple": spending.multiple, "constant": spending.constant}
    shapes |= {"multiple": (n,), "constant": (n,)}
    for name, array in arrays.items():
        if np.shape(array) != shapes[name]:
            raise InputError(f"has shape {np.shape(array)}", key=name, allowed=str(shapes[name]))
        if not np.isfinite(array).all() or (name != "constant" and np.min(array) < 0.0):
            raise InputError("must be finite and not negative", key=name)
    if not economy.elasticity.min() > 0.0 or not economy.value_added_share.min() > 0.0:
        raise InputError("must be above 0", key="elasticity or value_added_share")
    if not (economy.productivity[economy.factor > 0.0] > 0.0).all():
        raise InputError("must be above 0 where there is a factor", key="productivity")
    sums = {
        "value_added_share + input_share": economy.value_added_share + economy.input_share.sum(axis=0),
        "mix": economy.mix.sum(axis=1),
        "use_share": economy.use_share.sum(axis=0),
    }
    for name, total in sums.items():
        if np.abs(total - 1.0).max() > SHARE_PRECISION:
            raise InputError(f"sums to {total[np.abs(total - 1.0).argmax()]:.9g}", key=name, allowed="1")
    _check_spending(spending)


def _check_spending(spending: Spending) -> None:
    if not spending.numeraire > 0.0:
        raise InputError("must be above 0", key="numeraire")
    if spending.rescale:
        return
    world = spending.numeraire
    if np.ptp(spending.multiple) > SHARE_PRECISION:
        message = "spending that differs in its multiple of income has to be scaled to world income"
        raise InputError(message, key="multiple", allowed="equal values, or rescale=True")
    total = float(spending.multiple[0]) * world + float(spending.constant.sum())
    if abs(total / world - 1.0) > SHARE_PRECISION:
        message = f"the world would spend {total:.9g} out of {world:.9g}"
        raise InputError(message, key="constant", allowed="amounts that make world spending equal to world value added")


def purchases_possible(economy: Economy) -> BoolArray:
    """What a region buys ``[region, sector]``: for final use if it spends, as input of what it produces."""
    makes = economy.factor > 0.0
    earns = makes.any(axis=1) & (economy.spending.multiple > 0.0)
    spends = earns | (economy.spending.constant > 0.0)
    final = (economy.use_share.T @ economy.mix > 0.0) & spends[:, None]
    intermediate = makes.astype(np.float64) @ (economy.input_share.T > 0.0) > 0.0
    return np.asarray(final | intermediate)


def check_feasible(economy: Economy, bought: BoolArray, tolerance: float) -> None:
    """What can be known to have no equilibrium before solving.

    Raises:
        EquilibriumError: naming the region and sector where it fails.
    """

    def refuse(region: int, sector: str, reason: str) -> EquilibriumError:
        return EquilibriumError(
            city=economy.region(region), sector=sector, residual=np.inf, sweeps=0, tolerance=tolerance, reason=reason
        )

    makes = economy.factor > 0.0
    spending = economy.spending
    most = spending.multiple * np.where(makes.any(axis=1), spending.numeraire, 0.0) + spending.constant
    if (most <= 0.0).any():
        raise refuse(int(most.argmin()), "all", "a region could never spend anything")
    for s in np.flatnonzero(bought.any(axis=0) & ~makes.any(axis=0)):
        raise refuse(int(bought[:, s].argmax()), economy.sector(int(s)), "nobody produces what is bought")
    offered = (economy.trade_weight > 0.0) & makes.T[:, :, None]
    unserved = bought.T & ~offered.any(axis=1)
    for s, j in np.argwhere(unserved):
        raise refuse(int(j), economy.sector(s), "no producer can reach the buyer")
    sold = (offered & bought.T[:, None, :]).any(axis=2)
    for s, i in np.argwhere(makes.T & ~sold):
        raise refuse(int(i), economy.sector(s), "no buyer can be reached by the producer")
    linked = csr_array((offered & bought.T[:, None, :]).any(axis=0).astype(np.float64))
    count, block = connected_components(linked, directed=False)
    gap = np.bincount(block, weights=_fixed_deficit(economy), minlength=count)
    if count > 1 and np.abs(gap).max() > SHARE_PRECISION * spending.numeraire:
        members = np.flatnonzero(block == np.abs(gap).argmax())
        worst = int(members[np.abs(spending.constant[members]).argmax()])
        raise refuse(worst, "all", "a region spends more or less than it earns but does not trade")


def _fixed_deficit(economy: Economy) -> FloatArray:
    """Deficits ``[region]`` that need trade between blocks; only amounts given beforehand can be judged."""
    spending = economy.spending
    fixed = not spending.rescale and np.allclose(spending.multiple, 1.0, rtol=0.0, atol=SHARE_PRECISION)
    return spending.constant if fixed else np.zeros_like(spending.constant)


def _technology(economy: Economy, bought: BoolArray) -> kernels.Technology:
    """Kernel arguments. What a region neither buys nor can buy gets a price that nothing depends on."""
    kappa = np.ascontiguousarray(economy.trade_weight.transpose(0, 2, 1))
    makes = economy.factor.T > 0.0
    unserved = ~((kappa > 0.0) & makes[:, None, :]).any(axis=2)
    kappa[unserved & ~bought.T] = 1.0
    log_a = np.log(np.where(makes, economy.productivity.T, 1.0))
    return kernels.Technology(
        kappa=kappa,
        theta=np.ascontiguousarray(economy.elasticity),
        b=np.ascontiguousarray(economy.value_added_share),
        g=np.ascontiguousarray(economy.input_share),
        factor=np.ascontiguousarray(economy.factor.T),
        log_a=np.ascontiguousarray(log_a),
        mix=np.ascontiguousarray(economy.mix),
    )


def _closure(economy: Economy) -> kernels.Closure:
    spending = economy.spending
    return linear_closure(
        spending.multiple, spending.constant, economy.use_share, spending.numeraire, economy.n_sectors,
        rescale=spending.rescale,
    )  # fmt: skip


def _start(economy: Economy, tech: kernels.Technology) -> FloatArray:
    """Factor prices equal over regions at the world's composition of output, and the price indices they imply."""
    world = economy.spending.numeraire
    final = (economy.use_share.mean(axis=1) @ economy.mix) * world
    output = np.linalg.solve(np.eye(economy.n_sectors) - economy.input_share, final)
    total = np.maximum(tech.factor.sum(axis=1), np.finfo(float).tiny)
    income = np.maximum(tech.b * output, SHARE_PRECISION * world)  # a sector nobody buys finally still has a price
    z = np.zeros((2, *tech.factor.shape))
    z[0] = np.log(income / total)[:, None]
    z[1] = implied_prices(z, tech)
    return z


def _not_found(
    economy: Economy, accounts: kernels.Accounts, outcome: tuple[bool, int, float, int], sweeps: int, tolerance: float
) -> EquilibriumError:
    sector, region = divmod(int(outcome[3]), economy.n_regions)
    name, reason = economy.sector(sector), "the market did not clear"
    final = accounts.consumption + accounts.investment + accounts.government
    if (final <= 0.0).any():
        region, name, reason = int(final.argmin()), "all", "a region would owe more than it earns"
    return EquilibriumError(
        city=economy.region(region), sector=name, residual=float(outcome[2]), sweeps=sweeps, tolerance=tolerance,
        reason=reason,
    )  # fmt: skip


def _equilibrium(
    economy: Economy, z: FloatArray, tech: kernels.Technology, closure: kernels.Closure, sweeps: int, residual: float
) -> Equilibrium:
    """Shares, spending and flows at final prices."""
    accounts = blank_accounts(economy.n_regions, 1)
    value_added = np.exp(z[0]) * tech.factor
    kernels.final_demand(value_added, closure, accounts)
    spent, u, phi, sales = (np.empty_like(value_added) for _ in range(4))
    kernels.spending(value_added, tech, accounts, spent)
    kernels.costs(z[0], z[1], tech, u)
    kernels.prices_and_sales(u, spent, tech, phi, sales)
    offered = economy.trade_weight * u[:, :, None]
    total = offered.sum(axis=1, keepdims=True)
    share = np.divide(offered, total, out=np.zeros_like(offered), where=total > 0.0)
    served = total[:, 0, :].T > 0.0
    return Equilibrium(
        factor_price=np.where(economy.factor > 0.0, np.exp(z[0].T), np.nan),
        price_index=np.where(served, np.exp(z[1].T), np.inf),
        value_added=np.ascontiguousarray(value_added.T),
        output=np.ascontiguousarray(sales.T),
        expenditure=np.ascontiguousarray(spent.T),
        final_expenditure=accounts.consumption + accounts.investment + accounts.government,
        trade_share=share,
        flows=share * spent[:, None, :],
        converged=True,
        sweeps=sweeps,
        residual=residual,
        log_prices=z,
    )


def split_region(economy: Economy, region: int, parts: FloatArray) -> Economy:
    """The same economy with one region cut into parts that trade as it does with itself; parts sum to one.

    ``F_p = w_p F``, ``A_p = A w_p^(1/(theta b))``, all costs within and between parts the region's own: sums and prices
    stay (MODEL.md section 3). New regions stand at the end; the region itself becomes the first part.
    """
    keep = np.append(np.arange(economy.n_regions), np.full(parts.size - 1, region))
    members = np.append(region, np.arange(economy.n_regions, keep.size))
    weight = np.ones(keep.size)
    weight[members] = parts
    power = 1.0 / (economy.elasticity * economy.value_added_share)
    names = tuple(economy.region(int(i)) for i in keep[: economy.n_regions])
    names += tuple(f"{economy.region(region)}, part {k + 2}" for k in range(parts.size - 1))
    return replace(
        economy,
        trade_weight=economy.trade_weight[:, keep][:, :, keep],
        factor=economy.factor[keep] * weight[:, None],
        productivity=economy.productivity[keep] * weight[:, None] ** power,
        use_share=economy.use_share[:, keep],
        spending=replace(
            economy.spending,
            multiple=economy.spending.multiple[keep],
            constant=economy.spending.constant[keep] * weight,
        ),
        region_names=names,
    )
