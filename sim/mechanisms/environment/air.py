"""Air: what sectors emit, how it travels between cities, what cleaning it costs (MODEL.md 10).

Emissions ``E_is = e_is V_is (1 - a_is)``: V the volume of value added at base-year prices, e tonnes per unit before
abatement, a the share abated. Intensity e falls in the country as a whole by ``exp(-(d t + D (1 - 2^(-t / h))))`` after
t years (a steady decline d, and a drop D that is half over after h years), and plants that move bring theirs along:
``e_ds = ((K_ds - arriving) e_ds + sum_o moved_ods e'_os) / K_ds``. Where entry standards are enforced for a share x of
what arrives, ``e' = (1 - x) e_os + x min(e_os, standard e_ds)``.

Concentration ``PM_i = b_i + sum_j D_ij E_j``, in cities only. ``D_ij = v_i exp(-d_ij / range) (1 + tilt cos(angle
between the way from j to i and the prevailing wind))``, with d_ii the mean distance within a circle of the city's area.
How well a city is ventilated, v_i, makes the background b_i the given share of its PM of the base year, so that the
observed means and the share from outside hold in every city; v_i also takes up what intensities by sector and province
do not know of it. The background falls as intensity does, with rates of its own.

Abatement costs ``g_s a^2 / 2`` per tonne emitted before it, marginal cost g_s a: costs rise with what is done already,
as in every published curve. Firms bear it as a loss of productivity in the year after, so that no payment is needed.
Rights to emit (:mod:`sim.mechanisms.environment.markets`) start from the same curves, in cities without other cuts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.errors import InputError
from sim.core.levers import RIGHTS, Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear, factor_bundle
from sim.mechanisms.environment.markets import EVERYTHING, Markets

if TYPE_CHECKING:
    from sim.datasets.world import World

MEAN_RADIUS = 2.0 / 3.0  # source: geometry, mean distance of the points of a disc from its centre over its radius
EMISSION = RIGHTS.index("emission")
TEN_THOUSAND = 1e-4  # unit: 10,000 t per t; yuan per 10,000 yuan is its inverse
COST_UNIT = 1e-4  # unit: 10,000 yuan per tonne times tonnes per 100 million yuan, as a share


class Fall(NamedTuple):
    """How intensity or background falls by itself."""

    decline: float  # 1/year [emission_decline, background_decline]
    drop: float  # log points [emission_drop, background_drop]
    half_life: float  # years [air_drop_half_life]

    def after(self, years: float) -> float:
        """What is left of it after some years, 1 at first."""
        return float(np.exp(-self.decline * years - self.drop * (1.0 - 0.5 ** (years / self.half_life))))


@dataclass(frozen=True, eq=False)
class Airshed:
    """The air over the cities in the base year; cities are the receptors and sources, ``N`` of them."""

    intensity: FloatArray  # [city, sector] t per 100 million yuan of value added [emission_intensity, _relative]
    emission: FloatArray  # [city, sector] t a year
    matrix: FloatArray  # D [receptor, source] ug/m3 per t
    background: FloatArray  # [city] ug/m3
    cost: FloatArray  # g [sector] 10,000 yuan per t [abatement_cost]
    people: FloatArray  # [city] 10,000 persons
    falls: tuple[Fall, Fall]  # of intensity, of background

    @classmethod
    def of(cls, world: World) -> Airshed:
        """The airshed of a data set; all PM2.5 is zero where its region_values.csv has none.

        Raises:
            InputError: an emission intensity is negative, or a city has no PM2.5 while others do.
        """
        return _airshed(world)

    @property
    def harm(self) -> FloatArray:
        """PM2.5 times people, all cities, per tonne emitted in a city ``[city]``."""
        return np.asarray(self.people @ self.matrix)

    @property
    def own_harm(self) -> FloatArray:
        """The part of it that stays with the city's own people ``[city]``."""
        return np.asarray(self.people * self.matrix.diagonal())


