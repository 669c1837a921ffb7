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
        return ds.dataset(files, format="parquet")

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
        for column in columns or ():
            if column not in source.schema.names:
                hint = did_you_mean(column, source.schema.names)
                raise InputError(f"the table {name} has no column '{column}'{hint}", file=str(self.folder))
        try:
            frame: pd.DataFrame = tables.plain_strings(source.to_table(columns=columns, filter=where)).to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(error) from None
        return frame

    def outcomes(
        self, year: int | None = None, place: str = REGION, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """One row per finished run: its settings and its indicators in one year (default the last) and place."""
        source = self.dataset()
        chosen = year if year is not None else self.last_year
        names = list(columns) if columns is not None else [n for n in source.schema.names if n not in INDICATOR_KEYS]
        rows = self.table("indicators", [RUN, *names], (ds.field("year") == chosen) & (ds.field("place") == place))
        if rows.empty:
            raise InputError(f"the study has no {place} in {chosen}", file=str(self.folder))
        return self.runs.merge(rows, on=RUN)

    @cached_property
    def last_year(self) -> int:
        """The last year of the runs."""
        return int(self.aggregate([], ["year"], "max")["year"].iloc[0])

    @cached_property
    def years(self) -> list[int]:
        """All years of the runs."""
        return sorted(int(year) for year in self.aggregate(["year"], ["year"], "count").index)

    def aggregate(
        self, by: Sequence[str], columns: Sequence[str], statistic: str = "mean", *, name: str = "indicators"
    ) -> pd.DataFrame:
        """Statistic of columns by groups, streamed: the data never are in memory as a whole.

        Args:
            by: columns of the table that make the groups; none = everything.
            columns: what to summarise.
            statistic: one of `STATISTICS`.
            name: the table.
        """
        from pyarrow import acero

        if statistic not in STATISTICS:
            hint = did_you_mean(statistic, STATISTICS)
            raise InputError(f"unknown statistic '{statistic}'{hint}", allowed=", ".join(STATISTICS))
        prefix = "hash_" if by else ""
        wanted = [
            ([column] if by else column, f"{prefix}{statistic}", None, column if column not in by else statistic)
            for column in columns
        ]
        read = {key: ds.field(key) for key in dict.fromkeys((*by, *columns))}
        steps = [
            acero.Declaration("scan", acero.ScanNodeOptions(self.dataset(name), columns=read)),
            acero.Declaration(
                "project", acero.ProjectNodeOptions([_plain(self, name, key) for key in read], list(read))
            ),
            acero.Declaration("aggregate", acero.AggregateNodeOptions(wanted, keys=list(by) or None)),
        ]
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


INDICATOR_KEYS = (RUN, "year", "scope", "place")


def _plain(study: Study, name: str, column: str) -> ds.Expression:
    """A column as the aggregation takes it: dictionaries differ from part to part and are decoded."""
    field = study.dataset(name).schema.field(column)
    return ds.field(column).cast(pa.string()) if pa.types.is_dictionary(field.type) else ds.field(column)
