"""What a coalition study found: what every coalition is worth, who gets what by which rule, and who would walk away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim import __version__, bargaining
from sim.bargaining import NOISE, NoSolutionError, name_of, shapley_sampled
from sim.config import judged
from sim.experiments.coalition.question import Question
from sim.experiments.coalition.runs import Setup, Worth
from sim.experiments.ensemble.executors import Engine
from sim.experiments.store import new_folder

if TYPE_CHECKING:
    from sim.bargaining import Coalition, Compensation, Player, ShapleyEstimate
    from sim.experiments.ensemble.sweep import Tell

BENEFIT = "benefit"
KEPT, LEAST = "none", "least"
RULES = {
    KEPT: "no side payments: everyone keeps its own gain",
    LEAST: "losers get what they lack, winners pay in proportion to what they gain",
    "equal": "the same for everyone",
    "by_gdp": "in proportion to GDP of the base year",
    "by_population": "in proportion to residents of the base year",
    "by_capacity": "in proportion to the city's own revenue of the base year",
    "by_benefit": "in proportion to the own gain, losers getting nothing",
    "separable": "what each adds to all others, the rest in proportion to what joining still gains (SCRB)",
    "shapley": "what each adds on average over all orders of joining",
    "nucleolus": "the most dissatisfied group is as satisfied as can be, then the next",
    "nash": "the gain over the disagreement points in equal parts",
}
"""How the gain may be shared."""

BY = "by_"
MEASURED = {"real_income": "real income", "own_revenue": "own and shared revenue", "real_gdp": "real GDP"}
MOST_PLAYERS = 12  # unit: players of whom every coalition is run; 4,096 runs
PERMUTATIONS = 64  # unit: orders drawn beyond; judgement: about as many runs as for eleven players
WHOLE = 100.0  # unit: 100 million yuan; from here on amounts have no decimals


@dataclass(frozen=True)
class Split:
    """What a rule gives, in 100 million yuan of the base year.

    Attributes:
        shares: of every player; they sum to the value of all.
        payments: side payment received (positive) or paid: share less own gain.
        objections: coalitions that do better by themselves, and by how much together, largest first; a player alone
            counts what it is worth alone, or zero where that is less, for nobody has to act.
        in_core: whether there is none; None where not every coalition was run and none that was objects.
        individually_rational: whether no single player objects.
        leavers: players that would rather stay out if all others went on without them, and what they would gain.
        interval: of an estimated share, 95 %.
    """

    shares: dict[Player, float]
    payments: dict[Player, float]
    objections: list[tuple[Coalition, float]]
    in_core: bool | None
    individually_rational: bool
    leavers: dict[Player, float]
    interval: dict[Player, tuple[float, float]] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class CoalitionStudy:
    """Values of coalitions found by running the model, and what follows from them.

    Money is 100 million yuan of the base year; gains are against the run in which no player takes part.

    Attributes:
        setup: the question, its scenario and players.
        worth: what every run brought, by coalition; the empty one is the run without an agreement.
        estimate: Shapley shares where orders were drawn instead of running every coalition.
    """

    setup: Setup
    worth: Mapping[Coalition, Worth]
    estimate: ShapleyEstimate | None = None

    def __repr__(self) -> str:
        return "\n".join(self.sentences())

    # --- values ---------------------------------------------------------------------------------------------------

    @property
    def players(self) -> tuple[Player, ...]:
        return self.setup.players.names

    @property
    def is_sampled(self) -> bool:
        """Whether not every coalition was run."""
        return len(self.worth) < 1 << len(self.players)

    @property
    def failed(self) -> dict[Coalition, str]:
        """Coalitions whose run failed, and why."""
        return {coalition: worth.error for coalition, worth in self.worth.items() if worth.error}

    @cached_property
    def gains(self) -> dict[Coalition, dict[Player, float]]:
        """What every player gains when a coalition agrees, its members and the others."""
        nobody = self.worth[()]
        if nobody.error:
            return {}
        return {
            coalition: {player: worth.amounts[player] - nobody.amounts[player] for player in self.players}
            for coalition, worth in self.worth.items()
            if not worth.error
        }

    @cached_property
    def values(self) -> dict[Coalition, float]:
        """The members' summed gain of every coalition that was run: a game as `sim.bargaining` takes it."""
        return {
            coalition: sum(gains[player] for player in coalition)
            for coalition, gains in self.gains.items()
            if coalition
        }

    @property
    def total(self) -> float:
        """What the agreement of all is worth to its players."""
        return self.values[self.players]

    @property
    def own(self) -> dict[Player, float]:
        """What each gains when all agree, without side payments."""
        return self.gains[self.players]

    @property
    def alone(self) -> dict[Player, float]:
        """What each is worth alone."""
        return {player: self.values[(player,)] for player in self.players}

    @property
    def outside(self) -> dict[Player, float]:
        """What each gains by staying out of an agreement of all others."""
        return {player: self.gains[self._without(player)][player] for player in self.players}

    @property
    def elsewhere(self) -> float:
        """What the cities of the region that are no player's gain when all agree."""
        return self.worth[self.players].region - self.worth[()].region - self.total

    @property
    def best(self) -> Coalition:
        """The coalition that is worth most, of those that were run; the larger one of two alike."""
        return max(self.values, key=lambda coalition: (self.values[coalition], len(coalition)))

    @cached_property
    def compensation(self) -> Compensation:
        """The least side payments after which everyone has what it has alone, or zero where that is less."""
        above = {player: gain - self._claims[(player,)] for player, gain in self.own.items()}
        return bargaining.least_compensation(above)

    @cached_property
    def core_is_empty(self) -> bool | None:
        """Whether every split leaves some coalition better off by itself; None where not every coalition was run."""
        if self.is_sampled:
            return None
        try:
            return bool(self._objections(bargaining.split(self._claims, "nucleolus", kind="value")))
        except NoSolutionError:
            return True

    @cached_property
    def _claims(self) -> dict[Coalition, float]:
        """What a coalition can claim: its value; a player alone may also do nothing and lose nothing."""
        return {coalition: max(v, 0.0) if len(coalition) == 1 else v for coalition, v in self.values.items()}

    def _without(self, player: Player) -> Coalition:
        return tuple(other for other in self.players if other != player)

    # --- rules ----------------------------------------------------------------------------------------------------

    @cached_property
    def splits(self) -> dict[str, Split]:
        """The split by every rule that has an answer; none where a run failed."""
        return {rule: split for rule, split in self._results.items() if isinstance(split, Split)}

    @cached_property
    def no_answer(self) -> dict[str, str]:
        """Rules without an answer, and why."""
        return {rule: why for rule, why in self._results.items() if isinstance(why, str)}

    @cached_property
    def _results(self) -> dict[str, Split | str]:
        found: dict[str, Split | str] = {}
        for rule in RULES if not self.failed else ():
            try:
                found[rule] = self._judged(rule, self._shares(rule))
            except ValueError as error:  # of sim.bargaining: no answer, or weights that are all zero
                found[rule] = str(error)
        return found

    def _shares(self, rule: str) -> dict[Player, float]:
        if rule == KEPT:
            return self.own
        if rule == LEAST:
            if not self.compensation.possible:
                raise NoSolutionError(f"{amount(self.compensation.missing)} would have to come from outside")
            return {player: gain + self.compensation.transfers[player] for player, gain in self.own.items()}
        if rule.startswith(BY):
            given: dict[str, Any] = {"weights": self._weights(rule.removeprefix(BY))}
        else:
            given = {"disagreement": self._disagreement} if rule == "nash" else {}
        if rule == "shapley" and self.estimate is not None:
            return self.estimate.shares
        if self.is_sampled:
            return self._partial(rule, given)
        return bargaining.split(self.values, "proportional" if "weights" in given else rule, kind="value", **given)

    def _partial(self, rule: str, given: Mapping[str, Mapping[Player, float]]) -> dict[Player, float]:
        """The rules that need no more than the values of all and of single players; see `sim.bargaining.split`."""
        if rule in ("separable", "nucleolus"):
            raise NoSolutionError("it needs the value of every coalition")
        point = given.get("disagreement") or dict.fromkeys(self.players, 0.0)
        weights = given.get("weights") or dict.fromkeys(self.players, 1.0)
        rest, sum_of_weights = self.total - sum(point.values()), sum(weights.values())
        if not sum_of_weights:
            raise NoSolutionError("the weights are all zero")
        if rule == "nash" and rest < -self.noise:
            raise NoSolutionError("there is nothing to gain over the disagreement points")
        return {player: point[player] + rest * weights[player] / sum_of_weights for player in self.players}

    def _weights(self, what: str) -> Mapping[Player, float]:
        if what == BENEFIT:
            return {player: max(gain, 0.0) for player, gain in self.own.items()}
        return self.worth[()].sizes[what]

    @property
    def _disagreement(self) -> dict[Player, float]:
        points = {"none": dict.fromkeys(self.players, 0.0), "alone": self.alone, "outside": self.outside}
        return points[self.setup.question.disagreement]

    @cached_property
    def noise(self) -> float:
        """Differences that count as none: rounding, and what the market's tolerance leaves open."""
        rounding = NOISE * max(map(abs, self.values.values()))
        return max(rounding, self.setup.config.tolerance * max(map(abs, self.worth[()].amounts.values())))

    def _judged(self, rule: str, shares: dict[Player, float]) -> Split:
        objections = self._objections(shares)
        outside = self.outside
        return Split(
            shares,
            {player: share - self.own[player] for player, share in shares.items()},
            objections,
            False if objections else None if self.is_sampled else True,
            not any(len(coalition) == 1 for coalition, _ in objections),
            {player: outside[player] for player, share in shares.items() if outside[player] > share + self.noise},
            self.estimate.interval() if self.estimate is not None and rule == "shapley" else None,
        )

    def _objections(self, shares: Mapping[Player, float]) -> list[tuple[Coalition, float]]:
        if self.is_sampled:
            excess = ((S, claim - sum(shares[player] for player in S)) for S, claim in self._claims.items())
            found = sorted(excess, key=lambda pair: -pair[1])
        else:
            found = bargaining.core_violations(self._claims, shares, kind="value")
        return [(coalition, more) for coalition, more in found if more > self.noise]

    # --- tables and files -----------------------------------------------------------------------------------------

    def shares(self) -> pd.DataFrame:
        """A row per rule and player: share, own_gain, side_payment; low and high of estimated shares."""
        rows = [
            {
                "rule": rule, "player": player, "share": share, "own_gain": self.own[player],
                "side_payment": split.payments[player],
                **dict(zip(("low", "high"), (split.interval or {}).get(player, (None, None)), strict=True)),
            }
            for rule, split in self.splits.items() for player, share in split.shares.items()
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["rule", "player", "share", "own_gain", "side_payment", "low", "high"])

    def coalitions(self) -> pd.DataFrame:
        """A row per coalition that was run: coalition, value."""
        rows = [(name_of(coalition), value) for coalition, value in self.values.items()]
        return pd.DataFrame(rows, columns=["coalition", "value"])

    def all_gains(self) -> pd.DataFrame:
        """A row per coalition that was run and player: coalition, player, is_member, gain."""
        rows = [
            (name_of(coalition), player, player in coalition, gain)
            for coalition, gains in self.gains.items() if coalition
            for player, gain in gains.items()
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["coalition", "player", "is_member", "gain"])

    def save(self, out: str | Path, more: Mapping[str, str] | None = None) -> Path:
        """Write coalitions.csv (as ``sim bargain`` reads it), gains.csv, shares.csv, study.json into a new folder.

        Args:
            out: the folder; it may not exist, or be empty.
            more: texts of other files, by name.

        Raises:
            InputError: the folder is taken, or the disk refuses.
        """
        import json

        frames = {"coalitions": self.coalitions(), "gains": self.all_gains(), "shares": self.shares()}
        files = {f"{name}.csv": frame.to_csv(index=False) for name, frame in frames.items()}
        files["study.json"] = json.dumps(self.plain(), ensure_ascii=False, indent=1, allow_nan=False)
        with new_folder(Path(out)) as folder:
            for name, text in {**files, **(more or {})}.items():
                (folder / name).write_text(text, encoding="utf-8")
        return Path(out)

    def plain(self) -> dict[str, Any]:
        """The study as data."""
        setup = self.setup
        told_so = {
            "version": __version__, "data_hash": setup.world.content_hash, "question": setup.question.model_dump(),
            "unit": self.unit, "measure": self.measure,
            "weights_of_years": {str(year): weight for year, weight in setup.weights.items()},
            "players": {name: list(codes) for name, codes in setup.players.cities.items()},
            "others": list(setup.players.others), "runs": len(self.worth), "sampled": self.is_sampled,
            "failed": {told(coalition): error for coalition, error in self.failed.items()},
            "sentences": self.sentences(),
            "values": {name_of(coalition): value for coalition, value in self.values.items()},
        }  # fmt: skip
        if self.failed:
            return told_so
        return {
            **told_so,
            "total": self.total, "best": name_of(self.best), "elsewhere": self.elsewhere,
            "own_gain": self.own, "alone": self.alone, "outside": self.outside,
            "core_is_empty": self.core_is_empty,
            "least_compensation": {
                "transfers": self.compensation.transfers, "total": self.compensation.total,
                "missing": self.compensation.missing,
            },
            "disagreement": {"kind": setup.question.disagreement, "points": self._disagreement},
            "rules": {rule: self._plain(split) for rule, split in self.splits.items()},
            "no_answer": self.no_answer,
        }  # fmt: skip

    def _plain(self, split: Split) -> dict[str, Any]:
        return {
            "split": split.shares,
            "side_payments": split.payments,
            "in_core": split.in_core,
            "individually_rational": split.individually_rational,
            "violations": [{"coalition": name_of(c), "amount": more} for c, more in split.objections],
            "better_outside": split.leavers,
            **({"interval": {p: list(ends) for p, ends in split.interval.items()}} if split.interval else {}),
        }

    # --- in words -------------------------------------------------------------------------------------------------

    @property
    def unit(self) -> str:
        return f"100 million yuan of {self.setup.world.base_year}"

    @property
    def measure(self) -> str:
        """What counts as a gain, in words."""
        question, years = self.setup.question, list(self.setup.weights)
        what = MEASURED[question.measure]
        if question.year is not None:
            return f"{what} in {question.year}"
        rate = (
            f"discounted to {years[0]} at {100 * question.discount:g} % a year" if question.discount else "undiscounted"
        )
        longer = f", and for {question.beyond} years more as in the last," if question.beyond else ""
        return f"{what} from {years[0]} to {years[-1]}{longer or ','} {rate}"

    def sentences(self) -> list[str]:
        """Is there something to share, who loses, which rules everybody signs, who would walk away."""
        from sim.experiments.coalition.sentences import sentences

        return sentences(self)


