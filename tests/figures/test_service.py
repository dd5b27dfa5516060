"""Charts of the choice of a service: what is drawn is what the planner says."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from costlib.figures.service import bars, flip_map, packing
from costlib.planner.service.batch_plan import batch_plan
from costlib.planner.service.compare import Comparison, compare
from costlib.planner.service.flips import flips, service_map
from costlib.planner.service.kinds import KINDS
from costlib.planner.service.market import ServiceSources
from tests.example import sources, workload


@pytest.fixture(scope="module")
def desk() -> ServiceSources:
    return ServiceSources.open(sources())


@pytest.fixture(scope="module")
def sweep(desk: ServiceSources) -> Comparison:
    return compare(workload().changed({"jobs": KINDS["a sweep of small jobs"]}), desk)


def trace(made: go.Figure, uid: str) -> go.Bar:
    return next(one for one in made.data if one.uid == uid)


def test_bars_stack_to_the_totals_cheapest_first(sweep: Comparison) -> None:
    made = bars(sweep, "prices of x")
    heights = np.sum([one.x for one in made.data], axis=0)
    assert heights == pytest.approx([way.usd.expected for way in sweep.allowed], rel=1e-3)
    assert list(made.data[0].y) == ["SageMaker", "AWS Batch", "EC2"]
    assert [note.text for note in made.layout.annotations][0].startswith("<b>$176</b>")
    assert made.layout.annotations[-1].text == "prices of x"


def test_a_service_that_is_out_is_pale_and_last(desk: ServiceSources) -> None:
    jobs = {"count": 2, "hours_each": 3, "instance_type": "g5.xlarge", "needs": ["own_image"]}
    made = bars(compare(workload().changed({"jobs": jobs}), desk), "x")
    assert list(made.data[0].y)[-1] == "SageMaker (cannot)"
    assert list(made.data[0].marker.opacity) == [1.0, 1.0, 0.35]


def test_the_map_has_the_services_the_flips_and_your_jobs(sweep: Comparison) -> None:
    found, told = service_map(sweep), flips(sweep)
    made = flip_map(found, 0.2, 300, told, "x")
    heat = trace(made, "map")
    assert np.array_equal(heat.z, found.service) and list(heat.x) == list(found.job_hours)
    assert heat.customdata[0][0][0] in ("SageMaker", "EC2", "AWS Batch")
    own = trace(made, "own")
    assert (own.x[0], own.y[0]) == (0.2, 300)
    assert list(trace(made, "job_hours").x) == [flip.at for flip in told if flip.what == "job_hours"]
    assert list(trace(made, "job_count").y) == [flip.at for flip in told if flip.what == "job_count"]
    assert {one.name for one in made.data if one.name} >= {"SageMaker", "AWS Batch", "flip, worked out"}
    assert made.layout.xaxis.type == made.layout.yaxis.type == "log"


def test_every_job_is_a_bar_inside_its_instance_and_none_covers_another(desk: ServiceSources) -> None:
    jobs = {**KINDS["a sweep of small jobs"], "count": 40,
            "also": [{"count": 10, "hours_each": 0.5, "vcpu": 12, "memory_gib": 8}]}  # fmt: skip
    plan = batch_plan(compare(workload().changed({"jobs": jobs}), desk).question, desk.numbers)
    made = packing(plan, "x")
    shown = [one for one in made.data if one.uid.startswith("kind")]
    assert [len(one.x) for one in shown] == [40, 10]
    boxes = [
        (y - width / 2, y + width / 2, base, base + x)
        for one in shown
        for y, width, base, x in zip(one.y, one.width, one.base, one.x, strict=True)
    ]
    for number, (low, high, begin, end) in enumerate(boxes):
        assert int(low + 0.5) == int(high + 0.5), "a job is drawn over two instances"
        for other in boxes[number + 1 :]:
            apart = high <= other[0] + 1e-9 or other[1] <= low + 1e-9
            assert apart or end <= other[2] + 1e-6 or other[3] <= begin + 1e-6
    last = max(box[3] for box in boxes)
    assert last == pytest.approx(60 * plan.makespan_hours)
