"""The three sentences say what the tables say, follow when a table changes, and know a policy that does nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pytest

from sim.experiments.run import Run, run
from sim.report.answer import answer
from sim.report.formats import money, percent

PER_CENT = re.compile(r"[+−]?[\d.]+%")
Change = Callable[[Run, str, Callable[[pd.DataFrame], None]], Run]


def region(run: Run, column: str) -> float:
    """All cities together in the last year."""
    table = run.cities
    return float(table.loc[(table["year"] == table["year"].max()) & table["region"].isin(run.city_ids), column].sum())


def last(run: Run, column: str) -> pd.Series:
    table = run.cities
    return table.loc[table["year"] == table["year"].max()].set_index("region")[column].loc[run.city_ids]


def test_the_region_is_the_sum_of_its_cities(transfer: Run) -> None:
    assert transfer.reference is not None
    sentence = answer(transfer)[0]
    for column in ("real_income", "real_gdp"):
        new, old = region(transfer, column), region(transfer.reference, column)
        way = "higher" if new > old else "lower"
        assert f"{money(new - old, 'en')} {way} ({percent(100 * (new / old - 1))})" in sentence


def test_winners_and_losers_are_those_of_the_table(transfer: Run) -> None:
    assert transfer.reference is not None
    change = 100 * (last(transfer, "real_income") / last(transfer.reference, "real_income") - 1)
    names = transfer.labels["regions"]
    best, worst = (names[str(place)]["name_en"] for place in (change.idxmax(), change.idxmin()))
    sentence = answer(transfer)[1]
    assert sentence.startswith(f"{(change > 0).sum()} cities gain real income and {(change < 0).sum()} lose")
    assert f"{best} gains most ({percent(change.max())})" in sentence
    assert f"{worst} loses most ({percent(change.min())})" in sentence


def test_the_way_is_that_of_flows_transfers_and_indicators(transfer: Run) -> None:
    assert transfer.reference is not None
    moved, before = (
        run.flows.query("kind == 'relocated_capital'")["amount"].sum() for run in (transfer, transfer.reference)
    )
    paid = transfer.transfers.query("rule == 'relocation'")["amount"].sum()
    theil, old = (
        run.indicators.query("indicator == 'theil_real_income' and year == 2027")["value"].item()
        for run in (transfer, transfer.reference)
    )
    sentence = answer(transfer)[2]
    assert f"capital worth {money(moved - before, 'en')} moves" in sentence
    assert f"pay each other {money(paid, 'en')} under contracts" in sentence
    assert f"({percent(100 * (theil / old - 1))})" in sentence


def test_a_changed_city_changes_the_sentences(transfer: Run, changed: Change) -> None:
    def ruin_hefei(cities: pd.DataFrame) -> None:
        cities.loc[(cities["region"] == "340100") & (cities["year"] == 2027), "real_income"] /= 2

    ruined = changed(transfer, "cities", ruin_hefei)
    before, after = answer(transfer), answer(ruined)
    assert before[0] != after[0]
    assert "Hefei loses most (−50.0%)" in after[1]


def test_a_changed_transfer_changes_the_third_sentence(transfer: Run, changed: Change) -> None:
    def double(transfers: pd.DataFrame) -> None:
        transfers.loc[transfers["rule"] == "relocation", "amount"] *= 2

    before, after = answer(transfer), answer(changed(transfer, "transfers", double))
    assert before[:2] == after[:2]
    assert before[2] != after[2]


def test_a_changed_flow_changes_the_third_sentence(transfer: Run, changed: Change) -> None:
    def double(flows: pd.DataFrame) -> None:
        flows.loc[flows["kind"] == "relocated_capital", "amount"] *= 2

    assert answer(transfer)[2] != answer(changed(transfer, "flows", double))[2]


def test_a_changed_indicator_changes_the_third_sentence(transfer: Run, changed: Change) -> None:
    def level(indicators: pd.DataFrame) -> None:
        indicators.loc[indicators["indicator"] == "theil_real_income", "value"] = 1.0

    assert "ends wider" in answer(changed(transfer, "indicators", level))[2]


@pytest.mark.parametrize(("factor", "said"), [(2.0, "All 41 cities gain"), (0.5, "All 41 cities lose")])
def test_everybody_gains_or_loses(transfer: Run, changed: Change, factor: float, said: str) -> None:
    def scale(cities: pd.DataFrame) -> None:
        cities["real_income"] *= factor

    assert answer(changed(transfer, "cities", scale))[1].startswith(said)


def test_a_scenario_without_effect_says_so(still: Run) -> None:
    english, chinese = answer(still), answer(still, "zh")
    assert "has no effect" in english[0]
    assert "industry_transfer" in english[2]
    assert "没有效果" in chinese[0]
    assert not PER_CENT.findall(" ".join(english + chinese))


def test_the_smallest_effect_is_an_effect(still: Run, changed: Change) -> None:
    def touch(cities: pd.DataFrame) -> None:
        cities.loc[cities.index[-3], "own_revenue"] *= 1.0001  # the last city in the last year

    assert "has no effect" not in answer(changed(still, "cities", touch))[0]


def test_the_noise_of_the_solver_is_no_effect(still: Run, changed: Change) -> None:
    def touch(cities: pd.DataFrame) -> None:
        cities["real_income"] *= 1 + 1e-9

    assert "has no effect" in answer(changed(still, "cities", touch))[0]


def test_a_baseline_describes_its_course(baseline: Run, changed: Change) -> None:
    sentences = answer(baseline)
    assert f"to {money(region(baseline, 'real_gdp'), 'en')} in 2026" in sentences[0]

    def boom(cities: pd.DataFrame) -> None:
        cities.loc[(cities["region"] == "330900") & (cities["year"] == 2026), "real_gdp"] *= 3

    assert "Zhoushan grows fastest" in answer(changed(baseline, "cities", boom))[1]


def test_a_policy_without_its_reference_says_so(transfer: Run) -> None:
    alone = Run(transfer.config, transfer.info, transfer.arrow, None, None, transfer.model)
    assert "no other run to compare with" in answer(alone)[0]


def test_three_sentences_in_both_languages_with_the_same_per_cents(any_run: Run) -> None:
    english, chinese = answer(any_run), answer(any_run, "zh")
    assert len(english) == len(chinese) == 3
    for one, other in zip(english, chinese, strict=True):
        assert sorted(PER_CENT.findall(one)) == sorted(PER_CENT.findall(other))
        assert "yuan" not in other
        assert "{" not in one + other


def test_a_capital_market_is_never_a_headline_without_its_caution() -> None:
    overrides = ["world=three_cities", "horizon=2024", "+policies=[market_integration,capital_market]"]
    with_it = run("baseline", overrides=[*overrides, "reference=baseline"])
    english, chinese = answer(with_it), answer(with_it, "zh")
    assert len(english) == len(chinese) == 4
    assert "imputed capital stocks" in english[3]
    assert "不宜单独引用" in chinese[3]
    none = run("baseline", overrides=[*overrides, "reference=baseline", "policies.capital_market.reduction=0"])
    assert len(answer(none)) == 3


def test_air_is_told_where_a_policy_is_about_it() -> None:
    alone = run("blue_sky_alone", overrides=["world=three_cities", "horizon=2024"])
    assert alone.reference is not None
    runs = alone, alone.reference
    table, other = (done.indicators.set_index(["indicator", "place", "year"])["value"] for done in runs)
    values = [float(values["pm25", "region", 2024]) for values in (table, other)]
    said = answer(alone)[3]
    assert f"In 2024 residents breathe {values[0]:.1f} µg/m³ of PM2.5 instead of {values[1]:.1f}" in said
    assert "it falls in all 3 cities" in said
    assert f"Cleaning costs {money(float(table['abatement_cost', 'region', 2024]), 'en')}, not" in said
    together = answer(run("blue_sky", overrides=["world=three_cities", "horizon=2024"]))
    assert "set as here instead of as in the reference" in together[0]
    assert "PM2.5" in answer(alone, "zh")[3]


def test_water_is_told_where_contracts_are_about_it() -> None:
    done = run("xinan_river", overrides=["horizon=2021"])
    assert done.reference is not None
    runs = done, done.reference
    table, other = (d.indicators.set_index(["indicator", "place", "year"])["value"] for d in runs)
    cost, before = (float(values["water_damage", "region", 2021]) for values in (table, other))
    said = answer(done)[-1]
    assert cost < before
    assert f"costs residents {money(before, 'en')} in 2021" in said
    assert f"and {money(cost - before, 'en')} less with it" in said
    assert "in Hangzhou" in said
    assert "杭州" in answer(done, "zh")[-1]
