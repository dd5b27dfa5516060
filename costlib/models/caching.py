"""Training data read again in each epoch, or copied once to somewhere faster: hours, stalled accelerators, dollars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import not_negative, numeric, positive
from costlib.models.input_pipeline import input_bound
from costlib.units import BYTES_PER_GIB, HOURS_PER_MONTH, SECONDS_PER_HOUR

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stall:
    """Share of the time that accelerators work, and USD an hour and an epoch that they cost while they wait."""

    busy_fraction: Floats
    epoch_hours: Floats
    stalled_usd_per_hour: Floats
    stalled_usd_per_epoch: Floats


@numeric()
def stall(
    dataset_gib: ArrayLike, epoch_compute_hours: ArrayLike, bytes_per_second: ArrayLike, usd_per_hour: ArrayLike
) -> Stall:
    """What storage that gives ``bytes_per_second`` makes of an epoch that computes for ``epoch_compute_hours``.

    Reading and computing overlap, so the slower sets the pace (models.input_pipeline.input_bound); what is left of an
    hour, the accelerators' ``usd_per_hour`` (all instances of the run) buys nothing. nan is a rate that is not known.
    Raises InvalidInput unless sizes, hours and rates are above 0.
    """
    gib, hours = positive("dataset_gib", dataset_gib), positive("epoch_compute_hours", epoch_compute_hours)
    rate, usd = positive("bytes_per_second", bytes_per_second), not_negative("usd_per_hour", usd_per_hour)
    wanted = gib * BYTES_PER_GIB / (hours * SECONDS_PER_HOUR)
    busy = input_bound(wanted, storage_samples_per_second=rate).accelerator_busy_fraction
    epoch = hours / busy
    per_hour = (1.0 - busy) * usd
    return Stall(busy, np.asarray(epoch, float), np.asarray(per_hour, float), np.asarray(per_hour * epoch, float))


@numeric()
def cache_usd(
    epochs: ArrayLike,
    epoch_hours: ArrayLike,
    run_usd_per_hour: ArrayLike,
    fill_usd: ArrayLike = 0.0,
    fill_hours: ArrayLike = 0.0,
    read_usd_per_epoch: ArrayLike = 0.0,
    cache_usd_per_month: ArrayLike = 0.0,
    kept_months: ArrayLike = 0.0,
) -> Floats:
    """USD of a run over its epochs with its data in one place: accelerators, filling, reading, and the cache itself.

    (fill_hours + epochs * epoch_hours) * run_usd_per_hour + fill_usd + epochs * read_usd_per_epoch
    + cache_usd_per_month * (those hours / 730 + kept_months). Arrays broadcast; nan passes. Raises InvalidInput for
    negative numbers.
    """
    values = {name: not_negative(name, value) for name, value in locals().items()}
    hours = values["fill_hours"] + values["epochs"] * values["epoch_hours"]
    return np.asarray(
        hours * values["run_usd_per_hour"]
        + values["fill_usd"]
        + values["epochs"] * values["read_usd_per_epoch"]
        + values["cache_usd_per_month"] * (hours / HOURS_PER_MONTH + values["kept_months"]),
        float,
    )


@numeric()
def lustre_capacity_gib(wanted_gib: ArrayLike, least_gib: ArrayLike, step_gib: ArrayLike) -> Floats:
    """The smallest capacity that FSx for Lustre sells for so many GiB: the least, one step, or whole steps.

    1,200 GiB, 2,400 GiB and multiples of 2,400 (CreateFileSystem, StorageCapacity). Raises InvalidInput unless
    positive.
    """
    wanted, least = positive("wanted_gib", wanted_gib), positive("least_gib", least_gib)
    step = positive("step_gib", step_gib)
    return np.asarray(np.where(wanted <= least, least, np.ceil(wanted / step) * step), float)
