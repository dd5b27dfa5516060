"""CPU or GPU: published peaks, corners, properties, vector == scalar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.models.cpu_or_gpu import (
    break_even_flops,
    cpu_peak_flops_per_second,
    parameters_of_flops,
    seconds_by_size,
    step_seconds,
)

rate = st.floats(1e9, 1e15)
overhead = st.floats(0, 0.1)
usd = st.floats(0.01, 100)


def test_peak_of_frontera_cores() -> None:
    # TACC's Frontera (Top500, June 2019): 8,008 nodes of 56 cores at 2.7 GHz, 2 AVX-512 FMA units: 38.7 PFLOP/s in
    # fp64 (32 a cycle), which is 77.5 in fp32 (64 a cycle).
    assert 8008 * cpu_peak_flops_per_second(56, 1, 2.7, 32) == pytest.approx(38.75e15, rel=0.001)
    assert cpu_peak_flops_per_second(64, 2, 3.5, 64) == pytest.approx(32 * 3.5e9 * 64)


def test_a_step_is_its_overhead_when_tiny_and_its_arithmetic_when_large() -> None:
    assert step_seconds(0, 1e12, 0.001) == 0.001
    assert step_seconds(1e15, 1e12, 0.001) == pytest.approx(1000, rel=1e-5)


def test_break_even_by_hand() -> None:
    # CPU 1 TFLOP/s without overhead, GPU 10 TFLOP/s with 9 ms: equal at F = 0.009 / (1e-12 - 1e-13) = 1e10.
    assert break_even_flops(1e12, 1e13, 0, 0.009) == pytest.approx(1e10)
    # At equal prices dollars are time; a GPU of 10 times the price is never cheaper a FLOP.
    assert break_even_flops(1e12, 1e13, 0, 0.009, 1, 10) == np.inf
    assert break_even_flops(1e12, 1e13, 0.009, 0.009) == 0.0


@given(rate, rate, overhead, overhead, usd, usd)
def test_at_the_break_even_both_cost_the_same(
    cpu: float, gpu: float, cpu_over: float, gpu_over: float, cpu_usd: float, gpu_usd: float
) -> None:
    flops = float(break_even_flops(cpu, gpu, cpu_over, gpu_over, cpu_usd, gpu_usd))
    if np.isinf(flops):
        for some in (1.0, 1e9, 1e18):
            assert cpu_usd * step_seconds(some, cpu, cpu_over) <= gpu_usd * step_seconds(some, gpu, gpu_over) * (
                1 + 1e-9
            )
    elif flops > 0:
        on_cpu = cpu_usd * step_seconds(flops, cpu, cpu_over)
        assert on_cpu == pytest.approx(gpu_usd * step_seconds(flops, gpu, gpu_over), rel=1e-6)
        below = flops / 2
        assert cpu_usd * step_seconds(below, cpu, cpu_over) <= gpu_usd * step_seconds(below, gpu, gpu_over)


@given(rate, rate, overhead, usd, st.floats(1, 10))
def test_a_dearer_gpu_breaks_even_later(cpu: float, gpu: float, over: float, price: float, dearer: float) -> None:
    assert break_even_flops(cpu, gpu, 0, over, 1, price) <= break_even_flops(cpu, gpu, 0, over, 1, price * dearer)


def test_break_even_on_columns_is_the_same() -> None:
    gpu = np.array([1e11, 1e13, 1e14])
    columns = break_even_flops(1e12, gpu, 0.001, 0.002, 1.0, 3.0)
    assert list(columns) == [float(break_even_flops(1e12, one, 0.001, 0.002, 1.0, 3.0)) for one in gpu]
    assert np.isnan(break_even_flops(1e12, np.nan, 0, 0.001))


def test_parameters_of_a_step() -> None:
    assert parameters_of_flops(6e9, 1000) == pytest.approx(1e6)


def test_seconds_by_size_goes_through_what_was_measured() -> None:
    sizes, seconds = [1e5, 1e6, 1e7], [0.7, 1.4, 3.7]
    assert seconds_by_size(sizes, sizes, seconds) == pytest.approx(seconds)
    assert seconds_by_size(5.5e6, sizes, seconds) == pytest.approx(2.55)
    assert seconds_by_size(1.9e7, sizes, seconds) == pytest.approx(6.0)
    # The fixed time is a floor: a tenth of the rows does not take a tenth of the time.
    assert seconds_by_size(1e4, sizes, seconds) == pytest.approx(0.63)
    assert seconds_by_size(2e6, [1e6], [3.0]) == pytest.approx(6.0)


@given(st.lists(st.floats(1e3, 1e9), min_size=2, max_size=6), st.permutations([0, 1, 2]))
def test_more_rows_never_take_less_time(sizes: list[float], order: list[int]) -> None:
    measured = np.array([1e5, 1e6, 1e7])[order], np.array([2.3, 2.0, 20.0])[order]
    seconds = seconds_by_size(np.sort(sizes), *measured)
    assert np.all(np.diff(seconds) >= -1e-9) and np.all(seconds > 0)


def test_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="names a size twice"):
        seconds_by_size(1, [1, 1], [1, 2])
    with pytest.raises(ValueError, match="measured_seconds: 1 numbers are given"):
        seconds_by_size(1, [1, 2], [1])
    with pytest.raises(ValueError, match="flops_per_second: 0.0 must be above 0"):
        step_seconds(1, 0, 0)
    with pytest.raises(ValueError, match="overhead_seconds: -1.0 must not be negative"):
        step_seconds(1, 1, -1)
    with pytest.raises(ValueError, match="cpu_usd_per_hour: 0.0 must be above 0"):
        break_even_flops(1, 1, 0, 0, 0, 1)
