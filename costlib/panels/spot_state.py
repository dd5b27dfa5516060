"""What the spot page knows, without widgets: one spot plan at once, and what takes seconds a little later."""

from __future__ import annotations

from collections.abc import Mapping

import traitlets

from costlib.errors import Cancelled, CostlibError, Fault, InvalidInput, unknown
from costlib.facts.spot_traces import SpotTraces
from costlib.panels.background import Foreground, Worker
from costlib.panels.refusals import answered, require_answered
from costlib.panels.spot_fields import (
    CAMPAIGN,
    COUNT,
    DEFAULTS,
    INSTANCE_HOURS,
    INTERRUPTIONS,
    REGION,
    TRACE,
    TYPE,
    backoff_of,
    drill_of,
    start_of,
    told,
    workload_changes,
    workload_values,
)
from costlib.panels.spot_record import Asked, Recorder, SpotAnswer, SpotRecord
from costlib.planner.answer import example_paths, read_workload
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.planner.spot import checkpoints, mixes, recorded, zones
from costlib.planner.spot.run import choose, names_of, spot_rows
from costlib.workload import Workload

EXAMPLE = "gpt2-1.5b"
#: Controls that tell of one run or choose its plan, beside the keys of its workload: another run begins without them.
OF_RUN = (TYPE, REGION, COUNT, INTERRUPTIONS, INSTANCE_HOURS)
#: The trace that is shown to begin with.
FIRST_TRACE = "aws1026-us-west-2b_v100_1"


