"""Steps of a workload on every instance type, count and precision: one instance by the planner's hours, more by
models.scaling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.memory import CONTEXT_BYTES, minimum_training_memory_bytes
from costlib.models.parallelism import pipeline_bubble_fraction
from costlib.models.scaling import Cluster, StepTime, compute_at_batch, compute_seconds_of, step_seconds
from costlib.planner.hours import HoursGrid, hours_grid
from costlib.planner.network_loss import GRADIENT_BYTES
from costlib.planner.sources import Sources
from costlib.planner.step_tokens import step_tokens
from costlib.planner.training_job import exchanged_parameters
from costlib.units import SECONDS_PER_HOUR, gbps_to_bytes_per_second, gib_to_bytes
from costlib.workload import Fit, Workload

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Weights on every accelerator, sharded over all of them (ZeRO-3, FSDP), or sharded where they must be.
LAYOUTS = ("auto", "replicated", "sharded")
RULE = (
    "one instance by the hours of the planner; on more of them the batch is shared out, and the exchange of gradients"
    " and the wait for the slowest are added by models.scaling"
)


def links(sources: Sources) -> Floats:
    """Bytes a second, one way, between the accelerators of each type of the offers; nan where not known."""
    held = sources.hardware.link_bytes_per_second.reindex(list(sources.offers.instance_types))
    return np.asarray(held, float)


def message_bytes(workload: Workload, precision: str) -> float:
    """Bytes of the gradients that one accelerator exchanges a step: those of the parameters that it trains."""
    return exchanged_parameters(workload) * GRADIENT_BYTES[precision]


@dataclass(frozen=True)
class ClusterSteps:
    """Steps of one workload over instance type x count x precision, as arrays that broadcast.

    ``one_instance``: seconds of a step at the low, expected and high end, as benchmarks are timed; ``large_run``: the
    same with what large runs lose (planner.achieved_share), which holds what their networks lose; ``whole``: types
    whose accelerators are not
    parts of one; ``shared_out``: where every replica of the model has at least one sample of the global batch.
    """

    grid: HoursGrid
    one_instance: tuple[Floats, Floats, Floats]
    large_run: tuple[Floats, Floats, Floats]
    steps: float
    inside: Floats
    nodes: Floats
    link: Floats
    network: Floats
    whole: Bools
    message: Floats
    sharded: Bools
    bubble: Floats
    shared_out: Bools

    @classmethod
    def of(cls, workload: Workload, sources: Sources, layout: str) -> ClusterSteps:
        """Raises InvalidInput for work that is not in tokens, and a layout that is not known."""
        if workload.work.tokens is None:
            raise InvalidInput([Fault("work.tokens", None, "is needed: steps are counted in tokens")])
        if layout not in LAYOUTS:
            raise InvalidInput([unknown("layout", layout, LAYOUTS, "layout")])
        grid = hours_grid(workload, sources)
        step = step_tokens(workload).tokens
        steps = max(workload.work.tokens / step, 1.0)
        held = sources.hardware.instances.reindex(list(sources.offers.instance_types))
        inside = held["accelerator_count"].to_numpy(float)
        whole = inside >= 1
        in_each = np.where(whole, inside, 1.0)[:, None, None]
        nodes = np.array(grid.counts, float)[None, :, None]
        link = links(sources)[:, None, None]
        network = gbps_to_bytes_per_second(sources.network_gbps)[:, None, None]
        short = hours_grid(workload, sources, as_large_run=False)
        low, expected, high = (end[:, :1, :] * SECONDS_PER_HOUR / steps for end in short.hours)
        large_low, large, large_high = (end[:, :1, :] * SECONDS_PER_HOUR / steps for end in grid.hours)
        message = np.array([message_bytes(workload, name) for name in grid.precisions])
        room = gib_to_bytes(held["usable_gib"].to_numpy(float))[:, None, None]
        processes = np.where(whole, held["processes"].to_numpy(float), 1.0)[:, None, None] * nodes
        sharded = _sharded(workload, grid.precisions, room, processes, layout)
        bubble = np.broadcast_to(_bubble(workload, processes), (len(inside), len(grid.counts), len(grid.precisions)))
        replicas = processes / _width(workload)
        samples = step / (workload.model.sequence_length or 1)
        shared_out = (replicas >= 1) & (replicas <= samples)
        return cls(
            grid,
            (low, expected, high),
            (large_low, large, large_high),
            steps,
            in_each,
            nodes,
            link,
            network,
            whole,
            message,
            sharded,
            bubble,
            shared_out,
        )

    @property
    def cluster(self) -> Cluster:
        """The clusters of all cells."""
        return Cluster(self.inside, self.nodes, self.link, self.network)

    @property
    def runs(self) -> Bools:
        """The cells that have known hours, hold the run, and leave each replica of the model at least one sample."""
        return (self.grid.reason == 0) & self.shared_out & self.whole[:, None, None]

    def hours(self) -> tuple[Floats, Floats, Floats]:
        """Low, expected and high hours, the global batch kept: the low share of peak at the low end of the band."""
        user = np.array([note.basis == "user" for note in self.grid.notes])[self.grid.note]
        ends = []
        for end, name in enumerate(("low", "expected", "high")):
            step = self._step(self.one_instance[end])
            seconds = np.maximum(getattr(step, name) + self.bubble * step.compute, self.large_run[end] / self.nodes)
            # What the user timed on this very cluster needs no model.
            ends.append(np.where(user, self.grid.hours[end], seconds * self.steps / SECONDS_PER_HOUR))
        return ends[0], ends[1], ends[2]

    def efficiency(self, hours: Floats) -> Floats:
        """The time that the accelerators' computing takes without any loss over the hours, of each cell."""
        ideal = self._compute(self.one_instance[1]) / self.nodes
        return ideal * self.steps / SECONDS_PER_HOUR / hours

    def _compute(self, one: Floats) -> Floats:
        """Seconds of computing on one instance: a measured rate holds what its accelerators exchange already."""
        return compute_seconds_of(one, self.message, self.cluster._replace(nodes=1.0), self.sharded)

    def _step(self, one: Floats) -> StepTime:
        compute = compute_at_batch(self._compute(one), 1.0 / self.nodes)
        return step_seconds(compute, self.message, self.cluster, self.sharded)


