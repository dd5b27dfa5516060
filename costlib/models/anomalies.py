"""Anomalies in daily and hourly cost: what is unusual, since when, by how many dollars, and which lines cause it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.models.anomalies_alerts import alerts_of_days, alerts_of_hours
from costlib.models.anomalies_filter import LEARNT_DAYS, Judged, judge_days
from costlib.models.anomalies_hours import JudgedHours, SeenRule, judge_hours
from costlib.models.anomalies_learn import Rule
from costlib.models.anomalies_report import reported_of
from costlib.models.anomalies_rows import STEPS_PER_DAY, TOTAL, Table, table_of
from costlib.models.checks import count, not_negative, one

Floats = npt.NDArray[np.float64]

DAYS_OF_WEEK = 7
#: An alert of less a day than this share of the whole bill's usual day is not worth a look.
LEAST_FRACTION = 0.0001
#: A band so many times as wide as what was seen and expected says nothing.
BLIND_TIMES = 1000.0


@dataclass(frozen=True)
class Found:
    """What find_anomalies says.

    ``alerts``, a row an incident, the largest first: ``scope`` and ``name`` of the series that shows it (the total, or
    of the first column that does), ``first_day``, ``last_day`` and ``found_day`` (on whose evening it was known; of
    hours, their beginnings), ``status`` (``open``, ``ended``, or ``new usual`` where it lasted until it was),
    ``direction`` (``rise``, ``drop``), ``expected_usd``, ``actual_usd``, ``size_usd`` (actual less expected, over the
    alert), ``low_usd`` and ``high_usd`` (the band, summed), ``chance_fraction`` (of its surest day; nan for hours),
    ``severity``, ``cause_scope``, ``cause_name`` and ``cause_share_fraction`` (the group that makes up most of it, if
    half or more; nan otherwise), and ``also``: other series that show the same incident.
    ``causes``: ``alert`` (its row), ``rank``, the columns that tell lines apart, ``size_usd``, ``share_fraction``; the
    last of each alert, of empty names, is what the ranked lines do not make up.
    ``notes``: what was not judged, and why. ``scopes`` has a row a series: scope, name.
    """

    alerts: pd.DataFrame
    causes: pd.DataFrame
    notes: tuple[str, ...]
    scopes: pd.DataFrame
    _times: pd.DatetimeIndex
    _costs: Floats
    _judged: Judged | JudgedHours

    def verdicts(self, scope: str = TOTAL, name: str = TOTAL) -> pd.DataFrame:
        """One series step by step: ``time, actual_usd, expected_usd, low_usd, high_usd, verdict`` (1 rise, -1 drop).

        Raises NotKnown for a series that is not there.
        """
        at = np.flatnonzero((self.scopes["scope"] == scope) & (self.scopes["name"] == name))
        if not len(at):
            raise NotKnown([unknown("name", name, self.scopes.loc[self.scopes["scope"] == scope, "name"], f"{scope}")])
        judged = {
            field: getattr(self._judged, field)[at[0]] for field in ("expected_usd", "low_usd", "high_usd", "verdict")
        }
        return pd.DataFrame({"time": self._times, "actual_usd": self._costs[at[0]], **judged})


def find_anomalies(
    rows: pd.DataFrame,
    by: Iterable[str] = (),
    lines: Iterable[str] = (),
    time: str = "day",
    usd: str = "usd",
    every: str = "day",
    through: object = None,
    least_usd: float | None = None,
    most_causes: int = 10,
    rule: Rule | None = None,
    hours_rule: SeenRule | None = None,
    progress: Callable[[float], None] | None = None,
) -> Found:
    """Anomalies of long ``rows``, one a step and line, in total and by each value of each column of ``by``.

    ``lines`` are more columns that tell lines apart, for the causes; ``every`` is ``day`` or ``hour``. Steps after
    ``through`` are left out: the last days of a bill are not whole. Alerts of less than ``least_usd`` a day (default:
    LEAST_FRACTION of the whole bill's usual day in the days first learnt from) are left out. The verdict of a step
    rests on that step and earlier ones alone; an alert's first day may be set to a few days before it was found.
    ``progress`` is told the share done. Raises InvalidInput with every fault: unknown columns, times, amounts that are
    not known, repeated lines.
    """
    most = int(count("most_causes", one("most_causes", most_causes)))
    table = table_of(rows, by, lines, time, usd, every, through)
    per_day = STEPS_PER_DAY[every]
    costs = table.series_usd()
    usual_day_usd = _usual_day_usd(costs[0], per_day)
    # A bill of nothing has no usual day, and any cost in it is worth a look.
    least = LEAST_FRACTION * usual_day_usd
    if least_usd is not None:
        least = float(not_negative("least_usd", one("least_usd", least_usd)))
    notes = [*table.notes, *_notes(costs, table, per_day)]
    judged: Judged | JudgedHours
    if every == "day":
        days = judge_days(_begun(costs), rule, least, progress)
        days = days._replace(verdict=_without_first_fees(table.times, days.verdict))
        judged, alerts = days, alerts_of_days(costs, days, rule)
    else:
        hours = judge_hours(costs, per_day, hours_rule, progress)
        hours = hours._replace(verdict=_without_first_fees(table.times, hours.verdict))
        judged, alerts = hours, alerts_of_hours(costs, hours, per_day)
    # Dollars the wrong way are of calm steps between odd ones.
    towards = alerts["size_usd"] * np.where(alerts["direction"] == "rise", 1.0, -1.0)
    small = (towards <= 0) | (towards < least * (alerts["last"] - alerts["first"] + 1) / per_day)
    if small.any():
        notes.append(f"{int(small.sum())} alerts of less than {least:,.2f} USD a day are left out")
    # A band that holds any cost is of a series that was not understood: nothing is unusual in it.
    blind = alerts["high_usd"] - alerts["low_usd"] > BLIND_TIMES * (
        alerts["actual_usd"].abs() + alerts["expected_usd"].abs()
    )
    if (blind & ~small).any():
        notes.append(f"{int((blind & ~small).sum())} alerts of series too irregular to judge are left out")
    alerts = alerts[~small & ~blind].reset_index(drop=True)
    reported, causes = reported_of(alerts, table, DAYS_OF_WEEK * per_day, usual_day_usd, most)
    return Found(reported, causes, tuple(notes), table.scopes, table.times, costs, judged)


def _usual_day_usd(total: Floats, per_day: int) -> float:
    """The median day of the days first learnt from: later ones are not known yet when the first are judged."""
    early = np.abs(total[: LEARNT_DAYS * per_day])
    return float(np.nan_to_num(np.nanmedian(early))) * per_day if np.isfinite(early).any() else 0.0


def _begun(costs: Floats) -> Floats:
    """The costs (series, days), without the zeros before a series that begins in the days first learnt from.

    What begins then is the usual cost, not news: its start is no step in a trend.
    """
    some = np.nan_to_num(costs) != 0
    first = np.where(some.any(axis=1), some.argmax(axis=1), 0)
    before = (np.arange(costs.shape[1]) < first[:, None]) & (first < LEARNT_DAYS)[:, None]
    return np.where(before, np.nan, costs)


def _without_first_fees(times: pd.DatetimeIndex, verdict: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """The verdicts but for rises on the first 1st of a month in the history: AWS bills recurring fees then, and no
    earlier 1st can tell."""
    found = verdict.copy()
    firsts = np.flatnonzero((times.day == 1) & (times.hour == 0))
    if len(firsts) and firsts[0]:
        at = int(firsts[0])
        found[(verdict[:, at] == 1) & (verdict[:, at - 1] == 0), at] = 0
    return found


def _notes(costs: Floats, table: Table, per_day: int) -> list[str]:
    notes = []
    known = np.isfinite(costs)
    learnt = LEARNT_DAYS if per_day == 1 else SeenRule().learnt_days
    if known[0].sum() <= learnt * per_day:
        days = int(known[0].sum() / per_day)
        notes.append(f"too short to tell: {days} days are known, and the first {learnt} are learnt from")
    still = np.flatnonzero((np.nanmax(costs, axis=1) == np.nanmin(costs, axis=1)) & known.any(axis=1))
    if len(still):
        names = ", ".join(table.scopes["name"].iloc[still[:3]])
        notes.append(f"{len(still)} series never change, such as {names}")
    return notes
