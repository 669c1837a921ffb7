"""What the commands share: a parser whose complaints are `InputError`, and printing as text or as one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from sim.core.errors import InputError
from sim.core.words import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
Tell = Callable[[str], None]
"""Says what is being done."""

RUN_HELP = "a run's folder, or a scenario: its latest run under ./outputs"


class Parser(argparse.ArgumentParser):
    """Raises instead of printing its usage and leaving, and suggests the option that was meant."""

    def error(self, message: str) -> NoReturn:
        options = [name for action in self._actions for name in action.option_strings]
        unknown = message.removeprefix("unrecognized arguments: ").split()[0] if "unrecognized" in message else ""
        hint = did_you_mean(unknown, options) if unknown.startswith("-") else ""
        raise InputError(f"{self.prog}: {message}{hint} ({self.prog} --help shows how)")


def parser(command: str, description: str, *, json_help: str = "print one JSON object") -> Parser:
    """A parser with the options every command has."""
    made = Parser(prog=f"sim {command}", description=description, allow_abbrev=False)
    made.add_argument("--json", action="store_true", help=json_help)
    made.add_argument("--quiet", "-q", action="store_true", help="print nothing but errors")
    made.add_argument("--traceback", action="store_true", help="show where an internal error happened")
    return made


def choose(word: str, known: Sequence[str], what: str) -> str:
    """The word itself when it is known, otherwise an error that lists what is."""
    if word not in known:
        raise InputError(f"unknown {what} '{word}'{did_you_mean(word, known)}", allowed=", ".join(known))
    return word


def sort_words(first: str, others: Sequence[str]) -> tuple[str, list[str]]:
    """The scenario is the first word that is no override, wherever it stands; and the overrides."""
    words = [first, *others]
    scenario = next((word for word in words if "=" not in word and not word.startswith("~")), None)
    if scenario is None:
        raise InputError("which scenario? Name one of sim list scenarios", key="scenario")
    words.remove(scenario)
    return scenario, words


def count(text: str) -> int:
    """A whole number above zero, as the type of an option."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def emit(arguments: argparse.Namespace, data: object, text: str) -> None:
    """Print the data with ``--json``, nothing with ``--quiet``, otherwise the text."""
    if arguments.json:
        print(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))
    elif not arguments.quiet:
        print(text)


def _plain(value: object) -> object:
    """Numpy scalars, paths and dates for JSON."""
    if isinstance(value, Path | date):
        return str(value)
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)


def table(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """Rows as aligned text, numbers to the right; the same on a terminal and in a pipe."""
    if not rows:
        return "(nothing)"
    names = list(columns or rows[0])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    right = [all(isinstance(row.get(name), int | float) for row in rows) for name in names]
    widths = [max(_width(line[i]) for line in [names, *cells]) for i in range(len(names))]
    lines = [_line(line, widths, right) for line in [names, *cells]]
    return "\n".join(lines)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain mappings."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _cell(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, tuple | list):
        return str(len(value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _line(line: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        " " * (width - _width(text)) + text if number else text + " " * (width - _width(text))
        for text, width, number in zip(line, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


@contextmanager
def progress(arguments: argparse.Namespace) -> Iterator[Tell]:
    """A line that says what is being done; on a terminal only, never in a pipe or a log."""
    if arguments.quiet or arguments.json or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


def latest_run() -> Path:
    """The run under ./outputs that was finished last; the reference inside a run is not one."""
    from sim.experiments.store import INFO, OUTPUTS, REFERENCE

    found = [path for pattern in (f"*/{INFO}", f"*/*/{INFO}") for path in OUTPUTS.glob(pattern)]
    runs = [path for path in found if path.parent.name != REFERENCE]
    if not runs:
        raise InputError(f"there is no run under ./{OUTPUTS}; first: sim run industry_transfer")
    return max(runs, key=lambda path: path.stat().st_mtime).parent


def choose_year(year: int, years: Sequence[int]) -> int:
    """The year itself when the run has it."""
    if year not in years:
        raise InputError(f"the run has no year {year}", allowed=f"{min(years)} to {max(years)}")
    return year


def choose_city(word: str, names: Mapping[str, Sequence[str]]) -> str:
    """The id of a city given by id or by name; ``names`` holds the names of each id."""
    shown = [name for region, all_names in names.items() for name in (region, *all_names)]
    known = {name.lower(): region for region, all_names in names.items() for name in (region, *all_names)}
    known |= {name.removesuffix("市"): known[name] for name in known if name.endswith("市")} | known
    if word.lower() not in known:
        raise InputError(f"unknown city '{word}'{did_you_mean(word, shown)}", allowed="sim list cities shows them")
    return known[word.lower()]
