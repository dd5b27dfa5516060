"""Jobs that ran far longer than their like, what a job without a time limit can cost, and pools kept warm."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pandas as pd

from costlib.billing.fix_commands import aws
from costlib.billing.waste_finding import LIKELY, NEEDS_METRICS, SURE, Finding, text_or_none, where_and_when
from costlib.billing.waste_tags import shared_tags
from costlib.billing.waste_window import BY_RESOURCE, RECENT_RULE, Window, by_resource

COMPONENTS = ("Training Job", "Managed Spot Training", "Processing", "Batch Transform")
#: Jobs of a kind that say what is usual, and how many times the usual is far too long. Choices.
LEAST_JOBS, FAR_TIMES = 5, 3.0
#: The limit proposed: the longest usual job and half again, in whole hours. A choice.
LIMIT_TIMES = 1.5
#: Waiting for spot included, so many times that. A choice.
WAIT_TIMES = 2
#: What a job may run if nobody says, and at most (AWS, StoppingCondition: default 1 day, maximum 28 days).
DEFAULT_LIMIT_HOURS, MOST_LIMIT_HOURS = 24.0, 28 * 24.0
LIMIT_SOURCE = "AWS CloudFormation, StoppingCondition of SageMaker: default 1 day, maximum 28 days"
#: The smallest excess worth a finding.
LEAST_USD = 1.0


def jobs(window: Window) -> list[Finding]:
    """Runaway jobs, and one finding a kind of job on what its time limit would cap.

    Jobs are alike that ran in the same account and region, of the same component and type, with the same tags, or
    without any with the same name but for its numbers.
    """
    rows = window.rows.filter(
        window.rows.component.isin(COMPONENTS)
        & window.rows.resource_id.notnull()
        & window.rows.instance_hours.notnull()
    )
    table = rows.group_by(["resource_id", "account_id", "region", "component", "instance_type"]).agg(
        name=rows.resource_name.max(),
        first=rows.charge_start.min(),
        last=rows.charge_end.max(),
        hours=rows.instance_hours.sum(),
        usd=rows.usd.sum(),
        tags=rows.tags.arbitrary(),
    )
    found = window.ask(table.order_by(BY_RESOURCE))
    if found.empty:
        return []
    found["alike"] = [_alike(tags, name) for tags, name in zip(found["tags"], found["name"], strict=True)]
    found["elapsed"] = (found["last"] - found["first"]).dt.total_seconds() / 3600.0
    findings = []
    keys = ["account_id", "region", "component", "instance_type", "alike"]
    for _, group in found.groupby(keys, dropna=False, sort=True):
        if len(group) > LEAST_JOBS:
            findings += _of_group(window, group)
    return findings


def _alike(tags: object, name: object) -> str:
    held = shared_tags(tags)
    if held:
        return json.dumps(held, sort_keys=True)
    # Numbers and hashes: hexadecimal runs with a digit in them. One look at each, however long a name is.
    return re.sub("[0-9a-f]+", lambda run: "#" if re.search("[0-9]", run[0]) else run[0], str(name).lower())


def _of_group(window: Window, group: pd.DataFrame) -> list[Finding]:
    usual = float(group["hours"].median())
    far = group["hours"] > FAR_TIMES * usual
    longest = float(group.loc[~far, "elapsed"].max())
    limit = math.ceil(LIMIT_TIMES * longest) * 3600
    stop: dict[str, Any] = {"StoppingCondition": {"MaxRuntimeInSeconds": limit}}
    if group["component"].iloc[0] == "Managed Spot Training":
        stop["StoppingCondition"]["MaxWaitTimeInSeconds"] = WAIT_TIMES * limit
    findings = []
    for row in group[far].to_dict("records"):
        excess = float(row["usd"]) * (1.0 - usual / float(row["hours"]))
        if excess < LEAST_USD:
            continue
        running = pd.Timestamp(row["last"]) >= window.end
        command = None
        if running and row["component"] in ("Training Job", "Managed Spot Training"):
            command = aws(
                "sagemaker", "stop-training-job", row["region"], {"training-job-name": row["name"]}, row["account_id"]
            )
        findings.append(
            Finding(
                kind="runaway_job",
                resource=str(row["resource_id"]),
                **where_and_when(row, row["first"], row["last"]),
                evidence=f"{row['hours']:,.1f} instance-hours of {row['instance_type']} where the median of "
                f"{len(group) - 1} others alike is {usual:,.1f}"
                + ("; still running at the bill's end" if running else ""),
                usd=excess,
                usd_per_month=0.0,
                rule="its cost beyond the median job's hours; a month: 0, as it is over unless it comes again",
                certainty=LIKELY,
                advice="a time limit would have stopped it; set this one for jobs of its kind",
                fix_command=command,
                fix_json=stop,
            )
        )
    some = group[~far]
    elapsed = float(some["elapsed"].median())
    cap = DEFAULT_LIMIT_HOURS if group["elapsed"].max() <= DEFAULT_LIMIT_HOURS else MOST_LIMIT_HOURS
    rate = float(some["usd"].sum() / some["elapsed"].sum())
    one = some.iloc[-1].to_dict()
    check = None
    if one["component"] in ("Training Job", "Managed Spot Training"):
        check = aws(
            "sagemaker", "describe-training-job", one["region"], {"training-job-name": one["name"]}, one["account_id"]
        )
    findings.append(
        Finding(
            kind="no_time_limit",
            resource=f"{len(group):,} jobs like {one['resource_id']}",
            **where_and_when(one, group["first"].min(), group["last"].max()),
            evidence=f"usually {elapsed:,.1f} h, at most {longest:,.1f} h, at {rate:,.2f} an hour; one that hangs runs "
            f"to its limit, {cap:,.0f} h where none is set"
            + ("" if cap == DEFAULT_LIMIT_HOURS else ", as some ran for more than a day"),
            usd=0.0,
            usd_per_month=None,
            at_stake_usd=max(0.0, cap - elapsed) * rate,
            rule=f"at stake: one job that hangs, from its usual hours to that limit ({LIMIT_SOURCE})",
            certainty=NEEDS_METRICS,
            advice="whether a limit is set is not on a bill: look (the command), and set this one",
            fix_command=check,
            fix_json=stop,
        )
    )
    return findings


def warm_pools(window: Window) -> list[Finding]:
    """Instances billed while they waited for a next job, by the job that left them."""
    rows = window.rows.filter(window.rows.component == "Training Warm Pool")
    table = by_resource(
        rows, "instance_type", name=rows.resource_name.max(), hours=rows.instance_hours.sum().fill_null(0.0)
    )
    findings = []
    for row in window.ask(table.order_by(BY_RESOURCE)).to_dict("records"):
        config = {"KeepAlivePeriodInSeconds": 0}
        values = {"training-job-name": text_or_none(row["name"]), "resource-config": config}
        findings.append(
            Finding(
                kind="warm_pool",
                resource=text_or_none(row["resource_id"]) or f"warm pools of {row['instance_type']}",
                **where_and_when(row, row["first"], row["last"]),
                evidence=f"{row['hours']:,.1f} instance-hours of {row['instance_type']} without a job on them",
                usd=float(row["usd"]),
                usd_per_month=window.per_month(float(row["recent_usd"]), row["first"]),
                rule=f"all of its cost as a warm pool; a month: {RECENT_RULE}",
                certainty=SURE,
                advice="keep pools only as long as the next job of a series takes to come; 0 ends this one",
                fix_command=aws("sagemaker", "update-training-job", row["region"], values, row["account_id"]),
                fix_json={"ResourceConfig": config},
            )
        )
    return findings
