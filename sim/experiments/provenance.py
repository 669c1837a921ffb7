"""What a run says about itself: version, data, seed, timings, convergence, and the one line that repeats it."""

from __future__ import annotations

import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.config import RunConfig
    from sim.datasets.world import World
    from sim.year import Simulation

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
_LABELS = frozenset({"scenario", "title", "question.en", "question.zh", "reference"})
_PLACE_COLUMNS = ("name_en", "name_zh", "kind", "province", "metro_area", "core27", "lon", "lat", "area_km2")


def describe(
    model: Simulation, seconds: Mapping[str, float], identities: Mapping[str, float], command: str
) -> dict[str, Any]:
    """The content of ``run.json``."""
    config, world = model.config, model.world
    return {
        "scenario": config.scenario,
        "title": config.title,
        "reference": config.reference,
        "command": command,
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "version": __version__,
        "python": platform.python_version(),
        "data": {"name": world.name, "hash": world.content_hash, "base_year": world.base_year},
        "config_hash": config.digest(),
        "seed": config.seed,
        "replicate": config.replicate,
        "years": [world.base_year, config.horizon],
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "convergence": {
            "tolerance": config.tolerance,
            "worst_residual": max((float(year["residual"]) for year in model.solver), default=0.0),
            "years": [
                {"year": int(year["year"]), "sweeps": int(year["sweeps"]), "residual": float(year["residual"])}
                for year in model.solver
            ],
        },
        "identities": dict(identities),
        "calibration": {name: float(value) for name, value in model.base.notes.items()},
        "growth": {str(year): float(value) for year, value in model.growth.items()},
        "labels": labels(world),
    }


def labels(world: World) -> dict[str, Any]:
    """Names and groups of regions, sectors and provinces, so that a run folder can be read without its data set."""
    regions = world.regions
    columns = {name: regions[name].tolist() for name in _PLACE_COLUMNS if name in regions}
    return {
        "regions": {
            region: {name: _plain(values[i]) for name, values in columns.items()}
            for i, region in enumerate(world.region_ids)
        },
        "sectors": {
            sector: {"name_en": en, "name_zh": zh, "group": group}
            for sector, en, zh, group in zip(
                world.sector_ids, world.sector_names, world.sector_names_zh, world.sector_group, strict=True
            )
        },
        "provinces": {
            row["province"]: {"name_en": row["name_en"], "name_zh": row["name_zh"]}
            for row in world.tables["provinces"].to_dict("records")
        },
    }


def _plain(value: Any) -> Any:
    """JSON has no NaN; empty cells are None."""
    return None if value is None or value != value else value


def rerun_command(config: RunConfig, overrides: Sequence[str] | None = None) -> str:
    """``sim run SCENARIO key=value ...``: the line that repeats a run.

    Without the overrides it was made from, they are found by comparing the configuration with its scenario's file.
    """
    if overrides is not None:
        return shlex.join(["sim", "run", config.scenario, *overrides])
    from sim.compose import compose

    words = [config.scenario]
    try:
        plain = compose(config.scenario)
        added = [name for name in config.policies if name not in plain.policies]
        dropped = [name for name in plain.policies if name not in config.policies]
        if added:
            words.append(f"+policies=[{','.join(added)}]")
        words += [f"~policies.{name}" for name in dropped]
        given = compose(config.scenario, words[1:]).flat()
    except InputError:  # a configuration made in a program: no file to start from, so everything is said
        given = {}
    words += [
        f"{key}={hydra_value(value)}"
        for key, value in config.flat().items()
        if key not in _LABELS and (key not in given or given[key] != value) and value != {}
    ]
    return shlex.join(["sim", "run", *words])


def without_policies(overrides: Sequence[str] | None) -> list[str] | None:
    """Overrides that a reference run takes over from the run it stands beside."""
    return None if overrides is None else [word for word in overrides if not word.lstrip("+~").startswith("policies")]


def hydra_value(value: object) -> str:
    """A value in the grammar of overrides."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{hydra_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(hydra_value(item) for item in value) + "]"
    text = str(value)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return text if _PLAIN.fullmatch(text) and text not in ("null", "true", "false") else f'"{quoted}"'
