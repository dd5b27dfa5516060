"""The roofline: published ridge points, corners, properties, vector == scalar; utilisation numbers to verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.models.roofline import (
    BOUNDS,
    FULL_MEMORY,
    GOOD_GPU,
    LOW_GPU,
    attainable_tflops,
    bound_by,
    bound_from_utilisation,
    hours_left_fraction,
    ridge_flops_per_byte,
    transformer_step_bytes,
    transformer_step_flops,
)

positive = st.floats(1e-3, 1e6)
share = st.floats(0.01, 1.0)


def test_ridge_point_of_v100() -> None:
    # NVIDIA, "GPU Performance Background User's Guide", section 3: V100, 125 TFLOP/s and 900 GB/s: 139 FLOPs a byte.
    assert ridge_flops_per_byte(125, 900) == pytest.approx(139, abs=0.5)


def test_published_layers_fall_on_their_side_of_v100s_ridge() -> None:
    # The same guide, table 1: a linear layer of 1,024 inputs and 4,096 outputs is limited by arithmetic at batch 512
    # (315 FLOPs a byte) and by memory at batch 1 (1 FLOP a byte).
    batch = np.array([512.0, 1.0])
    flops = 2 * batch * 1024 * 4096
    moved = 2 * (batch * 1024 + 1024 * 4096 + batch * 4096)
    assert flops / moved == pytest.approx([315, 1], rel=0.01)
    found = bound_by(flops, moved, 125, 900)
    assert [BOUNDS[code] for code in found.bound] == ["compute", "memory_bandwidth"]


def test_at_the_ridge_both_roofs_meet() -> None:
    assert attainable_tflops(ridge_flops_per_byte(312, 2039), 312, 2039) == pytest.approx(312)
    assert attainable_tflops(1.0, 312, 2039) == pytest.approx(2.039)


def test_step_of_one_layer_by_hand() -> None:
    # 100 parameters, 2 bytes: 3 * 200 weights and gradients, 28 * 100 in the optimizer, 2 * 34 * 5 * 7 activations.
    assert transformer_step_bytes(100, 5, 1, 7, 2) == pytest.approx(600 + 2800 + 2380)
    assert transformer_step_bytes(100, 5, 1, 7, 2, accumulation_steps=4) == pytest.approx(600 + 700 + 2380)
    assert transformer_step_flops(100, 5) == 3000


def test_more_tokens_a_step_never_lower_the_intensity() -> None:
    tokens = np.array([1.0, 64, 4096, 1 << 20])
    flops = transformer_step_flops(1.5e9, tokens)
    intensity = flops / transformer_step_bytes(1.5e9, tokens, 48, 1600, 2)
    assert np.all(np.diff(intensity) > 0)


def test_a_step_waits_for_the_longest_of_its_limits() -> None:
    slow_input = bound_by(1e12, 1e9, 1, 1000, input_seconds=4.0)
    assert BOUNDS[int(slow_input.bound)] == "input" and slow_input.idle_fraction == pytest.approx(0.75)
    assert BOUNDS[int(bound_by(1e12, 1e9, 1, 1000, needed_bytes=2, memory_bytes=1).bound)] == "memory_capacity"
    halved = bound_by(1e12, 1e9, 1, 1000, reachable_fraction=0.5)
    assert halved.compute_seconds == pytest.approx(2.0)


@given(flops=positive, moved=positive, peak=positive, bandwidth=positive, wait=st.floats(0, 1e6), scale=positive)
def test_scaling_every_limit_moves_no_verdict(
    flops: float, moved: float, peak: float, bandwidth: float, wait: float, scale: float
) -> None:
    once = bound_by(flops * 1e9, moved * 1e6, peak, bandwidth, input_seconds=wait)
    more = bound_by(flops * 1e9 * scale, moved * 1e6 * scale, peak, bandwidth, input_seconds=wait * scale)
    assert more.idle_fraction == pytest.approx(once.idle_fraction, abs=1e-9)
    assert 0.0 <= once.idle_fraction <= 1.0


def test_vector_is_scalar() -> None:
    flops, moved, wait = np.array([1e12, 1e10, 1e9]), np.array([1e8, 1e12, 1e6]), np.array([0.0, 0.0, 9.0])
    columns = bound_by(flops, moved, 312, 2039, input_seconds=wait)
    for index in range(3):
        one = bound_by(flops[index], moved[index], 312, 2039, input_seconds=wait[index])
        assert one.bound == columns.bound[index] and one.idle_fraction == columns.idle_fraction[index]


@pytest.mark.parametrize(
    ("gpu", "memory", "io_wait", "cpu", "verdict"),
    [
        (0.45, 0.6, 0.3, 0.2, "input: storage"),
        (0.45, 0.6, 0.02, 0.97, "input: cpu"),
        (0.45, 0.4, 0.02, 0.3, "batch too small"),
        (0.45, 0.9, 0.02, 0.3, "waiting"),
        (0.45, np.nan, np.nan, np.nan, "waiting"),
        (0.95, 0.97, 0.02, 0.3, "memory_capacity"),
        (0.95, 0.6, 0.3, 0.97, "accelerator"),
        (LOW_GPU.fraction, np.nan, np.nan, np.nan, "accelerator"),
        (0.95, FULL_MEMORY.fraction, np.nan, np.nan, "memory_capacity"),
    ],
)
def test_utilisation_tells_what_binds(gpu: float, memory: float, io_wait: float, cpu: float, verdict: str) -> None:
    assert bound_from_utilisation(gpu, memory, io_wait, cpu).item() == verdict


def test_utilisation_on_columns_is_the_same() -> None:
    gpu, io_wait = np.array([0.45, 0.95, 0.45]), np.array([0.3, 0.3, np.nan])
    assert list(bound_from_utilisation(gpu, io_wait_fraction=io_wait)) == ["input: storage", "accelerator", "waiting"]


def test_from_45_to_90_percent_halves_the_hours() -> None:
    assert hours_left_fraction(0.45, 0.9) == pytest.approx(0.5)
    assert hours_left_fraction(GOOD_GPU.fraction) == 1.0 and hours_left_fraction(1.0) == 1.0


@given(low=share, high=share)
def test_busier_gpus_have_less_to_gain(low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert hours_left_fraction(low) <= hours_left_fraction(high) <= 1.0


def test_refuses_what_cannot_be() -> None:
    for bad in (-0.1, 1.01, 45):
        with pytest.raises(ValueError, match="gpu_fraction: .* must be between 0 and 1"):
            bound_from_utilisation(bad)
    with pytest.raises(ValueError, match="must be known"):
        bound_from_utilisation(np.nan)
    with pytest.raises(ValueError, match="above 0"):
        hours_left_fraction(0.0)
    with pytest.raises(ValueError, match="go together"):
        bound_by(1, 1, 1, 1, needed_bytes=1)
    with pytest.raises(ValueError, match="peak_tflops: 0.0 must be above 0"):
        ridge_flops_per_byte(0, 900)
    with pytest.raises(ValueError, match="at most 1"):
        bound_by(1, 1, 1, 1, reachable_fraction=1.5)
