"""What an hour cost: blended rates by instance type and way of buying, and the cost of an accelerator's hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from costlib.billing.periods import period_of

if TYPE_CHECKING:
    from costlib.billing.bill import Bill
    from costlib.tables import Snapshot


def rates(bill: Bill, by: str = "total") -> pd.DataFrame:
    """Instance-hours, effective and list cost by period, instance type and purchase option, and their rates an hour."""
    # Of rows with instance-hours these are the quantity, which an engine need not work out a second time.
    rows = bill.rows.mutate(period=period_of(bill.rows, by)).filter(bill.rows.instance_hours.notnull())
    keys = ["period", "service_code", "instance_type", "purchase_option"]
    frame = bill.ask(
        rows.group_by(keys)
        .agg(hours=rows.quantity.sum(), effective_cost=rows.effective_cost.sum(), list_cost=rows.list_cost.sum())
        .order_by(keys)
    )
    frame["effective_rate"] = frame["effective_cost"] / frame["hours"].where(frame["hours"] != 0)
    frame["list_rate"] = frame["list_cost"] / frame["hours"].where(frame["hours"] != 0)
    return frame


def accelerator_costs(found: pd.DataFrame, snapshot: Snapshot | None = None) -> pd.DataFrame:
    """Of ``rates``: accelerator-hours and their effective cost by period, and the cost of one such hour.

    An instance-hour counts as many as the instance has accelerators (facts/instances; SageMaker's ``ml.g5.xlarge`` is
    a g5.xlarge). ``unknown_hours`` are instance-hours of types that are not held, which are in no other column.
    """
    from costlib.tables import Snapshot

    instances = (snapshot or Snapshot.open()).read("facts/instances").set_index("instance_type")
    plain = found["instance_type"].astype("str").str.removeprefix("ml.")
    count = plain.map(instances["accelerator_count"].astype(float))
    known = plain.isin(instances.index)
    accelerated = known & (count > 0)
    table = pd.DataFrame(
        {
            "period": found["period"],
            "accelerator_hours": (found["hours"] * count).where(accelerated, 0.0),
            "accelerator_cost": found["effective_cost"].where(accelerated, 0.0),
            "unknown_hours": found["hours"].where(~known, 0.0),
        }
    )
    made = table.groupby("period", as_index=False).sum()
    made["cost_per_accelerator_hour"] = made["accelerator_cost"] / made["accelerator_hours"].where(
        made["accelerator_hours"] > 0
    )
    return made
