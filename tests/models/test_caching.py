"""Caches and stalls: FSx's own example, corners in closed form, and what must hold of any storage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.caching import cache_usd, lustre_capacity_gib, stall

GIB = 2.0**30


def test_fsx_example() -> None:
    """FSx API reference (CreateFileSystem): a 2.4-TiB file system at 50 MB/s/TiB gives 120 MB/s; it is sold whole."""
    capacity = float(lustre_capacity_gib(2000.0, 1200, 2400))
    assert capacity == 2400
    rate = 2.4 * 50e6
    found = stall(120e6 * 3600 / GIB, 0.5, rate, 100.0)
    assert float(found.epoch_hours) == pytest.approx(1.0) and float(found.busy_fraction) == pytest.approx(0.5)
    assert float(found.stalled_usd_per_hour) == pytest.approx(50.0)
    assert lustre_capacity_gib(np.array([1.0, 1200, 1201, 2401, 4800]), 1200, 2400).tolist() == [
        1200, 1200, 2400, 4800, 4800,
    ]  # fmt: skip


@given(st.floats(1.0, 1e5), st.floats(0.01, 100.0), st.floats(1e6, 1e11), st.floats(0.0, 1e4))
def test_an_epoch_takes_the_slower_of_reading_and_computing(gib: float, hours: float, rate: float, usd: float) -> None:
    found = stall(gib, hours, rate, usd)
    assert float(found.epoch_hours) == pytest.approx(max(hours, gib * GIB / rate / 3600), rel=1e-9)
    assert float(found.stalled_usd_per_epoch) == pytest.approx(
        max(gib * GIB / rate / 3600 - hours, 0) * usd, abs=1e-6 * usd + 1e-9
    )
    faster = stall(gib, hours, 2 * rate, usd)
    assert faster.stalled_usd_per_epoch <= found.stalled_usd_per_epoch


def test_a_cache_by_hand() -> None:
    """Ten epochs of 2 h at $30, filled in 1 h for $5, $0.5 an epoch to read, $73 a month for the cache."""
    assert float(cache_usd(10, 2, 30, 5, 1, 0.5, 73)) == pytest.approx(21 * 30 + 5 + 5 + 21 * 0.1)
    assert float(cache_usd(10, 2, 30, 5, 1, 0.5, 73, 1)) == pytest.approx(21 * 30 + 5 + 5 + 21 * 0.1 + 73)
    assert float(cache_usd(0, 2, 30)) == 0.0


def test_vector_is_scalar_and_what_is_not_known_stays_so() -> None:
    epochs = np.arange(5.0)
    assert cache_usd(epochs, 2, 30, 5).tolist() == [float(cache_usd(n, 2, 30, 5)) for n in epochs]
    assert np.isnan(stall(1, 1, np.nan, 1).stalled_usd_per_hour)


@pytest.mark.parametrize("wrong", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, -1)])
def test_refused(wrong: tuple) -> None:
    with pytest.raises(InvalidInput):
        stall(*wrong)
    with pytest.raises(InvalidInput):
        cache_usd(-1, 1, 1)
