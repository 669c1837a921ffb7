"""What a run is: frozen, typed, judged once. Below this file nobody sees a configuration that has not been judged.

Every field carries its meaning, range and unit; the policy atlas, the JSON schema (``sim schema``), the error messages
and the saved ``config.yaml`` of a run all come from these models. A policy's model comes from the registry in
`sim.policies`: a configuration names a policy, never code.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError, field_validator

from sim.core.errors import InputError
from sim.core.names import NAMED, PLACES
from sim.core.words import did_you_mean

if TYPE_CHECKING:
    from sim.datasets.parameters import Parameter, Parameters
    from sim.datasets.world import World
    from sim.year import Simulation

Values = Mapping[str, Any]
Model = TypeVar("Model", bound=BaseModel)

_CONSTRAINTS = {
    "greater_than": "{value} is not above {bound}",
    "greater_than_equal": "{value} is below {bound}",
    "less_than": "{value} is not below {bound}",
    "less_than_equal": "{value} is above {bound}",
}


class Part(BaseModel):
    """Base of the models of a run: frozen, and a key nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Text(Part):
    """One text in the two languages of the report."""

    en: str = ""
    zh: str = ""


class WorldConfig(Part):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    dataset: str = Field(
        "yangtze_delta", description="name of a data set that comes with the package, or its folder", min_length=1
    )
    carve: list[str] = Field([], description="parts of cities (parts.csv of the data set) that are places of their own")


class ShockConfig(Part):
    enabled: bool = Field(False, description="draw random shocks to productivity and external demand")
    scale: float = Field(1.0, ge=0, description="multiplies the standard deviation of every shock")


class ReportConfig(Part):
    language: Literal["en", "zh"] = Field("en", description="language of the report")


class GovernmentConfig(Part):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    rule: str = Field("passive", description="rule by which every city decides; sim list rules shows them")
    rules: Annotated[dict[str, str], PLACES] = Field(
        {}, description="cities, or groups of them, that decide by another rule"
    )
    tastes: Literal["drawn", "mean", "growth", "income", "revenue"] = Field(
        "drawn", description="weights of a city's score: drawn for each, their mean for all, or one aim alone"
    )
    expectations: Literal["naive", "myopic", "rollout"] = Field(
        "rollout", description="how a city looks ahead: at today's prices, one equilibrium, or the model over years"
    )


class LinksConfig(Part):
    openings: Literal["none", "as_opened"] = Field(
        "none", description="lines that open in the run and its reference: none, or each on the day of the data"
    )


