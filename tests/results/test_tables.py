"""The tables agree with each other: sums of flows are totals, sums of payments are columns of the cities table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

CLOSE = 1e-9


def by(table: pd.DataFrame, place: str, **where: object) -> pd.Series:
    """Amounts by year and place of the rows with these values."""
    for column, value in where.items():
        table = table[table[column].isin(value)] if isinstance(value, list) else table[table[column] == value]
    return table.groupby(["year", place])["amount"].sum().rename_axis(["year", "region"])


def agree(run, total: pd.Series, column: pd.Series) -> None:
    """Equal to 1e-9 of the cities' GDP of the base year; rows that are not there are zero."""
    scale = run.cities.loc[run.cities["region"].isin(run.city_ids) & (run.cities["year"] == 2019), "gdp"].sum()
    column = column[column.index.get_level_values(1) != "ROW"]
    difference = column - total.reindex(column.index, fill_value=0.0)
    assert np.abs(difference).max() <= CLOSE * scale


@pytest.fixture
def cities(any_run) -> pd.DataFrame:
    return any_run.cities.set_index(["year", "region"])


@pytest.fixture
def local(any_run) -> pd.DataFrame:
    """Payments inside a region: households and firms to their city, or the city to them."""
    transfers = any_run.transfers
    return transfers[transfers["payer"] == transfers["payee"]]


def test_amounts_are_base_times_rate_and_never_negative(any_run):
    transfers = any_run.transfers
    assert (transfers["amount"] > 0.0).all()
    np.testing.assert_allclose(transfers["base"].abs() * transfers["rate"], transfers["amount"], rtol=1e-12)


def test_taxes_and_levies_to_cities_are_their_own_revenue(any_run, cities, local):
    paid, back = by(local, "payee", rule=["tax", "levy"]), by(local, "payer", rule="rebate")
    agree(any_run, paid.sub(back, fill_value=0.0), cities["own_revenue"])


def test_levies_and_land(any_run, cities, local):
    levies = by(local, "payee", rule="levy").sub(by(local, "payer", rule="rebate"), fill_value=0.0)
    agree(any_run, levies, cities["other_levies"])
    agree(any_run, by(local, "payee", rule="land"), cities["land_revenue"])


def test_taxes_to_the_centre_are_central_tax(any_run, cities):
    paid = by(any_run.transfers, "payer", rule="tax", payee="centre")
    back = by(any_run.transfers, "payee", rule="tax", payer="centre")
    agree(any_run, paid.sub(back, fill_value=0.0), cities["central_tax"])


def test_local_taxes_are_split_between_city_and_province(any_run, cities, local):
    provinces = [payee for payee in any_run.transfers["payee"].unique() if payee.startswith("province:")]
    cut = by(any_run.transfers, "payer", rule="tax", payee=provinces)
    agree(any_run, cut, cities["province_cut"])
    agree(any_run, cut.add(by(local, "payer", rule="tax"), fill_value=0.0), cities["local_tax"])
    agree(any_run, by(any_run.transfers, "payer", rule="levy", payee=provinces), cities["province_levy"])


def test_general_transfers_in_both_directions(any_run, cities):
    received = by(any_run.transfers, "payee", rule="general_transfer", payer="centre")
    remitted = by(any_run.transfers, "payer", rule="general_transfer", payee="centre")
    agree(any_run, received.sub(remitted, fill_value=0.0), cities["general_transfer"])


def test_contracts_are_shared_revenue(any_run, cities):
    received = by(any_run.transfers, "payee", rule="relocation")
    paid = by(any_run.transfers, "payer", rule="relocation")
    assert len(received)
    agree(any_run, received.sub(paid, fill_value=0.0), cities["shared_revenue"])


def test_contracts_keep_their_shares_by_age(any_run):
    contracts = any_run.transfers[any_run.transfers["rule"] == "relocation"]
    policy = any_run.config.policies["industry_transfer"]
    assert set(contracts["contract"]) == {"industry_transfer"}
    assert set(contracts["tax"]) == {"local"}
    np.testing.assert_allclose(contracts["rate"], policy.origin_share, rtol=1e-12)
    assert contracts["age"].between(0, policy.term - 1).all()
    assert set(contracts["payee"]) <= set(policy.origins)
    assert set(contracts["payer"]) <= set(policy.destinations)
    assert contracts["year"].min() == policy.start + 2  # taxed the year after the move, settled the year after that


def test_interest_goes_through_the_pool(any_run, cities):
    transfers = any_run.transfers
    agree(any_run, by(transfers, "payer", rule="interest", payee="pool"), cities["interest_paid"])
    agree(any_run, by(transfers, "payee", rule="interest", payer="pool"), cities["interest_received"])
    interest = transfers[transfers["rule"] == "interest"]
    into, out = (interest[interest[side] == "pool"].groupby("year")["amount"].sum() for side in ("payee", "payer"))
    np.testing.assert_allclose(into, out, rtol=1e-9)


def test_subsidies_are_the_rate_on_last_years_arrivals(any_run, cities, local):
    agree(any_run, by(local, "payer", rule="subsidy"), cities["subsidy"])
    rows = local[local["rule"] == "subsidy"]
    assert len(rows)
    np.testing.assert_allclose(rows["rate"], any_run.config.policies["industry_transfer"].incentive, rtol=1e-6)


def test_cash_of_city_and_province(any_run, cities, local):
    agree(any_run, by(local, "payer", rule="cash_transfer"), cities["city_cash"])
    agree(any_run, by(any_run.transfers, "payee", rule="cash_transfer"), cities["cash_transfer"])


