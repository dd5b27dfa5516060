"""Recorded availability of spot capacity: one flag a step, checked; its runs of up and down; windows that fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Runs(NamedTuple):
    """Stretches of equal availability, in order: first step, length in steps, and whether capacity was there."""

    first_step: Ints
    steps: Ints
    up: Bools


def checked(available: npt.ArrayLike, dimensions: int = 1) -> Bools:
    """The trace as booleans: ``available[i]`` says whether capacity was there throughout step i.

    Takes 0 and 1, or booleans; with ``dimensions`` 2, one row a zone. Raises InvalidInput for anything else: counts
    of instances, missing samples, an empty trace, rows of different lengths.
    """
    try:
        array = np.asarray(available)
    except ValueError:
        problem = "must have rows of one length: the zones share a clock"
        raise InvalidInput([Fault("available", None, problem)]) from None
    if array.ndim != dimensions or array.size == 0:
        what = "one flag a step" if dimensions == 1 else "one row a zone and one flag a step"
        raise InvalidInput([Fault("available", f"shape {array.shape}", f"must hold {what}, and not be empty")])
    if array.dtype == bool:
        return array
    if array.dtype.kind not in "iuf":
        raise InvalidInput([Fault("available", str(array.flat[0]), "must be 0 or 1 in every step")])
    wrong = (array != 0) & (array != 1)
    if wrong.any():
        where = tuple(int(index) for index in np.argwhere(wrong)[0])
        value = float(array[where])
        problem = (
            f"at step {where[-1]} is a gap in the trace: cut the trace there, or fill it"
            if np.isnan(value)
            else f"at step {where[-1]} must be 0 or 1; of counts of instances, compare with the count that is needed"
        )
        raise InvalidInput([Fault("available", value, problem)])
    return array.astype(bool)


def step_hours_of(time_hours: npt.ArrayLike) -> float:
    """The step of samples taken at ``time_hours``. Raises InvalidInput where they are not evenly spaced.

    Steps may differ from their median by 1 % (clocks jitter); more is a gap, or a trace of mixed steps.
    """
    times = np.asarray(time_hours, dtype=float)
    if times.ndim != 1 or len(times) < 2 or not np.isfinite(times).all():
        raise InvalidInput([Fault("time_hours", f"shape {times.shape}", "must hold two or more finite times")])
    steps = np.diff(times)
    step = float(np.median(steps))
    wrong = np.nonzero((np.abs(steps - step) > 0.01 * abs(step)) | (steps <= 0))[0]
    if len(wrong):
        problem = (
            f"hours after sample {wrong[0]}, where the step is {step:.6g} h: the trace has gaps or mixed steps; cut it"
            " there, or sample it anew"
        )
        raise InvalidInput([Fault("time_hours", float(steps[wrong[0]]), problem)])
    return step


def runs_of(available: npt.ArrayLike) -> Runs:
    """The stretches of equal availability of one trace. Raises InvalidInput as ``checked`` does."""
    flags = checked(available)
    first = np.concatenate([[0], np.nonzero(np.diff(flags))[0] + 1]).astype(np.int64)
    return Runs(first, np.diff(np.append(first, len(flags))), flags[first])


def starts_that_fit(steps_in_trace: int, step_hours: float, deadline_hours: float) -> Ints:
    """Every step at which a job could have started with its whole time to the deadline inside the trace."""
    needed = int(np.floor(deadline_hours / step_hours + 1e-9))
    return np.arange(max(steps_in_trace - needed + 1, 0), dtype=np.int64)
