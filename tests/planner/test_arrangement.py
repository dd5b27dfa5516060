"""Layouts of a run: which counts it can be spread over, and what the search lets pass."""

from __future__ import annotations

import math

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.facts.model_shapes import model_shapes
from costlib.paths import data_dir
from costlib.planner.arrangement import Layout, extra_fraction, memory_of, needed_bytes, shape_faults, spreads
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
    shape = {**CONTENT["model"], "sequence_length": 1000}
    fit = {"tensor_parallel": 5, "global_batch": 12, "micro_batch": 2}
    asked = Workload.from_mapping({**CONTENT, "model": shape, "fit": fit})
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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sequence_length": 1022}, {"fit.tensor_parallel": "does not divide model.sequence_length (1022)"}),
        ({"heads": None, "hidden": 1602}, {"fit.tensor_parallel": "does not divide model.hidden (1602)"}),
    ],
)
def test_tensor_parallelism_divides_what_it_splits(change: dict, words: dict) -> None:
    model = {**CONTENT["model"], "heads": 20, **change}
    model = {key: value for key, value in model.items() if value is not None}
    with pytest.raises(InvalidInput) as refused:
        Workload.from_mapping({**CONTENT, "model": model, "fit": {"tensor_parallel": 4}})
    assert {fault.field: fault.problem for fault in refused.value.faults} == words
    with pytest.raises(InvalidInput, match=r"does not divide fit.feed_forward \(4302\)"):
        Workload.from_mapping(
            {**CONTENT, "model": {**CONTENT["model"], "heads": 20}, "fit": {"tensor_parallel": 4, "feed_forward": 4302}}
        )


def test_parameters_far_from_the_shape_are_a_fault() -> None:
    (fault,) = shape_faults(Workload.from_mapping({**CONTENT, "model": {**CONTENT["model"], "parameters": 7e9}}))
    # 48 x 12 x 1600^2, and the vocabulary where it is given.
    made = 48 * 12 * 1600**2 + CONTENT["model"].get("vocabulary", 0) * 1600
    assert fault.field == "model.parameters" and fault.value == 7_000_000_000
    assert f"{made:,}" in fault.problem and f"{7e9 / made:.3g} times" in fault.problem
    assert shape_faults(laid_out()) == []
    measured = {"model": {"parameters": 7e9}, "fit": {"activation_gib_per_sample": 1}}
    assert shape_faults(Workload.from_mapping({**CONTENT, **measured})) == []


def test_no_true_model_is_taken_for_a_slip(sources: Sources) -> None:
    """The public shapes and examples held, and configurations whose heads share keys or whose feed-forward is wide."""
    shapes = [(name, *shape_of) for name, shape_of in _SHAPES.items()]
    for held in model_shapes(sources.book.snapshot).values():
        wide = {"feed_forward": held.feed_forward, "gated": held.gated}
        shapes += [("held", held.parameters, held.layers, held.hidden, held.vocabulary, fit) for fit in ({}, wide)]
    for name, parameters, layers, hidden, vocabulary, fit in shapes:
        model = {"parameters": parameters, "layers": layers, "hidden": hidden, "vocabulary": vocabulary}
        asked = Workload.from_mapping({**CONTENT, "model": {**model, "sequence_length": 2048}, "fit": fit})
        assert shape_faults(asked) == [], name
    for path in (data_dir() / "examples").glob("*.yaml"):
        assert shape_faults(Workload.from_yaml(path)) == [], path


#: Parameters, layers, hidden, vocabulary and fit of configurations as they are published on Hugging Face.
_SHAPES: dict[str, tuple] = {
    "Gemma 7B, feed-forward not given": (8_537_680_896, 28, 3072, 256_000, {}),
    "Gemma 7B": (8_537_680_896, 28, 3072, 256_000, {"feed_forward": 24_576, "gated": True}),
    "Falcon 180B, one key for many heads": (179_522_565_120, 80, 14_848, 65_024, {}),
    "Qwen2.5 0.5B, one embedding": (494_032_768, 24, 896, 151_936, {"feed_forward": 4864, "gated": True}),
}


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
