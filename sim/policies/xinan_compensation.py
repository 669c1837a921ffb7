"""Compensation for the water of the Xin'an river, the first between provinces: four rounds since 2012 (plan 6.07)."""

from __future__ import annotations

from typing import ClassVar

from sim.policies.river_contract import RiverContract


class XinanCompensation(RiverContract):
    """The rounds by name; Huangshan and Hangzhou stand for Anhui and Zhejiang, whose budgets pay in fact."""

    key: ClassVar[str] = "policies.xinan_compensation"
    question: ClassVar[str] = "Who pays for the water of the Xin'an river, and does it become cleaner?"
