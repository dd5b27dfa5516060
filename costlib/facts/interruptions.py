"""How often spot instances are interrupted: the monthly bands of AWS's Spot Instance Advisor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot


@dataclass(frozen=True)
class Interruptions:
    """facts/spot_interruptions.

    ``table`` has one row per (instance_type, region): monthly_interruption_low_fraction and _high_fraction
    (share of instances interrupted in a month), savings_fraction (below on-demand), basis, source, as_of.
    The advisor's last band is "more than 20 %": its upper end is not known, and 1 only bounds it.
    """

    table: pd.DataFrame

    @classmethod
    def open(cls, snapshot: Snapshot) -> Interruptions:
        """Reads facts/spot_interruptions."""
        return cls(snapshot.read("facts/spot_interruptions"))

    def of(self, instance_type: str, region: str) -> pd.Series[Any]:
        """The row of one type and region. Raises NotKnown, and says where else the type is known."""
        rows = self.table[self.table["instance_type"] == instance_type]
        if rows.empty:
            types = self.table["instance_type"].unique()
            raise NotKnown([unknown("instance_type", instance_type, types, "type of the Spot Instance Advisor")])
        found = rows[rows["region"] == region]
        if found.empty:
            raise NotKnown(
                [unknown("region", region, rows["region"], f"region with an interruption band for {instance_type}")]
            )
        return found.iloc[0]
