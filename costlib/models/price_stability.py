"""How much prices move: the scatter of price series about their own means, pooled by group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import positive

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: A series of fewer samples says nothing of how it moves.
LEAST_SAMPLES = 2


class Stability(NamedTuple):
    """One entry a group; nan where no series of it has two samples. ``samples`` and ``series`` count what was used."""

    cv_fraction: Floats
    range_fraction: Floats
    samples: Ints
    series: Ints


def stability(price_usd: npt.ArrayLike, series: npt.ArrayLike, group_of_series: npt.ArrayLike) -> Stability:
    """How far the prices of each group of series stray from the mean of their own series; lower is steadier.

    ``price_usd`` and ``series`` (its number, from 0) have one entry a sample; ``group_of_series`` one a series. With
    r = price / mean of its series - 1, n samples and s series: the coefficient of variation is sqrt(sum r^2 / (n - s)),
    the pooled one of the analysis of variance; the range is the largest (max - min) / mean of a series. Differences
    between series do not count, and neither do series of one sample. Samples weigh alike, however long each price held.
    Raises InvalidInput for prices that are not above 0, and for series without a group.
    """
    price = positive("price_usd", np.atleast_1d(np.asarray(price_usd, dtype=float)))
    number = np.atleast_1d(np.asarray(series, dtype=np.int64))
    group = np.atleast_1d(np.asarray(group_of_series, dtype=np.int64))
    if len(price) != len(number):
        raise InvalidInput([Fault("series", len(number), f"must have one entry a price ({len(price)})")])
    if len(number) and (number.min() < 0 or number.max() >= len(group)):
        raise InvalidInput([Fault("series", int(number.max()), f"must be 0 to {len(group) - 1}, as group_of_series")])
    groups = int(group.max()) + 1 if len(group) else 0
    held = np.bincount(number, minlength=len(group))
    used = held >= LEAST_SAMPLES
    mean = np.bincount(number, weights=price, minlength=len(group)) / np.maximum(held, 1)
    # A lone sample is its own mean: it adds nothing.
    relative = price / mean[number] - 1.0
    squares = np.bincount(group[number], weights=relative**2, minlength=groups)
    low, high = np.zeros(len(group)), np.zeros(len(group))
    np.minimum.at(low, number, relative)
    np.maximum.at(high, number, relative)
    widest = np.zeros(groups)
    np.maximum.at(widest, group, high - low)
    samples = np.bincount(group, weights=held * used, minlength=groups).astype(np.int64)
    counted = np.bincount(group, weights=used, minlength=groups).astype(np.int64)
    known = counted > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        scatter = np.sqrt(squares / (samples - counted))
    return Stability(np.where(known, scatter, np.nan), np.where(known, widest, np.nan), samples, counted)
