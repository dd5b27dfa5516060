"""Preprocessing once or in each epoch: the pattern's core-hours joined with S3's prices, and the epochs that decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from costlib.models.preprocess import Preprocessed, preprocess
from costlib.planner.plan import Band, Line
from costlib.planner.store.pattern import Preprocess
from costlib.planner.store.sources import StoreSources
from costlib.units import HOURS_PER_MONTH


@dataclass(frozen=True)
class PreprocessAnswer:
    """Both ways at the epochs asked for, and over more of them (``curve``: epochs, once_usd, every_epoch_usd)."""

    epochs: float
    once_usd: float
    every_epoch_usd: float
    break_even_epochs: float
    curve: pd.DataFrame
    lines: tuple[Line, ...]

    @property
    def once_is_cheaper(self) -> bool:
        """Whether the result should be kept."""
        return self.once_usd < self.every_epoch_usd

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "epochs": self.epochs,
            "once_usd": self.once_usd,
            "every_epoch_usd": self.every_epoch_usd,
            "break_even_epochs": self.break_even_epochs,
            "once_is_cheaper": self.once_is_cheaper,
            "lines": [line.as_dict() for line in self.lines],
        }


def preprocessing(given: Preprocess, region: str, sources: StoreSources) -> PreprocessAnswer:
    """The answer to one section. Raises NotKnown without a price of S3.

    What an epoch over raw data and one over the result both cost (their reads of S3) is left out of both.
    """
    storage = sources.standard_storage(region)
    puts = sources.need(sources.s3(region, "STANDARD", "put_copy_post_list"), "S3 requests", region)
    core = given.core_usd_per_hour
    compute, written = given.core_hours_per_pass * core, given.result_objects * puts.amount / 1000.0

    def at(epochs: ArrayLike) -> Preprocessed:
        return preprocess(
            epochs, compute + written, compute, given.core_hours_after * core, given.result_gib, storage.amount,
            given.hours_per_epoch, given.kept_months,
        )  # fmt: skip

    found = at(given.epochs)
    meet = float(found.break_even_epochs)
    most = max(given.epochs * 1.5, meet * 1.5 if np.isfinite(meet) else 0.0, 2.0)
    epochs = np.linspace(0.0, most, 61)
    line = at(epochs)
    curve = pd.DataFrame({"epochs": epochs, "once_usd": line.once_usd, "every_epoch_usd": line.every_epoch_usd})
    months = given.kept_months + given.epochs * given.hours_per_epoch / HOURS_PER_MONTH
    lines = (
        _own("preprocessing", compute, "core_hours * core_usd_per_hour",
             {"core_hours": given.core_hours_per_pass, "core_usd_per_hour": core}),
        Line("writing the result", _flat(written), puts.basis, puts.source, puts.as_of,
             "requests * usd_per_1000_requests / 1000",
             {"requests": given.result_objects, "usd_per_1000_requests": puts.amount}, puts.rule),
        Line("keeping the result", _flat(given.result_gib * storage.amount * months), storage.basis, storage.source,
             storage.as_of, "gib_months * usd_per_gib_month",
             {"gib_months": given.result_gib * months, "usd_per_gib_month": storage.amount}, storage.rule),
        _own("what an epoch still prepares", given.core_hours_after * core * given.epochs,
             "epochs * core_hours * core_usd_per_hour",
             {"epochs": given.epochs, "core_hours": given.core_hours_after, "core_usd_per_hour": core}),
    )  # fmt: skip
    return PreprocessAnswer(
        given.epochs, float(found.once_usd), float(found.every_epoch_usd), meet, curve,
        tuple(one for one in lines if one.usd.expected),
    )  # fmt: skip


def _own(item: str, usd: float, formula: str, inputs: dict[str, float | str]) -> Line:
    return Line(item, _flat(usd), "user", "your own numbers", "", formula, inputs)


def _flat(usd: float) -> Band:
    return Band(usd, usd, usd)
