"""Global batch kept, micro-batch chosen: what accumulation costs, where a larger batch gains little, what holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.models.batch import (
    StepCurve,
    accumulated_step,
    batch_at_efficiency,
    batch_trade,
    step_curve,
)
from costlib.models.memory import verdict
from costlib.models.scaling import (
    CALIBRATED,
    Cluster,
    collective_seconds,
    compute_seconds_of,
    exposed_seconds,
    step_seconds,
)
from costlib.planner.arrangement import memory_of
from costlib.planner.batch_memory import holders, plain_layout
from costlib.planner.cluster_steps import ClusterSteps, message_bytes, why_not
from costlib.planner.sources import Sources
from costlib.planner.step_tokens import step_tokens
from costlib.units import gib_to_bytes
from costlib.workload import Fit, Workload

Floats = npt.NDArray[np.float64]
#: Batches and samples a second of one replica, as the user measured them.
Points = tuple[npt.ArrayLike, npt.ArrayLike]

ESTIMATED_CURVE = (
    f"seconds a sample from the planner's hours on one instance; {CALIBRATED.fixed_step_seconds * 1e3:g} ms of a step"
    " that its batch does not change, fitted to measured scaling"
)
MEASURED_CURVE = "straight line through your points' step times (models.batch.step_curve)"


@dataclass(frozen=True)
class BatchPlan:
    """What a global batch means on one cluster. A replica is the accelerators that hold one copy of the model.

    ``accumulation``: one row a micro-batch that divides a replica's ``share`` of the global batch, with micro_batch,
    micro_steps, step_seconds, time_ratio (over the whole share at once), bytes_low, bytes, bytes_high (an
    accelerator's), verdict. ``chosen``: its row that was asked for, else the largest that is held; None if none is.
    ``saturating_batch``: of one replica, where throughput is ``efficiency`` of its limit, a whole number; infinite
    where the points show no limit. ``holders``: one row a type sold in the home region, cheapest first, with
    instance_type, accelerator, largest_micro_batch, holds (the saturating batch at once), micro_steps (to reach it),
    usd_per_hour. ``targets``: one row a global batch, with batch (a replica's), throughput_fraction (of the limit) and,
    with a critical batch, samples_ratio, steps_ratio (over the least) and time_ratio (to the target, over the best).
    """

    global_batch: int
    global_batch_said: str
    replicas: int
    share: int
    curve: StepCurve
    basis: str
    rule: str
    efficiency: float
    accumulation: pd.DataFrame
    chosen: int | None
    saturating_batch: float
    holders: pd.DataFrame
    critical_batch: float | None
    targets: pd.DataFrame

    @property
    def chosen_row(self) -> pd.Series | None:
        """The accumulation of the chosen micro-batch."""
        rows = self.accumulation[self.accumulation["micro_batch"] == self.chosen]
        return None if rows.empty else rows.iloc[0]

    @property
    def smallest_at_once(self) -> pd.Series | None:
        """The cheapest type that holds the saturating batch at once."""
        rows = self.holders[self.holders["holds"] & self.holders["usd_per_hour"].notna()]
        return None if rows.empty else rows.iloc[0]

    @property
    def smallest_by_accumulating(self) -> pd.Series | None:
        """The cheapest type that holds one sample, and so any batch by accumulation."""
        rows = self.holders[(self.holders["largest_micro_batch"] >= 1) & self.holders["usd_per_hour"].notna()]
        return None if rows.empty else rows.iloc[0]

    @property
    def best_global_batch(self) -> int | None:
        """The global batch that reaches the target soonest on this cluster; None without a critical batch."""
        if self.critical_batch is None:
            return None
        return int(self.targets["global_batch"].to_numpy(float)[self.targets["time_ratio"].to_numpy(float).argmin()])


def batch_plan(
    workload: Workload,
    sources: Sources,
    instance_type: str,
    count: int,
    precision: str,
    layout: str = "auto",
    micro_batch: int | None = None,
    points: Points | None = None,
    efficiency: float = 0.9,
    critical_batch: float | None = None,
) -> BatchPlan:
    """The batch plan of a workload on ``count`` instances of a type; the global batch is planner.step_tokens.

    Without ``points`` the throughput of a batch is an estimate. Raises InvalidInput for names that are not held, a
    model without the numbers that its memory needs, and batches that do not divide: nothing is rounded.
    """
    one = workload.changed({"precision": [precision], "search.max_instances": 1})
    names = sources.offers.instance_types
    if instance_type not in names:
        raise NotKnown([unknown("instance_type", instance_type, names, "instance type")])
    total = _global_batch(workload)
    steps = ClusterSteps.of(one, sources, layout)
    row = names.index(instance_type)
    problem = why_not(steps, row, count)
    if problem:
        raise NotKnown([Fault("instance_type", instance_type, problem)])
    fit = workload.fit or Fit()
    width = fit.tensor_parallel * fit.pipeline_parallel
    inside = int(steps.inside[row, 0, 0])
    trained_by = int(sources.hardware.require(instance_type)["processes"])
    replicas = _replicas(total, trained_by * count, width)
    share = total // replicas
    sharded = bool(steps.sharded[row, 0, 0])
    message = message_bytes(workload, precision)
    cluster = Cluster(inside, count, float(steps.link[row, 0, 0]), float(steps.network[row, 0, 0]))
    if points is None:
        alone = cluster._replace(nodes=1.0)
        whole = float(compute_seconds_of(float(steps.one_instance[1][row, 0, 0]), message, alone, sharded))
        fixed = min(CALIBRATED.fixed_step_seconds, whole / 2.0)
        curve = StepCurve(fixed, (whole - fixed) / (total * width / trained_by), float("nan"))
    else:
        curve = step_curve(*points)
        # A slope that is nothing but rounding is none: the points show no limit.
        if curve.seconds_per_sample * np.max(points[0]) < 1e-9 * curve.fixed_seconds:
            curve = curve._replace(seconds_per_sample=0.0)
    saturating = _saturating(curve, efficiency)
    exchanged = _Exchange(message, cluster, sharded, curve)
    accumulation = _accumulation(
        workload, sources, instance_type, trained_by * count, precision, sharded, total, replicas, exchanged
    )
    return BatchPlan(
        total,
        step_tokens(workload).said,
        replicas,
        share,
        curve,
        "estimate" if points is None else "user",
        ESTIMATED_CURVE if points is None else MEASURED_CURVE,
        efficiency,
        accumulation,
        _chosen(accumulation, micro_batch),
        saturating,
        holders(workload, sources, precision, steps, saturating),
        critical_batch,
        _targets(exchanged, replicas, max(share, saturating if np.isfinite(saturating) else share), critical_batch),
    )


@dataclass(frozen=True)
class _Exchange:
    """What a replica's step waits for: replicated gradients once a step, sharded weights in every micro-batch."""

    message: float
    cluster: Cluster
    sharded: bool
    curve: StepCurve

    def seconds(self, batch: npt.ArrayLike) -> Floats:
        """Exposed seconds after the computing of ``batch`` samples."""
        compute = self.curve.fixed_seconds + self.curve.seconds_per_sample * np.asarray(batch, float)
        communication = collective_seconds(self.message, self.cluster, CALIBRATED, self.sharded)
        return exposed_seconds(communication, compute, CALIBRATED, self.sharded)

    def step(self, batch: npt.ArrayLike) -> Floats:
        """Seconds of a step of ``batch`` samples a replica, taken at once."""
        compute = self.curve.fixed_seconds + self.curve.seconds_per_sample * np.asarray(batch, float)
        return step_seconds(compute, self.message, self.cluster, self.sharded).expected


def _global_batch(workload: Workload) -> int:
    """Samples a step. Raises InvalidInput if the tokens of a step are not whole samples."""
    length, tokens = workload.model.sequence_length, step_tokens(workload).tokens
    if length is None:
        raise InvalidInput([Fault("model.sequence_length", None, "is needed: a batch is counted in samples")])
    samples = tokens / length
    if samples != round(samples):
        near = tuple(f"{size * length:,}".replace(",", " ") for size in (int(samples), int(samples) + 1) if size)
        raise InvalidInput([Fault("work.tokens_per_step", tokens, f"is not whole samples of {length} tokens", near)])
    return int(samples)


def _replicas(total: int, accelerators: int, width: int) -> int:
    if accelerators % width:
        problem = f"accelerators cannot be split into replicas of {width} (tensor x pipeline parallel)"
        raise InvalidInput([Fault("count", accelerators, problem)])
    replicas = accelerators // width
    if total % replicas:
        near = tuple(str(size) for size in (total // replicas * replicas, -(-total // replicas) * replicas) if size)
        raise InvalidInput([Fault("global_batch", total, f"is not a multiple of {replicas} replicas", near)])
    return replicas


def _saturating(curve: StepCurve, efficiency: float) -> float:
    batch = float(batch_at_efficiency(curve, efficiency))
    # A hair of slack, so that a batch which reaches it exactly is not lost to rounding.
    return batch if np.isinf(batch) else max(float(np.ceil(batch * (1.0 - 1e-12))), 1.0)


def _accumulation(
    workload: Workload,
    sources: Sources,
    instance_type: str,
    accelerators: int,
    precision: str,
    sharded: bool,
    total: int,
    replicas: int,
    exchange: _Exchange,
) -> pd.DataFrame:
    """Every micro-batch that divides a replica's share, with the step's time and the accelerator's memory."""
    share = total // replicas
    sizes = np.arange(1, share + 1)
    sizes = sizes[share % sizes == 0]
    each = exchange.seconds(sizes)
    taken = accumulated_step(
        total,
        sizes,
        replicas,
        exchange.curve.seconds_per_sample,
        exchange.curve.fixed_seconds + (each if sharded else 0.0),
        0.0 if sharded else float(exchange.seconds(share)),
    )
    alone = exchange.curve.fixed_seconds + exchange.curve.seconds_per_sample * share + float(exchange.seconds(share))
    memory = memory_of(workload, accelerators, plain_layout(workload, precision, sharded, sizes))
    room = float(gib_to_bytes(float(sources.hardware.require(instance_type)["usable_gib"])))
    return pd.DataFrame(
        {
            "micro_batch": sizes,
            "micro_steps": taken.micro_steps.astype(int),
            "step_seconds": taken.step_seconds,
            "time_ratio": taken.step_seconds / alone,
            "bytes_low": memory.total_low,
            "bytes": memory.total,
            "bytes_high": memory.total_high,
            "verdict": verdict(memory, room),
        }
    )


def _chosen(accumulation: pd.DataFrame, micro_batch: int | None) -> int | None:
    sizes = accumulation["micro_batch"].to_numpy()
    if micro_batch is None:
        held = sizes[(accumulation["verdict"] != "does not fit").to_numpy()]
        return int(held.max()) if len(held) else None
    if micro_batch not in sizes:
        near = sizes[np.argsort(np.abs(sizes - micro_batch), kind="stable")[:3]]
        problem = f"does not divide the {int(sizes.max())} samples of each replica"
        raise InvalidInput([Fault("micro_batch", micro_batch, problem, tuple(map(str, sorted(near.tolist()))))])
    return micro_batch


def _targets(exchange: _Exchange, replicas: int, most: float, critical_batch: float | None) -> pd.DataFrame:
    """Throughput, and time to the target, of global batches: replicas times powers of two, beyond ``most``."""
    most = max(most, (critical_batch or 0.0) / replicas) * 4.0
    batch = 2.0 ** np.arange(0, np.ceil(np.log2(most)) + 1)
    rate = batch * replicas / exchange.step(batch)
    slope = exchange.curve.seconds_per_sample
    limit = replicas / slope if slope > 0 else float(rate.max())
    table = pd.DataFrame({"global_batch": batch * replicas, "batch": batch, "throughput_fraction": rate / limit})
    if critical_batch is not None:
        trade = batch_trade(batch * replicas, critical_batch)
        table["samples_ratio"], table["steps_ratio"] = trade.samples_ratio, trade.steps_ratio
        time = trade.samples_ratio / table["throughput_fraction"].to_numpy(float)
        table["time_ratio"] = time / time.min()
    return table
