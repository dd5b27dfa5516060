"""The commitments page, headless: set a control, read the answer and what is told beside it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import ipywidgets
import pandas as pd
import pytest

from costlib.display import usd, usd_band
from costlib.errors import Cancelled, Fault, InvalidInput
from costlib.panels import commit
from costlib.panels.background import Foreground, Progress, Work
from costlib.panels.choices import Choices
from costlib.panels.commit_fields import CONTROLS, DEFAULTS, OF_PAST, OF_USAGE, asked_of, control_of, future_of
from costlib.panels.commit_later import WEIGHTS, CommitLater, Weighed
from costlib.panels.commit_state import FALL_MONTH, RISK_PERCENT, CommitState
from costlib.panels.commit_tables import caution_html, ladder_html, offers_html
from costlib.panels.commit_usage import MOST_UPLOAD_BYTES, START_DEFAULTS, STARTS
from costlib.panels.commit_views import answer_html, assumptions_html, purchases_html, usage_html
from costlib.panels.workload_fields import Control
from costlib.paths import data_dir
from costlib.planner.commit.asked import Asked
from costlib.planner.commit.demand import Future
from costlib.planner.commit.planned import planned_demand
from costlib.planner.commit.price_falls import falls_seen_in, price_falls
from costlib.planner.commit.report import CommitReport, commit_report, planned_report
from tests.example import sources

EXAMPLE = data_dir() / "examples" / "usage" / "made_up_ml_team.csv"


@pytest.fixture(scope="module")
def made() -> CommitState:
    return CommitState(sources())


@pytest.fixture
def state(made: CommitState) -> Iterator[CommitState]:
    """The one state, and after each test as it was: put back, not worked out anew."""
    before = {name: getattr(made, name) for name in made.trait_names()}
    weighed = made._weighed
    yield made
    # The state outlives its pages: a page that is gone must not be redrawn.
    made.unobserve_all()
    made._weighed, made._behind, made._ahead = weighed, [], []
    for name, value in before.items():
        made.set_trait(name, value)


@pytest.fixture
def page(state: CommitState) -> Iterator[commit._Page]:
    yield commit._Page(state)
    ipywidgets.Widget.close_all()


def later_of(state: CommitState) -> CommitLater:
    assert state.later is not None
    return state.later


def told(page: commit._Page) -> dict[str, str]:
    """What is refused beside a control."""
    return {
        key: re.sub(r"<[^>]*>", "", box.children[1].value)
        for key, box in page.controls.form.boxes.items()
        if "costlib-fault" in box.children[1].value
    }


def drawn(page: commit._Page) -> dict[str, str]:
    return {name: chart.figure.to_json() for name, chart in page.charts.items()}


def write(path: Path, *rows: str) -> str:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


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
    assert f"lose {usd(-summary['worst_saved_usd'])}" in said
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


class Waits(Foreground):
    """A worker that keeps work until it is told to do it."""

    def __init__(self) -> None:
        self.kept: list = []

    def start(self, work: Work, on_progress: Progress, on_end: object) -> None:
        self.kept = [(work, on_progress, on_end)]

    def run(self) -> None:
        for work, on_progress, on_end in self.kept:
            Foreground().start(work, on_progress, on_end)


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


def test_every_control_begins_as_the_planner_does(state: CommitState) -> None:
    assert set(DEFAULTS) == set(CONTROLS) and {one.key for one in STARTS} == set(START_DEFAULTS)
    faults: list[Fault] = []
    assert future_of(DEFAULTS, state.read.usage, state.types, faults) == Future()
    assert asked_of(DEFAULTS, state.read.usage, faults) == Asked() and not faults
    assert set(OF_USAGE) | set(OF_PAST) <= set(CONTROLS)


def test_an_own_file_is_read_and_its_faults_name_rows(page: commit._Page, tmp_path: Path) -> None:
    state = page.state
    head = "hour,instance_type,region,hours"
    wrong = write(
        tmp_path / "wrong.csv",
        head,
        "2026-01-01T00:00Z,g5.xlarg,us-east-1,1",
        "2026-01-01T01:00Z,g5.xlarge,us-east-9,-1",
    )
    report = state.report
    state.propose({"start": "file", "path": wrong, "stop": "y"})
    assert state.report is report and len(state.file_faults) >= 3
    said = page.controls.unread.value
    assert "(rows 2)" in said and "(rows 3)" in said and "g5.xlarge" in said and "us-east-1" in said
    assert set(told(page)) == {"stop"}, "what else is wrong is told, too"
    assert page.controls.tabs.titles[0].endswith("⚠")
    state.propose({"start": "file", "path": ""})
    assert set(told(page)) == {"path"} and not page.controls.unread.value
    hours = pd.date_range("2026-01-01", periods=10 * 168, freq="h", tz="UTC")
    good = write(tmp_path / "good.csv", head, *(f"{hour:%Y-%m-%dT%H:%MZ},g5.xlarge,us-east-1,4" for hour in hours))
    state.propose({"start": "file", "path": good})
    assert not state.faults and state.read.name == "good.csv" and state.read.usage.quantity.shape == (1680, 1)
    assert not page.controls.unread.value and page.scenario.options
    Path(good).write_text(Path(good).read_text().replace(",4\n", ",5\n"), encoding="utf-8")
    state.propose({"start": "file", "path": good})
    assert state.read.usage.quantity.max() == 5, "a file that has changed is read again"


def test_what_goes_with_other_usage_begins_anew(page: commit._Page) -> None:
    state = page.state
    state.propose({"spot_types": "g5.xlarge 50", "cut_families": "g5", "stop": "20"})
    state.propose({"start": "workload:gpt2-124m"})
    assert state.values["spot_types"] == state.values["cut_families"] == "" and state.values["stop"] == "20"
    assert "usage before" in page.controls.form.boxes["spot_types"].children[1].value
    state.undo()
    assert state.values["spot_types"] == "g5.xlarge 50"


def test_an_upload_is_read_and_bounded(page: commit._Page) -> None:
    state, content = page.state, EXAMPLE.read_bytes()
    state.upload("own<b>.csv", content)
    assert state.read.name == "own<b>.csv" and state.values["start"] == "upload:own<b>.csv"
    assert "<b>.csv" not in page.controls.read.value and "own&lt;b&gt;.csv" in page.controls.read.value
    assert "upload:own<b>.csv" in page.controls.form.inputs["start"].options[-1][1]
    report = state.report
    state.upload("big.csv", b"x" * (MOST_UPLOAD_BYTES + 1))
    assert "more than 20 MiB" in page.controls.unread.value and state.report is report
    state.upload("bad.csv", b"hour\n1\n")
    assert state.file_faults and "bad.csv" not in state.beginnings.uploads and state.report is report
    assert "is missing" in page.controls.unread.value


def test_planned_runs_are_futures_of_their_own(page: commit._Page) -> None:
    state = page.state
    state.propose({"start": "workload:gpt2-124m", "runs": "200", "spread": "even"})
    assert not state.file_faults and state.begun.planned is not None and state.report.usage is None
    assert "200 runs a month" in page.controls.read.value and "of the horizon itself" in page.controls.read.value
    assert all(page.controls.form.inputs[key].disabled for key in OF_PAST)
    assert not page.controls.form.inputs["runs"].disabled
    state.propose({"runs": "", "spread": "random"})
    planned = planned_demand(["gpt2-124m"], sources().book, 12)
    expected = planned_report(sources().book, planned.demand, 12, Asked(risk_weight=0.25))
    pd.testing.assert_frame_equal(state.report.portfolio.scenarios, expected.portfolio.scenarios)
    state.propose({"held": "held.csv"})
    assert "when planned runs begin" in told(page)["held"]
    state.propose({"held": "", "runs": "0"})
    assert "must be above 0" in told(page)["runs"]
    state.propose({"runs": "", "start": "workload:pythia-1b"})
    if state.report.offers.empty:
        assert "no rate of any commitment is held" in page.answer.value
        assert page.single.layout.display == "none" and "p6" in page.sureness.value
    state.propose(START_DEFAULTS)
    assert page.single.layout.display is None and not page.controls.form.inputs["stop"].disabled


def test_a_workload_of_one_s_own_may_be_given_by_its_path(state: CommitState) -> None:
    state.propose({"start": "file", "path": str(data_dir() / "examples" / "gpt2-124m.yaml")})
    assert state.begun.planned is not None and state.read.name == "gpt2-124m" and not state.file_faults


def test_commitments_in_force_leave_less_to_buy(page: commit._Page, tmp_path: Path) -> None:
    before = page.state.report.purchases["usd_per_hour"].sum()
    head = "plan_type,amount,term_years,payment,ends,family,region"
    held = write(tmp_path / "held.csv", head, "ec2_instance,3,3,all_upfront,2028-12-31,g5,us-east-1")
    page.state.propose({"held": held})
    assert not page.state.faults and page.state.report.purchases["usd_per_hour"].sum() < before - 2
    assert "1 commitment in force" in page.sureness.value
    bad = write(tmp_path / "held.csv", head, "ec2_instance,x,3,all_upfront,2028-12-31,g5,us-east-1")
    page.state.propose({"held": bad})
    assert "row 2 amount" in str(page.state.faults[0]) and set(told(page)) == {"held"}


def test_the_fall_of_june_2025_can_be_asked_for_again(page: commit._Page) -> None:
    falls = falls_seen_in(sources().book, FALL_MONTH)
    held = falls.set_index("instance_type")["fall_fraction"]
    # The price lists' own numbers: 32.7726 to 21.957642, and 98.32 to 55.04.
    assert held["p4d.24xlarge"] == pytest.approx(1 - 21.957642 / 32.7726)
    assert held["p5.48xlarge"] == pytest.approx(1 - 55.04 / 98.32)
    assert (price_falls(sources().book)["fall_fraction"] > 0.004).all()
    page.controls.fall.click()
    assert page.state.values["cut_families"] == "p4d" and page.state.values["cut"] == "33"
    (cut,) = page.state.report.future.price_cuts
    assert (cut.families, cut.cut_fraction) == (("p4d",), 0.33)
    said = " ".join(page.controls.tabs.children[2].children[0].children[1].value.split())
    assert "p5.48xlarge 44 %" in said and "karpenter-history" in said and "2025-06-23" in said


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


def test_growth_of_history_is_told_by_how_far_it_goes(state: CommitState) -> None:
    report = state.report
    said = re.search(r"([\d.]+) times in the middle", assumptions_html(report))
    scenarios = report.demand.scenarios
    price = report.held_rates.on_demand_usd(scenarios.lines)
    last = scenarios.quantity[report.demand.middle, -730:].mean(axis=0) @ price
    now = state.read.usage.quantity[-8 * 168 :].mean(axis=0) @ price
    assert said is not None and float(said[1]) == pytest.approx(last / now, rel=5e-3)


def test_names_from_files_are_escaped(state: CommitState) -> None:
    bad = "<img src=x>"
    read = type(state.read)(state.read.usage, state.read.hours, (bad,), bad)
    assert "<img" not in usage_html(type(state.begun)(read))
    rows = state.report.purchases.assign(rule="'><script>", region="<b>")
    assert "<script>" not in purchases_html(rows) and "<b>g5" not in purchases_html(rows)


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


class Stopped(Foreground):
    """A worker that is stopped, or fails."""

    error: Exception = Cancelled("stopped by the user")

    def start(self, work: Work, on_progress: Progress, on_end: object) -> None:
        on_end(None, self.error)  # type: ignore[operator]


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
    assert f"(from {usd_band(low, high)} as the estimated rates go)" in answer_html(state.report, later_of(state))
