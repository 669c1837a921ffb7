"""The answer of a run in three sentences, after what governments decided; every number is read from the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.policies import Policy
from sim.policies.rights_trading import RightsTrading
from sim.report.agree import outcomes
from sim.report.formats import MILLION, money, number, people, percent, share
from sim.report.view import GATEWAY_SEEN, REGION, SAME, View, ends, totals

if TYPE_CHECKING:
    from sim.core.arrays import FloatArray
    from sim.experiments.run import Run

HOURS = 24.0  # unit: hours a day
MINUTES = 60.0  # unit: minutes an hour
WAIT_SEEN = 0.25  # unit: hours; a smaller change of waiting is no story
WORTH_SAYING = 0.01  # unit: 1, extra moves of capital over all moves from which on they are the policy's doing


def answer(run: Run, language: str = "en") -> list[str]:
    """What governments decided, where they did; then what happens to the region, to whom, and by which way."""
    return sentences(View(run, language))


def sentences(view: View) -> list[str]:
    """The answer of a run already in view."""
    decided = [*_rights(view), *outcomes(view), *_subsidies(view)]
    if view.before is None:
        return [*decided, _course(view), _pace(view), _budgets(view)]
    if view.has_effect:
        return [
            *decided,
            *_people(view),
            _region(view),
            _who(view),
            _how(view),
            *_air(view),
            *_water(view),
            *_gateways(view),
            *_cautions(view),
        ]
    nothing = [
        view.words("answer.nothing", policy=_capital(view.policy())),
        view.words("answer.nobody", n=len(view.cities), first=view.first, last=view.last),
    ]
    if decided:
        return [*decided, *nothing]
    known = ", ".join(view.run.config.policies) or view.words("policy.none")
    return [*nothing, view.words("answer.why_nothing", policies=known)]


def _cautions(view: View) -> list[str]:
    """What must be said with a gain because of the policies it comes from; nothing of those without strength."""
    policies = {name: policy for name, policy in view.run.config.policies.items() if isinstance(policy, Policy)}
    acting = [name for name, policy in policies.items() if getattr(policy, policy.effect.strength)]
    return [view.words(f"caution.{name}") for name in acting if view.words.get(f"caution.{name}", "")]


def _rights(view: View) -> list[str]:
    """Price and volume of rights that are traded, and what trade saves against the same percentage for everyone."""
    policy = view.run.config.policies.get("rights_trading")
    if not isinstance(policy, RightsTrading) or not policy.is_on:
        return []
    prices, bought = (view.wide(f"{policy.right}_{flow}").iloc[-1] for flow in ("price", "bought"))
    costs = [float(view.wide(column).iloc[-1].sum()) for column in ("uniform_cost", "abatement_cost")]
    if not prices.any():
        return [view.words(f"answer.no_price_{policy.right}", year=view.last)]
    low, high = number(prices[prices > 0.0].min()), number(prices.max())
    price = low if low == high else view.words("answer.range", low=low, high=high)
    values = {"price": price, "volume": number(MILLION * bought.clip(lower=0.0).sum()), "year": view.last}
    gain, cost = (money(amount, view.language) for amount in (costs[0] - costs[1], costs[0]))
    return [view.words(f"answer.rights_{policy.right}", **values, gain=gain, cost=cost)]


def _subsidies(view: View) -> list[str]:
    """How high cities' subsidies go, what they cost in the last year and who pays most; nothing if the reference's."""
    now, words = _Subsidies.of(view), view.words
    before = None if view.before is None else _Subsidies.of(view, before=True)
    if not (now.rates if before is None else abs(now.rates - before.rates) > SAME).any():
        return []
    without = cost_without = ""
    if before is not None and before.peak:
        without = words("answer.rate_without", rate=share(before.peak))
        cost_without = words("answer.cost_without", cost=money(before.cost, view.language))
    elif before is not None:
        without = words("answer.none_without")
    if not now.peak:
        return [words("answer.no_subsidies", without=without, last=view.last, cost_without=cost_without)]
    peak = words("answer.subsidies", **now.peak_words(view), without=without)
    key = "answer.subsidy_cost" if now.cost else "answer.subsidy_past"
    cost = words(key, **now.cost_words(view), last=view.last, cost_without=cost_without)
    return [peak + cost, *_services(view)]


def _services(view: View) -> list[str]:
    """What is left for the cities' services against the reference, which no measure of income sees."""
    if view.before is None:
        return []
    amount, pct = view.difference("city_service")
    key = "answer.services_up" if amount >= 0 else "answer.services_down"
    return [view.words(key, amount=money(abs(amount), view.language), pct=percent(pct), last=view.last)]


