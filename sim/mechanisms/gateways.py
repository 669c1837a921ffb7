"""Ports and airports: who goes through which, how full they are, and what waiting there adds to the cost of trade.

A city's trade with the world goes through gateways by the time to them, by their usual traffic and by the wait:
``share_ig`` in proportion to ``exp(pull_g - t_ig / spread - diversion w_g)``, with pulls such that the shares of the
base year are those of the traffic in gateways.csv (Berry 1994). Use is the trade that passes over the nation's value
added, against the base year's, over the capacity: gateways usually grow as fast as the nation, and a policy may enlarge
them. The wait beyond the base year's is ``w = time factor (use^power - usual use^power)`` (Bureau of Public Roads
1964), and a day of it costs a share of the value (Hummels and Schaur 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sim.core.arrays import FloatArray, IntArray
from sim.core.errors import InputError, SimulationError
from sim.core.levers import Levers
from sim.core.state import State
from sim.mechanisms.base_year import BaseYear

if TYPE_CHECKING:
    from sim.datasets.world import World

ROLES = ("sea_port", "airport")
PRECISION = 1e-11  # of log shares, of days
ROUNDS = 1000  # unit: steps


@dataclass(frozen=True)
class Rules:
    """Numbers of one role, from parameters.csv: keys in brackets, ``role`` is ``sea_port`` or ``airport``."""

    time: float  # days that it takes in the base year [role_time]
    day_cost: float  # of a day of waiting, log points of the cost of trade [role_day_cost]
    spread: float  # minutes on the way [role_spread]
    diversion: float  # fall of a gateway's log share with a day of waiting there [role_diversion]
    use: float  # traffic over capacity in the base year [gateway_use]
    factor: float  # [queue_factor]
    power: float  # [queue_power]

    @classmethod
    def read(cls, world: World, role: str) -> Rules:
        """Take the parameters of this data set."""
        p = world.parameters
        return cls(
            time=p.value(f"{role}_time"),
            day_cost=p.value(f"{role}_day_cost"),
            spread=p.value(f"{role}_spread"),
            diversion=p.value(f"{role}_diversion"),
            use=p.value("gateway_use"),
            factor=p.value("queue_factor"),
            power=p.value("queue_power"),
        )


@dataclass(frozen=True, eq=False)
class Gateways:
    """The gateways of one role as their users see them; C cities, G cities that have one."""

    role: str  # sea_port, for what goes as freight, or airport, for what people carry
    rules: Rules
    hosts: IntArray  # [gateway] cities that have it
    minutes: FloatArray  # [city, gateway] of the base year
    carried: FloatArray  # [sector] part of the sector's trade with the world that comes this way
    elasticity: FloatArray  # [sector] theta
    pull: FloatArray  # [gateway] log
    usual: FloatArray  # [gateway] traffic of the base year, over the nation's value added

    @classmethod
    def of(cls, base: BaseYear, role: str) -> Gateways:
        """The gateways of a calibrated base year whose data set has them.

        Raises:
            InputError: no pulls give the traffic of gateways.csv.
        """
        world, rules, by_freight = base.world, Rules.read(base.world, role), role == "sea_port"
        hosts = np.array([world.index(code) for code in world.gateways[role]], dtype=np.int64)
        traffic = np.array(list(world.gateways[role].values()))
        freight = world.parameters.by_sector("freight_weight")
        times = world.travel_time_freight if by_freight else world.travel_time_passenger
        minutes, carried = times[: world.n_cities, hosts], freight if by_freight else 1.0 - freight
        trade = base.state.world_trade[: world.n_cities] @ carried / base.state.gdp[: world.row].sum()
        pull = np.zeros(hosts.size)
        if np.isfinite(traffic).all() and trade.any():
            pull = pulls(minutes / rules.spread, trade, traffic)
        usual = trade @ choice(pull - minutes / rules.spread)
        return cls(role, rules, hosts, minutes, carried, base.elasticity, pull, usual)

    def update(self, state: State, levers: Levers) -> FloatArray:
        """Use and waits of the year; what waiting adds to the log cost of trade with the world ``[city, sector]``.

        Raises:
            SimulationError: no waits fit the traffic.
        """
        n, hosts = len(self.minutes), self.hosts
        use, wait = getattr(state, f"{self.role}_use"), getattr(state, f"{self.role}_wait")
        if self.role == "sea_port":
            factors, capacity = (state.freight_time, levers.freight_time), levers.sea_port_capacity
        else:
            factors, capacity = (state.passenger_time, levers.passenger_time), levers.airport_capacity
        minutes = self.minutes * factors[0][:n, hosts] * factors[1][:n, hosts]
        rules = self.rules
        shares = choice(self.pull - minutes / rules.spread)
        trade = state.world_trade[:n] * self.carried / state.gdp[:-1].sum()
        loss = rules.day_cost * self.carried * self.elasticity
        full = np.where(self.usual > 0.0, self.usual, np.inf) * (1.0 + capacity[hosts]) / rules.use
        queue = rules.time * rules.factor, rules.power, rules.use, rules.diversion
        wait[hosts], use[hosts], gap = settle(wait[hosts], shares, trade, loss, full, queue)
        if not gap < PRECISION:
            message = f"{state.year}: no waits at gateways ({self.role}) fit their traffic, off by {gap:.1e} days"
            raise SimulationError(message)
        return np.outer(rules.day_cost * felt(shares, wait[hosts], rules.diversion), self.carried)


@njit(cache=True, nogil=True, error_model="numpy")
def settle(
    before: FloatArray,
    shares: FloatArray,
    trade: FloatArray,
    loss: FloatArray,
    full: FloatArray,
    queue: tuple[float, float, float, float],
) -> tuple[FloatArray, FloatArray, float]:
    """Waits such that the traffic they leave causes them: a stochastic user equilibrium (Fisk 1980), by Newton's steps.

    Users turn to other gateways and trade less with the world as far as waits differ from those of the year before, at
    which they traded what they did. The excess of waits over what their traffic causes rises in each of them, so there
    is one such point; a step that goes too far is halved.

    Args:
        before: days of the year before ``[gateway]``.
        shares: of gateways without waits ``[city, gateway]``.
        trade: of the year before that goes this way ``[city, sector]``.
        loss: fall of log trade with a day of waiting ``[sector]``.
        full: traffic that a gateway can handle ``[gateway]``, in the unit of trade.
        queue: days of waiting at full use, the power with which it rises, use in the base year, and the fall of a
            gateway's log share with a day of waiting there.

    Returns:
        Days beyond the base year's ``[gateway]``, traffic over capacity ``[gateway]``, and by how many days a wait
        differs at most from the one that its traffic causes.
    """
    days, power, usual, diversion = queue
    n_cities, n_gates = shares.shape
    wait, step, use, chosen = before.copy(), np.zeros(n_gates), np.zeros(n_gates), np.zeros(n_gates)
    felt_before, smallest = felt(shares, before, diversion), np.inf
    for _ in range(ROUNDS):
        traffic, slope = np.zeros(n_gates), np.zeros((n_gates, n_gates))
        more, odds = felt(shares, wait, diversion) - felt_before, np.exp(-diversion * wait)
        for i in range(n_cities):
            total, lost, sum_of_odds = 0.0, 0.0, 0.0
            for s in range(loss.size):
                kept = trade[i, s] * np.exp(-more[i] * loss[s])
                total += kept
                lost += kept * loss[s]
            for g in range(n_gates):
                chosen[g] = shares[i, g] * odds[g]
                sum_of_odds += chosen[g]
            for g in range(n_gates):
                share = chosen[g] / sum_of_odds
                traffic[g] += total * share
                slope[g, g] -= diversion * total * share
                for h in range(n_gates):
                    slope[g, h] += (diversion * total - lost) * share * chosen[h] / sum_of_odds
        use = traffic / full
        excess = wait - days * (use**power - usual**power)
        gap = np.abs(excess).max()
        if gap < PRECISION:
            return wait, use, gap
        if gap < smallest:
            smallest = gap
            for g in range(n_gates):
                slope[g] *= -days * power * use[g] ** (power - 1.0) / full[g]
                slope[g, g] += 1.0
            step = np.linalg.solve(slope, excess)
            wait = wait - step
        else:
            step = 0.5 * step
            wait = wait + step
    return wait, use, smallest


@njit(cache=True, nogil=True, error_model="numpy")
def felt(shares: FloatArray, wait: FloatArray, diversion: float) -> FloatArray:
    """Days that waits are worth to users who choose among gateways ``[city]``, the longer ways of some with them."""
    loss: FloatArray = -np.log((shares * np.exp(-diversion * wait)).sum(axis=1))
    return loss / diversion


def choice(value: FloatArray) -> FloatArray:
    """Shares ``[user, gateway]`` by the values of gateways to users (logit)."""
    odds = np.exp(value - value.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def pulls(distance: FloatArray, trade: FloatArray, traffic: FloatArray) -> FloatArray:
    """Log pulls ``[gateway]`` with which users' trade divides as the traffic does: the contraction of Berry (1994).

    Args:
        distance: loss of value on the way ``[user, gateway]``.
        trade: what users send ``[user]``.
        traffic: what passes each gateway, in any unit.

    Raises:
        InputError: it does not converge.
    """
    pull, aim = np.zeros(traffic.size), np.log(traffic / traffic.sum() * trade.sum())
    for _ in range(ROUNDS):
        step = aim - np.log(trade @ choice(pull - distance))
        pull += step
        if np.abs(step).max() < PRECISION:
            return np.asarray(pull - pull.mean())
    message = "no attraction of the gateways explains this traffic"
    raise InputError(message, file="gateways.csv", column="traffic", allowed="traffic that its users can cause")


@lru_cache(maxsize=4)  # unit: base years; the runs of a study on one world share it
def gateways_of(base: BaseYear) -> tuple[Gateways, ...]:
    """The ports and the airports of a data set, none without gateways.csv."""
    return tuple(Gateways.of(base, role) for role in ROLES if base.world.gateways[role])
