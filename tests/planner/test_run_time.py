"""Accelerator-hours of one run: closed form, LoRA, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.facts.adapters import METHOD_RATIOS
from costlib.planner.run_time import Run, accelerator_hours
from costlib.planner.training_rate import TrainingRates
from costlib.tables import Snapshot

RUN = Run("A100 80GB SXM4", "bf16", 7e9, 1e12, accelerators=64, layers=32, hidden=4096, sequence_length=2048)


def test_hours_are_flops_over_the_share_of_peak(rates: TrainingRates) -> None:
    found = accelerator_hours(RUN, rates)
    flops = (6 * 7e9 + 12 * 32 * 4096 * 2048) * 1e12
    at_peak = flops / 312e12 / 3600
    # All measured A100 runs reach between 0.2 and 0.7 of the peak.
    assert 0.2 < at_peak / found.high_hours < at_peak / found.expected_hours < at_peak / found.low_hours < 0.8
    assert found.basis == "estimate" and "FLOPs of the model" in found.rule and "312 TFLOP/s" in found.rule
    assert accelerator_hours(replace(RUN, tokens=2e12), rates).expected_hours == pytest.approx(2 * found.expected_hours)


def test_adapters_take_less_than_full_training_and_4_bit_more_than_16(rates: TrainingRates) -> None:
    full, lora, qlora = (accelerator_hours(replace(RUN, method=method), rates) for method in ("full", "lora", "qlora"))
    assert lora.expected_hours < full.expected_hours < qlora.expected_hours
    assert lora.high_hours / lora.low_hours > full.high_hours / full.low_hours
    assert "LoRA" in lora.rule and "vectorlm" in lora.source


def test_the_ratio_of_4_bit_is_that_of_the_published_pairs(snapshot: Snapshot) -> None:
    runs = snapshot.read("reference/published_runs").set_index("run_id")["accelerator_hours"]
    pairs = sorted(
        float(runs[f"h2o-lora-{size}-nf4-{count}xA100"] / runs[f"h2o-lora-{size}-bf16-{count}xA100"])
        for size in ("7b", "13b")
        for count in (1, 2, 4)
    )
    ratio = [getattr(METHOD_RATIOS["qlora"], end) / getattr(METHOD_RATIOS["lora"], end) for end in ("low", "high")]
    assert ratio == pytest.approx([pairs[0], pairs[-1]], abs=0.01)
    middle = METHOD_RATIOS["qlora"].expected / METHOD_RATIOS["lora"].expected
    assert middle == pytest.approx((pairs[2] + pairs[3]) / 2, abs=0.01)


def test_what_cannot_be_is_refused_together(rates: TrainingRates) -> None:
    with pytest.raises(InvalidInput) as caught:
        accelerator_hours(replace(RUN, accelerator="A100", tokens=0, layers=-1, method="dora"), rates)
    assert [fault.field for fault in caught.value.faults] == ["tokens", "layers", "accelerator", "method"]
    with pytest.raises(NotKnown, match="does not support fp8"):
        accelerator_hours(replace(RUN, precision="fp8"), rates)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("precision", "fp15", "did you mean fp16"),
        ("accelerator", "A100 80GB SXM", "did you mean A100 80GB SXM4"),
        ("method", "lorra", "did you mean lora"),
        ("tokens", float("nan"), "above 0, and finite"),
        ("tokens", float("inf"), "above 0, and finite"),
        ("parameters", None, "is not a number"),
        ("accelerators", "8", "is not a number"),
        ("layers", -1, "above 0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(rates: TrainingRates, field: str, value: object, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        accelerator_hours(replace(RUN, **{field: value}), rates)
    (fault,) = refused.value.faults
    assert fault.field == field and words in str(fault)


def test_all_faults_of_a_run_come_together(rates: TrainingRates) -> None:
    with pytest.raises(InvalidInput) as refused:
        accelerator_hours(replace(RUN, precision="int3", tokens=0, method="full tuning"), rates)
    assert {fault.field for fault in refused.value.faults} == {"precision", "tokens", "method"}
