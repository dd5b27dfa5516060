"""What several instances lose to the exchange between them: shares of peak of one instance to shares of many."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.models.memory import CONTEXT_BYTES, minimum_training_memory_bytes
from costlib.models.scaling import Cluster, compute_at_batch, compute_seconds_of, step_seconds
from costlib.planner.achieved_share import TrainingJob
from costlib.units import FLOPS_PER_TFLOPS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Bytes of a gradient as it is sent (models.scaling.step_seconds).
GRADIENT_BYTES = {"fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 2.0}
RULE = (
    "; several instances: gradients of every {batch} cross their network, as calibrated on measured"
    " scaling (facts/scaling_runs)"
)


class Cells(NamedTuple):
    """Clusters of several instances, a row each. Unknown links inside an instance are nan: then they bind nothing."""

    accelerators_per_instance: Floats
    instances: Floats
    peak_tflops: Floats
    gradient_bytes: Floats
    link_bytes_per_second: Floats
    network_bytes_per_second: Floats
    memory_bytes: Floats


def over_network(
    low: Floats, expected: Floats, high: Floats, cells: Cells, job: TrainingJob, tokens_per_step: float
) -> tuple[Floats, Floats, Floats]:
    """Shares of peak (low, expected, high) of one instance as those of each cell's cluster, the global batch kept.

    A step of one instance takes FLOPs / (accelerators x peak x share); on n of them its computing is shared out and
    models.scaling adds the exchange and the wait for the slowest, at the low share with the slow end of its band.
    Weights are sharded where one accelerator cannot hold all states of its training.
    """
    flops = job.flops_of_a_token * tokens_per_step
    message = cells.gradient_bytes * job.exchanged
    link = np.where(np.isnan(cells.link_bytes_per_second), np.inf, cells.link_bytes_per_second)
    alone = Cluster(cells.accelerators_per_instance, 1.0, link, cells.network_bytes_per_second)
    cluster = alone._replace(nodes=cells.instances)
    sharded = _sharded(job, cells)
    found = []
    for share, end in ((low, "high"), (expected, "expected"), (high, "low")):
        one = flops / (cells.accelerators_per_instance * cells.peak_tflops * FLOPS_PER_TFLOPS * share)
        # What the accelerators of one instance exchange is in the share already.
        compute = compute_seconds_of(one, message, alone, sharded)
        step = getattr(step_seconds(compute_at_batch(compute, 1.0 / cells.instances), message, cluster, sharded), end)
        found.append(share * one / (cells.instances * step))
    return found[0], found[1], found[2]


def _sharded(job: TrainingJob, cells: Cells) -> Bools:
    needed = {
        # 4-byte gradients go with full, 2-byte ones with mixed precision.
        size: float(minimum_training_memory_bytes(job.parameters, name, 1.0, optimizer=job.optimizer))
        for size, name in ((4.0, "fp32"), (2.0, "bf16"))
    }
    states = np.where(cells.gradient_bytes == 4.0, needed[4.0], needed[2.0])
    with np.errstate(invalid="ignore"):
        return np.asarray(CONTEXT_BYTES[0] + states > cells.memory_bytes)
