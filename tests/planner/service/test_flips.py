"""Flips of real jobs: the simulation crosses where the closed form says, and the map agrees with both."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.models.overhead import Terms
from costlib.models.overhead_replay import replay
from costlib.planner.service.compare import Comparison
from costlib.planner.service.flips import REACH, flips, service_map, staff_flips


def simulated_usd(found: Comparison, service: str, hours: float, count: int) -> float:
    """The cheapest way of a service, each replayed event by event."""
    terms = found.candidates.terms[1]
    return min(
        replay(Terms(*(float(np.asarray(part)[row]) for part in terms)), np.full(count, hours)).usd
        for row in found.rows_by_service[service]
    )


def test_flips_are_the_simulations_within_a_percent(kinds: dict[str, Comparison]) -> None:
    seen = 0
    for found in kinds.values():
        for flip in flips(found):
            for side, cheaper, dearer in ((0.99, flip.of, flip.to), (1.01, flip.to, flip.of)):
                if flip.what == "job_hours":
                    point = (flip.at * side, found.question.count)
                else:
                    # A count is whole: a percent, or one job where that is more.
                    step = max(abs(side - 1) * flip.at, 1.0) * (1 if side > 1 else -1)
                    point = (found.question.hours.expected, round(flip.at + step))
                assert simulated_usd(found, cheaper, *point) < simulated_usd(found, dearer, *point), flip
            seen += 1
    assert seen >= 4


def test_the_map_at_the_users_jobs_is_the_answer(kinds: dict[str, Comparison]) -> None:
    for found in kinds.values():
        made = service_map(found)
        column = int(np.argmin(abs(np.log(made.job_hours / found.question.hours.expected))))
        row = int(np.argmin(abs(made.jobs - found.question.count)))
        assert made.job_hours[column] == pytest.approx(found.question.hours.expected, rel=0.2)
        assert made.services[made.service[row, column]] == found.best.service


def test_the_map_changes_where_the_flips_are(kinds: dict[str, Comparison]) -> None:
    for found in kinds.values():
        made = service_map(found)
        row = int(np.argmin(abs(made.jobs - found.question.count)))
        if made.jobs[row] != found.question.count:
            continue
        line = made.service[row]
        changes = made.job_hours[1:][np.diff(line) != 0]
        told = [flip.at for flip in flips(found) if flip.what == "job_hours"]
        assert len(changes) == len(told)
        step = REACH ** (2 / 60)
        for change, at in zip(changes, told, strict=True):
            assert at <= change * 1.001 and change / at <= step * 1.001


def test_sagemaker_is_on_the_map_up_to_28_days_only(compared) -> None:  # type: ignore[no-untyped-def]
    staff = {"staff_usd_per_hour": 1000, "staff_hours": {"ec2": 20, "batch": 20}}
    for hours in (300, 700):
        found = compared(count=2, hours_each=hours, instance_type="g5.xlarge", **staff)
        made, told = service_map(found), [flip for flip in flips(found) if flip.what == "job_hours"]
        sagemaker = made.services.index("sagemaker")
        assert (made.service[0, made.job_hours <= 672] == sagemaker).all()
        assert (made.service[0, made.job_hours > 672] != sagemaker).all()
        assert [(flip.at, flip.of) for flip in told] == [(672.0, "sagemaker")]
        assert bool(found.out["sagemaker"]) == (hours > 672)
    # What is out whatever the length stays off the map.
    own = compared(count=2, hours_each=9, instance_type="g5.xlarge", needs=["own_image"])
    assert "sagemaker" not in service_map(own).services


def test_that_much_peoples_time_makes_both_cost_the_same(compared) -> None:  # type: ignore[no-untyped-def]
    jobs = {"count": 50, "hours_each": 3, "instance_type": "g5.4xlarge", "parallel": 10}
    found = compared(**jobs)
    room = staff_flips(found)["ec2"]["sagemaker"]
    staffed = compared(**jobs, staff_usd_per_hour=room, staff_hours={"ec2": 1})
    assert staffed.ways["ec2"].usd.expected == pytest.approx(found.ways["sagemaker"].usd.expected)
    assert np.isnan(staff_flips(found)["sagemaker"]["ec2"])
