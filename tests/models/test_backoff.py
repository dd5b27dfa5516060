"""Back-off: waits by hand, even asking, jitter on average, gaps of real traces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.models.backoff import Backoff, recorded_gaps, until_had, waits


def test_by_hand() -> None:
    # Asked at 0, 60, 180, 420 and then every 300 s: a gap of 200 s is found over at 420 s, by the fourth call.
    schedule = Backoff(60, 2, 300)
    found = waits([200, 0, 420, 500], [1e4, 1e4, 1e4, 100], schedule)
    assert found.late_seconds.tolist() == [220, 0, 0, 220]
    assert found.calls.tolist() == [4, 1, 4, 5]
    assert found.met.tolist() == [True, True, True, False], "the last stayed for 100 s only"


def test_asking_at_even_times_is_late_by_half_the_time_between_on_average() -> None:
    gaps = np.random.default_rng(5).uniform(0, 36_000, 20_000)
    found = waits(gaps, np.inf, Backoff(60, 1, 60))
    assert found.late_seconds.mean() == pytest.approx(30, rel=0.02)
    assert found.calls.mean() == pytest.approx(1.5 + 300, rel=0.02)


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=20), st.floats(1, 600), st.floats(1, 4))
def test_asking_less_often_is_never_earlier_and_takes_no_more_calls(gaps, first, factor) -> None:
    often, seldom = (waits(gaps, np.inf, Backoff(first, slower, 1e4)) for slower in (1.0, factor))
    assert (seldom.calls <= often.calls).all()
    assert (often.late_seconds <= first).all()
    assert (seldom.late_seconds >= 0).all()


def test_jitter_halves_the_mean_wait_and_needs_a_generator() -> None:
    gaps = np.full(4000, 0.5)
    found = waits(gaps, np.inf, Backoff(100, 1, 100, jitter=1.0), np.random.default_rng(2))
    assert found.late_seconds.mean() == pytest.approx(50, rel=0.05)
    with pytest.raises(InvalidInput, match="rng"):
        waits(1.0, 1.0, Backoff(100, jitter=0.5))


def test_gaps_of_a_trace() -> None:
    gaps, ups = recorded_gaps([0, 0, 1, 0, 0, 0, 1, 1, 0], 1.0)
    assert gaps.tolist() == [3 * 3600] and ups.tolist() == [2 * 3600]
    traces = SpotTraces.open()
    name = "aws1026-us-west-2b_v100_1"
    gaps, _ = recorded_gaps(traces.of(name), traces.step_hours(name))
    # Published with the trace: 172 gaps of 1.07 h on average; the first or the last may be cut.
    assert len(gaps) == pytest.approx(172, abs=1)
    assert gaps.mean() / 3600 == pytest.approx(1.07, abs=0.02)


def test_each_gap_alone_waits_as_among_others() -> None:
    gaps = np.array([0.0, 10.0, 5000.0])
    together = waits(gaps, 1e4, Backoff(30)).late_seconds
    assert [float(waits(gap, 1e4, Backoff(30)).late_seconds) for gap in gaps] == together.tolist()


def test_impossible_schedules_are_refused_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        Backoff(0, 0.5, -1, 2)
    assert [fault.field for fault in refused.value.faults] == ["first_seconds", "factor", "most_seconds", "jitter"]
    with pytest.raises(InvalidInput, match="gap_seconds"):
        waits(-1, 1, Backoff(1))


def test_asking_goes_on_through_returns_that_were_missed() -> None:
    trace = [1, 0, 0, 1, 0, 1, 1, 0]
    each_step = until_had(trace, 1 / 60, Backoff(60, 1, 60))
    assert each_step.wait_seconds[:2].tolist() == [120, 60] and each_step.calls[:2].tolist() == [3, 2]
    # Asked 90 s and 270 s into the first gap: the minute of capacity between is missed.
    seldom = until_had(trace, 1 / 60, Backoff(90, 2, 3600))
    assert seldom.wait_seconds[0] == 270 and seldom.calls[0] == 3
    assert np.isnan(seldom.wait_seconds[2]), "nothing came back before the trace ended"
    with pytest.raises(InvalidInput, match="rng"):
        until_had(trace, 1 / 60, Backoff(60, jitter=1))


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.floats(10, 300))
def test_capacity_is_there_when_it_was_had(trace, first) -> None:
    found = until_had(trace, 1 / 60, Backoff(first, 1.7, 900))
    begins = [at for at in range(1, len(trace)) if trace[at - 1] and not trace[at]]
    assert len(begins) == len(found.wait_seconds)
    for begin, wait in zip(begins, found.wait_seconds, strict=True):
        assert np.isnan(wait) or trace[int((begin * 60 + wait) / 60 + 1e-9)]
