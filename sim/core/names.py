"""Marks of fields that name places, so that one function can turn names into codes (`sim.policies.base.with_codes`)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ValidationInfo

PLACES: Final = "places"
"""Mark of a field whose list, or keys, name cities: one by code or name, several by province, area or group.

What stands under the key of a group is said of each of its cities.
"""
DIVIDED: Final = "divided"
"""Mark of a mapping of amounts or shares: what stands under a group's key is divided among its cities by residents."""
SINGLE: Final = "single"
"""Mark of a mapping whose keys name one city each."""
PAIRS: Final = "pairs"
"""Mark of a mapping whose keys name two cities, ``A-B``."""
PROVINCES: Final = "provinces"
"""Mark of a field whose list, or keys, name provinces."""
PLACE: Final = "place"
"""Mark of a field that names one city."""


def _listed(value: object) -> object:
    """One name alone is a list of one."""
    return [value] if isinstance(value, str) and value != "all" else value


Places = Annotated[list[str], BeforeValidator(_listed), PLACES]
PlacesOrNone = Annotated[list[str] | None, BeforeValidator(_listed), PLACES]
PlacesOrAll = Annotated[Literal["all"] | list[str], BeforeValidator(_listed), PLACES]

NAMED: Final = {"names": True}
"""Validation context of models whose names of places are not codes yet: who is in a list cannot be judged."""


def are_codes(info: ValidationInfo) -> bool:
    """Whether the names of places in a model are codes, so that they can be counted and compared."""
    context: Any = info.context
    return not (isinstance(context, dict) and context.get("names"))
