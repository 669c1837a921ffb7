"""The books of a run: every identity that must hold whatever the parameters, as an error relative to the region.

Who earns, taxes, spends, saves and invests where closes exactly at any tolerance of the solver, because the record is
computed once from the final prices (MODEL.md sections 3, 5 and 7). Every error is the largest over places and years,
divided by the total of the cities (GDP, capital, residents, workers) of that year.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.errors import SimulationError
from sim.core.state import PAYMENT
from sim.mechanisms.invest import InvestParams
from sim.mechanisms.people import PeopleParams

if TYPE_CHECKING:
    from sim.core.results import Record
    from sim.mechanisms.base_year import BaseYear
    from sim.year import Simulation

ALLOWED = 1e-9
"""Largest error an identity may have, relative to the regional total."""

STOCKS = ("capital", "foreign_capital", "public_capital", "resident_population", "labour", "debt", "province_debt")


@dataclass(frozen=True, eq=False)
class Books:
    """What the identities look at: flows and stocks ``[year, ...]``, and stocks a year later (maybe fewer years)."""

    now: Mapping[str, FloatArray]
    later: Mapping[str, FloatArray]
    payments: list[FloatArray]
    base: BaseYear

    def __getitem__(self, name: str) -> FloatArray:
        """A quantity of the cities and the rest of the country ``[year, region, ...]``, or of provinces."""
        values = self.now[name]
        world = self.base.world
        return values[:, : world.row] if values.shape[1] == world.n_regions else values

    def changed(self, name: str) -> tuple[FloatArray, FloatArray]:
        """A stock in the years whose next one is known, and in the next one."""
        after = self.later[name]
        return self.now[name][: len(after)], after

    @property
    def region_gdp(self) -> FloatArray:
        return np.asarray(self.now["gdp"][:, : self.base.world.n_cities].sum(axis=1))

    def against_gdp(self, difference: FloatArray) -> float:
        """Largest absolute difference ``[year, ...]`` relative to the cities' GDP of the year."""
        gap = np.abs(difference).reshape(len(difference), -1).max(axis=1, initial=0.0)
        return float((gap / self.region_gdp).max(initial=0.0))

    def against_stock(self, name: str, expected: FloatArray) -> float:
        """Largest deviation of a stock from what its account says, relative to the cities' stock."""
        _, after = self.changed(name)
        if not len(after):
            return 0.0
        total = after[:, : self.base.world.n_cities].reshape(len(after), -1).sum(axis=1)
        gap = np.abs(after - expected).reshape(len(after), -1).max(axis=1)
        return float((gap / total).max())


def income(b: Books) -> float:
    """Value added = wages + capital income + production tax."""
    return b.against_gdp(b["gdp"] - b["wage_income"] - b["capital_income"] - b["production_tax"])


def households(b: Books) -> float:
    """Disposable income of households and firms = everything they receive less everything they pay."""
    taxes = b["value_added"] @ (b.base.taxes.personal_tax + b.base.taxes.corporate_tax)
    received = ("cash_transfer", "interest_received", "subsidy", "position_income", "profit_received")
    paid = ("other_levies", "province_levy", "land_revenue", "profit_paid")
    total = b["wage_income"] + b["capital_income"] - taxes
    total = total + sum(b[name] for name in received) - sum(b[name] for name in paid)
    return b.against_gdp(b["disposable_income"] - total)


def city_budgets(b: Books) -> float:
    """Receipts of every city government = its payments."""
    received = ("own_revenue", "general_transfer", "land_revenue", "new_debt", "fund_draw", "shared_revenue")
    paid = ("city_service", "city_investment", "city_cash", "subsidy", "interest_paid")
    return b.against_gdp(np.asarray(sum(b[name] for name in received) - sum(b[name] for name in paid)))


def province_budgets(b: Books) -> float:
    """Receipts of every provincial government = its payments."""
    received = ("province_revenue", "province_transfer", "province_new_debt", "province_fund_draw")
    spent = b["province_service"] + (b["public_investment"] - b["city_investment"])
    spent = spent + (b["cash_transfer"] - b["city_cash"])
    member = b.base.province[: b.base.world.row, None] == np.arange(b.base.n_provinces)
    return b.against_gdp(np.asarray(sum(b[name] for name in received)) - spent @ member - b["province_interest"])


