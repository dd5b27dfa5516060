"""The cheapest change that makes a run fit: one row of the table of layouts, on this accelerator or on another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from costlib.planner.fit_answer import AcceleratorFit, Choice, Fix, in_words
from costlib.planner.fit_layouts import largest_held
from costlib.workload import RECOMPUTES, Fit, Workload

#: What a layout may change, but for the machines it runs on.
_KINDS = ("precision", "recompute", "zero_stage", "optimizer", "micro_batch")


#: Dollars within this share of the least count as equal: hours are not known so well that numerics or machines should
#: change for less.
EQUAL_USD_FRACTION = 0.02
#: Changes of equal dollars and equal number, the mildest first: those that leave the arithmetic as it is, before fewer
#: bits in it, before fewer bits in the optimizer; bf16 has the range of fp32, fp16 needs loss scaling.
_PRECISIONS_MILDEST_FIRST = ("fp32", "tf32", "bf16", "fp16", "fp8")


def cheapest_fix(workload: Workload, accelerator: str, table: pd.DataFrame, base: pd.Series) -> Fix | None:
    """The cheapest layout of the table that fits, beside ``base``; None if none does.

    Of dollars that are equal within EQUAL_USD_FRACTION: the fewest changes, the mildest of them, the largest
    micro-batch. Layouts without known hours are ranked by their price an hour.
    """
    fitting = table[table["verdict"] == "fits"]
    if fitting.empty:
        return None
    bill = fitting["usd_per_hour"] * fitting["count"]
    usd = fitting["cost"] if fitting["cost"].notna().any() else bill
    equal = fitting[usd <= usd.min() * (1.0 + EQUAL_USD_FRACTION)]
    changed = {name: equal[name] != base[name] for name in _KINDS}
    machines = (equal["devices"] != base["devices"]) | (equal["instance_type"] != base["instance_type"])
    order = pd.DataFrame(
        {
            "changes": sum(one.astype(int) for one in changed.values()) + machines,
            "optimizer": changed["optimizer"],
            "precision": changed["precision"],
            "bits": equal["precision"].map(_PRECISIONS_MILDEST_FIRST.index),
            "machines": machines,
            "stage": equal["zero_stage"],
            "recompute": equal["recompute"].map(RECOMPUTES.index),
            "micro_batch": -equal["micro_batch"],
            "usd": usd[equal.index],
            "bill": bill[equal.index],
        }
    )
    best = equal.loc[order.sort_values(list(order.columns), kind="stable").index[0]]
    choice = choice_of(workload, best)
    was = float(base["cost"])
    added = None if choice.cost_usd is None or np.isnan(was) else choice.cost_usd - was
    return Fix(_changes(base, best), accelerator, choice, added, largest_held(workload, best.to_frame().T))


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
        said.append("8-bit optimizer" if best["optimizer"] == "adam_8bit" else f"optimizer {best['optimizer']}")
    if best["zero_stage"] != base["zero_stage"]:
        said.append(f"ZeRO stage {best['zero_stage']}")
    if best["instance_type"] != base["instance_type"]:
        said.append(f"instance {best['instance_type']}")
    if best["devices"] != base["devices"]:
        said.append(in_words(int(best["devices"]), best["processes"] != best["accelerator_count"]))
    return tuple(said)


def choice_of(workload: Workload, row: pd.Series) -> Choice:
    fit = workload.fit or Fit()
    replicas = int(row["devices"]) // (fit.tensor_parallel * fit.pipeline_parallel)
    steps = None if fit.global_batch is None else fit.global_batch // (int(row["micro_batch"]) * replicas)
    known = pd.notna(row["cost"])
    return Choice(
        instance_type=str(row["instance_type"]),
        count=int(row["count"]),
        accelerators=int(row["accelerator_count"]) * int(row["count"]),
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


def with_other_accelerators(found: list[AcceleratorFit]) -> tuple[AcceleratorFit, ...]:
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
    most = (first.cheapest_fix.largest_micro_batch if first.cheapest_fix else first.largest_micro_batch) or 0
    words = (f"another accelerator: {first.accelerator}, {best.count} x {best.instance_type}", *said)

    def helped(answer: AcceleratorFit) -> AcceleratorFit:
        if answer.fits in ("fits", "not known") or answer.cheapest_fix is not None:
            return answer
        was = answer.choice.cost_usd if answer.choice else None
        added = None if was is None or best.cost_usd is None else best.cost_usd - was
        return replace(answer, cheapest_fix=Fix(words, first.accelerator, best, added, most))

    return tuple(helped(answer) for answer in ordered)
