"""Running a scenario beside its reference, and what comes out: a `Run`, in memory or in a folder.

The reference is run first: it finds the national growth scalar, which the scenario reuses, so that two runs of one
calibration differ by their policies alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments import agreed, provenance, store, tables, transfers

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sim.config import RunConfig
    from sim.experiments.compare import Comparison
    from sim.year import Simulation

Progress = Callable[[str], None]
"""Told in a few words what is being done."""

GROUPS = ("province", "metro_area", "core27")


class ModelTables(Mapping[str, pa.Table]):
    """The tables of a model that has run, built when asked for."""

    def __init__(self, model: Simulation) -> None:
        self.model = model
        self._built: dict[str, pa.Table] = {}

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._built:
            self._built[name] = _BUILDERS[name](self.model)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(tables.TABLES)

    def __len__(self) -> int:
        return len(tables.TABLES)


def _indicators(model: Simulation) -> pa.Table:
    from sim.indicators.table import rows

    numbers, words = rows(model.record, model.base)
    n_years = model.record.n_done
    coded = {name: tables.ids(np.repeat(codes, n_years), known) for name, (codes, known) in words.items()}
    return tables.assemble("indicators", {**numbers, **coded})


_BUILDERS: dict[str, Callable[[Simulation], pa.Table]] = {
    "cities": tables.cities,
    "sectors": tables.sectors,
    "flows": tables.flows,
    "transfers": transfers.transfers,
    "agreements": agreed.agreements,
    "sections": tables.sections,
    "indicators": _indicators,
}


class Run:
    """One run: its configuration, what it says about itself, its tables, and the run it is compared with.

    Attributes:
        config: the judged configuration.
        info: version, data hash, seed, timings, convergence, identities, the command that repeats it, labels of places.
        reference: the run without the policies, None for a run that is its own reference.
        folder: where it is kept, None for a run in memory.
        arrow: the tables as Arrow tables, without pandas.
        model: the model that ran, None for a run read from a folder.
    """

    def __init__(
        self,
        config: RunConfig,
        info: Mapping[str, Any],
        arrow: Mapping[str, pa.Table],
        reference: Run | None = None,
        folder: Path | None = None,
        model: Simulation | None = None,
    ) -> None:
        self.config = config
        self.info = dict(info)
        self.arrow = arrow
        self.reference = reference
        self.folder = folder
        self.model = model
        self._frames: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        first, last = self.info["years"]
        beside = f" beside {self.reference.config.scenario}" if self.reference else ""
        return f"Run({self.config.scenario}{beside}, {first}-{last})"

    def frame(self, name: str) -> pd.DataFrame:
        """A result table by name; ids are strings."""
        if name not in self._frames:
            self._frames[name] = tables.plain_strings(self.arrow[name]).to_pandas()
        return self._frames[name]

    @property
    def cities(self) -> pd.DataFrame:
        """year, region, then one column per quantity; the rest of the country and of the world are in it."""
        return self.frame("cities")

    @property
    def sectors(self) -> pd.DataFrame:
        """year, region, sector, then one column per quantity."""
        return self.frame("sectors")

    @property
    def flows(self) -> pd.DataFrame:
        """year, kind, sector, origin, destination, amount."""
        return self.frame("flows")

    @property
    def transfers(self) -> pd.DataFrame:
        """year, payer, payee, contract, rule, tax, age, base, rate, amount."""
        return self.frame("transfers")

    @property
    def agreements(self) -> pd.DataFrame:
        """year, agreement, party, event, expected_gain, reserve, reason."""
        return self.frame("agreements")

    @property
    def sections(self) -> pd.DataFrame:
        """year, section, pollutant, river, city, downstream, load, flow, concentration, standard, index."""
        return self.frame("sections")

    @property
    def indicators(self) -> pd.DataFrame:
        """year, indicator, scope, place, value, target, gap."""
        return self.frame("indicators")

    @property
    def labels(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Names and groups: labels["regions"]["310000"]["name_en"], labels["sectors"], labels["provinces"]."""
        return dict(self.info["labels"])

    @property
    def city_ids(self) -> list[str]:
        """Codes of the cities, without the rest of the country and of the world."""
        return [region for region, label in self.labels["regions"].items() if label["kind"] == "city"]

    def by(self, group: str) -> pd.DataFrame:
        """The cities table by ``province``, ``metro_area`` or ``core27`` (its members, and the others)."""
        from sim.experiments.groups import by_group

        if group not in GROUPS:
            raise InputError(f"unknown group '{group}'{did_you_mean(group, GROUPS)}", allowed=", ".join(GROUPS))
        return by_group(self.cities, self.labels["regions"], group)

    def compare(self, other: Run | None = None) -> Comparison:
        """What changes from the other run (default: the reference) to this one."""
        from sim.experiments.compare import compare

        before = other or self.reference
        if before is None:
            raise InputError(f"{self.config.scenario} has no reference: say which run to compare it with")
        return compare(before, self)

    def to_xarray(self) -> xr.Dataset:
        """All cubes in one dataset: [year, region], [year, region, sector] (``_by_sector``), flows by kind."""
        from sim.experiments.cubes import dataset

        return dataset(self)

    def save(self, out: str | Path, *, force: bool = False, add: Callable[[Run, Path], None] | None = None) -> Path:
        """Write the run folder, its reference inside; ``add`` may put more files (a report) there before it is named.

        Raises:
            InputError: the folder is taken or the disk refuses; nothing is left under the name then.
        """
        out = Path(out)
        with store.new_folder(out, force=force) as folder:
            store.write(folder, self.config, self.info, self.arrow)
            if self.reference is not None:
                inside = folder / store.REFERENCE
                inside.mkdir()
                store.write(inside, self.reference.config, self.reference.info, self.reference.arrow)
            if add is not None:
                add(self, folder)
        self.folder = out
        if self.reference is not None:
            self.reference.folder = out / store.REFERENCE
        return out

    def report(self, path: str | Path, *, language: str | None = None) -> Path:
        """Write the HTML report of the run."""
        html = import_module("sim.report.html")
        html.write_report(self, Path(path), language=language or self.config.report.language)
        return Path(path)

    @property
    def plot(self) -> Plots:
        """Figures of the report, by name: ``run.plot.map()``."""
        return Plots(self)