class RunConfig(Part):
    """Everything that decides what a run computes; equal configurations give equal results."""

    scenario: str = Field("baseline", description="name of the scenario", min_length=1)
    title: str = Field("", description="the scenario in one line")
    question: Text = Field(Text(), description="the question the run answers")
    reference: str | None = Field(None, description="scenario run beside this one and compared with it")
    world: WorldConfig = WorldConfig()
    horizon: int = Field(2035, description="last calendar year recorded", json_schema_extra={"unit": "year"})
    seed: int = Field(1, ge=0, description="root of every random stream")
    replicate: int = Field(0, ge=0, description="number of the repetition with the same seed")
    tolerance: float = Field(
        1e-8,
        gt=0,
        le=1e-3,
        description="largest relative excess demand at which the market counts as cleared",
    )
    check_identities: bool = Field(False, description="check the accounting identities after every year")
    governments: GovernmentConfig = Field(GovernmentConfig(), description="how the cities' governments decide")
    links: LinksConfig = Field(LinksConfig(), description="the transport network beside policies")
    policies: dict[str, SerializeAsAny[BaseModel]] = Field({}, description="policies in force, by name")
    parameters: dict[str, float | str] = Field(
        {}, description="numbers of the data set replaced: key, key.SECTOR or key.PROVINCE; or the name of another key"
    )
    shocks: ShockConfig = ShockConfig()
    report: ReportConfig = ReportConfig()

    @field_validator("parameters", mode="before")
    @classmethod
    def _flat(cls, values: object) -> object:
        return flatten(values) if isinstance(values, Mapping) else values

    @classmethod
    def judge(cls, values: Values, files: Mapping[str, str] | None = None) -> RunConfig:
        """The run that plain values describe, or an `InputError` naming the key, its file and what is allowed."""
        data = dict(values)
        policies = data.get("policies") or {}
        if not isinstance(policies, Mapping):
            raise InputError("must hold policies by name", key="policies", allowed=", ".join(_registry()))
        data["policies"] = {str(name): _policy(str(name), given, files) for name, given in policies.items()}
        return judged(cls, data, files=files)

    def with_codes(self, world: World) -> RunConfig:
        """The same run, every name of places replaced by the codes of the cities that it means.

        Raises:
            InputError: a name is unknown to the data set, or a policy cannot have these cities.
        """
        from sim.policies.base import Policy, with_codes

        settled = {
            name: judged(type(policy), with_codes(policy, world, key), prefix=key, codes=True)
            for name, policy in self.policies.items()
            if isinstance(policy, Policy) and (key := f"policies.{name}")
        }
        update: dict[str, object] = {"policies": {**self.policies, **settled}} if settled else {}
        if self.governments.rules:
            update["governments"] = GovernmentConfig(**with_codes(self.governments, world, "governments"))
        return self.model_copy(update=update) if update else self

    @classmethod
    def read(cls, path: Path) -> RunConfig:
        """The configuration of a finished run, from its ``config.yaml``."""
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"cannot be read as a run's configuration: {error}", file=str(path)) from None
        return cls.judge(values, {"": str(path)})

    def plain(self) -> dict[str, Any]:
        """The configuration as plain data: what is saved, compared and hashed."""
        return self.model_dump(mode="python")

    def flat(self) -> dict[str, object]:
        """Dotted key -> value, to compare two runs."""
        return flatten(self.plain())

    def to_yaml(self) -> str:
        """What ``--show-config`` prints and a run saves; `read` takes it back."""
        return yaml.safe_dump(lists(self.plain()), sort_keys=False, allow_unicode=True, width=120)

    def digest(self) -> str:
        """sha256 of the resolved configuration; its first six letters name the run's folder."""
        return hashlib.sha256(self.to_yaml().encode()).hexdigest()

    def with_values(self, values: Mapping[str, object]) -> RunConfig:
        """A copy with other values by dotted key, judged again; what a sweep does for every point."""
        data = self.plain()
        for key, value in values.items():
            _set(data, key, value)
        return type(self).judge(data)


def world_of(config: RunConfig, loaded: World | None = None) -> World:
    """The data set of a run (read here unless it is ``loaded``), carved, with its parameters replaced."""
    from sim.datasets.world import World

    world = (World.load(config.world.dataset) if loaded is None else loaded).carved(config.world.carve)
    check_horizon(config, world)
    replaced = parameter_values(config, world.parameters)
    return world.with_parameters(replaced) if replaced else world


def check_horizon(config: RunConfig, world: World) -> None:
    """A run ends between its base year and the last year of the national path."""
    if not world.base_year <= config.horizon <= world.last_year:
        message = f"{config.horizon} is outside the years of the data set {world.name}"
        raise InputError(message, key="horizon", allowed=f"{world.base_year} to {world.last_year}")


def parameter_values(config: RunConfig, parameters: Parameters) -> dict[str, float]:
    """Numbers by key as the data set takes them: a bare key replaces every row it has, a name copies a key's rows.

    Keys naming a sector or province win over bare keys, in whatever order they stand.
    """
    values: dict[str, float] = {}
    for key in sorted(config.parameters, key=lambda key: key.count(".")):
        value = config.parameters[key]
        if isinstance(value, str):
            if value not in parameters:
                message = f"'{value}' is neither a number nor a parameter{did_you_mean(value, parameters.keys)}"
                raise InputError(message, key=f"parameters.{key}", allowed="a number, or a key of sim list parameters")
            column = parameters.by_sector(value)
            values |= {f"{key}.{name}": float(x) for name, x in zip(parameters.sector_ids, column, strict=True)}
        elif "." in key:
            values[key] = value
        else:
            values |= dict.fromkeys(parameters.names(key) or [key], value)  # the data set says what is wrong with it
    return values


