"""Composition: scenarios, groups, policies, values, and everything that is refused."""

from __future__ import annotations

import pytest

from sim.compose import compose, gather, options, scenarios
from sim.core.errors import InputError


def test_a_composed_scenario_is_judged():
    assert compose("baseline", ["horizon=2030"]).horizon == 2030
    with pytest.raises(InputError, match="did you mean horizon"):
        compose("baseline", ["horizn=2030"])


def test_scenarios_are_found_and_gather():
    assert {"baseline", "industry_transfer", "market_integration"} <= set(scenarios())
    values = gather("industry_transfer").values
    assert values["reference"] == "baseline"
    assert values["world"] == {"dataset": "yangtze_delta"}
    assert values["policies"]["industry_transfer"]["origins"][0] == "310000"  # a string, not a number
    assert values["policies"]["industry_transfer"]["sectors"] == ["LGT", "CHM", "MAT", "MCH"]


def test_values_replace_whole_and_keep_their_kind():
    values = gather(
        "industry_transfer",
        [
            "horizon=2030",
            "policies.industry_transfer.origin_share={2020: .5, 2025: .3}",
            "policies.industry_transfer.incentive={age: {0: .5, 5: .25}}",
            "policies.industry_transfer.origins=['310000']",
        ],
    ).values
    policy = values["policies"]["industry_transfer"]
    assert values["horizon"] == 2030
    assert policy["origin_share"] == {2020: 0.5, 2025: 0.3}
    assert policy["incentive"] == {"age": {0: 0.5, 5: 0.25}}
    assert policy["origins"] == ["310000"]


def test_a_schedule_in_a_file_survives_and_a_number_replaces_it(tmp_path):
    text = "defaults: [config, {policies: [industry_transfer]}]\npolicies:\n  industry_transfer:\n    origin_share: "
    (tmp_path / "mine.yaml").write_text(text + "{age: {0: 0.5, 5: 0.25}}\n")
    assert gather("mine", (), tmp_path).values["policies"]["industry_transfer"]["origin_share"] == {
        "age": {0: 0.5, 5: 0.25}
    }
    replaced = gather("mine", ["policies.industry_transfer.origin_share=0.4"], tmp_path)
    assert replaced.values["policies"]["industry_transfer"]["origin_share"] == 0.4
    changed = gather("mine", ["policies.industry_transfer.origin_share={2022: 0.1}"], tmp_path)
    assert changed.values["policies"]["industry_transfer"]["origin_share"] == {2022: 0.1}


@pytest.mark.parametrize(
    ("scenario", "overrides", "expected"),
    [
        ("baseline", ["+policies=[industry_transfer,market_integration]"], {"industry_transfer", "market_integration"}),
        ("baseline", ["policies=market_integration"], {"market_integration"}),
        ("industry_transfer", ["+policies=[market_integration]"], {"industry_transfer", "market_integration"}),
        ("industry_transfer", ["+policies=[industry_transfer]"], {"industry_transfer"}),
        ("industry_transfer", ["policies=[market_integration]"], {"market_integration"}),
        ("industry_transfer", ["~policies.industry_transfer"], set()),
        ("industry_transfer", ["policies=[]"], set()),
    ],
)
def test_policies_compose_by_name(scenario, overrides, expected):
    assert set(gather(scenario, overrides).values["policies"]) == expected


def test_policies_added_on_the_command_line_take_values():
    overrides = ["+policies=[market_integration]", "policies.market_integration.reduction=0.5"]
    assert gather("baseline", overrides).values["policies"]["market_integration"]["reduction"] == 0.5


def test_parameters_keep_their_dotted_names():
    values = gather("baseline", ["parameters.trade_elasticity=4", "parameters.trade_elasticity.AGR=6"]).values
    assert values["parameters"] == {"trade_elasticity": 4, "trade_elasticity.AGR": 6}


