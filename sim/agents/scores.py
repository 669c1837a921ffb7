"""What a government wants: the score of a year, and what it makes of a change (MODEL.md 6).

``U = w1 (g - mean g of peers) / .02 + w2 ln(real income / reference) / .02 + w3 (balance / revenue) / .10 + w4
compliance``: g is the growth of real GDP as the officials' assessment attributes it; peers are the other cities of the
province; the reference is the base year's real income grown at the nation's pace; the balance is what the budget
leaves for services above the base year's, grown with the nation and the residents. The region's result, all cities as
one, against the nation's growth and by mean tastes, counts with the weight that a policy gives it. Compliance is
``(1 - PM2.5 / standard) + (1 - water index)``, the index of the water that people live by over its standard; each is
left out where the data set has no PM2.5 or no rivers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.state import SCORE_TERMS, State
from sim.core.streams import stream

if TYPE_CHECKING:
    from sim.datasets.world import World

PEERS_ABROAD = 2  # unit: cities, the largest of every other province, that a city alone in its own compares with


@dataclass(frozen=True, eq=False)
class ScoreParams:
    """Parameters of the score, from parameters.csv (keys in brackets)."""

    concentration: FloatArray  # [term] of the Dirichlet distribution of tastes [score_weight_<term>]
    scale: FloatArray  # [term] change that counts as one point [score_scale_<term>]
    discount: float  # 1/year [government_discount_rate]
    inequality: float  # points per Theil point in the score of province and centre [inequality_aversion]
    inequality_scale: float  # [score_scale_inequality]
    air_standard: float  # ug/m3 [air_standard]

    @property
    def standard(self) -> FloatArray:
        """Mean tastes ``[term]``, which weigh the region's result."""
        return np.asarray(self.concentration / self.concentration.sum())

    @classmethod
    def read(cls, world: World) -> ScoreParams:
        """Take the parameters of this data set."""
        p = world.parameters
        return cls(
            concentration=np.array([p.value(f"score_weight_{term}") for term in SCORE_TERMS]),
            scale=np.array([p.value(f"score_scale_{term}") for term in SCORE_TERMS]),
            discount=p.value("government_discount_rate"),
            inequality=p.value("inequality_aversion"),
            inequality_scale=p.value("score_scale_inequality"),
            air_standard=p.value("air_standard"),
        )


def own_streams(world: World, seed: int, replicate: int) -> list[np.random.Generator]:
    """Every city's own random numbers: its tastes first, then what it draws year by year."""
    return [stream(seed, replicate, "governments", world.base_year, c) for c in world.region_ids[: world.n_cities]]


def tastes(params: ScoreParams, streams: Sequence[np.random.Generator]) -> FloatArray:
    """Weights of the score ``[city, term]``, drawn for each city from a Dirichlet distribution; rows sum to one."""
    return np.array([own.dirichlet(params.concentration) for own in streams])


def peer_weights(world: World) -> FloatArray:
    """Whom a city compares itself with ``[city, city]``, rows sum to one: the other cities of its province.

    A city that has its province for itself compares with the two largest of every other province; where there is no
    other city at all the row is zero.
    """
    n = world.n_cities
    province = world.province_of[:n]
    peers = (province[:, None] == province[None, :]).astype(np.float64)
    np.fill_diagonal(peers, 0.0)
    size = world.value_added[:n].sum(axis=1)
    for i in np.flatnonzero(peers.sum(axis=1) == 0.0):
        for q in np.unique(province[province != province[i]]):
            members = np.flatnonzero(province == q)
            peers[i, members[np.argsort(-size[members], kind="stable")[:PEERS_ABROAD]]] = 1.0
    return np.asarray(peers / np.maximum(peers.sum(axis=1, keepdims=True), 1.0))


def room(state: State) -> FloatArray:
    """What the budget has left for services and cash ``[region]``, after contracts, subsidies, interest and works."""
    return np.asarray(state.city_service + state.city_cash)


