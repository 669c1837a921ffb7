"""The terms on which a policy is agreed: who decides, how far ahead they look, when they leave. Data, no behaviour."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sim.core.names import Places

Approval = Literal["province", "centre"]


class AgreementTerms(BaseModel):
    """A policy with these terms is on the table until its parties sign; one without is imposed on them."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    reserve: float = Field(
        0.0, ge=-10.0, le=10.0, description="least expected gain, in points of its score, with which a party signs",
        json_schema_extra={"unit": "1", "source": "judgement"},
    )  # fmt: skip
    horizon: int = Field(
        10, ge=1, le=30, description="years ahead that a party looks when it decides",
        json_schema_extra={"unit": "years", "source": "judgement: two five-year plans"},
    )  # fmt: skip
    minimum: int = Field(
        2, ge=1, description="fewest members with which it comes into force and stays in force",
        json_schema_extra={"unit": "1"},
    )  # fmt: skip
    needed: Places = Field(default_factory=list, description="parties without which it does not come about")
    patience: int = Field(
        3, ge=1, le=30, description="years running that a member expects a loss before it leaves",
        json_schema_extra={"unit": "years", "source": "judgement: half a term of office"},
    )  # fmt: skip
    renegotiation: bool = Field(
        False, description="shift the split towards a member that would leave, once, before it does"
    )
    ask_again: int = Field(
        0, ge=0, le=30, description="years after which those who refused or left are asked again; 0 = never",
        json_schema_extra={"unit": "years"},
    )  # fmt: skip
    approval: list[Approval] = Field(
        default_factory=list, description="who above the cities may veto it: province, centre"
    )
    if_refused: Literal["drop", "impose"] = Field(
        "drop", description="what happens when it does not come about: nothing, or the centre imposes it where it gains"
    )
