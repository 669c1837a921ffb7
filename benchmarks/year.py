"""One year's equilibrium and a whole run of the real data: kernels, everything around them, and the C twin."""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher

from benchmarks.timing import Row, alternate, median, ratio
from benchmarks.twin import CompilerMissing, Twin
from sim.calibration import calibrate
from sim.config import RunConfig
from sim.datasets.world import World
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.market import kernels
from sim.model import RegionalEconomy
from sim.year import Simulation

HORIZON = 2035
TWIN_TOLERANCE = 1e-10  # numba and C must agree to this in log prices

kernel_solve = kernels.solve


@dataclass(frozen=True)
class Problem:
    """What the solver is given in one year of a run; the start and the memory are copied before every use."""

    year: int
    z: np.ndarray
    tech: kernels.Technology
    closure: kernels.Closure
    accounts: kernels.Accounts
    memory: kernels.Memory
    tolerance: float
    max_sweeps: int

    def again(self) -> tuple:
        """Arguments for one more solution of the same problem."""
        memory = kernels.Memory(*(part.copy() for part in self.memory))
        return self.z.copy(), self.tech, self.closure, self.accounts, memory, self.tolerance, self.max_sweeps

    def kept(self) -> Problem:
        """A copy that later years do not overwrite."""
        parts = (_copied(part) for part in (self.tech, self.closure, self.accounts, self.memory))
        return Problem(self.year, self.z.copy(), *parts, self.tolerance, self.max_sweeps)


def _copied(values: tuple) -> tuple:
    return type(values)(*(part.copy() if isinstance(part, np.ndarray) else part for part in values))


@contextmanager
def visiting(simulation: Simulation, visit: Callable[[Problem], object]) -> Iterator[None]:
    """Show every market to ``visit`` before it is solved; what it does is not seen by the run."""

    def solve(z, tech, closure, accounts, memory, tolerance, max_sweeps):
        visit(Problem(simulation.state.year, z, tech, closure, accounts, memory, tolerance, max_sweeps))
        return kernel_solve(z, tech, closure, accounts, memory, tolerance, max_sweeps)

    kernels.solve = solve
    try:
        yield
    finally:
        kernels.solve = kernel_solve


def real_base() -> BaseYear:
    """The calibrated base year of the data that come with the package."""
    return calibrate(World.load("yangtze_delta"))


def config(horizon: int = HORIZON) -> RunConfig:
    """A baseline run."""
    return RunConfig.judge({"scenario": "baseline", "horizon": horizon})


def problems(base: BaseYear) -> list[Problem]:
    """The markets of all years of a baseline run."""
    simulation = Simulation(config(), base=base)
    found: list[Problem] = []
    with visiting(simulation, lambda problem: found.append(problem.kept())):
        simulation.run()
    return found


@njit
def sweeps_in_numba(times, z, tech, closure, accounts, work, r):
    """The kernel's sweep, which Python cannot call itself."""
    for _ in range(times):
        kernels._sweep(z, tech, closure, accounts, work, r)


def one_sweep(problem: Problem) -> np.ndarray:
    """Residual ``[2, S, N]`` of one sweep at the start of a problem."""
    residual = np.empty_like(problem.z)
    work = np.empty((5, *problem.tech.factor.shape))
    sweeps_in_numba(1, problem.z, problem.tech, problem.closure, problem.accounts, work, residual)
    return residual


def prepared(problem: Problem) -> Callable[[], object]:
    """A call of the kernel as the model makes it."""
    arguments = problem.again()
    return lambda: kernel_solve(*arguments)


