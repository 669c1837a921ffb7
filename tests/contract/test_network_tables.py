"""Tables of a network: what loads, and one clear line for everything that can be wrong with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim.core.errors import InputError
from sim.datasets import World, check_folder, write_template
from sim.datasets.check_network import components
from tests.worlds import NETWORK, STRAIT, network, small_world, strait_world


def rows(table: str, *, change: dict[int, dict[int, Any]] | None = None, add: tuple[Any, ...] = ()) -> list[Any]:
    """Rows of a table of the small network with some cells changed by row and column, and rows added."""
    found = [list(row) for row in NETWORK[table]]
    for row, cells in (change or {}).items():
        for column, cell in cells.items():
            found[row][column] = cell
    return [*found, *add]


def test_a_network_is_read_as_it_was_given() -> None:
    world = small_world()
    assert world.line_ids == ("old", "inland", "east", "direct", "someday", "bridge", "river")
    assert world.rail_openings == {"east": (True, 2020), "direct": (False, 2024), "someday": (False, None)}
    assert world.line_km("east") == {"PRT": 55.0, "MIL": 220.0, "VAL": 165.0}
    assert world.rail_cost("east") == (2.0 * 440.0, 440.0)
    assert world.line_opening.tolist()[:3] == [2012.0, 2019.0, 2020.0]


def test_a_network_changes_the_content_hash_and_no_base_year_figure() -> None:
    bare, world = World.load("three_cities"), small_world()
    assert bare.content_hash != world.content_hash
    assert (bare.travel_time_passenger == world.travel_time_passenger).all()
    assert bare.n_lines == 0
    assert bare.rail_openings == {}


BROKEN = {
    "disconnected today": (
        {"links": rows("links", change={1: {2: "vale", 3: "far"}}), "trains": rows("trains")[:1]},
        "links.csv, column origin: disconnected network in the base year: by rail nobody gets from VAL, far and 1 more "
        "to the other places (allowed: one network)",
    ),
    "disconnected later": (
        {
            "nodes": rows("nodes", add=(("isle", "", 123.0, 30.0, 0.0), ("reef", "", 123.1, 30.0, 0.0))),
            "links": rows("links", change={5: {2: "isle", 3: "reef"}}),
        },
        "disconnected network with all lines: by rail nobody gets from isle, reef to the other places",
    ),
    "negative running time": (
        {"links": rows("links", change={0: {5: -4.0}})},
        "links.csv, row 2, column minutes: negative running time: -4 (allowed: at least 0)",
    ),
    "negative time of a train": (
        {"trains": rows("trains", change={0: {3: -1.0}})},
        "trains.csv, row 2, column minutes: negative time in the train: -1",
    ),
    "no day": (
        {"lines": rows("lines", change={2: {2: "2020-13-01"}})},
        "lines.csv, row 4, column opens: '2020-13-01' is no day (allowed: a day as 2024-12-26)",
    ),
    "open without a day": (
        {"lines": rows("lines", change={2: {2: ""}})},
        "lines.csv, row 4, column opens: east is open, but there is no day of opening",
    ),
    "a day without being open": (
        {"lines": rows("lines", change={3: {2: "2024-01-01"}})},
        "lines.csv, row 5, column date_status: direct is planned, but has a day of opening (allowed: open, or no day)",
    ),
    "a gap in the course": (
        {"links": rows("links", change={3: {2: "mill"}})},
        "links.csv, row 5, column origin: east does not go on where its last link ends (allowed: mill_s)",
    ),
    "numbers of the links": (
        {"links": rows("links", change={3: {1: 5}})},
        "links.csv, row 4, column position: the links of east are not numbered 1, 2, 3 ...",
    ),
    "unknown node": (
        {"links": rows("links", change={0: {3: "mil"}})},
        "links.csv, row 2, column destination: unknown node 'mil'; did you mean mill",
    ),
    "unknown line": (
        {"trains": rows("trains", change={2: {0: "dirct"}})},
        "trains.csv, row 4, column line: unknown line 'dirct'; did you mean direct",
    ),
    "a route without rails": (
        {"routes": [("across", 1, "port"), ("across", 2, "far")]},
        "routes.csv, row 3, column node: across: no railway from port to far",
    ),
    "a link to itself": (
        {"links": rows("links", change={4: {3: "port"}})},
        "links.csv, row 6, column destination: goes from port to itself",
    ),
    "a train to itself": (
        {"trains": rows("trains", change={0: {2: "PRT"}})},
        "trains.csv, row 2, column destination: goes from PRT to itself",
    ),
    "a train twice": (
        {"trains": rows("trains", add=(("timetable", "MIL", "PRT", 30.0, "fast"),))},
        "trains.csv, row 6, column origin: MIL and PRT are already in row 2",
    ),
    "no way out": (
        {"gateways": rows("gateways")[:2]},
        "gateways.csv, column role: there is no border: nobody reaches the outside",
    ),
    "traffic of some ports": (
        {"gateways": rows("gateways", add=(("VAL", "sea_port", "Quay", None),))},
        "gateways.csv, row 5, column traffic: the traffic of this sea port is missing, others have theirs "
        "(allowed: the traffic of every sea port, or of none)",
    ),
    "a port without traffic": (
        {"gateways": rows("gateways", change={0: {3: 0.0}})},
        "gateways.csv, row 2, column traffic: nothing goes through this sea port (allowed: above 0)",
    ),
    "unknown mode": (
        {"lines": rows("lines", change={0: {1: "air"}})},
        "lines.csv, row 2, column mode: unknown word 'air' (allowed: rail, road, water)",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_with_a_network_is_one_line(case: str) -> None:
    changed, message = BROKEN[case]
    with pytest.raises(InputError) as raised:
        small_world(**changed)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (1, 5, "brige", "column line: unknown line 'brige'; did you mean bridge"),
        (1, 5, "east", "column line: east is no road .allowed: a road of lines.csv, or empty"),
        (1, 4, "", "column bridge: bridge crosses at a point without a bridge"),
        (3, 1, 5, "the points of strait are not numbered 1, 2, 3"),
        (2, 4, "", "column bridge: no bridge of the base year crosses strait"),
        (0, 2, 200.0, "column lon: .*200"),
    ],
)
def test_what_is_wrong_with_a_crossing_is_one_line(row: int, column: int, value: Any, message: str) -> None:
    points = [list(point) for point in STRAIT]
    points[row][column] = value
    with pytest.raises(InputError, match=f"crossings.csv.*{message}") as raised:
        strait_world([tuple(point) for point in points])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("begins", "opens", "status", "planned", "message"),
    [
        (
            "2021-06-01",
            "2021-05-31",
            "open",
            None,
            "opens on 2021-05-31, before it exists: building begins on 2021-06-01",
        ),
        ("2030-01-01", "", "planned", 2028, "is to open in 2028, before it exists: building begins on 2030-01-01"),
    ],
)
def test_a_line_cannot_open_before_it_exists(begins: str, opens: str, status: str, planned: Any, message: str) -> None:
    frames = network()
    lines = frames["lines"].assign(begins="")
    lines.loc[3, ["begins", "opens", "date_status", "planned"]] = begins, opens, status, planned
    tables = dict(World.load("three_cities").tables)
    with pytest.raises(InputError, match=f"lines.csv, row 5.*direct {message}"):
        World.from_tables(base_year=2019, **tables, **{**frames, "lines": lines})


def test_a_network_needs_all_its_tables(tmp_path: Path) -> None:
    write_template(tmp_path / "mine")
    network()["nodes"].assign(source="here", status="judgement").to_csv(tmp_path / "mine" / "nodes.csv", index=False)
    said = [str(error) for error in check_folder(tmp_path / "mine")]
    assert [re.sub(r":.*", "", line) for line in said] == [
        f"{name}.csv" for name in ("lines", "links", "routes", "trains", "gateways")
    ]
    assert "a network has all of nodes, lines, links" in said[0]


def test_components_are_the_parts_of_a_graph() -> None:
    assert components([("a", "b"), ("c", "d"), ("b", "e")]) == [["a", "b", "e"], ["c", "d"]]
    assert components([]) == []


def test_every_opening_of_the_facts_is_a_line_with_its_day() -> None:
    """41 lines of rail, every one with true dates where it has opened."""
    world = World.load("yangtze_delta")
    lines = world.tables["lines"].set_index("line")
    assert lines.loc["husuhu", ["opens", "km", "cost", "design_kmh"]].tolist() == ["2024-12-26", 164.0, 380.0, 350.0]
    assert lines.loc["hutong_1", "opens"] == "2020-07-01"
    assert set(lines.loc[lines["date_status"] == "open", "opens"].str.fullmatch(r"\d{4}-\d\d-\d\d")) == {True}
    opened = [line for line, (is_open, _) in world.rail_openings.items() if is_open]
    planned = [line for line, (is_open, year) in world.rail_openings.items() if not is_open and year]
    assert len(opened) == 15  # Anqing-Jiujiang and Huangshan-Nanchang only leave the region
    assert len(planned) == 10
    assert pd.isna(lines.loc["hexin", "planned"])
    sources = lines["source"].str.len()
    assert (sources > 0).all()
