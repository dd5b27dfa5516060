"""Preprocessing once against in every epoch: the lines meet where the model says, and nowhere where they cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.preprocess import preprocess

usd = st.floats(0.01, 1e4)


def test_by_hand() -> None:
    """$10 once, $3 an epoch or $1 after, 1,000 GiB at $0.023: never in epochs of 73 h, from 5.6 in 7.3 h."""
    never = preprocess(5, 10, 3, 1, 1000, 0.023, 73)
    assert float(never.break_even_epochs) == np.inf
    soon = preprocess(5, 10, 3, 1, 1000, 0.023, 7.3)
    assert float(soon.break_even_epochs) == pytest.approx(10 / (3 - 1 - 0.23))
    assert float(soon.once_usd) == pytest.approx(10 + 5 * 1.23) and float(soon.every_epoch_usd) == 15
    kept = preprocess(5, 10, 3, 1, 1000, 0.023, 7.3, 2)
    assert float(kept.break_even_epochs) == pytest.approx((10 + 46) / (3 - 1 - 0.23))


@given(usd, usd, usd, usd, st.floats(0.0, 100.0), st.floats(0.0, 3.0))
def test_both_cost_the_same_where_the_lines_meet(
    once: float, each: float, after: float, gib: float, hours: float, kept: float
) -> None:
    meet = float(preprocess(1, once, each, after, gib, 0.023, hours, kept).break_even_epochs)
    if np.isfinite(meet):
        there = preprocess(meet, once, each, after, gib, 0.023, hours, kept)
        assert float(there.once_usd) == pytest.approx(float(there.every_epoch_usd), rel=1e-6)
        later = preprocess(meet * 2, once, each, after, gib, 0.023, hours, kept)
        assert later.once_usd < later.every_epoch_usd
    else:
        far = preprocess(1e9, once, each, after, gib, 0.023, hours, kept)
        assert far.once_usd >= far.every_epoch_usd


def test_vector_is_scalar_and_what_is_not_known_stays_so() -> None:
    epochs = np.array([1.0, 10.0, 100.0])
    whole = preprocess(epochs, 10, 3, 1, 100, 0.023, 5)
    assert whole.once_usd.tolist() == [float(preprocess(n, 10, 3, 1, 100, 0.023, 5).once_usd) for n in epochs]
    assert np.isnan(preprocess(1, 10, np.nan, 1, 100, 0.023, 5).break_even_epochs)
    with pytest.raises(InvalidInput, match="result_gib"):
        preprocess(1, 10, 3, 1, -100, 0.023, 5)
