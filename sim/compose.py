"""From a scenario's name to a judged run. The only file that knows Hydra.

A scenario is a flat file ``scenarios/<name>.yaml``; the numbers and choices it does not set come from ``configs/``
(``config.yaml`` and one folder per group). Overrides use Hydra's grammar:

* ``horizon=2030``, ``policies.industry_transfer.origin_share=0.4``: a value; what it replaces is replaced whole;
* ``economy=name``: another file of a group;
* ``+policies=[industry_transfer,market_integration]``: policies added to those of the scenario, ``policies=[...]``
  instead of them, ``~policies.industry_transfer`` without one;
* ``parameters.trade_elasticity.AGR=6``: a number of the data set, for a sector or province or everywhere.

Hydra composes files only, once per command; the values of the command line are set afterwards, so that a schedule or
a plain number replaces a schedule instead of being merged into it. Nothing is ever instantiated.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim.config import RunConfig
from sim.core.errors import InputError
from sim.core.words import did_you_mean

SCENARIO_PATH = "SIM_SCENARIO_PATH"
"""Environment variable with the user's own scenario folders, separated like PATH."""

_INSTANTIATE = re.compile(r"^_\w*_$")
_PACKAGE = Path(__file__).parent
_HYDRA = Lock()  # Hydra keeps one global state


@dataclass(frozen=True)
class Composed:
    """Plain data of a run, not yet judged, and where each key was set."""

    values: dict[str, Any]
    files: dict[str, str]
    """Dotted prefix of a key -> the file that set it; keys of the command line map to an empty string."""


def shipped(folder: str) -> Path:
    """``configs`` or ``scenarios``: inside an installed package, or beside it in a checkout."""
    installed = _PACKAGE / "_data" / folder
    return installed if installed.is_dir() else _PACKAGE.parent / folder


def scenario_folders(extra: str | Path | None = None) -> list[Path]:
    """Where scenarios are looked for, first match wins: ``extra``, the environment variable, the package."""
    own = [part for part in os.environ.get(SCENARIO_PATH, "").split(os.pathsep) if part]
    folders = [Path(part).expanduser().resolve() for part in ([extra] if extra else []) + own]
    for folder in folders:
        if not folder.is_dir():
            raise InputError("there is no such scenario folder", file=str(folder))
    return [*folders, shipped("scenarios")]


def add_folder(folder: str | Path) -> None:
    """Look for scenarios in this folder first, for the rest of the process."""
    os.environ[SCENARIO_PATH] = os.pathsep.join(filter(None, (str(folder), os.environ.get(SCENARIO_PATH))))


def scenarios(extra: str | Path | None = None) -> dict[str, Path]:
    """Every scenario that can be run, by name."""
    found: dict[str, Path] = {}
    for folder in scenario_folders(extra):
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return found


def options(group: str) -> list[str]:
    """The files of a configuration group, by name."""
    return sorted(path.stem for path in (shipped("configs") / group).glob("*.yaml"))


def groups() -> list[str]:
    """The configuration groups: the folders of ``configs/``."""
    return sorted(path.name for path in shipped("configs").iterdir() if path.is_dir())


def compose(scenario: str, overrides: Sequence[str] = (), scenario_dir: str | Path | None = None) -> RunConfig:
    """The run that a scenario and its overrides describe, judged."""
    gathered = gather(scenario, overrides, scenario_dir)
    config = RunConfig.judge(gathered.values, gathered.files)
    known = scenarios(scenario_dir)
    if config.reference is not None and config.reference not in known:
        message = f"unknown scenario '{config.reference}'{did_you_mean(config.reference, known)}"
        raise InputError(message, gathered.files.get("reference") or None, key="reference", allowed=", ".join(known))
    return config


def gather(scenario: str, overrides: Sequence[str] = (), scenario_dir: str | Path | None = None) -> Composed:
    """The plain data of a scenario with its overrides, every interpolation resolved, not yet judged."""
    path = _find(scenario, scenario_dir)
    raw = read_yaml(path)
    _refuse_code(raw, shown(path))
    parsed = _parse(overrides)
    choices, values = _split(parsed, _policies_of(raw))
    config = _compose_files(path, choices, scenario_folders(scenario_dir))
    _set_values(config, values)
    plain = _plain(config, shown(path))
    plain["scenario"] = scenario
    return Composed(plain, _provenance(raw, path, plain, values))


@dataclass(frozen=True)
class Several:
    """What an override of a sweep names: a list of values, or an interval to draw from."""

    values: tuple[Any, ...] = ()
    interval: tuple[float, float] | None = None


def split_sweep(overrides: Sequence[str]) -> tuple[list[str], dict[str, Several]]:
    """The overrides that set one value, as they are; and those of Hydra's sweep grammar by key (with its ``+``).

    Lists ``a,b,c``, ``choice(a,b)``, ``range(start,stop,step)`` and ``interval(low,high)``.
    """
    single: list[str] = []
    several: dict[str, Several] = {}
    for text, override in zip(overrides, _parse(overrides, sweeps=True), strict=True):
        if not override.is_sweep_override():
            single.append(text)
            continue
        key = ("+" if override.is_add() else "") + override.key_or_group
        if key in several:
            raise InputError("is swept twice", key=key)
        several[key] = _several(override, text)
    return single, several


