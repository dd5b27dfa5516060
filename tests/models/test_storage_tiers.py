"""Tiered prices: AWS's own examples to the cent, and what must hold of any tiers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.storage_tiers import average_usd, tiered_usd

TB = 1024.0
S3_UPTO, S3_USD = (50 * TB, 500 * TB, np.inf), (0.023, 0.022, 0.021)


def test_s3_storage_example() -> None:
    """S3 FAQ (copies): 100 GB for 15 days of March, 100 TB for 16: 52,900 GB-months, $1,215.00."""
    gib = np.repeat([100.0, 100.0 * TB], [15, 16]).mean()
    assert round(gib) == 52_900
    assert round(float(tiered_usd(gib, S3_UPTO, S3_USD)), 2) == 1215.00


def test_transfer_out_example() -> None:
    """AWS training on S3 pricing (prices of January 2022): 62 TB out, the first GB free, $5,263.27."""
    upto = (1.0, 10 * TB, 50 * TB, 150 * TB, np.inf)
    assert round(float(tiered_usd(62 * TB, upto, (0.0, 0.09, 0.085, 0.07, 0.05))), 2) == 5263.27


@given(st.floats(1e-6, 1e7), st.floats(1e-6, 1e7))
def test_more_costs_more_and_less_a_unit(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert tiered_usd(low, S3_UPTO, S3_USD) <= tiered_usd(high, S3_UPTO, S3_USD)
    assert average_usd(low, S3_UPTO, S3_USD) >= average_usd(high, S3_UPTO, S3_USD) - 1e-12  # rounding of a division


def test_vector_is_scalar_and_one_tier_is_a_product() -> None:
    many = np.array([0.0, 1.0, 51_200.0, 51_201.0, 6e5])
    assert tiered_usd(many, S3_UPTO, S3_USD).tolist() == [float(tiered_usd(one, S3_UPTO, S3_USD)) for one in many]
    assert float(tiered_usd(7.0, (np.inf,), (0.5,))) == 3.5
    assert average_usd(0.0, S3_UPTO, S3_USD) == 0.023


@pytest.mark.parametrize(
    ("amount", "upto", "usd"),
    [(-1.0, S3_UPTO, S3_USD), (1.0, (50.0, 50.0, np.inf), S3_USD), (1.0, (50.0, 60.0), (1.0, 2.0)),
     (1.0, S3_UPTO, (1.0,)), (1.0, (np.inf,), (-1.0,))],
)  # fmt: skip
def test_refused(amount: float, upto: tuple, usd: tuple) -> None:
    with pytest.raises(InvalidInput):
        tiered_usd(amount, upto, usd)