class Plots:
    """Every function of `sim.report.figures` as a method, with the run as its first argument."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __getattr__(self, name: str) -> Callable[..., Any]:
        figures = import_module("sim.report.figures")
        function = None if name.startswith("_") else getattr(figures, name, None)
        if not callable(function):
            raise AttributeError(f"no figure '{name}'{did_you_mean(name, dir(self))}")

        def draw(*arguments: Any, **options: Any) -> Any:
            return function(self._run, *arguments, **options)

        draw.__doc__ = function.__doc__
        return draw

    def __dir__(self) -> list[str]:
        figures = import_module("sim.report.figures")
        return [
            name
            for name, item in vars(figures).items()
            if callable(item) and not name.startswith("_") and getattr(item, "__module__", "") == figures.__name__
        ]


def run(
    scenario: str = "baseline",
    *,
    overrides: Sequence[str] = (),
    values: Mapping[str, object] | None = None,
    out: str | Path | None = None,
    reference: bool = True,
) -> Run:
    """Run a scenario beside its reference, in memory, or into the folder ``out``.

    Args:
        scenario: name of a scenario file.
        overrides: ``"key=value"`` strings as on the command line.
        values: values by dotted key, set after the overrides.
        out: folder to write; refused when it holds something.
        reference: whether to keep the reference run beside it (its growth is used either way).
    """
    from sim.compose import compose

    config = compose(scenario, overrides)
    config = config.with_values(values) if values else config
    words = [*overrides, *(f"{key}={provenance.hydra_value(value)}" for key, value in (values or {}).items())]
    return run_scenario(config, out=out, reference=reference, overrides=words)


def load(path: str | Path) -> Run:
    """A run from its folder (or a scenario's latest one under ./outputs); nothing but the folder is read.

    Raises:
        InputError: there is no such run, or a file of it cannot be read.
    """
    folder = store.find_run(path)
    inside = folder / store.REFERENCE
    reference = _read(inside) if store.holds_run(inside) else None
    return _read(folder, reference)


def _read(folder: Path, reference: Run | None = None) -> Run:
    from sim.config import RunConfig

    config = RunConfig.read(folder / store.CONFIG)
    return Run(config, store.read_info(folder), store.StoredTables(folder), reference, folder)


def run_scenario(
    config: RunConfig,
    *,
    out: str | Path | None = None,
    force: bool = False,
    reference: bool = True,
    progress: Progress | None = None,
    add: Callable[[Run, Path], None] | None = None,
    overrides: Sequence[str] | None = None,
) -> Run:
    """Run a judged configuration beside its reference.

    Args:
        config: the run.
        out: folder to write (see `Run.save`), None keeps everything in memory.
        force: replace the run in ``out``.
        reference: whether to keep the reference run.
        progress: told what is being done.
        add: puts more files into the folder before it gets its name.
        overrides: what the configuration was composed from, for the command that repeats the run.
    """
    tell = progress or (lambda text: None)
    if out is not None:
        store.check_target(Path(out), force=force)
    clock = _Clock()
    tell("reading the data")
    from sim.calibration import calibrate
    from sim.config import world_of
    from sim.year import Simulation

    def simulate(config: RunConfig, growth: Mapping[int, float] | None) -> Simulation:
        model = Simulation(config, growth=growth, base=base)
        for year in model.years:
            tell(f"running {config.scenario} {year}")
            model.step()
        return model

    clock.lap("import")
    world = world_of(config)
    clock.lap("load")
    tell("calibrating")
    base = calibrate(world)
    clock.lap("calibrate")
    if config.reference is None:
        run = _finished(simulate(config, None), None, clock.lap("run"), overrides)
    else:
        before = simulate(reference_config(config), None)
        beside = _finished(before, None, clock.lap("reference", "run"), provenance.without_policies(overrides))
        model = simulate(config, before.growth)
        run = _finished(model, beside if reference else None, clock.lap("run"), overrides)
    if out is not None:
        tell("writing the results")
        run.save(out, force=force, add=add)
    return run


def reference_config(config: RunConfig) -> RunConfig:
    """The run beside a run: the reference scenario's policies and governments; all else stays the same.

    Where both scenarios have the same governments, so have the two runs, whatever was changed about them.
    """
    from sim.compose import compose
    from sim.config import RunConfig

    if config.reference is None:
        raise InputError(f"scenario {config.scenario} names no reference", key="reference")
    other = compose(config.reference)
    own = {"scenario": other.scenario, "title": other.title, "question": other.question.model_dump()}
    own["governments"] = _governments(config, other)
    return RunConfig.judge({**config.plain(), **own, "reference": None, "policies": other.plain()["policies"]})


def _governments(config: RunConfig, other: RunConfig) -> dict[str, object]:
    """How cities decide in the reference: as in the run where the two scenarios agree, else as its scenario says."""
    from sim.compose import compose, scenarios

    now, given = config.governments.model_dump(), other.governments.model_dump()
    if now == given or config.scenario not in scenarios():
        return given
    return now if compose(config.scenario).governments == other.governments else given


class _Clock:
    """Seconds of each part of a run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str, shown_as: str | None = None) -> dict[str, float]:
        """Book the time since the last lap; returns all laps, this one under another name if asked."""
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        shown = {**self.seconds, shown_as or name: seconds}
        self.seconds[name] = seconds
        return shown


def _finished(
    model: Simulation, reference: Run | None, seconds: Mapping[str, float], overrides: Sequence[str] | None
) -> Run:
    """The run of a model that has reached its horizon."""
    from sim.indicators.identities import identities

    errors = identities(model.record, model.base)
    command = provenance.rerun_command(model.config, overrides)
    info = provenance.describe(model, seconds, errors, command)
    return Run(model.config, info, ModelTables(model), reference, None, model)
