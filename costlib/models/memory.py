"""How much accelerator memory training needs, by component; whether it fits; the largest micro-batch that does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.activations import ATTENTIONS, RECOMPUTES, layer_bytes, layers_held
from costlib.models.checks import count, divides, finite, not_negative, positive
from costlib.models.choices import Floats, Words, chosen, coded, is_word
from costlib.models.memory_parts import COMPONENTS, TrainingMemory, heavier_end
from costlib.models.memory_states import (
    ELEMENT_BYTES,
    MASTER_BYTES,
    METHODS,
    MOMENT_BYTES,
    OPTIMIZERS,
    PRECISIONS,
    training_states,
)
from costlib.units import gib_to_bytes

__all__ = [
    "COMPONENTS",
    "TrainingMemory",
    "largest_micro_batch",
    "minimum_training_memory_bytes",
    "training_memory",
    "verdict",
]

#: Bytes of the CUDA context and kernels of one process, and of NCCL where more than one device takes part: low,
#: expected (the middle) and high. Measured by the author of github.com/stas00/ml-engineering@744d01e,
#: training/performance/README.md: 0.47 to 1.78 GiB, and 1 to 2 GiB.
CONTEXT_BYTES = tuple(gib_to_bytes(gib) for gib in (0.47, (0.47 + 1.78) / 2.0, 1.78))
NCCL_BYTES = tuple(gib_to_bytes(gib) for gib in (1.0, 1.5, 2.0))
#: What fragmentation adds to memory that comes and goes: nothing at best; at the high end 15 % of what the allocator
#: holds is waste, the mean of eight language models (Guo et al. 2024, GMLake, arXiv 2401.08156: up to 33 %); expected
#: is the middle.
FRAGMENTATION = (0.0, 0.5 * 0.15 / 0.85, 0.15 / 0.85)
#: With tensor parallelism the vocabulary is padded to a multiple of this many entries on every device, as by
#: Megatron-LM's --make-vocab-size-divisible-by 128.
PADDING = 128.0
#: Bytes for each logit (token x entry of the vocabulary) while the loss is computed. 16-bit arithmetic with the loss in
#: fp32, as under autocast: the logit (2), its fp32 copy, log-probability and gradient (4 each). In fp32: three of 4.
#: Without a loss in fp32: logit, copy shifted by one, log-probability, gradient of 2 each. Korthikanti et al. count 4.
LOGIT_BYTES = {True: {2.0: 14.0, 4.0: 12.0}, False: {2.0: 8.0, 4.0: 12.0}}


def training_memory(
    parameters: ArrayLike,
    micro_batch: ArrayLike = 1,
    layers: ArrayLike | None = None,
    hidden: ArrayLike | None = None,
    heads: ArrayLike | None = None,
    sequence_length: ArrayLike | None = None,
    vocabulary: ArrayLike = 0,
    feed_forward: ArrayLike | None = None,
    gated: bool = False,
    activation_bytes_per_sample: ArrayLike | None = None,
    precision: Words = "bf16",
    optimizer: Words = "adam",
    attention: Words = "flash",
    recompute: Words = "none",
    zero_stage: ArrayLike = 0,
    data_parallel: ArrayLike = 1,
    tensor_parallel: ArrayLike = 1,
    pipeline_parallel: ArrayLike = 1,
    interleave: ArrayLike = 1,
    sequence_parallel: bool = False,
    gradients_fp32: bool = False,
    loss_fp32: bool = True,
    method: Words = "full",
    adapter_parameters: ArrayLike = 0.0,
    also_trained_parameters: ArrayLike = 0.0,
    global_batch: ArrayLike | None = None,
) -> TrainingMemory:
    """Bytes per device that training needs at its peak, by component; scalars or arrays that broadcast together.

    States: models.memory_states. Activations: models.activations (Korthikanti et al. 2022, arXiv 2205.05198). While a
    recomputed layer goes backward all of it is there; LOGIT_BYTES v s b / t while the loss is computed: the larger of
    both counts. A pipeline needs what its heaviest stage does. That is its first, with the input embedding and p
    micro-batches in flight, or its last, with the output embedding (a copy, if they are one), the logits and one
    micro-batch; the others hold no embedding, and less in flight than the first. Stage 3 gathers two layers and the
    embedding at a time in the width of the arithmetic. Networks of other kinds: ``activation_bytes_per_sample``,
    measured, times ``micro_batch``, instead of the shape; ``recompute`` must then be none. CONTEXT_BYTES, NCCL_BYTES
    and FRAGMENTATION are ranges with their sources. What is not known (nan) makes bytes that are not known.
    Held to: one process per device, nothing offloaded to the host, at least as many micro-batches as pipeline stages.
    Raises ValueError for missing or impossible numbers: nothing is rounded.
    """
    precision, optimizer = coded("precision", precision, PRECISIONS), coded("optimizer", optimizer, OPTIMIZERS)
    attention, recompute = coded("attention", attention, ATTENTIONS), coded("recompute", recompute, RECOMPUTES)
    method = coded("method", method, METHODS)
    batch = count("micro_batch", micro_batch)
    data, tensor = count("data_parallel", data_parallel), count("tensor_parallel", tensor_parallel)
    stages = count("pipeline_parallel", pipeline_parallel)
    total = positive("parameters", parameters)
    entries = not_negative("vocabulary", vocabulary)
    element = chosen("precision", precision, ELEMENT_BYTES)
    if global_batch is not None:
        whole = count("global_batch", global_batch)
        divides("micro_batch times data_parallel", batch * data, "global_batch", whole)
        if np.any(count("interleave", interleave) > 1):
            divides("pipeline_parallel", stages, "micro-batches, which interleaving needs", whole / (batch * data))
    if np.any(tensor > 1):
        entries = np.where(tensor > 1, np.ceil(entries / (PADDING * tensor)) * PADDING * tensor, entries)
    embedding = np.zeros(()) if hidden is None else entries * count("hidden", hidden)
    # Input and output embedding, unless the model is too small to hold both apart: then they share one.
    unquantised = np.where(2.0 * embedding <= total / 2.0, 2.0 * embedding, np.minimum(embedding, total))
    states = training_states(
        total, precision, optimizer, data, tensor * stages, zero_stage, gradients_fp32, method, adapter_parameters,
        also_trained_parameters, unquantised,
    )  # fmt: skip

    several = data * tensor * stages > 1
    reserve = [context + np.where(several, nccl, 0.0) for context, nccl in zip(CONTEXT_BYTES, NCCL_BYTES, strict=True)]
    piped = bool(np.any(stages > 1))
    edge: Floats = np.zeros(())
    if piped and np.any(embedding > 0):
        # Bytes of one embedding's parameter are those of a model that is nothing else.
        one = training_states(
            1.0, precision, optimizer, data, 1, zero_stage, gradients_fp32, method, unquantised_parameters=1.0
        )
        beyond = np.where(stages > 1, np.minimum(embedding, unquantised) - unquantised / stages, 0.0)
        edge = (one.weights + one.gradients + one.optimizer_states) * beyond / tensor

    def stage(activations: Floats, again: Floats, logits: Floats, gathered: Floats) -> TrainingMemory:
        moving = activations + again + logits + gathered
        wasted = [share * moving for share in FRAGMENTATION]
        parts = (
            states.weights, states.gradients, states.optimizer_states, states.adapters, edge, activations, again,
            logits, gathered, *reserve, *wasted,
        )  # fmt: skip
        return TrainingMemory(*np.broadcast_arrays(*parts))

    zero = np.zeros(())
    if activation_bytes_per_sample is not None:
        if not np.all(is_word("recompute", recompute, "none", RECOMPUTES)):
            raise ValueError("recompute needs the shape of a transformer; activation_bytes_per_sample has none")
        return stage(positive("activation_bytes_per_sample", activation_bytes_per_sample) * batch, zero, zero, zero)
    if layers is None or hidden is None or sequence_length is None:
        raise ValueError("layers, hidden and sequence_length are needed, or activation_bytes_per_sample")
    if heads is not None:
        divides("tensor_parallel", tensor, "heads", count("heads", heads))
    depth, tokens = count("layers", layers), count("sequence_length", sequence_length)
    shape = (batch, tokens, hidden, heads, feed_forward, gated, precision, attention)
    kept = layer_bytes(*shape, recompute, tensor, sequence_parallel)
    again: Floats = zero
    if not is_word("recompute", recompute, "none", RECOMPUTES).all():
        again = layer_bytes(*shape, "none", tensor, sequence_parallel) - kept
    each = np.where(element == 2.0, LOGIT_BYTES[loss_fp32][2.0], LOGIT_BYTES[loss_fp32][4.0])
    logits = each * entries * batch * tokens / tensor
    layer = np.maximum(total - unquantised, 0.0) / depth
    sharded = (np.asarray(zero_stage, float) == 3) & (data > 1)
    gathered = np.where(sharded, element * (2.0 * layer + embedding) / tensor, 0.0)

    at_loss = np.where(again > logits, 0.0, logits)
    last = stage(
        layers_held(depth, stages, interleave, True) * kept, np.where(at_loss > 0, 0.0, again), at_loss, gathered
    )
    if not piped:
        return last
    alone = stages == 1
    first = stage(
        layers_held(depth, stages, interleave) * kept,
        np.where(alone & (at_loss > 0), 0.0, again),
        np.where(alone, at_loss, 0.0),
        gathered,
    )
    return heavier_end(first, last)


def verdict(memory: TrainingMemory, usable_bytes: ArrayLike) -> NDArray[np.str_]:
    """Says ``fits``, ``tight`` or ``does not fit`` for each device with ``usable_bytes``; arrays broadcast together.

    It fits if even the high end of the range does; it is tight if the expected bytes do; else it does not. ``not
    known`` where bytes or room are nan.
    """
    room = positive("usable_bytes", usable_bytes)
    said = np.where(memory.total_high <= room, "fits", np.where(memory.total <= room, "tight", "does not fit"))
    return np.where(np.isnan(memory.total_high) | np.isnan(room), "not known", said)


def largest_micro_batch(at_one: TrainingMemory, usable_bytes: ArrayLike, high: bool = False) -> NDArray[np.int64]:
    """The largest micro-batch whose expected (``high``: high end) bytes are held; 0 where not even one is.

    ``at_one`` is the memory at micro-batch 1. What comes and goes, but for gathered weights, grows in proportion
    with the micro-batch, so the answer is closed: floor((usable - fixed) / bytes a sample). Both ends of a pipeline
    must hold it. Raises InvalidInput where bytes or room are not known (nan) or have no end: no whole number says so.
    """
    if at_one.other_end is not None:
        ends = (replace(at_one, other_end=None), at_one.other_end)
        return np.minimum(*(largest_micro_batch(end, usable_bytes, high) for end in ends))
    share = 1.0 + FRAGMENTATION[2 if high else 1]
    a_sample = (at_one.moving - at_one.gathered_weights) * share
    fixed = finite("bytes at micro-batch 1", at_one.total_high if high else at_one.total) - a_sample
    room = finite("usable_bytes", positive("usable_bytes", usable_bytes)) - fixed
    # A hair of slack, so that a batch which fills the memory to the byte is not lost to rounding.
    most = np.floor(np.divide(room, a_sample) * (1.0 + 1e-12))
    return np.maximum(most, 0.0).astype(np.int64)


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
    element = chosen("precision", precision, ELEMENT_BYTES)
    each = 2.0 * element + chosen("precision", precision, MASTER_BYTES) + chosen("optimizer", optimizer, MOMENT_BYTES)
    shards = np.maximum(positive("devices", devices), 1.0)
    states = each * positive("parameters", parameters)
    if sequence_length is None or hidden is None or layers is None:
        return states / shards
    per_token = positive("sequence_length", sequence_length) * positive("hidden", hidden)
    activations = element / 2.0 * per_token * (2.0 * positive("layers", layers) + 34.0)
    return (states + activations) / shards
