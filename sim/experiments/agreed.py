"""What happened to agreements: who was asked, what each expected, who signed, refused, left, and why; one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sim.core.levers import Levers
from sim.core.state import ARBITRATION, EVENT, EVENTS, PAYMENT, REASONS, SCORE_TERMS
from sim.experiments.tables import CENTRE, assemble, ids

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.year import Simulation

IMPOSED = "the policy sets it"
"""Reason of a contract that nobody was asked about."""


def agreements(model: Simulation) -> pa.Table:
    """Events of agreements that parties decide on, and the parties of contracts that a policy imposes.

    A party of an imposed contract has signed, by the policy, in the year, or when the capital moved, of its first
    payment.
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
    asked = {name for proposal in proposals for name in _contracts_of(model, proposal)}
    imposed = [name for name in contracts if name not in asked]
    table = np.vstack([*rows, _imposed(model, contracts, names, imposed)])
    of_contracts = table[:, 1] < 0.0  # of payments; they count down from -1
    table[of_contracts, 1] = [names.index(contracts[int(-1 - k)]) for k in table[of_contracts, 1]]
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


def _contracts_of(model: Simulation, policy: str) -> list[str]:
    """Names of the contracts that a policy enters."""
    levers = Levers.neutral(model.base.admin_barrier, model.world.n_sectors)
    model.policies[policy].set_levers(levers, model.policies[policy].start, model.world)
    return [contract.name for contract in levers.contracts]


def _imposed(model: Simulation, contracts: list[str], names: list[str], imposed: list[str]) -> FloatArray:
    """Rows of contracts that a policy brings: their parties, from the first year or capital that they pay for."""
    first: dict[tuple[int, int], int] = {}
    moved = np.array([contract.base == "moved_tax" for contract in model.levers.contracts], dtype=np.int64)
    for year, rows in zip(model.record.years, model.record.payments, strict=False):
        on_time = rows[rows[:, PAYMENT.index("sector")] != ARBITRATION]
        is_moved = moved[on_time[:, PAYMENT.index("contract")].astype(np.int64)]
        begun = year - 1 - on_time[:, PAYMENT.index("age")] - is_moved  # what moved is taxed the year after
        for side in ("payer", "payee"):
            triples = np.column_stack([on_time[:, PAYMENT.index("contract")], on_time[:, PAYMENT.index(side)], begun])
            for contract, place, since in np.unique(triples.astype(np.int64), axis=0).tolist():
                if contracts[contract] in imposed:
                    key = names.index(contracts[contract]), place
                    first[key] = min(first.get(key, since), since)
    signed, why, nothing = EVENTS.index("signed"), len(REASONS), [np.nan] * len(SCORE_TERMS)
    found = [
        [since, name, place, signed, np.nan, np.nan, why, *nothing] for (name, place), since in sorted(first.items())
    ]
    return np.array(found).reshape(-1, 1 + len(EVENT))
