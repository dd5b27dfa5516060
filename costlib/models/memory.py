"""The least accelerator memory that training can need: what exceeds it cannot fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Bytes per parameter of weights, gradients and optimizer state. Mixed precision keeps 16-bit weights and
#: gradients beside fp32 weights and the optimizer's fp32 moments; fp32 and tf32 keep all in fp32.
#: Adam: two moments, 2+2+12 = 4+4+8 = 16 (Rajbhandari et al. 2020, arXiv 1910.02054, section 3.1).
#: SGD with momentum: one moment, 2+2+8 = 4+4+4. 8-bit Adam: moments of 1 byte each (Dettmers et al. 2022,
#: arXiv 2110.02861), 2+2+4+2 and 4+4+2. Adafactor: moments factored to row and column sums, next to nothing
#: (Shazeer & Stern 2018, arXiv 1804.04235), 2+2+4 and 4+4.
STATE_BYTES_PER_PARAMETER = {
    ("adam", "mixed"): 16.0,
    ("adam", "full"): 16.0,
    ("sgd", "mixed"): 12.0,
    ("sgd", "full"): 12.0,
    ("adam_8bit", "mixed"): 10.0,
    ("adam_8bit", "full"): 10.0,
    ("adafactor", "mixed"): 8.0,
    ("adafactor", "full"): 8.0,
}
ARITHMETIC = {"fp32": "full", "tf32": "full", "fp16": "mixed", "bf16": "mixed", "fp8": "mixed"}


def minimum_training_memory_bytes(
    parameters: ArrayLike,
    precision: str,
    devices: ArrayLike,
    optimizer: str = "adam",
    sequence_length: ArrayLike | None = None,
    hidden: ArrayLike | None = None,
    layers: ArrayLike | None = None,
    heads: ArrayLike | None = None,
    vocabulary: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Bytes per device of the most favourable ordinary arrangement; a lower bound; scalars or arrays.

    k N / d: weights, gradients and optimizer state of N ``parameters`` sharded over all d ``devices`` (ZeRO-3
    or FSDP full shard; a device never holds less than 1/d, and a fraction of a device counts as one device).
    k is 16 for Adam (Rajbhandari et al. 2020, section 3.1). With the shape, add activations of one sequence
    with full recomputation (Korthikanti et al. 2022, arXiv 2205.05198, sections 4 and 5), 16-bit a = 1,
    32-bit a = 2: a (2 s h L + 34 s h): the input of every layer, and one layer at work; attention scores (5
    s^2 per head) are left out, since fused attention need not keep them, and ``heads`` does not change the
    bound. The two activation terms are divided by d as well, as sequence parallelism may. Left out, and so
    more is needed in fact: logits (``vocabulary`` does not change the bound: they can be made in chunks),
    fragmentation, the CUDA context, communication buffers, gathered layers. No offloading to the host is
    assumed.
    Raises ValueError for unknown precision or optimizer, and for numbers that are not positive.
    """
    if precision not in ARITHMETIC:
        raise ValueError(f"precision {precision!r} is not one of {', '.join(ARITHMETIC)}")
    key = (optimizer, ARITHMETIC[precision])
    if key not in STATE_BYTES_PER_PARAMETER:
        names = sorted({name for name, _ in STATE_BYTES_PER_PARAMETER})
        raise ValueError(f"optimizer {optimizer!r} is not one of {', '.join(names)}")
    count = np.maximum(_positive("devices", devices), 1.0)
    states = STATE_BYTES_PER_PARAMETER[key] * _positive("parameters", parameters)
    if sequence_length is None or hidden is None or layers is None:
        return states / count
    per_token = _positive("sequence_length", sequence_length) * _positive("hidden", hidden)
    width = 2.0 if ARITHMETIC[precision] == "full" else 1.0
    activations = width * per_token * (2.0 * _positive("layers", layers) + 34.0)
    return (states + activations) / count


def _positive(name: str, value: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(value, float)
    if np.any(array <= 0):
        raise ValueError(f"{name} must be positive")
    return array
