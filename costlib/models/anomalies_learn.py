"""What the filter of daily costs starts from: level, week and spread of some weeks, and its ladder of shifts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput

Floats = npt.NDArray[np.float64]

WEEK = 7
#: A normal law's standard deviation over its median absolute deviation.
DEVIATION_OVER_MEDIAN = 1.4826
#: 80 % of a normal law lie within so many standard deviations; a median errs by so many more than a mean.
WITHIN_80, MEDIAN_ERROR = 1.2816, 1.2533
#: A slope within so many of its errors counts for nothing.
SURE_OF_SLOPE = 2.5
#: Residuals are clipped at so many spreads before they teach.
CLIPPED_AT = 3.0


@dataclass(frozen=True)
class Rule:
    """What the filter takes for granted, the same for every series and size of cost.

    Rates are those of exponential smoothing, a day (``week_rate``: a week). ``begins`` is the chance a day that a shift
    begins, ``stays`` that one goes on, ``moves`` that it goes to a neighbouring rung. Shifts are of ``least_shift`` to
    ``most_shift`` on the logarithmic scale (0.2 is +22 % or -18 %), in ``rungs`` each way. A day is an alert where the
    chance of a shift is above ``alert_chance``; after ``adapts_days`` of them in a row the new cost is the usual one.
    """

    level_rate: float = 0.06
    slope_rate: float = 0.001
    slope_fades: float = 0.995
    week_rate: float = 0.1
    spread_rate: float = 0.05
    begins: float = 0.02
    stays: float = 0.88
    moves: float = 0.06
    least_shift: float = 0.2
    most_shift: float = 3.0
    rungs: int = 10
    least_spread: float = 0.02
    alert_chance: float = 0.5
    adapts_days: int = 21

    def __post_init__(self) -> None:
        rates = ("level_rate", "slope_rate", "slope_fades", "week_rate", "spread_rate", "begins", "stays", "moves")
        faults = [
            Fault(name, getattr(self, name), "must be above 0 and below 1")
            for name in (*rates, "alert_chance")
            if not 0 < getattr(self, name) < 1
        ]
        if self.moves >= self.stays:
            faults.append(Fault("moves", self.moves, f"must be below stays, {self.stays}"))
        if not 0 < self.least_shift < self.most_shift:
            faults.append(Fault("least_shift", self.least_shift, f"must be above 0 and below {self.most_shift}"))
        if not self.least_spread > 0:
            faults.append(Fault("least_spread", self.least_spread, "must be above 0"))
        for name, least in (("rungs", 2), ("adapts_days", WEEK)):
            if getattr(self, name) != int(getattr(self, name)) or getattr(self, name) < least:
                faults.append(Fault(name, getattr(self, name), f"must be a whole number of at least {least}"))
        if faults:
            raise InvalidInput(faults)


class Learnt(NamedTuple):
    """``level`` of the day after and ``slope`` a day (series,), ``week`` and ``variance`` (series, WEEK)."""

    level: Floats
    slope: Floats
    week: Floats
    variance: Floats


class Ladder(NamedTuple):
    """``size`` of each shift, half the gap to the next, and the chance that it stays as it is (rungs,), drops first."""

    size: Floats
    half: Floats
    stays: Floats
    rule: Rule

    def next(self, chances: Floats) -> Floats:
        """Chances of no shift and of each (series, 1 + rungs) a day on.

        Written out, as a product with a matrix of three diagonals is left to threads that wait for one another.
        """
        rule, middle = self.rule, len(self.size) // 2
        calm, odd = chances[:, :1], chances[:, 1:]
        after = np.empty_like(chances)
        after[:, 0] = calm[:, 0] * (1.0 - rule.begins) + odd.sum(axis=1) * (1.0 - rule.stays)
        on = after[:, 1:]
        np.multiply(odd, self.stays, out=on)
        on += calm * (rule.begins / len(self.size))
        for way in (slice(0, middle), slice(middle, None)):
            on[:, way][:, 1:] += rule.moves / 2 * odd[:, way][:, :-1]
            on[:, way][:, :-1] += rule.moves / 2 * odd[:, way][:, 1:]
        return after


def ladder(rule: Rule) -> Ladder:
    """The shifts of a rule; the first and last rung of each way have one neighbour, and stay the likelier."""
    up = np.geomspace(rule.least_shift, rule.most_shift, rule.rungs)
    size = np.concatenate([-up[::-1], up])
    half = np.abs(size) * np.log(rule.most_shift / rule.least_shift) / max(rule.rungs - 1, 1) / 2
    neighbours = np.full(rule.rungs, 2.0)
    neighbours[0] -= 1.0
    neighbours[-1] -= 1.0
    return Ladder(size, half, rule.stays - np.tile(neighbours, 2) * rule.moves / 2, rule)


def density(off: Floats, spread: Floats) -> Floats:
    """Student's t with 5 degrees of freedom, but for its constant."""
    tail = np.asarray(off / spread)
    tail *= tail
    tail *= 0.2
    tail += 1.0
    cubed = tail * tail
    cubed *= tail
    cubed *= spread
    return np.asarray(np.reciprocal(cubed, out=cubed))


