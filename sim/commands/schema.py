"""``sim schema``: the JSON schema of a run, for editors that complete and check scenario files."""

from __future__ import annotations

import argparse
import json

from sim.commands import common


def parser() -> common.Parser:
    return common.parser("schema", "JSON schema of a run's configuration, for editors")


def execute(arguments: argparse.Namespace) -> int:
    from sim.config import json_schema

    print(json.dumps(json_schema(), ensure_ascii=False, indent=2))
    return 0
