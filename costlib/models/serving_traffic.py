"""Traffic drawn by a shape: days, weeks, growth, noise and bursts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import finite, fraction, not_negative, one, positive
from costlib.units import HOURS_PER_DAY, HOURS_PER_YEAR, SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]

_MOST_INTERVALS = 5_000_000


def drawn_traffic(
    rng: np.random.Generator,
    days: float,
    mean_per_second: float,
    interval_seconds: float = 300.0,
    daily_swing_fraction: float = 0.6,
    weekend_fraction: float = 0.5,
    peak_hour: float = 19.0,
    growth_per_year: float = 0.0,
    noise_fraction: float = 0.1,
    burst_factor: float = 1.0,
    bursts_per_week: float = 0.0,
    burst_minutes: float = 30.0,
) -> Floats:
    """Requests a second of each interval (intervals,), beginning on a Monday at midnight.

    A cosine over the day, highest at ``peak_hour``, with ``daily_swing_fraction`` of the mean; ``weekend_fraction`` of
    it on Saturdays and Sundays; growth compounded over the year; lognormal noise; at random moments ``burst_factor``
    times as much for ``burst_minutes``. The mean is that of a working day without growth and bursts. Raises
    InvalidInput.
    """
    each = one("interval_seconds", positive("interval_seconds", interval_seconds))
    count = round(one("days", positive("days", days)) * HOURS_PER_DAY * SECONDS_PER_HOUR / each)
    if not 1 <= count <= _MOST_INTERVALS:
        raise InvalidInput([Fault("days", days, f"must make 1 to {_MOST_INTERVALS:,} intervals")])
    swing, weekend = fraction("daily_swing_fraction", daily_swing_fraction), not_negative("weekend", weekend_fraction)
    growth = one("growth_per_year", finite("growth_per_year", growth_per_year))
    if growth <= -1:
        raise InvalidInput([Fault("growth_per_year", growth, "must be above -1, which is an end")])
    if burst_factor < 1:
        raise InvalidInput([Fault("burst_factor", burst_factor, "must be at least 1")])
    hours = (np.arange(count) + 0.5) * each / SECONDS_PER_HOUR
    day = 1 + swing * np.cos(2 * np.pi * (hours - one("peak_hour", finite("peak_hour", peak_hour))) / HOURS_PER_DAY)
    week = np.where((hours // HOURS_PER_DAY) % 7 < 5, 1.0, weekend)
    load = positive("mean_per_second", mean_per_second) * day * week * (1 + growth) ** (hours / HOURS_PER_YEAR)
    spread = np.sqrt(np.log1p(not_negative("noise_fraction", noise_fraction) ** 2))
    load = load * np.exp(spread * rng.standard_normal(count) - spread**2 / 2)
    expected = not_negative("bursts_per_week", bursts_per_week) * hours[-1] / (7 * HOURS_PER_DAY)
    long = max(1, round(one("burst_minutes", positive("burst_minutes", burst_minutes)) * 60 / each))
    in_burst = np.zeros(count, bool)
    for start in rng.integers(0, count, rng.poisson(expected)):
        in_burst[start : start + long] = True
    return np.asarray(np.where(in_burst, load * burst_factor, load))
