"""Volumes that no running instance seems to use."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from costlib.billing.fix_commands import aws
from costlib.billing.metrics import Metrics
from costlib.billing.recognise import EC2
from costlib.billing.waste_finding import LIKELY, NEEDS_METRICS, Finding, a_day, last_day_of, text_or_none
from costlib.billing.waste_idle import IDLE_HOURS
from costlib.billing.waste_tags import shared_tags
from costlib.billing.waste_window import RECENT_RULE, Window

#: Days that a volume must have been there, and in which an instance like it must have run.
LEAST_DAYS = 14
VOLUME = "(^|/)vol-[0-9a-z]+$"


def volumes(window: Window, metrics: Metrics | None) -> list[Finding]:
    """Volumes still billed, whose tags no instance of their account and region had in the last LEAST_DAYS; with
    metrics, those that nothing read or wrote. That a volume is attached is not on a bill."""
    rows = window.rows.filter(window.rows.resource_id.re_search(VOLUME))
    table = rows.group_by(["resource_id", "account_id", "region"]).agg(
        first=rows.charge_start.min(),
        last=rows.charge_end.max(),
        usd=rows.usd.sum(),
        recent_usd=rows.usd.sum(where=rows.recent).fill_null(0.0),
        tags=rows.tags.arbitrary(),
    )
    table = table.filter(
        (table["last"] >= window.last_day.to_pydatetime()) & (table["first"] <= window.since(LEAST_DAYS))
    )
    found = window.ask(table.order_by(["resource_id", "account_id"]))
    if found.empty:
        return []
    running = _running_tags(window)
    findings = []
    for row in found.to_dict("records"):
        resource = str(row["resource_id"])
        until = None
        if metrics is not None:
            until = metrics.busy_until((resource, resource.rsplit("/", 1)[-1]), "volume_operations")
        if until is not None and metrics is not None:
            hours = (metrics.last - until) / pd.Timedelta(hours=1)
            if hours >= IDLE_HOURS:
                text = f"nothing read or wrote it for {hours:,.0f} h, since {until:%Y-%m-%d %H:%M}"
                findings.append(_finding(window, row, text, LIKELY))
            continue
        near = running.get((row["account_id"], row["region"]), [])
        mine = shared_tags(row["tags"])
        if any(mine.items() <= theirs.items() for theirs in near):
            continue
        if near:
            text, certainty = f"no instance with its tags ran there in {LEAST_DAYS} days", NEEDS_METRICS
        else:
            text, certainty = f"no instance at all ran in its account and region in {LEAST_DAYS} days", LIKELY
        text += ". Whether it is attached is not on a bill: give --metrics with volume_operations, or ask the account"
        findings.append(_finding(window, row, text, certainty))
    return findings


def _running_tags(window: Window) -> dict[tuple[Any, Any], list[dict[str, str]]]:
    """The tags of the EC2 instances that ran lately, by account and region."""
    rows = window.rows.filter(
        window.rows.instance_hours.notnull()
        & (window.rows.service_code == EC2)
        & (window.rows.charge_start >= window.since(LEAST_DAYS))
    )
    table = rows.group_by(["resource_id", "account_id", "region"]).agg(tags=rows.tags.arbitrary())
    found: dict[tuple[Any, Any], list[dict[str, str]]] = {}
    for row in window.ask(table).to_dict("records"):
        held = found.setdefault((row["account_id"], row["region"]), [])
        if (tags := shared_tags(row["tags"])) not in held:
            held.append(tags)
    return found


def _finding(window: Window, row: Mapping[Hashable, Any], evidence: str, certainty: str) -> Finding:
    resource, first = str(row["resource_id"]), row["first"]
    account, region = text_or_none(row["account_id"]), text_or_none(row["region"])
    command = aws("ec2", "delete-volume", region, {"volume-id": resource.rsplit("/", 1)[-1]}, account)
    return Finding(
        "unattached_volume",
        resource,
        account,
        region,
        evidence,
        a_day(first),
        last_day_of(window.end),
        float(row["usd"]),
        window.per_month(float(row["recent_usd"]), first),
        None,
        f"all of its cost; a month: {RECENT_RULE}",
        certainty,
        "derived",
        "take a snapshot and delete it; AWS refuses to delete a volume that is attached",
        command,
    )
