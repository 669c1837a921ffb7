"""Mesa's data collector, reading the model's own record: collecting costs nothing while the model runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

if TYPE_CHECKING:
    import pandas as pd

MODEL_COLUMNS = ("gdp", "real_gdp", "real_income", "own_revenue", "disposable_income", "capital")
AGENT_COLUMNS = ("gdp", "real_gdp", "real_income", "resident_population", "own_revenue", "debt", "subsidy_rate")


class RecordCollector(mesa.DataCollector):  # type: ignore[misc]
    """``get_model_vars_dataframe`` (sums over cities) and ``get_agent_vars_dataframe`` as Mesa users expect them."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model = model

    def collect(self, model: mesa.Model) -> None:
        """Nothing to do: the model records every year itself."""

    def get_model_vars_dataframe(self) -> pd.DataFrame:
        """Regional totals, one row per year."""
        import pandas as pd

        record, n = self._model.record, self._model.world.n_cities
        sums = {}
        for name in MODEL_COLUMNS:
            values = record[name][:, :n]
            sums[name] = values.reshape(len(values), -1).sum(axis=1)
        return pd.DataFrame(sums, index=pd.Index(record.years[: record.n_done], name="Step"))

    def get_agent_vars_dataframe(self) -> pd.DataFrame:
        """One row per year and city, indexed like Mesa's (Step, AgentID)."""
        import pandas as pd

        record, cities = self._model.record, self._model.cities
        index = pd.MultiIndex.from_product(
            [list(record.years[: record.n_done]), [city.unique_id for city in cities]], names=["Step", "AgentID"]
        )
        data = {name: record[name][:, : len(cities)].ravel() for name in AGENT_COLUMNS}
        return pd.DataFrame({"city": [city.city_id for city in cities] * record.n_done, **data}, index=index)
