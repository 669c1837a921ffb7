"""What governments cost: a run with and without their decisions, and with forecasts of every kind."""

from __future__ import annotations

import time

from benchmarks.timing import Row, alternate, median, ratio
from sim.compose import compose
from sim.mechanisms.base_year import BaseYear
from sim.year import Simulation

ASKED = "policies.industry_transfer.agreement={minimum: 2}"


def governments(base: BaseYear, repeats: int) -> list[Row]:
    """Ratio of a run whose cities decide to one whose cities do not; seconds of runs with forecasts."""
    passive = Simulation(compose("baseline"), base=base)
    passive.run()
    growth = passive.growth

    def of(scenario: str, *overrides: str) -> list[float]:
        config = compose(scenario, overrides)
        pair = (lambda: Simulation(compose("baseline"), base=base).run, lambda: Simulation(config, base=base).run)
        calm, busy = alternate(repeats, *pair)
        return [ratio(busy, calm), median(busy) * 1e3]

    rows = []
    for rule in ("adaptive", "imitation"):
        times, taken = of("baseline", "governments=adaptive", f"governments.rule={rule}")
        rows.append(Row(f"a run whose cities decide ({rule}), over one whose cities do not", times, "x", 1.2,
                        note=f"{taken:.1f} ms"))  # fmt: skip
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
