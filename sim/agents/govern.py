"""The govern phase: subsidies, budget mix, and agreements: who is asked, who signs, who leaves (MODEL.md 6).

A city signs an agreement when what it expects of it over the agreement's horizon, in points of its own score, is at
least its reserve; it compares the agreement with all who are in it, itself among them, with the same without itself.
Those who refuse drop out and the others decide again, until all who are left sign (internal stability, d'Aspremont et
al. 1983) or too few are left. A member that expects a loss for as many years as it has patience is offered a better
split once, if the terms allow it, and leaves otherwise. Provinces and the centre may veto; the centre may impose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sim.agents.governments import Governments
from sim.agents.rules import Decision, Observation, Offer, Rule
from sim.agents.scores import Result, gain_terms, mixed, theil
from sim.core.arrays import BoolArray, FloatArray, IntArray
from sim.core.levers import Levers
from sim.core.state import EVENT, EVENTS, REASONS, SCORE_TERMS, State
from sim.core.terms import AgreementTerms
from sim.mechanisms.base_year import BaseYear

if TYPE_CHECKING:
    from sim.datasets.world import World

MEMBER, REFUSED, LEFT = 1.0, -1.0, -2.0
"""Entries of ``state.membership``; 0 = not asked."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """An agreement that a policy brings, as governments see it."""

    name: str
    parties: IntArray  # rows of the cities that are asked
    needed: IntArray
    terms: AgreementTerms
    start: int
    end: int
    is_viable: Callable[[BoolArray], bool]
    """Whether these members [region] have anything to do together."""


LookAhead = Callable[[State, int], Result]
"""The results of the coming years ``[year, city]`` if memberships and decisions stay as they are in the state."""


@dataclass(frozen=True, eq=False)
class GovernParams:
    """Parameters of decisions, from parameters.csv (keys in brackets)."""

    subsidy_step: float  # [subsidy_step]
    subsidy_limit: float  # [subsidy_limit]
    infrastructure_step: float  # [infrastructure_step]
    infrastructure_band: float  # [infrastructure_band]
    imitation: float  # [imitation_probability]
    country_follows: float  # [country_subsidy_follows]

    @classmethod
    def read(cls, world: World) -> GovernParams:
        """Take the parameters of this data set."""
        p = world.parameters
        return cls(
            subsidy_step=p.value("subsidy_step"),
            subsidy_limit=p.value("subsidy_limit"),
            infrastructure_step=p.value("infrastructure_step"),
            infrastructure_band=p.value("infrastructure_band"),
            imitation=p.value("imitation_probability"),
            country_follows=p.value("country_subsidy_follows"),
        )


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the parties expect of an agreement of certain members."""

    gain: FloatArray  # [city] points of the own score; nan where nobody asked
    terms: FloatArray  # [city, term] of it before weights


