"""Judging a run's values: frozen, typed, every complaint with key, bound and meaning."""

from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from sim.compose import compose, gather, options, scenarios
from sim.config import RunConfig, json_schema, parameter_values
from sim.core.errors import InputError
from sim.policies import REGISTRY


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_every_shipped_scenario_is_valid_and_survives_being_saved(name, tmp_path):
    config = compose(name)
    assert config.scenario == name
    assert config.question.en
    assert config.question.zh
    (tmp_path / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    again = RunConfig.read(tmp_path / "config.yaml")
    assert again == config
    assert again.digest() == config.digest()


@pytest.mark.parametrize("name", options("policies"))
def test_a_policys_file_sets_every_value_of_its_model(name):
    config = compose("baseline", [f"+policies=[{name}]"])
    policy = config.policies[name]
    assert type(policy) is REGISTRY[name]
    file = gather("baseline", [f"+policies=[{name}]"]).values["policies"][name]
    assert set(file) == set(REGISTRY[name].model_fields)


def test_every_policy_has_a_file_and_every_field_a_meaning():
    assert set(options("policies")) == set(REGISTRY)
    for model in [RunConfig, *REGISTRY.values()]:
        for name, field in model.model_fields.items():
            documented = field.description or name in ("world", "shocks", "report")
            assert documented, f"{model.__name__}.{name}"


def test_defaults_of_the_model_are_those_of_the_files():
    files = compose("baseline").plain()
    defaults = RunConfig(scenario="baseline").plain()
    for key in ("world", "horizon", "seed", "replicate", "tolerance", "check_identities", "shocks", "report"):
        assert files[key] == defaults[key], key


def test_a_configuration_is_frozen():
    config = compose("industry_transfer")
    with pytest.raises(ValidationError):
        config.horizon = 2040
    with pytest.raises(ValidationError):
        config.policies["industry_transfer"].pace = 1.0


def test_numbers_of_cities_may_be_written_without_quotes():
    config = compose("industry_transfer", ["policies.industry_transfer.origins=[310000,320500]"])
    assert tuple(config.policies["industry_transfer"].origins) == ("310000", "320500")


@pytest.mark.parametrize(
    ("overrides", "parts"),
    [
        (
            ["policies.industry_transfer.origin_share=1.4"],
            ["policies.industry_transfer.origin_share: 1.4 is above 1 (", "0 to 1"],
        ),
        (["policies.industry_transfer.pace=-0.1"], ["policies.industry_transfer.pace: -0.1 is below 0 ("]),
        (["policies.industry_transfer.pac=0.1"], ["did you mean pace?"]),
        (["tolerance=0"], ["tolerance: 0 is not above 0", "cleared", "above 0, at most 0.001"]),
        (["policies.industry_transfer.pace=nan"], ["pace: nan is not a finite number"]),
        (["horizn=2030"], ["horizn", "did you mean horizon?"]),
        (["horizon=soon"], ["horizon: 'soon'"]),
        (["report.language=fr"], ["report.language", "en, zh"]),
        (["report.languag=zh"], ["did you mean language?"]),
        (["shocks.scale=.nan"], ["shocks.scale"]),
        (["seed=-1"], ["seed: -1 is below 0"]),
    ],
)
def test_a_bad_value_is_one_clear_line(overrides, parts):
    with pytest.raises(InputError) as caught:
        compose("industry_transfer", overrides)
    text = str(caught.value)
    assert "\n" not in text
    for part in parts:
        assert part in text


def test_a_bad_value_in_a_file_names_the_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("defaults: [config]\nshocks: {scale: -2}\n")
    with pytest.raises(InputError) as caught:
        compose("mine", (), tmp_path)
    assert caught.value.file.endswith("mine.yaml")
    assert caught.value.key == "shocks.scale"


def test_the_file_of_a_schedule_and_of_a_whole_policy(tmp_path):
    text = "defaults: [config, {policies: [industry_transfer]}]\npolicies: {industry_transfer: {pace: {2021: .1}}}\n"
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        compose("mine", (), tmp_path)
    assert caught.value.file.endswith("mine.yaml")
    with pytest.raises(InputError, match="before it starts") as caught:
        compose("industry_transfer", ["policies.industry_transfer.start=2031"])
    assert caught.value.file is None


def test_an_unknown_policy_in_saved_values_is_refused():
    with pytest.raises(InputError, match="did you mean industry_transfer"):
        RunConfig.judge({"policies": {"industry_transfers": {}}})


def test_dotted_values_replace_and_are_judged():
    config = compose("industry_transfer").with_values({"policies.industry_transfer.pace": 0.02, "horizon": 2025})
    assert config.policies["industry_transfer"].pace == 0.02
    assert config.horizon == 2025
    with pytest.raises(InputError, match="is above 1"):
        config.with_values({"policies.industry_transfer.origin_share": 3})


def test_equal_configurations_have_equal_digests():
    assert compose("baseline").digest() == compose("baseline").digest()
    assert compose("baseline").digest() != compose("baseline", ["seed=2"]).digest()


def test_flat_keys_show_what_differs():
    a, b = (
        compose("industry_transfer").flat(),
        compose("industry_transfer", ["policies.industry_transfer.pace=0.1"]).flat(),
    )
    assert {key for key in a if a[key] != b[key]} == {"policies.industry_transfer.pace"}


def test_parameters_everywhere_by_sector_and_by_name_of_another():
    from sim.datasets import three_cities

    parameters = three_cities().parameters
    config = compose("baseline", ["parameters.land_cost_share=0", "parameters.land_cost_share.MAN=0.03"])
    values = parameter_values(config, parameters)
    assert values == {"land_cost_share.AGR": 0, "land_cost_share.MAN": 0.03, "land_cost_share.SRV": 0}
    named = parameter_values(compose("baseline", ["economy=sector_elasticities"]), parameters)
    assert named["trade_elasticity.AGR"] == parameters.row("trade_elasticity_by_sector", "AGR").value


def test_the_schema_describes_policies_and_is_plain_yaml():
    schema = json_schema()
    assert set(schema["properties"]["policies"]["properties"]) == set(REGISTRY)
    yaml.safe_dump(schema)
