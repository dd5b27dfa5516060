"""What the precision page knows, without widgets: what was asked, and the last good answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import traitlets

from costlib.errors import Fault, InvalidInput, unknown
from costlib.facts.precision import MODEL_CLASSES, PrecisionFacts
from costlib.models.roofline import bound_from_utilisation
from costlib.panels.controls import number_of
from costlib.panels.precision_fields import (
    ACCELERATOR,
    BASE,
    CPU,
    DEFAULTS,
    GPU,
    IO_WAIT,
    MEMORY,
    MICRO_BATCH,
    MODEL_CLASS,
    ONLY,
    PRECISION,
    step_input,
    workload_changes,
    workload_values,
)
from costlib.panels.refusals import answered, require_answered
from costlib.planner.advice import Advice, Utilisation, advise
from costlib.planner.answer import example_paths, read_workload
from costlib.planner.explain import plans
from costlib.planner.memory_views import by_precision
from costlib.planner.plan import Plan
from costlib.planner.precision import cheapest, compare_found, search_precisions
from costlib.planner.roofline import Roofline, roofline
from costlib.planner.roofline_advice import advise_step
from costlib.planner.search import Result
from costlib.planner.sources import Sources
from costlib.workload import PRECISIONS, Workload

EXAMPLE = "gpt2-1.5b"


@dataclass(frozen=True)
class PrecisionAnswer:
    """Everything that the page shows for one question.

    ``base``: the format that savings are counted from. ``table``: planner.precision.COLUMNS; ``speedups``:
    facts.precision's ``across``; ``memory``: bytes of one accelerator by planner.memory_views.by_precision, empty for a
    model without its shape. ``row`` and ``plan`` are the plan looked at closely; ``line`` is None where ``line_reason``
    says why. ``verdict``: what the monitor's numbers say binds, as models.roofline.bound_from_utilisation words it.
    """

    workload: Workload
    result: Result
    base: str
    table: pd.DataFrame
    speedups: pd.DataFrame
    memory: pd.DataFrame
    accelerators: tuple[str, ...]
    precisions: tuple[str, ...]
    row: int
    plan: Plan
    line: Roofline | None
    line_reason: str
    line_advice: tuple[Advice, ...]
    seen: Utilisation
    verdict: str
    advice: tuple[Advice, ...]

    @property
    def best(self) -> Mapping[str, Any]:
        """The row of ``table`` that costs least of those that hold the deadline, or of all."""
        known = self.table[self.table["cost_usd"].notna()]
        on_time = known[known["meets_deadline"].astype(bool)]
        return dict((known if on_time.empty else on_time).sort_values("cost_usd", kind="stable").iloc[0])


class PrecisionState(traitlets.HasTraits):
    """``propose`` what the controls say (a text for each of precision_fields.CONTROLS), or ``start``; read ``answer``.

    What is refused stands in ``faults`` (``problem``, if no control is to blame) and leaves ``answer`` as it was.
    ``notes``: by control, what was taken in place of what the answer does not have.
    """

    answer = traitlets.Instance(PrecisionAnswer)
    values = traitlets.Dict()
    started = traitlets.Unicode()
    faults = traitlets.Tuple()
    problem = traitlets.Unicode()
    notes = traitlets.Dict()

    def __init__(self, sources: Sources | None = None, workload: Workload | None = None) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        self._facts = PrecisionFacts.open(self.sources.book.snapshot)
        self._result: Result | None = None
        started = EXAMPLE if workload is None else ""
        self._asked = self._example(EXAMPLE) if workload is None else workload
        self._take(self._asked, {**workload_values(self._asked), **DEFAULTS}, started)
        require_answered(self)

    @property
    def examples(self) -> tuple[str, ...]:
        """Workloads to start from."""
        return tuple(example_paths())

    @cached_property
    def families(self) -> dict[str, tuple[str, ...]]:
        """The instance families that have each accelerator; only those whose number formats are known."""
        found: dict[str, set[str]] = {}
        known = set(self._facts.across()["accelerator"])
        for name in self.sources.offers.instance_types:
            accelerator, _ = self.sources.accelerators_of(name)
            if accelerator in known:
                found.setdefault(accelerator, set()).add(name.split(".")[0])
        return {name: tuple(sorted(found[name])) for name in sorted(found)}

    def start(self, name: str) -> None:
        """Takes an example workload; what the other controls say stays."""
        if name not in self.examples:
            self.faults = (unknown("start", name, self.examples, "example"),)
            return
        workload = self._example(name)
        self._take(workload, {**self.values, **workload_values(workload), MICRO_BATCH: ""}, name)

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say; ``started`` tells of own numbers."""
        try:
            workload = self._asked.changed(workload_changes(values), self.sources.vocabulary)
        except InvalidInput as refused:
            # What is wrong elsewhere is told with it.
            self.faults, self.problem = (*refused.faults, *self._read(values)[1]), ""
            return
        self._take(workload, values, self.started if workload == self._asked else "")

    def _read(self, values: Mapping[str, str]) -> tuple[dict[str, Any], list[Fault]]:
        """The numbers of the step and of the monitor, and everything wrong with them."""
        faults: list[Fault] = []
        micro_batch = number_of(values, MICRO_BATCH, faults, whole=True, after="%")
        given = step_input(values, faults)
        shares = [number_of(values, key, faults, after="%") for key in (GPU, MEMORY, IO_WAIT, CPU)]
        seen = None
        if shares[0] is None:
            if not any(fault.field == GPU for fault in faults):
                faults.append(Fault(GPU, None, "is needed: everything else is judged by it"))
        elif not any(fault.field in (MEMORY, IO_WAIT, CPU) for fault in faults):
            try:
                seen = Utilisation.of_percent(shares[0], *shares[1:])
            except InvalidInput as refused:
                faults += refused.faults
        if values[MODEL_CLASS] not in MODEL_CLASSES:
            faults.append(unknown(MODEL_CLASS, values[MODEL_CLASS], MODEL_CLASSES, "model class"))
        if values[ONLY] and values[ONLY] not in self.families:
            faults.append(unknown(ONLY, values[ONLY], self.families, "accelerator"))
        return {"micro_batch": micro_batch, "given": given, "seen": seen}, faults

    def _take(self, workload: Workload, values: Mapping[str, str], started: str) -> None:
        """Answers, and keeps the answer if nothing is wrong."""
        read, faults = self._read(values)
        if faults:
            self.faults, self.problem = tuple(faults), ""
            return
        found = answered(self, lambda: self._answered(workload, dict(values), read))
        if found is None:
            return
        answer, taken, notes = found
        with self.hold_trait_notifications():
            self.faults, self.problem, self.notes = (), "", notes
            self._asked = workload
            self.started = started
            self.values = taken
            self.answer = answer

    def _answered(
        self, workload: Workload, values: dict[str, str], read: Mapping[str, Any]
    ) -> tuple[PrecisionAnswer, dict[str, str], dict[str, str]]:
        only, notes = values[ONLY], {}
        searched = workload.changed({"search.instance_families": list(self.families[only])}) if only else workload
        result = self._searched(searched)
        found = [name for name in PRECISIONS if cheapest(result, name) is not None]
        if values[BASE] and values[BASE] not in found:
            notes[BASE] = f"{values[BASE]} has no plan; beside {found[0]}"
            values[BASE] = ""
        table = compare_found(result, values[MODEL_CLASS], values[BASE] or None)
        if values[PRECISION] not in found:
            taken = "bf16" if "bf16" in found else found[-1]
            notes[PRECISION] = f"{values[PRECISION]} has no plan; {taken} is shown"
            values[PRECISION] = taken
        accelerators = _with_plans(result, values[PRECISION])
        if values[ACCELERATOR] and values[ACCELERATOR] not in accelerators:
            notes[ACCELERATOR] = f"no plan on {values[ACCELERATOR]} in {values[PRECISION]}; the cheapest is shown"
            values[ACCELERATOR] = ""
        row = _row(result, values[PRECISION], values[ACCELERATOR] or None)
        seen: Utilisation = read["seen"]
        line, reason = None, ""
        try:
            line = roofline(result, row, read["micro_batch"], read["given"])
        except InvalidInput as refused:
            if any(not fault.field.startswith(("model.", "accelerator")) for fault in refused.faults):
                raise
            reason = "; ".join(str(fault) for fault in refused.faults)
        answer = PrecisionAnswer(
            workload,
            result,
            values[BASE] or found[0],
            table,
            self._facts.across(values[MODEL_CLASS]),
            _memory(workload),
            accelerators,
            tuple(found),
            row,
            plans(result, [row])[0],
            line,
            reason,
            () if line is None else tuple(advise_step(result, line)),
            seen,
            _verdict(seen),
            tuple(advise(result, row, seen)),
        )
        return answer, values, notes

    def _searched(self, workload: Workload) -> Result:
        """The last search, if it is of the same workload."""
        wanted = workload.changed({"precision": list(PRECISIONS)})
        if self._result is None or self._result.workload != wanted:
            self._result = search_precisions(workload, self.sources)
        return self._result

    def _example(self, name: str) -> Workload:
        return read_workload(name, self.sources.vocabulary)


def _row(result: Result, precision: str, accelerator: str | None = None) -> int:
    row = cheapest(result, precision, accelerator)
    assert row is not None  # only formats and accelerators with a plan come here
    return row


def _with_plans(result: Result, precision: str) -> tuple[str, ...]:
    """The accelerators that have a plan in a precision."""
    mine = result.candidates.precision_index == result.grid.precisions.index(precision)
    codes = np.unique(result.column("instance_type")[mine])
    names = {result.sources.accelerators_of(result.sources.offers.instance_types[code])[0] for code in codes}
    return tuple(sorted(names - {""}))


def _memory(workload: Workload) -> pd.DataFrame:
    try:
        return by_precision(workload, 1)
    except ValueError:
        return pd.DataFrame()


def _verdict(seen: Utilisation) -> str:
    known = [
        np.nan if value is None else value for value in (seen.memory_fraction, seen.io_wait_fraction, seen.cpu_fraction)
    ]
    return str(bound_from_utilisation(seen.gpu_fraction, *known).item())
