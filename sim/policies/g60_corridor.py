"""The G60 corridor of science and innovation: nine cities along one motorway (plan ch. 3, item 3.11)."""

from __future__ import annotations

from typing import ClassVar

from sim.policies.innovation_community import InnovationCommunity


class G60Corridor(InnovationCommunity):
    """The same ties and money, closer and among the corridor's cities only."""

    name: ClassVar[str] = "g60_corridor"
    question: ClassVar[str] = "What does the G60 corridor bring its nine cities, and the others?"
