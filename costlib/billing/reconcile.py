"""Holds the view against the raw files, to the cent: nothing may be lost on the way, and the result shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from costlib.billing.notes import Note, listed
from costlib.billing.view import COSTS, exact_sum

if TYPE_CHECKING:
    from costlib.billing.survey import Survey

#: Sums are exact to a millionth of a millionth; half a cent is what the last addition of totals may lose.
CENT = 0.005


@dataclass(frozen=True)
class Reconciliation:
    """Raw sums, what was left out with a note, and the view's sums, by cost.

    ``raw`` holds what the files say (rows, and costs by column); ``left_out_billed`` is of rows that repeat others;
    ``view`` is what the view's rows add up to; ``unread`` counts the rows whose cost is text, or no number.
    """

    raw_rows: int
    view_rows: int
    left_out_rows: int
    left_out_billed: float
    raw: Mapping[str, float]
    view: Mapping[str, float]
    unread: Mapping[str, int] = field(default_factory=dict)

    @property
    def difference(self) -> dict[str, float]:
        """Raw less left out less view, of each cost that the raw files have as a column."""
        left_out = {"billed_cost": self.left_out_billed}
        return {cost: self.raw[cost] - left_out.get(cost, 0.0) - self.view[cost] for cost in self.raw}

    @property
    def whole(self) -> bool:
        """Whether every row and every cent of the raw files is in the view, or in a note."""
        rows = self.raw_rows == self.view_rows + self.left_out_rows
        return rows and not self.unread and all(abs(lost) < CENT for lost in self.difference.values())

    def as_dict(self) -> dict[str, object]:
        """The comparison as JSON-ready values."""
        return {
            "whole": self.whole,
            "raw_rows": self.raw_rows,
            "view_rows": self.view_rows,
            "left_out_rows": self.left_out_rows,
            "left_out_billed": self.left_out_billed,
            "raw": dict(self.raw),
            "view": dict(self.view),
            "difference": self.difference,
            "unread": dict(self.unread),
        }


def by_month(rows: Any) -> Any:
    """What a bill's months hold, as an expression: rows and costs by month, currency and category, and oddities."""
    import ibis

    usage = (rows.charge_category == "Usage") & rows.commitment_id.isnull()
    table = rows.mutate(month=month_of(rows))

    def fractions(cost: Any) -> Any:
        return ibis.ifelse(usage & (cost % 1.0 != 0.0), 1, 0).sum()

    return table.group_by(["month", "currency", "charge_category", "payer_id"]).agg(
        rows=table.count(),
        first=table.charge_start.min(),
        last=table.charge_start.max(),
        **{cost: exact_sum(table[cost]) for cost in COSTS},
        **{f"no_{cost}": table[cost].isnull().sum() for cost in COSTS},
        fractions_billed=fractions(rows.billed_cost),
        fractions_effective=fractions(rows.effective_cost),
        untimed=table.charge_start.isnull().sum(),
    )


def month_of(rows: Any) -> Any:
    """The first day of the billing month."""
    return rows.billing_start.truncate("M")


def reconciled(surveys: Sequence[Survey], months: pd.DataFrame) -> Reconciliation:
    """The comparison of all groups together with the view's months."""
    raw: dict[str, float] = {}
    for cost in COSTS:
        # A cost is compared where every group has it as a column of its own.
        if all(cost in one.sums for one in surveys):
            raw[cost] = sum(one.sums[cost] for one in surveys)
    return Reconciliation(
        raw_rows=sum(one.rows for one in surveys),
        view_rows=int(months["rows"].sum()),
        left_out_rows=sum(one.left_out_rows for one in surveys),
        left_out_billed=sum(one.left_out_billed for one in surveys),
        raw=raw,
        view={cost: float(months[cost].sum()) for cost in COSTS},
        unread={cost: rows for cost in COSTS if (rows := sum(one.unread.get(cost, 0) for one in surveys))},
    )


def notes_of(months: pd.DataFrame, known: Sequence[str]) -> list[Note]:
    """What the months of a bill say about it: gaps, unknown kinds of charge, missing and rounded costs."""
    notes = []
    if months["month"].notna().any():
        present = pd.PeriodIndex(months["month"].dropna(), freq="M")
        gaps = pd.period_range(present.min(), present.max(), freq="M").difference(present)
        if len(gaps):
            notes.append(Note("empty_months", "months", f"months without a row: {listed([str(gap) for gap in gaps])}"))
    strange = months[~months["charge_category"].isin(known)]
    if len(strange):
        names = sorted(strange["charge_category"].fillna("(none)").astype(str).unique())
        text = f"rows of a kind of charge that is not known ({listed(names)}) count in totals, and in no rate"
        notes.append(Note("unknown_rows", "charge_category", text, *_of(strange)))
    undated = months[months["month"].isna()]
    if len(undated):
        text = "rows without a date count in totals, and in no month"
        notes.append(Note("undated_rows", "charge_start", text, *_of(undated)))
    if months["currency"].isna().any():
        lacking = months[months["currency"].isna()]
        text = "rows do not say their currency; it is taken to be that of the others"
        notes.append(Note("no_currency", "currency", text, *_of(lacking)))
    for cost in COSTS[1:]:
        lacking_rows = int(months[f"no_{cost}"].sum())
        if lacking_rows:
            text = f"rows without {cost.replace('_', ' ')}: sums and rates of it are of the other rows"
            notes.append(Note(f"no_{cost}", cost, text, lacking_rows))
    if months["fractions_effective"].sum() == 0 and months["fractions_billed"].sum() > 0:
        usage = months[months["charge_category"] == "Usage"]
        off = float(usage["effective_cost"].sum() - usage["billed_cost"].sum())
        text = (
            "effective cost is rounded to whole amounts on every row of usage without a commitment; kept as published"
        )
        rows = int(months["fractions_billed"].sum())
        notes.append(Note("rounded_effective_cost", "effective_cost", text, rows, off))
    return notes


def _of(months: pd.DataFrame) -> tuple[int, float]:
    return int(months["rows"].sum()), float(months["billed_cost"].sum())
