"""Tiered prices: AWS's own examples to the cent, and what must hold of any tiers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.tiers import average_usd, tiered_usd

TB = 1024.0
#: us-east-1 to the internet, as in the S3 FAQ and in prices/transfer.
EGRESS = ([10 * TB, 50 * TB, 150 * TB, np.inf], [0.09, 0.085, 0.07, 0.05])
CENT = 0.005
S3_UPTO, S3_USD = (50 * TB, 500 * TB, np.inf), (0.023, 0.022, 0.021)


def test_s3_storage_example() -> None:
    """S3 FAQ (copies): 100 GB for 15 days of March, 100 TB for 16: 52,900 GB-months, $1,215.00."""
    gib = np.repeat([100.0, 100.0 * TB], [15, 16]).mean()
    assert round(gib) == 52_900
    assert round(float(tiered_usd(gib, S3_UPTO, S3_USD)), 2) == 1215.00


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


def test_the_faq_of_s3_on_62_tb_sent_to_the_internet() -> None:
    """aws.amazon.com/s3/faqs, "How will I be charged", Data Transfer Out Example; then 1 GB a month was free."""
    assert tiered_usd(62 * TB, *EGRESS, free=1) == pytest.approx(5263.27, abs=CENT)
    assert tiered_usd(10 * TB, *EGRESS, free=1) == pytest.approx(921.51, abs=CENT)
    assert tiered_usd(50 * TB, *EGRESS) - tiered_usd(10 * TB, *EGRESS) == pytest.approx(3481.60, abs=CENT)
    assert tiered_usd(62 * TB, *EGRESS) - tiered_usd(50 * TB, *EGRESS) == pytest.approx(860.16, abs=CENT)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 200))
def test_a_larger_volume_costs_more_and_each_gib_less(one: float, two: float, free: float) -> None:
    small, large = sorted((one, two))
    low, high = tiered_usd(np.array([small, large]), *EGRESS, free=free)
    assert 0 <= low <= high
    assert high - low <= (large - small) * 0.09 + 1e-6
    assert high - low >= (large - small - free) * 0.05 - 1e-6


def test_tiers_of_many_regions_at_once_are_those_of_each() -> None:
    gib = np.array([5.0, 20 * TB, 300 * TB])
    prices = np.array([EGRESS[1], [0.11, 0.085, 0.077, 0.055], [0.15, 0.14, 0.13, 0.12]])
    many = tiered_usd(gib, EGRESS[0], prices, 100.0)
    each = [float(tiered_usd(g, EGRESS[0], row, 100.0)) for g, row in zip(gib, prices, strict=True)]
    assert many == pytest.approx(each)
    assert many[0] == 0.0, "what is free costs nothing"


def test_tiers_that_hold_not_everything_are_refused() -> None:
    for sizes in ([10.0, 20.0], [], [np.inf, np.inf]):
        with pytest.raises(InvalidInput, match="upto"):
            tiered_usd(1, sizes, np.ones(len(sizes)))
    with pytest.raises(InvalidInput, match="one price a tier"):
        tiered_usd(1, [1, np.inf], [0.1])
    with pytest.raises(InvalidInput) as refused:
        tiered_usd(-1, [np.inf], [-0.1])
    assert {fault.field for fault in refused.value.faults} == {"amount", "usd"}


@pytest.mark.parametrize(
    ("amount", "upto", "usd"),
    [(-1.0, S3_UPTO, S3_USD), (1.0, (50.0, 50.0, np.inf), S3_USD), (1.0, (50.0, 60.0), (1.0, 2.0)),
     (1.0, S3_UPTO, (1.0,)), (1.0, (np.inf,), (-1.0,))],
)  # fmt: skip
def test_refused(amount: float, upto: tuple, usd: tuple) -> None:
    with pytest.raises(InvalidInput):
        tiered_usd(amount, upto, usd)
