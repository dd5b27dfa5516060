"""Is a step of an hourly or finer series unusual? What was never seen before, for many series at once.

Within a day, cost and load come in bursts that no smooth law describes, so nothing is assumed of them: a step is an
alert where it, or the median of its hour or of the quarter of a day up to it, lies beyond everything that was seen, by
a share of the range seen. Where the time of day, or of the week, foretells a series well, what is compared is the
difference from it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.anomalies_memory import MONTHS_DAYS
from costlib.models.checks import count as whole

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HOURS_OF_DAY, DAYS_OF_WEEK = 24, 7
#: What is watched: a step, and medians over an hour and a quarter of a day, each with the times that
#: ``beyond_fraction`` counts: medians of many steps keep in a narrower range.
SCALES_OF_DAY = ((0.0, 1.0), (1 / 24, 1.0), (1 / 4, 2.0))


@dataclass(frozen=True)
class SeenRule:
    """What is taken for granted, the same for every series.

    A step is an alert ``beyond_fraction`` of the range seen outside it, and at least ``least_fraction`` of the usual
    size. Days are remembered for ``memory_days``, alerts for ``alert_memory_days`` only, and a month on: an outlier
    must not blind for long, and what goes on after it is seen anyway. Nothing is judged before ``learnt_days`` were
    seen. The time of day (or week) is subtracted where what is left has a range below ``seasonal_below_fraction`` of
    that without.
    """

    beyond_fraction: float = 0.25
    least_fraction: float = 0.05
    learnt_days: int = 2
    memory_days: int = 56
    alert_memory_days: int = 7
    seasonal_below_fraction: float = 0.5

    def __post_init__(self) -> None:
        shares = ("beyond_fraction", "least_fraction", "seasonal_below_fraction")
        faults = [
            Fault(name, getattr(self, name), "must be a number from 0 up")
            for name in shares
            if not 0 <= getattr(self, name) < float("inf")
        ]
        for name in ("learnt_days", "memory_days", "alert_memory_days"):
            if not (getattr(self, name) >= 1 and getattr(self, name) == int(getattr(self, name))):
                faults.append(Fault(name, getattr(self, name), "must be a whole number of at least 1"))
        if faults:
            raise InvalidInput(faults)


class JudgedHours(NamedTuple):
    """What is said of every step, each (series, steps).

    ``expected_usd`` is the median of the same time on earlier days, the band ``low_usd`` to ``high_usd`` what may be
    without an alert; nan where not judged. ``verdict``: 1 a rise, -1 a drop, 0 neither or not judged.
    """

    expected_usd: Floats
    low_usd: Floats
    high_usd: Floats
    verdict: npt.NDArray[np.int8]


def judge_hours(
    usd: npt.ArrayLike,
    steps_per_day: int,
    rule: SeenRule | None = None,
    progress: Callable[[float], None] | None = None,
) -> JudgedHours:
    """Which steps of ``usd`` (series, steps) are unusual, each by itself and the steps before it.

    nan is a step that is not known. ``steps_per_day`` is 24 for hours, 288 for five minutes. ``progress`` is told the
    share done. Raises InvalidInput for infinite costs, other shapes, and fewer than 24 steps a day.
    """
    costs = np.array(usd, float)
    if costs.ndim != 2 or not costs.size or np.isinf(costs).any():
        problem = "is the shape given; it must be (series, steps), finite, or nan where a step is not known"
        raise InvalidInput([Fault("usd", costs.shape, problem)])
    per_day = int(whole("steps_per_day", steps_per_day))
    if per_day % HOURS_OF_DAY:
        raise InvalidInput([Fault("steps_per_day", steps_per_day, "must be 24 or a multiple of it")])
    rule = rule or SeenRule()
    series, steps = costs.shape
    days = -(-steps // per_day)
    padded = np.full((series, days * per_day), np.nan)
    padded[:, :steps] = costs
    by_day = padded.reshape(series, days, per_day)
    out = [np.full(by_day.shape, np.nan) for _ in range(3)]
    verdict = np.zeros(by_day.shape, np.int8)
    seen = _Seen(series, per_day, rule)
    for day in range(days):
        # A day's expectation is from whole earlier days; what is seen grows step by step.
        expectations = _expectations(by_day, day)
        parts = seen.judge(by_day[:, day], expectations, day)
        for array, part in zip(out, parts[:3], strict=True):
            array[:, day] = part
        verdict[:, day] = parts[3]
        seen.remember(parts[3], day)
        if progress is not None:
            progress((day + 1) / days)
    expected, low, high = (array.reshape(series, -1)[:, :steps] for array in out)
    return JudgedHours(expected, low, high, verdict.reshape(series, -1)[:, :steps])


def _expectations(by_day: Floats, day: int) -> Floats:
    """By time of day and of week (2, series, steps of a day), from earlier days; nan where too few are known."""
    found = np.full((2, by_day.shape[0], by_day.shape[2]), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        if day >= 2:
            found[0] = np.nanmedian(by_day[:, max(0, day - DAYS_OF_WEEK) : day], axis=1)
        if day >= 2 * DAYS_OF_WEEK:
            same = np.arange(day - DAYS_OF_WEEK, max(-1, day - 4 * DAYS_OF_WEEK - 1), -DAYS_OF_WEEK)
            found[1] = np.nanmedian(by_day[:, same], axis=1)
    return found


class _Seen:
    """What was seen by each of three views (the cost itself, less the time of day, less the time of week)."""

    VIEWS = 3

    def __init__(self, series: int, per_day: int, rule: SeenRule) -> None:
        self.rule = rule
        # Of hourly series a step is the hour.
        widths = {max(1, round(per_day * share)): times for share, times in SCALES_OF_DAY}
        self.widths, self.beyond = list(widths), [rule.beyond_fraction * times for times in widths.values()]
        # By scale, view, series and remembered day: highest and lowest, of alerts and of the rest.
        shape = (len(self.widths), self.VIEWS, series)
        # What was an alert a month ago may come again: a fee is no news.
        self.alert_days = (*range(1, rule.alert_memory_days + 1), *MONTHS_DAYS)
        self.high = {True: np.full((*shape, max(self.alert_days)), -np.inf)}
        self.low = {True: np.full((*shape, max(self.alert_days)), np.inf)}
        self.high[False] = np.full((*shape, rule.memory_days), -np.inf)
        self.low[False] = np.full((*shape, rule.memory_days), np.inf)
        self.tail = np.full((self.VIEWS, series, max(self.widths) - 1), np.nan)
        self.days_of_view = np.zeros((self.VIEWS, series), np.int64)

    def judge(
        self, today: Floats, expectations: Floats, day: int
    ) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int8]]:
        """Expected, low, high and verdict (series, steps of a day)."""
        rule = self.rule
        views = np.concatenate([today[None], today[None] - expectations])
        longer = np.concatenate([self.tail, views], axis=2)
        self.scales = np.stack([_trailing_median(longer, width, today.shape[1]) for width in self.widths])
        self.tail = longer[:, :, longer.shape[2] - self.tail.shape[2] :]
        # Places of days before the first hold nothing yet.
        alerts = (day - np.array(self.alert_days)) % self.high[True].shape[3]
        before_high = np.maximum(self.high[False].max(axis=3), self.high[True][..., alerts].max(axis=3))
        before_low = np.minimum(self.low[False].min(axis=3), self.low[True][..., alerts].min(axis=3))
        width = np.where(before_high >= before_low, before_high - before_low, np.inf)[0]
        below = rule.seasonal_below_fraction * np.where(np.isfinite(width[0]), width[0], 0.0)
        ready = self.days_of_view >= DAYS_OF_WEEK
        width[1:] = np.where(ready[1:] & (width[1:] < below), width[1:], np.inf)
        view = np.where(np.isfinite(width[1:]).any(axis=0), 1 + width[1:].argmin(axis=0), 0)
        pick = np.arange(today.shape[0])
        verdict = np.zeros(today.shape, np.int8)
        base = np.where(view[:, None] == 0, 0.0, expectations[np.maximum(view - 1, 0), pick])
        low, high = np.full(today.shape, -np.inf), np.full(today.shape, np.inf)
        usual = _median_size(expectations)
        for scale, apart in enumerate(self.widths):
            values = self.scales[scale, view, pick]
            top = _so_far(values, before_high[scale, view, pick], apart)
            bottom = -_so_far(-values, -before_low[scale, view, pick], apart)
            margin = np.maximum(self.beyond[scale] * (top - bottom), rule.least_fraction * usual)
            with np.errstate(invalid="ignore"):
                verdict[values > top + margin] = 1
                verdict[values < bottom - margin] = -1
            if scale == 0:
                low, high = base + bottom - margin, base + top + margin
        young = self.days_of_view[0] < rule.learnt_days
        verdict[young], low[young], high[young] = 0, np.nan, np.nan
        expected = np.where(np.isfinite(expectations[1]) & (view == 2)[:, None], expectations[1], expectations[0])
        self.days_of_view += np.isfinite(views).any(axis=2)
        return np.where(young[:, None], np.nan, expected), low, high, verdict

    def remember(self, verdict: npt.NDArray[np.int8], day: int) -> None:
        """Keeps today's highest and lowest, alerts apart."""
        alert = (verdict != 0)[None, None]
        # An alert before there is a time of the week is remembered by its time of day.
        early = np.where(np.isnan(self.scales), self.scales[:, 1:2], self.scales)
        for kind, values in ((False, self.scales), (True, early)):
            here = np.isfinite(values) & (alert == kind)
            at = day % self.high[kind].shape[3]
            self.high[kind][..., at] = np.where(here, values, -np.inf).max(axis=3)
            self.low[kind][..., at] = np.where(here, values, np.inf).min(axis=3)


def _median_size(expectations: Floats) -> Floats:
    """The usual size of a series' cost (series, 1), from earlier days; 0 while none is known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nan_to_num(np.nanmedian(np.abs(expectations[0]), axis=1, keepdims=True))


def _so_far(values: Floats, before: Floats, apart: int) -> Floats:
    """The highest seen up to ``apart`` steps before each (series, steps), ``before`` (series,) included."""
    shifted = np.concatenate([np.repeat(before[:, None], apart, axis=1), values[:, :-apart]], axis=1)
    return np.asarray(np.fmax(np.fmax.accumulate(shifted, axis=1), before[:, None]))


def _trailing_median(values: Floats, width: int, last: int) -> Floats:
    """Of ``width`` steps up to each of the ``last`` ones; nan where some are not known."""
    if width == 1:
        return values[:, :, -last:]
    windows = np.lib.stride_tricks.sliding_window_view(values[:, :, -(last + width - 1) :], width, axis=2)
    return np.asarray(np.median(windows, axis=3))
