"""Where 100 yuan of a firm's tax go: to the centre, the province, the city, and from the city to a plant's origin.

The rates are those of the model (:func:`sim.calibration.fiscal.tax_rates`), the province's part is the cut of
:func:`sim.calibration.fiscal.budgets`, contracts divide what the city keeps (MODEL.md 4, Tax; 5, Contracts). Nothing is
run: rates do not change from year to year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.calibration.fiscal import budgets, tax_rates
from sim.core.agreements import Contract
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.experiments.explain import Source, cited
from sim.policies import Policy

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.datasets.world import World

INDUSTRY = "secondary"
WHOLE = 100.0
"""Yuan that are followed."""
WIDTH = 110  # unit: letters of a line of notes
LEVY = (
    "Taxes on land, property and the environment have no rate here: the model takes them, with all else in a city's "
    "revenue that these rates do not explain, as a levy that no contract shares."
)


@dataclass(frozen=True)
class _Rule:
    """A tax of the model: its array of rates, its parameters, who gets it."""

    tax: str
    name: str
    rates: str  # attribute of TaxRates
    basis: str
    keys: tuple[str, ...]
    central: str | float  # parameter, or a rule of the model
    row: str = ""  # of the input-output table
    shares: str = ""  # the same over value added, attribute of World
    of: str = ""  # what the row is


RULES = (
    _Rule(
        "vat", "value added tax", "vat", "of value added by sector, scaled so that the nation pays its share of GDP",
        ("vat_rate", "vat_share_of_gdp"), "central_share_vat",
    ),
    _Rule(
        "consumption", "consumption tax", "consumption_tax",
        "its share of the nation's GDP, spread over the sectors that pay",
        ("consumption_tax_base", "consumption_tax_share"), "central_share_consumption",
    ),
    _Rule(
        "corporate", "corporate income tax", "corporate_tax", "of the operating surplus",
        ("corporate_tax_rate",), "central_share_corporate", "SUR", "surplus_share_va", "operating surplus",
    ),
    _Rule(
        "personal", "personal income tax of its workers", "personal_tax", "of wages",
        ("personal_tax_rate", "labour_share_cap_agriculture"), "central_share_personal",
        "LAB", "labour_share_va", "labour compensation",
    ),
    _Rule("surcharge", "construction and education surcharges", "surcharge", "of value added tax, all local",
        ("surcharge_rate",), 0.0,
    ),
    _Rule(
        "other_production", "other net production tax", "other_production_tax",
        "what the input-output table has beyond the other three; no rule divides it, the model gives it to the centre",
        (), 1.0, "TAX", "production_tax_share_va", "net production tax",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Tax:
    """One tax in the 100 yuan: who gets how much, by which rule, from which numbers."""

    tax: str
    name: str
    share_of_value_added: float
    central_share: float
    centre: float
    province: float
    city: float
    total: float
    rule: str
    sources: list[Source]


@dataclass(frozen=True)
class ContractYear:
    """A year of a plant in its host city; ``year`` is that of a plant that moved in the policy's first year."""

    age: int
    year: int
    origin_share: float
    origin: float
    city: float


@dataclass(frozen=True)
class HandedOn:
    """What a host hands on under a contract; ``years`` end with the first one after the term, none for no host."""

    contract: str
    origins: list[str]
    hosts: list[str]
    sectors: list[str]
    start: int
    capped: bool
    years: list[ContractYear]
    precedents: list[str]


