"""Traces: runs that give back the trace, steps that are even, windows that fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.availability import checked, runs_of, starts_that_fit, step_hours_of


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_runs_give_back_the_trace(flags: list[bool]) -> None:
    runs = runs_of(flags)
    assert np.repeat(runs.up, runs.steps).tolist() == flags
    assert (runs.up[1:] != runs.up[:-1]).all()
    assert runs.first_step.tolist() == [0, *np.cumsum(runs.steps)[:-1]]


def test_even_steps_are_told_and_uneven_ones_refused() -> None:
    times = np.arange(50) * 0.25
    assert step_hours_of(times) == 0.25
    with pytest.raises(InvalidInput, match="gaps or mixed steps"):
        step_hours_of(np.delete(times, 20))
    with pytest.raises(InvalidInput, match="gaps or mixed steps"):
        step_hours_of(np.concatenate([times, times[-1] + np.arange(1, 9) * 0.5]))


def test_zones_must_share_a_clock() -> None:
    assert checked([[0, 1], [1, 1]], dimensions=2).shape == (2, 2)
    with pytest.raises(InvalidInput, match="share a clock"):
        checked([[0, 1], [1]], dimensions=2)
    with pytest.raises(InvalidInput, match="0 or 1"):
        checked(["a", "b"])


def test_the_last_window_ends_with_the_trace() -> None:
    assert starts_that_fit(10, 0.5, 2.0).tolist() == list(range(7))
    assert len(starts_that_fit(3, 0.5, 2.0)) == 0
