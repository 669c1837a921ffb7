"""The ranges of shares at which each party signs, where all of them meet, and who binds; numbers only, no model.

With two parties whose other gains are g_o (origin) and g_h (host) and which share the tax T, both sign where
``max(0, -g_o / T) <= share <= min(1, 1 + g_h / T)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from sim.core.arrays import BoolArray, FloatArray

Interval = tuple[float, float]

SAME = 1e-9
"""Shares closer than this are one."""


@dataclass(frozen=True)
class Verdict:
    """Whether there is a share at which all sign.

    Attributes:
        ranges: shares at which each party signs, by its name; more than one interval only where its gain turns twice.
        together: the widest interval in which all sign; None if there is none.
        low_bound: who sets its lower end; empty where that is the lowest share there is.
        high_bound: who sets its upper end.
        never: who signs at no share.
        conflict: of two parties whose ranges do not meet the one that wants the larger share and the one that wants the
            smaller, those furthest apart; None where some sign at no share, or all sign somewhere.
        nearest: the share at which the least willing party is as willing as it ever is, that party, and how far its
            gain is above its reserve there; of the shares that were looked at.
    """

    ranges: Mapping[str, tuple[Interval, ...]]
    together: Interval | None
    low_bound: tuple[str, ...]
    high_bound: tuple[str, ...]
    never: tuple[str, ...]
    conflict: tuple[str, str] | None
    nearest: tuple[float, str, float]

    @property
    def width(self) -> float:
        """Of the interval in which all sign; 0 if there is none."""
        return 0.0 if self.together is None else self.together[1] - self.together[0]


def verdict(parties: Sequence[str], shares: FloatArray, margin: FloatArray, signs: BoolArray | None = None) -> Verdict:
    """Who signs where.

    Args:
        parties: names.
        shares: increasing ``[share]``.
        margin: expected gain less reserve ``[party, share]``, in points; between shares it is a straight line.
        signs: what each answers ``[party, share]``; None: it signs where its margin is not negative.
    """
    answers = margin >= 0.0 if signs is None else signs
    ranges = {p: signed(shares, margin[i], answers[i]) for i, p in enumerate(parties)}
    low, high = float(shares[0]), float(shares[-1])
    whole: tuple[Interval, ...] = ((low, high),)
    common = reduce(_meet, ranges.values(), whole)
    together = max(common, key=lambda piece: piece[1] - piece[0], default=None)
    never = tuple(p for p, pieces in ranges.items() if not pieces)
    worst = margin.argmin(axis=0)
    best = int(margin.min(axis=0).argmax())
    return Verdict(
        ranges=ranges,
        together=together,
        low_bound=() if together is None else _ending(ranges, together[0], 0, low),
        high_bound=() if together is None else _ending(ranges, together[1], 1, high),
        never=never,
        conflict=None if never or together is not None else _furthest_apart(ranges),
        nearest=(float(shares[best]), parties[int(worst[best])], float(margin[worst[best], best])),
    )


def signed(shares: FloatArray, margin: FloatArray, signs: BoolArray) -> tuple[Interval, ...]:
    """The intervals in which a party signs.

    Args:
        shares: increasing ``[share]``.
        margin: expected gain less reserve ``[share]``.
        signs: its answers ``[share]``; where they change as the margin changes its sign, the interval ends at zero
            margin, elsewhere (a rule of its own) at the last share at which it signs.
    """
    found: list[Interval] = []
    start, last = float(shares[0]), len(shares) - 1
    for k in np.flatnonzero(signs).tolist():
        if k > 0 and not signs[k - 1]:
            start = _zero(shares, margin, k, k - 1)
        if k == last or not signs[k + 1]:
            found.append((start, float(shares[k]) if k == last else _zero(shares, margin, k, k + 1)))
    return tuple(found)


def _zero(shares: FloatArray, margin: FloatArray, inside: int, outside: int) -> float:
    """Where the margin is zero between two neighbouring shares; the one inside if it is not between them."""
    if not margin[inside] >= 0.0 > margin[outside]:
        return float(shares[inside])
    step = margin[inside] / (margin[inside] - margin[outside])
    return float(shares[inside] + step * (shares[outside] - shares[inside]))


def _meet(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> tuple[Interval, ...]:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other)
    return tuple(piece for piece in both if piece[0] <= piece[1])


def _ending(ranges: Mapping[str, tuple[Interval, ...]], at: float, end: int, limit: float) -> tuple[str, ...]:
    """Whose interval ends here; nobody's where shares themselves end."""
    if abs(at - limit) <= SAME:
        return ()
    return tuple(p for p, pieces in ranges.items() if any(abs(piece[end] - at) <= SAME for piece in pieces))


def _furthest_apart(ranges: Mapping[str, tuple[Interval, ...]]) -> tuple[str, str] | None:
    wants = max(ranges, key=lambda party: ranges[party][0][0])
    bears = min(ranges, key=lambda party: ranges[party][-1][1])
    return (wants, bears) if ranges[wants][0][0] > ranges[bears][-1][1] else None
