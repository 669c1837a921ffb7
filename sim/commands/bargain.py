"""``sim bargain``: who gets what of a common cost or gain, and would every group agree?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands import common
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.bargaining import Coalition, Kind

ALL = "all"
TAKEN_BY = {"weights": "proportional", "disagreement": "nash"}
"""Options that only one rule takes."""
YES = {True: "yes", False: "no"}
BETTER = {"cost": "saves by itself", "value": "gains by itself"}
SHOWN = 12  # unit: rows of objections
FORMAT = """\
the file (CSV), one row per coalition, the number of every non-empty one:
  coalition,value
  Shanghai,163520
  Suzhou,140826
  Shanghai+Suzhou,301607

rules:
  equal         the same for everyone
  proportional  in proportion to --weights: population, output, capacity, benefit, ...
  separable     what each adds to all others, the rest in proportion to what joining still saves (SCRB)
  shapley       what each adds on average over all orders of joining
  nucleolus     the most dissatisfied group is as satisfied as can be, then the next
  nash          the gain over the --disagreement points in equal parts
  all           the rules side by side (proportional only with --weights)

examples:
  sim bargain costs.csv --kind cost
  sim bargain gains.csv --kind value --rule proportional --weights Shanghai=24.3,Suzhou=10.7
  sim bargain gains.csv --kind value --rule nash --disagreement points.csv
