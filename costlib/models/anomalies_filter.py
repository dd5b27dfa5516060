"""Is a day's cost unusual? A filter over hidden shifts, for many series of days at once.

Costs are seen on a scale that is a logarithm for ordinary amounts and linear near zero, so that one rule fits every
size, zeros and credits too. On it a day is level + day of the week + noise (Student's t), and maybe a shift: none, or
one of a ladder of rises and drops. A shift begins seldom, mostly goes on, may grow or shrink by a rung, and ends. The
chance of each shift after a day follows from the day before by the forward filter of a hidden Markov model (Hamilton's
filter), so a verdict rests on that day and earlier ones alone. Level, week and spread learn by exponential smoothing
from residuals that are clipped (the cleaning of robust Holt-Winters: Gelper, Fried and Croux, Journal of Forecasting
29, 2010) and weighted by the chance that nothing is unusual: an anomaly teaches them nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.anomalies_learn import CLIPPED_AT, WEEK, Rule, alert_distance, density, ladder, learnt
from costlib.models.anomalies_memory import FEE_CHANCE, FEE_VARIES_FRACTION, Habits, fee_of
from costlib.models.checks import not_negative

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: Days from which the week and the spread are first learnt; before they are over nothing is judged.
LEARNT_DAYS = 2 * WEEK
#: Days after a series' start at which everything is learnt anew from the whole of it.
LEARNT_AGAIN = (3 * WEEK, 4 * WEEK)
#: How much faster than ``spread_rate`` a weekday's spread learns from its own day, and slower it leans on the others.
OWN_SPREAD_TIMES, LEANING_TIMES = 3.0, 0.3
#: Share of the usual cost at which the scale turns from linear to logarithmic.
LINEAR_FRACTION = 0.1


class Judged(NamedTuple):
    """What is said of every day, each (series, days).

    ``expected_usd`` and the band ``low_usd`` to ``high_usd`` are from the days before: a lone day outside it is an
    alert. ``chance_fraction``: of a shift, nan where not judged (gaps, and the first LEARNT_DAYS). ``verdict``: 1 a
    rise, -1 a drop, 0 neither or not judged.
    """

    expected_usd: Floats
    low_usd: Floats
    high_usd: Floats
    chance_fraction: Floats
    verdict: npt.NDArray[np.int8]


def judge_days(
    usd: npt.ArrayLike,
    rule: Rule | None = None,
    least_usd: npt.ArrayLike = 0.0,
    progress: Callable[[float], None] | None = None,
) -> Judged:
    """Which days of ``usd`` (series, days) are unusual, each by itself and the days before it.

    nan is a day that is not known; zeros and credits (below zero) are costs like others. ``least_usd`` (series,) is the
    daily cost below which differences count for little. ``progress`` is told the share done. A series begins with its
    first known day; its first LEARNT_DAYS are not judged. Raises InvalidInput for infinite costs and other shapes.
    """
    costs = np.array(usd, float)
    if costs.ndim != 2 or not costs.size:
        raise InvalidInput([Fault("usd", costs.shape, "is the shape given; it must be (series, days), of one or more")])
    if np.isinf(costs).any():
        raise InvalidInput([Fault("usd", float("inf"), "must be finite, or nan where a day is not known")])
    least = np.broadcast_to(not_negative("least_usd", least_usd, bounded=True), costs.shape[:1])
    known = np.isfinite(costs)
    # Every series is judged from its own first day, so that all learn at once.
    begin = np.where(known.any(axis=1), known.argmax(axis=1), costs.shape[1])
    at = np.arange(costs.shape[1])[None, :] + begin[:, None]
    shifted = np.take_along_axis(costs, np.minimum(at, costs.shape[1] - 1), axis=1)
    shifted[at >= costs.shape[1]] = np.nan
    unit, nothing = _unit(shifted, least)
    found = _Filter(np.arcsinh(shifted / unit[:, None]), rule or Rule()).run(progress)
    back = np.arange(costs.shape[1])[None, :] - begin[:, None]

    def in_place(values: Floats) -> Floats:
        return np.where(back >= 0, np.take_along_axis(values, np.maximum(back, 0), axis=1), np.nan)

    middle, half, chance, shift = (
        in_place(values) for values in (found[0], np.where(nothing, 0.0, found[1]), *found[2:])
    )
    verdict = np.where(chance > (rule or Rule()).alert_chance, np.sign(shift), 0).astype(np.int8)
    expected, low, high = (np.sinh(values) * unit[:, None] for values in (middle, middle - half, middle + half))
    return Judged(expected, low, high, chance, verdict)


def _unit(costs: Floats, least: Floats) -> tuple[Floats, Bools]:
    """Dollars of one step of the scale near zero (series,), and the days (series, days) up to which all was nothing.

    It is a share of the usual cost in the days that are learnt from, at least of ``least``. Of a series that was
    nothing then, and has no least, it is of the first cost thereafter: until then every unit says the same.
    """
    size = np.nan_to_num(np.abs(costs))
    early = size[:, :LEARNT_DAYS]
    some = (early > 0).sum(axis=1)
    mean = early.sum(axis=1) / np.maximum(some, 1)
    usual = np.maximum(np.where(2 * some > early.shape[1], np.median(early, axis=1), mean), least)
    first = np.take_along_axis(size, (size > 0).argmax(axis=1)[:, None], axis=1)[:, 0]
    nothing = (usual == 0)[:, None] & (np.maximum.accumulate(size, axis=1) == 0)
    usual = np.where(usual > 0, usual, first)
    return LINEAR_FRACTION * np.where(usual > 0, usual, 1.0), nothing


class _Filter:
    """One run over scaled costs (series, days) that begin with a known day."""

    def __init__(self, scaled: Floats, rule: Rule) -> None:
        self.scaled, self.rule = scaled, rule
        self.shifts = ladder(rule)
        count, days = scaled.shape
        self.level, self.slope, self.week = np.zeros(count), np.zeros(count), np.zeros((count, WEEK))
        self.variance = np.ones((count, WEEK))
        self.chances = np.zeros((count, 1 + len(self.shifts.size)))
        self.chances[:, 0] = 1.0
        self.residual = np.full((count, days), np.nan)
        self.run_days, self.run_mean = np.zeros(count, np.int64), np.zeros(count)
        self.habits = Habits(count)
        self.band = alert_distance(self.shifts)

    def run(self, progress: Callable[[float], None] | None) -> tuple[Floats, Floats, Floats, Floats]:
        """Middle and half width of the band, chance and likeliest shift, each (series, days)."""
        count, days = self.scaled.shape
        middle, half, chance, shift = (np.full((count, days), np.nan) for _ in range(4))
        flagged = np.zeros((count, days), bool)
        for day in range(days):
            if day == LEARNT_DAYS or day in LEARNT_AGAIN:
                past = np.where(flagged[:, :day], np.nan, self.scaled[:, :day])
                self._learn(np.ones(count, bool), past, day)
            if day < LEARNT_DAYS:
                continue
            middle[:, day], half[:, day], chance[:, day], shift[:, day] = self._step(day)
            flagged[:, day] = chance[:, day] > self.rule.alert_chance
            self._adapt(day, flagged[:, day])
            if progress is not None and day % WEEK == 0:
                progress((day + 1) / days)
        return middle, half, chance, shift

    def _learn(self, which: Bools, past: Floats, day: int) -> None:
        """Level, week and spread of some series from ``past``, the days before ``day``; nan ones are left out."""
        begin = day - past.shape[1]
        slots = np.arange(begin, day) % WEEK
        found = learnt(past[which], self.rule.least_spread)
        self.level[which], self.slope[which] = found.level, found.slope
        self.week[np.ix_(which, slots[:WEEK])] = found.week
        self.variance[np.ix_(which, slots[:WEEK])] = found.variance
        trend = found.level[:, None] + found.slope[:, None] * np.arange(begin - day, 0)
        self.residual[which, begin:day] = self.scaled[which, begin:day] - trend - self.week[which][:, slots]

    def _step(self, day: int) -> tuple[Floats, Floats, Floats, Floats]:
        rule, shifts, weekday = self.rule, self.shifts, day % WEEK
        spread = np.sqrt(self.variance[:, weekday])
        usual = self.level + self.week[:, weekday]
        residual = self.scaled[:, day] - usual
        known = np.isfinite(residual)
        self.residual[:, day] = residual
        r = np.where(known, residual, 0.0)
        fee = fee_of(self.residual, day, r, spread)
        plain = density(r, spread)
        as_fee = density(r - fee, np.hypot(spread, FEE_VARIES_FRACTION * fee))
        calm = np.maximum(plain, FEE_CHANCE * as_fee * (fee != 0))
        covered = known & (np.abs(r) > CLIPPED_AT * spread) & self.habits.cover(r, day)
        if covered.any():
            self.habits.remember(covered, r, np.ones(len(r), np.int64), day)
        calm = np.where(covered, np.maximum(calm, density(np.zeros(1), spread)), calm)
        odd = density(r[:, None] - shifts.size, np.sqrt(self.variance[:, weekday, None] + shifts.half**2))
        before = shifts.next(self.chances)
        after = before * np.column_stack([calm, odd])
        after /= after.sum(axis=1, keepdims=True)
        # A day that is not known says nothing: the chances only run on.
        self.chances = np.where(known[:, None], after, before)
        chance = 1.0 - after[:, 0]
        weight = np.where(known, (1.0 - chance) * plain / calm, 0.0)
        clipped = np.clip(r, -CLIPPED_AT * spread, CLIPPED_AT * spread)
        self.level += rule.level_rate * weight * clipped + self.slope
        self.slope = rule.slope_fades * self.slope + rule.slope_rate * weight * clipped
        self.week[:, weekday] += rule.week_rate * weight * clipped
        more = clipped**2 - self.variance[:, weekday]
        # A weekday's spread learns once a week only, and leans on that of all days.
        self.variance[:, weekday] += OWN_SPREAD_TIMES * rule.spread_rate * weight * more
        mean = self.variance.mean(axis=1, keepdims=True)
        self.variance += LEANING_TIMES * rule.spread_rate * weight[:, None] * (mean - self.variance)
        np.maximum(self.variance, rule.least_spread**2, out=self.variance)
        shift = (after[:, 1:] * shifts.size).sum(axis=1)
        # Where the day is likelier with its fee than without, the fee is expected.
        expected = usual + np.where((fee != 0) & (plain < calm) & ~covered, fee, 0.0)
        half = np.interp(np.log(spread), *self.band)
        return (expected, half, np.where(known, chance, np.nan), np.where(known, shift, np.nan))

    def _adapt(self, day: int, flagged: Bools) -> None:
        """Counts alerts in a row; a run that lasted is the new usual, a short one that ended is remembered."""
        known = np.isfinite(self.scaled[:, day])
        ended = known & ~flagged & (self.run_days > 0)
        if ended.any():
            self.habits.remember(ended, self.run_mean, self.run_days, day)
        residual = np.where(flagged, self.residual[:, day], 0.0)
        mean = (self.run_mean * self.run_days + residual) / (self.run_days + 1)
        self.run_mean = np.where(flagged, mean, np.where(known, 0.0, self.run_mean))
        self.run_days = np.where(flagged, self.run_days + 1, np.where(known, 0, self.run_days))
        lasted = self.run_days >= self.rule.adapts_days
        if lasted.any():
            begin = day + 1 - self.rule.adapts_days
            self._learn(lasted, self.scaled[:, begin : day + 1], day + 1)
            self.chances[lasted] = 0.0
            self.chances[lasted, 0] = 1.0
            self.run_days[lasted], self.run_mean[lasted] = 0, 0.0
