"""What sets of jobs are billed: against an event-by-event replay, corners, properties, and vector == scalar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.overhead import Terms, billed, group_size, round_up, slots_of, usd
from costlib.models.overhead_replay import replay

SECOND, MINUTE = 1 / 3600, 1 / 60
EC2 = Terms(4.0, start_hours=200 * SECOND, quantum_hours=SECOND, minimum_hours=MINUTE)

terms = st.builds(
    Terms,
    usd_per_hour=st.floats(0.1, 100),
    start_hours=st.floats(0, 0.3),
    warm_hours=st.floats(0, 0.05),
    tail_hours=st.floats(0, 0.5),
    wait_hours=st.floats(0, 0.2),
    held=st.sampled_from([0.0, 1.0]),
    lanes=st.integers(1, 9).map(float),
    slots=st.integers(1, 5).map(float),
    instances=st.integers(1, 3).map(float),
    window_hours=st.sampled_from([0.0, 3.0, 40.0]),
    stretch=st.sampled_from([1.0, 1.0, 1.2]),
    quantum_hours=st.sampled_from([0.0, SECOND, MINUTE]),
    minimum_hours=st.sampled_from([0.0, MINUTE]),
    fixed_usd=st.floats(0, 500),
)


@given(terms, st.floats(0.01, 5), st.integers(1, 60))
def test_it_is_what_happens_event_by_event(t: Terms, hours: float, jobs: int) -> None:
    found, seen = billed(t, hours, jobs), replay(t, np.full(jobs, hours))
    # Both add the same numbers in another order; a step of billing may tip at a rounding of floats.
    slack = 1e-7 + 2 * float(t.quantum_hours) * 1e-3
    assert found.total_hours == pytest.approx(seen.instance_hours, rel=1e-9, abs=slack)
    assert found.makespan_hours == pytest.approx(seen.makespan_hours, rel=1e-9)
    assert usd(t, hours, jobs) == pytest.approx(seen.usd, rel=1e-9, abs=100 * slack)


@given(terms, st.floats(0.01, 5), st.integers(1, 60))
def test_the_parts_add_up_and_none_is_negative(t: Terms, hours: float, jobs: int) -> None:
    found = billed(t, hours, jobs)
    parts = np.array(found[:5])
    assert parts.sum() == pytest.approx(float(found.total_hours), rel=1e-12, abs=1e-9)
    assert (parts >= -1e-6).all()


def test_one_long_job_is_its_hours_and_one_start() -> None:
    found = billed(EC2, 72.0, 1)
    assert found.total_hours == pytest.approx(72 + 200 / 3600, abs=SECOND)
    assert found.start_hours == pytest.approx(200 / 3600) and found.idle_hours == 0


def test_a_job_of_ten_seconds_is_billed_a_minute_on_ec2() -> None:
    # EC2: per second, 60 s at least.
    bare = Terms(3600.0, quantum_hours=SECOND, minimum_hours=MINUTE)
    assert usd(bare, 10 * SECOND, 1) == pytest.approx(60.0)
    assert usd(bare, 60.2 * SECOND, 1) == pytest.approx(61.0)


def test_a_kept_group_starts_once_and_a_fleet_is_paid_for_its_window() -> None:
    kept = EC2._replace(held=1.0)
    assert billed(kept, 0.5, 20).start_hours == pytest.approx(200 / 3600)
    assert billed(EC2, 0.5, 20).start_hours == pytest.approx(20 * 200 / 3600)
    fleet = kept._replace(lanes=8.0, window_hours=730.0)
    assert billed(fleet, 2.0, 400).total_hours == pytest.approx(8 * 730)
    assert billed(fleet, 2.0, 400).idle_hours == pytest.approx(8 * (730 - 200 / 3600 - 100))


def test_more_slots_never_cost_more() -> None:
    costs = usd(EC2._replace(slots=np.array([1.0, 2, 4, 8])), 0.2, 100)
    assert (np.diff(costs) < 0).all()


def test_vector_is_scalar() -> None:
    hours, jobs, lanes = np.array([0.1, 1.0, 30.0])[:, None], np.array([1, 7, 300]), 4.0
    t = EC2._replace(held=1.0, lanes=lanes, warm_hours=0.01)
    table = usd(t, hours, jobs)
    assert table.shape == (3, 3)
    assert table[1, 2] == pytest.approx(float(usd(t, 1.0, 300)))


def test_shares_of_an_instance() -> None:
    # g5.12xlarge: 48 vCPU, 4 GPUs, 192 GiB.
    assert slots_of(48, 4, 192, [4, 4, 0, 0, 64], [1, 0, 2, 0, 1], [16, 16, 0, 0, 16]).tolist() == [4, 12, 2, 1, 0]
    assert slots_of(1.0, 0, 0.3, 0.1, 0, 0.1) == 3  # 0.3 / 0.1 is 2.9999999999999996


def test_short_jobs_are_grouped_until_they_are_long_enough() -> None:
    assert group_size([10 * SECOND, 70 * SECOND, 3 * MINUTE, 1.0], 3 * MINUTE).tolist() == [18, 3, 1, 1]


@pytest.mark.parametrize(
    ("change", "hours", "jobs", "field"),
    [
        ({}, -1.0, 3, "job_hours"),
        ({}, 0.0, 3, "job_hours"),
        ({}, 1.0, 0, "jobs"),
        ({}, 1.0, 2.5, "jobs"),
        ({"lanes": 0.0}, 1.0, 3, "lanes"),
        ({"start_hours": -1.0}, 1.0, 3, "start_hours"),
        ({"held": 2.0}, 1.0, 3, "held"),
        ({"usd_per_hour": float("inf")}, 1.0, 3, "usd_per_hour"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, float], hours: float, jobs: float, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        billed(EC2._replace(**change), hours, jobs)
    assert refused.value.faults[0].field == field


def test_rounding_up() -> None:
    assert round_up([1.1, 2.0, 0.0], 0.5, 0.2).tolist() == [1.5, 2.0, 0.2]
    assert round_up(0.3, 0.1, 0.0) == pytest.approx(0.3)
