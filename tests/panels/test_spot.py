"""The spot page, headless: set a control, read the answer, the record and what is told beside it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import ipywidgets
import pandas as pd
import pytest

from costlib.display import usd
from costlib.errors import Cancelled, CostlibError, InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.panels import spot
from costlib.panels.background import Foreground, Progress, Work
from costlib.panels.spot_fields import (
    CAMPAIGN,
    CONTROLS,
    DEFAULTS,
    DRILL_POLICIES,
    INSTANCE_HOURS,
    INTERRUPTIONS,
    REGION,
    TRACE,
    TYPE,
    WORKLOAD_KEYS,
    control_of,
)
from costlib.panels.spot_record import SpotRecord
from costlib.panels.spot_state import SpotState
from costlib.panels.spot_views import MOVED, hazard_html, intervals_html
from costlib.planner.spot import checkpoints, drills, recorded
from costlib.planner.spot.run import choose
from tests.example import result, sources, workload
from tests.few_traces import LONG, LONG_TRACE, SHORT, SHORT_TRACE, few_traces

PIECES = ("policies", "ways", "dates", "moves", "job", "drills", "waiting")


@pytest.fixture(scope="module")
def made() -> Iterator[SpotState]:
    with pytest.MonkeyPatch.context() as patch:
        # Game days in longer steps: the same questions, answered sooner.
        patch.setattr(drills._Bench, "MOST_STEPS", 150)
        yield SpotState(sources(), traces=few_traces())


@pytest.fixture
def state(made: SpotState) -> Iterator[SpotState]:
    """The one state, and after each test as it was: its pieces are kept, so nothing is replayed for that."""
    before = dict(made.values), made.answer, made.record, made.started
    yield made
    if made.started != before[3]:
        made.start(before[3])
    made.propose(before[0])
    assert not made.faults and made.started == before[3]


@pytest.fixture
def page(state: SpotState) -> Iterator[spot._Page]:
    yield spot._Page(state)
    # The state outlives its pages: a page that is gone must not be redrawn.
    state.unobserve_all()
    ipywidgets.Widget.close_all()


def asked(state: SpotState, **values: str) -> None:
    """Sets controls by the last part of their key."""
    keys = {key.split(".")[-1]: key for key in CONTROLS}
    state.propose({**state.values, **{keys[name]: value for name, value in values.items()}})


def record_of(state: SpotState) -> SpotRecord:
    assert state.record is not None
    return state.record


def told(page: spot._Page) -> dict[str, str]:
    """What stands beside controls, refused or noted."""
    return {
        key: box.children[1].value for key, box in page.form.boxes.items() if "costlib-fault" in box.children[1].value
    }


def changed(before: SpotRecord, after: SpotRecord) -> set[str]:
    return {name for name in PIECES if getattr(before, name) is not getattr(after, name)}


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


@pytest.mark.parametrize(
    ("values", "key", "words"),
    [
        ({"deadline_hours": "-1"}, "deadline_hours", "above 0"),
        ({"deadline_hours": "soon"}, "deadline_hours", "not a number"),
        ({"gib": "-1"}, "checkpoint.gib", "0"),
        ({"gib": ""}, "checkpoint.gib", "is missing"),
        ({"restart_minutes": "x"}, "checkpoint.restart_minutes", "not a number"),
        ({"interval_minutes": "0"}, "checkpoint.interval_minutes", "above 0"),
        ({"requeue_minutes": "-5"}, "spot.requeue_minutes", "0"),
        ({"interruptions": "3"}, INSTANCE_HOURS, "is needed"),
        ({"instance_hours": "3"}, INTERRUPTIONS, "is needed"),
        ({"interruptions": "1.5", "instance_hours": "10"}, INTERRUPTIONS, "fractional part"),
        ({"interruptions": "1", "instance_hours": "0"}, INSTANCE_HOURS, "above 0"),
        ({"trace": "aws1026-us-west-2b_v100_2"}, TRACE, "did you mean"),
        ({"campaign": "aws1026"}, CAMPAIGN, "is not a known set"),
        ({"start_hours": "noon"}, "start_hours", "not a number"),
        ({"rate_per_day": ""}, "rate_per_day", "is needed"),
        ({"burst": "1.5"}, "burst", "whole number"),
        ({"before_minutes": "inf"}, "before_minutes", "not a number"),
        ({"first_seconds": "0"}, "first_seconds", "above 0"),
        ({"factor": "0.5"}, "factor", "at least 1"),
        ({"most_minutes": "0.5"}, "most_minutes", "shorter than the first wait"),
        ({"jitter_percent": "101"}, "jitter_percent", "from 0 to 100"),
    ],
)
def test_what_cannot_be_is_told_beside_its_control(
    page: spot._Page, values: dict[str, str], key: str, words: str
) -> None:
    before, record, stood = page.state.answer, page.state.record, dict(page.state.values)
    asked(page.state, **values)
    (fault,) = page.state.faults
    assert words in str(fault) and set(told(page)) == {key} and control_of(fault) == key
    assert page.state.answer is before and page.state.record is record and page.state.values == stood
    assert "last good values" in page.general.value
    page.state.propose(page.state.values)
    assert not page.state.faults and page.general.value == "" and not told(page)


@pytest.mark.parametrize(
    ("values", "key", "words", "piece"),
    [
        ({"start_hours": "1e6"}, "start_hours", "must be from 0 to", "job"),
        ({"start_hours": "-1"}, "start_hours", "must be from 0 to", "job"),
        ({"rate_per_day": "0"}, "rate_per_day", "above 0", "drills"),
        ({"burst": "0"}, "burst", "above 0", "drills"),
        ({"burst": "100"}, "burst", "more than the 72 h", "drills"),
        ({"before_minutes": "1e-9"}, "before_minutes", "above 0", "drills"),
    ],
)
def test_what_a_piece_cannot_have_leaves_the_rest(
    page: spot._Page, values: dict[str, str], key: str, words: str, piece: str
) -> None:
    before = record_of(page.state)
    asked(page.state, **values)
    after = record_of(page.state)
    assert not changed(before, after) and not page.state.faults
    (fault,) = after.faults
    assert words in str(fault) and set(told(page)) == {key}
    assert page.general.value == "", "the answer is for these values"
    page.state.propose({**page.state.values, key: DEFAULTS[key]})
    assert not record_of(page.state).faults and not told(page) and not changed(before, record_of(page.state))


def test_a_recording_shorter_than_the_deadline_is_told_beside_the_choice(page: spot._Page) -> None:
    asked(page.state, trace=SHORT_TRACE, campaign=SHORT)
    asked(page.state, deadline_hours="400")
    record = record_of(page.state)
    assert set(told(page)) == {TRACE, CAMPAIGN} and "choose another" in told(page)[TRACE]
    assert record.job is None and record.moves is None and record.drills is not None
    assert page.one_job.layout.display == "none" and page.zones.layout.display == "none"
    assert page.drills.layout.display is None and len(record.policies)
    asked(page.state, trace=LONG_TRACE, campaign=LONG)
    assert not told(page) and page.one_job.layout.display is None and page.zones.layout.display is None


def test_several_faults_are_told_together(page: spot._Page) -> None:
    asked(page.state, deadline_hours="x", gib="-1", burst="1.5", jitter_percent="200", trace="none")
    assert set(told(page)) == {"deadline_hours", "checkpoint.gib", "burst", "jitter_percent", TRACE}


def test_what_is_typed_is_escaped(page: spot._Page) -> None:
    page.form.inputs["burst"].value = "<script>x</script>"
    said = told(page)["burst"]
    assert "<script" not in said and "&lt;script" in said


def test_names_from_data_are_escaped(state: SpotState) -> None:
    bad = "<img src=x onerror=alert(1)>"
    table = few_traces().table
    named = table.assign(trace=table["trace"].replace(LONG_TRACE, bad), zone=bad)
    named["campaign"] = named["campaign"].replace("aws1026", bad)
    own = SpotState(sources(), traces=SpotTraces(named))
    own.propose({**own.values, TRACE: bad})
    page = spot._Page(own)
    try:
        said = "".join(
            widget.value for widget in ipywidgets.Widget.widgets.values() if isinstance(widget, ipywidgets.HTML)
        )
        assert "&lt;img src=x" in page.job.value
        assert "<img" not in said
        page.download.click()
        assert "<img" not in page.links.value
        for chart in page.charts.values():
            assert "<img" not in chart.figure.to_json().replace("\\u003c", "<")
    finally:
        ipywidgets.Widget.close_all()


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


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"deadline_hours": "2"}, "is shorter than the work and one start"),
        ({"deadline_hours": "5000"}, "is longer than every recorded trace"),
        # A local zone, whose interruptions only the user knows.
        (
            {
                "instance_type": "p6-b200.48xlarge",
                "region": "us-east-1-atl-2a",
                "interruptions": "1",
                "instance_hours": "1000",
            },
            "has no on-demand price in",
        ),
    ],
)
def test_what_no_recording_tells_has_its_quick_answer_and_the_reason(
    page: spot._Page, values: dict[str, str], words: str
) -> None:
    asked(page.state, **values)
    state = page.state
    if "region" in values:
        assert state.answer.run.on_demand is None and "On demand" not in page.answer.value
    assert not state.faults and not state.problem and state.record is None and not state.busy
    assert words in state.reason and words in page.reason.value and "_hours" not in page.reason.value
    assert page.recorded.layout.display == "none" and usd(state.answer.run.plan.cost_usd.expected) in page.answer.value
    page.start.value = "gpt2-1.5b"
    page.state.propose(
        {**page.state.values, **{key: DEFAULTS[key] for key in values if key in DEFAULTS}, "deadline_hours": "72"}
    )
    assert page.recorded.layout.display is None and page.reason.value == ""


def test_a_run_that_will_not_finish_says_so(page: spot._Page) -> None:
    asked(page.state, interruptions="1000", instance_hours="10")
    assert checkpoints.why_not(page.state.answer.run, page.state.answer.run.interval_hours)
    assert "it will not finish" in page.answer.value and "inf" not in page.answer.value
    asked(page.state, interruptions="0", instance_hours="10", instance_type="p4d.24xlarge")
    assert "never, or every" in page.hazard.value and "not known at" not in page.hazard.value


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


class Stopped(Foreground):
    """A worker that is stopped, or fails, before its first piece."""

    error: Exception = Cancelled("stopped by the user")

    def start(self, work: Work, on_progress: Progress, on_end: object) -> None:
        on_end(None, self.error)  # type: ignore[operator]


def test_work_that_is_stopped_keeps_the_last_record(page: spot._Page, monkeypatch: pytest.MonkeyPatch) -> None:
    before, worker = page.state.record, Stopped()
    monkeypatch.setattr(page.state, "_worker", worker)
    asked(page.state, burst="3")
    assert page.state.record is before and "Stopped" in page.general.value and not page.state.busy
    worker.error = KeyError("broken")
    with pytest.raises(KeyError):
        asked(page.state, burst="2")
    assert "failed unexpectedly" in page.state.problem


def test_no_spot_plan_at_all_is_refused() -> None:
    with pytest.raises(CostlibError, match="no spot plan"):
        SpotState(sources(), workload().changed({"search.purchase": ["on_demand"]}), traces=few_traces())
    with pytest.raises(InvalidInput, match="p5.48xlarg"):
        choose(result(), instance_type="p5.48xlarg")


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
