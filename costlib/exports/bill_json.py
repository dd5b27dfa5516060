"""A bill's review as JSON-ready values, and what every JSON about a bill shares."""

from __future__ import annotations

from typing import Any

import pandas as pd

from costlib.billing.bill import Bill
from costlib.billing.report import BillReview
from costlib.exports.tables import records

#: Sums of floats differ in their last digits from run to run; a hundred-millionth hardly ever does.
DECIMALS = 8
DAY, HOUR = "%Y-%m-%d", "%Y-%m-%d %H:%M"


def bill_json(found: BillReview) -> dict[str, object]:
    """All figures of the review; what there is none of is null, and ``why_not`` says why."""
    bill = found.bill
    return {
        **said_of(bill),
        "cost": found.cost,
        "reconciliation": bill.reconciliation.as_dict(),
        "notes": [note.as_dict() for note in bill.notes],
        "periods": _rows(found.periods),
        "accelerators": _rows(found.accelerators),
        "rates": _rows(found.rates),
        "commitments": _rows(found.commitments),
        "drivers": _rows(found.drivers),
        "drivers_by_service": _rows(found.drivers_by_service),
        "forecast": _rows(found.forecast),
        "backtest": _rows(found.backtest),
        "budget": _rows(found.budget),
        "attribution": _rows(found.attribution),
        "chargeback": _rows(found.chargeback),
        "violators": _rows(found.violators),
        "policies": found.policies,
        "why_not": found.why_not,
    }


def said_of(bill: Bill) -> dict[str, object]:
    """What the answer is about."""
    return {
        "source": bill.source,
        "engine": bill.engine.name,
        "versions": list(bill.versions),
        "currency": bill.currency,
    }


def rows_of(frame: pd.DataFrame, form: str = DAY) -> list[dict[str, Any]]:
    """A frame as one mapping a row, times as text and numbers to DECIMALS."""
    return records(pd.DataFrame({name: dated(frame[name], form) for name in frame}).round(DECIMALS))


def _rows(frame: pd.DataFrame | None) -> list[dict[str, Any]] | None:
    return None if frame is None else rows_of(frame)


def dated(column: pd.Series[Any], form: str = DAY) -> pd.Series[Any]:
    """Times as text, all else as it is."""
    if not pd.api.types.is_datetime64_any_dtype(column):
        return column
    text = column.dt.strftime(form).astype(object)
    return text.where(column.notna(), None)
