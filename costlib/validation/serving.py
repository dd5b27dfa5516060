"""Random serving workloads: what a load test of them would report, and what a simulation says of them.

The true service times are of four kinds, and the models see none of them: they see the mean and the p50, p95 and p99
that a load test with one request at a time reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.queueing import response_percentile
from costlib.models.service_time import SHARES, ServiceTimes, service_times
from costlib.models.serving_simulation import simulated_percentile

Floats = npt.NDArray[np.float64]

KINDS = ("lognormal", "gamma", "shifted_exponential", "short_and_long")
#: Requests of a load test at one request at a time, from which its percentiles come.
TESTED = 20_000
#: The percentiles that a load test must report.
REPORTED = (0.5, 0.95, 0.99)
#: What "right" means for a percentile, as the project promises it.
WITHIN_FRACTION = 0.10


@dataclass(frozen=True)
class Workloads:
    """Random stable workloads, a row each: mean service ``seconds``, ``variation`` (squared), ``kind``, ``workers``,
    ``load`` (share of the workers' time), ``mix`` (of short_and_long: the share of long requests)."""

    seconds: Floats
    variation: Floats
    kind: npt.NDArray[np.int64]
    workers: npt.NDArray[np.int64]
    load: Floats
    mix: Floats

    @property
    def per_second(self) -> Floats:
        """Arrivals a second (rows,)."""
        return self.load * self.workers / self.seconds

    def draw(self, rng: np.random.Generator, requests: int) -> Floats:
        """Service times (rows, requests) in seconds."""
        unit = np.empty((len(self.kind), requests))
        for number, kind in enumerate(KINDS):
            own = np.flatnonzero(self.kind == number)
            unit[own] = _unit_times(kind, self.variation[own, None], self.mix[own, None], rng, (len(own), requests))
        return unit * self.seconds[:, None]

    def load_test(self, rng: np.random.Generator, shares: Sequence[float] = REPORTED) -> ServiceTimes:
        """What the models know: the mean and some percentiles of requests sent one at a time."""
        drawn = self.draw(rng, TESTED)
        percentiles = np.quantile(drawn, SHARES, axis=1).T
        percentiles[:, ~np.isin(SHARES, shares)] = np.nan
        return service_times(percentiles, drawn.mean(axis=1))


def random_workloads(rows: int, rng: np.random.Generator) -> Workloads:
    """Workloads (rows,): 1 to 32 workers, 10 to 92 % busy, service of 5 ms to 5 s, from steady to widely spread."""
    return Workloads(
        seconds=np.exp(rng.uniform(np.log(0.005), np.log(5.0), rows)),
        variation=np.exp(rng.uniform(np.log(0.05), np.log(2.0), rows)),
        kind=rng.integers(0, len(KINDS), rows),
        workers=np.exp(rng.uniform(0.0, np.log(32.99), rows)).astype(np.int64),
        load=rng.uniform(0.1, 0.92, rows),
        mix=rng.uniform(0.02, 0.3, rows),
    )


def percentile_check(
    rows: int = 500,
    requests: int = 200_000,
    seed: int = 0,
    share: float = 0.95,
    shares: Sequence[float] = REPORTED,
) -> pd.DataFrame:
    """A row a random workload: ``kind, workers, load, variation, simulated_seconds, model_seconds, error_fraction``."""
    rng = np.random.default_rng(seed)
    drawn = random_workloads(rows, rng)
    model = response_percentile(drawn.load_test(rng, shares), drawn.workers, drawn.load, share)
    simulated = simulated_percentile(drawn.per_second, drawn.workers, drawn.draw, requests, rng, share)
    return pd.DataFrame(
        {
            "kind": np.array(KINDS)[drawn.kind],
            "workers": drawn.workers,
            "load": drawn.load,
            "variation": drawn.variation,
            "simulated_seconds": simulated,
            "model_seconds": model,
            "error_fraction": model / simulated - 1.0,
        }
    )


def _unit_times(kind: str, variation: Floats, mix: Floats, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Times of mean 1 and about the squared variation asked for."""
    if kind == "lognormal":
        spread = np.sqrt(np.log1p(variation))
        return np.asarray(np.exp(spread * rng.standard_normal(shape) - spread**2 / 2))
    if kind == "gamma":
        return rng.gamma(np.broadcast_to(1 / variation, shape)) * variation
    if kind == "shifted_exponential":
        # No more than an exponential without a shift has.
        part = np.sqrt(np.minimum(variation, 1.0))
        return np.asarray(1.0 - part + part * rng.exponential(1.0, shape))
    # Two kinds of request: a share ``mix`` takes longer by what gives the variation, each varying by a tenth.
    gap = np.sqrt(variation / (mix * (1 - mix)))
    short = np.maximum(1.0 - mix * gap, 0.1)
    long = (1.0 - (1 - mix) * short) / mix
    is_long = rng.random(shape) < mix
    return np.where(is_long, long, short) * np.exp(0.1 * rng.standard_normal(shape) - 0.005)