@dataclass(frozen=True, eq=False)
class _Subsidies:
    """What cities pay for investment: rates ``[year, city]`` and amounts of the last year by city."""

    rates: FloatArray
    amounts: dict[str, float]

    @classmethod
    def of(cls, view: View, *, before: bool = False) -> _Subsidies:
        """Of the run or of its reference."""
        amounts = view.wide("subsidy", before=before).iloc[-1]
        return cls(view.wide("subsidy_rate", before=before).to_numpy(), {str(c): float(v) for c, v in amounts.items()})

    @property
    def peak(self) -> float:
        return float(self.rates.max())

    @property
    def cost(self) -> float:
        return sum(self.amounts.values())

    def peak_words(self, view: View) -> dict[str, object]:
        """The highest rate: who pays it, when."""
        year, city = divmod(int(self.rates.argmax()), len(view.cities))
        return {"rate": share(self.peak), "city": view.short(view.cities[city]), "year": view.years[year]}

    def cost_words(self, view: View) -> dict[str, object]:
        """The cost in the last year, and who bears most of it."""
        payer = max(self.amounts, key=lambda place: self.amounts[place])
        paid = money(self.amounts[payer], view.language)
        return {"cost": money(self.cost, view.language), "payer": view.short(payer), "paid": paid}


def _people(view: View) -> list[str]:
    """Where more people live than otherwise, and wages and services there; where a policy is about people."""
    about = any(_about_people(policy) for policy in view.run.config.policies.values())
    if not about or not view.moves_people:
        return []
    gap = (view.wide("resident_population") - view.wide("resident_population", before=True)).iloc[-1]
    by_city = {str(city): float(value) for city, value in gap.items()}
    effects = {name: view.effects(name) for name in ("resident_population", "real_wage", "service_quality")}
    parts = []
    for key, (city,), sign in zip(("answer.people_gain", "answer.people_loss"), ends(by_city, 1), (1, -1), strict=True):
        if sign * by_city[city] > 0:
            changes = {name: percent(values[city]) for name, values in effects.items()}
            count = sum(sign * value > 0 for value in by_city.values())
            amount = people(by_city[city], view.language)
            parts.append(view.words(key, year=view.last, city=view.name(city), amount=amount, count=count, **changes))
    return ["".join(parts)]


def _about_people(policy: object) -> bool:
    return isinstance(policy, Policy) and policy.effect.lever in ("service_access", "portable", "mutual_access")


def _air(view: View) -> list[str]:
    """What people breathe, and where the air gets better and worse; where a policy is about air."""
    if not view.is_about("abatement", "entry_enforcement"):
        return []
    change, path = view.effects("pm25"), view.indicator("pm25")
    now, before = (view.indicator("pm25", before=side)[view.last] for side in (False, True))
    if not path or before != before:  # a data set without PM2.5
        return []
    (best,), (worst,) = ends({city: -pct for city, pct in change.items()}, 1)
    down, up = (sum(sign * pct > SAME for pct in change.values()) for sign in (-1, 1))
    paid = [money(view.indicator("abatement_cost", before=side)[view.last], view.language) for side in (False, True)]
    key = "answer.air_falls" if not up else "answer.air_rises" if not down else "answer.air"
    return [
        view.words(
            key, year=view.last, now=f"{now:.1f}", before=f"{before:.1f}", pct=percent(wider(before, now)), down=down,
            up=up, best=view.name(best), best_pct=percent(change[best]), worst=view.name(worst),
            worst_pct=percent(change[worst]), cost=paid[0], paid=paid[1],
        )
    ]  # fmt: skip


