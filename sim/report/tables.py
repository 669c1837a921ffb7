"""The tables of the report as HTML: what can be read without a chart, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from sim.experiments.switches import MEASURES, SwitchStudy
from sim.indicators.targets import Target, attainment, targets
from sim.report.formats import NOTHING, number, percent, scientific, share, signed
from sim.report.markup import Cell, table
from sim.report.view import HEADLINES, REGION, View, ends, totals

PROVINCE_ROWS = (
    *("real_income", "real_gdp", "gdp", "gni", "own_revenue", "public_spending", "general_transfer"),
    *("consumption", "investment", "capital", "labour"),
)
"""Amounts of the table by province."""
INDICATORS = (
    *("theil_real_income", "theil_between_provinces", "theil_within_provinces", "fiscal_disparity_before_sharing"),
    *("fiscal_disparity_after_sharing", "fiscal_disparity_after_transfers", "specialisation", "share_of_national_gdp"),
    *("intraregional_trade_share", "exports_abroad", "debt_to_revenue", "capital_moved_share"),
    *("net_migration", "newcomers_share", "working_share"),
    *("people_within_60_minutes", "people_within_120_minutes", "mean_travel_time"),
)
"""Indicators of the region shown beside the plan's targets."""
Row = list[Cell | str]
MOST = 2  # unit: cities that gain most people, whose origins are shown
TOP = 5  # unit: cities named at either end


# --- cities -------------------------------------------------------------------------------------------------------


def cities(view: View) -> str:
    """Every city: headlines of the last year with their change."""
    effects = {column: view.effects(column) for column in HEADLINES}
    limits = {column: max(map(abs, values.values())) or 1.0 for column, values in effects.items()}
    ordered = sorted(view.cities, key=lambda city: -effects["real_income"][city])
    unit = view.words("unit.change") if view.before is not None else view.words("unit.pace")
    head = [view.words("cities.city"), view.words("cities.province")]
    for column in HEADLINES:
        name = view.words(f"column.{column}")
        head += [f"{name}\n{_unit(view, column)}", f"{view.words('cities.effect')}\n{unit}"]
    rows = []
    for city in ordered:
        row: Row = [view.name(city), view.name(view.province(city))]
        for column in HEADLINES:
            effect = effects[column][city]
            heat = effect / limits[column] if view.before is not None else None
            row += [_number(view.latest(column)[city]), _percent(effect, heat)]
        rows.append(row)
    return table(head, rows, css="cities", sortable=True)


def extremes(view: View) -> str:
    """The cities that gain and lose most real income, beside the map."""
    income, gdp = view.effects("real_income"), view.effects("real_gdp")
    best, worst = ends(income, TOP)
    parts = []
    keys = ("map.best", "map.worst") if view.before is not None else ("map.fastest", "map.slowest")
    for key, chosen in zip(keys, (best, worst), strict=True):
        head = [view.words(key), view.words("column.real_income"), view.words("column.real_gdp")]
        rows: list[Row] = [[view.name(city), _percent(income[city]), _percent(gdp[city])] for city in chosen]
        parts.append(table(head, rows, css="narrow"))
    return "".join(parts)


def _unit(view: View, column: str) -> str:
    if column in ("real_income", "real_gdp", "capital"):
        return view.words("unit.real")
    return view.words("unit.people" if column == "labour" else "unit.money")


def _number(value: float, heat: float | None = None) -> Cell:
    return Cell(number(value), value, heat)


def _signed(value: float) -> Cell:
    return Cell(signed(value), value)


def _percent(value: float, heat: float | None = None) -> Cell:
    return Cell(percent(value), value, heat)


# --- provinces ----------------------------------------------------------------------------------------------------


def provinces(view: View) -> str:
    """Amounts of every province and of the region in the last year, with the gap to the reference."""
    places = [*view.provinces, REGION]
    head = [view.words("provinces.quantity", year=view.last), *(view.short(place) for place in places)]
    rows: list[Row] = []
    for column in PROVINCE_ROWS:
        title = Cell(view.words(f"column.{column}"), note=_unit(view, column))
        rows.append([title, *(_beside(view, column, place) for place in places)])
    return table(head, _heated(rows), css="provinces")