@lru_cache(maxsize=4)  # unit: worlds; policies ask every year, and a study runs few worlds at a time
def _airshed(world: World) -> Airshed:
    p, n = world.parameters, world.n_cities
    sector, place = p.by_sector("emission_intensity"), p.by_province("emission_relative")[world.province_of[:n]]
    for key, values in (("emission_intensity", sector), ("emission_relative", place)):
        if values.min() < 0.0:
            raise InputError("emissions cannot be negative", file="parameters.csv", key=key, allowed="0 or more")
    observed, known = world.pm25[:n], world.pm25[:n] > 0.0
    if known.any() and not known.all():
        city = world.region_ids[int(np.flatnonzero(~known)[0])]
        raise InputError(f"no pm25 above 0 for {city}", file="region_values.csv", allowed="all cities or none")
    intensity = place[:, None] * sector
    emission = intensity * world.value_added[:n]
    outside = p.value("air_outside_share")
    reach = kernel(world.city_distance_km, world.area_km2[:n], bearing(world), range_km=p.value("air_range"),
                   tilt=p.value("air_wind_tilt"), wind=p.value("air_wind_direction"))  # fmt: skip
    matrix, background = calibrated(reach, emission.sum(axis=1), observed, outside)
    half_life = p.value("air_drop_half_life")
    falls = [Fall(p.value(f"{key}_decline"), p.value(f"{key}_drop"), half_life) for key in ("emission", "background")]
    return Airshed(
        intensity=intensity,
        emission=emission,
        matrix=matrix,
        background=background,
        cost=p.by_sector("abatement_cost"),
        people=world.resident_population[:n],
        falls=(falls[0], falls[1]),
    )


def calibrated(
    reach: FloatArray, emission: FloatArray, observed: FloatArray, outside: float
) -> tuple[FloatArray, FloatArray]:
    """Source-receptor matrix ``[receptor, source]`` and background ``[receptor]`` that hold the observed means.

    Args:
        reach: :func:`kernel`.
        emission: t a year ``[source]``.
        observed: PM2.5 ``[receptor]``.
        outside: share of it that is background, in every city.
    """
    load = reach @ emission
    matrix = np.divide((1.0 - outside) * observed, load, out=np.zeros_like(load), where=load > 0.0)[:, None] * reach
    return matrix, observed - matrix @ emission


def bearing(world: World) -> FloatArray:
    """Direction in which a source lies as seen from the receptor, degrees from north, clockwise [receptor, source]."""
    n = world.n_cities
    lon, lat = (np.radians(world.regions[axis].to_numpy(dtype=np.float64)[:n]) for axis in ("lon", "lat"))
    east = (lon[None, :] - lon[:, None]) * np.cos(lat.mean())
    return np.asarray(np.degrees(np.arctan2(east, lat[None, :] - lat[:, None])))


def kernel(
    distance: FloatArray, area: FloatArray, source_bearing: FloatArray, *, range_km: float, tilt: float, wind: float
) -> FloatArray:
    """``exp(-d / range) (1 + tilt cos(bearing - wind))`` ``[receptor, source]``, without tilt at home.

    Args:
        distance: km between cities ``[receptor, source]``.
        area: km2 of the cities; at home d is the mean distance from the centre of a circle of that area.
        source_bearing: degrees, where the source lies as seen from the receptor.
        range_km: distance over which what arrives falls by a factor e.
        tilt: how much more arrives along the prevailing wind than across it.
        wind: degrees from north, clockwise, from where the prevailing wind comes.
    """
    home = np.diag(MEAN_RADIUS * np.sqrt(area / np.pi))
    away = 1.0 - np.eye(area.size)
    return np.asarray(np.exp(-(distance * away + home) / range_km)
                      * (1.0 + tilt * away * np.cos(np.radians(source_bearing - wind))))  # fmt: skip


def cost_share(cost: FloatArray, intensity: FloatArray, abated: FloatArray) -> FloatArray:
    """Cost of abatement over value added ``[city, sector]``: ``g_s a^2 / 2`` per tonne before it, e tonnes per unit."""
    return COST_UNIT / 2.0 * cost * abated**2 * intensity


def abatement_within(budget: float, cost: FloatArray, pull: FloatArray, most: float) -> FloatArray:
    """``a = min(k pull, most)`` with k such that ``sum cost a^2`` is the budget, or all there is to spend on.

    In closed form once it is known who is at the most; who gets there only rises with k.

    Args:
        budget: twice what may be spent, as the curve costs ``cost a^2 / 2``.
        cost: slope of marginal cost times emissions ``[city, sector]``.
        pull: harm over slope of marginal cost ``[city, sector]``, in any unit.
        most: share that nobody exceeds.
    """
    full = np.zeros(pull.shape, dtype=bool)
    while True:
        free = float((cost * pull**2)[~full].sum())
        spare = max(budget - most**2 * float(cost[full].sum()), 0.0)
        share = pull * np.sqrt(spare / free) if free > 0.0 else np.zeros_like(pull)
        beyond = ~full & (share > most)
        if not beyond.any():
            return np.where(full, most, share)
        full |= beyond


