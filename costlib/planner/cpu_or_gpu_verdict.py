"""What comparing CPU and GPU answers: a row a machine, and from what size of the job on a GPU is the better one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.planner.sources import Sources

COLUMNS = (
    "instance_type", "kind", "accelerator", "precision", "hours_low", "hours", "hours_high", "usd_per_hour", "usd",
    "basis", "rule", "source", "as_of",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """Which machine is cheapest and which fastest, and from what size on a GPU is the better one.

    ``table``: one row a machine, cheapest first; USD are on-demand prices of ``region`` for the work alone, without
    start-up or the minute that EC2 bills at least. ``break_even_usd`` and ``break_even_hours``: the size, in
    ``size_unit``, above which the GPU is cheaper, or faster; 0: at any size; infinity: at none.
    """

    table: pd.DataFrame
    region: str
    size_unit: str
    break_even_usd: float
    break_even_hours: float
    rule: str

    @property
    def cheapest(self) -> pd.Series:
        """The row of the table that costs least."""
        return self.table.iloc[0]

    @property
    def fastest(self) -> pd.Series:
        """The row of the table that takes least time."""
        return self.table.iloc[int(self.table["hours"].to_numpy(float).argmin())]

    @property
    def text(self) -> str:
        """The answer in words."""
        cheap, quick = self.cheapest, self.fastest
        words = f"cheapest: {_said(cheap)}; " + (
            "it is the fastest too" if cheap.equals(quick) else f"fastest: {_said(quick)}"
        )
        return f"{words}; {_beyond('cheaper', self.break_even_usd, self.size_unit)}"


def _said(row: pd.Series) -> str:
    return f"{row['kind'].upper()}, {row['instance_type']}, {row['hours']:.3g} h, {row['usd']:.3g} USD"


def _beyond(word: str, size: float, unit: str) -> str:
    if size == 0:
        return f"a GPU is {word} at any size"
    return (
        f"a GPU is {word} at no size"
        if math.isinf(size)
        else f"a GPU is {word} above {float(f'{size:.2g}'):,.0f} {unit}"
    )


def machine_prices(names: pd.Series | npt.NDArray[np.object_], sources: Sources, region: str) -> dict[str, float]:
    """EC2's on-demand USD an hour of the types that are sold in the region. Raises NotKnown for an unknown region."""
    if region not in sources.vocabulary.regions:
        raise NotKnown([unknown("region", region, sources.vocabulary.regions, "region")])
    offers = sources.offers.frame
    here = offers[
        (offers["service"] == "ec2")
        & (offers["purchase"] == "on_demand")
        & (offers["region"] == region)
        & offers["instance_type"].isin(list(names))
    ]
    return dict(zip(here["instance_type"].astype(str), here["usd_expected"].astype(float), strict=True))
