"""Charts of scaling, clusters, the batch, and CPU against GPU."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from costlib.figures import batch, scale_out
from costlib.figures.cpu_or_gpu import cpu_or_gpu
from costlib.planner.batch_size import batch_plan
from costlib.planner.cpu_or_gpu import compare_network
from costlib.planner.equal_work import equal_work_table, front
from costlib.planner.scale_out import ScalingCurve, scaling_curve
from costlib.validation.scaling import nearest_in_kind
from tests.example import sources, workload


@pytest.fixture(scope="module")
def curve() -> ScalingCurve:
    return scaling_curve(workload(), sources(), "p4d.24xlarge", "bf16", 16)


def trace(made: go.Figure, start: str) -> go.Scatter:
    return next(one for one in made.data if str(one.name).startswith(start))


def test_efficiency_has_both_kinds_their_bands_and_measured_runs(curve: ScalingCurve) -> None:
    snapshot = sources().book.snapshot
    measured = nearest_in_kind(snapshot, "weak", curve.accelerator, 1.5e9, nvlink=True)
    made = scale_out.efficiency(curve, measured, "facts of x")
    strong = trace(made, "model, global")
    assert list(strong.x) == list(curve.kind("strong")["accelerators"])
    assert list(strong.y) == list(curve.kind("strong")["efficiency"])
    points = trace(made, "measured, batch of each")
    assert list(points.y) == list(measured["efficiency"])
    assert set(np.unique(points.marker.symbol)) <= {"circle", "circle-open"}
    assert not any(str(one.name).startswith("measured, global") for one in made.data)
    lines = made.data[-1]
    assert list(lines.y[1::3]) == list(measured["predicted"])
    assert "Accelerators" in made.layout.xaxis.title.text and "Share" in made.layout.yaxis.title.text


def test_a_step_is_stacked_to_the_whole(curve: ScalingCurve) -> None:
    made = scale_out.step_parts(curve, "strong", "facts of x")
    total = np.sum([bar.y for bar in made.data], axis=0)
    assert total == pytest.approx(np.ones(len(curve.kind("strong"))))
    assert not any("pipeline" in bar.name for bar in made.data)


def test_clusters_are_lines_with_the_front_through_them() -> None:
    table = equal_work_table(workload(), sources(), 8)
    made = scale_out.cost_time(table, "on_demand", 72.0, 3, "prices of x")
    best = front(table, "on_demand")
    line = trace(made, "front")
    assert list(line.y) == list(best["usd_on_demand"])
    drawn = {one.uid.removeprefix("type-") for one in made.data if one.uid}
    assert set(best["instance_type"]) <= drawn and len(drawn) == max(3, best["instance_type"].nunique())
    assert "USD" in made.layout.yaxis.title.text and "Hours" in made.layout.xaxis.title.text
    assert any("deadline 72 h" in str(note.text) for note in made.layout.annotations)
    # A word on a log axis stands at the logarithm.
    word = next(note for note in made.layout.annotations if "deadline" in str(note.text))
    assert word.x == pytest.approx(np.log10(72))
    assert scale_out.cost_time(table.iloc[:0], "spot", None, 3, "x").layout.title.text


def test_micro_batches_are_coloured_by_what_memory_holds() -> None:
    plan = batch_plan(workload(), sources(), "p4d.24xlarge", 1, "bf16", critical_batch=1000.0)
    made = batch.accumulation(plan, "prices of x")
    assert sum(len(bar.x) for bar in made.data) == len(plan.accumulation)
    framed = [(bar.x[at], bar.name) for bar in made.data for at, wide in enumerate(bar.marker.line.width) if wide]
    assert framed == [(str(plan.chosen), "fits in memory")]
    both = batch.targets(plan, "x")
    assert [list(one.y) for one in both.data] == [list(plan.targets["samples_ratio"]), list(plan.targets["time_ratio"])]


def test_throughput_shows_points_and_where_it_saturates() -> None:
    sizes = np.array([1.0, 8.0, 64.0])
    points = (sizes, sizes / (0.05 + 0.01 * sizes))
    plan = batch_plan(workload(), sources(), "p4d.24xlarge", 1, "bf16", points=points)
    made = batch.saturation(plan, points, "x")
    assert list(trace(made, "your points").x) == [1.0, 8.0, 64.0]
    fitted = trace(made, "fitted")
    assert np.interp(8.0, fitted.x, fitted.y) == pytest.approx(8 / 0.13, rel=0.01)
    word = next(note for note in made.layout.annotations if "of the limit" in str(note.text))
    assert word.x == pytest.approx(np.log10(45))
    # Points without a limit: no mark, and no line at infinity.
    endless = ([1.0, 2.0], [10.0, 20.0])
    flat = batch.saturation(batch_plan(workload(), sources(), "p4d.24xlarge", 1, "bf16", points=endless), endless, "x")
    assert not any("of the limit" in str(note.text) for note in flat.layout.annotations)


def test_both_kinds_of_machine_are_drawn() -> None:
    verdict = compare_network(workload(), sources())
    made = cpu_or_gpu(verdict, "x")
    assert {one.name for one in made.data} == {"CPU machines", "GPU machines"}
    assert sum(len(one.x) for one in made.data) == len(verdict.table)
