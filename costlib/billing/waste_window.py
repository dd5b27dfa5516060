"""The rows of a bill in which waste is looked for, its last moment, and what a month is reckoned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from costlib.billing.report import best_cost
from costlib.billing.waste_finding import MONTH_DAYS
from costlib.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

DAY_SECONDS = 86_400
#: The order in which resources are looked at.
BY_RESOURCE = ("resource_id", "account_id")
#: Days before the bill's end from which a month's cost is reckoned.
RECENT_DAYS = 30
RECENT_RULE = f"from its cost in the bill's last {RECENT_DAYS} days, or since it began"


@dataclass(frozen=True)
class Window:
    """``rows``: usage in rows of a day or shorter, with ``usd`` (of ``cost``), ``row_hours`` and ``recent`` (in the
    last RECENT_DAYS); ``begin`` and ``end`` of them. ``notes`` say what was left out."""

    bill: Bill
    cost: str
    rows: Any
    begin: pd.Timestamp
    end: pd.Timestamp
    notes: tuple[str, ...]

    @property
    def last_day(self) -> pd.Timestamp:
        """The day of the last moment."""
        return (self.end - pd.Timedelta(seconds=1)).normalize()

    def since(self, days: float) -> Any:
        """The moment so many days before the end, for an expression."""
        return (self.end - pd.Timedelta(days=days)).to_pydatetime()

    def still_billed(self, table: Any, least_days: float) -> Any:
        """The rows of ``table`` whose ``last`` is on the last day, and whose ``first`` is ``least_days`` or more before
        the end."""
        return table.filter(
            (table["last"] >= self.last_day.to_pydatetime()) & (table["first"] <= self.since(least_days))
        )

    def ask(self, expression: Any) -> pd.DataFrame:
        """The answer as a small frame."""
        return self.bill.ask(expression)

    def per_month(self, recent_usd: float, first: Any) -> float:
        """A month's cost by RECENT_RULE."""
        days = min(RECENT_DAYS, (self.end - pd.Timestamp(first)) / pd.Timedelta(days=1))
        return recent_usd * MONTH_DAYS / days if days > 0 else 0.0


def window_of(bill: Bill) -> Window:
    """The window of the whole bill. Raises InvalidInput where it holds no usage in rows of a day or shorter."""
    import ibis

    cost = best_cost(bill)
    usage = bill.rows.filter((bill.rows.charge_category == "Usage") & bill.rows.charge_start.notnull())
    seconds = usage.charge_end.epoch_seconds() - usage.charge_start.epoch_seconds()
    short = ibis.coalesce((seconds <= DAY_SECONDS) & (seconds > 0), ibis.literal(False))
    asked = usage.aggregate(
        begin=usage.charge_start.min(where=short),
        end=usage.charge_end.max(where=short),
        n=usage.count(where=~short),
        usd=usage[cost].sum(where=~short),
    )
    said = bill.ask(asked).iloc[0]
    if pd.isna(said["end"]):
        raise InvalidInput([Fault("bill", bill.source, "holds no usage in rows of a day or shorter")])
    notes = []
    if said["n"]:
        usd = 0.0 if pd.isna(said["usd"]) else float(said["usd"])
        notes.append(
            f"{int(said['n']):,} rows of usage ({usd:,.2f}) last longer than a day or have no end: not looked at"
        )
    begin, end = pd.Timestamp(said["begin"]), pd.Timestamp(said["end"])
    rows = usage.mutate(usd=usage[cost].fill_null(0.0), row_hours=seconds / 3600.0).filter(short)
    recent = rows.charge_start >= (end - pd.Timedelta(days=RECENT_DAYS)).to_pydatetime()
    return Window(bill, cost, rows.mutate(recent=recent), begin, end, tuple(notes))


def by_resource(rows: Any, *keys: str, **more: Any) -> Any:
    """A row a resource, account and region (and ``keys``): ``first, last, quantity, usd, recent_usd`` and ``more``."""
    return rows.group_by(["resource_id", "account_id", "region", *keys]).agg(
        first=rows.charge_start.min(),
        last=rows.charge_end.max(),
        quantity=rows.quantity.sum().fill_null(0.0),
        usd=rows.usd.sum(),
        recent_usd=rows.usd.sum(where=rows.recent).fill_null(0.0),
        **more,
    )
