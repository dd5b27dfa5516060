"""The controls of the memory page as plain data, and which of them a fault stands beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costlib.errors import Fault
from costlib.panels.controls import Control, beside, text_of, value_at
from costlib.workload import ATTENTIONS, METHODS, OPTIMIZERS, PRECISIONS, RECOMPUTES, Workload

#: Controls that are no keys of a workload.
DATA_PARALLEL, ACCELERATOR = "data_parallel", "accelerator"
#: Only asked for where adapters are trained.
ADAPTER_KEYS = ("fit.lora_rank", "fit.lora_modules")

SECTIONS: dict[str, tuple[Control, ...]] = {
    "Model": (
        Control("model.parameters", "Parameters (count)", "All weights, for example 7e9"),
        Control("model.layers", "Layers (count)", "Transformer blocks"),
        Control("model.hidden", "Hidden size (width)", "Width of the residual stream"),
        Control("model.heads", "Attention heads (count)", "Must divide the hidden size"),
        Control("model.sequence_length", "Sequence length (tokens)", "Context of one training sample"),
        Control("model.vocabulary", "Vocabulary (tokens)", "Entries of the tokenizer: logits and embeddings"),
        Control("fit.feed_forward", "Feed-forward (width)", "Empty: four times the hidden size"),
        Control("fit.gated", "Feed-forward's matrices", "Gated ones, such as SwiGLU, have three", "choice",
                ("False", "True")),
        Control("fit.activation_gib_per_sample", "Activations of a sample (GiB)",
                "For CNNs and other networks: measure peak memory at two batch sizes; the difference a sample. It"
                " stands for the shape"),
    ),
    "Training": (
        Control("precision", "Precision", "Number format of the arithmetic", "choice", PRECISIONS),
        Control("optimizer", "Optimizer", "Decides how much memory the states need", "choice", OPTIMIZERS),
        Control("fit.method", "Training", "All weights, or adapters on frozen ones (QLoRA: on 4-bit ones)", "choice",
                METHODS),
        Control("fit.lora_rank", "Rank of the adapters (count)", "For example 8 or 16"),
        Control("fit.lora_modules", "Adapters on", "Matrices that get one", "choice", ("all", "attention")),
        Control("fit.attention", "Attention", "flash does not keep the scores", "choice", ATTENTIONS),
        Control("fit.recompute", "Recompute activations", "Less memory, more time: full adds a third", "choice",
                RECOMPUTES),
        Control("fit.micro_batch", "Micro-batch (sequences or samples)", "On one accelerator at a time; empty: 1"),
        Control("fit.global_batch", "Global batch (sequences or samples)",
                "One optimizer step over all accelerators; empty: not held to"),
    ),
    "Spread over accelerators": (
        Control("fit.zero_stage", "ZeRO stage", "Shards over data-parallel replicas: 1 optimizer states, 2 gradients"
                " too, 3 weights too (FSDP's full shard)", "choice", ("0", "1", "2", "3")),
        Control(DATA_PARALLEL, "Data parallel (replicas)", "Copies of the model, each on its share of the batch"),
        Control("fit.tensor_parallel", "Tensor parallel (accelerators)", "Must divide the heads"),
        Control("fit.pipeline_parallel", "Pipeline parallel (stages)", "Must divide the layers"),
    ),
    "Bought as": (
        Control("work.tokens", "Training tokens (count)", "For the dollars of a run"),
        Control("dataset.home_region", "Region", "Where the accelerators are bought, on demand", "name", ("regions",)),
        Control("search.max_instances", "At most (instances)", "How many a change may take, 1 to 512"),
        Control(ACCELERATOR, "Look closely at", "One accelerator: told above, and marked in the charts", "choice"),
    ),
}  # fmt: skip

CONTROLS = {control.key: control for controls in SECTIONS.values() for control in controls}
_NAMES = {
    "fit.gated": {"False": "two", "True": "three (gated)"},
    "fit.method": {"full": "all weights", "lora": "LoRA adapters", "qlora": "QLoRA adapters"},
    "optimizer": {"adam": "Adam", "sgd": "SGD", "adam_8bit": "8-bit Adam", "adafactor": "Adafactor"},
}


def option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return _NAMES.get(key, {}).get(option, option)


def values_of(workload: Workload, data_parallel: int, accelerator: str) -> dict[str, str]:
    """What each control shows."""
    content = workload.to_mapping()
    values = {key: text_of(value_at(content, key)) for key in CONTROLS}
    return {
        **values,
        "precision": workload.precision[0],
        DATA_PARALLEL: text_of(data_parallel),
        ACCELERATOR: accelerator,
    }


def changes_of(values: Mapping[str, str]) -> dict[str, Any]:
    """What the controls say, by dotted key of the workload; None where one is empty. Workload checks them."""
    changes: dict[str, Any] = {}
    for key, control in CONTROLS.items():
        if key in (DATA_PARALLEL, ACCELERATOR):
            continue
        text = values[key].strip()
        if key in ADAPTER_KEYS and values["fit.method"] == "full":
            text = ""
        changes[key] = (text.replace(" ", "") if control.kind == "number" else text) or None
    return changes


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    return beside(fault, CONTROLS)
