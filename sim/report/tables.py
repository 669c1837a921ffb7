"""The tables of the report as HTML: what can be read without a chart, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sim.indicators.targets import Target, attainment, targets
from sim.report.formats import NOTHING, number, percent, scientific, share, signed
from sim.report.markup import Cell, table
from sim.report.view import HEADLINES, REGION, View, ends

PROVINCE_ROWS = (
    *("real_income", "real_gdp", "gdp", "gni", "own_revenue", "public_spending", "general_transfer"),
    *("consumption", "investment", "capital", "labour"),
)
"""Amounts of the table by province."""
INDICATORS = (
    *("theil_real_income", "theil_between_provinces", "theil_within_provinces", "fiscal_disparity_before_sharing"),
    *("fiscal_disparity_after_sharing", "fiscal_disparity_after_transfers", "specialisation", "share_of_national_gdp"),
    *("intraregional_trade_share", "exports_abroad", "debt_to_revenue", "capital_moved_share"),
)
"""Indicators of the region shown beside the plan's targets."""
TOP = 5  # unit: cities named at either end


# --- cities -------------------------------------------------------------------------------------------------------


def cities(view: View) -> str:
    """Every city: headlines of the last year with their change."""
    effects = {column: view.effect(column).loc[view.last] for column in HEADLINES}
    limits = {column: float(values.abs().max()) or 1.0 for column, values in effects.items()}
    ordered = effects["real_income"].sort_values(ascending=False).index
    unit = view.words("unit.change") if view.before is not None else view.words("unit.pace")
    head = [view.words("cities.city"), view.words("cities.province")]
    for column in HEADLINES:
        name = view.words(f"column.{column}")
        head += [f"{name}\n{_unit(view, column)}", f"{view.words('cities.effect')}\n{unit}"]
    rows = []
    for city in ordered:
        row: list[Cell | str] = [view.name(city), view.name(view.province(city))]
        for column in HEADLINES:
            level, effect = float(view.wide(column).loc[view.last, city]), float(effects[column][city])
            heat = effect / limits[column] if view.before is not None else None
            row += [_number(level), Cell(percent(effect), effect, heat)]
        rows.append(row)
    return table(head, rows, css="cities", sortable=True)


def extremes(view: View) -> str:
    """The cities that gain and lose most real income, beside the map."""
    effect, gdp = view.effect("real_income").loc[view.last], view.effect("real_gdp").loc[view.last]
    best, worst = ends(effect, TOP)
    parts = []
    keys = ("map.best", "map.worst") if view.before is not None else ("map.fastest", "map.slowest")
    for key, chosen in zip(keys, (best, worst), strict=True):
        head = [view.words(key), view.words("column.real_income"), view.words("column.real_gdp")]
        rows = [[view.name(c), _percent(float(effect[c])), _percent(float(gdp[c]))] for c in chosen]
        parts.append(table(head, rows, css="narrow"))
    return "".join(parts)


def _unit(view: View, column: str) -> str:
    if column in ("real_income", "real_gdp", "capital"):
        return view.words("unit.real")
    return view.words("unit.people" if column == "labour" else "unit.money")


def _number(value: float, heat: float | None = None) -> Cell:
    return Cell(number(value), value, heat)


def _percent(value: float, heat: float | None = None) -> Cell:
    return Cell(percent(value), value, heat)


# --- provinces ----------------------------------------------------------------------------------------------------


def provinces(view: View) -> str:
    """Amounts of every province and of the region in the last year, with the gap to the reference."""
    places = [*view.provinces, REGION]
    head = [view.words("provinces.quantity", year=view.last), *(view.short(place) for place in places)]
    rows: list[Sequence[Cell | str]] = []
    for column in PROVINCE_ROWS:
        title = Cell(view.words(f"column.{column}"), note=_unit(view, column))
        rows.append([title, *(_beside(view, column, place) for place in places)])
    return table(head, _heated(rows), css="provinces")


