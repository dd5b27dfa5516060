"""Limits and defaults of the ways to serve a model, each a number with its source."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot


@dataclass(frozen=True)
class Fact:
    """One number: ``value`` in ``unit``, how it is known and where it stands; ``rule`` and ``note`` may be empty."""

    value: float
    unit: str
    basis: str
    rule: str
    source: str
    note: str


@dataclass(frozen=True)
class ServingFacts:
    """facts/serving_facts: topic, fact, value, unit, basis, rule, source, as_of, note."""

    table: pd.DataFrame

    @classmethod
    def open(cls, snapshot: Snapshot) -> ServingFacts:
        """Reads facts/serving_facts."""
        return cls(snapshot.read("facts/serving_facts"))

    def of(self, topic: str, fact: str) -> Fact:
        """One fact. Raises NotKnown with near names."""
        rows = self.table[(self.table["topic"] == topic) & (self.table["fact"] == fact)]
        if rows.empty:
            names = self.table["topic"] + " " + self.table["fact"]
            raise NotKnown([unknown("fact", f"{topic} {fact}", names, "serving fact")])
        row = rows.iloc[0].to_dict()
        words = {name: "" if pd.isna(row[name]) else str(row[name]) for name in ("rule", "source", "note")}
        return Fact(float(row["value"]), str(row["unit"]), str(row["basis"]), **words)

    def number(self, topic: str, fact: str) -> float:
        """Its value alone. Raises NotKnown."""
        return self.of(topic, fact).value
