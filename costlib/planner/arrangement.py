"""How a run is laid out on its accelerators, and the memory that this takes; what the user leaves open is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault
from costlib.models.activations import recompute_extra_fraction
from costlib.models.choices import Words
from costlib.models.memory import CONTEXT_BYTES, TrainingMemory, minimum_training_memory_bytes, training_memory
from costlib.models.memory_states import adapter_parameters
from costlib.units import gib_to_bytes
from costlib.workload import Fit, Workload

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEANEST = (
    "weights, gradients and optimizer states, fully sharded, with micro-batch 1 and full recomputation, and the CUDA"
    " context exceed the accelerators' memory"
)
AS_GIVEN = "the layout of fit, with what it leaves open at its leanest, exceeds the accelerators' memory"

#: Parameters over what the shape makes. Models whose heads share keys and values hold less (Llama 2 70B: 0.89 times),
#: those with a wide feed-forward that is not given hold more (Gemma 7B, gated, 8 hidden wide: 2.2 times).
SHAPE_RANGE = (0.5, 2.5)
NOT_SPREAD = (
    "tensor times pipeline parallelism does not divide the number of accelerators, tensor parallelism does not divide"
    " those of one instance (it is not spread over more), or the micro-batches of all do not divide fit.global_batch"
)


@dataclass(frozen=True)
class Layout:
    """One choice for each thing that a layout decides; words or columns of them, numbers or columns."""

    precision: Words
    optimizer: Words
    recompute: Words
    zero_stage: Any
    micro_batch: Any


def memory_of(workload: Workload, devices: npt.ArrayLike, layout: Layout) -> TrainingMemory:
    """Memory of the run on ``devices`` accelerators laid out so; arrays broadcast together.

    ``devices`` must be multiples of tensor times pipeline parallelism (``spreads`` says which are). Raises ValueError
    where the model has neither a shape nor measured activations.
    """
    fit, model = workload.fit or Fit(), workload.model
    each = fit.activation_gib_per_sample
    width = fit.tensor_parallel * fit.pipeline_parallel
    adapters = 0.0
    if fit.lora_rank and model.layers and model.hidden:
        adapters = float(
            adapter_parameters(fit.lora_rank, model.layers, model.hidden, fit.feed_forward, fit.gated, fit.lora_modules)
        )
    return training_memory(
        model.parameters,
        layout.micro_batch,
        layers=model.layers,
        hidden=model.hidden,
        heads=model.heads,
        sequence_length=model.sequence_length,
        vocabulary=model.vocabulary or 0,
        feed_forward=fit.feed_forward,
        gated=fit.gated,
        activation_bytes_per_sample=None if each is None else gib_to_bytes(each),
        precision=layout.precision,
        optimizer=layout.optimizer,
        attention=fit.attention,
        recompute=layout.recompute,
        zero_stage=layout.zero_stage,
        data_parallel=np.asarray(devices, float) / width,
        tensor_parallel=fit.tensor_parallel,
        pipeline_parallel=fit.pipeline_parallel,
        sequence_parallel=fit.tensor_parallel > 1,
        method=fit.method,
        adapter_parameters=adapters,
    )


def shape_faults(workload: Workload) -> list[Fault]:
    """A fault where the parameters are not within SHAPE_RANGE of what the shape makes; none without a shape.

    layers x (4 hidden^2 + matrices x hidden x feed-forward) + vocabulary x hidden: two matrices of width 4 hidden, or
    what fit says of them; the vocabulary once, and nothing where it is not given.
    """
    model, fit = workload.model, workload.fit or Fit()
    if model.layers is None or model.hidden is None or fit.activation_gib_per_sample is not None:
        return []
    inner = (3 if fit.gated else 2) * (fit.feed_forward or 4 * model.hidden)
    made = model.layers * (4 * model.hidden + inner) * model.hidden + (model.vocabulary or 0) * model.hidden
    least, most = SHAPE_RANGE
    if least * made <= model.parameters <= most * made:
        return []
    problem = (
        f"is {model.parameters / made:.3g} times the {made:,} that the shape makes: layers x (4 hidden^2 + the matrices"
        f" of the feed-forward) + vocabulary x hidden; {least:g} to {most:g} times are taken"
    )
    return [Fault("model.parameters", model.parameters, problem)]


def spreads(workload: Workload, devices: npt.ArrayLike, micro_batch: npt.ArrayLike) -> Bools:
    """Where ``devices`` can be split as the run wants: into whole model replicas, and the global batch among them."""
    fit = workload.fit or Fit()
    width = fit.tensor_parallel * fit.pipeline_parallel
    count = np.asarray(devices, float)
    whole = (count >= width) & (np.mod(count, width) == 0)
    if fit.global_batch is None:
        return whole
    with np.errstate(divide="ignore", invalid="ignore"):
        return whole & (np.mod(fit.global_batch, np.asarray(micro_batch, float) * count / width) == 0)


def extra_fraction(workload: Workload, recompute: Words) -> Floats:
    """FLOPs that recomputation adds to the run, as a share; 0 without the shape, as nothing is recomputed then."""
    model = workload.model
    if model.layers is None or model.hidden is None or model.sequence_length is None:
        return np.zeros(())
    attention = (workload.fit or Fit()).attention
    return recompute_extra_fraction(
        model.sequence_length, model.hidden, model.layers, recompute, attention, model.vocabulary or 0
    )


def needed_bytes(
    workload: Workload, precision: str, devices: npt.ArrayLike, in_each: npt.ArrayLike | None = None
) -> Floats:
    """The least bytes per device with which the search lets a run pass; infinite where it cannot be spread.

    ``in_each``: devices of one instance, which tensor parallelism must divide; left out, it is not asked.

    Without ``fit`` the leanest ordinary layout (models.memory.minimum_training_memory_bytes) and the low end of the
    CUDA context. With it the layout that it asks for, at the expected bytes; what it leaves open is taken as lean as
    can be: full recomputation, stage 3, micro-batch 1.
    """
    model, fit = workload.model, workload.fit
    count = np.asarray(devices, float)
    if fit is None:
        return CONTEXT_BYTES[0] + minimum_training_memory_bytes(
            model.parameters,
            precision,
            count,
            optimizer=workload.optimizer,
            sequence_length=model.sequence_length,
            hidden=model.hidden,
            layers=model.layers,
            heads=model.heads,
            vocabulary=model.vocabulary,
        )
    micro_batch = fit.micro_batch or 1
    can = spreads(workload, np.maximum(count, 1.0), micro_batch)
    if in_each is not None:
        can = can & (np.mod(np.maximum(np.asarray(in_each, float), 1.0), fit.tensor_parallel) == 0)
    leanest = "none" if fit.activation_gib_per_sample else "full" if fit.recompute == "auto" else fit.recompute
    layout = Layout(
        precision, workload.optimizer, leanest, 3 if fit.zero_stage == "auto" else fit.zero_stage, micro_batch
    )
    width = fit.tensor_parallel * fit.pipeline_parallel
    memory = memory_of(workload, np.where(can, np.maximum(count, 1.0), width), layout)
    return np.where(can, memory.total, np.inf)
