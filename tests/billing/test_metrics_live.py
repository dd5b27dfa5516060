"""CloudWatch's answers as metrics, from a client that answers as botocore's models say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from botocore.stub import ANY, Stubber

from costlib.billing.metrics_live import live_metrics
from costlib.billing.waste import find_waste
from costlib.errors import CostlibError
from tests.billing.hours import ACCOUNT, END, arn, endpoint, opened, ran


class Session:
    """Clients that answer what they were told to, and nothing else."""

    def __init__(self, results: list[dict[str, Any]] | None, account: str = ACCOUNT) -> None:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.sts = boto3.client("sts", region_name="us-east-1", **keys)
        self.cloudwatch = boto3.client("cloudwatch", region_name="us-east-1", **keys)
        told = Stubber(self.sts)
        told.add_response("get_caller_identity", {"Account": account})
        told.activate()
        self.watch = Stubber(self.cloudwatch)
        asked = {"MetricDataQueries": ANY, "StartTime": (END - pd.Timedelta(days=14)).to_pydatetime(),
                 "EndTime": END.to_pydatetime(), "ScanBy": "TimestampAscending"}  # fmt: skip
        if results is None:
            self.watch.add_client_error("get_metric_data", "AccessDenied", "no")
        else:
            self.watch.add_response("get_metric_data", {"MetricDataResults": results}, asked)
        self.watch.activate()

    def client(self, name: str, region_name: str) -> Any:
        assert region_name == "us-east-1"
        return getattr(self, name)


def result(at: int, *values: tuple[int, float]) -> dict[str, Any]:
    """Values so many hours before the end, of the query of that number."""
    times = [(END - pd.Timedelta(hours=ago)).tz_localize("UTC").to_pydatetime() for ago, _ in values]
    return {
        "Id": f"q{at}",
        "Label": "x",
        "Timestamps": times,
        "Values": [value for _, value in values],
        "StatusCode": "Complete",
    }


def test_what_cloudwatch_says_decides(tmp_path: Path) -> None:
    bill = opened(
        tmp_path, endpoint("called", 20), endpoint("quiet", 20), ran("i-1", "BoxUsage:m5.xlarge", 20),
        ran("vol-1", "EBS:VolumeUsage.gp3", 20), endpoint("theirs", 20, SubAccountId="999988887777"),
        endpoint("it's", 20),
    )  # fmt: skip
    # In the order of resources: two endpoints, the instance, the volume's reads and writes. Two variants were called.
    session = Session([result(0, (5, 3.0)), result(0, (5, 4.0)), result(2, (1, 80.0)), result(4, (60, 2.0))])
    metrics = live_metrics(bill, session)
    session.watch.assert_no_pending_responses()
    called = metrics.of((arn("endpoint", "called"),), "invocations")
    assert called is not None and called.tolist() == [7.0]
    quiet = metrics.of((arn("endpoint", "quiet"),), "invocations")
    assert quiet is not None and quiet.tolist() == [0.0]
    assert metrics.busy_until(("vol-1",), "volume_operations") == END - pd.Timedelta(hours=59)
    kinds = ("idle_endpoint", "idle_instance", "unattached_volume")
    found = {one.resource.rsplit("/", 1)[-1]: one for one in find_waste(bill, metrics, kinds=kinds).findings}
    # What is of another account, or of a name that is none, is not known.
    assert set(found) == {"quiet", "theirs", "it's", "vol-1"}
    assert found["quiet"].certainty == "sure" and found["theirs"].certainty == "needs metrics"


def test_no_answer_and_nobody_s_account(tmp_path: Path) -> None:
    bill = opened(tmp_path, endpoint("e", 20))
    with pytest.raises(CostlibError, match="did not answer"):
        live_metrics(bill, Session(None))
    with pytest.raises(CostlibError, match="no endpoint"):
        live_metrics(bill, Session([], account="999988887777"))
