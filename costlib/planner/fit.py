"""Does a run fit on each accelerator, with which micro-batch, and what is the cheapest change that makes it fit?

Every layout of every cheapest instance is looked at as one table; dollars are hours of the planner, with what the
layout costs in time (planner.layout_hours), at EC2's on-demand prices in the home region. Of dollars that are about
equal the fewest and mildest changes come first (planner.fit_fix).
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from costlib.errors import Fault, InvalidInput, NoPlan
from costlib.planner.arrangement import memory_of, shape_faults
from costlib.planner.fit_answer import AcceleratorFit
from costlib.planner.fit_fix import cheapest_fix, choice_of, with_other_accelerators
from costlib.planner.fit_layouts import lacking, largest_held, layout_of, layouts, sold_types
from costlib.planner.hours import counts_up_to, hours_grid
from costlib.planner.sources import Sources
from costlib.units import gib_to_bytes
from costlib.workload import PRECISIONS, Fit, Workload

#: Precisions that may be suggested though the workload does not list them: half the bytes, and no new numerics
#: beyond loss scaling. fp8 is only considered where it is listed.
SUGGESTED = ("fp16", "bf16")


_NAMES = {"qlora": "QLoRA", "adam_8bit": "an 8-bit optimizer"}
_NOT_AVAILABLE = "{} is not available on it: the kernels are not made for it"
_NOT_SPREAD = "no count of it up to search.max_instances is divided by the layout, or divides the batch"


def fit_report(workload: Workload, sources: Sources, least_devices: int = 1) -> tuple[AcceleratorFit, ...]:
    """The answer for every accelerator that EC2 sells on demand in the home region, in the order of the cheapest fit.

    The layout asked for is that of ``workload.fit``; what it leaves open is at its plainest: no recomputation, no
    sharding, micro-batch 1, the fastest listed precision, the cheapest instances with ``least_devices`` or more
    accelerators that it can be spread over. A change that makes it fit may take fewer.
    Raises InvalidInput for a model without shape or measured activations, for parameters that are far from what the
    shape makes (arrangement.shape_faults), and for a batch that nothing divides; NoPlan
    if nothing with accelerators is sold there.
    """
    fit, model = workload.fit or Fit(), workload.model
    missing = [name for name in ("layers", "hidden", "sequence_length") if getattr(model, name) is None]
    if missing and fit.activation_gib_per_sample is None:
        raise InvalidInput(
            [Fault(f"model.{name}", None, "is missing; or give fit.activation_gib_per_sample") for name in missing]
        )
    if faults := shape_faults(workload):
        raise InvalidInput(faults)
    sold = sold_types(workload, sources)
    if sold.empty:
        raise NoPlan(f"EC2 sells no searched instance with accelerators on demand in {workload.dataset.home_region}")
    precisions = tuple(name for name in PRECISIONS if name in (*workload.precision, *SUGGESTED))
    asked = workload.changed({"precision": list(precisions)})
    counts = counts_up_to(workload.search.max_instances)
    grid = hours_grid(asked, sources)
    where = {int(count): place for place, count in enumerate(grid.counts)}
    type_row = {name: row for row, name in enumerate(sources.offers.instance_types)}
    columns = [where[count] for count in counts]
    hours = grid.hours[1][:, columns]
    timed = np.array([note.basis == "user" for note in grid.notes])[grid.note][:, columns]
    tables = {
        str(name): layouts(asked, sources, str(name), part, counts, precisions, hours, timed, type_row)
        for name, part in sold.groupby("accelerator", sort=True)
    }
    if all(table is None or table.empty for table in tables.values()):
        raise InvalidInput([_nowhere(fit, sold)])
    found = [
        _answer(workload, asked, str(name), part, tables[str(name)], _facts_of(sources, str(name)), least_devices)
        for name, part in sold.groupby("accelerator", sort=True)
    ]
    return with_other_accelerators(found)


def _answer(
    given: Workload,
    asked: Workload,
    accelerator: str,
    sold: pd.DataFrame,
    table: pd.DataFrame | None,
    facts: pd.Series | None,
    least_devices: int,
) -> AcceleratorFit:
    fit = given.fit or Fit()
    types = tuple(sold["instance_type"])
    room = float(gib_to_bytes(sold["usable_gib"].iloc[0]))
    nothing = AcceleratorFit(accelerator, "not known", room, types, None, {}, None, None, **_sources(facts))
    lacks = lacking(facts)
    if table is None:
        return replace(nothing, reason="no facts are held of its precisions")
    nothing = replace(nothing, fits="does not fit")
    if "training" in lacks:
        return replace(nothing, reason="it is made for inference: its software does not train")
    if fit.method in lacks:
        return replace(nothing, reason=_NOT_AVAILABLE.format(_NAMES[fit.method]))
    if table.empty:
        return replace(nothing, reason=_why_empty(table, given, sold))
    listed = table[table["precision"].isin(given.precision)]
    plain = {
        "recompute": "none" if fit.recompute == "auto" else fit.recompute,
        "zero_stage": 0 if fit.zero_stage == "auto" else fit.zero_stage,
        "optimizer": given.optimizer if given.optimizer not in lacks else str(table["optimizer"].iloc[0]),
        "micro_batch": fit.micro_batch or 1,
    }
    base = table if listed.empty else listed
    for name, value in plain.items():
        base = base[base[name] == value]
    base = base[base["devices"] >= least_devices]
    if base.empty:
        reason = _NOT_SPREAD if least_devices == 1 else f"{_NOT_SPREAD}, and has {least_devices:,} or more"
        return replace(nothing, reason=reason)
    cheapest = base.assign(bill=base["usd_per_hour"] * base["count"], slow=base["hours"].fillna(np.inf))
    first = cheapest.sort_values(["bill", "slow"], kind="stable").index[0]
    chosen = table.loc[first]
    if listed.empty or given.optimizer in lacks:
        # What was asked for cannot run here at all; only a change of precision or optimizer may help.
        asked_for = chosen.copy()
        asked_for["optimizer"], asked_for["cost"] = given.optimizer, np.nan
        why = _NOT_AVAILABLE.format(_NAMES["adam_8bit"])
        if listed.empty:
            asked_for["precision"], why = given.precision[0], f"it has none of {', '.join(given.precision)}"
        return replace(nothing, reason=why, cheapest_fix=cheapest_fix(given, accelerator, table, asked_for))
    room = float(gib_to_bytes(float(chosen["usable_gib"])))
    one = table.loc[[first]]
    memory = memory_of(asked, one["devices"].to_numpy(), layout_of(one))
    largest = largest_held(asked, one)
    answer = replace(
        nothing,
        fits=str(chosen["verdict"]),
        usable_bytes=room,
        choice=choice_of(given, chosen),
        bytes_by_component={name: float(part[0]) for name, part in memory.by_component().items()},
        largest_micro_batch=largest,
        reason_source="",
    )
    if answer.fits == "fits":
        return answer
    return replace(answer, cheapest_fix=cheapest_fix(given, accelerator, table, chosen))


def _nowhere(fit: Fit, sold: pd.DataFrame) -> Fault:
    """What keeps the layout from every number of every type."""
    if not np.any(sold["processes"].to_numpy(float) % fit.tensor_parallel == 0):
        problem = (
            "does not divide the accelerators of one instance of any searched type; it is not spread over machines"
        )
        return Fault("fit.tensor_parallel", fit.tensor_parallel, problem)
    if fit.global_batch:
        problem = "no number of accelerators up to search.max_instances divides it into whole micro-batches"
        return Fault("fit.global_batch", fit.global_batch, problem)
    width = f"tensor x pipeline parallelism ({fit.tensor_parallel} x {fit.pipeline_parallel})"
    return Fault("fit", None, f"{width} divides no number of accelerators up to search.max_instances")


def _facts_of(sources: Sources, accelerator: str) -> pd.Series | None:
    held = sources.hardware.accelerators
    return cast("pd.Series", held.loc[accelerator, :]) if accelerator in held.index else None


def _sources(facts: pd.Series | None) -> dict[str, str]:
    """Where the usable memory is from, and what the accelerator lacks, if anything."""
    if facts is None:
        return {"usable_basis": "published", "usable_source": "facts/instances: as EC2 reports it"}
    words = {name: "" if pd.isna(facts[name]) else str(facts[name]) for name in ("usable_rule", "lacks_source")}
    from_where = f"{facts['usable_source']}; {words['usable_rule']}".removesuffix("; ")
    return {
        "usable_basis": str(facts["usable_basis"]),
        "usable_source": from_where,
        "reason_source": words["lacks_source"],
    }


def _why_empty(table: pd.DataFrame, given: Workload, sold: pd.DataFrame) -> str:
    if not len(table.columns):
        return f"it has none of {', '.join(given.precision)}"
    wide = (given.fit or Fit()).tensor_parallel
    in_one = sold["processes"].to_numpy(float)
    if not np.any(in_one % wide == 0):
        many = " or ".join(f"{size:g}" for size in np.unique(in_one))
        return f"tensor parallelism over {wide} does not divide the {many} of one instance, and is not spread over more"
    return _NOT_SPREAD
