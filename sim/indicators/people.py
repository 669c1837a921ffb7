"""Where people live and whether they belong there."""

from __future__ import annotations

from sim.core.arrays import FloatArray, IntArray
from sim.core.state import PEOPLE
from sim.indicators.base import PER_CENT, SCOPES, View, indicator


@indicator(PEOPLE)
def net_migration(view: View, members: IntArray) -> FloatArray:
    """People who move to the cities this year less those who leave them; moves between them cancel."""
    return view.total("net_migration", members)


@indicator("%", *SCOPES)
def newcomers_share(view: View, members: IntArray) -> FloatArray:
    """Residents without local registration, share of all."""
    return PER_CENT * view.total("newcomers", members) / view.total("resident_population", members)


@indicator("%", *SCOPES)
def working_share(view: View, members: IntArray) -> FloatArray:
    """Employment over residents."""
    return PER_CENT * view.total("labour", members) / view.total("resident_population", members)