@dataclass(frozen=True, eq=False)
class Result:
    """What a government looks at, by city ``[..., city]``; leading axes are years."""

    attributed: FloatArray  # attributed real GDP
    real_income: FloatArray
    room: FloatArray  # real: over the price index
    revenue: FloatArray  # own revenue over the price index
    shared: FloatArray  # net receipts under contracts with other cities, over the price index
    people: FloatArray
    exposure: FloatArray  # people times PM2.5
    water: FloatArray  # people times the index of the water they live by

    @classmethod
    def of(cls, state: State, n: int) -> Result:
        """The year in the state."""
        share = state.attributed_gdp[:n] / state.gdp[:n]
        return cls(
            attributed=state.real_gdp[:n] * share,
            real_income=state.real_income[:n].copy(),
            room=room(state)[:n] / state.cpi[:n],
            revenue=state.own_revenue[:n] / state.cpi[:n],
            shared=state.shared_revenue[:n] / state.cpi[:n],
            people=state.resident_population[:n].copy(),
            exposure=state.resident_population[:n] * state.pm25[:n],
            water=state.resident_population[:n] * state.water_index[:n],
        )

    @classmethod
    def years(cls, results: list[Result]) -> Result:
        """Several years as one, years in front."""
        return cls(*(np.stack([getattr(r, name) for r in results]) for name in cls.__dataclass_fields__))

    def whole(self) -> Result:
        """All cities as one ``[..., 1]``."""
        return Result(*(getattr(self, name).sum(axis=-1, keepdims=True) for name in self.__dataclass_fields__))


def gain_terms(
    with_it: Result, without: Result, peers: FloatArray, params: ScoreParams, *, start: FloatArray
) -> FloatArray:
    """What a change adds to the terms of the score ``[city, term]``, mean of the years ahead, discounted.

    Args:
        with_it: results of the years ahead with the change ``[year, city]``.
        without: the same years without it.
        peers: :func:`peer_weights`; an empty matrix for the region as a whole.
        params: scales and discount rate.
        start: attributed real GDP ``[city]`` of the year from which both start.
    """
    years = with_it.real_income.shape[0]
    weight = (1.0 + params.discount) ** -np.arange(1, years + 1.0)
    weight /= weight.sum()
    growth = [np.diff(np.log(np.vstack([start[None], r.attributed])), axis=0) for r in (with_it, without)]
    faster = growth[0] - growth[1]
    if peers.size:
        faster = faster - faster @ peers.T
    income = np.log(with_it.real_income / without.real_income)
    balance = (with_it.room - without.room) / without.revenue
    cleaner = (without.exposure / without.people - with_it.exposure / with_it.people) / params.air_standard
    cleaner = cleaner + without.water / without.people - with_it.water / with_it.people
    terms = np.stack([weight @ faster, weight @ income, weight @ balance, weight @ cleaner], axis=1)
    return np.asarray(terms / params.scale)


def mixed(
    own: FloatArray, region: FloatArray, weights: FloatArray, regional_weight: FloatArray, standard: FloatArray
) -> FloatArray:
    """Score ``[city]``: its own terms by its tastes, and the region's result by the weight that an assessment gives it.

    Args:
        own: terms of every city ``[city, term]``.
        region: terms of all cities as one ``[1, term]``.
        weights: tastes ``[city, term]``.
        regional_weight: weight of the region's result ``[city]``.
        standard: weights of the terms ``[term]`` in the region's result, the same for all.
    """
    return np.asarray((1.0 - regional_weight) * (own * weights).sum(axis=1) + regional_weight * (region @ standard))


def theil(income: FloatArray, people: FloatArray) -> float:
    """Theil index of income per head, weighted by people."""
    per_head = income / people * (people.sum() / income.sum())
    return float((income / income.sum()) @ np.log(per_head))
