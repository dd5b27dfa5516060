"""What the filter of daily costs starts from: level, week and spread of some weeks, and its ladder of shifts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

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


class Learnt(NamedTuple):
    """``level`` of the day after and ``slope`` a day (series,), ``week`` and ``variance`` (series, WEEK)."""

    level: Floats
    slope: Floats
    week: Floats
    variance: Floats


class Ladder(NamedTuple):
    """``size`` of each shift and ``half`` the gap to the next (rungs,); ``turn``: chances from each state, the first
    of them none, to each."""

    size: Floats
    half: Floats
    turn: Floats


def ladder(rule: Rule) -> Ladder:
    """The shifts of a rule, drops first, and how they follow one another."""
    up = np.geomspace(rule.least_shift, rule.most_shift, rule.rungs)
    size = np.concatenate([-up[::-1], up])
    half = np.abs(size) * np.log(rule.most_shift / rule.least_shift) / max(rule.rungs - 1, 1) / 2
    count = len(size)
    turn = np.zeros((count + 1, count + 1))
    turn[0, 0], turn[0, 1:] = 1.0 - rule.begins, rule.begins / count
    turn[1:, 0] = 1.0 - rule.stays
    near = (np.abs(np.subtract.outer(np.arange(count), np.arange(count))) == 1) & (np.multiply.outer(size, size) > 0)
    turn[1:, 1:] = near * rule.moves / 2
    turn[1:, 1:][np.diag_indices(count)] = rule.stays - near.sum(axis=1) * rule.moves / 2
    return Ladder(size, half, turn)


def density(off: Floats, spread: Floats) -> Floats:
    """Student's t with 5 degrees of freedom, but for its constant."""
    ratio = off / spread
    tail = 1.0 + ratio * ratio / 5.0
    return np.asarray(1.0 / (tail * tail * tail * spread))


def alert_distance(rule: Rule, shifts: Ladder) -> tuple[Floats, Floats]:
    """Log spreads, rising, and how far from the usual a day after long calm must be to be an alert, for each."""
    spreads = np.geomspace(rule.least_spread, 10.0, 60)
    off = np.geomspace(0.01, 200.0, 1500)
    calm = density(off, spreads[:, None]) * shifts.turn[0, 0]
    odd = density(off[:, None] - shifts.size, np.hypot(spreads[:, None, None], shifts.half)) @ shifts.turn[0, 1:]
    alert = odd / (odd + calm) > rule.alert_chance
    # Beyond the top rung both tails fade alike, and a very wide spread has no such day at all.
    first = np.where(alert.any(axis=1), alert.argmax(axis=1), len(off) - 1)
    return np.log(spreads), off[first]


def learnt(past: Floats, least_spread: float) -> Learnt:
    """What ``past`` (series, days) says of the day after it; slots of the week count from its first day.

    Medians, so that a few odd days do no harm; of two weeks that differ, the one that strays less. nan is not known.
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
        stray = np.where(np.isfinite(by_week), np.abs(by_week), np.inf).argmin(axis=1)
        week = np.nan_to_num(np.take_along_axis(by_week, stray[:, None, :], axis=1)[:, 0]) if weeks <= 2 else middle
        rest = by_week - middle[:, None]
        centre = np.nan_to_num(np.nanmedian(rest, axis=(1, 2)))
        off = np.abs(rest - centre[:, None, None])
        # A week made of few takes part of the noise with it, and what it leaves unknown is added to what is to come.
        held = weeks / max(weeks - 1, 1) * (1.0 + 1.0 / (weeks - 1) if weeks <= 3 else 1.0)
        # Series that are mostly still have no spread in the middle; their bursts are theirs.
        spread = np.fmax(
            DEVIATION_OVER_MEDIAN * np.nanmedian(off, axis=(1, 2)), np.nanquantile(off, 0.8, axis=(1, 2)) / WITHIN_80
        )
        spread = np.fmax(spread * np.sqrt(held), least_spread)
        own = np.nanmean(np.minimum(off, CLIPPED_AT * spread[:, None, None]) ** 2, axis=1) * held
    variance = (np.where(np.isfinite(own), own, spread[:, None] ** 2) + spread[:, None] ** 2) / 2
    return Learnt(base + centre + slope * days, slope, week, np.maximum(variance, least_spread**2))


def _slope(past: Floats) -> Floats:
    """Growth a day (series,), as far as it stands out: the median of differences over a week, or over two."""
    apart = WEEK if past.shape[1] < 4 * WEEK else 2 * WEEK
    change = past[:, apart:] - past[:, :-apart]
    middle = np.nan_to_num(np.nanmedian(change, axis=1))
    spread = DEVIATION_OVER_MEDIAN * np.nan_to_num(np.nanmedian(np.abs(change - middle[:, None]), axis=1))
    error = MEDIAN_ERROR * spread / np.sqrt(apart)
    sure = np.maximum(0.0, 1.0 - (SURE_OF_SLOPE * error / np.maximum(np.abs(middle), 1e-12)) ** 2)
    return np.asarray(middle * sure / apart)