def _heated(rows: Iterable[Row]) -> list[Row]:
    """Backgrounds in proportion to the largest per cent of the table."""
    lines = [list(row) for row in rows]
    heats = [abs(cell.heat) for row in lines for cell in row if isinstance(cell, Cell) and cell.heat]
    limit = max(heats, default=1.0)
    return [
        [replace(cell, heat=cell.heat / limit) if isinstance(cell, Cell) and cell.heat else cell for cell in row]
        for row in lines
    ]


def _beside(view: View, column: str, place: str) -> Cell:
    """An amount of the last year with its gap to the reference."""
    value = float(view.path(column, place).iloc[-1])
    if view.before is None:
        return _number(value)
    gap, pct = view.difference(column, place)
    return Cell(number(value), value, pct, note=f"{signed(gap)} ({percent(pct)})")


# --- money between governments ------------------------------------------------------------------------------------


def payments(view: View) -> str:
    """By city: paid and received under contracts, all years together and in the last year."""
    rows = view.payments
    paid, received = totals(rows, "payer"), totals(rows, "payee")
    now = rows.loc[rows["year"] == view.last]
    paid_now, received_now = totals(now, "payer"), totals(now, "payee")
    places = [city for city in view.cities if city in paid or city in received]
    net = {city: received.get(city, 0.0) - paid.get(city, 0.0) for city in places}
    head = [view.words(f"payments.{key}") for key in ("city", "paid", "received", "net", "net_last")]
    lines: list[Row] = [
        [
            view.name(city),
            _number(paid.get(city, 0.0)),
            _number(received.get(city, 0.0)),
            _signed(net[city]),
            _signed(received_now.get(city, 0.0) - paid_now.get(city, 0.0)),
        ]
        for city in sorted(places, key=lambda city: -net[city])
    ]
    return table(head, lines, sortable=True)


def from_centre(view: View) -> str:
    """By province: taxes to the centre, transfers from it, what is left; last year, and against the reference."""
    head = [view.words("centre.place", year=view.last)]
    columns = ("central_tax", "general_transfer")
    head += [view.words(f"column.{column}") for column in columns] + [view.words("centre.net")]
    if view.before is not None:
        head += [f"{text}\n{view.words('cities.effect')}" for text in head[1:]]
    rows = []
    for place in [*view.provinces, REGION]:
        amounts = [float(view.path(column, place).iloc[-1]) for column in columns]
        row: Row = [view.name(place), *map(_number, amounts), _number(amounts[1] - amounts[0])]
        if view.before is not None:
            gaps = [view.difference(column, place)[0] for column in columns]
            row += [_signed(gap) for gap in (*gaps, gaps[1] - gaps[0])]
        rows.append(row)
    return table(head, rows)


# --- capital ------------------------------------------------------------------------------------------------------


def moves(view: View) -> str:
    """Capital moved by sector, and what moves because of the run."""
    after, extra = totals(view.moves(), "sector"), totals(view.extra_moves, "sector")
    head = [view.words("moves.sector"), view.words("moves.all")]
    if view.before is not None:
        head.append(view.words("moves.extra"))
    rows: list[Row] = []
    for sector in sorted(after, key=lambda sector: -after[sector]):
        rows.append([view.sector(sector), _number(after[sector])])
        if view.before is not None:
            rows[-1].append(_signed(extra.get(sector, 0.0)))
    return table(head, rows, sortable=True)


def arrivals(view: View) -> str:
    """What cities win and lose by moves, the largest at either end."""
    came, left = totals(view.extra_moves, "destination"), totals(view.extra_moves, "origin")
    net = {city: came.get(city, 0.0) - left.get(city, 0.0) for city in {*came, *left}}
    best, worst = ends(net, TOP)
    parts = []
    for key, chosen in (("moves.arrive", best), ("moves.leave", worst)):
        lines: list[Row] = [[view.name(city), _signed(net[city])] for city in chosen]
        parts.append(table([view.words(key), view.words("moves.net")], lines, css="narrow"))
    return f'<div class="pair">{"".join(parts)}</div>'


# --- people -------------------------------------------------------------------------------------------------------

PEOPLE = ("resident_population", "newcomers", "real_wage", "service_quality", "net_migration")
"""Columns of the cities table about people; the last is shown as a difference in people."""


