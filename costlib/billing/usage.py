"""Hourly usage out of a bill, in the columns that the commitments' models take (models.commitments.usage_from)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from costlib.billing.recognise import EC2, SAGEMAKER
from costlib.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

SERVICES = {EC2: "ec2", SAGEMAKER: "sagemaker"}
COLUMNS = ["hour", "instance_type", "region", "service", "quantity"]
#: Which rows count, for whoever shows the frame.
RULE = (
    "hours that EC2 and SageMaker instances ran, on demand, on spot and under commitments; not unused commitments, "
    "unused reserved capacity, surcharges for EBS, other services, or rows that last longer than an hour"
)


@dataclass(frozen=True)
class HourlyUsage:
    """``frame`` with COLUMNS (``quantity``: instances, as instance-hours in the hour), by RULE.

    ``left_out_hours``: instance-hours in rows that are longer than an hour (daily and monthly exports) or have no
    region. ``filled_hours``: hours inside the bill in which nothing ran, which have a row with 0.
    """

    frame: pd.DataFrame
    left_out_hours: float
    filled_hours: int


def hourly(rows: Any, spot: bool = True) -> Any:
    """Instance-hours by hour, type, region and service, as an expression."""
    import ibis

    wanted = rows.filter(_counted(rows, spot))
    service = ibis.cases(*((wanted.service_code == code, name) for code, name in SERVICES.items()))
    table = wanted.mutate(hour=wanted.charge_start.truncate("h"), service_name=service)
    keys = ["hour", "instance_type", "region", "service_name"]
    return table.group_by(keys).agg(quantity=table.quantity.sum()).order_by(keys)


def _counted(rows: Any, spot: bool) -> Any:
    lasts_an_hour = rows.charge_end.epoch_seconds() - rows.charge_start.epoch_seconds() <= 3600
    counted = (
        rows.instance_hours.notnull()
        & rows.service_code.isin(list(SERVICES))
        & rows.region.notnull()
        & rows.charge_start.notnull()
        & lasts_an_hour
    )
    return counted if spot else counted & ~rows.is_spot


def hourly_usage(bill: Bill, spot: bool = True) -> HourlyUsage:
    """The bill's usage by hour; without ``spot`` only what commitments can cover.

    Raises InvalidInput where the bill is not hourly, or holds no instance that ran.
    """
    rows = bill.rows
    frame = bill.ask(hourly(rows, spot)).rename(columns={"service_name": "service"})
    counted = _counted(rows, spot)
    other = rows.instance_hours.notnull() & rows.service_code.isin(list(SERVICES))
    if not spot:
        other = other & ~rows.is_spot
    left = bill.ask(rows.aggregate(left=rows.instance_hours.sum(where=other & ~counted)))["left"].iloc[0]
    left_out = 0.0 if pd.isna(left) else float(left)
    if frame.empty:
        problem = "holds no instance-hours"
        if left_out:
            problem = (
                f"is not hourly: {left_out:,.0f} instance-hours are in rows longer than an hour, or without region"
            )
        raise InvalidInput([Fault("bill", bill.source, problem)])
    frame, filled = _without_gaps(frame)
    return HourlyUsage(frame[COLUMNS], left_out, filled)


def _without_gaps(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The frame with a row of 0 for each hour inside it in which nothing ran: on a bill that is no row at all."""
    hours = pd.date_range(frame["hour"].min(), frame["hour"].max(), freq="h")
    idle = hours.difference(pd.DatetimeIndex(frame["hour"]))
    if not len(idle):
        return frame, 0
    first = frame.iloc[0]
    added = pd.DataFrame({"hour": idle, **{name: first[name] for name in COLUMNS[1:4]}, "quantity": 0.0})
    keys = COLUMNS[:4]
    return pd.concat([frame, added]).sort_values(keys, ignore_index=True), len(idle)
