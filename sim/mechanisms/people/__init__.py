"""People: where they live, under which registration, in which sector they work."""

from sim.mechanisms.people.phase import People, PeopleParams, reallocated_labour

__all__ = ["People", "PeopleParams", "reallocated_labour"]