@dataclass(frozen=True)
class TaxPath:
    """The way of 100 yuan of tax; every amount is in yuan of them.

    ``localities`` is what province and city get ("the part of the tax increment that belongs to the localities", plan
    ch. 10); contracts share ``city``, what is left of it after the province's cut.
    """

    city_id: str
    name: str
    above: str
    firm: str
    sectors: list[str]
    share_of_value_added: float
    province_cut: float
    centre: float
    province: float
    city: float
    total: float
    localities: float
    taxes: list[Tax]
    contracts: list[HandedOn]
    notes: list[str]
    sources: list[Source]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return "\n\n".join(
            [
                f"Of 100 yuan of tax that a firm in {self.name} pays\n"
                f"{self.firm}: tax is {self.share_of_value_added:.2%} of value added",
                self._table(),
                self._localities(),
                *(self._handed_on(contract) for contract in self.contracts),
                "\n".join(["notes:", *map(_wrapped, self.notes)]),
                *self._sources(),
            ]
        )

    def _table(self) -> str:
        whole = ("total", self.centre, self.province, self.city, self.total, self.share_of_value_added)
        rows = [(t.name, t.centre, t.province, t.city, t.total, t.share_of_value_added) for t in self.taxes]
        width = max(len(str(row[0])) for row in rows)
        lines = [
            f"  {name:<{width}}  {centre:>8.2f}  {province:>8.2f}  {city:>8.2f}  {total:>8.2f}  {share:>14.2%}"
            for name, centre, province, city, total, share in [*rows, whole]
        ]
        head = f"  {'':<{width}}  {'centre':>8}  {'province':>8}  {'city':>8}  {'total':>8}  {'of value added':>14}"
        return "\n".join([head, *lines[:-1], "  " + "-" * (len(head) - 2), lines[-1]])

    def _localities(self) -> str:
        share = self.localities / WHOLE * self.share_of_value_added
        who = f"{self.above} takes {self.province:.2f} of them, {self.name} keeps {self.city:.2f}"
        if not self.province:
            who = f"no province takes a part, {self.name} keeps them"
        return (
            f"{self.localities:.2f} yuan belong to the localities ({share:.2%} of value added): {who}.\n"
            f"What {self.name} keeps is what contracts on moved plants share."
        )

    def _handed_on(self, handed: HandedOn) -> str:
        if not handed.years:
            nothing = f"contract {handed.contract}: no plant moves to {self.name}, so nothing is handed on."
            hosts = f"Hosts, whose path ends with the origin: {', '.join(handed.hosts)}."
            return f"{nothing}\n{_wrapped(hosts)}" if handed.hosts else nothing
        origin, left = "to the origin", f"left in {self.name}"
        lines = [
            f"contract {handed.contract}: a plant that moves to {self.name} in {handed.start}, from "
            f"{_either(handed.origins)}",
            f"  {'its year there':<16}  {'origin share':>12}  {'centre':>8}  {'province':>8}  {left}  {origin}",
        ]
        for _, same in groupby(handed.years, key=lambda year: year.origin_share):
            years = list(same)
            first, last = years[0].age + 1, years[-1].age + 1
            until = f"{first}" if first == last else f"{first} to {last}"
            when = f"{first} and later" if years[-1] is handed.years[-1] else until
            lines.append(
                f"  {when:<16}  {years[0].origin_share:>12.1%}  {self.centre:>8.2f}  {self.province:>8.2f}  "
                f"{years[0].city:>{len(left)}.2f}  {years[0].origin:>{len(origin)}.2f}"
            )
        lines.append(f"  For plants of {', '.join(handed.sectors)}. Paid a year later, when the year is settled.")
        if not {*self.sectors} & {*handed.sectors}:
            lines.append(f"  {', '.join(self.sectors)} does not move under it: this is what it would hand on.")
        if handed.capped:
            lines.append("  Ends early once the origin has received what it took on the plant in three years.")
        return "\n".join([*lines, *(_wrapped(f"Precedents: {text}.") for text in handed.precedents)])

    def _sources(self) -> list[str]:
        parts = [(f"{tax.name}: {tax.rule}", tax.sources) for tax in self.taxes]
        mix = "; weights of the sectors" if len(self.sectors) > 1 else ""
        cut = f"province's cut: 1 - 1/factor = {self.province_cut:.2%} of every local tax{mix}"
        return [
            "\n".join([title, *(f"  {line}" for line in _in_words(sources))])
            for title, sources in [*parts, (cut, self.sources)]
            if sources
        ]


