"""Capacity from load tests: what went in comes out, and nothing is taken beyond what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.queueing import response_percentile
from costlib.models.serving_capacity import (
    LOADS,
    Capacity,
    estimated_capacity,
    fitted_capacity,
    response_curves,
)
from costlib.models.serving_fleet import instances_for

NAN = np.nan


def made(in_flight: list[float], workers: float, mean: float, p50: float, p95: float) -> Capacity:
    """An instance that works off N requests in flight with so many workers: X = min(N, workers) / mean."""
    flight = np.array(in_flight)
    percentiles = np.array([[p50, NAN, NAN, p95, NAN, NAN]]) * np.maximum(flight / workers, 1.0)[:, None]
    return fitted_capacity(np.zeros(len(flight), int), flight, np.minimum(flight, workers) / mean, percentiles)


def test_what_went_in_comes_out() -> None:
    found = made([1, 2, 4, 8, 16], 4, 0.05, 0.045, 0.09)
    assert found.workers == pytest.approx([4.0])
    assert found.most_per_second == pytest.approx([80.0])
    assert found.times.mean_seconds == pytest.approx([0.05])
    assert found.times.quantile(0.95) == pytest.approx([0.09], rel=1e-3)
    assert not found.still_rises[0] and not found.one_point[0] and not found.waiting_users[0]
    assert found.fit_error_fraction == pytest.approx([0.0], abs=1e-9)


def test_throughput_that_has_not_levelled_off_is_said_and_capped() -> None:
    found = made([1, 2, 3], 8, 0.05, 0.045, 0.09)
    assert found.still_rises[0] and found.most_per_second[0] == pytest.approx(60.0)
    curve = response_curves(found)
    assert curve.kept_per_second(1e6)[0] <= 60.0
    assert np.isinf(curve.at([[61.0]]))[0, 0]


def test_users_that_wait_between_requests_do_not_make_service_slow() -> None:
    """One user with pauses: 1 / X is a second, the percentiles say 50 ms."""
    found = fitted_capacity([0, 0], [1, 40], [1.0, 20.0], [[0.05, NAN, NAN, 0.06, NAN, NAN]] * 2)
    assert found.waiting_users[0] and found.times.mean_seconds[0] == pytest.approx(0.05, rel=0.05)


def test_one_load_alone_is_said() -> None:
    found = made([4], 4, 0.05, 0.045, 0.09)
    assert found.one_point[0] and not found.still_rises[0]


def test_the_kept_rate_keeps_the_promise_to_the_edge() -> None:
    found = made([1, 2, 4, 8, 16], 4, 0.05, 0.045, 0.09)
    for share, promise in ((0.95, 0.12), (0.95, 0.2), (0.99, 0.3)):
        kept = response_curves(found, share).kept_per_second(promise)
        load = kept / found.most_per_second
        # Loads are interpolated between LOADS.
        assert response_percentile(found.times, found.workers, load, share)[0] == pytest.approx(promise, rel=0.02)
        assert instances_for(3 * kept, kept, 1) == 3


def test_a_promise_below_the_service_time_keeps_nothing() -> None:
    found = made([1, 2, 4, 8], 4, 0.05, 0.045, 0.09)
    curve = response_curves(found)
    assert curve.alone_seconds == pytest.approx([0.09], rel=1e-3)
    assert curve.kept_per_second(0.085)[0] == 0 and curve.kept_per_second(0.095)[0] > 0
    assert np.isinf(instances_for(10.0, curve.kept_per_second(0.085), 2))[0]


def test_one_queue_for_several_instances_keeps_more() -> None:
    found = made([1, 2, 4, 8], 2, 0.05, 0.045, 0.09)
    apart, together = (response_curves(found, 0.95, pooled).kept_per_second(0.11)[0] for pooled in (1, 4))
    assert together > 1.1 * apart


def test_rows_do_not_mix_and_order_does_not_matter() -> None:
    of = [1, 0, 1, 0]
    flight, rate = [8, 1, 1, 4], [40.0, 20.0, 5.0, 80.0]
    times = [[0.2, NAN, NAN, 0.3, NAN, NAN], [0.05, NAN, NAN, 0.06, NAN, NAN]] * 2
    both = fitted_capacity(of, flight, rate, times)
    alone = fitted_capacity([0, 0], [1, 4], [20.0, 80.0], [times[1], times[3]])
    assert both.workers[0] == pytest.approx(alone.workers[0]) and both.workers[1] == pytest.approx(8.0)


def test_an_estimate_is_fixed_and_by_the_item() -> None:
    found = estimated_capacity(0.01, 0.002, [1, 20], 2)
    assert found.times.mean_seconds == pytest.approx([0.012, 0.05], rel=1e-6)
    assert found.most_per_second == pytest.approx([2 / 0.012, 40.0], rel=1e-6)


@pytest.mark.parametrize(
    ("flight", "rate", "p50", "words"),
    [
        ([1, 1], [10.0, 11.0], 0.1, "as many requests in flight"),
        ([1, 2], [10.0, 500.0], 0.1, "more than 2 in flight can have"),
        ([0, 2], [10.0, 20.0], 0.1, "whole number"),
        ([1, 2], [0.0, 20.0], 0.1, "above 0"),
    ],
)
def test_refused(flight: list, rate: list, p50: float, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        fitted_capacity([0, 0], flight, rate, [[p50, NAN, NAN, 2 * p50, NAN, NAN]] * 2)


def test_loads_rise_to_the_edge() -> None:
    assert np.all(np.diff(LOADS) > 0) and LOADS[-1] == pytest.approx(0.99)
