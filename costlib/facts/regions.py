"""The regions, Local Zones and Wavelength Zones that sell instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot

ZONE_KINDS = ("region", "govcloud", "local_zone", "wavelength")


@dataclass(frozen=True)
class Regions:
    """facts/regions, indexed by region: name (missing where no source gives it), zone_kind, partition."""

    table: pd.DataFrame

    @classmethod
    def open(cls, snapshot: Snapshot) -> Regions:
        """Reads facts/regions."""
        return cls(snapshot.read("facts/regions").set_index("region"))

    def names(self, *kinds: str) -> tuple[str, ...]:
        """The regions of the given kinds (all kinds unless some are named), sorted. Raises NotKnown."""
        strange = [unknown("zone_kind", kind, ZONE_KINDS, "kind of zone") for kind in kinds if kind not in ZONE_KINDS]
        if strange:
            raise NotKnown(strange)
        chosen = self.table if not kinds else self.table[self.table["zone_kind"].isin(kinds)]
        return tuple(sorted(chosen.index))

    def require(self, region: str) -> pd.Series[Any]:
        """One region's row. Raises NotKnown with close matches."""
        if region not in self.table.index:
            raise NotKnown([unknown("region", region, self.table.index, "region")])
        return cast("pd.Series[Any]", self.table.loc[region, :])
