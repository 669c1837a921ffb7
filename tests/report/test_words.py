"""Both languages say the same things, and nothing the page may ask for is missing."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from sim.experiments.run import Run
from sim.experiments.switches import AS_IT_IS, NATIONAL, SWITCHES
from sim.indicators.targets import targets
from sim.policies import REGISTRY
from sim.report import tables
from sim.report.charts import BARS, PATHS
from sim.report.sections import SECTIONS
from sim.report.view import HEADLINES
from sim.report.words import TEXTS, Words

REPORT = Path(tables.__file__).parent
HANZI = re.compile(r"[\u4e00-\u9fff]")
SAME_IN_BOTH = {"unit.%", "again.python", "place.region"}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_take_the_same_values(key: str) -> None:
    english, chinese = TEXTS[key]
    assert fields(english) - fields(chinese) <= {"policies"}, key
    assert fields(chinese) <= fields(english) | {"base"}
    assert not HANZI.search(english.replace("亿元", ""))
    assert HANZI.search(chinese) or key in SAME_IN_BOTH or "GDP" in chinese or not re.search("[a-z]", english)


def test_every_text_the_code_names_exists() -> None:
    found = set()
    for path in REPORT.glob("*.py"):
        found |= set(re.findall(r'words\(\s*"([a-z_.]+)"', path.read_text(encoding="utf-8")))
    assert found
    assert not found - set(TEXTS)


def test_every_name_a_shipped_run_brings_has_a_text(transfer: Run) -> None:
    world = transfer.model.world if transfer.model else None
    assert world is not None
    units = {target.unit for target in targets(world) if target.indicator}
    wanted = {
        *(f"policy.{name}" for name in REGISTRY),
        *(f"column.{name}" for name in (*HEADLINES, *BARS, *PATHS, *tables.PROVINCE_ROWS)),
        *(f"indicator.{name}" for name in tables.INDICATORS),
        *(f"switch.{name}" for name in (AS_IT_IS, NATIONAL, *SWITCHES)),
        *(f"table.{name}" for name in world.coverage["table"]),
        *(f"status.{name}" for name in world.coverage["status"]),
        *(f"unit.{unit}" for unit in units),
        *(f"calibration.{name}" for name in transfer.info["calibration"]),
        *(f"seconds.{name}" for name in transfer.info["seconds"]),
        *(f"{prefix}.title" for prefix, _ in SECTIONS.values()),
    }
    assert not wanted - set(TEXTS)


def test_unknown_texts_fail_unless_a_default_is_given() -> None:
    words = Words("zh")
    assert words.get("policy.unknown", "unknown") == "unknown"
    with pytest.raises(KeyError):
        words("policy.unknown")
