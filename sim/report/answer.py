"""The answer of a run in three sentences; every number in them is read from the result tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.report.formats import money, percent
from sim.report.view import REGION, View, ends

if TYPE_CHECKING:
    from sim.experiments.run import Run

WORTH_SAYING = 0.01  # unit: 1, extra moves of capital over all moves from which on they are the policy's doing


def answer(run: Run, language: str = "en") -> list[str]:
    """Three sentences: what happens to the region, to whom, and by which way."""
    return sentences(View(run, language))


def sentences(view: View) -> list[str]:
    """The answer of a run already in view."""
    if view.before is None:
        return [_course(view), _pace(view), _budgets(view)]
    if not view.has_effect:
        return [
            view.words("answer.nothing", policy=_capital(view.policy())),
            view.words("answer.nobody", n=len(view.cities), first=view.first, last=view.last),
            view.words("answer.why_nothing", policies=", ".join(view.run.config.policies) or view.words("policy.none")),
        ]
    return [_region(view), _who(view), _how(view)]


# --- beside a reference -------------------------------------------------------------------------------------------


def _region(view: View) -> str:
    """Real income and real GDP of all cities together against the reference."""
    parts = {}
    for column in ("real_income", "real_gdp"):
        amount, pct = view.difference(column)
        parts[column] = view.words(
            "answer.higher" if amount >= 0 else "answer.lower", amount=money(amount, view.language), pct=percent(pct)
        )
    return view.words("answer.region", policy=_capital(view.policy()), year=view.last, n=len(view.cities), **parts)


def _who(view: View) -> str:
    """How many cities gain and lose real income, and who most."""
    change = view.effects("real_income")
    gain, lose = (sum(sign * value > 0 for value in change.values()) for sign in (1, -1))
    (best,), (worst,) = ends(change, 1)
    words = {
        "gain": gain,
        "lose": lose,
        "best": view.name(best),
        "best_pct": percent(change[best]),
        "worst": view.name(worst),
        "worst_pct": percent(change[worst]),
    }
    key = "answer.all_gain" if not lose else "answer.all_lose" if not gain else "answer.who"
    return view.words(key, **words)


def _how(view: View) -> str:
    """What moved and who paid where the policy does that, own revenue otherwise; and the gap between cities."""
    parts = []
    moved, extra = float(view.moves()["amount"].sum()), float(view.extra_moves["amount"].sum())
    if moved and extra > WORTH_SAYING * moved:
        parts.append(view.words("answer.moved", amount=money(extra, view.language)))
    paid = float(view.payments["amount"].sum())
    if paid:
        parts.append(view.words("answer.paid", amount=money(paid, view.language)))
    if not parts:
        amount, pct = view.difference("own_revenue")
        key = "answer.revenue_up" if amount >= 0 else "answer.revenue_down"
        parts.append(view.words(key, amount=money(amount, view.language), pct=percent(pct)))
    parts.append(_gap(view, inequality(view, before=True), inequality(view)))
    joined = view.words("comma").join(parts)
    return view.words("answer.how", first=view.first, last=view.last, parts=joined)


def inequality(view: View, *, before: bool = False, year: int | None = None) -> float:
    """Theil index of real income per head between cities, last year unless said otherwise."""
    return view.indicator("theil_real_income", before=before)[year or view.last]


def wider(before: float, after: float) -> float:
    """Change of inequality in per cent; none in a region of one city."""
    return 100 * (after / before - 1) if before else 0.0


def _gap(view: View, before: float, after: float) -> str:
    pct = wider(before, after)
    return view.words("answer.gap_wider" if pct >= 0 else "answer.gap_narrower", pct=percent(pct))


# --- alone --------------------------------------------------------------------------------------------------------


def _course(view: View) -> str:
    """Real GDP and real income from the first to the last year."""
    values: dict[str, str] = {}
    for column in ("real_gdp", "real_income"):
        path = view.path(column, REGION)
        values[f"{column}_first"] = money(float(path.iloc[0]), view.language)
        values[f"{column}_last"] = money(float(path.iloc[-1]), view.language)
        values[f"{column}_pace"] = percent(view.region_growth(column))
    subject = (
        view.words("answer.with", policy=view.policy()) if view.run.config.policies else view.words("answer.as_is")
    )
    return view.words("answer.course", subject=subject, n=len(view.cities), first=view.first, last=view.last, **values)


def _pace(view: View) -> str:
    """Who grows fastest and slowest."""
    pace, whole = view.effects("real_gdp"), view.region_growth("real_gdp")
    (best,), (worst,) = ends(pace, 1)
    return view.words(
        "answer.pace",
        best=view.name(best),
        best_pct=percent(pace[best]),
        worst=view.name(worst),
        worst_pct=percent(pace[worst]),
        faster=sum(value > whole for value in pace.values()),
        n=len(view.cities),
    )


def _budgets(view: View) -> str:
    """Own revenue, and the gap between cities since the first year."""
    path = view.path("own_revenue", REGION)
    return view.words(
        "answer.budgets",
        first=money(float(path.iloc[0]), view.language),
        last=money(float(path.iloc[-1]), view.language),
        gap=_gap(view, inequality(view, year=view.first), inequality(view)),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