def centre_budget(b: Books) -> float:
    """Central taxes = transfers to cities, provinces and the rest of the country + central services."""
    paid = b["general_transfer"].sum(axis=1) + b["province_transfer"].sum(axis=1) + b["central_service"].sum(axis=1)
    return b.against_gdp(b["central_tax"].sum(axis=1) - paid)


def everybody(b: Books) -> float:
    """Value added less income paid to the world = what households and governments have after paying each other."""
    cities = b["own_revenue"] + b["land_revenue"] - b["city_cash"] - b["subsidy"] - b["interest_paid"]
    provinces = b["province_revenue"].sum(axis=1) - b["province_interest"].sum(axis=1)
    provinces = provinces - (b["cash_transfer"] - b["city_cash"]).sum(axis=1)
    total = (b["disposable_income"] + cities + b["central_tax"]).sum(axis=1) + provinces
    return b.against_gdp(b["gdp"].sum(axis=1) - b["foreign_income"].sum(axis=1) - total)


def factor_income(b: Books) -> float:
    """Profits of moved plants, income of the capital pool and interest: what some pay the others receive."""
    profits = b.now["profit_received"].sum(axis=1) - b["profit_paid"].sum(axis=1)
    abroad = b.now["profit_received"][:, b.base.world.row] - b["foreign_income"].sum(axis=1)
    interest = b["interest_received"].sum(axis=1) - b["interest_paid"].sum(axis=1) - b["province_interest"].sum(axis=1)
    return max(b.against_gdp(x) for x in (profits, abroad, interest, b["position_income"].sum(axis=1)))


def saving(b: Books) -> float:
    """Saving - new debt - draws on funds - current account + what the world invests = private investment."""
    surplus = b.base.world.parameters.value("current_account_share") * b["gdp"].sum(axis=1)
    borrowed = sum(b[name].sum(axis=1) for name in ("new_debt", "fund_draw", "province_new_debt", "province_fund_draw"))
    invested = (b["private_investment"] - b["foreign_investment"]).sum(axis=1)
    return b.against_gdp(b["saving"].sum(axis=1) - borrowed - surplus - invested)


def output(b: Books) -> float:
    """Output = sales to everybody, by region and sector."""
    return b.against_gdp(b.now["output"] - b.now["trade"].sum(axis=3).transpose(0, 2, 1))


def purchases(b: Books) -> float:
    """Purchases = deliveries from everybody = intermediate inputs + final uses, by region and sector."""
    now, base = b.now, b.base
    delivered = now["trade"].sum(axis=2).transpose(0, 2, 1)
    uses = np.stack([now["consumption"], now["investment"], now["government"]], axis=2) @ base.mix
    inputs = now["output"] @ base.input_share.T
    return max(b.against_gdp(now["expenditure"] - delivered), b.against_gdp(now["expenditure"] - inputs - uses))


def spending(b: Books) -> float:
    """Final spending = income + net inflow of goods and services, of every place on earth."""
    now = b.now
    inflow = now["trade"].sum(axis=(1, 2)) - now["trade"].sum(axis=(1, 3))
    return b.against_gdp(now["final_expenditure"] - now["gdp"] - inflow)


def current_account(b: Books) -> float:
    """The country spends its value added less the current account, less what the world earns, and what it invests."""
    surplus = b.base.world.parameters.value("current_account_share") * b["gdp"].sum(axis=1)
    world = (b["foreign_investment"] - b["foreign_income"]).sum(axis=1)
    return b.against_gdp(b["net_inflow"].sum(axis=1) + surplus - world)


def balance_of_payments(b: Books) -> float:
    """Current account + financial account = 0 in every place, and what all places on earth lend sums to zero.

    A place's current account is its trade balance, what it earns elsewhere less what others earn here, and what
    governments above and contracts give it less what they take; its financial account is its investment and its
    government's borrowing less its saving, which is what the world invests here and what the others do.
    """
    received = ("profit_received", "position_income", "interest_received", "general_transfer", "shared_revenue")
    paid = ("net_inflow", "profit_paid", "interest_paid", "central_tax", "province_cut", "province_levy")
    province = b["province_service"] + b["public_investment"] - b["city_investment"]
    province = province + b["cash_transfer"] - b["city_cash"]
    current = sum(b[name] for name in received) - sum(b[name] for name in paid) + b["central_service"] + province
    others = b["private_investment"] - b["foreign_investment"] + b["new_debt"] + b["fund_draw"] - b["saving"]
    places = np.asarray(current + b["foreign_investment"] + others)
    borrowed = (b["province_new_debt"] + b["province_fund_draw"]).sum(axis=1)
    row = b.base.world.row
    world = b.now["profit_received"][:, row] - b.now["net_inflow"][:, row]
    return max(b.against_gdp(places), b.against_gdp(np.asarray(current).sum(axis=1) - borrowed + world))


