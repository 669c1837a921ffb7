"""Names of places, parts carved out of cities, and the policies that are about zones."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.calibration import calibrate
from sim.compose import compose
from sim.config import RunConfig, world_of
from sim.core.errors import InputError
from sim.core.levers import Levers
from sim.core.state import BASE_MONEY, MONEY, PEOPLE, State
from sim.datasets import World, three_cities
from sim.datasets.check import check_tables
from sim.datasets.coverage import coverage
from sim.datasets.places import expand, one
from sim.datasets.reader import DataFolder
from sim.datasets.schema import AMOUNTS
from sim.experiments.run import reference_config
from sim.mechanisms.base_year import BaseYear
from sim.mechanisms.invest import moving_cost
from sim.year import Simulation
from tests.worlds import POLICIES, PROJECTS, small_base, small_model, small_reference

PARTS = ["DOC", "HIL"]
DELTA = World.load("yangtze_delta")
ZONE = ["310118", "320509", "330421"]
EVERYTHING = {"world": {"dataset": "three_cities", "carve": PARTS}}


@cache
def carved_base() -> BaseYear:
    return calibrate(three_cities().carved(PARTS))


def model_of(base: BaseYear, policies: dict[str, Any] | None = None, **config: Any) -> Simulation:
    values = {"scenario": "test", "horizon": 2024, "policies": policies or {}, "check_identities": True, **config}
    return Simulation(RunConfig.judge(values), base=base)


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (["310000"], ["310000"]),
        (["Suzhou", "苏州市", "320500"], ["320500"]),
        (["杭州"], ["330100"]),
        (["SH"], ["310000"]),
        (["suxichang"], ["320200", "320400", "320500"]),
        (["hefei_metro"], ["340100", "340200", "340500"]),
        (["Anhui", "core27"], None),
    ],
)
def test_names_are_codes_of_cities_in_order_each_once(names: list[str], codes: list[str] | None) -> None:
    found = expand(names, DELTA, "key")
    if codes is None:
        codes = [*expand(["AH"], DELTA, ""), *(c for c in expand(["core27"], DELTA, "") if not c.startswith("34"))]
    assert found == codes


def test_kinds_of_names_have_their_sizes() -> None:
    sizes = {name: len(expand([name], DELTA, "")) for name in ("all", "core27", "JS", "ZJ", "AH", "Jiangsu", "江苏")}
    assert sizes == {"all": 41, "core27": 27, "JS": 13, "ZJ": 11, "AH": 16, "Jiangsu": 13, "江苏": 13}
    assert expand(["harbours", "inland"], three_cities(), "") == ["PRT", "VAL", "MIL"]
    assert expand(["harbours"], three_cities().carved(["DOC"]), "") == ["PRT", "DOC"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Shangai", "unknown region 'Shangai'; did you mean Shanghai"),
        ("JX", "a province \\(SH, JS, ZJ, AH\\), a metropolitan area \\(shanghai_metro, .*core27, all"),
        ("nanjing", "'nanjing' is a city and a metropolitan area \\(allowed: Nanjing, nanjing_metro\\)"),
        ("ROC", "ROC is not a city"),
        ("Qingpu", "Qingpu is not carved out of its city"),
        ("demonstration_zone", "demonstration_zone is not carved out of its city"),
    ],
)
def test_other_words_get_one_clear_message(name: str, message: str) -> None:
    with pytest.raises(InputError, match=f"^policies.x.cities: .*{message}"):
        expand([name], DELTA, "policies.x.cities")


def test_several_cities_are_not_one() -> None:
    assert one("Wuxi", DELTA, "key") == "320200"
    with pytest.raises(InputError, match="key: 'JS' is 13 cities"):
        one("JS", DELTA, "key")


def test_every_policy_takes_names() -> None:
    named: dict[str, Any] = {
        "industry_transfer": POLICIES["industry_transfer"] | {"origins": ["Port City"], "destinations": ["IN"]},
        "hukou_reform": POLICIES["hukou_reform"] | {"cities": "coast", "members": ["CO"]},
        "market_integration": POLICIES["market_integration"] | {"cities": ["inland"]},
        "joint_projects": POLICIES["joint_projects"],
        "tax_sharing": {
            **POLICIES["tax_sharing"],
            "contracts": {
                "zone": {
                    "parties": ["harbours", "VAL"], "base": "tax_increment", "key": "negotiated", "schedule": 0.5,
                    "weights": {"Port City": 0.4, "VAL": 0.6}, "part": {"Port City": 0.5, "谷城": 0.1},
                }
            },
        },
    }  # fmt: skip
    model = small_model(named)
    policies: dict[str, Any] = model.policies
    assert policies["industry_transfer"].origins == ["PRT"]
    assert policies["industry_transfer"].destinations == ["VAL"]
    assert (policies["hukou_reform"].cities, policies["hukou_reform"].members) == (["PRT", "MIL"], ["PRT", "MIL"])
    contract = policies["tax_sharing"].contracts["zone"]
    assert (contract.parties, contract.weights, contract.part) == (
        ["PRT", "VAL"], {"PRT": 0.4, "VAL": 0.6}, {"PRT": 0.5, "VAL": 0.1}
    )  # fmt: skip
    model.step()
    model.step()
    barrier = model.levers.admin_barrier
    assert barrier[1, 2] < model.baseline_levers.admin_barrier[1, 2]  # both in the group
    assert barrier[0, 2] == model.baseline_levers.admin_barrier[0, 2]


def test_plain_codes_are_the_same_run() -> None:
    by_name = POLICIES["industry_transfer"] | {"origins": ["Port City"], "destinations": ["inland"]}
    by_code = POLICIES["industry_transfer"] | {"origins": ["PRT"], "destinations": ["VAL", "MIL"]}
    runs = [small_model({"industry_transfer": values}, horizon=2022) for values in (by_name, by_code)]
    first, second = (run.run().arrays for run in runs)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_who_is_in_a_contract_is_judged_when_names_are_codes() -> None:
    row = {"parties": ["IN"], "base": "tax_increment", "key": "equal", "schedule": 0.5}
    with pytest.raises(InputError, match="contract zone has 1 parties; it needs two"):
        small_model({"tax_sharing": {"start": 2020, "end": 2030, "contracts": {"zone": row}}})


# --- names as keys ------------------------------------------------------------------------------------------------

PEOPLE_OF = dict(zip(three_cities().region_ids, three_cities().resident_population, strict=True))
COAST = PEOPLE_OF["PRT"] + PEOPLE_OF["MIL"]
INLAND = PEOPLE_OF["MIL"] + PEOPLE_OF["VAL"]
TRADE = {"start": 2020, "end": 2022, "sellers": {"VAL": 1.0}, "price": {"CO": 500000, "IN": 300000}}


def settled(policy: str, **values: Any) -> Any:
    """A policy of the small world with codes for names."""
    given = POLICIES[policy] | values
    return RunConfig.judge({"policies": {policy: given}}).with_codes(three_cities()).policies[policy]


@pytest.mark.parametrize("name", ["MIL", "Milltown", "磨坊镇"])
def test_a_city_as_a_key_goes_by_code_or_name(name: str) -> None:
    """Amounts, shares, caps, rules: the same place, the same value."""
    name = name if name in three_cities().place_names else three_cities().region_names_zh[three_cities().index("MIL")]
    trade = settled("land_quota_trade", buyers={name: 300.0, "PRT": 1.0}, idle={name: 5.0})
    assert (trade.buyers, trade.idle) == ({"MIL": 300.0, "PRT": 1.0}, {"MIL": 5.0})
    assert settled("innovation_community", centres={name: 0.01}).centres == {"MIL": 0.01}
    assert settled("blue_sky", caps={name: 0.8}).caps == {"MIL": 0.8}
    config = RunConfig.judge({"governments": {"rules": {name: "never_sign"}}}).with_codes(three_cities())
    assert config.governments.rules == {"MIL": "never_sign"}
    line = POLICIES["joint_projects"]["projects"]["line"]
    minutes = {f"PRT-{name}": 30.0}
    project = settled("joint_projects", projects={"line": line | {"minutes": minutes}}).projects["line"]
    assert project.minutes == {"PRT-MIL": 30.0}


@pytest.mark.parametrize(
    ("name", "members"),
    [("inland", ("VAL", "MIL")), ("coast", ("PRT", "MIL")), ("coast_metro", ("PRT", "MIL")),
     ("CO", ("PRT", "MIL")), ("harbours", ("PRT",)), ("all", ("PRT", "MIL", "VAL"))],
)  # fmt: skip
def test_an_amount_of_a_group_is_divided_by_residents_and_a_rate_is_of_each(
    name: str, members: tuple[str, ...]
) -> None:
    people = sum(PEOPLE_OF[code] for code in members)
    divided = {code: 900.0 * PEOPLE_OF[code] / people for code in members}
    trade = settled("land_quota_trade", buyers={}, sellers={"VAL": 1.0}, idle={name: 900.0})
    assert trade.idle == pytest.approx(divided)
    assert sum(trade.idle.values()) == pytest.approx(900.0)
    assert settled("innovation_community", centres={name: 0.01}).centres == dict.fromkeys(members, 0.01)
    assert settled("blue_sky", caps={name: 0.8}).caps == dict.fromkeys(members, 0.8)
    config = RunConfig.judge({"governments": {"rules": {name: "never_sign"}}}).with_codes(three_cities())
    assert config.governments.rules == dict.fromkeys(members, "never_sign")


def test_shares_of_groups_are_divided_and_add_up() -> None:
    """Half to the cities inland: by residents; the other half to the port."""
    half = {"inland": 0.5, "Port City": 0.5}
    line = {key: value for key, value in POLICIES["joint_projects"]["projects"]["line"].items() if key != "parties"}
    project = settled("joint_projects", projects={"line": line | {"split": half, "works": half}}).projects["line"]
    mill, vale = 0.5 * PEOPLE_OF["MIL"] / INLAND, 0.5 * PEOPLE_OF["VAL"] / INLAND
    assert project.split == project.works == pytest.approx({"VAL": vale, "MIL": mill, "PRT": 0.5})
    trade = settled("land_quota_trade", buyers={"PRT": 10.0}, sellers={"inland": 1.0}, idle={})
    assert trade.sellers == pytest.approx({"MIL": 2 * mill, "VAL": 2 * vale})


def test_weights_of_a_contract_are_divided_and_parts_are_each_ones() -> None:
    zone = {
        "parties": ["coast", "VAL"], "base": "tax_increment", "key": "negotiated", "schedule": 0.5,
        "weights": {"coast": 0.6, "Valley City": 0.4}, "part": {"inland": 0.5},
    }  # fmt: skip
    contract = settled("tax_sharing", contracts={"zone": zone}).contracts["zone"]
    coast = {code: 0.6 * PEOPLE_OF[code] / COAST for code in ("PRT", "MIL")}
    assert contract.weights == pytest.approx(coast | {"VAL": 0.4})
    assert contract.part == {"VAL": 0.5, "MIL": 0.5}


def test_the_price_and_the_market_go_by_names_of_provinces() -> None:
    names = dict(three_cities().tables["provinces"].set_index("province")["name_en"])
    prices = settled("land_quota_trade", price={names["CO"]: 5.0, "IN": 3.0}).price
    assert prices == {"CO": 5.0, "IN": 3.0}
    assert settled("market_integration", provinces=[names["IN"], "CO"]).provinces == ["IN", "CO"]


@pytest.mark.parametrize(
    ("policy", "values", "message"),
    [
        ("land_quota_trade", {"buyers": {"Milltwn": 1.0}}, "buyers: unknown region 'Milltwn'"),
        ("land_quota_trade", {"idle": {"PRT": 1.0, "coast": 1.0}}, "idle: PRT is named twice: PRT, coast"),
        ("land_quota_trade", {"buyers": {"all": 1.0}}, "VAL both buys and sells"),
        ("land_quota_trade", {"price": {"XX": 1.0}}, "price: unknown province 'XX' .*CO, IN"),
        ("market_integration", {"provinces": ["XX"]}, "provinces: unknown province 'XX' .*CO, IN"),
        ("innovation_community", {"centres": {"XX": 0.1}}, "centres: unknown region 'XX'"),
        ("blue_sky", {"caps": {"ROW": 0.1}}, "caps: ROW is not a city"),
    ],
)
def test_a_wrong_key_gets_one_message(policy: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        settled(policy, **values)


def test_lengths_and_ends_name_one_city_each_and_rules_a_city() -> None:
    line = POLICIES["joint_projects"]["projects"]["line"]
    for field, value in (("length", {"coast": 10.0}), ("minutes", {"PRT-coast": 30.0})):
        with pytest.raises(InputError, match=rf"projects\.line\.{field}: 'coast' is 2 cities"):
            settled("joint_projects", projects={"line": line | {field: value}})
    with pytest.raises(InputError, match=r"governments\.rules: unknown region 'XX'"):
        RunConfig.judge({"governments": {"rules": {"XX": "passive"}}}).with_codes(three_cities())


def test_a_group_as_a_key_is_the_same_run_as_its_cities() -> None:
    """Quotas, and rules of governments, written for the group or for each of its cities."""
    port = PEOPLE_OF["PRT"] / COAST
    by_city = {"PRT": 900.0 * port, "MIL": 900.0 * PEOPLE_OF["MIL"] / COAST}
    runs = []
    for buyers, rules in (
        ({"coast": 900.0}, {"coast": "best_response"}),
        (by_city, dict.fromkeys(by_city, "best_response")),
    ):
        config = {"governments": {"rules": rules}, "horizon": 2022}
        runs.append(small_model({"land_quota_trade": {**TRADE, "buyers": buyers}}, **config).run().arrays)
    assert all(np.array_equal(runs[0][name], runs[1][name], equal_nan=True) for name in runs[0])


# --- carving ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("world", "parts"), [(three_cities(), PARTS), (DELTA, [*ZONE, "Lingang"])])
def test_carving_and_adding_up_changes_no_total(world: World, parts: list[str]) -> None:
    carved = world.carved(parts)
    n = len(world.region_ids)
    back = np.zeros((n, len(carved.region_ids)))
    home = carved.home
    for k, region in enumerate(carved.region_ids):
        back[world.index(carved.region_ids[home[k]]), k] = 1.0
        assert region in world.region_ids or home[k] != k
    names = ("value_added", "labour", "capital", "area_km2", "buildable_land_km2", "debt", "urban_population")
    for name in names:
        np.testing.assert_allclose(back @ getattr(carved, name), getattr(world, name), rtol=1e-12, err_msg=name)
    before, after = world.tables["region_values"], carved.tables["region_values"]
    for (variable, year), rows in before[before["unit"].isin(AMOUNTS)].groupby(["variable", "year"]):
        now = after[(after["variable"] == variable) & (after["year"] == year)]
        assert now["value"].sum() == pytest.approx(rows["value"].sum(), rel=1e-12), (variable, year)
    assert carved.content_hash != world.content_hash


def test_a_carved_data_set_passes_the_check_and_knows_its_sources() -> None:
    world = DELTA.carved(ZONE)
    report = check_tables(DataFolder("", {"name": "x", "base_year": 2019}, {
        name: table for name, table in world.tables.items() if name not in ("parts", "part_shares")
        and name not in ("part_travel_times", "groups")
    }))  # fmt: skip
    assert not report.errors
    rows = world.tables["value_added"].query("region == '320509'")
    assert set(rows["status"]) == {"recalled"}
    assert rows["source"].str.contains("communique of the district").all()
    assert (coverage(world)["cells"] > 0).any()
    assert [world.province_ids[world.province_of[world.index(part)]] for part in ZONE] == ["SH", "JS", "ZJ"]
    gdp = world.value_added[[world.index(part) for part in ZONE]].sum(axis=1)
    np.testing.assert_allclose(gdp, [1167, 1958, 627], rtol=2e-3)
    people = world.resident_population[[world.index(part) for part in ZONE]]
    np.testing.assert_allclose(people, [127, 154, 65], rtol=0.02)


def test_times_of_parts_are_their_citys_unless_better_ones_are_given() -> None:
    world = three_cities()
    carved = world.carved(PARTS)
    prt, mil, val, doc, hil = (carved.index(name) for name in ("PRT", "MIL", "VAL", "DOC", "HIL"))
    for times, old in (
        (carved.travel_time_freight, world.travel_time_freight),
        (carved.travel_time_passenger, world.travel_time_passenger),
    ):
        assert not np.isnan(times).any()
        assert times[doc, doc] == times[doc, prt] == times[prt, doc] == old[0, 0]
        assert times[doc, val] == times[hil, prt] == times[doc, hil] == times[hil, doc] == old[0, 2]
        assert times[doc, carved.roc] == times[carved.roc, doc] == old[0, world.roc]
    assert carved.travel_time_freight[doc, mil] == carved.travel_time_freight[mil, doc] == 150  # part_travel_times.csv
    assert carved.travel_time_freight[prt, mil] == world.travel_time_freight[0, 1]


def uniform(share: float, still: bool = False) -> tuple[World, World]:
    """Three cities, and the same with a part of the port that is like the rest of it; ``still``: nobody moves."""
    port = three_cities().regions.loc["PRT"]
    part = {
        "part": "NEW", "parent": "PRT", "name_en": "New", "name_zh": "新", "lon": port["lon"], "lat": port["lat"],
        "area_km2": share * port["area_km2"],
    }  # fmt: skip
    tables = {k: v for k, v in three_cities().tables.items() if k not in ("part_travel_times", "groups")}
    tables["parts"] = pd.DataFrame([part])
    needed = ("value_added", "resident_population")
    tables["part_shares"] = pd.DataFrame([{"part": "NEW", "variable": name, "value": share} for name in needed])
    parameters = tables["parameters"].copy()
    moving = parameters["key"].isin(["migration_considering_share", "relocation_hazard"])
    parameters.loc[moving & still, ["value", "low"]] = 0.0
    whole = World.from_tables(base_year=2019, **{**tables, "parameters": parameters})
    return whole, whole.carved(["NEW"])


@pytest.mark.parametrize(("still", "others"), [(True, 1e-4), (False, 5e-3)])
def test_a_part_like_the_rest_leaves_the_base_year_and_the_others_as_they_are(still: bool, others: float) -> None:
    whole, carved = uniform(0.2, still)
    one_, two = (model_of(calibrate(world)) for world in (whole, carved))
    before, after = one_.run(), two.run()
    same = [carved.index(code) for code in whole.region_ids]
    new = carved.index("NEW")
    flows = [name for name, values in before.arrays.items() if values.shape[1:] in ((5,), (5, 3))]
    added = [name for name in flows if before.arrays[name][0, 0].sum() and _is_amount(name)]
    assert {"gdp", "real_income", "own_revenue", "private_investment", "labour", "capital", "newcomers"} <= set(added)
    for name in added:
        summed = after[name][:, same].copy()
        summed[:, 0] += after[name][:, new]
        np.testing.assert_allclose(summed[0], before[name][0], rtol=1e-9, atol=1e-9, err_msg=name)
        if name in ("gdp", "real_income", "own_revenue", "resident_population"):
            np.testing.assert_allclose(summed[-1, 1:4], before[name][-1, 1:4], rtol=others, err_msg=name)


def _is_amount(name: str) -> bool:
    return State.__dataclass_fields__[name].metadata["unit"] in (MONEY, BASE_MONEY, PEOPLE)


@pytest.mark.parametrize(
    ("table", "row", "value", "message"),
    [
        ("part_shares", 0, 1.2, r"part_shares.csv, row 2, column value: share of the city 1\.2 is out of range"),
        ("part_shares", 0, 1.0, r"part_shares.csv.*: Dockside would take 1 of the value_added of Port City"),
        ("part_shares", 1, 1.0, "Dockside would take 1 of the resident_population of Port City"),
        ("parts", 0, 6600.0, r"Dockside would take 1\.1 of the area_km2 of Port City"),
    ],
)
def test_a_carve_out_above_all_of_it_is_one_clear_message(table: str, row: int, value: float, message: str) -> None:
    tables = dict(three_cities().tables)
    frame = tables[table].copy()
    frame.iloc[row, frame.columns.get_loc("value" if table == "part_shares" else "area_km2")] = value
    with pytest.raises(InputError, match=message):
        World.from_tables(base_year=2019, **{**tables, table: frame}).carved(["DOC"])


def test_two_parts_of_one_city_together() -> None:
    tables = dict(three_cities().tables)
    parts, shares = tables["parts"].copy(), tables["part_shares"].copy()
    parts.loc[parts["part"] == "HIL", "parent"] = "PRT"
    shares.loc[(shares["part"] == "DOC") & (shares["variable"] == "value_added"), "value"] = 0.8
    world = World.from_tables(base_year=2019, **{**tables, "parts": parts, "part_shares": shares})
    with pytest.raises(InputError, match=r"Dockside and Hillside would take 1\.1 of the value_added of Port City"):
        world.carved(PARTS)
    assert world.carved(["DOC"]).n_cities == 4


@pytest.mark.parametrize(
    ("carve", "message"),
    [
        (["DOK"], "world.carve: unknown part 'DOK'; did you mean DOC\\? \\(allowed: DOC, HIL\\)"),
        (["DOC", "Dockside"], "Dockside is carved out twice"),
    ],
)
def test_unknown_parts_are_one_clear_message(carve: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        world_of(RunConfig.judge({"world": {"dataset": "three_cities", "carve": carve}}))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("parent", "ROC", "ROC is not a city"), ("part", "VAL", "'VAL' is the id of a region"),
     ("parent", "XXX", "unknown region 'XXX'")],
)  # fmt: skip
def test_bad_parts_are_found_by_the_check(column: str, value: str, message: str) -> None:
    tables = dict(three_cities().tables)
    parts = tables["parts"].copy()
    parts.iloc[0, parts.columns.get_loc(column)] = value
    if column == "part":
        tables["part_shares"] = tables["part_shares"].replace({"part": {"DOC": value}})
        del tables["groups"], tables["part_travel_times"]
    with pytest.raises(InputError, match=message):
        World.from_tables(base_year=2019, **{**tables, "parts": parts})


def test_unknown_variables_and_members_are_found_by_the_check() -> None:
    tables = dict(three_cities().tables)
    shares, groups = tables["part_shares"].copy(), tables["groups"].copy()
    shares.iloc[0, shares.columns.get_loc("variable")] = "valueadded"
    with pytest.raises(InputError, match="unknown variable 'valueadded'; did you mean value_added"):
        World.from_tables(base_year=2019, **{**tables, "part_shares": shares})
    groups.iloc[0, groups.columns.get_loc("region")] = "PRR"
    with pytest.raises(InputError, match="groups.*unknown region 'PRR'; did you mean PRT"):
        World.from_tables(base_year=2019, **{**tables, "groups": groups})


def test_years_of_a_carved_world_keep_the_accounts() -> None:
    known = {name: values for name, values in POLICIES.items() if name != "rail_lines"}  # no lines to its parts
    known["joint_projects"] = PROJECTS | {"only": ["line", "plant"]}  # no port either
    model = model_of(carved_base(), known)
    model.run()  # check_identities is on
    assert model.world.region_ids == ("PRT", "MIL", "VAL", "DOC", "HIL", "ROC", "ROW")


# --- zones --------------------------------------------------------------------------------------------------------


def test_free_relocation_takes_the_cost_of_moving_away_between_members() -> None:
    policy = {"start": 2020, "end": 2030, "reduction": 1.0, "cities": ["DOC", "HIL"]}
    model = model_of(carved_base(), {"free_relocation": policy})
    model.step()
    model.step()
    doc, hil = (model.world.index(part) for part in PARTS)
    incentive = model.levers.park_incentive
    assert incentive[doc, hil] == moving_cost(model.world)[doc, hil] > 0.0
    assert np.count_nonzero(incentive) == 2


class TestFreeTradeZone:
    def run(self, **changes: Any) -> Simulation:
        policy = POLICIES["free_trade_zone"] | {"external_cut": 0.0, "tax_relief": 0.0, "productivity": 0.0} | changes
        model = small_model({"free_trade_zone": policy}, growth=small_reference().growth, check_identities=True)
        model.run()
        return model

    def test_relief_is_paid_by_the_place_in_the_year_after(self) -> None:
        model, base = self.run(tax_relief={2020: 0.4, 2023: 0.0}), small_base()
        mil, man = base.world.index("MIL"), base.world.sector_index("MAN")
        paid, value_added = model.record["subsidy"], model.record["value_added"]
        for year in (2020, 2021, 2022):
            due = 0.4 * base.taxes.corporate_tax[man] * value_added[year - 2019, mil, man]
            assert paid[year + 1 - 2019, mil] == pytest.approx(due, rel=1e-12)
        assert not paid[[0, 1, 5]].any()
        assert not np.delete(paid, mil, axis=1).any()
        service, reference = model.record["city_service"], small_reference().record["city_service"]
        assert service[2, mil] < reference[2, mil]

    def test_relief_draws_capital(self) -> None:
        model, base = self.run(tax_relief=0.4), small_base()
        mil, man = base.world.index("MIL"), base.world.sector_index("MAN")
        more = model.record["capital"][-1, mil] / small_reference().record["capital"][-1, mil] - 1.0
        assert more[man] > 1e-3
        assert more[man] == max(more)

    def test_productivity_leads_by_what_is_said(self) -> None:
        model, base = self.run(productivity=0.1, years_to_lead=4), small_base()
        mil, man = base.world.index("MIL"), base.world.sector_index("MAN")
        lead = [small_gain(model, year)[mil, man] for year in (2020, 2021, 2023, 2026)]
        np.testing.assert_allclose(lead, [0.025, 0.05, 0.1, 0.1])

    def test_trade_with_the_world_gets_cheaper_both_ways(self) -> None:
        model, world = self.run(external_cut=0.1), small_base().world
        mil = world.index("MIL")
        cost = model.levers.external_cost
        assert cost[mil, world.row] == cost[world.row, mil] == pytest.approx(0.9)
        assert np.count_nonzero(cost != 1.0) == 2

    def test_bad_values(self) -> None:
        with pytest.raises(InputError, match="tax_relief: 1.2 is above 1"):
            self.run(tax_relief=1.2)
        with pytest.raises(InputError, match="ends in 2019, before it starts in 2020"):
            self.run(end=2019)
        with pytest.raises(InputError, match=r"free_trade_zone.cities: DOC is not carved out of its city"):
            self.run(cities=["DOC"])


def small_gain(model: Simulation, year: int) -> Any:
    levers = Levers.neutral(small_base().admin_barrier, small_base().world.n_sectors)
    model.policies["free_trade_zone"].set_levers(levers, year, small_base().world)
    return levers.productivity_gain


@pytest.mark.parametrize(("scenario", "parts"), [("demonstration_zone", ZONE), ("lingang", ["LINGANG"])])
def test_scenarios_of_zones_compare_like_with_like(scenario: str, parts: list[str]) -> None:
    config = compose(scenario, ["horizon=2021"])
    assert config.world.carve == parts
    assert reference_config(config).world == config.world
    settled = config.with_codes(world_of(config))
    zone = settled.policies["free_trade_zone" if scenario == "lingang" else "free_relocation"]
    assert zone.cities == parts  # type: ignore[attr-defined]
    assert compose("baseline").world.carve == []


def test_the_demonstration_zone_shares_among_the_districts_only() -> None:
    config = compose("demonstration_zone", ["horizon=2022"]).with_values({"check_identities": True})
    base = calibrate(world_of(config))
    model = Simulation(config, base=base)
    model.run()
    inside = [base.world.index(part) for part in ZONE]
    paid = model.state.payable
    assert paid[np.ix_(inside, inside)].sum() > 0.0
    barrier = model.levers.admin_barrier
    assert barrier[inside[0], inside[1]] < 1.0
    assert barrier[base.world.index("310000"), inside[1]] == 1.0
