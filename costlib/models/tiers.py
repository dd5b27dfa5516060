"""Prices that fall with the volume of a month: each part of an amount at the price of its tier."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import none_negative, numeric

Floats = NDArray[np.float64]


@numeric("upto", "usd")
def tiered_usd(amount: ArrayLike, upto: ArrayLike, usd: ArrayLike, free: ArrayLike = 0.0) -> Floats:
    """USD of ``amount`` where each unit costs the price of the tier that it falls in, the first ``free`` of it nothing.

    ``upto``: (tiers,), where each ends, rising, the last infinite; ``usd``: (..., tiers), price of a unit in each;
    ``amount`` and ``free`` broadcast against its leading axes. The sum over tiers of price x (part of the amount in the
    tier), as AWS bills S3 storage, endpoints and transfer out (S3 pricing page; S3 FAQ, "How will I be charged"); what
    is free fills the tiers from the first, as everything else does, so their ends stay where they are. nan passes.
    Raises InvalidInput for negative numbers, tiers that do not rise, and not as many prices as tiers.
    """
    volume, prices, unpaid = none_negative(amount=amount, usd=usd, free=free)
    ends = np.asarray(upto, float)
    if ends.ndim != 1 or not len(ends) or not np.isinf(ends[-1]) or not np.all(ends[:-1] < ends[1:]):
        raise InvalidInput([Fault("upto", ends.tolist(), "must rise and end at infinity")])
    if prices.shape[-1:] != ends.shape:
        raise InvalidInput([Fault("usd", prices.shape, f"must have one price a tier ({len(ends)})")])
    starts = np.concatenate([[0.0], ends[:-1]])

    def in_tiers(units: Floats) -> Floats:
        return np.clip(units[..., None] - starts, 0.0, ends - starts)

    parts = in_tiers(volume) - in_tiers(np.minimum(unpaid, volume))
    return np.asarray((parts * prices).sum(axis=-1), float)


@numeric("upto", "usd")
def average_usd(amount: ArrayLike, upto: ArrayLike, usd: ArrayLike) -> Floats:
    """USD a unit on average over ``amount``, as ``tiered_usd``; the first tier's price for nothing."""
    volume, prices = np.asarray(amount, float), np.asarray(usd, float)
    whole = tiered_usd(volume, upto, prices)
    return np.where(volume > 0, whole / np.where(volume > 0, volume, 1.0), prices[..., 0])
