"""What one plan's training step is bound by: model, accelerator, memory and input joined under one roofline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.memory import largest_micro_batch
from costlib.models.memory_states import ELEMENT_BYTES
from costlib.models.roofline import (
    BOUNDS,
    attainable_tflops,
    bound_by,
    ridge_flops_per_byte,
    transformer_step_bytes,
    transformer_step_flops,
)
from costlib.planner.arrangement import memory_of
from costlib.planner.batch_memory import plain_layout
from costlib.planner.explain import plans
from costlib.planner.input_limits import Input, input_limits
from costlib.planner.plan import Band, Plan
from costlib.planner.search import Result
from costlib.planner.step_tokens import step_tokens
from costlib.units import FLOPS_PER_TFLOPS, SECONDS_PER_HOUR, gib_to_bytes
from costlib.workload import PRECISIONS, Fit, Workload

Floats = npt.NDArray[np.float64]
#: Micro-batches that are drawn: powers of two up to here, and the asked one.
MOST_SEQUENCES = 512


@dataclass(frozen=True)
class StepInput:
    """What the user says of a run's input; None: see ``given_input``, which says what stands for it."""

    sample_bytes: float | None = None
    prepared_per_second_per_vcpu: float | None = None
    storage_bytes_per_second: float | None = None


@dataclass(frozen=True)
class Roofline:
    """One plan under the roof of its accelerator; a step is one micro-batch on one accelerator.

    ``roofs``: a row for each precision of the hardware: precision, peak_tflops, reached_tflops (best measured matrix
    product; nan where none is known), ridge_flops_per_byte. ``steps``: a row for each micro-batch: micro_batch, tokens,
    flops, bytes, intensity_flops_per_byte, attainable_tflops, compute_seconds, memory_seconds, input_seconds, fits,
    bound, idle_fraction. ``planned_tflops``: what the planner's hours mean for one accelerator, of the same FLOPs; None
    where the work is not in tokens. ``input_rule`` says what stands for the input, ``layout_rule`` for the memory,
    ``step_rule`` what the global batch is.
    """

    row: int
    plan: Plan
    micro_batch: int
    largest_micro_batch: int
    memory_bandwidth_gb_s: float
    roofs: pd.DataFrame
    steps: pd.DataFrame
    planned_tflops: Band | None
    input_rule: str
    layout_rule: str
    step_rule: str

    @property
    def step(self) -> pd.Series[Any]:
        """The asked micro-batch."""
        return self.steps[self.steps["micro_batch"] == self.micro_batch].iloc[0]

    @property
    def planned_step_seconds(self) -> float:
        """Seconds that the planner's expected hours leave for the asked step; nan where it has no rate."""
        return (
            np.nan
            if self.planned_tflops is None
            else self.step["flops"] / (self.planned_tflops.expected * FLOPS_PER_TFLOPS)
        )


