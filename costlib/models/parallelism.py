"""What tensor and pipeline parallel cost: traffic within a layer, and the bubble at the ends of a step."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput

Floats = NDArray[np.float64]


def pipeline_bubble_fraction(
    pipeline_parallel: ArrayLike, micro_batches: ArrayLike, interleaved_chunks: ArrayLike = 1
) -> Floats:
    """Idle time of a pipeline over the time of its ideal step: (p - 1) / (v m); scalars or arrays.

    p stages, m micro-batches a step and replica, v chunks of layers a stage (1F1B, interleaved where v > 1):
    Narayanan et al. 2021, arXiv 2104.04473, sections 2.2.1 and 2.2.2. The step takes 1 + this times as long. Raises
    InvalidInput for counts below 1.
    """
    stages, batches, chunks = _counts(
        pipeline_parallel=pipeline_parallel, micro_batches=micro_batches, interleaved_chunks=interleaved_chunks
    )
    return (stages - 1) / (chunks * batches)


def tensor_parallel_bytes(
    tensor_parallel: ArrayLike,
    layers: ArrayLike,
    micro_batch: ArrayLike,
    sequence_length: ArrayLike,
    hidden: ArrayLike,
    bytes_per_value: ArrayLike = 2,
) -> Floats:
    """Bytes that each accelerator sends in tensor parallel, a micro-batch forward and backward; scalars or arrays.

    Four all-reduces of b s h values a layer, each 2 (t - 1)/t: 8 b s h (t - 1)/t values (Narayanan et al. 2021,
    section 3.2); sequence parallel moves the same (Korthikanti et al. 2022, arXiv 2205.05198, section 4.2.2).
    ``layers`` are those of one pipeline stage. Over the link's bytes a second it is the time, none of it hidden.
    Raises InvalidInput for counts below 1.
    """
    width, depth, batch, length, size, each = _counts(
        tensor_parallel=tensor_parallel,
        layers=layers,
        micro_batch=micro_batch,
        sequence_length=sequence_length,
        hidden=hidden,
        bytes_per_value=bytes_per_value,
    )
    return 8.0 * batch * length * size * (width - 1) / width * depth * each


def _counts(**values: ArrayLike) -> list[Floats]:
    arrays = {name: np.asarray(value, float) for name, value in values.items()}
    faults = [
        Fault(name, float(array[~(array >= 1)].flat[0]), "must be at least 1")
        for name, array in arrays.items()
        if not np.all(array >= 1)
    ]
    if faults:
        raise InvalidInput(faults)
    return list(arrays.values())