def equilibrium(found: list[Problem], repeats: int) -> list[Row]:
    """Time of a warm year."""
    times, sweeps = {}, {}
    for problem in found[1:]:
        sweeps[problem.year] = kernel_solve(*problem.again())[1]
        times[problem.year] = median(alternate(repeats, lambda problem=problem: prepared(problem))[0]) * 1e3
    first = found[1].year
    middle = sorted(times, key=times.__getitem__)[len(times) // 2]
    n_sectors, n = found[0].tech.factor.shape
    return [
        Row(f"{n} regions x {n_sectors} sectors, tol 1e-8, first warm year ({first})", times[first], "ms", 1.0,
            note=f"{sweeps[first]} sweeps, acceleration memory still empty"),
        Row(f"the same, median of the years {first}-{found[-1].year}", times[middle], "ms", 1.0,
            note=f"{min(sweeps.values())} to {max(sweeps.values())} sweeps"),
    ]  # fmt: skip


def against_c(found: list[Problem], repeats: int) -> list[Row]:
    """The same problems solved by numba and by C; raises if they disagree."""
    try:
        twin = Twin()
    except CompilerMissing as missing:
        print(f"  left out: {missing}", file=sys.stderr)
        return []
    rows, gaps, quotients = [], [], []
    for problem in found[1:]:
        gaps.append(_disagreement(twin, problem))
        pair = alternate(repeats, lambda p=problem: prepared(p), lambda p=problem: _prepared_in_c(twin, p))
        quotients.append(ratio(*pair))
        if problem is found[1]:
            note = f"{median(pair[1]) * 1e3:.2f} ms in C, gcc {twin.version}; log prices agree to {max(gaps):.0e}"
            rows.append(Row(f"numba over C, year {problem.year}, call included", quotients[-1], "x", 1.15, note=note))
    if max(gaps) > TWIN_TOLERANCE:
        raise AssertionError(f"numba and C differ by {max(gaps):.1e}")
    rows.append(
        Row("numba over C, median of the years", median(quotients), "x", 1.15, note=f"agree to {max(gaps):.0e}")
    )
    return [*rows, *_sweep_against_c(twin, found[1], repeats)]


def _prepared_in_c(twin: Twin, problem: Problem) -> Callable[[], object]:
    arguments = problem.again()
    call = twin.prepared(*arguments)
    return lambda: (call(), arguments)


def _disagreement(twin: Twin, problem: Problem) -> float:
    """Largest difference of log prices; the number of sweeps must be the same."""
    ours, theirs = problem.again(), problem.again()
    converged, sweeps, *_ = kernel_solve(*ours)
    outcome = twin.prepared(*theirs)()
    if not (converged and outcome.converged and sweeps == outcome.sweeps):
        raise AssertionError(f"{problem.year}: {sweeps} sweeps in numba, {outcome.sweeps} in C")
    return float(np.abs(ours[0] - theirs[0]).max())


def _sweep_against_c(twin: Twin, problem: Problem, repeats: int) -> list[Row]:
    """One sweep without the way in and out of the kernel."""
    times = 100
    z, tech, closure, accounts, *_ = problem.again()
    work, r = np.empty((5, *tech.factor.shape)), np.empty_like(z)
    in_c = twin.prepared_sweeps(times, z, tech, closure, accounts, r)
    sweeps_in_numba(1, z, tech, closure, accounts, work, r)
    pair = alternate(
        repeats,
        lambda: lambda: sweeps_in_numba(times, z, tech, closure, accounts, work, r),
        lambda: in_c,
    )
    note = f"{median(pair[0]) / times * 1e6:.1f} us a sweep in numba, {median(pair[1]) / times * 1e6:.1f} us in C"
    return [Row("numba over C, one sweep", ratio(*pair), "x", 1.15, note=note)]


class Stopwatch:
    """Time spent in functions, by name, while they are replaced."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._undo: list[tuple[object, str, object]] = []

    def watch(self, owner: object, name: str, label: str) -> None:
        """Replace a function by one that counts its time."""
        function = getattr(owner, name)
        self._undo.append((owner, name, function))

        def timed(*arguments, **keywords):
            started = time.perf_counter()
            try:
                return function(*arguments, **keywords)
            finally:
                self.seconds[label] += time.perf_counter() - started

        setattr(owner, name, timed)

    def watch_compiled(self) -> None:
        """Everything numba compiled, wherever the model imported it; after a warm-up, as kernels call each other."""
        for module in [module for name, module in sys.modules.items() if name.startswith("sim.")]:
            for name, value in list(vars(module).items()):
                if isinstance(value, Dispatcher):
                    self.watch(module, name, "compiled")

    def release(self) -> None:
        """Put every function back."""
        for owner, name, function in reversed(self._undo):
            setattr(owner, name, function)
        self._undo.clear()


def whole_run(base: BaseYear, repeats: int) -> list[Row]:
    """The baseline in memory: total, and where the time goes."""
    settings = config()
    Simulation(settings, base=base).run()
    makers = (lambda: Simulation(settings, base=base), lambda: RegionalEconomy.from_config(settings, base=base))
    total, mesa = (alternate(repeats, _cleaned(make))[0] for make in makers)  # apart: one would use the other's memory
    parts = [_split(settings, base) for _ in range(repeats)]
    middle = {name: median([part[name] for part in parts]) * 1e3 for name in parts[0]}
    compiled, made = middle.pop("compiled"), middle.pop("making it")
    around = median([(part["all"] - part["making it"]) / part["compiled"] for part in parts]) - 1.0
    with_making = median([part["all"] / part["compiled"] for part in parts]) - 1.0
    spent = middle.pop("all")
    years = len(Simulation(settings, base=base).years)
    phases = ", ".join(f"{name} {t:.1f}" for name, t in middle.items())
    return [
        Row(f"{years} years in memory, warm, making the model included", median(total) * 1e3, "ms", 25.0,
            note=f"making it alone {made:.1f} ms"),
        Row("the same as a Mesa model with its agents", median(mesa) * 1e3, "ms",
            note=f"{median(mesa) / median(total):.2f}x; its memory is new, not that of the last run"),
        Row("of it compiled kernels", compiled, "ms", note=f"of {spent:.1f} ms; by phase: {phases}"),
        Row("everything around the kernels in these years, over the kernels", around, "x", 1.0,
            note=f"{with_making:.2f}x with the making of the model"),
    ]  # fmt: skip


def _cleaned(make: Callable[[], Simulation | RegionalEconomy]) -> Callable[[], Callable[[], object]]:
    """Make and run a model, the garbage of the last one collected outside the clock."""

    def finished() -> object:
        model = make()
        model.run()
        return model

    def setup() -> Callable[[], object]:
        gc.collect()
        return finished

    return setup


def _split(settings: RunConfig, base: BaseYear) -> dict[str, float]:
    """Seconds of one run by phase, compiled or not."""
    gc.collect()
    clock = Stopwatch()
    clock.watch_compiled()
    try:
        started = time.perf_counter()
        simulation = Simulation(settings, base=base)
        made = time.perf_counter() - started
        for phase in simulation.phases:
            clock.watch(phase, "update", phase.name)
        for name in ("open_year", "close_year"):
            clock.watch(simulation.record, name, "record")
        simulation.run()
        spent = time.perf_counter() - started
    finally:
        clock.release()
    return {"all": spent, "making it": made, **clock.seconds}
