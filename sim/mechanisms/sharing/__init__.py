"""Contracts between cities: what they oblige their members to pay on this year's tax (MODEL.md 5).

Under every contract a payer i owes a payee j ``schedule x base_i x key_ij``. Bases and keys are functions by name; the
parts of a key sum to one at most, and a payer's own part stays with it, so what some pay the others receive. What is
owed on the tax of year t is settled in t + 1, as at a year-end settlement; what is ploughed back instead of divided the
payer spends on its infrastructure in t + 1. Of contested payments a part is kept back and settled some years later.
"""

from sim.mechanisms.sharing.ledger import contract_payments, owe
from sim.mechanisms.sharing.phase import Share

__all__ = ["Share", "contract_payments", "owe"]
