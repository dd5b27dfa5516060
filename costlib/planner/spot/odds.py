"""The chance to finish by a date, and the price of certainty: ways to buy the run, from spot alone to on-demand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from costlib.errors import InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.models.deadline import Forecast, price_of_certainty
from costlib.planner.spot.recorded import BAND_TAIL, Jobs, base_usd, replayed, terms_of
from costlib.planner.spot.run import SpotRun
from costlib.units import SECONDS_PER_HOUR

Progress = Callable[[float, str], None]

#: Nets are set for the deadline, and for so many times the deadline: the later, the cheaper and the less certain.
NETS = (1.0, 1.1, 1.25, 1.5, 2.0)
NET_POLICY = "uniform_progress"
#: Dates that spot alone is looked at, over the deadline; the last ones only where traces are long enough for them.
DATES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0)
COLUMNS = ("way", "net_hours", "chance", "chance_at_high_hours", "usd_low", "usd", "usd_high", "on_curve", "jobs")


def by_way(run: SpotRun, deadline_hours: float, traces: SpotTraces, progress: Progress | None = None) -> pd.DataFrame:
    """The ways to buy the run, the most certain first; columns: COLUMNS.

    ``way``: on_demand, net (spot with Uniform Progress towards ``net_hours``, which falls back to on-demand in time
    for that), or spot_only. ``chance`` to be done by the deadline at the expected hours of work, and
    ``chance_at_high_hours``: if the work takes as long as its high end. ``usd``: mean over the jobs that got done, with
    P10 and P90. ``on_curve``: no other way is both as certain and cheaper. Raises InvalidInput (recorded.terms_of), and
    where no trace is as long as the deadline.
    """
    tell = progress or (lambda share, what: None)
    terms_of(run, deadline_hours)
    ways = [("on_demand", deadline_hours), *(("net", deadline_hours * late) for late in NETS), ("spot_only", None)]
    rows = []
    for number, (way, net_hours) in enumerate(ways):
        tell(number / len(ways), f"chances with {way.replace('_', ' ')}")
        row = _row(run, deadline_hours, traces, way, net_hours)
        if row is not None:
            rows.append(row)
    table = pd.DataFrame(rows)
    points = [
        Forecast(*(np.array([row[name]]) for name in ("chance", "usd", "usd_low", "usd_high")))
        for row in table.to_dict("records")
    ]
    curve = {(float(chance), float(usd)) for chance, usd in price_of_certainty(points)}
    on_curve = [(row.chance, row.usd) in curve for row in table.itertuples()]
    return table.assign(on_curve=on_curve)[list(COLUMNS)]


def by_date(run: SpotRun, deadline_hours: float, traces: SpotTraces) -> pd.DataFrame:
    """How soon spot alone is done: ``date_hours`` (DATES times the deadline), ``chance``, ``chance_at_high_hours``.

    The dates are read off the same jobs, so that chances grow with them. Raises InvalidInput (recorded.terms_of).
    """
    terms_of(run, deadline_hours)
    for longest in sorted((over for over in DATES if over >= 1.0), reverse=True):
        try:
            jobs = [_jobs(run, deadline_hours * longest, traces, "spot_only", end) for end in (1, 2)]
        except InvalidInput:
            continue
        break
    else:
        jobs = [_jobs(run, deadline_hours, traces, "spot_only", end) for end in (1, 2)]
        longest = 1.0
    dates = np.array([over for over in DATES if over <= longest]) * deadline_hours
    chances = [[0.0 if held is None else held.mean(held.finish_hours <= date) for date in dates] for held in jobs]
    return pd.DataFrame({"date_hours": dates, "chance": chances[0], "chance_at_high_hours": chances[1]})


def _jobs(run: SpotRun, deadline_hours: float, traces: SpotTraces, policy: str, end: int) -> Jobs | None:
    """The jobs at one end of the hours; None where a start alone passes the deadline at that end."""
    try:
        terms = terms_of(run, deadline_hours, end)
    except InvalidInput:
        return None
    return replayed(traces, terms, policy)


def _row(run: SpotRun, deadline_hours: float, traces: SpotTraces, way: str, net_hours: float | None) -> dict | None:
    policy = {"net": NET_POLICY}.get(way, way)
    chances: list[float] = []
    expected = None
    for end in (1, 2):
        try:
            jobs = _jobs(run, net_hours or deadline_hours, traces, policy, end)
        except InvalidInput:
            if way != "net" or net_hours == deadline_hours:
                raise
            # No trace is long enough for so late a net.
            return None
        chances.append(0.0 if jobs is None else jobs.mean(jobs.finish_hours <= deadline_hours + 1.0 / SECONDS_PER_HOUR))
        if end == 1:
            expected = jobs
    assert expected is not None, "terms_of has refused a deadline that a start alone passes"
    usd = np.where(expected.ended, expected.cost_ratio * base_usd(run), np.nan)
    return {
        "way": way,
        "net_hours": net_hours if way == "net" else np.nan,
        "chance": chances[0],
        "chance_at_high_hours": chances[1],
        "usd_low": expected.quantile(usd, BAND_TAIL),
        "usd": expected.mean(usd),
        "usd_high": expected.quantile(usd, 1.0 - BAND_TAIL),
        "jobs": len(usd),
    }
