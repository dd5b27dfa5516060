"""Bytes of what training keeps for every parameter: weights, gradients, optimizer states, adapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from costlib.models.checks import count, not_negative, positive
from costlib.models.choices import Floats, Words, chosen, is_word

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8")
OPTIMIZERS = ("adam", "sgd", "adam_8bit", "adafactor")
METHODS = ("full", "lora", "qlora")
#: Bytes of one number in the arithmetic of a precision. fp8 multiplies in 8 bits; its weights are held in more and cast
#: as they are used (float8_dynamic_linear.py, github.com/meta-pytorch/float8_experimental pull 193, which torchtitan's
#: float8 layers come from). That gradients and stored activations are of 16 bits is an assumption of ours.
ELEMENT_BYTES: Mapping[str, float] = MappingProxyType({"fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 2.0})
#: Bytes of fp32 master weights beside 16-bit ones (Micikevicius et al. 2018, arXiv 1710.03740); fp32 has none.
MASTER_BYTES: Mapping[str, float] = MappingProxyType({"fp32": 0.0, "tf32": 0.0, "fp16": 4.0, "bf16": 4.0, "fp8": 4.0})
#: Bytes per parameter of the optimizer's moments. Adam: two of fp32; SGD: one, momentum (Rajbhandari et al. 2020,
#: arXiv 1910.02054, section 3.1). 8-bit Adam: two of one byte (Dettmers et al. 2022, arXiv 2110.02861). Adafactor:
#: row and column sums, next to nothing (Shazeer & Stern 2018, arXiv 1804.04235).
MOMENT_BYTES: Mapping[str, float] = MappingProxyType({"adam": 8.0, "sgd": 4.0, "adam_8bit": 2.0, "adafactor": 0.0})
#: Bits of a quantised weight in QLoRA: 4, and 0.127 of constants quantised twice, 8 / 64 + 32 / (64 x 256) (Dettmers et
#: al. 2023, arXiv 2305.14314, section 3). What is not quantised (embeddings, output layer) is held in fp32, as PEFT's
#: prepare_model_for_kbit_training casts every 16-bit parameter that is no Params4bit (github.com/huggingface/peft,
#: src/peft/utils/other.py).
QLORA_BYTES = (4.0 + 0.127) / 8.0
QLORA_UNQUANTISED_BYTES = 4.0
#: LoRA adapters are held in fp32 beside a 16-bit base, as PEFT casts them by default (autocast_adapter_dtype of
#: get_peft_model): weight, gradient (4 + 4), then the optimizer's moments.
ADAPTER_WEIGHT_BYTES, ADAPTER_GRADIENT_BYTES = 4.0, 4.0
#: Layers trained in whole beside LoRA (PEFT's modules_to_save): 16-bit copies without master weights, an assumption of
#: ours for a 16-bit base, which the measured rows of Qwen with trained embeddings meet (reference/memory_measured):
#: copy, gradient, two moments of the same width, and the temporaries of AdamW's foreach implementation ("~
#: sizeof(params) more peak memory than the for-loop version", torch/optim/optimizer.py), 2 bytes each.
ALSO_TRAINED_BYTES = 10.0


@dataclass(frozen=True)
class States:
    """Bytes per device of the model's states; scalars or arrays that broadcast together."""

    weights: Floats
    gradients: Floats
    optimizer_states: Floats
    adapters: Floats


def training_states(
    parameters: ArrayLike,
    precision: Words,
    optimizer: Words = "adam",
    data_parallel: ArrayLike = 1,
    model_parallel: ArrayLike = 1,
    zero_stage: ArrayLike = 0,
    gradients_fp32: bool = False,
    method: Words = "full",
    adapter_parameters: ArrayLike = 0.0,
    also_trained_parameters: ArrayLike = 0.0,
    unquantised_parameters: ArrayLike = 0.0,
) -> States:
    """Bytes per device of weights, gradients, optimizer states and adapters; arrays broadcast together.

    full: weights w N, gradients g N, optimizer (master + moments) N over ``model_parallel`` (tensor times pipeline)
    devices; w and g are 2 bytes in fp16, bf16 and fp8, 4 in fp32 and tf32. ZeRO divides by ``data_parallel`` the
    optimizer states from stage 1, the gradients from 2, the weights from 3, which is FSDP's full shard (Rajbhandari
    et al. 2020, arXiv 1910.02054, sections 5 and 7.1). ``gradients_fp32``: 4-byte gradients, as Megatron-LM keeps
    with bf16 (18 bytes a parameter in all).
    lora, qlora: the N weights are frozen, without gradients or states; ``adapter_parameters`` train in fp32, sharded
    in the same way; ``also_trained_parameters`` train in 16 bits beside them. qlora: 4-bit weights, but for
    ``unquantised_parameters`` in fp32.
    Raises ValueError for unknown words, stages other than 0 to 3, and numbers that are not positive.
    """
    stage = np.asarray(zero_stage, float)
    if not np.all(np.isin(stage, (0, 1, 2, 3))):
        raise ValueError("zero_stage must be 0, 1, 2 or 3")
    shards = count("data_parallel", data_parallel)
    by_stage = [np.where(stage >= least, shards, 1.0) for least in (1, 2, 3)]
    total = positive("parameters", parameters)
    parts = count("model_parallel", model_parallel)
    element = chosen("precision", precision, ELEMENT_BYTES)
    moments = chosen("optimizer", optimizer, MOMENT_BYTES)
    master = chosen("precision", precision, MASTER_BYTES)
    held = total / parts
    full = is_word("method", method, "full", METHODS)
    gradient = np.maximum(element, 4.0) if gradients_fp32 else element
    if full.all():
        zero = np.zeros(())
        return States(
            element * held / by_stage[2], gradient * held / by_stage[1], (master + moments) * held / by_stage[0], zero
        )
    quantised = is_word("method", method, "qlora", METHODS)
    unquantised = np.minimum(not_negative("unquantised_parameters", unquantised_parameters), total)
    four_bit = QLORA_BYTES * (total - unquantised) + QLORA_UNQUANTISED_BYTES * unquantised
    weights = np.where(quantised, four_bit, element * total) / parts / by_stage[2]
    adapter = (
        ADAPTER_WEIGHT_BYTES / by_stage[2] + ADAPTER_GRADIENT_BYTES / by_stage[1] + moments / by_stage[0]
    ) * not_negative("adapter_parameters", adapter_parameters)
    also = ALSO_TRAINED_BYTES / by_stage[1] * not_negative("also_trained_parameters", also_trained_parameters)
    return States(
        weights,
        np.where(full, gradient * held / by_stage[1], 0.0),
        np.where(full, (master + moments) * held / by_stage[0], 0.0),
        np.where(full, 0.0, (adapter + also) / parts),
    )


