"""The state of a region in one year: every number of the model, as arrays.

Stocks hold the value at the start of the year, flows what happened in it, memory what a bit-exact restart needs
besides. Regions are the cities in their order, then the rest of the country, then the rest of the world.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.core.agreements import POLLUTANTS
from sim.core.arrays import FloatArray, IntArray
from sim.core.errors import InputError
from sim.core.fields import Field, array_field, fields_of

MONEY = "100 million yuan"
PEOPLE = "10,000 persons"
BASE_MONEY = "100 million yuan, base-year prices"


SCORE_TERMS = ("growth", "income", "balance", "compliance")
"""What a government's score is made of (MODEL.md 6)."""

COHORT = ("origin", "destination", "sector", "contract", "year", "capital", "paid", "cap")
"""Columns of the ledger of capital that moved under a contract (``contract`` counts the model's contracts)."""

PAYMENT = ("payer", "payee", "sector", "contract", "age", "base", "rate", "amount")
"""Columns of what contracts oblige payers to pay on a year's tax; settled in the next year."""

EVERY_SECTOR, ARBITRATION = -1, -2
"""In the column ``sector``: a payment on all sectors together; one that was contested and is settled now."""

WITHHELD = (*PAYMENT, "due")
"""Columns of payments that are contested, with the year on whose tax they are settled."""

EVENT = ("agreement", "party", "event", "expected_gain", "reserve", "reason", *(f"{t}_gain" for t in SCORE_TERMS))
"""Columns of what happens to agreements in a year; ``party`` counts regions, then provinces, then the centre."""

EVENTS = ("asked", "signed", "refused", "left", "renegotiated", "vetoed", "imposed", "failed", "dispute", "settled")
"""Words of the column ``event``."""

REASONS = (
    "", "expects to gain", "expects to lose", "lost for too long", "wants a better split", "too few members",
    "nobody to agree with",
    "a needed party refused", "expects its cities to lose", "expects the region to gain", "expects the region to lose",
    "the payment is contested", "arbitration",
)  # fmt: skip
"""Words of the column ``reason``."""


