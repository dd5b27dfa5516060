"""Response times of M/G/c: requests that arrive at random, c alike workers, one queue, first come first served.

The approximation, stated: the chance to wait is Erlang's C, as if service times were exponential (Tijms calls it good
for all service times). Who waits, waits for the first of c busy workers (the least of c residual service times,
independent) and then as in a queue with one worker that is c times as fast: a geometric sum of residuals of t / c. Its
mean is that of Tijms, van Hoorn and Federgruen (1981),
  W = ((1 - load) c g / m + load (1 + v) / 2) W(M/M/c), g the mean of the least residual, v the squared variation.
With one worker it is exact (Pollaczek-Khinchine), with exponential times too. Sums of independent times are made by the
fast Fourier transform on an even grid of time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.models.checks import count, fraction, not_negative, one, positive
from costlib.models.service_time import ServiceTimes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Points of the tables of a distribution, and the share of requests that is left out at each end of them.
_TABLE, _LEAST_SHARE = 800, 1e-6
#: Points of the time grid, and how far it goes: to the service time that one in ten thousand exceeds, and to so many
#: times the mean wait of who waits.
POINTS = 1024
_TAIL_SHARE = 0.9999
_WAITS = 12.0
#: Rows that are looked at together: their grids fit in a processor's cache.
_ROWS = 64


def erlang_b(workers: npt.ArrayLike, offered: npt.ArrayLike) -> Floats:
    """The chance that all ``workers`` are busy and a request is lost; offered load in workers' worth of work.

    B(0) = 1; B(c) = a B(c-1) / (c + a B(c-1)). Raises InvalidInput.
    """
    wanted, load = np.broadcast_arrays(count("workers", workers), not_negative("offered", offered))
    blocked, found = np.ones(load.shape), np.ones(load.shape)
    for number in range(1, int(wanted.max(initial=0)) + 1):
        blocked = load * blocked / (number + load * blocked)
        found = np.where(wanted == number, blocked, found)
    return found


def erlang_c(workers: npt.ArrayLike, offered: npt.ArrayLike) -> Floats:
    """The chance to wait in M/M/c; 1 where the offered load is all that the workers can do, or more."""
    wanted, load = np.broadcast_arrays(count("workers", workers), not_negative("offered", offered))
    blocked = erlang_b(wanted, load)
    used = np.minimum(load / wanted, 1.0)
    return blocked / (1.0 - used * (1.0 - blocked))


def response_percentile(
    times: ServiceTimes, workers: npt.ArrayLike, load: npt.ArrayLike, share: float = 0.95
) -> Floats:
    """The response time in seconds that ``share`` of requests stays below; infinite at a load of 1 or more.

    ``times`` (rows,); ``workers`` (rows,) may lie between whole numbers, and the answer then lies between theirs;
    ``load`` (rows,) or (rows, loads) is the share of the workers' time that is used; the answer has its shape. Raises
    InvalidInput.
    """
    share = one("share", fraction("share", share, above_zero=True))
    used = not_negative("load", load, bounded=True)
    rows = len(times.level)
    wanted = np.broadcast_to(np.maximum(positive("workers", workers, bounded=True), 1.0), (rows,))
    # A queue a row: the pair of a distribution and a load.
    loads = np.atleast_1d(used) if used.ndim < 2 else used
    shape = (rows,) if loads.ndim == 1 else loads.shape
    flat = np.broadcast_to(loads, shape).ravel()
    of = np.repeat(np.arange(rows), len(flat) // rows) if rows else np.zeros(0, np.int64)
    tables = Tables(times)
    low = np.floor(wanted + 1e-9)
    part = np.clip(wanted - low, 0.0, 1.0)[of]
    found = _percentiles(tables, of, low[of], flat, share)
    between = np.flatnonzero(part > 1e-9)
    if len(between):
        above = _percentiles(tables, of[between], low[of[between]] + 1, flat[between], share)
        with np.errstate(invalid="ignore"):
            mixed = (1 - part[between]) * found[between] + part[between] * above
        found[between] = np.where(np.isinf(above), np.inf, mixed)
    return found.reshape(shape)


class Tables:
    """What the sums need of each distribution, at times even in their logarithm, to be read by arithmetic alone."""

    def __init__(self, times: ServiceTimes):
        span = np.log(times.quantile(np.array([_LEAST_SHARE, 1 - _LEAST_SHARE])))
        self.mean, self.second = times.mean_seconds, times.moment(2)
        self.far = times.quantile(_TAIL_SHARE)
        self._low = span[:, 0] - 1e-6
        self._step = (span[:, 1] - span[:, 0] + 2e-6) / (_TABLE - 1)
        seconds = np.exp(self._low[:, None] + self._step[:, None] * np.arange(_TABLE))
        self._below, self._limited = times.share_below(seconds), times.limited_mean(seconds) / self.mean[:, None]

    def share_below(self, of: Ints, seconds: Floats) -> Floats:
        """The distribution function at ``seconds`` (queues, n) of the rows ``of`` (queues,)."""
        return self._read(self._below, of, seconds)

    def residual(self, of: Ints, seconds: Floats) -> Floats:
        """The distribution function of what is left of a service that a stranger finds under way."""
        shortest = np.exp(self._low[of])[:, None]
        # Below the shortest service all of them last longer: E[min(t, x)] is x itself.
        return np.where(seconds < shortest, seconds / self.mean[of][:, None], self._read(self._limited, of, seconds))

    def _read(self, table: Floats, of: Ints, seconds: Floats) -> Floats:
        at = np.clip((np.log(seconds) - self._low[of][:, None]) / self._step[of][:, None], 0.0, _TABLE - 1.000001)
        low = at.astype(np.int64)
        flat = (of * _TABLE)[:, None] + low
        first = table.ravel()[flat]
        return first + (at - low) * (table.ravel()[flat + 1] - first)


def _percentiles(tables: Tables, of: Ints, workers: Floats, load: Floats, share: float) -> Floats:
    found = np.full(len(load), np.inf)
    stable = np.flatnonzero(load < 1.0)
    for first in range(0, len(stable), _ROWS):
        at = stable[first : first + _ROWS]
        found[at] = _block(tables, of[at], workers[at], load[at], share)
    return found


def _block(tables: Tables, of: Ints, workers: Floats, load: Floats, share: float) -> Floats:
    waits = erlang_c(workers, load * workers)
    # The mean of the residuals' geometric sum, and one more for the first.
    residual_mean = tables.second[of] / (2 * tables.mean[of]) / workers
    reach = tables.far[of] + _WAITS * residual_mean * (1.0 / (1.0 - load) + 1.0)
    step = reach / POINTS
    middles = step[:, None] * (np.arange(POINTS) + 0.5)
    busy = workers[:, None]
    below = tables.share_below(of, middles)
    # A residual of t is below x with E[min(t, x)] / E[t]; that of t / c below x / c.
    quick = tables.residual(of, middles * busy)
    first = 1.0 - (1.0 - (quick if np.all(workers == 1) else tables.residual(of, middles))) ** busy
    masses = (np.diff(share_of, prepend=0.0, axis=1) for share_of in (below, quick, first))
    f_service, f_quick, f_first = (np.fft.rfft(mass, 2 * POINTS, axis=1) for mass in masses)
    used, chance = load[:, None], waits[:, None]
    f_wait = (1.0 - used) * f_first / (1.0 - used * f_quick)
    mass = np.fft.irfft(f_service * (1.0 - chance + chance * f_wait), 2 * POINTS, axis=1)[:, :POINTS]
    total = np.cumsum(mass, axis=1)
    # Mass at point k stands for times up to k + 1/2 steps.
    at = np.argmax(total >= share, axis=1)
    rows = np.arange(len(at))
    before = np.where(at > 0, total[rows, np.maximum(at - 1, 0)], 0.0)
    inside = (share - before) / np.maximum(total[rows, at] - before, 1e-300)
    return np.asarray(step * np.maximum(at - 0.5 + inside, 0.0))