def positions(b: Books) -> float:
    """What all regions own elsewhere sums to zero; the world's capital next year = what is left + what it bought."""
    before, after = b.changed("foreign_capital")
    years, row = len(after), b.base.world.row
    kept = (1.0 - InvestParams.read(b.base.world).depreciation) * before.sum(axis=1)
    bought = (b.now["foreign_investment"] / b.now["investment_price"])[:years].sum(axis=1)
    pool = np.abs(b["net_position"].sum(axis=1)) / b.now["capital"][:, :row].sum(axis=(1, 2))
    gap = np.abs(after.sum(axis=1) - kept - bought) / b.now["capital"][:years, :row].sum(axis=(1, 2))
    return float(max(pool.max(initial=0.0), gap.max(initial=0.0)))


def contracts(b: Books) -> float:
    """Contract payments: what some pay others receive, each city's balance is their sum, none is above its base."""
    expected = np.zeros_like(b.now["shared_revenue"])
    payer, payee, base, amount = (PAYMENT.index(name) for name in ("payer", "payee", "base", "amount"))
    above = np.zeros(len(expected))
    for year, rows in enumerate(b.payments):
        np.add.at(expected[year], rows[:, payee].astype(np.int64), rows[:, amount])
        np.add.at(expected[year], rows[:, payer].astype(np.int64), -rows[:, amount])
        above[year] = (rows[:, amount] - rows[:, base]).max(initial=0.0)
    shared = b.now["shared_revenue"]
    return max(b.against_gdp(x) for x in (shared - expected, shared.sum(axis=1), above))


def attribution(b: Books) -> float:
    """GDP as attributed sums to GDP."""
    return b.against_gdp(b["attributed_gdp"].sum(axis=1) - b["gdp"].sum(axis=1))


def capital(b: Books) -> float:
    """Capital next year = what is left + what was invested + what arrived - what left, by region and sector."""
    before, after = b.changed("capital")
    years = len(after)
    moved = b.now["relocated_capital"][:years]
    moves = (moved.sum(axis=2) - moved.sum(axis=3)).transpose(0, 2, 1)
    kept = (1.0 - InvestParams.read(b.base.world).depreciation) * before
    return b.against_stock("capital", kept + b.now["investment_volume"][:years] + moves)


def investment_volume(b: Books) -> float:
    """New capital at its price = private investment, by region."""
    value = b.now["investment_volume"].sum(axis=2) * b.now["investment_price"]
    return b.against_gdp((value - b.now["private_investment"])[:, : b.base.world.row])


def public_capital(b: Books) -> float:
    """Public capital next year = what is left + infrastructure built, joint projects left out."""
    before, after = b.changed("public_capital")
    kept = (1.0 - InvestParams.read(b.base.world).public_depreciation) * before
    built = ((b.now["public_investment"] - b.now["project_investment"]) / b.now["investment_price"])[: len(after)]
    return b.against_stock("public_capital", kept + built)


def people(b: Books) -> float:
    """Residents next year = residents + arrivals - departures + births - deaths, by region; workers move with them."""
    q = PeopleParams.read(b.base.world)
    residents, _ = b.changed("resident_population")
    workers, after = b.changed("labour")
    if not len(after):
        return 0.0
    moved = b.now["migrants"][: len(after)]
    net = b.now["net_migration"][: len(after)]
    grown = workers.sum(axis=2) * (1.0 + q.labour_growth)
    leaving = moved * (grown / np.where(residents > 0.0, residents, 1.0))[:, :, None]
    expected = grown - leaving.sum(axis=2) + leaving.sum(axis=1)
    total = after[:, : b.base.world.n_cities].reshape(len(after), -1).sum(axis=1)
    hands = np.abs(after.sum(axis=2) - expected).max(axis=1, initial=0.0) / total
    between = np.abs(moved.sum(axis=1) - moved.sum(axis=2) - net).max(axis=1, initial=0.0) / total
    natural = b.against_stock("resident_population", (residents + net) * (1.0 + q.natural_growth))
    return max(natural, float(hands.max(initial=0.0)), float(between.max(initial=0.0)))


