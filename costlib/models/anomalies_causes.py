"""Which lines make up an alert, and which alerts are one and the same incident."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

WEEK = 7
#: A line's usual cost is the median of so many earlier weeks, at the same time of the week.
WEEKS_BEFORE = 4
#: An alert belongs to another where its lines make up this much of the other's excess,
JOINS_FRACTION = 0.25
#: and the lines that it has in common with such others make up this much of its own.
SHARED_FRACTION = 0.5
#: An excess that is none.
TINY = 1e-12


class Lines(NamedTuple):
    """What costs are made of: ``usd`` (lines, steps), and ``steps_per_week`` of them."""

    usd: Floats
    steps_per_week: int

    def excess(self, first: int, last: int) -> Floats:
        """Dollars above the usual cost of each line (lines,) over the steps from ``first`` to ``last``.

        Usual is the median at the same time of the week over the WEEKS_BEFORE that end before ``first``: what an
        incident does to a line does not count as its usual cost. Unknown steps count as usual.
        """
        week = self.steps_per_week
        begin = max(0, first - WEEKS_BEFORE * week)
        steps = np.arange(first, last + 1)
        # Step by step: the same time in the last week before the incident, and in the three weeks before that.
        nearest = first - 1 - (first - 1 - steps) % week
        back = nearest - week * np.arange(WEEKS_BEFORE)[:, None]
        past = np.where(back >= begin, self.usd[:, np.maximum(back, 0)], np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            usual = np.nan_to_num(np.nanmedian(past, axis=1))
        return np.asarray(np.nansum(self.usd[:, first : last + 1] - usual, axis=1))


def incidents_of(alerts: pd.DataFrame, series_of: Ints, scope: Ints, lines: Lines) -> Ints:
    """The incident of each alert: the row of the alert that it belongs to, its own where it stands alone.

    ``alerts`` has the columns of alerts_of_days; ``series_of`` (columns, lines) names the series that sum a line, and
    ``scope`` (series,) the column of each, 0 the total. An alert belongs to one of an earlier column that overlaps it
    in time, goes the same way and is made of the same lines for a good part: JOINS_FRACTION of that one's excess, and
    SHARED_FRACTION of its own together with all others that it could belong to.
    """
    found = np.arange(len(alerts))
    series, first, last = (alerts[name].to_numpy(np.int64) for name in ("series", "first", "last"))
    sign = np.where(alerts["direction"] == "rise", 1.0, -1.0)
    order = np.lexsort((-alerts["size_usd"].abs().to_numpy(), scope[series]))
    # Alerts of one time share their lines' excess.
    spans = {span: lines.excess(*span) for span in set(zip(first.tolist(), last.tolist(), strict=True))}
    heads = np.zeros(len(alerts), np.int64)
    pushed = np.zeros(len(alerts))
    count = 0
    for at in order:
        mine = np.flatnonzero(series_of[scope[series[at]]] == series[at])
        own = sign[at] * spans[first[at], last[at]][mine]
        so_far = heads[:count]
        # Two series of one column have no line in common.
        near = (first[so_far] <= last[at]) & (last[so_far] >= first[at]) & (sign[so_far] == sign[at])
        covered, best, most = np.zeros(len(mine), bool), -1, 0.0
        for head in so_far[near & (scope[series[so_far]] != scope[series[at]])]:
            shared = series_of[scope[series[head]], mine] == series[head]
            of_head = sign[at] * spans[first[head], last[head]][mine[shared]].sum()
            if of_head >= JOINS_FRACTION * pushed[head]:
                covered |= shared
                if own[shared].sum() > most:
                    best, most = int(head), own[shared].sum()
        if best >= 0 and own[covered].sum() >= SHARED_FRACTION * max(own.sum(), TINY):
            found[at] = best
        else:
            heads[count], count = at, count + 1
            pushed[at] = max(own.sum(), TINY)
    return found


def ranked_causes(excess: Floats, size_usd: float, most: int) -> pd.DataFrame:
    """``line``, ``size_usd`` and ``share_fraction`` of the lines that push the way of ``size_usd``, largest first.

    ``excess`` (lines,) is theirs; at most ``most`` of them. What they do not make up is a last row, of line -1: other
    lines, and the difference between the whole's expectation and the sum of the lines' usual costs.
    """
    pushing = excess * np.sign(size_usd)
    order = [int(at) for at in np.argsort(-pushing, kind="stable")[:most] if pushing[at] > 0]
    values = [float(excess[at]) for at in order]
    rest = size_usd - sum(values)
    frame = pd.DataFrame({"line": [*order, -1], "size_usd": [*values, rest]})
    return frame.assign(share_fraction=frame["size_usd"] / size_usd)
