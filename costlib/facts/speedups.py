"""How much faster training in 16-bit mixed precision is than in fp32 or tf32, from measured pairs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from costlib.basis import weakest
from costlib.errors import NotKnown, unknown
from costlib.facts.measured_band import FEWEST_ROWS, MeasuredBand, band_of
from costlib.tables import Snapshot


def speedup_band(
    table: pd.DataFrame,
    accelerator: str,
    vendor_architecture: str,
    base_precision: str,
    domain: str = "language",
) -> MeasuredBand:
    """P10, median and P90 of throughput in mixed precision over ``base_precision`` (fp32 or tf32).

    ``table`` is facts/precision_speedups; ``domain`` is language, vision or other. With fewer than 5 rows
    the pool widens: same architecture, then all architectures; a widened pool makes an estimate, the first has
    its rows' weakest basis.
    Raises NotKnown where no pool is large enough.
    """
    rows = table[(table["base_precision"] == base_precision) & (table["domain"] == domain)]
    # READMEs that name no memory size leave the accelerator empty; those rows count for the architecture.
    same = (rows["accelerator"].fillna("") == accelerator).to_numpy(bool)
    architecture = (rows["vendor_architecture"] == vendor_architecture).to_numpy(bool)
    pools = (
        (same, "", accelerator),
        (architecture, "estimate", f"all {vendor_architecture} accelerators"),
        (np.ones(len(rows), bool), "estimate", "all accelerators"),
    )
    for chosen, basis, words in pools:
        count = int(chosen.sum())
        if count >= FEWEST_ROWS:
            rule = f"P10, median, P90 of {count} measured {domain} pairs of mixed over {base_precision}: {words}"
            return band_of(rows[chosen], "speedup", basis or weakest(rows.loc[chosen, "basis"]), rule)
    raise NotKnown([unknown("base_precision", base_precision, ("fp32", "tf32"), "base of measured speed-ups")])


class Speedups:
    """facts/precision_speedups, with the bands kept once computed."""

    def __init__(self, table: pd.DataFrame):
        self.table = table
        self.band = cache(self._band)

    @classmethod
    def open(cls, snapshot: Snapshot) -> Speedups:
        """Reads facts/precision_speedups."""
        return cls(snapshot.read("facts/precision_speedups"))

    def _band(self, accelerator: str, vendor_architecture: str, base_precision: str) -> MeasuredBand:
        return speedup_band(self.table, accelerator, vendor_architecture, base_precision)
