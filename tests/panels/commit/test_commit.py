"""The commitments page, headless: set a control, read the answer."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from costlib.display import usd, usd_band
from costlib.errors import Fault
from costlib.panels import commit
from costlib.panels.choices import Choices
from costlib.panels.commit_fields import CONTROLS, DEFAULTS, OF_PAST, OF_USAGE, asked_of, future_of
from costlib.panels.commit_later import WEIGHTS, Weighed
from costlib.panels.commit_state import RISK_PERCENT, CommitState
from costlib.panels.commit_tables import caution_html, ladder_html, offers_html
from costlib.panels.commit_usage import START_DEFAULTS, STARTS
from costlib.panels.commit_views import answer_html, assumptions_html, purchases_html
from costlib.panels.workload_fields import Control
from costlib.planner.commit.asked import Asked
from costlib.planner.commit.demand import Future
from costlib.planner.commit.report import CommitReport, commit_report
from tests.example import sources
from tests.panels.commit.conftest import EXAMPLE, Waits, drawn, later_of


def test_the_page_opens_with_the_example_s_answer(page: commit._Page) -> None:
    state = page.state
    usage = state.read.usage
    assert state.read.name == EXAMPLE.name and not state.busy
    expected = commit_report(sources().book, usage, Future(), Asked(risk_weight=RISK_PERCENT / 100))
    pd.testing.assert_frame_equal(state.report.purchases, expected.purchases)
    low, high = expected.saved_band_usd
    summary = expected.portfolio.summary
    said = page.answer.value
    assert f"<b>save {usd(summary['expected_saved_usd'])}</b>" in said and f"{usd(low)} – {usd(high)}" in said
    assert len(expected.purchases) == 1 and f"it loses {usd(-summary['worst_saved_usd'])}. It covers" in said
    estimates = int((expected.purchases["basis"] == "estimate").sum())
    assert f"{estimates} of {len(expected.purchases)} purchase" in page.sureness.value and estimates
    for row in expected.purchases.to_dict("records"):
        assert usd(row["upfront_usd"]) in page.purchases.value and row["rule"][:40] in page.purchases.value
    assert f"{len(usage.quantity):,} hours" in page.controls.read.value
    for line in usage.lines:
        assert line.instance_type in page.controls.read.value
    assert all(len(chart.figure.data) for chart in page.charts.values())
    assert page.working.layout.visibility == "hidden"


def test_what_follows_later_is_what_the_report_says(state: CommitState) -> None:
    later, report = later_of(state), state.report
    assert later.saved_band_usd == report.saved_band_usd
    pd.testing.assert_frame_equal(later.regret, report.portfolio.regret)
    pd.testing.assert_frame_equal(later.ladder.purchases, report.ladder.purchases)
    assert list(later.frontier["risk_weight"]) == list(WEIGHTS)
    state.weigh(60)
    row = later_of(state).frontier.set_index("risk_weight").loc[0.6]
    assert row["expected_usd"] == state.report.portfolio.expected_usd
    assert row["tail_lost_usd"] == state.report.portfolio.lost_usd
    # Hindsight is the same whatever was bought; the portfolio's own regret searches for it anew, to 2e-5 of the cost.
    hindsight = later_of(state).regret["hindsight_usd"]
    assert hindsight.to_numpy() == pytest.approx(state.report.portfolio.regret["hindsight_usd"].to_numpy(), rel=1e-4)


def test_the_weight_moves_answer_and_charts_and_comes_back(page: commit._Page) -> None:
    before, purchases, said = drawn(page), page.purchases.value, page.answer.value
    page.controls.slider.value = 100
    state = page.state
    assert state.risk_percent == 100 and state.report.asked.risk_weight == 1.0
    assert page.purchases.value != purchases and page.answer.value != said
    after = drawn(page)
    assert {name for name in before if before[name] != after[name]} >= {"layers", "scenarios", "cash", "frontier"}
    assert after["offer"] == before["offer"], "an offer alone knows no weight"
    page.controls.slider.value = RISK_PERCENT
    assert drawn(page) == before and page.answer.value == said


def test_the_weight_moves_at_once_and_the_rest_follows(page: commit._Page, monkeypatch: pytest.MonkeyPatch) -> None:
    state, worker = page.state, Waits()
    ladder, bought = page.rungs.value, page.purchases.value
    monkeypatch.setattr(state, "_worker", worker)
    page.controls.slider.value = 100
    assert state.later is None and state.busy and page.purchases.value != bought and page.rungs.value == ladder
    assert "estimated rates go" not in page.answer.value
    # What does not depend on the weight is known already.
    assert {"hindsight", "days7"} <= {one.uid for one in page.charts["scenarios"].figure.data}
    worker.run()
    assert later_of(state).saved_band_usd == state.report.saved_band_usd and not state.busy
    assert "estimated rates go" in page.answer.value or purchases_html(state.report.purchases) == ""
    monkeypatch.undo()


def test_a_weight_moved_while_an_answer_is_worked_out_counts_for_it(
    page: commit._Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, worker = page.state, Waits()
    monkeypatch.setattr(state, "_worker", worker)
    page.controls.form.inputs["stop"].value = "5"
    first = state.report
    page.controls.slider.value = 80
    assert state.report is first, "the answer that comes will be for this weight"
    worker.run()
    assert state.report.asked.risk_weight == 0.8 and state.report.future.stop_chance_fraction == 0.05
    worker.run()
    assert state.later is not None
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("values", "read", "wanted"),
    [
        ({"stop": "40"}, lambda made: made.future.stop_chance_fraction, 0.4),
        ({"growth": "stated", "growth_high": "90"}, lambda made: made.future.growth, (-0.2, 0.2, 0.9)),
        ({"spot": "30"}, lambda made: set(made.terms.spot_fraction.values()), {0.3}),
        ({"spot_types": "g5.xlarge 50"}, lambda made: list(made.terms.spot_fraction.values()), [0.5]),
        ({"capital": "12"}, lambda made: made.terms.cost_of_capital_fraction, 0.12),
        ({"payments": "no_upfront"}, lambda made: made.purchases["upfront_usd"].sum(), 0.0),
        ({"plan_types": "standard,sagemaker"}, lambda made: made.terms.plan_types, ("standard", "sagemaker")),
        ({"terms_years": "3"}, lambda made: len(made.purchases), 0),
        ({"tail": "cost"}, lambda made: made.terms.tail_of, "cost"),
        ({"needs": "p4d.24xlarge us-east-1 30 7"}, lambda made: [one.start_hour for one in made.terms.blocks], [720]),
        (
            {"cut_families": "g5, p4d", "cut": "40"},
            lambda made: [(cut.families, cut.cut_fraction) for cut in made.future.price_cuts],
            [(("g5", "p4d"), 0.4)],
        ),
        (
            {"move_source": "p4d.24xlarge", "move_target": "p5.48xlarge"},
            lambda made: "p5.48xlarge" in [line.instance_type for line in made.demand.scenarios.lines],
            True,
        ),
    ],
)
def test_a_control_is_heeded(
    state: CommitState, values: dict[str, str], read: Callable[[CommitReport], object], wanted: object
) -> None:
    before = state.report
    assert read(before) != wanted
    state.propose(values)
    assert not state.faults and state.report is not before and read(state.report) == wanted


def test_three_years_look_at_three_year_terms(state: CommitState) -> None:
    assert "3 years" in assumptions_html(state.report), "left out of one year"
    state.propose({"months": "36", "growth": "stated"})
    assert (state.report.purchases["term_years"] == 3).any() and len(state.report.cash) == 36
    assert "(3 years)" not in assumptions_html(state.report)


def test_every_control_begins_as_the_planner_does(state: CommitState) -> None:
    assert set(DEFAULTS) == set(CONTROLS) and {one.key for one in STARTS} == set(START_DEFAULTS)
    faults: list[Fault] = []
    assert future_of(DEFAULTS, state.read.usage, state.types, faults) == Future()
    assert asked_of(DEFAULTS, state.read.usage, faults) == Asked() and not faults
    assert set(OF_USAGE) | set(OF_PAST) <= set(CONTROLS)


def test_undo_and_redo_bring_back_choices_and_weight(page: commit._Page) -> None:
    state = page.state
    assert page.controls.undo.disabled and page.controls.redo.disabled
    first = page.answer.value
    page.controls.form.inputs["stop"].value = "30"
    page.controls.slider.value = 75
    page.controls.form.inputs["spot"].value = "10"
    last = page.answer.value
    for percent, stop in ((75, "30"), (RISK_PERCENT, "30"), (RISK_PERCENT, DEFAULTS["stop"])):
        page.controls.undo.click()
        assert (state.risk_percent, state.values["stop"]) == (percent, stop)
        assert page.controls.slider.value == percent and page.controls.form.inputs["stop"].value == stop
    assert page.controls.undo.disabled and page.answer.value == first
    for _ in range(3):
        page.controls.redo.click()
    assert page.answer.value == last and page.controls.redo.disabled
    page.controls.undo.click()
    page.controls.form.inputs["stop"].value = "1"
    assert page.controls.redo.disabled, "a new way forward"


def test_futures_types_and_offers_can_be_chosen(page: commit._Page) -> None:
    report = page.state.report
    before = drawn(page)
    page.scenario.value = 0
    assert report.demand.scenarios.names[0] in page.charts["layers"].figure.layout.title.text
    assert drawn(page)["layers"] != before["layers"]
    page.line.value = next(value for label, value in page.line.options if label.startswith("m6i"))
    own = report.offers[report.offers["instance_type"] == "m6i.4xlarge"]
    assert page.offers.value == offers_html(own) and len(page.offer.options) == len(own)
    page.offer.value = page.offer.options[-1][1]
    title = page.charts["offer"].figure.layout.title.text
    assert title.startswith("m6i.4xlarge") and page.offer.options[-1][1] in title
    page.state.propose({"payments": "no_upfront"})
    assert page.line.label.startswith("m6i") and all("no upfront" in label for label, _ in page.offer.options)
    assert page.offer.value in [value for _, value in page.offer.options]


def test_purchases_and_cash_can_be_taken_away(page: commit._Page) -> None:
    page.download.click()
    found = dict(re.findall(r"download='(commit-[\w-]+\.csv)' href='data:text/csv;base64,([^']+)'", page.links.value))
    frames = {name: pd.read_csv(io.BytesIO(base64.b64decode(data))) for name, data in found.items()}
    assert set(frames) == {"commit-purchases.csv", "commit-cash-by-month.csv", "commit-ladder.csv"}
    report = page.state.report
    assert list(frames["commit-purchases.csv"]["amount"]) == pytest.approx(list(report.purchases["amount"]))
    assert list(frames["commit-cash-by-month.csv"]["total_usd"]) == pytest.approx(list(report.cash["total_usd"]))
    assert set(frames["commit-purchases.csv"]["snapshot_id"]) == {sources().book.snapshot_id}
    page.controls.slider.value = 0
    assert page.links.value == "", "links of an answer that is gone are gone"


def test_nothing_to_buy_is_said(page: commit._Page) -> None:
    page.state.propose({"plan_types": "convertible", "stop": "90"})
    assert page.state.report.purchases.empty and "Buy nothing" in page.answer.value and page.purchases.value == ""
    assert page.charts["ladder"].layout.display == "none" or len(later_of(page.state).ladder.purchases)


def test_a_ladder_of_one_rung_says_that_waiting_is_not_worth_it(state: CommitState) -> None:
    later = later_of(state)
    one = replace(later, ladder_rows=later.ladder_rows.iloc[:1])
    many = replace(later, ladder_rows=pd.concat([later.ladder_rows] * 2))
    assert "one rung is best" in ladder_html(one) and "one rung" not in ladder_html(many)
    assert "Not all ends at once" in ladder_html(many)


def test_what_caution_comes_to_is_told_for_either_tail(page: commit._Page) -> None:
    curve = later_of(page.state).frontier
    worst = page.state.report.portfolio.scenarios.sort_values("saved_usd")["scenario"].iloc[0]
    assert worst in page.caution.value and usd(curve["tail_lost_usd"].iloc[0]) in page.caution.value
    page.state.propose({"tail": "cost"})
    curve = later_of(page.state).frontier
    dear = page.state.report.portfolio.scenarios.sort_values("cost_usd")["scenario"].iloc[-1]
    assert dear in page.caution.value and usd(curve["tail_usd"].iloc[-1]) in page.caution.value
    assert "dearest tenth" in page.charts["frontier"].figure.layout.xaxis.title.text
    none = later_of(page.state).frontier.assign(tail_usd=1e-9)
    assert "$0.00." in caution_html(page.state.report, none), "what differences of sums leave of nothing is nothing"


def test_what_comes_for_a_weight_that_was_left_is_not_shown(page: commit._Page) -> None:
    stale = later_of(page.state)
    page.controls.slider.value = 60
    now, said = later_of(page.state), page.answer.value
    page.state._on_later(stale, None)
    assert page.state.later is now and page.answer.value == said


def test_the_same_weight_has_the_same_answer(state: CommitState) -> None:
    weighed = Weighed(state.report)
    first = weighed.at(0.7)
    weighed.later(0.7, lambda *_: None)
    assert weighed.at(0.7) is first and weighed.at(state.report.asked.risk_weight) is state.report
    assert weighed.later(0.7, lambda *_: None) is weighed.later(0.7, lambda *_: None)


def test_check_boxes_are_one_value() -> None:
    control = Control("c", "Which", "tip", "choices", ("a", "b", "c"))
    chosen = Choices(control, str.upper)
    seen: list = []
    chosen.observe(lambda change: seen.append(change["new"]), "value")
    chosen.value = ("a", "c")
    boxes = chosen.children[1].children
    assert [box.value for box in boxes] == [True, False, True] and [box.description for box in boxes] == ["A", "B", "C"]
    boxes[1].value = True
    boxes[0].value = False
    assert chosen.value == ("b", "c") and seen == [("a", "c"), ("a", "b", "c"), ("b", "c")]


def test_an_answer_without_its_band_yet_has_none(state: CommitState) -> None:
    assert "estimated rates go" not in answer_html(state.report, None)
    state.propose({"capital": "10"})
    low, high = later_of(state).saved_band_usd
    # With a cost of capital, too, the saving that is told lies within its band.
    assert low <= state.report.portfolio.summary["expected_saved_usd"] <= high
    assert f"({usd_band(low, high)}, as the estimated rates go)" in answer_html(state.report, later_of(state))