def adapter_parameters(
    rank: ArrayLike,
    layers: ArrayLike,
    hidden: ArrayLike,
    feed_forward: ArrayLike | None = None,
    gated: bool = False,
    modules: str = "all",
) -> Floats:
    """Parameters of LoRA adapters: ``rank`` (in + out) for each matrix that gets one; scalars or arrays.

    ``modules``: ``attention`` (query, key, value and output, all h x h: 8 h r a layer) or ``all`` (the feed-forward's
    two matrices, three if ``gated``, too). ``feed_forward`` is its width, by default 4 h. Keys and values shared by
    heads make it smaller. Hu et al. 2021, arXiv 2106.09685, section 4.1. Raises ValueError.
    """
    if modules not in ("attention", "all"):
        raise ValueError(f"modules {modules!r} is not one of attention, all")
    width = count("hidden", hidden)
    inner = 4.0 * width if feed_forward is None else count("feed_forward", feed_forward)
    a_layer = 8.0 * width + ((3.0 if gated else 2.0) * (width + inner) if modules == "all" else 0.0)
    return count("rank", rank) * count("layers", layers) * a_layer


def zero_estimator_bytes(
    parameters: ArrayLike,
    devices: ArrayLike,
    zero_stage: int,
    offload: str = "none",
    largest_layer_parameters: ArrayLike = 0.0,
) -> Floats:
    """Bytes per GPU of model states by DeepSpeed's own estimator, mixed Adam, for comparison with it; arrays broadcast.

    Stage 2: 4 N + 16 N / d; with the ``optimizer`` offloaded 2 N. Stage 3: 18 N / d and 4 bytes of each parameter of
    the largest layer; optimizer offloaded 2 N / d and that layer; ``optimizer_and_parameters`` that layer alone. It
    counts more than ZeRO's paper: fp32 gradients, too. Source: github.com/deepspeedai/DeepSpeed@edaa722
    docs/code-docs/source/memory.rst. Raises ValueError for stages other than 2 and 3 and for unknown offloads.
    """
    total, shards = positive("parameters", parameters), count("devices", devices)
    layer = 4.0 * not_negative("largest_layer_parameters", largest_layer_parameters)
    rules = {
        (2, "none"): 4.0 * total + 16.0 * total / shards,
        (2, "optimizer"): 2.0 * total + 0.0 * shards,
        (3, "none"): 18.0 * total / shards + layer,
        (3, "optimizer"): 2.0 * total / shards + layer,
        (3, "optimizer_and_parameters"): layer + 0.0 * total / shards,
    }
    if (zero_stage, offload) not in rules:
        raise ValueError(f"zero_stage {zero_stage} with offload {offload!r} has no rule; known: {list(rules)}")
    return rules[zero_stage, offload]


#: Bytes of weights and gradients, and of optimizer states, in Megatron-LM by precision
#: (github.com/NVIDIA/Megatron-LM@d98e8a6, docs of the distributed optimizer, which shards the latter).
MEGATRON_BYTES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"fp16": (4.0, 16.0), "bf16": (6.0, 12.0), "fp32": (8.0, 8.0)}
)


def megatron_bytes_per_parameter(precision: str, data_parallel: ArrayLike = 1) -> Floats:
    """Bytes a parameter in Megatron-LM, its distributed optimizer over ``data_parallel`` devices; raises ValueError."""
    if precision not in MEGATRON_BYTES:
        raise ValueError(f"precision {precision!r} is not one of {', '.join(MEGATRON_BYTES)}")
    kept, sharded = MEGATRON_BYTES[precision]
    return kept + sharded / count("data_parallel", data_parallel)
