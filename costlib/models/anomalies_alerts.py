"""From verdicts to alerts: first day, end, size in dollars, direction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.anomalies_filter import Judged
from costlib.models.anomalies_hours import JudgedHours
from costlib.models.anomalies_learn import Rule

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_Row = tuple[int, int, int, int, str, str]

#: So many calm days within an alert do not end it.
JOINED_DAYS = 1
#: An alert began with the days right before it on which a shift its way was at least this likely.
ONSET_CHANCE = 0.2
#: What goes on beyond the band for longer than this is no longer counted to an alert of hours.
LASTS_DAYS = 7
COLUMNS = (
    "series", "first", "last", "found", "status", "direction", "expected_usd", "actual_usd", "size_usd", "low_usd",
    "high_usd", "chance_fraction",
)  # fmt: skip


def alerts_of_days(usd: Floats, judged: Judged, rule: Rule | None = None) -> pd.DataFrame:
    """One row an alert of ``usd`` (series, days), by series and first day.

    ``first`` and ``last`` are the days' numbers; ``found`` is the first day whose verdict it was. ``status``: ``open``
    where the last known day still is one, ``new usual`` where it lasted until its cost became the usual one, else
    ``ended``. ``direction``: ``rise`` or ``drop``. ``expected_usd`` and ``actual_usd`` are sums over its known days,
    and ``size_usd`` their difference, below 0 for a drop; ``low_usd`` and ``high_usd`` are the sums of the band.
    ``chance_fraction`` is that of its surest day.
    """
    rule = rule or Rule()
    rows: list[_Row] = []
    known = np.isfinite(usd)
    towards = np.sign(usd - judged.expected_usd)
    likely = np.nan_to_num(judged.chance_fraction) >= ONSET_CHANCE
    for series in map(int, np.flatnonzero((judged.verdict != 0).any(axis=1))):
        verdict = judged.verdict[series]
        days = np.flatnonzero(verdict)
        new = np.concatenate([[True], (np.diff(days) > 1 + JOINED_DAYS) | (np.diff(verdict[days]) != 0)])
        begins = np.flatnonzero(new)
        ended = -1
        for first_at, end_at in zip(begins, [*begins[1:], len(days)], strict=True):
            found, last = int(days[first_at]), int(days[end_at - 1])
            first = found
            while first - 1 > ended and likely[series, first - 1] and towards[series, first - 1] == verdict[found]:
                first -= 1
            status = "open" if not known[series, last + 1 :].any() else "ended"
            if _longest(verdict[found : last + 1] != 0) >= rule.adapts_days:
                status = "new usual"
            rows.append((series, first, last, found, status, _way(int(verdict[found]))))
            ended = last
    return _with_dollars(rows, usd, judged, judged.chance_fraction)


def alerts_of_hours(usd: Floats, judged: JudgedHours, steps_per_day: int) -> pd.DataFrame:
    """One row an alert of ``usd`` (series, steps), as alerts_of_days; flagged steps at most an hour apart are one.

    An alert goes on while the cost stays beyond the band that held when it was found, for LASTS_DAYS at most
    (``new usual``). It begins and ends with steps beyond half of the way to that band, where there are any: the medians
    that are watched come late, and go on when the cost is back.
    """
    rows: list[_Row] = []
    hour, quarter, longest = max(1, steps_per_day // 24), steps_per_day // 4, LASTS_DAYS * steps_per_day
    for series in map(int, np.flatnonzero((judged.verdict != 0).any(axis=1))):
        cost, free = usd[series], 0
        known = np.isfinite(cost)
        steps = np.flatnonzero(judged.verdict[series])
        while len(steps):
            found = int(steps[0])
            way = int(judged.verdict[series, found])
            edge = (judged.high_usd if way > 0 else judged.low_usd)[series, found]
            far = way * (cost - (edge + judged.expected_usd[series, found]) / 2) > 0
            last = _lasts(way * (cost[: found + longest] - edge) > 0, known, found)
            # What is flagged soon after the alert's end, the same way, goes on with it.
            for step in steps[1:]:
                if step > last + hour or judged.verdict[series, step] != way or step >= found + longest:
                    break
                last = max(last, int(step))
            steps = steps[steps > last]
            begin = max(free, found - quarter)
            first = found - int(np.argmin(np.concatenate([far[begin:found][::-1], [False]])))
            odd = first + np.flatnonzero(far[first : last + 1])
            end = int(odd[-1]) if len(odd) else last
            status = "ended" if known[last + 1 :].any() else "open"
            status = "new usual" if last - found + 1 >= longest else status
            rows.append((series, first, end, found, status, _way(way)))
            free = last + 1
    return _with_dollars(rows, usd, judged, None)


def _lasts(beyond: Bools, known: Bools, found: int) -> int:
    """The last step of those beyond from ``found`` on; unknown ones between them do not end it."""
    back = np.flatnonzero(~beyond[found + 1 :] & known[found + 1 : len(beyond)])
    end = found + 1 + int(back[0]) if len(back) else len(beyond)
    inside = np.flatnonzero(beyond[found:end])
    return found + (int(inside[-1]) if len(inside) else 0)


def _way(verdict: int) -> str:
    return "rise" if verdict > 0 else "drop"


def _longest(flags: Bools) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _with_dollars(rows: list[_Row], usd: Floats, judged: Judged | JudgedHours, chance: Floats | None) -> pd.DataFrame:
    """The rows with the sums of cost, expectation and band over their known steps."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS[:6]))
    known = np.isfinite(usd) & np.isfinite(judged.expected_usd)
    series, first, last = (frame[name].to_numpy(np.int64) for name in ("series", "first", "last"))

    def summed(values: Floats) -> Floats:
        total = np.zeros((values.shape[0], values.shape[1] + 1))
        np.cumsum(np.where(known, values, 0.0), axis=1, out=total[:, 1:])
        return np.asarray(total[series, last + 1] - total[series, first])

    for name in ("expected_usd", "low_usd", "high_usd"):
        frame[name] = summed(getattr(judged, name))
    frame["actual_usd"] = summed(usd)
    frame["size_usd"] = frame["actual_usd"] - frame["expected_usd"]
    frame["chance_fraction"] = np.nan
    if chance is not None:
        ranges = zip(series, first, last, strict=True)
        frame["chance_fraction"] = [float(np.nanmax(chance[at, begin : end + 1])) for at, begin, end in ranges]
    return frame[list(COLUMNS)]
