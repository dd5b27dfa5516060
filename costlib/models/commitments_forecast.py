"""What usage may be in the months to come, from its own history: level, trend and season with their doubt, or an end.

A month's level is not its mean but the quantile that a commitment is decided at, so that bursts above it do not blur
it. Levels of past months give a trend (as far as it stands out from their noise), a season (where two years agree), and
how far a level may stray. A sudden step starts the history anew. The hours keep the shape of the last two months.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import not_negative
from costlib.models.commitments_inputs import Line, refuse
from costlib.models.commitments_scenarios import Scenarios
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MONTH = round(HOURS_PER_MONTH)
YEAR = 12
#: Scenarios of an ordinary future: the middles of seven equal parts of a normal law.
DEVIATIONS = np.array([NormalDist().inv_cdf((part + 0.5) / 7) for part in range(7)])
#: Months from whose beginning usage has ended, in the scenarios in which it ends.
ENDS = (2, 5, 8, 11)
#: A step of a month's log level, beyond this many robust deviations and this large, starts the history anew.
STEP_DEVIATIONS, STEP_LEAST = 5.0, 0.2
#: How far two years must agree in their months for a season: a correlation of twelve that chance gives in 1 of 100.
SEASON_CORRELATION = 0.7
#: Correlation of successive changes below which a level is taken to return, not to wander, and how it then is averaged.
RETURNS_CORRELATION, RETURNS_MONTHS, RETURNS_DEVIATION = -0.2, 3, 0.6
#: Bounds of a month's deviation, and the one of histories too short to tell.
DEVIATION_LEAST, DEVIATION_MOST, DEVIATION_UNTOLD = 0.01, 0.3, 0.03
#: Below this share of the highest hour a level is nothing.
NOTHING = 1e-6


@dataclass(frozen=True)
class Outlook:
    """Futures: ``level`` (scenarios, months) times ``shape`` (hours of a month,), rising; ``probability`` (scenarios,).

    ``ends`` (scenarios,) says in which of them the usage ends.
    """

    shape: Floats
    level: Floats
    probability: Floats
    ends: Bools

    def cautious(self, risk_weight: float) -> Outlook:
        """The same futures with ``risk_weight`` of their probability moved to those in which usage ends.

        They are the ones that a commitment regrets, so this weighs the tail of regret as best_portfolio that of cost.
        """
        if not 0 <= risk_weight <= 1:
            raise InvalidInput([Fault("risk_weight", risk_weight, "must be from 0 to 1")])
        if not self.ends.any():
            return self
        ending = self.probability * self.ends
        moved = (1 - risk_weight) * self.probability + risk_weight * ending / ending.sum()
        return Outlook(self.shape, self.level, moved, self.ends)

    def scenarios(self, line: Line) -> Scenarios:
        """As scenarios of one line, hour by hour, for best_portfolio."""
        quantity = (self.level[:, :, None] * self.shape).reshape(len(self.level), -1, 1)
        return Scenarios((line,), quantity, self.probability)


def outlook_from(usage: npt.ArrayLike, quantile: float, stop_chance_fraction: float, months: int = YEAR) -> Outlook:
    """Futures of usage (hours,), the latest hour last, for the months after it.

    ``quantile`` is that of the hours which decides: 1 - rate / on-demand. ``stop_chance_fraction`` is the chance that
    the usage ends within a year, which no history tells. Raises InvalidInput for less than two months, or shares
    outside 0 to 1.
    """
    values = np.ravel(not_negative("usage", usage))
    count = len(values) // MONTH
    whole_months = values[len(values) - count * MONTH :]
    return next(outlooks_from(whole_months, count, quantile, stop_chance_fraction, months))


def outlooks_from(
    usage: npt.ArrayLike, first_month: int, quantile: float, stop_chance_fraction: float, months: int = YEAR
) -> Iterator[Outlook]:
    """``outlook_from`` what was known at the beginning of ``first_month`` (from 0) and of each month after it, to the
    end of usage (hours,): as many as whole months are there from then on, and one more. Raises InvalidInput likewise.
    """
    values = np.ravel(not_negative("usage", usage))
    faults = []
    if first_month < 2:
        problem = f"of which {first_month} whole months of {MONTH} hours are known: two months are the least"
        faults.append(Fault("usage", f"{len(values)} hours", problem))
    for name, share in (("quantile", quantile), ("stop_chance_fraction", stop_chance_fraction)):
        if not 0 <= share <= 1:
            faults.append(Fault(name, share, "must be from 0 to 1"))
    refuse(faults)
    by_month = values[: len(values) // MONTH * MONTH].reshape(-1, MONTH)
    level = np.quantile(by_month, quantile, axis=1)
    return (
        _outlook(by_month[:known], level[:known], stop_chance_fraction, months)
        for known in range(first_month, len(by_month) + 1)
    )


def _outlook(by_month: Floats, level: Floats, stop_chance_fraction: float, months: int) -> Outlook:
    """Futures after months of usage (months, hours of a month) of such levels (months,)."""
    count = len(by_month)
    if level[-1] <= NOTHING * by_month.max() or not by_month.max():
        # What hardly runs any more is taken as its last month.
        return Outlook(np.sort(by_month[-1]), np.ones((1, months)), np.ones(1), np.zeros(1, bool))
    logs = np.log(np.maximum(level, NOTHING * level.max()))
    first = _after_last_step(logs)
    centre, deviation = _projected(logs[first:], months)
    ahead = np.arange(1, months + 1)
    spread = np.exp(centre + DEVIATIONS[:, None] * deviation * np.sqrt(ahead))
    going = np.full(len(DEVIATIONS), (1.0 - stop_chance_fraction) / len(DEVIATIONS))
    recent = by_month[-2:] if count - first >= 2 else by_month[-1:]
    relative = np.sort((recent / level[-len(recent) :, None]).ravel())
    shape = relative[((np.arange(MONTH) + 0.5) / MONTH * len(relative)).astype(int)]
    if not stop_chance_fraction:
        return Outlook(shape, spread, going, np.zeros(len(going), bool))
    ended = np.exp(centre) * (np.arange(months) < np.array(ENDS)[:, None])
    probability = np.concatenate([going, np.full(len(ENDS), stop_chance_fraction / len(ENDS))])
    ends = np.arange(len(probability)) >= len(going)
    return Outlook(shape, np.vstack([spread, ended]), probability, ends)


def _after_last_step(logs: Floats) -> int:
    """The first month after the last sudden step."""
    change = np.diff(logs)
    middle = np.median(change)
    robust = 1.4826 * np.median(np.abs(change - middle))
    steps = np.flatnonzero(np.abs(change - middle) > max(STEP_DEVIATIONS * robust, STEP_LEAST))
    return int(steps[-1]) + 1 if len(steps) else 0


def _projected(logs: Floats, months: int) -> tuple[Floats, float]:
    """The middle log level of the months ahead (months,), and the deviation that each month adds."""
    count, ahead = len(logs), np.arange(1, months + 1)
    season = np.zeros(months)
    if count >= 2 * YEAR:
        own = _season(logs[-2 * YEAR :])
        season = own[(ahead - 1) % YEAR]
        logs = logs[-2 * YEAR :] - np.tile(own, 2)
    recent = logs[-min(count, YEAR) :]
    if len(recent) < 4:
        return recent[-1] + season, DEVIATION_UNTOLD
    at = np.arange(len(recent)) - (len(recent) - 1.0)
    centred = at - at.mean()
    slope = float(centred @ recent / (centred @ centred))
    change = np.diff(recent)
    deviation = float(change.std(ddof=1))
    # The mean of changes is known to its standard error; a slope within it counts for nothing.
    error = deviation / np.sqrt(len(change))
    slope *= max(0.0, 1.0 - (error / max(abs(slope), 1e-12)) ** 2)
    off = change - change.mean()
    now = recent[-1]
    if off[1:] @ off[:-1] < RETURNS_CORRELATION * (off @ off):
        now = float(np.mean((recent - slope * at)[-RETURNS_MONTHS:]))
        deviation *= RETURNS_DEVIATION
    return now + season + slope * ahead, float(np.clip(deviation, DEVIATION_LEAST, DEVIATION_MOST))


def _season(logs: Floats) -> Floats:
    """The log season of the twelve months of a year (oldest first), from two years; zeros where they do not agree."""
    growth = float(np.median(logs[YEAR:] - logs[:YEAR])) / YEAR
    level = logs - growth * np.arange(2 * YEAR)
    first, second = level[:YEAR] - level[:YEAR].mean(), level[YEAR:] - level[YEAR:].mean()
    norm = np.sqrt((first @ first) * (second @ second))
    if norm < 1e-12 or first @ second <= SEASON_CORRELATION * norm:
        return np.zeros(YEAR)
    return np.asarray((first + second) / 2)
