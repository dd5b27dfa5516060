"""The commitments page, headless: what cannot be is told beside its control, and what is typed is escaped."""

from __future__ import annotations

import pytest

from costlib.errors import Fault, InvalidInput
from costlib.panels import commit
from costlib.panels.commit_fields import DEFAULTS, control_of, future_of
from costlib.panels.commit_state import CommitState
from costlib.panels.commit_views import purchases_html, usage_html
from costlib.planner.commit.asked import Asked
from costlib.planner.commit.demand import Future
from costlib.planner.commit.report import commit_report
from tests.example import sources
from tests.panels.commit.conftest import Stopped, told


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("stop", "x", "is not a number"),
        ("stop", "100", "must be from 0 to 99.9 %"),
        ("spot", "120", "must be from 0 to 100 %"),
        ("spot_types", "g5.xlarge", "is not a type and its percent"),
        ("spot_types", "g5.xlarg 5", "g5.xlarge"),
        ("spot_types", "g5.xlarge 101", "from 0 to 100"),
        ("capital", "", "is needed"),
        ("plan_types", "", "name at least one"),
        ("terms_years", "", "name at least one"),
        ("needs", "p5.48xlarge us-east-1 1", "is not a type, region"),
        ("needs", "p4d.24xlarge us-east-1 1 15", "is not sold"),
        ("needs", "p4d.24xlarge us-east-1 360 14", "is not within"),
        ("needs", "g5.xlarge us-east-1 1 7", "has no Capacity Block price"),
        ("cut_families", "g55", "g5"),
        ("held", "/nowhere.csv", "cannot be read"),
    ],
)
def test_what_cannot_be_is_told_beside_its_control(page: commit._Page, key: str, value: str, words: str) -> None:
    report, said = page.state.report, page.answer.value
    page.state.propose({key: value})
    assert set(told(page)) == {key} and words in told(page)[key]
    assert (
        page.state.report is report and page.answer.value == said and "last good values" in page.controls.general.value
    )
    (tab,) = [title for title in page.controls.tabs.titles if "⚠" in title]
    assert page.controls.form.boxes[key]._dom_classes[-1] == "costlib-refused"
    page.state.propose({key: DEFAULTS[key]})
    assert not told(page) and tab not in page.controls.tabs.titles


@pytest.mark.parametrize(
    ("values", "key", "words"),
    [
        ({"growth": "stated", "growth_low": "30"}, "growth_low", "above the expected"),
        ({"growth": "stated", "growth_high": "10"}, "growth_high", "below the expected"),
        ({"growth": "stated", "growth_expected": "x"}, "growth_expected", "not a number"),
        ({"move_source": "p4d.24xlarge"}, "move_target", "is needed"),
        ({"move_source": "p4d.24xlarge", "move_target": "p4d.24xlarge"}, "move_target", "moves from"),
        ({"move_source": "p4d.24xlarge", "move_target": "p5.48xlarg"}, "move_target", "p5.48xlarge"),
        ({"move_source": "p4d.24xlarge", "move_target": "p5.48xlarge", "move_ratio": "0"}, "move_ratio", "from 0.001"),
        ({"move_source": "p4d.24xlarge", "move_target": "p5.48xlarge", "move_month": "1.5"}, "move_month", "whole"),
        ({"move_source": "p4d.24xlarge", "move_target": "p5.48xlarge", "move_month": "12"}, "move_month", "to 11"),
        ({"move_source": "p4d.24xlarge", "move_target": "p5.48xlarge", "move_chance": "0"}, "move_chance", "from 0.1"),
        ({"cut_families": "p4d", "cut": "100"}, "cut", "to 99.9"),
        ({"cut_families": "p4d", "cut_month": "12"}, "cut_month", "to 11"),
    ],
)
def test_what_may_come_is_checked_only_where_it_counts(
    state: CommitState, values: dict[str, str], key: str, words: str
) -> None:
    faults: list[Fault] = []
    assert future_of({**DEFAULTS, **values}, state.read.usage, state.types, faults) is None
    (fault,) = faults
    assert control_of(fault) == key and words in str(fault)
    without = {"growth": "history", "move_source": "", "cut_families": ""}
    assert future_of({**DEFAULTS, **values, **without}, state.read.usage, state.types, []) == Future()


def test_several_faults_are_told_together(page: commit._Page) -> None:
    page.state.propose(
        {"stop": "x", "spot": "-1", "needs": "a b", "payments": "", "cut_families": "none, g5", "cut": "0"}
    )
    assert set(told(page)) == {"stop", "spot", "needs", "payments", "cut_families", "cut"}
    assert sum("⚠" in title for title in page.controls.tabs.titles) == 3


def test_faults_of_the_planner_stand_beside_a_control() -> None:
    usage = CommitState(sources()).read.usage
    for future in (Future(months=5), Future(growth=(1.0, 0.0, 2.0)), Future(stop_chance_fraction=1.0)):
        with pytest.raises(InvalidInput) as refused:
            commit_report(sources().book, usage, future)
        assert control_of(refused.value.faults[0]) is not None
    with pytest.raises(InvalidInput) as refused:
        commit_report(sources().book, usage, None, Asked(spot_fraction=2.0, terms_years=(), spot_by_type=(("x", 2),)))
    assert {control_of(fault) for fault in refused.value.faults} == {"spot", "terms_years", "spot_types"}


def test_names_from_files_are_escaped(state: CommitState) -> None:
    bad = "<img src=x>"
    read = type(state.read)(state.read.usage, state.read.hours, (bad,), bad)
    assert "<img" not in usage_html(type(state.begun)(read))
    rows = state.report.purchases.assign(rule="'><script>", region="<b>")
    assert "<script>" not in purchases_html(rows) and "<b>g5" not in purchases_html(rows)


def test_work_that_is_stopped_keeps_the_answer(page: commit._Page, monkeypatch: pytest.MonkeyPatch) -> None:
    report, worker = page.state.report, Stopped()
    monkeypatch.setattr(page.state, "_worker", worker)
    page.state.propose({"stop": "33"})
    assert page.state.report is report and "Stopped" in page.controls.general.value and not page.state.busy
    worker.error = KeyError("broken")
    with pytest.raises(KeyError):
        page.state.propose({"stop": "34"})
    assert "failed unexpectedly" in page.state.problem
    monkeypatch.undo()


def test_a_state_that_cannot_begin_says_why() -> None:
    with pytest.raises(InvalidInput, match="none"):
        CommitState(sources(), values={"stop": "none"})
    with pytest.raises(InvalidInput, match="beginning"):
        CommitState(sources(), values={"start": "example:nothing"})
