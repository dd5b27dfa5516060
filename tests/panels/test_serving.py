"""The serving page: its state headless, and its panel bound to it."""

from __future__ import annotations

import pytest

from costlib.panels.serving import TABS, _Page
from costlib.panels.serving_fields import CONTROLS, DEFAULTS, asked_of
from costlib.panels.serving_state import EXAMPLES, ServingState
from costlib.paths import data_dir
from costlib.planner.serve.drawn import Shape
from costlib.planner.serve.report import serve_report


@pytest.fixture
def state() -> ServingState:
    return ServingState()


def with_values(state: ServingState, **changes: str) -> None:
    state.propose({**state.values, **changes})


def test_a_tighter_promise_costs_no_less(state: ServingState) -> None:
    before = state.answer.report.instances["usd_per_month_by_hour"].min()
    with_values(state, promise_ms="110")
    assert state.faults == ()
    assert state.answer.report.asked.promise_ms == 110
    assert state.answer.report.instances["usd_per_month_by_hour"].min() >= before


def test_an_answer_with_earlier_parts_is_that_of_a_fresh_start(state: ServingState) -> None:
    with_values(state, promise_ms="400", burst_factor="2")
    with_values(state, promise_ms="150", burst_factor="1.5", percentile="p99")
    assert state.faults == ()
    one = state.answer.report
    two = serve_report(state.book, one.traffic, one.given, one.asked)
    assert two.asked.share == 0.99
    assert one.instances.equals(two.instances) and one.mode_table.equals(two.mode_table)


def test_what_is_refused_changes_nothing(state: ServingState) -> None:
    before = state.answer
    with_values(state, promise_ms="quick", models="2.5", least="x")
    assert {fault.field for fault in state.faults} == {"promise_ms", "models", "least"}
    with_values(state, promise_ms="3")
    assert "kept by nothing" in str(state.faults[0])
    with_values(state, models="5")
    assert [fault.field for fault in state.faults] == ["model_gib"]
    assert state.answer is before and state.values == DEFAULTS
    with_values(state)
    assert state.faults == ()


def test_files_are_taken_or_refused_as_a_whole(state: ServingState) -> None:
    before = state.answer
    state.open("traffic", "mine.csv", b"time,requests\n2026-06-01T00:00Z,300\n2026-06-01T00:10Z,600\n"
                                      b"2026-06-01T00:15Z,600\n2026-06-01T00:20Z,600\n")  # fmt: skip
    assert "gaps" in str(state.faults[0]) and state.answer is before
    state.propose({**state.values, "gaps": "zero"})
    state.open("traffic", "mine.csv", b"time,requests\n2026-06-01T00:00Z,300\n2026-06-01T00:10Z,600\n"
                                      b"2026-06-01T00:15Z,600\n2026-06-01T00:20Z,600\n")  # fmt: skip
    assert state.faults == () and state.names["traffic"] == "mine.csv"
    assert state.answer.report.traffic.requests == 2100
    state.open("endpoints", "e.csv", b"endpoint\n")
    assert state.faults and state.names["endpoints"] == EXAMPLES["endpoints"]


def test_a_tools_file_says_in_its_name_where_it_ran(state: ServingState) -> None:
    content = (b'{"metrics": {"http_req_duration": {"med": 50, "p(95)": 80}, "http_reqs": {"rate": 19},'
               b' "vus_max": {"value": 1}}}')  # fmt: skip
    state.open("capacity", "run.json", content)
    assert "FILE@INSTANCE_TYPE" in str(state.faults[0])
    state.open("capacity", "run@ml.g5.xlarge.json", content)
    assert state.faults == () and state.answer.report.tests.names == ("ml.g5.xlarge",)


def test_drawn_traffic_takes_the_place_of_a_file(state: ServingState) -> None:
    state.draw(Shape(100.0, 14))
    assert state.faults == () and 60 < state.answer.report.traffic.per_second.mean() < 110
    with_values(state, promise_ms="180")
    assert "drawn" in state.answer.report.traffic.name
    state.draw(Shape(-1.0))
    assert state.faults[0].field == "mean_per_second"


def test_a_part_alone_may_be_missing(state: ServingState) -> None:
    with_values(state, region="us-west-2")
    assert state.answer.report.asked.region == "us-west-2"
    if state.answer.review is None:
        assert state.answer.part_faults == state.faults


def test_controls_and_defaults_are_the_same() -> None:
    assert set(CONTROLS) == set(DEFAULTS)
    assert asked_of(DEFAULTS).promise_ms == 200 and asked_of(DEFAULTS).patience_minutes is None


def test_targets_of_the_plane_rise_in_lateness_and_fall_in_cost(state: ServingState) -> None:
    rows = state.answer.targets
    assert rows["usd_per_month"].is_monotonic_decreasing
    assert rows["late_fraction"].iloc[-1] > rows["late_fraction"].iloc[0]


def test_the_page_follows_its_state(state: ServingState) -> None:
    page = _Page(state)
    assert "ml.c6i.xlarge" in page.tables[0].value and "200 ms" in page.answer.value
    page.promise.value = 300.0
    assert state.values["promise_ms"] == "300" and "300 ms" in page.answer.value
    page.form.inputs["promise_ms"].value = "nothing"
    assert "still for the last good values" in page.general.value
    page.form.inputs["promise_ms"].value = "250"
    assert page.general.value == "" and page.promise.value == pytest.approx(250)
    for number in range(len(TABS)):
        page.tabs.selected_index = number
        page._prepare(number)
        assert "download" in page.links[number].value
    assert "policy.json" in page.links[1].value and "target.json" not in page.links[1].value


def test_names_from_files_are_no_markup(state: ServingState) -> None:
    content = (data_dir() / "examples" / "serving" / "made_up_traffic.csv").read_bytes()
    state.open("traffic", "<b>x</b>.csv", content)
    page = _Page(state)
    assert "<b>x</b>" not in page.answer.value and "&lt;b&gt;x" in page.answer.value