def test_groups_choose_files():
    assert gather("baseline", ["world=three_cities"]).values["world"] == {"dataset": "three_cities"}
    assert gather("baseline", ["economy=no_congestion"]).values["parameters"] == {"congestion_elasticity": 0}
    for name in options("economy"):
        gather("baseline", [f"economy={name}"])


def test_a_users_folder_comes_first_by_option_and_by_environment(tmp_path, monkeypatch):
    (tmp_path / "baseline.yaml").write_text("defaults: [config]\ntitle: mine\n")
    (tmp_path / "other's.yaml").write_text("defaults: [config]\ntitle: other\n")
    assert gather("baseline", (), tmp_path).values["title"] == "mine"
    assert gather("other's", (), tmp_path).values["title"] == "other"
    monkeypatch.setenv("SIM_SCENARIO_PATH", str(tmp_path))
    assert gather("baseline").values["title"] == "mine"


def test_composing_leaves_nothing_behind():
    before = gather("baseline").values
    gather("industry_transfer", ["horizon=2022", "world=three_cities"])
    assert gather("baseline").values == before


def test_files_of_keys():
    files = gather("industry_transfer", ["policies.industry_transfer.pace=0.1"]).files
    assert files["policies.industry_transfer.pace"] == ""
    assert files["policies.industry_transfer"] == "configs/policies/industry_transfer.yaml"
    assert files["title"].endswith("scenarios/industry_transfer.yaml")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("policies.industry_transfer._target_=os.system", "cannot name code"),
        ("policies.industry_transfer.origin_share={_target_: os.system}", "cannot name code"),
        ("hydra.run.dir=x", "cannot name code"),
        ("+policies=[industry_transfr]", "did you mean industry_transfer?"),
        ("policies.industry_transfr.pace=1", "did you mean industry_transfer?"),
        ("policies.market_integration.reduction=1", "add it with +policies=[market_integration]"),
        ("~policies.market_integration", "has no policy"),
        ("world=three_citis", "did you mean three_cities?"),
        ("horizon=2030,2031", "several values"),
        ("horizon", "not an override"),
        ("x=[1,2", "quote brackets"),
        ("scenario=other", "first word"),
        ("~nothing", "nothing to take away"),
        ("title=${nowhere}", "nowhere"),
    ],
)
def test_what_is_refused_on_the_command_line(override, message):
    with pytest.raises(InputError, match=".*") as caught:
        gather("industry_transfer", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policies: {x: {_target_: os.system}}", "cannot name code"),
        ("a: [{b: {_partial_: true}}]", "cannot name code"),
        ("defaults: [config, {optional policies: [industry_transfr]}]", "optional"),
        ("defaults: [config, {override hydra/launcher: x}]", "hydra"),
        ("hydra: {searchpath: ['pkg://os']}", "cannot name code"),
        ("defaults: [confg]", "confg"),
        ("defaults: [config, {policies: [industry_transfr]}]", "industry_transfr"),
        ("a: [1", "row 1"),
        ("- 1", "keys and values"),
        ("horizon: ???", "horizon"),
        ("b: ${c}", "c"),
    ],
)
def test_what_is_refused_in_a_scenario_file(tmp_path, text, message):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        gather("bad", (), tmp_path)
    assert message in str(caught.value)
    assert "bad.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_code_in_a_value_of_the_command_line_is_not_blamed_on_a_file():
    with pytest.raises(InputError, match="cannot name code") as caught:
        gather("baseline", ["title={_target_: os.system}"])
    assert (caught.value.file, caught.value.key) == (None, "title._target_")


def test_wrong_encoding_and_missing_folder(tmp_path):
    (tmp_path / "bad.yaml").write_bytes("title: 长三角".encode("gbk"))
    with pytest.raises(InputError, match="UTF-8"):
        gather("bad", (), tmp_path)
    with pytest.raises(InputError, match="no such scenario folder"):
        gather("baseline", (), tmp_path / "nowhere")
