"""Ways from a VPC to S3 and from a bucket to the world: hours and gigabytes of each, priced by their tiers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import none_negative, not_negative, numeric
from costlib.models.tiers import tiered_usd

Floats = NDArray[np.float64]


@numeric("upto_gib", "usd_per_gib")
def gateway_usd(
    gib: ArrayLike, hours: ArrayLike, count: ArrayLike, usd_per_hour: ArrayLike,
    upto_gib: Sequence[float], usd_per_gib: Sequence[float],
) -> Floats:  # fmt: skip
    """USD a month of ``count`` gateways or endpoints for so many hours, and of the GiB that go through them together.

    count * hours * usd_per_hour + tiered price of the GiB: a NAT gateway (one tier, each direction), an interface
    endpoint (one for each zone), a gateway endpoint for S3 (all zeros). Arrays broadcast. Raises InvalidInput for
    negative numbers.
    """
    fixed = not_negative("count", count) * not_negative("hours", hours) * not_negative("usd_per_hour", usd_per_hour)
    return np.asarray(fixed + tiered_usd(gib, upto_gib, usd_per_gib), float)


@numeric()
def between_zones_usd(gib: ArrayLike, usd_per_gib_each_way: ArrayLike) -> Floats:
    """USD of GiB that go from one zone to another: metered where they leave and where they arrive.

    Raises InvalidInput for negative numbers.
    """
    return np.asarray(
        2.0 * not_negative("gib", gib) * not_negative("usd_per_gib_each_way", usd_per_gib_each_way), float
    )


@numeric("upto_gib", "usd_per_gib")
def out_to_internet_usd(
    gib: ArrayLike, free_gib: ArrayLike, upto_gib: Sequence[float], usd_per_gib: Sequence[float],
    acceleration_usd_per_gib: ArrayLike = 0.0,
) -> Floats:  # fmt: skip
    """USD a month of GiB out to the internet: the first ``free_gib`` cost nothing, and tiers count from the first GiB.

    AWS takes what is free out of the first tier, so the tiers' ends stay where they are (S3 pricing example:
    10,239 GB of the first 10 TB with 1 GB free). Transfer Acceleration is on top, on every GiB. Raises InvalidInput
    for negative numbers.
    """
    volume, extra = none_negative(gib=gib, acceleration_usd_per_gib=acceleration_usd_per_gib)
    return np.asarray(tiered_usd(volume, upto_gib, usd_per_gib, free_gib) + volume * extra, float)
