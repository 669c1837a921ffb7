"""The figures that can be explained: each computes a number of the result tables again from others of them.

A docstring is the formula in words. Parameters and data named in the decorator stand behind the number without
appearing in its last step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.calibration.fiscal import tax_rates
from sim.core.agreements import RULES
from sim.core.arrays import FloatArray
from sim.core.state import MONEY, PEOPLE
from sim.experiments.explain import Figure, Formula, Lookup
from sim.experiments.tables import CENTRE, POOL
from sim.mechanisms.invest import mean_land_price

FIGURES: dict[str, Figure] = {}
"""Every figure by its column."""

TECHNOLOGY = ("trade_elasticity", "agglomeration_elasticity", "congestion_elasticity", "public_capital_elasticity")
PER_THOUSAND = 1000.0  # unit: births and deaths are per 1,000 residents


def figure(
    *, by_sector: bool = False, parameters: tuple[str, ...] = (), data: tuple[str, ...] = ()
) -> Callable[[Formula], Formula]:
    """Register a function as the figure of its name."""

    def register(function: Formula) -> Formula:
        name = function.__name__
        formula = " ".join((function.__doc__ or "").split())
        FIGURES[name] = Figure(name, formula, function, by_sector, parameters, data)
        return function

    return register


@figure(parameters=TECHNOLOGY, data=("value_added",))
def gdp(x: Lookup) -> float:
    """Sum over sectors of value added."""
    return float(x.of_sectors("value_added").sum())


@figure(by_sector=True, parameters=TECHNOLOGY, data=("value_added",))
def value_added(x: Lookup) -> float:
    """Value-added share of output times output, summed over the sectors asked for (input-output table)."""
    return float(x.world.value_added_share[x.chosen] @ x.of_sectors("output"))


@figure(by_sector=True, parameters=("trade_elasticity", "distance_elasticity"), data=("value_added",))
def output(x: Lookup) -> float:
    """Sales to the city itself, to other cities, to the rest of the country and abroad."""
    ids = [x.world.sector_ids[s] for s in x.chosen]
    others = [city for city in x.world.region_ids[: x.world.n_cities] if city != x.city]
    buyers = {"own city": [x.city], "other cities": others, "rest of the country": ["ROC"], "abroad": ["ROW"]}
    parts = [
        x.flow(f"sales, {who}", kind="trade", origin=x.city, destination=places, sector=ids)
        for who, places in buyers.items()
        if who == "own city" or x.city not in places
    ]
    return sum(parts)


@figure()
def gni(x: Lookup) -> float:
    """GDP + profits of plants and pool held elsewhere + interest received - profits and interest paid; the interest
    that the province pays counts by residents."""
    received = ("gdp", "profit_received", "position_income", "interest_received")
    income = sum(x.of_city(name) for name in received) - x.of_city("profit_paid") - x.of_city("interest_paid")
    above = _of_province(x, "interest")
    return income - x.note("interest of the province", above, MONEY, "by residents", "transfers")


def _of_province(x: Lookup, rule: str) -> float:
    """The city's part, by base-year residents, of what its province pays."""
    if x.index >= x.world.n_cities:
        return 0.0
    q = int(x.world.province_of[x.index])
    people = x.world.resident_population
    share = float(people[x.index] / people[x.world.province_of == q].sum())
    payer = f"province:{x.world.province_ids[q]}"
    return share * x.paid(f"{rule} paid by {payer}", payer=payer, payee=POOL, rule=rule)


@figure(parameters=("agglomeration_elasticity", "congestion_elasticity", "public_capital_elasticity", "catch_up_rate"))
def real_gdp(x: Lookup) -> float:
    """Last year's real GDP times exp of the growth of factors and productivity, weighted by last year's value added:
    sum of share (a dlnK + (1 - a) dlnL + dlnA). In the base year it is GDP."""
    if x.is_base_year:
        return x.of_city("gdp")
    last = x.year - 1
    share = x.of_sectors("value_added", year=last)
    share = share / share.sum()
    a = capital_share(x)
    growth = a * _log_change(x, "capital") + (1.0 - a) * _log_change(x, "labour") + _log_change(x, "productivity")
    return x.of_city("real_gdp", year=last) * float(np.exp(share @ growth))


