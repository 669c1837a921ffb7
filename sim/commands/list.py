"""``sim list``: what there is to choose from."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from sim.commands import common
from sim.core.errors import InputError

Rows = list[dict[str, Any]]


def parser() -> common.Parser:
    made = common.parser("list", "what there is to choose from")
    made.add_argument("what", metavar="WHAT", help=" | ".join(LISTS))
    made.add_argument(
        "--world", metavar="DATASET", default="yangtze_delta", help="data set, its folder, or a choice of world"
    )
    made.add_argument("--scenario-dir", metavar="DIR", help="a folder of your own scenarios")
    return made


def execute(arguments: argparse.Namespace) -> int:
    what = common.choose(arguments.what, list(LISTS), "list")
    rows = LISTS[what](arguments)
    common.emit(arguments, rows, common.table(rows))
    return 0


def scenarios(arguments: argparse.Namespace) -> Rows:
    from sim.compose import read_yaml, scenarios

    found = {name: read_yaml(path) for name, path in scenarios(arguments.scenario_dir).items()}
    return [
        {"scenario": name, "reference": raw.get("reference") or "", "title": raw.get("title", "")}
        for name, raw in found.items()
    ]


def studies(arguments: argparse.Namespace) -> Rows:
    from sim.compose import read_yaml
    from sim.experiments.ensemble.spec import studies

    found = {name: read_yaml(path) for name, path in studies(arguments.scenario_dir).items()}
    return [
        {"study": name, "scenario": raw.get("scenario", ""), "title": raw.get("title", "")}
        for name, raw in found.items()
    ]


def policies(arguments: argparse.Namespace) -> Rows:
    """Every policy with the values of its file in configs/, units and meanings as its model says."""
    from sim.compose import read_yaml, shipped
    from sim.policies import REGISTRY

    rows: Rows = []
    for name, model in REGISTRY.items():
        values = read_yaml(shipped("configs") / "policies" / f"{name}.yaml")
        for key, field in model.model_fields.items():
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            value = values.get(key, field.default)
            named = isinstance(value, dict) and any(isinstance(part, dict) for part in value.values())
            shown = " ".join(map(str, value)) if isinstance(value, list) or named else str(value)
            meaning = {"unit": extra.get("unit", ""), "meaning": field.description or ""}
            rows.append({"policy": name, "key": key, "value": shown, **meaning})
    return rows


def indicators(arguments: argparse.Namespace) -> Rows:
    from sim.indicators import COMPARISONS, REGISTRY

    alone = [{"indicator": name, **_described(item)} for name, item in REGISTRY.items()]
    return alone + [{"indicator": name, **_described(item)} for name, item in COMPARISONS.items()]


def _described(item: object) -> dict[str, str]:
    doc = (getattr(item, "meaning", "") or getattr(item, "__doc__", "") or "").strip()
    unit = getattr(item, "unit", "")
    return {**({"unit": str(unit)} if unit else {}), "meaning": doc.splitlines()[0] if doc else ""}


def parameters(arguments: argparse.Namespace) -> Rows:
    return _records(
        arguments, "parameters", ["key", "sector", "place", "value", "low", "high", "unit", "status", "meaning"]
    )


def sectors(arguments: argparse.Namespace) -> Rows:
    return _records(arguments, "sectors", ["sector", "name_en", "name_zh", "group", "is_mobile"])


def cities(arguments: argparse.Namespace) -> Rows:
    rows = _records(arguments, "regions", ["region", "name_en", "name_zh", "province", "metro_area", "kind"])
    return [{key: row[key] for key in row if key != "kind"} for row in rows if row["kind"] == "city"]


def _records(arguments: argparse.Namespace, name: str, columns: list[str]) -> Rows:
    from sim.compose import options, read_yaml, shipped
    from sim.datasets.world import World

    dataset, carve = arguments.world, []
    if dataset in options("world"):  # a choice of world may carve parts out of its data set
        chosen = read_yaml(shipped("configs") / "world" / f"{dataset}.yaml")
        dataset, carve = chosen["dataset"], chosen.get("carve", [])
    tables = World.load(dataset).carved(carve).tables
    if name not in tables:
        raise InputError(f"the data set {arguments.world} has none", file=f"{name}.csv")
    return common.records(tables[name][columns])


def lines(arguments: argparse.Namespace) -> Rows:
    """Every line of the network: when it opens, how long it is, what it costs."""
    columns = ["line", "name_en", "name_zh", "mode", "km", "design_kmh", "opens", "date_status", "planned", "cost"]
    return _records(arguments, "lines", columns)


def rules(arguments: argparse.Namespace) -> Rows:
    """Rules by which city governments decide (governments.rule)."""
    from sim.agents.rules import RULES

    return [{"rule": name, **_described(rule)} for name, rule in RULES.items()]


def phases(arguments: argparse.Namespace) -> Rows:
    """The year in order, with what each phase reads and writes."""
    from sim.year import YEAR

    return [
        {"order": position, "phase": phase.name, "reads": phase.reads, "writes": phase.writes, **_described(phase)}
        for position, phase in enumerate(YEAR, start=1)
    ]


LISTS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    "scenarios": scenarios,
    "studies": studies,
    "policies": policies,
    "indicators": indicators,
    "parameters": parameters,
    "phases": phases,
    "rules": rules,
    "lines": lines,
    "sectors": sectors,
    "cities": cities,
}