def _sharded(workload: Workload, precisions: tuple[str, ...], room: Floats, devices: Floats, layout: str) -> Bools:
    """Where the weights are sharded: as asked, as fit says, or where one accelerator cannot hold all of its states."""
    fit = workload.fit or Fit()
    shape = np.broadcast_shapes(devices.shape, (1, 1, len(precisions)))
    asked = {"replicated": False, "sharded": True}.get(layout)
    if asked is None and fit.zero_stage != "auto":
        asked = fit.zero_stage == 3
    if asked is not None:
        return np.full(shape, asked)
    width = _width(workload)
    needed = [
        float(minimum_training_memory_bytes(workload.model.parameters, name, width, optimizer=workload.optimizer))
        for name in precisions
    ]
    with np.errstate(invalid="ignore"):
        return np.broadcast_to(CONTEXT_BYTES[0] + np.array(needed) > room, shape) & (devices > width)


def _width(workload: Workload) -> int:
    """Accelerators that share one replica of the model."""
    fit = workload.fit or Fit()
    return fit.tensor_parallel * fit.pipeline_parallel


def _bubble(workload: Workload, devices: Floats) -> Floats:
    """Idle share of a pipeline with the micro-batches that each replica has; 0 without pipeline parallelism."""
    fit = workload.fit or Fit()
    if fit.pipeline_parallel == 1:
        return np.zeros(devices.shape)
    replicas = np.maximum(devices / _width(workload), 1.0)
    samples = step_tokens(workload).tokens / (workload.model.sequence_length or 1)
    micro_batches = np.maximum(samples / (replicas * (fit.micro_batch or 1)), 1.0)
    return pipeline_bubble_fraction(fit.pipeline_parallel, micro_batches)


def why_not(steps: ClusterSteps, row: int, most: int) -> str:
    """Why a type has no curve; empty if it has."""
    if not steps.whole[row]:
        return "has no whole accelerator"
    if not np.isfinite(steps.one_instance[1][row, 0, 0]):
        why = steps.grid.reasons[int(steps.grid.reason[row, 0, 0])]
        return f"has no known hours: {why.detail or why.reason}"
    if steps.inside[row, 0, 0] > 1 and np.isnan(steps.link[row, 0, 0]):
        return "has accelerators whose link to each other is not known"
    if most > 1 and np.isnan(steps.network[row, 0, 0]):
        return "has a network that is not known; ask for one instance"
    return ""
