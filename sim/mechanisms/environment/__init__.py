"""The environment phase: air, rivers, energy and rights to them, each in a file of its own."""

from sim.mechanisms.environment.phase import Environment

__all__ = ["Environment"]