def alert_distance(shifts: Ladder) -> tuple[Floats, Floats]:
    """Log spreads, rising, and how far from the usual a day after long calm must be to be an alert, for each."""
    rule = shifts.rule
    spreads = np.geomspace(rule.least_spread, 10.0, 60)
    off = np.geomspace(0.01, 200.0, 1500)
    calm = density(off, spreads[:, None]) * (1.0 - rule.begins)
    odd = density(off[:, None] - shifts.size, np.hypot(spreads[:, None, None], shifts.half)).mean(axis=2) * rule.begins
    alert = odd / (odd + calm) > rule.alert_chance
    # Beyond the top rung both tails fade alike, and a very wide spread has no such day at all.
    first = np.where(alert.any(axis=1), alert.argmax(axis=1), len(off) - 1)
    return np.log(spreads), off[first]


def learnt(past: Floats, least_spread: float) -> Learnt:
    """What ``past`` (series, days) says of the day after it; slots of the week count from its first day.

    Medians, so that a few odd days do no harm; of only two weeks, what they agree on. nan is not known.
    """
    count, days = past.shape
    weeks = -(-days // WEEK)
    with warnings.catch_warnings():
        # A series of which nothing is known has no median; it is not judged either.
        warnings.simplefilter("ignore", RuntimeWarning)
        slope = _slope(past)
        padded = np.full((count, weeks * WEEK), np.nan)
        padded[:, :days] = past - slope[:, None] * np.arange(days)
        base = np.nan_to_num(np.nanmedian(padded, axis=1))
        by_week = (padded - base[:, None]).reshape(count, weeks, WEEK)
        middle = np.nan_to_num((np.nanmean if weeks <= 2 else np.nanmedian)(by_week, axis=1))
        week = middle if weeks > 2 else _agreed(by_week)
        rest = by_week - middle[:, None]
        centre = np.nan_to_num(np.nanmedian(rest, axis=(1, 2)))
        off = np.abs(rest - centre[:, None, None])
        # A week made of few takes part of the noise with it, and what it leaves unknown is added to what is to come.
        held = weeks / max(weeks - 1, 1) * (1.0 + 1.0 / (weeks - 1) if weeks <= 3 else 1.0)
        # Series that are mostly still have no spread in the middle; their bursts are theirs.
        spread = np.fmax(
            DEVIATION_OVER_MEDIAN * np.nanmedian(off, axis=(1, 2)), _within_80(off.reshape(count, -1)) / WITHIN_80
        )
        spread = np.fmax(spread * np.sqrt(held), least_spread)
        own = np.nanmean(np.minimum(off, CLIPPED_AT * spread[:, None, None]) ** 2, axis=1) * held
    variance = (np.where(np.isfinite(own), own, spread[:, None] ** 2) + spread[:, None] ** 2) / 2
    return Learnt(base + centre + slope * days, slope, week, np.maximum(variance, least_spread**2))


def _agreed(by_week: Floats) -> Floats:
    """What two weeks (series, 2, WEEK) agree on: the lesser of them where both stray the same way, else nothing.

    A day known once is taken at its word.
    """
    low, high = np.nan_to_num(np.nanmin(by_week, axis=1)), np.nan_to_num(np.nanmax(by_week, axis=1))
    return np.asarray(np.where(low > 0, low, np.where(high < 0, high, 0.0)))


def _within_80(off: Floats) -> Floats:
    """What 80 % of the known values of each row are not above."""
    known = np.isfinite(off).sum(axis=1)
    at = np.maximum(np.ceil(0.8 * known).astype(np.int64) - 1, 0)
    # Sorting puts what is not known last.
    return np.asarray(np.take_along_axis(np.sort(off, axis=1), at[:, None], axis=1)[:, 0])


def _slope(past: Floats) -> Floats:
    """Growth a day (series,), as far as it stands out: the median of differences over a week, or over two."""
    apart = WEEK if past.shape[1] < 4 * WEEK else 2 * WEEK
    change = past[:, apart:] - past[:, :-apart]
    middle = np.nan_to_num(np.nanmedian(change, axis=1))
    spread = DEVIATION_OVER_MEDIAN * np.nan_to_num(np.nanmedian(np.abs(change - middle[:, None]), axis=1))
    error = MEDIAN_ERROR * spread / np.sqrt(apart)
    sure = np.maximum(0.0, 1.0 - (SURE_OF_SLOPE * error / np.maximum(np.abs(middle), 1e-12)) ** 2)
    return np.asarray(middle * sure / apart)
