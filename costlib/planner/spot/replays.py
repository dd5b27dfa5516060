"""One trace replayed for one policy: every start as a table, and what they come to together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.facts.spot_traces import SpotTraces
from costlib.facts.trace_file import read_trace
from costlib.models.availability import starts_that_fit
from costlib.models.replay import ALIASES, POLICIES, optimum, replay
from costlib.models.replay_terms import Terms
from costlib.planner.spot.recorded import BAND_TAIL

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: Spot over on-demand where none is given: p3.2xlarge as in Wu et al., NSDI 2024 (0.9731 of 3.06 USD an hour).
PAPER_PRICE_RATIO = 0.9731 / 3.06
PAPER_PRICE_RULE = "not given: 0.9731 over 3.06 USD an hour, p3.2xlarge in Wu et al., NSDI 2024"
#: The policy that knows the trace: no other can cost less.
OPTIMUM = "optimum"
OPTIMUM_NAMES = (OPTIMUM, "omniscient")
COLUMNS = (
    "start_step", "cost_ratio", "finish_hours", "met_deadline", "lost_work_hours", "spot_hours", "on_demand_hours",
    "starts", "preemptions",
)  # fmt: skip


@dataclass(frozen=True)
class Tape:
    """A trace to replay over: its name, whether capacity was there in each step, and hours a step."""

    name: str
    available: Bools
    step_hours: float


@dataclass(frozen=True)
class Question:
    """The job: as the arguments of models.replay.replay. ``spot_price_ratio`` None: PAPER_PRICE_RATIO."""

    policy: str
    work_hours: float
    deadline_hours: float
    changeover_hours: float
    spot_price_ratio: float | None = None
    checkpoint_interval_hours: float | None = None
    checkpoint_write_hours: float = 0.0
    billed_by_second: bool = False

    @property
    def price_ratio(self) -> float:
        """Spot over on-demand."""
        return PAPER_PRICE_RATIO if self.spot_price_ratio is None else self.spot_price_ratio

    def check(self, step_hours: float) -> None:
        """Raises InvalidInput with everything that is wrong with it, over a trace of such steps."""
        faults = []
        if self.policy not in (*POLICIES, *ALIASES, *OPTIMUM_NAMES):
            faults.append(unknown("policy", self.policy, [*POLICIES, *ALIASES, *OPTIMUM_NAMES], "policy"))
        try:
            Terms.of_hours(
                step_hours, self.work_hours, self.deadline_hours, self.changeover_hours, self.price_ratio,
                self.checkpoint_interval_hours, self.checkpoint_write_hours,
            )  # fmt: skip
        except InvalidInput as error:
            faults += error.faults
        if faults:
            raise InvalidInput(faults)


def open_tape(given: str | os.PathLike[str], nodes: int | None = None) -> Tape:
    """A trace from a JSON file (facts.trace_file), or a recorded one by its name.

    Raises InvalidInput; a name that is no file and no recorded trace is refused with near names.
    """
    text = os.fspath(given)
    if Path(text).suffix == ".json" or os.sep in text or Path(text).exists():
        held = read_trace(text, nodes)
        return Tape(held.name, held.available, held.step_hours)
    traces = SpotTraces.open()
    if text not in traces.names():
        raise InvalidInput([unknown("trace", text, traces.names(), "recorded trace; or give a .json file")])
    if nodes is not None:
        raise InvalidInput([Fault("nodes", nodes, "goes with a file of counts; recorded traces hold flags")])
    return Tape(text, traces.of(text), traces.step_hours(text))


def starts_of(tape: Tape, question: Question, every: int = 1) -> Ints:
    """Every so manieth step from which the job has its whole time to the deadline. Raises InvalidInput."""
    question.check(tape.step_hours)
    if every < 1:
        raise InvalidInput([Fault("every", every, "must be at least 1")])
    return starts_that_fit(len(tape.available), tape.step_hours, question.deadline_hours)[::every]


def replayed(tape: Tape, question: Question, starts: npt.ArrayLike | None = None) -> pd.DataFrame:
    """One row a start; columns: COLUMNS. ``starts``: steps of the tape; None: all that fit.

    The optimum tells costs only: other columns are not known (nan) but ``met_deadline``. Raises InvalidInput as
    models.replay does, and for policies that are not known.
    """
    question.check(tape.step_hours)
    terms = (
        tape.available, tape.step_hours, question.work_hours, question.deadline_hours, question.changeover_hours,
        question.price_ratio,
    )  # fmt: skip
    interval, write = question.checkpoint_interval_hours, question.checkpoint_write_hours
    by_second = question.billed_by_second
    first = starts_of(tape, question) if starts is None else np.atleast_1d(np.asarray(starts))
    given = first if len(first) else None
    if question.policy in OPTIMUM_NAMES:
        cost = optimum(
            *terms, given, checkpoint_interval_hours=interval, checkpoint_write_hours=write, billed_by_second=by_second
        )
        missing = {name: np.nan for name in COLUMNS[2:] if name != "met_deadline"}
        return pd.DataFrame({"start_step": first, "cost_ratio": cost, "met_deadline": np.isfinite(cost), **missing})[
            list(COLUMNS)
        ]
    found = replay(
        *terms, question.policy, given,
        checkpoint_interval_hours=interval, checkpoint_write_hours=write, billed_by_second=by_second,
    )  # fmt: skip
    return pd.DataFrame({"start_step": first, **{name: getattr(found, name) for name in COLUMNS[1:]}})[list(COLUMNS)]


def summary(table: pd.DataFrame) -> Mapping[str, float]:
    """What the starts of a ``replayed`` come to: shares and means, and P10 and P90 of the cost ratio."""
    cost = table["cost_ratio"].to_numpy(float)
    ended = table["finish_hours"].to_numpy(float)
    known = cost[np.isfinite(cost)]
    spot, on_demand = table["spot_hours"].sum(), table["on_demand_hours"].sum()
    return {
        "starts": len(table),
        "cost_ratio": float(known.mean()) if len(known) else np.nan,
        "cost_ratio_p10": float(np.quantile(known, BAND_TAIL)) if len(known) else np.nan,
        "cost_ratio_p90": float(np.quantile(known, 1.0 - BAND_TAIL)) if len(known) else np.nan,
        "met_fraction": float(table["met_deadline"].mean()),
        "finish_hours": float(ended[np.isfinite(ended)].mean()) if np.isfinite(ended).any() else np.nan,
        "lost_work_hours": float(table["lost_work_hours"].mean()),
        "spot_fraction": float(spot / (spot + on_demand)) if spot + on_demand > 0 else np.nan,
        "preemptions": float(table["preemptions"].mean()),
    }
