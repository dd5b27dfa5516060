"""The roofline's picture: roofs, dots and bands stand where the numbers are."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from costlib.figures.roofline import roofline
from costlib.planner.precision import cheapest, search_precisions
from costlib.planner.roofline import Roofline, StepInput
from costlib.planner.roofline import roofline as line_of
from tests.example import sources, workload


def line(given: StepInput | None = None) -> Roofline:
    found = search_precisions(workload(), sources())
    row = cheapest(found, "bf16", "A100 40GB SXM4")
    assert row is not None
    return line_of(found, row, None, given)


@pytest.fixture(scope="module")
def one() -> Roofline:
    return line()


@pytest.fixture(scope="module")
def drawn(one: Roofline) -> go.Figure:
    return roofline(one, "note")


def traces(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.uid: trace for trace in figure.data}


def test_each_roof_bends_at_its_ridge(one: Roofline, drawn: go.Figure) -> None:
    by_name = traces(drawn)
    assert [name for name in by_name if name.startswith("roof")] == ["roof fp32", "roof tf32", "roof fp16, bf16"]
    roof = by_name["roof fp16, bf16"]
    x, y = np.array(roof.x), np.array(roof.y)
    ridge = 312_000 / 1555
    assert y[x >= ridge] == pytest.approx(312) and y[x < ridge] == pytest.approx(x[x < ridge] * 1.555)
    assert np.isclose(x, ridge).any() and roof.line.width > by_name["roof tf32"].line.width
    assert set(by_name["reached"].y) == {271.2}


def test_steps_stand_at_what_they_can_reach(one: Roofline, drawn: go.Figure) -> None:
    fit, large = traces(drawn)["steps fit"], traces(drawn)["steps too large"]
    rows = one.steps[one.steps["fits"]]
    assert list(fit.x) == pytest.approx(rows["intensity_flops_per_byte"]) and len(large.x) == (~one.steps["fits"]).sum()
    assert list(fit.text) == ["1", "<b>2</b>"]
    assert max(fit.marker.size) == fit.marker.size[1] > fit.marker.size[0]


def test_the_planned_rate_has_its_band(one: Roofline, drawn: go.Figure) -> None:
    planned, rate = traces(drawn)["planned"], one.planned_tflops
    assert rate is not None and planned.y == (rate.expected,)
    assert planned.error_y.array == pytest.approx([rate.high - rate.expected])
    assert planned.error_y.arrayminus == pytest.approx([rate.expected - rate.low])


def test_input_is_a_roof_where_it_is_near(drawn: go.Figure) -> None:
    assert "input" not in traces(drawn), "input a thousand times faster than the roof would only squeeze the picture"
    slow = line(StepInput(100_000, 1.0))
    shown = traces(roofline(slow, ""))["input"]
    assert list(shown.y) == pytest.approx([slow.step["flops"] / slow.step["input_seconds"] / 1e12] * 2)


def test_axes_say_their_units(drawn: go.Figure) -> None:
    assert "TFLOP/s" in drawn.layout.yaxis.title.text and "byte" in drawn.layout.xaxis.title.text
    assert drawn.layout.xaxis.type == drawn.layout.yaxis.type == "log"
