"""Preprocess once and keep the result, or again in each epoch: what each costs, and when once is less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import not_negative, numeric
from costlib.units import HOURS_PER_MONTH

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Preprocessed:
    """USD of both ways over the epochs asked for, and the epochs from which once costs less (inf: never)."""

    once_usd: Floats
    every_epoch_usd: Floats
    break_even_epochs: Floats


@numeric()
def preprocess(
    epochs: ArrayLike,
    once_usd: ArrayLike,
    each_epoch_usd: ArrayLike,
    after_epoch_usd: ArrayLike,
    result_gib: ArrayLike,
    storage_usd_per_gib_month: ArrayLike,
    hours_per_epoch: ArrayLike,
    kept_months: ArrayLike = 0.0,
) -> Preprocessed:
    """Both ways as straight lines over the epochs n; arrays broadcast.

    once(n) = once_usd + n * after_epoch_usd + result_gib * storage * (kept_months + n * hours_per_epoch / 730);
    every(n) = n * each_epoch_usd. ``after_epoch_usd`` is what an epoch over the result costs more than one whose data
    are at hand, ``each_epoch_usd`` the same with preprocessing in it; ``kept_months`` is storage that does not depend
    on n. The lines meet at n = (once_usd + kept) / (each - after - storage an epoch); never, if that falls below 0.
    Raises InvalidInput for negative numbers.
    """
    values = {name: not_negative(name, value) for name, value in locals().items()}
    month_usd = values["result_gib"] * values["storage_usd_per_gib_month"]
    fixed = values["once_usd"] + month_usd * values["kept_months"]
    slope = values["after_epoch_usd"] + month_usd * values["hours_per_epoch"] / HOURS_PER_MONTH
    wins = values["each_epoch_usd"] - slope
    n = values["epochs"]
    with np.errstate(divide="ignore", invalid="ignore"):
        meet = np.where(wins > 0, fixed / np.where(wins > 0, wins, 1.0), np.where(np.isnan(wins), np.nan, np.inf))
    return Preprocessed(
        np.asarray(fixed + n * slope, float), np.asarray(n * values["each_epoch_usd"], float), np.asarray(meet, float)
    )
