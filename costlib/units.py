"""The only place that converts units. GiB and GB are different units.

AWS bills storage and transfer by the "GB" of 2**30 bytes (S3 FAQ: "1 GB = 1,073,741,824 bytes"),
so a price per AWS GB is a price per GiB here.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

#: A number or an array of numbers; what goes in comes out.
Amount = TypeVar("Amount", float, npt.NDArray[np.float64])

BYTES_PER_GIB = 2**30
BYTES_PER_GB = 10**9
BYTES_PER_MIB = 2**20
BYTES_PER_MB = 10**6
GIB_PER_AWS_GB = 1.0
SECONDS_PER_HOUR = 3600.0
MINUTES_PER_HOUR = 60.0
HOURS_PER_DAY = 24.0
HOURS_PER_YEAR = 8760.0
#: AWS quotes monthly prices over 730 hours (8,760 / 12).
HOURS_PER_MONTH = HOURS_PER_YEAR / 12.0
FLOPS_PER_TFLOPS = 1e12
BITS_PER_BYTE = 8


def gib_to_bytes(gib: Amount) -> Amount:
    """GiB to bytes; scalars or arrays."""
    return gib * BYTES_PER_GIB


def bytes_to_gib(count_bytes: Amount) -> Amount:
    """Bytes to GiB; scalars or arrays."""
    return count_bytes / BYTES_PER_GIB


def gbps_to_bytes_per_second(gbps: Amount) -> Amount:
    """Network gigabits (10**9 bits) a second to bytes a second; scalars or arrays."""
    return gbps * BYTES_PER_GB / BITS_PER_BYTE
