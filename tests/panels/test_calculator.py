"""The managers' page, headless: move a choice, read the answer; open a link, read the choices."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from statistics import median

import ipywidgets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.figures import ladder as ladder_figure
from costlib.panels import calculator, calculator_text
from costlib.panels.calculator_state import COMMITMENTS, INPUTS, RANGES, CalculatorState, stops_of
from costlib.panels.link import from_query, to_query
from costlib.planner.sources import Sources


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources.open()


@pytest.fixture
def state(sources: Sources) -> CalculatorState:
    return CalculatorState(sources)


@pytest.fixture
def page(state: CalculatorState) -> Iterator[calculator._Page]:
    yield calculator._Page(state)
    ipywidgets.Widget.close_all()


def cost(state: CalculatorState) -> float:
    assert state.answer is not None and not state.stale
    return state.answer.best.cost_usd.expected


def test_it_starts_from_the_example_and_ends_the_ladder_at_the_answer(state: CalculatorState) -> None:
    assert state.parameters == state.example.model.parameters and state.tokens == state.example.work.tokens
    assert state.answer is not None
    assert state.answer.ladder.end_usd == pytest.approx(cost(state))
    assert state.answer.best.cost_usd.low <= cost(state) <= state.answer.best.cost_usd.high


def test_more_work_costs_more_and_fewer_choices_never_cost_less(state: CalculatorState) -> None:
    start = cost(state)
    state.tokens = 2 * state.tokens
    assert cost(state) > start
    state.change(state.defaults)
    for choice in ("interruptible", "may_commit", "may_move"):
        before = cost(state)
        setattr(state, choice, False)
        assert cost(state) >= before * (1 - 1e-9)


def test_no_means_no(state: CalculatorState) -> None:
    state.change({"interruptible": False, "may_commit": False, "may_move": False, "home_region": "eu-west-1"})
    assert state.answer is not None
    for plan in (state.answer.best, *(other.plan for other in state.answer.alternatives)):
        assert plan.purchase not in ("spot", *COMMITMENTS) and plan.region == "eu-west-1"
    levers = {rung.lever for rung in state.answer.ladder.rungs}
    assert not levers & {"spot", "region", "commitment"}
    assert state.answer.ladder.end_usd == pytest.approx(cost(state))


def test_alternatives_differ_and_hold_the_deadline(state: CalculatorState) -> None:
    assert state.answer is not None
    kept = [state.answer.best, *(other.plan for other in state.answer.alternatives)]
    assert len(kept) == 4 and len({plan.key for plan in kept}) == 4
    assert all(plan.meets_deadline for plan in kept)
    assert state.answer.best.cost_usd.expected == min(plan.cost_usd.expected for plan in kept)


def test_an_impossible_deadline_stands_beside_its_control(page: calculator._Page) -> None:
    state, before = page.state, page.state.answer
    chart = page.chart
    assert chart is not None
    drawn = chart.figure.to_json()
    state.change({"parameters": 2e10, "tokens": 1e12, "deadline_days": 1})
    assert [fault.field for fault in state.faults] == ["deadline_days"]
    assert "too short" in page.messages["deadline_days"].value and "days" in page.messages["deadline_days"].value
    assert state.stale and state.answer is before and chart.figure.to_json() == drawn
    assert "costlib-stale" in page.answer._dom_classes and "last good answer" in page.answer.value
    state.change(state.defaults)
    assert not state.faults and not state.stale and page.messages["deadline_days"].value == ""
    assert "costlib-stale" not in page.answer._dom_classes


def test_a_value_out_of_range_changes_nothing(state: CalculatorState) -> None:
    before = state.choices
    for name, value in (("tokens", 1e18), ("deadline_days", 2.5), ("parameters", math.nan), ("home_region", "mars")):
        with pytest.raises(InvalidInput):
            state.change({"runs_per_month": 9, name: value})
    assert state.choices == before


def test_a_slow_end_past_the_deadline_is_said(state: CalculatorState) -> None:
    said = {}
    for parameters in (1e8, 1e9, 7e9, 1e10):
        state.parameters = parameters
        assert state.answer is not None and not state.stale
        said[parameters] = "misses your 72.0 h" in calculator_text.answer(state)
        assert said[parameters] == (state.answer.best.hours.high > 72)
        assert said[parameters] == ("could be late" in calculator_text.answer(state))
    assert set(said.values()) == {False, True}


def test_a_slider_moves_answer_chart_and_link(page: calculator._Page) -> None:
    before = (page.answer.value, page.chart.figure.to_json(), page.link.query)  # type: ignore[union-attr]
    size = page.controls["parameters"]
    size.value += 4
    assert page.state.parameters == stops_of("parameters", page.state.defaults["parameters"])[size.value]
    after = (page.answer.value, page.chart.figure.to_json(), page.link.query)  # type: ignore[union-attr]
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_a_move_answers_fast(page: calculator._Page) -> None:
    """Under 200 ms to the page, of which half is the kernel's; twice that here, for a busy machine."""
    size = page.controls["parameters"]
    taken = []
    for step in range(5):
        begun = time.perf_counter()
        size.value += 1 if step % 2 else -1
        taken.append(time.perf_counter() - begun)
    assert median(taken) < 0.2


