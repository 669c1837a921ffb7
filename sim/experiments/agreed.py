"""What happened to agreements: who was asked, what each expected, who signed, refused, left, and why; one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sim.core.state import EVENT, EVENTS, PAYMENT, REASONS, SCORE_TERMS
from sim.experiments.tables import CENTRE, assemble, ids

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.year import Simulation

IMPOSED = "the policy sets it"
"""Reason of a contract that nobody was asked about."""


def agreements(model: Simulation) -> pa.Table:
    """Events of agreements that parties decide on, and the parties of contracts that a policy imposes.

    A party of an imposed contract has signed, by the policy, when the first capital that it covers moved.
    """
    world = model.world
    contracts = [contract.name for contract in model.levers.contracts]
    proposals = [proposal.name for proposal in model.proposals]
    names = list(dict.fromkeys([*proposals, *contracts]))
    parties = [*world.region_ids, *(f"province:{province}" for province in world.province_ids), CENTRE]
    parties[len(world.region_ids) + world.n_provinces :] = ["province:ROC", CENTRE]
    rows = [
        np.column_stack([np.full(len(e), y), e]) for y, e in zip(model.record.years, model.record.events, strict=False)
    ]
    imposed = [name for name in contracts if name not in proposals]
    table = np.vstack([*rows, _imposed(model, contracts, names, imposed)])
    table = table[np.argsort(table[:, 0], kind="stable")]
    column = dict(zip(("year", *EVENT), table.T, strict=True))
    words = {
        "agreement": ids(column["agreement"].astype(np.int64), names or [""]),
        "party": ids(column["party"].astype(np.int64), parties),
        "event": ids(column["event"].astype(np.int64), EVENTS),
        "reason": ids(column["reason"].astype(np.int64), [*REASONS, IMPOSED]),
    }
    numbers = ("expected_gain", "reserve", *(f"{term}_gain" for term in SCORE_TERMS))
    return assemble(
        "agreements",
        {
            "year": column["year"].astype(np.int64),
            **words,
            **{name: pa.array(column[name], pa.float64(), from_pandas=True) for name in numbers},
        },
    )


def _imposed(model: Simulation, contracts: list[str], names: list[str], imposed: list[str]) -> FloatArray:
    """Rows of contracts that a policy brings: their parties, from the first capital they cover."""
    first: dict[tuple[int, int], int] = {}
    for year, rows in zip(model.record.years, model.record.payments, strict=False):
        moved = year - 2 - rows[:, PAYMENT.index("age")].astype(np.int64)  # taxed the year after, settled the next
        for side in ("payer", "payee"):
            triples = np.column_stack([rows[:, PAYMENT.index("contract")], rows[:, PAYMENT.index(side)], moved])
            for contract, place, since in np.unique(triples.astype(np.int64), axis=0).tolist():
                if contracts[contract] in imposed:
                    key = names.index(contracts[contract]), place
                    first[key] = min(first.get(key, since), since)
    signed, why, nothing = EVENTS.index("signed"), len(REASONS), [np.nan] * len(SCORE_TERMS)
    found = [
        [since, name, place, signed, np.nan, np.nan, why, *nothing] for (name, place), since in sorted(first.items())
    ]
    return np.array(found).reshape(-1, 1 + len(EVENT))
