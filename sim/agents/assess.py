"""The assess phase: what the officials' assessment counts, and how governments score the year (MODEL.md 5 and 6).

Attribution moves GDP in the assessment only, never in real GDP: a contract may credit a share of a moved plant's value
added to the place it came from. The score is described in :mod:`sim.agents.scores`.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numba import njit

from sim.agents.governments import Governments
from sim.agents.scores import mixed, room
from sim.core.arrays import FloatArray
from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear

PERCENT = 100.0  # unit: the national path is in percent


@njit(cache=True, nogil=True, error_model="numpy")
def attribute(
    cohorts: FloatArray,
    credit: FloatArray,
    sharing: FloatArray,
    capital: FloatArray,
    value_added: FloatArray,
    gdp: FloatArray,
) -> None:
    """Move a share of what moved plants add from host to origin, in ``gdp [region]``.

    It is ``credit [contract, origin]`` as long as the host takes part, ``sharing [contract, host]`` above zero.
    """
    for c in range(cohorts.shape[0]):
        origin, host, sector, kind = int(cohorts[c, 0]), int(cohorts[c, 1]), int(cohorts[c, 2]), int(cohorts[c, 3])
        if not (0 <= origin < gdp.size and 0 <= host < gdp.size and 0 <= sector < capital.shape[1]):
            raise IndexError("a cohort that is nowhere, or under no contract")
        if not 0 <= kind < credit.shape[0]:
            raise IndexError("a cohort that is nowhere, or under no contract")
        share = credit[kind, origin] if sharing[kind, host] > 0.0 else 0.0
        amount = share * cohorts[c, 5] / capital[host, sector] * value_added[host, sector]
        gdp[origin] += amount
        gdp[host] -= amount


class Assess:
    """Writes GDP as attributed, which sums to GDP, and where governments are active the score of every city."""

    name: ClassVar[str] = "assess"
    reads: ClassVar[tuple[str, ...]] = (
        *("gdp", "value_added", "capital", "cohorts", "real_gdp", "real_income", "own_revenue", "city_service"),
        *("city_cash", "resident_population", "national", "attributed_memory", "reference_income", "reference_room"),
        *("score_memory", "contract_key", "pm25"),
    )
    writes: ClassVar[tuple[str, ...]] = (
        *("attributed_gdp", "score", "score_terms", "score_memory", "attributed_memory"),
        *("reference_income", "reference_room"),
    )

    def __init__(self, base: BaseYear, governments: Governments | None = None) -> None:
        self.base = base
        self.governments = governments

    def update(self, state: State, levers: Levers) -> None:
        """Attribution, then the scores."""
        state.attributed_gdp[:] = state.gdp
        rows = state.cohorts
        if rows.size:
            credit = np.array([[contract.gdp_attribution * (contract.term > 0)] for contract in levers.contracts])
            credit = credit * levers.sharing * state.contract_key
            attribute(rows, credit, levers.sharing, state.capital, state.value_added, state.attributed_gdp)
        if self.governments is not None:
            self._score(state, levers, self.governments)

    def _score(self, state: State, levers: Levers, governments: Governments) -> None:
        """Terms of the year for every city and for all as one, weighed by tastes."""
        world = self.base.world
        n, first = world.n_cities, state.year == world.base_year
        national = (
            0.0 if first else np.log1p(world.national_value("real_growth", min(state.year, world.last_year)) / PERCENT)
        )
        attributed = state.real_gdp[:n] * (state.attributed_gdp[:n] / state.gdp[:n])
        have = room(state)[:n]
        people = state.resident_population[: world.row]
        standard = state.national[0] * people[:n] / people.sum()
        for column in (state.reference_income, state.reference_room, state.attributed_memory, state.score):
            column[n:] = 0.0
        state.score_terms[:] = 0.0
        if first:
            state.reference_income[:n] = state.real_income[:n]
            state.reference_room[:n] = have / standard
            state.attributed_memory[:n] = attributed
        state.reference_income[:n] *= np.exp(national)
        need, income, revenue = state.reference_room[:n] * standard, state.real_income[:n], state.own_revenue[:n]
        before, wanted = state.attributed_memory[:n], state.reference_income[:n]
        growth = np.log(attributed / before)
        scale = governments.params.scale
        terms = state.score_terms[:n]
        terms[:, 0] = growth - governments.peers @ growth
        terms[:, 1] = np.log(income / wanted)
        terms[:, 2] = (have - need) / revenue
        air = state.pm25[:n]
        terms[:, 3] = np.where(air > 0.0, 1.0 - air / governments.params.air_standard, 0.0)
        terms[:] /= scale
        region = np.array(
            [
                np.log(attributed.sum() / before.sum()) - national,
                np.log(income.sum() / wanted.sum()),
                (have.sum() - need.sum()) / revenue.sum(),
                terms[:, 3] @ people[:n] / people[:n].sum() * scale[3],
            ]
        )
        state.score[:n] = mixed(
            terms,
            (region / scale)[None],
            governments.weights,
            levers.regional_weight[:n],
            governments.params.standard,
        )
        state.score_memory[1] = state.score_memory[0]
        state.score_memory[0] = state.score
        state.attributed_memory[:n] = attributed