"""
BY_PLAYER_HELP = "NAME=NUMBER,... or a CSV file with the columns player and value"


def parser() -> common.Parser:
    made = common.parser("bargain", "divide a common cost or gain between players; would every group agree?")
    made.epilog, made.formatter_class = FORMAT, argparse.RawDescriptionHelpFormatter
    made.add_argument("file", type=Path, metavar="FILE.csv", help="what each coalition costs or is worth, see below")
    made.add_argument("--rule", default=ALL, metavar="RULE", help="see below; default all")
    made.add_argument("--kind", required=True, choices=("cost", "value"), help="what the numbers are")
    made.add_argument("--weights", metavar="WEIGHTS", help=f"of the rule proportional: {BY_PLAYER_HELP}")
    made.add_argument("--disagreement", metavar="POINTS", help="of the rule nash, default alone: as --weights")
    return made


def execute(arguments: argparse.Namespace) -> int:
    from sim.bargaining import RULES, core_is_empty

    rule, kind, file = common.choose(arguments.rule, [*RULES, ALL], "rule"), arguments.kind, str(arguments.file)
    values = read_game(arguments.file)
    given = {option: getattr(arguments, option) for option in TAKEN_BY}
    numbers = {option: read_by_player(text, option) for option, text in given.items() if text is not None}
    for option in numbers:
        if rule not in (ALL, TAKEN_BY[option]):
            raise InputError(f"is for the rule {TAKEN_BY[option]}, not for {rule}", key=f"--{option}")
    try:
        empty = core_is_empty(values, kind=kind)
    except ValueError as error:  # a coalition is missing or unknown
        raise InputError(str(error), file=file, column="coalition") from error
    asked = [rule] if rule != ALL else [name for name in RULES if name != "proportional" or "weights" in numbers]
    splits, no_answer = divide(values, kind, asked, numbers)
    if rule in no_answer:
        raise InputError(f"the rule {rule} has no answer: {no_answer[rule]}", file=file)
    data = {
        "kind": kind,
        "total": values[max(values, key=len)],
        "alone": {coalition[0]: number for coalition, number in values.items() if len(coalition) == 1},
        "core_is_empty": empty,
        "rules": {name: judged(values, shares, kind) for name, shares in splits.items()},
        "no_answer": no_answer,
    }
    common.emit(arguments, data, told(data))
    return 0


def read_game(path: Path) -> dict[Coalition, float]:
    """The number of each coalition; what is wrong with a single row or with two of them is found here."""
    values: dict[Coalition, float] = {}
    rows: dict[frozenset[str], int] = {}
    for row, word, number in read_pairs(path, "coalition"):
        players = tuple(player.strip() for player in word.split("+"))
        twice = next((player for player in players if players.count(player) > 1), None)
        first = rows.setdefault(frozenset(players), row)
        if "" in players:
            wrong = f"'{word}' has a player without a name"
        elif twice:
            wrong = f"{twice} is in the coalition twice"
        elif first != row:
            wrong = f"the coalition {word} stands in row {first} already"
        else:
            values[players] = number
            continue
        raise InputError(wrong, str(path), row, "coalition")
    return values


def read_by_player(text: str, option: str) -> dict[str, float]:
    """``a=1,b=2``, or a file, whose name has no ``=``."""
    found: dict[str, float] = {}
    if text and "=" not in text:
        for row, player, number in read_pairs(Path(text), "player"):
            if player in found:
                raise InputError(f"{player} has two rows", text, row, "player")
            found[player] = number
        return found
    for part in text.split(","):
        player, _, number_word = (word.strip() for word in part.partition("="))
        if not player or player in found:
            raise InputError(f"'{part}': no name, or one named before", key=f"--{option}", allowed=BY_PLAYER_HELP)
        try:
            found[player] = float(number_word)
        except ValueError:
            raise InputError(f"'{part}': not a number", key=f"--{option}", allowed=BY_PLAYER_HELP) from None
    return found


def read_pairs(path: Path, key: str) -> list[tuple[int, str, float]]:
    """Row, name and number of a file with the columns ``key`` and value; the first error is raised."""
    from sim.datasets.reader import convert, parse_csv
    from sim.datasets.schema import Column, Table

    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    columns = (Column(key, "text", "who"), Column("value", "number", "how much"))
    errors: list[InputError] = []
    raw = parse_csv(content, str(path), errors)
    table = None if raw is None else convert(raw, Table(str(path), "", columns, (key,)), errors)
    if errors:
        raise errors[0]
    assert table is not None
    return [(int(row), str(name), float(number)) for row, name, number in table.itertuples()]


def divide(
    values: dict[Coalition, float], kind: Kind, rules: list[str], numbers: dict[str, dict[str, float]]
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """The split by each rule that has one, and why the others have none."""
    from sim.bargaining import NoSolutionError, split

    splits, no_answer = {}, {}
    for rule in rules:
        option = next((name for name, taker in TAKEN_BY.items() if taker == rule), "rule")
        taken = {option: numbers[option]} if option in numbers else {}
        try:
            splits[rule] = split(values, rule, kind=kind, **taken)
        except NoSolutionError as error:
            no_answer[rule] = str(error)
        except ValueError as error:  # numbers by player that are missing or do not fit
            raise InputError(str(error), key=f"--{option}") from error
    return splits, no_answer


def judged(values: dict[Coalition, float], shares: dict[str, float], kind: Kind) -> dict[str, Any]:
    """A split and who objects to it."""
    from sim.bargaining import core_violations, individually_rational, name_of

    objections = core_violations(values, shares, kind=kind)
    return {
        "split": shares,
        "in_core": not objections,
        "individually_rational": individually_rational(values, shares, kind=kind),
        "violations": [{"coalition": name_of(coalition), "amount": amount} for coalition, amount in objections],
    }


def told(data: dict[str, Any]) -> str:
    """The shares side by side, the verdicts, and for a single rule who objects."""
    rules = data["rules"]
    players: list[common.Row] = [
        {"player": player, "alone": alone, **{name: rule["split"][player] for name, rule in rules.items()}}
        for player, alone in data["alone"].items()
    ]
    together = {"player": "together", "alone": sum(data["alone"].values()), **dict.fromkeys(rules, data["total"])}
    verdicts: list[common.Row] = []
    for name, rule in rules.items():
        worst = rule["violations"][0] if rule["violations"] else {}
        verdicts.append(
            {
                "rule": name,
                "in the core": YES[rule["in_core"]],
                "individually rational": YES[rule["individually_rational"]],
                "objects most": worst.get("coalition"),
                BETTER[data["kind"]]: worst.get("amount"),
            }
        )
    parts = [common.table([*players, together]), common.table(verdicts)]
    if data["core_is_empty"]:
        parts.append("The core is empty: every split leaves some group better off by itself.")
    if len(rules) == 1 and len(violations := next(iter(rules.values()))["violations"]) > 1:
        shown = common.table(
            [{"objects": v["coalition"], BETTER[data["kind"]]: v["amount"]} for v in violations[:SHOWN]]
        )
        parts.append(shown + (f"\n... and {len(violations) - SHOWN} more" if len(violations) > SHOWN else ""))
    parts += [f"{name} has no answer: {reason}" for name, reason in data["no_answer"].items()]
    return "\n\n".join(parts)
