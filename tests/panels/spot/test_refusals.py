"""The spot page, headless: what cannot be is told beside its control, and what is typed is escaped."""

from __future__ import annotations

import ipywidgets
import pytest

from costlib.display import usd
from costlib.errors import Cancelled, CostlibError, InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.panels import spot
from costlib.panels.background import Foreground, Progress, Work
from costlib.panels.spot_fields import (
    CAMPAIGN,
    DEFAULTS,
    INSTANCE_HOURS,
    INTERRUPTIONS,
    TRACE,
    control_of,
)
from costlib.panels.spot_state import SpotState
from costlib.planner.spot import checkpoints
from costlib.planner.spot.run import choose
from tests.example import result, sources, workload
from tests.few_traces import LONG, LONG_TRACE, SHORT, SHORT_TRACE, few_traces
from tests.panels.spot.conftest import asked, changed, record_of, told


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
        ({"interruptions": "1.5", "instance_hours": "10"}, INTERRUPTIONS, "whole number"),
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
