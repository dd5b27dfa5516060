"""Samples a second that named networks reach on one accelerator, from measured rows and the spread of whole runs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.facts.measured_band import MeasuredBand, newest, short_source
from costlib.tables import Snapshot

#: fp16 and bf16 run at one rate on tensor cores.
SAME_RATE = {"bf16": "fp16"}


class ClassRates:
    """facts/training_throughput, with the bands kept once computed."""

    def __init__(self, table: pd.DataFrame, whole_runs: pd.DataFrame):
        self.table = table
        # How many times longer whole runs took than benchmarks of their chip say: P10 and P90.
        self._faster, self._slower = (float(end) for end in np.percentile(whole_runs["benchmark_over_run"], [10, 90]))
        self.classes = tuple(sorted(map(str, table["model_class"].unique())))
        self.band = cache(self._band)

    @classmethod
    def open(cls, snapshot: Snapshot) -> ClassRates:
        """Reads facts/training_throughput and facts/whole_runs."""
        return cls(snapshot.read("facts/training_throughput"), snapshot.read("facts/whole_runs"))

    def _band(self, model_class: str, accelerator: str, precision: str, cards: int) -> MeasuredBand | None:
        """Samples a second of one accelerator of ``cards`` in a machine; None without rows of it in the precision.

        Each measurer's row with the nearest count; expected is their median. The ends are the least and the most of
        them, further apart by how whole runs differ from benchmarks. Raises NotKnown for an unknown class.
        """
        if model_class not in self.classes:
            raise NotKnown([unknown("model_class", model_class, self.classes, "class of measured networks")])
        rows = self.table[
            (self.table["model_class"] == model_class)
            & (self.table["accelerator"] == accelerator)
            & (self.table["precision"] == SAME_RATE.get(precision, precision))
        ]
        if rows.empty:
            return None
        away = np.abs(np.log(rows["accelerator_count"].to_numpy(float) / cards))
        nearest = rows.assign(away=away).sort_values("away", kind="stable").drop_duplicates("measured_by")
        each = (nearest["samples_per_second"] / nearest["accelerator_count"]).to_numpy(float)
        rule = (
            f"measured {model_class} on {accelerator} in {precision} by {', '.join(sorted(nearest['measured_by']))}"
            f" (median; ends: least and most, over and under by how whole runs differ from benchmarks)"
        )
        return MeasuredBand(
            float(each.min()) / self._slower,
            float(np.median(each)),
            float(each.max()) / self._faster,
            "derived",
            rule,
            int(nearest["runs"].sum()),
            short_source(nearest["source"]),
            newest(nearest["as_of"]),
        )
