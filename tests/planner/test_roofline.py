"""One plan under its roof: by hand, corners, what moves how, and what each advice saves."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.precision import cheapest, same_machine, search_precisions
from costlib.planner.roofline import MOST_SEQUENCES, Roofline, StepInput, given_input, roofline
from costlib.planner.roofline_advice import advise_step
from costlib.planner.search import Result
from costlib.planner.sources import Sources
from costlib.workload import Workload

A100 = "A100 40GB SXM4"


@pytest.fixture(scope="module")
def found(workload: Workload, sources: Sources) -> Result:
    return search_precisions(workload, sources)


def under(found: Result, accelerator: str = A100, precision: str = "bf16", **asked: object) -> Roofline:
    row = cheapest(found, precision, accelerator)
    assert row is not None
    return roofline(found, row, **asked)  # type: ignore[arg-type]


def test_a_step_of_gpt2_on_a100_by_hand(found: Result) -> None:
    line = under(found, micro_batch=2)
    # 6 N T of 2 sequences of 1,024 tokens; 1,048,576 tokens a step are 32 micro-steps on each of 16 accelerators.
    assert line.plan.accelerator_count == 16
    assert line.step["flops"] == pytest.approx(6 * 1.558e9 * 2048)
    states = 1.558e9 * (3 * 2 + (2 * 2 + 24) / 32)
    assert line.step["bytes"] == pytest.approx(states + 2 * 34 * 2048 * 1600 * 48)
    assert line.step["memory_seconds"] == pytest.approx(line.step["bytes"] / 1555e9)
    # The roof is what matrix products were measured to reach: 271.2 of 312 TFLOP/s.
    assert line.step["attainable_tflops"] == pytest.approx(271.2)
    assert line.step["compute_seconds"] == pytest.approx(line.step["flops"] / 271.2e12)
    assert line.step["bound"] == "compute" and line.step["idle_fraction"] == 0
    ridge = line.roofs.set_index("precision")["ridge_flops_per_byte"]
    assert ridge["bf16"] == pytest.approx(312e3 / 1555) and list(ridge.index) == ["fp32", "tf32", "fp16", "bf16"]


def test_the_planned_rate_gives_the_planned_hours(found: Result) -> None:
    line = under(found)
    assert line.planned_tflops is not None
    seconds = 6 * 1.558e9 * 33_554_432_000 / (line.planned_tflops.expected * 1e12 * 16)
    # Start to finish takes longer than pure work: start-up and spot's rework come on top.
    assert 0.8 * found.wall_hours[line.row] < seconds / 3600 < found.wall_hours[line.row]
    assert line.planned_tflops.low < line.planned_tflops.expected < line.planned_tflops.high < 312
    each = line.planned_step_seconds * line.planned_tflops.expected * 1e12
    assert each == pytest.approx(line.step["flops"])


def test_the_largest_that_fits_is_taken(found: Result) -> None:
    line = under(found)
    assert line.micro_batch == 2 and 2 <= line.largest_micro_batch < 4
    assert list(line.steps["micro_batch"]) == [1, 2, 4, 8]
    assert list(line.steps["fits"]) == [True, True, False, False]
    assert "whole model" in line.layout_rule
    assert list(under(found, micro_batch=3).steps["micro_batch"])[:4] == [1, 2, 3, 4]
    assert under(found, "H200 141GB SXM").steps["micro_batch"].max() <= MOST_SEQUENCES


def test_more_sequences_a_step_raise_the_intensity(found: Result) -> None:
    for precision in ("tf32", "bf16"):
        assert np.all(np.diff(under(found, precision=precision).steps["intensity_flops_per_byte"]) > 0)


def test_a_model_too_large_for_one_is_sharded(found: Result, sources: Sources) -> None:
    large = found.workload.changed({"model.parameters": 7e9, "deadline_hours": None, "search.max_instances": 64})
    assert under(search_precisions(large, sources)).layout_rule.startswith("ZeRO stage 3 over")


def test_tensor_parallel_devices_share_the_step(found: Result, sources: Sources) -> None:
    halves = found.workload.changed({"model.heads": 20, "fit.tensor_parallel": 4})
    whole, part = under(found, micro_batch=4), under(search_precisions(halves, sources), micro_batch=4)
    assert part.step["flops"] == pytest.approx(whole.step["flops"] / 4)


def test_slow_input_binds_and_costs_what_it_takes_longer(found: Result) -> None:
    fast, slow = under(found), under(found, given=StepInput(100_000, 1.0))
    assert fast.step["bound"] == "compute" and slow.step["bound"] == "input"
    # 96 vCPUs prepare one sequence a second each for 8 accelerators: 2 sequences take a sixth of a second.
    assert slow.step["input_seconds"] == pytest.approx(2 * 8 / 96)
    (advice,) = advise_step(found, slow)
    times = slow.step["input_seconds"] / slow.planned_step_seconds
    assert advice.kind == "input" and 1 < times < 2
    compute = found.cost_usd[slow.row]
    assert advice.usd_saved == pytest.approx((times - 1) * compute, rel=0.05)
    assert advice.cost_usd == pytest.approx(compute) and advice.hours_saved > 0


def test_input_between_roof_and_plan_loses_nothing(found: Result) -> None:
    line = under(found, given=StepInput(100_000, 2.0))
    (advice,) = advise_step(found, line)
    assert line.step["bound"] == "input" and advice.usd_saved == 0 and "nothing is lost" in advice.finding


def test_a_disk_too_slow_binds_too(found: Result) -> None:
    line = under(found, given=StepInput(1e6, None, 8e6))
    assert line.step["bound"] == "input" and line.step["input_seconds"] == pytest.approx(2.0)


def test_what_stands_for_the_input_is_said(workload: Workload) -> None:
    taken, rule = given_input(workload, StepInput())
    assert taken.sample_bytes == pytest.approx(300 * 2**30 / 33_554_432_000 * 1024)
    assert "read once" in rule and "S3" in rule and "nothing to prepare" in rule
    assert given_input(workload, StepInput(1.0, 2.0, 3.0))[1] == "your own numbers"


def test_compute_bound_steps_are_sent_to_a_faster_format(found: Result) -> None:
    line = under(found, precision="tf32")
    by_kind = {advice.kind: advice for advice in advise_step(found, line)}
    bf16 = same_machine(found, line.row, "bf16")
    assert bf16 is not None and "bf16" in by_kind["compute"].do
    assert by_kind["compute"].usd_saved == pytest.approx(found.cost_usd[line.row] - found.cost_usd[bf16])
    best = by_kind["below the roof"]
    assert 0 < best.usd_saved < found.cost_usd[line.row] and best.rule.startswith("at most")


def test_what_does_not_fit_says_what_does(found: Result) -> None:
    line = under(found, micro_batch=64)
    (advice,) = advise_step(found, line)
    assert advice.kind == "memory_capacity" and advice.usd_saved == 0
    assert f"micro-batch {line.largest_micro_batch} " in advice.do


def test_bandwidth_bound_steps_are_sent_to_a_larger_batch(found: Result, sources: Sources) -> None:
    # Short sequences and one optimizer step for each micro-step: the states' traffic is what there is.
    short = found.workload.changed(
        {"model.sequence_length": 64, "work.tokens_per_step": 1, "deadline_hours": None, "search.max_instances": 1}
    )
    result = search_precisions(short, sources)
    line = under(result, "H200 141GB SXM", micro_batch=1)
    assert line.step["bound"] == "memory_bandwidth" and line.step["idle_fraction"] > 0.5
    by_kind = {advice.kind: advice for advice in advise_step(result, line)}
    assert 0 < by_kind["memory_bandwidth"].usd_saved < result.cost_usd[line.row]


def test_refuses_everything_at_once(found: Result, sources: Sources) -> None:
    bare = search_precisions(found.workload.changed({"model.layers": None, "model.hidden": None}), sources)
    with pytest.raises(InvalidInput) as refused:
        under(bare, micro_batch=0, given=StepInput(0.0, -1.0))
    fields = [fault.field for fault in refused.value.faults]
    assert fields == ["model.layers", "model.hidden", "micro_batch", "sample_bytes", "prepared_per_second_per_vcpu"]
