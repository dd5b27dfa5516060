"""How many instances a load needs: by interval, by the hour, over zones, during deployments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import count, fraction, not_negative, positive

Floats = npt.NDArray[np.float64]

#: A load that fits to the last bit needs no further instance for the rounding of its sum; a share of it, so that the
#: least load still needs one.
_ROUNDING = 1e-9


def instances_for(
    per_second: npt.ArrayLike, kept_per_second: npt.ArrayLike, least: npt.ArrayLike = 2, zones_to_survive: int = 0
) -> Floats:
    """The fewest instances that keep the promise at each load; shapes broadcast.

    ``kept_per_second``: the most that one instance may get; infinite instances where it is 0 and the load is not.
    ``least``: never fewer. ``zones_to_survive``: the zones that instances are spread over if the rest must carry the
    load when one of them is lost; 0 where that is not asked. Raises InvalidInput.
    """
    load, kept = not_negative("per_second", per_second), not_negative("kept_per_second", kept_per_second)
    floor = not_negative("least", least)
    if zones_to_survive not in (0, 2, 3, 4, 5, 6):
        raise InvalidInput([Fault("zones_to_survive", zones_to_survive, "must be 0 (not asked), or 2 to 6 zones")])
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(load > 0, np.ceil(load / kept * (1.0 - _ROUNDING)), 0.0)
    if zones_to_survive:
        # Of n over z zones the fullest zone holds ceil(n / z); the rest must be what is needed.
        needed = np.ceil(needed * zones_to_survive / (zones_to_survive - 1) * (1.0 - _ROUNDING))
    return np.maximum(needed, floor)


def by_hour(instances: npt.ArrayLike, intervals_per_hour: int) -> Floats:
    """Instances (..., hours) that are set once an hour to what its fullest interval needs, from (..., intervals)."""
    given = np.asarray(instances, float)
    each = int(count("intervals_per_hour", intervals_per_hour))
    short = -given.shape[-1] % each
    # The last hour may be cut short: its missing intervals need nothing.
    padded = np.concatenate([given, np.zeros((*given.shape[:-1], short))], axis=-1)
    return np.asarray(padded.reshape(*given.shape[:-1], -1, each).max(axis=-1))


def surge_hours(
    instances: npt.ArrayLike, deployments_per_month: float, deployment_hours: float, surge_fraction: float = 1.0
) -> Floats:
    """Instance-hours a month that deployments add: beside the old fleet stands a share of a new one for a while.

    ``surge_fraction`` 1 is a whole second fleet, as when all traffic is shifted at once (blue/green).
    """
    many, long = not_negative("deployments_per_month", deployments_per_month), not_negative("hours", deployment_hours)
    part = fraction("surge_fraction", surge_fraction)
    return np.asarray(np.ceil(np.asarray(instances, float) * part - _ROUNDING) * many * long)


def load_levels(per_second: npt.ArrayLike, levels: int = 512) -> tuple[Floats, Floats]:
    """A long series of loads as a few levels (levels,) and the share of time of each (levels,).

    Levels are means of loads that are alike, of equal shares of time, so their mean is the series'. Raises InvalidInput
    for a series that is empty.
    """
    values = np.sort(np.ravel(not_negative("per_second", per_second, bounded=True)))
    if not len(values):
        raise InvalidInput([Fault("per_second", None, "is empty")])
    if len(values) <= levels:
        return values, np.full(len(values), 1.0 / len(values))
    edges = np.linspace(0, len(values), levels + 1).astype(np.int64)
    sums = np.add.reduceat(values, edges[:-1])
    sizes = np.diff(edges)
    return sums / sizes, sizes / len(values)


def mean_instances(
    scales: npt.ArrayLike,
    levels: npt.ArrayLike,
    time_fraction: npt.ArrayLike,
    kept_per_second: npt.ArrayLike,
    least: float = 2,
    zones_to_survive: int = 0,
) -> Floats:
    """Instances on the mean of time (rows, scales) if the load were ``scales`` (scales,) times ``levels`` (levels,).

    ``kept_per_second`` (rows,).
    """
    many = positive("scales", scales)
    load = many[:, None] * np.asarray(levels, float)
    weight = np.asarray(time_fraction, float)
    kept = np.atleast_1d(np.asarray(kept_per_second, float))
    found = np.empty((len(kept), len(many)))
    for row, rate in enumerate(kept):
        found[row] = instances_for(load, rate, least, zones_to_survive) @ weight
    return found
