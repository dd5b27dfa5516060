"""Hours of a run in each layout: the planner's, and what recomputing, accumulating, sharding and pipelines add."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.memory import CONTEXT_BYTES, minimum_training_memory_bytes
from costlib.models.memory_states import training_states
from costlib.models.parallelism import pipeline_bubble_fraction
from costlib.models.scaling import CALIBRATED, Cluster, collective_seconds, compute_seconds_of, exposed_seconds
from costlib.planner.arrangement import extra_fraction
from costlib.planner.cluster_steps import links, message_bytes
from costlib.planner.sources import Sources
from costlib.planner.step_tokens import step_tokens
from costlib.units import SECONDS_PER_HOUR, gbps_to_bytes_per_second, gib_to_bytes
from costlib.workload import Fit, Workload

Floats = npt.NDArray[np.float64]


def samples_of_a_step(workload: Workload) -> float | None:
    """Sequences (or samples) in one optimizer step: the global batch, else the tokens of a step; None if not known."""
    fit, length = workload.fit or Fit(), workload.model.sequence_length
    if fit.global_batch is not None:
        return float(fit.global_batch)
    return step_tokens(workload).tokens / length if workload.work.tokens is not None and length else None


def layout_hours(
    workload: Workload, sources: Sources, table: pd.DataFrame, type_row: npt.NDArray[np.integer], timed: npt.ArrayLike
) -> Floats:
    """Hours of each row of ``table`` (planner.fit_layouts.layouts); nan where its ``plain_hours`` are.

    Columns: plain_hours (of the planner), count, accelerator_count (of one instance), devices (processes that train),
    usable_gib (of each), precision, recompute, zero_stage, taken (the micro-batch that it runs with). ``type_row``:
    each row's instance type in the sources' offers. With the step S of the plain hours, its exchange E (as the planner
    takes it: models.scaling) and its computing W = S - E,

        step = W (1 + recomputed) (1 + (p - 1) / k) + (k - 1) fixed + exchange of the layout,

    k micro-batches a step and replica, each of which costs the fixed part of a step once more. Gradients are exchanged
    once a step; in stage 2 they are scattered after every micro-batch, as DeepSpeed's engine does (its no_sync is
    refused from stage 2 on), and half of the traffic comes once; in stage 3 all of it comes in every micro-batch
    (models.scaling). A link that is not known takes no time. Where the user timed that very cell (``timed``), or
    where it is not known how many steps there are, only recomputation is added.
    """
    plain = table["plain_hours"].to_numpy(float)
    extra = extra_fraction(workload, table["recompute"].to_numpy(str))
    simple = plain * (1.0 + extra)
    samples = samples_of_a_step(workload)
    work = workload.work.tokens if workload.work.tokens is not None else workload.work.samples
    if samples is None or work is None:
        return simple
    a_step = samples * (workload.model.sequence_length or 1) if workload.work.tokens is not None else samples
    steps = max(work / a_step, 1.0)
    known = np.isfinite(plain)
    part = table[known]
    seconds = plain[known] * SECONDS_PER_HOUR / steps
    step = _step_seconds(workload, sources, part, type_row[known], seconds, np.broadcast_to(extra, plain.shape)[known])
    hours = simple.copy()
    hours[known] = np.where(np.isfinite(step), step * steps / SECONDS_PER_HOUR, hours[known])
    return np.where(timed, simple, hours)


def _step_seconds(
    workload: Workload,
    sources: Sources,
    table: pd.DataFrame,
    type_row: npt.NDArray[np.integer],
    plain: Floats,
    extra: Floats,
) -> Floats:
    fit, samples = workload.fit or Fit(), samples_of_a_step(workload) or 1.0
    width = fit.tensor_parallel * fit.pipeline_parallel
    count, devices = table["count"].to_numpy(float), table["devices"].to_numpy(float)
    stage, replicas = table["zero_stage"].to_numpy(), devices / width
    precision = table["precision"].to_numpy(str)
    link = links(sources)[type_row]
    network = gbps_to_bytes_per_second(sources.network_gbps)[type_row]
    cluster = Cluster(
        table["accelerator_count"].to_numpy(float), count, np.where(np.isnan(link), np.inf, link), network
    )
    names, place = np.unique(precision, return_inverse=True)
    message = np.array([message_bytes(workload, str(name)) for name in names])[place]
    states = [
        float(minimum_training_memory_bytes(workload.model.parameters, str(name), 1, workload.optimizer))
        for name in names
    ]
    # What the planner takes to be sharded: states that one accelerator cannot hold (planner.network_loss).
    room = gib_to_bytes(table["usable_gib"].to_numpy(float))
    is_sharded = CONTEXT_BYTES[0] + np.array(states)[place] > room
    computing = compute_seconds_of(plain, message, cluster, is_sharded)
    planned = exposed_seconds(collective_seconds(message, cluster, sharded=is_sharded), computing, sharded=is_sharded)

    micro_steps = np.maximum(samples / (replicas * table["taken"].to_numpy(float)), 1.0)
    once = collective_seconds(message, cluster)
    replicated = exposed_seconds(np.where(stage == 2, (micro_steps + 1.0) / 2.0, 1.0) * once, computing)
    # Two gathers of the weights as they are held, frozen ones too, and one scatter of the gradients.
    held = training_states(workload.model.parameters, precision, model_parallel=width, method=fit.method).weights
    gathers = collective_seconds((2.0 * held + message) / 3.0, cluster, sharded=True)
    sharded = exposed_seconds(micro_steps * gathers, computing, sharded=True)
    # One replica exchanges nothing between replicas: what the planner counts stands for its own traffic.
    exchanged = np.where(replicas > 1, np.where(stage == 3, sharded, replicated), planned)
    fixed = np.minimum(CALIBRATED.fixed_step_seconds, computing / 2.0)
    bubble = pipeline_bubble_fraction(fit.pipeline_parallel, micro_steps)
    working = np.maximum(plain - planned, computing)
    return working * (1.0 + extra) * (1.0 + bubble) + (micro_steps - 1.0) * fixed + exchanged
