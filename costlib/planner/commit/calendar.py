"""Planned training runs laid on the calendar: hourly usage that may come, scenario by scenario.

A plan says how long a run takes as an 80 % band. The same run, repeated, is long or short each time alike, as what is
not known of it (how fast the hardware trains it) is the same each time; so one length is drawn a scenario. Runs whose
lengths differ among themselves say so.

The law of lengths is log-normal on either side of the expected hours, each side with a width of its own (a two-piece
log-normal): its 10, 50 and 90 % points are the band's low, expected and high, exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, unknown
from costlib.models.commitments_inputs import Line, refuse
from costlib.models.commitments_scenarios import Scenarios
from costlib.planner.plan import Plan
from costlib.units import HOURS_PER_DAY, HOURS_PER_MONTH
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SPREADS = ("even", "random", "working_hours")
#: Working hours: from 8 to 18 o'clock UTC, Monday to Friday.
WORK_STARTS, WORK_ENDS, WORK_DAYS = 8, 18, 5
WORKING_FRACTION = (WORK_ENDS - WORK_STARTS) * WORK_DAYS / (7 * HOURS_PER_DAY)
#: More runs than this, over all scenarios, are not drawn: they would not fit in memory beside the usage.
MOST_RUNS = 10_000_000
#: Standard deviations from the middle of a normal law to its 90 % point.
Z90 = NormalDist().inv_cdf(0.9)
#: What differences of sums leave of nothing, in instances.
DUST = 1e-9


@dataclass(frozen=True)
class PlannedRuns:
    """A run that comes again: ``count`` instances of ``line`` for a time in the 80 % band of hours.

    ``spread`` of starts: ``even`` (the first at the first hour), ``random`` (at any time), ``working_hours`` (at any
    time of them). ``own_lengths``: each run draws its length, not each scenario. Raises InvalidInput.
    """

    line: Line
    count: int
    low_hours: float
    expected_hours: float
    high_hours: float
    runs_per_month: float
    spread: str = "even"
    own_lengths: bool = False

    def __post_init__(self) -> None:
        faults = [
            Fault(name, getattr(self, name), "must be a number above 0")
            for name in ("count", "low_hours", "expected_hours", "high_hours", "runs_per_month")
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0)
        ]
        band = (self.low_hours, self.expected_hours, self.high_hours)
        if not faults and not band[0] <= band[1] <= band[2]:
            faults.append(Fault("low_hours, expected_hours, high_hours", band, "must rise"))
        if self.count != int(self.count if math.isfinite(self.count) else 0):
            faults.append(Fault("count", self.count, "must be a whole number of instances"))
        if self.spread not in SPREADS:
            faults.append(unknown("spread", self.spread, SPREADS, "spread"))
        refuse(faults)

    @property
    def widths(self) -> tuple[float, float]:
        """Standard deviations of the logarithm of the hours, below and above the expected ones."""
        below, above = self.expected_hours / self.low_hours, self.high_hours / self.expected_hours
        return math.log(below) / Z90, math.log(above) / Z90

    @property
    def mean_hours(self) -> float:
        """The mean of the law of lengths: above the expected hours, as its upper side is longer."""
        below, above = self.widths
        phi = NormalDist().cdf
        return self.expected_hours * (math.exp(below**2 / 2) * phi(-below) + math.exp(above**2 / 2) * phi(above))

    def lengths_hours(self, draws: int, random: np.random.Generator) -> Floats:
        """Drawn hours (draws,)."""
        z = random.standard_normal(draws)
        below, above = self.widths
        return self.expected_hours * np.exp(z * np.where(z < 0, below, above))


def planned_runs_of(plan: Plan, workload: Workload, spread: str = "even") -> PlannedRuns:
    """The runs of a workload, bought as a plan says: its instances, its hours, ``runs_per_month`` of the workload.

    The hours of a spot plan include what interruptions cost. Raises InvalidInput for hours that are not finite.
    """
    name = f"ml.{plan.instance_type}" if plan.service == "sagemaker" else plan.instance_type
    return PlannedRuns(
        Line(name, plan.region, plan.service),
        plan.count,
        plan.hours.low,
        plan.hours.expected,
        plan.hours.high,
        float(workload.runs_per_month),
        spread,
    )


def usage_from_runs(
    runs: Sequence[PlannedRuns], start: pd.Timestamp, hours: int, scenarios: int, seed: int
) -> Scenarios:
    """Usage (scenarios, hours, lines) of planned runs from ``start`` on, in instance-hours of each hour.

    Nothing runs at the start; what would still run at the end is cut there. Runs may overlap, then more instances run.
    Hours that a run fills in part count in part. ``start`` is a whole hour, UTC if it has no zone. The same seed gives
    the same usage, and a run that is added at the end leaves the others' as they were. Raises InvalidInput.
    """
    begin = start.tz_localize("UTC") if start.tzinfo is None else start.tz_convert("UTC")
    faults = [
        Fault(name, value, f"must be a whole number from {least}")
        for name, value, least in (("hours", hours, 1), ("scenarios", scenarios, 1), ("seed", seed, 0))
        if not isinstance(value, int | np.integer) or value < least
    ]
    if not runs:
        faults.append(Fault("runs", None, "are none"))
    if begin != begin.floor("h"):
        faults.append(Fault("start", str(start), "is not a whole hour"))
    refuse(faults)
    expected = sum(run.runs_per_month for run in runs) * hours / HOURS_PER_MONTH * scenarios
    if expected > MOST_RUNS:
        faults.append(Fault("runs", round(expected), f"are too many to draw: at most {MOST_RUNS:,} over all scenarios"))
    refuse(faults)
    lines = tuple(dict.fromkeys(run.line for run in runs))
    quantity = np.zeros((scenarios, hours, len(lines)))
    for run, child in zip(runs, np.random.SeedSequence(seed).spawn(len(runs)), strict=True):
        random = np.random.default_rng(child)
        scenario, starts = _starts(run, begin, hours, scenarios, random)
        if run.own_lengths:
            lengths = run.lengths_hours(len(starts), random)
        else:
            lengths = run.lengths_hours(scenarios, random)[scenario]
        ends = np.minimum(starts + lengths, float(hours))
        quantity[:, :, lines.index(run.line)] += run.count * _running(scenario, starts, ends, scenarios, hours)
    return Scenarios(lines, quantity)


def _starts(
    run: PlannedRuns, begin: pd.Timestamp, hours: int, scenarios: int, random: np.random.Generator
) -> tuple[Ints, Floats]:
    """The scenario (runs,) and the start (runs,), in hours from the first, of every run."""
    if run.spread == "even":
        spacing = HOURS_PER_MONTH / run.runs_per_month
        each = np.arange(math.ceil(hours / spacing)) * spacing
        return np.repeat(np.arange(scenarios), len(each)), np.tile(each, scenarios)
    rate = run.runs_per_month / HOURS_PER_MONTH
    allowed = np.arange(hours)
    if run.spread == "working_hours":
        clock = begin + pd.to_timedelta(allowed, unit="h")
        at_work = (clock.hour >= WORK_STARTS) & (clock.hour < WORK_ENDS) & (clock.day_of_week < WORK_DAYS)
        allowed = allowed[at_work]
        # All runs of a week start in its working hours.
        rate /= WORKING_FRACTION
    number = random.poisson(rate * len(allowed), scenarios)
    total = int(number.sum())
    chosen = allowed[random.integers(len(allowed), size=total)] if total else np.zeros(0)
    return np.repeat(np.arange(scenarios), number), chosen + random.random(total)


def _running(scenario: Ints, starts: Floats, ends: Floats, scenarios: int, hours: int) -> Floats:
    """How many runs (scenarios, hours) are under way, on average over each hour.

    A run adds, in the hour of its start, what is left of it, and in the next the rest of one; its end takes the same
    away. Summed up over the hours, that is the number under way.
    """
    width = hours + 2
    steps = np.zeros(scenarios * width)
    for times, sign in ((starts, 1.0), (ends, -1.0)):
        hour = np.floor(times).astype(np.int64)
        part = times - hour
        at = scenario * width + hour
        steps += sign * np.bincount(at, 1.0 - part, len(steps))
        steps += sign * np.bincount(at + 1, part, len(steps))
    under_way = steps.reshape(scenarios, width).cumsum(axis=1)[:, :hours]
    return np.where(under_way > DUST, under_way, 0.0)
