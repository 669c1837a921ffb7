"""The results of a study: one Parquet data set read lazily, and the settings of every run beside it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.experiments import tables
from sim.experiments.ensemble import parts
from sim.experiments.ensemble.plan import RUN, Plan
from sim.indicators.base import REGION

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    import pandas as pd

    from sim.config import RunConfig
    from sim.experiments.ensemble.factors import Factor

STATISTICS = ("mean", "min", "max", "sum", "stddev", "count", "approximate_median")
"""What `Study.aggregate` can compute without holding the data in memory."""


class Study:
    """Many runs in one folder. Nothing is read before it is asked for; `dataset` gives what does not fit in memory.

    Attributes:
        folder: where it is.
        manifest: version, data hash, machine, timings, counts by status.
        plan: settings of every run.
    """

    def __init__(self, folder: str | Path, *, keep: TemporaryDirectory[str] | None = None) -> None:
        self.folder = Path(folder)
        self.manifest = parts.read_manifest(self.folder)
        self._keep = keep  # a study in no folder of its own lives as long as this object

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.manifest.get("status", {}).items())
        return f"Study({self.manifest['scenario']}, {self.manifest['runs']} runs: {counts or 'none finished'})"

    def __len__(self) -> int:
        return int(self.manifest["runs"])

    @cached_property
    def plan(self) -> Plan:
        return Plan.read(self.folder)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """What varies."""
        return self.plan.factors

    @property
    def is_finished(self) -> bool:
        """Whether every run has been tried."""
        return bool(self.manifest["state"] == "finished")

    def dataset(self, name: str = "indicators") -> ds.Dataset:
        """The parts of a table as one lazy data set: runs, indicators, cities or sectors.

        Raises:
            InputError: the study did not keep this table.
        """
        files = parts.files(self.folder, name)
        if not files:
            known = sorted({path.parent.name for path in self.folder.glob("*/part-*.parquet")})
            hint = did_you_mean(name, known)
            raise InputError(f"the study has no table '{name}'{hint}", file=str(self.folder), allowed=", ".join(known))
        try:
            return ds.dataset(files, format="parquet")
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(error) from None

    @cached_property
    def runs(self) -> pd.DataFrame:
        """run, world, replicate, a column per factor, seed, status, error, warning, seconds."""
        return self.table("runs")

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """run, year, scope, place, then a column per indicator."""
        return self.table("indicators")

    @cached_property
    def cities(self) -> pd.DataFrame:
        """run, year, region, then a column per quantity; only if the study kept it."""
        return self.table("cities")

    @cached_property
    def sectors(self) -> pd.DataFrame:
        """run, year, region, sector, then a column per quantity; only if the study kept it."""
        return self.table("sectors")

    def table(
        self, name: str, columns: Sequence[str] | None = None, where: ds.Expression | None = None
    ) -> pd.DataFrame:
        """Columns of a table, and of its rows only those an expression of ``pyarrow.dataset`` is true for.

        Raises:
            InputError: unknown table or column, or a damaged part.
        """
        source = self.dataset(name)
        self._require(columns or (), source.schema.names)
        try:
            frame: pd.DataFrame = tables.plain_strings(source.to_table(columns=columns, filter=where)).to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(error) from None
        return frame

    def _require(self, columns: Sequence[str], known: Sequence[str]) -> None:
        for column in columns:
            if column not in known:
                hint = did_you_mean(column, known)
                raise InputError(f"the study did not keep '{column}'{hint}", file=str(self.folder))

    def outcomes(
        self, year: int | None = None, place: str = REGION, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """One row per finished run: its settings and its indicators in one year and place.

        Args:
            year: default the last of every run.
            place: the region, or a province, group or city by its id.
            columns: indicators; default all.
        """
        every = [name for name in self.dataset().schema.names if name not in INDICATOR_KEYS]
        where = ds.field("place") == place
        if year is not None or self._ends_together:
            where = where & (ds.field("year") == (self.last_year if year is None else year))
        rows = self.table("indicators", [RUN, "year", *(every if columns is None else columns)], where)
        if rows.empty:
            span = f"{self.years[0]} to {self.years[-1]}" if self.years else "no finished run"
            known = ", ".join(self._places[:PLACES_NAMED]) + (", ..." if len(self._places) > PLACES_NAMED else "")
            message = f"the study has no {place} in {self.last_year if year is None else year}"
            raise InputError(message, file=str(self.folder), allowed=f"{span}; {known}")
        rows = rows.loc[rows.groupby(RUN)["year"].idxmax()]
        return self.runs.merge(rows, on=RUN)

    @cached_property
    def _ends_together(self) -> bool:
        """Whether all runs have the same last year."""
        ends = {structure.config.horizon for structure in self.plan.structures}
        return len(ends) == 1 and all(factor.key != "horizon" for factor in self.factors)

    @cached_property
    def _places(self) -> list[str]:
        return [str(place) for place in self.aggregate(["place"], ["year"], "count").index]

    @cached_property
    def last_year(self) -> int:
        """The last year of the runs."""
        return max(self.years)

    @cached_property
    def years(self) -> list[int]:
        """All years of the runs."""
        return [int(year) for year in self.aggregate(["year"], [RUN], "count", place=None).index]

    def aggregate(
        self,
        by: Sequence[str],
        columns: Sequence[str],
        statistic: str = "mean",
        *,
        place: str | None = REGION,
        name: str = "indicators",
    ) -> pd.DataFrame:
        """Statistic of columns by groups, streamed: the data never are in memory as a whole.

        Args:
            by: columns of the table, or factors, that make the groups; none = everything.
            columns: what to summarise.
            statistic: one of `STATISTICS`.
            place: rows of which place; None = of all, as when ``place`` or ``scope`` is among the groups.
            name: the table.

        Raises:
            InputError: unknown statistic or column, or a damaged part.
        """
        from pyarrow import acero

        if statistic not in STATISTICS:
            hint = did_you_mean(statistic, STATISTICS)
            raise InputError(f"unknown statistic '{statistic}'{hint}", allowed=", ".join(STATISTICS))
        schema = self.dataset(name).schema
        factors = [key for key in by if key not in schema.names]
        if factors:
            self._require(factors, self.dataset("runs").schema.names)
        own = list(dict.fromkeys((*(key for key in by if key not in factors), *columns, *([RUN] if factors else []))))
        self._require(own, schema.names)
        at_place = place is not None and "place" in schema.names and not {"place", "scope"} & {*by}
        read = [*own, *(["place"] if at_place and "place" not in own else [])]
        steps = [
            acero.Declaration("scan", acero.ScanNodeOptions(self.dataset(name), columns=read)),
            acero.Declaration("project", acero.ProjectNodeOptions([_plain(schema, c) for c in read], read)),
        ]
        if at_place:
            steps.append(acero.Declaration("filter", acero.FilterNodeOptions(ds.field("place") == place)))
        if factors:
            runs = self.dataset("runs").to_table(columns=[RUN, *factors])
            beside = acero.Declaration("table_source", acero.TableSourceNodeOptions(runs))
            join = acero.HashJoinNodeOptions("inner", [RUN], [RUN], own, factors)
            steps = [acero.Declaration("hashjoin", join, [acero.Declaration.from_sequence(steps), beside])]
        function = f"hash_{statistic}" if by else statistic
        summary = [([c] if by else c, function, None, c if c not in by else statistic) for c in columns]
        steps.append(acero.Declaration("aggregate", acero.AggregateNodeOptions(summary, keys=list(by) or None)))
        try:
            found: pd.DataFrame = acero.Declaration.from_sequence(steps).to_table().to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(error) from None
        return found.set_index(list(by)).sort_index() if by else found

    def sql(self, query: str) -> pd.DataFrame:
        """An SQL query over the tables by DuckDB: ``select avg(gain) from indicators join runs using (run)``.

        Raises:
            InputError: DuckDB is not installed, or the query is wrong.
        """
        try:
            import duckdb
        except ImportError:
            raise InputError("queries need DuckDB: pip install 'deltasim[analysis]'") from None
        with duckdb.connect() as session:
            session.execute("set enable_progress_bar = false")
            for folder in sorted({path.parent for path in self.folder.glob("*/part-*.parquet")}):
                session.register(folder.name, self.dataset(folder.name))
            try:
                found: pd.DataFrame = session.sql(query).df()
            except duckdb.Error as error:
                raise InputError(str(error).splitlines()[0], key="query") from None
        return found

    def config(self, run: int) -> RunConfig:
        """The configuration of one run."""
        return self.plan.config(run)

    def command(self, run: int) -> str:
        """The line that repeats one run: ``sim run SCENARIO key=value ...``."""
        structure = self.plan.structures[self.plan.row(run)["structure"]]
        return shlex.join(["sim", "run", structure.config.scenario, *self.plan.words(run)])

    def report(self, path: str | Path, *, language: str = "en") -> Path:
        """Write the study's page."""
        from importlib import import_module

        page = import_module("sim.report.study")
        return Path(page.write_study_report(self, Path(path), language=language))

    def _damaged(self, error: Exception) -> InputError:
        reason = str(error).splitlines()[0]
        return InputError(f"a part of the study is damaged ({reason}); sim sweep --out DIR --resume computes it again",
                          file=str(self.folder))  # fmt: skip


PLACES_NAMED = 8  # unit: places an error names
INDICATOR_KEYS = (RUN, "year", "scope", "place")


def _plain(schema: pa.Schema, column: str) -> ds.Expression:
    """A column as the aggregation takes it: dictionaries differ from part to part and are decoded."""
    is_coded = pa.types.is_dictionary(schema.field(column).type)
    return ds.field(column).cast(pa.string()) if is_coded else ds.field(column)