def _heated(rows: Iterable[Sequence[Cell | str]]) -> list[list[Cell | str]]:
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
    sides = {side: rows.groupby(side)["amount"].sum() for side in ("payer", "payee")}
    last = {side: rows[rows["year"] == view.last].groupby(side)["amount"].sum() for side in ("payer", "payee")}
    places = [city for city in view.cities if any(city in side.index for side in sides.values())]
    net = {city: float(sides["payee"].get(city, 0.0) - sides["payer"].get(city, 0.0)) for city in places}
    head = [view.words(f"payments.{key}") for key in ("city", "paid", "received", "net", "net_last")]
    lines = [
        [
            view.name(city),
            _number(float(sides["payer"].get(city, 0.0))),
            _number(float(sides["payee"].get(city, 0.0))),
            Cell(signed(net[city]), net[city]),
            Cell(signed(now := float(last["payee"].get(city, 0.0) - last["payer"].get(city, 0.0))), now),
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
        row: list[Cell | str] = [view.name(place), *map(_number, amounts), _number(amounts[1] - amounts[0])]
        if view.before is not None:
            gaps = [view.difference(column, place)[0] for column in columns]
            row += [Cell(signed(gap), gap) for gap in (*gaps, gaps[1] - gaps[0])]
        rows.append(row)
    return table(head, rows)


# --- capital ------------------------------------------------------------------------------------------------------


def moves(view: View) -> str:
    """Capital moved by sector, and what moves because of the run."""
    after = view.moves().groupby("sector", observed=True)["amount"].sum()
    extra = view.extra_moves.groupby("sector", observed=True)["amount"].sum()
    head = [view.words("moves.sector"), view.words("moves.all")]
    if view.before is not None:
        head.append(view.words("moves.extra"))
    rows: list[list[Cell | str]] = []
    for sector in after.sort_values(ascending=False).index:
        gap = float(extra.get(sector, 0.0))
        rows.append([view.sector(str(sector)), _number(float(after[sector]))])
        if view.before is not None:
            rows[-1].append(Cell(signed(gap), gap))
    return table(head, rows, sortable=True)


def arrivals(view: View) -> str:
    """What cities win and lose by moves, the largest at either end."""
    rows = view.extra_moves
    came, left = (rows.groupby(side, observed=True)["amount"].sum() for side in ("destination", "origin"))
    net = came.sub(left, fill_value=0.0).astype(np.float64)
    best, worst = ends(net, TOP)
    parts = []
    for key, chosen in (("moves.arrive", best), ("moves.leave", worst)):
        lines = [[view.name(str(city)), Cell(signed(float(net[city])), float(net[city]))] for city in chosen]
        parts.append(table([view.words(key), view.words("moves.net")], lines, css="narrow"))
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


def _target(view: View, target: Target) -> list[Cell | str]:
    """One line; a target without a value of its own is watched in the last year."""
    path = view.indicator(str(target.indicator))
    year = min(target.year or view.last, view.last)
    value = float(path[year])
    none = float("inf")  # sorts last
    wanted, gap, attained = NOTHING, Cell(NOTHING, none), Cell(NOTHING, none)
    if target.value is not None:
        gaps = target.gap(path.to_numpy())
        missing = float(target.gap(np.array([value]))[0])
        wanted = f"{_sign(target)} {number(target.value)} ({target.year})"
        gap = Cell(
            number(missing) if missing > 0 else view.words("plan.met"), missing, css="miss" if missing > 0 else "met"
        )
        first = attainment(path.index.to_numpy(), gaps)
        attained = Cell(view.words("plan.never", year=view.last), none) if first is None else Cell(str(first), first)
    row: list[Cell | str] = [
        f"{getattr(target, f'name_{view.language}')} ({target.target}), {view.words.get(f'unit.{target.unit}', target.unit)}",
        wanted,
        Cell(f"{number(value)} ({year})", value),
        gap,
        attained,
    ]
    if view.before is not None:
        before = float(view.indicator(str(target.indicator), before=True)[year])
        row.append(_number(before))
    known = sorted(target.published.items())
    row.append(", ".join(f"{number(amount)} ({at})" for at, amount in known) or NOTHING)
    return row


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
        if path.empty:
            continue
        row: list[Cell | str] = [
            view.words.get(f"indicator.{name}", name),
            _number(float(path.iloc[0])),
            _number(float(path.iloc[-1])),
        ]
        if view.before is not None:
            before = float(view.indicator(name, before=True).iloc[-1])
            gap = float(path.iloc[-1]) - before
            row += [_number(before), Cell(signed(gap), gap)]
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
    wide = data.pivot(index="table", columns="status", values="share").reindex(data["table"].drop_duplicates())
    cells = data.groupby("table")["cells"].sum()
    statuses = list(data["status"].drop_duplicates())
    head = [view.words("coverage.table"), view.words("coverage.cells"), *(view.words(f"status.{s}") for s in statuses)]
    rows = [
        [
            view.words.get(f"table.{name}", str(name)),
            Cell(number(float(cells[name]), 0), float(cells[name])),
            *(Cell(share(float(wide.loc[name, status])), float(wide.loc[name, status])) for status in statuses),
        ]
        for name in wide.index
    ]
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


def _judgement(key: str, part: pd.DataFrame) -> list[Cell | str]:
    first = part.iloc[0]
    return [
        key,
        Cell(_span(part["value"].min(), part["value"].max()), float(part["value"].iloc[0])),
        Cell(_span(part["low"].min(), part["high"].max()), 0.0),
        str(first["unit"]),
        Cell(str(first["meaning"]), css="left"),
    ]


def _span(low: float, high: float) -> str:
    if pd.isna(low) and pd.isna(high):
        return NOTHING
    return f"{low:g}" if low == high else f"{low:g} – {high:g}"


def switches(view: View, cases: pd.DataFrame) -> str:
    """The numbers of the figure."""
    head = [
        view.words("switches.case"),
        *(
            f"{view.words(f'column.{m}')}\n{unit}"
            for m in ("real_income", "real_gdp")
            for unit in (view.words("unit.real"), "%")
        ),
    ]
    rows = [
        [
            view.words(f"switch.{case}"),
            *(
                cell
                for measure in ("real_income", "real_gdp")
                for cell in (
                    Cell(signed(float(row[measure])), float(row[measure])),
                    _percent(float(row[f"{measure}_pct"])),
                )
            ),
        ]
        for case, row in cases.iterrows()
    ]
    return table(head, rows)
