"""Checkpoints: published optima, simulated jobs, closed forms, limits, and vectors equal to scalars."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.checkpoint import (
    best_interval_hours,
    daly_interval_hours,
    expected_hours,
    expected_hours_with_notice,
    long_run_hours,
    save_seconds,
    saved_in_time,
    why_not_finished,
    young_interval_hours,
)

mtbis = st.floats(0.5, 1e5)
writes = st.floats(0.001, 0.4)


def test_young_by_hand() -> None:
    # Young 1974: sqrt(2 * 0.05 h * 24 h)
    assert young_interval_hours(24, 0.05) == pytest.approx(math.sqrt(2.4))


def test_dalys_printed_optima() -> None:
    # Daly 2006, figures 3 to 5: a write of 5 minutes, mtbi of 24 h, 6 h and 15 min: 117, 57 and 9.1 minutes.
    printed = np.array([117, 57, 9.1])
    assert daly_interval_hours([24, 6, 0.25], 5 / 60) * 60 == pytest.approx(printed, rel=0.006)
    # Daly's series is cut off: the exact optimum is 9.17 where it gives 9.14.
    assert best_interval_hours([24, 6, 0.25], 5 / 60, 0.1) * 60 == pytest.approx(printed, rel=0.008)


@given(mtbi=mtbis, write=writes)
def test_the_best_interval_solves_its_equation_and_no_other_is_better(mtbi: float, write: float) -> None:
    best = float(best_interval_hours(mtbi, write, 0.0))
    # Lambert's W in the form w e^w = -exp(-d/M - 1), with w = t/M - 1.
    root = best / mtbi - 1.0
    assert root * math.exp(root) == pytest.approx(-math.exp(-write / mtbi - 1.0), rel=1e-12)
    around = long_run_hours(100.0, best * np.array([0.9, 1.0, 1.1]), write, 0.1, mtbi)
    assert around[1] == min(around)


def test_the_intervals_agree_where_a_write_is_short_and_are_endless_where_nothing_interrupts() -> None:
    near = [young_interval_hours(1e6, 1e-3), daly_interval_hours(1e6, 1e-3), best_interval_hours(1e6, 1e-3)]
    assert near == pytest.approx([math.sqrt(2e3)] * 3, rel=1e-4)
    assert np.isinf([young_interval_hours(np.inf, 1), daly_interval_hours(np.inf, 1), best_interval_hours(np.inf, 1)])[
        :
    ].all()
    assert best_interval_hours(24, 0.0) == 0.0
    assert daly_interval_hours(1.0, 2.0) == 1.0, "from d = 2 M on Daly's rule is M"


def test_without_interruptions_only_writes_are_added_and_none_after_the_last_piece() -> None:
    assert expected_hours(100, 2, 0.1, 0.5, np.inf) == pytest.approx(100 + 49 * 0.1)
    assert expected_hours(3, 4, 0.1, 0.5, np.inf) == 3
    assert long_run_hours(100, 2, 0.1, 0.5, np.inf) == pytest.approx(105)


def test_daly_by_hand() -> None:
    # M = 24 h, R = 0.5 h, t = 2 h, d = 0.1 h, W = 101 h: 50 pieces of 2.1 h and one of 1 h.
    scale = 24 * math.exp(0.5 / 24)
    by_hand = scale * (50 * (math.exp(2.1 / 24) - 1) + math.exp(1 / 24) - 1)
    assert expected_hours(101, 2, 0.1, 0.5, 24) == pytest.approx(by_hand)
    assert expected_hours(101, 2, 0.1, 0.5, 24, safe_restarts=True) == pytest.approx(by_hand * 24.5 / scale)


def test_agrees_with_a_simulation() -> None:
    rng = np.random.default_rng(7)
    work, interval, write, restart, mtbi = 20.0, 2.0, 0.1, 0.3, 10.0
    totals = []
    for _ in range(4000):
        clock, done, need_restart = 0.0, 0.0, False
        while done < work:
            last = done + interval >= work
            segment = (restart if need_restart else 0.0) + interval + (0.0 if last else write)
            strike = rng.exponential(mtbi)
            clock += min(strike, segment)
            need_restart = strike < segment
            done += 0.0 if need_restart else interval
        totals.append(clock)
    error = np.std(totals) / math.sqrt(len(totals))
    assert expected_hours(work, interval, write, restart, mtbi) == pytest.approx(np.mean(totals), abs=3 * error)


def test_with_notice_agrees_with_a_simulation() -> None:
    rng = np.random.default_rng(8)
    work, save, restart, mtbi, runs = 200.0, 0.02, 0.3, 5.0, 2000
    clock, done = np.zeros(runs), np.zeros(runs)
    first, going = True, np.ones(runs, bool)
    while going.any():
        strike = rng.exponential(mtbi, runs)
        lead = 0.0 if first else restart
        finishes = strike >= lead + work - done + save
        clock[going] += np.where(finishes, lead + work - done, strike)[going]
        done[going] += np.maximum(strike - lead - save, 0)[going]
        going &= ~finishes
        first = False
    # The first stretch has no restart, and the last needs no save: about (R + s) of some 210 hours.
    expected = float(expected_hours_with_notice(work, save, restart, mtbi))
    assert expected == pytest.approx(clock.mean(), rel=0.005)


@given(work=st.floats(1, 1000), mtbi=st.floats(5, 1e5), write=writes, restart=st.floats(0, 1))
def test_interruptions_only_add_time_and_fewer_add_less(work: float, mtbi: float, write: float, restart: float) -> None:
    interval = young_interval_hours(mtbi, write)
    for model in (expected_hours, long_run_hours):
        often = model(work, interval, write, restart, mtbi)
        seldom = model(work, interval, write, restart, mtbi * 2)
        assert often >= seldom >= work * (1 - 1e-12)
    safe = expected_hours(work, interval, write, restart, mtbi, safe_restarts=True)
    assert safe <= expected_hours(work, interval, write, restart, mtbi) * (1 + 1e-12)


@given(work=st.floats(1, 200), mtbi=st.floats(2, 100), factor=st.floats(0.1, 10))
def test_the_unit_of_time_does_not_matter(work: float, mtbi: float, factor: float) -> None:
    once = expected_hours(work, 1.0, 0.1, 0.2, mtbi)
    scaled = expected_hours(work * factor, factor, 0.1 * factor, 0.2 * factor, mtbi * factor)
    assert scaled == pytest.approx(once * factor, rel=1e-6)


def test_vectors_equal_scalars() -> None:
    mtbi = np.array([0.05, 1.0, 10.0, np.inf])
    for model in (expected_hours, long_run_hours):
        together = model(10, 1, 0.1, 0.2, mtbi)
        assert together == pytest.approx([float(model(10, 1, 0.1, 0.2, value)) for value in mtbi])
    for interval in (young_interval_hours, daly_interval_hours, best_interval_hours):
        assert interval(mtbi, 0.1) == pytest.approx([float(interval(value, 0.1)) for value in mtbi])


def test_a_run_that_cannot_finish_is_infinite_and_says_why() -> None:
    assert np.isinf(expected_hours(2000, 1000, 0.1, 0.2, 0.5))
    assert "hardly ever" in str(why_not_finished(2000, 1000, 0.1, 0.2, 0.5))
    assert np.isinf(expected_hours(10, 1, 0.6, 0.2, 0.5))
    said = "it will not finish: writing a checkpoint takes 0.6 h, and interruptions come every 0.5 h on average"
    assert why_not_finished(10, 1, 0.6, 0.2, 0.5) == said
    assert why_not_finished(1, 1, 0.6, 0.2, 0.5) is None, "one piece needs no checkpoint"
    assert why_not_finished(10, 1, 0.1, 0.2, 24) is None


def test_what_can_be_saved_in_two_minutes() -> None:
    # 100 GB at 1 GB/s and 10 s to stop: 110 s; twice the state does not fit.
    seconds = save_seconds([100e9, 200e9], 1e9, 10)
    assert seconds.tolist() == [110, 210]
    assert saved_in_time(seconds).tolist() == [True, False]


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (lambda: expected_hours(-1, 1, -0.1, 0, 1), ["work_hours", "write_hours"]),
        (lambda: expected_hours(1, 0, 0.1, 0, 1), ["interval_hours"]),
        (lambda: expected_hours(1, 1, 0.1, 0, 0), ["mtbi_hours"]),
        (lambda: best_interval_hours([1, 0], 1, 0), ["mtbi_hours"]),
        (lambda: daly_interval_hours(1, -1), ["write_hours"]),
        (lambda: save_seconds(1, 0), ["bandwidth_bytes_per_second"]),
    ],
)
def test_impossible_numbers_are_refused_by_name(call, fields) -> None:
    with pytest.raises(InvalidInput) as refused:
        call()
    assert [fault.field for fault in refused.value.faults] == fields
