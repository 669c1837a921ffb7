"""A joint fund for R&D: who pays whom, what the sites do with it, and how its gains are shared, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.core.errors import InputError
from sim.experiments.transfers import transfers
from sim.indicators.identities import identities
from sim.year import Simulation
from tests.worlds import POLICIES, small_base, small_model, small_reference

PRT, MIL, VAL = range(3)
YEARS = range(2019, 2028)
QUIET = {"link": 0.0, "support": 0.0, "centres": {}, "start": 2021, "end": 2021}


def pooled(**changes: Any) -> Simulation:
    """One member in each year from 2021 pays .2 % of GDP into a fund that the Mill spends."""
    terms = POLICIES["innovation_community"] | QUIET | {"fund": 0.002, "fund_sites": {"MIL": 1.0}} | changes
    model = small_model({"innovation_community": terms})
    model.run()
    return model


def paid(model: Simulation, rule: str) -> dict[tuple[int, str, str], float]:
    table = transfers(model).to_pandas()
    rows = table[table["rule"] == rule]
    return dict(zip(zip(rows["year"], rows["payer"], rows["payee"], strict=True), rows["amount"], strict=True))


def test_members_pay_the_sites_in_the_year_after_and_the_sites_their_firms() -> None:
    model = pooled()
    record, before = model.record, small_reference().record
    gdp = record["gdp"][2]
    found = paid(model, "joint_fund")
    assert min(year for year, _, _ in found) == 2022
    assert found[2022, "PRT", "MIL"] == pytest.approx(0.002 * gdp[PRT], rel=1e-12)
    assert found[2022, "VAL", "MIL"] == pytest.approx(0.002 * gdp[VAL], rel=1e-12)
    assert (2022, "MIL", "MIL") not in found
    handed = record["subsidy"][3, MIL] - before["subsidy"][3, MIL]
    assert handed == pytest.approx(0.002 * gdp[:3].sum(), rel=1e-9)
    np.testing.assert_allclose(record["subsidy"][3, [PRT, VAL]], before["subsidy"][3, [PRT, VAL]], atol=1e-12)


def test_the_fund_is_research_at_its_sites_that_ages_like_all_other() -> None:
    model = pooled()
    record, p = model.record, model.world.parameters
    add, ages = p.value("rd_additionality"), p.value("knowledge_depreciation")
    real = record["real_gdp"] / np.maximum(record["gdp"], 1e-300)
    stock = 0.0
    for year in range(2, 5):
        stock = (1.0 - ages) * stock + add * 0.002 * record["gdp"][year, :3].sum() * real[year, MIL]
        assert record["fund_stock"][year + 1, MIL] == pytest.approx(stock, rel=1e-12)
    assert not record["fund_stock"][:, [PRT, VAL]].any()
    first = small_reference().record["knowledge_stock"][3, MIL] + record["fund_stock"][3, MIL]
    assert record["knowledge_stock"][3, MIL] == pytest.approx(first, rel=1e-12)


def test_gains_are_the_tax_on_what_the_fund_adds_and_go_by_what_was_paid() -> None:
    """``.5 rho F / Z tax`` of the Mill to everyone by what is left of their payments; its own part stays with it."""
    model = pooled(gain_share=0.5)
    record, year = model.record, 5
    rho = model.world.parameters.value("knowledge_elasticity")
    part = record["fund_stock"][year, MIL] / record["knowledge_stock"][year, MIL]
    kept = (1.0 - small_base().budgets.cut[MIL]) * record["local_tax"][year, MIL]
    found = paid(model, "joint_research")
    share = record["fund_paid"][year] / record["fund_paid"][year].sum()
    for place, code in ((PRT, "PRT"), (VAL, "VAL")):
        amount = found[YEARS[year] + 1, "MIL", code]
        assert amount == pytest.approx(0.5 * rho * part * kept * share[place], rel=1e-6)
    assert share[:3].sum() == pytest.approx(1.0)
    assert {payer for _, payer, _ in found} == {"MIL"}


def test_without_sites_the_fund_is_spent_where_members_do_research() -> None:
    record = pooled(fund_sites={}).record
    usual = small_reference().record["rd_spending"][2, :3]
    np.testing.assert_allclose(record["fund_stock"][3, :3] > 0.0, True)
    stock = record["fund_stock"][3, :3] * (record["gdp"][2, :3] / record["real_gdp"][2, :3])
    np.testing.assert_allclose(stock / stock.sum(), usual / usual.sum(), rtol=1e-9)


@pytest.mark.parametrize(
    "terms", [{"gain_share": 1.0}, {"gain_share": 0.3, "fund_sites": {}, "cities": ["PRT", "MIL"]}]
)
def test_books_hold_to_the_last_yuan(terms: dict[str, Any]) -> None:
    model = pooled(**terms)
    assert max(identities(model.record, model.base).values()) < 1e-9


def test_a_site_takes_part() -> None:
    terms = {"cities": ["PRT", "MIL"], "fund_sites": {"VAL": 1.0}}
    with pytest.raises(InputError, match="fund_sites: VAL takes no part"):
        pooled(**terms)


def test_without_its_site_there_is_no_fund() -> None:
    """A site that does not sign leaves nowhere to spend: nobody pays, and the rest of the policy goes on."""
    record = pooled(members=["PRT", "VAL"]).record
    assert not record["fund_stock"].any()
    assert not record["fund_paid"].any()


@pytest.mark.parametrize("base", ["fund", "joint_research"])
def test_its_contracts_belong_to_the_policy(base: str) -> None:
    terms = {"start": 2020, "end": 2027, "contracts": {"one": {
        "parties": ["PRT", "MIL"], "base": base, "key": "equal", "schedule": 0.5}}}  # fmt: skip
    with pytest.raises(InputError, match=f"base {base} belongs to the policy innovation_community"):
        small_model({"tax_sharing": terms})


def test_two_funds_at_once_are_refused() -> None:
    terms = QUIET | {"fund": 0.001}
    policies = {name: POLICIES[name] | terms for name in ("innovation_community", "g60_corridor")}
    with pytest.raises(InputError, match="another policy has a joint fund already"):
        small_model(policies).run()
