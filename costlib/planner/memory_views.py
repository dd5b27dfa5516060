"""One layout's memory as tables: by component, after each change that could shrink it, and against the sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from costlib.models.activations import ATTENTIONS, RECOMPUTES
from costlib.models.memory import COMPONENTS, TrainingMemory
from costlib.models.memory_states import ELEMENT_BYTES
from costlib.planner.arrangement import Layout, memory_of
from costlib.workload import PRECISIONS, Fit, Workload

ASKED = "as asked"
ALL_CHANGES = "all of these at once"
#: Bytes per device in the order in which they are stacked: what stays, what comes and goes, what is lost.
PARTS = (*COMPONENTS, "framework_reserve", "fragmentation")


def by_change(workload: Workload, data_parallel: int) -> pd.DataFrame:
    """Bytes per device as asked, after each single change that keeps model and devices, and after all of them.

    Columns: change; one of expected bytes for each of PARTS; low, expected, high (bytes). What ``workload.fit`` leaves
    open is at its plainest: no recomputation, no sharding, micro-batch 1, the first listed precision. All of them means
    the strongest of each kind. Raises ValueError where the layout is impossible (models.memory).
    """
    asked = _plainest(workload)
    changes = _changes(workload, asked, data_parallel)
    if len(changes) > 1:
        together = {key: value for changed in changes.values() for key, value in changed.items()}
        changes[ALL_CHANGES] = together
    table = pd.DataFrame([asked, *({**asked, **changed} for changed in changes.values())])
    memory = _memory(workload, _devices(workload, data_parallel), table)
    return pd.DataFrame({"change": [ASKED, *changes], **_bytes(memory)})


def by_precision(workload: Workload, data_parallel: int) -> pd.DataFrame:
    """Bytes per device of the asked layout in each of PRECISIONS; columns: precision, then as by_change.

    Raises ValueError where the layout is impossible, or neither shape nor measured activations are known.
    """
    table = pd.DataFrame([{**_plainest(workload), "precision": name} for name in PRECISIONS])
    memory = _memory(workload, _devices(workload, data_parallel), table)
    return pd.DataFrame({"precision": list(PRECISIONS), **_bytes(memory)})


def by_sequence(workload: Workload, data_parallel: int, lengths: Sequence[int]) -> pd.DataFrame:
    """Bytes per device of the asked layout for each attention and each of ``lengths`` (tokens).

    Columns: attention, sequence_length; PARTS; low, expected, high (bytes). Without ``model.heads`` standard attention
    is left out, since its scores cannot be counted; empty where measured activations stand for the shape.
    """
    if (workload.fit or Fit()).activation_gib_per_sample is not None:
        return pd.DataFrame(columns=["attention", "sequence_length", *PARTS, "low", "expected", "high"])
    words = [word for word in ATTENTIONS if word != "standard" or workload.model.heads is not None]
    attention = np.repeat(np.array(words), len(lengths))
    tokens = np.tile(np.array(lengths, dtype=np.int64), len(words))
    table = pd.DataFrame([_plainest(workload)] * len(tokens)).assign(attention=attention)
    # The models run on columns; the description of a run holds one number, which a column stands in for here.
    stretched = workload.model_copy(update={"model": workload.model.model_copy(update={"sequence_length": tokens})})
    memory = _memory(stretched, _devices(workload, data_parallel), table)
    return pd.DataFrame({"attention": attention, "sequence_length": tokens, **_bytes(memory)})


def _plainest(workload: Workload) -> dict[str, Any]:
    """What the layout asks for, with what it leaves open at its plainest."""
    fit = workload.fit or Fit()
    return {
        "precision": workload.precision[0],
        "optimizer": workload.optimizer,
        "attention": fit.attention,
        "recompute": "none" if fit.recompute == "auto" else fit.recompute,
        "zero_stage": 0 if fit.zero_stage == "auto" else fit.zero_stage,
        "micro_batch": fit.micro_batch or 1,
    }


def _changes(workload: Workload, asked: dict[str, Any], data_parallel: int) -> dict[str, dict[str, Any]]:
    """The single changes that could shrink it, mildest first; of one kind the later one is the stronger."""
    fit = workload.fit or Fit()
    made: dict[str, dict[str, Any]] = {}
    if asked["micro_batch"] > 1:
        made["micro-batch 1"] = {"micro_batch": 1}
    if ELEMENT_BYTES[asked["precision"]] > 2:
        made["precision bf16"] = {"precision": "bf16"}
    if fit.activation_gib_per_sample is None:
        if asked["attention"] == "standard":
            made["flash attention"] = {"attention": "flash"}
        for mode in RECOMPUTES[RECOMPUTES.index(asked["recompute"]) + 1 :]:
            made[f"recompute {mode}"] = {"recompute": mode}
    if asked["optimizer"] == "adam":
        made["8-bit optimizer"] = {"optimizer": "adam_8bit"}
    for stage in range(asked["zero_stage"] + 1, 4 if data_parallel > 1 else 0):
        made[f"ZeRO stage {stage}"] = {"zero_stage": stage}
    return made


def _devices(workload: Workload, data_parallel: int) -> int:
    fit = workload.fit or Fit()
    return data_parallel * fit.tensor_parallel * fit.pipeline_parallel


def _memory(workload: Workload, devices: int, table: pd.DataFrame) -> TrainingMemory:
    words = {name: table[name].to_numpy(str) for name in ("precision", "optimizer", "recompute")}
    layout = Layout(zero_stage=table["zero_stage"].to_numpy(), micro_batch=table["micro_batch"].to_numpy(), **words)
    attention = table["attention"].to_numpy(str)
    with_words = (workload.fit or Fit()).model_copy(update={"attention": attention})
    return memory_of(workload.model_copy(update={"fit": with_words}), devices, layout)


def _bytes(memory: TrainingMemory) -> dict[str, Any]:
    return {**memory.by_component(), "low": memory.total_low, "expected": memory.total, "high": memory.total_high}
