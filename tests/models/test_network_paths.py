"""Network paths: published examples to the cent, free ones for nothing, tiers that count from the first GiB."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.network_paths import between_zones_usd, gateway_usd, out_to_internet_usd

TB = 1024.0
FLAT = ((np.inf,), (0.045,))
OUT = ((10 * TB, 50 * TB, 150 * TB, np.inf), (0.09, 0.085, 0.07, 0.05))


def test_nat_gateway_examples() -> None:
    """VPC pricing page, as quoted in notes: an hour and one GB, $0.045 each; basavytix.com: $55.35 and $190.71."""
    assert round(float(gateway_usd(1, 1, 1, 0.045, *FLAT)), 3) == 0.090
    assert round(float(gateway_usd(500, 730, 1, 0.045, *FLAT)), 2) == 55.35
    assert round(float(gateway_usd(2048, 730, 3, 0.045, *FLAT)), 2) == 190.71


def test_transfer_out_example() -> None:
    """AWS training on S3 pricing (January 2022): 62 TB, 1 GB of it free: $5,263.27."""
    assert round(float(out_to_internet_usd(62 * TB, 1.0, *OUT)), 2) == 5263.27


def test_between_zones_example() -> None:
    """A calculator's reference bill in the price table (svc-059): 1,000 GB between zones at $0.01 each way are $20."""
    assert float(between_zones_usd(1000, 0.01)) == pytest.approx(20.0)


def test_a_gateway_endpoint_costs_nothing() -> None:
    assert float(gateway_usd(1e9, 730, 3, 0.0, (np.inf,), (0.0,))) == 0.0


@given(st.floats(0, 1e6), st.floats(0, 200))
def test_free_gigabytes_come_off_the_first_tier(gib: float, free: float) -> None:
    all_paid, some_free = out_to_internet_usd(gib, 0.0, *OUT), out_to_internet_usd(gib, free, *OUT)
    assert float(all_paid - some_free) == pytest.approx(min(gib, free) * 0.09, abs=1e-9 + 1e-12 * float(all_paid))


def test_vector_is_scalar_and_acceleration_is_on_top() -> None:
    gib = np.array([0.0, 50.0, 1e4, 1e6])
    assert out_to_internet_usd(gib, 100.0, *OUT).tolist() == [
        float(out_to_internet_usd(one, 100.0, *OUT)) for one in gib
    ]
    faster = out_to_internet_usd(gib, 100.0, *OUT, 0.04) - out_to_internet_usd(gib, 100.0, *OUT)
    assert faster.tolist() == pytest.approx((0.04 * gib).tolist())


def test_refused() -> None:
    with pytest.raises(InvalidInput):
        gateway_usd(-1, 1, 1, 0.045, *FLAT)
    with pytest.raises(InvalidInput):
        between_zones_usd(-1, 0.01)
    with pytest.raises(InvalidInput):
        out_to_internet_usd(1, -1, *OUT)
