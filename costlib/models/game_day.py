"""Interruptions put into a trace on purpose, to see what a run would lose: at random, in a burst, at the worst time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.availability import checked
from costlib.models.replay import Replayed, replay
from costlib.models.replay_policies import Policy

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def interrupted_at_rate(
    available: npt.ArrayLike,
    step_hours: float,
    interruptions_per_hour: float,
    rng: np.random.Generator,
    outage_steps: int = 1,
) -> Bools:
    """The trace with capacity also gone at random, ``outage_steps`` each time.

    Each step begins an outage with chance 1 - exp(-rate step). Raises InvalidInput for a rate that is not above 0.
    """
    flags = checked(available)
    faults = []
    if not (np.isfinite(interruptions_per_hour) and interruptions_per_hour > 0):
        faults.append(Fault("interruptions_per_hour", interruptions_per_hour, "must be a number above 0"))
    if not (np.isfinite(step_hours) and step_hours > 0):
        faults.append(Fault("step_hours", step_hours, "must be a number above 0"))
    if faults:
        raise InvalidInput(faults)
    chance = -np.expm1(-interruptions_per_hour * step_hours)
    return _without(flags, np.nonzero(rng.random(len(flags)) < chance)[0], outage_steps)


def interrupted_in_burst(
    available: npt.ArrayLike, first_step: int, interruptions: int, steps_between: int, outage_steps: int = 1
) -> Bools:
    """The trace with so many outages one after another, from ``first_step``, each so many steps after the last began.

    Raises InvalidInput for counts below 1, and a burst that leaves the trace.
    """
    flags = checked(available)
    counts = (("interruptions", interruptions), ("steps_between", steps_between))
    faults = [Fault(name, value, "must be at least 1") for name, value in counts if value < 1]
    last = first_step + (interruptions - 1) * steps_between
    if not faults and not (first_step >= 0 and last < len(flags)):
        faults.append(Fault("first_step", first_step, f"leaves the trace of {len(flags)} steps with its burst"))
    if faults:
        raise InvalidInput(faults)
    return _without(flags, np.arange(first_step, last + 1, steps_between), outage_steps)


def worst_interruption(
    available: npt.ArrayLike,
    start: int,
    step_hours: float,
    work_hours: float,
    deadline_hours: float,
    changeover_hours: float,
    spot_price_ratio: float,
    policy: str | Policy,
    outage_steps: int = 1,
    *,
    checkpoint_interval_hours: float | None = None,
    checkpoint_write_hours: float = 0.0,
) -> tuple[int, Replayed]:
    """The step, from the job's start, at which one more outage costs most, and the replays with it at each step.

    Tries every step up to the deadline: entry i of the replays has the outage begin at step i. Ties go to the first.
    Arguments and faults as of ``replay``.
    """
    flags = checked(available)
    steps = int(np.floor(deadline_hours / step_hours + 1e-9))
    window = flags[start : start + steps]
    tapes = np.tile(window, (max(len(window), 1), 1))
    for first in range(len(window)):
        tapes[first, first : first + outage_steps] = False
    _positive_count("outage_steps", outage_steps)
    tried = replay(
        tapes.ravel(), step_hours, work_hours, deadline_hours, changeover_hours, spot_price_ratio, policy,
        np.arange(len(tapes)) * len(window),
        checkpoint_interval_hours=checkpoint_interval_hours, checkpoint_write_hours=checkpoint_write_hours,
    )  # fmt: skip
    return int(np.argmax(tried.cost_ratio)), tried


def _without(flags: Bools, begins: npt.NDArray[np.int64], outage_steps: int) -> Bools:
    _positive_count("outage_steps", outage_steps)
    gone = flags.copy()
    for later in range(outage_steps):
        gone[np.minimum(begins + later, len(flags) - 1)] = False
    return gone


def _positive_count(name: str, value: int) -> None:
    if value < 1:
        raise InvalidInput([Fault(name, value, "must be at least 1")])
