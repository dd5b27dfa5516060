"""What the commitments page knows, without widgets: usage and choices in, what to buy out, the rest a little later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import pandas as pd
import traitlets

from costlib.errors import Cancelled, CostlibError, Fault, InvalidInput
from costlib.models.commitments import Rates
from costlib.panels.background import Foreground, Progress, Worker
from costlib.panels.commit_fields import (
    DEFAULTS,
    HELD,
    MONTHS,
    OF_USAGE,
    asked_of,
    future_of,
    like_fall,
)
from costlib.panels.commit_later import CommitLater, Weighed
from costlib.panels.commit_usage import START, START_DEFAULTS, UPLOAD, Beginnings, Begun, upload_fault
from costlib.planner.commit.asked import Asked
from costlib.planner.commit.demand import Future
from costlib.planner.commit.held_file import Held, read_held
from costlib.planner.commit.price_falls import falls_seen_in
from costlib.planner.commit.rates import every_rate
from costlib.planner.commit.report import CommitReport, commit_report, planned_report
from costlib.planner.commit.usage_file import UsageFile
from costlib.planner.sources import Sources

#: The fall of on-demand prices that can be asked for again.
FALL_MONTH = "2025-06"
#: Weight on the worst tenth of futures to begin with, in percent; and steps that undo goes back.
RISK_PERCENT, MOST_UNDO = 25, 50

#: Choices and the weight beside them.
Step = tuple[dict[str, str], int]


class CommitState(traitlets.HasTraits):
    """``propose`` what the controls say (a text for each of commit_fields.CONTROLS and commit_usage.STARTS),
    ``weigh`` bad futures, ``undo``; read ``report``.

    A proposal is worked out by the worker (``busy``, ``progress``, ``stage``), a new weight at once; ``later`` follows,
    and is None until then. ``begun`` is the usage that the report is of. What is refused stands in ``faults``
    (``file_faults`` of the usage file, ``problem`` if no control is to blame) and leaves the answer as it was.
    """

    report = traitlets.Instance(CommitReport)
    later = traitlets.Instance(CommitLater, allow_none=True)
    begun = traitlets.Instance(Begun)
    values = traitlets.Dict()
    risk_percent = traitlets.Int(RISK_PERCENT)
    faults = traitlets.Tuple()
    file_faults = traitlets.Tuple()
    problem = traitlets.Unicode()
    notes = traitlets.Dict()
    busy = traitlets.Bool(False)
    progress = traitlets.Float(0.0)
    stage = traitlets.Unicode()
    can_undo = traitlets.Bool(False)
    can_redo = traitlets.Bool(False)

    def __init__(
        self, sources: Sources | None = None, worker: Worker | None = None, values: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        self.beginnings = Beginnings(self.sources)
        self._worker: Worker = Foreground()
        self._behind: list[Step] = []
        self._ahead: list[Step] = []
        self._solving = self._start_later = False
        # The first answer is worked out before the page stands, so that it opens with it.
        self._take({**START_DEFAULTS, **DEFAULTS, **(values or {})}, RISK_PERCENT)
        if self.faults or self.file_faults:
            raise InvalidInput([*self.faults, *self.file_faults])
        if self.problem:
            raise CostlibError(self.problem)
        self._worker = worker or self._worker
        self._start_later = True
        self._work_out_later()

    @property
    def known(self) -> tuple[pd.DataFrame | None, pd.DataFrame | None, pd.DataFrame | None]:
        """Regret, look-backs and the picture of weights, where they are worked out already."""
        return self._weighed.known(self.risk_percent / 100)

    @property
    def read(self) -> UsageFile:
        """The usage as read."""
        return self.begun.read

    @cached_property
    def _every_rate(self) -> Rates:
        return every_rate(self.sources.book)

    @cached_property
    def types(self) -> tuple[str, ...]:
        """EC2 types with an on-demand price: what usage may move to."""
        return tuple(sorted(set(self.sources.book.part("ec2", "on_demand")["billed_type"])))

    @cached_property
    def falls(self) -> pd.DataFrame:
        """The on-demand prices that fell in FALL_MONTH (planner.commit.price_falls)."""
        return falls_seen_in(self.sources.book, FALL_MONTH)

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say."""
        self._take({**self.values, **values}, self.risk_percent)

    def upload(self, name: str, content: bytes) -> None:
        """Takes a file's usage."""
        fault = upload_fault(name, content)
        if fault is not None:
            self.file_faults = (fault,)
            return
        before = self.beginnings.uploads.get(name)
        self.beginnings.uploads[name] = content
        self.propose({START: UPLOAD + name})
        if self.file_faults:
            if before is None:
                del self.beginnings.uploads[name]
            else:
                self.beginnings.uploads[name] = before

    def weigh(self, percent: int) -> None:
        """Answers for another weight on the worst tenth of futures, at once."""
        if percent == self.risk_percent:
            return
        if self._solving:
            # The answer that is being worked out will be for this weight.
            self.risk_percent = percent
            return
        self._remember()
        self._show(self._weighed, percent)
        self._work_out_later()

    def fall_again(self) -> None:
        """Asks for the price cut that FALL_MONTH saw: of the usage's families that fell then, else of all."""
        self.propose(like_fall(self.falls, self.read.usage))

    def undo(self) -> None:
        """Back to the choices before."""
        self._step(self._behind, self._ahead)

    def redo(self) -> None:
        """Takes back the last undo."""
        self._step(self._ahead, self._behind)

    def cancel(self) -> None:
        """Stops what is being worked out; the last answer stays."""
        self._worker.cancel()

    def _step(self, source: list[Step], other: list[Step]) -> None:
        if not source:
            return
        values, percent = source.pop()
        other.append((dict(self.values), self.risk_percent))
        self._tell_steps()
        if values == self.values:
            self._show(self._weighed, percent)
            self._work_out_later()
        else:
            self._take(values, percent, remember=False)

    def _remember(self) -> None:
        self._behind = [*self._behind, (dict(self.values), self.risk_percent)][-MOST_UNDO:]
        self._ahead = []
        self._tell_steps()

    def _tell_steps(self) -> None:
        self.can_undo, self.can_redo = bool(self._behind), bool(self._ahead)

    def _take(self, values: dict[str, str], percent: int, remember: bool = True) -> None:
        try:
            begun = self.beginnings.begin(values)
        except InvalidInput as refused:
            with self.hold_trait_notifications():
                self.faults, self.file_faults, self.problem = self._other_faults(values), refused.faults, ""
            return
        except CostlibError as impossible:
            with self.hold_trait_notifications():
                self.faults, self.file_faults, self.problem = (), (), f"{impossible}."
            return
        notes: dict[str, str] = {}
        read = begun.read
        if self.values and read.usage.lines != self.read.usage.lines:
            for key in OF_USAGE:
                if values[key] and values[key] == self.values[key]:
                    values[key], notes[key] = "", "went with the usage before"
        faults: list[Fault] = []
        if begun.planned is None:
            future = future_of(values, read.usage, self.types, faults)
        else:
            future = Future(int(values[MONTHS]))
        asked = asked_of(values, read.usage, faults)
        held = self._held(values, begun, faults)
        if future is None or asked is None or faults:
            with self.hold_trait_notifications():
                self.faults, self.file_faults, self.problem = tuple(faults), (), ""
            return
        asked = replace(asked, risk_weight=percent / 100, held=held)
        self._solve(values, begun, future, asked, notes, remember)

    def _other_faults(self, values: Mapping[str, str]) -> tuple[Fault, ...]:
        """What is wrong with the controls that do not go with some usage."""
        faults: list[Fault] = []
        if self.values:
            free = {**values, **dict.fromkeys(OF_USAGE, "")}
            future_of(free, self.read.usage, self.types, faults)
            asked_of(free, self.read.usage, faults)
        return tuple(faults)

    def _held(self, values: Mapping[str, str], begun: Begun, faults: list[Fault]) -> Held:
        path = values[HELD].strip()
        if not path:
            return ()
        if begun.planned is not None:
            faults.append(Fault(HELD, path, "needs a file of usage: when planned runs begin is not said"))
            return ()
        try:
            return read_held(path, self._every_rate, begun.read.hours[-1] + pd.Timedelta(hours=1))
        except InvalidInput as refused:
            faults += [replace(fault, field=f"{HELD} {fault.field}") for fault in refused.faults]
            return ()

    def _solve(
        self,
        values: dict[str, str],
        begun: Begun,
        future: Future,
        asked: Asked,
        notes: dict[str, str],
        remember: bool,
    ) -> None:
        def end(report: CommitReport | None, error: BaseException | None) -> None:
            self._solving, self.busy = False, False
            if report is None:
                self._failed(error)
                return
            if remember and self.values:
                self._remember()
            with self.hold_trait_notifications():
                self.faults, self.file_faults, self.problem, self.notes = (), (), "", notes
                self.values, self.begun = values, begun
                # The weight may have moved since the question was asked; an undo brings back its own.
                percent = self.risk_percent if remember and self.values else round(100 * asked.risk_weight)
                self._show(Weighed(report), percent)
            self._work_out_later()

        self._solving, self.busy, self.progress, self.stage = True, True, 0.0, "what to buy"
        book = self.sources.book

        def work(_: Progress) -> CommitReport:
            if begun.planned is not None:
                return planned_report(book, begun.planned, future.months, asked)
            return commit_report(book, begun.read.usage, future, asked)

        self._worker.start(work, self._on_progress, end)

    def _show(self, weighed: Weighed, percent: int) -> None:
        with self.hold_trait_notifications():
            self._weighed = weighed
            self.later = None
            self.risk_percent = percent
            self.report = weighed.at(percent / 100)

    def _work_out_later(self) -> None:
        if not self._start_later:
            return
        weighed, weight = self._weighed, self.risk_percent / 100
        self.busy, self.progress, self.stage = True, 0.0, ""
        self._worker.start(lambda tell: weighed.later(weight, tell), self._on_progress, self._on_later)

    def _on_progress(self, share: float, what: str) -> None:
        self.progress, self.stage = share, what

    def _on_later(self, later: CommitLater | None, error: BaseException | None) -> None:
        self.busy = False
        if later is None:
            self._failed(error)
        elif later.risk_weight == self.report.asked.risk_weight:  # else it belongs to a weight that has been left
            self.later = later

    def _failed(self, error: BaseException | None) -> None:
        if isinstance(error, InvalidInput):
            self.faults = error.faults
        elif isinstance(error, Cancelled):
            self.problem = "Stopped: what is shown is as far as it was worked out."
        elif isinstance(error, CostlibError):
            self.problem = f"{error}."
        elif error is not None:
            self.problem = f"It failed unexpectedly ({type(error).__name__}: {error})."
            raise error
