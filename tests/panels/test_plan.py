import base64
import re

import ipywidgets
import pytest

from costlib.panels import plan_views
from costlib.panels.chart import Chart, ClickedPoint
from costlib.panels.clickable import Clickable
from costlib.panels.plan import open_state, plan_panel
from costlib.panels.plan_state import PlanState
from costlib.panels.scenarios import ScenarioShelf
from costlib.planner.explain import plans
from costlib.planner.scenario import ScenarioFolder
from costlib.workload import Workload
from tests.example import result, sources, workload


@pytest.fixture
def state() -> PlanState:
    return PlanState(sources(), workload())


@pytest.fixture
def panel(state, tmp_path):
    return plan_panel(state, ScenarioShelf(state, ScenarioFolder(tmp_path)))


def widgets(box):
    yield box
    for child in getattr(box, "children", ()):
        yield from widgets(child)


def tabs_of(panel):
    return next(w for w in widgets(panel) if isinstance(w, ipywidgets.Tab) and w.titles[0] == "Plans")


def text_of(panel):
    return " ".join(w.value for w in widgets(panel) if isinstance(w, ipywidgets.HTML))


def test_the_panel_opens_on_the_example():
    panel = plan_panel(open_state())
    assert "a run" in text_of(panel) and sources().book.snapshot_id in text_of(panel)


def test_the_answer_and_the_main_chart_follow_the_draft(state, panel):
    before = text_of(panel)
    charts = [w for w in widgets(panel) if isinstance(w, Chart)]
    assert len(charts) == 1
    drawn = charts[0].figure.to_json()
    state.propose(workload().changed({"work.tokens": 1e11}).to_mapping())
    assert text_of(panel) != before
    assert [w for w in widgets(panel) if isinstance(w, Chart)] == charts
    assert charts[0].figure.to_json() != drawn


def test_every_tab_is_drawn_when_opened_and_moves_with_the_draft(state, panel):
    tabs = tabs_of(panel)
    for place in range(1, 4):
        tabs.selected_index = place
        shown = [w for w in widgets(tabs.children[place]) if isinstance(w, (Chart, Clickable, ipywidgets.HTML))]
        assert shown

        def content(shown=shown):
            return [
                w.figure.to_json() if isinstance(w, Chart) else w.html if isinstance(w, Clickable) else w.value
                for w in shown
            ]

        before = content()
        state.propose(workload().changed({"work.tokens": 1e11 + place}).to_mapping())
        assert content() != before
        tabs.selected_index = 0
        state.undo()
        tabs.selected_index = place
        assert content() == before


def test_clicks_select_sort_and_move_levers(state, panel):
    tabs = tabs_of(panel)
    table = next(w for w in widgets(tabs.children[0]) if isinstance(w, Clickable))
    row = int(result().order[50])
    for clicked in (f"row:{row}", "row:x", "row:999999999", "sort:nothing", "", "row:-1"):
        table._receive(table, {"clicked": clicked}, None)
    assert state.selected_row == row
    assert state.selected_plan().key in text_of(panel)
    main = next(w for w in widgets(panel) if isinstance(w, Chart))
    for callback in main._click_callbacks:
        callback(ClickedPoint(0, 0, [int(result().order[3]), "", "", ""]))
    assert state.selected_row == result().order[3]
    tabs.selected_index = 2
    rungs = next(w for w in widgets(tabs.children[2]) if isinstance(w, Clickable))
    for clicked in ("earlier:spot", "earlier:nothing", "sideways:spot", "spot"):
        rungs._receive(rungs, {"clicked": clicked}, None)
    assert state.lever_order.index("spot") == 2
    assert rungs.html.index("use spot") < rungs.html.index("other accelerators")


@pytest.mark.parametrize("content", [None, "x", {}, {"clicked": 3}, {"clicked": "x" * 1000}])
def test_what_a_page_sends_is_checked(content):
    told = []
    shown = Clickable("<b>hi</b>")
    shown.on_click(told.append)
    shown._receive(shown, content, None)
    assert told == []


def test_the_explanation_holds_every_line_with_its_source(state):
    plan = state.selected_plan()
    html = plan_views.explanation_html(plan)
    for line in plan.lines:
        assert line.formula in html and line.as_of in html
        assert plan_views.escape(line.source) in html and plan_views.escape(line.rule) in html
    assert "Click a row" in plan_views.explanation_html(None)


