"""How often to checkpoint a run on spot, what it loses to interruptions, and what the two-minute notice is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.checkpoint import (
    NOTICE_SECONDS,
    best_interval_hours,
    daly_interval_hours,
    expected_hours,
    expected_hours_with_notice,
    saved_in_time,
    why_not_finished,
    young_interval_hours,
)
from costlib.planner.quantities import CHECKPOINT_WRITE_RULE, requeue_hours
from costlib.planner.spot.run import SpotRun, ends_of, instance_usd
from costlib.units import HOURS_PER_YEAR, MINUTES_PER_HOUR, SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]

#: What takes longer than this, a century, because of interruptions is as good as never done.
MOST_HOURS = 100.0 * HOURS_PER_YEAR
#: No interval is shorter: where next to nothing is to be written, the formulas ask for one a second.
SHORTEST_HOURS = 1.0 / MINUTES_PER_HOUR
COLUMNS = (
    "interval_hours", "hours_low", "hours", "hours_high", "usd_low", "usd", "usd_high", "added_usd_low", "added_usd",
    "added_usd_high", "lost_fraction", "why_not",
)  # fmt: skip
NOTICE_SOURCE = "EC2 User Guide, Spot Instance interruption notices (facts/service_facts, ec2_spot); best effort"


@dataclass(frozen=True)
class Notice:
    """Whether the state can be saved within the notice, and what that saves of the run with its interval.

    ``verdict``: in time, at the line rate only, not in time, or nothing to save. ``saved_hours`` and ``saved_usd`` are
    at the expected end, beside checkpoints at the interval alone, and None where it is not in time even so.
    """

    notice_seconds: float
    checkpoint_gib: float
    save_seconds_low: float
    save_seconds_high: float
    verdict: str
    hours: float | None
    usd: float | None
    saved_hours: float | None
    saved_usd: float | None
    rule: str
    source: str

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return dict(self.__dict__)


def intervals(run: SpotRun) -> pd.DataFrame:
    """What each rule for the interval comes to; one row each of: young, daly, best, and yours where it is given.

    Columns: ``interval``, ``interval_hours_low`` and ``interval_hours_high`` (what the rule says at the ends of the
    band, where interruptions and writes are other ones; the hours of an end are with its own), then COLUMNS.
    """
    names = ["young", "daly", "best"]
    of_ends = []
    for end in range(3):
        mtbi, write, restart = (ends_of(held)[end] for held in (run.mtbi_hours, run.write_hours, run.restart_hours))
        young, daly = young_interval_hours(mtbi, write), daly_interval_hours(mtbi, write)
        best = best_interval_hours(mtbi, write, restart)
        of_ends.append([float(young), float(daly), float(best)])
    own = run.result.workload.checkpoint.interval_minutes
    if own is not None:
        names.append("yours")
        for held in of_ends:
            held.append(own / MINUTES_PER_HOUR)
    low, expected, high = (_held_to(run, np.array(held), end) for end, held in enumerate(of_ends))
    made = _table(run, (low, expected, high))
    made.insert(0, "interval_hours_high", high)
    made.insert(0, "interval_hours_low", low)
    made.insert(0, "interval", names)
    return made


def curve(run: SpotRun, interval_hours: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Hours and dollars of the run against the interval, the same at both ends of the band: COLUMNS.

    ``hours`` and ``usd`` are of the whole run, start-up and waits included; ``added_usd``: what writes, lost work and
    restarts add, with interruptions, writes and restarts at each end, work and price as expected; ``lost_fraction``:
    share of the billed hours at the expected end that is not first-time work; ``why_not``: the reason, where the run
    will not finish (hours are infinite then). Default: 61 intervals, evenly spaced in their logarithm, from a minute to
    the whole work.
    """
    if interval_hours is None:
        most = max(run.work_hours.expected, 2 * SHORTEST_HOURS)
        interval_hours = np.geomspace(SHORTEST_HOURS, most, 61)
    each = np.asarray(interval_hours, float)
    return _table(run, (each, each, each))


