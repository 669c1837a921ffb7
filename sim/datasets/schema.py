"""The tables of a data set: one description of every file and column.

The reader, the checks, the template and the data dictionary all work from this description, so a column is
described once. A data set is a folder of UTF-8 CSV files with a header, one value with its source and status per
row where it can be done, and a ``manifest.yaml``. Lines starting with ``#`` above the header are comments.

Units: money 100 million yuan, people 10,000 persons, time minutes, area km2, land price yuan per m2,
growth rates and deflators per cent a year, shares and elasticities as plain numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from sim.core.agreements import POLLUTANTS

Kind = Literal["id", "text", "number", "integer", "flag"]

REST_OF_COUNTRY: Final = "ROC"
REST_OF_WORLD: Final = "ROW"
EVERYWHERE: Final = "all"
"""The word in ``sector`` and ``place`` of parameters.csv for a value that does not vary."""

STATUSES: Final = ("sourced", "derived", "recalled", "imputed", "judgement")
"""How a number is known, from best to weakest; the only allowed words in a ``status`` column."""

REGION_KINDS: Final = ("city", "rest_of_country", "rest_of_world")
SECTOR_GROUPS: Final = ("primary", "secondary", "tertiary")
INTERMEDIATE, VALUE_ADDED, FINAL_USE = IO_BLOCKS = ("intermediate", "value_added", "final_use")
FACTOR_ROWS: Final = ("LAB", "TAX", "DEP", "SUR")
"""Value added by income: compensation of labour, net production tax, depreciation, operating surplus."""
FINAL_USES: Final = ("consumption", "government", "investment")

SHARE_TOLERANCE: Final = 1e-4  # unit: share; published coefficients carry five digits
"""A column of shares that misses one by less is renormalised and noted, otherwise refused."""
ROUNDING: Final = 1e-9
"""A miss this small is the rounding of the written digits: renormalised without a note."""

QUOTIENTS: Final = (0.01, 100.0)  # unit: 1, what a location quotient may be
MINUTES: Final = (1.0, 100_000.0)  # unit: minutes, what a travel time may be
GROWTH_LIMIT: Final = 50.0  # unit: per cent a year, more is taken for a slip of the decimal point

AMOUNTS: Final = ("100m_yuan", "10k_persons")
"""Units of figures that a part of a city has a share of; every other figure is a rate or a price, its city's."""
BASE_YEAR_VARIABLES: Final = {
    "resident_population": "10k_persons",
    "registered_population": "10k_persons",
    "own_revenue": "100m_yuan",
    "public_spending": "100m_yuan",
    "land_price": "yuan_per_m2",
}
"""Variables of region_values.csv that every city needs in the base year, with their unit."""

NATIONAL_PATHS: Final = {"real_growth": "%", "deflator": "%", "world_growth": "%"}
"""Variables of national.csv that are needed for every year after the base year, with their unit."""


def range_in_words(low: float, high: float) -> str | None:
    """The range in words; an end that is NaN is open, None when both are."""
    if math.isnan(low) and math.isnan(high):
        return None
    if math.isnan(high):
        return f"at least {low:g}"
    return f"at most {high:g}" if math.isnan(low) else f"{low:g} to {high:g}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what a cell may hold and what it means."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()
    """Tables whose first column lists the allowed ids; a name not ending in .csv is itself an allowed word."""
    required: bool = True
    """Every cell filled; otherwise empty cells are allowed (and the column may be left out)."""
    measured: bool = False
    """Holds data cells, counted by status in the coverage."""

    @property
    def allowed(self) -> str | None:
        """The allowed values in words, None where anything goes."""
        if self.values:
            return ", ".join(self.values)
        if self.kind == "flag":
            return "0 or 1"
        return range_in_words(*(math.nan if end is None else end for end in (self.low, self.high)))


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file of a data set."""

    file: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Columns that together name a row: they may not repeat."""
    required: bool = True

    @property
    def name(self) -> str:
        return self.file.removesuffix(".csv")

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _region(name: str, meaning: str) -> Column:
    return Column(name, "id", meaning, refers_to=("regions.csv",))


def _sector(meaning: str = "sector id") -> Column:
    return Column("sector", "id", meaning, refers_to=("sectors.csv",))


def _year(meaning: str) -> Column:
    return Column("year", "integer", meaning, low=1949, high=2100)  # unit: calendar years a table may hold


