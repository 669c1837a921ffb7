"""`sim.exact_hat` against an independent solver and against the gravity package gegravity."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import sim
from sim.core.arrays import FloatArray
from sim.core.errors import EquilibriumError, InputError
from tests.analytic.economies import relative_gap
from tests.analytic.hat_algebra import dek, twelve_countries

THETA = 4.0


@pytest.mark.parametrize("deficits", ["additive", "multiplicative"])
@pytest.mark.parametrize("seed", [20190101, 7, 8])
def test_same_as_an_independent_solver(deficits: str, seed: int) -> None:
    flows, cost_hat = twelve_countries(seed)
    wage, price, welfare, imports = dek(flows.T, THETA, cost_hat.T, deficits)
    found = sim.exact_hat(flows, THETA, cost_hat, deficits)
    assert found.converged
    assert relative_gap(found.factor_price, wage) < 1e-8
    assert relative_gap(found.price_index, price) < 1e-8
    assert relative_gap(found.welfare, welfare) < 1e-8
    assert relative_gap(found.flows, imports.T) < 1e-8
    assert np.ptp(welfare) > 0.02


def test_the_rules_differ() -> None:
    flows, cost_hat = twelve_countries()
    additive, multiplicative = (sim.exact_hat(flows, THETA, cost_hat, rule) for rule in ("additive", "multiplicative"))
    assert relative_gap(additive.welfare, multiplicative.welfare) > 1e-4


@pytest.mark.parametrize("deficits", ["additive", "multiplicative"])
@pytest.mark.parametrize("closure", [None, "fixed_shares"])
def test_no_change_of_costs_changes_nothing(deficits: str, closure: str | None) -> None:
    flows, _ = twelve_countries()
    found = sim.exact_hat(flows, THETA, 1.0, deficits, closure=closure)
    for array in (found.welfare, found.factor_price, found.price_index):
        np.testing.assert_allclose(array, 1.0, atol=1e-10)
    np.testing.assert_allclose(found.flows, flows, rtol=1e-9)


@pytest.mark.parametrize("deficits", ["additive", "multiplicative"])
def test_two_steps_are_one_step(deficits: str) -> None:
    """Hats compose: from the flows after the first change, the second change leads where both at once lead."""
    flows, cost_hat = twelve_countries()
    second = cost_hat.T**0.5
    half = sim.exact_hat(flows, THETA, cost_hat, deficits, tolerance=1e-12)
    stepwise = sim.exact_hat(half.flows, THETA, second, deficits, tolerance=1e-12)
    at_once = sim.exact_hat(flows, THETA, cost_hat * second, deficits, tolerance=1e-12)
    np.testing.assert_allclose(stepwise.flows, at_once.flows, rtol=1e-8)
    np.testing.assert_allclose(half.welfare * stepwise.welfare, at_once.welfare, rtol=1e-9)


def test_flows_keep_the_accounts() -> None:
    flows, cost_hat = twelve_countries()
    deficit = flows.sum(axis=0) - flows.sum(axis=1)
    found = sim.exact_hat(flows, THETA, cost_hat)
    income = found.flows.sum(axis=1)
    np.testing.assert_allclose(income, found.factor_price * flows.sum(axis=1), rtol=1e-8)
    np.testing.assert_allclose(found.flows.sum(axis=0) - income, deficit, atol=1e-7)
    assert income.sum() == pytest.approx(flows.sum(), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flows": np.ones((2, 3))}, "flows: has shape"),
        ({"flows": np.array([[1.0, -1.0], [1.0, 1.0]])}, "flows: must be finite"),
        ({"flows": np.array([[1.0, 0.0], [1.0, 0.0]])}, "buys nothing"),
        ({"elasticity": 0.0}, "elasticity"),
        ({"trade_cost_hat": np.ones(2)}, "trade_cost_hat: has shape"),
        ({"trade_cost_hat": np.array([[1.0, 0.0], [1.0, 1.0]])}, "trade_cost_hat: must be above 0"),
        ({"trade_cost_hat": np.nan}, "trade_cost_hat: must be above 0"),
        ({"deficits": "none"}, "deficits: unknown choice"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], message: str) -> None:
    given = {"flows": np.ones((2, 2)), "elasticity": 4.0, "trade_cost_hat": 1.0, **change}
    with pytest.raises(InputError, match=message):
        sim.exact_hat(**given)  # type: ignore[arg-type]


def test_cutting_off_a_debtor_has_no_equilibrium() -> None:
    flows, _ = twelve_countries()
    alone = np.ones((12, 12))
    alone[0, 1:] = alone[1:, 0] = np.inf
    with pytest.raises(EquilibriumError, match=r"does not trade.*region 0"):
        sim.exact_hat(flows, THETA, alone)


# --- gegravity ----------------------------------------------------------------------------------------------------


def gegravity_results(flows: FloatArray, cost_hat: FloatArray, theta: float) -> pd.DataFrame:
    """The same experiment in gegravity 0.3: trade costs are one variable with coefficient one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import gegravity

        n = flows.shape[0]
        names = [f"C{i:02d}" for i in range(n)]
        income, spent = flows.sum(axis=1), flows.sum(axis=0)
        rows = [
            {
                "exporter": names[i], "importer": names[j], "year": "2019", "trade": flows[i, j],
                "Y": income[i], "E": spent[j], "log_cost": np.log(flows[i, j] / income[i] / spent[j]),
            }
            for i in range(n)
            for j in range(n)
        ]  # fmt: skip
        data = pd.DataFrame(rows)
        baseline = gegravity.BaselineData(
            data, imp_var_name="importer", exp_var_name="exporter", year_var_name="year", trade_var_name="trade",
            expend_var_name="E", output_var_name="Y",
        )  # fmt: skip
        coefficient = pd.DataFrame([{"var": "log_cost", "coeff": 1.0, "ste": 0.1}])
        costs = gegravity.CostCoeffs(estimates=coefficient, identifier_col="var", coeff_col="coeff", stderr_col="ste")
        model = gegravity.OneSectorGE(
            baseline, year="2019", expend_var_name="E", output_var_name="Y", cost_coeff_values=costs,
            cost_variables=["log_cost"], reference_importer=names[-1], sigma=theta + 1.0, quiet=True,
        )  # fmt: skip
        model.build_baseline(omr_rescale=1.0)
        experiment = model.baseline_data.copy()
        position = {name: k for k, name in enumerate(names)}
        i, j = experiment["exporter"].map(position), experiment["importer"].map(position)
        experiment["log_cost"] -= theta * np.log(cost_hat[i, j])
        model.define_experiment(experiment)
        model.simulate()
        return model.country_results.loc[names]