def build(config: RunConfig, world: World | None = None, growth: Any = None) -> Simulation:
    """The model of a run, calibrated, at its base year; ``growth`` is the growth scalar found by the reference run."""
    from sim.calibration import calibrate
    from sim.year import Simulation

    return Simulation(config, base=calibrate(world or world_of(config)), growth=growth)


def json_schema() -> dict[str, Any]:
    """JSON schema of a run, with the policies of the registry; `sim schema` prints it for editors."""
    schema = RunConfig.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    definitions.pop("BaseModel", None)
    properties = {}
    for name, model in _registry().items():
        part = model.model_json_schema(ref_template="#/$defs/{model}")
        definitions.update(part.pop("$defs", {}))
        definitions[model.__name__] = part
        properties[name] = {"$ref": f"#/$defs/{model.__name__}"}
    schema["properties"]["policies"] |= {"properties": properties, "additionalProperties": False}
    schema["properties"]["defaults"] = {"type": "array", "description": "what the scenario starts from"}
    return schema


@cache
def _registry() -> dict[str, type[BaseModel]]:
    from sim.policies import REGISTRY

    return dict(REGISTRY)


def _policy(name: str, given: object, files: Mapping[str, str] | None) -> BaseModel:
    """The typed policy that a name and its values describe."""
    model = _registry().get(name)
    if model is None:
        raise InputError(f"unknown policy '{name}'{did_you_mean(name, _registry())}", key=f"policies.{name}")
    values = given if given is not None else {}
    if isinstance(values, BaseModel):
        values = values.model_dump(mode="python")
    return judged(model, values, prefix=f"policies.{name}", files=files)


def judged(
    model: type[Model],
    values: object,
    *,
    prefix: str = "",
    files: Mapping[str, str] | None = None,
    codes: bool = False,
) -> Model:
    """The model that plain values describe, or an `InputError` naming the key (below ``prefix``) and its file.

    ``codes`` says that names of places are codes by now, so that it can be judged who is in a list.
    """
    try:
        return model.model_validate(values, context=None if codes else NAMED)
    except ValidationError as error:
        raise _input_error(error, model, values, prefix, files) from None


def _input_error(
    error: ValidationError, model: type[BaseModel], values: object, prefix: str, files: Mapping[str, str] | None
) -> InputError:
    """The first problem pydantic found, in our words: key, value, bound, meaning."""
    detail = _most_telling(error.errors())
    path, owner, value = _walk(model, values, detail["loc"])
    key = ".".join(part for part in (prefix, *path) if part)
    meaning = _meaning(owner, path)
    context = detail.get("ctx", {})
    allowed = _allowed(owner, path)
    if detail["type"] == "extra_forbidden":
        known = [] if owner is None else list(owner.model_fields)
        return InputError(
            f"unknown key{did_you_mean(path[-1], known)}", _file(key, files), key=key, allowed=", ".join(known)
        )
    if isinstance(value, float) and not math.isfinite(value):
        text = f"{value} is not a finite number"
    elif detail["type"] in _CONSTRAINTS:
        bound = next(context[name] for name in ("gt", "ge", "lt", "le") if name in context)
        text = _CONSTRAINTS[detail["type"]].format(value=value, bound=f"{bound:g}")
    elif detail["type"] == "value_error":
        text = str(context.get("error", detail["msg"]))
    else:
        text = f"{value!r}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
    text = _outside(value, owner, path) or text
    return InputError(f"{text} ({meaning})" if meaning else text, _file(key, files), key=key, allowed=allowed)


def _most_telling(errors: list[Any]) -> Any:
    """Of several complaints about one value (one per kind it might be), the one about its size or its key."""
    first = [error for error in errors if error["loc"][:1] == errors[0]["loc"][:1]]
    return next((error for error in first if error["type"] in (*_CONSTRAINTS, "value_error")), first[0])


