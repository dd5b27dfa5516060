"""Being ready to go on in another region, or copying there when needed: time, cost, and the chance from which it pays.

Being ready costs a fixed amount whether needed or not, and little when needed; copying when needed costs nothing until
then. Dollars for one run, hours of the clock; any broadcastable shapes; nan (not known) passes through.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import none_negative, positive
from costlib.units import SECONDS_PER_HOUR, gbps_to_bytes_per_second, gib_to_bytes

Floats = npt.NDArray[np.float64]


class Readiness(NamedTuple):
    """``ready_usd`` and ``on_need_usd`` are expected values at the chance given; being ready pays where it is less.

    ``break_even_chance``: the chance from which being ready pays; 0 where it costs nothing, infinite where it never
    does. ``break_even_loss_usd``: the further loss, from copying when needed, above which being ready pays at the
    chance given; 0 where it pays without any, infinite where the chance is 0 and readiness is not free.
    """

    ready_usd: Floats
    on_need_usd: Floats
    break_even_chance: Floats
    break_even_loss_usd: Floats


def copy_hours(gib: npt.ArrayLike, gbps: npt.ArrayLike) -> Floats:
    """Hours to copy so many GiB at so many gigabits a second. Raises InvalidInput below 0, and for a rate of 0."""
    (size,) = none_negative(gib=gib)
    return np.asarray(gib_to_bytes(size) / gbps_to_bytes_per_second(positive("gbps", gbps)) / SECONDS_PER_HOUR)


def readiness(
    fixed_usd: npt.ArrayLike, ready_if_needed_usd: npt.ArrayLike, on_need_usd: npt.ArrayLike, chance: npt.ArrayLike
) -> Readiness:
    """Being ready, ``fixed_usd`` + p ``ready_if_needed_usd``, against copying when needed, p ``on_need_usd``.

    Both are equal at p = fixed / (on_need - ready_if_needed); where that is above 1, or nothing is saved when needed,
    being ready never pays. The loss that makes them equal at p is fixed / p - (on_need - ready_if_needed). Raises
    InvalidInput for amounts below 0 and chances outside [0, 1].
    """
    fixed, ready, need, p = none_negative(
        fixed_usd=fixed_usd, ready_if_needed_usd=ready_if_needed_usd, on_need_usd=on_need_usd, chance=chance
    )
    if np.any(p > 1):
        raise InvalidInput([Fault("chance", float(np.max(p)), "must be at least 0 and at most 1")])
    saved = need - ready
    with np.errstate(divide="ignore", invalid="ignore"):
        even = np.where(saved > 0, fixed / saved, np.inf)
        even = np.where(even > 1, np.inf, even)
        loss = np.maximum(np.where(p > 0, fixed / p, np.where(fixed > 0, np.inf, 0.0)) - saved, 0.0)
    unknown = np.isnan(fixed) | np.isnan(saved)
    return Readiness(
        *np.broadcast_arrays(
            fixed + p * ready, p * need, np.where(unknown, np.nan, even), np.where(unknown, np.nan, loss)
        )
    )
