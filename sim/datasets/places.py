"""Names of places: what a policy may call a city or several of them, and the cities that are meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.core.names import DIVIDED, PAIRS, PLACE, PLACES, PROVINCES, SINGLE
from sim.core.words import did_you_mean

if TYPE_CHECKING:
    from sim.datasets.world import World

ALL, CORE = "all", "core27"
MARKS = (PLACES, DIVIDED, SINGLE, PLACE, PAIRS, PROVINCES)
METRO = "_metro"
"""Ends the name of a metropolitan area; its plain id does too where no city could be meant by it."""


def vocabulary(world: World) -> dict[str, tuple[str, ...]]:
    """Every word that names places -> codes of the cities, in the order of the data set; a city goes before a group.

    Words are: ``all``, ``core27``, provinces (code or name), metropolitan areas (``hefei_metro``), groups of
    groups.csv, cities (code or name, English or Chinese). A name that two cities have names none of them.
    """
    cities = world.region_ids[: world.n_cities]
    known: dict[str, tuple[str, ...]] = {ALL: cities}
    if world.in_core.any():
        known[CORE] = tuple(code for code, core in zip(cities, world.in_core, strict=False) if core)
    of_metro = _by(zip(world.metro_areas, cities, strict=False))
    known |= {f"{metro}{METRO}": members for metro, members in of_metro.items()} | of_metro
    of_province = _by((world.province_ids[q], code) for q, code in zip(world.province_of, cities, strict=False))
    for province, *names in world.tables["provinces"][["province", "name_en", "name_zh"]].itertuples(index=False):
        short = (name.removesuffix("省").removesuffix("市") for name in names)
        known |= dict.fromkeys((*names, *short, province), of_province.get(province, ()))
    known |= groups(world)
    named = _by(
        (name, code)
        for code, *both in zip(cities, world.region_names, world.region_names_zh, strict=False)
        for name in dict.fromkeys((*both, *(name.removesuffix("市") for name in both)))
    )
    for name, members in named.items():
        known.pop(name, None)
        if len(members) == 1:
            known[name] = members
    for name, members in {name.lower(): members for name, members in named.items()}.items():
        if name in of_metro and of_metro[name] != members:
            known.pop(name)  # nanjing: the city, or the area?
    return known | {code: (code,) for code in cities}


def groups(world: World) -> dict[str, tuple[str, ...]]:
    """Groups of groups.csv by id and by name; members that are parts not carved out are left out."""
    if "groups" not in world.tables:
        return {}
    rows = world.tables["groups"][["group", "region", "name_en", "name_zh"]].itertuples(index=False, name=None)
    inside = {*world.region_ids[: world.n_cities]}
    return _by((word, region) for group, region, *names in rows if region in inside for word in {group, *names} if word)


def expand(names: Iterable[str], world: World, key: str) -> list[str]:
    """Codes of the cities that names mean, in the order given, each once.

    Args:
        names: any mixture of cities, provinces, metropolitan areas, groups, ``core27`` and ``all``.
        world: the data set that knows them.
        key: of the configuration, for messages.

    Raises:
        InputError: a name is unknown, names two things, or is no city; it says which kinds of names there are.
    """
    known = world.place_names
    return list(dict.fromkeys(code for name in names for code in _found(str(name), known, world, key)))


def one(name: str, world: World, key: str) -> str:
    """Code of the one city that a name means.

    Raises:
        InputError: as :func:`expand`, or the name means several cities.
    """
    codes = expand([name], world, key)
    if len(codes) != 1:
        raise InputError(f"'{name}' is {len(codes)} cities", key=key, allowed="a single city here")
    return codes[0]


def with_codes_of(value: Any, mark: str, world: World, key: str) -> Any:
    """A value with codes for names, as its field is marked; words that are no list, as ``all``, stay.

    Args:
        value: of a field: a name, a list of names, or a mapping with names as keys.
        mark: of the field, one of `MARKS` (`sim.core.names`).
        world: the data set that knows the names.
        key: of the field, for messages.

    Raises:
        InputError: a name is unknown, names several cities where one is needed, or a city is named twice in a mapping.
    """
    if isinstance(value, Mapping):
        named: dict[str, str] = {}
        found: dict[str, Any] = {}
        for name, below in value.items():
            codes = _meant(name, mark, world, key)
            people = [world.resident_population[world.index(code)] for code in codes] if mark == DIVIDED else []
            for k, code in enumerate(codes):
                if code in found:
                    raise InputError(f"{code} is named twice: {named[code]}, {name}", key=key, allowed="each once")
                named[code] = name
                whole = mark != DIVIDED or len(codes) == 1
                found[code] = with_codes_of(below, mark, world, key) if whole else below * people[k] / sum(people)
        return found
    if mark == PLACE:
        return one(value, world, key) if value else value
    if not isinstance(value, list):
        return value
    return list(dict.fromkeys(code for name in value for code in _meant(name, mark, world, key)))


def _meant(name: str, mark: str, world: World, key: str) -> list[str]:
    """What a word in a list, or as a key, stands for by the mark of its field."""
    if mark == PAIRS:
        return ["-".join(one(end.strip(), world, key) for end in name.split("-"))]
    if mark == PROVINCES:
        return [_province(name, world, key)]
    return [one(name, world, key)] if mark == SINGLE else expand([name], world, key)


def _province(name: str, world: World, key: str) -> str:
    """Id of the province of a name, English or Chinese."""
    for province, *names in world.tables["provinces"][["province", "name_en", "name_zh"]].itertuples(index=False):
        if name in {province, *names, *(long.removesuffix("省").removesuffix("市") for long in names)}:
            return str(province)
    raise InputError(f"unknown province '{name}'", key=key, allowed=", ".join(world.province_ids))


def _found(name: str, known: Mapping[str, tuple[str, ...]], world: World, key: str) -> tuple[str, ...]:
    if known.get(name):
        return known[name]
    if name in (world.region_ids[world.roc], world.region_ids[world.row]):
        raise InputError(f"{name} is not a city", key=key)
    if f"{name}{METRO}" in known:
        city = next(word for word in known if word != name and word.lower() == name.lower())
        raise InputError(f"'{name}' is a city and a metropolitan area", key=key, allowed=f"{city}, {name}{METRO}")
    if name in {*world.parts["part"], *world.parts["name_en"], *_all_groups(world)}:
        raise InputError(f"{name} is not carved out of its city", key=key, allowed="world.carve=[...] with its parts")
    same = [code for code, also in zip(world.region_ids, world.region_names, strict=True) if also == name]
    hint = f"; several have this name, use a code: {', '.join(same)}" if same else did_you_mean(name, known)
    raise InputError(f"unknown region '{name}'{hint}", key=key, allowed=kinds(world))


def _all_groups(world: World) -> list[str]:
    """Groups of the data set, also those whose members are all parts that are not carved out."""
    return list(dict.fromkeys(world.tables["groups"]["group"])) if "groups" in world.tables else []


def kinds(world: World) -> str:
    """The kinds of names there are, in words."""
    metros = [f"{metro}{METRO}" for metro in dict.fromkeys(world.metro_areas) if metro]
    lists: Sequence[tuple[str, Sequence[str]]] = (
        ("a province", world.province_ids),
        ("a metropolitan area", metros),
        ("a group", [group for group in _all_groups(world) if group in world.place_names]),
    )
    told = [f"{kind} ({', '.join(words)})" for kind, words in lists if words]
    core = [CORE] if CORE in world.place_names else []
    return ", ".join(["a city (code or English name)", *told, *core, ALL])


def _by(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Second words by first; pairs without a first are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for word, code in pairs:
        if word:
            found[word] = (*found.get(word, ()), code)
    return found
