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
    "precision", "instance_type", "count", "region", "service", "purchase", "accelerator", "hours", "cost_usd",
    "meets_deadline", "basis", "same_machine_hours", "same_machine_cost_usd", "saved_by_speed_usd",
    "saved_by_choice_usd", "saved_usd", "bytes_per_parameter", "speedup_low", "speedup_expected", "speedup_high",
    "speedup_basis", "needs", "risk", "note_source", "reason",
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
    are expected USD a run. Raises NoPlan if no precision has any plan (search does), InvalidInput for unknown names.
    """
    result = search(workload.changed({"precision": list(PRECISIONS)}), sources)
    best = {name: _cheapest(result, index) for index, name in enumerate(PRECISIONS)}
    found = [name for name in PRECISIONS if best[name] is not None]
    if base is not None and base not in found:
        raise InvalidInput([unknown("base", base, found, "precision with a plan")])
    start = best[base or found[0]]
    assert start is not None
    facts = PrecisionFacts.open(sources.book.snapshot)
    rows = [_row(result, facts, model_class, index, best[name], start) for index, name in enumerate(PRECISIONS)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cheapest(result: Result, precision: int) -> int | None:
    """The row of the cheapest plan in a precision: on time if there is one, else the cheapest late one."""
    mine = result.candidates.precision_index == precision
    on_time = mine & result.meets_deadline
    rows = np.nonzero(on_time if on_time.any() else mine)[0]
    return int(rows[np.lexsort((result.wall_hours[rows], result.cost_usd[rows]))[0]]) if len(rows) else None


def _row(
    result: Result, facts: PrecisionFacts, model_class: str, precision: int, row: int | None, start: int
) -> dict[str, object]:
    name = PRECISIONS[precision]
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
    same = _same_machine(result, start, precision)
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
        "hours": float(result.wall_hours[row]),
        "cost_usd": cost,
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


def _same_machine(result: Result, start: int, precision: int) -> int | None:
    """The row of the same offer and count as ``start`` in another precision, if it can run."""
    chosen = result.candidates
    same = (chosen.offer == chosen.offer[start]) & (chosen.count_index == chosen.count_index[start])
    rows = np.nonzero(same & (chosen.precision_index == precision))[0]
    return int(rows[0]) if len(rows) else None
