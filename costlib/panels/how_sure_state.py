"""What the page of evidence knows, without widgets: every model beside its references, and which one is looked at."""

from __future__ import annotations

import pandas as pd
import traitlets

from costlib.panels.background import Worker
from costlib.tables import Snapshot
from costlib.validation import commitments, commitments_evidence
from costlib.validation.evidence import QUICK, SLOW, Evidence, summary


class HowSureState(traitlets.HasTraits):
    """``chosen`` is the position of a piece of evidence; ``only_outside`` keeps the rows beyond the model's band.

    ``evidence`` has the quick pieces from the first; ``work_out`` adds those that are ``pending``, (name, maker) each,
    at its end. ``failed`` says what could not be worked out.
    """

    chosen = traitlets.Int(0)
    only_outside = traitlets.Bool(False)
    evidence = traitlets.Tuple()
    pending = traitlets.Tuple(SLOW)
    failed = traitlets.Tuple()

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        super().__init__()
        self.snapshot = Snapshot.open() if snapshot is None else snapshot
        self.evidence = tuple(make(self.snapshot) for make in QUICK)

    @traitlets.validate("chosen")
    def _one_of_them(self, proposal: dict[str, int]) -> int:
        if not 0 <= proposal["value"] < len(self.evidence):
            raise traitlets.TraitError(f"chosen must be from 0 to {len(self.evidence) - 1}: {proposal['value']}")
        return proposal["value"]

    def work_out(self, worker: Worker) -> None:
        """The pending pieces, one after the other."""
        if not self.pending:
            return
        (name, make), *rest = self.pending

        def on_end(found: Evidence | None, error: BaseException | None) -> None:
            if error is None:
                self.evidence = (*self.evidence, found)
            else:
                self.failed = (*self.failed, f"{name}: {error}")
            self.pending = tuple(rest)
            self.work_out(worker)

        worker.start(lambda _: make(self.snapshot), lambda _share, _what: None, on_end)

    @property
    def one(self) -> Evidence:
        """The piece that is looked at."""
        found: Evidence = self.evidence[self.chosen]
        return found

    @property
    def summary(self) -> pd.DataFrame:
        """A row a piece that is known."""
        return summary(list(self.evidence))

    @property
    def held_out(self) -> pd.DataFrame | None:
        """Each rule of commitments on the years held out, all kinds of trace and each; None until that is known."""
        if not any(one.topic == "commitments" and "held out" in one.what for one in self.evidence):
            return None
        return commitments.commitment_check(commitments_evidence.held_out())

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
