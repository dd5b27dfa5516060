"""What a series has done before: fees that come back after a month, and bursts that have become a habit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.models.anomalies_learn import density

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: Days back at which the fee of a month ago may be: months are 28 to 31 days.
MONTHS_DAYS = (28, 29, 30, 31)
#: A lone day this many spreads off may be a fee, and its neighbours are then below this share of it.
FEE_SPREADS, FEE_NEIGHBOUR_FRACTION = 3.0, 0.5
#: How far a fee may differ from the last one, as a share of it; and the chance that what was one comes again.
FEE_VARIES_FRACTION, FEE_CHANCE = 0.1, 0.5
#: So many short alerts within so many days, all one way, are a habit; up to a little beyond the largest of them.
HABIT_TIMES, HABIT_DAYS, HABIT_BEYOND = 3, 180, 1.3
#: Alerts of at most so many days count as short; the last KEPT are remembered.
SHORT_DAYS, KEPT = 3, 8


def fee_of(residual: Floats, day: int, now: Floats, spread: Floats) -> Floats:
    """The residual of a lone odd day a month before ``day`` that is nearest to ``now`` (series,); 0 where none was.

    ``residual`` (series, days) is known before ``day``.
    """
    best, found = np.zeros_like(now), np.zeros_like(now)
    for back in MONTHS_DAYS:
        if day - back < 0:
            break
        then = residual[:, day - back]
        after = np.abs(residual[:, day - back + 1])
        before = np.abs(residual[:, day - back - 1]) if day - back else np.zeros_like(now)
        size = np.abs(then)
        # A neighbour that is not known does not speak against it.
        lone = ~(np.maximum(np.nan_to_num(after), np.nan_to_num(before)) > FEE_NEIGHBOUR_FRACTION * size)
        fits = np.where(lone & (size > FEE_SPREADS * spread), density(now - then, spread), 0.0)
        nearer = fits > best
        best, found = np.where(nearer, fits, best), np.where(nearer, then, found)
    return found


#: The day of what never was.
LONG_AGO = -(10**6)


class Habits:
    """Short alerts of each series that have ended; what happened often is no news."""

    def __init__(self, count: int) -> None:
        self.size = np.zeros((count, KEPT))
        self.day = np.full((count, KEPT), LONG_AGO)
        self.next = np.zeros(count, np.int64)

    def remember(self, ended: Bools, size: Floats, days: Ints, today: int) -> None:
        """Keeps the alerts that ``ended`` (series,) today: their mean residual, and how many days they were."""
        which = np.flatnonzero(ended & (days <= SHORT_DAYS))
        self.size[which, self.next[which]] = size[which]
        self.day[which, self.next[which]] = today
        self.next[which] = (self.next[which] + 1) % KEPT

    def cover(self, now: Floats, today: int) -> Bools:
        """Where ``now`` (series,) is no further off than what happened HABIT_TIMES before."""
        covered = np.zeros(len(now), bool)
        which = np.flatnonzero(self.day[:, HABIT_TIMES - 1] > LONG_AGO)
        if len(which):
            recent = today - self.day[which] <= HABIT_DAYS
            same = recent & (np.sign(self.size[which]) == np.sign(now[which])[:, None])
            largest = np.where(same, np.abs(self.size[which]), 0.0).max(axis=1)
            covered[which] = (same.sum(axis=1) >= HABIT_TIMES) & (np.abs(now[which]) <= HABIT_BEYOND * largest)
        return covered
