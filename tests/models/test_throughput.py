"""FLOPs and hours: published runs, corners, properties, vector == scalar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.models.throughput import training_flops, training_hours

size = st.floats(1e3, 1e13)
share = st.floats(0.01, 1.0)


def test_gpt3_total_flops() -> None:
    # Brown et al. 2020, table D.1: GPT-3 175B on 300 G tokens, 3.14e23 FLOPs (6 N T = 3.15e23 at N =
    # 174.6e9).
    assert training_flops(174.6e9, 300e9) == pytest.approx(3.14e23, rel=0.005)


def test_palm_flops_per_token() -> None:
    # PaLM 540B, L=118, h=18432 (48 heads of 256: H Q = 12288, which is the attention width), s=2048: 6 N + 12
    # L H Q s.
    per_token = training_flops(540.35e9, 1, layers=118, hidden=12288, sequence_length=2048)
    assert per_token == pytest.approx(6 * 540.35e9 + 12 * 118 * 12288 * 2048)
    # Table 3 of the paper: 46.2 % MFU at 238.3 k tokens/s on 6,144 TPU v4 of 275 TFLOP/s.
    assert per_token * 238.3e3 / (6144 * 275e12) == pytest.approx(0.462, abs=0.002)


def test_llm_c_gpt2_run() -> None:
    # llm.c GPT-2 1.5B: 33.55 G tokens in about 24 h on 8 H100; that is 50.5 % of the dense peak of 989
    # TFLOP/s.
    flops = training_flops(1557.7e6, 33554432000, layers=48, hidden=1600, sequence_length=1024)
    low, expected, high = training_hours(flops, 8, 989, 0.505, 0.505, 0.505)
    assert float(low) == float(expected) == float(high) == pytest.approx(24, rel=0.01)


def test_one_exaflop_hour() -> None:
    # 3.6e21 FLOPs on one accelerator that reaches its whole 1,000,000 TFLOP/s: one hour.
    assert [float(x) for x in training_hours(3.6e21, 1, 1e6, 0.5, 1.0, 1.0)] == pytest.approx([1, 1, 2])


@given(size, size, st.floats(1, 10))
def test_flops_scale_with_parameters_and_tokens(parameters: float, tokens: float, factor: float) -> None:
    one = training_flops(parameters, tokens)
    assert training_flops(parameters * factor, tokens) == pytest.approx(one * factor)
    assert training_flops(parameters, tokens * factor) == pytest.approx(one * factor)
    with_attention = training_flops(parameters, tokens, layers=2, hidden=4, sequence_length=8)
    assert with_attention == pytest.approx(one + 12 * 2 * 4 * 8 * tokens)


@given(size, st.integers(1, 4096), st.floats(1, 5000), st.lists(share, min_size=3, max_size=3))
def test_hours_are_ordered_and_halve_with_twice_the_accelerators(
    flops: float, accelerators: int, peak: float, shares: list[float]
) -> None:
    hours = training_hours(flops, accelerators, peak, *sorted(shares))
    assert hours[0] <= hours[1] <= hours[2]
    doubled = training_hours(flops, 2 * accelerators, peak, *sorted(shares))
    assert np.allclose(np.array(doubled) * 2, hours, rtol=1e-12)


def test_vector_equals_scalar() -> None:
    counts, peaks = np.array([1, 8, 64]), np.array([65.0, 312.0, 989.0])
    low, expected, high = np.array([0.1, 0.3, 0.35]), np.array([0.2, 0.5, 0.4]), np.array([0.3, 0.6, 0.45])
    together = np.array(training_hours(1e20, counts, peaks, low, expected, high))
    apart = [training_hours(1e20, *one) for one in zip(counts, peaks, low, expected, high, strict=True)]
    assert np.array_equal(together, np.array(apart, float).T)


def test_what_is_not_known_stays_unknown() -> None:
    hours = training_hours(1e20, np.array([8, 8]), np.array([312, np.nan]), 0.3, 0.4, 0.5)
    assert np.isfinite(hours[1][0]) and np.isnan(hours[1][1])


@pytest.mark.parametrize(
    "arguments",
    [
        (1e20, 0, 312, 0.3, 0.4, 0.5),
        (1e20, 8, -1, 0.3, 0.4, 0.5),
        (1e20, 8, 312, 0.5, 0.4, 0.6),
        (1e20, 8, 312, 0.3, 0.4, 1.2),
        (1e20, 8, 312, 0.0, 0.4, 0.5),
        (-1.0, 8, 312, 0.3, 0.4, 0.5),
    ],
)
def test_impossible_inputs_raise(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):
        training_hours(*arguments)


def test_negative_sizes_raise() -> None:
    with pytest.raises(ValueError, match="parameters"):
        training_flops(-1, 10)
    with pytest.raises(ValueError, match="layers"):
        training_flops(1, 10, layers=-1, hidden=1, sequence_length=1)


def test_llama3_70b_lora_and_full_flops_a_token() -> None:
    # NVIDIA Megatron-Bridge performance summary 26.06, GB200, fp8: LoRA 1,731 model TFLOP/s at 6,206 tokens/s on each
    # GPU, full fine-tuning 1,671 at 3,864. It leaves the embedding out and counts half of attention: hence 3 %.
    assert training_flops(70.55e9, 1, trained_fraction=0.0) == pytest.approx(1731e12 / 6206, rel=0.03)
    assert training_flops(70.55e9, 1) == pytest.approx(1671e12 / 3864, rel=0.03)


@given(size, size, st.floats(0, 1))
def test_training_fewer_weights_saves_at_most_a_third(parameters: float, tokens: float, fraction: float) -> None:
    less, whole = training_flops(parameters, tokens, trained_fraction=fraction), training_flops(parameters, tokens)
    assert 2 / 3 * whole * (1 - 1e-12) <= less <= whole * (1 + 1e-12)
    with pytest.raises(ValueError, match="trained_fraction: 1.1 must be between 0 and 1"):
        training_flops(parameters, tokens, trained_fraction=1.1)
