"""Target tracking: the leaps against a plain walk through the minutes, corners, and the search."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from costlib.errors import InvalidInput
from costlib.models.autoscaling import Load, Policy, Replay, Terms, replayed
from costlib.models.autoscaling_search import as_row, late_fraction, policies

Floats = npt.NDArray[np.float64]


def walked(load: Floats, policy: Policy, terms: Terms) -> tuple[list[int], list[int]]:
    """The rule minute by minute, without any leap: instances in service, and billed."""
    target = policy.target_per_minute

    def bounded(x: float) -> int:
        return int(min(max(math.ceil(x - 1e-9), policy.least), policy.most))

    number = bounded(load[0] / target)
    pending, arrives = 0, -1
    fresh = 0
    last_out = last_in = -(10**9)
    out_done = -(10**9)
    service, billed = [], []
    for minute in range(len(load)):
        if pending and minute == arrives:
            number, pending, fresh = pending, 0, minute
            out_done = minute
        if not pending:
            seen = minute - terms.delay_minutes
            high = load[max(seen - terms.high_minutes, 0) : seen] if seen - terms.high_minutes >= fresh else None
            low = load[max(seen - terms.low_minutes, 0) : seen] if seen - terms.low_minutes >= fresh else None
            may_out = number < policy.most and minute - last_out >= policy.scale_out_cooldown_seconds / 60
            may_in = (
                number > policy.least
                and minute - last_in >= policy.scale_in_cooldown_seconds / 60
                and minute - out_done >= policy.scale_out_cooldown_seconds / 60
            )
            if high is not None and may_out and min(high) > number * target * (1 + 1e-12):
                wanted = max(bounded(load[seen - 1] / target), number + 1)
                last_out = minute
                if terms.start_minutes:
                    pending, arrives = wanted, minute + terms.start_minutes
                else:
                    number, fresh, out_done = wanted, minute, minute
            elif (
                low is not None
                and may_in
                and max(low) < min(terms.low_fraction * number, (number - 1) * (1 + 1e-9)) * target
            ):
                number, fresh, last_in = min(bounded(max(low) / target), number - 1), minute, minute
        service.append(number)
        billed.append(pending or number)
    return service, billed


@pytest.mark.parametrize("seed", range(12))
def test_leaps_are_the_walk(seed: int) -> None:
    rng = np.random.default_rng(seed)
    minutes = np.arange(3000)
    day = 1 + 0.8 * np.sin(2 * np.pi * minutes / 700)
    load = 600 * day * np.repeat(rng.lognormal(0, rng.uniform(0.05, 0.6), 600), 5)
    terms = Terms(int(rng.integers(0, 15)), int(rng.integers(0, 4)), int(rng.integers(1, 5)), int(rng.integers(1, 20)),
                  float(rng.uniform(0.6, 1.0)))  # fmt: skip
    policy = Policy(
        float(rng.uniform(60, 250)), 60.0 * int(rng.integers(0, 30)), 60.0 * int(rng.integers(0, 90)), 2, 15
    )
    found = replayed(Load.of(load, terms), policy)
    service, billed = walked(load, policy, terms)
    assert found.in_service.tolist() == service
    assert found.billed.tolist() == billed
    assert len(found.activity_minute) > 3


def test_a_step_by_hand() -> None:
    """100 a minute, then 500 from minute 50 on; 2 instances hold 200. Seen a minute late, three minutes high: at 54 it
    asks for 5, which serve from 64 on; 51 to 63 are late."""
    load = np.where(np.arange(200) < 50, 100.0, 500.0)
    found = replayed(Load.of(load, Terms(10, 1)), Policy(100.0, 0.0, 0.0, 2, 10))
    assert found.activity_minute.tolist() == [54] and found.activity_to.tolist() == [5]
    assert found.in_service[63] == 2 and found.in_service[64] == 5 and found.billed[54] == 5
    assert np.flatnonzero(found.late_minutes(load, 125.0)).tolist() == list(range(50, 64))
    assert late_fraction(Load.of(load), found, 125.0) == pytest.approx(14 * 500 / load.sum())


def test_scaling_in_waits_for_a_quarter_of_an_hour_below_nine_tenths() -> None:
    load = np.where(np.arange(300) < 100, 900.0, 300.0)
    found = replayed(Load.of(load, Terms(10, 1)), Policy(100.0, 0.0, 0.0, 2, 20))
    assert found.activity_minute.tolist() == [116] and found.activity_to.tolist() == [3]
    # 91 % of what the instances hold is not below 90 %.
    steady = np.where(np.arange(300) < 100, 1000.0, 910.0)
    assert len(replayed(Load.of(steady), Policy(100.0, 0.0, 0.0, 2, 20)).activity_minute) == 0


def test_a_steady_load_is_left_alone() -> None:
    found = replayed(Load.of(np.full(1000, 550.0)), Policy(100.0, 0.0, 0.0, 2, 20))
    assert set(found.in_service) == {6} and found.instance_hours == pytest.approx(100.0) and found.thrashes == 0


def test_thrashes_are_scale_outs_soon_after_scale_ins() -> None:
    minute, out = np.array([10, 20, 45, 100, 131]), np.array([False, True, False, False, True])
    found = Replay(np.zeros(1, int), np.zeros(1, int), minute, minute, out)
    assert found.thrashes == 1


def a_week() -> Floats:
    rng = np.random.default_rng(3)
    minutes = np.arange(7 * 1440)
    return 3000 * (1 + 0.7 * np.sin(2 * np.pi * minutes / 1440)) * np.repeat(rng.lognormal(0, 0.1, 7 * 288), 5)


def test_the_best_policy_is_as_good_as_all_targets_tried() -> None:
    load = Load.of(a_week(), Terms(5, 1))
    found = policies(load, 400.0, 2, 60, 0.01)
    best = found.iloc[0]
    assert best["keeps_promise"] and best["late_fraction"] <= 0.01
    tried = [
        as_row(load, 400.0, Policy(part * 400, 300, wait, 2, 60), 0.01)
        for part in np.arange(0.3, 1.001, 0.02)
        for wait in (300, 900, 1800, 3600)
    ]
    cheapest = min(row["instance_hours"] for row in tried if row["keeps_promise"])
    # Hours do not fall evenly with the target, so halving may stop a little beside the best.
    assert best["instance_hours"] <= 1.02 * cheapest


def test_no_policy_keeps_a_promise_that_the_most_instances_cannot() -> None:
    found = policies(Load.of(a_week()), 400.0, 2, 4, 0.01)
    assert not found["keeps_promise"].any()


def test_scaling_the_load_and_the_target_changes_nothing() -> None:
    first = replayed(Load.of(a_week()), Policy(300.0, 60.0, 900.0, 2, 60))
    second = replayed(Load.of(7 * a_week()), Policy(2100.0, 60.0, 900.0, 2, 60))
    assert np.array_equal(first.in_service, second.in_service)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: replayed(Load.of(np.ones(5)), Policy(0.0, 0, 0, 1, 2)),
        lambda: replayed(Load.of(np.ones(5)), Policy(1.0, -1, 0, 1, 2)),
        lambda: replayed(Load.of(np.ones(5)), Policy(1.0, 0, 0, 3, 2)),
        lambda: Load.of(np.array([1.0, -1.0])),
        lambda: Load.of(np.ones(0)),
        lambda: Load.of(np.ones(5), Terms(high_minutes=0)),
        lambda: policies(Load.of(np.ones(5)), 1.0, 1, 2, 1.5),
    ],
)
def test_refused(wrong) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput):
        wrong()
