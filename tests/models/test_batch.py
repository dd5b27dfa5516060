"""Batch size: published trade-off, MLPerf's samples to target, corners, properties, vector == scalar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.batch import (
    accumulated_step,
    accumulation_steps,
    batch_at_efficiency,
    batch_trade,
    cheapest_that_holds,
    critical_batch_of_noise,
    data_curve,
    largest_divisor,
    step_curve,
    throughput,
)

amount = st.floats(1e-4, 1e2)


def test_accumulation_keeps_the_global_batch() -> None:
    assert float(accumulation_steps(512, 4, 8)) == 16
    assert accumulation_steps(512, [1, 4, 64], 8).tolist() == [64, 16, 1]


def test_what_does_not_divide_is_refused_with_what_would() -> None:
    with pytest.raises(InvalidInput) as refused:
        accumulation_steps(500, 4, 8)
    fault = refused.value.faults[0]
    assert fault.field == "global_batch" and fault.nearest == ("480", "512")
    with pytest.raises(InvalidInput) as refused:
        accumulation_steps(0, 1.5, 8)
    assert [fault.field for fault in refused.value.faults] == ["global_batch", "micro_batch"]


def test_accumulated_step_by_hand() -> None:
    # 64 samples a replica in 16 of 4: 16 x 5 ms + 64 x 10 ms + 20 ms + 10 ms = 0.75 s; at once 0.675 s.
    step = accumulated_step(512, 4, 8, 0.010, 0.005, 0.020, 0.010)
    assert float(step.step_seconds) == pytest.approx(0.75) and float(step.ratio) == pytest.approx(0.75 / 0.675)


@given(st.integers(0, 6), amount, amount, amount)
def test_smaller_micro_batches_never_save_time(power: int, each: float, fixed: float, once: float) -> None:
    small = accumulated_step(512, 2**power, 8, each, fixed, once)
    assert small.ratio >= 1
    assert small.step_seconds <= accumulated_step(512, 1, 8, each, fixed, once).step_seconds
    # What is done once a step is paid once, however small the micro-batches: it dilutes their cost.
    assert small.ratio <= accumulated_step(512, 2**power, 8, each, fixed).ratio * (1 + 1e-12)


@given(amount, amount, st.floats(0.05, 0.99))
def test_a_saturating_curve_is_found_again(fixed: float, each: float, share: float) -> None:
    sizes = np.array([1.0, 2.0, 8.0, 64.0, 512.0])
    curve = step_curve(sizes, sizes / (fixed + each * sizes))
    assert (curve.fixed_seconds, curve.seconds_per_sample) == pytest.approx((fixed, each), rel=1e-5, abs=1e-9)
    batch = batch_at_efficiency(curve, share)
    assert float(throughput(curve, batch) * curve.seconds_per_sample) == pytest.approx(share)


def test_curves_without_a_limit_or_without_a_fixed_part() -> None:
    unlimited = step_curve([1, 2, 4], [10, 20, 40])
    assert unlimited.fixed_seconds == pytest.approx(0.1)
    assert unlimited.seconds_per_sample == 0 or batch_at_efficiency(unlimited) > 1e6
    flat = step_curve([1, 2, 4], [10, 10, 10])
    assert flat.seconds_per_sample == pytest.approx(0.1) and float(batch_at_efficiency(flat)) < 1e-6
    falling = step_curve([1, 2, 4], [10, 9, 8])
    assert falling.fixed_seconds == 0


def test_at_the_critical_batch_steps_and_samples_are_twice_the_least() -> None:
    # McCandlish et al. 2018, section 2.3.
    trade = batch_trade(1000, 1000)
    assert (float(trade.steps_ratio), float(trade.samples_ratio)) == (2, 2)


@given(amount, amount)
def test_the_trade_is_the_published_hyperbola(batch: float, critical: float) -> None:
    trade = batch_trade(batch, critical)
    assert float((trade.steps_ratio - 1) * (trade.samples_ratio - 1)) == pytest.approx(1, rel=1e-6)


def test_mlperf_resnet_epochs() -> None:
    # MLPerf Training: ResNet-50 to 75.9 % took 35 epochs at 3,200 and 3,264, 59 at 34,560, 60 at 35,840, 85 at 64,800.
    batches, epochs = [3200, 3264, 34560, 35840, 64800], [35, 35, 59, 60, 85]
    curve = data_curve(batches, epochs)
    assert curve.median_error < 0.02
    assert curve.critical_batch == pytest.approx(41e3, rel=0.1)


def test_samples_that_do_not_grow_have_no_critical_batch() -> None:
    assert data_curve([32, 64, 128], [1e6, 1e6, 1e6]).critical_batch > 1e6
    assert np.isinf(data_curve([32, 64, 128], [1e6, 0.9e6, 0.8e6]).critical_batch)
    with pytest.raises(InvalidInput, match="grow as fast"):
        data_curve([32, 64, 128], [1e6, 2.1e6, 4.5e6])


def test_noise_scale_is_found_from_two_batches() -> None:
    # |g_B|^2 = |G|^2 + tr(S)/B with |G|^2 = 4, tr(S) = 400: a critical batch of 100.
    assert critical_batch_of_noise(32, 1024, 4 + 400 / 32, 4 + 400 / 1024) == pytest.approx(100)
    with pytest.raises(InvalidInput, match="average the norms"):
        critical_batch_of_noise(32, 1024, 4.0, 5.0)
    with pytest.raises(InvalidInput, match="large_batch"):
        critical_batch_of_noise(32, 32, 4.0, 5.0)


def test_cheapest_option_that_holds_the_batch() -> None:
    largest, price = [0, 8, 40, 64], [0.5, 1.0, 4.0, np.nan]
    at_once = cheapest_that_holds(32, largest, price)
    assert at_once.holds.tolist() == [False, False, True, True] and at_once.best == 2
    in_parts = cheapest_that_holds(32, largest, price, accumulate=True)
    assert in_parts.best == 1 and in_parts.micro_steps[1:].tolist() == [4, 1, 1]
    assert cheapest_that_holds(100, largest, price).best == -1


@pytest.mark.parametrize("points", [([1], [1]), ([2, 2], [1, 1]), ([1, 2], [1]), ([0, 2], [1, 1]), ([1, 2], [1, -1])])
def test_points_that_make_no_curve_are_refused(points: tuple[list[float], list[float]]) -> None:
    with pytest.raises(InvalidInput):
        step_curve(*points)
    with pytest.raises(InvalidInput):
        data_curve(*points)


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, np.nan])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(InvalidInput, match="efficiency"):
        batch_at_efficiency(step_curve([1, 2], [1, 1.5]), share)


def test_vector_equals_scalar() -> None:
    sizes = np.array([4.0, 16.0, 64.0])
    curve = step_curve([1, 8, 64], [10, 50, 90])
    assert throughput(curve, sizes).tolist() == [float(throughput(curve, size)) for size in sizes]
    together = accumulated_step(512, sizes, 8, 0.01, 0.005)
    alone = [accumulated_step(512, size, 8, 0.01, 0.005) for size in sizes]
    assert together.ratio.tolist() == [float(one.ratio) for one in alone]


def test_largest_divisor() -> None:
    wholes, limits = np.array([12, 12, 12, 13, 1, 36]), np.array([0, 5, 100, 12, 7, 6])
    assert largest_divisor(wholes, limits).tolist() == [0, 4, 12, 1, 1, 6]
    assert int(largest_divisor(97, 96)) == 1
    with pytest.raises(InvalidInput, match="whole: 2.5"):
        largest_divisor(2.5, 1)


@given(st.integers(1, 3000), st.integers(0, 4000))
def test_largest_divisor_by_trying_all(whole: int, most: int) -> None:
    tried = [size for size in range(1, min(whole, most) + 1) if whole % size == 0]
    assert int(largest_divisor(whole, most)) == max(tried, default=0)
