"""The same work on few large or many small accelerators: hours, accelerator-hours, and the share that computes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import numeric, positive
from costlib.models.scaling import CALIBRATED, Calibration, Cluster, step_seconds
from costlib.units import FLOPS_PER_TFLOPS, SECONDS_PER_HOUR

Floats = NDArray[np.float64]


class EqualWork(NamedTuple):
    """Hours of the same work on each cluster, its accelerator-hours, and the share of the step that computes."""

    hours_low: Floats
    hours: Floats
    hours_high: Floats
    accelerator_hours: Floats
    compute_fraction: Floats


@numeric()
def equal_work(
    flops: ArrayLike,
    flops_per_step: ArrayLike,
    achieved_tflops: ArrayLike,
    message_bytes: ArrayLike,
    cluster: Cluster,
    sharded: ArrayLike = False,
    calibration: Calibration = CALIBRATED,
) -> EqualWork:
    """The same work with the same global batch on few large or many small accelerators, one entry a cluster.

    ``achieved_tflops``: what one accelerator reaches alone, in 10**12 FLOP/s. steps = flops / flops_per_step, each of
    ``flops_per_step`` / (n achieved) seconds of computing, and of ``step_seconds``. Raises InvalidInput.
    """
    accelerators = np.asarray(cluster.accelerators_per_node, float) * np.asarray(cluster.nodes, float)
    rate = accelerators * positive("achieved_tflops", achieved_tflops) * FLOPS_PER_TFLOPS
    per_step = positive("flops_per_step", flops_per_step)
    step = step_seconds(per_step / rate, message_bytes, cluster, sharded, calibration)
    steps = positive("flops", flops) / per_step / SECONDS_PER_HOUR
    hours = steps * step.expected
    return EqualWork(steps * step.low, hours, steps * step.high, hours * accelerators, step.compute / step.expected)
