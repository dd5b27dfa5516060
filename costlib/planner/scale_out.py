"""How far a workload scales on one instance type: speed-up and efficiency by count, and what they are lost to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, NotKnown, unknown
from costlib.models.scaling import (
    CALIBRATED,
    Cluster,
    collective_seconds,
    compute_at_batch,
    compute_seconds_of,
    step_seconds,
    strong_scaling,
    weak_scaling,
)
from costlib.planner.cluster_steps import RULE, ClusterSteps, why_not
from costlib.planner.sources import Sources
from costlib.planner.step_tokens import step_tokens
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: A loss below this share of a step is not worth a remedy.
LITTLE = 0.05


@dataclass(frozen=True)
class ScalingCurve:
    """One type at several counts: ``table`` has one row a count and kind.

    Columns: kind (strong: global batch kept; weak: that of each accelerator kept), instances, accelerators,
    speedup, efficiency_low, efficiency, efficiency_high (over one accelerator alone), step_seconds, compute_fraction,
    fixed_fraction, wait_fraction, exchange_fraction, bubble_fraction (of the step; they add up to 1), limit (the
    largest loss, in words), runs (it holds the run, and
    each replica of the model has at least one sample of the global batch).
    """

    instance_type: str
    accelerator: str
    precision: str
    sharded: bool
    global_batch_tokens: float
    global_batch_said: str
    message_bytes: float
    basis: str
    rule: str
    source: str
    table: pd.DataFrame

    def kind(self, name: str) -> pd.DataFrame:
        """The rows of ``strong`` or ``weak`` scaling."""
        return self.table[self.table["kind"] == name]

    def most_instances_at(self, efficiency: float, kind: str = "strong") -> int:
        """The largest count that keeps an expected efficiency; 0 if none does."""
        rows = self.kind(kind)
        return max(map(int, rows.loc[rows["runs"] & (rows["efficiency"] >= efficiency), "instances"]), default=0)


def scaling_curve(
    workload: Workload, sources: Sources, instance_type: str, precision: str, most: int, layout: str = "auto"
) -> ScalingCurve:
    """Strong and weak scaling of a workload on 1 to ``most`` instances of a type; ``layout``: cluster_steps.LAYOUTS.

    The batch of each accelerator under weak scaling is what it has on one instance. Raises InvalidInput for names
    that are not held, a type that the workload's hours are not known on, and a link or network that is not known.
    """
    names = sources.offers.instance_types
    if instance_type not in names:
        raise NotKnown([unknown("instance_type", instance_type, names, "instance type")])
    steps = ClusterSteps.of(workload.changed({"precision": [precision], "search.max_instances": most}), sources, layout)
    row = names.index(instance_type)
    one = float(steps.one_instance[1][row, 0, 0])
    problem = why_not(steps, row, most)
    if problem:
        raise NotKnown([Fault("instance_type", instance_type, problem)])
    counts = np.array(steps.grid.counts, float)
    inside = float(steps.inside[row, 0, 0])
    cluster = Cluster(inside, counts, float(steps.link[row, 0, 0]), float(steps.network[row, 0, 0]))
    sharded = steps.sharded[row, :, 0]
    message = float(steps.message[0])
    each = compute_seconds_of(one, message, cluster._replace(nodes=1.0), sharded)
    alone = compute_at_batch(each, inside)
    bubble = steps.bubble[row, :, 0]
    kinds = {
        "strong": (strong_scaling(alone, message, cluster, sharded), compute_at_batch(each, 1.0 / counts), bubble),
        "weak": (weak_scaling(each, message, cluster, sharded), each, np.full(counts.shape, bubble[0])),
    }
    parts = []
    for kind, (scaling, compute, idle) in kinds.items():
        step = step_seconds(compute, message, cluster, sharded)
        whole = step.expected + idle * compute
        slower = step.expected / whole
        full = compute if kind == "weak" else alone / (inside * counts)
        losses = {
            "fixed_fraction": (compute - full) / whole,
            "wait_fraction": (step.expected - compute - step.exposed) / whole,
            "exchange_fraction": step.exposed / whole,
            "bubble_fraction": idle * compute / whole,
        }
        parts.append(
            pd.DataFrame(
                {
                    "kind": kind,
                    "instances": counts.astype(int),
                    "accelerators": counts * inside,
                    "speedup": scaling.speedup * slower,
                    "efficiency_low": scaling.efficiency_low * slower,
                    "efficiency": scaling.efficiency * slower,
                    "efficiency_high": scaling.efficiency_high * slower,
                    "step_seconds": whole,
                    "compute_fraction": full / whole,
                    **losses,
                    "limit": _limit(losses, message, cluster, sharded),
                    "runs": steps.runs[row, :, 0],
                }
            )
        )
    note = steps.grid.notes[int(steps.grid.note[row, 0, 0])]
    batch = step_tokens(workload)
    table = pd.concat(parts, ignore_index=True)
    return ScalingCurve(
        instance_type,
        sources.accelerators_of(instance_type)[0],
        precision,
        bool(sharded.any()),
        batch.tokens,
        batch.said,
        message,
        "estimate",
        f"{RULE}; one instance: {note.rule or note.basis}",
        note.source,
        table,
    )


def _limit(losses: dict[str, Floats], message: float, cluster: Cluster, sharded: Bools) -> npt.NDArray[np.object_]:
    """The largest loss of each row in words; which of link and network binds is the one that the exchange waits for."""
    unhindered = collective_seconds(message, cluster._replace(network_bytes_per_second=np.inf), CALIBRATED, sharded)
    by_network = collective_seconds(message, cluster, CALIBRATED, sharded) > unhindered
    exchange = np.where(by_network, "exchange over the network", "exchange inside the instance")
    words = [
        np.full(exchange.shape, "parts of a step that a smaller batch does not shorten"),
        np.full(exchange.shape, "waiting for the slowest accelerator"),
        exchange,
        np.full(exchange.shape, "idle ends of the pipeline"),
    ]
    shares = np.array([np.broadcast_to(part, exchange.shape) for part in losses.values()])
    largest = np.choose(shares.argmax(axis=0), words).astype(object)
    return np.where(shares.sum(axis=0) < LITTLE, "little is lost", largest)