def _water(view: View) -> list[str]:
    """What dirty water costs people, with and without contracts on water, and where that changes most."""
    if not view.is_about("river_effort"):
        return []

    def cost(place: str = REGION, *, before: bool = False) -> float:
        return view.indicator("water_damage", place, before=before)[view.last]

    saved = {city: cost(city, before=True) - cost(city) for city in view.cities}
    best = max(saved, key=saved.__getitem__)
    now, before = cost(), cost(before=True)
    if not before or abs(now - before) <= SAME * before:
        return []
    key = "answer.water_falls" if now < before else "answer.water_rises"
    amounts = {"cost": before, "change": now - before, "most": saved[best]}
    said = {name: money(amount, view.language) for name, amount in amounts.items()}
    return [view.words(key, year=view.last, best=view.name(best), **said)]


def _gateways(view: View) -> list[str]:
    """How full the port or airport is that is used much more or less, where waiting changes most."""
    after, before = view.gateways("use").iloc[-1], view.gateways("use", before=True).iloc[-1]
    busy = after.index[(after - before).abs() > GATEWAY_SEEN]
    if busy.empty:
        return []
    waits = (view.gateways("wait") - view.gateways("wait", before=True)).iloc[-1]
    key = str(waits[busy].abs().idxmax())
    longer = HOURS * float(waits[key])
    if abs(longer) < WAIT_SEEN:
        return []
    unit, n = ("hours", f"{abs(longer):.1f}") if abs(longer) >= 1.0 else ("minutes", f"{MINUTES * abs(longer):.0f}")
    way = view.words("answer.longer" if longer > 0.0 else "answer.shorter")
    wait, now, then = view.words(f"answer.{unit}", n=n), share(float(after[key])), share(float(before[key]))
    said = {"gateway": view.gateway(key), "year": view.last, "now": now, "before": then, "wait": wait, "way": way}
    return [view.words("answer.gateways", **said)]


# --- beside a reference -------------------------------------------------------------------------------------------


def _region(view: View) -> str:
    """Real income and real GDP of all cities together against the reference."""
    parts = {}
    for column in ("real_income", "real_gdp"):
        amount, pct = view.difference(column)
        parts[column] = view.words(
            "answer.higher" if amount >= 0 else "answer.lower", amount=money(amount, view.language), pct=percent(pct)
        )
    now, before = view.run.config.policies, {} if view.before is None else view.before.config.policies
    changed = [name for name, policy in now.items() if policy != before.get(name)]
    key = "answer.region_otherwise" if changed and all(name in before for name in changed) else "answer.region"
    policy = _capital(view.policy(changed or None))
    return view.words(key, policy=policy, year=view.last, n=len(view.cities), **parts)


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
        parts.append(_paid(view, paid))
    if not parts:
        amount, pct = view.difference("own_revenue")
        key = "answer.revenue_up" if amount >= 0 else "answer.revenue_down"
        parts.append(view.words(key, amount=money(amount, view.language), pct=percent(pct)))
    parts.append(_gap(view, inequality(view, before=True), inequality(view)))
    joined = view.words("comma").join(parts)
    return view.words("answer.how", first=view.first, last=view.last, parts=joined)


def _paid(view: View, paid: float) -> str:
    """What cities pay each other under contracts; who pays and who receives most, all years together."""
    sides = [totals(view.payments, side) for side in ("payer", "payee")]
    (payer,), (payee,) = (ends(amounts, 1)[0] for amounts in sides)
    most, received = (money(amounts[city], view.language) for amounts, city in zip(sides, (payer, payee), strict=True))
    values = {"payer": view.short(payer), "most": most, "payee": view.short(payee), "received": received}
    return view.words("answer.paid", amount=money(paid, view.language), **values)


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
