"""Formats: AWS's own comparison on Athena to the cent, what binds a read, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.formats import format_read, format_usd


def test_athena_example() -> None:
    """AWS big data blog on Athena (copies), 5 USD a TB: 1.15 TB scanned as text $5.75, 2.51 GB as Parquet $0.01."""
    scanned = format_usd(0, 0, 0, 1, 0, 0, np.array([1.15 * 1024, 2.51]), 5.0 / 1024)
    assert [round(float(usd), 2) for usd in scanned] == [5.75, 0.01]


def test_what_is_slower_sets_the_time() -> None:
    gib = 2.0**30
    fetching = format_read(10.0, 0.5, 1.0, 1.0, gib, 100 * gib, 1.0)
    assert float(fetching.seconds) == 5.0 and not fetching.bound_by_cpu
    decoding = format_read(10.0, 0.5, 1.0, 1.0, gib, 0.5 * gib, 2.0)
    assert float(decoding.seconds) == 10.0 and bool(decoding.bound_by_cpu) and float(decoding.core_seconds) == 20.0
    assert float(format_read(10.0, 0.5, 1.0, 1.0, gib, np.inf, 1.0).core_seconds) == 0.0
    assert np.isnan(format_read(10.0, 0.5, 1.0, 1.0, gib, np.nan, 1.0).seconds), "not known"


@given(st.floats(0.01, 1.0), st.floats(0.05, 1.2))
def test_only_columnar_formats_fetch_a_share_of_the_columns(share: float, size: float) -> None:
    rows, columns = (format_read(8.0, size, share, columnar, 1e8, 1e8, 4.0) for columnar in (0.0, 1.0))
    assert float(columns.fetched_gib) == pytest.approx(share * float(rows.fetched_gib))
    assert float(rows.fetched_gib) == pytest.approx(8.0 * size)
    assert columns.seconds <= rows.seconds


def test_vector_is_scalar_and_dollars_add_up() -> None:
    sizes = np.array([1.0, 0.3, 0.2])
    together = format_read(5.0, sizes, 0.4, np.array([0.0, 1.0, 1.0]), 1e8, 2e8, 2.0)
    alone = [
        format_read(5.0, size, 0.4, columnar, 1e8, 2e8, 2.0) for size, columnar in zip(sizes, (0, 1, 1), strict=True)
    ]
    assert together.seconds.tolist() == [float(one.seconds) for one in alone]
    assert float(format_usd(100, 2, 0.023, 10, 360, 30, 5, 0.005, 2, 4, 0.05)) == pytest.approx(4.6 + 30 + 0.25 + 1.2)


@pytest.mark.parametrize("change", [{"csv_gib": 0}, {"size_of_csv": -1}, {"columns_fraction": 0}, {"cores": 0}])
def test_refused(change: dict) -> None:
    good = dict(csv_gib=1, size_of_csv=1, columns_fraction=1, columnar=0, bytes_per_second=1,
                decoded_bytes_per_core_second=1, cores=1)  # fmt: skip
    with pytest.raises(InvalidInput, match=next(iter(change))):
        format_read(**{**good, **change})
    with pytest.raises(InvalidInput, match="months"):
        format_usd(1, -1, 1, 1, 1, 1)
