"""`sim.counterfactual`: levels against exact hats, deficits, acceptance numbers of the real data, bad input."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import sim
from sim.calibration import calibrate
from sim.core.errors import EquilibriumError, InputError
from sim.experiments.counterfactual import Counterfactual, border_hat
from sim.mechanisms.base_year import BaseYear
from tests.analytic.economies import relative_gap
from tests.worlds import small_base


@cache
def delta() -> BaseYear:
    """The real data, calibrated once."""
    return calibrate(sim.World.load("yangtze_delta"))


def solve(base: BaseYear, shock: sim.Shock | None = None, **options: object) -> Counterfactual:
    return sim.counterfactual(base.world, shock, base=base, tolerance=1e-11, **options)  # type: ignore[arg-type]


def random_shock(base: BaseYear, seed: int) -> sim.Shock:
    """Everything changes: costs by sector and pair, productivity and factors by place and sector."""
    rng = np.random.default_rng(seed)
    n, n_sectors = base.world.n_regions, base.world.n_sectors
    cost = np.exp(rng.normal(0.0, 0.1, (n_sectors, n, n)))
    productivity, factor = (np.exp(rng.normal(0.0, 0.1, (n, n_sectors))) for _ in range(2))
    return sim.Shock(trade_cost_hat=cost, productivity_hat=productivity, factor_hat=factor)


# --- levels and hats ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deficits", ["additive", "multiplicative"])
@pytest.mark.parametrize("data", ["three_cities", "yangtze_delta"])
def test_levels_equal_exact_hats(data: str, deficits: str) -> None:
    """The two ways share the equations but not the numbers they start from."""
    base = small_base() if data == "three_cities" else delta()
    shock = random_shock(base, 1)
    levels, hats = (solve(base, shock, method=method, deficits=deficits) for method in ("levels", "hat"))
    for name in ("welfare", "real_value_added", "factor_price", "price_index", "consumption_price"):
        assert relative_gap(getattr(hats, name), getattr(levels, name)) < 1e-8, name
    np.testing.assert_allclose(hats.flows, levels.flows, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(hats.final_expenditure, levels.final_expenditure, rtol=1e-8)
    assert np.ptp(levels.welfare) > 0.01


@pytest.mark.parametrize("method", ["levels", "hat"])
@pytest.mark.parametrize("deficits", ["additive", "multiplicative"])
@pytest.mark.parametrize("closure", [None, "fixed_shares"])
def test_no_shock_is_the_base_year(method: str, deficits: str, closure: str | None) -> None:
    base = delta()
    found = solve(base, method=method, deficits=deficits, closure=closure)
    np.testing.assert_allclose(found.welfare, 1.0, atol=1e-9)
    np.testing.assert_allclose(found.price_index, 1.0, atol=1e-9)
    np.testing.assert_allclose(found.value_added, found.base_value_added, rtol=1e-8)
    np.testing.assert_allclose(found.flows.sum(axis=2).T, found.base_value_added / base.value_added_share, rtol=1e-8)


@pytest.mark.parametrize("method", ["levels", "hat"])
def test_rules_of_deficits(method: str) -> None:
    """Additive keeps amounts, multiplicative keeps ratios up to one factor for the world."""
    base = delta()
    shock = random_shock(base, 2)
    old = solve(base, method=method)
    deficit = old.final_expenditure - old.base_value_added.sum(axis=1)
    additive = solve(base, shock, method=method)
    np.testing.assert_allclose(
        additive.final_expenditure - additive.value_added.sum(axis=1), deficit, atol=1e-8 * base.state.gdp.sum()
    )
    multiplicative = solve(base, shock, method=method, deficits="multiplicative")
    ratio = multiplicative.final_expenditure / multiplicative.value_added.sum(axis=1)
    common = ratio / (old.final_expenditure / old.base_value_added.sum(axis=1))
    assert np.ptp(common) < 1e-9
    assert multiplicative.final_expenditure.sum() == pytest.approx(multiplicative.value_added.sum(), rel=1e-10)
    assert relative_gap(additive.welfare, multiplicative.welfare) > 1e-4


def test_new_deficits_are_met() -> None:
    """The observed surplus of the country goes to the world; closing it raises what the country's places spend."""
    base = small_base()
    n = base.world.n_regions
    found = solve(base, sim.Shock(deficits=np.zeros(n)))
    np.testing.assert_allclose(found.final_expenditure, found.value_added.sum(axis=1), rtol=1e-9)
    hat = solve(base, sim.Shock(deficits=np.zeros(n)), method="hat")
    np.testing.assert_allclose(hat.welfare, found.welfare, rtol=1e-9)


