"""Who agrees: sentences, story, chart and table say what the tables and the survey say, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pytest

from sim.core.errors import EquilibriumError, InputError
from sim.core.state import EVENTS, REASONS
from sim.experiments.run import Run, run
from sim.experiments.signing.survey import GAIN, OWN_TAX, SHARED, Survey, signing_study
from sim.report import agree
from sim.report.answer import answer
from sim.report.formats import money, percent, share, signed
from sim.report.html import render
from sim.report.view import View
from sim.report.words import TEXTS
from tests.report.conftest import SMALL

Change = Callable[[Run, str, Callable[[pd.DataFrame], None]], Run]
POLICY = "policies.industry_transfer"


@pytest.fixture(scope="module")
def asked() -> Run:
    """The real region, where the parties are asked and the origins refuse."""
    return run("industry_transfer", overrides=["horizon=2023", POLICY + ".agreement={minimum: 2}"])


@pytest.fixture(scope="module")
def subsidised() -> Run:
    return run("industry_transfer", overrides=[*SMALL, f"{POLICY}.incentive=0.1", f"{POLICY}.end=2024"])


@pytest.fixture(scope="module")
def survey(transfer: Run) -> Survey:
    found = signing_study(transfer)
    assert found is not None
    return found


GAINS = ("expected_gain", "growth_gain", "income_gain", "balance_gain", "compliance_gain")
Event = tuple[int, str, str, str]


def with_events(base: Run, *events: Event) -> Run:
    """The run with other agreements: year, party, event, reason."""
    same = {"agreement": "industry_transfer", "reserve": 0.0, **dict.fromkeys(GAINS, 0.125)}
    rows = [{**same, **dict(zip(("year", "party", "event", "reason"), event, strict=True))} for event in events]
    arrow = {**base.arrow, "agreements": pa.Table.from_pylist(rows)}
    return Run(base.config, base.info, arrow, base.reference, None, base.model)


ASKED = [(2020, party, "asked", "") for party in ("PRT", "MIL", "VAL")]
FAILED = (2020, "centre", "failed", "too few members")


ALL = ("PRT", "MIL", "VAL")
LOSE = "expects its cities to lose"


def signing(*parties: str) -> list[Event]:
    return [(2020, party, "signed", "expects to gain") for party in parties]


def refusing(*parties: str) -> list[Event]:
    return [(2020, party, "refused", "expects to lose") for party in parties]


def imposed(*parties: str) -> list[Event]:
    return [(2020, party, "imposed", "expects the region to gain") for party in parties]


VETO = [(2020, "province:CO", "vetoed", LOSE), (2020, "centre", "failed", LOSE)]


# --- the answer ---------------------------------------------------------------------------------------------------


def test_the_first_sentence_is_about_those_who_refuse(asked: Run) -> None:
    rows, label = asked.agreements, asked.labels["regions"]
    refused = rows.loc[rows["event"] == "refused", "party"]
    n = rows["event"].eq("asked").sum()
    said = answer(asked)
    assert said[0].startswith(f"Of the {n} parties asked in 2020, {len(refused)} refused (")
    assert all(label[party]["name_en"] in said[0] for party in refused)
    assert "does not come into force, as those who would sign have nobody to agree with" in said[0]
    assert "has no effect" in said[1]
    assert len(said) == 3
    assert "look at its strength" not in " ".join(said)


@pytest.mark.parametrize(
    ("events", "english", "chinese"),
    [
        ([*ASKED, *signing(*ALL)], "All 3 parties asked in 2020 signed: moving", "3方全部签署"),
        (
            [*ASKED, *refusing("MIL"), *signing("PRT", "VAL")],
            "1 refused (Milltown) and 2 signed",
            "1方拒绝（坊城），2方",
        ),
        ([*ASKED, *refusing("PRT", "MIL"), FAILED], "not come into force, as too few would be in it", "成员过少"),
        ([*ASKED, *VETO], "None of the 3 parties asked in 2020 refused, but moving", "省级预期所辖城市受损"),
        ([*ASKED, *refusing("PRT"), FAILED, *imposed(*ALL)], "refused (Port City); the centre imposes", "中央决定"),
        (
            [*ASKED, *signing(*ALL), (2024, "VAL", "left", "lost for too long"), (2024, *FAILED[1:])],
            "comes into force. Valley City left later. It ends in 2024, as too few would be in it.",
            "谷城后来退出。2024年因成员过少而终止。",
        ),
        (
            [*ASKED, *refusing("PRT", "MIL"), FAILED, *((2023, *e[1:]) for e in [*ASKED, *signing(*ALL)])],
            "All 3 parties asked in 2023 signed",
            "2023年征询的3方全部签署",
        ),
    ],
)
def test_every_course_has_its_sentence(small: Run, events: Any, english: str, chinese: str) -> None:
    changed = with_events(small, *events)
    assert english in answer(changed)[0]
    assert chinese in answer(changed, "zh")[0]
    assert len(answer(changed)) == 4


def test_contracts_that_nobody_was_asked_about_are_no_agreement(transfer: Run) -> None:
    assert transfer.agreements["event"].eq("signed").any()
    assert agree.outcomes(View(transfer)) == []


def test_who_pays_and_who_receives_most(transfer: Run) -> None:
    rows = transfer.transfers.query("rule == 'relocation'")
    names = transfer.labels["regions"]
    for side, words in (("payer", "pays most"), ("payee", "receives most")):
        amounts = rows.groupby(side)["amount"].sum()
        assert f"{names[amounts.idxmax()]['name_en']} {words}, {money(amounts.max(), 'en')}" in answer(transfer)[2]


def test_subsidies_are_those_of_the_cities(subsidised: Run, changed: Change) -> None:
    rows = subsidised.cities
    year, names = int(rows["year"].max()), subsidised.labels["regions"]
    said = answer(subsidised)
    assert len(said) == 5
    assert said[0].startswith(f"Cities' subsidies reach {share(rows['subsidy_rate'].max())} of investment (")
    assert "; none without it)" in said[0]
    assert f"in {year} they cost nothing" in said[0]

    def dear(cities: pd.DataFrame) -> None:
        cities.loc[(cities["year"] == year) & (cities["region"] == "MIL"), "subsidy"] = 12.0
        cities.loc[(cities["year"] == year) & (cities["region"] == "VAL"), "subsidy"] = 30.0

    after = answer(changed(subsidised, "cities", dear))[0]
    assert (
        f"they cost {money(42.0, 'en')} in {year}, and {names['VAL']['name_en']} pays most, {money(30.0, 'en')}"
        in after
    )


def test_less_subsidies_than_without_it(subsidised: Run) -> None:
    reference = subsidised.reference
    assert reference is not None
    turned = Run(reference.config, reference.info, reference.arrow, subsidised, None, reference.model)
    assert answer(turned)[0].startswith("No city pays subsidies; 10% without it; they cost nothing")
    assert "各市都不发放补贴；不实施时10%" in answer(turned, "zh")[0]
    same = Run(subsidised.config, subsidised.info, subsidised.arrow, subsidised, None, subsidised.model)
    assert "subsidies" not in answer(same)[0]


def test_governments_that_decide_are_named(small: Run) -> None:
    assert small.reference is not None
    config = small.config.with_values({"policies": {}, "governments.rule": "adaptive"})
    view = View(Run(config, small.info, small.arrow, small.reference, None, small.model))
    assert view.policy() == "governments that decide for themselves"


# --- the section --------------------------------------------------------------------------------------------------


def section(base: Run, survey: Survey | str | None, language: str = "en") -> str:
    figures: dict[str, Any] = {}
    found = agree.section(
        View(base, language), survey, lambda name, spec, label: figures.setdefault(name, str(spec)) and ""
    )
    return re.sub("<[^>]+>", " ", found)


def test_the_story_tells_every_row_in_its_own_units(asked: Run) -> None:
    text = section(asked, None)
    world = asked.model.world if asked.model else None
    assert world is not None
    scale = world.parameters.value("score_scale_income")
    rows = asked.agreements
    for row in rows[rows["event"] == "refused"].itertuples():
        assert f"real income {percent(100 * row.income_gain * scale)}" in text
        assert f"{signed(row.expected_gain)} points in all" in text
    best = rows.loc[rows["expected_gain"].idxmax(), "party"]
    assert f"{asked.labels['regions'][best]['name_en']} expects most of it" in text
    assert "2020: it does not hold, as those who would sign have nobody to agree with." in text


def test_without_the_data_set_the_story_is_in_points(small: Run) -> None:
    info = {**small.info, "data": {**small.info["data"], "hash": "another"}}
    base = with_events(small, *ASKED, *refusing("PRT"), *signing("MIL", "VAL"))
    text = section(Run(base.config, info, base.arrow, base.reference), None)
    assert "Port City: +0.125 points" in text
    assert "real income" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_event_and_reason_has_words(small: Run, language: str) -> None:
    assert {f"event.{event}" for event in EVENTS} | {f"agree.{event}" for event in EVENTS} <= set(TEXTS)
    assert {f"reason.{reason}" for reason in REASONS if reason} <= set(TEXTS)
    events = [(2020 + k, "PRT", event, REASONS[1 + k]) for k, event in enumerate(EVENTS)]
    text = section(with_events(small, *events), None, language)
    assert "{" not in text
    assert all(str(2020 + k) in text for k in range(len(EVENTS)))


def test_nothing_to_tell_is_no_section(baseline: Run, transfer: Run) -> None:
    assert section(baseline, None) == section(transfer, None) == ""
    assert "cannot be computed: the market did not clear" in section(transfer, "the market did not clear")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_chart_is_the_survey(transfer: Run, survey: Survey, language: str) -> None:
    spec = agree.chart(View(transfer, language), survey)
    figure = go.Figure(data=spec["data"], layout=spec["layout"])
    trace, order = figure.data[0], agree.ordered(survey)
    assert np.allclose(np.array(trace.z), (survey.gain - survey.reserve)[order], rtol=1e-4, atol=1e-12)
    assert (np.array(trace.text) == "×").tolist() == (~survey.signs[order]).tolist()
    assert trace.zmin == -trace.zmax
    bold = [label.startswith("<b>") for label in trace.y]
    assert bold == [survey.parties[i] in survey.origins for i in order]
    assert figure.layout.shapes == ()


def made(survey: Survey, gain: Callable[[str, np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> Survey:
    """The survey with other gains by party and share."""
    values = survey.expected.copy()
    for i, party in enumerate(survey.parties):
        values[i, :, GAIN] = gain(party, survey.shares)
        values[i, :, OWN_TAX] = 0.0
        values[i, :, SHARED] = gain(party, survey.shares)
    return replace(survey, expected=values, signs=values[:, :, GAIN] >= 0.0)


def told(base: Run, survey: Survey, language: str = "en") -> str:
    return " ".join(agree.sentences(View(base, language), survey))


def test_no_share_for_all_and_the_reason(transfer: Run, survey: Survey) -> None:
    text = told(transfer, survey)
    assert "The scenario imposes moving ordinary manufacturing" in text
    assert f"There is no share at which all {len(survey.parties)} sign." in text
    names = [transfer.labels["regions"][party]["name_en"] for party in survey.verdict.never]
    assert f"{', '.join(names)} would sign at no share" in text
    at, party, _ = survey.verdict.nearest
    i, k = survey.parties.index(party), survey.shares.tolist().index(at)
    assert f"{transfer.labels['regions'][party]['name_en']} is the least willing" in text
    assert f"{signed(survey.gain[i, k])} points in all" in text
    assert f"{money(survey.tax[i, k, 0], 'en')} a year" in text


def test_a_range_and_who_binds(transfer: Run, survey: Survey) -> None:
    wants, bears = "310000", "341100"  # Shanghai, Chuzhou
    other = made(survey, lambda p, s: s - (0.4 if p == wants else 0.1) if p in survey.origins else
                 (0.72 if p == bears else 0.9) - s)  # fmt: skip
    text = told(transfer, other)
    assert "All 18 sign where the origins get between 40% and 72% of the tax." in text
    assert "Below that, Shanghai would not sign." in text
    assert "Above that, Chuzhou would not sign." in text
    assert "nobody loses against no agreement where the origins get between 40% and 72%" in text
    assert "At the scenario's 50% of the tax for the origins, 18 of the 18 sign." in text
    shapes = agree.chart(View(transfer), other)["layout"]["shapes"]
    assert [(shape["x0"], shape["x1"]) for shape in shapes] == [(pytest.approx(40), pytest.approx(72))]
    assert "40%至72%" in told(transfer, other, "zh")


def test_two_that_stand_in_each_others_way(transfer: Run, survey: Survey) -> None:
    other = made(survey, lambda p, s: s - 0.6 if p == "310000" else 0.3 - s if p == "341100" else 1.0 + 0 * s)
    text = told(transfer, other)
    assert "Shanghai signs from 60% on only, Chuzhou up to 30% only." in text
    assert "Counting tax alone, Shanghai needs at least 60% and Chuzhou bears at most 30%." in text


def test_everybody_at_every_share(transfer: Run, survey: Survey) -> None:
    assert "All 18 sign at every share." in told(transfer, made(survey, lambda p, s: 0.1 + 0 * s))


def test_the_page_has_chart_story_and_numbers(asked: Run) -> None:
    for language, title in (("en", "Who agrees"), ("zh", "谁会同意")):
        page = render(asked, language=language)
        assert f'<section id="agree"><h2>{title}</h2>' in page
        assert 'id="figure-agree"' in page
        assert "{" not in re.sub("<[^>]+>", "", page.split('<section id="agree">')[1].split("</section>")[0])


def test_where_another_contract_shares_the_tax_there_is_no_share_to_vary() -> None:
    parks = run("park_agreements", overrides=["horizon=2021"])
    page = render(parks)
    assert "What happened" in page
    assert 'id="figure-agree"' not in page
    with pytest.raises(InputError, match="cover moves between the same cities"):
        signing_study(parks)


def test_a_market_that_does_not_clear_is_told(small: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.experiments.signing import survey as module

    def fails(*arguments: object, **options: object) -> None:
        raise EquilibriumError("Milltown", "MAN", 0.1, 9, 1e-8)

    monkeypatch.setattr(module, "survey", fails)
    assert "cannot be computed: the market did not clear" in render(small)
