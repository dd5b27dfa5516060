"""Response times of M/G/c: published and exact values, corners, and a simulation as the judge."""

from __future__ import annotations

import math

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.queueing import erlang_b, erlang_c, response_percentile
from costlib.models.service_time import SHARES, ServiceTimes, lognormal_times, service_times
from costlib.validation.serving import REPORTED, WITHIN_FRACTION, percentile_check


def exponential() -> ServiceTimes:
    """Exponential times of mean 1, by all percentiles that a load test may report."""
    return service_times([[-math.log(1 - share) for share in SHARES]], [1.0])


def mmc_percentile(workers: int, load: float, share: float = 0.95) -> float:
    """The exact response percentile of M/M/c with mean service 1, by halving its closed form."""
    waits, rate = float(erlang_c(workers, load * workers)), workers * (1 - load)

    def above(t: float) -> float:
        if abs(rate - 1) < 1e-9:
            return math.exp(-t) * (1 + waits * t)
        return math.exp(-t) + waits * (math.exp(-t) - math.exp(-rate * t)) / (rate - 1)

    low, high = 0.0, 1000.0
    for _ in range(80):
        half = (low + high) / 2
        low, high = (half, high) if above(half) > 1 - share else (low, half)
    return low


def test_erlang_c_of_ten_workers_at_six() -> None:
    """120 customers an hour, 3 minutes each, ten assistants: a textbook's curve reads about 0.10."""
    assert erlang_c(10, 6.0) == pytest.approx(0.10, abs=0.005)


def test_erlang_corners() -> None:
    assert erlang_c(1, 0.3) == pytest.approx(0.3)
    assert erlang_b(1, 0.3) == pytest.approx(0.3 / 1.3)
    # M/M/2: C = 2 r**2 / (1 + r) at load r.
    assert erlang_c(2, 1.2) == pytest.approx(2 * 0.36 / 1.6)
    assert erlang_c([3, 3], [3.0, 5.0]) == pytest.approx([1.0, 1.0])
    assert erlang_c([4], [0.0]) == pytest.approx([0.0])


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 25])
@pytest.mark.parametrize("load", [0.1, 0.5, 0.8, 0.95])
def test_exponential_times_are_met(workers: int, load: float) -> None:
    """The approximation is exact for exponential times; these are the pieces through their percentiles, within 3 %."""
    found = response_percentile(exponential(), [workers], [load])
    assert found[0] == pytest.approx(mmc_percentile(workers, load), rel=0.03)


def test_steady_times_of_one_worker() -> None:
    """M/D/1 with half its time used: Erlang's exact waits, P(W <= t) = 0.5 sum (-(t-k)/2)**k e**((t-k)/2) / k!."""

    def below(t: float) -> float:
        return 0.5 * sum((-0.5 * (t - k)) ** k * math.exp(0.5 * (t - k)) / math.factorial(k) for k in range(int(t) + 1))

    wait = next(t for t in np.arange(0.0, 10.0, 1e-4) if below(t) >= 0.95)
    steady = service_times([[1.0, np.nan, np.nan, 1.0, np.nan, np.nan]])
    # A grid of 1,024 points smooths the jumps of times that never vary.
    assert response_percentile(steady, [1], [0.5])[0] == pytest.approx(1 + wait, rel=0.01)


def test_steady_times_of_several_workers_wait_for_the_first_that_is_free() -> None:
    """M/D/c by 300,000 simulated requests: within 3 %. As if each waited in a quicker queue from the start it would be
    said to be 4 to 9 % less."""
    steady = service_times([[1.0, np.nan, np.nan, 1.0, np.nan, np.nan]])
    for workers, load, judge in ((4, 0.7, 1.915), (8, 0.8, 1.709), (16, 0.9, 2.335)):
        share = 0.99 if workers == 16 else 0.95
        assert response_percentile(steady, [workers], [load], share)[0] == pytest.approx(judge, rel=0.03)


def test_without_load_nobody_waits() -> None:
    times = lognormal_times([0.2, 3.0], [0.3, 2.0])
    for share in (0.5, 0.95, 0.99):
        assert response_percentile(times, [1, 8], [1e-9, 1e-9], share) == pytest.approx(times.quantile(share), rel=0.01)


def test_properties() -> None:
    times = lognormal_times([1.0], [0.7])
    loads = np.linspace(0.05, 0.97, 20)
    one = response_percentile(times, [1.0], loads[None])[0]
    four = response_percentile(times, [4.0], loads[None])[0]
    # More load, more wait; more workers at the same load, less; a longer service in the same measure.
    assert np.all(np.diff(one) > 0) and np.all(np.diff(four) > -1e-9)
    assert np.all(four < one)
    tenfold = response_percentile(times.scaled([10.0]), [4.0], loads[None])[0]
    assert tenfold == pytest.approx(10 * four, rel=1e-6)
    between = response_percentile(times, [1.5], loads[None])[0]
    two = response_percentile(times, [2.0], loads[None])[0]
    assert between == pytest.approx((one + two) / 2)
    assert np.isinf(response_percentile(times, [2.0], [1.0])[0])


def test_vector_is_scalar() -> None:
    times = lognormal_times([1.0, 0.1, 5.0], [0.7, 0.1, 2.0])
    workers, loads = np.array([1.0, 2.5, 30.0]), np.array([0.9, 0.5, 0.97])
    together = response_percentile(times, workers, loads, 0.99)
    alone = [
        response_percentile(times.rows(np.array([row])), workers[row : row + 1], loads[row : row + 1], 0.99)[0]
        for row in range(3)
    ]
    assert together == pytest.approx(alone, rel=1e-9)


def test_simulation_agrees() -> None:
    """Sixty random workloads, 60,000 requests each; the models see only p50, p95, p99 and the mean.

    Service of two kinds of requests in one may hide between percentiles; all other kinds must hold the promise.
    """
    checked = percentile_check(60, 60_000, seed=7)
    plain = checked[checked["kind"] != "short_and_long"]
    # At the highest loads so short a simulation is itself off by some 5 %.
    assert (plain["error_fraction"].abs() <= WITHIN_FRACTION).mean() >= 0.97
    assert (checked["error_fraction"].abs() <= WITHIN_FRACTION).mean() >= 0.93
    assert abs(checked["error_fraction"].median()) < 0.01
    assert REPORTED == (0.5, 0.95, 0.99)


@pytest.mark.parametrize(("workers", "load", "share"), [(0, 0.5, 0.95), (1, -0.1, 0.95), (1, 0.5, 0.0), (1, 0.5, 1.5)])
def test_refused(workers: float, load: float, share: float) -> None:
    with pytest.raises(InvalidInput):
        response_percentile(lognormal_times([1.0], [0.5]), [workers], [load], share)