def _log_change(x: Lookup, column: str) -> FloatArray:
    now, before = x.of_sectors(column), x.of_sectors(column, year=x.year - 1)
    made = (now > 0.0) & (before > 0.0)
    return np.log(np.divide(now, before, out=np.ones_like(now), where=made))


def capital_share(x: Lookup) -> FloatArray:
    """Exponent of capital in the factor bundle ``[sector]``, from the input-output table."""
    x.parameter("labour_share_cap_agriculture")
    taxes = tax_rates(x.world)
    share = (taxes.capital_share / (taxes.capital_share + taxes.labour_share))[x.chosen]
    for s, value in zip(x.chosen, share, strict=True):
        x.note(f"a {x.world.sector_ids[s]}", value, "1", "capital share of factor income", "input-output table")
    return share


@figure()
def real_income(x: Lookup) -> float:
    """(disposable income + own revenue + land revenue + net transfers - cash, subsidies and interest that the city
    hands on, and joint projects built here) / price index."""
    received = sum(x.of_city(name) for name in ("disposable_income", "own_revenue", "land_revenue", "transfer_net"))
    paid = sum(x.of_city(name) for name in ("city_cash", "subsidy", "interest_paid", "project_investment"))
    return (received - paid) / x.of_city("price_index")


@figure()
def real_value_added(x: Lookup) -> float:
    """GDP / price index."""
    return x.of_city("gdp") / x.of_city("price_index")


@figure(parameters=("personal_tax_rate", "corporate_tax_rate", "profit_ownership", "land_revenue_ratio"))
def disposable_income(x: Lookup) -> float:
    """Wages + capital income - income taxes + profits and pool income received - profits paid - levies - land purchases
    + cash transfers + interest + subsidies."""
    taxes = sum(x.paid(f"{tax} tax", payer=x.city, rule="tax", tax=tax) for tax in ("personal", "corporate"))
    received = ("profit_received", "position_income", "cash_transfer", "interest_received", "subsidy")
    paid = ("profit_paid", "other_levies", "province_levy", "land_revenue")
    earned = x.of_city("wage_income") + x.of_city("capital_income")
    return earned - taxes + sum(x.of_city(name) for name in received) - sum(x.of_city(name) for name in paid)


@figure(parameters=("consumption_share",))
def consumption(x: Lookup) -> float:
    """Disposable income - saving."""
    return x.of_city("disposable_income") - x.of_city("saving")


@figure(parameters=("consumption_share",))
def saving(x: Lookup) -> float:
    """National saving rate times disposable income; the rate makes consumption its share of GDP in the base year."""
    rate = x.note("saving rate", x.run.info["calibration"]["saving_rate"], "1", "found by calibration", "run.json")
    return rate * x.of_city("disposable_income")


@figure(parameters=("investment_share",))
def investment(x: Lookup) -> float:
    """Private + public investment."""
    return x.of_city("private_investment") + x.of_city("public_investment")


@figure(parameters=("investment_return_elasticity", "investment_rate", "current_account_share"))
def private_investment(x: Lookup) -> float:
    """Savings of everybody in the country that finance investment here."""
    own = x.flow("own saving", kind="saving", origin=x.city, destination=x.city)
    others = [region for region in x.world.region_ids if region != x.city]
    return own + x.flow("saving of other places", kind="saving", origin=others, destination=x.city)


@figure()
def public_investment(x: Lookup) -> float:
    """Infrastructure that the city pays + the infrastructure share of its part of its province's spending."""
    own = sum(x.of_city(name) for name in ("own_revenue", "general_transfer", "new_debt", "fund_draw"))
    return x.of_city("city_investment") + x.parameter("infrastructure_share") * (x.of_city("public_spending") - own)


