"""Global batch kept, micro-batch chosen; where throughput saturates, and what holds it."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.planner.batch_size import batch_plan
from costlib.planner.fit import fit_report
from costlib.planner.scale_out import scaling_curve
from costlib.planner.sources import Sources
from costlib.workload import Workload


def test_the_whole_share_at_once_takes_the_planners_step(workload: Workload, sources: Sources) -> None:
    plan = batch_plan(workload, sources, "p4d.24xlarge", 1, "bf16")
    assert (plan.global_batch, plan.replicas, plan.share) == (512, 8, 64)
    at_once = plan.accumulation.iloc[-1]
    step = scaling_curve(workload, sources, "p4d.24xlarge", "bf16", 1).table["step_seconds"].iloc[0]
    # The curve's step also waits for the slowest of 8: 1 + 0.01 sqrt(2 ln 8).
    assert at_once["step_seconds"] == pytest.approx(step, rel=0.021) and at_once["step_seconds"] < step
    assert at_once["time_ratio"] == pytest.approx(1.0) and plan.basis == "estimate"


def test_the_global_batch_is_kept_and_smaller_micro_batches_cost_time(workload: Workload, sources: Sources) -> None:
    table = batch_plan(workload, sources, "p4d.24xlarge", 2, "bf16").accumulation
    assert (table["micro_batch"] * table["micro_steps"] * 16 == 512).all()
    assert (np.diff(table["step_seconds"]) < 0).all() and (np.diff(table["bytes"]) > 0).all()
    assert table["time_ratio"].iloc[-1] == pytest.approx(1.0)


def test_sharded_weights_are_gathered_in_every_micro_batch(workload: Workload, sources: Sources) -> None:
    copies = batch_plan(workload, sources, "g5.48xlarge", 1, "bf16", "replicated").accumulation
    shards = batch_plan(workload, sources, "g5.48xlarge", 1, "bf16", "sharded").accumulation
    assert shards["time_ratio"].iloc[0] - 1 > 5 * (copies["time_ratio"].iloc[0] - 1)
    assert (shards["bytes"].to_numpy() < copies["bytes"].to_numpy()).all()


def test_the_largest_micro_batch_is_the_one_that_fit_reports(workload: Workload, sources: Sources) -> None:
    fit = {
        answer.choice.instance_type: answer.largest_micro_batch
        for answer in fit_report(workload.changed({"fit": {"zero_stage": 0, "recompute": "none"}}), sources)
        if answer.choice is not None and answer.choice.count == 1 and answer.choice.precision == "bf16"
    }
    plan = batch_plan(workload, sources, "p4d.24xlarge", 1, "bf16", "replicated")
    mine = dict(zip(plan.holders["instance_type"], plan.holders["largest_micro_batch"], strict=True))
    both = set(fit) & set(mine)
    assert len(both) >= 5 and all(fit[name] == mine[name] for name in both)
    assert mine["p4d.24xlarge"] == 4 == plan.chosen


def test_users_points_say_where_throughput_saturates(workload: Workload, sources: Sources) -> None:
    # 50 ms a step and 10 ms a sample: 90 % of 100 samples a second from (50 / 10) x 9 = 45 samples on.
    batch = np.array([1, 4, 16, 64])
    points = (batch, batch / (0.05 + 0.01 * batch))
    plan = batch_plan(workload, sources, "p4d.24xlarge", 1, "bf16", points=points)
    assert plan.basis == "user" and plan.saturating_batch == 45
    at_once = plan.smallest_at_once
    assert at_once is not None and at_once["largest_micro_batch"] >= 45
    cheaper = plan.holders[plan.holders["usd_per_hour"] < at_once["usd_per_hour"]]
    assert len(cheaper) and (cheaper["largest_micro_batch"] < 45).all()
    small = plan.smallest_by_accumulating
    assert small is not None and small["usd_per_hour"] < at_once["usd_per_hour"]
    assert small["micro_steps"] == np.ceil(45 / small["largest_micro_batch"])
    stricter = batch_plan(workload, sources, "p4d.24xlarge", 1, "bf16", points=points, efficiency=0.95)
    assert stricter.saturating_batch == 95


def test_points_without_a_limit_saturate_nowhere(workload: Workload, sources: Sources) -> None:
    for points in (([1, 2, 4], [10, 20, 40]), ([1.0, 2.0], [10.0, 20.0])):
        plan = batch_plan(workload, sources, "p4d.24xlarge", 1, "bf16", points=points)
        assert np.isinf(plan.saturating_batch) and plan.smallest_at_once is None
        assert plan.smallest_by_accumulating is not None
        assert plan.targets["throughput_fraction"].max() == pytest.approx(1.0)


def test_the_best_batch_lies_where_samples_and_throughput_balance(workload: Workload, sources: Sources) -> None:
    plans = [batch_plan(workload, sources, "p5.48xlarge", 1, "bf16", critical_batch=size) for size in (200.0, 2e3, 2e4)]
    best = [plan.best_global_batch for plan in plans]
    assert all(size is not None for size in best) and best == sorted(best, key=float) and best[0] != best[-1]
    table = plans[1].targets
    assert table["samples_ratio"].to_numpy() == pytest.approx(1 + table["global_batch"].to_numpy() / 2e3)
    assert table["time_ratio"].min() == 1 and table["time_ratio"].iloc[0] > 1 < table["time_ratio"].iloc[-1]
    assert batch_plan(workload, sources, "p5.48xlarge", 1, "bf16").best_global_batch is None


def test_what_does_not_divide_is_refused_with_what_would(workload: Workload, sources: Sources) -> None:
    with pytest.raises(InvalidInput) as refused:
        batch_plan(workload, sources, "p4d.24xlarge", 3, "bf16")
    assert refused.value.faults[0].field == "global_batch" and refused.value.faults[0].nearest == ("504", "528")
    with pytest.raises(InvalidInput) as refused:
        batch_plan(workload, sources, "p4d.24xlarge", 2, "bf16", micro_batch=3)
    assert refused.value.faults[0].field == "micro_batch" and "4" in refused.value.faults[0].nearest
    with pytest.raises(InvalidInput, match="whole samples of 1024"):
        batch_plan(workload.changed({"work.tokens_per_step": 1000}), sources, "p4d.24xlarge", 1, "bf16")
    split = workload.changed({"fit": {"pipeline_parallel": 16}})
    with pytest.raises(InvalidInput, match="replicas of 16"):
        batch_plan(split, sources, "p4d.24xlarge", 1, "bf16")
    with pytest.raises(NotKnown):
        batch_plan(workload, sources, "p9.48xlarge", 1, "bf16")
    shapeless = workload.changed({"model": {"parameters": 1e9, "sequence_length": 1024}})
    with pytest.raises(InvalidInput, match=r"model\.layers"):
        batch_plan(shapeless, sources, "p4d.24xlarge", 1, "bf16")


def test_a_micro_batch_that_was_asked_for_is_kept_though_it_does_not_fit(workload: Workload, sources: Sources) -> None:
    plan = batch_plan(workload, sources, "p4d.24xlarge", 1, "bf16", micro_batch=64)
    row = plan.chosen_row
    assert row is not None and row["verdict"] == "does not fit" and row["micro_steps"] == 1
    none_fits = batch_plan(workload, sources, "g5.xlarge", 1, "bf16", "replicated")
    assert none_fits.chosen is None and none_fits.chosen_row is None