@dataclass
class State:
    """All arrays of one year; written in place, never rebound."""

    year: int
    # stocks
    capital: FloatArray = array_field("region,sector", BASE_MONEY, "private capital", "stock", "sectors")
    labour: FloatArray = array_field("region,sector", PEOPLE, "employment", "stock", "sectors")
    productivity: FloatArray = array_field(
        "region,sector", "index", "value-added productivity without level effects", "stock", "none"
    )
    effective_productivity: FloatArray = array_field(
        "region,sector",
        "index",
        "value-added productivity with agglomeration, congestion and public capital",
        "stock",
        "sectors",
    )
    deviation: FloatArray = array_field(
        "region,sector", "log points", "productivity against its base-year level and the national trend", "stock"
    )
    resident_population: FloatArray = array_field("region", PEOPLE, "residents", "stock", "cities")
    registered_population: FloatArray = array_field("region", PEOPLE, "residents' register (hukou)", "stock", "cities")
    newcomers: FloatArray = array_field("region", PEOPLE, "residents without local registration", "stock", "cities")
    away: FloatArray = array_field(
        "origin,destination", PEOPLE, "people by where they are registered and where else they live", "stock"
    )
    service_quality: FloatArray = array_field(
        "region",
        "base year 1, relative to the nation",
        "public services per head served, with their lag",
        "stock",
        "cities",
    )
    urban_share: FloatArray = array_field(
        "region", "1", "share of residents who live in towns; 0 outside the cities", "stock", "cities"
    )
    public_capital: FloatArray = array_field("region", BASE_MONEY, "public capital", "stock", "cities")
    debt: FloatArray = array_field("region", MONEY, "debt of the city government", "stock", "cities")
    province_debt: FloatArray = array_field("province", MONEY, "debt of the provincial government", "stock")
    net_position: FloatArray = array_field(
        "region",
        BASE_MONEY,
        "capital owned elsewhere less capital owned here by others, through the pool",
        "stock",
        "cities",
    )
    cumulated_saving: FloatArray = array_field("region", MONEY, "saving since the base year, with it", "stock")
    capital_by_origin: FloatArray = array_field(
        "sector,origin,destination", BASE_MONEY, "capital by where it came from and where it stands", "stock"
    )
    investment_share: FloatArray = array_field(
        "region,sector", "1", "share of the saving pool invested here, phi", "stock"
    )
    decided_subsidy: FloatArray = array_field(
        "region", "1", "subsidy per yuan of new and arriving investment, as the city decided", "stock", "cities"
    )
    infrastructure_share: FloatArray = array_field(
        "region", "1", "share of the city's budget that it spends on infrastructure", "stock", "cities"
    )
    knowledge_stock: FloatArray = array_field(
        "region", BASE_MONEY, "what is left of past R&D made here", "stock", "cities"
    )
    schooling_lead: FloatArray = array_field(
        "region",
        "years",
        "schooling of the working age beyond its trend, by income and services relative to the nation",
        "stock",
        "cities",
    )
    fund_stock: FloatArray = array_field(
        "region", BASE_MONEY, "part of knowledge_stock that a joint fund has paid for", "stock", "cities"
    )
    fund_paid: FloatArray = array_field(
        "region", BASE_MONEY, "what is left of what the place has paid into a joint fund for R&D", "stock", "cities"
    )
    outside_knowledge: FloatArray = array_field(
        "region",
        f"{BASE_MONEY}, a mean",
        "what is left of past R&D of the other cities, by how near it was",
        "stock",
        "cities",
    )
    network_coverage: FloatArray = array_field(
        "region", "1", "share of residents within reach of the newest mobile network (5G)", "stock", "cities"
    )
    digital_use: FloatArray = array_field(
        "region", "1", "share of firms' key processes that run digitally", "stock", "cities"
    )
    digital_lead: FloatArray = array_field(
        "region", "1", "digital use above its usual path, 0 without policies", "stock", "cities"
    )
    foreign_capital: FloatArray = array_field(
        "region", BASE_MONEY, "capital here that the world has bought since the base year", "stock", "cities"
    )
    # flows: the network
    passenger_time: FloatArray = array_field(
        "origin,destination", "base year 1", "travel time of people over the base year's", "flow"
    )
    freight_time: FloatArray = array_field(
        "origin,destination", "base year 1", "travel time of goods over the base year's", "flow"
    )
    railway: FloatArray = array_field("region", "km", "railway opened since the base year", "flow", "cities")
    expressway: FloatArray = array_field("region", "km", "expressway opened since the base year", "flow", "cities")
    sea_port_use: FloatArray = array_field(
        "region", "1", "traffic of the sea port here over what it can handle; 0 without one", "flow", "cities"
    )
    airport_use: FloatArray = array_field(
        "region", "1", "traffic of the airport here over what it can handle; 0 without one", "flow", "cities"
    )
    sea_port_wait: FloatArray = array_field(
        "region", "days", "waiting at the sea port here beyond the base year's", "flow", "cities"
    )
    airport_wait: FloatArray = array_field(
        "region", "days", "waiting at the airport here beyond the base year's", "flow", "cities"
    )
    gateway_cost: FloatArray = array_field(
        "region,sector", "log points", "what waiting at ports and airports adds to the cost of trade with the world",
        "flow", "sectors",
    )  # fmt: skip
    # flows: the market
    value_added: FloatArray = array_field(
        "region,sector", MONEY, "value added incl. net production tax", "flow", "sectors"
    )
    output: FloatArray = array_field("region,sector", MONEY, "gross output", "flow", "sectors")
    expenditure: FloatArray = array_field(
        "region,sector", MONEY, "purchases of the sector's product, intermediate and final", "flow", "sectors"
    )
    price_index: FloatArray = array_field(
        "region,sector", "base-year national mean 1", "price index P", "flow", "sectors"
    )
    factor_price: FloatArray = array_field(
        "region,sector", "yuan per unit", "price of the factor bundle f", "flow", "sectors"
    )
    seller_weight: FloatArray = array_field(
        "region,sector", "index", "unit cost^-theta: what trade flows have of the seller", "flow"
    )
    buyer_weight: FloatArray = array_field(
        "region,sector", "index", "spending over Phi: what trade flows have of the buyer", "flow"
    )
    world_trade: FloatArray = array_field(
        "region,sector", MONEY, "exports to the world and imports from it", "flow", "sectors"
    )
    # flows: regional accounts
    gdp: FloatArray = array_field("region", MONEY, "value added of all sectors", "flow", "cities")
    gni: FloatArray = array_field(
        "region", MONEY, "income of residents and their government from factors", "flow", "cities"
    )
    real_gdp: FloatArray = array_field("region", BASE_MONEY, "chained volume of value added", "flow", "cities")
    real_income: FloatArray = array_field(
        "region",
        BASE_MONEY,
        "household and firm income, own revenue and net transfers over the price index",
        "flow",
        "cities",
    )
    real_value_added: FloatArray = array_field(
        "region", BASE_MONEY, "value added over the price index", "flow", "cities"
    )
    consumption: FloatArray = array_field("region", MONEY, "household consumption", "flow", "cities")
    investment: FloatArray = array_field("region", MONEY, "private and public investment", "flow", "cities")
    private_investment: FloatArray = array_field("region", MONEY, "private investment", "flow", "cities")
    public_investment: FloatArray = array_field(
        "region", MONEY, "infrastructure spending of city and province", "flow", "cities"
    )
    government: FloatArray = array_field("region", MONEY, "government consumption, all levels", "flow", "cities")
    public_spending: FloatArray = array_field(
        "region", MONEY, "general budget spending of the city and its share of the province's", "flow", "cities"
    )
    final_expenditure: FloatArray = array_field("region", MONEY, "spending on final uses", "flow", "cities")
    cpi: FloatArray = array_field("region", "base year 1", "price index of consumption", "flow", "cities")
    investment_price: FloatArray = array_field("region", "base year 1", "price index of investment", "flow", "cities")
    market_access: FloatArray = array_field(
        "region",
        "nation 1",
        "spending in reach, weighted by cost of trade, against the base year and the nation",
        "flow",
        "cities",
    )
    wage_income: FloatArray = array_field("region", MONEY, "wages before tax", "flow", "cities")
    capital_income: FloatArray = array_field("region", MONEY, "gross capital income before tax", "flow", "cities")
    production_tax: FloatArray = array_field("region", MONEY, "net production tax", "flow", "cities")
    disposable_income: FloatArray = array_field(
        "region", MONEY, "income of households and firms after all payments", "flow", "cities"
    )
    saving: FloatArray = array_field("region", MONEY, "saving of households and firms", "flow", "cities")
    cash_transfer: FloatArray = array_field(
        "region", MONEY, "cash from city and province to households", "flow", "cities"
    )
    interest_received: FloatArray = array_field("region", MONEY, "interest on government debt", "flow", "cities")
    position_income: FloatArray = array_field(
        "region", MONEY, "profit on the net position in the pool", "flow", "cities"
    )
    profit_received: FloatArray = array_field(
        "region", MONEY, "profits of plants moved away, received by owners", "flow", "cities"
    )
    profit_paid: FloatArray = array_field(
        "region", MONEY, "profits of hosted plants and of foreign capital, paid to owners elsewhere", "flow", "cities"
    )
    foreign_investment: FloatArray = array_field(
        "region",
        MONEY,
        "private investment that the world pays for, beyond what the base year's trade balance has",
        "flow",
        "cities",
    )
    foreign_income: FloatArray = array_field(
        "region", MONEY, "capital income after tax of foreign_capital, part of profit_paid", "flow", "cities"
    )
    # flows: governments
    local_tax: FloatArray = array_field("region", MONEY, "local taxes before the provincial cut", "flow", "cities")
    province_cut: FloatArray = array_field("region", MONEY, "province's part of local taxes", "flow", "cities")
    other_levies: FloatArray = array_field(
        "region", MONEY, "city's revenue that uniform tax rates do not explain", "flow", "cities"
    )
    province_levy: FloatArray = array_field("region", MONEY, "province's own levies", "flow", "cities")
    central_tax: FloatArray = array_field("region", MONEY, "central taxes collected here", "flow", "cities")
    own_revenue: FloatArray = array_field("region", MONEY, "city's general budget revenue", "flow", "cities")
    shared_revenue: FloatArray = array_field(
        "region", MONEY, "net receipts under contracts with other cities", "flow", "cities"
    )
    general_transfer: FloatArray = array_field("region", MONEY, "transfers from above", "flow", "cities")
    land_revenue: FloatArray = array_field("region", MONEY, "land revenue", "flow", "cities")
    new_debt: FloatArray = array_field("region", MONEY, "new debt of the city", "flow", "cities")
    fund_draw: FloatArray = array_field("region", MONEY, "draw on funds", "flow", "cities")
    interest_paid: FloatArray = array_field("region", MONEY, "interest paid by the city", "flow", "cities")
    subsidy: FloatArray = array_field("region", MONEY, "subsidies to investing firms, settled", "flow", "cities")
    city_service: FloatArray = array_field("region", MONEY, "city's spending on services", "flow", "cities")
    city_investment: FloatArray = array_field("region", MONEY, "city's spending on infrastructure", "flow", "cities")
    project_investment: FloatArray = array_field(
        "region", MONEY, "infrastructure of joint projects built here, part of city_investment", "flow", "cities"
    )
    city_cash: FloatArray = array_field("region", MONEY, "city's cash transfers to residents", "flow", "cities")
    province_service: FloatArray = array_field(
        "region", MONEY, "province's spending on services here", "flow", "cities"
    )
    central_service: FloatArray = array_field("region", MONEY, "central spending on services here", "flow", "cities")
    transfer_net: FloatArray = array_field(
        "region", MONEY, "transfers from above and under contracts", "flow", "cities"
    )
    net_inflow: FloatArray = array_field("region", MONEY, "final spending less value added", "flow", "cities")
    province_revenue: FloatArray = array_field("province", MONEY, "provincial revenue", "flow", "provinces")
    province_transfer: FloatArray = array_field("province", MONEY, "transfers to the province", "flow", "provinces")
    province_new_debt: FloatArray = array_field("province", MONEY, "new provincial debt", "flow", "provinces")
    province_fund_draw: FloatArray = array_field("province", MONEY, "draw on provincial funds", "flow", "provinces")
    province_interest: FloatArray = array_field("province", MONEY, "interest paid by the province", "flow", "provinces")
    # flows: assessment and capital
    attributed_gdp: FloatArray = array_field(
        "region", MONEY, "GDP as the officials' assessment counts it", "flow", "cities"
    )
    score: FloatArray = array_field(
        "region", "1", "what the city's government makes of the year; 0 where governments are passive", "flow", "cities"
    )
    score_terms: FloatArray = array_field(
        "region,term", "1", "growth, income, balance and compliance in the score, before weights", "flow"
    )
    subsidy_rate: FloatArray = array_field("region", "1", "subsidy per yuan of arriving investment", "flow", "cities")
    net_return: FloatArray = array_field(
        "region,sector", "1", "return to capital after tax and land cost", "flow", "sectors"
    )
    land_price: FloatArray = array_field("region", "yuan per m2", "price of industrial land", "flow", "cities")
    investment_volume: FloatArray = array_field("region,sector", BASE_MONEY, "new private capital", "flow", "sectors")
    relocated_capital: FloatArray = array_field(
        "sector,origin,destination", BASE_MONEY, "capital moved this year", "flow", "flows"
    )
    migrants: FloatArray = array_field(
        "origin,destination", PEOPLE, "people who moved to another place this year", "flow", "flows"
    )
    net_migration: FloatArray = array_field("region", PEOPLE, "arrivals less departures", "flow", "cities")
    real_wage: FloatArray = array_field(
        "region", "10,000 yuan a year, base-year prices", "wage after tax over the price index", "flow", "cities"
    )
    urban_income: FloatArray = array_field(
        "region",
        "10,000 yuan a year",
        "disposable income per resident of towns; 0 outside the cities",
        "flow",
        "cities",
    )
    rural_income: FloatArray = array_field(
        "region",
        "10,000 yuan a year",
        "disposable income per resident of the country; 0 outside the cities",
        "flow",
        "cities",
    )
    buildable_land: FloatArray = array_field(
        "region", "km2", "land that may be built on, with the quotas bought and sold", "flow", "cities"
    )
    housing_cost: FloatArray = array_field(
        "region", "base year 1", "price of housing by residents on the land there is", "flow", "cities"
    )
    floor_grant: FloatArray = array_field(
        "region",
        MONEY,
        "what the centre adds to next year's transfers so that spending reaches the floor",
        "flow",
        "cities",
    )
    # flows: rivers
    river_load: FloatArray = array_field(
        "section,pollutant", "t a year", "load that enters a river section from its city", "flow"
    )
    river_flow: FloatArray = array_field("section,pollutant", "t a year", "load that passes a river section", "flow")
    section_index: FloatArray = array_field(
        "section", "1", "concentration over its standard of the pollutant that is worst, 1 = just met", "flow"
    )
    river_index: FloatArray = array_field(
        "region", "1", "mean section_index of the place's river sections; 0 where it has none", "flow", "cities"
    )
    water_index: FloatArray = array_field(
        "region",
        "1",
        "mean section_index of the water that the place's people live by: of its sections and of those that flow to it",
        "flow",
        "cities",
    )
    # flows: energy and rights
    energy: FloatArray = array_field("region,sector", "10,000 tce", "energy used, after abatement", "flow", "sectors")
    household_energy: FloatArray = array_field("region", "10,000 tce", "energy used by households", "flow", "cities")
    fossil_energy: FloatArray = array_field(
        "region", "10,000 tce", "part of all energy used that is fossil", "flow", "cities"
    )
    carbon: FloatArray = array_field(
        "region", "10,000 t CO2", "carbon of energy, that of power where it is made", "flow", "cities"
    )
    power_use: FloatArray = array_field("region", "100 million kWh", "power used", "flow", "cities")
    power_import: FloatArray = array_field(
        "region", "100 million kWh", "power used less power made; sums to zero over the country", "flow", "cities"
    )
    energy_price: FloatArray = array_field(
        "region", "yuan per tce", "price of the right to use energy", "flow", "cities"
    )
    carbon_price: FloatArray = array_field(
        "region", "yuan per t CO2", "price of the right to emit carbon", "flow", "cities"
    )
    energy_bought: FloatArray = array_field(
        "region",
        "10,000 tce",
        "rights to use energy that the city's firms buy from other cities, net",
        "flow",
        "cities",
    )
    carbon_bought: FloatArray = array_field(
        "region",
        "10,000 t CO2",
        "rights to emit carbon that the city's firms buy from other cities, net",
        "flow",
        "cities",
    )
    emission_price: FloatArray = array_field(
        "region", "yuan per t", "price of the right to emit, in PM2.5 equivalents", "flow", "cities"
    )
    water_price: FloatArray = array_field("region", "yuan per m3", "price of the right to use water", "flow", "cities")
    emission_bought: FloatArray = array_field(
        "region", "10,000 t", "rights to emit that the city's firms buy from other cities, net", "flow", "cities"
    )
    water_bought: FloatArray = array_field(
        "region",
        "10,000 m3",
        "rights to use water that the city's firms and farms buy from other cities, net",
        "flow",
        "cities",
    )
    water_use: FloatArray = array_field(
        "region", "10,000 m3", "water withdrawn, households included, after saving", "flow", "cities"
    )
    abatement_cost: FloatArray = array_field(
        "region", MONEY, "cost of abatement under caps, lost as productivity in the next year", "flow", "cities"
    )
    uniform_cost: FloatArray = array_field(
        "region", MONEY, "what the same abatement would cost if everyone abated the same percentage", "flow", "cities"
    )
    auction_revenue: FloatArray = array_field(
        "region",
        MONEY,
        "rights auctioned here at their price, handed back to firms here as a lump sum",
        "flow",
        "cities",
    )
    # flows: air
    emission_intensity: FloatArray = array_field(
        "region,sector", "t per 100 million yuan, base-year prices", "emissions per value added unabated", "flow"
    )
    emission: FloatArray = array_field("region,sector", "t", "emissions in PM2.5 equivalents", "flow", "sectors")
    entry_cost: FloatArray = array_field(
        "region,sector", "1", "cost over value added of what entry standards made arriving plants do", "flow"
    )
    cleaning_loss: FloatArray = array_field(
        "region,sector", "log points", "productivity that abatement costs in the next year", "flow"
    )
    pm25: FloatArray = array_field(
        "region", "ug/m3", "PM2.5, mean of the year; 0 where the data set has none", "flow", "cities"
    )
    # memory: what a bit-exact restart needs besides
    abatement_loss: FloatArray = array_field(
        "region,sector", "log points", "productivity that abatement costs in the next year", "memory"
    )
    rd_spending: FloatArray = array_field("region", MONEY, "spending on research and development", "flow", "cities")
    public_rd: FloatArray = array_field(
        "region", MONEY, "part of it done by institutes and universities or paid by policies", "flow", "cities"
    )
    # memory: what a bit-exact restart needs besides
    knowledge_level: FloatArray = array_field(
        "region,sector", "log points", "what knowledge and digital use add to next year's productivity", "memory"
    )
    first_income: FloatArray = array_field(
        "region", "log", "real income per head over the nation's in the base year", "memory"
    )
    price_memory: FloatArray = array_field(
        "pair,pair,sector,region", "log", "log f and log P of the last two years", "memory"
    )
    acceleration: FloatArray = array_field(
        "pair,depth,pair,sector,region", "log", "past changes of the solver's steps and residuals", "memory"
    )
    acceleration_products: FloatArray = array_field("depth,depth", "log^2", "their inner products", "memory")
    volume_memory: FloatArray = array_field("region,sector", "log", "log of factor bundle and productivity", "memory")
    payable: FloatArray = array_field(
        "origin,destination", MONEY, "contract payments due next year, payer to payee", "memory"
    )
    tax_memory: FloatArray = array_field(
        "triple,region,sector", MONEY, "local tax kept by the city in the last three years, latest first", "memory"
    )
    subsidy_due: FloatArray = array_field("region", MONEY, "subsidies due next year", "memory")
    promised_subsidy: FloatArray = array_field(
        "region",
        "1",
        "subsidy per yuan of next year's investment, promised when its place was chosen",
        "memory",
    )
    transfer_share: FloatArray = array_field("region", "1", "transfers due next year over national GDP", "memory")
    debt_share: FloatArray = array_field("region", "1", "new debt of the next year over national GDP", "memory")
    grant_due: FloatArray = array_field("region", MONEY, "central grants for joint projects, due next year", "memory")
    works_due: FloatArray = array_field(
        "region", MONEY, "infrastructure for joint projects and zones that the next budget must pay for", "memory"
    )
    reference_income: FloatArray = array_field(
        "region", BASE_MONEY, "the base year's real income, grown at the nation's pace", "memory"
    )
    reference_room: FloatArray = array_field(
        "region", "1", "what the base year's budget had for services, over the nation's GDP by residents", "memory"
    )
    project_due: FloatArray = array_field(
        "region", MONEY, "part of works_due: joint projects, whose effects are modelled on their own", "memory"
    )
    attributed_memory: FloatArray = array_field("region", BASE_MONEY, "attributed real GDP of last year", "memory")
    score_memory: FloatArray = array_field("pair,region", "1", "scores of the last two years", "memory")
    search_direction: FloatArray = array_field(
        "pair,region", "1", "which way the city last moved its subsidy and its infrastructure share", "memory"
    )
    national: FloatArray = array_field(
        "aggregate",
        "mixed",
        "national value added, its volume growth, summed productivity scalars, saving pool, return, world factor",
        "memory",
    )
    cohorts: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, len(COHORT))))
    payments: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, len(PAYMENT))))
    withheld: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, len(WITHHELD))))
    contract_key: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, 0)))
    first_tax: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, 0)))
    membership: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, 0)))
    losing_years: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, 0)))
    given: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, 0)))
    events: FloatArray = dataclasses.field(default_factory=lambda: np.empty((0, len(EVENT))))
    acceleration_stored: IntArray = dataclasses.field(default_factory=lambda: np.zeros(2, dtype=np.int64))

    @classmethod
    def allocate(cls, year: int, n_regions: int, n_sectors: int, n_provinces: int, n_sections: int = 0) -> State:
        """A state of zeros."""
        size = sizes(n_regions, n_sectors, n_provinces, n_sections)
        arrays = {field.name: np.zeros(tuple(size[dim] for dim in field.dims)) for field in FIELDS}
        return cls(year=year, **arrays)  # type: ignore[arg-type]

    def copy(self) -> State:
        """A state that shares no memory with this one."""
        arrays = {name: getattr(self, name).copy() for name in SAVED}
        return State(year=self.year, **arrays)

    def save(self, path: Path) -> None:
        """Write everything a restart needs (numpy archive, no pickled objects)."""
        arrays = {name: getattr(self, name) for name in SAVED}
        with open(path, "wb") as handle:
            np.savez(handle, year=np.int64(self.year), **arrays)

    @classmethod
    def load(cls, path: Path) -> State:
        """Read a state written by :meth:`save`.

        Raises:
            InputError: the file is missing or is not such a state.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                return cls(year=int(archive["year"]), **{name: archive[name] for name in SAVED})
        except (OSError, KeyError, ValueError) as error:
            raise InputError(f"cannot read the saved state: {error}", file=str(path)) from error


FIELDS: tuple[Field, ...] = tuple(fields_of(State))

AGREED = ("membership", "losing_years", "given", "events")
"""``[agreement, region]``: 1 member, 0 not asked, -1 refused, -2 left; years of expected loss; what the split was
shifted towards it. And what happened this year, rows as `EVENT`."""
SHARED = ("cohorts", "payments", "withheld", "contract_key", "first_tax")
"""Ledgers of contracts, and by ``[contract, region]`` the key in force and the base of the contract's first year."""
SAVED = (*(field.name for field in FIELDS), *SHARED, *AGREED, "acceleration_stored")
ACCELERATION_DEPTH = 30  # pairs the solver remembers: measured, later years then need 5 sweeps instead of 23


def sizes(n_regions: int, n_sectors: int, n_provinces: int, n_sections: int = 0) -> dict[str, int]:
    """Length of every dimension a field may have."""
    places = {"region": n_regions, "origin": n_regions, "destination": n_regions}
    return {
        **places,
        "sector": n_sectors,
        "province": n_provinces,
        "pair": 2,
        "triple": 3,
        "depth": ACCELERATION_DEPTH,
        "aggregate": len(AGGREGATES),
        "term": len(SCORE_TERMS),
        "section": n_sections,
        "pollutant": len(POLLUTANTS),
    }


AGGREGATES = ("value_added", "growth", "productivity_trend", "pool", "gross_return", "world_factor")
