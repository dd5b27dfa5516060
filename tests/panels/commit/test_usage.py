"""The commitments page, headless: usage of one's own, planned runs, commitments in force, a price cut."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from costlib.panels import commit
from costlib.panels.commit_fields import OF_PAST
from costlib.panels.commit_state import FALL_MONTH, CommitState
from costlib.panels.commit_usage import MOST_UPLOAD_BYTES, START_DEFAULTS
from costlib.panels.commit_views import assumptions_html
from costlib.paths import data_dir
from costlib.planner.commit.asked import Asked
from costlib.planner.commit.planned import planned_demand
from costlib.planner.commit.price_falls import falls_seen_in, price_falls
from costlib.planner.commit.report import planned_report
from tests.example import sources
from tests.panels.commit.conftest import EXAMPLE, told, write


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


def test_growth_of_history_is_told_by_how_far_it_goes(state: CommitState) -> None:
    report = state.report
    said = re.search(r"([\d.]+) times in the middle", assumptions_html(report))
    scenarios = report.demand.scenarios
    price = report.held_rates.on_demand_usd(scenarios.lines)
    last = scenarios.quantity[report.demand.middle, -730:].mean(axis=0) @ price
    now = state.read.usage.quantity[-8 * 168 :].mean(axis=0) @ price
    assert said is not None and float(said[1]) == pytest.approx(last / now, rel=5e-3)
