"""The spot page, headless: set a control, read the answer, the record and what is told beside it."""

from __future__ import annotations

import base64
import io
import re

import pandas as pd
import pytest

from costlib.display import usd
from costlib.panels import spot
from costlib.panels.spot_fields import (
    CONTROLS,
    DEFAULTS,
    DRILL_POLICIES,
    INSTANCE_HOURS,
    INTERRUPTIONS,
    REGION,
    TYPE,
    WORKLOAD_KEYS,
)
from costlib.panels.spot_state import SpotState
from costlib.panels.spot_views import MOVED, hazard_html, intervals_html
from costlib.planner.spot import recorded
from costlib.planner.spot.run import choose
from tests.example import result, sources, workload
from tests.few_traces import SHORT, SHORT_TRACE, few_traces
from tests.panels.spot.conftest import PIECES, asked, changed, record_of


def test_an_example_is_answered_with_the_cheapest_spot_plan(page: spot._Page) -> None:
    state, answer = page.state, page.state.answer
    assert state.started == "gpt2-1.5b" and not state.faults and not state.reason and not state.busy
    best = choose(result())
    assert answer.run.plan.key == best.plan.key and answer.deadline_hours == 72 and answer.deadline_given
    assert f"<b>{usd(best.plan.cost_usd.expected)}</b>" in page.answer.value
    assert best.on_demand is not None and usd(best.on_demand.cost_usd.expected) in page.answer.value
    assert "held" in page.answer.value and "estimate" in page.hazard.value
    assert MOVED[answer.notice.verdict] in page.notice.value
    expected = recorded.by_policy(answer.run, 72.0, few_traces())
    pd.testing.assert_frame_equal(record_of(state).policies, expected)
    for row in expected.to_dict("records"):
        assert usd(row["usd"]) in page.policies.value
    assert page.recorded.layout.display is None and page.working.layout.display == "none"
    assert all(len(chart.figure.data) for chart in page.charts.values())


def test_every_control_begins() -> None:
    assert set(WORKLOAD_KEYS) | set(DEFAULTS) == set(CONTROLS)
    assert set(MOVED) == {"in time", "at the line rate only", "not in time", "nothing to save"}


def test_another_type_moves_everything_but_waiting(page: spot._Page) -> None:
    before, told_before = record_of(page.state), page.answer.value
    drawn = {name: chart.figure.to_json() for name, chart in page.charts.items()}
    page.form.inputs[TYPE].value = "p5.48xlarge"
    answer = page.state.answer
    assert answer.run.plan.instance_type == "p5.48xlarge" and page.answer.value != told_before
    assert changed(before, record_of(page.state)) == set(PIECES) - {"waiting"}
    assert all(chart.figure.to_json() != drawn[name] for name, chart in page.charts.items())
    assert page.places.state.answer is not None and page.places.state.answer.run is answer.run
    assert page.start.value == "gpt2-1.5b", "a choice of plan is no other workload"
    page.form.inputs[TYPE].value = ""
    assert page.answer.value == told_before


def test_choices_leave_choices(state: SpotState) -> None:
    every = state.answer
    asked(state, instance_type="p5.48xlarge")
    one = state.answer
    assert set(one.regions) < set(every.regions) and one.types == every.types
    region = next(name for name in one.regions if name != one.run.plan.region)
    asked(state, region=region, count=str(one.counts[-1]))
    assert (state.answer.run.plan.region, state.answer.run.count) == (region, one.counts[-1])
    gone = next(name for name in every.regions if name not in one.regions)
    asked(state, region=gone)
    assert state.values[REGION] == "" and gone in state.notes[REGION] and not state.faults


@pytest.mark.parametrize(
    ("values", "moves"),
    [
        ({"trace": SHORT_TRACE}, {"job"}),
        ({"start_hours": "12"}, {"job"}),
        ({"campaign": SHORT}, {"moves"}),
        ({"rate_per_day": "6"}, {"drills"}),
        ({"burst": "2"}, {"drills"}),
        ({"before_minutes": "60"}, {"drills"}),
        ({"policy": "uniform_progress"}, {"drills"}),
        ({"first_seconds": "30"}, {"waiting"}),
        ({"factor": "1"}, {"waiting"}),
        ({"most_minutes": "20"}, {"waiting"}),
        ({"jitter_percent": "0 %"}, {"waiting"}),
    ],
)
def test_a_control_moves_its_own_piece_only(state: SpotState, values: dict[str, str], moves: set[str]) -> None:
    before, answer = record_of(state), state.answer
    asked(state, **values)
    after = record_of(state)
    assert not state.faults and not after.faults and changed(before, after) == moves
    for name in moves:
        was, now = getattr(before, name), getattr(after, name)
        assert (now.trace, now.start_step) != (was.trace, was.start_step) if name == "job" else not now.equals(was)
    assert state.answer.run.plan.key == answer.run.plan.key and state.started == "gpt2-1.5b"


