"""The market written the plain Mesa way: agents that hold lists and loop over partners and sectors, no arrays.

The equations of sim/mechanisms/market/kernels.py, sweep by sweep, with the same acceleration: how one would first write
the model, and what the compiled market step is compared with.
"""

from __future__ import annotations

import math

import mesa
import numpy as np

from benchmarks.timing import Row, alternate, median
from benchmarks.year import Problem, kernel_solve, one_sweep, prepared, sweeps_in_numba
from sim.mechanisms.market.kernels import CORRELATION_RIDGE

SWEEP_AGREES = 1e-12
PRICES_AGREE = 1e-10
SWEEPS_TIMED = 100


class PlainGovernment:
    """A province's budget."""

    def __init__(self, model: PlainMarket, index: int) -> None:
        closure = model.closure
        self.model = model
        self.revenue = 0.0
        self.transfer, self.interest = closure["p_transfer"][index], closure["p_interest"][index]
        self.borrowed = closure["p_debt"][index] + closure["p_fund"][index]

    @property
    def budget(self) -> float:
        """What it can spend."""
        return self.revenue + (self.transfer + self.borrowed) * self.model.national_value_added


class CityAgent(mesa.Agent):
    """A region with its producers, households and government."""

    def __init__(self, model: PlainMarket, index: int, problem: Problem) -> None:
        super().__init__(model)
        self.index = index
        tech, closure = problem.tech, problem.closure
        self.factor = tech.factor[:, index].tolist()
        self.log_a = tech.log_a[:, index].tolist()
        self.log_f = problem.z[0, :, index].tolist()
        self.log_p = problem.z[1, :, index].tolist()
        self.supplier_weight = [row.tolist() for row in tech.kappa[:, index, :]]  # [sector][origin]
        self.claims = [row.tolist() for row in closure.claim[:, index, :]]  # [sector][host] owned by residents
        self.claimed = closure.claim_out[:, index].tolist()
        self.province = int(closure.province[index])
        self.is_domestic = index < closure.n_domestic
        self.use_share = closure.use_share[:, index].tolist()
        for name in model.regional:
            setattr(self, name, model.closure[name][index])
        self.sales = [0.0] * model.n_sectors

    def earn(self) -> None:
        """Value added, incomes and taxes of the sectors here."""
        closure = self.model.closure
        self.value_added = [math.exp(x) * f for x, f in zip(self.log_f, self.factor, strict=True)]
        self.gdp = sum(self.value_added)
        self.wages = self.profits = self.local_tax = self.central_tax = self.profit_paid = 0.0
        for s, v in enumerate(self.value_added):
            self.wages += closure["net_wage"][s] * v
            self.profits += closure["net_capital"][s] * v
            self.local_tax += closure["local_rate"][s] * v
            self.central_tax += closure["central_rate"][s] * v
            self.profit_paid += closure["profit"][s] * self.claimed[s] * v

    def collect_profits(self) -> None:
        """Profits of plants that stand elsewhere."""
        model = self.model
        self.profit_received = 0.0
        for s in range(model.n_sectors):
            share = model.closure["profit"][s]
            if share != 0.0:
                for host in model.cities:
                    self.profit_received += share * self.claims[s][host.index] * host.value_added[s]

    def levy(self) -> None:
        """Own revenue of the city; the province takes its part."""
        model = self.model
        self.own_revenue = (1.0 - self.cut) * self.local_tax + self.other_rate * self.gdp
        model.provinces[self.province].revenue += self.cut * self.local_tax + self.province_levy * self.gdp
        self.land_revenue = self.land * self.own_revenue
        self.budget = self.own_revenue + (self.transfer + self.debt + self.fund) * model.national_value_added

    def receive(self) -> None:
        """Disposable income, saving, and what governments spend here."""
        model, closure = self.model, self.model.closure
        nv, province = model.national_value_added, model.provinces[self.province]
        province_budget = self.in_province * province.budget
        budget = self.budget + province_budget
        cash = closure["cash"] * budget
        service = 1.0 - closure["infrastructure"] - closure["cash"]
        outside = closure["land_infrastructure"]
        self.public_investment = closure["infrastructure"] * budget + outside * self.land_revenue
        self.government = (
            service * budget
            + (1.0 - outside) * self.land_revenue
            - (self.subsidy + self.contract + self.interest + self.in_province * province.interest) * nv
            + self.in_nation * model.central_service
        )
        self.income = (
            self.wages + self.profits - self.profit_paid + self.profit_received
            - (self.other_rate + self.province_levy) * self.gdp - self.land_revenue + cash
            + self.pool * model.interest + (self.subsidy + self.position) * nv
        )  # fmt: skip
        self.saving = closure["saving"] * self.income

    def spend(self) -> None:
        """Final use and intermediate inputs by sector."""
        model = self.model
        if self.is_domestic:
            investment = self.phi * model.saving_pool + self.public_investment
            uses = (self.income - self.saving, investment, self.government)
        else:
            amount = self.gdp + model.closure["current_account"] * model.national_value_added
            uses = tuple(amount * share for share in self.use_share)
        self.spending = []
        for s in range(model.n_sectors):
            amount = sum(use * mix[s] for use, mix in zip(uses, model.mix, strict=True))
            for k, v in enumerate(self.value_added):
                amount += model.input_share[s][k] / model.b[k] * v
            self.spending.append(amount)

    def price(self) -> None:
        """Unit cost to the power -theta by sector."""
        model = self.model
        self.offer = []
        for s in range(model.n_sectors):
            if self.factor[s] <= 0.0:
                self.offer.append(0.0)
                continue
            log_cost = model.b[s] * (self.log_f[s] - self.log_a[s])
            for k in range(model.n_sectors):
                log_cost += model.input_share[k][s] * self.log_p[k]
            self.offer.append(math.exp(-model.theta[s] * log_cost))
        self.sales = [0.0] * model.n_sectors

    def buy(self) -> None:
        """Spread spending over the suppliers."""
        self.phi_sum = []
        for s in range(self.model.n_sectors):
            weights = self.supplier_weight[s]
            offers = [weights[seller.index] * seller.offer[s] for seller in self.model.cities]
            total = sum(offers)
            for seller, offer in zip(self.model.cities, offers, strict=True):
                seller.sales[s] += offer / total * self.spending[s]
            self.phi_sum.append(total)

    def judge(self) -> None:
        """How far prices here would move."""
        model = self.model
        self.gap_f, self.gap_p, self.worst = [], [], 0.0
        for s in range(model.n_sectors):
            b, theta = model.b[s], model.theta[s]
            ratio = b * self.sales[s] / self.value_added[s] if self.factor[s] > 0.0 else 1.0
            self.worst = max(self.worst, abs(ratio - 1.0))
            self.gap_f.append(math.log(ratio) / (1.0 + theta * b))
            self.gap_p.append(-math.log(self.phi_sum[s]) / theta - self.log_p[s])


