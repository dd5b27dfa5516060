"""Where AWS's regions are, as far as their names say: country, continent, and the city that stands for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from costlib.tables import Snapshot


@dataclass(frozen=True)
class RegionPlaces:
    """facts/region_places, indexed by region; zones of which it is not known where they are have no row."""

    table: pd.DataFrame

    @classmethod
    def open(cls, snapshot: Snapshot) -> RegionPlaces:
        """Reads facts/region_places."""
        return cls(snapshot.read("facts/region_places").set_index("region"))

    @cached_property
    def by_region(self) -> dict[str, dict[str, object]]:
        """Each region's row; an empty text is None."""
        table = self.table.astype(object).where(self.table.notna(), None)
        return {
            str(region): {str(key): value for key, value in row.items()}
            for region, row in table.to_dict("index").items()
        }

    @property
    def countries(self) -> tuple[str, ...]:
        """The ISO 3166 codes of the countries with a region."""
        return tuple(sorted(self.table["country"].unique()))

    @property
    def continents(self) -> tuple[str, ...]:
        """The continents with a region."""
        return tuple(sorted(self.table["continent"].unique()))
