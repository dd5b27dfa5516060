"""Memory of training by component, whether it fits, the largest micro-batch; and the least that it can need."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.models.memory import (
    COMPONENTS,
    largest_micro_batch,
    minimum_training_memory_bytes,
    training_memory,
    verdict,
)

GPT2 = {"parameters": 1_558_000_000, "layers": 48, "hidden": 1600, "heads": 25, "sequence_length": 1024}


@pytest.mark.parametrize(
    ("devices", "gigabytes"), [(1, 120), (4, 30), (16, 7.5), (64, 1.88), (256, 0.47), (1024, 0.12)]
)
def test_zero_paper_table_1(devices: int, gigabytes: float) -> None:
    # Rajbhandari et al. 2020, table 1, P_os+g+p, 7.5 B parameters; printed to 0.01 GB.
    count = minimum_training_memory_bytes(7.5e9, "bf16", devices)
    assert float(count) / 1e9 == pytest.approx(gigabytes, abs=0.006)


def test_gpt2_15b_needs_24_gb_of_states() -> None:
    # Rajbhandari et al. 2020, section 3.1: 1.5 B parameters, at least 24 GB.
    assert float(minimum_training_memory_bytes(1.5e9, "fp16", 1)) == 24e9


def test_full_and_mixed_precision_of_adam_are_alike() -> None:
    assert minimum_training_memory_bytes(1e9, "fp32", 1) == minimum_training_memory_bytes(1e9, "bf16", 1)


def test_activations_closed_form() -> None:
    # GPT-2 1.5B, one sequence of 1,024: 2 s h L of layer inputs and 34 s h of the layer at work.
    without = minimum_training_memory_bytes(1.558e9, "bf16", 1)
    with_shape = minimum_training_memory_bytes(1.558e9, "bf16", 1, sequence_length=1024, hidden=1600, layers=48)
    assert float(with_shape - without) == 1024 * 1600 * (2 * 48 + 34)


@given(st.floats(1e6, 1e13), st.integers(1, 10_000), st.sampled_from(["adam", "sgd", "adam_8bit", "adafactor"]))
def test_devices_share_and_lighter_optimizers_need_no_more(parameters: float, devices: int, optimizer: str) -> None:
    one = minimum_training_memory_bytes(parameters, "bf16", 1, optimizer)
    assert minimum_training_memory_bytes(parameters, "bf16", devices, optimizer) * devices == pytest.approx(float(one))
    assert one <= minimum_training_memory_bytes(parameters, "bf16", 1, "adam")


def test_part_of_a_device_counts_as_one() -> None:
    # An eighth of a GPU holds the whole model; its smaller memory is the caller's to compare with.
    assert minimum_training_memory_bytes(1e9, "bf16", 0.125) == minimum_training_memory_bytes(1e9, "bf16", 1)


def test_vector_equals_scalar() -> None:
    devices = np.array([1, 8, 64])
    together = minimum_training_memory_bytes(7e9, "bf16", devices)
    assert together.tolist() == [float(minimum_training_memory_bytes(7e9, "bf16", d)) for d in devices]


@pytest.mark.parametrize("change", [{"parameters": 0}, {"devices": 0}, {"precision": "int8"}, {"optimizer": "lion"}])
def test_impossible_inputs_raise(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        minimum_training_memory_bytes(**{"parameters": 1e9, "precision": "bf16", "devices": 1, **change})


def test_below_what_was_measured() -> None:
    # Published peaks of real runs may not fall under the bound: llm-foundry trained MPT-13b on 8 A100 of 40
    # GiB.
    bound = minimum_training_memory_bytes(12.85e9, "bf16", 8, sequence_length=2048, hidden=5120, layers=40)
    assert float(bound) < 40 * 2**30


@pytest.mark.parametrize(
    ("tensor", "stages", "interleave", "micro", "shape", "gib"),
    [(8, 1, 1, 4, (22e9, 48, 6144, 64), 59.25), (8, 8, 3, 1, (175e9, 96, 12288, 96), 66.84375),
     (8, 35, 3, 1, (530e9, 105, 20480, 128), 114.0234375), (8, 64, 1, 1, (1008e9, 128, 25600, 160), 131.25)],
)  # fmt: skip
def test_korthikanti_figure_1(tensor: int, stages: int, interleave: int, micro: int, shape: tuple, gib: float) -> None:
    parameters, layers, hidden, heads = shape
    memory = training_memory(
        parameters, micro, layers, hidden, heads, 2048, attention="standard", tensor_parallel=tensor,
        pipeline_parallel=stages, interleave=interleave,
    )  # fmt: skip
    assert float(memory.activations) / 2**30 == pytest.approx(gib, rel=1e-9)


def test_components_add_up_and_the_range_holds_the_expected() -> None:
    memory = training_memory(**GPT2, vocabulary=50257, zero_stage=3, data_parallel=8, recompute="full", micro_batch=8)
    parts = memory.by_component()
    assert set(COMPONENTS) < set(parts)
    assert float(sum(parts.values())) == pytest.approx(float(memory.total))
    assert memory.total_low < memory.total < memory.total_high


def test_the_larger_of_loss_and_recomputed_layer_counts() -> None:
    small = training_memory(**GPT2, vocabulary=50, recompute="full")
    large = training_memory(**GPT2, vocabulary=50257, recompute="full")
    # 34 s h less the 2 s h that are kept anyway; 14 bytes a logit.
    assert (float(small.recomputed_layer), float(small.logits)) == (32 * 1024 * 1600, 0.0)
    assert (float(large.recomputed_layer), float(large.logits)) == (0.0, 14 * 1024 * 50257)


def test_stage_3_gathers_two_layers_and_the_embedding() -> None:
    memory = training_memory(**GPT2, vocabulary=50257, zero_stage=3, data_parallel=8)
    embedding = 50257 * 1600
    layer = (1_558_000_000 - 2 * embedding) / 48
    assert float(memory.gathered_weights) == pytest.approx(2 * (2 * layer + embedding))
    assert float(training_memory(**GPT2, zero_stage=3).gathered_weights) == 0.0


def test_other_networks_take_a_measured_size() -> None:
    memory = training_memory(25e6, 32, activation_bytes_per_sample=90e6, precision="fp32", optimizer="sgd")
    assert (float(memory.activations), float(memory.weights)) == (32 * 90e6, 4 * 25e6)
    assert float(memory.allocated) == 32 * 90e6 + 12 * 25e6


@given(st.integers(1, 64), st.sampled_from(["none", "selective", "full"]), st.sampled_from(["standard", "flash"]))
def test_largest_micro_batch_fits_and_one_more_does_not(devices: int, recompute: str, attention: str) -> None:
    options = {**GPT2, "vocabulary": 50257, "zero_stage": 3, "data_parallel": devices, "recompute": recompute,
               "attention": attention}  # fmt: skip
    room = 40 * 2**30
    most = int(largest_micro_batch(training_memory(**options), room))
    if most:
        assert float(training_memory(**options, micro_batch=most).total) <= room * (1 + 1e-9)
    assert float(training_memory(**options, micro_batch=most + 1).total) > room
    careful = int(largest_micro_batch(training_memory(**options), room, high=True))
    assert careful <= most
    if careful:
        assert str(verdict(training_memory(**options, micro_batch=careful), room * (1 + 1e-9))) == "fits"


GPT3 = {"parameters": 175e9, "layers": 96, "hidden": 12288, "heads": 96, "sequence_length": 2048}
GPT3 |= {"vocabulary": 51200, "attention": "standard", "tensor_parallel": 8, "pipeline_parallel": 8}


def test_the_first_stage_holds_its_embedding_and_a_micro_batch_for_each_stage() -> None:
    memory = training_memory(**GPT3)
    embedding = 51200 * 12288
    # 2 + 2 + 12 bytes of the embedding's parameters, less the even share of both embeddings, over 8 of tensor parallel.
    assert float(memory.stage_embeddings) == pytest.approx(16 * (embedding - 2 * embedding / 8) / 8)
    # s b h (10 + 24 / t + 5 a s / (h t)) for all 96 layers: 12 of them, of 8 micro-batches.
    kept = 2048 * 12288 * (10 + 24 / 8 + 5 * 96 * 2048 / (12288 * 8))
    assert (float(memory.activations), float(memory.logits)) == (pytest.approx(96 * kept), 0.0)
    assert memory.other_end is not None
    last = memory.other_end
    assert (float(last.activations), float(last.logits)) == (pytest.approx(12 * kept), 14 * 51200 * 2048 / 8)
    assert float(last.total) < float(memory.total)
    # What Korthikanti et al. count stays what they print: parameters and optimizer states are shared out evenly.
    assert float(memory.weights + memory.gradients + memory.optimizer_states) == 175e9 * 16 / 64


def test_the_last_stage_counts_where_its_logits_outweigh_the_activations_in_flight() -> None:
    shape = {**GPT2, "layers": 4, "vocabulary": 250_000, "recompute": "full", "pipeline_parallel": 2}
    memory = training_memory(**shape)
    assert float(memory.logits) == 14 * 250_000 * 1024 and float(memory.recomputed_layer) == 0.0
    assert float(memory.activations) == 2 * 2 * 1024 * 1600
    assert memory.other_end is not None and float(memory.other_end.activations) == 4 * 2 * 1024 * 1600
    assert float(memory.other_end.recomputed_layer) == 32 * 1024 * 1600 and float(memory.other_end.logits) == 0.0


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_the_stages_hold_the_whole_model(method: str) -> None:
    # The middle stages hold (N - 2 E) / p; with both ends that is all there is, in the bytes that each part takes.
    options = {**GPT2, "vocabulary": 50257, "method": method, "zero_stage": 1, "data_parallel": 4}
    stages = 4
    memory = training_memory(**options, pipeline_parallel=stages)
    embedding = 50257 * 1600
    only = {**options, "layers": 1, "heads": None, "hidden": 1600, "vocabulary": 0}
    inner = training_memory(**{**only, "parameters": 1_558_000_000 - 2 * embedding})
    states = ("weights", "gradients", "optimizer_states")
    an_end = sum(float(getattr(memory, name)) for name in (*states, "stage_embeddings"))
    middle = sum(float(getattr(inner, name)) for name in states) / stages
    whole = training_memory(**options)
    assert 2 * (an_end - middle) + stages * middle == pytest.approx(sum(float(getattr(whole, one)) for one in states))


def test_pipelines_in_columns_equal_scalars() -> None:
    stages, entries = np.array([1, 2, 4, 8]), np.array([50257, 1_000_000, 50257, 250_000])
    shape = {**GPT2, "recompute": "full", "micro_batch": 4}
    together = training_memory(**shape, vocabulary=entries, pipeline_parallel=stages)
    alone = [training_memory(**shape, vocabulary=v, pipeline_parallel=p) for v, p in zip(entries, stages, strict=True)]
    for name in ("total_low", "total", "total_high", "logits", "stage_embeddings"):
        assert getattr(together, name).tolist() == pytest.approx([float(getattr(one, name)) for one in alone])


def test_both_ends_of_a_pipeline_hold_the_largest_micro_batch() -> None:
    shape = {**GPT2, "vocabulary": 250_000, "recompute": "full", "pipeline_parallel": 4}
    room = 24 * 2**30
    most = int(largest_micro_batch(training_memory(**shape), room))
    assert most and float(training_memory(**shape, micro_batch=most).total) <= room
    assert float(training_memory(**shape, micro_batch=most + 1).total) > room


def test_tensor_parallelism_pads_the_vocabulary() -> None:
    # 50,257 entries become 50,560, 79 times 128 on each of 5 devices; alone nothing is padded.
    split = training_memory(**GPT2, vocabulary=50257, tensor_parallel=5)
    assert float(split.logits) == 14 * 50_560 * 1024 / 5
    assert float(training_memory(**GPT2, vocabulary=50257).logits) == 14 * 50257 * 1024


def test_what_is_not_known_gets_no_verdict() -> None:
    memory = training_memory(**{**GPT2, "parameters": np.array([np.nan, 1e9])})
    assert verdict(memory, 80 * 2**30).tolist() == ["not known", "fits"]
    assert verdict(training_memory(**GPT2), [np.nan]).tolist() == ["not known"]
    with pytest.raises(ValueError, match="bytes at micro-batch 1: nan must be a finite number"):
        largest_micro_batch(memory, 80 * 2**30)
    with pytest.raises(ValueError, match="usable_bytes: inf must be a finite number"):
        largest_micro_batch(training_memory(**GPT2), np.inf)


def test_verdict_by_the_range() -> None:
    memory = training_memory(**GPT2)
    rooms = [float(memory.total_high), float(memory.total), float(memory.total) - 1]
    assert verdict(memory, rooms).tolist() == ["fits", "tight", "does not fit"]


def test_columns_equal_scalars() -> None:
    devices, precisions = np.array([1, 8, 64]), np.array(["fp32", "bf16", "fp8"])
    together = training_memory(**GPT2, vocabulary=50257, precision=precisions, data_parallel=devices, zero_stage=3)
    alone = [
        training_memory(**GPT2, vocabulary=50257, precision=str(p), data_parallel=d, zero_stage=3)
        for p, d in zip(precisions, devices, strict=True)
    ]
    assert together.total.tolist() == [float(one.total) for one in alone]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"heads": 24}, "heads: 24 does not divide hidden"),
        ({"layers": 0}, "layers"),
        ({"tensor_parallel": 2}, "tensor_parallel: 2 does not divide heads"),
        ({"pipeline_parallel": 5}, "does not divide layers"),
        ({"global_batch": 12, "data_parallel": 8}, "does not divide global_batch"),
        ({"micro_batch": 0.5}, "micro_batch"),
        ({"tensor_parallel": 5, "sequence_parallel": True}, "tensor_parallel: 5 does not divide sequence_length"),
        ({"tensor_parallel": 5, "feed_forward": 6401}, "tensor_parallel: 5 does not divide feed_forward"),
        ({"heads": None, "tensor_parallel": 7}, "tensor_parallel: 7 does not divide"),
        (
            {"pipeline_parallel": 4, "interleave": 2, "global_batch": 6},
            "pipeline_parallel: 4 does not divide micro-batches, which interleaving needs",
        ),
        ({"layers": None}, "layers, hidden and sequence_length are needed"),
        ({"activation_bytes_per_sample": 1e6, "recompute": "full"}, "recompute needs the shape"),
        ({"precision": "int4"}, "precision 'int4'"),
    ],
)
def test_impossible_arrangements_raise(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        training_memory(**{**GPT2, **change})


def test_never_below_the_least() -> None:
    for devices in (1, 8, 64):
        least = minimum_training_memory_bytes(1.558e9, "bf16", devices, sequence_length=1024, hidden=1600, layers=48)
        real = training_memory(**GPT2, zero_stage=3, data_parallel=devices, recompute="full")
        assert float(real.total_low) > float(least)
