"""``python -m benchmarks``: measure, print the table, write it into docs/performance.md when asked."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.timing import Row, machine, markdown

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
OPENING, CLOSING = "<!-- measured: written by python -m benchmarks --write -->", "<!-- end of what was measured -->"
REPEATS = 31


def sections(repeats: int) -> dict[str, tuple[str, Callable[[], list[Row]]]]:
    """Short name, heading and measurement of each part; imports happen when a part is measured."""
    found: dict[str, object] = {}

    def real() -> tuple:
        from benchmarks import year

        if not found:
            found["base"] = year.real_base()
            found["problems"] = year.problems(found["base"])
        return year, found["base"], found["problems"]

    def equilibrium() -> list[Row]:
        year, _, problems = real()
        return year.equilibrium(problems, repeats)

    def twin() -> list[Row]:
        year, _, problems = real()
        return year.against_c(problems, repeats)

    def run() -> list[Row]:
        year, base, _ = real()
        return year.whole_run(base, repeats)

    def agents() -> list[Row]:
        from benchmarks.governments import governments

        return governments(real()[1], max(3, repeats // 2))

    def plain() -> list[Row]:
        from benchmarks.plain_mesa import against_plain_mesa

        return against_plain_mesa(real()[2][1], max(3, repeats // 4))

    def large() -> list[Row]:
        from benchmarks.large import scaling

        return scaling(max(3, repeats // 4))

    def start() -> list[Row]:
        from benchmarks.startup import start_up

        return start_up(max(3, repeats // 10))

    def many() -> list[Row]:
        from benchmarks.ensemble import studies

        return studies()

    def million() -> list[Row]:
        from benchmarks.ensemble import million

        return million()

    return {
        "year": ("One year's equilibrium", equilibrium),
        "c": ("The same algorithm in C", twin),
        "run": ("A whole run", run),
        "governments": ("Governments", agents),
        "plain": ("Against plain Mesa agents", plain),
        "large": ("Large economies", large),
        "start": ("Start-up", start),
        "studies": ("Studies of many runs", many),
        "million": ("A million runs, generated", million),
    }


def measured(names: list[str], repeats: int) -> Iterator[str]:
    """Tables in markdown, one at a time."""
    for name, (title, measure) in sections(repeats).items():
        if name in names:
            print(f"measuring: {title}", file=sys.stderr)
            rows = measure()
            if rows:
                yield markdown(title, rows)


def write(text: str) -> None:
    """Replace what was measured before in the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(OPENING)
    _, _, after = rest.partition(CLOSING)
    PAGE.write_text(f"{before}{OPENING}\n\n{text}\n\n{CLOSING}{after}", encoding="utf-8")


def commit() -> str:
    """Short hash of the code measured, with a mark if it was changed since."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PAGE.parent)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def main() -> None:
    """Parse, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(sections(1)), help="parts to measure; default all")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="repetitions of the short measurements")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md")
    arguments = parser.parse_args()
    if arguments.write and arguments.only:
        parser.error("--write needs all parts")
    today = datetime.now(UTC).date().isoformat()
    tables = [f"{machine()}. Code {commit()}, {today}; medians."]
    print(tables[0], flush=True)
    for table in measured(arguments.only or list(sections(1)), arguments.repeats):
        tables.append(table)
        print(f"\n{table}", flush=True)
    if arguments.write:
        write("\n\n".join(tables))


if __name__ == "__main__":
    main()
