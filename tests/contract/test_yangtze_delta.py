"""The packaged data set: official totals are kept, names join, every number has a source and a known status."""

from __future__ import annotations

import hashlib
import os
import re
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sim.datasets import build_yangtze_delta, facts
from sim.datasets.schema import STATUSES, TABLES

FOLDER = Path(str(resources.files("sim.datasets").joinpath("yangtze_delta")))
SECTORS = ["AGR", "ENE", "LGT", "CHM", "MAT", "ELE", "MCH", "VEH", "CON", "TRL", "PRS", "FIN", "CSV", "PUB"]
PROVINCES = ["SH", "JS", "ZJ", "AH"]
BASE_YEAR = 2019


def table(name: str) -> pd.DataFrame:
    words = {"region": str, "origin": str, "destination": str, "place": str}
    return pd.read_csv(FOLDER / f"{name}.csv", dtype=words, keep_default_na=False, na_values=[""])


def wide(name: str) -> pd.DataFrame:
    """[region, sector]"""
    return table(name).pivot(index="region", columns="sector", values="value")[SECTORS]


def observed(variable: str, year: int = BASE_YEAR) -> pd.Series:
    rows = table("region_values").query("variable == @variable and year == @year")
    return rows.set_index("region")["value"]


def national(variable: str, year: int = BASE_YEAR) -> float:
    return float(table("national").query("variable == @variable and year == @year")["value"].iloc[0])


def parameter(key: str, place: str = "all") -> float:
    rows = table("parameters").query("key == @key and sector == 'all' and place == @place")
    return float(rows["value"].iloc[0])


@pytest.fixture(scope="module")
def regions() -> pd.DataFrame:
    return table("regions").set_index("region")


@pytest.fixture(scope="module")
def cities(regions: pd.DataFrame) -> list[str]:
    return regions.index[regions["kind"] == "city"].tolist()


@pytest.fixture(scope="module")
def groups() -> pd.Series:
    return table("sectors").set_index("sector")["group"]


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, description in TABLES.items() if description.required])
def test_columns_are_those_of_the_schema(name: str) -> None:
    assert table(name).columns.tolist() == [column.name for column in TABLES[name].columns]


