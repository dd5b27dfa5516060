"""Which number format a run is cheapest in: speed, memory, choice of instance and dollars, one row a precision."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import InvalidInput, unknown
from costlib.facts.precision import NOTES, PrecisionFacts
from costlib.models.memory import minimum_training_memory_bytes
from costlib.planner.explain import plans
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.workload import PRECISIONS, Workload

Ints = npt.NDArray[np.int64]

COLUMNS = (
    "precision", "instance_type", "count", "region", "service", "purchase", "accelerator", "hours_low", "hours",
    "hours_high", "cost_low_usd", "cost_usd", "cost_high_usd", "meets_deadline", "basis", "same_machine_hours",
    "same_machine_cost_usd", "saved_by_speed_usd", "saved_by_choice_usd", "saved_usd", "bytes_per_parameter",
    "speedup_low", "speedup_expected", "speedup_high", "speedup_basis", "needs", "risk", "note_source", "reason",
)  # fmt: skip


def compare_precisions(
    workload: Workload, sources: Sources, model_class: str = "language", base: str | None = None
) -> pd.DataFrame:
    """The cheapest plan of the workload in each of PRECISIONS, and what each saves beside ``base``.

    ``base``: by default the first of fp32, tf32, fp16, bf16, fp8 that has a plan. Of the saving, ``saved_by_speed``
    is made on the base's own machine (same offer and count), and ``saved_by_choice`` by other machines that the
    precision opens or makes worth their price; a precision that the base's machine lacks saves by choice alone. If
    nothing holds the deadline in a precision, its cheapest late plan stands there, and ``meets_deadline`` says so.
    ``speedup_*`` is what was measured on the plan's accelerator beside its own wider precision, for ``model_class``;
    hours come from the planner's own rules. ``bytes_per_parameter``: weights, gradients and optimizer state. Costs
    are USD a run, expected unless named low or high. Raises NoPlan if no precision has any plan (search does),
    InvalidInput for unknown names.
    """
    return compare_found(search_precisions(workload, sources), model_class, base)


def search_precisions(workload: Workload, sources: Sources) -> Result:
    """The search of a workload in all of PRECISIONS, whichever it lists. Raises as search does."""
    return search(workload.changed({"precision": list(PRECISIONS)}), sources)


def compare_found(result: Result, model_class: str = "language", base: str | None = None) -> pd.DataFrame:
    """The same table from a search_precisions that is at hand."""
    best = {name: cheapest(result, name) for name in PRECISIONS}
    found = [name for name in PRECISIONS if best[name] is not None]
    if base is not None and base not in found:
        raise InvalidInput([unknown("base", base, found, "precision with a plan")])
    start = best[base or found[0]]
    assert start is not None
    facts = PrecisionFacts.open(result.sources.book.snapshot)
    rows = [_row(result, facts, model_class, name, best[name], start) for name in PRECISIONS]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def cheapest(result: Result, precision: str, accelerator: str | None = None) -> int | None:
    """The row of the cheapest plan in a precision, on one accelerator if it is named: on time if there is one, else
    the cheapest late one; None if there is none."""
    mine = result.candidates.precision_index == result.grid.precisions.index(precision)
    if accelerator is not None:
        types = result.sources.offers.instance_types
        has_it = np.array([result.sources.accelerators_of(name)[0] == accelerator for name in types])
        mine &= has_it[result.column("instance_type")]
    on_time = mine & result.meets_deadline
    rows = np.nonzero(on_time if on_time.any() else mine)[0]
    return int(rows[np.lexsort((result.wall_hours[rows], result.cost_usd[rows]))[0]]) if len(rows) else None


def _row(
    result: Result, facts: PrecisionFacts, model_class: str, name: str, row: int | None, start: int
) -> dict[str, object]:
    note = NOTES[name]
    workload = result.workload
    bytes_each = float(
        minimum_training_memory_bytes(workload.model.parameters, name, 1, optimizer=workload.optimizer)
        / workload.model.parameters
    )
    words = {"needs": note.needs, "risk": note.risk, "note_source": note.source, "bytes_per_parameter": bytes_each}
    if row is None:
        why = "no machine that may be used supports it, is known to train in it, and holds the model"
        return {"precision": name, **words, "reason": why}
    (plan,) = plans(result, [row])
    same = same_machine(result, start, name)
    same_cost = np.nan if same is None else float(result.cost_usd[same])
    start_cost, cost = float(result.cost_usd[start]), float(result.cost_usd[row])
    speed = facts.table(plan.accelerator, model_class).set_index("precision").loc[name] if plan.accelerator else None
    by_speed = 0.0 if same is None else start_cost - same_cost
    return {
        "precision": name,
        "instance_type": plan.instance_type,
        "count": plan.count,
        "region": plan.region,
        "service": plan.service,
        "purchase": plan.purchase,
        "accelerator": plan.accelerator,
        "hours_low": plan.hours.low,
        "hours": float(result.wall_hours[row]),
        "hours_high": plan.hours.high,
        "cost_low_usd": plan.cost_usd.low,
        "cost_usd": cost,
        "cost_high_usd": plan.cost_usd.high,
        "meets_deadline": bool(result.meets_deadline[row]),
        "basis": plan.basis,
        "same_machine_hours": np.nan if same is None else float(result.wall_hours[same]),
        "same_machine_cost_usd": same_cost,
        "saved_by_speed_usd": by_speed,
        "saved_by_choice_usd": start_cost - cost - by_speed,
        "saved_usd": start_cost - cost,
        **({} if speed is None else {key: speed[key] for key in ("speedup_low", "speedup_expected", "speedup_high")}),
        "speedup_basis": "" if speed is None else speed["basis"],
        **words,
        "reason": "",
    }


def same_machine(result: Result, start: int, precision: str) -> int | None:
    """The row of the same offer and count as ``start`` in another precision, if it can run."""
    chosen = result.candidates
    same = (chosen.offer == chosen.offer[start]) & (chosen.count_index == chosen.count_index[start])
    rows = np.nonzero(same & (chosen.precision_index == result.grid.precisions.index(precision)))[0]
    return int(rows[0]) if len(rows) else None
