"""The record of a run: preallocated arrays, one row per year, filled without pandas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.core.arrays import FloatArray
from sim.core.state import FIELDS, State, sizes

LEFT_OUT = ("capital_by_origin",)  # large, follows from the moves; a saved state holds it


class Record:
    """Stocks at the start and flows of every year: ``record[name]`` is ``[year, ...]``.

    Bilateral trade ``record["trade"] [year, sector, origin, destination]`` is kept as its factors, ``kappa u_o w_d``,
    and multiplied out when asked for: writing it every year would cost more than solving the market.
    """

    def __init__(self, years: range, n_regions: int, n_sectors: int, n_provinces: int, n_sections: int = 0) -> None:
        size = sizes(n_regions, n_sectors, n_provinces, n_sections)
        self.years = years
        self.n_done = 0
        self.arrays: dict[str, FloatArray] = {}
        self._stocks: list[str] = []
        self._flows: list[str] = []
        for item in FIELDS:
            if item.kind == "memory" or item.name in LEFT_OUT:
                continue
            self.arrays[item.name] = np.zeros((len(years), *(size[dim] for dim in item.dims)))
            (self._stocks if item.kind == "stock" else self._flows).append(item.name)
        self.payments: list[FloatArray] = []
        self.events: list[FloatArray] = []
        self._kappa: list[Callable[[], FloatArray]] = []

    def open_year(self, state: State) -> None:
        """Copy the stocks before anything happens, and the payments that fall due."""
        for name in self._stocks:
            self.arrays[name][self.n_done] = getattr(state, name)
        self.payments.append(state.payments)

    def close_year(self, state: State, kappa: Callable[[], FloatArray]) -> None:
        """Copy the flows after everything has happened; keep what gives ``kappa [sector, destination, origin]``."""
        for name in self._flows:
            self.arrays[name][self.n_done] = getattr(state, name)
        self._kappa.append(kappa)
        self.events.append(state.events)
        self.n_done += 1

    def __getitem__(self, name: str) -> FloatArray:
        return self._trade() if name == "trade" else self.arrays[name][: self.n_done]

    def _trade(self) -> FloatArray:
        """Trade flows of all years ``[year, sector, origin, destination]``."""
        seller, buyer = self["seller_weight"], self["buyer_weight"]
        flows = np.empty((self.n_done, *self._kappa[0]().shape))
        for t, kappa in enumerate(self._kappa):
            flows[t] = kappa().transpose(0, 2, 1) * seller[t].T[:, :, None] * buyer[t].T[:, None, :]
        return flows

    @property
    def trade_of_all_sectors(self) -> FloatArray:
        """``record["trade"]`` summed over sectors ``[year, origin, destination]``, without multiplying it all out."""
        seller, buyer = self["seller_weight"], self["buyer_weight"]
        work = np.empty(self._kappa[0]().shape)
        total = np.empty((self.n_done, *work.shape[1:]))
        for t, kappa in enumerate(self._kappa):
            np.multiply(kappa(), seller[t].T[:, None, :], out=work)
            work *= buyer[t].T[:, :, None]
            work.sum(axis=0, out=total[t])
        return np.ascontiguousarray(total.transpose(0, 2, 1))
