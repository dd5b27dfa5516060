"""The roofline of a workload on every accelerator."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.bounds import accelerator_bounds
from costlib.planner.sources import Sources
from costlib.workload import Workload


def test_a_row_by_hand(workload: Workload, sources: Sources) -> None:
    # GPT-2 1.5B, one sequence of 1,024 tokens in bf16: 6 N T FLOPs; 2 N (3) + 28 N bytes of weights, gradients and
    # optimizer, and 68 T h L of activations.
    found = accelerator_bounds(workload, sources, "bf16").set_index("accelerator")
    flops = 6 * 1558e6 * 1024
    moved = 1558e6 * (6 + 28) + 68 * 1024 * 1600 * 48
    row = found.loc["A100 40GB SXM4"]
    assert row["intensity_flops_per_byte"] == pytest.approx(flops / moved)
    assert row["compute_seconds"] == pytest.approx(flops / 312e12)
    assert row["memory_seconds"] == pytest.approx(moved / 1555e9)
    assert row["bound"] == "memory_bandwidth"


def test_larger_batches_leave_memory_bandwidth_behind(workload: Workload, sources: Sources) -> None:
    bound = [
        accelerator_bounds(workload, sources, "bf16", micro_batch=batch).set_index("accelerator")["bound"]
        for batch in (1, 8)
    ]
    name = "A100 40GB SXM4"
    assert [each[name] for each in bound] == ["memory_bandwidth", "compute"]
    assert (bound[1] == "memory_bandwidth").sum() < (bound[0] == "memory_bandwidth").sum()


def test_accumulation_shares_the_optimizers_bytes(workload: Workload, sources: Sources) -> None:
    once, often = (
        accelerator_bounds(workload, sources, "bf16", accumulation_steps=steps)["intensity_flops_per_byte"].iloc[0]
        for steps in (1, 16)
    )
    assert often > 3 * once


def test_capacity_and_input_bind_too(workload: Workload, sources: Sources) -> None:
    # 16 bytes x 2 G parameters exceed 24 GiB, and no longer over two devices.
    larger = workload.changed({"model.parameters": 2_000_000_000})
    one, two = (
        accelerator_bounds(larger, sources, "bf16", devices=devices).set_index("accelerator") for devices in (1, 2)
    )
    assert one.loc["A10G", "bound"] == "memory_capacity" and not one.loc["A10G", "fits"]
    assert two.loc["A10G", "bound"] != "memory_capacity" and two.loc["A10G", "fits"]
    fed = accelerator_bounds(workload, sources, "bf16", samples_per_second_input=2.0).set_index("accelerator")
    assert fed.loc["H100 80GB SXM5", "bound"] == "input" and fed.loc["H100 80GB SXM5", "input_seconds"] == 0.5


def test_only_accelerators_with_the_precision(workload: Workload, sources: Sources) -> None:
    names = set(accelerator_bounds(workload, sources, "fp8")["accelerator"])
    assert "H100 80GB SXM5" in names and "A100 40GB SXM4" not in names
    found = accelerator_bounds(workload, sources, "fp32")
    assert np.isfinite(found[["compute_seconds", "memory_seconds", "idle_fraction"]]).all(axis=None)


def test_refuses_together(workload: Workload, sources: Sources) -> None:
    bare = workload.changed({"model.layers": None})
    with pytest.raises(InvalidInput) as refused:
        accelerator_bounds(bare, sources, "bf17", micro_batch=0, samples_per_second_input=0.0)
    fields = [fault.field for fault in refused.value.faults]
    assert fields == ["model.layers", "micro_batch", "samples_per_second_input", "precision"]