def test_the_chart_is_small_enough_to_send_at_every_move(page: calculator._Page) -> None:
    assert page.chart is not None and len(page.chart.figure.to_json()) < 5_000


def test_a_link_between_two_stops_keeps_its_value(page: calculator._Page) -> None:
    page.link.opened_with = "?parameters=1234567890&deadline_days=5"
    assert page.state.parameters == 1234567890 and page.state.deadline_days == 5
    assert page.controls["deadline_days"].value == 4
    assert "parameters=1234567890" in page.link.query and page.link_notes.value == ""


def test_a_bad_link_is_read_as_far_as_it_goes(page: calculator._Page) -> None:
    page.link.opened_with = (
        "?tokens=1e15&parameters=__import__('os')&may_move=no&deadline_day=9&home_region=<b>&token=secret&may_move=yes"
    )
    assert page.state.may_move is False
    assert page.state.choices == {**page.state.defaults, "may_move": False}
    notes = page.link_notes.value
    for said in ("must be from 1,000,000,000", "is not a number", "deadline_days", "is not a known region", "twice"):
        assert said in notes
    assert "<b>" not in notes and "secret" not in notes and page.link.query == "may_move=no"


values = st.fixed_dictionaries(
    {
        **{
            name: st.integers(int(ends.least), int(ends.most)).map(float)
            if ends.whole
            else st.floats(ends.least, ends.most).map(lambda number: float(f"{number:.12g}"))
            for name, ends in RANGES.items()
        },
        "home_region": st.sampled_from(["us-east-1", "eu-west-1"]),
        "interruptible": st.booleans(),
        "may_move": st.booleans(),
        "may_commit": st.booleans(),
    }
)


@given(chosen=values)
def test_a_link_reads_back_as_written(chosen: dict[str, object], sources: Sources) -> None:
    state = _shared_state(sources)
    read, faults = from_query("?" + to_query(chosen, state.defaults), state.defaults, state.check)
    assert not faults
    assert {**state.defaults, **read} == {name: chosen[name] for name in INPUTS}


@given(query=st.text(max_size=300))
def test_no_link_breaks_the_page(query: str, sources: Sources) -> None:
    state = _shared_state(sources)
    read, _ = from_query(query, state.defaults, state.check)
    assert set(read) <= set(INPUTS)


_states: list[CalculatorState] = []


def _shared_state(sources: Sources) -> CalculatorState:
    """One state for all examples: reading links does not change it."""
    if not _states:
        _states.append(CalculatorState(sources))
    return _states[0]


def test_stops_are_round_and_hold_the_start(state: CalculatorState) -> None:
    for name in RANGES:
        stops = stops_of(name, state.defaults[name])
        assert stops == sorted(set(stops)) and state.defaults[name] in stops
        assert stops[0] == RANGES[name].least and stops[-1] == RANGES[name].most


@pytest.mark.parametrize(
    ("value", "text"),
    [(1_558_000_000, "1.56 billion"), (1e12, "1 trillion"), (999.6e9, "1 trillion"), (124.5e6, "124 million")],
)
def test_plain_numbers(value: float, text: str) -> None:
    assert calculator_text.plain_number(value) == text


def test_the_date_is_that_of_the_answer_s_prices(page: calculator._Page) -> None:
    shown = set()
    for choices in ({}, {"interruptible": False, "may_commit": False}, {"home_region": "eu-west-1", "may_move": False}):
        page.state.change({**page.state.defaults, **choices})
        answer = page.state.answer
        assert answer is not None and page.chart is not None
        dates = sorted(line.as_of for line in answer.best.lines)
        span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
        said = f"prices of the best plan as of {span}"
        assert said in page.sureness.value and said in page.chart.figure.layout.annotations[0].text
        shown.add(span)
    assert len(shown) > 1


def test_a_start_that_is_too_late_and_too_cheap_is_told(page: calculator._Page) -> None:
    page.state.change({"parameters": 2e10, "tokens": 1e11, "deadline_days": 1})
    answer = page.state.answer
    assert answer is not None and not page.state.stale
    dearer = [rung for rung in answer.ladder.rungs if rung.saved_usd < 0]
    assert dearer and "added" in page.savings_note.value
    assert answer.ladder.summary.replace("'", "&#x27;") in page.savings_note.value
    page.state.change(page.state.defaults)
    assert "added" not in page.savings_note.value


def test_what_is_not_costed_is_said(page: calculator._Page) -> None:
    assert "EBS root and data volumes" in page.sureness.value


def test_the_savings_chart_adds_up(state: CalculatorState) -> None:
    assert state.answer is not None
    figure = ladder_figure.figure(state.answer.ladder, "banner <b>")
    light, dark, _ = figure.data
    for before, now, end, gone in zip(dark.x, dark.x[1:], light.x[1:], light.customdata[1:], strict=False):
        assert end == pytest.approx(max(before, now)) and now + gone == pytest.approx(end)
    assert dark.x[-1] == pytest.approx(state.answer.ladder.end_usd) and len(light.text) == len(dark.x)
    assert "banner &lt;b&gt;" in json.loads(figure.to_json())["layout"]["annotations"][-1]["text"]