class Govern:
    """Lets the cities decide, each by its rule."""

    name: ClassVar[str] = "govern"
    reads: ClassVar[tuple[str, ...]] = (
        *("score", "score_memory", "decided_subsidy", "infrastructure_share", "search_direction", "gdp"),
    )
    writes: ClassVar[tuple[str, ...]] = ("decided_subsidy", "infrastructure_share", "search_direction")

    def __init__(
        self, base: BaseYear, governments: Governments | None, proposals: tuple[Proposal, ...], look_ahead: LookAhead
    ) -> None:
        self.base = base
        self.proposals = proposals
        self.look_ahead = look_ahead
        self.governments: Governments | None = None
        self.params: GovernParams | None = None
        if governments is not None:
            self.take_office(governments)

    def take_office(self, governments: Governments) -> None:
        """Let these governments decide from now on."""
        self.governments, self.params = governments, GovernParams.read(self.base.world)

    def update(self, state: State, levers: Levers) -> None:
        """Decisions of the year; they take effect in its invest phase, agreements in the next year."""
        if self.governments is None:
            return
        if self.governments.is_active:
            self._decide(state, levers, self.governments)
        for number, proposal in enumerate(self.proposals):
            self._negotiate(number, proposal, state, levers)

    # --- subsidies and budgets ----------------------------------------------------------------------------------------

    def _decide(self, state: State, levers: Levers, governments: Governments) -> None:
        seen = self._observed(state, levers, governments)
        for rule, members in governments.groups:
            decision = rule(_of(seen, members))
            for name, column in (
                ("subsidy_rate", state.decided_subsidy),
                ("infrastructure_share", state.infrastructure_share),
                ("subsidy_direction", state.search_direction[0]),
                ("infrastructure_direction", state.search_direction[1]),
            ):
                decided = getattr(decision, name)
                if decided is not None:
                    column[members] = decided
        n, roc, q = self.base.world.n_cities, self.base.world.roc, self.params
        assert q is not None
        rates = state.decided_subsidy[:n]
        np.minimum(rates, seen.subsidy_limit, out=rates)
        state.decided_subsidy[roc] = q.country_follows * float(rates @ state.gdp[:n] / state.gdp[:n].sum())

    def _observed(self, state: State, levers: Levers, governments: Governments) -> Observation:
        """What all cities see."""
        n, q = self.base.world.n_cities, self.params
        assert q is not None
        score = state.score[:n]
        rank = np.where(governments.peers > 0.0, score[None, :], -np.inf)
        best = rank.argmax(axis=1)
        has_peer = governments.peers.any(axis=1)
        year = state.year - self.base.world.base_year
        return Observation(
            year=state.year,
            city=np.arange(n),
            score=score,
            last_score=state.score_memory[1, :n],
            subsidy_rate=state.decided_subsidy[:n].copy(),
            subsidy_direction=state.search_direction[0, :n].copy(),
            infrastructure_share=state.infrastructure_share[:n].copy(),
            infrastructure_direction=state.search_direction[1, :n].copy(),
            best_peer_rate=np.where(has_peer, state.decided_subsidy[best], state.decided_subsidy[:n]),
            best_peer_score=np.where(has_peer, score[best], score),
            draw=governments.draws[min(year, len(governments.draws) - 1)],
            subsidy_step=q.subsidy_step,
            subsidy_limit=q.subsidy_limit * (1.0 - levers.subsidy_ban[:n]),
            infrastructure_step=q.infrastructure_step,
            infrastructure_band=q.infrastructure_band,
            infrastructure_base=self.base.state.infrastructure_share[:n],
            imitation=q.imitation,
            expected_score=_OwnRate(self, state, levers).gains,
        )

    # --- agreements ---------------------------------------------------------------------------------------------------

    def _negotiate(self, number: int, proposal: Proposal, state: State, levers: Levers) -> None:
        membership = state.membership[number]
        age = state.year + 1 - proposal.start
        again = proposal.terms.ask_again
        if state.year >= proposal.end:
            return
        is_first = age == 0 or (state.year == self.base.world.base_year and age > 0)
        if is_first or (again and age > 0 and age % again == 0):
            self._ask(number, proposal, state, levers)
        elif (membership == MEMBER).any():
            self._stay(number, proposal, state, levers)

    def _ask(self, number: int, proposal: Proposal, state: State, levers: Levers) -> None:
        """Ask all who are not in it; those who refuse drop out and the rest decide again."""
        book = _Book(number, state, self.base.world.n_regions)
        membership = state.membership[number]
        before = membership == MEMBER
        asked = np.zeros_like(before)
        asked[proposal.parties] = True
        chosen = asked.copy()
        outcome = self._expected(number, proposal, state, levers, chosen)
        for city in np.flatnonzero(asked & ~before).tolist():
            book.write(city, "asked", outcome.gain[city], proposal.terms.reserve, "", outcome.terms[city])
        while chosen.any():
            signs = self._answers(proposal, outcome, chosen, before, state, levers)
            refusing = chosen & ~signs
            for city in np.flatnonzero(refusing).tolist():
                values = outcome.gain[city], proposal.terms.reserve
                book.write(city, "refused", *values, "expects to lose", outcome.terms[city])
            if not refusing.any():
                break
            chosen &= signs
            outcome = self._expected(number, proposal, state, levers, chosen)
        fails = self._fails(proposal, chosen)
        if not fails and chosen.any():
            fails = self._vetoed(number, proposal, state, levers, chosen, book)
        if fails:
            book.write(book.centre, "failed", np.nan, np.nan, fails)
            chosen[:] = False
            if proposal.terms.if_refused == "impose":
                chosen = self._imposed(number, proposal, state, levers, asked, book)
        else:
            for city in np.flatnonzero(chosen & ~before).tolist():
                book.write(
                    city, "signed", outcome.gain[city], proposal.terms.reserve, "expects to gain", outcome.terms[city]
                )
        membership[asked] = REFUSED
        membership[chosen] = MEMBER
        state.losing_years[number] = 0.0

    def _stay(self, number: int, proposal: Proposal, state: State, levers: Levers) -> None:
        """Members look ahead again: one that expects a loss for too long gets a better split or leaves."""
        book = _Book(number, state, self.base.world.n_regions)
        membership, losing = state.membership[number], state.losing_years[number]
        chosen = membership == MEMBER
        outcome = self._expected(number, proposal, state, levers, chosen)
        stays = self._answers(proposal, outcome, chosen, chosen, state, levers)
        losing[chosen & stays] = 0.0
        losing[chosen & ~stays] += 1.0
        for city in np.flatnonzero(losing >= proposal.terms.patience).tolist():
            values = (outcome.gain[city], proposal.terms.reserve)
            if proposal.terms.renegotiation and state.given[number, city] == 0.0:
                state.given[number, city] = 1.0
                book.write(city, "renegotiated", *values, "wants a better split", outcome.terms[city])
            else:
                membership[city] = LEFT
                book.write(city, "left", *values, "lost for too long", outcome.terms[city])
            losing[city] = 0.0
        chosen = membership == MEMBER
        fails = self._fails(proposal, chosen)
        if fails:
            book.write(book.centre, "failed", np.nan, np.nan, fails)
            membership[chosen] = LEFT

    def _fails(self, proposal: Proposal, chosen: BoolArray) -> str:
        """Why an agreement of these members does not hold; empty if it does."""
        if not chosen[proposal.needed].all():
            return "a needed party refused"
        if chosen.sum() < proposal.terms.minimum:
            return "too few members"
        return "" if proposal.is_viable(chosen) else "nobody to agree with"

    def _answers(
        self, proposal: Proposal, outcome: Outcome, chosen: BoolArray, before: BoolArray, state: State, levers: Levers
    ) -> BoolArray:
        """Who of the chosen signs ``[region]``, by the rules of the cities."""
        governments = self.governments
        assert governments is not None
        signs = np.zeros_like(chosen)
        n = self.base.world.n_cities
        seen = self._observed(state, levers, governments)
        for rule, members in governments.groups:
            cities = members[chosen[:n][members]]
            if not cities.size:
                continue
            reserve = np.full(cities.size, proposal.terms.reserve)
            offer = Offer(proposal.name, outcome.gain[cities], reserve, before[cities].astype(np.float64))
            signs[cities] = _signature(rule, replace(_of(seen, cities), offer=offer))
        return signs

    def _expected(self, number: int, proposal: Proposal, state: State, levers: Levers, chosen: BoolArray) -> Outcome:
        """What every chosen city expects: the agreement of the chosen against the same without itself."""
        governments = self.governments
        assert governments is not None
        n = self.base.world.n_cities
        gains = np.full(state.gdp.size, np.nan)
        terms = np.zeros((state.gdp.size, len(SCORE_TERMS)))
        together = self._ahead(number, proposal, state, chosen)
        start = Result.of(state, n)
        for city in np.flatnonzero(chosen):
            alone = chosen.copy()
            alone[city] = False
            without = self._ahead(number, proposal, state, alone)
            score, parts = score_gain(together, without, governments, levers.regional_weight[:n], start)
            gains[city], terms[city] = score[city], parts[city]
        return Outcome(gains, terms)

    def _ahead(self, number: int, proposal: Proposal, state: State, chosen: BoolArray) -> Result:
        """The coming years with these members."""
        kept = state.membership[number].copy()
        held = chosen if not self._fails(proposal, chosen) else np.zeros_like(chosen)
        state.membership[number] = np.where(held, MEMBER, 0.0)
        try:
            return self.look_ahead(state, proposal.terms.horizon)
        finally:
            state.membership[number] = kept

    # --- those above --------------------------------------------------------------------------------------------------

    def _vetoed(
        self, number: int, proposal: Proposal, state: State, levers: Levers, chosen: BoolArray, book: _Book
    ) -> str:
        """The reason of the first of those above who forbids it; empty if none does."""
        approval = proposal.terms.approval
        if not approval:
            return ""
        together = self._ahead(number, proposal, state, chosen)
        without = self._ahead(number, proposal, state, np.zeros_like(chosen))
        if "province" in approval:
            n = self.base.world.n_cities
            province = self.base.province[:n]
            for q in np.unique(province[chosen[:n]]):
                gain = self._province_gain(together, without, state, levers, np.flatnonzero(province == q))
                if gain < 0.0:
                    book.write(book.province(int(q)), "vetoed", gain, 0.0, "expects its cities to lose")
                    return "expects its cities to lose"
        if "centre" in approval:
            gain = self._centre_gain(together, without, state)
            if gain < 0.0:
                book.write(book.centre, "vetoed", gain, 0.0, "expects the region to lose")
                return "expects the region to lose"
        return ""

    def _imposed(
        self, number: int, proposal: Proposal, state: State, levers: Levers, asked: BoolArray, book: _Book
    ) -> BoolArray:
        """All who were asked, if the centre expects the region to gain, otherwise nobody."""
        together = self._ahead(number, proposal, state, asked)
        without = self._ahead(number, proposal, state, np.zeros_like(asked))
        gain = self._centre_gain(together, without, state)
        if gain <= 0.0:
            return np.zeros_like(asked)
        for city in np.flatnonzero(asked).tolist():
            book.write(city, "imposed", np.nan, np.nan, "expects the region to gain")
        book.write(book.centre, "imposed", gain, 0.0, "expects the region to gain")
        return asked.copy()

    def _province_gain(
        self, together: Result, without: Result, state: State, levers: Levers, members: IntArray
    ) -> float:
        """GDP-weighted gain of a province's cities, less what inequality between them adds, plus its own budget's."""
        governments = self.governments
        assert governments is not None
        n, q = self.base.world.n_cities, governments.params
        start = Result.of(state, n).attributed
        own = gain_terms(together, without, governments.peers, q, start=start)
        score = (own * governments.weights).sum(axis=1)
        weight = state.gdp[members] / state.gdp[members].sum()
        return float(weight @ score[members]) - self._inequality(together, without, state, members)

    def _centre_gain(self, together: Result, without: Result, state: State) -> float:
        """Real income of the region, less what inequality between the cities adds."""
        governments = self.governments
        assert governments is not None
        income = np.log(together.real_income.sum(axis=1) / without.real_income.sum(axis=1)).mean()
        members = np.arange(self.base.world.n_cities)
        scale = governments.params.scale[SCORE_TERMS.index("income")]
        return float(income / scale) - self._inequality(together, without, state, members)

    def _inequality(self, together: Result, without: Result, state: State, members: IntArray) -> float:
        governments = self.governments
        assert governments is not None
        q, people = governments.params, state.resident_population[members]
        wider = theil(together.real_income[-1, members], people) - theil(without.real_income[-1, members], people)
        return q.inequality * wider / q.inequality_scale


