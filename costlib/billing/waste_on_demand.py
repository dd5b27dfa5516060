"""On-demand use that a commitment or spot would do. What either saves is of other questions: here is what it is of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from costlib.billing.recognise import EC2, SAGEMAKER
from costlib.billing.waste_finding import LIKELY, MONTH_DAYS, Finding, where_and_when
from costlib.billing.waste_jobs import LIMIT_TIMES, WAIT_TIMES
from costlib.billing.waste_window import RECENT_DAYS, Window

#: Instances that must have run in every hour.
LEAST_LEVEL = 0.95


def steady(window: Window, idle: Sequence[str]) -> list[Finding]:
    """Types of EC2 and SageMaker that ran on demand in every hour (or day) of the last RECENT_DAYS, at their least
    level; without the resources ``idle``, which should rather not run."""
    rows = window.rows
    chosen = (
        (rows.purchase_option == "on_demand")
        & rows.instance_hours.notnull()
        & rows.service_code.isin([EC2, SAGEMAKER])
        & rows.recent
    )
    if idle:
        chosen = chosen & (rows.resource_id.isnull() | ~rows.resource_id.isin(list(idle)))
    rows = rows.filter(chosen)
    keys = ["service_code", "instance_type", "region"]
    steps = rows.group_by([*keys, "charge_start", "row_hours"]).agg(hours=rows.instance_hours.sum(), usd=rows.usd.sum())
    table = steps.group_by(keys).agg(
        least=(steps.hours / steps.row_hours).min(),
        covered=steps.row_hours.sum(),
        hours=steps.hours.sum(),
        usd=steps.usd.sum(),
    )
    table = table.filter((table.least >= LEAST_LEVEL) & (table.covered >= RECENT_DAYS * 24.0 - 0.5))
    findings = []
    for row in window.ask(table.order_by(keys)).to_dict("records"):
        level, rate = float(row["least"]), float(row["usd"]) / float(row["hours"])
        findings.append(
            Finding(
                kind="steady_on_demand",
                resource=f"{row['instance_type']} of {row['service_code']}",
                **where_and_when(row, window.since(RECENT_DAYS), window.end),
                evidence=f"never fewer than {level:g} on demand in the last {RECENT_DAYS} days, at {rate:,.4f} an hour",
                usd=0.0,
                usd_per_month=None,
                at_stake_usd=level * rate * 24.0 * MONTH_DAYS,
                rule="at stake: the least level at its mean on-demand cost for a month, of which a commitment saves "
                "a part",
                certainty=LIKELY,
                advice="size it with: costlib commit, on this bill's hours",
            )
        )
    return findings


def training(window: Window) -> list[Finding]:
    """Training jobs bought on demand in the last RECENT_DAYS, by account, region and type."""
    rows = window.rows
    rows = rows.filter((rows.component == "Training Job") & (rows.purchase_option == "on_demand") & rows.recent)
    keys = ["account_id", "region", "instance_type"]
    jobs = rows.group_by([*keys, "resource_id"]).agg(
        hours=rows.instance_hours.sum(), usd=rows.usd.sum(), first=rows.charge_start.min(), last=rows.charge_end.max()
    )
    table = jobs.group_by(keys).agg(
        jobs=jobs.count(),
        hours=jobs.hours.sum(),
        usd=jobs.usd.sum(),
        first=jobs["first"].min(),
        longest=(jobs["last"].epoch_seconds() - jobs["first"].epoch_seconds()).max(),
    )
    findings = []
    for row in window.ask(table.filter(table.usd > 0).order_by(keys)).to_dict("records"):
        usd = float(row["usd"]) * MONTH_DAYS / RECENT_DAYS
        limit = math.ceil(LIMIT_TIMES * float(row["longest"]) / 3600.0) * 3600
        spot = {
            "EnableManagedSpotTraining": True,
            "CheckpointConfig": {"S3Uri": "s3://BUCKET/PREFIX"},
            "StoppingCondition": {"MaxRuntimeInSeconds": limit, "MaxWaitTimeInSeconds": WAIT_TIMES * limit},
        }
        findings.append(
            Finding(
                kind="on_demand_training",
                resource=f"training on {row['instance_type']}",
                **where_and_when(row, row["first"], window.end),
                evidence=f"{row['jobs']:,} jobs, {row['hours']:,.0f} instance-hours on demand in {RECENT_DAYS} days",
                usd=0.0,
                usd_per_month=None,
                at_stake_usd=usd,
                rule="at stake: their cost for a month, of which spot saves a part and gives some back for rework",
                certainty=LIKELY,
                advice="jobs that write checkpoints can run on managed spot; weigh it with: costlib spot. Fill in the "
                "bucket",
                fix_json=spot,
            )
        )
    return findings