def tax_path(
    world: World, city: str, *, sector: str | None = None, policies: Mapping[str, object] | None = None
) -> TaxPath:
    """The way of 100 yuan of tax that a firm of a city pays (MODEL.md 4, Tax).

    Args:
        world: the data set, with its parameters as wanted.
        city: id or English name.
        sector: id or English name; otherwise the mix of the city's industry by value added.
        policies: policies by name; those with a ``contract()`` say what a host hands on.

    Raises:
        InputError: no such city or sector, the city has no industry, or its firms pay no tax.
    """
    place = world.index(city)
    if place >= world.n_cities:
        raise InputError(f"{world.region_names[place]} is not a city", key="city", allowed="sim list cities shows them")
    chosen, weights = _firm(world, place, sector)
    rates = tax_rates(world)
    cut = float(budgets(world, rates)[0].cut[place])
    share = {rule.tax: float(weights @ getattr(rates, rule.rates)[chosen]) for rule in RULES}
    paid = [rule for rule in RULES if rule.tax != "other_production" or share[rule.tax] > 0.0]
    whole = sum(share[rule.tax] for rule in paid)
    if not whole > 0.0:
        raise InputError(f"a firm of {', '.join(world.sector_ids[s] for s in chosen)} pays no tax", key="sector")
    taxes = [_tax(world, rule, share[rule.tax], whole, cut, chosen) for rule in paid]
    centre, province, kept, total = (sum(getattr(t, w) for t in taxes) for w in ("centre", "province", "city", "total"))
    above = (*world.tables["provinces"]["name_en"],)[world.province_of[place]]
    return TaxPath(
        city_id=world.region_ids[place],
        name=world.region_names[place],
        above=str(above),
        firm=_described(world, chosen, sector),
        sectors=[world.sector_ids[s] for s in chosen],
        share_of_value_added=whole,
        province_cut=cut,
        centre=centre,
        province=province,
        city=kept,
        total=total,
        localities=province + kept,
        taxes=taxes,
        contracts=[handed for p in (policies or {}).values() if (handed := _handed_on(world, place, kept, p))],
        notes=_notes(world, chosen, share["other_production"], rates.other_production_tax),
        sources=_weights_and_cut(world, place, chosen, sector),
    )


def _firm(world: World, place: int, sector: str | None) -> tuple[list[int], FloatArray]:
    """Sectors of the firm and their weights, which sum to one."""
    if sector is not None:
        return [world.sector_index(sector)], np.ones(1)
    industry = [s for s, group in enumerate(world.sector_group) if group == INDUSTRY]
    value_added = world.value_added[place, industry]
    if not value_added.sum() > 0.0:
        message = f"{world.region_names[place]} has no industry: name a sector"
        raise InputError(message, key="sector", allowed=", ".join(world.sector_ids))
    return industry, value_added / value_added.sum()


def _described(world: World, chosen: Sequence[int], sector: str | None) -> str:
    if sector is not None:
        return f"{world.sector_ids[chosen[0]]}, {world.sector_names[chosen[0]].lower()}"
    return f"the mix of its industry by value added in {world.base_year}"


def _tax(world: World, rule: _Rule, share: float, whole: float, cut: float, chosen: Sequence[int]) -> Tax:
    key = rule.central
    central = world.parameters.value(key) if isinstance(key, str) else key
    total = WHOLE * share / whole
    centre = central * total
    province = cut * (total - centre)
    ids = [world.sector_ids[s] for s in chosen]
    primary = {id_ for id_, group in zip(world.sector_ids, world.sector_group, strict=True) if group == "primary"}
    keys = [k for k in rule.keys if k != "labour_share_cap_agriculture" or primary & {*ids}]
    rows = [cited(world, name, id_, "all") for name in keys for id_ in ids]
    rows += _table_rows(world, rule, chosen)
    rows += [cited(world, key, "all", "all")] if isinstance(key, str) else []
    return Tax(
        rule.tax, rule.name, share, central, centre, province, total - centre - province, total, rule.basis,
        list(dict.fromkeys(rows)),
    )  # fmt: skip


def _table_rows(world: World, rule: _Rule, chosen: Sequence[int]) -> list[Source]:
    """The row of the input-output table that a tax rests on, over value added, for the chosen sectors."""
    table = world.tables["input_output"]
    rows = table[(table["block"] == "value_added") & (table["row"] == rule.row)].set_index("column")
    known = [(s, rows.loc[id_]) for s in chosen if (id_ := world.sector_ids[s]) in rows.index]
    return [
        Source(
            "input_output", f"{rule.of} over value added.{world.sector_ids[s]}",
            float(getattr(world, rule.shares)[s]), "1", str(cell["status"]), str(cell["source"]),
        )
        for s, cell in known
    ]  # fmt: skip


