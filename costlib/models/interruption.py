"""From the share of instances interrupted in a month to a rate per hour, and how often a group of them is hit."""

from __future__ import annotations

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


def mean_hours_between_interruptions(hazard_per_instance_hour: npt.ArrayLike, count: npt.ArrayLike) -> Floats:
    """Mean hours until the first of ``count`` independent instances is interrupted: 1 / (count h).

    A tightly coupled run stops when any of its instances does.  Infinite where the hazard is zero.
    """
    rate = np.asarray(hazard_per_instance_hour, dtype=float) * np.asarray(count, dtype=float)
    with np.errstate(divide="ignore"):
        return 1.0 / rate
