"""Layouts of a run: which counts it can be spread over, and what the search lets pass."""

from __future__ import annotations

import math

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.arrangement import Layout, extra_fraction, memory_of, needed_bytes, spreads
from costlib.planner.hours import hours_grid
from costlib.planner.sources import Sources
from costlib.workload import Workload

GIB = 2**30
CONTENT = {
    "kind": "training",
    "name": "w",
    "model": {"parameters": 1_558_000_000, "layers": 48, "hidden": 1600, "heads": 25, "sequence_length": 1024},
    "work": {"tokens": 1e9},
    "precision": ["bf16"],
    "dataset": {"gib": 1, "home_region": "us-east-1"},
    "checkpoint": {"gib": 18, "restart_minutes": 6},
}


def laid_out(**fit: object) -> Workload:
    return Workload.from_mapping({**CONTENT, "fit": fit} if fit else CONTENT)


def test_without_fit_only_the_least_is_asked_for() -> None:
    # 16 bytes a parameter over 8 devices, one sequence's activations, 0.47 GiB of CUDA context.
    expected = (16 * 1.558e9 + 1024 * 1600 * (2 * 48 + 34)) / 8 + 0.47 * GIB
    assert float(needed_bytes(laid_out(), "bf16", 8)) == pytest.approx(expected)


def test_with_fit_the_layout_is_held_to() -> None:
    plain = needed_bytes(laid_out(recompute="none", zero_stage=0), "bf16", [1, 8])
    assert plain[0] > 16 * 1.558e9
    assert plain[1] > plain[0], "without sharding more devices only add NCCL"
    lean = needed_bytes(laid_out(micro_batch=1), "bf16", [1, 8])
    assert (lean <= plain).all() and lean[1] < lean[0]


def test_counts_that_cannot_be_spread_need_infinitely_much() -> None:
    asked = laid_out(tensor_parallel=5, global_batch=12, micro_batch=2)
    needed = needed_bytes(asked, "bf16", [1, 5, 10, 20, 30])
    # Replicas of 5; 12 sequences by twos are 6, 3, (not 1.5), 1 a replica.
    assert [math.isinf(one) for one in needed] == [True, False, False, True, False]
    assert spreads(asked, np.array([5, 20]), 2).tolist() == [True, False]


def test_measured_activations_stand_for_the_shape() -> None:
    asked = Workload.from_mapping(
        {**CONTENT, "model": {"parameters": 25_600_000}, "fit": {"activation_gib_per_sample": 0.1, "micro_batch": 64}}
    )
    memory = memory_of(asked, 1, Layout("fp32", "sgd", "none", 0, 64))
    assert float(memory.activations) == pytest.approx(6.4 * GIB)
    assert float(extra_fraction(asked, "none")) == 0.0


def test_recomputation_adds_a_third() -> None:
    assert float(extra_fraction(laid_out(), "full")) == pytest.approx(1 / 3)


def test_lora_needs_little_more_than_its_base() -> None:
    lora = needed_bytes(laid_out(method="lora", lora_rank=8), "bf16", 1)
    assert 2 * 1.558e9 < float(lora) < 0.35 * float(needed_bytes(laid_out(micro_batch=1), "bf16", 1))


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        ({"tensor_parallel": 4}, "does not divide model.heads"),
        ({"pipeline_parallel": 5}, "does not divide model.layers"),
        ({"method": "lora"}, "lora_rank"),
        ({"lora_rank": 8}, "lora_rank"),
        ({"method": "lora", "lora_rank": 3200}, "above model.hidden"),
        ({"micro_batch": 5, "global_batch": 12}, "does not divide global_batch"),
        ({"activation_gib_per_sample": 1, "recompute": "full"}, "recompute: 'full' needs the shape"),
        ({"zero_stage": 4}, "zero_stage"),
        ({"recompute": "some"}, "recompute"),
        ({"micro_batch": 0}, "at least 1"),
        ({"zero_stag": 1}, "did you mean zero_stage"),
    ],
)
def test_bad_layouts_are_refused(fit: dict, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        laid_out(**fit)


def test_faults_of_a_layout_come_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        laid_out(tensor_parallel=4, pipeline_parallel=5)
    found = {fault.field: fault for fault in refused.value.faults}
    assert set(found) == {"fit.tensor_parallel", "fit.pipeline_parallel"}
    assert found["fit.tensor_parallel"].value == 4 and "model.heads (25)" in found["fit.tensor_parallel"].problem
    assert "model.layers (48)" in found["fit.pipeline_parallel"].problem


def test_a_layout_survives_yaml() -> None:
    asked = laid_out(method="qlora", lora_rank=16, zero_stage=2, recompute="full", gated=True)
    assert Workload.from_yaml_text(asked.to_yaml()) == asked
    assert "fit" not in laid_out().to_mapping()


def test_the_search_holds_to_the_layout(workload: Workload, sources: Sources) -> None:
    even = workload.changed({"model.heads": 20})
    plain = hours_grid(even, sources)
    asked = hours_grid(
        even.changed({"fit": {"tensor_parallel": 4, "zero_stage": 0, "recompute": "none", "micro_batch": 16}}),
        sources,
    )
    names = [asked.reasons[code].reason for code in np.unique(asked.reason)]
    assert "cannot be laid out as fit asks" in names and "does not fit in memory" in names
    # Tensor parallelism is not spread over machines: four of one accelerator each do not do.
    left = np.argwhere((asked.reason == 0).any(axis=2))
    assert len(left)
    for row, _ in left:
        assert sources.hardware.instances.loc[sources.offers.instance_types[row], "processes"] % 4 == 0
    assert not ((asked.reason == 0) & (plain.reason != 0)).any()
