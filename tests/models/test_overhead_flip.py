"""Flip points in closed form against bisection on the replay, and at corners that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from costlib.models.overhead import Terms, usd
from costlib.models.overhead_flip import flip_job_count, flip_job_hours, flip_staff_usd, smooth_usd
from costlib.models.overhead_replay import replay

SECOND = 1 / 3600
SAGEMAKER = Terms(1.25, start_hours=170 * SECOND, quantum_hours=SECOND)
BY_HAND = Terms(1.0, start_hours=190 * SECOND, quantum_hours=SECOND, minimum_hours=1 / 60, fixed_usd=40.0)


def simulated(one: Terms, other: Terms, at: float, jobs_of: Callable[[float], np.ndarray]) -> float:
    """Where the replayed costs of both cross near ``at``, by bisection in a factor of 1.5 to either side."""

    def gap(x: float) -> float:
        return replay(one, jobs_of(x)).usd - replay(other, jobs_of(x)).usd

    low, high = at / 1.5, at * 1.5
    if gap(low) * gap(high) > 0:
        return float("nan")
    below = gap(low) < 0
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (middle, high) if (gap(middle) < 0) == below else (low, middle)
    return (low + high) / 2


def any_terms(made: np.random.Generator) -> Terms:
    held = float(made.integers(2))
    return Terms(
        usd_per_hour=made.uniform(0.5, 2.0),
        start_hours=made.uniform(20, 600) * SECOND,
        warm_hours=made.uniform(0, 30) * SECOND,
        tail_hours=made.choice([0.0, 0.0, 1 / 3]),
        held=held,
        lanes=float(made.integers(1, 8)),
        slots=float(made.choice([1, 1, 4])),
        window_hours=held * made.choice([0.0, 0.0, 30.0]),
        stretch=made.choice([1.0, 1.1]),
        quantum_hours=SECOND,
        minimum_hours=made.choice([0.0, 1 / 60]),
        fixed_usd=made.choice([0.0, 20.0, 200.0]),
    )


def test_a_job_length_at_which_the_service_flips_is_the_simulations_within_a_percent() -> None:
    made, seen = np.random.default_rng(7), 0
    while seen < 25:
        one, other = any_terms(made), any_terms(made)
        # Whole waves on either side, so that no lane gets a job more than the others: that is count's business.
        jobs = int(np.lcm.reduce([int(t.lanes * t.slots) for t in (one, other)]) * made.integers(1, 4))
        for at in flip_job_hours(one, other, jobs):
            if not 0.02 < at < 100 or jobs > 500:
                continue
            found = simulated(one, other, at, lambda hours, jobs=jobs: np.full(jobs, hours))
            if np.isnan(found):
                # The costs only touch here, or cross twice within the bracket.
                gaps = smooth_usd(one, at * np.array([0.99, 1.01]), jobs) - smooth_usd(
                    other, at * np.array([0.99, 1.01]), jobs
                )
                assert abs(gaps).min() <= 0.02 * smooth_usd(one, at, jobs)
                continue
            assert found == pytest.approx(at, rel=0.01)
            seen += 1


def test_a_job_count_at_which_the_service_flips_is_the_simulations_within_a_percent() -> None:
    made, seen = np.random.default_rng(8), 0
    while seen < 25:
        one, other = any_terms(made), any_terms(made)
        hours = made.uniform(0.05, 3.0)
        # Whole jobs and whole waves are steps of the count: they are below a percent of some thousands.
        one, other = (t._replace(fixed_usd=float(t.fixed_usd) * 100) for t in (one, other))
        for at in flip_job_count(one, other, hours):
            if not 1000 < at < 4000:
                continue
            found = simulated(one, other, at, lambda jobs, hours=hours: np.full(round(jobs), hours))
            assert found == pytest.approx(at, rel=0.01)
            seen += 1


def test_by_hand_against_sagemaker_as_worked_out_on_paper() -> None:
    # 10 (h + 170 s) 1.25 = 40 + 10 (h + 190 s)
    hours = (40 + 10 * 190 / 3600 - 12.5 * 170 / 3600) / 2.5
    assert flip_job_hours(SAGEMAKER, BY_HAND, 10)[0] == pytest.approx(hours)
    count = 40 / (1.25 * (2 + 170 / 3600) - (2 + 190 / 3600))
    assert flip_job_count(SAGEMAKER, BY_HAND, 2.0)[0] == pytest.approx(count)


def test_staff_that_makes_both_cost_the_same() -> None:
    room = float(flip_staff_usd(BY_HAND, SAGEMAKER, 2.0, 10))
    assert usd(BY_HAND._replace(fixed_usd=room), 2.0, 10) == pytest.approx(float(usd(SAGEMAKER, 2.0, 10)))
    assert np.isnan(flip_staff_usd(SAGEMAKER, BY_HAND._replace(fixed_usd=0.0), 2.0, 10))


def test_the_cheaper_one_changes_at_a_flip_and_nowhere_between() -> None:
    made = np.random.default_rng(3)
    for _ in range(60):
        one, other = any_terms(made), any_terms(made)
        grid = np.geomspace(1e-3, 1e3, 4001)
        sign = np.sign(smooth_usd(one, grid, 24) - smooth_usd(other, grid, 24))
        changes = grid[1:][np.diff(sign) != 0]
        flips = flip_job_hours(one, other, 24)
        inside = flips[(flips > 1e-3) & (flips < 1e3)]
        for change in changes:
            assert np.min(abs(inside / change - 1)) < 0.005


def test_equal_services_flip_nowhere_and_arrays_keep_their_shape() -> None:
    assert np.isnan(flip_job_hours(SAGEMAKER, SAGEMAKER._replace(usd_per_hour=2.0), 5)).all()
    table = flip_job_hours(SAGEMAKER, BY_HAND, np.array([[1, 10], [100, 1000]]))
    assert table.shape[:2] == (2, 2)
    assert table[0, 1, 0] == pytest.approx(flip_job_hours(SAGEMAKER, BY_HAND, 10)[0])
    rates = flip_job_hours(SAGEMAKER._replace(usd_per_hour=np.array([1.25, 1.4])), BY_HAND, 10)
    assert rates[0, 0] > rates[1, 0]