def test_gains_formula_on_the_real_data() -> None:
    """Caliendo and Parro 2015 in changes: prices follow home shares through the input-output table."""
    base = delta()
    found = solve(base, sim.Shock(border_hat(base)))
    old = solve(base)
    home = [np.einsum("sjj->js", case.flows) / case.flows.sum(axis=1).T for case in (found, old)]
    made = ~np.isnan(found.factor_price).any(axis=1)
    wages = base.value_added_share * np.log(found.factor_price[made])
    direct = wages + (np.log(home[0] / home[1]) / base.elasticity)[made]
    expected = direct @ np.linalg.inv(np.eye(base.elasticity.size) - base.input_share)
    np.testing.assert_allclose(np.log(found.price_index[made]), expected, atol=1e-9)


# --- the real data ------------------------------------------------------------------------------------------------


def region_change(found: Counterfactual, base: BaseYear) -> float:
    """Percent change of the cities' real value added, weighted by the base year."""
    n = base.world.n_cities
    weight = base.state.gdp[:n]
    return float(100.0 * ((found.real_value_added[:n] - 1.0) @ weight) / weight.sum())


def test_removing_provincial_borders() -> None:
    """MODEL.md, appendix: about +6 % for the region, nearly half of it when borders are halved, most near them."""
    base = delta()
    found = solve(base, sim.Shock(border_hat(base)))
    gain = region_change(found, base)
    half = region_change(solve(base, sim.Shock(border_hat(base, 0.5))), base)
    assert 4.5 < gain < 8.5
    assert 0.35 * gain < half < 0.5 * gain
    by_name = found.frame().set_index("name")["real_value_added_pct"].iloc[: base.world.n_cities]
    gains = {name: by_name[by_name.index.str.startswith(name)].item() for name in ("Chuzhou", "Ma", "Lianyungang")}
    assert (by_name > 0.0).all()
    assert gains["Chuzhou"] > gain > gains["Lianyungang"]
    assert gains["Ma"] > gain
    assert -1.0 < found.frame().loc["ROC", "real_value_added_pct"] < 0.0


def test_more_productive_shanghai() -> None:
    """MODEL.md, appendix: +5 % of productivity gives Shanghai about 4.3 %, its neighbour Jiaxing .13 to .18 %."""
    base = delta()
    productivity = np.ones(base.world.n_regions)
    productivity[base.world.index("Shanghai")] = 1.05
    change = solve(base, sim.Shock(productivity_hat=productivity)).frame()["real_value_added_pct"]
    assert 3.5 < change["310000"] < 5.0
    assert 0.05 < change["330400"] < 0.4
    assert change["310000"] == change.max()


def test_kept_shares_are_not_the_equilibrium() -> None:
    """The comparison closure misses single cities by points when borders fall."""
    base = delta()
    shock = sim.Shock(border_hat(base))
    full, kept = solve(base, shock), solve(base, shock, closure="fixed_shares")
    n = base.world.n_cities
    assert np.abs(full.real_value_added - kept.real_value_added)[:n].max() > 0.02


def test_frame_has_a_row_per_region() -> None:
    base = small_base()
    frame = solve(base, sim.Shock(productivity_hat=1.01)).frame()
    assert tuple(frame.index) == base.world.region_ids
    np.testing.assert_allclose(frame["real_value_added_pct"], 1.0, atol=1e-7)  # the same everywhere: pure real growth
    np.testing.assert_allclose(frame["value_added_pct"], 0.0, atol=1e-7)


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shock", "key"),
    [
        (sim.Shock(trade_cost_hat=np.ones(3)), "trade_cost_hat"),
        (sim.Shock(trade_cost_hat=-1.0), "trade_cost_hat"),
        (sim.Shock(productivity_hat=np.ones((2, 2))), "productivity_hat"),
        (sim.Shock(productivity_hat=np.inf), "productivity_hat"),
        (sim.Shock(factor_hat=0.0), "factor_hat"),
        (sim.Shock(deficits=np.ones(5)), "deficits"),
        (sim.Shock(deficits=np.zeros(2)), "deficits"),
    ],
)
def test_bad_shocks_are_named(shock: sim.Shock, key: str) -> None:
    with pytest.raises(InputError, match=key):
        solve(small_base(), shock)


@pytest.mark.parametrize("option", [{"method": "hats"}, {"deficits": "none"}, {"closure": "all"}])
def test_unknown_choices_are_named(option: dict[str, str]) -> None:
    with pytest.raises(InputError, match="unknown choice"):
        solve(small_base(), **option)


def test_debt_above_income_has_no_equilibrium() -> None:
    base = small_base()
    n = base.world.n_regions
    deficits = np.zeros(n)
    deficits[1] = -2.0 * base.state.gdp[1]
    deficits[-1] = -deficits[1]
    with pytest.raises(EquilibriumError, match=base.world.region_names[1]):
        solve(base, sim.Shock(deficits=deficits))
