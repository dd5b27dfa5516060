"""Which micro-batch each instance holds: the layout of a run at its plainest, and the memory of every type sold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.batch import cheapest_that_holds
from costlib.models.memory import largest_micro_batch
from costlib.planner.arrangement import Layout, memory_of
from costlib.planner.cluster_steps import ClusterSteps
from costlib.planner.fit_layouts import sold_types
from costlib.planner.sources import Sources
from costlib.units import gib_to_bytes
from costlib.workload import Fit, Workload


def plain_layout(workload: Workload, precision: str, sharded: npt.ArrayLike, micro_batch: npt.ArrayLike) -> Layout:
    """The layout of fit; what it leaves open is at its plainest: no recomputation, ZeRO 0 or, sharded, 3.

    Raises InvalidInput for a model without the numbers that its memory needs.
    """
    fit, model = workload.fit or Fit(), workload.model
    missing = [name for name in ("layers", "hidden", "sequence_length") if getattr(model, name) is None]
    if missing and fit.activation_gib_per_sample is None:
        problem = "is missing; or give fit.activation_gib_per_sample"
        raise InvalidInput([Fault(f"model.{name}", None, problem) for name in missing])
    recompute = "none" if fit.recompute == "auto" else fit.recompute
    plain = 0 if fit.zero_stage in ("auto", 3) else fit.zero_stage
    return Layout(
        precision, workload.optimizer, recompute, np.where(np.asarray(sharded, bool), 3, int(plain)), micro_batch
    )


def holders(
    workload: Workload, sources: Sources, precision: str, steps: ClusterSteps, saturating: float
) -> pd.DataFrame:
    """One instance of every type sold in the home region whose hours of training in the precision are known.

    Columns as in batch_size.BatchPlan.holders, cheapest first.
    """
    fit = workload.fit or Fit()
    width = fit.tensor_parallel * fit.pipeline_parallel
    sold = sold_types(workload, sources)
    rows = [sources.offers.instance_types.index(name) for name in sold["instance_type"]]
    known = np.isfinite(steps.one_instance[1][rows, 0, 0])
    sold = sold[known & (sold["processes"] % width == 0).to_numpy()].reset_index(drop=True)
    rows = [sources.offers.instance_types.index(name) for name in sold["instance_type"]]
    sharded = steps.sharded[rows, 0, 0]
    memory = memory_of(workload, sold["processes"].to_numpy(float), plain_layout(workload, precision, sharded, 1))
    room = gib_to_bytes(sold["usable_gib"].to_numpy(float))
    largest = largest_micro_batch(memory, room)
    price = sold["usd_per_hour"].to_numpy(float)
    held = cheapest_that_holds(saturating, largest, price) if len(sold) else None
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(largest > 0, np.maximum(np.ceil(saturating / largest), 1.0), np.nan)
    return pd.DataFrame(
        {
            "instance_type": sold["instance_type"],
            "accelerator": sold["accelerator"],
            "largest_micro_batch": largest,
            "holds": held.holds if held else np.zeros(0, dtype=bool),
            "micro_steps": needed,
            "sharded": sharded,
            "usd_per_hour": price,
        }
    )
