"""Where AWS's regions are, as far as their names say: country, continent, and the city that stands for each."""

from __future__ import annotations

from dataclasses import dataclass

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

    @property
    def countries(self) -> tuple[str, ...]:
        """The ISO 3166 codes of the countries with a region."""
        return tuple(sorted(self.table["country"].unique()))

    @property
    def continents(self) -> tuple[str, ...]:
        """The continents with a region."""
        return tuple(sorted(self.table["continent"].unique()))
