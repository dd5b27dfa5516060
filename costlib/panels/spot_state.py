"""What the spot page knows, without widgets: one spot plan at once, and what takes seconds a little later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import traitlets

from costlib.errors import Cancelled, CostlibError, Fault, InvalidInput, unknown
from costlib.facts.spot_traces import SpotTraces
from costlib.models.backoff import Backoff
from costlib.panels.background import Foreground, Progress, Worker
from costlib.panels.spot_fields import (
    CAMPAIGN,
    COUNT,
    DEFAULTS,
    REGION,
    TRACE,
    TYPE,
    backoff_of,
    drill_of,
    start_of,
    workload_changes,
    workload_values,
)
from costlib.paths import data_dir
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.planner.spot import checkpoints, drills, mixes, odds, one_job, recorded, waiting, zones
from costlib.planner.spot.run import SpotRun, choose, names_of, spot_rows
from costlib.workload import Workload

EXAMPLE = "gpt2-1.5b"
#: The trace that is shown to begin with.
FIRST_TRACE = "aws1026-us-west-2b_v100_1"


@dataclass(frozen=True)
class SpotAnswer:
    """One spot plan: what is known at once. ``deadline_given``: by the workload, else it is taken from the work."""

    workload: Workload
    run: SpotRun
    deadline_hours: float
    deadline_given: bool
    intervals: pd.DataFrame
    curve: pd.DataFrame
    notice: checkpoints.Notice
    mixes: pd.DataFrame
    types: tuple[str, ...]
    regions: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class SpotRecord:
    """What recorded capacity makes of the plan (planner.spot): each piece as its module gives it."""

    policies: pd.DataFrame
    ways: pd.DataFrame
    dates: pd.DataFrame
    moves: pd.DataFrame
    job: one_job.OneJob
    drills: pd.DataFrame
    waiting: pd.DataFrame


@dataclass(frozen=True)
class _Asked:
    """What is asked beside the plan."""

    trace: str
    start_hours: float | None
    campaign: str
    drill: drills.Drill
    schedule: Backoff


class SpotState(traitlets.HasTraits):
    """``propose`` what the controls say (a text for each of spot_fields.CONTROLS), or ``start``; read ``answer``.

    ``record`` follows when it is worked out (``busy``, ``progress``, ``stage``); it is None until then, and where
    ``reason`` says why recorded capacity tells nothing of the plan. What is refused stands in ``faults`` (``problem``,
    if no control is to blame) and leaves answer and record as they were.
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
        self, sources: Sources | None = None, workload: Workload | None = None, worker: Worker | None = None
    ) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        self.traces = SpotTraces.open()
        self.campaigns = tuple(zones.campaigns(self.traces))
        self._worker = worker or Foreground()
        self._kept: dict[str, tuple[object, Any]] = {}
        self._result: Result | None = None
        started = EXAMPLE if workload is None else ""
        self._base = self._example(EXAMPLE) if workload is None else workload
        values = {**workload_values(self._base), **DEFAULTS, TRACE: FIRST_TRACE, CAMPAIGN: self.campaigns[0]}
        self._take(values, started)
        if self.faults:
            raise InvalidInput(self.faults)
        if self.problem:
            raise CostlibError(self.problem)

    @property
    def examples(self) -> tuple[str, ...]:
        """Workloads to start from."""
        return tuple(sorted(path.stem for path in (data_dir() / "examples").glob("*.yaml")))

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
        self._take({**self.values, **workload_values(self._base), TYPE: "", REGION: "", COUNT: ""}, name)
        if self.faults or self.problem:
            self._base = before

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say."""
        self._take(dict(values), self.started)

    def cancel(self) -> None:
        """Stops the work on recorded capacity; the last one that was done stays."""
        self._worker.cancel()

    def _take(self, values: dict[str, str], started: str) -> None:
        faults: list[Fault] = []
        changes = workload_changes(values, faults)
        asked, workload = self._read(values, faults), None
        try:
            workload = self._base.changed(changes, self.sources.vocabulary)
        except InvalidInput as refused:
            faults += refused.faults
        try:
            if faults or asked is None or workload is None:
                raise InvalidInput(faults)
            answer, notes = self._answered(workload, values)
        except InvalidInput as refused:
            self.faults, self.problem = refused.faults, ""
            return
        except CostlibError as impossible:
            self.faults, self.problem = (), f"{impossible}."
            return
        with self.hold_trait_notifications():
            self.faults, self.problem, self.notes = (), "", notes
            self.values, self.started = values, started
            self.answer = answer
        try:
            recorded.terms_of(answer.run, answer.deadline_hours)
        except InvalidInput as refused:
            # The plan itself is shown; only what follows from recorded capacity cannot be told.
            self._worker.cancel()
            with self.hold_trait_notifications():
                self.busy, self.reason = False, "; ".join(str(fault) for fault in refused.faults)
                self.record = None
            return
        self.reason = ""
        self._work_out(answer, asked)

    def _read(self, values: Mapping[str, str], faults: list[Fault]) -> _Asked | None:
        drill, schedule, start = drill_of(values, faults), backoff_of(values, faults), start_of(values, faults)
        if values[TRACE] not in self.trace_names:
            faults.append(unknown(TRACE, values[TRACE], self.trace_names, "recorded trace"))
        if values[CAMPAIGN] not in self.campaigns:
            faults.append(unknown(CAMPAIGN, values[CAMPAIGN], self.campaigns, "set of zones"))
        if drill is None or schedule is None or faults:
            return None
        return _Asked(values[TRACE], start, values[CAMPAIGN], drill, schedule)

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

    def _work_out(self, answer: SpotAnswer, asked: _Asked) -> None:
        """Everything that replays recorded capacity, piece by piece; what has not changed is kept."""
        self.busy, self.progress, self.stage = True, 0.0, ""
        run, deadline, traces = answer.run, answer.deadline_hours, self.traces
        plan = (answer.workload, run.row)

        def work(progress: Progress) -> SpotRecord:
            def piece(name: str, key: object, at: float, what: str, make: Callable[[Progress], Any]) -> Any:
                progress(at, what)
                held = self._kept.get(name)
                if held is None or held[0] != key:
                    held = self._kept[name] = (key, make(lambda share, words: progress(at + 0.3 * share, words)))
                return held[1]

            job = piece(
                "job", (plan, asked.trace, asked.start_hours), 0.0, "one job", lambda _: self._job(answer, asked)
            )
            ways = piece("ways", plan, 0.05, "chances", lambda tell: odds.by_way(run, deadline, traces, tell))
            dates = piece("dates", plan, 0.35, "dates", lambda _: odds.by_date(run, deadline, traces))
            policies = piece(
                "policies", plan, 0.4, "policies", lambda tell: recorded.by_policy(run, deadline, traces, progress=tell)
            )
            moves = piece(
                "moves", (plan, asked.campaign), 0.75, "zones",
                lambda _: zones.by_moves(run, deadline, traces, asked.campaign),
            )  # fmt: skip
            drilled = piece("drills", (plan, asked.drill), 0.85, "game day",
                            lambda _: drills.game_day(run, deadline, asked.drill))  # fmt: skip
            waits = piece(
                "waiting", asked.schedule, 0.95, "waiting", lambda _: waiting.by_schedule(traces, asked.schedule)
            )
            return SpotRecord(policies, ways, dates, moves, job, drilled, waits)

        self._worker.start(work, self._on_progress, self._on_end)

    def _job(self, answer: SpotAnswer, asked: _Asked) -> one_job.OneJob:
        start = asked.start_hours
        if start is None:
            start = one_job.last_start_hours(self.traces, asked.trace, answer.deadline_hours) / 2.0
        return one_job.one_job(answer.run, answer.deadline_hours, self.traces, asked.trace, start)

    def _on_progress(self, share: float, what: str) -> None:
        self.progress, self.stage = share, what

    def _on_end(self, record: SpotRecord | None, error: BaseException | None) -> None:
        self.busy = False
        if record is not None:
            self.record = record
        elif isinstance(error, InvalidInput):
            self.faults = error.faults
        elif isinstance(error, Cancelled):
            self.problem = "Stopped: what recorded capacity makes of the run is still that of the last plan."
        elif isinstance(error, CostlibError):
            self.problem = f"{error}."
        elif error is not None:
            self.problem = f"It failed unexpectedly ({type(error).__name__}: {error})."
            raise error

    def _example(self, name: str) -> Workload:
        return Workload.from_yaml(data_dir() / "examples" / f"{name}.yaml", self.sources.vocabulary)
