"""What is known of a zone at a moment: whether capacity is there, since when, and its share of the last hours and days.

Moments of two zones are likened by these numbers. Of a zone that was watched for only a while, no more is known than
that while shows, so what is remembered can be cut to a history of that length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.availability import checked, runs_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Shares of steps with capacity in which what is this old counts half.
MEMORIES_HOURS = (6.0, 48.0, 168.0)
#: Ages beyond these say no more.
AGE_BOUNDS_HOURS = (0.25, 64.0)
#: Columns of ``Memory.at``: capacity there (0 or 1), doublings of its hours since the last change, and the shares.
COLUMNS = 2 + len(MEMORIES_HOURS)


@dataclass(frozen=True)
class Memory:
    """A trace with what each step of it remembers: age in steps, and (memories, steps) faded counts of capacity."""

    flags: Bools
    step_hours: float
    age_steps: Ints
    faded: Floats

    @classmethod
    def of(cls, trace: npt.ArrayLike, step_hours: float) -> Memory:
        """The memory of a checked trace. Raises InvalidInput, also for a step that is not above 0."""
        flags = checked(trace)
        if not (np.isfinite(step_hours) and step_hours > 0):
            raise InvalidInput([Fault("step_hours", step_hours, "must be a number above 0")])
        runs = runs_of(flags)
        run = np.repeat(np.arange(len(runs.steps)), runs.steps)
        age = np.arange(len(flags)) - runs.first_step[run] + 1
        faded = np.empty((len(MEMORIES_HOURS), len(flags)))
        for row, memory in enumerate(MEMORIES_HOURS):
            kept = 0.5 ** (step_hours / memory)
            # A stretch of equal steps fades and adds in closed form, so only stretches follow one another.
            fades, adds = kept**runs.steps, runs.up * (1 - kept**runs.steps) / (1 - kept)
            before, held = np.empty(len(run)), 0.0
            befores = []
            for fade, add in zip(fades.tolist(), adds.tolist(), strict=True):
                befores.append(held)
                held = held * fade + add
            before = np.array(befores)[run]
            faded[row] = before * kept**age + runs.up[run] * (1 - kept**age) / (1 - kept)
        return cls(flags, step_hours, age, faded)

    def at(self, steps: Ints, history_hours: float = np.inf) -> Floats:
        """(steps, COLUMNS): what is known at each of ``steps`` from the hours before it, its own flag included.

        Of more than ``history_hours`` nothing is used; the step's own flag always is.
        """
        most = max(round(min(history_hours / self.step_hours, len(self.flags))), 1)
        seen = np.minimum(most, steps + 1)
        age = np.clip(np.minimum(self.age_steps[steps], seen) * self.step_hours, *AGE_BOUNDS_HOURS)
        columns = [self.flags[steps].astype(float), np.log2(age)]
        for memory, faded in zip(MEMORIES_HOURS, self.faded, strict=True):
            kept = 0.5 ** (self.step_hours / memory)
            fade = kept**seen
            forgotten = np.where(steps >= seen, faded[np.maximum(steps - seen, 0)], 0.0)
            share = (faded[steps] - fade * forgotten) * (1 - kept) / (1 - fade)
            columns.append(np.clip(share, 0.0, 1.0))
        return np.column_stack(columns)