@figure()
def government(x: Lookup) -> float:
    """Services of city, province and centre."""
    return sum(x.of_city(name) for name in ("city_service", "province_service", "central_service"))


@figure()
def expenditure(x: Lookup) -> float:
    """Consumption + investment + government consumption."""
    return x.of_city("consumption") + x.of_city("investment") + x.of_city("government")


@figure()
def net_inflow(x: Lookup) -> float:
    """Purchases from everybody - sales to everybody."""
    bought = x.flow("purchases", kind="trade", destination=x.city)
    return bought - x.flow("sales", kind="trade", origin=x.city)


@figure(
    parameters=("central_share_vat", "central_share_corporate", "central_share_personal", "provincial_revenue_factor"),
    data=("region_values",),
)
def own_revenue(x: Lookup) -> float:
    """Local part of each tax after the province's cut + levies that uniform rates do not explain."""
    taxes = ("vat", "corporate", "personal", "surcharge", "consumption")
    total = sum(x.paid(f"{tax} tax, city", payer=x.city, payee=x.city, rule="tax", tax=tax) for tax in taxes)
    return total + x.of_city("other_levies")


@figure(parameters=tuple(f"central_share_{tax}" for tax in ("vat", "corporate", "personal", "consumption")))
def central_tax(x: Lookup) -> float:
    """Central part of each tax; a production tax that is a net subsidy counts against it."""
    taxes = ("vat", "consumption", "corporate", "personal", "other_production")
    total = sum(x.paid(f"{tax} tax, centre", payer=x.city, payee=CENTRE, rule="tax", tax=tax) for tax in taxes)
    return total - x.paid("net production subsidies", payer=CENTRE, payee=x.city, rule="tax")


@figure(parameters=("transfer_share_of_gap", "national_transfers"), data=("region_values",))
def general_transfer(x: Lookup) -> float:
    """Transfers from the centre - what the city remits upwards."""
    received = x.paid("received from the centre", payer=CENTRE, payee=x.city, rule="general_transfer")
    return received - x.paid("remitted", payer=x.city, payee=CENTRE, rule="general_transfer")


@figure()
def shared_revenue(x: Lookup) -> float:
    """Tax that other cities share under contracts - tax that the city shares."""
    received = x.paid("received under contracts", payee=x.city, rule=RULES)
    return received - x.paid("paid under contracts", payer=x.city, rule=RULES)


@figure()
def transfer_net(x: Lookup) -> float:
    """General transfer + shared revenue."""
    return x.of_city("general_transfer") + x.of_city("shared_revenue")


@figure(parameters=("debt_share_of_gap", "fund_share_of_gap"), data=("region_values",))
def public_spending(x: Lookup) -> float:
    """Own revenue + general transfer + new debt + draw on funds + the city's part of its province's budget, of which
    the infrastructure share is known."""
    own = sum(x.of_city(name) for name in ("own_revenue", "general_transfer", "new_debt", "fund_draw"))
    province = x.of_city("public_investment") - x.of_city("city_investment")
    return own + province / x.parameter("infrastructure_share")


@figure(parameters=("debt_revenue_ratio",))
def debt(x: Lookup) -> float:
    """Last year's debt + last year's new debt; in the base year the province's ratio times own revenue."""
    if x.is_base_year:
        observed = x.note("own_revenue", x.world.own_revenue[x.index], MONEY, "", "region_values.csv")
        return x.parameter_of_place("debt_revenue_ratio") * observed
    return x.of_city("debt", year=x.year - 1) + x.of_city("new_debt", year=x.year - 1)


def _price_level(x: Lookup, mix: FloatArray) -> float:
    """Geometric mean of the sectors' prices over those of the base year."""
    change = np.log(x.of_sectors("price_index") / x.of_sectors("price_index", year=x.base_year))
    for s, weight in zip(x.chosen, mix[x.chosen], strict=True):
        x.note(f"weight {x.world.sector_ids[s]}", weight, "1", "share in spending", "input-output table")
    return float(np.exp(change @ mix[x.chosen]))


