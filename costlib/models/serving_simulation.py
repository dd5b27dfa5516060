"""A queue simulated request by request: what the approximations are held against.

Many workloads run side by side: one step is the next request of each. Nothing here is shared with the formulas.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import count, positive

Floats = npt.NDArray[np.float64]
#: Draws service times: a generator and a number of requests to an array (workloads, requests) in seconds.
Draw = Callable[[np.random.Generator, int], Floats]

_BLOCK = 1000


def simulated_responses(
    per_second: npt.ArrayLike,
    workers: npt.ArrayLike,
    draw: Draw,
    requests: int,
    rng: np.random.Generator,
    warm_up: int | None = None,
) -> npt.NDArray[np.float32]:
    """Response times in seconds (workloads, requests) of Poisson arrivals at queues with ``workers`` alike workers.

    Each request takes the worker that is free first, in the order of arrival. The first ``warm_up`` requests (a tenth
    of ``requests`` by default) are served and not counted. Raises InvalidInput.
    """
    rate, busy = np.broadcast_arrays(positive("per_second", per_second, bounded=True), count("workers", workers))
    if requests < 1:
        raise InvalidInput([Fault("requests", requests, "must be at least 1")])
    rate, busy = np.atleast_1d(rate), np.atleast_1d(busy)
    rows = np.arange(len(rate))
    # Workers that are not there are never free.
    free_at = np.where(np.arange(int(busy.max())) < busy[:, None], 0.0, np.inf)
    skipped = requests // 10 if warm_up is None else warm_up
    found = np.empty((len(rate), requests), np.float32)
    now = np.zeros(len(rate))
    done = -skipped
    while done < requests:
        size = min(_BLOCK, requests - done)
        gaps = rng.exponential(1.0, (size, len(rate))) / rate
        service = np.ascontiguousarray(draw(rng, size).T)
        for step in range(size):
            now += gaps[step]
            first = free_at.argmin(axis=1)
            ends = np.maximum(free_at[rows, first], now) + service[step]
            free_at[rows, first] = ends
            if done + step >= 0:
                found[:, done + step] = ends - now
        done += size
    return found


def simulated_percentile(
    per_second: npt.ArrayLike,
    workers: npt.ArrayLike,
    draw: Draw,
    requests: int,
    rng: np.random.Generator,
    share: float = 0.95,
) -> Floats:
    """The response time in seconds (workloads,) that ``share`` of the simulated requests stays below."""
    responses = simulated_responses(per_second, workers, draw, requests, rng)
    return np.quantile(responses, share, axis=1).astype(float)