class Air:
    """Intensities, emissions, concentrations and the cost of abatement, year by year."""

    reads: tuple[str, ...] = (
        *Markets.reads,
        *("volume_memory", "capital", "relocated_capital", "emission_intensity", "entry_cost"),
    )
    writes: tuple[str, ...] = (*Markets.writes, "emission_intensity", "entry_cost", "emission", "cleaning_loss", "pm25")

    def __init__(self, base: BaseYear, markets: Markets) -> None:
        self.base, self.markets = base, markets
        self.shed = Airshed.of(base.world)
        n = base.world.n_cities
        bundle = factor_bundle(base.state, base)[:n] * base.state.effective_productivity[:n]
        self._made = bundle > 0.0
        self._unit = np.divide(base.world.value_added[:n], bundle, out=np.zeros_like(bundle), where=self._made)
        self._mobile = np.flatnonzero(base.world.sector_is_mobile)

    def update(self, state: State, levers: Levers) -> None:
        """This year's air, from the volumes that the market has found."""
        shed, n, roc = self.shed, self.base.world.n_cities, self.base.world.roc
        years = state.year - self.base.world.base_year
        for column in (state.emission_intensity, state.entry_cost, state.emission, state.cleaning_loss, state.pm25):
            column[n:] = 0.0
        if years == 0:
            state.emission_intensity[:n], state.entry_cost[:n] = shed.intensity, 0.0
        else:
            self._carry(state, levers)
            fall = shed.falls[0]
            state.emission_intensity[:n] *= fall.after(years) / fall.after(years - 1)
        intensity = state.emission_intensity[:n]
        emission = intensity * self._unit * np.where(self._made, np.exp(state.volume_memory[:n]), 0.0)
        left = self._left(emission, levers)
        state.emission[:n] = emission * left * self._kept(emission, state, levers)
        state.cleaning_loss[:n] = cost_share(shed.cost, intensity, 1.0 - left) + state.entry_cost[:n]
        background = shed.falls[1].after(years)
        state.pm25[:n] = shed.background * background + shed.matrix @ state.emission[:n].sum(axis=1)
        state.pm25[roc] = self.base.world.pm25[roc] * background

    def _left(self, emission: FloatArray, levers: Levers) -> FloatArray:
        """Share of emissions that is not abated ``[city, sector]``; a cap cuts all sectors of a city alike."""
        n = emission.shape[0]
        left = 1.0 - levers.abatement[:n]
        if np.isfinite(levers.emission_cap[:n]).any():
            total = (emission * left).sum(axis=1)
            most = levers.emission_cap[:n] * self.shed.emission.sum(axis=1)
            left = left * np.divide(most, total, out=np.ones(n), where=total > most)[:, None]
        return np.asarray(left)

    def _kept(self, emission: FloatArray, state: State, levers: Levers) -> FloatArray:
        """Share of emissions that is kept where rights to emit are capped ``[city, sector]``.

        Raises:
            InputError: a city's emissions are capped by rights and by a standard or a cap of its own besides; marginal
                costs would not be the price then.
        """
        n = emission.shape[0]
        capped = levers.right_market[EMISSION, :n] >= 0.0
        if not capped.any():
            return EVERYTHING
        twice = capped & (levers.abatement[:n].any(axis=1) | np.isfinite(levers.emission_cap[:n]))
        if twice.any():
            city = self.base.world.region_ids[int(twice.argmax())]
            raise InputError(
                f"emissions of {city} are cut by rights to emit and by another policy", key="policies",
                allowed="rights to emit, or standards and caps (blue_sky), for one city",
            )  # fmt: skip
        use, first = TEN_THOUSAND * emission, TEN_THOUSAND * self.shed.emission
        return self.markets.kept(EMISSION, use, first, self.shed.cost / TEN_THOUSAND, state, levers)

    def _carry(self, state: State, levers: Levers) -> None:
        """Plants that moved last year bring their intensity, or what the host's standard leaves of it, at a cost."""
        n = self.base.world.n_cities
        enforced, standard = levers.entry_enforcement[:n], levers.entry_standard[:n]
        intensity, entry = state.emission_intensity[:n], state.entry_cost[:n]
        moved = state.relocated_capital[self._mobile, :n, :n]  # [mobile sector, origin, destination]
        own, capital = intensity[:, self._mobile].T, state.capital[:n, self._mobile].T
        brought, paid = np.matmul(own[:, None, :], moved)[:, 0], np.zeros_like(own)
        if enforced.any():
            dirty = own[:, :, None]
            cut = np.maximum(dirty - standard * own[:, None, :], 0.0)
            brought = brought - (moved * cut).sum(axis=1) * enforced
            share = np.divide(cut, dirty, out=np.zeros_like(cut), where=dirty > 0.0)
            paid = (moved * cost_share(self.shed.cost[self._mobile, None, None], dirty, share)).sum(axis=1) * enforced
        per = np.divide(1.0, capital, out=np.zeros_like(capital), where=capital > 0.0)
        stays = 1.0 - moved.sum(axis=1) * per
        intensity[:, self._mobile] = (stays * own + per * brought).T
        entry[:, self._mobile] = (stays * entry[:, self._mobile].T + per * paid).T
