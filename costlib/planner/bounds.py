"""What a model's step is bound by on every accelerator, from its shape: the roofline joined with the data sheets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.memory import minimum_training_memory_bytes
from costlib.models.roofline import (
    BOUNDS,
    attainable_tflops,
    bound_by,
    ridge_flops_per_byte,
    transformer_step_bytes,
    transformer_step_flops,
)
from costlib.planner.sources import Sources
from costlib.units import gib_to_bytes
from costlib.workload import PRECISIONS, Workload

#: Bytes of one weight, gradient or activation while it is worked on; fp8 keeps most of them in 16 bit.
BYTES_PER_VALUE = {"fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 2.0}
RULE = (
    "roofline (Williams et al. 2009) with the least bytes that a step must move, dense peaks and data-sheet bandwidth:"
    " what it calls bound by memory is; what it calls bound by compute may still wait for memory"
)


def accelerator_bounds(
    workload: Workload,
    sources: Sources,
    precision: str,
    micro_batch: int = 1,
    devices: int = 1,
    accumulation_steps: int = 1,
    samples_per_second_input: float | None = None,
) -> pd.DataFrame:
    """One row an accelerator that has the precision: intensity, ridge point, seconds of each limit, and which binds.

    ``micro_batch``: sequences at once on each of ``devices``, over which weights and states are sharded (capacity
    only). ``samples_per_second_input``: sequences that the loader can feed to one device; not given: no such limit.
    Columns: accelerator, intensity_flops_per_byte, ridge_flops_per_byte, attainable_tflops, compute_seconds,
    memory_seconds, input_seconds, fits, bound (of models.roofline.BOUNDS), idle_fraction, basis, rule, source. Raises
    InvalidInput for a workload without its shape, and for numbers that cannot be, all at once.
    """
    model = workload.model
    counts = {"micro_batch": micro_batch, "devices": devices, "accumulation_steps": accumulation_steps}
    faults = [
        Fault(f"model.{name}", None, "is needed for the bytes that a step moves")
        for name in ("layers", "hidden", "sequence_length")
        if getattr(model, name) is None
    ]
    faults += [Fault(name, value, "must be at least 1") for name, value in counts.items() if value < 1]
    if samples_per_second_input is not None and not samples_per_second_input > 0:
        faults.append(Fault("samples_per_second_input", samples_per_second_input, "must be above 0"))
    if precision not in PRECISIONS:
        faults.append(unknown("precision", precision, PRECISIONS, "precision"))
    if faults:
        raise InvalidInput(faults)
    assert model.layers is not None and model.hidden is not None and model.sequence_length is not None
    parts = sources.hardware.accelerators
    parts = parts[parts[f"{precision}_tflops"].notna() & parts["memory_bandwidth_gb_s"].notna()]
    peak, bandwidth = parts[f"{precision}_tflops"].to_numpy(float), parts["memory_bandwidth_gb_s"].to_numpy(float)
    tokens = float(micro_batch * model.sequence_length)
    flops = transformer_step_flops(model.parameters, tokens)
    moved = transformer_step_bytes(
        model.parameters, tokens, model.layers, model.hidden, BYTES_PER_VALUE[precision], accumulation_steps
    )
    needed = minimum_training_memory_bytes(
        model.parameters, precision, devices, workload.optimizer, model.sequence_length, model.hidden, model.layers
    )
    waiting = 0.0 if samples_per_second_input is None else micro_batch / samples_per_second_input
    room = gib_to_bytes((parts["usable_gib"] * parts["processes"]).to_numpy(float))
    found = bound_by(flops, moved, peak, bandwidth, needed, room, waiting)
    intensity = float(flops / moved)
    return pd.DataFrame(
        {
            "accelerator": parts.index.to_numpy(object),
            "intensity_flops_per_byte": intensity,
            "ridge_flops_per_byte": ridge_flops_per_byte(peak, bandwidth),
            "attainable_tflops": attainable_tflops(intensity, peak, bandwidth),
            "compute_seconds": found.compute_seconds,
            "memory_seconds": found.memory_seconds,
            "input_seconds": found.input_seconds,
            "fits": found.fits,
            "bound": np.array(BOUNDS, object)[found.bound],
            "idle_fraction": found.idle_fraction,
            "basis": "estimate",
            "rule": RULE,
            "source": parts["source"].to_numpy(object),
        }
    )
