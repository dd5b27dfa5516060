"""Recorded availability of spot capacity: which traces are held, and each of them whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.paths import data_dir
from costlib.tables import Snapshot
from costlib.units import SECONDS_PER_HOUR

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SpotTraces:
    """spot/availability of the snapshot under data/traces: one row a trace.

    ``table``: trace, campaign (traces of one campaign share a clock), provider, zone, machine, number (of
    accelerators or cores, where stated), nodes (available: this many at once), kind (``availability``: launches tried
    at every step; ``preemption``: kept instances), step_seconds, steps, available_fraction, run_lengths, basis,
    source, as_of, note.
    """

    table: pd.DataFrame

    @classmethod
    def open(cls, snapshot: Snapshot | None = None) -> SpotTraces:
        """Reads spot/availability (default: of the embedded traces)."""
        held = snapshot or Snapshot.open(data_dir() / "traces")
        return cls(held.read("spot/availability"))

    def names(self) -> tuple[str, ...]:
        """The traces' names, in the table's order."""
        return tuple(self.table["trace"])

    def of(self, trace: str) -> Bools:
        """Whether capacity was there, step by step. Raises NotKnown with near names."""
        lengths = np.array(str(self._row(trace)["run_lengths"]).split(), dtype=np.int64)
        return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)

    def step_hours(self, trace: str) -> float:
        """Hours a step. Raises NotKnown with near names."""
        return float(self._row(trace)["step_seconds"]) / SECONDS_PER_HOUR

    def sharing_a_clock(self, trace: str) -> tuple[str, ...]:
        """The traces of the same campaign and machine, nodes and length: other zones of the same moments."""
        row = self._row(trace)
        same = np.ones(len(self.table), dtype=bool)
        for column in ("campaign", "machine", "nodes", "steps"):
            same &= (self.table[column] == row[column]).to_numpy()
        number = self.table["number"].fillna(-1)
        same &= (number == (-1 if pd.isna(row["number"]) else row["number"])).to_numpy()
        return tuple(self.table.loc[same, "trace"])

    def _row(self, trace: str) -> pd.Series:
        rows = self.table[self.table["trace"] == trace]
        if rows.empty:
            raise NotKnown([unknown("trace", trace, self.table["trace"], "spot trace")])
        return rows.iloc[0]
