"""By what a bill's figures are cut in time: billing months, weeks and days of use, or all of it."""

from __future__ import annotations

from typing import Any

from costlib.billing.reconcile import month_of
from costlib.errors import InvalidInput, unknown

PERIODS = ("month", "week", "day", "total")


def period_of(rows: Any, by: str) -> Any:
    """The first moment of each row's period: the billing month, or the week (from Monday) or day when use began.

    A fee for a month or a year falls into the week of its first day. Raises InvalidInput for another period.
    """
    import ibis

    if by not in PERIODS:
        raise InvalidInput([unknown("by", by, PERIODS, "period")])
    if by == "month":
        return month_of(rows)
    if by == "total":
        return ibis.literal("1970-01-01").cast("timestamp")
    return rows.charge_start.truncate("W" if by == "week" else "D")
