"""The path of 100 yuan of tax: nothing is lost on the way, and it is the way the model's money goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.calibration import calibrate
from sim.compose import compose
from sim.config import world_of
from sim.core.errors import InputError
from sim.datasets import three_cities
from sim.experiments.tax_path import tax_path
from sim.experiments.transfers import transfers
from sim.policies import IndustryTransfer
from tests.worlds import POLICIES, TRANSFER, small_model, small_reference

SMALL = (
    "world=three_cities",
    "policies.industry_transfer.origins=[PRT]",
    "policies.industry_transfer.destinations=[VAL]",
    "policies.industry_transfer.sectors=[MAN]",
)


@pytest.fixture(scope="module")
def base():
    """The real data, calibrated."""
    return calibrate(world_of(compose("baseline")))


def real_path(base, place, sector=None):
    return tax_path(base.world, base.world.region_ids[place], sector=sector)


def of(path, name):
    return next(tax for tax in path.taxes if tax.tax == name)


def handed_on(city="VAL", **changes):
    """What a host hands on under the contract of the small world."""
    (found,) = tax_path(
        three_cities(), city, policies={"industry_transfer": IndustryTransfer(**{**TRANSFER, **changes})}
    ).contracts
    return found


@pytest.mark.parametrize("sector", [None, "CHM", "ELE", "AGR"])
def test_nothing_is_lost_in_any_city(base, sector):
    for place in range(base.world.n_cities):
        path = real_path(base, place, sector)
        assert path.centre + path.province + path.city == pytest.approx(100.0, abs=1e-12)
        assert sum(tax.total for tax in path.taxes) == pytest.approx(100.0, abs=1e-12)
        for tax in path.taxes:
            assert tax.centre + tax.province + tax.city == pytest.approx(tax.total, abs=1e-12)
            assert min(tax.centre, tax.province, tax.city) >= 0.0
        assert sum(tax.share_of_value_added for tax in path.taxes) == pytest.approx(path.share_of_value_added)


@pytest.mark.parametrize("sector", [None, "VEH", "ELE", "PUB"])
def test_local_and_city_parts_are_those_of_the_calibrated_model(base, sector):
    world = base.world
    for place in range(world.n_cities):
        path = real_path(base, place, sector)
        rows = [world.sector_index(id_) for id_ in path.sectors]
        weights = world.value_added[place, rows] / world.value_added[place, rows].sum()
        local = float(weights @ base.taxes.local[rows])
        paid = path.share_of_value_added / 100.0
        assert path.localities * paid == pytest.approx(local, rel=1e-12)
        assert path.city * paid == pytest.approx(local * (1.0 - base.budgets.cut[place]), rel=1e-12)
        subsidy = min(float(weights @ base.taxes.other_production_tax[rows]), 0.0)
        assert path.centre * paid + subsidy == pytest.approx(float(weights @ base.taxes.central[rows]), rel=1e-12)


def test_the_default_firm_is_the_industry_of_the_city(base):
    world = base.world
    path = real_path(base, 3)
    assert path.sectors == list(world.sectors.index[world.sectors["group"] == "secondary"])
    alone = [real_path(base, 3, id_) for id_ in path.sectors]
    weights = [world.value_added[3, world.sector_index(id_)] for id_ in path.sectors]
    vat = np.average([of(one, "vat").share_of_value_added for one in alone], weights=weights)
    assert of(path, "vat").share_of_value_added == pytest.approx(vat, rel=1e-12)


def test_the_ledger_of_a_run_pays_the_same_taxes():
    """Sectors' paths times their value added are the base year's rows of the transfers table."""
    model = small_reference()
    world = model.world
    ledger = transfers(model).to_pandas()
    ledger = ledger[(ledger["year"] == world.base_year) & (ledger["rule"] == "tax")]
    for place, city in enumerate(world.region_ids[: world.n_cities]):
        expected: dict[tuple[str, str], float] = {}
        for sector, value_added in zip(world.sector_ids, world.value_added[place], strict=True):
            path = tax_path(world, city, sector=sector)
            yuan = value_added * path.share_of_value_added / 100.0
            for tax in path.taxes:
                province = f"province:{world.province_ids[world.province_of[place]]}"
                for payee, amount in (("centre", tax.centre), (province, tax.province), (city, tax.city)):
                    expected[tax.tax, payee] = expected.get((tax.tax, payee), 0.0) + amount * yuan
        paid = ledger[ledger["payer"] == city].groupby(["tax", "payee"], observed=True)["amount"].sum()
        assert len(paid) >= 12
        for (tax, payee), amount in paid.items():
            if tax != "other_production":  # a net subsidy of one sector is netted with the tax of another there
                assert expected[tax, payee] == pytest.approx(amount, rel=1e-6), (city, tax, payee)


def test_shares_and_sizes_are_those_of_the_rules_of_2019(base):
    """50:50 of value added tax, 60:40 of income taxes, surcharges all local.

    A manufacturer with VAT of 7 % of value added, corporate tax of 4, personal tax of 1, surcharges of 0.8 % yields
    6.3 % to the localities by them. The model's VAT is scaled up to the nation's 6.3 % of GDP, hence somewhat more.
    """
    local = {"vat": 0.5, "consumption": 0.0, "corporate": 0.4, "personal": 0.4, "surcharge": 1.0}
    for place in range(base.world.n_cities):
        path = real_path(base, place)
        for name, share in local.items():
            assert of(path, name).centre == pytest.approx((1.0 - share) * of(path, name).total)
        by_hand = sum(share * of(path, name).share_of_value_added for name, share in local.items())
        assert path.localities / 100.0 * path.share_of_value_added == pytest.approx(by_hand)
        assert 0.063 < by_hand < 0.08


def test_a_net_subsidy_stays_outside_and_is_told(base):
    path = real_path(base, 3, "ELE")
    assert "other_production" not in [tax.tax for tax in path.taxes]
    rate = base.taxes.other_production_tax[base.world.sector_index("ELE")]
    assert f"{-rate:.2%}" in path.notes[0]
    assert "Not in the 100 yuan" in str(path)
    assert of(real_path(base, 3, "CHM"), "other_production").city == 0.0


def test_shanghai_has_no_province_above_it(base):
    path = real_path(base, base.world.index("Shanghai"))
    assert path.province == 0.0
    assert "no province takes a part" in str(path)


def test_every_number_has_a_source_and_a_status(base):
    path = real_path(base, base.world.index("Hefei"))
    for sources in [*(tax.sources for tax in path.taxes), path.sources]:
        assert sources
        assert all(source.source and source.status for source in sources)
        assert len(sources) == len(set(sources))
    cited = {source.name: source for tax in path.taxes for source in tax.sources}
    for tax in ("vat", "consumption", "corporate", "personal"):
        assert cited[f"central_share_{tax}"].value == of(path, tax).central_share
    assert cited["operating surplus over value added.CHM"].value == pytest.approx(
        base.world.surplus_share_va[base.world.sector_index("CHM")]
    )
    assert {"provincial_revenue_factor.AH", "value added.CON"} <= {source.name for source in path.sources}
    assert "labour_share_cap_agriculture" not in cited
    farm = of(real_path(base, 3, "AGR"), "personal")
    assert "labour_share_cap_agriculture" in [source.name for source in farm.sources]


def test_a_changed_rule_moves_the_yuan_and_is_cited():
    before, after = (tax_path(three_cities().with_parameters(p), "PRT") for p in ({}, {"central_share_consumption": 0}))
    gained = of(before, "consumption").total
    assert gained > 0.0
    assert after.localities - before.localities == pytest.approx(gained)
    (row,) = [s for s in of(after, "consumption").sources if s.name == "central_share_consumption"]
    assert "replacing 1" in row.source


def test_the_path_ends_with_the_origin():
    found = handed_on()
    path = tax_path(three_cities(), "VAL")
    assert (found.origins, found.hosts, found.sectors) == (["Port City"], ["Valley City"], ["MAN"])
    assert [year.origin_share for year in found.years] == [0.5] * 5 + [0.0]
    assert [year.year for year in found.years] == list(range(2021, 2027))
    for year in found.years:
        assert year.origin == pytest.approx(year.origin_share * path.city)
        assert path.centre + path.province + year.city + year.origin == pytest.approx(100.0, abs=1e-12)


def test_a_run_hands_on_the_same_shares():
    share = {"age": {0: 0.6, 2: 0.3}}
    model = small_model({"industry_transfer": {**TRANSFER, "origin_share": share}})
    model.run()
    paid = transfers(model).to_pandas().query("rule == 'relocation'")
    found = {year.age: year.origin_share for year in handed_on(origin_share=share).years}
    assert set(paid["age"]) == {0, 1, 2, 3, 4}
    assert paid["rate"].to_numpy() == pytest.approx(paid["age"].map(found).to_numpy(), rel=1e-9)


def test_schedules_by_age_and_by_calendar():
    by_age = handed_on(origin_share={"age": {0: 0.5, 3: 0.25}})
    assert [year.origin_share for year in by_age.years] == [0.5, 0.5, 0.5, 0.25, 0.25, 0.0]
    by_calendar = handed_on(origin_share={2020: 0.4, 2023: 0.2})
    assert [year.origin_share for year in by_calendar.years] == [0.4, 0.4, 0.2, 0.2, 0.2, 0.0]
    assert [year.origin_share for year in handed_on(term=0).years] == [0.0]


def test_who_hands_nothing_on_is_told():
    assert handed_on("PRT").years == []
    assert handed_on("PRT").hosts == ["Valley City"]
    assert handed_on(pace=0.0).hosts == []
    policies = {"market_integration": small_model(POLICIES).config.policies["market_integration"]}
    assert tax_path(three_cities(), "VAL", policies=policies).contracts == []


def test_no_industry_and_no_tax_are_said():
    world = three_cities()
    value_added = world.value_added.copy()
    value_added[0, world.sector_index("MAN")] = 0.0
    with pytest.raises(InputError, match="Port City has no industry"):
        tax_path(world.with_value_added(value_added, "test"), "PRT")
    table = world.tables["input_output"]
    table = table[(table["row"] != "SUR") | (table["column"] != "AGR")]
    with pytest.raises(InputError, match="AGR pays no tax"):
        tax_path(replace(world, tables={**world.tables, "input_output": table}), "PRT", sector="AGR")


def test_the_command_tells_the_whole_path(sim):
    found = sim("explain", "taxes", "--city", "谷城", "--scenario", "industry_transfer", *SMALL)
    assert found.code == 0, found
    lines = found.out.splitlines()
    assert lines[0] == "Of 100 yuan of tax that a firm in Valley City pays"
    head = next(i for i, line in enumerate(lines) if line.split()[:4] == ["centre", "province", "city", "total"])
    table = lines[head : next(i for i, line in enumerate(lines) if i > head and line.startswith("  total")) + 1]
    assert len({len(line) for line in table}) == 1
    total = table[-1].split()
    assert sum(map(float, total[1:4])) == pytest.approx(100.0, abs=0.015)
    assert total[4] == "100.00"
    assert "belong to the localities" in found.out
    years = [line for line in lines if line.startswith(("  1 to 5", "  6 and later"))]
    assert ["50.0%" in years[0], "0.0%" in years[1]] == [True, True]
    assert "scenario: industry_transfer, data set: three_cities" in lines[-1]


def test_the_command_prints_the_same_as_data(sim):
    words = ("explain", "taxes", "--city", "VAL", "--scenario", "industry_transfer", *SMALL, "--json")
    found = sim(*words).json
    config = compose("industry_transfer", SMALL)
    assert found == {
        "scenario": "industry_transfer",
        "data_set": "three_cities",
        **tax_path(three_cities(), "VAL", policies=config.policies).as_dict(),
    }


def test_texts_of_contracts(sim):
    words = ("explain", "taxes", "--scenario", "industry_transfer", *SMALL)
    capped = sim(*words, "--city", "VAL", "--sector", "SRV", "policies.industry_transfer.capped=true").out
    assert "Ends early" in capped
    assert "SRV does not move under it" in capped
    assert "Precedents: " in capped
    assert "no plant moves to Port City" in sim(*words, "--city", "PRT").out
    assert "Valley City" in sim(*words, "--city", "PRT").out
    without = sim("explain", "taxes", "--city", "PRT", "world=three_cities").out
    assert "The scenario baseline has no contract that shares tax" in without


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("taxes", "--city", "Suzho"), "did you mean Suzhou?"),
        (("taxes", "--city", "ROC"), "unknown city 'ROC'"),
        (("taxes", "--city", "VAL", "--sector", "MANN", "world=three_cities"), "did you mean MAN?"),
        (("taxes", "--city", "VAL", "--year", "2030"), "--year: is not for taxes"),
        (("taxes", "--city", "VAL", "--run", "mine"), "--run: is not for taxes"),
        (("taxes", "--city", "Hefei", "--scenario", "industry_transfr"), "did you mean industry_transfer?"),
        (("taxes", "--city", "Hefei", "parameters.corporate_tax_rate=0.9"), "corporate_tax_rate: 0.9 is out of range"),
        (("taxes", "--city", "Hefei", "Suzhou"), "'Suzhou' is not an override"),
        (("taxes",), "--city"),
        (("gdp", "--city", "Hefei"), "--year: which year"),
        (("gdp", "--city", "Hefei", "--year", "2030", "horizon=2030"), "horizon=2030: is for sim explain taxes"),
        (
            ("gdp", "--city", "Hefei", "--year", "2030", "--scenario", "baseline"),
            "--scenario: is for sim explain taxes",
        ),
    ],
)
def test_wrong_questions_are_one_line(sim, words, message):
    answer = sim("explain", *words)
    assert answer.code == 2, answer
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert message in answer.err


def test_places_outside_the_region_are_no_cities():
    with pytest.raises(InputError, match="Rest of the country is not a city"):
        tax_path(three_cities(), "ROC")