SOURCE = Column("source", "text", "publication or rule the number comes from")
STATUS = Column("status", "text", "how the number is known", values=STATUSES)
UNIT = Column("unit", "text", "unit of the value")
NAMES = (Column("name_en", "text", "English name"), Column("name_zh", "text", "Chinese name"))
DEGREES = (
    # unit: degrees
    Column("lon", "number", "longitude", "degrees east", -180, 180, measured=True),
    # unit: degrees
    Column("lat", "number", "latitude", "degrees north", -90, 90, measured=True),
)

REGIONS = Table(
    "regions.csv",
    "The cities, then the rest of the country (id ROC) and of the world (id ROW)",
    (
        Column("region", "id", "region id: an administrative code or a short word"),
        *NAMES,
        Column("kind", "text", "what the region is", values=REGION_KINDS),
        Column("province", "id", "province of a city, empty otherwise", refers_to=("provinces.csv",), required=False),
        # unit: degrees
        Column("lon", "number", "longitude", "degrees east", -180, 180, required=False, measured=True),
        # unit: degrees
        Column("lat", "number", "latitude", "degrees north", -90, 90, required=False, measured=True),
        Column("area_km2", "number", "land area", "km2", 0, required=False, measured=True),
        Column("buildable_land_km2", "number", "land that may be built on", "km2", 0, required=False, measured=True),
        Column("core27", "flag", "1 for a city of the plan's central area", required=False),
        Column("metro_area", "text", "metropolitan area, empty if none", required=False),
        SOURCE,
        STATUS,
    ),
    key=("region",),
)
PROVINCES = Table(
    "provinces.csv",
    "The provinces of the cities",
    (Column("province", "id", "province id"), *NAMES),
    key=("province",),
)
SECTORS = Table(
    "sectors.csv",
    "The industries, in the order used everywhere",
    (
        Column("sector", "id", "sector id"),
        *NAMES,
        Column("group", "text", "official group of three", values=SECTOR_GROUPS),
        Column("is_mobile", "flag", "1 when plants of the sector can move to another city"),
        SOURCE,
        STATUS,
    ),
    key=("sector",),
)
INPUT_OUTPUT = Table(
    "input_output.csv",
    "National coefficients per unit of output, and what final users buy; a row left out is zero. "
    "Inputs and value added of a sector sum to one, so does each final use",
    (
        Column("block", "text", "part of the table", values=IO_BLOCKS),
        Column(
            "row",
            "id",
            "the sector that sells; in block value_added one of LAB, TAX, DEP, SUR",
            refers_to=("sectors.csv", *FACTOR_ROWS),
        ),
        Column(
            "column",
            "id",
            "the sector that buys; in block final_use one of consumption, government, investment",
            refers_to=("sectors.csv", *FINAL_USES),
        ),
        Column("value", "number", "share of the column's total", "1", -1, 1, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("block", "row", "column"),
)


def _stock_table(file: str, meaning: str, value: str, unit: str) -> Table:
    return Table(
        file,
        meaning,
        (
            _region("region", "a city or ROC"),
            _sector(),
            Column("value", "number", value, unit, 0, measured=True),
            SOURCE,
            STATUS,
        ),
        key=("region", "sector"),
    )


VALUE_ADDED_TABLE = _stock_table(
    "value_added.csv",
    "Value added of the base year, production tax included, every city and ROC by sector",
    "value added",
    "100m_yuan",
)
EMPLOYMENT = _stock_table("employment.csv", "Employment of the base year", "employment", "10k_persons")
CAPITAL = _stock_table("capital.csv", "Capital stock at the start of the base year", "capital", "100m_yuan")
LOCATION_QUOTIENTS = Table(
    "location_quotients.csv",
    "How far a province leans to a sector: the tilt of the split of the three official groups into sectors; "
    "a pair left out is one",
    (
        Column("province", "id", "province id", refers_to=("provinces.csv",)),
        _sector(),
        Column("value", "number", "share in the province over share in the nation", "1", *QUOTIENTS, measured=True),
        Column("low", "number", "lower end of the range", "1", *QUOTIENTS),
        Column("high", "number", "upper end of the range", "1", *QUOTIENTS),
        SOURCE,
        STATUS,
    ),
    key=("province", "sector"),
)
REGION_VALUES = Table(
    "region_values.csv",
    "Other figures by region and year. Base year, every city: "
    + ", ".join(f"{name} [{unit}]" for name, unit in BASE_YEAR_VARIABLES.items())
    + "; anything else is used for back-tests and figures",
    (
        _region("region", "region id"),
        _year("calendar year"),
        Column("variable", "id", "what is measured"),
        Column("value", "number", "value", measured=True),
        UNIT,
        SOURCE,
        STATUS,
    ),
    key=("region", "year", "variable"),
)
TRAVEL_TIMES = Table(
    "travel_times.csv",
    "Door-to-door minutes between all pairs, own time included; one direction is enough when the manifest says "
    "symmetric_travel_times: true",
    (
        _region("origin", "where the trip starts"),
        _region("destination", "where it ends"),
        Column("freight_minutes", "number", "time of goods", "minutes", *MINUTES, measured=True),
        Column("passenger_minutes", "number", "time of persons", "minutes", *MINUTES, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("origin", "destination"),
)
NATIONAL = Table(
    "national.csv",
    "The path of the nation and the world; after the base year "
    + ", ".join(f"{name} [{unit}]" for name, unit in NATIONAL_PATHS.items())
    + " for every year up to the last",
    (
        _year("calendar year"),
        Column("variable", "id", "what is measured"),
        Column("value", "number", "value", measured=True),
        UNIT,
        SOURCE,
        STATUS,
    ),
    key=("year", "variable"),
)
TARGETS = Table(
    "targets.csv",
    "Targets of the plan with their baseline and the values published since",
    (
        Column("target", "id", "target id"),
        Column("place", "id", "region, province or group of cities the target is for"),
        _year("year of the value"),
        Column("value", "number", "value", measured=True),
        UNIT,
        Column("direction", "text", "which side of the value is the good one"),
        Column("kind", "text", "what the value is", values=("target", "baseline", "published")),
        Column("name_en", "text", "English name", required=False),
        Column("name_zh", "text", "Chinese name", required=False),
        SOURCE,
        STATUS,
    ),
    key=("target", "place", "year", "kind"),
)
PARAMETERS = Table(
    "parameters.csv",
    "One row, one number: every elasticity, rate and share of the model. A row for a sector or a place overrides "
    "the row `all`",
    (
        Column("key", "id", "name of the parameter"),
        Column("sector", "id", "sector, or all", refers_to=("sectors.csv", EVERYWHERE)),
        Column(
            "place",
            "id",
            "province, ROC or ROW, or all",
            refers_to=("provinces.csv", REST_OF_COUNTRY, REST_OF_WORLD, EVERYWHERE),
        ),
        Column("value", "number", "value", measured=True),
        Column("low", "number", "lowest value that makes sense", required=False),
        Column("high", "number", "highest value that makes sense", required=False),
        UNIT,
        Column("meaning", "text", "what it is"),
        SOURCE,
        STATUS,
    ),
    key=("key", "sector", "place"),
)
PARTS = Table(
    "parts.csv",
    "Optional: parts of cities that a scenario may carve out as places of their own (world.carve)",
    (
        Column("part", "id", "part id: an administrative code or a short word, not the id of a region"),
        _region("parent", "the city that it is a part of"),
        *NAMES,
        *DEGREES,
        Column("area_km2", "number", "land area", "km2", 0, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("part",),
    required=False,
)
PART_SHARES = Table(
    "part_shares.csv",
    "What a part takes of its city: value_added (or value_added_primary, _secondary and _tertiary), employment, "
    "capital, buildable_land_km2, and amounts of region_values.csv. Needed are value_added and resident_population; "
    "without a row, people go by residents, money, workers and capital by value added, land by area",
    (
        Column("part", "id", "part id", refers_to=("parts.csv",)),
        Column("variable", "id", "what is shared"),
        Column("value", "number", "share of the city", "1", 0, 1, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("part", "variable"),
    required=False,
)
PART_TIMES = Table(
    "part_travel_times.csv",
    "Door-to-door minutes from or to parts, both ways; without a row a part's time is its city's, and between parts of "
    "one city that city's own",
    (
        Column("origin", "id", "where the trip starts", refers_to=("regions.csv", "parts.csv")),
        Column("destination", "id", "where it ends", refers_to=("regions.csv", "parts.csv")),
        Column("freight_minutes", "number", "time of goods", "minutes", *MINUTES, measured=True),
        Column("passenger_minutes", "number", "time of persons", "minutes", *MINUTES, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("origin", "destination"),
    required=False,
)
GROUPS = Table(
    "groups.csv",
    "Optional: groups of cities by name, wherever a policy takes cities",
    (
        Column("group", "id", "group id: one word"),
        Column("region", "id", "a city, or a part of one", refers_to=("regions.csv", "parts.csv")),
        Column("name_en", "text", "English name of the group", required=False),
        Column("name_zh", "text", "Chinese name of the group", required=False),
        SOURCE,
    ),
    key=("group", "region"),
    required=False,
)
FLOWS = Table(
    "flows.csv",
    "Observed trade by sector; optional: trade costs are then inverted from it instead of computed from distance",
    (
        _sector(),
        _region("origin", "the seller"),
        _region("destination", "the buyer"),
        Column("value", "number", "sales", "100m_yuan", 0, measured=True),
    ),
    key=("sector", "origin", "destination"),
    required=False,
)
MIGRATION = Table(
    "migration.csv",
    "Observed moves of a year between cities and ROC; optional: what moving costs is then inverted from it instead of "
    "computed from distance and censuses. A pair left out is zero: nobody moves there in any year",
    (
        _region("origin", "where people leave, a city or ROC"),
        _region("destination", "where they arrive, a city or ROC"),
        Column("people", "number", "people who move in a year", "10k_persons", 0, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("origin", "destination"),
    required=False,
)

MODES: Final = ("rail", "road", "water")
DATE_STATUSES: Final = ("open", "planned", "unknown")
GATEWAYS: Final = ("border", "sea_port", "airport")
TIMETABLE: Final = "timetable"
"""The word in ``line`` of trains.csv for a train of the base year."""
TRAIN_KINDS: Final = ("fast", "slow", "stated", "check")

NODES = Table(
    "nodes.csv",
    "Stations and ports where lines begin, meet or end, the main one of a region first; optional, with lines.csv and "
    "links.csv: travel times then change when lines open",
    (
        Column("node", "id", "node id"),
        Column("region", "id", "region it lies in, empty outside", refers_to=("regions.csv",), required=False),
        *NAMES,
        *DEGREES,
        Column("access_minutes", "number", "more than a usual way to the station from the seat", "minutes", 0),
        SOURCE,
        STATUS,
    ),
    key=("node",),
    required=False,
)
LINES = Table(
    "lines.csv",
    "Lines of the network, those of the base year, those opened since and those planned",
    (
        Column("line", "id", "line id"),
        *NAMES,
        Column("mode", "text", "what travels on it", values=MODES),
        Column("km", "number", "length of the whole line", "km", 0, required=False, measured=True),
        Column("design_kmh", "number", "design speed", "km per hour", 0, required=False, measured=True),
        Column("begins", "text", "day on which building began, as 2020-06-05", required=False),
        Column("opens", "text", "day of opening, as 2024-12-26", required=False),
        Column("date_status", "text", "whether it is open", values=DATE_STATUSES),
        # unit: calendar years
        Column("planned", "integer", "year in which it is to open", low=1949, high=2100, required=False),
        Column("cost", "number", "building cost", "100m_yuan", 0, required=False, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("line",),
    required=False,
)
LINKS = Table(
    "links.csv",
    "The links of every line in order, from node to node; travelled both ways",
    (
        Column("line", "id", "line id", refers_to=("lines.csv",)),
        Column("position", "integer", "number of the link on its line, from 1", low=1),
        Column("origin", "id", "node where it begins", refers_to=("nodes.csv",)),
        Column("destination", "id", "node where it ends", refers_to=("nodes.csv",)),
        Column("km", "number", "length", "km", 0, measured=True),
        Column("minutes", "number", "running time", "minutes", 0, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("line", "position"),
    required=False,
)
ROUTES = Table(
    "routes.csv",
    "Through routes: trains run from line to line along these nodes without a change, as far as the lines are open",
    (
        Column("route", "id", "route id"),
        Column("position", "integer", "number of the node on the route, from 1", low=1),
        Column("node", "id", "node id", refers_to=("nodes.csv",)),
        SOURCE,
        STATUS,
    ),
    key=("route", "position"),
    required=False,
)
TRAINS = Table(
    "trains.csv",
    "Fastest direct trains between two regions, both ways. fast: a multiple unit of the base year, taken as it is; "
    "slow: other trains of the base year; stated: runs once its line is open; check: only held against the rule",
    (
        Column("line", "id", "line after whose opening it runs, or timetable", refers_to=("lines.csv", TIMETABLE)),
        _region("origin", "one end"),
        _region("destination", "the other end"),
        Column("minutes", "number", "time in the train", "minutes", 0, measured=True),
        Column("kind", "text", "what it is", values=TRAIN_KINDS),
        SOURCE,
        STATUS,
    ),
    key=("line", "origin", "destination"),
    required=False,
)
GATEWAY_TABLE = Table(
    "gateways.csv",
    "Ports, airports and border junctions through which the rest of the world and of the country are reached",
    (
        _region("region", "city that has it"),
        Column("role", "text", "what it is", values=GATEWAYS),
        Column("name", "text", "name"),
        Column(
            "traffic",
            "number",
            "what went through it in the base year, for all of a role or for none",
            low=0,
            required=False,
            measured=True,
        ),
        Column("unit", "text", "unit of the traffic, the same for all of a role", required=False),
        SOURCE,
        STATUS,
    ),
    key=("region", "role", "name"),
    required=False,
)
CROSSINGS = Table(
    "crossings.csv",
    "Optional, with lines.csv: courses of waters, point by point, and the bridges and tunnels of roads across them",
    (
        Column("water", "id", "water id"),
        Column("position", "integer", "number of the point on its course, from 1", low=1),
        *DEGREES,
        Column("bridge", "text", "crossing here, empty for a bend of the water only", required=False),
        Column("line", "id", "road that it opens with, empty if open in the base year", refers_to=("lines.csv",),
               required=False),
        SOURCE,
        STATUS,
    ),
    key=("water", "position"),
    required=False,
)  # fmt: skip
RIVERS = Table(
    "rivers.csv",
    "Optional, with river_quality.csv: river sections, each at the lower end of a city's stretch, and where their "
    "water goes next",
    (
        Column("section", "id", "section id"),
        *NAMES,
        Column("river", "text", "river, canal or lake"),
        _region("city", "city whose load enters above the section"),
        Column("downstream", "id", "next section, empty at the sea", refers_to=("rivers.csv",), required=False),
        Column("length_km", "number", "way to the next section or the sea", "km", 0, measured=True),
        Column("days", "number", "time that the water takes for it", "days", 0, measured=True),
        Column("load_share", "number", "share of the city's load that enters here", "1", 0, 1, measured=True),
        # unit: share, below one so that the flow is finite
        Column("outside", "number", "share of the base year's flow from elsewhere", "1", 0, 0.99, measured=True),
        SOURCE,
        STATUS,
    ),
    key=("section",),
    required=False,
)
RIVER_QUALITY = Table(
    "river_quality.csv",
    "Water of the base year at every section, pollutant by pollutant",
    (
        Column("section", "id", "section id", refers_to=("rivers.csv",)),
        Column("pollutant", "text", "what is measured", values=POLLUTANTS),
        Column("concentration", "number", "mean of the base year", "mg/l", 0, measured=True),
        Column("standard", "number", "most that the section may have, empty if not judged", "mg/l", 0, required=False),
        SOURCE,
        STATUS,
    ),
    key=("section", "pollutant"),
    required=False,
)

TABLES: Final = {
    table.name: table
    for table in (
        REGIONS,
        PROVINCES,
        SECTORS,
        INPUT_OUTPUT,
        VALUE_ADDED_TABLE,
        LOCATION_QUOTIENTS,
        EMPLOYMENT,
        CAPITAL,
        REGION_VALUES,
        TRAVEL_TIMES,
        NATIONAL,
        TARGETS,
        PARAMETERS,
        PARTS,
        PART_SHARES,
        PART_TIMES,
        GROUPS,
        FLOWS,
        MIGRATION,
        NODES,
        LINES,
        LINKS,
        ROUTES,
        TRAINS,
        GATEWAY_TABLE,
        CROSSINGS,
        RIVERS,
        RIVER_QUALITY,
    )
}
"""All tables by name (the file name without .csv), in the order in which they are checked."""
