"""What one instance can serve, from a load test of it: requests in flight, requests a second, and response times.

A load test keeps N requests in flight, so its mean response is N / X at X requests a second (Little). The row with the
fewest in flight gives the service time; the most requests a second that were measured give the workers, X times the
mean service time. Nothing is taken to be possible beyond what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import count, one, positive, same_length
from costlib.models.queueing import response_percentile
from costlib.models.service_time import SHARES, ServiceTimes, lognormal_times, service_times

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Throughput still rises where, at the end, doubling what is in flight would add more than this share of a doubling.
RISES_ELASTICITY = 0.10
#: A load test with N in flight cannot answer more than N / p50 requests a second, but for what a mean differs from a
#: median.
MOST_OVER_LITTLE = 2.0
#: Loads at which response times are worked out; between them their logarithm is taken to be linear.
LOADS = np.concatenate([np.linspace(0.01, 0.7, 12), 1.0 - np.geomspace(0.26, 0.01, 17)])


@dataclass(frozen=True)
class Capacity:
    """What an instance can do, a row each: ``times`` of service, ``workers`` (need not be whole), ``most_per_second``.

    ``still_rises``: throughput had not levelled off where the test ended. ``one_point``: tested at one number in flight
    only. ``waiting_users``: requests in flight were fewer than said, as users wait between requests.
    ``fit_error_fraction``: the largest miss of min(N / mean, most) on the throughputs measured.
    """

    times: ServiceTimes
    workers: Floats
    most_per_second: Floats
    still_rises: Bools
    one_point: Bools
    waiting_users: Bools
    fit_error_fraction: Floats

    def rows(self, at: npt.NDArray[np.int64]) -> Capacity:
        """Some rows, in any order."""
        return Capacity(self.times.rows(at), *(getattr(self, name)[at] for name in _ARRAYS))

    @classmethod
    def joined(cls, first: Capacity, second: Capacity) -> Capacity:
        """The rows of one after those of another."""
        both = ((getattr(one.times, name) for one in (first, second)) for name in _TIMES)
        times = ServiceTimes(*(np.concatenate(list(parts)) for parts in both))
        return cls(times, *(np.concatenate([getattr(first, name), getattr(second, name)]) for name in _ARRAYS))


_TIMES = ("level", "slope", "mean_error_fraction")
_ARRAYS = ("workers", "most_per_second", "still_rises", "one_point", "waiting_users", "fit_error_fraction")


def fitted_capacity(
    of: npt.ArrayLike, in_flight: npt.ArrayLike, per_second: npt.ArrayLike, percentiles_seconds: npt.ArrayLike
) -> Capacity:
    """Capacity of each instance from its load-test rows: ``of`` (n,) numbers them from 0, ``in_flight`` (n,) and
    ``per_second`` (n,) say the load, ``percentiles_seconds`` (n, 6) the response times at SHARES, nan where not known.

    Raises InvalidInput for numbers that are none, two rows of one load, and throughput that so few requests in flight
    cannot have.
    """
    owner = np.asarray(of, np.int64)
    flight, rate = same_length(in_flight=count("in_flight", in_flight), per_second=per_second)
    rate = positive("per_second", rate, bounded=True)
    times = np.asarray(percentiles_seconds, float).reshape(-1, len(SHARES))
    _refuse(owner, flight, rate, times)
    rows = int(owner.max()) + 1
    first = np.empty(rows, np.int64)
    most, rises, single, error = np.empty(rows), np.zeros(rows, bool), np.zeros(rows, bool), np.empty(rows)
    for row in range(rows):
        at = np.flatnonzero(owner == row)
        at = at[np.argsort(flight[at], kind="stable")]
        first[row], most[row] = at[0], rate[at].max()
        single[row] = len(at) == 1
        if len(at) > 1:
            gain = np.log(rate[at[-1]] / rate[at[-2]]) / np.log(flight[at[-1]] / flight[at[-2]])
            rises[row] = rate[at[-1]] >= most[row] and gain > RISES_ELASTICITY
    mean = flight[first] / rate[first]
    # Nobody's mean is above the time that one in twenty exceeds, unless users wait between their requests.
    waiting = mean > times[first, SHARES.index(0.95)]
    found = service_times(times[first], np.where(waiting, np.nan, mean))
    mean = found.mean_seconds
    for row in range(rows):
        at = owner == row
        meant = np.minimum(flight[at] / mean[row], most[row])
        error[row] = np.abs(meant / rate[at] - 1.0).max() if not waiting[row] else np.nan
    return Capacity(found, np.maximum(most * mean, 1.0), most, rises, single, waiting, error)


def estimated_capacity(
    fixed_seconds: npt.ArrayLike,
    item_seconds: npt.ArrayLike,
    items: npt.ArrayLike,
    workers: npt.ArrayLike,
    squared_variation: npt.ArrayLike = 0.25,
) -> Capacity:
    """Capacity (rows,) by a model of service time, an estimate: a request takes fixed + items x item seconds.

    Lognormal around it with ``squared_variation``. Raises InvalidInput.
    """
    fixed, item, number, busy, variation = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(one, float))
            for one in (fixed_seconds, item_seconds, items, workers, squared_variation)
        )
    )
    times = lognormal_times(fixed + item * number, variation)
    positive("workers", busy, bounded=True)
    none = np.zeros(len(fixed), bool)
    return Capacity(times, busy.astype(float), busy / times.mean_seconds, none, none, none, np.zeros(len(fixed)))


@dataclass(frozen=True)
class ResponseCurves:
    """The response percentile by load: ``seconds`` (rows, loads) at LOADS, of instances with ``capacity``."""

    most_per_second: Floats
    alone_seconds: Floats
    seconds: Floats
    share: float
    pooled: float

    @property
    def loads_per_second(self) -> Floats:
        """The requests a second of one instance (rows, loads) at which ``seconds`` stand."""
        return self.most_per_second[:, None] * LOADS

    def kept_per_second(self, promise_seconds: npt.ArrayLike) -> Floats:
        """The most requests a second of an instance (rows,) at which the percentile stays within the promise.

        0 where even a request that never waits takes longer.
        """
        promise = np.broadcast_to(positive("promise_seconds", promise_seconds), self.most_per_second.shape)
        log = np.log(self.seconds)
        wanted = np.log(promise)
        # Loads with a percentile within the promise; percentiles rise with the load.
        within = (log <= wanted[:, None]).sum(axis=1)
        low = np.clip(within - 1, 0, len(LOADS) - 2)
        rows = np.arange(len(wanted))
        start, end = log[rows, low], log[rows, low + 1]
        part = np.clip((wanted - start) / np.maximum(end - start, 1e-12), 0.0, 1.0)
        load = LOADS[low] + part * (LOADS[low + 1] - LOADS[low])
        return np.where((within == 0) | (promise < self.alone_seconds), 0.0, load) * self.most_per_second

    def at(self, per_second: npt.ArrayLike) -> Floats:
        """The percentile in seconds (rows, n) at requests a second of one instance (rows, n); infinite beyond LOADS."""
        load = np.asarray(per_second, float) / self.most_per_second[:, None]
        found = np.stack([np.exp(np.interp(x, LOADS, np.log(y))) for x, y in zip(load, self.seconds, strict=True)])
        return np.where(load > LOADS[-1], np.inf, found)


def response_curves(capacity: Capacity, share: float = 0.95, pooled: float = 1.0) -> ResponseCurves:
    """How the response percentile of each instance rises with its load.

    ``pooled``: how many instances work off one queue: 1 where requests are spread at random (each instance then
    is a queue of its own), the fewest instances of the fleet where they go to whichever is least busy.
    """
    workers = capacity.workers * one("pooled", positive("pooled", pooled))
    loads = np.broadcast_to(LOADS, (len(workers), len(LOADS)))
    seconds = np.maximum.accumulate(response_percentile(capacity.times, workers, loads, share), axis=1)
    return ResponseCurves(capacity.most_per_second, capacity.times.quantile(share), seconds, share, pooled)


def _refuse(owner: npt.NDArray[np.int64], flight: Floats, rate: Floats, times: Floats) -> None:
    if len(owner) != len(flight) or len(times) != len(flight) or not len(owner):
        raise InvalidInput([Fault("of", len(owner), "rows are given, not as many as the loads, or none")])
    faults = []
    pairs = np.stack([owner, flight.astype(np.int64)], axis=1)
    if len(np.unique(pairs, axis=0)) < len(pairs):
        faults.append(Fault("in_flight", None, "has two rows of one instance with as many requests in flight"))
    beyond = rate * times[:, 0] / flight
    if np.any(beyond > MOST_OVER_LITTLE):
        at = int(np.nanargmax(beyond))
        problem = (
            f"requests a second are more than {flight[at]:.0f} in flight can have at a p50 of {times[at, 0]:g} s"
            f" ({flight[at] / times[at, 0]:.3g})"
        )
        faults.append(Fault("per_second", float(rate[at]), problem))
    if faults:
        raise InvalidInput(faults)