class PlainMarket(mesa.Model):
    """All regions and one market; ``step`` clears it."""

    regional = (
        *("cut", "other_rate", "province_levy", "land", "transfer", "debt", "fund", "interest", "subsidy", "contract"),
        *("in_province", "in_nation", "pool", "position", "phi"),
    )

    def __init__(self, problem: Problem) -> None:
        super().__init__(rng=1)
        tech, closure = problem.tech, problem.closure
        self.closure = {
            name: value.tolist() if hasattr(value, "tolist") else value
            for name, value in zip(closure._fields, closure, strict=True)
            if name not in ("claim", "claim_out", "use_share")
        }
        self.theta, self.b = tech.theta.tolist(), tech.b.tolist()
        self.input_share, self.mix = tech.g.tolist(), tech.mix.tolist()
        self.n_sectors = len(self.b)
        self.tolerance, self.max_sweeps = problem.tolerance, problem.max_sweeps
        self.provinces = [PlainGovernment(self, q) for q in range(problem.accounts.p_revenue.shape[0])]
        self.cities = [CityAgent(self, i, problem) for i in range(tech.factor.shape[1])]
        self.depth = problem.memory.step.shape[0]
        stored = int(problem.memory.stored[0])
        order = [(int(problem.memory.stored[1]) - stored + k) % self.depth for k in range(stored)]
        self.moves = [problem.memory.step[k].tolist() for k in order]
        self.changes = [problem.memory.residual[k].tolist() for k in order]
        self.products = [[_dot(a, b) for b in self.changes[: i + 1]] for i, a in enumerate(self.changes)]
        self.sweeps = 0

    def sweep(self) -> None:
        """Everybody earns, spends, prices, buys; then prices are judged."""
        domestic = [city for city in self.cities if city.is_domestic]
        for city in self.cities:
            city.earn()
        for city in self.cities:
            city.collect_profits()
        self.national_value_added = nv = sum(city.gdp for city in domestic)
        for province in self.provinces:
            province.revenue = 0.0
        for city in domestic:
            city.levy()
        governments = [*domestic, *self.provinces]
        self.interest = sum(government.interest for government in governments) * nv
        transfers = sum(government.transfer for government in governments) * nv
        self.central_service = sum(city.central_tax for city in domestic) - transfers
        for city in domestic:
            city.receive()
        borrowed = sum(city.debt + city.fund for city in domestic) + sum(p.borrowed for p in self.provinces)
        self.saving_pool = sum(city.saving for city in domestic) - (borrowed + self.closure["current_account"]) * nv
        for city in self.cities:
            city.spend()
            city.price()
        for city in self.cities:
            city.buy()
        for city in self.cities:
            city.judge()
        self.sweeps += 1

    def step(self) -> None:
        """Clear the market by accelerated sweeps (see the kernel's ``solve``)."""
        last_point = last_gap = None
        for _ in range(self.max_sweeps):
            self.sweep()
            gap = self._read("gap_f") + self._read("gap_p")
            point = self._read("log_f") + self._read("log_p")
            half = len(gap) // 2
            if max(max(city.worst for city in self.cities), *map(abs, gap[half:])) <= self.tolerance:
                moved = point[:half] + [a + b for a, b in zip(point[half:], gap[half:], strict=True)]
                self._write(moved)
                self._normalise()
                return
            if last_gap is not None:
                self._remember(point, last_point, gap, last_gap)
            last_point, last_gap = point, gap
            moved = [a + b for a, b in zip(point, gap, strict=True)]
            for weight, step in zip(self._mixing_weights(gap), self.moves, strict=True):
                moved = [a - weight * b for a, b in zip(moved, step, strict=True)]
            self._write(moved)
        raise RuntimeError("no equilibrium")

    def _read(self, name: str) -> list[float]:
        return [getattr(city, name)[s] for s in range(self.n_sectors) for city in self.cities]

    def _write(self, point: list[float]) -> None:
        n, half = len(self.cities), len(point) // 2
        for i, city in enumerate(self.cities):
            city.log_f, city.log_p = point[i:half:n], point[half + i :: n]

    def _normalise(self) -> None:
        total = 0.0
        for city in self.cities:
            if city.is_domestic:
                total += sum(math.exp(x) * f for x, f in zip(city.log_f, city.factor, strict=True))
        shift = math.log(total / self.closure["numeraire"])
        for city in self.cities:
            city.log_f = [x - shift for x in city.log_f]
            city.log_p = [x - shift for x in city.log_p]

    def _remember(self, point: list[float], last_point: list[float], gap: list[float], last_gap: list[float]) -> None:
        change = [a - b for a, b in zip(gap, last_gap, strict=True)]
        self.moves.append([a - b + c for a, b, c in zip(point, last_point, change, strict=True)])
        self.changes.append(change)
        self.products.append([_dot(change, other) for other in self.changes])
        if len(self.moves) > self.depth:
            del self.moves[0], self.changes[0], self.products[0]
            for row in self.products:
                del row[0]

    def _mixing_weights(self, gap: list[float]) -> list[float]:
        """Least squares of the gap on its stored changes (Cholesky of their correlations)."""
        m = len(self.changes)
        gram = self.products
        scale = [1.0 / math.sqrt(gram[i][i]) for i in range(m)]
        lower = [[0.0] * m for _ in range(m)]
        rhs = [scale[i] * _dot(self.changes[i], gap) for i in range(m)]
        for i in range(m):
            for j in range(i + 1):
                value = gram[i][j] * scale[i] * scale[j] - _dot(lower[i][:j], lower[j][:j])
                lower[i][j] = math.sqrt(value + CORRELATION_RIDGE) if i == j else value / lower[j][j]
            rhs[i] = (rhs[i] - _dot(lower[i][:i], rhs[:i])) / lower[i][i]
        for i in reversed(range(m)):
            rhs[i] = (rhs[i] - sum(lower[k][i] * rhs[k] for k in range(i + 1, m))) / lower[i][i]
        return [w * x for w, x in zip(scale, rhs, strict=True)]


