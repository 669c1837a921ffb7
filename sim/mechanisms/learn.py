"""The learn phase: next year's productivity, and what the nation will be worth (MODEL.md 1 and 9).

Effective productivity is the stock times levels relative to the base year, never accumulated into it:
``A^e = A (D_i/D_i0)^eps (L_is/L_is0)^kappa (C_i/C_i0)^-chi (G_i/G_i0)^psi exp(gain_is + k_is + r (1 - a_s) h_i)``
with D the density of activity (factors at base-year prices per area, Ciccone and Hall 1996), C the crowding of
capital on buildable land, G public capital per worker, gain what policies add less what abatement costs, k what
knowledge and digital use add (the knowledge phase), h the years of schooling that residents are ahead of their
province's trend: each makes labour better by the return r to a year of it (Mincer 1974); D, C and G are relative to
the same ratio of the nation. Schooling follows income per head and services, relative to the nation and the base
year, as one working age replaces the other. Deviations from the national trend follow
``x(t+1) = (1 - d) x + xi sum_j W_ij (1 + link_ji) max(0, x_js - x_is) + beta_i + shock``, where link is what a common
market for technology adds to the ways of knowledge, and beta_i catches up in base-year value added per worker with
the mean of the cities. The scalar g, added to every log A of the country, makes ``q = sum share (d ln F + d ln A^e)``
the given national growth in the reference run; other runs reuse it. The numeraire is
``N(t+1) = N exp(q) (1 + deflator)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numba import njit

from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear, factor_bundle

if TYPE_CHECKING:
    from sim.datasets.world import World

PERCENT = 100.0  # unit: the national path is in percent

Shock = Callable[[int], FloatArray]
"""Productivity shock of a year, log points ``[region, sector]``."""


@dataclass(frozen=True, eq=False)
class LearnParams:
    """Parameters of learning, from parameters.csv (keys in brackets)."""

    agglomeration: float  # eps [agglomeration_elasticity]
    own_sector: float  # kappa [own_sector_agglomeration]
    congestion: float  # chi [congestion_elasticity]
    public_capital: float  # psi [public_capital_elasticity]
    decay: float  # 1/year, d [deviation_decay]
    diffusion: float  # 1/year, xi [diffusion_rate]
    catch_up: float  # 1/year per log point [catch_up_rate]
    catch_up_half_life: float  # years [catch_up_half_life]
    catch_up_limit: float  # 1/year [catch_up_limit]
    schooling_return: float  # r, log points per year of schooling [schooling_return]
    schooling_slopes: tuple[float, float]  # years per log point of income, services [schooling_income, _services]
    schooling_turnover: float  # 1/year [schooling_turnover]

    @classmethod
    def read(cls, world: World) -> LearnParams:
        """Take the parameters of this data set."""
        p = world.parameters
        return cls(
            agglomeration=p.value("agglomeration_elasticity"),
            own_sector=p.value("own_sector_agglomeration"),
            congestion=p.value("congestion_elasticity"),
            public_capital=p.value("public_capital_elasticity"),
            decay=p.value("deviation_decay"),
            diffusion=p.value("diffusion_rate"),
            catch_up=p.value("catch_up_rate"),
            catch_up_half_life=p.value("catch_up_half_life"),
            catch_up_limit=p.value("catch_up_limit"),
            schooling_return=p.value("schooling_return"),
            schooling_slopes=(p.value("schooling_income"), p.value("schooling_services")),
            schooling_turnover=p.value("schooling_turnover"),
        )


def spillover_weights(world: World) -> FloatArray:
    """W ``[to, from]``: weights of cities on each other halving every so many km, rows sum to one, none with itself.

    Parts that are carved out of a city weigh together what it weighs, by value added.
    """
    weight = 0.5 ** (world.city_distance_km / world.parameters.value("spillover_half_distance"))
    home, size = world.home[: world.n_cities], world.value_added[: world.n_cities].sum(axis=1)
    weight *= size / np.bincount(home, size)[home]
    np.fill_diagonal(weight, 0.0)
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300))


def catch_up(per_worker: FloatArray, mean: float, rate: float, limit: float) -> FloatArray:
    """``beta_i = -rate (ln y_i - ln mean y)`` clipped at the limit ``[region]``."""
    return np.asarray(np.clip(-rate * np.log(per_worker / mean), -limit, limit))


@njit(cache=True, nogil=True, error_model="numpy")
def next_deviation(
    deviation: FloatArray, weights: FloatArray, drift: FloatArray, decay: float, diffusion: float
) -> FloatArray:
    """Deviations ``[city, sector]`` next year: decay, diffusion from those ahead (``weights [to, from]``), drift."""
    n, n_sectors = deviation.shape
    result = np.empty((n, n_sectors))
    for i in range(n):
        for s in range(n_sectors):
            result[i, s] = (1.0 - decay) * deviation[i, s] + drift[i]
        for j in range(n):
            pull = diffusion * weights[i, j]
            for s in range(n_sectors):
                ahead = deviation[j, s] - deviation[i, s]
                result[i, s] += pull * (ahead if ahead > 0.0 else 0.0)
    return result


class Learn:
    """Updates productivity; finds the national growth scalar unless a reference run's is given."""

    name: ClassVar[str] = "learn"
    reads: ClassVar[tuple[str, ...]] = (
        *("capital", "labour", "public_capital", "deviation", "productivity", "effective_productivity"),
        *("value_added", "volume_memory", "national", "abatement_loss", "cleaning_loss", "knowledge_level"),
        *("real_income", "resident_population", "service_quality", "schooling_lead", "first_income"),
    )
    writes: ClassVar[tuple[str, ...]] = (
        *("productivity", "effective_productivity", "deviation", "national", "schooling_lead", "first_income"),
    )

    def __init__(
        self, base: BaseYear, *, growth: Mapping[int, float] | None = None, shock: Shock | None = None
    ) -> None:
        world = base.world
        self.base = base
        self.params = LearnParams.read(world)
        self.growth = growth
        self.found: dict[int, float] = {}
        self.shock = shock
        self._weights = spillover_weights(world)
        self._log_base = np.log(base.state.productivity)
        n, row = world.n_cities, world.row
        self._price_base = np.exp(base.state.price_memory[0, 0].T[:row])
        self._levels_base = self._densities(base.state, factor_bundle(base.state, base)[:row])
        self._effects = np.array([self.params.agglomeration, -self.params.congestion, self.params.public_capital])
        per_worker = base.state.gdp[:row] / base.state.labour[:row].sum(axis=1)
        mean = base.state.gdp[:n].sum() / base.state.labour[:n].sum()
        self._beta = catch_up(per_worker, mean, self.params.catch_up, self.params.catch_up_limit)
        self._beta[n:] = 0.0  # the cities converge among themselves; the rest of the country is one place

    def update(self, state: State, levers: Levers) -> None:
        """Next year's productivity and numeraire."""
        row = self.base.world.row
        year = state.year + 1
        self._deviate(state, levers)
        bundle = factor_bundle(state, self.base)[:row]
        levels = self._levels(state, bundle) + levers.productivity_gain[:row] + state.knowledge_level[:row]
        levels -= state.abatement_loss[:row] + state.cleaning_loss[:row]
        self._school(state)
        quality = self.params.schooling_return * (1.0 - self.base.capital_share)
        levels += np.outer(state.schooling_lead[:row], quality)
        levels += self.params.congestion * np.log1p(levers.land_supply[:row, None])  # crowding is per land
        log_a = self._log_base[:row] + state.national[2] + state.deviation[:row]
        volume = np.log(np.where(bundle > 0.0, bundle, 1.0)) + log_a + levels
        share = state.value_added[:row] / state.value_added[:row].sum()
        growth = float((share * (volume - state.volume_memory[:row])).sum())
        world, last = self.base.world, self.base.world.last_year
        path = min(year, last)
        if self.growth is None:
            scalar = float(np.log1p(world.national_value("real_growth", path) / PERCENT) - growth)
            self.found[year] = scalar
        else:
            scalar = self.growth[year]
        log_a += scalar
        np.exp(log_a, out=state.productivity[:row])
        np.exp(log_a + levels, out=state.effective_productivity[:row])
        state.national[1] = growth + scalar
        state.national[2] += scalar
        state.national[0] *= np.exp(growth + scalar) * (1.0 + world.national_value("deflator", path) / PERCENT)
        state.national[5] *= 1.0 + world.national_value("world_growth", path) / PERCENT

    def _school(self, state: State) -> None:
        """Schooling beyond trend: a part of the working age is replaced by what income and services have made of it."""
        q, row = self.params, self.base.world.row
        income, people = state.real_income[:row], state.resident_population[:row]
        relative = np.log(income / people / (income.sum() / people.sum()))
        if state.year == self.base.world.base_year:
            state.first_income[:row] = relative
        by_income, by_services = q.schooling_slopes
        target = by_income * (relative - state.first_income[:row]) + by_services * np.log(state.service_quality[:row])
        state.schooling_lead[:row] += q.schooling_turnover * (target - state.schooling_lead[:row])

    def _deviate(self, state: State, levers: Levers) -> None:
        """Advance x for cities and the rest of the country, which only catches up."""
        q, n, row = self.params, self.base.world.n_cities, self.base.world.row
        elapsed = state.year - self.base.world.base_year
        drift = self._beta * 0.5 ** (elapsed / q.catch_up_half_life)
        weights = self._weights
        if levers.knowledge_link.any():
            weights = weights * (1.0 + levers.knowledge_link[:n, :n].T)
        state.deviation[:n] = next_deviation(state.deviation[:n], weights, drift[:n], q.decay, q.diffusion)
        state.deviation[n:row] = (1.0 - q.decay) * state.deviation[n:row] + drift[n:, None]
        if self.shock is not None:
            state.deviation[:row] += self.shock(state.year + 1)[:row]

    def _densities(self, state: State, bundle: FloatArray) -> FloatArray:
        """Activity, capital and public capital per worker, each ``[region]``, relative to the nation."""
        row = self.base.world.row
        workers = state.labour[:row].sum(axis=1)
        public = state.public_capital[:row]
        levels = np.array([(self._price_base * bundle).sum(axis=1), state.capital[:row].sum(axis=1), public / workers])
        national = levels.sum(axis=1)
        national[2] = public.sum() / workers.sum()
        return np.asarray(levels / national[:, None])

    def _levels(self, state: State, bundle: FloatArray) -> FloatArray:
        """Log level effects ``[region, sector]``, zero in the base year."""
        q, row = self.params, self.base.world.row
        levels = self._effects @ np.log(self._densities(state, bundle) / self._levels_base)
        result = np.repeat(levels[:, None], state.labour.shape[1], axis=1)
        if q.own_sector != 0.0:
            base = self.base.state.labour[:row]
            ratio = np.divide(state.labour[:row], base, out=np.ones_like(base), where=base > 0.0)
            result += q.own_sector * np.log(np.where(ratio > 0.0, ratio, 1.0))
        return result
