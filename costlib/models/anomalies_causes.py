"""Which lines make up an alert, and which alerts are one and the same incident."""

from __future__ import annotations

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

    def excess(self, which: Ints, first: int, last: int) -> Floats:
        """Dollars above the usual cost of the lines ``which`` (lines,) over the steps from ``first`` to ``last``.

        Usual is the median at the same time of the week over the WEEKS_BEFORE that end before ``first``: what an
        incident does to a line does not count as its usual cost. Unknown steps count as usual.
        """
        week = self.steps_per_week
        steps = np.arange(first, last + 1)
        back = first - 1 - (first - 1 - steps) % week - week * np.arange(WEEKS_BEFORE)[:, None]
        past = np.where(back >= 0, self.usd[which[:, None, None], np.maximum(back, 0)], np.nan)
        # Sorting puts what is not known last: the median is of the known ones before.
        past.sort(axis=1)
        known = np.isfinite(past).sum(axis=1, keepdims=True)
        middle = [
            np.take_along_axis(past, np.maximum(at, 0), axis=1)[:, 0]
            for at in ((known - 1) // 2, known // 2 * (known > 1))
        ]
        usual = np.nan_to_num((middle[0] + middle[1]) / 2)
        return np.asarray(np.nansum(self.usd[which, first : last + 1] - usual, axis=1))


def incidents_of(alerts: pd.DataFrame, series_of: Ints, scope: Ints, lines: Lines) -> Ints:
    """The incident of each alert: the row of the alert that it belongs to, its own where it stands alone.

    ``alerts`` has the columns of alerts_of_days; ``series_of`` (columns, lines) names the series that sum a line, and
    ``scope`` (series,) the column of each, 0 the total. An alert belongs to one of an earlier column that overlaps half
    of it in time, goes the same way and is made of the same lines for a good part: JOINS_FRACTION of that one's
    excess, and SHARED_FRACTION of its own together with all others that it could belong to.
    """
    found = np.arange(len(alerts))
    series, first, last = (alerts[name].to_numpy(np.int64) for name in ("series", "first", "last"))
    sign = np.where(alerts["direction"] == "rise", 1.0, -1.0)
    order = np.lexsort((-alerts["size_usd"].abs().to_numpy(), scope[series]))
    heads = np.zeros(len(alerts), np.int64)
    pushed = np.zeros(len(alerts))
    count = 0
    for at in order:
        mine = np.flatnonzero(series_of[scope[series[at]]] == series[at])
        own = sign[at] * lines.excess(mine, int(first[at]), int(last[at]))
        so_far = heads[:count]
        # Two series of one column have no line in common.
        near = (first[so_far] <= last[at]) & (last[so_far] >= first[at]) & (sign[so_far] == sign[at])
        # What lasted more than twice as long is not the shorter one's cause only, and has a story of its own.
        met = np.minimum(last[so_far], last[at]) - np.maximum(first[so_far], first[at]) + 1
        near &= met >= SHARED_FRACTION * (last[at] - first[at] + 1)
        covered, best, most = np.zeros(len(mine), bool), -1, 0.0
        for head in so_far[near & (scope[series[so_far]] != scope[series[at]])]:
            shared = series_of[scope[series[head]], mine] == series[head]
            if not shared.any():
                continue
            of_head = sign[at] * lines.excess(mine[shared], int(first[head]), int(last[head])).sum()
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


def ranked_causes(excess: Floats, size_usd: float, most: int) -> tuple[Ints, Floats]:
    """Places in ``excess`` (lines,) that push the way of ``size_usd``, largest first, ``most`` of them; their dollars.

    What they do not make up is a last one, of place -1: other lines, and the difference between the whole's expectation
    and the sum of the lines' usual costs.
    """
    pushing = excess * np.sign(size_usd)
    order = np.argsort(-pushing, kind="stable")[:most]
    order = order[pushing[order] > 0]
    return np.append(order, -1), np.append(excess[order], size_usd - excess[order].sum())
