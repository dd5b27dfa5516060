"""The most that hardware does of a workload: by hand, refused wherever a rate stands, or said not to be checked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costlib.benchmarks.sheet import Benchmark
from costlib.errors import InvalidInput
from costlib.planner.hours import hours_grid
from costlib.planner.own_runs import given_faults, hardware_faults, held_against_hardware, own_runs
from costlib.planner.rate_limits import rate_limit
from costlib.planner.sources import Sources
from costlib.workload import Workload

A100, CPU = "p4d.24xlarge", "c6i.4xlarge"


@pytest.fixture(scope="module")
def images(workload: Workload) -> Workload:
    """Work in samples whose FLOPs are not known."""
    content = workload.to_mapping()
    timed = {"instance_type": A100, "seconds": 0.001, "precision": "bf16"}
    content["work"] = {"samples": 1e6, "seconds_per_sample_on": timed}
    content["model"] = {"parameters": 25_600_000}
    return Workload.from_mapping(content)


def test_limits_by_hand(workload: Workload, sources: Sources) -> None:
    parameters, length = workload.model.parameters, workload.model.sequence_length
    tokens = rate_limit(A100, 2, "bf16", "tokens", workload, sources).per_second
    assert tokens == pytest.approx(2 * 8 * 312e12 / (4 * parameters))
    assert rate_limit(A100, 2, "bf16", "samples", workload, sources).per_second == pytest.approx(tokens / length)
    # Without a precision the fastest that the hardware has; an A100 has none faster than 16 bit.
    assert rate_limit(A100, 2, None, "tokens", workload, sources).per_second == tokens
    # 16 vCPUs are 8 cores of Ice Lake at 3.5 GHz and 64 FLOPs a cycle.
    cpu = rate_limit(CPU, 3, "fp32", "tokens", workload, sources).per_second
    assert cpu == pytest.approx(3 * 8 * 3.5e9 * 64 / (4 * parameters))


@pytest.mark.parametrize(
    ("instance_type", "precision", "why"),
    [(CPU, "bf16", "only fp32"), (CPU, None, "only fp32"), ("c7g.4xlarge", "fp32", "clock and cores of c7g.4xlarge")],
)
def test_what_is_not_known_is_not_checked_and_says_so(
    instance_type: str, precision: str | None, why: str, workload: Workload, sources: Sources
) -> None:
    limit = rate_limit(instance_type, 1, precision, "tokens", workload, sources)
    assert np.isinf(limit.per_second) and why in limit.unchecked
    assert limit.faults("x", 1e30, 1e30) == []


def test_rows_of_the_sheet_have_a_ceiling_on_cpus_and_in_sequences(workload: Workload, sources: Sources) -> None:
    row = Benchmark(CPU, 1, "fp32", 8, "tokens_per_second", 1.0, file="rows.csv", row=4)
    most = rate_limit(CPU, 1, "fp32", "tokens", workload, sources).per_second
    assert hardware_faults([replace(row, throughput=0.99 * most)], workload, sources) == []
    (fault,) = hardware_faults([replace(row, throughput=1.01 * most)], workload, sources)
    assert fault.field == "rows.csv row 4, throughput" and "cores' whole fp32 peak of 1.79 TFLOP/s" in fault.problem
    sequences = replace(row, instance_type=A100, precision="bf16", throughput_unit="samples_per_second")
    most = rate_limit(A100, 1, "bf16", "samples", workload, sources).per_second
    assert hardware_faults([replace(sequences, throughput=0.99 * most)], workload, sources) == []
    (fault,) = hardware_faults([replace(sequences, throughput=1.01 * most)], workload, sources)
    assert "samples a second" in fault.problem


def test_the_known_run_is_held_against_its_hardware(images: Workload, sources: Sources) -> None:
    assert given_faults(images, sources) == []
    # As sequences of 1,024 tokens their FLOPs are known: 25.6 million parameters at 1e9 a second cannot be.
    known = images.changed({"model.sequence_length": 1024, "work.seconds_per_sample_on.seconds": 1e-9})
    (fault,) = given_faults(known, sources)
    assert fault.field == "work.seconds_per_sample_on.seconds" and fault.value == 1e-9
    with pytest.raises(InvalidInput, match="seconds_per_sample_on"):
        hours_grid(known, sources)
    lacking = images.changed({"work.seconds_per_sample_on.precision": "fp8"})
    (fault,) = given_faults(lacking, sources)
    assert fault.field == "work.seconds_per_sample_on.precision" and "A100" in fault.problem
    content = images.to_mapping()
    content["work"] = {"hours_on": {"instance_type": "p3.2xlarge", "hours": 10, "precision": "bf16"}}
    (fault,) = given_faults(Workload.from_mapping(content), sources)
    assert fault.field == "work.hours_on.precision" and "V100" in fault.problem


def test_a_rate_that_was_not_checked_says_so_in_its_rule(images: Workload, sources: Sources) -> None:
    (run,) = held_against_hardware(own_runs(images), images, sources)
    assert run.unchecked == "the FLOPs of a sample are not known"
    grid = hours_grid(images, sources)
    row = sources.offers.instance_types.index(A100)
    rules = {grid.notes[code].rule for code in grid.note[row].ravel()}
    assert all("not held against the hardware: the FLOPs of a sample are not known" in rule for rule in rules)
    known = images.changed({"model.sequence_length": 64})
    assert all("not held" not in grid.rule for grid in hours_grid(known, sources).notes)


def test_a_measurement_in_a_precision_that_is_not_searched_does_not_vanish(
    workload: Workload, sources: Sources
) -> None:
    asked = workload.changed({"precision": ["bf16"], "search.max_instances": 2})
    timed = {"tokens_per_second": 1.0, "precision": "fp32"}
    cpu = hours_grid(asked.changed({"measured": {CPU: timed}}), sources)
    row = sources.offers.instance_types.index(CPU)
    why = cpu.reasons[int(cpu.reason[row, 0, 0])]
    assert why.reason == "not comparable with your measurement" and "add fp32 to the precisions" in why.detail
    # On a GPU it is carried over, and the rule names the precision that it was timed in.
    gpu = hours_grid(asked.changed({"measured": {A100: {**timed, "tokens_per_second": 9_000}}}), sources)
    row = sources.offers.instance_types.index(A100)
    rules = [gpu.notes[code].rule for code in gpu.note[row].ravel()]
    assert all("p4d.24xlarge in fp32, carried" in rule for rule in rules) and np.isfinite(gpu.hours[1][row]).all()
