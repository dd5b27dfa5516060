"""Does a run fit on each accelerator, with which micro-batch, and what is the cheapest change that makes it fit?

Every layout of every cheapest instance is looked at as one table; dollars are hours of the planner at EC2's on-demand
prices in the home region, times what recomputation adds. What sharding and small micro-batches cost in time is not
counted: of equal dollars, the layout with the fewest changes and the lowest ZeRO stage comes first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from costlib.errors import Fault, InvalidInput, NoPlan
from costlib.models.memory import largest_micro_batch
from costlib.planner.arrangement import memory_of
from costlib.planner.fit_layouts import layout_of, layouts, sold_types
from costlib.planner.hours import counts_up_to, hours_grid
from costlib.planner.sources import Sources
from costlib.units import gib_to_bytes
from costlib.workload import PRECISIONS, Fit, Workload

#: Precisions that may be suggested though the workload does not list them: half the bytes, and no new numerics
#: beyond loss scaling. fp8 is only considered where it is listed.
SUGGESTED = ("fp16", "bf16")


_NOT_SPREAD = "no count of it up to search.max_instances is divided by the layout, or divides the batch"


@dataclass(frozen=True)
class Choice:
    """One layout on one instance type: what it needs, and what the run costs so; None where hours are not known."""

    instance_type: str
    count: int
    devices: int
    precision: str
    optimizer: str
    recompute: str
    zero_stage: int
    micro_batch: int
    accumulation_steps: int | None
    verdict: str
    bytes_low: float
    bytes_expected: float
    bytes_high: float
    usd_per_hour: float
    hours: float | None
    cost_usd: float | None

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Fix:
    """The cheapest change: what changes, the layout then, and dollars beside the layout that was asked for."""

    changes: tuple[str, ...]
    accelerator: str
    choice: Choice
    added_usd: float | None

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "changes": list(self.changes),
            "accelerator": self.accelerator,
            **self.choice.as_dict(),
            "added_usd": self.added_usd,
        }


@dataclass(frozen=True)
class AcceleratorFit:
    """One accelerator's answer for the layout asked for on its cheapest instance; ``reason`` where there is none.

    ``fits``: fits, tight, does not fit, or not known. ``largest_micro_batch`` is of expected bytes; 0: none.
    """

    accelerator: str
    fits: str
    usable_bytes: float
    instance_types: tuple[str, ...]
    choice: Choice | None
    bytes_by_component: dict[str, float]
    largest_micro_batch: int | None
    cheapest_fix: Fix | None
    reason: str = ""

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "accelerator": self.accelerator,
            "fits": self.fits,
            "usable_bytes": self.usable_bytes,
            "instance_types": list(self.instance_types),
            "layout": self.choice.as_dict() if self.choice else None,
            "bytes_by_component": self.bytes_by_component,
            "largest_micro_batch": self.largest_micro_batch,
            "cheapest_fix": self.cheapest_fix.as_dict() if self.cheapest_fix else None,
            "reason": self.reason,
        }


def fit_report(workload: Workload, sources: Sources, least_devices: int = 1) -> tuple[AcceleratorFit, ...]:
    """The answer for every accelerator that EC2 sells on demand in the home region, in the order of the cheapest fit.

    The layout asked for is that of ``workload.fit``; what it leaves open is at its plainest: no recomputation, no
    sharding, micro-batch 1, the fastest listed precision, the cheapest instances with ``least_devices`` or more
    accelerators that it can be spread over. A change that makes it fit may take fewer.
    Raises InvalidInput for a model without shape or measured activations, and for a batch that nothing divides; NoPlan
    if nothing with accelerators is sold there.
    """
    fit, model = workload.fit or Fit(), workload.model
    missing = [name for name in ("layers", "hidden", "sequence_length") if getattr(model, name) is None]
    if missing and fit.activation_gib_per_sample is None:
        raise InvalidInput(
            [Fault(f"model.{name}", None, "is missing; or give fit.activation_gib_per_sample") for name in missing]
        )
    sold = sold_types(workload, sources)
    if sold.empty:
        raise NoPlan(f"EC2 sells no searched instance with accelerators on demand in {workload.dataset.home_region}")
    precisions = tuple(name for name in PRECISIONS if name in (*workload.precision, *SUGGESTED))
    asked = workload.changed({"precision": list(precisions)})
    counts = counts_up_to(workload.search.max_instances)
    grid = hours_grid(asked, sources)
    where = {int(count): place for place, count in enumerate(grid.counts)}
    type_row = {name: row for row, name in enumerate(sources.offers.instance_types)}
    hours = grid.hours[1][:, [where[count] for count in counts]]
    tables = {
        str(name): layouts(asked, sources, str(name), part, counts, precisions, hours, type_row)
        for name, part in sold.groupby("accelerator", sort=True)
    }
    if all(table is None or table.empty for table in tables.values()):
        field = "fit.global_batch" if fit.global_batch else "fit"
        problem = "no number of accelerators up to search.max_instances divides it into whole micro-batches"
        raise InvalidInput([Fault(field, fit.global_batch, problem)])
    found = [
        _answer(workload, asked, str(name), part, tables[str(name)], least_devices)
        for name, part in sold.groupby("accelerator", sort=True)
    ]
    return _with_other_accelerators(found)


def _answer(
    given: Workload,
    asked: Workload,
    accelerator: str,
    sold: pd.DataFrame,
    table: pd.DataFrame | None,
    least_devices: int,
) -> AcceleratorFit:
    fit = given.fit or Fit()
    types = tuple(sold["instance_type"])
    room = float(gib_to_bytes(sold["accelerator_memory_gib"].iloc[0]))
    nothing = AcceleratorFit(accelerator, "not known", room, types, None, {}, None, None)
    if table is None:
        return replace(nothing, reason="no facts are held of its precisions")
    if table.empty:
        return replace(nothing, fits="does not fit", reason=_why_empty(table, given))
    listed = table[table["precision"].isin(given.precision)]
    plain = {
        "recompute": "none" if fit.recompute == "auto" else fit.recompute,
        "zero_stage": 0 if fit.zero_stage == "auto" else fit.zero_stage,
        "optimizer": given.optimizer,
        "micro_batch": fit.micro_batch or 1,
    }
    base = table if listed.empty else listed
    for name, value in plain.items():
        base = base[base[name] == value]
    base = base[base["devices"] >= least_devices]
    if base.empty:
        reason = _NOT_SPREAD if least_devices == 1 else f"{_NOT_SPREAD}, and has {least_devices:,} or more"
        return replace(nothing, fits="does not fit", reason=reason)
    cheapest = base.assign(bill=base["usd_per_hour"] * base["count"], slow=base["hours"].fillna(np.inf))
    first = cheapest.sort_values(["bill", "slow"], kind="stable").index[0]
    chosen = table.loc[first]
    if listed.empty:
        # What was asked for cannot run here at all; only a change of precision may help.
        asked_for = chosen.copy()
        asked_for["precision"], asked_for["cost"] = given.precision[0], np.nan
        why = f"it has none of {', '.join(given.precision)}"
        fix = _fix(given, accelerator, table, asked_for)
        return replace(nothing, fits="does not fit", reason=why, cheapest_fix=fix)
    room = float(gib_to_bytes(float(chosen["accelerator_memory_gib"])))
    one = table.loc[[first]]
    memory = memory_of(asked, one["devices"].to_numpy(), layout_of(one))
    at_one = memory_of(asked, one["devices"].to_numpy(), layout_of(one.assign(micro_batch=1)))
    largest = int(largest_micro_batch(at_one, room)[0])
    width = fit.tensor_parallel * fit.pipeline_parallel
    if fit.global_batch is not None:
        largest = min(largest, int(fit.global_batch * width // chosen["devices"]))
    answer = AcceleratorFit(
        accelerator,
        str(chosen["verdict"]),
        room,
        types,
        _choice(given, chosen),
        {name: float(part[0]) for name, part in memory.by_component().items()},
        largest,
        None,
    )
    if answer.fits == "fits":
        return answer
    return replace(answer, cheapest_fix=_fix(given, accelerator, table, chosen))


def _fix(workload: Workload, accelerator: str, table: pd.DataFrame, base: pd.Series) -> Fix | None:
    """The cheapest layout of the table that fits; None if none does."""
    fitting = table[table["verdict"] == "fits"]
    if fitting.empty:
        return None
    names = ("precision", "recompute", "zero_stage", "optimizer", "micro_batch", "devices", "instance_type")
    changed = sum((fitting[name] != base[name]).astype(int) for name in names)
    # Cents apart in the twelfth digit are equal; a layout without known hours is ranked by its price an hour.
    dollars = fitting["cost"].map(lambda usd: float(f"{usd:.9g}"), na_action="ignore").fillna(np.inf)
    order = pd.DataFrame(
        {
            "cost": dollars,
            "changes": changed,
            "stage": fitting["zero_stage"],
            "bill": fitting["usd_per_hour"] * fitting["count"],
        }
    )
    best = fitting.loc[order.sort_values(["cost", "changes", "stage", "bill"], kind="stable").index[0]]
    choice = _choice(workload, best)
    was = float(base["cost"])
    added = None if choice.cost_usd is None or np.isnan(was) else choice.cost_usd - was
    return Fix(_changes(base, best), accelerator, choice, added)


def _changes(base: pd.Series, best: pd.Series) -> tuple[str, ...]:
    """What differs, in words."""
    said = []
    if best["precision"] != base["precision"]:
        said.append(f"precision {best['precision']}")
    if best["recompute"] != base["recompute"]:
        said.append(f"recompute {best['recompute']}")
    if best["micro_batch"] != base["micro_batch"]:
        said.append(f"micro-batch {best['micro_batch']} with accumulation")
    if best["optimizer"] != base["optimizer"]:
        said.append("8-bit optimizer")
    if best["zero_stage"] != base["zero_stage"]:
        said.append(f"ZeRO stage {best['zero_stage']}")
    if best["instance_type"] != base["instance_type"]:
        said.append(f"instance {best['instance_type']}")
    if best["devices"] != base["devices"]:
        said.append("1 accelerator" if best["devices"] == 1 else f"{int(best['devices'])} accelerators")
    return tuple(said)


def _choice(workload: Workload, row: pd.Series) -> Choice:
    fit = workload.fit or Fit()
    replicas = int(row["devices"]) // (fit.tensor_parallel * fit.pipeline_parallel)
    steps = None if fit.global_batch is None else fit.global_batch // (int(row["micro_batch"]) * replicas)
    known = pd.notna(row["cost"])
    return Choice(
        instance_type=str(row["instance_type"]),
        count=int(row["count"]),
        devices=int(row["devices"]),
        precision=str(row["precision"]),
        optimizer=str(row["optimizer"]),
        recompute=str(row["recompute"]),
        zero_stage=int(row["zero_stage"]),
        micro_batch=int(row["micro_batch"]),
        accumulation_steps=steps,
        verdict=str(row["verdict"]),
        bytes_low=float(row["low"]),
        bytes_expected=float(row["expected"]),
        bytes_high=float(row["high"]),
        usd_per_hour=float(row["usd_per_hour"]) * int(row["count"]),
        hours=float(row["hours"]) if known else None,
        cost_usd=float(row["cost"]) if known else None,
    )


def _with_other_accelerators(found: list[AcceleratorFit]) -> tuple[AcceleratorFit, ...]:
    """Where no change helps, the cheapest fit on another accelerator is the change; the cheapest accelerators first."""

    def there(answer: AcceleratorFit) -> Choice | None:
        if answer.fits == "fits":
            return answer.choice
        return None if answer.cheapest_fix is None else answer.cheapest_fix.choice

    def dollars(answer: AcceleratorFit) -> float:
        choice = there(answer)
        return np.inf if choice is None or choice.cost_usd is None else choice.cost_usd

    ordered = sorted(found, key=lambda answer: (dollars(answer), answer.fits == "not known", answer.accelerator))
    best = there(ordered[0])
    if best is None or best.cost_usd is None:
        return tuple(ordered)
    first = ordered[0]
    said = first.cheapest_fix.changes if first.fits != "fits" and first.cheapest_fix else ()
    words = (f"another accelerator: {first.accelerator}, {best.count} x {best.instance_type}", *said)

    def helped(answer: AcceleratorFit) -> AcceleratorFit:
        if answer.fits in ("fits", "not known") or answer.cheapest_fix is not None:
            return answer
        was = answer.choice.cost_usd if answer.choice else None
        added = None if was is None or best.cost_usd is None else best.cost_usd - was
        return replace(answer, cheapest_fix=Fix(words, first.accelerator, best, added))

    return tuple(helped(answer) for answer in ordered)


def _why_empty(table: pd.DataFrame, given: Workload) -> str:
    return _NOT_SPREAD if len(table.columns) else f"it has none of {', '.join(given.precision)}"
