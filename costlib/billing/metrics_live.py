"""Measured use from CloudWatch, for the resources of a bill that are in the account whose credentials are at hand.

Only reads: sts GetCallerIdentity and cloudwatch GetMetricData. Endpoints' Invocations, instances' CPUUtilization (the
hour's highest) and volumes' reads and writes, by hour, over the days before the bill's end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from costlib.billing.metrics import Metrics
from costlib.billing.recognise import EC2
from costlib.billing.waste_window import window_of
from costlib.errors import CostlibError

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

LOOKBACK_DAYS = 14
HOUR_SECONDS = 3_600
#: Queries of one GetMetricData (AWS's most).
MOST_QUERIES = 500
#: Names that can stand in a query as they are.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


class _Asked(NamedTuple):
    """What is asked of one resource, and the metric that the answers add up to."""

    resource: str
    region: str
    metric: str
    queries: tuple[dict[str, Any], ...]
    #: Where nothing comes back nothing happened; else it is not known.
    silent_is_zero: bool


def live_metrics(bill: Bill, session: Any = None) -> Metrics:
    """The metrics of the bill's endpoints, instances and volumes in the caller's account; ``session`` is boto3's.

    Raises CostlibError where AWS does not answer, and where the account has no such resource on the bill.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    window = window_of(bill)
    end = window.end.floor("h")
    begin = end - pd.Timedelta(days=LOOKBACK_DAYS)
    try:
        session = session if session is not None else boto3.session.Session()
        account = str(session.client("sts", region_name="us-east-1").get_caller_identity()["Account"])
        rows = window.rows.filter((window.rows.account_id == account) & (window.rows.charge_start >= window.since(1)))
        held = rows.filter(rows.resource_id.notnull() & rows.region.notnull())
        keys = ["resource_id", "region", "resource_kind", "resource_name"]
        table = held.group_by(keys).agg(runs=(held.instance_hours.notnull() & (held.service_code == EC2)).max())
        asked = [one for row in window.ask(table.order_by(keys)).to_dict("records") for one in _asked(row)]
        if not asked:
            raise CostlibError(f"the bill's last day holds no endpoint, instance or volume of account {account}")
        frames = []
        for region in sorted({one.region for one in asked}):
            client = session.client("cloudwatch", region_name=region)
            mine = [one for one in asked if one.region == region]
            frames.append(_fetched(client, mine, begin, end))
    except (BotoCoreError, ClientError) as error:
        raise CostlibError(f"CloudWatch did not answer: {error}") from error
    frame = pd.concat(frames, ignore_index=True)
    return Metrics(frame, begin, end)


def _asked(row: Any) -> list[_Asked]:
    """The questions about one resource; none where its name could not be one of AWS's."""
    resource, region = str(row["resource_id"]), str(row["region"])
    name = str(row["resource_name"]) if row["resource_kind"] == "endpoint" else resource.rsplit("/", 1)[-1]
    if not _NAME.fullmatch(name):
        return []
    if row["resource_kind"] == "endpoint":
        # Calls are counted by variant: all that the endpoint has.
        search = f'{{AWS/SageMaker,EndpointName,VariantName}} MetricName="Invocations" EndpointName="{name}"'
        query = {"Expression": f"SEARCH('{search}', 'Sum', {HOUR_SECONDS})"}
        return [_Asked(resource, region, "invocations", (query,), True)]
    if name.startswith("vol-"):
        queries = tuple(
            _stat("AWS/EBS", metric, "VolumeId", name, "Sum") for metric in ("VolumeReadOps", "VolumeWriteOps")
        )
        return [_Asked(resource, region, "volume_operations", queries, True)]
    if name.startswith("i-") and row["runs"]:
        query = _stat("AWS/EC2", "CPUUtilization", "InstanceId", name, "Maximum")
        return [_Asked(resource, region, "cpu_utilisation", (query,), False)]
    return []


def _stat(namespace: str, metric: str, dimension: str, value: str, statistic: str) -> dict[str, Any]:
    dimensions = [{"Name": dimension, "Value": value}]
    named = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    return {"MetricStat": {"Metric": named, "Period": HOUR_SECONDS, "Stat": statistic}}


def _fetched(client: Any, asked: Sequence[_Asked], begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Values by resource, metric and hour, those of one hour added up."""
    owner = [one for one in asked for _ in one.queries]
    queries = [
        {"Id": f"q{at}", "ReturnData": True, **query}
        for at, query in enumerate(q for one in asked for q in one.queries)
    ]
    found: list[tuple[str, str, pd.Timestamp, float]] = []
    for first in range(0, len(queries), MOST_QUERIES):
        pages = client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries[first : first + MOST_QUERIES],
            StartTime=begin.to_pydatetime(),
            EndTime=end.to_pydatetime(),
            ScanBy="TimestampAscending",
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                one = owner[int(result["Id"][1:])]
                for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                    hour = pd.Timestamp(at)
                    hour = hour.tz_convert("UTC").tz_localize(None) if hour.tzinfo is not None else hour
                    found.append((one.resource, one.metric, hour.floor("h"), float(value)))
    told = {resource for resource, _, _, _ in found}
    found += [
        (one.resource, one.metric, begin, 0.0) for one in asked if one.silent_is_zero and one.resource not in told
    ]
    frame = pd.DataFrame(found, columns=["resource", "metric", "hour", "value"])
    return frame.groupby(["resource", "metric", "hour"])["value"].sum().reset_index()
