"""What the page of evidence knows, without widgets: every model beside its references, and which one is looked at."""

from __future__ import annotations

import pandas as pd
import traitlets

from costlib.tables import Snapshot
from costlib.validation.evidence import Evidence, all_evidence, summary


class HowSureState(traitlets.HasTraits):
    """``chosen`` is the position of a piece of evidence; ``only_outside`` keeps the rows beyond the model's band."""

    chosen = traitlets.Int(0)
    only_outside = traitlets.Bool(False)

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        super().__init__()
        self.snapshot = Snapshot.open() if snapshot is None else snapshot
        self.evidence: list[Evidence] = all_evidence(self.snapshot)
        self.summary: pd.DataFrame = summary(self.evidence)

    @traitlets.validate("chosen")
    def _one_of_them(self, proposal: dict[str, int]) -> int:
        if not 0 <= proposal["value"] < len(self.evidence):
            raise traitlets.TraitError(f"chosen must be from 0 to {len(self.evidence) - 1}: {proposal['value']}")
        return proposal["value"]

    @property
    def one(self) -> Evidence:
        """The piece that is looked at."""
        return self.evidence[self.chosen]

    @property
    def rows(self) -> pd.DataFrame:
        """Its rows with ``error_fraction`` and ``inside`` (missing without a band), the farthest off first."""
        rows = self.one.rows.copy()
        rows["error_fraction"] = rows["predicted"].astype(float) / rows["reference"].astype(float) - 1.0
        banded = rows["low"].notna() & rows["high"].notna() & rows["reference"].notna()
        inside = (rows["low"] <= rows["reference"]) & (rows["reference"] <= rows["high"])
        rows["inside"] = inside.astype(object).where(banded, None)
        if self.only_outside:
            rows = rows[rows["inside"].eq(False)]
        return rows.sort_values("error_fraction", key=lambda error: -error.abs(), kind="stable")
