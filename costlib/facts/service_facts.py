"""What AWS's services do, apart from prices: notices, billing granularity, start-up times, each with its source."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot


@dataclass(frozen=True)
class ServiceFacts:
    """facts/service_facts: topic, fact, value (text), unit, source_kind, basis, rule, source, as_of, note."""

    table: pd.DataFrame

    @classmethod
    def open(cls, snapshot: Snapshot) -> ServiceFacts:
        """Reads facts/service_facts."""
        return cls(snapshot.read("facts/service_facts"))

    def of(self, *topics: str) -> pd.DataFrame:
        """The rows of some topics, in the table's order. Raises NotKnown with near names."""
        held = self.table["topic"].unique()
        if strange := [
            unknown("topic", topic, held, "topic of the service facts") for topic in topics if topic not in held
        ]:
            raise NotKnown(strange)
        return self.table[self.table["topic"].isin(topics)].reset_index(drop=True)
