"""Packing: within 2 % of an exact search on small cases, what must hold of every arrangement, and refusals."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.packing import Packing, pack

WHOLE = np.array([48.0, 4.0, 192.0])


def shortest_alone(hours: np.ndarray, needs: np.ndarray, whole: np.ndarray) -> float:
    """The least makespan of jobs on one instance: each order, each job as early as it fits; the best is among them."""
    best = np.inf
    for order in permutations(range(len(hours))):
        placed: list[tuple[float, float, np.ndarray]] = []
        for job in order:
            for when in sorted({0.0, *(end for _, end, _ in placed)}):
                checks = [when, *(begin for begin, _, _ in placed if when < begin < when + hours[job])]
                used = [sum((n for b, e, n in placed if b <= moment < e), np.zeros(len(whole))) for moment in checks]
                if all((one + needs[job] <= whole + 1e-9).all() for one in used):
                    placed.append((when, when + hours[job], needs[job]))
                    break
        best = min(best, max(end for _, end, _ in placed))
    return float(best)


def exact_hours(
    hours: np.ndarray, needs: np.ndarray, whole: np.ndarray, most: int, start: float, deadline: float
) -> float:
    """The least billed hours over all ways to split the jobs over instances, by brute force over subsets."""
    count = len(hours)
    full = (1 << count) - 1

    @cache
    def alone(chosen: int) -> float:
        rows = [job for job in range(count) if chosen >> job & 1]
        end = start + shortest_alone(hours[rows], needs[rows], whole)
        return end if end <= deadline + 1e-9 else np.inf

    @cache
    def split(left: int, instances: int) -> float:
        if not left:
            return 0.0
        if not instances:
            return np.inf
        first, best, part = left & -left, np.inf, left
        while part:
            if part & first and alone(part) < best:
                best = min(best, alone(part) + split(left & ~part, instances - 1))
            part = (part - 1) & left
        return best

    return split(full, most)


def test_within_two_percent_of_an_exact_search_on_small_cases() -> None:
    made = np.random.default_rng(11)
    worse = []
    for _ in range(60):
        count = int(made.integers(2, 7))
        hours = made.choice([0.25, 0.5, 1.0, 1.5, 2.0, 3.0], count) * made.uniform(0.9, 1.1, count)
        needs = np.stack(
            [made.integers(4, 40, count), made.integers(0, 4, count), made.integers(8, 150, count)], axis=1
        ).astype(float)
        start, most = made.choice([0.0, 0.06, 0.3]), int(made.integers(2, 5))
        quick = pack(hours, needs, WHOLE, most, start)
        deadline = quick.makespan_hours * made.choice([1.0, 1.2, 2.0])
        found = pack(hours, needs, WHOLE, most, start, deadline)
        exact = exact_hours(hours, needs, WHOLE, most, start, deadline)
        assert found.instance_hours >= exact - 1e-9
        worse.append(found.instance_hours / exact)
    assert max(worse) <= 1.02
    assert np.mean(worse) <= 1.002


def test_without_a_deadline_it_ends_within_two_percent_of_the_soonest() -> None:
    made = np.random.default_rng(12)
    for _ in range(25):
        count = int(made.integers(2, 6))
        hours = made.uniform(0.3, 3.0, count)
        needs = np.stack([made.integers(10, 40, count), made.integers(0, 4, count)], axis=1).astype(float)
        found = pack(hours, needs, WHOLE[:2], 2)
        soonest = min(
            max(shortest_alone(hours[side], needs[side], WHOLE[:2]) for side in (mask, ~mask) if side.any())
            for mask in (np.array([chosen >> job & 1 for job in range(count)], bool) for chosen in range(1 << count))
        )
        assert found.makespan_hours <= soonest * 1.02 + 1e-9


def held(found: Packing, hours: np.ndarray, needs: np.ndarray, whole: np.ndarray) -> None:
    """Nothing is over capacity at any start, and instances end with their last job."""
    for place in range(found.instances):
        rows = np.nonzero(found.instance == place)[0]
        begin, end = found.start_hours[rows], found.start_hours[rows] + hours[rows]
        assert end.max() == pytest.approx(found.ends_hours[place])
        for moment in begin:
            running = (begin <= moment + 1e-9) & (end > moment + 1e-9)
            assert (needs[rows][running].sum(axis=0) <= whole + 1e-6).all()


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 10_000))
def test_no_instance_is_overfull_and_nothing_beats_the_bound(count: int, most: int, seed: int) -> None:
    made = np.random.default_rng(seed)
    hours = made.uniform(0.1, 4.0, count)
    needs = np.stack([made.integers(1, 49, count), made.integers(0, 5, count), made.integers(1, 193, count)], 1) * 1.0
    found = pack(hours, needs, WHOLE, most, 0.05)
    held(found, hours, needs, WHOLE)
    assert found.instances <= most
    assert found.instance_hours >= found.bound_hours - 1e-9


def test_equal_jobs_fill_every_slot() -> None:
    # 4 GPUs: 300 jobs of a GPU on 5 instances are 15 waves.
    found = pack(np.full(300, 0.2), np.tile([4.0, 1.0, 16.0], (300, 1)), WHOLE, 5, 0.05)
    assert found.instance_hours == pytest.approx(5 * (0.05 + 15 * 0.2))
    assert found.instance_hours <= found.bound_hours * 1.1


def test_two_kinds_that_bind_on_different_resources_share_instances() -> None:
    # Jobs of a GPU leave vCPU free that jobs without one can use: kept apart they take 15 % more than together.
    hours = np.r_[np.full(120, 0.2), np.full(60, 0.5)]
    needs = np.r_[np.tile([8.0, 1.0, 32.0], (120, 1)), np.tile([12.0, 0.0, 8.0], (60, 1))]
    found = pack(hours, needs, WHOLE, 10, 0.087, 3.0)
    held(found, hours, needs, WHOLE)
    assert found.instance_hours <= 1.06 * found.bound_hours
    apart = sum(
        pack(hours[rows], needs[rows], WHOLE, 10, 0.087, 3.0).instance_hours for rows in (slice(120), slice(120, None))
    )
    assert apart > 1.1 * found.instance_hours


def test_equal_jobs_start_no_more_instances_than_the_time_needs() -> None:
    # 11 instances full, at most 10 at once: two waves, for which 6 are enough.
    found = pack(np.full(44, 1.0), np.tile([4.0, 1.0, 16.0], (44, 1)), WHOLE, 10, 0.1)
    assert found.instances == 6 and found.makespan_hours == pytest.approx(2.1)
    assert pack(np.full(44, 1.0), np.tile([4.0, 1.0, 16.0], (44, 1)), WHOLE, 10, 0.1, 4.2).instances == 3


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3))
def test_equal_jobs_in_waves_are_what_is_placed_one_by_one(count: int, share: int, most: int) -> None:
    hours, needs = np.full(count, 0.7), np.full((count, 1), float(share))
    waves = pack(hours, needs, [4.0], most, 0.05)
    # A hair of another length takes the way of unequal jobs.
    late = waves.makespan_hours * (1 + 1e-6)
    placed = pack(hours + np.linspace(0, 1e-8, count), needs, [4.0], most, 0.05, late)
    held(waves, hours, needs, np.array([4.0]))
    assert waves.instance_hours == pytest.approx(placed.instance_hours, rel=1e-5)


def test_longer_hours_for_all_are_billed_in_proportion() -> None:
    made = np.random.default_rng(5)
    hours, needs = made.uniform(0.1, 2, 30), made.uniform(1, 24, (30, 1))
    assert pack(3 * hours, needs, [48.0], 3).instance_hours == pytest.approx(
        3 * pack(hours, needs, [48.0], 3).instance_hours
    )


@pytest.mark.parametrize(
    ("hours", "shares", "most", "deadline", "field"),
    [
        ([1.0], [[49.0, 1, 1]], 2, None, "shares"),
        ([1.0], [[4.0, 1]], 2, None, "shares"),
        ([0.0], [[4.0, 1, 1]], 2, None, "job_hours"),
        ([1.0], [[4.0, 1, 1]], 0, None, "most_instances"),
        ([1.0, 1.0], [[48.0, 1, 1]] * 2, 1, 1.5, "deadline_hours"),
    ],
)
def test_what_cannot_be_is_refused(hours, shares, most, deadline, field) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput) as refused:
        pack(hours, shares, WHOLE, most, 0.0, deadline)
    assert refused.value.faults[0].field == field
