"""What every party of an agreement expects at every share of the tax, when it is asked about the agreement of all.

The scenario is run to the year in which the agreement is put before its parties, with the growth of its reference;
there the govern phase itself looks ahead, with everybody in it, with everybody but one, and with nobody. Gains are all
but straight lines in the share, so they are computed at the ends and in the middle of the shares, and further in where
the middle is not what the ends say to `STRAIGHT` of a point; between the shares computed they are interpolated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.agents.govern import Govern, Outcome, Proposal, score_gain
from sim.agents.scores import Result
from sim.calibration import calibrate
from sim.config import world_of
from sim.core.arrays import BoolArray, FloatArray
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.state import SCORE_TERMS, State
from sim.core.words import did_you_mean
from sim.experiments.run import reference_config
from sim.experiments.signing.verdict import Verdict, verdict
from sim.policies.base import Policy
from sim.year import Simulation

if TYPE_CHECKING:
    import pandas as pd

    from sim.config import RunConfig
    from sim.experiments.run import Run
    from sim.mechanisms.base_year import BaseYear

SHARES = 21  # unit: shares from 0 to 1
STRAIGHT = 1e-4  # unit: points of the score, how far a gain may be from a straight line between the shares computed
SHARE = "origin_share"
GAIN, OVER_NOTHING, OWN_TAX, SHARED = range(4)
TERMS = slice(SHARED + 1, None)
"""Positions in what is known of a party at a share."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What each party expects of the agreement of all, at every share of the tax.

    Attributes:
        policy: the agreement.
        year: in which it is put before its parties.
        horizon: years they look ahead.
        reserve: least gain with which they sign.
        parties: codes of those asked.
        origins: those of them that plants leave.
        shares: of the tax that the origins get ``[share]``.
        expected: what each party expects at each share ``[party, share, 8]``: gain against the agreement without
            itself, and against no agreement (points of its score); own tax, and net receipts under the contract, both
            against no agreement, 100 million yuan of base-year prices a year, discounted mean of the horizon; terms of
            the first gain before tastes (points).
        signs: what each answers by its rule ``[party, share]``.
        computed: which shares were computed ``[share]``; between them gains are interpolated.
        error: largest difference, in points, between a gain that was computed and the straight line that was kept.
    """

    policy: str
    year: int
    horizon: int
    reserve: float
    parties: tuple[str, ...]
    origins: frozenset[str]
    shares: FloatArray
    expected: FloatArray
    signs: BoolArray
    computed: BoolArray
    error: float

    @property
    def gain(self) -> FloatArray:
        """Against the agreement without itself ``[party, share]``, points."""
        return np.asarray(self.expected[:, :, GAIN])

    @property
    def terms(self) -> FloatArray:
        """Of the gain, before tastes ``[party, share, term]``, points."""
        return np.asarray(self.expected[:, :, TERMS])

    @property
    def tax(self) -> FloatArray:
        """Own tax gained or lost and tax received ``[party, share, 2]``, see ``expected``."""
        return np.asarray(self.expected[:, :, [OWN_TAX, SHARED]])

    @cached_property
    def verdict(self) -> Verdict:
        """Where all sign, as they decide."""
        return verdict(self.parties, self.shares, self.gain - self.reserve, self.signs)

    @cached_property
    def tax_verdict(self) -> Verdict:
        """Where nobody loses tax against no agreement: own tax and what is shared, nothing else."""
        return verdict(self.parties, self.shares, self.tax.sum(axis=2))

    def table(self) -> pd.DataFrame:
        """A row per party and share: party, share, signs, computed, then what it expects."""
        import pandas as pd

        n_parties, n_shares = self.signs.shape
        names = ("expected_gain", "gain_over_nothing", "own_tax", "shared_tax", *(f"{t}_gain" for t in SCORE_TERMS))
        return pd.DataFrame(
            {
                "party": np.repeat(self.parties, n_shares),
                "share": np.tile(self.shares, n_parties),
                "signs": self.signs.ravel(),
                "computed": np.tile(self.computed, n_parties),
                **{name: self.expected[:, :, k].ravel() for k, name in enumerate(names)},
            }
        )


def subject(config: RunConfig, policy: str | None = None) -> str | None:
    """The policy that can be studied: one with parties that share tax by an origin's share; None if there is none.

    Raises:
        InputError: ``policy`` is named and is none of them.
    """
    known = [name for name, item in config.policies.items() if SHARE in type(item).model_fields]
    if policy is not None and policy not in known:
        message = f"'{policy}' has no share of the tax to vary{did_you_mean(policy, known)}"
        raise InputError(message, key="policy", allowed=", ".join(known) or "a scenario with such a policy")
    return policy or next(iter(known), None)


def signing_study(run: Run, *, shares: int = SHARES, policy: str | None = None) -> Survey | None:
    """The survey of a run's scenario; None where nobody is ever asked, or nothing can be.

    Args:
        run: in memory or from a folder.
        shares: how many, from 0 to 1.
        policy: where several share tax.
    """
    name = subject(run.config, policy)
    if name is None:
        return None
    base = run.model.base if run.model is not None else calibrate(world_of(run.config))
    growth = None
    if run.config.reference is not None:
        growth = run.model.growth if run.model is not None else reference_growth(reference_config(run.config), base)
    return survey(run.config, base, growth, policy=name, shares=shares)


def reference_growth(reference: RunConfig, base: BaseYear) -> Mapping[int, float]:
    """The national growth scalars that the reference run finds."""
    model = Simulation(reference, base=base)
    model.run()
    return model.growth


def survey(
    config: RunConfig, base: BaseYear, growth: Mapping[int, float] | None, *, policy: str, shares: int = SHARES
) -> Survey | None:
    """Ask every party of a policy at every share; None where the years of the run have no year to ask in.

    Args:
        config: of the scenario; a policy that is imposed is studied as if it were put before its parties.
        base: the calibrated base year.
        growth: national productivity scalars of the reference run; None where the run is its own reference.
        policy: name of the agreement.
        shares: how many, from 0 to 1.

    Raises:
        InputError: fewer than two shares, or terms that no members can meet.
        EquilibriumError: the market of some year ahead did not clear.
    """
    if shares < 2:
        raise InputError(f"{shares} shares have no range", key="shares", allowed="2 or more")
    model = Simulation(voluntary(config, policy), base=base, growth=growth)
    phase = _Interview(model, policy, np.linspace(0.0, 1.0, shares))
    model.phases = tuple(phase if isinstance(usual, Govern) else usual for usual in model.phases)
    while phase.found is None and model.state.year in model.years:
        model.step()
    return phase.found


def voluntary(config: RunConfig, policy: str) -> RunConfig:
    """The configuration with a policy put before its parties; as it is, where it is already."""
    item = config.policies[policy]
    if isinstance(item, Policy) and item.agreement is None:
        return config.with_values({f"policies.{policy}.agreement": {}})
    return config


class _Interview(Govern):
    """The govern phase, but where it would ask the parties of one policy it notes what they say at every share."""

    def __init__(self, model: Simulation, policy: str, shares: FloatArray) -> None:
        super().__init__(model.base, model.governments, model.proposals, model.look_ahead)
        self.model, self.policy, self.shares = model, policy, shares
        self.found: Survey | None = None

    def _ask(self, number: int, proposal: Proposal, state: State, levers: Levers) -> None:
        if proposal.name != self.policy:
            return super()._ask(number, proposal, state, levers)
        everybody = np.zeros(state.gdp.size, dtype=bool)
        everybody[proposal.parties] = True
        nothing = self._ahead(number, proposal, state, np.zeros_like(everybody))
        usual = self.model.policies[self.policy]

        def expect(share: float) -> FloatArray:
            self.model.policies[self.policy] = usual.model_copy(update={SHARE: share})
            try:
                outcome = self._expected(number, proposal, state, levers, everybody)
                together = self._ahead(number, proposal, state, everybody)
            finally:
                self.model.policies[self.policy] = usual
            return self._noted(proposal, outcome, together, nothing, state, levers)

        expected, computed, error = on_lines(expect, self.shares)
        codes = [self.base.world.region_ids[i] for i in proposal.parties]
        self.found = Survey(
            policy=self.policy,
            year=state.year,
            horizon=proposal.terms.horizon,
            reserve=proposal.terms.reserve,
            parties=tuple(codes),
            origins=frozenset(getattr(usual, "origins", ())) & frozenset(codes),
            shares=self.shares,
            expected=expected,
            signs=self._said(proposal, expected, everybody, state, levers),
            computed=computed,
            error=error,
        )
        return None

    def _noted(
        self, proposal: Proposal, outcome: Outcome, together: Result, nothing: Result, state: State, levers: Levers
    ) -> FloatArray:
        """What the parties expect at one share ``[party, 8]``."""
        governments, n = self.governments, self.base.world.n_cities
        assert governments is not None
        over_nothing, _ = score_gain(together, nothing, governments, levers.regional_weight[:n], Result.of(state, n))
        years = np.arange(1, len(together.revenue) + 1.0)
        weight = (1.0 + governments.params.discount) ** -years
        money = [weight / weight.sum() @ (getattr(together, x) - getattr(nothing, x)) for x in ("revenue", "shared")]
        one = np.column_stack([outcome.gain[:n], over_nothing, *money, outcome.terms[:n]])
        return np.asarray(one[proposal.parties])

    def _said(
        self, proposal: Proposal, expected: FloatArray, everybody: BoolArray, state: State, levers: Levers
    ) -> BoolArray:
        """What each party answers ``[party, share]``, by its rule."""
        outsiders, gains = np.zeros_like(everybody), np.full(everybody.size, np.nan)
        answers = []
        for k in range(len(self.shares)):
            gains[proposal.parties] = expected[:, k, GAIN]
            outcome = Outcome(gains, np.zeros((gains.size, len(SCORE_TERMS))))
            answers.append(self._answers(proposal, outcome, everybody, outsiders, state, levers)[proposal.parties])
        return np.stack(answers, axis=1)


def on_lines(expect: Callable[[float], FloatArray], shares: FloatArray) -> tuple[FloatArray, BoolArray, float]:
    """A function of the share at every share, computed where it is not a straight line and interpolated elsewhere.

    Args:
        expect: what is known at a share ``[party, value]``, the first two values in points.
        shares: increasing ``[share]``.

    Returns:
        ``[party, share, value]``; which shares were computed; the largest deviation from a line that was kept, points.
    """
    last = len(shares) - 1
    known = {k: expect(float(shares[k])) for k in (0, last)}
    between, error = [(0, last)], 0.0
    while between:
        low, high = between.pop()
        if high - low < 2:
            continue
        middle = (low + high) // 2
        known[middle] = expect(float(shares[middle]))
        part = (shares[middle] - shares[low]) / (shares[high] - shares[low])
        line = (1.0 - part) * known[low] + part * known[high]
        off = float(np.abs(known[middle] - line)[:, [GAIN, OVER_NOTHING]].max())
        if off > STRAIGHT:
            between += [(low, middle), (middle, high)]
        else:
            error = max(error, off)
    at = sorted(known)
    values = np.stack([known[k] for k in at], axis=1)
    right = np.clip(np.searchsorted(at, np.arange(last + 1)), 1, len(at) - 1)
    left = right - 1
    part = ((shares - shares[at][left]) / (shares[at][right] - shares[at][left]))[None, :, None]
    computed = np.isin(np.arange(last + 1), at)
    return (1.0 - part) * values[:, left] + part * values[:, right], computed, error


def plain(found: Survey, names: Callable[[str], str] = str) -> dict[str, Any]:
    """The survey as data, parties by code; with ``names``, also as they are called."""
    return {
        "policy": found.policy, "year": found.year, "horizon": found.horizon, "reserve": found.reserve,
        "parties": {p: {"name": names(p), "is_origin": p in found.origins} for p in found.parties},
        "shares": found.shares.tolist(), "computed": found.computed.tolist(), "interpolation_error": found.error,
        "gain": dict(zip(found.parties, found.gain.tolist(), strict=True)),
        "gain_over_nothing": dict(zip(found.parties, found.expected[:, :, OVER_NOTHING].tolist(), strict=True)),
        "signs": dict(zip(found.parties, found.signs.tolist(), strict=True)),
        "own_tax": dict(zip(found.parties, found.tax[:, :, 0].tolist(), strict=True)),
        "shared_tax": dict(zip(found.parties, found.tax[:, :, 1].tolist(), strict=True)),
        "verdict": told(found.verdict), "tax_verdict": told(found.tax_verdict),
    }  # fmt: skip


def told(found: Verdict) -> dict[str, Any]:
    """A verdict as data."""
    return {
        "together": found.together, "width": found.width, "low_bound": list(found.low_bound),
        "high_bound": list(found.high_bound), "never": list(found.never), "conflict": found.conflict,
        "nearest": dict(zip(("share", "party", "margin"), found.nearest, strict=True)),
        "ranges": {party: list(pieces) for party, pieces in found.ranges.items()},
    }  # fmt: skip
