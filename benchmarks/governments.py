"""What governments cost: a run with and without their decisions, and with forecasts of every kind."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.timing import Row, alternate, median, ratio
from sim.compose import compose
from sim.config import RunConfig
from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear
from sim.year import Simulation

ASKED = "policies.industry_transfer.agreement={minimum: 2}"


def governments(base: BaseYear, repeats: int) -> list[Row]:
    """What deciding costs beside the run, and seconds of runs with forecasts."""
    passive = Simulation(compose("baseline"), base=base)
    passive.run()
    growth = passive.growth

    calm_config = compose("baseline")
    rows = []
    for rule in ("adaptive", "imitation"):
        config = compose("baseline", ["governments=adaptive", f"governments.rule={rule}"])
        calm, busy = alternate(
            repeats, *(lambda c=c: lambda: Simulation(c, base=base).run() for c in (calm_config, config))
        )
        own = median([_own_time(config, base) - _own_time(calm_config, base) for _ in range(repeats)])
        rows += [
            Row(f"what scoring and deciding ({rule}) cost, over a run", own / median(calm), "x", 0.2,
                note=f"{own * 1e3:.1f} of {median(calm) * 1e3:.1f} ms"),
            Row("that run over one whose cities do not decide", ratio(busy, calm), "x",
                note="their subsidies change every year, which gives the market more to solve"),
        ]  # fmt: skip
    for expectations in ("naive", "myopic", "rollout"):
        config = compose("industry_transfer", [ASKED, f"governments.expectations={expectations}"])
        Simulation(config, base=base, growth=growth).run()
        started = time.perf_counter()
        Simulation(config, base=base, growth=growth).run()
        rows.append(Row(f"18 parties asked once, {expectations} expectations", time.perf_counter() - started, "s"))
    config = compose("subsidy_race")
    started = time.perf_counter()
    Simulation(config, base=base, growth=growth).run()
    rows.append(Row("41 best responses a year, one equilibrium ahead", time.perf_counter() - started, "s"))
    return rows


def _own_time(config: RunConfig, base: BaseYear) -> float:
    """Seconds of making the model and of its phases assess and govern."""
    started = time.perf_counter()
    model = Simulation(config, base=base)
    spent = [time.perf_counter() - started]
    for phase in model.phases:
        if phase.name in ("assess", "govern"):
            phase.update = _timed(phase.update, spent)  # type: ignore[method-assign]
    model.run()
    return sum(spent)


def _timed(update: Callable[[State, Levers], None], spent: list[float]) -> Callable[[State, Levers], None]:
    def timed(state: State, levers: Levers) -> None:
        started = time.perf_counter()
        update(state, levers)
        spent.append(time.perf_counter() - started)

    return timed
