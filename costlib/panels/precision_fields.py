"""The controls of the precision page as plain data, and the way from what they say to numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costlib.errors import Fault
from costlib.facts.precision import MODEL_CLASSES
from costlib.panels.controls import Control, beside, number_of, text_of, value_at
from costlib.planner.roofline import StepInput
from costlib.units import BYTES_PER_MB
from costlib.workload import OPTIMIZERS, Workload

#: Controls that are no keys of a workload.
ONLY, MODEL_CLASS, BASE = "only_accelerator", "model_class", "base"
ACCELERATOR, PRECISION = "accelerator", "precision"
MICRO_BATCH, SAMPLE_BYTES, PREPARED, STORAGE = "micro_batch", "sample_bytes", "prepared_per_second", "storage_mb_s"
GPU, MEMORY, IO_WAIT, CPU = "gpu_percent", "memory_percent", "io_wait_percent", "cpu_percent"

RUN = (
    Control("model.parameters", "Parameters (count)", "All weights, for example 7e9"),
    Control("work.tokens", "Training tokens (count)", "How much the run trains on"),
    Control("optimizer", "Optimizer", "Decides how much memory the states need", "choice", OPTIMIZERS),
    Control("deadline_hours", "Deadline (hours)", "From start to finish; empty: none"),
    Control("search.max_instances", "At most (instances)", "How many a plan may take, 1 to 512"),
    Control(ONLY, "Plans may use", "All accelerators, or one only", "choice"),
    Control(MODEL_CLASS, "Speed-ups measured on", "Class of the models in the measured pairs", "choice", MODEL_CLASSES),
    Control(BASE, "Savings beside", "The format that the others' savings are counted from", "choice"),
)
STEP = (
    Control(ACCELERATOR, "Accelerator", "Its cheapest plan is looked at", "choice"),
    Control(PRECISION, "Precision", "Number format of the arithmetic", "choice"),
    Control(MICRO_BATCH, "Micro-batch (sequences)", "On one accelerator; empty: the largest power of two that fits"),
    Control(SAMPLE_BYTES, "Stored sequence (bytes)", "Empty: the dataset over the run's sequences"),
    Control(PREPARED, "One vCPU prepares (sequences/s)", "Decoding, tokenising, augmenting; empty: nothing to prepare"),
    Control(STORAGE, "Storage reads (MB/s)", "Of one instance; empty: S3 over its whole network"),
)  # fmt: skip
MONITOR = (
    Control(GPU, "GPU busy (%)", "Share of time with a kernel running, as nvidia-smi or CloudWatch shows it"),
    Control(MEMORY, "GPU memory used (%)", "Empty: not looked at"),
    Control(IO_WAIT, "CPU waits for I/O (%)", "iowait of top, vmstat or CloudWatch; empty: not looked at"),
    Control(CPU, "CPU busy (%)", "All vCPUs together; empty: not looked at"),
)
CONTROLS = {control.key: control for control in (*RUN, *STEP, *MONITOR)}
WORKLOAD_KEYS = tuple(control.key for control in RUN if control.key not in (ONLY, MODEL_CLASS, BASE))
#: Faults of planner.roofline by the control that they stand beside.
_SAYS = {"prepared_per_second_per_vcpu": PREPARED, "storage_bytes_per_second": STORAGE}
#: A run that is slowed by its storage, to begin with: typed over by the user's own.
DEFAULTS = {
    ONLY: "", MODEL_CLASS: "language", BASE: "", ACCELERATOR: "", PRECISION: "bf16", MICRO_BATCH: "", SAMPLE_BYTES: "",
    PREPARED: "", STORAGE: "", GPU: "55", MEMORY: "60", IO_WAIT: "25", CPU: "40",
}  # fmt: skip
PLACEHOLDERS = {
    "deadline_hours": "none",
    MICRO_BATCH: "the largest that fits",
    SAMPLE_BYTES: "of the dataset",
    PREPARED: "nothing to prepare",
    STORAGE: "S3 over the network",
}
_OPTIMIZER_NAMES = {"adam": "Adam", "sgd": "SGD", "adam_8bit": "8-bit Adam", "adafactor": "Adafactor"}


def option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return _OPTIMIZER_NAMES.get(option, option) if key == "optimizer" else option


def workload_values(workload: Workload) -> dict[str, str]:
    """What the controls of the run show."""
    content = workload.to_mapping()
    return {key: text_of(value_at(content, key)) for key in WORKLOAD_KEYS}


def workload_changes(values: Mapping[str, str]) -> dict[str, Any]:
    """What they say, by dotted key; None where one is empty. Workload checks them."""
    made: dict[str, Any] = {}
    for key in WORKLOAD_KEYS:
        text = values[key].strip()
        made[key] = (text.replace(" ", "") if CONTROLS[key].kind == "number" else text) or None
    return made


def step_input(values: Mapping[str, str], faults: list[Fault]) -> StepInput:
    """What the controls say of the input."""
    read = number_of(values, STORAGE, faults, after="%")
    return StepInput(
        number_of(values, SAMPLE_BYTES, faults, after="%"),
        number_of(values, PREPARED, faults, after="%"),
        None if read is None else read * BYTES_PER_MB,
    )


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    return beside(fault, CONTROLS, _SAYS)
