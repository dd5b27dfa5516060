"""How long a training step takes on several accelerators: computing, and the communication that it does not hide.

Data parallel, within a machine and across machines; every step ends with the exchange of the gradients, and fully
sharded training (ZeRO-3, FSDP) also gathers the weights twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import not_negative, numeric, positive

Floats = NDArray[np.float64]

#: How often the message crosses the links: an all-reduce is a reduce-scatter and an all-gather (Patarasuk & Yuan 2009,
#: doi 10.1016/j.jpdc.2008.09.002); ZeRO-3 gathers the weights forward and backward and scatters the gradients
#: (Rajbhandari et al. 2020, arXiv 1910.02054, section 7).
PASSES_REPLICATED = 2.0
PASSES_SHARDED = 3.0
#: Share of the compute that gradients can hide behind: the backward pass, 4 of the 6 FLOPs a parameter and token
#: (Li et al. 2020, arXiv 2006.15704, section 3.2). Gathers of sharded weights run beside the forward pass too.
WINDOW_REPLICATED = 2.0 / 3.0
WINDOW_SHARDED = 1.0
#: Seconds a hop: 8-byte all-reduces of 16, 32 and 64 V100 over EFA took 163, 319 and 630 microseconds, 2 (n - 1) hops
#: (all_reduce_perf on p3dn.24xlarge, gist.github.com/jacobkahn, July 2019).
HOP_SECONDS = 5e-6


@dataclass(frozen=True)
class Calibration:
    """The constants that no data sheet gives; ``costlib.validation.scaling`` fits them and says how well."""

    #: Share of its data-sheet bandwidth that a collective reaches, within a machine and between machines.
    link_efficiency: float
    network_efficiency: float
    #: Share of the communication that may run beside the compute.
    overlap_fraction: float
    #: Spread of one accelerator's step time, as a share of it: all wait for the slowest.
    straggler_fraction: float
    #: Part of a step that a smaller batch does not shorten (launches, optimizer, evaluation).
    fixed_step_seconds: float
    #: Half the width of the 80 % band: a share of the compute, and a share of the modelled loss, in quadrature.
    noise_fraction: float
    loss_spread_fraction: float

    def half_band(self, compute: ArrayLike, loss: ArrayLike) -> Floats:
        """Half the width of the 80 % band about a step of ``compute`` + ``loss`` (same unit); scalars or arrays."""
        noise = self.noise_fraction * np.asarray(compute, float)
        return np.hypot(noise, self.loss_spread_fraction * np.asarray(loss, float))


#: Fitted to facts/scaling_runs (a test fits them again): least mean absolute error over a grid of round numbers; the
#: band from errors of campaigns left out of the fit. A new campaign on several machines lies within its band in some
#: 6 of 10 rows only: clusters differ by more than these constants say.
CALIBRATED = Calibration(
    link_efficiency=0.6,
    network_efficiency=0.25,
    overlap_fraction=0.4,
    straggler_fraction=0.01,
    fixed_step_seconds=0.006,
    noise_fraction=0.053,
    loss_spread_fraction=0.72,
)


class Cluster(NamedTuple):
    """Accelerators and their links; scalars or arrays that broadcast.

    ``link_bytes_per_second``: of one accelerator, one way (half of what data sheets give for NVLink).
    ``network_bytes_per_second``: of one machine, one way; nan where there is one machine.
    """

    accelerators_per_node: ArrayLike
    nodes: ArrayLike
    link_bytes_per_second: ArrayLike
    network_bytes_per_second: ArrayLike


@numeric()
def collective_seconds(
    message_bytes: ArrayLike, cluster: Cluster, calibration: Calibration = CALIBRATED, sharded: ArrayLike = False
) -> Floats:
    """Seconds to exchange ``message_bytes`` (gradients, or weights as they are sent) among all accelerators.

    passes M max((g - 1)/g / B_link, (n - 1)/n / B_network) + 2 (g - 1 + log2 n) hops: g accelerators a machine, n
    machines; a hierarchical ring, pipelined, so that the slower of the two levels counts (nccl-tests,
    doc/PERFORMANCE.md, gives the factors (n - 1)/n), with a tree's latency between machines (Sanders et al. 2009,
    doi 10.1016/j.parco.2009.09.001). Raises InvalidInput.
    """
    inside, nodes, link, network = _checked(cluster)
    message = not_negative("message_bytes", message_bytes)
    passes = np.where(sharded, PASSES_SHARDED, PASSES_REPLICATED)
    within = (inside - 1) / inside / (link * calibration.link_efficiency)
    # One machine needs no network, whether or not it is known.
    across = np.where(nodes > 1, (nodes - 1) / nodes / (network * calibration.network_efficiency), 0.0)
    within = np.where(inside > 1, within, 0.0)
    hops = 2.0 * (inside - 1 + np.log2(nodes))
    return passes * message * np.maximum(within, across) + hops * HOP_SECONDS


@numeric()
def exposed_seconds(
    communication_seconds: ArrayLike,
    compute_seconds: ArrayLike,
    calibration: Calibration = CALIBRATED,
    sharded: ArrayLike = False,
) -> Floats:
    """Seconds of the communication that the compute does not hide: t - min(overlap t, window compute)."""
    communication = not_negative("communication_seconds", communication_seconds)
    window = np.where(sharded, WINDOW_SHARDED, WINDOW_REPLICATED) * positive("compute_seconds", compute_seconds)
    return communication - np.minimum(calibration.overlap_fraction * communication, window)


@numeric()
def straggler_factor(accelerators: ArrayLike, calibration: Calibration = CALIBRATED) -> Floats:
    """How many times longer the slowest of n takes than the mean: 1 + s sqrt(2 ln n), the extreme of n normals.

    Cramer 1946, "Mathematical Methods of Statistics", section 28.6, first order; 1 for one accelerator.
    """
    count = positive("accelerators", accelerators)
    return 1.0 + calibration.straggler_fraction * np.sqrt(2.0 * np.log(np.maximum(count, 1.0)))


class StepTime(NamedTuple):
    """Seconds of one step: ``low``, ``expected``, ``high``, and what the expected is made of.

    expected = compute x straggler factor + exposed; ``communication`` is all of it, hidden or not.
    """

    low: Floats
    expected: Floats
    high: Floats
    compute: Floats
    communication: Floats
    exposed: Floats


@numeric()
def step_seconds(
    compute_seconds: ArrayLike,
    message_bytes: ArrayLike,
    cluster: Cluster,
    sharded: ArrayLike = False,
    calibration: Calibration = CALIBRATED,
) -> StepTime:
    """Seconds of a data-parallel step whose compute takes ``compute_seconds`` on each accelerator.

    ``message_bytes``: the gradients as they are sent (2 bytes a parameter in 16 bits, 4 in fp32 and tf32), of the
    parameters that are trained, divided by tensor x pipeline parallel; with ``sharded`` (ZeRO-3, FSDP) the gathers of
    the weights are added. Accumulated micro-batches exchange once: give the compute of all of them. ``low`` and
    ``high`` are the ends of the 80 % band of the measured runs; no step is shorter than its compute, and one
    accelerator alone has no band. Everything broadcasts; nan where a bandwidth is not known.

    To put a rate measured on b accelerators on n of them: ``compute = compute_seconds_of(measured_step, ..., b's
    cluster)``, then ``step_seconds(compute, ..., n's cluster)``; so nothing is lost twice. Raises InvalidInput.
    """
    compute = positive("compute_seconds", compute_seconds)
    communication = collective_seconds(message_bytes, cluster, calibration, sharded)
    exposed = exposed_seconds(communication, compute, calibration, sharded)
    accelerators = np.asarray(cluster.accelerators_per_node, float) * np.asarray(cluster.nodes, float)
    expected = compute * straggler_factor(accelerators, calibration) + exposed
    loss = expected - compute
    half = np.where(accelerators > 1, calibration.half_band(compute, loss), 0.0)
    low, high = np.maximum(compute, expected - half), expected + half
    return StepTime(low, expected, high, np.broadcast_to(compute, expected.shape), communication, exposed)


@numeric()
def compute_seconds_of(
    measured_step_seconds: ArrayLike,
    message_bytes: ArrayLike,
    cluster: Cluster,
    sharded: ArrayLike = False,
    calibration: Calibration = CALIBRATED,
) -> Floats:
    """Seconds of computing in a measured step: the inverse of ``step_seconds``' expected.

    Where the modelled communication leaves less than a tenth of the step for computing, the model does not hold,
    and a tenth is returned: that is a bound, not a finding.
    """
    step = positive("measured_step_seconds", measured_step_seconds)
    communication = collective_seconds(message_bytes, cluster, calibration, sharded)
    accelerators = np.asarray(cluster.accelerators_per_node, float) * np.asarray(cluster.nodes, float)
    slowest = straggler_factor(accelerators, calibration)
    window = np.where(sharded, WINDOW_SHARDED, WINDOW_REPLICATED)
    # The compute hides either the share that may be hidden, or as much as it is long.
    shared = (step - (1.0 - calibration.overlap_fraction) * communication) / slowest
    with np.errstate(divide="ignore", invalid="ignore"):
        filled = (step - communication) / (slowest - window)
    compute = np.where(calibration.overlap_fraction * communication <= window * shared, shared, filled)
    return np.fmax(compute, 0.1 * step) + 0.0 * communication


@numeric()
def compute_at_batch(
    compute_seconds: ArrayLike, batch_ratio: ArrayLike, fixed_step_seconds: ArrayLike = CALIBRATED.fixed_step_seconds
) -> Floats:
    """Seconds of computing when each accelerator's batch is ``batch_ratio`` times what took ``compute_seconds``.

    A fixed part stays (launches, optimizer, evaluation; at most half of the compute), the rest is in proportion.
    """
    compute = positive("compute_seconds", compute_seconds)
    fixed = np.minimum(not_negative("fixed_step_seconds", fixed_step_seconds), compute / 2.0)
    return fixed + (compute - fixed) * positive("batch_ratio", batch_ratio)


class Scaling(NamedTuple):
    """Speed-up over one accelerator, and the share of the ideal speed-up: at the low end, expected, at the high end."""

    speedup: Floats
    efficiency_low: Floats
    efficiency: Floats
    efficiency_high: Floats


@numeric()
def weak_scaling(
    compute_seconds: ArrayLike,
    message_bytes: ArrayLike,
    cluster: Cluster,
    sharded: ArrayLike = False,
    calibration: Calibration = CALIBRATED,
) -> Scaling:
    """Throughput on the cluster over one accelerator's, every accelerator keeping its batch (``compute_seconds``)."""
    step = step_seconds(compute_seconds, message_bytes, cluster, sharded, calibration)
    return _scaling(step, step.compute, 1.0, cluster)


@numeric()
def strong_scaling(
    compute_seconds: ArrayLike,
    message_bytes: ArrayLike,
    cluster: Cluster,
    sharded: ArrayLike = False,
    calibration: Calibration = CALIBRATED,
) -> Scaling:
    """The same with the global batch kept: one accelerator takes ``compute_seconds`` for it, n share it equally."""
    accelerators = np.asarray(cluster.accelerators_per_node, float) * np.asarray(cluster.nodes, float)
    alone = positive("compute_seconds", compute_seconds)
    each = compute_at_batch(alone, 1.0 / accelerators, calibration.fixed_step_seconds)
    step = step_seconds(each, message_bytes, cluster, sharded, calibration)
    return _scaling(step, alone, accelerators, cluster)


def _scaling(step: StepTime, alone: ArrayLike, shared_by: ArrayLike, cluster: Cluster) -> Scaling:
    accelerators = np.asarray(cluster.accelerators_per_node, float) * np.asarray(cluster.nodes, float)
    ideal = np.asarray(alone, float) / np.asarray(shared_by, float)
    return Scaling(accelerators * ideal / step.expected, ideal / step.high, ideal / step.expected, ideal / step.low)


def _checked(cluster: Cluster) -> tuple[Floats, Floats, Floats, Floats]:
    arrays = [np.asarray(values, float) for values in cluster]
    faults = []
    for name, values in zip(Cluster._fields, arrays, strict=True):
        # nan is what is not known, and passes; counts are known.
        least = 1.0 if name in ("accelerators_per_node", "nodes") else 0.0
        wrong = values[(values < least) | ((values == 0) & (least == 0.0)) | (np.isnan(values) & (least == 1.0))]
        if wrong.size:
            faults.append(Fault(name, float(wrong.flat[0]), "must be at least 1" if least else "must be positive"))
    if faults:
        raise InvalidInput(faults)
    return arrays[0], arrays[1], arrays[2], arrays[3]