@pytest.mark.parametrize(
    "values",
    [
        {"deadline_hours": "96"},
        {"gib": "2000"},
        {"restart_minutes": "30"},
        {"interval_minutes": "60"},
        {"requeue_minutes": "90"},
        {"interruptions": "40", "instance_hours": "1 000", "instance_type": "p4d.24xlarge"},
    ],
)
def test_the_run_s_own_numbers_move_the_answer(page: spot._Page, values: dict[str, str]) -> None:
    shown = (page.answer, page.intervals, page.hazard, page.notice)
    before, record = [one.value for one in shown], record_of(page.state)
    asked(page.state, **values)
    assert not page.state.faults and page.state.started == "" and page.start.value == ""
    assert [one.value for one in shown] != before
    assert changed(record, record_of(page.state)) >= {"policies", "ways", "job"}
    page.start.value = "gpt2-1.5b"
    assert page.state.values[INTERRUPTIONS] == page.state.values[INSTANCE_HOURS] == ""
    assert [one.value for one in shown] == before


def test_yours_is_a_row_of_its_own(state: SpotState) -> None:
    asked(state, interval_minutes="60")
    row = state.answer.intervals.set_index("interval").loc["yours"]
    assert row["interval_hours"] == pytest.approx(1.0)
    assert "yours" in intervals_html(state.answer.intervals)


def test_own_history_is_of_the_plan_chosen(state: SpotState) -> None:
    asked(state, interruptions="40", instance_hours="1000", instance_type="p4d.24xlarge")
    run = state.answer.run
    assert run.hazard_per_hour.expected == pytest.approx(0.04, rel=0.05) and run.hazard_origin["basis"] == "user"
    assert "40 interruptions in 1,000 instance-hours" in hazard_html(run)


def test_a_history_that_the_workload_brings_stays() -> None:
    history = [{"interruptions": 40, "instance_hours": 1000}]
    own = SpotState(sources(), workload().changed({"spot.history": history}, sources().vocabulary), traces=few_traces())
    assert own.answer.run.hazard_origin["basis"] == "user" and own.started == ""
    asked(own, deadline_hours="96")
    assert own.answer.run.hazard_origin["basis"] == "user"


def test_every_example_starts(page: spot._Page) -> None:
    state = page.state
    for name in state.examples:
        page.start.value = name
        assert not state.faults and not state.problem and state.started == name
        assert state.answer.workload.name == name and name in page.answer.value
        assert (state.record is None) == bool(state.reason)
        assert (page.recorded.layout.display == "none") == (state.record is None)
    state.start("gpt2-1.5")
    assert "gpt2-1.5b" in state.faults[0].nearest
    state.start("gpt2-1.5b")


def test_odd_checkpoints_have_words(page: spot._Page) -> None:
    asked(page.state, gib="0")
    assert "nothing to save" in page.notice.value and "would win" not in page.notice.value
    asked(page.state, gib="20000")
    assert MOVED["not in time"] in page.notice.value


def test_without_a_deadline_one_is_taken_from_the_work(page: spot._Page) -> None:
    asked(page.state, deadline_hours="")
    answer = page.state.answer
    assert not answer.deadline_given and "The deadline of" not in page.answer.value
    work = answer.run.work_hours.expected
    assert 1.5 * work < answer.deadline_hours < 2 * work


def test_policies_of_a_drill_can_be_chosen() -> None:
    assert set(DRILL_POLICIES) == {"safety_net", "uniform_progress", "lookahead"}


def test_csv_holds_what_is_shown(page: spot._Page) -> None:
    page.download.click()
    files = re.findall(r"download='([^']+)' href='data:text/csv;base64,([^']+)'", page.links.value)
    frames = {name: pd.read_csv(io.BytesIO(base64.b64decode(data))) for name, data in files}
    what = ("checkpoints", "mixes", "ways", "dates", "policies", "zones", "game-day", "waiting")
    assert list(frames) == [f"gpt2-1.5b-spot-{name}.csv" for name in what]
    record = record_of(page.state)
    assert frames["gpt2-1.5b-spot-policies.csv"]["usd"].tolist() == pytest.approx(record.policies["usd"].tolist())
    assert all((frame["plan"] == page.state.answer.run.plan.key).all() for frame in frames.values())
    page.form.inputs[TYPE].value = "p5.48xlarge"
    assert page.links.value == "", "a link to an older answer would be mistaken for this one"