class SpotState(traitlets.HasTraits):
    """``propose`` what the controls say (a text for each of spot_fields.CONTROLS), or ``start``; read ``answer``.

    ``record`` follows when it is worked out (``busy``, ``progress``, ``stage``); until then it is that of the plan
    before, and it is None where ``reason`` says why recorded capacity tells nothing of the plan. What is refused stands
    in ``faults`` (``problem``, if no control is to blame) and leaves answer and record as they were; what only a piece
    of the record cannot have stands in ``record.faults``.
    """

    answer = traitlets.Instance(SpotAnswer)
    record = traitlets.Instance(SpotRecord, allow_none=True)
    values = traitlets.Dict()
    started = traitlets.Unicode()
    faults = traitlets.Tuple()
    problem = traitlets.Unicode()
    notes = traitlets.Dict()
    reason = traitlets.Unicode()
    busy = traitlets.Bool(False)
    progress = traitlets.Float(0.0)
    stage = traitlets.Unicode()

    def __init__(
        self,
        sources: Sources | None = None,
        workload: Workload | None = None,
        worker: Worker | None = None,
        traces: SpotTraces | None = None,
    ) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        self.traces = traces if traces is not None else SpotTraces.open()
        self.campaigns = tuple(zones.campaigns(self.traces))
        self._worker = worker or Foreground()
        self._recorder = Recorder(self.traces)
        self._result: Result | None = None
        started = EXAMPLE if workload is None else ""
        self._base = self._example(EXAMPLE) if workload is None else workload
        first = FIRST_TRACE if FIRST_TRACE in self.trace_names else self.trace_names[0]
        values = {**workload_values(self._base), **DEFAULTS, TRACE: first, CAMPAIGN: self.campaigns[0]}
        self._take(values, started)
        require_answered(self)

    @property
    def examples(self) -> tuple[str, ...]:
        """Workloads to start from."""
        return tuple(example_paths())

    @property
    def trace_names(self) -> tuple[str, ...]:
        """The recorded traces, equal ones once."""
        return tuple(recorded.distinct(self.traces)["trace"])

    def start(self, name: str) -> None:
        """Takes an example workload and its cheapest spot plan; what the other controls say stays."""
        if name not in self.examples:
            self.faults = (unknown("start", name, self.examples, "example"),)
            return
        before, self._base = self._base, self._example(name)
        of_run = {**workload_values(self._base), **dict.fromkeys(OF_RUN, "")}
        self._take({**self.values, **of_run}, name)
        if self.faults or self.problem:
            self._base = before

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say; ``started`` tells of own numbers."""
        self._take(dict(values), self.started)

    def cancel(self) -> None:
        """Stops the work on recorded capacity; the last one that was done stays."""
        self._worker.cancel()

    def _take(self, values: dict[str, str], started: str) -> None:
        faults: list[Fault] = []
        changes = workload_changes(self._base, values, faults)
        asked, workload = self._read(values, faults), None
        try:
            workload = self._base.changed(changes, self.sources.vocabulary)
        except InvalidInput as refused:
            faults += refused.faults
        if faults or asked is None or workload is None:
            self.faults, self.problem = tuple(faults), ""
            return
        found = answered(self, lambda: self._answered(workload, values))
        if found is None:
            return
        answer, notes = found
        with self.hold_trait_notifications():
            self.faults, self.problem, self.notes = (), "", notes
            self.values, self.started = values, started if workload == self._base else ""
            self.answer = answer
        try:
            recorded.terms_of(answer.run, answer.deadline_hours)
        except InvalidInput as refused:
            # The plan itself is shown; only what follows from recorded capacity cannot be told.
            self._worker.cancel()
            with self.hold_trait_notifications():
                self.busy, self.reason = False, told(refused.faults)
                self.record = None
            return
        self.reason = ""
        self._work_out(answer, asked)

    def _read(self, values: Mapping[str, str], faults: list[Fault]) -> Asked | None:
        drill, schedule, start = drill_of(values, faults), backoff_of(values, faults), start_of(values, faults)
        if values[TRACE] not in self.trace_names:
            faults.append(unknown(TRACE, values[TRACE], self.trace_names, "recorded trace"))
        if values[CAMPAIGN] not in self.campaigns:
            faults.append(unknown(CAMPAIGN, values[CAMPAIGN], self.campaigns, "set of zones"))
        if drill is None or schedule is None or faults:
            return None
        return Asked(values[TRACE], start, values[CAMPAIGN], drill, schedule)

    def _answered(self, workload: Workload, values: dict[str, str]) -> tuple[SpotAnswer, dict[str, str]]:
        if self._result is None or self._result.workload != workload:
            self._result = search(workload, self.sources)
        result, notes = self._result, {}
        rows = spot_rows(result)
        rows = rows[names_of(result, "service", rows) == "ec2"]
        options = {}
        # Each choice is made among what the choices before it leave.
        for key in (TYPE, REGION, COUNT):
            held = names_of(result, key, rows)
            options[key] = tuple(sorted(set(held.tolist())))
            if values[key] and not (held.astype(str) == values[key]).any():
                notes[key] = f"{values[key]} has no spot plan here; the cheapest is shown"
                values[key] = ""
            if values[key]:
                rows = rows[held.astype(str) == values[key]]
        count = int(values[COUNT]) if values[COUNT] else None
        run = choose(result, instance_type=values[TYPE] or None, region=values[REGION] or None, count=count)
        answer = SpotAnswer(
            workload,
            run,
            recorded.deadline_of(run),
            workload.deadline_hours is not None,
            checkpoints.intervals(run),
            checkpoints.curve(run),
            checkpoints.notice(run),
            mixes.by_share(run),
            options[TYPE],
            options[REGION],
            options[COUNT],
        )
        return answer, notes

    def _work_out(self, answer: SpotAnswer, asked: Asked) -> None:
        self.busy, self.progress, self.stage = True, 0.0, ""
        self._worker.start(lambda tell: self._recorder.record(answer, asked, tell), self._on_progress, self._on_end)

    def _on_progress(self, share: float, what: str) -> None:
        self.progress, self.stage = share, what

    def _on_end(self, record: SpotRecord | None, error: BaseException | None) -> None:
        self.busy = False
        if record is not None:
            self.record = record
        elif isinstance(error, InvalidInput):
            # No trace can tell of the plan at all.
            with self.hold_trait_notifications():
                self.reason, self.record = told(error.faults), None
        elif isinstance(error, Cancelled):
            self.problem = "Stopped: what recorded capacity makes of the run is still that of the last plan."
        elif isinstance(error, CostlibError):
            self.problem = f"{error}."
        elif error is not None:
            self.problem = f"It failed unexpectedly ({type(error).__name__}: {error})."
            raise error

    def _example(self, name: str) -> Workload:
        return read_workload(name, self.sources.vocabulary)
