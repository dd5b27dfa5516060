"""Numbers as people read them: a saving is never a minus sign."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.display import count, saving, share


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.404, "40 %"), (0.9968, "99.6 %"), (0.99999, "99.9 %"), (1.0, "100 %"), (0.0, "0 %"), (0.001, "under 1 %"),
    ],
)  # fmt: skip
def test_only_a_whole_is_a_hundred_percent_and_only_nothing_is_none(fraction: float, text: str) -> None:
    assert share(fraction) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.4, "saves 40 %"),
        (0.9968, "saves 99.6 %"),
        (0.0, "no change"),
        (1e-12, "no change"),
        (-0.03, "costs 3 % more"),
        (-0.001, "costs under 1 % more"),
        (-1.0, "costs 2 times as much"),
        (-180.37, "costs 181 times as much"),
        (math.nan, "not known"),
    ],
)
def test_savings_in_words(fraction: float, text: str) -> None:
    assert saving(fraction) == text


@given(st.floats(-1e4, 1))
def test_words_carry_the_sign(fraction: float) -> None:
    words = saving(fraction)
    assert "-" not in words and "−" not in words
    assert words.startswith("saves" if fraction >= 1e-9 else "costs" if fraction <= -1e-9 else "no change")


def test_counts_of_few_keep_two_digits() -> None:
    assert [count(x) for x in (0, 0.0312, 9.96, 10.4, 1234567.8)] == ["0", "0.031", "10", "10", "1,234,568"]
