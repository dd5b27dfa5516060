"""Random serving workloads: what a load test of them would report, and what a simulation says of them.

The true service times are of four kinds, and the models see none of them: they see the mean and the p50, p95 and p99
that a load test with one request at a time reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

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

    def rows(self, at: npt.NDArray[np.int64]) -> Workloads:
        """Some rows, in any order."""
        return Workloads(*(getattr(self, one.name)[at] for one in fields(self)))

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


def random_workloads(rows: int, rng: np.random.Generator, kinds: Sequence[str] = KINDS) -> Workloads:
    """Workloads (rows,): 1 to 32 workers, 10 to 92 % busy, service of 5 ms to 5 s, from steady to widely spread."""
    return Workloads(
        seconds=np.exp(rng.uniform(np.log(0.005), np.log(5.0), rows)),
        variation=np.exp(rng.uniform(np.log(0.05), np.log(2.0), rows)),
        kind=np.array([KINDS.index(kind) for kind in kinds])[rng.integers(0, len(kinds), rows)],
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
    kinds: Sequence[str] = KINDS,
) -> pd.DataFrame:
    """A row a random workload: ``kind, workers, load, variation, simulated_seconds, model_seconds, error_fraction``."""
    rng = np.random.default_rng(seed)
    drawn = random_workloads(rows, rng, kinds)
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


#: Instance types on offer in one question of ``choice_check``, and the most instances that it asks for.
TYPES, MOST_INSTANCES = 5, 40
#: Costs within so much of the least are as good: what the simulation itself does not tell apart.
TIE_FRACTION = 0.005


def choice_check(
    questions: int = 200,
    requests: int = 60_000,
    seed: int = 0,
    share: float = 0.95,
    shares: Sequence[float] = REPORTED,
    kinds: Sequence[str] = KINDS,
) -> pd.DataFrame:
    """A row a question: ``model_type, model_instances, model_usd, best_type, best_instances, best_usd, right``.

    Each offers a few instance types of their own speed, workers, spread and price for one load and promise, requests
    spread at random. The judge simulates one instance of each type at load / n for n around what the model says, until
    it knows the fewest that keep the promise; ``right``: the model's choice keeps it, and none costs less.
    """
    rng = np.random.default_rng(seed)
    rows = questions * TYPES
    drawn = random_workloads(rows, rng, kinds)
    times = drawn.load_test(rng, shares)
    capacity = drawn.workers / drawn.seconds
    # The load is a few to some tens of instances of a usual type; the promise what some types keep with ease.
    of = np.repeat(np.arange(questions), TYPES)
    load = np.exp(rng.uniform(np.log(2), np.log(15), questions)) * np.median(capacity.reshape(-1, TYPES), axis=1)
    alone = drawn_alone(drawn, rng, share)
    promise = np.median(alone.reshape(-1, TYPES), axis=1) * rng.uniform(1.1, 3.0, questions)
    usd = capacity**0.9 * np.exp(rng.normal(0, 0.4, rows))

    def modelled(at: npt.NDArray[np.int64], n: Floats) -> npt.NDArray[np.bool_]:
        busy = load[of[at]] / n / capacity[at]
        return response_percentile(times.rows(at), drawn.workers[at], busy, share) <= promise[of[at]]

    model = _fewest(modelled, load[of] / capacity)

    def judged(at: npt.NDArray[np.int64], n: Floats) -> npt.NDArray[np.bool_]:
        own = drawn.rows(at)
        rate = load[of[at]] / n
        stable = rate < 0.995 * capacity[at]
        found = np.full(len(at), np.inf)
        if stable.any():
            part = own.rows(np.flatnonzero(stable))
            found[stable] = simulated_percentile(rate[stable], part.workers, part.draw, requests, rng, share)
        return found <= promise[of[at]]

    true = _fewest(judged, load[of] / capacity, model)
    cost, real = usd * model, usd * true
    cost, real = (np.where(np.isfinite(one), one, np.inf).reshape(-1, TYPES) for one in (cost, real))
    chosen, best = cost.argmin(axis=1), real.argmin(axis=1)
    each = np.arange(questions)
    least = real[each, best]
    keeps = model.reshape(-1, TYPES)[each, chosen] >= true.reshape(-1, TYPES)[each, chosen]
    frame = pd.DataFrame(
        {
            "model_type": chosen,
            "model_instances": model.reshape(-1, TYPES)[each, chosen],
            "model_usd": cost[each, chosen],
            "best_type": best,
            "best_instances": true.reshape(-1, TYPES)[each, best],
            "best_usd": least,
            "two_kinds": (drawn.kind.reshape(-1, TYPES) == KINDS.index("short_and_long")).any(axis=1),
            "right": keeps & (cost[each, chosen] <= least * (1 + TIE_FRACTION)),
        }
    )
    return frame[np.isfinite(least) | np.isfinite(cost[each, chosen])].reset_index(drop=True)


def drawn_alone(drawn: Workloads, rng: np.random.Generator, share: float) -> Floats:
    """The percentile of requests that never wait (rows,), from draws."""
    return np.asarray(np.quantile(drawn.draw(rng, TESTED), share, axis=1))


def _fewest(
    keeps: Callable[[npt.NDArray[np.int64], Floats], npt.NDArray[np.bool_]], least: Floats, near: Floats | None = None
) -> Floats:
    """The fewest instances (rows,) that keep a promise, infinite where MOST_INSTANCES times the least do not.

    By halving between the least possible and the most; ``near`` is looked at first, with its neighbour.
    """
    rows = np.arange(len(least))
    low = np.floor(least)
    high = np.minimum(np.ceil(least * 8) + 8, np.ceil(least) + MOST_INSTANCES)
    ok = keeps(rows, high)
    found = np.where(ok, high, np.inf)
    if near is not None:
        known = np.flatnonzero(ok & np.isfinite(near) & (near < high) & (near > low))
        good = keeps(known, near[known])
        high[known[good]], low[known[~good]] = near[known[good]], near[known[~good]]
        below = known[good & (near[known] - 1 > low[known])]
        if len(below):
            still = keeps(below, near[below] - 1)
            high[below[still]], low[below[~still]] = near[below[still]] - 1, near[below[~still]] - 1
    while True:
        at = np.flatnonzero(ok & (high - low > 1))
        if not len(at):
            return np.where(ok, high, found)
        middle = np.floor((low[at] + high[at]) / 2)
        good = keeps(at, middle)
        high[at[good]], low[at[~good]] = middle[good], middle[~good]
