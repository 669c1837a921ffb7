"""Every phase reads and writes what it declares, nothing else, and has no memory of its own that matters."""

from __future__ import annotations

import copy
import dataclasses
from functools import cache

import numpy as np
import pytest

from sim.core.arrays import FloatArray
from sim.core.errors import SimulationError
from sim.core.levers import Levers
from sim.core.phases import Phase
from sim.core.state import FIELDS, SHARED, State
from sim.year import YEAR, Simulation
from tests.worlds import POLICIES, small_model

COUNTS = ("acceleration_stored",)  # whole numbers cannot be nan
NAMES = (*(field.name for field in FIELDS), *SHARED, *COUNTS)
YEARS = (2019, 2020, 2021, 2024, 2027)
LEVERS = tuple(item.name for item in dataclasses.fields(Levers) if item.name != "contracts")


@dataclasses.dataclass(frozen=True)
class Moment:
    """A phase about to act: itself, the state it finds, the levers of the year."""

    phase: Phase
    state: State
    levers: Levers


def detached(phase: Phase, simulation: Simulation) -> Phase:
    """A copy of a phase that shares only the calibrated base year."""
    return copy.deepcopy(phase, {id(simulation.base): simulation.base})


def busy_model() -> Simulation:
    """Plants move and shocks happen, contracts pay, and every city decides by trial and error."""
    return small_model(POLICIES, shocks={"enabled": True}, governments={"rule": "imitation"})


@cache
def moments() -> dict[str, list[Moment]]:
    """Every phase in some years of a run with both policies, so that plants have moved, contracts pay, borders fall."""
    simulation = busy_model()
    found: dict[str, list[Moment]] = {phase.name: [] for phase in simulation.phases}
    state, levers = simulation.state, simulation.levers
    for year in simulation.years:
        levers.reset(simulation.baseline_levers)
        for policy in simulation.policies.values():
            policy.set_levers(levers, year, simulation.world)
        for phase in simulation.phases:
            if year in YEARS:
                before = Moment(detached(phase, simulation), state.copy(), copy.deepcopy(levers))
                found[phase.name].append(before)
            phase.update(state, levers)
        state.year += 1
    return found


def act(moment: Moment, unknown: tuple[str, ...] = ()) -> State:
    """The state after the phase, where some fields held nothing but nan before it."""
    state = moment.state.copy()
    for name in unknown:
        setattr(state, name, np.full_like(getattr(state, name), np.nan))
    copy.deepcopy(moment.phase, {id(moment.phase.base): moment.phase.base}).update(  # type: ignore[attr-defined]
        state, copy.deepcopy(moment.levers)
    )
    return state


def same(one: FloatArray, other: FloatArray) -> bool:
    """Bit for bit, nan included."""
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)


PHASES = [phase.name for phase in YEAR]


def test_declared_fields_exist() -> None:
    for phase in YEAR:
        assert set(phase.reads) <= set(NAMES), phase.name
        assert set(phase.writes) <= set(NAMES), phase.name
        assert len(set(phase.reads)) == len(phase.reads), phase.name
        assert len(set(phase.writes)) == len(phase.writes), phase.name


@pytest.mark.parametrize("name", PHASES)
def test_phase_needs_only_what_it_reads(name: str) -> None:
    """With nan in every field it does not declare, a phase writes the same, and leaves no nan in what it writes."""
    for moment in moments()[name]:
        phase = moment.phase
        hidden = tuple(field for field in NAMES if field not in (*phase.reads, *COUNTS))
        usual, blind = act(moment), act(moment, hidden)
        for field in phase.writes:
            assert same(getattr(blind, field), getattr(usual, field)), f"{field} in {moment.state.year}"
            assert not np.isnan(getattr(usual, field)).any(), f"{field} in {moment.state.year}"


@pytest.mark.parametrize("name", PHASES)
def test_phase_changes_only_what_it_writes(name: str) -> None:
    for moment in moments()[name]:
        after = act(moment)
        assert after.year == moment.state.year
        for field in NAMES:
            if field not in moment.phase.writes:
                assert same(getattr(after, field), getattr(moment.state, field)), f"{field} in {moment.state.year}"


@pytest.mark.parametrize("name", PHASES)
def test_phase_leaves_the_levers_alone(name: str) -> None:
    for moment in moments()[name]:
        levers = copy.deepcopy(moment.levers)
        moment.phase.update(moment.state.copy(), levers)
        for lever in LEVERS:
            assert same(getattr(levers, lever), getattr(moment.levers, lever)), lever
        assert levers.contracts == moment.levers.contracts


@pytest.mark.parametrize("name", PHASES)
def test_phase_needs_what_it_says_it_reads(name: str) -> None:
    """Nothing is declared that makes no difference in any year: without it results change, or there are none."""
    cases = moments()[name]
    usual = [act(moment) for moment in cases]
    for field in sorted(set(cases[0].phase.reads) - set(COUNTS)):
        assert any(matters(moment, after, field) for moment, after in zip(cases, usual, strict=True)), field


def matters(moment: Moment, usual: State, field: str) -> bool:
    """Whether a phase fails, or writes something else, without a field."""
    try:
        with np.errstate(all="ignore"):
            without = act(moment, (field,))
    except (SimulationError, ValueError, IndexError, FloatingPointError):
        return True
    written = [name for name in moment.phase.writes if name != field]
    return any(not same(getattr(without, name), getattr(usual, name)) for name in written) or (
        field in moment.phase.writes and not same(getattr(without, field), getattr(usual, field))
    )


@pytest.mark.parametrize("name", PHASES)
def test_phase_keeps_nothing_from_other_years(name: str) -> None:
    """A phase fresh from the calibrated base year does the same: all memory is in the state."""
    simulation = busy_model()
    fresh = {phase.name: phase for phase in simulation.phases}[name]
    for moment in moments()[name]:
        state = moment.state.copy()
        fresh.update(state, copy.deepcopy(moment.levers))
        usual = act(moment)
        for field in moment.phase.writes:
            assert same(getattr(state, field), getattr(usual, field)), f"{field} in {moment.state.year}"


def test_phases_have_the_names_of_the_year() -> None:
    assert PHASES == [
        "infrastructure",
        "market",
        "fiscal",
        "share",
        "environment",
        "assess",
        "govern",
        "invest",
        "people",
        "knowledge",
        "learn",
    ]