class _OwnRate:
    """What cities expect of subsidy rates of their own, the others' as they are."""

    YEARS = 2  # unit: years; a promise of this year finds its investment next year and makes capital in the one after

    def __init__(self, phase: Govern, state: State, levers: Levers) -> None:
        self.phase, self.state, self.levers = phase, state, levers
        self._today: Result | None = None

    def gains(self, cities: IntArray, rates: FloatArray) -> FloatArray:
        """Score gained ``[k]`` by cities ``[k]`` with rates ``[k]``, against their rates of today."""
        state, governments = self.state, self.phase.governments
        assert governments is not None
        if self._today is None:
            self._today = self.phase.look_ahead(state, self.YEARS)
        n = self.phase.base.world.n_cities
        start = Result.of(state, n)
        weight = self.levers.regional_weight[:n]
        found = np.zeros(np.size(rates))
        for k, (city, rate) in enumerate(zip(np.atleast_1d(cities), np.atleast_1d(rates), strict=True)):
            usual = float(state.decided_subsidy[city])
            if rate == usual:
                continue
            state.decided_subsidy[city] = rate
            other = self.phase.look_ahead(state, self.YEARS)
            state.decided_subsidy[city] = usual
            found[k] = score_gain(other, self._today, governments, weight, start)[0][city]
        return found