def amount(value: float) -> str:
    """An amount in a sentence."""
    return f"{value:,.0f}" if abs(value) >= WHOLE else f"{value:.3g}"


def told(coalition: Coalition) -> str:
    """A coalition in a message."""
    return name_of(coalition) or "nobody"


# --- asking -------------------------------------------------------------------------------------------------------


def coalition(
    scenario: str | Question,
    parties: str | Sequence[str] = (),
    *,
    workers: int = 1,
    engine: Engine | None = None,
    tell: Tell | None = None,
    **options: Any,
) -> CoalitionStudy:
    """Run every coalition of the players and divide what they gain together.

    Args:
        scenario: name of a scenario, or the whole question.
        parties: players, cities or provinces by name or code, as a list or ``"a,b,c"``; ``"all"``: every party.
        workers: processes on this machine; the result does not depend on them.
        engine: another executor than processes on this machine.
        tell: told of the progress.
        **options: other fields of a `Question`: overrides, others, measure, year, discount, beyond, disagreement,
            permutations, seed.

    Raises:
        InputError: something in the question is wrong.
    """
    question = scenario
    if not isinstance(question, Question):
        question = judged(Question, {"scenario": scenario, "parties": parties, **options})
    setup = Setup.of(question)
    with (engine or Engine(workers=workers)).open() as executor:
        players = setup.players.names
        n_orders = question.permutations or (PERMUTATIONS if len(players) > MOST_PLAYERS else None)
        if n_orders is None:
            return CoalitionStudy(setup, setup.evaluate(_every(players), executor, tell))
        asked = _asked(players, n_orders, question.seed)
        study = CoalitionStudy(setup, setup.evaluate(asked, executor, tell))
        if study.failed:
            return study
        return CoalitionStudy(setup, study.worth, _orders(study.values.__getitem__, players, n_orders, question.seed))


def _every(players: Coalition) -> list[Coalition]:
    return [members for size in range(len(players) + 1) for members in combinations(players, size)]


def _asked(players: Coalition, n_orders: int, seed: int) -> list[Coalition]:
    """The coalitions that the drawn orders pass through, those of one player and of all but one, and nobody."""
    asked: dict[Coalition, float] = dict.fromkeys([(), *((player,) for player in players)], 0.0)
    asked |= dict.fromkeys(combinations(players, len(players) - 1), 0.0)
    _orders(lambda members: asked.setdefault(members, 0.0), players, n_orders, seed)  # draws do not depend on values
    return list(asked)


def _orders(value: Callable[[Coalition], float], players: Coalition, n_orders: int, seed: int) -> ShapleyEstimate:
    return shapley_sampled(value, players, n_orders, np.random.default_rng(seed))
