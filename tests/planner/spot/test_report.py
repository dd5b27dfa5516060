"""The whole answer for one spot plan: strict JSON, its pieces the modules' own, reasons where there is none."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from costlib import cli
from costlib.errors import InvalidInput
from costlib.exports.json_text import to_json
from costlib.facts.spot_traces import SpotTraces
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.planner.spot import checkpoints, odds, recorded
from costlib.planner.spot.report import REPLAYED, SpotReport, spot_report
from costlib.planner.spot.run import SpotRun, choose
from costlib.workload import Workload
from tests.few_traces import few_traces


@pytest.fixture(scope="module")
def few() -> SpotTraces:
    return few_traces()


@pytest.fixture(scope="module")
def report(run: SpotRun, few: SpotTraces) -> SpotReport:
    return spot_report(run, traces=few)


def strict(report: SpotReport) -> dict:
    """As it is written for programs; refuses NaN and infinities."""
    return json.loads(to_json(report.as_dict()), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_it_is_strict_json_with_the_keys_that_help_names(report: SpotReport) -> None:
    found = strict(report)
    assert set(found) <= set(re.findall(r"\w+", cli.cli.commands["spot"].help or ""))
    json.dumps(report.as_dict(), allow_nan=False)


def test_its_pieces_are_the_modules_own(report: SpotReport, run: SpotRun, few: SpotTraces) -> None:
    deadline = recorded.deadline_of(run)
    assert report.ways is not None and report.policies is not None
    pd.testing.assert_frame_equal(report.ways, odds.by_way(run, deadline, few))
    pd.testing.assert_frame_equal(report.policies, recorded.by_policy(run, deadline, few))
    pd.testing.assert_frame_equal(report.intervals, checkpoints.intervals(run))
    assert report.fleet.region == run.plan.region


def test_progress_only_grows(run: SpotRun, few: SpotTraces) -> None:
    told: list[float] = []
    spot_report(run, progress=lambda share, _: told.append(share), traces=few)
    assert told == sorted(told) and told[0] >= 0 and told[-1] <= 1


def test_what_is_not_replayed_is_null_with_a_reason(run: SpotRun, result: Result, few: SpotTraces) -> None:
    quick = strict(spot_report(run, replayed=False))
    assert quick["why_not_replayed"] == "not asked for" and all(quick[name] is None for name in REPLAYED)
    workload, sources = result.workload, result.sources
    for hours, words in ((1, "cannot be met"), (5000, "longer than every recorded trace")):
        other = choose(search(workload.changed({"deadline_hours": hours}), sources), instance_type="p4d.24xlarge")
        found = strict(spot_report(other, traces=few))
        assert words in found["why_not_replayed"] and all(found[name] is None for name in REPLAYED)
        assert found["pools"] and found["checkpoints"]


def test_a_plan_without_an_on_demand_price_still_has_an_answer(
    workload: Workload, sources: Sources, few: SpotTraces
) -> None:
    # A local zone, whose interruptions only the user knows.
    history = [{"interruptions": 1, "instance_hours": 1000}]
    other = choose(search(workload.changed({"spot.history": history}, sources.vocabulary), sources), az="use1-atl2-az1")
    found = strict(spot_report(other, traces=few))
    assert found["on_demand"] is None and found["price_ratio"] is None and found["mixes"] == []
    assert "no on-demand price" in found["why_not_replayed"]


def test_a_run_that_never_ends_is_null_and_says_why(workload: Workload, sources: Sources) -> None:
    history = [{"interruptions": 1000, "instance_hours": 10, "instance_type": "p4d.24xlarge"}]
    found_by = search(workload.changed({"spot.history": history}, sources.vocabulary), sources)
    other = choose(found_by, instance_type="p4d.24xlarge")
    found = strict(spot_report(other, replayed=False))
    assert "will not finish" in found["why_not_finished"]
    assert all(row["why_not"] for row in found["checkpoints"])


def test_a_chance_is_from_nought_to_one(run: SpotRun) -> None:
    for chance in (-0.1, 1.1):
        with pytest.raises(InvalidInput, match="chance_fraction"):
            spot_report(run, chance)