def _dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def against_plain_mesa(problem: Problem, repeats: int) -> list[Row]:
    """Compiled market against plain agents, one sweep and one year; raises if they disagree."""
    _check_sweep(problem)
    z, tech, closure, accounts, *_ = problem.again()
    work, r = np.empty((5, *tech.factor.shape)), np.empty_like(z)
    market = PlainMarket(problem)
    plain, compiled = alternate(
        repeats,
        lambda: market.sweep,
        lambda: lambda: sweeps_in_numba(SWEEPS_TIMED, z, tech, closure, accounts, work, r),
    )
    per_sweep = median([a / b * SWEEPS_TIMED for a, b in zip(plain, compiled, strict=True)])
    markets: list[PlainMarket] = []

    def plain_year():
        markets.append(PlainMarket(problem))
        return markets[-1].step

    years, kernel = alternate(max(2, repeats // 3), plain_year, lambda: prepared(problem))
    gap = _price_gap(markets[-1], problem)
    return [
        Row("plain Mesa agents over kernel, one sweep", per_sweep, "x", 100.0, at_least=True,
            note=f"{median(plain) * 1e3:.1f} ms a sweep in plain Python; residuals agree to {SWEEP_AGREES:.0e}"),
        Row(f"the same, the market of {problem.year}", median([a / b for a, b in zip(years, kernel, strict=True)]), "x",
            100.0, at_least=True,
            note=f"{median(years):.2f} s, {markets[-1].sweeps} sweeps on both sides; prices agree to {gap:.0e}"),
    ]  # fmt: skip


def _check_sweep(problem: Problem) -> None:
    market = PlainMarket(problem)
    market.sweep()
    ours = market._read("gap_f") + market._read("gap_p")
    gap = max(abs(a - b) for a, b in zip(ours, one_sweep(problem).ravel().tolist(), strict=True))
    if not gap <= SWEEP_AGREES:
        raise AssertionError(f"a sweep of the plain agents differs by {gap:.1e}")


def _price_gap(market: PlainMarket, problem: Problem) -> float:
    arguments = problem.again()
    kernel_solve(*arguments)
    ours = market._read("log_f") + market._read("log_p")
    gap = max(abs(a - b) for a, b in zip(ours, arguments[0].ravel().tolist(), strict=True))
    if not gap <= PRICES_AGREE:
        raise AssertionError(f"the prices of the plain agents differ by {gap:.1e}")
    return gap