def test_the_banner_dates_the_best_plan_s_prices_and_the_explanation_its_own(state, panel):
    best = state.best_plans(1)[0]
    assert f"prices of the best plan as of {best.prices_as_of}" in text_of(panel)
    other = plans(state.result, state.result.order[-1:])[0]
    assert other.prices_as_of != best.prices_as_of
    assert f"Prices as of {other.prices_as_of}" in plan_views.explanation_html(other)
    state.propose(workload().changed({"deadline_hours": 0.01}).to_mapping())
    assert sources().book.banner in text_of(panel)


def test_a_plan_that_could_be_late_says_so(state):
    said = set()
    for hours in (96, 500):
        state.propose(workload().changed({"deadline_hours": hours}).to_mapping())
        is_sure = state.best_plans(1)[0].meets_deadline_at_high
        assert ("could be late" in plan_views.answer_html(state)) != is_sure
        said.add(is_sure)
    assert said == {True, False}


def test_the_explanation_says_what_is_not_costed(state):
    assert "EBS root and data volumes" in plan_views.explanation_html(state.selected_plan())


def test_the_ladder_says_what_costs_more(state):
    assert "costs " not in plan_views.ladder_html(state)
    state.propose(workload().changed({"deadline_hours": 1.0}).to_mapping())
    html = plan_views.ladder_html(state)
    assert "costs 193 times as much, and holds the deadline" in html and "The best plan costs 30 % more" in html
    assert "-$" not in html and "-18" not in html


def test_data_text_cannot_become_html(state):
    import dataclasses

    plan = state.selected_plan()
    evil = "<script>alert(1)</script>"
    line = dataclasses.replace(plan.lines[0], source=evil, rule=evil, formula=evil)
    hostile = dataclasses.replace(plan, lines=(line,), option=evil, hours_rule=evil, region=evil, az=None)
    assert evil not in plan_views.explanation_html(hostile)


def test_what_was_left_out_adds_up(state):
    answer = state.result
    out = sum(item.candidates for item in answer.exclusions)
    assert answer.enumerated == out + len(answer.order)
    html = plan_views.excluded_html(answer)
    assert f"{out:,} fell out" in html and f"{len(answer.order):,} are ranked" in html
    assert html.count("<tr>") == len(answer.exclusions) + 1


def test_a_deadline_nobody_holds_is_said(state):
    state.propose(workload().changed({"deadline_hours": 0.01}).to_mapping())
    html = plan_views.answer_html(state)
    assert "No plan holds the deadline" in html and "fastest" in html


@pytest.mark.parametrize("kind", list(plan_views.EXPORTS))
def test_every_download_is_a_whole_file_in_a_link(state, kind):
    some = plans(state.result, state.result.order[:3])
    html = plan_views.download_html(state, kind, some)
    name, data = re.search(r"download='([^']+)' href='data:[^;]+;base64,([^']+)'", html).groups()
    content = base64.b64decode(data)
    assert name == f"gpt2-1.5b.{plan_views.EXPORTS[kind].suffix}"
    start = {"csv": b"", "excel": b"PK", "html": b"<!DOCTYPE html", "yaml": b"kind: training"}[kind]
    assert content.lower().startswith(start.lower()) and len(content) > 100
    if kind == "csv":
        assert some[0].instance_type.encode() in content
    if kind == "yaml":
        assert Workload.from_yaml_text(content.decode(), sources().vocabulary) == state.draft.workload


def test_a_prepared_link_goes_when_the_answer_changes(state, panel):
    button = next(w for w in widgets(panel) if isinstance(w, ipywidgets.Button) and w.description == "CSV")
    button.click()
    assert "data:text/csv" in text_of(panel)
    state.propose(workload().changed({"work.tokens": 1e10}).to_mapping())
    assert "data:text/csv" not in text_of(panel)


def test_an_example_and_yaml_text_become_the_draft(state, panel):
    example = next(w for w in widgets(panel) if getattr(w, "description", "") == "Example")
    example.value = "llama2-70b.yaml"
    assert state.draft.workload.name == "llama2-70b"
    area = next(w for w in widgets(panel) if isinstance(w, ipywidgets.Textarea) and "kind: training" in w.value)
    assert "llama2-70b" in area.value
    area.value = workload().to_yaml()
    next(w for w in widgets(panel) if getattr(w, "description", "") == "Use this YAML").click()
    assert state.draft.workload == workload()
