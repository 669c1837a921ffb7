"""No number without an origin: every literal in sim/ and configs/ is structural, has a source, or is explained.

The numbers of the economy are rows of parameters.csv, with source and status. What may stand in the code is

* a structural number (0, 1, 2, 0.5, 100, a tolerance 1e-6 or smaller, an index);
* a number whose line, or the comment right above it, says ``source:`` or ``unit:``;
* the default of a documented pydantic field (``Field(..., description=...)``);
* an entry of allowed_numbers.yaml, with a reason.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ALLOWED = yaml.safe_load((Path(__file__).parent / "allowed_numbers.yaml").read_text(encoding="utf-8"))
MARKERS = ("source:", "unit:")
STRUCTURAL = {0, 1, 2, 0.5, 100}
GUARD = 1e-6


class Number(NamedTuple):
    file: str
    line: int
    value: float

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.value:g}"


def is_structural(value: float) -> bool:
    return abs(value) in STRUCTURAL or (0 < abs(value) <= GUARD and math.log10(abs(value)) % 1 == 0)


def is_marked(lines: list[str], line: int) -> bool:
    """The line itself, or the block of comments directly above it, carries a marker."""
    if any(marker in lines[line - 1] for marker in MARKERS):
        return True
    above = line - 2
    while above >= 0 and lines[above].strip().startswith("#"):
        if any(marker in lines[above] for marker in MARKERS):
            return True
        above -= 1
    return False


def is_documented_field(node: ast.AST) -> bool:
    is_field = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Field"
    return is_field and any(keyword.arg == "description" for keyword in node.keywords)


def is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def counts(node: ast.AST, name: str) -> bool:
    """Whether whole numbers in this part of a node are positions, axes or repetitions."""
    if isinstance(node, ast.Subscript):
        return name == "slice"
    if isinstance(node, ast.keyword):
        return node.arg in ("axis", "shape")
    if isinstance(node, ast.Call) and name == "args":
        return getattr(node.func, "attr", getattr(node.func, "id", "")) in ("range", "round", "transpose")
    return False


def literals(node: ast.AST, *, index: bool = False) -> Iterator[ast.Constant]:
    """Numeric literals, without whole numbers that count and without documented defaults."""
    if is_documented_field(node):
        return
    if is_number(node) and not (index and isinstance(node.value, int)):
        yield node
    for name, child in ast.iter_fields(node):
        inside = counts(node, name) or (index and not isinstance(node, ast.Call))
        for item in child if isinstance(child, list) else [child]:
            if isinstance(item, ast.AST):
                yield from literals(item, index=inside)


def numbers_in_code(text: str, file: str) -> list[Number]:
    lines = text.splitlines()
    found = [Number(file, node.lineno, float(node.value)) for node in literals(ast.parse(text))]
    return [n for n in found if not is_structural(n.value) and not is_marked(lines, n.line)]


def numbers_in_yaml(text: str, file: str) -> list[Number]:
    lines = text.splitlines()
    found: list[Number] = []

    def visit(node: yaml.Node) -> None:
        if isinstance(node, yaml.ScalarNode) and node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
            found.append(Number(file, node.start_mark.line + 1, float(node.value)))
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                visit(item)
        elif isinstance(node, yaml.MappingNode):
            for _, value in node.value:
                visit(value)

    root = yaml.compose(text)
    if root is not None:
        visit(root)
    return [n for n in found if not is_structural(n.value) and not is_marked(lines, n.line)]


def is_allowed(number: Number) -> bool:
    path = Path(number.file)
    return any(
        path.match(entry["file"]) and (entry["numbers"] == "any" or number.value in entry["numbers"])
        for entry in ALLOWED
    )


def scan() -> list[Number]:
    found: list[Number] = []
    for path in sorted((ROOT / "sim").rglob("*.py")):
        if "_data" not in path.parts:
            found += numbers_in_code(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    for folder in ("configs", "scenarios"):
        for path in sorted((ROOT / folder).rglob("*.yaml")):
            found += numbers_in_yaml(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    return found


def test_every_number_has_an_origin() -> None:
    homeless = [str(number) for number in scan() if not is_allowed(number)]
    assert not homeless, "numbers without a source (a row of parameters.csv is their place):\n" + "\n".join(homeless)


def test_the_list_of_exceptions_has_no_dead_entry() -> None:
    found = scan()
    for entry in ALLOWED:
        assert entry["reason"].strip(), entry
        here = {number.value for number in found if Path(number.file).match(entry["file"])}
        assert here, f"{entry['file']} needs no exception"
        if entry["numbers"] != "any":
            assert not set(entry["numbers"]) - here, f"{entry['file']}: {set(entry['numbers']) - here} is not there"


@pytest.mark.parametrize(
    "line",
    [
        "elasticity = 0.37",
        "def capital(stock, delta=0.096): return stock * (1 - delta)",
        "rates = {'AGR': 6}",
        "x = y ** -3.5",
        "weights = np.array([4, 2, 3, 1])[0]",
    ],
)
def test_a_number_slipped_into_a_mechanism_is_found(line: str) -> None:
    mechanism = (ROOT / "sim" / "mechanisms" / "invest.py").read_text(encoding="utf-8")
    planted = numbers_in_code(f"{mechanism}\n\n{line}\n", "sim/mechanisms/invest.py")
    assert [number for number in planted if number.line > mechanism.count("\n") and not is_allowed(number)]


@pytest.mark.parametrize("line", ["x = y[3]", "x = 2 * y", "tiny = 1e-12", "speed = 68.0  # source: IO table, km/h"])
def test_structure_and_sourced_numbers_pass(line: str) -> None:
    assert numbers_in_code(line, "sim/x.py") == []


def test_a_number_slipped_into_a_configuration_is_found() -> None:
    assert numbers_in_yaml("pace: 0.37\n", "configs/policies/x.yaml")
    assert not numbers_in_yaml("pace: 0.37 # source: judgement\nname: '0.37'\n", "configs/policies/x.yaml")