def sweep_values(text: str) -> Several:
    """What a text of the sweep grammar names: ``range(0,1,0.1)``, ``1,2,3``; a single value is a list of one."""
    (override,) = _parse([f"value={text}"], sweeps=True)
    return _several(override, text) if override.is_sweep_override() else Several((override.value(),))


def _several(override: Override, text: str) -> Several:
    if override.is_interval_sweep():
        drawn = override.value()
        return Several(interval=(float(drawn.start), float(drawn.end)))
    try:
        values = tuple(override.sweep_iterator())
    except (HydraException, AttributeError) as error:
        raise InputError(f"cannot read '{text}': {_first_line(error)}", key=override.key_or_group) from None
    for value in values:
        _refuse_code(value, None, f"{override.key_or_group}.")
    if not values:
        raise InputError(f"'{text}' names no value", key=override.key_or_group)
    return Several(tuple(_rounded(value) for value in values))


def _rounded(value: object) -> object:
    """Steps of a range add up rounding: 0.1 + 0.2 is shown and stored as 0.3."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def parse_value(text: str) -> Any:
    """One value in the grammar of overrides: what `sim.experiments.provenance.hydra_value` wrote."""
    (override,) = _parse([f"value={text}"])
    return override.value()


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file, or one clear error with the line."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text: save the file with encoding UTF-8", file=shown(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=shown(path)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "is not valid YAML"
        raise InputError(f"is not valid YAML: {problem}", file=shown(path), row=mark and mark.line + 1) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError("must hold keys and values", file=shown(path))
    return content


def shown(path: Path) -> str:
    """A path as a reader wants it: relative where it is below the current folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _find(scenario: str, scenario_dir: str | Path | None) -> Path:
    known = scenarios(scenario_dir)
    if scenario in known:
        return known[scenario]
    raise InputError(f"unknown scenario '{scenario}'{did_you_mean(scenario, known)}", allowed=", ".join(known))


def _refuse_code(node: object, file: str | None, prefix: str = "") -> None:
    """No configuration may name code to run: ``_target_`` and its like are refused wherever they stand."""
    for key, value in _items(node):
        path = f"{prefix}{key}"
        if isinstance(key, str) and (_INSTANTIATE.match(key) or path == "hydra" or key.startswith("hydra/")):
            raise InputError("a configuration cannot name code to run", file=file, key=path)
        if isinstance(key, str) and not prefix and key == "defaults":
            _refuse_optional(value, file)
        _refuse_code(value, file, f"{path}.")


def _refuse_optional(defaults: object, file: str | None) -> None:
    """``optional`` in a defaults list would let a mistyped name pass in silence."""
    for _, entry in _items(defaults):
        for key, _ in _items(entry):
            if str(key).split("/")[0].split(" ")[0] in ("optional", "hydra") or str(key).startswith("override hydra"):
                raise InputError(f"'{key}' is not allowed in the defaults of a scenario", file=file, key="defaults")


def _items(node: object) -> Iterator[tuple[object, object]]:
    if isinstance(node, Mapping):
        yield from node.items()
    elif isinstance(node, list):
        yield from enumerate(node)


def _parse(overrides: Sequence[str], *, sweeps: bool = False) -> list[Override]:
    parser = OverridesParser.create()
    parsed = []
    for text in overrides:
        if "=" not in text and not text.startswith("~"):
            raise InputError(f"'{text}' is not an override", allowed="key=value, for example horizon=2030")
        try:
            override = parser.parse_override(text)
        except HydraException as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"cannot read '{text}': {reason} (quote brackets: 'key=[a,b]')", key=text) from None
        _refuse_key(override, text, sweeps=sweeps)
        parsed.append(override)
    return parsed


def _refuse_key(override: Override, text: str, *, sweeps: bool = False) -> None:
    key = override.key_or_group
    if any(_INSTANTIATE.match(part) for part in key.split(".")) or key.split(".")[0].split("/")[0] == "hydra":
        raise InputError("a configuration cannot name code to run", key=key)
    if override.is_sweep_override():
        if not sweeps:
            raise InputError(f"'{text}' names several values; one run takes one value (sim sweep takes them)", key=key)
    else:
        _refuse_code(override.value(), None, f"{key}.")
    if key == "scenario" and not sweeps:
        raise InputError("the scenario is the first word after `sim run`", key=key)


def _policies_of(raw: Mapping[str, Any]) -> list[str]:
    """The policies a scenario's defaults list chooses."""
    names: list[str] = []
    for _, entry in _items(raw.get("defaults", [])):
        chosen = entry.get("policies", []) if isinstance(entry, dict) else []
        names += [chosen] if isinstance(chosen, str) else list(chosen or [])
    return names