@pytest.mark.parametrize("file", sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.csv")))
def test_every_row_has_a_source_and_a_known_status(file: str) -> None:
    frame = pd.read_csv(FOLDER / file, dtype=str, keep_default_na=False)
    if "status" not in frame:
        pytest.skip("names only")
    assert set(frame["status"]) <= set(STATUSES)
    assert (frame["source"].str.len() > 0).all()
    assert not frame["source"].str.contains(r"/work|/root|/tmp|MODEL|turn\d|search\d", regex=True).any()


def test_manifest_lists_every_table_with_its_hash() -> None:
    manifest = yaml.safe_load((FOLDER / "manifest.yaml").read_text(encoding="utf-8"))
    assert manifest["base_year"] == BASE_YEAR
    assert manifest["symmetric_travel_times"] is True
    assert sorted(manifest["tables"]) == sorted(path.name for path in FOLDER.glob("*.csv"))
    for file, about in manifest["tables"].items():
        assert about["meaning"]
        assert about["source"]
        assert about["sha256"] == hashlib.sha256((FOLDER / file).read_bytes()).hexdigest(), f"{file}: build again"


def test_manifest_says_how_well_wages_fit_employment(cities: list[str]) -> None:
    product = wide("value_added").sum(axis=1) / wide("employment").sum(axis=1)
    correlation = np.corrcoef(product[cities], observed("avg_wage")[cities])[0, 1]
    text = " ".join(yaml.safe_load((FOLDER / "manifest.yaml").read_text(encoding="utf-8"))["notes"])
    assert f"{correlation:.2f}" in text


def test_cities_are_41_with_the_27_of_the_central_area(regions: pd.DataFrame, cities: list[str]) -> None:
    assert len(cities) == 41
    assert regions.loc[cities, "core27"].sum() == 27
    assert regions.loc[cities, "province"].value_counts().to_dict() == {"AH": 16, "JS": 13, "ZJ": 11, "SH": 1}
    assert regions.index[-2:].tolist() == ["ROC", "ROW"]
    assert regions["name_en"].is_unique


# --- value added --------------------------------------------------------------------------------------------------


def test_three_official_sectors_of_every_city_are_exact(cities: list[str], groups: pd.Series) -> None:
    built = wide("value_added").T.groupby(groups).sum().T.loc[cities]
    shares = pd.DataFrame({group: observed(f"share_{group}")[cities] for group in ("primary", "secondary", "tertiary")})
    official = shares.div(shares.sum(axis=1), axis=0).mul(observed("gdp_revised")[cities], axis=0)
    np.testing.assert_allclose(built[official.columns], official, rtol=1e-8)


def test_nation_less_cities_is_the_rest_of_the_country(cities: list[str], groups: pd.Series) -> None:
    value_added = wide("value_added")
    assert (value_added > 0).all().all()
    sums = value_added.sum().groupby(groups).sum()
    for group in ("primary", "secondary", "tertiary"):
        assert sums[group] == pytest.approx(national(f"va_{group}"), rel=1e-9)
    assert value_added.loc[cities].sum().sum() / value_added.sum().sum() == pytest.approx(0.24, abs=0.01)


def test_construction_follows_the_province(cities: list[str], regions: pd.DataFrame) -> None:
    share = wide("value_added")["CON"] / wide("value_added").sum(axis=1)
    expected = regions.loc[cities, "province"].map(lambda province: parameter("construction_share", province))
    np.testing.assert_allclose(share[cities], expected, rtol=1e-8)


def test_shanghai_finance_is_the_published_figure() -> None:
    """660 billion yuan of 3,816 billion in the first release of 2019."""
    value_added = wide("value_added").loc["310000"]
    assert value_added["FIN"] / value_added.sum() == pytest.approx(660 / 3816, rel=0.02)


def test_quotients_have_a_range_and_a_sourced_fact_for_each_province() -> None:
    quotients = table("location_quotients")
    assert ((quotients["low"] <= quotients["value"]) & (quotients["value"] <= quotients["high"])).all()
    assert quotients["value"].between(0.2, 5).all()
    derived = quotients[quotients["status"] == "derived"]
    assert set(derived["province"]) == set(PROVINCES)


# --- employment and capital ---------------------------------------------------------------------------------------


def test_employment_is_the_rate_of_residents_and_leaves_workers_elsewhere(cities: list[str]) -> None:
    employment = wide("employment")
    assert (employment > 0).all().all()
    residents = observed("resident_population")
    total = employment.loc[cities].sum(axis=1)
    assert total.sum() / residents[cities].sum() == pytest.approx(parameter("employment_rate"), rel=1e-9)
    assert total.div(residents[cities]).between(0.45, 0.65).all()
    rest = employment.loc["ROC"].sum() / residents["ROC"]
    assert rest == pytest.approx(0.55, abs=0.01)


def test_capital_over_gdp(cities: list[str], regions: pd.DataFrame) -> None:
    capital, gdp = wide("capital").sum(axis=1), wide("value_added").sum(axis=1)
    assert capital[cities].sum() / gdp[cities].sum() == pytest.approx(parameter("capital_output_ratio"), rel=1e-8)
    assert capital["ROC"] / gdp["ROC"] == pytest.approx(parameter("capital_output_ratio", "ROC"), rel=1e-8)
    province = regions.loc[cities, "province"]
    ratio = capital[cities].groupby(province).sum() / gdp[cities].groupby(province).sum()
    assert ratio["SH"] < ratio["JS"] < ratio["ZJ"] < ratio["AH"]
    assert (capital[cities] / gdp[cities]).between(2.0, 4.5).all()


def test_base_returns_differ_by_place_only() -> None:
    """Capital over capital income after production tax is one number in every place."""
    factors = table("input_output").query("block == 'value_added'").pivot(index="row", columns="column", values="value")
    factors = factors[SECTORS] / factors[SECTORS].sum()
    net = 1 - factors.loc["TAX"]
    labour = factors.loc["LAB"] / net
    labour["AGR"] = min(labour["AGR"], parameter("labour_share_cap_agriculture"))
    income = wide("value_added") * (1 - labour) * net
    ratio = wide("capital") / income
    np.testing.assert_allclose(ratio.std(axis=1) / ratio.mean(axis=1), 0, atol=1e-8)


# --- money, land, people ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["resident_population", "registered_population", "own_revenue", "public_spending"])
def test_base_year_is_complete(variable: str, cities: list[str]) -> None:
    assert observed(variable)[[*cities, "ROC"]].gt(0).all()


def test_nation_less_region_in_people_and_budgets(cities: list[str], regions: pd.DataFrame) -> None:
    assert observed("resident_population").sum() == pytest.approx(national("population"), rel=1e-9)
    for variable, factor, total in (
        ("own_revenue", "provincial_revenue_factor", "national_local_revenue"),
        ("public_spending", "provincial_spending_factor", "national_local_spending"),
    ):
        factors = regions.loc[cities, "province"].map(lambda province, key=factor: parameter(key, province))
        provinces = (observed(variable)[cities] * factors).sum()
        assert provinces + observed(variable)["ROC"] == pytest.approx(parameter(total), rel=1e-9)


def test_land_prices_have_the_industrial_level_of_their_province(cities: list[str], regions: pd.DataFrame) -> None:
    price, place = observed("land_price")[cities], regions.loc[cities]
    anchor = place[(place["province"] != "JS") | (place["core27"] == 1)].index
    means = price[anchor].groupby(place.loc[anchor, "province"]).mean()
    for province in PROVINCES:
        assert means[province] == pytest.approx(parameter("industrial_land_price", province), rel=1e-8)


def test_land_that_may_be_built_on_is_part_of_the_area(regions: pd.DataFrame, cities: list[str]) -> None:
    assert regions.loc[cities, "buildable_land_km2"].div(regions.loc[cities, "area_km2"]).between(0.05, 0.5).all()


def test_no_city_figure_after_2022() -> None:
    assert table("region_values")["year"].max() == facts.LAST_CITY_YEAR == 2022


# --- coefficients, paths, targets, parameters ---------------------------------------------------------------------


def test_input_output_columns_sum_to_one() -> None:
    rows = table("input_output")
    technology = rows[rows["block"] != "final_use"].groupby("column")["value"].sum()
    final = rows[rows["block"] == "final_use"].groupby("column")["value"].sum()
    assert sorted(technology.index) == sorted(SECTORS)
    assert sorted(final.index) == ["consumption", "government", "investment"]
    np.testing.assert_allclose(technology, 1, atol=1e-12)
    np.testing.assert_allclose(final, 1, atol=1e-12)


def test_national_path_has_no_gap() -> None:
    path = table("national")
    for variable in ("real_growth", "deflator", "world_growth"):
        years = path.loc[path["variable"] == variable, "year"]
        assert set(range(2020, 2036)) <= set(years)
    assert national("real_growth", 2021) == 8.4
    assert national("real_growth", 2035) == 3.5
    future = path[(path["year"] >= 2025) & (path["variable"] == "real_growth")].sort_values("year")["value"]
    np.testing.assert_allclose(np.diff(future), -0.13, atol=1e-9)


def test_targets_cover_the_plan() -> None:
    targets = table("targets")
    numbers = {int(match.group(1)) for match in (re.match(r"T(\d+)", name) for name in targets["target"]) if match}
    assert numbers == set(range(1, 28))
    assert not targets.duplicated(["target", "place", "year", "kind"]).any()
    assert set(targets["direction"]) <= {">=", "<=", "context"}
    values = targets.query("target == 'T01' and kind == 'baseline'").set_index("place")["value"]
    assert values.to_dict() == {"SH": 2.24, "JS": 2.26, "ZJ": 2.04, "AH": 2.46}


def test_parameters_are_unique_and_inside_their_range() -> None:
    rows = table("parameters")
    assert not rows.duplicated(["key", "sector", "place"]).any()
    ranged = rows.dropna(subset=["low", "high"])
    assert ((ranged["low"] <= ranged["value"]) & (ranged["value"] <= ranged["high"])).all()
    assert set(rows["status"]) <= {"sourced", "derived", "recalled", "judgement"}
    assert rows[["unit", "meaning", "source"]].notna().all().all()


# --- travel times -------------------------------------------------------------------------------------------------


def times(column: str) -> pd.DataFrame:
    return table("travel_times").pivot(index="origin", columns="destination", values=column)


@pytest.mark.parametrize("column", ["freight_minutes", "passenger_minutes"])
def test_travel_times_are_complete_positive_symmetric(column: str) -> None:
    minutes = times(column)
    assert minutes.shape == (43, 43)
    assert minutes.gt(0).all().all()
    np.testing.assert_allclose(minutes, minutes.T)


def test_passengers_take_the_train_where_it_is_faster() -> None:
    minutes = times("passenger_minutes")
    access = parameter("rail_access_time")
    assert minutes.loc["310000", "320500"] == 22 + access  # Shanghai to Suzhou, 22 minutes in the timetable
    assert minutes.loc["320100", "340500"] < 65 + access  # Nanjing to Ma'anshan is joined by name
    assert minutes.loc["340100", "341500"] < 40 + access  # Hefei to Lu'an


def test_trucks_go_round_the_bay() -> None:
    """Shanghai to Ningbo is 151 km as the crow flies and crosses the bay at its bridge; Shanghai to Nanjing 269."""
    freight = times("freight_minutes")
    assert freight.loc["310000", "330200"] > 60 + 151 * 1.28 / 68 * 60 + 15
    assert freight.loc["310000", "320100"] == pytest.approx(60 + 269 * 1.28 / 68 * 60, abs=2)


def test_outside_is_reached_through_gateways() -> None:
    freight = times("freight_minutes")
    assert freight.loc["ROC", "ROC"] == parameter("country_own_time")
    assert freight.loc["ROW", "ROW"] == parameter("world_own_time")
    border = parameter("country_access_time") + parameter("truck_handling_time")
    assert freight.loc["320300", "ROC"] == pytest.approx(border)  # Xuzhou is a border junction
    port = parameter("world_access_time") + parameter("truck_handling_time")
    assert freight.loc["310000", "ROW"] == pytest.approx(port)
    assert freight.loc["341600", "ROW"] > freight.loc["341600", "ROC"]


# --- raw facts ----------------------------------------------------------------------------------------------------


def _codes() -> dict[str, str]:
    """Codes from the names of the packaged cities."""
    places = table("regions").query("kind == 'city'").set_index("region")
    return facts.city_codes(places)


def test_names_of_the_rail_files_join_by_code() -> None:
    codes = _codes()
    expected = {
        "Huaian": "320800",
        "Maanshan": "340500",
        "Luan": "341500",
        "Suzhou_JS": "320500",
        "Suzhou_AH": "341300",
        "Taizhou_JS": "321200",
        "Taizhou_ZJ": "331000",
        "Shanghai": "310000",
        "Huainan": "340400",
    }
    assert {name: codes[name] for name in expected} == expected
    assert "Suzhou" not in codes
    assert "Taizhou" not in codes
    assert len(set(codes.values())) == 41


def test_unknown_rail_names_are_refused() -> None:
    rail = pd.DataFrame({"city_i": ["Shanghai"], "city_j": ["Suzhou"], "rail_min_2019": [22.0]})
    with pytest.raises(Exception, match="unknown cities: Suzhou"):
        facts.rail_minutes(rail, _codes())


def test_rail_times_hold_in_both_directions() -> None:
    rail = pd.DataFrame(
        {"city_i": ["Shanghai", "Wuxi"], "city_j": ["Suzhou_JS", "Shanghai"], "rail_min_2019": [22.0, 28.0]}
    )
    minutes = facts.rail_minutes(rail, _codes())
    assert minutes.loc["320500", "310000"] == minutes.loc["310000", "320500"] == 22
    assert minutes.loc["310000", "320200"] == 28
    assert np.isnan(minutes.loc["320200", "320500"])


@pytest.mark.parametrize(
    ("raw", "status", "start"),
    [
        ("recalled", "recalled", "recalled"),
        (
            "derived: va/sum(va), github:a/b@12ab:folder/x.xlsx",
            "derived",
            "va/sum(va), public compilation github.com/a/b",
        ),
        ("github:a/b@12ab:folder/x.csv [checked]", "sourced", "public compilation github.com/a/b (x.csv) [checked]"),
        ("page: tjj.chuzhou.gov.cn 2019 communique", "sourced", "Chuzhou statistical communique 2019"),
    ],
)
def test_sources_are_named_by_their_publication(raw: str, status: str, start: str) -> None:
    assert facts.status_of(raw) == status
    assert facts.publication(raw).startswith(start)


@pytest.mark.skipif("DELTASIM_FACTS" not in os.environ, reason="needs the folder of raw facts")
def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    assert build_yangtze_delta.main([os.environ["DELTASIM_FACTS"], str(tmp_path)]) == 0
    for path in sorted(FOLDER.glob("*.csv")):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_missing_facts_are_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build_yangtze_delta.main([str(tmp_path), str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "missing" in error
    assert not (tmp_path / "out").exists()
