"""Prices that fall with the volume of a month: each part of an amount at the price of its tier."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import not_negative, numeric

Floats = NDArray[np.float64]


@numeric("upto", "usd")
def tiered_usd(amount: ArrayLike, upto: ArrayLike, usd: ArrayLike) -> Floats:
    """USD of ``amount`` (any shape) where each unit costs the price of the tier that it falls in.

    ``upto``: where each tier ends, rising, the last infinite; ``usd``: price of a unit in each. The sum over tiers of
    price x (part of the amount in the tier), as AWS bills S3 storage, endpoints and transfer out (S3 pricing page).
    Raises InvalidInput for negative amounts, tiers that do not rise, and as many prices as tiers.
    """
    volume, ends, prices = not_negative("amount", amount), np.asarray(upto, float), not_negative("usd", usd)
    if ends.ndim != 1 or ends.shape != prices.shape or not np.isinf(ends[-1]) or np.any(np.diff(ends) <= 0):
        raise InvalidInput([Fault("upto", ends.tolist(), "must rise, end at infinity, and have a price each")])
    starts = np.concatenate([[0.0], ends[:-1]])
    parts = np.clip(volume[..., None] - starts, 0.0, ends - starts)
    return np.asarray((parts * prices).sum(axis=-1), float)


def average_usd(amount: float, upto: ArrayLike, usd: ArrayLike) -> float:
    """USD a unit on average over ``amount``; the first tier's price for nothing."""
    return float(tiered_usd(amount, upto, usd)) / amount if amount > 0 else float(np.asarray(usd, float)[0])