def _weights_and_cut(world: World, place: int, chosen: Sequence[int], sector: str | None) -> list[Source]:
    province = world.province_ids[world.province_of[place]]
    sources = [cited(world, "provincial_revenue_factor", "all", province)]
    table = world.tables["value_added"]
    ids = [] if sector is not None else [world.sector_ids[s] for s in chosen]
    cells = table[(table["region"] == world.region_ids[place]) & table["sector"].isin(ids)]
    return sources + [
        Source(
            "value_added", f"value added.{cell['sector']}", float(cell["value"]), "100 million yuan",
            str(cell["status"]), str(cell["source"]),
        )
        for cell in cells.to_dict("records")
    ]  # fmt: skip


def _notes(world: World, chosen: Sequence[int], other: float, by_sector: FloatArray) -> list[str]:
    subsidised = [world.sector_ids[s] for s in chosen if by_sector[s] < 0.0]
    if other < 0.0:
        return [
            f"Not in the 100 yuan: subsidies exceed other production tax by {-other:.2%} of value added. The model "
            "counts them as paid by the centre.",
            LEVY,
        ]
    if subsidised and len(chosen) > 1:
        return [f"Other net production tax is net of the subsidies to {', '.join(subsidised)}.", LEVY]
    return [LEVY]


def _handed_on(world: World, place: int, kept: float, policy: object) -> HandedOn | None:
    """What a policy's contract makes the city hand on of what it keeps; None for a policy without a contract.

    Who moves where is read off the levers that the policy sets in its first year.
    """
    contract = policy.contract() if hasattr(policy, "contract") else None
    if not isinstance(policy, Policy) or not isinstance(contract, Contract):
        return None
    levers = Levers.neutral(np.zeros((world.n_regions, world.n_regions)), world.n_sectors, world.n_lines)
    policy.set_levers(levers, policy.start, world)
    moves = levers.relocation_contract == levers.add_contract(contract)  # [origin, host]
    leaving = levers.relocation_rate[moves[:, place]].any(axis=0)
    first = policy.start + 1  # capital that moves in t has age 0 in t + 1
    shares = [contract.share(year=first + age, age=age) for age in range(contract.term + 1)]
    years = [ContractYear(age, first + age, s, s * kept, (1.0 - s) * kept) for age, s in enumerate(shares)]
    fields = type(policy).model_fields
    extras = [fields[key].json_schema_extra for key in ("origin_share", "term") if key in fields]
    texts = [str(extra["source"]) for extra in extras if isinstance(extra, dict) and "source" in extra]
    return HandedOn(
        contract=contract.name,
        origins=[world.region_names[o] for o in np.flatnonzero(moves[:, place])],
        hosts=[world.region_names[d] for d in np.flatnonzero(moves.any(axis=0))],
        sectors=[world.sector_ids[s] for s in np.flatnonzero(leaving)],
        start=policy.start,
        capped=contract.capped,
        years=years if moves[:, place].any() else [],
        precedents=list(dict.fromkeys(texts)),
    )


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _in_words(sources: Sequence[Source]) -> list[str]:
    """One line per number; rows that differ by sector only are one line, with the range of their values."""
    groups: dict[tuple[str, str, str, str], list[Source]] = {}
    for source in sources:
        groups.setdefault((source.name.partition(".")[0], source.unit, source.status, source.source), []).append(source)
    lines = []
    for (name, unit, status, text), rows in groups.items():
        values = sorted({row.value for row in rows})
        shown = " to ".join(f"{value:,.4g}" for value in (values[:1] + values[1:][-1:]))
        title = rows[0].name if len(rows) == 1 else f"{name} ({len(rows)} sectors)"
        title += "" if unit == "1" else f", {unit}"
        lines.append(f"{title:<50} {shown:>16}  [{status}] {text}")
    return lines
