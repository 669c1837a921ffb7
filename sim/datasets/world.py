"""World: one checked data set as labelled arrays, the only thing the model sees of the data.

A world is its tables; every array is computed from them on first use, is read-only, float64 and C-contiguous.
Regions are ordered cities, rest of the country (ROC), rest of the world (ROW). Data by place and sector are
[region, sector], anything between two places [origin, destination]. Units: `sim.datasets.schema`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.core.agreements import POLLUTANTS
from sim.core.errors import InputError
from sim.core.words import did_you_mean
from sim.datasets import reader
from sim.datasets.carve import carve
from sim.datasets.check import check_tables, infer_base_year
from sim.datasets.coverage import coverage
from sim.datasets.parameters import Parameters, hash_frame
from sim.datasets.places import vocabulary
from sim.datasets.schema import (
    FACTOR_ROWS,
    FINAL_USE,
    FINAL_USES,
    GATEWAYS,
    INTERMEDIATE,
    NATIONAL,
    PARTS,
    REGION_KINDS,
    REST_OF_COUNTRY,
    REST_OF_WORLD,
    RIVERS,
    TABLES,
    VALUE_ADDED,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)

EARTH_RADIUS_KM = 6371.0  # source: mean radius, IUGG
_FROM_PARAMETERS = ("parameters", "content_hash", "coverage", "debt", "_carvings")


@dataclass(frozen=True, eq=False, repr=False)
class World:
    """A data set, checked. Made by `load`, `from_tables` or `sim.datasets.three_cities`."""

    name: str
    folder: str
    """Where the files are; empty for a world made from tables."""
    base_year: int
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    """Typed tables by name (see `sim.datasets.schema.TABLES`), index = line in the file."""
    notes: tuple[str, ...] = ()
    """What was adjusted or looks odd, one line each."""

    # --- making one -------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, folder_or_name: str | Path) -> World:
        """Read and check a data set: a name that comes with the package (`yangtze_delta`) or a folder."""
        data = reader.read_folder(reader.find(folder_or_name))
        return cls._checked(data, str(data.manifest.get("name", Path(data.folder).name)))

    @classmethod
    def from_tables(
        cls,
        *,
        name: str = "custom",
        base_year: int | None = None,
        symmetric_travel_times: bool = True,
        **frames: pd.DataFrame,
    ) -> World:
        """A world from frames named and laid out like the files; they are checked like files.

        Without `base_year` it is the last year for which region_values has all that a base year needs. The columns
        source and status may be left out.
        """
        data = reader.from_frames(frames)
        year = infer_base_year(data.tables) if base_year is None else base_year
        data.manifest = {"name": name, "base_year": year, "symmetric_travel_times": symmetric_travel_times}
        return cls._checked(data, name)

    @classmethod
    def _checked(cls, data: reader.DataFolder, name: str) -> World:
        report = check_tables(data)
        if report.errors:
            raise report.errors[0]
        tables = {key: data.tables[key] for key in TABLES if key in data.tables}
        regions = tables["regions"]
        order = regions["kind"].map(REGION_KINDS.index).argsort(kind="stable")
        tables["regions"] = regions.iloc[order]
        notes = tuple(str(note) for note in report.warnings)
        return cls(name, data.folder, int(str(data.manifest["base_year"])), tables, notes)

    def with_parameters(self, values: Mapping[str, float]) -> World:
        """A copy with other parameter values (``key``, ``key.SECTOR``, ``key.PLACE``); its content hash differs."""
        parameters = self.parameters.with_values(values)
        tables = _WithParameters(self.tables, parameters)
        world = World(self.name, self.folder, self.base_year, tables, self.notes)
        stale = {*(field.name for field in fields(self)), *_FROM_PARAMETERS}
        computed = {key: value for key, value in self.__dict__.items() if key not in stale}
        world.__dict__.update(computed, parameters=parameters)
        return world

    def carved(self, parts: Sequence[str]) -> World:
        """The world with parts of cities as cities of their own (`sim.datasets.carve`); itself without parts.

        Args:
            parts: ids or English names of parts.csv, all that are carved out at once.

        Raises:
            InputError: there is no such part, or parts take all of a city's figure or more.
        """
        if not parts:
            return self
        if tuple(parts) not in self._carvings:
            tables = carve(self.tables, parts)
            self._carvings[tuple(parts)] = World(self.name, self.folder, self.base_year, tables, self.notes)
        return self._carvings[tuple(parts)]

    @cached_property
    def _carvings(self) -> dict[tuple[str, ...], World]:
        """Worlds carved out of this one: a sweep asks for the same one many times."""
        return {}

    def with_value_added(self, value_added: FloatArray, source: str) -> World:
        """A copy with another value added [region, sector] (an imputation draw); `source` says where it comes from."""
        return self._with_stock("value_added", value_added, source)

    def with_labour(self, labour: FloatArray, source: str) -> World:
        """A copy with another employment [region, sector]."""
        return self._with_stock("employment", labour, source)

    def with_capital(self, capital: FloatArray, source: str) -> World:
        """A copy with another capital stock [region, sector]."""
        return self._with_stock("capital", capital, source)

    def _with_stock(self, table: str, values: FloatArray, source: str) -> World:
        inside = np.asarray(values, dtype=np.float64)[: self.n_cities + 1]
        shape = (self.n_cities + 1, self.n_sectors)
        if inside.shape != shape or not np.isfinite(inside).all() or inside.min() < 0.0:
            raise InputError(f"values must be {list(shape)} or longer, finite and not negative", file=table)
        index = pd.MultiIndex.from_product([self.region_ids[: shape[0]], self.sector_ids])
        frame = pd.DataFrame({"value": inside.ravel(), "source": source, "status": "imputed"}, index=index)
        frame = frame.rename_axis(["region", "sector"]).reset_index()
        tables = {**self.tables, table: frame.set_index(frame.index + 2)}
        return World(self.name, self.folder, self.base_year, tables, self.notes)

    # --- identity and labels ----------------------------------------------------------------------------------

    @cached_property
    def content_hash(self) -> str:
        """sha256 over the base year and all tables: equal hashes mean equal data."""
        digest = hashlib.sha256(str(self.base_year).encode())
        for name in sorted(self.tables):
            part = self.parameters.digest() if name == "parameters" else hash_frame(self.tables[name])
            digest.update(f"{name}:{part}".encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return f"World({self.name!r}, {self.n_cities} cities, {self.n_sectors} sectors, {self.base_year})"

    @cached_property
    def regions(self) -> pd.DataFrame:
        """One row per region, index region_id: names, kind, province, coordinates, area, groups."""
        return self.tables["regions"].set_index("region").rename_axis("region_id")

    @cached_property
    def sectors(self) -> pd.DataFrame:
        """One row per sector, index sector_id: names, group, is_mobile."""
        return self.tables["sectors"].set_index("sector").rename_axis("sector_id")

    @cached_property
    def region_ids(self) -> tuple[str, ...]:
        return tuple(self.regions.index)

    @cached_property
    def region_names(self) -> tuple[str, ...]:
        return tuple(self.regions["name_en"])

    @cached_property
    def region_names_zh(self) -> tuple[str, ...]:
        return tuple(self.regions["name_zh"])

    @cached_property
    def region_labels(self) -> dict[str, str]:
        """English name by region id."""
        return dict(zip(self.region_ids, self.region_names, strict=True))

    @cached_property
    def sector_ids(self) -> tuple[str, ...]:
        return tuple(self.sectors.index)

    @cached_property
    def sector_names(self) -> tuple[str, ...]:
        return tuple(self.sectors["name_en"])

    @cached_property
    def sector_names_zh(self) -> tuple[str, ...]:
        return tuple(self.sectors["name_zh"])

    @cached_property
    def sector_group(self) -> tuple[str, ...]:
        """primary, secondary or tertiary, by sector."""
        return tuple(self.sectors["group"])

    @cached_property
    def sector_is_mobile(self) -> BoolArray:
        """Sectors whose plants can move to another city [sector]."""
        return _frozen(self.sectors["is_mobile"].to_numpy(np.float64) == 1.0)

    @cached_property
    def in_core(self) -> BoolArray:
        """Cities of the central area [region]; none where the data set names none."""
        return _frozen(self.regions["core27"].fillna(0).to_numpy(np.float64) != 0.0)

    @cached_property
    def metro_areas(self) -> tuple[str, ...]:
        """Metropolitan area by region, empty where it belongs to none."""
        return tuple(self.regions["metro_area"].fillna(""))

    @cached_property
    def parts(self) -> pd.DataFrame:
        """Parts of cities that can be carved out: part, parent, names, place; empty where the data set has none."""
        return self.tables["parts"] if "parts" in self.tables else pd.DataFrame(columns=PARTS.names)

    @cached_property
    def rivers(self) -> pd.DataFrame:
        """River sections, index section: city, downstream, days and so on; empty where the data set has none."""
        table = self.tables["rivers"] if "rivers" in self.tables else pd.DataFrame(columns=RIVERS.names)
        return table.set_index("section", drop=False)

    @cached_property
    def section_ids(self) -> tuple[str, ...]:
        return tuple(self.rivers["section"])

    @property
    def n_sections(self) -> int:
        return len(self.section_ids)

    def section_index(self, section: str) -> int:
        """Position of a river section by id.

        Raises:
            InputError: the data set has no such section.
        """
        if section not in self.section_ids:
            known = ", ".join(self.section_ids) or "none, the data set has no rivers.csv"
            raise InputError(
                f"unknown river section '{section}'{did_you_mean(section, self.section_ids)}", allowed=known
            )
        return self.section_ids.index(section)

    @cached_property
    def section_city(self) -> IntArray:
        """Position of the city of a river section [section]."""
        return _frozen(np.array([self.index(city) for city in self.rivers["city"]], dtype=np.int64))

    @cached_property
    def section_below(self) -> IntArray:
        """Position of the section that a river section flows to, -1 where that is none of them [section]."""
        return _frozen(pd.Index(self.section_ids).get_indexer(pd.Index(self.rivers["downstream"])).astype(np.int64))

    @cached_property
    def river_concentration(self) -> FloatArray:
        """Concentrations of the base year in mg/l [section, pollutant]."""
        return self._river_quality("concentration")

    @cached_property
    def river_standard(self) -> FloatArray:
        """The standards that they are held to in mg/l [section, pollutant]; NaN where there is none."""
        return self._river_quality("standard")

    def _river_quality(self, column: str) -> FloatArray:
        axes = {"section": self.section_ids, "pollutant": POLLUTANTS}
        known = "river_quality" in self.tables
        return _frozen(
            _pivot(self.tables["river_quality"], axes, column, empty=np.nan)
            if known
            else np.zeros((0, len(POLLUTANTS)))
        )

    @cached_property
    def home(self) -> IntArray:
        """Position of the city that a region is a part of; its own where it is not carved out [region]."""
        parent = dict(zip(self.parts["part"], self.parts["parent"], strict=True))
        return _frozen(np.array([self.index(parent.get(region, region)) for region in self.region_ids], dtype=np.int64))

    @cached_property
    def place_names(self) -> dict[str, tuple[str, ...]]:
        """Codes of cities by every word that names them (`sim.datasets.places`)."""
        return vocabulary(self)

    @cached_property
    def province_ids(self) -> tuple[str, ...]:
        return tuple(self.tables["provinces"]["province"])

    @cached_property
    def province_of(self) -> IntArray:
        """Position of the region's province [region]; ROC is P, ROW is P + 1."""
        places = (*self.province_ids, REST_OF_COUNTRY, REST_OF_WORLD)
        outside = self.regions["kind"] != "city"
        place = self.regions["province"].where(~outside, pd.Series(self.region_ids, index=self.regions.index))
        return _frozen(pd.Index(places).get_indexer(pd.Index(place)).astype(np.int64))

    @cached_property
    def n_regions(self) -> int:
        return len(self.region_ids)

    @cached_property
    def n_cities(self) -> int:
        return self.n_regions - 2

    @cached_property
    def n_sectors(self) -> int:
        return len(self.sector_ids)

    @cached_property
    def n_provinces(self) -> int:
        return len(self.province_ids)

    @cached_property
    def roc(self) -> int:
        """Position of the rest of the country."""
        return self.n_cities

    @cached_property
    def row(self) -> int:
        """Position of the rest of the world."""
        return self.n_cities + 1

    def index(self, region: str) -> int:
        """Position of a region, by id or English name."""
        found = self._region_positions.get(region)
        return _unknown(region, self.region_ids, self.region_names, "region") if found is None else found

    def sector_index(self, sector: str) -> int:
        """Position of a sector, by id or English name."""
        found = self._sector_positions.get(sector)
        return _unknown(sector, self.sector_ids, self.sector_names, "sector") if found is None else found

    @cached_property
    def _region_positions(self) -> dict[str, int]:
        return _positions(self.region_ids, self.region_names)

    @cached_property
    def _sector_positions(self) -> dict[str, int]:
        return _positions(self.sector_ids, self.sector_names)

    # --- technology and final use -----------------------------------------------------------------------------

    @cached_property
    def input_share(self) -> FloatArray:
        """Input k per unit of output of s [k, s]; with the value-added share each column sums to one."""
        inputs = self._input_output(INTERMEDIATE, self.sector_ids, self.sector_ids)
        total = inputs.sum(axis=0) + self._factor_shares.sum(axis=0)
        return _frozen(inputs / total)

    @cached_property
    def value_added_share(self) -> FloatArray:
        """Value added per unit of output, b = 1 - inputs [sector]."""
        return _frozen(1.0 - self.input_share.sum(axis=0))

    @cached_property
    def _factor_shares(self) -> FloatArray:
        return self._input_output(VALUE_ADDED, FACTOR_ROWS, self.sector_ids)

    def _share_of_value_added(self, row: str) -> FloatArray:
        shares = self._factor_shares
        return _frozen(shares[FACTOR_ROWS.index(row)] / shares.sum(axis=0))

    @cached_property
    def labour_share_va(self) -> FloatArray:
        """Compensation of labour over value added [sector]."""
        return self._share_of_value_added("LAB")

    @cached_property
    def production_tax_share_va(self) -> FloatArray:
        """Net production tax over value added [sector]; negative where subsidies are larger."""
        return self._share_of_value_added("TAX")

    @cached_property
    def depreciation_share_va(self) -> FloatArray:
        """Depreciation over value added [sector]."""
        return self._share_of_value_added("DEP")

    @cached_property
    def surplus_share_va(self) -> FloatArray:
        """Operating surplus over value added [sector]."""
        return self._share_of_value_added("SUR")

    @cached_property
    def consumption_mix(self) -> FloatArray:
        """What households buy [sector], sums to one."""
        return self._mix("consumption")

    @cached_property
    def government_mix(self) -> FloatArray:
        """What government buys [sector], sums to one."""
        return self._mix("government")

    @cached_property
    def investment_mix(self) -> FloatArray:
        """What investment buys [sector], sums to one; fixed investment, without inventories."""
        return self._mix("investment")

    def _mix(self, use: str) -> FloatArray:
        uses = self._input_output(FINAL_USE, self.sector_ids, FINAL_USES)[:, FINAL_USES.index(use)]
        return _frozen(uses / uses.sum())

    def _input_output(self, block: str, rows: Sequence[str], columns: Sequence[str]) -> FloatArray:
        table = self.tables["input_output"]
        return _pivot(table[table["block"] == block], {"row": rows, "column": columns})

    # --- base year by region ----------------------------------------------------------------------------------

    @cached_property
    def value_added(self) -> FloatArray:
        """Value added, production tax included [region, sector]; ROW is 0, calibration finds it. 100 million yuan."""
        return self._by_region_and_sector("value_added")

    @cached_property
    def labour(self) -> FloatArray:
        """Employment [region, sector], ROW 0. 10,000 persons."""
        return self._by_region_and_sector("employment")

    @cached_property
    def capital(self) -> FloatArray:
        """Capital stock of the base year [region, sector], ROW 0. 100 million yuan."""
        return self._by_region_and_sector("capital")

    def _by_region_and_sector(self, table: str) -> FloatArray:
        return _frozen(_pivot(self.tables[table], {"region": self.region_ids, "sector": self.sector_ids}))

    def base_value(self, variable: str) -> FloatArray:
        """A variable of region_values.csv in the base year [region]; 0 where it has no row."""
        observed = self.tables["region_values"]
        chosen = observed[(observed["year"] == self.base_year) & (observed["variable"] == variable)]
        if chosen.empty:
            known = sorted(observed.loc[observed["year"] == self.base_year, "variable"].unique())
            raise InputError(f"no '{variable}' in {self.base_year}", file="region_values.csv", allowed=", ".join(known))
        return _frozen(_pivot(chosen, {"region": self.region_ids}))

    @cached_property
    def resident_population(self) -> FloatArray:
        """Residents [region], ROW 0. 10,000 persons."""
        return self.base_value("resident_population")

    @cached_property
    def registered_population(self) -> FloatArray:
        """Persons with local registration [region], ROC and ROW 0 where not given. 10,000 persons."""
        return self.base_value("registered_population")

    @cached_property
    def census(self) -> pd.DataFrame:
        """Residents counted by the censuses, cities by years; empty without censuses. 10,000 persons."""
        table = self.tables["region_values"]
        counted = table[table["variable"] == "pop_census"]
        wide = counted.pivot(index="region", columns="year", values="value")
        return wide.reindex(list(self.region_ids[: self.n_cities])) if len(wide) else wide

    @cached_property
    def urban_population(self) -> FloatArray:
        """Residents of towns [region], 0 where no urbanisation rate is given. 10,000 persons."""
        table = self.tables["region_values"]
        rates = table[table["variable"] == "urbanisation_rate"].sort_values("year").groupby("region")
        share = {region: np.interp(self.base_year, rows["year"], rows["value"]) for region, rows in rates}
        known = [share.get(region, 0.0) for region in self.region_ids]
        return _frozen(self.resident_population * np.array(known) / 100.0)  # unit: per cent

    @cached_property
    def urban_share(self) -> FloatArray:
        """Residents of towns over all residents [region], 0 outside the cities.

        Where no urbanisation rate is given it is the share of work outside the primary sectors (imputed).
        """
        n = self.n_cities
        primary = np.array([group == "primary" for group in self.sector_group])
        work = 1.0 - self.labour[:n, primary].sum(axis=1) / self.labour[:n].sum(axis=1)
        known = self.urban_population[:n] / self.resident_population[:n]
        return _frozen(np.append(np.where(known > 0.0, known, work), np.zeros(self.n_regions - n)))

    @cached_property
    def own_revenue(self) -> FloatArray:
        """General public budget revenue of cities and ROC [region], ROW 0. 100 million yuan."""
        return self.base_value("own_revenue")

    @cached_property
    def public_spending(self) -> FloatArray:
        """General public budget spending of cities and ROC [region], ROW 0. 100 million yuan."""
        return self.base_value("public_spending")

    @cached_property
    def land_price(self) -> FloatArray:
        """Price of industrial land [region], 0 where not given. Yuan per m2."""
        return self.base_value("land_price")

    @cached_property
    def pm25(self) -> FloatArray:
        """PM2.5 of the base year [region], ROW 0; all 0 where the data set has none. ug/m3."""
        observed = self.tables["region_values"]
        known = observed.loc[observed["year"] == self.base_year, "variable"]
        return self.base_value("pm25") if "pm25" in set(known) else _frozen(np.zeros(self.n_regions))

    @cached_property
    def debt(self) -> FloatArray:
        """Government debt [region], ROW 0: observed if the data have it, else the province's ratio times revenue."""
        observed = self.tables["region_values"]
        if "debt" in set(observed.loc[observed["year"] == self.base_year, "variable"]):
            return self.base_value("debt")
        ratio = self.parameters.by_province("debt_revenue_ratio")
        return _frozen(ratio[self.province_of] * self.own_revenue)

    @cached_property
    def area_km2(self) -> FloatArray:
        """Land area [region], 0 where not given. km2."""
        return _frozen(self.regions["area_km2"].fillna(0.0).to_numpy(np.float64))

    @cached_property
    def buildable_land_km2(self) -> FloatArray:
        """Land that may be built on [region], 0 where not given. km2."""
        return _frozen(self.regions["buildable_land_km2"].fillna(0.0).to_numpy(np.float64))

    # --- between places ---------------------------------------------------------------------------------------

    @cached_property
    def city_distance_km(self) -> FloatArray:
        """Great-circle distance between cities [city, city]. km."""
        n = self.n_cities
        lon, lat = (np.radians(self.regions[axis].to_numpy(dtype=np.float64)[:n]) for axis in ("lon", "lat"))
        cosine = np.sin(lat)[:, None] * np.sin(lat) + np.outer(np.cos(lat), np.cos(lat)) * np.cos(lon[:, None] - lon)
        return _frozen(EARTH_RADIUS_KM * np.arccos(np.clip(cosine, -1.0, 1.0)))

    @cached_property
    def travel_time_freight(self) -> FloatArray:
        """Minutes of goods from origin to destination, own time on the diagonal [origin, destination]."""
        return self._travel_times("freight_minutes")

    @cached_property
    def travel_time_passenger(self) -> FloatArray:
        """Minutes of persons from origin to destination, own time on the diagonal [origin, destination]."""
        return self._travel_times("passenger_minutes")

    def _travel_times(self, column: str) -> FloatArray:
        axes = {"origin": self.region_ids, "destination": self.region_ids}
        times = _pivot(self.tables["travel_times"], axes, column, empty=np.nan)
        return _frozen(np.where(np.isnan(times), times.T, times))

    @cached_property
    def flows(self) -> FloatArray | None:
        """Observed trade [sector, origin, destination], None without flows.csv. 100 million yuan."""
        if "flows" not in self.tables:
            return None
        axes = {"sector": self.sector_ids, "origin": self.region_ids, "destination": self.region_ids}
        return _frozen(_pivot(self.tables["flows"], axes))

    @cached_property
    def migration(self) -> FloatArray | None:
        """Observed moves of a year [origin, destination] of cities and ROC, None without the file. 10,000 persons."""
        if "migration" not in self.tables:
            return None
        places = self.region_ids[: self.row]
        return _frozen(_pivot(self.tables["migration"], {"origin": places, "destination": places}, "people"))

    @cached_property
    def line_ids(self) -> tuple[str, ...]:
        """Lines of the network, none without lines.csv."""
        return tuple(self.tables["lines"]["line"]) if "lines" in self.tables else ()

    @cached_property
    def n_lines(self) -> int:
        return len(self.line_ids)

    @cached_property
    def line_opening(self) -> FloatArray:
        """First year of use [line], infinite without a day of opening; see `first_year`."""
        opens = self.tables["lines"]["opens"].tolist() if "lines" in self.tables else []
        return _frozen(np.array([first_year(day, self.base_year) for day in opens], dtype=np.float64))

    @cached_property
    def rail_openings(self) -> dict[str, tuple[bool, int | None]]:
        """Railway lines in the region that opened later: whether they have, and their year, None if unknown."""
        return self._openings("rail")

    @cached_property
    def road_openings(self) -> dict[str, tuple[bool, int | None]]:
        """The same of roads."""
        return self._openings("road")

    def _openings(self, kind: str) -> dict[str, tuple[bool, int | None]]:
        if "lines" not in self.tables:
            return {}
        lines, built = self.tables["lines"], set(self.tables["links"]["line"])
        found: dict[str, tuple[bool, int | None]] = {}
        columns = (lines["line"], lines["mode"], lines["planned"], self.line_opening)
        for line, mode, planned, opening in zip(*columns, strict=True):
            if mode == kind and opening > self.base_year and line in built:
                is_open = math.isfinite(opening)
                year = opening if is_open else planned
                found[str(line)] = is_open, None if math.isnan(year) else int(year)
        return found

    def line_km(self, line: str) -> dict[str, float]:
        """Length of a line in each region it runs through; a link lies half in either end's region. km."""
        region = dict(zip(self.tables["nodes"]["node"], self.tables["nodes"]["region"], strict=True))
        links = self.tables["links"]
        own = links[links["line"] == line]
        km: dict[str, float] = {}
        for one, other, length in zip(own["origin"], own["destination"], own["km"], strict=True):
            for node in (one, other):
                km[region[node]] = km.get(region[node], 0.0) + 0.5 * float(length)
        return km

    def rail_cost(self, line: str) -> tuple[float, float]:
        """Building cost of a line and the length it buys: the data's, else by rule. 100 million yuan, km.

        Raises:
            InputError: a road whose cost the data do not know.
        """
        km, cost = (float(self.tables["lines"][name].iloc[self.line_ids.index(line)]) for name in ("km", "cost"))
        length = sum(self.line_km(line).values()) if math.isnan(km) else km
        if math.isnan(cost) and line in self.road_openings:
            raise InputError(f"the cost of the road {line} is not known", file="lines.csv", column="cost")
        return self.parameters.value("rail_cost") * length if math.isnan(cost) else cost, length

    @cached_property
    def gateways(self) -> dict[str, dict[str, float]]:
        """Traffic of the base year by role and city, its gateways of a role summed: ``gateways["sea_port"][code]``.

        In the unit of gateways.csv, nan where it is not known; without that table there are none.
        """
        found: dict[str, dict[str, float]] = {role: {} for role in GATEWAYS}
        if "gateways" in self.tables:
            rows = self.tables["gateways"][["role", "region", "traffic"]].itertuples(index=False, name=None)
            for role, region, traffic in sorted(rows, key=lambda row: self.index(row[1])):
                found[role][region] = found[role].get(region, 0.0) + float(traffic)
        return found

    # --- paths, panels, parameters ----------------------------------------------------------------------------

    @cached_property
    def observed(self) -> pd.DataFrame:
        """The panel of region_values.csv for back-tests: region_id, year, variable, value, unit, source, status."""
        return self.tables["region_values"].rename(columns={"region": "region_id"}).astype({"year": np.int64})

    @cached_property
    def national(self) -> pd.DataFrame:
        """The national and world path: year, variable, value, unit, source, status."""
        return self.tables["national"].astype({"year": np.int64})

    @cached_property
    def last_year(self) -> int:
        """Last year the national path reaches."""
        return int(self.national["year"].max())

    def national_value(self, variable: str, year: int) -> float:
        """One value of the national path; a year outside the data is an `InputError` saying which years there are."""
        path = self._national_paths.get(variable)
        if path is None:
            hint = did_you_mean(variable, self._national_paths)
            raise InputError(f"unknown variable '{variable}'{hint}", file=NATIONAL.file, column="variable")
        if year not in path:
            allowed = f"{min(path)} to {max(path)}"
            raise InputError(f"no {variable} for {year}", file=NATIONAL.file, column="year", allowed=allowed)
        return path[year]

    @cached_property
    def _national_paths(self) -> dict[str, dict[int, float]]:
        paths: dict[str, dict[int, float]] = {}
        columns = (self.national[name].tolist() for name in ("variable", "year", "value"))
        for variable, year, value in zip(*columns, strict=True):
            paths.setdefault(variable, {})[year] = value
        return paths

    @property
    def targets(self) -> pd.DataFrame:
        """Targets of the plan with baselines and published values."""
        return self.tables["targets"]

    @cached_property
    def target_rows(self) -> list[dict[Hashable, Any]]:
        """The same row by row."""
        return self.targets.to_dict("records")

    @cached_property
    def parameters(self) -> Parameters:
        places = (*self.province_ids, REST_OF_COUNTRY, REST_OF_WORLD)
        return Parameters(self.tables["parameters"], self.sector_ids, places)

    def by_region(self, key: str) -> FloatArray:
        """A parameter that varies by province, spread to regions [region]."""
        return self.parameters.by_province(key)[self.province_of]

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """Share of data cells by how they are known: table, status, cells, share."""
        return coverage(self)