def _walk(
    model: type[BaseModel], values: object, location: tuple[int | str, ...]
) -> tuple[list[str], type[BaseModel] | None, object]:
    """Keys of the user's data along pydantic's location (which also names branches of unions), with who owns them."""
    path: list[str] = []
    owner: type[BaseModel] | None = model
    current: Any = model
    for step in location:
        if isinstance(values, Mapping) and (step in values or str(step).isdigit() and int(step) in values):
            values = values[step] if step in values else values[int(step)]
        elif isinstance(values, list | tuple) and isinstance(step, int) and step < len(values):
            values = values[step]
        elif path:
            continue
        path.append(str(step))
        owner = current if hasattr(current, "model_fields") else owner
        current = _below(current, str(step))
    return path, owner, values


def _below(kind: Any, name: str) -> Any:
    """What stands below a key: a model, a mapping of models, or None; a key may be a model's field or a mapping's."""
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    field = getattr(kind, "model_fields", {}).get(name)
    kinds = () if field is None else (field.annotation, *get_args(field.annotation))
    found = (kind for kind in kinds if hasattr(kind, "model_fields") or get_origin(kind) is dict)
    return next(found, None)


def _meaning(owner: type[BaseModel] | None, path: list[str]) -> str:
    fields = {} if owner is None else owner.model_fields
    return next((fields[name].description or "" for name in reversed(path) if name in fields), "")


def _schema(owner: type[BaseModel] | None, path: list[str]) -> dict[str, Any]:
    properties = {} if owner is None else owner.model_json_schema().get("properties", {})
    return next((properties[name] for name in reversed(path) if name in properties), {})


def _range(owner: type[BaseModel] | None, path: list[str]) -> tuple[float | None, float | None, list[str]]:
    """Lowest and highest value of a field and the words it may hold, from its schema."""
    schema = _schema(owner, path)
    for branch in (schema, *schema.get("anyOf", [])):
        low, high, words = branch.get("minimum"), branch.get("maximum"), branch.get("enum", [])
        if low is not None or high is not None or words:
            return low, high, [str(word) for word in words]
    return None, None, []


def _allowed(owner: type[BaseModel] | None, path: list[str]) -> str | None:
    low, high, words = _range(owner, path)
    above = _schema(owner, path).get("exclusiveMinimum")
    if above is not None:
        return f"above {above:g}" + (f", at most {high:g}" if high is not None else "")
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None or high is not None:
        return f"at least {low:g}" if low is not None else f"at most {high:g}"
    return ", ".join(words) or None


def _outside(value: object, owner: type[BaseModel] | None, path: list[str]) -> str | None:
    """The complaint about a plain number outside its field's range, whichever check found it."""
    low, high, _ = _range(owner, path)
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        return None
    if low is not None and value < low:
        return f"{value:g} is below {low:g}"
    return f"{value:g} is above {high:g}" if high is not None and value > high else None


def _file(key: str, files: Mapping[str, str] | None) -> str | None:
    """The file that set a key, or the last that set a part of it; None for the command line."""
    below = [file for name, file in (files or {}).items() if name.startswith(f"{key}.")]
    if below:
        return below[-1] or None
    prefixes = [prefix for prefix in files or {} if not prefix or key == prefix or key.startswith(f"{prefix}.")]
    return (files or {})[max(prefixes, key=len)] or None if prefixes else None


def parameter_rows(key: str, parameters: Parameters) -> list[tuple[str, Parameter]]:
    """All rows of a parameter by name: bare for the row of everything, else with sector and place."""
    frame = parameters.frame
    places = frame.loc[frame["key"] == key, ["sector", "place"]].itertuples(index=False, name=None)
    return [(name, parameters.row(key, *where)) for name, where in zip(parameters.names(key), places, strict=True)]


def flatten(node: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted key -> value."""
    flat: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def lists(node: object) -> object:
    """Tuples become lists: YAML knows no tuples."""
    if isinstance(node, Mapping):
        return {key: lists(value) for key, value in node.items()}
    return [lists(item) for item in node] if isinstance(node, list | tuple) else node


def _set(data: dict[str, Any], key: str, value: object) -> None:
    head, _, rest = key.partition(".")
    if not rest or head == "parameters":
        target, name = (data.setdefault("parameters", {}), rest) if rest else (data, head)
        target[name] = value
        return
    node = data.setdefault(head, {})
    if not isinstance(node, dict):
        raise InputError(f"'{head}' holds a value, not keys", key=key)
    _set(node, rest, value)