def people(view: View) -> str:
    """By city: residents, newcomers, real wage, services in the last year and against the reference."""
    shown = PEOPLE[:-1]
    head = [view.words("cities.city")]
    for column in shown:
        head += [view.words(f"column.{column}"), f"{view.words('cities.effect')}\n{view.words('unit.change')}"]
    head += [view.words("column.net_migration"), view.words("cities.effect")]
    effects = {column: view.effects(column) for column in shown}
    latest = {column: view.latest(column) for column in PEOPLE}
    before = dict(zip(view.cities, view.wide("net_migration", before=True).to_numpy()[-1].tolist(), strict=True))
    rows: list[Row] = []
    for city in sorted(view.cities, key=lambda city: -effects["resident_population"][city]):
        row: Row = [view.name(city)]
        for column in shown:
            row += [_number(latest[column][city]), _percent(effects[column][city])]
        rows.append(
            [*row, _signed(latest["net_migration"][city]), _signed(latest["net_migration"][city] - before[city])]
        )
    return table(head, rows, css="cities", sortable=True)


def origins(view: View) -> str:
    """Where the cities that gain most get their people from, all years, net."""
    rows = view.extra_migrants
    came, left = totals(rows, "destination"), totals(rows, "origin")
    net = {city: came.get(city, 0.0) - left.get(city, 0.0) for city in view.cities}
    parts = []
    for city in ends(net, MOST)[0]:
        from_where = totals(rows.loc[rows["destination"] == city], "origin")
        lines: list[Row] = [[view.name(place), _signed(from_where[place])] for place in ends(from_where, TOP)[0]]
        parts.append(
            table([view.words("people.from", city=view.name(city)), view.words("unit.people")], lines, css="narrow")
        )
    return f'<div class="pair">{"".join(parts)}</div>'


# --- targets and indicators ---------------------------------------------------------------------------------------


def plan(view: View) -> str:
    """The plan's targets that the model computes: value and gap in the target year, year of attainment."""
    if view.world is None:
        return ""
    columns = ("target", "wanted", "value", "gap", "attained", "reference", "published")
    head = [view.words(f"plan.{column}") for column in columns if column != "reference" or view.before is not None]
    rows = [_target(view, target) for target in targets(view.world) if target.indicator]
    return table(head, rows)


def _target(view: View, target: Target) -> Row:
    """One line; a target without a value of its own is watched in the last year."""
    path = view.indicator(str(target.indicator), target.place)
    year = min(target.year or view.last, view.last)
    name, unit = getattr(target, f"name_{view.language}"), view.words.get(f"unit.{target.unit}", target.unit)
    wanted = NOTHING if target.value is None else f"{_sign(target)} {number(target.value)} ({target.year})"
    value = Cell(f"{number(path[year])} ({year})", path[year])
    row: Row = [f"{name} ({target.target}), {unit}", wanted, value, *_attained(view, target, path, year)]
    if view.before is not None:
        row.append(_number(view.indicator(str(target.indicator), target.place, before=True)[year]))
    published = [f"{number(amount)} ({at})" for at, amount in sorted(target.published.items())]
    return [*row, ", ".join(published) or NOTHING]


def _attained(view: View, target: Target, path: Mapping[int, float], year: int) -> tuple[Cell, Cell]:
    """The gap in the target year, and the year from which there is none."""
    last = float("inf")  # what sorts last
    if target.value is None:
        return Cell(NOTHING, last), Cell(NOTHING, last)
    gaps = target.gap(np.array(list(path.values())))
    missing = float(gaps[list(path).index(year)])
    met = Cell(view.words("plan.met"), missing, css="met")
    first = attainment(list(path), gaps)
    never = Cell(view.words("plan.never", year=view.last), last)
    gap = met if missing <= 0 else Cell(number(missing), missing, css="miss")
    return gap, never if first is None else Cell(str(first), first)


def _sign(target: Target) -> str:
    return "≥" if target.direction == ">=" else "≤"


def waiting(view: View) -> list[str]:
    """Names of the plan's targets that no mechanism of the model computes yet."""
    found = [] if view.world is None else [t for t in targets(view.world) if not t.indicator and t.value is not None]
    return list(dict.fromkeys(str(getattr(target, f"name_{view.language}")) for target in found))


