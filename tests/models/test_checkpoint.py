"""Interruptions and checkpoints: closed forms, limits, and vectors equal to scalars."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.checkpoint import expected_hours, young_interval_hours
from costlib.models.interruption import hazard_per_hour, mean_hours_between_interruptions


def test_hazard_gives_back_the_monthly_share() -> None:
    shares = np.array([0.0, 0.05, 0.2, 0.63, 0.99])
    assert 1 - np.exp(-730 * hazard_per_hour(shares)) == pytest.approx(shares)


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5])
def test_hazard_refuses_impossible_shares(share: float) -> None:
    with pytest.raises(InvalidInput, match="monthly_interruption_fraction"):
        hazard_per_hour(share)


def test_no_hazard_never_interrupts_and_more_instances_are_hit_sooner() -> None:
    assert np.isinf(mean_hours_between_interruptions(0.0, 4))
    assert mean_hours_between_interruptions(0.01, [1, 2, 10]) == pytest.approx([100, 50, 10])


def test_young_by_hand() -> None:
    # Young 1974: sqrt(2 * 0.05 h * 24 h)
    assert young_interval_hours(24, 0.05) == pytest.approx(math.sqrt(2.4))


def test_without_interruptions_only_writes_are_added() -> None:
    assert expected_hours(100, 2, 0.1, 0.5, np.inf) == pytest.approx(105)


def test_daly_by_hand() -> None:
    # M = 24 h, R = 0.5 h, t = 2 h, d = 0.1 h, W = 100 h
    by_hand = 24 * math.exp(0.5 / 24) * (math.exp(2.1 / 24) - 1) * 100 / 2
    assert expected_hours(100, 2, 0.1, 0.5, 24) == pytest.approx(by_hand)


def test_agrees_with_a_simulation() -> None:
    rng = np.random.default_rng(7)
    work, interval, write, restart, mtbi = 20.0, 2.0, 0.1, 0.3, 10.0
    totals = []
    for _ in range(4000):
        clock, done = 0.0, 0.0
        need_restart = False
        while done < work:
            segment = (restart if need_restart else 0.0) + interval + write
            strike = rng.exponential(mtbi)
            if strike >= segment:
                clock += segment
                done += interval
                need_restart = False
            else:
                clock += strike
                need_restart = True
        totals.append(clock)
    # Daly charges a restart to every interruption, also to those during restarts; so does the simulation.
    assert expected_hours(work, interval, write, restart, mtbi) == pytest.approx(np.mean(totals), rel=0.03)


@given(work=st.floats(1, 1000), mtbi=st.floats(5, 1e5), write=st.floats(0.001, 0.5), restart=st.floats(0, 1))
def test_interruptions_only_add_time_and_fewer_add_less(work: float, mtbi: float, write: float, restart: float) -> None:
    interval = young_interval_hours(mtbi, write)
    often = expected_hours(work, interval, write, restart, mtbi)
    seldom = expected_hours(work, interval, write, restart, mtbi * 2)
    assert often >= seldom >= work


def test_vectors_equal_scalars() -> None:
    mtbi = np.array([1.0, 10.0, np.inf])
    together = expected_hours(10, 1, 0.1, 0.2, mtbi)
    alone = [float(expected_hours(10, 1, 0.1, 0.2, value)) for value in mtbi]
    assert together == pytest.approx(alone)


def test_a_run_that_cannot_finish_is_infinite() -> None:
    assert np.isinf(expected_hours(10, 1000, 0.1, 0.2, 0.5))