def roofline(result: Result, row: int, micro_batch: int | None = None, given: StepInput | None = None) -> Roofline:
    """The roofline of a plan of a search; ``micro_batch`` in sequences, by default fit's, else the largest power of two
    that fits (at most MOST_SEQUENCES; 1 where none does).

    FLOPs are 6 N T, attention's own left out; the optimizer's traffic is spread over the micro-steps that make up
    the global batch (planner.step_tokens) on the plan's accelerators. Raises InvalidInput, with every fault, for a
    model without its shape, accelerators without a bandwidth, and numbers that are not above zero.
    """
    workload, (plan,) = result.workload, plans(result, [row])
    held = result.sources.hardware.accelerators
    _check(workload, plan, held, micro_batch, given or StepInput())
    facts = cast("pd.Series[Any]", held.loc[plan.accelerator, :])
    bandwidth = float(held["memory_bandwidth_gb_s"][plan.accelerator])
    roofs = _roofs(facts, bandwidth)
    layout_rule, memory_bytes, largest = _memory(result, plan)
    asked = micro_batch or (workload.fit or Fit()).micro_batch or _power_of_two(largest)
    # Two doublings beyond what fits show where more memory would lead.
    most = min(MOST_SEQUENCES, 4 * max(_power_of_two(largest), asked))
    sizes = np.array(sorted({asked, *(2**power for power in range(most.bit_length()))}))
    fit, model = workload.fit or Fit(), workload.model
    width = fit.tensor_parallel * fit.pipeline_parallel
    tokens = sizes * float(model.sequence_length or 0)
    replicas = max(plan.accelerator_count / width, 1.0)
    step = step_tokens(workload)
    flops = transformer_step_flops(model.parameters, tokens) / width
    moved = (
        transformer_step_bytes(
            model.parameters,
            tokens,
            model.layers or 0,
            model.hidden or 0,
            ELEMENT_BYTES[plan.precision],
            np.maximum(step.tokens / (tokens * replicas), 1.0),
        )
        / width
    )
    roof = roofs.set_index("precision").loc[plan.precision]
    reached = roof["reached_tflops"]
    share = 1.0 if np.isnan(reached) else min(reached / roof["peak_tflops"], 1.0)
    input_seconds, input_rule = _input_seconds(result, plan, sizes / width, given or StepInput())
    found = bound_by(
        flops, moved, roof["peak_tflops"], bandwidth, np.where(sizes <= largest, 1.0, 2.0) * memory_bytes, memory_bytes,
        input_seconds, share,
    )  # fmt: skip
    steps = pd.DataFrame(
        {
            "micro_batch": sizes,
            "tokens": tokens,
            "flops": flops,
            "bytes": moved,
            "intensity_flops_per_byte": flops / moved,
            "attainable_tflops": attainable_tflops(flops / moved, roof["peak_tflops"] * share, bandwidth),
            "compute_seconds": found.compute_seconds,
            "memory_seconds": found.memory_seconds,
            "input_seconds": found.input_seconds,
            "fits": found.fits,
            "bound": np.array(BOUNDS, object)[found.bound],
            "idle_fraction": found.idle_fraction,
        }
    )
    planned = _planned(result, row, plan)
    return Roofline(
        row, plan, int(asked), largest, bandwidth, roofs, steps, planned, input_rule, layout_rule, step.said
    )


def given_input(workload: Workload, given: StepInput) -> tuple[Input, str]:
    """What the input is taken to be, and the rule for what the user left open.

    Bytes of a sequence: the dataset over the run's sequences, as if it were read once. Tokens are ready to train on:
    nothing is prepared. Raises InvalidInput where neither tokens nor bytes are known.
    """
    rules = []
    sample_bytes = given.sample_bytes
    if sample_bytes is None:
        samples = _samples(workload)
        if samples is None or not workload.dataset.gib:
            raise InvalidInput([Fault("sample_bytes", None, "is needed: dataset or number of samples are not known")])
        sample_bytes = gib_to_bytes(workload.dataset.gib) / samples
        rules.append(f"{sample_bytes:,.0f} bytes a sequence: the dataset, read once")
    if given.prepared_per_second_per_vcpu is None:
        rules.append("nothing to prepare on the CPU")
    if given.storage_bytes_per_second is None:
        rules.append("read from S3 over the whole network of the instance, many sequences to an object")
    asked = Input(
        sample_bytes,
        np.inf if given.prepared_per_second_per_vcpu is None else given.prepared_per_second_per_vcpu,
        given.storage_bytes_per_second,
        samples_per_object=np.inf,
    )
    return asked, "; ".join(rules) or "your own numbers"


def _samples(workload: Workload) -> float | None:
    if workload.work.tokens is not None:
        length = workload.model.sequence_length
        return None if length is None else workload.work.tokens / length
    return workload.work.samples


def _check(workload: Workload, plan: Plan, held: pd.DataFrame, micro_batch: int | None, given: StepInput) -> None:
    model = workload.model
    faults = [
        Fault(f"model.{name}", None, "is needed for the roofline of a step")
        for name in ("layers", "hidden", "sequence_length")
        if getattr(model, name) is None
    ]
    if micro_batch is not None and micro_batch < 1:
        faults.append(Fault("micro_batch", micro_batch, "must be at least 1"))
    faults += [
        Fault(name, value, "must be above 0") for name, value in vars(given).items() if value is not None and value <= 0
    ]
    if plan.accelerator not in held.index or np.isnan(held["memory_bandwidth_gb_s"][plan.accelerator]):
        faults.append(Fault("accelerator", plan.accelerator, "has no memory bandwidth that is known"))
    if faults:
        raise InvalidInput(faults)


