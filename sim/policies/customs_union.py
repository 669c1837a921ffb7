"""One customs and a single window for the region's trade with the world (plan ch. 8, item 8.07)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sim.core.levers import Levers
from sim.policies.base import Effect
from sim.policies.gradual import Chosen, Gradual

if TYPE_CHECKING:
    from sim.datasets.world import World

HOURS = 24.0  # unit: hours in a day
RECALLED = "World Bank, Doing Business 2020, China (recalled)"


class CustomsUnion(Gradual):
    """Time and charges at the border fall by a share, for goods of the members, out and in.

    The border costs ``hours / 24 x day_cost + charge`` of a shipment's value; ``1 + cost`` is in the cost of trade.
    """

    name: ClassVar[str] = "customs_union"
    effect: ClassVar[Effect] = Effect(
        strength="reduction", lever="sector_cost", indicator="real_income", places="region", sign=1
    )
    question: ClassVar[str] = "What is a common customs with one window worth, and to whom?"

    reduction: float = Field(
        ge=0.0, le=1.0, description="share of time and charges at the border that is gone by the end",
        json_schema_extra={"unit": "1", "source": "judgement between 10 and 30 %; plan ch. 8: one customs"},
    )  # fmt: skip
    sectors: Chosen = Field("all", description="sectors whose products pass customs, or all")
    export_hours: float = Field(
        ge=0.0, description="documents and border, going out", json_schema_extra={"unit": "hours", "source": RECALLED}
    )
    import_hours: float = Field(
        ge=0.0, description="documents and border, coming in", json_schema_extra={"unit": "hours", "source": RECALLED}
    )
    export_charge: float = Field(
        ge=0.0, le=1.0, description="charges over the value, going out",
        json_schema_extra={"unit": "1", "source": RECALLED},
    )  # fmt: skip
    import_charge: float = Field(
        ge=0.0, le=1.0, description="charges over the value, coming in",
        json_schema_extra={"unit": "1", "source": RECALLED},
    )  # fmt: skip
    day_cost: float = Field(
        ge=0.0, le=0.1, description="what a day is worth, over the value of the goods",
        json_schema_extra={"unit": "1/day", "source": "Hummels and Schaur 2013: .006 to .021 (recalled)"},
    )  # fmt: skip

    def set_levers(self, levers: Levers, year: int, world: World) -> None:
        """Lower what the members' goods cost at the border of the country."""
        members, row = self.member_cities(world), world.row
        goods = self.chosen_sectors(self.sectors, world)
        cost, gone = levers.on_sector_cost(), self.reduction * self.done(year)
        cost[goods[:, None], members, row] *= 1.0 - gone * saved(self.export_hours, self.export_charge, self.day_cost)
        cost[goods[:, None], row, members] *= 1.0 - gone * saved(self.import_hours, self.import_charge, self.day_cost)


def saved(hours: float, charge: float, day_cost: float) -> float:
    """Share of the cost of trade that would go with all time and charges at the border."""
    border = hours / HOURS * day_cost + charge
    return border / (1.0 + border)