def _split(parsed: Sequence[Override], chosen: list[str]) -> tuple[list[str], list[Override]]:
    """Choices of files for Hydra (the policies last), and values that are set after it."""
    known = groups()
    policies = list(chosen)
    choices, values = [], []
    for override in parsed:
        key = override.key_or_group
        if key == "policies" and override.type != OverrideType.DEL:
            names = _names(override)
            policies = [*policies, *(n for n in names if n not in policies)] if override.is_add() else names
        elif key.startswith("policies.") and key.count(".") == 1 and override.type == OverrideType.DEL:
            policies = _without(policies, key.partition(".")[2])
        elif key in known and override.type == OverrideType.CHANGE:
            choices.append(f"{key}={_option(key, override)}")
        else:
            values.append(override)
    if policies != chosen:
        for name in policies:
            _require_option("policies", name)
        choices.append(f"{'' if chosen else '+'}policies=[{','.join(policies)}]")
    return choices, values


def _names(override: Override) -> list[str]:
    value = override.value()
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise InputError("takes names of policies", key="policies", allowed=", ".join(options("policies")))
    return [str(name) for name in names]


def _without(policies: list[str], name: str) -> list[str]:
    if name not in policies:
        raise InputError(f"the scenario has no policy '{name}'{did_you_mean(name, policies)}", key=f"policies.{name}")
    return [policy for policy in policies if policy != name]


def _option(group: str, override: Override) -> str:
    name = str(override.value())
    _require_option(group, name)
    return name


def _require_option(group: str, name: str) -> None:
    known = options(group)
    if name not in known:
        what = "policy" if group == "policies" else f"choice of {group}"
        raise InputError(f"unknown {what} '{name}'{did_you_mean(name, known)}", key=group, allowed=", ".join(known))


def _compose_files(path: Path, choices: list[str], folders: Sequence[Path]) -> DictConfig:
    """The scenario's file with what its defaults name, looked up beside it, in configs/, in the other folders."""
    search = [shipped("configs"), *(folder for folder in folders if folder != path.parent)]
    quoted = ",".join("'file://" + str(folder).replace("'", r"\'") + "'" for folder in search)
    with _HYDRA, warnings.catch_warnings():
        try:
            warnings.filterwarnings("ignore", message=".*_self_.*")  # what a file says itself wins, as it should
            with initialize_config_dir(config_dir=str(path.parent), version_base="1.3"):
                config: DictConfig = hydra_compose(path.stem, [f"hydra.searchpath=[{quoted}]", *choices])
        except (HydraException, OmegaConfBaseException) as error:
            raise InputError(_first_line(error), file=shown(path)) from None
        except AssertionError:  # Hydra trips over its own message when lists stand below an override
            message = "lines 'override GROUP: NAME' come last among the defaults"
            raise InputError(message, file=shown(path), key="defaults") from None
    OmegaConf.set_struct(config, False)
    return config


def _set_values(config: DictConfig, values: Sequence[Override]) -> None:
    for override in values:
        key, value = override.key_or_group, override.value()
        if override.type == OverrideType.DEL:
            _delete(config, key)
        elif key.startswith("parameters."):
            config.setdefault("parameters", {})[key.removeprefix("parameters.")] = value
        else:
            _require_policy(config, key)
            try:
                OmegaConf.update(config, key, value, merge=False, force_add=True)
            except OmegaConfBaseException as error:
                raise InputError(_first_line(error), key=key) from None


def _require_policy(config: DictConfig, key: str) -> None:
    """A value for a policy that the scenario does not have would be a policy half set: say how to add it."""
    parts = key.split(".")
    present = [str(name) for name in config.get("policies") or {}]
    if parts[0] != "policies" or len(parts) < 3 or parts[1] in present:
        return
    hint = did_you_mean(parts[1], present)
    if not hint:
        _require_option("policies", parts[1])
        hint = f"; add it with +policies=[{parts[1]}]"
    raise InputError(f"the scenario has no policy '{parts[1]}'{hint}", key=key)


def _delete(config: DictConfig, key: str) -> None:
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    if not isinstance(node, DictConfig) or name not in node:
        raise InputError("there is nothing to take away", key=key)
    del node[name]


def _plain(config: DictConfig, file: str) -> dict[str, Any]:
    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise InputError(_first_line(error), file=file, key=getattr(error, "full_key", None)) from None
    if not isinstance(plain, dict):
        raise InputError("must hold keys and values", file=file)
    _refuse_code(plain, file)
    return {str(key): value for key, value in plain.items()}


def _provenance(
    raw: Mapping[str, Any], path: Path, plain: Mapping[str, Any], values: Sequence[Override]
) -> dict[str, str]:
    files = {f"policies.{name}": f"configs/policies/{name}.yaml" for name in plain.get("policies") or {}}
    files |= {key: shown(path) for key in _leaves({k: v for k, v in raw.items() if k != "defaults"})}
    return files | {override.key_or_group: "" for override in values}


def _leaves(node: Mapping[Any, Any], prefix: str = "") -> Iterator[str]:
    for key, value in node.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