def test_everything_a_government_gets_and_pays_is_in_the_table(any_run, cities, local):
    """What is left of a city's payments is what it buys."""
    transfers = any_run.transfers
    rules = {"tax", "levy", "land", "general_transfer", "relocation", "interest", "subsidy", "cash_transfer"}
    assert set(transfers["rule"]) - {"rebate"} == rules
    left = cities["own_revenue"] + cities["land_revenue"] + cities["general_transfer"] + cities["shared_revenue"]
    left += cities["new_debt"] + cities["fund_draw"]
    left -= cities["subsidy"] + cities["city_cash"] + cities["interest_paid"]
    bought = cities["city_service"] + cities["city_investment"]
    agree(any_run, bought, left)


def test_flows_add_up(any_run, cities):
    flows = any_run.flows
    output = any_run.sectors.groupby(["year", "region"])["output"].sum()
    purchases = any_run.sectors.groupby(["year", "region"])["expenditure"].sum()
    agree(any_run, by(flows, "origin", kind="trade"), output)
    agree(any_run, by(flows, "destination", kind="trade"), purchases)
    agree(any_run, by(flows, "destination", kind="saving"), cities["private_investment"])
    net = by(flows, "destination", kind="migrants") - by(flows, "origin", kind="migrants")
    agree(any_run, net, cities["net_migration"])
    assert set(flows["kind"]) == {"trade", "relocated_capital", "saving", "migrants"}
    assert (flows["amount"] > 0.0).all()
    assert (flows.loc[flows["kind"].isin(["saving", "migrants"]), "sector"] == "all").all()


def test_moved_capital_is_in_the_capital_account(any_run):
    flows = any_run.flows[any_run.flows["kind"] == "relocated_capital"]
    keys = ["year", "region", "sector"]
    came, left = (
        flows.rename(columns={side: "region"}).groupby(keys)["amount"].sum() for side in ("destination", "origin")
    )
    sectors = any_run.sectors.set_index(keys)
    kept = sectors["capital"] * (1.0 - any_run.model.world.parameters.value("depreciation_rate"))
    expected = (kept + sectors["investment_volume"]).add(came, fill_value=0.0).sub(left, fill_value=0.0)
    next_year = sectors["capital"].rename(index=lambda year: year - 1, level="year")
    expected = expected.reindex(next_year.index).dropna()
    np.testing.assert_allclose(next_year.reindex(expected.index), expected, rtol=1e-9)


def test_sectors_add_up_to_cities(any_run, cities):
    sums = any_run.sectors.groupby(["year", "region"])[["value_added", "capital", "labour"]].sum()
    for column, total in (("value_added", "gdp"), ("capital", "capital"), ("labour", "labour")):
        np.testing.assert_allclose(sums[column].reindex(cities.index), cities[total], rtol=1e-12)


def test_spending_shares_of_a_city_sum_to_one(any_run, cities):
    names = [name for name in cities if name.startswith("spending_share_")]
    inside = cities[cities.index.get_level_values(1) != "ROW"]
    np.testing.assert_allclose(inside[names].sum(axis=1), 1.0, rtol=1e-12)


def test_agreements_name_the_parties_of_contracts(any_run):
    policy = any_run.config.policies["industry_transfer"]
    agreements = any_run.agreements
    assert set(agreements["party"]) == {*policy.origins, *policy.destinations}
    assert (agreements["event"] == "signed").all()
    assert (agreements["year"] == policy.start).all()


def test_the_base_year_is_the_data(transfer):
    world = transfer.model.world
    rows = transfer.sectors[(transfer.sectors["year"] == 2019) & transfer.sectors["region"].isin(transfer.city_ids)]
    observed = world.value_added[: world.n_cities].ravel()
    np.testing.assert_allclose(rows["value_added"], observed, rtol=1e-6)


def test_sections_are_the_water_of_the_data_and_their_worst_pollutant_makes_the_index_of_their_city(any_run):
    sections, world = any_run.sections, any_run.model.world
    first = sections[sections["year"] == world.base_year]
    observed = world.river_concentration.ravel()
    np.testing.assert_allclose(first["concentration"], observed, rtol=1e-12)
    worst = sections.groupby(["year", "section", "city"])["index"].max()
    mean = worst.groupby(["year", "city"]).mean().rename_axis(["year", "region"])
    index = any_run.cities.set_index(["year", "region"])["river_index"]
    np.testing.assert_allclose(mean, index.loc[mean.index], rtol=1e-12)
    assert (index.drop(mean.index) == 0.0).all()


def test_what_passes_a_section_is_its_load_what_is_left_from_above_and_the_same_from_outside(any_run):
    """Decay by hand from days and rates; what is outside the data set stays as it was."""
    table, world = any_run.sections, any_run.model.world
    days = table["section"].map(world.rivers["days"].astype(float))
    rate = table["pollutant"].map(lambda name: world.parameters.value(f"river_decay_{name}"))
    left = table["flow"] * np.exp(-rate * days)
    inland = table["downstream"] != ""
    keys = [table["year"][inland], table["downstream"][inland], table["pollutant"][inland]]
    arriving = left[inland].groupby(keys).sum().rename_axis(["year", "section", "pollutant"])
    rows = table.set_index(["year", "section", "pollutant"])
    outside = (rows["flow"] - rows["load"] - arriving.reindex(rows.index, fill_value=0.0)).unstack("year")
    scale = rows["flow"].abs().max()
    assert (outside.max(axis=1) - outside.min(axis=1)).max() <= CLOSE * scale
    assert outside.min().min() >= -CLOSE * scale
