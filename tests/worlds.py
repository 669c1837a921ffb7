"""Small runs for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pandas as pd

from sim.calibration import calibrate
from sim.config import RunConfig
from sim.datasets import World, three_cities
from sim.mechanisms.base_year import BaseYear
from sim.year import Simulation

TRANSFER = {
    "start": 2020,
    "end": 2030,
    "origins": ["PRT"],
    "destinations": ["VAL"],
    "sectors": ["MAN"],
    "pace": 0.04,
    "origin_share": 0.5,
    "term": 5,
}
INTEGRATION = {"start": 2020, "end": 2024, "reduction": 1.0}
LINE = {
    "cost": 20.0, "price_year": 2020, "begin": 2020, "finish": 2021, "opening": 2022,
    "works": {"PRT": 0.25, "VAL": 0.75}, "length": {"PRT": 40, "VAL": 60}, "split": "gdp", "central_share": 0.2,
    "minutes": {"PRT-VAL": 70}, "access": 65, "freight_minutes": {"PRT-VAL": [500, 450]},
}  # fmt: skip
PLANT = {
    "cost": 12.0, "price_year": 2019, "begin": 2020, "finish": 2022, "opening": 2023, "works": {"VAL": 1.0},
    "parties": ["PRT", "MIL"], "split": {"PRT": 0.7, "MIL": 0.3},
    "saving": {"sector": "MAN", "capacity": 1000, "value": 600, "shares": {"PRT": 0.5, "MIL": 0.5}},
}  # fmt: skip
BERTHS = {
    "cost": 8.0, "price_year": 2019, "begin": 2020, "finish": 2021, "opening": 2022, "works": {"PRT": 1.0},
    "parties": ["PRT", "MIL"], "sea_port": {"PRT": 3.0},
}  # fmt: skip
PROJECTS = {"start": 2020, "end": 2030, "projects": {"line": LINE, "plant": PLANT, "berths": BERTHS}}
SHARING = {
    "start": 2020,
    "end": 2030,
    "contracts": {
        "zone": {
            "parties": ["PRT", "MIL"], "base": "tax_increment", "indexed": "cpi", "schedule": 0.8, "revised_every": 3,
            "key": {"contribution": 0.5, "population": 0.25, "capital": 0.25}, "floor": 0.05,
        },
        "firm": {
            "parties": ["PRT", "MIL", "VAL"], "base": "corporate_tax", "schedule": 1.0, "head": "PRT",
            "part": {"PRT": 0.1, "MIL": 0.3, "VAL": 0.2}, "sectors": ["MAN"],
            "key": {"head": 0.25, "output": 0.175, "wages": 0.175, "capital": 0.15, "localities": 0.25},
        },
        "blend": {"parties": "all", "base": "sales_tax", "key": "destination", "schedule": 0.5, "end": 2025},
        "equalisation": {
            "parties": "all", "base": "capacity", "key": "shortfall", "schedule": 0.5, "cap": 30.0, "indexed": "gdp",
        },
        "park": {
            "parties": ["MIL", "VAL"], "hosts": ["VAL"], "covers": "all", "key": "equity", "schedule": 0.4,
            "weights": {"MIL": 0.6, "VAL": 0.4}, "plough_back": {2020: 0.6, 2024: 0.1}, "gdp_attribution": 0.5,
            "dispute": {"probability": 0.5, "withheld": 0.8, "delay": 2, "upheld": 0.5},
        },
        "services": {"parties": "all", "base": "absent_services", "key": "guests", "schedule": 0.1},
    },
}  # fmt: skip
TRADE_ZONE = {
    "start": 2020, "end": 2030, "cities": ["MIL"], "sectors": ["MAN"], "external_cut": 0.1,
    "tax_relief": {2020: 0.4, 2024: 0.2}, "productivity": 0.1, "foreign_investment": 0.02,
}  # fmt: skip
RECEIVERS = ["VAL"]
"""Who gains by these contracts, and by a common capital market."""
LAND = {
    "start": 2020, "end": 2024, "buyers": {"PRT": 6000, "MIL": 3000}, "sellers": {"VAL": 1.0},
    "price": {"CO": 500000, "IN": 300000}, "reclaiming": 100000, "idle": {"MIL": 500},
}  # fmt: skip
WATER = {
    "section": "upper",
    "upstream": "VAL",
    "downstream": "PRT",
    "amount": 2.0,
    "extra": 1.0,
    "indexed": "parties",
}
POLICIES: dict[str, dict[str, Any]] = {
    "assessment_reform": {"start": 2020, "end": 2030, "weight": 1.0},
    "blue_sky": {"start": 2020, "end": 2022, "cut": 0.3},
    "entry_standards": {"start": 2020, "end": 2030, "enforcement": 1.0, "standard": 0.5},
    "free_relocation": {"start": 2020, "end": 2030, "reduction": 1.0, "cities": ["PRT", "MIL", "VAL"]},
    "free_trade_zone": TRADE_ZONE,
    "harmonised_rules": {"start": 2020, "end": 2030, "reduction": 1.0},
    "hukou_reform": {"start": 2020, "end": 2022, "opening": 1.0},
    "industry_transfer": TRANSFER,
    "joint_projects": PROJECTS,
    "land_quota_trade": LAND,
    "market_integration": INTEGRATION,
    "metro_areas": {
        "start": 2020,
        "end": 2022,
        "integration": 1.0,
        "time_saved": 0.2,
        "areas": {"coast": ["PRT", "MIL"]},
    },
    "rail_lines": {"start": 2020, "end": 2030, "lines": "all"},
    "rural_revitalisation": {
        "start": 2020,
        "end": 2024,
        "gain": 0.1,
        "exit": 0.3,
        "spending": 300.0,
        "central_share": 0.5,
    },
    "river_contract": {
        "start": 2020, "end": 2030, "contracts": {
            "reward": {"start": 2021, "end": 2030, "water": WATER},
            "spoilt": {
                "start": 2020, "end": 2024,
                "water": {
                    "section": "middle", "upstream": "MIL", "downstream": "PRT", "rule": "damages", "amount": 3.0,
                    "stability": 1.2,
                },
            },
        },
    },
    "xinan_compensation": {
        "start": 2020, "end": 2030, "contracts": {
            "round": {"start": 2018, "end": 2030, "water": WATER | {"indexed": "none"}, "central": {2020: 2.0}},
        },
    },
    "service_floor": {"start": 2020, "end": 2030, "floor": 1.6},
    "service_sharing": {"start": 2020, "end": 2022, "portability": 0.5},
    "tax_sharing": SHARING,
    "standards_recognition": {"start": 2020, "end": 2022, "recognition": 1.0, "cuts": {"AGR": 0.05, "MAN": 0.03}},
    "toll_gates": {"start": 2020, "end": 2020, "minutes": 10.0},
    "customs_union": {
        "start": 2020, "end": 2022, "reduction": 0.3, "sectors": ["AGR", "MAN"], "export_hours": 30, "import_hours": 49,
        "export_charge": 0.01, "import_charge": 0.01, "day_cost": 0.013,
    },
    "capital_market": {"start": 2020, "end": 2022, "reduction": 0.5},
    "technology_market": {"start": 2020, "end": 2022, "link": 1.0},
    "dual_control": {"start": 2020, "end": 2022, "right": "energy", "cut": 0.1},
    "rights_trading": {
        "start": 2020, "end": 2022, "right": "carbon", "cut": 0.2,
        "allocation": {"grandfathering": 0.25, "per_head": 0.25, "per_gdp": 0.25, "auction": 0.25},
    },
    "innovation_community": {
        "start": 2020, "end": 2022, "link": 1.0, "support": 0.001, "centres": {"PRT": 0.002},
        "fund": 0.001, "fund_sites": {"MIL": 1.0}, "gain_share": 0.5,
    },
    "g60_corridor": {"start": 2020, "end": 2022, "link": 1.0, "support": 0.001, "cities": ["PRT", "MIL"]},
    "digital_delta": {"start": 2020, "end": 2022, "network": 0.3, "adoption": 0.5},
    "opening_hub": {
        "start": 2020, "end": 2022, "opening": 1.0, "sectors": ["SRV"], "export_cut": 0.1, "import_cut": 0.1,
        "cities": ["PRT"], "foreign_investment": 0.03,
    },
}  # fmt: skip


NETWORK = {
    "nodes": [
        ("port", "PRT", 121.5, 31.2, 0.0), ("mill", "MIL", 120.3, 31.5, 0.0), ("mill_s", "MIL", 120.4, 31.1, 20.0),
        ("vale", "VAL", 117.3, 31.9, 0.0), ("far", "", 115.0, 32.0, 0.0),
    ],
    "lines": [
        ("old", "rail", "2012-05-01", "open", None), ("inland", "rail", "2019-12-28", "open", None),
        ("east", "rail", "2020-01-10", "open", None), ("direct", "rail", "", "planned", 2024),
        ("someday", "rail", "", "unknown", None), ("bridge", "road", "2021-03-01", "open", None),
        ("river", "water", "1950-01-01", "open", None),
    ],
    "links": [
        ("old", 1, "port", "mill", 130.0, 40.0), ("inland", 1, "mill", "vale", 320.0, 90.0),
        ("east", 1, "port", "mill_s", 110.0, 25.0), ("east", 2, "mill_s", "vale", 330.0, 50.0),
        ("direct", 1, "port", "vale", 400.0, 60.0), ("someday", 1, "vale", "mill", 300.0, 70.0),
        ("bridge", 1, "port", "mill", 100.0, 70.0), ("river", 1, "port", "mill", 150.0, 700.0),
    ],
    "routes": [("across", 1, "port"), ("across", 2, "mill"), ("across", 3, "vale")],
    "trains": [
        ("timetable", "PRT", "MIL", 35.0, "fast"), ("timetable", "MIL", "VAL", 240.0, "slow"),
        ("direct", "PRT", "VAL", 58.0, "stated"), ("east", "PRT", "VAL", 80.0, "check"),
    ],
    "gateways": [("PRT", "sea_port", "Port", 9.0), ("PRT", "airport", "Field", None), ("VAL", "border", "Pass", None)],
}  # fmt: skip
"""A railway from the port by Milltown to the valley, and what is to come; by hand."""
COLUMNS = {
    "nodes": ("node", "region", "lon", "lat", "access_minutes"),
    "lines": ("line", "mode", "opens", "date_status", "planned"),
    "links": ("line", "position", "origin", "destination", "km", "minutes"),
    "routes": ("route", "position", "node"),
    "trains": ("line", "origin", "destination", "minutes", "kind"),
    "gateways": ("region", "role", "name", "traffic"),
}


def network(**changed: Any) -> dict[str, pd.DataFrame]:
    """The tables of the small network; ``links=[...]`` and the like put other rows in a table's place."""
    rows = NETWORK | changed
    tables = {name: pd.DataFrame(rows[name], columns=list(COLUMNS[name])) for name in NETWORK}
    for name in ("nodes", "lines"):
        tables[name] = tables[name].assign(name_en="name", name_zh="名")
    return tables


