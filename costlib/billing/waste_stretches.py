"""How long each resource has run without a stop: stretches of rows that follow each other, at how many instances."""

from __future__ import annotations

from typing import Any

import pandas as pd

from costlib.billing.waste_window import BY_RESOURCE, Window

#: A row counts as running where an instance ran for this share of it.
RUNNING_FRACTION = 0.95


def open_stretches(window: Window, wanted: Any, least_days: float) -> pd.DataFrame:
    """The resources among the rows ``wanted`` (an expression) that still ran at the bill's end, and had for
    ``least_days`` or longer without a stop.

    A row each: ``resource_id, account_id, region, component, resource_kind, resource_name, instance_type, first, last,
    hours`` (instance-hours), ``usd, recent_usd, least, most`` (instances at a time). Hourly and daily rows may mix.
    """
    import ibis

    rows = window.rows.filter(wanted & window.rows.instance_hours.notnull() & window.rows.resource_id.notnull())
    keys = ["resource_id", "account_id", "region"]
    steps = rows.group_by([*keys, "charge_start", "charge_end", "row_hours", "recent"]).agg(
        hours=rows.instance_hours.sum(),
        usd=rows.usd.sum(),
        component=rows.component.max(),
        resource_kind=rows.resource_kind.max(),
        resource_name=rows.resource_name.max(),
        instance_type=rows.instance_type.max(),
    )
    running = steps.filter(steps.hours >= RUNNING_FRACTION * steps.row_hours)
    # Equal rounding, so that 1.0 and 0.9999 instances are one level.
    running = running.mutate(level=(running.hours / running.row_hours).round(2))
    ordered = ibis.window(group_by=keys, order_by=["charge_start", "charge_end"])
    before = running.charge_end.lag(1).over(ordered)
    marked = running.mutate(starts=ibis.ifelse(before.isnull() | (running.charge_start > before), 1, 0))
    summing = ibis.window(group_by=keys, order_by=["charge_start", "charge_end"], preceding=None, following=0)
    numbered = marked.mutate(stretch=marked.starts.sum().over(summing))
    found = numbered.group_by([*keys, "stretch"]).agg(
        component=numbered.component.max(),
        resource_kind=numbered.resource_kind.max(),
        resource_name=numbered.resource_name.max(),
        instance_type=numbered.instance_type.max(),
        first=numbered.charge_start.min(),
        last=numbered.charge_end.max(),
        hours=numbered.hours.sum(),
        usd=numbered.usd.sum(),
        recent_usd=numbered.usd.sum(where=numbered.recent).fill_null(0.0),
        least=numbered.level.min(),
        most=numbered.level.max(),
    )
    return window.ask(window.still_billed(found, least_days).drop("stretch").order_by(BY_RESOURCE))
