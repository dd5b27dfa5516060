"""Checkpoint intervals of a plan: the best one is best, the notice is worth what it says, doom is said."""

import numpy as np
import pytest

from costlib.models.checkpoint import best_interval_hours, expected_hours, young_interval_hours
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.planner.spot.checkpoints import SHORTEST_HOURS, curve, intervals, notice
from costlib.planner.spot.run import SpotRun, choose
from costlib.workload import Workload


@pytest.fixture(scope="module")
def heavy(workload: Workload, sources: Sources) -> SpotRun:
    """A state of 4 TiB and an own interval: writes take seconds that count."""
    asked = workload.changed({"checkpoint.gib": 4096, "checkpoint.interval_minutes": 20})
    return choose(search(asked, sources), instance_type="p4d.24xlarge", count=2)


def test_the_rules_are_the_models_own(heavy: SpotRun) -> None:
    table = intervals(heavy).set_index("interval")
    assert list(table.index) == ["young", "daly", "best", "yours"]
    mtbi, write, restart = (held.expected for held in (heavy.mtbi_hours, heavy.write_hours, heavy.restart_hours))
    assert table.loc["young", "interval_hours"] == pytest.approx(float(young_interval_hours(mtbi, write)))
    assert table.loc["best", "interval_hours"] == pytest.approx(float(best_interval_hours(mtbi, write, restart)))
    assert table.loc["yours", "interval_hours"] == pytest.approx(1 / 3)
    billed = float(expected_hours(heavy.work_hours.expected, 1 / 3, write, restart, mtbi))
    waits = billed / mtbi * 1.08
    assert table.loc["yours", "hours"] == pytest.approx(billed + waits + heavy.start_up_hours.expected, rel=1e-9)
    assert (table["usd_low"] <= table["usd"]).all() and (table["usd"] <= table["usd_high"]).all()


def test_the_best_interval_is_the_bottom_of_the_curve(heavy: SpotRun) -> None:
    best = intervals(heavy).set_index("interval").loc["best"]
    # Whole pieces make the curve saw-toothed: a piece more or less is worth one write.
    slack = heavy.write_hours.expected + 1e-9
    assert best["hours"] <= curve(heavy)["hours"].min() + slack
    drawn = curve(heavy)
    assert drawn["interval_hours"].iloc[0] == pytest.approx(SHORTEST_HOURS)
    assert (drawn["lost_fraction"] >= 0).all() and (drawn["why_not"] == "").all()


def test_writes_as_long_as_the_time_between_interruptions_never_finish(workload: Workload, sources: Sources) -> None:
    history = [{"interruptions": 100_000, "instance_hours": 100, "instance_type": "p4d.24xlarge"}]
    asked = workload.changed({"checkpoint.gib": 4096, "spot.history": history, "deadline_hours": None})
    calm = choose(search(workload, sources), instance_type="p4d.24xlarge", count=2)
    result = search(asked, sources)
    # Such a plan is no candidate at all, and the search says why.
    assert any(row.reason == "will not finish on spot" for row in result.exclusions)
    assert (curve(calm)["why_not"] == "").all()


def test_the_notice_saves_what_is_done_twice(heavy: SpotRun, run: SpotRun) -> None:
    found = notice(heavy)
    assert found.verdict == "at the line rate only", "5.5 s at the line rate, six minutes at the high end"
    assert found.save_seconds_low == pytest.approx(heavy.write_hours.expected * 3600)
    assert found.saved_hours is not None and found.saved_hours > 0 and found.hours is not None
    own = intervals(heavy).set_index("interval").loc["yours"]
    waits = float(own["hours"]) - heavy.start_up_hours.expected
    assert found.hours < waits + heavy.start_up_hours.expected
    none = notice(heavy, notice_seconds=1.0)
    assert none.verdict == "not in time" and none.saved_usd is None
    assert notice(run).as_dict()["verdict"] == "at the line rate only"


def test_nothing_to_save_is_said(workload: Workload, sources: Sources) -> None:
    empty = choose(search(workload.changed({"checkpoint.gib": 0}), sources), instance_type="p4d.24xlarge", count=2)
    assert notice(empty).verdict == "nothing to save"
    assert np.isfinite(intervals(empty)["hours"]).all()
