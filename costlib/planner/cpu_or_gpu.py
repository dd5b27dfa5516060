"""CPU or GPU for a small network: what either takes and costs on demand in one region, and where they break even."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, NotKnown
from costlib.facts.small_jobs import SmallJobs
from costlib.models.cpu_or_gpu import (
    break_even_flops,
    cpu_peak_flops_per_second,
    parameters_of_flops,
    step_seconds,
)
from costlib.models.memory import minimum_training_memory_bytes
from costlib.models.throughput import training_flops
from costlib.planner.cpu_or_gpu_verdict import COLUMNS, Verdict, machine_prices
from costlib.planner.hours import hours_grid
from costlib.planner.sources import Sources
from costlib.planner.step_tokens import step_tokens
from costlib.units import SECONDS_PER_HOUR, gib_to_bytes
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]

#: Kernels that PyTorch runs for one transformer block, forward and backward, counted with its profiler (views and
#: allocations left out); a fused optimizer adds next to none for each block.
KERNELS_PER_LAYER = 55
#: From Python to a kernel that starts, on either device: 3.8 microseconds an operation, measured with PyTorch 2.13 on
#: one core of an AMD EPYC, width 8, batch 1, where nothing but this is left of a step.
DISPATCH_SECONDS = 3.8e-6
#: A GPU's kernel takes 4 to 6 microseconds more to launch: susun-blog.com/blog/pegainfer-3-cuda-graph, measured.
LAUNCH_SECONDS = 5e-6
OVERHEAD_RULE = (
    f"fixed time a step: {KERNELS_PER_LAYER} kernels a layer, {DISPATCH_SECONDS * 1e6:g} us each on both devices and"
    f" {LAUNCH_SECONDS * 1e6:g} us more on a GPU"
)


def compare_network(workload: Workload, sources: Sources) -> Verdict:
    """A workload in tokens on one CPU instance or one GPU instance, each type that is sold in its home region.

    GPU: the planner's hours and a fixed time a step. CPU: fp32 peak of the cores (vCPUs, clock, FLOPs a cycle) times
    the share that measured trainings of BERT and DistilBERT reached (geometric mean, over and times the ratio between
    the two), and the fixed time that dispatch takes there too. Sizes are parameters at the workload's tokens a step,
    for the pair that is best at its own size, their rates held. Raises InvalidInput if the work is not in tokens, or
    the layers are not given.
    """
    model, work = workload.model, workload.work
    faults = []
    if work.tokens is None:
        faults.append(Fault("work.tokens", None, "is needed to compare CPU and GPU"))
    if model.layers is None:
        faults.append(
            Fault("model.layers", None, "is needed to compare CPU and GPU: the fixed time a step is by layer")
        )
    if faults or work.tokens is None or model.layers is None:
        raise InvalidInput(faults)
    has_shape = None not in (model.hidden, model.sequence_length)
    shape = (model.layers, model.hidden, model.sequence_length) if has_shape else ()
    flops = float(training_flops(model.parameters, work.tokens, *shape))
    step = step_tokens(workload)
    steps = max(work.tokens / step.tokens, 1.0)
    dispatch = model.layers * KERNELS_PER_LAYER * DISPATCH_SECONDS
    launch = dispatch + model.layers * KERNELS_PER_LAYER * LAUNCH_SECONDS
    home = workload.dataset.home_region
    table = pd.concat(
        [_cpu_rows(workload, sources, flops, steps, dispatch), _gpu_rows(workload, sources, steps, launch)],
        ignore_index=True,
    )
    prices = machine_prices(table["instance_type"], sources, home)
    table = table[table["instance_type"].isin(prices)].copy()
    table["usd_per_hour"] = table["instance_type"].map(prices).astype(float)
    table["usd"] = table["hours"] * table["usd_per_hour"]
    if table.empty:
        raise NotKnown([Fault("dataset.home_region", home, "sells no instance that this model is known to train on")])
    table = table[list(COLUMNS)].sort_values(["usd", "hours"]).reset_index(drop=True)
    best = {by: [table[table["kind"] == kind].nsmallest(1, by) for kind in ("cpu", "gpu")] for by in ("usd", "hours")}

    def break_even(by: str) -> float:
        cpu, gpu = best[by]
        if cpu.empty or gpu.empty:
            return math.nan
        cpu_rate, gpu_rate = (
            flops / (row["hours"].item() * SECONDS_PER_HOUR - steps * fixed)
            for row, fixed in ((cpu, dispatch), (gpu, launch))
        )
        cpu_usd, gpu_usd = (row["usd_per_hour"].item() if by == "usd" else 1.0 for row in (cpu, gpu))
        even = break_even_flops(cpu_rate, gpu_rate, dispatch, launch, cpu_usd, gpu_usd)
        return float(parameters_of_flops(even, step.tokens))

    return Verdict(
        table, home, "parameters", break_even("usd"), break_even("hours"), f"{OVERHEAD_RULE}; a step of {step.said}"
    )


def _cpu_rows(workload: Workload, sources: Sources, flops: float, steps: float, overhead: float) -> pd.DataFrame:
    jobs = SmallJobs.open(sources.book.snapshot)
    instances = sources.hardware.instances
    low, expected, high, source = _cpu_share(jobs, instances)
    cpus = jobs.cpus(instances)
    needed = minimum_training_memory_bytes(workload.model.parameters, "fp32", 1, optimizer=workload.optimizer)
    cpus = cpus[gib_to_bytes(cpus["memory_gib"].to_numpy(float)) >= float(needed)]
    peak = cpu_peak_flops_per_second(cpus["vcpus"], cpus["vcpus_per_core"], cpus["ghz"], cpus["flops_per_cycle"])
    hours = {
        name: steps * step_seconds(flops / steps, peak * share, overhead) / SECONDS_PER_HOUR
        for name, share in (("hours_low", high), ("hours", expected), ("hours_high", low))
    }
    rule = (
        f"fp32 peak of the cores times {expected:.1%} ({low:.1%} to {high:.1%}, from {len(jobs.timed_networks)}"
        f" trainings timed on Ice Lake); {OVERHEAD_RULE}"
    )
    words = {"kind": "cpu", "accelerator": "", "precision": "fp32", "basis": "estimate", "rule": rule}
    frame = pd.DataFrame({"instance_type": cpus.index.astype(object), **hours})
    return frame.assign(**words, source=source, as_of=cpus["as_of"].to_numpy(object))


def _cpu_share(jobs: SmallJobs, instances: pd.DataFrame) -> tuple[float, float, float, str]:
    """The share of peak that timed networks reached on CPUs, and who timed them.

    Expected is their geometric mean. Predicting one from the others errs by up to the ratio of the most to the least:
    low is the mean over that ratio, high times it (at most 1).
    """
    timed = jobs.timed_networks
    cpus = jobs.cpus(instances).loc[timed["instance_type"]]
    peak = cpu_peak_flops_per_second(cpus["vcpus"], cpus["vcpus_per_core"], cpus["ghz"], cpus["flops_per_cycle"])
    shares = timed["training_flops"].to_numpy(float) / timed["seconds"].to_numpy(float) / peak
    source = "; ".join(dict.fromkeys(timed["source"]))
    mean, ratio = float(np.exp(np.log(shares).mean())), float(shares.max() / shares.min())
    return mean / ratio, mean, min(mean * ratio, 1.0), source


def _gpu_rows(workload: Workload, sources: Sources, steps: float, overhead: float) -> pd.DataFrame:
    """Each accelerated type alone, in the workload's precision that is fastest on it."""
    grid = hours_grid(workload.changed({"search.max_instances": 1}), sources)
    one = grid.counts == 1
    hours = [np.where(grid.reason[:, one] == 0, end[:, one], np.nan)[:, 0, :] for end in grid.hours]
    known = np.nonzero(np.isfinite(hours[1]).any(axis=1))[0]
    best = np.nanargmin(hours[1][known], axis=1)
    fixed = steps * overhead / SECONDS_PER_HOUR
    names = [sources.offers.instance_types[row] for row in known]
    notes = [grid.notes[code] for code in grid.note[:, one][known, 0, best]]
    frame = pd.DataFrame(
        {
            "instance_type": names,
            "kind": "gpu",
            "accelerator": [sources.accelerators_of(name)[0] for name in names],
            "precision": [grid.precisions[index] for index in best],
            "hours_low": hours[0][known, best] + fixed,
            "hours": hours[1][known, best] + fixed,
            "hours_high": hours[2][known, best] + fixed,
            "basis": "estimate",
            "rule": [f"{note.rule}; {OVERHEAD_RULE}" for note in notes],
            "source": [note.source for note in notes],
            "as_of": [note.as_of for note in notes],
        }
    )
    # A CPU type that the user timed is no GPU.
    return frame[frame["accelerator"] != ""]
