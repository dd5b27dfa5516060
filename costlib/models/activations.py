"""Bytes of activations that a transformer keeps for its backward pass, and what recomputing them costs in FLOPs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from costlib.models.checks import count, divides, positive
from costlib.models.choices import Floats, Words, chosen, is_word
from costlib.models.memory_states import ELEMENT_BYTES

ATTENTIONS = ("standard", "flash")
RECOMPUTES = ("none", "selective", "full")
#: Elements of width h that a layer keeps for each token: inputs of two norms, of attention and of the feed-forward
#: (not split by tensor parallelism); queries, keys, values and the input of the output matrix (split). Two dropout
#: masks of one byte (not split). Korthikanti et al. 2022, section 4.1, with 34 = 2 x (4 + 4 + 2 x 4) + 2 at f = 4 h.
_WHOLE_ELEMENTS, _SPLIT_ELEMENTS, _MASK_BYTES = 4.0, 4.0, 2.0
#: Matrix products of attention: queries, keys, values, output.
_ATTENTION_OUTPUTS = 4.0


def layer_bytes(
    micro_batch: ArrayLike,
    sequence_length: ArrayLike,
    hidden: ArrayLike,
    heads: ArrayLike | None = None,
    feed_forward: ArrayLike | None = None,
    gated: bool = False,
    precision: Words = "bf16",
    attention: Words = "standard",
    recompute: Words = "none",
    tensor_parallel: ArrayLike = 1,
    sequence_parallel: bool = False,
) -> Floats:
    """Bytes per device that one layer keeps of a micro-batch; arrays broadcast together.

    In 16 bits, s tokens, b sequences, width h, a ``heads``, t devices of tensor parallelism, feed-forward width
    f = 4 h: s b h (10 + 24 / t + 5 a s / (h t)); with sequence parallelism all of it over t. ``flash`` attention does
    not keep the scores (5 a s / h); nor does ``selective`` recomputation, which is all that it does in the paper.
    ``full`` keeps the layer's input, 2 s b h. Korthikanti et al. 2022, arXiv 2205.05198, sections 4 and 5.
    Wider elements (fp32) double all but the one-byte dropout masks. ``feed_forward`` f keeps 2 elements of width f
    (input and output of the non-linearity), 4 if ``gated`` (both products, the gate's output, their product).
    ``flash`` with ``selective``: no scores are left to leave out; as PyTorch's selective checkpointing policies do,
    every second matrix product is kept, with attention's output and the layer's input (torchtitan,
    torchtitan/distributed/activation_checkpoint.py). Megatron-LM's selective mode with flash attention is ``none``.
    Raises ValueError if heads do not divide hidden, or are missing where scores are kept; if tensor parallelism does
    not divide hidden, the feed-forward or, with sequence parallelism, the sequence; unknown words; counts that are not
    whole.
    """
    width = count("hidden", hidden)
    tokens = count("micro_batch", micro_batch) * count("sequence_length", sequence_length)
    split = count("tensor_parallel", tensor_parallel)
    inner = 4.0 * width if feed_forward is None else count("feed_forward", feed_forward)
    divides("tensor_parallel", split, "feed_forward" if feed_forward is not None else "four times hidden", inner)
    divides("tensor_parallel", split, "hidden", width)
    if sequence_parallel:
        divides("tensor_parallel", split, "sequence_length", count("sequence_length", sequence_length))
    element = chosen("precision", precision, ELEMENT_BYTES)
    standard = is_word("attention", attention, "standard", ATTENTIONS)
    none = is_word("recompute", recompute, "none", RECOMPUTES)
    full = is_word("recompute", recompute, "full", RECOMPUTES)
    whole_split = split if sequence_parallel else 1.0

    whole = (_WHOLE_ELEMENTS * element + _MASK_BYTES) * width / whole_split
    inner_elements = 4.0 if gated else 2.0
    within = element * (_SPLIT_ELEMENTS * width + inner_elements * inner) / split
    kept = whole + within
    # Full recomputation keeps the input of the layer; every second product comes with that and attention's output.
    entry = element * width / whole_split
    products = _ATTENTION_OUTPUTS * width + (2.0 if gated else 1.0) * inner + width
    alternate = entry + element * (width + products / 2.0) / split
    per_token = np.where(full, entry, np.where(none | standard, kept, np.minimum(alternate, kept)))
    if np.any(standard & none):
        if heads is None:
            raise ValueError("heads are needed for standard attention, which keeps its scores")
        scores = (2.0 * element + 1.0) * count("heads", heads) * np.asarray(sequence_length, float) / split
        per_token = per_token + np.where(standard & none, scores, 0.0)
    if heads is not None:
        divides("heads", count("heads", heads), "hidden", width)
    return tokens * per_token


def layers_held(
    layers: ArrayLike, pipeline_parallel: ArrayLike = 1, interleave: ArrayLike = 1, last_stage: bool = False
) -> Floats:
    """Layers whose activations the first (or last) pipeline stage holds at its peak; arrays broadcast together.

    First: L without interleaving (1F1B: p micro-batches in flight, L / p layers each), L (1 + (p - 1) / (p m)) with m
    ``interleave`` > 1 parts of the model on each device (Korthikanti et al. 2022, arXiv 2205.05198, section 4.2.3).
    Last: one part of a micro-batch more than it runs forward before its first backward, which is none without
    interleaving: L / p; and (m - 1) p parts with it: L ((m - 1) p + 1) / (p m)
    (get_pp_rank_microbatches of Megatron-LM, megatron/core/pipeline_parallel/schedules.py). Stages between them hold
    less than the first. At least p micro-batches a step are assumed. Raises ValueError if p m does not divide the
    layers.
    """
    total, stages, parts = (
        count("layers", layers),
        count("pipeline_parallel", pipeline_parallel),
        count("interleave", interleave),
    )
    divides("pipeline_parallel times interleave", stages * parts, "layers", total)
    if last_stage:
        return total * ((parts - 1.0) * stages + 1.0) / (stages * parts)
    return total * np.where(parts > 1, 1.0 + (stages - 1.0) / (stages * parts), 1.0)


def recompute_extra_fraction(
    sequence_length: ArrayLike,
    hidden: ArrayLike,
    layers: ArrayLike,
    recompute: Words = "none",
    attention: Words = "standard",
    vocabulary: ArrayLike = 0,
) -> Floats:
    """FLOPs that recomputation adds, as a share of the model's FLOPs; arrays broadcast together.

    Model FLOPs of a step are 72 B L s h^2 (1 + s / (6 h) + v / (12 h L)); ``selective`` computes attention's scores
    once more: + s / (6 h); ``full`` does all layers' forward once more: 24 B L s h^2 (1 + s / (6 h)). Korthikanti et
    al. 2022, arXiv 2205.05198, appendix A. With ``flash`` attention ``selective`` computes half of the matrix
    products of the forward once more (activations.layer_bytes says which policy): + 1 / 6; the scores that flash
    attention itself computes again are not counted. Raises ValueError.
    """
    tokens, width = count("sequence_length", sequence_length), count("hidden", hidden)
    depth = count("layers", layers)
    standard = is_word("attention", attention, "standard", ATTENTIONS)
    scores = tokens / (6.0 * width)
    head = positive("vocabulary", np.where(np.asarray(vocabulary) == 0, 1.0, vocabulary)) / (12.0 * width * depth)
    model = 1.0 + scores + np.where(np.asarray(vocabulary) == 0, 0.0, head)
    extra = np.where(
        is_word("recompute", recompute, "full", RECOMPUTES),
        (1.0 + scores) / 3.0,
        np.where(is_word("recompute", recompute, "selective", RECOMPUTES), np.where(standard, scores, 1.0 / 6.0), 0.0),
    )
    return extra / model
