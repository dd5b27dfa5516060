"""Addresses that are attached to nothing, snapshots long kept, and checkpoints that nobody reads."""

from __future__ import annotations

import re
from typing import Any

from costlib.billing.fix_commands import aws
from costlib.billing.waste_finding import LIKELY, MONTH_DAYS, SURE, Finding, a_day, last_day_of, text_or_none
from costlib.billing.waste_window import RECENT_DAYS, RECENT_RULE, Window

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
    for row in window.ask(_by_resource(rows)).to_dict("records"):
        resource = text_or_none(row["resource_id"]) or "(no id)"
        account, region = text_or_none(row["account_id"]), text_or_none(row["region"])
        allocation = re.search(r"eipalloc-[0-9a-z]+$", resource)
        command = (
            aws("ec2", "release-address", region, {"allocation-id": allocation[0]}, account) if allocation else None
        )
        findings.append(
            Finding(
                "idle_address",
                resource,
                account,
                region,
                f"{row['quantity']:,.0f} h billed under a usage type of idle addresses",
                a_day(row["first"]),
                last_day_of(row["last"]),
                float(row["usd"]),
                window.per_month(float(row["recent_usd"]), row["first"]),
                None,
                f"all of its idle cost; a month: {RECENT_RULE}",
                SURE,
                "derived",
                "release it; the same address cannot be had again",
                command,
            )
        )
    return findings


def snapshots(window: Window) -> list[Finding]:
    """Snapshots that are still billed OLD_DAYS after their first day on the bill."""
    rows = window.rows.filter(window.rows.resource_id.re_search("(^|/)snap-[0-9a-z]+$"))
    table = _by_resource(rows)
    table = table.filter(
        (table["last"] >= window.last_day.to_pydatetime()) & (table["first"] <= window.since(OLD_DAYS))
    )
    findings = []
    for row in window.ask(table).to_dict("records"):
        resource = str(row["resource_id"])
        account, region = text_or_none(row["account_id"]), text_or_none(row["region"])
        days = (window.end - row["first"]).days
        at_least = "at least " if (row["first"] - window.begin).days < 1 else ""
        command = aws("ec2", "delete-snapshot", region, {"snapshot-id": resource.rsplit("/", 1)[-1]}, account)
        findings.append(
            Finding(
                "old_snapshot",
                resource,
                account,
                region,
                f"{at_least}{days} days old by the bill, and still billed",
                a_day(row["first"]),
                last_day_of(window.end),
                float(row["usd"]),
                window.per_month(float(row["recent_usd"]), row["first"]),
                None,
                f"all of its cost; a month: {RECENT_RULE}. Blocks that newer snapshots share stay billed",
                LIKELY,
                "estimate",
                "delete it, or move it to the archive tier, if nothing is to be restored from it",
                command,
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
    quiet = table.named & (table.touched == 0) & (table["last"] >= window.last_day.to_pydatetime())
    quiet = quiet & (table["first"] <= window.since(RECENT_DAYS))
    return [_bucket(window, row) for row in window.ask(table.filter(quiet).order_by("resource_id")).to_dict("records")]


def _bucket(window: Window, row: Any) -> Finding:
    resource = str(row["resource_id"])
    account, region = text_or_none(row["account_id"]), text_or_none(row["region"])
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
        "old_checkpoints",
        resource,
        account,
        region,
        f"{row['kept']:,.0f} GB-months kept in {RECENT_DAYS} days without a request or transfer ({used})",
        a_day(window.since(RECENT_DAYS)),
        last_day_of(window.end),
        float(row["usd"]),
        float(row["usd"]) * MONTH_DAYS / RECENT_DAYS,
        None,
        f"its storage in the bill's last {RECENT_DAYS} days; a month: by days",
        LIKELY,
        "derived",
        "keep the last checkpoint of each run and let the others expire; this rule takes the place of the bucket's own "
        "rules, and lets everything in it expire: narrow its prefix first",
        aws("s3api", "put-bucket-lifecycle-configuration", region, values, account),
        lifecycle,
    )


def _by_resource(rows: Any) -> Any:
    return (
        rows.group_by(["resource_id", "account_id", "region"])
        .agg(
            first=rows.charge_start.min(),
            last=rows.charge_end.max(),
            quantity=rows.quantity.sum().fill_null(0.0),
            usd=rows.usd.sum(),
            recent_usd=rows.usd.sum(where=rows.recent).fill_null(0.0),
        )
        .order_by(["resource_id", "account_id"])
    )
