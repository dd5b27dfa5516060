"""Reads what the measured rows say of method, sharding and recomputation as arguments of the memory model.

The rules are of the projects that measured, not of single rows; each says where it is from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.models.memory_states import adapter_parameters

#: Rank of the adapters in the scripts that measured, on all matrices of a layer: finetune.py of github.com/QwenLM/Qwen
#: (lora_r 64) and run_clm.py of the SageMaker sample (64).
SCRIPT_RANK = 64


@dataclass(frozen=True)
class Case:
    """Arguments of models.memory.training_memory, and whether the figure counts the framework's reserve."""

    arguments: dict[str, Any]
    counts_reserve: bool


def case_of(row: pd.Series[Any], shapes: pd.DataFrame) -> Case:
    """One measured row as a case. ``shapes`` is reference/model_shapes by model.

    Raises NotKnown for a model without a shape, InvalidInput for words that no rule reads.
    """
    if row["model"] not in shapes.index:
        raise NotKnown([unknown("model", row["model"], shapes.index, "model with a known shape")])
    shape = shapes.loc[row["model"]]
    method, sharding = str(row["method"]), "" if pd.isna(row["sharding"]) else str(row["sharding"])
    devices = int(row["devices"])
    stage, data, context = _sharding(sharding, devices, row)
    tokens, rest = divmod(int(row["sequence_length"]), context)
    if rest:
        raise InvalidInput([Fault("sequence_length", row["sequence_length"], f"is not divided by CP {context}")])
    # Qwen's scripts for Q-LoRA run DeepSpeed's fp16 engine, which casts nothing back to fp32 (finetune/README: "if you
    # use fp16, you should use deepspeed"); all others run under autocast or convert the logits for the loss.
    quantised = "qlora" in method.lower().replace("-", "")
    is_lora = "lora" in method.lower()
    arguments: dict[str, Any] = {
        "parameters": float(shape["parameters"]),
        "micro_batch": int(row["micro_batch"]),
        "layers": int(shape["layers"]),
        "hidden": int(shape["hidden"]),
        "heads": int(shape["heads"]),
        "sequence_length": tokens,
        "vocabulary": int(shape["vocabulary"]),
        "feed_forward": int(shape["feed_forward"]),
        "gated": bool(shape["gated"]),
        "precision": _precision(str(row["precision"])),
        "attention": "flash",
        "recompute": _recompute(row["recompute"]),
        "zero_stage": stage,
        "data_parallel": data,
        "tensor_parallel": _degree("TP", sharding),
        "method": "qlora" if quantised else "lora" if is_lora else "full",
        "loss_fp32": not (quantised and row["set"].startswith("Qwen")),
    }
    if is_lora:
        arguments["adapter_parameters"] = float(
            adapter_parameters(
                SCRIPT_RANK, shape["layers"], shape["hidden"], shape["feed_forward"], bool(shape["gated"])
            )
        )
    if "(emb)" in method:
        # modules_to_save: wte and lm_head.
        arguments["also_trained_parameters"] = 2.0 * float(shape["vocabulary"]) * float(shape["hidden"])
    # torchtitan logs what PyTorch's allocator holds, without the CUDA context and NCCL.
    return Case(arguments, counts_reserve=row["set"] != "torchtitan")


def _sharding(text: str, devices: int, row: pd.Series[Any]) -> tuple[int, int, int]:
    """ZeRO stage, devices of data parallelism (context parallelism shards with it) and of context parallelism."""
    context = _degree("CP", text)
    stage = re.search(r"ZeRO-(\d)", text)
    if stage:
        return int(stage[1]), devices, 1
    if "FSDP" in text:
        return 3, _degree("FSDP", text) * context, context
    if text and not text.startswith(("DDP", "none")):
        raise InvalidInput([Fault("sharding", row["sharding"], "is not read: ZeRO-n, FSDPn, CPn, TPn or DDP")])
    return 0, devices, 1


def _degree(name: str, text: str) -> int:
    found = re.search(rf"\b{name}\s?(\d+)", text)
    return int(found[1]) if found else 1


def _precision(text: str) -> str:
    for name in ("fp8", "bf16", "fp16", "fp32", "tf32"):
        if name in text:
            return name
    # "nf4/int4 base" says how the weights are held; the arithmetic beside them is in 16 bits.
    if "nf4" in text or "int4" in text:
        return "fp16"
    raise InvalidInput([unknown("precision", text, ("fp8", "bf16", "fp16", "fp32", "tf32", "nf4"), "precision")])


def _recompute(text: Any) -> str:
    words = "" if pd.isna(text) else str(text)
    if words.startswith(("yes", "full")):
        return "full"
    if words.startswith("selective"):
        return "selective"
    if words in ("", "no", "none"):
        return "none"
    raise InvalidInput([unknown("recompute", text, ("yes", "full", "selective", "none"), "recomputation")])
