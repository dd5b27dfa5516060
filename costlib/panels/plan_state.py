"""What the planning panel knows, without widgets: the draft, the last good answer, the selection, undo and redo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import traitlets

from costlib.errors import Cancelled, CostlibError, Fault, InvalidInput
from costlib.panels.background import Foreground, Progress, Worker
from costlib.planner.explain import plans
from costlib.planner.ladder import LEVERS, Ladder, ladder
from costlib.planner.plan import Plan
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.prices.overlay import Rates
from costlib.workload import Workload

#: Steps that undo goes back.
MOST_STEPS = 100


@dataclass(frozen=True)
class Draft:
    """What the user asks: a workload, and percent off the prices of services."""

    workload: Workload
    discount_percent: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class PlanState(traitlets.HasTraits):
    """The planning panel's state. Set the draft with ``propose``, then read ``result`` and what follows from it.

    A refused draft or a failed search leaves ``draft`` and ``result`` as they were and says why in ``faults``
    or ``problem``.
    """

    draft = traitlets.Instance(Draft)
    result = traitlets.Instance(Result, allow_none=True)
    faults = traitlets.Tuple()
    problem = traitlets.Unicode()
    busy = traitlets.Bool(False)
    progress = traitlets.Float(0.0)
    stage = traitlets.Unicode()
    selected_row = traitlets.Int(None, allow_none=True)
    lever_order = traitlets.Tuple(tuple(LEVERS))
    can_undo = traitlets.Bool(False)
    can_redo = traitlets.Bool(False)

    def __init__(self, sources: Sources, workload: Workload, worker: Worker | None = None) -> None:
        super().__init__(draft=Draft(workload))
        self._list_sources = sources
        self._worker = worker or Foreground()
        self._behind: list[Draft] = []
        self._ahead: list[Draft] = []
        self._discounted: tuple[Mapping[str, float], Sources] = (MappingProxyType({}), sources)
        # The first answer is there as soon as the panel is: nothing runs beside it yet.
        worker, self._worker = self._worker, Foreground()
        self._search(self.draft, lambda: None)
        self._worker = worker

    @property
    def sources(self) -> Sources:
        """Prices and facts of the last good answer, else the list prices."""
        return self._list_sources if self.result is None else self.result.sources

    @property
    def vocabulary(self) -> Any:
        """The names a workload may use."""
        return self._list_sources.vocabulary

    def propose(self, content: Any, discount_percent: Mapping[str, float] | None = None) -> None:
        """Takes a workload as plain values (with own discounts), searches, and keeps it if both go well."""
        discounts = self.draft.discount_percent if discount_percent is None else discount_percent
        faults: list[Fault] = []
        workload = None
        try:
            workload = Workload.from_mapping(content, self.vocabulary)
        except InvalidInput as refused:
            faults += refused.faults
        try:
            Rates.discounts(discounts)
        except InvalidInput as refused:
            faults += refused.faults
        self.faults = tuple(faults)
        if workload is not None and not faults:
            given = {service: percent for service, percent in discounts.items() if percent}
            self._take(Draft(workload, MappingProxyType(given)))

    def propose_yaml(self, text: str, name: str = "workload") -> None:
        """Takes a workload as YAML text."""
        try:
            workload = Workload.from_yaml_text(text, self.vocabulary, name=name)
        except InvalidInput as refused:
            self.faults = refused.faults
            return
        self.faults = ()
        self._take(replace(self.draft, workload=workload))

    def refuse(self, faults: tuple[Fault, ...]) -> None:
        """Shows faults found before a workload could be made; draft and answer stay."""
        self.faults = tuple(faults)

    def answer(self, workload: Workload, discount_percent: Mapping[str, float]) -> Result:
        """The answer to another draft; the state does not change. Raises InvalidInput and NoPlan."""
        return search(workload, self._sources_for(discount_percent))

    def undo(self) -> None:
        """Goes back to the draft before the last change."""
        if self._behind:
            self._step(self._behind, self._ahead)

    def redo(self) -> None:
        """Takes back the last undo."""
        if self._ahead:
            self._step(self._ahead, self._behind)

    def cancel(self) -> None:
        """Stops the running search; the last good answer stays."""
        self._worker.cancel()

    def select(self, row: int | None) -> None:
        """Selects a candidate of the result; rows that it does not have are ignored."""
        if row is None or (self.result is not None and 0 <= row < len(self.result.candidates)):
            self.selected_row = row

    def move_lever(self, lever: str, steps: int) -> None:
        """Pulls a lever ``steps`` places earlier (negative) or later."""
        order = list(self.lever_order)
        place = order.index(lever)
        order.pop(place)
        order.insert(max(0, min(place + steps, len(order))), lever)
        self.lever_order = tuple(order)

    def ladder(self) -> Ladder | None:
        """The savings ladder of the answer, with the levers in the user's order."""
        return None if self.result is None else ladder(self.result, self.lever_order)

    def selected_plan(self) -> Plan | None:
        """The selected candidate with its lines."""
        if self.result is None or self.selected_row is None:
            return None
        return plans(self.result, [self.selected_row])[0]

    def best_plans(self, most: int) -> list[Plan]:
        """The cheapest plans that hold the deadline, one for each service, type and purchase option."""
        if self.result is None:
            return []
        return plans(self.result, self.result.best_per("service", "instance_type", "purchase")[:most])

    def _take(self, draft: Draft) -> None:
        if draft == self.draft and self.result is not None:
            self.problem = ""
            return
        before = self.draft

        def keep() -> None:
            self._behind = [*self._behind, before][-MOST_STEPS:]
            self._ahead = []

        self._search(draft, keep)

    def _step(self, source: list[Draft], target: list[Draft]) -> None:
        draft, before = source[-1], self.draft

        def keep() -> None:
            source.pop()
            target.append(before)

        self.faults = ()
        self._search(draft, keep)

    def _search(self, draft: Draft, keep: Any) -> None:
        """Searches for a draft; ``keep`` is called when the answer is good, before it is shown."""
        self.busy, self.progress, self.stage, self.problem = True, 0.0, "", ""

        def work(progress: Progress) -> Result:
            return search(draft.workload, self._sources_for(draft.discount_percent), progress)

        def on_progress(share: float, what: str) -> None:
            self.progress, self.stage = share, what

        def on_end(result: Result | None, error: BaseException | None) -> None:
            self.busy = False
            if result is not None:
                keep()
                self._show(draft, result)
            elif isinstance(error, InvalidInput):
                self.faults = error.faults
            elif isinstance(error, Cancelled):
                self.problem = "The search was stopped; the answer below is the last good one."
            elif isinstance(error, CostlibError):
                self.problem = f"{error}."
            elif error is not None:
                self.problem = f"The search failed unexpectedly ({type(error).__name__}: {error})."
                raise error

        self._worker.start(work, on_progress, on_end)

    def _show(self, draft: Draft, result: Result) -> None:
        before, row = self.result, self.selected_row
        kept = None if before is None or row is None else _same_plan(before, row, result)
        best = result.order[0] if len(result.order) else result.cost_usd.argmin()
        with self.hold_trait_notifications():
            # Told in this order: what reads the answer comes before what redraws the form.
            self.result = result
            # A plan that the user chose stays chosen; the best plan follows the answer.
            chosen = before is not None and len(before.order) and row != before.order[0]
            self.selected_row = kept if chosen and kept is not None else int(best)
            self.draft = draft
            self.can_undo, self.can_redo = bool(self._behind), bool(self._ahead)

    def _sources_for(self, discount_percent: Mapping[str, float]) -> Sources:
        held, sources = self._discounted
        if discount_percent != held:
            rates = Rates.discounts(discount_percent) if discount_percent else None
            sources = replace(self._list_sources, book=self._list_sources.book.with_rates(rates))
            self._discounted = (discount_percent, sources)
        return sources


def _same_plan(before: Result, row: int, after: Result) -> int | None:
    """The row of the same offer, count and precision in another result of the same offers; None if it is gone."""
    if len(before.sources.offers.service) != len(after.sources.offers.service):
        return None
    old, new = before.candidates, after.candidates
    counts = (after.grid.counts == before.grid.counts[old.count_index[row]]).nonzero()[0]
    precision = before.grid.precisions[old.precision_index[row]]
    if not len(counts) or precision not in after.grid.precisions:
        return None
    same = new.offer == old.offer[row]
    same &= new.count_index == counts[0]
    same &= new.precision_index == after.grid.precisions.index(precision)
    found = same.nonzero()[0]
    return int(found[0]) if len(found) else None