STRAIT = [("strait", 1, 121.0, 30.0, "", ""), ("strait", 2, 121.0, 31.3, "new bridge", "bridge"),
          ("strait", 3, 121.0, 32.5, "old bridge", ""), ("strait", 4, 121.0, 33.0, "", "")]  # fmt: skip
"""A water east of Milltown: the port is reached by a bridge far to the north, until the road opens."""


def strait_world(points: list[tuple[Any, ...]] = STRAIT) -> World:
    """The small network with a water that its road crosses."""
    crossings = pd.DataFrame(points, columns=["water", "position", "lon", "lat", "bridge", "line"])
    world = three_cities()
    tables = {**world.tables, **network(), "crossings": crossings}
    return World.from_tables(name=world.name, base_year=world.base_year, **tables)


def small_world(**changed: Any) -> World:
    """The three cities with the small network."""
    world = three_cities()
    tables = dict(world.tables)
    return World.from_tables(name=world.name, base_year=world.base_year, **tables, **network(**changed))


@cache
def small_base() -> BaseYear:
    """The three-city world with a network, calibrated once."""
    return calibrate(small_world())


def small_model(
    policies: Mapping[str, Any] | None = None,
    *,
    base: BaseYear | None = None,
    growth: Mapping[int, float] | None = None,
    **config: Any,
) -> Simulation:
    """A model of the three-city world."""
    values = {"scenario": "test", "horizon": 2027, "policies": dict(policies or {}), **config}
    return Simulation(RunConfig.judge(values), base=base or small_base(), growth=growth)


@cache
def small_reference() -> Simulation:
    """The three-city world without policies, run to its horizon; do not change it."""
    model = small_model()
    model.run()
    return model
