"""Every layout of a run on every cheapest instance of an accelerator, as one table: bytes, verdict, hours, dollars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.batch import largest_divisor
from costlib.models.memory import TrainingMemory, largest_micro_batch, verdict
from costlib.planner.arrangement import Layout, memory_of, spreads
from costlib.planner.layout_hours import layout_hours
from costlib.planner.sources import Sources
from costlib.units import gib_to_bytes
from costlib.workload import PURCHASES, RECOMPUTES, SERVICES, Fit, Workload

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def sold_types(workload: Workload, sources: Sources) -> pd.DataFrame:
    """Types with whole accelerators and their on-demand price in the home region; of like ones only the cheapest.

    Parts of a GPU are left out: how they share memory with others is not held.
    """
    offers = sources.offers
    region = workload.dataset.home_region
    rows = np.nonzero(
        (offers.service == SERVICES.index("ec2"))
        & (offers.purchase == PURCHASES.index("on_demand"))
        & (np.array(offers.regions)[offers.region] == region)
    )[0]
    prices = pd.DataFrame(
        {
            "instance_type": np.array(offers.instance_types)[offers.instance_type[rows]],
            "usd_per_hour": offers.usd_per_hour[1][rows],
        }
    )
    held = sources.hardware.instances[["accelerator", "accelerator_count", "processes", "usable_gib", "family"]]
    table = prices.join(held, on="instance_type", how="inner").dropna(subset=["accelerator", "usable_gib"])
    table = table[table["accelerator_count"] >= 1]
    families = workload.search.instance_families
    if families != "all":
        table = table[table["instance_type"].str.split(".").str[0].isin(families)]
    table = table.sort_values(["usd_per_hour", "instance_type"])
    return table.drop_duplicates(["accelerator", "accelerator_count", "usable_gib"]).reset_index(drop=True)


def layouts(
    workload: Workload,
    sources: Sources,
    accelerator: str,
    sold: pd.DataFrame,
    counts: Sequence[int],
    precisions: Sequence[str],
    hours: Floats,
    timed: Bools,
    type_row: Mapping[str, int],
) -> pd.DataFrame | None:
    """Every layout on every type and count of one accelerator; None if its precisions are not known.

    ``hours`` of the planner by type, count and precision, and which of them the user ``timed``.
    """
    if accelerator not in sources.hardware.accelerators.index:
        return None
    peaks = cast("pd.Series", sources.hardware.accelerators.loc[accelerator, :])
    able = [name for name in precisions if pd.notna(peaks[f"{name}_tflops"])]
    if not able:
        return pd.DataFrame()
    fit = workload.fit or Fit()
    most = fit.micro_batch or 1
    recomputes = ("none",) if fit.activation_gib_per_sample else RECOMPUTES
    axes = {
        "type": np.arange(len(sold)),
        "count": np.array(counts),
        "precision": np.array(able),
        "recompute": np.array(recomputes),
        "zero_stage": np.arange(4),
        "optimizer": np.array(_optimizers(workload, lacking(peaks)), dtype=str),
        "micro_batch": np.array([size for size in range(1, most + 1) if most % size == 0]),
    }
    places = np.meshgrid(*(np.arange(len(axis)) for axis in axes.values()), indexing="ij")
    table = pd.DataFrame({name: axis[place.ravel()] for (name, axis), place in zip(axes.items(), places, strict=True)})
    of_type = table["type"].to_numpy()
    for column in ("instance_type", "usd_per_hour", "accelerator_count", "processes", "usable_gib"):
        table[column] = sold[column].to_numpy()[of_type]
    table["devices"] = table["processes"].to_numpy(float) * table["count"].to_numpy()
    width = fit.tensor_parallel * fit.pipeline_parallel
    # A layer's parts exchange in the middle of their arithmetic: tensor parallelism stays within an instance.
    together = table["processes"].to_numpy(float) % fit.tensor_parallel == 0
    # Sharding over one replica is no sharding.
    useful = (table["zero_stage"] == 0) | (table["devices"] > width)
    if fit.zero_stage != "auto":
        useful |= table["zero_stage"] == fit.zero_stage
    keep = together & useful & spreads(workload, table["devices"].to_numpy(), table["micro_batch"].to_numpy())
    table = table[keep].reset_index(drop=True)
    if table.empty:
        return table
    memory = memory_of(workload, table["devices"].to_numpy(), layout_of(table))
    room = gib_to_bytes(table["usable_gib"].to_numpy(float))
    table["verdict"] = verdict(memory, room)
    table["low"], table["expected"], table["high"] = memory.total_low, memory.total, memory.total_high
    precision_at = {name: place for place, name in enumerate(workload.precision)}
    place_of = {count: place for place, count in enumerate(counts)}
    row = table["instance_type"].map(type_row).to_numpy(np.int64)
    cells = (row, table["count"].map(place_of).to_numpy(), table["precision"].map(precision_at).to_numpy())
    table["plain_hours"] = hours[cells]
    # Who leaves the micro-batch open takes what there is room for.
    table["taken"] = table["micro_batch"] if fit.micro_batch else _most(workload, table, memory, high=True).clip(min=1)
    table["hours"] = layout_hours(workload, sources, table, row, timed[cells])
    table["cost"] = table["hours"] * table["count"] * table["usd_per_hour"]
    return table


def lacking(facts: pd.Series | None) -> tuple[str, ...]:
    """What cannot run on an accelerator: ``training`` at all, or methods and optimizers of a workload."""
    words = None if facts is None else facts["lacks"]
    return tuple(words.split()) if isinstance(words, str) else ()


def _optimizers(workload: Workload, lacks: Sequence[str]) -> list[str]:
    """Those to try: SGD has no moments in 8 bits to win, and Adafactor next to none."""
    asked = workload.optimizer
    also = {"adam": ["adam_8bit"], "adam_8bit": ["adam"] if "adam_8bit" in lacks else []}.get(asked, [])
    return [name for name in (asked, *also) if name not in lacks]


def largest_held(workload: Workload, row: pd.DataFrame) -> int:
    """The largest micro-batch of a row's layout by its expected bytes that the global batch allows; 0: none."""
    at_one = row.assign(micro_batch=1)
    return int(_most(workload, at_one, memory_of(workload, row["devices"].to_numpy(), layout_of(at_one)))[0])


def _most(workload: Workload, table: pd.DataFrame, at_one: TrainingMemory, high: bool = False) -> Ints:
    """The largest micro-batch of each row: it divides a replica's share of the global batch, where there is one."""
    fit = workload.fit or Fit()
    room = gib_to_bytes(table["usable_gib"].to_numpy(float))
    most = largest_micro_batch(at_one, room, high)
    if fit.global_batch is None:
        return most
    replicas = table["devices"].to_numpy(float) / (fit.tensor_parallel * fit.pipeline_parallel)
    return largest_divisor(fit.global_batch / replicas, most)


def layout_of(table: pd.DataFrame) -> Layout:
    words = {name: table[name].to_numpy(str) for name in ("precision", "optimizer", "recompute")}
    return Layout(zero_stage=table["zero_stage"].to_numpy(), micro_batch=table["micro_batch"].to_numpy(), **words)
