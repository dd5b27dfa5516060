"""The target-tracking policy that keeps a promise at the least cost.

A higher target means fewer instances and more late requests, so for each pair of cooldowns the highest target that
keeps the promise is found by halving. Late are the requests of minutes whose load is more than the instances in service
may get; the promise holds while their share stays within what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.autoscaling import Load, Policy, Replay, replayed
from costlib.models.checks import fraction, one, positive

Floats = npt.NDArray[np.float64]

SCALE_OUT_SECONDS = (60, 180, 300)
SCALE_IN_SECONDS = (300, 900, 1800, 3600)
#: Targets as shares of what an instance may get; the lowest is half of what AWS advises to begin with (0.5).
LOWEST_FRACTION, HIGHEST_FRACTION = 0.25, 1.0
_HALVINGS = 6


def late_fraction(load: Load, found: Replay, kept_per_minute: float) -> float:
    """The share of requests that came in minutes of too few instances; 0 without any requests."""
    total = float(load.per_minute.sum())
    late = float(load.per_minute[found.late_minutes(load.per_minute, kept_per_minute)].sum())
    return late / total if total > 0 else 0.0


def policies(
    load: Load,
    kept_per_minute: float,
    least: int,
    most: int,
    allowed_late_fraction: float,
    scale_out_seconds: Sequence[float] = SCALE_OUT_SECONDS,
    scale_in_seconds: Sequence[float] = SCALE_IN_SECONDS,
) -> pd.DataFrame:
    """The best target of each pair of cooldowns, the cheapest first.

    ``target_fraction, target_per_minute, scale_out_cooldown_seconds, scale_in_cooldown_seconds, least, most,
    instance_hours, late_fraction, activities, thrashes, keeps_promise``; a pair with which no target keeps the promise
    stands with the lowest. Raises InvalidInput.
    """
    kept = one("kept_per_minute", positive("kept_per_minute", kept_per_minute))
    allowed = one("allowed_late_fraction", fraction("allowed_late_fraction", allowed_late_fraction))
    if not len(scale_out_seconds) or not len(scale_in_seconds):
        raise InvalidInput([Fault("cooldowns", None, "must hold at least one pair")])
    terms = load.terms
    rows = [
        _best(load, kept, Policy(kept, out, back, least, most), allowed)
        for out in _telling(scale_out_seconds, 60.0 * terms.start_minutes, min)
        for back in _telling(scale_in_seconds, 60.0 * (terms.low_minutes + terms.delay_minutes), max)
    ]
    frame = pd.DataFrame(rows)
    order = ["keeps_promise", "instance_hours", "thrashes", "late_fraction"]
    return frame.sort_values(order, ascending=[False, True, True, True], kind="stable", ignore_index=True)


def as_row(load: Load, kept_per_minute: float, policy: Policy, allowed_late_fraction: float) -> dict[str, object]:
    """One policy as a row of ``policies``."""
    found = replayed(load, policy)
    late = late_fraction(load, found, kept_per_minute)
    return {
        "target_fraction": policy.target_per_minute / kept_per_minute,
        **policy._asdict(),
        "instance_hours": found.instance_hours,
        "late_fraction": late,
        "activities": len(found.activity_minute),
        "thrashes": found.thrashes,
        "keeps_promise": late <= allowed_late_fraction,
    }


def _best(load: Load, kept: float, policy: Policy, allowed: float) -> dict[str, object]:
    def at(part: float) -> dict[str, object]:
        return as_row(load, kept, policy._replace(target_per_minute=part * kept), allowed)

    best = at(LOWEST_FRACTION)
    if not best["keeps_promise"]:
        return best
    low, high = LOWEST_FRACTION, HIGHEST_FRACTION
    for step in range(_HALVINGS + 1):
        # The highest itself first: under a steady load nothing is late even there.
        part = high if step == 0 else (low + high) / 2
        row = at(part)
        if row["keeps_promise"]:
            best, low = row, part
        else:
            high = part
        if low == high:
            break
    return best


def _telling(seconds: Sequence[float], anyway_seconds: float, of: Callable[[list[float]], float]) -> list[float]:
    """The cooldowns that differ: those within a wait that happens anyway are alike, and one stands for them, the
    shortest for scaling out and the longest for scaling in: if the wait is shorter than thought, both are safe."""
    within = [one for one in seconds if one <= anyway_seconds]
    return [*([of(within)] if within else []), *sorted({one for one in seconds if one > anyway_seconds})]
