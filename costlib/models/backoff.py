"""Waiting for capacity by asking again: how much later than it came it is had, and how many calls that took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.availability import runs_of
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Backoff:
    """A schedule of asking: at once, then after ``first_seconds``, each wait ``factor`` times the last, up to a most.

    ``jitter``: each wait is drawn evenly from ((1 - jitter) wait, wait): 0 for none, 1 for full jitter (M. Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). Raises InvalidInput.
    """

    first_seconds: float
    factor: float = 2.0
    most_seconds: float = 3600.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        faults = []
        if not (np.isfinite(self.first_seconds) and self.first_seconds > 0):
            faults.append(Fault("first_seconds", self.first_seconds, "must be a number above 0"))
        if not (np.isfinite(self.factor) and self.factor >= 1):
            faults.append(Fault("factor", self.factor, "must be at least 1: 1 asks at even times"))
        if not (np.isfinite(self.most_seconds) and self.most_seconds >= self.first_seconds):
            faults.append(Fault("most_seconds", self.most_seconds, "must not be below first_seconds"))
        if not 0 <= self.jitter <= 1:
            faults.append(Fault("jitter", self.jitter, "must be at least 0 and at most 1"))
        if faults:
            raise InvalidInput(faults)


class Waited(NamedTuple):
    """One entry a gap. ``late_seconds``: from capacity's return to the call that got it; ``calls``: with that one."""

    late_seconds: Floats
    calls: Floats
    met: npt.NDArray[np.bool_]


def waits(
    gap_seconds: npt.ArrayLike, up_seconds: npt.ArrayLike, schedule: Backoff, rng: np.random.Generator | None = None
) -> Waited:
    """Asking begins with each gap in capacity; the first call that finds some ends it.

    ``up_seconds``: how long capacity stays after its gap. A call that comes after that has missed it: ``met`` is False,
    and the entry ends with the call that came too late. A schedule with jitter takes ``rng``. Raises InvalidInput for
    numbers below zero, or jitter without a generator.
    """
    gaps, ups = np.broadcast_arrays(np.asarray(gap_seconds, dtype=float), np.asarray(up_seconds, dtype=float))
    faults = [
        Fault(name, float(array[array < 0].flat[0]), "must not be negative")
        for name, array in (("gap_seconds", gaps), ("up_seconds", ups))
        if np.any(array < 0)
    ]
    if schedule.jitter and rng is None:
        faults.append(Fault("rng", None, "is needed for a schedule with jitter"))
    if faults:
        raise InvalidInput(faults)
    asked: Floats = np.zeros(gaps.shape)
    calls: Floats = np.ones(gaps.shape)
    wait = schedule.first_seconds
    waiting = asked < gaps
    while waiting.any():
        share = 1.0 - schedule.jitter * rng.random(gaps.shape) if rng is not None else np.ones(gaps.shape)
        asked = np.where(waiting, asked + wait * share, asked)
        calls = calls + waiting
        waiting = asked < gaps
        wait = min(wait * schedule.factor, schedule.most_seconds)
    late: Floats = (asked - gaps).astype(np.float64)
    return Waited(late, calls.astype(np.float64), late < ups)


class Had(NamedTuple):
    """One entry a gap: seconds from its beginning to the call that found capacity, and the calls; nan: none did."""

    wait_seconds: Floats
    calls: Floats


def until_had(
    available: npt.ArrayLike, step_hours: float, schedule: Backoff, rng: np.random.Generator | None = None
) -> Had:
    """Asking on a recorded trace from the beginning of each gap until a call finds capacity, in that or a later return.

    A gap that the trace begins with is left out; asking that leaves the trace ends in nan. The waits grow on through a
    return that was missed. Raises InvalidInput, also for jitter without a generator.
    """
    if schedule.jitter and rng is None:
        raise InvalidInput([Fault("rng", None, "is needed for a schedule with jitter")])
    runs = runs_of(available)
    flags = np.repeat(runs.up, runs.steps)
    step = step_hours * SECONDS_PER_HOUR
    begins = runs.first_step[1:][~runs.up[1:]] * step
    asked: Floats = np.zeros(len(begins))
    calls: Floats = np.ones(len(begins))
    left = np.arange(len(begins))
    wait = schedule.first_seconds
    while len(left):
        share = 1.0 - schedule.jitter * rng.random(len(left)) if rng is not None else 1.0
        asked[left] += wait * share
        calls[left] += 1
        # A hair of slack, so that a call on the second in which capacity returns finds it.
        at = ((begins[left] + asked[left]) / step + 1e-9).astype(np.int64)
        out = at >= len(flags)
        asked[left[out]] = calls[left[out]] = np.nan
        left = left[~out & ~flags[np.minimum(at, len(flags) - 1)]]
        wait = min(wait * schedule.factor, schedule.most_seconds)
    return Had(asked, calls)


def recorded_gaps(available: npt.ArrayLike, step_hours: float) -> tuple[Floats, Floats]:
    """The gaps of a trace that capacity came back from, and how long it then stayed, in seconds.

    A gap that the trace begins with is left out, since its beginning is not seen; a stay that the trace ends with is
    taken as it was seen. Raises InvalidInput.
    """
    runs = runs_of(available)
    gaps = np.nonzero(~runs.up[1:-1])[0] + 1
    seconds: Floats = runs.steps.astype(np.float64) * (step_hours * SECONDS_PER_HOUR)
    return seconds[gaps], seconds[gaps + 1]
