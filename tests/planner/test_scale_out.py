"""Scaling curves of a workload: they agree with the planner at one instance, and lose as the model says."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.models.scaling import Cluster, compute_seconds_of, strong_scaling
from costlib.planner.cluster_steps import links, message_bytes
from costlib.planner.hours import hours_grid
from costlib.planner.scale_out import scaling_curve
from costlib.planner.sources import Sources
from costlib.workload import Workload

LOSSES = ["compute_fraction", "fixed_fraction", "wait_fraction", "exchange_fraction", "bubble_fraction"]


def test_one_instance_takes_the_planners_hours(workload: Workload, sources: Sources) -> None:
    curve = scaling_curve(workload, sources, "p4d.24xlarge", "bf16", 8)
    grid = hours_grid(workload, sources)
    planned = grid.hours[1][sources.offers.instance_types.index("p4d.24xlarge"), 0, grid.precisions.index("bf16")]
    assert workload.work.tokens is not None
    steps = workload.work.tokens / workload.work.tokens_per_step
    at_one = curve.table[curve.table["instances"] == 1]
    assert at_one["step_seconds"].to_numpy() * steps / 3600 == pytest.approx([planned, planned])


def test_losses_and_computing_make_up_the_step(workload: Workload, sources: Sources) -> None:
    table = scaling_curve(workload, sources, "g5.48xlarge", "bf16", 64).table
    assert table[LOSSES].sum(axis=1).to_numpy() == pytest.approx(np.ones(len(table)))
    assert (table[LOSSES].to_numpy() > -1e-9).all()
    assert (table["efficiency_low"] <= table["efficiency"]).all()
    assert (table["efficiency"] <= table["efficiency_high"]).all()
    speedup = table["efficiency"].to_numpy() * table["accelerators"].to_numpy()
    assert speedup == pytest.approx(table["speedup"].to_numpy())
    strong = table[table["kind"] == "strong"]
    assert np.all(np.diff(strong["efficiency"]) < 0)
    assert strong["limit"].iloc[-1] == "exchange over the network"


def test_the_curve_is_the_models(workload: Workload, sources: Sources) -> None:
    """One point by hand: 8 GPUs, 450 GB/s one way; 3.2 Tbit/s between machines; 2 bytes a parameter."""
    curve = scaling_curve(workload, sources, "p5.48xlarge", "bf16", 4)
    one = float(curve.kind("weak")["step_seconds"].iloc[0])
    message = 2.0 * workload.model.parameters
    each = compute_seconds_of(one, message, Cluster(8, 1, 450e9, 400e9))
    fixed = 0.006
    alone = fixed + 8 * (each - fixed)
    by_hand = strong_scaling(alone, message, Cluster(8, 4, 450e9, 400e9))
    last = curve.kind("strong").iloc[-1]
    assert last["efficiency"] == pytest.approx(float(by_hand.efficiency))
    assert last["efficiency_low"] == pytest.approx(float(by_hand.efficiency_low))


def test_a_larger_batch_scales_further(workload: Workload, sources: Sources) -> None:
    small = scaling_curve(workload, sources, "p4d.24xlarge", "bf16", 64)
    large = scaling_curve(workload.changed({"work.tokens_per_step": 8 * 524_288}), sources, "p4d.24xlarge", "bf16", 64)
    assert large.most_instances_at(0.8) > small.most_instances_at(0.8) > 0
    assert small.most_instances_at(0.999999) == 0


def test_fewer_samples_than_accelerators_cannot_run(workload: Workload, sources: Sources) -> None:
    few = workload.changed({"work.tokens_per_step": 16 * 1024})
    strong = scaling_curve(few, sources, "p5.48xlarge", "bf16", 3).kind("strong")
    assert strong["runs"].tolist() == [True, True, False]


def test_a_model_too_large_for_one_accelerator_is_sharded(workload: Workload, sources: Sources) -> None:
    assert not scaling_curve(workload, sources, "p5.48xlarge", "bf16", 8).sharded
    large = workload.changed({"model.parameters": 30e9})
    assert scaling_curve(large, sources, "p5.48xlarge", "bf16", 8).sharded
    assert not scaling_curve(large, sources, "p5.48xlarge", "bf16", 8, "replicated").sharded
    shards = scaling_curve(workload, sources, "g5.48xlarge", "bf16", 8, "sharded").kind("strong")
    copies = scaling_curve(workload, sources, "g5.48xlarge", "bf16", 8, "replicated").kind("strong")
    assert (shards["efficiency"].to_numpy()[1:] < copies["efficiency"].to_numpy()[1:]).all()


def test_a_pipeline_idles_more_the_fewer_micro_batches_it_has(workload: Workload, sources: Sources) -> None:
    piped = workload.changed({"fit": {"pipeline_parallel": 4}})
    strong = scaling_curve(piped, sources, "p5.48xlarge", "bf16", 8).kind("strong")
    # 512 samples over 2 replicas are 256 micro-batches of one: 3 / 256 of the computing.
    first = strong.iloc[0]
    assert first["bubble_fraction"] / (first["compute_fraction"] + first["fixed_fraction"]) == pytest.approx(3 / 256)
    assert np.all(np.diff(strong["bubble_fraction"] / (strong["compute_fraction"] + strong["fixed_fraction"])) > 0)


def test_links_are_one_way(sources: Sources) -> None:
    by_type = dict(zip(sources.offers.instance_types, links(sources), strict=True))
    assert by_type["p5.48xlarge"] == 450e9
    assert by_type["g4dn.12xlarge"] == pytest.approx(15.75e9, rel=1e-3)
    assert by_type["g5.48xlarge"] == pytest.approx(31.5e9, rel=1e-3)
    assert np.isnan(by_type["c5.12xlarge"]) and np.isnan(by_type["dl1.24xlarge"])


def test_adapters_exchange_little(workload: Workload) -> None:
    adapted = workload.changed({"fit": {"method": "lora", "lora_rank": 8}})
    assert message_bytes(adapted, "bf16") < 0.02 * message_bytes(workload, "bf16")
    assert message_bytes(workload, "fp32") == 4 * workload.model.parameters


def test_what_is_not_known_is_said(workload: Workload, sources: Sources) -> None:
    with pytest.raises(NotKnown, match="p5.48xlarge"):
        scaling_curve(workload, sources, "p5.84xlarge", "bf16", 8)
    for name, said in (("c5.12xlarge", "no whole accelerator"), ("p3.2xlarge", "network")):
        with pytest.raises(NotKnown, match=said):
            scaling_curve(workload, sources, name, "fp32", 8)
    with pytest.raises(InvalidInput, match="layout"):
        scaling_curve(workload, sources, "p5.48xlarge", "bf16", 8, "shared")
    samples = workload.changed(
        {"work": {"samples": 1e6, "seconds_per_sample_on": {"instance_type": "p5.48xlarge", "seconds": 0.01}}}
    )
    with pytest.raises(InvalidInput, match=r"work\.tokens"):
        scaling_curve(samples, sources, "p5.48xlarge", "bf16", 8)
