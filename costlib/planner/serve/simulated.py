"""The chosen fleet under its fullest load, request by request: the judge of what the formula says of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.queueing import response_percentile
from costlib.models.serving_simulation import simulated_percentile
from costlib.planner.serve.report import ServeReport

Floats = npt.NDArray[np.float64]

REQUESTS = 100_000


def simulated(report: ServeReport, requests: int = REQUESTS, seed: int = 0) -> dict[str, object]:
    """One instance of the best type at the most that any gets in the fullest hour: ``instance_type, workers,
    per_second, promise_ms, model_ms, simulated_ms, requests``. Workers are rounded to whole ones, for both.

    Raises InvalidInput where no type keeps the promise.
    """
    if report.best is None:
        raise InvalidInput([Fault("simulate", None, "has nothing to simulate: no instance type keeps the promise")])
    row = int(report.found.at[int(report.best["candidate"])])
    capacity = report.tests.capacity.rows(np.array([row]))
    workers = np.maximum(np.round(capacity.workers), 1.0)
    # With no instance at least, there may be hours without any.
    each = report.loads.hourly / np.maximum(report.by_hour, 1.0)
    rate = np.array([float(each.max())])
    times, share = capacity.times, report.asked.share

    def draw(rng: np.random.Generator, number: int) -> Floats:
        return times.at_score(rng.standard_normal((1, number)))

    found = simulated_percentile(rate, workers, draw, requests, np.random.default_rng(seed), share)
    model = response_percentile(times, workers, rate * times.mean_seconds / workers, share)
    return {
        "instance_type": str(report.best["instance_type"]),
        "workers": float(workers[0]),
        "per_second": float(rate[0]),
        "promise_ms": report.asked.promise_ms,
        "model_ms": 1000.0 * float(model[0]),
        "simulated_ms": 1000.0 * float(found[0]),
        "requests": requests,
    }