@figure(parameters=("trade_elasticity",))
def price_index(x: Lookup) -> float:
    """Geometric mean of the sectors' price indices over the base year's, weighted by what households buy."""
    return _price_level(x, x.world.consumption_mix)


@figure(parameters=("trade_elasticity",))
def investment_price(x: Lookup) -> float:
    """Geometric mean of the sectors' price indices over the base year's, weighted by what investment buys."""
    return _price_level(x, x.world.investment_mix)


@figure(by_sector=True, data=("capital",))
def capital(x: Lookup) -> float:
    """Last year's capital after depreciation + investment at its price + plants that arrived - plants that left."""
    if x.is_base_year:
        return float(x.of_sectors("capital").sum())
    last = x.year - 1
    ids = [x.world.sector_ids[s] for s in x.chosen]
    kept = (1.0 - x.parameter("depreciation_rate")) * x.of_sectors("capital", year=last).sum()
    arrived = x.flow("arrived", year=last, kind="relocated_capital", destination=x.city, sector=ids)
    left = x.flow("left", year=last, kind="relocated_capital", origin=x.city, sector=ids)
    return float(kept + x.of_sectors("investment_volume", year=last).sum() + arrived - left)


@figure(data=("employment",))
def labour(x: Lookup) -> float:
    """Last year's workers times the growth of the labour force, less those who left, plus those who came: movers work
    as much as the residents of the place they leave; sectors only exchange workers."""
    if x.is_base_year:
        return float(x.of_sectors("labour").sum())
    last = x.year - 1
    grown = x.of_city("labour", year=last) * (1.0 + x.parameter_of_place("labour_force_growth"))
    gone = x.flow("departures", year=last, kind="migrants", origin=x.city) / x.of_city("resident_population", year=last)
    return grown * (1.0 - gone) + _workers_arriving(x, last)


def _workers_arriving(x: Lookup, year: int) -> float:
    """Arrivals times the employment rate of the places they come from."""
    table, flows = x.run.cities, x.run.flows
    places = table[table["year"] == year].set_index("region")
    growth = dict(zip(x.world.region_ids, x.world.by_region("labour_force_growth"), strict=True))
    came = flows[(flows["year"] == year) & (flows["kind"] == "migrants") & (flows["destination"] == x.city)]
    origin = came["origin"]
    rate = (places["labour"] / places["resident_population"])[origin].to_numpy()
    force = rate * (1.0 + np.array([growth[place] for place in origin]))
    workers = float(came["amount"].to_numpy() @ force) if len(came) else 0.0
    return x.note(
        "workers arriving", workers, PEOPLE, "by the employment rate of where they come from", f"flows, {year}"
    )


@figure(data=("region_values",))
def resident_population(x: Lookup) -> float:
    """Last year's residents and net migration times (1 + births - deaths); in the base year the data."""
    if x.is_base_year:
        return x.note("residents", x.world.resident_population[x.index], PEOPLE, "", "region_values.csv")
    rate = x.parameter_of_place("birth_rate") - x.parameter_of_place("death_rate")
    last = x.year - 1
    people = x.of_city("resident_population", year=last) + x.of_city("net_migration", year=last)
    return people * (1.0 + rate / PER_THOUSAND)


@figure(by_sector=True, data=("capital",))
def net_return(x: Lookup) -> float:
    """(capital income after corporate tax - land cost) / (price of investment x capital); land cost = share of value
    added x land price over the mean land price. Without a sector the mean weighted by capital."""
    taxes = tax_rates(x.world)
    x.parameter("corporate_tax_rate")
    rate = (taxes.capital_share - taxes.corporate_tax)[x.chosen]
    made = x.of_sectors("value_added")
    price = x.of_city("land_price") / x.note(
        "mean land price", mean_land_price(x.world), "yuan per m2", "base year, by value added", "region_values.csv"
    )
    income = made @ rate - price * float(made @ x.parameter_by_sector("land_cost_share"))
    return float(income / (x.of_city("investment_price") * x.of_sectors("capital").sum()))