def indicators(view: View) -> str:
    """Other indicators of the region: first year, last year, reference."""
    head = [view.words("plan.indicator"), str(view.first), str(view.last)]
    if view.before is not None:
        head += [f"{view.words('paths.reference')}\n{view.last}", view.words("cities.effect")]
    rows = []
    for name in INDICATORS:
        path = view.indicator(name)
        if not path:
            continue
        first, last = path[view.first], path[view.last]
        row: Row = [view.words(f"indicator.{name}"), _number(first), _number(last)]
        if view.before is not None:
            before = view.indicator(name, before=True)[view.last]
            row += [_number(before), _signed(last - before)]
        rows.append(row)
    return table(head, rows)


# --- how far to trust it ------------------------------------------------------------------------------------------


def facts(view: View, pairs: Iterable[tuple[str, str]]) -> str:
    """Two columns: what, and its value."""
    return table(
        [view.words("facts.what"), view.words("facts.value")], [[name, Cell(text, css="left")] for name, text in pairs]
    )


def solver(view: View) -> str:
    """Convergence, accounting identities, calibration."""
    words, calibration = view.words, view.info("calibration") or {}
    identities = view.info("identities") or {}
    years = view.info("convergence", "years") or []
    pairs = [
        (words("solver.tolerance"), scientific(float(view.info("convergence", "tolerance") or 0.0))),
        (words("solver.worst"), scientific(float(view.info("convergence", "worst_residual") or 0.0))),
        (words("solver.all_sweeps"), number(float(sum(row["sweeps"] for row in years)))),
    ]
    if identities:
        name = max(identities, key=lambda key: identities[key])
        pairs.append((words("solver.identities", n=len(identities)), f"{scientific(identities[name])} ({name})"))
    pairs += [(words.get(f"calibration.{key}", key), number(float(value))) for key, value in calibration.items()]
    seconds = view.info("seconds") or {}
    spent = [f"{words.get(f'seconds.{key}', key)} {number(value)}" for key, value in seconds.items()]
    pairs.append((words("solver.seconds"), words("comma").join(spent)))
    return facts(view, pairs)


def coverage(view: View) -> str:
    """The figure's numbers."""
    if view.world is None:
        return ""
    data = view.world.coverage
    statuses = data["status"].drop_duplicates().tolist()
    head = [view.words("coverage.table"), view.words("coverage.cells"), *(view.words(f"status.{s}") for s in statuses)]
    rows: list[Row] = []
    for name in data["table"].drop_duplicates().tolist():
        part = data.loc[data["table"] == name]
        shares = dict(zip(part["status"].tolist(), part["share"].tolist(), strict=True))
        cells = int(part["cells"].sum())
        row: Row = [view.words.get(f"table.{name}", name), Cell(number(cells, 0), cells)]
        rows.append([*row, *(Cell(share(shares[status]), shares[status]) for status in statuses)])
    return table(head, rows)


def judgements(view: View) -> str:
    """Parameters that rest on judgement: value (or its range over sectors and provinces), range, meaning."""
    if view.world is None:
        return ""
    frame = view.world.parameters.frame
    chosen = frame[frame["status"] == "judgement"]
    head = [view.words(f"judgement.{key}") for key in ("key", "value", "range", "unit", "meaning")]
    rows = [_judgement(str(key), part) for key, part in chosen.groupby("key", sort=False)]
    return table(head, rows, css="small")


def _judgement(key: str, part: pd.DataFrame) -> Row:
    value, low, high = (part[name].to_numpy(dtype=np.float64) for name in ("value", "low", "high"))
    return [
        key,
        Cell(_span(value.min(), value.max()), float(value[0])),
        Cell(_span(low.min(), high.max()), float(low[0])),
        str(part["unit"].tolist()[0]),
        str(part["meaning"].tolist()[0]),
    ]


def _span(low: float, high: float) -> str:
    if np.isnan(low) and np.isnan(high):
        return NOTHING
    return f"{low:g}" if low == high else f"{low:g} – {high:g}"


def switches(view: View, study: SwitchStudy) -> str:
    """The numbers of the figure."""
    head, columns = [view.words("switches.case")], []
    for measure in MEASURES:
        name = view.words(f"column.{measure}")
        head += [f"{name}\n{view.words('unit.real')}", f"{name}\n%"]
        columns += [(_signed, study.column(measure)), (_percent, study.column(f"{measure}_pct"))]
    rows: list[Row] = [
        [view.words(f"switch.{case}"), *(cell(by[case]) for cell, by in columns)] for case in study.cases.index
    ]
    return table(head, rows)
