"""What a replay is asked: the job, its deadline, what switching costs; all of it checked, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]

#: What a job does in a step.
IDLE, SPOT, ON_DEMAND = 0, 1, 2


@dataclass(frozen=True)
class Terms:
    """The terms of one replay. Prices are relative to on-demand; all times are seconds.

    ``changeover_seconds`` are lost and billed at every start of an instance. With ``interval_seconds`` (None: work is
    durable at once) a checkpoint of ``write_seconds`` follows every so many seconds of work on spot.
    """

    step_seconds: float
    work_seconds: float
    deadline_seconds: float
    changeover_seconds: float
    spot_price_ratio: float
    interval_seconds: float | None = None
    write_seconds: float = 0.0

    @classmethod
    def of_hours(
        cls,
        step_hours: float,
        work_hours: float,
        deadline_hours: float,
        changeover_hours: float,
        spot_price_ratio: float,
        checkpoint_interval_hours: float | None = None,
        checkpoint_write_hours: float = 0.0,
    ) -> Terms:
        """Checked terms from hours. Raises InvalidInput with all that is wrong."""
        above_zero = {"step_hours": step_hours, "work_hours": work_hours, "deadline_hours": deadline_hours}
        if checkpoint_interval_hours is not None:
            above_zero["checkpoint_interval_hours"] = checkpoint_interval_hours
        not_below = {"changeover_hours": changeover_hours, "checkpoint_write_hours": checkpoint_write_hours}
        faults = [
            Fault(name, value, "must be a number above 0")
            for name, value in above_zero.items()
            if not (np.isfinite(value) and round(value * SECONDS_PER_HOUR, 6) > 0)
        ]
        faults += [
            Fault(name, value, "must be a number not below 0")
            for name, value in not_below.items()
            if not (np.isfinite(value) and value >= 0)
        ]
        if not 0 < spot_price_ratio <= 1:
            problem = "must be above 0 and at most 1: the spot price over the on-demand price"
            faults.append(Fault("spot_price_ratio", spot_price_ratio, problem))
        # Room for rounding: work and a start of whole seconds fill a deadline of as many.
        shortest_seconds = (work_hours + changeover_hours) * SECONDS_PER_HOUR
        if not faults and deadline_hours * SECONDS_PER_HOUR < shortest_seconds - 1e-6:
            problem = f"is shorter than the work and one start, {work_hours + changeover_hours:.6g} h: it cannot be met"
            faults.append(Fault("deadline_hours", deadline_hours, problem))
        if faults:
            raise InvalidInput(faults)
        # To micro-seconds: steps and hours given as fractions come back as the whole seconds that they were.
        hours = (step_hours, work_hours, deadline_hours, changeover_hours)
        step, work, deadline, changeover = (round(value * SECONDS_PER_HOUR, 6) for value in hours)
        interval = None
        if checkpoint_interval_hours is not None:
            interval = round(checkpoint_interval_hours * SECONDS_PER_HOUR, 6)
        write = round(checkpoint_write_hours * SECONDS_PER_HOUR, 6) if interval is not None else 0.0
        return cls(step, work, deadline, changeover, spot_price_ratio, interval, write)

    @property
    def steps(self) -> int:
        """Whole steps until the deadline."""
        return int(np.floor(self.deadline_seconds / self.step_seconds + 1e-9))

    def latest_seconds(self, step: Floats) -> Floats:
        """At the start of ``step``: work that takes more seconds than this leaves no whole step to spare."""
        return (self.steps - 1 + 1e-9 - step) * self.step_seconds
