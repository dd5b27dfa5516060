"""Volumes that no running instance seems to use."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from costlib.billing.fix_commands import aws
from costlib.billing.metrics import Metrics
from costlib.billing.recognise import EC2
from costlib.billing.waste_finding import LIKELY, NEEDS_METRICS, Finding, where_and_when
from costlib.billing.waste_idle import IDLE_HOURS
from costlib.billing.waste_tags import shared_tags
from costlib.billing.waste_window import BY_RESOURCE, RECENT_RULE, Window, by_resource

#: Days that a volume must have been there, and in which an instance like it must have run.
LEAST_DAYS = 14
VOLUME = "(^|/)vol-[0-9a-z]+$"


def volumes(window: Window, metrics: Metrics | None) -> list[Finding]:
    """Volumes still billed, whose tags no instance of their account and region had in the last LEAST_DAYS; with
    metrics, those that nothing read or wrote. That a volume is attached is not on a bill."""
    rows = window.rows.filter(window.rows.resource_id.re_search(VOLUME))
    table = window.still_billed(by_resource(rows, tags=rows.tags.arbitrary()), LEAST_DAYS)
    found = window.ask(table.order_by(BY_RESOURCE))
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
    resource = str(row["resource_id"])
    named = {"volume-id": resource.rsplit("/", 1)[-1]}
    return Finding(
        kind="unattached_volume",
        resource=resource,
        **where_and_when(row, row["first"], window.end),
        evidence=evidence,
        usd=float(row["usd"]),
        usd_per_month=window.per_month(float(row["recent_usd"]), row["first"]),
        rule=f"all of its cost; a month: {RECENT_RULE}",
        certainty=certainty,
        advice="take a snapshot and delete it; AWS refuses to delete a volume that is attached",
        fix_command=aws("ec2", "delete-volume", row["region"], named, row["account_id"]),
    )
