"""From the share of instances interrupted in a month to a rate per hour, and how often a group of them is hit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]


def hazard_per_hour(monthly_interruption_fraction: npt.ArrayLike) -> Floats:
    """Interruptions per instance-hour that interrupt the given fraction of instances within a month.

    With a constant rate h, the fraction interrupted within 730 hours is 1 - exp(-730 h), so
    h = -ln(1 - fraction) / 730.  Any shape; fraction in [0, 1).  Raises InvalidInput outside.
    """
    fraction = np.asarray(monthly_interruption_fraction, dtype=float)
    if np.any((fraction < 0) | (fraction >= 1)):
        worst = float(fraction[(fraction < 0) | (fraction >= 1)].flat[0])
        raise InvalidInput([Fault("monthly_interruption_fraction", worst, "must be at least 0 and below 1")])
    return -np.log1p(-fraction) / HOURS_PER_MONTH


class HazardRange(NamedTuple):
    """Interruptions per instance-hour: low, expected and high; ``high`` is infinite where nothing bounds it."""

    low: Floats
    expected: Floats
    high: Floats


def hazard_range_per_hour(
    monthly_low_fraction: npt.ArrayLike,
    monthly_high_fraction: npt.ArrayLike,
    open_band_high_fraction: float | None = None,
) -> HazardRange:
    """Interruptions per instance-hour from a band of the Spot advisor, with how far the band leaves them open.

    The advisor gives the share of instances that were interrupted within the previous month, in bands (below 5 %, 5 to
    10, 10 to 15, 15 to 20, above 20 %). It is read as the chance that an instance kept for a month is interrupted, at a
    constant rate (``hazard_per_hour``); expected is the middle of both ends' rates. The last band is open (its high
    fraction is 1): then ``high`` is infinite and ``expected`` not known (nan), unless ``open_band_high_fraction`` says
    what to read its end as. A share of instances that mostly ran for less than a month understates the rate of each,
    and recorded traces show far higher ones: an own history is worth more. Any broadcastable shapes. Raises
    InvalidInput outside [0, 1], and for a low above its high.
    """
    low, high = (np.asarray(value, dtype=float) for value in (monthly_low_fraction, monthly_high_fraction))
    faults = [
        Fault(name, float(array[wrong].flat[0]), "must be at least 0 and at most 1")
        for name, array in (("monthly_low_fraction", low), ("monthly_high_fraction", high))
        for wrong in [(array < 0) | (array > 1)]
        if wrong.any()
    ]
    if not faults and np.any(low > high):
        faults.append(Fault("monthly_low_fraction", float(np.max(low)), "must not be above monthly_high_fraction"))
    if open_band_high_fraction is not None and not 0 < open_band_high_fraction < 1:
        faults.append(Fault("open_band_high_fraction", open_band_high_fraction, "must be above 0 and below 1"))
    if faults:
        raise InvalidInput(faults)
    closed = high if open_band_high_fraction is None else np.where(high >= 1, open_band_high_fraction, high)
    with np.errstate(divide="ignore"):
        least, most = (-np.log1p(-value) / HOURS_PER_MONTH for value in (low, closed))
    middle = np.where(np.isinf(most), np.nan, (least + most) / 2.0)
    return HazardRange(*np.broadcast_arrays(least, middle, most))


def hazard_from_history(interruptions: int, instance_hours: float, confidence: float = 0.80) -> HazardRange:
    """Interruptions per instance-hour from one's own history, with the exact interval for a count at a constant rate.

    Expected is count over hours. The ends are the rates at which so many or more, and so many or fewer, interruptions
    would each come with a chance of (1 - confidence) / 2 (F. Garwood, Biometrika 28, 1936): with none at all, low is 0
    and high is not. Raises InvalidInput for a negative count, hours that are not positive, or a confidence outside
    (0, 1).
    """
    faults = []
    if interruptions < 0 or interruptions != int(interruptions):
        faults.append(Fault("interruptions", interruptions, "must be a whole number not below 0"))
    if not (instance_hours > 0 and np.isfinite(instance_hours)):
        faults.append(Fault("instance_hours", instance_hours, "must be a number above 0"))
    if not 0 < confidence < 1:
        faults.append(Fault("confidence", confidence, "must be above 0 and below 1"))
    if faults:
        raise InvalidInput(faults)
    count, tail = int(interruptions), (1.0 - confidence) / 2.0
    low = _mean_with_at_most(count - 1, 1.0 - tail) if count else 0.0
    high = _mean_with_at_most(count, tail)
    return HazardRange(*(np.asarray(value / instance_hours) for value in (low, float(count), high)))


def _mean_with_at_most(count: int, chance: float) -> float:
    """The mean of a Poisson count that is at most ``count`` with this chance, by bisection."""
    terms = np.arange(count + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])
    low, high = 0.0, 10.0 + 3.0 * count - 2.0 * np.log(chance)
    for _ in range(200):
        mean = (low + high) / 2.0
        held = float(np.exp(terms * np.log(mean) - mean - log_factorials).sum())
        low, high = (mean, high) if held > chance else (low, mean)
    return (low + high) / 2.0


def mean_hours_between_interruptions(hazard_per_instance_hour: npt.ArrayLike, count: npt.ArrayLike) -> Floats:
    """Mean hours until the first of ``count`` independent instances is interrupted: 1 / (count h).

    A tightly coupled run stops when any of its instances does.  Infinite where the hazard is zero.
    """
    rate = np.asarray(hazard_per_instance_hour, dtype=float) * np.asarray(count, dtype=float)
    with np.errstate(divide="ignore"):
        return 1.0 / rate
