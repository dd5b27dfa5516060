"""Addresses that are attached to nothing, snapshots long kept, and checkpoints that nobody reads."""

from __future__ import annotations

import re
from typing import Any

from costlib.billing.fix_commands import aws
from costlib.billing.waste_finding import LIKELY, MONTH_DAYS, SURE, Finding, text_or_none, where_and_when
from costlib.billing.waste_window import BY_RESOURCE, RECENT_DAYS, RECENT_RULE, Window, by_resource

#: A snapshot is old after so many days on the bill.
OLD_DAYS = 90
#: What a bucket of checkpoints is known by, in its name or a tag.
CHECKPOINTS = "checkpoint|ckpt"
#: Days after which the proposed rule lets checkpoints expire. A choice.
EXPIRE_DAYS = 30


def addresses(window: Window) -> list[Finding]:
    """Public addresses whose usage type says idle, each with all of that cost."""
    usage = window.rows.usage_type
    rows = window.rows.filter(usage.contains("IdleAddress"))
    findings = []
    for row in window.ask(by_resource(rows).order_by(BY_RESOURCE)).to_dict("records"):
        resource = text_or_none(row["resource_id"]) or "(no id)"
        command = None
        if allocation := re.search(r"eipalloc-[0-9a-z]+$", resource):
            command = aws("ec2", "release-address", row["region"], {"allocation-id": allocation[0]}, row["account_id"])
        findings.append(
            Finding(
                kind="idle_address",
                resource=resource,
                **where_and_when(row, row["first"], row["last"]),
                evidence=f"{row['quantity']:,.0f} h billed under a usage type of idle addresses",
                usd=float(row["usd"]),
                usd_per_month=window.per_month(float(row["recent_usd"]), row["first"]),
                rule=f"all of its idle cost; a month: {RECENT_RULE}",
                certainty=SURE,
                advice="release it; the same address cannot be had again",
                fix_command=command,
            )
        )
    return findings


def snapshots(window: Window) -> list[Finding]:
    """Snapshots that are still billed OLD_DAYS after their first day on the bill."""
    rows = window.rows.filter(window.rows.resource_id.re_search("(^|/)snap-[0-9a-z]+$"))
    table = window.still_billed(by_resource(rows), OLD_DAYS)
    findings = []
    for row in window.ask(table.order_by(BY_RESOURCE)).to_dict("records"):
        resource = str(row["resource_id"])
        days = (window.end - row["first"]).days
        at_least = "at least " if (row["first"] - window.begin).days < 1 else ""
        named = {"snapshot-id": resource.rsplit("/", 1)[-1]}
        findings.append(
            Finding(
                kind="old_snapshot",
                resource=resource,
                **where_and_when(row, row["first"], window.end),
                evidence=f"{at_least}{days} days old by the bill, and still billed",
                usd=float(row["usd"]),
                usd_per_month=window.per_month(float(row["recent_usd"]), row["first"]),
                rule=f"all of its cost; a month: {RECENT_RULE}. Blocks that newer snapshots share stay billed",
                certainty=LIKELY,
                basis="estimate",
                advice="delete it, or move it to the archive tier, if nothing is to be restored from it",
                fix_command=aws("ec2", "delete-snapshot", row["region"], named, row["account_id"]),
            )
        )
    return findings


def checkpoints(window: Window) -> list[Finding]:
    """Buckets named or tagged as checkpoints, with storage but no request or transfer in the last RECENT_DAYS."""
    import ibis

    s3 = window.rows.filter((window.rows.service_code == "AmazonS3") & window.rows.resource_id.notnull())
    named = s3.resource_id.lower().re_search(CHECKPOINTS)
    tagged = s3.tags.values().join(" ").lower().re_search(CHECKPOINTS)
    stored = ibis.coalesce(s3.usage_type.contains("TimedStorage"), s3.unit.contains("Month"), ibis.literal(False))
    table = s3.group_by(["resource_id", "account_id", "region"]).agg(
        named=(named | ibis.coalesce(tagged, ibis.literal(False))).max(),
        first=s3.charge_start.min(where=stored),
        last=s3.charge_end.max(where=stored),
        used=s3.charge_end.max(where=~stored),
        touched=s3.count(where=~stored & s3.recent),
        usd=s3.usd.sum(where=stored & s3.recent).fill_null(0.0),
        kept=s3.quantity.sum(where=stored & s3.recent).fill_null(0.0),
    )
    quiet = window.still_billed(table.filter(table.named & (table.touched == 0)), RECENT_DAYS)
    return [_bucket(window, row) for row in window.ask(quiet.order_by("resource_id")).to_dict("records")]


def _bucket(window: Window, row: Any) -> Finding:
    resource = str(row["resource_id"])
    rule = {
        "ID": "expire-old-checkpoints",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": EXPIRE_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    lifecycle: dict[str, Any] = {"Rules": [rule]}
    values = {"bucket": resource.rsplit(":", 1)[-1], "lifecycle-configuration": lifecycle}
    used = f"last {row['used']:%Y-%m-%d}" if row["used"] == row["used"] else "none on the bill"
    return Finding(
        kind="old_checkpoints",
        resource=resource,
        **where_and_when(row, window.since(RECENT_DAYS), window.end),
        evidence=f"{row['kept']:,.0f} GB-months kept in {RECENT_DAYS} days without a request or transfer ({used})",
        usd=float(row["usd"]),
        usd_per_month=float(row["usd"]) * MONTH_DAYS / RECENT_DAYS,
        rule=f"its storage in the bill's last {RECENT_DAYS} days; a month: by days",
        certainty=LIKELY,
        advice="keep the last checkpoint of each run and let the others expire; this rule takes the place of the "
        "bucket's own rules, and lets everything in it expire: narrow its prefix first",
        fix_command=aws("s3api", "put-bucket-lifecycle-configuration", row["region"], values, row["account_id"]),
        fix_json=lifecycle,
    )
