"""Whether a training job waits for its input: the slowest of reading, preparing and training sets the rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import numeric, positive

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: What may bind, in the order that equal rates are told in.
STAGES = ("accelerator", "cpu", "storage", "connections", "requests")


@dataclass(frozen=True)
class InputVerdict:
    """Samples a second that the job reaches, which of STAGES binds, and the share of time the accelerators work.

    ``needed_times`` is how many times faster the input would have to be to keep the accelerators busy (1 or less:
    it is fast enough). All nan, and ``binds`` -1, where the accelerators' own rate is not known.
    """

    samples_per_second: Floats
    binds: Ints
    accelerator_busy_fraction: Floats
    needed_times: Floats


@numeric()
def stored_rate(bytes_per_second: ArrayLike, sample_bytes: ArrayLike) -> Floats:
    """Samples a second that a disk or a network gives: bandwidth over the bytes of one sample; arrays broadcast.

    Raises InvalidInput unless both are positive.
    """
    return positive("bytes_per_second", bytes_per_second) / positive("sample_bytes", sample_bytes)


@numeric()
def prepared_rate(vcpus: ArrayLike, samples_per_second_per_vcpu: ArrayLike) -> Floats:
    """Samples a second that workers on all vCPUs decode and augment; they scale with the vCPUs at best.

    Raises InvalidInput unless both are positive.
    """
    return positive("vcpus", vcpus) * positive("samples_per_second_per_vcpu", samples_per_second_per_vcpu)


@numeric()
def input_bound(
    accelerator_samples_per_second: ArrayLike,
    cpu_samples_per_second: ArrayLike = np.inf,
    storage_samples_per_second: ArrayLike = np.inf,
    connection_samples_per_second: ArrayLike = np.inf,
    request_samples_per_second: ArrayLike = np.inf,
) -> InputVerdict:
    """The rate of a loop whose loader prefetches: its stages overlap, so the slowest alone tells; arrays broadcast.

    rate = min over stages (Mohan et al. 2021, "Analyzing and Mitigating Data Stalls in DNN Training", PVLDB 14(5):
    training runs at the least of fetch, prep and GPU rates). inf is a stage without a limit; nan, one that
    is not known, makes the answer nan. Raises InvalidInput unless rates are positive.
    """
    rates = [
        positive(f"{stage}_samples_per_second", rate)
        for stage, rate in zip(
            STAGES,
            (
                accelerator_samples_per_second,
                cpu_samples_per_second,
                storage_samples_per_second,
                connection_samples_per_second,
                request_samples_per_second,
            ),
            strict=True,
        )
    ]
    stacked = np.stack(np.broadcast_arrays(*rates))
    known = ~np.isnan(stacked).any(axis=0)
    slowest = stacked.min(axis=0)
    binds = np.where(known, np.argmin(np.where(np.isnan(stacked), np.inf, stacked), axis=0), -1)
    own = np.where(known, stacked[0], np.nan)
    return InputVerdict(slowest, binds, slowest / own, own / stacked[1:].min(axis=0))
