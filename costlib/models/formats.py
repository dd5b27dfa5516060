"""A table in another file format: its size, how long a read takes and what binds it, and what reads cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import fraction, not_negative, numeric, positive
from costlib.units import BYTES_PER_GIB, SECONDS_PER_HOUR

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FormatRead:
    """One read of a table: GiB fetched, seconds, core-seconds of decoding, and whether decoding binds it."""

    fetched_gib: Floats
    seconds: Floats
    core_seconds: Floats
    bound_by_cpu: NDArray[np.bool_]


@numeric()
def format_read(
    csv_gib: ArrayLike,
    size_of_csv: ArrayLike,
    columns_fraction: ArrayLike,
    columnar: ArrayLike,
    bytes_per_second: ArrayLike,
    decoded_bytes_per_core_second: ArrayLike,
    cores: ArrayLike,
) -> FormatRead:
    """A read whose fetching and decoding overlap: the slower of the two sets the time; arrays broadcast.

    seconds = max(fetched bytes / bandwidth, core-seconds / cores). ``size_of_csv``: stored size over that as plain CSV;
    ``columnar``: 1 where only the wanted share of the columns is fetched and decoded, 0 where all of it is.
    ``decoded_bytes_per_core_second`` counts bytes as CSV (inf: nothing to decode; nan: not known, and so are
    seconds). Raises InvalidInput for sizes, rates and cores that are not above 0, and shares outside 0 to 1.
    """
    share = np.where(fraction("columnar", columnar) > 0, fraction("columns_fraction", columns_fraction, True), 1.0)
    whole = positive("csv_gib", csv_gib)
    fetched = whole * positive("size_of_csv", size_of_csv) * share
    fetching = fetched * BYTES_PER_GIB / positive("bytes_per_second", bytes_per_second)
    rate = positive("decoded_bytes_per_core_second", decoded_bytes_per_core_second)
    core_seconds = whole * share * BYTES_PER_GIB / rate
    decoding = core_seconds / positive("cores", cores)
    fetched, core_seconds, fetching, decoding = np.broadcast_arrays(fetched, core_seconds, fetching, decoding)
    return FormatRead(fetched, np.maximum(fetching, decoding), core_seconds, decoding > fetching)


@numeric()
def format_usd(
    stored_gib: ArrayLike,
    months: ArrayLike,
    storage_usd_per_gib_month: ArrayLike,
    reads: ArrayLike,
    read_seconds: ArrayLike,
    reader_usd_per_hour: ArrayLike,
    scanned_gib_per_read: ArrayLike = 0.0,
    scan_usd_per_gib: ArrayLike = 0.0,
    core_hours_per_read: ArrayLike = 0.0,
    convert_core_hours: ArrayLike = 0.0,
    core_usd_per_hour: ArrayLike = 0.0,
) -> Floats:
    """USD of keeping a table and reading it: storage + what waits + scanned bytes + cores that decode and convert.

    ``reader_usd_per_hour``: what waits while it reads, besides those cores. All are at least 0; nan passes. Raises
    InvalidInput.
    """
    values = {name: not_negative(name, value) for name, value in locals().items()}
    return np.asarray(
        values["stored_gib"] * values["months"] * values["storage_usd_per_gib_month"]
        + values["reads"] * values["read_seconds"] / SECONDS_PER_HOUR * values["reader_usd_per_hour"]
        + values["reads"] * values["scanned_gib_per_read"] * values["scan_usd_per_gib"]
        + (values["reads"] * values["core_hours_per_read"] + values["convert_core_hours"])
        * values["core_usd_per_hour"],
        float,
    )
