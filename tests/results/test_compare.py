"""Two runs beside each other, cities by group, everything as cubes, other formats."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.core.errors import InputError
from sim.experiments.compare import compare
from sim.experiments.export import export
from sim.experiments.run import load, run
from sim.experiments.tables import TABLES, columns


class TestCompare:
    def test_changes_are_b_less_a(self, transfer):
        table = transfer.compare().cities
        assert list(table) == ["year", "region", "name", "quantity", "a", "b", "change", "change_pct"]
        row = table.set_index(["year", "region", "quantity"]).loc[(2028, "341200", "real_gdp")]
        own = transfer.cities.set_index(["year", "region"])["real_gdp"]
        before = transfer.reference.cities.set_index(["year", "region"])["real_gdp"]
        assert row["name"] == "Fuyang"
        assert (row["a"], row["b"]) == (before[2028, "341200"], own[2028, "341200"])
        assert row["change"] == row["b"] - row["a"]
        assert row["change_pct"] == pytest.approx(100.0 * (row["b"] / row["a"] - 1.0))

    def test_every_number_of_the_tables_is_compared(self, transfer):
        comparison = transfer.compare()
        assert len(comparison.cities) == transfer.cities.iloc[:, 2:].size
        assert len(comparison.sectors) == transfer.sectors.iloc[:, 3:].size
        assert len(comparison.indicators) == len(transfer.indicators)

    def test_nothing_changes_before_the_policy_starts(self, transfer):
        comparison = transfer.compare()
        start = transfer.config.policies["industry_transfer"].start
        for table in (comparison.cities, comparison.sectors, comparison.indicators):
            early = table[table["year"] < start]
            assert (early["change"].fillna(0.0) == 0.0).all()
        assert (comparison.cities.loc[comparison.cities["year"] > start, "change"] != 0.0).any()

    def test_no_percentage_of_nothing(self, transfer):
        table = transfer.compare().cities
        of_nothing = table[table["a"] == 0.0]
        assert len(of_nothing)
        assert of_nothing["change_pct"].isna().all()

    def test_keys_that_differ(self, transfer):
        told = transfer.compare().config.set_index("key")
        assert told.loc["scenario"].tolist() == ["baseline", "industry_transfer"]
        assert told.loc["policies.industry_transfer.pace"].tolist() == ["", "0.04"]
        assert "horizon" not in told.index

    def test_runs_of_different_length_leave_the_missing_years_empty(self, small):
        short = run("baseline", overrides=["world=three_cities", "horizon=2020"])
        table = compare(short, small).cities
        assert table.loc[table["year"] > 2020, "a"].isna().all()
        assert table["b"].notna().all()

    def test_folders_can_be_compared(self, small):
        pd.testing.assert_frame_equal(
            compare(small.folder / "reference", small.folder).cities, load(small.folder).compare().cities
        )

    def test_winners_come_first(self, transfer):
        table = transfer.compare().city("real_income", 2028)
        assert len(table) == 41
        assert table["change_pct"].is_monotonic_decreasing

    def test_a_run_without_reference_needs_one_to_compare_with(self, small):
        with pytest.raises(InputError, match="has no reference"):
            small.reference.compare()


class TestGroups:
    @pytest.mark.parametrize(
        ("group", "names"), [("province", {"SH", "JS", "ZJ", "AH"}), ("core27", {"core27", "other"})]
    )
    def test_amounts_add_up_to_the_cities(self, transfer, group, names):
        table = transfer.by(group)
        assert set(table[group]) == names
        inside = transfer.cities[transfer.cities["region"].isin(transfer.city_ids)]
        for column in ("gdp", "real_income", "resident_population", "transfer_net", "capital"):
            np.testing.assert_allclose(
                table.groupby("year")[column].sum(), inside.groupby("year")[column].sum(), rtol=1e-12
            )

    def test_one_city_is_itself_in_every_column(self, transfer):
        shanghai = transfer.cities[transfer.cities["region"] == "310000"].drop(columns=["year", "region"])
        group = transfer.by("province")
        group = group[group["province"] == "SH"].drop(columns=["year", "province"])
        np.testing.assert_allclose(group[list(shanghai)], shanghai, rtol=1e-12, atol=1e-12)

    def test_indices_are_means_of_their_members(self, transfer):
        cities = transfer.cities[(transfer.cities["year"] == 2028) & transfer.cities["region"].isin(transfer.city_ids)]
        table = transfer.by("metro_area")
        for column in ("price_index", "market_access", "land_price", "spending_share_services"):
            found = table.loc[table["year"] == 2028, column]
            assert found.between(cities[column].min(), cities[column].max()).all()

    def test_an_unknown_group_is_named(self, small):
        with pytest.raises(InputError, match="did you mean province"):
            small.by("provinces")


class TestCubes:
    def test_cubes_hold_the_tables(self, transfer):
        data = transfer.to_xarray()
        here = {"year": 2025, "region": "320500"}
        cities = transfer.cities.set_index(["year", "region"]).loc[(2025, "320500")]
        assert float(data["gdp"].sel(here)) == cities["gdp"]
        assert data["gdp"].attrs["units"] == "100 million yuan"
        sectors = transfer.sectors.set_index(["year", "region", "sector"]).loc[(2025, "320500", "MCH")]
        assert float(data["value_added_by_sector"].sel(**here, sector="MCH")) == sectors["value_added"]
        np.testing.assert_allclose(data["trade"].sum(["sector", "destination"]).sel(year=2025, origin="320500"),
                                   data["output_by_sector"].sum("sector").sel(here), rtol=1e-9)  # fmt: skip
        np.testing.assert_allclose(data["saving"].sum("origin").sel(year=2025, destination="320500"),
                                   data["private_investment"].sel(here), rtol=1e-9)  # fmt: skip

    def test_a_stored_run_gives_the_same_cubes(self, transfer, stored):
        assert transfer.to_xarray().equals(stored.to_xarray())


class TestExport:
    def test_csv_holds_every_table_and_the_meaning_of_every_column(self, small, tmp_path):
        folder = export(small, "csv", tmp_path / "csv")
        for name in TABLES:
            read = pd.read_csv(folder / f"{name}.csv", keep_default_na=name != "transfers")
            assert list(read) == [column.name for column in columns(name)]
            assert len(read) == len(small.frame(name))
        cities = pd.read_csv(folder / "cities.csv")
        np.testing.assert_array_equal(cities["gdp"], small.cities["gdp"])
        meaning = pd.read_csv(folder / "columns.csv", keep_default_na=False)
        assert len(meaning) == sum(len(columns(name)) for name in TABLES)

    def test_excel_has_one_sheet_per_table(self, small, tmp_path):
        book = pd.read_excel(export(small, "xlsx", tmp_path / "run.xlsx"), sheet_name=None)
        assert list(book) == ["columns", *TABLES]
        np.testing.assert_allclose(book["cities"]["gdp"], small.cities["gdp"], rtol=1e-15)
        assert book["flows"]["amount"].sum() == pytest.approx(small.flows["amount"].sum())

    def test_netcdf_is_the_dataset(self, small, tmp_path):
        import xarray as xr

        with xr.open_dataset(export(small, "nc", tmp_path / "run.nc"), engine="scipy") as data:
            np.testing.assert_array_equal(data["gdp"], small.to_xarray()["gdp"])
            assert data["gdp"].attrs["units"] == "100 million yuan"
            assert data.attrs["command"] == small.info["command"]

    def test_what_is_there_is_kept_unless_forced(self, small, tmp_path):
        export(small, "csv", tmp_path / "csv")
        with pytest.raises(InputError, match="already exists"):
            export(small, "csv", tmp_path / "csv")
        export(small, "csv", tmp_path / "csv", force=True)
        assert [path.name for path in tmp_path.iterdir()] == ["csv"]

    def test_an_unknown_format_is_named(self, small, tmp_path):
        with pytest.raises(InputError, match="unknown format 'cvs'; did you mean csv"):
            export(small, "cvs", tmp_path / "x")

    def test_a_place_that_cannot_be_written_is_one_line(self, small, tmp_path):
        (tmp_path / "file").write_text("", encoding="utf-8")
        with pytest.raises(InputError, match="cannot be written"):
            export(small, "nc", tmp_path / "file" / "run.nc")
