"""Whose cost it was: by tag, account, project, model, endpoint or training job; what nobody owns is its own row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from costlib.billing.periods import period_of
from costlib.billing.view import COSTS
from costlib.errors import InvalidInput, unknown

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

#: Owners that are a column of the view, or a kind of SageMaker resource; the others are tags.
COLUMNS = {"account": "account_id", "service": "service", "region": "region", "instance_type": "instance_type"}
RESOURCES = {"endpoint": "endpoint", "training_job": "training-job"}
TAGS = {"project": "project", "model": "model", "team": "team"}
UNTAGGED = "(untagged)"


def owner_of(bill: Bill, by: str) -> Any:
    """The owner of each row, as an expression: ``tag:KEY``, ``project`` and ``model`` (the tags of that name),
    ``account``, ``endpoint``, ``training_job`` (SageMaker's resources), ``service``, ``region``, ``instance_type``.

    Raises InvalidInput, with what there is, for anything else, and for tags that the bill has not.
    """
    import ibis

    rows = bill.rows
    if by.startswith("tag:"):
        return bill.tag(by.removeprefix("tag:"))
    if by in TAGS:
        return bill.tag(TAGS[by])
    if by in COLUMNS:
        return rows[COLUMNS[by]]
    if by in RESOURCES:
        return ibis.ifelse(rows.resource_kind == RESOURCES[by], rows.resource_name, ibis.null("string"))
    known = [*TAGS, *COLUMNS, *RESOURCES, "tag:KEY"]
    raise InvalidInput([unknown("group", by, known, "owner of cost")])


def attributed(bill: Bill, by: str, period: str = "total", cost: str = "effective_cost") -> pd.DataFrame:
    """``period, owner, rows, cost``: all rows of the bill, those without an owner as UNTAGGED; dearest first.

    Tax, credits and purchases have no owner unless they are tagged. The sum is the bill's.
    """
    if cost not in COSTS:
        raise InvalidInput([unknown("cost", cost, COSTS, "cost of the view")])
    rows = bill.rows.mutate(period=period_of(bill.rows, period), owner=owner_of(bill, by))
    frame = bill.ask(rows.group_by(["period", "owner"]).agg(rows=rows.count(), cost=rows[cost].sum()))
    frame["owner"] = frame["owner"].astype(object).where(frame["owner"].notna(), UNTAGGED)
    frame["cost"] = frame["cost"].fillna(0.0)
    ordered = frame.sort_values(["period", "cost", "owner"], ascending=[True, False, True], ignore_index=True)
    return ordered[["period", "owner", "rows", "cost"]]