def test_same_as_gegravity_when_shares_are_kept() -> None:
    """gegravity keeps the base year's output and spending shares; its welfare statistic is base over counterfactual."""
    flows, cost_hat = twelve_countries()
    theirs = gegravity_results(flows, cost_hat, THETA)
    ours = sim.exact_hat(flows, THETA, cost_hat, "multiplicative", closure="fixed_shares")
    welfare = 1.0 / theirs["welfare statistic"].to_numpy()
    assert relative_gap(ours.welfare, welfare) < 1e-4
    price = 1.0 + theirs["factory gate price change (percent)"].to_numpy() / 100.0
    assert relative_gap(ours.factor_price / ours.factor_price[-1], price / price[-1]) < 1e-4
    index = 1.0 + theirs["imr change (percent)"].to_numpy() / 100.0
    assert relative_gap(ours.price_index / ours.price_index[-1], index / index[-1]) < 1e-4
    assert np.ptp(welfare) > 0.02


def test_kept_shares_are_not_the_equilibrium() -> None:
    """Why it is for comparison only: on these countries welfare gains differ by more than a percentage point."""
    flows, cost_hat = twelve_countries()
    kept = sim.exact_hat(flows, THETA, cost_hat, "multiplicative", closure="fixed_shares")
    full = sim.exact_hat(flows, THETA, cost_hat, "multiplicative")
    assert np.abs(kept.welfare - full.welfare).max() > 0.01
