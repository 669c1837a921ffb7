"""The command ``sim``: finds the command's module, runs it, turns every error into one line and an exit code.

Nothing heavy is imported here: a command's module is loaded when the command is called, so ``sim --help`` is
instant. Exit codes: 0 done; 1 internal error; 2 bad input; 3 the model did not converge; 4 a study finished with
failed runs; 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module

from sim import __version__
from sim.core.errors import InputError, ModelWarning, SimulationError
from sim.core.words import did_you_mean

COMMANDS = {
    "run": "run a scenario and write its results and report",
    "sweep": "run a scenario many times: lists, ranges, uncertainties, replications",
    "sensitivity": "which factors decide the outcomes and the conclusions of a scenario",
    "discover": "in which worlds of a study does a condition hold?",
    "robust": "which setting of a study does well whatever the world is like?",
    "optimise": "which setting keeps a condition and brings about most of what is wanted?",
    "coalition": "what is an agreement worth to every coalition, and who would walk away?",
    "signing": "at which share of the tax do all parties of an agreement sign, and who binds?",
    "lines": "which railway line is worth its cost, and for whom?",
    "bargain": "divide a common cost or gain between players; would every group agree?",
    "compare": "what changes between two runs",
    "report": "write the report of a run again",
    "list": "scenarios, policies, indicators, parameters, phases, sectors, cities",
    "explain": "inputs, parameters, sources and formula behind one number of a run",
    "data": "check a data set, show how well it is sourced, start a new one",
    "doctor": "is this installation sound? versions, cache, threads, two solved cases",
    "schema": "JSON schema of a run's configuration, for editors",
    "export": "the tables of a run as CSV, Excel or netCDF",
}
"""Name of a command (its module is ``sim.commands.<name>``) and its line in the help."""

FULL_DISK_OR_NO_RIGHT = ("EACCES", "EDQUOT", "EFBIG", "EISDIR", "ENAMETOOLONG", "ENOSPC", "ENOTDIR", "EPERM", "EROFS")
"""Errors of the file system that the user can do something about."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; raises only for ``--traceback``."""
    words = list(sys.argv[1:] if argv is None else argv)
    warnings.showwarning = _shower()
    try:
        return dispatch(words)
    except SimulationError as error:
        return _report(error, error.exit_code, words)
    except SystemExit as leaving:  # --help of a command
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe went away: `sim list parameters | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last resort: one line for the user, the traceback on demand
        if "--traceback" in words:
            raise
        known = _input_error(error)
        return _report(known or _internal(error), 2 if known else 1, words)


def dispatch(words: Sequence[str]) -> int:
    """Find the command of the first word and execute it with the rest."""
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if words[0] in ("-V", "--version"):
        print(f"deltasim {__version__}")
        return 0
    name, *rest = words
    if name not in COMMANDS:
        raise InputError(f"unknown command '{name}'{did_you_mean(name, COMMANDS)}", allowed=", ".join(COMMANDS))
    command = import_module(f"sim.commands.{name}")
    parsed = command.parser().parse_intermixed_args(rest)
    return int(command.execute(parsed))


def overview() -> str:
    """The text of ``sim --help``."""
    lines = [f"  {name:<11} {line}" for name, line in COMMANDS.items()]
    return "\n".join(
        [
            "usage: sim COMMAND ... [--json] [--quiet] [--traceback]",
            "",
            "What integration policies do to each city of a region.",
            "",
            "commands:",
            *lines,
            "",
            "sim COMMAND --help explains a command; sim --version prints the version.",
            "start with: sim run industry_transfer",
        ]
    )


def _shower() -> Callable[..., None]:
    """Shows the model's warnings as one line, once a command; those of libraries are for developers."""
    shown: set[str] = set()

    def show(message: Warning | str, *where: object, **_: object) -> None:
        if isinstance(message, ModelWarning) and str(message) not in shown:
            shown.add(str(message))
            print(f"warning: {message}", file=sys.stderr)

    return show


def _report(error: SimulationError, code: int, words: Sequence[str]) -> int:
    if "--json" in words:
        place = dict.fromkeys(("file", "row", "column", "key", "allowed", "message"))
        print(json.dumps({"error": place | error.as_dict()}, ensure_ascii=False, default=str))
    else:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return code


def _input_error(error: Exception) -> InputError | None:
    """A disk that is full or read-only is the user's to mend, not a bug."""
    import errno

    if isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in FULL_DISK_OR_NO_RIGHT:
        reason = os.strerror(error.errno or 0)
        if error.filename is None:
            return InputError(f"cannot be written: {reason}", file="a file of the output or of the cache")
        return InputError(reason, file=str(error.filename))
    return None


def _internal(error: Exception) -> SimulationError:
    return SimulationError(f"internal error: {type(error).__name__}: {error} (--traceback shows where)")
