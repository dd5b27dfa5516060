"""What storage does apart from its price: rules of S3's classes, throughputs, sizes of formats, with sources."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot


@dataclass(frozen=True)
class StorageFact:
    """One number in ``unit``, and how it is known."""

    value: float
    unit: str
    basis: str
    rule: str
    source: str
    as_of: str
    note: str


@dataclass(frozen=True)
class StorageFacts:
    """facts/storage_facts by topic and fact."""

    rows: dict[tuple[str, str], StorageFact]

    @classmethod
    def open(cls, snapshot: Snapshot) -> StorageFacts:
        """Reads facts/storage_facts."""
        table = snapshot.read("facts/storage_facts")
        words = table.astype(object).where(table.notna(), "")
        return cls(
            {
                (row["topic"], row["fact"]): StorageFact(
                    float(row["value"]),
                    *(str(row[name]) for name in ("unit", "basis", "rule", "source", "as_of", "note")),
                )
                for row in words.to_dict("records")
            }
        )

    def of(self, topic: str, fact: str) -> StorageFact:
        """One fact. Raises NotKnown with near names."""
        found = self.rows.get((topic, fact))
        if found is None:
            held = [f"{one} {two}" for one, two in self.rows]
            raise NotKnown([unknown("fact", f"{topic} {fact}", held, "fact of storage")])
        return found

    def topic(self, topic: str) -> dict[str, StorageFact]:
        """All facts of a topic; empty where there are none."""
        return {fact: row for (one, fact), row in self.rows.items() if one == topic}

    def frame(self) -> pd.DataFrame:
        """All of them, a row each."""
        return pd.DataFrame([{"topic": topic, "fact": fact, **vars(row)} for (topic, fact), row in self.rows.items()])