def register(b: Books) -> float:
    """Everybody is registered once: residents less newcomers plus those away are the register, by region."""
    away, row = b.now["away"], b.base.world.row
    local = b["resident_population"][:, :row] - away.sum(axis=1)[:, :row]
    register_ = local + away.sum(axis=2)[:, :row]
    gap = np.abs(register_ - b["registered_population"][:, :row]).max(axis=1, initial=0.0)
    newcomers = np.abs(away.sum(axis=1) - b.now["newcomers"]).max(axis=1, initial=0.0)
    everybody = np.abs(b["registered_population"].sum(axis=1) - b["resident_population"].sum(axis=1))
    people_ = b["resident_population"][:, : b.base.world.n_cities].sum(axis=1)
    return float(((gap + newcomers + everybody) / people_).max(initial=0.0))


def debt(b: Books) -> float:
    """Debt next year = debt + new debt, of cities and provinces."""
    errors = []
    for stock, flow in (("debt", "new_debt"), ("province_debt", "province_new_debt")):
        before, after = b.changed(stock)
        gap = after - before - b.now[flow][: len(after)]
        errors.append(float((np.abs(gap).max(axis=1, initial=0.0) / b.region_gdp[: len(after)]).max(initial=0.0)))
    return max(errors)


IDENTITIES: dict[str, Callable[[Books], float]] = {
    function.__name__: function
    for function in (
        *(income, households, city_budgets, province_budgets, centre_budget, everybody, factor_income, saving),
        *(output, purchases, spending, current_account, balance_of_payments, positions, contracts, attribution),
        *(capital, investment_volume, public_capital, people, register, debt),
    )
}
"""Every identity by name; the docstring says what it is."""


def identities(record: Record, base: BaseYear) -> dict[str, float]:
    """Largest relative error of every identity over the recorded years."""
    now = {name: record[name] for name in (*record.arrays, "trade")}
    books = Books(now, {name: record[name][1:] for name in STOCKS}, record.payments[: record.n_done], base)
    return {name: function(books) for name, function in IDENTITIES.items()}


def ownership(model: Simulation) -> float:
    """Capital by where it came from sums to the capital that stands, relative to the cities' capital."""
    state = model.state
    standing = state.capital.T
    gap = np.abs(state.capital_by_origin.sum(axis=1) - standing).max()
    return float(gap / standing[:, : model.world.n_cities].sum())


def _trade(model: Simulation) -> FloatArray:
    """Trade of the year just computed ``[sector, origin, destination]``, without the years before."""
    seller, buyer = model.state.seller_weight.T, model.state.buyer_weight.T
    kappa = model.market.technology.kappa.transpose(0, 2, 1)
    return np.asarray(kappa * seller[:, :, None] * buyer[:, None, :])


def check_identities(model: Simulation) -> dict[str, float]:
    """The identities of the year just recorded, its account with the coming year's stocks among them.

    Raises:
        SimulationError: one of them does not hold; it names the identity, its error and the year.
    """
    record = model.record
    last = slice(record.n_done - 1, record.n_done)
    now = {name: record[name][last] for name in record.arrays}
    now["trade"] = _trade(model)[None]
    later = {name: getattr(model.state, name)[None] for name in STOCKS}
    books = Books(now, later, record.payments[last], model.base)
    errors = {name: function(books) for name, function in IDENTITIES.items()} | {"ownership": ownership(model)}
    for name, error in errors.items():
        if not error <= ALLOWED:
            what = (IDENTITIES[name].__doc__ or "").strip() if name in IDENTITIES else (ownership.__doc__ or "")
            raise SimulationError(
                f"the books of {record.years[record.n_done - 1]} do not close: {name} is off by {error:.3g} "
                f"of the regional total ({what.splitlines()[0]})"
            )
    return errors
