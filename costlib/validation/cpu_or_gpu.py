"""Small jobs on CPU and GPU: times at one size from the times at others, and CPU shares from the other training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.facts.hardware import Hardware
from costlib.facts.small_jobs import SmallJobs
from costlib.models.cpu_or_gpu import cpu_peak_flops_per_second, seconds_by_size
from costlib.tables import Snapshot

#: Fewer sizes than this leave no line to draw once one is left out.
FEWEST_SIZES = 3


@dataclass(frozen=True)
class SmallJobsCheck:
    """How the rules for small jobs fare on what was measured.

    ``rows``: one row a measured time, with ``check`` (``trees between`` two sizes, ``trees beyond`` them, ``network on
    cpu``), ``reference_seconds``, ``predicted_seconds`` without that time, ``error`` (predicted over reference, less
    1), ``instance_type``, ``library``, ``samples``. ``summary``: one row a check with ``rows`` and ``median_error``
    (of absolute errors) and ``worst_ratio`` (the larger over the smaller of the two).
    """

    rows: pd.DataFrame
    summary: pd.DataFrame


def check(snapshot: Snapshot) -> SmallJobsCheck:
    """Leaves out one size of a machine, or one training, at a time."""
    jobs = SmallJobs.open(snapshot)
    rows = pd.DataFrame([*_trees(jobs), *_networks(jobs, Hardware.open(snapshot))])
    rows["error"] = rows["predicted_seconds"] / rows["reference_seconds"] - 1.0
    summary = []
    for name, part in rows.groupby("check", sort=False):
        ratio = np.abs(np.log(part["predicted_seconds"] / part["reference_seconds"]))
        summary.append(
            {
                "check": name,
                "rows": len(part),
                "median_error": float(part["error"].abs().median()),
                "worst_ratio": float(np.exp(ratio.max())),
            }
        )
    return SmallJobsCheck(rows, pd.DataFrame(summary))


def _trees(jobs: SmallJobs) -> list[dict[str, object]]:
    rows = []
    for (name, library), held in jobs.trees().groupby(["instance_type", "library"]):
        best = held.loc[held.groupby("samples")["seconds"].idxmin()]
        if len(best) < FEWEST_SIZES:
            continue
        for position, (size, seconds) in enumerate(zip(best["samples"], best["seconds"], strict=True)):
            others = best[best["samples"] != size]
            inner = 0 < position < len(best) - 1
            predicted = seconds_by_size(size, others["samples"], others["seconds"])
            rows.append(
                {
                    "check": f"trees {'between' if inner else 'beyond'}",
                    "instance_type": name,
                    "library": library,
                    "samples": size,
                    "reference_seconds": float(seconds),
                    "predicted_seconds": float(predicted),
                }
            )
    return rows


def _networks(jobs: SmallJobs, hardware: Hardware) -> list[dict[str, object]]:
    timed = jobs.timed_networks
    cpus = jobs.cpus(hardware.instances).loc[timed["instance_type"]]
    peak = cpu_peak_flops_per_second(cpus["vcpus"], cpus["vcpus_per_core"], cpus["ghz"], cpus["flops_per_cycle"])
    flops, seconds = timed["training_flops"].to_numpy(float), timed["seconds"].to_numpy(float)
    share = np.log(flops / seconds / peak)
    rows = []
    for index in range(len(timed)):
        others = np.exp(np.delete(share, index).mean())
        rows.append(
            {
                "check": "network on cpu",
                "instance_type": timed["instance_type"].iloc[index],
                "library": timed["job"].iloc[index],
                "samples": timed["samples"].iloc[index],
                "reference_seconds": float(seconds[index]),
                "predicted_seconds": float(flops[index] / (peak[index] * others)),
            }
        )
    return rows
