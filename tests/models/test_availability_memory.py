"""What is known at a moment: by hand, past only, and no more than the watch shows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.availability_memory import COLUMNS, MEMORIES_HOURS, Memory

STEP = 0.25
TRACES = st.lists(st.booleans(), min_size=2, max_size=120)


def every_step(flags: list[bool]) -> np.ndarray:
    return Memory.of(flags, STEP).at(np.arange(len(flags)))


@given(TRACES, st.integers(1, 100))
def test_a_moment_knows_nothing_of_what_comes_after(flags: list[bool], cut: int) -> None:
    cut = min(cut, len(flags))
    whole, part = every_step(flags), every_step(flags[:cut])
    assert whole[:cut] == pytest.approx(part)
    assert whole.shape == (len(flags), COLUMNS)
    assert ((whole[:, 2:] >= 0) & (whole[:, 2:] <= 1)).all()


@given(TRACES, st.integers(1, 60))
def test_a_cut_history_is_a_trace_that_begins_later(flags: list[bool], steps: int) -> None:
    steps = min(steps, len(flags))
    cut = Memory.of(flags, STEP).at(np.array([len(flags) - 1]), steps * STEP)
    late = every_step(flags[len(flags) - steps :])[-1:]
    assert cut == pytest.approx(late, abs=1e-9)


@given(TRACES)
def test_shares_are_the_plain_sums(flags: list[bool]) -> None:
    found = every_step(flags)[-1]
    back = np.arange(len(flags))[::-1]
    for column, memory in enumerate(MEMORIES_HOURS):
        weight = 0.5 ** (back * STEP / memory)
        assert found[2 + column] == pytest.approx((weight * flags).sum() / weight.sum(), abs=1e-9)


def test_moments_by_hand() -> None:
    known = Memory.of([0, 0, 1], 1.0).at(np.arange(3))
    assert known[:, 0].tolist() == [0, 0, 1]
    assert known[:, 1] == pytest.approx([0, 1, 0]), "ages of 1, 2 and 1 hours"
    kept = 0.5 ** (1 / 6)
    assert known[2, 2] == pytest.approx(1 / (1 + kept + kept**2))


def test_a_step_of_no_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="step_hours"):
        Memory.of([0, 1], 0.0)