def score_gain(
    together: Result, without: Result, governments: Governments, regional_weight: FloatArray, start: Result
) -> tuple[FloatArray, FloatArray]:
    """What a change is worth to every city, in points ``[city]``, and its terms ``[city, term]`` before tastes.

    Args:
        together: the coming years with the change.
        without: the same years without it.
        governments: peers, tastes, scales.
        regional_weight: weight of the region's result ``[city]``.
        start: this year.
    """
    own = gain_terms(together, without, governments.peers, governments.params, start=start.attributed)
    region = gain_terms(
        together.whole(), without.whole(), np.empty((0, 0)), governments.params, start=start.whole().attributed
    )
    share = regional_weight[:, None]
    score = mixed(own, region, governments.weights, regional_weight, governments.params.standard)
    return score, (1.0 - share) * own + share * region


class _Book:
    """Writes events of an agreement to the state."""

    def __init__(self, number: int, state: State, n_regions: int) -> None:
        self.number, self.state, self._n = number, state, n_regions
        self._provinces = state.province_debt.size

    @property
    def centre(self) -> int:
        return self._n + self._provinces

    def province(self, q: int) -> int:
        return self._n + q

    def write(
        self, party: int, event: str, gain: float, reserve: float, reason: str, terms: FloatArray | None = None
    ) -> None:
        parts = np.full(len(SCORE_TERMS), np.nan) if terms is None else terms
        row = [self.number, party, EVENTS.index(event), gain, reserve, REASONS.index(reason), *parts]
        assert len(row) == len(EVENT)
        self.state.events = np.vstack([self.state.events, row])


def _of(seen: Observation, members: IntArray) -> Observation:
    """The observation of some cities."""
    if len(members) == len(seen.city):
        return seen
    n = len(seen.city)
    parts: dict[str, Any] = {
        name: value[members]
        for name, value in vars(seen).items()
        if isinstance(value, np.ndarray) and value.shape[:1] == (n,)
    }
    return replace(seen, **parts)


def _signature(rule: Rule, seen: Observation) -> BoolArray:
    decision: Decision = rule(seen)
    return np.asarray(decision.sign, dtype=bool)
