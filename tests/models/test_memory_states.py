"""Model states, adapters, and the estimators of DeepSpeed and Megatron-LM."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.models.memory_states import (
    OPTIMIZERS,
    adapter_parameters,
    megatron_bytes_per_parameter,
    training_states,
    zero_estimator_bytes,
)


def total(*arguments: object, **named: object) -> float:
    states = training_states(*arguments, **named)  # type: ignore[arg-type]
    return float(states.weights + states.gradients + states.optimizer_states + states.adapters)


@pytest.mark.parametrize(
    ("stage", "formula"),
    [(0, lambda n, d: 16 * n), (1, lambda n, d: 4 * n + 12 * n / d), (2, lambda n, d: 2 * n + 14 * n / d),
     (3, lambda n, d: 16 * n / d)],
)  # fmt: skip
@pytest.mark.parametrize("devices", [1, 8, 64])
def test_zero_paper(stage: int, formula, devices: int) -> None:
    # Rajbhandari et al. 2020, figure 1 and section 5.
    got = total(7.5e9, "fp16", data_parallel=devices, zero_stage=stage)
    assert got == pytest.approx(formula(7.5e9, devices))


@pytest.mark.parametrize(
    ("precision", "fp32_gradients", "each"), [("bf16", True, 18), ("bf16", False, 16), ("fp32", False, 16)]
)
def test_bytes_per_parameter(precision: str, fp32_gradients: bool, each: float) -> None:
    assert total(1e9, precision, gradients_fp32=fp32_gradients) == each * 1e9


@pytest.mark.parametrize(("precision", "whole", "eighth"), [("fp16", 20, 6), ("bf16", 18, 7.5), ("fp32", 16, 9)])
def test_megatron(precision: str, whole: float, eighth: float) -> None:
    # Docs of the distributed optimizer: 4 + 16 / d, 6 + 12 / d, 8 + 8 / d.
    assert float(megatron_bytes_per_parameter(precision)) == whole
    assert float(megatron_bytes_per_parameter(precision, 8)) == eighth


@pytest.mark.parametrize(
    ("stage", "offload", "gib"),
    [(2, "none", 15.93), (2, "optimizer", 5.31), (3, "none", 6.10), (3, "optimizer", 0.79),
     (3, "optimizer_and_parameters", 0.12)],
)  # fmt: skip
def test_deepspeed_estimator_of_t5_3b(stage: int, offload: str, gib: float) -> None:
    got = float(zero_estimator_bytes(2.851e9, 8, stage, offload, 32128 * 1024))
    assert got / 2**30 == pytest.approx(gib, abs=0.012)


def test_gpt3_adapters() -> None:
    # Hu et al. 2021, section 7.1: rank 2 on all four matrices of attention in GPT-3 makes 18 M parameters.
    assert float(adapter_parameters(2, 96, 12288, modules="attention")) == pytest.approx(18e6, rel=0.05)
    assert float(adapter_parameters(2, 1, 10, 30, gated=True)) == 2 * (80 + 3 * 40)


def test_lora_needs_less_than_full_and_qlora_less_than_lora() -> None:
    added = {"adapter_parameters": 1e7}
    full, lora, qlora = (total(7e9, "bf16", method=m, **added) for m in ("full", "lora", "qlora"))
    assert qlora < lora < full == 16 * 7e9
    assert lora == 2 * 7e9 + 16 * 1e7
    assert qlora == pytest.approx(7e9 * 4.127 / 8 + 16 * 1e7)


@given(st.sampled_from(OPTIMIZERS), st.integers(0, 3), st.integers(1, 512), st.sampled_from(["fp32", "bf16", "fp8"]))
def test_sharding_never_needs_more(optimizer: str, stage: int, devices: int, precision: str) -> None:
    sharded = total(1e9, precision, optimizer, data_parallel=devices, zero_stage=stage)
    assert sharded <= total(1e9, precision, optimizer, zero_stage=stage) <= total(1e9, precision, "adam")
    if stage:
        assert sharded <= total(1e9, precision, optimizer, data_parallel=devices, zero_stage=stage - 1)


@pytest.mark.parametrize(
    "change",
    [{"zero_stage": 4}, {"zero_stage": 1.5}, {"data_parallel": 0}, {"parameters": -1}, {"method": "prefix"},
     {"precision": "int8"}, {"optimizer": "lion"}],
)  # fmt: skip
def test_impossible_inputs_raise(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        training_states(**{"parameters": 1e9, "precision": "bf16", **change})
