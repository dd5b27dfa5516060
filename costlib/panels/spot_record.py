"""What the spot page knows of one plan, and what recorded capacity makes of it, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.models.backoff import Backoff
from costlib.panels.background import Progress
from costlib.panels.spot_fields import CAMPAIGN, TRACE
from costlib.planner.spot import checkpoints, drills, odds, one_job, recorded, waiting, zones
from costlib.planner.spot.run import SpotRun
from costlib.workload import Workload

MOST_KEPT = 8


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
    """What recorded capacity makes of the plan (planner.spot): each piece as its module gives it.

    ``faults``: what controls ask that does not go with the plan; such a piece is as it last was for this plan, or None.
    """

    policies: pd.DataFrame
    ways: pd.DataFrame
    dates: pd.DataFrame
    moves: pd.DataFrame | None
    job: one_job.OneJob | None
    drills: pd.DataFrame | None
    waiting: pd.DataFrame
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What is asked of recorded capacity, beside the plan."""

    trace: str
    start_hours: float | None
    campaign: str
    drill: drills.Drill
    schedule: Backoff


class Recorder:
    """Replays plans over recorded traces; the pieces of the last MOST_KEPT questions are kept, for a way back."""

    def __init__(self, traces: SpotTraces) -> None:
        self.traces = traces
        # By name, the newest first: the plan, what else was asked, and the piece.
        self._kept: dict[str, list[tuple[object, object, Any]]] = {}

    def record(self, answer: SpotAnswer, asked: Asked, progress: Progress) -> SpotRecord:
        """The whole record of a plan. Raises InvalidInput where no trace can tell of it at all."""
        run, deadline, traces = answer.run, answer.deadline_hours, self.traces
        plan = (answer.workload, run.row)
        faults: list[Fault] = []

        def piece(name: str, of: object, key: object, at: float, make: Callable[[Progress], Any]) -> Any:
            progress(at, name)
            kept = self._kept.get(name, [])
            held = next((one for one in kept if one[:2] == (of, key)), None)
            if held is None:
                held = (of, key, make(lambda share, words: progress(at + 0.3 * share, words)))
            self._kept[name] = [held, *(one for one in kept if one is not held)][:MOST_KEPT]
            return held[2]

        def refusable(name: str, key: object, at: float, make: Callable[[], Any]) -> Any:
            try:
                return piece(name, plan, key, at, lambda _: make())
            except InvalidInput as refused:
                faults.extend(refused.faults)
                return next((made for of, _, made in self._kept.get(name, []) if of == plan), None)

        def policies_of(tell: Progress) -> pd.DataFrame:
            return recorded.by_policy(run, deadline, traces, progress=tell)

        ways = piece("chances", plan, None, 0.0, lambda tell: odds.by_way(run, deadline, traces, tell))
        dates = piece("dates", plan, None, 0.35, lambda _: odds.by_date(run, deadline, traces))
        policies = piece("policies", plan, None, 0.4, policies_of)
        job = refusable("one job", (asked.trace, asked.start_hours), 0.7, lambda: self._job(answer, asked))
        moves = refusable("zones", asked.campaign, 0.75, lambda: self._moves(answer, asked))
        drilled = refusable("game day", asked.drill, 0.85, lambda: drills.game_day(run, deadline, asked.drill))
        # Waiting is of no plan.
        waits = piece("waiting", None, asked.schedule, 0.95, lambda _: waiting.by_schedule(traces, asked.schedule))
        return SpotRecord(policies, ways, dates, moves, job, drilled, waits, tuple(faults))

    def _job(self, answer: SpotAnswer, asked: Asked) -> one_job.OneJob:
        try:
            last = one_job.last_start_hours(self.traces, asked.trace, answer.deadline_hours)
        except InvalidInput as refused:
            raise _beside(TRACE, asked.trace, refused) from None
        start = last / 2.0 if asked.start_hours is None else asked.start_hours
        return one_job.one_job(answer.run, answer.deadline_hours, self.traces, asked.trace, start)

    def _moves(self, answer: SpotAnswer, asked: Asked) -> pd.DataFrame:
        try:
            return zones.by_moves(answer.run, answer.deadline_hours, self.traces, asked.campaign)
        except InvalidInput as refused:
            raise _beside(CAMPAIGN, asked.campaign, refused) from None


def _beside(control: str, chosen: str, refused: InvalidInput) -> InvalidInput:
    """The refusal of a deadline that a chosen recording is too short for, told beside that choice."""
    problem = "was recorded for less than the time to the deadline: choose another"
    return InvalidInput(
        [Fault(control, chosen, problem) if fault.field == "deadline_hours" else fault for fault in refused.faults]
    )
