"""A run as its report sees it: cities beside their reference, by place and year, with names in the page's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sim.core.arrays import FloatArray
from sim.policies.base import Policy
from sim.report.words import Words

if TYPE_CHECKING:
    from sim.datasets.world import World
    from sim.experiments.run import Run

REGION = "region"
"""The place that means all cities together."""
HEADLINES = ("real_income", "real_gdp", "gdp", "own_revenue")
"""Columns of the cities table that every comparison shows, in this order."""
SAME = 1e-7
"""Relative difference below which two runs are the same: above it a solver's tolerance does not reach."""
MOVES = "relocated_capital"
MIGRANTS = "migrants"
GATEWAYS = ("sea_port", "airport")
GATEWAY_SEEN = 0.025  # unit: traffic over capacity; a smaller change is no story
FEW = 0.1  # unit: per cent of residents; a smaller change of where people live is no story


class View:
    """Reads tables of the run and of its reference; computes nothing that the tables do not hold."""

    def __init__(self, run: Run, language: str = "en") -> None:
        self.run = run
        self.language = language
        self.words = Words(language, base=run.info["years"][0])
        self.before = run.reference
        self.cities: list[str] = run.city_ids
        self.first, self.last = (int(year) for year in run.info["years"])
        self.years = list(range(self.first, self.last + 1))
        self._paths: dict[tuple[str, str, bool], pd.Series] = {}
        self._wide: dict[tuple[str, bool], pd.DataFrame] = {}

    # --- names ------------------------------------------------------------------------------------------------

    def _named(self, kind: str, key: str) -> str:
        label = self.run.labels[kind].get(key)
        return key if label is None else str(label[f"name_{self.language}"])

    def name(self, place: str) -> str:
        """A region's, province's, group's or payer's name."""
        if place == REGION:
            return self.words("place.region", n=len(self.cities))
        if place in self.run.labels["regions"]:
            return self._named("regions", place)
        province = place.removeprefix("province:")
        if province in self.run.labels["provinces"]:
            name = self._named("provinces", province)
            return self.words("place.government", name=name) if province != place else name
        return self.words.get(f"place.{place}", place)

    def short(self, place: str) -> str:
        """A name for crowded places: Chinese names without the word for city or province."""
        name = self.name(place)
        return name.removesuffix("市").removesuffix("省") if self.language == "zh" and place != REGION else name

    def is_about(self, *levers: str) -> bool:
        """Whether a policy of the run moves one of these levers."""
        policies = self.run.config.policies.values()
        return any(isinstance(policy, Policy) and policy.effect.lever in levers for policy in policies)

    def section(self, section: str) -> str:
        """Name of a river section; its id where the data set is not at hand."""
        if self.world is None:
            return section
        return str(self.world.rivers.loc[section, f"name_{self.language}"])

    def gateway(self, key: str) -> str:
        """Name of a port or an airport by city and role, as in :meth:`gateways`."""
        city, _, role = key.partition(" ")
        return self.words(f"gateways.{role}", city=self.short(city))

    def sector(self, sector: str) -> str:
        return self._named("sectors", sector)

    def policy(self, chosen: Iterable[str] | None = None) -> str:
        """What policies are called, joined; the run's, where none are chosen."""
        known = self.run.config.policies if chosen is None else chosen
        names = [self.words.get(f"policy.{name}", name) for name in known]
        if names:
            return self.words("and").join([self.words("comma").join(names[:-1]), names[-1]] if names[:-1] else names)
        decide = self.before is not None and self.run.config.governments != self.before.config.governments
        return self.words("policy.governments" if decide else "policy.none")

    # --- places -----------------------------------------------------------------------------------------------

    @cached_property
    def provinces(self) -> list[str]:
        """Provinces with cities in the run, in the order of the data set."""
        used = {self.province(city) for city in self.cities}
        return [province for province in self.run.labels["provinces"] if province in used]

    def province(self, city: str) -> str:
        return str(self.run.labels["regions"][city]["province"])

    def members(self, place: str) -> list[str]:
        """The cities of the region, of a province or of themselves."""
        if place == REGION:
            return self.cities
        inside = [city for city in self.cities if self.province(city) == place]
        return inside or [place]

    def places(self) -> list[str]:
        """The region, its provinces, its cities; a province of one city is that city."""
        whole = [province for province in self.provinces if len(self.members(province)) > 1]
        return [REGION, *whole, *self.cities]

    def kilometres(self) -> FloatArray:
        """Cities on a plane [city, 2]: km east and north of the centre of the region."""
        label = self.run.labels["regions"]
        degrees = np.array([[label[city]["lon"], label[city]["lat"]] for city in self.cities], dtype=np.float64)
        middle = (degrees.min(axis=0) + degrees.max(axis=0)) / 2
        radius = 6371.0  # unit: km, mean radius of the earth
        arc = np.radians(degrees - middle) * radius
        return np.asarray(arc * [np.cos(np.radians(middle[1])), 1.0])

    # --- values -----------------------------------------------------------------------------------------------

    def wide(self, column: str, *, before: bool = False) -> pd.DataFrame:
        """A column of the cities table [year, city], of the run or of its reference."""
        key = column, before
        if key not in self._wide:
            run = self.before if before else self.run
            if run is None:
                raise LookupError("the run has no reference")
            table = run.cities.pivot(index="year", columns="region", values=column)
            self._wide[key] = table.reindex(index=self.years, columns=self.cities).astype(np.float64)
        return self._wide[key]

    def path(self, column: str, place: str, *, before: bool = False) -> pd.Series:
        """An amount of a place by year."""
        key = column, place, before
        if key not in self._paths:
            table = self.wide(column, before=before)
            positions = [self.cities.index(city) for city in self.members(place)]
            self._paths[key] = pd.Series(table.to_numpy()[:, positions].sum(axis=1), index=table.index, name=column)
        return self._paths[key]

    def gateways(self, what: str, *, before: bool = False) -> pd.DataFrame:
        """Use or wait of ports and airports [year, "city role"]; none in tables of former versions."""
        found: dict[str, pd.Series] = {}
        for role in GATEWAYS if "sea_port_use" in self.run.cities else ():
            used, table = self.wide(f"{role}_use"), self.wide(f"{role}_{what}", before=before)
            found |= {f"{city} {role}": table[city] for city in self.cities if used[city].any()}
        return pd.DataFrame(found, index=pd.Index(self.years))

    def gateway_change(self) -> pd.Series:
        """The largest change of use in any year by "city role"; empty without a reference."""
        if self.before is None:
            return pd.Series(dtype=np.float64)
        return (self.gateways("use") - self.gateways("use", before=True)).abs().max()

    def change(self, column: str) -> pd.DataFrame:
        """What the run changes [year, city], per cent of the reference; noise of the solver counts as nothing."""
        ratio = self.wide(column) / self.wide(column, before=True) - 1
        return 100 * ratio.where(ratio.abs() > SAME, 0.0)

    def growth(self, column: str) -> pd.DataFrame:
        """Mean growth since the first year [year, city], per cent a year; nothing in the first year."""
        table = self.wide(column)
        return pd.DataFrame(growth(table.to_numpy()), index=table.index, columns=table.columns)

    def effect(self, column: str) -> pd.DataFrame:
        """What the page shows of a city [year, city]: the change from the reference, without one the yearly growth."""
        return self.growth(column) if self.before is None else self.change(column)

    def latest(self, column: str) -> dict[str, float]:
        """The last year's amount by city."""
        return _by_city(self.wide(column))

    def effects(self, column: str) -> dict[str, float]:
        """The last year's effect by city."""
        return _by_city(self.effect(column))

    def difference(self, column: str, place: str = REGION) -> tuple[float, float]:
        """Last year's amount against the reference: difference, and per cent."""
        after = float(self.path(column, place).iloc[-1])
        before = float(self.path(column, place, before=True).iloc[-1])
        gap = after - before if abs(after - before) > SAME * abs(before) else 0.0
        return gap, 100 * gap / before if before else float("nan")

    def region_growth(self, column: str) -> float:
        """Mean growth of the cities together, per cent a year."""
        return float(growth(self.path(column, REGION).to_numpy())[-1])

    @cached_property
    def has_effect(self) -> bool:
        """Whether any headline of any city in any year differs from the reference."""
        if self.before is None:
            return False
        return any(bool(self.change(column).to_numpy().any()) for column in HEADLINES)

    def indicator(self, name: str, place: str = REGION, *, before: bool = False) -> dict[int, float]:
        """An indicator of a place by year; empty where the run has none of this name."""
        run = self.before if before else self.run
        if run is None:
            raise LookupError("the run has no reference")
        rows = run.indicators
        chosen = rows[(rows["indicator"] == name) & (rows["place"] == place)]
        return dict(zip(chosen["year"].tolist(), chosen["value"].tolist(), strict=True))

    # --- between places ---------------------------------------------------------------------------------------

    def moves(self, *, before: bool = False) -> pd.DataFrame:
        """Capital moved between cities, all years: sector, origin, destination, amount."""
        run = self.before if before else self.run
        keys = ["sector", "origin", "destination"]
        if run is None:
            return pd.DataFrame(columns=[*keys, "amount"]).astype({"amount": np.float64})
        table = run.arrow["flows"]  # filtered before pandas sees it: trade flows are many
        moved = table.filter(pc.equal(table["kind"].cast(pa.string()), MOVES)).select([*keys, "amount"])
        rows = pd.DataFrame(moved.to_pandas()).groupby(keys, as_index=False, observed=True)[["amount"]].sum()
        return rows.astype(dict.fromkeys(keys, "str"))

    @cached_property
    def extra_moves(self) -> pd.DataFrame:
        """Capital that moves more (or less, negative) than in the reference; without one, all that moves."""
        keys = ["sector", "origin", "destination"]
        after, before = self.moves().set_index(keys)["amount"], self.moves(before=True).set_index(keys)["amount"]
        return after.sub(before, fill_value=0.0).to_frame("amount").reset_index()

    @cached_property
    def extra_migrants(self) -> pd.DataFrame:
        """People who move more than in the reference, net by pair of places, all years: origin, destination, amount."""
        sides = ["origin", "destination"]
        places = [place for place, label in self.run.labels["regions"].items() if label["kind"] != "rest_of_world"]
        added = np.zeros((len(places), len(places)))
        for run, sign in ((self.run, 1.0), (self.before, -1.0)):
            if run is not None:
                table = run.arrow["flows"]
                rows = table.filter(pc.equal(table["kind"].cast(pa.string()), MIGRANTS)).select([*sides, "amount"])
                frame = pd.DataFrame(rows.to_pandas()).astype(dict.fromkeys(sides, "str"))
                wide = frame.pivot_table(index="origin", columns="destination", values="amount", aggfunc="sum")
                added += sign * wide.reindex(index=places, columns=places).fillna(0.0).to_numpy()
        net = added - added.T
        origin, destination = np.nonzero(net > 0.0)
        names = np.array(places, dtype=object)
        amount = net[origin, destination]
        return pd.DataFrame({"origin": names[origin], "destination": names[destination], "amount": amount})

    @cached_property
    def moves_people(self) -> bool:
        """Whether the run changes where people live, beyond what is rounding to a reader."""
        return self.before is not None and bool(self.change("resident_population").abs().to_numpy().max() > FEW)

    @cached_property
    def payments(self) -> pd.DataFrame:
        """Payments under contracts between cities: year, payer, payee, amount."""
        table = self.run.transfers
        rows = table[table["contract"] != ""]
        return rows.groupby(["year", "payer", "payee"], as_index=False, observed=True)[["amount"]].sum()

    @property
    def forecasts(self) -> bool:
        """Whether cities run the model every year to decide, which makes a run take seconds."""
        governments = self.run.config.governments
        return "best_response" in (governments.rule, *governments.rules.values())

    # --- the data behind the run ------------------------------------------------------------------------------

    @cached_property
    def world(self) -> World | None:
        """The data set of the run; None when it is not here any more or is not the one that was run."""
        from sim.config import world_of
        from sim.core.errors import InputError

        if self.run.model is not None:
            return self.run.model.world
        try:
            world = world_of(self.run.config)
        except InputError:
            return None
        return world if world.content_hash == self.run.info["data"]["hash"] else None

    def info(self, *keys: str) -> Any:
        """A value of run.json by its path; None where it has none."""
        value: Any = self.run.info
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value


def growth(amounts: FloatArray) -> FloatArray:
    """Mean growth since the first row [year, ...], per cent a year; not a number in the first."""
    years = np.arange(len(amounts), dtype=np.float64).reshape(-1, *[1] * (amounts.ndim - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = 100 * ((amounts / amounts[0]) ** (1 / years) - 1)
    return np.asarray(np.where(years > 0, rate, np.nan))


def totals(rows: pd.DataFrame, by: str) -> dict[str, float]:
    """Amounts summed by a column."""
    summed = rows.groupby(by, observed=True)["amount"].sum()
    return {str(key): float(value) for key, value in zip(summed.index, summed.to_numpy(), strict=True)}


def ends(values: Mapping[str, float], count: int) -> tuple[list[str], list[str]]:
    """Keys of the largest and of the smallest values, each in its order."""
    ordered = sorted(values, key=lambda key: -values[key])
    return ordered[:count], ordered[::-1][:count]


def _by_city(table: pd.DataFrame) -> dict[str, float]:
    """The last row."""
    return dict(zip(map(str, table.columns), table.to_numpy()[-1].tolist(), strict=True))
