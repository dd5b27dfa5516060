"""Benchmarks in the planner: first in trust, carried to their neighbours, and refused where they cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.benchmarks.sheet import Benchmark, template
from costlib.errors import InvalidInput
from costlib.paths import data_dir
from costlib.planner.answer import open_answer
from costlib.planner.explain import plans
from costlib.planner.hours import hours_grid
from costlib.planner.own_runs import OwnRun, hardware_faults, nearest_run, own_runs, workload_faults
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.workload import Workload

TYPE = "p4d.24xlarge"
BF16 = Benchmark(TYPE, 1, "bf16", 64, "tokens_per_second", 150_000.0, file="rows.csv", row=4)
FP32 = replace(BF16, precision="fp32", throughput=20_000.0, row=5)


@pytest.fixture(scope="module")
def two(workload: Workload) -> Workload:
    changes = {"precision": ["fp32", "bf16"], "search.instance_families": ["p4d"], "search.max_instances": 4}
    return workload.changed(changes)


def cells(workload: Workload, sources: Sources) -> tuple[np.ndarray, list[str], list[str]]:
    """Expected hours of TYPE (count x precision), and the basis and rule of each cell."""
    grid = hours_grid(workload, sources)
    row = sources.offers.instance_types.index(TYPE)
    notes = [grid.notes[code] for code in grid.note[row].ravel()]
    return grid.hours[1][row], [note.basis for note in notes], [f"{note.rule} | {note.source}" for note in notes]


def test_a_benchmark_is_the_hours_of_its_cell(two: Workload, sources: Sources) -> None:
    hours, basis, rules = cells(two, sources.with_benchmarks([BF16, FP32]))
    assert two.work.tokens is not None
    assert hours[0] == pytest.approx([two.work.tokens / rate / 3600 for rate in (20_000, 150_000)])
    assert basis[:2] == ["user", "user"] and set(basis[2:]) == {"estimate"}
    assert rules[1] == (
        "your benchmark with a batch of 64 on 1 x p4d.24xlarge in bf16 | own measurement (rows.csv row 4)"
    )


def test_other_counts_follow_the_row_in_their_precision(two: Workload, sources: Sources) -> None:
    both, _, rules = cells(two, sources.with_benchmarks([BF16, FP32]))
    for index, row in enumerate((FP32, BF16)):
        alone, _, _ = cells(two, sources.with_benchmarks([row]))
        assert both[:, index] == pytest.approx(alone[:, index])
        assert row.precision in rules[2 + index]


def test_benchmarks_come_before_measured_types(two: Workload, sources: Sources) -> None:
    measured = two.changed({"measured": {TYPE: {"tokens_per_second": 90_000, "precision": "bf16"}}})
    hours, _, rules = cells(measured, sources.with_benchmarks([BF16]))
    assert hours[0, 1] == pytest.approx(measured.work.tokens / 150_000 / 3600)  # type: ignore[operator]
    assert "benchmark" in rules[1]


def test_of_two_batches_the_faster_counts(two: Workload) -> None:
    small = replace(BF16, batch=8, throughput=80_000.0)
    for rows in ([BF16, small], [small, BF16]):
        (run,) = own_runs(two, rows)
        assert run.hours == pytest.approx(two.work.tokens / 150_000 / 3600)  # type: ignore[operator]


def test_a_faster_benchmark_is_a_cheaper_plan(two: Workload, sources: Sources) -> None:
    costs = [
        float(search(two, sources.with_benchmarks([replace(BF16, throughput=rate)])).cost_usd.min())
        for rate in (100_000.0, 200_000.0)
    ]
    assert costs[1] < costs[0]


def test_cpu_types_enter_by_their_benchmark(workload: Workload, sources: Sources) -> None:
    small = workload.changed({"model.parameters": 1_000_000, "work.tokens": 1e9, "search.instance_families": ["c6i"]})
    row = Benchmark("c6i.4xlarge", 1, "bf16", 8, "tokens_per_second", 50_000.0)
    found = search(small, sources.with_benchmarks([row]))
    (best,) = plans(found, found.order[:1])
    assert (best.instance_type, best.hours_basis) == ("c6i.4xlarge", "user")


def test_nearest_by_precision_then_ratio_then_trust() -> None:
    runs = [OwnRun(TYPE, 1, 1, "bf16"), OwnRun(TYPE, 1, 8, "bf16"), OwnRun(TYPE, 1, 2, "fp32")]
    found = nearest_run(runs, [1, 2, 4, 8], ["bf16", "fp32"], [0, 0, 1])
    assert found[:, 0].tolist() == [0, 0, 1, 1] and found[:, 1].tolist() == [2, 2, 2, 2]
    assert nearest_run([runs[0], runs[0]], [1], ["bf16"], [0, 0]).item() == 1


@given(st.lists(st.integers(1, 64), min_size=1, max_size=5))
def test_a_cell_that_was_timed_is_its_own_nearest(counts: list[int]) -> None:
    runs = [OwnRun(TYPE, 1, count, "bf16") for count in dict.fromkeys(counts)]
    order = [run.count for run in runs]
    assert nearest_run(runs, order, ["bf16"], [0] * len(runs))[:, 0].tolist() == list(range(len(runs)))


def test_rows_of_another_unit_or_model_are_refused(two: Workload) -> None:
    rows = [replace(BF16, throughput_unit="samples_per_second"), replace(BF16, parameters=124_000_000)]
    said = [str(fault) for fault in workload_faults(rows, two)]
    assert said[0].startswith("rows.csv row 4, throughput_unit: 'samples_per_second' does not match the workload")
    assert "is another model than the workload's, which has 1,558,000,000 parameters" in said[1]
    with pytest.raises(InvalidInput):
        own_runs(two, rows)
    assert workload_faults([replace(BF16, parameters=1_557_611_200)], two) == []


def test_rates_above_the_hardware_are_refused(two: Workload, sources: Sources) -> None:
    # 8 x 312 TFLOP/s over 4 FLOPs a parameter and token.
    most = 8 * 312e12 / (4 * two.model.parameters)
    assert hardware_faults([replace(BF16, throughput=0.999 * most)], two, sources) == []
    (fault,) = hardware_faults([replace(BF16, throughput=1.001 * most)], two, sources)
    assert "cannot be: 8 x A100 40GB SXM4 at their whole bf16 peak of 312 TFLOP/s each" in str(fault)
    # Two instances may do twice as much.
    assert hardware_faults([replace(BF16, count=2, throughput=1.9 * most)], two, sources) == []


def test_what_the_machine_does_not_have_is_refused(two: Workload, sources: Sources) -> None:
    rows = [
        replace(BF16, instance_type="p4d.24xlarg"),
        replace(BF16, instance_type="ml.p4d.24xlarge"),
        replace(BF16, peak_memory_gib=41.0),
        replace(BF16, instance_type="g4dn.xlarge", throughput=100.0),
        replace(BF16, instance_type="c6i.xlarge", gpu_utilisation_fraction=0.5),
    ]
    said = [str(fault) for fault in hardware_faults(rows, two, sources)]
    assert "did you mean p4d.24xlarge" in said[0] and "SageMaker's name" in said[1]
    assert "A100 40GB SXM4 has 40 GiB" in said[2]
    assert "precision: 'bf16' is not supported by T4" in said[3]
    assert "c6i.xlarge has no accelerator" in said[4] and len(said) == 5


def test_faults_of_sheet_rates_and_workload_come_together(tmp_path: Path) -> None:
    sheet, rates = tmp_path / "rows.csv", tmp_path / "own.csv"
    sheet.write_text(template() + "p4d.24xlarge,1,bf16,64,tokens_per_second,1e9,,,,\n")
    rates.write_text("service\n")
    with pytest.raises(InvalidInput) as refused:
        open_answer(data_dir() / "examples" / "gpt2-1.5b.yaml", rates, None, sheet)
    fields = [fault.field for fault in refused.value.faults]
    assert "rows.csv row 4, throughput" in fields and "columns" in fields


def test_rates_that_cannot_be_are_refused_wherever_they_stand(workload: Workload, sources: Sources) -> None:
    impossible = workload.changed(
        {
            "measured": {
                "g5.48xlarge": {"tokens_per_second": 1000, "precision": "fp8"},
                "g5.xlarge": {"tokens_per_second": 1e11},
            }
        }
    )
    with pytest.raises(InvalidInput) as refused:
        search(impossible, sources)
    told = {fault.field: fault.problem for fault in refused.value.faults}
    assert "not supported by A10G" in told["measured.g5.48xlarge.precision"]
    assert "at most" in told["measured.g5.xlarge.tokens_per_second"]