def _table(run: SpotRun, interval_hours: tuple[Floats, Floats, Floats]) -> pd.DataFrame:
    """COLUMNS with the intervals of each end."""
    columns: dict[str, object] = {"interval_hours": interval_hours[1]}
    work, rest = run.work_hours.expected, (run.write_hours, run.restart_hours, run.mtbi_hours)
    for end, suffix in enumerate(("_low", "", "_high")):
        billed = billed_hours(run, interval_hours[end], end)
        wait = requeue_hours(run.result.workload)[end]
        waits = billed / ends_of(run.mtbi_hours)[end] * wait if wait > 0 else 0.0
        columns[f"hours{suffix}"] = ends_of(run.start_up_hours)[end] + billed + waits
        columns[f"usd{suffix}"] = instance_usd(run, billed, end)
        lost = expected_hours(work, interval_hours[end], *(ends_of(held)[end] for held in rest)) - work
        columns[f"added_usd{suffix}"] = run.spot_usd_per_hour.expected * run.count * lost
    with np.errstate(invalid="ignore"):
        columns["lost_fraction"] = 1.0 - run.work_hours.expected / billed_hours(run, interval_hours[1], 1)
    columns["why_not"] = [why_not(run, float(one)) or "" for one in interval_hours[1]]
    return pd.DataFrame(columns)[list(COLUMNS)]


def billed_hours(run: SpotRun, interval_hours: Floats, end: int) -> Floats:
    """Hours of work, writes, lost work and restarts at one end (0 low, 1 expected, 2 high); start-up not counted."""
    work, write, restart, mtbi = (
        ends_of(held)[end] for held in (run.work_hours, run.write_hours, run.restart_hours, run.mtbi_hours)
    )
    return expected_hours(work, interval_hours, write, restart, mtbi)


def why_not(run: SpotRun, interval_hours: float) -> str | None:
    """Why the run will not finish on spot, at the expected end; None where it will."""
    held = (run.work_hours, run.write_hours, run.restart_hours, run.mtbi_hours)
    work, write, restart, mtbi = (band.expected for band in held)
    found = why_not_finished(work, interval_hours, write, restart, mtbi)
    billed = float(expected_hours(work, interval_hours, write, restart, mtbi))
    if found is None and billed > max(MOST_HOURS, 10.0 * work):
        found = (
            f"it will not finish: {work:,.3g} h of work would take {billed / HOURS_PER_YEAR:,.3g} years with"
            f" interruptions every {mtbi:.3g} h on average"
        )
    return found


def notice(run: SpotRun, notice_seconds: float = NOTICE_SECONDS) -> Notice:
    """The two-minute notice: can the state be saved, and what that saves.

    Saving takes as long as a checkpoint, at the line rate of the network at the low end and as CHECKPOINT_WRITE_RULE
    says at the high one. Raises InvalidInput for a negative notice.
    """
    gib = run.result.workload.checkpoint.gib
    low, high = (end * SECONDS_PER_HOUR for end in (run.write_hours.low, run.write_hours.high))
    fits_low, fits_high = (bool(saved_in_time(seconds, notice_seconds)) for seconds in (low, high))
    verdict = "nothing to save" if gib == 0 else "not in time"
    if gib and fits_low:
        verdict = "in time" if fits_high else "at the line rate only"
    nothing = Notice(
        notice_seconds, gib, low, high, verdict, None, None, None, None, CHECKPOINT_WRITE_RULE, NOTICE_SOURCE
    )
    if not fits_low:
        return nothing
    billed = float(
        expected_hours_with_notice(
            run.work_hours.expected, run.write_hours.expected, run.restart_hours.expected, run.mtbi_hours.expected
        )
    )
    without = float(billed_hours(run, np.array([run.interval_hours]), 1)[0])
    # A run that is hardly ever interrupted saves its last restart by the other formula: less than nothing is no saving.
    billed = min(billed, without)
    usd, usd_without = (float(instance_usd(run, np.array([hours]), 1)[0]) for hours in (billed, without))
    return Notice(
        notice_seconds,
        gib,
        low,
        high,
        verdict,
        billed + run.start_up_hours.expected,
        usd,
        without - billed,
        usd_without - usd,
        CHECKPOINT_WRITE_RULE,
        NOTICE_SOURCE,
    )


def _held_to(run: SpotRun, interval_hours: Floats, end: int) -> Floats:
    """No shorter than a minute and no longer than the work, as the planner takes them."""
    return np.clip(interval_hours, SHORTEST_HOURS, max(ends_of(run.work_hours)[end], SHORTEST_HOURS))