def _roofs(facts: pd.Series[Any], bandwidth_gb_s: float) -> pd.DataFrame:
    """The peaks of one accelerator; 16-bit formats share what was measured in bf16."""
    measured = {
        "fp16": facts["matmul_achieved_bf16_tflops"],
        "bf16": facts["matmul_achieved_bf16_tflops"],
        "fp8": facts["matmul_achieved_fp8_tflops"],
    }
    rows = [
        {
            "precision": name,
            "peak_tflops": float(facts[f"{name}_tflops"]),
            "reached_tflops": float(measured.get(name, np.nan)),
        }
        for name in PRECISIONS
        if pd.notna(facts[f"{name}_tflops"])
    ]
    roofs = pd.DataFrame(rows)
    return roofs.assign(ridge_flops_per_byte=ridge_flops_per_byte(roofs["peak_tflops"], bandwidth_gb_s))


def _memory(result: Result, plan: Plan) -> tuple[str, float, int]:
    """How the run is laid out, the memory of one accelerator in bytes, and the largest micro-batch that it holds.

    Unsharded where one sequence fits so; else fully sharded over the plan's accelerators. No recomputation, unless fit
    asks for it.
    """
    workload = result.workload
    facts = result.sources.hardware.require(plan.instance_type)
    room = gib_to_bytes(float(facts["usable_gib"]))
    fit = workload.fit or Fit()
    width = fit.tensor_parallel * fit.pipeline_parallel
    devices = max(float(facts["processes"]) * plan.count // width, 1.0) * width
    largest = 0
    for sharded in (False, True):
        layout = plain_layout(workload, plan.precision, sharded, 1)
        largest = int(largest_micro_batch(memory_of(workload, devices, layout), room))
        if largest:
            break
    stage = int(np.asarray(layout.zero_stage))
    how = f"ZeRO stage {stage} over {devices:,.0f} accelerators" if stage else "every accelerator holds the whole model"
    return f"{how}, recompute {layout.recompute}", room, largest


def _power_of_two(largest: int) -> int:
    return 2 ** (min(max(largest, 1), MOST_SEQUENCES).bit_length() - 1)


def _input_seconds(result: Result, plan: Plan, sequences: Floats, given: StepInput) -> tuple[Floats, str]:
    """Seconds in which one accelerator's share of its instance's input makes a step's samples; 0 where not known."""
    try:
        asked, rule = given_input(result.workload, given)
    except InvalidInput:
        return np.zeros(len(sequences)), "left out, as bytes of a sample are not known"
    limits = input_limits(result.sources.hardware, [plan.instance_type], 1.0, asked).iloc[0]
    if np.isnan(limits["needed_times"]):
        return np.zeros(len(sequences)), f"left out, as the network of {plan.instance_type} is not known"
    # At one sample a second for each accelerator: how many times more the input gives each of them.
    return sequences * float(limits["needed_times"]), rule


def _planned(result: Result, row: int, plan: Plan) -> Band | None:
    """TFLOP/s of one accelerator by the planner's hours of pure work, counted as 6 N T; None without tokens."""
    workload = result.workload
    if workload.work.tokens is None:
        return None
    chosen = result.candidates
    cell = (
        result.sources.offers.instance_type[chosen.offer[row]], chosen.count_index[row], chosen.precision_index[row],
    )  # fmt: skip
    flops = float(transformer_step_flops(workload.model.parameters, workload.work.tokens))
    rates = [
        flops / (float(end[cell]) * SECONDS_PER_HOUR * plan.accelerator_count * FLOPS_PER_TFLOPS)
        for end in result.grid.hours
    ]
    return Band(min(rates), rates[1], max(rates))
