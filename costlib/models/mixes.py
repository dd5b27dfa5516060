"""Distributed training partly on-demand and partly on spot: progress and cost, where the run can shrink and where not.

Each spot worker is interrupted at a constant rate and replaced after a mean time, independently of the others (of one
pool they are not: then rates are higher together, and these figures are the best case).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import none_negative

Floats = npt.NDArray[np.float64]


class Mixed(NamedTuple):
    """``progress_fraction``: of the progress that all workers make without interruptions, in the long run.

    ``cost_ratio``: cost of a unit of work over that of the same workers on-demand; infinite where there is no progress.
    """

    progress_fraction: Floats
    cost_ratio: Floats


def spot_up_fraction(hazard_per_hour: npt.ArrayLike, replace_hours: npt.ArrayLike) -> Floats:
    """The share of time that a spot worker is there: 1 / (1 + h r), h its hazard, r the mean time to replace it."""
    hazard, gone = none_negative(hazard_per_hour=hazard_per_hour, replace_hours=replace_hours)
    return np.asarray(1.0 / (1.0 + hazard * gone))


def non_elastic(
    on_demand_workers: npt.ArrayLike,
    spot_workers: npt.ArrayLike,
    hazard_per_hour: npt.ArrayLike,
    replace_hours: npt.ArrayLike,
    restart_hours: npt.ArrayLike,
    spot_price_ratio: npt.ArrayLike,
) -> Mixed:
    """A run that goes on only while all its workers are there; any broadcastable shapes.

    All k spot workers are there a^k of the time, in stretches of mean 1 / (k h), each of which begins with a restart R
    (with the work since the last checkpoint in it): progress = a^k exp(-k h R), since the mean of what an exponential
    stretch has left after R is its mean times exp(-R / mean). Workers that wait are paid. Raises InvalidInput.
    """
    fixed, spot, hazard, gone, restart = none_negative(
        on_demand_workers=on_demand_workers,
        spot_workers=spot_workers,
        hazard_per_hour=hazard_per_hour,
        replace_hours=replace_hours,
        restart_hours=restart_hours,
    )
    up = spot_up_fraction(hazard, gone)
    progress = up**spot * np.exp(-spot * hazard * restart)
    return _priced(progress, fixed, spot, up, spot_price_ratio)


def elastic(
    on_demand_workers: npt.ArrayLike,
    spot_workers: npt.ArrayLike,
    hazard_per_hour: npt.ArrayLike,
    replace_hours: npt.ArrayLike,
    resize_hours: npt.ArrayLike,
    spot_price_ratio: npt.ArrayLike,
) -> Mixed:
    """A run that goes on with the workers that are there; any broadcastable shapes.

    (n + k a) / (n + k) of the workers on average, and each of the 2 k h a changes an hour (one goes, one comes) stops
    all for the resize c: progress = (n + k a) / (n + k) exp(-2 k h a c). Work is taken to scale with the workers.
    Raises InvalidInput.
    """
    fixed, spot, hazard, gone, resize = none_negative(
        on_demand_workers=on_demand_workers,
        spot_workers=spot_workers,
        hazard_per_hour=hazard_per_hour,
        replace_hours=replace_hours,
        resize_hours=resize_hours,
    )
    up = spot_up_fraction(hazard, gone)
    _refuse_none(fixed + spot)
    progress = (fixed + spot * up) / (fixed + spot) * np.exp(-2.0 * spot * hazard * up * resize)
    return _priced(progress, fixed, spot, up, spot_price_ratio)


def _priced(progress: Floats, fixed: Floats, spot: Floats, up: Floats, spot_price_ratio: npt.ArrayLike) -> Mixed:
    price = np.asarray(spot_price_ratio, dtype=float)
    wrong = ~((price > 0) & (price <= 1))
    if wrong.any():
        problem = "must be above 0 and at most 1: the spot price over the on-demand price"
        raise InvalidInput([Fault("spot_price_ratio", float(price[wrong].flat[0]), problem)])
    _refuse_none(fixed + spot)
    paid = (fixed + spot * up * price) / (fixed + spot)
    with np.errstate(divide="ignore"):
        return Mixed(*np.broadcast_arrays(progress, np.where(progress > 0, paid / progress, np.inf)))


def _refuse_none(workers: Floats) -> None:
    if np.any(workers <= 0):
        raise InvalidInput([Fault("spot_workers", 0.0, "and on_demand_workers must not both be 0")])