class _WithParameters(Mapping[str, pd.DataFrame]):
    """The tables of another world with other parameters, whose table is made when somebody asks for it."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], parameters: Parameters) -> None:
        self.tables: Mapping[str, pd.DataFrame] = tables.tables if isinstance(tables, _WithParameters) else tables
        self.parameters = parameters

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.parameters.frame if name == "parameters" else self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


def first_year(opens: str, base_year: int) -> float:
    """First year in which a line is open for at least half of the year, infinite without a day of opening.

    What opened until the end of the base year belongs to the base year.
    """
    if not opens:
        return math.inf
    day = dt.date.fromisoformat(opens)
    is_whole = day.year <= base_year or day < dt.date(day.year, 7, 2)  # source: the middle of a year
    return float(day.year if is_whole else day.year + 1)


def _frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """The array, contiguous and read-only: a world is shared and cached, nobody may change it by accident."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _pivot(
    table: pd.DataFrame, axes: Mapping[str, Sequence[str]], column: str = "value", empty: float = 0.0
) -> FloatArray:
    """Values of a long table as an array with one axis per key column; cells without a row get `empty`."""
    result = np.full(tuple(len(labels) for labels in axes.values()), empty)
    positions = tuple(pd.Index(labels).get_indexer(pd.Index(table[name])) for name, labels in axes.items())
    known = np.logical_and.reduce([position >= 0 for position in positions])
    result[tuple(position[known] for position in positions)] = table[column].to_numpy(np.float64)[known]
    return result


def _positions(ids: tuple[str, ...], names: tuple[str, ...]) -> dict[str, int]:
    """Where each id stands, and each name that only one has; an id wins over a name."""
    count = Counter(names)
    unique = {name: position for position, name in enumerate(names) if count[name] == 1}
    return unique | {word: position for position, word in enumerate(ids)}


def _unknown(word: str, ids: tuple[str, ...], names: tuple[str, ...], what: str) -> NoReturn:
    hint = did_you_mean(word, [*names, *ids])
    if word in names:
        same = [region for region, name in zip(ids, names, strict=True) if name == word]
        hint = f"; several have this name, use an id: {', '.join(same)}"
    raise InputError(f"unknown {what} '{word}'{hint}")
